// SPDX-License-Identifier: MIT
/* test_spool_outline.c — what is remembered of messages until others take their place */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../src/app/spool_store.h"
#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static int put_result, keep_result, next_result; /* of the store, unless 0 */

int __wrap_spool_store_put(struct spool_store *s, const struct spool_row *row);
int __real_spool_store_put(struct spool_store *s, const struct spool_row *row);

int __wrap_spool_store_keep_outline(struct spool_store *s, const char *topic,
				    const char *text, bool kept);
int __real_spool_store_keep_outline(struct spool_store *s, const char *topic,
				    const char *text, bool kept);
int __wrap_spool_store_next_outline(struct spool_store *s, const char *after_topic,
				    const char *after_text, const char **topic,
				    const char **text);
int __real_spool_store_next_outline(struct spool_store *s, const char *after_topic,
				    const char *after_text, const char **topic,
				    const char **text);

int __wrap_spool_store_put(struct spool_store *s, const struct spool_row *row)
{
	return put_result ? put_result : __real_spool_store_put(s, row);
}

int __wrap_spool_store_keep_outline(struct spool_store *s, const char *topic,
				    const char *text, bool kept)
{
	return keep_result ? keep_result
			   : __real_spool_store_keep_outline(s, topic, text, kept);
}

int __wrap_spool_store_next_outline(struct spool_store *s, const char *after_topic,
				    const char *after_text, const char **topic,
				    const char **text)
{
	return next_result ? next_result
			   : __real_spool_store_next_outline(s, after_topic, after_text,
							     topic, text);
}

static int set_up(void **state)
{
	put_result = keep_result = next_result = 0;
	return spool_rig_set_up(state);
}

/* Exactly these are remembered, in any order: "TOPIC=OUTLINE", up to a NULL. */
static void expect_outlines(const char *const *outlines)
{
	const char *topic, *text;
	char pair[64];
	size_t n = 0, found = 0;

	while (outlines[n])
		n++;
	for (size_t i = 0; spool_outline(spool, i, &topic, &text); i++) {
		snprintf(pair, sizeof(pair), "%s=%s", topic, text);
		for (size_t k = 0; k < n; k++)
			found += strcmp(pair, outlines[k]) == 0;
		assert_true(i < n);
		assert_int_equal(found, i + 1);
	}
	assert_int_equal(found, n);
}

#define EXPECT(...) expect_outlines((const char *const[]){ __VA_ARGS__, NULL })
#define EXPECT_NONE expect_outlines((const char *const[]){ NULL })

/* The next run begins, this one having ended well. */
static void next_run(void)
{
	spool_park(spool);
	spool = spool_free(spool);
	open_spool();
}

/* A message on @topic that says @text. */
static void say(const char *topic, const char *text)
{
	spool_note_outline(spool, topic, text);
	spool_put(spool, &(struct spool_message){
				 .topic = topic,
				 .payload = "x",
				 .len = 1,
				 .qos = 1,
				 .retain = true,
				 .outline = text,
			 });
}

static void send_next(int number)
{
	struct spool_message m;

	turn(true);
	assert_true(spool_next(spool, &m));
	spool_sent(spool, number);
}

static void acknowledge(int number)
{
	assert_true(spool_acknowledged(spool, number));
}

static void say_and_deliver(const char *topic, const char *text)
{
	say(topic, text);
	send_next(99);
	acknowledge(99);
}

static void noted_part(void)
{
	open_spool();
	say("t", "one");
	turn(true);
}

static void an_outline_is_remembered_before_its_message_goes(void **state)
{
	(void)state;
	crash(noted_part);
	reboot_machine();
	open_spool();
	EXPECT("t=one");
}

static void
a_message_takes_the_place_of_those_before_when_it_is_acknowledged(void **state)
{
	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "two");
	say("other", "x");
	send_next(1);
	EXPECT("t=one", "t=two", "other=x");
	acknowledge(1);
	EXPECT("t=two", "other=x");
	next_run();
	EXPECT("t=two", "other=x");
}

static void unacknowledged_part(void)
{
	open_spool();
	say("t", "two");
	send_next(1);
}

static void acknowledged_part(void)
{
	unacknowledged_part();
	acknowledge(1);
}

static void acknowledged_and_written_part(void)
{
	acknowledged_part();
	now += 6 * SECOND;
	turn(true);
}

static void a_crash_leaves_more_but_never_less(void **state)
{
	(void)state;
	crash(noted_part);
	crash(unacknowledged_part);
	open_spool();
	EXPECT("t=one", "t=two");
	spool = spool_free(spool);
	crash(acknowledged_part);
	open_spool();
	EXPECT("t=one", "t=two");
	spool = spool_free(spool);
	crash(acknowledged_and_written_part);
	open_spool();
	EXPECT("t=two");
}

static void what_stays_the_same_is_not_written_again(void **state)
{
	uint64_t written;

	(void)state;
	crash(noted_part);
	open_spool();
	turn(true);
	written = status().disk_bytes_written;
	for (int i = 0; i < 3; i++) {
		say_and_deliver("t", "one");
		now += 60 * SECOND;
		turn(true);
	}
	assert_int_equal(status().disk_bytes_written, written);
	EXPECT("t=one");
	say("t", "two");
	turn(true);
	assert_true(status().disk_bytes_written > written);
}

static void an_empty_outline_leaves_nothing(void **state)
{
	uint64_t written;

	(void)state;
	crash(noted_part);
	open_spool();
	turn(true);
	written = status().disk_bytes_written;
	say("t", "");
	turn(true);
	assert_int_equal(status().disk_bytes_written, written);
	send_next(1);
	acknowledge(1);
	EXPECT_NONE;
	next_run();
	EXPECT_NONE;
}

static void what_was_put_later_stays(void **state)
{
	(void)state;
	open_spool();
	say("t", "one");
	say("t", "two");
	say("t", "three");
	for (int i = 1; i <= 3; i++)
		send_next(i);
	acknowledge(2);
	EXPECT("t=two", "t=three");
	acknowledge(1);
	EXPECT("t=two", "t=three");
	acknowledge(3);
	EXPECT("t=three");
}

static void what_is_said_again_counts_as_of_then(void **state)
{
	(void)state;
	open_spool();
	say("t", "one");
	say("t", "two");
	say("t", "one");
	for (int i = 1; i <= 3; i++)
		send_next(i);
	acknowledge(1);
	acknowledge(2);
	EXPECT("t=one", "t=two");
	acknowledge(3);
	EXPECT("t=one");
}

static void what_is_only_noted_stays(void **state)
{
	(void)state;
	open_spool();
	say("t", "one");
	send_next(1);
	spool_note_outline(spool, "t", "two");
	acknowledge(1);
	EXPECT("t=one", "t=two");
}

static void a_message_without_an_outline_changes_nothing(void **state)
{
	(void)state;
	open_spool();
	say_and_deliver("topic", "one");
	put(1);
	deliver(1, 1);
	EXPECT("topic=one");
}

/* The message that was to take "one" back did not arrive: "one" stays, but not "three".
 */
static void expect_one_to_stay(void)
{
	say_and_deliver("t", "three");
	EXPECT("t=one", "t=two", "t=three");
	say_and_deliver("t", "four");
	EXPECT("t=one", "t=two", "t=four");
	next_run();
	EXPECT("t=one", "t=two", "t=four");
	say_and_deliver("t", "four");
	EXPECT("t=four");
}

static void after_a_message_that_cannot_be_sent_nothing_goes(void **state)
{
	struct spool_message m;

	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "two");
	turn(true);
	assert_true(spool_next(spool, &m));
	spool_refused(spool);
	expect_one_to_stay();
}

static void after_a_message_that_the_broker_refuses_nothing_goes(void **state)
{
	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "two");
	send_next(1);
	spool_not_taken(spool, 2); /* not ours */
	spool_not_taken(spool, 1);
	acknowledge(1);
	expect_one_to_stay();
}

static void after_a_message_that_is_dropped_nothing_goes(void **state)
{
	struct spool_message m;

	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "two");
	for (unsigned int i = 1; i <= SPOOL_MEMORY_MAX; i++)
		put_as(i, 1, false);
	assert_int_equal(status().dropped_memory, 1);
	turn(true);
	while (spool_next(spool, &m))
		spool_refused(spool);
	expect_one_to_stay();
}

static void after_a_message_for_which_there_is_no_room_nothing_goes(void **state)
{
	const struct spool_message message = { .topic = "t",
					       .payload = "x",
					       .len = 1,
					       .qos = 1,
					       .store = true,
					       .outline = "two" };

	(void)state;
	crash(noted_part);
	settings.messages = 0;
	settings.drop = SPOOL_DROP_NEWEST;
	open_spool();
	spool_note_outline(spool, "t", "two");
	spool_put(spool, &message);
	assert_int_equal(status().dropped_full, 1);
	expect_one_to_stay();
}

static void after_messages_that_are_lost_with_another_nothing_goes(void **state)
{
	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "two");
	put_result = -ENOMEM;
	put_as(1, 1, false);
	put_result = 0;
	assert_true(status().dropped_error >= 2);
	now += 60 * SECOND; /* it is tried again */
	turn(true);
	say("t", "three");
	send_next(1);
	acknowledge(1);
	EXPECT("t=one", "t=two", "t=three");
}

static void without_a_disk_only_this_run_is_remembered(void **state)
{
	(void)state;
	assert_int_equal(spool_new(&spool, &settings, NULL, NULL), 0);
	spool_open(spool);
	now = clock_now_ns(&clock_system);
	EXPECT_NONE;
	say_and_deliver("t", "one");
	say_and_deliver("t", "two");
	EXPECT("t=two");
	say_and_deliver("t", "");
	EXPECT_NONE;
}

static void what_is_found_only_later_stays_in_this_run(void **state)
{
	(void)state;
	crash(noted_part);
	assert_int_equal(rename("state", "elsewhere"), 0);
	open_spool();
	say_and_deliver("t", "two");
	assert_int_equal(rename("elsewhere", "state"), 0);
	now += 60 * SECOND;
	turn(true);
	say_and_deliver("t", "three");
	EXPECT("t=one", "t=three");
	next_run();
	EXPECT("t=one", "t=three");
}

static void
a_database_that_is_set_aside_is_followed_by_one_with_all_of_this_run(void **state)
{
	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "");
	say("u", "two");
	keep_result = -EUCLEAN;
	turn(true);
	keep_result = 0;
	now += 60 * SECOND;
	turn(true);
	next_run();
	EXPECT("t=one", "u=two");
}

static void what_the_disk_does_not_remove_is_found_again(void **state)
{
	(void)state;
	crash(noted_part);
	open_spool();
	say("t", "two");
	send_next(1);
	keep_result = -EIO;
	acknowledge(1);
	EXPECT("t=two");
	assert_int_equal(status().disk_error, EIO);
	assert_int_equal(status().messages, 0);
	keep_result = 0;
	next_run();
	EXPECT("t=one", "t=two");
}

static void what_cannot_be_read_is_no_reason_not_to_go_on(void **state)
{
	(void)state;
	crash(noted_part);
	next_result = -EIO;
	open_spool();
	EXPECT_NONE;
	say_and_deliver("t", "two");
	EXPECT("t=two");
	next_result = 0;
	next_run();
	EXPECT("t=one", "t=two");
}

static void what_is_forgotten_goes_with_its_topic(void **state)
{
	static const char *const topics[] = { "t", "unknown" };

	(void)state;
	crash(noted_part);
	open_spool();
	spool_note_outline(spool, "t", "two");
	spool_note_outline(spool, "u", "three");
	spool_save_retained(spool);
	spool_forget_retained(spool, topics, ARRAY_SIZE(topics));
	EXPECT("u=three");
	next_run();
	EXPECT("u=three");
}

static void what_the_disk_does_not_forget_is_found_again(void **state)
{
	static const char *const topics[] = { "t" };

	(void)state;
	crash(noted_part);
	open_spool();
	keep_result = -EIO;
	spool_forget_retained(spool, topics, ARRAY_SIZE(topics));
	EXPECT_NONE;
	keep_result = 0;
	spool = spool_free(spool);
	open_spool();
	EXPECT("t=one");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, spool_rig_tear_down)
		TEST(an_outline_is_remembered_before_its_message_goes),
		TEST(a_message_takes_the_place_of_those_before_when_it_is_acknowledged),
		TEST(a_crash_leaves_more_but_never_less),
		TEST(what_stays_the_same_is_not_written_again),
		TEST(an_empty_outline_leaves_nothing),
		TEST(what_was_put_later_stays),
		TEST(what_is_said_again_counts_as_of_then),
		TEST(what_is_only_noted_stays),
		TEST(a_message_without_an_outline_changes_nothing),
		TEST(after_a_message_that_cannot_be_sent_nothing_goes),
		TEST(after_a_message_that_the_broker_refuses_nothing_goes),
		TEST(after_a_message_that_is_dropped_nothing_goes),
		TEST(after_a_message_for_which_there_is_no_room_nothing_goes),
		TEST(after_messages_that_are_lost_with_another_nothing_goes),
		TEST(without_a_disk_only_this_run_is_remembered),
		TEST(what_is_found_only_later_stays_in_this_run),
		TEST(a_database_that_is_set_aside_is_followed_by_one_with_all_of_this_run),
		TEST(what_the_disk_does_not_remove_is_found_again),
		TEST(what_cannot_be_read_is_no_reason_not_to_go_on),
		TEST(what_is_forgotten_goes_with_its_topic),
		TEST(what_the_disk_does_not_forget_is_found_again),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_outline", tests, temp_dir_enter,
					   temp_dir_leave);
}
