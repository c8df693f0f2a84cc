/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a statement file of one format (FUZZ_FORMAT): either an error with a sentence, or lines whose
 * days, sums and words hold what koban/statement.h promises.
 */
#include "config.h"

#include "fuzz.h"

#include <koban/statement.h>

/* In place of the ones on the machine, which would be read again each time. */
static const char dialect[] = "{\"id\":\"x\",\"name\":\"X\",\"source\":\"s\",\"checked\":\"2024-01-01\","
                              "\"currency\":\"JPY\",\"order\":\"YMD\","
                              "\"encodings\":[\"CP932\",\"UTF-8\",\"CP1252\"],\"header\":[\"日付\",\"摘要\","
                              "\"摘要内容\",\"支払い金額\",\"預かり金額\",\"差引残高\"],"
                              "\"columns\":{\"date\":\"日付\",\"out\":\"支払い金額\",\"in\":\"預かり金額\","
                              "\"balance\":\"差引残高\",\"text\":[\"摘要\",\"摘要内容\"]}}";

static void
check_line (GVariant *line)
{
  const char *date = NULL, *text = NULL;
  KobanDate parsed;
  gint64 amount;

  g_assert_true (g_variant_lookup (line, "date", "&s", &date));
  g_assert_true (koban_date_parse (date, &parsed));
  g_assert_true (g_variant_lookup (line, "amount", "x", &amount));
  g_assert_true (g_variant_lookup (line, "text", "&s", &text));
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
check_statement (GVariant *statement)
{
  g_autoptr(GVariant) lines = g_variant_lookup_value (statement, "lines", G_VARIANT_TYPE ("aa{sv}"));
  const char *from = NULL, *to = NULL;

  g_assert_true (g_variant_lookup (statement, "from", "&s", &from));
  g_assert_true (g_variant_lookup (statement, "to", "&s", &to));
  g_assert_cmpint (g_strcmp0 (from, to), <=, 0);
  for (gsize i = 0; i < g_variant_n_children (lines); i++)
    {
      g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);

      check_line (line);
    }
}

static void
check (GVariant *read)
{
  g_autoptr(GVariant) statements = g_variant_lookup_value (read, "statements", G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (statements); i++)
    {
      g_autoptr(GVariant) statement = g_variant_get_child_value (statements, i);

      check_statement (statement);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr(GError) error = NULL;
  gboolean csv = g_str_equal (FUZZ_FORMAT, "csv"), guess = g_str_equal (FUZZ_FORMAT, "guess");
  const KobanStatementOptions options = {
    .format = csv || guess ? NULL : FUZZ_FORMAT,
    .dialect = csv ? dialect : NULL,
    .currency = guess ? "JPY" : NULL,
    .today = 20000,
  };

  GVariant *read =
    guess ? koban_statement_guess (bytes, &options, &error) : koban_statement_read (bytes, &options, &error);
  g_autoptr(GVariant) owned = read != NULL ? g_variant_ref_sink (read) : NULL;
  g_assert_true ((owned == NULL) == (error != NULL));
  if (owned != NULL)
    check (owned);
  else
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  return 0;
}
