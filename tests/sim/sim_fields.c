// SPDX-License-Identifier: MIT
/* sim_fields.c — members of a struct by name */
#include "sim_fields.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static uint64_t field_get(const struct sim_field *field, const void *object)
{
	const char *p = (const char *)object + field->offset;
	uint64_t u64;
	uint32_t u32;
	bool b;

	switch (field->size) {
	case sizeof(bool):
		memcpy(&b, p, sizeof(b));
		return b;
	case sizeof(uint32_t):
		memcpy(&u32, p, sizeof(u32));
		return u32;
	default:
		assert(field->size == sizeof(u64));
		memcpy(&u64, p, sizeof(u64));
		return u64;
	}
}

static int field_put(const struct sim_field *field, void *object, uint64_t value)
{
	char *p = (char *)object + field->offset;
	uint32_t u32 = (uint32_t)value;
	bool b = value != 0;

	switch (field->size) {
	case sizeof(bool):
		if (value > 1)
			return -ERANGE;
		memcpy(p, &b, sizeof(b));
		return 0;
	case sizeof(uint32_t):
		if (value > UINT32_MAX)
			return -ERANGE;
		memcpy(p, &u32, sizeof(u32));
		return 0;
	default:
		assert(field->size == sizeof(value));
		memcpy(p, &value, sizeof(value));
		return 0;
	}
}

int sim_fields_set(const struct sim_field *fields, size_t n, void *object,
		   const char *name, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return field_put(&fields[i], object, value);
	return -ENOENT;
}

void sim_fields_each(const struct sim_field *fields, size_t n, const void *object,
		     void (*each)(void *ctx, const char *name, uint64_t value), void *ctx)
{
	for (size_t i = 0; i < n; i++)
		each(ctx, fields[i].name, field_get(&fields[i], object));
}
