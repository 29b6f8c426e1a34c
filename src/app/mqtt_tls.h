/* SPDX-License-Identifier: MIT */
/*
 * mqtt_tls.h — whom TLS trusts, whom it expects, and why it failed
 *
 * The only user of OpenSSL. The MQTT library could read the certificates itself,
 * but it would take the name to check from what it is told to connect to, which
 * is an address here, and it would tell no cause. So it is given a context
 * that is ours: what is trusted, which name the certificate must bear and how
 * a failure becomes a cause is decided here; the library moves the bytes.
 *
 * Made and released by main while the MQTT thread does not run, else used by
 * that thread alone.
 */
#ifndef MQTTNODE_MQTT_TLS_H
#define MQTTNODE_MQTT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt_tls;

/* Strings are copied or read at once. */
struct mqtt_tls_config {
	const char *host;      /* name or IPv4 address that the certificate must bear */
	const char *ca_file;   /* PEM; NULL: the CAs that the system trusts */
	const char *cert_file; /* PEM, with what leads to the CA behind it; NULL: none */
	const char *key_file;  /* PEM, without a passphrase; with @cert_file only */
	bool insecure;	       /* the broker's certificate is not checked at all */
};

/*
 * Reads the files. 0, or -errno with a sentence in @error that names the key
 * and the file. Release with mqtt_tls_free(), which accepts NULL.
 */
int mqtt_tls_new(struct mqtt_tls **ret, const struct mqtt_tls_config *config, char *error,
		 size_t error_size);
struct mqtt_tls *mqtt_tls_free(struct mqtt_tls *t);

/* The SSL_CTX. It lives as long as @t, or longer if somebody takes a reference. */
void *mqtt_tls_context(const struct mqtt_tls *t);

/*
 * A connection begins: what is known of the last one is forgotten. When its
 * handshake starts, @session(@ctx) must return its SSL.
 */
void mqtt_tls_begin(struct mqtt_tls *t, void *(*session)(void *ctx), void *ctx);

/* Whether the handshake is done: both sides have agreed, the certificate is right. */
bool mqtt_tls_is_established(const struct mqtt_tls *t);

/* "TLSv1.3, certificate valid until 2027-01-31"; returns @buf. */
char *mqtt_tls_describe(const struct mqtt_tls *t, char *buf, size_t size);

enum mqtt_tls_failure_kind {
	MQTT_TLS_FINE,
	MQTT_TLS_ISSUER,	/* no CA that is trusted stands behind the certificate */
	MQTT_TLS_NAME,		/* the certificate is another host's */
	MQTT_TLS_EXPIRED,	/* by our clock */
	MQTT_TLS_NOT_YET_VALID, /* by our clock */
	MQTT_TLS_CERTIFICATE,	/* anything else that is wrong with it */
	MQTT_TLS_NOT_TLS,	/* the other side does not speak TLS at all */
	MQTT_TLS_VERSION,	/* no version in common */
	MQTT_TLS_CLIENT, /* the broker does not accept our certificate, or wants one */
	MQTT_TLS_ALERT,	 /* the broker said no for another reason */
	MQTT_TLS_OTHER,
};

struct mqtt_tls_failure {
	enum mqtt_tls_failure_kind kind;
	int64_t when;  /* EXPIRED, NOT_YET_VALID: the limit, seconds since 1970 */
	char text[96]; /* NAME: the name in the certificate; else what OpenSSL calls it */
};

/* What went wrong in this connection; MQTT_TLS_FINE if nothing did. */
void mqtt_tls_get_failure(const struct mqtt_tls *t, struct mqtt_tls_failure *ret);

/* The longest greeting; the largest of its parts is a key of 1.2 KiB. */
#define MQTT_TLS_HELLO_MAX 4096

/*
 * Writes the greeting of a client that wants to speak TLS with @host, a name or an
 * address, to @buf (RFC 8446 section 4.1.2). Returns its length in bytes, or -ENOMEM.
 */
int mqtt_tls_hello(const char *host, uint8_t buf[MQTT_TLS_HELLO_MAX]);

#endif
