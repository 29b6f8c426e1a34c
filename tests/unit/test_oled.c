// SPDX-License-Identifier: MIT
/* test_oled.c — the panel driver on a strict simulated panel: picture, costs, faults */
#include "mqttnode/oled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "mqttnode/font.h"
#include "mqttnode/screen.h"
#include "sim/oled_glass.h"
#include "sim/sim_i2c.h"
#include "sim/ssd1306_sim.h"
#include "unit.h"

#define PATH "/dev/i2c-1"

struct rig {
	struct board_time *time;
	struct sim_report report;
	struct sim_i2c *adapter;
	struct oled_sim *panel;
	struct i2c_bus *bus;
	struct oled *oled;
	struct sim_i2c_stats before; /* of the last look at the costs */
};

/* An adapter with limits or a panel with quirks, in front of the simulated bus; 0: none.
 */
static struct {
	size_t messages_max, len_max;  /* beyond: EOPNOTSUPP */
	bool no_reads;		       /* the panel does not acknowledge them */
	uint8_t status;		       /* it answers them with this */
	unsigned int fail_call;	       /* the n-th call from now fails with EIO */
	const struct oled_state *dark; /* a panel that must be off while data is sent */
} quirks;

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

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	memset(&quirks, 0, sizeof(quirks));
	assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(sim_i2c_new(&rig->adapter, rig->time, PATH, &rig->report), 0);
	assert_int_equal(oled_sim_new(&rig->panel, &ssd1306_controller, 7, &rig->report),
			 0);
	sim_i2c_attach(rig->adapter, 0x3c, rig->panel);
	assert_int_equal(i2cdev_open(&rig->bus, PATH, 0x3c), 0);
	assert_int_equal(oled_new(&rig->oled, rig->bus, 128, 64), 0);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (rig->report.n_violations > 0)
		print_error("%s\n", rig->report.violations[0].text);
	assert_int_equal(rig->report.n_violations, 0);
	rig->oled = oled_free(rig->oled);
	rig->bus = i2cdev_close(rig->bus);
	rig->adapter = sim_i2c_free(rig->adapter);
	rig->panel = oled_sim_free(rig->panel);
	rig->time = board_time_free(rig->time);
	free(rig);
	return 0;
}

/* Asserts what the calls since the last look cost: calls and wire bytes. */
static void assert_cost(struct rig *rig, uint64_t calls, uint64_t wire_bytes)
{
	const struct sim_i2c_stats *now = sim_i2c_stats(rig->adapter);

	assert_int_equal(now->calls - rig->before.calls, calls);
	assert_int_equal(now->wire_bytes - rig->before.wire_bytes, wire_bytes);
	rig->before = *now;
}

static void skip_cost(struct rig *rig)
{
	rig->before = *sim_i2c_stats(rig->adapter);
}

/* What a person sees is exactly @expected. */
static void assert_seen(struct rig *rig, const struct canvas *expected)
{
	struct oled_picture seen;

	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->panel), &seen);
	assert_true(seen.lit);
	for (int y = 0; y < 64; y++)
		for (int x = 0; x < 128; x++)
			assert_int_equal(seen.pixels[y][x],
					 canvas_get_pixel(expected, x, y));
}

static struct canvas blank(void)
{
	struct canvas c;

	canvas_init(&c, 128, 64);
	return c;
}

static struct canvas noise(void)
{
	struct canvas c = blank();

	for (size_t i = 0; i < sizeof(c.data); i++)
		c.data[i] = (uint8_t)rand();
	return c;
}

static struct canvas text(const char *s, int x, int y)
{
	struct canvas c = blank();

	font_draw_text(&c, FONT_BOLD, x, y, s);
	return c;
}

static void takes_only_the_size_it_can_drive(void **state)
{
	struct rig *rig = *state;
	struct oled *o = NULL;

	assert_int_equal(oled_new(&o, rig->bus, 128, 32), -EINVAL);
	assert_int_equal(oled_new(&o, rig->bus, 96, 64), -EINVAL);
	assert_null(o);
	assert_null(oled_free(NULL));
	assert_cost(rig, 0, 0);
}

static void begins_with_a_dark_picture(void **state)
{
	struct rig *rig = *state;
	struct canvas dark = blank();

	/* NOP and AE and 25 bytes of registers; 8 pages; AF; one read. */
	assert_int_equal(oled_init(rig->oled), 0);
	assert_cost(rig, 1 + 8 + 1 + 1, (2 + 26) + 1080 + 3 + 2);
	assert_seen(rig, &dark);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 0x7f);
	assert_int_equal(rig->report.n_warnings, 0);
}

static void sends_nothing_if_nothing_changed(void **state)
{
	struct rig *rig = *state;
	struct canvas c = text("unchanged", 3, 11);

	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	skip_cost(rig);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 0, 0);
	assert_seen(rig, &c);
}

static void a_character_costs_15_bytes(void **state)
{
	static const uint8_t full[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct rig *rig = *state;
	struct canvas c = blank();

	assert_int_equal(oled_init(rig->oled), 0);
	skip_cost(rig);
	canvas_draw_columns(&c, 40, 16, full, 8);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 1, 15);
	assert_seen(rig, &c);

	c = blank(); /* gone again: it straddled no page */
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 1, 15);
	canvas_draw_columns(&c, 120, 20, full, 8);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 2, 30);
	assert_seen(rig, &c);
}

static void a_full_repaint_costs_1080_bytes(void **state)
{
	struct rig *rig = *state;
	struct canvas c = blank();

	assert_int_equal(oled_init(rig->oled), 0);
	skip_cost(rig);
	memset(c.data, 0xa5, sizeof(c.data));
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 8, 1080);
	assert_seen(rig, &c);
}

static void the_address_page_costs_at_most_746_bytes(void **state)
{
	struct rig *rig = *state;
	struct facts_view facts = { .prefix_len = 32 };
	struct canvas c = blank();

	(void)inet_pton(AF_INET, "192.168.100.200", &facts.address);
	(void)inet_pton(AF_INET, "255.255.255.255", &facts.gateway);
	screen_draw_address(&c, &facts);
	assert_int_equal(oled_init(rig->oled), 0);
	skip_cost(rig);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_in_range(sim_i2c_stats(rig->adapter)->wire_bytes - rig->before.wire_bytes,
			1, 746);
	assert_seen(rig, &c);
}

static void bridges_short_gaps_and_no_others(void **state)
{
	struct rig *rig = *state;
	struct canvas c = blank();

	assert_int_equal(oled_init(rig->oled), 0);
	skip_cost(rig);
	c.data[10] = c.data[18] = 1; /* 7 unchanged columns between them */
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 1, 7 + 9);
	c.data[10] = c.data[19] = 2; /* 8 */
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 2, 7 + 1 + 7 + 1);
	c.data[0] = c.data[127] = 3; /* the edges of a page */
	c.data[128] = 4;	     /* the next page is a run of its own */
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 3, 3 * 8);
	assert_seen(rig, &c);
}

static void shows_any_change_exactly(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise();

	srand(1);
	assert_int_equal(oled_init(rig->oled), 0);
	for (int i = 0; i < 300; i++) {
		for (int k = rand() % 20; k >= 0; k--)
			c.data[rand() % (int)sizeof(c.data)] = (uint8_t)rand();
		assert_int_equal(oled_show(rig->oled, &c), 0);
		assert_seen(rig, &c);
	}
}

static void the_picture_is_right_after_any_fault(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas c = blank(), shown;
	unsigned int failures = 0;

	srand(2);
	assert_int_equal(oled_init(rig->oled), 0);
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
		assert_int_equal(oled_show(rig->oled, &c), 0);
		assert_seen(rig, &c);
	}
	assert_true(failures > 100);
}

static void reports_errors_of_the_bus(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas c = text("x", 0, 0);

	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(oled_init(rig->oled), -EREMOTEIO);
	assert_cost(rig, 1, 1); /* one address probe */
	sim_i2c_options(rig->adapter)->nak_errno = ENXIO;
	assert_int_equal(oled_init(rig->oled), -ENXIO);

	sim_i2c_plug(rig->adapter, true);
	assert_int_equal(oled_init(rig->oled), 0);
	faults->stuck = true;
	assert_int_equal(oled_show(rig->oled, &c), -ETIMEDOUT);
	assert_int_equal(oled_check(rig->oled), -ETIMEDOUT);
	assert_int_equal(oled_reassert(rig->oled), -ETIMEDOUT);
	assert_int_equal(oled_off(rig->oled), -ETIMEDOUT);
	faults->stuck = false;
	assert_int_equal(oled_reassert(rig->oled), 0);
}

static void an_error_at_any_step_is_reported(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise();

	/* Registers, eight pages, on. The read after that may fail. */
	for (unsigned int call = 1; call <= 10; call++) {
		quirks.fail_call = call;
		assert_int_equal(oled_init(rig->oled), -EIO);
	}
	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	for (unsigned int call = 1; call <= 10; call++) {
		quirks.fail_call = call;
		assert_int_equal(oled_reassert(rig->oled), -EIO);
	}
	assert_int_equal(oled_reassert(rig->oled), 0);
	assert_seen(rig, &c);
	/* Off, then eight pages. */
	for (unsigned int call = 1; call <= 9; call++) {
		assert_int_equal(oled_show(rig->oled, &c), 0);
		quirks.fail_call = call;
		assert_int_equal(oled_off(rig->oled), -EIO);
	}
}

static void tries_again_when_arbitration_is_lost(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c_faults *faults = sim_i2c_faults(rig->adapter);
	struct canvas c = text("mine", 0, 0);

	assert_int_equal(oled_init(rig->oled), 0);
	faults->eagain_next = 2;
	assert_int_equal(oled_show(rig->oled, &c), 0);
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
	struct oled_state clean;

	assert_int_equal(oled_init(rig->oled), 0);
	clean = *oled_sim_state(rig->panel);
	quirks.dark = oled_sim_state(rig->panel);
	for (uint32_t byte = 0; byte < 27; byte++) {
		if (byte % 2)
			oled_sim_lose_power(rig->panel);
		faults->nak = true;
		faults->nak_at = byte;
		assert_true(oled_init(rig->oled) < 0);
		faults->nak = false;
		assert_int_equal(oled_init(rig->oled), 0);
		faults->nak = true;
		assert_true(oled_reassert(rig->oled) < 0); /* leaves it on */
		faults->nak = false;
		assert_int_equal(oled_init(rig->oled), 0);
		assert_memory_equal(oled_sim_state(rig->panel), &clean, sizeof(clean));
	}
}

static void notices_a_panel_that_lost_power(void **state)
{
	struct rig *rig = *state;
	struct canvas c = text("still here", 0, 30);

	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	skip_cost(rig);
	assert_int_equal(oled_check(rig->oled), 1);
	assert_cost(rig, 1, 2);

	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_check(rig->oled), 0);
	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_check(rig->oled), 1);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_seen(rig, &c);
}

static void heals_what_nobody_noticed(void **state)
{
	struct rig *rig = *state;
	struct canvas c = text("healed", 0, 30);

	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	skip_cost(rig);
	assert_int_equal(oled_reassert(rig->oled), 0);
	assert_cost(rig, 1 + 8 + 1, (2 + 25) + 1080 + 3);
	assert_seen(rig, &c);

	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_reassert(rig->oled), 0);
	assert_seen(rig, &c);
}

static void does_without_a_status_that_cannot_be_read(void **state)
{
	struct rig *rig = *state;

	quirks.no_reads = true;
	assert_int_equal(oled_init(rig->oled), 0);
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
	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_check(rig->oled), 1);
	quirks.status = 0;
	assert_int_equal(oled_init(rig->oled), 0);
	oled_sim_lose_power(rig->panel);
	assert_int_equal(oled_check(rig->oled), 0);
}

static void works_on_adapters_with_limits(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise();

	quirks.messages_max = 1;
	quirks.len_max = 32;
	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_seen(rig, &c);

	/* It is not asked again for what it cannot do. */
	quirks.messages_max = quirks.len_max = 0;
	skip_cost(rig);
	c.data[500] ^= 1;
	assert_int_equal(oled_show(rig->oled, &c), 0);
	assert_cost(rig, 1, 8 + 1);

	quirks.len_max = 8; /* less than anybody has */
	assert_int_equal(oled_init(rig->oled), -EOPNOTSUPP);
}

static void leaves_the_panel_dark_and_off(void **state)
{
	struct rig *rig = *state;
	struct canvas c = noise();
	const struct oled_state *panel = oled_sim_state(rig->panel);

	assert_int_equal(oled_init(rig->oled), 0);
	assert_int_equal(oled_show(rig->oled, &c), 0);
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
		OLED_CASE(begins_with_a_dark_picture),
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
		OLED_CASE(leaves_the_panel_dark_and_off),
	};

	return cmocka_run_group_tests_name("oled", tests, NULL, NULL);
}
