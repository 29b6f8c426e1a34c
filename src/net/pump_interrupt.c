// SPDX-License-Identifier: MIT
/*
 * pump_interrupt.c — the INT line as a level, and whether it can be believed
 *
 * GPIO events are edges and the chip's line is a level: an edge only says "look
 * at the line". Whether the line can be believed shows in two ways. The health
 * tick reads Sn_IR, so it knows what the level should be; and a line that is
 * low while the chip has nothing for us, again and again, is stuck. A line that
 * is not believed is not used: the pump polls. It is believed again when an
 * edge was seen and chip and line agree.
 */
#include "pump_internal.h"

/* Low so often in a row without work: stuck, or another device pulls it. */
#define FRUITLESS_MAX 8
/* Ticks in a row on which chip and line disagree. */
#define MISMATCHES_MAX 3

bool pump_interrupt_asks(struct pump *p)
{
	struct pump_interrupt *in = &p->interrupt;

	if (!in->line)
		return false;
	(void)gpio_drain_events(in->line);
	return in->works && gpio_get(in->line) == 0;
}

static void give_up(struct pump *p)
{
	p->interrupt.works = false;
	p->interrupt.edge_seen = false;
	p->interrupt.mismatches = 0;
	p->interrupt.fruitless = 0;
	p->poll_due_ns = 0;
}

void pump_interrupt_result(struct pump *p, bool work)
{
	p->interrupt.fruitless = work ? 0 : p->interrupt.fruitless + 1;
	if (p->interrupt.fruitless >= FRUITLESS_MAX)
		give_up(p);
}

void pump_interrupt_check(struct pump *p, const struct w5500_health *health)
{
	struct pump_interrupt *in = &p->interrupt;
	bool low, agrees;

	if (!in->line)
		return;
	low = gpio_get(in->line) == 0;
	agrees = low == health->recv_latched;
	if (in->works && health->rx_waiting && !low)
		p->own.interrupt_missed++;
	if (in->works) {
		in->mismatches = agrees ? 0 : in->mismatches + 1;
		if (in->mismatches >= MISMATCHES_MAX)
			give_up(p);
	} else if (agrees && in->edge_seen) {
		in->works = true;
	}
	in->edge_seen = false;
}
