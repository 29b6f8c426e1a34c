/* SPDX-License-Identifier: MIT */
/*
 * tap.h — the network interface: the only file that knows /dev/net/tun
 *
 * Source: Documentation/networking/tuntap.rst, linux/if_tun.h, tuntap(4).
 */
#ifndef MQTTNODE_TAP_H
#define MQTTNODE_TAP_H

#include "mqttnode/cause.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Frames that wait in the kernel. The kernel drops what does not fit and never
 * slows the sender down, so a longer queue is only latency.
 */
#define TAP_TXQUEUELEN 64
#define TAP_MTU	       1500

/*
 * Creates the TAP @name with hardware address @mac, carrier off, link still
 * down, transmit queue TAP_TXQUEUELEN, MTU TAP_MTU. Returns a non-blocking,
 * close-on-exec descriptor, or -errno: -EBUSY (an interface of that name
 * exists: ours in another process, or foreign), -EPERM (CAP_NET_ADMIN
 * missing), -EACCES, -ENOENT or -ENODEV (/dev/net/tun not permitted, missing,
 * without its driver), -EINVAL (not a name for an interface, or @mac is a
 * group address). Closing the descriptor removes the interface. With @join a TAP
 * that was made by others to stay (by NetworkManager, "ip tuntap add") is taken
 * if there is one; it stays when the descriptor is closed. Main.
 */
int tap_open(const char *name, const uint8_t mac[6], bool join);

/* Whether there is a TUN or TAP device @name, as far as its driver tells. Any thread. */
bool tap_exists(const char *name);

/*
 * Reads one frame into @buf: without FCS, and shorter than 60 bytes if the
 * kernel sent it so. A frame longer than @size is cut. Returns its length,
 * -EAGAIN (none), -EBADFD (the device was deleted: poll() reports POLLERR), or
 * another -errno. Of an interface that is down nothing is read (-EAGAIN). The
 * owner's thread.
 */
ssize_t tap_read(int fd, uint8_t *buf, size_t size);

/*
 * Gives one frame to the kernel; it never blocks. Returns 0, -EIO (the
 * interface is down: the frame is lost), -EBADFD (deleted), -EINVAL (below 14
 * bytes), or another -errno. The owner's thread.
 */
int tap_write(int fd, const uint8_t *frame, size_t len);

/*
 * Sets the carrier; needs no privilege. Returns 0 or -errno: -ENOTTY or
 * -EOPNOTSUPP for what is not a TAP, -EBADFD if it was deleted. The owner's
 * thread.
 */
int tap_set_carrier(int fd, bool on);

/*
 * Writes a sentence for people, without a full stop: why tap_open() of @name
 * failed with @error (negative or positive), and what to do. Returns the cause's
 * name.
 */
enum cause_id tap_explain(const char *name, int error, char *buf, size_t size);

#endif
