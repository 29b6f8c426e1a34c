// SPDX-License-Identifier: MIT
/* spool_disk.c — what the spool writes where and when, and what goes wrong */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"

#include "spool_internal.h"

/* The clock was never set if it shows less: 2025-01-01. */
#define CLOCK_SET_S INT64_C(1735689600)

/* A clock that goes wrong by no more than this was not set. */
#define CLOCK_JUMP_S 5

#define AGE_CHECK_NS (60 * NSEC_PER_SEC)

/*
 * More is not left in the runtime directory, online neither: a stop, which has
 * to move it all, has little over a second for that (mqtt.c).
 */
#define RUNTIME_MAX	  5000
#define RUNTIME_MAX_BYTES (2 * 1024 * 1024)

/* With sync = 0 too, what can wait waits so long. */
#define DISK_PAUSE_NS NSEC_PER_SEC

/* Kept among the numbers: the ids up to this one were delivered. No topic has a "#". */
#define DELIVERED "#delivered"

/* 1: the broker may have halves of messages of QoS 2, see spool_has_halves(). */
#define HALVES "#halves"

static uint64_t min_ns(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t sync_ns(const struct spool *s)
{
	return s->settings.sync_ms * NSEC_PER_MSEC;
}

/* --- troubles -------------------------------------------------------------- */

static void count(struct spool *s, int tier, uint64_t messages, uint64_t bytes)
{
	struct spool_usage *usage = spool_usage_of(s, tier);

	s->tiers[tier].live += messages;
	s->tiers[tier].bytes += bytes;
	usage->messages += messages;
	usage->bytes += bytes;
}

void spool_recount(struct spool *s)
{
	s->stored = s->unstored = (struct spool_usage){ 0 };
	for (int i = 0; i < TIERS; i++) {
		struct spool_tier *t = &s->tiers[i];
		uint64_t messages = 0, bytes = 0, live = t->live, size = t->bytes;
		int r = 0;

		if (t->store)
			r = spool_store_measure(t->store, s->cursor, &messages, &bytes);
		t->live = t->bytes = 0;
		if (r < 0) {
			spool_tier_unreadable(t, s->now);
			count(s, i, live, size);
			continue;
		}
		t->waiting = messages;
		count(s, i, messages, bytes + messages * SPOOL_ROW_BYTES);
		for (size_t k = 0; k < s->n_slots; k++)
			if (s->slots[k].tier == i && !s->slots[k].acknowledged)
				count(s, i, 1, s->slots[k].bytes);
	}
}

/* The runtime directory is of no use: what can be read there goes on in memory. */
static void leave_runtime_directory(struct spool *s)
{
	struct spool_tier *t = &s->tiers[RUNTIME];
	struct spool_store *old = t->store;
	struct spool_row row;
	uint64_t after = 0;

	spool_tier_tell(t, "messages are kept in memory instead");
	free(t->path);
	*t = (struct spool_tier){ .acknowledged = true };
	if (!old || !spool_tier_ready(t, s->now)) {
		(void)spool_store_close(old);
		return;
	}
	while (spool_store_next(old, after, &row) > 0 &&
	       spool_store_put(t->store, &row) == 0)
		after = row.id;
	/* The next start would take it for what was never delivered. */
	if (spool_store_remove(old, 0, after) == 0)
		(void)spool_store_commit(old);
	(void)spool_store_close(old);
}

void spool_tell_disk(struct spool *s)
{
	spool_tier_tell(
		&s->tiers[STATE],
		sync_ns(s) > 0
			? "a power failure loses messages that wait, and numbers of "
			  "messages may then be used again"
			: "messages are sent without being on the disk before, a power "
			  "failure loses those that wait, and numbers may then be used "
			  "again");
}

static uint64_t kept(const struct spool *s)
{
	return s->stored.messages + s->unstored.messages;
}

void spool_failed(struct spool *s, int tier, int r)
{
	struct spool_tier *t = &s->tiers[tier];
	uint64_t before = kept(s), after;

	spool_tier_failed(t, r, s->now);
	/* What a rollback brought back is removed again. */
	t->acknowledged = true;
	if (tier == STATE) {
		s->halves_written = false; /* taken back, or set aside */
		spool_tell_disk(s);
		s->commit_ns = min_ns(s->commit_ns, t->retry_ns);
	} else if (t->path && t->error) {
		leave_runtime_directory(s);
	}
	spool_recount(s);
	after = kept(s);
	if (after < before) {
		s->counters.dropped_error += before - after;
		spool_lose_outlines(s);
	}
}

/* What an earlier run wrote down of halves. 0 or -errno. */
static int read_halves(struct spool *s)
{
	uint64_t halves = 0;
	int r = spool_store_get_number(s->tiers[STATE].store, HALVES, &halves);

	if (halves)
		s->halves = s->halves_written = s->foreign_halves = true;
	return r;
}

/*
 * The state directory could not be used at first, and now can: what it keeps
 * from an earlier run gets ids of its own, behind all others. That these
 * messages come late is better than that they are taken for others.
 */
static void adopt(struct spool *s)
{
	struct spool_tier *t = &s->tiers[STATE];
	uint64_t last = 0;
	int r = read_halves(s);

	if (r == 0)
		r = spool_store_last_id(t->store, &last);
	if (r == 0 && last == 0)
		return;
	last = last > s->next_id ? last : s->next_id;
	if (r == 0)
		r = spool_store_shift_ids(t->store, last);
	if (r == 0)
		r = spool_store_commit(t->store);
	if (r == 0)
		r = spool_store_last_id(t->store, &last);
	if (r < 0) {
		spool_failed(s, STATE, r);
		return;
	}
	s->next_id = last + 1;
	spool_recount(s);
	spool_keep_limits(s);
}

bool spool_ready(struct spool *s, int tier)
{
	bool opened = s->tiers[tier].store;
	int r;

	if (!spool_tier_ready(&s->tiers[tier], s->now))
		return false;
	if (opened || tier != STATE)
		return true;
	r = spool_load_retained(s);
	if (r == 0)
		r = spool_load_outlines(s);
	if (r < 0)
		spool_failed(s, tier, r);
	if (s->opened && s->tiers[tier].store)
		adopt(s);
	return s->tiers[tier].store;
}

/* --- committing and moving ------------------------------------------------- */

/* The newest of the messages of which all older ones are gone too. */
static uint64_t last_delivered(const struct spool *s)
{
	return s->n_slots > 0 ? s->slots[0].id - 1 : s->cursor;
}

static int forget(struct spool *s, int tier)
{
	struct spool_tier *t = &s->tiers[tier];
	int r;

	if (!t->acknowledged || !t->store)
		return 0;
	r = spool_store_remove(t->store, 0, last_delivered(s));
	if (r == 0)
		t->acknowledged = false;
	return r;
}

/*
 * What is removed from the disk is committed there later; a crash before that
 * would bring it back. tmpfs remembers until then that it was delivered.
 */
static int note_delivered(struct spool *s)
{
	uint64_t last = last_delivered(s);
	int r;

	if (!s->tiers[STATE].acknowledged || last == s->noted)
		return 0;
	r = spool_store_set_number(s->tiers[RUNTIME].store, DELIVERED, last);
	if (r == 0)
		s->noted = last;
	return r;
}

bool spool_commit(struct spool *s, int tier)
{
	struct spool_tier *t = &s->tiers[tier];
	bool dirty;
	int r;

	if (tier == STATE)
		s->commit_ns = SPOOL_NEVER;
	if (!t->store)
		return false;
	r = forget(s, tier);
	if (r == 0 && tier == RUNTIME && t->path)
		r = note_delivered(s);
	dirty = spool_store_is_dirty(t->store);
	if (r == 0)
		r = spool_store_commit(t->store);
	if (r < 0)
		spool_failed(s, tier, r);
	else if (dirty)
		spool_tier_works(t);
	return r == 0;
}

static void write_halves(struct spool *s)
{
	int r;

	s->halves_written = false;

	if (!spool_ready(s, STATE)) {
		spool_tell_disk(s);
		return;
	}
	r = spool_store_set_number(s->tiers[STATE].store, HALVES, s->halves);
	if (r < 0)
		spool_failed(s, STATE, r);
	else
		s->halves_written = spool_commit(s, STATE);
}

void spool_note_halves(struct spool *s)
{
	s->halves = true;
	write_halves(s);
}

/* Whether the broker has acknowledged, to the end, all of QoS 2 that it ever saw. */
static bool is_whole(const struct spool *s)
{
	return !s->foreign_halves && spool_in_flight(s).qos2 == 0;
}

void spool_commit_later(struct spool *s)
{
	uint64_t pause = sync_ns(s) > DISK_PAUSE_NS ? sync_ns(s) : DISK_PAUSE_NS;

	s->commit_ns = min_ns(s->commit_ns, s->now + pause);
}

/* Whether more gathers in the runtime directory than should, and the disk takes it. */
static bool is_much(const struct spool *s)
{
	const struct spool_tier *t = &s->tiers[RUNTIME];

	return (t->live > RUNTIME_MAX || t->bytes > RUNTIME_MAX_BYTES) &&
	       s->tiers[STATE].error == 0;
}

void spool_move_later(struct spool *s)
{
	if (is_much(s))
		s->move_ns = s->now;
	else if (!s->online || sync_ns(s) == 0)
		s->move_ns = min_ns(s->move_ns, s->now + sync_ns(s));
}

/* Copies all of the runtime directory into the state directory. 0 or -errno. */
static int copy_to_state(struct spool *s)
{
	struct spool_store *from = s->tiers[RUNTIME].store;
	struct spool_store *to = s->tiers[STATE].store;
	struct spool_row row;
	uint64_t after = 0;
	int r;

	while ((r = spool_store_next(from, after, &row)) > 0) {
		r = spool_store_put(to, &row);
		if (r < 0)
			return r;
		after = row.id;
	}
	return r;
}

/* Moves all of the runtime directory to the state directory, if that works. */
static void move(struct spool *s)
{
	struct spool_tier *from = &s->tiers[RUNTIME], *to = &s->tiers[STATE];
	int r;

	s->move_ns = SPOOL_NEVER;
	if (!from->store || from->live == 0)
		return;
	if (!spool_ready(s, STATE)) {
		spool_tell_disk(s);
		s->move_ns = to->retry_ns;
		return;
	}
	r = copy_to_state(s);
	if (r < 0)
		spool_failed(s, STATE, r);
	if (r < 0 || !spool_commit(s, STATE)) {
		s->move_ns = to->error ? to->retry_ns : s->now;
		return;
	}
	to->live += from->live;
	to->bytes += from->bytes;
	to->waiting += from->waiting;
	from->live = from->bytes = from->waiting = 0;
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].tier == RUNTIME)
			s->slots[i].tier = STATE;
	r = spool_store_remove(from->store, 0, s->next_id);
	if (r < 0)
		spool_failed(s, RUNTIME, r);
	else
		(void)spool_commit(s, RUNTIME);
}

/* --- the clock ------------------------------------------------------------- */

/*
 * Ages are counted by the wall clock, since they go on over restarts. Boards
 * without a clock of their own wake up in the past: messages composed then are
 * made younger when the clock is set.
 */
static void follow_clock(struct spool *s)
{
	int64_t wall = (int64_t)time(NULL);
	int64_t offset = wall - (int64_t)(s->now / NSEC_PER_SEC);
	int64_t jump = s->wall_offset_s ? offset - s->wall_offset_s : 0;
	bool begins = s->wall_s == 0;

	if (wall < CLOCK_SET_S) {
		s->wall_s = s->wall_offset_s = 0;
		return;
	}
	s->wall_s = wall;
	if (!begins && llabs(jump) <= CLOCK_JUMP_S)
		return;
	s->wall_offset_s = offset;
	for (int i = STATE; i <= RUNTIME; i++) {
		int r;

		if (!s->tiers[i].store || s->tiers[i].live == 0)
			continue;
		r = spool_store_shift_times(s->tiers[i].store,
					    begins ? INT64_MAX : s->composed_since_s,
					    jump, wall);
		if (r < 0)
			spool_failed(s, i, r);
		else if (i == STATE)
			spool_commit_later(s);
	}
	s->composed_since_s = begins ? wall : s->composed_since_s + jump;
}

/* --- from outside ---------------------------------------------------------- */

/* What an earlier run left in a tier. */
static void take_over(struct spool *s, int tier)
{
	struct spool_tier *t = &s->tiers[tier];
	uint64_t last = 0, delivered = 0;
	int r;

	if (!spool_tier_exists(t) || !spool_ready(s, tier))
		return;
	if (tier == RUNTIME)
		r = spool_store_get_number(t->store, DELIVERED, &delivered);
	else
		r = read_halves(s);
	if (r == 0)
		r = spool_store_last_id(t->store, &last);
	if (r < 0) {
		spool_failed(s, tier, r);
	} else if (delivered > 0 && s->tiers[STATE].store) {
		r = spool_store_remove(s->tiers[STATE].store, 0, delivered);
		if (r < 0)
			spool_failed(s, STATE, r);
	}
	if (delivered > last)
		last = delivered;
	if (last >= s->next_id)
		s->next_id = last + 1;
}

void spool_open(struct spool *s)
{
	uint64_t n;

	s->now = clock_now_ns(&clock_system);
	take_over(s, STATE);
	take_over(s, RUNTIME);
	s->opened = true;
	spool_recount(s);
	follow_clock(s);
	move(s);
	spool_recount(s); /* a crash in the middle of a move left messages twice */
	spool_keep_limits(s);
	if (s->tiers[STATE].store)
		(void)spool_commit(s, STATE);
	spool_reserve_numbers(s);
	n = s->stored.messages;
	if (n > 0)
		(void)log_event(LOG_INFO, "spool-left",
				"%llu messages of an earlier run wait for the broker",
				(unsigned long long)n);
}

void spool_turn(struct spool *s, bool online, uint64_t now)
{
	s->now = now;
	if (online != s->online) {
		s->online = online;
		s->move_ns = SPOOL_NEVER;
		if (s->tiers[RUNTIME].live > 0)
			spool_move_later(s);
	}
	follow_clock(s);
	if (s->stored.messages > 0)
		s->age_ns = min_ns(s->age_ns, now + AGE_CHECK_NS);
	if (now >= s->age_ns) {
		s->age_ns = SPOOL_NEVER;
		spool_drop_old(s);
	}
	spool_reserve_numbers(s);
	if (s->halves && !s->halves_written)
		write_halves(s); /* that failed before */
	spool_save_retained(s);
	(void)spool_commit(s, RUNTIME);
	(void)spool_commit(s, MEMORY);
	if (now >= s->move_ns)
		move(s);
	if (now >= s->commit_ns)
		(void)spool_commit(s, STATE);
}

uint64_t spool_next_ns(const struct spool *s)
{
	return min_ns(min_ns(s->move_ns, s->commit_ns), s->age_ns);
}

void spool_park(struct spool *s)
{
	spool_give_numbers_back(s);
	(void)spool_commit(s, RUNTIME);
	move(s);
	if (s->halves && is_whole(s)) {
		s->halves = false;
		write_halves(s);
	}
	if (s->tiers[STATE].store)
		(void)spool_commit(s, STATE);
}
