// SPDX-License-Identifier: MIT
/*
 * replay.c — runs a fuzz target over the files of its corpus
 *
 * In place of libFuzzer, in every build: what was found once is tried for ever.
 *
 * Usage: replay FILE-OR-DIRECTORY...
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

/* Runs the target over one file. False, with a message, if it cannot be read. */
static bool replay_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	uint8_t *exact;
	FILE *f;
	size_t n;

	f = fopen(path, "re");
	if (!f) {
		printf("# %s: %s\n", path, strerror(errno));
		return false;
	}
	n = fread(data, 1, sizeof(data), f);
	(void)fclose(f);
	/* A copy of its own size: the sanitizers see a byte too far. */
	exact = malloc(n > 0 ? n : 1);
	must(exact);
	memcpy(exact, data, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return true;
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Runs it over all files of a directory, in the order of their names. */
static bool replay_directory(const char *path, unsigned int *ret_n)
{
	struct dirent **entries;
	char file[4096];
	bool good = true;
	int n;

	n = scandir(path, &entries, no_dots, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		good &= replay_file(file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	*ret_n = n > 0 ? (unsigned int)n : 0;
	return good && n > 0;
}

int main(int argc, char **argv)
{
	bool all_good = argc > 1;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		unsigned int n = 1;
		struct stat s;
		bool good;

		good = stat(argv[i], &s) == 0 && S_ISDIR(s.st_mode)
			       ? replay_directory(argv[i], &n)
			       : replay_file(argv[i]);
		printf("%s %d - %u inputs of %s\n", good ? "ok" : "not ok", i, n,
		       strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i]);
		all_good &= good;
	}
	return all_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
