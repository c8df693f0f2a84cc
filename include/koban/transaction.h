/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One line of a statement, as the bank last told it. Whether two lines are the same line is decided
 * in ledger/identity.c and nowhere else.
 */
#pragma once

#include <glib-object.h>
#include <koban/date.h>
#include <koban/money.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_TRANSACTION_PENDING,
  KOBAN_TRANSACTION_BOOKED,
  KOBAN_TRANSACTION_WITHDRAWN, /* the bank took it back: reversed, cancelled, expired */
} KobanTransactionState;

typedef enum
{
  KOBAN_TRANSACTION_OTHER, /* not said, or a word we do not know */
  KOBAN_TRANSACTION_CARD,
  KOBAN_TRANSACTION_TRANSFER,
  KOBAN_TRANSACTION_DIRECT_DEBIT,
  KOBAN_TRANSACTION_STANDING_ORDER,
  KOBAN_TRANSACTION_CASH,
  KOBAN_TRANSACTION_FEE,
  KOBAN_TRANSACTION_CREDIT,
  KOBAN_TRANSACTION_OWN,   /* between the person's own accounts or pots */
} KobanTransactionType;

typedef struct
{
  const char            *id;              /* (nullable): ours ("t12"), once the ledger knows it */
  const char            *bank_id;         /* (nullable): the bank's id, a hint and not an identity */
  const char            *pending_id;      /* (nullable): the bank's own reference to the pending line this one settles */
  KobanTransactionState  state;
  KobanTransactionType   type;
  KobanMoney             amount;          /* out of the account is negative */
  KobanDate              date;            /* booking date in the bank's calendar, or KOBAN_NO_DATE */
  gint64                 time_us;         /* when the bank says it happened; 0: not said, and never invented */
  const char            *text;            /* the statement text, verbatim; never NULL, may be "" */
  const char            *payee;           /* (nullable): the counterparty's name where the bank separates it */
  const char            *counterparty_id; /* (nullable): account number or the bank's id of the counterparty, or creditor id */
  const char            *mandate_ref;     /* (nullable) */
  gboolean               has_balance_after;
  KobanMoney             balance_after;
  gint64                 first_seen_us;   /* when Koban first heard of it; 0 before the ledger knows it */
} KobanTransaction;

#define KOBAN_TYPE_TRANSACTION (koban_transaction_get_type ())
GType             koban_transaction_get_type (void);

KobanTransaction *koban_transaction_new   (const KobanTransaction *fields);
KobanTransaction *koban_transaction_ref   (KobanTransaction *self);
void              koban_transaction_unref (KobanTransaction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanTransaction, koban_transaction_unref)

gboolean          koban_transaction_equal (const KobanTransaction *a, const KobanTransaction *b); /* every field but id, first_seen_us */

/* The name to know the other side by: payee where the bank gives one, else text. Never NULL. */
const char       *koban_transaction_get_name (const KobanTransaction *self);

const char *koban_transaction_state_name (KobanTransactionState state);           /* "booked" */
gboolean    koban_transaction_state_parse (const char *name, KobanTransactionState *state);
const char *koban_transaction_type_name (KobanTransactionType type);              /* "direct_debit" */
gboolean    koban_transaction_type_parse (const char *name, KobanTransactionType *type);

G_END_DECLS
