// SPDX-License-Identifier: MIT
/* rungs.c — what chip, interface and gateway say, as rungs and sentences */
#include "mqttnode/rungs.h"

#include <arpa/inet.h>

#include "mqttnode/clock.h"
#include "mqttnode/text.h"

/* Auto-negotiation typically takes 1 to 3 s (W5500 reference section 5, step 13). */
#define LINK_SETTLE_NS (3 * NSEC_PER_SEC)

/* A link that is lost so often within so long comes and goes. */
#define FLAPPING_NS (60 * NSEC_PER_SEC)

static bool is_flapping(const struct rungs_chip *state, uint64_t now_ns)
{
	uint64_t oldest = state->lost_ns[state->losses % RUNGS_LOSSES];

	return oldest && now_ns - oldest < FLAPPING_NS;
}

/* Remembers when the link was lost. */
static void watch_link(struct rungs_chip *state, const struct pump_status *status,
		       uint64_t now_ns)
{
	/* With the chip the link goes as well: not its fault. */
	if (state->link_up && !status->link_up && status->chip == CHIP_STATE_RUNNING)
		state->lost_ns[state->losses++ % RUNGS_LOSSES] = now_ns;
	state->link_up = status->link_up;
}

/* Whether the partner, or the cable, allows less than the chip: asked for, it is fine. */
static bool is_slow(const struct ethernet_settings *settings,
		    const struct pump_status *status)
{
	return settings->phy == PHY_MODE_AUTO &&
	       (status->link_mbit < 100 || !status->full_duplex);
}

static void report_link(const struct rungs_chip *state, struct ladder *ladder,
			const struct ethernet_settings *settings,
			const struct pump_status *status, uint64_t now_ns)
{
	if (status->chip != CHIP_STATE_RUNNING)
		ladder_report(ladder, RUNG_LINK, RUNG_STATE_WAITING, "%s", "");
	else if (is_flapping(state, now_ns))
		ladder_report_cause(ladder, RUNG_LINK,
				    status->link_up ? RUNG_STATE_OK : RUNG_STATE_FAILED,
				    CAUSE_LINK_FLAPPING, "The link comes and goes");
	else if (status->link_up)
		ladder_report_cause(ladder, RUNG_LINK, RUNG_STATE_OK,
				    is_slow(settings, status) ? CAUSE_LINK_SLOW
							      : CAUSE_NONE,
				    "%u Mbit/s %s duplex", status->link_mbit,
				    status->full_duplex ? "full" : "half");
	else if (state->settling)
		ladder_report(ladder, RUNG_LINK, RUNG_STATE_TRYING,
			      "Waiting for the link");
	else
		ladder_report_cause(ladder, RUNG_LINK, RUNG_STATE_FAILED, CAUSE_NO_CABLE,
				    "No cable on the W5500");
}

void rungs_report_chip(struct rungs_chip *state, struct ladder *ladder,
		       const struct ethernet_settings *settings,
		       const struct pump_status *status, uint64_t now_ns)
{
	switch (status->chip) {
	case CHIP_STATE_RUNNING:
		ladder_report(ladder, RUNG_CHIP, RUNG_STATE_OK,
			      "W5500 on %s at %.4g MHz, %s", settings->spi,
			      status->spi_speed_hz / 1e6,
			      status->interrupt_works ? "interrupt" : "polling");
		break;
	case CHIP_STATE_STARTING:
		ladder_report_cause(
			ladder, RUNG_CHIP, RUNG_STATE_TRYING, status->cause_id, "%s",
			status->cause[0] ? status->cause : "Starting the W5500");
		break;
	case CHIP_STATE_RECOVERING:
	case CHIP_STATE_ABSENT:
		ladder_report_cause(
			ladder, RUNG_CHIP, RUNG_STATE_FAILED, status->cause_id, "%s",
			status->cause[0] ? status->cause : "No answer from the W5500");
		break;
	}
	/* A chip that recovers in between has a link that settles anew. */
	if (status->chip != CHIP_STATE_RUNNING) {
		state->running_since_ns = 0;
	} else if (!state->running_since_ns) {
		state->running_since_ns = now_ns;
		state->settling = true;
	}
	/* A link that was there and is gone is not settling. */
	if (!state->running_since_ns || status->link_up ||
	    now_ns - state->running_since_ns >= LINK_SETTLE_NS)
		state->settling = false;
	watch_link(state, status, now_ns);
	/* That it holds again shows by time alone. */
	if (is_flapping(state, now_ns))
		state->settling = true;
	report_link(state, ladder, settings, status, now_ns);
}

/* "10.77.0.59/24 (static)" */
static const char *lease_text(const struct rungs_address *state, char *buf, size_t size)
{
	char address[INET_ADDRSTRLEN], server[INET_ADDRSTRLEN], time[32];
	const struct lease *lease = &state->lease;

	(void)inet_ntop(AF_INET, &lease->address, address, sizeof(address));
	(void)inet_ntop(AF_INET, &lease->server, server, sizeof(server));
	if (state->method == NETWORK_METHOD_STATIC)
		return text_format(buf, size, "%s/%u (static)", address,
				   lease->prefix_len);
	if (state->method == NETWORK_METHOD_EXTERNAL)
		return text_format(buf, size, "%s/%u (external)", address,
				   lease->prefix_len);
	if (lease->lifetime_s == UINT32_MAX) /* RFC 2131 section 3.3 */
		text_format(time, sizeof(time), "without end");
	else
		text_format(time, sizeof(time), "%u s", lease->lifetime_s);
	return text_format(buf, size, "%s/%u (DHCP server %s, lease %s)", address,
			   lease->prefix_len, server, time);
}

static void report_address(const struct rungs_address *state, struct ladder *ladder)
{
	bool ipv6 = ip_is_set(&state->ipv6);
	char lease[128], address[IP_TEXT_SIZE];

	(void)ip_text(&state->ipv6, address);
	if (state->trouble[0] && (state->have_lease || !ipv6))
		ladder_report_cause(ladder, RUNG_ADDRESS,
				    state->failed ? RUNG_STATE_FAILED : RUNG_STATE_TRYING,
				    state->id, "%s", state->trouble);
	else if (state->have_lease)
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_OK, "%s%s%s",
			      lease_text(state, lease, sizeof(lease)), ipv6 ? ", " : "",
			      address);
	else if (ipv6)
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_OK, "%s%s%s", address,
			      state->trouble[0] ? "; IPv4: " : "", state->trouble);
	else
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_TRYING, "No address yet");
}

void rungs_report_lease(struct rungs_address *state, struct ladder *ladder,
			const struct lease *lease)
{
	bool dhcp = state->method == NETWORK_METHOD_DHCP;

	state->trouble[0] = '\0';
	state->have_lease = lease;
	if (lease)
		state->lease = *lease;
	report_address(state, ladder);
	/* One that is there tells by itself whether it answers. */
	if (lease && lease->gateway.s_addr == INADDR_ANY && !ip_is_set(&state->ipv6))
		ladder_report_cause(ladder, RUNG_ROUTE, RUNG_STATE_UNUSED,
				    dhcp ? CAUSE_NO_ROUTER : CAUSE_NONE,
				    dhcp ? "The DHCP server names no router"
					 : "No gateway");
}

void rungs_report_ipv6(struct rungs_address *state, struct ladder *ladder,
		       const struct ip *addresses, size_t n)
{
	static const struct ip none;

	state->ipv6 = n > 0 && !ip_is_link_local(&addresses[0]) ? addresses[0] : none;
	report_address(state, ladder);
}

void rungs_report_port(struct ladder *ladder, const char *interface, const char *master)
{
	if (master)
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_UNUSED, "Port of %s",
			      master);
	else
		ladder_report_cause(ladder, RUNG_ADDRESS, RUNG_STATE_FAILED,
				    CAUSE_NOT_A_PORT,
				    "%s is not a port of a bridge: \"ip link set %s "
				    "master BRIDGE\" makes it one",
				    interface, interface);
	ladder_report(ladder, RUNG_ROUTE, RUNG_STATE_UNUSED, "That of the machine");
}

void rungs_report_trouble(struct rungs_address *state, struct ladder *ladder, bool failed,
			  enum cause_id id, const char *cause)
{
	state->failed = failed;
	state->id = id;
	text_format(state->trouble, sizeof(state->trouble), "%s", cause);
	report_address(state, ladder);
}

void rungs_report_gateway(struct ladder *ladder, enum gateway_state state,
			  struct ip gateway)
{
	char address[IP_TEXT_SIZE];

	(void)ip_text(&gateway, address);
	switch (state) {
	case GATEWAY_STATE_NONE:
		ladder_report(ladder, RUNG_ROUTE, RUNG_STATE_UNUSED, "No gateway");
		break;
	case GATEWAY_STATE_TRYING:
		ladder_report_cause(ladder, RUNG_ROUTE, RUNG_STATE_TRYING,
				    CAUSE_GATEWAY_DEAD,
				    "Waiting for gateway %s to answer", address);
		break;
	case GATEWAY_STATE_OK:
		ladder_report(ladder, RUNG_ROUTE, RUNG_STATE_OK, "Gateway %s answers",
			      address);
		break;
	case GATEWAY_STATE_FAILED:
		ladder_report_cause(ladder, RUNG_ROUTE, RUNG_STATE_FAILED,
				    CAUSE_GATEWAY_DEAD, "Gateway %s does not answer",
				    address);
		break;
	}
}
