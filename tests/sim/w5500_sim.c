// SPDX-License-Identifier: MIT
/* w5500_sim.c — life of the W5500 model, resets, interrupt logic, violations */
#include "w5500_sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "sim_fields.h"
#include "w5500_sim_internal.h"

/* Datasheet 5.5.1: RSTn low at least 500 us; PLL locked 1 ms after it rose. */
#define T_RC_NS (500 * NSEC_PER_USEC)
#define T_PL_NS NSEC_PER_MSEC

#define EXCUSE_NS NSEC_PER_SEC

uint64_t sim_now(const struct w5500_sim *chip)
{
	return board_time_now_ns(chip->time);
}

/* xorshift64*, from a fixed seed: a failing test fails again. */
uint8_t sim_random(struct w5500_sim *chip)
{
	chip->random ^= chip->random >> 12;
	chip->random ^= chip->random << 25;
	chip->random ^= chip->random >> 27;
	return (uint8_t)(chip->random * UINT64_C(0x2545f4914f6cdd1d) >> 56);
}

/* ---- violations ---- */

void sim_excused(struct w5500_sim *chip)
{
	chip->stats.excused++;
}

void w5500_sim_violate(struct w5500_sim *chip, const char *format, ...)
{
	uint64_t i = chip->stats.violations;
	va_list ap;

	if (sim_now(chip) < chip->excused_until_ns) {
		sim_excused(chip);
		return;
	}
	chip->stats.violations++;
	if (i >= W5500_SIM_VIOLATIONS_KEPT)
		return;
	va_start(ap, format);
	if (vasprintf(&chip->violations[i], format, ap) < 0)
		chip->violations[i] = NULL;
	va_end(ap);
}

const char *w5500_sim_violation(const struct w5500_sim *chip, size_t i)
{
	return i < W5500_SIM_VIOLATIONS_KEPT ? chip->violations[i] : NULL;
}

void w5500_sim_clear_violations(struct w5500_sim *chip)
{
	for (size_t i = 0; i < W5500_SIM_VIOLATIONS_KEPT; i++) {
		free(chip->violations[i]);
		chip->violations[i] = NULL;
	}
	chip->stats.violations = 0;
	chip->stats.excused = 0;
}

void w5500_sim_excuse(struct w5500_sim *chip)
{
	chip->excused_until_ns = sim_now(chip) + EXCUSE_NS;
}

void w5500_sim_message_begins(struct w5500_sim *chip)
{
	chip->message = ++chip->n_messages;
	chip->slowness_read = chip->chain_read = false;
}

void w5500_sim_message_ends(struct w5500_sim *chip, bool answered)
{
	chip->message = 0;
	if (answered && chip->slowness_read)
		chip->slowness_known = true;
	if (answered && chip->chain_read)
		chip->chain_known = true;
}

/* ---- interrupt, rule 10 ---- */

uint8_t sim_sir(const struct w5500_sim *chip)
{
	unsigned int sir = 0;

	for (unsigned int n = 0; n < N_SOCKETS; n++)
		if (chip->sockets[n].ir & chip->sockets[n].regs[SN_IMR])
			sir |= 1u << n;
	return (uint8_t)sir;
}

void sim_intn_update(struct w5500_sim *chip)
{
	bool active = (sim_sir(chip) & chip->common[SIMR]) ||
		      (chip->common[IR] & chip->common[IMR]);
	bool level = !(active && sim_now(chip) >= chip->intn_hold_ns);

	if (chip->faults.intn_stuck_low)
		level = false;
	if (chip->faults.intn_stuck_high)
		level = true;
	if (level == chip->intn)
		return;
	chip->intn = level;
	if (!level && sim_fault_take(&chip->faults.intn_edges_lost))
		return;
	if (chip->on_intn)
		chip->on_intn(chip->on_intn_ctx, level);
}

static void intn_due(struct board_event *event)
{
	sim_intn_update(container_of(event, struct w5500_sim, intn_event));
}

/* As documented, INTn pauses (INTLEVEL + 1) * 4 clocks of 150 MHz before the next cause.
 */
void sim_intn_cleared(struct w5500_sim *chip)
{
	uint64_t level = get_be16(&chip->common[INTLEVEL]);

	if (chip->options.intlevel_delays && level > 0) {
		chip->intn_hold_ns = sim_now(chip) + (level + 1) * 80 / 3;
		board_time_schedule(chip->time, &chip->intn_event, chip->intn_hold_ns);
	}
	sim_intn_update(chip);
}

void sim_ir_set(struct sim_socket *s, uint8_t bits)
{
	s->ir |= bits;
	sim_intn_update(s->chip);
}

bool w5500_sim_intn(const struct w5500_sim *chip)
{
	return chip->intn;
}

void w5500_sim_set_frame_callback(struct w5500_sim *chip,
				  void (*on_frame)(void *ctx, const uint8_t *frame,
						   size_t len),
				  void *ctx)
{
	chip->on_frame = on_frame;
	chip->on_frame_ctx = ctx;
}

void w5500_sim_set_intn_callback(struct w5500_sim *chip,
				 void (*on_change)(void *ctx, bool level), void *ctx)
{
	chip->on_intn = on_change;
	chip->on_intn_ctx = ctx;
}

/* ---- resets, rules 7 and 8 ---- */

static void reset_registers(struct w5500_sim *chip)
{
	for (unsigned int n = 0; n < N_SOCKETS; n++)
		sim_command_reset(&chip->sockets[n]);
	sim_regs_reset(chip);
	chip->versionr_zero = chip->options.versionr_zero_reads;
	chip->intn_hold_ns = 0;
	sim_intn_update(chip);
}

void sim_soft_reset(struct w5500_sim *chip)
{
	chip->stats.soft_resets++;
	reset_registers(chip);
	if (chip->options.soft_reset_drops_link)
		sim_phy_restart(chip);
	chip->resetting = true;
	/* The chip select that wrote MR ends as well. */
	chip->reset_selects = chip->options.reset_busy_selects + 1;
	chip->reset_ready_ns = sim_now(chip) + chip->options.reset_busy_ns;
	chip->spi.ignoring = true;
}

static void reset_finish(struct w5500_sim *chip)
{
	if (chip->resetting && chip->reset_selects == 0 &&
	    sim_now(chip) >= chip->reset_ready_ns)
		chip->resetting = false;
}

void sim_reset_selected(struct w5500_sim *chip)
{
	reset_finish(chip);
}

void sim_reset_deselected(struct w5500_sim *chip)
{
	if (chip->reset_selects > 0)
		chip->reset_selects--;
	reset_finish(chip);
}

bool sim_dead(const struct w5500_sim *chip)
{
	return !chip->rstn || sim_now(chip) < chip->pll_ready_ns || chip->faults.hung > 0;
}

static void hard_reset(struct w5500_sim *chip)
{
	bool selected = chip->spi.selected;

	chip->resetting = false;
	chip->spi = (struct spi_engine){ .selected = selected, .dead = selected };
	reset_registers(chip);
	sim_phy_restart(chip);
}

void w5500_sim_set_rstn(struct w5500_sim *chip, bool level)
{
	board_time_catch_up(chip->time);
	if (level == chip->rstn)
		return;
	chip->rstn = level;
	if (!level) {
		chip->stats.hard_resets++;
		chip->rstn_fell_ns = sim_now(chip);
	} else {
		if (sim_now(chip) - chip->rstn_fell_ns < T_RC_NS)
			w5500_sim_violate(
				chip, "RSTn low for %llu us; at least 500 us",
				(unsigned long long)(sim_now(chip) - chip->rstn_fell_ns) /
					1000);
		chip->pll_ready_ns = sim_now(chip) + T_PL_NS;
		(void)sim_fault_take(&chip->faults.hung);
	}
	hard_reset(chip);
}

void sim_self_reset(struct w5500_sim *chip)
{
	chip->stats.self_resets++;
	hard_reset(chip);
	w5500_sim_excuse(chip);
}

void w5500_sim_self_reset(struct w5500_sim *chip)
{
	board_time_catch_up(chip->time);
	sim_self_reset(chip);
}

/* ---- life ---- */

struct w5500_sim_options w5500_sim_default_options(void)
{
	return (struct w5500_sim_options){
		.reset_busy_selects = 1,
		.link_delay_ns = 1500 * NSEC_PER_MSEC,
	};
}

int w5500_sim_new(struct w5500_sim **ret, struct board_time *time,
		  const struct w5500_sim_options *options)
{
	struct w5500_sim *chip = calloc(1, sizeof(*chip));

	if (!chip)
		return -ENOMEM;
	board_time_catch_up(time);
	chip->time = time;
	chip->options = options ? *options : w5500_sim_default_options();
	chip->random = UINT64_C(0x9e3779b97f4a7c15);
	chip->rstn = true;
	chip->intn = true;
	chip->intn_event.on_due = intn_due;
	/* Memories have no reset value. */
	memset(chip->tx_memory, 0xa5, sizeof(chip->tx_memory));
	memset(chip->rx_memory, 0x5a, sizeof(chip->rx_memory));
	for (unsigned int n = 0; n < N_SOCKETS; n++) {
		chip->sockets[n].chip = chip;
		chip->sockets[n].n = n;
		sim_command_init(&chip->sockets[n]);
	}
	sim_wire_init(chip);
	sim_regs_reset(chip);
	sim_phy_init(chip);
	*ret = chip;
	return 0;
}

struct w5500_sim *w5500_sim_free(struct w5500_sim *chip)
{
	if (!chip)
		return NULL;
	for (unsigned int n = 0; n < N_SOCKETS; n++)
		sim_command_reset(&chip->sockets[n]);
	board_time_cancel(chip->time, &chip->intn_event);
	sim_phy_free(chip);
	sim_wire_free(chip);
	w5500_sim_clear_violations(chip);
	free(chip);
	return NULL;
}

struct w5500_sim_options *w5500_sim_options(struct w5500_sim *chip)
{
	return &chip->options;
}

struct w5500_sim_faults *w5500_sim_faults(struct w5500_sim *chip)
{
	return &chip->faults;
}

const struct w5500_sim_stats *w5500_sim_stats(const struct w5500_sim *chip)
{
	return &chip->stats;
}

struct board_time *w5500_sim_time(const struct w5500_sim *chip)
{
	return chip->time;
}

/* ---- by name ---- */

#define OPTION(member)	SIM_FIELD(struct w5500_sim_options, member)
#define FAULT(member)	SIM_FIELD(struct w5500_sim_faults, member)
#define COUNTER(member) SIM_FIELD(struct w5500_sim_stats, member)

static const struct sim_field options[] = {
	OPTION(write_miso_random),
	OPTION(hiz_low),
	OPTION(fdm_ends_frame),
	OPTION(fdm_overruns),
	OPTION(fdm_spills),
	OPTION(fdm_drops_commands),
	OPTION(reserved_reads_random),
	OPTION(tear),
	OPTION(soft_reset_drops_link),
	OPTION(reset_busy_selects),
	OPTION(reset_busy_ns),
	OPTION(versionr_zero_reads),
	OPTION(intlevel_delays),
	OPTION(oversubscription_harmless),
	OPTION(accept),
	OPTION(command_busy_selects),
	OPTION(command_busy_ns),
	OPTION(close_clears_ir),
	OPTION(no_padding),
	OPTION(tx_fsr_at_send),
	OPTION(send_ok_without_link),
	OPTION(send_delay_ns),
	OPTION(send_twice),
	OPTION(rsr_follows_rx_rd),
	OPTION(recv_raises_ir),
	OPTION(rsr_grows),
	OPTION(accept_1518),
	OPTION(ipv6_multicast_always),
	OPTION(other_multicast),
	OPTION(link_delay_ns),
};

static const struct sim_field faults[] = {
	FAULT(lose_writes),	   FAULT(lose_writes_block),
	FAULT(lose_writes_offset), FAULT(lose_writes_length),
	FAULT(lose_commands),	   FAULT(lose_command),
	FAULT(reset_at),	   FAULT(hung),
	FAULT(cr_stuck),	   FAULT(send_stuck),
	FAULT(send_ok_lost),	   FAULT(bad_rx_headers),
	FAULT(bad_rx_length),	   FAULT(wrong_versionr),
	FAULT(intn_edges_lost),	   FAULT(intn_stuck_high),
	FAULT(intn_stuck_low),
};

static const struct sim_field counters[] = {
	COUNTER(chip_selects),
	COUNTER(bytes),
	COUNTER(cr_polls),
	COUNTER(rsr_polls),
	COUNTER(opens),
	COUNTER(closes),
	COUNTER(sends),
	COUNTER(recvs),
	COUNTER(soft_resets),
	COUNTER(hard_resets),
	COUNTER(self_resets),
	COUNTER(tx_frames),
	COUNTER(tx_bytes),
	COUNTER(tx_lost),
	COUNTER(rx_frames),
	COUNTER(rx_bytes),
	COUNTER(rx_dropped_full),
	COUNTER(rx_dropped_filter),
	COUNTER(rx_dropped_closed),
	COUNTER(rx_dropped_bad),
	COUNTER(violations),
	COUNTER(excused),
};

int w5500_sim_set(struct w5500_sim *chip, const char *name, uint64_t value)
{
	int r;

	board_time_catch_up(chip->time);
	r = sim_fields_set(options, ARRAY_SIZE(options), &chip->options, name, value);
	if (r == -ENOENT)
		r = sim_fields_set(faults, ARRAY_SIZE(faults), &chip->faults, name,
				   value);
	sim_intn_update(chip);
	return r;
}

void w5500_sim_each_setting(const struct w5500_sim *chip,
			    void (*each)(void *ctx, const char *name, uint64_t value),
			    void *ctx)
{
	sim_fields_each(options, ARRAY_SIZE(options), &chip->options, each, ctx);
	sim_fields_each(faults, ARRAY_SIZE(faults), &chip->faults, each, ctx);
}

void w5500_sim_each_counter(const struct w5500_sim *chip,
			    void (*each)(void *ctx, const char *name, uint64_t value),
			    void *ctx)
{
	sim_fields_each(counters, ARRAY_SIZE(counters), &chip->stats, each, ctx);
}
