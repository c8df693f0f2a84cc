/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The calls that carry all that is known: into a copy, out of one, and into nothing.
 */
#include "config.h"

#include "autostart.h"
#include "bus-inside.h"
#include "copies.h"
#include "handle.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

static KobanCopy *
take_copy (KobanBus *self, GDBusMethodInvocation *invocation, GUnixFDList *files, GVariant *handle)
{
  g_autoptr(GError) error = NULL;
  int file = koban_handle_take (files, handle);
  KobanCopy *copy = NULL;

  if (file >= 0)
    copy = koban_copy_new (file, self->parts->services, koban_parts_now_us (self->parts), &error);
  if (copy != NULL)
    return copy;
  g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 error != NULL ? error->message : _("No file came along."));
  return NULL;
}

static void
on_copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (koban_call_finish (call, result))
    g_dbus_method_invocation_return_value (call->invocation, NULL);
}

static gboolean
on_backup (KobanDBusKoban1 *skeleton,
           GDBusMethodInvocation *invocation,
           GUnixFDList *files,
           GVariant *handle,
           KobanBus *self)
{
  KobanCopy *copy = take_copy (self, invocation, files, handle);

  if (copy != NULL)
    koban_books_write_async (self->parts->tools.books, koban_copy_write_in_worker, copy, koban_copy_free,
                             on_copied, koban_call_new (self, invocation));
  return TRUE;
}

static void
on_restored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  g_dbus_method_invocation_return_value (call->invocation, NULL);
  call->bus->parts->leave (call->bus->parts->agent, FALSE);
}

static gboolean
on_restore (KobanDBusKoban1 *skeleton,
            GDBusMethodInvocation *invocation,
            GUnixFDList *files,
            GVariant *handle,
            KobanBus *self)
{
  KobanCopy *copy = take_copy (self, invocation, files, handle);

  if (copy != NULL)
    koban_books_write_async (self->parts->tools.books, koban_copy_read_in_worker, copy, koban_copy_free,
                             on_restored, koban_call_new (self, invocation));
  return TRUE;
}

static void on_kind_forgotten (GObject *source, GAsyncResult *result, gpointer user_data);

static const KobanSecretKind kinds_to_forget[] = { KOBAN_SECRET_CONNECTION, KOBAN_SECRET_REVOKE,
                                                   KOBAN_SECRET_CHANNEL };

/* Takes @call. */
static void
forget_next_kind (KobanCall *call)
{
  if (call->kind < G_N_ELEMENTS (kinds_to_forget))
    {
      koban_vault_remove_async (call->bus->parts->tools.vault, kinds_to_forget[call->kind++], NULL, NULL,
                                on_kind_forgotten, call);
      return;
    }
  koban_autostart_set (FALSE);
  g_dbus_method_invocation_return_value (call->invocation, NULL);
  call->bus->parts->leave (call->bus->parts->agent, TRUE);
  koban_call_free (call);
}

static void
on_kind_forgotten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanCall *call = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_vault_remove_finish (KOBAN_VAULT (source), result, &error) ||
      koban_error_is (error, KOBAN_ERROR_NO_KEYRING))
    {
      forget_next_kind (call);
      return;
    }
  koban_call_refuse (call->invocation, error);
  koban_call_free (call);
}

static gboolean
count_connections_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);

  call->was_last = connections != NULL && connections->len == 0;
  return connections != NULL;
}

static void
on_connections_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  if (call->was_last)
    {
      forget_next_kind (g_steal_pointer (&call));
      return;
    }
  g_dbus_method_invocation_return_error_literal (call->invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 _("A bank is still connected: remove it first."));
}

static gboolean
on_leave (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  KobanCall *call = koban_call_new (self, invocation);

  koban_books_read_async (self->parts->tools.books, count_connections_in_worker, call, NULL,
                          on_connections_counted, call);
  return TRUE;
}

void
koban_bus_connect_copies (KobanBus *self)
{
  static const KobanBusHandler handlers[] = {
    { "handle-backup", G_CALLBACK (on_backup) },
    { "handle-restore", G_CALLBACK (on_restore) },
    { "handle-leave", G_CALLBACK (on_leave) },
    { NULL, NULL },
  };

  koban_bus_connect (self, handlers);
}
