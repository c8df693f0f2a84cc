/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sign-in over HTTP: oauth.c says what to ask, this sends it through the one door. A step that failed may
 * be made again by who drives it; nothing here retries, waits or tells.
 */
#include "config.h"

#include <koban/sign-in.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/oauth-token.h"
#include "bank/oauth.h"
#include "bank/profile-oauth.h"
#include "bank/sending.h"

struct _KobanSignIn
{
  GObject parent_instance;

  KobanHttp *http;
  KobanProfile *profile;
  KobanHosts *hosts;
  KobanAuth *auth;
  KobanOAuth *oauth;
  GHashTable *fields; /* name → value of needs that are no secret */
  GBytes *ca_pem;     /* (nullable) */
  char *base_url;
};

G_DEFINE_FINAL_TYPE (KobanSignIn, koban_sign_in, G_TYPE_OBJECT)

static void
koban_sign_in_finalize (GObject *object)
{
  KobanSignIn *self = KOBAN_SIGN_IN (object);

  g_clear_pointer (&self->oauth, koban_oauth_free);
  g_clear_pointer (&self->auth, koban_auth_free);
  g_clear_pointer (&self->hosts, koban_hosts_free);
  g_clear_pointer (&self->profile, koban_profile_unref);
  g_clear_pointer (&self->ca_pem, g_bytes_unref);
  g_clear_object (&self->http);
  g_hash_table_unref (self->fields);
  g_free (self->base_url);
  G_OBJECT_CLASS (koban_sign_in_parent_class)->finalize (object);
}

static void
koban_sign_in_class_init (KobanSignInClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_sign_in_finalize;
}

static void
koban_sign_in_init (KobanSignIn *self)
{
  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
take_options (KobanSignIn *self, const KobanSessionOptions *options)
{
  self->profile = koban_profile_ref (options->profile);
  self->ca_pem = options->ca_pem != NULL ? g_bytes_ref (options->ca_pem) : NULL;
  self->base_url = g_strdup (options->base_url != NULL ? options->base_url : options->profile->base_url);
  while (g_str_has_suffix (self->base_url, "/"))
    self->base_url[strlen (self->base_url) - 1] = '\0';
  for (const char *const *field = options->fields; field != NULL && field[0] != NULL && field[1] != NULL;
       field += 2)
    g_hash_table_insert (self->fields, g_strdup (field[0]), g_strdup (field[1]));
}

KobanSignIn *
koban_sign_in_new (KobanHttp *http,
                   const KobanSessionOptions *options,
                   const char *redirect_url,
                   GError **error)
{
  g_autoptr(KobanSignIn) self = g_object_new (KOBAN_TYPE_SIGN_IN, NULL);
  const KobanProofRule *rule = koban_oauth_rule_find (options->profile);

  g_return_val_if_fail (rule != NULL, NULL);
  self->http = g_object_ref (http);
  take_options (self, options);
  self->hosts = koban_hosts_new (koban_profile_get_hosts (options->profile), options->base_url, error);
  if (self->hosts == NULL)
    return NULL;
  self->auth = koban_auth_new (&(KobanAuthOptions){ .profile = self->profile,
                                                    .base_url = self->base_url,
                                                    .secrets = options->secrets,
                                                    .fields = self->fields,
                                                    .hosts = self->hosts,
                                                    .now_us = options->now_us });
  self->oauth = koban_oauth_new (self->auth, rule, redirect_url, error);
  return self->oauth != NULL ? g_steal_pointer (&self) : NULL;
}

KobanSignInState
koban_sign_in_get_state (KobanSignIn *self)
{
  if (koban_oauth_is_done (self->oauth))
    return KOBAN_SIGN_IN_DONE;
  return koban_oauth_is_at_page (self->oauth) ? KOBAN_SIGN_IN_PAGE : KOBAN_SIGN_IN_ASKS;
}

guint
koban_sign_in_get_pause_s (KobanSignIn *self)
{
  return koban_oauth_get_pause_s (self->oauth);
}

const char *
koban_sign_in_get_url (KobanSignIn *self)
{
  return koban_oauth_get_url (self->oauth);
}

const char *
koban_sign_in_get_user_code (KobanSignIn *self)
{
  return koban_oauth_get_user_code (self->oauth);
}

gboolean
koban_sign_in_is_shown_host (KobanSignIn *self)
{
  const char *url = koban_oauth_get_url (self->oauth);
  return url != NULL && koban_hosts_allow (self->hosts, url, NULL);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanSignIn *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr(KobanHttpResponse) answer = koban_http_send_finish (KOBAN_HTTP (source), result, &error);

  if (answer != NULL && koban_oauth_heard (self->oauth, answer, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
koban_sign_in_step_async (KobanSignIn *self,
                          gint64 now_us,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (koban_sign_in_get_state (self) == KOBAN_SIGN_IN_ASKS);

  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, koban_sign_in_step_async);
  self->auth->now_us = now_us;
  g_autoptr(KobanOutgoing) outgoing = koban_oauth_ask (self->oauth, &error);
  if (outgoing == NULL ||
      !koban_sending_start (&(KobanSending){ self->http, self->hosts, self->ca_pem, self->profile->headers },
                            outgoing, cancellable, on_answered, task, &error))
    g_task_return_error (task, error);
}

gboolean
koban_sign_in_step_finish (KobanSignIn *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
koban_sign_in_returned (KobanSignIn *self, KobanSecret *url, GError **error)
{
  return koban_oauth_returned (self->oauth, url, error);
}

KobanSecret *
koban_sign_in_take_secrets (KobanSignIn *self)
{
  return koban_auth_take_secrets (self->auth);
}

gboolean
koban_profile_signs_in (KobanProfile *profile)
{
  return koban_oauth_rule_find (profile) != NULL;
}

gboolean
koban_profile_has_page (KobanProfile *profile)
{
  const KobanProofRule *rule = koban_oauth_rule_find (profile);
  return rule != NULL && rule->oauth.flow != KOBAN_FLOW_DEVICE;
}

const char *
koban_profile_get_redirect (KobanProfile *profile)
{
  const KobanProofRule *rule = koban_oauth_rule_find (profile);
  return rule != NULL ? rule->oauth.redirect : NULL;
}

gint64
koban_sign_in_get_consent_end_us (KobanSecret *secrets)
{
  g_autoptr(KobanSecret) value = koban_secret_bundle_lookup (secrets, KOBAN_OAUTH_CONSENT_ENDS);
  gint64 ends_s = 0;

  if (value == NULL || !g_ascii_string_to_signed (koban_secret_peek (value, NULL), 10, 0,
                                                  G_MAXINT64 / KOBAN_SECOND_US, &ends_s, NULL))
    return 0;
  return ends_s * KOBAN_SECOND_US;
}
