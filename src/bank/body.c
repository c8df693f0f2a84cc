/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The JSON body of a request. It copies what the profile says and fills in the texts; a foreign value is one
 * text more and can add no member.
 */
#include "config.h"

#include "bank/body.h"

#include "wire/json-writer.h"

typedef struct
{
  KobanJsonWriter *writer;
  KobanTemplateLookup lookup;
  gpointer user_data;
} Build;

static gboolean write_value (Build *build, KobanJsonNode node, GError **error);

static gboolean
write_members (Build *build, KobanJsonNode node, GError **error)
{
  for (KobanJsonNode child = koban_json_first (node); koban_json_exists (child);
       child = koban_json_next (child))
    {
      if (koban_json_name (child) != NULL)
        koban_json_writer_name (build->writer, koban_json_name (child));
      if (!write_value (build, child, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_text (Build *build, KobanJsonNode node, GError **error)
{
  g_autofree char *text =
    koban_template_fill (koban_json_string (node), build->lookup, build->user_data, error);

  if (text != NULL)
    koban_json_writer_string (build->writer, text);
  return text != NULL;
}

static gboolean
write_container (Build *build, KobanJsonNode node, GError **error)
{
  const gboolean is_list = koban_json_type (node) == KOBAN_JSON_ARRAY;

  (is_list ? koban_json_writer_begin_array : koban_json_writer_begin_object) (build->writer);
  gboolean done = write_members (build, node, error);
  (is_list ? koban_json_writer_end_array : koban_json_writer_end_object) (build->writer);
  return done;
}

/* A number of a profile is a whole one: the lint says so. */
static gboolean
write_value (Build *build, KobanJsonNode node, GError **error)
{
  gint64 number = 0;

  switch (koban_json_type (node))
    {
    case KOBAN_JSON_STRING:
      return write_text (build, node, error);
    case KOBAN_JSON_ARRAY:
    case KOBAN_JSON_OBJECT:
      return write_container (build, node, error);
    case KOBAN_JSON_NUMBER:
      if (koban_json_int64 (node, &number))
        koban_json_writer_int (build->writer, number);
      return TRUE;
    case KOBAN_JSON_TRUE:
    case KOBAN_JSON_FALSE:
      koban_json_writer_bool (build->writer, koban_json_is_true (node));
      return TRUE;
    case KOBAN_JSON_NULL:
    default:
      koban_json_writer_null (build->writer);
      return TRUE;
    }
}

char *
koban_body_build (KobanJsonNode node,
                  const char *name,
                  const char *value,
                  gboolean number,
                  KobanTemplateLookup lookup,
                  gpointer user_data,
                  GError **error)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  Build build = { writer, lookup, user_data };

  koban_json_writer_begin_object (writer);
  gboolean done = !koban_json_exists (node) || write_members (&build, node, error);
  if (done && name != NULL)
    {
      koban_json_writer_name (writer, name);
      if (number)
        koban_json_writer_int (writer, g_ascii_strtoll (value, NULL, 10));
      else
        koban_json_writer_string (writer, value);
    }
  koban_json_writer_end_object (writer);
  return done ? koban_json_writer_finish (writer, FALSE) : NULL;
}
