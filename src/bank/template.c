/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "{name}" templates. Expanding one never lets a value leave its place: it is percent-encoded whole,
 * and what could still walk (".", "..", nothing at all) or break a line is refused.
 */
#include "config.h"

#include "bank/template.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

/* Reads one piece from *@cursor: text up to "{", or a name between braces. FALSE at the end or with @error.
 */
static gboolean
next_piece (const char **cursor, char **text, char **name, GError **error)
{
  const char *start = *cursor;

  *text = *name = NULL;
  if (*start == '\0')
    return FALSE;
  if (*start != '{')
    {
      gsize length = strcspn (start, "{}");
      if (length == 0)
        {
          g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("a “}” without its “{”"));
          return FALSE;
        }
      *text = g_strndup (start, length);
      *cursor = start + length;
      return TRUE;
    }

  gsize length = strcspn (start + 1, "{}");
  if (length == 0 || start[1 + length] != '}')
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("a “{” without a name and its “}”"));
      return FALSE;
    }
  *name = g_strndup (start + 1, length);
  *cursor = start + length + 2;
  return TRUE;
}

typedef gboolean (*TakePiece) (const char *text, const char *name, gpointer data, GError **error);

/* Each piece of @template in its order: a @text or a @name. */
static gboolean
each_piece (const char *template, TakePiece take, gpointer data, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  const char *cursor = template;

  for (;;)
    {
      g_autofree char *text = NULL;
      g_autofree char *name = NULL;
      if (!next_piece (&cursor, &text, &name, &local_error))
        break;
      if (!take (text, name, data, error))
        return FALSE;
    }
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
value_is_safe (const char *value)
{
  if (*value == '\0' || g_str_equal (value, ".") || g_str_equal (value, ".."))
    return FALSE;
  for (const char *c = value; *c != '\0'; c++)
    if ((guchar) *c < 0x20 || *c == 0x7f)
      return FALSE;
  return TRUE;
}

typedef struct
{
  GString *out;
  gboolean escape;
  KobanTemplateLookup lookup;
  gpointer user_data;
} Expansion;

static gboolean
append_value (const Expansion *expansion, const char *name, const char *value, GError **error)
{
  if (value == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("there is no value for {%s}"), name);
      return FALSE;
    }
  if (!value_is_safe (value))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("the value for {%s} may not stand in an address"), name);
      return FALSE;
    }
  g_autofree char *escaped = expansion->escape ? g_uri_escape_string (value, NULL, FALSE) : NULL;
  g_string_append (expansion->out, escaped != NULL ? escaped : value);
  return TRUE;
}

static gboolean
expand_piece (const char *text, const char *name, gpointer data, GError **error)
{
  Expansion *expansion = data;

  if (text == NULL)
    return append_value (expansion, name, expansion->lookup (name, expansion->user_data), error);
  g_string_append (expansion->out, text);
  return TRUE;
}

static char *
expand (const char *text, gboolean escape, KobanTemplateLookup lookup, gpointer user_data, GError **error)
{
  g_autoptr(GString) out = g_string_new (NULL);
  Expansion expansion = { out, escape, lookup, user_data };

  if (!each_piece (text, expand_piece, &expansion, error))
    return NULL;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
koban_template_expand (const char *text, KobanTemplateLookup lookup, gpointer user_data, GError **error)
{
  return expand (text, TRUE, lookup, user_data, error);
}

char *
koban_template_fill (const char *text, KobanTemplateLookup lookup, gpointer user_data, GError **error)
{
  return expand (text, FALSE, lookup, user_data, error);
}

static gboolean
list_piece (const char *text, const char *name, gpointer names, GError **error)
{
  if (name != NULL)
    g_strv_builder_add (names, name);
  return TRUE;
}

char **
koban_template_list_names (const char *text, GError **error)
{
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();

  return each_piece (text, list_piece, names, error) ? g_strv_builder_end (names) : NULL;
}
