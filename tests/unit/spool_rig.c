// SPDX-License-Identifier: MIT
/* spool_rig.c — a spool in two directories, and messages that are numbers */
#include "spool_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

struct spool_settings settings;
struct spool *spool;
uint64_t now;
time_t wall;

time_t __wrap_time(time_t *ret);
time_t __wrap_time(time_t *ret)
{
	if (ret)
		*ret = wall;
	return wall;
}

void open_spool(void)
{
	assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
	spool_open(spool);
	now = clock_now_ns(&clock_system);
}

int spool_rig_set_up(void **state)
{
	(void)state;
	settings = (struct spool_settings){
		.messages = 1000,
		.bytes = 1024 * 1024,
		.age_ms = 3600 * 1000,
		.sync_ms = 5000,
	};
	wall = 1800000000;
	return mkdir("state", 0700) == 0 && mkdir("runtime", 0700) == 0 ? 0 : -1;
}

int spool_rig_tear_down(void **state)
{
	(void)state;
	spool = spool_free(spool);
	return system("chmod -R u+rwX state runtime 2>/dev/null; rm -rf state runtime");
}

void put(unsigned int number)
{
	put_as(number, 1, true);
}

void put_as(unsigned int number, int qos, bool store)
{
	char payload[16];

	snprintf(payload, sizeof(payload), "%u", number);
	spool_put(spool, &(struct spool_message){
				 .topic = "topic",
				 .payload = payload,
				 .len = strlen(payload),
				 .qos = qos,
				 .store = store,
			 });
}

void put_range(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		put(i);
}

void turn(bool online)
{
	spool_turn(spool, online, now);
}

struct spool_status status(void)
{
	struct spool_status ret;

	spool_get_status(spool, &ret);
	return ret;
}

void expect(unsigned int number)
{
	struct spool_message m;
	char text[16];

	assert_true(spool_next(spool, &m));
	snprintf(text, sizeof(text), "%u", number);
	assert_int_equal(m.len, strlen(text));
	assert_memory_equal(m.payload, text, m.len);
	assert_string_equal(m.topic, "topic");
	spool_sent(spool, (int)number);
}

void expect_none(void)
{
	struct spool_message m;

	assert_false(spool_next(spool, &m));
}

void deliver(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++) {
		turn(true);
		expect(i);
		assert_true(spool_acknowledged(spool, (int)i));
	}
	turn(true);
	expect_none();
	assert_int_equal(status().messages, 0);
	assert_int_equal(status().bytes, 0);
}

void fifteen_offline(void)
{
	open_spool();
	put_range(1, 10);
	turn(false);
	now += 5 * SECOND;
	turn(false);
	put_range(11, 15);
	turn(false);
}

void crash(void (*part)(void))
{
	int result;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		part();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);
}

void reboot_machine(void)
{
	assert_int_equal(system("rm -rf runtime && mkdir runtime"), 0);
}
