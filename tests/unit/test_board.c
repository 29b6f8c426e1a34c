// SPDX-License-Identifier: MIT
/* test_board.c — the simulated board: its description, its socket, its screen */
#include "sim/board.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json_pointer.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "board_rig.h"

#include "mqttnode/i2cdev.h"
#include "sim/oled_module.h"

/* ---- the description ---- */

static void understands_its_description(void **state)
{
	struct board_config c;
	char error[160];

	(void)state;
	assert_int_equal(board_parse(&c, "", error, sizeof(error)), 0);
	assert_int_equal(c.wire_fd, -1);
	assert_int_equal(c.socket_fd, -1);
	assert_true(c.cable_in && c.oled_in);
	assert_string_equal(c.lossy_path, "");
	assert_int_equal(c.link_delay_ms, 1500);
	assert_string_equal(c.oled_module->name, "ssd1306");
	assert_int_equal(c.oled_address, 0x3c);
	assert_int_equal(c.int_offset, 25);
	assert_int_equal(c.reset_offset, 24);
	assert_string_equal(c.spi_path, "/dev/spidev0.0");
	assert_string_equal(c.i2c_path, "/dev/i2c-1");

	assert_int_equal(
		board_parse(
			&c,
			"wire=5,socket=6,link=down,link-delay=100,oled=out,"
			"oled-module=sh1106,oled-address=0x3d,i2c-clock=100000,"
			"spi=/dev/spidev1.2,i2c=/dev/i2c-9,int=gpiochip0:5,reset=GPIO6,bufsiz=16384,"
			"alignment=1,lossy=/run/state,seed=77,do=oled out,do=chip lost",
			error, sizeof(error)),
		0);
	assert_int_equal(c.wire_fd, 5);
	assert_int_equal(c.socket_fd, 6);
	assert_false(c.cable_in || c.oled_in);
	assert_int_equal(c.link_delay_ms, 100);
	assert_string_equal(c.oled_module->name, "sh1106");
	assert_int_equal(c.oled_address, 0x3d);
	assert_int_equal(c.i2c_clock_hz, 100000);
	assert_string_equal(c.spi_path, "/dev/spidev1.2");
	assert_string_equal(c.i2c_path, "/dev/i2c-9");
	assert_int_equal(c.int_offset, 5);
	assert_int_equal(c.reset_offset, 6);
	assert_int_equal(c.bufsiz, 16384);
	assert_int_equal(c.alignment, 1);
	assert_string_equal(c.lossy_path, "/run/state");
	assert_int_equal(c.seed, 77);
	assert_string_equal(c.commands, "oled out\nchip lost\n");
}

static void refuses_what_it_does_not_understand(void **state)
{
	static const struct {
		const char *text, *phrase;
	} cases[] = {
		{ "wires=5", "There is no wires=" },
		{ "wire", "There is no wire; what is said is KEY=VALUE" },
		{ "wire=x", "wire cannot be \"x\"" },
		{ "wire=-1", "wire cannot be \"-1\"" },
		{ "wire=5x", "wire cannot be \"5x\"" },
		{ "link=maybe", "link cannot be \"maybe\"" },
		{ "link-delay=60001", "link-delay cannot be" },
		{ "oled-module=sh1107", "oled-module cannot be \"sh1107\"" },
		{ "oled-address=0x78", "oled-address cannot be" },
		{ "spi=", "spi cannot be \"\"" },
		{ "int=GPIO99", "int cannot be \"GPIO99\"" },
		{ "bufsiz=0", "bufsiz cannot be" },
	};
	struct board_config c;
	char error[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(board_parse(&c, cases[i].text, error, sizeof(error)),
				 -EINVAL);
		if (!strstr(error, cases[i].phrase))
			fail_msg("%s: \"%s\"", cases[i].text, error);
	}
}

static void starts_as_described(void **state)
{
	struct rig *rig = *state;
	struct i2c_bus *bus;

	rebuild(rig,
		"link=down,oled=out,oled-module=ssd1306-32,oled-address=0x3d,i2c-clock=100000,bufsiz=8192,"
		"alignment=64,spi=/dev/spidev3.1,i2c=/dev/i2c-4");
	assert_int_equal(number(rig, "stats", "/wire/cable"), false);
	assert_int_equal(number(rig, "stats", "/oled/plugged"), false);
	assert_int_equal(number(rig, "screen", "/height"), 32);
	assert_int_equal(spidev_open(&rig->spi, "/dev/spidev0.0", 1000000), -ENOENT);
	assert_int_equal(spidev_open(&rig->spi, "/dev/spidev3.1", 1000000), 0);
	assert_int_equal(spidev_limits(rig->spi).bufsiz, 8192);
	assert_int_equal(spidev_limits(rig->spi).alignment, 64);
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-4", 0x3d), 0);
	assert_int_equal(i2cdev_clock_hz(bus), 100000);
	assert_int_equal(i2cdev_transfer(bus, &(struct i2c_message){ .len = 0 }, 1),
			 -EREMOTEIO);
	tell(rig, "oled in");
	assert_int_equal(i2cdev_transfer(bus, &(struct i2c_message){ .len = 0 }, 1), 0);
	bus = i2cdev_close(bus);
}

/* ---- the socket ---- */

static void answers_each_line_with_one(void **state)
{
	struct rig *rig = *state;
	json_object *answer = ask_at(rig->client, "help"), *list;

	list = json_object_object_get(answer, "help");
	assert_int_equal(json_object_array_length(list), 14);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(list, 5)),
			    "cable in|out");
	(void)json_object_put(answer);
	assert_refused(rig, "dance", "No such command");
	assert_refused(rig, "", "No such command");
	assert_refused(rig, "cable", "Usage: cable in|out");
	assert_refused(rig, "stats now", "Usage: stats");
	assert_refused(rig, "a b c d e f g", "Too many words");
	assert_refused(rig, "cable sideways", "cable takes: in, out");
	assert_refused(rig, "oled up", "oled takes: in, out, glitch");
	assert_refused(rig, "chip found", "chip takes: lost");
	assert_refused(rig, "spi bind", "spi takes: unbind");
	assert_refused(rig, "fault all", "fault takes: clear");

	/* A line in two pieces. */
	assert_int_equal(send(rig->client, "cable", 5, 0), 5);
	tell(rig, " out");
	assert_int_equal(number(rig, "stats", "/wire/cable"), false);
}

static void answers_lines_sent_in_one_go_in_their_order(void **state)
{
	struct rig *rig = *state;
	char text[2000] = "";
	size_t used = 0;

	assert_int_equal(send(rig->client, "cable out\ncable in\nfly\n", 23, 0), 23);
	while (!strstr(text, "No such command") || text[used - 1] != '\n') {
		ssize_t n = recv(rig->client, text + used, sizeof(text) - 1 - used, 0);

		assert_true(n > 0);
		used += (size_t)n;
		text[used] = '\0';
	}
	assert_memory_equal(text, "{\"ok\":true}\n{\"ok\":true}\n{\"ok\":false,", 36);
}

static void disconnects_who_sends_no_newline(void **state)
{
	struct rig *rig = *state;
	char junk[256], c;

	memset(junk, 'x', sizeof(junk));
	assert_int_equal(send(rig->client, junk, sizeof(junk), MSG_NOSIGNAL),
			 sizeof(junk));
	assert_true(recv(rig->client, &c, 1, 0) <= 0);
}

/* A listening socket for the board, and connections to it. */
static void listen_at(struct sockaddr_un *address, socklen_t *len, int *ret)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = sizeof(*address);
	*ret = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*ret >= 0);
	/* An abstract name that the kernel chooses. */
	assert_int_equal(bind(*ret, (struct sockaddr *)address, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(*ret, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(*ret, 16), 0);
}

static int connect_to(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)address, len), 0);
	return fd;
}

static void serves_several_clients(void **state)
{
	struct rig *rig = *state;
	struct sockaddr_un address;
	struct board_config config;
	char text[64], error[160], c;
	int listener, clients[8], ninth;
	json_object *answer;
	socklen_t len;

	rig->board = board_free(rig->board);
	listen_at(&address, &len, &listener);
	(void)snprintf(text, sizeof(text), "socket=%d", listener);
	assert_int_equal(board_parse(&config, text, error, sizeof(error)), 0);
	assert_int_equal(board_new(&rig->board, &config), 0);

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
			clients[i] = connect_to(&address, len);
			answer = ask_at(clients[i], "help");
			assert_true(is_ok(answer));
			(void)json_object_put(answer);
		}
		ninth = connect_to(&address, len); /* too many */
		assert_true(recv(ninth, &c, 1, 0) <= 0);
		close(ninth);
		for (size_t i = ARRAY_SIZE(clients); i-- > 0;) {
			answer = ask_at(clients[i], "stats");
			assert_true(is_ok(answer));
			(void)json_object_put(answer);
			close(clients[i]);
		}
	}
}

static void outlives_its_client(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(send(rig->client, "stats\nstats\nstats\n", 18, 0), 18);
	close(rig->client); /* and does not wait for the answers */
	rig->client = -1;
	bring_up_chip(rig);
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);
}

static void is_taken_down_when_a_part_cannot_be_had(void **state)
{
	struct rig *rig = *state;
	struct board *second = NULL;
	struct board_config config;
	char text[64], error[160];
	int wire[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
	(void)snprintf(text, sizeof(text), "wire=%d", wire[0]);
	assert_int_equal(board_parse(&config, text, error, sizeof(error)), 0);
	assert_int_equal(board_new(&second, &config), -EEXIST); /* the SPI node */
	assert_null(second);
	close(wire[1]);
	(void)rig;
	/* A socket that is none. */
	rig->board = board_free(rig->board);
	assert_int_equal(board_parse(&config, "socket=0", error, sizeof(error)), 0);
	config.socket_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(board_new(&second, &config), -ENOTSOCK);
	assert_null(second);
	assert_null(board_free(NULL));
}

/* ---- what it tells ---- */

static void tells_its_counters(void **state)
{
	struct rig *rig = *state;
	static const char *const paths[] = {
		"/time_ns",
		"/memory",
		"/violations",
		"/warnings",
		"/bus_waits",
		"/spi/messages",
		"/spi/transfers",
		"/chip/chip_selects",
		"/chip/bytes",
		"/chip/rx_dropped_full",
		"/chip/soft_resets",
		"/wire/cable",
		"/wire/link",
		"/wire/mbit",
		"/wire/to_node/frames",
		"/wire/to_node/dropped",
		"/wire/from_node/bytes",
		"/wire/from_node/arp",
		"/i2c/calls",
		"/i2c/wire_bytes",
		"/oled/plugged",
		"/oled/lit",
		"/oled/power_losses",
		"/gpio/int",
		"/gpio/reset",
		"/gpio/int_events_dropped",
		"/gpio/reset_pulses",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		(void)number(rig, "stats", paths[i]);
	assert_in_range(number(rig, "stats", "/memory"), 100000, 2000000);
	bring_up_chip(rig);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
	assert_int_equal(number(rig, "stats", "/spi/transfers"),
			 2 * number(rig, "stats", "/spi/messages"));
	assert_int_equal(number(rig, "settings", "/chip/link_delay_ns"), 0);
	assert_int_equal(number(rig, "settings", "/spi/bufsiz"), 4096);
	assert_int_equal(number(rig, "settings", "/i2c/clock_hz"), 400000);
	assert_int_equal(number(rig, "settings", "/gpio/int_deaf"), 0);
}

static void tells_violations_and_warnings_with_their_part(void **state)
{
	struct rig *rig = *state;
	json_object *answer, *value;
	struct i2c_bus *bus;
	uint8_t unknown[] = { 0x00, 0xad }, odd[] = { 0x00, 0xdb, 0x40 };

	bring_up_chip(rig);
	write8(rig, 0x2f, S0_WRITE - 8, 1); /* a reserved common register */
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-1", 0x3c), 0);
	assert_int_equal(
		i2cdev_transfer(bus, &(struct i2c_message){ .buf = unknown, .len = 2 },
				1),
		0);
	assert_int_equal(
		i2cdev_transfer(bus, &(struct i2c_message){ .buf = odd, .len = 3 }, 1),
		0);
	bus = i2cdev_close(bus);

	assert_int_equal(number(rig, "stats", "/violations"), 2);
	assert_int_equal(number(rig, "stats", "/warnings"), 1);
	answer = ask_at(rig->client, "violations");
	assert_int_equal(json_pointer_get(answer, "/violations/0/part", &value), 0);
	assert_string_equal(json_object_get_string(value), "w5500");
	assert_int_equal(json_pointer_get(answer, "/violations/1/part", &value), 0);
	assert_string_equal(json_object_get_string(value), "ssd1306");
	assert_int_equal(json_pointer_get(answer, "/violations/1/text", &value), 0);
	assert_string_equal(json_object_get_string(value), "Unknown command 0xad");
	assert_int_equal(json_pointer_get(answer, "/warnings/0/part", &value), 0);
	assert_string_equal(json_object_get_string(value), "ssd1306");
	(void)json_object_put(answer);
}

static void light_one_column(struct i2c_bus *bus)
{
	static uint8_t init[] = { 0x00, 0xae, 0x8d, 0x14, 0xa1, 0xc8, 0x81, 0x44 };
	static uint8_t data[129] = { 0x40 }, on[] = { 0x00, 0xaf };
	uint8_t where[] = { 0x00, 0xb0, 0x00, 0x10 };

	assert_int_equal(
		i2cdev_transfer(bus, &(struct i2c_message){ .buf = init, .len = 8 }, 1),
		0);
	for (uint8_t page = 0; page < 8; page++) {
		struct i2c_message messages[] = {
			{ .buf = where, .len = sizeof(where) },
			{ .buf = data, .len = sizeof(data) },
		};

		where[1] = 0xb0 | page;
		data[1] = page == 0 ? 0xff : 0;
		assert_int_equal(i2cdev_transfer(bus, messages, 2), 0);
	}
	assert_int_equal(
		i2cdev_transfer(bus, &(struct i2c_message){ .buf = on, .len = 2 }, 1), 0);
}

static unsigned int count_lit(struct rig *rig)
{
	json_object *answer = ask_at(rig->client, "screen");
	json_object *rows = json_object_object_get(answer, "rows");
	unsigned int lit = 0;

	assert_int_equal(json_object_array_length(rows), 64);
	for (size_t y = 0; y < 64; y++) {
		const char *row =
			json_object_get_string(json_object_array_get_idx(rows, y));

		assert_int_equal(strspn(row, ".#"), 128);
		for (const char *p = row; *p; p++)
			lit += *p == '#';
		assert_int_equal(row[0] == '#', lit > 0 && y < 8);
	}
	(void)json_object_put(answer);
	return lit;
}

static void shows_what_a_person_sees(void **state)
{
	struct rig *rig = *state;
	struct i2c_bus *bus;
	json_object *answer;
	const char *pbm;

	assert_int_equal(count_lit(rig), 0);
	assert_int_equal(number(rig, "screen", "/lit"), false);
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-1", 0x3c), 0);
	light_one_column(bus);
	assert_int_equal(count_lit(rig), 8);
	assert_int_equal(number(rig, "screen", "/lit"), true);
	assert_int_equal(number(rig, "screen", "/contrast"), 0x44);
	assert_int_equal(number(rig, "screen", "/width"), 128);
	answer = ask_at(rig->client, "pbm");
	pbm = json_object_get_string(json_object_object_get(answer, "pbm"));
	assert_memory_equal(pbm, "P1\n128 64\n10000", 15);
	(void)json_object_put(answer);

	tell(rig, "oled out");
	assert_int_equal(count_lit(rig), 0);
	assert_int_equal(number(rig, "stats", "/oled/plugged"), false);
	tell(rig, "oled in");
	assert_int_equal(count_lit(rig), 0);
	assert_int_equal(number(rig, "stats", "/oled/power_losses"), 1);
	light_one_column(bus);
	assert_int_equal(count_lit(rig), 8);
	tell(rig, "oled glitch");
	assert_int_equal(count_lit(rig), 0);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
	bus = i2cdev_close(bus);
}

/* ---- threads ---- */

struct stuck_call {
	struct i2c_bus *bus;
	atomic_bool done;
};

static void *call_stuck_bus(void *arg)
{
	struct stuck_call *call = arg;
	int r = i2cdev_transfer(call->bus, &(struct i2c_message){ .len = 0 }, 1);

	atomic_store(&call->done, true);
	return r == -ETIMEDOUT ? call : NULL;
}

/* The call takes 2 s here; everybody else goes on meanwhile. */
static void holds_nobody_up_while_the_display_bus_is_stuck(void **state)
{
	struct rig *rig = *state;
	struct stuck_call call = { 0 };
	pthread_t thread;
	void *result;

	bring_up_chip(rig);
	tell(rig, "set i2c timeout_ns 2000000000");
	tell(rig, "fault i2c-stuck on");
	assert_int_equal(i2cdev_open(&call.bus, "/dev/i2c-1", 0x3c), 0);
	assert_int_equal(pthread_create(&thread, NULL, call_stuck_bus, &call), 0);
	wait_for_number(rig, "/i2c/calls", 1);
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);
	tell(rig, "cable out");
	assert_false(atomic_load(&call.done));
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &call);
	call.bus = i2cdev_close(call.bus);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_its_description),
		cmocka_unit_test(refuses_what_it_does_not_understand),
		TEST(starts_as_described),
		TEST(answers_each_line_with_one),
		TEST(answers_lines_sent_in_one_go_in_their_order),
		TEST(disconnects_who_sends_no_newline),
		TEST(serves_several_clients),
		TEST(outlives_its_client),
		TEST(is_taken_down_when_a_part_cannot_be_had),
		TEST(tells_its_counters),
		TEST(tells_violations_and_warnings_with_their_part),
		TEST(shows_what_a_person_sees),
		TEST(holds_nobody_up_while_the_display_bus_is_stuck),
	};

	return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
