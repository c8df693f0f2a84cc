/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debits show the powers that no bank lists: each once, and a purchase is none.
 */
#include "config.h"

#include <koban/ledger.h>
#include "ledger/inside.h"

typedef struct
{
  const char *name;
  KobanTransaction line;
  int kind; /* -1: no link */
  const char *link, *collector, *reference;
} Case;

#define OUT(cents) .state = KOBAN_TRANSACTION_BOOKED, .amount = { -(cents), { "EUR" } }
#define DEBIT KOBAN_TRANSACTION_DIRECT_DEBIT

static const Case cases[] = {
  { "mandate",
    { OUT (4900), .text = "x", .payee = "Gym", .counterparty_id = "DE98ZZZ", .mandate_ref = "M-1" },
    KOBAN_LINK_DIRECT_DEBIT,
    "Gym",
    "DE98ZZZ",
    "M-1" },
  { "scheme", { OUT (4900), .type = DEBIT, .text = "GYM CO" }, KOBAN_LINK_DIRECT_DEBIT, "GYM CO" },
  { "numbers",
    { OUT (4900), .type = DEBIT, .text = "GYM CO 2024-09 REF12345" },
    KOBAN_LINK_DIRECT_DEBIT,
    "GYM CO" },
  { "only-numbers", { OUT (4900), .type = DEBIT, .text = "12345" }, KOBAN_LINK_DIRECT_DEBIT, "12345" },
  { "standing-order",
    { OUT (100), .type = KOBAN_TRANSACTION_STANDING_ORDER, .text = "RENT" },
    KOBAN_LINK_STANDING_ORDER,
    "RENT" },
  { "wallet",
    { OUT (100), .type = KOBAN_TRANSACTION_TRANSFER, .text = "PAYPAL *SHOP" },
    KOBAN_LINK_EMONEY,
    "PayPal",
    "paypal" },
  { "words-of-the-bank",
    { OUT (100), .text = "SEPA-LASTSCHRIFT STROM AG" },
    KOBAN_LINK_DIRECT_DEBIT,
    "SEPA-LASTSCHRIFT STROM AG" },
  { "purchase", { OUT (100), .type = KOBAN_TRANSACTION_CARD, .text = "BAKERY" }, -1 },
  { "transfer", { OUT (100), .type = KOBAN_TRANSACTION_TRANSFER, .text = "JANE" }, -1 },
  { "money-in",
    { .state = KOBAN_TRANSACTION_BOOKED, .amount = { 100, { "EUR" } }, .type = DEBIT, .text = "GYM" },
    -1 },
  { "withdrawn",
    { .state = KOBAN_TRANSACTION_WITHDRAWN, .amount = { -100, { "EUR" } }, .type = DEBIT, .text = "GYM" },
    -1 },
};

static KobanServices *services;

static GPtrArray *
derive (const KobanTransaction *lines, gsize n_lines)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  for (gsize i = 0; i < n_lines; i++)
    g_ptr_array_add (list, koban_transaction_new (&lines[i]));
  return koban_derive_links (services, list);
}

static void
test_line (gconstpointer data)
{
  const Case *row = data;
  g_autoptr(GPtrArray) links = derive (&row->line, 1);

  g_assert_cmpuint (links->len, ==, row->kind >= 0 ? 1 : 0);
  if (row->kind < 0)
    return;
  const KobanLink *link = links->pdata[0];
  g_assert_cmpint ((int) link->kind, ==, row->kind);
  g_assert_cmpstr (link->name, ==, row->link);
  g_assert_cmpstr (link->collector, ==, row->collector);
  g_assert_cmpstr (link->reference, ==, row->reference);
  g_assert_cmpint (link->provenance, ==, KOBAN_PROVENANCE_DERIVED);
  g_assert_cmpint (link->revocation, ==, KOBAN_REVOCATION_MANUAL);
}

/* Three debits, two mandates of one collector: two links. */
static void
test_once (void)
{
  const KobanTransaction lines[] = {
    { OUT (100), .text = "a", .payee = "Gym", .counterparty_id = "C", .mandate_ref = "M-1" },
    { OUT (200), .text = "b", .payee = "Gym", .counterparty_id = "C", .mandate_ref = "M-1" },
    { OUT (100), .text = "c", .payee = "Gym", .counterparty_id = "C", .mandate_ref = "M-2" },
  };
  g_autoptr(GPtrArray) links = derive (lines, G_N_ELEMENTS (lines));

  g_assert_cmpuint (links->len, ==, 2);
}

static void
hear_twice (KobanLedger *ledger, const char *connection, KobanAccount *account)
{
  const gint64 now_us = G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US;
  const KobanTransaction debit = { OUT (4900), .type = DEBIT, .text = "GYM CO", .date = 19960,
                                   .bank_id = "t1" };
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  g_autoptr(GError) error = NULL;

  g_ptr_array_add (lines, koban_transaction_new (&debit));
  for (int i = 0; i < 2; i++)
    {
      const KobanSnapshot fields = { .account = account,
                                     .listing = KOBAN_LISTING_TRANSACTIONS,
                                     .heard_us = now_us + i * KOBAN_HOUR_US,
                                     .from_us = now_us - 30 * KOBAN_DAY_US,
                                     .to_us = now_us + i * KOBAN_HOUR_US,
                                     .rows = lines };
      g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);
      g_assert_true (koban_ledger_merge (ledger, connection, snapshot, 0, NULL, &error));
      g_assert_no_error (error);
    }
}

/* In the books they are links of the account: there once, whenever their debits are heard again, and only
 * where the bank lists none. */
static void
test_in_the_books (void)
{
  static const struct
  {
    KobanSeesLinks sees;
    gsize n_links;
  } rows[] = { { KOBAN_SEES_DERIVED, 1 }, { KOBAN_SEES_NATIVE, 0 }, { KOBAN_SEES_NONE, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(KobanLedger) ledger = koban_ledger_open (NULL, services, &error);
      KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Home" };
      const KobanAccount fields = { .identity = "number:1:EUR",
                                    .remote_id = "a",
                                    .name = "A",
                                    .currency = KOBAN_CURRENCY ("EUR"),
                                    .sees_links = rows[i].sees };
      g_autoptr(KobanAccount) account = koban_account_new (&fields);

      g_assert_no_error (error);
      g_assert_true (koban_ledger_add_connection (ledger, &connection, KOBAN_SECOND_US, &error));
      hear_twice (ledger, connection.id, account);
      g_autoptr(GVariant) links = koban_ledger_list (ledger, KOBAN_LIST_LINKS, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_variant_n_children (links), ==, rows[i].n_links);
      g_free (connection.id);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr(GError) error = NULL;
  services = koban_services_load (NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/derive/line/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_line);
    }
  g_test_add_func ("/derive/once", test_once);
  g_test_add_func ("/derive/in-the-books", test_in_the_books);
  int status = g_test_run ();
  koban_services_free (services);
  return status;
}
