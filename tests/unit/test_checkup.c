// SPDX-License-Identifier: MIT
/* test_checkup.c — what is looked at before a node is started, in a real kernel */
#include "mqttnode/checkup.h"

#include <string.h>

#include "netns.h"
#include "unit.h"

static struct diagnosis d;
static struct settings settings;

static int set_up(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	settings = (struct settings){ .ethernet = { .interface = "mqtt0" } };
	return 0;
}

static void an_interface_that_can_be_made_leaves_no_trace(void **state)
{
	(void)state;
	assert_true(checkup_interface(&d, &settings));
	settings.network.method = NETWORK_METHOD_EXTERNAL;
	assert_true(checkup_interface(&d, &settings));
	assert_int_equal(d.n, 0);
	netns_run("! ip link show mqtt0 2> /dev/null");
}

static void a_name_that_is_taken_is_told(void **state)
{
	(void)state;
	netns_run("ip link add mqtt0 type veth peer name other0");
	settings.network.method = NETWORK_METHOD_EXTERNAL;
	assert_false(checkup_interface(&d, &settings));
	netns_run("ip link del mqtt0");
	assert_int_equal(d.n, 1);
	assert_int_equal(d.findings[0].cause, CAUSE_INTERFACE_EXISTS);
	assert_string_equal(d.findings[0].where, "interface");
}

static void a_tap_of_others_stays_as_it_is(void **state)
{
	(void)state;
	netns_run("ip tuntap add dev mqtt0 mode tap && "
		  "ip link set mqtt0 address 02:aa:bb:cc:dd:ee txqueuelen 1000");
	settings.network.method = NETWORK_METHOD_EXTERNAL;
	assert_true(checkup_interface(&d, &settings));
	assert_int_equal(d.n, 0);
	netns_run("ip -o link show mqtt0 | grep 02:aa:bb:cc:dd:ee | grep -q 'qlen 1000'");

	/* Without that method it is in the way. */
	settings.network.method = NETWORK_METHOD_DHCP;
	assert_false(checkup_interface(&d, &settings));
	assert_int_equal(d.findings[0].cause, CAUSE_INTERFACE_EXISTS);
	netns_run("ip link del mqtt0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_interface_that_can_be_made_leaves_no_trace,
				       set_up),
		cmocka_unit_test_setup(a_name_that_is_taken_is_told, set_up),
		cmocka_unit_test_setup(a_tap_of_others_stays_as_it_is, set_up),
	};

	netns_enter();
	return cmocka_run_group_tests_name("checkup", tests, NULL, NULL);
}
