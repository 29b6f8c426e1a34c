// SPDX-License-Identifier: MIT
/* w5500_rig.c — a simulated W5500 on a bench, and mistakes to make with it */
#include "w5500_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

const uint8_t rig_mac[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

static void on_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct rig *rig = ctx;

	rig->n_sent++;
	rig->sent_ns = board_time_now_ns(rig->time);
	rig->sent_len = len;
	memcpy(rig->sent, frame, len);
}

static void on_intn(void *ctx, bool level)
{
	struct rig *rig = ctx;

	if (level)
		rig->n_rises++;
	else
		rig->n_falls++;
}

void rig_init(struct rig *rig)
{
	struct w5500_sim_options options = w5500_sim_default_options();

	memset(rig, 0, sizeof(*rig));
	options.link_delay_ns = 0;
	assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(w5500_sim_new(&rig->chip, rig->time, &options), 0);
	w5500_sim_set_frame_callback(rig->chip, on_frame, rig);
	w5500_sim_set_intn_callback(rig->chip, on_intn, rig);
}

void rig_fini(struct rig *rig)
{
	rig->chip = w5500_sim_free(rig->chip);
	rig->time = board_time_free(rig->time);
}

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig_init(rig);
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	rig_fini(*state);
	free(*state);
	return 0;
}

static void begin(struct rig *rig, unsigned int bsb, uint16_t offset, bool write)
{
	w5500_sim_select(rig->chip);
	(void)w5500_sim_clock_byte(rig->chip, (uint8_t)(offset >> 8));
	(void)w5500_sim_clock_byte(rig->chip, (uint8_t)offset);
	(void)w5500_sim_clock_byte(rig->chip, (uint8_t)(bsb << 3 | (write ? 4u : 0u)));
}

void rig_read(struct rig *rig, unsigned int bsb, uint16_t offset, uint8_t *data, size_t n)
{
	begin(rig, bsb, offset, false);
	for (size_t i = 0; i < n; i++)
		data[i] = w5500_sim_clock_byte(rig->chip, 0);
	w5500_sim_deselect(rig->chip);
}

void rig_write(struct rig *rig, unsigned int bsb, uint16_t offset, const uint8_t *data,
	       size_t n)
{
	begin(rig, bsb, offset, true);
	for (size_t i = 0; i < n; i++)
		(void)w5500_sim_clock_byte(rig->chip, data[i]);
	w5500_sim_deselect(rig->chip);
}

uint8_t rig_read8(struct rig *rig, unsigned int bsb, uint16_t offset)
{
	uint8_t value;

	rig_read(rig, bsb, offset, &value, 1);
	return value;
}

uint16_t rig_read16(struct rig *rig, unsigned int bsb, uint16_t offset)
{
	uint8_t value[2];

	rig_read(rig, bsb, offset, value, 2);
	return get_be16(value);
}

void rig_write8(struct rig *rig, unsigned int bsb, uint16_t offset, uint8_t value)
{
	rig_write(rig, bsb, offset, &value, 1);
}

void rig_write16(struct rig *rig, unsigned int bsb, uint16_t offset, uint16_t value)
{
	uint8_t data[2];

	put_be16(data, value);
	rig_write(rig, bsb, offset, data, 2);
}

void rig_wait(struct rig *rig, uint64_t ns)
{
	board_time_advance(rig->time, board_time_now_ns(rig->time) + ns);
}

uint64_t rig_now(struct rig *rig)
{
	return board_time_now_ns(rig->time);
}

bool rig_command(struct rig *rig, uint8_t command)
{
	rig_write8(rig, S0_REGS, 0x01, command);
	for (int i = 0; i < 100; i++) {
		if (rig_read8(rig, S0_REGS, 0x01) == 0)
			return true;
		rig_wait(rig, 10 * US);
	}
	return false;
}

void rig_bring_up(struct rig *rig, uint8_t mr)
{
	static const uint8_t none[2] = { 0, 0 }, all[2] = { 16, 16 };

	for (unsigned int n = 1; n < 8; n++)
		rig_write(rig, SN(n), 0x1e, none, 2);
	rig_write(rig, S0_REGS, 0x1e, all, 2);
	rig_write8(rig, COMMON, 0x00, 0x10);
	rig_write(rig, COMMON, 0x09, rig_mac, 6);
	rig_write8(rig, S0_REGS, 0x00, mr);
	rig_write8(rig, S0_REGS, 0x02, 0x1f);
	assert_true(rig_command(rig, CR_OPEN));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
	rig_write8(rig, COMMON, 0x18, 0x01);
}

void rig_frame(uint8_t *frame, size_t len, unsigned int seed)
{
	static const uint8_t header[] = {
		0x02, 0x66, 0x77, 0x88, 0x99, 0xaa, 0x88, 0xb5
	};

	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
	memcpy(frame, rig_mac, len < 6 ? len : 6);
	if (len >= 14)
		memcpy(frame + 6, header, 8);
}

void rig_arrive(struct rig *rig, size_t len, unsigned int seed)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];

	rig_frame(frame, len, seed);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, len, 0), 0);
	while (w5500_sim_pending(rig->chip) > 0)
		rig_wait(rig, US);
}

void rig_send(struct rig *rig, size_t len, unsigned int seed)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];
	uint16_t wr = rig_read16(rig, S0_REGS, 0x24);

	rig_frame(frame, len, seed);
	rig_write(rig, S0_TX, wr, frame, len);
	rig_write16(rig, S0_REGS, 0x24, (uint16_t)(wr + len));
	assert_true(rig_command(rig, CR_SEND));
}

bool rig_take(struct rig *rig, size_t len, unsigned int seed)
{
	uint8_t want[W5500_SIM_FRAME_BUFFER], record[2 + W5500_SIM_FRAME_BUFFER];
	uint16_t rd = rig_read16(rig, S0_REGS, 0x28);

	if (rig_read16(rig, S0_REGS, 0x26) < len + 2)
		return false;
	rig_read(rig, S0_RX, rd, record, len + 2);
	rig_write16(rig, S0_REGS, 0x28, (uint16_t)(rd + len + 2));
	assert_true(rig_command(rig, CR_RECV));
	rig_frame(want, len, seed);
	return get_be16(record) == len + 2 && memcmp(record + 2, want, len) == 0;
}

bool rig_was_sent(struct rig *rig, size_t len, unsigned int seed)
{
	uint8_t want[W5500_SIM_FRAME_BUFFER];

	rig_frame(want, len, seed);
	return rig->n_sent > 0 && rig->sent_len == len &&
	       memcmp(rig->sent, want, len) == 0;
}

uint64_t rig_violations(const struct rig *rig)
{
	return w5500_sim_stats(rig->chip)->violations;
}

void rig_assert_violation(struct rig *rig, const char *text)
{
	const char *found = w5500_sim_violation(rig->chip, 0);

	if (!found || rig_violations(rig) != 1 || !strstr(found, text))
		fail_msg("%llu violations, the first: %s; expected: %s",
			 (unsigned long long)rig_violations(rig), found ? found : "none",
			 text);
	w5500_sim_clear_violations(rig->chip);
}

static void run_mutation(const struct mutation *m, bool wrong)
{
	const char *violation;
	struct rig rig;
	bool works;

	rig_init(&rig);
	works = m->run(&rig, wrong);
	violation = w5500_sim_violation(rig.chip, 0);
	if (!wrong && violation)
		fail_msg("right way of \"%s\": %s", m->mistake, violation);
	if (!wrong && !works)
		fail_msg("right way of \"%s\" does not work", m->mistake);
	if (wrong && works && !violation)
		fail_msg("not caught: \"%s\"", m->mistake);
	if (wrong)
		printf("# mutation: rule %u: %s -> %s\n", m->rule, m->mistake,
		       violation ? violation : "it does not work");
	rig_fini(&rig);
}

void rig_catch(const struct mutation *mutations, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		run_mutation(&mutations[i], false);
		run_mutation(&mutations[i], true);
	}
}

void rig_clock(struct rig *rig, const uint8_t *mosi, uint8_t *miso, size_t n)
{
	for (size_t i = 0; i < n; i++)
		miso[i] = w5500_sim_clock_byte(rig->chip, mosi[i]);
}

void rig_transact(struct rig *rig, const uint8_t *mosi, uint8_t *miso, size_t n)
{
	w5500_sim_select(rig->chip);
	rig_clock(rig, mosi, miso, n);
	w5500_sim_deselect(rig->chip);
}
