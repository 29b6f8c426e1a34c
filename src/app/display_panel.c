// SPDX-License-Identifier: MIT
/*
 * display_panel.c — one panel, which may come and go
 *
 * Theory of operation. The panel is either up or not. Not up: once a second it
 * is initialised, which costs an absent one a single address byte. Up: once a
 * second its status is read, and once a minute everything is sent again, for
 * what a status byte does not tell. A call that fails is tried once more at
 * once, since a disturbance of the bus is over by then; after that the panel
 * counts as gone. Only a stuck bus gets no second try: each call on it takes
 * the adapter's whole time limit, a second.
 *
 * A panel that is dark because nobody looks is asked whether it is there, no
 * more; when it is woken it gets everything anew.
 */
#include "display_panel.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/text.h"

#define LOOK_NS (1 * NSEC_PER_SEC)

/*
 * With the second until the look and the time of the repaint, everything is
 * healed within a minute.
 */
#define REASSERT_NS (58 * NSEC_PER_SEC)

/* A loose wire must not fill the journal. */
#define LOG_INTERVAL_S 60
#define LOG_BURST      6

/* Buses as slow as this are mentioned: a full repaint takes a tenth of a second. */
#define SLOW_BUS_HZ 100000

void panel_init(struct panel *p, const struct oled_settings *settings,
		const struct clock *clock)
{
	*p = (struct panel){
		.settings = settings,
		.clock = clock,
		.log_limit = { .interval_s = LOG_INTERVAL_S, .burst = LOG_BURST },
	};
	text_format(p->status.cause, sizeof(p->status.cause), "Looking for the display");
}

void panel_close(struct panel *p)
{
	p->oled = oled_free(p->oled);
	p->bus = i2cdev_close(p->bus);
}

static void say(struct panel *p, int level, const char *event, const char *sentence)
{
	unsigned int held_back;

	if (!log_allow(&p->log_limit, &held_back))
		return;
	if (held_back > 0)
		log_event(level, event, "%s (%u messages about it were held back)",
			  sentence, held_back);
	else
		log_event(level, event, "%s", sentence);
}

static void set_present(struct panel *p, bool present, enum cause_id id,
			const char *cause)
{
	p->status.cause_id = id;
	p->status.present = present;
	p->status.hint_id = CAUSE_NONE;
	p->status.hint[0] = '\0';
	text_format(p->status.cause, sizeof(p->status.cause), "%s", cause);
}

/* ---- calls on the bus ---- */

/* Calls @f, and once more if it failed by a disturbance. */
static int try_twice(struct panel *p, int (*f)(struct panel *p))
{
	int r = f(p);

	if (r >= 0)
		return r;
	p->status.bus_errors++;
	if (r == -ETIMEDOUT)
		return r;
	r = f(p);
	if (r < 0)
		p->status.bus_errors++;
	return r;
}

static int check(struct panel *p)
{
	return oled_check(p->oled);
}

static int init(struct panel *p)
{
	return oled_init(p->oled, &p->wanted->picture);
}

static int reassert(struct panel *p)
{
	return oled_reassert(p->oled, &p->wanted->picture);
}

static int show(struct panel *p)
{
	return oled_show(p->oled, &p->wanted->picture);
}

static int set_contrast(struct panel *p)
{
	return oled_set_contrast(p->oled, p->wanted->contrast);
}

static int go_to_sleep(struct panel *p)
{
	return oled_sleep(p->oled);
}

/* What follows when init() has succeeded. */
static void is_lit(struct panel *p)
{
	p->dark = false;
	p->status.frames++;
	p->reassert_ns = clock_now_ns(p->clock) + REASSERT_NS;
}

static int wake_up(struct panel *p)
{
	int r = try_twice(p, init);

	if (r == 0)
		is_lit(p);
	return r;
}

/* ---- looking for it ---- */

static int open_bus(struct panel *p)
{
	int r;

	if (p->bus)
		return 0;
	r = i2cdev_open(&p->bus, p->settings->i2c, p->settings->address);
	if (r < 0)
		return r;
	r = oled_new(&p->oled, p->bus, p->settings);
	if (r < 0)
		panel_close(p);
	return r;
}

/* "Display found at 0x3c on /dev/i2c-1", with the clock of the bus if it is known. */
static void say_found(struct panel *p)
{
	uint32_t clock_hz = i2cdev_clock_hz(p->bus);
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
		    p->settings->address, p->settings->i2c, speed);
	say(p, LOG_INFO, "display-found", sentence);
}

static void say_back(struct panel *p, uint64_t now)
{
	char sentence[64];

	text_format(sentence, sizeof(sentence), "Display is back after %llu s",
		    (unsigned long long)((now - p->absent_ns + NSEC_PER_SEC / 2) /
					 NSEC_PER_SEC));
	say(p, LOG_INFO, "display-back", sentence);
}

/* Sellers mix them up, and what is wrong then does not show at once. */
static void say_suspicion(struct panel *p)
{
	const char *suspect = oled_suspect(p->oled);
	char *sentence = p->status.hint;

	if (!suspect)
		return;
	p->status.hint_id = CAUSE_OLED_OTHER_CONTROLLER;
	text_format(sentence, sizeof(p->status.hint),
		    "The display says that it is an %s: if its picture is not right, set "
		    "oled.controller = \"%s\"",
		    suspect, suspect);
	say(p, LOG_WARNING, "display-controller", sentence);
}

static void came_up(struct panel *p)
{
	uint64_t now = clock_now_ns(p->clock);

	if (p->seen)
		say_back(p, now);
	else
		say_found(p);
	set_present(p, true, CAUSE_NONE, "");
	say_suspicion(p);
	p->up = p->seen = true;
	p->complained = false;
}

/* Whether the bus is still good after @error, so that it need not be opened again. */
static bool bus_survives(int error)
{
	return error == -ENXIO || error == -EREMOTEIO || error == -EIO ||
	       error == -ETIMEDOUT || error == -EAGAIN;
}

/* The other of the two addresses that displays have; 0 for any other address. */
static uint8_t other_address(uint8_t address)
{
	return address == 0x3c ? 0x3d : address == 0x3d ? 0x3c : 0;
}

/* Whether somebody answers at @address. */
static bool answers_at(const struct panel *p, uint8_t address)
{
	_cleanup_(i2cdev_closep) struct i2c_bus *bus = NULL;

	return address && i2cdev_open(&bus, p->settings->i2c, address) == 0 &&
	       oled_answers(bus);
}

/* Why the panel is not there: @error of the last call on it, into @buf. */
static enum cause_id explain(struct panel *p, int error, char *buf, size_t size)
{
	uint8_t other = other_address(p->settings->address);

	/* Asked once: what is plugged in later is likely to be plugged in right. */
	if (!p->complained)
		p->elsewhere = (error == -ENXIO || error == -EREMOTEIO) &&
			       answers_at(p, other);
	if (!p->elsewhere)
		return i2cdev_explain(p->settings->i2c, p->settings->address, -error, buf,
				      size);
	text_format(buf, size,
		    "No display answers at 0x%02x on %s, but one does at 0x%02x: set "
		    "oled.address to that",
		    p->settings->address, p->settings->i2c, other);
	return CAUSE_OLED_OTHER_ADDRESS;
}

/* The panel was not found, or is gone. */
static void went_away(struct panel *p, int error)
{
	char cause[sizeof(p->status.cause)], sentence[256];
	enum cause_id id = explain(p, error, cause, sizeof(cause));

	set_present(p, false, id, cause);
	if (p->up) {
		p->status.losses++;
		p->absent_ns = clock_now_ns(p->clock);
	}
	p->up = false;
	if (!p->complained) {
		text_format(sentence, sizeof(sentence), "%s: %s",
			    p->seen ? "The display is gone" : "No display", cause);
		say(p, LOG_WARNING, p->seen ? "display-gone" : "display-absent",
		    sentence);
		p->complained = true;
	}
	if (!bus_survives(error))
		panel_close(p);
}

static int look_for_it(struct panel *p)
{
	int r = open_bus(p);

	if (r == 0)
		r = init(p);
	if (r < 0)
		return r;
	is_lit(p);
	came_up(p);
	return 0;
}

/* ---- looking after it ---- */

/* It answers, but is off: it was without power for a moment. */
static int restart(struct panel *p)
{
	p->status.losses++;
	say(p, LOG_INFO, "display-reset",
	    "The display lost its settings and is set up again");
	return wake_up(p);
}

/* The look once a second at a panel that is up. 0 or -errno. */
static int look_after_it(struct panel *p)
{
	uint64_t now = clock_now_ns(p->clock);
	int r;

	if (now >= p->reassert_ns && !p->dark) {
		p->reassert_ns = now + REASSERT_NS;
		return try_twice(p, reassert);
	}
	r = try_twice(p, check);
	if (r == 0)
		return restart(p);
	return r < 0 ? r : 0;
}

/* Sends what is wanted and is not so yet. 0 or -errno. */
static int bring_about(struct panel *p)
{
	int r = 0;

	if (p->dark && p->wanted->dark)
		return 0;
	if (p->wanted->dark) {
		r = try_twice(p, go_to_sleep);
		p->dark = r == 0;
		return r;
	}
	if (p->dark)
		r = wake_up(p);
	if (r == 0)
		r = try_twice(p, set_contrast);
	if (r == 0)
		r = try_twice(p, show);
	if (r > 0)
		p->status.frames++;
	return r < 0 ? r : 0;
}

uint64_t panel_turn(struct panel *p, const struct panel_wanted *wanted)
{
	bool due = clock_now_ns(p->clock) >= p->look_ns;
	int r = 0;

	p->wanted = wanted;
	if (due)
		r = p->up ? look_after_it(p) : look_for_it(p);
	if (r == 0 && p->up)
		r = bring_about(p);
	if (r < 0)
		went_away(p, r);
	/* From now: a call on a stuck bus may have taken a second. */
	if (due || r < 0)
		p->look_ns = clock_now_ns(p->clock) + LOOK_NS;
	p->wanted = NULL;
	p->status.dark = p->up && p->dark;
	return p->look_ns;
}

void panel_leave(struct panel *p)
{
	if (p->up)
		(void)oled_off(p->oled); /* nothing more can be done about it */
}
