// SPDX-License-Identifier: MIT
/* settings_pages.c — relations of the pages of the display */
#include "settings_relations.h"

#include <stdlib.h>
#include <string.h>

#include "mqttnode/topic.h"

/* Enough for a number, a state or a sentence; more does not fit the display. */
#define VALUE_BYTES_MAX 4096

void settings_clear_page(struct page_settings *p)
{
	free(p->title);
	for (size_t i = 0; i < p->n_items; i++) {
		free(p->items[i].label);
		free(p->items[i].topic);
		free(p->items[i].text);
	}
	free(p->items);
}

/* A page and where it stands. */
struct place {
	const struct check *c;
	const struct conf_node *node;
	size_t i;
};

/* --- what a page and its items need ---------------------------------------- */

static void check_item(const struct place *p, const struct item_settings *item,
		       const struct conf_node *node, size_t i)
{
	const struct conf_node *topic = conf_node_member(node, "topic");
	const struct conf_node *text = conf_node_member(node, "text");

	if (!item->kind) /* refused by itself */
		return;
	if (!topic && item->kind == ITEM_BAR)
		check_wrong(p->c, node,
			    "oled.pages[%zu].items[%zu].topic: not set; valid with a bar "
			    "is the topic whose numbers it shows",
			    p->i, i);
	else if (!topic && !text)
		check_wrong(p->c, node,
			    "oled.pages[%zu].items[%zu].topic: not set; valid is the "
			    "topic to show, or a text",
			    p->i, i);
	if (item->kind == ITEM_BAR && !(item->min < item->max))
		check_wrong(p->c, node,
			    "oled.pages[%zu].items[%zu].max: found %g with min = %g; "
			    "valid is a number above it",
			    p->i, i, item->max, item->min);
	for (size_t k = 0; item->kind != ITEM_BAR && k < 2; k++) {
		static const char *const of_bars[] = { "min", "max" };

		if (conf_node_member(node, of_bars[k]))
			check_wrong(p->c, conf_node_member(node, of_bars[k]),
				    "oled.pages[%zu].items[%zu].%s: found without show = "
				    "\"bar\"; valid is a bar, or no %s",
				    p->i, i, of_bars[k], of_bars[k]);
	}
}

static void check_page(const struct place *p, const struct page_settings *page)
{
	const struct conf_node *items = conf_node_member(p->node, "items");
	static const char *const of_items[] = { "title", "items" };

	if (!page->kind) /* refused by itself */
		return;
	for (size_t k = 0; page->kind != PAGE_ITEMS && k < ARRAY_SIZE(of_items); k++)
		if (conf_node_member(p->node, of_items[k]))
			check_wrong(p->c, conf_node_member(p->node, of_items[k]),
				    "oled.pages[%zu].%s: found with a page of another "
				    "kind; valid is show = \"items\"",
				    p->i, of_items[k]);
	if (page->kind == PAGE_ITEMS && !items)
		check_wrong(p->c, p->node,
			    "oled.pages[%zu].items: not set; valid is what to show, or "
			    "another show",
			    p->i);
	else if (page->kind == PAGE_ITEMS && conf_node_type(items) == CONF_LIST &&
		 conf_node_length(items) == 0)
		check_wrong(p->c, items,
			    "oled.pages[%zu].items: found an empty list; valid is what "
			    "to show, or another show",
			    p->i);
	for (size_t i = 0; i < page->n_items; i++)
		if (conf_node_type(conf_node_at(items, i)) == CONF_GROUP)
			check_item(p, &page->items[i], conf_node_at(items, i), i);
}

/* --- where the values come from -------------------------------------------- */

static bool is_published(const struct mqtt_settings *m, const char *topic)
{
	for (size_t i = 0; i < m->n_publish; i++)
		if (m->publish[i].topic && strcmp(m->publish[i].topic, topic) == 0)
			return true;
	return false;
}

/* Marks the subscriptions that bring a topic. Returns whether there are any. */
static bool mark_subscriptions(struct mqtt_settings *m, const char *topic)
{
	bool any = false;

	for (size_t i = 0; i < m->n_subscribe; i++) {
		if (!m->subscribe[i].topic ||
		    !topic_matches(m->subscribe[i].topic, topic))
			continue;
		m->subscribe[i].actions |= SUBSCRIPTION_PAGE;
		any = true;
	}
	return any;
}

/* Subscribes to a topic for the display alone. */
static void add_subscription(const struct check *c, const char *topic)
{
	struct mqtt_settings *m = &c->s->mqtt;
	struct subscription_settings *more;
	char *copy = strdup(topic);

	more = reallocarray(m->subscribe, m->n_subscribe + 1, sizeof(*more));
	if (more)
		m->subscribe = more;
	if (!copy || !more) {
		c->report->out_of_memory = true;
		free(copy);
		return;
	}
	more[m->n_subscribe++] = (struct subscription_settings){
		.topic = copy,
		.actions = SUBSCRIPTION_PAGE,
		.max_size = VALUE_BYTES_MAX,
	};
}

static void feed(const struct check *c, const struct item_settings *item)
{
	struct mqtt_settings *m = &c->s->mqtt;

	if (item->topic && !is_published(m, item->topic) &&
	    !mark_subscriptions(m, item->topic))
		add_subscription(c, item->topic);
}

void settings_check_pages(const struct check *c)
{
	const struct conf_node *list = check_member(c, "oled", "pages");
	const struct oled_settings *oled = &c->s->oled;

	for (size_t i = 0; i < oled->n_pages; i++) {
		const struct place p = { .c = c, .node = conf_node_at(list, i), .i = i };

		if (conf_node_type(p.node) != CONF_GROUP)
			continue;
		check_page(&p, &oled->pages[i]);
		/* without a display nobody looks at them */
		for (size_t k = 0;
		     oled->i2c && oled->i2c[0] && k < oled->pages[i].n_items; k++)
			feed(c, &oled->pages[i].items[k]);
	}
}
