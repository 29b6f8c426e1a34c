// SPDX-License-Identifier: MIT
/*
 * settings_scan.c — a look at the text of a file before libconfig sees it
 *
 * libconfig ends the process when an @include names a directory, takes
 * 3000000000 for -1294967296, 010 for 8 or 10 depending on its version, cuts a
 * string at "\x00" and a file at a zero byte, and accepts a file that ends
 * within a comment. None of that can be seen in its result, so the text is read
 * here with just enough of its lexical rules to find comments, strings, numbers
 * and @include lines. Everything else is left to the library.
 */
#include "settings_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#define FILE_SIZE_MAX	  (1024 * 1024)
#define INCLUDE_DEPTH_MAX 8 /* libconfig stops at 10 */
#define INCLUDES_MAX	  64

struct scan {
	const char *file;
	const char *dir; /* of the main file: where libconfig looks for includes */
	struct settings_report *report;
	int depth;
	int *n_includes; /* of all files together */
	char *text;
	size_t pos;
	unsigned int line;
	char key[64]; /* the last name seen, "name: " as messages begin with it */
	bool broken;  /* libconfig must not see this */
};

static void scan_file(struct scan *s);

static void broken(struct scan *s, const char *sentence)
{
	report_error(s->report, "%s:%u: %s", s->file, s->line, sentence);
	s->broken = true;
}

/* Reads s->file into s->text; why not is a sentence. */
static bool read_text(struct scan *s, char *why, size_t size)
{
	_cleanup_free_ char *buf = NULL;
	struct stat st;
	int r;

	if (stat(s->file, &st) < 0) {
		text_format(why, size, "cannot be read: %s", strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		text_format(why, size, "%s, not a file",
			    S_ISDIR(st.st_mode) ? "is a directory"
						: "is a device or a pipe");
		return false;
	}
	buf = malloc(FILE_SIZE_MAX + 2);
	if (!buf) {
		s->report->out_of_memory = true;
		return false;
	}
	r = fd_read_file(s->file, buf, FILE_SIZE_MAX + 2);
	if (r == -E2BIG || r > FILE_SIZE_MAX) {
		text_format(why, size, "is too large; valid is up to 1 MiB");
		return false;
	}
	if (r < 0) {
		text_format(why, size, "cannot be read: %s", strerror(-r));
		return false;
	}
	if (st.st_mode & S_IWOTH)
		report_warning(
			s->report,
			"%s: everybody may write to this file and so control the node; "
			"try: chmod o-w %s",
			s->file, s->file);
	/* libconfig wants a comment on the last line to end with a newline. */
	if (r > 0 && buf[r - 1] != '\n')
		buf[r++] = '\n';
	s->text = strndup(buf, (size_t)r);
	if (!s->text) {
		s->report->out_of_memory = true;
	} else if (strlen(s->text) < (size_t)r) {
		for (const char *p = s->text; *p; p++)
			s->line += *p == '\n';
		broken(s, "found a zero byte; valid is text");
	}
	return s->text && !s->broken;
}

static bool is_utf8(struct scan *s)
{
	size_t len = strlen(s->text);
	uint32_t c;
	int n;

	if (strncmp(s->text, "\xef\xbb\xbf", 3) == 0) {
		broken(s, "found a byte order mark; valid is UTF-8 text without one");
		return false;
	}
	for (size_t i = 0; i < len; i += (size_t)n) {
		n = text_utf8_decode(s->text + i, len - i, &c);
		if (n < 0) {
			broken(s, "found bytes that are not UTF-8; valid is UTF-8 text");
			return false;
		}
		s->line += c == '\n';
	}
	s->line = 1;
	return true;
}

/* Moves on by @n bytes, counting lines. */
static void advance(struct scan *s, size_t n)
{
	for (; n > 0 && s->text[s->pos]; n--)
		s->line += s->text[s->pos++] == '\n';
}

static void scan_comment(struct scan *s)
{
	const char *end = strstr(s->text + s->pos + 2, "*/");

	if (!end) {
		broken(s, "this comment is not closed; valid is /* ... */");
		s->pos += strlen(s->text + s->pos);
		return;
	}
	advance(s, (size_t)(end + 2 - (s->text + s->pos)));
}

static void scan_string(struct scan *s)
{
	unsigned int begin = s->line;

	for (s->pos++; s->text[s->pos] && s->text[s->pos] != '"';) {
		const char *p = s->text + s->pos;

		if (p[0] != '\\') {
			advance(s, 1);
			continue;
		}
		if ((p[1] == 'x' || p[1] == 'X') && p[2] == '0' && p[3] == '0') {
			report_error(
				s->report,
				"%s:%u: %sfound \\x00; valid is text without zero bytes",
				s->file, s->line, s->key);
			s->broken = true;
		}
		advance(s, 2);
	}
	if (!s->text[s->pos]) {
		s->line = begin;
		broken(s, "this string is not closed; valid is \"...\"");
		return;
	}
	s->pos++;
}

static void scan_name(struct scan *s)
{
	const char *name = s->text + s->pos;
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789*_-");

	s->pos += len;
	if (len < sizeof(s->key) - 2)
		text_format(s->key, sizeof(s->key), "%.*s: ", (int)len, name);
	else
		s->key[0] = '\0';
}

/*
 * A whole number of @len bytes: does libconfig understand it as a person would?
 * NULL or what is valid, and in @refused whether some version refuses it.
 */
static const char *check_integer(const char *number, size_t len, bool *refused)
{
	bool is_long = number[len - 1] == 'L';
	const char *digits = number;
	bool hex;
	long long v;

	*refused = true;
	digits += *digits == '-' || *digits == '+';
	hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	if (!hex && digits[0] == '0' && isdigit((unsigned char)digits[1]))
		return "a number without leading zeros, which may mean octal";
	errno = 0;
	v = strtoll(number, NULL, hex ? 16 : 10);
	if (errno == ERANGE)
		return "a number of at most 63 bits";
	*refused = false;
	if (hex && !is_long && v > INT_MAX)
		return "a number up to 0x7fffffff";
	if (!is_long && (v > INT_MAX || v < INT_MIN))
		return "a whole number from -2147483648 to 2147483647";
	return NULL;
}

static void scan_number(struct scan *s)
{
	const char *number = s->text + s->pos;
	size_t len = (size_t)(*number == '-' || *number == '+');
	bool hex =
		number[len] == '0' && (number[len + 1] == 'x' || number[len + 1] == 'X');
	bool fraction = false;
	bool refused = false;
	const char *valid;
	char shown[48];

	for (;; len++) {
		char c = number[len];

		if (!hex && (c == '.' || c == 'e' || c == 'E'))
			fraction = true;
		else if ((c == '-' || c == '+') && fraction &&
			 tolower(number[len - 1]) == 'e')
			continue;
		else if (!isalnum((unsigned char)c))
			break;
	}
	s->pos += len;
	if (fraction)
		return;
	valid = check_integer(number, len, &refused);
	s->broken |= valid && refused;
	if (valid)
		report_error(s->report, "%s:%u: %sfound %s; valid is %s", s->file,
			     s->line, s->key,
			     text_escape(shown, sizeof(shown), number, len), valid);
}

/* Checks the file that an @include line names; libconfig reads it again. */
static void include(struct scan *s, const char *name, size_t len)
{
	_cleanup_free_ char *path = NULL;
	struct scan inner = { .dir = s->dir,
			      .report = s->report,
			      .depth = s->depth + 1,
			      .n_includes = s->n_includes,
			      .line = 1 };
	char why[160] = "", shown[128];
	bool read;

	path = conf_include_path(s->dir, name, len);
	if (!path) {
		s->report->out_of_memory = true;
		s->broken = true;
		return;
	}
	inner.file = path;
	if (inner.depth > INCLUDE_DEPTH_MAX) {
		broken(s,
		       "@include: files include each other too deeply; valid are 8 levels");
		return;
	}
	if (++*s->n_includes > INCLUDES_MAX) {
		if (*s->n_includes == INCLUDES_MAX + 1)
			broken(s, "@include: too many files; valid are 64 in all");
		s->broken = true;
		return;
	}
	read = read_text(&inner, why, sizeof(why));
	if (read)
		scan_file(&inner);
	else if (why[0])
		report_error(s->report, "%s:%u: @include: \"%s\" %s", s->file, s->line,
			     text_escape(shown, sizeof(shown), name, len), why);
	s->broken |= inner.broken || !read;
	free(inner.text);
}

/* At the begin of a line: handles @include "NAME" and tells whether it was one. */
static bool scan_include(struct scan *s)
{
	const char *p = s->text + s->pos, *end;

	p += strspn(p, " \t");
	if (strncmp(p, "@include", 8) != 0 || (p[8] != ' ' && p[8] != '\t'))
		return false;
	p += 8;
	p += strspn(p, " \t");
	if (*p != '"')
		return false;
	end = strpbrk(p + 1, "\"\\\n");
	if (!end || *end != '"') {
		broken(s,
		       "@include: valid is @include \"FILE\" on one line, without backslashes");
		s->pos = (size_t)(p + 1 - s->text);
		return true;
	}
	include(s, p + 1, (size_t)(end - p - 1));
	s->pos = (size_t)(end + 1 - s->text);
	return true;
}

static void scan_file(struct scan *s)
{
	if (!is_utf8(s))
		return;

	while (s->text[s->pos]) {
		const char *p = s->text + s->pos;
		const char *digit = p + (*p == '-' || *p == '+');

		if ((s->pos == 0 || p[-1] == '\n') && scan_include(s))
			continue;
		if (p[0] == '#' || (p[0] == '/' && p[1] == '/'))
			s->pos += strcspn(p, "\n");
		else if (p[0] == '/' && p[1] == '*')
			scan_comment(s);
		else if (p[0] == '"')
			scan_string(s);
		else if (isalpha((unsigned char)p[0]) || p[0] == '*')
			scan_name(s);
		else if (isdigit((unsigned char)digit[0]) ||
			 (digit[0] == '.' && isdigit((unsigned char)digit[1])))
			scan_number(s);
		else
			advance(s, 1);
	}
}

int conf_scan(char **ret, const char *path, const char *dir,
	      struct settings_report *report)
{
	int n_includes = 0;
	struct scan s = { .file = path,
			  .dir = dir,
			  .report = report,
			  .n_includes = &n_includes,
			  .line = 1 };
	char why[160] = "";

	if (read_text(&s, why, sizeof(why))) {
		scan_file(&s);
	} else {
		if (why[0])
			report_error(report, "%s: %s", path, why);
		s.broken = true;
	}
	if (s.broken || report->out_of_memory) {
		free(s.text);
		return report->out_of_memory ? -ENOMEM : -EINVAL;
	}
	*ret = s.text;
	return 0;
}
