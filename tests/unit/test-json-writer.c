/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What Koban writes as JSON, byte for byte, and that its own reader takes it back.
 */
#include "config.h"

#include "wire/json-reader.h"
#include "wire/json-writer.h"

#include <string.h>

static void
assert_writes (KobanJsonWriter *writer, const char *expected)
{
  g_autofree char *text = koban_json_writer_finish (writer, FALSE);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) back = koban_json_parse (text, strlen (text), &error);

  g_assert_cmpstr (text, ==, expected);
  g_assert_no_error (error);
  g_assert_nonnull (back);
}

static void
test_values (void)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "id");
  koban_json_writer_string (writer, "L1");
  koban_json_writer_name (writer, "service");
  koban_json_writer_string (writer, NULL);
  koban_json_writer_name (writer, "count");
  koban_json_writer_int (writer, G_MININT64);
  koban_json_writer_name (writer, "own");
  koban_json_writer_bool (writer, TRUE);
  koban_json_writer_name (writer, "gone");
  koban_json_writer_null (writer);
  koban_json_writer_name (writer, "list");
  koban_json_writer_begin_array (writer);
  koban_json_writer_int (writer, 1);
  koban_json_writer_bool (writer, FALSE);
  koban_json_writer_end_array (writer);
  koban_json_writer_end_object (writer);

  assert_writes (writer,
                 "{\"id\":\"L1\",\"service\":null,\"count\":-9223372036854775808,\"own\":true,\"gone\":null,"
                 "\"list\":[1,false]}");
}

static void
test_money_and_times_are_text (void)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();

  koban_json_writer_begin_array (writer);
  koban_json_writer_money (writer, KOBAN_MONEY (-123456, "GBP"));
  koban_json_writer_money (writer, KOBAN_MONEY (300000, "JPY"));
  koban_json_writer_money (writer, KOBAN_MONEY (1250, "KWD"));
  koban_json_writer_time (writer, G_GINT64_CONSTANT (1725149100000000));
  koban_json_writer_time (writer, 0);
  koban_json_writer_end_array (writer);

  assert_writes (
    writer, "[{\"amount\":\"-1234.56\",\"currency\":\"GBP\"},{\"amount\":\"300000\",\"currency\":\"JPY\"},"
            "{\"amount\":\"1.250\",\"currency\":\"KWD\"},\"2024-09-01T00:05:00Z\",null]");
}

static void
test_text_is_always_valid (void)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();

  koban_json_writer_begin_array (writer);
  koban_json_writer_string (writer, "\xe4\xba\xa4\xe7\x95\xaa");
  koban_json_writer_string (writer, "caf\xe9");
  koban_json_writer_string (writer, "\"\\/\b\f\n\r\t\x01\x1f");
  koban_json_writer_end_array (writer);

  assert_writes (
    writer, "[\"\xe4\xba\xa4\xe7\x95\xaa\",\"caf\xef\xbf\xbd\",\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\"]");
}

static const struct
{
  const char *variant;
  const char *json;
} variants[] = {
  { "'text'", "\"text\"" },
  { "int64 -5", "-5" },
  { "int32 -5", "-5" },
  { "uint32 4294967295", "4294967295" },
  { "true", "true" },
  { "<<'boxed'>>", "\"boxed\"" },
  { "@mv nothing", "null" },
  { "@mv <'some'>", "\"some\"" },
  { "@ms nothing", "null" },
  { "(int64 -123456, 'GBP')", "{\"amount\":\"-1234.56\",\"currency\":\"GBP\"}" },
  { "@as []", "[]" },
  { "['a', 'b']", "[\"a\",\"b\"]" },
  { "@a{sv} {}", "{}" },
  { "@aa{sv} []", "[]" },
  { "{'id': <'a1'>, 'n': <int64 2>, 'total': <(int64 -300000, 'JPY')>, 'none': <@mv nothing>}",
    "{\"id\":\"a1\",\"n\":2,\"total\":{\"amount\":\"-300000\",\"currency\":\"JPY\"},\"none\":null}" },
  { "[{'a': <true>}, {'b': <['x']>}]", "[{\"a\":true},{\"b\":[\"x\"]}]" },
  { "[<'mixed'>, <int64 1>]", "[\"mixed\",1]" },
};

static void
test_variants (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) value = g_variant_parse (NULL, variants[i].variant, NULL, NULL, &error);
      g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
      g_autofree char *expected = NULL;

      g_assert_no_error (error);
      koban_json_writer_begin_array (writer);
      koban_json_writer_variant (writer, value);
      koban_json_writer_end_array (writer);
      expected = g_strdup_printf ("[%s]", variants[i].json);
      assert_writes (writer, expected);
    }
}

static void
test_pretty (void)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  g_autofree char *text = NULL;

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "a");
  koban_json_writer_int (writer, 1);
  koban_json_writer_end_object (writer);
  text = koban_json_writer_finish (writer, TRUE);
  g_assert_cmpstr (text, ==, "{\n  \"a\" : 1\n}");
}

static void
test_nothing_unseen_is_written_raw (void)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();

  koban_json_writer_begin_array (writer);
  koban_json_writer_string (writer, "a\u202eb\u2028c\x1b[31m\xc2\x9b"
                                    "d\u200be\x7f\x1f ﾄﾞ\U000e0041");
  koban_json_writer_end_array (writer);
  assert_writes (writer, "[\"a\\u202eb\\u2028c\\u001b[31m\\u009bd\\u200be\\u007f\\u001f ﾄﾞ\\udb40\\udc41\"]");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-writer/values", test_values);
  g_test_add_func ("/json-writer/money-and-times-are-text", test_money_and_times_are_text);
  g_test_add_func ("/json-writer/text-is-always-valid", test_text_is_always_valid);
  g_test_add_func ("/json-writer/nothing-unseen-is-written-raw", test_nothing_unseen_is_written_raw);
  g_test_add_func ("/json-writer/variants", test_variants);
  g_test_add_func ("/json-writer/pretty", test_pretty);

  return g_test_run ();
}
