// SPDX-License-Identifier: MIT
/* test_board_tap.c — the wire of the simulated board ends in a TAP, as in the end-to-end
 * tests */
#include "sim/board_wire.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "board_rig.h"

#include "mqttnode/bytes.h"
#include "mqttnode/clock.h"
#include "mqttnode/tap.h"
#include "netns.h"

static const uint8_t wire_mac[6] = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x77 };
static const uint8_t node_mac[6] = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 };

/* The wire ends in the interface wire0, 10.9.9.1/24. */
static void plug_into_tap(struct rig *rig)
{
	char text[64];
	int tap = tap_open("wire0", wire_mac, false);

	assert_true(tap >= 0);
	assert_int_equal(tap_set_carrier(tap, true), 0);
	netns_run("ip link set wire0 up && ip addr add 10.9.9.1/24 dev wire0");
	(void)snprintf(text, sizeof(text), "link-delay=0,wire=%d", tap);
	rebuild(rig, text);
	bring_up_chip(rig);
}

/* Who has 10.9.9.1? Tell 10.9.9.2. */
static void make_arp_request(uint8_t frame[60])
{
	static const uint8_t fixed[] = { 0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1 };
	static const uint8_t sender[] = { 10, 9, 9, 2 }, target[] = { 10, 9, 9, 1 };

	memset(frame, 0, 60);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, node_mac, 6);
	memcpy(frame + 12, fixed, sizeof(fixed));
	memcpy(frame + 22, node_mac, 6);
	memcpy(frame + 28, sender, 4);
	memcpy(frame + 38, target, 4);
}

static void send_frame(struct rig *rig, const uint8_t *frame, uint32_t len)
{
	uint8_t word[2];
	uint16_t wr;

	assert_int_equal(bus_read(rig, 0x24, S0_READ, word, 2), 0);
	wr = get_be16(word);
	assert_int_equal(bus_write(rig, wr, S0_TX_WRITE, frame, len), 0);
	put_be16(word, (uint16_t)(wr + len));
	assert_int_equal(bus_write(rig, 0x24, S0_WRITE, word, 2), 0);
	write8(rig, 0x01, S0_WRITE, 0x20);
}

/* Waits for a frame of @type in the ring, passing over others. */
static void receive_frame(struct rig *rig, uint16_t type, uint8_t frame[1514])
{
	uint64_t limit = clock_now_ns(&clock_system) + 10 * NSEC_PER_SEC;
	uint8_t word[2];
	uint16_t rd;

	while (clock_now_ns(&clock_system) < limit) {
		assert_int_equal(bus_read(rig, 0x26, S0_READ, word, 2), 0);
		if (get_be16(word) == 0)
			continue;
		assert_int_equal(bus_read(rig, 0x28, S0_READ, word, 2), 0);
		rd = get_be16(word);
		assert_int_equal(bus_read(rig, rd, S0_RX_READ, word, 2), 0);
		assert_int_equal(bus_read(rig, (uint16_t)(rd + 2), S0_RX_READ, frame,
					  get_be16(word) - 2U),
				 0);
		put_be16(word, (uint16_t)(rd + get_be16(word)));
		assert_int_equal(bus_write(rig, 0x28, S0_WRITE, word, 2), 0);
		write8(rig, 0x01, S0_WRITE, 0x40);
		if (get_be16(frame + 12) == type)
			return;
	}
	fail_msg("No frame of type %04x", type);
}

static void asks_the_kernel_for_its_address(struct rig *rig)
{
	static const uint8_t reply[] = { 0, 2 };
	uint8_t request[60], answer[1514];

	make_arp_request(request);
	send_frame(rig, request, sizeof(request));
	receive_frame(rig, 0x0806, answer);
	assert_memory_equal(answer, node_mac, 6);
	assert_memory_equal(answer + 6, wire_mac, 6);
	assert_memory_equal(answer + 20, reply, 2);
}

static void carries_frames_to_and_from_the_kernel(void **state)
{
	struct rig *rig = *state;

	plug_into_tap(rig);
	for (int i = 0; i < 5; i++)
		asks_the_kernel_for_its_address(rig);
	assert_int_equal(number(rig, "stats", "/wire/from_node/arp"), 5);
	assert_int_equal(number(rig, "stats", "/wire/to_node/arp"), 5);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
}

static void survives_the_interface_going_down_and_up(void **state)
{
	struct rig *rig = *state;
	uint8_t request[60];

	plug_into_tap(rig);
	netns_run("ip link set wire0 down");
	make_arp_request(request);
	send_frame(rig, request, sizeof(request));
	wait_for_number(rig, "/wire/from_node/dropped", 1);
	netns_run("ip link set wire0 up");
	asks_the_kernel_for_its_address(rig);
}

/* A loop that spins would use as much of the processor as it can get. */
static void assert_idle(void)
{
	struct timespec before, after;
	int64_t used_ns;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
	assert_int_equal(poll(NULL, 0, 200), 0);
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	used_ns = (after.tv_sec - before.tv_sec) * (int64_t)NSEC_PER_SEC + after.tv_nsec -
		  before.tv_nsec;
	assert_true(used_ns < 20 * (int64_t)NSEC_PER_MSEC);
}

static void rests_when_there_is_nothing_to_do(void **state)
{
	struct rig *rig = *state;
	uint8_t request[60];

	plug_into_tap(rig);
	asks_the_kernel_for_its_address(rig);
	assert_idle();
	netns_run("ip link set wire0 down");
	assert_idle();
	netns_run("ip link del wire0");
	assert_idle();
	make_arp_request(request);
	send_frame(rig, request, sizeof(request));
	wait_for_number(rig, "/wire/from_node/dropped", 1);
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);
}

static int enter(void **state)
{
	(void)state;
	netns_enter();
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(carries_frames_to_and_from_the_kernel),
		TEST(survives_the_interface_going_down_and_up),
		TEST(rests_when_there_is_nothing_to_do),
	};

	return cmocka_run_group_tests_name("board_tap", tests, enter, NULL);
}
