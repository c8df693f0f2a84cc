/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A permission that ends is said in time, once more on the last day, and no more when it was renewed.
 */
#include "config.h"

#include "expiry.h"

#include <koban/date.h>
#include <string.h>

#define START (G_GINT64_CONSTANT (1700000000) * KOBAN_SECOND_US)

static KobanLedger *
open_ledger (void)
{
  char *no_hosts[] = { NULL }, provider[] = "bank", name[] = "MyBank", secret_id[] = "s", digest[] = "";
  KobanConnection fields = { .provider = provider,
                             .name = name,
                             .secret_id = secret_id,
                             .hosts = no_hosts,
                             .profile_digest = digest,
                             .state = KOBAN_CONNECTION_OK };
  KobanLedger *ledger = koban_ledger_open (NULL, NULL, NULL);

  g_assert_true (koban_ledger_add_connection (ledger, &fields, START, NULL));
  g_free (fields.id);
  return ledger;
}

/* The bank lists Koban's own permission, and somebody else's that ends sooner. */
static void
hear (KobanLedger *ledger, gint64 now_us, gint64 expires_us)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);
  KobanLink own = { .kind = KOBAN_LINK_AGGREGATOR, .name = "Koban", .own = TRUE, .expires_us = expires_us };
  KobanLink other = { .kind = KOBAN_LINK_AGGREGATOR, .name = "Other", .expires_us = now_us + KOBAN_HOUR_US };
  KobanSnapshot fields = { .listing = KOBAN_LISTING_LINKS,
                           .reach = KOBAN_REACH_WHOLE,
                           .heard_us = now_us,
                           .from_us = now_us,
                           .to_us = now_us,
                           .rows = rows };

  own.provenance = other.provenance = KOBAN_PROVENANCE_ACCESS;
  own.status = other.status = KOBAN_LINK_ACTIVE;
  g_ptr_array_add (rows, koban_link_new (&own));
  g_ptr_array_add (rows, koban_link_new (&other));
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);
  g_assert_true (koban_ledger_merge (ledger, "c1", snapshot, 0, NULL, NULL));
}

/* "notice 7" */
static char *
told (KobanLedger *ledger, gint64 now_us)
{
  g_autoptr(KobanConnection) connection = koban_ledger_get_connection (ledger, "c1", NULL);
  g_autoptr(GError) error = NULL;
  KobanMergeResult merged = { 0 };
  const char *severity = "";
  gint64 days = 0;

  g_assert_true (koban_expiry_tell (ledger, connection, now_us, &merged, &error));
  g_assert_no_error (error);
  g_autoptr(GVariant) alerts =
    g_variant_ref_sink (koban_ledger_list (ledger, KOBAN_LIST_ALERTS, NULL, NULL));
  for (gsize i = 0; i < g_variant_n_children (alerts); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (alerts, i);
      g_autoptr(GVariant) reasons = g_variant_lookup_value (row, "reasons", G_VARIANT_TYPE ("aa{sv}"));
      g_autoptr(GVariant) reason = g_variant_get_child_value (reasons, 0);
      const char *code = "";

      g_variant_lookup (reason, "code", "&s", &code);
      if (!g_str_equal (code, "consent_ends"))
        continue;
      g_assert_true (g_variant_lookup (row, "severity", "&s", &severity));
      g_assert_true (g_variant_lookup (reason, "days", "x", &days));
    }
  return g_strdup_printf ("%s %d +%u ^%u", severity, (int) days, merged.opened, merged.raised);
}

static void
test_it_is_said_in_time (void)
{
  static const struct
  {
    gint64 at_hours, expires_hours;
    const char *expected;
  } rows[] = {
    { 0, 0, " 0 +0 ^0" }, /* the bank says nothing of an end */
    { 0, 8 * 24, " 0 +0 ^0" },
    { 24, 8 * 24, "notice 7 +1 ^0" },
    { 25, 8 * 24, "notice 7 +0 ^0" },
    { 48, 8 * 24, "notice 6 +0 ^0" },
    { 7 * 24, 8 * 24, "warning 1 +0 ^1" },
    { 7 * 24 + 5, 8 * 24, "warning 1 +0 ^0" },
    { 7 * 24 + 6, 98 * 24, " 0 +0 ^0" }, /* renewed */
    { 92 * 24, 98 * 24, "notice 6 +1 ^0" },
    { 99 * 24, 98 * 24, " 0 +0 ^0" }, /* ended: the next check fails, and says so */
  };
  g_autoptr(KobanLedger) ledger = open_ledger ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 now_us = START + rows[i].at_hours * KOBAN_HOUR_US;

      hear (ledger, now_us, rows[i].expires_hours != 0 ? START + rows[i].expires_hours * KOBAN_HOUR_US : 0);
      g_autofree char *said = told (ledger, now_us);
      g_test_message ("row %u", i);
      g_assert_cmpstr (said, ==, rows[i].expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expiry/in-time", test_it_is_said_in_time);
  return g_test_run ();
}
