// SPDX-License-Identifier: MIT
/*
 * test_oled_panels.c — the panel driver on every module, upright and turned
 *
 * A violation of a strict model fails the test: no command that an SH1106
 * misreads is ever sent to one.
 */
#include "mqttnode/oled.h"

#include <errno.h>
#include <string.h>

#include "oled_rig.h"

/* As a person sees a picture of the panel's size that the panel turns by 180 degrees. */
static struct canvas turned(const struct canvas *c)
{
	struct canvas ret;

	canvas_init(&ret, c->width, c->height);
	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++)
			canvas_set_pixel(&ret, c->width - 1 - x, c->height - 1 - y,
					 canvas_get_pixel(c, x, y));
	return ret;
}

/* All that a driver does in its life. */
static void live(struct rig *rig, bool upside_down)
{
	struct canvas c = noise(rig), seen;

	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_null(oled_suspect(rig->oled));
	for (int i = 0; i < 50; i++) {
		for (int k = rand() % 20; k >= 0; k--)
			c.data[rand() % (c.width * c.height / 8)] = (uint8_t)rand();
		assert_true(oled_show(rig->oled, &c) >= 0);
		seen = upside_down ? turned(&c) : c;
		assert_seen(rig, &seen);
	}
	assert_int_equal(oled_check(rig->oled), 1);
	assert_int_equal(oled_reassert(rig->oled, &c), 0);
	assert_seen(rig, &seen);
	assert_int_equal(oled_set_contrast(rig->oled, 9), 0);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 9);
	assert_int_equal(oled_sleep(rig->oled), 0);
	assert_int_equal(oled_check(rig->oled), 1);
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_seen(rig, &seen);
	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_check(rig->oled), 0);
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_seen(rig, &seen);
	assert_int_equal(oled_off(rig->oled), 0);
	assert_false(oled_sim_state(rig->panel)->on);
}

static void drives_every_module_at_every_half_turn(void **state)
{
	static const uint16_t turns[] = { 0, 90, 180, 270 };

	(void)state;
	for (size_t i = 0; i < oled_n_modules; i++)
		for (size_t k = 0; k < ARRAY_SIZE(turns); k++) {
			struct oled_settings settings =
				module_settings(oled_modules[i].name);
			struct rig *rig;

			settings.rotate = turns[k];
			rig = oled_rig_new(oled_modules[i].name, &settings);
			live(rig, turns[k] >= 180);
			assert_int_equal(rig->report.n_violations, 0);
			oled_rig_free(rig);
		}
}

/* Where the sources disagree about the chip, either will do. */
static void works_with_either_reading_of_the_datasheets(void **state)
{
	static const struct oled_options options[] = {
		{ .wrap_to_zero = true },
		{ .remap_at_once = true },
		{ .wrap_to_zero = true, .remap_at_once = true },
	};

	(void)state;
	for (size_t i = 0; i < oled_n_modules; i++)
		for (size_t k = 0; k < ARRAY_SIZE(options); k++) {
			struct oled_settings settings =
				module_settings(oled_modules[i].name);
			struct rig *rig = oled_rig_new(oled_modules[i].name, &settings);

			*oled_sim_options(rig->panel) = options[k];
			live(rig, false);
			oled_rig_free(rig);
		}
}

static void starts_another_module_with_any_registers_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < oled_n_modules; i++) {
		struct oled_settings settings = module_settings(oled_modules[i].name);
		struct rig *rig = oled_rig_new(oled_modules[i].name, &settings);
		struct canvas c = noise(rig);
		uint8_t others[] = { 0x00, 0x6a, 0xa5, 0xa7, 0xa8, 0x2f,
				     0xd3, 0x11, 0xa0, 0xc0, 0x81, 0x03 };

		/* What another program has left behind. */
		assert_int_equal(
			i2cdev_transfer(rig->bus,
					&(struct i2c_message){ .buf = others,
							       .len = sizeof(others) },
					1),
			0);
		assert_int_equal(oled_init(rig->oled, &c), 0);
		assert_seen(rig, &c);
		oled_rig_free(rig);
	}
}

static void costs_the_same_on_an_sh1106(void **state)
{
	static const uint8_t full[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct oled_settings settings = module_settings("sh1106");
	struct rig *rig = oled_rig_new("sh1106", &settings);
	struct canvas c = blank(rig);

	(void)state;
	/* NOP, AE, 22 bytes of registers; 8 pages of 132 columns; AF; one read. */
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_cost(rig, 1 + 8 + 1 + 1, (2 + 24) + 8 * 139 + 3 + 2);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 0, 0);
	canvas_draw_columns(&c, 40, 16, full, 8);
	assert_int_equal(oled_show(rig->oled, &c), 1);
	assert_cost(rig, 1, 15);
	canvas_draw_columns(&c, 120, 28, full, 8);
	assert_int_equal(oled_show(rig->oled, &c), 1);
	assert_cost(rig, 2, 30);
	for (size_t i = 0; i < sizeof(c.data); i++)
		c.data[i] ^= 0xff;
	assert_int_equal(oled_show(rig->oled, &c), 1);
	assert_cost(rig, 8, 1080);
	assert_seen(rig, &c);
	oled_rig_free(rig);
}

static void half_the_rows_cost_half(void **state)
{
	struct oled_settings settings = module_settings("ssd1306-32");
	struct rig *rig = oled_rig_new("ssd1306-32", &settings);
	struct canvas c = blank(rig);

	(void)state;
	assert_int_equal(oled_init(rig->oled, &c), 0);
	skip_cost(rig);
	memset(c.data, 0xa5, 512);
	assert_int_equal(oled_show(rig->oled, &c), 1);
	assert_cost(rig, 4, 540);
	oled_rig_free(rig);
}

static void inverts_all_that_is_seen(void **state)
{
	struct oled_settings settings = module_settings("ssd1306");
	struct canvas c, inverse;
	struct rig *rig;

	(void)state;
	settings.invert = true;
	rig = oled_rig_new("ssd1306", &settings);
	c = inverse = noise(rig);
	for (size_t i = 0; i < sizeof(c.data); i++)
		inverse.data[i] ^= 0xff;
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_seen(rig, &inverse);
	oled_rig_free(rig);
}

static void sends_the_contrast_when_it_changes(void **state)
{
	struct oled_settings settings = module_settings("ssd1306");
	struct canvas c;
	struct rig *rig;

	(void)state;
	settings.contrast = 200;
	rig = oled_rig_new("ssd1306", &settings);
	c = blank(rig);
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 200);
	skip_cost(rig);
	assert_int_equal(oled_set_contrast(rig->oled, 200), 0);
	assert_cost(rig, 0, 0);
	assert_int_equal(oled_set_contrast(rig->oled, 1), 0);
	assert_cost(rig, 1, 4);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 1);

	/* One that did not arrive is not forgotten. */
	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(oled_set_contrast(rig->oled, 77), -EREMOTEIO);
	assert_int_equal(oled_set_contrast(rig->oled, 77), -EREMOTEIO);
	sim_i2c_plug(rig->adapter, true);
	assert_int_equal(oled_init(rig->oled, &c), 0);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 77);
	oled_rig_free(rig);
}

static void a_sleeping_panel_is_watched_all_the_same(void **state)
{
	struct oled_settings settings = module_settings("ssd1306");
	struct rig *rig = oled_rig_new("ssd1306", &settings);
	uint8_t on[] = { 0x00, 0xaf };
	struct canvas c = noise(rig);

	(void)state;
	assert_int_equal(oled_init(rig->oled, &c), 0);
	skip_cost(rig);
	assert_int_equal(oled_sleep(rig->oled), 0);
	assert_cost(rig, 1, 3);
	assert_int_equal(oled_check(rig->oled), 1);
	assert_cost(rig, 1, 2);
	assert_int_equal(i2cdev_transfer(rig->bus,
					 &(struct i2c_message){ .buf = on, .len = 2 }, 1),
			 0);
	assert_int_equal(oled_check(rig->oled), 0); /* another program woke it */
	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(oled_check(rig->oled), -EREMOTEIO);
	assert_int_equal(oled_sleep(rig->oled), -EREMOTEIO);
	oled_rig_free(rig);
}

/* An SH1106 sold as an SSD1306 and the other way round; such a driver misleads a strict
 * model. */
static void suspects_a_controller_that_is_not_the_configured_one(void **state)
{
	static const struct {
		const char *module;
		uint8_t status;
		const char *suspect;
	} cases[] = {
		{ "ssd1306", 0x06, NULL },     { "ssd1306", 0x03, NULL },
		{ "ssd1306", 0x08, "sh1106" }, { "ssd1306", 0x07, NULL },
		{ "ssd1309", 0x08, "sh1106" }, { "sh1106", 0x08, NULL },
		{ "sh1106", 0x06, "ssd1306" }, { "sh1106", 0x03, "ssd1306" },
		{ "sh1106", 0xff, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oled_settings settings = module_settings(cases[i].module);
		struct rig *rig = oled_rig_new(cases[i].module, &settings);
		struct canvas c = blank(rig);

		quirks.status = cases[i].status;
		assert_int_equal(oled_init(rig->oled, &c), 0);
		if (cases[i].suspect)
			assert_string_equal(oled_suspect(rig->oled), cases[i].suspect);
		else
			assert_null(oled_suspect(rig->oled));
		oled_rig_free(rig);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(drives_every_module_at_every_half_turn),
		cmocka_unit_test(works_with_either_reading_of_the_datasheets),
		cmocka_unit_test(starts_another_module_with_any_registers_right),
		cmocka_unit_test(costs_the_same_on_an_sh1106),
		cmocka_unit_test(half_the_rows_cost_half),
		cmocka_unit_test(inverts_all_that_is_seen),
		cmocka_unit_test(sends_the_contrast_when_it_changes),
		cmocka_unit_test(a_sleeping_panel_is_watched_all_the_same),
		cmocka_unit_test(suspects_a_controller_that_is_not_the_configured_one),
	};

	return cmocka_run_group_tests_name("oled_panels", tests, NULL, NULL);
}
