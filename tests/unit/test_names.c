// SPDX-License-Identifier: MIT
/*
 * test_names.c — names are resolved by our servers, whatever the files say
 *
 * In a namespace with an /etc of its own: two servers that know, one that is
 * mute, and one that lies and must never be asked.
 */
#include "mqttnode/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

#include "mqttnode/bytes.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"

enum { KNOWS_1, KNOWS_2, LIES, KNOWS_6, SERVERS };

static const char *const addresses[SERVERS] = { "127.0.0.1", "127.0.0.2", "127.0.0.9",
						"::1" };
#define MUTE "127.0.0.3"

static struct {
	int fds[SERVERS + 1]; /* the last one ends the thread */
	int mute_fd;
	pthread_t thread;
	atomic_uint asked[SERVERS];
	pthread_mutex_t lock;
	char last_name[256];
} dns = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Turns a query into the answer; returns its length. RFC 1035, section 4. */
static size_t answer(uint8_t *m, size_t len, unsigned int server)
{
	char name[256] = "";
	size_t at = 12;

	while (at < len && m[at] && strlen(name) + m[at] + 2 < sizeof(name)) {
		strncat(name, (const char *)m + at + 1, m[at]);
		strcat(name, ".");
		at += 1u + m[at];
	}
	at += 5; /* root label, type, class */
	assert_true(at <= len);
	pthread_mutex_lock(&dns.lock);
	strcpy(dns.last_name, name);
	pthread_mutex_unlock(&dns.lock);
	atomic_fetch_add(&dns.asked[server], 1);

	memset(m + 6, 0, 6);
	m[2] = 0x81; /* response, recursion desired */
	m[3] = 0x80; /* recursion available */
	if (strncmp(name, "no", 2) == 0) {
		m[3] |= 3; /* NXDOMAIN */
	} else if (get_be16(m + at - 4) == 1) {
		static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0,
						  0,	0,  0, 0, 4, 10 };

		put_be16(m + 6, 1);
		memcpy(m + at, record, sizeof(record));
		at += sizeof(record);
		m[at++] = server == LIES ? 9 : 1;
		m[at++] = 0;
		m[at++] = (uint8_t)server;
	}
	return at;
}

static void *serve(void *arg)
{
	struct pollfd p[SERVERS + 1];

	for (size_t i = 0; i <= SERVERS; i++)
		p[i] = (struct pollfd){ .fd = dns.fds[i], .events = POLLIN };
	while (poll(p, SERVERS + 1, -1) > 0 && !p[SERVERS].revents) {
		for (unsigned int i = 0; i < SERVERS; i++) {
			struct sockaddr_storage from;
			socklen_t from_len = sizeof(from);
			uint8_t m[1024];
			ssize_t n;

			if (!p[i].revents)
				continue;
			n = recvfrom(p[i].fd, m, 512, 0, (struct sockaddr *)&from,
				     &from_len);
			if (n >= 12)
				sendto(p[i].fd, m, answer(m, (size_t)n, i), 0,
				       (struct sockaddr *)&from, from_len);
		}
	}
	return arg;
}

static int listen_at(const char *address)
{
	struct sockaddr_storage sa;
	socklen_t len;
	struct ip ip;
	int fd;

	assert_true(ip_parse(&ip, address));
	len = ip_to_sockaddr(&ip, 53, &sa);
	fd = socket(ip.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static int start_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < SERVERS; i++)
		dns.fds[i] = listen_at(addresses[i]);
	dns.mute_fd = listen_at(MUTE);
	dns.fds[SERVERS] = fd_event_new();
	return pthread_create(&dns.thread, NULL, serve, NULL);
}

static int stop_servers(void **state)
{
	(void)state;
	fd_event_signal(dns.fds[SERVERS]);
	pthread_join(dns.thread, NULL);
	for (size_t i = 0; i <= SERVERS; i++)
		close(dns.fds[i]);
	close(dns.mute_fd);
	return 0;
}

/* Replaces a file in /etc by rename, as resolvconf and NetworkManager do. */
static void replace(const char *path, const char *text)
{
	char beside[64];
	FILE *f;

	snprintf(beside, sizeof(beside), "%s.new", path);
	f = fopen(beside, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(beside, path), 0);
}

static int reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < SERVERS; i++)
		atomic_store(&dns.asked[i], 0);
	names_set_servers(NULL, 0);
	replace("/etc/resolv.conf", "nameserver 127.0.0.9\nsearch wrong.example\n"
				    "options rotate timeout:9 attempts:5 ndots:9\n");
	return 0;
}

static void use(const char *first, const char *second)
{
	struct ip servers[2];

	assert_true(ip_parse(&servers[0], first));
	if (second)
		assert_true(ip_parse(&servers[1], second));
	names_set_servers(servers, second ? 2 : 1);
	assert_int_equal(names_prepare_thread(), second ? 2 : 1);
}

/* Looks @name up; returns 0 and the address as text, or the error of getaddrinfo(). */
static int look_up(const char *name, char text[INET_ADDRSTRLEN])
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int r = getaddrinfo(name, "1883", &hints, &list);

	text[0] = '\0';
	if (r == 0) {
		const struct sockaddr_in *sa = (const void *)list->ai_addr;

		assert_int_equal(list->ai_family, AF_INET);
		inet_ntop(AF_INET, &sa->sin_addr, text, INET_ADDRSTRLEN);
		freeaddrinfo(list);
	}
	return r;
}

static void assert_looked_up(const char *name, const char *expected)
{
	char text[INET_ADDRSTRLEN];

	assert_int_equal(look_up(name, text), 0);
	assert_string_equal(text, expected);
}

/* The first test: dns = "system" means that names_setup() is never called. */
static void until_it_is_set_up_all_is_left_to_the_system(void **state)
{
	struct ip ignored = ip_from_v4((struct in_addr){ htonl(INADDR_LOOPBACK) });
	char text[INET_ADDRSTRLEN];

	(void)state;
	names_set_servers(&ignored, 1);
	replace("/etc/resolv.conf", "nameserver 127.0.0.9\nsearch wrong.example\n");
	replace("/etc/nsswitch.conf", "hosts: files dns\n");
	assert_int_equal(names_prepare_thread(), 1);
	assert_int_equal(look_up("mq.example.org", text), 0);
	assert_int_not_equal(dns.asked[LIES], 0);

	names_setup();
	replace("/etc/nsswitch.conf", "hosts: resolve wins\n");
}

static void assert_last_asked(const char *expected)
{
	char name[sizeof(dns.last_name)];

	pthread_mutex_lock(&dns.lock);
	strcpy(name, dns.last_name);
	pthread_mutex_unlock(&dns.lock);
	assert_string_equal(name, expected);
}

static void our_server_is_asked_and_not_the_machines(void **state)
{
	(void)state;
	use("127.0.0.1", NULL);
	assert_looked_up("mq.example.org", "10.1.0.0");
	use("127.0.0.2", NULL);
	assert_looked_up("mq.example.org", "10.1.0.1");
	assert_int_equal(dns.asked[LIES], 0);
}

static void a_replaced_resolv_conf_does_not_matter(void **state)
{
	(void)state;
	use("127.0.0.1", NULL);
	for (int i = 0; i < 5; i++) {
		/* between the preparation and the lookup, and between two lookups */
		replace("/etc/resolv.conf",
			i % 2 ? "nameserver 127.0.0.9\n"
			      : "nameserver ::1\nnameserver 127.0.0.9\n"
				"options rotate\n");
		assert_looked_up("mq.example.org", "10.1.0.0");
	}
	for (int i = 0; i < 5; i++) {
		replace("/etc/resolv.conf",
			i % 2 ? "nameserver fe80::1%lo\nnameserver 127.0.0.9\nnameserver "
				"127.0.0.9\nnameserver 127.0.0.9\n"
			      : "garbage\n");
		assert_int_equal(names_prepare_thread(), 1);
		assert_looked_up("mq.example.org", "10.1.0.0");
	}
	unlink("/etc/resolv.conf");
	assert_looked_up("mq.example.org", "10.1.0.0");
	use("127.0.0.1", NULL);
	assert_looked_up("mq.example.org", "10.1.0.0");
	assert_int_equal(dns.asked[LIES], 0);

	/* The same servers as in the file: still ours, without its search list. */
	replace("/etc/resolv.conf", "nameserver 127.0.0.1\nsearch wrong.example\n");
	use("127.0.0.1", NULL);
	replace("/etc/resolv.conf", "nameserver 127.0.0.9\nsearch wrong.example\n");
	assert_looked_up("mq.example.org", "10.1.0.0");
	assert_int_equal(dns.asked[LIES], 0);
}

static void the_environment_does_not_matter(void **state)
{
	(void)state;
	setenv("RES_OPTIONS", "ndots:5 rotate", 1);
	setenv("LOCALDOMAIN", "wrong.example", 1);
	use("127.0.0.1", NULL);
	assert_looked_up("mq", "10.1.0.0");
	assert_last_asked("mq.");
	unsetenv("RES_OPTIONS");
	unsetenv("LOCALDOMAIN");
}

static void names_are_asked_as_they_are(void **state)
{
	char text[INET_ADDRSTRLEN];

	(void)state;
	use("127.0.0.1", NULL);
	assert_looked_up("mq", "10.1.0.0");
	assert_last_asked("mq.");
	atomic_store(&dns.asked[KNOWS_1], 0);
	assert_int_equal(look_up("nobody.example", text), EAI_NONAME);
	assert_last_asked("nobody.example.");
	assert_int_equal(dns.asked[KNOWS_1], 2); /* A and AAAA, no search list */
}

static void without_a_server_lookups_fail_at_once(void **state)
{
	uint64_t start = clock_now_ns(&clock_system);
	char text[INET_ADDRSTRLEN];

	(void)state;
	assert_int_equal(names_prepare_thread(), 0);
	assert_int_not_equal(look_up("mq.example.org", text), 0);
	assert_true(clock_now_ns(&clock_system) - start < NSEC_PER_SEC);
	assert_int_equal(dns.asked[LIES], 0);
	/* literals and /etc/hosts need none */
	assert_looked_up("192.0.2.7", "192.0.2.7");
	assert_looked_up("from-hosts", "192.0.2.44");
}

static void a_mute_server_is_passed_over_after_a_second(void **state)
{
	uint64_t start = clock_now_ns(&clock_system);

	(void)state;
	use(MUTE, "127.0.0.2");
	assert_looked_up("mq.example.org", "10.1.0.1");
	assert_in_range(clock_now_ns(&clock_system) - start, 900 * NSEC_PER_MSEC,
			4 * NSEC_PER_SEC);
}

static void mute_servers_are_given_up_soon(void **state)
{
	uint64_t start = clock_now_ns(&clock_system);
	char text[INET_ADDRSTRLEN];

	(void)state;
	use(MUTE, NULL);
	assert_int_equal(look_up("mq.example.org", text), EAI_AGAIN);
	assert_in_range(clock_now_ns(&clock_system) - start, 1 * NSEC_PER_SEC,
			6 * NSEC_PER_SEC);
}

static void at_most_three_servers_are_taken(void **state)
{
	struct ip servers[5] = { 0 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(ip_parse(&servers[i], i == 0 ? "127.0.0.2" : "127.0.0.9"));
	names_set_servers(servers, 5);
	assert_int_equal(names_prepare_thread(), NAMES_SERVERS_MAX);
	assert_looked_up("mq.example.org", "10.1.0.1");
	assert_int_equal(dns.asked[LIES], 0);
}

static void servers_of_both_families_are_asked(void **state)
{
	(void)state;
	use("::1", NULL);
	assert_looked_up("mq.example.org", "10.1.0.3");
	use("::1", MUTE);
	assert_looked_up("mq.example.org", "10.1.0.3");
	use(MUTE, "::1");
	assert_looked_up("mq.example.org", "10.1.0.3");
	use("127.0.0.2", "::1");
	assert_looked_up("mq.example.org", "10.1.0.1");
	assert_int_equal(dns.asked[LIES], 0);
}

static void *look_up_in_thread(void *arg)
{
	(void)arg;
	use("127.0.0.2", NULL);
	assert_looked_up("mq.example.org", "10.1.0.1");
	return NULL;
}

static void each_thread_has_its_own(void **state)
{
	pthread_t thread;

	(void)state;
	use("127.0.0.1", NULL);
	assert_int_equal(pthread_create(&thread, NULL, look_up_in_thread, NULL), 0);
	pthread_join(thread, NULL);
	/* prepared before the other one: its own state is untouched */
	assert_looked_up("mq.example.org", "10.1.0.0");
}

static void preparing_again_and_again_costs_nothing(void **state)
{
	size_t before = 0, after;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		if (i == 200)
			before = mallinfo2().uordblks;
		use("127.0.0.1", "127.0.0.2");
	}
	after = mallinfo2().uordblks;
	assert_in_range(after, 0, before + 1024);
}

/* They are kept in memory of their own, which is released by their number. */
static void assert_memory_stays(const char *first)
{
	size_t before = 0, after;

	replace("/etc/resolv.conf",
		"nameserver ::1\nnameserver 2001:db8::1\nnameserver 2001:db8::2\n");
	for (int i = 0; i < 2000; i++) {
		if (i == 200)
			before = mallinfo2().uordblks;
		if (first)
			use(first, NULL);
		else
			assert_int_equal(names_prepare_thread(), 0);
	}
	after = mallinfo2().uordblks;
	assert_in_range(after, 0, before + 1024);
}

static void servers_of_the_file_are_released_without_one_of_ours(void **state)
{
	(void)state;
	assert_memory_stays(NULL);
}

static void servers_of_the_file_are_released_with_one_of_ours(void **state)
{
	(void)state;
	assert_memory_stays("127.0.0.1");
	assert_memory_stays("::1");
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(until_it_is_set_up_all_is_left_to_the_system),
		TEST(our_server_is_asked_and_not_the_machines),
		TEST(a_replaced_resolv_conf_does_not_matter),
		TEST(the_environment_does_not_matter),
		TEST(names_are_asked_as_they_are),
		TEST(without_a_server_lookups_fail_at_once),
		TEST(a_mute_server_is_passed_over_after_a_second),
		TEST(mute_servers_are_given_up_soon),
		TEST(at_most_three_servers_are_taken),
		TEST(servers_of_both_families_are_asked),
		TEST(each_thread_has_its_own),
		TEST(preparing_again_and_again_costs_nothing),
		TEST(servers_of_the_file_are_released_without_one_of_ours),
		TEST(servers_of_the_file_are_released_with_one_of_ours),
	};

	netns_enter();
	if (mount("test", "/etc", "tmpfs", 0, NULL) < 0)
		return 1;
	replace("/etc/hosts", "192.0.2.44 from-hosts\n");
	return cmocka_run_group_tests_name("names", tests, start_servers, stop_servers);
}
