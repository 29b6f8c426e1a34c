// SPDX-License-Identifier: MIT
/*
 * pump_recovery.c — from no bus to a running chip, and back there after trouble
 *
 * The ladder: resynchronise the receive ring, CLOSE and OPEN, soft reset, RSTn
 * pulse, open the bus anew and probe. Trouble names the step to begin with. A
 * step that fails, or that is needed again and again within seconds, is
 * followed by the next stronger one; the last is repeated for ever, with a
 * pause that grows to half a second. Every step is counted.
 */
#include "pump_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* RSTn: low at least 500 us, then 1 ms until the PLL has locked (datasheet 5.5.1). */
#define RESET_LOW_NS  (1 * NSEC_PER_MSEC)
#define RESET_HIGH_NS (2 * NSEC_PER_MSEC)

/* The same step this often in a row, each within this time of the last, is not enough. */
#define STEP_TIMES_MAX 3
#define STEP_SOON_NS   (2 * NSEC_PER_SEC)

#define PAUSE_FIRST_NS (10 * NSEC_PER_MSEC)
#define PAUSE_MAX_NS   (500 * NSEC_PER_MSEC)

static void set_cause(struct pump *p, const char *cause)
{
	(void)snprintf(p->now.cause, sizeof(p->now.cause), "%s", cause);
}

void pump_close_bus(struct pump *p)
{
	w5500_set_bus(p->chip, NULL);
	p->bus = spidev_close(p->bus);
	p->reset = gpio_close(p->reset);
	p->interrupt.line = gpio_close(p->interrupt.line);
	p->interrupt.works = false;
}

static void count_step(struct pump *p, enum pump_recovery step)
{
	switch (step) {
	case PUMP_RECOVERY_NONE:
		break;
	case PUMP_RECOVERY_RESYNC:
		p->own.recover_resync++;
		break;
	case PUMP_RECOVERY_REOPEN:
		p->own.recover_reopen++;
		break;
	case PUMP_RECOVERY_SOFT_RESET:
		p->own.recover_soft_reset++;
		break;
	case PUMP_RECOVERY_HARD_RESET:
		p->own.recover_hard_reset++;
		break;
	case PUMP_RECOVERY_PROBE:
		p->own.recover_probe++;
		break;
	}
}

static void begin_start(struct pump *p, enum w5500_start from)
{
	w5500_start(p->chip, from);
	p->phase = PUMP_PHASE_STARTING;
	p->due_ns = 0;
}

/* Pulses RSTn if it is wired; a probe follows. */
static void begin_reset_pulse(struct pump *p)
{
	if (!p->reset || gpio_set(p->reset, false) < 0) {
		begin_start(p, W5500_START_PROBE);
		return;
	}
	p->phase = PUMP_PHASE_RESET_LOW;
	p->due_ns = clock_now_ns(p->clock) + RESET_LOW_NS;
}

static void take_step(struct pump *p, enum pump_recovery step)
{
	p->step = step;
	p->step_ns = clock_now_ns(p->clock);
	count_step(p, step);
	switch (step) {
	case PUMP_RECOVERY_NONE:
		break;
	case PUMP_RECOVERY_RESYNC:
		begin_start(p, W5500_START_RESYNC);
		break;
	case PUMP_RECOVERY_REOPEN:
		begin_start(p, W5500_START_REOPEN);
		break;
	case PUMP_RECOVERY_SOFT_RESET:
		begin_start(p, W5500_START_RESET);
		break;
	case PUMP_RECOVERY_HARD_RESET:
		begin_reset_pulse(p);
		break;
	case PUMP_RECOVERY_PROBE:
		pump_close_bus(p);
		p->phase = PUMP_PHASE_CLOSED;
		p->due_ns = p->step_ns + p->pause_ns;
		p->pause_ns =
			p->pause_ns * 2 < PAUSE_MAX_NS ? p->pause_ns * 2 : PAUSE_MAX_NS;
		break;
	}
}

void pump_recover(struct pump *p, enum pump_recovery step, const char *cause)
{
	uint64_t now = clock_now_ns(p->clock);

	set_cause(p, cause);
	p->bus_failures = 0;
	p->left_running_ns = now;
	if (p->step != PUMP_RECOVERY_NONE && step <= p->step &&
	    now - p->step_ns < STEP_SOON_NS) {
		step = p->step;
		if (++p->step_times >= STEP_TIMES_MAX && step < PUMP_RECOVERY_PROBE) {
			step++;
			p->step_times = 0;
		}
	} else {
		p->step_times = 0;
	}
	take_step(p, step);
}

static void on_start_failure(struct pump *p, int error)
{
	char cause[sizeof(p->now.cause)];

	set_cause(p,
		  w5500_explain(p->chip, error, p->settings->spi, cause, sizeof(cause)));
	/* HARD_RESET ends in a probe as well: when that failed, there may be no chip. */
	if (p->step >= PUMP_RECOVERY_HARD_RESET || !p->ever_ran)
		p->probe_failed = true;
	take_step(p, p->ever_ran && p->step < PUMP_RECOVERY_PROBE ? p->step + 1
								  : PUMP_RECOVERY_PROBE);
}

static void on_running(struct pump *p)
{
	uint64_t now = clock_now_ns(p->clock);

	p->phase = PUMP_PHASE_RUNNING;
	p->due_ns = 0;
	p->health_due_ns = now;
	p->poll_due_ns = now;
	p->running_since_ns = now;
	p->ever_ran = true;
	p->probe_failed = false;
	p->pause_ns = PAUSE_FIRST_NS;
	set_cause(p, "");
}

/* Asks for a line of which the daemon can do without; what is wrong becomes a hint. */
static struct gpio_line *open_line(struct pump *p, const char *spec, bool output)
{
	struct gpio_line *line = NULL;
	int r;

	if (!spec[0])
		return NULL;
	r = output ? gpio_open_output(&line, spec, true)
		   : gpio_open_interrupt(&line, spec);
	if (r < 0)
		(void)gpio_explain(spec, -r, p->line_hint, sizeof(p->line_hint));
	return line;
}

static void open_bus(struct pump *p)
{
	char cause[sizeof(p->now.cause)];
	int r;

	r = spidev_open(&p->bus, p->settings->spi, p->settings->spi_speed_hz);
	if (r < 0) {
		set_cause(p, spidev_explain(p->settings->spi, -r, cause, sizeof(cause)));
		p->probe_failed = true;
		take_step(p, PUMP_RECOVERY_PROBE);
		return;
	}
	w5500_set_bus(p->chip, p->bus);
	p->line_hint[0] = '\0';
	p->reset = open_line(p, p->settings->reset, true);
	p->interrupt = (struct pump_interrupt){
		.line = open_line(p, p->settings->interrupt, false),
	};
	p->interrupt.works = p->interrupt.line != NULL;
	w5500_set_interrupt(p->chip, p->interrupt.line != NULL);
	begin_reset_pulse(p);
}

void pump_advance(struct pump *p)
{
	uint64_t now = clock_now_ns(p->clock);
	int r;

	if (now < p->due_ns)
		return;
	switch (p->phase) {
	case PUMP_PHASE_CLOSED:
		open_bus(p);
		break;
	case PUMP_PHASE_RESET_LOW:
		(void)gpio_set(p->reset, true);
		p->phase = PUMP_PHASE_RESET_HIGH;
		p->due_ns = now + RESET_HIGH_NS;
		break;
	case PUMP_PHASE_RESET_HIGH:
		begin_start(p, W5500_START_PROBE);
		break;
	case PUMP_PHASE_STARTING:
		p->due_ns = 0;
		r = w5500_start_step(p->chip, &p->due_ns);
		if (r > 0)
			on_running(p);
		else if (r < 0)
			on_start_failure(p, r);
		break;
	case PUMP_PHASE_RUNNING:
		break;
	}
}
