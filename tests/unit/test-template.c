/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * No value leaves its place in an address.
 */
#include "config.h"

#include <koban/error.h>
#include "bank/template.h"

static const struct
{
  const char *name, *text, *value;
  const char *expanded; /* NULL: refused */
} rows[] = {
  { "plain", "/a/b", NULL, "/a/b" },
  { "one", "/a/{x}/b", "7", "/a/7/b" },
  { "twice", "{x}{x}", "7", "77" },
  { "slash", "/a/{x}", "../admin", "/a/..%2Fadmin" },
  { "query", "/a/{x}", "1?y=2&z#f", "/a/1%3Fy%3D2%26z%23f" },
  { "percent", "/a/{x}", "%2e%2e", "/a/%252e%252e" },
  { "time", "{x}", "2024-09-02T00:00:00+01:00", "2024-09-02T00%3A00%3A00%2B01%3A00" },
  { "kana", "{x}", "ド", "%E3%83%89" },
  { "dot", "/a/{x}/b", ".", NULL },
  { "dots", "/a/{x}/b", "..", NULL },
  { "empty", "/a/{x}/b", "", NULL },
  { "newline", "{x}", "a\r\nHost: evil.example", NULL },
  { "control", "{x}", "a\033b", NULL },
  { "unknown", "/a/{y}", "7", NULL },
  { "open", "/a/{x", "7", NULL },
  { "closed", "/a/x}", "7", NULL },
  { "nested", "/a/{{x}}", "7", NULL },
  { "nameless", "/a/{}", "7", NULL },
};

static const char *
lookup (const char *name, gpointer user_data)
{
  return g_str_equal (name, "x") ? user_data : NULL;
}

static void
test_expand (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;
  g_autofree char *expanded = koban_template_expand (rows[i].text, lookup, (gpointer) rows[i].value, &error);

  g_assert_cmpstr (expanded, ==, rows[i].expanded);
  if (rows[i].expanded == NULL)
    g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
  else
    g_assert_no_error (error);
}

static void
test_names (void)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) names = koban_template_list_names ("/a/{account.id}/{since}", &error);

  g_assert_no_error (error);
  g_assert_true (
    g_strv_equal ((const char *const *) names, (const char *const[]){ "account.id", "since", NULL }));
  g_assert_null (koban_template_list_names ("{", &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/template/expand/", rows[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_expand);
    }
  g_test_add_func ("/template/names", test_names);
  return g_test_run ();
}
