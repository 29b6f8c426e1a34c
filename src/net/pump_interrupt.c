// SPDX-License-Identifier: MIT
/*
 * pump_interrupt.c — the INT line as a level, and whether it can be believed
 *
 * GPIO events are edges and the chip's line is a level: an edge only says "look
 * at the line", and the line is looked at again before each wait. Whether it
 * can be believed shows in two ways:
 *
 *	stuck low		low again and again, and nothing there for us
 *	stuck high, deaf	the health tick finds frames that came while nothing
 *				was going on, and no edge had woken anybody
 *
 * Silence proves nothing: only an edge speaks for the line. A line that is not
 * believed is not used, the pump polls; it is believed again when edges came and
 * chip and line agreed, a few ticks in a row.
 */
#include "pump_internal.h"

/* Low so often in a row without work: stuck, or another device pulls it. */
#define FRUITLESS_MAX 8
/* Ticks that speak against the line since the last one with an edge. */
#define MISSED_MAX 3
/* Ticks that speak for it, in a row. */
#define AGREED_MIN 3

bool pump_interrupt_usable(const struct pump *p)
{
	return p->interrupt.line && p->interrupt.believed;
}

bool pump_interrupt_low(const struct pump *p)
{
	return pump_interrupt_usable(p) && gpio_get(p->interrupt.line) == 0;
}

bool pump_interrupt_asks(struct pump *p)
{
	if (!p->interrupt.line)
		return false;
	(void)gpio_drain_events(p->interrupt.line);
	return pump_interrupt_low(p);
}

void pump_interrupt_event(struct pump *p, const struct pollfd *fd)
{
	struct pump_interrupt *in = &p->interrupt;

	if (!in->line || fd->fd != gpio_event_fd(in->line))
		return;
	in->edge_seen = true;
	/* The controller is gone, which would be reported for ever. */
	if (fd->revents & (POLLERR | POLLHUP | POLLNVAL))
		in->line = gpio_close(in->line);
}

static void give_up(struct pump *p, bool stuck_low)
{
	struct pump_interrupt *in = &p->interrupt;

	*in = (struct pump_interrupt){ .line = in->line, .stuck_low = stuck_low };
	p->poll_due_ns = 0;
}

void pump_interrupt_result(struct pump *p, bool work)
{
	p->interrupt.fruitless = work ? 0 : p->interrupt.fruitless + 1;
	if (p->interrupt.fruitless >= FRUITLESS_MAX)
		give_up(p, true);
}

/*
 * Whether an edge came that no wait has told of: the thread may not have waited at all,
 * or the tick was due before it looked.
 */
static bool edge_is_queued(const struct pump_interrupt *in)
{
	struct pollfd fd = { .fd = gpio_event_fd(in->line), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

void pump_interrupt_check(struct pump *p, const struct w5500_health *health, bool idle)
{
	struct pump_interrupt *in = &p->interrupt;
	bool low;

	if (!in->line)
		return;
	in->edge_seen = in->edge_seen || edge_is_queued(in);
	low = gpio_get(in->line) == 0;
	if (health->rx_waiting && idle && !in->edge_seen) {
		in->agreed = 0;
		if (in->believed) {
			p->own.interrupt_missed++;
			if (++in->missed >= MISSED_MAX)
				give_up(p, false);
		}
	} else if (in->edge_seen && low == health->recv_latched) {
		in->missed = 0;
		if (!in->believed && ++in->agreed >= AGREED_MIN)
			in->believed = true;
	}
	in->edge_seen = false;
}
