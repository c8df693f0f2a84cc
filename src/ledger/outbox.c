/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What must be told and is not told yet: one row an incident and channel, written with the alert and
 * gone only when a channel took it. A row that was handed out is not touched any more, so that what
 * comes while it is on its way makes a row of its own and is not lost.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

/* Loudness sticks: a silent update does not hush what is still to be told loudly. */
static gboolean
join_waiting (KobanLedger *self, gint64 id, gboolean silent, GError **error)
{
  static const char sql[] = "UPDATE outbox SET silent = min (silent, ?) WHERE id = ?";

  return koban_store_run (self->store, error, sql, "ii", (gint64) (silent != FALSE), id);
}

static gboolean
find_waiting (KobanLedger *self, gint64 incident, const char *channel, gint64 *id, GError **error)
{
  static const char sql[] =
    "SELECT id FROM outbox WHERE incident = ? AND channel = ? AND sent_us IS NULL ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "is", incident, channel);
  while (koban_query_next (&query))
    {
      gint64 row = koban_query_int (&query, 0);

      if (!g_hash_table_contains (self->in_flight, &row))
        *id = row;
    }
  return koban_query_finish (&query, error);
}

gboolean
koban_outbox_queue (KobanLedger *self, gint64 incident, gboolean silent, gint64 now_us, GError **error)
{
  static const char sql[] =
    "INSERT INTO outbox (incident, channel, queued_us, due_us, silent) VALUES (?1, ?2, ?3, ?3, ?4)";
  static const char channel[] = "desktop";
  gint64 waiting = 0;

  if (!find_waiting (self, incident, channel, &waiting, error))
    return FALSE;
  if (waiting != 0)
    return join_waiting (self, waiting, silent, error);
  return koban_store_run (self->store, error, sql, "isii", incident, channel, now_us,
                          (gint64) (silent != FALSE));
}

gboolean
koban_outbox_tidy (KobanLedger *self, GError **error)
{
  static const char sql[] = "DELETE FROM outbox WHERE sent_us IS NULL AND NOT EXISTS"
                            " (SELECT 1 FROM alert WHERE alert.incident = outbox.incident AND state < 2)";

  return koban_store_run (self->store, error, sql, "");
}

/* --- deliveries ------------------------------------------------------------------------------------ */

void
koban_delivery_free (KobanDelivery *self)
{
  g_free (self->incident);
  g_free (self->code);
  g_free (self->channel);
  g_free (self->account_name);
  g_clear_pointer (&self->alerts, g_ptr_array_unref);
  g_free (self);
}

static gboolean
load_alerts (KobanLedger *self, KobanDelivery *delivery, GError **error)
{
  static const char sql[] = "SELECT " KOBAN_ALERT_COLUMNS " FROM alert WHERE incident = ? AND state < 2"
                            " ORDER BY severity DESC, kind DESC, id";
  g_auto(KobanQuery) query = { 0 };
  gint64 incident = 0;

  koban_row_parse_id (delivery->incident, 'i', &incident);
  delivery->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  koban_query_start (&query, self->store, sql, "i", incident);
  while (koban_query_next (&query))
    g_ptr_array_add (delivery->alerts, koban_alert_row_read (&query));
  return koban_query_finish (&query, error);
}

static GPtrArray *
read_deliveries (KobanLedger *self, KobanQuery *query, GError **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_delivery_free);

  while (koban_query_next (query))
    {
      KobanDelivery *delivery = g_new0 (KobanDelivery, 1);

      delivery->id = koban_query_int (query, 0);
      delivery->incident = koban_row_id ('i', koban_query_int (query, 1));
      delivery->code = g_strdup (koban_query_text (query, 2));
      delivery->channel = g_strdup (koban_query_text (query, 3));
      delivery->silent = koban_query_int (query, 4) != 0;
      delivery->attempts = (guint) koban_query_int (query, 5);
      delivery->account_name = g_strdup (koban_query_text (query, 6));
      g_ptr_array_add (rows, delivery);
    }
  if (!koban_query_finish (query, error))
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    if (!load_alerts (self, rows->pdata[i], error))
      return NULL;
  return g_steal_pointer (&rows);
}

static gboolean
next_due (KobanLedger *self, gint64 now_us, gint64 *next_us, GError **error)
{
  static const char sql[] = "SELECT min (due_us) FROM outbox WHERE sent_us IS NULL AND due_us > ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", now_us);
  if (koban_query_next (&query))
    *next_us = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

GPtrArray *
koban_ledger_get_outbox (KobanLedger *self, gint64 now_us, gint64 *next_us, GError **error)
{
  static const char sql[] =
    "SELECT o.id, o.incident, i.code, o.channel, o.silent, o.attempts, a.name FROM outbox o"
    " JOIN incident i ON i.id = o.incident LEFT JOIN account a ON a.id = i.account"
    " WHERE o.sent_us IS NULL AND o.due_us <= ? ORDER BY o.id";
  g_autoptr(GPtrArray) rows = NULL;
  g_auto(KobanQuery) query = { 0 };
  gint64 next = 0;

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "i", now_us);
  rows = read_deliveries (self, &query, error);
  if (rows == NULL || !next_due (self, now_us, &next, error))
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_add (self->in_flight, g_memdup2 (&((KobanDelivery *) rows->pdata[i])->id, sizeof (gint64)));
  if (next_us != NULL)
    *next_us = next;
  return g_steal_pointer (&rows);
}

GPtrArray *
koban_ledger_get_open_deliveries (KobanLedger *self, const char *channel, GError **error)
{
  static const char sql[] =
    "SELECT max (o.id), o.incident, i.code, o.channel, 1, 0, a.name FROM outbox o"
    " JOIN incident i ON i.id = o.incident LEFT JOIN account a ON a.id = i.account"
    " WHERE o.channel = ? AND o.sent_us IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM alert WHERE alert.incident = o.incident AND state < 2)"
    " GROUP BY o.incident ORDER BY o.incident";
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "s", channel);
  return read_deliveries (self, &query, error);
}

/* --- marks --------------------------------------------------------------------------------------------- */

static gboolean
mark_sent (KobanLedger *self, gint64 delivery, gint64 now_us, GError **error)
{
  static const char sent[] = "UPDATE outbox SET sent_us = ?, why = NULL WHERE id = ? AND sent_us IS NULL";
  static const char notified[] = "UPDATE alert SET state = 1 WHERE state = 0 AND incident ="
                                 " (SELECT incident FROM outbox WHERE id = ?)";
  /* One that went out is enough to know what was told; older ones say nothing more. */
  static const char forget[] =
    "DELETE FROM outbox WHERE sent_us IS NOT NULL AND id < ?1 AND (incident, channel) ="
    " (SELECT incident, channel FROM outbox WHERE id = ?1)";

  return koban_store_run (self->store, error, sent, "ii", now_us, delivery) &&
         koban_store_run (self->store, error, notified, "i", delivery) &&
         koban_store_run (self->store, error, forget, "i", delivery);
}

gboolean
koban_ledger_mark_sent (KobanLedger *self, gint64 delivery, gint64 now_us, GError **error)
{
  if (!koban_ledger_begin (self, error) ||
      !koban_ledger_end (self, mark_sent (self, delivery, now_us, error), error))
    return FALSE;
  g_hash_table_remove (self->in_flight, &delivery);
  return TRUE;
}

gboolean
koban_ledger_mark_unsent (KobanLedger *self,
                          gint64 delivery,
                          gint64 retry_us,
                          const char *why,
                          GError **error)
{
  static const char sql[] =
    "UPDATE outbox SET attempts = attempts + 1, due_us = ?, why = ? WHERE id = ? AND sent_us IS NULL";

  koban_ledger_assert_thread (self);
  if (!koban_store_run (self->store, error, sql, "isi", retry_us, why, delivery))
    return FALSE;
  g_hash_table_remove (self->in_flight, &delivery);
  return TRUE;
}
