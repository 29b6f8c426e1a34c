// SPDX-License-Identifier: MIT
/*
 * oled.c — an SSD1306 panel on I2C
 *
 * Theory of operation. The panel cannot be read back, so two pictures are kept:
 * what it is to show and what it has. Only columns that differ are sent, each
 * run of them with its page and column in front, since the panel's pointer is
 * not to be trusted after anything went wrong. Page addressing mode does that in
 * 7 bytes and is the only mode that all relatives of this controller have.
 *
 * One run is one call with two messages: commands (control byte 00), then data
 * (40). Adapters that cannot combine messages, or only short ones, get single
 * short messages in which a control byte 80 stands before each command.
 *
 * A call that fails leaves unknown how much of it the panel took. The page is
 * then unknown too and is sent whole the next time; a command that waits for an
 * argument is satisfied by the NOP that begins every initialisation.
 *
 * Source: SSD1306 datasheet rev 1.1, sections 8.1.5 (I2C), 8.7 (RAM), 9, 10.
 */
#include "mqttnode/oled.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define WIDTH  128
#define HEIGHT 64
#define PAGES  (HEIGHT / 8)

/* Control bytes: what follows until the end of the message, or the next byte only. */
#define CONTROL_COMMANDS 0x00
#define CONTROL_DATA	 0x40
#define CONTROL_COMMAND	 0x80

/* Commands, section 9. "+1" takes an argument byte. */
#define SET_COLUMN_LOW	  0x00 /* | bits 3..0 of the column */
#define SET_COLUMN_HIGH	  0x10 /* | bits 6..4 */
#define SET_ADDRESSING	  0x20 /* +1 */
#define STOP_SCROLL	  0x2e
#define SET_START_LINE	  0x40 /* | line */
#define SET_CONTRAST	  0x81 /* +1 */
#define SET_CHARGE_PUMP	  0x8d /* +1 */
#define SET_SEGMENT_REMAP 0xa0 /* | 1: column 0 at SEG127 */
#define SHOW_RAM	  0xa4
#define SET_NORMAL	  0xa6
#define SET_MULTIPLEX	  0xa8 /* +1 */
#define DISPLAY_OFF	  0xae
#define DISPLAY_ON	  0xaf
#define SET_PAGE	  0xb0 /* | page */
#define SET_COM_DIRECTION 0xc0 /* | 8: from COM63 to COM0 */
#define SET_OFFSET	  0xd3 /* +1 */
#define SET_CLOCK	  0xd5 /* +1 */
#define SET_PRECHARGE	  0xd9 /* +1 */
#define SET_COM_PINS	  0xda /* +1 */
#define SET_VCOMH	  0xdb /* +1 */
#define NOP		  0xe3

#define STATUS_OFF 0x40 /* section 8.1.5: bit 6 of the status byte */

/*
 * A run that begins anew costs 7 bytes on the wire; a gap of that many unchanged
 * columns is sent along.
 */
#define GAP_MAX 7

/* Data bytes in a single message: with its commands it fits any USB adapter. */
#define SINGLE_MAX 16

#define EAGAIN_TRIES 3

/* All registers; a module may have any values from before. */
/* clang-format off */
static const uint8_t setup[] = {
	SET_CLOCK, 0x80,		/* nominal oscillator, divide by 1 */
	SET_MULTIPLEX, HEIGHT - 1,
	SET_OFFSET, 0,
	SET_START_LINE | 0,		/* another program may have scrolled */
	SET_CHARGE_PUMP, 0x14,		/* nothing else gives 7 V; before "on" */
	SET_ADDRESSING, 2,		/* pages */
	SET_SEGMENT_REMAP | 1,		/* with the next one: upright on the usual module */
	SET_COM_DIRECTION | 8,
	SET_COM_PINS, 0x12,		/* alternative wiring, as all glass of 64 rows has */
	SET_CONTRAST, 0x7f,		/* moderate: pixels wear out with their current */
	SET_PRECHARGE, 0xf1,		/* as recommended with the charge pump */
	SET_VCOMH, 0x30,		/* 0.83 Vcc, the highest documented */
	STOP_SCROLL,			/* writing while it scrolls corrupts the RAM */
	SHOW_RAM,
	SET_NORMAL,			/* not inverse */
};
/* clang-format on */

struct oled {
	struct i2c_bus *bus; /* borrowed */
	uint8_t want[PAGES][WIDTH];
	uint8_t have[PAGES][WIDTH];
	bool known[PAGES]; /* whether have[] is what the panel has */
	bool single;	   /* the adapter cannot combine messages */
	bool status_works; /* the panel answers reads, and truly */
};

int oled_new(struct oled **ret, struct i2c_bus *bus, uint8_t width, uint8_t height)
{
	struct oled *o;

	if (width != WIDTH || height != HEIGHT)
		return -EINVAL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->bus = bus;
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

/* Sends commands in one message, @n of them or of their arguments. */
static int send_commands(struct oled *o, const uint8_t *commands, size_t n)
{
	uint8_t buf[1 + 2 + sizeof(setup)] = { CONTROL_COMMANDS };
	struct i2c_message message = { .buf = buf, .len = (uint16_t)(1 + n) };

	assert(n < sizeof(buf));
	memcpy(buf + 1, commands, n);
	return transfer(o, &message, 1);
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
		(uint8_t)(SET_PAGE | page),
		(uint8_t)(SET_COLUMN_LOW | (column & 15)),
		(uint8_t)(SET_COLUMN_HIGH | column >> 4),
	};
	uint8_t data[1 + WIDTH] = { CONTROL_DATA };
	const struct i2c_message messages[] = {
		{ .buf = commands, .len = sizeof(commands) },
		{ .buf = data, .len = (uint16_t)(1 + n) },
	};

	memcpy(data + 1, &o->want[page][column], n);
	return transfer(o, messages, 2);
}

/* The same in messages of their own, as many as it takes. */
static int send_single(struct oled *o, unsigned int page, unsigned int column, size_t n)
{
	int r = 0;

	while (r == 0 && n > 0) {
		size_t part = n < SINGLE_MAX ? n : SINGLE_MAX;
		uint8_t buf[7 + SINGLE_MAX] = {
			CONTROL_COMMAND, (uint8_t)(SET_PAGE | page),
			CONTROL_COMMAND, (uint8_t)(SET_COLUMN_LOW | (column & 15)),
			CONTROL_COMMAND, (uint8_t)(SET_COLUMN_HIGH | column >> 4),
			CONTROL_DATA,
		};
		struct i2c_message message = { .buf = buf, .len = (uint16_t)(7 + part) };

		memcpy(buf + 7, &o->want[page][column], part);
		r = transfer(o, &message, 1);
		column += (unsigned int)part;
		n -= part;
	}
	return r;
}

static int send_columns(struct oled *o, unsigned int page, unsigned int column, size_t n)
{
	int r = -EOPNOTSUPP;

	if (!o->single)
		r = send_combined(o, page, column, n);
	if (r == -EOPNOTSUPP) {
		o->single = true;
		r = send_single(o, page, column, n);
	}
	if (r == 0)
		memcpy(&o->have[page][column], &o->want[page][column], n);
	return r;
}

static bool differs(const struct oled *o, unsigned int page, unsigned int column)
{
	return !o->known[page] || o->want[page][column] != o->have[page][column];
}

/* The end of the run that begins at @first: behind its last column that differs. */
static unsigned int run_end(const struct oled *o, unsigned int page, unsigned int first)
{
	unsigned int end = first + 1;

	for (unsigned int x = end; x < WIDTH && x - end <= GAP_MAX; x++)
		if (differs(o, page, x))
			end = x + 1;
	return end;
}

static int flush_page(struct oled *o, unsigned int page)
{
	unsigned int x = 0, end;
	int r;

	while (x < WIDTH) {
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
		x = end;
	}
	o->known[page] = true;
	return 0;
}

static int flush(struct oled *o)
{
	int r = 0;

	for (unsigned int page = 0; r == 0 && page < PAGES; page++)
		r = flush_page(o, page);
	return r;
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
	uint8_t commands[2 + sizeof(setup)];
	size_t n = 0;
	int r;

	commands[n++] = NOP;
	if (off_first)
		commands[n++] = DISPLAY_OFF;
	memcpy(commands + n, setup, sizeof(setup));
	memset(o->known, 0, sizeof(o->known));

	r = send_commands(o, commands, n + sizeof(setup));
	if (r < 0)
		return r;
	r = flush(o);
	if (r < 0)
		return r;
	return send_command(o, DISPLAY_ON);
}

int oled_init(struct oled *o)
{
	uint8_t status;
	int r;

	memset(o->want, 0, sizeof(o->want));
	r = bring_up(o, true);
	if (r < 0)
		return r;
	/*
	 * Some modules do not answer reads, or not with the status. One that
	 * claims to be off now is not to be believed later either.
	 */
	o->status_works = read_status(o, &status) == 0 && !(status & STATUS_OFF);
	return 0;
}

int oled_show(struct oled *o, const struct canvas *picture)
{
	assert(picture->width == WIDTH && picture->height == HEIGHT);
	memcpy(o->want, picture->data, sizeof(o->want));
	return flush(o);
}

int oled_check(struct oled *o)
{
	uint8_t status;
	int r;

	if (!o->status_works) {
		r = send_command(o, NOP);
		return r < 0 ? r : 1;
	}
	r = read_status(o, &status);
	return r < 0 ? r : !(status & STATUS_OFF);
}

int oled_reassert(struct oled *o)
{
	return bring_up(o, false);
}

int oled_off(struct oled *o)
{
	int r;

	r = send_command(o, DISPLAY_OFF);
	if (r < 0)
		return r;
	memset(o->want, 0, sizeof(o->want));
	return flush(o);
}
