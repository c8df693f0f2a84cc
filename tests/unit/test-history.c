/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The past judged again: habits that were folded anew judge what follows as those that grew line by line, and
 * a review finds in old lines what watching would have found, and writes nothing.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <koban/error.h>
#include <koban/ledger.h>
#include <unistd.h>

#include "ledger/inside.h"
#include "watch/habit.h"

#define FIRST_DAY 19800 /* 2024-03-18 */
#define BEGAN 60        /* Koban was connected after so many days */
#define THEFT 120
#define END 135

typedef struct
{
  KobanServices *services;
  KobanLedger *ledger;
  char *path; /* (nullable) */
  KobanAccount *current, *savings;
  gint64 booked;
} Life;

static gint64
noon (int day)
{
  return (FIRST_DAY + (gint64) day) * KOBAN_DAY_US + 12 * KOBAN_HOUR_US;
}

static KobanAccount *
make_account (const char *identity, const char *name)
{
  return koban_account_new (&(KobanAccount){ .identity = identity,
                                             .remote_id = identity,
                                             .name = name,
                                             .currency = KOBAN_CURRENCY ("JPY"),
                                             .sees_links = KOBAN_SEES_NATIVE });
}

static void
open_ledger (Life *life)
{
  g_autoptr(GError) error = NULL;

  life->ledger = koban_ledger_open (life->path, life->services, &error);
  g_assert_no_error (error);
}

static Life
begin_life (char *path)
{
  KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Home" };
  Life life = { .services = koban_services_load (NULL, NULL),
                .path = path,
                .current = make_account ("number:1:JPY", "Current"),
                .savings = make_account ("number:2:JPY", "Savings"),
                .booked = 600000 };

  g_assert_nonnull (life.services);
  open_ledger (&life);
  g_assert_true (koban_ledger_add_connection (life.ledger, &connection, noon (0), NULL));
  g_free (connection.id);
  return life;
}

static void
end_life (Life *life)
{
  g_assert_finalize_object (life->ledger);
  koban_account_unref (life->current);
  koban_account_unref (life->savings);
  koban_services_free (life->services);
  g_free (life->path);
}

static void
hear (Life *life, KobanSnapshot fields)
{
  g_autoptr(KobanSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;

  fields.from_us = fields.reach == KOBAN_REACH_WHOLE ? 0 : fields.heard_us - KOBAN_DAY_US;
  fields.to_us = fields.heard_us;
  snapshot = koban_snapshot_new (&fields);
  g_assert_true (koban_ledger_merge (life->ledger, "c1", snapshot, 540, NULL, &error));
  g_assert_no_error (error);
}

static void
add (GPtrArray *lines, int day, int minute, KobanTransactionType type, gint64 amount, const char *text)
{
  KobanTransaction fields = { .state = KOBAN_TRANSACTION_BOOKED,
                              .type = type,
                              .amount = KOBAN_MONEY (amount, "JPY"),
                              .date = FIRST_DAY + day,
                              .time_us = noon (day) - 3 * KOBAN_HOUR_US + minute * KOBAN_MINUTE_US,
                              .text = text };

  g_ptr_array_add (lines, koban_transaction_new (&fields));
}

/* What is usual. */
static void
live_a_day (GPtrArray *lines, int day)
{
  add (lines, day, 0, KOBAN_TRANSACTION_CARD, -450 - day * 37 % 250, "CAFE KAEDE");
  if (day % 7 == 3)
    add (lines, day, 70, KOBAN_TRANSACTION_CARD, -4000 - day * 91 % 2500, "SUPER MARUYA");
  if (day % 30 == 1)
    add (lines, day, 80, KOBAN_TRANSACTION_DIRECT_DEBIT, -85000, "ALPHA REALTY");
  if (day % 30 == 5)
    add (lines, day, 90, KOBAN_TRANSACTION_DIRECT_DEBIT, -6500 - day % 900, "DENRYOKU");
  if (day % 30 == 20)
    add (lines, day, 100, KOBAN_TRANSACTION_CREDIT, 250000, "SALARY");
  if (day % 30 == 21)
    add (lines, day, 110, KOBAN_TRANSACTION_TRANSFER, -50000, "FURIKAE SAVINGS");
}

/* What is not. */
static void
steal (GPtrArray *lines, int day)
{
  static const gint64 sums[] = { -100000, -90000, -90000, -20000 };

  for (guint i = 0; day == THEFT && i < G_N_ELEMENTS (sums); i++)
    add (lines, day, 150 + (int) i, KOBAN_TRANSACTION_DIRECT_DEBIT, sums[i], "ﾄﾞｺﾓｺｳｻﾞ");
  if (day == THEFT + 1)
    add (lines, day, 10, KOBAN_TRANSACTION_DIRECT_DEBIT, -30000, "ﾄﾞｺﾓｺｳｻﾞ");
  if (day == THEFT + 8)
    add (lines, day, 20, KOBAN_TRANSACTION_DIRECT_DEBIT, -48000, "KAZOKU HOKEN");
  if (day == THEFT + 2)
    add (lines, day, 15, KOBAN_TRANSACTION_DIRECT_DEBIT, -25000, "ﾄﾞｺﾓｺｳｻﾞ");
  if (day == THEFT + 6)
    add (lines, day, 20, KOBAN_TRANSACTION_TRANSFER, -180000, "TANAKA TARO");
}

static GPtrArray *
lines_of (int from_day, int to_day)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  for (int day = from_day; day < to_day; day++)
    {
      live_a_day (lines, day);
      steal (lines, day);
    }
  return lines;
}

static GPtrArray *
savings_lines (int from_day, int to_day)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  for (int day = from_day; day < to_day; day++)
    if (day % 30 == 21)
      add (lines, day, 111, KOBAN_TRANSACTION_TRANSFER, 50000, "FURIKAE CURRENT");
  return lines;
}

static void
hear_balance (Life *life, GPtrArray *lines, gint64 heard_us)
{
  for (guint i = 0; i < lines->len; i++)
    life->booked += ((KobanTransaction *) lines->pdata[i])->amount.minor;
  hear (life, (KobanSnapshot){ .account = life->current,
                               .listing = KOBAN_LISTING_BALANCE,
                               .reach = KOBAN_REACH_WHOLE,
                               .heard_us = heard_us,
                               .has_booked = TRUE,
                               .booked = KOBAN_MONEY (life->booked, "JPY") });
}

/* One that was always there, and one that comes after the theft. */
static void
hear_links (Life *life, int day, gint64 heard_us)
{
  static const char *const names[] = { "DENRYOKU", "KAZOKU HOKEN" };
  g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);

  for (guint i = 0; i < (day > THEFT + 3 ? 2u : 1u); i++)
    g_ptr_array_add (
      links,
      koban_link_new (&(KobanLink){
        .remote_id = names[i], .kind = KOBAN_LINK_DIRECT_DEBIT, .name = names[i], .reference = names[i] }));
  hear (life,
        (KobanSnapshot){ life->current, KOBAN_LISTING_LINKS, KOBAN_REACH_WHOLE, heard_us, .rows = links });
}

static void
check (Life *life, int from_day, int to_day, KobanReach reach)
{
  gint64 heard_us = noon (to_day) - 1;
  g_autoptr(GPtrArray) lines = lines_of (from_day, to_day);
  g_autoptr(GPtrArray) saved = savings_lines (from_day, to_day);

  hear_links (life, to_day, heard_us);
  hear_balance (life, lines, heard_us);
  hear (life, (KobanSnapshot){ life->savings, KOBAN_LISTING_TRANSACTIONS, reach, heard_us, .rows = saved });
  hear (life, (KobanSnapshot){ life->current, KOBAN_LISTING_TRANSACTIONS, reach, heard_us, .rows = lines });
  g_assert_true (koban_ledger_finish_check (life->ledger, "c1", heard_us, 540, NULL, NULL, NULL));
}

static void
live (Life *life, int from_day, int to_day)
{
  for (int day = from_day; day < to_day; day++)
    check (life, day, day + 1, KOBAN_REACH_CHANGES);
}

/* All that was judged, without what belongs to the telling: ids, codes, states, answers. */
static char *
verdicts (Life *life)
{
  static const char sql[] = "SELECT group_concat (told, char (10)) FROM (SELECT kind || ' ' || severity || ' "
                            "' || opened_us || ' ' || refs"
                            " || ' ' || coalesce (total, '') || ' ' || reasons || ' ' || (SELECT key FROM "
                            "incident WHERE id = alert.incident)"
                            " AS told FROM alert WHERE kind <> 3 ORDER BY opened_us, refs, kind)";
  g_auto(KobanQuery) query = { 0 };
  char *text;

  koban_query_start (&query, life->ledger->store, sql, "");
  g_assert_true (koban_query_next (&query));
  text = g_strdup (koban_query_text (&query, 0));
  g_assert_true (koban_query_finish (&query, NULL));
  return text;
}

static GVariant *
review (Life *life, const char *filter)
{
  g_autoptr(GError) error = NULL;
  GVariant *found = koban_ledger_review (life->ledger, g_variant_new_parsed (filter), &error);

  g_assert_no_error (error);
  return g_variant_ref_sink (found);
}

static char *
temporary_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("koban-history-XXXXXX", NULL);

  return g_build_filename (directory, "koban.db", NULL);
}

static void
delete_file (const char *path)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };
  g_autofree char *directory = g_path_get_dirname (path);

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (path, suffixes[i], NULL);
      (void) g_unlink (name);
    }
  (void) g_rmdir (directory);
}

/* --- habits -------------------------------------------------------------------------------------------- */

/* Watched without a break. */
static char *
verdicts_of_a_plain_life (void)
{
  Life life = begin_life (NULL);
  char *told;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, END);
  told = verdicts (&life);
  end_life (&life);
  return told;
}

static void
test_the_life_has_something_to_tell (void)
{
  g_autofree char *told = verdicts_of_a_plain_life ();

  g_test_message ("%s", told);
  g_assert_nonnull (strstr (told, "burst"));
  g_assert_nonnull (strstr (told, "first_debit_by_service"));
  g_assert_nonnull (strstr (told, "new_link"));
}

static void
fold_again (Life *life)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_ledger_begin (life->ledger, NULL));
  g_assert_true (koban_ledger_end (life->ledger, koban_alerts_fold_again (life->ledger, &error), &error));
  g_assert_no_error (error);
}

/* Before the theft, in the midst of it, and when it is old. */
static void
test_folded_anew_is_as_grown (void)
{
  static const int cuts[] = { BEGAN + 1, BEGAN + 22, THEFT, THEFT + 1, THEFT + 6, THEFT + 10 };
  g_autofree char *grown = verdicts_of_a_plain_life ();

  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      Life life = begin_life (NULL);
      g_autofree char *told = NULL;

      check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
      live (&life, BEGAN, cuts[i]);
      fold_again (&life);
      live (&life, cuts[i], END);
      told = verdicts (&life);
      g_test_message ("cut at day %d", cuts[i]);
      g_assert_cmpstr (told, ==, grown);
      end_life (&life);
    }
}

static void
test_a_restart_changes_nothing (void)
{
  g_autofree char *grown = verdicts_of_a_plain_life ();
  Life life = begin_life (temporary_path ());
  g_autofree char *told = NULL;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  for (int day = BEGAN; day < END; day++)
    {
      live (&life, day, day + 1);
      if (day % 10 != 1)
        continue;
      g_assert_finalize_object (life.ledger);
      open_ledger (&life);
    }
  told = verdicts (&life);
  g_assert_cmpstr (told, ==, grown);
  delete_file (life.path);
  end_life (&life);
}

static void
test_an_undone_answer_was_never_given (void)
{
  Life life = begin_life (NULL);
  g_autofree char *grown = verdicts_of_a_plain_life ();
  g_autofree char *told = NULL;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, THEFT + 1);
  g_assert_true (koban_ledger_answer (life.ledger, "i1", KOBAN_ANSWER_MINE, noon (THEFT + 1), NULL));
  g_assert_true (koban_ledger_answer (life.ledger, "i1", KOBAN_ANSWER_NONE, noon (THEFT + 1) + 1, NULL));
  live (&life, THEFT + 1, END);
  told = verdicts (&life);
  g_assert_cmpstr (told, ==, grown);
  end_life (&life);
}

/* What went by as the person's own counts again: the habits are those of one who never answered. */
static void
test_what_passed_under_an_undone_answer_counts (void)
{
  Life life = begin_life (NULL);
  g_autoptr(GBytes) undone = NULL;
  g_autoptr(GBytes) anew = NULL;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, THEFT + 1);
  g_assert_true (koban_ledger_answer (life.ledger, "i1", KOBAN_ANSWER_MINE, noon (THEFT + 1), NULL));
  live (&life, THEFT + 1, THEFT + 3);
  g_assert_true (koban_ledger_answer (life.ledger, "i1", KOBAN_ANSWER_NONE, noon (THEFT + 3), NULL));
  undone = koban_habits_save (life.ledger->habits, "a1");
  fold_again (&life);
  anew = koban_habits_save (life.ledger->habits, "a1");
  g_assert_true (g_bytes_equal (undone, anew));
  end_life (&life);
}

static char *
verdicts_after_an_answer (gboolean anew)
{
  Life life = begin_life (NULL);
  char *told;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, THEFT + 1);
  g_assert_true (koban_ledger_answer (life.ledger, "i1", KOBAN_ANSWER_MINE, noon (THEFT + 1), NULL));
  if (anew)
    fold_again (&life);
  live (&life, THEFT + 1, END);
  told = verdicts (&life);
  end_life (&life);
  return told;
}

static void
test_answers_are_folded_too (void)
{
  g_autofree char *never = verdicts_of_a_plain_life ();
  g_autofree char *grown = verdicts_after_an_answer (FALSE);
  g_autofree char *anew = verdicts_after_an_answer (TRUE);

  g_assert_cmpstr (grown, !=, never);
  g_assert_cmpstr (anew, ==, grown);
}

static char *
oldest_debit (Life *life)
{
  g_auto(KobanQuery) query = { 0 };
  char *id;

  koban_query_start (&query, life->ledger->store, "SELECT min (id) FROM line WHERE amount < 0 AND type <> 8",
                     "");
  g_assert_true (koban_query_next (&query));
  id = g_strdup_printf ("t%d", (int) koban_query_int (&query, 0));
  g_assert_true (koban_query_finish (&query, NULL));
  return id;
}

/* How many names of all accounts have this answer. */
static guint
count_answers (Life *life, KobanAnswer answer)
{
  static const char *const accounts[] = { "a1", "a2" };
  guint count = 0;

  for (guint i = 0; i < G_N_ELEMENTS (accounts); i++)
    {
      const KobanHabit *habit = koban_habits_get (life->ledger->habits, accounts[i]);

      for (guint32 payee = 0; payee < habit->n_payees; payee++)
        count += habit->payees[payee].answer == (guint32) answer;
    }
  return count;
}

/* What is said of a line of long ago is meant of its payee: it is learnt, folded again, and can be taken
 * back. */
static void
test_an_old_line_is_answered (void)
{
  static const KobanAnswer answers[] = { KOBAN_ANSWER_MINE, KOBAN_ANSWER_NOT_MINE, KOBAN_ANSWER_UNSURE };
  Life life = begin_life (NULL);

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, THEFT - 1);
  g_autofree char *line = oldest_debit (&life);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_assert_true (koban_ledger_answer (life.ledger, line, answers[i], noon (THEFT), NULL));
      g_assert_cmpuint (count_answers (&life, answers[i]), ==, 1);
      fold_again (&life);
      g_assert_cmpuint (count_answers (&life, answers[i]), ==, 1);
      g_assert_true (koban_ledger_answer (life.ledger, line, KOBAN_ANSWER_NONE, noon (THEFT), NULL));
      g_assert_cmpuint (count_answers (&life, answers[i]), ==, 0);
    }
  end_life (&life);
}

static void
test_habits_of_another_version_are_folded_anew (void)
{
  Life life = begin_life (temporary_path ());
  g_autofree char *grown = verdicts_of_a_plain_life ();
  g_autofree char *told = NULL;
  KobanStore *store;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, THEFT + 1);
  g_assert_finalize_object (life.ledger);
  store = koban_store_open (life.path, FALSE, NULL);
  g_assert_true (koban_store_exec (store, "UPDATE habits SET blob = x'ff00'", NULL));
  koban_store_close (store);

  open_ledger (&life);
  live (&life, THEFT + 1, END);
  told = verdicts (&life);
  g_assert_cmpstr (told, ==, grown);
  delete_file (life.path);
  end_life (&life);
}

/* --- the review ---------------------------------------------------------------------------------------- */

static const char *
word (GVariant *row, const char *key)
{
  const char *text = NULL;

  g_variant_lookup (row, key, "&s", &text);
  return text;
}

/* A theft that lies in the history that the bank gave at the first check. */
static Life
begin_too_late (char *path)
{
  Life life = begin_life (path);

  check (&life, 0, END, KOBAN_REACH_WHOLE);
  return life;
}

static void
test_a_review_finds_what_was_before (void)
{
  Life life = begin_too_late (NULL);
  g_autoptr(GVariant) found = review (&life, "@a{sv} {}");
  g_autoptr(GVariant) odd = g_variant_lookup_value (found, "odd", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GVariant) worst = g_variant_get_child_value (odd, 0);
  g_autofree char *told = verdicts (&life);
  gboolean withdrawal = FALSE;

  g_assert_null (told);
  g_assert_cmpstr (word (worst, "severity"), ==, "critical");
  g_assert_null (word (worst, "incident"));
  for (gsize i = 0; i < g_variant_n_children (odd); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (odd, i);
      g_autofree const char **refs = NULL;

      g_assert_true (g_variant_lookup (row, "refs", "^a&s", &refs));
      withdrawal |= g_strcmp0 (word (row, "kind"), "withdrawal") == 0 && g_strv_length ((char **) refs) >= 4;
    }
  g_assert_true (withdrawal);
  end_life (&life);
}

static void
test_a_review_counts_who_took_money (void)
{
  Life life = begin_too_late (NULL);
  g_autoptr(GVariant) found = review (&life, "@a{sv} {}");
  g_autoptr(GVariant) payees = g_variant_lookup_value (found, "payees", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GVariant) first = g_variant_get_child_value (payees, 0);
  gint64 count = 0, total = 0;

  g_assert_cmpstr (word (first, "name"), ==, "ﾄﾞｺﾓｺｳｻﾞ");
  g_assert_nonnull (word (first, "service"));
  g_assert_cmpstr (word (first, "first"), ==, "2024-07-16");
  g_assert_cmpstr (word (first, "last"), ==, "2024-07-18");
  g_assert_true (g_variant_lookup (first, "count", "x", &count));
  g_assert_true (g_variant_lookup (first, "total", "(x&s)", &total, NULL));
  g_assert_cmpint (count, ==, 6);
  g_assert_cmpint (total, ==, -355000);
  end_life (&life);
}

static void
test_a_review_since_a_day_leaves_out_what_was_before (void)
{
  Life life = begin_too_late (NULL);
  g_autofree char *filter = g_strdup_printf ("{'since': <int64 %" G_GINT64_FORMAT ">}", noon (THEFT + 4));
  g_autoptr(GVariant) found = review (&life, filter);
  g_autofree char *text = g_variant_print (found, FALSE);

  g_assert_null (strstr (text, "ﾄﾞｺﾓｺｳｻﾞ"));
  g_assert_nonnull (strstr (text, "TANAKA TARO"));
  end_life (&life);
}

static void
test_a_review_says_what_each_setting_would_tell (void)
{
  Life life = begin_too_late (NULL);
  g_autoptr(GVariant) found = review (&life, "@a{sv} {}");
  g_autoptr(GVariant) settings = g_variant_lookup_value (found, "settings", G_VARIANT_TYPE_VARDICT);
  gint64 days = 0, quiet = 0, normal = 0, wary = 0;

  g_assert_true (g_variant_lookup (found, "days", "x", &days));
  g_assert_cmpint (days, ==, END - 1 - 30);
  g_assert_true (g_variant_lookup (settings, "quiet", "x", &quiet));
  g_assert_true (g_variant_lookup (settings, "normal", "x", &normal));
  g_assert_true (g_variant_lookup (settings, "wary", "x", &wary));
  g_test_message ("a year: quiet %d, normal %d, wary %d", (int) quiet, (int) normal, (int) wary);
  g_assert_cmpint (quiet, >, 0);
  g_assert_cmpint (quiet, <=, normal);
  g_assert_cmpint (normal, <=, wary);
  end_life (&life);
}

/* What the person knows as their own is not held before them again. */
static void
test_a_review_leaves_out_what_was_mine (void)
{
  Life life = begin_life (NULL);
  g_autoptr(GVariant) before = NULL;
  g_autoptr(GVariant) after = NULL;

  check (&life, 0, BEGAN, KOBAN_REACH_WHOLE);
  live (&life, BEGAN, THEFT + 2);
  before = review (&life, "@a{sv} {}");
  g_assert_true (koban_ledger_answer (life.ledger, "i1", KOBAN_ANSWER_MINE, noon (END), NULL));
  after = review (&life, "@a{sv} {}");
  {
    g_autoptr(GVariant) odd = g_variant_lookup_value (before, "odd", G_VARIANT_TYPE ("aa{sv}"));
    g_autoptr(GVariant) odd_after = g_variant_lookup_value (after, "odd", G_VARIANT_TYPE ("aa{sv}"));

    g_assert_cmpuint (g_variant_n_children (odd), >=, 2);
    g_assert_cmpuint (g_variant_n_children (odd_after), ==, 0);
  }
  end_life (&life);
}

/* The reader thread has no other ledger. */
static void
test_a_review_needs_no_writing (void)
{
  Life life = begin_too_late (temporary_path ());
  g_autoptr(GVariant) written = review (&life, "@a{sv} {}");
  g_autoptr(GVariant) read = NULL;
  KobanLedger *writer = life.ledger;

  life.ledger = koban_ledger_open_readonly (life.path, NULL);
  koban_ledger_set_judge (life.ledger, life.services, KOBAN_WARINESS_NORMAL);
  life.ledger->knows_offset = TRUE;
  life.ledger->utc_offset_minutes = 540;
  read = review (&life, "@a{sv} {}");
  g_assert_true (g_variant_equal (read, written));
  g_assert_finalize_object (life.ledger);
  life.ledger = writer;
  delete_file (life.path);
  end_life (&life);
}

/* --- the offer ------------------------------------------------------------------------------------------ */

static GVariant *
offered (Life *life)
{
  GVariant *rows = koban_ledger_list (life->ledger, KOBAN_LIST_ALERTS, NULL, NULL);

  return g_variant_ref_sink (rows);
}

static void
test_an_offer_warns_of_what_can_still_be_claimed (void)
{
  static const struct
  {
    gint64 later_days;
    const char *severity, *reason;
  } rows[] = {
    { 0, "warning", "review_strong" },
    { 300, "warning", "review_strong" },
    { 700, "warning", "review_strong" },
    { 800, "notice", "review" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Life life = begin_too_late (NULL);
      gint64 now_us = noon (END) + rows[i].later_days * KOBAN_DAY_US;

      koban_ledger_set_claims (life.ledger, g_variant_new_parsed ("{'JPY': (int64 30, int64 730)}"));
      g_assert_true (koban_ledger_offer_review (life.ledger, "c1", now_us, NULL));
      g_autoptr(GVariant) alerts = offered (&life);
      g_autoptr(GVariant) alert = g_variant_get_child_value (alerts, 0);
      g_autofree char *text = g_variant_print (alert, FALSE);

      g_assert_cmpuint (g_variant_n_children (alerts), ==, 1);
      g_assert_cmpstr (word (alert, "kind"), ==, "freshness");
      g_assert_cmpstr (word (alert, "severity"), ==, rows[i].severity);
      g_assert_nonnull (strstr (text, rows[i].reason));

      g_assert_true (koban_ledger_settle (life.ledger, KOBAN_REVIEW_KEY, now_us, NULL));
      g_autoptr(GVariant) none = offered (&life);
      g_assert_cmpuint (g_variant_n_children (none), ==, 0);
      end_life (&life);
    }
}

/* What the past took has a day by which to say so, where a rule for its currency is known. */
static void
test_the_odd_has_its_time_to_claim (void)
{
  static const struct
  {
    const char *windows;
    gint64 days; /* 0: none is known */
  } rows[] = { { "{'JPY': (int64 30, int64 730)}", 30 }, { "{'EUR': (int64 56, int64 395)}", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Life life = begin_too_late (NULL);

      koban_ledger_set_claims (life.ledger, g_variant_new_parsed (rows[i].windows));
      g_autoptr(GVariant) review = g_variant_ref_sink (koban_ledger_review (life.ledger, NULL, NULL));
      g_autoptr(GVariant) odd = g_variant_lookup_value (review, "odd", G_VARIANT_TYPE ("aa{sv}"));
      g_autoptr(GVariant) row = g_variant_get_child_value (odd, 0);
      gint64 opened_us = 0, until_us = 0;

      g_assert_true (g_variant_lookup (row, "opened", "x", &opened_us));
      g_assert_cmpint (g_variant_lookup (row, "claim_until", "x", &until_us), ==, rows[i].days != 0);
      if (rows[i].days != 0)
        g_assert_cmpint (until_us - opened_us, ==, rows[i].days * KOBAN_DAY_US);
      end_life (&life);
    }
}

static void
test_no_history_is_no_offer (void)
{
  Life life = begin_life (NULL);

  check (&life, 0, 0, KOBAN_REACH_WHOLE);
  g_assert_true (koban_ledger_offer_review (life.ledger, "c1", noon (1), NULL));
  g_autoptr(GVariant) alerts = offered (&life);
  g_assert_cmpuint (g_variant_n_children (alerts), ==, 0);
  end_life (&life);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/history/claim-until", test_the_odd_has_its_time_to_claim);
  g_test_add_func ("/history/life", test_the_life_has_something_to_tell);
  g_test_add_func ("/history/folded-anew", test_folded_anew_is_as_grown);
  g_test_add_func ("/history/restart", test_a_restart_changes_nothing);
  g_test_add_func ("/history/undone-answer", test_an_undone_answer_was_never_given);
  g_test_add_func ("/history/undone-later", test_what_passed_under_an_undone_answer_counts);
  g_test_add_func ("/history/answers", test_answers_are_folded_too);
  g_test_add_func ("/history/old-line", test_an_old_line_is_answered);
  g_test_add_func ("/history/other-version", test_habits_of_another_version_are_folded_anew);
  g_test_add_func ("/review/odd", test_a_review_finds_what_was_before);
  g_test_add_func ("/review/payees", test_a_review_counts_who_took_money);
  g_test_add_func ("/review/since", test_a_review_since_a_day_leaves_out_what_was_before);
  g_test_add_func ("/review/settings", test_a_review_says_what_each_setting_would_tell);
  g_test_add_func ("/review/mine", test_a_review_leaves_out_what_was_mine);
  g_test_add_func ("/review/read-only", test_a_review_needs_no_writing);
  g_test_add_func ("/review/offer", test_an_offer_warns_of_what_can_still_be_claimed);
  g_test_add_func ("/review/no-offer", test_no_history_is_no_offer);
  return g_test_run ();
}
