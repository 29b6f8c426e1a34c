/* SPDX-License-Identifier: MIT */
/*
 * clock.h — the time that drivers and the pump see
 *
 * Time is part of the seam to the hardware: nothing in hw/ and nothing in the
 * pump asks the kernel for it. They are given a clock, which is the machine's
 * in the daemon and virtual in unit tests and the benchmark.
 */
#ifndef MQTTNODE_CLOCK_H
#define MQTTNODE_CLOCK_H

#include <stdint.h>

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC  UINT64_C(1000000000)

struct clock {
	/* Nanoseconds since an arbitrary point, never going back. */
	uint64_t (*now_ns)(const struct clock *clock);
	/* Waits for at least @ns nanoseconds; returns early on no account. */
	void (*sleep_ns)(const struct clock *clock, uint64_t ns);
};

/* CLOCK_MONOTONIC of the machine. Any thread. */
extern const struct clock clock_system;

static inline uint64_t clock_now_ns(const struct clock *clock)
{
	return clock->now_ns(clock);
}

static inline void clock_sleep_ns(const struct clock *clock, uint64_t ns)
{
	clock->sleep_ns(clock, ns);
}

#endif
