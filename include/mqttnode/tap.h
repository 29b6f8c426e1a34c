/* SPDX-License-Identifier: MIT */
/*
 * tap.h — the network interface: the only file that knows /dev/net/tun
 *
 * Source: Documentation/networking/tuntap.rst, linux/if_tun.h.
 */
#ifndef MQTTNODE_TAP_H
#define MQTTNODE_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Frames that wait in the kernel; more is only latency, see linux.md 3.5 on back-pressure. */
#define TAP_TXQUEUELEN 64

/*
 * Creates the TAP @name with hardware address @mac, carrier off, link still
 * down, transmit queue TAP_TXQUEUELEN, MTU 1500. Returns a non-blocking,
 * close-on-exec descriptor, or -errno: -EBUSY (an interface of that name
 * exists: ours in another process, or foreign), -EPERM (CAP_NET_ADMIN
 * missing), -ENOENT (no /dev/net/tun). Closing the descriptor removes it.
 */
int tap_open(const char *name, const uint8_t mac[6]);

/* Reads one frame into @buf. Returns its length, -EAGAIN, -EIO (interface down),
 * -EBADFD (device deleted), or another -errno. */
ssize_t tap_read(int fd, uint8_t *buf, size_t size);

/* Gives one frame to the kernel. Returns 0, or -errno as tap_read(). */
int tap_write(int fd, const uint8_t *frame, size_t len);

/* Sets the carrier. Returns 0 or -errno (-ENOTTY for what is not a TAP). */
int tap_set_carrier(int fd, bool on);

/* A sentence for people: why @name could not be created and what to do. */
char *tap_explain(const char *name, int error, char *buf, size_t size);

#endif
