// SPDX-License-Identifier: MIT
/* mqtt_tls.c — whom TLS trusts, whom it expects, and why it failed */
#include "mqtt_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/ip.h"
#include "mqttnode/text.h"

struct mqtt_tls {
	SSL_CTX *context;
	char *host; /* as in a certificate */
	struct ip address; /* of @host; none: it is a name */
	bool insecure;

	/* of the connection */
	void *(*session)(void *ctx);
	void *session_ctx;
	bool established;
	char version[16];
	char valid_until[16]; /* "2027-01-31", or "" */
	struct mqtt_tls_failure failure;
};

/* --- failures -------------------------------------------------------------- */

/* The first cause is the cause; what follows from it is not. */
static void fail(struct mqtt_tls *t, enum mqtt_tls_failure_kind kind, const char *text)
{
	if (t->failure.kind != MQTT_TLS_FINE)
		return;
	t->failure.kind = kind;
	text_escape_str(t->failure.text, sizeof(t->failure.text), text ? text : "");
}

static bool to_time(const ASN1_TIME *asn1, time_t *ret)
{
	struct tm tm;

	if (!asn1 || !ASN1_TIME_to_tm(asn1, &tm))
		return false;
	*ret = timegm(&tm);
	return true;
}

/* An iPAddress (RFC 5280 section 4.2.1.6); "" if it is of neither size. */
static void address_text(const ASN1_OCTET_STRING *address, char *buf, size_t size)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(address);
	int len = ASN1_STRING_length(address);

	buf[0] = '\0';
	if (len == sizeof(struct in_addr) || len == sizeof(struct in6_addr))
		(void)inet_ntop(len == sizeof(struct in_addr) ? AF_INET : AF_INET6, bytes,
				buf, (socklen_t)size);
}

/* The first name that @cert bears, for people: subjectAltName, else the common name. */
static void name_of(X509 *cert, char *buf, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char raw[256] = "";

	for (int i = 0; names && !raw[0] && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			text_format(raw, sizeof(raw), "%.*s",
				    ASN1_STRING_length(name->d.dNSName),
				    (const char *)ASN1_STRING_get0_data(name->d.dNSName));
		else if (name->type == GEN_IPADD)
			address_text(name->d.iPAddress, raw, sizeof(raw));
	}
	GENERAL_NAMES_free(names);
	if (!raw[0] && X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
						 NID_commonName, raw, sizeof(raw)) < 0)
		text_format(raw, sizeof(raw), "nobody");
	text_escape_str(buf, size, raw);
}

static void fail_verification(struct mqtt_tls *t, X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	const char *text = X509_verify_cert_error_string(error);
	char name[sizeof(t->failure.text)];
	time_t when = 0;

	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		fail(t, MQTT_TLS_ISSUER, text);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		name_of(X509_STORE_CTX_get0_cert(store), name, sizeof(name));
		fail(t, MQTT_TLS_NAME, name);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		if (to_time(X509_get0_notAfter(cert), &when))
			t->failure.when = when;
		fail(t, MQTT_TLS_EXPIRED, text);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		if (to_time(X509_get0_notBefore(cert), &when))
			t->failure.when = when;
		fail(t, MQTT_TLS_NOT_YET_VALID, text);
		break;
	default:
		fail(t, MQTT_TLS_CERTIFICATE, text);
		break;
	}
}

/* Alerts, RFC 8446 section 6. */
static void fail_alert(struct mqtt_tls *t, int value)
{
	int alert = value & 0xff;
	const char *text = SSL_alert_desc_string_long(value);

	switch (alert) {
	case SSL_AD_CLOSE_NOTIFY:
	case SSL_AD_USER_CANCELLED:
	case SSL_AD_NO_RENEGOTIATION:
		return;
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_DECRYPT_ERROR: /* its signature */
	case SSL_AD_CERTIFICATE_REQUIRED:
		fail(t, MQTT_TLS_CLIENT, text);
		break;
	case SSL_AD_PROTOCOL_VERSION:
		fail(t, MQTT_TLS_VERSION, text);
		break;
	default:
		fail(t, MQTT_TLS_ALERT, text);
		break;
	}
}

/* The handshake ended with the error that is in OpenSSL's queue, if any. */
static void fail_handshake(struct mqtt_tls *t)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = ERR_reason_error_string(error);

	if (error == 0)
		return; /* it waits for the other side */
	switch (ERR_GET_REASON(error)) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_RECORD_LENGTH_MISMATCH:
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		fail(t, MQTT_TLS_NOT_TLS, text);
		break;
	case SSL_R_UNSUPPORTED_PROTOCOL:
		fail(t, MQTT_TLS_VERSION, text);
		break;
	default:
		fail(t, MQTT_TLS_OTHER, text);
		break;
	}
}

void mqtt_tls_get_failure(const struct mqtt_tls *t, struct mqtt_tls_failure *ret)
{
	*ret = t->failure;
}

/* --- a connection ---------------------------------------------------------- */

/* Byte by byte: a zone is this machine's own affair, no certificate has one. */
static bool expect_address(const struct mqtt_tls *t, X509_VERIFY_PARAM *param)
{
	return X509_VERIFY_PARAM_set1_ip(param, ip_bytes(&t->address),
					 ip_size(&t->address)) == 1;
}

/* Whom the handshake asks for (SNI, RFC 6066 section 3: names only), and whom it expects.
 */
static bool expect_host(const struct mqtt_tls *t, SSL *ssl)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (ip_is_set(&t->address))
		return SSL_set_tlsext_host_name(ssl, NULL) == 1 &&
		       expect_address(t, param);
	return SSL_set_tlsext_host_name(ssl, t->host) == 1 &&
	       X509_VERIFY_PARAM_set1_ip(param, NULL, 0) == 1 &&
	       X509_VERIFY_PARAM_set1_host(param, t->host, 0) == 1;
}

static void finish(struct mqtt_tls *t, const SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	struct tm tm;

	t->established = true;
	text_format(t->version, sizeof(t->version), "%s", SSL_get_version(ssl));
	if (cert && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm))
		(void)strftime(t->valid_until, sizeof(t->valid_until), "%Y-%m-%d", &tm);
}

/* What OpenSSL tells on the way. */
static void on_info(const SSL *ssl, int where, int value)
{
	struct mqtt_tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	SSL *session;

	if (where & SSL_CB_HANDSHAKE_START) {
		/* The library has filled in the address that it connects to. */
		session = t->session ? t->session(t->session_ctx) : NULL;
		if (!t->established && session == ssl && !expect_host(t, session))
			fail(t, MQTT_TLS_OTHER, "out of memory");
	} else if (where & SSL_CB_HANDSHAKE_DONE) {
		finish(t, ssl);
	} else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
		fail_alert(t, value);
	} else if (where == SSL_CB_CONNECT_EXIT && value <= 0) {
		fail_handshake(t);
	}
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl =
		X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!ok)
		fail_verification(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)), store);
	return ok;
}

void mqtt_tls_begin(struct mqtt_tls *t, void *(*session)(void *ctx), void *ctx)
{
	t->session = session;
	t->session_ctx = ctx;
	t->established = false;
	t->version[0] = '\0';
	t->valid_until[0] = '\0';
	memset(&t->failure, 0, sizeof(t->failure));
}

bool mqtt_tls_is_established(const struct mqtt_tls *t)
{
	return t->established;
}

char *mqtt_tls_describe(const struct mqtt_tls *t, char *buf, size_t size)
{
	if (t->insecure)
		return text_format(buf, size, "%s, certificate not checked", t->version);
	return text_format(buf, size, "%s, certificate valid until %s", t->version,
			   t->valid_until);
}

void *mqtt_tls_context(const struct mqtt_tls *t)
{
	return t->context;
}

/* What @ssl says first, when nobody has said anything. */
static int first_words(SSL *ssl, const char *host, uint8_t *buf, size_t size)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	struct ip address;
	char name[256]; /* OpenSSL's macro takes no constant one */
	int n;

	if (!in || !out) {
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	SSL_set_bio(ssl, in, out);
	text_format(name, sizeof(name), "%s", host);
	if (!ip_parse(&address, name) && SSL_set_tlsext_host_name(ssl, name) != 1)
		return -ENOMEM;
	(void)SSL_connect(ssl);
	n = BIO_read(out, buf, (int)size);
	return n > 0 ? n : -ENOMEM;
}

int mqtt_tls_hello(const char *host, uint8_t buf[MQTT_TLS_HELLO_MAX])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context ? SSL_new(context) : NULL;
	int r = ssl ? first_words(ssl, host, buf, MQTT_TLS_HELLO_MAX) : -ENOMEM;

	SSL_free(ssl);
	SSL_CTX_free(context);
	ERR_clear_error();
	return r;
}

/* --- new and free ---------------------------------------------------------- */

/* OpenSSL would ask for a passphrase on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

/* A sentence about the file of @key, which cannot be used. Returns a negative errno. */
static int complain(const char *key, const char *path, const char *what, char *error,
		    size_t size)
{
	unsigned long e = ERR_peek_error();
	int r = access(path, R_OK) < 0 ? -errno : -EBADMSG;

	if (r != -EBADMSG)
		text_format(error, size, "%s: \"%s\" cannot be read: %s", key, path,
			    strerror(-r));
	else if (ERR_GET_LIB(e) == ERR_LIB_X509 &&
		 ERR_GET_REASON(e) == X509_R_KEY_VALUES_MISMATCH)
		text_format(error, size,
			    "%s: \"%s\" does not belong to mqtt.tls.cert_file", key,
			    path);
	else
		text_format(error, size, "%s: \"%s\" is not %s", key, path, what);
	ERR_clear_error();
	return r;
}

static int trust(struct mqtt_tls *t, const struct mqtt_tls_config *config, char *error,
		 size_t error_size)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(t->context);

	if (config->insecure) {
		SSL_CTX_set_verify(t->context, SSL_VERIFY_NONE, NULL);
		return 0;
	}
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, on_verify);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* Here, too: without a name OpenSSL would accept any. */
	if (!(ip_is_set(&t->address)
		      ? expect_address(t, param)
		      : X509_VERIFY_PARAM_set1_host(param, t->host, 0) == 1))
		return -ENOMEM;
	if (!config->ca_file)
		return SSL_CTX_set_default_verify_paths(t->context) == 1 ? 0 : -ENOMEM;
	if (SSL_CTX_load_verify_locations(t->context, config->ca_file, NULL) != 1)
		return complain("mqtt.tls.ca_file", config->ca_file,
				"a file of certificates (PEM)", error, error_size);
	return 0;
}

static int identify(struct mqtt_tls *t, const struct mqtt_tls_config *config, char *error,
		    size_t error_size)
{
	if (!config->cert_file)
		return 0;
	SSL_CTX_set_default_passwd_cb(t->context, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(t->context, config->cert_file) != 1)
		return complain("mqtt.tls.cert_file", config->cert_file,
				"a certificate (PEM)", error, error_size);
	if (SSL_CTX_use_PrivateKey_file(t->context, config->key_file, SSL_FILETYPE_PEM) !=
	    1)
		return complain("mqtt.tls.key_file", config->key_file,
				"a private key without a passphrase (PEM)", error,
				error_size);
	return 0;
}

/* The host as certificates spell it: without the dot of the root. */
static char *certificate_host(const char *host)
{
	size_t len = strlen(host);

	return strndup(host, len > 1 && host[len - 1] == '.' ? len - 1 : len);
}

static int set_up(struct mqtt_tls *t, const struct mqtt_tls_config *config, char *error,
		  size_t error_size)
{
	int r;

	t->insecure = config->insecure;
	t->host = certificate_host(config->host);
	if (!t->host)
		return -ENOMEM;
	(void)ip_parse(&t->address, t->host);
	t->context = SSL_CTX_new(TLS_client_method());
	if (!t->context || SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) != 1)
		return -ENOMEM;
	(void)SSL_CTX_set_mode(t->context, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_app_data(t->context, t);
	SSL_CTX_set_info_callback(t->context, on_info);
	r = trust(t, config, error, error_size);
	if (r == 0)
		r = identify(t, config, error, error_size);
	return r;
}

int mqtt_tls_new(struct mqtt_tls **ret, const struct mqtt_tls_config *config, char *error,
		 size_t error_size)
{
	struct mqtt_tls *t;
	int r;

	error[0] = '\0';
	ERR_clear_error();
	t = calloc(1, sizeof(*t));
	r = t ? set_up(t, config, error, error_size) : -ENOMEM;
	if (r < 0) {
		(void)mqtt_tls_free(t);
		if (!error[0])
			text_format(error, error_size, "Cannot set up TLS: %s",
				    strerror(-r));
		return r;
	}
	*ret = t;
	return 0;
}

struct mqtt_tls *mqtt_tls_free(struct mqtt_tls *t)
{
	if (!t)
		return NULL;
	SSL_CTX_free(t->context);
	free(t->host);
	free(t);
	return NULL;
}
