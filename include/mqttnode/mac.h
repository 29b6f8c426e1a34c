/* SPDX-License-Identifier: MIT */
/* mac.h — a stable hardware address for a chip that has none */
#ifndef MQTTNODE_MAC_H
#define MQTTNODE_MAC_H

#include <stdint.h>

/* "xx:xx:xx:xx:xx:xx" and its terminator. */
#define MAC_TEXT_SIZE 18

/*
 * Derives a locally administered unicast address from the machine id and
 * @spi_path: stable over restarts, different for two chips on one board.
 * Without a machine id it takes the one kept in @state_dir, or makes a random
 * one and keeps it there. Returns 0 if derived, 1 if kept or random (say so to
 * the user), or -errno (nothing stable could be had; @mac is random then). Main.
 */
int mac_derive(uint8_t mac[6], const char *spi_path, const char *state_dir);

/* Formats @mac. Returns @buf. */
char *mac_format(const uint8_t mac[6], char buf[MAC_TEXT_SIZE]);

#endif
