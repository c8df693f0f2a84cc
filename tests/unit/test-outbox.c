/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What must be told: one delivery an incident, loud when it is worse, never lost and never doubled.
 */
#include "config.h"

#include <koban/date.h>
#include <koban/ledger.h>

typedef struct
{
  KobanLedger *ledger;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->ledger = koban_ledger_open (NULL, NULL, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->ledger);
}

static KobanMergeResult
raise_alert (Fixture *self, KobanAlertKind kind, KobanSeverity severity, gint64 total, const char *ref)
{
  const char *refs[] = { ref, NULL };
  KobanAlert fields = { .incident = "key",
                        .kind = kind,
                        .severity = severity,
                        .ref = ref,
                        .refs = refs,
                        .has_total = total != 0,
                        .total = KOBAN_MONEY (total, "JPY") };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);
  KobanMergeResult result = { 0 };

  g_assert_true (koban_ledger_raise (self->ledger, alert, 1000, &result, NULL));
  return result;
}

static GPtrArray *
due (Fixture *self, gint64 now_us, guint n)
{
  GPtrArray *rows = koban_ledger_take_outbox (self->ledger, "desktop", FALSE, now_us, NULL, NULL);

  g_assert_cmpuint (rows->len, ==, n);
  return rows;
}

/* Hands out the one delivery that is due, and sends it. */
static void
send_one (Fixture *self, gboolean silent, guint n_alerts)
{
  g_autoptr(GPtrArray) rows = due (self, 2000, 1);
  const KobanDelivery *delivery = rows->pdata[0];

  g_assert_cmpint (delivery->silent, ==, silent);
  g_assert_cmpuint (delivery->alerts->len, ==, n_alerts);
  g_assert_true (koban_ledger_mark_sent (self->ledger, delivery, NULL, 2000, NULL));
}

static void
nothing_due (Fixture *self)
{
  g_ptr_array_unref (due (self, KOBAN_HOUR_US, 0));
}

static void
test_one_incident_is_one_delivery (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;
  const KobanDelivery *delivery;

  raise_alert (self, KOBAN_ALERT_LINK, KOBAN_SEVERITY_WARNING, 0, "l1");
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -100, "t1");
  rows = due (self, 1000, 1);
  delivery = rows->pdata[0];
  g_assert_cmpuint (delivery->alerts->len, ==, 2);
  g_assert_cmpint (((KobanAlert *) delivery->alerts->pdata[0])->severity, ==, KOBAN_SEVERITY_CRITICAL);
  g_assert_cmpstr (delivery->incident, ==, "i1");
  g_assert_true (
    g_regex_match_simple ("^K-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$", delivery->code, 0, 0));
}

static void
test_more_of_the_same_is_silent (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  send_one (self, FALSE, 1);
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -100, "t2");
  send_one (self, TRUE, 1);
  nothing_due (self);
}

static void
test_what_says_nothing_new_is_not_sent (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  send_one (self, FALSE, 1);
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  nothing_due (self);
}

static void
test_worse_is_loud (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  send_one (self, FALSE, 1);
  g_assert_cmpuint (raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -1, "t2").raised, ==,
                    1);
  send_one (self, FALSE, 1);
  g_assert_cmpuint (raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -1001, "t3").raised,
                    ==, 0);
  send_one (self, FALSE, 1); /* 2002 has doubled the 1001 that was told */
  raise_alert (self, KOBAN_ALERT_LINK, KOBAN_SEVERITY_NOTICE, 0, "l1");
  send_one (self, FALSE, 2);
}

static void
test_loudness_sticks_until_sent (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1, "t2");
  send_one (self, FALSE, 1);
  nothing_due (self);
}

/* A crash or a change between send and mark may repeat; it must not lose. */
static void
test_what_comes_while_sending_is_sent_too (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;

  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  rows = due (self, 1000, 1);
  raise_alert (self, KOBAN_ALERT_LINK, KOBAN_SEVERITY_CRITICAL, 0, "l1");
  g_assert_true (koban_ledger_mark_sent (self->ledger, rows->pdata[0], NULL, 1500, NULL));
  send_one (self, FALSE, 2);
  nothing_due (self);
}

static void
test_unsent_waits_and_is_tried_again (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;
  g_autoptr(GPtrArray) later = NULL;
  gint64 next_us = 0;

  raise_alert (self, KOBAN_ALERT_LINK, KOBAN_SEVERITY_CRITICAL, 0, "l1");
  rows = due (self, 1000, 1);
  g_assert_true (koban_ledger_mark_unsent (self->ledger, rows->pdata[0], 2000, 5000, "no server", NULL));
  later = koban_ledger_take_outbox (self->ledger, "desktop", FALSE, 4999, &next_us, NULL);
  g_assert_cmpuint (later->len, ==, 0);
  g_assert_cmpint (next_us, ==, 5000);
  g_clear_pointer (&later, g_ptr_array_unref);
  later = due (self, 5000, 1);
  g_assert_cmpuint (((KobanDelivery *) later->pdata[0])->attempts, ==, 1);
}

static void
test_answered_before_sent_is_not_sent (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_BALANCE, KOBAN_SEVERITY_WARNING, 0, NULL);
  g_assert_true (koban_ledger_answer (self->ledger, "n1", KOBAN_ANSWER_MINE, 1500, NULL));
  nothing_due (self);
}

/* Only freshness is over by itself. */
static void
test_a_withdrawal_is_not_settled (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1");
  g_assert_true (koban_ledger_settle (self->ledger, "key", 1500, NULL));
  send_one (self, FALSE, 1);
}

static void
test_settled_freshness_is_not_sent (Fixture *self, gconstpointer data)
{
  raise_alert (self, KOBAN_ALERT_FRESHNESS, KOBAN_SEVERITY_NOTICE, 0, NULL);
  g_assert_true (koban_ledger_settle (self->ledger, "key", 1500, NULL));
  nothing_due (self);
  g_assert_cmpuint (raise_alert (self, KOBAN_ALERT_FRESHNESS, KOBAN_SEVERITY_NOTICE, 0, NULL).opened, ==, 1);
}

static void
test_open_ones_are_shown_again (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) before = koban_ledger_get_open_deliveries (self->ledger, "desktop", NULL);
  g_autoptr(GPtrArray) after = NULL;

  g_assert_cmpuint (before->len, ==, 0);
  raise_alert (self, KOBAN_ALERT_LINK, KOBAN_SEVERITY_CRITICAL, 0, "l1");
  send_one (self, FALSE, 1);
  after = koban_ledger_get_open_deliveries (self->ledger, "desktop", NULL);
  g_assert_cmpuint (after->len, ==, 1);
  g_assert_true (((KobanDelivery *) after->pdata[0])->silent);
  g_assert_true (koban_ledger_answer (self->ledger, "i1", KOBAN_ANSWER_NOT_MINE, 3000, NULL));
  g_clear_pointer (&after, g_ptr_array_unref);
  after = koban_ledger_get_open_deliveries (self->ledger, "desktop", NULL);
  g_assert_cmpuint (after->len, ==, 0);
}

/* --- many at once ------------------------------------------------------------------------------------- */

static void
raise_one (Fixture *self,
           guint key,
           KobanAlertKind kind,
           KobanSeverity severity,
           gint64 now_us,
           const char *reason)
{
  static const char *const refs[] = { NULL };
  g_autofree char *incident = g_strdup_printf ("key%u", key);
  GVariant *why = koban_reason_new (reason, "hours", "x", (gint64) 30, NULL);
  KobanAlert fields = { .incident = incident,
                        .kind = kind,
                        .severity = severity,
                        .refs = refs,
                        .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &why, 1),
                        .has_total = TRUE,
                        .total = KOBAN_MONEY (-100 - (gint64) key, "JPY") };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);

  g_assert_true (koban_ledger_raise (self->ledger, alert, now_us, NULL, NULL));
}

static KobanDelivery *
bundle_of (GPtrArray *rows, KobanBundle bundle)
{
  KobanDelivery *found = NULL;

  for (guint i = 0; i < rows->len; i++)
    if (((KobanDelivery *) rows->pdata[i])->bundle == bundle)
      {
        g_assert_null (found);
        found = rows->pdata[i];
      }
  return found;
}

static void
send_all (Fixture *self, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    g_assert_true (koban_ledger_mark_sent (self->ledger, rows->pdata[i], NULL, 2000, NULL));
}

/* Trust P5: 500 events at once are one summary. */
static void
test_a_storm_is_one_summary (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;
  const KobanDelivery *storm;

  for (guint i = 0; i < 500; i++)
    raise_one (self, i, KOBAN_ALERT_WITHDRAWAL, i == 333 ? KOBAN_SEVERITY_CRITICAL : KOBAN_SEVERITY_WARNING,
               1000 + i, "first_payee");
  rows = due (self, 2000, 1);
  storm = bundle_of (rows, KOBAN_BUNDLE_STORM);
  g_assert_nonnull (storm);
  g_assert_cmpuint (storm->incidents, ==, 500);
  g_assert_cmpuint (storm->alerts->len, ==, 500);
  g_assert_false (storm->silent);
  g_assert_cmpint (((KobanAlert *) storm->alerts->pdata[0])->severity, ==, KOBAN_SEVERITY_CRITICAL);
  g_assert_cmpint (((KobanAlert *) storm->alerts->pdata[1])->total.minor, ==, -599);
  send_all (self, rows);
  nothing_due (self);
}

static void
test_a_storm_has_every_link (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;
  const KobanDelivery *storm;
  guint links = 0;

  for (guint i = 0; i < 40; i++)
    raise_one (self, i, i % 10 == 9 ? KOBAN_ALERT_LINK : KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1000,
               "burst");
  rows = due (self, 2000, 1);
  storm = bundle_of (rows, KOBAN_BUNDLE_STORM);
  for (guint i = 0; i < storm->alerts->len; i++)
    links += ((KobanAlert *) storm->alerts->pdata[i])->kind == KOBAN_ALERT_LINK ? 1 : 0;
  g_assert_cmpuint (links, ==, 4);
  g_assert_cmpuint (storm->incidents, ==, 40);
}

static void
test_a_storm_that_goes_on_is_put_right_in_place (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) first = NULL;
  g_autoptr(GPtrArray) second = NULL;
  g_autoptr(GPtrArray) third = NULL;
  g_autoptr(GPtrArray) open = NULL;
  g_autofree char *name = NULL;

  for (guint i = 0; i < 20; i++)
    raise_one (self, i, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1000, "burst");
  first = due (self, 2000, 1);
  name = g_strdup (bundle_of (first, KOBAN_BUNDLE_STORM)->incident);
  send_all (self, first);

  for (guint i = 20; i < 30; i++)
    raise_one (self, i, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1500, "burst");
  second = due (self, 2000, 1);
  g_assert_cmpstr (bundle_of (second, KOBAN_BUNDLE_STORM)->incident, ==, name);
  g_assert_cmpuint (bundle_of (second, KOBAN_BUNDLE_STORM)->incidents, ==, 30);
  g_assert_true (bundle_of (second, KOBAN_BUNDLE_STORM)->silent);
  send_all (self, second);

  raise_one (self, 30, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, 1600, "burst");
  third = due (self, 2000, 1);
  g_assert_false (bundle_of (third, KOBAN_BUNDLE_STORM)->silent);
  send_all (self, third);

  open = koban_ledger_get_open_deliveries (self->ledger, "desktop", NULL);
  g_assert_cmpuint (open->len, ==, 1);
  g_assert_cmpuint (bundle_of (open, KOBAN_BUNDLE_STORM)->incidents, ==, 31);
}

static void
test_what_is_not_at_once_is_no_storm (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;

  for (guint i = 0; i < 20; i++)
    raise_one (self, i, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, i * 2 * KOBAN_MINUTE_US, "burst");
  rows = due (self, G_MAXINT64, 20);
  g_assert_null (bundle_of (rows, KOBAN_BUNDLE_STORM));
}

static void
test_a_storm_that_cannot_be_sent_waits_whole (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;
  g_autoptr(GPtrArray) later = NULL;
  const KobanDelivery *storm;

  for (guint i = 0; i < 20; i++)
    raise_one (self, i, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1000, "burst");
  rows = due (self, 2000, 1);
  storm = bundle_of (rows, KOBAN_BUNDLE_STORM);
  g_assert_true (koban_ledger_mark_unsent (self->ledger, storm, 2000, 5000, "no server", NULL));
  later = due (self, 4999, 0);
  g_clear_pointer (&later, g_ptr_array_unref);
  later = due (self, 5000, 1);
  g_assert_cmpuint (bundle_of (later, KOBAN_BUNDLE_STORM)->attempts, ==, 1);
  g_assert_cmpuint (bundle_of (later, KOBAN_BUNDLE_STORM)->incidents, ==, 20);
}

static void
test_a_gap_is_one_digest_and_what_is_critical (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;
  const KobanDelivery *gap;

  for (guint i = 0; i < 4; i++)
    raise_one (self, i, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1000, "in_coverage_gap");
  raise_one (self, 4, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, 1000, "in_coverage_gap");
  raise_one (self, 5, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1000, "burst");
  rows = due (self, 2000, 3);
  gap = bundle_of (rows, KOBAN_BUNDLE_GAP);
  g_assert_nonnull (gap);
  g_assert_cmpuint (gap->incidents, ==, 4);
  g_assert_cmpint (((KobanAlert *) gap->alerts->pdata[0])->total.minor, ==, -103);
  g_assert_null (bundle_of (rows, KOBAN_BUNDLE_STORM));
  send_all (self, rows);
  nothing_due (self);
}

static void
test_one_in_a_gap_is_told_alone (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = NULL;

  raise_one (self, 0, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, 1000, "in_coverage_gap");
  rows = due (self, 2000, 1);
  g_assert_null (bundle_of (rows, KOBAN_BUNDLE_GAP));
}

#define CLAIM(path, test) g_test_add ("/outbox/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CLAIM ("one-incident", test_one_incident_is_one_delivery);
  CLAIM ("more-is-silent", test_more_of_the_same_is_silent);
  CLAIM ("nothing-new", test_what_says_nothing_new_is_not_sent);
  CLAIM ("worse-is-loud", test_worse_is_loud);
  CLAIM ("loudness-sticks", test_loudness_sticks_until_sent);
  CLAIM ("while-sending", test_what_comes_while_sending_is_sent_too);
  CLAIM ("unsent", test_unsent_waits_and_is_tried_again);
  CLAIM ("answered", test_answered_before_sent_is_not_sent);
  CLAIM ("not-settled", test_a_withdrawal_is_not_settled);
  CLAIM ("settled", test_settled_freshness_is_not_sent);
  CLAIM ("shown-again", test_open_ones_are_shown_again);
  CLAIM ("storm", test_a_storm_is_one_summary);
  CLAIM ("storm-links", test_a_storm_has_every_link);
  CLAIM ("storm-goes-on", test_a_storm_that_goes_on_is_put_right_in_place);
  CLAIM ("no-storm", test_what_is_not_at_once_is_no_storm);
  CLAIM ("storm-unsent", test_a_storm_that_cannot_be_sent_waits_whole);
  CLAIM ("gap", test_a_gap_is_one_digest_and_what_is_critical);
  CLAIM ("gap-of-one", test_one_in_a_gap_is_told_alone);
  return g_test_run ();
}
