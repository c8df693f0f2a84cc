/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Spellings of one name fold to one key, and hostile text leaves harmless.
 */
#include "config.h"

#include <string.h>

#include <koban/text.h>

static void
test_same (void)
{
  static const char *const pairs[][2] = {
    { "ﾄﾞｺﾓｺｳｻﾞ", "ドコモコウザ" },  { "デイバライ", "ディーバライ" },   { "ﾃﾞｲ-ﾊﾞﾗｲ", "ディーバライ" },
    { "ｶｴﾃﾞｶﾌｴ", "ｶｴﾃﾞ ｶﾌｴ" },       { "カエデ　カフェ", "ｶｴﾃﾞｶﾌｴ" },    { "キャッシュ", "ｷﾔﾂｼﾕ" },
    { "ＰａｙＰａｙ", "PAYPAY" },    { "T-Mobile", "TMOBILE" },          { "McDonald’s", "MCDONALDS" },
    { "  SQ  *Cafe ", "sq *cafe" },  { "pay\342\200\213pal", "PAYPAL" }, { "Straße", "STRASSE" },
    { "A\036\314\201", "\303\201" }, /* a control character between a letter and its accent */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *a = koban_text_fold (pairs[i][0]);
      g_autofree char *b = koban_text_fold (pairs[i][1]);

      g_assert_cmpstr (a, ==, b);
      g_assert_cmpuint (koban_text_hash (a), ==, koban_text_hash (b));
    }
}

static void
test_different (void)
{
  g_autofree char *bill = koban_text_fold ("ﾄﾞｺﾓｹｲﾀｲ");
  g_autofree char *wallet = koban_text_fold ("ﾄﾞｺﾓｺｳｻﾞ");
  g_autofree char *parted = koban_text_fold ("AMAZON.COM/BILL 12");
  g_autofree char *broken = koban_text_fold ("A\xff"
                                             "B");

  g_assert_cmpstr (bill, !=, wallet);
  g_assert_cmpstr (wallet, ==, "ドコモコウザ");
  g_assert_cmpstr (parted, ==, "AMAZON COM BILL 12");
  g_assert_cmpstr (broken, ==, "A\357\277\275B");
  g_assert_cmpuint (koban_text_hash (""), ==, G_GUINT64_CONSTANT (0xcbf29ce484222325));
  g_assert_cmpuint (koban_text_hash ("a"), ==, G_GUINT64_CONSTANT (0xaf63dc4c8601ec8c));
}

static void
test_clean (void)
{
  static const struct
  {
    const char *text;
    guint max;
    const char *shown;
  } rows[] = {
    { NULL, 0, "" },
    { "  two\r\n\tlines ", 0, "two lines" },
    { "a\342\200\256b", 0, "ab" },     /* U+202E */
    { "a\342\201\246b", 0, "ab" },     /* U+2066 */
    { "a\342\200\213b", 0, "ab" },     /* U+200B */
    { "a\363\240\201\201b", 0, "ab" }, /* U+E0041 */
    { "a\033[31mb", 0, "a[31mb" },
    { "\033]8;;http://evil.example\033\\x", 0, "]8;;http://evil.example\\x" },
    { "a\302\233b\302\205c", 0, "ab c" }, /* C1, NEL */
    { "a\xff", 0, "a\357\277\275" },
    { "abcdef", 6, "abcdef" },
    { "abcdefg", 6, "abcde…" },
    { "\314\201x", 0, "x" }, /* a mark on nothing */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = koban_text_clean (rows[i].text, rows[i].max);

      g_assert_cmpstr (shown, ==, rows[i].shown);
    }
}

static void
test_combining_run (void)
{
  g_autoptr(GString) text = g_string_new ("a");
  g_autofree char *shown = NULL;

  for (int i = 0; i < 5000; i++)
    g_string_append (text, "\314\201");
  shown = koban_text_clean (text->str, 0);
  g_assert_cmpint (g_utf8_strlen (shown, -1), <=, 5);
}

static void
test_quote (void)
{
  static const struct
  {
    const char *name;
    const char *inside;
  } rows[] = {
    { "ﾄﾞｺﾓｺｳｻﾞ", "ﾄﾞｺﾓｺｳｻﾞ" },
    { "Fraud desk call 0120-444-444", "Fraud desk call …" },
    { "call 0120 444 444 now", "call … now" },
    { "+81 90 1234 5678", "+…" },
    { "call ０１２０", "call ０１２０" },
    { "〇一二〇四四四", "…" },
    { "see http://a.example/x", "see …" },
    { "www.bank.example", "…" },
    { "foo@bar.com", "…" },
    { "go evil.com/path", "go …" },
    { "ｅｖｉｌ．ｃｏｍ", "…" },
    { "Shop 1234", "Shop 1234" },
    { "Cafe\" approved “by bank", "Cafe' approved 'by bank" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *quoted = koban_text_quote (rows[i].name);
      g_autofree char *expected = g_strconcat ("“\342\201\250", rows[i].inside, "\342\201\251”", NULL);

      g_assert_cmpstr (quoted, ==, expected);
    }
}

static void
test_long_name (void)
{
  g_autofree char *quoted = koban_text_quote ("abcdefghij klmnopqrst uvwxyzabcd efghijkl");

  g_assert_cmpint (g_utf8_strlen (quoted, -1), <=, 32 + 4);
  g_assert_nonnull (strstr (quoted, "…"));
}

static void
test_mask (void)
{
  static const char *const rows[][2] = {
    { "GB63SRLG60837101234567", "…4567" },
    { "1234", "…" },
    { "", "…" },
    { "12345", "…2345" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *masked = koban_text_mask_number (rows[i][0]);

      g_assert_cmpstr (masked, ==, rows[i][1]);
    }
}

static void
test_escape (void)
{
  g_autofree char *escaped = koban_text_escape_markup ("<b>&\"'");

  g_assert_cmpstr (escaped, ==, "&lt;b&gt;&amp;&quot;&apos;");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/fold/same", test_same);
  g_test_add_func ("/text/fold/different", test_different);
  g_test_add_func ("/text/clean", test_clean);
  g_test_add_func ("/text/clean/combining-run", test_combining_run);
  g_test_add_func ("/text/quote", test_quote);
  g_test_add_func ("/text/quote/long", test_long_name);
  g_test_add_func ("/text/mask", test_mask);
  g_test_add_func ("/text/escape", test_escape);
  return g_test_run ();
}
