/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What must be told and is not told yet: one row an incident and channel, written with the alert and
 * gone only when a channel took it. A row that was handed out is not touched any more, so that what
 * comes while it is on its way makes a row of its own and is not lost. Much at once is handed out as
 * one bundle, and which incidents those are follows from the table alone, so that a restart or a later
 * row changes no bundle into another.
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

/* --- bundles ------------------------------------------------------------------------------------------ */

/* What was opened in one minute came of one check. The first few are told one by one, the others in one
 * summary (trust P5: 500 at once), and no link is folded away. What only happened in a gap of coverage is one
 * digest, but for what is critical. A bundle of one is no bundle. */
#define STORM_AFTER "5"
#define MINUTE "60000000"

/* Named by the minute, counted from 1: twice its number a storm, one more a gap. */
#define BUNDLES                                                                                              \
  "WITH numbered AS (SELECT id, 1 + opened_us / " MINUTE                                                     \
  " AS minute, row_number () OVER (PARTITION BY opened_us / " MINUTE " ORDER BY id) AS nr FROM incident"     \
  " WHERE opened_us >= (SELECT coalesce (min (opened_us), 0) FROM incident WHERE EXISTS"                     \
  " (SELECT 1 FROM alert WHERE alert.incident = incident.id AND state < 2)) - " MINUTE "),"                  \
  " named AS (SELECT id, minute * 2 + 1 AS bundle FROM numbered WHERE NOT EXISTS"                            \
  " (SELECT 1 FROM alert WHERE incident = numbered.id AND (severity = 2 OR instr (reasons, "                 \
  "'in_coverage_gap') = 0))"                                                                                 \
  " UNION ALL SELECT id, minute * 2 FROM numbered WHERE nr > " STORM_AFTER                                   \
  " AND EXISTS (SELECT 1 FROM alert WHERE incident = numbered.id"                                            \
  " AND (severity = 2 OR instr (reasons, 'in_coverage_gap') = 0))"                                           \
  " AND NOT EXISTS (SELECT 1 FROM alert WHERE incident = numbered.id AND kind = 0)) "

/* A bundle's delivery has no row of its own: its id is its name, below zero. */
static gboolean
is_bundle (gint64 delivery)
{
  return delivery < 0;
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
  koban_query_start (&query, self->store, sql, "i", incident);
  while (koban_query_next (&query))
    g_ptr_array_add (delivery->alerts, koban_alert_row_read (&query));
  return koban_query_finish (&query, error);
}

/* All that the bundle tells of by now, the worst first. */
static gboolean
load_bundle (KobanLedger *self, KobanDelivery *delivery, GError **error)
{
  static const char sql[] = BUNDLES
    "SELECT " KOBAN_ALERT_COLUMNS " FROM alert WHERE incident IN (SELECT id FROM named WHERE bundle = ?)"
    " AND state < 2 ORDER BY severity DESC, kind = 0 DESC, abs (coalesce (total, 0)) DESC, id";
  g_autoptr(GHashTable) incidents = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", -delivery->id);
  while (koban_query_next (&query))
    {
      KobanAlert *alert = koban_alert_row_read (&query);

      g_ptr_array_add (delivery->alerts, alert);
      g_hash_table_add (incidents, (gpointer) alert->incident);
    }
  delivery->incidents = g_hash_table_size (incidents);
  return koban_query_finish (&query, error);
}

static KobanDelivery *
delivery_from_row (KobanQuery *query)
{
  KobanDelivery *delivery = g_new0 (KobanDelivery, 1);

  delivery->id = koban_query_int (query, 0);
  delivery->incident = koban_row_id ('i', koban_query_int (query, 1));
  delivery->code = g_strdup (koban_query_text (query, 2));
  delivery->channel = g_strdup (koban_query_text (query, 3));
  delivery->silent = koban_query_int (query, 4) != 0;
  delivery->attempts = (guint) koban_query_int (query, 5);
  delivery->account_name = g_strdup (koban_query_text (query, 6));
  delivery->ownership = (KobanOwnership) koban_query_int (query, 7);
  delivery->incidents = 1;
  delivery->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  return delivery;
}

/* The bundle's delivery takes the place of its first row. */
static void
make_bundle (KobanDelivery *first, gint64 bundle)
{
  first->id = -bundle;
  first->bundle = bundle % 2 != 0 ? KOBAN_BUNDLE_GAP : KOBAN_BUNDLE_STORM;
  g_free (first->incident);
  first->incident = g_strdup_printf ("%s-%" G_GINT64_FORMAT, bundle % 2 != 0 ? "gap" : "storm", bundle / 2);
  g_clear_pointer (&first->account_name, g_free);
}

static void
join_bundle (KobanDelivery *bundle, KobanDelivery *more)
{
  bundle->silent = bundle->silent && more->silent;
  bundle->attempts = MAX (bundle->attempts, more->attempts);
  if (more->ownership == KOBAN_OWNERSHIP_JOINT)
    bundle->ownership = KOBAN_OWNERSHIP_JOINT;
  koban_delivery_free (more);
}

static KobanDelivery *
find_delivery (GPtrArray *rows, gint64 id, const char *channel)
{
  for (guint i = 0; i < rows->len; i++)
    {
      KobanDelivery *delivery = rows->pdata[i];

      if (delivery->id == id && g_str_equal (delivery->channel, channel))
        return delivery;
    }
  return NULL;
}

/* Columns: those of delivery_from_row(), then the bundle and how many incidents it has. */
static void
take_row (KobanLedger *self, GPtrArray *rows, KobanQuery *query, gboolean hand_out)
{
  KobanDelivery *delivery = delivery_from_row (query);
  gint64 row = delivery->id;
  gint64 bundle = koban_query_int (query, 9) > 1 ? koban_query_int (query, 8) : 0;
  KobanDelivery *known = bundle != 0 ? find_delivery (rows, -bundle, delivery->channel) : NULL;

  if (hand_out)
    g_hash_table_insert (self->in_flight, g_memdup2 (&row, sizeof row), g_memdup2 (&bundle, sizeof bundle));
  if (known != NULL)
    {
      join_bundle (known, delivery);
      return;
    }
  if (bundle != 0)
    make_bundle (delivery, bundle);
  g_ptr_array_add (rows, delivery);
}

/* A summary that was told is put right in silence, unless it gets worse. */
static gboolean
was_told_as_bad (KobanLedger *self, const KobanDelivery *bundle, gboolean *told, GError **error)
{
  static const char sql[] = BUNDLES
    "SELECT 1 FROM alert a JOIN outbox o ON o.incident = a.incident AND o.sent_us IS NOT NULL AND o.channel ="
    " ?2 WHERE a.incident IN (SELECT id FROM named WHERE bundle = ?1) AND a.severity >= ?3";
  const KobanAlert *worst = bundle->alerts->len > 0 ? bundle->alerts->pdata[0] : NULL;
  g_auto(KobanQuery) query = { 0 };

  if (worst == NULL)
    return TRUE;
  koban_query_start (&query, self->store, sql, "isi", -bundle->id, bundle->channel, (gint64) worst->severity);
  *told = koban_query_next (&query);
  return koban_query_finish (&query, error);
}

static gboolean
fill_delivery (KobanLedger *self, KobanDelivery *delivery, GError **error)
{
  gboolean told = FALSE;

  if (!is_bundle (delivery->id))
    return load_alerts (self, delivery, error);
  if (!load_bundle (self, delivery, error) || !was_told_as_bad (self, delivery, &told, error))
    return FALSE;
  delivery->silent = delivery->silent || told;
  return TRUE;
}

static GPtrArray *
read_deliveries (KobanLedger *self, KobanQuery *query, gboolean hand_out, GError **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_delivery_free);

  while (koban_query_next (query))
    take_row (self, rows, query, hand_out);
  if (!koban_query_finish (query, error))
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    if (!fill_delivery (self, rows->pdata[i], error))
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

#define BUNDLE_COLUMNS                                                                                       \
  "a.name, a.ownership, b.bundle, (SELECT count (*) FROM named n WHERE n.bundle = b.bundle)"
#define DELIVERY_TABLES                                                                                      \
  " FROM outbox o JOIN incident i ON i.id = o.incident LEFT JOIN account a ON a.id = i.account"              \
  " LEFT JOIN named b ON b.id = o.incident"

GPtrArray *
koban_ledger_get_outbox (KobanLedger *self, gint64 now_us, gint64 *next_us, GError **error)
{
  static const char sql[] = BUNDLES
    "SELECT o.id, o.incident, i.code, o.channel, o.silent, o.attempts, " BUNDLE_COLUMNS DELIVERY_TABLES
    " WHERE o.sent_us IS NULL AND o.due_us <= ? ORDER BY o.id";
  g_autoptr(GPtrArray) rows = NULL;
  g_auto(KobanQuery) query = { 0 };
  gint64 next = 0;

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "i", now_us);
  rows = read_deliveries (self, &query, TRUE, error);
  if (rows == NULL || !next_due (self, now_us, &next, error))
    return NULL;
  if (next_us != NULL)
    *next_us = next;
  return g_steal_pointer (&rows);
}

GPtrArray *
koban_ledger_get_open_deliveries (KobanLedger *self, const char *channel, GError **error)
{
  static const char sql[] =
    BUNDLES "SELECT max (o.id), o.incident, i.code, o.channel, 1, 0, " BUNDLE_COLUMNS DELIVERY_TABLES
            " WHERE o.channel = ? AND o.sent_us IS NOT NULL"
            " AND EXISTS (SELECT 1 FROM alert WHERE alert.incident = o.incident AND state < 2)"
            " GROUP BY o.incident ORDER BY o.incident";
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "s", channel);
  return read_deliveries (self, &query, FALSE, error);
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

/* The rows that a delivery stands for: its own, or those that went out in its bundle. */
static GArray *
rows_of_delivery (KobanLedger *self, gint64 delivery)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer row, bundle;

  if (!is_bundle (delivery))
    {
      g_array_append_val (rows, delivery);
      return rows;
    }
  g_hash_table_iter_init (&iter, self->in_flight);
  while (g_hash_table_iter_next (&iter, &row, &bundle))
    if (*(gint64 *) bundle == -delivery)
      g_array_append_vals (rows, row, 1);
  return rows;
}

static void
forget_in_flight (KobanLedger *self, GArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_remove (self->in_flight, &g_array_index (rows, gint64, i));
}

static gboolean
mark_all_sent (KobanLedger *self, GArray *rows, gint64 now_us, GError **error)
{
  for (guint i = 0; i < rows->len; i++)
    if (!mark_sent (self, g_array_index (rows, gint64, i), now_us, error))
      return FALSE;
  return TRUE;
}

gboolean
koban_ledger_mark_sent (KobanLedger *self, gint64 delivery, gint64 now_us, GError **error)
{
  g_autoptr(GArray) rows = rows_of_delivery (self, delivery);

  if (!koban_ledger_begin (self, error) ||
      !koban_ledger_end (self, mark_all_sent (self, rows, now_us, error), error))
    return FALSE;
  forget_in_flight (self, rows);
  return TRUE;
}

static gboolean
mark_all_unsent (KobanLedger *self, GArray *rows, gint64 retry_us, const char *why, GError **error)
{
  static const char sql[] =
    "UPDATE outbox SET attempts = attempts + 1, due_us = ?, why = ? WHERE id = ? AND sent_us IS NULL";

  for (guint i = 0; i < rows->len; i++)
    if (!koban_store_run (self->store, error, sql, "isi", retry_us, why, g_array_index (rows, gint64, i)))
      return FALSE;
  return TRUE;
}

gboolean
koban_ledger_mark_unsent (KobanLedger *self,
                          gint64 delivery,
                          gint64 retry_us,
                          const char *why,
                          GError **error)
{
  g_autoptr(GArray) rows = rows_of_delivery (self, delivery);

  if (!koban_ledger_begin (self, error) ||
      !koban_ledger_end (self, mark_all_unsent (self, rows, retry_us, why, error), error))
    return FALSE;
  forget_in_flight (self, rows);
  return TRUE;
}
