/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `koban replay`: stories through the real ledger and detectors in memory, alerts as JSON lines. It
 * promises the same bytes for the same stories on every machine and in every locale, and a line only
 * when an alert opens or rises. It touches no agent, no bus, no keyring and no file but the stories.
 */
#include "config.h"
#include "cli/replay.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include <koban/error.h>
#include <koban/ledger.h>
#include <koban/text.h>
#include "cli/cli.h"
#include "cli/story-bank.h"
#include "wire/json-writer.h"

#define DEFAULT_POLL_US (15 * KOBAN_MINUTE_US)
#define LONGEST_POLL_US (366 * KOBAN_DAY_US)
#define AFTERMATH_US (72 * KOBAN_HOUR_US)

typedef struct
{
  char *connection; /* the ledger's id */
  KobanStoryBank *bank;
} Source;

typedef struct
{
  const KobanStory *story;           /* (unowned) */
  const KobanReplayOptions *options; /* (unowned) */
  KobanLedger *ledger;
  GPtrArray *sources;     /* (element-type Source) */
  GHashTable *severities; /* id of an alert → KobanSeverity + 1 as last told */
  GPtrArray *answers;     /* (element-type KobanStoryEvent) (unowned): all of the story */
  guint n_given;          /* of @answers: those that the person has given */
  GPtrArray
    *unplaced;   /* (element-type KobanStoryEvent) (unowned): given, and what they speak of is not found */
  gint64 due_us; /* when time alone may change something; 0: never */
  KobanReplayTell tell;
  gpointer data;
} Replay;

static void
source_free (gpointer data)
{
  Source *self = data;

  g_free (self->connection);
  koban_story_bank_free (self->bank);
  g_free (self);
}

static void
replay_clear (Replay *self)
{
  g_clear_object (&self->ledger);
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->answers);
  g_ptr_array_unref (self->unplaced);
  g_hash_table_unref (self->severities);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Replay, replay_clear)

/* --- the story's ids ---------------------------------------------------------------------- */

static GVariant *
list_all (Replay *self, KobanList list, GError **error)
{
  GVariantDict filter;

  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "all", "b", TRUE);
  g_autoptr(GVariant) asked = g_variant_ref_sink (g_variant_dict_end (&filter));
  GVariant *rows = koban_ledger_list (self->ledger, list, asked, error);
  return rows != NULL ? g_variant_ref_sink (rows) : NULL;
}

static char *
story_account_id (Replay *self, const char *account)
{
  return account != NULL ? koban_ledger_get_remote_id (self->ledger, account) : NULL;
}

/* Those of @refs that the story knows, each once, in their order. */
static GPtrArray *
story_ids (Replay *self, const char *const *refs)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; refs != NULL && refs[i] != NULL; i++)
    {
      g_autofree char *id = koban_ledger_get_remote_id (self->ledger, refs[i]);
      if (id != NULL && !g_ptr_array_find_with_equal_func (ids, id, g_str_equal, NULL))
        g_ptr_array_add (ids, g_steal_pointer (&id));
    }
  return ids;
}

/* --- telling ------------------------------------------------------------------------------ */

static void
write_strings (KobanJsonWriter *writer, const char *name, GPtrArray *values)
{
  koban_json_writer_name (writer, name);
  koban_json_writer_begin_array (writer);
  for (guint i = 0; i < values->len; i++)
    koban_json_writer_string (writer, g_ptr_array_index (values, i));
  koban_json_writer_end_array (writer);
}

static void
write_string (KobanJsonWriter *writer, const char *name, const char *value)
{
  koban_json_writer_name (writer, name);
  koban_json_writer_string (writer, value);
}

static GPtrArray *
reason_codes (const KobanAlert *alert)
{
  GPtrArray *codes = g_ptr_array_new_with_free_func (g_free);
  GVariantIter reasons;
  GVariant *reason;

  if (alert->reasons == NULL)
    return codes;
  g_variant_iter_init (&reasons, alert->reasons);
  while ((reason = g_variant_iter_next_value (&reasons)) != NULL)
    {
      char *code = NULL;
      if (g_variant_lookup (reason, "code", "s", &code))
        g_ptr_array_add (codes, code);
      g_variant_unref (reason);
    }
  return codes;
}

/* What opened it in the story's words: its ref, else the first thing that it speaks of. A balance that fell
 * has no such thing. */
static const char *
story_ref (Replay *self, const KobanAlert *alert, GPtrArray *refs, char **owned)
{
  if (alert->kind == KOBAN_ALERT_BALANCE)
    return NULL;
  *owned = alert->ref != NULL ? koban_ledger_get_remote_id (self->ledger, alert->ref) : NULL;
  if (*owned != NULL)
    return *owned;
  return refs->len > 0 ? g_ptr_array_index (refs, 0) : NULL;
}

static void
tell_alert (Replay *self, const KobanAlert *alert, gint64 now_us)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  g_autoptr(GPtrArray) refs = story_ids (self, alert->refs);
  g_autoptr(GPtrArray) codes = reason_codes (alert);
  g_autofree char *account = story_account_id (self, alert->account);
  g_autofree char *own_ref = NULL;

  koban_json_writer_begin_object (writer);
  if (self->options->label)
    write_string (writer, "story", self->story->label);
  koban_json_writer_name (writer, "ts");
  koban_json_writer_int (writer, now_us / KOBAN_SECOND_US);
  write_string (writer, "account", account);
  write_string (writer, "kind", koban_alert_kind_name (alert->kind));
  write_string (writer, "ref", story_ref (self, alert, refs, &own_ref));
  write_strings (writer, "refs", refs);
  write_string (writer, "severity", koban_severity_name (alert->severity));
  write_strings (writer, "reasons", codes);
  write_string (writer, "incident", alert->incident);
  koban_json_writer_end_object (writer);
  g_autofree char *line = koban_json_writer_finish (writer, FALSE);
  self->tell (line, self->data);
}

/* TRUE if @alert is new or higher than when it was last told. */
static gboolean
note_severity (Replay *self, const KobanAlert *alert)
{
  guint told = GPOINTER_TO_UINT (g_hash_table_lookup (self->severities, alert->id));
  guint now = (guint) alert->severity + 1;

  if (now <= told)
    return FALSE;
  g_hash_table_replace (self->severities, g_strdup (alert->id), GUINT_TO_POINTER (now));
  return TRUE;
}

/* The order of telling: as they were opened, whatever order the ledger lists them in. */
static int
by_opening (gconstpointer a, gconstpointer b)
{
  const KobanAlert *left = *(KobanAlert *const *) a, *right = *(KobanAlert *const *) b;
  gint64 left_number = g_ascii_strtoll (left->id + strcspn (left->id, "0123456789"), NULL, 10);
  gint64 right_number = g_ascii_strtoll (right->id + strcspn (right->id, "0123456789"), NULL, 10);

  return (left_number > right_number) - (left_number < right_number);
}

static GPtrArray *
get_alerts (Replay *self, GError **error)
{
  g_autoptr(GVariant) rows = list_all (self, KOBAN_LIST_ALERTS, error);
  g_autoptr(GPtrArray) alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);

  if (rows == NULL)
    return NULL;
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      KobanAlert *alert = koban_alert_from_variant (row, error);
      if (alert == NULL)
        return NULL;
      g_ptr_array_add (alerts, alert);
    }
  g_ptr_array_sort (alerts, by_opening);
  return g_steal_pointer (&alerts);
}

static gboolean
tell_news (Replay *self, gint64 now_us, GError **error)
{
  g_autoptr(GPtrArray) alerts = get_alerts (self, error);

  if (alerts == NULL)
    return FALSE;
  for (guint i = 0; i < alerts->len; i++)
    {
      const KobanAlert *alert = g_ptr_array_index (alerts, i);
      if (alert->kind != KOBAN_ALERT_FRESHNESS && note_severity (self, alert))
        tell_alert (self, alert, now_us);
    }
  return TRUE;
}

/* --- answers ------------------------------------------------------------------------------ */

static char *
find_link (Replay *self, const char *ref, GError **error)
{
  g_autoptr(GVariant) rows = list_all (self, KOBAN_LIST_LINKS, error);

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autofree char *id = NULL;
      if (!g_variant_lookup (row, "id", "s", &id))
        continue;
      g_autofree char *remote_id = koban_ledger_get_remote_id (self->ledger, id);
      if (g_strcmp0 (remote_id, ref) == 0)
        return g_steal_pointer (&id);
    }
  return NULL;
}

/* The latest alert that speaks of it, or opened with it. */
static char *
find_alert (Replay *self, const char *ref, GError **error)
{
  g_autoptr(GPtrArray) alerts = get_alerts (self, error);

  for (guint i = alerts != NULL ? alerts->len : 0; i-- > 0;)
    {
      const KobanAlert *alert = g_ptr_array_index (alerts, i);
      g_autoptr(GPtrArray) refs = story_ids (self, alert->refs);
      if (g_ptr_array_find_with_equal_func (refs, ref, g_str_equal, NULL))
        return g_strdup (alert->id);
    }
  return NULL;
}

static char *
find_answered (Replay *self, const char *ref, GError **error)
{
  char *id = find_link (self, ref, error);

  return id != NULL || (error != NULL && *error != NULL) ? id : find_alert (self, ref, error);
}

static GPtrArray *
answers_of (const KobanStory *story)
{
  GPtrArray *answers = g_ptr_array_new ();

  for (guint i = 0; i < story->events->len; i++)
    {
      KobanStoryEvent *event = g_ptr_array_index (story->events, i);
      if (event->kind == KOBAN_STORY_ANSWER)
        g_ptr_array_add (answers, event);
    }
  return answers;
}

static const KobanStoryEvent *
next_answer (const Replay *self)
{
  return self->n_given < self->answers->len ? g_ptr_array_index (self->answers, self->n_given) : NULL;
}

static void
collect_answers (Replay *self, gint64 now_us)
{
  for (const KobanStoryEvent *answer = next_answer (self); answer != NULL && answer->at_us <= now_us;
       answer = next_answer (self))
    {
      g_ptr_array_add (self->unplaced, g_ptr_array_index (self->answers, self->n_given));
      self->n_given++;
    }
}

/* Gives the answers whose link or alert is known; the others wait. */
static gboolean
place_answers (Replay *self, gint64 now_us, KobanMergeResult *result, GError **error)
{
  for (guint i = 0; i < self->unplaced->len;)
    {
      const KobanStoryEvent *event = g_ptr_array_index (self->unplaced, i);
      g_autoptr(GError) problem = NULL;
      g_autofree char *id = find_answered (self, event->id, &problem);
      if (id == NULL && problem == NULL)
        {
          i++;
          continue;
        }
      if (problem != NULL || !koban_ledger_answer (self->ledger, id, event->answer, now_us, &problem))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      result->changes++;
      g_ptr_array_remove_index (self->unplaced, i);
    }
  return TRUE;
}

static void
forget_unplaced_answers (Replay *self)
{
  for (guint i = 0; i < self->unplaced->len; i++)
    {
      const KobanStoryEvent *event = g_ptr_array_index (self->unplaced, i);
      g_printerr (_("%s: nothing was told of “%s” that could be answered\n"), self->story->label, event->id);
    }
  g_ptr_array_set_size (self->unplaced, 0);
}

/* --- one check ---------------------------------------------------------------------------- */

static gboolean
check_source (Replay *self,
              Source *source,
              gboolean whole,
              gint64 now_us,
              gint64 *due_us,
              KobanMergeResult *result,
              GError **error)
{
  gint64 next_us = whole ? 0 : now_us + self->options->poll_us;
  g_autoptr(GPtrArray) snapshots = koban_story_bank_ask (source->bank, now_us, next_us);
  int offset = self->story->utc_offset_minutes;

  for (guint i = 0; i < snapshots->len; i++)
    if (!koban_ledger_merge (self->ledger, source->connection, g_ptr_array_index (snapshots, i), offset,
                             result, error))
      return FALSE;
  return koban_ledger_finish_check (self->ledger, source->connection, now_us, offset, result, due_us, error);
}

static gint64
sooner (gint64 a_us, gint64 b_us)
{
  return a_us == 0 || (b_us != 0 && b_us < a_us) ? b_us : a_us;
}

static gboolean
check_sources (Replay *self, gint64 now_us, KobanMergeResult *result, GError **error)
{
  gboolean whole = self->options->every_poll || (self->due_us != 0 && self->due_us <= now_us);

  self->due_us = 0;
  for (guint i = 0; i < self->sources->len; i++)
    {
      gint64 due_us = 0;
      if (!check_source (self, g_ptr_array_index (self->sources, i), whole, now_us, &due_us, result, error))
        return FALSE;
      self->due_us = sooner (self->due_us, due_us);
    }
  return TRUE;
}

static gboolean
check (Replay *self, gint64 now_us, GError **error)
{
  KobanMergeResult result = { 0 }, answered = { 0 };

  collect_answers (self, now_us);
  if (!place_answers (self, now_us, &answered, error) || !check_sources (self, now_us, &result, error) ||
      !place_answers (self, now_us, &answered, error))
    return FALSE;
  forget_unplaced_answers (self);
  if (result.opened == 0 && result.raised == 0 && answered.changes == 0)
    return TRUE;
  return tell_news (self, now_us, error);
}

/* --- when to check ------------------------------------------------------------------------ */

static gint64
next_event_us (const Replay *self)
{
  const KobanStoryEvent *answer = next_answer (self);
  gint64 next_us = answer != NULL ? answer->at_us : 0;

  for (guint i = 0; i < self->sources->len; i++)
    {
      const Source *source = g_ptr_array_index (self->sources, i);
      next_us = sooner (next_us, koban_story_bank_get_next_us (source->bank));
    }
  return next_us;
}

static gboolean
is_settling (const Replay *self)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      const Source *source = g_ptr_array_index (self->sources, i);
      if (koban_story_bank_is_settling (source->bank))
        return TRUE;
    }
  return FALSE;
}

/* The number of the first check at or after @at_us. */
static gint64
check_number (const Replay *self, gint64 at_us)
{
  gint64 wait_us = MAX (at_us - self->story->monitor_from_us, 0);

  return wait_us / self->options->poll_us + (wait_us % self->options->poll_us != 0);
}

/* A check that hears nothing new changes only until when Koban has looked, and that matters just before
 * something new: the one before news is made too. */
static gint64
next_check_number (const Replay *self, gint64 last)
{
  gint64 event_us = next_event_us (self), number = G_MAXINT64;

  if (self->options->every_poll || is_settling (self))
    return last + 1;
  if (event_us != 0)
    number = check_number (self, event_us) - 1;
  if (self->due_us != 0)
    number = MIN (number, check_number (self, self->due_us));
  return MAX (number, last + 1);
}

static gboolean
check_until_end (Replay *self, GError **error)
{
  gint64 last_number = check_number (self, self->story->last_us + AFTERMATH_US);

  for (gint64 number = 0; number <= last_number; number = next_check_number (self, number))
    if (!check (self, self->story->monitor_from_us + number * self->options->poll_us, error))
      return FALSE;
  return TRUE;
}

/* --- one story ---------------------------------------------------------------------------- */

static gboolean
add_source (Replay *self, const char *bank, GError **error)
{
  g_autofree char *digest = g_strdup ("");
  g_autofree char *provider = g_strdup ("story");
  g_autofree char *secret_id = g_strdup ("");
  g_autofree char *name = g_strdup (bank);
  char *no_hosts[] = { NULL };
  KobanConnection fields = { .provider = provider,
                             .name = name,
                             .secret_id = secret_id,
                             .hosts = no_hosts,
                             .profile_digest = digest,
                             .state = KOBAN_CONNECTION_OK };

  if (!koban_ledger_add_connection (self->ledger, &fields, self->story->monitor_from_us, error))
    return FALSE;
  Source *source = g_new0 (Source, 1);
  source->connection = g_steal_pointer (&fields.id);
  source->bank = koban_story_bank_new (self->story, bank);
  g_ptr_array_add (self->sources, source);
  return TRUE;
}

gboolean
koban_replay (const KobanStory *story,
              KobanServices *services,
              const KobanReplayOptions *options,
              KobanReplayTell tell,
              gpointer data,
              GError **error)
{
  g_auto(Replay) self = {
    .story = story,
    .options = options,
    .ledger = koban_ledger_open (NULL, services, error),
    .sources = g_ptr_array_new_with_free_func (source_free),
    .severities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .answers = answers_of (story),
    .unplaced = g_ptr_array_new (),
    .tell = tell,
    .data = data,
  };

  if (self.ledger == NULL)
    return FALSE;
  for (guint i = 0; i < story->banks->len; i++)
    if (!add_source (&self, g_ptr_array_index (story->banks, i), error))
      return FALSE;
  return check_until_end (&self, error);
}

/* --- the command -------------------------------------------------------------------------- */

static const struct
{
  const char *unit;
  gint64 us;
} UNITS[] = {
  { "s", KOBAN_SECOND_US },
  { "m", KOBAN_MINUTE_US },
  { "h", KOBAN_HOUR_US },
  { "d", KOBAN_DAY_US },
};

static gboolean
parse_poll (const char *text, gint64 *poll_us)
{
  char *unit = NULL;
  guint64 count = g_ascii_isdigit (*text) ? g_ascii_strtoull (text, &unit, 10) : 0;

  for (gsize i = 0; unit != NULL && i < G_N_ELEMENTS (UNITS); i++)
    if (g_str_equal (unit, UNITS[i].unit) && count > 0 && count <= (guint64) (LONGEST_POLL_US / UNITS[i].us))
      {
        *poll_us = (gint64) count * UNITS[i].us;
        return TRUE;
      }
  return FALSE;
}

static void
print_line (const char *line, gpointer unused)
{
  fputs (line, stdout);
  fputc ('\n', stdout);
}

static gboolean
replay_files (GStrv paths, const KobanReplayOptions *options, GError **error)
{
  g_autoptr(KobanServices) services = koban_services_load (NULL, error);

  if (services == NULL)
    return FALSE;
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      g_autoptr(KobanStory) story = koban_story_load (paths[i], error);
      if (story == NULL)
        return FALSE;
      if (koban_replay (story, services, options, print_line, NULL, error))
        continue;
      g_prefix_error (error, "%s: ", paths[i]);
      return FALSE;
    }
  return TRUE;
}

int
koban_cli_replay (int argc, char **argv)
{
  static const KobanUsage USAGE = {
    .synopsis = "STORY… [--poll D]",
    .summary = N_("Plays stories through the ledger and the detectors and prints the alerts as JSON lines."),
    .min_words = 1,
    .max_words = G_MAXUINT,
  };
  g_autofree char *poll = NULL;
  const GOptionEntry entries[] = {
    { "poll", 0, 0, G_OPTION_ARG_STRING, &poll, N_("How often to check: 15m (the default), 6h"), "D" },
    G_OPTION_ENTRY_NULL,
  };
  KobanReplayOptions options = { .poll_us = DEFAULT_POLL_US };
  g_auto(GStrv) paths = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &USAGE, entries, NULL, &paths, &status))
    return status;
  if (poll != NULL && !parse_poll (poll, &options.poll_us))
    return koban_cli_usage_error ("replay", _("“%s” is not a time between checks, such as 15m or 6h"), poll);
  options.label = g_strv_length (paths) > 1;
  if (!replay_files (paths, &options, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  return KOBAN_EXIT_DONE;
}
