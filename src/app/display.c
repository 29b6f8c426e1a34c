// SPDX-License-Identifier: MIT
/*
 * display.c — the display thread: the latest picture, whatever the bus does
 *
 * Theory of operation. A turn takes what main has left in the mailbox, makes of
 * it what the panel is to show (display_picture.c, display_care.c) and has it
 * brought about (display_panel.c).
 *
 * The thread and main share the mailbox and the status, under one lock that is
 * never held over a call on the bus. When the thread is stuck in one at the end,
 * nobody waits for it.
 */
#include "mqttnode/display.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "display_care.h"
#include "display_panel.h"
#include "display_picture.h"
#include "mqttnode/fd.h"

struct display {
	const struct oled_settings *settings; /* borrowed */
	const struct clock *clock;	      /* borrowed */

	pthread_mutex_t lock; /* protects the next three */
	struct canvas posted;
	bool woken; /* an event happened and was not taken yet */
	struct display_status status;

	/* The display's thread only. */
	struct panel panel;
	struct panel_wanted wanted;
	struct canvas picture; /* what wanted.picture was made of, */
	unsigned int step;     /* and its place */
	uint64_t started_ns;
	uint64_t event_ns; /* the last one */

	/* Main only, but for what stands beside. */
	pthread_t thread;
	bool running;
	atomic_bool stop; /* read by the thread */
	int wake_fd;	  /* something for the thread */
	int done_fd;	  /* set by the thread: it has ended */
};

int display_new(struct display **ret, const struct oled_settings *settings,
		const struct clock *clock)
{
	_cleanup_(display_freep) struct display *d = NULL;

	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	(void)pthread_mutex_init(&d->lock, NULL);
	d->settings = settings;
	d->clock = clock;
	d->started_ns = d->event_ns = clock_now_ns(clock);
	panel_init(&d->panel, settings, clock);
	d->status = d->panel.status;
	display_canvas(settings, &d->posted);
	d->picture = d->posted;
	display_compose(settings, &d->posted, 0, &d->wanted.picture);
	d->done_fd = -1;
	d->wake_fd = fd_event_new();
	if (d->wake_fd < 0)
		return d->wake_fd;
	d->done_fd = fd_event_new();
	if (d->done_fd < 0)
		return d->done_fd;
	*ret = TAKE_PTR(d);
	return 0;
}

struct display *display_free(struct display *d)
{
	if (!d)
		return NULL;
	assert(!d->running);
	panel_close(&d->panel);
	d->wake_fd = fd_close(d->wake_fd);
	d->done_fd = fd_close(d->done_fd);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

/* What is in the mailbox: the picture posted last, and whether there was an event. */
static void take_mail(struct display *d, struct canvas *picture, bool *woken)
{
	(void)pthread_mutex_lock(&d->lock);
	*picture = d->posted;
	*woken = d->woken;
	d->woken = false;
	(void)pthread_mutex_unlock(&d->lock);
}

static void put_status(struct display *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->status = d->panel.status;
	(void)pthread_mutex_unlock(&d->lock);
}

/* Makes the picture for the panel, if there is anything new about it. */
static void compose(struct display *d, const struct canvas *picture, unsigned int step)
{
	if (step == d->step && memcmp(picture, &d->picture, sizeof(*picture)) == 0)
		return;
	d->picture = *picture;
	d->step = step;
	display_compose(d->settings, picture, step, &d->wanted.picture);
}

uint64_t display_turn(struct display *d)
{
	uint64_t now = clock_now_ns(d->clock), next_ns;
	bool woken, was_up = d->panel.up;
	struct canvas picture;

	take_mail(d, &picture, &woken);
	if (woken)
		d->event_ns = now;
	compose(d, &picture, display_step(d->settings, now - d->started_ns));
	d->wanted.contrast = display_contrast(d->settings, time(NULL));
	d->wanted.dark = was_up && display_is_idle(d->settings, now - d->event_ns);

	next_ns = panel_turn(&d->panel, &d->wanted);
	if (!was_up && d->panel.up)
		d->event_ns = now; /* whoever plugged it in wants to see it */
	put_status(d);
	return next_ns;
}

static int poll_timeout_ms(const struct display *d, uint64_t until_ns)
{
	uint64_t now = clock_now_ns(d->clock);

	return until_ns <= now ? 0 : (int)((until_ns - now) / NSEC_PER_MSEC + 1);
}

static void *display_thread(void *arg)
{
	struct display *d = arg;
	struct pollfd wake = { .fd = d->wake_fd, .events = POLLIN };

	while (!atomic_load(&d->stop)) {
		uint64_t next_ns = display_turn(d);

		(void)poll(&wake, 1, poll_timeout_ms(d, next_ns));
		(void)fd_event_clear(d->wake_fd);
	}
	panel_leave(&d->panel);
	panel_close(&d->panel);
	fd_event_signal(d->done_fd);
	return NULL;
}

int display_start(struct display *d)
{
	int r;

	r = -pthread_create(&d->thread, NULL, display_thread, d);
	if (r < 0)
		return r;
	(void)pthread_setname_np(d->thread, "display");
	d->running = true;
	return 0;
}

void display_post(struct display *d, const struct canvas *picture)
{
	(void)pthread_mutex_lock(&d->lock);
	d->posted = *picture;
	(void)pthread_mutex_unlock(&d->lock);
	fd_event_signal(d->wake_fd);
}

void display_wake(struct display *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->woken = true;
	(void)pthread_mutex_unlock(&d->lock);
	fd_event_signal(d->wake_fd);
}

void display_stop(struct display *d)
{
	atomic_store(&d->stop, true);
	fd_event_signal(d->wake_fd);
}

int display_event_fd(const struct display *d)
{
	return d->done_fd;
}

bool display_joined(struct display *d, unsigned int limit_ms)
{
	struct pollfd done = { .fd = d->done_fd, .events = POLLIN };

	if (!d->running)
		return true;
	if (poll(&done, 1, (int)limit_ms) <= 0)
		return false;
	(void)pthread_join(d->thread, NULL);
	d->running = false;
	return true;
}

void display_get_picture(struct display *d, struct canvas *ret)
{
	(void)pthread_mutex_lock(&d->lock);
	*ret = d->posted;
	(void)pthread_mutex_unlock(&d->lock);
}

void display_get_status(struct display *d, struct display_status *ret)
{
	(void)pthread_mutex_lock(&d->lock);
	*ret = d->status;
	(void)pthread_mutex_unlock(&d->lock);
}
