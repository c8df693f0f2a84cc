/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Members of a JSON object into a struct, by a table of keys: an unknown key, a missing one, a wrong
 * type are each a sentence with its line.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

typedef struct _KobanKey KobanKey;

/* Reads @node into @target, which is what @offset points at. Adds to @problems what is wrong. */
typedef void (*KobanKeyRead) (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target);

struct _KobanKey
{
  const char        *name;
  KobanKeyRead       read;
  gsize              offset; /* in the struct that is filled */
  gboolean           required;
  const char *const *words;  /* for koban_read_word(): index is the enum's value */
};

/* Adds "line L: sentence". */
void     koban_profile_problem    (GPtrArray *problems, KobanJsonNode at, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Fills @target from the members of @node, which is called @what: unknown and missing ones are mistakes. */
void     koban_read_object        (GPtrArray *problems, KobanJsonNode node, const char *what, const KobanKey *keys,
                                   gsize n_keys, gpointer target);

/* Which keys stand with which kinds of an object; sets of 1 << kind. */
typedef struct
{
  const char *name;
  guint       allowed, required;
} KobanKeySet;

/* The members of @node, which is @what, a thing of @kind: those that must stand with it, and those that may not. */
void     koban_keys_check         (GPtrArray *problems, KobanJsonNode node, const char *what, const KobanKeySet *sets,
                                   gsize n_sets, guint kind);

/* Each item of the list @node. */
typedef void (*KobanKeyItem) (GPtrArray *problems, KobanJsonNode item, gpointer target);
void     koban_key_each           (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, KobanKeyItem read,
                                   gpointer target);

gboolean koban_key_expect         (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, KobanJsonType type);
gboolean koban_key_is_pointer     (GPtrArray *problems, KobanJsonNode node);

/* Readers, and what they fill. */
#define KOBAN_KEY_READER(noun) \
  void koban_read_##noun (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
KOBAN_KEY_READER (nothing);       /* known here, read by whoever knows more */
KOBAN_KEY_READER (text);          /* char * */
KOBAN_KEY_READER (texts);         /* char ** */
KOBAN_KEY_READER (uint);          /* guint */
KOBAN_KEY_READER (uints);         /* GArray * of guint */
KOBAN_KEY_READER (bool);          /* gboolean */
KOBAN_KEY_READER (word);          /* an enum: the index in @words */
KOBAN_KEY_READER (pointer);       /* char * */
KOBAN_KEY_READER (pairs);         /* GArray * of KobanPair */
KOBAN_KEY_READER (pointer_pairs); /* the same, the values are pointers */
KOBAN_KEY_READER (values);        /* GHashTable *, text → text */
KOBAN_KEY_READER (body);          /* KobanJsonNode: an object, kept as it stands */

GArray  *koban_pairs_new          (void);

G_END_DECLS
