/* SPDX-License-Identifier: MIT */
/*
 * publication.h — one publication: looks at its source and composes its messages
 *
 * When to look is decided by publications.c, whose thread all of this belongs
 * to. A source may answer at once or later; there is one look at a time.
 */
#ifndef MQTTNODE_PUBLICATION_H
#define MQTTNODE_PUBLICATION_H

#include "mqttnode/command.h"
#include "mqttnode/facts.h"
#include "mqttnode/log.h"
#include "mqttnode/publications.h"
#include "mqttnode/settings.h"
#include "mqttnode/workers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "beat.h"
#include "input.h"
#include "shaping.h"

/* What all publications work with. */
struct composer {
	struct facts *facts; /* borrowed, as the next */
	struct spool *spool; /* gives the numbers */
	publications_sink sink;
	void *sink_ctx;
	sd_event *event; /* borrowed, as the next two */
	struct workers *workers;
	struct commands *commands;
	void (*on_answer)(void *ctx); /* a source answered after its look */
	void *answer_ctx;
	struct publications_counters counters;
	struct facts_texts texts;
	uint64_t texts_ns; /* the turn that they belong to */
};

struct publication {
	struct composer *composer; /* borrowed, as the next */
	const struct publication_settings *settings;
	struct beat beat; /* for publications.c, as the next */
	bool fresh;	  /* it has not been looked at in any session */
	struct last_value last;
	int sequence;	     /* of its numbers, see spool.h; -1: it shows none */
	uint64_t number;     /* taken and not shown yet; 0: none */
	unsigned int wanted; /* by which triggers; while @busy */
	bool busy;	     /* a source has been asked and has not answered */
	struct input *input; /* NULL: another source */
	bool failed;	     /* the last answer was none, and that was told */
	struct log_limit failures;
};

/* 0 or -errno; release with publication_fini(). */
int publication_init(struct publication *p, struct composer *composer,
		     const struct publication_settings *settings);
void publication_fini(struct publication *p);

/*
 * Goes on in the place of @old, if that publishes the same: with its beats and
 * what it published last. Returns whether. While no thread uses either.
 */
bool publication_follow(struct publication *p, struct publication *old);

/*
 * Looks at the source because of the triggers @wanted; @now is the time of this
 * turn. What comes of it goes to the composer's sink, now or later.
 */
void publication_look(struct publication *p, unsigned int wanted, uint64_t now);

#endif
