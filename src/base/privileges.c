// SPDX-License-Identifier: MIT
/* privileges.c — capabilities that a thread does not need */
#include "mqttnode/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void privileges_drop(void)
{
	/*
	 * Capabilities belong to a thread. Without ambient ones the programs that it
	 * starts have none. The permitted ones stay, unused: a thread without any
	 * could be traced by those programs, which are of the same user, and its
	 * memory is everybody's (ptrace(2), access mode checks).
	 */
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (geteuid() == 0)
		return;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, caps) < 0)
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		caps[i].effective = caps[i].inheritable = 0;
	(void)syscall(SYS_capset, &header, caps);
}
