/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What lowers protection is told (DESIGN §4.15): journalled, and said at once on every channel but the one
 * that it was done on or to, so that whoever does it in the person's place cannot do it unheard. It is over
 * when it is told.
 */
#include "config.h"

#include "ledger/inside.h"

static gboolean
say (KobanLedger *self, const char *act, const char *about, const char *but, gint64 now_us, GError **error)
{
  g_autofree char *key = g_strconcat (KOBAN_PASSING, act, ":", about, NULL);
  GVariant *reason = koban_reason_new (act, "about", "s", about, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (key, NULL, KOBAN_SEVERITY_WARNING, reason, now_us);

  return koban_alert_tell_others (self, alert, but, now_us, error);
}

gboolean
koban_protection_tell (KobanLedger *self,
                       const char *act,
                       const char *about,
                       const char *but,
                       gint64 now_us,
                       GError **error)
{
  g_autoptr(GArray) channels = koban_channels_read (self, error);
  guint others = 0;

  for (guint i = 0; channels != NULL && i < channels->len; i++)
    others += g_str_equal (g_array_index (channels, KobanChannelRow, i).name, but) ? 0 : 1;
  return channels != NULL &&
         koban_journal_note (self, now_us, error, "protection-lowered", "act", "s", act, "id", "s", about,
                             NULL) &&
         (others == 0 || say (self, act, about, but, now_us, error));
}

gboolean
koban_ledger_tell_protection (KobanLedger *self,
                              const char *act,
                              const char *about,
                              gint64 now_us,
                              GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (
    self, koban_protection_tell (self, act, about, KOBAN_AT_THE_MACHINE, now_us, error), error);
}
