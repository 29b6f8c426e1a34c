/* SPDX-License-Identifier: MIT */
/* mac.h — a stable hardware address for a chip that has none */
#ifndef MQTTNODE_MAC_H
#define MQTTNODE_MAC_H

#include <stdint.h>

/* "xx:xx:xx:xx:xx:xx" and its terminator. */
#define MAC_TEXT_SIZE 18

/*
 * Derives a locally administered unicast address from the machine id and
 * @spi_path: stable over restarts, different for two chips on one board, and
 * of no use to find the machine id. Without a machine id it takes the address
 * kept in the file mac-NAME in @state_dir, NAME being the last part of
 * @spi_path, or makes a random one and keeps it there. Returns 0 if derived, 1
 * if kept (say so to the user), or -errno: the random address in @mac could
 * not be kept in @state_dir (which may be NULL), so the next start has another.
 * Main.
 */
int mac_derive(uint8_t mac[6], const char *spi_path, const char *state_dir);

/* Formats @mac. Returns @buf. */
char *mac_format(const uint8_t mac[6], char buf[MAC_TEXT_SIZE]);

#endif
