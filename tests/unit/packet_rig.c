// SPDX-License-Identifier: MIT
/* packet_rig.c — a simulated board in virtual time for tests of the packet path */
#include "packet_rig.h"

#include <string.h>

#include "mqttnode/bytes.h"
#include "unit.h"

#define ETHERTYPE_TEST 0x88b5 /* IEEE 802 local experimental */
#define NUMBER_AT      14
#define LENGTH_AT      18
#define FILL_AT	       20

const uint8_t rig_mac[6] = { 0x02, 0x50, 0x00, 0x12, 0x34, 0x56 };
static const uint8_t other_mac[6] = { 0x02, 0x99, 0x00, 0x00, 0x00, 0x01 };

static void on_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct packet_rig *rig = ctx;

	rig->last_len = len;
	memcpy(rig->last, frame, len);
	frame_judge(&rig->sent, frame, len, false);
}

void packet_rig_init(struct packet_rig *rig)
{
	struct w5500_sim_options options = w5500_sim_default_options();

	memset(rig, 0, sizeof(*rig));
	options.link_delay_ns = 0;
	assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(w5500_sim_new(&rig->chip, rig->time, &options), 0);
	assert_int_equal(sim_spi_attach(&rig->spi, rig->chip, RIG_SPI), 0);
	w5500_sim_set_frame_callback(rig->chip, on_frame, rig);
}

void packet_rig_fini(struct packet_rig *rig)
{
	rig->spi = sim_spi_detach(rig->spi);
	rig->chip = w5500_sim_free(rig->chip);
	rig->time = board_time_free(rig->time);
}

uint64_t packet_rig_now(const struct packet_rig *rig)
{
	return board_time_now_ns(rig->time);
}

void packet_rig_assert_clean(struct packet_rig *rig)
{
	for (size_t i = 0; w5500_sim_violation(rig->chip, i); i++)
		print_message("# violation: %s\n", w5500_sim_violation(rig->chip, i));
	assert_int_equal(w5500_sim_stats(rig->chip)->violations, 0);
}

uint32_t scramble(uint32_t n)
{
	n ^= n >> 16;
	n *= 0x7feb352du;
	n ^= n >> 15;
	n *= 0x846ca68bu;
	return n ^ n >> 16;
}

size_t frame_length(uint32_t number)
{
	uint32_t r = scramble(number + 77);

	switch (r % 4) {
	case 0:
		return W5500_SIM_FRAME_MIN;
	case 1:
		return W5500_SIM_FRAME_MAX;
	default:
		return W5500_SIM_FRAME_MIN +
		       (r >> 2) % (W5500_SIM_FRAME_MAX - W5500_SIM_FRAME_MIN + 1);
	}
}

void frame_make(uint8_t *frame, uint32_t number, size_t len, bool to_us)
{
	uint32_t x = scramble(number);

	memcpy(frame, to_us ? rig_mac : other_mac, 6);
	memcpy(frame + 6, to_us ? other_mac : rig_mac, 6);
	put_be16(frame + 12, ETHERTYPE_TEST);
	put_be32(frame + NUMBER_AT, number);
	put_be16(frame + LENGTH_AT, (uint16_t)len);
	for (size_t i = FILL_AT; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		frame[i] = (uint8_t)(x >> 24);
	}
}

void frame_judge(struct frame_check *check, const uint8_t *frame, size_t len, bool to_us)
{
	uint8_t expected[W5500_SIM_FRAME_BUFFER];
	uint32_t number = get_be32(frame + NUMBER_AT);

	frame_make(expected, number, len, to_us);
	if (len < W5500_SIM_FRAME_MIN || len > W5500_SIM_FRAME_MAX ||
	    memcmp(expected, frame, len) != 0 ||
	    (!check->any_length && len != frame_length(number))) {
		check->bad++;
		return;
	}
	if (number < check->next) {
		check->repeated++;
		return;
	}
	check->good++;
	check->missing += number - check->next;
	check->next = number + 1;
}
