/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Days of the civil calendar and instants, read strictly and without the C library's idea of time.
 * A booking date never passes through a zone; only koban_time_format_local() asks where the person is.
 */
#include "config.h"

#include <string.h>

#include <koban/date.h>

#define DAYS_PER_ERA 146097     /* 400 years */
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01, where the counting year begins */

static gboolean
is_leap (int year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in_month (int year, int month)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  return month == 2 && is_leap (year) ? 29 : days[month - 1];
}

static gint64
floor_div (gint64 value, gint64 by)
{
  return value / by - (value % by < 0);
}

/* The year is counted from March, so that the leap day is its last. */
KobanDate
koban_date_from_civil (int year, int month, int day)
{
  int counted_year = year - (month <= 2);
  int era = (int) floor_div (counted_year, 400);
  int year_of_era = counted_year - era * 400;
  int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

  return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

void
koban_date_to_civil (KobanDate date, int *year, int *month, int *day)
{
  gint64 days = (gint64) date + DAYS_BEFORE_1970;
  int era = (int) floor_div (days, DAYS_PER_ERA);
  int day_of_era = (int) (days - (gint64) era * DAYS_PER_ERA);
  int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int counted_month = (5 * day_of_year + 2) / 153;

  *day = day_of_year - (153 * counted_month + 2) / 5 + 1;
  *month = counted_month < 10 ? counted_month + 3 : counted_month - 9;
  *year = year_of_era + era * 400 + (*month <= 2);
}

/* Exactly @n digits at *@at, or FALSE. */
static gboolean
take_number (const char **at, int n, int *number)
{
  int value = 0;

  for (int i = 0; i < n; i++)
    {
      if (!g_ascii_isdigit ((*at)[i]))
        return FALSE;
      value = value * 10 + ((*at)[i] - '0');
    }
  *at += n;
  *number = value;
  return TRUE;
}

static gboolean
take_char (const char **at, const char *any_of)
{
  if (**at == '\0' || strchr (any_of, **at) == NULL)
    return FALSE;
  (*at)++;
  return TRUE;
}

static gboolean
take_date (const char **at, KobanDate *date)
{
  int year, month, day;

  if (!take_number (at, 4, &year) || !take_char (at, "-") || !take_number (at, 2, &month) ||
      !take_char (at, "-") || !take_number (at, 2, &day))
    return FALSE;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month (year, month))
    return FALSE;
  *date = koban_date_from_civil (year, month, day);
  return TRUE;
}

gboolean
koban_date_parse (const char *text, KobanDate *date)
{
  const char *at = text;
  KobanDate found;

  if (text == NULL || !take_date (&at, &found) || *at != '\0')
    return FALSE;
  *date = found;
  return TRUE;
}

char *
koban_date_format (KobanDate date)
{
  int year, month, day;

  g_return_val_if_fail (date != KOBAN_NO_DATE, NULL);

  koban_date_to_civil (date, &year, &month, &day);
  return g_strdup_printf ("%04d-%02d-%02d", year, month, day);
}

KobanDate
koban_date_from_us (gint64 at_us, int utc_offset_minutes)
{
  return (KobanDate) floor_div (at_us + utc_offset_minutes * KOBAN_MINUTE_US, KOBAN_DAY_US);
}

int
koban_date_weekday (KobanDate date)
{
  int days = (int) (((gint64) date + 3) % 7); /* 1970-01-01 was a Thursday */

  return (days < 0 ? days + 7 : days) + 1;
}

/* A leap second counts as the first second of the next minute. */
static gboolean
take_time_of_day (const char **at, gint64 *us)
{
  int hour, minute, second;

  if (!take_number (at, 2, &hour) || !take_char (at, ":") || !take_number (at, 2, &minute) ||
      !take_char (at, ":") || !take_number (at, 2, &second))
    return FALSE;
  if (hour > 23 || minute > 59 || second > 60)
    return FALSE;
  *us = hour * KOBAN_HOUR_US + minute * KOBAN_MINUTE_US + second * KOBAN_SECOND_US;
  return TRUE;
}

/* Any number of digits; those below a microsecond are dropped. */
static gboolean
take_fraction (const char **at, gint64 *us)
{
  gint64 unit = KOBAN_SECOND_US;

  if (!take_char (at, "."))
    return TRUE;
  if (!g_ascii_isdigit (**at))
    return FALSE;
  for (; g_ascii_isdigit (**at); (*at)++)
    {
      unit /= 10;
      *us += unit * (**at - '0');
    }
  return TRUE;
}

/* "Z", "+09:00", and "+0900" as several banks write it. */
static gboolean
take_zone (const char **at, gint64 *offset_us)
{
  gboolean west = **at == '-';
  int hours, minutes;

  *offset_us = 0;
  if (take_char (at, "Zz"))
    return TRUE;
  if (!take_char (at, "+-") || !take_number (at, 2, &hours))
    return FALSE;
  (void) take_char (at, ":");
  if (!take_number (at, 2, &minutes) || hours > 23 || minutes > 59)
    return FALSE;
  *offset_us = (hours * KOBAN_HOUR_US + minutes * KOBAN_MINUTE_US) * (west ? -1 : 1);
  return TRUE;
}

gboolean
koban_time_parse (const char *text, gint64 *at_us)
{
  const char *at = text;
  gint64 in_day_us, offset_us;
  KobanDate date;

  if (text == NULL || !take_date (&at, &date) || !take_char (&at, "Tt ") ||
      !take_time_of_day (&at, &in_day_us) || !take_fraction (&at, &in_day_us) ||
      !take_zone (&at, &offset_us) || *at != '\0')
    return FALSE;
  *at_us = date * KOBAN_DAY_US + in_day_us - offset_us;
  return TRUE;
}

char *
koban_time_format (gint64 at_us)
{
  KobanDate date = koban_date_from_us (at_us, 0);
  gint64 second = floor_div (at_us - date * KOBAN_DAY_US, KOBAN_SECOND_US);
  g_autofree char *day = koban_date_format (date);

  return g_strdup_printf ("%sT%02d:%02d:%02dZ", day, (int) (second / 3600), (int) (second / 60 % 60),
                          (int) (second % 60));
}

/* What lies outside the zone tables (year 10000 and later) is shown in UTC rather than not at all. */
char *
koban_time_format_local (gint64 at_us)
{
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_local (floor_div (at_us, KOBAN_SECOND_US));

  if (at == NULL)
    return koban_time_format (at_us);
  return g_date_time_format (at, "%Y-%m-%d %H:%M");
}
