// SPDX-License-Identifier: MIT
/* actions.c — what a message that arrived does: lines, programs, files */
#include "mqttnode/actions.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "mqttnode/clock.h"
#include "mqttnode/command.h"
#include "mqttnode/fd.h"
#include "mqttnode/gpio.h"
#include "mqttnode/log.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/privileges.h"
#include "mqttnode/text.h"
#include "mqttnode/workers.h"

#include "file_target.h"
#include "output.h"

#define FAILURES_INTERVAL_S 10
#define FAILURES_BURST	    3

/* What is done with a message, one after the other. */
enum step { STEP_FILE, STEP_COMMAND, STEP_END };

struct action {
	struct actions *all;
	const struct subscription_settings *settings; /* borrowed */
	struct output *output;			      /* NULL: none */
	int told;		      /* output_state() that was told; -1: none */
	int refused;		      /* the same, but not taken */
	struct output *heir;	      /* who goes on with it; or NULL */
	char *path;		      /* of the file; NULL: none */
	struct mqtt_message *current; /* NULL: idle */
	enum step step;		      /* the next one of it */
	bool step_failed;
	struct queue *pending;
	uint64_t second_ns; /* when the current second began */
	unsigned int in_second;
	struct log_limit failures;
};

struct mail {
	unsigned int lost;  /* sessions that have ended */
	unsigned int begun; /* and begun */
	bool online;
	bool stop;
};

struct actions {
	struct queue *inbox; /* borrowed */

	pthread_mutex_t lock; /* protects the next two */
	struct mail mailbox;
	struct actions_counters shared_counters;
	int mail_fd;
	int again_fd; /* lines that were refused would be taken */
	int (*on_line)(void *ctx, const struct output_settings *line, bool on,
		       bool again);
	void *line_ctx;
	pthread_t thread;
	bool started;

	/* From here on: the thread's alone while it runs. */
	sd_event *event;
	struct workers *workers;
	struct commands *commands;
	struct actions_counters counters;
	unsigned int lost, begun;
	bool online;

	size_t n;
	struct action list[];
};

static void go_on(struct action *action);

static void share_counters(struct actions *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->shared_counters = a->counters;
	(void)pthread_mutex_unlock(&a->lock);
}

/* Counts a failure and tells it: @cause completes "Message on TOPIC: ". */
static void failed(struct action *action, const char *topic, const char *cause)
{
	unsigned int held_back;
	char shown[128];

	action->all->counters.actions_failed++;
	if (log_allow(&action->failures, &held_back))
		log_warning("Message on %s: %s",
			    text_escape_str(shown, sizeof(shown), topic), cause);
}

/* --- lines ----------------------------------------------------------------- */

static void line_failed(struct action *action, const char *topic, int error)
{
	char cause[256];

	(void)gpio_explain(action->settings->output.line, -error, cause, sizeof(cause));
	failed(action, topic, cause);
}

static void switch_line(struct action *action, const struct mqtt_message *message)
{
	int order = output_order_parse(message->payload, message->len), r;
	char cause[320], found[48];

	if (order < 0) {
		text_escape(found, sizeof(found), message->payload, message->len);
		failed(action, message->topic,
		       text_format(cause, sizeof(cause),
				   "found \"%s\"; valid is on, off, toggle or pulse",
				   found));
		return;
	}
	r = output_apply(action->output, (enum output_order)order);
	if (r < 0)
		line_failed(action, message->topic, r);
	else
		action->all->counters.actions_done++;
}

static void request_lines(struct actions *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct action *action = &a->list[i];
		int r = action->output ? output_request(action->output) : 0;

		if (r < 0)
			line_failed(action, action->settings->topic, r);
	}
}

static void make_lines_safe(struct actions *a, bool stop)
{
	for (size_t i = 0; i < a->n; i++) {
		struct action *action = &a->list[i];
		bool keep = stop && action->heir;
		int r = action->output && !keep ? output_make_safe(action->output) : 0;

		if (r < 0)
			line_failed(action, action->settings->topic, r);
	}
}

/* Tells the lines that are not as they were told last. */
static void tell_lines(struct actions *a)
{
	for (size_t i = 0; a->online && i < a->n; i++) {
		struct action *action = &a->list[i];
		int now = action->output ? output_state(action->output) : -1;
		bool again = now == action->refused;

		if (now < 0 || now == action->told)
			continue;
		if (a->on_line(a->line_ctx, &action->settings->output, now, again) == 0) {
			action->told = now;
			action->refused = -1;
		} else {
			action->refused = now;
		}
	}
}

/* on_post() follows. */
static int on_again(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)revents;
	(void)userdata;
	(void)fd_event_clear(fd);
	return 0;
}

/* After whatever happened in the thread: a pulse may have ended. */
static int on_post(sd_event_source *source, void *userdata)
{
	(void)source;
	tell_lines(userdata);
	return 0;
}

/* --- files and programs ---------------------------------------------------- */

static void on_written(void *ctx, int error)
{
	struct action *action = ctx;
	char cause[320], path[256];

	if (error < 0) {
		action->step_failed = true;
		text_escape_str(path, sizeof(path), action->path);
		failed(action, action->current->topic,
		       text_format(cause, sizeof(cause), "cannot write %s: %s", path,
				   strerrordesc_np(-error) ?: "unknown error"));
	}
	go_on(action);
}

static void on_command(void *ctx, const struct command_result *result)
{
	struct action *action = ctx;
	char cause[400], name[128], what[256];

	if (result->error < 0 || result->status != 0) {
		action->step_failed = true;
		text_escape_str(name, sizeof(name), action->settings->command[0]);
		failed(action, action->current->topic,
		       text_format(cause, sizeof(cause), "%s %s", name,
				   command_explain(result, what, sizeof(what))));
	}
	go_on(action);
}

/* The payload on stdin, the rest in the environment: nothing is ever a shell's. */
static int run_command(struct action *action)
{
	const struct mqtt_message *message = action->current;
	char qos[16], retain[16];
	_cleanup_free_ char *topic = NULL;
	const char *env[] = { NULL, qos, retain, NULL };
	struct command_request request = {
		.argv = (const char *const *)action->settings->command,
		.env = env,
		.input = message->payload,
		.input_len = message->len,
		.limit_ms = action->settings->timeout_ms,
	};

	if (asprintf(&topic, "MQTT_TOPIC=%s", message->topic) < 0) {
		topic = NULL;
		return -ENOMEM;
	}
	env[0] = topic;
	text_format(qos, sizeof(qos), "MQTT_QOS=%d", message->qos);
	text_format(retain, sizeof(retain), "MQTT_RETAIN=%d", message->retain);
	return commands_run(action->all->commands, &request, on_command, action);
}

/* Begins the next step of the current message: whether one is under way now. */
static bool begin_step(struct action *action)
{
	const struct mqtt_message *message = action->current;
	enum step step = action->step++;
	int r = 0;

	if (step == STEP_FILE && action->settings->actions & SUBSCRIPTION_FILE)
		r = file_target_write(action->all->workers, action->path,
				      (size_t)(action - action->all->list),
				      message->payload, message->len, on_written, action);
	else if (step == STEP_COMMAND && action->settings->actions & SUBSCRIPTION_COMMAND)
		r = run_command(action);
	else
		return false;
	if (r == 0)
		return true;
	action->step_failed = true;
	failed(action, message->topic, "no memory or thread to act on it");
	return false;
}

/* A step has ended, or a message has come: on with the next. */
static void go_on(struct action *action)
{
	for (;;) {
		if (!action->current) {
			action->current = queue_pop(action->pending);
			if (!action->current)
				break;
			action->step = STEP_FILE;
			action->step_failed = false;
		}
		while (action->step < STEP_END)
			if (begin_step(action))
				return;
		action->all->counters.actions_done += !action->step_failed;
		mqtt_message_free(action->current);
		action->current = NULL;
	}
	share_counters(action->all);
}

/* --- messages -------------------------------------------------------------- */

/* Whether another message in this second is within the rate. */
static bool within_rate(struct action *action)
{
	uint64_t now = clock_now_ns(&clock_system);

	if (now - action->second_ns >= NSEC_PER_SEC) {
		action->second_ns = now;
		action->in_second = 0;
	}
	return action->in_second++ < action->settings->max_rate;
}

/* Acts on @message, which is ours. */
static void act(struct action *action, struct mqtt_message *message)
{
	struct actions *a = action->all;

	if (message->retain && !action->settings->retained) {
		a->counters.actions_retained++;
	} else if (!within_rate(action)) {
		a->counters.actions_rate++;
	} else {
		if (action->output)
			switch_line(action, message);
		if (action->pending && queue_push(action->pending, message) == 0) {
			if (!action->current)
				go_on(action);
			return;
		}
		a->counters.actions_pending += action->pending != NULL;
	}
	mqtt_message_free(message);
}

static void take_messages(struct actions *a)
{
	struct mqtt_message *message;

	/* Not for ever: a flood must not keep the thread from its mail. */
	for (int i = 0; i < ACTIONS_INBOX_MAX && (message = queue_pop(a->inbox)); i++)
		act(&a->list[message->subscription], message);
}

static int on_inbox(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	take_messages(userdata);
	share_counters(userdata);
	return 0;
}

/* --- the thread ------------------------------------------------------------ */

static int on_mail(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct actions *a = userdata;
	struct mail mail;

	(void)source;
	(void)revents;
	(void)fd_event_clear(fd);
	(void)pthread_mutex_lock(&a->lock);
	mail = a->mailbox;
	(void)pthread_mutex_unlock(&a->lock);
	if (mail.stop || mail.lost != a->lost) {
		/* What came before must not switch a line on after it was made safe. */
		take_messages(a);
		make_lines_safe(a, mail.stop);
	}
	a->online = mail.online;
	for (size_t i = 0; mail.begun != a->begun && i < a->n; i++)
		a->list[i].told = a->list[i].refused = -1;
	a->begun = mail.begun;
	if (mail.stop) {
		tell_lines(a); /* nothing is done after an exit */
		return sd_event_exit(a->event, 0);
	}
	a->lost = mail.lost;
	request_lines(a);
	share_counters(a);
	return 0;
}

static void *actions_thread(void *arg)
{
	struct actions *a = arg;

	privileges_drop();
	(void)sd_event_loop(a->event);
	return NULL;
}

/* --- from outside ---------------------------------------------------------- */

bool actions_needed(const struct subscription_settings *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].actions & ACTIONS_MASK)
			return true;
	return false;
}

static int action_init(struct action *action, struct actions *all,
		       const struct subscription_settings *settings,
		       const char *directory)
{
	int r = 0;

	action->all = all;
	action->settings = settings;
	action->told = action->refused = -1;
	action->failures.interval_s = FAILURES_INTERVAL_S;
	action->failures.burst = FAILURES_BURST;
	if (settings->actions & SUBSCRIPTION_GPIO)
		r = output_new(&action->output, all->event, &settings->output);
	if (r == 0 && settings->actions & (SUBSCRIPTION_COMMAND | SUBSCRIPTION_FILE))
		r = queue_new(&action->pending, ACTIONS_PENDING_MAX, mqtt_message_free);
	if (r == 0 && settings->actions & SUBSCRIPTION_FILE) {
		bool absolute = settings->file[0] == '/';

		if (asprintf(&action->path, "%s%s%s", absolute ? "" : directory,
			     absolute ? "" : "/", settings->file) < 0) {
			action->path = NULL;
			r = -ENOMEM;
		}
	}
	return r;
}

static void action_fini(struct action *action)
{
	action->output = output_free(action->output);
	action->pending = queue_free(action->pending);
	mqtt_message_free(action->current);
	free(action->path);
}

static int watch(struct actions *a)
{
	int r;

	r = sd_event_new(&a->event);
	if (r >= 0)
		r = sd_event_add_io(a->event, NULL, a->mail_fd, EPOLLIN, on_mail, a);
	if (r >= 0)
		r = sd_event_add_io(a->event, NULL, queue_fd(a->inbox), EPOLLIN, on_inbox,
				    a);
	if (r >= 0)
		r = sd_event_add_post(a->event, NULL, on_post, a);
	if (r >= 0)
		r = sd_event_add_io(a->event, NULL, a->again_fd, EPOLLIN, on_again, a);
	if (r >= 0)
		r = commands_new(&a->commands, a->event);
	if (r >= 0) /* each writes one file at a time */
		r = workers_new(&a->workers, a->event, (unsigned int)a->n);
	return r < 0 ? r : 0;
}

static int on_line_nobody(void *ctx, const struct output_settings *line, bool on,
			  bool again)
{
	(void)ctx;
	(void)line;
	(void)on;
	(void)again;
	return 0;
}

void actions_set_line_callback(struct actions *a,
			       int (*on_line)(void *ctx,
					      const struct output_settings *line, bool on,
					      bool again),
			       void *ctx)
{
	assert(!a->started);
	a->on_line = on_line;
	a->line_ctx = ctx;
}

int actions_new(struct actions **ret, const struct subscription_settings *list, size_t n,
		struct queue *inbox, const char *directory)
{
	_cleanup_(actions_freep) struct actions *a = NULL;
	int r;

	a = calloc(1, sizeof(*a) + n * sizeof(a->list[0]));
	if (!a)
		return -ENOMEM;
	(void)pthread_mutex_init(&a->lock, NULL);
	a->inbox = inbox;
	a->on_line = on_line_nobody;
	a->n = n;
	a->mail_fd = fd_event_new();
	a->again_fd = fd_event_new();
	r = a->mail_fd < 0 || a->again_fd < 0 ? -EMFILE : watch(a);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = action_init(&a->list[i], a, &list[i], directory);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(a);
	return 0;
}

struct actions *actions_free(struct actions *a)
{
	if (!a)
		return NULL;
	actions_stop(a);
	a->commands = commands_free(a->commands);
	a->workers = workers_free(a->workers);
	for (size_t i = 0; i < a->n; i++)
		action_fini(&a->list[i]);
	a->event = sd_event_unref(a->event);
	(void)fd_close(a->mail_fd);
	(void)fd_close(a->again_fd);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
	return NULL;
}

int actions_start(struct actions *a)
{
	int r = -pthread_create(&a->thread, NULL, actions_thread, a);

	if (r < 0)
		return r;
	a->started = true;
	(void)pthread_setname_np(a->thread, "actions");
	fd_event_signal(a->mail_fd); /* requests the lines */
	return 0;
}

void actions_stop(struct actions *a)
{
	if (!a->started)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->mailbox.stop = true;
	(void)pthread_mutex_unlock(&a->lock);
	fd_event_signal(a->mail_fd);
	(void)pthread_join(a->thread, NULL);
	a->started = false;
	a->commands = commands_free(a->commands); /* what runs is killed */
}

/* The output of @a that goes on with that of @old; NULL: none. */
static struct output *find_heir(struct actions *a, const struct action *old)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].output && output_is_same(a->list[i].output, old->output))
			return a->list[i].output;
	return NULL;
}

void actions_follow(struct actions *a, struct actions *old)
{
	assert(!a->started);
	/* Read by its thread after it was told to stop, which is a lock later. */
	for (size_t i = 0; i < old->n; i++)
		if (old->list[i].output)
			old->list[i].heir = find_heir(a, &old->list[i]);
	actions_stop(old);
	for (size_t i = 0; i < old->n; i++)
		if (old->list[i].heir)
			output_follow(old->list[i].heir, old->list[i].output);
	a->counters = old->counters;
	share_counters(a);
}

void actions_session(struct actions *a, bool online)
{
	(void)pthread_mutex_lock(&a->lock);
	a->mailbox.lost += !online;
	a->mailbox.begun += online;
	a->mailbox.online = online;
	(void)pthread_mutex_unlock(&a->lock);
	fd_event_signal(a->mail_fd);
}

void actions_tell_again(struct actions *a)
{
	fd_event_signal(a->again_fd);
}

void actions_get_counters(struct actions *a, struct actions_counters *ret)
{
	(void)pthread_mutex_lock(&a->lock);
	*ret = a->shared_counters;
	(void)pthread_mutex_unlock(&a->lock);
}
