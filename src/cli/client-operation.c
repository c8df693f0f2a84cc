/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An operation of the agent, waited for: its progress is shown, its questions are answered, an interrupt
 * cancels it. It belongs to its caller, so leaving the bus ends it.
 */
#include "config.h"

#include "cli/client.h"

#include "cli/printer.h"
#include "cli/question.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <signal.h>

typedef struct
{
  GMainLoop *loop;          /* (owned) */
  GVariant *result;         /* (owned) (nullable): set when finished without error */
  GError *error;            /* (owned) (nullable) */
  KobanClientAnswer answer; /* (nullable): nothing will be asked */
  gpointer user_data;
} Waiting;

static KobanError
error_code_from_name (const char *name)
{
  for (int code = 0; code <= KOBAN_ERROR_UNSUPPORTED; code++)
    if (g_str_equal (name, koban_error_code_name (code)))
      return code;
  return KOBAN_ERROR_FAILED;
}

static void
on_operation_finished (KobanDBusKoban1Operation *operation,
                       const char *name,
                       GVariant *result,
                       gpointer user_data)
{
  Waiting *waiting = user_data;
  const char *message = _("it failed, and did not say why");

  if (*name == '\0')
    waiting->result = g_variant_ref (result);
  else if (g_str_equal (name, "cancelled"))
    waiting->error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("cancelled; nothing was changed"));
  else
    {
      g_variant_lookup (result, "message", "&s", &message);
      waiting->error = g_error_new_literal (KOBAN_ERROR, error_code_from_name (name), message);
    }
  g_main_loop_quit (waiting->loop);
}

static void
on_operation_owner_changed (GObject *operation, GParamSpec *property, gpointer user_data)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (operation));
  Waiting *waiting = user_data;

  if (owner != NULL || waiting->error != NULL)
    return;
  waiting->error =
    g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY,
                         _("the agent ended in the middle; it starts again by itself: try once more"));
  g_main_loop_quit (waiting->loop);
}

static void
on_operation_progress (GObject *operation, GParamSpec *property, gpointer user_data)
{
  GVariant *progress = koban_dbus_koban1_operation_get_progress (KOBAN_DBUS_KOBAN1_OPERATION (operation));
  const char *step = NULL, *connection = NULL;

  if (progress == NULL || !g_variant_lookup (progress, "step", "&s", &step))
    return;
  g_variant_lookup (progress, "connection", "&s", &connection);
  g_autofree char *text =
    g_strdup_printf ("%s%s%s …", connection != NULL ? connection : "", connection != NULL ? ": " : "", step);
  koban_print_progress (text);
}

static void
on_operation_question (GObject *object, GParamSpec *property, gpointer user_data)
{
  Waiting *waiting = user_data;
  KobanDBusKoban1Operation *operation = KOBAN_DBUS_KOBAN1_OPERATION (object);
  GVariant *question = koban_dbus_koban1_operation_get_question (operation);
  g_autofree char *reply = NULL;

  if (question == NULL || g_variant_n_children (question) == 0 || waiting->answer == NULL)
    return; /* nothing is asked, or question.c answers it */
  koban_print_progress ("");
  reply = waiting->answer (question, waiting->user_data);
  koban_dbus_koban1_operation_call_reply (operation, reply != NULL ? reply : "", G_DBUS_CALL_FLAGS_NONE, -1,
                                          NULL, NULL, NULL);
}

static gboolean
on_interrupt (gpointer user_data)
{
  koban_dbus_koban1_operation_call_cancel (user_data, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static GVariant *
wait_for_operation (KobanDBusKoban1Operation *operation,
                    KobanClientAnswer answer,
                    gpointer user_data,
                    GError **error)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Waiting waiting = { .loop = loop, .answer = answer, .user_data = user_data };
  guint interrupt = g_unix_signal_add (SIGINT, on_interrupt, operation);
  KobanQuestions *questions = koban_questions_new (operation);

  g_signal_connect (operation, "finished", G_CALLBACK (on_operation_finished), &waiting);
  g_signal_connect (operation, "notify::g-name-owner", G_CALLBACK (on_operation_owner_changed), &waiting);
  g_signal_connect (operation, "notify::progress", G_CALLBACK (on_operation_progress), &waiting);
  g_signal_connect (operation, "notify::question", G_CALLBACK (on_operation_question), &waiting);
  if (koban_dbus_koban1_operation_call_start_sync (operation, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                                                   &waiting.error))
    g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (operation, &waiting);
  koban_questions_free (questions);
  g_source_remove (interrupt);
  koban_print_progress ("");
  if (waiting.error != NULL)
    g_propagate_error (error, waiting.error);
  return waiting.result;
}

GVariant *
koban_client_run (KobanDBusKoban1 *agent, const char *path, GError **error)
{
  return koban_client_run_asking (agent, path, NULL, NULL, error);
}

GVariant *
koban_client_run_asking (KobanDBusKoban1 *agent,
                         const char *path,
                         KobanClientAnswer answer,
                         gpointer user_data,
                         GError **error)
{
  g_autoptr(KobanDBusKoban1Operation) operation =
    koban_dbus_koban1_operation_proxy_new_sync (g_dbus_proxy_get_connection (G_DBUS_PROXY (agent)),
                                                G_DBUS_PROXY_FLAGS_NONE, KOBAN_APP_ID, path, NULL, error);

  return operation != NULL ? wait_for_operation (operation, answer, user_data, error) : NULL;
}
