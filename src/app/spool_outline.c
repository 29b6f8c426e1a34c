// SPDX-License-Identifier: MIT
/*
 * spool_outline.c — what retained messages say, in short, for those who come later
 *
 * Theory of operation
 *
 * A later run may have to take back what this one told: it must know at least all
 * that the broker may have passed on. So an outline is a row on the disk before its
 * message goes out, in the commit of the topic; and it goes only when the broker has
 * acknowledged a message that was put later on the same topic, which then has taken its
 * place. Whoever dies in between, process or machine, leaves both rows, and more is
 * taken back than need be, never less. What is removed waits for the next commit of the
 * state directory: the same holds for it.
 *
 * A message that is dropped, or that the broker refuses, may have been the one that was
 * to take something back. Then nothing that was noted until then goes in this run.
 * Neither do rows of an earlier run that are seen only later, the state directory having
 * been of no use at first: nobody has taken back what they tell.
 *
 * The row of what stays the same is written once, and never again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool_internal.h"

/* Not of a message that others can follow. */
#define KEPT UINT64_MAX

static struct spool_outline *find(struct spool *s, const char *topic, const char *text)
{
	for (size_t i = 0; i < s->n_outlines; i++)
		if (strcmp(s->outlines[i].topic, topic) == 0 &&
		    strcmp(s->outlines[i].text, text) == 0)
			return &s->outlines[i];
	return NULL;
}

static const struct spool_outline *find_carried(const struct spool *s, uint64_t id)
{
	for (size_t i = 0; i < s->n_outlines; i++)
		if (s->outlines[i].id == id)
			return &s->outlines[i];
	return NULL;
}

/* The new one; NULL without memory. */
static struct spool_outline *add(struct spool *s, const char *topic, const char *text,
				 uint64_t id)
{
	struct spool_outline *list, added = { .id = id, .written = !text[0] };

	list = reallocarray(s->outlines, s->n_outlines + 1, sizeof(*list));
	if (!list)
		return NULL;
	s->outlines = list;
	added.topic = strdup(topic);
	added.text = strdup(text);
	if (!added.topic || !added.text) {
		free(added.topic);
		free(added.text);
		return NULL;
	}
	list[s->n_outlines] = added;
	return &list[s->n_outlines++];
}

static void remove_at(struct spool *s, size_t i)
{
	free(s->outlines[i].topic);
	free(s->outlines[i].text);
	s->n_outlines--;
	memmove(s->outlines + i, s->outlines + i + 1,
		(s->n_outlines - i) * sizeof(*s->outlines));
}

void spool_clear_outlines(struct spool *s)
{
	while (s->n_outlines > 0)
		remove_at(s, s->n_outlines - 1);
	free(s->outlines);
	s->outlines = NULL;
}

/* --- on the disk ----------------------------------------------------------- */

int spool_load_outlines(struct spool *s)
{
	struct spool_store *store = s->tiers[STATE].store;
	const char *topic = "", *text = "";
	int r;

	for (size_t i = 0; i < s->n_outlines; i++) {
		s->outlines[i].written = !s->outlines[i].text[0];
		s->retained_unwritten |= !s->outlines[i].written;
	}
	while ((r = spool_store_next_outline(store, topic, text, &topic, &text)) > 0) {
		struct spool_outline *outline = find(s, topic, text);

		if (!outline)
			outline = add(s, topic, text, s->opened ? KEPT : 0);
		if (!outline)
			return -ENOMEM;
		outline->written = true;
		topic = outline->topic;
		text = outline->text;
	}
	return r;
}

int spool_write_outlines(struct spool *s)
{
	int r = 0;

	for (size_t i = 0; i < s->n_outlines && r == 0; i++)
		if (!s->outlines[i].written)
			r = spool_store_keep_outline(s->tiers[STATE].store,
						     s->outlines[i].topic,
						     s->outlines[i].text, true);
	return r;
}

void spool_outlines_written(struct spool *s)
{
	for (size_t i = 0; i < s->n_outlines; i++)
		s->outlines[i].written = true;
}

/*
 * Removes those of @topic that were put as @last or before, from memory even if the disk
 * fails: what stays there is taken back once more by a later run. 0 or -errno.
 */
static int forget(struct spool *s, const char *topic, uint64_t last)
{
	struct spool_store *store = s->tiers[STATE].store;
	int r = 0;

	for (size_t i = s->n_outlines; i-- > 0;) {
		const struct spool_outline *outline = &s->outlines[i];

		if (outline->id > last || strcmp(outline->topic, topic) != 0)
			continue;
		if (store && outline->text[0] && r == 0)
			r = spool_store_keep_outline(store, topic, outline->text, false);
		remove_at(s, i);
	}
	return r;
}

/* --- what becomes of messages ---------------------------------------------- */

void spool_note_outline(struct spool *s, const char *topic, const char *text)
{
	if (!find(s, topic, text) && add(s, topic, text, KEPT) && text[0])
		s->retained_unwritten = true;
}

void spool_carry_outline(struct spool *s, const struct spool_message *message,
			 uint64_t id)
{
	struct spool_outline *outline = NULL;

	if (message->outline)
		outline = find(s, message->topic, message->outline);
	if (outline)
		outline->id = id;
}

void spool_settle_outlines(struct spool *s, uint64_t id)
{
	const struct spool_outline *outline = find_carried(s, id);
	_cleanup_free_ char *topic = outline ? strdup(outline->topic) : NULL;
	int r;

	if (!topic)
		return;
	r = forget(s, topic, outline->text[0] ? id - 1 : id);
	if (r < 0)
		spool_failed(s, STATE, r);
	else if (s->tiers[STATE].store && spool_store_is_dirty(s->tiers[STATE].store))
		spool_commit_later(s);
}

void spool_lose_outline(struct spool *s, uint64_t id)
{
	const struct spool_outline *lost = find_carried(s, id);

	for (size_t i = 0; lost && i < s->n_outlines; i++)
		if (s->outlines[i].id <= id &&
		    strcmp(s->outlines[i].topic, lost->topic) == 0)
			s->outlines[i].id = KEPT;
}

void spool_lose_outlines(struct spool *s)
{
	for (size_t i = 0; i < s->n_outlines; i++)
		s->outlines[i].id = KEPT;
}

int spool_forget_outlines(struct spool *s, const char *topic)
{
	return forget(s, topic, KEPT);
}

bool spool_outline(const struct spool *s, size_t i, const char **topic, const char **text)
{
	if (i >= s->n_outlines)
		return false;
	*topic = s->outlines[i].topic;
	*text = s->outlines[i].text;
	return true;
}
