/* SPDX-License-Identifier: MIT */
/*
 * dhcp.h — a supervised udhcpc
 *
 * The client runs in the foreground as our child, with this very binary as its
 * hook: the hook sends its argument and environment through an inherited
 * datagram socket. What arrives is untrusted text and is checked here. The
 * address stays on the interface until the client has exited, else its RELEASE
 * is never sent. Main thread. Theory of operation: src/net/dhcp.c.
 */
#ifndef MQTTNODE_DHCP_H
#define MQTTNODE_DHCP_H

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define DHCP_DNS_MAX 3

/* What a server granted, checked. Source: RFC 2131, RFC 2132. */
struct lease {
	struct in_addr address;
	uint8_t prefix_len;
	struct in_addr gateway; /* 0.0.0.0: none offered */
	struct in_addr dns[DHCP_DNS_MAX];
	unsigned int n_dns;
	struct in_addr server;
	uint32_t lifetime_s; /* UINT32_MAX: for ever */
	uint16_t mtu; /* option 26, 576..1500; 0: not given */
};

/* None is called from within dhcp_link() or dhcp_stop(). dhcp_free() is not for them. */
struct dhcp_events {
	void *ctx;
	/* A lease was granted, renewed (same address) or replaced. */
	void (*on_lease)(void *ctx, const struct lease *lease);
	/* The lease is void: expired, refused, or in conflict. @why is a sentence. */
	void (*on_lost)(void *ctx, enum cause_id id, const char *why);
	/*
	 * There is no lease yet, or since the cable was plugged in nobody has
	 * confirmed the one there is (it stays in force). @cause is a sentence
	 * ("No answer from a DHCP server (12 s)"), told again when it changes.
	 */
	void (*on_trouble)(void *ctx, enum cause_id id, const char *cause);
	/* dhcp_stop() is complete: the client has exited and will send nothing more. */
	void (*on_stopped)(void *ctx);
};

struct dhcp;

/*
 * For @interface; @hostname is told to the server if it is a valid one. Nothing
 * runs before dhcp_link(true). @event and @events must outlive it; the calling
 * thread must have SIGCHLD blocked. Returns 0 or -errno; release with
 * dhcp_free().
 */
int dhcp_new(struct dhcp **ret, sd_event *event, const char *interface,
	     const char *hostname, const struct dhcp_events *events);

/* Kills a client still running (no release) and forgets it. Accepts NULL. */
struct dhcp *dhcp_free(struct dhcp *d);

/*
 * The cable is in (to be told when the interface can send: netlink's carrier):
 * starts the client, or renews, and looks for a new server if nobody answers
 * within 3 s. The cable is out: nothing is asked; the lease stays until it
 * expires.
 */
void dhcp_link(struct dhcp *d, bool up);

/*
 * The interface was deleted: ends the client, with no release. The lease and
 * its time run on; dhcp_link(true) asks for it again on an interface of the
 * same name.
 */
void dhcp_interface_gone(struct dhcp *d);

/*
 * Releases the lease and ends the client, which is killed after @limit_ms:
 * on_stopped follows then or earlier. The address must stay until that.
 */
void dhcp_stop(struct dhcp *d, unsigned int limit_ms);

/* Marks the environment of a client that we started, beside descriptor SPAWN_PASS_FD. */
#define DHCP_HOOK_VARIABLE "MQTTNODE_DHCP_HOOK"

/*
 * Whether this process was started by udhcpc as the hook of a daemon; to be
 * asked first thing in main(). dhcp_hook_main() reports and returns the exit
 * status.
 */
bool dhcp_is_hook(void);
int dhcp_hook_main(int argc, char **argv);

DEFINE_CLEANUP(struct dhcp, dhcp_free);

#endif
