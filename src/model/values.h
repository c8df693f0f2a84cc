/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the values of model/ have in common: strings copied into one chunk that dies with the value,
 * and names of enums from one table that serves both directions.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Small: a value has a handful of short strings. */
#define VALUE_CHUNK_SIZE 128

/* NULL stays NULL. */
static inline const char *
value_string (GStringChunk *strings, const char *text)
{
  return text != NULL ? g_string_chunk_insert (strings, text) : NULL;
}

/* (transfer container): the strings are in @strings. NULL stays NULL. */
static inline const char **
value_strings (GStringChunk *strings, const char *const *list)
{
  gsize n = 0;
  const char **copy;

  if (list == NULL)
    return NULL;
  while (list[n] != NULL)
    n++;
  copy = g_new0 (const char *, n + 1);
  for (gsize i = 0; i < n; i++)
    copy[i] = g_string_chunk_insert (strings, list[i]);
  return copy;
}

/* The index of @name in @names, or -1; a table may have holes. */
static inline int
value_find_name (const char *const *names, gsize n_names, const char *name)
{
  for (gsize i = 0; name != NULL && i < n_names; i++)
    if (names[i] != NULL && g_str_equal (names[i], name))
      return (int) i;
  return -1;
}

static inline gboolean
value_strings_equal (const char *const *a, const char *const *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  for (; *a != NULL && *b != NULL; a++, b++)
    if (!g_str_equal (*a, *b))
      return FALSE;
  return *a == *b;
}

/* Both directions of one enum. @names is indexed by the enum and covers all of it. */
#define VALUE_ENUM_NAMES(Type, function_prefix, names)                                                               \
  const char *function_prefix##_name (Type value)                                                                    \
  {                                                                                                                  \
    g_return_val_if_fail ((gsize) value < G_N_ELEMENTS (names), NULL);                                               \
    return names[value];                                                                                             \
  }                                                                                                                  \
                                                                                                                     \
  gboolean function_prefix##_parse (const char *name, Type *value)                                                   \
  {                                                                                                                  \
    int found = value_find_name (names, G_N_ELEMENTS (names), name);                                                 \
                                                                                                                     \
    if (found < 0)                                                                                                   \
      return FALSE;                                                                                                  \
    *value = (Type) found;                                                                                           \
    return TRUE;                                                                                                     \
  }

G_END_DECLS
