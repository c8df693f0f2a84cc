/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One listing after another through the real ledger, in memory: baseline, news, absence, failure,
 * answers, lists.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <koban/error.h>
#include <koban/ledger.h>

#include "ledger/inside.h"

#define NOW(hours) ((gint64) 19968 * KOBAN_DAY_US + (hours) *KOBAN_HOUR_US)

typedef struct
{
  KobanLedger *ledger;
  KobanAccount *account;
  KobanMergeResult result; /* of the last merge */
  guint unheard;           /* kinds of links that the next listings lack */
} Fixture;

static void
set_up_at (Fixture *self, const char *path)
{
  KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Home" };
  KobanAccount account = { .identity = "number:1:JPY",
                           .remote_id = "r1",
                           .name = "Current",
                           .number = "12345678",
                           .currency = KOBAN_CURRENCY ("JPY"),
                           .sees_links = KOBAN_SEES_NATIVE,
                           .sees_pending = TRUE };
  g_autoptr(GError) error = NULL;

  self->ledger = koban_ledger_open (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (koban_ledger_add_connection (self->ledger, &connection, NOW (0), &error));
  g_assert_cmpstr (connection.id, ==, "c1");
  g_free (connection.id);
  self->account = koban_account_new (&account);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  set_up_at (self, NULL);
}

static void
delete_ledger (const char *path, const char *directory)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (path, suffixes[i], NULL);
      (void) g_unlink (name);
    }
  g_assert_no_errno (g_rmdir (directory));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  koban_account_unref (self->account);
  g_assert_finalize_object (self->ledger);
}

static KobanTransaction *
line (const char *id, KobanTransactionState state, gint64 amount, const char *text)
{
  KobanTransaction fields = {
    .bank_id = id, .state = state, .amount = KOBAN_MONEY (amount, "JPY"), .date = 19968, .text = text
  };

  return koban_transaction_new (&fields);
}

static KobanLink *
debit_link (const char *id, const char *name)
{
  KobanLink fields = { .remote_id = id, .kind = KOBAN_LINK_DIRECT_DEBIT, .name = name, .reference = id };

  return koban_link_new (&fields);
}

/* Takes the rows, up to NULL. */
static void
hear (Fixture *self, KobanListing listing, KobanReach reach, int hours, ...)
{
  GDestroyNotify unref = listing == KOBAN_LISTING_LINKS ? (GDestroyNotify) koban_link_unref
                                                        : (GDestroyNotify) koban_transaction_unref;
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func (unref);
  KobanSnapshot fields = { .account = self->account,
                           .listing = listing,
                           .reach = reach,
                           .heard_us = NOW (hours),
                           .from_us = NOW (-24 * 30),
                           .to_us = NOW (hours),
                           .rows = rows,
                           .unheard = self->unheard };
  g_autoptr(KobanSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  gpointer row;
  va_list args;

  va_start (args, hours);
  while ((row = va_arg (args, gpointer)) != NULL)
    g_ptr_array_add (rows, row);
  va_end (args);
  snapshot = koban_snapshot_new (&fields);
  self->result = (KobanMergeResult){ 0 };
  g_assert_true (koban_ledger_merge (self->ledger, "c1", snapshot, 540, &self->result, &error));
  g_assert_no_error (error);
}

static void
fail_listing (Fixture *self, KobanListing listing, int hours)
{
  g_autoptr(GError) why = g_error_new_literal (KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN, "403");
  g_autoptr(GError) error = NULL;
  KobanSnapshot fields = { .account = self->account,
                           .listing = listing,
                           .reach = KOBAN_REACH_FAILED,
                           .heard_us = NOW (hours),
                           .error = why };
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);

  self->result = (KobanMergeResult){ 0 };
  g_assert_true (koban_ledger_merge (self->ledger, "c1", snapshot, 540, &self->result, &error));
}

static GVariant *
rows_of (Fixture *self, KobanList list, const char *filter)
{
  g_autoptr(GError) error = NULL;
  GVariant *rows = koban_ledger_list (self->ledger, list, g_variant_new_parsed (filter), &error);

  g_assert_no_error (error);
  return g_variant_ref_sink (rows);
}

static void
assert_count (Fixture *self, KobanList list, const char *filter, gsize n)
{
  g_autoptr(GVariant) rows = rows_of (self, list, filter);

  g_assert_cmpuint (g_variant_n_children (rows), ==, n);
}

static void
assert_word (Fixture *self, KobanList list, gsize row, const char *key, const char *word)
{
  g_autoptr(GVariant) rows = rows_of (self, list, "{'all': <true>}");
  g_autoptr(GVariant) child = g_variant_get_child_value (rows, row);
  const char *text = NULL;

  g_variant_lookup (child, key, "&s", &text);
  g_assert_cmpstr (text, ==, word);
}

static gint64
number (Fixture *self, const char *sql)
{
  g_auto(KobanQuery) query = { 0 };
  gint64 value;

  koban_query_start (&query, self->ledger->store, sql, "");
  g_assert_true (koban_query_next (&query));
  value = koban_query_int (&query, 0);
  g_assert_true (koban_query_finish (&query, NULL));
  return value;
}

#define LINES KOBAN_LISTING_TRANSACTIONS, KOBAN_REACH_WHOLE
#define LINKS KOBAN_LISTING_LINKS, KOBAN_REACH_WHOLE
#define BOOKED KOBAN_TRANSACTION_BOOKED
#define PENDING KOBAN_TRANSACTION_PENDING

/* --- claims -------------------------------------------------------------------------------------- */

static void
test_the_first_listing_is_a_baseline (Fixture *self, gconstpointer data)
{
  hear (self, LINKS, 0, debit_link ("L1", "ROGUE PAY"), NULL);
  hear (self, LINES, 0, line ("x", BOOKED, -300000, "ROGUE PAY"), NULL);
  g_assert_cmpuint (self->result.changes, ==, 1);
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 0);
}

static void
test_hearing_the_same_again_changes_nothing (Fixture *self, gconstpointer data)
{
  for (int i = 0; i < 3; i++)
    {
      hear (self, LINES, i, line ("x", BOOKED, -500, "CAFE"), line (NULL, BOOKED, -500, "CAFE"), NULL);
      g_assert_cmpuint (self->result.changes, ==, i == 0 ? 2 : 0);
    }
  assert_count (self, KOBAN_LIST_TRANSACTIONS, "@a{sv} {}", 2);
}

static void
test_a_new_link_opens_one_incident (Fixture *self, gconstpointer data)
{
  gint64 next_us = 0;
  g_autoptr(GPtrArray) outbox = NULL;

  hear (self, LINKS, 0, NULL);
  hear (self, LINKS, 1, debit_link ("L1", "ROGUE PAY"), NULL);
  g_assert_cmpuint (self->result.opened, ==, 1);
  hear (self, LINKS, 2, debit_link ("L1", "ROGUE PAY"), NULL);
  g_assert_cmpuint (self->result.opened, ==, 0);
  assert_word (self, KOBAN_LIST_ALERTS, 0, "kind", "link");
  assert_word (self, KOBAN_LIST_ALERTS, 0, "ref", "l1");
  assert_word (self, KOBAN_LIST_ALERTS, 0, "incident", "i1");
  outbox = koban_ledger_get_outbox (self->ledger, NOW (2), &next_us, NULL);
  g_assert_cmpuint (outbox->len, ==, 1);
}

static void
test_a_link_is_gone_after_two_listings (Fixture *self, gconstpointer data)
{
  hear (self, LINKS, 0, debit_link ("L1", "DENKI"), NULL);
  hear (self, LINKS, 1, NULL);
  assert_word (self, KOBAN_LIST_LINKS, 0, "status", "active");
  hear (self, LINKS, 2, NULL);
  assert_word (self, KOBAN_LIST_LINKS, 0, "status", "gone");
  assert_count (self, KOBAN_LIST_LINKS, "@a{sv} {}", 0);
  hear (self, LINKS, 3, debit_link ("L1", "DENKI"), NULL);
  assert_word (self, KOBAN_LIST_LINKS, 0, "status", "active");
  assert_count (self, KOBAN_LIST_LINKS, "@a{sv} {}", 1);
}

static KobanLink *
order_link (const char *id, const char *name)
{
  const KobanLink fields = {
    .remote_id = id, .kind = KOBAN_LINK_STANDING_ORDER, .name = name, .reference = id
  };

  return koban_link_new (&fields);
}

/* A refused list of one kind neither silences the others nor is taken for empty, then or later. */
static void
test_each_kind_of_link_has_its_baseline (Fixture *self, gconstpointer data)
{
  self->unheard = 1u << KOBAN_LINK_DIRECT_DEBIT;
  hear (self, LINKS, 0, order_link ("S1", "RENT"), NULL);
  hear (self, LINKS, 1, order_link ("S1", "RENT"), order_link ("S2", "ROGUE"), NULL);
  g_assert_cmpuint (self->result.opened, ==, 1);
  self->unheard = 0;
  hear (self, LINKS, 2, order_link ("S1", "RENT"), order_link ("S2", "ROGUE"), debit_link ("L1", "DENKI"),
        NULL);
  g_assert_cmpuint (self->result.opened, ==, 0);
  assert_count (self, KOBAN_LIST_LINKS, "@a{sv} {}", 3);
  hear (self, LINKS, 3, order_link ("S1", "RENT"), order_link ("S2", "ROGUE"), debit_link ("L1", "DENKI"),
        debit_link ("L2", "ROGUE PAY"), NULL);
  g_assert_cmpuint (self->result.opened, ==, 1);
  self->unheard = 1u << KOBAN_LINK_DIRECT_DEBIT;
  for (int hours = 4; hours < 8; hours++)
    hear (self, LINKS, hours, order_link ("S1", "RENT"), NULL);
  assert_count (self, KOBAN_LIST_LINKS, "@a{sv} {}", 3);
}

/* Whatever was answered before, and however it had ended: what a revocation is watched by. */
static void
test_a_link_that_comes_back_is_told (Fixture *self, gconstpointer data)
{
  static const char reasons[] =
    "SELECT count (*) FROM alert WHERE ref = 'l1' AND kind = 0 AND reasons LIKE '%link_back%'";
  KobanLink ended = { .remote_id = "L1",
                      .kind = KOBAN_LINK_DIRECT_DEBIT,
                      .name = "DENKI",
                      .reference = "L1",
                      .status = KOBAN_LINK_REVOKED };
  const int days = 24;

  hear (self, LINKS, 0, debit_link ("L1", "DENKI"), NULL);
  g_assert_true (koban_ledger_answer (self->ledger, "l1", KOBAN_ANSWER_MINE, NOW (1), NULL));
  hear (self, LINKS, 2, NULL);
  hear (self, LINKS, 3, NULL);
  hear (self, LINKS, 29 * days, debit_link ("L1", "DENKI"), NULL);
  g_assert_cmpuint (self->result.opened, ==, 1);
  g_assert_cmpint (number (self, reasons), ==, 1);

  g_assert_true (koban_ledger_answer (self->ledger, "l1", KOBAN_ANSWER_MINE, NOW (29 * days + 1), NULL));
  hear (self, LINKS, 30 * days, koban_link_new (&ended), NULL);
  hear (self, LINKS, 59 * days, debit_link ("L1", "DENKI"), NULL);
  g_assert_cmpuint (self->result.opened, ==, 1);
  g_assert_cmpint (number (self, reasons), ==, 2);
}

static void
test_a_failed_list_is_unknown_and_never_empty (Fixture *self, gconstpointer data)
{
  hear (self, LINKS, 0, debit_link ("L1", "DENKI"), NULL);
  for (int i = 1; i < 5; i++)
    fail_listing (self, KOBAN_LISTING_LINKS, i);
  g_assert_cmpuint (self->result.failed, ==, 1);
  assert_word (self, KOBAN_LIST_LINKS, 0, "status", "unknown");
  hear (self, LINKS, 5, debit_link ("L1", "DENKI"), NULL);
  g_assert_cmpuint (self->result.changes, ==, 0);
  assert_word (self, KOBAN_LIST_LINKS, 0, "status", "active");
}

static void
test_a_cancelled_pending_line_is_withdrawn (Fixture *self, gconstpointer data)
{
  hear (self, LINES, 0, line ("p", PENDING, -500, "CAFE"), NULL);
  hear (self, LINES, 1, NULL);
  assert_word (self, KOBAN_LIST_TRANSACTIONS, 0, "state", "pending");
  hear (self, LINES, 2, NULL);
  assert_word (self, KOBAN_LIST_TRANSACTIONS, 0, "state", "withdrawn");
}

static void
test_pending_becomes_booked_as_one_line (Fixture *self, gconstpointer data)
{
  hear (self, LINES, 0, line ("p", PENDING, -2000, "TRATTORIA"), NULL);
  hear (self, LINES, 1, line ("b", BOOKED, -2400, "TRATTORIA"), NULL);
  g_assert_cmpuint (self->result.changes, ==, 1);
  assert_count (self, KOBAN_LIST_TRANSACTIONS, "@a{sv} {}", 1);
  assert_word (self, KOBAN_LIST_TRANSACTIONS, 0, "state", "booked");
  assert_word (self, KOBAN_LIST_TRANSACTIONS, 0, "id", "t1");
}

static void
test_an_empty_listing_is_no_deletion (Fixture *self, gconstpointer data)
{
  hear (self, LINES, 0, line ("x", BOOKED, -1, "A"), line ("y", BOOKED, -2, "B"), line ("z", BOOKED, -3, "C"),
        NULL);
  for (int i = 1; i < 6; i++)
    hear (self, LINES, i, NULL);
  g_assert_cmpuint (self->result.changes, ==, 0);
  assert_word (self, KOBAN_LIST_TRANSACTIONS, 0, "state", "booked");
}

static void
test_an_answer_closes_and_can_be_undone (Fixture *self, gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  hear (self, LINKS, 0, NULL);
  hear (self, LINKS, 1, debit_link ("L1", "ROGUE PAY"), NULL);
  g_assert_true (koban_ledger_answer (self->ledger, "n1", KOBAN_ANSWER_MINE, NOW (2), &error));
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 0);
  assert_word (self, KOBAN_LIST_LINKS, 0, "answer", "mine");
  g_assert_true (koban_ledger_answer (self->ledger, "l1", KOBAN_ANSWER_NONE, NOW (3), &error));
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 1);
  assert_word (self, KOBAN_LIST_LINKS, 0, "answer", NULL);
  g_assert_false (koban_ledger_answer (self->ledger, "n9", KOBAN_ANSWER_MINE, NOW (3), &error));
  g_assert_true (koban_error_is (error, KOBAN_ERROR_NOT_FOUND));
}

/* --- told once ---------------------------------------------------------------------------------------- */

/* Takes what is due on the desktop; how many of it calls for attention. */
static guint
told (Fixture *self, int hours)
{
  g_autoptr(GPtrArray) due =
    koban_ledger_take_outbox (self->ledger, "desktop", FALSE, NOW (hours), NULL, NULL);
  guint loud = 0;

  for (guint i = 0; i < due->len; i++)
    {
      const KobanDelivery *delivery = due->pdata[i];

      loud += delivery->silent ? 0 : 1;
      g_assert_true (koban_ledger_mark_sent (self->ledger, delivery, NULL, NOW (hours), NULL));
    }
  return loud;
}

static void
hear_theft (Fixture *self, KobanTransactionState state, const char *letter, int hours)
{
  char ids[4][8];

  for (int i = 0; i < 4; i++)
    g_snprintf (ids[i], sizeof ids[i], "%s%d", letter, i);
  hear (self, LINES, hours, line ("x", BOOKED, -500, "CAFE"), line (ids[0], state, -75000, "ROGUE PAY"),
        line (ids[1], state, -75000, "ROGUE PAY"), line (ids[2], state, -75000, "ROGUE PAY"),
        line (ids[3], state, -75000, "ROGUE PAY"), NULL);
}

/* The bank gives other ids, books what was pending, and gives other ids again. */
static void
test_what_was_told_is_told_once_whatever_the_bank_calls_it (Fixture *self, gconstpointer data)
{
  hear (self, LINES, 0, line ("x", BOOKED, -500, "CAFE"), NULL);
  hear_theft (self, PENDING, "p", 1);
  g_assert_cmpuint (self->result.opened, >, 0);
  g_assert_cmpuint (told (self, 1), ==, 1);
  hear_theft (self, PENDING, "q", 2);
  hear_theft (self, BOOKED, "b", 3);
  hear_theft (self, BOOKED, "c", 4);
  g_assert_cmpuint (told (self, 5), ==, 0);
  g_assert_cmpint (number (self, "SELECT count (*) FROM incident"), ==, 1);
  assert_word (self, KOBAN_LIST_ALERTS, 0, "state", "notified");

  g_assert_true (koban_ledger_answer (self->ledger, "i1", KOBAN_ANSWER_NOT_MINE, NOW (5), NULL));
  hear_theft (self, BOOKED, "d", 6);
  g_assert_cmpuint (self->result.opened, ==, 0);
  g_assert_cmpuint (told (self, 24 * 9), ==, 0);
  assert_word (self, KOBAN_LIST_ALERTS, 0, "state", "answered");
}

static void
test_what_is_answered_and_happens_again_is_a_new_incident (Fixture *self, gconstpointer data)
{
  g_autoptr(KobanAlert) alert = koban_alert_new (
    &(KobanAlert){ .incident = "k", .kind = KOBAN_ALERT_WITHDRAWAL, .refs = (const char *const[]){ NULL } });
  KobanMergeResult result = { 0 };

  for (int i = 0; i < 2; i++)
    g_assert_true (koban_ledger_raise (self->ledger, alert, NOW (i), &result, NULL));
  g_assert_cmpuint (result.opened, ==, 1);
  g_assert_true (koban_ledger_answer (self->ledger, "i1", KOBAN_ANSWER_UNSURE, NOW (2), NULL));
  g_assert_true (koban_ledger_raise (self->ledger, alert, NOW (3), &result, NULL));
  g_assert_cmpuint (result.opened, ==, 2);
  assert_word (self, KOBAN_LIST_ALERTS, 0, "incident", "i2");
}

static void
test_a_second_connection_keeps_history (Fixture *self, gconstpointer data)
{
  KobanConnection second = { .provider = (char *) "story", .name = (char *) "Other" };
  g_autoptr(GHashTable) covered = NULL;

  hear (self, LINES, 0, line ("x", BOOKED, -500, "CAFE"), NULL);
  g_assert_true (koban_ledger_remove_connection (self->ledger, "Home", FALSE, NOW (1), NULL));
  assert_count (self, KOBAN_LIST_ACCOUNTS, "@a{sv} {}", 0);
  second.name = (char *) "Home";
  g_assert_true (koban_ledger_add_connection (self->ledger, &second, NOW (2), NULL));
  g_assert_cmpstr (second.id, ==, "c2");
  g_free (second.id);
  covered = koban_ledger_get_covered_to (self->ledger, "c2", NULL);
  g_assert_nonnull (covered);
  {
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
    KobanSnapshot fields = { .account = self->account,
                             .listing = KOBAN_LISTING_TRANSACTIONS,
                             .reach = KOBAN_REACH_WHOLE,
                             .heard_us = NOW (3),
                             .from_us = NOW (-24 * 30),
                             .to_us = NOW (3),
                             .rows = rows };
    g_autoptr(KobanSnapshot) snapshot = NULL;
    KobanMergeResult result = { 0 };

    g_ptr_array_add (rows, line ("other", BOOKED, -500, "CAFE"));
    snapshot = koban_snapshot_new (&fields);
    g_assert_true (koban_ledger_merge (self->ledger, "c2", snapshot, 0, &result, NULL));
    g_assert_cmpuint (result.changes, ==, 0);
  }
  assert_count (self, KOBAN_LIST_TRANSACTIONS, "@a{sv} {}", 1);
  assert_word (self, KOBAN_LIST_ACCOUNTS, 0, "id", "a1");
  assert_word (self, KOBAN_LIST_ACCOUNTS, 0, "connection", "c2");
  assert_word (self, KOBAN_LIST_ACCOUNTS, 0, "number", "…5678");
}

static void
test_a_purge_leaves_nothing (Fixture *self, gconstpointer data)
{
  hear (self, LINKS, 0, NULL);
  hear (self, LINKS, 1, debit_link ("L1", "ROGUE PAY"), NULL);
  hear (self, LINES, 1, line ("x", BOOKED, -500, "CAFE"), NULL);
  g_assert_true (koban_ledger_remove_connection (self->ledger, "c1", TRUE, NOW (2), NULL));
  for (int list = KOBAN_LIST_CONNECTIONS; list <= KOBAN_LIST_ALERTS; list++)
    assert_count (self, (KobanList) list, "{'all': <true>}", 0);
}

static void
test_lists_take_ids_and_names (Fixture *self, gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  hear (self, LINKS, 0, debit_link ("L1", "DENKI"), debit_link ("L2", "GAS"), debit_link ("L3", "GAS"), NULL);
  hear (self, LINES, 0, line ("x", BOOKED, -500, "CAFE"), NULL);
  assert_count (self, KOBAN_LIST_LINKS, "{'id': <'DENKI'>}", 1);
  assert_count (self, KOBAN_LIST_LINKS, "{'id': <'l3'>}", 1);
  assert_count (self, KOBAN_LIST_LINKS, "{'id': <'nobody'>}", 0);
  assert_count (self, KOBAN_LIST_ACCOUNTS, "{'id': <'Current'>}", 1);
  assert_count (self, KOBAN_LIST_TRANSACTIONS, "{'account': <'Current'>}", 1);
  assert_count (self, KOBAN_LIST_TRANSACTIONS, "{'id': <'t1'>}", 1);
  assert_count (self, KOBAN_LIST_TRANSACTIONS, "{'since': <int64 9999999999999999>}", 0);
  g_assert_null (
    koban_ledger_list (self->ledger, KOBAN_LIST_LINKS, g_variant_new_parsed ("{'id': <'GAS'>}"), &error));
  g_assert_true (koban_error_is (error, KOBAN_ERROR_AMBIGUOUS));
}

/* 100,000 lines of history; one listing of 50 known ones. */
static void
test_a_merge_without_news_is_quick (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  g_autoptr(GPtrArray) few = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  guint n = g_test_perf () ? 100000 : 5000;
  gint64 began_us;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("id%u", i);
      KobanTransaction fields = { .bank_id = id,
                                  .state = BOOKED,
                                  .amount = KOBAN_MONEY (-100 - (gint64) (i % 977), "JPY"),
                                  .date = 19968 - (KobanDate) ((n - 1 - i) / 10),
                                  .text = i % 3 ? "CAFE" : "BOOKS" };
      g_autoptr(KobanTransaction) one = koban_transaction_new (&fields);

      g_ptr_array_add (all, koban_transaction_ref (one));
      if (i + 50 >= n)
        g_ptr_array_add (few, koban_transaction_ref (one));
    }
  for (int i = 0; i < 3; i++)
    {
      KobanSnapshot fields = { .account = self->account,
                               .listing = KOBAN_LISTING_TRANSACTIONS,
                               .reach = KOBAN_REACH_WHOLE,
                               .heard_us = NOW (i),
                               .from_us = i == 0 ? 0 : NOW (-24 * 4),
                               .to_us = NOW (i),
                               .rows = i == 0 ? all : few };
      g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);
      KobanMergeResult result = { 0 };

      began_us = g_get_monotonic_time ();
      g_assert_true (koban_ledger_merge (self->ledger, "c1", snapshot, 0, &result, NULL));
      g_test_message ("merge %d: %" G_GINT64_FORMAT " µs", i, g_get_monotonic_time () - began_us);
      g_assert_cmpuint (result.changes, ==, i == 0 ? n : 0);
    }
}

/* --- a full disk --------------------------------------------------------------------------------- */

/* What an honest link is set up again by outlives the link, and not a purge; the seals stay. */
static void
test_a_purge_forgets_what_was_revoked (Fixture *self, gconstpointer data)
{
  static const char words[] = "SELECT count (*) FROM journal WHERE payload LIKE '%M-4711%'";
  static const char seals[] = "SELECT count (*) FROM journal WHERE kind = 'revoked' AND hash IS NOT NULL";

  for (guint i = 1; i <= 2; i++)
    g_assert_true (koban_ledger_journal (
      self->ledger, "revoked",
      g_variant_new_parsed ("{'connection': <%s>, 'reference': <'M-4711'>}", i == 1 ? "c1" : "c2"), NOW (1),
      NULL));
  g_assert_cmpint (number (self, words), ==, 2);
  g_assert_true (koban_ledger_remove_connection (self->ledger, "c1", TRUE, NOW (2), NULL));
  g_assert_cmpint (number (self, words), ==, 1);
  g_assert_cmpint (number (self, seals), ==, 2);
}

static void
allow_pages (Fixture *self, gint64 pages)
{
  g_autofree char *sql = g_strdup_printf ("PRAGMA max_page_count = %" G_GINT64_FORMAT, pages);

  g_assert_true (koban_store_exec (self->ledger->store, sql, NULL));
}

/* The account's habits as they are in memory, and as they are in the table. */
static gboolean
habits_are_those_of_the_table (Fixture *self)
{
  static const char sql[] = "SELECT blob FROM habits WHERE account = 'a1'";
  g_autoptr(GBytes) memory = koban_habits_save (koban_ledger_habits (self->ledger, NULL), "a1");
  g_autoptr(GBytes) table = NULL;
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "");
  g_assert_true (koban_query_next (&query));
  table = koban_query_bytes (&query, 0);
  g_assert_true (koban_query_finish (&query, NULL));
  return g_bytes_equal (memory, table);
}

/* A theft among so many lines that they need new pages. */
static KobanSnapshot *
long_listing (Fixture *self, guint count)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  KobanSnapshot fields = { .account = self->account,
                           .listing = KOBAN_LISTING_TRANSACTIONS,
                           .reach = KOBAN_REACH_CHANGES,
                           .heard_us = NOW (2),
                           .from_us = NOW (-24),
                           .to_us = NOW (2),
                           .rows = rows };

  for (guint i = 0; i < count; i++)
    {
      g_autofree char *id = g_strdup_printf ("many%u", i);

      g_ptr_array_add (rows, line (id, BOOKED, i < 4 ? -90000 : -300, i < 4 ? "ROGUE PAY" : "CAFE"));
    }
  return koban_snapshot_new (&fields);
}

/* What the same listing tells where there is room. */
static gint64
alerts_with_room (void)
{
  Fixture self = { 0 };
  g_autoptr(KobanSnapshot) listing = NULL;
  gint64 alerts;

  set_up (&self, NULL);
  hear (&self, LINES, 0, line ("x", BOOKED, -500, "CAFE"), NULL);
  listing = long_listing (&self, 100);
  g_assert_true (koban_ledger_merge (self.ledger, "c1", listing, 540, NULL, NULL));
  alerts = number (&self, "SELECT count (*) FROM alert");
  tear_down (&self, NULL);
  return alerts;
}

/* Whole or not at all, wherever the disk ends; and nothing is lost when there is room again. */
static void
test_a_full_disk_takes_all_back (void)
{
  g_autofree char *directory = g_dir_make_tmp ("koban-full-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "koban.db", NULL);
  Fixture self = { 0 };
  g_autoptr(KobanSnapshot) listing = NULL;
  gint64 pages, lines, rows;
  gboolean merged = FALSE;
  guint refused = 0;

  set_up_at (&self, path);
  hear (&self, LINES, 0, line ("x", BOOKED, -500, "CAFE"), NULL);
  listing = long_listing (&self, 100);
  pages = number (&self, "PRAGMA page_count");
  lines = number (&self, "SELECT count (*) FROM line");
  rows = number (&self, "SELECT count (*) FROM journal");
  for (gint64 allowed = pages; !merged; allowed++)
    {
      g_autoptr(GError) error = NULL;
      KobanMergeResult result = { 0 };

      allow_pages (&self, allowed);
      merged = koban_ledger_merge (self.ledger, "c1", listing, 540, &result, &error);
      g_assert_true (habits_are_those_of_the_table (&self));
      if (merged)
        break;
      refused++;
      g_assert_true (koban_error_is (error, KOBAN_ERROR_STORAGE));
      g_assert_cmpuint (result.changes + result.opened, ==, 0);
      g_assert_cmpint (number (&self, "SELECT count (*) FROM line"), ==, lines);
      g_assert_cmpint (number (&self, "SELECT count (*) FROM journal"), ==, rows);
      g_assert_cmpint (
        number (&self, "SELECT (SELECT count (*) FROM alert) + (SELECT count (*) FROM outbox)"), ==, 0);
    }
  g_test_message ("refused %u times", refused);
  g_assert_cmpuint (refused, >, 3);
  g_assert_cmpint (number (&self, "SELECT count (*) FROM line"), ==, lines + 100);
  g_assert_cmpint (number (&self, "SELECT count (*) FROM alert WHERE refs LIKE '%''t2''%' AND kind = 1"), ==,
                   1);
  g_assert_cmpint (number (&self, "SELECT count (*) FROM alert"), ==, alerts_with_room ());
  g_assert_cmpint (number (&self, "SELECT count (*) FROM outbox"), ==,
                   number (&self, "SELECT count (*) FROM incident"));
  tear_down (&self, NULL);
  delete_ledger (path, directory);
}

/* --- resting ------------------------------------------------------------------------------------------ */

/* Some coffees and a theft; the ledger rests after each if @rests. Returns its habits. */
static GBytes *
live (gboolean rests, gint64 *alerts)
{
  Fixture self = { 0 };
  g_autoptr(KobanSnapshot) listing = NULL;
  GBytes *habits;

  set_up (&self, NULL);
  listing = long_listing (&self, 100);
  for (int i = 0; i < 60; i++)
    {
      g_autofree char *id = g_strdup_printf ("coffee%d", i);

      hear (&self, LINES, 0, line (id, BOOKED, -400 - i % 3, "CAFE"), NULL);
      if (rests)
        koban_ledger_rest (self.ledger);
    }
  g_assert_true (koban_ledger_merge (self.ledger, "c1", listing, 540, NULL, NULL));
  habits = koban_habits_save (koban_ledger_habits (self.ledger, NULL), "a1");
  *alerts = number (&self, "SELECT count (*) FROM alert");
  tear_down (&self, NULL);
  return habits;
}

static void
test_resting_forgets_nothing (void)
{
  gint64 alerts = 0, alerts_of_the_restless = 0;
  g_autoptr(GBytes) rested = live (TRUE, &alerts);
  g_autoptr(GBytes) restless = live (FALSE, &alerts_of_the_restless);

  g_assert_true (g_bytes_equal (rested, restless));
  g_assert_cmpint (alerts, >, 0);
  g_assert_cmpint (alerts, ==, alerts_of_the_restless);
}

#define MANY 12000 /* lines of one commit: more pages than may wait in the log, fewer than it may hold */

/* Lines that are in the file itself, without its log. */
static gint64
lines_in_file (const char *path, const char *directory)
{
  g_autofree char *alone = g_build_filename (directory, "alone.db", NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0;
  Fixture self = { 0 };
  gint64 lines;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (alone, bytes, (gssize) length, NULL));
  self.ledger = koban_ledger_open (alone, NULL, NULL);
  lines = number (&self, "SELECT count (*) FROM line");
  g_assert_finalize_object (self.ledger);
  g_assert_no_errno (g_unlink (alone));
  return lines;
}

/* While somebody waits nothing is moved from the log into the file; at rest it is, once the log has grown. */
static void
test_the_log_is_folded_in_at_rest (void)
{
  g_autofree char *directory = g_dir_make_tmp ("koban-rest-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "koban.db", NULL);
  Fixture self = { 0 };
  g_autoptr(KobanSnapshot) listing = NULL;
  gint64 lines;

  set_up_at (&self, path);
  koban_ledger_rest (self.ledger);
  hear (&self, LINES, 0, line ("x", BOOKED, -500, "CAFE"), NULL);
  lines = number (&self, "SELECT count (*) FROM line");
  koban_ledger_rest (self.ledger);
  g_assert_cmpint (lines_in_file (path, directory), ==, 0); /* a short log may wait */

  listing = long_listing (&self, MANY);
  g_assert_true (koban_ledger_merge (self.ledger, "c1", listing, 540, NULL, NULL));
  g_assert_cmpint (lines_in_file (path, directory), ==, 0);
  koban_ledger_rest (self.ledger);
  g_assert_cmpint (lines_in_file (path, directory), ==, lines + MANY);
  tear_down (&self, NULL);
  delete_ledger (path, directory);
}

/* --- accounts that come and go (trust B15) ------------------------------------------------------------ */

static void
hear_accounts (Fixture *self, int hours, gboolean with_second)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_account_unref);
  g_autoptr(KobanSnapshot) snapshot = NULL;
  KobanSnapshot fields = {
    .listing = KOBAN_LISTING_ACCOUNTS, .reach = KOBAN_REACH_WHOLE, .heard_us = NOW (hours), .rows = rows
  };

  g_ptr_array_add (rows, koban_account_ref (self->account));
  if (with_second)
    g_ptr_array_add (rows,
                     koban_account_new (&(KobanAccount){
                       .identity = "number:2:JPY", .name = "Second", .currency = KOBAN_CURRENCY ("JPY") }));
  snapshot = koban_snapshot_new (&fields);
  self->result = (KobanMergeResult){ 0 };
  g_assert_true (koban_ledger_merge (self->ledger, "c1", snapshot, 540, &self->result, NULL));
}

static void
test_an_account_that_disappears_is_told_once (Fixture *self, gconstpointer data)
{
  hear_accounts (self, 0, TRUE);
  hear_accounts (self, 1, FALSE);
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 0);
  hear_accounts (self, 2, FALSE);
  g_assert_cmpuint (self->result.opened, ==, 1);
  for (int i = 3; i < 6; i++)
    hear_accounts (self, i, FALSE);
  g_assert_cmpuint (self->result.opened, ==, 0);
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 1);
  assert_word (self, KOBAN_LIST_ALERTS, 0, "kind", "freshness");
  assert_word (self, KOBAN_LIST_ALERTS, 0, "severity", "notice");
  assert_word (self, KOBAN_LIST_ALERTS, 0, "account", "a2");

  hear_accounts (self, 6, TRUE);
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 0);
  assert_word (self, KOBAN_LIST_ALERTS, 0, "state", "closed");
  hear_accounts (self, 7, FALSE);
  hear_accounts (self, 8, FALSE);
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 1);
}

static void
test_an_account_that_is_not_watched_goes_in_silence (Fixture *self, gconstpointer data)
{
  KobanWatchMode off = KOBAN_WATCH_OFF;

  hear_accounts (self, 0, TRUE);
  g_assert_true (koban_ledger_set_account (self->ledger, "a2", &off, NULL, NOW (0), NULL));
  for (int i = 1; i < 4; i++)
    hear_accounts (self, i, FALSE);
  assert_count (self, KOBAN_LIST_ALERTS, "@a{sv} {}", 0);
}

#define CLAIM(path, test) g_test_add ("/ledger/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CLAIM ("baseline", test_the_first_listing_is_a_baseline);
  CLAIM ("same-again", test_hearing_the_same_again_changes_nothing);
  CLAIM ("new-link", test_a_new_link_opens_one_incident);
  CLAIM ("link-gone", test_a_link_is_gone_after_two_listings);
  CLAIM ("failed-list", test_a_failed_list_is_unknown_and_never_empty);
  CLAIM ("cancelled", test_a_cancelled_pending_line_is_withdrawn);
  CLAIM ("booked", test_pending_becomes_booked_as_one_line);
  CLAIM ("empty-listing", test_an_empty_listing_is_no_deletion);
  CLAIM ("answer", test_an_answer_closes_and_can_be_undone);
  CLAIM ("told-once", test_what_was_told_is_told_once_whatever_the_bank_calls_it);
  CLAIM ("answered-again", test_what_is_answered_and_happens_again_is_a_new_incident);
  CLAIM ("second-connection", test_a_second_connection_keeps_history);
  CLAIM ("purge", test_a_purge_leaves_nothing);
  CLAIM ("purge-revoked", test_a_purge_forgets_what_was_revoked);
  CLAIM ("link-back", test_a_link_that_comes_back_is_told);
  CLAIM ("links-by-kind", test_each_kind_of_link_has_its_baseline);
  CLAIM ("lists", test_lists_take_ids_and_names);
  CLAIM ("account-gone", test_an_account_that_disappears_is_told_once);
  CLAIM ("account-off", test_an_account_that_is_not_watched_goes_in_silence);
  g_test_add_func ("/ledger/full-disk", test_a_full_disk_takes_all_back);
  g_test_add_func ("/ledger/rest", test_resting_forgets_nothing);
  g_test_add_func ("/ledger/rest-folds", test_the_log_is_folded_in_at_rest);
  CLAIM ("quick", test_a_merge_without_news_is_quick);
  return g_test_run ();
}
