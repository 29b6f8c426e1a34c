// SPDX-License-Identifier: MIT
/* plan.c — the routes and rules that should exist, and the way there */
#include "plan.h"

#include <assert.h>

#include "mqttnode/log.h"
#include "mqttnode/text.h"

void plan_route(struct plan *plan, const struct netlink_route *route)
{
	assert(plan->n_routes < PLAN_ROUTES_MAX);
	plan->routes[plan->n_routes++] = *route;
}

void plan_rule(struct plan *plan, struct netlink_rule rule)
{
	assert(plan->n_rules + 2 <= PLAN_RULES_MAX);
	plan->rules[plan->n_rules++] = rule;
	rule.unreachable = true;
	plan->rules[plan->n_rules++] = rule;
}

static bool same_route(const struct netlink_route *a, const struct netlink_route *b)
{
	return ip_equal(&a->destination, &b->destination) &&
	       a->prefix_len == b->prefix_len && ip_equal(&a->gateway, &b->gateway) &&
	       ip_equal(&a->source, &b->source) && a->table == b->table &&
	       a->onlink == b->onlink;
}

static bool same_rule(const struct netlink_rule *a, const struct netlink_rule *b)
{
	return ip_equal(&a->source, &b->source) &&
	       ip_equal(&a->destination, &b->destination) &&
	       a->own_uid_only == b->own_uid_only && a->unreachable == b->unreachable;
}

static bool has_route(const struct plan *plan, const struct netlink_route *route)
{
	for (size_t i = 0; i < plan->n_routes; i++)
		if (same_route(&plan->routes[i], route))
			return true;
	return false;
}

static bool has_rule(const struct plan *plan, const struct netlink_rule *rule)
{
	for (size_t i = 0; i < plan->n_rules; i++)
		if (same_rule(&plan->rules[i], rule))
			return true;
	return false;
}

/* @rule is wanted: it lingers no longer. */
static void take_back(struct plan *done, const struct netlink_rule *rule)
{
	for (size_t i = 0; i < done->n_lingering; i++)
		if (same_rule(&done->lingering[i], rule)) {
			done->lingering[i] = done->lingering[--done->n_lingering];
			return;
		}
}

const char *plan_kernel_words(const struct netlink *nl, char *buf, size_t size)
{
	const char *words = netlink_error(nl);

	return words[0] ? text_format(buf, size, " (%s)", words) : "";
}

static void remove_rule(const struct netlink_rule *rule, struct netlink *nl)
{
	char words[160];
	int r = netlink_rule_delete(nl, rule);

	if (r < 0)
		log_warning_errno(r, "Cannot remove a routing rule: %m%s, ignoring",
				  plan_kernel_words(nl, words, sizeof(words)));
}

/* A rule that is not wanted any more. */
static void retire_rule(struct plan *done, const struct netlink_rule *rule,
			struct netlink *nl)
{
	if (rule->own_uid_only && done->n_lingering < ARRAY_SIZE(done->lingering))
		done->lingering[done->n_lingering++] = *rule;
	else
		remove_rule(rule, nl);
}

void plan_remove_surplus(struct plan *done, const struct plan *wanted, struct netlink *nl,
			 const char *interface)
{
	char words[160];
	int r;

	for (size_t i = 0; i < done->n_rules; i++)
		if (!has_rule(wanted, &done->rules[i]))
			retire_rule(done, &done->rules[i], nl);
	for (size_t i = 0; i < done->n_routes; i++) {
		if (has_route(wanted, &done->routes[i]))
			continue;
		r = netlink_route_delete(nl, &done->routes[i]);
		if (r < 0)
			log_warning_errno(
				r, "Cannot remove a route from %s: %m%s, ignoring",
				interface, plan_kernel_words(nl, words, sizeof(words)));
	}
}

void plan_clear(struct plan *done, struct netlink *nl, const char *interface)
{
	static const struct plan nothing;

	plan_remove_surplus(done, &nothing, nl, interface);
	done->n_routes = done->n_rules = 0;
}

void plan_let_go(struct plan *done, struct netlink *nl)
{
	while (done->n_lingering > 0)
		remove_rule(&done->lingering[--done->n_lingering], nl);
}

int plan_add_routes(struct plan *done, const struct plan *wanted, struct netlink *nl,
		    const char *interface)
{
	struct plan before = *done;
	char words[160];
	int r, result = 0;

	done->n_routes = 0;
	for (size_t i = 0; i < wanted->n_routes; i++) {
		const struct netlink_route *route = &wanted->routes[i];

		r = has_route(&before, route) ? 0 : netlink_route_add(nl, route);
		if (r >= 0) {
			done->routes[done->n_routes++] = *route;
			continue;
		}
		log_error_errno(r, "Cannot add a route to %s: %m%s", interface,
				plan_kernel_words(nl, words, sizeof(words)));
		result = result < 0 ? result : r;
	}
	return result;
}

int plan_add_rules(struct plan *done, const struct plan *wanted, struct netlink *nl)
{
	struct plan before = *done;
	char words[160];
	int r, result = 0;

	done->n_rules = 0;
	for (size_t i = 0; i < wanted->n_rules; i++) {
		const struct netlink_rule *rule = &wanted->rules[i];

		take_back(done, rule);
		r = has_rule(&before, rule) ? 0 : netlink_rule_add(nl, rule);
		if (r >= 0) {
			done->rules[done->n_rules++] = *rule;
			continue;
		}
		log_error_errno(r, "Cannot add a routing rule: %m%s",
				plan_kernel_words(nl, words, sizeof(words)));
		result = result < 0 ? result : r;
	}
	return result;
}

static int add_all(const struct netlink_rule *rules, size_t n, struct netlink *nl)
{
	int r, added = 0, result = 0;

	for (size_t i = 0; i < n; i++) {
		r = netlink_rule_add(nl, &rules[i]);
		if (r >= 0)
			added += r;
		else if (result == 0)
			result = r;
	}
	return result < 0 ? result : added;
}

int plan_restore_rules(const struct plan *done, struct netlink *nl)
{
	int r = add_all(done->rules, done->n_rules, nl);
	int lingering = add_all(done->lingering, done->n_lingering, nl);

	if (r < 0 || lingering < 0)
		return r < 0 ? r : lingering;
	return r + lingering;
}
