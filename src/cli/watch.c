/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `watch`: alerts as they open or rise, a line each, until it is interrupted: for scripts and for
 * hosts without a screen. It asks when the agent says that something changed, never by the clock.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/columns.h"
#include "cli/summary.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <koban/alert.h>
#include <stdio.h>

typedef struct
{
  GMainLoop *loop;        /* (owned) */
  KobanDBusKoban1 *agent; /* (unowned) */
  GHashTable *seen;       /* (owned) (element-type utf8): alert → its severity as it was printed, and 1 */
  gboolean json;
  int status;
} Watch;

static void
print_alert (Watch *self, GVariant *row)
{
  const char *incident = "", *severity = "", *summary = "";

  if (self->json)
    {
      KobanJsonWriter *writer = koban_json_writer_new ();
      koban_print_object (writer, row, koban_alert_columns);
      g_autofree char *line = koban_json_writer_finish (writer, FALSE);
      koban_json_writer_free (writer);
      fputs (line, stdout);
      putchar ('\n');
    }
  else
    {
      g_variant_lookup (row, "incident", "&s", &incident);
      g_variant_lookup (row, "severity", "&s", &severity);
      g_variant_lookup (row, "summary", "&s", &summary);
      g_print ("%s  %s  %s\n", incident, severity, summary);
    }
}

/* TRUE if it is new, or worse than it was. */
static gboolean
is_news (Watch *self, GVariant *row)
{
  const char *id = "", *word = "";
  KobanSeverity severity = KOBAN_SEVERITY_NOTICE;

  g_variant_lookup (row, "id", "&s", &id);
  g_variant_lookup (row, "severity", "&s", &word);
  (void) koban_severity_parse (word, &severity);
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->seen, id));
  g_hash_table_insert (self->seen, g_strdup (id), GUINT_TO_POINTER (MAX (before, (guint) severity + 1)));
  return (guint) severity + 1 > before;
}

/* What was open before is known; whoever reads us reads “koban alerts” first. */
static void
look (Watch *self, gboolean tell)
{
  g_autoptr(GVariant) alerts = koban_client_list (KOBAN_ROWS_ALERTS, NULL, NULL);
  g_autoptr(GVariant) rows = alerts != NULL ? koban_summary_add (alerts) : NULL;

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);

      if (is_news (self, row) && tell)
        print_alert (self, row);
    }
  if (fflush (stdout) == 0 && !ferror (stdout))
    return;
  self->status = KOBAN_EXIT_FAILED;
  g_main_loop_quit (self->loop);
}

static void
on_changed (KobanDBusKoban1 *agent, const char *list, gpointer user_data)
{
  if (g_str_equal (list, "alerts"))
    look (user_data, TRUE);
}

/* Another agent may know what the one before could not say any more. */
static void
on_owner_changed (GObject *agent, GParamSpec *property, gpointer user_data)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (agent));

  if (owner != NULL)
    look (user_data, TRUE);
}

static gboolean
on_interrupt (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static void
watch_until_interrupted (Watch *self)
{
  guint interrupt = g_unix_signal_add (SIGINT, on_interrupt, self->loop);
  guint term = g_unix_signal_add (SIGTERM, on_interrupt, self->loop);

  g_signal_connect (self->agent, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (self->agent, "notify::g-name-owner", G_CALLBACK (on_owner_changed), self);
  look (self, FALSE);
  if (!self->json)
    g_printerr ("%s\n", _("Watching for new alerts; end with Ctrl-C."));
  if (self->status == KOBAN_EXIT_DONE)
    g_main_loop_run (self->loop);
  g_signal_handlers_disconnect_by_data (self->agent, self);
  g_source_remove (interrupt);
  g_source_remove (term);
}

int
koban_cli_watch (int argc, char **argv)
{
  static const KobanUsage usage = {
    "",
    N_("Prints alerts as they open or get worse, until it is interrupted; with --json an object a line."), 0,
    0
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Watch self = { .loop = loop, .agent = agent, .seen = seen, .json = json };
  watch_until_interrupted (&self);
  return self.status;
}
