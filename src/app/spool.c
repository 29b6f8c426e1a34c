// SPDX-License-Identifier: MIT
/*
 * spool.c — messages that wait for the broker: bounded, in order, over restarts
 *
 * Theory of operation
 *
 * Every message gets an id, one higher than the last. There are three tiers,
 * databases of the same kind (spool_tier.c, spool_store.c):
 *
 *	state	  the disk; begun only when something must go there
 *	runtime	  tmpfs, or memory if there is no runtime directory
 *	memory	  for messages that are not stored
 *
 * spool_put() adds to runtime or memory. spool_next() takes the lowest id above
 * the cursor, whichever tier has it, and moves the cursor: so messages leave in
 * the order in which they came, over all tiers and topics. Nothing is removed
 * then; a message waits in its tier until it is acknowledged. What is below the
 * oldest message under way is removed in one step, which is cheap, and which
 * repairs itself if a transaction had to be taken back.
 *
 * Changes gather in a transaction for each tier. That of runtime and memory is
 * committed by each spool_turn(), before what was put can be sent. That of state
 * is kept open for the time of "sync" while messages drain: a power failure in
 * this time sends some of them again, and flash is spared. The move from
 * runtime to state writes there first and removes here afterwards; who dies in
 * between leaves both, with the same ids, and the next start merges them.
 *
 * With sync = 0 that move is part of each turn. While there is a session and
 * sync is not 0, nothing is moved unless the broker is slow and much gathers,
 * and when all that was on the disk is delivered nothing is written there, but
 * one row for each 1000 numbers of a sequence (spool_number.c), and one for each
 * topic that gets its first retained message ever (spool_retained.c), or on which
 * something else is announced than before (spool_outline.c).
 *
 * A disk that is stuck holds the caller up, which is the MQTT thread: offline
 * that does no harm; online it happens with sync = 0, while draining and when
 * numbers are reserved or topics noted. Pings are then late; the broker gives the
 * session up after one and a half times the keepalive.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/log.h"

#include "spool_internal.h"

struct spool_usage *spool_usage_of(struct spool *s, int tier)
{
	return tier == MEMORY ? &s->unstored : &s->stored;
}

static uint64_t row_size(const struct spool_row *row)
{
	return (uint64_t)strlen(row->topic) + row->len + SPOOL_ROW_BYTES;
}

/* --- in and out ------------------------------------------------------------ */

/*
 * The oldest message that waits in @tier: 1, 0 if there is none, or -errno. A tier
 * that cannot be read is left alone for a while, and in the end given up.
 */
static int read_oldest(struct spool *s, int tier, struct spool_row *ret)
{
	struct spool_tier *t = &s->tiers[tier];
	int r = -EIO;

	if (!t->store)
		return 0;
	if (t->failed_reads > 0) {
		if (s->now < t->read_ns)
			return -EAGAIN;
		spool_recount(s);
	} else if (t->waiting == 0) {
		return 0;
	}
	if (t->failed_reads == 0 || s->now >= t->read_ns)
		r = spool_store_next(t->store, s->cursor, ret);
	if (r < 0) {
		spool_tier_unreadable(t, s->now);
		spool_failed(s, tier, spool_tier_is_lost(t) ? -EUCLEAN : r);
		return r;
	}
	t->failed_reads = 0;
	if (r == 0)
		t->waiting = 0;
	return r;
}

/*
 * The oldest message that waits in the tiers @first to @last. Its tier, or -1: none,
 * or not known, as one of the tiers cannot be read; passing it over would lose it.
 */
static int find_oldest(struct spool *s, int first, int last, struct spool_row *ret)
{
	int best = -1;

	for (int i = first; i <= last; i++) {
		struct spool_row row;
		int r = read_oldest(s, i, &row);

		if (r < 0)
			return -1;
		if (r > 0 && (best < 0 || row.id < ret->id)) {
			*ret = row;
			best = i;
		}
	}
	return best;
}

/* Takes a message that waits out of the accounts. */
static void discount(struct spool *s, int tier, uint64_t bytes)
{
	struct spool_usage *usage = spool_usage_of(s, tier);

	s->tiers[tier].live--;
	s->tiers[tier].bytes -= bytes;
	usage->messages--;
	usage->bytes -= bytes;
}

/* Drops a message that waits. False if its tier fails, which may give it back. */
static bool drop(struct spool *s, int tier, const struct spool_row *row,
		 uint64_t *counter)
{
	struct spool_tier *t = &s->tiers[tier];
	uint64_t bytes = row_size(row);
	int r;

	spool_lose_outline(s, row->id);
	(*counter)++;
	t->waiting--;
	discount(s, tier, bytes);
	r = spool_store_remove(t->store, row->id, row->id);
	if (r < 0) {
		spool_failed(s, tier, r);
		return false;
	}
	if (tier == STATE)
		spool_commit_later(s);
	return true;
}

/* The first tier to drop from: a disk that fails would give back what is dropped. */
static int first_to_drop(const struct spool *s)
{
	const struct spool_tier *t = &s->tiers[STATE];

	return t->error || t->failed_reads > 0 ? RUNTIME : STATE;
}

static void log_drops(const struct spool *s)
{
	static struct log_limit limit = { .interval_s = 60, .burst = 1 };
	unsigned int held;

	if (log_allow(&limit, &held))
		(void)log_event(LOG_WARNING, "spool-full",
				"The spool is full with %" PRIu64 " messages of %" PRIu64
				" bytes: the %s are dropped, %" PRIu64 " until now",
				s->stored.messages, s->stored.bytes,
				s->settings.drop == SPOOL_DROP_OLDEST ? "oldest"
								      : "newest",
				s->counters.dropped_full);
}

static bool is_over(const struct spool_usage *usage, uint64_t messages, uint64_t bytes)
{
	return usage->messages > messages || usage->bytes > bytes;
}

static bool stored_is_over(const struct spool *s, const struct spool_usage *usage)
{
	return is_over(usage, s->settings.messages, s->settings.bytes);
}

void spool_keep_limits(struct spool *s)
{
	struct spool_row row;
	int tier;

	while (stored_is_over(s, &s->stored)) {
		tier = find_oldest(s, first_to_drop(s), RUNTIME, &row);
		if (tier < 0)
			break;
		if (!drop(s, tier, &row, &s->counters.dropped_full) && tier == RUNTIME)
			break;
		log_drops(s);
	}
	while (is_over(&s->unstored, SPOOL_MEMORY_MAX, SPOOL_MEMORY_MAX_BYTES)) {
		tier = find_oldest(s, MEMORY, MEMORY, &row);
		if (tier < 0)
			break;
		drop(s, tier, &row, &s->counters.dropped_memory);
	}
}

/* Whether there is no place for @message, however old the others are. */
static bool is_refused(struct spool *s, const struct spool_message *message,
		       uint64_t bytes)
{
	struct spool_usage with = s->stored;

	if (!message->store)
		return false;
	if (bytes > s->settings.bytes)
		return true;
	with.messages++;
	with.bytes += bytes;
	return s->settings.drop == SPOOL_DROP_NEWEST && stored_is_over(s, &with);
}

static bool try_put(struct spool *s, int tier, const struct spool_row *row)
{
	int r;

	if (!spool_ready(s, tier))
		r = -s->tiers[tier].error;
	else
		r = spool_store_put(s->tiers[tier].store, row);
	if (r < 0)
		spool_failed(s, tier, r);
	return r == 0;
}

void spool_put(struct spool *s, const struct spool_message *message)
{
	int tier = message->store ? RUNTIME : MEMORY;
	const struct spool_row row = {
		.id = s->next_id,
		.time_s = s->wall_s,
		.topic = message->topic,
		.payload = message->payload,
		.len = message->len,
		.qos = message->qos,
		.retain = message->retain,
		.expiry_s = message->expiry_s,
	};
	uint64_t bytes = row_size(&row);
	struct spool_usage *usage = spool_usage_of(s, tier);

	spool_carry_outline(s, message, row.id);
	if (is_refused(s, message, bytes)) {
		spool_lose_outline(s, row.id);
		s->counters.dropped_full++;
		log_drops(s);
		return;
	}
	/* The second time it may be in memory. */
	if (!try_put(s, tier, &row) && (tier == MEMORY || !try_put(s, tier, &row))) {
		spool_lose_outline(s, row.id);
		s->counters.dropped_error++;
		return;
	}
	s->next_id++;
	s->tiers[tier].live++;
	s->tiers[tier].bytes += bytes;
	s->tiers[tier].waiting++;
	usage->messages++;
	usage->bytes += bytes;
	if (tier == RUNTIME)
		spool_move_later(s);
	spool_keep_limits(s);
}

static bool is_too_old(const struct spool *s, const struct spool_row *row)
{
	return s->settings.age_ms > 0 && s->wall_s > 0 && row->time_s > 0 &&
	       s->wall_s - row->time_s > (int64_t)(s->settings.age_ms / 1000);
}

/* What is left of the time that @row is of use; 0: nothing. Without a clock: all. */
static uint32_t time_left(const struct spool *s, const struct spool_row *row)
{
	int64_t waited = s->wall_s > 0 && row->time_s > 0 ? s->wall_s - row->time_s : 0;

	if (waited <= 0)
		return row->expiry_s;
	return waited < row->expiry_s ? row->expiry_s - (uint32_t)waited : 0;
}

/* The counter of those that, like @row in @tier, are not to be sent; NULL: it is. */
static uint64_t *stale_counter(struct spool *s, int tier, const struct spool_row *row)
{
	if (row->expiry_s > 0 && time_left(s, row) == 0)
		return &s->counters.dropped_expired;
	return tier != MEMORY && is_too_old(s, row) ? &s->counters.dropped_age : NULL;
}

void spool_drop_old(struct spool *s)
{
	struct spool_row row;
	int tier;

	while ((tier = find_oldest(s, first_to_drop(s), RUNTIME, &row)) >= 0 &&
	       is_too_old(s, &row) && drop(s, tier, &row, &s->counters.dropped_age))
		;
}

bool spool_next(struct spool *s, struct spool_message *ret)
{
	uint64_t *counter;

	for (;;) {
		s->head_tier = find_oldest(s, STATE, MEMORY, &s->head);
		if (s->head_tier < 0)
			return false;
		if (s->head.qos == 2 && !s->halves) {
			spool_note_halves(s); /* what was found is not valid after this */
			continue;
		}
		counter = stale_counter(s, s->head_tier, &s->head);
		if (!counter)
			break;
		s->cursor = s->head.id; /* passed, also if its tier gives it back */
		(void)drop(s, s->head_tier, &s->head, counter);
	}
	*ret = (struct spool_message){
		.topic = s->head.topic,
		.payload = s->head.payload,
		.len = s->head.len,
		.qos = s->head.qos,
		.retain = s->head.retain,
		.store = s->head_tier != MEMORY,
		.expiry_s = time_left(s, &s->head),
	};
	return true;
}

void spool_sent(struct spool *s, int number)
{
	assert(s->n_slots < SPOOL_IN_FLIGHT_MAX);
	s->slots[s->n_slots++] = (struct spool_slot){
		.id = s->head.id,
		.bytes = row_size(&s->head),
		.number = number,
		.tier = s->head_tier,
		.qos = s->head.qos,
	};
	s->tiers[s->head_tier].waiting--;
	s->cursor = s->head.id;
}

void spool_refused(struct spool *s)
{
	s->cursor = s->head.id; /* passed, also if its tier gives it back */
	(void)drop(s, s->head_tier, &s->head, &s->counters.dropped_error);
}

/*
 * Gives up the slots of messages that are acknowledged, up to the first that is
 * not. So what may be removed is always all that is older than the first slot.
 */
static void close_ranks(struct spool *s)
{
	size_t n = 0;

	for (; n < s->n_slots && s->slots[n].acknowledged; n++) {
		s->tiers[s->slots[n].tier].acknowledged = true;
		if (s->slots[n].tier == STATE)
			spool_commit_later(s);
	}
	s->n_slots -= n;
	memmove(s->slots, s->slots + n, s->n_slots * sizeof(s->slots[0]));
}

bool spool_acknowledged(struct spool *s, int number)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		struct spool_slot *slot = &s->slots[i];
		uint64_t id = slot->id;

		if (slot->number != number || slot->acknowledged)
			continue;
		slot->acknowledged = true;
		discount(s, slot->tier, slot->bytes);
		close_ranks(s);
		spool_settle_outlines(s, id);
		return true;
	}
	return false;
}

void spool_not_taken(struct spool *s, int number)
{
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].number == number && !s->slots[i].acknowledged)
			spool_lose_outline(s, s->slots[i].id);
}

bool spool_has_halves(const struct spool *s)
{
	return s->foreign_halves;
}

void spool_halves_forgotten(struct spool *s)
{
	s->foreign_halves = false;
}

/* What was acknowledged behind one that will be sent again must not be. */
static void remove_acknowledged(struct spool *s, const struct spool_slot *slot)
{
	struct spool_tier *t = &s->tiers[slot->tier];
	int r = t->store ? spool_store_remove(t->store, slot->id, slot->id) : 0;

	if (r < 0)
		spool_failed(s, slot->tier, r);
	else if (slot->tier == STATE)
		spool_commit_later(s);
}

void spool_rewind(struct spool *s)
{
	size_t n = s->n_slots;

	if (n == 0)
		return;
	s->foreign_halves = s->foreign_halves || spool_in_flight(s).qos2 > 0;
	s->n_slots = 0;
	s->cursor = s->slots[0].id - 1;
	for (size_t i = 0; i < n; i++)
		s->tiers[s->slots[i].tier].waiting += !s->slots[i].acknowledged;
	for (size_t i = 0; i < n; i++)
		if (s->slots[i].acknowledged)
			remove_acknowledged(s, &s->slots[i]);
}

void spool_set_settings(struct spool *s, const struct spool_settings *settings)
{
	s->settings = *settings;
	if (s->tiers[RUNTIME].live > 0)
		spool_move_later(s);
	spool_keep_limits(s);
}

uint64_t spool_waiting(const struct spool *s)
{
	return s->tiers[STATE].waiting + s->tiers[RUNTIME].waiting +
	       s->tiers[MEMORY].waiting;
}

struct spool_in_flight spool_in_flight(const struct spool *s)
{
	struct spool_in_flight sum = {
		.messages = s->n_slots,
		.oldest = s->n_slots > 0 ? s->slots[0].id : 0,
	};

	for (size_t i = 0; i < s->n_slots; i++) {
		if (s->slots[i].acknowledged)
			continue;
		sum.qos2 += s->slots[i].qos == 2;
		sum.bytes += s->slots[i].bytes;
	}
	return sum;
}

/* --- its life -------------------------------------------------------------- */

static int set_path(struct spool_tier *t, const char *directory)
{
	if (!directory || asprintf(&t->path, "%s/spool.db", directory) >= 0)
		return 0;
	t->path = NULL;
	return -ENOMEM;
}

int spool_new(struct spool **ret, const struct spool_settings *settings,
	      const char *state_directory, const char *runtime_directory)
{
	_cleanup_(spool_freep) struct spool *s = NULL;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	(void)pthread_mutex_init(&s->lock, NULL);
	s->settings = *settings;
	s->next_id = 1;
	s->move_ns = s->commit_ns = s->age_ns = SPOOL_NEVER;
	s->tiers[STATE].durable = true;
	if (set_path(&s->tiers[STATE], state_directory) < 0 ||
	    set_path(&s->tiers[RUNTIME], runtime_directory) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(s);
	return 0;
}

struct spool *spool_free(struct spool *s)
{
	if (!s)
		return NULL;
	for (int i = 0; i < TIERS; i++) {
		spool_tier_close(&s->tiers[i]);
		free(s->tiers[i].path);
	}
	for (size_t i = 0; i < s->n_sequences; i++)
		free(s->sequences[i].name);
	free(s->sequences);
	spool_clear_retained(s);
	spool_clear_outlines(s);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

void spool_get_status(const struct spool *s, struct spool_status *ret)
{
	*ret = s->counters;
	ret->messages = s->stored.messages + s->unstored.messages;
	ret->bytes = s->stored.bytes + s->unstored.bytes;
	ret->on_disk = s->tiers[STATE].live;
	ret->disk_bytes_written = spool_tier_written(&s->tiers[STATE]);
	ret->disk_error = s->tiers[STATE].error;
}
