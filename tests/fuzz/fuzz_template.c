// SPDX-License-Identifier: MIT
/*
 * fuzz_template.c — texts with variables, and topics
 *
 * The input is the text up to its first zero byte, then values of the variables,
 * ended by zero bytes too. What template_check() accepts can be expanded, to no
 * more than its text and the values; what is refused is refused in words.
 */
#include <string.h>

#include "fuzz.h"
#include "mqttnode/template.h"
#include "mqttnode/text.h"
#include "mqttnode/topic.h"

#define STRING_MAX 4096

/* The next string of the input, whose last one needs no zero byte. */
static char *next_string(struct fuzz_input *in)
{
	char *s = malloc(STRING_MAX);
	size_t n = 0;

	must(s);
	while (in->size > 0 && n + 1 < STRING_MAX && (s[n] = (char)fuzz_byte(in)) != '\0')
		n++;
	s[n] = '\0';
	return s;
}

static void must_be_a_sentence(const char *error)
{
	must(error[0] && text_utf8_valid(error, strlen(error)));
}

static void try_template(const char *text, const char *const *values)
{
	size_t longest = 0, limit;
	char error[200] = "";
	char *expanded;

	if (template_check(text, error, sizeof(error)) < 0) {
		must_be_a_sentence(error);
		return;
	}
	for (size_t i = 0; i < TEMPLATE_VARIABLES; i++)
		if (values[i] && strlen(values[i]) > longest)
			longest = strlen(values[i]);
	limit = strlen(text) * (longest + 1);
	expanded = template_expand(text, values);
	must(expanded && strlen(expanded) <= limit);
	free(expanded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { .data = data, .size = size };
	char *values[TEMPLATE_VARIABLES] = { NULL };
	char *text = next_string(&in);
	char error[200] = "";

	for (size_t i = 0; i < TEMPLATE_VARIABLES && in.size > 0; i++)
		values[i] = next_string(&in);
	try_template(text, (const char *const *)values);
	if (topic_check_filter(text, error, sizeof(error)) < 0) {
		must_be_a_sentence(error);
		/* What is no filter is no name either. */
		must(topic_check_name(text, error, sizeof(error)) < 0);
	}
	for (size_t i = 0; i < TEMPLATE_VARIABLES; i++)
		free(values[i]);
	free(text);
	return 0;
}
