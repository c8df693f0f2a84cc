/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command's side of the bus: typed calls to the agent, which D-Bus starts if it does not run,
 * and operations waited for with progress.
 */
#pragma once

#include "data/koban-dbus.h"

G_BEGIN_DECLS

/* NULL with an error if there is no session bus or no agent that can be started. (transfer full) */
KobanDBusKoban1 *koban_client_connect (GError **error);
/* What the agent lists, each with a method of its own. */
typedef enum
{
  KOBAN_ROWS_CONNECTIONS,
  KOBAN_ROWS_ACCOUNTS,
  KOBAN_ROWS_TRANSACTIONS,
  KOBAN_ROWS_LINKS,
  KOBAN_ROWS_ALERTS,
} KobanRows;

/* Rows of a list, aa{sv}. @filter (nullable) may be floating. Like all that follow it asks in one round trip, by
 * the agent's name and without a proxy: each of these takes three more. (transfer full) */
GVariant *koban_client_list (KobanRows kind, GVariant *filter, GError **error);

/* The one row that @id (or a unique name) means; NOT_FOUND says what was looked for. (transfer full) */
GVariant *koban_client_get (KobanRows kind, const char *id, const char *what, GError **error);

/* How the agent is, a{sv}. (transfer full) */
GVariant *koban_client_status (GError **error);

/* Starts the operation at @path and waits until it is finished, showing its progress; an interrupt
 * (Ctrl-C) cancels it. Its result, a{sv}, or NULL. (transfer full) */
GVariant *koban_client_run (KobanDBusKoban1 *agent, const char *path, GError **error);

/* What to reply to a question (a{sv} with "kind" s); "" or NULL is no answer. (transfer full) */
typedef char *(*KobanClientAnswer) (GVariant *question, gpointer user_data);
/* The same, for operations that ask. */
GVariant *koban_client_run_asking (KobanDBusKoban1 *agent, const char *path, KobanClientAnswer answer, gpointer user_data,
                                   GError **error);
/* Waits until the agent that was spoken to has left the bus, so that the next call is answered by another. */
void koban_client_wait_gone (KobanDBusKoban1 *agent);

G_END_DECLS
