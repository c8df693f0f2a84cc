/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Statement files: every format and dialect gives the same month to the last unit; what cannot be read is
 * refused and named.
 */
#include "config.h"

#include <koban/error.h>
#include <koban/statement.h>
#include <string.h>

static GBytes *
sample (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests/statements", name, NULL);
  g_autoptr(GError) error = NULL;
  char *data;
  gsize length;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, length);
}

static KobanStatementOptions
today (void)
{
  return (KobanStatementOptions){ .today = koban_date_from_civil (2024, 10, 2) };
}

static GVariant *
only_statement (GVariant *read)
{
  g_autoptr(GVariant) statements = g_variant_lookup_value (read, "statements", G_VARIANT_TYPE ("aa{sv}"));

  g_assert_nonnull (statements);
  g_assert_cmpuint (g_variant_n_children (statements), ==, 1);
  return g_variant_get_child_value (statements, 0);
}

static char *
told_line (GVariant *line, gboolean balances)
{
  const char *date = "", *text = "";
  gint64 amount = 0, balance = 0;

  g_variant_lookup (line, "date", "&s", &date);
  g_variant_lookup (line, "text", "&s", &text);
  g_variant_lookup (line, "amount", "x", &amount);
  if (balances && g_variant_lookup (line, "balance", "x", &balance))
    return g_strdup_printf ("%s %" G_GINT64_FORMAT " =%" G_GINT64_FORMAT, date, amount, balance);
  return g_strdup_printf ("%s %" G_GINT64_FORMAT, date, amount);
}

/* "2024-08-30 -12000 =88000; …" */
static char *
told (GVariant *statement, gboolean balances)
{
  g_autoptr(GVariant) lines = g_variant_lookup_value (statement, "lines", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GString) all = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (lines); i++)
    {
      g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);
      g_autofree char *one = told_line (line, balances);

      g_string_append_printf (all, "%s%s", i > 0 ? "; " : "", one);
    }
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static char *
text_of_line (GVariant *statement, gsize i, const char *key)
{
  g_autoptr(GVariant) lines = g_variant_lookup_value (statement, "lines", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);
  char *text = NULL;

  g_variant_lookup (line, key, "s", &text);
  return text;
}

static gsize
breaks_in (GVariant *statement)
{
  g_autoptr(GVariant) breaks = g_variant_lookup_value (statement, "breaks", G_VARIANT_TYPE ("aa{sv}"));

  return g_variant_n_children (breaks);
}

/* --- every format ------------------------------------------------------------------------------------- */

#define JAPAN_BALANCES                                                                                       \
  "2024-08-30 -12000 =88000; 2024-09-01 -30000 =58000; 2024-09-01 -30000 =28000; 2024-09-25 230090 =258090"
#define JAPAN_PLAIN "2024-08-30 -12000; 2024-09-01 -30000; 2024-09-01 -30000; 2024-09-25 230090"
#define EUROPE_BALANCES                                                                                      \
  "2024-08-30 -1250 =98750; 2024-09-02 -4999 =93751; 2024-09-02 -4999 =88752; 2024-09-27 250000 =338752"
#define EUROPE_PLAIN "2024-08-30 -1250; 2024-09-02 -4999; 2024-09-02 -4999; 2024-09-27 250000"

static const struct
{
  const char *file, *format, *currency, *lines, *second_text;
  const char *number; /* (nullable) */
} samples[] = {
  { "jp-mufg.csv", "jp-mufg", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-smbc.csv", "jp-smbc", "JPY", JAPAN_BALANCES, "口座振替　ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-mizuho.csv", "jp-mizuho", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-yucho.csv", "jp-yucho", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-rakuten.csv", "jp-rakuten", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-rakuten-old.csv", "jp-rakuten-old", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-sbi-sumishin.csv", "jp-sbi-sumishin", "JPY", JAPAN_BALANCES, "口座振替　ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-paypay.csv", "jp-paypay", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-sbi-shinsei.csv", "jp-sbi-shinsei", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-sbi-shinsei-en.csv", "jp-sbi-shinsei-en", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-gmo-aozora.csv", "jp-gmo-aozora", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-aeon.csv", "jp-aeon", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-ja.csv", "jp-ja", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "jp-anser.csv", "jp-anser", "JPY", JAPAN_BALANCES, "口座振替 ﾄﾞｺﾓｺｳｻﾞ" },
  { "de-dkb.csv", "de-dkb", "EUR", EUROPE_PLAIN, "PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "de-ing.csv", "de-ing", "EUR", EUROPE_BALANCES, "PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "uk-barclays.csv", "uk-barclays", "GBP", EUROPE_PLAIN, "PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "uk-monzo.csv", "uk-monzo", "GBP", EUROPE_PLAIN, "PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "us-chase.csv", "us-chase", "USD", EUROPE_BALANCES, "PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "us-bofa.csv", "us-bofa", "USD", EUROPE_BALANCES, "PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "fr-boursobank.csv", "fr-boursobank", "EUR", EUROPE_PLAIN,
    "PRLV SEPA PayPal Europe S.a.r.l. PP.4711.PP . EINKAUF" },
  { "zengin.txt", "zengin", "JPY", JAPAN_PLAIN, "ﾄﾞｺﾓｺｳｻﾞ", "0597-012-1234567" },
  { "zengin-unbroken.txt", "zengin", "JPY", JAPAN_PLAIN, "ﾄﾞｺﾓｺｳｻﾞ", "0597-012-1234567" },
  { "mt940.sta", "mt940", "EUR", EUROPE_PLAIN, "PP.4711.PP . EINKAUF", "10020030/1234567890" },
#ifdef HAVE_CAMT
  { "camt053.xml", "camt", "EUR", EUROPE_PLAIN, "PP.4711.PP . EINKAUF", "DE02100200300012345678" },
#endif
#ifdef HAVE_OFX
  { "japan.ofx", "ofx", "JPY", JAPAN_PLAIN, "口座振替", "0597-1234567" },
  { "us.qfx", "ofx", "USD", EUROPE_PLAIN, "PP.4711.PP . EINKAUF", "0597-1234567" },
#endif
};

static void
test_sample (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(GBytes) bytes = sample (samples[i].file);
  KobanStatementOptions options = today ();
  g_autoptr(GError) error = NULL;
  const char *format = NULL, *currency = NULL, *number = NULL;

  g_autoptr(GVariant) read = koban_statement_read (bytes, &options, &error);
  g_assert_no_error (error);
  g_autoptr(GVariant) statement = only_statement (read);
  g_autofree char *lines = told (statement, strchr (samples[i].lines, '=') != NULL);
  g_autofree char *text = text_of_line (statement, 1, "text");
  g_variant_lookup (read, "format", "&s", &format);
  g_variant_lookup (statement, "currency", "&s", &currency);
  g_variant_lookup (statement, "number", "&s", &number);
  g_assert_cmpstr (format, ==, samples[i].format);
  g_assert_cmpstr (currency, ==, samples[i].currency);
  g_assert_cmpstr (lines, ==, samples[i].lines);
  g_assert_cmpstr (text, ==, samples[i].second_text);
  g_assert_cmpstr (number, ==, samples[i].number);
  g_assert_cmpuint (breaks_in (statement), ==, 0);
}

/* --- what else a file says ------------------------------------------------------------------------------ */

static void
test_time_only_where_the_bank_says_it (void)
{
  g_autoptr(GBytes) with = sample ("jp-paypay.csv");
  g_autoptr(GBytes) without = sample ("jp-rakuten.csv");
  KobanStatementOptions options = today ();
  g_autoptr(GVariant) read = koban_statement_read (with, &options, NULL);
  g_autoptr(GVariant) other = koban_statement_read (without, &options, NULL);
  g_autoptr(GVariant) statement = only_statement (read);
  g_autoptr(GVariant) timeless = only_statement (other);
  g_autoptr(GVariant) lines = g_variant_lookup_value (statement, "lines", NULL);
  g_autoptr(GVariant) line = g_variant_get_child_value (lines, 0);
  gint64 time_us = 0, expected_us;

  g_assert_true (koban_time_parse ("2024-08-30T14:05:09+09:00", &expected_us));
  g_assert_true (g_variant_lookup (line, "time", "x", &time_us));
  g_assert_cmpint (time_us, ==, expected_us);
  g_autoptr(GVariant) other_lines = g_variant_lookup_value (timeless, "lines", NULL);
  g_autoptr(GVariant) other_line = g_variant_get_child_value (other_lines, 0);
  g_assert_false (g_variant_lookup (other_line, "time", "x", &time_us));
}

#ifdef HAVE_CAMT
static void
test_camt_knows_payee_and_mandate (void)
{
  g_autoptr(GBytes) bytes = sample ("camt053.xml");
  KobanStatementOptions options = today ();
  g_autoptr(GVariant) read = koban_statement_read (bytes, &options, NULL);
  g_autoptr(GVariant) statement = only_statement (read);
  g_autofree char *payee = text_of_line (statement, 1, "payee");
  g_autofree char *mandate = text_of_line (statement, 1, "mandate");
  g_autofree char *type = text_of_line (statement, 1, "type");

  g_assert_cmpstr (payee, ==, "PayPal Europe S.a.r.l.");
  g_assert_cmpstr (mandate, ==, "M-17");
  g_assert_cmpstr (type, ==, "direct_debit");
}
#endif

static void
test_balance_that_does_not_add_up_is_told (void)
{
  g_autoptr(GBytes) bytes = sample ("unbalanced.csv");
  KobanStatementOptions options = today ();
  g_autoptr(GVariant) read = koban_statement_read (bytes, &options, NULL);
  g_autoptr(GVariant) statement = only_statement (read);
  g_autoptr(GVariant) breaks = g_variant_lookup_value (statement, "breaks", NULL);
  g_autoptr(GVariant) one = g_variant_get_child_value (breaks, 0);
  gint64 missing = 0;

  g_assert_cmpuint (g_variant_n_children (breaks), ==, 1);
  g_assert_true (g_variant_lookup (one, "missing", "x", &missing));
  g_assert_cmpint (missing, ==, -30000);
}

/* --- what is refused --------------------------------------------------------------------------------------
 */

#define RAKUTEN "取引日,入出金(円),取引後残高(円),入出金内容\n"
#define CAMT(inner) "<?xml version=\"1.0\"?>" inner

static const struct
{
  const char *what, *content;
  KobanError code;
  const char *said; /* (nullable): part of the message */
} refused[] = {
  { "nothing", "", KOBAN_ERROR_INVALID },
  { "prose", "Dear customer,\nyour statement is ready.\n", KOBAN_ERROR_UNSUPPORTED, "--guess" },
  { "no line", RAKUTEN, KOBAN_ERROR_INVALID },
  { "a day that does not exist", RAKUTEN "20240231,-1,1,x\n", KOBAN_ERROR_INVALID, "line 2" },
  { "a sum with letters", RAKUTEN "20240201,-1o0,1,x\n", KOBAN_ERROR_INVALID, "line 2" },
  { "a sum with too many digits", RAKUTEN "20240201,99999999999999999999,1,x\n", KOBAN_ERROR_INVALID,
    "line 2" },
  { "a fraction of a yen", RAKUTEN "20240201,1.5,1,x\n", KOBAN_ERROR_INVALID, "line 2" },
  { "a zengin file cut off", "1030060930060830060925059700000000000000012", KOBAN_ERROR_UNSUPPORTED },
  { "mt940 without an amount", ":20:1\n:25:1\n:60F:C240902EUR1,\n:61:2409020902DNMSC\n", KOBAN_ERROR_INVALID,
    "field" },
#ifdef HAVE_CAMT
  { "an entity",
    CAMT (
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Document><BkToCstmrStmt><Stmt><Id>&x;</Id>"
      "</Stmt></BkToCstmrStmt></Document>"),
    KOBAN_ERROR_INVALID, "document type" },
  { "xml cut off", CAMT ("<Document><BkToCstmrStmt><Stmt>"), KOBAN_ERROR_INVALID },
#endif
};

static void
test_refused (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(GBytes) bytes = g_bytes_new (refused[i].content, strlen (refused[i].content));
  KobanStatementOptions options = today ();
  g_autoptr(GError) error = NULL;

  g_autoptr(GVariant) read = koban_statement_read (bytes, &options, &error);
  g_assert_null (read);
  g_assert_error (error, KOBAN_ERROR, (int) refused[i].code);
  if (refused[i].said != NULL)
    g_assert_nonnull (strstr (error->message, refused[i].said));
}

/* --- guessing
 * ----------------------------------------------------------------------------------------------- */

static const struct
{
  const char *file, *lines;
  const char *currency; /* (nullable) */
} guessed[] = {
  { "guess-jp.csv", JAPAN_BALANCES }, { "guess-de.csv", EUROPE_PLAIN },
  { "jp-mufg.csv", JAPAN_BALANCES },  { "jp-rakuten.csv", JAPAN_BALANCES },
  { "de-ing.csv", EUROPE_BALANCES },  { "us-chase.csv", EUROPE_BALANCES, "USD" },
  { "jp-yucho.csv", JAPAN_BALANCES }, { "jp-mizuho.csv", JAPAN_BALANCES },
};

/* What was guessed is shown, and what is written as a dialect reads the same again. */
static void
test_guess (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(GBytes) bytes = sample (guessed[i].file);
  KobanStatementOptions options = today ();
  g_autoptr(GError) error = NULL;
  const char *dialect = NULL;

  options.currency = guessed[i].currency;
  g_autoptr(GVariant) read = koban_statement_guess (bytes, &options, &error);
  g_assert_no_error (error);
  g_autoptr(GVariant) statement = only_statement (read);
  g_autofree char *lines = told (statement, strchr (guessed[i].lines, '=') != NULL);
  g_assert_cmpstr (lines, ==, guessed[i].lines);

  g_assert_true (g_variant_lookup (read, "dialect", "&s", &dialect));
  g_auto(GStrv) mistakes = koban_statement_lint (dialect, strlen (dialect));
  g_assert_null (mistakes[0]);
  options.dialect = dialect;
  g_autoptr(GVariant) again = koban_statement_read (bytes, &options, &error);
  g_assert_no_error (error);
  g_autoptr(GVariant) same = only_statement (again);
  g_assert_cmpvariant (same, statement);
}

/* --- dialects
 * ------------------------------------------------------------------------------------------------ */

static void
test_packaged_dialects_have_no_mistake (void)
{
  g_autofree char *folder = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "data/statements", NULL);
  g_autoptr(GDir) directory = g_dir_open (folder, 0, NULL);
  guint all = 0, japanese = 0;

  for (const char *name; (name = g_dir_read_name (directory)) != NULL;)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *data = NULL;
      gsize length;

      g_assert_true (g_file_get_contents (path, &data, &length, NULL));
      g_auto(GStrv) mistakes = koban_statement_lint (data, length);
      g_assert_cmpstr (mistakes[0], ==, NULL);
      all++;
      japanese += g_str_has_prefix (name, "jp-") ? 1 : 0;
    }
  g_assert_cmpuint (all, >=, 15);
  g_assert_cmpuint (japanese, >=, 10);
}

#define GOOD                                                                                                 \
  "{\"id\":\"x\",\"name\":\"X\",\"source\":\"s\",\"checked\":\"2024-01-01\",\"currency\":\"EUR\",\"order\":" \
  "\"YMD\","                                                                                                 \
  "\"header\":[\"a\",\"b\",\"c\"],\"columns\":{\"date\":\"a\",\"amount\":\"b\",\"text\":\"c\"}"

static const struct
{
  const char *json, *said;
} mistaken[] = {
  { "{", "line 1" },
  { GOOD ",\"evil\":1}", "evil" },
  { GOOD ",\"decimal\":\"x\"}", "decimal" },
  { GOOD ",\"order\":\"YYYY\"}", "order" },
  { "{\"id\":\"../x\"}", "small letters" },
  { "{\"id\":\"x\",\"columns\":{\"nose\":\"a\"}}", "role" },
};

static void
test_lint (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mistaken); i++)
    {
      g_auto(GStrv) mistakes = koban_statement_lint (mistaken[i].json, strlen (mistaken[i].json));
      g_autofree char *all = g_strjoinv ("\n", mistakes);

      g_assert_nonnull (strstr (all, mistaken[i].said));
    }
  g_auto(GStrv) none = koban_statement_lint (GOOD "}", strlen (GOOD "}"));
  g_assert_cmpstr (none[0], ==, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autofree char *path = g_strdup_printf ("/statement/sample/%s", samples[i].file);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_sample);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = g_strdup_printf ("/statement/refused/%s", refused[i].what);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_refused);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (guessed); i++)
    {
      g_autofree char *path = g_strdup_printf ("/statement/guess/%s", guessed[i].file);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_guess);
    }
  g_test_add_func ("/statement/time-only-where-the-bank-says-it", test_time_only_where_the_bank_says_it);
#ifdef HAVE_CAMT
  g_test_add_func ("/statement/camt-knows-payee-and-mandate", test_camt_knows_payee_and_mandate);
#endif
  g_test_add_func ("/statement/balance-that-does-not-add-up-is-told",
                   test_balance_that_does_not_add_up_is_told);
  g_test_add_func ("/statement/packaged-dialects-have-no-mistake", test_packaged_dialects_have_no_mistake);
  g_test_add_func ("/statement/lint", test_lint);
  return g_test_run ();
}
