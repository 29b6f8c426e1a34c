/* SPDX-License-Identifier: MIT */
/*
 * dhcp_client.h — one running udhcpc: its process, its reports, its output
 *
 * Knows how to start and hear it, not what to do when. For dhcp.c alone.
 */
#ifndef MQTTNODE_DHCP_CLIENT_H
#define MQTTNODE_DHCP_CLIENT_H

#include "mqttnode/dhcp_report.h"

struct dhcp_client;

struct dhcp_client_events {
	void *ctx;
	/* The hook reported; @error is NULL, or says why the report is to be refused. */
	void (*on_report)(void *ctx, const struct dhcp_report *report, const char *error);
	/* A line of output, escaped and without its newline; before reports that follow
	 * it. */
	void (*on_output)(void *ctx, const char *line);
	/* The process ended: @how is "exit status 1" or "signal 9". The client is to be
	 * freed. */
	void (*on_exit)(void *ctx, const char *how);
};

/*
 * Starts a client for @interface. It announces @hostname ("": none) and asks
 * for the address @wanted (0.0.0.0: any). @event and @events must outlive it.
 * Returns 0 or -errno (-ENOENT: there is neither udhcpc nor busybox).
 */
int dhcp_client_start(struct dhcp_client **ret, sd_event *event, const char *interface,
		      const char *hostname, struct in_addr wanted,
		      const struct dhcp_client_events *events);

/* Kills and reaps the process if it still runs. Accepts NULL. */
struct dhcp_client *dhcp_client_free(struct dhcp_client *c);

/*
 * SIGUSR1: renew now, or begin a new round of DISCOVERs if there is no lease.
 * SIGTERM: release and exit. Before its first report a client has no handler
 * for signals: any of them ends it.
 */
void dhcp_client_signal(struct dhcp_client *c, int signal);

DEFINE_CLEANUP(struct dhcp_client, dhcp_client_free);

#endif
