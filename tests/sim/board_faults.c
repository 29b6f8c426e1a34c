// SPDX-License-Identifier: MIT
/*
 * board_faults.c — faults and switches of the board by name, with values as text
 *
 * Most faults are one member of a model; the table says which. The others have
 * a function.
 */
#include "board_faults.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/text.h"

#define ERRNO_MAX 133

/* ---- values ---- */

/* "EIO" to its number; 0 if there is no such error. */
static uint64_t errno_from_name(const char *name)
{
	if (strcmp(name, "EWOULDBLOCK") == 0)
		return EWOULDBLOCK;
	for (int i = 1; i <= ERRNO_MAX; i++) {
		const char *known = strerrorname_np(i);

		if (known && strcmp(known, name) == 0)
			return (uint64_t)i;
	}
	return 0;
}

/* A number (also 0x..), on, off or the name of an error. 0 or -EINVAL. */
static int parse_value(const char *text, uint64_t *ret)
{
	char *end;

	if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0) {
		*ret = text[1] == 'n';
		return 0;
	}
	if (text[0] == 'E') {
		*ret = errno_from_name(text);
		return *ret > 0 ? 0 : -EINVAL;
	}
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0' ? 0 : -EINVAL;
}

/* ---- members ---- */

enum part {
	PART_CHIP,
	PART_SPI,
	PART_I2C,
	PART_GPIO,
};

static const char *const part_names[] = {
	[PART_CHIP] = "chip",
	[PART_SPI] = "spi",
	[PART_I2C] = "i2c",
	[PART_GPIO] = "gpio",
};

static int set_member(struct board_parts *b, enum part part, const char *member,
		      uint64_t value)
{
	switch (part) {
	case PART_CHIP:
		return w5500_sim_set(b->chip, member, value);
	case PART_SPI:
		return sim_spi_set(b->spi, member, value);
	case PART_I2C:
		return sim_i2c_set(b->i2c, member, value);
	case PART_GPIO:
		return sim_gpio_set(b->gpio, member, value);
	}
	return -ENOENT;
}

int board_set(struct board_parts *b, const char *part, const char *name,
	      const char *value, char *error, size_t error_size)
{
	uint64_t number;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_SIZE(part_names); i++)
		if (strcmp(part_names[i], part) == 0)
			break;
	if (i == ARRAY_SIZE(part_names)) {
		text_format(error, error_size,
			    "There is no part %s: chip, spi, i2c, gpio", part);
		return -EINVAL;
	}
	r = parse_value(value, &number);
	if (r == 0)
		r = set_member(b, (enum part)i, name, number);
	if (r == -ENOENT)
		text_format(error, error_size, "%s has no %s: see settings", part, name);
	else if (r < 0)
		text_format(error, error_size, "%s %s cannot be %s", part, name, value);
	return r < 0 ? -EINVAL : 0;
}

/* ---- faults ---- */

static int spi_error(struct board_parts *b, char *const words[], int n)
{
	uint64_t error, ms = 0;
	int r;

	r = parse_value(words[0], &error);
	if (r == 0 && n > 1)
		r = parse_value(words[1], &ms);
	if (r < 0 || error > ERRNO_MAX)
		return -EINVAL;
	board_time_catch_up(b->time);
	sim_spi_faults(b->spi)->fail_errno = (uint32_t)error;
	if (error == 0)
		sim_spi_faults(b->spi)->fail_until_ns = 0;
	else if (n > 1)
		sim_spi_faults(b->spi)->fail_until_ns =
			board_time_now_ns(b->time) + ms * NSEC_PER_MSEC;
	else
		sim_spi_faults(b->spi)->fail_until_ns = UINT64_MAX;
	return 0;
}

static int spi_bit_errors(struct board_parts *b, char *const words[], int n)
{
	uint64_t ppm;

	(void)n;
	if (parse_value(words[0], &ppm) < 0 || ppm > 1000000)
		return -EINVAL;
	sim_spi_faults(b->spi)->miso_bit_errors = (uint32_t)(ppm * 1000);
	return 0;
}

static int spi_silent(struct board_parts *b, char *const words[], int n)
{
	static const char *const names[] = {
		[SIM_SPI_MISO_CHIP] = "off",
		[SIM_SPI_MISO_ALL_00] = "00",
		[SIM_SPI_MISO_ALL_FF] = "ff",
	};

	(void)n;
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(words[0], names[i]) == 0) {
			sim_spi_faults(b->spi)->miso = i;
			sim_spi_faults(b->spi)->miso_next = 0;
			return 0;
		}
	return -EINVAL;
}

static int chip_send_ok_withheld(struct board_parts *b, char *const words[], int n)
{
	uint64_t on;

	(void)n;
	if (parse_value(words[0], &on) < 0 || on > 1)
		return -EINVAL;
	w5500_sim_faults(b->chip)->send_stuck = on ? UINT32_MAX : 0;
	return 0;
}

static int chip_rx_header(struct board_parts *b, char *const words[], int n)
{
	uint64_t length;

	(void)n;
	if (parse_value(words[0], &length) < 0 || length > UINT16_MAX)
		return -EINVAL;
	w5500_sim_faults(b->chip)->bad_rx_length = (uint32_t)length;
	w5500_sim_faults(b->chip)->bad_rx_headers = 1;
	return 0;
}

static int int_line(struct board_parts *b, char *const words[], int n)
{
	struct sim_gpio_faults *f = sim_gpio_faults(b->gpio);
	bool deaf = strcmp(words[0], "deaf") == 0, low = strcmp(words[0], "low") == 0;
	bool high = strcmp(words[0], "high") == 0,
	     unwired = strcmp(words[0], "unwired") == 0;

	(void)n;
	if (!deaf && !low && !high && !unwired && strcmp(words[0], "ok") != 0)
		return -EINVAL;
	f->int_deaf = deaf;
	f->int_stuck_low = low;
	f->int_stuck_high = high;
	f->int_unwired = unwired;
	sim_gpio_update(b->gpio);
	return 0;
}

static int reset_line(struct board_parts *b, char *const words[], int n)
{
	bool unwired = strcmp(words[0], "unwired") == 0;

	(void)n;
	if (!unwired && strcmp(words[0], "ok") != 0)
		return -EINVAL;
	return sim_gpio_set(b->gpio, "reset_unwired", unwired);
}

static int oled_nak_at(struct board_parts *b, char *const words[], int n)
{
	struct sim_i2c_faults *f = sim_i2c_faults(b->i2c);
	uint64_t k;

	(void)n;
	if (strcmp(words[0], "off") == 0) {
		f->nak = false;
		return 0;
	}
	if (parse_value(words[0], &k) < 0 || k > UINT32_MAX)
		return -EINVAL;
	f->nak = true;
	f->nak_at = (uint32_t)k;
	return 0;
}

/* With a function, or with a member of a part. */
static const struct fault {
	const char *name;
	int (*apply)(struct board_parts *b, char *const words[], int n);
	enum part part;
	const char *member;
} faults[] = {
	{ .name = "spi-error", .apply = spi_error },
	{ .name = "spi-open", .part = PART_SPI, .member = "open_errno" },
	{ .name = "spi-bit-errors", .apply = spi_bit_errors },
	{ .name = "spi-silent", .apply = spi_silent },
	{ .name = "chip-version", .part = PART_CHIP, .member = "wrong_versionr" },
	{ .name = "chip-cr-stuck", .part = PART_CHIP, .member = "cr_stuck" },
	{ .name = "chip-send-ok-withheld", .apply = chip_send_ok_withheld },
	{ .name = "chip-rx-header", .apply = chip_rx_header },
	{ .name = "int-line", .apply = int_line },
	{ .name = "int-open", .part = PART_GPIO, .member = "int_open_errno" },
	{ .name = "reset-line", .apply = reset_line },
	{ .name = "reset-open", .part = PART_GPIO, .member = "reset_open_errno" },
	{ .name = "i2c-open", .part = PART_I2C, .member = "open_errno" },
	{ .name = "i2c-held", .part = PART_I2C, .member = "held_by_program" },
	{ .name = "i2c-stuck", .part = PART_I2C, .member = "stuck" },
	{ .name = "i2c-eagain", .part = PART_I2C, .member = "eagain_next" },
	{ .name = "i2c-short", .part = PART_I2C, .member = "short_next" },
	{ .name = "oled-nak-at", .apply = oled_nak_at },
	{ .name = "oled-nak-errno", .part = PART_I2C, .member = "nak_errno" },
};

static int apply(struct board_parts *b, const struct fault *fault, char *const words[],
		 int n)
{
	uint64_t value;
	int r;

	if (fault->apply)
		return fault->apply(b, words, n);
	r = parse_value(words[0], &value);
	return r < 0 ? r : set_member(b, fault->part, fault->member, value);
}

int board_fault(struct board_parts *b, const char *name, char *const words[], int n,
		char *error, size_t error_size)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(faults[i].name, name) != 0)
			continue;
		if (apply(b, &faults[i], words, n) == 0)
			return 0;
		text_format(error, error_size, "%s cannot be %s", name, words[0]);
		return -EINVAL;
	}
	text_format(error, error_size, "There is no fault %s: see tests/sim/board.h",
		    name);
	return -EINVAL;
}

void board_fault_clear(struct board_parts *b)
{
	*w5500_sim_faults(b->chip) = (struct w5500_sim_faults){ 0 };
	*sim_spi_faults(b->spi) = (struct sim_spi_faults){ 0 };
	*sim_i2c_faults(b->i2c) = (struct sim_i2c_faults){ 0 };
	*sim_gpio_faults(b->gpio) = (struct sim_gpio_faults){ 0 };
	/* Lets INTn follow its cause again, then the wires follow INTn. */
	(void)w5500_sim_set(b->chip, "intn_stuck_low", 0);
	sim_gpio_update(b->gpio);
}
