/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The clock of the claims: seven days, three days and one day before a time to claim ends, a notice of it is put
 * into the outbox; it is settled when the person has done it, or when it is too late. One alarm, set for the next of
 * these moments, and none while nothing can be claimed.
 */
#pragma once

#include <koban/clock.h>
#include <koban/deadlines.h>

#include "books.h"

G_BEGIN_DECLS

typedef struct _KobanClaims KobanClaims;

/* It was counted; @changed: alerts were raised or settled. */
typedef void (*KobanClaimsFunc) (gboolean changed, gpointer user_data);
/* All (unowned), and outlive it; without @deadlines (nullable) it does nothing. */
KobanClaims *koban_claims_new     (KobanClock *clock, KobanBooks *books, KobanDeadlines *deadlines, KobanClaimsFunc counted,
                                   gpointer user_data);
/* Counts again: at the start, and when alerts, answers or notes have changed. */
void         koban_claims_wake    (KobanClaims *self);
/* Whether a moment is still to come. */
gboolean     koban_claims_is_waiting (KobanClaims *self);
/* No alarm and no counting from now on; before the books are closed. */
void         koban_claims_stop    (KobanClaims *self);
/* After the books were closed. */
void         koban_claims_free    (KobanClaims *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanClaims, koban_claims_free)

/* One counting, on the ledger's thread. Plain data. */
typedef struct
{
  KobanDeadlines *deadlines; /* (unowned) */
  gint64          now_us;
  int             utc_offset_minutes;
  gint64          next_us;   /* 0: nothing more is to come */
  gboolean        changed;   /* something was raised or settled */
} KobanClaimsRound;

/* A KobanBooksFunc on a KobanClaimsRound. */
gboolean     koban_claims_count_in_worker (KobanLedger *ledger, gpointer round, GError **error);

G_END_DECLS
