// SPDX-License-Identifier: MIT
/*
 * fuzz_rx.c — the packet path over a chip that answers anything
 *
 * The pump and the driver as shipped, turn by turn, on the chip of fuzz_chip.h.
 * Whatever that says: nothing is read or written out of bounds (the sanitizers
 * see to that), a turn makes one bus call at most and delivers no more than a
 * burst can hold, what is delivered has the size of a frame, and no turn is
 * asked for again and again that does nothing. When the input ends the chip is
 * good again, and within seconds frames must pass in both directions.
 *
 * The first byte of the input: bit 0, hostile from the start, else only once the
 * chip runs; bits 1..2, bufsiz; bit 3, DMA alignment; bit 4, INT wired; bit 5,
 * RSTn wired.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "fuzz_chip.h"
#include "mqttnode/pump.h"
#include "mqttnode/tap.h"

/* Turns in a row without a bus call, and without waiting for anything. */
#define IDLE_TURNS_MAX 8

/* One exchange: a burst of less than half a ring, and the beginning of a record. */
#define FRAMES_MAX ((FUZZ_RING / 2 + 1536) / 62)

/* After the chip has become good. The pauses of the recovery ladder are within this. */
#define HEAL_LIMIT_NS (10 * NSEC_PER_SEC)

static const uint8_t our_mac[6] = { 0x02, 0x50, 0x00, 0x12, 0x34, 0x56 };

static struct fuzz_chip chip;
static unsigned int delivered; /* frames in this turn */
static uint64_t marked;	       /* frames that are the marked one */
static volatile uint8_t touched;

int __wrap_tap_set_carrier(int fd, bool on);
ssize_t __wrap_tap_read(int fd, uint8_t *buf, size_t size);
int __wrap_tap_write(int fd, const uint8_t *frame, size_t len);

int __wrap_tap_set_carrier(int fd, bool on)
{
	(void)on;
	must(fd >= 0);
	return 0;
}

ssize_t __wrap_tap_read(int fd, uint8_t *buf, size_t size)
{
	static const uint16_t sizes[] = { 60, 42, 1514, 600, 14, 1, 13, 1515 };
	size_t len = sizes[chip.tap_size];

	must(fd >= 0);
	if (chip.tap_frames == 0)
		return -EAGAIN;
	chip.tap_frames--;
	if (len > size)
		len = size;
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

int __wrap_tap_write(int fd, const uint8_t *frame, size_t len)
{
	must(fd >= 0);
	must(len >= 60 && len <= 1518);
	must(++delivered <= FRAMES_MAX);
	for (size_t i = 0; i < len; i++)
		touched ^= frame[i];
	if (frame[12] == 0x88 && frame[13] == 0xb5)
		marked++;
	return chip.tap_refuses ? -EIO : 0;
}

struct ride {
	struct pump *pump;
	struct pump_wait wait;
	unsigned int idle_turns;
};

static void turn(struct ride *ride)
{
	uint64_t before = chip.messages;
	bool frames = false;

	delivered = 0;
	pump_turn(ride->pump, &ride->wait);
	must(chip.messages - before <= 1);
	for (unsigned int i = 0; i < ride->wait.n_fds; i++)
		frames |= i > 0 && ride->wait.fds[i].fd >= 0 &&
			  ride->wait.fds[i].events && chip.tap_frames > 0;
	if (chip.messages != before || ride->wait.deadline_ns > chip.now_ns)
		ride->idle_turns = 0;
	else
		must(++ride->idle_turns <= IDLE_TURNS_MAX);
	if (!frames)
		fuzz_chip_pass(&chip, ride->wait.deadline_ns);
}

static bool is_up(struct ride *ride)
{
	struct pump_status status;

	pump_get_status(ride->pump, &status);
	return status.chip == CHIP_STATE_RUNNING && status.link_up;
}

/* The chip is good: frames must pass again, each way. */
static void must_work(struct ride *ride)
{
	uint64_t limit = chip.now_ns + HEAL_LIMIT_NS, next_ns = 0;
	uint64_t sent, received = marked;
	uint8_t frame[60] = { 0 };

	fuzz_chip_heal(&chip);
	pump_set_tap(ride->pump, eventfd(0, EFD_CLOEXEC));
	memcpy(frame, our_mac, sizeof(our_mac));
	frame[12] = 0x88;
	frame[13] = 0xb5;
	sent = chip.sent;
	while (!is_up(ride) || marked == received || chip.sent == sent) {
		if (chip.now_ns >= next_ns) {
			fuzz_chip_arrive(&chip, frame, sizeof(frame));
			chip.tap_frames = 1;
			chip.tap_size = 0;
			next_ns = chip.now_ns + 50 * NSEC_PER_MSEC;
		}
		turn(ride);
		must(chip.now_ns < limit);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t bufsizes[] = { 4096, 512, 16384, 65536 };
	static char spi[] = "/dev/spidev0.0", line[] = "GPIO25", none[] = "";
	struct fuzz_input input = { .data = data, .size = size };
	struct ethernet_settings settings;
	struct ride ride = { 0 };
	uint8_t how = fuzz_byte(&input);

	fuzz_chip_init(&chip, &input);
	chip.hostile = how & 1;
	chip.bufsiz = bufsizes[how >> 1 & 3];
	chip.alignment = how & 8 ? 128 : 1;
	chip.max_transfer = how & 128 ? 64 : 0;
	settings = (struct ethernet_settings){
		.spi = spi,
		.spi_speed_hz = 33400000,
		.interrupt = how & 16 ? line : none,
		.reset = how & 32 ? line : none,
		.phy = PHY_MODE_AUTO,
		.chained = how & 64,
		.spi_max_transfer = chip.max_transfer,
	};
	must(pump_new(&ride.pump, &settings, our_mac, &chip.clock) == 0);
	pump_set_tap(ride.pump, eventfd(0, EFD_CLOEXEC));
	while (input.size > 0) {
		if (!chip.hostile && is_up(&ride))
			chip.hostile = true;
		turn(&ride);
	}
	must_work(&ride);
	ride.pump = pump_free(ride.pump);
	return 0;
}
