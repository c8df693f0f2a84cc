/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the outbox to one channel: at least once, in order, one at a time, retried until the channel
 * took it. A kill between the taking and the mark costs one repeat, under the same id. It opens no alert and
 * answers none, and knows of no other channel. Signal "fared" (): a failure, or the end of failures, was marked.
 */
#pragma once

#include <koban/clock.h>

#include "books.h"
#include "channel/channel.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_LANE (koban_lane_get_type ())
G_DECLARE_FINAL_TYPE (KobanLane, koban_lane, KOBAN, LANE, GObject)

/* @channel is referenced, the others (unowned) outlive the lane. */
KobanLane    *koban_lane_new         (KobanClock *clock, KobanBooks *books, KobanChannel *channel, GRand *random);
KobanChannel *koban_lane_get_channel (KobanLane *self);
void          koban_lane_set_quiet   (KobanLane *self, const KobanQuiet *quiet);
/* Shows open incidents again, in silence, where a server may have forgotten them, and delivers what waits. */
void          koban_lane_start       (KobanLane *self);
/* Something was committed: there may be something to tell, or something that is over. */
void          koban_lane_wake        (KobanLane *self);
/* A check went well: whoever is told that Koban watches may be due. */
void          koban_lane_looked      (KobanLane *self);
/* That nothing can be kept, and why (nullable: it can). */
void          koban_lane_set_blind   (KobanLane *self, const char *why);
/* Calls back when the delivery at hand has ended and is marked; begins no other. Before the last unref. */
void          koban_lane_stop_async  (KobanLane *self, GAsyncReadyCallback callback, gpointer user_data);
void          koban_lane_stop_finish (KobanLane *self, GAsyncResult *result);

G_END_DECLS
