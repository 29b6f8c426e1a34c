// SPDX-License-Identifier: MIT
/*
 * figures.c — measures the cases of the packet path
 *
 * Usage: figures [--model NAME] [CASE...]
 *
 * One JSON object: for each case, for each model, what it costs. Nothing in it
 * depends on the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet_cases.h"

static void print_figures(const struct packet_case *c, const struct packet_model *model)
{
	struct packet_figures f = packet_case_run(c, model);

	printf("\"%s\": {\"calls\": %.5f, \"transfers\": %.5f, \"selects\": %.5f, "
	       "\"bytes\": %.4f, \"bus_us\": %.4f, \"tap_calls\": %.5f, "
	       "\"wakeups\": %.5f, \"frames_per_s\": %.2f, \"share\": %.6f, "
	       "\"frames\": %llu}",
	       model->name, f.calls, f.transfers, f.selects, f.bytes, f.bus_us,
	       f.tap_calls, f.wakeups, f.frames_per_s, f.share,
	       (unsigned long long)f.frames);
}

static void print_case(const struct packet_case *c, const char *only_model)
{
	const char *separator = "";

	printf("\"%s\": {", c->name);
	for (size_t i = 0; i < n_packet_models; i++) {
		if (only_model && strcmp(only_model, packet_models[i].name) != 0)
			continue;
		(void)fputs(separator, stdout);
		print_figures(c, &packet_models[i]);
		separator = ", ";
	}
	(void)fputs("}", stdout);
}

int main(int argc, char **argv)
{
	const char *model = NULL, *separator = "\n";
	struct packet_case c;
	int first = 1;

	if (argc > 2 && strcmp(argv[1], "--model") == 0) {
		model = argv[2];
		first = 3;
	}
	(void)fputs("{", stdout);
	for (size_t i = 0; first == argc && packet_case_get(i, &c); i++) {
		(void)fputs(separator, stdout);
		print_case(&c, model);
		separator = ",\n";
	}
	for (int i = first; i < argc; i++) {
		if (!packet_case_find(argv[i], &c)) {
			(void)fprintf(stderr, "figures: no case %s\n", argv[i]);
			return EXIT_FAILURE;
		}
		(void)fputs(separator, stdout);
		print_case(&c, model);
		separator = ",\n";
	}
	(void)puts("\n}");
	return EXIT_SUCCESS;
}
