// SPDX-License-Identifier: MIT
/* mqtt_subscribe.c — what is subscribed, and what arrives */
#include "mqtt_subscribe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/charset.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"
#include "mqttnode/topic.h"

/* How much of a topic and a payload the journal shows; the field holds more. */
#define SHOWN_TOPIC   128
#define SHOWN_PAYLOAD 256
#define FIELD_TEXT    2048

/* The node's own subscriptions: a text for the display is all that is long. */
#define OWN_MAX	     3
#define OWN_MAX_SIZE 4096
#define REQUESTS     (SUBSCRIPTION_BIRTH | SUBSCRIPTION_RESTART)

enum answer { ANSWER_NONE, ANSWER_GRANTED, ANSWER_REFUSED };

struct request {
	int id; /* of SUBSCRIBE; 0: not sent */
	enum answer answer;
	char refusal[MQTT_REFUSAL_SIZE];
};

struct mqtt_subscriber {
	struct subscription_settings *subscriptions; /* of the file, then the own ones */
	struct ladder *ladder;			     /* borrowed, as the next three */
	struct queue *inbox;
	struct queue *actions; /* NULL: no subscription has any */
	struct mqtt_counters *counters;
	char *below_base;		     /* how the node's own topics begin */
	struct charset_converter *converter; /* for the journal; NULL: none */

	char **obsolete; /* filters to unsubscribe from */
	size_t n_obsolete;
	uint64_t deadline_ns; /* UINT64_MAX: nothing is expected */
	struct log_limit logged;
	struct log_limit refused;

	size_t n, n_configured;	   /* those of the file: the rung is about them */
	struct request requests[]; /* as subscriptions */
};

/* One of the node's own: "@prefix/@name", whose text is ours. */
static int add_own(struct mqtt_subscriber *s, const char *prefix, const char *name,
		   unsigned int actions)
{
	char *topic;

	if (asprintf(&topic, "%s/%s", prefix, name) < 0)
		return -ENOMEM;
	s->subscriptions[s->n++] = (struct subscription_settings){
		.topic = topic,
		.qos = 1,
		.actions = actions,
		.max_size = OWN_MAX_SIZE,
	};
	return 0;
}

static int add_all(struct mqtt_subscriber *s, const struct mqtt_config *config)
{
	const struct mqtt_settings *settings = config->settings;
	int r;

	s->subscriptions =
		calloc(settings->n_subscribe + OWN_MAX, sizeof(s->subscriptions[0]));
	if (!s->subscriptions)
		return -ENOMEM;
	if (asprintf(&s->below_base, "%s/", config->base_topic) < 0) {
		s->below_base = NULL;
		return -ENOMEM;
	}
	s->n = s->n_configured = settings->n_subscribe;
	for (size_t i = 0; i < s->n; i++)
		s->subscriptions[i] = settings->subscribe[i];
	if (!settings->discovery || !settings->discovery[0])
		return 0;
	r = add_own(s, settings->discovery, "status", SUBSCRIPTION_BIRTH);
	if (r == 0 && config->inbox)
		r = add_own(s, config->base_topic, "screen", SUBSCRIPTION_OLED);
	if (r == 0 && settings->discovery_restart)
		r = add_own(s, config->base_topic, "restart", SUBSCRIPTION_RESTART);
	return r;
}

int mqtt_subscriber_new(struct mqtt_subscriber **ret, const struct mqtt_config *config,
			struct mqtt_counters *counters)
{
	const struct mqtt_settings *settings = config->settings;
	struct mqtt_subscriber *s;
	int r;

	s = calloc(1, sizeof(*s) +
			      (settings->n_subscribe + OWN_MAX) * sizeof(s->requests[0]));
	if (!s)
		return -ENOMEM;
	r = add_all(s, config);
	if (r < 0) {
		(void)mqtt_subscriber_free(s);
		return r;
	}
	if (charset_converter_new(&s->converter, settings->fallback_charset) == -ENOTSUP)
		log_warning("This system does not know the character set of "
			    "mqtt.fallback_charset (Debian: install the package "
			    "libc-gconv-modules-extra if there is one): such payloads "
			    "will be shown as bytes");
	s->ladder = config->ladder;
	s->inbox = config->inbox;
	s->actions = config->actions;
	s->counters = counters;
	s->deadline_ns = UINT64_MAX;
	s->logged = (struct log_limit){ .interval_s = 1, .burst = 100 };
	s->refused = (struct log_limit){ .interval_s = 10, .burst = 3 };
	*ret = s;
	return 0;
}

static void clear_obsolete(struct mqtt_subscriber *s)
{
	for (size_t i = 0; i < s->n_obsolete; i++)
		free(s->obsolete[i]);
	free(s->obsolete);
	s->obsolete = NULL;
	s->n_obsolete = 0;
}

struct mqtt_subscriber *mqtt_subscriber_free(struct mqtt_subscriber *s)
{
	if (!s)
		return NULL;
	charset_converter_free(s->converter);
	clear_obsolete(s);
	for (size_t i = s->n_configured; i < s->n; i++)
		free(s->subscriptions[i].topic);
	free(s->subscriptions);
	free(s->below_base);
	free(s);
	return NULL;
}

/* --- SUBSCRIBE and SUBACK -------------------------------------------------- */

static size_t count(const struct mqtt_subscriber *s, enum answer answer, size_t *first)
{
	size_t n = 0;

	for (size_t i = s->n_configured; i-- > 0;) {
		if (s->requests[i].answer != answer)
			continue;
		*first = i;
		n++;
	}
	return n;
}

static void report(const struct mqtt_subscriber *s, bool overdue)
{
	size_t refused_first = 0, none_first = 0;
	size_t refused = count(s, ANSWER_REFUSED, &refused_first);
	size_t none = count(s, ANSWER_NONE, &none_first);
	char filter[SHOWN_TOPIC - 64], others[32] = "";

	if (refused > 0) {
		text_escape_str(filter, sizeof(filter),
				s->subscriptions[refused_first].topic);
		if (refused > 1)
			text_format(others, sizeof(others), " and %zu other%s",
				    refused - 1, refused > 2 ? "s" : "");
		ladder_report_cause(s->ladder, RUNG_SUBACK, RUNG_STATE_FAILED,
				    CAUSE_SUBSCRIPTION_REFUSED,
				    "Subscription to %s%s refused: %s", filter, others,
				    s->requests[refused_first].refusal);
	} else if (none > 0 && overdue) {
		text_escape_str(filter, sizeof(filter),
				s->subscriptions[none_first].topic);
		ladder_report_cause(s->ladder, RUNG_SUBACK, RUNG_STATE_FAILED,
				    CAUSE_NO_SUBACK, "No SUBACK for %s%s", filter,
				    none > 1 ? ", and others" : "");
	} else if (none > 0) {
		ladder_report(s->ladder, RUNG_SUBACK, RUNG_STATE_TRYING,
			      "Waiting for SUBACK");
	} else {
		ladder_report(s->ladder, RUNG_SUBACK, RUNG_STATE_OK, "%zu subscription%s",
			      s->n_configured, s->n_configured == 1 ? "" : "s");
	}
}

/* Of what is asked for, by whatever subscription. */
static bool asks_for(const struct mqtt_subscriber *s, const char *filter)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->subscriptions[i].topic, filter) == 0)
			return true;
	return false;
}

/* Without memory the broker goes on sending what nobody wants, which is harmless. */
static void give_up(struct mqtt_subscriber *s, const char *filter)
{
	char **longer, *copy;

	if (asks_for(s, filter))
		return;
	longer = reallocarray(s->obsolete, s->n_obsolete + 1, sizeof(*longer));
	if (!longer)
		return;
	s->obsolete = longer;
	copy = strdup(filter);
	if (copy)
		s->obsolete[s->n_obsolete++] = copy;
}

/* What came of it if it was asked for already, in the same way. */
static void inherit(struct mqtt_subscriber *s, size_t i,
		    const struct mqtt_subscriber *old)
{
	for (size_t j = 0; j < old->n; j++)
		if (strcmp(s->subscriptions[i].topic, old->subscriptions[j].topic) == 0 &&
		    s->subscriptions[i].qos == old->subscriptions[j].qos)
			s->requests[i] = old->requests[j];
}

void mqtt_subscriber_follow(struct mqtt_subscriber *s, struct mqtt_subscriber *old)
{
	for (size_t i = 0; i < s->n; i++)
		inherit(s, i, old);
	for (size_t i = 0; i < old->n; i++)
		give_up(s, old->subscriptions[i].topic);
	for (size_t i = 0; i < old->n_obsolete; i++)
		give_up(s, old->obsolete[i]);
}

void mqtt_subscriber_go_on(struct mqtt_subscriber *s, struct mqtt_client *client,
			   uint64_t deadline_ns)
{
	size_t none;

	for (size_t i = 0; i < s->n_obsolete; i++)
		(void)mqtt_client_unsubscribe(client, s->obsolete[i]);
	clear_obsolete(s);
	for (size_t i = 0; i < s->n; i++)
		/* On failure the connection is gone, which the next turn tells. */
		if (s->requests[i].id == 0)
			(void)mqtt_client_subscribe(client, s->subscriptions[i].topic,
						    s->subscriptions[i].qos,
						    &s->requests[i].id);
	if (s->n_configured == 0)
		return;
	if (count(s, ANSWER_NONE, &none) > 0)
		s->deadline_ns = deadline_ns;
	report(s, false);
}

void mqtt_subscriber_begin(struct mqtt_subscriber *s, struct mqtt_client *client,
			   uint64_t deadline_ns)
{
	memset(s->requests, 0, s->n * sizeof(s->requests[0]));
	mqtt_subscriber_go_on(s, client, deadline_ns);
}

void mqtt_subscriber_end(struct mqtt_subscriber *s)
{
	s->deadline_ns = UINT64_MAX;
}

void mqtt_subscriber_suback(struct mqtt_subscriber *s, int id, const char *refusal)
{
	size_t first;

	for (size_t i = 0; i < s->n; i++) {
		struct request *request = &s->requests[i];

		if (request->id != id || request->answer != ANSWER_NONE)
			continue;
		request->answer = refusal ? ANSWER_REFUSED : ANSWER_GRANTED;
		text_format(request->refusal, sizeof(request->refusal), "%s",
			    refusal ? refusal : "");
		if (i < s->n_configured)
			report(s, s->deadline_ns == UINT64_MAX);
		else if (refusal)
			log_warning("The broker does not let this node subscribe to %s, "
				    "which discovery needs: %s",
				    s->subscriptions[i].topic, refusal);
		break;
	}
	if (count(s, ANSWER_NONE, &first) == 0)
		s->deadline_ns = UINT64_MAX;
}

void mqtt_subscriber_turn(struct mqtt_subscriber *s, uint64_t now)
{
	if (now < s->deadline_ns)
		return;
	s->deadline_ns = UINT64_MAX;
	report(s, true);
}

uint64_t mqtt_subscriber_next_ns(const struct mqtt_subscriber *s)
{
	return s->deadline_ns;
}

/* --- messages -------------------------------------------------------------- */

void mqtt_message_free(void *message)
{
	struct mqtt_message *m = message;

	if (!m)
		return;
	free(m->topic);
	free(m->payload);
	free(m);
}

struct mqtt_message *mqtt_message_new(const char *topic, const void *payload, size_t len)
{
	struct mqtt_message *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->topic = strdup(topic);
	m->payload = malloc(len + 1);
	if (!m->topic || !m->payload) {
		mqtt_message_free(m);
		return NULL;
	}
	if (len > 0)
		memcpy(m->payload, payload, len);
	m->payload[len] = '\0';
	m->len = len;
	return m;
}

/* The payload never reaches the journal raw: it could forge lines or move the cursor. */
static void write_journal(struct mqtt_subscriber *s, const struct mqtt_incoming *message)
{
	char topic[SHOWN_TOPIC], payload[SHOWN_PAYLOAD], more[64] = "";
	char topic_field[FIELD_TEXT], payload_field[FIELD_TEXT];
	char qos[4], size[24];
	_cleanup_free_ char *converted = NULL;
	const void *text = message->payload;
	size_t len = message->len;
	unsigned int held_back;

	if (!log_allow(&s->logged, &held_back))
		return;
	converted = charset_to_utf8(s->converter, message->payload, message->len, &len);
	if (converted)
		text = converted;
	text_escape_str(topic_field, sizeof(topic_field), message->topic);
	text_escape(payload_field, sizeof(payload_field), text, len);
	text_format(qos, sizeof(qos), "%d", message->qos);
	text_format(size, sizeof(size), "%zu", message->len);
	if (held_back > 0)
		text_format(more, sizeof(more), " (%u messages before were not logged)",
			    held_back);

	const struct log_field fields[] = {
		LOG_FIELD_STR("MQTTNODE_EVENT", "message"),
		LOG_FIELD_STR("MQTT_TOPIC", topic_field),
		LOG_FIELD_STR("MQTT_QOS", qos),
		LOG_FIELD_STR("MQTT_RETAIN", message->retain ? "1" : "0"),
		LOG_FIELD_STR("MQTT_SIZE", size),
		LOG_FIELD_STR("MQTT_PAYLOAD", payload_field),
	};

	(void)log_write(LOG_INFO, 0, fields, ARRAY_SIZE(fields), "Message on %s: %s%s",
			text_escape_str(topic, sizeof(topic), message->topic),
			text_escape(payload, sizeof(payload), text, len), more);
}

/* Hands a copy over, for what @actions say; @subscription matters to actions.h only. */
static void hand_over(struct mqtt_subscriber *s, struct queue *queue,
		      const struct mqtt_incoming *message, unsigned int actions,
		      size_t subscription)
{
	struct mqtt_message *copy =
		mqtt_message_new(message->topic, message->payload, message->len);

	if (copy) {
		copy->qos = message->qos;
		copy->retain = message->retain;
		copy->actions = actions;
		copy->subscription = subscription;
	}
	if (!copy || queue_push(queue, copy) < 0) {
		mqtt_message_free(copy);
		s->counters->received_queue_full++;
	}
}

static void refuse(struct mqtt_subscriber *s, const struct mqtt_incoming *message,
		   const char *reason)
{
	char topic[SHOWN_TOPIC];
	unsigned int held_back;

	if (log_allow(&s->refused, &held_back))
		log_warning("Message of %zu bytes on %s ignored: %s", message->len,
			    text_escape_str(topic, sizeof(topic), message->topic),
			    reason);
}

/* Of a shared subscription only its end is a filter: MQTT 5, 4.8.2. */
static bool matches(const char *filter, const char *topic)
{
	return mqtt_client_topic_matches(topic_filter_of_share(filter), topic);
}

bool mqtt_subscriber_wants(const struct mqtt_subscriber *s, const char *topic)
{
	for (size_t i = 0; i < s->n_configured; i++)
		if (matches(s->subscriptions[i].topic, topic))
			return true;
	return false;
}

bool mqtt_subscriber_is_news(const struct mqtt_subscriber *s, const char *topic)
{
	return strncmp(topic, s->below_base, strlen(s->below_base)) != 0 &&
	       mqtt_subscriber_wants(s, topic);
}

/* Whether it is a word said now: a retained one would be obeyed in each session. */
static bool says(const struct mqtt_incoming *message, const char *word)
{
	return !message->retain && message->len == strlen(word) &&
	       memcmp(message->payload, word, message->len) == 0;
}

/* What main is to be asked for. */
static unsigned int requested(const struct mqtt_incoming *message, unsigned int actions)
{
	unsigned int requests = 0;

	if (actions & SUBSCRIPTION_BIRTH && says(message, MQTT_BIRTH))
		requests |= SUBSCRIPTION_BIRTH;
	if (actions & SUBSCRIPTION_RESTART && says(message, MQTT_RESTART))
		requests |= SUBSCRIPTION_RESTART;
	return requests;
}

unsigned int mqtt_subscriber_message(struct mqtt_subscriber *s,
				     const struct mqtt_incoming *message)
{
	const unsigned int screen = SUBSCRIPTION_OLED | SUBSCRIPTION_PAGE;
	const unsigned int here = SUBSCRIPTION_JOURNAL | screen | REQUESTS;
	bool expected = false, too_large = false;
	unsigned int actions = 0;

	s->counters->received++;
	for (size_t i = 0; i < s->n; i++) {
		const struct subscription_settings *subscription = &s->subscriptions[i];

		if (!matches(subscription->topic, message->topic))
			continue;
		expected = true;
		if (message->len > subscription->max_size) {
			too_large = true;
			continue;
		}
		actions |= subscription->actions & here;
		if (s->actions && subscription->actions & ~here)
			hand_over(s, s->actions, message, subscription->actions, i);
	}
	if (!expected) {
		s->counters->received_unexpected++;
		refuse(s, message, "nobody subscribed to this topic");
		return 0;
	}
	if (too_large) {
		s->counters->received_oversize++;
		refuse(s, message, "larger than max_size");
	}
	if (actions & SUBSCRIPTION_JOURNAL)
		write_journal(s, message);
	if (s->inbox && actions & screen)
		hand_over(s, s->inbox, message, actions, 0);
	return requested(message, actions);
}
