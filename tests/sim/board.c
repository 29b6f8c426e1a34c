// SPDX-License-Identifier: MIT
/* board.c — the whole simulated board: built from its description, taken apart in reverse
 */
#include "board.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "board_commands.h"
#include "board_disk.h"
#include "board_parts.h"
#include "board_socket.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

struct board {
	struct board_parts parts;
	struct board_socket *socket;
};

/* ---- the description ---- */

static int set_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(value, &end, 0);
	return errno == 0 && *end == '\0' && *ret >= min && *ret <= max ? 0 : -EINVAL;
}

static int set_fd(const char *value, int *ret)
{
	uint64_t n;
	int r = set_number(value, 0, INT32_MAX, &n);

	if (r == 0)
		*ret = (int)n;
	return r;
}

static int set_u32(const char *value, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t n;
	int r = set_number(value, min, max, &n);

	if (r == 0)
		*ret = (uint32_t)n;
	return r;
}

static int set_choice(const char *value, const char *yes, const char *no, bool *ret)
{
	*ret = strcmp(value, yes) == 0;
	return *ret || strcmp(value, no) == 0 ? 0 : -EINVAL;
}

static int set_name(const char *value, char ret[BOARD_NAME_MAX])
{
	if (value[0] == '\0' || strlen(value) >= BOARD_NAME_MAX)
		return -EINVAL;
	memcpy(ret, value, strlen(value) + 1);
	return 0;
}

static int set_module(const char *value, const struct oled_module **ret)
{
	*ret = oled_module_find(value);
	return *ret ? 0 : -EINVAL;
}

static int set_line(const char *value, unsigned int *ret)
{
	int offset = sim_gpio_offset(value);

	if (offset < 0)
		return -EINVAL;
	*ret = (unsigned int)offset;
	return 0;
}

static int add_command(const char *value, char commands[BOARD_COMMANDS_MAX])
{
	size_t used = strlen(commands);

	if (value[0] == '\0' || used + strlen(value) + 2 > BOARD_COMMANDS_MAX)
		return -EINVAL;
	text_format(commands + used, BOARD_COMMANDS_MAX - used, "%s\n", value);
	return 0;
}

static int set_key(struct board_config *c, const char *key, const char *value)
{
	if (strcmp(key, "wire") == 0)
		return set_fd(value, &c->wire_fd);
	if (strcmp(key, "socket") == 0)
		return set_fd(value, &c->socket_fd);
	if (strcmp(key, "link") == 0)
		return set_choice(value, "up", "down", &c->cable_in);
	if (strcmp(key, "link-delay") == 0)
		return set_u32(value, 0, 60000, &c->link_delay_ms);
	if (strcmp(key, "oled") == 0)
		return set_choice(value, "in", "out", &c->oled_in);
	if (strcmp(key, "oled-module") == 0)
		return set_module(value, &c->oled_module);
	if (strcmp(key, "oled-address") == 0)
		return set_u32(value, 0x3c, 0x3d, &c->oled_address);
	if (strcmp(key, "i2c-clock") == 0)
		return set_u32(value, 0, 3400000, &c->i2c_clock_hz);
	if (strcmp(key, "spi") == 0)
		return set_name(value, c->spi_path);
	if (strcmp(key, "i2c") == 0)
		return set_name(value, c->i2c_path);
	if (strcmp(key, "int") == 0)
		return set_line(value, &c->int_offset);
	if (strcmp(key, "reset") == 0)
		return set_line(value, &c->reset_offset);
	if (strcmp(key, "bufsiz") == 0)
		return set_u32(value, 1, 1 << 20, &c->bufsiz);
	if (strcmp(key, "alignment") == 0)
		return set_u32(value, 1, 4096, &c->alignment);
	if (strcmp(key, "lossy") == 0)
		return set_name(value, c->lossy_path);
	if (strcmp(key, "do") == 0)
		return add_command(value, c->commands);
	if (strcmp(key, "seed") == 0)
		return set_u32(value, 0, UINT32_MAX, &c->seed);
	return -ENOENT;
}

int board_parse(struct board_config *ret, const char *text, char *error,
		size_t error_size)
{
	_cleanup_free_ char *copy = strdup(text);
	char *save = NULL;
	struct board_config config = {
		.wire_fd = -1,
		.socket_fd = -1,
		.cable_in = true,
		.link_delay_ms = 1500,
		.oled_in = true,
		.oled_module = &oled_modules[0],
		.oled_address = 0x3c,
		.i2c_clock_hz = 400000,
		.spi_path = "/dev/spidev0.0",
		.i2c_path = "/dev/i2c-1",
		.int_offset = 25,
		.reset_offset = 24,
		.bufsiz = 4096,
		.alignment = 128,
		.seed = 1,
	};

	if (!copy)
		return -ENOMEM;
	for (char *key = strtok_r(copy, ",", &save); key;
	     key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');
		int r = -ENOENT;

		if (value) {
			*value++ = '\0';
			r = set_key(&config, key, value);
		}
		if (r == -ENOENT)
			text_format(error, error_size, "There is no %s%s", key,
				    value ? "=" : "; what is said is KEY=VALUE");
		else if (r < 0)
			text_format(error, error_size, "%s cannot be \"%s\"", key, value);
		if (r < 0)
			return -EINVAL;
	}
	*ret = config;
	return 0;
}

/* ---- the board ---- */

size_t board_parts_memory(const struct board_parts *parts)
{
	const void *const models[] = { parts->time,  parts->chip, parts->spi, parts->gpio,
				       parts->panel, parts->i2c,  parts->wire };
	size_t sum = sizeof(struct board);

	/* Each model is one block of memory. */
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		sum += malloc_usable_size((void *)(uintptr_t)models[i]);
	return sum;
}

static int build_network(struct board_parts *b, const struct board_config *config)
{
	struct w5500_sim_options options = w5500_sim_default_options();
	int r;

	options.link_delay_ns = config->link_delay_ms * NSEC_PER_MSEC;
	r = w5500_sim_new(&b->chip, b->time, &options);
	if (r < 0)
		return r;
	w5500_sim_set_cable(b->chip, config->cable_in);
	r = sim_spi_attach(&b->spi, b->chip, config->spi_path);
	if (r < 0)
		return r;
	sim_spi_options(b->spi)->bufsiz = config->bufsiz;
	sim_spi_options(b->spi)->alignment = config->alignment;
	return sim_gpio_new(&b->gpio, b->chip, config->int_offset, config->reset_offset,
			    &b->report);
}

static int build_display(struct board_parts *b, const struct board_config *config)
{
	int r;

	b->glass = config->oled_module->glass;
	r = oled_sim_new(&b->panel, config->oled_module->controller, config->seed,
			 &b->report);
	if (r < 0)
		return r;
	r = sim_i2c_new(&b->i2c, b->time, config->i2c_path, &b->report);
	if (r < 0)
		return r;
	sim_i2c_attach(b->i2c, (uint8_t)config->oled_address, b->panel);
	sim_i2c_plug(b->i2c, config->oled_in);
	sim_i2c_options(b->i2c)->clock_hz = config->i2c_clock_hz;
	return 0;
}

static char *answer(void *ctx, char *line)
{
	struct board *board = ctx;

	return board_command(&board->parts, line);
}

/* Carries out the commands that come with the description. 0, -EINVAL or -ENOMEM. */
static int begin(struct board_parts *parts, const struct board_config *config)
{
	char commands[BOARD_COMMANDS_MAX], *save = NULL;

	memcpy(commands, config->commands, sizeof(commands));
	for (char *line = strtok_r(commands, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		_cleanup_free_ char *answered = board_command(parts, line);

		if (!answered)
			return -ENOMEM;
		if (!strstr(answered, "\"ok\":true"))
			return -EINVAL;
	}
	return 0;
}

int board_new(struct board **ret, const struct board_config *config)
{
	_cleanup_(board_freep) struct board *board = NULL;
	_cleanup_close_ int wire_fd = config->wire_fd;
	_cleanup_close_ int socket_fd = config->socket_fd;
	int r;

	board = calloc(1, sizeof(*board));
	if (!board)
		return -ENOMEM;
	if (config->lossy_path[0] &&
	    !board_disk_make_lossy(config->lossy_path, config->seed))
		return -EIO;
	r = board_time_new_real(&board->parts.time);
	if (r < 0)
		return r;
	r = build_network(&board->parts, config);
	if (r < 0)
		return r;
	r = build_display(&board->parts, config);
	if (r < 0)
		return r;
	r = board_wire_new(&board->parts.wire, board->parts.chip, take_fd(&wire_fd));
	if (r < 0)
		return r;
	r = begin(&board->parts, config);
	if (r < 0)
		return r;
	if (socket_fd >= 0) {
		r = board_socket_new(&board->socket, take_fd(&socket_fd), answer, board);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(board);
	return 0;
}

void board_end(struct board *board)
{
	_cleanup_free_ char *last = board_last_word(&board->parts);

	if (board->socket && last)
		board_socket_end(board->socket, last);
}

struct board *board_free(struct board *board)
{
	struct board_parts *b;

	if (!board)
		return NULL;
	b = &board->parts;
	board->socket = board_socket_free(board->socket);
	b->wire = board_wire_free(b->wire);
	b->i2c = sim_i2c_free(b->i2c);
	b->panel = oled_sim_free(b->panel);
	b->gpio = sim_gpio_free(b->gpio);
	b->spi = sim_spi_detach(b->spi);
	b->chip = w5500_sim_free(b->chip);
	b->time = board_time_free(b->time);
	free(board);
	return NULL;
}
