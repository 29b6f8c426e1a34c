// SPDX-License-Identifier: MIT
/*
 * mqtt_figures.c — how fast the MQTT thread is, and what a busy node costs
 *
 * Usage: mqtt_figures CONF publish TOPIC QOS N      N messages of 64 bytes
 *        mqtt_figures CONF receive N                until N messages have come
 *        mqtt_figures CONF steady SECONDS           what CONF publishes and subscribes to
 *
 * The modules as shipped, against the broker of CONF, without an interface below. The
 * runtime directory, where messages of QoS 1 wait, is that of CONF. One JSON object;
 * "ready" on a line of its own before that, once there is a session.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/publications.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"
#include "mqttnode/spool.h"

#define PAYLOAD_SIZE   64
#define INBOX_CAPACITY 1024
#define LIMIT_NS       (60 * NSEC_PER_SEC)
#define STOP_MS	       1500
#define AT_A_TIME      100
#define AHEAD_MAX      500

#define must(condition)                                                                  \
	do {                                                                             \
		if (!(condition))                                                        \
			give_up(#condition);                                             \
	} while (0)

/*
 * How much later than its grid something came that is due every @interval_ns: what
 * came earliest, relative to that, tells where the grid is.
 */
struct lateness {
	uint64_t interval_ns;
	uint64_t began_ns, n;
	int64_t earliest, latest;
};

#define STEADY_MAX	   256
#define STEADY_INTERVAL_NS (100 * NSEC_PER_MSEC)

struct bench {
	struct settings *settings;
	struct ladder *ladder;
	struct facts *facts;
	struct queue *inbox;
	struct spool *spool;
	struct mqtt *mqtt;
	struct publications *publications;
	sem_t session;

	atomic_bool measuring;
	struct lateness late[STEADY_MAX]; /* of "bench/N", in the thread "publish" */
	struct lateness control;	  /* of a bare timer, in a thread of its own */
};

static void give_up(const char *condition)
{
	(void)fprintf(stderr, "mqtt_figures: not so: %s\n", condition);
	exit(EXIT_FAILURE);
}

static void on_session(void *ctx, bool online)
{
	struct bench *b = ctx;

	if (b->publications)
		publications_session(b->publications, online);
	if (online)
		(void)sem_post(&b->session);
}

static void note(struct lateness *l)
{
	uint64_t now = clock_now_ns(&clock_system);
	int64_t late;

	if (l->n == 0)
		l->began_ns = now;
	late = (int64_t)(now - l->began_ns - l->n * l->interval_ns);
	if (l->n == 0 || late < l->earliest)
		l->earliest = late;
	if (l->n == 0 || late > l->latest)
		l->latest = late;
	l->n++;
}

static double late_ms(const struct lateness *l)
{
	return (double)(l->latest - l->earliest) / 1e6;
}

static void publish(void *ctx, const struct mqtt_outgoing *message)
{
	struct bench *b = ctx;
	unsigned int i;

	if (atomic_load(&b->measuring) && sscanf(message->topic, "bench/%u", &i) == 1 &&
	    i < STEADY_MAX) {
		b->late[i].interval_ns = STEADY_INTERVAL_NS;
		note(&b->late[i]);
	}
	(void)mqtt_publish(b->mqtt, message);
}

static void start(struct bench *b, const char *conf, bool with_publications)
{
	struct ip source;
	struct mqtt_timing timing = mqtt_timing_default;
	struct settings_report report = { 0 };
	struct mqtt_config config;
	char error[512] = "";
	_cleanup_free_ char *copy = strdup(conf);
	const char *runtime = copy ? dirname(copy) : NULL;

	if (settings_load(&b->settings, conf, &report) < 0)
		give_up(report.n_errors > 0 ? report.errors[0] : conf);
	settings_report_clear(&report);
	must(ladder_new(&b->ladder) == 0 && facts_new(&b->facts) == 0);
	must(queue_new(&b->inbox, INBOX_CAPACITY, mqtt_message_free) == 0);
	must(sem_init(&b->session, 0, 0) == 0);
	must(spool_new(&b->spool, &b->settings->mqtt.spool, NULL, runtime) == 0);
	config = (struct mqtt_config){
		.client_id = b->settings->mqtt.client_id,
		.base_topic = "bench",
		.settings = &b->settings->mqtt,
		.ladder = b->ladder,
		.inbox = b->inbox,
		.spool = b->spool,
	};
	if (mqtt_new(&b->mqtt, &config, error, sizeof(error)) < 0)
		give_up(error);
	if (with_publications)
		must(publications_new(&b->publications, b->settings->mqtt.publish,
				      b->settings->mqtt.n_publish, b->facts, b->spool,
				      publish, b) == 0);
	spool_open(b->spool);
	/* There is no cable that has to settle. */
	timing.link_settle_ms = 0;
	mqtt_set_timing(b->mqtt, &timing);
	mqtt_set_session_callback(b->mqtt, on_session, b);
	must(mqtt_start(b->mqtt) == 0);
	if (b->publications)
		must(publications_start(b->publications) == 0);
	mqtt_set_link(b->mqtt, true);
	source = ip_from_v4((struct in_addr){ htonl(INADDR_LOOPBACK) });
	mqtt_set_sources(b->mqtt, &source, 1);
	while (sem_wait(&b->session) < 0)
		must(errno == EINTR);
	(void)puts("ready");
	(void)fflush(stdout);
}

static void stop(struct bench *b)
{
	if (b->publications)
		publications_stop(b->publications);
	mqtt_stop(b->mqtt, STOP_MS);
	while (!mqtt_joined(b->mqtt)) {
		struct pollfd ended = { .fd = mqtt_event_fd(b->mqtt), .events = POLLIN };

		(void)poll(&ended, 1, STOP_MS);
	}
	b->publications = publications_free(b->publications);
	b->mqtt = mqtt_free(b->mqtt);
	b->spool = spool_free(b->spool);
	b->inbox = queue_free(b->inbox);
	b->facts = facts_free(b->facts);
	b->ladder = ladder_free(b->ladder);
	b->settings = settings_free(b->settings);
	(void)sem_destroy(&b->session);
}

/* What the thread gave up so far: of QoS 0 what TCP did not take. */
static uint64_t dropped(const struct mqtt_counters *c)
{
	return c->dropped_stalled;
}

/* Whether so many of QoS 1 wait that more would only wait with them. */
static bool is_ahead(int qos, uint64_t offered, uint64_t published)
{
	return qos > 0 && offered - published >= AHEAD_MAX;
}

/*
 * Offers messages until @n are published. Nobody tells when TCP takes no more: as soon as
 * messages are dropped, or there is no room for them, this waits a little.
 */
static void run_publish(struct bench *b, const char *topic, int qos, unsigned long n)
{
	static char payload[PAYLOAD_SIZE];
	struct mqtt_outgoing message = {
		.topic = topic,
		.payload = payload,
		.len = sizeof(payload),
		.qos = qos,
		.store = true,
	};
	uint64_t begin = clock_now_ns(&clock_system), end = begin, before = 0;
	struct mqtt_counters c = { 0 };
	uint64_t offered = 0;

	memset(payload, 'x', sizeof(payload));
	while (c.published < n) {
		bool full = false;

		for (int i = 0; i < AT_A_TIME && !full && offered - dropped(&c) < n;
		     i++) {
			full = is_ahead(qos, offered, c.published) ||
			       mqtt_publish(b->mqtt, &message) < 0;
			offered += !full;
		}
		mqtt_get_counters(b->mqtt, &c);
		if (full || dropped(&c) > before || offered - dropped(&c) >= n)
			clock_sleep_ns(&clock_system, 200 * NSEC_PER_USEC);
		before = dropped(&c);
		end = clock_now_ns(&clock_system);
		must(end - begin < LIMIT_NS);
	}
	printf("{\"per_s\": %.1f, \"published\": %llu, \"dropped\": %llu}\n",
	       (double)c.published * 1e9 / (double)(end - begin),
	       (unsigned long long)c.published, (unsigned long long)dropped(&c));
}

static unsigned long take_all(struct bench *b)
{
	unsigned long n = 0;
	void *message;

	while ((message = queue_pop(b->inbox))) {
		mqtt_message_free(message);
		n++;
	}
	return n;
}

/* Takes what arrives, as main does, for @ns at most and until @n have come. */
static unsigned long receive(struct bench *b, unsigned long n, uint64_t ns)
{
	uint64_t end = clock_now_ns(&clock_system) + ns;
	struct mqtt_counters c = { 0 };
	unsigned long taken = 0;

	while (c.received < n && clock_now_ns(&clock_system) < end) {
		struct pollfd inbox = { .fd = queue_fd(b->inbox), .events = POLLIN };

		(void)poll(&inbox, 1, 10);
		taken += take_all(b);
		mqtt_get_counters(b->mqtt, &c);
	}
	return taken;
}

static void run_receive(struct bench *b, unsigned long n)
{
	struct mqtt_counters c;
	unsigned long taken = receive(b, n, LIMIT_NS);

	mqtt_get_counters(b->mqtt, &c);
	printf("{\"taken\": %lu, \"received\": %llu, \"inbox_full\": %llu}\n", taken,
	       (unsigned long long)c.received, (unsigned long long)c.received_queue_full);
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static long private_kib(void)
{
	long size, resident = 0, shared = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	must(f && fscanf(f, "%ld %ld %ld", &size, &resident, &shared) == 3);
	(void)fclose(f);
	return (resident - shared) * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A bare timer beside, with the same interval, as long as publications are measured. */
static void *run_control(void *arg)
{
	struct bench *b = arg;
	uint64_t due = clock_now_ns(&clock_system);

	b->control.interval_ns = STEADY_INTERVAL_NS;
	while (atomic_load(&b->measuring)) {
		struct timespec at;

		note(&b->control);
		due += STEADY_INTERVAL_NS;
		at = (struct timespec){ .tv_sec = (time_t)(due / NSEC_PER_SEC),
					.tv_nsec = (long)(due % NSEC_PER_SEC) };
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	return NULL;
}

static double latest_ms(const struct bench *b)
{
	double latest = 0;

	for (size_t i = 0; i < STEADY_MAX; i++)
		if (late_ms(&b->late[i]) > latest)
			latest = late_ms(&b->late[i]);
	return latest;
}

static void run_steady(struct bench *b, unsigned long duration_s)
{
	pthread_t control;
	struct publications_counters composed;
	struct mqtt_counters c;
	struct rusage before, after;
	unsigned long taken;

	(void)receive(b, ULONG_MAX, NSEC_PER_SEC);
	atomic_store(&b->measuring, true);
	must(pthread_create(&control, NULL, run_control, b) == 0);
	(void)getrusage(RUSAGE_SELF, &before);
	taken = receive(b, ULONG_MAX, duration_s * NSEC_PER_SEC);
	(void)getrusage(RUSAGE_SELF, &after);
	mqtt_get_counters(b->mqtt, &c);
	publications_get_counters(b->publications, &composed);
	atomic_store(&b->measuring, false);
	(void)pthread_join(control, NULL);
	publications_stop(b->publications); /* it notes nothing more */
	printf("{\"cpu_percent\": %.2f, \"private_kib\": %ld, \"published\": %llu, "
	       "\"missed\": %llu, \"received_per_s\": %.1f, \"late_ms\": %.2f, "
	       "\"control_late_ms\": %.2f}\n",
	       100 *
		       (seconds(&after.ru_utime) - seconds(&before.ru_utime) +
			seconds(&after.ru_stime) - seconds(&before.ru_stime)) /
		       (double)duration_s,
	       private_kib(), (unsigned long long)c.published,
	       (unsigned long long)composed.missed, (double)taken / (double)duration_s,
	       latest_ms(b), late_ms(&b->control));
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	const char *what = argc > 2 ? argv[2] : "";

	if (strcmp(what, "publish") == 0 && argc == 6) {
		start(&b, argv[1], false);
		run_publish(&b, argv[3], atoi(argv[4]), strtoul(argv[5], NULL, 10));
	} else if (strcmp(what, "receive") == 0 && argc == 4) {
		start(&b, argv[1], false);
		run_receive(&b, strtoul(argv[3], NULL, 10));
	} else if (strcmp(what, "steady") == 0 && argc == 4) {
		start(&b, argv[1], true);
		run_steady(&b, strtoul(argv[3], NULL, 10));
	} else {
		give_up("usage: mqtt_figures CONF publish|receive|steady ...");
	}
	stop(&b);
	return EXIT_SUCCESS;
}
