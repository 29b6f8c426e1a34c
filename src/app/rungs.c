// SPDX-License-Identifier: MIT
/* rungs.c — what chip, interface and gateway say, as rungs and sentences */
#include "mqttnode/rungs.h"

#include <arpa/inet.h>

#include "mqttnode/clock.h"
#include "mqttnode/text.h"

/* Auto-negotiation typically takes 1 to 3 s (W5500 reference section 5, step 13). */
#define LINK_SETTLE_NS (3 * NSEC_PER_SEC)

static void report_link(const struct rungs_chip *state, struct ladder *ladder,
			const struct pump_status *status)
{
	if (status->chip != CHIP_STATE_RUNNING)
		ladder_report(ladder, RUNG_LINK, RUNG_STATE_WAITING, "%s", "");
	else if (status->link_up)
		ladder_report(ladder, RUNG_LINK, RUNG_STATE_OK, "%u Mbit/s %s duplex",
			      status->link_mbit, status->full_duplex ? "full" : "half");
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
	report_link(state, ladder, status);
}

void rungs_report_lease(struct ladder *ladder, enum network_method method,
			const struct lease *lease)
{
	char address[INET_ADDRSTRLEN], server[INET_ADDRSTRLEN], time[32];

	if (!lease) {
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_TRYING, "No address yet");
		return;
	}
	(void)inet_ntop(AF_INET, &lease->address, address, sizeof(address));
	(void)inet_ntop(AF_INET, &lease->server, server, sizeof(server));
	if (lease->lifetime_s == UINT32_MAX) /* RFC 2131 section 3.3 */
		text_format(time, sizeof(time), "without end");
	else
		text_format(time, sizeof(time), "%u s", lease->lifetime_s);
	if (method == NETWORK_METHOD_STATIC)
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_OK, "%s/%u (static)",
			      address, lease->prefix_len);
	else if (method == NETWORK_METHOD_EXTERNAL)
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_OK, "%s/%u (external)",
			      address, lease->prefix_len);
	else
		ladder_report(ladder, RUNG_ADDRESS, RUNG_STATE_OK,
			      "%s/%u (DHCP server %s, lease %s)", address,
			      lease->prefix_len, server, time);
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

void rungs_report_trouble(struct ladder *ladder, bool failed, enum cause_id id,
			  const char *cause)
{
	ladder_report_cause(ladder, RUNG_ADDRESS,
			    failed ? RUNG_STATE_FAILED : RUNG_STATE_TRYING, id, "%s",
			    cause);
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
