/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines → the ledger, with detection: heard the first time, then all again with ten new ones, then a check
 * of the last two days that brings nothing. More than a listing's worth comes in listings, the newest first.
 *   bench-ledger FILE LINES [no-ids] [quiet]
 * With “quiet”, FILE is of an earlier run, and only the last of the three is done.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <koban/ledger.h>
#include "life.h"

enum
{
  NEW_LINES = 10,
  QUIET_DAYS = 2,
  LISTING_LINES = 100000 /* whole days: those of LIFE_LINES_A_DAY */
};

typedef struct
{
  KobanLedger *ledger;
  KobanConnection connection;
  KobanAccount *account;
  gboolean has_ids;
  guint n_lines;
  gint64 cpu_us, wall_us;
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

/* Lines from @first up to @end, the newest first, as banks give them: all that there is of these days. */
static KobanSnapshot *
make_listing (const Bench *self, guint first, guint end)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  gint64 heard_us = now_us (self->n_lines);
  gint64 to_us = (LIFE_FIRST_DAY + end / LIFE_LINES_A_DAY) * KOBAN_DAY_US;

  for (guint i = end; i > first; i--)
    g_ptr_array_add (rows, make_line (i - 1, self->has_ids));
  const KobanSnapshot fields = { .account = self->account,
                                 .listing = KOBAN_LISTING_TRANSACTIONS,
                                 .reach = KOBAN_REACH_WHOLE,
                                 .heard_us = heard_us,
                                 .from_us = first == 0
                                              ? 0
                                              : (LIFE_FIRST_DAY + first / LIFE_LINES_A_DAY) * KOBAN_DAY_US,
                                 .to_us = end >= self->n_lines ? heard_us : to_us,
                                 .rows = rows };
  return koban_snapshot_new (&fields);
}

/* Whoever heard of a listing lets it go before the next. */
static guint
hear_listing (Bench *self, guint first, guint end)
{
  g_autoptr(KobanSnapshot) snapshot = make_listing (self, first, end);
  g_autoptr(GError) error = NULL;
  KobanMergeResult result = { 0 };
  gint64 cpu_us = life_cpu_us (), wall_us = g_get_monotonic_time ();

  gboolean merged = koban_ledger_merge (self->ledger, self->connection.id, snapshot, 0, &result, &error);
  g_assert_no_error (error);
  g_assert_true (merged);
  self->cpu_us += life_cpu_us () - cpu_us;
  self->wall_us += g_get_monotonic_time () - wall_us;
  return result.changes;
}

static void
finish_check (Bench *self)
{
  g_autoptr(GError) error = NULL;
  gint64 cpu_us = life_cpu_us (), wall_us = g_get_monotonic_time ();

  gboolean finished = koban_ledger_finish_check (self->ledger, self->connection.id, now_us (self->n_lines), 0,
                                                 NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (finished);
  self->cpu_us += life_cpu_us () - cpu_us;
  self->wall_us += g_get_monotonic_time () - wall_us;
}

/* All lines from @first on, in one check. Returns how many were new. */
static guint
hear (Bench *self, guint first, const char *name)
{
  g_autofree char *cpu = g_strconcat (name, "_cpu_us", NULL);
  g_autofree char *wall = g_strconcat (name, "_wall_us", NULL);
  guint n_new = 0, last = (self->n_lines - 1) / LISTING_LINES;

  self->cpu_us = self->wall_us = 0;
  for (guint i = last + 1; i > first / LISTING_LINES; i--)
    n_new += hear_listing (self, MAX (first, (i - 1) * LISTING_LINES),
                           i == last + 1 ? self->n_lines : i * LISTING_LINES);
  finish_check (self);
  life_tell (cpu, self->cpu_us);
  life_tell (wall, self->wall_us);
  return n_new;
}

static void
open_ledger (Bench *self, const char *path, KobanServices *services)
{
  const KobanAccount fields = {
    .identity = "number:1:GBP", .remote_id = "a", .name = "A", .currency = KOBAN_CURRENCY (LIFE_CURRENCY)
  };
  g_autoptr(GError) error = NULL;

  self->ledger = koban_ledger_open (strcmp (path, ":memory:") != 0 ? path : NULL, services, &error);
  g_assert_no_error (error);
  self->account = koban_account_new (&fields);
}

static void
add_connection (Bench *self)
{
  static char *no_hosts[] = { NULL };
  g_autoptr(GError) error = NULL;

  self->connection = (KobanConnection){
    .provider = (char *) "bench", .name = (char *) "Bench", .hosts = no_hosts, .profile_digest = (char *) ""
  };
  gboolean added =
    koban_ledger_add_connection (self->ledger, &self->connection, now_us (self->n_lines), &error);
  g_assert_no_error (error);
  g_assert_true (added);
}

static void
hear_all (Bench *self)
{
  guint n_lines = self->n_lines;

  life_tell ("before_kb", life_peak_kb ());
  g_assert_cmpuint (hear (self, 0, "first"), ==, n_lines);
  life_tell ("first_peak_kb", life_peak_kb ());
  self->n_lines = n_lines + NEW_LINES;
  g_assert_cmpuint (hear (self, 0, "again"), ==, NEW_LINES);
}

static void
hear_nothing_new (Bench *self)
{
  guint days = (self->n_lines - 1) / LIFE_LINES_A_DAY;

  g_assert_cmpuint (hear (self, (days > QUIET_DAYS ? days - QUIET_DAYS : 0) * LIFE_LINES_A_DAY, "quiet"), ==,
                    0);
}

static gboolean
has_word (int argc, char *argv[], const char *word)
{
  for (int i = 3; i < argc; i++)
    if (strcmp (argv[i], word) == 0)
      return TRUE;
  return FALSE;
}

int
main (int argc, char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanServices) services = koban_services_load (NULL, &error);
  gboolean quiet = has_word (argc, argv, "quiet");

  g_assert_no_error (error);
  if (argc < 3)
    return 2;
  Bench self = { .n_lines = (guint) atoi (argv[2]), .has_ids = !has_word (argc, argv, "no-ids") };
  open_ledger (&self, argv[1], services);
  if (quiet)
    {
      self.connection.id = g_strdup ("c1");
      self.n_lines += NEW_LINES;
    }
  else
    {
      add_connection (&self);
      hear_all (&self);
    }
  hear_nothing_new (&self);

  koban_account_unref (self.account);
  g_object_unref (self.ledger);
  g_free (self.connection.id);
  life_tell ("peak_kb", life_peak_kb ());
  return 0;
}
