/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The questions of a review. Each answer is given to the agent at once, so that whoever stops in the
 * middle has lost nothing; what was answered is not asked again.
 */
#include "config.h"

#include "cli/questions.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/prompt.h"

#include <glib/gi18n-lib.h>
#include <koban/alert.h>
#include <koban/error.h>
#include <koban/field.h>
#include <koban/text.h>

const KobanColumn koban_question_columns[] = {
  { "number", KOBAN_COLUMN_NUMBER, N_("number") },
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "why", KOBAN_COLUMN_TEXT, N_("why") },
  { "severity", KOBAN_COLUMN_TEXT },
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },
  { "service", KOBAN_COLUMN_TEXT, N_("service") },
  { "account", KOBAN_COLUMN_TEXT, N_("account") },
  { "kind", KOBAN_COLUMN_TEXT },
  { "first", KOBAN_COLUMN_TEXT, N_("first") },
  { "last", KOBAN_COLUMN_TEXT, N_("last") },
  { "count", KOBAN_COLUMN_NUMBER, N_("times") },
  { "total", KOBAN_COLUMN_MONEY, N_("total") },
  { NULL },
};

GVariant *
koban_questions_number (GVariant *rows)
{
  GVariantBuilder numbered;

  g_variant_builder_init (&numbered, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (row);

      g_variant_dict_insert (&dict, "number", "x", (gint64) i + 1);
      g_variant_builder_add_value (&numbered, g_variant_dict_end (&dict));
    }
  return g_variant_ref_sink (g_variant_builder_end (&numbered));
}

void
koban_questions_print (GVariant *questions)
{
  if (g_variant_n_children (questions) == 0)
    return;
  g_print ("\n%s\n",
           _("Worth a question: say whose it is with “koban review --answer NUMBER=mine”, not-mine or "
              "unsure:"));
  koban_print_rows (questions, koban_question_columns, FALSE, "");
}

/* --- one question ------------------------------------------------------------------------------------------
 */

static const char *
why_asked (GVariant *question)
{
  static const struct
  {
    const char *why, *words;
  } reasons[] = {
    { "odd", N_("This looks odd") },
    { "link", N_("May take money without asking again") },
    { "wallet", N_("Money went into a wallet") },
    { "direct_debit", N_("Takes money by an order that stands") },
    { "transfer", N_("Money was sent to") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (g_strcmp0 (reasons[i].why, koban_field_text (question, "why")) == 0)
      return _(reasons[i].words);
  return "";
}

/* "4 times, 2024-09-01 to 2024-09-05, ¥300,000" */
static char *
what_was_taken (GVariant *question)
{
  static const KobanColumn total = { "total", KOBAN_COLUMN_MONEY };
  g_autofree char *sum = koban_print_cell (question, &total);
  gint64 count = 0;

  if (!g_variant_lookup (question, "count", "x", &count) || sum == NULL)
    return g_strdup ("");
  return g_strdup_printf (
    ngettext ("%d time, %s to %s, in all %s", "%d times, %s to %s, in all %s", (gulong) count), (int) count,
    koban_field_text (question, "first"), koban_field_text (question, "last"), sum);
}

static char *
name_of (GVariant *question)
{
  const char *service = koban_field_text (question, "service"), *name = koban_field_text (question, "name");
  g_autofree char *clean = koban_text_clean (name != NULL ? name : "", 40);

  return service != NULL && g_strcmp0 (service, name) != 0 ? g_strdup_printf ("“%s” (%s)", clean, service)
                                                           : g_strdup_printf ("“%s”", clean);
}

static void
print_question (GVariant *question, gsize of)
{
  g_autofree char *name = name_of (question);
  g_autofree char *taken = what_was_taken (question);
  gint64 number = 0;

  g_variant_lookup (question, "number", "x", &number);
  g_printerr ("\n%d/%d  %s: %s\n", (int) number, (int) of, why_asked (question), name);
  if (*taken != '\0')
    g_printerr ("      %s\n", taken);
}

static gboolean
give (KobanDBusKoban1 *agent, const char *id, KobanAnswer answer, GError **error)
{
  return koban_dbus_koban1_call_answer_sync (agent, id, koban_answer_name (answer), G_DBUS_CALL_FLAGS_NONE,
                                             -1, NULL, error);
}

/* --- at the terminal
 * ---------------------------------------------------------------------------------------- */

typedef struct
{
  KobanDBusKoban1 *agent; /* (unowned) */
  guint given, not_mine;
  gboolean enough;
} Asking;

static gboolean
put_one (Asking *self, GVariant *question, gsize of, GError **error)
{
  static const struct
  {
    char key;
    KobanAnswer answer;
  } keys[] = { { 'm', KOBAN_ANSWER_MINE }, { 'n', KOBAN_ANSWER_NOT_MINE }, { 'u', KOBAN_ANSWER_UNSURE } };

  print_question (question, of);
  /* TRANSLATORS: keep the letters m, n, u, s and q: they are the keys to press. */
  char key = koban_prompt_key (_("[m] mine  [n] not mine  [u] unsure  [s] skip  [q] enough:"), "mnusq");
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].key == key)
      {
        self->given++;
        self->not_mine += keys[i].answer == KOBAN_ANSWER_NOT_MINE;
        return give (self->agent, koban_field_text (question, "id"), keys[i].answer, error);
      }
  self->enough = key != 's';
  return TRUE;
}

static void
print_end (const Asking *self)
{
  g_printerr (ngettext ("\n%d answer noted. Each can be taken back: koban answer ID undo\n",
                        "\n%d answers noted. Each can be taken back: koban answer ID undo\n", self->given),
              (int) self->given);
  if (self->not_mine > 0)
    g_printerr (
      "%s\n",
      _("What is not yours: call your bank now, on the number printed on your card. “koban alerts --all” "
         "has it, “koban show” what to tell the bank, “koban revoke” ends a link."));
}

int
koban_questions_put (GVariant *questions)
{
  g_autoptr(GError) error = NULL;
  gsize count = g_variant_n_children (questions);
  g_autoptr(KobanDBusKoban1) agent = count > 0 ? koban_client_connect (&error) : NULL;
  Asking self = { .agent = agent, .enough = agent == NULL };

  for (gsize i = 0; i < count && !self.enough; i++)
    {
      g_autoptr(GVariant) question = g_variant_get_child_value (questions, i);

      if (!put_one (&self, question, count, &error))
        break;
    }
  if (error != NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (self.given > 0)
    print_end (&self);
  return KOBAN_EXIT_DONE;
}

/* --- in a script
 * --------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *id; /* (unowned): the question's */
  gint64 number;
  KobanAnswer answer;
} Given;

/* By number, or by the id that stays when others are answered. */
static gboolean
find_question (GVariant *questions, const char *wanted, Given *given)
{
  for (gsize i = 0; i < g_variant_n_children (questions); i++)
    {
      g_autoptr(GVariant) question = g_variant_get_child_value (questions, i);
      g_autofree char *number = NULL;

      g_variant_lookup (question, "number", "x", &given->number);
      given->id = koban_field_text (question, "id"); /* of @questions, which outlives the row */
      number = g_strdup_printf ("%" G_GINT64_FORMAT, given->number);
      if (g_str_equal (wanted, number) || g_strcmp0 (wanted, given->id) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
understand (GVariant *questions, const char *word, Given *given, GError **error)
{
  const char *equals = strchr (word, '=');
  g_autofree char *wanted = g_strndup (word, equals != NULL ? (gsize) (equals - word) : 0);

  if (equals == NULL || !koban_answer_parse (equals + 1, &given->answer))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("“%s” is not like 3=mine, 3=not-mine or 3=unsure"), word);
  else if (!find_question (questions, wanted, given))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("there is no question %s"), wanted);
  else
    return TRUE;
  return FALSE;
}

static gboolean
give_all (GArray *all, GError **error)
{
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);

  for (guint i = 0; agent != NULL && i < all->len; i++)
    {
      const Given *given = &g_array_index (all, Given, i);

      if (!give (agent, given->id, given->answer, error))
        return FALSE;
    }
  return agent != NULL;
}

static void
print_given (GArray *all, gboolean json)
{
  static const KobanColumn columns[] = { { "number", KOBAN_COLUMN_NUMBER, N_("number") },
                                         { "id", KOBAN_COLUMN_TEXT, N_("id") },
                                         { "answer", KOBAN_COLUMN_TEXT, N_("answer") },
                                         { NULL } };
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < all->len; i++)
    {
      const Given *given = &g_array_index (all, Given, i);
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&row, "number", "x", given->number);
      g_variant_dict_insert (&row, "id", "s", given->id);
      g_variant_dict_insert (&row, "answer", "s", koban_answer_name (given->answer));
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  g_autoptr(GVariant) table = g_variant_ref_sink (g_variant_builder_end (&rows));
  koban_print_rows (table, columns, json, "");
}

int
koban_questions_answer (const char *command, GVariant *questions, char *const *answers, gboolean json)
{
  g_autoptr(GArray) all = g_array_new (FALSE, FALSE, sizeof (Given));
  g_autoptr(GError) error = NULL;

  for (guint i = 0; answers[i] != NULL; i++)
    {
      Given given = { 0 };

      if (!understand (questions, answers[i], &given, &error))
        {
          if (koban_error_is (error, KOBAN_ERROR_INVALID))
            return koban_cli_usage_error (command, "%s", error->message);
          return koban_cli_fail (g_steal_pointer (&error));
        }
      g_array_append_val (all, given);
    }
  if (!give_all (all, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  print_given (all, json);
  return KOBAN_EXIT_DONE;
}
