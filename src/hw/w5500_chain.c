// SPDX-License-Identifier: MIT
/*
 * w5500_chain.c — the chained plan, and whether this chip is fit for it
 *
 * Theory of operation
 *
 * Releasing the chip select inside a message takes the kernel 10 us each time, as
 * long as 39 bytes. In the fixed length mode a frame ends after 1, 2 or 4 bytes of
 * data, so that a board may tie SCSn low for good (datasheet 2.2.3): several frames
 * under one chip select follow from that. No driver is known to do it, and nobody
 * has told of a chip that was asked to, so it has to be configured and is tried
 * first. Bursts and uploads keep the variable length mode and a chip select of
 * their own: how the chip takes such a frame behind fixed ones is anybody's guess.
 *
 * The plan of a message is the same as ever; w5500_message.c puts the accesses to
 * registers that follow each other under one chip select. A message that only
 * receives has one release instead of three or four, one that only sends two
 * instead of three. RECV and SEND of one message stay as far apart as in the plain
 * plan: another chip select is between them. The status window becomes frames of
 * four bytes. With SCSn tied low each frame must act when it ends, so the window
 * tells what a command before it has done; a chip that needs the chip select to
 * rise for that does not pass the test.
 *
 * A frame that is so short that it leaves in less time than a release takes is sent
 * in another order: upload, SEND, some reads of no use until it must have left, and
 * the window that shows it. That is one release. Two such frames are uploaded at once,
 * and the second then needs none. No SEND is given before the end of the one before
 * was seen. For a longer frame nothing but an upload fills the time between SEND and
 * the window that shows its end, and those are three chip selects.
 *
 * How long the wait must be is computed: the time on the wire, at the clock that was
 * asked for. That is exact only if the chip begins at once, which nobody has measured.
 * A clock that is lower in truth makes the wait longer; gaps between bytes and transfers
 * do, too. If it is too short for this chip, each such message is followed by another
 * look at the frame, so eight in a row end it. But a while of collisions in half duplex
 * looks the same: after a thousand frames one wait is tried, after twice as many if that
 * was in vain, and so on to a million. Beside so many frames one look more is nothing.
 *
 * The test runs before the configuration, with the socket closed and all registers
 * at their reset values, which makes it harmless. First it only reads, a window in one
 * chain: a chip that ignores what follows a frame, or takes it for data, shows that
 * before anything was written. Then it reads all registers that can be written, does
 * what normal operation does, once under one chip select, and reads again: the answers
 * must be right, what was written must be there, Sn_CR must be 0 again by the end of the
 * frame, and nothing else may have changed, neither behind the registers meant nor in
 * another block. Then the chip is reset. If it failed it is made again, twice: it may
 * have been a bit error. If that failed too, or the bus is too small for it, the plain
 * plan is used until the next identification.
 *
 * What the test cannot show is that a command has an effect: on a closed socket CLOSE,
 * the only one that may be given, has none. A chip that drops commands in a chain shows
 * that when it runs: one RECV after the other did not happen, or SENDs do not end. After
 * a few of them the chip is reset and the plain plan used, for good.
 */
#include "w5500_internal.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/bytes.h"

/*
 * A window: frames of four bytes, the first of which only a wide one has. Sn_RX_WR is
 * read before Sn_RX_RSR: a record that comes in between makes the latter more, and then
 * a window still shows whether RECV was taken. Sn_TX_RD is at the end, where a frame on
 * the wire has had most time to leave.
 */
#define SEGMENT_DATA  4
#define SEGMENT_SIZE  (W5500_HEADER_SIZE + SEGMENT_DATA)
#define TX_RD_IN_WIDE (4 * SEGMENT_SIZE - 2)

/* A wait: frames of one byte. */
#define WAIT_SIZE (W5500_HEADER_SIZE + 1)

/*
 * Waiting is of no use with a chip that takes longer, so often in a row. After so many
 * frames it is tried once more, at first and at most.
 */
#define OUTLASTS_MAX 8
#define UNWAITED_MIN 1000
#define UNWAITED_MAX (UNWAITED_MIN << 10)

/* What the kernel takes to release the chip select inside of a message. */
#define SELECT_NS (10 * NSEC_PER_USEC)

/* Rounds of writing and comparing, and tests that may fail but for the last. */
#define TEST_ROUNDS 4
#define TEST_TRIES  3

/*
 * So many RECVs in a row that did nothing though the bus was well, or SENDs or
 * commands that stuck: the chip does not take commands in a chain.
 */
#define MISSED_MAX 8
#define STUCK_MAX  3

/* Messages of a bus that carries less are not worth it. */
#define BUFSIZ_MIN 1024

bool w5500_chain_usable(const struct w5500 *chip)
{
	return chip->chain == W5500_CHAIN_PROVEN &&
	       spidev_limits(chip->bus).bufsiz >= BUFSIZ_MIN;
}

bool w5500_chain_window_add(struct w5500_message *m, bool wide, const uint8_t **ret)
{
	const uint8_t *segments[4];
	bool added;

	added = (!wide || w5500_message_read(m, W5500_SN_MR(0), SEGMENT_DATA, ret)) &&
		w5500_message_read(m, W5500_SN_RX_RD(0), SEGMENT_DATA, &segments[0]) &&
		w5500_message_read(m, W5500_SN_TX_WR(0), SEGMENT_DATA, &segments[1]) &&
		w5500_message_read(m, W5500_SN_TX_FSR(0), SEGMENT_DATA, &segments[2]);
	if (!wide)
		*ret = segments[0];
	return added;
}

const uint8_t *w5500_chain_window_unechoed(const uint8_t *data, bool wide)
{
	for (unsigned int n = wide ? 4 : 3; n > 0; n--, data += SEGMENT_SIZE)
		if (!w5500_message_echoed(data))
			return data;
	return NULL;
}

void w5500_chain_window_parse(const uint8_t *data, bool wide, struct w5500_window *ret)
{
	const uint8_t *tx, *both, *rx;

	*ret = (struct w5500_window){ 0 };
	if (wide) {
		ret->cr = data[W5500_REG_OFFSET(W5500_SN_CR(0))];
		ret->ir = data[W5500_REG_OFFSET(W5500_SN_IR(0))];
		ret->sr = data[W5500_REG_OFFSET(W5500_SN_SR(0))];
		data += SEGMENT_SIZE;
	}
	rx = data;
	both = data + SEGMENT_SIZE;
	tx = data + 2 * SEGMENT_SIZE;
	ret->tx_fsr = get_be16(tx);
	ret->tx_rd = get_be16(tx + 2);
	ret->tx_wr = get_be16(both);
	ret->rx_rsr = get_be16(both + 2);
	ret->rx_rd = get_be16(rx);
	ret->rx_wr = get_be16(rx + 2);
}

/* Bytes on the bus from SEND on until Sn_TX_RD must be that of a frame that has left. */
static size_t wire_bytes(const struct w5500 *chip, size_t len)
{
	return (size_t)(w5500_tx_wire_ns(chip, len) * chip->speed_hz /
			(8 * NSEC_PER_SEC)) +
	       1;
}

bool w5500_chain_is_short(const struct w5500 *chip, size_t len)
{
	return chip->link_mbit == 100 && chip->tx_outlasts < OUTLASTS_MAX &&
	       w5500_tx_wire_ns(chip, len) < SELECT_NS;
}

bool w5500_chain_wait_add(struct w5500 *chip, size_t len)
{
	const uint8_t *unused;

	for (size_t n = TX_RD_IN_WIDE; n < wire_bytes(chip, len); n += WAIT_SIZE)
		if (!w5500_message_read(&chip->message, W5500_SN_SR(0), 1, &unused))
			return false;
	return true;
}

void w5500_chain_waited(struct w5500 *chip)
{
	if (!chip->tx_in_flight) {
		chip->tx_outlasts = 0;
		chip->tx_enough = 0;
		return;
	}
	if (++chip->tx_outlasts < OUTLASTS_MAX)
		return;
	chip->tx_unwaited = 0;
	if (chip->tx_enough == 0)
		chip->tx_enough = UNWAITED_MIN;
	else if (chip->tx_enough < UNWAITED_MAX)
		chip->tx_enough *= 2;
}

/* ---- the test ---- */

/* Registers of the common block and of a socket that a frame gone astray could change. */
static const struct {
	uint8_t first, len;
} common_parts[] = { { 0x00, 0x15 }, { 0x16, 1 }, { 0x18, 0x10 } },
  socket_parts[] = { { 0x00, 2 }, { 0x03, 0x11 }, { 0x15, 2 }, { 0x1e, 2 },
		     { 0x24, 2 }, { 0x28, 2 },	  { 0x2c, 4 } };

#define COMMON_SIZE (0x15 + 1 + 0x10 + 1)
#define SOCKET_SIZE (2 + 0x11 + 2 + 2 + 2 + 2 + 4)
_Static_assert(W5500_CHAIN_IMAGE_SIZE == COMMON_SIZE + W5500_SOCKETS * SOCKET_SIZE,
	       "as many registers as are compared");

/* What the test writes in round @round: to Sn_RX_RD, and its complement to Sn_TX_WR. */
static uint16_t test_value(unsigned int round)
{
	static const uint16_t values[TEST_ROUNDS] = { 0x5aa5, 0xff00, 0x0ff0, 0x1234 };

	return values[round];
}

/* Reads all registers that are compared. 0, -EPROTO: not readable, -EMSGSIZE: no room, or
 * of the bus. */
static int read_image(struct w5500 *chip, uint8_t image[W5500_CHAIN_IMAGE_SIZE])
{
	const uint8_t *common, *sockets[W5500_SOCKETS];
	uint8_t *p = image;
	bool added, echoed;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	added = w5500_message_read(&chip->message, W5500_MR, W5500_COMMON_IMAGE_SIZE,
				   &common);
	for (unsigned int n = 0; n < W5500_SOCKETS && added; n++)
		added = w5500_message_read(&chip->message, W5500_SN_MR(n),
					   W5500_SOCKET_REGISTERS, &sockets[n]);
	if (!added)
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	echoed = w5500_message_echoed(common);
	for (size_t i = 0; i < ARRAY_SIZE(common_parts); i++) {
		memcpy(p, common + common_parts[i].first, common_parts[i].len);
		p += common_parts[i].len;
	}
	*p++ = common[W5500_REG_OFFSET(W5500_PHYCFGR)] &
	       (W5500_PHYCFGR_RST | W5500_PHYCFGR_OPMD | W5500_PHYCFGR_OPMDC_MASK);
	for (unsigned int n = 0; n < W5500_SOCKETS; n++) {
		echoed = echoed && w5500_message_echoed(sockets[n]);
		for (size_t i = 0; i < ARRAY_SIZE(socket_parts); i++) {
			memcpy(p, sockets[n] + socket_parts[i].first,
			       socket_parts[i].len);
			p += socket_parts[i].len;
		}
	}
	return echoed ? 0 : -EPROTO;
}

/* A chain that only reads: whether that of a closed socket is answered. As below. */
static int look(struct w5500 *chip)
{
	struct w5500_message *m = &chip->message;
	struct w5500_window w;
	const uint8_t *window;
	int r;

	w5500_message_begin(m, chip->bus);
	m->chained = true;
	if (!w5500_chain_window_add(m, true, &window))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	w5500_chain_window_parse(window, true, &w);
	if (w5500_chain_window_unechoed(window, true) || w.cr != 0 ||
	    w.sr != W5500_SN_SR_CLOSED || w.rx_rd != 0 || w.tx_wr != 0)
		return -EPROTO;
	return 0;
}

/* One chain as in normal operation. 0: answered as it must be, -EPROTO: not, -EMSGSIZE:
 * no room, or of the bus. */
static int try_chain(struct w5500 *chip)
{
	uint16_t value = test_value(chip->step_round), complement = (uint16_t)~value;
	struct w5500_message *m = &chip->message;
	struct w5500_window w;
	const uint8_t *window;
	int r;

	w5500_message_begin(m, chip->bus);
	m->chained = true;
	if (!w5500_message_write16(m, W5500_SN_RX_RD(0), value) ||
	    !w5500_message_write8(m, W5500_SN_IR(0), W5500_SN_IR_RECV) ||
	    !w5500_message_write16(m, W5500_SN_TX_WR(0), complement) ||
	    !w5500_message_write8(m, W5500_SN_CR(0), W5500_SN_CR_CLOSE) ||
	    !w5500_chain_window_add(m, true, &window))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	w5500_chain_window_parse(window, true, &w);
	if (w5500_chain_window_unechoed(window, true) || w.cr != 0 ||
	    w.sr != W5500_SN_SR_CLOSED || w.rx_rd != value || w.tx_wr != complement)
		return -EPROTO;
	return 0;
}

/* The image that is right after the chain, made from that before it. */
static void expect_written(const struct w5500 *chip,
			   uint8_t image[W5500_CHAIN_IMAGE_SIZE])
{
	uint16_t value = test_value(chip->step_round);
	uint8_t *socket = image + COMMON_SIZE;

	put_be16(socket + SOCKET_SIZE - 8, (uint16_t)~value);
	put_be16(socket + SOCKET_SIZE - 6, value);
}

/* The test is over: the chip is reset and started with the plan that was found good. */
static int conclude(struct w5500 *chip, enum w5500_chain chain, uint64_t *ret_due_ns)
{
	chip->chain = chain;
	w5500_step_enter(chip, W5500_STEP_RESET, 0);
	return w5500_step_later(chip, ret_due_ns, 0);
}

/* A message of the test ended with @error. */
static int failed(struct w5500 *chip, int error, uint64_t *ret_due_ns)
{
	if (error == -EMSGSIZE)
		return conclude(chip, W5500_CHAIN_NO_ROOM, ret_due_ns);
	if (error != -EPROTO)
		return error;
	/* It may have been a bit error; then all begins again. */
	return conclude(chip,
			++chip->chain_tries < TEST_TRIES ? W5500_CHAIN_UNTRIED
							 : W5500_CHAIN_REFUSED,
			ret_due_ns);
}

int w5500_step_chain_before(struct w5500 *chip, uint64_t *ret_due_ns)
{
	int r = spidev_limits(chip->bus).bufsiz < BUFSIZ_MIN ? -EMSGSIZE : 0;

	if (r == 0)
		r = read_image(chip, chip->chain_image);
	if (r < 0)
		return failed(chip, r, ret_due_ns);
	chip->step = W5500_STEP_CHAIN_LOOK;
	return w5500_step_later(chip, ret_due_ns, 0);
}

int w5500_step_chain_look(struct w5500 *chip, uint64_t *ret_due_ns)
{
	int r = look(chip);

	if (r < 0)
		return failed(chip, r, ret_due_ns);
	chip->step = W5500_STEP_CHAIN_TRY;
	return w5500_step_later(chip, ret_due_ns, 0);
}

int w5500_step_chain_try(struct w5500 *chip, uint64_t *ret_due_ns)
{
	int r = try_chain(chip);

	if (r < 0)
		return failed(chip, r, ret_due_ns);
	expect_written(chip, chip->chain_image);
	chip->step = W5500_STEP_CHAIN_AFTER;
	return w5500_step_later(chip, ret_due_ns, 0);
}

int w5500_step_chain_after(struct w5500 *chip, uint64_t *ret_due_ns)
{
	uint8_t image[W5500_CHAIN_IMAGE_SIZE];
	int r = read_image(chip, image);

	if (r == 0 && memcmp(image, chip->chain_image, sizeof(image)) != 0)
		r = -EPROTO;
	if (r < 0)
		return failed(chip, r, ret_due_ns);
	if (++chip->step_round == TEST_ROUNDS)
		return conclude(chip, W5500_CHAIN_PROVEN, ret_due_ns);
	chip->step = W5500_STEP_CHAIN_TRY;
	return w5500_step_later(chip, ret_due_ns, 0);
}

/* ---- while it runs ---- */

/* The chip does not take what it took in the test: the plain plan from now on. */
static void give_up(struct w5500 *chip)
{
	chip->chain = W5500_CHAIN_BROKEN;
	chip->trouble = W5500_TROUBLE_PLAN;
}

void w5500_chain_recv_missed(struct w5500 *chip)
{
	if (w5500_chain_usable(chip) && ++chip->chain_missed >= MISSED_MAX)
		give_up(chip);
}

void w5500_chain_recv_taken(struct w5500 *chip)
{
	chip->chain_missed = 0;
}

void w5500_chain_stuck(struct w5500 *chip)
{
	if (w5500_chain_usable(chip) && ++chip->chain_stuck >= STUCK_MAX)
		give_up(chip);
}

void w5500_chain_sent(struct w5500 *chip)
{
	chip->chain_stuck = 0;
	if (chip->tx_outlasts >= OUTLASTS_MAX && ++chip->tx_unwaited >= chip->tx_enough)
		chip->tx_outlasts = OUTLASTS_MAX - 1;
}
