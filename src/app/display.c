// SPDX-License-Identifier: MIT
/*
 * display.c — the display thread: the latest picture, whatever the bus does
 *
 * Theory of operation. The panel is either up or not. Not up: once a second it
 * is initialised, which costs an absent one a single address byte. Up: once a
 * second its status is read, and once a minute everything is sent again, for
 * what a status byte does not tell. A call that fails is tried once more at
 * once, since a disturbance of the bus is over by then; after that the panel
 * counts as gone. Only a stuck bus gets no second try: each call on it takes
 * the adapter's whole time limit, a second.
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

#include "mqttnode/fd.h"
#include "mqttnode/i2cdev.h"
#include "mqttnode/log.h"
#include "mqttnode/oled.h"
#include "mqttnode/text.h"

#define LOOK_NS	    (1 * NSEC_PER_SEC)
#define REASSERT_NS (60 * NSEC_PER_SEC)

/* A loose wire must not fill the journal. */
#define LOG_INTERVAL_S 60
#define LOG_BURST      6

/* Buses as slow as this are mentioned: a full repaint takes a tenth of a second. */
#define SLOW_BUS_HZ 100000

struct display {
	const struct oled_settings *settings; /* borrowed */
	const struct clock *clock;	      /* borrowed */

	pthread_mutex_t lock; /* protects the next three */
	struct canvas posted;
	bool news; /* posted and not taken yet */
	struct display_status status;

	/* The display's thread only. */
	struct i2c_bus *bus; /* NULL: not open */
	struct oled *oled;   /* on that bus */
	struct canvas picture;
	bool up;
	bool seen;	      /* was up before */
	bool complained;      /* said that it is absent */
	uint64_t absent_ns;   /* since when */
	uint64_t look_ns;     /* when to look after it */
	uint64_t reassert_ns; /* when to send everything again */
	struct log_limit log_limit;

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
	d->log_limit =
		(struct log_limit){ .interval_s = LOG_INTERVAL_S, .burst = LOG_BURST };
	text_format(d->status.cause, sizeof(d->status.cause), "Looking for the display");
	display_canvas(settings, &d->picture);
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

static void close_bus(struct display *d)
{
	d->oled = oled_free(d->oled);
	d->bus = i2cdev_close(d->bus);
}

struct display *display_free(struct display *d)
{
	if (!d)
		return NULL;
	assert(!d->running);
	close_bus(d);
	d->wake_fd = fd_close(d->wake_fd);
	d->done_fd = fd_close(d->done_fd);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

static void say(struct display *d, int level, const char *event, const char *sentence)
{
	unsigned int held_back;

	if (!log_allow(&d->log_limit, &held_back))
		return;
	if (held_back > 0)
		log_event(level, event, "%s (%u messages about it were held back)",
			  sentence, held_back);
	else
		log_event(level, event, "%s", sentence);
}

static void count(struct display *d, uint64_t *counter)
{
	(void)pthread_mutex_lock(&d->lock);
	(*counter)++;
	(void)pthread_mutex_unlock(&d->lock);
}

static void set_present(struct display *d, bool present, const char *cause)
{
	(void)pthread_mutex_lock(&d->lock);
	d->status.present = present;
	text_format(d->status.cause, sizeof(d->status.cause), "%s", cause);
	(void)pthread_mutex_unlock(&d->lock);
}

/* Takes the picture out of the mailbox; returns whether there was one. */
static bool take_picture(struct display *d)
{
	bool news;

	(void)pthread_mutex_lock(&d->lock);
	news = d->news;
	if (news)
		d->picture = d->posted;
	d->news = false;
	(void)pthread_mutex_unlock(&d->lock);
	return news;
}

/* Calls @f, and once more if it failed by a disturbance. */
static int try_twice(struct display *d, int (*f)(struct display *d))
{
	int r = f(d);

	if (r >= 0)
		return r;
	count(d, &d->status.bus_errors);
	if (r == -ETIMEDOUT)
		return r;
	r = f(d);
	if (r < 0)
		count(d, &d->status.bus_errors);
	return r;
}

static int check(struct display *d)
{
	return oled_check(d->oled);
}

static int reassert(struct display *d)
{
	return oled_reassert(d->oled);
}

static int show_once(struct display *d)
{
	return oled_show(d->oled, &d->picture);
}

static int show(struct display *d)
{
	int r = try_twice(d, show_once);

	if (r == 0)
		count(d, &d->status.frames);
	return r;
}

static int init_and_show(struct display *d)
{
	int r = oled_init(d->oled);

	return r < 0 ? r : show(d);
}

static int open_bus(struct display *d)
{
	int r;

	if (d->bus)
		return 0;
	r = i2cdev_open(&d->bus, d->settings->i2c, d->settings->address);
	if (r < 0)
		return r;
	r = oled_new(&d->oled, d->bus, d->settings->width, d->settings->height);
	if (r < 0)
		close_bus(d);
	return r;
}

/* "Display found at 0x3c on /dev/i2c-1", with the clock of the bus if it is known. */
static void say_found(struct display *d)
{
	uint32_t clock_hz = i2cdev_clock_hz(d->bus);
	char sentence[256], speed[160] = "";

	if (clock_hz > SLOW_BUS_HZ)
		text_format(speed, sizeof(speed), ", bus at %u kHz", clock_hz / 1000);
	else if (clock_hz > 0)
		text_format(
			speed, sizeof(speed),
			", bus at %u kHz: 400 kHz is better (Raspberry Pi: "
			"dtparam=i2c_arm_baudrate=400000 in /boot/firmware/config.txt)",
			clock_hz / 1000);
	text_format(sentence, sizeof(sentence), "Display found at 0x%02x on %s%s",
		    d->settings->address, d->settings->i2c, speed);
	say(d, LOG_INFO, "display-found", sentence);
}

static void say_back(struct display *d, uint64_t now)
{
	char sentence[64];

	text_format(sentence, sizeof(sentence), "Display is back after %llu s",
		    (unsigned long long)((now - d->absent_ns + NSEC_PER_SEC / 2) /
					 NSEC_PER_SEC));
	say(d, LOG_INFO, "display-back", sentence);
}

static void came_up(struct display *d)
{
	uint64_t now = clock_now_ns(d->clock);

	if (d->seen)
		say_back(d, now);
	else
		say_found(d);
	d->up = d->seen = true;
	d->complained = false;
	d->reassert_ns = now + REASSERT_NS;
	set_present(d, true, "");
}

/* Whether the bus is still good after @error, so that it need not be opened again. */
static bool bus_survives(int error)
{
	return error == -ENXIO || error == -EREMOTEIO || error == -EIO ||
	       error == -ETIMEDOUT || error == -EAGAIN;
}

/* The panel was not found, or is gone. */
static void went_away(struct display *d, int error)
{
	char cause[sizeof(d->status.cause)], sentence[256];

	i2cdev_explain(d->settings->i2c, d->settings->address, -error, cause,
		       sizeof(cause));
	set_present(d, false, cause);
	if (d->up) {
		count(d, &d->status.losses);
		d->absent_ns = clock_now_ns(d->clock);
	}
	d->up = false;
	if (!d->complained) {
		text_format(sentence, sizeof(sentence), "%s: %s",
			    d->seen ? "The display is gone" : "No display", cause);
		say(d, LOG_WARNING, d->seen ? "display-gone" : "display-absent",
		    sentence);
		d->complained = true;
	}
	if (!bus_survives(error))
		close_bus(d);
}

static void look_for_it(struct display *d)
{
	int r = open_bus(d);

	if (r == 0)
		r = init_and_show(d);
	if (r == 0)
		came_up(d);
	else
		went_away(d, r);
}

/* The panel answers and says that it is off: it was without power for a moment. */
static int restart(struct display *d)
{
	count(d, &d->status.losses);
	say(d, LOG_INFO, "display-reset",
	    "The display lost its settings and is set up again");
	return init_and_show(d);
}

/* The look once a second at a panel that is up. 0 or -errno. */
static int look_after_it(struct display *d)
{
	uint64_t now = clock_now_ns(d->clock);
	int r;

	if (now >= d->reassert_ns) {
		d->reassert_ns = now + REASSERT_NS;
		return try_twice(d, reassert);
	}
	r = try_twice(d, check);
	if (r == 0)
		return restart(d);
	return r < 0 ? r : 0;
}

uint64_t display_turn(struct display *d)
{
	bool due = clock_now_ns(d->clock) >= d->look_ns;
	bool news = take_picture(d);
	int r = 0;

	if (d->up) {
		if (due)
			r = look_after_it(d);
		if (r == 0 && news)
			r = show(d);
		if (r < 0)
			went_away(d, r);
	} else if (due) {
		look_for_it(d);
	}
	/* From now: a call on a stuck bus may have taken a second. */
	if (due || r < 0)
		d->look_ns = clock_now_ns(d->clock) + LOOK_NS;
	return d->look_ns;
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
	if (d->up)
		(void)oled_off(d->oled); /* nothing more can be done about it */
	close_bus(d);
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
	d->news = true;
	(void)pthread_mutex_unlock(&d->lock);
	fd_event_signal(d->wake_fd);
}

void display_stop(struct display *d)
{
	atomic_store(&d->stop, true);
	fd_event_signal(d->wake_fd);
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

void display_get_status(struct display *d, struct display_status *ret)
{
	(void)pthread_mutex_lock(&d->lock);
	*ret = d->status;
	(void)pthread_mutex_unlock(&d->lock);
}
