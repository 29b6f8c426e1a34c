/* SPDX-License-Identifier: MIT */
/*
 * dhcp_rig.h — a supervised client between an event loop and a wire
 *
 * The interface mqtt0 of the test's namespace is joined by a cable to w0 in
 * another one, where dnsmasq runs. The test program itself is the hook. Where a
 * client has to misbehave, a script named udhcpc takes its place; there time
 * can run faster, by wrapping the one function that arms timers.
 */
#ifndef MQTTNODE_TESTS_UNIT_DHCP_RIG_H
#define MQTTNODE_TESTS_UNIT_DHCP_RIG_H

#include "mqttnode/dhcp.h"
#include "netns.h"
#include "unit.h"

#include "mqttnode/clock.h"

struct dhcp_rig {
	sd_event *event;
	struct dhcp_events events;
	struct dhcp *dhcp;
	struct netns_peer wire;
	pid_t server;

	unsigned int leases, losses, troubles, stops;
	struct lease lease;
	char why[256], cause[256];
};

/* cmocka setup and teardown: a new client that was told nothing yet; no server. */
int dhcp_rig_setup(void **state);
int dhcp_rig_teardown(void **state);

/* A test of a program that calls dhcp_rig_main(). */
#define DHCP_TEST(name)                                                                  \
	cmocka_unit_test_setup_teardown(name, dhcp_rig_setup, dhcp_rig_teardown)

/*
 * What main() of such a program returns: as the hook, or from @tests, which
 * @group names, in a namespace of their own.
 */
#define dhcp_rig_main(argc, argv, group, tests)                                          \
	dhcp_rig_run(argc, argv, group, tests, sizeof(tests) / sizeof((tests)[0]))
int dhcp_rig_run(int argc, char **argv, const char *group, const struct CMUnitTest *tests,
		 size_t n_tests);

/* Where scripts, logs and leases of the running test are kept. */
const char *dhcp_rig_dir(void);

/* From now on the client's timers run @times as fast, until the end of the test. */
void dhcp_rig_speed(uint64_t times);

/* Runs the event loop until @condition, at most @seconds. */
#define WAIT_FOR(f, seconds, condition)                                                  \
	do {                                                                             \
		uint64_t limit = clock_now_ns(&clock_system) + (seconds)*NSEC_PER_SEC;   \
		while (!(condition) && clock_now_ns(&clock_system) < limit)              \
			assert_true(sd_event_run((f)->event, 50000) >= 0);               \
		assert_true(condition);                                                  \
	} while (0)

double seconds_since(uint64_t start_ns);

/* Starts dnsmasq at the other end as 10.@net.0.1, with more @options, separated by
 * spaces. */
void server_start(struct dhcp_rig *f, int net, const char *options);
void server_stop(struct dhcp_rig *f);

/* How often the server logged @text. */
int server_count(const char *text);

/* Options of a server in network 77. */
#define RANGE_77                                                                           \
	"--dhcp-range=10.77.0.50,10.77.0.60,2m --dhcp-option=option:dns-server,10.77.0.1," \
	"10.77.0.2 --dhcp-option=26,1400"

/* Puts a script in udhcpc's place; $hook is the hook, $n counts the starts from 1. */
void fake_client(const char *script);

/* What a script left in file @name; @buf. */
char *read_kept(char *buf, size_t size, const char *name);

/* How often the script was started. */
int starts(void);

#endif
