/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One account at one bank, as the bank described it. Immutable and shared: made from a filled
 * struct whose strings are copied, then only read.
 */
#pragma once

#include <glib-object.h>
#include <koban/money.h>

G_BEGIN_DECLS

typedef enum { KOBAN_WATCH_ALL, KOBAN_WATCH_LINKS, KOBAN_WATCH_OFF } KobanWatchMode;
typedef enum { KOBAN_OWNERSHIP_OWN, KOBAN_OWNERSHIP_JOINT } KobanOwnership;
typedef enum { KOBAN_SEES_NONE, KOBAN_SEES_DERIVED, KOBAN_SEES_NATIVE } KobanSeesLinks;

typedef struct
{
  const char    *id;         /* (nullable): ours ("a1"), once the ledger knows it */
  const char    *identity;   /* what makes it the same account again: "number:…:GBP", "iban:…:EUR", "hash:…" (DESIGN §4.2) */
  const char    *remote_id;  /* the bank's list id; for URLs only, never identity */
  const char    *name;       /* the bank's words */
  const char    *number;     /* (nullable): full; leaves the ledger masked */
  KobanCurrency  currency;
  KobanSeesLinks sees_links;
  gboolean       sees_pending;
  gboolean       sees_time;  /* transactions carry an instant, not only a date */
  KobanOwnership ownership;
  KobanWatchMode watch;
  const char *const *variables; /* (nullable): name, value, name, value, …, NULL: what the profile's paths need */
} KobanAccount;

#define KOBAN_TYPE_ACCOUNT (koban_account_get_type ())
GType         koban_account_get_type (void);

KobanAccount *koban_account_new   (const KobanAccount *fields);
KobanAccount *koban_account_ref   (KobanAccount *self);
void          koban_account_unref (KobanAccount *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanAccount, koban_account_unref)

const char   *koban_account_get_variable (const KobanAccount *self, const char *name); /* (nullable) */

G_END_DECLS
