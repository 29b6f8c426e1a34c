// SPDX-License-Identifier: MIT
/* w5500_sim_faults.c — faults of the W5500 model that strike in the middle of something
 */
#include "w5500_sim_internal.h"

/* A fault of a burst strikes after so many of its bytes. */
#define BURST_MIDDLE 32

bool sim_fault_take(uint32_t *count)
{
	if (*count == 0)
		return false;
	--*count;
	return true;
}

/* ---- what the host writes is lost ---- */

bool sim_write_is_lost(struct w5500_sim *chip, unsigned int bsb, uint16_t offset,
		       bool first)
{
	struct w5500_sim_faults *f = &chip->faults;
	uint32_t length = f->lose_writes_length > 0 ? f->lose_writes_length : 1;
	unsigned int at = (uint16_t)(offset - f->lose_writes_offset);

	if (first)
		chip->losing = false;
	if (bsb != f->lose_writes_block || at >= length)
		return false;
	if (at == 0)
		chip->losing = sim_fault_take(&f->lose_writes);
	if (chip->losing)
		w5500_sim_excuse(chip);
	return chip->losing;
}

bool sim_command_is_lost(struct w5500_sim *chip, uint8_t command)
{
	struct w5500_sim_faults *f = &chip->faults;

	if ((f->lose_command != 0 && f->lose_command != command) ||
	    !sim_fault_take(&f->lose_commands))
		return false;
	w5500_sim_excuse(chip);
	return true;
}

/* ---- a reset of the chip in the middle of the host's work ---- */

void sim_phase(struct w5500_sim *chip, enum w5500_sim_phase phase)
{
	if (phase == W5500_SIM_PHASE_NONE || chip->faults.reset_at != phase)
		return;
	chip->faults.reset_at = W5500_SIM_PHASE_NONE;
	sim_self_reset(chip);
}

static enum w5500_sim_phase phase_of_byte(struct spi_engine *e, unsigned int bsb,
					  bool write)
{
	if (write && bsb == W5500_SIM_SOCKET_REGS) {
		if (e->offset == SN_RX_RD + 1)
			return W5500_SIM_PHASE_RX_POINTER;
		if (e->offset == SN_TX_WR + 1)
			return W5500_SIM_PHASE_TX_POINTER;
	}
	if (write && bsb == W5500_SIM_SOCKET_TX && ++e->n_buffer == BURST_MIDDLE)
		return W5500_SIM_PHASE_TX_UPLOAD;
	if (!write && bsb == W5500_SIM_SOCKET_RX && ++e->n_buffer == BURST_MIDDLE)
		return W5500_SIM_PHASE_RX_BURST;
	return W5500_SIM_PHASE_NONE;
}

void sim_phase_of_byte(struct w5500_sim *chip, unsigned int bsb, bool write)
{
	sim_phase(chip, phase_of_byte(&chip->spi, bsb, write));
}
