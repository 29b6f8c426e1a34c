// SPDX-License-Identifier: MIT
/* chip_rig.c — the W5500 driver on a simulated board */
#include "chip_rig.h"

#include <string.h>

#include "mqttnode/spidev.h"
#include "unit.h"

int chip_rig_setup(void **state)
{
	struct chip_rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	packet_rig_init(&rig->board);
	rig->config = (struct w5500_config){
		.phy = PHY_MODE_AUTO,
		.interrupt = true,
		.speed_hz = 33400000,
	};
	memcpy(rig->config.mac, rig_mac, 6);
	assert_int_equal(spidev_open(&rig->bus, RIG_SPI, rig->config.speed_hz), 0);
	rig->rx_outstanding = 8;
	*state = rig;
	return 0;
}

int chip_rig_teardown(void **state)
{
	struct chip_rig *rig = *state;

	rig->chip = w5500_free(rig->chip);
	rig->bus = spidev_close(rig->bus);
	packet_rig_fini(&rig->board);
	free(rig);
	return 0;
}

static void advance_to(struct chip_rig *rig, uint64_t when_ns)
{
	if (when_ns > packet_rig_now(&rig->board))
		board_time_advance(rig->board.time, when_ns);
}

int chip_rig_start(struct chip_rig *rig, enum w5500_start from)
{
	uint64_t due, limit = packet_rig_now(&rig->board) + 2 * NSEC_PER_SEC;
	int r;

	if (!rig->chip) {
		assert_int_equal(w5500_new(&rig->chip, &rig->config,
					   board_time_clock(rig->board.time)),
				 0);
		w5500_set_bus(rig->chip, rig->bus);
	}
	w5500_start(rig->chip, from);
	while ((r = w5500_start_step(rig->chip, &due)) == 0) {
		advance_to(rig, due);
		assert_true(packet_rig_now(&rig->board) < limit);
	}
	return r;
}

void chip_rig_run(struct chip_rig *rig)
{
	struct w5500_health health;

	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_true(health.link_up);
}

/* The first step of recovery that the trouble asks for, and the next ones if it fails. */
static void recover(struct chip_rig *rig, enum w5500_trouble trouble)
{
	static const enum w5500_start first[] = {
		[W5500_TROUBLE_SILENT] = W5500_START_PROBE,
		[W5500_TROUBLE_RX_LOST] = W5500_START_RESYNC,
		[W5500_TROUBLE_TX_STUCK] = W5500_START_REOPEN,
		[W5500_TROUBLE_COMMAND_STUCK] = W5500_START_REOPEN,
		[W5500_TROUBLE_PLAN] = W5500_START_RESET,
		[W5500_TROUBLE_REGISTERS_LOST] = W5500_START_RESET,
	};
	int from = (int)first[trouble];

	rig->troubles[trouble]++;
	for (unsigned int i = 0; i < 20; i++) {
		if (chip_rig_start(rig, (enum w5500_start)from) == 1)
			return;
		if (from > 0)
			from--;
		advance_to(rig, packet_rig_now(&rig->board) + 100 * MS);
	}
	fail_msg("no recovery");
}

void chip_rig_turn(struct chip_rig *rig, unsigned int hints)
{
	const uint8_t *frame;
	size_t len;

	if (w5500_exchange(rig->chip, hints) < 0)
		rig->bus_failures++;
	while ((frame = w5500_rx_next(rig->chip, &len)))
		frame_judge(&rig->received, frame, len, true);
	if (w5500_trouble(rig->chip) != W5500_TROUBLE_NONE)
		recover(rig, w5500_trouble(rig->chip));
}

/* Keeps the wire to us busy, but never with more than the ring can hold. */
static void feed(struct chip_rig *rig)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];

	while (rig->rx_next != rig->rx_end &&
	       rig->rx_next - rig->received.next < rig->rx_outstanding) {
		size_t len = frame_length(rig->rx_next);

		frame_make(frame, rig->rx_next++, len, true);
		assert_int_equal(w5500_sim_deliver(rig->board.chip, frame, len, 0), 0);
	}
}

static void put(struct chip_rig *rig)
{
	uint8_t *buffer;

	while (rig->tx_next != rig->tx_end && (buffer = w5500_tx_buffer(rig->chip))) {
		size_t len = rig->tx_len ? rig->tx_len : frame_length(rig->tx_next);

		frame_make(buffer, rig->tx_next++, len, false);
		w5500_tx_put(rig->chip, len);
	}
}

/* A turn if something is due, or time passes to what comes next. False: nothing will. */
static bool step(struct chip_rig *rig)
{
	bool latched = rig->config.interrupt && !w5500_sim_intn(rig->board.chip);
	uint64_t due;

	put(rig);
	due = w5500_due_ns(rig->chip);
	if (latched || due <= packet_rig_now(&rig->board)) {
		chip_rig_turn(rig, latched ? W5500_HINT_LATCHED : 0);
		return true;
	}
	if (due == UINT64_MAX && board_time_next_ns(rig->board.time) == BOARD_TIME_NEVER)
		return false;
	(void)board_time_step(rig->board.time, due);
	return true;
}

void chip_rig_settle(struct chip_rig *rig)
{
	while (step(rig))
		;
}

void chip_rig_traffic(struct chip_rig *rig, uint32_t n_rx, uint32_t n_tx,
		      uint64_t limit_ns)
{
	uint64_t limit = packet_rig_now(&rig->board) + limit_ns;

	rig->rx_end = rig->rx_next + n_rx;
	rig->tx_end = rig->tx_next + n_tx;
	for (;;) {
		feed(rig);
		assert_true(packet_rig_now(&rig->board) < limit);
		if (step(rig))
			continue;
		if (rig->received.next == rig->rx_next)
			break;
		/* Nothing is on its way any more: these were lost. */
		rig->received.missing += rig->rx_next - rig->received.next;
		rig->received.next = rig->rx_next;
	}
}

void chip_rig_send(struct chip_rig *rig, size_t len)
{
	rig->board.sent.any_length = true;
	rig->tx_len = len;
	rig->tx_end = rig->tx_next + 1;
	put(rig);
	rig->tx_len = 0;
}

void chip_rig_arrive(struct chip_rig *rig, size_t len)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];

	rig->received.any_length = true;
	frame_make(frame, rig->rx_next++, len, true);
	assert_int_equal(w5500_sim_deliver(rig->board.chip, frame, len, 0), 0);
	while (w5500_sim_pending(rig->board.chip) > 0)
		assert_true(board_time_step(rig->board.time, BOARD_TIME_NEVER));
}

void chip_rig_assert_all_arrived(struct chip_rig *rig)
{
	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->received.repeated, 0);
	assert_int_equal(rig->received.missing, 0);
	assert_int_equal(rig->received.next, rig->rx_next);
	assert_int_equal(rig->board.sent.bad, 0);
	assert_int_equal(rig->board.sent.repeated, 0);
	assert_int_equal(rig->board.sent.missing, 0);
	assert_int_equal(rig->board.sent.next, rig->tx_next);
}

void chip_rig_assert_no_trouble(struct chip_rig *rig)
{
	for (size_t i = 0; i < ARRAY_SIZE(rig->troubles); i++) {
		if (rig->troubles[i] > 0)
			print_message("# trouble %zu: %u times\n", i, rig->troubles[i]);
		assert_int_equal(rig->troubles[i], 0);
	}
}
