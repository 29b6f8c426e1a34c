/* SPDX-License-Identifier: MIT */
/* history.h — the last messages, for the page that lists them. Main thread. */
#ifndef MQTTNODE_HISTORY_H
#define MQTTNODE_HISTORY_H

#include <stddef.h>

/* As many as fit on the tallest panel. */
#define HISTORY_MAX	   8
#define HISTORY_TEXT_SIZE  128
#define HISTORY_TOPIC_SIZE 128

struct history_entry {
	char topic[HISTORY_TOPIC_SIZE]; /* of a longer one the end */
	char text[HISTORY_TEXT_SIZE];	/* on one line; of a longer one the beginning */
};

/* Begins zeroed. */
struct history {
	struct history_entry entries[HISTORY_MAX];
	size_t n;    /* that are there */
	size_t next; /* where the next one goes */
};

/* Adds a message, the payload as UTF-8. */
void history_add(struct history *h, const char *topic, const char *payload, size_t len);

/* The @i-th last message, 0 being the newest, or NULL. */
const struct history_entry *history_get(const struct history *h, size_t i);

#endif
