// SPDX-License-Identifier: MIT
/* packet_bench.c — the pump at work on the simulated board, and what that costs */
#include "packet_bench.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "mqttnode/pump.h"
#include "mqttnode/tap.h"
#include "mqttnode/w5500.h"
#include "sim/sim_gpio.h"
#include "sim/sim_spi.h"

#define SPI_NODE   "/dev/spidev0.0"
#define INT_OFFSET 25
#define RST_OFFSET 24

#define UP_LIMIT_NS (5 * NSEC_PER_SEC)
/* How far one direction of a mixture may be ahead of the other, in rounds. */
#define AHEAD 8

#define must(condition)                                                                  \
	do {                                                                             \
		if (!(condition))                                                        \
			give_up(#condition);                                             \
	} while (0)

struct packet_bench {
	struct board_time *time;
	struct w5500_sim *chip;
	struct sim_spi *spi;
	struct sim_gpio *gpio;
	struct sim_report report;
	struct ethernet_settings settings;
	struct pump *pump;
	struct pump_wait wait;
	int tap_fd; /* the pump's; only to be recognised */
	bool measured;

	size_t size; /* of the frames */
	unsigned int rx_share, tx_share;
	uint64_t to_send; /* frames in the TAP that are not of a backlog */
	uint64_t tap_given, tap_taken;
	uint64_t tap_calls, wakeups;
	struct bus_cost health;
	uint64_t stop_at; /* frames that have arrived then; for packet_bench_frames() */
};

static const uint8_t our_mac[6] = { 0x02, 0x50, 0x00, 0x12, 0x34, 0x56 };
static char spi_node[] = SPI_NODE, int_line[] = "GPIO25", rst_line[] = "GPIO24",
	    no_line[] = "";

/* tap_read() and tap_write() know only a descriptor. */
static struct packet_bench *present;

static void give_up(const char *condition)
{
	(void)fprintf(stderr, "packet_bench: not so: %s\n", condition);
	for (size_t i = 0; present && w5500_sim_violation(present->chip, i); i++)
		(void)fprintf(stderr, "violation: %s\n",
			      w5500_sim_violation(present->chip, i));
	abort();
}

static uint64_t now(const struct packet_bench *b)
{
	return board_time_now_ns(b->time);
}

static uint64_t rx_stored(const struct packet_bench *b)
{
	return w5500_sim_stats(b->chip)->rx_frames;
}

static uint64_t tx_sent(const struct packet_bench *b)
{
	return w5500_sim_stats(b->chip)->tx_frames;
}

/* --- the TAP ------------------------------------------------------------------ */

static bool tap_has_frame(const struct packet_bench *b)
{
	if (b->tap_given < b->to_send)
		return true;
	return b->tx_share > 0 &&
	       (b->rx_share == 0 ||
		b->tap_given * b->rx_share < (rx_stored(b) + AHEAD) * b->tx_share);
}

int __wrap_tap_set_carrier(int fd, bool on);
ssize_t __wrap_tap_read(int fd, uint8_t *buf, size_t size);
int __wrap_tap_write(int fd, const uint8_t *frame, size_t len);

int __wrap_tap_set_carrier(int fd, bool on)
{
	(void)fd;
	(void)on;
	return 0;
}

ssize_t __wrap_tap_read(int fd, uint8_t *buf, size_t size)
{
	struct packet_bench *b = present;

	must(fd == b->tap_fd);
	b->tap_calls++;
	if (!tap_has_frame(b))
		return -EAGAIN;
	must(b->size <= size);
	b->tap_given++;
	memset(buf, 0x55, b->size);
	return (ssize_t)b->size;
}

int __wrap_tap_write(int fd, const uint8_t *frame, size_t len)
{
	struct packet_bench *b = present;

	must(fd == b->tap_fd && len == b->size && memcmp(frame, our_mac, 6) == 0);
	b->tap_calls++;
	b->tap_taken++;
	return 0;
}

/* --- the bus -------------------------------------------------------------------- */

static struct bus_cost bus_cost(const struct packet_bench *b)
{
	const struct w5500_sim_stats *chip = w5500_sim_stats(b->chip);
	const struct sim_spi_stats *spi = sim_spi_stats(b->spi);

	return (struct bus_cost){
		.calls = spi->messages,
		.transfers = spi->transfers,
		.selects = chip->chip_selects,
		.bytes = chip->bytes,
		.ns = spi->bus_ns,
	};
}

static struct bus_cost bus_less(const struct bus_cost *a, const struct bus_cost *b)
{
	return (struct bus_cost){
		.calls = a->calls - b->calls,
		.transfers = a->transfers - b->transfers,
		.selects = a->selects - b->selects,
		.bytes = a->bytes - b->bytes,
		.ns = a->ns - b->ns,
	};
}

int __real_w5500_check(struct w5500 *chip, struct w5500_health *ret);
int __wrap_w5500_check(struct w5500 *chip, struct w5500_health *ret);

/* The health tick: what it costs is added up. */
int __wrap_w5500_check(struct w5500 *chip, struct w5500_health *ret)
{
	struct packet_bench *b = present;
	struct bus_cost before = bus_cost(b), others = bus_less(&before, &b->health);
	int r = __real_w5500_check(chip, ret);
	struct bus_cost after = bus_cost(b);

	b->health = bus_less(&after, &others);
	return r;
}

/* --- the wire ------------------------------------------------------------------ */

static void make_frame(const struct packet_bench *b, uint8_t *frame)
{
	memset(frame, 0xaa, b->size);
	memcpy(frame, our_mac, sizeof(our_mac));
}

/* The sender that never pauses, as far as the mixture allows. */
static size_t next_frame(void *ctx, uint8_t *frame)
{
	struct packet_bench *b = ctx;

	if (b->tx_share > 0 &&
	    rx_stored(b) * b->tx_share >= (tx_sent(b) + AHEAD) * b->rx_share)
		return 0;
	make_frame(b, frame);
	return b->size;
}

/* --- turns --------------------------------------------------------------------- */

__attribute__((noinline)) void packet_bench_measured_turn(struct packet_bench *b);
__attribute__((noinline)) void packet_bench_measured_turn(struct packet_bench *b)
{
	pump_turn(b->pump, &b->wait);
}

/* What the wait finds: edges of the line, and frames in the TAP. */
static bool something_is_ready(struct packet_bench *b)
{
	int n = poll(b->wait.fds, b->wait.n_fds, 0);

	for (unsigned int i = 0; i < b->wait.n_fds; i++) {
		struct pollfd *fd = &b->wait.fds[i];

		if (fd->fd == b->tap_fd && (fd->events & POLLIN) && tap_has_frame(b)) {
			fd->revents = POLLIN;
			n++;
		}
	}
	return n > 0;
}

static uint64_t arrived(const struct packet_bench *b)
{
	return b->tap_taken + tx_sent(b);
}

/* One turn, and the wait after it, but not beyond @until_ns: as pump_thread() does. */
static void step(struct packet_bench *b, uint64_t until_ns)
{
	if (b->measured)
		packet_bench_measured_turn(b);
	else
		pump_turn(b->pump, &b->wait);
	if (b->rx_share > 0)
		w5500_sim_kick_source(b->chip);
	if (b->wait.deadline_ns <= now(b) || arrived(b) >= b->stop_at ||
	    something_is_ready(b))
		return;
	if (until_ns > b->wait.deadline_ns)
		until_ns = b->wait.deadline_ns;
	while (now(b) < until_ns && arrived(b) < b->stop_at && !something_is_ready(b))
		(void)board_time_step(b->time, until_ns);
	/* A sleep that only the bench interrupted goes on. */
	if (now(b) >= b->wait.deadline_ns || something_is_ready(b))
		b->wakeups++;
}

void packet_bench_for(struct packet_bench *b, uint64_t ns)
{
	uint64_t until = now(b) + ns;

	while (now(b) < until)
		step(b, until);
}

void packet_bench_frames(struct packet_bench *b, uint64_t n)
{
	b->stop_at = arrived(b) + n;
	while (arrived(b) < b->stop_at)
		step(b, BOARD_TIME_NEVER);
	b->stop_at = UINT64_MAX;
}

void packet_bench_to_tick(struct packet_bench *b)
{
	uint64_t calls = sim_spi_stats(b->spi)->messages;

	packet_bench_for(b, 100 * NSEC_PER_MSEC);
	while (sim_spi_stats(b->spi)->messages == calls)
		packet_bench_for(b, NSEC_PER_MSEC);
	packet_bench_for(b, NSEC_PER_MSEC);
}

/* --- work ------------------------------------------------------------------------ */

void packet_bench_arrive(struct packet_bench *b, size_t size, unsigned int n)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];

	b->size = size;
	make_frame(b, frame);
	for (unsigned int i = 0; i < n; i++)
		must(w5500_sim_deliver(b->chip, frame, size, 0) == 0);
}

void packet_bench_send(struct packet_bench *b, size_t size, unsigned int n)
{
	b->size = size;
	b->to_send = b->tap_given + n;
}

void packet_bench_backlog(struct packet_bench *b, size_t size, unsigned int rx,
			  unsigned int tx)
{
	b->size = size;
	b->rx_share = rx;
	b->tx_share = tx;
	if (rx > 0)
		w5500_sim_set_source(b->chip, next_frame, b);
}

void packet_bench_measure(struct packet_bench *b, bool on)
{
	b->measured = on;
}

struct packet_cost packet_bench_cost(const struct packet_bench *b)
{
	return (struct packet_cost){
		.rx_frames = b->tap_taken,
		.tx_frames = tx_sent(b),
		.bus = bus_cost(b),
		.health = b->health,
		.elapsed_ns = now(b),
		.tap_calls = b->tap_calls,
		.wakeups = b->wakeups,
	};
}

static void bus_add(struct bus_cost *sum, const struct bus_cost *c)
{
	sum->calls += c->calls;
	sum->transfers += c->transfers;
	sum->selects += c->selects;
	sum->bytes += c->bytes;
	sum->ns += c->ns;
}

void packet_cost_add(struct packet_cost *sum, const struct packet_cost *cost)
{
	sum->rx_frames += cost->rx_frames;
	sum->tx_frames += cost->tx_frames;
	bus_add(&sum->bus, &cost->bus);
	bus_add(&sum->health, &cost->health);
	sum->elapsed_ns += cost->elapsed_ns;
	sum->tap_calls += cost->tap_calls;
	sum->wakeups += cost->wakeups;
}

struct packet_cost packet_cost_since(const struct packet_cost *from,
				     const struct packet_cost *to)
{
	return (struct packet_cost){
		.rx_frames = to->rx_frames - from->rx_frames,
		.tx_frames = to->tx_frames - from->tx_frames,
		.bus = bus_less(&to->bus, &from->bus),
		.health = bus_less(&to->health, &from->health),
		.elapsed_ns = to->elapsed_ns - from->elapsed_ns,
		.tap_calls = to->tap_calls - from->tap_calls,
		.wakeups = to->wakeups - from->wakeups,
	};
}

/* --- life ------------------------------------------------------------------------- */

static bool is_up(struct packet_bench *b)
{
	struct pump_status status;

	pump_get_status(b->pump, &status);
	return status.chip == CHIP_STATE_RUNNING && status.link_up;
}

struct packet_bench *packet_bench_new(const struct packet_setup *setup)
{
	struct w5500_sim_options options = w5500_sim_default_options();
	struct packet_bench *b = calloc(1, sizeof(*b));
	uint64_t limit;

	must(b && !present);
	options.link_delay_ns = 0;
	if (setup->chained) /* what the test of the chip demands */
		options.accept = W5500_SIM_ACCEPT_AT_FRAME_END;
	must(board_time_new_virtual(&b->time) == 0);
	must(w5500_sim_new(&b->chip, b->time, &options) == 0);
	present = b;
	must(sim_spi_attach(&b->spi, b->chip, SPI_NODE) == 0);
	must(sim_gpio_new(&b->gpio, b->chip, INT_OFFSET, RST_OFFSET, &b->report) == 0);
	sim_spi_options(b->spi)->bufsiz = setup->bufsiz;
	sim_spi_options(b->spi)->call_ns = setup->model.call_ns;
	sim_spi_options(b->spi)->cs_change_ns = setup->model.toggle_ns;
	b->settings = (struct ethernet_settings){
		.spi = spi_node,
		.spi_speed_hz = 33400000,
		.interrupt = setup->interrupt ? int_line : no_line,
		.reset = rst_line,
		.interface = "mqtt0",
		.phy = PHY_MODE_AUTO,
		.chained = setup->chained,
	};
	must(pump_new(&b->pump, &b->settings, our_mac, board_time_clock(b->time)) == 0);
	b->tap_fd = eventfd(0, EFD_CLOEXEC);
	must(b->tap_fd >= 0);
	pump_set_tap(b->pump, b->tap_fd);
	b->stop_at = UINT64_MAX;
	limit = now(b) + UP_LIMIT_NS;
	while (!is_up(b)) {
		must(now(b) < limit);
		step(b, limit);
	}
	packet_bench_for(b, 2 * NSEC_PER_MSEC);
	return b;
}

struct packet_bench *packet_bench_free(struct packet_bench *b)
{
	if (!b)
		return NULL;
	must(w5500_sim_stats(b->chip)->violations == 0 && b->report.n_violations == 0);
	b->pump = pump_free(b->pump);
	b->gpio = sim_gpio_free(b->gpio);
	b->spi = sim_spi_detach(b->spi);
	b->chip = w5500_sim_free(b->chip);
	b->time = board_time_free(b->time);
	present = NULL;
	free(b);
	return NULL;
}
