// SPDX-License-Identifier: MIT
/* log_rig.c — what a program logs, for tests that look at the words */
#include "log_rig.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects the next three */
static const char *watched;
static char last[LOG_RIG_SIZE];
static unsigned int count;

int __wrap_log_write(int level, int error, const struct log_field *fields,
		     size_t n_fields, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
int __wrap_log_write(int level, int error, const struct log_field *fields,
		     size_t n_fields, const char *format, ...)
{
	char text[LOG_RIG_SIZE];
	va_list ap;

	(void)level;
	(void)fields;
	(void)n_fields;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)pthread_mutex_lock(&lock);
	if (watched && strstr(text, watched)) {
		memcpy(last, text, strlen(text) + 1);
		count++;
	}
	(void)pthread_mutex_unlock(&lock);
	return -error;
}

void log_rig_watch(const char *phrase)
{
	(void)pthread_mutex_lock(&lock);
	watched = phrase;
	last[0] = '\0';
	count = 0;
	(void)pthread_mutex_unlock(&lock);
}

unsigned int log_rig_count(void)
{
	unsigned int n;

	(void)pthread_mutex_lock(&lock);
	n = count;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

const char *log_rig_last(void)
{
	static char copy[LOG_RIG_SIZE];

	(void)pthread_mutex_lock(&lock);
	memcpy(copy, last, sizeof(copy));
	(void)pthread_mutex_unlock(&lock);
	return copy;
}
