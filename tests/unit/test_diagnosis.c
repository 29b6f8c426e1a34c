// SPDX-License-Identifier: MIT
/* test_diagnosis.c — from a status to findings, and advice for each of them */
#include "mqttnode/diagnosis.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json_tokener.h>

#include "unit.h"

#include "mqttnode/cleanup.h"
#include "mqttnode/findings.h"

#define RUNG(name, state, cause, text)                                                   \
	"{\"rung\":\"" name "\",\"state\":\"" state "\",\"cause_id\":\"" cause           \
	"\",\"text\":\"" text "\",\"since_s\":10}"

#define FINE                                                                               \
	RUNG("chip", "ok", "", "")                                                         \
	"," RUNG("link", "ok", "", "") "," RUNG("address", "ok", "", "") "," RUNG(         \
		"route", "ok", "",                                                         \
		"") "," RUNG("name", "ok", "",                                             \
			     "") "," RUNG("tcp", "ok", "",                                 \
					  "") "," RUNG("tls", "unused", "",                \
						       "") "," RUNG("connack", "ok", "",   \
								    "") "," RUNG("suback", \
										 "ok",     \
										 "", "")

static struct diagnosis d;

static int set_up(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	return 0;
}

static void judge(const char *status)
{
	json_object *o = json_tokener_parse(status);

	assert_non_null(o);
	diagnosis_read_status(&d, o);
	json_object_put(o);
}

static void assert_only(enum finding_level level, const char *where, enum cause_id cause,
			int status)
{
	assert_int_equal(d.n, 1);
	assert_int_equal(d.findings[0].level, level);
	assert_string_equal(d.findings[0].where, where);
	assert_int_equal(d.findings[0].cause, cause);
	assert_int_equal(diagnosis_exit_status(&d), status);
}

static void nothing_is_found_where_nothing_is_wrong(void **state)
{
	(void)state;
	judge("{\"online\":true,\"ladder\":[" FINE "],\"chip\":{\"spi_bufsiz\":65536}}");
	assert_int_equal(d.n, 0);
	assert_int_equal(diagnosis_exit_status(&d), 0);
}

static void failures_come_before_hints(void **state)
{
	static const enum cause_id order[] = { CAUSE_SPI_ABSENT, CAUSE_I2C_ABSENT,
					       CAUSE_GPIO_ABSENT, CAUSE_SPI_TOO_FAST };

	(void)state;
	diagnosis_add(&d, FINDING_HINT, "chip", CAUSE_GPIO_ABSENT, "no lines");
	diagnosis_add(&d, FINDING_HINT, "chip", CAUSE_SPI_TOO_FAST, "slow");
	diagnosis_add(&d, FINDING_FAILED, "chip", CAUSE_SPI_ABSENT, "no bus");
	diagnosis_add(&d, FINDING_FAILED, "display", CAUSE_I2C_ABSENT, "no display");
	assert_int_equal(d.n, ARRAY_SIZE(order));
	for (size_t i = 0; i < d.n; i++)
		assert_int_equal(d.findings[i].cause, order[i]);
	assert_int_equal(diagnosis_exit_status(&d), 10);
}

static void the_rung_that_failed_gives_the_exit_status(void **state)
{
	(void)state;
	judge("{\"ladder\":[" RUNG("chip", "ok", "", "") "," RUNG(
		"link", "failed", "no-cable", "No cable") "," RUNG("address", "waiting",
								   "", "") "]}");
	assert_only(FINDING_FAILED, "link", CAUSE_NO_CABLE, 11);
	assert_string_equal(d.findings[0].seen, "No cable");
}

static void the_lowest_failure_counts_and_the_display_last(void **state)
{
	(void)state;
	judge("{\"ladder\":[" RUNG("chip", "ok", "", "") "," RUNG(
		"link", "failed", "no-cable",
		"No cable") "],"
			    "\"display\":{\"present\":false,"
			    "\"cause_id\":\"oled-absent\","
			    "\"cause\":\"No display\"}}");
	assert_int_equal(d.n, 2);
	assert_int_equal(diagnosis_exit_status(&d), 11);
	diagnosis_add(&d, FINDING_FAILED, "configuration", CAUSE_CONFIG_INVALID, "x");
	assert_int_equal(diagnosis_exit_status(&d), 78);
}

static void a_rung_that_is_ok_may_have_a_hint(void **state)
{
	(void)state;
	judge("{\"online\":true,\"ladder\":[" RUNG("link", "ok", "link-slow",
						   "10 Mbit/s half duplex") "]}");
	assert_only(FINDING_HINT, "link", CAUSE_LINK_SLOW, 0);
}

static void hints_of_chip_and_display_are_told(void **state)
{
	(void)state;
	judge("{\"online\":true,\"ladder\":[" FINE "],"
	      "\"chip\":{\"hint\":\"low\",\"hint_id\":\"int-stuck-low\"},"
	      "\"display\":{\"present\":true,\"hint\":\"other\","
	      "\"hint_id\":\"oled-other-controller\"}}");
	assert_int_equal(d.n, 2);
	assert_int_equal(d.findings[0].cause, CAUSE_INT_STUCK_LOW);
	assert_int_equal(d.findings[1].cause, CAUSE_OLED_OTHER_CONTROLLER);
	assert_int_equal(diagnosis_exit_status(&d), 0);
}

static void a_small_buffer_is_told_where_nothing_else_is_wrong(void **state)
{
	(void)state;
	judge("{\"online\":true,\"ladder\":[" FINE "],\"chip\":{\"spi_bufsiz\":4096}}");
	assert_only(FINDING_HINT, "chip", CAUSE_SPI_SMALL_BUFFER, 0);
	memset(&d, 0, sizeof(d));
	judge("{\"ladder\":[" RUNG("chip", "failed", "miso-ones",
				   "x") "],"
					"\"chip\":{\"spi_bufsiz\":"
					"4096}}");
	assert_only(FINDING_FAILED, "chip", CAUSE_MISO_ONES, 10);
}

static void a_session_that_ends_again_and_again_is_taken_away(void **state)
{
	(void)state;
	judge("{\"online\":true,\"uptime_s\":30,\"ladder\":[" FINE
	      "],\"mqtt\":{\"disconnects\":3,\"taken_over\":2}}");
	assert_only(FINDING_FAILED, "connack", CAUSE_CLIENT_ID_TWICE, 17);
	assert_string_equal(d.findings[0].seen,
			    "The broker ended the session 2 times in 30 s");
	memset(&d, 0, sizeof(d));
	judge("{\"online\":true,\"uptime_s\":30000,\"ladder\":[" FINE
	      "],\"mqtt\":{\"disconnects\":3,\"taken_over\":3}}");
	assert_int_equal(d.n, 0);
	/* one end may be that of the broker */
	judge("{\"online\":true,\"uptime_s\":30,\"ladder\":[" FINE
	      "],\"mqtt\":{\"disconnects\":1,\"taken_over\":1}}");
	assert_int_equal(d.n, 0);
}

static void a_session_that_the_cable_ended_was_not_taken_away(void **state)
{
	(void)state;
	judge("{\"online\":true,\"uptime_s\":40,\"ladder\":[" FINE
	      "],\"mqtt\":{\"disconnects\":9,\"taken_over\":0}}");
	assert_int_equal(d.n, 0);
}

static void sessions_that_last_again_are_no_finding(void **state)
{
	static char status[2048] = "{\"online\":true,\"uptime_s\":100,\"ladder\":[" FINE
				   "],\"mqtt\":{\"taken_over\":2}}";
	char *since;

	(void)state;
	judge(status);
	assert_int_equal(d.n, 1);
	memset(&d, 0, sizeof(d));
	since = strstr(strstr(status, "connack"), "since_s\":10");
	assert_non_null(since);
	memcpy(since, "since_s\":90", strlen("since_s\":90"));
	judge(status);
	assert_int_equal(d.n, 0);
}

static void a_word_that_does_not_come_back_was_not_let_through(void **state)
{
	(void)state;
	judge("{\"online\":true,\"ladder\":[" FINE
	      "],\"mqtt\":{\"status_sent\":1,\"status_heard\":0}}");
	assert_only(FINDING_HINT, "publish", CAUSE_PUBLISH_REFUSED, 0);
	memset(&d, 0, sizeof(d));
	judge("{\"online\":true,\"ladder\":[" FINE "],\"mqtt\":{\"refused\":2}}");
	assert_only(FINDING_FAILED, "publish", CAUSE_PUBLISH_REFUSED, 19);
	memset(&d, 0, sizeof(d));
	judge("{\"online\":true,\"ladder\":[" FINE
	      "],\"mqtt\":{\"status_sent\":1,\"status_heard\":1}}");
	assert_int_equal(d.n, 0);
}

static void a_ladder_that_is_not_climbed_is_never_all_right(void **state)
{
	(void)state;
	judge("{\"online\":false,\"ladder\":[" RUNG("chip", "ok", "", "") "," RUNG(
		"link", "waiting", "", "") "]}");
	assert_only(FINDING_FAILED, "link", CAUSE_NONE, 11);
}

static void answers_of_strangers_do_no_harm(void **state)
{
	static const char *const answers[] = {
		"{}",
		"[]",
		"7",
		"{\"ladder\":7,\"chip\":[],\"mqtt\":\"x\",\"display\":{}}",
		"{\"ladder\":[7,{\"rung\":[],\"state\":{}},{\"state\":\"failed\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		judge(answers[i]);
	memset(&d, 0, sizeof(d));
	judge("{\"ladder\":[" RUNG("\\u001b[31m", "failed", "", "\\u001b[2Jx") "]}");
	assert_null(strchr(d.findings[0].seen, 27));
	assert_null(strchr(d.findings[0].where, 27));
}

static void findings_are_told_once_and_are_not_endless(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		diagnosis_add(&d, FINDING_HINT, "chip", CAUSE_GPIO_BUSY, "the same");
	assert_int_equal(d.n, 1);
	for (int i = 0; i < 2 * DIAGNOSIS_MAX; i++)
		diagnosis_add(&d, FINDING_FAILED, "configuration", CAUSE_CONFIG_INVALID,
			      "line %d", i);
	assert_int_equal(d.n, DIAGNOSIS_MAX);
	assert_int_equal(d.left_out, DIAGNOSIS_MAX + 1);
}

/* Sentences, each with a capital and a full stop, and none of them another one's. */
static void every_cause_has_advice_of_its_own(void **state)
{
	(void)state;
	for (int i = CAUSE_NONE; i < CAUSE_IDS; i++) {
		const struct finding_advice *a = findings_advice((enum cause_id)i);

		assert_non_null(a->meaning);
		assert_non_null(a->action);
		assert_in_range(strlen(a->meaning), 20, 240);
		assert_in_range(strlen(a->action), 20, 240);
		assert_non_null(strchr(".?", a->meaning[strlen(a->meaning) - 1]));
		assert_non_null(strchr(".?", a->action[strlen(a->action) - 1]));
		assert_null(strstr(a->meaning, "  "));
		assert_null(strstr(a->action, "  "));
		for (int j = CAUSE_NONE; j < i; j++)
			assert_string_not_equal(
				a->meaning, findings_advice((enum cause_id)j)->meaning);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	static const struct CMUnitTest tests[] = {
		TEST(nothing_is_found_where_nothing_is_wrong),
		TEST(failures_come_before_hints),
		TEST(the_rung_that_failed_gives_the_exit_status),
		TEST(the_lowest_failure_counts_and_the_display_last),
		TEST(a_rung_that_is_ok_may_have_a_hint),
		TEST(hints_of_chip_and_display_are_told),
		TEST(a_small_buffer_is_told_where_nothing_else_is_wrong),
		TEST(a_session_that_ends_again_and_again_is_taken_away),
		TEST(a_session_that_the_cable_ended_was_not_taken_away),
		TEST(sessions_that_last_again_are_no_finding),
		TEST(a_word_that_does_not_come_back_was_not_let_through),
		TEST(a_ladder_that_is_not_climbed_is_never_all_right),
		TEST(answers_of_strangers_do_no_harm),
		TEST(findings_are_told_once_and_are_not_endless),
		TEST(every_cause_has_advice_of_its_own),
	};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
