/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ways to the person as the ledger knows them: which there are, so that an alert is planned in the
 * transaction that opens it; how each fares, so that a dead one is told through the others; and which of them
 * the person has proved. Where a channel leads, and by what secret, is not here.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <string.h>

#define DEAD_AFTER_FAILURES 3
#define DEAD_AFTER_US (3 * KOBAN_MINUTE_US) /* a router that restarts is no news */
#define CONFIRMED_FOR_US (90 * KOBAN_DAY_US)

/* --- which there are --------------------------------------------------------------------------------------
 */

static void
channel_clear (gpointer data)
{
  KobanChannelRow *row = data;

  g_free (row->name);
  g_free (row->mark);
}

static void
place_in_plan (GArray *rows)
{
  guint phones = 0, seen[KOBAN_WAY_PROGRAM + 1] = { 0 };

  for (guint i = 0; i < rows->len; i++)
    phones += koban_plan_way (g_array_index (rows, KobanChannelRow, i).kind, 1) == KOBAN_WAY_PHONE ? 1 : 0;
  for (guint i = 0; i < rows->len; i++)
    {
      KobanChannelRow *row = &g_array_index (rows, KobanChannelRow, i);

      row->way = koban_plan_way (row->kind, phones);
      row->nth = seen[row->way]++;
    }
}

/* Nobody has said which there are: then there is the screen. */
static void
assume_desktop (GArray *rows)
{
  KobanChannelRow desktop = { .name = g_strdup ("desktop"), .kind = KOBAN_CHANNEL_DESKTOP };

  g_array_append_val (rows, desktop);
}

static GArray *
read_channels (KobanLedger *self, GError **error)
{
  static const char sql[] = "SELECT name, kind, detail, mark, dead FROM channel ORDER BY place";
  g_autoptr(GArray) rows = g_array_new (FALSE, FALSE, sizeof (KobanChannelRow));
  g_auto(KobanQuery) query = { 0 };

  g_array_set_clear_func (rows, channel_clear);
  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      KobanChannelRow row = { .name = g_strdup (koban_query_text (&query, 0)),
                              .kind = (KobanChannelKind) koban_query_int (&query, 1),
                              .detail = (KobanDetail) koban_query_int (&query, 2),
                              .mark = g_strdup (koban_query_text (&query, 3)),
                              .dead = koban_query_int (&query, 4) != 0 };

      g_array_append_val (rows, row);
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&rows) : NULL;
}

GArray *
koban_channels_read (KobanLedger *self, GError **error)
{
  g_autoptr(GArray) rows = read_channels (self, error);

  if (rows == NULL)
    return NULL;
  if (rows->len == 0)
    assume_desktop (rows);
  place_in_plan (rows);
  return g_steal_pointer (&rows);
}

/* --- which there are from now on -------------------------------------------------------------------------
 */

static gboolean
same_text (const char *a, const char *b)
{
  return g_strcmp0 (a, b) == 0;
}

static const KobanChannelRow *
find_row (GArray *rows, const char *name)
{
  for (guint i = 0; i < rows->len; i++)
    if (same_text (g_array_index (rows, KobanChannelRow, i).name, name))
      return &g_array_index (rows, KobanChannelRow, i);
  return NULL;
}

/* What is new has proved nothing yet. */
static gboolean
write_route (KobanLedger *self, const KobanRoute *route, gint64 place, gint64 now_us, GError **error)
{
  static const char sql[] = "INSERT INTO channel (name, kind, detail, mark, place, added_us)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

  return koban_channels_forget (self, route->name, error) &&
         koban_store_run (self->store, error, sql, "siisii", route->name, (gint64) route->kind,
                          (gint64) route->detail, route->mark, place, now_us) &&
         koban_outbox_welcome (self, route->name, now_us, error);
}

static gboolean
move_route (KobanLedger *self, const KobanRoute *route, gint64 place, GError **error)
{
  static const char sql[] = "UPDATE channel SET place = ?, detail = ? WHERE name = ?";

  return koban_store_run (self->store, error, sql, "iis", place, (gint64) route->detail, route->name);
}

/* What one route changes, and what there is to say of that; @act NULL: nothing. */
static gboolean
take_route (KobanLedger *self,
            const KobanRoute *route,
            const KobanChannelRow *known,
            gint64 place,
            gint64 now_us,
            const char **act,
            GError **error)
{
  gboolean same = known != NULL && known->kind == route->kind && same_text (known->mark, route->mark);

  *act = known == NULL ? KOBAN_ACT_CHANNEL_ADDED : KOBAN_ACT_CHANNEL_CHANGED;
  if (!same)
    return write_route (self, route, place, now_us, error);
  /* How much a screen shows changes with its lock; what leaves the device is changed by hand. */
  *act =
    route->detail > known->detail && route->kind != KOBAN_CHANNEL_DESKTOP ? KOBAN_ACT_DETAIL_RAISED : NULL;
  return move_route (self, route, place, error);
}

static gboolean
is_route (const KobanRoute *routes, gsize n_routes, const char *name)
{
  for (gsize i = 0; i < n_routes; i++)
    if (same_text (routes[i].name, name))
      return TRUE;
  return FALSE;
}

static gboolean
drop_routes (KobanLedger *self,
             GArray *known,
             const KobanRoute *routes,
             gsize n_routes,
             gint64 now_us,
             GError **error)
{
  for (guint i = 0; i < known->len; i++)
    {
      const char *name = g_array_index (known, KobanChannelRow, i).name;

      if (!is_route (routes, n_routes, name) &&
          (!koban_channels_forget (self, name, error) ||
           !koban_protection_tell (self, KOBAN_ACT_CHANNEL_REMOVED, name, name, now_us, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_routes (KobanLedger *self, const KobanRoute *routes, gsize n_routes, gint64 now_us, GError **error)
{
  g_autoptr(GArray) known = read_channels (self, error);
  g_autofree const char **acts = g_new0 (const char *, n_routes);

  for (gsize i = 0; known != NULL && i < n_routes; i++)
    if (!take_route (self, &routes[i], find_row (known, routes[i].name), (gint64) i, now_us, &acts[i], error))
      return FALSE;
  /* All of them stand before any of them is told of. What is there at the first time is no change. */
  for (gsize i = 0; known != NULL && known->len > 0 && i < n_routes; i++)
    if (acts[i] != NULL &&
        !koban_protection_tell (self, acts[i], routes[i].name, routes[i].name, now_us, error))
      return FALSE;
  return known != NULL && drop_routes (self, known, routes, n_routes, now_us, error);
}

gboolean
koban_ledger_set_routes (KobanLedger *self,
                         const KobanRoute *routes,
                         gsize n_routes,
                         gint64 now_us,
                         GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, set_routes (self, routes, n_routes, now_us, error), error);
}

gboolean
koban_channels_forget (KobanLedger *self, const char *name, GError **error)
{
  static const char channel[] = "DELETE FROM channel WHERE name = ?";
  static const char outbox[] =
    "DELETE FROM outbox WHERE channel = ?1 AND ?1 <> 'desktop'"; /* what stands there stays known */

  return koban_store_run (self->store, error, channel, "s", name) &&
         koban_store_run (self->store, error, outbox, "s", name);
}

/* --- how each fares ---------------------------------------------------------------------------------------
 */

static char *
incident_key (const char *about, const char *name)
{
  return g_strconcat ("freshness:", about, ":", name, NULL);
}

static gboolean
say_of_channel (KobanLedger *self,
                const char *about,
                const char *name,
                KobanSeverity severity,
                gint64 now_us,
                GError **error)
{
  g_autofree char *key = incident_key (about, name);
  GVariant *reason = koban_reason_new (about, "channel", "s", name, NULL);
  g_autoptr(KobanAlert) alert = koban_alert_new_freshness (key, NULL, severity, reason, now_us);

  return koban_alert_tell_others (self, alert, name, now_us, error);
}

static gboolean
settle_of_channel (KobanLedger *self, const char *about, const char *name, gint64 now_us, GError **error)
{
  g_autofree char *key = incident_key (about, name);

  return koban_alerts_settle (self, key, now_us, error);
}

gboolean
koban_channels_note_good (KobanLedger *self, const char *name, gint64 now_us, GError **error)
{
  static const char sql[] =
    "UPDATE channel SET good_us = ?, failing_us = NULL, failures = 0, why = NULL, dead = 0"
    " WHERE name = ?";

  return koban_store_run (self->store, error, sql, "is", now_us, name) &&
         settle_of_channel (self, KOBAN_CHANNEL_DEAD, name, now_us, error);
}

static gboolean
has_others (KobanLedger *self, const char *name, gboolean *others, GError **error)
{
  static const char sql[] = "SELECT 1 FROM channel WHERE name <> ? AND dead = 0";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "s", name);
  *others = koban_query_next (&query);
  return koban_query_finish (&query, error);
}

gboolean
koban_channels_note_bad (KobanLedger *self, const char *name, const char *why, gint64 now_us, GError **error)
{
  static const char failed[] = "UPDATE channel SET failures = failures + 1, why = ?1,"
                               " failing_us = min (coalesce (failing_us, ?2), ?2) WHERE name = ?3";
  static const char dead[] = "UPDATE channel SET dead = 1 WHERE name = ?1 AND dead = 0 AND failures >= ?2"
                             " AND failing_us <= ?3";
  gboolean others;

  if (!koban_store_run (self->store, error, failed, "sis", why, now_us, name) ||
      !koban_store_run (self->store, error, dead, "sii", name, (gint64) DEAD_AFTER_FAILURES,
                        now_us - DEAD_AFTER_US))
    return FALSE;
  if (koban_store_changes (self->store) == 0)
    return TRUE;
  /* With no other there is nobody to tell; the status says it. */
  return koban_journal_note (self, now_us, error, "channel-dead", "channel", "s", name, NULL) &&
         has_others (self, name, &others, error) &&
         (!others || say_of_channel (self, KOBAN_CHANNEL_DEAD, name, KOBAN_SEVERITY_WARNING, now_us, error));
}

/* --- proved by the person
 * ------------------------------------------------------------------------------------ */

static gboolean
find_channel (KobanLedger *self, const char *name, GError **error)
{
  static const char sql[] = "SELECT 1 FROM channel WHERE name = ?";
  g_auto(KobanQuery) query = { 0 };
  gboolean found;

  koban_query_start (&query, self->store, sql, "s", name);
  found = koban_query_next (&query);
  if (!koban_query_finish (&query, error))
    return FALSE;
  if (!found)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no channel “%s”."), name);
  return found;
}

static char *
begin_test (KobanLedger *self, const char *name, gint64 now_us, GError **error)
{
  static const char sql[] = "UPDATE channel SET test_code = ? WHERE name = ?";
  g_autofree char *code = NULL;

  if (!find_channel (self, name, error) ||
      !koban_journal_note (self, now_us, error, "channel-test", "channel", "s", name, NULL))
    return NULL;
  code = koban_code_from_head (self, 0, error);
  if (code == NULL || !koban_store_run (self->store, error, sql, "ss", code, name))
    return NULL;
  return g_steal_pointer (&code);
}

char *
koban_ledger_begin_test (KobanLedger *self, const char *channel, gint64 now_us, GError **error)
{
  g_autofree char *code = NULL;

  if (!koban_ledger_begin (self, error))
    return NULL;
  code = begin_test (self, channel, now_us, error);
  return koban_ledger_end (self, code != NULL, error) ? g_steal_pointer (&code) : NULL;
}

/* A code is good once: a test that was read twice proves nothing new. */
static gboolean
confirm (KobanLedger *self, const char *name, const char *typed, gint64 now_us, GError **error)
{
  static const char sql[] =
    "UPDATE channel SET confirmed_us = ?, test_code = NULL WHERE name = ? AND test_code = ?";
  g_autofree char *code = koban_code_read (typed);

  if (!find_channel (self, name, error) ||
      !koban_store_run (self->store, error, sql, "iss", now_us, name, code != NULL ? code : ""))
    return FALSE;
  if (koban_store_changes (self->store) > 0)
    return koban_journal_note (self, now_us, error, "channel-confirmed", "channel", "s", name, NULL) &&
           settle_of_channel (self, KOBAN_CHANNEL_UNCONFIRMED, name, now_us, error);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("This is not the code that was sent last to “%s”."), name);
  return FALSE;
}

gboolean
koban_ledger_confirm (KobanLedger *self,
                      const char *channel,
                      const char *typed,
                      gint64 now_us,
                      GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, confirm (self, channel, typed, now_us, error), error);
}

/* --- that Koban watches
 * ---------------------------------------------------------------------------------------- */

static gboolean
is_proof_old (KobanLedger *self, const char *name, gint64 now_us, gboolean *old, GError **error)
{
  static const char sql[] = "SELECT 1 FROM channel WHERE name = ? AND kind <> 0 AND"
                            " coalesce (confirmed_us, added_us) <= ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "si", name, now_us - CONFIRMED_FOR_US);
  *old = koban_query_next (&query);
  return koban_query_finish (&query, error);
}

static gboolean
ask_for_proof (KobanLedger *self, const char *name, gint64 now_us, GError **error)
{
  gboolean old;

  return is_proof_old (self, name, now_us, &old, error) &&
         (!old ||
          say_of_channel (self, KOBAN_CHANNEL_UNCONFIRMED, name, KOBAN_SEVERITY_NOTICE, now_us, error));
}

/* When @name heard last, and under which code; a time to come was written under another clock. */
static gboolean
read_watch (KobanLedger *self, const char *name, gint64 now_us, gint64 *watch_us, char **code, GError **error)
{
  static const char sql[] = "SELECT watch_us, watch_code FROM channel WHERE name = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "s", name);
  if (koban_query_next (&query) && koban_query_int (&query, 0) <= now_us)
    {
      *watch_us = koban_query_int (&query, 0);
      *code = g_strdup (koban_query_text (&query, 1));
    }
  return koban_query_finish (&query, error);
}

/* A code that was made and not marked may have been sent: it is used again, as is one whose message still
 * lies at the server and is replaced. */
static gboolean
keeps_code (const KobanWatching *watching, gint64 watch_us, gint64 now_us)
{
  return watching->code != NULL && (watch_us == 0 || now_us - watch_us < watching->delay_us);
}

static gboolean
make_watch_code (KobanLedger *self, KobanWatching *watching, gint64 now_us, GError **error)
{
  static const char sql[] = "UPDATE channel SET watch_code = ?, watch_us = NULL WHERE name = ?";

  g_clear_pointer (&watching->code, g_free);
  if (!koban_journal_note (self, now_us, error, "channel-watch", "channel", "s", watching->channel, NULL))
    return FALSE;
  watching->code = koban_code_from_head (self, 0, error);
  watching->fresh = TRUE;
  return watching->code != NULL &&
         koban_store_run (self->store, error, sql, "ss", watching->code, watching->channel);
}

static gboolean
begin_watch (KobanLedger *self, KobanWatching *watching, gint64 now_us, GError **error)
{
  gint64 watch_us = 0;

  if (!ask_for_proof (self, watching->channel, now_us, error) ||
      !read_watch (self, watching->channel, now_us, &watch_us, &watching->code, error))
    return FALSE;
  watching->due = watch_us == 0 || now_us - watch_us >= watching->every_us;
  watching->fresh = watch_us == 0;
  return !watching->due || keeps_code (watching, watch_us, now_us) ||
         make_watch_code (self, watching, now_us, error);
}

gboolean
koban_ledger_begin_watch (KobanLedger *self, KobanWatching *watching, gint64 now_us, GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, begin_watch (self, watching, now_us, error), error);
}

/* --- what is said outside of the outbox
 * ------------------------------------------------------------------------ */

static gboolean
note_said (KobanLedger *self, const KobanSaid *said, gint64 now_us, GError **error)
{
  static const char watched[] = "UPDATE channel SET watch_us = ? WHERE name = ?";

  return koban_channels_note_good (self, said->channel, now_us, error) &&
         (!g_str_equal (said->purpose, KOBAN_SAID_WATCH) ||
          koban_store_run (self->store, error, watched, "is", now_us, said->channel)) &&
         (said->body == NULL || koban_sent_note (self, said, NULL, NULL, now_us, error));
}

gboolean
koban_ledger_mark_said (KobanLedger *self, const KobanSaid *said, gint64 now_us, GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, note_said (self, said, now_us, error), error);
}

gboolean
koban_ledger_mark_unsaid (KobanLedger *self,
                          const char *channel,
                          const char *why,
                          gint64 now_us,
                          GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, koban_channels_note_bad (self, channel, why, now_us, error), error);
}

/* --- the list
 * ------------------------------------------------------------------------------------------------- */

static void
insert_time (GVariantDict *row, const char *key, gint64 at_us)
{
  if (at_us != 0)
    g_variant_dict_insert (row, key, "x", at_us);
}

static const char *
state_of (gboolean dead, gint64 failures, gint64 good_us)
{
  if (dead)
    return "dead";
  if (failures > 0)
    return "failing";
  return good_us != 0 ? "ok" : "untried";
}

static const char *
detail_name (KobanDetail detail)
{
  static const char *const names[] = { "none", "minimal", "full" };

  return names[detail];
}

/* Columns: name, kind, detail, dead, failures, good_us, failing_us, why, confirmed_us */
static GVariant *
channel_row (KobanQuery *query)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
  const char *why = koban_query_text (query, 7);

  g_variant_dict_insert (&row, "name", "s", koban_query_text (query, 0));
  g_variant_dict_insert (&row, "kind", "s",
                         koban_channel_kind_name ((KobanChannelKind) koban_query_int (query, 1)));
  g_variant_dict_insert (&row, "detail", "s", detail_name ((KobanDetail) koban_query_int (query, 2)));
  g_variant_dict_insert (
    &row, "state", "s",
    state_of (koban_query_int (query, 3) != 0, koban_query_int (query, 4), koban_query_int (query, 5)));
  insert_time (&row, "last_good", koban_query_int (query, 5));
  insert_time (&row, "failing_since", koban_query_int (query, 6));
  if (why != NULL)
    g_variant_dict_insert (&row, "last_error", "s", why);
  insert_time (&row, "confirmed", koban_query_int (query, 8));
  return g_variant_dict_end (&row);
}

GVariant *
koban_ledger_get_channels (KobanLedger *self, GError **error)
{
  static const char sql[] =
    "SELECT name, kind, detail, dead, failures, good_us, failing_us, why, confirmed_us"
    " FROM channel ORDER BY place";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    g_variant_builder_add_value (&rows, channel_row (&query));
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}
