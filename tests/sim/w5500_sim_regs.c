// SPDX-License-Identifier: MIT
/*
 * w5500_sim_regs.c — the register map
 *
 * Rules 5, 6, 7, 9 and 11 of w5500.md section 12; names, offsets, access and
 * reset values of its section 3. Every access is one byte: words tear.
 */
#include <string.h>

#include "mqttnode/bytes.h"
#include "w5500_sim_internal.h"

enum access {
	RESERVED,
	RO,
	RW,
};

static enum access common_access(uint16_t offset)
{
	if (offset >= COMMON_REGS || (offset > PHYCFGR && offset < VERSIONR))
		return RESERVED;
	if (offset == SIR || offset == VERSIONR || (offset >= UIPR && offset < PHYCFGR))
		return RO;
	return RW;
}

static enum access socket_access(uint16_t offset)
{
	if (offset >= SOCKET_REGS || offset == 0x14 ||
	    (offset >= 0x17 && offset < SN_RXBUF))
		return RESERVED;
	switch (offset & ~1u) {
	case SN_TX_FSR:
	case SN_TX_RD:
	case SN_RX_RSR:
	case SN_RX_WR:
		return RO;
	default:
		return offset == SN_SR ? RO : RW;
	}
}

void sim_regs_reset(struct w5500_sim *chip)
{
	memset(chip->common, 0, sizeof(chip->common));
	put_be16(&chip->common[RTR], 0x07d0);
	chip->common[RCR] = 0x08;
	chip->common[PTIMER] = 0x28;
	put_be16(&chip->common[PMRU], 0xffff);
	chip->common[PHYCFGR] = PHYCFGR_RST | PHYCFGR_OPMDC;
	for (unsigned int n = 0; n < N_SOCKETS; n++) {
		uint8_t *regs = chip->sockets[n].regs;

		memset(regs, 0, SOCKET_REGS);
		memset(&regs[SN_DHAR], 0xff, 6);
		regs[SN_TTL] = 0x80;
		regs[SN_RXBUF] = 2;
		regs[SN_TXBUF] = 2;
		regs[SN_IMR] = 0xff;
		put_be16(&regs[SN_FRAG], 0x4000);
	}
}

/* ---- socket memory, rule 11 ---- */

static bool size_is_valid(uint8_t kib)
{
	return kib <= 16 && (kib & (kib - 1)) == 0;
}

/* What the address logic makes of a size register: undefined values mask to the next
 * lower. */
static unsigned int size_bytes(uint8_t kib)
{
	unsigned int size = 16;

	while (size > kib)
		size /= 2;
	return size * 1024;
}

unsigned int sim_rx_size(const struct sim_socket *s)
{
	return size_bytes(s->regs[SN_RXBUF]);
}

unsigned int sim_tx_size(const struct sim_socket *s)
{
	return size_bytes(s->regs[SN_TXBUF]);
}

static unsigned int sum_of_sizes(const struct w5500_sim *chip, unsigned int offset)
{
	unsigned int sum = 0;

	for (unsigned int n = 0; n < N_SOCKETS; n++)
		sum += chip->sockets[n].regs[offset];
	return sum;
}

bool sim_rx_oversubscribed(const struct w5500_sim *chip)
{
	return sum_of_sizes(chip, SN_RXBUF) > 16;
}

/* Memory of socket n follows that of socket n - 1. */
static uint8_t *memory_byte(const struct sim_socket *s, uint8_t *memory, unsigned int reg,
			    uint16_t offset)
{
	unsigned int size = size_bytes(s->regs[reg]);
	unsigned int base = 0;

	if (size == 0)
		return NULL;
	for (unsigned int n = 0; n < s->n; n++)
		base += size_bytes(s->chip->sockets[n].regs[reg]);
	return &memory[(base + (offset & (size - 1))) % MEMORY_SIZE];
}

uint8_t *sim_rx_byte(struct sim_socket *s, uint16_t offset)
{
	return memory_byte(s, s->chip->rx_memory, SN_RXBUF, offset);
}

uint8_t *sim_tx_byte(struct sim_socket *s, uint16_t offset)
{
	return memory_byte(s, s->chip->tx_memory, SN_TXBUF, offset);
}

static void write_size(struct sim_socket *s, uint16_t offset, uint8_t value)
{
	const char *name = offset == SN_RXBUF ? "RXBUF_SIZE" : "TXBUF_SIZE";
	struct w5500_sim *chip = s->chip;
	bool changed = s->regs[offset] != value;

	s->regs[offset] = value;
	if (!size_is_valid(value))
		w5500_sim_violate(chip, "S%u_%s = %u: not 0, 1, 2, 4, 8 or 16", s->n,
				  name, value);
	else if (changed && sum_of_sizes(chip, offset) > 16)
		w5500_sim_violate(chip, "S%u_%s = %u: all sockets together have %u KiB",
				  s->n, name, value, sum_of_sizes(chip, offset));
	if (changed && s->chip->sockets[0].sr != SN_SR_CLOSED)
		w5500_sim_violate(chip, "S%u_%s changed while socket 0 is open", s->n,
				  name);
}

/* ---- reading ---- */

uint16_t sim_socket_word(const struct sim_socket *s, unsigned int offset)
{
	switch (offset) {
	case SN_TX_FSR:
		return sim_tx_free(s);
	case SN_TX_RD:
		return s->tx_rd;
	case SN_RX_RSR:
		return sim_rx_received(s);
	case SN_RX_WR:
		return s->rx_wr;
	default:
		return get_be16(&s->regs[offset]);
	}
}

/* Rule 6: what is pending happens after the high byte was taken, before the low one is.
 */
static void tear(struct sim_socket *s, unsigned int offset)
{
	uint32_t what = s->chip->options.tear;

	if ((what & W5500_SIM_TEAR_RX) && (offset == SN_RX_RSR || offset == SN_RX_WR))
		sim_wire_finish_now(s->chip);
	if ((what & W5500_SIM_TEAR_TX) && (offset == SN_TX_FSR || offset == SN_TX_RD))
		sim_send_finish_now(s);
}

static uint8_t read_socket(struct sim_socket *s, uint16_t offset)
{
	uint8_t value;

	switch (offset) {
	case SN_CR:
		sim_command_read(s);
		return s->cr;
	case SN_IR:
		return s->ir;
	case SN_SR:
		return s->sr;
	default:
		break;
	}
	if (socket_access(offset) != RO)
		return s->regs[offset];
	if (offset & 1)
		return (uint8_t)sim_socket_word(s, offset & ~1u);
	value = (uint8_t)(sim_socket_word(s, offset) >> 8);
	tear(s, offset);
	return value;
}

static uint8_t read_versionr(struct w5500_sim *chip)
{
	if (chip->versionr_zero > 0) {
		chip->versionr_zero--;
		return 0;
	}
	return chip->faults.wrong_versionr ? (uint8_t)chip->faults.wrong_versionr : 0x04;
}

static uint8_t read_common(struct w5500_sim *chip, uint16_t offset)
{
	switch (offset) {
	case SIR:
		return sim_sir(chip);
	case PHYCFGR:
		return chip->common[PHYCFGR] | sim_phy_status(chip);
	case VERSIONR:
		return read_versionr(chip);
	default:
		return chip->common[offset];
	}
}

static uint8_t read_reserved(struct w5500_sim *chip, unsigned int bsb, uint16_t offset,
			     bool first)
{
	if (first)
		w5500_sim_violate(chip,
				  "read begins at reserved offset 0x%04x of block %u",
				  offset, bsb);
	return chip->options.reserved_reads_random ? sim_random(chip) : 0;
}

static bool block_is_reserved(unsigned int bsb)
{
	return bsb > 0 && bsb % 4 == 0;
}

static uint8_t read_memory(struct sim_socket *s, uint8_t *byte, bool first)
{
	if (byte)
		return *byte;
	if (first)
		w5500_sim_violate(s->chip,
				  "read of a buffer of socket %u, which has none", s->n);
	return 0;
}

uint8_t sim_read(struct w5500_sim *chip, unsigned int bsb, uint16_t offset, bool first)
{
	struct sim_socket *s = &chip->sockets[bsb / 4];

	if (chip->resetting)
		return bsb == W5500_SIM_COMMON && offset == MR ? MR_RST : 0;
	if (block_is_reserved(bsb)) {
		if (first)
			w5500_sim_violate(chip, "read of reserved block %u", bsb);
		return 0;
	}
	switch (bsb % 4) {
	case W5500_SIM_COMMON:
		if (common_access(offset) == RESERVED)
			return read_reserved(chip, bsb, offset, first);
		return read_common(chip, offset);
	case W5500_SIM_SOCKET_REGS:
		if (socket_access(offset) == RESERVED)
			return read_reserved(chip, bsb, offset, first);
		return read_socket(s, offset);
	case W5500_SIM_SOCKET_TX:
		return read_memory(s, sim_tx_byte(s, offset), first);
	default:
		return read_memory(s, sim_rx_byte(s, offset), first);
	}
}

/* ---- writing ---- */

static void write_common(struct w5500_sim *chip, uint16_t offset, uint8_t value)
{
	switch (offset) {
	case MR:
		if (value & MR_RESERVED)
			w5500_sim_violate(chip, "MR = 0x%02x sets reserved bits", value);
		if (value & MR_RST) {
			sim_soft_reset(chip);
			return;
		}
		break;
	case IR:
		chip->common[IR] &= (uint8_t)~value;
		sim_intn_cleared(chip);
		return;
	case PHYCFGR:
		sim_phy_write(chip, value);
		return;
	default:
		break;
	}
	if (offset >= SIPR && offset < SIPR + 4 && value != 0)
		w5500_sim_violate(chip, "SIPR is set: the hard-wired stack would answer "
					"beside MACRAW");
	chip->common[offset] = value;
	sim_intn_update(chip);
}

static void write_socket(struct sim_socket *s, uint16_t offset, uint8_t value)
{
	switch (offset) {
	case SN_CR:
		sim_command_write(s, value);
		return;
	case SN_IR:
		s->ir &= (uint8_t)~value;
		sim_intn_cleared(s->chip);
		return;
	case SN_RXBUF:
	case SN_TXBUF:
		write_size(s, offset, value);
		return;
	default:
		break;
	}
	s->regs[offset] = value;
	sim_intn_update(s->chip);
}

static void write_tx_memory(struct sim_socket *s, uint16_t offset, uint8_t value,
			    bool first)
{
	uint8_t *byte = sim_tx_byte(s, offset);

	if (!byte) {
		if (first)
			w5500_sim_violate(s->chip,
					  "write to the TX buffer of socket %u, "
					  "which has none",
					  s->n);
		return;
	}
	if (sim_send_covers(s, offset))
		w5500_sim_violate(s->chip,
				  "TX buffer written at 0x%04x, inside the frame "
				  "being sent",
				  offset);
	*byte = value;
}

static void write_register(struct w5500_sim *chip, unsigned int bsb, uint16_t offset,
			   uint8_t value, bool first)
{
	enum access access =
		bsb == W5500_SIM_COMMON ? common_access(offset) : socket_access(offset);

	if (access == RESERVED) {
		w5500_sim_violate(chip, "write to reserved offset 0x%04x of block %u",
				  offset, bsb);
		return;
	}
	if (access == RO) {
		/* The chip ignores it; to begin there can only be a mistake. */
		if (first)
			w5500_sim_violate(chip,
					  "write to read-only offset 0x%04x of block %u",
					  offset, bsb);
		return;
	}
	if (bsb == W5500_SIM_COMMON)
		write_common(chip, offset, value);
	else
		write_socket(&chip->sockets[bsb / 4], offset, value);
}

void sim_write(struct w5500_sim *chip, unsigned int bsb, uint16_t offset, uint8_t value,
	       bool first)
{
	if (sim_write_is_lost(chip, bsb, offset, first))
		return;
	if (chip->resetting) {
		w5500_sim_violate(chip,
				  "write to offset 0x%04x of block %u while MR.RST is 1",
				  offset, bsb);
		return;
	}
	if (block_is_reserved(bsb)) {
		w5500_sim_violate(chip, "write to reserved block %u", bsb);
		return;
	}
	switch (bsb % 4) {
	case W5500_SIM_COMMON:
	case W5500_SIM_SOCKET_REGS:
		write_register(chip, bsb, offset, value, first);
		break;
	case W5500_SIM_SOCKET_TX:
		write_tx_memory(&chip->sockets[bsb / 4], offset, value, first);
		break;
	default:
		if (first)
			w5500_sim_violate(chip, "write to an RX buffer");
		break;
	}
}
