// SPDX-License-Identifier: MIT
/*
 * dhcp.c — a supervised udhcpc: when to start, ask, believe and end it
 *
 * Theory of operation. The client speaks DHCP; what its reports mean for the
 * address is decided here.
 *
 *   cable in, no lease      start the client: it sends DISCOVERs at once and
 *                           goes on doing so
 *   cable in, a lease       SIGUSR1: it renews. No word within 3 s: the cable
 *                           may be in another network, where nobody knows the
 *                           old server. The client is killed (it must not
 *                           release) and another one started, which asks for
 *                           the same address by DISCOVER. A second SIGUSR1
 *                           would not do: busybox 1.35 broadcasts its REQUEST
 *                           for the old address for as long as the lease runs
 *                           if the first retry has passed already.
 *   cable out, no lease     the client is killed: nobody hears its DISCOVERs
 *   cable out, a lease      nothing; the lease has its time
 *   client died             another one after 1, 2, 4 ... 30 s; the lease stays
 *
 * A lease is held from "bound" or "renew" until its time is up, the server
 * refuses it (NAK) or somebody else is found to have the address; not until
 * "deconfig", with which every client begins. A lease that nobody confirms is
 * still a lease (RFC 2131, section 3.7): while a DHCP server is down the node
 * goes on working.
 *
 * The address is taken off the interface only when the client has exited: its
 * RELEASE and its unicast renewals come from that address.
 *
 * Two things the reports do not say are read from the client's output: that an
 * offered address is taken, and why a client died. They make a better sentence
 * for the user and decide nothing.
 */
#include "mqttnode/dhcp.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

#include "dhcp_client.h"

#define USEC_PER_SEC UINT64_C(1000000)

#define ANSWER_LIMIT_US                                                                  \
	(3 * USEC_PER_SEC)  /* for a renewal after the cable was plugged in */
#define TROUBLE_AFTER_S	  3 /* of silence before it is called trouble */
#define BACKOFF_FIRST_S	  1
#define BACKOFF_MAX_S	  30
#define TIMER_ACCURACY_US 100000

/* What udhcpc prints; see above. */
#define OUTPUT_PREFIX	"udhcpc: "
#define OUTPUT_OBTAINED "lease of "
#define OUTPUT_CONFLICT "address is in use"

struct dhcp {
	sd_event *event;		  /* borrowed */
	const struct dhcp_events *events; /* borrowed, outlives us */
	char interface[IFNAMSIZ];
	char hostname[65]; /* "": not told */

	struct dhcp_client_events client_events;
	struct dhcp_client *client; /* NULL: none runs */
	bool ready;		    /* it has reported, so it can take signals */
	unsigned int backoff_s;	    /* before the next one is started */
	char last_line[128];	    /* of its output */
	char offered[INET_ADDRSTRLEN];
	struct log_limit line_limit;

	bool link;
	bool stopping;
	bool have_lease;
	struct lease lease;
	char note[160];	       /* what was wrong in the lease and has been said */
	uint64_t asking_since; /* CLOCK_MONOTONIC in ns; 0: nothing is wanted */
	enum cause_id problem_id;
	char problem[200]; /* a better sentence than "No answer"; "" if there is none */

	sd_event_source *answer;  /* a renewal was asked for */
	sd_event_source *start;	  /* a client is to be started */
	sd_event_source *expiry;  /* of the lease */
	sd_event_source *trouble; /* to be told */
	sd_event_source *stop;	  /* the limit of dhcp_stop() */
};

/* --- Timers --------------------------------------------------------------- */

static int timer_new(struct dhcp *d, sd_event_source **ret, clockid_t clock,
		     sd_event_time_handler_t handler, const char *description)
{
	int r;

	r = sd_event_add_time_relative(d->event, ret, clock, 0, TIMER_ACCURACY_US,
				       handler, d);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(*ret, description);
	return sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

/* From now, where sd_event_source_set_time_relative() counts from the last wake-up. */
static void timer_arm(sd_event_source *timer, uint64_t delay_us)
{
	clockid_t clock = CLOCK_MONOTONIC;
	struct timespec now;

	(void)sd_event_source_get_time_clock(timer, &clock);
	(void)clock_gettime(clock, &now);
	(void)sd_event_source_set_time(timer, (uint64_t)now.tv_sec * USEC_PER_SEC +
						      (uint64_t)now.tv_nsec / 1000 +
						      delay_us);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void timer_off(sd_event_source *timer)
{
	(void)sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

/* --- What is told --------------------------------------------------------- */

/* From now on an answer is wanted; silence is told after a while. */
static void asking_begin(struct dhcp *d)
{
	d->asking_since = clock_now_ns(&clock_system);
	timer_arm(d->trouble, TROUBLE_AFTER_S * USEC_PER_SEC);
}

static void asking_end(struct dhcp *d)
{
	d->asking_since = 0;
	d->problem[0] = '\0';
	timer_off(d->trouble);
}

static void problem_set(struct dhcp *d, enum cause_id id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void problem_set(struct dhcp *d, enum cause_id id, const char *format, ...)
{
	va_list ap;

	d->problem_id = id;
	va_start(ap, format);
	if (vsnprintf(d->problem, sizeof(d->problem), format, ap) < 0)
		d->problem[0] = '\0';
	va_end(ap);
}

/* Has @d->problem told from the event loop, never from within a call to us. */
static void problem_tell(struct dhcp *d)
{
	if (!d->link)
		return;
	if (!d->asking_since)
		asking_begin(d);
	timer_arm(d->trouble, 0);
}

static int on_trouble(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct dhcp *d = userdata;
	uint64_t silent_us =
		(clock_now_ns(&clock_system) - d->asking_since) / NSEC_PER_USEC;
	unsigned int silent_s = (unsigned int)(silent_us / USEC_PER_SEC);
	char cause[64];

	(void)usec;
	/* A problem stays until something else happens: no need to count seconds. */
	if (d->problem[0]) {
		d->events->on_trouble(d->events->ctx, d->problem_id, d->problem);
		return 0;
	}
	if (silent_s < TROUBLE_AFTER_S) {
		timer_arm(source, TROUBLE_AFTER_S * USEC_PER_SEC - silent_us);
		return 0;
	}
	/* Again when the text changes. */
	if (silent_s < 60) {
		text_format(cause, sizeof(cause), "No answer from a DHCP server (%u s)",
			    silent_s);
		timer_arm(source, USEC_PER_SEC - silent_us % USEC_PER_SEC);
	} else {
		text_format(cause, sizeof(cause), "No answer from a DHCP server (%u min)",
			    silent_s / 60);
		timer_arm(source, 60 * USEC_PER_SEC - silent_us % (60 * USEC_PER_SEC));
	}
	d->events->on_trouble(d->events->ctx, CAUSE_DHCP_NO_ANSWER, cause);
	return 0;
}

/* --- The lease ------------------------------------------------------------ */

static void lease_take(struct dhcp *d, const struct dhcp_report *report)
{
	timer_off(d->answer);
	asking_end(d);
	d->backoff_s = BACKOFF_FIRST_S;
	d->have_lease = true;
	d->lease = report->lease;
	timer_arm(d->expiry, d->lease.lifetime_s * USEC_PER_SEC);
	if (report->note[0] && strcmp(report->note, d->note) != 0)
		log_warning("The DHCP server sent values that make no sense here (%s), "
			    "doing without them",
			    report->note);
	memcpy(d->note, report->note, sizeof(d->note));
	d->events->on_lease(d->events->ctx, &d->lease);
}

static void lease_lose(struct dhcp *d, enum cause_id id, const char *why)
{
	d->have_lease = false;
	timer_off(d->expiry);
	timer_off(d->answer);
	if (d->link)
		asking_begin(d);
	else
		d->client = dhcp_client_free(d->client);
	d->events->on_lost(d->events->ctx, id, why);
}

static const char *lease_ran_out(const struct dhcp *d, char *buf, size_t size)
{
	char text[INET_ADDRSTRLEN];

	return text_format(buf, size, "The lease of %s ran out",
			   inet_ntop(AF_INET, &d->lease.address, text, sizeof(text)));
}

/* --- The client ----------------------------------------------------------- */

static void client_later(struct dhcp *d)
{
	timer_arm(d->start, d->backoff_s * USEC_PER_SEC);
	d->backoff_s =
		d->backoff_s * 2 < BACKOFF_MAX_S ? d->backoff_s * 2 : BACKOFF_MAX_S;
}

static void client_start(struct dhcp *d)
{
	struct in_addr any = { 0 };
	int r;

	timer_off(d->start);
	d->ready = false;
	d->last_line[0] = '\0';
	d->offered[0] = '\0';
	r = dhcp_client_start(&d->client, d->event, d->interface, d->hostname,
			      d->have_lease ? d->lease.address : any, &d->client_events);
	if (r >= 0)
		return;
	if (r == -ENOENT)
		problem_set(d, CAUSE_DHCP_NO_CLIENT,
			    "No DHCP client: install the package udhcpc or busybox");
	else
		problem_set(d, CAUSE_DHCP_CLIENT_FAILED,
			    "The DHCP client cannot be started: %s", strerrordesc_np(-r));
	problem_tell(d);
	client_later(d);
}

static int on_start(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	client_start(userdata);
	return 0;
}

/* Ends the client without a RELEASE and begins anew with a DISCOVER. */
static void client_replace(struct dhcp *d)
{
	d->client = dhcp_client_free(d->client);
	client_start(d);
}

static int on_answer(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	client_replace(userdata);
	return 0;
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct dhcp *d = userdata;
	char why[64];

	(void)source;
	(void)usec;
	lease_ran_out(d, why, sizeof(why));
	d->have_lease = false;
	if (d->link && d->client)
		client_replace(d); /* its own clock would have told before ours */
	lease_lose(d, CAUSE_LEASE_EXPIRED, why);
	return 0;
}

static void on_client_report(void *ctx, const struct dhcp_report *report,
			     const char *error)
{
	struct dhcp *d = ctx;
	bool first = !d->ready;
	char why[64];

	d->ready = true;
	if (d->stopping)
		return;
	if (error) {
		/* Its client believes that all is well: it would not ask again. */
		problem_set(d, CAUSE_DHCP_BAD_ANSWER,
			    "The DHCP server's answer is of no use: %s", error);
		problem_tell(d);
		d->client = dhcp_client_free(d->client);
		client_later(d);
		return;
	}
	switch (report->reason) {
	case DHCP_REASON_BOUND:
	case DHCP_REASON_RENEW:
		lease_take(d, report);
		break;
	case DHCP_REASON_NAK:
		problem_set(d, CAUSE_DHCP_NAK,
			    "The DHCP server refused the address (NAK)%s%s",
			    report->message[0] ? ": " : "", report->message);
		if (d->have_lease)
			lease_lose(d, d->problem_id, d->problem);
		problem_tell(d);
		break;
	case DHCP_REASON_LEASEFAIL:
		d->problem[0] = '\0'; /* whatever it was, now it is silence */
		problem_tell(d);
		break;
	case DHCP_REASON_DECONFIG:
		if (first || !d->have_lease)
			break;
		if (d->problem[0])
			lease_lose(d, d->problem_id, d->problem);
		else
			lease_lose(d, CAUSE_LEASE_EXPIRED,
				   lease_ran_out(d, why, sizeof(why)));
		break;
	}
}

static void on_client_output(void *ctx, const char *line)
{
	struct dhcp *d = ctx;
	unsigned int held_back;
	const char *text = line;

	if (log_allow(&d->line_limit, &held_back))
		log_debug("%s", line);
	if (strncmp(line, OUTPUT_PREFIX, strlen(OUTPUT_PREFIX)) == 0)
		text += strlen(OUTPUT_PREFIX);
	text_format(d->last_line, sizeof(d->last_line), "%s", text);
	if (strncmp(text, OUTPUT_OBTAINED, strlen(OUTPUT_OBTAINED)) == 0)
		text_format(d->offered, sizeof(d->offered), "%.*s",
			    (int)strspn(text + strlen(OUTPUT_OBTAINED), "0123456789."),
			    text + strlen(OUTPUT_OBTAINED));
	if (strstr(text, OUTPUT_CONFLICT)) {
		problem_set(d, CAUSE_ADDRESS_CONFLICT,
			    "Address conflict: %s is in use by another machine",
			    d->offered[0] ? d->offered : "the address");
		problem_tell(d);
	}
}

static void on_client_exit(void *ctx, const char *how)
{
	struct dhcp *d = ctx;

	d->client = dhcp_client_free(d->client);
	timer_off(d->answer);
	if (d->stopping) {
		timer_off(d->stop);
		d->events->on_stopped(d->events->ctx);
		return;
	}
	problem_set(d, CAUSE_DHCP_CLIENT_FAILED, "The DHCP client ended (%s): %s", how,
		    d->last_line[0] ? d->last_line : "it did not say why");
	if (!d->link) {
		log_warning("%s, starting it again with the cable", d->problem);
		return;
	}
	log_warning("%s, starting it again in %u s", d->problem, d->backoff_s);
	problem_tell(d);
	client_later(d);
}

/* --- From outside --------------------------------------------------------- */

/* What a server may be told as a host name: RFC 1123, section 2.1. */
static bool is_hostname(const char *s)
{
	if (!isalnum((unsigned char)s[0]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '-' && *s != '.')
			return false;
	return true;
}

static int on_stop(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct dhcp *d = userdata;

	(void)source;
	(void)usec;
	if (d->client)
		dhcp_client_signal(d->client, SIGKILL); /* on_client_exit() follows */
	else
		d->events->on_stopped(d->events->ctx);
	return 0;
}

int dhcp_new(struct dhcp **ret, sd_event *event, const char *interface,
	     const char *hostname, const struct dhcp_events *events)
{
	_cleanup_(dhcp_freep) struct dhcp *d = NULL;
	int r;

	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->event = event;
	d->events = events;
	d->backoff_s = BACKOFF_FIRST_S;
	d->line_limit = (struct log_limit){ .interval_s = 10, .burst = 30 };
	d->client_events = (struct dhcp_client_events){
		.ctx = d,
		.on_report = on_client_report,
		.on_output = on_client_output,
		.on_exit = on_client_exit,
	};
	text_format(d->interface, sizeof(d->interface), "%s", interface);
	if (strlen(hostname) < sizeof(d->hostname) && is_hostname(hostname))
		text_format(d->hostname, sizeof(d->hostname), "%s", hostname);

	r = timer_new(d, &d->answer, CLOCK_MONOTONIC, on_answer, "dhcp answer");
	if (r >= 0)
		r = timer_new(d, &d->start, CLOCK_MONOTONIC, on_start, "dhcp start");
	/* A lease goes on running while the machine sleeps. */
	if (r >= 0)
		r = timer_new(d, &d->expiry, CLOCK_BOOTTIME, on_expiry, "dhcp expiry");
	if (r >= 0)
		r = timer_new(d, &d->trouble, CLOCK_MONOTONIC, on_trouble,
			      "dhcp trouble");
	if (r >= 0)
		r = timer_new(d, &d->stop, CLOCK_MONOTONIC, on_stop, "dhcp stop");
	if (r < 0)
		return r;
	*ret = TAKE_PTR(d);
	return 0;
}

struct dhcp *dhcp_free(struct dhcp *d)
{
	if (!d)
		return NULL;
	dhcp_client_free(d->client);
	sd_event_source_disable_unref(d->answer);
	sd_event_source_disable_unref(d->start);
	sd_event_source_disable_unref(d->expiry);
	sd_event_source_disable_unref(d->trouble);
	sd_event_source_disable_unref(d->stop);
	free(d);
	return NULL;
}

void dhcp_link(struct dhcp *d, bool up)
{
	if (d->stopping || up == d->link)
		return;
	d->link = up;
	d->backoff_s = BACKOFF_FIRST_S;
	if (!up) {
		asking_end(d);
		timer_off(d->answer);
		timer_off(d->start);
		if (!d->have_lease)
			d->client = dhcp_client_free(d->client);
		return;
	}
	asking_begin(d);
	if (!d->client) {
		client_start(d);
	} else {
		/* One that has only just been started asks anyway. */
		if (d->ready)
			dhcp_client_signal(d->client, SIGUSR1);
		timer_arm(d->answer, ANSWER_LIMIT_US);
	}
}

void dhcp_interface_gone(struct dhcp *d)
{
	dhcp_link(d, false);
	d->client = dhcp_client_free(d->client);
}

void dhcp_stop(struct dhcp *d, unsigned int limit_ms)
{
	d->stopping = true;
	asking_end(d);
	timer_off(d->answer);
	timer_off(d->start);
	timer_off(d->expiry);
	if (d->client && d->ready && d->have_lease && d->link) {
		dhcp_client_signal(d->client, SIGTERM);
		timer_arm(d->stop, limit_ms * UINT64_C(1000));
	} else {
		timer_arm(d->stop,
			  0); /* there is nothing to release, or nobody to hear it */
	}
}
