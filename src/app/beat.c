// SPDX-License-Identifier: MIT
/* beat.c — when something that is due at an interval is due */
#include "beat.h"

void beat_start(struct beat *b, uint64_t now)
{
	if (b->started)
		return;
	b->started = true;
	b->due_ns = now;
}

bool beat_take(struct beat *b, uint64_t interval, uint64_t now, uint64_t *missed)
{
	uint64_t skipped;

	if (!b->started || now < b->due_ns)
		return false;
	skipped = (now - b->due_ns) / interval;
	*missed += skipped;
	b->due_ns += (skipped + 1) * interval;
	return true;
}

uint64_t beat_next_ns(const struct beat *b)
{
	return b->started ? b->due_ns : UINT64_MAX;
}
