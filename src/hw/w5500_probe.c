// SPDX-License-Identifier: MIT
/* w5500_probe.c — what can be asked of the wires while the chip does not run */
#include "mqttnode/w5500_probe.h"

#include <errno.h>

#include "mqttnode/bytes.h"
#include "mqttnode/w5500_regs.h"
#include "w5500_message.h"

/* RSTn: low at least 500 us, then 1 ms until the PLL has locked (datasheet 5.5.1). */
#define RESET_LOW_NS  (1 * NSEC_PER_MSEC)
#define RESET_HIGH_NS (2 * NSEC_PER_MSEC)

/* VERSIONR may read 0 for a while after a reset. */
#define ANSWER_LIMIT_NS (100 * NSEC_PER_MSEC)

/* What the retransmission time is set to: MACRAW has no use for it. */
#define MARK 0x5aa5

static int write_mark(struct w5500_message *m, struct spi_bus *bus)
{
	w5500_message_begin(m, bus);
	if (!w5500_message_write16(m, W5500_RTR, MARK))
		return -EMSGSIZE;
	return w5500_message_run(m, bus);
}

/* Reads the register that was marked into @ret. 0, -ENODEV if no W5500 answers, -errno.
 */
static int read_mark(struct w5500_message *m, struct spi_bus *bus, unsigned int *ret)
{
	const uint8_t *version, *mark;
	int r;

	w5500_message_begin(m, bus);
	if (!w5500_message_read(m, W5500_VERSIONR, 1, &version) ||
	    !w5500_message_read(m, W5500_RTR, 2, &mark))
		return -EMSGSIZE;
	r = w5500_message_run(m, bus);
	if (r < 0)
		return r;
	if (!w5500_message_echoed(version) || !w5500_message_echoed(mark) ||
	    *version != W5500_VERSIONR_W5500)
		return -ENODEV;
	*ret = get_be16(mark);
	return 0;
}

static int pulse(struct gpio_line *reset, const struct clock *clock)
{
	int r = gpio_set(reset, false);

	if (r < 0)
		return r;
	clock_sleep_ns(clock, RESET_LOW_NS);
	r = gpio_set(reset, true);
	clock_sleep_ns(clock, RESET_HIGH_NS);
	return r;
}

static int probe(struct w5500_message *m, struct spi_bus *bus, struct gpio_line *reset,
		 const struct clock *clock)
{
	uint64_t deadline;
	unsigned int mark;
	int r;

	r = write_mark(m, bus);
	if (r == 0)
		r = read_mark(m, bus, &mark);
	if (r == 0 && mark != MARK)
		r = -ENODEV;
	if (r == 0)
		r = pulse(reset, clock);
	if (r < 0)
		return r;
	deadline = clock_now_ns(clock) + ANSWER_LIMIT_NS;
	while ((r = read_mark(m, bus, &mark)) == -ENODEV &&
	       clock_now_ns(clock) < deadline)
		clock_sleep_ns(clock, NSEC_PER_MSEC);
	if (r < 0)
		return r;
	return mark != MARK;
}

int w5500_probe_reset(struct spi_bus *bus, struct gpio_line *reset,
		      const struct clock *clock)
{
	struct w5500_message *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	r = probe(m, bus, reset, clock);
	free(m);
	return r;
}
