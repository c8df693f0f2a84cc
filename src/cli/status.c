/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `status`: does Koban watch, what waits, and until when is what it says true. With --check it asks
 * the banks nothing, and tells a monitor, by lines and its exit code, what is not being watched.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/health.h"
#include "cli/review.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>
#include <koban/field.h>

static const KobanColumn status_columns[] = {
  { "open", KOBAN_COLUMN_NUMBER, N_("open incidents") },
  { "unsent", KOBAN_COLUMN_NUMBER, N_("messages not yet delivered") },
  { "overdue", KOBAN_COLUMN_NUMBER, NULL },
  { "keyring", KOBAN_COLUMN_TEXT, N_("keyring") },
  { "notifications", KOBAN_COLUMN_TEXT, N_("notifications") },
  { "next_check", KOBAN_COLUMN_TIME, N_("next check") },
  { NULL },
};

static const KobanColumn channel_columns[] = {
  { "name", KOBAN_COLUMN_TEXT, N_("channel") },
  { "kind", KOBAN_COLUMN_TEXT, N_("kind") },
  { "detail", KOBAN_COLUMN_TEXT, N_("detail") },
  { "state", KOBAN_COLUMN_TEXT, N_("state") },
  { "last_good", KOBAN_COLUMN_TIME, N_("last taken") },
  { "failing_since", KOBAN_COLUMN_TIME, NULL },
  { "last_error", KOBAN_COLUMN_FOREIGN, N_("last error") },
  { "confirmed", KOBAN_COLUMN_TIME, N_("confirmed") },
  { NULL },
};

static void
print_json_rows (KobanJsonWriter *writer, const char *name, GVariant *rows, const KobanColumn *columns)
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
print_json_status (GVariant *status, GVariant *connections, GVariant *review, GVariant *problems)
{
  g_autoptr(GVariant) channels = koban_field_rows (status, "channels");
  KobanJsonWriter *writer = koban_json_writer_new ();

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "status");
  koban_print_object (writer, status, status_columns);
  print_json_rows (writer, "connections", connections, koban_connection_columns);
  print_json_rows (writer, "channels", channels, channel_columns);
  if (problems != NULL)
    print_json_rows (writer, "problems", problems, koban_problem_columns);
  if (review != NULL)
    koban_review_json_settings (writer, review);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

static void
print_found (GVariant *status)
{
  gint64 open = 0;

  g_variant_lookup (status, "open", "x", &open);
  g_autofree char *found =
    open > 0 ? g_strdup (_("There is something to look at: koban alerts")) : koban_summary_nothing_found ();
  g_print ("%s\n", found);
}

static void
print_status (GVariant *status, GVariant *connections, GVariant *review)
{
  g_autoptr(GVariant) channels = koban_field_rows (status, "channels");

  koban_print_rows (connections, koban_connection_columns, FALSE, "");
  koban_print_rows (channels, channel_columns, FALSE, "");
  koban_print_details (status, status_columns);
  print_found (status);
  if (review != NULL)
    koban_review_print_settings (review);
}

/* For a monitor: a line a problem, and nothing else if there is one. */
static void
print_check (GVariant *status, GVariant *problems)
{
  koban_health_print (problems);
  if (g_variant_n_children (problems) == 0)
    print_found (status);
}

static GVariant *
find_problems (gboolean wanted)
{
  if (!wanted)
    return NULL;
  g_autoptr(KobanSituation) now = koban_situation_read ();
  return koban_health_check (now, KOBAN_HEALTH_WATCH);
}

int
koban_cli_status (int argc, char **argv)
{
  static const KobanUsage usage = { "[--check] [--settings]",
                                    N_("Says whether Koban watches, and what waits."), 0, 0 };
  gboolean check = FALSE, settings = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "check", 0, 0, G_OPTION_ARG_NONE, &check,
      N_("One line a problem, and exit with 11 if there is one: for monitoring"), NULL },
    { "settings", 0, 0, G_OPTION_ARG_NONE, &settings,
      N_("Say how many alerts each setting would have raised in your own history"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) review = NULL;
  int exit;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &exit))
    return exit;
  g_autoptr(GVariant) status = koban_client_status (&error);
  if (status == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GVariant) connections = koban_field_rows (status, "connections");
  if (settings)
    review = koban_review_ask (g_variant_new ("a{sv}", NULL), &error);
  if (error != NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GVariant) problems = find_problems (check);
  if (json)
    print_json_status (status, connections, review, problems);
  else if (check && review == NULL)
    print_check (status, problems);
  else
    print_status (status, connections, review);
  return check && g_variant_n_children (problems) > 0 ? KOBAN_EXIT_UNCHECKED : KOBAN_EXIT_DONE;
}
