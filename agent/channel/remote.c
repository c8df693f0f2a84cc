/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all channels off this device do alike. One showing is: look the secret up, pack (body.h),
 * send, and read what the answer means:
 *
 *   show ─▶ on_secret ─▶ [on_old_secret] ─▶ [on_cancelled: can it schedule?] ─▶ send ─▶ on_answered |
 * on_mailed
 *
 * It keeps no secret, follows no redirect, logs no text and asks nobody twice: the courier does.
 */
#include "config.h"

#include "body.h"
#include "remote.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <string.h>

struct _KobanRemote
{
  GObject parent;

  KobanChannelSettings *settings; /* (owned) */
  const KobanBody *body;
  KobanClock *clock; /* (owned) */
  KobanVault *vault; /* (owned) */
  KobanHttp *http;   /* (owned) */
  GBytes *ca_pem;    /* (owned) (nullable): trusted instead of the system's certificates */

  GHashTable
    *scheduled;    /* (owned) (element-type utf8 utf8): incident -> thread of what waits at the server */
  char *mark;      /* (owned): where it leads, in a word */
  gint64 retry_s;  /* asked for by the last refusal */
  gboolean gone;   /* 410: nothing is sent there any more */
  gboolean proved; /* the server can take back what it was told to keep */
  gboolean cannot; /* it was asked, and cannot */
};

static void koban_remote_channel_init (KobanChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KobanRemote,
                               koban_remote,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_CHANNEL, koban_remote_channel_init))

static const KobanBody *const bodies[] = { &koban_ntfy_body, &koban_gotify_body, &koban_webhook_body,
                                           &koban_mail_body };

static const KobanBody *
find_body (KobanChannelKind kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    if (bodies[i]->kind == kind)
      return bodies[i];
  return NULL;
}

/* ---- one showing ---- */

typedef struct
{
  KobanMessage *message;   /* (owned) */
  char *id, *thread;       /* (owned) */
  KobanSecret *secret;     /* (owned) (nullable) */
  KobanSecret *old_secret; /* (owned) (nullable) */
  gboolean only_cancel;    /* nothing is shown: what waits at the server is taken back */
} Showing;

static void
showing_free (gpointer data)
{
  Showing *showing = data;

  koban_message_free (showing->message);
  g_free (showing->id);
  g_free (showing->thread);
  g_clear_pointer (&showing->secret, koban_secret_unref);
  g_clear_pointer (&showing->old_secret, koban_secret_unref);
  g_free (showing);
}

/* A name for the world that tells nothing: whoever carries the message cannot find out what @what was. It
 * lasts as long as the secret does. (transfer full) */
static char *
name_for (KobanRemote *self, const char *kind, const char *what)
{
  const char *key = self->settings->secret;
  g_autofree char *text = g_strdup_printf ("%s:%s", kind, what);
  g_autofree char *digest =
    g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) key, strlen (key), text, -1);

  return g_strndup (digest, 32);
}

static Showing *
showing_new (KobanRemote *self, const KobanMessage *message)
{
  Showing *showing = g_new0 (Showing, 1);
  const char *belongs_to = message->code != NULL ? message->code : message->incident;
  g_autofree char *random = g_uuid_string_random ();

  showing->message = koban_message_copy (message);
  showing->id = name_for (self, "delivery", message->id != NULL ? message->id : random);
  /* What is scheduled is replaced by the next of its incident, whose code is another. */
  showing->thread = name_for (self, "thread", message->delay_us > 0 ? message->incident : belongs_to);
  return showing;
}

static KobanErrand
errand_for (KobanRemote *self, const Showing *showing)
{
  return (KobanErrand){
    .settings = self->settings,
    .secret = showing->secret,
    .old_secret = showing->old_secret,
    .message = showing->message,
    .id = showing->id,
    .thread = showing->thread,
    .now_us = koban_clock_get_wall_us (self->clock),
  };
}

/* Who reads "phone: …" in a list knows which of the channels it is. */
static void
return_error (GTask *task, GError *error)
{
  KobanRemote *self = g_task_get_source_object (task);

  g_prefix_error (&error, "%s: ", self->settings->name);
  g_task_return_error (task, error);
}

static void
send_request (KobanRemote *self,
              KobanParcel *parcel,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  if (parcel->headers != NULL)
    g_ptr_array_add (parcel->headers, NULL);
  KobanHttpRequest request = {
    .method = parcel->method,
    .url = parcel->url,
    .headers = parcel->headers != NULL ? (const char *const *) parcel->headers->pdata : NULL,
    .secret_headers = parcel->secret_headers,
    .body = parcel->body,
    .ca_pem = self->ca_pem,
    .host_was_typed = self->settings->server != NULL,
  };
  koban_http_send_async (self->http, &request, cancellable, callback, user_data);
}

/* ---- what the answer means ---- */

static const struct
{
  guint from, to; /* status */
  KobanError code;
  const char *sentence;
} meanings[] = {
  { 300, 399, KOBAN_ERROR_UNTRUSTED,
    N_(
      "the server sends elsewhere (%u), where Koban does not follow: give the address where it really is") },
  { 401, 401, KOBAN_ERROR_NEEDS_SIGN_IN,
    N_("the server does not accept the secret (%u): renew it with “koban channel rotate”") },
  { 403, 403, KOBAN_ERROR_NEEDS_SIGN_IN,
    N_("the server does not accept the secret (%u): renew it with “koban channel rotate”") },
  { 410, 410, KOBAN_ERROR_UNSUPPORTED,
    N_("the other side is gone for good (%u): nothing more is sent there") },
  { 413, 413, KOBAN_ERROR_INVALID, N_("the server finds the message too long (%u)") },
  { 429, 429, KOBAN_ERROR_RATE_LIMITED, N_("the server asks for patience (%u)") },
  { 502, 504, KOBAN_ERROR_RATE_LIMITED, N_("the server is not there just now (%u)") },
  { 500, 599, KOBAN_ERROR_OFFLINE, N_("the server failed (%u)") },
  { 0, G_MAXUINT, KOBAN_ERROR_FAILED, N_("the server did not take the message (%u)") },
};

static GError *
error_for_status (guint status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (status >= meanings[i].from && status <= meanings[i].to)
      {
        g_autofree char *number = g_strdup_printf ("%u", status);
        g_auto(GStrv) around = g_strsplit (_(meanings[i].sentence), "%u", 2);
        g_autofree char *sentence = g_strjoinv (number, around);

        return g_error_new_literal (KOBAN_ERROR, (int) meanings[i].code, sentence);
      }
  g_return_val_if_reached (NULL);
}

/* Only a status of 200 to 299 is a yes. */
static gboolean
is_taken (KobanRemote *self, const KobanHttpResponse *response, GError **error)
{
  self->retry_s = 0;
  if (response->status >= 200 && response->status <= 299)
    return TRUE;
  self->retry_s = MAX (response->retry_after_s, 0);
  self->gone = self->gone || response->status == 410;
  g_propagate_error (error, error_for_status (response->status));
  return FALSE;
}

static void
note_scheduled (KobanRemote *self, const Showing *showing)
{
  if (showing->message->delay_us > 0)
    g_hash_table_replace (self->scheduled, g_strdup (showing->message->incident), g_strdup (showing->thread));
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanRemote *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr(KobanHttpResponse) response = koban_http_send_finish (KOBAN_HTTP (source), result, &error);

  if (response == NULL || !is_taken (self, response, &error))
    {
      return_error (task, error);
      return;
    }
  note_scheduled (self, g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

static void
on_mailed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (!koban_mail_send_finish (KOBAN_HTTP (source), result, &error))
    return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* ---- sending ---- */

static void
send_mail (KobanRemote *self, GTask *taken, KobanParcel *parcel)
{
  g_autoptr(GTask) task = taken;
  GCancellable *cancellable = g_task_get_cancellable (task);

  parcel->mail.ca_pem = self->ca_pem;
  parcel->mail.host_was_typed = TRUE;
  koban_mail_send_async (self->http, &parcel->mail, cancellable, on_mailed, g_steal_pointer (&task));
}

static void
send_message (GTask *taken)
{
  g_autoptr(GTask) task = taken;
  KobanRemote *self = g_task_get_source_object (task);
  Showing *showing = g_task_get_task_data (task);
  KobanErrand errand = errand_for (self, showing);
  g_auto(KobanParcel) parcel = { 0 };
  GError *error = NULL;

  if (!self->body->pack (&errand, &parcel, &error))
    return_error (task, error);
  else if (self->body->by_mail)
    send_mail (self, g_steal_pointer (&task), &parcel);
  else
    {
      GCancellable *cancellable = g_task_get_cancellable (task);
      send_request (self, &parcel, cancellable, on_answered, g_steal_pointer (&task));
    }
}

/* A server that cannot take back what it was given to keep would tell a false alarm each time that Koban is
 * well. It is asked before the first: one that is too old refuses. */
static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanRemote *self = g_task_get_source_object (task);
  Showing *showing = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(KobanHttpResponse) response = koban_http_send_finish (KOBAN_HTTP (source), result, &error);

  if (response != NULL && is_taken (self, response, &error))
    self->proved = TRUE;
  else if (response != NULL && (response->status == 404 || response->status == 405))
    self->cannot = TRUE;
  if (error != NULL)
    return_error (task, error);
  else if (showing->only_cancel)
    g_task_return_boolean (task, TRUE);
  else
    send_message (g_steal_pointer (&task));
}

static void
send_cancel (GTask *taken)
{
  g_autoptr(GTask) task = taken;
  KobanRemote *self = g_task_get_source_object (task);
  Showing *showing = g_task_get_task_data (task);
  KobanErrand errand = errand_for (self, showing);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_auto(KobanParcel) parcel = { 0 };
  GError *error = NULL;

  if (self->body->cancel (&errand, &parcel, &error))
    send_request (self, &parcel, cancellable, on_cancelled, g_steal_pointer (&task));
  else
    return_error (task, error);
}

static void
go_on_with_secrets (GTask *task)
{
  KobanRemote *self = g_task_get_source_object (task);
  Showing *showing = g_task_get_task_data (task);

  if (showing->only_cancel || (showing->message->delay_us > 0 && !self->proved))
    send_cancel (task);
  else
    send_message (task);
}

/* Without the old key, the new one must do. */
static void
on_old_secret (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Showing *showing = g_task_get_task_data (task);

  showing->old_secret = koban_vault_lookup_finish (KOBAN_VAULT (source), result, NULL);
  go_on_with_secrets (g_steal_pointer (&task));
}

static void
on_secret (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanRemote *self = g_task_get_source_object (task);
  Showing *showing = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  showing->secret = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &error);
  if (showing->secret == NULL)
    {
      if (koban_error_is (error, KOBAN_ERROR_NOT_FOUND))
        error->code = KOBAN_ERROR_NEEDS_SIGN_IN;
      return_error (task, error);
    }
  else if (self->settings->old_secret != NULL &&
           koban_clock_get_wall_us (self->clock) < self->settings->old_until_us)
    koban_vault_lookup_async (self->vault, KOBAN_SECRET_CHANNEL, self->settings->old_secret, cancellable,
                              on_old_secret, g_steal_pointer (&task));
  else
    go_on_with_secrets (g_steal_pointer (&task));
}

/* ---- the channel ---- */

static const char *
get_name (KobanChannel *channel)
{
  return KOBAN_REMOTE (channel)->settings->name;
}

static KobanChannelKind
get_kind (KobanChannel *channel)
{
  return KOBAN_REMOTE (channel)->settings->kind;
}

static KobanDetail
get_detail (KobanChannel *channel)
{
  KobanRemote *self = KOBAN_REMOTE (channel);

  return koban_channel_settings_detail_at (self->settings, koban_clock_get_wall_us (self->clock));
}

static gboolean
get_available (KobanChannel *channel)
{
  return !KOBAN_REMOTE (channel)->gone;
}

static gboolean
can_schedule (KobanChannel *channel)
{
  KobanRemote *self = KOBAN_REMOTE (channel);

  return self->body->cancel != NULL && !self->cannot;
}

static gint64
get_retry_s (KobanChannel *channel)
{
  return KOBAN_REMOTE (channel)->retry_s;
}

static const char *
get_mark (KobanChannel *channel)
{
  return KOBAN_REMOTE (channel)->mark;
}

static void
begin (KobanRemote *self, Showing *showing, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_task_set_task_data (task, showing, showing_free);
  koban_vault_lookup_async (self->vault, KOBAN_SECRET_CHANNEL, self->settings->secret, cancellable, on_secret,
                            task);
}

static void
show_async (KobanChannel *channel,
            const KobanMessage *message,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  KobanRemote *self = KOBAN_REMOTE (channel);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, show_async);
  if (self->gone)
    return_error (task, error_for_status (410));
  else if (self->settings->ca_file != NULL && self->ca_pem == NULL)
    return_error (task, g_error_new (KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED, _("its ca_file cannot be read: %s"),
                                     self->settings->ca_file));
  else if (message->delay_us > 0 && !can_schedule (channel))
    return_error (task, g_error_new_literal (KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                             _("this server cannot keep a message for later")));
  else
    begin (self, showing_new (self, message), g_steal_pointer (&task));
}

static gboolean
show_finish (KobanChannel *channel, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, channel), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_withdrawn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_message ("%s", error->message);
}

/* A message that was sent is the person's; one that waits at the server is still ours. */
static void
withdraw (KobanChannel *channel, const char *incident)
{
  KobanRemote *self = KOBAN_REMOTE (channel);
  KobanMessage none = {
    .incident = (char *) incident, .summary = (char *) "", .body = (char *) "", .delay_us = 1
  };

  if (!g_hash_table_remove (self->scheduled, incident))
    return;
  Showing *showing = showing_new (self, &none);
  showing->only_cancel = TRUE;
  begin (self, showing, g_task_new (self, NULL, on_withdrawn, NULL));
}

static void
koban_remote_channel_init (KobanChannelInterface *iface)
{
  iface->get_name = get_name;
  iface->get_kind = get_kind;
  iface->get_detail = get_detail;
  iface->get_available = get_available;
  iface->can_schedule = can_schedule;
  iface->get_retry_s = get_retry_s;
  iface->get_mark = get_mark;
  iface->show_async = show_async;
  iface->show_finish = show_finish;
  iface->withdraw = withdraw;
}

static void
koban_remote_finalize (GObject *object)
{
  KobanRemote *self = KOBAN_REMOTE (object);

  g_clear_pointer (&self->settings, koban_channel_settings_free);
  g_hash_table_unref (self->scheduled);
  g_clear_pointer (&self->ca_pem, g_bytes_unref);
  g_free (self->mark);
  g_clear_object (&self->clock);
  g_clear_object (&self->vault);
  g_clear_object (&self->http);
  G_OBJECT_CLASS (koban_remote_parent_class)->finalize (object);
}

static void
koban_remote_class_init (KobanRemoteClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_remote_finalize;
}

static void
koban_remote_init (KobanRemote *self)
{
  self->scheduled = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* (transfer full) (nullable): without an error where none is named */
static GBytes *
read_ca (const KobanChannelSettings *settings, GError **error)
{
  g_autofree char *path = NULL;
  char *text;
  gsize length;

  if (settings->ca_file == NULL)
    return NULL;
  path = g_canonicalize_filename (settings->ca_file, koban_settings_config_directory ());
  return g_file_get_contents (path, &text, &length, error) ? g_bytes_new_take (text, length) : NULL;
}

KobanRemote *
koban_remote_new (const KobanChannelSettings *settings, KobanClock *clock, KobanVault *vault, KobanHttp *http)
{
  KobanRemote *self = g_object_new (KOBAN_TYPE_REMOTE, NULL);

  self->settings = koban_channel_settings_copy (settings);
  self->body = find_body (settings->kind);
  self->ca_pem = read_ca (settings, NULL);
  self->mark = g_strjoin (" ", settings->secret, settings->server != NULL ? settings->server : "",
                          settings->to != NULL ? settings->to : "", NULL);
  self->clock = g_object_ref (clock);
  self->vault = g_object_ref (vault);
  self->http = g_object_ref (http);
  return self;
}

const KobanChannelSettings *
koban_remote_get_settings (KobanRemote *self)
{
  return self->settings;
}

gboolean
koban_remote_check (const KobanChannelSettings *settings, GError **error)
{
  g_autoptr(GError) unread = NULL;
  GBytes *ca_pem = read_ca (settings, &unread);
  gboolean good = TRUE;

  g_clear_pointer (&ca_pem, g_bytes_unref);
  if (unread != NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s", unread->message);
      good = FALSE;
    }
  else if (settings->kind == KOBAN_CHANNEL_MAIL)
    good = koban_mail_check_server (settings->server, error) &&
           koban_mail_check_address (settings->from, error) && koban_mail_check_address (settings->to, error);
  else if (settings->server != NULL)
    good = koban_http_check_url (settings->server, NULL, error);
  if (!good)
    g_prefix_error (error, "[channel %s]: ", settings->name);
  return good;
}
