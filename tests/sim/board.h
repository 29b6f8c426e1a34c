/* SPDX-License-Identifier: MIT */
/*
 * board.h — the whole simulated board: chip, panel, lines, wire and board socket
 *
 * mqttnode-sim is the daemon's core linked with this board instead of the
 * adapters. The daemon knows nothing of it: the board is started by the first
 * adapter that is opened (board_autostart.c), in real time, as described by the
 * only variable it reads:
 *
 *   MQTTNODE_BOARD="wire=5,socket=6,link-delay=100"
 *
 *	wire=FD		where the cable ends: a TAP (IFF_TAP | IFF_NO_PI) or a
 *			packet-preserving socket. Without it the far end is silent.
 *	socket=FD	the board socket: a listening or a connected Unix stream
 *			socket. Without it nobody can ask or change anything.
 *	link=up|down	whether the cable is in at the start (up)
 *	link-delay=MS	how long auto-negotiation takes (1500)
 *	oled=in|out	whether the display is plugged in at the start (in)
 *	oled-module=NAME  ssd1306 (default), ssd1306-32, ssd1309, ssd1309-32, sh1106 or
 *			sh1106-at-0 (oled_module.h)
 *	oled-address=N	0x3c (default) or 0x3d
 *	i2c-clock=HZ	clock of the display's bus (400000)
 *	spi=PATH	name of the chip's bus (/dev/spidev0.0)
 *	i2c=PATH	name of the display's bus (/dev/i2c-1)
 *	int=NAME	the line at INTn (GPIO25); "gpiochip0:25" names it too
 *	reset=NAME	the line at RSTn (GPIO24)
 *	bufsiz=BYTES	what a bus message may carry each way (4096)
 *	alignment=BYTES	what each transfer is rounded up to (128)
 *	lossy=PATH	SIGKILL is a power failure for databases whose path begins so:
 *			what was not synced is lost (board_disk.h)
 *	do=COMMAND	a command of the board socket, carried out before anybody opens a
 *			device: "do=fault spi-open EACCES". Any number of them.
 *	seed=N		of all that is random: RAM at power-up, bit errors (1)
 *
 * Descriptors are inherited; the board owns them and makes them close-on-exec.
 * Without $MQTTNODE_BOARD the first open of an adapter says so on stderr and
 * ends the process with status 1.
 *
 *
 * The board socket
 *
 * A client sends lines of words separated by spaces, at most 255 bytes each,
 * and gets one JSON object in one line for each, in order: {"ok": true, ...} or
 * {"ok": false, "error": "a sentence"}. Up to eight clients at a time; one that
 * does not read its answers for 2 s, or sends more without a newline, is
 * disconnected. What a command changes is
 * in effect when its answer arrives. When the program ends, each client gets one line
 * more, the last word, and is disconnected: {"ended": true, "stats": what "stats"
 * would answer, "violations": [...], "warnings": [...]}. There is none if the
 * program is killed or calls _exit().
 *
 * help		{"help": ["stats", ...]}: all commands with their arguments.
 *
 * stats	Counters since the start, as objects of integers unless noted:
 *		  "time_ns"	CLOCK_MONOTONIC of the answer
 *		  "memory"	bytes the board has allocated for its models
 *				(thread stacks are not in it)
 *		  "violations", "warnings"	how many; violations must stay 0
 *		  "bus_waits"	times a bus call slept to last its modelled time
 *		  "spi"		every member of struct sim_spi_stats (sim_spi.h):
 *				"messages", "transfers", "failed", "bus_ns", ...
 *		  "chip"	every member of struct w5500_sim_stats (w5500_sim.h):
 *				"chip_selects", "bytes", "rx_frames", "tx_frames",
 *				"rx_dropped_full", "rx_dropped_filter",
 *				"soft_resets", "hard_resets", "excused", ...
 *		  "wire"	"cable" (bool), "link" (bool), "mbit", and as the far
 *				end sees it "to_node" and "from_node", each: "frames",
 *				"bytes", "dropped", and of the frames "arp", "ipv4",
 *				"ipv6", "other". Dropped: cable out, no link, or the
 *				far end does not take it.
 *		  "i2c"		every member of struct sim_i2c_stats (sim_i2c.h):
 *				"calls", "transactions", "messages", "wire_bytes",
 *				"failed"
 *		  "oled"	"plugged" (bool), "lit" (bool), "power_losses"
 *		  "gpio"	every member of struct sim_gpio_stats (sim_gpio.h):
 *				"int_edges", "int_events", "int_events_dropped",
 *				"reset_pulses"; and "int", "reset": levels, 0 or 1
 *
 * violations	{"violations": [{"part": "w5500", "text": "..."}], "warnings":
 *		[...]}: what a strict chip objects to, and what is merely odd, oldest
 *		first; at most 64 of the network chip and 64 of the rest are kept.
 *		"part" is "w5500" (its bus and pins too), the controller of the display
 *		("ssd1306"), "i2c" or "gpio".
 *
 * screen	What a person sees: {"width": 128, "height": 64, "lit": true,
 *		"contrast": 127, "rows": ["..##....", ...]}, a text of
 *		"width" characters each, '#' lit and '.' dark; all dark if the
 *		panel is off.
 * pbm		The same as {"pbm": "P1\n128 64\n..."}, a plain PBM file.
 *
 * cable in|out	Plugs the Ethernet cable in or out.
 * partner 10|100 half|full	What the other end of the cable can do (100 full).
 *		Negotiation begins anew.
 * flood BYTES|off	Another sender on the wire broadcasts frames of so many bytes
 *		(60 to 1514, EtherType 0x88B5) without any pause but those in which the
 *		others send. Not in the counters "wire".
 * oled in|out	Plugs the display in or out; plugged in, it has lost its registers
 *		and its RAM is noise.
 * oled glitch	The display loses power for a moment: registers and RAM are lost, it
 *		goes on acknowledging.
 * chip lost	The chip loses all registers behind the driver's back.
 * spi unbind	The SPI device goes away: ESHUTDOWN until it is opened again.
 *
 * fault NAME VALUE	sets a fault; fault clear takes all back, those of "set" too (but
 *		no option):
 *
 *	spi-error ERRNO|off [MS]	every message fails with EIO, ETIMEDOUT or
 *					EREMOTEIO, for MS milliseconds or until it is
 *					set off
 *	spi-open ERRNO|off		open fails: ENOENT, EACCES, ENOTTY, EWOULDBLOCK
 *	spi-bit-errors PPM		bit errors per million bits on MISO (0 = none)
 *	spi-silent 00|ff|off		all reads return this: chip dead or not there
 *	chip-version N|off		VERSIONR reads N
 *	chip-cr-stuck on|off		commands are never taken, CR stays
 *	chip-send-ok-withheld on|off	frames are never sent, SEND_OK never comes
 *	chip-rx-header N		the next record stored gets the length N
 *	int-line ok|deaf|low|high|unwired	INT: no edges are seen; stuck low;
 *					stuck high; not connected (pulled up)
 *	int-open ERRNO|off		request fails: ENOENT, EBUSY, EACCES, ENXIO
 *	reset-line ok|unwired		RST: not connected
 *	reset-open ERRNO|off		request fails: ENOENT, EBUSY, EACCES
 *	i2c-open ERRNO|off		open fails: ENOENT, EACCES, EBUSY, EOPNOTSUPP
 *	i2c-held on|off			EBUSY is for a program, not for a driver
 *	i2c-stuck on|off		SDA held low: every call takes 1 s and ETIMEDOUT
 *	i2c-eagain N			the next N calls fail with EAGAIN
 *	i2c-short N			the next N calls break off in the middle (EIO)
 *	oled-nak-at K|off		every message is refused at byte K of a call (0:
 *					the first address)
 *	oled-nak-errno ENXIO|EREMOTEIO	what this adapter returns for no acknowledge
 *
 * settings	{"chip": {...}, "spi": {...}, "i2c": {...}, "gpio": {...}}: every
 *		switch and fault of the models as they are now: members of ..._options
 *		and ..._faults in w5500_sim.h, sim_spi.h, sim_i2c.h and sim_gpio.h,
 *		where each is explained.
 * set PART NAME VALUE	sets one of them: "set chip link_delay_ns 0". A value is a number,
 *		on or off, or the name of an error (EIO).
 */
#ifndef MQTTNODE_TESTS_SIM_BOARD_H
#define MQTTNODE_TESTS_SIM_BOARD_H

#include "mqttnode/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_NAME_MAX	   64
#define BOARD_COMMANDS_MAX 512

struct oled_module;

/* The text of $MQTTNODE_BOARD, taken apart. */
struct board_config {
	int wire_fd;   /* -1: none */
	int socket_fd; /* -1: none */
	bool cable_in;
	uint32_t link_delay_ms;
	bool oled_in;
	const struct oled_module *oled_module;
	uint32_t oled_address;
	uint32_t i2c_clock_hz;
	char spi_path[BOARD_NAME_MAX];
	char i2c_path[BOARD_NAME_MAX];
	unsigned int int_offset; /* of the line in the simulated controller */
	unsigned int reset_offset;
	uint32_t bufsiz;
	uint32_t alignment;
	char lossy_path[BOARD_NAME_MAX]; /* "": all is kept */
	uint32_t seed;
	char commands[BOARD_COMMANDS_MAX]; /* to begin with, a line each */
};

struct board;

/*
 * Takes @text apart; what it does not say gets its default. Returns 0, or
 * -EINVAL with a sentence in @error.
 */
int board_parse(struct board_config *ret, const char *text, char *error,
		size_t error_size);

/*
 * Builds the board, makes its parts known to the adapters by their names and
 * starts its threads "board-wire" and "board-socket", which block all signals.
 * Owns the descriptors of @config from here on, also on failure. Returns 0 or
 * -errno.
 */
int board_new(struct board **ret, const struct board_config *config);

/*
 * Tells all clients of the socket the last word, and serves nobody any more. The
 * parts stay: to be called when a program ends and others may still use them.
 */
void board_end(struct board *board);

/*
 * Ends the threads and takes the parts away from the adapters; whoever has them
 * open must have closed them. Accepts NULL, returns NULL.
 */
struct board *board_free(struct board *board);

DEFINE_CLEANUP(struct board, board_free);

#endif
