// SPDX-License-Identifier: MIT
/*
 * w5500_start.c — from unknown to running, one message at a time
 *
 *	PROBE   IDENTIFY
 *	RESET     RESET, RESET_WAIT, PATTERN x n,
 *	          (CHAIN_BEFORE, CHAIN_LOOK, (CHAIN_TRY, CHAIN_AFTER) x n, again from
 *	          RESET,)
 *	          CONFIGURE, COMPARE, COMPARE_SIZES,
 *	          (PHY_RELEASE), OPEN, OPEN_WAIT, INTERRUPT, RUNNING
 *	REOPEN    CLOSE, CLOSE_WRITE, CLOSE_WAIT, OPEN, OPEN_WAIT, INTERRUPT, RUNNING
 *	RESYNC    RESYNC, RESYNC_WRITE, RUNNING
 *
 * Identification and pattern run at the configured clock; when one of them fails
 * the clock is halved and all begins again, down to W5500_SPEED_MIN_HZ. The steps of
 * the socket are in w5500_socket.c.
 */
#include "w5500_internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mqttnode/bytes.h"

/* VERSIONR may read 0 for a while after a reset; at a lower clock that is over. */
#define IDENTIFY_LIMIT_NS	(100 * NSEC_PER_MSEC)
#define IDENTIFY_LOWER_LIMIT_NS (10 * NSEC_PER_MSEC)
#define POLL_NS			NSEC_PER_MSEC
#define PHY_HOLD_NS		(10 * NSEC_PER_MSEC)

#define PATTERN_SIZE   64
#define PATTERN_ROUNDS 16

/* Attempts at something that one bit error can spoil. */
#define ATTEMPTS 8

void w5500_step_enter(struct w5500 *chip, enum w5500_step step, uint64_t limit_ns)
{
	chip->step = step;
	chip->step_round = 0;
	chip->step_deadline_ns = clock_now_ns(chip->clock) + limit_ns;
}

bool w5500_step_expired(const struct w5500 *chip)
{
	return chip->looked_ns >= chip->step_deadline_ns;
}

/* More to do, not before @ns from now. */
int w5500_step_later(const struct w5500 *chip, uint64_t *ret_due_ns, uint64_t ns)
{
	*ret_due_ns = clock_now_ns(chip->clock) + ns;
	return 0;
}

void w5500_start(struct w5500 *chip, enum w5500_start from)
{
	assert(chip->bus);
	chip->trouble = W5500_TROUBLE_NONE;
	chip->check_failed = 0;

	switch (from) {
	case W5500_START_PROBE:
		chip->answer = W5500_ANSWER_NONE;
		if (chip->chain != W5500_CHAIN_BROKEN)
			chip->chain = W5500_CHAIN_UNTRIED;
		chip->chain_tries = 0;
		chip->speed_hz = chip->speed_limit_hz;
		(void)spidev_set_speed(chip->bus, chip->speed_hz);
		w5500_step_enter(chip, W5500_STEP_IDENTIFY, IDENTIFY_LIMIT_NS);
		break;
	case W5500_START_RESET:
		w5500_step_enter(chip, W5500_STEP_RESET, 0);
		break;
	case W5500_START_REOPEN:
		w5500_step_enter(chip, W5500_STEP_CLOSE, W5500_COMMAND_LIMIT_NS);
		break;
	case W5500_START_RESYNC:
		w5500_step_enter(chip, W5500_STEP_RESYNC, W5500_COMMAND_LIMIT_NS);
		break;
	}
}

/* Identification or pattern failed with @error: begins again at half the clock, if it
 * may. */
static int slow_down(struct w5500 *chip, int error, uint64_t *ret_due_ns)
{
	uint32_t half = chip->speed_hz / 2;

	if (half < W5500_SPEED_MIN_HZ || spidev_set_speed(chip->bus, half) < 0)
		return error;
	chip->speed_hz = half;
	w5500_step_enter(chip, W5500_STEP_IDENTIFY, IDENTIFY_LOWER_LIMIT_NS);
	return w5500_step_later(chip, ret_due_ns, 0);
}

/* Whether the three bytes before @data are the echo, up to 7 bits early or late. */
static bool is_shifted_echo(const uint8_t *data)
{
	const uint8_t *echo = data - W5500_HEADER_SIZE;
	uint32_t seen = (uint32_t)(echo[0] << 16 | echo[1] << 8 | echo[2]);
	const uint32_t all = 0xffffff, right = 0x010203;

	for (unsigned int bits = 1; bits < 8; bits++)
		if (seen >> bits == (right & (all >> bits)) ||
		    (seen << bits & all) == (right & (all << bits & all)))
			return true;
	return false;
}

static enum w5500_answer judge(const uint8_t *version)
{
	const uint8_t *all = version - W5500_HEADER_SIZE;
	bool zeros = true, ones = true;

	for (unsigned int i = 0; i <= W5500_HEADER_SIZE; i++) {
		zeros &= all[i] == 0x00;
		ones &= all[i] == 0xff;
	}
	if (zeros)
		return W5500_ANSWER_ZEROS;
	if (ones)
		return W5500_ANSWER_ONES;
	if (!w5500_message_echoed(version))
		return is_shifted_echo(version) ? W5500_ANSWER_SHIFTED
						: W5500_ANSWER_GARBLED;
	return *version == W5500_VERSIONR_W5500 ? W5500_ANSWER_GOOD
						: W5500_ANSWER_OTHER_VERSION;
}

/* Whether a message can carry the least that frames need: a commit and a window. */
static bool bus_is_large_enough(struct w5500 *chip)
{
	const uint8_t *window;

	w5500_message_begin(&chip->message, chip->bus);
	return w5500_message_command(&chip->message, W5500_SN_RX_RD(0), 0,
				     W5500_SN_CR_RECV) &&
	       w5500_window_add(&chip->message, true, &window);
}

static int identify(struct w5500 *chip, uint64_t *ret_due_ns)
{
	const uint8_t *version, *phy;
	int r;

	if (!bus_is_large_enough(chip))
		return -EMSGSIZE;
	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_read(&chip->message, W5500_PHYCFGR, 1, &phy) ||
	    !w5500_message_read(&chip->message, W5500_VERSIONR, 1, &version))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	chip->answer = judge(version);
	chip->version = *version;
	if (chip->answer == W5500_ANSWER_GOOD) {
		/* The mode that an earlier run left outlives a soft reset, only the
		 * register does not. */
		chip->phy_manual = chip->config.phy != PHY_MODE_AUTO ||
				   ((*phy & W5500_PHYCFGR_OPMD) &&
				    *phy >> 3 != w5500_phy_value(PHY_MODE_AUTO) >> 3);
		w5500_step_enter(chip, W5500_STEP_RESET, 0);
		return w5500_step_later(chip, ret_due_ns, 0);
	}
	if (w5500_step_expired(chip))
		return slow_down(chip, -ENODEV, ret_due_ns);
	return w5500_step_later(chip, ret_due_ns, POLL_NS);
}

static int reset(struct w5500 *chip, uint64_t *ret_due_ns)
{
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_write8(&chip->message, W5500_MR, W5500_MR_RST))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	/* What was on its way in either direction is gone. */
	if (chip->was_open)
		chip->counters.rx_lost++;
	chip->was_open = false;
	w5500_forget(chip, 0, 0);
	w5500_step_enter(chip, W5500_STEP_RESET_WAIT, W5500_COMMAND_LIMIT_NS);
	return w5500_step_later(chip, ret_due_ns, 0);
}

static int reset_wait(struct w5500 *chip, uint64_t *ret_due_ns)
{
	const uint8_t *common;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_read(&chip->message, W5500_MR, W5500_COMMON_IMAGE_SIZE,
				&common))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	if (w5500_message_echoed(common) && *common == 0 &&
	    common[W5500_REG_OFFSET(W5500_VERSIONR)] == W5500_VERSIONR_W5500 &&
	    get_be16(common + W5500_REG_OFFSET(W5500_RTR)) == W5500_RTR_RESET) {
		w5500_step_enter(chip, W5500_STEP_PATTERN, 0);
		return w5500_step_later(chip, ret_due_ns, 0);
	}
	if (w5500_step_expired(chip))
		return -ETIME;
	return w5500_step_later(chip, ret_due_ns, POLL_NS);
}

/*
 * Byte @i of pattern @round: a linear congruential sequence, so that every bit
 * toggles in many ways, with its first bytes the worst for a slow edge.
 */
static void fill_pattern(uint8_t *p, unsigned int round)
{
	static const uint8_t edges[] = { 0x00, 0xff, 0x55, 0xaa, 0x00,
					 0x01, 0xfe, 0x80, 0x7f };
	uint32_t x = 0x12345678u + round;

	for (unsigned int i = 0; i < PATTERN_SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = i < sizeof(edges) ? edges[i] : (uint8_t)(x >> 24);
	}
}

/* Writes to the TX memory, which nobody uses while the socket is closed, and reads it
 * back. */
static int pattern(struct w5500 *chip, uint64_t *ret_due_ns)
{
	uint8_t expected[PATTERN_SIZE];
	const uint8_t *data;
	int r;

	fill_pattern(expected, chip->step_round);
	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_write(&chip->message, W5500_SN_TX_BUFFER(0, 0), expected,
				 PATTERN_SIZE) ||
	    !w5500_message_read(&chip->message, W5500_SN_TX_BUFFER(0, 0), PATTERN_SIZE,
				&data))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	if (!w5500_message_echoed(data) || memcmp(data, expected, PATTERN_SIZE) != 0)
		return slow_down(chip, -EPROTO, ret_due_ns);
	if (++chip->step_round == PATTERN_ROUNDS)
		w5500_step_enter(chip,
				 chip->config.chained &&
						 chip->chain == W5500_CHAIN_UNTRIED
					 ? W5500_STEP_CHAIN_BEFORE
					 : W5500_STEP_CONFIGURE,
				 0);
	return w5500_step_later(chip, ret_due_ns, 0);
}

/* Adds write number @i of the configuration. 1: added, 0: there is none, -ENOBUFS: no
 * room. */
static int add_setting(struct w5500 *chip, unsigned int i)
{
	static const uint8_t none[2] = { 0, 0 };
	static const uint8_t all[2] = { W5500_RING_KIB, W5500_RING_KIB };
	uint8_t phy = w5500_phy_value(chip->config.phy);
	struct w5500_message *m = &chip->message;
	bool added;

	switch (i) {
	case 0:
		added = w5500_message_write8(m, W5500_MR, W5500_MR_PB);
		break;
	case 1:
		added = w5500_message_write(m, W5500_SHAR, chip->config.mac, 6);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		/* The others give their memory up before socket 0 takes it. */
		added = w5500_message_write(m, W5500_SN_RXBUF_SIZE(i - 1), none,
					    sizeof(none));
		break;
	case 9:
		added = w5500_message_write(m, W5500_SN_RXBUF_SIZE(0), all, sizeof(all));
		break;
	case 10:
		added = w5500_message_write8(m, W5500_SN_IMR(0), W5500_SN_IR_RECV);
		break;
	case 11:
		added = w5500_message_write8(m, W5500_SN_MR(0),
					     w5500_socket_mode(&chip->config));
		break;
	case 12:
		/* A new mode is taken by a reset of the PHY: hold it now, release it
		 * later. */
		if (!chip->phy_manual)
			return 0;
		added = w5500_message_write8(m, W5500_PHYCFGR,
					     phy & (unsigned int)~W5500_PHYCFGR_RST);
		break;
	default:
		return 0;
	}
	return added ? 1 : -ENOBUFS;
}

static int configure(struct w5500 *chip, uint64_t *ret_due_ns)
{
	unsigned int i = chip->step_round;
	bool manual = chip->phy_manual;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	do
		r = add_setting(chip, i++);
	while (r > 0);
	if (r < 0 && --i == chip->step_round)
		return -EMSGSIZE;
	if (chip->message.n_transfers > 0) {
		int sent = w5500_run(chip);

		if (sent < 0)
			return sent;
	}
	chip->step_round = i;
	if (r < 0)
		return w5500_step_later(chip, ret_due_ns, 0);
	w5500_step_enter(chip, manual ? W5500_STEP_PHY_RELEASE : W5500_STEP_COMPARE, 0);
	return w5500_step_later(chip, ret_due_ns, manual ? PHY_HOLD_NS : 0);
}

static int phy_release(struct w5500 *chip, uint64_t *ret_due_ns)
{
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_write8(&chip->message, W5500_PHYCFGR,
				  w5500_phy_value(chip->config.phy)))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	w5500_step_enter(chip, W5500_STEP_COMPARE, 0);
	return w5500_step_later(chip, ret_due_ns, 0);
}

/* Something did not read as written: a bit error of the reading, if it is not so again.
 */
static int differs(struct w5500 *chip, uint64_t *ret_due_ns)
{
	if (++chip->step_round == ATTEMPTS)
		return -EPROTO;
	return w5500_step_later(chip, ret_due_ns, 0);
}

static int compare(struct w5500 *chip, uint64_t *ret_due_ns)
{
	const uint8_t *common, *socket;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_read(&chip->message, W5500_MR, W5500_COMMON_IMAGE_SIZE,
				&common) ||
	    !w5500_message_read(&chip->message, W5500_SN_MR(0), W5500_SOCKET_IMAGE_SIZE,
				&socket))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	if (!w5500_message_echoed(common) || !w5500_message_echoed(socket) ||
	    !w5500_registers_match(chip, common, socket))
		return differs(chip, ret_due_ns);
	w5500_step_enter(chip, W5500_STEP_COMPARE_SIZES, 0);
	return w5500_step_later(chip, ret_due_ns, 0);
}

/* The other sockets must have no memory, or records would overwrite each other. */
static int compare_sizes(struct w5500 *chip, uint64_t *ret_due_ns)
{
	const uint8_t *sizes[W5500_SOCKETS];
	unsigned int first = chip->step_round + 1, n = first;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	while (n < W5500_SOCKETS &&
	       w5500_message_read(&chip->message, W5500_SN_RXBUF_SIZE(n), 2, &sizes[n]))
		n++;
	if (n == first)
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	for (unsigned int i = first; i < n; i++)
		if (!w5500_message_echoed(sizes[i]) || sizes[i][0] != 0 ||
		    sizes[i][1] != 0)
			return -EPROTO;
	if (n < W5500_SOCKETS)
		chip->step_round = n - 1;
	else
		w5500_step_enter(chip, W5500_STEP_OPEN, 0);
	return w5500_step_later(chip, ret_due_ns, 0);
}

int w5500_start_step(struct w5500 *chip, uint64_t *ret_due_ns)
{
	int r = -EINVAL;

	switch (chip->step) {
	case W5500_STEP_NONE:
		break;
	case W5500_STEP_IDENTIFY:
		r = identify(chip, ret_due_ns);
		break;
	case W5500_STEP_RESET:
		r = reset(chip, ret_due_ns);
		break;
	case W5500_STEP_RESET_WAIT:
		r = reset_wait(chip, ret_due_ns);
		break;
	case W5500_STEP_PATTERN:
		r = pattern(chip, ret_due_ns);
		break;
	case W5500_STEP_CHAIN_BEFORE:
		r = w5500_step_chain_before(chip, ret_due_ns);
		break;
	case W5500_STEP_CHAIN_LOOK:
		r = w5500_step_chain_look(chip, ret_due_ns);
		break;
	case W5500_STEP_CHAIN_TRY:
		r = w5500_step_chain_try(chip, ret_due_ns);
		break;
	case W5500_STEP_CHAIN_AFTER:
		r = w5500_step_chain_after(chip, ret_due_ns);
		break;
	case W5500_STEP_CONFIGURE:
		r = configure(chip, ret_due_ns);
		break;
	case W5500_STEP_COMPARE:
		r = compare(chip, ret_due_ns);
		break;
	case W5500_STEP_COMPARE_SIZES:
		r = compare_sizes(chip, ret_due_ns);
		break;
	case W5500_STEP_PHY_RELEASE:
		r = phy_release(chip, ret_due_ns);
		break;
	case W5500_STEP_CLOSE:
		r = w5500_step_close(chip, ret_due_ns);
		break;
	case W5500_STEP_CLOSE_WRITE:
		r = w5500_step_close_write(chip, ret_due_ns);
		break;
	case W5500_STEP_CLOSE_WAIT:
		r = w5500_step_close_wait(chip, ret_due_ns);
		break;
	case W5500_STEP_OPEN:
		r = w5500_step_open(chip, ret_due_ns);
		break;
	case W5500_STEP_OPEN_WAIT:
		r = w5500_step_open_wait(chip, ret_due_ns);
		break;
	case W5500_STEP_INTERRUPT:
		r = w5500_step_interrupt(chip);
		break;
	case W5500_STEP_RESYNC:
		r = w5500_step_resync(chip, ret_due_ns);
		break;
	case W5500_STEP_RESYNC_WRITE:
		r = w5500_step_resync_write(chip, ret_due_ns);
		break;
	case W5500_STEP_RUNNING:
		r = 1;
		break;
	}
	if (r < 0)
		chip->step = W5500_STEP_NONE;
	return r;
}
