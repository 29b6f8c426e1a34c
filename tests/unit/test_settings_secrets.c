// SPDX-License-Identifier: MIT
/* test_settings_secrets.c — the password and the private key, from files or credentials
 */
#include "mqttnode/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "temp_dir.h"
#include "unit.h"

/* Reads the password of @s and asserts what is reported. */
static int read_password(const struct mqtt_settings *s, char **ret, const char *error)
{
	struct settings_secrets secrets;
	char e[256];
	int r = settings_read_secrets(s, &secrets, e, sizeof(e));

	assert_string_equal(e, error);
	*ret = secrets.password;
	secrets.password = NULL;
	settings_secrets_clear(&secrets);
	return r;
}

static void reads_the_password_from_a_file(void **state)
{
	struct mqtt_settings s = { 0 };
	char *password = NULL;

	(void)state;
	assert_int_equal(read_password(&s, &password, ""), 0);
	assert_null(password);

	s.password_file = (char[]){ "secret" };
	temp_file("secret", " p\xc3\xa4ss \n");
	assert_int_equal(chmod("secret", 0640), 0);
	assert_int_equal(read_password(&s, &password, ""), 0);
	assert_string_equal(password, " p\xc3\xa4ss ");
	free(password);
}

static void says_why_a_password_cannot_be_had(void **state)
{
	struct mqtt_settings s = { .password_file = (char[]){ "secret" } };
	static char large[65536 + 8];
	char *password = NULL;

	(void)state;
	temp_file("secret", "");
	assert_int_equal(chmod("secret", 0600), 0);
	assert_int_equal(
		read_password(&s, &password, "mqtt.password_file: \"secret\" is empty"),
		-ENODATA);
	temp_file("secret", "\n");
	assert_int_equal(
		read_password(&s, &password, "mqtt.password_file: \"secret\" is empty"),
		-ENODATA);
	temp_file("secret", "one\ntwo\n");
	assert_int_equal(
		read_password(
			&s, &password,
			"mqtt.password_file: \"secret\" holds more than one line of "
			"text"),
		-EBADMSG);
	temp_file_bytes("secret", "a\0b", 3);
	assert_int_equal(
		read_password(
			&s, &password,
			"mqtt.password_file: \"secret\" holds more than one line of "
			"text"),
		-EBADMSG);
	memset(large, 'x', sizeof(large));
	temp_file_bytes("secret", large, sizeof(large));
	assert_int_equal(
		read_password(
			&s, &password,
			"mqtt.password_file: \"secret\" is longer than MQTT allows"),
		-E2BIG);
	s.password_file = (char[]){ "absent" };
	assert_int_equal(
		read_password(
			&s, &password,
			"mqtt.password_file: \"absent\" cannot be read: No such file or "
			"directory"),
		-ENOENT);
	s.password_file = (char[]){ "/tmp" };
	assert_int_equal(read_password(&s, &password,
				       "mqtt.password_file: \"/tmp\" is not a file"),
			 -EINVAL);
	assert_null(password);
}

static void reads_the_password_from_a_credential(void **state)
{
	struct mqtt_settings s = { .password_credential = (char[]){ "mqtt-password" } };
	char *password = NULL;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(
		read_password(
			&s, &password,
			"mqtt.password_credential: systemd passed no credentials; the "
			"unit needs LoadCredential=mqtt-password:FILE"),
		-ENOENT);
	assert_int_equal(mkdir("credentials", 0700), 0);
	temp_file("credentials/mqtt-password", "hidden");
	assert_int_equal(chmod("credentials/mqtt-password", 0400), 0);
	setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
	assert_int_equal(read_password(&s, &password, ""), 0);
	assert_string_equal(password, "hidden");
	free(password);
}

static void finds_the_private_key(void **state)
{
	struct mqtt_settings s = { .tls = { .key_file = (char[]){ "/etc/node.key" } } };
	struct settings_secrets secrets;
	char error[256];

	(void)state;
	assert_int_equal(settings_read_secrets(&s, &secrets, error, sizeof(error)), 0);
	assert_null(secrets.password);
	assert_string_equal(secrets.key_path, "/etc/node.key");
	settings_secrets_clear(&secrets);
	assert_null(secrets.key_path);

	s.tls.key_credential = (char[]){ "mqtt-key" };
	setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
	assert_int_equal(settings_read_secrets(&s, &secrets, error, sizeof(error)), 0);
	assert_string_equal(secrets.key_path, "credentials/mqtt-key");
	settings_secrets_clear(&secrets);

	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(settings_read_secrets(&s, &secrets, error, sizeof(error)),
			 -ENOENT);
	assert_string_equal(error,
			    "mqtt.tls.key_credential: systemd passed no credentials; the "
			    "unit needs LoadCredential=mqtt-key:FILE");
	assert_null(secrets.key_path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_password_from_a_file),
		cmocka_unit_test(says_why_a_password_cannot_be_had),
		cmocka_unit_test(reads_the_password_from_a_credential),
		cmocka_unit_test(finds_the_private_key),
	};

	return cmocka_run_group_tests_name("settings_secrets", tests, temp_dir_enter,
					   temp_dir_leave);
}
