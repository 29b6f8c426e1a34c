// SPDX-License-Identifier: MIT
/*
 * fuzz_settings.c — a configuration of any bytes
 *
 * Either settings come of it, with a host, or sentences that can be printed.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "mqttnode/settings.h"
#include "mqttnode/text.h"

/* libconfig 1.5 forgets the string it was reading when it meets a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void must_be_printable(const char *s)
{
	must(s[0] && text_utf8_valid(s, strlen(s)));
	for (; *s; s++)
		must((unsigned char)*s >= ' ' && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;
	char path[64];
	int fd, r;

	fd = memfd_create("fuzz.conf", MFD_CLOEXEC);
	must(fd >= 0);
	must(write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = settings_load(&s, path, &report);
	if (r == 0) {
		must(report.n_errors == 0 && s->mqtt.host && s->mqtt.host[0]);
	} else {
		must(r == -EINVAL);
		must(report.n_errors >= 1 && report.n_errors <= SETTINGS_REPORT_MAX + 1);
	}
	for (size_t i = 0; i < report.n_errors; i++)
		must_be_printable(report.errors[i]);
	for (size_t i = 0; i < report.n_warnings; i++)
		must_be_printable(report.warnings[i]);
	s = settings_free(s);
	settings_report_clear(&report);
	(void)close(fd);
	return 0;
}
