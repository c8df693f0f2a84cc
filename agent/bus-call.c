/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One call over the bus that waits for a ledger thread, and how it is refused.
 */
#include "config.h"

#include "bus-inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

#define LARGEST_ARGUMENT (512 * 1024)
#define LONGEST_NAME 1024

KobanCall *
koban_call_new (KobanBus *self, GDBusMethodInvocation *invocation)
{
  KobanCall *call = g_new0 (KobanCall, 1);

  call->bus = g_object_ref (self);
  call->invocation = g_object_ref (invocation);
  call->now_us = koban_parts_now_us (self->parts);
  self->pending++;
  g_signal_emit_by_name (self, "busy-changed");
  return call;
}

void
koban_call_free (KobanCall *call)
{
  call->bus->pending--;
  g_signal_emit_by_name (call->bus, "busy-changed");
  g_clear_object (&call->bus);
  g_clear_object (&call->invocation);
  g_clear_pointer (&call->argument, g_variant_unref);
  g_clear_pointer (&call->connection, koban_connection_free);
  g_clear_pointer (&call->rows, g_variant_unref);
  g_clear_pointer (&call->channels, g_variant_unref);
  g_free (call->id);
  g_free (call);
}

/* Errors of our own keep their name on the bus; all others are "failed", with their sentence. */
void
koban_call_refuse (GDBusMethodInvocation *invocation, const GError *error)
{
  if (error->domain == KOBAN_ERROR)
    g_dbus_method_invocation_return_gerror (invocation, error);
  else
    g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_FAILED,
                                                   error->message);
}

gboolean
koban_call_is_small (GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (g_variant_get_size (argument) <= LARGEST_ARGUMENT)
    return TRUE;
  g_dbus_method_invocation_return_error (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                         _("The request is larger than %d bytes."), LARGEST_ARGUMENT);
  return FALSE;
}

gboolean
koban_call_is_name (GDBusMethodInvocation *invocation, const char *name)
{
  if (*name != '\0' && strlen (name) <= LONGEST_NAME)
    return TRUE;
  g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 _("An id or a name is needed, and not a long text."));
  return FALSE;
}

gboolean
koban_call_finish (KobanCall *call, GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;

  if (koban_books_finish (call->bus->parts->tools.books, result, &error))
    return TRUE;
  koban_call_refuse (call->invocation, error);
  return FALSE;
}

gboolean
koban_call_keep_rows (KobanCall *call, GVariant *rows)
{
  call->rows = rows != NULL ? g_variant_ref_sink (rows) : NULL;
  return rows != NULL;
}
