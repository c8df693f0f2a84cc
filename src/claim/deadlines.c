/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rules in, days out. A rule is a row of a JSON file and stays in its document; a deadline is counted from a
 * claim's own days and nothing else. Where a rule leaves a choice the earlier day is taken: weekends are left
 * out of business days, holidays are not.
 */
#include "config.h"

#include <koban/deadlines.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/field.h>
#include <koban/place.h>
#include <string.h>

#include "wire/json-reader.h"

#define FORMAT 1

typedef enum
{
  FROM_FIRST,
  FROM_LAST,
  FROM_NOTICED,
  FROM_TOLD,
} From;
static const char *const from_names[] = { "first", "last", "noticed", "told" };

typedef enum
{
  UNIT_DAYS,
  UNIT_BUSINESS_DAYS,
  UNIT_WEEKS,
  UNIT_MONTHS,
  UNIT_YEARS,
} Unit;
static const char *const unit_names[] = { "days", "business_days", "weeks", "months", "years" };

static const char *const party_names[] = { "bank", "wallet", "police", "other" };

typedef struct
{
  const char *id, *party, *source; /* (unowned): of the document */
  KobanJsonNode node, currencies;
  KobanDate checked;
  From from;
  Unit unit;
  gint64 count; /* 0: no time is stated */
  gboolean theirs;
} Rule;

struct _KobanDeadlines
{
  GPtrArray *documents; /* (owned) (element-type KobanJson) */
  GArray *rules;        /* (owned) (element-type Rule) */
};

/* --- reading ------------------------------------------------------------------------------------------- */

static gboolean
refuse (KobanJsonNode node, const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("line %u: %s"),
               koban_json_exists (node) ? koban_json_line (node) : 1, what);
  return FALSE;
}

static gboolean
read_name (KobanJsonNode node, const char *const *names, gsize n, int *index)
{
  const char *name = koban_json_string (node);

  for (gsize i = 0; i < n; i++)
    if (g_strcmp0 (name, names[i]) == 0)
      {
        *index = (int) i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
read_within (Rule *rule, KobanJsonNode node, GError **error)
{
  KobanJsonNode within = koban_json_member (node, "within"), count = koban_json_first (within);
  int unit;

  if (!koban_json_exists (within))
    return TRUE;
  for (unit = 0; unit < (int) G_N_ELEMENTS (unit_names); unit++)
    if (g_strcmp0 (koban_json_name (count), unit_names[unit]) == 0)
      break;
  if (koban_json_length (within) != 1 || unit == (int) G_N_ELEMENTS (unit_names) ||
      !koban_json_int64 (count, &rule->count) || rule->count < 1 || rule->count > 3660)
    return refuse (node, _("“within” is a number of days, business_days, weeks, months or years"), error);
  rule->unit = (Unit) unit;
  return TRUE;
}

static gboolean
has_words (KobanJsonNode node)
{
  return koban_json_string (koban_json_member (koban_json_member (node, "name"), "en")) != NULL &&
         koban_json_string (koban_json_member (koban_json_member (node, "task"), "en")) != NULL &&
         koban_json_string (koban_json_member (koban_json_member (node, "rule"), "en")) != NULL;
}

/* A later row of the same id takes the earlier one's place. */
static void
keep_rule (KobanDeadlines *self, const Rule *rule)
{
  for (guint i = 0; i < self->rules->len; i++)
    if (g_str_equal (g_array_index (self->rules, Rule, i).id, rule->id))
      {
        g_array_index (self->rules, Rule, i) = *rule;
        return;
      }
  g_array_append_vals (self->rules, rule, 1);
}

static gboolean
read_rule (KobanDeadlines *self, KobanJsonNode node, KobanJsonNode currencies, GError **error)
{
  Rule rule = { .node = node, .currencies = currencies };
  const char *checked = koban_json_string (koban_json_member (node, "checked"));
  int from, party;

  rule.id = koban_json_string (koban_json_member (node, "id"));
  rule.source = koban_json_string (koban_json_member (node, "source"));
  rule.theirs = koban_json_is_true (koban_json_member (node, "theirs"));
  if (rule.id == NULL || rule.source == NULL || checked == NULL || !koban_date_parse (checked, &rule.checked))
    return refuse (node, _("a deadline needs “id”, “source” and the day it was “checked”"), error);
  if (!read_name (koban_json_member (node, "party"), party_names, G_N_ELEMENTS (party_names), &party))
    return refuse (node, _("“party” is bank, wallet, police or other"), error);
  if (!read_name (koban_json_member (node, "from"), from_names, G_N_ELEMENTS (from_names), &from))
    return refuse (node, _("“from” is first, last, noticed or told"), error);
  if (!has_words (node))
    return refuse (node, _("a deadline needs “name”, “task” and “rule”, each at least in English"), error);
  if (!read_within (&rule, node, error))
    return FALSE;
  rule.from = (From) from;
  rule.party = party_names[party];
  keep_rule (self, &rule);
  return TRUE;
}

static gboolean
read_document (KobanDeadlines *self, KobanJsonNode root, GError **error)
{
  KobanJsonNode currencies = koban_json_member (root, "currencies");
  KobanJsonNode rows = koban_json_member (root, "deadlines");
  gint64 format = 0;

  if (!koban_json_int64 (koban_json_member (root, "format"), &format) || format != FORMAT)
    return refuse (root, _("this is no file of deadlines of format 1"), error);
  if (koban_json_length (currencies) == 0)
    return refuse (root, _("“currencies” says which accounts the file is for"), error);
  for (KobanJsonNode row = koban_json_first (rows); koban_json_exists (row); row = koban_json_next (row))
    if (!read_rule (self, row, currencies, error))
      return FALSE;
  return TRUE;
}

static gboolean
load_file (KobanDeadlines *self, const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length;
  KobanJson *document;

  if (!g_file_get_contents (path, &data, &length, error))
    return FALSE;
  document = koban_json_parse (data, length, error);
  if (document != NULL)
    g_ptr_array_add (self->documents, document);
  if (document != NULL && read_document (self, koban_json_root (document), error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

/* In the order of the names. A directory that does not exist holds nothing; one that cannot be read is told.
 */
static gboolean
load_directory (KobanDeadlines *self, const char *path, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GDir) directory = g_dir_open (path, 0, &local_error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (local_error != NULL && !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_suffix (name, ".json") && !g_str_has_suffix (name, ".schema.json"))
      g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!load_file (self, names->pdata[i], error))
      return FALSE;
  return TRUE;
}

static char **
usual_directories (void)
{
  g_auto(GStrv) paths = g_new0 (char *, 3);

  paths[0] = koban_place_data ("deadlines", "KOBAN_DEADLINES");
  paths[1] = g_build_filename (g_get_user_data_dir (), "koban", "deadlines", NULL);
  return g_steal_pointer (&paths);
}

KobanDeadlines *
koban_deadlines_load (const char *const *directories, GError **error)
{
  g_autoptr(KobanDeadlines) self = g_new0 (KobanDeadlines, 1);
  g_auto(GStrv) usual = directories == NULL ? usual_directories () : NULL;
  const char *const *paths = directories != NULL ? directories : (const char *const *) usual;

  self->documents = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_json_unref);
  self->rules = g_array_new (FALSE, FALSE, sizeof (Rule));
  for (gsize i = 0; paths[i] != NULL; i++)
    if (!load_directory (self, paths[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

void
koban_deadlines_free (KobanDeadlines *self)
{
  g_ptr_array_unref (self->documents);
  g_array_unref (self->rules);
  g_free (self);
}

/* --- which rules ------------------------------------------------------------------------------------------
 */

static gboolean
holds (KobanJsonNode list, const char *text)
{
  for (KobanJsonNode row = koban_json_first (list); koban_json_exists (row); row = koban_json_next (row))
    if (text != NULL && g_strcmp0 (koban_json_string (row), text) == 0)
      return TRUE;
  return FALSE;
}

/* A rule that names none is for all. */
static gboolean
fits_one_of (const Rule *rule, const char *key, GVariant *claim, const char *words_key)
{
  KobanJsonNode list = koban_json_member (rule->node, key);
  g_autofree const char **words = NULL;

  if (!koban_json_exists (list))
    return TRUE;
  if (!g_variant_lookup (claim, words_key, "^a&s", &words))
    return FALSE;
  for (const char **word = words; *word != NULL; word++)
    if (holds (list, *word))
      return TRUE;
  return FALSE;
}

static gboolean
fits (const Rule *rule, GVariant *claim)
{
  const char *currency = NULL;
  gint64 minor;

  return g_variant_lookup (claim, "total", "(x&s)", &minor, &currency) &&
         holds (rule->currencies, currency) && fits_one_of (rule, "services", claim, "services") &&
         fits_one_of (rule, "types", claim, "types") && fits_one_of (rule, "banks", claim, "banks");
}

/* --- counting ---------------------------------------------------------------------------------------------
 */

static KobanDate
add_business_days (KobanDate day, gint64 count)
{
  while (count > 0)
    if (koban_date_weekday (++day) <= 5)
      count--;
  return day;
}

/* The same day of a later month, or its last. */
static KobanDate
add_months (KobanDate day, gint64 count)
{
  int year, month, number;
  gint64 months;

  koban_date_to_civil (day, &year, &month, &number);
  months = (gint64) year * 12 + month - 1 + count;
  KobanDate first = koban_date_from_civil ((int) (months / 12), (int) (months % 12) + 1, 1);
  KobanDate next = koban_date_from_civil ((int) ((months + 1) / 12), (int) ((months + 1) % 12) + 1, 1);
  return MIN (first + number - 1, next - 1);
}

static KobanDate
add (KobanDate day, Unit unit, gint64 count)
{
  switch (unit)
    {
    case UNIT_BUSINESS_DAYS:
      return add_business_days (day, count);
    case UNIT_WEEKS:
      return day + (KobanDate) (7 * count);
    case UNIT_MONTHS:
      return add_months (day, count);
    case UNIT_YEARS:
      return add_months (day, 12 * count);
    case UNIT_DAYS:
    default:
      return day + (KobanDate) count;
    }
}

/* When the party was first told; 0: not yet. */
static gint64
told_us (GVariant *claim, const char *party)
{
  g_autoptr(GVariant) notes = g_variant_lookup_value (claim, "notes", G_VARIANT_TYPE ("aa{sv}"));
  gint64 first_us = 0;

  for (gsize i = 0; notes != NULL && i < g_variant_n_children (notes); i++)
    {
      g_autoptr(GVariant) note = g_variant_get_child_value (notes, i);
      const char *to = NULL;
      gint64 at_us = 0;

      if (g_variant_lookup (note, "to", "&s", &to) && g_str_equal (to, party) &&
          g_variant_lookup (note, "at", "x", &at_us) && (first_us == 0 || at_us < first_us))
        first_us = at_us;
    }
  return first_us;
}

static gboolean
is_repaid (GVariant *claim)
{
  gint64 total = 0, repaid = 0;
  const char *currency;

  g_variant_lookup (claim, "total", "(x&s)", &total, &currency);
  g_variant_lookup (claim, "repaid", "(x&s)", &repaid, &currency);
  return total < 0 && repaid >= -total;
}

/* A day that the claim names. */
static KobanDate
day_of (GVariant *claim, const char *key)
{
  const char *text = koban_field_text (claim, key);
  KobanDate day = KOBAN_NO_DATE;

  if (text != NULL)
    (void) !koban_date_parse (text, &day);
  return day;
}

/* Nobody can notice a loss before there is one: a link that was told of first is none. */
static KobanDate
day_noticed (GVariant *claim, int utc_offset_minutes)
{
  gint64 at_us = koban_field_number (claim, "noticed");
  KobanDate first = day_of (claim, from_names[FROM_FIRST]), day;

  if (at_us == 0)
    return KOBAN_NO_DATE;
  day = koban_date_from_us (at_us, utc_offset_minutes);
  return first != KOBAN_NO_DATE ? MAX (day, first) : day;
}

static KobanDate
day_from (const Rule *rule, GVariant *claim, int utc_offset_minutes)
{
  gint64 at_us;

  if (rule->from == FROM_FIRST || rule->from == FROM_LAST)
    return day_of (claim, from_names[rule->from]);
  if (rule->from == FROM_NOTICED)
    return day_noticed (claim, utc_offset_minutes);
  at_us = told_us (claim, rule->party);
  return at_us != 0 ? koban_date_from_us (at_us, utc_offset_minutes) : KOBAN_NO_DATE;
}

static const char *
words (const Rule *rule, const char *key, const char *language)
{
  KobanJsonNode texts = koban_json_member (rule->node, key);
  const char *text = koban_json_string (koban_json_member (texts, language));

  return text != NULL ? text : koban_json_string (koban_json_member (texts, "en"));
}

static KobanDeadline *
count_rule (const Rule *rule, GVariant *claim, int utc_offset_minutes, KobanDate today, const char *language)
{
  KobanDate from = day_from (rule, claim, utc_offset_minutes);
  KobanDeadline *deadline;

  if (from == KOBAN_NO_DATE)
    return NULL;
  deadline = g_new0 (KobanDeadline, 1);
  *deadline = (KobanDeadline){
    .id = rule->id,
    .party = rule->party,
    .name = words (rule, "name", language),
    .task = words (rule, "task", language),
    .rule = words (rule, "rule", language),
    .source = rule->source,
    .checked = rule->checked,
    .old = today - rule->checked > KOBAN_DEADLINE_OLD_DAYS,
    .theirs = rule->theirs,
    .from = from,
    .due = rule->count > 0 ? add (from, rule->unit, rule->count) : KOBAN_NO_DATE,
    .done_us = rule->theirs ? 0 : told_us (claim, rule->party),
  };
  deadline->done = deadline->done_us != 0 || is_repaid (claim);
  return deadline;
}

/* Soonest first; what has no day comes last. */
static int
compare_deadlines (gconstpointer a, gconstpointer b)
{
  const KobanDeadline *one = *(KobanDeadline *const *) a, *two = *(KobanDeadline *const *) b;
  gint64 day_one = one->due != KOBAN_NO_DATE ? one->due : G_MAXINT32;
  gint64 day_two = two->due != KOBAN_NO_DATE ? two->due : G_MAXINT32;

  return day_one != day_two ? (day_one > day_two) - (day_one < day_two) : g_strcmp0 (one->id, two->id);
}

GPtrArray *
koban_deadlines_count (KobanDeadlines *self,
                       GVariant *claim,
                       int utc_offset_minutes,
                       KobanDate today,
                       const char *language)
{
  GPtrArray *deadlines = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->rules->len; i++)
    {
      const Rule *rule = &g_array_index (self->rules, Rule, i);
      KobanDeadline *deadline =
        fits (rule, claim) ? count_rule (rule, claim, utc_offset_minutes, today, language) : NULL;

      if (deadline != NULL)
        g_ptr_array_add (deadlines, deadline);
    }
  g_ptr_array_sort (deadlines, compare_deadlines);
  return deadlines;
}

/* --- windows ----------------------------------------------------------------------------------------------
 */

static gint64
days_of (const Rule *rule)
{
  static const gint64 per_unit[] = { 12, 12, 84, 365,
                                     4380 }; /* twelfths of a day; a business day is at least one */

  return rule->count * per_unit[rule->unit] / 12;
}

/* Of the rules of every bank, in general. */
static gboolean
is_bank_window (const Rule *rule, const char *currency)
{
  return rule->count > 0 && rule->from == FROM_FIRST && g_str_equal (rule->party, "bank") &&
         holds (rule->currencies, currency) && !koban_json_exists (koban_json_member (rule->node, "banks"));
}

static void
add_window (KobanDeadlines *self, const char *currency, GVariantBuilder *windows)
{
  gint64 shortest = 0, longest = 0;

  for (guint i = 0; i < self->rules->len; i++)
    {
      const Rule *rule = &g_array_index (self->rules, Rule, i);

      if (!is_bank_window (rule, currency))
        continue;
      shortest = shortest == 0 ? days_of (rule) : MIN (shortest, days_of (rule));
      longest = MAX (longest, days_of (rule));
    }
  if (longest > 0)
    g_variant_builder_add (windows, "{s(xx)}", currency, shortest, longest);
}

GVariant *
koban_deadlines_windows (KobanDeadlines *self)
{
  g_auto(GVariantBuilder) windows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{s(xx)}"));
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->rules->len; i++)
    {
      KobanJsonNode list = g_array_index (self->rules, Rule, i).currencies;

      for (KobanJsonNode row = koban_json_first (list); koban_json_exists (row); row = koban_json_next (row))
        {
          const char *currency = koban_json_string (row);

          if (currency != NULL && g_hash_table_add (seen, (gpointer) (guintptr) currency))
            add_window (self, currency, &windows);
        }
    }
  return g_variant_builder_end (&windows);
}

const char *
koban_deadlines_language (void)
{
  const char *const *languages = g_get_language_names ();

  return languages[0] != NULL && g_str_has_prefix (languages[0], "ja") ? "ja" : "en";
}
