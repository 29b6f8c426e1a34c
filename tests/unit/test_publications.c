// SPDX-License-Identifier: MIT
/* test_publications.c — the thread that composes: what it gives to its sink */
#include "mqttnode/publications.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#include "mqttnode/clock.h"
#include "mqttnode/queue.h"

#define DEADLINE_MS 10000

static struct facts *facts;
static uint64_t started_ns; /* of the daemon: five seconds before the test */
static const struct spool_settings spool_settings = { .messages = 100, .bytes = 65536 };
static struct spool *spool;
static struct queue *composed; /* struct copy */
static struct publications *publications;

struct copy {
	char topic[32];
	char payload[256];
	size_t len;
	int qos;
	bool retain;
};

static void sink(void *ctx, const struct mqtt_outgoing *message)
{
	struct copy *copy = calloc(1, sizeof(*copy));

	assert_ptr_equal(ctx, &composed);
	assert_non_null(copy);
	snprintf(copy->topic, sizeof(copy->topic), "%s", message->topic);
	copy->len = message->len;
	assert_true(copy->len < sizeof(copy->payload));
	memcpy(copy->payload, message->payload, message->len);
	copy->qos = message->qos;
	copy->retain = message->retain;
	if (queue_push(composed, copy) < 0)
		free(copy);
}

static int set_up(void **state)
{
	struct facts_view view = { .hostname = "host", .client_id = "node" };

	(void)state;
	view.started_ns = started_ns = clock_now_ns(&clock_system) - 5 * NSEC_PER_SEC;
	if (facts_new(&facts) < 0 || queue_new(&composed, 10000, free) < 0 ||
	    spool_new(&spool, &spool_settings, NULL, NULL) < 0)
		return -1;
	facts_set(facts, &view);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	publications = publications_free(publications);
	composed = queue_free(composed);
	spool = spool_free(spool);
	facts = facts_free(facts);
	return 0;
}

/* A string that outlives the test, whose thread ends in tear_down(). */
#define STATIC(string)                                                                   \
	__extension__({                                                                  \
		static char text_[] = string;                                            \
		text_;                                                                   \
	})

static void start(const struct publication_settings *list, size_t n)
{
	static struct publication_settings kept[2];

	assert_true(n <= ARRAY_SIZE(kept));
	for (size_t i = 0; i < n; i++)
		kept[i] = list[i];
	assert_int_equal(
		publications_new(&publications, kept, n, facts, spool, sink, &composed),
		0);
	spool_open(spool);
	assert_int_equal(publications_start(publications), 0);
}

static bool comes_within(int ms)
{
	struct pollfd p = { .fd = queue_fd(composed), .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* The next message must be this. */
static void expect(const char *topic, const char *payload)
{
	struct copy *message;

	assert_true(comes_within(DEADLINE_MS));
	message = queue_pop(composed);
	assert_string_equal(message->topic, topic);
	assert_string_equal(message->payload, payload);
	assert_int_equal(message->len, strlen(payload));
	free(message);
}

static struct publication_settings hello = {
	.topic = (char[]){ "hello" },
	.text = (char[]){ "{seq}" },
	.triggers = PUBLISH_INTERVAL,
	.interval_ms = 10,
	.shaping = { .scale = 1 },
	.max_size = 100,
};

/* With its number, and the uptime of a moment between the start and now. */
static void assert_expanded(const char *payload, unsigned int number)
{
	uint64_t most = (clock_now_ns(&clock_system) - started_ns) / NSEC_PER_SEC;
	unsigned int uptime;
	char expected[64];

	assert_int_equal(sscanf(payload, "host node %*u %u", &uptime), 1);
	assert_in_range(uptime, 5, most);
	snprintf(expected, sizeof(expected), "host node %u %u ", number, uptime);
	assert_string_equal(payload, expected);
}

static void expands_variables_and_numbers_messages(void **state)
{
	struct publication_settings publication = hello;
	struct copy *message;

	(void)state;
	publication.text = STATIC("{hostname} {client_id} {seq} {uptime} {ip}");
	publication.retain = true;
	publication.qos = 2;
	start(&publication, 1);
	assert_true(comes_within(DEADLINE_MS));
	message = queue_pop(composed);
	assert_string_equal(message->topic, "hello");
	assert_expanded(message->payload, 1);
	assert_int_equal(message->qos, 2);
	assert_true(message->retain);
	free(message);
	assert_true(comes_within(DEADLINE_MS));
	message = queue_pop(composed);
	assert_expanded(message->payload, 2);
	free(message);
}

static void qos_0_begins_with_the_first_session(void **state)
{
	(void)state;
	start(&hello, 1);
	assert_false(comes_within(50));
	publications_session(publications, false);
	assert_false(comes_within(50));
	publications_session(publications, true);
	expect("hello", "1");
	/* and goes on when it ends: the gap in the numbers shows what was lost */
	publications_session(publications, false);
	for (int i = 2; i < 10; i++) {
		char number[8];

		snprintf(number, sizeof(number), "%d", i);
		expect("hello", number);
	}
}

static void qos_1_begins_at_once(void **state)
{
	struct publication_settings publication = hello;

	(void)state;
	publication.qos = 1;
	start(&publication, 1);
	expect("hello", "1");
	expect("hello", "2");
}

static void each_keeps_its_own_beat_and_number(void **state)
{
	struct publication_settings list[2] = { hello, hello };
	unsigned int n[2] = { 0, 0 };

	(void)state;
	list[0].qos = list[1].qos = 1;
	list[1].topic = STATIC("slow");
	list[1].interval_ms = 50;
	start(list, 2);
	while (n[1] < 5) {
		struct copy *message;
		char number[8];
		size_t i;

		assert_true(comes_within(DEADLINE_MS));
		message = queue_pop(composed);
		i = message->topic[0] == 's';
		snprintf(number, sizeof(number), "%u", ++n[i]);
		assert_string_equal(message->payload, number);
		free(message);
	}
	assert_true(n[0] >= n[1]);
}

/* --- triggers -------------------------------------------------------------- */

static void on_connect_once_a_session(void **state)
{
	struct publication_settings publication = hello;

	(void)state;
	publication.triggers = PUBLISH_CONNECT;
	publication.qos = 1;
	start(&publication, 1);
	assert_false(comes_within(50));
	publications_session(publications, true);
	expect("hello", "1");
	assert_false(comes_within(50));
	publications_session(publications, false);
	assert_false(comes_within(50));
	publications_session(publications, true);
	expect("hello", "2");
	assert_false(comes_within(50));
}

static void a_beat_and_a_session_at_once_are_one_message(void **state)
{
	struct publication_settings publication = hello;

	(void)state;
	publication.triggers = PUBLISH_CONNECT | PUBLISH_INTERVAL;
	publication.interval_ms = 3600 * 1000;
	start(&publication, 1);
	publications_session(publications, true);
	expect("hello", "1");
	assert_false(comes_within(50));
}

static void a_text_on_change(void **state)
{
	struct publication_settings publication = hello;
	struct facts_view view = { .hostname = "host" };

	(void)state;
	publication.triggers = PUBLISH_CHANGE;
	publication.text = STATIC("{hostname}");
	publication.qos = 1;
	start(&publication, 1);
	expect("hello", "host");
	assert_false(comes_within(50));
	strcpy(view.hostname, "other");
	facts_set(facts, &view);
	expect("hello", "other");
	publications_session(publications, true); /* nothing new of QoS 1 */
	assert_false(comes_within(50));
}

static void a_new_session_makes_qos_0_news(void **state)
{
	struct publication_settings publication = hello;

	(void)state;
	publication.triggers = PUBLISH_CHANGE;
	publication.text = STATIC("{hostname}");
	start(&publication, 1);
	publications_session(publications, true);
	expect("hello", "host");
	assert_false(comes_within(50));
	publications_session(publications, false);
	publications_session(publications, true);
	expect("hello", "host");
	assert_false(comes_within(50));
}

/* --- files ----------------------------------------------------------------- */

static char path[] = "value";

/* Replaces the file at once: a reader sees the old content or the new one. */
static void write_file(const char *content)
{
	temp_file("value.new", content);
	assert_int_equal(rename("value.new", path), 0);
}

static struct publication_settings file_publication(unsigned int triggers)
{
	struct publication_settings publication = hello;

	(void)unlink(path);
	publication.text = NULL;
	publication.file = path;
	publication.qos = 1;
	publication.triggers = triggers;
	return publication;
}

static void what_has_a_name_is_announced_once_and_only_in_a_session(void **state)
{
	static char named[] = "named", other[] = "other", n[] = "N", o[] = "O";
	static char name[] = "Name";
	const struct publication_settings list[] = {
		{ .topic = named, .text = n, .name = name, .triggers = PUBLISH_CONNECT },
		{ .topic = other, .text = o, .triggers = PUBLISH_CONNECT },
	};

	(void)state;
	start(list, 2);
	publications_announce(publications);
	assert_false(comes_within(50));
	publications_session(publications, true);
	expect("named", "N");
	expect("other", "O");
	publications_announce(publications);
	expect("named", "N");
	assert_false(comes_within(50));
}

static void a_file_on_change_with_a_dead_band(void **state)
{
	struct publication_settings publication = file_publication(PUBLISH_CHANGE);

	(void)state;
	publication.shaping = (struct shaping_settings){
		.scale = 0.001, .rounded = true, .decimals = 1, .dead_band = 0.5
	};
	write_file("45123\n");
	start(&publication, 1);
	expect("hello", "45.1");
	write_file("45500\n");
	assert_false(comes_within(50));
	write_file("45700\n");
	expect("hello", "45.7");
}

static uint64_t failures(void)
{
	struct publications_counters counters;

	publications_get_counters(publications, &counters);
	return counters.failed;
}

static void wait_failures(uint64_t least)
{
	for (int i = 0; failures() < least; i++) {
		assert_true(i < DEADLINE_MS);
		(void)poll(NULL, 0, 1); /* there is no event for it */
	}
}

static void what_cannot_be_read_is_counted_and_tried_again(void **state)
{
	struct publication_settings publication = file_publication(PUBLISH_INTERVAL);

	(void)state;
	start(&publication, 1); /* there is no such file */
	wait_failures(2);
	assert_int_equal(mkdir(path, 0700), 0);
	wait_failures(failures() + 2);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	wait_failures(failures() + 2);
	assert_int_equal(unlink(path), 0);
	write_file("12345678901234567890123456789012345678901234567890"
		   "123456789012345678901234567890123456789012345678901"); /* 101 */
	wait_failures(failures() + 2);
	assert_false(comes_within(0));
	write_file("now");
	expect("hello", "now");
}

static void what_is_no_number_is_counted(void **state)
{
	struct publication_settings publication = file_publication(PUBLISH_INTERVAL);

	(void)state;
	publication.shaping.scale = 2;
	write_file("n/a\n");
	start(&publication, 1);
	wait_failures(1);
	write_file("21\n");
	expect("hello", "42");
}

static void a_value_in_its_envelope(void **state)
{
	struct publication_settings publication = file_publication(PUBLISH_INTERVAL);
	static const char expected[] = "{\"value\":3.30,\"unit\":\"V\",\"time\":\"20";
	static char unit[] = "V";
	struct copy *message;

	(void)state;
	publication.json = true;
	publication.unit = unit;
	write_file("3.30\n");
	start(&publication, 1);
	assert_true(comes_within(DEADLINE_MS));
	message = queue_pop(composed);
	assert_memory_equal(message->payload, expected, sizeof(expected) - 1);
	free(message);
}

/* --- commands -------------------------------------------------------------- */

static struct publication_settings command_publication(char **argv)
{
	struct publication_settings publication = hello;

	publication.text = NULL;
	publication.command = argv;
	publication.timeout_ms = 60000;
	publication.qos = 1;
	return publication;
}

static void the_first_line_of_a_command(void **state)
{
	static char program[] = "printf", text[] = "21.54\\nmore\\n";
	static char *argv[] = { program, text, NULL };
	struct publication_settings publication = command_publication(argv);

	(void)state;
	publication.shaping.rounded = true;
	publication.shaping.decimals = 1;
	start(&publication, 1);
	expect("hello", "21.5");
	expect("hello", "21.5");
}

static void a_command_that_hangs_delays_no_other(void **state)
{
	static char program[] = "sleep", time[] = "1000";
	static char *argv[] = { program, time, NULL };
	struct publication_settings list[2] = { command_publication(argv), hello };

	(void)state;
	list[1].qos = 1;
	start(list, 2);
	for (int i = 1; i < 20; i++) {
		char number[8];

		snprintf(number, sizeof(number), "%d", i);
		expect("hello", number);
	}
	publications_stop(publications); /* waits for none */
	assert_int_equal(failures(), 0);
}

static void a_command_that_fails_is_counted(void **state)
{
	static char program[] = "false";
	static char *argv[] = { program, NULL };
	struct publication_settings publication = command_publication(argv);

	(void)state;
	start(&publication, 1);
	wait_failures(2);
	assert_false(comes_within(0));
}

/* --- the thread ------------------------------------------------------------ */

static void counts_what_it_composed(void **state)
{
	struct publication_settings publication = hello;
	struct publications_counters counters;

	(void)state;
	publication.qos = 1;
	publication.interval_ms = 3600 * 1000;
	start(&publication, 1);
	expect("hello", "1");
	publications_stop(publications);
	publications_get_counters(publications, &counters);
	assert_int_equal(counters.composed, 1);
	assert_int_equal(counters.failed, 0);
	assert_false(comes_within(0));
	publications_stop(publications); /* again is nothing */
}

static void none_need_no_thread(void **state)
{
	(void)state;
	start(NULL, 0);
	publications_session(publications, true);
	publications_stop(publications);
	assert_null(publications_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(expands_variables_and_numbers_messages),
		TEST(qos_0_begins_with_the_first_session),
		TEST(qos_1_begins_at_once),
		TEST(each_keeps_its_own_beat_and_number),
		TEST(on_connect_once_a_session),
		TEST(a_beat_and_a_session_at_once_are_one_message),
		TEST(a_text_on_change),
		TEST(a_new_session_makes_qos_0_news),
		TEST(what_has_a_name_is_announced_once_and_only_in_a_session),
		TEST(a_file_on_change_with_a_dead_band),
		TEST(what_cannot_be_read_is_counted_and_tried_again),
		TEST(what_is_no_number_is_counted),
		TEST(a_value_in_its_envelope),
		TEST(the_first_line_of_a_command),
		TEST(a_command_that_hangs_delays_no_other),
		TEST(a_command_that_fails_is_counted),
		TEST(counts_what_it_composed),
		TEST(none_need_no_thread),
#undef TEST
	};

	return cmocka_run_group_tests_name("publications", tests, temp_dir_enter,
					   temp_dir_leave);
}
