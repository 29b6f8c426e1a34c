// SPDX-License-Identifier: MIT
/* mac.c — a stable hardware address for a chip that has none */
#include "mqttnode/mac.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#define OCTET0_GROUP 0x01 /* IEEE 802 */
#define OCTET0_LOCAL 0x02

/* The identity of this use of the machine id: the same one for all versions. */
#define MAC_APPLICATION                                                                  \
	SD_ID128_MAKE(6f, 2a, 3d, 51, c8, 0b, 4e, 97, a3, 1c, 58, e4, 90, d7, 2b, 66)

static void make_local(uint8_t mac[6])
{
	mac[0] = (uint8_t)((mac[0] & ~OCTET0_GROUP) | OCTET0_LOCAL);
}

/*
 * The hash that the library keys with the machine id (HMAC-SHA256) mixes well;
 * the path has only to make another key of the application's.
 */
static int derive(uint8_t mac[6], const char *spi_path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	sd_id128_t application = MAC_APPLICATION, id;
	int r;

	for (const char *p = spi_path; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	for (unsigned int i = 0; i < 8; i++)
		application.bytes[i] ^= (uint8_t)(hash >> 8 * i);
	r = sd_id128_get_machine_app_specific(application, &id);
	if (r < 0)
		return r;
	memcpy(mac, id.bytes, 6);
	make_local(mac);
	return 0;
}

static int read_kept(uint8_t mac[6], const char *path)
{
	char text[64];
	int end = 0;
	int r;

	r = fd_read_file(path, text, sizeof(text));
	if (r < 0)
		return r;
	if (r != MAC_TEXT_SIZE ||
	    sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1],
		   &mac[2], &mac[3], &mac[4], &mac[5], &end) != 6 ||
	    end != MAC_TEXT_SIZE - 1 || text[end] != '\n')
		return -EBADMSG;
	return (mac[0] & (OCTET0_GROUP | OCTET0_LOCAL)) == OCTET0_LOCAL ? 0 : -EBADMSG;
}

/* Writes the file beside its place first: a power cut leaves the old one or the new one.
 */
static int keep(const uint8_t mac[6], const char *path)
{
	char text[MAC_TEXT_SIZE + 1], beside[PATH_MAX];
	_cleanup_close_ int fd = -1;
	size_t len;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	mac_format(mac, text);
	len = strlen(text);
	text[len++] = '\n';
	if (write(fd, text, len) != (ssize_t)len || fsync(fd) < 0 ||
	    rename(beside, path) < 0) {
		int r = errno ? -errno : -EIO;

		(void)unlink(beside);
		return r;
	}
	return 0;
}

int mac_derive(uint8_t mac[6], const char *spi_path, const char *state_dir)
{
	const char *slash = strrchr(spi_path, '/');
	char path[PATH_MAX];
	int r;

	if (derive(mac, spi_path) == 0)
		return 0;
	if (state_dir) {
		if (snprintf(path, sizeof(path), "%s/mac-%s", state_dir,
			     slash ? slash + 1 : spi_path) >= (int)sizeof(path))
			state_dir = NULL;
		else if (read_kept(mac, path) == 0)
			return 1;
	}

	/* Never fails for so few bytes once the machine has booted (getrandom(2)). */
	if (getrandom(mac, 6, 0) != 6)
		return -EIO;
	make_local(mac);
	if (!state_dir)
		return -ENOENT;
	r = keep(mac, path);
	return r < 0 ? r : 1;
}

char *mac_format(const uint8_t mac[6], char buf[MAC_TEXT_SIZE])
{
	return text_format(buf, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
			   mac[1], mac[2], mac[3], mac[4], mac[5]);
}
