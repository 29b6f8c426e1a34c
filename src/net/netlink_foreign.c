// SPDX-License-Identifier: MIT
/*
 * netlink_foreign.c — requests to the kernel: what others put on the interface
 *
 * The lists are asked for whole and looked through here: kernels before 4.20
 * do not filter them by interface.
 */
#include "mqttnode/netlink.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "netlink_internal.h"

struct address_answer {
	unsigned int ifindex;
	struct netlink_foreign *ret;
	uint8_t scope;
};

/* The kernel lists the primary address of a subnet before the others. */
static void take_address(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[IFA_MAX + 1];
	struct address_answer *answer = ctx;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    netlink_parse(nlh, sizeof(*info), attrs, IFA_MAX) < 0 ||
	    info->ifa_family != AF_INET || info->ifa_index != answer->ifindex ||
	    info->ifa_prefixlen > 32 || !attrs[IFA_LOCAL])
		return;
	/* A wider scope is a smaller number. */
	if (answer->ret->address.s_addr && info->ifa_scope >= answer->scope)
		return;
	answer->scope = info->ifa_scope;
	answer->ret->address = netlink_get_address(attrs[IFA_LOCAL], info->ifa_index).v4;
	answer->ret->prefix_len = info->ifa_prefixlen;
}

struct route_answer {
	unsigned int ifindex;
	struct netlink_foreign *ret;
	bool main_table;
	uint32_t metric;
};

static uint32_t get_number(const struct nlattr *attr, uint32_t fallback)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ? mnl_attr_get_u32(attr)
								  : fallback;
}

static void take_route(void *ctx, const struct nlmsghdr *nlh)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[RTA_MAX + 1];
	struct route_answer *answer = ctx;
	struct in_addr gateway;
	bool main_table;
	uint32_t metric;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    netlink_parse(nlh, sizeof(*info), attrs, RTA_MAX) < 0 ||
	    info->rtm_family != AF_INET || info->rtm_type != RTN_UNICAST ||
	    get_number(attrs[RTA_OIF], 0) != answer->ifindex)
		return;
	answer->ret->routed = true;
	if (info->rtm_dst_len != 0)
		return;
	gateway = netlink_get_address(attrs[RTA_GATEWAY], answer->ifindex).v4;
	metric = get_number(attrs[RTA_PRIORITY], 0);
	main_table = get_number(attrs[RTA_TABLE], info->rtm_table) == RT_TABLE_MAIN;
	if (!gateway.s_addr ||
	    (answer->ret->gateway.s_addr &&
	     (answer->main_table > main_table ||
	      (answer->main_table == main_table && answer->metric <= metric))))
		return;
	answer->ret->gateway = gateway;
	answer->main_table = main_table;
	answer->metric = metric;
}

int netlink_foreign_find(struct netlink *nl, unsigned int ifindex,
			 struct netlink_foreign *ret)
{
	struct address_answer addresses = { .ifindex = ifindex, .ret = ret };
	struct route_answer routes = { .ifindex = ifindex, .ret = ret };
	struct netlink_request request;
	struct nlmsghdr *nlh;
	struct rtmsg *route;
	int r;

	*ret = (struct netlink_foreign){ 0 };
	r = netlink_request_addresses(nl, AF_INET, take_address, &addresses);
	if (r < 0)
		return r;
	nlh = netlink_request_begin(&request, RTM_GETROUTE, 0);
	route = netlink_request_header(nlh, sizeof(*route));
	route->rtm_family = AF_INET;
	return netlink_request_dump(nl, nlh, take_route, &routes);
}
