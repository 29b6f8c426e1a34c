// SPDX-License-Identifier: MIT
/*
 * oled.c — an SSD1306, SSD1309 or SH1106 panel on I2C
 *
 * Theory of operation. The panel cannot be read back, so two pictures of its RAM
 * are kept: what it is to hold and what it has. Only columns that differ are
 * sent, each run of them with its page and column in front, since the panel's
 * pointer is not to be trusted after anything went wrong. Page addressing mode
 * does that in 7 bytes and is the only mode that all controllers have. Columns
 * of the RAM that the glass does not show are kept dark.
 *
 * One run is one call with two messages: commands (control byte 00), then data
 * (40). An adapter that refuses that gets single short messages from then on, in
 * which a control byte 80 stands before each command. What is longer than the
 * adapter can write, as far as it is known, is sent in parts; the panel does not
 * mind a STOP between a command and its argument.
 *
 * A call that fails leaves unknown how much of it the panel took. The page is
 * then unknown too and is sent whole the next time; a command that waits for an
 * argument is satisfied by the NOP that begins every initialisation.
 *
 * Source: SSD1306 datasheet rev 1.1, sections 8.1.5 (I2C), 8.7 (RAM), 9, 10; the
 * differences are in oled_setup.c.
 */
#include "mqttnode/oled.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "oled_commands.h"
#include "oled_setup.h"

#define PAGES_MAX 8

/* Control bytes: what follows until the end of the message, or the next byte only. */
#define CONTROL_COMMANDS 0x00
#define CONTROL_DATA	 0x40
#define CONTROL_COMMAND	 0x80

/*
 * A run that begins anew costs 7 bytes on the wire; a gap of that many unchanged
 * columns is sent along.
 */
#define GAP_MAX 7

/* What stands before the data in a single message: three commands, and 40. */
#define SINGLE_HEAD 7

/* A single message: it fits any USB adapter that has buffers worth the name. */
#define SINGLE_MAX (SINGLE_HEAD + 16)

#define EAGAIN_TRIES 3

struct oled {
	struct i2c_bus *bus;		      /* borrowed */
	const struct oled_settings *settings; /* borrowed */
	unsigned int pages, columns;	      /* of the RAM, as far as it is used */
	unsigned int first_column;	      /* of the picture in it */
	uint8_t want[PAGES_MAX][OLED_COLUMNS_MAX];
	uint8_t have[PAGES_MAX][OLED_COLUMNS_MAX];
	bool known[PAGES_MAX]; /* whether have[] is what the panel has */
	uint8_t contrast;
	bool contrast_sent;
	bool asleep;	     /* switched off, as far as we know */
	bool single;	     /* the adapter refused more than a short message */
	size_t message_max;  /* bytes of a message */
	bool status_works;   /* the panel answers reads, and truly */
	const char *suspect; /* see oled_suspect() */
};

int oled_new(struct oled **ret, struct i2c_bus *bus, const struct oled_settings *settings)
{
	struct oled *o;

	if (!oled_setup_is_valid(settings))
		return -EINVAL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->bus = bus;
	o->settings = settings;
	o->pages = settings->height / 8;
	o->columns = oled_setup_columns(settings);
	o->first_column = oled_setup_first_column(settings);
	o->contrast = settings->contrast;
	o->message_max = settings->max_write;
	*ret = o;
	return 0;
}

struct oled *oled_free(struct oled *o)
{
	free(o);
	return NULL;
}

static int transfer(struct oled *o, const struct i2c_message *messages, size_t n)
{
	int r = -EAGAIN;

	/* The bus was lost to another master before anything was sent. */
	for (int i = 0; r == -EAGAIN && i < EAGAIN_TRIES; i++)
		r = i2cdev_transfer(o->bus, messages, n);
	return r;
}

/* Whether less can be asked of an adapter that refused a call with @r. */
static bool ask_less(struct oled *o, int r)
{
	if (r != -EOPNOTSUPP || o->single)
		return false;
	o->single = true;
	if (o->message_max > SINGLE_MAX)
		o->message_max = SINGLE_MAX;
	return true;
}

/* Sends commands, @n of them or of their arguments. */
static int send_commands(struct oled *o, const uint8_t *commands, size_t n)
{
	uint8_t buf[1 + 2 + OLED_SETUP_MAX] = { CONTROL_COMMANDS };
	int r = 0;

	assert(n < sizeof(buf));
	while (r == 0 && n > 0) {
		size_t part = n < o->message_max - 1 ? n : o->message_max - 1;
		struct i2c_message message = { .buf = buf, .len = (uint16_t)(1 + part) };

		memcpy(buf + 1, commands, part);
		r = transfer(o, &message, 1);
		if (r == 0) {
			commands += part;
			n -= part;
		} else if (ask_less(o, r)) {
			r = 0;
		}
	}
	return r;
}

static int send_command(struct oled *o, uint8_t command)
{
	return send_commands(o, &command, 1);
}

/* Sends columns of a page in one call of two messages. */
static int send_combined(struct oled *o, unsigned int page, unsigned int column, size_t n)
{
	uint8_t commands[] = {
		CONTROL_COMMANDS,
		(uint8_t)(OLED_PAGE | page),
		(uint8_t)(OLED_COLUMN_LOW | (column & 15)),
		(uint8_t)(OLED_COLUMN_HIGH | column >> 4),
	};
	uint8_t data[1 + OLED_COLUMNS_MAX] = { CONTROL_DATA };
	const struct i2c_message messages[] = {
		{ .buf = commands, .len = sizeof(commands) },
		{ .buf = data, .len = (uint16_t)(1 + n) },
	};

	memcpy(data + 1, &o->want[page][column], n);
	return transfer(o, messages, 2);
}

/* The same in one message. */
static int send_single(struct oled *o, unsigned int page, unsigned int column, size_t n)
{
	uint8_t buf[SINGLE_MAX] = {
		CONTROL_COMMAND, (uint8_t)(OLED_PAGE | page),
		CONTROL_COMMAND, (uint8_t)(OLED_COLUMN_LOW | (column & 15)),
		CONTROL_COMMAND, (uint8_t)(OLED_COLUMN_HIGH | column >> 4),
		CONTROL_DATA,
	};
	struct i2c_message message = { .buf = buf, .len = (uint16_t)(SINGLE_HEAD + n) };

	memcpy(buf + SINGLE_HEAD, &o->want[page][column], n);
	return transfer(o, &message, 1);
}

/* How many columns fit into a call. */
static size_t columns_max(const struct oled *o)
{
	return o->single ? o->message_max - SINGLE_HEAD : o->message_max - 1;
}

static int send_columns(struct oled *o, unsigned int page, unsigned int column, size_t n)
{
	while (n > 0) {
		size_t part = n < columns_max(o) ? n : columns_max(o);
		int r = o->single ? send_single(o, page, column, part)
				  : send_combined(o, page, column, part);

		if (ask_less(o, r))
			continue;
		if (r < 0)
			return r;
		memcpy(&o->have[page][column], &o->want[page][column], part);
		column += (unsigned int)part;
		n -= part;
	}
	return 0;
}

static bool differs(const struct oled *o, unsigned int page, unsigned int column)
{
	return !o->known[page] || o->want[page][column] != o->have[page][column];
}

/* The end of the run that begins at @first: behind its last column that differs. */
static unsigned int run_end(const struct oled *o, unsigned int page, unsigned int first)
{
	unsigned int end = first + 1;

	for (unsigned int x = end; x < o->columns && x - end <= GAP_MAX; x++)
		if (differs(o, page, x))
			end = x + 1;
	return end;
}

/* Returns how many runs were sent, or -errno. */
static int flush_page(struct oled *o, unsigned int page)
{
	unsigned int x = 0, end;
	int r, runs = 0;

	/* Mostly it is so, once a second. */
	if (o->known[page] && memcmp(o->want[page], o->have[page], o->columns) == 0)
		return 0;
	while (x < o->columns) {
		if (!differs(o, page, x)) {
			x++;
			continue;
		}
		end = run_end(o, page, x);
		r = send_columns(o, page, x, end - x);
		if (r < 0) {
			o->known[page] = false;
			return r;
		}
		runs++;
		x = end;
	}
	o->known[page] = true;
	return runs;
}

/* As flush_page(), for all pages. */
static int flush(struct oled *o)
{
	int runs = 0;

	for (unsigned int page = 0; page < o->pages; page++) {
		int r = flush_page(o, page);

		if (r < 0)
			return r;
		runs += r;
	}
	return runs;
}

static void set_picture(struct oled *o, const struct canvas *picture)
{
	unsigned int width = o->settings->width;

	assert(picture->width == width && picture->height == o->settings->height);
	for (unsigned int page = 0; page < o->pages; page++)
		memcpy(&o->want[page][o->first_column], &picture->data[page * width],
		       width);
}

static int read_status(struct oled *o, uint8_t *ret)
{
	const struct i2c_message message = { .buf = ret, .len = 1, .read = true };

	return transfer(o, &message, 1);
}

/*
 * Sends all registers and all of the picture, then switches on. With @off_first
 * nobody sees the picture being made.
 */
static int bring_up(struct oled *o, bool off_first)
{
	uint8_t commands[2 + OLED_SETUP_MAX];
	size_t n = 0;
	int r;

	commands[n++] = OLED_NOP;
	if (off_first)
		commands[n++] = OLED_DISPLAY_OFF;
	n += oled_setup_registers(o->settings, o->contrast, commands + n);
	memset(o->known, 0, sizeof(o->known));

	r = send_commands(o, commands, n);
	o->contrast_sent = r == 0;
	if (r < 0)
		return r;
	r = flush(o);
	if (r < 0)
		return r;
	r = send_command(o, OLED_DISPLAY_ON);
	if (r == 0)
		o->asleep = false;
	return r;
}

int oled_init(struct oled *o, const struct canvas *picture)
{
	uint8_t status;
	int r;

	set_picture(o, picture);
	r = bring_up(o, true);
	if (r < 0)
		return r;
	/*
	 * Some modules do not answer reads, or not with the status. One that
	 * claims to be off now is not to be believed later either.
	 */
	o->status_works = read_status(o, &status) == 0 && !(status & OLED_STATUS_OFF);
	o->suspect = o->status_works ? oled_setup_suspect(o->settings, status) : NULL;
	return 0;
}

bool oled_answers(struct i2c_bus *bus)
{
	uint8_t nop[] = { CONTROL_COMMANDS, OLED_NOP };
	const struct i2c_message message = { .buf = nop, .len = sizeof(nop) };

	return i2cdev_transfer(bus, &message, 1) == 0;
}

const char *oled_suspect(const struct oled *o)
{
	return o->suspect;
}

int oled_show(struct oled *o, const struct canvas *picture)
{
	int r;

	set_picture(o, picture);
	r = flush(o);
	return r < 0 ? r : r > 0;
}

int oled_check(struct oled *o)
{
	uint8_t status;
	int r;

	if (!o->status_works) {
		r = send_command(o, OLED_NOP);
		return r < 0 ? r : 1;
	}
	r = read_status(o, &status);
	return r < 0 ? r : !!(status & OLED_STATUS_OFF) == o->asleep;
}

int oled_reassert(struct oled *o, const struct canvas *picture)
{
	set_picture(o, picture);
	return bring_up(o, false);
}

int oled_set_contrast(struct oled *o, uint8_t contrast)
{
	const uint8_t commands[] = { OLED_CONTRAST, contrast };
	int r;

	if (contrast == o->contrast && o->contrast_sent)
		return 0;
	o->contrast = contrast;
	r = send_commands(o, commands, sizeof(commands));
	o->contrast_sent = r == 0;
	return r;
}

int oled_sleep(struct oled *o)
{
	int r = send_command(o, OLED_DISPLAY_OFF);

	if (r == 0)
		o->asleep = true;
	return r;
}

int oled_off(struct oled *o)
{
	int r;

	r = oled_sleep(o);
	if (r < 0)
		return r;
	memset(o->want, 0, sizeof(o->want));
	r = flush(o);
	return r < 0 ? r : 0;
}
