/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What must be told and is not told yet: one row an incident and channel with the time at which it is due,
 * written with the alert and gone only when the channel took it. A row that was handed out is not touched any
 * more, so that what comes while it is on its way makes a row of its own and is not lost. Much at once is
 * handed out as one bundle, and which incidents those are follows from the tables alone, so that a restart or
 * a later row changes no bundle into another. When is in plan.c.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>

/* --- queueing ----------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 id; /* 0: none waits */
  gint64 due_us;
  gboolean again;
} Waiting;

static gboolean
find_waiting (KobanLedger *self, gint64 incident, const char *channel, Waiting *waiting, GError **error)
{
  static const char sql[] =
    "SELECT id, due_us, again FROM outbox WHERE incident = ? AND channel = ? AND sent_us IS NULL ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "is", incident, channel);
  while (koban_query_next (&query))
    {
      gint64 row = koban_query_int (&query, 0);

      if (!g_hash_table_contains (self->in_flight, &row))
        *waiting = (Waiting){ row, koban_query_int (&query, 1), koban_query_int (&query, 2) != 0 };
    }
  return koban_query_finish (&query, error);
}

static gboolean
insert_row (KobanLedger *self,
            gint64 incident,
            const char *channel,
            gboolean silent,
            gboolean again,
            gint64 now_us,
            gint64 due_us,
            GError **error)
{
  static const char sql[] = "INSERT INTO outbox (incident, channel, queued_us, due_us, silent, again)"
                            " VALUES (?, ?, ?, ?, ?, ?)";

  return koban_store_run (self->store, error, sql, "isiiii", incident, channel, now_us, due_us,
                          (gint64) (silent != FALSE), (gint64) (again != FALSE));
}

/* Loudness sticks: a silent update does not hush what is still to be told loudly. What failed is tried when
 * it is its time. A reminder that waits gives way to the news, and is planned again when that is told. */
static gboolean
join_waiting (KobanLedger *self, const Waiting *waiting, gboolean silent, gint64 due_us, GError **error)
{
  static const char louder[] =
    "UPDATE outbox SET silent = 0, again = 0, digest = NULL,"
    " due_us = CASE attempts WHEN 0 THEN min (due_us, ?) ELSE due_us END WHERE id = ?";
  static const char instead[] = "UPDATE outbox SET silent = 1, again = 0, due_us = ? WHERE id = ?";

  if (!silent)
    return koban_store_run (self->store, error, louder, "ii", due_us, waiting->id);
  return !waiting->again || koban_store_run (self->store, error, instead, "ii", due_us, waiting->id);
}

static gboolean
queue_on (KobanLedger *self,
          gint64 incident,
          const KobanChannelRow *channel,
          KobanUrgency urgency,
          gboolean silent,
          gint64 now_us,
          GError **error)
{
  gint64 wait_us = silent ? 0 : koban_plan_wait_us (channel->way, channel->nth, urgency);
  gint64 due_us = koban_plan_due_us (now_us, wait_us);
  Waiting waiting = { 0 };

  if (wait_us == KOBAN_PLAN_NEVER || (silent && !koban_plan_updates (channel->way)))
    return TRUE;
  if (!find_waiting (self, incident, channel->name, &waiting, error))
    return FALSE;
  if (waiting.id != 0)
    return join_waiting (self, &waiting, silent, due_us, error);
  return insert_row (self, incident, channel->name, silent, FALSE, now_us, due_us, error);
}

static gboolean
queue_on_all (KobanLedger *self,
              gint64 incident,
              const char *but,
              KobanUrgency urgency,
              gboolean silent,
              gint64 now_us,
              GError **error)
{
  g_autoptr(GArray) channels = koban_channels_read (self, error);

  for (guint i = 0; channels != NULL && i < channels->len; i++)
    {
      const KobanChannelRow *channel = &g_array_index (channels, KobanChannelRow, i);

      if (g_strcmp0 (channel->name, but) != 0 &&
          !queue_on (self, incident, channel, urgency, silent, now_us, error))
        return FALSE;
    }
  return channels != NULL;
}

/* How bad what is open of it is. */
static gboolean
read_severity (KobanLedger *self, gint64 incident, KobanSeverity *severity, GError **error)
{
  static const char sql[] = "SELECT coalesce (max (severity), 0) FROM alert WHERE incident = ? AND state < 2";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", incident);
  if (koban_query_next (&query))
    *severity = (KobanSeverity) koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

static gboolean
set_worse (KobanLedger *self, gint64 incident, gint64 now_us, GError **error)
{
  static const char sql[] = "UPDATE incident SET worse_us = ? WHERE id = ?";

  return koban_store_run (self->store, error, sql, "ii", now_us, incident);
}

gboolean
koban_outbox_queue (KobanLedger *self, gint64 incident, gboolean silent, gint64 now_us, GError **error)
{
  KobanSeverity severity = KOBAN_SEVERITY_NOTICE;

  return (silent || set_worse (self, incident, now_us, error)) &&
         read_severity (self, incident, &severity, error) &&
         queue_on_all (self, incident, NULL, (KobanUrgency) severity, silent, now_us, error);
}

gboolean
koban_outbox_queue_others (KobanLedger *self, gint64 incident, const char *but, gint64 now_us, GError **error)
{
  return queue_on_all (self, incident, but, KOBAN_URGENCY_ALL, FALSE, now_us, error);
}

/* --- what is told again --------------------------------------------------------------------------------- */

/* Only what is critical, and only while nobody answers. */
static gboolean
remind_on (KobanLedger *self, gint64 incident, const KobanChannelRow *channel, gint64 now_us, GError **error)
{
  static const char sql[] = "SELECT worse_us FROM incident WHERE id = ?";
  KobanSeverity severity = KOBAN_SEVERITY_NOTICE;
  Waiting waiting = { 0 };
  gint64 due_us = 0;
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", incident);
  if (koban_query_next (&query))
    due_us = koban_plan_repeat_us (channel->way, koban_query_int (&query, 0), now_us);
  if (!koban_query_finish (&query, error) || !read_severity (self, incident, &severity, error) ||
      !find_waiting (self, incident, channel->name, &waiting, error))
    return FALSE;
  return due_us == 0 || severity < KOBAN_SEVERITY_CRITICAL || waiting.id != 0 ||
         insert_row (self, incident, channel->name, FALSE, TRUE, now_us, due_us, error);
}

static gboolean
remind (KobanLedger *self, gint64 incident, const char *only, gint64 now_us, GError **error)
{
  g_autoptr(GArray) channels = koban_channels_read (self, error);

  for (guint i = 0; channels != NULL && i < channels->len; i++)
    {
      const KobanChannelRow *channel = &g_array_index (channels, KobanChannelRow, i);

      if ((only == NULL || g_str_equal (channel->name, only)) &&
          !remind_on (self, incident, channel, now_us, error))
        return FALSE;
    }
  return channels != NULL;
}

gboolean
koban_outbox_reopen (KobanLedger *self, gint64 incident, gint64 now_us, GError **error)
{
  return set_worse (self, incident, now_us, error) && remind (self, incident, NULL, now_us, error);
}

gboolean
koban_outbox_welcome (KobanLedger *self, const char *channel, gint64 now_us, GError **error)
{
  static const char sql[] =
    "INSERT INTO outbox (incident, channel, queued_us, due_us, silent) SELECT DISTINCT incident, ?1, ?2, ?2, "
    "0"
    " FROM alert WHERE state < 2 AND severity = 2"
    " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.incident = alert.incident AND channel = ?1)";

  return koban_store_run (self->store, error, sql, "si", channel, now_us);
}

gboolean
koban_outbox_tidy (KobanLedger *self, GError **error)
{
  static const char sql[] = "DELETE FROM outbox WHERE sent_us IS NULL AND NOT EXISTS"
                            " (SELECT 1 FROM alert WHERE alert.incident = outbox.incident AND state < 2)";

  return koban_store_run (self->store, error, sql, "");
}

/* --- quiet hours ---------------------------------------------------------------------------------------- */

static gint64 bundle_name (gint64 at_us, KobanBundle kind);

#define IS_CRITICAL                                                                                          \
  "EXISTS (SELECT 1 FROM alert WHERE alert.incident = outbox.incident AND state < 2 AND severity = 2)"
/* What lowers protection is told at once, and by night most of all. */
#define IS_PASSING "EXISTS (SELECT 1 FROM incident WHERE incident.id = outbox.incident AND key LIKE 'said:%')"

gboolean
koban_ledger_hold (KobanLedger *self, const KobanQuiet *quiet, gint64 now_us, GError **error)
{
  static const char sql[] = "UPDATE outbox SET due_us = ?1, digest = ?2 WHERE sent_us IS NULL AND silent = 0"
                            " AND due_us < ?1 AND NOT " IS_CRITICAL " AND NOT " IS_PASSING;
  g_autoptr(GTimeZone) zone = g_time_zone_new_local ();
  gint64 until_us = koban_quiet_until (quiet, zone, now_us);

  if (until_us == now_us)
    return TRUE;
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (
    self,
    koban_store_run (self->store, error, sql, "ii", until_us, bundle_name (until_us, KOBAN_BUNDLE_DIGEST)),
    error);
}

/* --- bundles ------------------------------------------------------------------------------------------ */

/* What was opened in one minute came of one check. More than a few are told in one summary (trust P5: 500 at
 * once), with every link among them. What only happened in a gap of coverage is one digest, but for what is
 * critical. A bundle of one is no bundle, and what is said of Koban itself stands alone. */
#define STORM_AFTER "5"
#define MINUTE "60000000"
#define BUNDLE_KINDS 4 /* as in the "* 4" below */

static gint64
bundle_name (gint64 at_us, KobanBundle kind)
{
  return (1 + at_us / KOBAN_MINUTE_US) * BUNDLE_KINDS + (gint64) kind;
}

#define BUNDLES                                                                                              \
  "WITH loose AS (SELECT id, (1 + opened_us / " MINUTE ") * 4 AS minute, NOT EXISTS (SELECT 1 FROM alert"    \
  " WHERE alert.incident = incident.id AND (severity = 2 OR instr (reasons, 'in_coverage_gap') = 0)) AS "    \
  "in_gap"                                                                                                   \
  " FROM incident WHERE opened_us >= (SELECT coalesce (min (opened_us), 0) FROM incident WHERE EXISTS"       \
  " (SELECT 1 FROM alert WHERE alert.incident = incident.id AND state < 2)) - " MINUTE                       \
  " AND key NOT LIKE 'said:%' AND key NOT LIKE 'freshness:channel%'),"                                       \
  " counted AS (SELECT id, minute, in_gap, count (*) OVER (PARTITION BY minute, in_gap) AS n FROM loose),"   \
  " named AS (SELECT id, minute + 2 AS bundle FROM counted WHERE in_gap"                                     \
  " UNION ALL SELECT id, minute + 1 FROM counted WHERE NOT in_gap AND n > " STORM_AFTER ") "

/* A bundle's delivery has no row of its own: its id is its name, below zero. */
static gboolean
is_bundle (const KobanDelivery *delivery)
{
  return delivery->bundle != KOBAN_BUNDLE_NONE;
}

/* --- deliveries ------------------------------------------------------------------------------------ */

void
koban_delivery_free (KobanDelivery *self)
{
  g_free (self->incident);
  g_free (self->code);
  g_free (self->channel);
  g_free (self->account_name);
  g_free (self->message_id);
  g_clear_pointer (&self->rows, g_array_unref);
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
    "SELECT " KOBAN_ALERT_COLUMNS " FROM alert WHERE incident IN (SELECT id FROM named WHERE bundle = ?1"
    " UNION SELECT incident FROM outbox WHERE digest = ?1 AND channel = ?2)"
    " AND state < 2 ORDER BY severity DESC, kind = 0 DESC, abs (coalesce (total, 0)) DESC, id";
  g_autoptr(GHashTable) incidents = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "is", -delivery->id, delivery->channel);
  while (koban_query_next (&query))
    {
      KobanAlert *alert = koban_alert_row_read (&query);

      g_ptr_array_add (delivery->alerts, alert);
      g_hash_table_add (incidents, (gpointer) alert->incident);
    }
  delivery->incidents = g_hash_table_size (incidents);
  return koban_query_finish (&query, error);
}

/* Columns: o.id, o.incident, i.code, o.channel, o.silent, o.attempts, o.again, o.due_us, i.opened_us,
 * passing, a.name, a.ownership, bundle, how many incidents it has */
#define COLUMN_BUNDLE 12
#define COLUMN_COUNT 13

static KobanDelivery *
delivery_from_row (KobanQuery *query)
{
  KobanDelivery *delivery = g_new0 (KobanDelivery, 1);

  delivery->id = koban_query_int (query, 0);
  delivery->rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  delivery->incident = koban_row_id ('i', koban_query_int (query, 1));
  delivery->code = g_strdup (koban_query_text (query, 2));
  delivery->channel = g_strdup (koban_query_text (query, 3));
  delivery->silent = koban_query_int (query, 4) != 0;
  delivery->attempts = (guint) koban_query_int (query, 5);
  delivery->again = koban_query_int (query, 6) != 0;
  delivery->due_us = koban_query_int (query, 7);
  delivery->opened_us = koban_query_int (query, 8);
  delivery->passing = koban_query_int (query, 9) != 0;
  delivery->account_name = g_strdup (koban_query_text (query, 10));
  delivery->ownership = (KobanOwnership) koban_query_int (query, 11);
  delivery->incidents = 1;
  delivery->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  g_array_append_val (delivery->rows, delivery->id);
  return delivery;
}

/* The bundle's delivery takes the place of its first row. */
static void
make_bundle (KobanDelivery *first, gint64 bundle)
{
  static const char *const names[] = { "", "storm", "gap", "digest" };

  first->id = -bundle;
  first->bundle = (KobanBundle) (bundle % BUNDLE_KINDS);
  g_free (first->incident);
  first->incident = g_strdup_printf ("%s-%" G_GINT64_FORMAT, names[first->bundle], bundle / BUNDLE_KINDS);
  g_clear_pointer (&first->account_name, g_free);
}

static void
join_bundle (KobanDelivery *bundle, KobanDelivery *more)
{
  bundle->silent = bundle->silent && more->silent;
  bundle->again = bundle->again || more->again;
  bundle->attempts = MAX (bundle->attempts, more->attempts);
  bundle->due_us = MIN (bundle->due_us, more->due_us);
  bundle->opened_us = MIN (bundle->opened_us, more->opened_us);
  g_array_append_vals (bundle->rows, more->rows->data, more->rows->len);
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

static void
take_row (KobanLedger *self, GPtrArray *rows, KobanQuery *query, gboolean hand_out)
{
  KobanDelivery *delivery = delivery_from_row (query);
  gint64 bundle = koban_query_int (query, COLUMN_COUNT) > 1 ? koban_query_int (query, COLUMN_BUNDLE) : 0;
  KobanDelivery *known = bundle != 0 ? find_delivery (rows, -bundle, delivery->channel) : NULL;

  if (hand_out)
    g_hash_table_add (self->in_flight, g_memdup2 (&delivery->id, sizeof delivery->id));
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
  static const char sql[] =
    "SELECT 1 FROM outbox o JOIN alert a ON a.incident = o.incident"
    " WHERE o.bundle = ?1 AND o.channel = ?2 AND o.sent_us IS NOT NULL AND a.severity >= ?3";
  const KobanAlert *worst = bundle->alerts->len > 0 ? bundle->alerts->pdata[0] : NULL;
  g_auto(KobanQuery) query = { 0 };

  if (worst == NULL)
    return TRUE;
  koban_query_start (&query, self->store, sql, "isi", -bundle->id, bundle->channel, (gint64) worst->severity);
  *told = koban_query_next (&query);
  return koban_query_finish (&query, error);
}

/* The row, and what it says by now: a repeat of the same words is the same message, other words are another.
 */
static void
name_message (KobanDelivery *delivery)
{
  gint64 updated_us = 0;

  for (guint i = 0; i < delivery->alerts->len; i++)
    updated_us = MAX (updated_us, ((KobanAlert *) delivery->alerts->pdata[i])->updated_us);
  delivery->message_id =
    g_strdup_printf ("%s-%" G_GINT64_FORMAT "-%u-%" G_GINT64_FORMAT, delivery->code,
                     g_array_index (delivery->rows, gint64, 0), delivery->alerts->len, updated_us);
}

static gboolean
fill_bundle (KobanLedger *self, KobanDelivery *delivery, GError **error)
{
  gboolean told = FALSE;

  if (!load_bundle (self, delivery, error) || !was_told_as_bad (self, delivery, &told, error))
    return FALSE;
  delivery->silent = delivery->silent || (told && !delivery->again);
  return TRUE;
}

static gboolean
updates_channel (GArray *channels, const char *name)
{
  for (guint i = 0; i < channels->len; i++)
    {
      const KobanChannelRow *channel = &g_array_index (channels, KobanChannelRow, i);

      if (g_str_equal (channel->name, name))
        return koban_plan_updates (channel->way);
    }
  return FALSE;
}

static gboolean
fill_delivery (KobanLedger *self, GArray *channels, KobanDelivery *delivery, GError **error)
{
  if (!(is_bundle (delivery) ? fill_bundle : load_alerts) (self, delivery, error))
    return FALSE;
  delivery->unsaid = delivery->silent && !updates_channel (channels, delivery->channel);
  name_message (delivery);
  return TRUE;
}

static GPtrArray *
read_deliveries (KobanLedger *self, KobanQuery *query, gboolean hand_out, GError **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_delivery_free);
  g_autoptr(GArray) channels = koban_channels_read (self, error);

  while (koban_query_next (query))
    take_row (self, rows, query, hand_out);
  if (!koban_query_finish (query, channels != NULL ? error : NULL) || channels == NULL)
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    if (!fill_delivery (self, channels, rows->pdata[i], error))
      return NULL;
  return g_steal_pointer (&rows);
}

gboolean
koban_ledger_next_due (KobanLedger *self, const char *channel, gint64 now_us, gint64 *next_us, GError **error)
{
  static const char sql[] = "SELECT min (due_us) FROM outbox WHERE sent_us IS NULL AND due_us > ?1"
                            " AND (?2 IS NULL OR channel = ?2)";
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "is", now_us, channel);
  if (koban_query_next (&query))
    *next_us = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

#define DELIVERY_COLUMNS                                                                                     \
  "i.opened_us, i.key LIKE 'said:%', a.name, a.ownership, coalesce (o.digest, b.bundle),"                    \
  " CASE WHEN o.digest IS NULL THEN (SELECT count (*) FROM named n WHERE n.bundle = b.bundle)"               \
  " ELSE (SELECT count (DISTINCT d.incident) FROM outbox d WHERE d.digest = o.digest"                        \
  " AND d.channel = o.channel) END"
#define DELIVERY_TABLES                                                                                      \
  " FROM outbox o JOIN incident i ON i.id = o.incident LEFT JOIN account a ON a.id = i.account"              \
  " LEFT JOIN named b ON b.id = o.incident"

GPtrArray *
koban_ledger_take_outbox (KobanLedger *self,
                          const char *channel,
                          gboolean impatient,
                          gint64 now_us,
                          gint64 *next_us,
                          GError **error)
{
  static const char sql[] =
    BUNDLES "SELECT o.id, o.incident, i.code, o.channel, o.silent, o.attempts, o.again, o.due_us,"
            " " DELIVERY_COLUMNS DELIVERY_TABLES " WHERE o.sent_us IS NULL AND (?1 IS NULL OR o.channel = ?1)"
            " AND (o.due_us <= ?2 OR (?3 AND o.attempts > 0)) ORDER BY o.id";
  g_autoptr(GPtrArray) rows = NULL;
  g_auto(KobanQuery) query = { 0 };
  gint64 next = 0;

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "sii", channel, now_us, (gint64) (impatient != FALSE));
  rows = read_deliveries (self, &query, channel != NULL, error);
  if (rows == NULL || !koban_ledger_next_due (self, channel, now_us, &next, error))
    return NULL;
  if (next_us != NULL)
    *next_us = next;
  return g_steal_pointer (&rows);
}

GPtrArray *
koban_ledger_get_outbox (KobanLedger *self, gint64 now_us, gint64 *next_us, GError **error)
{
  return koban_ledger_take_outbox (self, NULL, FALSE, now_us, next_us, error);
}

GPtrArray *
koban_ledger_get_open_deliveries (KobanLedger *self, const char *channel, GError **error)
{
  static const char sql[] = BUNDLES
    "SELECT max (o.id), o.incident, i.code, o.channel, 1, 0, 0, o.due_us, " DELIVERY_COLUMNS DELIVERY_TABLES
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
mark_sent (KobanLedger *self, const KobanDelivery *delivery, gint64 row, gint64 now_us, GError **error)
{
  static const char sent[] =
    "UPDATE outbox SET sent_us = ?, why = NULL, bundle = ? WHERE id = ? AND sent_us IS NULL";
  static const char notified[] = "UPDATE alert SET state = 1 WHERE state = 0 AND incident ="
                                 " (SELECT incident FROM outbox WHERE id = ?)";
  /* One that went out is enough to know what was told; older ones say nothing more. */
  static const char forget[] =
    "DELETE FROM outbox WHERE sent_us IS NOT NULL AND id < ?1 AND (incident, channel) ="
    " (SELECT incident, channel FROM outbox WHERE id = ?1)";

  return koban_store_run (self->store, error, sent, "iii", now_us, MAX (-delivery->id, 0), row) &&
         koban_store_run (self->store, error, notified, "i", row) &&
         koban_store_run (self->store, error, forget, "i", row);
}

/* What is over when it is told: on all channels that take anything. */
static gboolean
close_passing (KobanLedger *self, gint64 incident, gint64 now_us, GError **error)
{
  static const char sql[] =
    "UPDATE alert SET state = 3, updated_us = ?2 WHERE incident = ?1 AND state < 2 AND EXISTS"
    " (SELECT 1 FROM incident WHERE id = ?1 AND key LIKE 'said:%') AND NOT EXISTS"
    " (SELECT 1 FROM outbox o WHERE o.incident = ?1 AND o.sent_us IS NULL"
    " AND o.channel NOT IN (SELECT name FROM channel WHERE dead = 1))";

  return koban_store_run (self->store, error, sql, "ii", incident, now_us);
}

static gboolean
find_incident (KobanLedger *self, gint64 row, gint64 *incident, char **code, GError **error)
{
  static const char sql[] =
    "SELECT i.id, i.code FROM outbox o JOIN incident i ON i.id = o.incident WHERE o.id = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", row);
  if (koban_query_next (&query))
    {
      *incident = koban_query_int (&query, 0);
      *code = g_strdup (koban_query_text (&query, 1));
    }
  return koban_query_finish (&query, error);
}

static void
append_part (GString *list, const char *part)
{
  if (list->len > 0)
    g_string_append_c (list, ':');
  g_string_append (list, part);
}

/* @keys and @codes take the incidents that it spoke of. */
static gboolean
mark_row (KobanLedger *self,
          const KobanDelivery *delivery,
          gint64 row,
          GString *keys,
          GString *codes,
          gint64 now_us,
          GError **error)
{
  gint64 incident = 0;
  g_autofree char *code = NULL;
  g_autofree char *shown = NULL;

  if (!find_incident (self, row, &incident, &code, error))
    return FALSE;
  if (incident == 0)
    return TRUE; /* answered or purged while it was on its way */
  shown = koban_row_id ('i', incident);
  append_part (keys, shown);
  append_part (codes, code);
  return mark_sent (self, delivery, row, now_us, error) && close_passing (self, incident, now_us, error) &&
         remind (self, incident, delivery->channel, now_us, error);
}

static gboolean
mark_all_sent (KobanLedger *self,
               const KobanDelivery *delivery,
               const KobanSaid *said,
               gint64 now_us,
               GError **error)
{
  g_autoptr(GString) keys = g_string_new (NULL);
  g_autoptr(GString) codes = g_string_new (NULL);

  for (guint i = 0; i < delivery->rows->len; i++)
    if (!mark_row (self, delivery, g_array_index (delivery->rows, gint64, i), keys, codes, now_us, error))
      return FALSE;
  if (said == NULL)
    return TRUE;
  return koban_channels_note_good (self, delivery->channel, now_us, error) &&
         (said->body == NULL || koban_sent_note (self, said, keys->str, codes->str, now_us, error));
}

static void
forget_in_flight (KobanLedger *self, const KobanDelivery *delivery)
{
  for (guint i = 0; i < delivery->rows->len; i++)
    g_hash_table_remove (self->in_flight, &g_array_index (delivery->rows, gint64, i));
}

gboolean
koban_ledger_mark_sent (KobanLedger *self,
                        const KobanDelivery *delivery,
                        const KobanSaid *said,
                        gint64 now_us,
                        GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  forget_in_flight (self, delivery); /* what is planned next joins none of these rows: they are sent */
  return koban_ledger_end (self, mark_all_sent (self, delivery, said, now_us, error), error);
}

static gboolean
mark_all_unsent (KobanLedger *self,
                 const KobanDelivery *delivery,
                 gint64 now_us,
                 gint64 retry_us,
                 const char *why,
                 GError **error)
{
  static const char sql[] =
    "UPDATE outbox SET attempts = attempts + 1, due_us = ?, why = ? WHERE id = ? AND sent_us IS NULL";

  for (guint i = 0; i < delivery->rows->len; i++)
    if (!koban_store_run (self->store, error, sql, "isi", retry_us, why,
                          g_array_index (delivery->rows, gint64, i)))
      return FALSE;
  return koban_channels_note_bad (self, delivery->channel, why, now_us, error);
}

gboolean
koban_ledger_mark_unsent (KobanLedger *self,
                          const KobanDelivery *delivery,
                          gint64 now_us,
                          gint64 retry_us,
                          const char *why,
                          GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  forget_in_flight (self, delivery);
  return koban_ledger_end (self, mark_all_unsent (self, delivery, now_us, retry_us, why, error), error);
}
