/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Something on the bus that takes time. Only its caller may start, answer or cancel it; it says
 * "Finished" exactly once and is then gone from the bus.
 */
#include "config.h"

#include "operation.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#include "data/koban-dbus.h"

#define LONGEST_ID 256

struct _KobanOperation
{
  GObject parent;

  KobanDBusKoban1Operation *skeleton; /* (owned) */
  char *path;                         /* (owned) */
  guint watch;                        /* of the caller, 0: ended */
  GCancellable *cancellable;          /* (owned) */
  KobanOperationFunc start;           /* (nullable): NULL once started */
  gpointer user_data;
  GDestroyNotify destroy;
  KobanOperationReply reply; /* (nullable): nothing is asked */
  gpointer reply_data;
  gboolean ended;
};

enum
{
  SIGNAL_ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanOperation, koban_operation, G_TYPE_OBJECT)

static GVariant *
result_with_message (GVariant *result, const GError *error)
{
  g_auto(GVariantDict) dict;

  g_variant_dict_init (&dict, result);
  if (error != NULL)
    g_variant_dict_insert (&dict, "message", "s", error->message);
  return g_variant_dict_end (&dict);
}

static const char *
error_code (const GError *error)
{
  if (error == NULL)
    return "";
  if (koban_error_is_cancelled (error))
    return "cancelled";
  return koban_error_code_name (error->domain == KOBAN_ERROR ? (KobanError) error->code : KOBAN_ERROR_FAILED);
}

void
koban_operation_end (KobanOperation *self, GVariant *result, const GError *error)
{
  g_autoptr(GVariant) sunk = result != NULL ? g_variant_ref_sink (result) : NULL;

  if (self->ended)
    return;
  g_object_ref (self); /* who listens may let go of it */
  self->ended = TRUE;
  self->reply = NULL;
  koban_dbus_koban1_operation_set_state (self->skeleton, "finished");
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  koban_dbus_koban1_operation_emit_finished (self->skeleton, error_code (error),
                                             result_with_message (sunk, error));
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
  g_object_unref (self);
}

void
koban_operation_cancel (KobanOperation *self)
{
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Cancelled."));

  g_cancellable_cancel (self->cancellable);
  koban_operation_end (self, NULL, error);
}

void
koban_operation_progress (KobanOperation *self,
                          const char *step,
                          const char *connection,
                          gint64 done,
                          gint64 of)
{
  g_auto(GVariantDict) dict;

  if (self->ended)
    return;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "step", "s", step);
  if (connection != NULL)
    g_variant_dict_insert (&dict, "connection", "s", connection);
  g_variant_dict_insert (&dict, "done", "x", done);
  if (of > 0)
    g_variant_dict_insert (&dict, "of", "x", of);
  koban_dbus_koban1_operation_set_progress (self->skeleton, g_variant_dict_end (&dict));
}

void
koban_operation_ask (KobanOperation *self, GVariant *question, KobanOperationReply reply, gpointer user_data)
{
  g_autoptr(GVariant) asked =
    g_variant_ref_sink (question != NULL ? question : g_variant_new ("a{sv}", NULL));

  self->reply = question != NULL ? reply : NULL;
  self->reply_data = user_data;
  if (self->ended)
    return;
  koban_dbus_koban1_operation_set_state (self->skeleton, question != NULL ? "asking" : "running");
  koban_dbus_koban1_operation_set_question (self->skeleton, asked);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

const char *
koban_operation_get_path (KobanOperation *self)
{
  return self->path;
}

GCancellable *
koban_operation_get_cancellable (KobanOperation *self)
{
  return self->cancellable;
}

/* --- the caller -------------------------------------------------------------------------------------- */

/* In a thread of GDBus, while the operation may be ending in ours: it knows only what its signal handler
 * owns. */
static gboolean
on_authorize (GDBusInterfaceSkeleton *skeleton, GDBusMethodInvocation *invocation, gpointer sender)
{
  if (g_strcmp0 (g_dbus_method_invocation_get_sender (invocation), sender) == 0)
    return TRUE;
  g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                 "This operation belongs to another caller.");
  return FALSE;
}

static gboolean
on_start (KobanDBusKoban1Operation *skeleton, GDBusMethodInvocation *invocation, KobanOperation *self)
{
  KobanOperationFunc start = g_steal_pointer (&self->start);

  koban_dbus_koban1_operation_complete_start (skeleton, invocation);
  if (start != NULL)
    start (self, self->user_data);
  return TRUE;
}

static gboolean
on_reply (KobanDBusKoban1Operation *skeleton,
          GDBusMethodInvocation *invocation,
          const char *secret_id,
          KobanOperation *self)
{
  if (self->reply == NULL || strlen (secret_id) > LONGEST_ID)
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("Nothing was asked that could be answered."));
      return TRUE;
    }
  koban_dbus_koban1_operation_complete_reply (skeleton, invocation);
  self->reply (self, secret_id, self->reply_data);
  return TRUE;
}

static gboolean
on_cancel (KobanDBusKoban1Operation *skeleton, GDBusMethodInvocation *invocation, KobanOperation *self)
{
  koban_dbus_koban1_operation_complete_cancel (skeleton, invocation);
  koban_operation_cancel (self);
  return TRUE;
}

static void
on_caller_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  koban_operation_cancel (user_data);
}

static void
koban_operation_finalize (GObject *object)
{
  KobanOperation *self = KOBAN_OPERATION (object);

  g_assert (self->ended || self->watch == 0);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_object_unref (self->skeleton);
  g_object_unref (self->cancellable);
  g_free (self->path);
  G_OBJECT_CLASS (koban_operation_parent_class)->finalize (object);
}

static void
koban_operation_class_init (KobanOperationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_operation_finalize;
  signals[SIGNAL_ENDED] =
    g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_operation_init (KobanOperation *self)
{
  self->cancellable = g_cancellable_new ();
  self->skeleton = koban_dbus_koban1_operation_skeleton_new ();
  koban_dbus_koban1_operation_set_state (self->skeleton, "running");
  koban_dbus_koban1_operation_set_progress (self->skeleton, g_variant_new ("a{sv}", NULL));
  koban_dbus_koban1_operation_set_question (self->skeleton, g_variant_new ("a{sv}", NULL));
  g_signal_connect (self->skeleton, "handle-start", G_CALLBACK (on_start), self);
  g_signal_connect (self->skeleton, "handle-reply", G_CALLBACK (on_reply), self);
  g_signal_connect (self->skeleton, "handle-cancel", G_CALLBACK (on_cancel), self);
}

static void
free_name (gpointer name, GClosure *closure)
{
  g_free (name);
}

KobanOperation *
koban_operation_new (GDBusConnection *connection,
                     const char *sender,
                     KobanOperationFunc start,
                     gpointer user_data,
                     GDestroyNotify destroy,
                     GError **error)
{
  static guint last; /* paths are not used again: a late call must not meet a stranger */
  g_autoptr(KobanOperation) self = g_object_new (KOBAN_TYPE_OPERATION, NULL);

  self->path = g_strdup_printf ("/org/koban/Koban/operation/%u", ++last);
  g_signal_connect_data (self->skeleton, "g-authorize-method", G_CALLBACK (on_authorize), g_strdup (sender),
                         free_name, G_CONNECT_DEFAULT);
  self->start = start;
  self->user_data = user_data;
  self->destroy = destroy;
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection, self->path,
                                         error))
    return NULL;
  self->watch = g_bus_watch_name_on_connection (connection, sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                on_caller_vanished, self, NULL);
  return g_steal_pointer (&self);
}
