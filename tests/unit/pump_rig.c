// SPDX-License-Identifier: MIT
/* pump_rig.c — the pump on a simulated board, in virtual time */
#include "pump_rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mqttnode/tap.h"

#define INT_OFFSET 25
#define RST_OFFSET 24

/* A pump that turns so often without time passing waits for nothing. */
#define SPIN_LIMIT 1000

static char spi_path[] = RIG_SPI, int_line[] = RIG_INT, rst_line[] = RIG_RST;

/* The rig of the test that runs: tap_set_carrier() knows only a descriptor. */
static struct pump_rig *present;

int __wrap_tap_set_carrier(int fd, bool on);

int __wrap_tap_set_carrier(int fd, bool on)
{
	assert_true(fd >= 0);
	present->carrier = on;
	present->carriers++;
	return 0;
}

ssize_t __real_tap_read(int fd, uint8_t *buf, size_t size);
ssize_t __wrap_tap_read(int fd, uint8_t *buf, size_t size);

ssize_t __wrap_tap_read(int fd, uint8_t *buf, size_t size)
{
	assert_true(fd >= 0);
	ssize_t n = present->tap_read_error ?: __real_tap_read(fd, buf, size);

	if (n > 0)
		present->n_taken++;
	return n;
}

int __real_tap_write(int fd, const uint8_t *frame, size_t len);
int __wrap_tap_write(int fd, const uint8_t *frame, size_t len);

int __wrap_tap_write(int fd, const uint8_t *frame, size_t len)
{
	assert_true(fd >= 0);
	return present->tap_write_error ?: __real_tap_write(fd, frame, len);
}

int pump_rig_setup(void **state)
{
	struct pump_rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	(void)signal(SIGPIPE, SIG_IGN);
	packet_rig_init(&rig->board);
	assert_int_equal(sim_gpio_new(&rig->gpio, rig->board.chip, INT_OFFSET, RST_OFFSET,
				      &rig->report),
			 0);
	rig->settings = (struct ethernet_settings){
		.spi = spi_path,
		.spi_speed_hz = 33000000,
		.interrupt = int_line,
		.reset = rst_line,
		.interface = "mqtt0",
		.phy = PHY_MODE_AUTO,
	};
	rig->tap = -1;
	rig->carrier = -1;
	rig->wire_outstanding = 8;
	rig->tap_outstanding = 32;
	present = rig;
	*state = rig;
	return 0;
}

int pump_rig_teardown(void **state)
{
	struct pump_rig *rig = *state;

	rig->pump = pump_free(rig->pump);
	if (rig->tap >= 0)
		close(rig->tap);
	rig->gpio = sim_gpio_free(rig->gpio);
	packet_rig_fini(&rig->board);
	free(rig);
	return 0;
}

void pump_rig_again(void **state)
{
	assert_int_equal(pump_rig_teardown(state), 0);
	assert_int_equal(pump_rig_setup(state), 0);
}

uint64_t pump_rig_now(const struct pump_rig *rig)
{
	return packet_rig_now(&rig->board);
}

void pump_rig_new_tap(struct pump_rig *rig)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				    pair),
			 0);
	if (rig->tap >= 0)
		close(rig->tap);
	rig->tap = pair[0];
	pump_set_tap(rig->pump, pair[1]);
}

static void make_pump(struct pump_rig *rig)
{
	assert_int_equal(pump_new(&rig->pump, &rig->settings, rig_mac,
				  board_time_clock(rig->board.time)),
			 0);
	pump_rig_new_tap(rig);
}

/* ---- traffic ---- */

void pump_rig_deliver(struct pump_rig *rig, const uint8_t *frame, size_t len)
{
	assert_int_equal(w5500_sim_deliver(rig->board.chip, frame, len, 0), 0);
}

void pump_rig_write_tap(struct pump_rig *rig, const uint8_t *frame, size_t len)
{
	assert_int_equal(write(rig->tap, frame, len), len);
}

void pump_rig_traffic(struct pump_rig *rig, uint32_t from_wire, uint32_t from_tap)
{
	rig->wire_end += from_wire;
	rig->tap_end += from_tap;
}

void pump_rig_deliver_numbered(struct pump_rig *rig)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];
	size_t len = frame_length(rig->wire_next);

	frame_make(frame, rig->wire_next, len, true);
	pump_rig_deliver(rig, frame, len);
	rig->wire_end = ++rig->wire_next;
}

static void feed(struct pump_rig *rig)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];

	while (rig->wire_next != rig->wire_end &&
	       rig->wire_next - rig->received.next < rig->wire_outstanding) {
		size_t len = frame_length(rig->wire_next);

		frame_make(frame, rig->wire_next++, len, true);
		pump_rig_deliver(rig, frame, len);
	}
	while (rig->tap >= 0 && rig->tap_next != rig->tap_end &&
	       rig->tap_next - rig->board.sent.next < rig->tap_outstanding) {
		size_t len = frame_length(rig->tap_next);

		frame_make(frame, rig->tap_next++, len, false);
		pump_rig_write_tap(rig, frame, len);
	}
}

static void collect(struct pump_rig *rig)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];
	ssize_t n;

	while (rig->tap >= 0 && (n = read(rig->tap, frame, sizeof(frame))) > 0) {
		rig->n_received++;
		rig->last_received_len = (size_t)n;
		if (!rig->count_only)
			frame_judge(&rig->received, frame, (size_t)n, true);
	}
}

/* ---- turns ---- */

/* One turn if it is due, else time passes, but not beyond @until_ns. */
static void step(struct pump_rig *rig, uint64_t until_ns)
{
	uint64_t now;

	if (!rig->pump)
		make_pump(rig);
	feed(rig);
	now = pump_rig_now(rig);
	/* As the thread does: what is due is not waited for, nor are descriptors. */
	if (rig->wait.deadline_ns > now && poll(rig->wait.fds, rig->wait.n_fds, 0) <= 0) {
		(void)board_time_step(rig->board.time, rig->wait.deadline_ns < until_ns
							       ? rig->wait.deadline_ns
							       : until_ns);
		return;
	}
	pump_turn(rig->pump, &rig->wait);
	collect(rig);
	rig->turns++;
	rig->turns_at_once =
		pump_rig_now(rig) == rig->last_turn_ns ? rig->turns_at_once + 1 : 0;
	rig->last_turn_ns = pump_rig_now(rig);
	if (rig->turns_at_once > SPIN_LIMIT)
		fail_msg("the pump spins");
}

void pump_rig_until(struct pump_rig *rig, uint64_t until_ns)
{
	while (pump_rig_now(rig) < until_ns)
		step(rig, until_ns);
}

void pump_rig_for(struct pump_rig *rig, uint64_t ns)
{
	pump_rig_until(rig, pump_rig_now(rig) + ns);
}

uint64_t pump_rig_wait(struct pump_rig *rig, bool (*done)(struct pump_rig *rig),
		       uint64_t limit_ns)
{
	uint64_t begin = pump_rig_now(rig);

	while (!rig->pump || !done(rig)) {
		if (pump_rig_now(rig) >= begin + limit_ns) {
			struct pump_status status = pump_rig_status(rig);

			fail_msg("not within %llu ms: chip %d, link %d, \"%s\"",
				 (unsigned long long)(limit_ns / MS), status.chip,
				 status.link_up, status.cause);
		}
		step(rig, begin + limit_ns);
	}
	return pump_rig_now(rig) - begin;
}

void pump_rig_up(struct pump_rig *rig)
{
	(void)pump_rig_wait(rig, is_up, 5 * SEC);
	pump_rig_for(rig, 2 * MS);
}

/* ---- what others see ---- */

struct pump_status pump_rig_status(struct pump_rig *rig)
{
	struct pump_status status;

	pump_get_status(rig->pump, &status);
	return status;
}

struct pump_counters pump_rig_counters(struct pump_rig *rig)
{
	struct pump_counters counters;

	pump_get_counters(rig->pump, &counters);
	return counters;
}

bool is_running(struct pump_rig *rig)
{
	return pump_rig_status(rig).chip == CHIP_STATE_RUNNING;
}

bool is_not_running(struct pump_rig *rig)
{
	return !is_running(rig);
}

bool is_up(struct pump_rig *rig)
{
	return is_running(rig) && pump_rig_status(rig).link_up;
}

bool is_down(struct pump_rig *rig)
{
	return !pump_rig_status(rig).link_up;
}

bool is_absent(struct pump_rig *rig)
{
	return pump_rig_status(rig).chip == CHIP_STATE_ABSENT;
}

bool is_polling(struct pump_rig *rig)
{
	return !pump_rig_status(rig).interrupt_works;
}

bool uses_interrupt(struct pump_rig *rig)
{
	return pump_rig_status(rig).interrupt_works;
}

bool all_arrived(struct pump_rig *rig)
{
	return rig->received.next == rig->wire_end &&
	       rig->board.sent.next == rig->tap_end;
}

void assert_all_arrived(struct pump_rig *rig)
{
	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->received.repeated, 0);
	assert_int_equal(rig->received.missing, 0);
	assert_int_equal(rig->received.next, rig->wire_end);
	assert_int_equal(rig->board.sent.bad, 0);
	assert_int_equal(rig->board.sent.repeated, 0);
	assert_int_equal(rig->board.sent.missing, 0);
	assert_int_equal(rig->board.sent.next, rig->tap_end);
}

void assert_none_changed_or_repeated(struct pump_rig *rig)
{
	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->received.repeated, 0);
	assert_int_equal(rig->board.sent.bad, 0);
	assert_int_equal(rig->board.sent.repeated, 0);
}

void assert_clean(struct pump_rig *rig)
{
	packet_rig_assert_clean(&rig->board);
	assert_int_equal(rig->report.n_violations, 0);
}

void assert_works(struct pump_rig *rig)
{
	uint32_t missing = rig->received.missing + rig->board.sent.missing;

	/* What was lost before is not on its way any more. */
	rig->received.next = rig->wire_next = rig->wire_end;
	rig->board.sent.next = rig->tap_next = rig->tap_end;
	pump_rig_traffic(rig, 10, 10);
	(void)pump_rig_wait(rig, all_arrived, 500 * MS);
	assert_int_equal(rig->received.missing + rig->board.sent.missing, missing);
	assert_int_equal(rig->received.bad + rig->board.sent.bad, 0);
	assert_int_equal(rig->received.repeated + rig->board.sent.repeated, 0);
}

uint64_t pump_rig_back(struct pump_rig *rig, uint64_t limit_ns)
{
	uint64_t took = pump_rig_wait(rig, is_up, limit_ns);

	pump_rig_for(rig, 20 * MS);
	assert_works(rig);
	return took;
}

uint64_t pump_rig_strong_steps(struct pump_rig *rig)
{
	struct pump_counters c = pump_rig_counters(rig);

	return c.recover_reopen + c.recover_soft_reset + c.recover_hard_reset +
	       c.recover_probe;
}

uint64_t pump_rig_steps(struct pump_rig *rig)
{
	return pump_rig_strong_steps(rig) + pump_rig_counters(rig).recover_resync;
}

void assert_cause(struct pump_rig *rig, const char *phrase)
{
	struct pump_status status = pump_rig_status(rig);

	if (!strstr(status.cause, phrase) || (!phrase[0] && status.cause[0]))
		fail_msg("\"%s\" is not in the cause \"%s\"", phrase, status.cause);
}

void assert_hint(struct pump_rig *rig, const char *phrase)
{
	struct pump_status status = pump_rig_status(rig);

	if (!strstr(status.hint, phrase) || (!phrase[0] && status.hint[0]))
		fail_msg("\"%s\" is not in the hint \"%s\"", phrase, status.hint);
}
