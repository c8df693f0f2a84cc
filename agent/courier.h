/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the outbox to a channel: at least once, in order, one at a time, retried until the channel
 * took it. A kill between the taking and the mark costs one repeat. It opens no alert and answers
 * none; signal "action" (incident s, action s) passes on what the person pressed.
 */
#pragma once

#include <koban/clock.h>

#include "books.h"
#include "channel/channel.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_COURIER (koban_courier_get_type ())
G_DECLARE_FINAL_TYPE (KobanCourier, koban_courier, KOBAN, COURIER, GObject)

/* All (unowned), outlive the courier. */
KobanCourier *koban_courier_new        (KobanClock *clock, KobanBooks *books, GRand *random);
/* The ways to the person: the first is the desktop, the others in the order in which they are to be tried. May be called
 * again, with others, at any time: what waits for one that is gone is forgotten, and that one came, went or says more
 * than before is told on the others. @channels (element-type KobanChannel) is referenced. */
void          koban_courier_set_channels (KobanCourier *self, GPtrArray *channels);
/* Shows open incidents again, in silence, and delivers what waits. */
void          koban_courier_start      (KobanCourier *self);
/* Something was committed: there may be something to tell, or something that is over. */
void          koban_courier_wake       (KobanCourier *self);

/* As far as is known without telling anything. */
gboolean      koban_courier_is_heard   (KobanCourier *self);

/* What only we know, because the ledger cannot be written: that Koban is blind, and why (nullable: it sees again). Shown
 * once, and taken away when it is over. */
void          koban_courier_set_blind    (KobanCourier *self, const char *why);

/* A message that says that this channel works. */
void          koban_courier_test_async  (KobanCourier *self, const char *channel, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
gboolean      koban_courier_test_finish (KobanCourier *self, GAsyncResult *result, GError **error);

/* Calls back when the delivery at hand has ended and is marked; begins no other. */
void          koban_courier_stop_async  (KobanCourier *self, GAsyncReadyCallback callback, gpointer user_data);
void          koban_courier_stop_finish (KobanCourier *self, GAsyncResult *result);

/* The words for one delivery at one level of detail. (transfer full) */
KobanMessage *koban_courier_word       (const KobanDelivery *delivery, KobanDetail detail);

G_END_DECLS
