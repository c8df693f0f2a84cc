/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one check came to. Shared by all who waited for it, so it is read and never changed once
 * the check has ended.
 */
#pragma once

#include <gio/gio.h>
#include <koban/ledger.h>

G_BEGIN_DECLS

typedef struct
{
  char            *connection; /* "c1" */
  char            *name;       /* as the person calls it; the id until it is known */
  KobanMergeResult merged;
  gboolean         claimed;    /* the bank changed the secret on the way: the old one may be worthless */
  gboolean         unwritten;  /* the ledger could not take how it went: no room on the disk, or worse */
  GError          *error;      /* (nullable): why the check ended early */
  GError          *unheard;    /* (nullable): why the listing that failed most gravely did */
} KobanOutcome;

KobanOutcome *koban_outcome_new   (const char *connection);
KobanOutcome *koban_outcome_ref   (KobanOutcome *self);
void          koban_outcome_unref (KobanOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanOutcome, koban_outcome_unref)

/* The error that a person must hear of, or NULL if all was heard. (transfer none) */
const GError *koban_outcome_get_error (const KobanOutcome *self);

G_END_DECLS
