// SPDX-License-Identifier: MIT
/* test_cli_layout.c — the status as a person reads it */
#include "mqttnode/cli_layout.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char earlier[] =
	"{'version':'1.2','uptime_s':59,'online':true,"
	" 'chip':{'counters':{'rx_frames':100,'rx_bytes':6000,'tx_frames':5,'tx_bytes':300,"
	"                     'bus_messages':1000}},"
	" 'mqtt':{'published':10,'received':7}}";

static const char later[] =
	"{'version':'1.2','uptime_s':11532,'online':true,"
	" 'node':{'hostname':'garage','client_id':'node-1','interface':'mqtt0',"
	"         'mac':'02:00:00:00:00:01','address':'10.0.0.5','prefix_length':24,"
	"         'gateway':'10.0.0.1','addresses6':['fe80::1','2001:db8::1']},"
	" 'ladder':[{'rung':'chip','state':'ok','text':'W5500 found','since_s':7},"
	"           {'rung':'link','state':'failed','text':'No cable','since_s':200000}],"
	" 'chip':{'spi_speed_hz':31250000,'interrupt_works':true,'link':true,"
	"         'link_mbit':100,'full_duplex':true,"
	"         'counters':{'rx_frames':300,'rx_bytes':2006000,'tx_frames':5,"
	"                     'tx_bytes':300,'bus_messages':1200,'bus_errors':3,"
	"                     'rx_header_bad':0}},"
	" 'mqtt':{'published':15,'received':7,'backlog':2,'connects':4,"
	"         'dropped_offline':9,"
	"         'spool':{'messages':2,'bytes':1300,'on_disk':1,'dropped_age':6,"
	"                  'disk_error':'No space left on device'}},"
	" 'messages':[{'topic':'in','payload':'a\\\\nb','ago_s':61},"
	"             {'topic':'out','payload':'','ago_s':3}],"
	" 'display':null,'log':{'dropped':1}}";

/* Single quotes for double ones: easier to read. */
static json_object *parse(const char *text)
{
	char *copy = strdup(text);
	json_object *o;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	o = json_tokener_parse(copy);
	free(copy);
	assert_non_null(o);
	return o;
}

static void layout(const char *now, const char *before, double seconds, bool colour,
		   char *buf, size_t size)
{
	json_object *a = parse(now), *b = parse(before);
	FILE *out = fmemopen(buf, size, "w");

	assert_non_null(out);
	cli_layout_status(out, a, b, seconds, colour);
	assert_int_equal(fclose(out), 0);
	json_object_put(a);
	json_object_put(b);
}

static void shows_ladder_rates_and_what_is_not_zero(void **state)
{
	char text[4096];

	(void)state;
	layout(later, earlier, 2, false, text, sizeof(text));
	assert_string_equal(
		text,
		"mqttnode 1.2 on garage, up 3 h 12 min: online\n"
		"\n"
		"  chip     ok       W5500 found (7 s)\n"
		"  link     failed   No cable (2 days)\n"
		"\n"
		"Address   10.0.0.5/24, gateway 10.0.0.1, mqtt0 02:00:00:00:00:01\n"
		"          fe80::1\n"
		"          2001:db8::1\n"
		"Link      100 Mbit/s full duplex, SPI at 31.25 MHz, interrupt line\n"
		"Received  300 frames, 2.0 MB; 100 frames/s, 1.0 MB/s\n"
		"Sent      5 frames, 300 B; 0 frames/s, 0 B/s\n"
		"Bus       1200 calls; 100 calls/s\n"
		"Broker    as node-1; published 15 (2.5/s), received 7 (0.0/s), waiting 2, "
		"connected 4 times\n"
		"Spool     2 messages, 1.3 kB; 1 on the disk, which fails: No space left on "
		"device\n"
		"Messages  in: a\\nb (1 min)\n"
		"          out:  (3 s)\n"
		"\n"
		"Counters that are not zero, see mqttnode(8):\n"
		"  chip.counters.bus_errors                 3\n"
		"  mqtt.dropped_offline                     9\n"
		"  mqtt.spool.dropped_age                   6\n"
		"  log.dropped                              1\n");
}

static void a_restarted_daemon_has_no_negative_rates(void **state)
{
	char text[4096];

	(void)state;
	layout(earlier, later, 1, false, text, sizeof(text));
	assert_non_null(
		strstr(text, "Received  100 frames, 6.0 kB; 0 frames/s, 0 B/s\n"));
}

static void an_answer_that_lacks_things_is_shown_without_them(void **state)
{
	char text[4096];

	(void)state;
	layout("{}", "{}", 1, false, text, sizeof(text));
	assert_non_null(strstr(text, "not online"));
	assert_non_null(strstr(text, "Link      none, "));
	layout("{'ladder':7,'node':'x','chip':[],'mqtt':null,'messages':[3,{}]}", "{}", 0,
	       false, text, sizeof(text));
	assert_non_null(strstr(text, "not online"));
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	char text[4096];

	(void)state;
	layout("{'node':{'hostname':'\\u001b[31mred\\u0007'},'a\\u001bb':3,"
	       "'ladder':[{'rung':'chip','state':'failed','text':'\\u001b]0;x\\n'}]}",
	       "{}", 1, false, text, sizeof(text));
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\007'));
	assert_non_null(strstr(text, "\\x1b[31mred"));
}

static void colours_follow_the_state(void **state)
{
	char text[4096];

	(void)state;
	layout(later, earlier, 2, true, text, sizeof(text));
	assert_non_null(strstr(text, "\033[1;32mmqttnode 1.2"));
	assert_non_null(strstr(text, "\033[32mchip     ok"));
	assert_non_null(strstr(text, "\033[1;31mlink     failed"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_ladder_rates_and_what_is_not_zero),
		cmocka_unit_test(a_restarted_daemon_has_no_negative_rates),
		cmocka_unit_test(an_answer_that_lacks_things_is_shown_without_them),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(colours_follow_the_state),
	};

	return cmocka_run_group_tests_name("cli_layout", tests, NULL, NULL);
}
