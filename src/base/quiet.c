/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Quiet hours. Only the end is computed, from the local day and time, so that a day of 23 or 25 hours has
 * them at the hours that the person's own clock shows.
 */
#include "config.h"

#include <koban/quiet.h>

#include <koban/date.h>
#include <string.h>

/* "07:00" and nothing after it but @end. */
static gboolean
parse_minute (const char *text, char end, guint *minute, const char **rest)
{
  guint hours, minutes;

  if (!g_ascii_isdigit (text[0]) || !g_ascii_isdigit (text[1]) || text[2] != ':' ||
      !g_ascii_isdigit (text[3]) || !g_ascii_isdigit (text[4]) || text[5] != end)
    return FALSE;
  hours = (guint) (text[0] - '0') * 10 + (guint) (text[1] - '0');
  minutes = (guint) (text[3] - '0') * 10 + (guint) (text[4] - '0');
  *minute = hours * 60 + minutes;
  *rest = text + 6;
  return hours < 24 && minutes < 60;
}

gboolean
koban_quiet_parse (const char *text, KobanQuiet *quiet)
{
  KobanQuiet found;
  const char *rest;

  if (strlen (text) != strlen ("22:00-07:00") || !parse_minute (text, '-', &found.from_minute, &rest) ||
      !parse_minute (rest, '\0', &found.until_minute, &rest))
    return FALSE;
  *quiet = found;
  return TRUE;
}

static gboolean
holds (const KobanQuiet *self, guint minute)
{
  if (self->from_minute <= self->until_minute)
    return minute >= self->from_minute && minute < self->until_minute;
  return minute >= self->from_minute || minute < self->until_minute;
}

gint64
koban_quiet_until (const KobanQuiet *self, GTimeZone *zone, gint64 at_us)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (at_us / KOBAN_SECOND_US);
  g_autoptr(GDateTime) now = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;
  guint minute = now != NULL ? (guint) (g_date_time_get_hour (now) * 60 + g_date_time_get_minute (now)) : 0;

  if (now == NULL || !holds (self, minute))
    return at_us;
  g_autoptr(GDateTime) day =
    minute < self->until_minute ? g_date_time_ref (now) : g_date_time_add_days (now, 1);
  g_autoptr(GDateTime) end = g_date_time_new (
    zone, g_date_time_get_year (day), g_date_time_get_month (day), g_date_time_get_day_of_month (day),
    (int) (self->until_minute / 60), (int) (self->until_minute % 60), 0);
  return end != NULL ? MAX (g_date_time_to_unix (end) * KOBAN_SECOND_US, at_us) : at_us;
}
