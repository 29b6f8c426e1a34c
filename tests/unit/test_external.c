// SPDX-License-Identifier: MIT
/*
 * test_external.c — what is concluded from what others put on the interface
 *
 * The kernel and the delays are faked at link time: what it says is set by the
 * test, and a timer that is armed fires at once, its delay is remembered.
 */
#include "mqttnode/external.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/log.h"

static struct netlink_foreign there; /* what the kernel says */
static unsigned int failures;	     /* so often it does not answer */
static unsigned int asked;
static uint64_t delay_us;

int netlink_foreign_find(struct netlink *nl, unsigned int ifindex,
			 struct netlink_foreign *ret)
{
	(void)nl;
	assert_int_equal(ifindex, 7);
	asked++;
	*ret = there;
	return failures > 0 && failures-- > 0 ? -ETIMEDOUT : 0;
}

int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	delay_us = usec;
	return __real_sd_event_source_set_time_relative(s, 0);
}

struct fixture {
	sd_event *event;
	struct external *external;
	struct external_events events;
	char told[256];
};

static void on_lease(void *ctx, const struct lease *lease)
{
	char address[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN];
	struct fixture *f = ctx;
	size_t used = strlen(f->told);

	if (!lease) {
		snprintf(f->told + used, sizeof(f->told) - used, "none;");
		return;
	}
	assert_int_equal(lease->lifetime_s, UINT32_MAX);
	assert_int_equal(lease->n_dns, 0);
	snprintf(f->told + used, sizeof(f->told) - used, "%s/%u via %s;",
		 inet_ntop(AF_INET, &lease->address, address, sizeof(address)),
		 lease->prefix_len,
		 inet_ntop(AF_INET, &lease->gateway, gateway, sizeof(gateway)));
}

static void on_trouble(void *ctx, enum cause_id id, const char *cause)
{
	struct fixture *f = ctx;
	size_t used = strlen(f->told);

	assert_int_equal(id, strstr(cause, "no route") ? CAUSE_ADDRESS_UNROUTED
						       : CAUSE_ADDRESS_NOBODYS);
	snprintf(f->told + used, sizeof(f->told) - used, "%s;", cause);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	there = (struct netlink_foreign){ 0 };
	failures = 0;
	asked = 0;
	delay_us = 0;
	log_set_max_level(LOG_EMERG);
	f->events = (struct external_events){
		.ctx = f,
		.on_lease = on_lease,
		.on_trouble = on_trouble,
	};
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(external_new(&f->external, f->event, NULL, "mqtt0", &f->events),
			 0);
	external_device(f->external, 7);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->external = external_free(f->external);
	assert_null(external_free(NULL));
	sd_event_unref(f->event);
	free(f);
	return 0;
}

static void expect(struct fixture *f, const char *what)
{
	while (sd_event_run(f->event, 0) > 0)
		;
	assert_string_equal(f->told, what);
	f->told[0] = '\0';
}

static void is_there(const char *address, uint8_t prefix_len, const char *gateway)
{
	assert_int_equal(inet_pton(AF_INET, address, &there.address), 1);
	assert_int_equal(inet_pton(AF_INET, gateway, &there.gateway), 1);
	there.prefix_len = prefix_len;
	there.routed = true;
}

static void tells_what_comes_changes_and_goes(void **state)
{
	struct fixture *f = *state;

	expect(f, "");
	is_there("10.0.0.5", 24, "0.0.0.0");
	external_look(f->external);
	expect(f, "10.0.0.5/24 via 0.0.0.0;");
	is_there("10.0.0.5", 24, "10.0.0.1");
	external_look(f->external);
	expect(f, "10.0.0.5/24 via 10.0.0.1;");
	is_there("10.0.0.5", 16, "10.0.0.1");
	external_look(f->external);
	expect(f, "10.0.0.5/16 via 10.0.0.1;");
	is_there("0.0.0.0", 0, "10.0.0.1"); /* the route is about to go too */
	external_look(f->external);
	expect(f, "none;");
	is_there("0.0.0.0", 0, "0.0.0.0");
	external_look(f->external);
	expect(f, "");
}

static void news_that_change_nothing_are_not_told(void **state)
{
	struct fixture *f = *state;

	is_there("10.0.0.5", 24, "10.0.0.1");
	expect(f, "10.0.0.5/24 via 10.0.0.1;");
	asked = 0;
	external_look(f->external);
	external_look(f->external);
	expect(f, "");
	assert_int_equal(asked, 1); /* one look at all the news */
}

static void a_kernel_that_does_not_answer_is_asked_again(void **state)
{
	struct fixture *f = *state;

	is_there("10.0.0.5", 24, "10.0.0.1");
	expect(f, "10.0.0.5/24 via 10.0.0.1;");
	failures = 2;
	is_there("10.0.0.6", 24, "10.0.0.1");
	asked = 0;
	external_look(f->external);
	assert_true(sd_event_run(f->event, 0) > 0);
	assert_string_equal(f->told, ""); /* that changes nothing */
	assert_int_equal(delay_us, 1000000);
	expect(f, "10.0.0.6/24 via 10.0.0.1;");
	assert_int_equal(asked, 3);
}

static void says_that_nobody_cares_for_an_interface_that_can_send(void **state)
{
	static const char nobody[] = "Nobody has put an address on mqtt0: look at "
				     "NetworkManager or systemd-networkd;";
	struct fixture *f = *state;

	expect(f, ""); /* without a cable nobody is to blame */
	external_link(f->external, true);
	assert_int_equal(delay_us, 10000000);
	expect(f, nobody);
	external_link(f->external, false);
	expect(f, "");
	external_link(f->external, true);
	is_there("10.0.0.5", 24, "10.0.0.1");
	external_look(f->external);
	expect(f, "Nobody has put an address on mqtt0: look at NetworkManager or "
		  "systemd-networkd;10.0.0.5/24 via 10.0.0.1;");
	is_there("0.0.0.0", 0, "0.0.0.0");
	external_look(f->external);
	expect(f, "none;Nobody has put an address on mqtt0: look at NetworkManager or "
		  "systemd-networkd;");
}

static void an_address_without_a_route_is_none_yet(void **state)
{
	struct fixture *f = *state;

	external_link(f->external, true);
	expect(f, "Nobody has put an address on mqtt0: look at NetworkManager or "
		  "systemd-networkd;");
	is_there("10.0.0.5", 24, "0.0.0.0");
	there.routed = false;
	external_look(f->external);
	expect(f, "mqtt0 has the address 10.0.0.5, but no route leads out by it: look at "
		  "NetworkManager or systemd-networkd;");
	there.routed = true;
	external_look(f->external);
	expect(f, "10.0.0.5/24 via 0.0.0.0;");
	there.routed = false;
	external_look(f->external);
	expect(f,
	       "none;mqtt0 has the address 10.0.0.5, but no route leads out by it: look "
	       "at NetworkManager or systemd-networkd;");
}

static void a_device_that_is_gone_is_not_asked_about(void **state)
{
	struct fixture *f = *state;

	is_there("10.0.0.5", 24, "10.0.0.1");
	expect(f, "10.0.0.5/24 via 10.0.0.1;");
	asked = 0;
	external_device(f->external, 0);
	external_look(f->external);
	expect(f, "");
	assert_int_equal(asked, 0);
	external_device(f->external, 7);
	expect(f, "10.0.0.5/24 via 10.0.0.1;"); /* told anew */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(tells_what_comes_changes_and_goes),
		CASE(news_that_change_nothing_are_not_told),
		CASE(a_kernel_that_does_not_answer_is_asked_again),
		CASE(says_that_nobody_cares_for_an_interface_that_can_send),
		CASE(an_address_without_a_route_is_none_yet),
		CASE(a_device_that_is_gone_is_not_asked_about),
	};

	return cmocka_run_group_tests_name("external", tests, NULL, NULL);
}
