/* SPDX-License-Identifier: MIT */
/* discovery_rig.h — what a discovery message says, for tests that take entities away */
#ifndef MQTTNODE_TESTS_UNIT_DISCOVERY_RIG_H
#define MQTTNODE_TESTS_UNIT_DISCOVERY_RIG_H

#include <json-c/json_types.h>

/* The entity under @key of the message @root, borrowed; NULL: none. */
json_object *discovery_component(json_object *root, const char *key);

/* Nothing is left of @entity but this platform. */
void expect_reduced(json_object *entity, const char *platform);

#endif
