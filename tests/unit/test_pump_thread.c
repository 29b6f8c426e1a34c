// SPDX-License-Identifier: MIT
/*
 * test_pump_thread.c — the thread around the pump: its wait, its end, its neighbours
 *
 * On a board in real time, with a thread of its own for what the chip does by
 * itself. What takes time is waited for, with a deadline.
 */
#include "mqttnode/pump.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board_rig.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"

#define DEADLINE_NS (10 * NSEC_PER_SEC)

static char spi_path[] = "/dev/spidev0.0", int_line[] = "GPIO25", rst_line[] = "GPIO24";
static const uint8_t mac[6] = { 0x02, 0x50, 0x00, 0x12, 0x34, 0x56 };

static struct ethernet_settings settings = {
	.spi = spi_path,
	.spi_speed_hz = 33000000,
	.interrupt = int_line,
	.reset = rst_line,
	.interface = "mqtt0",
	.phy = PHY_MODE_AUTO,
};

/* What the pump asked of the scheduler, and what that answers. */
static int asked_policy, asked_priority, refusal;

int __wrap_pthread_setschedparam(pthread_t thread, int policy,
				 const struct sched_param *param);
int __wrap_pthread_setschedparam(pthread_t thread, int policy,
				 const struct sched_param *param)
{
	char name[16];

	assert_int_equal(pthread_getname_np(thread, name, sizeof(name)), 0);
	assert_string_equal(name, "pump");
	asked_policy = policy;
	asked_priority = param->sched_priority;
	return refusal;
}

static uint64_t now_ns(void)
{
	return clock_now_ns(&clock_system);
}

/* A pump that is not started, and the far end of its TAP. */
static struct pump *make_pump(int *ret_tap)
{
	struct pump *pump;
	int pair[2];

	assert_int_equal(pump_new(&pump, &settings, mac, &clock_system), 0);
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				    pair),
			 0);
	pump_set_tap(pump, pair[1]);
	*ret_tap = pair[0];
	return pump;
}

/* Waits for the event descriptor until the status is as wanted. */
static void wait_for_status(struct pump *pump, enum chip_state chip, bool link)
{
	struct pollfd fd = { .fd = pump_event_fd(pump), .events = POLLIN };
	uint64_t limit = now_ns() + DEADLINE_NS;
	struct pump_status status;

	for (;;) {
		pump_get_status(pump, &status);
		if (status.chip == chip && status.link_up == link)
			return;
		assert_true(now_ns() < limit);
		(void)poll(&fd, 1, 100);
		(void)fd_event_clear(fd.fd);
	}
}

static void stop_within(struct pump *pump, uint64_t limit_ns)
{
	uint64_t begin = now_ns();

	pump_stop(pump);
	assert_true(now_ns() - begin < limit_ns);
	/* A second time there is nothing to stop. */
	pump_stop(pump);
}

/* Waits until a whole frame can be read from @fd, and reads it. */
static ssize_t receive(int fd, uint8_t *frame, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, (int)(DEADLINE_NS / NSEC_PER_MSEC)), 1);
	return recv(fd, frame, size, 0);
}

static bool thread_exists(const char *name)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	bool found = false;

	assert_non_null(dir);
	while (!found && (entry = readdir(dir))) {
		char path[300], comm[32];

		(void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			       entry->d_name);
		if (fd_read_file(path, comm, sizeof(comm)) > 0)
			found = strncmp(comm, name, strlen(name)) == 0 &&
				comm[strlen(name)] == '\n';
	}
	(void)closedir(dir);
	return found;
}

/* A thread that was joined is listed until the kernel has come to its end. */
static void wait_for_thread_to_vanish(const char *name)
{
	uint64_t limit = now_ns() + DEADLINE_NS;

	while (thread_exists(name)) {
		assert_true(now_ns() < limit);
		(void)poll(NULL, 0, 1);
	}
}

/* ---- frames ---- */

static void frames_pass_both_ways_through_the_thread(void **state)
{
	uint8_t out[1514], in[1514], got[2048];
	struct rig *rig = *state;
	struct pump *pump;
	int tap;

	pump = make_pump(&tap);
	assert_int_equal(pump_start(pump), 0);
	wait_for_status(pump, CHIP_STATE_RUNNING, true);
	assert_true(thread_exists("pump"));
	for (size_t len = 60; len <= sizeof(out); len += 97) {
		make_frame(out, len, 0x88b5);
		make_frame(in, len, 0x88b6);
		assert_int_equal(send(tap, out, len, 0), len);
		assert_int_equal(send(rig->wire, in, len, 0), len);
		assert_int_equal(receive(rig->wire, got, sizeof(got)), len);
		assert_memory_equal(got, out, len);
		assert_int_equal(receive(tap, got, sizeof(got)), len);
		assert_memory_equal(got, in, len);
	}
	stop_within(pump, NSEC_PER_SEC);
	wait_for_thread_to_vanish("pump");
	assert_int_equal(number(rig, "stats", "/chip/closes"), 1);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
	pump = pump_free(pump);
	close(tap);
}

static void a_pump_at_rest_turns_four_times_a_second(void **state)
{
	struct pollfd nothing = { .fd = -1 };
	struct pump *pump;
	uint64_t beats, begin, passed;
	int tap;

	(void)state;
	pump = make_pump(&tap);
	assert_int_equal(pump_start(pump), 0);
	wait_for_status(pump, CHIP_STATE_RUNNING, true);
	(void)poll(&nothing, 1, 300); /* what follows from the start is over */
	beats = pump_heartbeat(pump);
	begin = now_ns();
	(void)poll(&nothing, 1, 1000);
	beats = pump_heartbeat(pump) - beats;
	passed = now_ns() - begin;
	assert_true(beats > 0);
	assert_true(beats <= passed / (250 * NSEC_PER_MSEC) + 2);
	stop_within(pump, NSEC_PER_SEC);
	pump = pump_free(pump);
	close(tap);
}

/* ---- neighbours ---- */

struct reader {
	struct pump *pump;
	atomic_bool stopping;
	uint64_t reads;
};

/* Looks at all that other threads may look at. */
static void *read_all_the_time(void *arg)
{
	struct reader *reader = arg;
	struct pump_counters counters;
	struct pump_status status;

	while (!atomic_load(&reader->stopping)) {
		pump_get_status(reader->pump, &status);
		pump_get_counters(reader->pump, &counters);
		(void)pump_heartbeat(reader->pump);
		(void)pump_tap_lost(reader->pump);
		reader->reads++;
	}
	return NULL;
}

static void others_may_look_and_give_it_a_new_tap_at_any_time(void **state)
{
	struct reader reader = { 0 };
	uint8_t frame[100], got[2048];
	struct rig *rig = *state;
	pthread_t thread;
	int tap;

	reader.pump = make_pump(&tap);
	assert_int_equal(pump_start(reader.pump), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, &reader), 0);
	wait_for_status(reader.pump, CHIP_STATE_RUNNING, true);
	for (int i = 0; i < 20; i++) {
		int pair[2];

		make_frame(frame, sizeof(frame), (uint16_t)(0x8800 + i));
		assert_int_equal(send(rig->wire, frame, sizeof(frame), 0), sizeof(frame));
		assert_int_equal(receive(tap, got, sizeof(got)), sizeof(frame));
		assert_memory_equal(got, frame, sizeof(frame));
		assert_int_equal(socketpair(AF_UNIX,
					    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
					    0, pair),
				 0);
		pump_set_tap(reader.pump, pair[1]);
		/* The pump closes the old one when it takes the new one. */
		assert_int_equal(receive(tap, got, sizeof(got)), 0);
		close(tap);
		tap = pair[0];
		assert_false(pump_tap_lost(reader.pump));
	}
	atomic_store(&reader.stopping, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(reader.reads > 0);
	stop_within(reader.pump, NSEC_PER_SEC);
	reader.pump = pump_free(reader.pump);
	close(tap);
}

static void a_lost_tap_is_told(void **state)
{
	struct pollfd event = { .events = POLLIN };
	uint64_t limit = now_ns() + DEADLINE_NS;
	struct pump *pump;
	int tap;

	(void)state;
	pump = make_pump(&tap);
	assert_int_equal(pump_start(pump), 0);
	wait_for_status(pump, CHIP_STATE_RUNNING, true);
	close(tap);
	event.fd = pump_event_fd(pump);
	while (!pump_tap_lost(pump)) {
		assert_true(now_ns() < limit);
		(void)poll(&event, 1, 100);
		(void)fd_event_clear(event.fd);
	}
	stop_within(pump, NSEC_PER_SEC);
	pump = pump_free(pump);
}

static void a_cable_is_told(void **state)
{
	struct rig *rig = *state;
	struct pump *pump;
	int tap;

	pump = make_pump(&tap);
	assert_int_equal(pump_start(pump), 0);
	wait_for_status(pump, CHIP_STATE_RUNNING, true);
	tell(rig, "cable out");
	wait_for_status(pump, CHIP_STATE_RUNNING, false);
	tell(rig, "cable in");
	wait_for_status(pump, CHIP_STATE_RUNNING, true);
	stop_within(pump, NSEC_PER_SEC);
	pump = pump_free(pump);
	close(tap);
}

/* ---- priority ---- */

/* Starts and stops a pump of this priority; what it says meanwhile is read into @said. */
static void run_with_priority(int priority, char *said, size_t size)
{
	FILE *err = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct pump *pump;
	size_t n;
	int tap;

	assert_non_null(err);
	assert_true(saved >= 0 && dup2(fileno(err), STDERR_FILENO) >= 0);
	settings.rt_priority = priority;
	asked_policy = asked_priority = -1;
	pump = make_pump(&tap);
	assert_int_equal(pump_start(pump), 0);
	wait_for_status(pump, CHIP_STATE_RUNNING, true);
	stop_within(pump, NSEC_PER_SEC);
	pump = pump_free(pump);
	close(tap);
	settings.rt_priority = 0;
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(err);
	n = fread(said, 1, size - 1, err);
	said[n] = '\0';
	fclose(err);
}

static void it_gets_its_priority_and_no_other_does(void **state)
{
	char said[400];

	(void)state;
	run_with_priority(20, said, sizeof(said));
	assert_int_equal(asked_policy, SCHED_FIFO);
	assert_int_equal(asked_priority, 20);
	assert_null(strstr(said, "Cannot"));
	run_with_priority(0, said, sizeof(said));
	assert_int_equal(asked_policy, -1);
}

static void a_priority_that_is_refused_is_a_warning_with_what_to_do(void **state)
{
	struct rlimit before, limit = { 0 };
	char said[400];

	(void)state;
	refusal = EPERM;
	assert_int_equal(getrlimit(RLIMIT_RTPRIO, &before), 0);
	limit.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_RTPRIO, &limit), 0);
	run_with_priority(20, said, sizeof(said));
	assert_non_null(strstr(
		said, "Cannot give the packet thread real-time priority 20: Operation "
		      "not permitted, the limit is 0 (LimitRTPRIO=); running without it. "
		      "REAL TIME in mqttnode(8) says what to do"));
	limit.rlim_cur = limit.rlim_max = 20;
	if (setrlimit(RLIMIT_RTPRIO, &limit) == 0) { /* root, or allowed to */
		run_with_priority(20, said, sizeof(said));
		assert_non_null(strstr(said, "RestrictRealtime="));
	}
	refusal = 0;
}

/* ---- the end ---- */

static void it_stops_soon_in_every_state(void **state)
{
	static const struct {
		const char *fault;
		enum chip_state chip;
		bool link;
	} cases[] = {
		{ "fault spi-open ENOENT", CHIP_STATE_ABSENT, false },
		{ "fault spi-silent ff", CHIP_STATE_ABSENT, false },
		{ "fault spi-error EIO", CHIP_STATE_ABSENT, false },
		{ "fault chip-cr-stuck on", CHIP_STATE_ABSENT, false },
		{ "fault chip-send-ok-withheld on", CHIP_STATE_RUNNING, true },
		{ "fault int-line low", CHIP_STATE_RUNNING, true },
		{ "cable out", CHIP_STATE_RUNNING, false },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t frame[60];
		struct pump *pump;
		int tap;

		tell(rig, cases[i].fault);
		pump = make_pump(&tap);
		assert_int_equal(pump_start(pump), 0);
		wait_for_status(pump, cases[i].chip, cases[i].link);
		make_frame(frame, sizeof(frame), 0x88b5);
		assert_int_equal(send(tap, frame, sizeof(frame), 0), sizeof(frame));
		stop_within(pump, NSEC_PER_SEC);
		pump = pump_free(pump);
		close(tap);
		tell(rig, "fault clear");
	}
}

static void it_stops_before_it_has_begun(void **state)
{
	struct pump *pump;
	int tap;

	(void)state;
	for (int i = 0; i < 20; i++) {
		pump = make_pump(&tap);
		assert_int_equal(pump_start(pump), 0);
		stop_within(pump, NSEC_PER_SEC);
		pump = pump_free(pump);
		close(tap);
	}
	/* Or without having been started. */
	pump = make_pump(&tap);
	pump_stop(pump);
	pump = pump_free(pump);
	assert_null(pump_free(NULL));
	close(tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
		TEST(frames_pass_both_ways_through_the_thread),
		TEST(a_pump_at_rest_turns_four_times_a_second),
		TEST(others_may_look_and_give_it_a_new_tap_at_any_time),
		TEST(a_lost_tap_is_told),
		TEST(a_cable_is_told),
		TEST(it_gets_its_priority_and_no_other_does),
		TEST(a_priority_that_is_refused_is_a_warning_with_what_to_do),
		TEST(it_stops_soon_in_every_state),
		TEST(it_stops_before_it_has_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
