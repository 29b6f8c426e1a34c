/* SPDX-License-Identifier: MIT */
/* topic.h — rules for topic names and filters, MQTT 3.1.1 section 4.7 */
#ifndef MQTTNODE_TOPIC_H
#define MQTTNODE_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Checks a topic name (published) or a topic filter (subscribed): 1..65535
 * bytes, valid UTF-8, no control characters; a name without wildcards and not
 * beginning with "$"; a filter with "+" alone in its level and "#" alone and
 * last. Returns 0, or -EINVAL with what is wrong in @error. Any thread.
 */
int topic_check_name(const char *topic, char *error, size_t size);
int topic_check_filter(const char *filter, char *error, size_t size);

/*
 * The filter within "$share/GROUP/FILTER" (MQTT 5, 4.8.2), or @filter itself if
 * it is not shared. topic_check_filter() does not take a shared one; this does:
 * 0, or -EINVAL with what is wrong in @error. Any thread.
 */
const char *topic_filter_of_share(const char *filter);
int topic_check_shared(const char *filter, char *error, size_t size);

/* Whether the filter covers the topic name; both were checked. Any thread. */
bool topic_matches(const char *filter, const char *topic);

/*
 * @name as one level of a topic: letters, digits and "-_.:" stay, each other byte
 * becomes "%" and two hexadecimal digits, so different names are different levels.
 * The caller frees it; NULL without memory. Any thread.
 */
char *topic_level(const char *name);

#endif
