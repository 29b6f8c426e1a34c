// SPDX-License-Identifier: MIT
/* pages.c — which picture the display shows now */
#include "mqttnode/pages.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/font_file.h"
#include "mqttnode/log.h"
#include "mqttnode/screen.h"

struct pages {
	struct display *display;	      /* borrowed */
	struct facts *facts;		      /* borrowed */
	const struct oled_settings *settings; /* borrowed */
	struct font_file *font;		      /* NULL: none */
	sd_event_source *timer;		      /* end of the message */
	struct ladder_view view;
	struct canvas message;
	bool showing_message;
	struct canvas posted;
};

/* Draws what is due and posts it if it is news. */
static void refresh(struct pages *p)
{
	struct facts_view facts;
	struct canvas picture;

	display_canvas(p->settings, &picture);
	if (p->showing_message) {
		picture = p->message;
	} else if (p->view.online && p->view.first_bad < 0) {
		facts_get(p->facts, &facts);
		screen_draw_address(&picture, &facts);
	} else {
		(void)screen_draw_ladder(&picture, p->font, &p->view, 0);
	}
	if (memcmp(&picture, &p->posted, sizeof(picture)) == 0)
		return;
	p->posted = picture;
	display_post(p->display, &picture);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct pages *p = userdata;

	(void)source;
	(void)usec;
	p->showing_message = false;
	refresh(p);
	return 0;
}

/* Without the file most of the world's characters are boxes: no reason not to start. */
static struct font_file *open_font(const struct oled_settings *settings)
{
	const char *path = strcmp(settings->font_file, "auto") == 0 ? font_file_find()
								    : settings->font_file;
	struct font_file *font = NULL;
	char error[160];

	if (!path || !path[0])
		return NULL;
	if (font_file_open(&font, path, error, sizeof(error)) < 0)
		log_warning("Cannot use the font %s: %s; Chinese and other characters "
			    "will be shown as boxes",
			    path, error);
	return font;
}

int pages_new(struct pages **ret, sd_event *event, struct display *display,
	      struct facts *facts, const struct oled_settings *settings)
{
	_cleanup_(pages_freep) struct pages *p = NULL;
	int r;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->display = display;
	p->facts = facts;
	p->settings = settings;
	p->view.first_bad = -1;
	r = sd_event_add_time_relative(event, &p->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
				       p);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(p->timer, "message page");
	(void)sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	p->font = open_font(settings);
	*ret = TAKE_PTR(p);
	return 0;
}

struct pages *pages_free(struct pages *p)
{
	if (!p)
		return NULL;
	sd_event_source_disable_unref(p->timer);
	font_file_close(p->font);
	free(p);
	return NULL;
}

/* Whether a person should look: the node came or went, or another rung is to blame. */
static bool is_event(const struct ladder_view *was, const struct ladder_view *is)
{
	if (was->online != is->online || was->first_bad != is->first_bad)
		return true;
	return is->first_bad >= 0 &&
	       was->rungs[is->first_bad].state != is->rungs[is->first_bad].state;
}

void pages_update(struct pages *p, const struct ladder_view *view)
{
	bool event = is_event(&p->view, view);

	p->view = *view;
	refresh(p);
	if (event)
		display_wake(p->display); /* to the new picture */
}

void pages_show_message(struct pages *p, const char *topic, const void *payload,
			size_t len)
{
	display_canvas(p->settings, &p->message);
	(void)screen_draw_message(&p->message, p->font, topic, payload, len, 0);
	p->showing_message = true;
	(void)sd_event_source_set_time_relative(p->timer,
						p->settings->message_time_ms * 1000);
	(void)sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
	refresh(p);
	display_wake(p->display);
}
