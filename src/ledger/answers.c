/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the person said of an alert, an incident or a link: it closes what was asked, teaches the
 * habits as one more change, and can be taken back. It never touches a bank.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

typedef struct
{
  KobanLedger *ledger;
  KobanAnswer answer;
  gint64 now_us;
  gint64 account, connection; /* whose habits learn */
  GHashTable *refs;      /* (owned): what the answer speaks of: ids of lines and links, keys of incidents */
  GArray *alerts;        /* (owned) (element-type gint64) */
  GHashTable *incidents; /* (owned) (element-type utf8): of what is answered */
  GHashTable *critical;  /* (owned) (element-type utf8): those of them that are open and critical */
} Answering;

static void
answering_clear (Answering *self)
{
  g_clear_pointer (&self->refs, g_hash_table_unref);
  g_clear_pointer (&self->alerts, g_array_unref);
  g_clear_pointer (&self->incidents, g_hash_table_unref);
  g_clear_pointer (&self->critical, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answering, answering_clear)

/* --- what is meant --------------------------------------------------------------------------------- */

#define MEANT                                                                                                \
  "SELECT " KOBAN_ALERT_COLUMNS ", (SELECT key FROM incident WHERE id = alert.incident) FROM alert WHERE "
static const char by_alert[] = MEANT "id = ?1";
/* A whole incident: what is open, and what is to be taken back. */
static const char by_incident[] = MEANT "incident = ?1 ORDER BY id";
/* The questions that a new link has raised. */
static const char by_link[] = MEANT "kind = 0 AND ref = 'l' || ?1 ORDER BY id";

static void
mean_alert (Answering *self, const KobanAlert *alert, const char *key)
{
  gint64 id = 0;

  koban_row_parse_id (alert->id, 'n', &id);
  g_array_append_val (self->alerts, id);
  koban_row_parse_id (alert->account, 'a', &self->account);
  koban_row_parse_id (alert->connection, 'c', &self->connection);
  g_hash_table_add (self->refs, g_strdup (key));
  g_hash_table_add (self->incidents, g_strdup (alert->incident));
  if (alert->severity == KOBAN_SEVERITY_CRITICAL && alert->state < KOBAN_ALERT_ANSWERED)
    g_hash_table_add (self->critical, g_strdup (alert->incident));
  for (const char *const *ref = alert->refs; *ref != NULL; ref++)
    g_hash_table_add (self->refs, g_strdup (*ref));
}

static gboolean
mean_alerts (Answering *self, const char *sql, gint64 id, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", id);
  while (koban_query_next (&query))
    {
      g_autoptr(KobanAlert) alert = koban_alert_row_read (&query);

      mean_alert (self, alert, koban_query_text (&query, 17));
    }
  return koban_query_finish (&query, error);
}

static gboolean
mean_link (Answering *self, gint64 id, GError **error)
{
  KobanLinkRow row = { 0 };

  if (!koban_link_load (self->ledger, id, &row, error))
    return FALSE;
  self->account = row.account;
  self->connection = row.connection;
  g_hash_table_add (self->refs, g_strdup (row.link->id));
  koban_link_row_clear (&row);
  return mean_alerts (self, by_link, id, error);
}

/* --- a line that no alert told: its payee is meant ---------------------------------------------------- */

/* What is not theirs must be a case, whenever it was: it can be reported, and has its deadlines. It was told
 * by the person, so it is not told to them. */
static KobanAlert *
case_of_lines (const KobanPayeeLines *lines, const char *key, const char *account, gint64 now_us)
{
  GVariant *reason = koban_reason_new ("answered_not_mine", NULL);
  KobanAlert fields = {
    .incident = key,
    .account = account,
    .kind = KOBAN_ALERT_WITHDRAWAL,
    .severity = KOBAN_SEVERITY_WARNING,
    .opened_us = now_us,
    .updated_us = now_us,
    .ref = lines->refs->pdata[0],
    .refs = (const char *const *) lines->refs->pdata,
    .subject = lines->name,
    .service = lines->service,
    .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1),
    .has_total = TRUE,
    .total = lines->total,
  };

  return koban_alert_new (&fields);
}

static gboolean
open_case (Answering *self, gint64 line, const char *key, GError **error)
{
  static const char sql[] = MEANT "incident IN (SELECT id FROM incident WHERE key = ?1) ORDER BY id";
  g_auto(KobanPayeeLines) lines = { 0 };
  g_autofree char *account = koban_row_id ('a', self->account);
  KobanMergeResult result = { 0 };
  g_auto(KobanQuery) query = { 0 };

  if (!koban_payees_lines (self->ledger, line, &lines, error) || lines.refs->len < 2)
    return error == NULL || *error == NULL;
  g_autoptr(KobanAlert) opened = case_of_lines (&lines, key, account, self->now_us);
  if (!koban_alert_put (self->ledger, opened, self->now_us, &result, error))
    return FALSE;
  koban_query_start (&query, self->ledger->store, sql, "s", key);
  while (koban_query_next (&query))
    {
      g_autoptr(KobanAlert) alert = koban_alert_row_read (&query);
      mean_alert (self, alert, key);
    }
  return koban_query_finish (&query, error);
}

/* Another answer takes the case back; so does none. */
static gboolean
close_case (Answering *self, const char *key, GError **error)
{
  static const char sql[] = "UPDATE alert SET answer = 0, state = 3, updated_us = ?2 WHERE incident IN"
                            " (SELECT id FROM incident WHERE key = ?1)";

  return koban_store_run (self->ledger->store, error, sql, "si", key, self->now_us);
}

static gboolean
mean_line (Answering *self, gint64 id, GError **error)
{
  static const char sql[] = "UPDATE line SET answer = ?2, answered_us = ?3 WHERE id = ?1";
  g_autofree char *ref = koban_row_id ('t', id);
  g_autofree char *key = g_strconcat ("said:", ref, NULL);
  g_autoptr(KobanTransaction) line = koban_line_load (self->ledger, id, &self->account, error);

  if (line == NULL)
    return FALSE;
  g_hash_table_add (self->refs, g_strdup (ref));
  return koban_store_run (self->ledger->store, error, sql, "iii", id, (gint64) self->answer, self->now_us) &&
         close_case (self, key, error) &&
         (self->answer != KOBAN_ANSWER_NOT_MINE || line->amount.minor >= 0 ||
          open_case (self, id, key, error));
}

/* An alert that tells of a line is what is meant by it. */
static gboolean
find_told (Answering *self, const char *ref, GError **error)
{
  static const char sql[] =
    MEANT "EXISTS (SELECT 1 FROM incident i WHERE i.id = incident AND i.key NOT LIKE 'said:%')"
          " AND state < 3 AND instr (refs, '''' || ?1 || '''') > 0 ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "s", ref);
  while (koban_query_next (&query))
    {
      g_autoptr(KobanAlert) alert = koban_alert_row_read (&query);

      mean_alert (self, alert, koban_query_text (&query, 17));
    }
  return koban_query_finish (&query, error);
}

static gboolean
find_meant (Answering *self, const char *id, GError **error)
{
  gint64 number = 0;

  if (koban_row_parse_id (id, 't', &number))
    {
      if (!find_told (self, id, error))
        return FALSE;
      if (self->alerts->len > 0 || mean_line (self, number, error))
        return TRUE;
    }
  if (error != NULL && *error != NULL)
    return FALSE;

  if (koban_row_parse_id (id, 'l', &number))
    return mean_link (self, number, error);
  if (koban_row_parse_id (id, 'n', &number) && !mean_alerts (self, by_alert, number, error))
    return FALSE;
  if (koban_row_parse_id (id, 'i', &number) && !mean_alerts (self, by_incident, number, error))
    return FALSE;
  if (self->alerts->len > 0)
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND,
               _("There is no alert, incident, link or transaction “%s”"), id);
  return FALSE;
}

/* --- what it changes ---------------------------------------------------------------------------------- */

/* Taken back, it stands open again, as one that was told. */
static gboolean
write_answers (Answering *self, GError **error)
{
  static const char sql[] =
    "UPDATE alert SET answer = ?2, state = ?3, answered_us = ?4, updated_us = ?4 WHERE id = ?1"
    " AND state <> 3";
  KobanAlertState state = self->answer != KOBAN_ANSWER_NONE ? KOBAN_ALERT_ANSWERED : KOBAN_ALERT_NOTIFIED;

  for (guint i = 0; i < self->alerts->len; i++)
    if (!koban_store_run (self->ledger->store, error, sql, "iiii", g_array_index (self->alerts, gint64, i),
                          (gint64) self->answer, (gint64) state, self->now_us))
      return FALSE;
  return TRUE;
}

static KobanChange
change_of_ref (const char *ref, KobanAnswer answer, gint64 at_us)
{
  return (KobanChange){ .kind = KOBAN_CHANGE_ANSWER, .heard_us = at_us, .ref = ref, .answer = answer };
}

static gboolean
add_ref (Answering *self, const char *ref, GPtrArray *changes, GError **error)
{
  static const char answered[] = "UPDATE link SET answer = ? WHERE id = ?";
  KobanChange change = change_of_ref (ref, self->answer, self->now_us);
  g_autoptr(KobanTransaction) line = NULL;
  KobanLinkRow row = { 0 };
  gint64 id, account;

  if (koban_row_parse_id (ref, 't', &id))
    line = koban_line_load (self->ledger, id, &account, NULL);
  change.line = line;
  if (koban_row_parse_id (ref, 'l', &id) && koban_link_load (self->ledger, id, &row, NULL))
    change.link = row.link;
  koban_changes_add (changes, &change);
  koban_link_row_clear (&row);
  return change.link == NULL ||
         koban_store_run (self->ledger->store, error, answered, "ii", (gint64) self->answer, id);
}

static GPtrArray *
changes_of_answer (Answering *self, GError **error)
{
  g_autoptr(GPtrArray) changes = koban_changes_new ();
  g_autoptr(GList) refs = g_list_sort (g_hash_table_get_keys (self->refs), (GCompareFunc) g_strcmp0);

  for (GList *ref = refs; ref != NULL; ref = ref->next)
    if (!add_ref (self, ref->data, changes, error))
      return NULL;
  return g_steal_pointer (&changes);
}

/* An answer teaches; whatever the judgement says on hearing it is no news to the one who gave it. One that is
 * taken back was never given: what the habits learnt under it is learnt anew (DESIGN §4.13). */
static gboolean
teach (Answering *self, GError **error)
{
  g_autoptr(GPtrArray) changes = changes_of_answer (self, error);

  if (changes == NULL)
    return FALSE;
  if (self->answer == KOBAN_ANSWER_NONE)
    return koban_alerts_fold_again (self->ledger, error);
  return koban_alerts_teach (self->ledger, self->connection, self->account, changes, self->now_us, error);
}

/* --- what it changes of the telling ------------------------------------------------------------------- */

/* It ends with the answer, and goes on when the answer is taken back. */
static gboolean
tell_on (Answering *self, GError **error)
{
  GHashTableIter iter;
  gpointer incident;
  gint64 id = 0;

  if (self->answer != KOBAN_ANSWER_NONE)
    return koban_outbox_tidy (self->ledger, error);
  g_hash_table_iter_init (&iter, self->incidents);
  while (g_hash_table_iter_next (&iter, &incident, NULL))
    if (koban_row_parse_id (incident, 'i', &id) &&
        !koban_outbox_reopen (self->ledger, id, self->now_us, error))
      return FALSE;
  return TRUE;
}

/* Whoever says "it was me" in the person's place is told of on the ways that they do not hold. */
static gboolean
tell_others (Answering *self, GError **error)
{
  GHashTableIter iter;
  gpointer incident;

  g_hash_table_iter_init (&iter, self->critical);
  while (self->answer == KOBAN_ANSWER_MINE && g_hash_table_iter_next (&iter, &incident, NULL))
    if (!koban_protection_tell (self->ledger, KOBAN_ACT_ANSWERED_MINE, incident, KOBAN_AT_THE_MACHINE,
                                self->now_us, error))
      return FALSE;
  return TRUE;
}

static gboolean
answer (Answering *self, const char *id, GError **error)
{
  const char *name = koban_answer_name (self->answer);

  return find_meant (self, id, error) && write_answers (self, error) && teach (self, error) &&
         koban_journal_note (self->ledger, self->now_us, error, "answer", "id", "s", id, "answer", "s",
                             name != NULL ? name : "", NULL) &&
         tell_on (self, error) && tell_others (self, error);
}

gboolean
koban_ledger_answer (KobanLedger *self, const char *id, KobanAnswer said, gint64 now_us, GError **error)
{
  g_auto(Answering) answering = {
    .ledger = self,
    .answer = said,
    .now_us = now_us,
    .refs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .alerts = g_array_new (FALSE, FALSE, sizeof (gint64)),
    .incidents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .critical = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };

  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, answer (&answering, id, error), error);
}
