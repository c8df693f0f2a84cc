/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One wait of a second factor. A code that the person types comes as a one-time item of the keyring and is
 * deleted when it was read; a page's or the app's yes is not heard of here at all: after a pause the bank is
 * asked.
 */
#include "config.h"

#include "alarm.h"
#include "confirming.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/http.h>

typedef struct
{
  KobanParts *parts;         /* (unowned) */
  KobanOperation *operation; /* (owned) */
  KobanSession *session;     /* (owned) */
  GSource *waking;           /* (owned) (nullable): the operation was cancelled */
  char *answer_id;           /* (owned) (nullable): an answer on its way out of the keyring */
  guint pause, deadline;     /* alarms, 0: none */
  gboolean ended;
} Confirming;

static void
confirming_free (gpointer data)
{
  Confirming *self = data;

  g_assert (self->pause == 0 && self->deadline == 0 && self->waking == NULL);
  g_object_unref (self->operation);
  g_object_unref (self->session);
  g_free (self->answer_id);
  g_free (self);
}

/* @error (transfer full) (nullable) */
static void
finish (GTask *task, GError *error)
{
  Confirming *self = g_task_get_task_data (task);

  self->ended = TRUE;
  koban_alarm_clear (self->parts->tools.clock, &self->pause);
  koban_alarm_clear (self->parts->tools.clock, &self->deadline);
  if (self->waking != NULL)
    g_source_destroy (self->waking);
  g_clear_pointer (&self->waking, g_source_unref);
  if (error != NULL)
    koban_operation_ask (self->operation, NULL, NULL, NULL);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  finish (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
  return G_SOURCE_REMOVE;
}

static void
on_pause_over (gpointer user_data)
{
  Confirming *self = g_task_get_task_data (user_data);

  self->pause = 0;
  finish (user_data, NULL);
}

static void
on_deadline (gpointer user_data)
{
  Confirming *self = g_task_get_task_data (user_data);
  const KobanFactor *factor = koban_session_get_factor (self->session);

  self->deadline = 0;
  finish (user_data, g_error_new_literal (
                       KOBAN_ERROR, KOBAN_ERROR_FAILED,
                       factor->answered ? _("nobody answered in time: nothing was revoked")
                                        : _("nobody confirmed it in time: as far as the bank says, nothing "
                                             "was revoked. If it still asks you, say no there")));
}

/* --- what the person is asked ----------------------------------------------------------------------------
 */

static void on_reply (KobanOperation *operation, const char *secret_id, gpointer user_data);
static void on_no_reply (KobanOperation *operation, const char *secret_id, gpointer user_data);

static const struct
{
  const char *kind;
  KobanOperationReply reply;
} questions[] = {
  [KOBAN_FACTOR_APPROVAL] = { "approval", on_no_reply },
  [KOBAN_FACTOR_PAGE] = { "visit", on_no_reply },
  [KOBAN_FACTOR_CHOICE] = { "choice", on_reply },
  [KOBAN_FACTOR_CODE] = { "otp", on_reply },
};

static void
insert_text (GVariantDict *question, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (question, key, "s", text);
}

static void
ask_person (GTask *task, const char *problem)
{
  Confirming *self = g_task_get_task_data (task);
  const KobanFactor *factor = koban_session_get_factor (self->session);
  g_autofree char *host = NULL;
  g_auto(GVariantDict) question;

  g_variant_dict_init (&question, NULL);
  g_variant_dict_insert (&question, "kind", "s", questions[factor->kind].kind);
  insert_text (&question, "text", factor->text);
  insert_text (&question, "problem", problem != NULL ? problem : factor->problem);
  if (factor->kind == KOBAN_FACTOR_PAGE && koban_http_check_url (factor->url, &host, NULL))
    {
      g_variant_dict_insert (&question, "url", "s", factor->url);
      g_variant_dict_insert (&question, "host", "s", host);
      g_variant_dict_insert (&question, "known", "b", factor->known);
    }
  if (factor->kind == KOBAN_FACTOR_CHOICE)
    g_variant_dict_insert_value (&question, "choices", g_variant_new_strv (factor->choices, -1));
  koban_operation_ask (self->operation, g_variant_dict_end (&question), questions[factor->kind].reply, task);
}

/* --- what the person says --------------------------------------------------------------------------------
 */

/* Who says yes elsewhere has nothing to say here; the bank knows. */
static void
on_no_reply (KobanOperation *operation, const char *secret_id, gpointer user_data)
{
}

static void
take_answer (GTask *task, KobanSecret *answer)
{
  Confirming *self = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;

  if (koban_session_answer_factor (self->session, answer, &error))
    {
      koban_operation_ask (self->operation, NULL, NULL, NULL);
      finish (task, NULL);
    }
  else
    ask_person (task, error->message);
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
  Confirming *self = g_task_get_task_data (task);
  g_autofree char *id = g_steal_pointer (&self->answer_id);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) answer = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &error);

  koban_vault_remove_async (KOBAN_VAULT (source), KOBAN_SECRET_ANSWER, id, NULL, on_answer_dropped, NULL);
  if (self->ended)
    return;
  if (answer == NULL)
    ask_person (task, error->message);
  else
    take_answer (task, answer);
}

/* The number of a choice is no secret, and comes as it is; a code comes as the id of a one-time item. */
static void
on_reply (KobanOperation *operation, const char *secret_id, gpointer user_data)
{
  Confirming *self = g_task_get_task_data (user_data);
  const gboolean is_choice = koban_session_get_factor (self->session)->kind == KOBAN_FACTOR_CHOICE;
  g_autoptr(KobanSecret) number = is_choice ? koban_secret_new (secret_id, -1) : NULL;

  if (is_choice)
    take_answer (user_data, number);
  else if (*secret_id != '\0' && self->answer_id == NULL)
    {
      self->answer_id = g_strdup (secret_id);
      koban_vault_lookup_async (self->parts->tools.vault, KOBAN_SECRET_ANSWER, secret_id, NULL, on_answer,
                                g_object_ref (user_data));
    }
}

/* --- the wait --------------------------------------------------------------------------------------------
 */

static void
begin (GTask *task, const KobanFactor *factor, gint64 *until_us)
{
  Confirming *self = g_task_get_task_data (task);
  KobanClock *clock = self->parts->tools.clock;
  const gint64 now_us = koban_clock_get_boot_us (clock);

  if (*until_us == 0)
    *until_us = now_us + factor->within_s * KOBAN_SECOND_US;
  self->deadline = koban_clock_add_alarm (clock, *until_us, on_deadline, task);
  if (!factor->answered)
    self->pause =
      koban_clock_add_alarm (clock, now_us + factor->pause_s * KOBAN_SECOND_US, on_pause_over, task);
  self->waking = g_cancellable_source_new (koban_operation_get_cancellable (self->operation));
  g_source_set_callback (self->waking, G_SOURCE_FUNC (on_cancelled), task, NULL);
  g_source_attach (self->waking, g_main_context_get_thread_default ());
  koban_operation_progress (self->operation, "approval", NULL, 0, 0);
  ask_person (task, NULL);
}

void
koban_confirming_wait_async (KobanParts *parts,
                             KobanOperation *operation,
                             KobanSession *session,
                             gint64 *until_us,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Confirming *self = g_new0 (Confirming, 1);

  g_task_set_source_tag (task, koban_confirming_wait_async);
  g_task_set_task_data (task, self, confirming_free);
  self->parts = parts;
  self->operation = g_object_ref (operation);
  self->session = g_object_ref (session);
  begin (task, koban_session_get_factor (session), until_us);
}

gboolean
koban_confirming_wait_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
