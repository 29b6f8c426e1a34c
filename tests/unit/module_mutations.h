/* SPDX-License-Identifier: MIT */
/*
 * module_mutations.h — what a driver may do wrong whatever the controller of the display
 *
 * Beside these each controller has mutations of its own. A strict model is only proven
 * strict by what it rejects.
 */
#ifndef MQTTNODE_TESTS_MODULE_MUTATIONS_H
#define MQTTNODE_TESTS_MODULE_MUTATIONS_H

#include "module_rig.h"

/* make_picture(), where it belongs. */
void show(struct rig *rig);

/*
 * A correct initialisation with one byte of the registers replaced, as
 * send_registers_with() does, then a picture.
 */
void init_with(struct rig *rig, uint8_t old, uint8_t replacement, bool argument);

/* All of them, on modules of @setup: see assert_caught(). */
void assert_common_mutations_caught(int (*setup)(void **state));

#endif
