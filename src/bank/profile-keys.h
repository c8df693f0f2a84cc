/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Members of a JSON object into a struct, by a table of keys: an unknown key, a missing one, a wrong
 * type are each a sentence with its line.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

/* A file while it is read. Its texts stay in the document; all else that a profile is made of is in @owned, and
 * nothing in it is freed before the profile. */
typedef struct
{
  GPtrArray *problems; /* (element-type utf8): what is wrong with it */
  GArray    *owned;    /* the profile's */
} KobanReading;

/* An empty @owned. */
GArray  *koban_owned_new          (void);
/* @thing, which the profile frees with @destroy. */
gpointer koban_reading_own        (KobanReading *self, gpointer thing, GDestroyNotify destroy);
/* Zeroed memory, and lists, that live as long as the profile. */
#define  koban_reading_new(self, Type) ((Type *) koban_reading_own (self, g_new0 (Type, 1), g_free))
GArray  *koban_reading_pairs      (KobanReading *self); /* of KobanPair */
GPtrArray *koban_reading_list     (KobanReading *self);

typedef struct _KobanKey KobanKey;

/* Reads @node into @target, which is what @offset points at. Adds to @problems what is wrong. */
typedef void (*KobanKeyRead) (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target);

struct _KobanKey
{
  const char        *name;
  KobanKeyRead       read;
  gsize              offset; /* in the struct that is filled */
  gboolean           required;
  const char *const *words;  /* for koban_read_word(): index is the enum's value */
};

/* Adds "line L: sentence". */
void     koban_profile_problem    (KobanReading *reading, KobanJsonNode at, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Fills @target from the members of @node, which is called @what: unknown and missing ones are mistakes. */
void     koban_read_object        (KobanReading *reading, KobanJsonNode node, const char *what, const KobanKey *keys,
                                   gsize n_keys, gpointer target);

/* Which keys stand with which kinds of an object; sets of 1 << kind. */
typedef struct
{
  const char *name;
  guint       allowed, required;
} KobanKeySet;

/* The members of @node, which is @what, a thing of @kind: those that must stand with it, and those that may not. */
void     koban_keys_check         (KobanReading *reading, KobanJsonNode node, const char *what, const KobanKeySet *sets,
                                   gsize n_sets, guint kind);

/* Each item of the list @node. */
typedef void (*KobanKeyItem) (KobanReading *reading, KobanJsonNode item, gpointer target);
void     koban_key_each           (KobanReading *reading, const KobanKey *key, KobanJsonNode node, KobanKeyItem read,
                                   gpointer target);

gboolean koban_key_expect         (KobanReading *reading, const KobanKey *key, KobanJsonNode node, KobanJsonType type);
gboolean koban_key_is_pointer     (KobanReading *reading, KobanJsonNode node);

/* Readers, and what they fill. */
#define KOBAN_KEY_READER(noun) \
  void koban_read_##noun (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
KOBAN_KEY_READER (nothing);       /* known here, read by whoever knows more */
KOBAN_KEY_READER (text);          /* const char *: all texts stand in the document */
KOBAN_KEY_READER (texts);         /* char **, its items not owned */
KOBAN_KEY_READER (uint);          /* guint */
KOBAN_KEY_READER (uints);         /* GArray * of guint */
KOBAN_KEY_READER (bool);          /* gboolean */
KOBAN_KEY_READER (word);          /* an enum: the index in @words */
KOBAN_KEY_READER (pointer);       /* const char * */
KOBAN_KEY_READER (pairs);         /* GArray * of KobanPair */
KOBAN_KEY_READER (pointer_pairs); /* the same, the values are pointers */
KOBAN_KEY_READER (values);        /* GHashTable *, text → text */
KOBAN_KEY_READER (body);          /* KobanJsonNode: an object, kept as it stands */

G_END_DECLS
