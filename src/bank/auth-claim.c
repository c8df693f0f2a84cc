/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The scheme “basic-url-claim”: a one-time token names a URL, which gives, once, a URL with user and
 * password in it. That access URL is kept and the token forgotten; both pass hosts.c before use.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#define MAX_ACCESS_URL 4096
#define ACCESS_URL "access_url" /* its place in the bundle */

static gboolean
claim_wants_opening (KobanAuth *self, const KobanProofRule *rule)
{
  return !koban_auth_has (self, ACCESS_URL);
}

static KobanOutgoing *
claim_open (KobanAuth *self, const KobanProofRule *rule, GError **error)
{
  g_autoptr(KobanSecret) token = koban_auth_lookup (self, rule->secret, error);
  if (token == NULL)
    return NULL;

  gsize length;
  guchar *decoded = g_base64_decode (koban_secret_peek (token, NULL), &length);
  char *url = g_strndup ((const char *) decoded, length);
  memset (decoded, 0, length);
  g_free (decoded);
  g_strstrip (url);
  gboolean is_url =
    g_str_has_prefix (url, "http") && strlen (url) <= MAX_ACCESS_URL && strpbrk (url, " \r\n\t") == NULL;
  KobanOutgoing *outgoing = is_url ? koban_outgoing_new ("POST", url, "") : NULL;
  koban_secret_wipe (url);
  if (outgoing == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("this is not a setup token: copy the whole text that the bridge shows"));
  return outgoing;
}

/* "https://user:pass@host/path" → "user:pass" (still encoded) and "https://host/path". Everything before the
 * last
 * "@" of the authority is userinfo, so that what is left names the host that is really asked. */
static gboolean
split_access_url (const char *access, char **userinfo, char **url)
{
  const char *scheme_end = strstr (access, "://");
  if (scheme_end == NULL)
    return FALSE;
  const char *authority = scheme_end + strlen ("://");
  gsize length = strcspn (authority, "/?#\\");
  const char *at = g_strrstr_len (authority, (gssize) length, "@");
  if (at == NULL || at == authority)
    return FALSE;
  *userinfo = g_strndup (authority, (gsize) (at - authority));
  char *prefix = g_strndup (access, (gsize) (authority - access));
  *url = g_strconcat (prefix, at + 1, NULL);
  g_free (prefix);
  return TRUE;
}

/* An access URL whose host may hear its password: nothing else is worth keeping. */
static gboolean
check_access_url (KobanAuth *self, const char *text, GError **error)
{
  char *userinfo = NULL;
  char *url = NULL;
  gboolean is_one = strlen (text) <= MAX_ACCESS_URL && strpbrk (text, " \t\r\n?#") == NULL &&
                    split_access_url (text, &userinfo, &url) && strchr (userinfo, ':') != NULL;
  gboolean is_good = is_one && koban_hosts_allow (self->hosts, url, error);

  if (!is_one)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("the answer to the setup token is not an access URL"));
  koban_secret_wipe (userinfo);
  koban_secret_wipe (url);
  return is_good;
}

static void
keep_access_url (KobanAuth *self, const KobanProofRule *rule, const char *text)
{
  g_autoptr(KobanSecret) access = koban_secret_new (text, -1);

  koban_auth_keep (self, ACCESS_URL, access, TRUE);
  koban_auth_keep (self, rule->secret, NULL, TRUE);
}

static void
set_claim_error (KobanAuth *self, guint status, GError **error)
{
  if (status == 403)
    g_set_error (
      error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
      _(
        "this setup token was used before or is not valid. Somebody else may have seen it: disable it at the "
        "bridge and make a new one"));
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED,
                 _("the setup token could not be exchanged: the bridge answered %u"), status);
}

static gboolean
claim_opened (KobanAuth *self, const KobanProofRule *rule, const KobanHttpResponse *answer, GError **error)
{
  if (answer->status != 200)
    {
      set_claim_error (self, answer->status, error);
      return FALSE;
    }
  gsize length;
  const char *data = g_bytes_get_data (answer->body, &length);
  char *text = g_strstrip (g_strndup (data, length));
  gboolean is_good = check_access_url (self, text, error);
  if (is_good)
    keep_access_url (self, rule, text);
  koban_secret_wipe (text);
  return is_good;
}

/* Percent-decoded; NULL if that gives a control character or nothing at all. */
static KobanSecret *
decode_userinfo (const char *userinfo)
{
  char *decoded = g_uri_unescape_string (userinfo, NULL);
  gboolean is_good = decoded != NULL;

  for (const char *c = decoded; c != NULL && *c != '\0'; c++)
    is_good &= (guchar) *c >= 0x20 && *c != 0x7f;
  KobanSecret *basic = is_good ? koban_secret_new (decoded, -1) : NULL;
  koban_secret_wipe (decoded);
  return basic;
}

/* What it names is asked, and not the profile's address. */
static gboolean
claim_prove (KobanAuth *self, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  g_autoptr(KobanSecret) access = koban_auth_lookup (self, ACCESS_URL, error);
  char *userinfo = NULL;
  char *root = NULL;

  if (access != NULL && split_access_url (koban_secret_peek (access, NULL), &userinfo, &root))
    {
      if (g_str_has_suffix (root, "/"))
        root[strlen (root) - 1] = '\0';
      koban_secret_wipe (outgoing->url);
      outgoing->url = g_strconcat (root, outgoing->path, NULL);
      outgoing->basic = decode_userinfo (userinfo);
    }
  koban_secret_wipe (userinfo);
  koban_secret_wipe (root);
  if (outgoing->basic != NULL)
    return TRUE;
  g_clear_error (error);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
               _("the stored access URL is damaged: connect again with a new setup token"));
  return FALSE;
}

static const KobanKey claim_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("claim", koban_read_need_name, secret, TRUE),
};

const KobanScheme koban_scheme_claim = {
  .name = "basic-url-claim",
  .keys = claim_keys,
  .n_keys = G_N_ELEMENTS (claim_keys),
  .wants_opening = claim_wants_opening,
  .open = claim_open,
  .opened = claim_opened,
  .prove = claim_prove,
};
