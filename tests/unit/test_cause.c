// SPDX-License-Identifier: MIT
/* test_cause.c — names of causes: short, plain, one each */
#include "mqttnode/cause.h"

#include <string.h>

#include "unit.h"

static void every_name_is_found_again(void **state)
{
	(void)state;
	for (int i = CAUSE_NONE + 1; i < CAUSE_IDS; i++)
		assert_int_equal(cause_from_string(cause_to_string((enum cause_id)i)), i);
}

static void names_can_be_typed_and_grepped(void **state)
{
	(void)state;
	for (int i = CAUSE_NONE + 1; i < CAUSE_IDS; i++) {
		const char *name = cause_to_string((enum cause_id)i);

		assert_in_range(strlen(name), 3, 24);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(name));
	}
}

static void no_cause_has_no_name(void **state)
{
	(void)state;
	assert_string_equal(cause_to_string(CAUSE_NONE), "");
	assert_int_equal(cause_from_string(""), CAUSE_NONE);
	assert_int_equal(cause_from_string("no-such-cause"), CAUSE_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found_again),
		cmocka_unit_test(names_can_be_typed_and_grepped),
		cmocka_unit_test(no_cause_has_no_name),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
