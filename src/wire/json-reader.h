/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON from outside, read through the guard (json-guard.c): RFC 8259 only, depth ≤ 64, bounded size
 * and tokens, duplicate keys refused, lone surrogates replaced, numbers kept as their text. A
 * document is a tape of tokens; a KobanJsonNode is a cursor on it: a value, copied freely, valid
 * while its document is.
 */
#pragma once

#include <gio/gio.h>
#include <koban/money.h>

G_BEGIN_DECLS

#define KOBAN_JSON_MAX_DEPTH  64
#define KOBAN_JSON_MAX_BYTES  (8 * 1024 * 1024)
#define KOBAN_JSON_MAX_TOKENS 2000000

typedef enum
{
  KOBAN_JSON_NULL, KOBAN_JSON_FALSE, KOBAN_JSON_TRUE, KOBAN_JSON_NUMBER,
  KOBAN_JSON_STRING, KOBAN_JSON_ARRAY, KOBAN_JSON_OBJECT,
} KobanJsonType;

typedef struct _KobanJson KobanJson;  /* ref-counted document */

typedef struct
{
  const KobanJson *document; /* NULL: there is no such node */
  guint            token;
} KobanJsonNode;

/* Fails with KOBAN_ERROR_INVALID and "line L, column C: what". */
KobanJson *koban_json_parse (const char *data, gsize length, GError **error);
KobanJson *koban_json_ref   (KobanJson *self);
void       koban_json_unref (KobanJson *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanJson, koban_json_unref)

KobanJsonNode koban_json_root   (const KobanJson *self);
#define KOBAN_JSON_NONE ((KobanJsonNode) { NULL, 0 })
static inline gboolean koban_json_exists (KobanJsonNode node) { return node.document != NULL; }

KobanJsonType koban_json_type   (KobanJsonNode node);            /* of an existing node */
guint         koban_json_line   (KobanJsonNode node);            /* 1 … in the source, for lint */

/* Steps; each may be asked of any node and gives KOBAN_JSON_NONE if there is nothing. */
KobanJsonNode koban_json_member (KobanJsonNode object, const char *name);
/* RFC 6901 pointer ("/amount/minorUnits", "" is the node itself). */
KobanJsonNode koban_json_at     (KobanJsonNode node, const char *pointer);
KobanJsonNode koban_json_first  (KobanJsonNode container);      /* first element, or first member's value */
KobanJsonNode koban_json_next   (KobanJsonNode element);
guint         koban_json_length (KobanJsonNode container);      /* elements or members; 0 for others */
const char   *koban_json_name   (KobanJsonNode member);         /* the member's name; NULL for an array element */

/* The text of a string or of a number as it was sent; NULL for others. Valid while the document is. */
const char   *koban_json_text   (KobanJsonNode node);
/* A string's text only; NULL for a number. */
const char   *koban_json_string (KobanJsonNode node);
/* A JSON integer (or a string of digits) that fits; FALSE otherwise, @value untouched. */
gboolean      koban_json_int64  (KobanJsonNode node, gint64 *value) G_GNUC_WARN_UNUSED_RESULT;
gboolean      koban_json_is_true (KobanJsonNode node);

G_END_DECLS
