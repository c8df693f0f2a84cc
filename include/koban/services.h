/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The directory of e-money, wallet and payment services: which name on a statement is whose.
 * Data files (JSON, data/services), folded once at load, matched in the length of the name.
 */
#pragma once

#include <gio/gio.h>
#include <koban/transaction.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_SERVICE_WALLET,     /* e-money, P2P, prepaid, remittance, crypto on-ramp: takes and keeps money */
  KOBAN_SERVICE_BNPL,
  KOBAN_SERVICE_COLLECTOR,  /* collects for others: the end merchant is in the reference */
  KOBAN_SERVICE_MERCHANT,   /* a look-alike that is not a wallet (phone bill, card acquirer) */
} KobanServiceCategory;

typedef struct
{
  const char           *id;       /* "docomo-kouza" */
  const char           *name;     /* "ドコモ口座" */
  KobanServiceCategory  category;
  const char *const    *countries;
  gint64                charge_limit, month_limit; /* minor units of its currency; 0: not known */
  const char           *currency; /* (nullable) of the limits */
  const char           *revoke;   /* (nullable): how a customer ends it, in words */
  const char           *site;     /* (nullable): where it shows its desk: a name, for paper and terminal only */
} KobanService;

/* What a word in a name says that no directory knows (data/services/words.json). */
typedef enum
{
  KOBAN_WORD_WALLET,       /* calls itself a wallet, … */
  KOBAN_WORD_WALLET_LINK,  /* … but says so only of a listed link: CASH */
  KOBAN_WORD_NO_WALLET,    /* only seems one: AUTOPAY */
  KOBAN_WORD_COLLECTION,   /* tells of a direct debit, wherever in the text: "… SEPA-LASTSCHRIFT … MREF" */
  KOBAN_WORD_TRADE,        /* is paid by direct debit everywhere: power, water, insurance, a gym, a newspaper */
  KOBAN_WORD_TRAP,         /* what subscription traps collect for: a newsletter, a prize draw */
  KOBAN_N_WORD_KINDS
} KobanWordKind;

typedef struct _KobanServices KobanServices;

/* NULL: $datadir/koban/services, then the person's own, or $KOBAN_SERVICES for a build tree. */
KobanServices      *koban_services_load   (const char *const *directories, GError **error);
void                koban_services_free   (KobanServices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanServices, koban_services_free)

/* @folded by koban_text_fold(). Anchored at the start or after a known bank prefix; the longest
 * pattern wins. (transfer none) (nullable) */
const KobanService *koban_services_match  (KobanServices *self, const char *folded);
/* The name behind the words that banks put before it ("SEPALASTSCHRIFT …"); all of @folded if nothing else is left.
 * @type is set to what these words say of the payment, else untouched. */
const char         *koban_services_skip_prefixes (KobanServices *self, const char *folded, KobanTransactionType *type);
/* Does a name that no directory knows call itself a wallet? Some words (CASH) say it only of a listed link. */
gboolean            koban_services_sounds_like_wallet (KobanServices *self, const char *folded, gboolean is_link);
/* Does a word of @kind stand in @folded? @self may be NULL: then none does. */
gboolean            koban_services_names  (KobanServices *self, KobanWordKind kind, const char *folded);
const KobanService *koban_services_lookup (KobanServices *self, const char *id);

G_END_DECLS
