// SPDX-License-Identifier: MIT
/* test_climb.c — what a temporary node may do, and when it has seen enough */
#include "mqttnode/climb.h"

#include <string.h>

#include "unit.h"

#include "mqttnode/clock.h"

#define SEC NSEC_PER_SEC

static struct ladder_view view;

/* All rungs are as in @state since the clock was 1 s, those from @first on wait. */
static void stands(enum rung first, enum rung_state state)
{
	memset(&view, 0, sizeof(view));
	view.first_bad = -1;
	for (int i = 0; i < RUNGS; i++) {
		view.rungs[i].state = i < (int)first   ? RUNG_STATE_OK
				      : i > (int)first ? RUNG_STATE_WAITING
						       : state;
		view.rungs[i].since_ns = SEC;
	}
	if (first < RUNGS)
		view.first_bad = (int)first;
	view.online = first >= RUNGS;
}

static bool over_after(uint64_t seconds)
{
	return climb_is_over(&view, NULL, SEC, (1 + seconds) * SEC);
}

static void at_the_top_it_stays_for_a_while(void **state)
{
	(void)state;
	stands(RUNGS, RUNG_STATE_OK);
	assert_false(over_after(3));
	assert_true(over_after(4));
}

static void a_failure_must_last(void **state)
{
	(void)state;
	stands(RUNG_TCP, RUNG_STATE_FAILED);
	assert_false(over_after(2));
	assert_true(over_after(3));
	stands(RUNG_ADDRESS, RUNG_STATE_FAILED);
	assert_false(over_after(7));
	assert_true(over_after(8));
}

static void trying_is_waited_for_but_not_for_ever(void **state)
{
	(void)state;
	stands(RUNG_NAME, RUNG_STATE_TRYING);
	assert_false(over_after(59));
	assert_true(over_after(60));
}

static void a_link_that_comes_and_goes_is_enough(void **state)
{
	(void)state;
	stands(RUNG_LINK, RUNG_STATE_FAILED);
	view.rungs[RUNG_LINK].cause = CAUSE_LINK_FLAPPING;
	assert_true(over_after(0));
}

static void the_display_is_waited_for(void **state)
{
	struct display_status display = { 0 };

	(void)state;
	stands(RUNGS, RUNG_STATE_OK);
	assert_false(climb_is_over(&view, &display, SEC, 11 * SEC));
	display.cause_id = CAUSE_OLED_ABSENT;
	assert_true(climb_is_over(&view, &display, SEC, 11 * SEC));
	display = (struct display_status){ .present = true };
	assert_true(climb_is_over(&view, &display, SEC, 11 * SEC));
}

static void a_temporary_node_only_looks(void **state)
{
	static char topic[] = "a/b", id[] = "node", prefix[] = "homeassistant";
	struct subscription_settings subscription = { .topic = topic,
						      .qos = 1,
						      .actions = SUBSCRIPTION_GPIO |
								 SUBSCRIPTION_COMMAND };
	struct publication_settings publication = { .topic = topic };
	struct settings settings = {
		.mqtt = { .client_id = id,
			  .discovery = prefix,
			  .clean_session = true,
			  .info = true,
			  .health_interval_s = 10,
			  .status = true,
			  .publish = &publication,
			  .n_publish = 1,
			  .subscribe = &subscription,
			  .n_subscribe = 1 },
	};
	struct climb_settings c;

	(void)state;
	assert_int_equal(climb_settings_make(&c, &settings), 0);
	assert_int_equal(c.settings.mqtt.n_publish, 0);
	assert_int_equal(c.settings.mqtt.n_subscribe, 1);
	assert_string_equal(c.settings.mqtt.subscribe[0].topic, topic);
	assert_int_equal(c.settings.mqtt.subscribe[0].qos, 1);
	assert_int_equal(c.settings.mqtt.subscribe[0].actions, 0);
	assert_string_equal(c.settings.mqtt.discovery, "");
	assert_false(c.settings.mqtt.info);
	assert_int_equal(c.settings.mqtt.health_interval_s, 0);
	assert_ptr_equal(c.settings.mqtt.client_id, id);
	climb_settings_clear(&c);
	/* the original is as it was */
	assert_int_equal(subscription.actions, SUBSCRIPTION_GPIO | SUBSCRIPTION_COMMAND);
	assert_int_equal(settings.mqtt.n_publish, 1);
}

static void a_session_that_is_kept_is_left_alone(void **state)
{
	static char id[] = "node", prefix[] = "", base[] = "plant/7";
	struct settings settings = { .mqtt = { .client_id = id, .discovery = prefix } };
	struct climb_settings c;

	(void)state;
	assert_int_equal(climb_settings_make(&c, &settings), 0);
	assert_string_equal(c.settings.mqtt.client_id, "node-doctor");
	assert_true(c.settings.mqtt.clean_session);
	/* what the broker permits is for the topics of the daemon */
	assert_string_equal(c.settings.mqtt.base_topic, "mqttnode/node");
	climb_settings_clear(&c);
	settings.mqtt.base_topic = base;
	assert_int_equal(climb_settings_make(&c, &settings), 0);
	assert_ptr_equal(c.settings.mqtt.base_topic, base);
	climb_settings_clear(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_the_top_it_stays_for_a_while),
		cmocka_unit_test(a_failure_must_last),
		cmocka_unit_test(trying_is_waited_for_but_not_for_ever),
		cmocka_unit_test(a_link_that_comes_and_goes_is_enough),
		cmocka_unit_test(the_display_is_waited_for),
		cmocka_unit_test(a_temporary_node_only_looks),
		cmocka_unit_test(a_session_that_is_kept_is_left_alone),
	};

	return cmocka_run_group_tests_name("climb", tests, NULL, NULL);
}
