/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `review`: all known history at once: what looks odd in it, every link, and everyone who has ever taken
 * money; then what is worth a question is asked (questions.c). Seeing it ends the notice that offers it.
 */
#include "config.h"

#include "cli/review.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/prompt.h"
#include "cli/questions.h"
#include "cli/report.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>

/* The past was never told, so it has no id, no incident and no state. */
static const KobanColumn odd_columns[] = {
  { "opened", KOBAN_COLUMN_TIME, N_("when") },
  { "account", KOBAN_COLUMN_TEXT, N_("account") },
  { "kind", KOBAN_COLUMN_TEXT },
  { "severity", KOBAN_COLUMN_TEXT, N_("severity") },
  { "summary", KOBAN_COLUMN_TEXT, N_("what happened") },
  { "reasons", KOBAN_COLUMN_ROWS },
  { "ref", KOBAN_COLUMN_TEXT, N_("first of it") },
  { "refs", KOBAN_COLUMN_WORDS },
  { "subject", KOBAN_COLUMN_FOREIGN },
  { "service", KOBAN_COLUMN_TEXT },
  { "total", KOBAN_COLUMN_MONEY, N_("total") },
  { "claim_until", KOBAN_COLUMN_TIME, NULL },
  { NULL },
};

static const KobanColumn payee_columns[] = {
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },    { "service", KOBAN_COLUMN_TEXT, N_("service") },
  { "account", KOBAN_COLUMN_TEXT, N_("account") }, { "first", KOBAN_COLUMN_TEXT, N_("first") },
  { "last", KOBAN_COLUMN_TEXT, N_("last") },       { "count", KOBAN_COLUMN_NUMBER, N_("times") },
  { "total", KOBAN_COLUMN_MONEY, N_("total") },    { "ref", KOBAN_COLUMN_TEXT },
  { "answer", KOBAN_COLUMN_TEXT, N_("answer") },   { NULL },
};

static const KobanColumn settings_columns[] = {
  { "quiet", KOBAN_COLUMN_NUMBER, N_("quiet") },
  { "normal", KOBAN_COLUMN_NUMBER, N_("normal") },
  { "wary", KOBAN_COLUMN_NUMBER, N_("wary") },
  { NULL },
};

GVariant *
koban_review_ask (GVariant *filter, GError **error)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (filter);
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  GVariant *review = NULL;

  if (agent == NULL ||
      !koban_dbus_koban1_call_review_sync (agent, owned, G_DBUS_CALL_FLAGS_NONE, -1, &review, NULL, error))
    return NULL;
  return review;
}

static GVariant *
part_of (GVariant *review, const char *key, const char *type)
{
  GVariant *part = g_variant_lookup_value (review, key, G_VARIANT_TYPE (type));

  return part != NULL ? part : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE (type + 1), NULL, 0));
}

/* --- settings --- */

void
koban_review_print_settings (GVariant *review)
{
  g_autoptr(GVariant) settings = part_of (review, "settings", "a{sv}");
  gint64 quiet = 0, normal = 0, wary = 0;

  if (!g_variant_lookup (settings, "quiet", "x", &quiet) ||
      !g_variant_lookup (settings, "normal", "x", &normal) ||
      !g_variant_lookup (settings, "wary", "x", &wary))
    {
      g_print ("%s\n", _("Not enough history to say how many alerts each setting would have raised."));
      return;
    }
  g_print (_("Alerts in a year like yours: quiet %d, normal %d, wary %d. To choose: [watch] wariness in "
              "koban.conf\n"),
           (int) quiet, (int) normal, (int) wary);
}

void
koban_review_json_settings (KobanJsonWriter *writer, GVariant *review)
{
  g_autoptr(GVariant) settings = part_of (review, "settings", "a{sv}");

  koban_json_writer_name (writer, "settings");
  koban_print_object (writer, settings, settings_columns);
}

/* --- the review --- */

static void
json_rows (KobanJsonWriter *writer, const char *name, GVariant *rows, const KobanColumn *columns)
{
  GVariantIter iter;
  GVariant *row;

  koban_json_writer_name (writer, name);
  koban_json_writer_begin_array (writer);
  g_variant_iter_init (&iter, rows);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      koban_print_object (writer, row, columns);
      g_variant_unref (row);
    }
  koban_json_writer_end_array (writer);
}

static void
print_json_review (GVariant *review, GVariant *odd, GVariant *links, GVariant *payees, GVariant *questions)
{
  KobanJsonWriter *writer = koban_json_writer_new ();
  g_autoptr(GVariant) days = g_variant_lookup_value (review, "days", G_VARIANT_TYPE_INT64);

  koban_json_writer_begin_object (writer);
  json_rows (writer, "odd", odd, odd_columns);
  json_rows (writer, "links", links, koban_link_columns);
  json_rows (writer, "payees", payees, payee_columns);
  json_rows (writer, "questions", questions, koban_question_columns);
  koban_json_writer_name (writer, "days");
  if (days != NULL)
    koban_json_writer_variant (writer, days);
  else
    koban_json_writer_null (writer);
  koban_review_json_settings (writer, review);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

/* The first that is still to come. What lies further back may be claimed by a longer rule: `deadlines` knows.
 */
static gint64
soonest_claim_us (GVariant *odd)
{
  gint64 now_us = g_get_real_time (), soonest_us = 0;

  for (gsize i = 0; i < g_variant_n_children (odd); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (odd, i);
      gint64 until_us = 0;

      if (g_variant_lookup (row, "claim_until", "x", &until_us) && until_us >= now_us &&
          (soonest_us == 0 || until_us < soonest_us))
        soonest_us = until_us;
    }
  return soonest_us;
}

static void
print_soonest_claim (GVariant *odd)
{
  gint64 soonest_us = soonest_claim_us (odd);

  if (soonest_us == 0)
    return;
  g_autofree char *day =
    koban_date_format (koban_date_from_us (soonest_us, koban_report_offset_minutes (soonest_us)));
  g_print (_("The first of these times may end on %s.\n"), day);
}

static void
print_odd (GVariant *review, GVariant *odd)
{
  gint64 days = 0;

  g_variant_lookup (review, "days", "x", &days);
  if (g_variant_n_children (odd) > 0)
    {
      koban_print_rows (odd, odd_columns, FALSE, "");
      g_print (
        "%s\n",
        _("What is not yours: call your bank. Banks' time limits to claim money back run from the day of "
           "the debit."));
      print_soonest_claim (odd);
    }
  else
    g_print (ngettext ("Nothing odd found in %d day of history. This is not an all-clear.\n",
                       "Nothing odd found in %d days of history. This is not an all-clear.\n", (gulong) days),
             (int) days);
}

void
koban_review_print_odd (GVariant *review)
{
  g_autoptr(GVariant) told = part_of (review, "odd", "aa{sv}");
  g_autoptr(GVariant) odd = koban_summary_add (told);

  print_odd (review, odd);
}

static void
print_review (GVariant *review, GVariant *odd, GVariant *links, GVariant *payees, GVariant *questions)
{
  g_print ("%s\n", _("What looks odd, worst first:"));
  print_odd (review, odd);
  g_print ("\n%s\n", _("Links, ended ones too:"));
  koban_print_rows (links, koban_link_columns, FALSE,
                    _("No links are known. “koban accounts --json” says whether your bank lists them."));
  g_print ("\n%s\n", _("Everyone who has taken money:"));
  koban_print_rows (payees, payee_columns, FALSE, _("Nobody, as far as is known."));
  g_print ("\n");
  koban_review_print_settings (review);
  if (!koban_prompt_can_ask ())
    koban_questions_print (questions);
}

int
koban_cli_review (int argc, char **argv)
{
  static const KobanUsage usage = { "[--since DATE] [--answer NUMBER=WORD]...",
                                    N_("Shows all known history: what looks odd, every link, everyone who "
                                        "has taken money; and asks about it."),
                                    0, 0 };
  g_autofree char *since = NULL;
  g_auto(GStrv) answers = NULL;
  const GOptionEntry entries[] = {
    { "since", 0, 0, G_OPTION_ARG_FILENAME, &since, N_("Only from this day on, 2024-09-01"), N_("DATE") },
    { "answer", 0, 0, G_OPTION_ARG_STRING_ARRAY, &answers,
      N_("Answer a question by its number or id: 3=mine, t12=not-mine, 4=unsure"), N_("NUMBER=WORD") },
    { NULL },
  };
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (!koban_cli_add_since (&filter, since))
    return koban_cli_usage_error (argv[0], _("“%s” is not a day like 2024-09-01"), since);
  g_variant_dict_insert (&filter, "seen", "b", answers == NULL);
  g_autoptr(GVariant) review = koban_review_ask (g_variant_dict_end (&filter), &error);
  if (review == NULL)
    return koban_cli_fail (g_steal_pointer (&error));

  g_autoptr(GVariant) asked = part_of (review, "questions", "aa{sv}");
  g_autoptr(GVariant) questions = koban_questions_number (asked);
  if (answers != NULL)
    return koban_questions_answer (argv[0], questions, answers, json);
  g_autoptr(GVariant) told = part_of (review, "odd", "aa{sv}");
  g_autoptr(GVariant) odd = koban_summary_add (told);
  g_autoptr(GVariant) links = part_of (review, "links", "aa{sv}");
  g_autoptr(GVariant) payees = part_of (review, "payees", "aa{sv}");
  (json ? print_json_review : print_review) (review, odd, links, payees, questions);
  return json || !koban_prompt_can_ask () ? KOBAN_EXIT_DONE : koban_questions_put (questions);
}
