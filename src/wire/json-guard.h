/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The gate that every foreign JSON text passes: it either becomes a tape of tokens or is refused
 * with a place and a reason. Private to json-reader.c and json-guard.c.
 */
#pragma once

#include "wire/json-reader.h"

G_BEGIN_DECLS

#define KOBAN_JSON_NO_NAME G_MAXUINT32

/* A value, in document order: a container's first child is the token after it. */
typedef struct
{
  guint32 type; /* KobanJsonType */
  guint32 line; /* 1 … in the source */
  guint32 text; /* where in the tape's text a string's or number's own begins; NUL-terminated */
  guint32 size; /* bytes of a string or number, children of a container */
  guint32 next; /* the next sibling's index; 0: none, since 0 is the root */
  guint32 name; /* where a member's name begins in the tape's text, or KOBAN_JSON_NO_NAME */
} KobanJsonToken;

typedef struct
{
  GString *text;   /* (owned): the source, a NUL, then whatever had to be decoded */
  GArray  *tokens; /* (owned) (element-type KobanJsonToken) */
} KobanJsonTape;

/* On failure @tape is untouched. Offsets, not pointers: @text grows while it is read. */
gboolean koban_json_guard (const char *data, gsize length, KobanJsonTape *tape, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void     koban_json_tape_clear (KobanJsonTape *tape);

G_END_DECLS
