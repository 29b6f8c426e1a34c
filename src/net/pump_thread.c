// SPDX-License-Identifier: MIT
/* pump_thread.c — life of the pump, its thread, and what it shares with others */
#include "pump_internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

/* A recovery shorter than this is not worth alarming anybody; it is counted. */
#define SHOW_RECOVERY_NS (200 * NSEC_PER_MSEC)

/* The end of a SEND is waited for in tens of microseconds. */
#define TIMER_SLACK_NS 5000

int pump_new(struct pump **ret, const struct ethernet_settings *settings,
	     const uint8_t mac[6], const struct clock *clock)
{
	_cleanup_(pump_freep) struct pump *p = NULL;
	struct w5500_config config = {
		.phy = settings->phy,
		.interrupt = settings->interrupt[0],
		.ipv6 = settings->ipv6,
		.promiscuous = settings->promiscuous,
		.chained = settings->chained,
		.max_transfer = settings->spi_max_transfer,
		.speed_hz = settings->spi_speed_hz,
	};
	int r;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->settings = settings;
	p->clock = clock;
	memcpy(p->mac, mac, sizeof(p->mac));
	memcpy(config.mac, mac, sizeof(config.mac));
	p->tap_fd = p->new_tap_fd = -1;
	p->event_fd = -1;
	p->pause_ns = PUMP_PAUSE_FIRST_NS;
	p->pulse_reset = true;
	p->interrupt.believed = true;
	p->now.chip = p->status.chip = CHIP_STATE_STARTING;
	(void)pthread_mutex_init(&p->lock, NULL);
	p->wake_fd = fd_event_new();
	if (p->wake_fd < 0)
		return p->wake_fd;
	p->event_fd = fd_event_new();
	if (p->event_fd < 0)
		return p->event_fd;
	r = w5500_new(&p->chip, &config, clock);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

struct pump *pump_free(struct pump *p)
{
	if (!p)
		return NULL;
	if (p->chip)
		pump_close_bus(p);
	p->chip = w5500_free(p->chip);
	(void)fd_close(p->tap_fd);
	(void)fd_close(p->new_tap_fd);
	(void)fd_close(p->wake_fd);
	(void)fd_close(p->event_fd);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

void pump_set_tap(struct pump *p, int fd)
{
	(void)pthread_mutex_lock(&p->lock);
	(void)fd_close(p->new_tap_fd);
	p->new_tap_fd = fd;
	p->new_tap = true;
	atomic_store(&p->tap_lost, false);
	(void)pthread_mutex_unlock(&p->lock);
	fd_event_signal(p->wake_fd);
}

/* --- status ---------------------------------------------------------------- */

static enum chip_state shown_state(const struct pump *p)
{
	if (p->phase == PUMP_PHASE_RUNNING)
		return CHIP_STATE_RUNNING;
	if (p->probe_failed)
		return CHIP_STATE_ABSENT;
	if (!p->ever_ran)
		return CHIP_STATE_STARTING;
	if (clock_now_ns(p->clock) - p->left_running_ns < SHOW_RECOVERY_NS)
		return CHIP_STATE_RUNNING;
	return CHIP_STATE_RECOVERING;
}

/* The worst comes first; a plan that cannot be used is no fault of the wiring. */
static void make_hint(struct pump *p)
{
	uint32_t speed = w5500_speed_hz(p->chip);

	p->now.hint[0] = '\0';
	p->now.hint_id = CAUSE_NONE;
	if (p->phase == PUMP_PHASE_RUNNING && speed < p->settings->spi_speed_hz) {
		p->now.hint_id = CAUSE_SPI_TOO_FAST;
		text_format(
			p->now.hint, sizeof(p->now.hint),
			"The W5500 answers at %.4g MHz but not at %.4g MHz: use shorter "
			"wires, or lower ethernet.spi_speed_hz",
			speed / 1e6, p->settings->spi_speed_hz / 1e6);
	} else if (p->line_hint[0]) {
		p->now.hint_id = p->line_hint_id;
		memcpy(p->now.hint, p->line_hint, sizeof(p->now.hint));
	} else if (p->phase == PUMP_PHASE_RUNNING && p->interrupt.line &&
		   !p->interrupt.believed) {
		p->now.hint_id = p->interrupt.stuck_low ? CAUSE_INT_STUCK_LOW
							: CAUSE_INT_NOT_WIRED;
		text_format(
			p->now.hint, sizeof(p->now.hint),
			"Interrupt line %s does not follow the W5500: polling. Check the "
			"wire to INT",
			p->settings->interrupt);
	} else if (p->phase == PUMP_PHASE_RUNNING && w5500_chain_refused(p->chip)) {
		p->now.hint_id = CAUSE_BUS_PLAN_REFUSED;
		text_format(
			p->now.hint, sizeof(p->now.hint),
			"The W5500 does not take chained accesses as it should: it is "
			"used with ethernet.bus_plan = \"plain\"");
	} else if (p->phase == PUMP_PHASE_RUNNING && w5500_chain_lacks_room(p->chip)) {
		p->now.hint_id = CAUSE_BUS_PLAN_REFUSED;
		text_format(
			p->now.hint, sizeof(p->now.hint),
			"%s takes too little data in one message for "
			"ethernet.bus_plan = \"chained\": raise spidev.bufsiz to 4096",
			p->settings->spi);
	}
}

/* The status without the time of its change, for comparison. */
static bool same_status(const struct pump_status *a, const struct pump_status *b)
{
	return a->chip == b->chip && a->cause_id == b->cause_id &&
	       a->hint_id == b->hint_id && strcmp(a->cause, b->cause) == 0 &&
	       strcmp(a->hint, b->hint) == 0 && a->spi_bufsiz == b->spi_bufsiz &&
	       a->spi_speed_hz == b->spi_speed_hz &&
	       a->interrupt_works == b->interrupt_works && a->link_up == b->link_up &&
	       a->link_mbit == b->link_mbit && a->full_duplex == b->full_duplex;
}

static void add_driver_counters(struct pump *p)
{
	const struct w5500_counters *driver = w5500_counters(p->chip);

	p->counters = p->own;
	p->counters.tx_frames = driver->tx_frames;
	p->counters.tx_bytes = driver->tx_bytes;
	p->counters.tx_dropped_chip = driver->tx_lost;
	p->counters.rx_overflow_suspected = driver->rx_overflow;
	p->counters.rx_header_bad = driver->rx_header_bad;
	p->counters.rx_window_bad = driver->rx_window_bad;
	p->counters.rx_ring_lost = driver->rx_lost;
	p->counters.tx_send_repeated = driver->tx_repeated;
	p->counters.bus_garbled = driver->garbled;
	p->counters.bus_messages = driver->messages;
	p->counters.bus_errors = driver->bus_errors;
}

void pump_publish(struct pump *p)
{
	struct pump_status shown;
	bool changed;

	p->now.chip = shown_state(p);
	if (p->now.chip != CHIP_STATE_RUNNING)
		pump_set_link(p, false, 0, false);
	/* Nor is shown what becomes of clock and lines in a recovery that is not. */
	if (p->now.chip != CHIP_STATE_RUNNING || p->phase == PUMP_PHASE_RUNNING) {
		p->now.spi_speed_hz = w5500_speed_hz(p->chip);
		p->now.interrupt_works = pump_interrupt_usable(p);
		make_hint(p);
	}
	shown = p->now;
	if (shown.chip == CHIP_STATE_RUNNING) {
		shown.cause[0] = '\0';
		shown.cause_id = CAUSE_NONE;
	}

	(void)pthread_mutex_lock(&p->lock);
	changed = !same_status(&shown, &p->status);
	if (shown.chip != p->status.chip || shown.link_up != p->status.link_up)
		p->now.changed_ns = shown.changed_ns = clock_now_ns(p->clock);
	if (changed)
		p->status = shown;
	add_driver_counters(p);
	(void)pthread_mutex_unlock(&p->lock);
	if (changed)
		fd_event_signal(p->event_fd);
}

int pump_event_fd(const struct pump *p)
{
	return p->event_fd;
}

void pump_get_status(struct pump *p, struct pump_status *ret)
{
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->status;
	(void)pthread_mutex_unlock(&p->lock);
}

void pump_get_counters(struct pump *p, struct pump_counters *ret)
{
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->counters;
	(void)pthread_mutex_unlock(&p->lock);
}

uint64_t pump_heartbeat(const struct pump *p)
{
	return atomic_load(&p->heartbeat);
}

bool pump_tap_lost(struct pump *p)
{
	return atomic_load(&p->tap_lost);
}

/* --- the thread -------------------------------------------------------------- */

static void *pump_thread(void *arg)
{
	struct pump_wait wait = { 0 };
	struct pump *p = arg;

	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	while (!atomic_load(&p->stopping)) {
		uint64_t now, left;
		struct timespec ts;

		pump_turn(p, &wait);
		now = clock_now_ns(p->clock);
		if (wait.deadline_ns <= now)
			continue; /* there is work: revents are 0 as pump_turn() left them
				   */
		left = wait.deadline_ns - now;
		ts = (struct timespec){ .tv_sec = (time_t)(left / NSEC_PER_SEC),
					.tv_nsec = (long)(left % NSEC_PER_SEC) };
		(void)ppoll(wait.fds, wait.n_fds, &ts, NULL);
	}
	if (p->phase == PUMP_PHASE_RUNNING)
		w5500_stop(p->chip);
	return NULL;
}

/* Who refuses a priority: the limit of the process, or all that is around it. */
static const char *why_no_priority(int priority, char *buf, size_t size)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTPRIO, &limit) == 0 && limit.rlim_cur < (rlim_t)priority)
		return text_format(buf, size, "the limit is %llu (LimitRTPRIO=)",
				   (unsigned long long)limit.rlim_cur);
	return "the unit (RestrictRealtime=, SystemCallFilter=) or the kernel forbids it";
}

/* Failing is no reason not to run. */
static void set_priority(struct pump *p)
{
	const struct sched_param param = { .sched_priority = p->settings->rt_priority };
	char why[64];
	int r;

	if (!param.sched_priority)
		return;
	r = -pthread_setschedparam(p->thread, SCHED_FIFO, &param);
	if (r < 0)
		log_warning_errno(
			r,
			"Cannot give the packet thread real-time priority %d: %m, %s; "
			"running without it. REAL TIME in mqttnode(8) says what to do",
			param.sched_priority,
			why_no_priority(param.sched_priority, why, sizeof(why)));
	else
		log_info("The packet thread has real-time priority %d",
			 param.sched_priority);
}

int pump_start(struct pump *p)
{
	int r = -pthread_create(&p->thread, NULL, pump_thread, p);

	if (r < 0)
		return r;
	p->thread_runs = true;
	(void)pthread_setname_np(p->thread, "pump");
	set_priority(p);
	return 0;
}

void pump_stop(struct pump *p)
{
	if (!p->thread_runs)
		return;
	atomic_store(&p->stopping, true);
	fd_event_signal(p->wake_fd);
	(void)pthread_join(p->thread, NULL);
	p->thread_runs = false;
}
