// SPDX-License-Identifier: MIT
/* test_rungs.c — chip, lease and gateway as rungs and sentences */
#include "mqttnode/rungs.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "unit.h"

#include "mqttnode/clock.h"

static char spi[] = "/dev/spidev0.0";
static const struct ethernet_settings settings = { .spi = spi };

struct fixture {
	struct ladder *ladder;
	struct ladder_view view;
	struct rungs_chip chip;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(ladder_new(&f->ladder), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ladder_free(f->ladder);
	free(f);
	return 0;
}

static void expect(struct fixture *f, enum rung rung, enum rung_state state,
		   const char *text)
{
	ladder_view(f->ladder, &f->view);
	assert_string_equal(rung_state_to_string(f->view.rungs[rung].state),
			    rung_state_to_string(state));
	assert_string_equal(f->view.rungs[rung].text, text);
}

static void a_chip_starts_runs_and_fails(void **state)
{
	struct pump_status status = { .chip = CHIP_STATE_STARTING };
	struct fixture *f = *state;

	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 1);
	expect(f, RUNG_CHIP, RUNG_STATE_TRYING, "Starting the W5500");
	expect(f, RUNG_LINK, RUNG_STATE_WAITING, "");

	status.chip = CHIP_STATE_ABSENT;
	snprintf(status.cause, sizeof(status.cause), "MISO is all zeros");
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 1);
	expect(f, RUNG_CHIP, RUNG_STATE_FAILED, "MISO is all zeros");

	status = (struct pump_status){ .chip = CHIP_STATE_RUNNING,
				       .spi_speed_hz = 33400000,
				       .interrupt_works = true,
				       .link_up = true,
				       .link_mbit = 100,
				       .full_duplex = true };
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 1);
	expect(f, RUNG_CHIP, RUNG_STATE_OK,
	       "W5500 on /dev/spidev0.0 at 33.4 MHz, interrupt");
	expect(f, RUNG_LINK, RUNG_STATE_OK, "100 Mbit/s full duplex");

	status = (struct pump_status){ .chip = CHIP_STATE_RECOVERING };
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 2);
	expect(f, RUNG_CHIP, RUNG_STATE_FAILED, "No answer from the W5500");
	expect(f, RUNG_LINK, RUNG_STATE_WAITING, "");
}

static void a_link_may_take_three_seconds_to_come(void **state)
{
	struct pump_status status = { .chip = CHIP_STATE_RUNNING };
	struct fixture *f = *state;

	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 5 * NSEC_PER_SEC);
	expect(f, RUNG_LINK, RUNG_STATE_TRYING, "Waiting for the link");
	assert_true(f->chip.settling);
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 8 * NSEC_PER_SEC);
	expect(f, RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500");
	assert_false(f->chip.settling);
	status.link_up = true;
	status.link_mbit = 10;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 9 * NSEC_PER_SEC);
	expect(f, RUNG_LINK, RUNG_STATE_OK, "10 Mbit/s half duplex");
	/* a cable pulled later is known at once */
	status.link_up = false;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 9 * NSEC_PER_SEC + 1);
	expect(f, RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500");
}

static void a_cable_pulled_just_after_the_start_is_known_at_once(void **state)
{
	struct pump_status status = { .chip = CHIP_STATE_RUNNING, .link_up = true };
	struct fixture *f = *state;

	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 5 * NSEC_PER_SEC);
	status.link_up = false;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 5 * NSEC_PER_SEC + 1);
	expect(f, RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500");

	/* after a reset of the chip the link settles anew */
	status.chip = CHIP_STATE_RECOVERING;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 6 * NSEC_PER_SEC);
	status.chip = CHIP_STATE_RUNNING;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 6 * NSEC_PER_SEC + 1);
	expect(f, RUNG_LINK, RUNG_STATE_TRYING, "Waiting for the link");
}

static void a_link_that_is_lost_again_and_again_comes_and_goes(void **state)
{
	struct pump_status status = { .chip = CHIP_STATE_RUNNING };
	struct fixture *f = *state;
	uint64_t now = NSEC_PER_SEC;

	for (int i = 0; i < 2 * RUNGS_LOSSES; i++, now += NSEC_PER_SEC) {
		status.link_up = !status.link_up;
		rungs_report_chip(&f->chip, f->ladder, &settings, &status, now);
	}
	expect(f, RUNG_LINK, RUNG_STATE_FAILED, "The link comes and goes");
	assert_int_equal(f->view.rungs[RUNG_LINK].cause, CAUSE_LINK_FLAPPING);
	assert_true(f->chip.settling);
	now += 60 * NSEC_PER_SEC;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, now);
	expect(f, RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500");
	assert_int_equal(f->view.rungs[RUNG_LINK].cause, CAUSE_NO_CABLE);
	assert_false(f->chip.settling);
}

static void resets_of_the_chip_are_not_the_cable_s_fault(void **state)
{
	struct pump_status status = { .chip = CHIP_STATE_RUNNING };
	struct fixture *f = *state;
	uint64_t now = NSEC_PER_SEC;

	for (int i = 0; i < 2 * RUNGS_LOSSES; i++, now += NSEC_PER_SEC) {
		status.link_up = i % 2 == 0;
		status.chip = status.link_up ? CHIP_STATE_RUNNING : CHIP_STATE_RECOVERING;
		rungs_report_chip(&f->chip, f->ladder, &settings, &status, now);
	}
	status.link_up = false;
	status.chip = CHIP_STATE_RUNNING;
	rungs_report_chip(&f->chip, f->ladder, &settings, &status, now);
	expect(f, RUNG_LINK, RUNG_STATE_TRYING, "Waiting for the link");
}

static void a_slow_link_is_named_unless_it_is_asked_for(void **state)
{
	struct pump_status status = { .chip = CHIP_STATE_RUNNING,
				      .link_up = true,
				      .link_mbit = 10 };
	struct ethernet_settings by_hand = settings, by_itself = settings;
	struct fixture *f = *state;

	by_itself.phy = PHY_MODE_AUTO;
	by_hand.phy = PHY_MODE_10_HALF;
	rungs_report_chip(&f->chip, f->ladder, &by_itself, &status, 1);
	expect(f, RUNG_LINK, RUNG_STATE_OK, "10 Mbit/s half duplex");
	assert_int_equal(f->view.rungs[RUNG_LINK].cause, CAUSE_LINK_SLOW);
	rungs_report_chip(&f->chip, f->ladder, &by_hand, &status, 1);
	expect(f, RUNG_LINK, RUNG_STATE_OK, "10 Mbit/s half duplex");
	assert_int_equal(f->view.rungs[RUNG_LINK].cause, CAUSE_NONE);
}

static void a_lease_without_a_router_is_told(void **state)
{
	struct lease lease = { .address.s_addr = htonl(0x0a4d003b), .prefix_len = 24 };
	struct rungs_address address = { 0 };
	struct fixture *f = *state;
	struct pump_status status = { .chip = CHIP_STATE_RUNNING, .link_up = true };

	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 1);
	address.method = NETWORK_METHOD_DHCP;
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ROUTE, RUNG_STATE_UNUSED, "The DHCP server names no router");
	assert_int_equal(f->view.rungs[RUNG_ROUTE].cause, CAUSE_NO_ROUTER);
	/* who leaves it out himself knows */
	address.method = NETWORK_METHOD_STATIC;
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ROUTE, RUNG_STATE_UNUSED, "No gateway");
	assert_int_equal(f->view.rungs[RUNG_ROUTE].cause, CAUSE_NONE);
}

static void bring_up(struct fixture *f)
{
	struct pump_status status = { .chip = CHIP_STATE_RUNNING,
				      .link_up = true,
				      .link_mbit = 100 };

	rungs_report_chip(&f->chip, f->ladder, &settings, &status, 1);
}

static void a_lease_is_told_with_its_server(void **state)
{
	struct lease lease = { .prefix_len = 24, .lifetime_s = 120 };
	struct rungs_address address = { 0 };
	struct fixture *f = *state;

	bring_up(f);
	address.method = NETWORK_METHOD_DHCP;
	rungs_report_lease(&address, f->ladder, NULL);
	expect(f, RUNG_ADDRESS, RUNG_STATE_TRYING, "No address yet");
	rungs_report_trouble(&address, f->ladder, true, CAUSE_DHCP_NO_ANSWER,
			     "No answer from a DHCP server (12 s)");
	expect(f, RUNG_ADDRESS, RUNG_STATE_FAILED, "No answer from a DHCP server (12 s)");
	lease.address.s_addr = htonl(0x0a4d003b);
	lease.server.s_addr = htonl(0x0a4d0001);
	address.method = NETWORK_METHOD_DHCP;
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK,
	       "10.77.0.59/24 (DHCP server 10.77.0.1, lease 120 s)");
	lease.lifetime_s = UINT32_MAX;
	address.method = NETWORK_METHOD_DHCP;
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK,
	       "10.77.0.59/24 (DHCP server 10.77.0.1, lease without end)");
	address.method = NETWORK_METHOD_STATIC;
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK, "10.77.0.59/24 (static)");
	address.method = NETWORK_METHOD_EXTERNAL;
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK, "10.77.0.59/24 (external)");
}

static void an_address_of_one_family_is_enough(void **state)
{
	struct lease lease = { .prefix_len = 24, .address.s_addr = htonl(0x0a4d003b) };
	struct rungs_address address = { .method = NETWORK_METHOD_STATIC };
	struct fixture *f = *state;
	struct ip ipv6[2];

	bring_up(f);
	assert_true(ip_parse(&ipv6[0], "fd77::5"));
	assert_true(ip_parse(&ipv6[1], "fe80::5"));
	rungs_report_lease(&address, f->ladder, NULL);
	rungs_report_ipv6(&address, f->ladder, ipv6, 1); /* before the other is usable */
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK, "fd77::5");
	rungs_report_ipv6(&address, f->ladder, ipv6, 2);
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK, "fd77::5");
	rungs_report_trouble(&address, f->ladder, true, CAUSE_DHCP_NO_ANSWER,
			     "No answer");
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK, "fd77::5; IPv4: No answer");
	rungs_report_lease(&address, f->ladder, &lease);
	expect(f, RUNG_ADDRESS, RUNG_STATE_OK, "10.77.0.59/24 (static), fd77::5");
	/* A lease that nobody confirms is told, also beside IPv6. */
	rungs_report_trouble(&address, f->ladder, false, CAUSE_DHCP_NO_ANSWER,
			     "No answer");
	expect(f, RUNG_ADDRESS, RUNG_STATE_TRYING, "No answer");
	rungs_report_ipv6(&address, f->ladder, &ipv6[1], 1);
	rungs_report_lease(&address, f->ladder, NULL);
	expect(f, RUNG_ADDRESS, RUNG_STATE_TRYING, "No address yet");
}

static void a_port_of_a_bridge_needs_no_address_but_a_bridge(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	rungs_report_port(f->ladder, "mqtt0", NULL);
	expect(f, RUNG_ADDRESS, RUNG_STATE_FAILED,
	       "mqtt0 is not a port of a bridge: \"ip link set mqtt0 master BRIDGE\" "
	       "makes it one");
	rungs_report_port(f->ladder, "mqtt0", "br0");
	expect(f, RUNG_ADDRESS, RUNG_STATE_UNUSED, "Port of br0");
	expect(f, RUNG_ROUTE, RUNG_STATE_UNUSED, "That of the machine");
}

static void a_gateway_answers_or_not(void **state)
{
	struct ip gateway = ip_from_v4((struct in_addr){ htonl(0x0a4d0001) });
	struct lease lease = { .prefix_len = 24 };
	struct rungs_address address = { 0 };
	struct fixture *f = *state;

	bring_up(f);
	address.method = NETWORK_METHOD_STATIC;
	rungs_report_lease(&address, f->ladder, &lease);
	rungs_report_gateway(f->ladder, GATEWAY_STATE_NONE, gateway);
	expect(f, RUNG_ROUTE, RUNG_STATE_UNUSED, "No gateway");
	rungs_report_gateway(f->ladder, GATEWAY_STATE_TRYING, gateway);
	expect(f, RUNG_ROUTE, RUNG_STATE_TRYING,
	       "Waiting for gateway 10.77.0.1 to answer");
	rungs_report_gateway(f->ladder, GATEWAY_STATE_OK, gateway);
	expect(f, RUNG_ROUTE, RUNG_STATE_OK, "Gateway 10.77.0.1 answers");
	rungs_report_gateway(f->ladder, GATEWAY_STATE_FAILED, gateway);
	expect(f, RUNG_ROUTE, RUNG_STATE_FAILED, "Gateway 10.77.0.1 does not answer");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_chip_starts_runs_and_fails),
		CASE(a_link_may_take_three_seconds_to_come),
		CASE(a_cable_pulled_just_after_the_start_is_known_at_once),
		CASE(a_lease_is_told_with_its_server),
		CASE(an_address_of_one_family_is_enough),
		CASE(a_port_of_a_bridge_needs_no_address_but_a_bridge),
		CASE(a_link_that_is_lost_again_and_again_comes_and_goes),
		CASE(resets_of_the_chip_are_not_the_cable_s_fault),
		CASE(a_slow_link_is_named_unless_it_is_asked_for),
		CASE(a_lease_without_a_router_is_told),
		CASE(a_gateway_answers_or_not),
	};

	return cmocka_run_group_tests_name("rungs", tests, NULL, NULL);
}
