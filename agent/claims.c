/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which times to claim end soon, and who has been told. Each of the three notices of a deadline is an
 * incident of its own and raised once: answered or not, it does not come back; the next one settles the one
 * before.
 */
#include "config.h"

#include "claims.h"

#include "alarm.h"

#define REASON "deadline"
#define MORNING_US (9 * KOBAN_HOUR_US) /* nobody is told at midnight */

static const gint64 steps[] = { 7, 3, 1 }; /* days before, longest first */

struct _KobanClaims
{
  KobanClock *clock;         /* (unowned) */
  KobanBooks *books;         /* (unowned) */
  KobanDeadlines *deadlines; /* (unowned) */
  KobanClaimsFunc counted;
  gpointer user_data;
  guint alarm; /* 0: none */
  gboolean counting, again, stopped;
};

/* --- one counting -----------------------------------------------------------------------------------------
 */

typedef struct
{
  KobanClaimsRound *round; /* (unowned) */
  KobanLedger *ledger;     /* (unowned) */
  GHashTable *due;         /* (owned): keys of what is to be told now */
} Counting;

static char *
key_of (const char *incident, const char *rule, gint64 step)
{
  return g_strdup_printf ("freshness:deadline:%s:%s:%" G_GINT64_FORMAT, incident, rule, step);
}

/* Morning of the day @before days before it, where the person lives. */
static gint64
morning_us (const KobanClaimsRound *round, KobanDate due, gint64 before)
{
  return (due - before) * KOBAN_DAY_US + MORNING_US - round->utc_offset_minutes * KOBAN_MINUTE_US;
}

static void
come_back (KobanClaimsRound *round, gint64 at_us)
{
  if (at_us > round->now_us && (round->next_us == 0 || at_us < round->next_us))
    round->next_us = at_us;
}

/* The last step whose morning has come; 0: none yet, or the day is over. */
static gint64
step_of (KobanClaimsRound *round, KobanDate due)
{
  gint64 over_us = morning_us (round, due + 1, 0) - MORNING_US, step = 0;

  come_back (round, over_us);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      come_back (round, morning_us (round, due, steps[i]));
      if (round->now_us >= morning_us (round, due, steps[i]))
        step = steps[i];
    }
  return round->now_us < over_us ? step : 0;
}

static KobanAlert *
notice_of (const KobanClaimsRound *round,
           const char *key,
           const char *incident,
           const KobanDeadline *deadline,
           gint64 step)
{
  g_autofree char *date = koban_date_format (deadline->due);
  KobanDate today = koban_date_from_us (round->now_us, round->utc_offset_minutes);
  GVariant *reason =
    koban_reason_new (REASON, "incident", "s", incident, "rule", "s", deadline->id, "step", "x", step, "days",
                      "x", (gint64) deadline->due - today, "date", "s", date, NULL);

  return koban_alert_new_freshness (key, NULL, step > 3 ? KOBAN_SEVERITY_NOTICE : KOBAN_SEVERITY_WARNING,
                                    reason, round->now_us);
}

static gboolean
remind (Counting *counting, const char *incident, const KobanDeadline *deadline, GError **error)
{
  gint64 step = step_of (counting->round, deadline->due);
  g_autofree char *key = key_of (incident, deadline->id, step);
  gboolean was = TRUE;

  if (step == 0)
    return TRUE;
  g_hash_table_add (counting->due, g_strdup (key));
  if (!koban_ledger_was_raised (counting->ledger, key, &was, error))
    return FALSE;
  if (was)
    return TRUE;
  g_autoptr(KobanAlert) notice = notice_of (counting->round, key, incident, deadline, step);
  counting->round->changed = TRUE;
  return koban_ledger_raise (counting->ledger, notice, counting->round->now_us, NULL, error);
}

static gboolean
count_claim (Counting *counting, GVariant *claim, GError **error)
{
  KobanClaimsRound *round = counting->round;
  KobanDate today = koban_date_from_us (round->now_us, round->utc_offset_minutes);
  g_autoptr(GPtrArray) deadlines =
    koban_deadlines_count (round->deadlines, claim, round->utc_offset_minutes, today, "en");
  const char *incident = "";

  g_variant_lookup (claim, "incident", "&s", &incident);
  for (guint i = 0; i < deadlines->len; i++)
    {
      const KobanDeadline *deadline = deadlines->pdata[i];

      if (!deadline->done && !deadline->theirs && deadline->due != KOBAN_NO_DATE &&
          !remind (counting, incident, deadline, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
count_claims (Counting *counting, GError **error)
{
  GVariant *listed = koban_ledger_list_claims (counting->ledger, error);
  g_autoptr(GVariant) claims = listed != NULL ? g_variant_ref_sink (listed) : NULL;

  for (gsize i = 0; claims != NULL && i < g_variant_n_children (claims); i++)
    {
      g_autoptr(GVariant) claim = g_variant_get_child_value (claims, i);

      if (!count_claim (counting, claim, error))
        return FALSE;
    }
  return claims != NULL;
}

/* What was told and is done, over, or told anew by a later step. */
static gboolean
settle_reason (Counting *counting, GVariant *reason, GError **error)
{
  const char *code = "", *incident = "", *rule = "";
  gint64 step = 0;

  g_variant_lookup (reason, "code", "&s", &code);
  if (!g_str_equal (code, REASON))
    return TRUE;
  g_variant_lookup (reason, "incident", "&s", &incident);
  g_variant_lookup (reason, "rule", "&s", &rule);
  g_variant_lookup (reason, "step", "x", &step);
  g_autofree char *key = key_of (incident, rule, step);
  if (g_hash_table_contains (counting->due, key))
    return TRUE;
  counting->round->changed = TRUE;
  return koban_ledger_settle (counting->ledger, key, counting->round->now_us, error);
}

static gboolean
settle_others (Counting *counting, GError **error)
{
  GVariant *listed = koban_ledger_list (counting->ledger, KOBAN_LIST_ALERTS, NULL, error);
  g_autoptr(GVariant) alerts = listed != NULL ? g_variant_ref_sink (listed) : NULL;

  for (gsize i = 0; alerts != NULL && i < g_variant_n_children (alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (alerts, i);
      g_autoptr(GVariant) reasons = g_variant_lookup_value (alert, "reasons", G_VARIANT_TYPE ("aa{sv}"));
      g_autoptr(GVariant) reason =
        reasons != NULL && g_variant_n_children (reasons) > 0 ? g_variant_get_child_value (reasons, 0) : NULL;

      if (reason != NULL && !settle_reason (counting, reason, error))
        return FALSE;
    }
  return alerts != NULL;
}

gboolean
koban_claims_count_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  g_autoptr(GHashTable) due = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Counting counting = { .round = job, .ledger = ledger, .due = due };

  return count_claims (&counting, error) && settle_others (&counting, error);
}

/* --- when
 * --------------------------------------------------------------------------------------------------- */

static void
on_alarm (gpointer user_data)
{
  KobanClaims *self = user_data;

  self->alarm = 0;
  koban_claims_wake (self);
}

static void
set_alarm (KobanClaims *self, gint64 next_us)
{
  gint64 wait_us = next_us - koban_clock_get_wall_us (self->clock);

  koban_alarm_clear (self->clock, &self->alarm);
  if (next_us != 0)
    self->alarm = koban_clock_add_alarm (
      self->clock, koban_clock_get_boot_us (self->clock) + MAX (wait_us, KOBAN_SECOND_US), on_alarm, self);
}

static void
on_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanClaims *self = user_data;
  const KobanClaimsRound *round = koban_books_get_job (result);
  g_autoptr(GError) error = NULL;

  self->counting = FALSE;
  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("The times to claim could not be counted: %s", error->message);
  if (self->stopped)
    return;
  set_alarm (self, round->next_us);
  if (self->again)
    koban_claims_wake (self);
  self->counted (round->changed, self->user_data);
}

static int
local_offset_minutes (gint64 at_us)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? (int) (g_date_time_get_utc_offset (local) / G_TIME_SPAN_MINUTE) : 0;
}

void
koban_claims_wake (KobanClaims *self)
{
  KobanClaimsRound *round;

  if (self->stopped || self->deadlines == NULL)
    return;
  self->again = self->counting;
  if (self->counting)
    return;
  self->counting = TRUE;
  round = g_new0 (KobanClaimsRound, 1);
  round->deadlines = self->deadlines;
  round->now_us = koban_clock_get_wall_us (self->clock);
  round->utc_offset_minutes = local_offset_minutes (round->now_us);
  koban_books_write_async (self->books, koban_claims_count_in_worker, round, g_free, on_counted, self);
}

gboolean
koban_claims_is_waiting (KobanClaims *self)
{
  return self->alarm != 0;
}

KobanClaims *
koban_claims_new (KobanClock *clock,
                  KobanBooks *books,
                  KobanDeadlines *deadlines,
                  KobanClaimsFunc counted,
                  gpointer user_data)
{
  KobanClaims *self = g_new0 (KobanClaims, 1);

  self->clock = clock;
  self->books = books;
  self->deadlines = deadlines;
  self->counted = counted;
  self->user_data = user_data;
  return self;
}

void
koban_claims_stop (KobanClaims *self)
{
  self->stopped = TRUE;
  koban_alarm_clear (self->clock, &self->alarm);
}

void
koban_claims_free (KobanClaims *self)
{
  g_assert (self->stopped && self->alarm == 0);
  g_free (self);
}
