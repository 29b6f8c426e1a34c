/* SPDX-License-Identifier: MIT */
/*
 * settings.h — the configuration file, read once and checked completely
 *
 * The only module that knows libconfig. The result is immutable: a reload makes
 * another one. Modules take their own part, never the whole. Every key is listed in one table,
 * settings_schema.c, with its type, range and default; the example file and the
 * manual are compared with that table by a test. Main thread.
 */
#ifndef MQTTNODE_SETTINGS_H
#define MQTTNODE_SETTINGS_H

#include "mqttnode/charset.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/paths.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_DEFAULT_PATH MQTTNODE_SYSCONFDIR "/mqttnode.conf"
/* Holds NAME.conf for each instance mqttnode@NAME.service. */
#define SETTINGS_INSTANCE_DIRECTORY MQTTNODE_SYSCONFDIR "/mqttnode"
#define SETTINGS_DNS_MAX	    3
#define SETTINGS_ITEMS_MAX	    8

enum phy_mode {
	PHY_MODE_AUTO,
	PHY_MODE_100_FULL,
	PHY_MODE_100_HALF,
	PHY_MODE_10_FULL,
	PHY_MODE_10_HALF,
};

struct ethernet_settings {
	char *spi;	       /* device node */
	uint32_t spi_speed_hz; /* highest clock to ask for */
	char *interrupt;       /* GPIO line, see gpio.h; "" = poll */
	char *reset;	       /* GPIO line; "" = soft reset only */
	char interface[IFNAMSIZ];
	bool mac_auto; /* derive it; mac is then zero */
	uint8_t mac[6];
	enum phy_mode phy;
	bool chained;	  /* bus_plan: the experimental one */
	uint32_t spi_max_transfer; /* bytes of one SPI transfer at most */
	int rt_priority;  /* of the pump's thread, 1..99; 0: an ordinary one */
	bool ipv6;	  /* network.ipv6: the chip lets it pass */
	bool promiscuous; /* frames for other addresses too: for a port of a bridge */
};

enum network_method {
	NETWORK_METHOD_DHCP,
	NETWORK_METHOD_STATIC,
	NETWORK_METHOD_NONE, /* a port of a bridge, which has the address */
	NETWORK_METHOD_EXTERNAL, /* somebody else's work, which is only watched */
};

struct network_settings {
	enum network_method method;
	struct in_addr address; /* static */
	uint8_t prefix_len;	/* static, 1..32 */
	struct in_addr gateway; /* static; 0.0.0.0: none */
	struct in_addr dns[SETTINGS_DNS_MAX];
	size_t n_dns;	 /* configured servers; they replace the lease's */
	bool dns_system; /* dns = "system": leave name resolution alone */
	bool default_route;
	uint32_t table;
	bool ipv6; /* addresses from router advertisements */
};

enum subscription_action {
	SUBSCRIPTION_JOURNAL = 1 << 0,
	SUBSCRIPTION_OLED = 1 << 1,
	SUBSCRIPTION_GPIO = 1 << 2,
	SUBSCRIPTION_COMMAND = 1 << 3,
	SUBSCRIPTION_FILE = 1 << 4,
	SUBSCRIPTION_PAGE = 1 << 5, /* an item of a page wants it; not in the file */
	SUBSCRIPTION_BIRTH = 1 << 6,   /* Home Assistant has started; not in the file */
	SUBSCRIPTION_RESTART = 1 << 7, /* of the connection; not in the file */
};

enum publication_trigger {
	PUBLISH_INTERVAL = 1 << 0,
	PUBLISH_CONNECT = 1 << 1,
	PUBLISH_CHANGE = 1 << 2,
};

/* From what a source gives to what is published, see shaping.h. */
struct shaping_settings {
	bool whole;	      /* all of it, not the first line */
	double scale, offset; /* 1 and 0: leave it as it is */
	bool rounded;	      /* to so many decimals */
	int decimals;
	double dead_band; /* changes up to this are none */
};

enum line_bias {
	LINE_BIAS_AS_IS,
	LINE_BIAS_PULL_UP,
	LINE_BIAS_PULL_DOWN,
	LINE_BIAS_DISABLED,
};

/* A GPIO line that is watched, see input.h. */
struct input_settings {
	char *line; /* see gpio.h; NULL: none */
	enum line_bias bias;
	bool active_low;
	uint64_t debounce_ms; /* at least 1 */
};

/* What is dropped when the spool is full. */
enum spool_drop {
	SPOOL_DROP_OLDEST,
	SPOOL_DROP_NEWEST,
};

/* Messages that wait for the broker, see spool.h. */
struct spool_settings {
	uint32_t messages;	   /* most that are kept */
	uint64_t bytes;		   /* most bytes of them */
	uint64_t age_ms;	   /* older ones are dropped; 0: none is */
	enum spool_drop drop;
	uint32_t rate;		   /* most to catch up with per second */
	uint64_t sync_ms;	   /* how long they may miss on the disk; 0: never */
};

struct publication_settings {
	char *topic;
	char *text;		 /* template, see template.h; checked; or NULL */
	char *file;		 /* path, or NULL: one of the sources is set */
	char **command;		 /* argument vector, NULL-terminated, or NULL */
	unsigned int timeout_ms; /* of the command */
	struct input_settings input;
	unsigned int triggers; /* enum publication_trigger, or'ed */
	uint64_t interval_ms;  /* at least 10 */
	struct shaping_settings shaping;
	size_t max_size; /* more than so many bytes are an error */
	int qos;
	bool retain;
	bool json;  /* in an envelope, see envelope.h */
	char *unit; /* of the value, or NULL */
	char *name; /* for Home Assistant, see discovery.h; or NULL */
	char *device_class, *state_class; /* as there; or NULL */
	bool store; /* QoS 1, 2: is to survive the process */
	uint32_t expiry_s; /* MQTT 5: of no use to anybody later than this; 0: always */
};

enum line_safe {
	LINE_SAFE_OFF,
	LINE_SAFE_ON,
	LINE_SAFE_KEEP, /* leave it as it is; off at the start */
};

/* A GPIO line that is switched, see output.h. */
struct output_settings {
	char *line; /* see gpio.h; NULL: none */
	bool active_low;
	enum line_safe safe;
	uint64_t pulse_ms;
};

struct subscription_settings {
	char *topic; /* topic filter */
	int qos;
	unsigned int actions;  /* enum subscription_action, or'ed */
	size_t max_size;       /* payloads above are dropped and counted; bytes */
	bool retained;	       /* retained messages act too */
	unsigned int max_rate; /* most messages a second that act */
	struct output_settings output;
	char **command;		 /* argument vector, NULL-terminated, or NULL */
	unsigned int timeout_ms; /* of the command */
	char *file;		 /* path, or below the state directory; or NULL */
};

enum mqtt_protocol {
	MQTT_PROTOCOL_3_1_1,
	MQTT_PROTOCOL_5,
};

struct tls_settings {
	bool on;	      /* the group mqtt.tls is there */
	char *ca_file;	      /* NULL: the CAs that the system trusts */
	char *cert_file;      /* NULL: no client certificate */
	char *key_file;	      /* path, or NULL */
	char *key_credential; /* name in $CREDENTIALS_DIRECTORY, or NULL */
	bool insecure;	      /* the broker's certificate is not checked */
};

struct mqtt_settings {
	char *host; /* name or IPv4 address */
	uint16_t port;
	struct tls_settings tls;
	char *client_id;	   /* NULL: mqttnode-XXXXXX from the MAC */
	char *username;		   /* NULL: none */
	char *password_credential; /* name in $CREDENTIALS_DIRECTORY, or NULL */
	char *password_file;	   /* path, or NULL */
	char *base_topic;	   /* NULL: mqttnode/CLIENT_ID */
	bool status;		   /* birth and will on BASE/status */
	bool info;		   /* who the node is, on BASE/info */
	unsigned int health_interval_s; /* how it is, on BASE/health; 0: not */
	uint16_t keepalive_s;
	unsigned int reconnect_max_s;
	bool clean_session;
	char *discovery; /* prefix of the topics of Home Assistant; "": off */
	bool discovery_restart; /* it may restart the connection */
	enum mqtt_protocol protocol;
	uint32_t session_expiry_s; /* MQTT 5, without clean_session */
	enum charset fallback_charset; /* of payloads that are not UTF-8 */
	struct spool_settings spool;
	struct publication_settings *publish;
	size_t n_publish;
	struct subscription_settings *subscribe;
	size_t n_subscribe;
};

enum oled_chip {
	OLED_SSD1306 = 1,
	OLED_SSD1309,
	OLED_SH1106,
};

/* Every day, in minutes since midnight, local time; equal: never. */
struct daily_hours {
	uint16_t from_min, to_min;
};

enum page_kind {
	PAGE_ITEMS = 1, /* of the configuration */
	PAGE_ADDRESS,	/* the lesson's */
	PAGE_LADDER,
	PAGE_MESSAGES, /* the last ones */
	PAGE_TRAFFIC,
};

enum item_kind {
	ITEM_TEXT = 1,
	ITEM_DIGITS,
	ITEM_BAR,
};

struct item_settings {
	enum item_kind kind;
	char *label;	 /* NULL: none */
	char *topic;	 /* published or subscribed to; NULL: none */
	char *text;	 /* template, see template.h; checked */
	double min, max; /* ends of a bar; min is less than max */
};

struct page_settings {
	enum page_kind kind;
	char *title; /* template; NULL: none; items only, as the next */
	struct item_settings *items;
	size_t n_items;
};

/* For max_write: a column of the picture and what has to stand before it. */
#define OLED_MAX_WRITE_MIN 8

struct oled_settings {
	char *i2c;	 /* device node; "" = no display */
	uint8_t address; /* 7 bit */
	enum oled_chip controller;
	uint8_t width; /* of the panel, as it is wired */
	uint8_t height;
	uint8_t column_offset; /* SH1106: column of the RAM at the left edge, 0..4 */
	uint16_t rotate;       /* the picture, clockwise: 0, 90, 180, 270 */
	uint8_t contrast;
	bool invert;
	struct daily_hours dim; /* when it has another contrast */
	uint8_t dim_contrast;
	uint16_t max_write;   /* bytes of a message on the bus */
	uint64_t idle_off_ms; /* dark after so long without an event; 0: never */
	bool pixel_shift;
	uint64_t message_time_ms;
	uint64_t page_time_ms;
	struct page_settings *pages; /* none: the address */
	size_t n_pages;
	char *font_file; /* path; "auto": where it is installed; "": none */
};

struct settings_image;

struct settings {
	unsigned int more_refs;	      /* beside the first: settings_ref() */
	struct settings_image *image; /* for settings_compare() */
	char *path;    /* the file read */
	int log_level; /* syslog level */
	struct ethernet_settings ethernet;
	struct network_settings network;
	struct mqtt_settings mqtt;
	struct oled_settings oled;
};

/* Most sentences of each kind in a report; one more says that there are more. */
#define SETTINGS_REPORT_MAX 100

/*
 * What is wrong in a file, or merely unwise: sentences of printable text,
 * "FILE:LINE: KEY: found X; valid is Y". A secret is never part of one. Begins
 * zeroed; settings_report_clear() releases what it holds.
 */
struct settings_report {
	char **errors;
	size_t n_errors;
	char **warnings;
	size_t n_warnings;
	bool out_of_memory; /* sentences are missing */
	bool host_unset;    /* one of the errors is that mqtt.host is not set */
};

void settings_report_clear(struct settings_report *report);

/*
 * Reads and checks @path. All mistakes are collected in @report (of syntax
 * errors the first: libconfig stops there), never printed. Returns 0 and the
 * settings, to be released with settings_free(), or -EINVAL with at least one
 * error in the report, or -ENOMEM. The caller clears the report either way.
 */
int settings_load(struct settings **ret, const char *path,
		  struct settings_report *report);

/* One more who uses @s, and calls settings_free() at the end. Returns @s. */
struct settings *settings_ref(struct settings *s);

/* Releases the settings when nobody else uses them. Accepts NULL, returns NULL. */
struct settings *settings_free(struct settings *s);

/*
 * Calls @on_key with each key whose value in @a and in @b is not the same, whether
 * it stands in the file or is the default: "mqtt.publish[2].interval". A group that
 * turns something on by being there is a key as well: "mqtt.tls".
 */
void settings_compare(const struct settings *a, const struct settings *b,
		      void (*on_key)(void *ctx, const char *path), void *ctx);

/* Writes what was found to the log, as the run that uses the file does. */
void settings_report_log(const struct settings_report *report);

/*
 * Whether the only mistake in @path is that mqtt.host is missing: 1 if so, 0 if
 * the host is set or the file has other errors. For ExecCondition=.
 */
int settings_host_is_unset(const char *path);

/* What is needed at the broker and stands outside of the configuration. */
struct settings_secrets {
	char *password; /* without its final newline; NULL: none configured */
	char *key_path; /* of the client's private key; NULL: none configured */
};

/*
 * Reads the password and finds the key, from credentials or files as @s names
 * them. Returns 0, or -errno with a sentence in @error and nothing in @ret. To
 * be released with settings_secrets_clear(), which overwrites the password.
 */
int settings_read_secrets(const struct mqtt_settings *s, struct settings_secrets *ret,
			  char *error, size_t error_size);
void settings_secrets_clear(struct settings_secrets *secrets);

/*
 * A number that is another one when a file that @s names, of a secret or a
 * certificate, was written or replaced; 0: it names none.
 */
uint64_t settings_secrets_stamp(const struct mqtt_settings *s);

/* A key of the file as the manual and the example must show it. */
struct settings_key_info {
	const char *path;     /* "mqtt.publish.qos" */
	const char *fallback; /* default as written in the file; NULL: none */
	bool refused;	      /* not shown: it only gets good words when refused */
};

/* The @i-th key, in the order of the manual. Returns whether there is one. */
bool settings_key_info(size_t i, struct settings_key_info *ret);

DEFINE_CLEANUP(struct settings, settings_free);

#endif
