// SPDX-License-Identifier: MIT
/* mqtt_forget.c — empties what the broker keeps of this node */
#include "mqtt_forget.h"

#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

/* As many as there is memory for. */
static void copy_topics(struct mqtt_forget *f, size_t n)
{
	f->topics = calloc(n, sizeof(*f->topics));
	f->emptied = calloc(n, sizeof(*f->emptied));
	if (!f->topics || !f->emptied)
		return;
	while (f->n < n && (f->topics[f->n] = strdup(spool_retained(f->spool, f->n))))
		f->n++;
}

void mqtt_forget_begin(struct mqtt_forget *f, struct spool *spool,
		       struct mqtt_forgetting *counts)
{
	size_t n = 0;

	(void)spool_recall_retained(spool);
	while (spool_retained(spool, n))
		n++;
	*f = (struct mqtt_forget){ .spool = spool, .counts = counts };
	*counts = (struct mqtt_forgetting){ .begun = 1, .topics = n, .left = n };
	copy_topics(f, n);
}

/* The place of what is under way as @id, 0: a free one; their number: there is none. */
static size_t find(const struct mqtt_forget *f, int id)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(f->under_way) && f->under_way[i].id != id)
		i++;
	return i;
}

static void answered(struct mqtt_forget *f, size_t topic, bool refused)
{
	f->emptied[topic] = !refused;
	f->counts->left--;
	f->counts->refused += refused;
}

static bool is_under_way(const struct mqtt_forget *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->under_way); i++)
		if (f->under_way[i].id)
			return true;
	return false;
}

bool mqtt_forget_turn(struct mqtt_forget *f, struct mqtt_client *client,
		      struct mqtt_refusals *refusals)
{
	size_t place;

	while (f->next < f->n && (place = find(f, 0)) < ARRAY_SIZE(f->under_way) &&
	       !mqtt_client_wants_write(client)) {
		const struct mqtt_outgoing empty = { .topic = f->topics[f->next],
						     .qos = 1,
						     .retain = true };
		int id = 0;

		if (mqtt_client_publish(client, &empty, &id) == 0) {
			f->under_way[place].id = id;
			f->under_way[place].topic = f->next;
			mqtt_refusals_sent(refusals, id, empty.topic);
		} else {
			answered(f, f->next, true);
		}
		f->next++;
	}
	return f->next == f->n && !is_under_way(f);
}

void mqtt_forget_acknowledged(struct mqtt_forget *f, int id, bool refused)
{
	size_t place = id ? find(f, id) : ARRAY_SIZE(f->under_way);

	if (place == ARRAY_SIZE(f->under_way))
		return;
	f->under_way[place].id = 0;
	answered(f, f->under_way[place].topic, refused);
}

void mqtt_forget_end(struct mqtt_forget *f, const char *will)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		char *topic = f->topics[i];
		bool filled = f->emptied[i] && will && strcmp(topic, will) == 0;

		f->counts->left += filled;
		if (f->emptied[i] && !filled) {
			/* To the front: these go. */
			f->topics[i] = f->topics[n];
			f->topics[n++] = topic;
		}
	}
	if (n > 0)
		spool_forget_retained(f->spool, (const char *const *)f->topics, n);
	for (size_t i = 0; i < f->n; i++)
		free(f->topics[i]);
	free(f->topics);
	free(f->emptied);
	*f = (struct mqtt_forget){ 0 };
}

int mqtt_forget_describe(const struct mqtt_forgetting *counts, char *buf, size_t size)
{
	unsigned long long topics = counts->topics, left = counts->left;
	unsigned long long refused = counts->refused;

	if (counts->begun == 0)
		text_format(buf, size,
			    "No retained topic was emptied: the connection ended, or the "
			    "broker did not acknowledge what was under way");
	else if (left > 0)
		text_format(buf, size,
			    "%llu of %llu retained topics may not be empty: the "
			    "connection ended first. They stay noted for another "
			    "\"mqttnode forget\"",
			    left, topics);
	else if (refused > 0)
		text_format(buf, size,
			    "The broker refused to empty %llu of %llu retained topics. "
			    "They stay noted for another \"mqttnode forget\"",
			    refused, topics);
	else
		text_format(buf, size,
			    "All retained topics of this node are empty (%llu); it fills "
			    "them again when it is started",
			    topics);
	return counts->begun == 0 || left + refused > 0 ? LOG_WARNING : LOG_NOTICE;
}
