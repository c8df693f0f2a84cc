/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one decision of which line and which link is the same one. Pure: known rows and heard rows in,
 * pairs out; no store, no clock.
 */
#pragma once

#include <koban/link.h>
#include <koban/snapshot.h>
#include <koban/transaction.h>

G_BEGIN_DECLS

#define KOBAN_IDENTITY_NEW    (-1) /* nothing known is this */
#define KOBAN_IDENTITY_REPEAT (-2) /* said twice in one listing */

typedef struct
{
  KobanTransaction *line;     /* (unowned) */
  gboolean          expected; /* the listing is whole and reaches it: if the bank still has it, it was heard */
} KobanKnownLine;

/* For each heard line (element-type KobanTransaction): the index of the known line that it is, NEW or REPEAT. No known
 * line is given twice. @known (element-type KobanKnownLine). (transfer full) (element-type gint) */
GArray  *koban_identity_lines    (GArray *known, GPtrArray *heard);
/* The same for links of one account or of one connection (element-type KobanLink, both). */
GArray  *koban_identity_links    (GPtrArray *known, GPtrArray *heard);

/* What a line is after it was heard again: what the bank says now, and what it said before where it is silent now. */
KobanTransaction *koban_identity_line_again (const KobanTransaction *known, const KobanTransaction *heard);
/* Whether the difference is one that a person would call a change. */
gboolean koban_identity_line_is_news (const KobanTransaction *before, const KobanTransaction *after);
gboolean koban_identity_link_is_news (const KobanLink *before, const KobanLink *after);
gboolean koban_identity_link_has_ended (const KobanLink *link);

/* TRUE if the reach [from, to) of a whole listing heard at @heard_us surely holds the line's day, whatever the zone. */
gboolean koban_identity_is_inside (const KobanTransaction *line, gint64 from_us, gint64 to_us, gint64 heard_us);
/* How often and since when a row was missing in whole listings: is it gone? An empty listing where several rows are
 * due may be an outage (trust B1): then only a day of it is believed. */
gboolean koban_identity_is_gone  (guint misses, gint64 missing_since_us, gint64 now_us, gboolean suspicious);
/* All @known rows of a listing that has none: more than one is a suspicion. */
gboolean koban_identity_is_suspicious (guint heard, guint due);

G_END_DECLS
