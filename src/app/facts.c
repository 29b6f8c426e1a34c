// SPDX-License-Identifier: MIT
/* facts.c — what the node knows about itself */
#include "mqttnode/facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "mqttnode/clock.h"
#include "mqttnode/mac.h"
#include "mqttnode/text.h"

struct facts {
	pthread_mutex_t lock; /* protects view */
	struct facts_view view;
};

int facts_new(struct facts **ret)
{
	struct facts *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	(void)pthread_mutex_init(&f->lock, NULL);
	*ret = f;
	return 0;
}

struct facts *facts_free(struct facts *f)
{
	if (!f)
		return NULL;
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
	return NULL;
}

void facts_set(struct facts *f, const struct facts_view *view)
{
	(void)pthread_mutex_lock(&f->lock);
	f->view = *view;
	(void)pthread_mutex_unlock(&f->lock);
}

void facts_get(struct facts *f, struct facts_view *ret)
{
	(void)pthread_mutex_lock(&f->lock);
	*ret = f->view;
	(void)pthread_mutex_unlock(&f->lock);
}

struct in_addr facts_netmask(const struct facts_view *view)
{
	uint32_t mask = view->prefix_len ? UINT32_MAX << (32 - view->prefix_len) : 0;

	return (struct in_addr){ .s_addr = htonl(mask) };
}

void facts_texts(const struct facts_view *view, uint64_t now_ns, struct facts_texts *ret)
{
	struct in_addr netmask = facts_netmask(view);
	time_t now = time(NULL);
	struct tm tm;

	memset(ret, 0, sizeof(*ret));
#define TEXT(name) ret->text[TEMPLATE_##name], sizeof(ret->text[0])
	if (view->address.s_addr) {
		(void)inet_ntop(AF_INET, &view->address, TEXT(IP));
		(void)inet_ntop(AF_INET, &netmask, TEXT(NETMASK));
	}
	if (view->gateway.s_addr)
		(void)inet_ntop(AF_INET, &view->gateway, TEXT(GATEWAY));
	(void)mac_format(view->mac, ret->text[TEMPLATE_MAC]);
	text_format(TEXT(INTERFACE), "%s", view->interface);
	text_format(TEXT(HOSTNAME), "%s", view->hostname);
	text_format(TEXT(CLIENT_ID), "%s", view->client_id);
	text_format(TEXT(UPTIME), "%llu",
		    (unsigned long long)((now_ns - view->started_ns) / NSEC_PER_SEC));
	if (gmtime_r(&now, &tm))
		(void)strftime(TEXT(TIME), "%Y-%m-%dT%H:%M:%SZ", &tm);
#undef TEXT
}
