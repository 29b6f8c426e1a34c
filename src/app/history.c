// SPDX-License-Identifier: MIT
/* history.c — the last messages */
#include "mqttnode/history.h"

#include <string.h>

#include "mqttnode/text.h"

void history_add(struct history *h, const char *topic, const char *payload, size_t len)
{
	struct history_entry *e = &h->entries[h->next];
	size_t topic_len = strlen(topic);
	size_t cut = topic_len >= sizeof(e->topic) ? topic_len - sizeof(e->topic) + 1 : 0;

	while (((unsigned char)topic[cut] & 0xc0) == 0x80)
		cut++;
	text_format(e->topic, sizeof(e->topic), "%s", topic + cut);
	text_escape(e->text, sizeof(e->text), payload, len);
	h->next = (h->next + 1) % HISTORY_MAX;
	h->n += h->n < HISTORY_MAX;
}

const struct history_entry *history_get(const struct history *h, size_t i)
{
	if (i >= h->n)
		return NULL;
	return &h->entries[(h->next + 2 * HISTORY_MAX - 1 - i) % HISTORY_MAX];
}
