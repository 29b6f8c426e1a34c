// SPDX-License-Identifier: MIT
/* settings_relations_secrets.c — TLS, passwords and keys that must fit each other */
#include "settings_relations.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#define TLS_PORT 8883

/*
 * A file that is named by the key at @n. Who checks may not be who runs: only
 * what is seen is told.
 */
static void check_file(const struct check *c, const struct conf_node *n, const char *key,
		       const char *path, const char *holds, bool secret)
{
	struct stat st;

	if (!n || !path || stat(path, &st) < 0)
		return;
	if (!S_ISREG(st.st_mode))
		check_wrong(c, n, "%s: this is not a file; valid is a file that holds %s",
			    key, holds);
	else if (secret && st.st_mode & S_IROTH)
		check_unwise(c, n,
			     "%s: everybody can read this file; valid is mode 0640 or "
			     "less",
			     key);
}

/* Whether what is sent to the broker never leaves this machine. */
static bool is_loopback(const char *host)
{
	struct in_addr a;

	return host && (strcmp(host, "localhost") == 0 ||
			(inet_pton(AF_INET, host, &a) == 1 &&
			 ntohl(a.s_addr) >> 24 == IN_LOOPBACKNET));
}

static void check_password(const struct check *c, bool tls)
{
	const struct mqtt_settings *m = &c->s->mqtt;
	const struct conf_node *credential =
		check_member(c, "mqtt", "password_credential");
	const struct conf_node *file = check_member(c, "mqtt", "password_file");
	const struct conf_node *first = credential ? credential : file;

	if (!first)
		return;
	if (credential && file)
		check_wrong(c, file,
			    "mqtt.password_file: found beside mqtt.password_credential; "
			    "valid is one of them");
	if (!check_member(c, "mqtt", "username"))
		check_wrong(c, first,
			    "mqtt.username: not set; valid with a password is the user "
			    "name");
	check_file(c, file, "mqtt.password_file", m->password_file, "the password", true);
	if (!tls && m->host && !is_loopback(m->host))
		check_unwise(
			c, first,
			"mqtt.%s: without mqtt.tls everybody on the way can read the "
			"password",
			conf_node_name(first));
}

static void check_client_certificate(const struct check *c, const struct conf_node *tls)
{
	const struct conf_node *cert = conf_node_member(tls, "cert_file");
	const struct conf_node *file = conf_node_member(tls, "key_file");
	const struct conf_node *credential = conf_node_member(tls, "key_credential");
	const struct conf_node *key = file ? file : credential;

	if (file && credential)
		check_wrong(c, credential,
			    "mqtt.tls.key_credential: found beside mqtt.tls.key_file; "
			    "valid is one of them");
	if (cert && !key)
		check_wrong(c, cert,
			    "mqtt.tls.key_file: not set; valid with a certificate is the "
			    "path of its private key, or mqtt.tls.key_credential");
	if (key && !cert)
		check_wrong(
			c, key,
			"mqtt.tls.cert_file: not set; valid with a private key is the "
			"path of its certificate");
	check_file(c, cert, "mqtt.tls.cert_file", c->s->mqtt.tls.cert_file,
		   "the certificate", false);
	check_file(c, file, "mqtt.tls.key_file", c->s->mqtt.tls.key_file,
		   "the private key", true);
}

static void check_tls(const struct check *c, const struct conf_node *tls)
{
	struct mqtt_settings *m = &c->s->mqtt;

	m->tls.on = true;
	if (!check_member(c, "mqtt", "port"))
		m->port = TLS_PORT;
	check_file(c, conf_node_member(tls, "ca_file"), "mqtt.tls.ca_file",
		   m->tls.ca_file, "certificates", false);
	check_client_certificate(c, tls);
	if (m->tls.insecure)
		check_unwise(
			c, conf_node_member(tls, "insecure"),
			"mqtt.tls.insecure: the broker's certificate is not checked: "
			"anybody on the way can pretend to be the broker, read and "
			"change everything");
}

void settings_check_secrets(const struct check *c)
{
	const struct conf_node *tls = check_member(c, "mqtt", "tls");
	bool on = tls && conf_node_type(tls) == CONF_GROUP;

	if (on)
		check_tls(c, tls);
	check_password(c, on);
}
