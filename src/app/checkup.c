// SPDX-License-Identifier: MIT
/* checkup.c — what can be looked at before a node is started */
#include "mqttnode/checkup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/gpio.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/spidev.h"
#include "mqttnode/tap.h"
#include "mqttnode/w5500.h"
#include "mqttnode/w5500_probe.h"

bool checkup_file(struct diagnosis *d, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		return false;
	if (errno == ENOENT || errno == ENOTDIR)
		diagnosis_add(d, FINDING_FAILED, "configuration", CAUSE_CONFIG_MISSING,
			      "There is no file %s", path);
	else
		diagnosis_add(d, FINDING_FAILED, "configuration", CAUSE_CONFIG_UNREADABLE,
			      "Cannot read %s: %s", path, strerror(errno));
	return true;
}

static enum cause_id cause_of_file(int r)
{
	switch (r) {
	case -ENOENT:
	case -ENOTDIR:
		return CAUSE_FILE_MISSING;
	case -EACCES:
	case -EPERM:
		return CAUSE_CONFIG_UNREADABLE;
	default:
		return CAUSE_FILE_UNSUITABLE;
	}
}

void checkup_mqtt_files(struct diagnosis *d, const struct mqtt_settings *settings)
{
	struct settings_secrets secrets;
	char error[512];
	int r;

	r = settings_read_secrets(settings, &secrets, error, sizeof(error));
	if (r == 0)
		r = mqtt_check_files(settings, secrets.key_path, error, sizeof(error));
	if (r < 0)
		diagnosis_add(d, FINDING_FAILED, "configuration", cause_of_file(r), "%s",
			      error);
	settings_secrets_clear(&secrets);
}

bool checkup_interface(struct diagnosis *d, const struct settings *settings)
{
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 0x01 };
	bool external = settings->network.method == NETWORK_METHOD_EXTERNAL;
	const char *name = settings->ethernet.interface;
	_cleanup_close_ int fd = -1;
	enum cause_id cause;
	char text[200];

	/* To open one that others made would change its address and its carrier. */
	if (external && tap_exists(name))
		return true;
	fd = tap_open(name, mac, external);
	if (fd >= 0)
		return true;
	cause = tap_explain(name, fd, text, sizeof(text));
	fd = -1;
	diagnosis_add(d, FINDING_FAILED, "interface", cause, "%s", text);
	return false;
}

/* An interrupt line or a reset line; the node can do without either. */
static void check_line(struct diagnosis *d, const char *spec, bool output)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	enum cause_id cause;
	char text[160];
	int r;

	if (!spec[0])
		return;
	r = output ? gpio_open_output(&line, spec, true)
		   : gpio_open_interrupt(&line, spec);
	if (r >= 0)
		return;
	cause = gpio_explain(spec, -r, text, sizeof(text));
	diagnosis_add(d, FINDING_HINT, "chip", cause, "%s", text);
}

void checkup_lines(struct diagnosis *d, const struct ethernet_settings *settings)
{
	check_line(d, settings->interrupt, false);
	check_line(d, settings->reset, true);
}

void checkup_reset(struct diagnosis *d, const struct ethernet_settings *settings)
{
	_cleanup_(spidev_closep) struct spi_bus *bus = NULL;
	_cleanup_(gpio_closep) struct gpio_line *reset = NULL;

	/* What cannot be opened is told by the node, with its cause. */
	if (!settings->reset[0] ||
	    spidev_open(&bus, settings->spi, W5500_SPEED_MIN_HZ) < 0 ||
	    gpio_open_output(&reset, settings->reset, true) < 0)
		return;
	if (w5500_probe_reset(bus, reset, &clock_system) == 0)
		diagnosis_add(d, FINDING_HINT, "chip", CAUSE_RESET_NOT_WIRED,
			      "A pulse on %s does not reset the W5500", settings->reset);
}
