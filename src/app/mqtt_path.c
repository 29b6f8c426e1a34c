// SPDX-License-Identifier: MIT
/* mqtt_path.c — what a connection to the broker can count on: a link and addresses */
#include "mqtt_path.h"

bool mqtt_path_is_open(const struct mqtt_path *path)
{
	return path->unbound || (path->link && path->n_sources > 0);
}

sa_family_t mqtt_path_family(const struct mqtt_path *path)
{
	sa_family_t family = path->n_sources > 0 ? path->sources[0].family : AF_UNSPEC;

	for (size_t i = 1; i < path->n_sources; i++)
		if (path->sources[i].family != family)
			return AF_UNSPEC;
	return family;
}

/* How many bits of two addresses of one family agree, from the left. */
static unsigned int common_bits(const struct ip *a, const struct ip *b)
{
	const uint8_t *x = ip_bytes(a), *y = ip_bytes(b);
	unsigned int n = 0;

	while (n < 8 * ip_size(a) && !((x[n / 8] ^ y[n / 8]) & (0x80 >> n % 8)))
		n++;
	return n;
}

struct ip mqtt_path_source(const struct mqtt_path *path, const struct ip *broker)
{
	struct ip best = { 0 };

	for (size_t i = 0; i < path->n_sources; i++) {
		const struct ip *source = &path->sources[i];

		if (source->family != broker->family ||
		    ip_is_link_local(source) != ip_is_link_local(broker))
			continue;
		if (!ip_is_set(&best) ||
		    common_bits(source, broker) > common_bits(&best, broker))
			best = *source;
	}
	return best;
}

bool mqtt_path_has_source(const struct mqtt_path *path, const struct ip *source)
{
	for (size_t i = 0; i < path->n_sources; i++)
		if (ip_equal(&path->sources[i], source))
			return true;
	return false;
}

bool mqtt_path_has_sources(const struct mqtt_path *path, const struct ip *sources,
			   size_t n)
{
	for (size_t i = 0; i < n && n == path->n_sources; i++)
		if (!ip_equal(&path->sources[i], &sources[i]))
			return false;
	return n == path->n_sources;
}
