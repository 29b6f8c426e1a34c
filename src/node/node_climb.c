// SPDX-License-Identifier: MIT
/* node_climb.c — a temporary node: up the ladder once, what it saw, and down again */
#include "mqttnode/climb.h"
#include "mqttnode/clock.h"

#include "node_internal.h"

#define LOOK_US 100000

static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct node *n = userdata;
	struct display_status display;
	struct report_sources sources = node_sources(n);

	(void)usec;
	if (n->display)
		display_get_status(n->display, &display);
	if (!climb_is_over(sources.view, n->display ? &display : NULL, n->self.started_ns,
			   clock_now_ns(&clock_system))) {
		(void)sd_event_source_set_time_relative(source, LOOK_US);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	n->climbed = json_object_new_object();
	report_status(&sources, n->climbed);
	return node_begin_stop(n, "what it saw");
}

int node_begin_climb(struct node *n)
{
	return sd_event_add_time_relative(n->event, NULL, CLOCK_MONOTONIC, LOOK_US, 0,
					  on_look, n);
}
