// SPDX-License-Identifier: MIT
/* spool_tier.c — one place where the spool keeps messages, and its troubles */
#include "spool_tier.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"

#define RETRY_NS (10 * NSEC_PER_SEC)

/* Messages that cannot be read hold up all others: for about a minute. */
#define READ_RETRY_NS  (5 * NSEC_PER_SEC)
#define READ_TRIES_MAX 12

bool spool_tier_exists(const struct spool_tier *t)
{
	return t->path && access(t->path, F_OK) == 0;
}

static bool is_unusable(int r)
{
	return r == -EUCLEAN || r == -ENOTSUP;
}

static const char *unusable_because(int r)
{
	return r == -EUCLEAN ? "is damaged"
			     : "was written by a later version, or by another program";
}

/* Makes room for a new database. 0 or -errno. */
static int set_aside(const struct spool_tier *t, int reason)
{
	int r = spool_store_set_aside(t->path);

	if (r == 0)
		(void)log_event(
			LOG_ERR, "spool-set-aside",
			"The spool %s %s: it is kept as %s.unusable and a new one "
			"begins; messages in it will not be sent",
			t->path, unusable_because(reason), t->path);
	return r;
}

bool spool_tier_ready(struct spool_tier *t, uint64_t now)
{
	int r;

	if (t->error != 0 && now < t->retry_ns)
		return false;
	if (t->store)
		return true;
	/* What is to be durable needs a place. */
	r = t->durable && !t->path ? -ENOENT
				   : spool_store_open(&t->store, t->path, t->durable);
	if (t->path && is_unusable(r)) {
		r = set_aside(t, r);
		if (r == 0)
			r = spool_store_open(&t->store, t->path, t->durable);
	}
	if (r < 0)
		spool_tier_failed(t, r, now);
	return r == 0;
}

void spool_tier_failed(struct spool_tier *t, int r, uint64_t now)
{
	if (t->error != -r)
		t->told = false;
	t->error = -r;
	t->retry_ns = now + RETRY_NS;
	if (!t->store)
		return;
	spool_store_rollback(t->store);
	if (r == -EUCLEAN && t->path) {
		spool_tier_close(t);
		if (set_aside(t, r) == 0)
			t->error = 0;
	}
}

void spool_tier_unreadable(struct spool_tier *t, uint64_t now)
{
	if (t->failed_reads > 0 && now < t->read_ns)
		return;
	t->failed_reads++;
	t->read_ns = now + READ_RETRY_NS;
}

bool spool_tier_is_lost(const struct spool_tier *t)
{
	return t->failed_reads >= READ_TRIES_MAX;
}

void spool_tier_works(struct spool_tier *t)
{
	if (t->failed_reads > 0)
		return; /* in part only */
	if (t->error != 0 && t->told)
		(void)log_event(LOG_NOTICE, "spool-works", "The spool %s works again",
				t->path);
	t->error = 0;
	t->told = false;
}

void spool_tier_tell(struct spool_tier *t, const char *consequence)
{
	if (t->error == 0 || t->told || !t->path)
		return;
	t->told = true;
	(void)log_event(
		LOG_WARNING, "spool-trouble", "Cannot use the spool %s: %s; %s", t->path,
		t->error == EBUSY ? "another program uses it" : strerror(t->error),
		consequence);
}

uint64_t spool_tier_written(const struct spool_tier *t)
{
	return t->written_before + (t->store ? spool_store_written(t->store) : 0);
}

void spool_tier_close(struct spool_tier *t)
{
	if (t->store)
		t->written_before += spool_store_written(t->store);
	t->store = spool_store_close(t->store);
	t->failed_reads = 0;
}
