// SPDX-License-Identifier: MIT
/* test_spool_retained.c — the topics on which the broker keeps a message */
#include <stdio.h>

#include "../../src/app/spool_store.h"
#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static int commits; /* of something */

int __wrap_spool_store_commit(struct spool_store *s);
int __real_spool_store_commit(struct spool_store *s);

int __wrap_spool_store_commit(struct spool_store *s)
{
	commits += spool_store_is_dirty(s);
	return __real_spool_store_commit(s);
}

/* Exactly these are noted, up to a NULL. */
static void expect_topics(const char *const *topics)
{
	size_t i = 0;

	for (; topics[i]; i++) {
		assert_non_null(spool_retained(spool, i));
		assert_string_equal(spool_retained(spool, i), topics[i]);
	}
	assert_null(spool_retained(spool, i));
}

static void forget_topics(const char *const *topics)
{
	size_t n = 0;

	while (topics[n])
		n++;
	spool_forget_retained(spool, topics, n);
}

#define FORGET(...) forget_topics((const char *const[]){ __VA_ARGS__, NULL })
#define EXPECT(...) expect_topics((const char *const[]){ __VA_ARGS__, NULL })

static void note_part(void)
{
	open_spool();
	spool_note_retained(spool, "node/status");
	spool_note_retained(spool, "a");
	spool_save_retained(spool);
}

static void a_topic_is_remembered_once_it_was_noted_even_over_a_crash(void **state)
{
	(void)state;
	crash(note_part);
	reboot_machine();
	open_spool();
	spool_note_retained(spool, "b/Ä");
	EXPECT("a", "b/Ä", "node/status");
}

static void what_is_known_is_not_written_again(void **state)
{
	uint64_t written;

	(void)state;
	crash(note_part);
	open_spool();
	turn(true);
	written = status().disk_bytes_written;
	spool_note_retained(spool, "a");
	spool_note_retained(spool, "node/status");
	turn(true);
	assert_int_equal(status().disk_bytes_written, written);
	spool_note_retained(spool, "new");
	spool_save_retained(spool);
	assert_true(status().disk_bytes_written > written);
}

static void topics_that_are_new_together_wait_for_the_disk_once(void **state)
{
	char topic[16];

	(void)state;
	crash(note_part);
	open_spool();
	commits = 0;
	for (int i = 0; i < 100; i++) {
		snprintf(topic, sizeof(topic), "t/%d", i);
		spool_note_retained(spool, topic);
	}
	assert_int_equal(commits, 0);
	spool_save_retained(spool);
	assert_int_equal(commits, 1);
	spool_save_retained(spool);
	assert_int_equal(commits, 1);
	spool = spool_free(spool);
	open_spool();
	assert_string_equal(spool_retained(spool, 1), "node/status");
	assert_string_equal(spool_retained(spool, 2), "t/0");
	assert_string_equal(spool_retained(spool, 101), "t/99");
	assert_null(spool_retained(spool, 102));
}

static void note_and_turn_part(void)
{
	open_spool();
	spool_note_retained(spool, "a");
	turn(true);
}

static void a_turn_writes_what_was_noted(void **state)
{
	(void)state;
	crash(note_and_turn_part);
	reboot_machine();
	open_spool();
	EXPECT("a");
}

static void nothing_is_remembered_after_all_were_forgotten(void **state)
{
	(void)state;
	crash(note_part);
	open_spool();
	FORGET("a", "node/status");
	assert_null(spool_retained(spool, 0));
	spool = spool_free(spool);
	open_spool();
	assert_null(spool_retained(spool, 0));
	spool_note_retained(spool, "a");
	EXPECT("a");
}

static void topics_that_waiting_messages_will_fill_again_stay_remembered(void **state)
{
	(void)state;
	open_spool();
	spool_note_retained(spool, "a");
	put(1);
	FORGET("a");
	EXPECT("a");
	turn(true);
	deliver(1, 1);
	FORGET("a");
	assert_null(spool_retained(spool, 0));
}

static void without_a_disk_only_this_run_is_remembered(void **state)
{
	(void)state;
	assert_int_equal(spool_new(&spool, &settings, NULL, NULL), 0);
	spool_open(spool);
	spool_note_retained(spool, "b");
	spool_note_retained(spool, "a");
	spool_note_retained(spool, "b");
	turn(true);
	EXPECT("a", "b");
	FORGET("b", "a");
	assert_null(spool_retained(spool, 0));
}

static void what_could_not_be_written_is_written_when_the_disk_is_back(void **state)
{
	(void)state;
	crash(note_part);
	/* Somebody else's file is in the way, then it is not. */
	assert_int_equal(rename("state", "elsewhere"), 0);
	open_spool();
	spool_note_retained(spool, "c");
	EXPECT("c");
	assert_int_equal(rename("elsewhere", "state"), 0);
	now += 60 * SECOND;
	turn(true);
	EXPECT("a", "c", "node/status");
	spool = spool_free(spool);
	open_spool();
	EXPECT("a", "c", "node/status");
}

static void what_becomes_known_meanwhile_stays_remembered(void **state)
{
	(void)state;
	crash(note_part);
	assert_int_equal(rename("state", "elsewhere"), 0);
	open_spool();
	spool_note_retained(spool, "c");
	assert_false(spool_recall_retained(spool));
	assert_int_equal(rename("elsewhere", "state"), 0);
	now += 60 * SECOND;
	turn(true);
	FORGET("c");
	EXPECT("a", "node/status");
	spool = spool_free(spool);
	open_spool();
	assert_true(spool_recall_retained(spool));
	EXPECT("a", "node/status");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(a_topic_is_remembered_once_it_was_noted_even_over_a_crash),
		TEST(what_is_known_is_not_written_again),
		TEST(topics_that_are_new_together_wait_for_the_disk_once),
		TEST(a_turn_writes_what_was_noted),
		TEST(nothing_is_remembered_after_all_were_forgotten),
		TEST(topics_that_waiting_messages_will_fill_again_stay_remembered),
		TEST(without_a_disk_only_this_run_is_remembered),
		TEST(what_could_not_be_written_is_written_when_the_disk_is_back),
		TEST(what_becomes_known_meanwhile_stays_remembered),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_retained", tests, temp_dir_enter,
					   temp_dir_leave);
}
