// SPDX-License-Identifier: MIT
/*
 * netlink_route.c — requests to the kernel: routes and rules
 *
 * The machine has routes and rules of its own. What is added here never takes
 * the place of any of them, and what is removed bears our marks.
 */
#include "mqttnode/netlink.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "netlink_internal.h"

/* Rules removed at most: an end to a loop over the world's data. */
#define FLUSH_MAX 256

static unsigned char family_of(const struct ip *a, const struct ip *b)
{
	return (unsigned char)(ip_is_set(a) ? a->family : b->family);
}

static struct nlmsghdr *route_request(struct netlink_request *request, uint16_t type,
				      uint16_t flags, const struct netlink_route *route)
{
	struct nlmsghdr *nlh = netlink_request_begin(request, type, flags);
	struct rtmsg *info = netlink_request_header(nlh, sizeof(*info));

	info->rtm_family = family_of(&route->destination, &route->gateway);
	info->rtm_dst_len = route->prefix_len;
	info->rtm_table = RT_TABLE_UNSPEC; /* RTA_TABLE has room for it */
	info->rtm_protocol = NETLINK_PROTOCOL;
	info->rtm_scope = ip_is_set(&route->gateway) ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	info->rtm_type = RTN_UNICAST;
	info->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
	mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	mnl_attr_put_u32(nlh, RTA_OIF, route->ifindex);
	if (route->prefix_len)
		netlink_put_address(nlh, RTA_DST, &route->destination);
	if (ip_is_set(&route->gateway))
		netlink_put_address(nlh, RTA_GATEWAY, &route->gateway);
	if (ip_is_set(&route->source))
		netlink_put_address(nlh, RTA_PREFSRC, &route->source);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	return nlh;
}

int netlink_route_add(struct netlink *nl, const struct netlink_route *route)
{
	struct netlink_request request;
	int r;

	/*
	 * NLM_F_REPLACE would replace somebody else's route of the same metric;
	 * APPEND puts ours behind it and fails only if ours is there.
	 */
	r = netlink_request_send(nl, route_request(&request, RTM_NEWROUTE,
						   NLM_F_CREATE | NLM_F_APPEND, route));
	return r == -EEXIST ? 0 : r;
}

int netlink_route_delete(struct netlink *nl, const struct netlink_route *route)
{
	struct netlink_request request;
	int r;

	r = netlink_request_send(nl, route_request(&request, RTM_DELROUTE, 0, route));
	return r == -ESRCH || r == -ENODEV ? 0 : r;
}

/* A request about our rules of @table and @family; more attributes narrow it down. */
static struct nlmsghdr *rule_request(struct netlink_request *request, uint16_t type,
				     uint16_t flags, unsigned char family, uint32_t table,
				     bool unreachable, struct fib_rule_hdr **ret_info)
{
	struct nlmsghdr *nlh = netlink_request_begin(request, type, flags);
	struct fib_rule_hdr *info = netlink_request_header(nlh, sizeof(*info));

	info->family = family;
	info->action = unreachable ? FR_ACT_UNREACHABLE : FR_ACT_TO_TBL;
	info->table = RT_TABLE_UNSPEC;		 /* FRA_TABLE has room for it */
	mnl_attr_put_u32(nlh, FRA_TABLE, table); /* of an end it is only a mark */
	mnl_attr_put_u32(nlh, FRA_PRIORITY, NETLINK_RULE_PRIORITY + unreachable);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, NETLINK_PROTOCOL);
	*ret_info = info;
	return nlh;
}

static int rule_change(struct netlink *nl, uint16_t type, uint16_t flags,
		       const struct netlink_rule *rule)
{
	struct fib_rule_hdr *info;
	struct netlink_request request;
	struct nlmsghdr *nlh;

	nlh = rule_request(&request, type, flags,
			   family_of(&rule->source, &rule->destination), rule->table,
			   rule->unreachable, &info);
	if (ip_is_set(&rule->source)) {
		info->src_len = (unsigned char)(8 * ip_size(&rule->source));
		netlink_put_address(nlh, FRA_SRC, &rule->source);
	}
	if (ip_is_set(&rule->destination)) {
		info->dst_len = (unsigned char)(8 * ip_size(&rule->destination));
		netlink_put_address(nlh, FRA_DST, &rule->destination);
	}
	if (rule->own_uid_only) {
		struct fib_rule_uid_range range = { .start = getuid(), .end = getuid() };

		mnl_attr_put(nlh, FRA_UID_RANGE, sizeof(range), &range);
	}
	return netlink_request_send(nl, nlh);
}

int netlink_rule_add(struct netlink *nl, const struct netlink_rule *rule)
{
	int r = rule_change(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);

	if (r == -EEXIST)
		return 0;
	return r < 0 ? r : 1;
}

int netlink_rule_delete(struct netlink *nl, const struct netlink_rule *rule)
{
	int r = rule_change(nl, RTM_DELRULE, 0, rule);

	return r == -ENOENT ? 0 : r;
}

/* Removes the rules of one kind. Returns how many, or -errno. */
static int flush_kind(struct netlink *nl, unsigned char family, uint32_t table,
		      bool unreachable)
{
	struct fib_rule_hdr *info;
	struct netlink_request request;
	int n = 0;
	int r = 0;

	/* Each removes the first rule that matches all marks. */
	while (n < FLUSH_MAX) {
		r = netlink_request_send(nl,
					 rule_request(&request, RTM_DELRULE, 0, family,
						      table, unreachable, &info));
		if (r < 0)
			break;
		n++;
	}
	/* A kernel without IPv6 has no rules for it. */
	return r == 0 || r == -ENOENT || r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? n : r;
}

int netlink_rules_flush(struct netlink *nl, uint32_t table)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	int n = 0;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(families); i++) {
		int r = flush_kind(nl, families[i / 2], table, i % 2 == 0);

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}
