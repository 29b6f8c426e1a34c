// SPDX-License-Identifier: MIT
/* test_announce.c — one line when a rung breaks, one when it is mended */
#include "mqttnode/announce.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/log.h"

static char dir[] = "/tmp/mqttnode-announce-XXXXXX";
static char log_path[64], notify_path[64];
static int notify_fd;
static struct notifier *notifier;
static long log_seen;

/* stderr goes to a file, notifications to a socket. */
static int setup(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(notify_path, sizeof(notify_path), "%s/notify", dir);
	memcpy(sa.sun_path, notify_path, strlen(notify_path));
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(notify_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", notify_path, 1), 0);
	assert_int_equal(notifier_new(&notifier), 0);
	assert_non_null(freopen(log_path, "w", stderr));
	log_setup(LOG_TARGET_STDERR, LOG_INFO);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	notifier = notifier_free(notifier);
	close(notify_fd);
	unlink(notify_path);
	unlink(log_path);
	return rmdir(dir);
}

/* The lines logged since the last call, without their times. */
static char *new_lines(char *buf, size_t size)
{
	FILE *f = fopen(log_path, "r");
	char line[512];

	buf[0] = '\0';
	assert_non_null(f);
	assert_int_equal(fseek(f, log_seen, SEEK_SET), 0);
	while (fgets(line, sizeof(line), f)) {
		const char *message = strchr(line, ' ');

		assert_non_null(message);
		strncat(buf, message + 1, size - strlen(buf) - 1);
	}
	log_seen = ftell(f);
	fclose(f);
	return buf;
}

static char *new_status(char *buf, size_t size)
{
	ssize_t n = recv(notify_fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static struct ladder_view view;

static void set(enum rung rung, enum rung_state state, const char *text)
{
	view.rungs[rung].state = state;
	snprintf(view.rungs[rung].text, sizeof(view.rungs[rung].text), "%s", text);
	view.first_bad =
		state == RUNG_STATE_FAILED || state == RUNG_STATE_TRYING ? (int)rung : -1;
}

static void tells_changes_once(void **state)
{
	struct announcer a = { 0 };
	char buf[1024];

	(void)state;
	memset(&view, 0, sizeof(view));
	view.first_bad = -1;
	for (int i = 0; i < RUNGS; i++)
		view.rungs[i].state = RUNG_STATE_WAITING;
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "");
	assert_string_equal(new_status(buf, sizeof(buf)), "STATUS=starting");

	set(RUNG_CHIP, RUNG_STATE_OK, "W5500");
	set(RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500");
	announce(&a, notifier, &view);
	assert_string_equal(
		new_lines(buf, sizeof(buf)),
		"chip ok: W5500\nwarning: link failed: No cable on the W5500\n");
	assert_string_equal(new_status(buf, sizeof(buf)),
			    "STATUS=link: No cable on the W5500");
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "");
	assert_string_equal(new_status(buf, sizeof(buf)), "");

	set(RUNG_LINK, RUNG_STATE_OK, "100 Mbit/s");
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "link ok again: 100 Mbit/s\n");
}

static void a_retry_that_fails_alike_is_no_news(void **state)
{
	struct announcer a = { 0 };
	char buf[1024];

	(void)state;
	set(RUNG_ADDRESS, RUNG_STATE_FAILED, "No answer from a DHCP server (8 s)");
	announce(&a, notifier, &view);
	new_lines(buf, sizeof(buf));
	assert_non_null(
		strstr(buf, "address failed: No answer from a DHCP server (8 s)"));
	set(RUNG_ADDRESS, RUNG_STATE_TRYING, "Asking");
	announce(&a, notifier, &view);
	set(RUNG_ADDRESS, RUNG_STATE_FAILED, "No answer from a DHCP server (12 s)");
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "");
	set(RUNG_ADDRESS, RUNG_STATE_FAILED, "The DHCP server refused the address (NAK)");
	announce(&a, notifier, &view);
	assert_string_equal(
		new_lines(buf, sizeof(buf)),
		"warning: address failed: The DHCP server refused the address "
		"(NAK)\n");
}

static void another_address_is_news_but_not_the_time_of_a_lease(void **state)
{
	struct announcer a = { 0 };
	char buf[1024];

	(void)state;
	set(RUNG_ADDRESS, RUNG_STATE_OK, "10.0.0.5/24 (lease 120 s)");
	announce(&a, notifier, &view);
	new_lines(buf, sizeof(buf));
	assert_non_null(strstr(buf, "address ok: 10.0.0.5/24 (lease 120 s)\n"));
	set(RUNG_ADDRESS, RUNG_STATE_OK, "10.0.0.5/24 (lease 60 s)");
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "");
	set(RUNG_ADDRESS, RUNG_STATE_OK, "192.168.7.5/24 (lease 60 s)");
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)),
			    "address ok: 192.168.7.5/24 (lease 60 s)\n");

	set(RUNG_LINK, RUNG_STATE_OK, "100 Mbit/s");
	announce(&a, notifier, &view);
	set(RUNG_LINK, RUNG_STATE_OK, "10 Mbit/s");
	announce(&a, notifier, &view);
	new_lines(buf, sizeof(buf));
	assert_non_null(strstr(buf, "link ok: 10 Mbit/s\n"));
}

static void addresses_that_fail_in_turn_are_no_news(void **state)
{
	struct announcer a = { 0 };
	char buf[1024];

	(void)state;
	set(RUNG_TCP, RUNG_STATE_FAILED, "No answer from 10.0.0.1:1883");
	announce(&a, notifier, &view);
	new_lines(buf, sizeof(buf));
	set(RUNG_TCP, RUNG_STATE_FAILED, "No answer from 10.0.0.2:1883");
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "");
}

static void online_and_offline_are_events(void **state)
{
	struct announcer a = { 0 };
	char buf[1024];

	(void)state;
	view.online = true;
	announce(&a, notifier, &view);
	new_lines(buf, sizeof(buf));
	assert_non_null(strstr(buf, "Online\n"));
	view.online = false;
	announce(&a, notifier, &view);
	assert_string_equal(new_lines(buf, sizeof(buf)), "Offline\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_changes_once),
		cmocka_unit_test(a_retry_that_fails_alike_is_no_news),
		cmocka_unit_test(another_address_is_news_but_not_the_time_of_a_lease),
		cmocka_unit_test(addresses_that_fail_in_turn_are_no_news),
		cmocka_unit_test(online_and_offline_are_events),
	};

	return cmocka_run_group_tests_name("announce", tests, setup, teardown);
}
