// SPDX-License-Identifier: MIT
/*
 * dhcp_hook.c — this program as the hook of udhcpc
 *
 * udhcpc runs its script with one argument and the lease in the environment,
 * and waits for it to end. There is no script: we are it, and pass both on to
 * the daemon in one message.
 */
#include "mqttnode/dhcp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqttnode/dhcp_report.h"
#include "mqttnode/spawn.h"

bool dhcp_is_hook(void)
{
	const char *mark = getenv(DHCP_HOOK_VARIABLE);
	socklen_t len = sizeof(int);
	int type;

	return mark && strcmp(mark, "1") == 0 &&
	       getsockopt(SPAWN_PASS_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_DGRAM;
}

/* Appends @s and its zero byte; returns the new length, above DHCP_REPORT_MAX if it is
 * too long. */
static size_t append(char *buf, size_t used, const char *s)
{
	size_t len = strlen(s) + 1;

	if (used + len <= DHCP_REPORT_MAX)
		memcpy(buf + used, s, len);
	return used + len;
}

int dhcp_hook_main(int argc, char **argv)
{
	char buf[DHCP_REPORT_MAX];
	size_t used;

	if (argc < 2)
		return EXIT_FAILURE;
	used = append(buf, 0, argv[1]);
	for (char **e = environ; *e && used <= DHCP_REPORT_MAX; e++)
		used = append(buf, used, *e);
	if (used > DHCP_REPORT_MAX)
		return EXIT_FAILURE;
	/* Waits at most as long as the daemon set for its socket. */
	return send(SPAWN_PASS_FD, buf, used, MSG_NOSIGNAL) == (ssize_t)used
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
