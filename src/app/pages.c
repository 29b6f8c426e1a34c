// SPDX-License-Identifier: MIT
/*
 * pages.c — which picture the display shows now
 *
 * Theory of operation. What is shown is one of four things, see pages.h; one
 * timer belongs to it: the end of a message or its next line, the next line of
 * a cause, the next page. It starts anew with what is shown, not with a picture:
 * a page whose numbers change is still left when its time is over.
 */
#include "mqttnode/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/figures.h"
#include "mqttnode/font_file.h"
#include "mqttnode/history.h"
#include "mqttnode/items.h"
#include "mqttnode/log.h"
#include "mqttnode/screen.h"

/* Messages taken at a time: a flood must not keep main from the rest. */
#define BATCH 64

/* Time to read what stands there before the first line is scrolled, and each after. */
#define HOLD_MS	  3000
#define SCROLL_MS 1000

enum showing {
	SHOWING_PAGE,
	SHOWING_TROUBLE,
	SHOWING_MESSAGE,
	SHOWING_LAST_WORD,
};

struct pages {
	struct display *display;	      /* borrowed */
	struct facts *facts;		      /* borrowed */
	const struct oled_settings *settings; /* borrowed */
	const struct page_settings *list;     /* borrowed; at least one */
	size_t n;
	struct font_file *font;		     /* NULL: none */
	struct charset_converter *converter; /* NULL: none */
	struct items *items;
	sd_event_source *timer;

	struct ladder_view view;
	struct history history;
	struct figures figures;
	struct figures_meter meter;
	struct mqtt_message *message; /* shown now, as UTF-8 if it is text; or NULL */
	bool stopped;

	enum showing showing;
	size_t page;  /* of the list */
	size_t first; /* line to begin with */
	bool more;    /* lines are left below */
	struct canvas posted;
};

/* --- drawing --------------------------------------------------------------- */

static void draw_items(struct pages *p, struct canvas *c)
{
	const struct page_settings *page = &p->list[p->page];
	struct item_view views[SETTINGS_ITEMS_MAX];
	struct facts_texts texts;
	struct facts_view facts;
	char title[512];

	facts_get(p->facts, &facts);
	facts_texts(&facts, clock_now_ns(&clock_system), &texts);
	items_expand(page->title ? page->title : "", &texts, NULL, title, sizeof(title));
	for (size_t i = 0; i < page->n_items; i++)
		items_view(p->items, p->page, i, &texts, &views[i]);
	screen_draw_items(c, p->font, title, views, page->n_items);
}

static void draw_page(struct pages *p, struct canvas *c)
{
	struct facts_view facts;

	switch (p->list[p->page].kind) {
	case PAGE_ADDRESS:
		facts_get(p->facts, &facts);
		screen_draw_address(c, &facts);
		break;
	case PAGE_LADDER:
		(void)screen_draw_ladder(c, p->font, &p->view, 0);
		break;
	case PAGE_MESSAGES:
		screen_draw_messages(c, p->font, &p->history);
		break;
	case PAGE_TRAFFIC:
		screen_draw_figures(c, &p->figures);
		break;
	case PAGE_ITEMS:
		draw_items(p, c);
		break;
	}
}

/* Draws what is shown, and posts it if it is another picture. */
static void draw(struct pages *p)
{
	struct canvas picture;

	display_canvas(p->settings, &picture);
	p->more = false;
	switch (p->showing) {
	case SHOWING_PAGE:
		draw_page(p, &picture);
		break;
	case SHOWING_TROUBLE:
		p->more = screen_draw_ladder(&picture, p->font, &p->view, p->first);
		break;
	case SHOWING_MESSAGE:
		p->more = screen_draw_message(&picture, p->font, p->message->topic,
					      (const char *)p->message->payload,
					      p->message->len, p->first);
		break;
	case SHOWING_LAST_WORD:
		screen_draw_last_word(&picture);
		break;
	}
	if (memcmp(&picture, &p->posted, sizeof(picture)) == 0)
		return;
	p->posted = picture;
	display_post(p->display, &picture);
}

/* --- time ------------------------------------------------------------------ */

/* How long what was drawn stays as it is; 0: until something happens. */
static uint64_t stay_ms(const struct pages *p)
{
	uint64_t scroll = p->first == 0 ? HOLD_MS : SCROLL_MS;

	switch (p->showing) {
	case SHOWING_PAGE:
		return p->n > 1 ? p->settings->page_time_ms : 0;
	case SHOWING_TROUBLE:
		if (!p->more)
			return p->first > 0 ? HOLD_MS : 0;
		return scroll;
	case SHOWING_MESSAGE:
		return p->more ? scroll : p->settings->message_time_ms;
	case SHOWING_LAST_WORD:
		break;
	}
	return 0;
}

static void set_timer(struct pages *p)
{
	uint64_t ms = stay_ms(p);

	if (ms > 0)
		(void)sd_event_source_set_time_relative(p->timer, ms * 1000);
	(void)sd_event_source_set_enabled(p->timer,
					  ms > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void end_message(struct pages *p)
{
	mqtt_message_free(p->message);
	p->message = NULL;
}

/* Finds out what is to be shown and draws it; @anew if it is another thing anyway. */
static void show(struct pages *p, bool anew)
{
	enum showing showing = SHOWING_PAGE;
	int off;

	if (p->stopped)
		showing = SHOWING_LAST_WORD;
	else if (p->message)
		showing = SHOWING_MESSAGE;
	else if (!p->view.online || p->view.first_bad >= 0)
		showing = SHOWING_TROUBLE;

	anew = anew || showing != p->showing;
	p->showing = showing;
	if (anew)
		p->first = 0;
	draw(p);
	/* A cause that grew begins to move. */
	if (anew || (p->more && sd_event_source_get_enabled(p->timer, &off) == 0))
		set_timer(p);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct pages *p = userdata;

	(void)source;
	(void)usec;
	if (p->more) {
		p->first++;
	} else if (p->showing == SHOWING_MESSAGE) {
		end_message(p);
		show(p, true);
		return 0;
	} else {
		p->first = 0;
		if (p->showing == SHOWING_PAGE)
			p->page = (p->page + 1) % p->n;
	}
	draw(p);
	set_timer(p);
	return 0;
}

/* --- news ------------------------------------------------------------------ */

/* Whether @now fails where @before did not. */
static bool fails_anew(const struct ladder_view *before, const struct ladder_view *now)
{
	bool failed = now->first_bad >= 0 &&
		      now->rungs[now->first_bad].state == RUNG_STATE_FAILED;
	bool known = now->first_bad == before->first_bad && failed &&
		     before->rungs[now->first_bad].state == RUNG_STATE_FAILED;

	return (before->online && !now->online) || (failed && !known);
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
	bool other = view->first_bad != p->view.first_bad;
	bool event = is_event(&p->view, view);

	if (fails_anew(&p->view, view))
		end_message(p);
	p->view = *view;
	show(p, other && !p->message && view->first_bad >= 0);
	if (event)
		display_wake(p->display); /* to the new picture */
}

/* Makes the payload UTF-8 if it can. */
static void decode(struct pages *p, struct mqtt_message *m)
{
	size_t len;
	char *text = charset_to_utf8(p->converter, m->payload, m->len, &len);

	if (!text)
		return;
	free(m->payload);
	m->payload = (uint8_t *)text;
	m->len = len;
}

void pages_read(struct pages *p, struct queue *inbox)
{
	struct mqtt_message *m, *newest = NULL;

	for (int i = 0; i < BATCH && (m = queue_pop(inbox)); i++) {
		const char *payload;

		decode(p, m);
		payload = (const char *)m->payload;
		if (m->actions & SUBSCRIPTION_PAGE)
			items_set(p->items, m->topic, payload, m->len);
		if (!(m->actions & SUBSCRIPTION_OLED)) {
			mqtt_message_free(m);
			continue;
		}
		history_add(&p->history, m->topic, payload, m->len);
		mqtt_message_free(newest);
		newest = m;
	}
	if (newest) {
		end_message(p);
		p->message = newest;
	}
	show(p, newest);
	if (newest)
		display_wake(p->display);
}

static bool has_figures(const struct pages *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].kind == PAGE_TRAFFIC)
			return true;
	return false;
}

void pages_tick(struct pages *p, struct pump *pump, struct mqtt *mqtt)
{
	enum page_kind kind = p->list[p->page].kind;

	if (has_figures(p))
		figures_measure(&p->meter, pump, mqtt, clock_now_ns(&clock_system),
				&p->figures);
	if (p->showing == SHOWING_PAGE && (kind == PAGE_TRAFFIC || kind == PAGE_ITEMS))
		draw(p);
}

void pages_stop(struct pages *p)
{
	p->stopped = true;
	show(p, true);
}

/* --- begin and end --------------------------------------------------------- */

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
	      struct facts *facts, const struct oled_settings *settings,
	      enum charset charset)
{
	static const struct page_settings lesson = { .kind = PAGE_ADDRESS };
	_cleanup_(pages_freep) struct pages *p = NULL;
	int r;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->display = display;
	p->facts = facts;
	p->settings = settings;
	p->list = settings->n_pages > 0 ? settings->pages : &lesson;
	p->n = settings->n_pages > 0 ? settings->n_pages : 1;
	p->view.first_bad = -1;
	p->showing = SHOWING_LAST_WORD; /* whatever comes first is another thing */
	r = items_new(&p->items, settings);
	if (r < 0)
		return r;
	r = charset_converter_new(&p->converter, charset);
	if (r < 0 && r != -ENOTSUP) /* which the subscriptions have told */
		return r;
	r = sd_event_add_time_relative(event, &p->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
				       p);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(p->timer, "page");
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
	end_message(p);
	items_free(p->items);
	charset_converter_free(p->converter);
	font_file_close(p->font);
	free(p);
	return NULL;
}
