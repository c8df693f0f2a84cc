/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One check of one connection. It decides nothing about when (poller) nor about who waits for it
 * (rounds), and it tells nobody: what must be told is in the outbox when it ends (DESIGN §4.5).
 */
#pragma once

#include <koban/clock.h>
#include <koban/http.h>
#include <koban/profile.h>
#include <koban/vault.h>

#include "books.h"
#include "host.h"
#include "outcome.h"

G_BEGIN_DECLS

/* What a cycle works with; all of it (unowned), and outlives every cycle. */
typedef struct
{
  KobanBooks    *books;
  KobanVault    *vault;
  KobanHttp     *http;
  GDBusConnection *bus;      /* (nullable): where koban-import is found */
  KobanClock    *clock;
  KobanProfiles *profiles;
  GRand         *random;     /* used on the ledger thread only */
  GHashTable    *unsaved;    /* (element-type utf8 KobanSecret): by secret id; what the keyring would not take yet */
  guint          interval_s; /* between two checks, as the person set it */
  KobanSaving    saving;     /* what the computer spares now; read in the main thread */
} KobanCycleTools;

typedef enum { KOBAN_CYCLE_BY_CLOCK, KOBAN_CYCLE_BY_PERSON } KobanCycleReason;

/* A bank that has not said all it has to say by then is not reached. */
#define KOBAN_CYCLE_DEADLINE_S 120

/* @step is the name of the listing just heard, or "sign-in". */
typedef void (*KobanCycleProgress) (const char *connection, const char *step, gpointer user_data);

void          koban_cycle_run_async  (const KobanCycleTools *tools, const char *connection, KobanCycleReason reason,
                                      KobanCycleProgress progress, gpointer progress_data,
                                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* NULL only with G_IO_ERROR_CANCELLED, which is neither success nor failure and left no trace but what was merged.
 * (transfer full) */
KobanOutcome *koban_cycle_run_finish (GAsyncResult *result, GError **error);

/* Key of the freshness incident that tells why @connection could not be checked. (transfer full) */
char         *koban_cycle_incident_key (const char *connection, const char *reason);
/* Why checks are fewer than usual, as the person reads it; NULL: they are not. */
const char   *koban_cycle_sparing      (KobanSaving saving);
/* Every reason there is, NULL-terminated. */
const char *const *koban_cycle_reasons (void);

G_END_DECLS
