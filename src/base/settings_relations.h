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

/* What the checks of relations work with. */
struct check {
	struct settings *s;
	const struct conf_file *file;
	struct settings_report *report;
};

/* The node of @name in the top-level group @group; NULL: not in the file. */
const struct conf_node *check_member(const struct check *c, const char *group,
				     const char *name);

/* Reports a mistake, or something unwise, that stands at @n. */
void check_wrong(const struct check *c, const struct conf_node *n, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));
void check_unwise(const struct check *c, const struct conf_node *n, const char *format,
		  ...) __attribute__((format(printf, 3, 4)));

/* Relations within publications, in settings_publish.c; sets defaults that differ. */
void settings_check_publications(const struct check *c);

/* Releases an argument vector. Accepts NULL. */
void settings_free_command(char **command);

/*
 * Relations within pages of the display, in settings_pages.c. Topics of items that
 * nobody publishes or subscribes to are subscribed to.
 */
void settings_check_pages(const struct check *c);

/* Releases what a page holds. */
void settings_clear_page(struct page_settings *p);

/* Releases what a publication holds. */
void settings_clear_publication(struct publication_settings *p);

/* TLS, passwords and keys; also finds the port that TLS implies. */
void settings_check_secrets(const struct check *c);

/* The same of subscriptions. */
void settings_check_subscriptions(const struct check *c);
void settings_clear_subscription(struct subscription_settings *s);

/* Reports lines that are used twice, in settings_subscribe.c. */
void settings_check_lines(const struct check *c);

#endif
