/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Days are days that exist, instants are read with their zone, and neither is guessed.
 */
#include "config.h"

#include <koban/date.h>

static void
test_dates (void)
{
  static const struct
  {
    const char *text;
    gboolean good;
    KobanDate date;
  } rows[] = {
    { "1970-01-01", TRUE, 0 },     { "2024-02-29", TRUE, 19782 },
    { "1969-12-31", TRUE, -1 },    { "2023-02-29", FALSE },
    { "2100-02-29", FALSE },       { "2000-02-29", TRUE, 11016 },
    { "2024-13-01", FALSE },       { "2024-9-2", FALSE },
    { "2024-09-02T00:00", FALSE }, { "", FALSE },
    { "2024-00-10", FALSE },       { "31.02.2024", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KobanDate date = KOBAN_NO_DATE;

      g_assert_cmpint (koban_date_parse (rows[i].text, &date), ==, rows[i].good);
      g_assert_cmpint (date, ==, rows[i].good ? rows[i].date : KOBAN_NO_DATE);
      if (rows[i].good)
        {
          g_autofree char *back = koban_date_format (date);

          g_assert_cmpstr (back, ==, rows[i].text);
        }
    }
}

static void
test_every_day (void)
{
  for (KobanDate date = -200000; date < 200000; date += 13)
    {
      int year, month, day;

      koban_date_to_civil (date, &year, &month, &day);
      g_assert_cmpint (koban_date_from_civil (year, month, day), ==, date);
    }
  g_assert_cmpint (koban_date_weekday (0), ==, 4);
  g_assert_cmpint (koban_date_weekday (-4), ==, 7);
  g_assert_cmpint (koban_date_weekday (19968), ==, 1); /* 2024-09-02 */
  g_assert_cmpint (koban_date_from_us (-1, 0), ==, -1);
  g_assert_cmpint (koban_date_from_us (15 * KOBAN_HOUR_US, 540), ==, 1);
}

static void
test_times (void)
{
  static const struct
  {
    const char *text;
    gint64 at_us; /* -1: refused */
  } rows[] = {
    { "2019-10-25T22:37:51.016Z", G_GINT64_CONSTANT (1572043071016000) },
    { "2024-09-02T09:00:00+09:00", G_GINT64_CONSTANT (1725235200000000) },
    { "2024-09-01T19:00:00-0500", G_GINT64_CONSTANT (1725235200000000) },
    { "2024-09-02T00:00:00.123456789Z", G_GINT64_CONSTANT (1725235200123456) },
    { "2024-09-02T00:00:00", -1 },
    { "2024-09-02T24:00:00Z", -1 },
    { "2024-09-02", -1 },
    { "2024-09-02T00:00:00Zx", -1 },
    { "2024-09-02T00:00:00.Z", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 at_us = -1;

      g_assert_cmpint (koban_time_parse (rows[i].text, &at_us), ==, rows[i].at_us != -1);
      g_assert_cmpint (at_us, ==, rows[i].at_us);
    }
}

static void
test_format (void)
{
  g_autofree char *utc = koban_time_format (G_GINT64_CONSTANT (1725235200999999));
  g_autofree char *local = koban_time_format_local (G_GINT64_CONSTANT (1725235200000000));

  g_assert_cmpstr (utc, ==, "2024-09-02T00:00:00Z");
  g_assert_cmpstr (local, ==, "2024-09-02 00:00");
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/date/dates", test_dates);
  g_test_add_func ("/date/every-day", test_every_day);
  g_test_add_func ("/date/times", test_times);
  g_test_add_func ("/date/format", test_format);
  return g_test_run ();
}
