// SPDX-License-Identifier: MIT
/*
 * font_file.c — glyphs from a font file in the .hex format of GNU Unifont
 *
 * Theory of operation. The file is read where it is needed, some lines at a time,
 * and is never held: what it costs is the kernel's page cache, which all programs
 * share and which gives way, and none of our memory. A mapping would cost the same
 * and save a copy, but reading one beyond the end of a file that was cut off
 * meanwhile kills the process; a read only comes back short.
 *
 * Opening looks at lines all over the file. They are kept as an index, from which
 * a search mostly gets to the place with one or two reads. The last glyphs are
 * kept too, with those that were not found: a text needs the same few again and
 * again.
 */
#include "mqttnode/font_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#define SIZE_MAX_BYTES (64 << 20)
#define LINE_MAX_BYTES 80 /* "10FFFF:", 64 digits, the end of the line */
#define WINDOW_BYTES   4096
#define ANCHORS	       65
#define INTERPOLATIONS 3
#define CACHED	       256
#define NO_CHAR	       UINT32_MAX

struct cached {
	uint32_t c;
	bool found;
	struct font_glyph glyph;
};

struct anchor {
	uint32_t c;
	size_t begin; /* of its line */
};

struct font_file {
	int fd;
	size_t size;
	struct anchor anchors[ANCHORS]; /* rising */
	char window[WINDOW_BYTES];	/* what was read last: */
	size_t window_at, window_len;
	struct cached cache[CACHED]; /* by the lowest bits */
};

struct line {
	uint32_t c;
	const char *digits; /* in the window */
	size_t n_digits;
	size_t begin, end; /* in the file, the newline included */
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c & ~0x20);
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Has the bytes from @from to @to, a line or two, in the window. */
static bool load(struct font_file *f, size_t from, size_t to)
{
	size_t spare = (WINDOW_BYTES - (to - from)) / 2;
	ssize_t n;

	if (from >= f->window_at && to <= f->window_at + f->window_len)
		return true;
	f->window_at = from > spare ? from - spare : 0;
	n = pread(f->fd, f->window, WINDOW_BYTES, (off_t)f->window_at);
	f->window_len = n > 0 ? (size_t)n : 0;
	return to <= f->window_at + f->window_len;
}

/* Takes apart "HHHH:" and digits. Returns whether it is a line of a font. */
static bool parse(const char *p, const char *stop, struct line *ret)
{
	const char *begin = p;

	if (stop > p && stop[-1] == '\r')
		stop--;
	for (; p < stop && *p != ':'; p++) {
		if (digit(*p) < 0 || p - begin >= 6)
			return false;
		ret->c = ret->c << 4 | (uint32_t)digit(*p);
	}
	if (p == stop || p - begin < 4)
		return false;
	ret->digits = p + 1;
	ret->n_digits = (size_t)(stop - ret->digits);
	for (size_t i = 0; i < ret->n_digits; i++)
		if (digit(ret->digits[i]) < 0)
			return false;
	return ret->n_digits == 32 || ret->n_digits == 64;
}

/* The line that holds the byte at @at. Returns whether it is one of a font. */
static bool read_line(struct font_file *f, size_t at, struct line *ret)
{
	size_t from = at > LINE_MAX_BYTES ? at - LINE_MAX_BYTES : 0;
	size_t to = f->size - at > LINE_MAX_BYTES ? at + LINE_MAX_BYTES : f->size;
	size_t begin = at, end = at;

	*ret = (struct line){ .begin = at, .end = at };
	if (!load(f, from, to))
		return false;
	while (begin > from && f->window[begin - 1 - f->window_at] != '\n')
		begin--;
	while (end < to && f->window[end - f->window_at] != '\n')
		end++;
	*ret = (struct line){ .begin = begin, .end = end + (end < f->size) };
	return parse(f->window + (begin - f->window_at), f->window + (end - f->window_at),
		     ret);
}

/* The rows of a line as columns. */
static void unpack(const struct line *line, struct font_glyph *ret)
{
	size_t width = line->n_digits / 4;

	*ret = (struct font_glyph){ .width = (uint8_t)width, .height = FONT_TALL_HEIGHT };
	for (size_t y = 0; y < FONT_TALL_HEIGHT; y++) {
		for (size_t x = 0; x < width; x++) {
			int four = digit(line->digits[(y * width + x) / 4]);

			if (four & 8 >> x % 4)
				ret->columns[y / 8][x] |= (uint8_t)(1u << y % 8);
		}
	}
}

/* The last of the anchors that is not above @c, -1 if there is none. */
static int find_anchor(const struct font_file *f, uint32_t c)
{
	int found = -1;

	while (found + 1 < ANCHORS && f->anchors[found + 1].c <= c)
		found++;
	return found;
}

/* Where to look for @c next between two places, of which the first is not above it. */
static size_t guess(struct anchor low, struct anchor high, uint32_t c, int tries)
{
	size_t bytes = high.begin - low.begin;

	/* Alphabets are without gaps: that mostly is the place. If not, halve. */
	if (tries < INTERPOLATIONS && c < high.c)
		return low.begin +
		       (size_t)((uint64_t)bytes * (c - low.c) / (high.c - low.c));
	return low.begin + bytes / 2;
}

static bool search(struct font_file *f, uint32_t c, struct font_glyph *ret)
{
	int at = find_anchor(f, c);
	struct anchor low, high;
	struct line line;

	if (at < 0)
		return false;
	low = f->anchors[at];
	high = at + 1 < ANCHORS ? f->anchors[at + 1] : (struct anchor){ c, f->size };
	for (int tries = 0; low.begin < high.begin; tries++) {
		if (!read_line(f, guess(low, high, c, tries), &line))
			return false;
		if (line.c == c) {
			unpack(&line, ret);
			return true;
		}
		if (line.c < c)
			low = (struct anchor){ line.c + 1, line.end };
		else
			high = (struct anchor){ line.c, line.begin };
	}
	return false;
}

bool font_file_glyph(struct font_file *f, uint32_t c, struct font_glyph *ret)
{
	struct cached *cached;

	if (!f)
		return false;
	cached = &f->cache[c % CACHED];
	if (cached->c != c) {
		cached->c = c;
		cached->found = search(f, c, &cached->glyph);
	}
	if (cached->found)
		*ret = cached->glyph;
	return cached->found;
}

/* Looks at lines all over the file: glyphs, in rising order, up to the end. */
static int build_index(struct font_file *f, char *error, size_t size)
{
	struct line line, last = { 0 };

	for (size_t i = 0; i < ANCHORS; i++) {
		size_t at = (f->size - 1) / (ANCHORS - 1) * i;

		if (i == ANCHORS - 1)
			at = f->size - 1;
		if (!read_line(f, at, &line)) {
			text_format(error, size,
				    i == 0 ? "it is not in the .hex format of GNU Unifont"
					   : "it is damaged or cut off at byte %zu",
				    line.begin);
			return -EINVAL;
		}
		if (i > 0 && line.begin != last.begin && line.c <= last.c) {
			text_format(error, size,
				    "it is not sorted: U+%04X comes after U+%04X",
				    (unsigned int)line.c, (unsigned int)last.c);
			return -EINVAL;
		}
		f->anchors[i] = (struct anchor){ line.c, line.begin };
		last = line;
	}
	return 0;
}

static int measure(struct font_file *f, char *error, size_t size)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > SIZE_MAX_BYTES) {
		text_format(error, size, "it is not a file of 1 byte to %d MiB",
			    SIZE_MAX_BYTES >> 20);
		return -EINVAL;
	}
	f->size = (size_t)st.st_size;
	/* A search jumps: what lies around each place is of no use. */
	(void)posix_fadvise(f->fd, 0, 0, POSIX_FADV_RANDOM);
	return 0;
}

int font_file_open(struct font_file **ret, const char *path, char *error, size_t size)
{
	_cleanup_(font_file_closep) struct font_file *f = NULL;
	int r;

	error[0] = '\0';
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < CACHED; i++)
		f->cache[i].c = NO_CHAR;
	/* Not to wait for the other end of a FIFO. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = f->fd < 0 ? -errno : measure(f, error, size);
	if (r == 0)
		r = build_index(f, error, size);
	if (r < 0 && !error[0])
		text_format(error, size, "%s", strerror(-r));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(f);
	return 0;
}

const char *font_file_find(void)
{
	static const char *const paths[] = {
		"/usr/local/share/unifont/unifont.hex",
		"/usr/share/unifont/unifont.hex", /* Debian and Ubuntu: package unifont */
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	return NULL;
}

struct font_file *font_file_close(struct font_file *f)
{
	if (!f)
		return NULL;
	f->fd = fd_close(f->fd);
	free(f);
	return NULL;
}
