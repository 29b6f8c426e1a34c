// SPDX-License-Identifier: MIT
/*
 * log.c — the journal, or readable lines on stderr
 *
 * Records are strings of journal fields in one allocation. They travel from
 * any thread through a bounded queue to the log thread, the only one that may
 * block on the journal's socket or on stderr. queue_push() takes a mutex that
 * is held for a few instructions only.
 */
#include "mqttnode/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/queue.h"
#include "mqttnode/text.h"

#define LOG_QUEUE_MAX	512
#define LOG_MESSAGE_MAX 1024
#define LOG_FIELDS_MAX	12
#define LOG_FIELD_MAX	2048 /* longer values are cut */
#define LOG_STUCK_MS	100
#define LOG_FLUSH_MS	500

#define JOURNAL_SOCKET "/run/systemd/journal/socket" /* fixed by libsystemd */

struct log_record {
	int level;
	unsigned int n_fields; /* field 0 is MESSAGE= */
	struct iovec fields[LOG_FIELDS_MAX];
	char data[];
};

static struct {
	bool journal;
	atomic_int max_level;
	atomic_bool running;  /* the log thread takes records */
	atomic_ulong dropped; /* out of memory; the queue counts its own */
	atomic_ulong steps;   /* of the log thread; odd: it is in a write */
	struct queue *queue;  /* made once and kept, as the two descriptors */
	pthread_t thread;
	int stop_fd;
	int done_fd;
} logger = { .max_level = LOG_INFO, .stop_fd = -1, .done_fd = -1 };

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

void log_setup(enum log_target target, int max_level)
{
	logger.journal = target == LOG_TARGET_JOURNAL ||
			 (target == LOG_TARGET_AUTO && stderr_is_journal());
	atomic_store(&logger.max_level, max_level);
}

void log_set_max_level(int level)
{
	atomic_store(&logger.max_level, level);
}

static void write_to_stderr(const struct log_record *record)
{
	static const char *const prefix[] = { "",	   "", "", "error: ",
					      "warning: ", "", "", "debug: " };
	char line[LOG_MESSAGE_MAX + 32];
	struct timespec now;
	struct tm tm;
	size_t used;
	int n;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)localtime_r(&now.tv_sec, &tm);
	used = strftime(line, sizeof(line), "%H:%M:%S", &tm);
	n = snprintf(line + used, sizeof(line) - used, ".%03ld %s%.*s\n",
		     now.tv_nsec / 1000000, prefix[record->level & 7],
		     (int)(record->fields[0].iov_len - strlen("MESSAGE=")),
		     (const char *)record->fields[0].iov_base + strlen("MESSAGE="));
	if (n < 0)
		return;
	used += (size_t)n < sizeof(line) - used ? (size_t)n : sizeof(line) - used - 1;
	for (size_t done = 0; done < used;) {
		ssize_t k = write(STDERR_FILENO, line + done, used - done);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

			(void)poll(&p, 1, -1);
			continue;
		}
		if (k <= 0)
			return; /* nobody is left to tell */
		done += (size_t)k;
	}
}

/*
 * Whether the journal has a record. Without journald's socket libsystemd drops
 * the record and reports success, so we look for ourselves: in a container and
 * in early boot there is none, and a stopped journald may take its own along.
 */
static bool write_to_journal(const struct log_record *record)
{
	return access(JOURNAL_SOCKET, F_OK) == 0 &&
	       sd_journal_sendv(record->fields, (int)record->n_fields) >= 0;
}

static void write_record(const struct log_record *record)
{
	if (!logger.journal || !write_to_journal(record))
		write_to_stderr(record);
}

/* Appends NAME=VALUE to the record's data at @end; returns the new end. */
static char *add_field(struct log_record *record, char *end, const char *name,
		       const void *value, size_t len)
{
	size_t name_len = strlen(name);

	record->fields[record->n_fields++] =
		(struct iovec){ .iov_base = end, .iov_len = name_len + 1 + len };
	memcpy(end, name, name_len);
	end[name_len] = '=';
	if (len > 0)
		memcpy(end + name_len + 1, value, len);
	return end + name_len + 1 + len;
}

static size_t field_len(const struct log_field *f)
{
	return f->len < LOG_FIELD_MAX ? f->len : LOG_FIELD_MAX;
}

static struct log_record *record_new(int level, int error, const struct log_field *fields,
				     size_t n_fields, const char *message)
{
	char priority[2] = { (char)('0' + (level & 7)), '\0' };
	struct log_record *record;
	char number[16];
	size_t size = 0;
	char *end;

	if (n_fields > LOG_FIELDS_MAX - 4)
		n_fields = LOG_FIELDS_MAX - 4;
	for (size_t i = 0; i < n_fields; i++)
		size += strlen(fields[i].name) + 1 + field_len(&fields[i]);
	record = malloc(sizeof(*record) + size + strlen(message) + 96);
	if (!record)
		return NULL;
	record->level = level;
	record->n_fields = 0;
	end = add_field(record, record->data, "MESSAGE", message, strlen(message));
	end = add_field(record, end, "PRIORITY", priority, 1);
	end = add_field(record, end, "SYSLOG_IDENTIFIER", "mqttnode", strlen("mqttnode"));
	if (error > 0) {
		text_format(number, sizeof(number), "%d", error);
		end = add_field(record, end, "ERRNO", number, strlen(number));
	}
	for (size_t i = 0; i < n_fields; i++)
		end = add_field(record, end, fields[i].name, fields[i].value,
				field_len(&fields[i]));
	return record;
}

static int log_writev(int level, int error, const struct log_field *fields,
		      size_t n_fields, const char *format, va_list ap)
	__attribute__((format(printf, 5, 0)));

static int log_writev(int level, int error, const struct log_field *fields,
		      size_t n_fields, const char *format, va_list ap)
{
	/* One byte more than the message: what is cut off shows as an ellipsis. */
	char raw[LOG_MESSAGE_MAX + 1], message[LOG_MESSAGE_MAX];
	struct log_record *record;
	int saved = errno;
	int n;

	if (level > atomic_load(&logger.max_level))
		return -error;
	errno = error; /* for %m */
	n = vsnprintf(raw, sizeof(raw), format, ap);
	errno = saved;
	if (n < 0)
		return -error;
	text_escape_rest(message, sizeof(message), raw);
	record = record_new(level, error, fields, n_fields, message);
	if (!record) {
		atomic_fetch_add(&logger.dropped, 1);
	} else if (!atomic_load(&logger.running)) {
		write_record(record);
		free(record);
	} else if (queue_push(logger.queue, record) < 0) {
		free(record);
	}
	errno = saved;
	return -error;
}

int log_write(int level, int error, const struct log_field *fields, size_t n_fields,
	      const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = log_writev(level, error, fields, n_fields, format, ap);
	va_end(ap);
	return r;
}

int log_event(int level, const char *event, const char *format, ...)
{
	struct log_field field = LOG_FIELD_STR("MQTTNODE_EVENT", event);
	va_list ap;
	int r;

	va_start(ap, format);
	r = log_writev(level, 0, &field, 1, format, ap);
	va_end(ap);
	return r;
}

static void write_in_thread(const struct log_record *record)
{
	atomic_fetch_add(&logger.steps, 1);
	write_record(record);
	atomic_fetch_add(&logger.steps, 1);
}

/* Says how many records were lost since it was last said. */
static void report_drops(uint64_t *reported)
{
	uint64_t dropped = log_dropped();
	struct log_record *record;
	char message[96];

	if (dropped == *reported)
		return;
	text_format(message, sizeof(message),
		    "%llu log messages were dropped: the journal was not taking them",
		    (unsigned long long)(dropped - *reported));
	record = record_new(LOG_WARNING, 0, NULL, 0, message);
	if (!record)
		return;
	write_in_thread(record);
	free(record);
	*reported = dropped;
}

static void *log_thread(void *arg)
{
	uint64_t reported = 0;

	(void)arg;
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = queue_fd(logger.queue), .events = POLLIN },
			{ .fd = logger.stop_fd, .events = POLLIN },
		};
		struct log_record *record;

		(void)poll(fds, ARRAY_SIZE(fds), -1);
		while ((record = queue_pop(logger.queue))) {
			write_in_thread(record);
			free(record);
		}
		report_drops(&reported);
		if (fds[1].revents && queue_length(logger.queue) == 0)
			break;
	}
	fd_event_signal(logger.done_fd);
	return NULL;
}

/*
 * The queue and what the thread is told and tells by; made once. They are never
 * released: a thread that the daemon leaves behind in its last moment may just
 * be about to use them.
 */
static int make_queue(void)
{
	int r;

	if (!logger.queue) {
		r = queue_new(&logger.queue, LOG_QUEUE_MAX, free);
		if (r < 0)
			return r;
	}
	if (logger.stop_fd < 0)
		logger.stop_fd = fd_event_new();
	if (logger.stop_fd < 0)
		return logger.stop_fd;
	if (logger.done_fd < 0)
		logger.done_fd = fd_event_new();
	return logger.done_fd < 0 ? logger.done_fd : 0;
}

int log_start(void)
{
	int r;

	r = make_queue();
	if (r < 0)
		return r;
	(void)fd_event_clear(logger.stop_fd);
	(void)fd_event_clear(logger.done_fd);
	atomic_store(&logger.running, true);
	r = -pthread_create(&logger.thread, NULL, log_thread, NULL);
	if (r < 0) {
		atomic_store(&logger.running, false);
		return r;
	}
	(void)pthread_setname_np(logger.thread, "log");
	return 0;
}

/*
 * Waits for the end of the log thread, which may be stuck in a write. One that a busy
 * machine has not come to is not stuck: what it would write is why we end, perhaps.
 */
static bool thread_ends(void)
{
	struct pollfd done = { .fd = logger.done_fd, .events = POLLIN };

	for (int waited = 0; waited < LOG_FLUSH_MS; waited += LOG_STUCK_MS) {
		unsigned long step = atomic_load(&logger.steps);

		if (poll(&done, 1, LOG_STUCK_MS) > 0)
			return true;
		if (step % 2 == 1 && atomic_load(&logger.steps) == step)
			return false;
	}
	return false;
}

void log_stop(void)
{
	if (!atomic_load(&logger.running))
		return;
	fd_event_signal(logger.stop_fd);
	if (!thread_ends()) {
		/* It keeps its queue, and later records go there too: the process is
		 * about to exit. */
		(void)pthread_detach(logger.thread);
		return;
	}
	(void)pthread_join(logger.thread, NULL);
	atomic_store(&logger.running, false);
}

uint64_t log_dropped(void)
{
	return atomic_load(&logger.dropped) +
	       (logger.queue ? queue_dropped(logger.queue) : 0);
}

bool log_allow(struct log_limit *limit, unsigned int *ret_held_back)
{
	uint64_t now = clock_now_ns(&clock_system);

	if (now - limit->window_start_ns >= limit->interval_s * NSEC_PER_SEC) {
		limit->window_start_ns = now;
		limit->in_window = 0;
	}
	if (limit->in_window >= limit->burst) {
		limit->held_back++;
		return false;
	}
	limit->in_window++;
	*ret_held_back = limit->held_back;
	limit->held_back = 0;
	return true;
}

int log_level_from_string(const char *s)
{
	static const char *const names[] = { "emerg",	"alert",  "crit", "error",
					     "warning", "notice", "info", "debug" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(s, names[i]) == 0)
			return (int)i;
	return -EINVAL;
}
