// SPDX-License-Identifier: MIT
/* test_ladder.c — the first broken rung, and what waits for it */
#include "mqttnode/ladder.h"

#include <string.h>

#include "unit.h"

#include "mqttnode/fd.h"
#include "mqttnode/text.h"

static struct ladder *climb_to(enum rung top)
{
	struct ladder *l;

	assert_int_equal(ladder_new(&l), 0);
	for (int i = 0; i <= (int)top; i++)
		ladder_report(l, (enum rung)i, RUNG_STATE_OK, "fine");
	(void)fd_event_clear(ladder_event_fd(l));
	return l;
}

static void begins_waiting(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = NULL;
	struct ladder_view view;
	char buf[64];

	(void)state;
	assert_int_equal(ladder_new(&l), 0);
	ladder_view(l, &view);
	for (int i = 0; i < RUNGS; i++)
		assert_int_equal(view.rungs[i].state, RUNG_STATE_WAITING);
	assert_int_equal(view.first_bad, -1);
	assert_false(view.online);
	assert_string_equal(ladder_summary(&view, buf, sizeof(buf)), "starting");
}

static void shows_the_lowest_failure_and_lets_the_rest_wait(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_ADDRESS);
	struct ladder_view view;
	char buf[200];

	(void)state;
	ladder_report(l, RUNG_TCP, RUNG_STATE_FAILED, "10.0.0.1:1883 refused");
	ladder_report(l, RUNG_NAME, RUNG_STATE_FAILED, "Name %s not found", "mq");
	ladder_view(l, &view);
	assert_int_equal(view.rungs[RUNG_ROUTE].state, RUNG_STATE_WAITING);
	assert_int_equal(view.rungs[RUNG_NAME].state, RUNG_STATE_WAITING);
	assert_int_equal(view.first_bad, -1);

	ladder_report(l, RUNG_ROUTE, RUNG_STATE_UNUSED, "No gateway");
	ladder_view(l, &view);
	assert_int_equal(view.first_bad, RUNG_NAME);
	assert_int_equal(view.rungs[RUNG_NAME].state, RUNG_STATE_FAILED);
	assert_int_equal(view.rungs[RUNG_TCP].state, RUNG_STATE_WAITING);
	assert_string_equal(view.rungs[RUNG_TCP].text, "");
	assert_string_equal(ladder_summary(&view, buf, sizeof(buf)),
			    "name: Name mq not found");
}

static void unused_is_neither_failed_nor_in_the_way(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_SUBACK);
	struct ladder_view view;
	char buf[200];

	(void)state;
	ladder_report(l, RUNG_TLS, RUNG_STATE_UNUSED, "No TLS");
	ladder_report(l, RUNG_ROUTE, RUNG_STATE_UNUSED, "No gateway");
	ladder_view(l, &view);
	assert_int_equal(view.first_bad, -1);
	assert_true(view.online);
	assert_string_equal(ladder_summary(&view, buf, sizeof(buf)),
			    "online as fine, fine");
}

static void a_session_outlives_a_short_cable_loss(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_SUBACK);
	struct ladder_view view;

	(void)state;
	ladder_report(l, RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500");
	ladder_view(l, &view);
	assert_int_equal(view.first_bad, RUNG_LINK);
	assert_int_equal(view.rungs[RUNG_CONNACK].state, RUNG_STATE_OK);
	assert_false(view.online);
	ladder_report(l, RUNG_LINK, RUNG_STATE_OK, "100 Mbit/s");
	ladder_view(l, &view);
	assert_true(view.online);
}

static void a_lease_that_nobody_confirms_leaves_the_session_online(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_SUBACK);
	struct ladder_view view;

	(void)state;
	ladder_report(l, RUNG_ADDRESS, RUNG_STATE_TRYING, "No answer from a DHCP server");
	ladder_view(l, &view);
	assert_int_equal(view.first_bad, RUNG_ADDRESS);
	assert_true(view.online);
}

static void a_refused_subscription_is_shown_but_online(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_CONNACK);
	struct ladder_view view;

	(void)state;
	ladder_report(l, RUNG_SUBACK, RUNG_STATE_FAILED, "Refused: a/b");
	ladder_view(l, &view);
	assert_true(view.online);
	assert_int_equal(view.first_bad, RUNG_SUBACK);
}

static void wakes_only_for_news(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_LINK);
	struct ladder_view before, after;

	(void)state;
	ladder_view(l, &before);
	ladder_report(l, RUNG_LINK, RUNG_STATE_OK, "fine");
	assert_int_equal(fd_event_clear(ladder_event_fd(l)), 0);
	ladder_report(l, RUNG_LINK, RUNG_STATE_OK, "finer");
	assert_int_equal(fd_event_clear(ladder_event_fd(l)), 1);
	ladder_view(l, &after);
	assert_string_equal(after.rungs[RUNG_LINK].text, "finer");
	/* the state is as old as before: only the text is new */
	assert_int_equal(after.rungs[RUNG_LINK].since_ns,
			 before.rungs[RUNG_LINK].since_ns);
}

static void a_cause_goes_with_its_sentence(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_CHIP);
	struct ladder_view view;

	(void)state;
	ladder_report_cause(l, RUNG_LINK, RUNG_STATE_FAILED, CAUSE_NO_CABLE, "No cable");
	ladder_view(l, &view);
	assert_int_equal(view.rungs[RUNG_LINK].cause, CAUSE_NO_CABLE);
	assert_int_equal(fd_event_clear(ladder_event_fd(l)), 1);
	/* another cause is news, even in the same words */
	ladder_report_cause(l, RUNG_LINK, RUNG_STATE_FAILED, CAUSE_LINK_FLAPPING,
			    "No cable");
	assert_int_equal(fd_event_clear(ladder_event_fd(l)), 1);
	/* who waits has none, and what is fine takes it back */
	ladder_report_cause(l, RUNG_ADDRESS, RUNG_STATE_FAILED, CAUSE_DHCP_NAK, "NAK");
	ladder_view(l, &view);
	assert_int_equal(view.rungs[RUNG_ADDRESS].cause, CAUSE_NONE);
	ladder_report(l, RUNG_LINK, RUNG_STATE_OK, "fine");
	ladder_view(l, &view);
	assert_int_equal(view.rungs[RUNG_LINK].cause, CAUSE_NONE);
	assert_int_equal(view.rungs[RUNG_ADDRESS].cause, CAUSE_DHCP_NAK);
}

static void texts_are_cut_and_printable(void **state)
{
	_cleanup_(ladder_freep) struct ladder *l = climb_to(RUNG_LINK);
	struct ladder_view view;
	const char *text = view.rungs[RUNG_LINK].text;
	char longer[400] = "";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(longer, "温");
	ladder_report(l, RUNG_LINK, RUNG_STATE_FAILED, "%s", longer);
	ladder_view(l, &view);
	assert_true(text_utf8_valid(text, strlen(text)));
	assert_true(strlen(text) < LADDER_TEXT_SIZE);
	assert_string_equal(text + strlen(text) - strlen("温…"), "温…");
	ladder_report(l, RUNG_LINK, RUNG_STATE_FAILED, "a\nb\\x1b");
	ladder_view(l, &view);
	assert_string_equal(text, "a\\nb\\x1b");
}

static void names_everything(void **state)
{
	(void)state;
	assert_string_equal(rung_to_string(RUNG_CHIP), "chip");
	assert_string_equal(rung_to_string(RUNG_SUBACK), "suback");
	assert_string_equal(rung_state_to_string(RUNG_STATE_UNUSED), "unused");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_waiting),
		cmocka_unit_test(shows_the_lowest_failure_and_lets_the_rest_wait),
		cmocka_unit_test(unused_is_neither_failed_nor_in_the_way),
		cmocka_unit_test(a_session_outlives_a_short_cable_loss),
		cmocka_unit_test(a_lease_that_nobody_confirms_leaves_the_session_online),
		cmocka_unit_test(a_refused_subscription_is_shown_but_online),
		cmocka_unit_test(wakes_only_for_news),
		cmocka_unit_test(a_cause_goes_with_its_sentence),
		cmocka_unit_test(texts_are_cut_and_printable),
		cmocka_unit_test(names_everything),
	};

	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
