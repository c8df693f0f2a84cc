/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines → the ledger, with detection: heard the first time, then all again with ten new ones, then a check
 * of the last two days that brings nothing.
 *   bench-ledger FILE LINES [no-ids]
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <koban/ledger.h>
#include "life.h"

enum
{
  NEW_LINES = 10,
  QUIET_DAYS = 2
};

typedef struct
{
  KobanLedger *ledger;
  KobanConnection connection;
  KobanAccount *account;
  gboolean has_ids;
  guint n_lines;
} Bench;

static gint64
now_us (guint n_lines)
{
  return (LIFE_FIRST_DAY + n_lines / LIFE_LINES_A_DAY + 1) * KOBAN_DAY_US;
}

static KobanTransaction *
make_line (guint number, gboolean has_id)
{
  LifeLine line;

  life_line (number, &line);
  KobanTransaction fields = { .bank_id = has_id ? line.id : NULL,
                              .state = KOBAN_TRANSACTION_BOOKED,
                              .type = line.is_bill     ? KOBAN_TRANSACTION_DIRECT_DEBIT
                                      : line.minor > 0 ? KOBAN_TRANSACTION_CREDIT
                                                       : KOBAN_TRANSACTION_CARD,
                              .amount = KOBAN_MONEY (line.minor, LIFE_CURRENCY),
                              .date = line.day,
                              .time_us = line.time_us,
                              .text = line.text,
                              .payee = line.payee,
                              .counterparty_id = line.shop };
  return koban_transaction_new (&fields);
}

/* The newest first, as banks give them. */
static KobanSnapshot *
make_listing (const Bench *self, guint first, guint end, gint64 from_us)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  for (guint i = end; i > first; i--)
    g_ptr_array_add (rows, make_line (i - 1, self->has_ids));
  const KobanSnapshot fields = { .account = self->account,
                                 .listing = KOBAN_LISTING_TRANSACTIONS,
                                 .reach = KOBAN_REACH_WHOLE,
                                 .heard_us = now_us (self->n_lines),
                                 .from_us = from_us,
                                 .to_us = now_us (self->n_lines),
                                 .rows = rows };
  return koban_snapshot_new (&fields);
}

static guint
hear (Bench *self, KobanSnapshot *snapshot, const char *name)
{
  g_autofree char *cpu = g_strconcat (name, "_cpu_us", NULL);
  g_autofree char *wall = g_strconcat (name, "_wall_us", NULL);
  g_autoptr(GError) error = NULL;
  KobanMergeResult result = { 0 };
  gint64 cpu_us = life_cpu_us (), wall_us = g_get_monotonic_time ();

  gboolean merged =
    koban_ledger_merge (self->ledger, self->connection.id, snapshot, 0, &result, &error) &&
    koban_ledger_finish_check (self->ledger, self->connection.id, snapshot->heard_us, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (merged);
  life_tell (cpu, life_cpu_us () - cpu_us);
  life_tell (wall, g_get_monotonic_time () - wall_us);
  return result.changes;
}

static void
open_ledger (Bench *self, const char *path, KobanServices *services)
{
  static char *no_hosts[] = { NULL };
  const KobanAccount fields = {
    .identity = "number:1:GBP", .remote_id = "a", .name = "A", .currency = KOBAN_CURRENCY (LIFE_CURRENCY)
  };
  g_autoptr(GError) error = NULL;

  self->ledger = koban_ledger_open (strcmp (path, ":memory:") != 0 ? path : NULL, services, &error);
  g_assert_no_error (error);
  self->account = koban_account_new (&fields);
  self->connection = (KobanConnection){
    .provider = (char *) "bench", .name = (char *) "Bench", .hosts = no_hosts, .profile_digest = (char *) ""
  };
  gboolean added =
    koban_ledger_add_connection (self->ledger, &self->connection, now_us (self->n_lines), &error);
  g_assert_no_error (error);
  g_assert_true (added);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanServices) services = koban_services_load (NULL, &error);

  g_assert_no_error (error);
  if (argc < 3)
    return 2;
  Bench self = { .n_lines = (guint) atoi (argv[2]), .has_ids = argc < 4 };
  open_ledger (&self, argv[1], services);

  KobanSnapshot *first = make_listing (&self, 0, self.n_lines, 0);
  life_tell ("before_kb", life_peak_kb ());
  g_assert_cmpuint (hear (&self, first, "first"), ==, self.n_lines);
  life_tell ("first_peak_kb", life_peak_kb ());
  koban_snapshot_unref (first);

  KobanSnapshot *again = make_listing (&self, 0, self.n_lines + NEW_LINES, 0);
  g_assert_cmpuint (hear (&self, again, "again"), ==, NEW_LINES);
  koban_snapshot_unref (again);

  guint end = self.n_lines + NEW_LINES,
        quiet = MIN (end, QUIET_DAYS * LIFE_LINES_A_DAY + end % LIFE_LINES_A_DAY);
  gint64 from_us = (LIFE_FIRST_DAY + (end - quiet) / LIFE_LINES_A_DAY) * KOBAN_DAY_US;
  KobanSnapshot *nothing = make_listing (&self, end - quiet, end, from_us);
  g_assert_cmpuint (hear (&self, nothing, "quiet"), ==, 0);
  koban_snapshot_unref (nothing);

  koban_account_unref (self.account);
  g_object_unref (self.ledger);
  g_free (self.connection.id);
  life_tell ("peak_kb", life_peak_kb ());
  return 0;
}
