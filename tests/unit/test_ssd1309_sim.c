// SPDX-License-Identifier: MIT
/* test_ssd1309_sim.c — where the simulated SSD1309 differs from an SSD1306 */
#include "sim/ssd1309_sim.h"

#include "module_mutations.h"

static void lights_up_without_a_charge_pump(void **state)
{
	struct rig *rig = *state;
	picture p;

	make_picture(p);
	bring_up(rig);
	send_picture(rig, p);
	assert_int_equal(count_wrong(rig, p), 0);
	assert_clean(rig);
	assert_int_equal(rig->report.n_warnings, 0);
}

static void does_not_know_what_it_does_not_have(void **state)
{
	static const uint8_t opcodes[] = { 0x23, 0x8d, 0xad, 0xd6 };
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(opcodes); i++) {
		send(rig, 0x00, opcodes[i]);
		assert_violation(rig, "Unknown command");
	}
}

static void has_commands_and_levels_of_its_own(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0xdc, 0x02, 0xfd, 0x12, 0xdb, 0x00, 0xdb, 0x34, 0xdb, 0x3c);
	assert_clean(rig);
	assert_int_equal(rig->report.n_warnings, 0);
	send(rig, 0x00, 0xdb, 0x30);
	assert_int_equal(rig->report.n_warnings, 1);
	send(rig, 0x00, 0xdc, 0x04);
	assert_violation(rig, "0xdc: argument 0x04");
	send(rig, 0x00, 0xfd, 0x16);
	assert_violation(rig, "is not 12");
}

static void objects_to_noise_of_the_rows_it_shows(void **state)
{
	static const uint8_t dark[OLED_WIDTH_MAX];
	struct rig *rig = *state;

	/* 32 rows: half of the RAM is never seen, unless the start line moves. */
	send_registers_with(rig, 0xa8, 0x1f, true);
	for (unsigned int page = 0; page < 4; page++)
		send_run(rig, page, 0, dark, sizeof(dark));
	send(rig, 0x00, 0xaf);
	assert_clean(rig);
	send(rig, 0x00, 0xae, 0x41, 0xaf);
	assert_violation(rig, "128 bytes of the RAM were never written");
}

static void catches_what_the_others_catch(void **state)
{
	(void)state;
	assert_common_mutations_caught(rig_setup_ssd1309);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup_ssd1309, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(lights_up_without_a_charge_pump),
		TEST(does_not_know_what_it_does_not_have),
		TEST(has_commands_and_levels_of_its_own),
		TEST(objects_to_noise_of_the_rows_it_shows),
		cmocka_unit_test(catches_what_the_others_catch),
	};

	return cmocka_run_group_tests_name("ssd1309_sim", tests, NULL, NULL);
}
