// SPDX-License-Identifier: MIT
/* mqtt_forget.c — empties what the broker keeps of this node */
#include "mqtt_forget.h"

#include <string.h>

#include "mqttnode/cleanup.h"

void mqtt_forget_begin(struct mqtt_forget *f, struct spool *spool,
		       struct mqtt_forgetting *counts)
{
	size_t n = 0;

	while (spool_retained(spool, n))
		n++;
	*f = (struct mqtt_forget){ .spool = spool, .counts = counts };
	*counts = (struct mqtt_forgetting){ .begun = 1, .topics = n, .left = n };
}

/* What is under way as @id, 0: a place for another; NULL if there is none. */
static int *find(struct mqtt_forget *f, int id)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->ids); i++)
		if (f->ids[i] == id)
			return &f->ids[i];
	return NULL;
}

static void answered(struct mqtt_forget *f, bool refused)
{
	f->counts->left--;
	f->counts->refused += refused;
}

bool mqtt_forget_turn(struct mqtt_forget *f, struct mqtt_client *client,
		      struct mqtt_refusals *refusals)
{
	const char *topic;
	int *id;

	while ((topic = spool_retained(f->spool, f->next)) && (id = find(f, 0)) &&
	       !mqtt_client_wants_write(client)) {
		const struct mqtt_outgoing empty = { .topic = topic,
						     .qos = 1,
						     .retain = true };

		f->next++;
		if (mqtt_client_publish(client, &empty, id) == 0) {
			mqtt_refusals_sent(refusals, *id, topic);
		} else {
			*id = 0;
			answered(f, true);
		}
	}
	if (f->counts->left > 0)
		return false;
	if (f->counts->refused == 0)
		spool_forget_retained(f->spool);
	return true;
}

void mqtt_forget_acknowledged(struct mqtt_forget *f, int id, bool refused)
{
	int *place = id ? find(f, id) : NULL;

	if (!place)
		return;
	*place = 0;
	answered(f, refused);
}
