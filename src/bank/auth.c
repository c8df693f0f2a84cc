/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of ways to prove who asks. Each row adds its proof to a request that it does not send;
 * where the request may go is decided by hosts.c, after this and for every row alike.
 */
#include "config.h"

#include "bank/auth.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/rules.h"

#define MAX_ACCESS_URL 4096

typedef struct
{
  const char *name;
  const char *const *params;
  gboolean (*wants_opening) (KobanAuth *self);
  KobanOutgoing *(*open) (KobanAuth *self, GError **error);
  gboolean (*opened) (KobanAuth *self, guint status, GBytes *body, GError **error);
  KobanOutgoing *(*request) (KobanAuth *self, const char *path, gboolean revoking, GError **error);
} Scheme;

struct _KobanAuth
{
  const Scheme *scheme;
  KobanProfile *profile;
  char *base_url;
  KobanHosts *hosts;    /* (unowned): outlives us */
  KobanSecret *secrets; /* (nullable) */
  gboolean changed;
};

void
koban_outgoing_free (KobanOutgoing *self)
{
  koban_secret_wipe (self->url);
  g_ptr_array_unref (self->secret_headers);
  g_clear_pointer (&self->basic, koban_secret_unref);
  g_free (self);
}

static KobanOutgoing *
outgoing_new (const char *method, const char *root, const char *path)
{
  KobanOutgoing *self = g_new0 (KobanOutgoing, 1);
  self->method = method;
  self->url = g_strconcat (root, path, NULL);
  self->secret_headers = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_secret_unref);
  return self;
}

/* A secret of the bundle by the name of a scheme's parameter. */
static KobanSecret *
lookup_param (KobanAuth *self, const char *param, GError **error)
{
  const char *name = koban_pairs_lookup (self->profile->auth_params, param);
  KobanSecret *secret = self->secrets != NULL ? koban_secret_bundle_lookup (self->secrets, name) : NULL;

  if (secret == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                 _("%s: there is no “%s” among the stored secrets"), self->profile->name, name);
  return secret;
}

static gboolean
never (KobanAuth *self)
{
  return FALSE;
}

/* — bearer: "Authorization: Bearer …" — */

static const char *const bearer_params[] = { "secret", NULL };

static KobanSecret *
lookup_revoking (KobanAuth *self, GError **error)
{
  for (guint i = 0; i < self->profile->needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (self->profile->needs, KobanNeed, i);
      if (!need->revoke)
        continue;
      KobanSecret *secret =
        self->secrets != NULL ? koban_secret_bundle_lookup (self->secrets, need->name) : NULL;
      if (secret == NULL)
        g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                     _("%s: what is stored can only watch; revoking needs: %s"), self->profile->name,
                     need->label);
      return secret;
    }
  return lookup_param (self, "secret", error);
}

static KobanSecret *
bearer_header (KobanSecret *token, GError **error)
{
  const char *value = koban_secret_peek (token, NULL);
  if (*value == '\0' || strpbrk (value, " \t\r\n") != NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("a token is one word without blanks: copy it again"));
      return NULL;
    }
  char *line = g_strconcat ("Authorization: Bearer ", value, NULL);
  KobanSecret *header = koban_secret_new (line, -1);
  koban_secret_wipe (line);
  return header;
}

static KobanOutgoing *
bearer_request (KobanAuth *self, const char *path, gboolean revoking, GError **error)
{
  g_autoptr(KobanSecret) token =
    revoking ? lookup_revoking (self, error) : lookup_param (self, "secret", error);
  KobanSecret *header = token != NULL ? bearer_header (token, error) : NULL;

  if (header == NULL)
    return NULL;
  KobanOutgoing *outgoing = outgoing_new (NULL, self->base_url, path);
  g_ptr_array_add (outgoing->secret_headers, header);
  return outgoing;
}

/* — basic-url-claim: a one-time token names a URL, which gives, once, a URL with user and password in it — */

static const char *const claim_params[] = { "claim", NULL };
#define ACCESS_URL "access_url" /* its place in the bundle */

static gboolean
has_access (KobanAuth *self)
{
  g_autoptr(KobanSecret) access =
    self->secrets != NULL ? koban_secret_bundle_lookup (self->secrets, ACCESS_URL) : NULL;
  return access != NULL;
}

static gboolean
claim_wants_opening (KobanAuth *self)
{
  return !has_access (self);
}

static KobanOutgoing *
claim_open (KobanAuth *self, GError **error)
{
  g_autoptr(KobanSecret) token = lookup_param (self, "claim", error);
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
  KobanOutgoing *outgoing = is_url ? outgoing_new ("POST", url, NULL) : NULL;
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
                 _("%s: the answer to the setup token is not an access URL"), self->profile->name);
  koban_secret_wipe (userinfo);
  koban_secret_wipe (url);
  return is_good;
}

static void
keep_access_url (KobanAuth *self, const char *text)
{
  g_autoptr(KobanSecret) access = koban_secret_new (text, -1);
  g_autoptr(KobanSecret) with = koban_secret_bundle_with (self->secrets, ACCESS_URL, access);

  g_clear_pointer (&self->secrets, koban_secret_unref);
  self->secrets =
    koban_secret_bundle_with (with, koban_pairs_lookup (self->profile->auth_params, "claim"), NULL);
  self->changed = TRUE;
}

static void
set_claim_error (KobanAuth *self, guint status, GError **error)
{
  if (status == 403)
    g_set_error (
      error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
      _("%s: this setup token was used before or is not valid. Somebody else may have seen it: disable it "
         "at the bridge and make a new one"),
      self->profile->name);
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED,
                 _("%s: the setup token could not be exchanged: the bridge answered %u"),
                 self->profile->name, status);
}

static gboolean
claim_opened (KobanAuth *self, guint status, GBytes *body, GError **error)
{
  if (status != 200)
    {
      set_claim_error (self, status, error);
      return FALSE;
    }
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  char *text = g_strstrip (g_strndup (data, length));
  gboolean is_good = check_access_url (self, text, error);
  if (is_good)
    keep_access_url (self, text);
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

static KobanOutgoing *
access_request (KobanAuth *self, const char *path, gboolean revoking, GError **error)
{
  g_autoptr(KobanSecret) access =
    self->secrets != NULL ? koban_secret_bundle_lookup (self->secrets, ACCESS_URL) : NULL;
  char *userinfo = NULL;
  char *root = NULL;
  KobanOutgoing *outgoing = NULL;

  if (access != NULL && split_access_url (koban_secret_peek (access, NULL), &userinfo, &root))
    {
      if (g_str_has_suffix (root, "/"))
        root[strlen (root) - 1] = '\0';
      outgoing = outgoing_new (NULL, root, path);
      outgoing->basic = decode_userinfo (userinfo);
    }
  koban_secret_wipe (userinfo);
  koban_secret_wipe (root);
  if (outgoing != NULL && outgoing->basic != NULL)
    return outgoing;
  g_clear_pointer (&outgoing, koban_outgoing_free);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
               _("%s: the stored access URL is damaged: connect again with a new setup token"),
               self->profile->name);
  return NULL;
}

static const Scheme schemes[] = {
  { "bearer", bearer_params, never, NULL, NULL, bearer_request },
  { "basic-url-claim", claim_params, claim_wants_opening, claim_open, claim_opened, access_request },
};

static const Scheme *
find_scheme (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_equal (schemes[i].name, name))
      return &schemes[i];
  return NULL;
}

const char *const *
koban_auth_scheme_get_params (const char *scheme)
{
  const Scheme *found = find_scheme (scheme);
  return found != NULL ? found->params : NULL;
}

KobanAuth *
koban_auth_new (KobanProfile *profile, const char *base_url, KobanSecret *secrets, KobanHosts *hosts)
{
  KobanAuth *self = g_new0 (KobanAuth, 1);
  self->scheme = find_scheme (profile->auth_scheme);
  self->profile = koban_profile_ref (profile);
  self->base_url = g_strdup (base_url);
  self->hosts = hosts;
  self->secrets = secrets != NULL ? koban_secret_ref (secrets) : NULL;
  return self;
}

void
koban_auth_free (KobanAuth *self)
{
  koban_profile_unref (self->profile);
  g_free (self->base_url);
  g_clear_pointer (&self->secrets, koban_secret_unref);
  g_free (self);
}

gboolean
koban_auth_wants_opening (KobanAuth *self)
{
  return self->scheme->wants_opening (self);
}

KobanOutgoing *
koban_auth_open (KobanAuth *self, GError **error)
{
  return self->scheme->open (self, error);
}

gboolean
koban_auth_opened (KobanAuth *self, guint status, GBytes *body, GError **error)
{
  return self->scheme->opened (self, status, body, error);
}

KobanOutgoing *
koban_auth_request (KobanAuth *self, const char *method, const char *path, gboolean revoking, GError **error)
{
  KobanOutgoing *outgoing = self->scheme->request (self, path, revoking, error);
  if (outgoing != NULL)
    outgoing->method = method;
  return outgoing;
}

KobanSecret *
koban_auth_take_secrets (KobanAuth *self)
{
  if (!self->changed)
    return NULL;
  self->changed = FALSE;
  return koban_secret_ref (self->secrets);
}
