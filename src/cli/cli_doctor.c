// SPDX-License-Identifier: MIT
/*
 * cli_doctor.c — "mqttnode doctor": what is wrong, what it means, what to do
 *
 * Asks the running daemon what it sees. If none runs, a temporary node climbs the
 * ladder once, on the hardware itself.
 */
#include "mqttnode/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/checkup.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/diagnosis.h"
#include "mqttnode/findings.h"
#include "mqttnode/log.h"
#include "mqttnode/node.h"
#include "mqttnode/text.h"

#define WIDTH 78

DEFINE_CLEANUP(json_object, json_object_put);

/* What is known when all has been looked at. */
struct visit {
	struct diagnosis diagnosis;
	const char *source;  /* who was asked */
	json_object *status; /* NULL: it did not come to that */
	bool left_behind;    /* a thread is stuck and uses the settings */
};

/* --- looking ---------------------------------------------------------------- */

static void tell_errors(struct diagnosis *d, const struct settings_report *report)
{
	for (size_t i = 0; i < report->n_errors; i++)
		diagnosis_add(d, FINDING_FAILED, "configuration",
			      report->host_unset && report->n_errors == 1
				      ? CAUSE_HOST_NOT_SET
				      : CAUSE_CONFIG_INVALID,
			      "%s", report->errors[i]);
}

/* The settings, or NULL with findings. */
static struct settings *read_settings(struct diagnosis *d, const char *path)
{
	struct settings_report report = { 0 };
	struct settings *settings = NULL;

	if (checkup_file(d, path))
		return NULL;
	if (settings_load(&settings, path, &report) < 0)
		tell_errors(d, &report);
	settings_report_clear(&report);
	return settings;
}

/* Lets a temporary node look. 0, or -errno that was logged. */
static int climb(struct visit *v, const struct settings *settings)
{
	checkup_mqtt_files(&v->diagnosis, &settings->mqtt);
	if (!checkup_interface(&v->diagnosis, settings) || v->diagnosis.n > 0)
		return 0;
	checkup_lines(&v->diagnosis, &settings->ethernet);
	checkup_reset(&v->diagnosis, &settings->ethernet);
	return node_climb(settings, &v->status, &v->left_behind);
}

static int look(struct visit *v, const struct cli_arguments *args)
{
	struct settings *settings = read_settings(&v->diagnosis, args->config);
	int r = 0;

	if (cli_daemon_runs(args)) {
		v->source = "daemon";
		v->status = cli_ask_object(args, "{\"verb\":\"status\"}");
		r = v->status ? 0 : -1;
	} else {
		v->source = "hardware";
		if (settings)
			r = climb(v, settings);
	}
	if (v->status)
		diagnosis_read_status(&v->diagnosis, v->status);
	if (!v->left_behind)
		settings_free(settings);
	return r;
}

/* --- telling ---------------------------------------------------------------- */

/* @text in lines of WIDTH, the first after @label, the others below it. */
static void print_wrapped(const char *label, const char *text)
{
	int indent = (int)strlen(label);
	int column = printf("%s", label);

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column > indent && column + 1 + word > WIDTH)
			column = printf("\n%*s", indent, "") - 1;
		else if (column > indent)
			column += printf(" ");
		column += printf("%.*s", word, text);
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_finding(size_t number, const struct finding *f)
{
	const struct finding_advice *advice = findings_advice(f->cause);
	char label[64];

	text_format(label, sizeof(label), "%zu. %s%s%s: ", number, f->where,
		    f->level == FINDING_HINT ? " (hint)" : "",
		    f->cause ? "" : " (no name)");
	print_wrapped(label, f->seen);
	print_wrapped("   means  ", advice->meaning);
	print_wrapped("   do     ", advice->action);
	if (f->cause)
		printf("   name   %s\n", cause_to_string(f->cause));
	putchar('\n');
}

static const char *text_of(json_object *o, const char *name, char *buf, size_t size)
{
	json_object *value = NULL;

	(void)json_object_object_get_ex(o, name, &value);
	return text_escape_str(buf, size,
			       json_object_is_type(value, json_type_string)
				       ? json_object_get_string(value)
				       : "");
}

static void print_ladder(json_object *status)
{
	json_object *ladder = NULL;

	if (!json_object_object_get_ex(status, "ladder", &ladder) ||
	    !json_object_is_type(ladder, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(ladder); i++) {
		json_object *rung = json_object_array_get_idx(ladder, i);
		char name[32], state[32], text[256];

		if (!json_object_is_type(rung, json_type_object))
			continue;
		printf("  %-8s %-8s %s\n", text_of(rung, "rung", name, sizeof(name)),
		       text_of(rung, "state", state, sizeof(state)),
		       text_of(rung, "text", text, sizeof(text)));
	}
	putchar('\n');
}

static void print_text(const struct visit *v)
{
	const struct diagnosis *d = &v->diagnosis;

	printf("%s\n\n", strcmp(v->source, "daemon") == 0
				 ? "What the running daemon sees:"
				 : "No daemon runs: looked at the hardware itself.");
	print_ladder(v->status);
	for (size_t i = 0; i < d->n; i++)
		print_finding(i + 1, &d->findings[i]);
	if (d->left_out > 0)
		printf("... and %zu more.\n", d->left_out);
	if (d->n == 0)
		puts(v->status ? "All is well." : "This could not be found out.");
}

static void add_string(json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void print_json(const struct visit *v)
{
	_cleanup_(json_object_putp) json_object *o = json_object_new_object();
	json_object *list = json_object_new_array(), *ladder = NULL;

	add_string(o, "source", v->source);
	json_object_object_add(o, "exit_status",
			       json_object_new_int(diagnosis_exit_status(&v->diagnosis)));
	(void)json_object_object_get_ex(v->status, "ladder", &ladder);
	json_object_object_add(o, "ladder", json_object_get(ladder));
	for (size_t i = 0; i < v->diagnosis.n; i++) {
		const struct finding *f = &v->diagnosis.findings[i];
		const struct finding_advice *advice = findings_advice(f->cause);
		json_object *finding = json_object_new_object();

		add_string(finding, "level", finding_level_to_string(f->level));
		add_string(finding, "where", f->where);
		add_string(finding, "cause_id", cause_to_string(f->cause));
		add_string(finding, "seen", f->seen);
		add_string(finding, "meaning", advice->meaning);
		add_string(finding, "action", advice->action);
		json_object_array_add(list, finding);
	}
	json_object_object_add(o, "findings", list);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
}

enum cli_exit cli_doctor(const struct cli_arguments *args)
{
	struct visit v = { 0 };
	int status;

	log_set_max_level(LOG_ERR); /* what matters is told below */
	status = look(&v, args) < 0 ? CLI_FAILURE : diagnosis_exit_status(&v.diagnosis);
	if (status == CLI_OK && !v.status) /* interrupted */
		status = CLI_FAILURE;
	if (args->json)
		print_json(&v);
	else
		print_text(&v);
	json_object_put(v.status);
	if (fflush(stdout) != 0)
		status = CLI_FAILURE;
	if (v.left_behind)
		_exit(status);
	return (enum cli_exit)status;
}
