// SPDX-License-Identifier: MIT
/*
 * w5500_sim_phy.c — PHYCFGR, cable and link
 *
 * Rule 22 of w5500.md section 12, and its section 9.
 */
#include <assert.h>

#include "w5500_sim_internal.h"

/* OPMDC, w5500.md 9 */
enum phy_mode {
	PHY_10_HALF,
	PHY_10_FULL,
	PHY_100_HALF,
	PHY_100_FULL,
	PHY_100_HALF_AUTO,
	PHY_UNUSED,
	PHY_POWER_DOWN,
	PHY_ALL_AUTO,
};

static void link_lost(struct w5500_sim *chip)
{
	board_time_cancel(chip->time, &chip->phy.event);
	if (!chip->phy.link)
		return;
	chip->phy.link = false;
	sim_send_link_lost(&chip->sockets[0]);
	sim_wire_link_lost(chip);
}

/* Agrees with the partner; false if there is nothing in common. */
static bool negotiate(struct sim_phy *phy)
{
	phy->mbit = phy->partner_mbit;
	phy->full = phy->partner_full;
	switch ((enum phy_mode)phy->mode) {
	case PHY_ALL_AUTO:
		return true;
	case PHY_100_HALF_AUTO:
		phy->full = false;
		return phy->mbit == 100;
	case PHY_10_HALF:
	case PHY_10_FULL:
	case PHY_100_HALF:
	case PHY_100_FULL:
		/* A partner that can do 100 can do 10; the duplex is ours alone. */
		phy->mbit = phy->mode >= PHY_100_HALF ? 100 : 10;
		phy->full = phy->mode == PHY_10_FULL || phy->mode == PHY_100_FULL;
		return phy->mbit <= phy->partner_mbit;
	case PHY_UNUSED:
	case PHY_POWER_DOWN:
		break;
	}
	return false;
}

static void link_due(struct board_event *event)
{
	struct w5500_sim *chip = container_of(event, struct w5500_sim, phy.event);

	chip->phy.link = true;
	sim_wire_start(chip);
}

static void link_begin(struct w5500_sim *chip)
{
	uint8_t phycfgr = chip->common[PHYCFGR];

	link_lost(chip);
	if (!chip->rstn || !(phycfgr & PHYCFGR_RST) || !chip->phy.cable ||
	    !negotiate(&chip->phy))
		return;
	if (chip->options.link_delay_ns == 0)
		link_due(&chip->phy.event);
	else
		board_time_schedule(chip->time, &chip->phy.event,
				    sim_now(chip) + chip->options.link_delay_ns);
}

void sim_phy_restart(struct w5500_sim *chip)
{
	uint8_t phycfgr = chip->common[PHYCFGR];

	/* OPMD = 0: from the PMODE pins, which are open: all capable. */
	chip->phy.mode = PHY_ALL_AUTO;
	if (phycfgr & PHYCFGR_OPMD)
		chip->phy.mode = (uint8_t)((phycfgr & PHYCFGR_OPMDC) >> 3);
	if (chip->phy.mode == PHY_UNUSED)
		w5500_sim_violate(chip, "PHY reset with OPMDC = 101, which is unused");
	link_begin(chip);
}

uint8_t sim_phy_status(const struct w5500_sim *chip)
{
	const struct sim_phy *phy = &chip->phy;

	if (!phy->link)
		return 0;
	return (uint8_t)(PHYCFGR_LNK | (phy->mbit == 100 ? PHYCFGR_SPD : 0) |
			 (phy->full ? PHYCFGR_DPX : 0));
}

void sim_phy_write(struct w5500_sim *chip, uint8_t value)
{
	uint8_t before = chip->common[PHYCFGR];

	chip->common[PHYCFGR] = value & (uint8_t)~PHYCFGR_STATUS;
	if (!(value & PHYCFGR_RST))
		link_lost(chip);
	else if (!(before & PHYCFGR_RST))
		sim_phy_restart(chip);
}

void w5500_sim_set_cable(struct w5500_sim *chip, bool plugged)
{
	board_time_catch_up(chip->time);
	if (chip->phy.cable == plugged)
		return;
	chip->phy.cable = plugged;
	link_begin(chip);
}

bool w5500_sim_cable(const struct w5500_sim *chip)
{
	return chip->phy.cable;
}

void w5500_sim_set_partner(struct w5500_sim *chip, unsigned int mbit, bool full_duplex)
{
	assert(mbit == 10 || mbit == 100);
	board_time_catch_up(chip->time);
	chip->phy.partner_mbit = mbit;
	chip->phy.partner_full = full_duplex;
	link_begin(chip);
}

bool w5500_sim_link(const struct w5500_sim *chip)
{
	return chip->phy.link;
}

unsigned int w5500_sim_link_mbit(const struct w5500_sim *chip)
{
	return chip->phy.link ? chip->phy.mbit : 0;
}

void sim_phy_init(struct w5500_sim *chip)
{
	chip->phy.event.on_due = link_due;
	chip->phy.cable = true;
	chip->phy.partner_mbit = 100;
	chip->phy.partner_full = true;
	sim_phy_restart(chip);
}

void sim_phy_free(struct w5500_sim *chip)
{
	board_time_cancel(chip->time, &chip->phy.event);
}
