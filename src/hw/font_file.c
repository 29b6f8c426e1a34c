// SPDX-License-Identifier: MIT
/*
 * font_file.c — glyphs from a font file in the .hex format of GNU Unifont
 *
 * Theory of operation. Reading a mapped file beyond its end kills the process,
 * so its size is asked for again before each search: a file that shrank under
 * us has no more glyphs. Package managers replace files instead of writing into
 * them, so this is a rare thing. The last glyphs are kept, with those that were
 * not found: a text needs the same few again and again.
 */
#include "mqttnode/font_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#define SIZE_MAX_BYTES (64 << 20)
#define LINE_MAX_BYTES 80 /* "10FFFF:", 64 digits, the end of the line */
#define PROBES	       64
#define CACHED	       64
#define NO_CHAR	       UINT32_MAX

struct cached {
	uint32_t c;
	bool found;
	struct font_glyph glyph;
};

struct font_file {
	int fd;
	const char *data;
	size_t size;
	struct cached cache[CACHED]; /* by the lowest bits */
};

struct line {
	uint32_t c;
	const char *digits;
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

/* The line that holds the byte at @at. Returns whether it is one of a font. */
static bool read_line(const struct font_file *f, size_t at, struct line *ret)
{
	size_t begin = at, end = at;
	const char *p, *stop;

	while (begin > 0 && f->data[begin - 1] != '\n' && at - begin < LINE_MAX_BYTES)
		begin--;
	while (end < f->size && f->data[end] != '\n' && end - begin < LINE_MAX_BYTES)
		end++;
	*ret = (struct line){ .begin = begin, .end = end + (end < f->size) };
	if (end - begin >= LINE_MAX_BYTES)
		return false;
	stop = f->data + end;
	if (end > begin && stop[-1] == '\r')
		stop--;
	for (p = f->data + begin; p < stop && *p != ':'; p++) {
		if (digit(*p) < 0 || p - f->data - (ptrdiff_t)begin >= 6)
			return false;
		ret->c = ret->c << 4 | (uint32_t)digit(*p);
	}
	if (p == stop || p - f->data - (ptrdiff_t)begin < 4)
		return false;
	ret->digits = p + 1;
	ret->n_digits = (size_t)(stop - ret->digits);
	for (size_t i = 0; i < ret->n_digits; i++)
		if (digit(ret->digits[i]) < 0)
			return false;
	return ret->n_digits == 32 || ret->n_digits == 64;
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

/* Whether the file still is as long as it was. */
static bool is_whole(const struct font_file *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 && (uint64_t)st.st_size >= f->size;
}

static bool search(const struct font_file *f, uint32_t c, struct font_glyph *ret)
{
	size_t low = 0, high = f->size;
	struct line line;

	while (low < high) {
		if (!read_line(f, low + (high - low) / 2, &line))
			return false;
		if (line.c == c) {
			unpack(&line, ret);
			return true;
		}
		if (line.c < c)
			low = line.end;
		else
			high = line.begin;
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
		cached->found = is_whole(f) && search(f, c, &cached->glyph);
	}
	if (cached->found)
		*ret = cached->glyph;
	return cached->found;
}

/* Looks at lines all over the file: glyphs, in rising order, up to the end. */
static int check(const struct font_file *f, char *error, size_t size)
{
	struct line line, last = { 0 };

	for (size_t i = 0; i <= PROBES; i++) {
		size_t at = (f->size - 1) / PROBES * i;

		if (i == PROBES)
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
		last = line;
	}
	return 0;
}

static int map(struct font_file *f, char *error, size_t size)
{
	struct stat st;
	void *data;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > SIZE_MAX_BYTES) {
		text_format(error, size, "it is not a file of 1 byte to %d MiB",
			    SIZE_MAX_BYTES >> 20);
		return -EINVAL;
	}
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	f->data = data;
	f->size = (size_t)st.st_size;
	/* A search jumps: what lies around each place is of no use. */
	(void)madvise(data, f->size, MADV_RANDOM);
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
	r = f->fd < 0 ? -errno : map(f, error, size);
	if (r == 0)
		r = check(f, error, size);
	/* Checked page by page; a few of them will be wanted again. */
	if (r == 0)
		(void)madvise((void *)(uintptr_t)f->data, f->size, MADV_DONTNEED);
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
	if (f->data)
		(void)munmap((void *)(uintptr_t)f->data, f->size);
	f->fd = fd_close(f->fd);
	free(f);
	return NULL;
}
