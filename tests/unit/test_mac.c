// SPDX-License-Identifier: MIT
/* test_mac.c — the address is stable, private, and kept when it cannot be derived */
#include "mqttnode/mac.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

#define SPI "/dev/spidev0.0"

static char dir[] = "/tmp/test-mac-XXXXXX";

static void machine_id(const char *text)
{
	int fd = open("/etc/machine-id", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* mac_derive() in a process of its own: libsystemd remembers the machine id. */
static int derive(uint8_t mac[6], const char *spi_path, const char *state_dir)
{
	struct {
		int r;
		uint8_t mac[6];
	} answer;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL); /* exit() in the child would write it once more */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		memset(&answer, 0, sizeof(answer));
		answer.r = mac_derive(answer.mac, spi_path, state_dir);
		exit(write(fds[1], &answer, sizeof(answer)) != (ssize_t)sizeof(answer));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &answer, sizeof(answer)), sizeof(answer));
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	memcpy(mac, answer.mac, 6);
	return answer.r;
}

static void assert_local_unicast(const uint8_t mac[6])
{
	assert_int_equal(mac[0] & 3, 2);
}

static void write_kept(const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/mac-spidev0.0", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void is_derived_from_machine_and_path(void **state)
{
	uint8_t a[6], b[6], c[6], d[6];

	(void)state;
	machine_id("0123456789abcdef0123456789abcdef\n");
	assert_int_equal(derive(a, SPI, NULL), 0);
	assert_int_equal(derive(b, SPI, dir), 0);
	assert_memory_equal(a, b, 6);
	assert_local_unicast(a);
	assert_int_equal(derive(c, "/dev/spidev0.1", NULL), 0);
	assert_memory_not_equal(a, c, 6);
	assert_local_unicast(c);

	machine_id("0123456789abcdef0123456789abcdee\n");
	assert_int_equal(derive(d, SPI, NULL), 0);
	assert_memory_not_equal(a, d, 6);
	/* nothing was written, and a kept one is not asked for */
	write_kept("02:00:00:00:00:01\n");
	assert_int_equal(derive(b, SPI, dir), 0);
	assert_memory_equal(b, d, 6);
}

static void stays_what_it_is_in_later_versions(void **state)
{
	char text[MAC_TEXT_SIZE];
	uint8_t mac[6];

	(void)state;
	machine_id("0123456789abcdef0123456789abcdef\n");
	assert_int_equal(derive(mac, SPI, NULL), 0);
	assert_string_equal(mac_format(mac, text), "12:79:18:36:74:21");
}

static void is_random_once_and_kept_without_a_machine_id(void **state)
{
	static const char *const ids[] = { "", "uninitialized\n", "not an id\n" };
	uint8_t a[6], b[6];
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/mac-spidev0.0", dir);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		machine_id(ids[i]);
		unlink(path);
		assert_int_equal(derive(a, SPI, dir), 1);
		assert_local_unicast(a);
		assert_int_equal(derive(b, SPI, dir), 1);
		assert_memory_equal(a, b, 6);
	}
	assert_int_equal(derive(b, "spidev9.9", dir), 1);
	assert_memory_not_equal(a, b, 6);
}

static void nonsense_that_was_kept_is_replaced(void **state)
{
	static const char *const kept[] = {
		"",
		"\n",
		"02:11:22:33:44:55",
		"02:11:22:33:44:55\n\n",
		"02:11:22:33:44:5\n",
		"03:11:22:33:44:55\n",
		"00:11:22:33:44:55\n",
		"02-11-22-33-44-55\n",
		"02:11:22:33:44:zz\n",
		"a very long line that is not a hardware address in any way at all, is it?\n",
	};
	char text[MAC_TEXT_SIZE];
	uint8_t mac[6], again[6];

	(void)state;
	machine_id("");
	write_kept("02:11:22:33:44:55\n");
	assert_int_equal(derive(mac, SPI, dir), 1);
	assert_string_equal(mac_format(mac, text), "02:11:22:33:44:55");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		write_kept(kept[i]);
		assert_int_equal(derive(mac, SPI, dir), 1);
		assert_local_unicast(mac);
		assert_int_equal(derive(again, SPI, dir), 1);
		assert_memory_equal(mac, again, 6);
	}
}

static void tells_when_nothing_stable_can_be_had(void **state)
{
	uint8_t a[6], b[6];
	char path[64];

	(void)state;
	assert_int_equal(unlink("/etc/machine-id"), 0);
	assert_int_equal(derive(a, SPI, NULL), -ENOENT);
	assert_int_equal(derive(b, SPI, "/no/such/directory"), -ENOENT);
	assert_local_unicast(a);
	assert_local_unicast(b);
	assert_memory_not_equal(a, b, 6);

	/* the place is taken by a directory: nothing half-written stays */
	snprintf(path, sizeof(path), "%s/mac-taken", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(derive(a, "/dev/taken", dir), -EISDIR);
	netns_run("[ ! -e %s/mac-taken.new ]", dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_derived_from_machine_and_path),
		cmocka_unit_test(stays_what_it_is_in_later_versions),
		cmocka_unit_test(is_random_once_and_kept_without_a_machine_id),
		cmocka_unit_test(nonsense_that_was_kept_is_replaced),
		cmocka_unit_test(tells_when_nothing_stable_can_be_had),
	};
	int failed;

	/* An /etc of our own, in a mount namespace of our own. */
	netns_enter();
	if (mount("test", "/etc", "tmpfs", 0, NULL) < 0 || !mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests_name("mac", tests, NULL, NULL);
	netns_run("rm -rf %s", dir);
	return failed;
}
