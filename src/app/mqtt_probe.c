// SPDX-License-Identifier: MIT
/* mqtt_probe.c — whether a port speaks TLS */
#include "mqtt_probe.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/fd.h"

#include "mqtt_tls.h"

/* A record of TLS: its type and the high byte of its version, RFC 8446 section 5.1. */
#define RECORD_ALERT	 21
#define RECORD_HANDSHAKE 22
#define RECORD_VERSION	 3

struct mqtt_probe {
	int fd;
	uint8_t hello[MQTT_TLS_HELLO_MAX];
	size_t hello_len;
	bool greeted;
	uint8_t answer[2];
	size_t answered;
};

DEFINE_CLEANUP(struct mqtt_probe, mqtt_probe_free);

struct mqtt_probe *mqtt_probe_free(struct mqtt_probe *p)
{
	if (!p)
		return NULL;
	(void)fd_close(p->fd);
	free(p);
	return NULL;
}

static int begin_connect(int fd, const struct ip *broker, uint16_t port,
			 const struct ip *local)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (ip_is_set(local)) {
		len = ip_to_sockaddr(local, 0, &address);
		if (bind(fd, (const struct sockaddr *)&address, len) < 0)
			return -errno;
	}
	len = ip_to_sockaddr(broker, port, &address);
	if (connect(fd, (const struct sockaddr *)&address, len) < 0 &&
	    errno != EINPROGRESS)
		return -errno;
	return 0;
}

int mqtt_probe_new(struct mqtt_probe **ret, const char *host, const struct ip *broker,
		   uint16_t port, const struct ip *local)
{
	_cleanup_(mqtt_probe_freep) struct mqtt_probe *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->fd = socket(broker->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		return -errno;
	r = mqtt_tls_hello(host, p->hello);
	if (r < 0)
		return r;
	p->hello_len = (size_t)r;
	r = begin_connect(p->fd, broker, port, local);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

/* A failed call: it is to be tried again, or the connection is over. */
static enum mqtt_probe_answer after_error(const struct mqtt_probe *p)
{
	if (errno == EAGAIN || errno == EINTR)
		return MQTT_PROBE_WAITING;
	return p->greeted && errno == ECONNRESET ? MQTT_PROBE_NO_TLS : MQTT_PROBE_MUTE;
}

/* A new connection takes it in one piece. */
static enum mqtt_probe_answer greet(struct mqtt_probe *p)
{
	ssize_t n = send(p->fd, p->hello, p->hello_len, MSG_NOSIGNAL);

	p->greeted = n >= 0;
	return p->greeted ? MQTT_PROBE_WAITING : after_error(p);
}

static enum mqtt_probe_answer hear(struct mqtt_probe *p)
{
	ssize_t n =
		recv(p->fd, p->answer + p->answered, sizeof(p->answer) - p->answered, 0);

	if (n < 0)
		return after_error(p);
	p->answered += (size_t)n;
	if (n > 0 && p->answered < sizeof(p->answer))
		return MQTT_PROBE_WAITING;
	return (p->answer[0] == RECORD_ALERT || p->answer[0] == RECORD_HANDSHAKE) &&
			       p->answer[1] == RECORD_VERSION
		       ? MQTT_PROBE_TLS
		       : MQTT_PROBE_NO_TLS;
}

enum mqtt_probe_answer mqtt_probe_turn(struct mqtt_probe *p)
{
	return p->greeted ? hear(p) : greet(p);
}

void mqtt_probe_poll(const struct mqtt_probe *p, struct pollfd *ret)
{
	*ret = (struct pollfd){ .fd = p->fd, .events = p->greeted ? POLLIN : POLLOUT };
}
