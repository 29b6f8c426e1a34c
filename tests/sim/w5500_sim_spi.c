// SPDX-License-Identifier: MIT
/*
 * w5500_sim_spi.c — the SPI engine: bytes to register and memory accesses
 *
 * Rules 1 to 4 of w5500.md section 12. What MISO carries for a byte is fixed
 * before the byte is clocked; what MOSI carried acts when its last bit is in.
 */
#include <assert.h>

#include "w5500_sim_internal.h"

#define CONTROL_BSB(c)	 ((unsigned int)(c) >> 3)
#define CONTROL_WRITE(c) (((c)&0x04) != 0)
#define CONTROL_OM(c)	 ((c)&0x03)

/* Data bytes of an FDM frame, by operation mode; 0 is VDM. */
static const unsigned int fdm_lengths[] = { 0, 1, 2, 4 };

void w5500_sim_select(struct w5500_sim *chip)
{
	struct spi_engine *e = &chip->spi;

	if (e->selected) {
		w5500_sim_violate(chip, "SCSn falls while it is low");
		return;
	}
	*e = (struct spi_engine){ .selected = true, .dead = sim_dead(chip) };
	chip->stats.chip_selects++;
	sim_reset_selected(chip);
	if (!e->dead)
		return;
	if (!chip->rstn)
		w5500_sim_violate(chip, "SPI access while RSTn is low");
	else if (chip->faults.hung == 0)
		w5500_sim_violate(chip, "SPI access within 1 ms after RSTn rose: "
					"the PLL is not locked");
}

void w5500_sim_deselect(struct w5500_sim *chip)
{
	struct spi_engine *e = &chip->spi;

	if (!e->selected)
		return;
	e->selected = false;
	chip->stats.cr_polls += e->saw_cr;
	chip->stats.rsr_polls += e->saw_rsr;
	sim_reset_deselected(chip);
	for (unsigned int n = 0; n < N_SOCKETS; n++)
		sim_command_deselected(&chip->sockets[n]);
	sim_intn_update(chip);
}

static uint8_t read_data(struct w5500_sim *chip)
{
	struct spi_engine *e = &chip->spi;
	unsigned int bsb = CONTROL_BSB(e->control);

	if (bsb == W5500_SIM_SOCKET_REGS) {
		e->saw_cr |= e->offset == SN_CR;
		e->saw_rsr |= e->offset == SN_RX_RSR;
	}
	return sim_read(chip, bsb, e->offset, e->first_data);
}

/* What MISO carries during the byte that begins now. */
static uint8_t byte_out(struct w5500_sim *chip)
{
	struct spi_engine *e = &chip->spi;

	if (e->dead || e->ignoring)
		return 0;
	if (e->position < 3)
		return (uint8_t)(e->position + 1);
	if (CONTROL_WRITE(e->control))
		return chip->options.write_miso_random ? sim_random(chip) : 0;
	return read_data(chip);
}

static void data_done(struct w5500_sim *chip)
{
	struct spi_engine *e = &chip->spi;

	sim_phase_of_byte(chip, CONTROL_BSB(e->control), CONTROL_WRITE(e->control));
	e->first_data = false;
	e->offset++;
	if (e->fdm_left == 0 || --e->fdm_left > 0)
		return;
	if (e->behind_fdm && !CONTROL_WRITE(e->control))
		chip->chain_read = true;
	e->behind_fdm = true;
	for (unsigned int n = 0; n < N_SOCKETS; n++)
		sim_command_frame_ended(&chip->sockets[n]);
	if (chip->options.fdm_ends_frame)
		e->ignoring = true;
	else if (!chip->options.fdm_overruns)
		e->position = 0;
}

/* What follows an FDM frame under the same chip select. */
static void check_chain(struct w5500_sim *chip)
{
	struct spi_engine *e = &chip->spi;

	e->wrote |= CONTROL_WRITE(e->control);
	if (e->behind_fdm && e->wrote && chip->message != 0 && !chip->chain_known)
		w5500_sim_violate(chip, "a chain of frames that writes, before one that "
					"reads has shown that the chip takes chains");
	if (e->behind_fdm && e->position == 3 && e->fdm_left == 0)
		w5500_sim_violate(chip, "a VDM frame behind FDM frames under one chip "
					"select: nobody knows what that does");
}

/* A byte of data that is written, in a chip that mixes up chained frames. */
static void spill(struct w5500_sim *chip, uint8_t mosi)
{
	struct spi_engine *e = &chip->spi;

	if (!chip->options.fdm_spills || !e->behind_fdm ||
	    CONTROL_BSB(e->control) != W5500_SIM_SOCKET_REGS)
		return;
	w5500_sim_excuse(chip);
	sim_write(chip, W5500_SIM_SOCKET_REGS + 4, e->offset, mosi, e->first_data);
}

/* A whole byte has come in. */
static void byte_in(struct w5500_sim *chip, uint8_t mosi)
{
	struct spi_engine *e = &chip->spi;

	if (e->dead || e->ignoring) {
		if (chip->resetting && e->ignoring)
			w5500_sim_violate(chip, "bytes after MR.RST under the same "
						"chip select");
		return;
	}
	switch (e->position) {
	case 0:
		e->offset = (uint16_t)(mosi << 8);
		e->position = 1;
		break;
	case 1:
		e->offset |= mosi;
		e->position = 2;
		break;
	case 2:
		e->control = mosi;
		e->fdm_left = fdm_lengths[CONTROL_OM(mosi)];
		e->first_data = true;
		e->position = 3;
		check_chain(chip);
		break;
	default:
		/* A chip that does so is not described: its host need not know. */
		if (e->behind_fdm && chip->options.fdm_overruns && e->fdm_left == 0)
			w5500_sim_excuse(chip);
		if (CONTROL_WRITE(e->control)) {
			sim_write(chip, CONTROL_BSB(e->control), e->offset, mosi,
				  e->first_data);
			spill(chip, mosi);
		}
		data_done(chip);
		break;
	}
}

uint8_t w5500_sim_clock_byte(struct w5500_sim *chip, uint8_t mosi)
{
	struct spi_engine *e = &chip->spi;
	uint8_t miso;

	if (!e->selected)
		return chip->options.hiz_low ? 0x00 : 0xff;
	if (e->bit_n != 0) {
		miso = w5500_sim_clock_bits(chip, mosi, 4);
		return (uint8_t)(miso |
				 w5500_sim_clock_bits(chip, (uint8_t)(mosi << 4), 4) >>
					 4);
	}
	chip->stats.bytes++;
	miso = byte_out(chip);
	byte_in(chip, mosi);
	return miso;
}

uint8_t w5500_sim_clock_bits(struct w5500_sim *chip, uint8_t mosi, unsigned int n)
{
	struct spi_engine *e = &chip->spi;
	unsigned int miso = 0;

	assert(n >= 1 && n <= 7);
	if (!e->selected)
		return chip->options.hiz_low ? 0x00 : 0xff;
	for (unsigned int i = 0; i < n; i++) {
		if (e->bit_n == 0)
			e->shift_out = byte_out(chip);
		miso |= (e->shift_out & 0x80u) >> i;
		e->shift_out = (uint8_t)(e->shift_out << 1);
		e->shift_in = (uint8_t)(e->shift_in << 1 | (mosi >> (7 - i) & 1));
		if (++e->bit_n < 8)
			continue;
		e->bit_n = 0;
		chip->stats.bytes++;
		byte_in(chip, e->shift_in);
	}
	return (uint8_t)miso;
}
