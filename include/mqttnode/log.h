/* SPDX-License-Identifier: MIT */
/*
 * log.h — the journal, or readable lines on stderr
 *
 * Writing to the journal or to a terminal can block: journald may be stalled,
 * a pipe may be full. Nobody in this daemon may wait for that. A call here
 * formats the message, puts a record into a bounded queue and returns; the log
 * thread writes. When the queue is full the record is dropped and counted, and
 * a line says how many once there is room again.
 *
 * Before log_start() and after log_stop() records are written by the caller
 * itself: for "mqttnode check" and for errors before the threads run.
 *
 * Control characters in a message are escaped here as a last line of defence;
 * text from outside is to be escaped by its owner (text.h).
 */
#ifndef MQTTNODE_LOG_H
#define MQTTNODE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

enum log_target {
	LOG_TARGET_AUTO, /* the journal if stderr leads there ($JOURNAL_STREAM), else
			    stderr */
	LOG_TARGET_STDERR,
	LOG_TARGET_JOURNAL, /* stderr takes the records while journald is not there */
};

/* A field of a journal entry: upper-case name, any bytes. */
struct log_field {
	const char *name;
	const void *value;
	size_t len;
};

#define LOG_FIELD_STR(n, s)                                                              \
	{                                                                                \
		.name = (n), .value = (s), .len = strlen(s)                              \
	}

/* Chooses target and the least important level written. Main, before other threads. */
void log_setup(enum log_target target, int max_level);

/* Changes the least important level written (LOG_ERR..LOG_DEBUG). Any thread. */
void log_set_max_level(int level);

/* Starts the log thread. Returns 0 or -errno. Main. */
int log_start(void);

/*
 * Writes what is queued and ends the log thread. Gives it up when a write takes longer
 * than 100 to 200 ms, and after 500 ms in any case. Main.
 */
void log_stop(void);

/* Records dropped because the queue was full. Any thread. */
uint64_t log_dropped(void);

/*
 * Logs one message. @error is 0 or a positive errno, which %m then prints.
 * Returns -@error, so that "return log_error_errno(...)" reads well. Any thread.
 */
int log_write(int level, int error, const struct log_field *fields, size_t n_fields,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));

#define log_error(...)	 ((void)log_write(LOG_ERR, 0, NULL, 0, __VA_ARGS__))
#define log_warning(...) ((void)log_write(LOG_WARNING, 0, NULL, 0, __VA_ARGS__))
#define log_notice(...)	 ((void)log_write(LOG_NOTICE, 0, NULL, 0, __VA_ARGS__))
#define log_info(...)	 ((void)log_write(LOG_INFO, 0, NULL, 0, __VA_ARGS__))
#define log_debug(...)	 ((void)log_write(LOG_DEBUG, 0, NULL, 0, __VA_ARGS__))

/* The same with an error, given negative (-EIO) or positive; value: the negative errno.
 */
#define log_error_errno(e, ...) log_write(LOG_ERR, log_errno(e), NULL, 0, __VA_ARGS__)
#define log_warning_errno(e, ...)                                                        \
	log_write(LOG_WARNING, log_errno(e), NULL, 0, __VA_ARGS__)
#define log_debug_errno(e, ...) log_write(LOG_DEBUG, log_errno(e), NULL, 0, __VA_ARGS__)

/* One message with the field MQTTNODE_EVENT=@event, the stable name of what happened. */
int log_event(int level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline int log_errno(int e)
{
	return e < 0 ? -e : e;
}

/*
 * Lets through @burst messages per @interval_s seconds; one static struct per
 * call site that the network can trigger. log_allow() returns whether to log
 * and stores how many were held back since the last one let through.
 */
struct log_limit {
	unsigned int interval_s;
	unsigned int burst;
	uint64_t window_start_ns;
	unsigned int in_window;
	unsigned int held_back;
};

bool log_allow(struct log_limit *limit, unsigned int *ret_held_back);

/* "emerg".."debug" to a level, or -EINVAL. */
int log_level_from_string(const char *s);

#endif
