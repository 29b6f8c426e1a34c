// SPDX-License-Identifier: MIT
/* test_sim_i2c.c — the simulated I2C bus: acknowledge, faults, costs */
#include "sim/sim_i2c.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/i2cdev.h"
#include "sim/oled_glass.h"
#include "sim/ssd1306_sim.h"

#define PATH "/dev/i2c-1"

struct rig {
	struct board_time *time;
	struct sim_report report;
	struct sim_i2c *adapter;
	struct oled_sim *panel;
	struct i2c_bus *bus;
};

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(sim_i2c_new(&rig->adapter, rig->time, PATH, &rig->report), 0);
	assert_int_equal(oled_sim_new(&rig->panel, &ssd1306_controller, 7, &rig->report),
			 0);
	sim_i2c_attach(rig->adapter, 0x3c, rig->panel);
	assert_int_equal(i2cdev_open(&rig->bus, PATH, 0x3c), 0);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	rig->bus = i2cdev_close(rig->bus);
	rig->adapter = sim_i2c_free(rig->adapter);
	rig->panel = oled_sim_free(rig->panel);
	rig->time = board_time_free(rig->time);
	free(rig);
	return 0;
}

static int write_bytes(struct rig *rig, const uint8_t *bytes, size_t len)
{
	uint8_t buf[256];
	struct i2c_message m = { .buf = buf, .len = (uint16_t)len };

	memcpy(buf, bytes, len);
	return i2cdev_transfer(rig->bus, &m, 1);
}

/* One call of one message. */
#define send(rig, ...)                                                                   \
	write_bytes(rig, (const uint8_t[]){ __VA_ARGS__ },                               \
		    sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* Page and column in one message, data in a second, joined by a repeated START. */
static int send_run(struct rig *rig, unsigned int page, unsigned int column,
		    const uint8_t *data, size_t len)
{
	uint8_t where[] = { 0x00, (uint8_t)(0xb0 | page), (uint8_t)(column & 15),
			    (uint8_t)(0x10 | column >> 4) };
	uint8_t what[129] = { 0x40 };
	struct i2c_message messages[] = {
		{ .buf = where, .len = sizeof(where) },
		{ .buf = what, .len = (uint16_t)(1 + len) },
	};

	memcpy(what + 1, data, len);
	return i2cdev_transfer(rig->bus, messages, 2);
}

static int read_status(struct rig *rig)
{
	uint8_t status = 0;
	struct i2c_message m = { .buf = &status, .len = 1, .read = true };
	int r = i2cdev_transfer(rig->bus, &m, 1);

	return r < 0 ? r : status;
}

static void is_found_by_its_path_once(void **state)
{
	struct rig *rig = *state;
	struct sim_i2c *second;
	struct i2c_bus *bus;

	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-7", 0x3c), -ENOENT);
	assert_int_equal(sim_i2c_new(&second, rig->time, PATH, &rig->report), -EEXIST);
	assert_int_equal(sim_i2c_new(&second, rig->time, "/dev/i2c-7", &rig->report), 0);
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-7", 0x3c), 0);
	assert_int_equal(i2cdev_transfer(bus, &(struct i2c_message){ .len = 0 }, 1),
			 -EREMOTEIO); /* nobody there */
	bus = i2cdev_close(bus);
	second = sim_i2c_free(second);
	assert_null(i2cdev_close(NULL));
	assert_null(sim_i2c_free(NULL));
}

static void refuses_to_open_as_told(void **state)
{
	struct rig *rig = *state;
	static const uint32_t errors[] = { ENOENT, EACCES, EBUSY, EOPNOTSUPP };
	struct i2c_bus *bus = NULL;
	char text[200];

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		sim_i2c_faults(rig->adapter)->open_errno = errors[i];
		assert_int_equal(i2cdev_open(&bus, PATH, 0x3c), -(int)errors[i]);
		assert_null(bus);
		assert_int_not_equal(
			i2cdev_explain(PATH, 0x3c, (int)errors[i], text, sizeof(text)),
			CAUSE_NONE);
		assert_non_null(strstr(text, errors[i] == EBUSY ? "0x3c" : PATH));
	}
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 1);
}

static void acknowledges_its_own_address_only(void **state)
{
	struct rig *rig = *state;
	struct i2c_bus *wrong;

	assert_int_equal(send(rig, 0x00, 0xe3), 0);
	for (unsigned int address = 0x08; address < 0x78; address++) {
		if (address == 0x3c)
			continue;
		assert_int_equal(i2cdev_open(&wrong, PATH, (uint8_t)address), 0);
		assert_int_equal(
			i2cdev_transfer(wrong, &(struct i2c_message){ .len = 0 }, 1),
			-EREMOTEIO);
		wrong = i2cdev_close(wrong);
	}
	sim_i2c_attach(rig->adapter, 0x3d, rig->panel);
	assert_int_equal(send(rig, 0x00, 0xe3), -EREMOTEIO);
	printf("# mutation: i2c: wrong_address: no acknowledge, EREMOTEIO or ENXIO\n");
	assert_int_equal(i2cdev_open(&wrong, PATH, 0x3d), 0);
	assert_int_equal(i2cdev_transfer(wrong, &(struct i2c_message){ .len = 0 }, 1), 0);
	wrong = i2cdev_close(wrong);
	/* The byte on the wire, address and write bit, printed on many modules. */
	assert_int_equal(i2cdev_open(&wrong, PATH, 0x78), 0);
	assert_int_equal(i2cdev_transfer(wrong, &(struct i2c_message){ .len = 0 }, 1),
			 -EREMOTEIO);
	wrong = i2cdev_close(wrong);
}

static void reports_a_missing_acknowledge_as_the_adapter_does(void **state)
{
	struct rig *rig = *state;

	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(send(rig, 0x00, 0xe3), -EREMOTEIO);
	sim_i2c_options(rig->adapter)->nak_errno = ENXIO;
	assert_int_equal(send(rig, 0x00, 0xe3), -ENXIO);
	assert_int_equal(read_status(rig), -ENXIO);
	sim_i2c_plug(rig->adapter, true);
	assert_int_equal(send(rig, 0x00, 0xe3), 0);

	/* In the middle of the data: EIO from adapters that have ENXIO for addresses. */
	sim_i2c_faults(rig->adapter)->nak = true;
	sim_i2c_faults(rig->adapter)->nak_at = 2;
	assert_int_equal(send(rig, 0x00, 0xe3), -EIO);
	sim_i2c_options(rig->adapter)->nak_errno = EREMOTEIO;
	assert_int_equal(send(rig, 0x00, 0xe3), -EREMOTEIO);
}

static void forgets_everything_when_it_is_unplugged(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(send(rig, 0x00, 0x81, 0x22), 0);
	sim_i2c_plug(rig->adapter, false);
	assert_false(sim_i2c_plugged(rig->adapter));
	sim_i2c_plug(rig->adapter, true);
	assert_true(sim_i2c_plugged(rig->adapter));
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 0x7f);
	assert_int_equal(send(rig, 0x00, 0x81, 0x22), 0);
	sim_i2c_plug(rig->adapter, true); /* it was in already */
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 0x22);
}

static void keeps_acknowledging_after_a_power_glitch(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(send(rig, 0x00, 0x81, 0x22), 0);
	oled_sim_lose_power(rig->panel);
	assert_int_equal(read_status(rig), 0x46);
	assert_int_equal(oled_sim_state(rig->panel)->contrast, 0x7f);
}

static void breaks_off_at_any_byte(void **state)
{
	struct rig *rig = *state;
	const uint8_t data[] = { 1, 2, 3 };
	uint64_t bytes;

	/* address, 00, B2, 00, 10, address, 40, 1, 2, 3 */
	for (uint32_t k = 0; k < 10; k++) {
		oled_sim_lose_power(rig->panel);
		assert_int_equal(send(rig, 0x00, 0xae), 0);
		assert_int_equal(send_run(rig, 2, 0, (const uint8_t[]){ 0, 0, 0 }, 3), 0);
		sim_i2c_faults(rig->adapter)->nak = true;
		sim_i2c_faults(rig->adapter)->nak_at = k;
		bytes = sim_i2c_stats(rig->adapter)->wire_bytes;
		assert_int_equal(send_run(rig, 2, 0, data, 3), -EREMOTEIO);
		assert_int_equal(sim_i2c_stats(rig->adapter)->wire_bytes - bytes, k + 1);
		sim_i2c_faults(rig->adapter)->nak = false;
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(oled_sim_state(rig->panel)->ram[2][i],
					 k > 7 + i ? data[i] : 0);
	}
	/* A message longer than the fault is far away is not touched. */
	sim_i2c_faults(rig->adapter)->nak = true;
	sim_i2c_faults(rig->adapter)->nak_at = 10;
	assert_int_equal(send_run(rig, 2, 0, data, 3), 0);
	assert_int_equal(rig->report.n_violations, 0);
}

static void takes_half_of_a_call_cut_short(void **state)
{
	struct rig *rig = *state;

	sim_i2c_faults(rig->adapter)->short_next = 1;
	assert_int_equal(send(rig, 0x00, 0xa5, 0xa7, 0xaf), -EIO); /* 5 bytes: 2 go out */
	assert_false(oled_sim_state(rig->panel)->all_on);
	sim_i2c_faults(rig->adapter)->short_next = 1;
	assert_int_equal(send(rig, 0x00, 0xa5, 0xa7, 0xaf, 0xaf), -EIO);
	assert_true(oled_sim_state(rig->panel)->all_on);
	assert_false(oled_sim_state(rig->panel)->inverse);
	assert_int_equal(send(rig, 0x00, 0xa7), 0);
	assert_int_equal(rig->report.n_violations, 0);
}

static void takes_a_second_for_each_call_on_a_stuck_bus(void **state)
{
	struct rig *rig = *state;
	uint64_t start = board_time_now_ns(rig->time);

	sim_i2c_faults(rig->adapter)->stuck = true;
	assert_int_equal(send(rig, 0x00, 0xa5), -ETIMEDOUT);
	assert_int_equal(board_time_now_ns(rig->time) - start, NSEC_PER_SEC);
	assert_int_equal(read_status(rig), -ETIMEDOUT);
	assert_int_equal(board_time_now_ns(rig->time) - start, 2 * NSEC_PER_SEC);
	sim_i2c_faults(rig->adapter)->stuck = false;
	assert_false(oled_sim_state(rig->panel)->all_on);
	assert_int_equal(send(rig, 0x00, 0xa5), 0);
}

static void loses_the_arbitration_once(void **state)
{
	struct rig *rig = *state;

	sim_i2c_faults(rig->adapter)->eagain_next = 1;
	assert_int_equal(send(rig, 0x00, 0xa5), -EAGAIN);
	assert_false(oled_sim_state(rig->panel)->all_on);
	assert_int_equal(sim_i2c_stats(rig->adapter)->wire_bytes, 0);
	assert_int_equal(send(rig, 0x00, 0xa5), 0);
	assert_true(oled_sim_state(rig->panel)->all_on);
}

static void counts_calls_messages_and_wire_bytes(void **state)
{
	struct rig *rig = *state;
	const struct sim_i2c_stats *stats = sim_i2c_stats(rig->adapter);
	const uint8_t character[8] = { 0 };

	assert_int_equal(send_run(rig, 0, 0, character, 8), 0);
	assert_int_equal(stats->calls, 1);
	assert_int_equal(stats->transactions, 1);
	assert_int_equal(stats->messages, 2);
	assert_int_equal(stats->wire_bytes, 15); /* the cost of a character */
	assert_int_equal(read_status(rig), 0x46);
	assert_int_equal(stats->wire_bytes, 17);
	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(send_run(rig, 0, 0, character, 8), -EREMOTEIO);
	assert_int_equal(stats->calls, 3);
	assert_int_equal(stats->transactions, 2);
	assert_int_equal(stats->messages, 4);
	assert_int_equal(stats->wire_bytes, 18);
	assert_int_equal(stats->failed, 1);
}

static void takes_nine_clocks_a_byte(void **state)
{
	struct rig *rig = *state;
	const uint8_t data[128] = { 0 };
	uint64_t start = board_time_now_ns(rig->time);

	assert_int_equal(i2cdev_clock_hz(rig->bus), 400000);
	assert_int_equal(send_run(rig, 0, 0, data, 128), 0);
	assert_int_equal(board_time_now_ns(rig->time) - start, 135 * 9 * 2500);
	assert_int_equal(sim_i2c_stats(rig->adapter)->bus_ns, 135 * 9 * 2500);
	sim_i2c_options(rig->adapter)->clock_hz = 0;
	assert_int_equal(i2cdev_clock_hz(rig->bus), 0);
	start = board_time_now_ns(rig->time);
	assert_int_equal(send_run(rig, 0, 0, data, 128), 0);
	assert_int_equal(board_time_now_ns(rig->time), start);
}

static void refuses_what_i2c_dev_refuses_and_objects(void **state)
{
	static const struct i2c_message empty[I2C_MESSAGES_MAX + 1];
	static uint8_t big[I2C_MESSAGE_LEN_MAX + 1];
	struct rig *rig = *state;
	struct i2c_message m = { .buf = big, .len = I2C_MESSAGE_LEN_MAX + 1 };

	assert_int_equal(i2cdev_transfer(rig->bus, empty, 0), -EINVAL);
	assert_int_equal(i2cdev_transfer(rig->bus, empty, I2C_MESSAGES_MAX + 1), -EINVAL);
	assert_int_equal(i2cdev_transfer(rig->bus, &m, 1), -EINVAL);
	assert_int_equal(rig->report.n_violations, 3);
	for (size_t i = 0; i < 3; i++)
		printf("# mutation: i2c: %s\n", rig->report.violations[i].text);
	assert_int_equal(i2cdev_transfer(rig->bus, empty, I2C_MESSAGES_MAX), 0);
	big[0] = 0x00;
	memset(big + 1, 0xe3, sizeof(big) - 1);
	m.len--;
	assert_int_equal(i2cdev_transfer(rig->bus, &m, 1), 0);
	assert_int_equal(rig->report.n_violations, 3);
}

static void names_its_settings_and_counters(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(sim_i2c_set(rig->adapter, "eagain_next", 2), 0);
	assert_int_equal(sim_i2c_faults(rig->adapter)->eagain_next, 2);
	assert_int_equal(sim_i2c_set(rig->adapter, "clock_hz", 100000), 0);
	assert_int_equal(sim_i2c_options(rig->adapter)->clock_hz, 100000);
	assert_int_equal(sim_i2c_set(rig->adapter, "stuck", 2), -ERANGE);
	assert_int_equal(sim_i2c_set(rig->adapter, "colour", 1), -ENOENT);
}

/*
 * The algorithm of a correct driver: page mode, only what differs is sent, runs
 * less than 8 columns apart are joined.
 */
static void flush(struct rig *rig, uint8_t have[8][128], uint8_t want[8][128])
{
	for (unsigned int page = 0; page < 8; page++) {
		unsigned int start = 0, end = 0; /* of the run; none if equal */

		for (unsigned int c = 0; c < 128; c++) {
			if (have[page][c] == want[page][c])
				continue;
			if (end > start && c - end > 7) {
				assert_int_equal(send_run(rig, page, start,
							  &want[page][start],
							  end - start),
						 0);
				start = c;
			} else if (end == start) {
				start = c;
			}
			end = c + 1;
		}
		if (end > start)
			assert_int_equal(send_run(rig, page, start, &want[page][start],
						  end - start),
					 0);
		memcpy(have[page], want[page], 128);
	}
}

static void shows_exactly_what_a_correct_driver_draws(void **state)
{
	const struct sim_i2c_stats *stats;
	static uint8_t have[8][128], want[8][128];
	struct rig *rig = *state;
	struct oled_picture seen;
	uint32_t random = 99;

	stats = sim_i2c_stats(rig->adapter);
	assert_int_equal(send(rig, 0x00, 0xae, 0xd5, 0x80, 0xa8, 0x3f, 0xd3, 0x00, 0x40,
			      0x8d, 0x14, 0x20, 0x02, 0xa1, 0xc8, 0xda, 0x12, 0x81, 0x7f,
			      0xd9, 0xf1, 0xdb, 0x30, 0x2e, 0xa4, 0xa6),
			 0);
	assert_int_equal(stats->wire_bytes, 27);
	for (unsigned int page = 0; page < 8; page++)
		assert_int_equal(send_run(rig, page, 0, want[page], 128), 0);
	assert_int_equal(stats->wire_bytes, 27 + 1080);
	assert_int_equal(stats->calls, 1 + 8);
	assert_int_equal(send(rig, 0x00, 0xaf), 0);

	for (int change = 0; change < 300; change++) {
		for (int k = 0; k < 5; k++) {
			random = random * 1664525 + 1013904223;
			want[random >> 29][random >> 15 & 127] ^=
				(uint8_t)(random >> 7 | 1);
		}
		flush(rig, have, want);
	}
	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->panel), &seen);
	for (unsigned int y = 0; y < 64; y++)
		for (unsigned int x = 0; x < 128; x++)
			assert_int_equal(seen.pixels[y][x],
					 want[y / 8][x] >> (y % 8) & 1);
	assert_int_equal(rig->report.n_violations, 0);
	assert_int_equal(rig->report.n_warnings, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(is_found_by_its_path_once),
		TEST(refuses_to_open_as_told),
		TEST(acknowledges_its_own_address_only),
		TEST(reports_a_missing_acknowledge_as_the_adapter_does),
		TEST(forgets_everything_when_it_is_unplugged),
		TEST(keeps_acknowledging_after_a_power_glitch),
		TEST(breaks_off_at_any_byte),
		TEST(takes_half_of_a_call_cut_short),
		TEST(takes_a_second_for_each_call_on_a_stuck_bus),
		TEST(loses_the_arbitration_once),
		TEST(counts_calls_messages_and_wire_bytes),
		TEST(takes_nine_clocks_a_byte),
		TEST(refuses_what_i2c_dev_refuses_and_objects),
		TEST(names_its_settings_and_counters),
		TEST(shows_exactly_what_a_correct_driver_draws),
	};

	return cmocka_run_group_tests_name("sim_i2c", tests, NULL, NULL);
}
