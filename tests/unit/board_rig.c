// SPDX-License-Identifier: MIT
/* board_rig.c — a whole simulated board, a client of its socket, a hand on its chip */
#include "board_rig.h"

#include <json-c/json_pointer.h>
#include <json-c/json_tokener.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "mqttnode/bytes.h"
#include "mqttnode/clock.h"

#define DEADLINE_NS (10 * NSEC_PER_SEC)

static void build(struct rig *rig, const char *description)
{
	int wire[2], client[2];
	struct board_config config;
	char text[256], error[160];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wire), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client), 0);
	(void)snprintf(text, sizeof(text), "wire=%d,socket=%d,%s", wire[1], client[1],
		       description);
	assert_int_equal(board_parse(&config, text, error, sizeof(error)), 0);
	assert_int_equal(board_new(&rig->board, &config), 0);
	rig->wire = wire[0];
	rig->client = client[0];
}

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	build(rig, "link-delay=0");
	*state = rig;
	return 0;
}

static void destroy(struct rig *rig)
{
	rig->spi = spidev_close(rig->spi);
	rig->board = board_free(rig->board);
	close(rig->wire);
	close(rig->client);
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	destroy(rig);
	free(rig);
	return 0;
}

void rebuild(struct rig *rig, const char *description)
{
	destroy(rig);
	build(rig, description);
}

/* ---- the socket's other end ---- */

json_object *ask_at(int fd, const char *command)
{
	static char line[1 << 16];
	json_object *answer;
	char request[300];
	size_t used = 0;
	int len;

	len = snprintf(request, sizeof(request), "%s\n", command);
	assert_int_equal(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
	do {
		ssize_t n = recv(fd, line + used, sizeof(line) - 1 - used, 0);

		assert_true(n > 0);
		used += (size_t)n;
		line[used] = '\0';
	} while (line[used - 1] != '\n');
	assert_ptr_equal(strchr(line, '\n'), line + used - 1);
	answer = json_tokener_parse(line);
	assert_non_null(answer);
	return answer;
}

bool is_ok(json_object *answer)
{
	return json_object_get_boolean(json_object_object_get(answer, "ok"));
}

void tell(struct rig *rig, const char *command)
{
	json_object *answer = ask_at(rig->client, command);

	if (!is_ok(answer))
		fail_msg("%s: %s", command, json_object_to_json_string(answer));
	(void)json_object_put(answer);
}

void assert_refused(struct rig *rig, const char *command, const char *phrase)
{
	json_object *answer = ask_at(rig->client, command);
	const char *error =
		json_object_get_string(json_object_object_get(answer, "error"));

	assert_false(is_ok(answer));
	if (!error || !strstr(error, phrase))
		fail_msg("%s: \"%s\" is not in \"%s\"", command, phrase,
			 error ? error : "");
	(void)json_object_put(answer);
}

int64_t number(struct rig *rig, const char *command, const char *path)
{
	json_object *answer = ask_at(rig->client, command), *value;
	int64_t n;

	assert_true(is_ok(answer));
	if (json_pointer_get(answer, path, &value) < 0)
		fail_msg("%s has no %s", command, path);
	n = json_object_get_int64(value);
	(void)json_object_put(answer);
	return n;
}

void wait_for_number(struct rig *rig, const char *path, int64_t expected)
{
	uint64_t limit = clock_now_ns(&clock_system) + DEADLINE_NS;

	while (number(rig, "stats", path) != expected)
		if (clock_now_ns(&clock_system) > limit)
			fail_msg("%s does not become %ld", path, (long)expected);
}

/* ---- a small hand on the chip ---- */

int bus_write(struct rig *rig, uint16_t offset, uint8_t control, const void *data,
	      uint32_t len)
{
	const uint8_t header[] = { (uint8_t)(offset >> 8), (uint8_t)offset, control };
	const struct spi_transfer transfers[] = {
		{ .tx = header, .len = sizeof(header) },
		{ .tx = data, .len = len },
	};

	return spidev_message(rig->spi, transfers, 2);
}

int bus_read(struct rig *rig, uint16_t offset, uint8_t control, void *data, uint32_t len)
{
	const uint8_t header[] = { (uint8_t)(offset >> 8), (uint8_t)offset, control };
	const struct spi_transfer transfers[] = {
		{ .tx = header, .len = sizeof(header) },
		{ .rx = data, .len = len },
	};

	return spidev_message(rig->spi, transfers, 2);
}

void write8(struct rig *rig, uint16_t offset, uint8_t control, uint8_t value)
{
	assert_int_equal(bus_write(rig, offset, control, &value, 1), 0);
}

uint8_t read8(struct rig *rig, uint16_t offset, uint8_t control)
{
	uint8_t value;

	assert_int_equal(bus_read(rig, offset, control, &value, 1), 0);
	return value;
}

void bring_up_chip(struct rig *rig)
{
	static const uint8_t none[2] = { 0, 0 }, all[2] = { 16, 16 };

	if (!rig->spi)
		assert_int_equal(spidev_open(&rig->spi, "/dev/spidev0.0", 33000000), 0);
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);
	for (uint8_t n = 1; n < 8; n++)
		assert_int_equal(
			bus_write(rig, 0x1e, (uint8_t)((4 * n + 1) << 3 | 4), none, 2),
			0);
	assert_int_equal(bus_write(rig, 0x1e, S0_WRITE, all, 2), 0);
	write8(rig, 0x00, S0_WRITE, 0x04);
	write8(rig, 0x01, S0_WRITE, 0x01);
	assert_int_equal(read8(rig, 0x03, S0_READ), 0x42);
}

void make_frame(uint8_t *frame, size_t len, uint16_t type)
{
	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + type);
	memset(frame, 0xff, 6);
	put_be16(frame + 12, type);
}
