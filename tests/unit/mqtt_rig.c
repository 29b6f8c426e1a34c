// SPDX-License-Identifier: MIT
/* mqtt_rig.c — the MQTT thread between a scripted broker and a ladder */
#include "mqtt_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/bytes.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"

/* Longer than anything here lasts, also under a sanitizer on a busy machine. */
#define DEADLINE_MS 20000

static uint64_t now_ms(void)
{
	return clock_now_ns(&clock_system) / NSEC_PER_MSEC;
}

static bool readable_within(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* --- the broker ------------------------------------------------------------ */

void broker_open(struct broker *b, bool deaf)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t len = sizeof(name);

	memset(b, 0, sizeof(*b));
	b->fd = -1;
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(b->listener >= 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(b->listener, deaf ? 0 : 16), 0);
	assert_int_equal(getsockname(b->listener, (struct sockaddr *)&name, &len), 0);
	b->port = ntohs(name.sin_port);
	if (deaf) {
		/* Connected, never accepted: the queue of one is full from now on. */
		b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(b->fd, (struct sockaddr *)&name, sizeof(name)),
				 0);
	}
}

void broker_close(struct broker *b)
{
	b->fd = fd_close(b->fd);
	b->listener = fd_close(b->listener);
	free(b->in.body);
	b->in.body = NULL;
}

void broker_accept(struct broker *b)
{
	assert_true(readable_within(b->listener, DEADLINE_MS));
	b->fd = fd_close(b->fd);
	b->fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(b->fd >= 0);
}

static void read_all(struct broker *b, void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n;

		assert_true(readable_within(b->fd, DEADLINE_MS));
		n = read(b->fd, (uint8_t *)buf + done, len - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
}

/* The string at @at, which is moved behind it. */
static void read_string(const struct packet *p, size_t *at, char *buf, size_t size)
{
	size_t len;

	assert_true(*at + 2 <= p->len);
	len = get_be16(p->body + *at);
	assert_true(*at + 2 + len <= p->len);
	snprintf(buf, size, "%.*s", (int)len, (const char *)p->body + *at + 2);
	*at += 2 + len;
}

static void parse_publish(struct packet *p)
{
	size_t at = 0;

	p->dup = p->flags & 8;
	p->qos = p->flags >> 1 & 3;
	p->retain = p->flags & 1;
	read_string(p, &at, p->topic, sizeof(p->topic));
	if (p->qos > 0) {
		assert_true(at + 2 <= p->len);
		p->id = get_be16(p->body + at);
		at += 2;
	}
	p->payload_len = p->len - at;
	snprintf(p->payload, sizeof(p->payload), "%.*s", (int)p->payload_len,
		 (const char *)p->body + at);
}

/* A SUBSCRIBE for the node's own status topic, which most tests do not care about. */
static bool is_own_status(const struct packet *p)
{
	static const char filter[] = "\0\x0b"
				     "base/status";

	/* Behind its number and, in MQTT 5, the length of no properties. */
	for (size_t at = 2; at <= 3; at++)
		if (p->len > at + sizeof(filter) - 1 &&
		    memcmp(p->body + at, filter, sizeof(filter) - 1) == 0)
			return true;
	return false;
}

struct packet *broker_expect(struct broker *b, enum packet_type type)
{
	struct packet *p = &b->in;
	unsigned int shift = 0;
	uint8_t byte;

	free(p->body);
	memset(p, 0, sizeof(*p));
	read_all(b, &byte, 1);
	p->type = byte >> 4;
	p->flags = byte & 15;
	do {
		read_all(b, &byte, 1);
		p->len |= (size_t)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	p->body = malloc(p->len + 1);
	assert_non_null(p->body);
	read_all(b, p->body, p->len);
	p->body[p->len] = '\0';
	if (p->type == PACKET_PUBLISH)
		parse_publish(p);
	else if (p->type >= PACKET_PUBACK && p->type <= PACKET_UNSUBACK && p->len >= 2)
		p->id = get_be16(p->body);
	if (p->type == PACKET_SUBSCRIBE && type != PACKET_SUBSCRIBE && is_own_status(p))
		return broker_expect(b, type);
	assert_int_equal(p->type, type);
	return p;
}

bool broker_expect_closed(struct broker *b)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;
	char buf[4096];
	ssize_t n;

	do {
		assert_true(now_ms() < deadline);
		assert_true(readable_within(b->fd, DEADLINE_MS));
		n = read(b->fd, buf, sizeof(buf));
	} while (n > 0);
	b->fd = fd_close(b->fd);
	return n < 0 && errno == ECONNRESET;
}

bool broker_is_quiet(struct broker *b, int ms)
{
	struct pollfd fds[] = {
		{ .fd = b->listener, .events = POLLIN },
		{ .fd = b->fd, .events = POLLIN },
	};

	return poll(fds, 2, ms) == 0;
}

void broker_send(struct broker *b, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(b->fd, (const uint8_t *)data + done, len - done,
				 MSG_NOSIGNAL);

		assert_true(n > 0);
		done += (size_t)n;
	}
}

void broker_connack(struct broker *b, uint8_t code)
{
	const uint8_t packet[] = { 0x20, 2, 0, code };

	broker_send(b, packet, sizeof(packet));
}

void broker_suback(struct broker *b, uint16_t id, uint8_t code)
{
	const uint8_t packet[] = { 0x90, 3, (uint8_t)(id >> 8), (uint8_t)id, code };

	broker_send(b, packet, sizeof(packet));
}

void broker_puback(struct broker *b, uint16_t id)
{
	const uint8_t packet[] = { 0x40, 2, (uint8_t)(id >> 8), (uint8_t)id };

	broker_send(b, packet, sizeof(packet));
}

void broker_publish(struct broker *b, const char *topic, const void *payload, size_t len,
		    int qos, bool retain)
{
	size_t remaining = 2 + strlen(topic) + (qos > 0 ? 2 : 0) + len;
	uint8_t head[512];
	size_t used = 0;

	head[used++] = (uint8_t)(0x30 | qos << 1 | (retain ? 1 : 0));
	do {
		head[used++] = (uint8_t)((remaining & 127) | (remaining > 127 ? 128 : 0));
		remaining >>= 7;
	} while (remaining > 0);
	put_be16(head + used, (uint16_t)strlen(topic));
	memcpy(head + used + 2, topic, strlen(topic));
	used += 2 + strlen(topic);
	if (qos > 0) {
		put_be16(head + used, 4711);
		used += 2;
	}
	broker_send(b, head, used);
	broker_send(b, payload, len);
}

void broker_hang_up(struct broker *b)
{
	b->fd = fd_close(b->fd);
}

void broker_reset(struct broker *b)
{
	const struct linger linger = { .l_onoff = 1 };

	assert_int_equal(
		setsockopt(b->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	b->fd = fd_close(b->fd);
}

void broker_answer_tls(struct broker *b, const void *answer, size_t len)
{
	uint8_t header[5], hello[4096];

	broker_accept(b);
	read_all(b, header, sizeof(header));
	assert_int_equal(header[0], 22); /* RFC 8446 section 5.1: a handshake */
	assert_int_equal(header[1], 3);
	assert_in_range(get_be16(header + 3), 1, sizeof(hello));
	read_all(b, hello, get_be16(header + 3));
	broker_send(b, answer, len);
	broker_hang_up(b);
}

/* --- the resolver ---------------------------------------------------------- */

static struct {
	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t changed;
	struct resolver answers;
	char name[256];
	unsigned int begun, waited_for;
} resolver = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

void resolver_set(const struct resolver *answers)
{
	(void)pthread_mutex_lock(&resolver.lock);
	resolver.answers = *answers;
	(void)pthread_cond_broadcast(&resolver.changed);
	(void)pthread_mutex_unlock(&resolver.lock);
}

const char *resolver_expect_lookup(void)
{
	struct timespec deadline;
	int r = 0;

	(void)clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_MS / 1000;
	(void)pthread_mutex_lock(&resolver.lock);
	while (resolver.begun == resolver.waited_for && r == 0)
		r = pthread_cond_timedwait(&resolver.changed, &resolver.lock, &deadline);
	resolver.waited_for = resolver.begun;
	(void)pthread_mutex_unlock(&resolver.lock);
	assert_int_equal(r, 0);
	return resolver.name;
}

int __wrap_names_prepare_thread(void);
int __wrap_getaddrinfo(const char *node, const char *service,
		       const struct addrinfo *hints, struct addrinfo **ret);
int __real_getaddrinfo(const char *node, const char *service,
		       const struct addrinfo *hints, struct addrinfo **ret);

int __wrap_names_prepare_thread(void)
{
	int n;

	(void)pthread_mutex_lock(&resolver.lock);
	n = resolver.answers.n_servers;
	(void)pthread_mutex_unlock(&resolver.lock);
	(void)res_init();
	_res.nscount = n;
	_res.nsaddr_list[0].sin_family = AF_INET;
	(void)inet_pton(AF_INET, "10.9.8.7", &_res.nsaddr_list[0].sin_addr);
	return n;
}

int __wrap_getaddrinfo(const char *node, const char *service,
		       const struct addrinfo *hints, struct addrinfo **ret)
{
	struct addrinfo **tail = ret;
	struct resolver answers;

	(void)pthread_mutex_lock(&resolver.lock);
	snprintf(resolver.name, sizeof(resolver.name), "%s", node);
	resolver.begun++;
	(void)pthread_cond_broadcast(&resolver.changed);
	while (resolver.answers.blocks && resolver.answers.passes == 0)
		(void)pthread_cond_wait(&resolver.changed, &resolver.lock);
	if (resolver.answers.passes > 0)
		resolver.answers.passes--;
	answers = resolver.answers;
	(void)pthread_mutex_unlock(&resolver.lock);

	if (answers.eai != 0)
		return answers.eai;
	/* Lists of the C library, so that freeaddrinfo() can release them. */
	for (size_t i = 0; i < ARRAY_SIZE(answers.addresses) && answers.addresses[i];
	     i++) {
		assert_int_equal(
			__real_getaddrinfo(answers.addresses[i], service, hints, tail),
			0);
		tail = &(*tail)->ai_next;
	}
	return 0;
}

/* --- the node -------------------------------------------------------------- */

void rig_make(struct rig *r)
{
	struct facts_view view = { .client_id = "node", .hostname = "host" };

	memset(r, 0, sizeof(*r));
	assert_int_equal(sem_init(&r->held, 0, 0), 0);
	assert_int_equal(sem_init(&r->released, 0, 0), 0);
	(void)signal(SIGPIPE, SIG_IGN); /* as main does */
	resolver_set(&(struct resolver){ .eai = EAI_NONAME, .n_servers = 1 });
	broker_open(&r->broker, false);
	r->settings.host = strdup("127.0.0.1");
	r->settings.port = r->broker.port;
	r->settings.keepalive_s = 60;
	r->settings.reconnect_max_s = 1;
	r->settings.clean_session = true;
	r->settings.spool = (struct spool_settings){
		.messages = 1000,
		.bytes = 1024 * 1024,
		.rate = 100000,
		.sync_ms = 5000,
	};
	r->timing = (struct mqtt_timing){
		.connect_ms = DEADLINE_MS,
		.tls_ms = DEADLINE_MS,
		.connack_ms = DEADLINE_MS,
		.probe_ms = DEADLINE_MS,
		.probed_ms = 0, /* asked each time */
		.backoff_base_ms = 1,
		.stable_ms = 60000,
		.link_grace_ms = 100,
		.link_settle_ms = 10,
		.confirm_ms = DEADLINE_MS,
		.calm_ms = 50,
		.hurry_ms = 1,
	};
	assert_int_equal(spool_new(&r->spool, &r->settings.spool, NULL, NULL), 0);
	assert_int_equal(ladder_new(&r->ladder), 0);
	for (int i = RUNG_CHIP; i <= RUNG_ROUTE; i++)
		ladder_report(r->ladder, (enum rung)i, RUNG_STATE_OK, "%s", "");
	assert_int_equal(facts_new(&r->facts), 0);
	facts_set(r->facts, &view);
	assert_int_equal(queue_new(&r->inbox, 4, mqtt_message_free), 0);
}

static void on_composed(void *ctx, const struct mqtt_outgoing *message)
{
	struct rig *r = ctx;

	(void)mqtt_publish(r->mqtt, message);
}

static void on_session(void *ctx, bool online)
{
	struct rig *r = ctx;

	if (online ? r->hold : r->hold_end) {
		(void)sem_post(&r->held);
		(void)sem_wait(&r->released);
	}
	publications_session(r->publications, online);
}

static void on_room(void *ctx)
{
	struct rig *r = ctx;

	atomic_fetch_add(&r->made_room, 1);
}

int rig_new(struct rig *r, const char *base_topic, const char *password)
{
	const struct mqtt_config config = {
		.client_id = "node",
		.base_topic = base_topic,
		.password = password,
		.key_path = r->key_path,
		.routed = r->routed,
		.settings = &r->settings,
		.ladder = r->ladder,
		.spool = r->spool,
		.inbox = r->inbox,
		.actions = r->orders,
		.unbound = r->unbound,
	};

	return mqtt_new(&r->mqtt, &config, r->error, sizeof(r->error));
}

void rig_start(struct rig *r)
{
	assert_int_equal(rig_new(r, "base", "secret"), 0);
	assert_int_equal(publications_new(&r->publications, r->settings.publish,
					  r->settings.n_publish, r->facts, r->spool,
					  on_composed, r),
			 0);
	spool_set_settings(r->spool, &r->settings.spool);
	spool_open(r->spool);
	mqtt_set_session_callback(r->mqtt, on_session, r);
	mqtt_set_room_callback(r->mqtt, on_room, r);
	mqtt_set_timing(r->mqtt, &r->timing);
	assert_int_equal(mqtt_start(r->mqtt), 0);
	assert_int_equal(publications_start(r->publications), 0);
}

void rig_path(struct rig *r, bool link, const char *address)
{
	struct ip source;

	assert_true(ip_parse(&source, address));
	if (!link)
		mqtt_set_link(r->mqtt, false);
	mqtt_set_sources(r->mqtt, &source, source.v4.s_addr != INADDR_ANY);
	if (link)
		mqtt_set_link(r->mqtt, true);
}

void rig_start_on_path(struct rig *r)
{
	rig_start(r);
	rig_path(r, true, "127.0.0.1");
}

void rig_use_host(struct rig *r, const char *host)
{
	free(r->settings.host);
	r->settings.host = strdup(host);
	assert_non_null(r->settings.host);
}

void rig_online(struct rig *r)
{
	rig_start_on_path(r);
	broker_accept(&r->broker);
	broker_expect(&r->broker, PACKET_CONNECT);
	broker_connack(&r->broker, 0);
	rig_expect_rung(r, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u",
			r->broker.port);
}

void rig_wait_held(struct rig *r)
{
	assert_int_equal(sem_wait(&r->held), 0);
}

void rig_release(struct rig *r)
{
	assert_int_equal(sem_post(&r->released), 0);
}

void rig_free(struct rig *r)
{
	if (r->mqtt) {
		mqtt_stop(r->mqtt, 100);
		assert_true(rig_ends_within(r, DEADLINE_MS));
	}
	if (r->publications)
		publications_stop(r->publications);
	r->mqtt = mqtt_free(r->mqtt);
	r->publications = publications_free(r->publications);
	r->spool = spool_free(r->spool);
	r->inbox = queue_free(r->inbox);
	r->orders = queue_free(r->orders);
	r->facts = facts_free(r->facts);
	r->ladder = ladder_free(r->ladder);
	free(r->settings.host);
	broker_close(&r->broker);
}

void rig_expect_rung(struct rig *r, enum rung rung, enum rung_state state,
		     const char *format, ...)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;
	char text[LADDER_TEXT_SIZE];
	struct ladder_view view;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (;;) {
		(void)fd_event_clear(ladder_event_fd(r->ladder));
		ladder_view(r->ladder, &view);
		if (view.rungs[rung].state == state &&
		    strcmp(view.rungs[rung].text, text) == 0)
			return;
		if (now_ms() >= deadline ||
		    !readable_within(ladder_event_fd(r->ladder), DEADLINE_MS)) {
			ladder_view(r->ladder, &view);
			fail_msg("rung %s is %s: \"%s\", not %s: \"%s\"",
				 rung_to_string(rung),
				 rung_state_to_string(view.rungs[rung].state),
				 view.rungs[rung].text, rung_state_to_string(state),
				 text);
		}
	}
}

uint64_t rig_counter(struct rig *r, size_t offset)
{
	struct mqtt_counters counters;
	uint64_t value;

	mqtt_get_counters(r->mqtt, &counters);
	memcpy(&value, (const char *)&counters + offset, sizeof(value));
	return value;
}

void rig_wait_counter(struct rig *r, size_t offset, uint64_t least)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	while (rig_counter(r, offset) < least) {
		assert_true(now_ms() < deadline);
		(void)poll(NULL, 0, 1); /* there is no event for it */
	}
}

bool rig_ends_within(struct rig *r, int ms)
{
	return readable_within(mqtt_event_fd(r->mqtt), ms) && mqtt_joined(r->mqtt);
}
