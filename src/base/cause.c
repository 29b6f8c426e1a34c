// SPDX-License-Identifier: MIT
/* cause.c — every cause of trouble has a short name that stays */
#include "mqttnode/cause.h"

#include <string.h>

static const char *const names[] = { [CAUSE_NONE] = "",
#define X(id, name) [CAUSE_##id] = name,
				     CAUSES(X)
#undef X
};

const char *cause_to_string(enum cause_id cause)
{
	return names[cause];
}

enum cause_id cause_from_string(const char *name)
{
	for (int i = CAUSE_NONE + 1; i < CAUSE_IDS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum cause_id)i;
	return CAUSE_NONE;
}
