/* SPDX-License-Identifier: MIT */
/*
 * mqtt_loss.h — what the end of a connection means
 *
 * The same word of the library means one thing before TCP is up, another in the
 * handshake, and another in a session.
 */
#ifndef MQTTNODE_MQTT_LOSS_H
#define MQTTNODE_MQTT_LOSS_H

#include <stdbool.h>

#include "mqtt_connection.h"

/* Whether @error, which came before TCP was seen to be up, says that it was. */
bool mqtt_loss_was_connected(const struct mqtt_error *error);

/*
 * Whether @error says that the broker has ended a session, and nothing of another reason
 * than a packet that it does not take.
 */
bool mqtt_loss_is_by_broker(const struct mqtt_error *error);

/*
 * Why @c, as far as it had come, ended with @error. @verdict is on a session; what the
 * broker itself says is better.
 */
void mqtt_loss_explain(const struct mqtt_connection *c, struct mqtt_cause *ret,
		       const struct mqtt_error *error, enum mqtt_poison_verdict verdict);

#endif
