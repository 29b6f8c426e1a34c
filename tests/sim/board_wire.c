// SPDX-License-Identifier: MIT
/* board_wire.c — the cable of the simulated board, and the thread that keeps its time */
#include "board_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "board_thread.h"
#include "mqttnode/bytes.h"
#include "mqttnode/fd.h"
#include "sim_fields.h"

#define PENDING_MAX 32 /* frames under way to the chip */
#define QUEUE_MAX   64 /* frames from the chip, not written yet */

#define ETHERTYPE_OFFSET 12
#define ETHERTYPE_IPV4	 0x0800
#define ETHERTYPE_ARP	 0x0806
#define ETHERTYPE_IPV6	 0x86dd

struct queued_frame {
	size_t len;
	uint8_t data[W5500_SIM_FRAME_BUFFER];
};

struct board_wire {
	struct w5500_sim *chip;	 /* borrowed */
	struct board_time *time; /* borrowed */
	int fd;
	int wake_fd;
	pthread_t thread;
	bool started;
	atomic_bool stop;

	/* protected by the board lock */
	struct board_wire_counters to_node, from_node;
	size_t flood_len;   /* of the frames of the flood; 0: none */
	uint32_t n_flooded; /* each has its number */
	struct queued_frame queue[QUEUE_MAX];
	size_t first, length;

	struct queued_frame frame; /* of the thread */
};

static const struct sim_field counter_fields[] = {
	SIM_FIELD(struct board_wire_counters, frames),
	SIM_FIELD(struct board_wire_counters, bytes),
	SIM_FIELD(struct board_wire_counters, dropped),
	SIM_FIELD(struct board_wire_counters, arp),
	SIM_FIELD(struct board_wire_counters, ipv4),
	SIM_FIELD(struct board_wire_counters, ipv6),
	SIM_FIELD(struct board_wire_counters, other),
};

static void count(struct board_wire_counters *c, const uint8_t *frame, size_t len)
{
	c->frames++;
	c->bytes += len;
	switch (get_be16(frame + ETHERTYPE_OFFSET)) {
	case ETHERTYPE_ARP:
		c->arp++;
		break;
	case ETHERTYPE_IPV4:
		c->ipv4++;
		break;
	case ETHERTYPE_IPV6:
		c->ipv6++;
		break;
	default:
		c->other++;
		break;
	}
}

/* ---- from the chip ---- */

/* An event of the board: whoever runs it holds the lock. */
static void on_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct board_wire *w = ctx;
	struct queued_frame *q;

	if (w->fd < 0) {
		count(&w->from_node, frame, len);
		return;
	}
	if (w->length == QUEUE_MAX) {
		w->from_node.dropped++;
		return;
	}
	q = &w->queue[(w->first + w->length++) % QUEUE_MAX];
	q->len = len;
	memcpy(q->data, frame, len);
	fd_event_signal(w->wake_fd);
}

static bool take_queued(struct board_wire *w)
{
	bool any;

	board_lock(w->time);
	any = w->length > 0;
	if (any) {
		w->frame.len = w->queue[w->first].len;
		memcpy(w->frame.data, w->queue[w->first].data, w->frame.len);
		w->first = (w->first + 1) % QUEUE_MAX;
		w->length--;
	}
	board_unlock(w->time);
	return any;
}

static void write_queued(struct board_wire *w)
{
	while (take_queued(w)) {
		ssize_t n = write(w->fd, w->frame.data, w->frame.len);

		board_lock(w->time);
		if (n >= 0)
			count(&w->from_node, w->frame.data, w->frame.len);
		else
			w->from_node.dropped++;
		board_unlock(w->time);
	}
}

/* ---- to the chip ---- */

/* Puts the thread's frame on the wire, padded as a sender does. With the lock held. */
static void deliver(struct board_wire *w)
{
	struct queued_frame *f = &w->frame;

	if (f->len < W5500_SIM_FRAME_MIN) {
		memset(f->data + f->len, 0, W5500_SIM_FRAME_MIN - f->len);
		f->len = W5500_SIM_FRAME_MIN;
	}
	if (!w5500_sim_link(w->chip) ||
	    w5500_sim_deliver(w->chip, f->data, f->len, board_time_now_ns(w->time)) < 0)
		w->to_node.dropped++;
	else
		count(&w->to_node, f->data, f->len);
}

/* Reads what is there, as long as the wire has room. False if the far end is gone. */
static bool read_frames(struct board_wire *w)
{
	bool room = true;

	while (room) {
		ssize_t n = read(w->fd, w->frame.data, sizeof(w->frame.data));

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		w->frame.len = (size_t)n;
		board_lock(w->time);
		board_time_catch_up(w->time);
		deliver(w);
		room = w5500_sim_pending(w->chip) < PENDING_MAX;
		board_unlock(w->time);
	}
	return true;
}

/* Another sender, which never pauses. With the lock held. */
static size_t next_of_flood(void *ctx, uint8_t *frame)
{
	static const uint8_t head[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02,
					0,    0,    0,	  0,	0x66, 0x88, 0xb5 };
	struct board_wire *w = ctx;

	memset(frame, 0, w->flood_len);
	memcpy(frame, head, sizeof(head));
	put_be32(frame + sizeof(head), w->n_flooded++);
	return w->flood_len;
}

void board_wire_flood(struct board_wire *w, size_t len)
{
	w->flood_len = len;
	w5500_sim_set_source(w->chip, len > 0 ? next_of_flood : NULL, w);
}

/* ---- the thread ---- */

static void on_earlier(void *ctx, uint64_t when_ns)
{
	struct board_wire *w = ctx;

	(void)when_ns;
	fd_event_signal(w->wake_fd);
}

/* Runs what is due. Returns the time of the next event, and whether the wire has room. */
static uint64_t run_events(struct board_wire *w, bool *ret_room)
{
	uint64_t next_ns;

	board_lock(w->time);
	board_time_catch_up(w->time);
	next_ns = board_time_next_ns(w->time);
	*ret_room = w5500_sim_pending(w->chip) < PENDING_MAX;
	board_unlock(w->time);
	return next_ns;
}

static void wait_for_work(struct pollfd fds[2], uint64_t next_ns)
{
	uint64_t now_ns = clock_now_ns(&clock_system);
	uint64_t ns = next_ns > now_ns ? next_ns - now_ns : 0;
	struct timespec timeout = {
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_nsec = (long)(ns % NSEC_PER_SEC),
	};

	if (ppoll(fds, 2, next_ns == BOARD_TIME_NEVER ? NULL : &timeout, NULL) <= 0)
		fds[0].revents = fds[1].revents = 0;
}

static void *wire_thread(void *arg)
{
	struct board_wire *w = arg;
	struct pollfd fds[] = {
		{ .fd = w->wake_fd, .events = POLLIN },
		{ .fd = w->fd },
	};

	/* Frames are microseconds apart; the usual slack of timers is 50. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	while (!atomic_load(&w->stop)) {
		uint64_t next_ns;
		bool room;

		next_ns = run_events(w, &room);
		write_queued(w);
		fds[1].events = room ? POLLIN : 0;
		wait_for_work(fds, next_ns);
		if (fds[0].revents)
			(void)fd_event_clear(w->wake_fd);
		/* Errors are reported without being asked for: then there is nothing to
		 * read. */
		if ((fds[1].revents & POLLIN) ? !read_frames(w) : fds[1].revents != 0)
			fds[1].fd = -1;
	}
	return NULL;
}

int board_wire_new(struct board_wire **ret, struct w5500_sim *chip, int fd)
{
	_cleanup_(board_wire_freep) struct board_wire *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		(void)fd_close(fd);
		return -ENOMEM;
	}
	w->chip = chip;
	w->time = w5500_sim_time(chip);
	w->fd = fd;
	w->wake_fd = fd_event_new();
	if (w->wake_fd < 0)
		return w->wake_fd;
	if (fd >= 0) {
		r = fd_set_nonblock(fd);
		if (r < 0)
			return r;
	}
	board_lock(w->time);
	w5500_sim_set_frame_callback(chip, on_frame, w);
	board_time_set_waker(w->time, on_earlier, w);
	board_unlock(w->time);
	r = board_thread_start(&w->thread, "board-wire", wire_thread, w);
	if (r < 0)
		return r;
	w->started = true;
	*ret = TAKE_PTR(w);
	return 0;
}

struct board_wire *board_wire_free(struct board_wire *w)
{
	if (!w)
		return NULL;
	if (w->started) {
		atomic_store(&w->stop, true);
		fd_event_signal(w->wake_fd);
		(void)pthread_join(w->thread, NULL);
	}
	board_lock(w->time);
	w5500_sim_set_frame_callback(w->chip, NULL, NULL);
	w5500_sim_set_source(w->chip, NULL, NULL);
	board_time_set_waker(w->time, NULL, NULL);
	board_unlock(w->time);
	(void)fd_close(w->wake_fd);
	(void)fd_close(w->fd);
	free(w);
	return NULL;
}

const struct board_wire_counters *board_wire_to_node(const struct board_wire *w)
{
	return &w->to_node;
}

const struct board_wire_counters *board_wire_from_node(const struct board_wire *w)
{
	return &w->from_node;
}

void board_wire_each(const struct board_wire_counters *counters,
		     void (*each)(void *ctx, const char *name, uint64_t value), void *ctx)
{
	sim_fields_each(counter_fields, ARRAY_SIZE(counter_fields), counters, each, ctx);
}
