/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Members of a JSON object into a struct, by a table of keys. Every mistake is told with its line, and none
 * ends the reading; what a key means is its reader's business.
 */
#include "config.h"

#include "bank/profile-keys.h"

#include <glib/gi18n-lib.h>

void
koban_profile_problem (GPtrArray *problems, KobanJsonNode at, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *sentence = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (problems, g_strdup_printf (_("line %u: %s"), koban_json_line (at), sentence));
}

gboolean
koban_key_expect (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, KobanJsonType type)
{
  static const char *const names[] = { N_("null"),   N_("a boolean"), N_("a boolean"), N_("a number"),
                                       N_("a text"), N_("a list"),    N_("an object") };

  if (koban_json_type (node) == type)
    return TRUE;
  koban_profile_problem (problems, node, _("“%s” must be %s"), key->name, _(names[type]));
  return FALSE;
}

/* Fills @target from the members of @node: unknown and missing ones are mistakes. */
void
koban_read_object (GPtrArray *problems,
                   KobanJsonNode node,
                   const char *what,
                   const KobanKey *keys,
                   gsize n_keys,
                   gpointer target)
{
  if (koban_json_type (node) != KOBAN_JSON_OBJECT)
    {
      koban_profile_problem (problems, node, _("%s must be an object"), what);
      return;
    }
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    {
      gsize i = 0;
      while (i < n_keys && !g_str_equal (keys[i].name, koban_json_name (member)))
        i++;
      if (i == n_keys)
        koban_profile_problem (problems, member, _("%s has no key “%s”"), what, koban_json_name (member));
      else
        keys[i].read (problems, &keys[i], member, (char *) target + keys[i].offset);
    }
  for (gsize i = 0; i < n_keys; i++)
    if (keys[i].required && !koban_json_exists (koban_json_member (node, keys[i].name)))
      koban_profile_problem (problems, node, _("%s lacks “%s”"), what, keys[i].name);
}

void
koban_keys_check (GPtrArray *problems,
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
        koban_profile_problem (problems, node, _("%s lacks “%s”"), what, sets[i].name);
      if (koban_json_exists (member) && ((sets[i].allowed | sets[i].required) & (1u << kind)) == 0)
        koban_profile_problem (problems, member, _("%s has no key “%s”"), what, sets[i].name);
    }
}

void
koban_read_nothing (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  /* Known here, read by whoever knows more. */
}

void
koban_read_text (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_STRING))
    return;
  char **text = target;
  g_free (*text);
  *text = g_strdup (koban_json_string (node));
}

void
koban_read_texts (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    if (koban_key_expect (problems, key, item, KOBAN_JSON_STRING))
      g_strv_builder_add (builder, koban_json_string (item));
  char ***texts = target;
  g_strfreev (*texts);
  *texts = g_strv_builder_end (builder);
}

void
koban_read_uint (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  gint64 value;
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_NUMBER))
    return;
  if (!koban_json_int64 (node, &value) || value < 0 || value > 1000000)
    koban_profile_problem (problems, node, _("“%s” must be a whole number from 0 to 1000000"), key->name);
  else
    *(guint *) target = (guint) value;
}

void
koban_read_uints (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    {
      guint value = 0;
      koban_read_uint (problems, key, item, &value);
      g_array_append_val (*(GArray **) target, value);
    }
}

void
koban_read_bool (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  gboolean is_true = koban_json_is_true (node);
  if (is_true || koban_key_expect (problems, key, node, KOBAN_JSON_FALSE))
    *(gboolean *) target = is_true;
}

void
koban_read_word (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_STRING))
    return;
  for (guint i = 0; key->words[i] != NULL; i++)
    if (g_str_equal (key->words[i], koban_json_string (node)))
      {
        *(guint *) target = i;
        return;
      }
  g_autofree char *known = g_strjoinv (", ", (char **) key->words);
  koban_profile_problem (problems, node, _("“%s” is “%s”; it may be: %s"), key->name,
                         koban_json_string (node), known);
}

gboolean
koban_key_is_pointer (GPtrArray *problems, KobanJsonNode node)
{
  const char *text = koban_json_string (node);
  if (text != NULL && (*text == '\0' || *text == '/'))
    return TRUE;
  koban_profile_problem (problems, node, _("a pointer is “” or begins with “/”"));
  return FALSE;
}

void
koban_read_pointer (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (koban_key_is_pointer (problems, node))
    koban_read_text (problems, key, node, target);
}

static void
clear_pair (gpointer data)
{
  KobanPair *pair = data;
  g_free (pair->name);
  g_free (pair->value);
}

GArray *
koban_pairs_new (void)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (KobanPair));
  g_array_set_clear_func (pairs, clear_pair);
  return pairs;
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
  KobanPair pair = { g_strdup (koban_json_name (member)), g_strdup (koban_json_string (member)) };
  g_array_append_val (pairs, pair);
}

void
koban_read_pairs (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_OBJECT))
    return;
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (koban_key_expect (problems, key, member, KOBAN_JSON_STRING))
      add_pair (*(GArray **) target, member);
}

void
koban_read_pointer_pairs (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_read_pairs (problems, key, node, target);
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    koban_key_is_pointer (problems, member);
}

void
koban_read_values (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  GHashTable **values = target;
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_OBJECT))
    return;
  g_clear_pointer (values, g_hash_table_unref);
  *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (koban_key_expect (problems, key, member, KOBAN_JSON_STRING))
      g_hash_table_insert (*values, g_strdup (koban_json_name (member)),
                           g_strdup (koban_json_string (member)));
}

void
koban_read_body (GPtrArray *problems, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (koban_key_expect (problems, key, node, KOBAN_JSON_OBJECT))
    *(KobanJsonNode *) target = node;
}

void
koban_key_each (GPtrArray *problems,
                const KobanKey *key,
                KobanJsonNode node,
                KobanKeyItem read,
                gpointer target)
{
  if (!koban_key_expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    read (problems, item, target);
}
