/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Something on the bus that takes time: one object a caller, which ends with its caller. It knows
 * nothing of banks; who made it does the work and tells it how that went. Signal "ended".
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_OPERATION (koban_operation_get_type ())
G_DECLARE_FINAL_TYPE (KobanOperation, koban_operation, KOBAN, OPERATION, GObject)

/* Called once, when the caller is listening; koban_operation_end() must follow. */
typedef void (*KobanOperationFunc) (KobanOperation *operation, gpointer user_data);

/* On the bus at once, for @sender only. @user_data is freed with the operation. */
KobanOperation *koban_operation_new             (GDBusConnection *connection, const char *sender,
                                                 KobanOperationFunc start, gpointer user_data,
                                                 GDestroyNotify destroy, GError **error);
const char     *koban_operation_get_path        (KobanOperation *self);
/* Cancelled by the caller, by its leaving, or by koban_operation_cancel(). */
GCancellable   *koban_operation_get_cancellable (KobanOperation *self);

/* @of 0: not known */
void            koban_operation_progress        (KobanOperation *self, const char *step, const char *connection,
                                                 gint64 done, gint64 of);
/* Asks the caller: @question a{sv} ("kind" s, and what that needs) is sunk; NULL takes a question back. @reply hears each
 * answer, the id of a one-time keyring item or "", until it is taken back. */
typedef void (*KobanOperationReply) (KobanOperation *operation, const char *secret_id, gpointer user_data);
void            koban_operation_ask             (KobanOperation *self, GVariant *question, KobanOperationReply reply,
                                                 gpointer user_data);
/* @result a{sv} (nullable) is sunk. A later end than the first is ignored: the caller was told. */
void            koban_operation_end             (KobanOperation *self, GVariant *result, const GError *error);
void            koban_operation_cancel          (KobanOperation *self);

G_END_DECLS
