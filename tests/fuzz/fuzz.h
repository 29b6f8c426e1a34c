/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h — what a fuzz target is, and how it reads its input
 *
 * A target is one function over bytes. libFuzzer (clang) calls it with inputs
 * that it invents, guided by what they reach; replay.c, linked in its place in
 * every build, with those of the corpus. A target shows a mistake by abort(),
 * most easily through must(), or by what the sanitizers see.
 */
#ifndef MQTTNODE_TESTS_FUZZ_FUZZ_H
#define MQTTNODE_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target. Returns 0. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Holds in every build, also with NDEBUG. */
#define must(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
				      #condition);                                       \
			abort();                                                         \
		}                                                                        \
	} while (0)

/* The rest of an input. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/* The next byte or two of it; 0 when there is no more. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

static inline uint16_t fuzz_word(struct fuzz_input *in)
{
	unsigned int high = fuzz_byte(in);

	return (uint16_t)(high << 8 | fuzz_byte(in));
}

#endif
