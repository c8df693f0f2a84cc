/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages: what a channel is given to show. The sentences of alerts are wording's; here they are put together with what
 * a channel needs to know. Whatever leaves the device has its code in it. All (transfer full).
 */
#pragma once

#include "channel/channel.h"

#include <koban/ledger.h>

G_BEGIN_DECLS

/* The incidents that are none: each takes its own place, and nobody's. */
#define KOBAN_WORDS_TEST  "test"
#define KOBAN_WORDS_WATCH "watch"

KobanMessage *koban_words_of_delivery  (const KobanDelivery *delivery, KobanChannelKind kind, KobanDetail detail, gint64 now_us);
KobanMessage *koban_words_of_test      (const char *code, gint64 now_us);
/* @delay_us: after that long without a later one it is true that Koban has not looked; 0: it says that Koban watches. */
KobanMessage *koban_words_of_watch     (const char *code, gint64 delay_us, gint64 now_us);
/* @why is only said where details are. */
KobanMessage *koban_words_of_blindness (const char *incident, const char *why, KobanDetail detail, gint64 now_us);

/* As the ledger keeps it: borrowed from both. */
KobanSaid     koban_words_said         (const KobanMessage *message, const char *channel);

G_END_DECLS
