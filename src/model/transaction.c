/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A line of a statement, copied once and shared by reference count. It never changes, and it does not
 * know whether another line is the same one.
 */
#include "config.h"

#include <koban/transaction.h>

#include <string.h>

#include "model/values.h"

/* One block: a first check holds a hundred thousand of them. */
typedef struct
{
  KobanTransaction fields; /* first: a KobanTransaction pointer is the pointer to this */
  char strings[];          /* its texts, one behind the other */
} Transaction;

static const gsize texts[] = {
  G_STRUCT_OFFSET (KobanTransaction, id),          G_STRUCT_OFFSET (KobanTransaction, bank_id),
  G_STRUCT_OFFSET (KobanTransaction, pending_id),  G_STRUCT_OFFSET (KobanTransaction, text),
  G_STRUCT_OFFSET (KobanTransaction, payee),       G_STRUCT_OFFSET (KobanTransaction, counterparty_id),
  G_STRUCT_OFFSET (KobanTransaction, mandate_ref),
};

G_DEFINE_BOXED_TYPE (KobanTransaction, koban_transaction, koban_transaction_ref, koban_transaction_unref)

KobanTransaction *
koban_transaction_new (const KobanTransaction *fields)
{
  KobanTransaction given = *fields;
  gsize sizes[G_N_ELEMENTS (texts)], size = 0;
  Transaction *self;
  char *at;

  given.text = given.text != NULL ? given.text : "";
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *text = G_STRUCT_MEMBER (const char *, &given, texts[i]);

      sizes[i] = text != NULL ? strlen (text) + 1 : 0;
      size += sizes[i];
    }
  self = g_atomic_rc_box_alloc (sizeof (Transaction) + size);
  self->fields = given;
  at = self->strings;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (sizes[i] > 0)
      {
        const char **text = &G_STRUCT_MEMBER (const char *, &self->fields, texts[i]);

        *text = memcpy (at, *text, sizes[i]);
        at += sizes[i];
      }
  return &self->fields;
}

KobanTransaction *
koban_transaction_ref (KobanTransaction *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
koban_transaction_unref (KobanTransaction *self)
{
  g_atomic_rc_box_release (self);
}

static gboolean
words_equal (const KobanTransaction *a, const KobanTransaction *b)
{
  return g_strcmp0 (a->bank_id, b->bank_id) == 0 && g_strcmp0 (a->pending_id, b->pending_id) == 0 &&
         g_str_equal (a->text, b->text) && g_strcmp0 (a->payee, b->payee) == 0 &&
         g_strcmp0 (a->counterparty_id, b->counterparty_id) == 0 &&
         g_strcmp0 (a->mandate_ref, b->mandate_ref) == 0;
}

gboolean
koban_transaction_equal (const KobanTransaction *a, const KobanTransaction *b)
{
  return a->state == b->state && a->type == b->type && koban_money_equal (a->amount, b->amount) &&
         a->date == b->date && a->time_us == b->time_us && a->has_balance_after == b->has_balance_after &&
         (!a->has_balance_after || koban_money_equal (a->balance_after, b->balance_after)) &&
         words_equal (a, b);
}

const char *
koban_transaction_get_name (const KobanTransaction *self)
{
  return self->payee != NULL && *self->payee != '\0' ? self->payee : self->text;
}

static const char *const state_names[] = {
  [KOBAN_TRANSACTION_PENDING] = "pending",
  [KOBAN_TRANSACTION_BOOKED] = "booked",
  [KOBAN_TRANSACTION_WITHDRAWN] = "withdrawn",
};

static const char *const type_names[] = {
  [KOBAN_TRANSACTION_OTHER] = "other",
  [KOBAN_TRANSACTION_CARD] = "card",
  [KOBAN_TRANSACTION_TRANSFER] = "transfer",
  [KOBAN_TRANSACTION_DIRECT_DEBIT] = "direct_debit",
  [KOBAN_TRANSACTION_STANDING_ORDER] = "standing_order",
  [KOBAN_TRANSACTION_CASH] = "cash",
  [KOBAN_TRANSACTION_FEE] = "fee",
  [KOBAN_TRANSACTION_CREDIT] = "credit",
  [KOBAN_TRANSACTION_OWN] = "own",
};

VALUE_ENUM_NAMES (KobanTransactionState, koban_transaction_state, state_names)
VALUE_ENUM_NAMES (KobanTransactionType, koban_transaction_type, type_names)
