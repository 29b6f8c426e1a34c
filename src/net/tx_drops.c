// SPDX-License-Identifier: MIT
/* tx_drops.c — what the kernel dropped instead of giving it to the pump, and when */
#include "tx_drops.h"

void tx_drops_read(struct tx_drops *d, uint64_t dropped)
{
	d->device = dropped;
}

void tx_drops_ready(struct tx_drops *d, bool ready)
{
	if (ready == d->ready)
		return;
	if (ready)
		d->unready += tx_drops_all(d) - d->at_end;
	else
		d->at_end = tx_drops_all(d);
	d->ready = ready;
}

void tx_drops_device_gone(struct tx_drops *d)
{
	d->before += d->device;
	d->device = 0;
}

uint64_t tx_drops_all(const struct tx_drops *d)
{
	return d->before + d->device;
}

uint64_t tx_drops_overrun(const struct tx_drops *d)
{
	return (d->ready ? tx_drops_all(d) : d->at_end) - d->unready;
}
