/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A list of changes over several checks, with a real ledger between them: where it goes on, what is taken
 * back, and that a kill between two commits, or any doubt, makes it begin where it had begun.
 */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <koban/ledger.h>
#include "canned-bank.h"

#define ACCOUNT(id)                                                                                          \
  "{\"account_id\":\"" id "\",\"name\":\"" id "\",\"mask\":\"" id "\",\"subtype\":\"checking\","             \
  "\"type\":\"depository\",\"balances\":{\"current\":1,\"iso_currency_code\":\"USD\"}}"
#define ACCOUNTS(list)                                                                                       \
  {                                                                                                          \
    "POST /accounts/get ", 200, NULL, "{\"accounts\":[" list "]}"                                            \
  }
#define BOTH ACCOUNTS (ACCOUNT ("A1") "," ACCOUNT ("A2"))
#define ITEM                                                                                                 \
  {                                                                                                          \
    "POST /item/get ", 200, NULL, "{\"item\":{\"item_id\":\"I\",\"institution_id\":\"ins\"}}"                \
  }
#define LINE(account, id, amount, name, more)                                                                \
  "{\"account_id\":\"" account "\",\"transaction_id\":\"" id "\",\"amount\":" amount                         \
  ",\"date\":\"2024-08-31\","                                                                                \
  "\"name\":\"" name "\"" more "}"
#define PENDING ",\"pending\":true"
#define SYNC(status, body, has)                                                                              \
  {                                                                                                          \
    "POST /transactions/sync ", status, NULL, body, NULL, has                                                \
  }
#define PAGE(added, modified, removed, cursor)                                                               \
  "{\"added\":[" added "],\"modified\":[" modified "],\"removed\":[" removed "],\"next_cursor\":\"" cursor   \
  "\",\"has_more\":false}"
#define FIRST                                                                                                \
  PAGE (LINE ("A1", "t1", "5", "CAFE", "") "," LINE ("A1", "p1", "7", "HOLD", PENDING) "," LINE (            \
          "A1", "p2", "9", "FUEL", PENDING) "," LINE ("A2", "t2", "11", "BOOKS", ""),                        \
        "", "", "c1")
/* p1 is let go, p2 is booked as t4, t2 was another sum, and each account has a line that is new. */
#define SECOND                                                                                               \
  PAGE (LINE ("A1", "t3", "90000", "ROGUE", "") "," LINE (                                                   \
          "A1", "t4", "9", "FUEL", ",\"pending_transaction_id\":\"p2\"") "," LINE ("A2", "t5", "90000",      \
                                                                                   "ROGUE", ""),             \
        LINE ("A2", "t2", "12", "BOOKS", ""), "{\"transaction_id\":\"p1\"},{\"transaction_id\":\"p2\"}",     \
        "c2")
#define ANEW "\"count\":500}"
#define AFTER(cursor) "\"cursor\":\"" cursor "\""

#define FIRST_KNOWN "A1 CAFE -500 booked; A1 FUEL -900 pending; A1 HOLD -700 pending; A2 BOOKS -1100 booked; "
#define SECOND_KNOWN                                                                                         \
  "A1 CAFE -500 booked; A1 FUEL -900 booked; A1 HOLD -700 withdrawn; A1 ROGUE -9000000 booked; "             \
  "A2 BOOKS -1200 booked; A2 ROGUE -9000000 booked; "

typedef struct
{
  char *path, *connection;
  KobanLedger *ledger;
  gint64 now_us;
} Desk;

static void
open_ledger (Desk *desk)
{
  g_autoptr(GError) error = NULL;

  g_clear_object (&desk->ledger);
  desk->ledger = koban_ledger_open (desk->path, NULL, &error);
  g_assert_no_error (error);
}

static void
set_up (Desk *desk, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("koban-changes-XXXXXX", NULL);
  g_autoptr(KobanConnection) connection = g_new0 (KobanConnection, 1);

  desk->path = g_build_filename (directory, "koban.db", NULL);
  desk->now_us = NOW_US;
  open_ledger (desk);
  connection->provider = g_strdup ("plaid");
  connection->name = g_strdup ("Bank");
  connection->hosts = g_new0 (char *, 1);
  g_assert_true (koban_ledger_add_connection (desk->ledger, connection, desk->now_us, &error));
  desk->connection = g_strdup (connection->id);
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };
  g_autofree char *directory = g_path_get_dirname (desk->path);

  g_clear_object (&desk->ledger);
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (desk->path, suffixes[i], NULL);
      (void) g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (desk->path);
  g_free (desk->connection);
}

static KobanSession *
session_of (Desk *desk, KobanHttp *http, const char *url)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanProfile) profile = load_profile ("plaid");
  g_autoptr(KobanSecret) id = bundle_with (NULL, "client_id", "canary");
  g_autoptr(KobanSecret) key = bundle_with (id, "client_secret", "canary");
  g_autoptr(KobanSecret) secrets = bundle_with (key, "access_token", "canary");
  g_autoptr(GHashTable) covered_to = koban_ledger_get_covered_to (desk->ledger, desk->connection, &error);
  g_autoptr(GHashTable) cursors = koban_ledger_get_cursors (desk->ledger, desk->connection, &error);
  const KobanSessionOptions options = { .profile = profile,
                                        .base_url = url,
                                        .secrets = secrets,
                                        .now_us = desk->now_us,
                                        .covered_to = covered_to,
                                        .cursors = cursors };
  KobanSession *session = koban_session_new (http, &options, &error);

  g_assert_no_error (error);
  return session;
}

/* What the last request for changes said. */
static void
assert_asked (Bank *bank, const char *has)
{
  const char *asked = heard (bank, bank->heard->len - 1);

  g_assert_true (g_str_has_prefix (asked, "POST /transactions/sync "));
  g_assert_nonnull (strstr (asked, has));
}

/* One check; the agent is killed before the last @n_lost commits. */
static void
check_until (Desk *desk, const Canned *canned, const char *asked, guint n_lost)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(Check) check = g_new0 (Check, 1);

  check->http = koban_http_new ("koban/test");
  check->session = session_of (desk, check->http, url);
  check->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
  run (check);
  g_assert_no_error (check->error);
  assert_asked (bank, asked);
  for (guint i = 0; i + n_lost < check->snapshots->len; i++)
    g_assert_true (
      koban_ledger_merge (desk->ledger, desk->connection, check->snapshots->pdata[i], 0, NULL, &error));
  open_ledger (desk);
  desk->now_us += KOBAN_HOUR_US;
}

static void
check_changes (Desk *desk, const Canned *canned, const char *asked)
{
  check_until (desk, canned, asked, 0);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static char *
line_text (GVariant *row)
{
  const char *account, *text, *state;
  gint64 minor = 0;
  const char *currency;

  g_assert_true (g_variant_lookup (row, "account", "&s", &account) &&
                 g_variant_lookup (row, "text", "&s", &text) &&
                 g_variant_lookup (row, "state", "&s", &state) &&
                 g_variant_lookup (row, "amount", "(x&s)", &minor, &currency));
  return g_strdup_printf ("%s %s %" G_GINT64_FORMAT " %s; ", g_str_equal (account, "a1") ? "A1" : "A2", text,
                          minor, state);
}

static void
assert_known (Desk *desk, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GVariant) rows =
    g_variant_ref_sink (koban_ledger_list (desk->ledger, KOBAN_LIST_TRANSACTIONS, NULL, &error));

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_ptr_array_add (texts, line_text (row));
    }
  g_ptr_array_sort (texts, compare_texts);
  g_ptr_array_add (texts, NULL);
  g_autofree char *known = g_strjoinv ("", (char **) texts->pdata);
  g_assert_cmpstr (known, ==, expected);
}

static const Canned first[] = { BOTH, ITEM, SYNC (200, FIRST, ANEW), { NULL } };
static const Canned second[] = { BOTH, ITEM, SYNC (200, SECOND, AFTER ("c1")), { NULL } };
static const Canned nothing_new[] = { BOTH,
                                      ITEM,
                                      SYNC (200, PAGE ("", "", "", "c2"), AFTER ("c2")),
                                      { NULL } };

static void
test_goes_on (Desk *desk, gconstpointer data)
{
  check_changes (desk, first, ANEW);
  assert_known (desk, FIRST_KNOWN);
  check_changes (desk, second, AFTER ("c1"));
  assert_known (desk, SECOND_KNOWN);
  check_changes (desk, nothing_new, AFTER ("c2"));
  assert_known (desk, SECOND_KNOWN);
}

/* Whatever of a check was written down before the kill: the next one hears it all again, and nothing twice.
 */
static void
test_kill (Desk *desk, gconstpointer data)
{
  check_changes (desk, first, ANEW);
  for (guint n_lost = 8; n_lost > 0; n_lost--)
    check_until (desk, second, AFTER ("c1"), n_lost);
  check_changes (desk, second, AFTER ("c1"));
  assert_known (desk, SECOND_KNOWN);
  check_changes (desk, nothing_new, AFTER ("c2"));
  assert_known (desk, SECOND_KNOWN);
}

static const struct
{
  const char *name;
  Canned change;
  const char *then; /* what the check after it asks */
  Canned second;    /* its second page, if it has one … */
  const char *last; /* … which is asked for so */
} doubts[] = {
  { "/changes/bank-fault", SYNC (500, "", NULL), AFTER ("c1") },
  { "/changes/not-ready", SYNC (400, "{\"error_code\":\"PRODUCT_NOT_READY\"}", NULL), AFTER ("c1") },
  { "/changes/bad-line", SYNC (200, PAGE (LINE ("A2", "t9", "\"much\"", "X", ""), "", "", "c9"), NULL),
    AFTER ("c1") },
  { "/changes/no-cursor", SYNC (200, PAGE ("", "", "", ""), NULL), AFTER ("c1") },
  { "/changes/circle",
    SYNC (200,
          "{\"added\":[],\"modified\":[],\"removed\":[],\"next_cursor\":\"c1\",\"has_more\":true}",
          NULL),
    ANEW },
  { "/changes/changed-while-it-was-read",
    SYNC (200,
          "{\"added\":[],\"modified\":[],\"removed\":[],\"next_cursor\":\"p2\",\"has_more\":true}",
          AFTER ("c1")),
    AFTER ("c1"), SYNC (400, "{\"error_code\":\"TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION\"}", NULL),
    AFTER ("p2") },
  { "/changes/cursor-refused", SYNC (400, "{\"error_code\":\"INVALID_FIELD\"}", NULL), ANEW },
};

/* What is not heard for sure leaves the list where it was; a cursor that the bank does not know is given up.
 */
static void
test_doubt (Desk *desk, gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  const Canned doubtful[] = { BOTH, ITEM, doubts[i].change, doubts[i].second, { NULL } };
  const Canned either[] = {
    BOTH,
    ITEM,
    SYNC (200, SECOND, AFTER ("c1")),
    SYNC (
      200,
      PAGE (LINE ("A1", "t1", "5", "CAFE", "") "," LINE ("A1", "t3", "90000", "ROGUE", "") "," LINE (
              "A1", "t4", "9", "FUEL",
              ",\"pending_transaction_id\":\"p2\"") "," LINE ("A2", "t2", "12", "BOOKS",
                                                              "") "," LINE ("A2", "t5", "90000", "ROGUE", ""),
            "", "", "c2"),
      ANEW),
    { NULL }
  };

  check_changes (desk, first, ANEW);
  check_changes (desk, doubtful, doubts[i].last != NULL ? doubts[i].last : AFTER ("c1"));
  assert_known (desk, FIRST_KNOWN);
  check_changes (desk, either, doubts[i].then);
  if (g_str_equal (doubts[i].then, AFTER ("c1")))
    assert_known (desk, SECOND_KNOWN);
  check_changes (desk, nothing_new, AFTER ("c2"));
}

/* Its lines of before were nobody's. */
static void
test_new_account (Desk *desk, gconstpointer data)
{
  static const Canned one[] = { ACCOUNTS (ACCOUNT ("A1")), ITEM, SYNC (200, FIRST, ANEW), { NULL } };

  check_changes (desk, one, ANEW);
  assert_known (desk, "A1 CAFE -500 booked; A1 FUEL -900 pending; A1 HOLD -700 pending; ");
  check_changes (desk, first, ANEW);
  assert_known (desk, FIRST_KNOWN);
}

/* One that was not shown for once: what came meanwhile is not lost. */
static void
test_account_away (Desk *desk, gconstpointer data)
{
  static const Canned away[] = {
    ACCOUNTS (ACCOUNT ("A1")), ITEM, SYNC (200, SECOND, AFTER ("c1")), { NULL }
  };
  static const Canned back[] = {
    BOTH,
    ITEM,
    SYNC (
      200,
      PAGE (LINE ("A2", "t2", "12", "BOOKS", "") "," LINE ("A2", "t5", "90000", "ROGUE", ""), "", "", "c3"),
      ANEW),
    { NULL }
  };

  check_changes (desk, first, ANEW);
  check_changes (desk, away, AFTER ("c1"));
  check_changes (desk, back, ANEW);
  assert_known (desk, SECOND_KNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
#define ADD(path, data, func) g_test_add (path, Desk, data, set_up, func, tear_down)
  ADD ("/changes/goes-on", NULL, test_goes_on);
  ADD ("/changes/kill", NULL, test_kill);
  for (gsize i = 0; i < G_N_ELEMENTS (doubts); i++)
    ADD (doubts[i].name, GSIZE_TO_POINTER (i), test_doubt);
  ADD ("/changes/new-account", NULL, test_new_account);
  ADD ("/changes/account-away", NULL, test_account_away);
  return g_test_run ();
}
