/* SPDX-License-Identifier: MIT */
/* unit.h — cmocka with what it wants included before it */
#ifndef MQTTNODE_TESTS_UNIT_H
#define MQTTNODE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#endif
