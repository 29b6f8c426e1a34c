// SPDX-License-Identifier: MIT
/* display_rig.c — the display on a simulated module that is pulled and plugged */
#include "display_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/font.h"
#include "mqttnode/i2cdev.h"
#include "mqttnode/log.h"

#define PATH "/dev/i2c-1"

struct display_rig_journal journal;
struct display_rig_quirks quirks;
time_t wall_clock;

int __wrap_log_event(int level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int __real_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n);
int __wrap_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n);

time_t __wrap_time(time_t *ret);

time_t __wrap_time(time_t *ret)
{
	if (ret)
		*ret = wall_clock;
	return wall_clock;
}

int __wrap_log_event(int level, const char *event, const char *format, ...)
{
	size_t used = strlen(journal.text);
	va_list ap;

	(void)level;
	used += (size_t)snprintf(journal.text + used, sizeof(journal.text) - used,
				 "%s: ", event);
	va_start(ap, format);
	used += (size_t)vsnprintf(journal.text + used, sizeof(journal.text) - used,
				  format, ap);
	va_end(ap);
	assert_true(used + 2 < sizeof(journal.text));
	strcat(journal.text, "\n");
	journal.lines++;
	return 0;
}

int __wrap_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n)
{
	if (quirks.error != 0)
		return quirks.error;
	if (quirks.no_reads && messages[0].read)
		return -EREMOTEIO;
	return __real_i2cdev_transfer(bus, messages, n);
}

struct rig *rig_new(const char *module, const struct oled_settings *settings,
		    bool real_time)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	memset(&journal, 0, sizeof(journal));
	memset(&quirks, 0, sizeof(quirks));
	rig->module = oled_module_find(module);
	rig->settings = *settings;
	if (real_time)
		assert_int_equal(board_time_new_real(&rig->time), 0);
	else
		assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(sim_i2c_new(&rig->adapter, rig->time, PATH, &rig->report), 0);
	assert_int_equal(
		oled_sim_new(&rig->panel, rig->module->controller, 7, &rig->report), 0);
	sim_i2c_attach(rig->adapter, 0x3c, rig->panel);
	assert_int_equal(
		display_new(&rig->display, &rig->settings, board_time_clock(rig->time)),
		0);
	return rig;
}

static struct rig *usual_rig(bool real_time)
{
	const struct oled_settings settings = module_settings("ssd1306");

	return rig_new("ssd1306", &settings, real_time);
}

int set_up(void **state)
{
	*state = usual_rig(false);
	return 0;
}

int set_up_real(void **state)
{
	*state = usual_rig(true);
	return 0;
}

int tear_down(void **state)
{
	struct rig *rig = *state;

	if (rig->report.n_violations > 0)
		print_error("%s\n", rig->report.violations[0].text);
	assert_int_equal(rig->report.n_violations, 0);
	rig->display = display_free(rig->display);
	rig->adapter = sim_i2c_free(rig->adapter);
	rig->panel = oled_sim_free(rig->panel);
	rig->time = board_time_free(rig->time);
	free(rig);
	return 0;
}

struct canvas text(const struct rig *rig, const char *s)
{
	struct canvas c;

	display_canvas(&rig->settings, &c);
	font_draw_text(&c, FONT_BOLD, 0, 20, s);
	return c;
}

void post(struct rig *rig, const char *s)
{
	struct canvas c = text(rig, s);

	display_post(rig->display, &c);
}

void turn(struct rig *rig)
{
	rig->next_ns = display_turn(rig->display);
}

void live(struct rig *rig, unsigned int seconds)
{
	uint64_t end = board_time_now_ns(rig->time) + seconds * NSEC_PER_SEC;
	unsigned int turns = 0;

	turn(rig);
	while (rig->next_ns <= end) {
		/* One a second, and one more that came due while a picture was sent. */
		assert_true(++turns <= seconds + 1);
		board_time_advance(rig->time, rig->next_ns);
		turn(rig);
	}
	board_time_advance(rig->time, end);
}

bool look(struct rig *rig, struct oled_picture *ret)
{
	oled_glass_picture(rig->module->glass, oled_sim_state(rig->panel), ret);
	return ret->lit && sim_i2c_plugged(rig->adapter);
}

bool sees_picture(struct rig *rig, const struct canvas *expected)
{
	struct oled_picture seen;

	if (!look(rig, &seen))
		return false;
	for (int y = 0; y < seen.height; y++)
		for (int x = 0; x < seen.width; x++)
			if (seen.pixels[y][x] != canvas_get_pixel(expected, x, y))
				return false;
	return true;
}

bool sees(struct rig *rig, const char *s)
{
	struct canvas expected = text(rig, s);

	return sees_picture(rig, &expected);
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

struct display_status status(struct rig *rig)
{
	struct display_status s;

	display_get_status(rig->display, &s);
	return s;
}
