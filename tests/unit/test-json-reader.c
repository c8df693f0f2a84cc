/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What passes the JSON guard, what is refused and where, and what a reader then finds.
 */
#include "config.h"

#include "wire/json-names.h"
#include "wire/json-reader.h"

#include <koban/error.h>

#include <string.h>

/* Its 64th byte is in the middle of a character. */
#define KANJI_10                                                                                             \
  "\xe4\xba\xa4\xe4\xba\xa4\xe4\xba\xa4\xe4\xba\xa4\xe4\xba\xa4\xe4\xba\xa4\xe4\xba\xa4\xe4\xba\xa4\xe4\xba" \
  "\xa4\xe4\xba\xa4"
#define LONG_NAME KANJI_10 KANJI_10 KANJI_10

#define TEXT(literal) (literal), sizeof (literal) - 1

typedef struct
{
  const char *text;
  gsize length;
  const char *error; /* what the message contains; NULL: it passes */
} Row;

static const Row rows[] = {
  /* Every kind of value may stand alone. */
  { TEXT ("null"), NULL },
  { TEXT ("true"), NULL },
  { TEXT ("false"), NULL },
  { TEXT ("0"), NULL },
  { TEXT ("\"\""), NULL },
  { TEXT ("[]"), NULL },
  { TEXT ("{}"), NULL },
  { TEXT (" \t\r\n[ \t\r\n] \t\r\n"), NULL },
  { TEXT ("[1,2,3]"), NULL },
  { TEXT ("{\"a\":{\"b\":[{\"c\":null}]}}"), NULL },
  { TEXT ("{\"\":1}"), NULL },
  { TEXT ("{\"a\":1,\"A\":2}"), NULL },
  { TEXT ("[{\"a\":1},{\"a\":1}]"), NULL },
  { TEXT ("{\"a\":{\"a\":{\"a\":1}}}"), NULL },
  { TEXT ("[[],[[]],{}]"), NULL },
  /* Numbers of any size are text. */
  { TEXT ("-0"), NULL },
  { TEXT ("-0.0e-0"), NULL },
  { TEXT ("1E+2"), NULL },
  { TEXT ("1e400"), NULL },
  { TEXT ("123456789012345678901234567890"), NULL },
  { TEXT ("0.1"), NULL },
  { TEXT ("[0,-1,10.50]"), NULL },
  /* Strings. */
  { TEXT ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""), NULL },
  { TEXT ("\"\x7f\""), NULL },
  { TEXT ("\"\xe4\xba\xa4\xe7\x95\xaa\""), NULL },
  { TEXT ("\"\xf4\x8f\xbf\xbf\""), NULL },
  { TEXT ("\"\\ud83d\\ude00\""), NULL },
  /* A broken character costs itself. */
  { TEXT ("\"\\ud800\""), NULL },
  { TEXT ("\"\\udc00\\ud800\""), NULL },
  { TEXT ("\"\\u0000\""), NULL },
  { TEXT ("\"\xff\""), NULL },
  { TEXT ("\"caf\xe9\""), NULL },
  { TEXT ("\"\xc0\x80\""), NULL },
  { TEXT ("{\"\xff\":1}"), NULL },

  /* Nothing, or not JSON at all. */
  { TEXT (""), "line 1, column 1: it is empty" },
  { TEXT (" \n "), "it is empty" },
  { TEXT ("<html>"), "line 1, column 1: a value was expected, but “<” was found" },
  { TEXT ("\xef\xbb\xbf{}"), "byte order mark" },
  { TEXT ("\xff\xfe{\0}\0"), "UTF-16" },
  { TEXT ("\xfe\xff\0{\0}"), "UTF-16" },
  { TEXT ("{\0}\0"), "UTF-16" },
  { TEXT ("\0{\0}"), "UTF-16" },
  { TEXT ("\0"), "byte 0x00" },
  { TEXT ("var x = {};"), "column 1: a value" },
  { TEXT ("undefined"), "a value" },
  /* Trailing things. */
  { TEXT ("{}{}"), "line 1, column 3: nothing more was expected" },
  { TEXT ("{\"a\":1}{\"b\":2}"), "column 8: nothing more" },
  { TEXT ("[1] x"), "nothing more was expected, but “x”" },
  { TEXT ("1 2"), "nothing more" },
  { TEXT ("[]\0"), "nothing more was expected, but byte 0x00" },
  { TEXT ("2[]]]]]"), "nothing more" },
  { TEXT ("\"a\" \"b\""), "nothing more" },
  { TEXT ("[]]"), "nothing more" },
  /* Cut. */
  { TEXT ("["), "the text ends here" },
  { TEXT ("[1"), "“,” or “]” was expected, but the text ends here" },
  { TEXT ("[1,"), "a value was expected, but the text ends here" },
  { TEXT ("{"), "the text ends here" },
  { TEXT ("{\"a\""), "“:” was expected, but the text ends here" },
  { TEXT ("{\"a\":"), "the text ends here" },
  { TEXT ("{\"a\":1"), "“,” or “}” was expected, but the text ends here" },
  { TEXT ("\"abc"), "the text ends here" },
  { TEXT ("\"abc\\"), "the text ends here" },
  { TEXT ("\"\\u12"), "four hexadecimal digits" },
  { TEXT ("tru"), "a value" },
  { TEXT ("\"\xe4\xba"), "the text ends here" },
  /* Punctuation. */
  { TEXT ("[1,]"), "column 4: a value was expected, but “]”" },
  { TEXT ("[,1]"), "a value was expected, but “,”" },
  { TEXT ("[1 2]"), "“,” or “]” was expected, but “2”" },
  { TEXT ("[1}"), "“,” or “]” was expected, but “}”" },
  { TEXT ("{\"a\":1]"), "“,” or “}” was expected, but “]”" },
  { TEXT ("{\"a\":1,}"), "a name in quotation marks was expected, but “}”" },
  { TEXT ("{,}"), "a name in quotation marks" },
  { TEXT ("{\"a\" 1}"), "“:” was expected, but “1”" },
  { TEXT ("{\"a\":}"), "a value was expected, but “}”" },
  { TEXT ("{\"a\"::1}"), "a value was expected, but “:”" },
  { TEXT ("{1:2}"), "a name in quotation marks" },
  { TEXT ("{a:1}"), "a name in quotation marks" },
  { TEXT ("{'a':1}"), "a name in quotation marks was expected, but “'”" },
  { TEXT ("'a'"), "a value was expected, but “'”" },
  { TEXT (":"), "a value" },
  { TEXT ("[1:2]"), "“,” or “]”" },
  { TEXT ("/* x */ 1"), "a value was expected, but “/”" },
  { TEXT ("[1 // x\n]"), "“,” or “]”" },
  { TEXT ("\f[]"), "a value was expected, but byte 0x0C" },
  { TEXT ("\xc2\xa0[]"), "a value was expected, but byte 0xC2" },
  /* Numbers. */
  { TEXT ("01"), "this is not a number" },
  { TEXT ("[-01]"), "column 2: this is not a number" },
  { TEXT ("+1"), "a value was expected, but “+”" },
  { TEXT ("-"), "this is not a number" },
  { TEXT ("--1"), "this is not a number" },
  { TEXT ("1."), "this is not a number" },
  { TEXT (".5"), "a value was expected, but “.”" },
  { TEXT ("1e"), "this is not a number" },
  { TEXT ("1e+"), "this is not a number" },
  { TEXT ("1.e3"), "this is not a number" },
  { TEXT ("0x1F"), "nothing more was expected, but “x”" },
  { TEXT ("[1,23 4]"), "“,” or “]” was expected, but “4”" },
  { TEXT ("NaN"), "a value" },
  { TEXT ("nan"), "a value" },
  { TEXT ("-Infinity"), "this is not a number" },
  { TEXT ("1_000"), "nothing more" },
  { TEXT ("[1.2.3]"), "“,” or “]”" },
  /* Strings. */
  { TEXT ("\"a\nb\""), "the end of the string or an escape was expected, but byte 0x0A" },
  { TEXT ("\"\\\xff\n\""), "one of the escapes" },
  { TEXT ("\"a\tb\""), "byte 0x09" },
  { TEXT ("\"a\0b\""), "byte 0x00" },
  { TEXT ("\"\\x41\""), "one of the escapes" },
  { TEXT ("\"\\a\""), "one of the escapes" },
  { TEXT ("\"\\U0041\""), "one of the escapes" },
  { TEXT ("\"\\u00g0\""), "four hexadecimal digits" },
  { TEXT ("\"\\u{41}\""), "four hexadecimal digits" },
  { TEXT ("\"\\\n\""), "one of the escapes" },
  /* Literals. */
  { TEXT ("True"), "a value" },
  { TEXT ("nul"), "a value" },
  { TEXT ("truely"), "nothing more" },
  /* Duplicate names, also when spelt differently. */
  { TEXT ("{\"a\":1,\"a\":1}"), "line 1, column 8: the name “a” is used twice" },
  { TEXT ("{\"a\":1,\"\\u0061\":2}"), "the name “a” is used twice" },
  { TEXT ("{\"\":1,\"\":2}"), "used twice" },
  { TEXT ("{\"x\":[1,{\"b\":1,\n\"c\":2, \"b\":3}]}"), "line 2, column 8: the name “b” is used twice" },
  { TEXT ("{\"a\":{\"b\":1},\"c\":2,\"a\":3}"), "the name “a” is used twice" },
  { TEXT ("{\"" LONG_NAME "\":1,\"" LONG_NAME "\":2}"), "is used twice" },
  /* Places. */
  { TEXT ("[\n  1,\n  x\n]"), "line 3, column 3: a value" },
  { TEXT ("[1,\n2,\r\n\"\xe4\xba\xa4\xe7\x95\xaa\" x]"), "line 3, column 6: “,” or “]”" },
  { TEXT ("[1\n2]"), "line 2, column 1" },
};

static void
test_table (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      /* A copy of exactly this length, so that a sanitizer sees a byte too many. */
      g_autofree char *copy = g_memdup2 (rows[i].text, rows[i].length);
      g_autoptr(GError) error = NULL;
      g_autoptr(KobanJson) json = koban_json_parse (copy, rows[i].length, &error);
      g_autofree char *shown = g_strescape (rows[i].text, NULL);
      const char *said = error != NULL ? error->message : "(passed)";

      g_test_message ("row %u: %s", i, shown);
      if (rows[i].error == NULL)
        {
          g_assert_no_error (error);
          g_assert_nonnull (json);
          continue;
        }

      g_assert_null (json);
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_true (g_utf8_validate (said, -1, NULL));
      if (strstr (said, rows[i].error) == NULL)
        g_assert_cmpstr (said, ==, rows[i].error);
    }
}

static KobanJson *
parse (const char *text)
{
  g_autoptr(GError) error = NULL;
  KobanJson *json = koban_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (json);
  return json;
}

static const struct
{
  const char *json;
  const char *text;
} texts[] = {
  { "\"plain\"", "plain" },
  { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
  { "\"\\u0041\\u00e9\\u3042\"", "A\xc3\xa9\xe3\x81\x82" },
  { "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!" },
  { "\"a\\ud83d\"", "a\xef\xbf\xbd" },
  { "\"\\ud83dx\"", "\xef\xbf\xbdx" },
  { "\"\\ud83d\\n\"", "\xef\xbf\xbd\n" },
  { "\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                          "A" },
  { "\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd" },
  { "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
  { "\"a\\u0000b\"", "a\xef\xbf\xbd"
                     "b" },
  { "\"caf\xe9\"", "caf\xef\xbf\xbd" },
  { "\"\xed\xa0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
  { "\"\xe4\xba\"", "\xef\xbf\xbd\xef\xbf\xbd" },
  { "\"\xe4\xba\xa4\\u756a\"", "\xe4\xba\xa4\xe7\x95\xaa" },
  { "0", "0" },
  { "-0", "-0" },
  { "1e400", "1e400" },
  { "1234567.890", "1234567.890" },
  { "123456789012345678901234567890", "123456789012345678901234567890" },
  { "null", NULL },
  { "[\"x\"]", NULL },
};

static void
test_texts_are_as_sent (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(KobanJson) json = parse (texts[i].json);
      const char *text = koban_json_text (koban_json_root (json));

      g_assert_cmpstr (text, ==, texts[i].text);
      g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
    }
}

static const struct
{
  const char *pointer;
  const char *text; /* NULL: there is no such node */
} pointers[] = {
  { "/amount/minorUnits", "-1050" },
  { "/list/0", "zero" },
  { "/list/2", "two" },
  { "/list/3", NULL },
  { "/list/00", NULL },
  { "/list/01", NULL },
  { "/list/-", NULL },
  { "/list/-1", NULL },
  { "/list/+1", NULL },
  { "/list/", NULL },
  { "/list/1x", NULL },
  { "/list/4294967296", NULL },
  { "/list/99999999999999999999", NULL },
  { "/", "empty" },
  { "//x", NULL },
  { "/a~1b", "slash" },
  { "/m~0n", "tilde" },
  { "/m~01n", "not a slash" },
  { "/m~2n", NULL },
  { "/m~", NULL },
  { "/0", "digit name" },
  { "/deep/1/k/0", "found" },
  { "/deep/1/k/0/x", NULL },
  { "/\xe4\xba\xa4", "kanji" },
  { "amount", NULL },
  { "/amount ", NULL },
};

static const char sample[] =
  "{\n"
  "  \"amount\": {\"currency\": \"GBP\", \"minorUnits\": -1050},\n"
  "  \"list\": [\"zero\", {}, \"two\"],\n"
  "  \"\": \"empty\", \"a/b\": \"slash\", \"m~n\": \"tilde\", \"m~1n\": \"not a slash\",\n"
  "  \"0\": \"digit name\", \"deep\": [[], {\"k\": [\"found\"]}],\n"
  "  \"\\u4ea4\": \"kanji\",\n"
  "  \"yes\": true, \"no\": false, \"nothing\": null\n"
  "}\n";

static void
test_pointers (void)
{
  g_autoptr(KobanJson) json = parse (sample);
  KobanJsonNode root = koban_json_root (json);

  for (guint i = 0; i < G_N_ELEMENTS (pointers); i++)
    {
      KobanJsonNode node = koban_json_at (root, pointers[i].pointer);

      g_test_message ("%s", pointers[i].pointer);
      g_assert_cmpint (koban_json_exists (node), ==, pointers[i].text != NULL);
      g_assert_cmpstr (koban_json_text (node), ==, pointers[i].text);
    }

  g_assert_cmpuint (koban_json_at (root, "").token, ==, root.token);
  g_assert_true (koban_json_exists (koban_json_at (root, "")));
}

static void
test_walk (void)
{
  g_autoptr(KobanJson) json = parse (sample);
  KobanJsonNode root = koban_json_root (json);
  g_autoptr(GString) names = g_string_new (NULL);

  for (KobanJsonNode node = koban_json_first (root); koban_json_exists (node); node = koban_json_next (node))
    g_string_append_printf (names, "%s@%u ", koban_json_name (node), koban_json_line (node));

  g_assert_cmpstr (names->str, ==,
                   "amount@2 list@3 @4 a/b@4 m~n@4 m~1n@4 0@5 deep@5 \xe4\xba\xa4@6 yes@7 no@7 nothing@7 ");
  g_assert_cmpuint (koban_json_length (root), ==, 12);
  g_assert_cmpuint (koban_json_length (koban_json_member (root, "list")), ==, 3);
  g_assert_cmpuint (koban_json_length (koban_json_member (root, "yes")), ==, 0);
  g_assert_null (koban_json_name (koban_json_at (root, "/list/0")));
  g_assert_null (koban_json_name (root));
  g_assert_true (koban_json_is_true (koban_json_member (root, "yes")));
  g_assert_false (koban_json_is_true (koban_json_member (root, "no")));
  g_assert_cmpint (koban_json_type (koban_json_member (root, "nothing")), ==, KOBAN_JSON_NULL);
  g_assert_cmpstr (koban_json_string (koban_json_at (root, "/amount/currency")), ==, "GBP");
  g_assert_null (koban_json_string (koban_json_at (root, "/amount/minorUnits")));
}

static void
test_no_node_answers_everything (void)
{
  KobanJsonNode none = KOBAN_JSON_NONE;
  gint64 value = 7;

  g_assert_false (koban_json_exists (koban_json_member (none, "a")));
  g_assert_false (koban_json_exists (koban_json_at (none, "/a")));
  g_assert_false (koban_json_exists (koban_json_first (none)));
  g_assert_false (koban_json_exists (koban_json_next (none)));
  g_assert_cmpuint (koban_json_length (none), ==, 0);
  g_assert_null (koban_json_name (none));
  g_assert_null (koban_json_text (none));
  g_assert_null (koban_json_string (none));
  g_assert_false (koban_json_is_true (none));
  g_assert_false (koban_json_int64 (none, &value));
  g_assert_cmpint (value, ==, 7);
}

static const struct
{
  const char *json;
  gboolean fits;
  gint64 value;
} integers[] = {
  { "0", TRUE, 0 },
  { "-0", TRUE, 0 },
  { "9223372036854775807", TRUE, G_MAXINT64 },
  { "-9223372036854775808", TRUE, G_MININT64 },
  { "9223372036854775808", FALSE, 0 },
  { "12345678901234567890", FALSE, 0 },
  { "1.0", FALSE, 0 },
  { "1e3", FALSE, 0 },
  { "\"42\"", TRUE, 42 },
  { "\"-42\"", TRUE, -42 },
  { "\"\"", FALSE, 0 },
  { "\" 42\"", FALSE, 0 },
  { "\"42 \"", FALSE, 0 },
  { "\"0x2a\"", FALSE, 0 },
  { "true", FALSE, 0 },
  { "[1]", FALSE, 0 },
};

static void
test_integers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (integers); i++)
    {
      g_autoptr(KobanJson) json = parse (integers[i].json);
      gint64 value = 77;

      g_test_message ("%s", integers[i].json);
      g_assert_cmpint (koban_json_int64 (koban_json_root (json), &value), ==, integers[i].fits);
      g_assert_cmpint (value, ==, integers[i].fits ? integers[i].value : 77);
    }
}

/* @depth arrays in each other. */
static char *
nested (guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static char *
repeated (const char *open, const char *element, guint n, const char *close)
{
  GString *text = g_string_new (open);

  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, i > 0 ? "," : "");
      g_string_append (text, element);
    }
  g_string_append (text, close);
  return g_string_free (text, FALSE);
}

static void
assert_refused (const char *text, gsize length, const char *what)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) json = koban_json_parse (text, length, &error);

  g_assert_null (json);
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, what));
}

static void
test_limits (void)
{
  g_autofree char *deepest = nested (KOBAN_JSON_MAX_DEPTH);
  g_autofree char *too_deep = nested (KOBAN_JSON_MAX_DEPTH + 1);
  g_autofree char *far_too_deep = nested (100000);
  g_autofree char *most = repeated ("[", "1", KOBAN_JSON_MAX_TOKENS - 1, "]");
  g_autofree char *too_many = repeated ("[", "1", KOBAN_JSON_MAX_TOKENS, "]");
  g_autofree char *longest = g_strnfill (KOBAN_JSON_MAX_BYTES + 1, ' ');
  g_autoptr(KobanJson) deep = parse (deepest);
  g_autoptr(KobanJson) many = parse (most);
  g_autoptr(KobanJson) big = NULL;

  g_assert_cmpuint (koban_json_length (koban_json_root (deep)), ==, 1);
  g_assert_cmpuint (koban_json_length (koban_json_root (many)), ==, KOBAN_JSON_MAX_TOKENS - 1);

  assert_refused (too_deep, strlen (too_deep), "deeper than 64 levels");
  assert_refused (far_too_deep, strlen (far_too_deep), "line 1, column 65: it is nested deeper");
  assert_refused (too_many, strlen (too_many), "more than 2000000 values");
  assert_refused (longest, KOBAN_JSON_MAX_BYTES + 1, "longer than 8388608 bytes");

  longest[0] = '1';
  big = koban_json_parse (longest, KOBAN_JSON_MAX_BYTES, NULL);
  g_assert_nonnull (big);
}

/* An object of @n names; the last one is the first again if @twice. */
static char *
object_of (guint n, gboolean twice)
{
  GString *text = g_string_new ("{\"k0\":0");

  for (guint i = 1; i < n; i++)
    g_string_append_printf (text, ",\"k%u\":%u", i, i);
  g_string_append (text, twice ? ",\"k0\":0}" : "}");
  return g_string_free (text, FALSE);
}

static void
test_many_names (void)
{
  static const guint sizes[] = { 1, 2, 15, 16, 17, 18, 31, 32, 33, 64, 65, 1000, 100000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *good = object_of (sizes[i], FALSE);
      g_autofree char *bad = object_of (sizes[i], TRUE);
      g_autoptr(KobanJson) json = parse (good);

      g_assert_cmpuint (koban_json_length (koban_json_root (json)), ==, sizes[i]);
      assert_refused (bad, strlen (bad), "the name “k0” is used twice");
    }
}

/* Counted, not timed: how often two names are compared while @n different ones are added. */
static guint
comparisons_for (guint n)
{
  g_autoptr(GString) text = g_string_new (NULL);
  KobanJsonNames *names = koban_json_names_new ();
  guint compared;

  for (guint i = 0; i < n; i++)
    {
      guint32 at = (guint32) text->len, size;

      g_string_append_printf (text, "%u", i);
      size = (guint32) text->len - at;
      g_string_append_c (text, '\0');
      g_assert_true (koban_json_names_add (names, text->str, at, size));
      g_assert_false (koban_json_names_add (names, text->str, at, size));
    }

  compared = koban_json_names_get_n_compared (names);
  koban_json_names_free (names);
  return compared;
}

/* Names that differ only inside, and a set that is used again: each object has names of its own. */
static void
test_names_are_told_apart (void)
{
  static const char text[] = "axb\0ayb\0axb\0\0";
  KobanJsonNames *names = koban_json_names_new ();

  for (guint objects = 0; objects < 3; objects++)
    {
      g_assert_true (koban_json_names_add (names, text, 0, 3));
      g_assert_true (koban_json_names_add (names, text, 4, 3));
      g_assert_false (koban_json_names_add (names, text, 8, 3));
      g_assert_true (koban_json_names_add (names, text, 12, 0));
      g_assert_false (koban_json_names_add (names, text, 12, 0));
      koban_json_names_clear (names);
    }
  koban_json_names_free (names);
}

/* Where eight bytes are looked at together: each byte that ends or breaks a string, in each place of a word.
 */
static void
test_every_place_of_a_word (void)
{
  static const char *const signs[] = { "\\n", "\\\"", "\\\\", "\xc3\xa9", "\x7f", " ", "~" };

  for (guint sign = 0; sign < G_N_ELEMENTS (signs); sign++)
    for (guint before = 0; before < 20; before++)
      {
        g_autofree char *letters = g_strnfill (before, 'x');
        g_autofree char *good =
          g_strdup_printf ("[\"%s%szzzzzzzzz\",\"%s\",7]", letters, signs[sign], letters);
        g_autofree char *bad = g_strdup_printf ("[\"%s%szz\x1fzzzzzz\"]", letters, signs[sign]);
        g_autoptr(KobanJson) json = parse (good);
        const char *first = koban_json_string (koban_json_at (koban_json_root (json), "/0"));

        g_assert_cmpuint (koban_json_length (koban_json_root (json)), ==, 3);
        g_assert_cmpint (g_utf8_strlen (first, -1), ==, before + 10);
        g_assert_cmpstr (koban_json_string (koban_json_at (koban_json_root (json), "/1")), ==, letters);
        assert_refused (bad, strlen (bad), "the end of the string");
      }
}

static void
test_names_stay_linear (void)
{
  static const guint sizes[] = { 100, 10000, 100000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_assert_cmpuint (comparisons_for (sizes[i]), <, 3 * sizes[i] + 512);
}

/* Wherever a document is cut, it is refused: half an answer is never a short answer. */
static void
test_every_cut_is_refused (void)
{
  gsize length = strlen (sample) - 1; /* without the last line end */

  for (gsize cut = 0; cut < length; cut++)
    {
      g_autofree char *copy = g_memdup2 (sample, cut);
      g_autoptr(KobanJson) json = koban_json_parse (copy, cut, NULL);

      g_assert_null (json);
    }
}

static void
test_document_owns_its_bytes (void)
{
  g_autofree char *text = g_strdup ("{\"name\":\"Koban\"}");
  g_autoptr(KobanJson) json = parse (text);
  g_autoptr(KobanJson) other = koban_json_ref (json);

  memset (text, 'x', strlen (text));
  koban_json_unref (g_steal_pointer (&json));
  g_assert_cmpstr (koban_json_string (koban_json_at (koban_json_root (other), "/name")), ==, "Koban");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-reader/table", test_table);
  g_test_add_func ("/json-reader/texts-are-as-sent", test_texts_are_as_sent);
  g_test_add_func ("/json-reader/pointers", test_pointers);
  g_test_add_func ("/json-reader/walk", test_walk);
  g_test_add_func ("/json-reader/no-node-answers-everything", test_no_node_answers_everything);
  g_test_add_func ("/json-reader/integers", test_integers);
  g_test_add_func ("/json-reader/limits", test_limits);
  g_test_add_func ("/json-reader/many-names", test_many_names);
  g_test_add_func ("/json-reader/names-stay-linear", test_names_stay_linear);
  g_test_add_func ("/json-reader/names-are-told-apart", test_names_are_told_apart);
  g_test_add_func ("/json-reader/every-place-of-a-word", test_every_place_of_a_word);
  g_test_add_func ("/json-reader/every-cut-is-refused", test_every_cut_is_refused);
  g_test_add_func ("/json-reader/document-owns-its-bytes", test_document_owns_its_bytes);

  return g_test_run ();
}
