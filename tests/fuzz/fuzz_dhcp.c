// SPDX-License-Identifier: MIT
/*
 * fuzz_dhcp.c — what the hook of the DHCP client reports
 *
 * Any bytes give a checked report or a clause that says what is wrong; both can be
 * printed.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "mqttnode/dhcp_report.h"
#include "mqttnode/text.h"

static void must_be_printable(const char *s)
{
	must(text_utf8_valid(s, strlen(s)));
	for (; *s; s++)
		must((unsigned char)*s >= ' ' && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[200] = "";
	struct dhcp_report report;
	int r;

	r = dhcp_report_parse(&report, (const char *)data, size, error, sizeof(error));
	if (r < 0) {
		must(r == -EBADMSG && error[0]);
		must_be_printable(error);
		return 0;
	}
	must_be_printable(report.note);
	if (report.reason == DHCP_REASON_NAK)
		must_be_printable(report.message);
	if (report.reason == DHCP_REASON_BOUND || report.reason == DHCP_REASON_RENEW)
		must(report.lease.prefix_len >= 8 && report.lease.prefix_len <= 32);
	return 0;
}
