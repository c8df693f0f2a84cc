/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The scheme “login”: requests, one after the other, that turn long-lived secrets into a short-lived one.
 * What each keeps is found by the next, and dies with the session unless the rung is climbed only once.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/answer.h"
#include "bank/row.h"
#include "bank/profile-facts.h"

static gboolean
is_climbed (KobanAuth *auth, const KobanRungRule *rung)
{
  return koban_auth_has (auth, g_array_index (rung->keep, KobanPair, 0).name);
}

/* NULL if all are climbed. */
static const KobanRungRule *
find_rung (KobanAuth *auth, const KobanProofRule *rule)
{
  for (guint i = 0; i < rule->rungs->len; i++)
    if (!is_climbed (auth, rule->rungs->pdata[i]))
      return rule->rungs->pdata[i];
  return NULL;
}

static gboolean
login_wants_opening (KobanAuth *auth, const KobanProofRule *rule)
{
  return find_rung (auth, rule) != NULL;
}

static gboolean
fill (KobanAuth *auth, const KobanRungRule *rung, KobanOutgoing *outgoing, GError **error)
{
  outgoing->form = rung->form;
  outgoing->body = rung->form ? koban_auth_form (auth, rung->send, error)
                              : koban_auth_object (auth, rung->send, NULL, error);
  if (outgoing->body == NULL || !koban_auth_add_headers (auth, rung->headers, outgoing, error))
    return FALSE;
  if (rung->user == NULL)
    return TRUE;
  outgoing->basic = koban_auth_basic (auth, rung->user, rung->password, error);
  return outgoing->basic != NULL;
}

static KobanOutgoing *
login_open (KobanAuth *auth, const KobanProofRule *rule, GError **error)
{
  const KobanRungRule *rung = find_rung (auth, rule);
  g_autoptr(KobanOutgoing) outgoing = koban_outgoing_new ("POST", auth->base_url, rung->path);

  return fill (auth, rung, outgoing, error) ? g_steal_pointer (&outgoing) : NULL;
}

static gboolean
keep_secrets (KobanAuth *auth, const KobanRungRule *rung, KobanJsonNode root, GError **error)
{
  for (guint i = 0; i < rung->keep->len; i++)
    {
      const KobanPair *pair = &g_array_index (rung->keep, KobanPair, i);
      const char *text = koban_map_text (root, pair->value);
      if (text == NULL || *text == '\0')
        {
          g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("the answer to the sign-in lacks %s"),
                       pair->value);
          return FALSE;
        }
    }
  for (guint i = rung->keep->len; i > 0; i--)
    {
      const KobanPair *pair = &g_array_index (rung->keep, KobanPair, i - 1);
      g_autoptr(KobanSecret) value = koban_secret_new (koban_map_text (root, pair->value), -1);
      koban_auth_keep (auth, pair->name, value, rung->once);
    }
  return TRUE;
}

/* What paths need and is no secret. */
static void
keep_fields (KobanAuth *auth, const KobanRungRule *rung, KobanJsonNode root)
{
  for (guint i = 0; i < rung->fields->len; i++)
    {
      const KobanKept *kept = rung->fields->pdata[i];
      const char *text = koban_map_fact (kept->fact, root);
      if (text != NULL)
        g_hash_table_insert (auth->fields, g_strdup (kept->name), g_strdup (text));
    }
}

/* 400 is what token endpoints say to a wrong secret (RFC 6749 §5.2). */
static KobanJson *
read_answer (KobanAuth *auth, const KobanHttpResponse *answer, GError **error)
{
  if (answer->status != 400)
    return koban_answer_read (answer, NULL, TRUE, error);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
               _("the bank does not accept the stored secrets (400). Make new ones and give them to Koban"));
  return NULL;
}

static gboolean
login_opened (KobanAuth *auth, const KobanProofRule *rule, const KobanHttpResponse *answer, GError **error)
{
  const KobanRungRule *rung = find_rung (auth, rule);
  g_autoptr(KobanJson) json = read_answer (auth, answer, error);

  if (json == NULL || !keep_secrets (auth, rung, koban_json_root (json), error))
    return FALSE;
  keep_fields (auth, rung, koban_json_root (json));
  return TRUE;
}

static gboolean
login_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  return koban_auth_add_headers (auth, rule->headers, outgoing, error);
}

/* — its rows in a profile — */

static void
read_fields (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  if (!koban_key_expect (reading, key, node, KOBAN_JSON_OBJECT))
    return;
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    {
      KobanKept *kept = koban_reading_new (reading, KobanKept);
      kept->name = koban_json_name (member);
      kept->fact = koban_fact_read (reading, member);
      g_ptr_array_add (*(GPtrArray **) target, kept);
    }
}

/* What a bundle may call a secret. */
static void
check_names (KobanReading *reading, KobanJsonNode node, GArray *pairs)
{
  for (guint i = 0; i < pairs->len; i++)
    {
      const char *name = g_array_index (pairs, KobanPair, i).name;
      if (*name == '\0' || name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        koban_profile_problem (reading, node, _("“%s”: the name of a secret is made of a–z, 0–9 and “_”"),
                               name);
    }
}

static void
add_rung (KobanReading *reading, KobanJsonNode item, gpointer target)
{
#define RUNG(name, read, member)                                                                             \
  {                                                                                                          \
    name, read, G_STRUCT_OFFSET (KobanRungRule, member)                                                      \
  }
  static const KobanKey keys[] = {
    { "path", koban_read_text, G_STRUCT_OFFSET (KobanRungRule, path), TRUE },
    RUNG ("form", koban_read_bool, form),
    RUNG ("once", koban_read_bool, once),
    RUNG ("user", koban_read_need_name, user),
    RUNG ("password", koban_read_need_name, password),
    RUNG ("send", koban_read_pairs, send),
    RUNG ("headers", koban_read_pairs, headers),
    { "keep", koban_read_pointer_pairs, G_STRUCT_OFFSET (KobanRungRule, keep), TRUE },
    RUNG ("fields", read_fields, fields),
  };
  KobanRungRule *rung = koban_reading_new (reading, KobanRungRule);

  rung->send = koban_reading_pairs (reading);
  rung->headers = koban_reading_pairs (reading);
  rung->keep = koban_reading_pairs (reading);
  rung->fields = koban_reading_list (reading);
  koban_read_object (reading, item, _("a rung"), keys, G_N_ELEMENTS (keys), rung);
  check_names (reading, item, rung->keep);
  if (rung->keep->len == 0 || (rung->path != NULL && *rung->path != '/'))
    koban_profile_problem (reading, item, _("a rung keeps something, and its path begins with “/”"));
  if (rung->keep->len > 0)
    g_ptr_array_add (*(GPtrArray **) target, rung);
}

static void
read_rungs (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_key_each (reading, key, node, add_rung, target);
}

static const KobanKey login_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("rungs", read_rungs, rungs, TRUE),
  KOBAN_PROOF_KEY ("headers", koban_read_pairs, headers, TRUE),
};

const KobanScheme koban_scheme_login = {
  .name = "login",
  .keys = login_keys,
  .n_keys = G_N_ELEMENTS (login_keys),
  .wants_opening = login_wants_opening,
  .open = login_open,
  .opened = login_opened,
  .prove = login_prove,
};
