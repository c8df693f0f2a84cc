/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The floor under bench-wire: the same bytes through json-glib, every value read, and nothing made of them.
 *   floor-json LINES
 */
#include <json-glib/json-glib.h>
#include <stdlib.h>

#include "life.h"

static gsize count_values (JsonNode *node);

static void
count_member (JsonObject *object, const char *name, JsonNode *node, gpointer count)
{
  *(gsize *) count += count_values (node);
}

static void
count_element (JsonArray *array, guint index, JsonNode *node, gpointer count)
{
  *(gsize *) count += count_values (node);
}

static gsize
count_values (JsonNode *node)
{
  gsize count = 1;

  if (JSON_NODE_HOLDS_OBJECT (node))
    json_object_foreach_member (json_node_get_object (node), count_member, &count);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    json_array_foreach_element (json_node_get_array (node), count_element, &count);
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    count += *json_node_get_string (node) == '\0';
  return count;
}

int
main (int argc, char *argv[])
{
  guint n_lines = argc > 1 ? (guint) atoi (argv[1]) : 100000;
  gint64 spent_us = 0, bytes = 0;

  for (guint first = 0; first < n_lines; first += LIFE_PAGE_LINES)
    {
      GString *page = life_page (first, MIN (LIFE_PAGE_LINES, n_lines - first));
      gint64 begun_us = life_cpu_us ();
      g_autoptr(JsonParser) parser = json_parser_new_immutable ();
      g_autoptr(GError) error = NULL;

      json_parser_load_from_data (parser, page->str, (gssize) page->len, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (count_values (json_parser_get_root (parser)), >, n_lines > first);
      g_clear_object (&parser);
      spent_us += life_cpu_us () - begun_us;
      bytes += (gint64) page->len;
      g_string_free (page, TRUE);
    }
  life_tell ("bytes", bytes);
  life_tell ("cpu_us", spent_us);
  life_tell ("peak_kb", life_peak_kb ());
  return 0;
}
