/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The clock of a claim: every rule of the data files is whole, each kind of count gives the day that a
 * calendar gives, a note ends what it is about, and the person's own row takes the place of the packaged one.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <koban/deadlines.h>
#include <koban/error.h>
#include <koban/ledger.h>

#include "wire/json-reader.h"

static KobanDate
day (const char *text)
{
  KobanDate date = KOBAN_NO_DATE;

  g_assert_true (koban_date_parse (text, &date));
  return date;
}

static KobanDeadlines *
load (void)
{
  g_autoptr(GError) error = NULL;
  KobanDeadlines *rules = koban_deadlines_load (NULL, &error);

  g_assert_no_error (error);
  return rules;
}

static GPtrArray *
count (KobanDeadlines *rules, const char *claim, const char *today)
{
  g_autoptr(GVariant) row = g_variant_ref_sink (g_variant_new_parsed (claim));

  return koban_deadlines_count (rules, row, 540, day (today), "en");
}

static const KobanDeadline *
find (GPtrArray *deadlines, const char *id)
{
  for (guint i = 0; i < deadlines->len; i++)
    if (g_str_equal (((KobanDeadline *) deadlines->pdata[i])->id, id))
      return deadlines->pdata[i];
  return NULL;
}

static const KobanDeadline *
need (GPtrArray *deadlines, const char *id)
{
  const KobanDeadline *found = find (deadlines, id);

  if (found == NULL)
    g_error ("There is no deadline %s", id);
  return found;
}

/* 2024-09-03 00:30 in Japan */
#define NOTICED "'noticed': <int64 1725291000000000>"
#define DOCOMO                                                                                               \
  "'first': <'2024-09-01'>, 'last': <'2024-09-02'>, " NOTICED                                                \
  ", 'services': <['ドコモ口座']>, 'types': <['direct_debit']>, 'banks': <['starling', 'MyBank']>"
#define YEN ", 'total': <(int64 -300000, 'JPY')>, 'repaid': <(int64 0, 'JPY')>"

/* A claim, a rule that it falls under, and its last day; NULL: it does not. */
static const struct
{
  const char *claim, *id, *due;
} counts[] = {
  { "{" DOCOMO YEN "}", "jp-bank-notice", "2024-10-01" },
  { "{" DOCOMO YEN "}", "jp-bank-void", "2026-09-01" },
  { "{" DOCOMO YEN "}", "jp-docomo-papers", "2024-10-03" }, /* noticed after midnight in Japan */
  /* a link was told of two days before anything was lost */
  { "{'first': <'2024-09-05'>, 'services': <['ドコモ口座']>, " NOTICED YEN "}", "jp-docomo-papers",
    "2024-10-05" },
  { "{" DOCOMO YEN "}", "jp-docomo-oldest", "2024-11-30" },
  { "{" DOCOMO YEN "}", "jp-paypay", NULL },
  { "{" DOCOMO YEN "}", "gb-bank-notice", NULL },
  { "{'first': <'2024-09-01'>, 'last': <'2024-09-20'>, 'services': <['PayPay']>" YEN "}", "jp-paypay",
    "2024-11-19" },
  { "{'first': <'2024-01-31'>, 'last': <'2024-01-31'>, 'total': <(int64 -1, 'GBP')>}", "gb-bank-notice",
    "2025-02-28" },
  { "{'first': <'2024-12-10'>, 'types': <['direct_debit']>, 'total': <(int64 -1, 'EUR')>}", "eu-debit-refund",
    "2025-02-04" },
  { "{'first': <'2024-12-10'>, 'types': <['card']>, 'total': <(int64 -1, 'EUR')>}", "eu-debit-refund", NULL },
  { "{'first': <'2024-09-06'>, 'noticed': <int64 1725624000000000>, 'total': <(int64 -1, 'USD')>}",
    "us-bank-two-days", "2024-09-10" }, /* Friday → Tuesday */
  { "{'first': <'2024-09-06'>, 'total': <(int64 -1, 'USD')>}", "us-bank-credit", NULL }, /* nobody was told */
  { "{'first': <'2024-09-06'>, 'total': <(int64 -1, 'GBP')>, 'notes': <[{'to': <'bank'>, 'at': <int64 "
    "1725624000000000>}]>}",
    "gb-bank-refund", "2024-09-09" },
  { "{'first': <'2024-09-06'>, 'total': <(int64 -1, 'CHF')>}", "eu-bank-notice", NULL },
};

static void
test_each_rule_is_counted (void)
{
  g_autoptr(KobanDeadlines) rules = load ();

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr(GPtrArray) deadlines = count (rules, counts[i].claim, "2024-09-04");
      const KobanDeadline *found = find (deadlines, counts[i].id);

      g_test_message ("row %u: %s", (guint) i, counts[i].id);
      g_assert_true ((found != NULL) == (counts[i].due != NULL));
      if (found == NULL)
        continue;
      g_autofree char *due = koban_date_format (found->due);
      g_assert_cmpstr (due, ==, counts[i].due);
      g_assert_false (found->done);
      g_assert_false (found->old);
    }
}

static void
test_the_soonest_is_first (void)
{
  g_autoptr(KobanDeadlines) rules = load ();
  g_autoptr(GPtrArray) deadlines = count (rules, "{" DOCOMO YEN "}", "2024-09-04");

  g_assert_cmpuint (deadlines->len, ==, 5);
  g_assert_cmpstr (((KobanDeadline *) deadlines->pdata[0])->id, ==, "jp-bank-notice");
  for (guint i = 1; i < deadlines->len; i++)
    {
      const KobanDeadline *before = deadlines->pdata[i - 1], *after = deadlines->pdata[i];
      g_assert_true (after->due == KOBAN_NO_DATE ||
                     (before->due != KOBAN_NO_DATE && before->due <= after->due));
    }
  g_assert_cmpint (((KobanDeadline *) deadlines->pdata[4])->due, ==,
                   KOBAN_NO_DATE); /* the police: no time is stated */
}

static void
test_a_note_ends_its_own (void)
{
  g_autoptr(KobanDeadlines) rules = load ();
  g_autoptr(GPtrArray) told = count (
    rules, "{" DOCOMO YEN ", 'notes': <[{'to': <'bank'>, 'at': <int64 1725350000000000>}]>}", "2024-09-04");
  g_autoptr(GPtrArray) repaid =
    count (rules, "{" DOCOMO ", 'total': <(int64 -300000, 'JPY')>, 'repaid': <(int64 300000, 'JPY')>}",
           "2024-09-04");

  g_assert_true (need (told, "jp-bank-notice")->done);
  g_assert_cmpint (need (told, "jp-bank-notice")->done_us, ==, 1725350000000000);
  g_assert_false (need (told, "jp-docomo-papers")->done);
  for (guint i = 0; i < repaid->len; i++)
    g_assert_true (((KobanDeadline *) repaid->pdata[i])->done);
}

static void
test_an_old_rule_says_so (void)
{
  g_autoptr(KobanDeadlines) rules = load ();
  g_autoptr(GPtrArray) later = count (rules, "{" DOCOMO YEN "}", "2028-06-01");

  g_assert_true (need (later, "jp-bank-notice")->old);
}

static void
test_windows_of_banks (void)
{
  g_autoptr(KobanDeadlines) rules = load ();

  g_autoptr(GVariant) windows = g_variant_ref_sink (koban_deadlines_windows (rules));
  static const struct
  {
    const char *currency;
    gint64 shortest, longest;
  } rows[] = {
    { "JPY", 30, 730 }, { "GBP", 395, 395 }, { "EUR", 56, 395 }, { "USD", 60, 60 }, { "CHF", 0, 0 }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 shortest = 0, longest = 0;

      g_variant_lookup (windows, rows[i].currency, "(xx)", &shortest, &longest);
      g_assert_cmpint (shortest, ==, rows[i].shortest);
      g_assert_cmpint (longest, ==, rows[i].longest);
    }
}

/* A folder of the person's own with one file; the packaged rows stay, but for the one that it names. */
static void
test_an_own_row_takes_its_place (void)
{
  static const char own[] =
    "{\"format\":1,\"country\":\"JP\",\"currencies\":[\"JPY\"],\"deadlines\":[{\"id\":\"jp-bank-notice\","
    "\"party\":\"bank\","
    "\"from\":\"first\",\"within\":{\"days\":14},\"banks\":[\"MyBank\"],\"name\":{\"en\":\"my "
    "bank\"},\"task\":{\"en\":\"t\"},"
    "\"rule\":{\"en\":\"r\"},\"source\":\"my contract\",\"checked\":\"2026-11-25\"}]}";
  g_autofree char *folder = g_dir_make_tmp ("koban-deadlines-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "mine.json", NULL);
  const char *const folders[] = { g_getenv ("KOBAN_DEADLINES"), folder, NULL };
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (file, own, -1, NULL));
  g_autoptr(KobanDeadlines) rules = koban_deadlines_load (folders, &error);
  g_assert_no_error (error);
  g_autoptr(GPtrArray) deadlines = count (rules, "{" DOCOMO YEN "}", "2024-09-04");
  g_autofree char *due = koban_date_format (need (deadlines, "jp-bank-notice")->due);
  g_assert_cmpstr (due, ==, "2024-09-15");
  g_assert_cmpuint (deadlines->len, ==, 5);
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

#define ROW(extra)                                                                                           \
  "{\"format\":1,\"country\":\"JP\",\"currencies\":[\"JPY\"],\"deadlines\":[{\"id\":\"x\",\"source\":\"s\"," \
  "\"name\":{\"en\":\"n\"},\"task\":{\"en\":\"t\"},\"rule\":{\"en\":\"r\"}," extra "}]}"

static const struct
{
  const char *file, *said;
} wrong[] = {
  { "{\"format\":2}", "format 1" },
  { "{\"format\":1,\"deadlines\":[]}", "currencies" },
  { ROW ("\"party\":\"bank\",\"from\":\"first\""), "checked" },
  { ROW ("\"party\":\"judge\",\"from\":\"first\",\"checked\":\"2026-11-25\""), "party" },
  { ROW ("\"party\":\"bank\",\"from\":\"never\",\"checked\":\"2026-11-25\""), "from" },
  { ROW ("\"party\":\"bank\",\"from\":\"first\",\"checked\":\"2026-11-25\",\"within\":{\"moons\":1}"),
    "within" },
  { ROW ("\"party\":\"bank\",\"from\":\"first\",\"checked\":\"2026-11-25\",\"within\":{\"days\":0}"),
    "within" },
};

static void
test_a_wrong_file_is_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *folder = g_dir_make_tmp ("koban-deadlines-XXXXXX", NULL);
      g_autofree char *file = g_build_filename (folder, "mine.json", NULL);
      const char *const folders[] = { folder, NULL };
      g_autoptr(GError) error = NULL;

      g_assert_true (g_file_set_contents (file, wrong[i].file, -1, NULL));
      g_assert_null (koban_deadlines_load (folders, &error));
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, wrong[i].said));
      g_assert_cmpint (g_unlink (file), ==, 0);
      g_assert_cmpint (g_rmdir (folder), ==, 0);
    }
}

/* --- the data themselves -------------------------------------------------------------------------------- */

static KobanJson *
read_json (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "data", folder, name, NULL);
  g_autofree char *data = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  KobanJson *json = koban_json_parse (data, length, &error);
  g_assert_no_error (error);
  return json;
}

static void
collect_names (const char *file, GHashTable *names)
{
  g_autoptr(KobanJson) json = read_json ("services", file);
  KobanJsonNode services = koban_json_member (koban_json_root (json), "services");

  for (KobanJsonNode row = koban_json_first (services); koban_json_exists (row); row = koban_json_next (row))
    g_hash_table_add (names, g_strdup (koban_json_string (koban_json_member (row, "name"))));
}

static void
check_words (KobanJsonNode words)
{
  static const char *const languages[] = { "en", "ja" };

  for (gsize i = 0; i < G_N_ELEMENTS (languages); i++)
    {
      const char *text = koban_json_string (koban_json_member (words, languages[i]));
      g_assert_true (text != NULL && *text != '\0');
    }
}

/* Both languages, a day that has been, and services that the directory knows by that name. */
static void
check_rows (const char *folder, const char *file, const char *list, GHashTable *services)
{
  g_autoptr(KobanJson) json = read_json (folder, file);
  KobanJsonNode rows = koban_json_member (koban_json_root (json), list);

  g_assert_cmpuint (koban_json_length (rows), >, 0);
  for (KobanJsonNode row = koban_json_first (rows); koban_json_exists (row); row = koban_json_next (row))
    {
      KobanJsonNode names = koban_json_member (row, "services");
      const char *source = koban_json_string (koban_json_member (row, "source"));

      check_words (koban_json_member (row, "name"));
      g_assert_true (source != NULL && *source != '\0');
      g_assert_cmpint (day (koban_json_string (koban_json_member (row, "checked"))), >=, day ("2026-01-01"));
      for (KobanJsonNode name = koban_json_first (names); koban_json_exists (name);
           name = koban_json_next (name))
        g_assert_true (g_hash_table_contains (services, koban_json_string (name)));
      if (g_str_equal (list, "deadlines"))
        {
          check_words (koban_json_member (row, "task"));
          check_words (koban_json_member (row, "rule"));
        }
    }
}

static void
check_folder (const char *folder, const char *list, GHashTable *services)
{
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "data", folder, NULL);
  g_autoptr(GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;
  guint files = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      if (g_str_has_suffix (name, ".schema.json"))
        {
          koban_json_unref (read_json (folder, name));
          continue;
        }
      check_rows (folder, name, list, services);
      files++;
    }
  g_assert_cmpuint (files, >=, 3);
}

static void
test_the_data_are_whole (void)
{
  g_autoptr(GHashTable) services = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  collect_names ("jp.json", services);
  check_folder ("deadlines", "deadlines", services);
  check_folder ("help", "lines", services);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/deadlines/counts", test_each_rule_is_counted);
  g_test_add_func ("/deadlines/order", test_the_soonest_is_first);
  g_test_add_func ("/deadlines/done", test_a_note_ends_its_own);
  g_test_add_func ("/deadlines/old", test_an_old_rule_says_so);
  g_test_add_func ("/deadlines/windows", test_windows_of_banks);
  g_test_add_func ("/deadlines/own", test_an_own_row_takes_its_place);
  g_test_add_func ("/deadlines/wrong", test_a_wrong_file_is_refused);
  g_test_add_func ("/deadlines/data", test_the_data_are_whole);
  return g_test_run ();
}
