/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The walk through a sign-in with a person beside it:
 *
 *   step, step … ─▶ page: the caller opens it ─┬─ the browser comes back to our port ─┬─▶ step … ─▶ the
 * bundle └▶ code: the caller shows it  └─ or its address is pasted ───────────┘
 *
 * Of all this the bus sees the address of the page and the code to be typed there; never what came back.
 */
#include "config.h"

#include "alarm.h"
#include "listener.h"
#include "signing-in.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/http.h>
#include <koban/sign-in.h>
#include <string.h>

typedef struct
{
  KobanParts *parts;         /* (unowned) */
  KobanOperation *operation; /* (owned) */
  KobanProfile *profile;     /* (owned) */
  KobanListener *listener;   /* (owned) (nullable) */
  KobanSignIn *sign_in;      /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned): of the step at hand */
  GSource *waking;           /* (owned) (nullable): the operation was cancelled */
  char *redirect_url;        /* (owned) (nullable) */
  char *answer_id;           /* (owned) (nullable): a pasted address on its way out of the keyring */
  guint deadline, pause;     /* alarms, 0: none */
  gboolean asking;           /* a step is under way */
  gboolean late;
} SigningIn;

static void go_on (GTask *task);

static void
signing_in_free (gpointer data)
{
  SigningIn *self = data;

  g_assert (self->deadline == 0 && self->pause == 0 && self->listener == NULL && self->waking == NULL);
  g_object_unref (self->operation);
  koban_profile_unref (self->profile);
  g_clear_object (&self->sign_in);
  g_object_unref (self->cancellable);
  g_free (self->redirect_url);
  g_free (self->answer_id);
  g_free (self);
}

/* @error (transfer full) (nullable) */
static void
finish (GTask *task, GError *error)
{
  SigningIn *self = g_task_get_task_data (task);

  koban_alarm_clear (self->parts->tools.clock, &self->deadline);
  koban_alarm_clear (self->parts->tools.clock, &self->pause);
  g_clear_pointer (&self->listener, koban_listener_free);
  if (self->waking != NULL)
    g_source_destroy (self->waking);
  g_clear_pointer (&self->waking, g_source_unref);
  koban_operation_ask (self->operation, NULL, NULL, NULL);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, koban_sign_in_take_secrets (self->sign_in),
                           (GDestroyNotify) koban_secret_unref);
  g_object_unref (task);
}

static GError *
too_late (SigningIn *self)
{
  return g_error_new (KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN, _("%s: nobody signed in within ten minutes"),
                      koban_profile_get_name (self->profile));
}

/* A step that is under way ends with its own error, and then everything. */
static void
give_up (GTask *task, GError *error)
{
  SigningIn *self = g_task_get_task_data (task);

  g_cancellable_cancel (self->cancellable);
  if (!self->asking)
    finish (task, error);
  else
    g_error_free (error);
}

static void
on_deadline (gpointer user_data)
{
  SigningIn *self = g_task_get_task_data (user_data);

  self->deadline = 0;
  self->late = TRUE;
  give_up (user_data, too_late (self));
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  give_up (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
  return G_SOURCE_REMOVE;
}

/* --- the page, and back -------------------------------------------------------------------------------- */

static char *
host_of (const char *url)
{
  char *host = NULL;
  return koban_http_check_url (url, &host, NULL) ? host : g_strdup ("?");
}

static void on_reply (KobanOperation *operation, const char *secret_id, gpointer user_data);

/* @problem (nullable): why the last answer was none. */
static void
ask_person (GTask *task, const char *problem)
{
  SigningIn *self = g_task_get_task_data (task);
  const char *url = koban_sign_in_get_url (self->sign_in);
  const char *code = koban_sign_in_get_user_code (self->sign_in);
  g_autofree char *host = host_of (url);
  g_auto(GVariantDict) question;

  g_variant_dict_init (&question, NULL);
  g_variant_dict_insert (&question, "kind", "s", code != NULL ? "code" : "page");
  g_variant_dict_insert (&question, "url", "s", url);
  g_variant_dict_insert (&question, "host", "s", host);
  g_variant_dict_insert (&question, "known", "b", koban_sign_in_is_shown_host (self->sign_in));
  g_variant_dict_insert (&question, "returns", "b", self->listener != NULL);
  if (code != NULL)
    g_variant_dict_insert (&question, "code", "s", code);
  if (problem != NULL)
    g_variant_dict_insert (&question, "problem", "s", problem);
  koban_operation_ask (self->operation, g_variant_dict_end (&question), on_reply, task);
}

/* What came back, by port or pasted: TRUE if it was the answer. @pasted: the person hears why it was none. */
static gboolean
take_return (GTask *task, KobanSecret *url, gboolean pasted)
{
  SigningIn *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (self->asking || koban_sign_in_get_state (self->sign_in) != KOBAN_SIGN_IN_PAGE)
    return FALSE;
  if (koban_sign_in_returned (self->sign_in, url, &error))
    {
      koban_operation_ask (self->operation, NULL, NULL, NULL);
      go_on (task);
      return TRUE;
    }
  if (!koban_error_is (error, KOBAN_ERROR_UNTRUSTED))
    {
      finish (task, error);
      return TRUE;
    }
  if (pasted)
    ask_person (task, error->message);
  g_error_free (error);
  return FALSE;
}

static gboolean
on_browser_back (KobanSecret *query, gpointer user_data)
{
  SigningIn *self = g_task_get_task_data (user_data);
  char *text = g_strconcat (self->redirect_url, koban_secret_peek (query, NULL), NULL);
  g_autoptr(KobanSecret) url = koban_secret_new (text, -1);

  koban_secret_wipe (text);
  return take_return (user_data, url, FALSE);
}

static void
on_answer_dropped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    g_message ("A one-time secret could not be deleted: %s", error->message);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  SigningIn *self = g_task_get_task_data (task);
  g_autofree char *id = g_steal_pointer (&self->answer_id);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) bundle = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &error);

  koban_vault_remove_async (KOBAN_VAULT (source), KOBAN_SECRET_ANSWER, id, NULL, on_answer_dropped, NULL);
  if (g_task_had_error (task) || self->waking == NULL)
    return;
  if (bundle == NULL)
    ask_person (task, error->message);
  else
    take_return (task, bundle, TRUE);
}

/* An answer without an address says that the person came back: from a consent's page, that is enough. */
static void
on_reply (KobanOperation *operation, const char *secret_id, gpointer user_data)
{
  SigningIn *self = g_task_get_task_data (user_data);
  g_autoptr(KobanSecret) nothing = koban_secret_new ("", 0);

  if (*secret_id == '\0')
    take_return (user_data, nothing, TRUE);
  else if (self->answer_id == NULL)
    {
      self->answer_id = g_strdup (secret_id);
      koban_vault_lookup_async (self->parts->tools.vault, KOBAN_SECRET_ANSWER, secret_id, NULL, on_answer,
                                g_object_ref (user_data));
    }
}

/* --- steps -----------------------------------------------------------------------------------------------
 */

static void
on_stepped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  SigningIn *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->asking = FALSE;
  if (koban_sign_in_step_finish (self->sign_in, result, &error))
    {
      go_on (task);
      return;
    }
  if (self->late)
    {
      g_clear_error (&error);
      error = too_late (self);
    }
  finish (task, error);
}

static void
step (GTask *task)
{
  SigningIn *self = g_task_get_task_data (task);

  self->asking = TRUE;
  koban_sign_in_step_async (self->sign_in, koban_parts_now_us (self->parts), self->cancellable, on_stepped,
                            task);
}

static void
on_pause_over (gpointer user_data)
{
  SigningIn *self = g_task_get_task_data (user_data);

  self->pause = 0;
  step (user_data);
}

/* Nobody is asked again before the bank wants to be. */
static void
step_later (GTask *task, guint pause_s)
{
  SigningIn *self = g_task_get_task_data (task);
  KobanClock *clock = self->parts->tools.clock;

  self->pause = koban_clock_add_alarm (clock, koban_clock_get_boot_us (clock) + pause_s * KOBAN_SECOND_US,
                                       on_pause_over, task);
}

static void
go_on (GTask *task)
{
  SigningIn *self = g_task_get_task_data (task);
  KobanSignInState state = koban_sign_in_get_state (self->sign_in);
  guint pause_s = koban_sign_in_get_pause_s (self->sign_in);

  if (state == KOBAN_SIGN_IN_DONE)
    {
      finish (task, NULL);
      return;
    }
  if (koban_sign_in_get_url (self->sign_in) != NULL)
    ask_person (task, NULL);
  koban_operation_progress (self->operation, pause_s > 0 ? "approval" : "sign-in", NULL, 0, 0);
  if (state == KOBAN_SIGN_IN_ASKS && pause_s > 0)
    step_later (task, pause_s);
  else if (state == KOBAN_SIGN_IN_ASKS)
    step (task);
}

/* --- the beginning ---------------------------------------------------------------------------------------
 */

static const char *
field_of (const KobanConnection *connection, const char *name)
{
  for (char **field = connection->fields; field != NULL && field[0] != NULL && field[1] != NULL; field += 2)
    if (g_str_equal (field[0], name))
      return field[1];
  return NULL;
}

/* The bank sends the browser to where the person registered it: to this computer, or to a page whose address
 * is pasted. */
static gboolean
use_registered (GTask *task, const char *url, GError **error)
{
  SigningIn *self = g_task_get_task_data (task);
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || g_uri_get_scheme (uri) == NULL || strchr (url, '#') != NULL)
    {
      g_set_error_literal (
        error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
        _("the registered address is not an address: copy it from the bank's page for programs"));
      return FALSE;
    }
  self->redirect_url = g_strdup (url);
  if (!g_str_equal (g_uri_get_scheme (uri), "http") || !koban_http_url_is_loopback (url))
    return koban_http_check_url (url, NULL, error);
  self->listener = koban_listener_new (self->parts->tools.clock, (guint16) MAX (g_uri_get_port (uri), 0),
                                       *g_uri_get_path (uri) != '\0' ? g_uri_get_path (uri) : "/",
                                       on_browser_back, task, error);
  return self->listener != NULL;
}

/* A path of the bank's own: what comes back to another bank's is not heard. */
static gboolean
use_any_port (GTask *task, GError **error)
{
  SigningIn *self = g_task_get_task_data (task);
  g_autofree char *path = g_strconcat ("/", koban_profile_get_id (self->profile), NULL);

  self->listener = koban_listener_new (self->parts->tools.clock, 0, path, on_browser_back, task, error);
  if (self->listener != NULL)
    self->redirect_url =
      g_strdup_printf ("http://127.0.0.1:%u%s", koban_listener_get_port (self->listener), path);
  return self->listener != NULL;
}

static gboolean
prepare_return (GTask *task, const KobanConnection *connection, GError **error)
{
  SigningIn *self = g_task_get_task_data (task);
  const char *need = koban_profile_get_redirect (self->profile);
  const char *registered = need != NULL ? field_of (connection, need) : NULL;

  if (!koban_profile_has_page (self->profile))
    return TRUE;
  return registered != NULL ? use_registered (task, registered, error) : use_any_port (task, error);
}

static void
watch_over (GTask *task)
{
  SigningIn *self = g_task_get_task_data (task);
  KobanClock *clock = self->parts->tools.clock;

  self->deadline = koban_clock_add_alarm (
    clock, koban_clock_get_boot_us (clock) + KOBAN_SIGNING_IN_DEADLINE_S * KOBAN_SECOND_US, on_deadline,
    task);
  self->waking = g_cancellable_source_new (koban_operation_get_cancellable (self->operation));
  g_source_set_callback (self->waking, G_SOURCE_FUNC (on_cancelled), task, NULL);
  g_source_attach (self->waking, g_main_context_get_thread_default ());
}

void
koban_signing_in_run_async (KobanParts *parts,
                            KobanOperation *operation,
                            KobanProfile *profile,
                            const KobanConnection *connection,
                            KobanSecret *secrets,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  SigningIn *self = g_new0 (SigningIn, 1);
  GError *error = NULL;
  const KobanSessionOptions options = {
    .profile = profile,
    .base_url = connection->base_url,
    .ca_pem = connection->ca_pem,
    .fields = (const char *const *) connection->fields,
    .secrets = secrets,
    .now_us = koban_parts_now_us (parts),
  };

  g_task_set_source_tag (task, koban_signing_in_run_async);
  g_task_set_task_data (task, self, signing_in_free);
  self->parts = parts;
  self->operation = g_object_ref (operation);
  self->profile = koban_profile_ref (profile);
  self->cancellable = g_cancellable_new ();
  watch_over (task);
  if (prepare_return (task, connection, &error))
    self->sign_in = koban_sign_in_new (parts->tools.http, &options, self->redirect_url, &error);
  if (self->sign_in == NULL)
    finish (task, error);
  else
    go_on (task);
}

KobanSecret *
koban_signing_in_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
