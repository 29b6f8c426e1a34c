// SPDX-License-Identifier: MIT
/*
 * mqtt_client.c — one MQTT session over libmosquitto
 *
 * The library runs without threads of its own and is called from one thread
 * only; therefore what is published outside of its callbacks is written to the
 * socket at once, and "wants to write" means that TCP takes nothing more. That
 * is how callers notice a stalled connection before the library's queue, which
 * has no limit, begins to grow.
 */
#include "mqtt_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/device_bind.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#include "mqtt_client_error.h"
#include "mqtt_client_handle.h"
#include "mqtt_client_internal.h"

/* Packets read in a turn beside the first: the thread has other things to do. */
#define PACKETS_MAX 32

/* A handle that tells @c what comes. 0 or -errno. */
static int make_handle(struct mqtt_client *c, struct mosquitto **ret,
		       const struct mqtt_client_config *config)
{
	int r = mqtt_client_handle_new(ret, config, c);

	if (r < 0)
		return r;
	mqtt_client_set_callbacks(*ret);
	return 0;
}

/* The handle for the session, and one that ends what is left of an earlier one. */
static int make_handles(struct mqtt_client *c)
{
	struct mqtt_client_config clean = c->config;
	int r = make_handle(c, &c->mosq, &c->config);

	mqtt_client_limits_init(&c->limits);
	if (r < 0 || c->config.clean_session)
		return r;
	clean.clean_session = true;
	clean.will_topic = NULL;
	c->next = TAKE_PTR(c->mosq);
	return make_handle(c, &c->mosq, &clean);
}

int mqtt_client_new(struct mqtt_client **ret, const struct mqtt_client_config *config,
		    const struct mqtt_client_events *events, void *ctx)
{
	struct mqtt_client *c;
	int r;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->events = *events;
	c->ctx = ctx;
	c->linger_fd = -1;
	c->disconnect_code = -1;
	(void)mosquitto_lib_init(); /* counted by the library */
	r = mqtt_client_config_copy(&c->config, config);
	if (r == 0)
		r = make_handles(c);
	if (r < 0) {
		(void)mqtt_client_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

const char *mqtt_client_spoiled(const struct mqtt_client *c)
{
	return c->spoiled;
}

int mqtt_client_renew(struct mqtt_client *c)
{
	struct mosquitto *mosq = TAKE_PTR(c->mosq), *next = TAKE_PTR(c->next);
	int r = make_handles(c);

	if (r < 0) {
		mosquitto_destroy(c->mosq);
		mosquitto_destroy(c->next);
		c->mosq = mosq;
		c->next = next;
		return r;
	}
	mosquitto_destroy(mosq);
	mosquitto_destroy(next);
	c->spoiled = NULL;
	c->forgotten = false;
	c->under_way = 0;
	return 0;
}

/* Goes on with the handle for the session. */
static void use_next(struct mqtt_client *c)
{
	mosquitto_destroy(c->mosq);
	c->mosq = c->next;
	c->next = NULL;
	c->forgotten = false;
	mqtt_client_limits_init(&c->limits);
}

void mqtt_client_keep_session(struct mqtt_client *c)
{
	if (c->next)
		use_next(c);
}

struct mqtt_client *mqtt_client_free(struct mqtt_client *c)
{
	if (!c)
		return NULL;
	(void)fd_close(c->linger_fd);
	mosquitto_destroy(c->mosq);
	mosquitto_destroy(c->next);
	mqtt_client_config_clear(&c->config);
	(void)mosquitto_lib_cleanup();
	free(c);
	return NULL;
}

/* What the library says is often a consequence: TLS knows the cause. */
static bool explain_tls(const struct mqtt_client *c, struct mqtt_error *ret)
{
	if (!c->config.tls)
		return false;
	mqtt_tls_get_failure(c->config.tls, &ret->tls);
	if (ret->tls.kind == MQTT_TLS_FINE)
		return false;
	ret->kind = MQTT_ERROR_TLS;
	return true;
}

static int explain_loss(const struct mqtt_client *c, struct mqtt_error *ret, int rc,
			int error)
{
	mqtt_client_explain(ret, rc, error);
	/* However TLS ends, the library calls it EPROTO. */
	if (c->config.tls && ret->kind == MQTT_ERROR_SYSTEM && ret->error == EPROTO)
		ret->kind = MQTT_ERROR_CLOSED;
	if (!explain_tls(c, ret) && c->disconnect_code >= 0) {
		ret->kind = MQTT_ERROR_DISCONNECT;
		ret->error = c->disconnect_code;
		text_format(ret->reason, sizeof(ret->reason), "%s",
			    c->disconnect_reason[0]
				    ? c->disconnect_reason
				    : mosquitto_reason_string(c->disconnect_code));
	}
	return -EIO;
}

static void *tls_session(void *ctx)
{
	struct mqtt_client *c = ctx;

	return mosquitto_ssl_get(c->mosq);
}

int mqtt_client_connect(struct mqtt_client *c, const struct ip *broker, uint16_t port,
			const struct ip *local, struct mqtt_error *error)
{
	char host[IP_TEXT_SIZE], bind_to[IP_TEXT_SIZE];
	int rc;

	(void)ip_text(broker, host);
	(void)ip_text(local, bind_to);
	c->broker = *broker;
	c->port = port;
	c->local = *local;
	c->linger_fd = fd_close(c->linger_fd);
	c->disconnect_code = -1;
	c->established = c->answered = false;
	c->unwritten_id = 0; /* thrown away with the old connection */
	if (c->config.tls)
		mqtt_tls_begin(c->config.tls, tls_session, c);
	errno = 0;
	rc = mosquitto_connect_bind_async(c->mosq, host, port, c->config.keepalive_s,
					  ip_is_set(local) ? bind_to : NULL);
	if (rc != MOSQ_ERR_SUCCESS)
		return explain_loss(c, error, rc, errno);
	/* The library's socket is inherited by children otherwise. */
	(void)fcntl(mqtt_client_fd(c), F_SETFD, FD_CLOEXEC);
	return 0;
}

/* The state of the TCP connection; SO_ERROR would take its error away. */
static int tcp_state(const struct mqtt_client *c)
{
	socklen_t len = sizeof(struct tcp_info);
	struct tcp_info info;

	if (getsockopt(mqtt_client_fd(c), IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return TCP_CLOSE;
	return info.tcpi_state;
}

static int system_error(struct mqtt_error *ret, int error)
{
	*ret = (struct mqtt_error){ .kind = MQTT_ERROR_SYSTEM, .error = error };
	return -EIO;
}

/*
 * Waits for TCP without the library: that of Debian 12 takes a refused TLS
 * connection for one that is not made yet, for ever and without a pause. 1 when
 * TCP is established, 0 if not yet, or -EIO.
 */
static int await_tcp(struct mqtt_client *c, struct mqtt_error *ret)
{
	socklen_t len = sizeof(int);
	int error = 0;

	switch (tcp_state(c)) {
	case TCP_SYN_SENT:
		return 0;
	case TCP_CLOSE:
		(void)getsockopt(mqtt_client_fd(c), SOL_SOCKET, SO_ERROR, &error, &len);
		/* An error that the library took away was of its first look. */
		return system_error(ret, error ? error : ECONNREFUSED);
	default:
		c->established = true;
		return 1;
	}
}

/* Whether the broker has sent more than was read, in a connection that is made. */
static bool has_more(const struct mqtt_client *c)
{
	struct pollfd fd = { .fd = mqtt_client_fd(c), .events = POLLIN };

	return fd.fd >= 0 && mqtt_client_is_secured(c) && poll(&fd, 1, 0) > 0;
}

/*
 * Reads to nowhere until the broker has closed as well. That may look like a reset: the
 * end of TLS, behind DISCONNECT, is not read by all.
 */
static int drain(struct mqtt_client *c, struct mqtt_error *ret)
{
	char buf[4096];
	int error;
	ssize_t n;

	do
		n = recv(c->linger_fd, buf, sizeof(buf), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && errno == EINTR));
	error = n < 0 ? errno : 0;
	if (error == EAGAIN)
		return 0;
	c->linger_fd = fd_close(c->linger_fd);
	return error == 0 || error == ECONNRESET ? 0 : system_error(ret, error);
}

int mqtt_client_turn(struct mqtt_client *c, struct mqtt_error *error)
{
	int rc;

	if (c->spoiled)
		return 0;
	if (c->linger_fd >= 0 && mosquitto_socket(c->mosq) < 0)
		return drain(c, error);
	if (!c->established && mqtt_client_fd(c) >= 0) {
		int r = await_tcp(c, error);

		if (r <= 0)
			return r;
	}
	/*
	 * When the broker closes in the middle of a packet, the library looks at
	 * errno as left by an earlier call and may take the end of file for "try
	 * again", for ever.
	 */
	errno = 0;
	rc = mosquitto_loop(c->mosq, 0, 1);
	/* That reads one packet: more of them need no turn of the thread each. */
	for (int i = 0; i < PACKETS_MAX && rc == MOSQ_ERR_SUCCESS && has_more(c); i++) {
		errno = 0;
		rc = mosquitto_loop_read(c->mosq, 1);
	}
	if (c->spoiled)
		return 0;
	if (c->forgotten) {
		(void)mosquitto_disconnect(c->mosq);
		use_next(c);
		return mqtt_client_connect(c, &c->broker, c->port, &c->local, error);
	}
	/*
	 * A broker that knows MQTT 3.1.1 only refuses in a CONNACK of that version, which
	 * the library of Debian 13 takes for a broken one. What is not MQTT at all is a
	 * protocol error.
	 */
	if (rc == MOSQ_ERR_MALFORMED_PACKET && c->config.v5 && !c->answered)
		mqtt_client_handle_connack(c->mosq, c,
					   MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, 0, NULL);
	if (rc != MOSQ_ERR_SUCCESS)
		return explain_loss(c, error, rc, errno);
	if (mqtt_client_is_secured(c))
		return 0;
	/* Nor does that library notice a reset within the handshake. */
	if (explain_tls(c, error))
		return -EIO;
	return tcp_state(c) == TCP_CLOSE ? system_error(error, ECONNRESET) : 0;
}

int mqtt_client_fd(const struct mqtt_client *c)
{
	int fd = mosquitto_socket(c->mosq);

	return fd >= 0 ? fd : c->linger_fd;
}

bool mqtt_client_wants_write(const struct mqtt_client *c)
{
	return mosquitto_want_write(c->mosq);
}

bool mqtt_client_is_connected(const struct mqtt_client *c, struct ip *local)
{
	int fd = mqtt_client_fd(c);
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	if (fd < 0 || !c->established)
		return false;
	if (getsockname(fd, (struct sockaddr *)&name, &len) == 0)
		*local = ip_from_sockaddr((const struct sockaddr *)&name);
	return true;
}

bool mqtt_client_is_secured(const struct mqtt_client *c)
{
	return !c->config.tls || mqtt_tls_is_established(c->config.tls);
}

char *mqtt_client_describe_tls(const struct mqtt_client *c, char *buf, size_t size)
{
	return mqtt_tls_describe(c->config.tls, buf, size);
}

/* The properties of a message in MQTT 5, for the caller to free. The library's code. */
static int publish_properties(const struct mqtt_client *c,
			      const struct mqtt_outgoing *message,
			      mosquitto_property **ret)
{
	if (!c->config.v5 || message->expiry_s == 0)
		return MOSQ_ERR_SUCCESS;
	return mosquitto_property_add_int32(ret, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
					    message->expiry_s);
}

uint32_t mqtt_client_packet_max(const struct mqtt_client *c)
{
	return c->limits.packet_max;
}

/* What @rc says of a message that was to be published. 0 or -errno. */
static int published(struct mqtt_client *c, const struct mqtt_outgoing *message, int rc)
{
	switch (rc) {
	case MOSQ_ERR_NO_CONN:
	case MOSQ_ERR_CONN_LOST:
	case MOSQ_ERR_ERRNO:
		/*
		 * Without a connection, QoS 1 and 2 are queued all the same; to
		 * publish again would send twice. The next turn tells the loss.
		 */
		if (message->qos == 0)
			return -ENOTCONN;
		break;
	case MOSQ_ERR_SUCCESS:
		break;
	case MOSQ_ERR_NOMEM:
		/* Of QoS 0 nothing was sent then. Others may be in the library's list. */
		if (message->qos > 0)
			c->spoiled = "there was no memory";
		return -ENOMEM;
	case MOSQ_ERR_OVERSIZE_PACKET:
		return -EMSGSIZE;
	case MOSQ_ERR_QOS_NOT_SUPPORTED:
		return -ENOTSUP;
	default:
		return -EINVAL;
	}
	c->under_way += message->qos > 0;
	return 0;
}

int mqtt_client_publish(struct mqtt_client *c, const struct mqtt_outgoing *message,
			int *id)
{
	mosquitto_property *properties = NULL;
	int rc;

	assert(message->qos > 0 || !mqtt_client_wants_write(c));
	if (message->len > INT_MAX)
		return -EINVAL;
	if (mqtt_client_limits_exceeded(&c->limits, message))
		return -EMSGSIZE;
	/* That of Debian 12 does not look; the broker would end each session. */
	if (message->retain && !c->limits.retained)
		return -ENOTSUP;
	rc = publish_properties(c, message, &properties);
	c->publishing_qos0 = message->qos == 0;
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_publish_v5(c->mosq, id, message->topic, (int)message->len,
					  message->payload, message->qos, message->retain,
					  properties);
	c->publishing_qos0 = false;
	mosquitto_property_free_all(&properties);
	if (message->qos == 0 && mqtt_client_wants_write(c))
		c->unwritten_id = *id;
	return published(c, message, rc);
}

void mqtt_client_gather(struct mqtt_client *c, bool on)
{
	const int value = on;

	(void)setsockopt(mqtt_client_fd(c), IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

int mqtt_client_subscribe(struct mqtt_client *c, const char *filter, int qos, int *id)
{
	return mosquitto_subscribe(c->mosq, id, filter, qos) == MOSQ_ERR_SUCCESS ? 0
										 : -EIO;
}

int mqtt_client_unsubscribe(struct mqtt_client *c, const char *filter)
{
	return mosquitto_unsubscribe(c->mosq, NULL, filter) == MOSQ_ERR_SUCCESS ? 0
										: -EIO;
}

/*
 * What is left to say finds no way by another interface when routes and rules go. Not
 * sooner: an interface that is made again takes the connection over, but has another
 * index. That it fails (EPERM, where Linux is old and CAP_NET_RAW absent) is no harm.
 */
static void say_the_rest_here(const struct mqtt_client *c)
{
	if (c->config.interface)
		(void)device_bind(mqtt_client_fd(c), c->config.interface, &c->broker);
}

void mqtt_client_disconnect(struct mqtt_client *c)
{
	say_the_rest_here(c);
	/* The library closes as soon as DISCONNECT is written: the copy keeps it open. */
	c->linger_fd = fcntl(mqtt_client_fd(c), F_DUPFD_CLOEXEC, 0);
	(void)mosquitto_disconnect(c->mosq);
}

void mqtt_client_abort(struct mqtt_client *c)
{
	static const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	int fd = mqtt_client_fd(c);

	if (fd < 0)
		return;
	say_the_rest_here(c);
	/*
	 * The library cannot close without DISCONNECT. Dissolving the association
	 * (connect(2)) resets the connection and drops what is unread; the library
	 * then finds the socket dead and closes it.
	 */
	(void)connect(fd, &unspecified, sizeof(unspecified));
	c->linger_fd = fd_close(c->linger_fd);
	if (mosquitto_socket(c->mosq) >= 0)
		(void)mosquitto_loop_read(c->mosq, 1);
}

bool mqtt_client_topic_matches(const char *filter, const char *topic)
{
	bool matches = false;

	return mosquitto_topic_matches_sub(filter, topic, &matches) == MOSQ_ERR_SUCCESS &&
	       matches;
}
