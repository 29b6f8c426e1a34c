// SPDX-License-Identifier: MIT
/*
 * netlink.c — requests to the kernel: link, addresses, neighbours
 *
 * One request at a time, answered before the call returns. The kernel works a
 * request off inside sendto(), so the answer is there at once; the limit on
 * the wait only guards against a kernel that does not answer at all.
 */
#include "mqttnode/netlink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "mqttnode/clock.h"
#include "mqttnode/text.h"

#include "netlink_internal.h"

#define ANSWER_LIMIT_NS (1 * NSEC_PER_SEC)
#define DUMP_TRIES	5 /* a dump that changed while it was read is repeated */

struct netlink {
	struct mnl_socket *socket;
	struct netlink_watch *watch;
	uint32_t seq;
	char error[128];
	_Alignas(struct nlmsghdr) char buf[NETLINK_BUFFER_SIZE];
};

/* --- Requests and answers ------------------------------------------------- */

struct nlmsghdr *netlink_request_begin(struct netlink_request *request, uint16_t type,
				       uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

void *netlink_request_header(struct nlmsghdr *nlh, size_t size)
{
	return mnl_nlmsg_put_extra_header(nlh, size);
}

void netlink_put_address(struct nlmsghdr *nlh, uint16_t type, const struct ip *address)
{
	mnl_attr_put(nlh, type, ip_size(address), ip_bytes(address));
}

static int take_error_text(const struct nlattr *attr, void *data)
{
	struct netlink *nl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		text_escape_str(nl->error, sizeof(nl->error), mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* The end of an answer: 0, or the error with the kernel's explanation kept. */
static int take_result(struct netlink *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*error);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return -EBADMSG;
	if (error->error >= 0)
		return 0;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += error->msg.nlmsg_len - sizeof(error->msg);
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) &&
	    offset < mnl_nlmsg_get_payload_len(nlh))
		(void)mnl_attr_parse(nlh, (unsigned int)offset, take_error_text, nl);
	return error->error;
}

/*
 * Goes through one datagram. Returns 1 if the answer goes on, else its result.
 * What belongs to an earlier request (one that we gave up) is skipped.
 */
static int take_datagram(struct netlink *nl, size_t len, netlink_answer answer, void *ctx,
			 bool *interrupted)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)nl->buf;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != nl->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return take_result(nl, nlh);
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && answer)
			answer(ctx, nlh);
	}
	return 1;
}

/* Sends a request and takes its whole answer. 0 or -errno; -EINTR: a dump to be repeated.
 */
static int transact(struct netlink *nl, struct nlmsghdr *nlh, netlink_answer answer,
		    void *ctx)
{
	uint64_t deadline = clock_now_ns(&clock_system) + ANSWER_LIMIT_NS;
	bool interrupted = false;
	int r;

	nl->error[0] = '\0';
	nlh->nlmsg_seq = ++nl->seq;
	nlh->nlmsg_flags |= NLM_F_ACK;
	assert(nlh->nlmsg_len <= sizeof(struct netlink_request));
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t n = netlink_receive(nl->socket, nl->buf, sizeof(nl->buf));

		if (n < 0 && n != -EAGAIN)
			return (int)n;
		r = n > 0 ? take_datagram(nl, (size_t)n, answer, ctx, &interrupted) : 1;
		if (r == 1 && clock_now_ns(&clock_system) >= deadline)
			return -ETIMEDOUT;
	} while (r == 1);
	return r == 0 && interrupted ? -EINTR : r;
}

int netlink_request_dump(struct netlink *nl, struct nlmsghdr *nlh, netlink_answer answer,
			 void *ctx)
{
	int r = -EINTR;

	nlh->nlmsg_flags |= NLM_F_DUMP;
	for (unsigned int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
		r = transact(nl, nlh, answer, ctx);
	return r;
}

int netlink_request_addresses(struct netlink *nl, sa_family_t family,
			      netlink_answer answer, void *ctx)
{
	struct netlink_request request;
	struct nlmsghdr *nlh = netlink_request_begin(&request, RTM_GETADDR, 0);
	struct ifaddrmsg *address = netlink_request_header(nlh, sizeof(*address));

	address->ifa_family = (uint8_t)family;
	return netlink_request_dump(nl, nlh, answer, ctx);
}

int netlink_request_send(struct netlink *nl, struct nlmsghdr *nlh)
{
	return transact(nl, nlh, NULL, NULL);
}

/* --- Life ----------------------------------------------------------------- */

/*
 * What is heard about answers makes our users send requests of their own, which
 * must not happen while an answer is being read: they are kept, and told after.
 */
struct kept {
	char *data;
	size_t len;
	bool full; /* no memory for the rest */
};

static void keep_answer(void *ctx, const struct nlmsghdr *nlh)
{
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);
	struct kept *kept = ctx;
	char *data = kept->full ? NULL : realloc(kept->data, kept->len + len);

	if (!data) {
		kept->full = true;
		return;
	}
	memset(data + kept->len + len - NLMSG_ALIGNTO, 0, NLMSG_ALIGNTO);
	memcpy(data + kept->len, nlh, nlh->nlmsg_len);
	kept->data = data;
	kept->len += len;
}

static void tell_answers(struct netlink *nl, const struct kept *kept)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)kept->data;
	int left = (int)kept->len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		netlink_watch_message(nl->watch, nlh);
}

static void refresh(void *ctx, unsigned int ifindex)
{
	struct netlink *nl = ctx;
	struct kept kept = { 0 };
	struct netlink_request request;
	struct ifinfomsg *link;
	struct ndmsg *neighbour;
	struct nlmsghdr *nlh;

	nlh = netlink_request_begin(&request, RTM_GETLINK, 0);
	link = netlink_request_header(nlh, sizeof(*link));
	link->ifi_index = (int)ifindex;
	if (transact(nl, nlh, keep_answer, &kept) < 0)
		goto out; /* gone: RTM_DELLINK tells */

	(void)netlink_request_addresses(nl, AF_UNSPEC, keep_answer, &kept);

	nlh = netlink_request_begin(&request, RTM_GETNEIGH, 0);
	neighbour = netlink_request_header(nlh, sizeof(*neighbour));
	neighbour->ndm_family = AF_UNSPEC;
	mnl_attr_put_u32(nlh, NDA_IFINDEX, ifindex);
	(void)netlink_request_dump(nl, nlh, keep_answer, &kept);

	tell_answers(nl, &kept);
out:
	free(kept.data);
}

static int open_socket(struct netlink *nl)
{
	struct timeval limit = { .tv_sec = ANSWER_LIMIT_NS / NSEC_PER_SEC };
	int on = 1;

	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->socket || mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	if (setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit)) < 0)
		return -errno;
	/* Only explanations are lost if the kernel does not know these. */
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

int netlink_new(struct netlink **ret, sd_event *event,
		const struct netlink_events *events)
{
	_cleanup_(netlink_freep) struct netlink *nl = NULL;
	int r;

	nl = calloc(1, sizeof(*nl));
	if (!nl)
		return -ENOMEM;
	r = open_socket(nl);
	if (r < 0)
		return r;
	r = netlink_watch_new(&nl->watch, event, events,
			      mnl_socket_get_portid(nl->socket), refresh, nl);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(nl);
	return 0;
}

struct netlink *netlink_free(struct netlink *nl)
{
	if (!nl)
		return NULL;
	netlink_watch_free(nl->watch);
	if (nl->socket)
		(void)mnl_socket_close(nl->socket);
	free(nl);
	return NULL;
}

const char *netlink_error(const struct netlink *nl)
{
	return nl->error;
}

void netlink_watch(struct netlink *nl, unsigned int ifindex)
{
	netlink_watch_interface(nl->watch, ifindex);
}

/* --- Link ----------------------------------------------------------------- */

/*
 * A router's advertisement gives an address even to an interface that has no
 * link-local one, and netlink has no word against it. Where /proc/sys may not
 * be written (ProtectKernelTunables=) our sysctl.d file has done the same.
 */
static void ignore_routers(unsigned int ifindex)
{
	_cleanup_close_ int fd = -1;
	char name[IF_NAMESIZE], path[64];

	if (!if_indextoname(ifindex, name))
		return;
	text_format(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "0", 1);
}

static int generate_no_addresses(struct netlink *nl, unsigned int ifindex)
{
	struct nlattr *families, *inet6;
	struct netlink_request request;
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;

	nlh = netlink_request_begin(&request, RTM_NEWLINK, 0);
	info = netlink_request_header(nlh, sizeof(*info));
	info->ifi_index = (int)ifindex;
	families = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, families);
	return netlink_request_send(nl, nlh);
}

int netlink_link_up(struct netlink *nl, unsigned int ifindex, uint32_t mtu)
{
	struct netlink_request request;
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;
	int r;

	/* While it is still down, or it has its link-local address already. */
	ignore_routers(ifindex);
	r = generate_no_addresses(nl, ifindex);
	if (r < 0 && r != -EAFNOSUPPORT) /* a kernel without IPv6 */
		return r;

	nlh = netlink_request_begin(&request, RTM_NEWLINK, 0);
	info = netlink_request_header(nlh, sizeof(*info));
	info->ifi_index = (int)ifindex;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return netlink_request_send(nl, nlh);
}

struct stats_answer {
	struct netlink_link_stats *ret;
	bool found;
};

static void take_stats(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *attrs[IFLA_MAX + 1];
	struct stats_answer *answer = ctx;
	struct rtnl_link_stats64 stats;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    netlink_parse(nlh, sizeof(struct ifinfomsg), attrs, IFLA_MAX) < 0 ||
	    !attrs[IFLA_STATS64])
		return;
	/* Newer kernels append counters, older ones have fewer. */
	memset(&stats, 0, sizeof(stats));
	memcpy(&stats, mnl_attr_get_payload(attrs[IFLA_STATS64]),
	       mnl_attr_get_payload_len(attrs[IFLA_STATS64]) < sizeof(stats)
		       ? mnl_attr_get_payload_len(attrs[IFLA_STATS64])
		       : sizeof(stats));
	*answer->ret = (struct netlink_link_stats){
		.rx_packets = stats.rx_packets,
		.tx_packets = stats.tx_packets,
		.rx_dropped = stats.rx_dropped,
		.tx_dropped = stats.tx_dropped,
	};
	answer->found = true;
}

int netlink_link_stats(struct netlink *nl, unsigned int ifindex,
		       struct netlink_link_stats *ret)
{
	struct stats_answer answer = { .ret = ret };
	struct netlink_request request;
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;
	int r;

	nlh = netlink_request_begin(&request, RTM_GETLINK, 0);
	info = netlink_request_header(nlh, sizeof(*info));
	info->ifi_index = (int)ifindex;
	r = transact(nl, nlh, take_stats, &answer);
	if (r < 0)
		return r;
	return answer.found ? 0 : -EBADMSG;
}

/* --- Addresses ------------------------------------------------------------ */

static struct nlmsghdr *address_request(struct netlink_request *request, uint16_t type,
					uint16_t flags, unsigned int ifindex,
					const struct ip *address, uint8_t prefix_len)
{
	struct nlmsghdr *nlh = netlink_request_begin(request, type, flags);
	struct ifaddrmsg *info = netlink_request_header(nlh, sizeof(*info));

	info->ifa_family = (unsigned char)address->family;
	info->ifa_prefixlen = prefix_len;
	info->ifa_index = ifindex;
	netlink_put_address(nlh, IFA_LOCAL, address);
	netlink_put_address(nlh, IFA_ADDRESS, address);
	return nlh;
}

int netlink_address_add(struct netlink *nl, unsigned int ifindex, struct ip address,
			uint8_t prefix_len, struct netlink_lifetime lifetime)
{
	const uint32_t for_ever = UINT32_MAX;
	struct ifa_cacheinfo cache = {
		.ifa_prefered = lifetime.valid_s ? lifetime.preferred_s : for_ever,
		.ifa_valid = lifetime.valid_s ? lifetime.valid_s : for_ever,
	};
	struct netlink_request request;
	struct nlmsghdr *nlh;

	nlh = address_request(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
			      ifindex, &address, prefix_len);
	/* RFC 3021: two hosts need no broadcast */
	if (address.family == AF_INET && prefix_len < 31) {
		struct ip broadcast = address;

		broadcast.v4.s_addr |= htonl(UINT32_MAX >> prefix_len);
		netlink_put_address(nlh, IFA_BROADCAST, &broadcast);
	}
	mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NOPREFIXROUTE);
	mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(cache), &cache);
	return netlink_request_send(nl, nlh);
}

int netlink_address_delete(struct netlink *nl, unsigned int ifindex, struct ip address,
			   uint8_t prefix_len)
{
	struct netlink_request request;
	int r;

	r = netlink_request_send(nl, address_request(&request, RTM_DELADDR, 0, ifindex,
						     &address, prefix_len));
	return r == -EADDRNOTAVAIL || r == -ENODEV ? 0 : r;
}

struct subnet_answer {
	unsigned int ifindex;
	struct in_addr address;
	uint8_t prefix_len;
	unsigned int found; /* index of another interface, 0: none */
	bool same;	    /* it has the very address */
};

static void take_subnet(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[IFA_MAX + 1];
	struct subnet_answer *answer = ctx;
	uint8_t prefix_len;
	uint32_t differ;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    netlink_parse(nlh, sizeof(*info), attrs, IFA_MAX) < 0 ||
	    info->ifa_family != AF_INET || info->ifa_index == answer->ifindex ||
	    info->ifa_prefixlen > 32 || !attrs[IFA_LOCAL])
		return;
	/* One subnet holds the other if they agree in the shorter prefix. */
	prefix_len = info->ifa_prefixlen < answer->prefix_len ? info->ifa_prefixlen
							      : answer->prefix_len;
	differ = ntohl(netlink_get_address(attrs[IFA_LOCAL], info->ifa_index).v4.s_addr ^
		       answer->address.s_addr);
	if (answer->same || prefix_len == 0 || differ >> (32 - prefix_len) != 0)
		return;
	answer->found = info->ifa_index;
	answer->same = differ == 0;
}

int netlink_subnet_elsewhere(struct netlink *nl, unsigned int ifindex,
			     struct in_addr address, uint8_t prefix_len,
			     char name[IF_NAMESIZE])
{
	struct subnet_answer answer = {
		.ifindex = ifindex,
		.address = address,
		.prefix_len = prefix_len,
	};
	int r = netlink_request_addresses(nl, AF_INET, take_subnet, &answer);

	if (r < 0)
		return r;
	if (!answer.found || !if_indextoname(answer.found, name))
		return 0;
	return answer.same ? 2 : 1;
}

/* --- Neighbours ----------------------------------------------------------- */

static struct nlmsghdr *neighbour_request(struct netlink_request *request, uint16_t type,
					  uint16_t flags, unsigned int ifindex,
					  const struct ip *address,
					  struct ndmsg **ret_info)
{
	struct nlmsghdr *nlh = netlink_request_begin(request, type, flags);
	struct ndmsg *info = netlink_request_header(nlh, sizeof(*info));

	info->ndm_family = (unsigned char)address->family;
	info->ndm_ifindex = (int)ifindex;
	netlink_put_address(nlh, NDA_DST, address);
	*ret_info = info;
	return nlh;
}

int netlink_neighbour_probe(struct netlink *nl, unsigned int ifindex, struct ip address)
{
	struct netlink_request request;
	struct nlmsghdr *nlh;
	struct ndmsg *info;

	nlh = neighbour_request(&request, RTM_NEWNEIGH, NLM_F_CREATE, ifindex, &address,
				&info);
	info->ndm_flags = NTF_USE; /* as if there were a packet to send */
	return netlink_request_send(nl, nlh);
}

static void take_neighbour(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	int *state = ctx;

	if (nlh->nlmsg_type == RTM_NEWNEIGH &&
	    mnl_nlmsg_get_payload_len(nlh) >= sizeof(*info))
		*state = info->ndm_state;
}

int netlink_neighbour_state(struct netlink *nl, unsigned int ifindex, struct ip address)
{
	struct netlink_request request;
	struct nlmsghdr *nlh;
	struct ndmsg *info;
	int state = 0;
	int r;

	nlh = neighbour_request(&request, RTM_GETNEIGH, 0, ifindex, &address, &info);
	r = transact(nl, nlh, take_neighbour, &state);
	if (r < 0 && r != -ENOENT)
		return r;
	return state;
}
