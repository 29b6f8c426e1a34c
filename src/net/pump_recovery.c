// SPDX-License-Identifier: MIT
/*
 * pump_recovery.c — from no bus to a running chip, and back there after trouble
 *
 * The ladder: resynchronise the receive ring, CLOSE and OPEN, soft reset, RSTn
 * pulse, open the bus anew and probe. Trouble names the step to begin with. A
 * step that fails is followed by the next stronger one, which also stands in for
 * it when it is needed again and again within seconds without having helped; the
 * last is repeated for ever, with a pause that grows to half a second. Every step is
 * counted.
 *
 * A message that the bus refuses or spoils says nothing about the chip: it is
 * tried again for an eighth of a second (in a start, the start is), then the bus
 * is opened anew, and the chip is spared the pulse on RSTn that costs it the link.
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

#define PAUSE_MAX_NS (500 * NSEC_PER_MSEC)

/* After so long without trouble the pause before a probe is short again. */
#define STABLE_NS (5 * NSEC_PER_SEC)

/* After a bus error the next try waits a millisecond, then twice as long each time ... */
#define BUS_RETRY_NS NSEC_PER_MSEC
/* ... and after so many the bus is opened anew. */
#define BUS_RETRIES 8

/*
 * So many garbled answers within so long are the fault of the clock. A message mostly
 * counts once; what disturbs the wires for a moment spoils one, or two with the next.
 */
#define GARBLED_MAX	  4
#define GARBLED_WINDOW_NS (10 * NSEC_PER_SEC)

/*
 * After so long without a garbled answer a clock that is lower than configured is
 * reconsidered: whatever disturbed the wires may be over. It takes a reset of the
 * chip, so it waits for a moment without traffic, and twice as long each time.
 */
#define CLOCK_PATIENCE_NS     (600 * NSEC_PER_SEC)
#define CLOCK_PATIENCE_MAX_NS (86400 * NSEC_PER_SEC)
#define CLOCK_QUIET_NS	      (50 * NSEC_PER_MSEC)

/* A line that could not be had is asked for again this often. */
#define LINES_NS (5 * NSEC_PER_SEC)

static void set_cause(struct pump *p, enum cause_id id, const char *cause)
{
	p->now.cause_id = id;
	(void)snprintf(p->now.cause, sizeof(p->now.cause), "%s", cause);
}

void pump_close_bus(struct pump *p)
{
	w5500_set_bus(p->chip, NULL);
	p->bus = spidev_close(p->bus);
	p->reset = gpio_close(p->reset);
	p->interrupt.line = gpio_close(p->interrupt.line);
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
	p->start = from;
	p->phase = PUMP_PHASE_STARTING;
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
	p->bus_failures = 0;
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
		p->due_ns = clock_now_ns(p->clock) + p->pause_ns;
		p->pause_ns =
			p->pause_ns * 2 < PAUSE_MAX_NS ? p->pause_ns * 2 : PAUSE_MAX_NS;
		break;
	}
}

/* @step, or the stronger one that has to stand in for it. */
static enum pump_recovery escalate(struct pump *p, enum pump_recovery step)
{
	uint64_t now = clock_now_ns(p->clock);

	for (;; step++) {
		struct pump_step *s = &p->steps[step];

		if (now - s->last_ns >= STEP_SOON_NS)
			s->times = 0;
		s->last_ns = now;
		if (step == PUMP_RECOVERY_PROBE || s->times++ < STEP_TIMES_MAX)
			return step;
	}
}

void pump_recover(struct pump *p, enum pump_recovery step, enum cause_id id,
		  const char *cause)
{
	set_cause(p, id, cause);
	p->left_running_ns = clock_now_ns(p->clock);
	take_step(p, escalate(p, step));
}

void pump_forget_step(struct pump *p, enum pump_recovery step)
{
	p->steps[step].times = 0;
}

/* Whether @error of a message or a start is one that may not come again. */
static bool is_passing(int error)
{
	switch (error) {
	case -ENODEV: /* nobody answers */
	case -EPROTO: /* the chip does not work */
	case -ETIME:
	case -ESTALE:
	case -ESHUTDOWN: /* the device is gone */
	case -EMSGSIZE:	 /* nothing fits */
		return false;
	default:
		return true;
	}
}

bool pump_retry_bus(struct pump *p, int error)
{
	if (!is_passing(error) || ++p->bus_failures >= BUS_RETRIES)
		return false;
	p->due_ns = clock_now_ns(p->clock) + (BUS_RETRY_NS << (p->bus_failures - 1));
	return true;
}

static void on_start_failure(struct pump *p, int error)
{
	bool of_bus = is_passing(error) || error == -ESHUTDOWN;
	char cause[sizeof(p->now.cause)];
	enum cause_id id;

	if (pump_retry_bus(p, error)) {
		begin_start(p, p->start);
		return;
	}
	id = w5500_explain(p->chip, error, p->settings->spi, cause, sizeof(cause));
	set_cause(p, id, cause);
	/* HARD_RESET ends in a probe as well: when that failed, there may be no chip. */
	if (p->step >= PUMP_RECOVERY_HARD_RESET || !p->ever_ran)
		p->probe_failed = true;
	p->pulse_reset = !of_bus;
	take_step(p, p->ever_ran && !of_bus && p->step < PUMP_RECOVERY_PROBE
			     ? p->step + 1
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
	p->clean_since_ns = now;
	p->ever_ran = true;
	p->probe_failed = false;
	p->bus_failures = 0;
	set_cause(p, CAUSE_NONE, "");
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
		p->line_hint_id =
			gpio_explain(spec, -r, p->line_hint, sizeof(p->line_hint));
	return line;
}

/* Asks for the lines that are not there. */
static void open_lines(struct pump *p)
{
	p->lines_due_ns = clock_now_ns(p->clock) + LINES_NS;
	p->line_hint[0] = '\0';
	p->line_hint_id = CAUSE_NONE;
	if (!p->reset)
		p->reset = open_line(p, p->settings->reset, true);
	if (!p->interrupt.line)
		p->interrupt.line = open_line(p, p->settings->interrupt, false);
}

void pump_watch_clock(struct pump *p)
{
	uint64_t garbled = w5500_counters(p->chip)->garbled;
	uint64_t now = clock_now_ns(p->clock);

	if (garbled != p->clean_garbled)
		p->clean_since_ns = now;
	p->clean_garbled = garbled;
	if (garbled - p->garbled_seen >= GARBLED_MAX && w5500_slow_down(p->chip))
		p->own.clock_lowered++;
	else if (now - p->garbled_since_ns < GARBLED_WINDOW_NS)
		return;
	p->garbled_seen = garbled;
	p->garbled_since_ns = now;
}

/* Identifies the chip anew, at the configured clock first, if it is time for that. */
static void reconsider_clock(struct pump *p, uint64_t now)
{
	if (p->clock_patience_ns == 0)
		p->clock_patience_ns = CLOCK_PATIENCE_NS;
	if (!w5500_is_slowed(p->chip) || now - p->clean_since_ns < p->clock_patience_ns ||
	    now - p->last_traffic_ns < CLOCK_QUIET_NS)
		return;
	if (p->clock_patience_ns < CLOCK_PATIENCE_MAX_NS)
		p->clock_patience_ns *= 2;
	p->own.clock_retried++;
	p->left_running_ns = now;
	p->step = PUMP_RECOVERY_SOFT_RESET; /* a pulse is next, if that fails */
	w5500_forget_slowing(p->chip);
	begin_start(p, W5500_START_PROBE);
}

void pump_still_running(struct pump *p)
{
	uint64_t now = clock_now_ns(p->clock);

	if (now - p->running_since_ns > STABLE_NS)
		p->pause_ns = PUMP_PAUSE_FIRST_NS;
	if (now >= p->lines_due_ns)
		open_lines(p);
	reconsider_clock(p, now);
}

static void open_bus(struct pump *p)
{
	char cause[sizeof(p->now.cause)];
	enum cause_id id;
	int r;

	r = spidev_open(&p->bus, p->settings->spi, p->settings->spi_speed_hz);
	if (r < 0) {
		id = spidev_explain(p->settings->spi, -r, cause, sizeof(cause));
		set_cause(p, id, cause);
		p->probe_failed = true;
		take_step(p, PUMP_RECOVERY_PROBE);
		return;
	}
	p->now.spi_bufsiz = (uint32_t)spidev_limits(p->bus).bufsiz;
	w5500_set_bus(p->chip, p->bus);
	open_lines(p);
	if (p->pulse_reset)
		begin_reset_pulse(p);
	else
		begin_start(p, W5500_START_PROBE);
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
		/* From when it rose: the call may have taken its time. */
		p->due_ns = clock_now_ns(p->clock) + RESET_HIGH_NS;
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
