/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two kinds of "when" that are not a clock. An instant is gint64 microseconds since 1970 UTC
 * (names end in _us; 0 is unknown). A booking date is a day in the bank's calendar, which has no
 * hour and no zone, and is never turned into an instant.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef gint32 KobanDate; /* days since 1970-01-01 */
#define KOBAN_NO_DATE ((KobanDate) G_MININT32)

#define KOBAN_SECOND_US G_GINT64_CONSTANT (1000000)
#define KOBAN_MINUTE_US (60 * KOBAN_SECOND_US)
#define KOBAN_HOUR_US   (60 * KOBAN_MINUTE_US)
#define KOBAN_DAY_US    (24 * KOBAN_HOUR_US)

/* "2024-09-02", nothing else, and a day that exists. FALSE leaves @date untouched. */
gboolean  koban_date_parse (const char *text, KobanDate *date) G_GNUC_WARN_UNUSED_RESULT;
char     *koban_date_format (KobanDate date); /* (transfer full) */
KobanDate koban_date_from_us (gint64 at_us, int utc_offset_minutes);
int       koban_date_weekday (KobanDate date);               /* 1 Monday … 7 Sunday */
void      koban_date_to_civil (KobanDate date, int *year, int *month, int *day);
KobanDate koban_date_from_civil (int year, int month, int day);

/* RFC 3339 with a zone ("2019-10-25T22:37:51.016Z", "+09:00"). FALSE leaves @at_us untouched. */
gboolean  koban_time_parse (const char *text, gint64 *at_us) G_GNUC_WARN_UNUSED_RESULT;
char     *koban_time_format (gint64 at_us);                  /* RFC 3339 UTC, whole seconds */
char     *koban_time_format_local (gint64 at_us);            /* "2024-09-02 14:05", the person's zone */

G_END_DECLS
