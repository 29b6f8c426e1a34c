/* SPDX-License-Identifier: MIT */
/* settings_relations.h — keys that must fit each other; for the settings module alone */
#ifndef MQTTNODE_SETTINGS_RELATIONS_H
#define MQTTNODE_SETTINGS_RELATIONS_H

#include "settings_file.h"

/*
 * Looks at keys that are right by themselves, in @s as read from @file, and
 * reports what does not go together.
 */
void settings_check_relations(struct settings *s, const struct conf_file *file,
			      struct settings_report *report);

#endif
