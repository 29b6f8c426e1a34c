// SPDX-License-Identifier: MIT
/* test_oled.c — the panel driver on a strict simulated panel: picture, costs, faults */
#include "mqttnode/oled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "mqttnode/screen.h"
#include "oled_rig.h"

/* With a dark picture. */
static int init(struct rig *rig)
{
	struct canvas dark = blank(rig);

	return oled_init(rig->oled, &dark);
}

static void show(struct rig *rig, const struct canvas *picture)
{
	assert_true(oled_show(rig->oled, picture) >= 0);
}

#define LIMIT .max_write = I2C_MESSAGE_LEN_MAX

static void takes_only_the_size_it_can_drive(void **state)
{
	static const struct oled_settings bad[] = {
		{ .controller = OLED_SSD1306, .width = 96, .height = 64, LIMIT },
		{ .controller = OLED_SSD1306, .width = 128, .height = 16, LIMIT },
		{ .controller = OLED_SH1106, .width = 128, .height = 32, LIMIT },
		{ .controller = OLED_SH1106,
		  .width = 128,
		  .height = 64,
		  .column_offset = 5,
		  LIMIT },
		{ .width = 128, .height = 64, LIMIT },
		{ .controller = OLED_SSD1306,
		  .width = 128,
		  .height = 64,
		  .max_write = 7 },
	};
	struct rig *rig = *state;
	struct oled *o = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(oled_new(&o, rig->bus, &bad[i]), -EINVAL);
	assert_null(o);
	assert_null(oled_free(NULL));
	assert_cost(rig, 0, 0);
}

static void begins_with_all_of_the_picture(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise(rig);

	/* NOP and AE and 24 bytes of registers; 8 pages; AF; one read. */
	quirks.dark = oled_sim_state(rig->panel);
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_cost(rig, 1 + 8 + 1 + 1, (2 + 26) + 1080 + 3 + 2);
	assert_seen(rig, &c);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 0x7f);
	assert_int_equal(rig->report.n_warnings, 0);
}

static void sends_nothing_if_nothing_changed(void **state)
{
	struct rig *rig = *state;
	struct canvas c = text(rig, "unchanged", 3, 11);

	assert_int_equal(init(rig), 0);
	assert_int_equal(oled_show(rig->oled, &c), 1);
	skip_cost(rig);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 0, 0);
	assert_seen(rig, &c);
}

static void a_character_costs_15_bytes(void **state)
{
	static const uint8_t full[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct rig *rig = *state;
	struct canvas c = blank(rig);

	assert_int_equal(init(rig), 0);
	skip_cost(rig);
	canvas_draw_columns(&c, 40, 16, full, 8);
	show(rig, &c);
	assert_cost(rig, 1, 15);
	assert_seen(rig, &c);

	c = blank(rig); /* gone again: it straddled no page */
	show(rig, &c);
	assert_cost(rig, 1, 15);
	canvas_draw_columns(&c, 120, 20, full, 8);
	show(rig, &c);
	assert_cost(rig, 2, 30);
	assert_seen(rig, &c);
}

static void a_full_repaint_costs_1080_bytes(void **state)
{
	struct rig *rig = *state;
	struct canvas c = blank(rig);

	assert_int_equal(init(rig), 0);
	skip_cost(rig);
	memset(c.data, 0xa5, sizeof(c.data));
	show(rig, &c);
	assert_cost(rig, 8, 1080);
	assert_seen(rig, &c);
}

static void the_address_page_costs_at_most_746_bytes(void **state)
{
	struct rig *rig = *state;
	struct facts_view facts = { .prefix_len = 32 };
	struct canvas c = blank(rig);

	(void)inet_pton(AF_INET, "192.168.100.200", &facts.address);
	(void)inet_pton(AF_INET, "255.255.255.255", &facts.gateway);
	screen_draw_address(&c, &facts);
	assert_int_equal(init(rig), 0);
	skip_cost(rig);
	show(rig, &c);
	assert_in_range(sim_i2c_stats(rig->adapter)->wire_bytes - rig->before.wire_bytes,
			1, 746);
	assert_seen(rig, &c);
}

static void bridges_short_gaps_and_no_others(void **state)
{
	struct rig *rig = *state;
	struct canvas c = blank(rig);

	assert_int_equal(init(rig), 0);
	skip_cost(rig);
	c.data[10] = c.data[18] = 1; /* 7 unchanged columns between them */
	show(rig, &c);
	assert_cost(rig, 1, 7 + 9);
	c.data[10] = c.data[19] = 2; /* 8 */
	show(rig, &c);
	assert_cost(rig, 2, 7 + 1 + 7 + 1);
	c.data[0] = c.data[127] = 3; /* the edges of a page */
	c.data[128] = 4;	     /* the next page is a run of its own */
	show(rig, &c);
	assert_cost(rig, 3, 3 * 8);
	assert_seen(rig, &c);
}

static void shows_any_change_exactly(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise(rig);

	srand(1);
	assert_int_equal(init(rig), 0);
	for (int i = 0; i < 300; i++) {
		for (int k = rand() % 20; k >= 0; k--)
			c.data[rand() % (int)sizeof(c.data)] = (uint8_t)rand();
		show(rig, &c);
		assert_seen(rig, &c);
	}
}

static void the_picture_is_right_after_any_fault(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas c = blank(rig), shown;
	unsigned int failures = 0;

	srand(2);
	assert_int_equal(init(rig), 0);
	for (int i = 0; i < 500; i++) {
		shown = c;
		for (int k = rand() % 100; k >= 0; k--)
			c.data[rand() % (int)sizeof(c.data)] = (uint8_t)rand();
		faults->nak = rand() % 2;
		faults->nak_at = (uint32_t)(rand() % 40);
		faults->short_next = rand() % 4 == 0;
		if (oled_show(rig->oled, &c) < 0)
			failures++;
		faults->nak = false;
		faults->short_next = 0;
		if (rand() % 2)
			c = shown; /* what the panel took of the new one must go */
		show(rig, &c);
		assert_seen(rig, &c);
	}
	assert_true(failures > 100);
}

static void reports_errors_of_the_bus(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas c = text(rig, "x", 0, 0);

	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(init(rig), -EREMOTEIO);
	assert_cost(rig, 1, 1); /* one address probe */
	sim_i2c_options(rig->adapter)->nak_errno = ENXIO;
	assert_int_equal(init(rig), -ENXIO);

	sim_i2c_plug(rig->adapter, true);
	assert_int_equal(init(rig), 0);
	faults->stuck = true;
	assert_int_equal(oled_show(rig->oled, &c), -ETIMEDOUT);
	assert_int_equal(oled_check(rig->oled), -ETIMEDOUT);
	assert_int_equal(oled_reassert(rig->oled, &c), -ETIMEDOUT);
	assert_int_equal(oled_off(rig->oled), -ETIMEDOUT);
	faults->stuck = false;
	assert_int_equal(oled_reassert(rig->oled, &c), 0);
}

static void an_error_at_any_step_is_reported(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise(rig);

	/* Registers, eight pages, on. The read after that may fail. */
	for (unsigned int call = 1; call <= 10; call++) {
		quirks.fail_call = call;
		assert_int_equal(init(rig), -EIO);
	}
	assert_int_equal(init(rig), 0);
	show(rig, &c);
	for (unsigned int call = 1; call <= 10; call++) {
		quirks.fail_call = call;
		assert_int_equal(oled_reassert(rig->oled, &c), -EIO);
	}
	assert_int_equal(oled_reassert(rig->oled, &c), 0);
	assert_seen(rig, &c);
	/* Off, then eight pages. */
	for (unsigned int call = 1; call <= 9; call++) {
		show(rig, &c);
		quirks.fail_call = call;
		assert_int_equal(oled_off(rig->oled), -EIO);
	}
}

static void tries_again_when_arbitration_is_lost(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas c = text(rig, "mine", 0, 0);

	assert_int_equal(init(rig), 0);
	faults->eagain_next = 2;
	show(rig, &c);
	assert_seen(rig, &c);
	faults->eagain_next = 3;
	assert_int_equal(oled_check(rig->oled), -EAGAIN);
	assert_int_equal(faults->eagain_next, 0);
}

/* All registers are right after a message that broke off at any byte of the first one. */
static void starts_over_after_a_broken_start(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas dark = blank(rig);
	struct oled_state clean;

	assert_int_equal(init(rig), 0);
	clean = *oled_sim_state(rig->panel);
	quirks.dark = oled_sim_state(rig->panel);
	for (uint32_t byte = 0; byte < 27; byte++) {
		if (byte % 2)
			oled_sim_lose_power(rig->panel);
		faults->nak = true;
		faults->nak_at = byte;
		assert_true(init(rig) < 0);
		faults->nak = false;
		assert_int_equal(init(rig), 0);
		faults->nak = true;
		assert_true(oled_reassert(rig->oled, &dark) < 0); /* leaves it on */
		faults->nak = false;
		assert_int_equal(init(rig), 0);
		assert_memory_equal(oled_sim_state(rig->panel), &clean, sizeof(clean));
	}
}

static void notices_a_panel_that_lost_power(void **state)
{
	struct rig *rig = *state;
	struct canvas c = text(rig, "still here", 0, 30);

	assert_int_equal(init(rig), 0);
	show(rig, &c);
	skip_cost(rig);
	assert_int_equal(oled_check(rig->oled), 1);
	assert_cost(rig, 1, 2);

	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_check(rig->oled), 0);
	assert_int_equal(init(rig), 0);
	assert_int_equal(oled_check(rig->oled), 1);
	show(rig, &c);
	assert_seen(rig, &c);
}

static void heals_what_nobody_noticed(void **state)
{
	struct rig *rig = *state;
	struct canvas c = text(rig, "healed", 0, 30);

	assert_int_equal(init(rig), 0);
	show(rig, &c);
	skip_cost(rig);
	assert_int_equal(oled_reassert(rig->oled, &c), 0);
	assert_cost(rig, 1 + 8 + 1, (2 + 25) + 1080 + 3);
	assert_seen(rig, &c);

	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_reassert(rig->oled, &c), 0);
	assert_seen(rig, &c);
}

static void does_without_a_status_that_cannot_be_read(void **state)
{
	struct rig *rig = *state;

	quirks.no_reads = true;
	assert_int_equal(init(rig), 0);
	skip_cost(rig);
	assert_int_equal(oled_check(rig->oled), 1);
	assert_cost(rig, 1, 3);
	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(oled_check(rig->oled), -EREMOTEIO);
}

static void does_not_believe_a_status_that_is_wrong(void **state)
{
	struct rig *rig = *state;

	quirks.status = 0xff; /* "off", right after it was switched on */
	assert_int_equal(init(rig), 0);
	assert_int_equal(oled_check(rig->oled), 1);
	quirks.status = 0;
	assert_int_equal(init(rig), 0);
	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_check(rig->oled), 0);
}

static void works_on_adapters_with_limits(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise(rig);

	quirks.messages_max = 1;
	quirks.len_max = 32;
	assert_int_equal(init(rig), 0);
	show(rig, &c);
	assert_seen(rig, &c);

	/* It is not asked again for what it cannot do. */
	quirks.messages_max = quirks.len_max = 0;
	skip_cost(rig);
	c.data[500] ^= 1;
	show(rig, &c);
	assert_cost(rig, 1, 8 + 1);

	/* Less than anybody has: max_write must be told. */
	quirks.len_max = 8;
	assert_int_equal(init(rig), -EOPNOTSUPP);
}

/* The begin of the setup alone is longer than some adapters can write. */
static void finds_out_the_limit_whatever_comes_first(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise(rig);

	quirks.len_max = 24;
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_seen(rig, &c);
}

static void writes_no_more_than_it_may(void **state)
{
	static const uint16_t limits[] = { 8, 9, 23, 24, 32, 128, 129, 8192 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits) * 2; i++) {
		struct oled_settings settings = module_settings("ssd1306");
		struct canvas c;
		struct rig *rig;

		settings.max_write = limits[i / 2];
		rig = oled_rig_new("ssd1306", &settings);
		quirks.messages_max = i % 2;
		quirks.len_max = settings.max_write;
		c = noise(rig);
		assert_int_equal(oled_init(rig->oled, &c), 0);
		assert_seen(rig, &c);
		for (int k = 0; k < 20; k++) {
			c.data[rand() % 1024] ^= 0x55;
			show(rig, &c);
			assert_seen(rig, &c);
		}
		oled_rig_free(rig);
	}
}

static void a_limit_costs_only_what_is_longer(void **state)
{
	static const uint8_t block[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct oled_settings settings = module_settings("ssd1306");
	struct canvas c;
	struct rig *rig;

	(void)state;
	settings.max_write = 32;
	rig = oled_rig_new("ssd1306", &settings);
	c = blank(rig);
	assert_int_equal(oled_init(rig->oled, &c), 0);
	skip_cost(rig);
	canvas_draw_columns(&c, 40, 16, block, sizeof(block));
	show(rig, &c);
	assert_cost(rig, 1, 15);
	memset(c.data, 0xa5, 128);
	show(rig, &c);
	assert_cost(rig, 5, 128 + 5 * 7); /* 31 columns in each but the last */
	oled_rig_free(rig);
}

static void leaves_the_panel_dark_and_off(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise(rig);
	const struct oled_state *panel = oled_sim_state(rig->panel);

	assert_int_equal(init(rig), 0);
	show(rig, &c);
	assert_true(panel->on);
	assert_int_equal(oled_off(rig->oled), 0);
	assert_false(panel->on);
	for (int page = 0; page < 8; page++)
		for (int x = 0; x < 128; x++)
			assert_int_equal(panel->ram[page][x], 0);
}

#define OLED_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OLED_CASE(takes_only_the_size_it_can_drive),
		OLED_CASE(begins_with_all_of_the_picture),
		OLED_CASE(sends_nothing_if_nothing_changed),
		OLED_CASE(a_character_costs_15_bytes),
		OLED_CASE(a_full_repaint_costs_1080_bytes),
		OLED_CASE(the_address_page_costs_at_most_746_bytes),
		OLED_CASE(bridges_short_gaps_and_no_others),
		OLED_CASE(shows_any_change_exactly),
		OLED_CASE(the_picture_is_right_after_any_fault),
		OLED_CASE(reports_errors_of_the_bus),
		OLED_CASE(an_error_at_any_step_is_reported),
		OLED_CASE(tries_again_when_arbitration_is_lost),
		OLED_CASE(starts_over_after_a_broken_start),
		OLED_CASE(notices_a_panel_that_lost_power),
		OLED_CASE(heals_what_nobody_noticed),
		OLED_CASE(does_without_a_status_that_cannot_be_read),
		OLED_CASE(does_not_believe_a_status_that_is_wrong),
		OLED_CASE(works_on_adapters_with_limits),
		OLED_CASE(finds_out_the_limit_whatever_comes_first),
		cmocka_unit_test(writes_no_more_than_it_may),
		cmocka_unit_test(a_limit_costs_only_what_is_longer),
		OLED_CASE(leaves_the_panel_dark_and_off),
	};

	return cmocka_run_group_tests_name("oled", tests, NULL, NULL);
}
