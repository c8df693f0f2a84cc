/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `show ID`: everything about one thing. The first letter of an id says what it is; a name is
 * looked for among links, accounts and connections. An incident is told in sentences, with the lines it
 * speaks of verbatim: here, and only here, a bank's words are shown whole.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/text.h>

typedef struct
{
  char letter;
  const char *what;
  KobanRows rows;
  const KobanColumn *columns;
} Kind;

static const Kind kinds[] = {
  { 'l', N_("link"), KOBAN_ROWS_LINKS, koban_link_columns },
  { 'a', N_("account"), KOBAN_ROWS_ACCOUNTS, koban_account_columns },
  { 'c', N_("connection"), KOBAN_ROWS_CONNECTIONS, koban_connection_columns },
  { 't', N_("transaction"), KOBAN_ROWS_TRANSACTIONS, koban_transaction_columns },
  { 'n', N_("alert"), KOBAN_ROWS_ALERTS, koban_alert_columns },
};

/* "l12": a letter and digits. */
static gboolean
is_id (const char *word, char letter)
{
  return word[0] == letter && word[1] != '\0' && strspn (word + 1, "0123456789") == strlen (word + 1);
}

static void
print_whole_text (GVariant *row, const char *key, const char *heading)
{
  const char *text = "";

  if (!g_variant_lookup (row, key, "&s", &text))
    return;
  g_autofree char *clean = koban_text_clean (text, 0);
  g_print ("%s: %s\n", heading, clean);
}

static int
print_row (GVariant *row, const Kind *kind, gboolean json)
{
  if (json)
    {
      KobanJsonWriter *writer = koban_json_writer_new ();

      koban_print_object (writer, row, kind->columns);
      koban_print_json (writer);
      return KOBAN_EXIT_DONE;
    }
  koban_print_details (row, kind->columns);
  if (kind->letter == 't')
    print_whole_text (row, "text", _("statement text"));
  if (kind->letter == 'n')
    {
      g_autofree char *reasons = koban_summary_reasons (row);

      g_print ("%s\n%s", _("why:"), reasons);
    }
  return KOBAN_EXIT_DONE;
}

/* Tries the kinds that @id can be; NULL with the last error. */
static GVariant *
find (const char *id, const Kind **found, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (is_id (id, kinds[i].letter))
      {
        *found = &kinds[i];
        return koban_client_get (kinds[i].rows, id, _(kinds[i].what), error);
      }
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) local_error = NULL;
      GVariant *row = koban_client_get (kinds[i].rows, id, _(kinds[i].what), &local_error);

      *found = &kinds[i];
      if (row != NULL)
        return row;
      if (!koban_error_is (local_error, KOBAN_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND,
               _("nothing is called “%s”: ids are in koban links, alerts, transactions, accounts"), id);
  return NULL;
}

/* --- incidents --- */

static void
print_line (const char *id)
{
  g_autoptr(GVariant) line = koban_client_get (KOBAN_ROWS_TRANSACTIONS, id, _("transaction"), NULL);

  if (line == NULL)
    return;
  g_autofree char *amount = koban_print_cell (line, &koban_transaction_columns[4]);
  g_autofree char *date = koban_print_cell (line, &koban_transaction_columns[2]);
  g_autofree char *time = koban_print_cell (line, &koban_transaction_columns[3]);
  const char *text = "";

  g_variant_lookup (line, "text", "&s", &text);
  g_autofree char *clean = koban_text_clean (text, 0);
  g_print ("  %-5s %s  %s  %s\n", id, time != NULL ? time : (date != NULL ? date : ""), amount, clean);
}

/* With the way to end it: whoever was robbed just now should not have to look for its id. */
static void
print_link (const char *id)
{
  g_autoptr(GVariant) link = koban_client_get (KOBAN_ROWS_LINKS, id, _("link"), NULL);
  const char *name = "", *status = "";

  if (link == NULL)
    return;
  g_variant_lookup (link, "name", "&s", &name);
  g_variant_lookup (link, "status", "&s", &status);
  g_autofree char *clean = koban_text_clean (name, 0);
  g_print ("  %-5s %s  [%s]\n", id, clean, status);
  if (g_str_equal (status, "active") || g_str_equal (status, "unknown"))
    g_print (_("  To end it: koban revoke %s\n"), id);
}

static void
print_refs_of (GVariant *alert)
{
  g_autofree const char **refs = NULL;

  if (!g_variant_lookup (alert, "refs", "^a&s", &refs))
    return;
  for (guint i = 0; refs[i] != NULL; i++)
    if (is_id (refs[i], 't'))
      print_line (refs[i]);
    else if (is_id (refs[i], 'l'))
      print_link (refs[i]);
}

static void
print_alert (GVariant *alert)
{
  g_autofree char *reasons = koban_summary_reasons (alert);
  const char *summary = "", *severity = "", *id = "";

  g_variant_lookup (alert, "summary", "&s", &summary);
  g_variant_lookup (alert, "severity", "&s", &severity);
  g_variant_lookup (alert, "id", "&s", &id);
  g_print ("%s [%s, %s]\n%s", summary, severity, id, reasons);
  print_refs_of (alert);
}

/* Nobody did what a notice of the agent's own tells of. */
static gboolean
is_somebodys_deed (GVariant *alerts)
{
  for (gsize i = 0; i < g_variant_n_children (alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (alerts, i);
      const char *kind = "";

      g_variant_lookup (alert, "kind", "&s", &kind);
      if (!g_str_equal (kind, "freshness"))
        return TRUE;
    }
  return FALSE;
}

/* --- what was done about it --- */

static void
print_note (GVariant *note)
{
  static const char *const parts[] = { "who", "ref", "text", "repaid" };
  const char *to = "", *part = NULL;
  gint64 at_us = 0;

  g_variant_lookup (note, "to", "&s", &to);
  g_variant_lookup (note, "at", "x", &at_us);
  g_autofree char *at = koban_time_format_local (at_us);
  g_print ("  %s  %s", at, to);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_variant_lookup (note, parts[i], "&s", &part))
      {
        g_autofree char *clean = koban_text_clean (part, 0);
        g_print (" · %s", clean);
      }
  g_print ("\n");
}

static gboolean
is_noted (GVariant *notes, const char *credit)
{
  for (gsize i = 0; i < g_variant_n_children (notes); i++)
    {
      g_autoptr(GVariant) note = g_variant_get_child_value (notes, i);
      const char *repaid = NULL;

      if (g_variant_lookup (note, "repaid", "&s", &repaid) && g_str_equal (repaid, credit))
        return TRUE;
    }
  return FALSE;
}

/* A credit that takes a debit back is offered; only the person knows that it does. */
static void
print_credit (GVariant *credit, GVariant *notes, const char *incident)
{
  static const KobanColumn amount = { "amount", KOBAN_COLUMN_MONEY, "" };
  const char *id = "", *date = "", *text = "";

  g_variant_lookup (credit, "id", "&s", &id);
  g_variant_lookup (credit, "date", "&s", &date);
  g_variant_lookup (credit, "text", "&s", &text);
  if (is_noted (notes, id))
    return;
  g_autofree char *sum = koban_print_cell (credit, &amount);
  g_autofree char *clean = koban_text_clean (text, 0);
  g_print (_("\nMay this have paid it back? %s  %s  %s  %s\n  If so: koban note %s --repaid %s\n"), id, date,
           sum, clean, incident, id);
}

static void
print_case (const char *id)
{
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (NULL);
  g_autoptr(GVariant) facts = NULL;

  if (agent == NULL || !koban_dbus_koban1_call_dossier_sync (agent, id, g_variant_new ("a{sv}", NULL),
                                                             G_DBUS_CALL_FLAGS_NONE, -1, &facts, NULL, NULL))
    return;
  g_autoptr(GVariant) notes = g_variant_lookup_value (facts, "notes", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GVariant) credits = g_variant_lookup_value (facts, "credits", G_VARIANT_TYPE ("aa{sv}"));
  if (notes != NULL && g_variant_n_children (notes) > 0)
    g_print ("%s\n", _("notes:"));
  for (gsize i = 0; notes != NULL && i < g_variant_n_children (notes); i++)
    {
      g_autoptr(GVariant) note = g_variant_get_child_value (notes, i);
      print_note (note);
    }
  for (gsize i = 0; credits != NULL && notes != NULL && i < g_variant_n_children (credits); i++)
    {
      g_autoptr(GVariant) credit = g_variant_get_child_value (credits, i);
      print_credit (credit, notes, id);
    }
}

static int
show_incident (const char *id, gboolean json)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GError) error = NULL;

  g_variant_dict_insert (&filter, "incident", "s", id);
  g_variant_dict_insert (&filter, "all", "b", TRUE);
  g_autoptr(GVariant) rows = koban_client_list (KOBAN_ROWS_ALERTS, g_variant_dict_end (&filter), &error);
  if (rows != NULL && g_variant_n_children (rows) == 0)
    g_set_error (&error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("there is no incident “%s”"), id);
  if (error != NULL)
    return koban_cli_fail (g_steal_pointer (&error));

  g_autoptr(GVariant) told = koban_summary_add (rows);
  if (json)
    {
      koban_print_rows (told, koban_alert_columns, TRUE, "");
      return KOBAN_EXIT_DONE;
    }
  for (gsize i = 0; i < g_variant_n_children (told); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (told, i);

      print_alert (alert);
    }
  if (!is_somebodys_deed (told))
    return KOBAN_EXIT_DONE;
  print_case (id);
  g_print (
    _(
      "\nYours? koban answer %s mine — not yours? koban answer %s not-mine, and call your bank on the number "
      "printed on your card.\n"),
    id, id);
  g_print (_("Whom you told: koban note %s --to bank — the evidence: koban report %s — how long there is: "
              "koban deadlines\n"),
           id, id);
  return KOBAN_EXIT_DONE;
}

int
koban_cli_show (int argc, char **argv)
{
  static const KobanUsage usage = {
    "ID", N_("Shows everything about one link, incident, alert, transaction, account."), 1, 1
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  const Kind *kind = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  if (is_id (words[0], 'i'))
    return show_incident (words[0], json);
  g_autoptr(GVariant) row = find (words[0], &kind, &error);
  if (row == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (kind->letter != 'n')
    return print_row (row, kind, json);

  const GVariant *one[] = { row };
  g_autoptr(GVariant) rows =
    g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) one, 1));
  g_autoptr(GVariant) told = koban_summary_add (rows);
  g_autoptr(GVariant) alert = g_variant_get_child_value (told, 0);
  return print_row (alert, kind, json);
}
