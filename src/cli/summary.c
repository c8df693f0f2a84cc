/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sentences for what comes off the bus as codes and numbers. Silence is never called safety: what
 * could not be checked is named first.
 */
#include "config.h"

#include "cli/summary.h"

#include "cli/client.h"

#include <glib/gi18n-lib.h>
#include <koban/alert.h>
#include <koban/date.h>
#include <koban/phrase.h>

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

char *
koban_summary_nothing_found (void)
{
  g_autoptr(GVariant) connections =
    koban_client_list (koban_dbus_koban1_call_list_connections_sync, NULL, NULL);
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
