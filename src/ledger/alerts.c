/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Judgements become alerts here: an open one of the same key and kind grows, else a new one is opened
 * in its incident, and the journal and the outbox hear of it in the same transaction. An answered
 * alert never grows: the same again is a new incident.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

/* --- rows --------------------------------------------------------------------------------------- */

KobanAlert *
koban_alert_row_read (KobanQuery *query)
{
  g_autofree char *id = koban_row_id ('n', koban_query_int (query, 0));
  g_autofree char *incident = koban_row_id ('i', koban_query_int (query, 1));
  g_autofree char *account = koban_row_id ('a', koban_query_int (query, 2));
  g_autofree char *connection = koban_row_id ('c', koban_query_int (query, 3));
  g_auto(GStrv) refs = koban_row_get_words (koban_query_text (query, 10));
  g_autoptr(GVariant) reasons = koban_row_get_variant (koban_query_text (query, 13), "aa{sv}");
  static const char *const nothing[] = { NULL };
  KobanAlert fields = {
    .id = id,
    .incident = incident,
    .account = account,
    .connection = connection,
    .kind = (KobanAlertKind) koban_query_int (query, 4),
    .severity = (KobanSeverity) koban_query_int (query, 5),
    .state = (KobanAlertState) koban_query_int (query, 6),
    .opened_us = koban_query_int (query, 7),
    .updated_us = koban_query_int (query, 8),
    .ref = koban_query_text (query, 9),
    .refs = refs != NULL ? (const char *const *) refs : nothing,
    .subject = koban_query_text (query, 11),
    .service = koban_query_text (query, 12),
    .reasons = reasons,
    .answer = (KobanAnswer) koban_query_int (query, 16),
  };

  fields.has_total = koban_query_money (query, 14, &fields.total);
  return koban_alert_new (&fields);
}

static gint64
parse_or_zero (const char *text, char letter)
{
  gint64 id = 0;

  return koban_row_parse_id (text, letter, &id) ? id : 0;
}

/* What belongs to an account belongs to no one connection that shows it. */
static gint64
connection_of (const KobanAlert *alert)
{
  return parse_or_zero (alert->account, 'a') == 0 ? parse_or_zero (alert->connection, 'c') : 0;
}

static gboolean
write_alert (KobanLedger *self, gint64 id, const KobanAlert *alert, GError **error)
{
  static const char sql[] =
    "UPDATE alert SET severity = ?, updated_us = ?, refs = ?, subject = ?, service = ?,"
    " reasons = ?, total = ?, total_currency = ? WHERE id = ?";
  g_autofree char *refs = koban_row_words (alert->refs);
  g_autofree char *reasons = koban_row_variant (alert->reasons);

  return koban_store_run (self->store, error, sql, "iissssmi", (gint64) alert->severity, alert->updated_us,
                          refs, alert->subject, alert->service, reasons, alert->has_total, alert->total, id);
}

static gboolean
insert_alert (KobanLedger *self,
              gint64 incident,
              const KobanAlert *alert,
              gint64 now_us,
              gint64 *id,
              GError **error)
{
  static const char sql[] =
    "INSERT INTO alert (incident, account, connection, kind, severity, state, opened_us, updated_us, ref, "
    "refs,"
    " subject, service, reasons, total, total_currency) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  g_autofree char *refs = koban_row_words (alert->refs);
  g_autofree char *reasons = koban_row_variant (alert->reasons);

  if (!koban_store_run (self->store, error, sql, "izziiiisssssm", incident,
                        parse_or_zero (alert->account, 'a'), parse_or_zero (alert->connection, 'c'),
                        (gint64) alert->kind, (gint64) alert->severity, now_us, now_us, alert->ref, refs,
                        alert->subject, alert->service, reasons, alert->has_total, alert->total))
    return FALSE;
  *id = koban_store_last_id (self->store);
  return TRUE;
}

/* --- incidents ----------------------------------------------------------------------------------- */

/* The code is bits of the entry that says that it was opened, and so of all entries before. */
static gboolean
open_incident (KobanLedger *self, const KobanAlert *alert, gint64 now_us, gint64 *id, GError **error)
{
  static const char sql[] =
    "INSERT OR IGNORE INTO incident (key, account, connection, code, opened_us, worse_us)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
  guint nth = 0;

  if (!koban_journal_note (self, now_us, error, "incident-opened", "account", "s", alert->account,
                           "connection", "s", alert->connection, NULL))
    return FALSE;
  do
    {
      g_autofree char *code = koban_code_from_head (self, nth++, error);

      if (code == NULL ||
          !koban_store_run (self->store, error, sql, "szzsi", alert->incident,
                            parse_or_zero (alert->account, 'a'), connection_of (alert), code, now_us))
        return FALSE;
    }
  while (koban_store_changes (self->store) == 0); /* the code is taken */
  *id = koban_store_last_id (self->store);
  return TRUE;
}

/* The open alert that @alert is more of; else the newest open incident that has none of its kind. */
static gboolean
find_place (KobanLedger *self, const KobanAlert *alert, KobanAlert **known, gint64 *incident, GError **error)
{
  static const char growing[] =
    "SELECT " KOBAN_ALERT_COLUMNS " FROM alert WHERE state < 2 AND kind = ?2 AND incident IN"
    " (SELECT id FROM incident WHERE key = ?1 AND account IS ?3 AND connection IS ?4)"
    " ORDER BY id DESC LIMIT 1";
  static const char joining[] =
    "SELECT max (id) FROM incident i WHERE key = ?1 AND account IS ?3 AND connection IS ?4"
    " AND EXISTS (SELECT 1 FROM alert WHERE incident = i.id AND state < 2)"
    " AND NOT EXISTS (SELECT 1 FROM alert WHERE incident = i.id AND kind = ?2)";
  gint64 account = parse_or_zero (alert->account, 'a'), connection = connection_of (alert);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, growing, "sizz", alert->incident, (gint64) alert->kind, account,
                     connection);
  if (koban_query_next (&query))
    {
      *known = koban_alert_row_read (&query);
      *incident = koban_query_int (&query, 1);
    }
  if (!koban_query_finish (&query, error) || *known != NULL)
    return *known != NULL;
  koban_query_start (&query, self->store, joining, "sizz", alert->incident, (gint64) alert->kind, account,
                     connection);
  if (koban_query_next (&query))
    *incident = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

/* --- loud or silent --------------------------------------------------------------------------------- */

/* What was told loudly is remembered, so that a sum that doubles is told loudly again. */
static gboolean
total_doubled (KobanLedger *self, gint64 incident, const KobanAlert *alert, gboolean *doubled, GError **error)
{
  static const char sql[] = "SELECT told_minor FROM incident WHERE id = ?";
  gint64 told = 0, total = alert->has_total ? ABS (alert->total.minor) : 0;
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", incident);
  if (koban_query_next (&query))
    told = koban_query_int (&query, 0);
  *doubled = total > 0 && (told == 0 || total / 2 >= told);
  return koban_query_finish (&query, error);
}

static gboolean
remember_told (KobanLedger *self, gint64 incident, const KobanAlert *alert, GError **error)
{
  static const char sql[] = "UPDATE incident SET told_minor = max (told_minor, ?) WHERE id = ?";
  gint64 total = alert->has_total ? ABS (alert->total.minor) : 0;

  return koban_store_run (self->store, error, sql, "ii", total, incident);
}

/* --- opening and growing ------------------------------------------------------------------------------ */

static gboolean
note_alert (KobanLedger *self,
            const char *event,
            gint64 id,
            gint64 incident,
            const KobanAlert *alert,
            gint64 now_us,
            GError **error)
{
  g_autofree char *shown = koban_row_id ('n', id);
  g_autofree char *group = koban_row_id ('i', incident);

  return koban_journal_note (self, now_us, error, event, "alert", "s", shown, "incident", "s", group, "kind",
                             "s", koban_alert_kind_name (alert->kind), "severity", "s",
                             koban_severity_name (alert->severity), "ref", "s", alert->ref, NULL);
}

/* In an incident of its own, unless there is one for it. */
static gboolean
insert_open (KobanLedger *self, gint64 *incident, const KobanAlert *alert, gint64 now_us, GError **error)
{
  gint64 id;

  return (*incident != 0 || open_incident (self, alert, now_us, incident, error)) &&
         insert_alert (self, *incident, alert, now_us, &id, error) &&
         note_alert (self, "alert-opened", id, *incident, alert, now_us, error) &&
         remember_told (self, *incident, alert, error);
}

static gboolean
open_alert (KobanLedger *self,
            gint64 incident,
            const KobanAlert *alert,
            gint64 now_us,
            KobanMergeResult *result,
            GError **error)
{
  if (!insert_open (self, &incident, alert, now_us, error))
    return FALSE;
  result->opened++;
  return koban_outbox_queue (self, incident, FALSE, now_us, error);
}

static gboolean
same_words (const KobanAlert *a, const KobanAlert *b)
{
  return a->severity == b->severity && a->has_total == b->has_total &&
         (!a->has_total || koban_money_equal (a->total, b->total)) && g_strv_equal (a->refs, b->refs) &&
         g_strcmp0 (a->subject, b->subject) == 0 && g_strcmp0 (a->service, b->service) == 0 &&
         g_variant_equal (a->reasons, b->reasons);
}

static gboolean
grow_alert (KobanLedger *self,
            gint64 incident,
            const KobanAlert *known,
            const KobanAlert *later,
            gint64 now_us,
            KobanMergeResult *result,
            GError **error)
{
  g_autoptr(KobanAlert) grown = koban_alert_grow (known, later);
  gint64 id = parse_or_zero (known->id, 'n');
  gboolean raised = grown->severity > known->severity, doubled;

  if (same_words (known, grown))
    return TRUE;
  if (!total_doubled (self, incident, grown, &doubled, error) || !write_alert (self, id, grown, error))
    return FALSE;
  if (raised && !note_alert (self, "alert-raised", id, incident, grown, now_us, error))
    return FALSE;
  if ((raised || doubled) && !remember_told (self, incident, grown, error))
    return FALSE;
  result->raised += raised ? 1 : 0;
  return koban_outbox_queue (self, incident, !raised && !doubled, now_us, error);
}

gboolean
koban_alert_put (KobanLedger *self,
                 const KobanAlert *alert,
                 gint64 now_us,
                 KobanMergeResult *result,
                 GError **error)
{
  g_autoptr(KobanAlert) known = NULL;
  gint64 incident = 0;

  if (!find_place (self, alert, &known, &incident, error))
    return FALSE;
  if (known != NULL)
    return grow_alert (self, incident, known, alert, now_us, result, error);
  return open_alert (self, incident, alert, now_us, result, error);
}

/* What was said and is not over yet is not said again. */
gboolean
koban_alert_tell_others (KobanLedger *self,
                         const KobanAlert *alert,
                         const char *but,
                         gint64 now_us,
                         GError **error)
{
  g_autoptr(KobanAlert) known = NULL;
  gint64 incident = 0;

  if (!find_place (self, alert, &known, &incident, error))
    return FALSE;
  return known != NULL || (insert_open (self, &incident, alert, now_us, error) &&
                           koban_outbox_queue_others (self, incident, but, now_us, error));
}

/* --- judging ------------------------------------------------------------------------------------------- */

static GPtrArray *
judge (KobanLedger *self,
       gint64 connection,
       gint64 account,
       KobanAccount *value,
       GPtrArray *changes,
       gint64 now_us,
       gint64 *due_us,
       GError **error)
{
  g_autofree char *shown = koban_row_id ('c', connection);
  KobanDelta delta = {
    .account = value,
    .connection = shown,
    .now_us = now_us,
    .utc_offset_minutes = self->utc_offset_minutes,
    .covered_from = KOBAN_NO_DATE,
    .changes = changes,
  };
  KobanHabits *habits = koban_ledger_habits (self, error);
  gboolean baseline;

  if (habits == NULL)
    return NULL;
  if (account != 0 && (!koban_coverage_from (self, account, &delta.covered_from, error) ||
                       !koban_coverage_before (self, connection, account, KOBAN_LISTING_TRANSACTIONS,
                                               &delta.lines_heard_us, &baseline, error)))
    return NULL;
  return koban_watch_judge (self->services, self->wariness, habits, &delta, due_us);
}

gboolean
koban_alerts_judge (KobanLedger *self,
                    gint64 connection,
                    gint64 account,
                    KobanAccount *value,
                    GPtrArray *changes,
                    gint64 now_us,
                    KobanMergeResult *result,
                    gint64 *due_us,
                    GError **error)
{
  g_autoptr(GPtrArray) alerts = judge (self, connection, account, value, changes, now_us, due_us, error);

  for (guint i = 0; alerts != NULL && i < alerts->len; i++)
    if (!koban_alert_put (self, alerts->pdata[i], now_us, result, error))
      return FALSE;
  return alerts != NULL;
}

gboolean
koban_alerts_teach (KobanLedger *self,
                    gint64 connection,
                    gint64 account,
                    GPtrArray *changes,
                    gint64 now_us,
                    GError **error)
{
  g_autoptr(KobanAccount) value =
    account != 0 ? koban_account_load (self, account, connection, error) : NULL;
  g_autoptr(GPtrArray) alerts = NULL;

  if (account != 0 && value == NULL)
    return FALSE;
  alerts = judge (self, connection, account, value, changes, now_us, NULL, error);
  return alerts != NULL;
}

/* --- folding again ------------------------------------------------------------------------------------ */

/* One person has one set of habits, so that all accounts are folded together. */
gboolean
koban_alerts_fold_again (KobanLedger *self, GError **error)
{
  g_autoptr(KobanHabits) habits = koban_habits_new ();

  if (!koban_history_fold (self, KOBAN_HISTORY_AS_HEARD, self->wariness, habits, NULL, error))
    return FALSE;
  koban_habits_free (self->habits);
  self->habits = g_steal_pointer (&habits);
  return TRUE;
}

gboolean
koban_ledger_raise (KobanLedger *self,
                    const KobanAlert *alert,
                    gint64 now_us,
                    KobanMergeResult *result,
                    GError **error)
{
  KobanMergeResult found = { 0 };

  if (!koban_ledger_begin (self, error) ||
      !koban_ledger_end (self, koban_alert_put (self, alert, now_us, &found, error), error))
    return FALSE;
  if (result != NULL)
    {
      result->opened += found.opened;
      result->raised += found.raised;
    }
  return TRUE;
}

/* --- what is over ------------------------------------------------------------------------------------------
 */

gboolean
koban_alerts_settle (KobanLedger *self, const char *incident_key, gint64 now_us, GError **error)
{
  static const char sql[] = "UPDATE alert SET state = 3, updated_us = ?2 WHERE state < 2 AND kind = 3"
                            " AND incident IN (SELECT id FROM incident WHERE key = ?1)";

  if (!koban_store_run (self->store, error, sql, "si", incident_key, now_us))
    return FALSE;
  return koban_store_changes (self->store) == 0 ||
         (koban_journal_note (self, now_us, error, "settled", "key", "s", incident_key, NULL) &&
          koban_outbox_tidy (self, error));
}

gboolean
koban_ledger_was_raised (KobanLedger *self, const char *incident_key, gboolean *was, GError **error)
{
  static const char sql[] = "SELECT 1 FROM incident WHERE key = ? LIMIT 1";
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "s", incident_key);
  *was = koban_query_next (&query);
  return koban_query_finish (&query, error);
}

gboolean
koban_ledger_settle (KobanLedger *self, const char *incident_key, gint64 now_us, GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, koban_alerts_settle (self, incident_key, now_us, error), error);
}

gboolean
koban_alerts_close_of_connection (KobanLedger *self, gint64 connection, gint64 now_us, GError **error)
{
  static const char sql[] =
    "UPDATE alert SET state = 3, updated_us = ?2 WHERE connection = ?1 AND state < 2 AND kind = 3";

  return koban_store_run (self->store, error, sql, "ii", connection, now_us) &&
         koban_outbox_tidy (self, error);
}
