// SPDX-License-Identifier: MIT
/* test_mqtt_tls.c — handshakes in memory, with certificates made for each test */
#include "../../src/app/mqtt_tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "temp_dir.h"
#include "unit.h"

#include "mqttnode/cleanup.h"

#define DAY 86400L

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

/* What a certificate is made of; times in seconds from now. */
struct wish {
	const char *name; /* subjectAltName as in openssl.cnf; NULL: a CA */
	long from, until;
};

static struct identity ca, stranger;
static struct mqtt_tls *tls;
static SSL *client, *server;
static SSL_CTX *server_context;
static char server_name[256]; /* SNI as the server heard it */

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* Issued by @issuer, or by itself if that is NULL. */
static struct identity issue(const struct identity *issuer, const struct wish *wish)
{
	struct identity id = { .key = EVP_EC_gen("P-256"), .cert = X509_new() };
	X509_NAME *name = X509_get_subject_name(id.cert);
	static long serial;

	assert_non_null(id.key);
	assert_int_equal(X509_set_version(id.cert, 2), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), ++serial);
	(void)X509_gmtime_adj(X509_getm_notBefore(id.cert), wish->from);
	(void)X509_gmtime_adj(X509_getm_notAfter(id.cert), wish->until);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC,
		(const unsigned char *)(wish->name ? "test" : "test CA"), -1, -1, 0);
	X509_set_issuer_name(id.cert,
			     issuer ? X509_get_subject_name(issuer->cert) : name);
	assert_int_equal(X509_set_pubkey(id.cert, id.key), 1);
	add_extension(id.cert, issuer ? issuer->cert : id.cert, NID_basic_constraints,
		      wish->name ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (wish->name)
		add_extension(id.cert, id.cert, NID_subject_alt_name, wish->name);
	assert_true(X509_sign(id.cert, issuer ? issuer->key : id.key, EVP_sha256()) > 0);
	return id;
}

static void forget(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	if (cert)
		assert_int_equal(PEM_write_X509(f, cert), 1);
	if (key)
		assert_int_equal(PEM_write_PrivateKey(
					 f, key, passphrase ? EVP_aes_128_cbc() : NULL,
					 NULL, 0, NULL, (void *)(size_t)passphrase),
				 1);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	static const struct wish wish = { .from = -DAY, .until = 365 * DAY };

	(void)state;
	ca = issue(NULL, &wish);
	stranger = issue(NULL, &wish);
	write_pem("ca.pem", ca.cert, NULL, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	SSL_free(client);
	SSL_free(server);
	client = server = NULL;
	SSL_CTX_free(server_context);
	server_context = NULL;
	tls = mqtt_tls_free(tls);
	forget(&ca);
	forget(&stranger);
	return 0;
}

static void *session(void *ctx)
{
	(void)ctx;
	return client;
}

static int hear_name(SSL *ssl, int *alert, void *ctx)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)ctx;
	snprintf(server_name, sizeof(server_name), "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

/* A server with this certificate, and a client that is told to reach 10.1.2.3. */
static void make_sides(const struct mqtt_tls_config *config, const struct identity *id)
{
	static char address[] = "10.1.2.3";
	BIO *a, *b;
	char error[256];

	assert_int_equal(mqtt_tls_new(&tls, config, error, sizeof(error)), 0);
	assert_string_equal(error, "");
	server_context = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(server_context, id->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server_context, id->key), 1);
	SSL_CTX_set_tlsext_servername_callback(server_context, hear_name);
	server_name[0] = '\0';

	assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	client = SSL_new(mqtt_tls_context(tls));
	server = SSL_new(server_context);
	SSL_set_bio(client, a, a);
	SSL_set_bio(server, b, b);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	/* As the library does. */
	assert_int_equal(SSL_set_tlsext_host_name(client, address), 1);
	mqtt_tls_begin(tls, session, NULL);
}

/* Lets both sides talk until nothing moves any more. */
static void talk(void)
{
	char byte;

	for (int i = 0; i < 10; i++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(server);
		if (SSL_is_init_finished(client))
			(void)SSL_read(client, &byte, 1);
	}
}

static enum mqtt_tls_failure_kind failure(void)
{
	struct mqtt_tls_failure f;

	mqtt_tls_get_failure(tls, &f);
	return f.kind;
}

static void a_right_certificate_is_accepted_and_its_name_asked_for(void **state)
{
	const struct mqtt_tls_config config = { .host = "mq.example.",
						.ca_file = "ca.pem" };
	struct identity id = issue(
		&ca,
		&(struct wish){ .name = "DNS:mq.example", .from = -DAY, .until = DAY });
	char text[64];

	(void)state;
	make_sides(&config, &id);
	assert_false(mqtt_tls_is_established(tls));
	talk();
	assert_int_equal(failure(), MQTT_TLS_FINE);
	assert_true(mqtt_tls_is_established(tls));
	assert_string_equal(server_name, "mq.example");
	mqtt_tls_describe(tls, text, sizeof(text));
	assert_memory_equal(text, "TLSv1.3, certificate valid until 20", 35);

	/* A new connection knows nothing of the last one. */
	mqtt_tls_begin(tls, session, NULL);
	assert_false(mqtt_tls_is_established(tls));
	forget(&id);
}

static void an_address_is_checked_and_not_asked_for(void **state)
{
	static const struct {
		const char *host, *name;
	} cases[] = {
		{ "192.0.2.1", "IP:192.0.2.1" },
		{ "2001:db8::1", "IP:2001:db8::1" },
		/* The zone is of this machine alone. */
		{ "fe80::1%lo", "IP:fe80::1" },
		{ "fe80::1%not-there", "IP:fe80::1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mqtt_tls_config config = { .host = cases[i].host,
							.ca_file = "ca.pem" };
		const struct wish wish = { cases[i].name, -DAY, DAY };
		struct identity id = issue(&ca, &wish);

		make_sides(&config, &id);
		talk();
		assert_true(mqtt_tls_is_established(tls));
		assert_string_equal(server_name, "");
		forget(&id);
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void wrong_certificates_are_told_apart(void **state)
{
	static const struct {
		struct wish wish;
		bool stranger;
		const char *host;
		enum mqtt_tls_failure_kind kind;
		const char *text; /* NULL: OpenSSL's */
	} cases[] = {
		{ { "DNS:mq.example", -DAY, DAY },
		  true,
		  "mq.example",
		  MQTT_TLS_ISSUER,
		  NULL },
		{ { "DNS:other.example", -DAY, DAY },
		  false,
		  "mq.example",
		  MQTT_TLS_NAME,
		  "other.example" },
		{ { "IP:192.0.2.9", -DAY, DAY },
		  false,
		  "192.0.2.1",
		  MQTT_TLS_NAME,
		  "192.0.2.9" },
		{ { "IP:fe80::2", -DAY, DAY },
		  false,
		  "fe80::1%lo",
		  MQTT_TLS_NAME,
		  "fe80::2" },
		{ { "email:a@b", -DAY, DAY },
		  false,
		  "mq.example",
		  MQTT_TLS_NAME,
		  "test" },
		/* An address as a name is none; nor is what the library connects to. */
		{ { "DNS:192.0.2.1", -DAY, DAY },
		  false,
		  "192.0.2.1",
		  MQTT_TLS_NAME,
		  "192.0.2.1" },
		{ { "IP:10.1.2.3", -DAY, DAY },
		  false,
		  "mq.example",
		  MQTT_TLS_NAME,
		  "10.1.2.3" },
		{ { "DNS:mq.example", -2 * DAY, -DAY },
		  false,
		  "mq.example",
		  MQTT_TLS_EXPIRED,
		  NULL },
		{ { "DNS:mq.example", DAY, 2 * DAY },
		  false,
		  "mq.example",
		  MQTT_TLS_NOT_YET_VALID,
		  NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mqtt_tls_config config = { .host = cases[i].host,
							.ca_file = "ca.pem" };
		struct identity id =
			issue(cases[i].stranger ? &stranger : &ca, &cases[i].wish);
		long limit = cases[i].kind == MQTT_TLS_EXPIRED ? -DAY : DAY;
		struct mqtt_tls_failure f;

		make_sides(&config, &id);
		talk();
		assert_false(mqtt_tls_is_established(tls));
		mqtt_tls_get_failure(tls, &f);
		assert_int_equal(f.kind, cases[i].kind);
		if (cases[i].text)
			assert_string_equal(f.text, cases[i].text);
		if (f.kind == MQTT_TLS_EXPIRED || f.kind == MQTT_TLS_NOT_YET_VALID)
			assert_true(labs((long)(f.when - (time(NULL) + limit))) < 60);
		forget(&id);
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void without_checks_anything_goes_and_is_said_to(void **state)
{
	const struct mqtt_tls_config config = { .host = "mq.example", .insecure = true };
	struct identity id =
		issue(&stranger,
		      &(struct wish){ .name = "DNS:x", .from = -2 * DAY, .until = -DAY });
	char text[64];

	(void)state;
	make_sides(&config, &id);
	talk();
	assert_true(mqtt_tls_is_established(tls));
	assert_string_equal(server_name, "mq.example");
	assert_string_equal(mqtt_tls_describe(tls, text, sizeof(text)),
			    "TLSv1.3, certificate not checked");
	forget(&id);
}

static void a_side_that_speaks_no_tls(void **state)
{
	const struct mqtt_tls_config config = { .host = "mq.example",
						.ca_file = "ca.pem" };
	struct identity id = issue(
		&ca,
		&(struct wish){ .name = "DNS:mq.example", .from = -DAY, .until = DAY });

	(void)state;
	make_sides(&config, &id);
	(void)SSL_do_handshake(client);
	assert_int_equal(BIO_write(SSL_get_wbio(server), "HTTP/1.1 400\r\n\r\n", 16), 16);
	(void)SSL_do_handshake(client);
	assert_int_equal(failure(), MQTT_TLS_NOT_TLS);
	forget(&id);
}

static void a_side_that_hangs_up(void **state)
{
	const struct mqtt_tls_config config = { .host = "mq.example",
						.ca_file = "ca.pem" };
	struct identity id = issue(
		&ca,
		&(struct wish){ .name = "DNS:mq.example", .from = -DAY, .until = DAY });

	(void)state;
	make_sides(&config, &id);
	(void)SSL_do_handshake(client);
	(void)BIO_shutdown_wr(SSL_get_wbio(server));
	(void)SSL_do_handshake(client);
	assert_int_equal(failure(), MQTT_TLS_NOT_TLS);
	forget(&id);
}

static void a_side_that_is_too_old(void **state)
{
	const struct mqtt_tls_config config = { .host = "mq.example",
						.ca_file = "ca.pem" };
	struct identity id = issue(
		&ca,
		&(struct wish){ .name = "DNS:mq.example", .from = -DAY, .until = DAY });

	(void)state;
	make_sides(&config, &id);
	(void)SSL_set_max_proto_version(server, TLS1_1_VERSION);
	talk();
	assert_int_equal(failure(), MQTT_TLS_VERSION);
	forget(&id);
}

static void a_client_certificate_is_missing_refused_or_accepted(void **state)
{
	static const struct wish ours = { .name = "DNS:node",
					  .from = -DAY,
					  .until = DAY };

	for (int round = 0; round < 3; round++) {
		struct identity me = issue(round == 1 ? &stranger : &ca, &ours);
		const struct mqtt_tls_config config = {
			.host = "mq.example",
			.ca_file = "ca.pem",
			.cert_file = round > 0 ? "me.pem" : NULL,
			.key_file = round > 0 ? "me.key" : NULL,
		};
		struct identity server_id =
			issue(&ca, &(struct wish){ .name = "DNS:mq.example",
						   .from = -DAY,
						   .until = DAY });

		write_pem("me.pem", me.cert, NULL, NULL);
		write_pem("me.key", NULL, me.key, NULL);
		make_sides(&config, &server_id);
		SSL_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			       NULL);
		assert_int_equal(
			SSL_CTX_load_verify_locations(server_context, "ca.pem", NULL), 1);
		talk();
		assert_int_equal(failure(), round < 2 ? MQTT_TLS_CLIENT : MQTT_TLS_FINE);
		forget(&me);
		forget(&server_id);
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void files_that_cannot_be_used_are_named(void **state)
{
	static const struct {
		const char *ca, *cert, *key;
		int r;
		const char *error;
	} cases[] = {
		{ "absent.pem", NULL, NULL, -ENOENT,
		  "mqtt.tls.ca_file: \"absent.pem\" cannot be read: No such file or directory" },
		{ "text", NULL, NULL, -EBADMSG,
		  "mqtt.tls.ca_file: \"text\" is not a file of certificates (PEM)" },
		{ "ca.pem", "text", "ca.key", -EBADMSG,
		  "mqtt.tls.cert_file: \"text\" is not a certificate (PEM)" },
		{ "ca.pem", "ca.pem", "absent", -ENOENT,
		  "mqtt.tls.key_file: \"absent\" cannot be read: No such file or directory" },
		{ "ca.pem", "ca.pem", "locked.key", -EBADMSG,
		  "mqtt.tls.key_file: \"locked.key\" is not a private key without a passphrase "
		  "(PEM)" },
		{ "ca.pem", "ca.pem", "stranger.key", -EBADMSG,
		  "mqtt.tls.key_file: \"stranger.key\" does not belong to mqtt.tls.cert_file" },
		{ NULL, "ca.pem", "ca.key", 0, "" },
	};
	char error[256];

	(void)state;
	temp_file("text", "text\n");
	write_pem("ca.key", NULL, ca.key, NULL);
	write_pem("locked.key", NULL, ca.key, "secret");
	write_pem("stranger.key", NULL, stranger.key, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mqtt_tls_config config = {
			.host = "mq.example",
			.ca_file = cases[i].ca,
			.cert_file = cases[i].cert,
			.key_file = cases[i].key,
		};

		assert_int_equal(mqtt_tls_new(&tls, &config, error, sizeof(error)),
				 cases[i].r);
		assert_string_equal(error, cases[i].error);
	}
	assert_null(mqtt_tls_free(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_right_certificate_is_accepted_and_its_name_asked_for),
		TEST(an_address_is_checked_and_not_asked_for),
		TEST(wrong_certificates_are_told_apart),
		TEST(without_checks_anything_goes_and_is_said_to),
		TEST(a_side_that_speaks_no_tls),
		TEST(a_side_that_hangs_up),
		TEST(a_side_that_is_too_old),
		TEST(a_client_certificate_is_missing_refused_or_accepted),
		TEST(files_that_cannot_be_used_are_named),
	};

	return cmocka_run_group_tests(tests, temp_dir_enter, temp_dir_leave);
}
