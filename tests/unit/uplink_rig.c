// SPDX-License-Identifier: MIT
/* uplink_rig.c — an uplink between faked parts (uplink_fakes.h) and a listener */
#include "uplink_rig.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/log.h"

static void on_tap(void *ctx, int fd)
{
	(void)ctx;
	note("on tap");
	close(fd);
}

static void on_lease(void *ctx, const struct lease *lease)
{
	(void)ctx;
	note("on lease %u", lease ? ntohl(lease->address.s_addr) & 255 : 0);
}

static void on_port(void *ctx, const char *master)
{
	(void)ctx;
	note("on port %s", master ? master : "none");
}

static void on_addresses6(void *ctx, const struct ip *addresses, size_t n)
{
	char text[IP_TEXT_SIZE] = "none";

	(void)ctx;
	note("on ipv6 %s", n > 0 ? ip_text(addresses, text) : text);
}

static void on_trouble(void *ctx, bool failed, enum cause_id id, const char *cause)
{
	assert_int_not_equal(id, CAUSE_NONE);
	(void)ctx;
	note("on trouble %d %s", failed, cause);
}

static void on_gateway(void *ctx, enum gateway_state state, struct ip gateway)
{
	(void)ctx;
	(void)gateway;
	note("on gateway %d", (int)state);
}

static void on_stopped(void *ctx)
{
	(void)ctx;
	note("on stopped");
}

static const struct uplink_events events = {
	.on_tap = on_tap,
	.on_lease = on_lease,
	.on_port = on_port,
	.on_addresses6 = on_addresses6,
	.on_trouble = on_trouble,
	.on_gateway = on_gateway,
	.on_stopped = on_stopped,
};
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

struct in_addr host(uint32_t n)
{
	return (struct in_addr){ .s_addr = htonl(0x0a000000 + n) };
}

int uplink_rig_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	done[0] = '\0';
	tap_result = apply_result = slaac_result = 0;
	slaac_gateway = (struct ip){ 0 };
	ifindex = 7;
	dropped = 0;
	lookup_us = UINT64_C(3600000000);
	log_set_max_level(LOG_EMERG);
	assert_true(sd_event_new(&f->event) >= 0);
	*state = f;
	return 0;
}

int uplink_rig_tear_down(void **state)
{
	struct fixture *f = *state;

	f->uplink = uplink_free(f->uplink);
	sd_event_unref(f->event);
	free(f);
	return 0;
}

int try_to_start(struct fixture *f)
{
	return uplink_new(&f->uplink, f->event, "mqtt0", mac, "pi", &f->settings,
			  &events);
}

void start(struct fixture *f)
{
	assert_int_equal(try_to_start(f), 0);
}

void lease_arrives(uint32_t address)
{
	struct lease lease = { .address = host(address),
			       .prefix_len = 24,
			       .gateway = host(1),
			       .dns = { host(9) },
			       .n_dns = 1 };

	dhcp_events->on_lease(dhcp_events->ctx, &lease);
}

void tell_link(bool exists, bool up, bool on, unsigned int master)
{
	netlink_events->on_link(
		netlink_events->ctx,
		&(struct netlink_link){
			.exists = exists, .up = up, .carrier = on, .master = master });
}

void tell_address(uint32_t address, bool present)
{
	netlink_events->on_address(
		netlink_events->ctx,
		&(struct netlink_address){ .address = ip_from_v4(host(address)),
					   .prefix_len = 24,
					   .present = present });
}

void carrier(bool on)
{
	tell_link(true, true, on, 0);
}
