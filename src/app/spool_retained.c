// SPDX-License-Identifier: MIT
/*
 * spool_retained.c — the topics on which the broker keeps a message of this node
 *
 * A sorted list in memory, and a row for each in the state directory, which is
 * written before the first message goes out and never again. So it is known what
 * an earlier run, or an earlier configuration, has left at the broker. Topics that
 * are new together are written together: each commit waits for the disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool_internal.h"

/* The place of @name in the list, or where it belongs; whether it is there. */
static bool find(const struct spool *s, const char *name, size_t *ret)
{
	size_t low = 0, high = s->n_retained;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(s->retained[middle].name, name);

		if (order == 0) {
			*ret = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = low;
	return false;
}

/* The entry of @name, a new one if need be; NULL without memory. */
static struct spool_topic *find_or_add(struct spool *s, const char *name)
{
	struct spool_topic *list;
	char *copy;
	size_t i;

	if (find(s, name, &i))
		return &s->retained[i];
	list = reallocarray(s->retained, s->n_retained + 1, sizeof(*list));
	if (!list)
		return NULL;
	s->retained = list;
	copy = strdup(name);
	if (!copy)
		return NULL;
	memmove(list + i + 1, list + i, (s->n_retained - i) * sizeof(*list));
	list[i] = (struct spool_topic){ .name = copy };
	s->n_retained++;
	return &list[i];
}

void spool_clear_retained(struct spool *s)
{
	for (size_t i = 0; i < s->n_retained; i++)
		free(s->retained[i].name);
	free(s->retained);
	s->retained = NULL;
	s->n_retained = 0;
	s->retained_unwritten = false;
}

int spool_load_retained(struct spool *s)
{
	struct spool_store *store = s->tiers[STATE].store;
	const char *after = "", *name;
	int r;

	for (size_t i = 0; i < s->n_retained; i++)
		s->retained[i].written = false;
	s->retained_unwritten = s->n_retained > 0;
	while ((r = spool_store_next_topic(store, after, &name)) > 0) {
		struct spool_topic *topic = find_or_add(s, name);

		if (!topic)
			return -ENOMEM;
		topic->written = true;
		after = topic->name;
	}
	return r;
}

static int write_all(struct spool *s)
{
	int r = 0;

	for (size_t i = 0; i < s->n_retained && r == 0; i++)
		if (!s->retained[i].written)
			r = spool_store_keep_topic(s->tiers[STATE].store,
						   s->retained[i].name, true);
	return r;
}

void spool_save_retained(struct spool *s)
{
	int r;

	if (!s->retained_unwritten || !spool_ready(s, STATE))
		return;
	r = write_all(s);
	if (r == 0)
		r = spool_write_outlines(s);
	if (r < 0)
		spool_failed(s, STATE, r);
	if (r < 0 || !spool_commit(s, STATE))
		return;
	for (size_t i = 0; i < s->n_retained; i++)
		s->retained[i].written = true;
	spool_outlines_written(s);
	s->retained_unwritten = false;
}

void spool_note_retained(struct spool *s, const char *topic)
{
	size_t i;

	if (!find(s, topic, &i) && find_or_add(s, topic))
		s->retained_unwritten = true;
}

const char *spool_retained(const struct spool *s, size_t i)
{
	return i < s->n_retained ? s->retained[i].name : NULL;
}

bool spool_recall_retained(struct spool *s)
{
	return spool_tier_exists(&s->tiers[STATE]) && spool_ready(s, STATE);
}

static void remove_at(struct spool *s, size_t i)
{
	free(s->retained[i].name);
	s->n_retained--;
	memmove(s->retained + i, s->retained + i + 1,
		(s->n_retained - i) * sizeof(*s->retained));
}

void spool_forget_retained(struct spool *s, const char *const *topics, size_t n)
{
	bool disk = spool_recall_retained(s);
	int r = 0;

	if (spool_waiting(s) > 0)
		return;
	for (size_t i = 0; i < n; i++) {
		size_t at;

		if (disk && r == 0)
			r = spool_store_keep_topic(s->tiers[STATE].store, topics[i],
						   false);
		if (r == 0)
			r = spool_forget_outlines(s, topics[i]);
		if (find(s, topics[i], &at))
			remove_at(s, at);
	}
	if (r < 0)
		spool_failed(s, STATE, r);
	else if (disk)
		(void)spool_commit(s, STATE);
}
