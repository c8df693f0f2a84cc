/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines by arithmetic: no file, no chance. Every 97th line is the twin of the one before it but for its
 * id, as when the same coffee is bought twice.
 */
#include "life.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define SECOND_US G_GINT64_CONSTANT (1000000)
#define DAY_US (86400 * SECOND_US)

enum
{
  SHOPS = 700,
  TWIN_EVERY = 97,
  BILL_EVERY = 11,
  WAGE_EVERY = 600
};

static guint
spread (guint number)
{
  return (number * 2654435761u) >> 8;
}

static void
name_payee (LifeLine *line, guint shop)
{
  static const char *const trades[] = { "CAFE", "MARKET", "BOOKS", "TRAINS", "GARAGE", "PHARMACY", "GARDEN" };

  g_snprintf (line->payee, sizeof line->payee, "%s %c%c%c", trades[shop % G_N_ELEMENTS (trades)],
              (int) ('A' + shop % 9), (int) ('A' + shop / 9 % 9), (int) ('A' + shop / 81 % 9));
  g_snprintf (line->shop, sizeof line->shop, "99999999-0000-4000-8000-%012u", shop);
}

static void
set_sum (LifeLine *line, guint number, guint shop)
{
  line->is_bill = number % BILL_EVERY == 0;
  if (number % WAGE_EVERY == 0)
    line->minor = 210000;
  else if (line->is_bill)
    line->minor = -(gint64) (1000 + shop * 7);
  else
    line->minor = -(gint64) (150 + spread (number + 7) % 6000);
}

void
life_line (guint number, LifeLine *line)
{
  guint of = number % TWIN_EVERY == 1 && number > 0 ? number - 1 : number;
  guint shop = spread (of) % SHOPS;
  gint64 in_day_us = of % LIFE_LINES_A_DAY * (DAY_US / LIFE_LINES_A_DAY) + 7 * SECOND_US;

  g_snprintf (line->id, sizeof line->id, "ffffffff-0000-4000-8000-%012u", number);
  name_payee (line, shop);
  set_sum (line, of, shop);
  g_snprintf (line->text, sizeof line->text, "%s  LEEDS GBR %u", line->payee, spread (of) % 9000 + 1000);
  line->day = (gint32) (LIFE_FIRST_DAY + of / LIFE_LINES_A_DAY);
  line->time_us = line->day * DAY_US + in_day_us;
}

static void
append_time (GString *json, const char *name, gint64 at_us)
{
  time_t seconds = (time_t) (at_us / SECOND_US);
  struct tm when;
  char text[40];

  gmtime_r (&seconds, &when);
  strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &when);
  g_string_append_printf (json, "\"%s\":\"%s.000Z\",", name, text);
}

static void
append_line (GString *json, const LifeLine *line)
{
  const char *source = line->is_bill     ? "DIRECT_DEBIT"
                       : line->minor > 0 ? "FASTER_PAYMENTS_IN"
                                         : "MASTER_CARD";

  g_string_append_printf (json,
                          "{\"feedItemUid\":\"%s\",\"categoryUid\":\"cccccccc-0000-4000-8000-000000000001\","
                          "\"amount\":{\"currency\":\"" LIFE_CURRENCY "\",\"minorUnits\":%" G_GINT64_FORMAT
                          "},\"direction\":\"%s\",",
                          line->id, ABS (line->minor), line->minor < 0 ? "OUT" : "IN");
  append_time (json, "updatedAt", line->time_us);
  append_time (json, "transactionTime", line->time_us);
  append_time (json, "settlementTime", line->time_us);
  g_string_append_printf (json,
                          "\"source\":\"%s\",\"status\":\"SETTLED\",\"counterPartyUid\":\"%s\","
                          "\"counterPartyName\":\"%s\",\"reference\":\"%s\",\"country\":\"GB\"}",
                          source, line->shop, line->payee, line->text);
}

GString *
life_page (guint first, guint n_lines)
{
  GString *json = g_string_new ("{\"feedItems\":[");

  for (guint i = 0; i < n_lines; i++)
    {
      LifeLine line;

      life_line (first + i, &line);
      if (i > 0)
        g_string_append_c (json, ',');
      append_line (json, &line);
    }
  return g_string_append (json, "]}");
}

gint64
life_cpu_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

glong
life_peak_kb (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void
life_tell (const char *name, gint64 value)
{
  printf ("%s %" G_GINT64_FORMAT "\n", name, value);
}
