/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A document is a tape that passed the guard; a node is a place on it. It promises that every step
 * may be asked of every node, also of one that does not exist, and never changes or converts what
 * was sent. A missing member, a wrong type and an index out of range are all simply no node.
 */
#include "config.h"

#include "wire/json-guard.h"

#include <string.h>

#define MOST_DIGITS 9 /* of an index; no document has as many elements */

struct _KobanJson
{
  gatomicrefcount refs;
  KobanJsonTape tape;
};

KobanJson *
koban_json_parse (const char *data, gsize length, GError **error)
{
  KobanJsonTape tape = { NULL, NULL };
  KobanJson *self;

  g_return_val_if_fail (data != NULL || length == 0, NULL);

  if (!koban_json_guard (data, length, &tape, error))
    return NULL;

  self = g_new0 (KobanJson, 1);
  g_atomic_ref_count_init (&self->refs);
  self->tape = tape;
  return self;
}

KobanJson *
koban_json_ref (KobanJson *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
koban_json_unref (KobanJson *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  koban_json_tape_clear (&self->tape);
  g_free (self);
}

static const KobanJsonToken *
token_of (KobanJsonNode node)
{
  return &g_array_index (node.document->tape.tokens, KobanJsonToken, node.token);
}

static const char *
text_at (KobanJsonNode node, guint32 offset)
{
  return node.document->tape.text->str + offset;
}

static gboolean
is_type (KobanJsonNode node, KobanJsonType type)
{
  return node.document != NULL && token_of (node)->type == type;
}

static gboolean
is_container (KobanJsonNode node)
{
  return is_type (node, KOBAN_JSON_ARRAY) || is_type (node, KOBAN_JSON_OBJECT);
}

KobanJsonNode
koban_json_root (const KobanJson *self)
{
  return (KobanJsonNode){ self, 0 };
}

KobanJsonType
koban_json_type (KobanJsonNode node)
{
  g_return_val_if_fail (node.document != NULL, KOBAN_JSON_NULL);

  return token_of (node)->type;
}

guint
koban_json_line (KobanJsonNode node)
{
  return node.document != NULL ? token_of (node)->line : 0;
}

guint
koban_json_length (KobanJsonNode container)
{
  return is_container (container) ? token_of (container)->size : 0;
}

KobanJsonNode
koban_json_first (KobanJsonNode container)
{
  if (koban_json_length (container) == 0)
    return KOBAN_JSON_NONE;

  return (KobanJsonNode){ container.document, container.token + 1 };
}

KobanJsonNode
koban_json_next (KobanJsonNode element)
{
  guint32 next = element.document != NULL ? token_of (element)->next : 0;

  return next != 0 ? (KobanJsonNode){ element.document, next } : KOBAN_JSON_NONE;
}

const char *
koban_json_name (KobanJsonNode member)
{
  if (member.document == NULL || token_of (member)->name == KOBAN_JSON_NO_NAME)
    return NULL;

  return text_at (member, token_of (member)->name);
}

KobanJsonNode
koban_json_member (KobanJsonNode object, const char *name)
{
  KobanJsonNode child = is_type (object, KOBAN_JSON_OBJECT) ? koban_json_first (object) : KOBAN_JSON_NONE;

  while (child.document != NULL && strcmp (koban_json_name (child), name) != 0)
    child = koban_json_next (child);

  return child;
}

/* The node before the '/' or the end at @end, in the array; "0", "12"; not "", "01", "-" or "1x". */
static KobanJsonNode
element_at (KobanJsonNode array, const char *digits, const char *end)
{
  KobanJsonNode child = koban_json_first (array);
  guint32 index = 0;

  if (digits == end || end - digits > MOST_DIGITS || (*digits == '0' && end - digits > 1))
    return KOBAN_JSON_NONE;
  for (; digits < end; digits++)
    {
      if (!g_ascii_isdigit (*digits))
        return KOBAN_JSON_NONE;
      index = index * 10 + (guint32) (*digits - '0');
    }

  for (; child.document != NULL && index > 0; index--)
    child = koban_json_next (child);

  return child;
}

/* Whether the reference token from @from to @end is @name, with "~1" and "~0" undone; any other '~' is no
 * name. */
static gboolean
is_reference (const char *from, const char *end, const char *name)
{
  for (; from < end; from++, name++)
    {
      char c = *from;

      if (c == '~')
        {
          from++;
          if (from == end || (*from != '0' && *from != '1'))
            return FALSE;
          c = *from == '0' ? '~' : '/';
        }
      if (*name != c)
        return FALSE;
    }
  return *name == '\0';
}

/* Rows are read by pointer, a dozen facts each: nothing is copied on the way. */
static KobanJsonNode
member_at (KobanJsonNode object, const char *from, const char *end)
{
  const KobanJsonToken *tokens;
  guint32 at = object.token + 1;

  if (!is_type (object, KOBAN_JSON_OBJECT) || token_of (object)->size == 0)
    return KOBAN_JSON_NONE;
  tokens = &g_array_index (object.document->tape.tokens, KobanJsonToken, 0);
  while (at != 0 && !is_reference (from, end, text_at (object, tokens[at].name)))
    at = tokens[at].next;

  return at != 0 ? (KobanJsonNode){ object.document, at } : KOBAN_JSON_NONE;
}

KobanJsonNode
koban_json_at (KobanJsonNode node, const char *pointer)
{
  while (node.document != NULL && *pointer != '\0')
    {
      const char *from = pointer + 1;

      if (*pointer != '/')
        return KOBAN_JSON_NONE;

      pointer = from + strcspn (from, "/");
      node =
        is_type (node, KOBAN_JSON_ARRAY) ? element_at (node, from, pointer) : member_at (node, from, pointer);
    }
  return node;
}

const char *
koban_json_string (KobanJsonNode node)
{
  return is_type (node, KOBAN_JSON_STRING) ? text_at (node, token_of (node)->text) : NULL;
}

const char *
koban_json_text (KobanJsonNode node)
{
  if (is_type (node, KOBAN_JSON_NUMBER))
    return text_at (node, token_of (node)->text);

  return koban_json_string (node);
}

gboolean
koban_json_int64 (KobanJsonNode node, gint64 *value)
{
  const char *text = koban_json_text (node);

  return text != NULL && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, value, NULL);
}

gboolean
koban_json_is_true (KobanJsonNode node)
{
  return is_type (node, KOBAN_JSON_TRUE);
}
