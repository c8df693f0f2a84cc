/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A document is a tape that passed the guard; a node is a place on it. It promises that every step
 * may be asked of every node, also of one that does not exist, and never changes or converts what
 * was sent. A missing member, a wrong type and an index out of range are all simply no node.
 */
#include "config.h"

#include "wire/json-guard.h"

#include <string.h>

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

/* "0", "12"; not "", "01", "-" or "1x". */
static KobanJsonNode
element_at (KobanJsonNode array, const char *digits)
{
  KobanJsonNode child = koban_json_first (array);
  guint64 index;

  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT32, &index, NULL) ||
      (digits[0] == '0' && digits[1] != '\0'))
    return KOBAN_JSON_NONE;

  for (; child.document != NULL && index > 0; index--)
    child = koban_json_next (child);

  return child;
}

/* The reference token up to '/' or the end, with "~1" and "~0" undone; NULL after any other '~'. */
static char *
dup_reference (const char *from, gsize length)
{
  g_autoptr(GString) name = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    {
      gboolean escaped = from[i] == '~';

      if (escaped && (i + 1 == length || (from[i + 1] != '0' && from[i + 1] != '1')))
        return NULL;
      g_string_append_c (name, !escaped ? from[i] : from[i + 1] == '0' ? '~' : '/');
      i += escaped;
    }
  return g_string_free (g_steal_pointer (&name), FALSE);
}

KobanJsonNode
koban_json_at (KobanJsonNode node, const char *pointer)
{
  while (node.document != NULL && *pointer != '\0')
    {
      gsize length = strcspn (pointer + 1, "/");
      g_autofree char *name = *pointer == '/' ? dup_reference (pointer + 1, length) : NULL;

      if (name == NULL)
        return KOBAN_JSON_NONE;

      node = is_type (node, KOBAN_JSON_ARRAY) ? element_at (node, name) : koban_json_member (node, name);
      pointer += 1 + length;
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
