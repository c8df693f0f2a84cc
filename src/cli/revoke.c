/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `revoke`: ends a link. It shows what the link took last and what revoking does and does not do,
 * asks for the name to be typed, and says only what the bank's next listing proves.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/guard.h"
#include "cli/keyring.h"
#include "cli/prompt.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/field.h>
#include <koban/profile.h>
#include <koban/text.h>
#include <unistd.h>

#define LAST_PAYMENTS 5

/* Lines of the link's account under its name. */
static gboolean
took_by (GVariant *line, GVariant *link)
{
  g_autofree char *wanted = koban_text_fold (koban_field_text_or (link, "name", ""));
  g_autofree char *payee = koban_text_fold (koban_field_text_or (line, "payee", ""));
  g_autofree char *text = koban_text_fold (koban_field_text_or (line, "text", ""));

  return *wanted != '\0' && (g_str_has_prefix (payee, wanted) || g_str_has_prefix (text, wanted));
}

/* As long after the last payment as that came after the one before. */
static void
show_next_date (GVariant *rows)
{
  KobanDate days[2];

  if (g_variant_n_children (rows) < G_N_ELEMENTS (days))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (days); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      if (!koban_date_parse (koban_field_text_or (row, "date", ""), &days[i]))
        return;
    }
  if (days[0] <= days[1])
    return;
  g_autofree char *next = koban_date_format (days[0] + (days[0] - days[1]));
  g_print (_("If it goes on like this, it takes next around %s.\n"), next);
}

static void
show_last_payments (GVariant *link)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  GVariantBuilder taken;
  guint shown = 0;

  if (*koban_field_text_or (link, "account", "") == '\0')
    return;
  g_variant_dict_insert (&filter, "account", "s", koban_field_text_or (link, "account", ""));
  g_autoptr(GVariant) lines =
    koban_client_list (KOBAN_ROWS_TRANSACTIONS, g_variant_dict_end (&filter), NULL);
  if (lines == NULL)
    return;
  g_variant_builder_init (&taken, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (lines) && shown < LAST_PAYMENTS; i++)
    {
      g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);

      if (took_by (line, link))
        {
          g_variant_builder_add_value (&taken, line);
          shown++;
        }
    }
  g_autoptr(GVariant) rows = g_variant_ref_sink (g_variant_builder_end (&taken));
  g_print ("%s\n", _("What it took last:"));
  koban_print_rows (rows, koban_transaction_columns, FALSE, _("  nothing that Koban has seen"));
  show_next_date (rows);
}

static gboolean
is_own (GVariant *link)
{
  gboolean own = FALSE;

  return g_variant_lookup (link, "own", "b", &own) && own;
}

/* What the bank forgets with the link, and an honest one is made again by. */
static void
show_how_it_was_made (GVariant *link)
{
  g_autofree char *creditor = koban_text_clean (koban_field_text_or (link, "creditor", ""), 80);
  g_autofree char *reference = koban_text_clean (koban_field_text_or (link, "reference", ""), 80);

  if (*creditor == '\0' && *reference == '\0')
    return;
  g_print (_("To set it up again one day: creditor %s, reference %s. Koban's journal keeps both.\n"),
           *creditor != '\0' ? creditor : "–", *reference != '\0' ? reference : "–");
}

/* One who only looks takes nothing, and nothing of what was taken comes back. */
static void
show_what_ends (GVariant *link)
{
  if (is_own (link))
    {
      g_print ("\n%s\n",
               _("Take care: this is Koban's own access. Ending it blinds Koban at this bank: no new link "
                  "and no withdrawal there will be told any more, until you connect it again."));
      return;
    }
  if (g_str_equal (koban_field_text_or (link, "provenance", ""), "access"))
    {
      g_print ("\n%s\n", _("Ending it stops this service from looking at your accounts; Koban sees nothing "
                            "through it then, either. What was read before stays read."));
      return;
    }
  show_last_payments (link);
  show_how_it_was_made (link);
  g_print (
    "\n%s\n",
    _("Revoking asks the bank to refuse further collections over this link. It does not bring back what "
       "was taken, and does not end a contract that you may have with the company. If you did not make "
       "this link, tell your bank as well, on the number printed on your card."));
}

static void
show_link (GVariant *link)
{
  koban_print_details (link, koban_link_columns);
  show_what_ends (link);
}

static gboolean
is_meant (GVariant *link)
{
  g_autofree char *name = koban_text_clean (koban_field_text_or (link, "name", ""), 0);
  g_autofree char *question = g_strdup_printf (_("To revoke, type the name “%s”:"), name);
  g_autofree char *typed = koban_prompt_line (question);
  g_autofree char *typed_fold = koban_text_fold (typed);
  g_autofree char *name_fold = koban_text_fold (name);

  return typed != NULL && *typed_fold != '\0' && g_str_equal (typed_fold, name_fold);
}

/* The profile of the link's connection. (transfer none) (nullable) */
static KobanProfile *
profile_of (KobanProfiles *profiles, GVariant *link)
{
  g_autoptr(GVariant) connection = koban_client_get (
    KOBAN_ROWS_CONNECTIONS, koban_field_text_or (link, "connection", ""), _("connection"), NULL);

  return connection != NULL
           ? koban_profiles_lookup (profiles, koban_field_text_or (connection, "provider", ""))
           : NULL;
}

/* The needs that ending @link has. */
static GArray *
power_for (KobanProfile *profile, GVariant *link)
{
  g_autoptr(GArray) power = g_array_new (FALSE, FALSE, sizeof (KobanNeed));
  GArray *needs = koban_profile_get_needs (profile);
  KobanLinkKind kind;

  for (guint i = 0; koban_link_kind_parse (koban_field_text_or (link, "kind", ""), &kind) && i < needs->len;
       i++)
    if (koban_profile_wants_to_revoke (profile, kind, &g_array_index (needs, KobanNeed, i)))
      g_array_append_vals (power, &g_array_index (needs, KobanNeed, i), 1);
  return g_steal_pointer (&power);
}

/* The power to revoke is asked for now, used once, and not kept. An item of the session's keyring, "" if
 * none is needed, NULL on error. */
static char *
borrow_power (KobanProfile *profile, GVariant *link, GError **error)
{
  g_autoptr(KobanAnswers) answers = koban_answers_new ();
  g_autoptr(GArray) needs = profile != NULL ? power_for (profile, link) : NULL;

  if (needs == NULL || needs->len == 0)
    return g_strdup ("");
  answers->until_blank =
    g_str_equal (koban_field_text_or (link, "revocation", ""), "api+sca"); /* a code may follow */
  if (!isatty (STDIN_FILENO) && !koban_answers_take_stdin (answers, needs, TRUE, error))
    return NULL;
  if (!koban_answers_ask (answers, needs, TRUE, error))
    return NULL;
  return koban_keyring_store (KOBAN_SECRET_ANSWER, koban_profile_get_id (profile),
                              _("Koban: to revoke, once"), answers->secrets, error);
}

static GVariant *
end_link (GVariant *link, const char *secret_id, GError **error)
{
  g_auto(GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  g_autofree char *path = NULL;

  if (*secret_id != '\0')
    g_variant_dict_insert (&options, "secret_id", "s", secret_id);
  g_autoptr(GVariant) asked = g_variant_ref_sink (g_variant_dict_end (&options));
  if (agent == NULL ||
      !koban_dbus_koban1_call_revoke_sync (agent, koban_field_text_or (link, "id", ""), asked,
                                           G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, error))
    return NULL;
  return koban_client_run (agent, path, error);
}

/* --- how it went --- */

static const struct
{
  const char *result;
  int exit;
  const char *sentence;
} outcomes[] = {
  { "gone", KOBAN_EXIT_DONE, N_("Proved gone: the bank does not list it any more.") },
  { "still-there", KOBAN_EXIT_UNPROVED,
    N_("Still there: the bank took the request, but lists the link as before. Ask again later with “koban "
        "links”, or "
        "call your bank.") },
  { "unproved", KOBAN_EXIT_UNPROVED,
    N_("Asked, not proved: the bank could not be asked to list its links again. See “koban links” later.") },
  { "manual", KOBAN_EXIT_BY_HAND, N_("This bank lets no program end such a link. By hand:") },
};

static void
print_outcome (GVariant *link, const char *result, const char *sentence, const char *by_hand, gboolean json)
{
  if (!json)
    {
      g_print ("%s\n", _(sentence));
      if (g_str_equal (result, "gone") && !is_own (link))
        g_print ("%s\n", _("Koban watches for it: if the link comes back, you are told."));
      if (*by_hand != '\0' && !g_str_equal (result, "gone"))
        g_print ("  %s\n", by_hand);
      return;
    }
  KobanJsonWriter *writer = koban_json_writer_new ();
  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "link");
  koban_json_writer_string (writer, koban_field_text_or (link, "id", ""));
  koban_json_writer_name (writer, "result");
  koban_json_writer_string (writer, result);
  koban_json_writer_name (writer, "by_hand");
  koban_json_writer_string (writer, *by_hand != '\0' ? by_hand : NULL);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

static int
tell (GVariant *link, GVariant *outcome, gboolean json)
{
  const char *result = koban_field_text_or (outcome, "result", "");

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (g_str_equal (result, outcomes[i].result))
      {
        print_outcome (link, result, outcomes[i].sentence, koban_field_text_or (outcome, "by_hand", ""),
                       json);
        return outcomes[i].exit;
      }
  return KOBAN_EXIT_UNPROVED;
}

/* The ids that a person has seen last are the alert's. */
static void
say_where_links_are (const char *word, GError **error)
{
  if (!koban_error_is (*error, KOBAN_ERROR_NOT_FOUND))
    return;
  g_clear_error (error);
  if ((word[0] == 'i' || word[0] == 'n') && g_ascii_isdigit (word[1]))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND,
                 _("“%s” is an alert, not a link: “koban show %s” names the link to revoke"), word, word);
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("there is no link “%s”; see: koban links"),
                 word);
}

int
koban_cli_revoke (int argc, char **argv)
{
  static const KobanUsage usage = { "LINK [--yes]", N_("Ends a link, by its id or name, and proves it."), 1,
                                    1 };
  gboolean yes = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, N_("Do not ask for the name"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (!yes && !koban_prompt_can_ask ())
    return koban_cli_usage_error (
      argv[0], _("revoking needs the link's name typed: run it on a terminal, or add --yes"));
  g_autoptr(GVariant) link = koban_client_get (KOBAN_ROWS_LINKS, words[0], _("link"), &error);
  if (link == NULL)
    {
      say_where_links_are (words[0], &error);
      return koban_cli_fail (g_steal_pointer (&error));
    }
  if (!json)
    show_link (link);
  if (!yes && !is_meant (link))
    {
      g_printerr ("%s\n", _("That is not its name. Nothing was changed."));
      return KOBAN_EXIT_FAILED;
    }

  if (!koban_guard_allows (KOBAN_GUARD_REVOKE, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  g_autofree char *secret_id = borrow_power (profile_of (profiles, link), link, &error);
  g_autoptr(GVariant) outcome = secret_id != NULL ? end_link (link, secret_id, &error) : NULL;
  if (outcome == NULL)
    {
      gboolean unasked = secret_id == NULL && koban_error_is (error, KOBAN_ERROR_INVALID);

      status = koban_cli_fail (g_steal_pointer (&error));
      return unasked ? KOBAN_EXIT_USAGE : status;
    }
  return tell (link, outcome, json);
}
