/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sentences for what comes off the bus as codes and numbers. Silence is never called safety: what
 * could not be checked is named first.
 */
#include "config.h"

#include "cli/summary.h"

#include "cli/client.h"
#include "cli/columns.h"

#include <glib/gi18n-lib.h>
#include <koban/alert.h>
#include <koban/date.h>
#include <koban/phrase.h>

#define LONGEST_CLAIM_US (400 * KOBAN_DAY_US)

static char *
sentence_of_row (GVariant *row)
{
  g_autoptr(KobanAlert) alert = koban_alert_from_variant (row, NULL);

  return alert != NULL ? koban_phrase_alert (alert)
                       : g_strdup (_("Something that this version cannot name"));
}

GVariant *
koban_summary_add (GVariant *alert_rows)
{
  GVariantBuilder told;
  GVariantIter iter;
  GVariant *row;

  g_variant_builder_init (&told, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, alert_rows);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (row);
      g_autofree char *sentence = sentence_of_row (row);

      g_variant_dict_insert (&dict, "summary", "s", sentence);
      g_variant_builder_add_value (&told, g_variant_dict_end (&dict));
      g_variant_unref (row);
    }
  return g_variant_ref_sink (g_variant_builder_end (&told));
}

char *
koban_summary_reasons (GVariant *alert_row)
{
  g_autoptr(GVariant) reasons = g_variant_lookup_value (alert_row, "reasons", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GString) text = g_string_new (NULL);
  GVariantIter iter;
  GVariant *reason;

  if (reasons == NULL)
    return g_string_free (g_steal_pointer (&text), FALSE);
  g_variant_iter_init (&iter, reasons);
  while ((reason = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autofree char *sentence = koban_phrase_reason (reason);

      g_string_append_printf (text, "  %s\n", sentence);
      g_variant_unref (reason);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The oldest last good check, and how many connections are not well. */
static gint64
oldest_check (GVariant *connections, guint *unwell)
{
  gint64 oldest_us = G_MAXINT64;
  GVariantIter iter;
  GVariant *row;

  g_variant_iter_init (&iter, connections);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *state = "error";
      gint64 last_us = 0;

      g_variant_lookup (row, "state", "&s", &state);
      g_variant_lookup (row, "last_check", "x", &last_us);
      *unwell += !g_str_equal (state, "ok");
      oldest_us = MIN (oldest_us, last_us);
      g_variant_unref (row);
    }
  return oldest_us;
}

/* Called not theirs, and not longer ago than banks pay back: what lies further back is not brought up again.
 */
static gboolean
waits_for_the_bank (GVariant *alert)
{
  const char *answer = "";
  gint64 updated_us = 0;

  g_variant_lookup (alert, "answer", "&s", &answer);
  g_variant_lookup (alert, "updated", "x", &updated_us);
  return g_str_equal (answer, "not-mine") && updated_us >= g_get_real_time () - LONGEST_CLAIM_US;
}

/* An answered theft is no alert any more, and yet not nothing. NULL if there is none. */
static char *
not_yours (void)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GString) incidents = g_string_new (NULL);

  g_variant_dict_insert (&filter, "all", "b", TRUE);
  g_autoptr(GVariant) alerts = koban_client_list (KOBAN_ROWS_ALERTS, g_variant_dict_end (&filter), NULL);
  for (gsize i = 0; alerts != NULL && i < g_variant_n_children (alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (alerts, i);
      g_autofree char *incident = NULL;

      g_variant_lookup (alert, "incident", "s", &incident);
      if (incident != NULL && waits_for_the_bank (alert) && !g_str_has_suffix (incidents->str, incident))
        g_string_append_printf (incidents, "%s%s", incidents->len > 0 ? ", " : "", incident);
    }
  if (incidents->len == 0)
    return NULL;
  return g_strdup_printf (
    _("You said that this was not yours: %s. If your bank does not know of it yet, call it on the "
       "number printed on your card; “koban show” has what to tell it."),
    incidents->str);
}

static char *
what_was_checked (void)
{
  g_autoptr(GVariant) connections = koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, NULL);
  guint unwell = 0;

  if (connections == NULL || g_variant_n_children (connections) == 0)
    return g_strdup (_("No bank is connected, so nothing is watched. Begin with: koban providers"));

  gint64 oldest_us = oldest_check (connections, &unwell);
  if (oldest_us == 0)
    return g_strdup (_("Nothing found, but not every bank could be checked yet. This is not an all-clear."));
  g_autofree char *when = koban_time_format_local (oldest_us);
  if (unwell > 0)
    return g_strdup_printf (
      _("No new links or unusual withdrawals found, but not everything could be checked since "
         "%s. This is not an all-clear. See: koban connections"),
      when);
  return g_strdup_printf (_("No new links or unusual withdrawals found; last checked %s."), when);
}

char *
koban_summary_nothing_found (void)
{
  g_autofree char *checked = what_was_checked ();
  g_autofree char *waiting = not_yours ();

  return waiting == NULL ? g_steal_pointer (&checked) : g_strdup_printf ("%s\n%s", waiting, checked);
}

void
koban_summary_print (GVariant *alert_rows, gboolean json)
{
  gboolean none = g_variant_n_children (alert_rows) == 0;
  g_autoptr(GVariant) told = koban_summary_add (alert_rows);
  g_autofree char *nothing = none && !json ? koban_summary_nothing_found () : NULL;

  koban_print_rows (told, koban_alert_columns, json, nothing);
}
