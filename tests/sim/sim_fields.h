/* SPDX-License-Identifier: MIT */
/*
 * sim_fields.h — members of a struct by name
 *
 * Options, faults and counters of the simulated chips are plain structs for
 * tests in C and names with numbers for the board socket; one table per struct
 * connects the two.
 */
#ifndef MQTTNODE_TESTS_SIM_SIM_FIELDS_H
#define MQTTNODE_TESTS_SIM_SIM_FIELDS_H

#include <stddef.h>
#include <stdint.h>

struct sim_field {
	const char *name;
	size_t offset;
	size_t size; /* 1: bool, 4: uint32_t, 8: uint64_t */
};

/* An entry for member @member of struct @type. */
#define SIM_FIELD(type, member)                                                          \
	{                                                                                \
#member, offsetof(type, member), sizeof(((type *)0)->member)             \
	}

/* Sets the member @name of @object. 0, -ENOENT, or -ERANGE if @value does not fit. */
int sim_fields_set(const struct sim_field *fields, size_t n, void *object,
		   const char *name, uint64_t value);

/* Calls @each for every member with its value. */
void sim_fields_each(const struct sim_field *fields, size_t n, const void *object,
		     void (*each)(void *ctx, const char *name, uint64_t value),
		     void *ctx);

#endif
