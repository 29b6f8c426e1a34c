// SPDX-License-Identifier: MIT
/* test_log.c — logging never blocks, counts what it drops, and shows nothing raw */
#include "mqttnode/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/clock.h"
#include "mqttnode/queue.h"

static int saved_stderr, reader;

/* From here on stderr is a pipe. */
static void capture(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
	reader = fds[0];
}

static void release(void)
{
	assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
	close(saved_stderr);
	close(reader);
}

static size_t read_all(char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
	while (used < size - 1 && (n = read(reader, buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	return used;
}

static void writes_lines_with_level_and_errno(void **state)
{
	char out[4096];

	(void)state;
	capture();
	log_setup(LOG_TARGET_STDERR, LOG_INFO);
	assert_int_equal(log_start(), 0);
	assert_int_equal(log_error_errno(-EIO, "Cannot read %s: %m", "x"), -EIO);
	log_warning("escape \033[31m and \xc2\x9b and\nnewline and \\x1b");
	log_info("%02000d", 0);
	log_info("hello");
	log_debug("not shown");
	log_stop();
	read_all(out, sizeof(out));
	release();
	assert_non_null(strstr(out, " error: Cannot read x: Input/output error\n"));
	assert_non_null(strstr(out,
			       " warning: escape \\x1b[31m and \\xc2\\x9b and\\nnewline "
			       "and \\x1b\n"));
	assert_non_null(strstr(out, "0000…\n"));
	assert_non_null(strstr(out, " hello\n"));
	assert_null(strstr(out, "not shown"));
	assert_null(strchr(out, '\033'));
}

static void can_be_started_again(void **state)
{
	char out[256];

	(void)state;
	capture();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(log_start(), 0);
		log_info("round %d", i);
		log_stop();
	}
	log_info("written by the caller");
	read_all(out, sizeof(out));
	release();
	assert_non_null(strstr(out, "round 0\n"));
	assert_non_null(strstr(out, "round 1\n"));
	assert_non_null(strstr(out, "written by the caller\n"));
}

static atomic_bool late; /* the log thread gets no processor for a while, once */

void *__real_queue_pop(struct queue *q);
void *__wrap_queue_pop(struct queue *q);
void *__wrap_queue_pop(struct queue *q)
{
	if (atomic_exchange(&late, false))
		(void)poll(NULL, 0, 150); /* longer than a write may take at the end */
	return __real_queue_pop(q);
}

static void a_busy_machine_loses_no_last_words(void **state)
{
	char out[256];

	(void)state;
	capture();
	atomic_store(&late, true);
	assert_int_equal(log_start(), 0);
	log_info("the reason why it ends");
	log_stop();
	read_all(out, sizeof(out));
	release();
	assert_non_null(strstr(out, "the reason why it ends\n"));
}

static void never_blocks_and_counts(void **state)
{
	uint64_t start, before = log_dropped();
	static char out[1 << 20];
	size_t lines = 0;

	(void)state;
	capture();
	log_setup(LOG_TARGET_STDERR, LOG_INFO);
	assert_int_equal(log_start(), 0);
	start = clock_now_ns(&clock_system);
	/* A pipe holds 64 KiB: the log thread gets stuck, the queue fills. */
	for (int i = 0; i < 4000; i++)
		log_info("%04d %0200d", i, 0);
	assert_true(log_dropped() > before);
	log_stop(); /* gives up */
	assert_true(clock_now_ns(&clock_system) - start < 5 * NSEC_PER_SEC);

	/* Once somebody reads, everything kept comes out, then the count of the rest. */
	for (;;) {
		static const char phrase[] = "log messages were dropped";
		size_t used = strlen(out);
		ssize_t n = read(reader, out + used, sizeof(out) - 1 - used);

		assert_true(n > 0);
		out[used + (size_t)n] = '\0';
		if (strstr(out, phrase))
			break;
	}
	for (const char *p = out; (p = strchr(p, '\n')); p++)
		lines++;
	assert_true(lines >= 512);
	release();
}

/* --- libsystemd and journald ------------------------------------------------------- */

static bool journald_is_there, journald_refuses;
static char journal[1024]; /* the messages it has, each with a newline */

int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	assert_string_equal(path, "/run/systemd/journal/socket");
	assert_int_equal(mode, F_OK);
	errno = ENOENT;
	return journald_is_there ? 0 : -1;
}

/* As libsystemd: a socket that is not there is no error. */
int __wrap_sd_journal_sendv(const struct iovec *fields, int n);
int __wrap_sd_journal_sendv(const struct iovec *fields, int n)
{
	size_t used = strlen(journal);

	assert_true(n >= 3);
	if (journald_refuses)
		return -ECONNREFUSED;
	if (journald_is_there)
		snprintf(journal + used, sizeof(journal) - used, "%.*s\n",
			 (int)fields[0].iov_len, (const char *)fields[0].iov_base);
	return 0;
}

static void goes_to_stderr_while_there_is_no_journald(void **state)
{
	char out[1024];

	(void)state;
	capture();
	log_setup(LOG_TARGET_JOURNAL, LOG_INFO);
	log_info("before journald");
	journald_is_there = true;
	log_info("with journald");
	journald_refuses = true;
	log_info("journald ended");
	journald_is_there = false;
	log_info("its socket is gone");
	journald_is_there = true;
	journald_refuses = false;
	log_info("it is back");
	log_setup(LOG_TARGET_STDERR, LOG_INFO);
	read_all(out, sizeof(out));
	release();
	assert_string_equal(journal, "MESSAGE=with journald\nMESSAGE=it is back\n");
	assert_non_null(strstr(out, " before journald\n"));
	assert_non_null(strstr(out, " journald ended\n"));
	assert_non_null(strstr(out, " its socket is gone\n"));
	assert_null(strstr(out, "with journald"));
	assert_null(strstr(out, "it is back"));
}

static void limits_floods(void **state)
{
	struct log_limit limit = { .interval_s = 3600, .burst = 3 };
	unsigned int held, let_through = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		let_through += log_allow(&limit, &held);
	assert_int_equal(let_through, 3);
	limit.window_start_ns -= 3600 * NSEC_PER_SEC;
	assert_true(log_allow(&limit, &held));
	assert_int_equal(held, 7);
}

static void knows_level_names(void **state)
{
	(void)state;
	assert_int_equal(log_level_from_string("debug"), LOG_DEBUG);
	assert_int_equal(log_level_from_string("error"), LOG_ERR);
	assert_int_equal(log_level_from_string("loud"), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_lines_with_level_and_errno),
		cmocka_unit_test(can_be_started_again),
		cmocka_unit_test(a_busy_machine_loses_no_last_words),
		cmocka_unit_test(goes_to_stderr_while_there_is_no_journald),
		cmocka_unit_test(limits_floods),
		cmocka_unit_test(knows_level_names),
		/* leaves its log thread behind, as a process about to exit does */
		cmocka_unit_test(never_blocks_and_counts),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
