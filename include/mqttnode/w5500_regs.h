/* SPDX-License-Identifier: MIT */
/*
 * w5500_regs.h — registers, blocks and commands of the W5500
 *
 * Constants only, and only those in use. Names and section numbers are those of
 * the W5500 datasheet 1.0.9. An address is one number: the block select value
 * (BSB) in the upper half, the offset in the lower.
 */
#ifndef MQTTNODE_W5500_REGS_H
#define MQTTNODE_W5500_REGS_H

#define W5500_BIT(n)		     (1u << (n))
#define W5500_REG(block, offset)     ((block) << 16 | (offset))
#define W5500_REG_BLOCK(address)     ((address) >> 16)
#define W5500_REG_OFFSET(address)    ((address) & 0xffffu)

/* SPI frame, section 2.2: offset, control byte, data. MISO carries an echo meanwhile. */
#define W5500_HEADER_SIZE	     3u
#define W5500_CONTROL_BLOCK(block)   ((block) << 3)
#define W5500_CONTROL_WRITE	     W5500_BIT(2)
#define W5500_CONTROL_FDM_1	     0x01u /* the frame ends after 1, 2 or 4 bytes of data; */
#define W5500_CONTROL_FDM_2	     0x02u /* without any of these with the chip select */
#define W5500_CONTROL_FDM_4	     0x03u
#define W5500_ECHO_0		     0x01u
#define W5500_ECHO_1		     0x02u
#define W5500_ECHO_2		     0x03u

/* Blocks, section 2.2.2. */
#define W5500_BLOCK_COMMON	     0x00u
#define W5500_BLOCK_SN(n)	     (4u * (n) + 1u)
#define W5500_BLOCK_SN_TX(n)	     (4u * (n) + 2u)
#define W5500_BLOCK_SN_RX(n)	     (4u * (n) + 3u)
#define W5500_SOCKETS		     8u

/* Common registers, section 4.1. */
#define W5500_MR		     W5500_REG(W5500_BLOCK_COMMON, 0x0000u) /* RW, 0x00 */
#define   W5500_MR_RST		     W5500_BIT(7) /* soft reset, clears itself */
#define   W5500_MR_PB		     W5500_BIT(4) /* no answer to ping */
#define W5500_GAR		     W5500_REG(W5500_BLOCK_COMMON, 0x0001u) /* RW, 4 bytes, 0 */
#define W5500_SUBR		     W5500_REG(W5500_BLOCK_COMMON, 0x0005u) /* RW, 4 bytes, 0 */
#define W5500_SHAR		     W5500_REG(W5500_BLOCK_COMMON, 0x0009u) /* RW, 6 bytes, 0 */
#define W5500_SIPR		     W5500_REG(W5500_BLOCK_COMMON, 0x000fu) /* RW, 4 bytes, 0 */
#define W5500_IMR		     W5500_REG(W5500_BLOCK_COMMON, 0x0016u) /* RW, 0x00 */
#define W5500_SIMR		     W5500_REG(W5500_BLOCK_COMMON, 0x0018u) /* RW, 0x00 */
#define   W5500_SIMR_S0		     W5500_BIT(0) /* socket 0 may pull INTn low */
#define W5500_RTR		     W5500_REG(W5500_BLOCK_COMMON, 0x0019u) /* RW, 2 bytes */
#define   W5500_RTR_RESET	     0x07d0u
#define W5500_PHYCFGR		     W5500_REG(W5500_BLOCK_COMMON, 0x002eu) /* RW, 0xb8 + status */
#define   W5500_PHYCFGR_RST	     W5500_BIT(7) /* 0: the PHY is held in reset */
#define   W5500_PHYCFGR_OPMD	     W5500_BIT(6) /* 1: mode from OPMDC, 0: from the pins */
#define   W5500_PHYCFGR_OPMDC_MASK   0x38u
#define   W5500_PHYCFGR_OPMDC_10H    0x00u
#define   W5500_PHYCFGR_OPMDC_10F    0x08u
#define   W5500_PHYCFGR_OPMDC_100H   0x10u
#define   W5500_PHYCFGR_OPMDC_100F   0x18u
#define   W5500_PHYCFGR_OPMDC_AUTO   0x38u
#define   W5500_PHYCFGR_DPX	     W5500_BIT(2) /* RO, full duplex, valid with LNK */
#define   W5500_PHYCFGR_SPD	     W5500_BIT(1) /* RO, 100 Mbit/s, valid with LNK */
#define   W5500_PHYCFGR_LNK	     W5500_BIT(0) /* RO, link is up */
#define W5500_VERSIONR		     W5500_REG(W5500_BLOCK_COMMON, 0x0039u) /* RO */
#define   W5500_VERSIONR_W5500	     0x04u

/* Socket n registers, section 4.2. */
#define W5500_SN_MR(n)		     W5500_REG(W5500_BLOCK_SN(n), 0x0000u) /* RW, 0x00 */
#define   W5500_SN_MR_MFEN	     W5500_BIT(7) /* filter by destination address */
#define W5500_SN_MR_MIP6B	     W5500_BIT(4) /* drop IPv6 */
#define   W5500_SN_MR_MACRAW	     0x04u	  /* protocol field, bits 3..0 */
#define W5500_SN_CR(n)		     W5500_REG(W5500_BLOCK_SN(n), 0x0001u) /* RW, clears itself */
#define   W5500_SN_CR_OPEN	     0x01u
#define   W5500_SN_CR_CLOSE	     0x10u
#define   W5500_SN_CR_SEND	     0x20u
#define   W5500_SN_CR_RECV	     0x40u
#define W5500_SN_IR(n)		     W5500_REG(W5500_BLOCK_SN(n), 0x0002u) /* write 1 to clear */
#define   W5500_SN_IR_RECV	     W5500_BIT(2)
#define   W5500_SN_IR_ALL	     0x1fu
#define W5500_SN_SR(n)		     W5500_REG(W5500_BLOCK_SN(n), 0x0003u) /* RO, 0x00 */
#define   W5500_SN_SR_CLOSED	     0x00u
#define   W5500_SN_SR_MACRAW	     0x42u
#define W5500_SN_RXBUF_SIZE(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x001eu) /* RW, KiB, 2 */
#define W5500_SN_TXBUF_SIZE(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x001fu) /* RW, KiB, 2 */
#define W5500_SN_TX_FSR(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x0020u) /* RO, 2 bytes */
#define W5500_SN_TX_RD(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x0022u) /* RO, 2 bytes */
#define W5500_SN_TX_WR(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x0024u) /* RW, 2 bytes */
#define W5500_SN_RX_RSR(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x0026u) /* RO, 2 bytes */
#define W5500_SN_RX_RD(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x0028u) /* RW, 2 bytes */
#define W5500_SN_RX_WR(n)	     W5500_REG(W5500_BLOCK_SN(n), 0x002au) /* RO, 2 bytes */
#define W5500_SN_IMR(n)		     W5500_REG(W5500_BLOCK_SN(n), 0x002cu) /* RW, 0xff */

/* Buffers of socket n; any 16-bit offset, wrapped by the chip (section 3.3). */
#define W5500_SN_TX_BUFFER(n, ptr)   W5500_REG(W5500_BLOCK_SN_TX(n), (uint32_t)(ptr))
#define W5500_SN_RX_BUFFER(n, ptr)   W5500_REG(W5500_BLOCK_SN_RX(n), (uint32_t)(ptr))

#endif
