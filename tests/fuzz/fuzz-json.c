/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes through the JSON guard; what passes is then walked to its last token.
 */
#include "config.h"

#include "fuzz.h"
#include "wire/json-reader.h"

static void
walk (KobanJsonNode node)
{
  const char *text = koban_json_text (node);
  const char *name = koban_json_name (node);
  guint n_children = 0;
  gint64 value;

  if (text != NULL)
    g_assert_true (g_utf8_validate (text, -1, NULL));
  if (name != NULL)
    g_assert_true (g_utf8_validate (name, -1, NULL));
  if (koban_json_int64 (node, &value))
    g_assert_nonnull (text);
  g_assert_cmpuint (koban_json_line (node), >=, 1);

  for (KobanJsonNode child = koban_json_first (node); koban_json_exists (child);
       child = koban_json_next (child))
    {
      walk (child);
      n_children++;
    }
  g_assert_cmpuint (koban_json_length (node), ==, n_children);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) json = koban_json_parse ((const char *) data, size, &error);

  g_assert_true ((json == NULL) == (error != NULL));
  if (json != NULL)
    {
      walk (koban_json_root (json));
      koban_json_at (koban_json_root (json), "/a/0/b~1c");
    }
  else
    g_assert_true (g_utf8_validate (error->message, -1, NULL));

  return 0;
}
