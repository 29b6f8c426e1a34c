// SPDX-License-Identifier: MIT
/* discovery_rig.c — what a discovery message says, for tests that take entities away */
#include "discovery_rig.h"

#include <json-c/json.h>

#include "unit.h"

json_object *discovery_component(json_object *root, const char *key)
{
	json_object *components, *entity;

	assert_true(json_object_object_get_ex(root, "components", &components));
	return json_object_object_get_ex(components, key, &entity) ? entity : NULL;
}

void expect_reduced(json_object *entity, const char *platform)
{
	json_object *value;

	assert_non_null(entity);
	assert_int_equal(json_object_object_length(entity), 1);
	assert_true(json_object_object_get_ex(entity, "platform", &value));
	assert_string_equal(json_object_get_string(value), platform);
}
