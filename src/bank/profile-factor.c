/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "sca" of a revocation, read into a KobanFactorRule: which answer wants a second factor, how it begins, what
 * of the person is asked for by which part of an answer, and where its state is asked.
 */
#include "config.h"

#include "bank/profile-factor.h"

#include <glib/gi18n-lib.h>
#include "bank/profile-facts.h"

#define LONGEST_PAUSE_S 60
#define LONGEST_WAIT_S 1800

const char *const koban_method_words[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };
static const char *const asks_words[] = { "page", "choice", "code", "password", NULL };

static void
read_call (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  static const KobanKey keys[] = {
    { "method", koban_read_word, G_STRUCT_OFFSET (KobanCallRule, method), TRUE, koban_method_words },
    { "path", koban_read_text, G_STRUCT_OFFSET (KobanCallRule, path), TRUE },
    { "body", koban_read_body, G_STRUCT_OFFSET (KobanCallRule, body) },
    { "headers", koban_read_pairs, G_STRUCT_OFFSET (KobanCallRule, headers) },
  };
  g_autofree char *what = g_strdup_printf ("“%s”", key->name);
  KobanCallRule *call = target;

  call->headers = koban_reading_pairs (reading);
  koban_read_object (reading, node, what, keys, G_N_ELEMENTS (keys), call);
  if (call->path != NULL && *call->path != '/')
    koban_profile_problem (reading, node, _("“path” begins with “/”"));
}

#define ASKS(what) (1u << KOBAN_ASKS_##what)

static const KobanKeySet ask_keys[] = {
  { "send", 0, ASKS (CHOICE) | ASKS (CODE) },
  { "id", 0, ASKS (CHOICE) },
  { "name", 0, ASKS (CHOICE) },
};

static void
add_ask (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  static const KobanKey keys[] = {
    { "asks", koban_read_word, G_STRUCT_OFFSET (KobanAskRule, asks), TRUE, asks_words },
    { "at", koban_read_pointer, G_STRUCT_OFFSET (KobanAskRule, at), TRUE },
    { "id", koban_read_pointer, G_STRUCT_OFFSET (KobanAskRule, id) },
    { "name", koban_read_pointer, G_STRUCT_OFFSET (KobanAskRule, name) },
    { "send", read_call, G_STRUCT_OFFSET (KobanAskRule, send) },
  };
  KobanAskRule *ask = koban_reading_new (reading, KobanAskRule);

  koban_read_object (reading, item, _("what is asked of the person"), keys, G_N_ELEMENTS (keys), ask);
  koban_keys_check (reading, item, asks_words[ask->asks], ask_keys, G_N_ELEMENTS (ask_keys), ask->asks);
  g_ptr_array_add (*(GPtrArray **) target, ask);
}

static void
read_asks (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_key_each (reading, key, node, add_ask, target);
}

KOBAN_KEY_READER (factor)
{
#define KEY(name, read, member, required)                                                                    \
  {                                                                                                          \
    name, read, G_STRUCT_OFFSET (KobanFactorRule, member), required                                          \
  }
  static const KobanKey keys[] = {
    KEY ("when", koban_read_uints, when, TRUE),
    KEY ("start", read_call, start, FALSE),
    KEY ("id", koban_read_pointer, id, FALSE),
    KEY ("state", koban_read_factor_state, state, TRUE),
    KEY ("text", koban_read_fact, text, FALSE),
    KEY ("asks", read_asks, asks, TRUE),
    KEY ("status", read_call, status, TRUE),
    KEY ("every_s", koban_read_uint, every_s, FALSE),
    KEY ("within_s", koban_read_uint, within_s, FALSE),
  };
#undef KEY
  KobanFactorRule *factor = koban_reading_new (reading, KobanFactorRule);

  factor->when =
    koban_reading_own (reading, g_array_new (FALSE, FALSE, sizeof (guint)), (GDestroyNotify) g_array_unref);
  factor->asks = koban_reading_list (reading);
  *(KobanFactorRule **) target = factor;
  koban_read_object (reading, node, _("“sca”"), keys, G_N_ELEMENTS (keys), factor);
  if (factor->every_s > LONGEST_PAUSE_S || factor->within_s > LONGEST_WAIT_S)
    koban_profile_problem (reading, node, _("“every_s” is at most %d and “within_s” at most %d"),
                           LONGEST_PAUSE_S, LONGEST_WAIT_S);
}
