// SPDX-License-Identifier: MIT
/* oled_rig.c — the panel driver on a strict simulated module */
#include "oled_rig.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/font.h"

#define PATH "/dev/i2c-1"

struct oled_rig_quirks quirks;

int __real_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n);
int __wrap_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n);

int __wrap_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n)
{
	int r;

	if (quirks.dark && n == 2)
		assert_false(quirks.dark->on);
	if (quirks.fail_call > 0 && --quirks.fail_call == 0)
		return -EIO;
	if (quirks.messages_max > 0 && n > quirks.messages_max)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < n; i++) {
		if (quirks.len_max > 0 && messages[i].len > quirks.len_max)
			return -EOPNOTSUPP;
		if (quirks.no_reads && messages[i].read)
			return -EREMOTEIO;
	}
	r = __real_i2cdev_transfer(bus, messages, n);
	if (quirks.status != 0 && messages[0].read)
		messages[0].buf[0] = quirks.status;
	return r;
}

struct rig *oled_rig_new(const char *module, const struct oled_settings *settings)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	memset(&quirks, 0, sizeof(quirks));
	rig->module = oled_module_find(module);
	rig->settings = *settings;
	assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(sim_i2c_new(&rig->adapter, rig->time, PATH, &rig->report), 0);
	assert_int_equal(
		oled_sim_new(&rig->panel, rig->module->controller, 7, &rig->report), 0);
	sim_i2c_attach(rig->adapter, 0x3c, rig->panel);
	assert_int_equal(i2cdev_open(&rig->bus, PATH, 0x3c), 0);
	assert_int_equal(oled_new(&rig->oled, rig->bus, &rig->settings), 0);
	return rig;
}

void oled_rig_free(struct rig *rig)
{
	if (rig->report.n_violations > 0)
		print_error("%s\n", rig->report.violations[0].text);
	assert_int_equal(rig->report.n_violations, 0);
	rig->oled = oled_free(rig->oled);
	rig->bus = i2cdev_close(rig->bus);
	rig->adapter = sim_i2c_free(rig->adapter);
	rig->panel = oled_sim_free(rig->panel);
	rig->time = board_time_free(rig->time);
	free(rig);
}

int set_up(void **state)
{
	const struct oled_settings settings = module_settings("ssd1306");

	*state = oled_rig_new("ssd1306", &settings);
	return 0;
}

int tear_down(void **state)
{
	oled_rig_free(*state);
	return 0;
}

void assert_cost(struct rig *rig, uint64_t calls, uint64_t wire_bytes)
{
	const struct sim_i2c_stats *now = sim_i2c_stats(rig->adapter);

	assert_int_equal(now->calls - rig->before.calls, calls);
	assert_int_equal(now->wire_bytes - rig->before.wire_bytes, wire_bytes);
	rig->before = *now;
}

void skip_cost(struct rig *rig)
{
	rig->before = *sim_i2c_stats(rig->adapter);
}

void assert_seen(struct rig *rig, const struct canvas *expected)
{
	struct oled_picture seen;

	oled_glass_picture(rig->module->glass, oled_sim_state(rig->panel), &seen);
	assert_true(seen.lit);
	assert_int_equal(seen.width, expected->width);
	assert_int_equal(seen.height, expected->height);
	for (int y = 0; y < seen.height; y++)
		for (int x = 0; x < seen.width; x++)
			assert_int_equal(seen.pixels[y][x],
					 canvas_get_pixel(expected, x, y));
}

struct canvas blank(const struct rig *rig)
{
	struct canvas c;

	canvas_init(&c, rig->settings.width, rig->settings.height);
	return c;
}

struct canvas noise(const struct rig *rig)
{
	struct canvas c = blank(rig);

	for (int i = 0; i < c.width * c.height / 8; i++)
		c.data[i] = (uint8_t)rand();
	return c;
}

struct canvas text(const struct rig *rig, const char *s, int x, int y)
{
	struct canvas c = blank(rig);

	font_draw_text(&c, FONT_BOLD, x, y, s);
	return c;
}
