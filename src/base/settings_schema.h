/* SPDX-License-Identifier: MIT */
/*
 * settings_schema.h — the one table of keys
 *
 * For the settings module alone. Every key of the file is a row: defaults,
 * checks, messages and the comparison with example and manual all come from
 * there. A new key is a new row, and a new kind of value a new store function.
 */
#ifndef MQTTNODE_SETTINGS_SCHEMA_H
#define MQTTNODE_SETTINGS_SCHEMA_H

#include "settings_file.h"

#include <stdbool.h>
#include <stddef.h>

enum key_kind {
	KEY_VALUE,
	KEY_GROUP,   /* { ... }, a struct within the struct of the group it stands in */
	KEY_GROUPS,  /* ( { ... }, ... ), an array that a pointer and a count stand for */
	KEY_REFUSED, /* what people try: refused with what is valid instead */
};

struct key_choice {
	const char *name; /* NULL ends a table of choices */
	int value;
};

struct settings_key;

/*
 * Checks the value @v for @key and puts it into the struct @section. Returns 0,
 * -EINVAL with a reason in @why or with "" if what is valid says enough, or
 * -ENOMEM.
 */
typedef int (*store_function)(const struct settings_key *key, const struct conf_node *v,
			      void *section, char *why, size_t size);

struct settings_key {
	const char *path; /* "mqtt.publish.qos" */
	enum key_kind kind;
	store_function store; /* KEY_VALUE */
	size_t offset;	      /* in the struct of the group */
	size_t size;	      /* of that member */
	size_t count_offset;  /* KEY_GROUPS: of the number of elements, a size_t */
	size_t element_size;  /* KEY_GROUPS */
	const char *fallback; /* default as written in the file; NULL: zero or NULL */
	bool required;	      /* must be there if its group is */
	bool secret;	      /* never shown in a message */
	bool is_switch;	      /* KEY_GROUP: that it is there turns something on */
	double min, max; /* numbers: range; strings: length; KEY_GROUPS: max. elements */
	const char *valid; /* what is valid, for messages; NULL: made from the row */
	const struct key_choice *choices;
	/* Strings: a further check, with a sentence about what is wrong. */
	int (*check)(const char *s, char *why, size_t size);
};

/* A key that had another name; within its group, since a value stays where it is. */
struct settings_renamed {
	const char *was;   /* "oled.brightness"; NULL ends the table */
	const char *now;   /* "oled.contrast" */
	const char *until; /* the last version that accepts the old name */
};

extern const struct settings_renamed settings_renamed[];

extern const struct settings_key settings_keys[];
extern const size_t settings_n_keys;

/* The row @name in the group @parent ("" is the file itself), or NULL. */
const struct settings_key *schema_find(const char *parent, const char *name);

/* Whether @key stands directly in the group @parent. */
bool schema_is_in(const struct settings_key *key, const char *parent);

/* The last part of its path. */
const char *schema_name(const struct settings_key *key);

/* The key that somebody probably meant by @name in group @parent, or NULL. */
const struct settings_key *schema_guess(const char *parent, const char *name);

/* The names of all keys of this version in group @parent, with commas. */
char *schema_names(const char *parent, char *buf, size_t size);

/* What a value of @key may be. */
char *schema_valid(const struct settings_key *key, char *buf, size_t size);

/* Store functions for plain values, in settings_values.c. */
int store_string(const struct settings_key *key, const struct conf_node *v, void *section,
		 char *why, size_t size);
int store_int(const struct settings_key *key, const struct conf_node *v, void *section,
	      char *why, size_t size);
int store_bool(const struct settings_key *key, const struct conf_node *v, void *section,
	       char *why, size_t size);
/* A number, whole or not, into a double. */
int store_number(const struct settings_key *key, const struct conf_node *v, void *section,
		 char *why, size_t size);
/* Seconds, whole or not, into milliseconds. */
int store_seconds(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size);
/* "22:00-06:00" into a struct daily_hours; "" into one that is never. */
int store_hours(const struct settings_key *key, const struct conf_node *v, void *section,
		char *why, size_t size);
/* One of the choices, into an int or an enum. */
int store_choice(const struct settings_key *key, const struct conf_node *v, void *section,
		 char *why, size_t size);
/* One of the choices, as a copy of its text. */
int store_choice_text(const struct settings_key *key, const struct conf_node *v,
		      void *section, char *why, size_t size);
/* A list of choices, or'ed into an unsigned int. */
int store_choices(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size);

/* Store functions for publications and subscriptions, in settings_publish.c. */
/* A program and its arguments, into a vector that ends with NULL. */
int store_command(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size);
int store_decimals(const struct settings_key *key, const struct conf_node *v,
		   void *section, char *why, size_t size);

/* Store functions and checks for network values, in settings_network.c. */
int store_interface(const struct settings_key *key, const struct conf_node *v,
		    void *section, char *why, size_t size);
int store_mac(const struct settings_key *key, const struct conf_node *v, void *section,
	      char *why, size_t size);
int store_address(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size);
int store_gateway(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size);
int store_dns(const struct settings_key *key, const struct conf_node *v, void *section,
	      char *why, size_t size);
int store_table(const struct settings_key *key, const struct conf_node *v, void *section,
		char *why, size_t size);
int check_host(const char *s, char *why, size_t size);

#endif
