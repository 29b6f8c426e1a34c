// SPDX-License-Identifier: MIT
/* test_display_burnin.c — how long pixels are lit in a day, and what spares them */
#include "mqttnode/display.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "display_rig.h"
#include "mqttnode/font.h"
#include "mqttnode/screen.h"
#include "short.h"

#define DAY_S	  (is_short() ? 7200U : 86400U)
#define MESSAGE_S 5U

/* For how many seconds each pixel was lit. */
struct wear {
	unsigned int lit_s[OLED_HEIGHT_MAX][OLED_WIDTH_MAX];
	unsigned int dark_s;	 /* all of them */
	struct oled_state state; /* of the panel, unchanged */
	unsigned int since_s;	 /* for so long */
};

/* With what spares a panel by default. */
static struct rig *spared_rig(void)
{
	struct oled_settings settings = module_settings("ssd1306");

	settings.idle_off_ms = 1800 * 1000;
	settings.pixel_shift = true;
	return rig_new("ssd1306", &settings, false);
}

/* Counts what the panel has shown while it did not change. */
static void settle(struct rig *rig, struct wear *wear)
{
	struct oled_picture seen;

	oled_glass_picture(rig->module->glass, &wear->state, &seen);
	if (!seen.lit)
		wear->dark_s += wear->since_s;
	for (int y = 0; y < OLED_HEIGHT_MAX; y++)
		for (int x = 0; x < OLED_WIDTH_MAX; x++)
			if (seen.pixels[y][x])
				wear->lit_s[y][x] += wear->since_s;
	wear->since_s = 0;
}

/* A second of life, during which the panel shows what it shows at the end of it. */
static void wear_a_second(struct rig *rig, struct wear *wear)
{
	live(rig, 1);
	if (memcmp(oled_sim_state(rig->panel), &wear->state, sizeof(wear->state)) != 0) {
		settle(rig, wear);
		wear->state = *oled_sim_state(rig->panel);
	}
	wear->since_s++;
}

static void wear_for(struct rig *rig, struct wear *wear, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++)
		wear_a_second(rig, wear);
	settle(rig, wear);
}

static unsigned int most_worn_s(const struct wear *wear)
{
	unsigned int most = 0;

	for (int y = 0; y < OLED_HEIGHT_MAX; y++)
		for (int x = 0; x < OLED_WIDTH_MAX; x++)
			if (wear->lit_s[y][x] > most)
				most = wear->lit_s[y][x];
	return most;
}

static struct canvas lesson_page(const char *address, const char *gateway)
{
	struct facts_view facts = { .prefix_len = 24 };
	struct canvas c;

	canvas_init(&c, 128, 64);
	(void)inet_pton(AF_INET, address, &facts.address);
	(void)inet_pton(AF_INET, gateway, &facts.gateway);
	screen_draw_address(&c, &facts);
	return c;
}

static void no_pixel_of_the_lesson_s_page_is_lit_most_of_the_day(void **state)
{
	static const char *const nets[][2] = {
		{ "192.168.1.117", "192.168.1.1" },
		{ "192.168.222.222", "192.168.222.255" },
		{ "10.0.0.8", "10.0.0.1" },
		{ "192.168.1.117", "0.0.0.0" }, /* "no gateway" */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		static struct wear wear;
		struct rig *rig = spared_rig();
		struct canvas page = lesson_page(nets[i][0], nets[i][1]), message;
		void *rig_state = rig;

		memset(&wear, 0, sizeof(wear));
		canvas_init(&message, 128, 64);
		font_draw_text(&message, FONT_BOLD, 0, 0, "/public/01Studio");
		font_draw_text(&message, FONT_BOLD, 0, 16, "Hello node!");
		for (unsigned int minute = 0; minute < DAY_S / 60; minute++) {
			display_post(rig->display, &message);
			display_wake(rig->display);
			wear_for(rig, &wear, MESSAGE_S);
			display_post(rig->display, &page);
			wear_for(rig, &wear, 60 - MESSAGE_S);
		}
		printf("# burn-in: %s, gateway %s: a pixel is lit at most %.1f %% of a day\n",
		       nets[i][0], nets[i][1], most_worn_s(&wear) * 100.0 / DAY_S);
		assert_in_range(most_worn_s(&wear), 1, DAY_S * 75 / 100);
		assert_int_equal(wear.dark_s, 0);
		tear_down(&rig_state);
	}
}

static void it_is_dark_when_nothing_happens(void **state)
{
	static struct wear wear;
	struct rig *rig = spared_rig();
	struct canvas page = lesson_page("192.168.1.117", "192.168.1.1");
	void *rig_state = rig;

	(void)state;
	display_post(rig->display, &page);
	wear_for(rig, &wear, DAY_S);
	printf("# burn-in: without an event the panel is dark %.1f %% of the time\n",
	       wear.dark_s * 100.0 / DAY_S);
	assert_in_range(wear.dark_s, DAY_S - 1802, DAY_S - 1799);
	tear_down(&rig_state);
}

static void an_event_wakes_it_at_once_and_a_picture_alone_does_not(void **state)
{
	struct rig *rig = spared_rig();
	void *rig_state = rig;

	(void)state;
	rig->settings.pixel_shift = false;
	post(rig, "before");
	live(rig, 1799);
	assert_true(sees(rig, "before"));
	live(rig, 3);
	assert_false(sees(rig, "before"));
	assert_true(status(rig).present);
	assert_true(status(rig).dark);
	assert_false(oled_sim_state(rig->panel)->on);

	/* The clock of a page ticks on: nobody sees it, and nothing is sent. */
	skip_cost(rig);
	post(rig, "meanwhile");
	turn(rig);
	assert_cost(rig, 0, 0);
	live(rig, 100);
	assert_true(status(rig).dark);
	assert_in_range(sim_i2c_stats(rig->adapter)->wire_bytes - rig->before.wire_bytes,
			2 * 99, 2 * 101);

	display_wake(rig->display);
	turn(rig);
	assert_true(sees(rig, "meanwhile"));
	assert_false(status(rig).dark);
	live(rig, 1798);
	assert_true(sees(rig, "meanwhile"));
	live(rig, 4);
	assert_true(status(rig).dark);
	tear_down(&rig_state);
}

static void what_happens_in_the_dark_is_mended_when_it_wakes(void **state)
{
	struct rig *rig = spared_rig();
	void *rig_state = rig;

	(void)state;
	rig->settings.pixel_shift = false;
	post(rig, "here");
	live(rig, 1810);
	assert_true(status(rig).dark);
	oled_sim_lose_power(rig->panel);
	live(rig, 200);
	display_wake(rig->display);
	turn(rig);
	assert_true(sees(rig, "here"));

	/* Plugged in again, it is lit: somebody stands before it. */
	live(rig, 1810);
	assert_true(status(rig).dark);
	sim_i2c_plug(rig->adapter, false);
	live(rig, 3);
	assert_false(status(rig).present || status(rig).dark);
	sim_i2c_plug(rig->adapter, true);
	live(rig, 2);
	assert_true(sees(rig, "here"));
	live(rig, 1810);
	assert_true(status(rig).dark);
	tear_down(&rig_state);
}

static void it_is_dimmed_at_night(void **state)
{
	struct rig *rig = spared_rig();
	void *rig_state = rig;

	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	rig->settings.dim = (struct daily_hours){ 22 * 60, 6 * 60 };
	rig->settings.dim_contrast = 3;
	wall_clock = 20000 * 86400L + 21 * 3600;
	live(rig, 2);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 127);
	skip_cost(rig);
	wall_clock += 3600;
	turn(rig);
	assert_cost(rig, 1, 4);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 3);
	oled_sim_lose_power(rig->panel); /* it is still night when it is back */
	live(rig, 2);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 3);
	wall_clock += 8 * 3600;
	live(rig, 1);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 127);
	tear_down(&rig_state);
}

static void moving_it_costs_no_more_than_a_repaint_a_minute(void **state)
{
	struct rig *rig = spared_rig();
	struct canvas page = lesson_page("192.168.100.200", "255.255.255.255");
	void *rig_state = rig;
	uint64_t bytes;

	(void)state;
	display_post(rig->display, &page);
	live(rig, 2);
	skip_cost(rig);
	live(rig, 600);
	bytes = sim_i2c_stats(rig->adapter)->wire_bytes - rig->before.wire_bytes;
	printf("# display: %llu bytes a minute on the wire while nothing changes\n",
	       (unsigned long long)bytes / 10);
	/* Status, everything again (10.3 times in 600 s), and ten moves. */
	assert_in_range(bytes, 1, 600 * 2 + 11 * 1110 + 10 * 1080);
	tear_down(&rig_state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pixel_of_the_lesson_s_page_is_lit_most_of_the_day),
		cmocka_unit_test(it_is_dark_when_nothing_happens),
		cmocka_unit_test(an_event_wakes_it_at_once_and_a_picture_alone_does_not),
		cmocka_unit_test(what_happens_in_the_dark_is_mended_when_it_wakes),
		cmocka_unit_test(it_is_dimmed_at_night),
		cmocka_unit_test(moving_it_costs_no_more_than_a_repaint_a_minute),
	};

	return cmocka_run_group_tests_name("display_burnin", tests, NULL, NULL);
}
