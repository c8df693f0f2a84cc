/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Schemes that add the same to every request: a bearer token, headers, HTTP Basic, members of a JSON body,
 * a client certificate. None of them has a request of its own.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

/* — bearer: "Authorization: Bearer …" — */

static gboolean
bearer_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  const char *name = auth->revoking != NULL && rule->revoking != NULL ? rule->revoking : rule->secret;
  g_autoptr(KobanSecret) token = koban_auth_lookup (auth, name, error);

  if (token == NULL)
    return FALSE;
  const char *value = koban_secret_peek (token, NULL);
  if (*value == '\0' || strpbrk (value, " \t\r\n") != NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("a token is one word without blanks: copy it again"));
      return FALSE;
    }
  return koban_outgoing_add_bearer (outgoing, token, error);
}

static const KobanKey bearer_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("secret", koban_read_need_name, secret, TRUE),
  KOBAN_PROOF_KEY ("revoking", koban_read_need_name, revoking, FALSE),
};

const KobanScheme koban_scheme_bearer = {
  .name = "bearer",
  .keys = bearer_keys,
  .n_keys = G_N_ELEMENTS (bearer_keys),
  .prove = bearer_prove,
};

/* — headers: whatever names, with secrets in them — */

static gboolean
headers_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  return koban_auth_add_headers (auth, rule->headers, outgoing, error);
}

static const KobanKey headers_keys[] = { KOBAN_SCHEME_KEY,
                                         KOBAN_PROOF_KEY ("headers", koban_read_pairs, headers, TRUE) };

const KobanScheme koban_scheme_headers = {
  .name = "headers",
  .keys = headers_keys,
  .n_keys = G_N_ELEMENTS (headers_keys),
  .prove = headers_prove,
};

/* — basic: "Authorization: Basic …", maybe without a password — */

static gboolean
basic_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  outgoing->basic = koban_auth_basic (auth, rule->user, rule->password, error);
  return outgoing->basic != NULL;
}

static const KobanKey basic_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("user", koban_read_need_name, user, TRUE),
  KOBAN_PROOF_KEY ("password", koban_read_need_name, password, FALSE),
};

const KobanScheme koban_scheme_basic = {
  .name = "basic",
  .keys = basic_keys,
  .n_keys = G_N_ELEMENTS (basic_keys),
  .prove = basic_prove,
};

/* — body: members of the JSON object that is sent — */

static gboolean
body_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  g_autoptr(KobanSecret) before = g_steal_pointer (&outgoing->body);
  const char *text = before != NULL ? koban_secret_peek (before, NULL) : "{}";

  outgoing->body = koban_auth_object (auth, rule->members, text + strspn (text, " \n{"), error);
  return outgoing->body != NULL;
}

static const KobanKey body_keys[] = { KOBAN_SCHEME_KEY,
                                      KOBAN_PROOF_KEY ("members", koban_read_pairs, members, TRUE) };

const KobanScheme koban_scheme_body = {
  .name = "body",
  .keys = body_keys,
  .n_keys = G_N_ELEMENTS (body_keys),
  .prove = body_prove,
};

/* — mutual-tls: the client shows a certificate, too — */

static gboolean
tls_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  outgoing->certificate = koban_auth_lookup (auth, rule->certificate, error);
  if (outgoing->certificate != NULL)
    outgoing->key = koban_auth_lookup (auth, rule->key, error);
  return outgoing->key != NULL;
}

static const KobanKey tls_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("certificate", koban_read_need_name, certificate, TRUE),
  KOBAN_PROOF_KEY ("key", koban_read_need_name, key, TRUE),
};

const KobanScheme koban_scheme_mutual_tls = {
  .name = "mutual-tls",
  .keys = tls_keys,
  .n_keys = G_N_ELEMENTS (tls_keys),
  .prove = tls_prove,
};
