// SPDX-License-Identifier: MIT
/* test_notify.c — the service manager is told everything, and nobody waits for it */
#include "mqttnode/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mqttnode/clock.h"

#include "unit.h"

/* The service manager: its socket has a name in the abstract namespace. */
static int manager = -1;
static char name[64];

static int set_up(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len;

	(void)state;
	snprintf(name, sizeof(name), "@mqttnode-notify-%d", (int)getpid());
	len = strlen(name);
	memcpy(sa.sun_path + 1, name + 1, len - 1);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(manager >= 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&sa,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
			 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(manager);
	return unsetenv("NOTIFY_SOCKET");
}

/* The next message, or "". */
static const char *next_message(void)
{
	static char buf[1024];
	ssize_t n = recv(manager, buf, sizeof(buf) - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void each_message_is_sent_at_once(void **state)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;

	(void)state;
	assert_int_equal(notifier_new(&n), 0);
	notifier_status(n, "starting");
	assert_string_equal(next_message(), "STATUS=starting");
	notifier_ready(n);
	assert_string_equal(next_message(), "READY=1");
	notifier_watchdog(n);
	assert_string_equal(next_message(), "WATCHDOG=1");
	notifier_stopping(n);
	assert_string_equal(next_message(), "STOPPING=1");
	notifier_flush(n);
	assert_string_equal(next_message(), "");
}

static void a_reload_has_a_time_and_an_end(void **state)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;
	unsigned long long before, us;

	(void)state;
	assert_int_equal(notifier_new(&n), 0);
	before = clock_now_ns(&clock_system) / NSEC_PER_USEC;
	notifier_reloading(n);
	assert_int_equal(sscanf(next_message(), "RELOADING=1\nMONOTONIC_USEC=%llu", &us),
			 1);
	assert_true(us >= before && us <= clock_now_ns(&clock_system) / NSEC_PER_USEC);
	notifier_ready(n);
	assert_string_equal(next_message(), "READY=1");
}

static void a_status_is_one_line(void **state)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;
	char longer[2000];

	(void)state;
	assert_int_equal(notifier_new(&n), 0);
	notifier_status(n, "one\nREADY=1\ntwo");
	assert_string_equal(next_message(), "STATUS=one READY=1 two");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	notifier_status(n, longer);
	assert_int_equal(strlen(next_message()), strlen("STATUS=") + 511);
}

static void what_a_manager_that_does_not_read_missed_is_told_later(void **state)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;
	const char *message;

	(void)state;
	assert_int_equal(notifier_new(&n), 0);
	/* Far more than any queue holds: a call that waited would wait for ever. */
	for (int i = 0; i < 5000; i++)
		notifier_watchdog(n);
	notifier_status(n, "old");
	notifier_ready(n);
	notifier_status(n, "new");
	do {
		message = next_message();
		assert_true(strcmp(message, "") == 0 ||
			    strcmp(message, "WATCHDOG=1") == 0);
	} while (message[0]);
	notifier_flush(n);
	assert_string_equal(next_message(), "READY=1\nSTATUS=new");
	assert_string_equal(next_message(), "");
}

static void a_manager_that_is_away_is_told_when_it_is_back(void **state)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;

	(void)state;
	assert_int_equal(notifier_new(&n), 0);
	close(manager);
	notifier_ready(n);
	set_up(NULL);
	notifier_watchdog(n);
	assert_string_equal(next_message(), "READY=1\nWATCHDOG=1");
}

static void without_a_socket_nothing_happens(void **state)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;

	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(notifier_new(&n), 0);
	notifier_status(n, "nobody reads this");
	notifier_ready(n);
	assert_string_equal(next_message(), "");
	assert_null(notifier_free(NULL));
}

static void an_address_that_cannot_be_is_an_error(void **state)
{
	struct notifier *n = NULL;
	char longer[200];

	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:2:1234", 1), 0);
	assert_int_equal(notifier_new(&n), -EAFNOSUPPORT);
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(setenv("NOTIFY_SOCKET", longer, 1), 0);
	assert_int_equal(notifier_new(&n), -ENAMETOOLONG);
	assert_null(n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(each_message_is_sent_at_once),
		TEST(a_reload_has_a_time_and_an_end),
		TEST(a_status_is_one_line),
		TEST(what_a_manager_that_does_not_read_missed_is_told_later),
		TEST(a_manager_that_is_away_is_told_when_it_is_back),
		TEST(without_a_socket_nothing_happens),
		TEST(an_address_that_cannot_be_is_an_error),
#undef TEST
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
