// SPDX-License-Identifier: MIT
/*
 * pump.c — frames between chip and TAP
 *
 * Theory of operation
 *
 * A turn does what is known to be needed and says what it waits for. While the
 * chip runs, that is: the health tick if it is due, else one exchange with the
 * chip if there is a reason for it. Reasons are work that the driver knows of
 * (records in the ring, a frame to send or on the wire), frames from the TAP,
 * the INT line being low, or, when that line cannot be used, the time to poll.
 * One exchange carries both directions, so neither can starve the other: under
 * full load from the TAP a received frame waits for one message at most.
 *
 * The TAP is read only while the driver has room for a frame. What does not fit
 * stays in the kernel's queue, which is short and drops what is too much; the
 * pump itself never reads a frame that it cannot send, except while there is no
 * link: what is left in the queue then would be stale when the link is back.
 *
 * The health tick reads all registers that were written in one message. It is
 * also where the link is seen to change, and the net under everything that
 * could be missed: an interrupt, a latch, a chip that was reset.
 *
 *	pump.c		  turns, frames, link
 *	pump_interrupt.c  the INT line
 *	pump_recovery.c	  opening, starting, the recovery ladder
 *	pump_thread.c	  the thread, and what it shares with others
 */
#include "pump_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/fd.h"
#include "mqttnode/tap.h"

#define HEALTH_NS (250 * NSEC_PER_MSEC)

/* A late SEND makes the tick due earlier, but not at every turn. */
#define EARLY_HEALTH_NS (5 * NSEC_PER_MSEC)

/* What a chip does that ran for so long is not the fault of the last start. */
#define KEPT_NS (50 * NSEC_PER_MSEC)

/* Without INT: poll often while there is traffic, seldom when there is none. */
#define POLL_BUSY_NS   (1 * NSEC_PER_MSEC)
#define POLL_IDLE_NS   (10 * NSEC_PER_MSEC)
#define POLL_LINGER_NS (100 * NSEC_PER_MSEC)

static uint64_t now_ns(const struct pump *p)
{
	return clock_now_ns(p->clock);
}

/* --- the TAP --------------------------------------------------------------- */

static void lose_tap(struct pump *p)
{
	p->tap_fd = fd_close(p->tap_fd);
	p->own.tap_lost++;
	atomic_store(&p->tap_lost, true);
	fd_event_signal(p->event_fd);
}

static void set_carrier(struct pump *p)
{
	if (p->tap_fd >= 0)
		(void)tap_set_carrier(p->tap_fd, p->now.link_up);
}

static void take_new_tap(struct pump *p)
{
	(void)pthread_mutex_lock(&p->lock);
	if (p->new_tap) {
		(void)fd_close(p->tap_fd);
		p->tap_fd = p->new_tap_fd;
		p->new_tap_fd = -1;
		p->new_tap = false;
		atomic_store(&p->tap_lost, false);
		set_carrier(p);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

/* One frame from the TAP to @buf. Returns its length, or 0 if there is none. */
static size_t read_tap(struct pump *p, uint8_t *buf, size_t size)
{
	ssize_t n;

	if (p->tap_fd < 0)
		return 0;
	n = tap_read(p->tap_fd, buf, size);
	if (n > 0)
		return (size_t)n;
	/* Any other error would be reported again at once, and for ever. */
	if (n != -EAGAIN && n != -EINTR)
		lose_tap(p);
	return 0;
}

/* Reads and drops what waits in the TAP: it is stale, or there is no link for it. */
static void drop_from_tap(struct pump *p)
{
	uint8_t frame[W5500_FRAME_MAX];

	for (unsigned int i = 0; i < 2 * TAP_TXQUEUELEN; i++) {
		if (!read_tap(p, frame, sizeof(frame)))
			return;
		p->own.tx_dropped_link++;
	}
}

/* Fills the driver's room with frames from the TAP. */
static void read_from_tap(struct pump *p)
{
	uint8_t frame[W5500_FRAME_MAX + 1]; /* one more: a giant shows by its length */
	uint8_t *room;
	size_t len;

	while ((room = w5500_tx_buffer(p->chip)) &&
	       (len = read_tap(p, frame, sizeof(frame))) > 0) {
		if (len < W5500_FRAME_HEADER || len > W5500_FRAME_MAX) {
			p->own.tx_dropped_size++;
			continue;
		}
		memcpy(room, frame, len);
		w5500_tx_put(p->chip, len);
		p->last_traffic_ns = now_ns(p);
	}
}

/* The chip's filter lets some frames through that are not for us (quirk Q13). */
static bool is_for_us(const struct pump *p, const uint8_t *frame)
{
	if (p->settings->promiscuous)
		return true;
	if (!(frame[0] & 1))
		return memcmp(frame, p->mac, sizeof(p->mac)) == 0;
	/* RFC 2464 section 7: IPv6 multicast. */
	return p->settings->ipv6 || frame[0] != 0x33 || frame[1] != 0x33;
}

/* Gives the TAP what the last exchange brought. Returns whether that was anything. */
static bool deliver(struct pump *p)
{
	const uint8_t *frame;
	bool any = false;
	size_t len;

	while ((frame = w5500_rx_next(p->chip, &len))) {
		int r;

		any = true;
		p->last_traffic_ns = now_ns(p);
		if (!is_for_us(p, frame)) {
			p->own.rx_dropped_filter++;
			continue;
		}
		r = p->tap_fd >= 0 ? tap_write(p->tap_fd, frame, len) : -EBADFD;
		if (r == 0) {
			p->own.rx_frames++;
			p->own.rx_bytes += len;
			continue;
		}
		/* -EIO is an interface that is down: that passes. */
		p->own.rx_dropped_tap++;
		if (p->tap_fd >= 0 && (r == -EBADFD || r == -EPIPE))
			lose_tap(p);
	}
	return any;
}

/* --- link ------------------------------------------------------------------ */

void pump_set_link(struct pump *p, bool up, uint16_t mbit, bool full_duplex)
{
	p->now.link_mbit = mbit;
	p->now.full_duplex = full_duplex;
	if (p->now.link_up == up)
		return;
	p->now.link_up = up;
	p->own.link_changes++;
	/* Without carrier the kernel queues nothing: it goes first, and comes last. */
	if (!up) {
		set_carrier(p);
		p->own.tx_dropped_link += w5500_tx_drop(p->chip);
	}
	drop_from_tap(p);
	if (up)
		set_carrier(p);
}

/* --- running --------------------------------------------------------------- */

static void on_bus_failure(struct pump *p, int error)
{
	char cause[sizeof(p->now.cause)];
	enum cause_id id;

	if (pump_retry_bus(p, error))
		return;
	p->pulse_reset = false; /* the chip is not to blame */
	id = spidev_explain(p->settings->spi, -error, cause, sizeof(cause));
	pump_recover(p, PUMP_RECOVERY_PROBE, id, cause);
}

/*
 * The chip ran for a while: the soft reset before this one, if any, did help. However
 * often it is needed, a pulse on RSTn, which costs the link, would do no more.
 */
static void reset_softly(struct pump *p, enum cause_id id, const char *cause)
{
	if (now_ns(p) - p->running_since_ns >= KEPT_NS)
		pump_forget_step(p, PUMP_RECOVERY_SOFT_RESET);
	pump_recover(p, PUMP_RECOVERY_SOFT_RESET, id, cause);
}

static void on_trouble(struct pump *p)
{
	switch (w5500_trouble(p->chip)) {
	case W5500_TROUBLE_NONE:
		break;
	case W5500_TROUBLE_RX_LOST:
		pump_recover(p, PUMP_RECOVERY_RESYNC, CAUSE_CHIP_OUT_OF_STEP,
			     "The receive ring of the W5500 is out of step");
		break;
	case W5500_TROUBLE_TX_STUCK:
		pump_recover(p, PUMP_RECOVERY_REOPEN, CAUSE_CHIP_SEND_STUCK,
			     "The W5500 does not end a SEND");
		break;
	case W5500_TROUBLE_COMMAND_STUCK:
		pump_recover(p, PUMP_RECOVERY_SOFT_RESET, CAUSE_CHIP_COMMAND_STUCK,
			     "The W5500 does not take a command");
		break;
	case W5500_TROUBLE_PLAN:
		pump_recover(p, PUMP_RECOVERY_SOFT_RESET, CAUSE_BUS_PLAN_REFUSED,
			     "The W5500 does not take chained commands");
		break;
	case W5500_TROUBLE_REGISTERS_LOST:
		p->own.chip_lost++;
		reset_softly(p, CAUSE_CHIP_LOST, "The W5500 has lost its registers");
		break;
	case W5500_TROUBLE_SILENT:
		reset_softly(p, CAUSE_CHIP_SILENT, "The W5500 stopped answering");
		break;
	}
}

static void check_health(struct pump *p)
{
	uint64_t now = now_ns(p);
	bool idle = w5500_due_ns(p->chip) > now;
	struct w5500_health health;
	int r;

	r = w5500_check(p->chip, &health);
	if (r < 0) {
		on_bus_failure(p, r); /* the tick stays due */
		return;
	}
	p->bus_failures = 0;
	pump_watch_clock(p);
	if (r == 0) {
		p->health_due_ns = now; /* once more, to be sure */
	} else {
		p->health_due_ns = now + HEALTH_NS;
		/* A SEND that the loss of the link interrupts is not the chip's fault. */
		if (p->now.link_up && !health.link_up && w5500_tx_busy(p->chip))
			pump_forget_step(p, PUMP_RECOVERY_REOPEN);
		pump_set_link(p, health.link_up, health.link_mbit, health.full_duplex);
		pump_interrupt_check(p, &health, idle);
		pump_still_running(p);
	}
	on_trouble(p);
}

static void exchange(struct pump *p, unsigned int hints)
{
	bool work;
	int r;

	r = w5500_exchange(p->chip, hints);
	if (r < 0) {
		on_bus_failure(p, r);
		return;
	}
	p->bus_failures = 0;
	pump_watch_clock(p);
	work = deliver(p) || w5500_rx_waiting(p->chip);
	/* One latch may be left over from frames that were noticed without it. */
	if ((hints & W5500_HINT_LATCHED) || work)
		pump_interrupt_result(p, work);
	on_trouble(p);
}

/* Whether the chip is to be looked at from time to time: nobody else would tell. */
static bool polls(const struct pump *p)
{
	return p->now.link_up && !pump_interrupt_usable(p);
}

/* Whether it is time to look at the chip without being asked to. */
static bool poll_is_due(struct pump *p)
{
	uint64_t now = now_ns(p);

	if (!polls(p) || now < p->poll_due_ns)
		return false;
	p->poll_due_ns = now + (now - p->last_traffic_ns < POLL_LINGER_NS ? POLL_BUSY_NS
									  : POLL_IDLE_NS);
	return true;
}

static void run(struct pump *p)
{
	unsigned int hints = 0;
	uint64_t now = now_ns(p);
	bool at_once, known;

	if (now < p->due_ns) /* after a bus error */
		return;
	if (now >= p->health_due_ns ||
	    (w5500_tx_late(p->chip) &&
	     p->health_due_ns - now < HEALTH_NS - EARLY_HEALTH_NS)) {
		check_health(p);
		return;
	}
	if (p->now.link_up)
		read_from_tap(p);
	at_once = w5500_due_ns(p->chip) <= now;
	known = w5500_rx_waiting(p->chip);
	/* Asked also while frames go out: one that comes in would wait a message more. */
	if (!(at_once && known) && pump_interrupt_asks(p) && !known)
		hints |= W5500_HINT_LATCHED;
	if (!at_once) {
		if (poll_is_due(p))
			hints |= W5500_HINT_EXPECT;
		if (!hints)
			return;
	}
	exchange(p, hints);
}

/* --- a turn ---------------------------------------------------------------- */

static void wait_for(struct pump_wait *wait, int fd, short events)
{
	wait->fds[wait->n_fds++] = (struct pollfd){ .fd = fd, .events = events };
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void plan_wait(struct pump *p, struct pump_wait *wait)
{
	bool running = p->phase == PUMP_PHASE_RUNNING;
	bool ready = running && now_ns(p) >= p->due_ns;
	bool wants_frames = ready && p->now.link_up && w5500_tx_buffer(p->chip);

	*wait = (struct pump_wait){ 0 };
	wait_for(wait, p->wake_fd, POLLIN);
	if (p->tap_fd >= 0) /* without events: still told when the device is deleted */
		wait_for(wait, p->tap_fd, wants_frames ? POLLIN : 0);
	if (ready && p->interrupt.line)
		wait_for(wait, gpio_event_fd(p->interrupt.line), POLLIN);

	if (!ready) {
		wait->deadline_ns = p->due_ns;
		return;
	}
	wait->deadline_ns = earlier(p->health_due_ns, w5500_due_ns(p->chip));
	if (polls(p))
		wait->deadline_ns = earlier(wait->deadline_ns, p->poll_due_ns);
	/* The line may have gone low again without having been high in between. */
	if (wait->deadline_ns > now_ns(p) && !w5500_rx_waiting(p->chip) &&
	    pump_interrupt_low(p))
		wait->deadline_ns = 0;
}

/* What the wait before this turn reported. */
static void look_at_wait(struct pump *p, const struct pump_wait *wait)
{
	for (unsigned int i = 0; i < wait->n_fds; i++) {
		const struct pollfd *fd = &wait->fds[i];

		if (!fd->revents)
			continue;
		if (fd->fd == p->wake_fd)
			(void)fd_event_clear(p->wake_fd);
		else if (fd->fd != p->tap_fd)
			pump_interrupt_event(p, fd);
		else if (fd->revents & (POLLERR | POLLHUP | POLLNVAL))
			lose_tap(p);
	}
}

void pump_turn(struct pump *p, struct pump_wait *wait)
{
	atomic_fetch_add(&p->heartbeat, 1);
	look_at_wait(p, wait);
	take_new_tap(p);
	if (p->phase == PUMP_PHASE_RUNNING)
		run(p);
	else
		pump_advance(p);
	pump_publish(p);
	plan_wait(p, wait);
}
