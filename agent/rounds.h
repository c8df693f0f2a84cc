/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The checks that are running: at most one a connection. Who asks for one that runs already joins
 * it and hears the same outcome. Signals, after the outcome is recorded:
 * "checked" (KobanOutcome), "progress" (connection s, step s).
 */
#pragma once

#include "cycle.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_ROUNDS (koban_rounds_get_type ())
G_DECLARE_FINAL_TYPE (KobanRounds, koban_rounds, KOBAN, ROUNDS, GObject)

/* @tools (unowned) outlives the rounds. */
KobanRounds  *koban_rounds_new (const KobanCycleTools *tools);

/* @cancellable ends the waiting, not the check: others may wait for it, too. */
void          koban_rounds_check_async  (KobanRounds *self, const char *connection, KobanCycleReason reason,
                                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full); NULL only when cancelled */
KobanOutcome *koban_rounds_check_finish (KobanRounds *self, GAsyncResult *result, GError **error);

/* Cancels the check of @connection, or all of them (NULL), and calls back when none of them is left. None is begun
 * on that connection, or at all, before that. */
void          koban_rounds_halt_async   (KobanRounds *self, const char *connection, GAsyncReadyCallback callback,
                                         gpointer user_data);
void          koban_rounds_halt_finish  (KobanRounds *self, GAsyncResult *result);

/* For who uses a connection's secret and is no check: calls back when no check of it runs. Until it is released, none
 * begins: those that are asked for wait. */
void          koban_rounds_reserve_async  (KobanRounds *self, const char *connection, GAsyncReadyCallback callback,
                                           gpointer user_data);
/* FALSE: everything is halted, and nothing was reserved. */
gboolean      koban_rounds_reserve_finish (KobanRounds *self, GAsyncResult *result);
void          koban_rounds_release        (KobanRounds *self, const char *connection);

G_END_DECLS
