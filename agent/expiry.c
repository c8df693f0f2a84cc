/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The soonest end of what Koban may do at one bank, by the bank's own list.
 */
#include "config.h"

#include "expiry.h"

#include <koban/date.h>

#define FIRST_DAYS 7
#define LAST_DAYS 1

static gboolean
is_ours (GVariant *link, const char *connection)
{
  const char *of = "", *status = "";
  gboolean own = FALSE;

  g_variant_lookup (link, "own", "b", &own);
  g_variant_lookup (link, "connection", "&s", &of);
  g_variant_lookup (link, "status", "&s", &status);
  return own && g_str_equal (of, connection) && g_str_equal (status, "active");
}

/* Where there are several, the last to end is the one that counts: signing in again makes another. */
static gint64
end_of (GVariant *links, const char *connection)
{
  gint64 last_us = 0;

  for (gsize i = 0; i < g_variant_n_children (links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (links, i);
      gint64 expires_us = 0;

      if (is_ours (link, connection) && g_variant_lookup (link, "expires", "x", &expires_us))
        last_us = MAX (last_us, expires_us);
    }
  return last_us;
}

static gboolean
tell_end (KobanLedger *ledger,
          const KobanConnection *connection,
          const char *key,
          gint64 days,
          gint64 now_us,
          KobanMergeResult *merged,
          GError **error)
{
  static const char *const refs[] = { NULL };
  GVariant *reason =
    koban_reason_new ("consent_ends", "connection", "s", connection->name, "days", "x", days, NULL);
  KobanAlert fields = {
    .incident = key,
    .connection = connection->id,
    .kind = KOBAN_ALERT_FRESHNESS,
    .severity = days <= LAST_DAYS ? KOBAN_SEVERITY_WARNING : KOBAN_SEVERITY_NOTICE,
    .opened_us = now_us,
    .updated_us = now_us,
    .refs = refs,
    .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1),
  };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);

  return koban_ledger_raise (ledger, alert, now_us, merged, error);
}

gboolean
koban_expiry_tell (KobanLedger *ledger,
                   const KobanConnection *connection,
                   gint64 now_us,
                   KobanMergeResult *merged,
                   GError **error)
{
  g_autofree char *key = g_strdup_printf ("freshness:%s:consent_ends", connection->id);
  GVariant *listed = koban_ledger_list (ledger, KOBAN_LIST_LINKS, NULL, error);

  if (listed == NULL)
    return FALSE;
  g_autoptr(GVariant) links = g_variant_ref_sink (listed);
  gint64 left_us = end_of (links, connection->id) - now_us;
  gint64 days = (left_us + KOBAN_DAY_US - 1) / KOBAN_DAY_US;
  if (left_us <= 0 || days > FIRST_DAYS)
    return koban_ledger_settle (ledger, key, now_us, error);
  return tell_end (ledger, connection, key, days, now_us, merged, error);
}
