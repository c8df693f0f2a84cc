/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Money gone with no line to show for it, and balances that only look so.
 */
#include "config.h"

#include "watch-world.h"

/* A bank whose lines come with the balance, so that it is known to be quick. */
static World *
watched (void)
{
  World *world = world_new ("GBP");
  gint64 balance = 500000;

  world_balance (world, 0, 0, balance);
  world_check (world);
  world->watched = TRUE;
  for (int day = 1; day < 30; day++)
    {
      world_line (world, day, 600, -1000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
      world_balance (world, day, 600, balance -= 1000);
      world_check (world);
      world_wait (world, day, 1200);
    }
  g_ptr_array_set_size (world->alerts, 0);
  return world;
}

static void
test_hidden_debit (void)
{
  g_autoptr(World) world = watched ();

  world_balance (world, 30, 600, 471000 - 40000);
  world_wait (world, 30, 615);
  assert_silent (world);
  g_assert_cmpint (world->due_us, >, world->now_us);

  world->now_us = world->due_us;
  world_check (world);
  KobanAlert *alert = world_find (world, KOBAN_ALERT_BALANCE);
  g_assert_nonnull (alert);
  g_assert_null (alert->ref);
  g_assert_cmpint (alert->total.minor, ==, -40000);
  g_assert_true (koban_alert_has_reason (alert, "balance_unexplained"));

  guint told = world->alerts->len;
  world_wait (world, 40, 0);
  g_assert_cmpuint (world->alerts->len, ==, told);
}

static void
test_line_comes_late (void)
{
  g_autoptr(World) world = watched ();

  world_balance (world, 30, 600, 471000 - 40000);
  world_wait (world, 30, 615);
  world_line (world, 30, 700, -40000, "JOHN LEWIS", KOBAN_TRANSACTION_CARD);
  world_wait (world, 40, 0);
  g_assert_null (world_find (world, KOBAN_ALERT_BALANCE));
}

static void
test_balance_comes_late (void)
{
  g_autoptr(World) world = watched ();

  world_line (world, 30, 300, 190000, "ARUP SALARY", KOBAN_TRANSACTION_CREDIT);
  world_line (world, 30, 600, -1000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  world_wait (world, 30, 615);
  world_balance (world, 31, 600, 471000 + 189000);
  world_wait (world, 40, 0);
  assert_silent (world);
}

static void
test_pending_explains (void)
{
  g_autoptr(World) world = watched ();
  g_autoptr(KobanTransaction) made =
    world_make_line (world, 30, 600, -5000, "JOHN LEWIS", KOBAN_TRANSACTION_CARD);
  KobanTransaction fields = *made;

  fields.state = KOBAN_TRANSACTION_PENDING;
  g_autoptr(KobanTransaction) pending = koban_transaction_new (&fields);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = pending };
  world_add (world, &change, 30, 600);
  world_balance (world, 30, 601, 471000 - 5000);
  world_wait (world, 34, 0);
  KobanChange booked = { .kind = KOBAN_CHANGE_LINE_CHANGED, .line = made, .line_before = pending };
  world_add (world, &booked, 34, 10);
  world_wait (world, 44, 0);
  assert_silent (world);
}

static void
test_negative (void)
{
  g_autoptr(World) world = watched ();

  world_line (world, 30, 600, -48000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  world_balance (world, 30, 601, 423000);
  world_check (world);
  world_line (world, 31, 600, -42300, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  g_ptr_array_set_size (world->alerts, 0);
  world_line (world, 31, 610, -400000, "HMRC", KOBAN_TRANSACTION_OWN);
  world_balance (world, 31, 611, -19300);
  world_wait (world, 31, 615);
  KobanAlert *alert = world_find (world, KOBAN_ALERT_BALANCE);
  if (alert == NULL)
    alert = world_find (world, KOBAN_ALERT_WITHDRAWAL);
  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "negative_balance"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/balance/hidden-debit", test_hidden_debit);
  g_test_add_func ("/balance/line-comes-late", test_line_comes_late);
  g_test_add_func ("/balance/balance-comes-late", test_balance_comes_late);
  g_test_add_func ("/balance/pending-explains", test_pending_explains);
  g_test_add_func ("/balance/negative", test_negative);
  return g_test_run ();
}
