// SPDX-License-Identifier: MIT
/* settings_renamed.c — keys that had another name once */
#include "settings_schema.h"

/*
 * A row stays for one release after the one that renamed the key; then it goes, and
 * the old name is an unknown key. So far no released key was renamed.
 */
const struct settings_renamed settings_renamed[] = {
	{ NULL, NULL, NULL },
};
