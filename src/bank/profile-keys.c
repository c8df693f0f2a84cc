/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Members of a JSON object into a struct, by a table of keys. Every mistake is told with its line, and none
 * ends the reading; what a key means is its reader's business.
 */
#include "config.h"

#include "bank/profile-keys.h"

#include <glib/gi18n-lib.h>

typedef struct
{
  gpointer thing;
  GDestroyNotify destroy;
} Owned;

static void
clear_owned (gpointer data)
{
  Owned *owned = data;
  owned->destroy (owned->thing);
}

GArray *
koban_owned_new (void)
{
  GArray *owned = g_array_new (FALSE, FALSE, sizeof (Owned));
  g_array_set_clear_func (owned, clear_owned);
  return owned;
}

gpointer
koban_reading_own (KobanReading *self, gpointer thing, GDestroyNotify destroy)
{
  Owned owned = { thing, destroy };
  g_array_append_val (self->owned, owned);
  return thing;
}

GArray *
koban_reading_pairs (KobanReading *self)
{
  return koban_reading_own (self, g_array_new (FALSE, FALSE, sizeof (KobanPair)),
                            (GDestroyNotify) g_array_unref);
}

GPtrArray *
koban_reading_list (KobanReading *self)
{
  return koban_reading_own (self, g_ptr_array_new (), (GDestroyNotify) g_ptr_array_unref);
}

void
koban_profile_problem (KobanReading *reading, KobanJsonNode at, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *sentence = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (reading->problems, g_strdup_printf (_("line %u: %s"), koban_json_line (at), sentence));
}

gboolean
koban_key_expect (KobanReading *reading, const KobanKey *key, KobanJsonNode node, KobanJsonType type)
{
  static const char *const names[] = { N_("null"),   N_("a boolean"), N_("a boolean"), N_("a number"),
                                       N_("a text"), N_("a list"),    N_("an object") };

  if (koban_json_type (node) == type)
    return TRUE;
  koban_profile_problem (reading, node, _("“%s” must be %s"), key->name, _(names[type]));
  return FALSE;
}

/* Fills @target from the members of @node: unknown and missing ones are mistakes. */
void
koban_read_object (KobanReading *reading,
                   KobanJsonNode node,
                   const char *what,
                   const KobanKey *keys,
                   gsize n_keys,
                   gpointer target)
{
  if (koban_json_type (node) != KOBAN_JSON_OBJECT)
    {
      koban_profile_problem (reading, node, _("%s must be an object"), what);
      return;
    }
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    {
      gsize i = 0;
      while (i < n_keys && !g_str_equal (keys[i].name, koban_json_name (member)))
        i++;
      if (i == n_keys)
        koban_profile_problem (reading, member, _("%s has no key “%s”"), what, koban_json_name (member));
      else
        keys[i].read (reading, &keys[i], member, (char *) target + keys[i].offset);
    }
  for (gsize i = 0; i < n_keys; i++)
    if (keys[i].required && !koban_json_exists (koban_json_member (node, keys[i].name)))
      koban_profile_problem (reading, node, _("%s lacks “%s”"), what, keys[i].name);
}

void
koban_keys_check (KobanReading *reading,
                  KobanJsonNode node,
                  const char *what,
                  const KobanKeySet *sets,
                  gsize n_sets,
                  guint kind)
{
  for (gsize i = 0; i < n_sets; i++)
    {
      KobanJsonNode member = koban_json_member (node, sets[i].name);
      if (!koban_json_exists (member) && (sets[i].required & (1u << kind)) != 0)
        koban_profile_problem (reading, node, _("%s lacks “%s”"), what, sets[i].name);
      if (koban_json_exists (member) && ((sets[i].allowed | sets[i].required) & (1u << kind)) == 0)
        koban_profile_problem (reading, member, _("%s has no key “%s”"), what, sets[i].name);
    }
}

void
koban_read_nothing (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  /* Known here, read by whoever knows more. */
}

void
koban_read_text (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_STRING))
    return;
  *(const char **) target = koban_json_string (node);
}

void
koban_read_texts (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_ARRAY))
    return;
  const char **texts =
    koban_reading_own (reading, g_new0 (const char *, koban_json_length (node) + 1), g_free);
  guint n = 0;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    if (koban_key_expect (reading, key, item, KOBAN_JSON_STRING))
      texts[n++] = koban_json_string (item);
  *(const char ***) target = texts;
}

void
koban_read_uint (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  gint64 value;
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_NUMBER))
    return;
  if (!koban_json_int64 (node, &value) || value < 0 || value > 1000000)
    koban_profile_problem (reading, node, _("“%s” must be a whole number from 0 to 1000000"), key->name);
  else
    *(guint *) target = (guint) value;
}

void
koban_read_uints (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    {
      guint value = 0;
      koban_read_uint (reading, key, item, &value);
      g_array_append_val (*(GArray **) target, value);
    }
}

void
koban_read_bool (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  gboolean is_true = koban_json_is_true (node);
  if (is_true || koban_key_expect (reading, key, node, KOBAN_JSON_FALSE))
    *(gboolean *) target = is_true;
}

void
koban_read_word (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_STRING))
    return;
  for (guint i = 0; key->words[i] != NULL; i++)
    if (g_str_equal (key->words[i], koban_json_string (node)))
      {
        *(guint *) target = i;
        return;
      }
  g_autofree char *known = g_strjoinv (", ", (char **) key->words);
  koban_profile_problem (reading, node, _("“%s” is “%s”; it may be: %s"), key->name,
                         koban_json_string (node), known);
}

gboolean
koban_key_is_pointer (KobanReading *reading, KobanJsonNode node)
{
  const char *text = koban_json_string (node);
  if (text != NULL && (*text == '\0' || *text == '/'))
    return TRUE;
  koban_profile_problem (reading, node, _("a pointer is “” or begins with “/”"));
  return FALSE;
}

void
koban_read_pointer (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (koban_key_is_pointer (reading, node))
    koban_read_text (reading, key, node, target);
}

const char *
koban_pairs_lookup (GArray *pairs, const char *name)
{
  for (guint i = 0; i < pairs->len; i++)
    if (g_str_equal (g_array_index (pairs, KobanPair, i).name, name))
      return g_array_index (pairs, KobanPair, i).value;
  return NULL;
}

static void
add_pair (GArray *pairs, KobanJsonNode member)
{
  const KobanPair pair = { koban_json_name (member), koban_json_string (member) };
  g_array_append_val (pairs, pair);
}

void
koban_read_pairs (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_OBJECT))
    return;
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (koban_key_expect (reading, key, member, KOBAN_JSON_STRING))
      add_pair (*(GArray **) target, member);
}

void
koban_read_pointer_pairs (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_read_pairs (reading, key, node, target);
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    koban_key_is_pointer (reading, member);
}

void
koban_read_values (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  GHashTable **values = target;
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_OBJECT))
    return;
  *values = koban_reading_own (reading, g_hash_table_new (g_str_hash, g_str_equal),
                               (GDestroyNotify) g_hash_table_unref);
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (koban_key_expect (reading, key, member, KOBAN_JSON_STRING))
      g_hash_table_insert (*values, (gpointer) koban_json_name (member),
                           (gpointer) koban_json_string (member));
}

void
koban_read_body (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (koban_key_expect (reading, key, node, KOBAN_JSON_OBJECT))
    *(KobanJsonNode *) target = node;
}

void
koban_key_each (KobanReading *reading,
                const KobanKey *key,
                KobanJsonNode node,
                KobanKeyItem read,
                gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    read (reading, item, target);
}
