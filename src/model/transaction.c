/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A line of a statement, copied once and shared by reference count. It never changes, and it does not
 * know whether another line is the same one.
 */
#include "config.h"

#include <koban/transaction.h>

#include "model/values.h"

typedef struct
{
  KobanTransaction fields; /* first: a KobanTransaction pointer is the pointer to this */
  GStringChunk *strings;
} Transaction;

G_DEFINE_BOXED_TYPE (KobanTransaction, koban_transaction, koban_transaction_ref, koban_transaction_unref)

KobanTransaction *
koban_transaction_new (const KobanTransaction *fields)
{
  Transaction *self = g_atomic_rc_box_new0 (Transaction);

  self->fields = *fields;
  self->strings = g_string_chunk_new (VALUE_CHUNK_SIZE);
  self->fields.id = value_string (self->strings, fields->id);
  self->fields.bank_id = value_string (self->strings, fields->bank_id);
  self->fields.pending_id = value_string (self->strings, fields->pending_id);
  self->fields.text = value_string (self->strings, fields->text != NULL ? fields->text : "");
  self->fields.payee = value_string (self->strings, fields->payee);
  self->fields.counterparty_id = value_string (self->strings, fields->counterparty_id);
  self->fields.mandate_ref = value_string (self->strings, fields->mandate_ref);
  return &self->fields;
}

KobanTransaction *
koban_transaction_ref (KobanTransaction *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
transaction_clear (gpointer data)
{
  g_string_chunk_free (((Transaction *) data)->strings);
}

void
koban_transaction_unref (KobanTransaction *self)
{
  g_atomic_rc_box_release_full (self, transaction_clear);
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
