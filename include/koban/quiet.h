/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The hours in which only what is critical may disturb: from one time of day to another, in the zone of whoever
 * asks, so that they move with the clocks of summer and with the traveller.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint from_minute;  /* of the day, 0 … 1439 */
  guint until_minute; /* equal to @from_minute: there are none */
} KobanQuiet;

/* "22:00-07:00". FALSE: it is no such text. */
gboolean koban_quiet_parse (const char *text, KobanQuiet *quiet);
/* When the quiet hours that hold @at_us (µs UTC) end; @at_us itself if it is in none. */
gint64   koban_quiet_until (const KobanQuiet *self, GTimeZone *zone, gint64 at_us);

G_END_DECLS
