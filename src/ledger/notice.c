/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Koban does not watch in secret: once a month it says so on the screen of whoever uses the computer.
 * When that is due follows from what was said last, which stands in the ledger like every other alert;
 * no setting is asked.
 */
#include "config.h"

#include "ledger/inside.h"

#include <koban/date.h>

#define KEY "freshness:koban:watching"
#define MONTH_US (30 * KOBAN_DAY_US)
#define LINGER_US (3 * KOBAN_DAY_US) /* then it leaves the list of what is open */

typedef struct
{
  gint64 accounts; /* that are watched */
  gint64 began_us; /* of the first connection there ever was: to connect anew puts nothing off */
  gint64 last_us;  /* 0: never said */
} Notice;

static gboolean
load_notice (KobanLedger *self, Notice *notice, GError **error)
{
  static const char sql[] =
    "SELECT (SELECT count (DISTINCT s.account) FROM shown s JOIN connection c ON c.id = s.connection"
    " JOIN account a ON a.id = s.account"
    " WHERE c.removed_us IS NULL AND s.gone_us IS NULL AND a.watch <> ?2),"
    " (SELECT coalesce (min (created_us), 0) FROM connection),"
    " coalesce ((SELECT opened_us FROM incident WHERE key = ?1 ORDER BY id DESC LIMIT 1), 0)";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "si", KEY, (gint64) KOBAN_WATCH_OFF);
  if (koban_query_next (&query))
    *notice =
      (Notice){ koban_query_int (&query, 0), koban_query_int (&query, 1), koban_query_int (&query, 2) };
  return koban_query_finish (&query, error);
}

static gboolean
say (KobanLedger *self,
     const Notice *notice,
     guint places,
     gint64 now_us,
     KobanMergeResult *result,
     GError **error)
{
  GVariant *reason =
    koban_reason_new ("watching", "accounts", "x", notice->accounts, "places", "x", (gint64) places, NULL);
  g_autoptr(KobanAlert) alert = koban_alert_new_freshness (KEY, NULL, KOBAN_SEVERITY_NOTICE, reason, now_us);

  return koban_alert_put (self, alert, now_us, result, error);
}

/* What stands in the future was written by a clock that was wrong: it puts nothing off. */
static gint64
due_of (const Notice *notice, gint64 now_us)
{
  gint64 since_us = notice->last_us != 0 ? notice->last_us : notice->began_us;

  return since_us > now_us ? now_us : since_us + MONTH_US;
}

static gboolean
say_or_wait (KobanLedger *self,
             guint places,
             gint64 now_us,
             gint64 *next_us,
             KobanMergeResult *result,
             GError **error)
{
  Notice notice = { 0 };

  if (!load_notice (self, &notice, error))
    return FALSE;
  gint64 due_us = due_of (&notice, now_us), gone_us = notice.last_us + LINGER_US;
  gboolean due = notice.accounts > 0 && now_us >= due_us;
  gboolean lingers = notice.accounts > 0 && !due && notice.last_us <= now_us && now_us < gone_us;

  *next_us = lingers ? gone_us : due ? now_us + LINGER_US : due_us;
  if (notice.accounts == 0)
    *next_us = 0;
  if (!lingers && !koban_alerts_settle (self, KEY, now_us, error))
    return FALSE;
  return !due || say (self, &notice, places, now_us, result, error);
}

gboolean
koban_ledger_announce (KobanLedger *self,
                       guint places,
                       gint64 now_us,
                       gint64 *next_us,
                       KobanMergeResult *result,
                       GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, say_or_wait (self, places, now_us, next_us, result, error), error);
}
