/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When. Due times are wall times in the ledger, so they survive a restart; here they become one
 * alarm on the boot clock, and nothing wakes before it. It starts no check itself: it asks for one
 * and is told when that has ended.
 */
#pragma once

#include <koban/clock.h>

#include "books.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_POLLER (koban_poller_get_type ())
G_DECLARE_FINAL_TYPE (KobanPoller, koban_poller, KOBAN, POLLER, GObject)

/* Asks for a check of @connection; koban_poller_checked() must follow. */
typedef void (*KobanPollerAsk) (KobanPoller *poller, const char *connection, gpointer user_data);

/* All (unowned), outlive the poller; @random is what the jitter is drawn from. */
KobanPoller *koban_poller_new        (KobanClock *clock, KobanBooks *books, GRand *random, KobanPollerAsk ask,
                                      gpointer user_data);
void         koban_poller_start      (KobanPoller *self);
void         koban_poller_stop       (KobanPoller *self);

/* The check that was asked for has ended, well or not. */
void         koban_poller_checked    (KobanPoller *self, const char *connection);
/* The check that was asked for is put off, for an hour or until koban_poller_hurry (); FALSE if it may not be: a day
 * has gone without a look, and silence would be worse. */
gboolean     koban_poller_put_off    (KobanPoller *self, const char *connection) G_GNUC_WARN_UNUSED_RESULT;
/* What was put off is asked for again, spread over two minutes. */
void         koban_poller_hurry      (KobanPoller *self);
/* Connections came, went or were checked by someone else. */
void         koban_poller_refresh    (KobanPoller *self);

/* Offline, nothing is due but the day after which silence must be told. */
void         koban_poller_set_online (KobanPoller *self, gboolean online);
/* The computer woke up: what fell due in its sleep is asked for once, spread over two minutes. */
void         koban_poller_resumed    (KobanPoller *self);
/* The keyring was unlocked: who waits for it is asked for soon. */
void         koban_poller_unlocked   (KobanPoller *self);

/* Boot time of the alarm that is set; 0 if none is. */
gint64       koban_poller_get_alarm_us (KobanPoller *self);

G_END_DECLS
