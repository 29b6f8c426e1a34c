// SPDX-License-Identifier: MIT
/* test_control.c — the daemon's socket, as a client sees it */
#include "mqttnode/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

struct fixture {
	char dir[32];
	char path[64];
	sd_event *event;
	struct control *control;
};

static int answer_echo(void *ctx, json_object *request, json_object *answer, char *error,
		       size_t size)
{
	json_object *value;

	if (json_object_object_get_ex(request, "fail", &value)) {
		snprintf(error, size, "asked to fail");
		return -EIO;
	}
	json_object_object_add(answer, "who", json_object_new_string(ctx));
	return 0;
}

/* Two megabytes: more than any socket buffer holds. */
static int answer_big(void *ctx, json_object *request, json_object *answer, char *error,
		      size_t size)
{
	static char big[2 << 20];

	(void)ctx;
	(void)request;
	(void)error;
	(void)size;
	memset(big, 'x', sizeof(big) - 1);
	json_object_object_add(answer, "big", json_object_new_string(big));
	return 0;
}

static int setup(void **state)
{
	static char who[] = "echo";
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/mqttnode-control-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/control", f->dir);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(control_new(&f->control, f->event, f->path), 0);
	assert_int_equal(control_add_verb(f->control, "echo", answer_echo, who), 0);
	assert_int_equal(control_add_verb(f->control, "big", answer_big, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->control = control_free(f->control);
	assert_int_equal(access(f->path, F_OK), -1);
	sd_event_unref(f->event);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

struct question {
	const char *path, *request;
	unsigned int timeout_ms;
	char *answer;
	int r;
	sd_event *event;
	int done_fd;
};

static void *ask_thread(void *arg)
{
	struct question *q = arg;

	q->r = control_ask(q->path, q->request, q->timeout_ms, &q->answer);
	close(q->done_fd); /* the other end sees the end of file */
	return NULL;
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	return sd_event_exit(userdata, 0);
}

/* Asks from a thread while the event loop runs. Returns the answer, which the caller
 * frees. */
static char *ask(struct fixture *f, const char *request)
{
	struct question q = { .path = f->path, .request = request, .timeout_ms = 10000 };
	sd_event_source *source;
	pthread_t thread;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	q.done_fd = fds[1];
	assert_true(sd_event_add_io(f->event, &source, fds[0], EPOLLIN, on_done,
				    f->event) >= 0);
	assert_int_equal(pthread_create(&thread, NULL, ask_thread, &q), 0);
	assert_true(sd_event_loop(f->event) >= 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sd_event_source_disable_unref(source);
	close(fds[0]);
	assert_int_equal(q.r, 0);

	/* sd_event_exit() ends a loop for good: a new one for the next question */
	return q.answer;
}

static void answers_a_verb(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "{\"verb\":\"echo\"}");

	assert_string_equal(answer, "{\"who\":\"echo\",\"ok\":true}");
}

static void reports_a_failure_in_words(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "{\"verb\":\"echo\",\"fail\":1}");

	assert_string_equal(answer, "{\"error\":\"asked to fail\",\"ok\":false}");
}

static void refuses_an_unknown_verb(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "{\"verb\":\"dance\"}");

	assert_string_equal(answer, "{\"error\":\"unknown verb\",\"ok\":false}");
}

static void refuses_what_is_not_json(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "{\"verb\":");

	assert_string_equal(answer, "{\"error\":\"not valid JSON\",\"ok\":false}");
}

static void refuses_deep_nesting(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "{\"verb\":[[[[[[[[[[[[1]]]]]]]]]]]]}");

	assert_string_equal(answer, "{\"error\":\"not valid JSON\",\"ok\":false}");
}

static void refuses_a_request_without_verb(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "[1]");

	assert_non_null(strstr(answer, "\"ok\":false"));
}

static void sends_an_answer_larger_than_the_socket_buffer(void **state)
{
	_cleanup_free_ char *answer = ask(*state, "{\"verb\":\"big\"}");

	assert_true(strlen(answer) > (2 << 20));
	assert_non_null(strstr(answer, "\"ok\":true"));
}

static int connect_client(struct fixture *f)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, f->path, strlen(f->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void run_all(struct fixture *f)
{
	while (sd_event_run(f->event, 0) > 0)
		;
}

static void drops_a_client_with_an_endless_line(void **state)
{
	char junk[4096];
	int fd = connect_client(*state);

	memset(junk, 'x', sizeof(junk));
	run_all(*state);
	assert_int_equal(send(fd, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	run_all(*state);
	assert_int_equal(recv(fd, junk, sizeof(junk), 0), 0);
	close(fd);
}

static void serves_eight_and_survives_a_ninth(void **state)
{
	int fds[9];
	char c;

	for (int i = 0; i < 9; i++) {
		fds[i] = connect_client(*state);
		run_all(*state);
	}
	assert_int_equal(recv(fds[8], &c, 1, 0), 0);
	assert_int_equal(recv(fds[7], &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	for (int i = 0; i < 9; i++)
		close(fds[i]);
	run_all(*state);
	fds[0] = connect_client(*state);
	run_all(*state);
	assert_int_equal(send(fds[0], "{\"verb\":\"echo\"}\n", 16, 0), 16);
	run_all(*state);
	assert_int_equal(recv(fds[0], &c, 1, 0), 1);
	close(fds[0]);
	run_all(*state);
}

static void does_not_spin_without_descriptors(void **state)
{
	struct rlimit before, none;
	unsigned int turns = 0;
	int fd;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	fd = connect_client(*state);
	none = (struct rlimit){ .rlim_cur = (rlim_t)fd + 1, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	while (turns < 1000 && sd_event_run(((struct fixture *)*state)->event, 0) > 0)
		turns++;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_in_range(turns, 1, 100);
	close(fd);
}

static void answers_several_lines_in_order(void **state)
{
	char buf[256] = "";
	int fd = connect_client(*state);

	run_all(*state);
	assert_true(send(fd, "{\"verb\":\"echo\"}\n{}\n", 19, 0) == 19);
	run_all(*state);
	assert_true(recv(fd, buf, sizeof(buf) - 1, 0) > 0);
	assert_non_null(strstr(buf, "{\"who\":\"echo\",\"ok\":true}\n{\"error\":"));
	close(fd);
	run_all(*state);
}

static void is_for_owner_and_group_only(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void refuses_the_socket_of_a_living_daemon(void **state)
{
	struct fixture *f = *state;
	struct control *second;

	assert_int_equal(control_new(&second, f->event, f->path), -EADDRINUSE);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void replaces_the_socket_of_a_dead_daemon(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char path[80];
	struct control *second = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, sizeof(path), "%s/dead", f->dir);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	assert_int_equal(control_new(&second, f->event, path), 0);
	control_free(second);
	assert_int_equal(access(path, F_OK), -1);
}

static void leaves_a_file_that_is_no_socket_alone(void **state)
{
	struct control *second = NULL;
	struct fixture *f = *state;
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/precious", f->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(control_new(&second, f->event, path), -EEXIST);
	assert_null(second);
	assert_int_equal(unlink(path), 0);
}

static void asking_nobody_is_an_error(void **state)
{
	char *answer = NULL;

	(void)state;
	assert_int_equal(control_ask("/nonexistent/control", "{}", 100, &answer),
			 -ENOENT);
	assert_null(answer);
}

static void asking_the_mute_times_out(void **state)
{
	struct fixture *f = *state;
	char *answer = NULL;

	/* the event loop does not run: connected, but nobody answers */
	assert_int_equal(control_ask(f->path, "{}", 50, &answer), -ETIMEDOUT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(answers_a_verb),
		CASE(reports_a_failure_in_words),
		CASE(refuses_an_unknown_verb),
		CASE(refuses_what_is_not_json),
		CASE(refuses_deep_nesting),
		CASE(refuses_a_request_without_verb),
		CASE(sends_an_answer_larger_than_the_socket_buffer),
		CASE(drops_a_client_with_an_endless_line),
		CASE(serves_eight_and_survives_a_ninth),
		CASE(does_not_spin_without_descriptors),
		CASE(answers_several_lines_in_order),
		CASE(is_for_owner_and_group_only),
		CASE(refuses_the_socket_of_a_living_daemon),
		CASE(replaces_the_socket_of_a_dead_daemon),
		CASE(leaves_a_file_that_is_no_socket_alone),
		CASE(asking_nobody_is_an_error),
		CASE(asking_the_mute_times_out),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
