// SPDX-License-Identifier: MIT
/* test_board_wire.c — frames between the chip and the far end of the wire, beside
 * everything else */
#include "sim/board_wire.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "board_rig.h"

#include "mqttnode/bytes.h"
#include "mqttnode/i2cdev.h"

/* Uploads a frame at @wr and sends it; waits until it has left. Returns the next @wr. */
static uint16_t send_frame(struct rig *rig, uint16_t wr, const uint8_t *frame, size_t len)
{
	uint8_t word[2];

	assert_int_equal(bus_write(rig, wr, S0_TX_WRITE, frame, (uint32_t)len), 0);
	wr = (uint16_t)(wr + len);
	put_be16(word, wr);
	assert_int_equal(bus_write(rig, 0x24, S0_WRITE, word, 2), 0);
	write8(rig, 0x01, S0_WRITE, 0x20);
	do
		assert_int_equal(bus_read(rig, 0x22, S0_READ, word, 2), 0);
	while (get_be16(word) != wr);
	write8(rig, 0x02, S0_WRITE, 0x10);
	return wr;
}

static void carries_frames_from_the_chip(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[1514], got[2048];
	uint16_t wr = 0;

	bring_up_chip(rig);
	for (size_t len = 60; len <= 1514; len += 727) {
		make_frame(frame, len, 0x88b5);
		wr = send_frame(rig, wr, frame, len);
		assert_int_equal(recv(rig->wire, got, sizeof(got), 0), len);
		assert_memory_equal(got, frame, len);
	}
	wait_for_number(rig, "/wire/from_node/frames", 3);
	assert_int_equal(number(rig, "stats", "/wire/from_node/bytes"), 60 + 787 + 1514);
	assert_int_equal(number(rig, "stats", "/wire/from_node/other"), 3);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
}

static void carries_frames_to_the_chip_and_tells_them_apart(void **state)
{
	static const struct {
		uint16_t type;
		const char *path;
	} kinds[] = {
		{ 0x0806, "/wire/to_node/arp" },
		{ 0x0800, "/wire/to_node/ipv4" },
		{ 0x86dd, "/wire/to_node/ipv6" },
		{ 0x88b5, "/wire/to_node/other" },
	};
	struct rig *rig = *state;
	uint8_t frame[1514], got[1516];
	uint16_t rd = 0;

	bring_up_chip(rig);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = i == 0 ? 1514 : 60;

		make_frame(frame, len, kinds[i].type);
		assert_int_equal(send(rig->wire, frame, len, 0), len);
		wait_for_number(rig, "/chip/rx_frames", (int64_t)i + 1);
		assert_int_equal(number(rig, "stats", kinds[i].path), 1);
		assert_int_equal(bus_read(rig, rd, S0_RX_READ, got, (uint32_t)len + 2),
				 0);
		assert_int_equal(get_be16(got), len + 2);
		assert_memory_equal(got + 2, frame, len);
		rd = (uint16_t)(rd + len + 2);
	}
}

/* A TAP gives frames as the stack made them; a network card pads them. */
static void pads_short_frames_as_a_sender_does(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[42], got[62];

	bring_up_chip(rig);
	make_frame(frame, sizeof(frame), 0x0806);
	assert_int_equal(send(rig->wire, frame, sizeof(frame), 0), sizeof(frame));
	wait_for_number(rig, "/chip/rx_frames", 1);
	assert_int_equal(bus_read(rig, 0, S0_RX_READ, got, sizeof(got)), 0);
	assert_int_equal(get_be16(got), 62);
	assert_memory_equal(got + 2, frame, sizeof(frame));
	for (size_t i = 44; i < sizeof(got); i++)
		assert_int_equal(got[i], 0);
}

static void carries_nothing_without_a_link(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[60];

	bring_up_chip(rig);
	tell(rig, "cable out");
	assert_int_equal(number(rig, "stats", "/wire/link"), false);
	assert_int_equal(read8(rig, 0x2e, COMMON_READ) & 1, 0);
	make_frame(frame, sizeof(frame), 0x88b5);
	assert_int_equal(send(rig->wire, frame, sizeof(frame), 0), sizeof(frame));
	wait_for_number(rig, "/wire/to_node/dropped", 1);
	assert_int_equal(number(rig, "stats", "/chip/rx_frames"), 0);
	tell(rig, "cable in");
	wait_for_number(rig, "/wire/link", true);
	assert_int_equal(number(rig, "stats", "/wire/mbit"), 100);
	assert_int_equal(send(rig->wire, frame, sizeof(frame), 0), sizeof(frame));
	wait_for_number(rig, "/chip/rx_frames", 1);
}

static void agrees_with_its_partner(void **state)
{
	struct rig *rig = *state;

	bring_up_chip(rig);
	tell(rig, "partner 10 half");
	wait_for_number(rig, "/wire/mbit", 10);
	assert_int_equal(read8(rig, 0x2e, COMMON_READ) & 7, 1);
	tell(rig, "partner 100 full");
	wait_for_number(rig, "/wire/mbit", 100);
	assert_int_equal(read8(rig, 0x2e, COMMON_READ) & 7, 7);
	assert_refused(rig, "partner 1000 full", "10 or 100");
	assert_refused(rig, "partner 10 both", "half or full");
}

static void floods_the_chip_at_line_rate(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[1516];

	bring_up_chip(rig);
	assert_refused(rig, "flood 59", "60 to 1514");
	assert_refused(rig, "flood much", "60 to 1514");
	tell(rig, "flood 1514");
	wait_for_number(rig, "/chip/rx_frames", 16384 / 1516);
	while (number(rig, "stats", "/chip/rx_dropped_full") == 0)
		;
	tell(rig, "flood off");
	assert_int_equal(bus_read(rig, 0, S0_RX_READ, frame, sizeof(frame)), 0);
	assert_int_equal(get_be16(frame), sizeof(frame));
	assert_int_equal(get_be16(frame + 14), 0x88b5);
	assert_int_equal(get_be32(frame + 16), 0); /* the first */
	assert_int_equal(number(rig, "stats", "/wire/to_node/frames"), 0);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
}

static void gets_its_link_without_anybody_asking(void **state)
{
	struct rig *rig = *state;

	rebuild(rig, "link-delay=50");
	wait_for_number(rig, "/wire/link", true);
}

static void withholds_frames_and_spoils_headers_as_told(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[60], got[62], word[2];

	bring_up_chip(rig);
	make_frame(frame, sizeof(frame), 0x88b5);
	tell(rig, "fault chip-rx-header 3");
	assert_int_equal(send(rig->wire, frame, sizeof(frame), 0), sizeof(frame));
	wait_for_number(rig, "/chip/rx_frames", 1);
	assert_int_equal(bus_read(rig, 0, S0_RX_READ, got, sizeof(got)), 0);
	assert_int_equal(get_be16(got), 3);

	tell(rig, "fault chip-send-ok-withheld on");
	assert_int_equal(bus_write(rig, 0, S0_TX_WRITE, frame, sizeof(frame)), 0);
	put_be16(word, sizeof(frame));
	assert_int_equal(bus_write(rig, 0x24, S0_WRITE, word, 2), 0);
	write8(rig, 0x01, S0_WRITE, 0x20);
	wait_for_number(rig, "/chip/tx_lost", 1);
	assert_int_equal(read8(rig, 0x02, S0_READ) & 0x10, 0);
	assert_int_equal(recv(rig->wire, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* Nobody reads at the far end: what does not fit is dropped and counted, nothing waits.
 */
static void drops_what_the_far_end_does_not_take(void **state)
{
	struct rig *rig = *state;
	int size = 4096;
	uint8_t frame[1514];
	uint16_t wr = 0;

	bring_up_chip(rig);
	assert_int_equal(
		setsockopt(rig->wire, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	make_frame(frame, sizeof(frame), 0x88b5);
	for (int i = 0; i < 2000 && number(rig, "stats", "/wire/from_node/dropped") == 0;
	     i++)
		wr = send_frame(rig, wr, frame, sizeof(frame));
	assert_true(number(rig, "stats", "/wire/from_node/dropped") > 0);
}

static void survives_the_far_end_going_away(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[60];

	bring_up_chip(rig);
	close(rig->wire);
	rig->wire = -1;
	make_frame(frame, sizeof(frame), 0x88b5);
	(void)send_frame(rig, 0, frame, sizeof(frame));
	wait_for_number(rig, "/wire/from_node/dropped", 1);
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);
}

/* Signals are the program's: a handler must never run in a thread that it does not know.
 */
/* Looks at the board's threads in /proc; returns how many there are. */
static unsigned int check_signal_masks(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned int found = 0;
	struct dirent *d;

	assert_non_null(tasks);
	while ((d = readdir(tasks))) {
		char path[300], line[128], name[32] = "";
		unsigned long long blocked = 0;
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/self/task/%s/status",
			       d->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f)) {
			(void)sscanf(line, "Name: %31s", name);
			(void)sscanf(line, "SigBlk: %llx", &blocked);
		}
		(void)fclose(f);
		if (strncmp(name, "board-", 6) != 0)
			continue;
		found++;
		/* All but SIGKILL, SIGSTOP and the two of the C library (32, 33). */
		assert_int_equal(blocked | 1ULL << 8 | 1ULL << 18 | 3ULL << 31, ~0ULL);
	}
	(void)closedir(tasks);
	return found;
}

static void blocks_all_signals_in_its_threads(void **state)
{
	uint64_t deadline = clock_now_ns(&clock_system) + 5 * NSEC_PER_SEC;

	(void)state;
	/* Threads of the test before stay in /proc for a moment after they were joined.
	 */
	while (check_signal_masks() != 2)
		assert_true(clock_now_ns(&clock_system) < deadline);
}

/* ---- all at once ---- */

struct load {
	struct rig *rig;
	atomic_bool stop;
	atomic_uint calls;
};

static void *use_display(void *arg)
{
	struct load *load = arg;
	struct i2c_bus *bus;

	if (i2cdev_open(&bus, "/dev/i2c-1", 0x3c) < 0)
		return NULL;
	while (!atomic_load(&load->stop)) {
		uint8_t where[] = { 0x00, 0xb3, 0x00, 0x10 }, data[17] = { 0x40 };
		struct i2c_message messages[] = {
			{ .buf = where, .len = sizeof(where) },
			{ .buf = data, .len = sizeof(data) },
		};

		if (i2cdev_transfer(bus, messages, 2) == 0)
			atomic_fetch_add(&load->calls, 1);
	}
	bus = i2cdev_close(bus);
	return load;
}

static void *send_to_node(void *arg)
{
	struct load *load = arg;
	uint8_t frame[60];

	make_frame(frame, sizeof(frame), 0x88b5);
	while (!atomic_load(&load->stop))
		(void)send(load->rig->wire, frame, sizeof(frame), MSG_DONTWAIT);
	return load;
}

#define FRAMES 200

static void works_with_all_threads_at_once(void **state)
{
	struct rig *rig = *state;
	struct load load = { .rig = rig };
	pthread_t display, wire;
	uint8_t frame[200], got[2048];
	uint16_t wr = 0;
	void *result;

	bring_up_chip(rig);
	make_frame(frame, sizeof(frame), 0x88b5);
	assert_int_equal(pthread_create(&display, NULL, use_display, &load), 0);
	assert_int_equal(pthread_create(&wire, NULL, send_to_node, &load), 0);
	for (int i = 0; i < FRAMES; i++) {
		frame[20] = (uint8_t)i;
		wr = send_frame(rig, wr, frame, sizeof(frame));
		assert_int_equal(recv(rig->wire, got, sizeof(got), 0), sizeof(frame));
		assert_memory_equal(got, frame, sizeof(frame));
		if (i % 20 == 0)
			tell(rig, i % 40 ? "oled in" : "oled out");
		if (i % 10 == 0)
			(void)number(rig, "stats", "/violations");
	}
	tell(rig, "oled in");
	while (atomic_load(&load.calls) == 0)
		(void)number(rig, "stats", "/i2c/calls");
	atomic_store(&load.stop, true);
	assert_int_equal(pthread_join(display, &result), 0);
	assert_ptr_equal(result, &load);
	assert_int_equal(pthread_join(wire, NULL), 0);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
	assert_true(number(rig, "stats", "/chip/rx_frames") > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(carries_frames_from_the_chip),
		TEST(carries_frames_to_the_chip_and_tells_them_apart),
		TEST(pads_short_frames_as_a_sender_does),
		TEST(carries_nothing_without_a_link),
		TEST(agrees_with_its_partner),
		TEST(floods_the_chip_at_line_rate),
		TEST(gets_its_link_without_anybody_asking),
		TEST(withholds_frames_and_spoils_headers_as_told),
		TEST(drops_what_the_far_end_does_not_take),
		TEST(survives_the_far_end_going_away),
		TEST(blocks_all_signals_in_its_threads),
		TEST(works_with_all_threads_at_once),
	};

	return cmocka_run_group_tests_name("board_wire", tests, NULL, NULL);
}
