/* SPDX-License-Identifier: MIT */
/*
 * dhcp_report.h — what the hook of udhcpc said, checked
 *
 * Every value comes from the network by way of a program that passes most of
 * it on as it is. Pure functions, any thread. Source: RFC 2131, RFC 2132,
 * busybox networking/udhcp/dhcpc.c for the names.
 */
#ifndef MQTTNODE_DHCP_REPORT_H
#define MQTTNODE_DHCP_REPORT_H

#include "mqttnode/dhcp.h"

#include <stddef.h>

/* Longest report; a DHCP message in text form has about a tenth of it. */
#define DHCP_REPORT_MAX 16384

/*
 * What a lease's lifetime is limited to, unless it is for ever, and what it is
 * if the server gave none; seconds.
 */
#define DHCP_LIFETIME_MIN     60
#define DHCP_LIFETIME_MAX     (10 * 365 * 86400)
#define DHCP_LIFETIME_DEFAULT 3600

enum dhcp_reason {
	DHCP_REASON_DECONFIG,  /* started, or no address any more */
	DHCP_REASON_BOUND,     /* a lease */
	DHCP_REASON_RENEW,     /* a lease again */
	DHCP_REASON_LEASEFAIL, /* a round of DISCOVERs without an answer */
	DHCP_REASON_NAK,       /* the server refused */
};

struct dhcp_report {
	enum dhcp_reason reason;
	struct lease lease; /* bound, renew */
	char message[80];   /* nak: the server's own words, escaped; "" if none */
	char note[160];	    /* what was ignored or limited: a clause; "" if nothing */
};

/*
 * Checks one report: the argument of the hook and NAME=VALUE strings, each
 * ended by a zero byte. Returns 0, or -EBADMSG with a clause in @error ("the
 * lease has no subnet mask").
 */
int dhcp_report_parse(struct dhcp_report *ret, const char *data, size_t len, char *error,
		      size_t error_size);

#endif
