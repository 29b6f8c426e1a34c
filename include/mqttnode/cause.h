/* SPDX-License-Identifier: MIT */
/*
 * cause.h — every cause of trouble has a short name that stays
 *
 * A sentence tells a person what is wrong here and now; the name tells a program,
 * a manual or "mqttnode doctor" which cause it is. It is given where the cause is
 * found, beside the sentence, and travels with it: ladder, journal
 * (MQTTNODE_CAUSE=), status JSON ("cause_id"). What a cause means and what to do
 * about it is in one table (findings.h). A name never changes its meaning.
 */
#ifndef MQTTNODE_CAUSE_H
#define MQTTNODE_CAUSE_H

/* clang-format off */
#define CAUSES(X)                                                                        \
	/* the configuration */                                                          \
	X(CONFIG_MISSING,	"config-missing")                                        \
	X(CONFIG_UNREADABLE,	"config-unreadable")                                     \
	X(CONFIG_INVALID,	"config-invalid")                                        \
	X(FILE_MISSING,		"file-missing")                                          \
	X(FILE_UNSUITABLE,	"file-unsuitable")                                       \
	X(HOST_NOT_SET,		"host-not-set")                                          \
	/* the SPI bus */                                                                \
	X(SPI_ABSENT,		"spi-absent")                                            \
	X(SPI_OTHER_SELECT,	"spi-other-select")                                      \
	X(SPI_KERNEL_DRIVER,	"spi-kernel-driver")                                     \
	X(SPI_NO_DRIVER,	"spi-no-driver")                                         \
	X(SPI_NOT_PERMITTED,	"spi-not-permitted")                                     \
	X(SPI_BUSY,		"spi-busy")                                              \
	X(SPI_UNSUITABLE,	"spi-unsuitable")                                        \
	X(SPI_REFUSES,		"spi-refuses")                                           \
	X(SPI_GONE,		"spi-gone")                                              \
	X(SPI_TOO_SMALL,	"spi-too-small")                                         \
	X(SPI_TIMEOUT,		"spi-timeout")                                           \
	X(SPI_ERROR,		"spi-error")                                             \
	X(SPI_SMALL_BUFFER,	"spi-small-buffer")                                      \
	/* GPIO lines */                                                                 \
	X(GPIO_ABSENT,		"gpio-absent")                                           \
	X(GPIO_UNKNOWN,		"gpio-unknown")                                          \
	X(GPIO_AMBIGUOUS,	"gpio-ambiguous")                                        \
	X(GPIO_BUSY,		"gpio-busy")                                             \
	X(GPIO_NOT_PERMITTED,	"gpio-not-permitted")                                    \
	X(GPIO_INVALID,		"gpio-invalid")                                          \
	X(GPIO_NO_INTERRUPT,	"gpio-no-interrupt")                                     \
	X(GPIO_UNSUITABLE,	"gpio-unsuitable")                                       \
	X(GPIO_GONE,		"gpio-gone")                                             \
	X(GPIO_ERROR,		"gpio-error")                                            \
	/* the chip and its wires */                                                     \
	X(MISO_ZEROS,		"miso-zeros")                                            \
	X(MISO_ONES,		"miso-ones")                                             \
	X(MISO_SHIFTED,		"miso-shifted")                                          \
	X(SPI_GARBLED,		"spi-garbled")                                           \
	X(SPI_TOO_FAST,		"spi-too-fast")                                          \
	X(CHIP_VERSION,		"chip-version")                                          \
	X(CHIP_WRITES_LOST,	"chip-writes-lost")                                      \
	X(CHIP_RESET_STUCK,	"chip-reset-stuck")                                      \
	X(CHIP_LOST,		"chip-lost")                                             \
	X(CHIP_OUT_OF_STEP,	"chip-out-of-step")                                      \
	X(CHIP_SEND_STUCK,	"chip-send-stuck")                                       \
	X(CHIP_COMMAND_STUCK,	"chip-command-stuck")                                    \
	X(CHIP_SILENT,		"chip-silent")                                           \
	X(BUS_PLAN_REFUSED,	"bus-plan-refused")                                      \
	X(INT_NOT_WIRED,	"int-not-wired")                                         \
	X(INT_STUCK_LOW,	"int-stuck-low")                                         \
	X(RESET_NOT_WIRED,	"reset-not-wired")                                       \
	/* the network interface */                                                      \
	X(TUN_ABSENT,		"tun-absent")                                            \
	X(TUN_NOT_PERMITTED,	"tun-not-permitted")                                     \
	X(TUN_NO_CAPABILITY,	"tun-no-capability")                                     \
	X(INTERFACE_EXISTS,	"interface-exists")                                      \
	X(INTERFACE_INVALID,	"interface-invalid")                                     \
	X(INTERFACE_ERROR,	"interface-error")                                       \
	X(INTERFACE_DELETED,	"interface-deleted")                                     \
	X(INTERFACE_DOWN,	"interface-down")                                        \
	/* the cable */                                                                  \
	X(NO_CABLE,		"no-cable")                                              \
	X(LINK_SLOW,		"link-slow")                                             \
	X(LINK_FLAPPING,	"link-flapping")                                         \
	/* address and route */                                                          \
	X(DHCP_NO_CLIENT,	"dhcp-no-client")                                        \
	X(DHCP_CLIENT_FAILED,	"dhcp-client-failed")                                    \
	X(DHCP_NO_ANSWER,	"dhcp-no-answer")                                        \
	X(DHCP_NAK,		"dhcp-nak")                                              \
	X(DHCP_BAD_ANSWER,	"dhcp-bad-answer")                                       \
	X(LEASE_EXPIRED,	"lease-expired")                                         \
	X(ADDRESS_CONFLICT,	"address-conflict")                                      \
	X(ADDRESS_OWN,		"address-own")                                           \
	X(ADDRESS_REFUSED,	"address-refused")                                       \
	X(ADDRESS_NOBODYS,	"address-nobodys")                                       \
	X(ADDRESS_UNROUTED,	"address-unrouted")                                      \
	X(NOT_A_PORT,		"not-a-port")                                            \
	X(NO_ROUTER,		"no-router")                                             \
	X(GATEWAY_DEAD,		"gateway-dead")                                          \
	/* the broker's name */                                                          \
	X(NO_DNS_SERVER,	"no-dns-server")                                         \
	X(DNS_MUTE,		"dns-mute")                                              \
	X(DNS_FAILED,		"dns-failed")                                            \
	X(NAME_NOT_FOUND,	"name-not-found")                                        \
	X(NAME_NO_ADDRESS,	"name-no-address")                                       \
	X(NAME_IPV6,		"name-ipv6")                                             \
	X(NAME_ERROR,		"name-error")                                            \
	/* TCP */                                                                        \
	X(TCP_REFUSED,		"tcp-refused")                                           \
	X(TCP_NO_ANSWER,	"tcp-no-answer")                                         \
	X(TCP_RESET,		"tcp-reset")                                             \
	X(HOST_UNREACHABLE,	"host-unreachable")                                      \
	X(NO_ROUTE,		"no-route")                                              \
	X(LOCAL_ADDRESS_GONE,	"local-address-gone")                                    \
	X(TCP_FORBIDDEN,	"tcp-forbidden")                                         \
	X(TCP_ERROR,		"tcp-error")                                             \
	/* TLS */                                                                        \
	X(CLOCK_NOT_SET,	"clock-not-set")                                         \
	X(TLS_NOT_YET_VALID,	"tls-not-yet-valid")                                     \
	X(TLS_EXPIRED,		"tls-expired")                                           \
	X(TLS_WRONG_NAME,	"tls-wrong-name")                                        \
	X(TLS_WRONG_CA,		"tls-wrong-ca")                                          \
	X(TLS_CERTIFICATE,	"tls-certificate")                                       \
	X(TLS_PLAIN_PORT,	"tls-plain-port")                                        \
	X(TLS_VERSION,		"tls-version")                                           \
	X(TLS_CLIENT_REFUSED,	"tls-client-refused")                                    \
	X(TLS_CLIENT_WANTED,	"tls-client-wanted")                                     \
	X(TLS_NO_ANSWER,	"tls-no-answer")                                         \
	X(TLS_FAILED,		"tls-failed")                                            \
	/* the broker */                                                                 \
	X(WANTS_TLS,		"wants-tls")                                             \
	X(NOT_A_BROKER,		"not-a-broker")                                          \
	X(NO_CONNACK,		"no-connack")                                            \
	X(BAD_CREDENTIALS,	"bad-credentials")                                       \
	X(NO_CREDENTIALS,	"no-credentials")                                        \
	X(CLIENT_ID_REJECTED,	"client-id-rejected")                                    \
	X(CLIENT_ID_TWICE,	"client-id-twice")                                       \
	X(MQTT_VERSION,		"mqtt-version")                                          \
	X(BROKER_UNAVAILABLE,	"broker-unavailable")                                    \
	X(BROKER_REFUSES,	"broker-refuses")                                        \
	X(BROKER_SILENT,	"broker-silent")                                         \
	X(BROKER_ENDED,		"broker-ended")                                          \
	X(MESSAGE_NOT_TAKEN,	"message-not-taken")                                     \
	X(CONNECTION_LOST,	"connection-lost")                                       \
	X(SUBSCRIPTION_REFUSED,	"subscription-refused")                                  \
	X(NO_SUBACK,		"no-suback")                                             \
	X(PUBLISH_REFUSED,	"publish-refused")                                       \
	/* the display */                                                                \
	X(I2C_ABSENT,		"i2c-absent")                                            \
	X(I2C_OTHER_BUS,	"i2c-other-bus")                                         \
	X(I2C_NOT_PERMITTED,	"i2c-not-permitted")                                     \
	X(I2C_BUSY,		"i2c-busy")                                              \
	X(I2C_STUCK,		"i2c-stuck")                                             \
	X(I2C_BREAKS_OFF,	"i2c-breaks-off")                                        \
	X(I2C_UNSUITABLE,	"i2c-unsuitable")                                        \
	X(I2C_GONE,		"i2c-gone")                                              \
	X(I2C_ERROR,		"i2c-error")                                             \
	X(OLED_ABSENT,		"oled-absent")                                           \
	X(OLED_OTHER_ADDRESS,	"oled-other-address")                                    \
	X(OLED_KERNEL_DRIVER,	"oled-kernel-driver")                                    \
	X(OLED_OTHER_CONTROLLER,"oled-other-controller")
/* clang-format on */

enum cause_id {
	CAUSE_NONE,
#define X(id, name) CAUSE_##id,
	CAUSES(X)
#undef X
		CAUSE_IDS,
};

/* "no-cable"; "" for CAUSE_NONE. */
const char *cause_to_string(enum cause_id cause);

/* The cause of that name; CAUSE_NONE if there is none such. */
enum cause_id cause_from_string(const char *name);

#endif
