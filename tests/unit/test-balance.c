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

/* A bank that tells its balance now and then, and lists out of order: the next balance agrees with all lines.
 */
static void
test_balance_now_and_then (void)
{
  g_autoptr(World) world = watched ();

  world_line (world, 30, 600, -3000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  world_balance (world, 30, 605, 471000 - 40000);
  world_wait (world, 30, 615);
  world_line (world, 30, 700, -1000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  world_line (world, 31, 700, -40000, "JOHN LEWIS", KOBAN_TRANSACTION_CARD);
  world_wait (world, 35, 0);
  g_assert_null (world_find (world, KOBAN_ALERT_BALANCE));
  world_balance (world, 36, 600, 471000 - 44000);
  world_wait (world, 50, 0);
  assert_silent (world);
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

/* A bank that shows every line a day late, and an income between: nothing is missing. */
static void
test_balance_always_late (void)
{
  static const gint64 sums[] = { -5600, -17100, -2300, -12800, 320000, -88100, -900, -4000, 6600, -15000 };
  g_autoptr(World) world = watched ();
  gint64 booked = 471000;

  for (int i = 0; i < (int) G_N_ELEMENTS (sums); i++)
    {
      world_balance (world, 30 + i, 660, booked);
      world_wait (world, 30 + i, 661);
      world_line (world, 30 + i, 900, sums[i], "TESCO STORES", KOBAN_TRANSACTION_OWN);
      world_wait (world, 30 + i, 915);
      booked += sums[i];
    }
  world_balance (world, 41, 660, booked);
  world_wait (world, 50, 0);
  g_assert_null (world_find (world, KOBAN_ALERT_BALANCE));
}

/* The first balance is heard with a line that it holds already. */
static void
test_first_balance_holds_line (void)
{
  g_autoptr(World) world = world_new ("GBP");

  world_live (world, 0, 20);
  world->watched = TRUE;
  world_line (world, 21, 600, 160000, "ARUP SALARY", KOBAN_TRANSACTION_CREDIT);
  world_balance (world, 21, 600, 471000);
  world_wait (world, 21, 615);
  for (int day = 25; day < 45; day += 5)
    {
      world_line (world, day, 600, -3000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
      world_balance (world, day, 600, 471000 - 3000 * (day - 20) / 5);
      world_wait (world, day, 615);
    }
  world_wait (world, 50, 0);
  g_assert_null (world_find (world, KOBAN_ALERT_BALANCE));
}

static void
test_lines_not_listed (void)
{
  g_autoptr(World) world = watched ();

  world_balance (world, 30, 600, 471000 - 4000);
  world_wait (world, 30, 615);
  world->lines_heard_us = world->now_us;
  world_wait (world, 36, 0);
  g_assert_null (world_find (world, KOBAN_ALERT_BALANCE));
  world->lines_heard_us = 0;
  world_wait (world, 36, 15);
  g_assert_nonnull (world_find (world, KOBAN_ALERT_BALANCE));
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

/* --- banks that show the balance or the lines late ------------------------------------------------------ */

#define DAILY(day) (-1000 - (day) *37 % 900) /* a sum that is another one each day */

/* Checks every six hours: what is due at a check that brings nothing else. */
static void
let_days_pass (World *world, int from, int to)
{
  for (int day = from; day < to; day++)
    for (int hour = 0; hour < 24; hour += 6)
      world_wait (world, day, hour * 60);
}

static guint
count_alerts (World *world)
{
  guint n = 0;

  for (guint i = 0; i < world->alerts->len; i++)
    n += ((KobanAlert *) g_ptr_array_index (world->alerts, i))->kind == KOBAN_ALERT_BALANCE ? 1 : 0;
  return n;
}

static void
assert_no_gap (World *world)
{
  g_assert_cmpuint (count_alerts (world), ==, 0);
}

static void
assert_gap (World *world, gint64 amount)
{
  KobanAlert *alert = world_find (world, KOBAN_ALERT_BALANCE);

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "balance_unexplained"));
  g_assert_cmpint (alert->total.minor, ==, amount);
}

/* An account of which no balance was heard yet. */
static World *
unbalanced (void)
{
  World *world = world_new ("GBP");

  for (int day = 0; day < 9; day++)
    world_line (world, day, 600, -1000 - day, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  world_check (world);
  world->watched = TRUE;
  return world;
}

/* The first balance came in the check that brought a line. It holds the line, in either order of the two. */
static void
test_first_balance_with_a_line (gconstpointer balance_first)
{
  g_autoptr(World) world = unbalanced ();
  gint64 booked = 116000;

  if (balance_first != NULL)
    world_balance (world, 10, 600, booked);
  world_line (world, 10, 600, 16000, "OWN SAVINGS", KOBAN_TRANSACTION_CREDIT);
  if (balance_first == NULL)
    world_balance (world, 10, 600, booked);
  world_check (world);
  for (int day = 20; day < 60; day += 10)
    {
      world_line (world, day, 600, -1500, "TESCO STORES", KOBAN_TRANSACTION_CARD);
      world_balance (world, day, 600, booked -= 1500);
      let_days_pass (world, day + 1, day + 10);
    }
  assert_no_gap (world);
}

/* … or it did not hold it, at a bank whose balance is of the day before. */
static void
test_first_balance_without_a_line (void)
{
  g_autoptr(World) world = unbalanced ();

  world_line (world, 10, 600, -16000, "JOHN LEWIS", KOBAN_TRANSACTION_CARD);
  world_balance (world, 10, 600, 100000);
  let_days_pass (world, 11, 25);
  world_balance (world, 25, 600, 84000);
  let_days_pass (world, 26, 40);
  assert_no_gap (world);
}

/* The balance falls at once, the line is listed @hours later; at @theft none is. */
static void
live_early (World *world, int from, int to, int hours, gint64 booked, int theft)
{
  for (int day = from; day < to; day++)
    {
      int minute = 300 + hours % 24 * 60;
      int before = day - hours / 24;

      booked += DAILY (day) - (day == theft ? 60000 : 0);
      world_balance (world, day, 300, booked);
      world_wait (world, day, 310);
      if (before >= from)
        world_line (world, day, minute, DAILY (before), "TESCO STORES", KOBAN_TRANSACTION_CARD);
      world_wait (world, day, minute + 10);
    }
}

static void
test_lines_come_late (void)
{
  g_autoptr(World) world = watched ();

  live_early (world, 30, 90, 27, 471000, 0);
  assert_no_gap (world);
}

static void
test_theft_where_lines_come_late (void)
{
  g_autoptr(World) world = watched ();

  live_early (world, 30, 98, 27, 471000, 90);
  assert_gap (world, -60000);
}

/* The balance of noon is that of midnight; a salary is listed every tenth day. */
static void
live_late (World *world, int from, int to, gint64 *booked)
{
  for (int day = from; day < to; day++)
    {
      world_balance (world, day, 720, *booked);
      world_wait (world, day, 730);
      world_line (world, day, 800, DAILY (day), "TESCO STORES", KOBAN_TRANSACTION_CARD);
      *booked += DAILY (day);
      if (day % 10 == 3)
        {
          world_line (world, day, 830, 190000, "ARUP SALARY", KOBAN_TRANSACTION_CREDIT);
          *booked += 190000;
        }
      world_wait (world, day, 900);
    }
}

static void
test_balances_come_late (void)
{
  g_autoptr(World) world = watched ();
  gint64 booked = 471000;

  live_late (world, 30, 82, &booked);
  assert_no_gap (world);
  booked -= 60000;
  live_late (world, 82, 90, &booked);
  assert_gap (world, -60000);
}

/* A salary that no balance shows yet takes nothing from a theft, and adds nothing to it. */
static void
test_salary_before_its_balance (void)
{
  g_autoptr(World) world = watched ();

  world_line (world, 30, 300, 190000, "ARUP SALARY", KOBAN_TRANSACTION_CREDIT);
  world_wait (world, 30, 310);
  world_balance (world, 30, 600, 471000 - 50000);
  world_wait (world, 30, 610);
  world_balance (world, 30, 900, 471000 - 50000 + 190000);
  let_days_pass (world, 31, 40);
  assert_gap (world, -50000);
}

/* More than the lines say is no alarm, and what goes later is not measured by it. */
static void
test_surplus (void)
{
  g_autoptr(World) world = watched ();

  world_balance (world, 30, 600, 471000 + 80000);
  let_days_pass (world, 31, 50);
  assert_no_gap (world);
  world_balance (world, 50, 600, 471000 + 80000 - 40000);
  let_days_pass (world, 51, 55);
  assert_gap (world, -40000);
}

/* While the lines cannot be read, nothing is known: neither that a line is missing, nor that it was late. */
static void
test_outage (void)
{
  g_autoptr(World) world = watched ();

  world->lines_heard_us = world_time (30, 500);
  world_balance (world, 30, 600, 471000 - 40000);
  let_days_pass (world, 31, 40);
  assert_no_gap (world);

  world->lines_heard_us = world_time (40, 0);
  g_autoptr(KobanTransaction) line =
    world_make_line (world, 30, 600, -40000, "TESCO STORES", KOBAN_TRANSACTION_OWN);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = line, .unseen_us = world_time (30, 500) };
  world_add (world, &change, 40, 0);
  world_wait (world, 40, 10);
  assert_no_gap (world);

  world_balance (world, 41, 600, 471000 - 90000);
  world_wait (world, 42, 0);
  assert_no_gap (world);
  world->lines_heard_us = world_time (42, 0);
  world_wait (world, 42, 10);
  assert_gap (world, -50000);
}

/* An account that lists no lines at all cannot miss one. */
static void
test_no_lines_at_all (void)
{
  g_autoptr(World) world = world_new ("GBP");

  world_balance (world, 0, 0, 500000);
  world_check (world);
  world->watched = TRUE;
  for (int day = 10; day < 60; day += 5)
    {
      world_balance (world, day, 600, 500000 - day * 1000);
      world_wait (world, day, 700);
    }
  assert_no_gap (world);
}

static void
test_one_alert_grows (void)
{
  g_autoptr(World) world = watched ();

  world_balance (world, 30, 600, 471000 - 40000);
  let_days_pass (world, 31, 33);
  assert_gap (world, -40000);
  world_balance (world, 33, 600, 471000 - 70000);
  let_days_pass (world, 34, 40);
  assert_gap (world, -70000);

  KobanAlert *first = g_ptr_array_index (world->alerts, 0);
  g_assert_cmpuint (world->alerts->len, ==, 2);
  g_assert_cmpstr (((KobanAlert *) g_ptr_array_index (world->alerts, 1))->incident, ==, first->incident);
}

/* @amount goes, and its line comes @days later. */
static void
list_late (World *world, int day, int days, gint64 amount, gint64 *booked)
{
  world_balance (world, day, 600, *booked -= amount);
  let_days_pass (world, day + 1, day + days);
  world_line (world, day + days, 0, -amount, "TESCO STORES", KOBAN_TRANSACTION_OWN);
  world_wait (world, day + days, 10);
  world_line (world, day + days, 60, -700, "TESCO STORES", KOBAN_TRANSACTION_CARD);
  world_balance (world, day + days, 60, *booked -= 700);
  let_days_pass (world, day + days + 1, day + 40);
}

/* What was told and then explained raises the bar, and leaves the books as they were. */
static void
test_excused (void)
{
  g_autoptr(World) world = watched ();
  gint64 booked = 471000;

  list_late (world, 30, 2, 40000, &booked);
  g_assert_cmpuint (count_alerts (world), ==, 1);
  list_late (world, 70, 6, 45000, &booked);
  g_assert_cmpuint (count_alerts (world), ==, 2);
  list_late (world, 110, 7, 50000, &booked);
  list_late (world, 150, 11, 900, &booked);
  g_assert_cmpuint (count_alerts (world), ==, 2);

  g_ptr_array_set_size (world->alerts, 0);
  world_balance (world, 200, 600, booked - 60000);
  let_days_pass (world, 201, 220);
  assert_gap (world, -60000);
}

/* A hold that a bank keeps out of the booked balance hides nothing. */
static void
test_pending_hides_nothing (void)
{
  g_autoptr(World) world = watched ();
  g_autoptr(KobanTransaction) made =
    world_make_line (world, 30, 600, -90000, "TESCO STORES", KOBAN_TRANSACTION_OWN);
  KobanTransaction fields = *made;

  fields.state = KOBAN_TRANSACTION_PENDING;
  g_autoptr(KobanTransaction) pending = koban_transaction_new (&fields);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = pending };
  world_add (world, &change, 30, 600);
  world_balance (world, 30, 700, 471000 - 40000);
  let_days_pass (world, 31, 34);
  assert_gap (world, -40000);
}

/* An honest life at a bank where balance and lines never agree in one check: no alarm in a year. */
static void
test_quiet_year (void)
{
  g_autoptr(World) world = unbalanced ();

  world_balance (world, 9, 600, 900000);
  live_early (world, 10, 375, 20, 900000, 0);
  assert_no_gap (world);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/balance/hidden-debit", test_hidden_debit);
  g_test_add_func ("/balance/line-comes-late", test_line_comes_late);
  g_test_add_func ("/balance/balance-now-and-then", test_balance_now_and_then);
  g_test_add_func ("/balance/balance-comes-late", test_balance_comes_late);
  g_test_add_func ("/balance/balance-always-late", test_balance_always_late);
  g_test_add_func ("/balance/first-balance-holds-line", test_first_balance_holds_line);
  g_test_add_func ("/balance/lines-not-listed", test_lines_not_listed);
  g_test_add_func ("/balance/pending-explains", test_pending_explains);
  g_test_add_func ("/balance/negative", test_negative);
  g_test_add_data_func ("/balance/first-balance/after-its-line", NULL, test_first_balance_with_a_line);
  g_test_add_data_func ("/balance/first-balance/before-its-line", "yes", test_first_balance_with_a_line);
  g_test_add_func ("/balance/first-balance/without-a-line", test_first_balance_without_a_line);
  g_test_add_func ("/balance/lines-come-late", test_lines_come_late);
  g_test_add_func ("/balance/theft-where-lines-come-late", test_theft_where_lines_come_late);
  g_test_add_func ("/balance/balances-come-late", test_balances_come_late);
  g_test_add_func ("/balance/salary-before-its-balance", test_salary_before_its_balance);
  g_test_add_func ("/balance/surplus", test_surplus);
  g_test_add_func ("/balance/outage", test_outage);
  g_test_add_func ("/balance/no-lines-at-all", test_no_lines_at_all);
  g_test_add_func ("/balance/one-alert-grows", test_one_alert_grows);
  g_test_add_func ("/balance/excused", test_excused);
  g_test_add_func ("/balance/pending-hides-nothing", test_pending_hides_nothing);
  g_test_add_func ("/balance/quiet-year", test_quiet_year);
  return g_test_run ();
}
