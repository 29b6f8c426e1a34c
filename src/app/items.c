// SPDX-License-Identifier: MIT
/* items.c — what the items of the configured pages say now */
#include "mqttnode/items.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"

struct value {
	const char *topic; /* of the settings; NULL: none */
	char text[ITEM_VALUE_SIZE];
};

struct items {
	const struct oled_settings *settings; /* borrowed */
	struct value *values;		      /* of all items, page by page */
	size_t n;
};

bool items_want(const struct oled_settings *settings, const char *topic)
{
	for (size_t i = 0; i < settings->n_pages; i++) {
		const struct page_settings *page = &settings->pages[i];

		for (size_t k = 0; k < page->n_items; k++)
			if (page->items[k].topic &&
			    strcmp(page->items[k].topic, topic) == 0)
				return true;
	}
	return false;
}

void items_published(const struct oled_settings *settings, struct queue *inbox,
		     const struct mqtt_outgoing *message)
{
	struct mqtt_message *copy;

	if (!items_want(settings, message->topic))
		return;
	copy = mqtt_message_new(message->topic, message->payload, message->len);
	if (!copy)
		return;
	copy->actions = SUBSCRIPTION_PAGE;
	if (queue_push(inbox, copy) < 0)
		mqtt_message_free(copy);
}

int items_new(struct items **ret, const struct oled_settings *settings)
{
	struct items *items = calloc(1, sizeof(*items));
	size_t n = 0, at = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < settings->n_pages; i++)
		n += settings->pages[i].n_items;
	items->settings = settings;
	items->n = n;
	items->values = calloc(n ? n : 1, sizeof(*items->values));
	if (!items->values) {
		free(items);
		return -ENOMEM;
	}
	for (size_t i = 0; i < settings->n_pages; i++)
		for (size_t k = 0; k < settings->pages[i].n_items; k++)
			items->values[at++].topic = settings->pages[i].items[k].topic;
	*ret = items;
	return 0;
}

struct items *items_free(struct items *items)
{
	if (!items)
		return NULL;
	free(items->values);
	free(items);
	return NULL;
}

void items_set(struct items *items, const char *topic, const char *value, size_t len)
{
	/* The end of a line at the end is of the tool that published it. */
	while (len > 0 && isspace((unsigned char)value[len - 1]))
		len--;
	for (size_t i = 0; i < items->n; i++) {
		struct value *v = &items->values[i];

		if (v->topic && strcmp(v->topic, topic) == 0)
			text_escape(v->text, sizeof(v->text), value, len);
	}
}

static const struct value *find(const struct items *items, size_t page, size_t i)
{
	for (size_t k = 0; k < page; k++)
		i += items->settings->pages[k].n_items;
	return &items->values[i];
}

char *items_expand(const char *text, const struct facts_texts *facts, const char *value,
		   char *buf, size_t size)
{
	const char *values[TEMPLATE_VARIABLES];
	_cleanup_free_ char *expanded = NULL;

	for (size_t v = 0; v < TEMPLATE_VARIABLES; v++)
		values[v] = facts->text[v];
	values[TEMPLATE_VALUE] = value;
	expanded = template_expand(text, values);
	return text_format(buf, size, "%s", expanded ? expanded : "");
}

/* Whether @text begins with a number, such as "21.5" or "21.5 °C". */
static bool read_number(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && isfinite(*ret);
}

void items_view(const struct items *items, size_t page, size_t i,
		const struct facts_texts *facts, struct item_view *ret)
{
	const struct item_settings *s = &items->settings->pages[page].items[i];
	const char *value = find(items, page, i)->text;
	double number;

	*ret = (struct item_view){ .kind = s->kind, .label = s->label ? s->label : "" };
	/* Something must stand there, or nobody knows that a value is missing. */
	items_expand(s->text, facts, s->topic && !value[0] ? "-" : value, ret->text,
		     sizeof(ret->text));
	ret->known = s->kind == ITEM_BAR && read_number(value, &number);
	if (!ret->known)
		return;
	ret->portion = (number - s->min) / (s->max - s->min);
	if (ret->portion < 0)
		ret->portion = 0;
	if (ret->portion > 1)
		ret->portion = 1;
}
