// SPDX-License-Identifier: MIT
/*
 * test_gateway.c — the gateway's state from neighbour news
 *
 * The kernel's side and the delays are faked at link time: probes are counted,
 * a timer is armed to fire at once and its delay is remembered.
 */
#include "mqttnode/gateway.h"

#include <arpa/inet.h>
#include <errno.h>

#include <linux/neighbour.h>

#include "unit.h"

static const struct ip no_address;
static unsigned int probes;
static uint64_t delay_us; /* of the timer armed last */
static int known;	  /* what the kernel says when asked */
static enum gateway_state states[16];
static size_t n_states;

int netlink_neighbour_probe(struct netlink *nl, unsigned int ifindex, struct ip address)
{
	(void)nl;
	assert_int_equal(ifindex, 7);
	assert_true(ip_is_set(&address));
	probes++;
	return 0;
}

int netlink_neighbour_state(struct netlink *nl, unsigned int ifindex, struct ip address)
{
	(void)nl;
	assert_int_equal(ifindex, 7);
	assert_true(ip_is_set(&address));
	return known;
}

int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	delay_us = usec;
	return __real_sd_event_source_set_time_relative(s, 0);
}

static void on_state(void *ctx, enum gateway_state state, struct ip gateway)
{
	(void)ctx;
	(void)gateway;
	assert_true(n_states < 16);
	states[n_states++] = state;
}

struct fixture {
	sd_event *event;
	struct gateway *gateway;
	struct ip address;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	probes = 0;
	n_states = 0;
	delay_us = 0;
	known = NUD_INCOMPLETE;
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(gateway_new(&f->gateway, f->event, NULL, on_state, NULL), 0);
	f->address = ip_from_v4((struct in_addr){ htonl(0x0a000001) });
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	gateway_free(f->gateway);
	sd_event_unref(f->event);
	free(f);
	return 0;
}

static void run_timer(struct fixture *f)
{
	/* a turn for the timer's descriptor, as sd-event may need one to see it */
	for (int i = 0; i < 3; i++)
		(void)sd_event_run(f->event, 1000);
}

static void is_asked_once_and_answers(void **state)
{
	struct fixture *f = *state;

	gateway_set(f->gateway, 7, f->address);
	assert_int_equal(probes, 1);
	assert_int_equal(states[0], GATEWAY_STATE_TRYING);
	gateway_on_neighbour(f->gateway, f->address, NUD_INCOMPLETE);
	gateway_on_neighbour(f->gateway, f->address, NUD_REACHABLE);
	assert_int_equal(states[1], GATEWAY_STATE_OK);
	gateway_on_neighbour(f->gateway, f->address, NUD_STALE);
	gateway_on_neighbour(f->gateway, f->address, NUD_PROBE);
	gateway_on_neighbour(f->gateway, f->address, 0);
	run_timer(f);
	assert_int_equal(n_states, 2);
	assert_int_equal(probes, 1);
	gateway_set(f->gateway, 7, f->address); /* nothing new */
	assert_int_equal(n_states, 2);
}

static void known_already_it_makes_no_news(void **state)
{
	struct fixture *f = *state;

	known = NUD_STALE;
	gateway_set(f->gateway, 7, f->address);
	run_timer(f);
	assert_int_equal(n_states, 2);
	assert_int_equal(states[1], GATEWAY_STATE_OK);
	/* nor does the kernel's silence speak for it */
	known = -ETIMEDOUT;
	gateway_set(f->gateway, 7, no_address);
	gateway_set(f->gateway, 7, f->address);
	run_timer(f);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_FAILED);
}

static void fails_after_three_seconds_and_is_asked_again(void **state)
{
	struct fixture *f = *state;

	gateway_set(f->gateway, 7, f->address);
	assert_int_equal(delay_us, 3000000);
	run_timer(f);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_FAILED);
	assert_int_equal(delay_us, 5000000);
	assert_true(probes >= 2);
	gateway_on_neighbour(f->gateway, f->address, NUD_INCOMPLETE);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_FAILED);
	gateway_on_neighbour(f->gateway, f->address, NUD_REACHABLE);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_OK);
}

static void an_answering_gateway_may_be_resolved_anew(void **state)
{
	struct fixture *f = *state;

	gateway_set(f->gateway, 7, f->address);
	gateway_on_neighbour(f->gateway, f->address, NUD_REACHABLE);
	delay_us = 0;
	gateway_on_neighbour(f->gateway, f->address, NUD_INCOMPLETE);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_OK);
	assert_int_equal(delay_us, 3000000);
	gateway_on_neighbour(f->gateway, f->address, NUD_FAILED);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_FAILED);
	assert_int_equal(delay_us, 5000000);
}

static void other_neighbours_say_nothing(void **state)
{
	struct fixture *f = *state;
	struct ip other = ip_from_v4((struct in_addr){ htonl(0x0a000002) });

	gateway_on_neighbour(f->gateway, no_address, NUD_FAILED);
	gateway_set(f->gateway, 7, f->address);
	gateway_on_neighbour(f->gateway, other, NUD_FAILED);
	assert_int_equal(n_states, 1);
}

static void no_gateway_is_no_failure(void **state)
{
	struct fixture *f = *state;

	gateway_set(f->gateway, 7, f->address);
	gateway_set(f->gateway, 7, no_address);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_NONE);
	run_timer(f);
	gateway_on_neighbour(f->gateway, f->address, NUD_FAILED);
	assert_int_equal(states[n_states - 1], GATEWAY_STATE_NONE);
	assert_int_equal(probes, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(is_asked_once_and_answers),
		CASE(known_already_it_makes_no_news),
		CASE(fails_after_three_seconds_and_is_asked_again),
		CASE(an_answering_gateway_may_be_resolved_anew),
		CASE(other_neighbours_say_nothing),
		CASE(no_gateway_is_no_failure),
	};

	return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
