// SPDX-License-Identifier: MIT
/* chip_switches.c — where descriptions of the W5500 disagree */
#include "chip_switches.h"

#include "unit.h"

const struct chip_switch chip_switches[CHIP_SWITCHES] = {
	{ "accept",
	  false,
	  3,
	  { W5500_SIM_ACCEPT_AT_DESELECT, W5500_SIM_ACCEPT_AT_ONCE,
	    W5500_SIM_ACCEPT_AT_FRAME_END } },
	{ "accept_1518", false, 2, { 0, 1 } },
	{ "close_clears_ir", false, 2, { 0, 1 } },
	{ "fdm_ends_frame", true, 2, { 0, 1 } },
	{ "fdm_overruns", true, 2, { 0, 1 } },
	{ "fdm_spills", true, 2, { 0, 1 } },
	{ "hiz_low", false, 2, { 0, 1 } },
	{ "intlevel_delays", false, 2, { 0, 1 } },
	{ "ipv6_multicast_always", false, 2, { 0, 1 } },
	{ "no_padding", false, 2, { 0, 1 } },
	{ "other_multicast", false, 2, { 0, 1 } },
	{ "oversubscription_harmless", false, 2, { 0, 1 } },
	{ "recv_raises_ir", false, 2, { 0, 1 } },
	{ "reserved_reads_random", false, 2, { 0, 1 } },
	{ "rsr_follows_rx_rd", false, 2, { 0, 1 } },
	{ "rsr_grows", false, 2, { 0, 1 } },
	{ "send_delay_ns", false, 2, { 0, 2000 } },
	{ "send_ok_without_link", false, 2, { 0, 1 } },
	{ "send_twice",
	  false,
	  3,
	  { W5500_SIM_SEND_TWICE_IGNORED, W5500_SIM_SEND_TWICE_QUEUED,
	    W5500_SIM_SEND_TWICE_CORRUPTS } },
	{ "tear",
	  false,
	  4,
	  { 0, W5500_SIM_TEAR_RX, W5500_SIM_TEAR_TX,
	    W5500_SIM_TEAR_RX | W5500_SIM_TEAR_TX } },
	{ "tx_fsr_at_send", false, 2, { 0, 1 } },
	{ "write_miso_random", false, 2, { 0, 1 } },
};

void chip_switch_set(struct w5500_sim *chip, const struct chip_switch *s, uint32_t which)
{
	assert_in_range(which, 0, s->n - 1);
	assert_int_equal(w5500_sim_set(chip, s->name, s->values[which]), 0);
}
