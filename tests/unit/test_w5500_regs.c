// SPDX-License-Identifier: MIT
/* test_w5500_regs.c — the numbers of the datasheet once more, as plain hex */
#include "mqttnode/w5500_regs.h"

#include "unit.h"

static void addresses_are_those_of_the_datasheet(void **state)
{
	(void)state;
	assert_int_equal(W5500_MR, 0x00000000);
	assert_int_equal(W5500_GAR, 0x00000001);
	assert_int_equal(W5500_SUBR, 0x00000005);
	assert_int_equal(W5500_SHAR, 0x00000009);
	assert_int_equal(W5500_SIPR, 0x0000000f);
	assert_int_equal(W5500_IMR, 0x00000016);
	assert_int_equal(W5500_SIMR, 0x00000018);
	assert_int_equal(W5500_RTR, 0x00000019);
	assert_int_equal(W5500_PHYCFGR, 0x0000002e);
	assert_int_equal(W5500_VERSIONR, 0x00000039);
	assert_int_equal(W5500_SN_MR(0), 0x00010000);
	assert_int_equal(W5500_SN_CR(0), 0x00010001);
	assert_int_equal(W5500_SN_IR(0), 0x00010002);
	assert_int_equal(W5500_SN_SR(0), 0x00010003);
	assert_int_equal(W5500_SN_RXBUF_SIZE(0), 0x0001001e);
	assert_int_equal(W5500_SN_TXBUF_SIZE(0), 0x0001001f);
	assert_int_equal(W5500_SN_TX_FSR(0), 0x00010020);
	assert_int_equal(W5500_SN_TX_RD(0), 0x00010022);
	assert_int_equal(W5500_SN_TX_WR(0), 0x00010024);
	assert_int_equal(W5500_SN_RX_RSR(0), 0x00010026);
	assert_int_equal(W5500_SN_RX_RD(0), 0x00010028);
	assert_int_equal(W5500_SN_RX_WR(0), 0x0001002a);
	assert_int_equal(W5500_SN_IMR(0), 0x0001002c);
	assert_int_equal(W5500_SN_RXBUF_SIZE(7), 0x001d001e);
	assert_int_equal(W5500_SN_TX_BUFFER(0, 0xfffe), 0x0002fffe);
	assert_int_equal(W5500_SN_RX_BUFFER(0, 0x4000), 0x00034000);
}

static void headers_are_those_of_the_datasheet(void **state)
{
	(void)state;
	assert_int_equal(W5500_HEADER_SIZE, 3);
	assert_int_equal(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(W5500_MR)), 0x00);
	assert_int_equal(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(W5500_SN_MR(0))), 0x08);
	assert_int_equal(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(W5500_SN_TX_BUFFER(0, 0))), 0x10);
	assert_int_equal(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(W5500_SN_RX_BUFFER(0, 0))), 0x18);
	assert_int_equal(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(W5500_SN_MR(7))), 0xe8);
	assert_int_equal(W5500_CONTROL_WRITE, 0x04);
	assert_int_equal(W5500_REG_OFFSET(W5500_SN_RX_WR(3)), 0x002a);
	assert_int_equal(W5500_ECHO_0, 0x01);
	assert_int_equal(W5500_ECHO_1, 0x02);
	assert_int_equal(W5500_ECHO_2, 0x03);
	assert_int_equal(W5500_SOCKETS, 8);
}

static void values_are_those_of_the_datasheet(void **state)
{
	(void)state;
	assert_int_equal(W5500_MR_RST, 0x80);
	assert_int_equal(W5500_MR_PB, 0x10);
	assert_int_equal(W5500_SIMR_S0, 0x01);
	assert_int_equal(W5500_RTR_RESET, 0x07d0);
	assert_int_equal(W5500_PHYCFGR_RST, 0x80);
	assert_int_equal(W5500_PHYCFGR_OPMD, 0x40);
	assert_int_equal(W5500_PHYCFGR_OPMDC_MASK, 0x38);
	assert_int_equal(W5500_PHYCFGR_OPMDC_10H, 0x00);
	assert_int_equal(W5500_PHYCFGR_OPMDC_10F, 0x08);
	assert_int_equal(W5500_PHYCFGR_OPMDC_100H, 0x10);
	assert_int_equal(W5500_PHYCFGR_OPMDC_100F, 0x18);
	assert_int_equal(W5500_PHYCFGR_OPMDC_AUTO, 0x38);
	assert_int_equal(W5500_PHYCFGR_DPX, 0x04);
	assert_int_equal(W5500_PHYCFGR_SPD, 0x02);
	assert_int_equal(W5500_PHYCFGR_LNK, 0x01);
	assert_int_equal(W5500_VERSIONR_W5500, 0x04);
	assert_int_equal(W5500_SN_MR_MFEN, 0x80);
	assert_int_equal(W5500_SN_MR_MIP6B, 0x10);
	assert_int_equal(W5500_SN_MR_MACRAW, 0x04);
	assert_int_equal(W5500_SN_CR_OPEN, 0x01);
	assert_int_equal(W5500_SN_CR_CLOSE, 0x10);
	assert_int_equal(W5500_SN_CR_SEND, 0x20);
	assert_int_equal(W5500_SN_CR_RECV, 0x40);
	assert_int_equal(W5500_SN_IR_RECV, 0x04);
	assert_int_equal(W5500_SN_IR_ALL, 0x1f);
	assert_int_equal(W5500_SN_SR_CLOSED, 0x00);
	assert_int_equal(W5500_SN_SR_MACRAW, 0x42);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_those_of_the_datasheet),
		cmocka_unit_test(headers_are_those_of_the_datasheet),
		cmocka_unit_test(values_are_those_of_the_datasheet),
	};

	return cmocka_run_group_tests_name("w5500_regs", tests, NULL, NULL);
}
