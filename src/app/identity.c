// SPDX-License-Identifier: MIT
/* identity.c — who this node is */
#include "mqttnode/identity.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "mqttnode/mac.h"
#include "mqttnode/text.h"

char *identity_directory(const char *variable, const char *fallback, char *buf,
			 size_t size)
{
	const char *list = getenv(variable);

	if (!list || !*list)
		return text_format(buf, size, "%s", fallback);
	return text_format(buf, size, "%.*s", (int)strcspn(list, ":"), list);
}

static void derive_mac(const struct ethernet_settings *settings, uint8_t mac[6])
{
	char directory[256], text[MAC_TEXT_SIZE];
	int r;

	identity_directory("STATE_DIRECTORY", IDENTITY_STATE_DIRECTORY, directory,
			   sizeof(directory));
	r = mac_derive(mac, settings->spi, directory);
	if (r > 0)
		log_warning("This machine has no machine id: MAC address %s was made at "
			    "random and is kept in %s",
			    mac_format(mac, text), directory);
	else if (r < 0)
		log_warning(
			"This machine has no machine id and the MAC address could not be "
			"kept in %s: it is %s until the next start",
			directory, mac_format(mac, text));
}

void identity_find(const struct settings *settings, struct facts_view *facts,
		   struct identity *ret)
{
	facts->started_ns = clock_now_ns(&clock_system);
	if (gethostname(facts->hostname, sizeof(facts->hostname) - 1) < 0)
		text_format(facts->hostname, sizeof(facts->hostname), "mqttnode");
	text_format(facts->interface, sizeof(facts->interface), "%s",
		    settings->ethernet.interface);

	if (settings->ethernet.mac_auto)
		derive_mac(&settings->ethernet, facts->mac);
	else
		memcpy(facts->mac, settings->ethernet.mac, sizeof(facts->mac));
	identity_name(&settings->mqtt, facts, ret);
}

void identity_name(const struct mqtt_settings *mqtt, struct facts_view *facts,
		   struct identity *ret)
{
	if (mqtt->client_id)
		text_format(facts->client_id, sizeof(facts->client_id), "%s",
			    mqtt->client_id);
	else
		text_format(facts->client_id, sizeof(facts->client_id),
			    "mqttnode-%02x%02x%02x", facts->mac[3], facts->mac[4],
			    facts->mac[5]);
	if (mqtt->base_topic)
		text_format(ret->base_topic, sizeof(ret->base_topic), "%s",
			    mqtt->base_topic);
	else
		text_format(ret->base_topic, sizeof(ret->base_topic), "mqttnode/%s",
			    facts->client_id);
}
