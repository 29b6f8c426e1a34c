/* SPDX-License-Identifier: MIT */
/*
 * pump_rig.h — the pump on a simulated board, in virtual time
 *
 * Chip, bus and lines are those of the strict simulator; the TAP is a socket
 * pair of whole frames, its carrier noted on the way. Time passes only by the
 * modelled cost of bus calls and while the pump waits, so every run is the same.
 */
#ifndef MQTTNODE_TESTS_UNIT_PUMP_RIG_H
#define MQTTNODE_TESTS_UNIT_PUMP_RIG_H

#include "mqttnode/pump.h"
#include "packet_rig.h"
#include "sim/sim_gpio.h"
#include "sim/sim_report.h"
#include "unit.h"

#define RIG_INT "GPIO25"
#define RIG_RST "GPIO24"
#define SEC	NSEC_PER_SEC

struct pump_rig {
	struct packet_rig board; /* chip, bus, and what came out of the chip */
	struct sim_gpio *gpio;
	struct sim_report report;
	struct ethernet_settings settings;

	struct pump *pump; /* made by the first turn, from the settings */
	struct pump_wait wait;
	uint64_t turns;
	unsigned int turns_at_once; /* without time passing in between */
	uint64_t last_turn_ns;

	int tap;	       /* the far end: where the kernel would be; or -1 */
	int carrier;	       /* last set on the TAP; -1: never */
	unsigned int carriers; /* times that it was set */
	int tap_read_error, tap_write_error; /* what the TAP says to the pump, if not 0 */
	bool count_only;     /* what comes out of the TAP is not numbered */
	uint64_t n_taken;    /* frames that the pump has read from the TAP */
	uint64_t n_received; /* from the TAP, all */
	size_t last_received_len;
	struct frame_check received; /* what came out of the TAP */

	/* Traffic: numbers of the next frame and of the first that is not to be sent. */
	uint32_t wire_next,
		wire_end; /* wire to TAP, at most wire_outstanding on their way */
	uint32_t tap_next, tap_end; /* TAP to wire, at most tap_outstanding */
	uint32_t wire_outstanding, tap_outstanding;
};

/* cmocka setup and teardown: a board with link, INT and RST wired; no pump yet. */
int pump_rig_setup(void **state);
int pump_rig_teardown(void **state);

/* Another board in place of that of the test. */
void pump_rig_again(void **state);

uint64_t pump_rig_now(const struct pump_rig *rig);

/* Lets the pump work until board time @until_ns; or for @ns. Fails if it spins. */
void pump_rig_until(struct pump_rig *rig, uint64_t until_ns);
void pump_rig_for(struct pump_rig *rig, uint64_t ns);

/* ... until @done says so; fails after @limit_ns of board time. Returns the time it took.
 */
uint64_t pump_rig_wait(struct pump_rig *rig, bool (*done)(struct pump_rig *rig),
		       uint64_t limit_ns);

/* Conditions to wait for. */
bool is_up(struct pump_rig *rig); /* chip running, link up */
bool is_running(struct pump_rig *rig);
bool is_not_running(struct pump_rig *rig);
bool is_absent(struct pump_rig *rig);
bool is_down(struct pump_rig *rig); /* link down */
bool is_polling(struct pump_rig *rig);
bool uses_interrupt(struct pump_rig *rig);
bool all_arrived(struct pump_rig *rig); /* all numbered frames, both ways */

/* From nothing to a chip that runs with link, and all that follows from it done. */
void pump_rig_up(struct pump_rig *rig);

/* Another TAP in place of the one there was, if any. */
void pump_rig_new_tap(struct pump_rig *rig);

/* Adds so many frames to the traffic. */
void pump_rig_traffic(struct pump_rig *rig, uint32_t from_wire, uint32_t from_tap);

/* The next numbered frame on the wire, whatever is outstanding. */
void pump_rig_deliver_numbered(struct pump_rig *rig);

/* One frame of bytes on the wire to us, or into the TAP. */
void pump_rig_deliver(struct pump_rig *rig, const uint8_t *frame, size_t len);
void pump_rig_write_tap(struct pump_rig *rig, const uint8_t *frame, size_t len);

/* Copies of status and counters as others see them. */
struct pump_status pump_rig_status(struct pump_rig *rig);
struct pump_counters pump_rig_counters(struct pump_rig *rig);

/* Steps of recovery that were taken; of these, those from REOPEN on. */
uint64_t pump_rig_steps(struct pump_rig *rig);
uint64_t pump_rig_strong_steps(struct pump_rig *rig);

/* Waits until it is up, as long as @limit_ns, and works. Returns the time until it was
 * up. */
uint64_t pump_rig_back(struct pump_rig *rig, uint64_t limit_ns);

/* Nothing repeated or changed in either direction. */
void assert_none_changed_or_repeated(struct pump_rig *rig);

/* Nothing lost, repeated or changed in either direction. */
void assert_all_arrived(struct pump_rig *rig);

/* No violations of chip, bus or lines. */
void assert_clean(struct pump_rig *rig);

/* Ten frames each way pass, soon: whatever was wrong is over. */
void assert_works(struct pump_rig *rig);

/* The sentence in the status. */
void assert_cause(struct pump_rig *rig, const char *phrase);
void assert_hint(struct pump_rig *rig, const char *phrase);

#endif
