// SPDX-License-Identifier: MIT
/*
 * spool_number.c — numbers that are never used twice
 *
 * That a number may be used is written before it is, a block ahead: into the
 * state directory, and into the runtime directory too, in case that is all
 * there is. After a crash the rest of the block is a gap. Who asks for a number
 * must not wait for the disk: so blocks are reserved by the spool's owner, while
 * half of the last one is left.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool_internal.h"

#define FEW (SPOOL_NUMBER_BLOCK / 2)

static int find(const struct spool *s, const char *name)
{
	for (size_t i = 0; i < s->n_sequences; i++)
		if (strcmp(s->sequences[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

static int append(struct spool *s, const char *name)
{
	struct spool_sequence *list =
		realloc(s->sequences, (s->n_sequences + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	s->sequences = list;
	list[s->n_sequences] = (struct spool_sequence){ .name = strdup(name) };
	return list[s->n_sequences].name ? (int)s->n_sequences++ : -ENOMEM;
}

int spool_sequence(struct spool *s, const char *name)
{
	int r;

	(void)pthread_mutex_lock(&s->lock);
	r = find(s, name);
	if (r < 0)
		r = append(s, name);
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}

uint64_t spool_number(struct spool *s, int sequence)
{
	struct spool_sequence *q;
	uint64_t number = 0;

	(void)pthread_mutex_lock(&s->lock);
	assert(sequence >= 0 && (size_t)sequence < s->n_sequences);
	q = &s->sequences[sequence];
	if (q->last < q->reserved)
		number = ++q->last;
	(void)pthread_mutex_unlock(&s->lock);
	return number;
}

/* A copy of a sequence, whose name lives as long as the spool. False: no more. */
static bool get(struct spool *s, size_t i, struct spool_sequence *ret)
{
	bool exists;

	(void)pthread_mutex_lock(&s->lock);
	exists = i < s->n_sequences;
	if (exists)
		*ret = s->sequences[i];
	(void)pthread_mutex_unlock(&s->lock);
	return exists;
}

/* What is written down in @tier, or @reserved if that is more. */
static uint64_t look_up(struct spool *s, int tier, const char *name, uint64_t reserved)
{
	uint64_t value;
	int r;

	if (!spool_ready(s, tier))
		return reserved;
	r = spool_store_get_number(s->tiers[tier].store, name, &value);
	if (r < 0)
		spool_failed(s, tier, r);
	return r == 0 && value > reserved ? value : reserved;
}

static void write_down(struct spool *s, int tier, const char *name, uint64_t value)
{
	int r;

	if (!spool_ready(s, tier))
		return;
	r = spool_store_set_number(s->tiers[tier].store, name, value);
	if (r < 0)
		spool_failed(s, tier, r);
}

/* Writes the next block of all sequences down that have begun the last one. */
static bool write_blocks(struct spool *s)
{
	struct spool_sequence q;
	bool any = false;

	for (size_t i = 0; get(s, i, &q); i++) {
		if (q.reserved - q.last >= SPOOL_NUMBER_BLOCK)
			continue;
		q.base = look_up(s, STATE, q.name, q.reserved);
		q.base = look_up(s, RUNTIME, q.name, q.base);
		write_down(s, STATE, q.name, q.base + SPOOL_NUMBER_BLOCK);
		write_down(s, RUNTIME, q.name, q.base + SPOOL_NUMBER_BLOCK);
		(void)pthread_mutex_lock(&s->lock);
		s->sequences[i].base = q.base;
		s->sequences[i].granted = q.base + SPOOL_NUMBER_BLOCK;
		(void)pthread_mutex_unlock(&s->lock);
		any = true;
	}
	return any;
}

/* What was written down may be used. */
static void use_blocks(struct spool *s)
{
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_sequences; i++) {
		struct spool_sequence *q = &s->sequences[i];

		if (q->granted <= q->reserved)
			continue;
		/* Somebody else wrote down more than we knew: the rest is a gap. */
		if (q->base > q->reserved)
			q->last = q->base;
		q->reserved = q->granted;
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static bool are_few(struct spool *s)
{
	bool few = false;

	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_sequences && !few; i++)
		few = s->sequences[i].reserved - s->sequences[i].last < FEW;
	(void)pthread_mutex_unlock(&s->lock);
	return few;
}

void spool_reserve_numbers(struct spool *s)
{
	if (!are_few(s) || !write_blocks(s))
		return;
	/* Without a disk numbers go on all the same: the log says what that means. */
	(void)spool_commit(s, RUNTIME);
	(void)spool_commit(s, STATE);
	spool_tell_disk(s);
	use_blocks(s);
}

void spool_give_numbers_back(struct spool *s)
{
	struct spool_sequence q;

	for (size_t i = 0; get(s, i, &q); i++) {
		if (q.last == q.reserved)
			continue;
		(void)pthread_mutex_lock(&s->lock);
		s->sequences[i].reserved = q.last = s->sequences[i].last;
		(void)pthread_mutex_unlock(&s->lock);
		write_down(s, STATE, q.name, q.last);
		write_down(s, RUNTIME, q.name, q.last);
	}
}
