// SPDX-License-Identifier: MIT
/* clock.c — the machine's monotonic clock */
#include "mqttnode/clock.h"

#include <errno.h>
#include <time.h>

static uint64_t system_now_ns(const struct clock *clock)
{
	struct timespec ts;

	(void)clock;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void system_sleep_ns(const struct clock *clock, uint64_t ns)
{
	uint64_t end = system_now_ns(clock) + ns;
	struct timespec ts = {
		.tv_sec = (time_t)(end / NSEC_PER_SEC),
		.tv_nsec = (long)(end % NSEC_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

const struct clock clock_system = {
	.now_ns = system_now_ns,
	.sleep_ns = system_sleep_ns,
};
