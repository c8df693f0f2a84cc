/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Quiet hours are those of the person's own clock, whatever the day does.
 */
#include "config.h"

#include <koban/date.h>
#include <koban/quiet.h>

static void
test_what_is_understood (void)
{
  static const struct
  {
    const char *text;
    gboolean good;
    guint from, until;
  } rows[] = {
    { "22:00-07:00", TRUE, 22 * 60, 7 * 60 },
    { "00:30-00:30", TRUE, 30, 30 },
    { "13:05-14:59", TRUE, 785, 899 },
    { "24:00-07:00", FALSE, 0, 0 },
    { "22:60-07:00", FALSE, 0, 0 },
    { "22:00-7:00", FALSE, 0, 0 },
    { "22:00–07:00", FALSE, 0, 0 },
    { "22:00-07:00 ", FALSE, 0, 0 },
    { "", FALSE, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KobanQuiet quiet = { 1, 2 };

      g_test_message ("%s", rows[i].text);
      g_assert_cmpint (koban_quiet_parse (rows[i].text, &quiet), ==, rows[i].good);
      g_assert_cmpuint (quiet.from_minute, ==, rows[i].good ? rows[i].from : 1);
      g_assert_cmpuint (quiet.until_minute, ==, rows[i].good ? rows[i].until : 2);
    }
}

static gint64
local_us (GTimeZone *zone, const char *text)
{
  g_autoptr(GDateTime) at = g_date_time_new_from_iso8601 (text, zone);

  g_assert_nonnull (at);
  return g_date_time_to_unix (at) * KOBAN_SECOND_US;
}

/* @end NULL: not quiet then. */
static void
test_when_they_end (void)
{
  static const struct
  {
    const char *zone, *hours, *at, *end;
  } rows[] = {
    { "Asia/Tokyo", "22:00-07:00", "2024-09-02T21:59:59", NULL },
    { "Asia/Tokyo", "22:00-07:00", "2024-09-02T22:00:00", "2024-09-03T07:00:00" },
    { "Asia/Tokyo", "22:00-07:00", "2024-09-03T06:59:59", "2024-09-03T07:00:00" },
    { "Asia/Tokyo", "22:00-07:00", "2024-09-03T07:00:00", NULL },
    { "Asia/Tokyo", "13:00-14:00", "2024-09-03T13:30:00", "2024-09-03T14:00:00" },
    { "Asia/Tokyo", "07:00-07:00", "2024-09-03T07:00:00", NULL },
    { "Asia/Tokyo", "22:00-07:00", "2024-12-31T23:00:00", "2025-01-01T07:00:00" },
    /* a night of seven hours, and one of ten */
    { "Europe/Berlin", "22:00-07:00", "2026-03-28T23:00:00+01", "2026-03-29T07:00:00+02" },
    { "Europe/Berlin", "22:00-07:00", "2026-10-24T23:00:00+02", "2026-10-25T07:00:00+01" },
    { "Europe/Berlin", "22:00-07:00", "2026-10-25T02:30:00+02", "2026-10-25T07:00:00+01" },
    { "Europe/Berlin", "22:00-07:00", "2026-10-25T02:30:00+01", "2026-10-25T07:00:00+01" },
    /* an end that the clock skips is the hour that it skips to */
    { "Europe/Berlin", "22:00-02:30", "2026-03-29T01:30:00+01", "2026-03-29T03:00:00+02" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GTimeZone) zone = g_time_zone_new_identifier (rows[i].zone);
      KobanQuiet quiet;
      gint64 at_us = local_us (zone, rows[i].at);

      g_test_message ("%s %s at %s", rows[i].zone, rows[i].hours, rows[i].at);
      g_assert_true (koban_quiet_parse (rows[i].hours, &quiet));
      g_assert_cmpint (koban_quiet_until (&quiet, zone, at_us), ==,
                       rows[i].end != NULL ? local_us (zone, rows[i].end) : at_us);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quiet/understood", test_what_is_understood);
  g_test_add_func ("/quiet/end", test_when_they_end);
  return g_test_run ();
}
