/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * That Koban watches is said once a month: not twice for a restart, not never for a new connection, and
 * without one wake-up between.
 */
#include "config.h"

#include "announcer.h"
#include "fake-clock.h"
#include "open-books.h"

#include <glib/gstdio.h>
#include <koban/date.h>

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)
#define MONTH_US (30 * KOBAN_DAY_US)

typedef struct
{
  KobanFakeClock *clock;
  KobanBooks *books;
  KobanAnnouncer *announcer;
  guint said;
  guint open;    /* such alerts */
  gint64 places; /* that the last one named */
  gint64 accounts;
} Desk;

static gint64
now_us (Desk *desk)
{
  return koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock));
}

static gboolean
connect_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Desk *desk = job;
  KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Bank" };
  g_autoptr(KobanAccount) account =
    koban_account_new (&(KobanAccount){ .identity = "1", .name = "Current", .currency = { "GBP" } });
  g_autoptr(GPtrArray) rows = g_ptr_array_new ();
  KobanSnapshot fields = { .listing = KOBAN_LISTING_ACCOUNTS, .reach = KOBAN_REACH_WHOLE, .rows = rows };

  fields.heard_us = fields.from_us = fields.to_us = now_us (desk);
  g_ptr_array_add (rows, account);
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);
  gboolean done = koban_ledger_add_connection (ledger, &connection, now_us (desk), error) &&
                  koban_ledger_merge (ledger, connection.id, snapshot, 0, NULL, error);
  g_free (connection.id);
  return done;
}

static gboolean
disconnect_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return koban_ledger_remove_connection (ledger, "Bank", FALSE, now_us (job), error);
}

static gboolean
look_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Desk *desk = job;
  g_autoptr(GVariant) rows = koban_ledger_list (ledger, KOBAN_LIST_ALERTS, NULL, error);

  g_variant_ref_sink (rows);
  desk->open = 0;
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr(GVariant) reasons = g_variant_lookup_value (row, "reasons", NULL);
      g_autoptr(GVariant) reason = g_variant_get_child_value (reasons, 0);
      const char *code = "";

      g_variant_lookup (reason, "code", "&s", &code);
      if (!g_str_equal (code, "watching"))
        continue;
      desk->open++;
      g_variant_lookup (reason, "places", "x", &desk->places);
      g_variant_lookup (reason, "accounts", "x", &desk->accounts);
    }
  return TRUE;
}

static void
look (Desk *desk)
{
  koban_open_books_write (desk->books, look_in_worker, desk);
}

static void
on_said (Desk *desk)
{
  desk->said++;
}

static void
start (Desk *desk)
{
  desk->announcer = koban_announcer_new (KOBAN_CLOCK (desk->clock), desk->books);
  koban_announcer_set_places (desk->announcer, 2);
  g_signal_connect_swapped (desk->announcer, "said", G_CALLBACK (on_said), desk);
  koban_announcer_refresh (desk->announcer);
  look (desk);
}

static void
stop (Desk *desk)
{
  koban_announcer_stop (desk->announcer);
  look (desk); /* what was being asked has ended */
  g_assert_finalize_object (g_steal_pointer (&desk->announcer));
}

static void
set_up (Desk *desk, gconstpointer data)
{
  desk->clock = koban_fake_clock_new (NOW_US);
  desk->books = koban_open_books_new ();
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  stop (desk);
  koban_open_books_close (desk->books);
  g_object_unref (desk->books);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  g_object_unref (desk->clock);
}

/* One alarm at a time, and what it did; how many there were until @until_us. */
static guint
live_until (Desk *desk, gint64 until_us)
{
  guint alarms = 0;
  gint64 boot_us = koban_clock_get_boot_us (KOBAN_CLOCK (desk->clock));
  gint64 end_us = boot_us + until_us - now_us (desk);

  for (gint64 next_us; (next_us = koban_fake_clock_get_next_us (desk->clock)) >= 0 && next_us <= end_us;
       alarms++)
    {
      koban_fake_clock_advance_to_next (desk->clock);
      look (desk);
    }
  koban_fake_clock_advance (desk->clock, until_us - now_us (desk));
  look (desk);
  return alarms;
}

static void
test_once_a_month_and_no_more (Desk *desk, gconstpointer data)
{
  koban_open_books_write (desk->books, connect_in_worker, desk);
  start (desk);
  g_assert_cmpuint (live_until (desk, NOW_US + MONTH_US - KOBAN_HOUR_US), ==, 0);
  g_assert_cmpuint (desk->open, ==, 0);
  g_assert_cmpuint (live_until (desk, NOW_US + MONTH_US + KOBAN_HOUR_US), ==, 1);
  g_assert_cmpuint (desk->open, ==, 1);
  g_assert_cmpint (desk->places, ==, 2);
  g_assert_cmpint (desk->accounts, ==, 1);
  /* It leaves the list after some days, and comes again: two alarms a month. */
  g_assert_cmpuint (live_until (desk, NOW_US + 2 * MONTH_US - KOBAN_HOUR_US), ==, 1);
  g_assert_cmpuint (desk->open, ==, 0);
  g_assert_cmpuint (live_until (desk, NOW_US + 6 * MONTH_US + KOBAN_HOUR_US), ==, 9);
  g_assert_cmpuint (desk->said, ==, 6);
}

static void
test_a_restart_says_nothing_twice (Desk *desk, gconstpointer data)
{
  koban_open_books_write (desk->books, connect_in_worker, desk);
  start (desk);
  live_until (desk, NOW_US + MONTH_US + KOBAN_HOUR_US);
  for (int i = 0; i < 3; i++)
    {
      stop (desk);
      koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
      start (desk);
      koban_announcer_refresh (desk->announcer);
      look (desk);
    }
  look (desk);
  g_assert_cmpuint (desk->said, ==, 1);
  g_assert_cmpuint (desk->open, ==, 1);
}

static void
test_what_came_due_while_it_was_off_is_said_at_the_start (Desk *desk, gconstpointer data)
{
  koban_open_books_write (desk->books, connect_in_worker, desk);
  koban_fake_clock_advance (desk->clock, 3 * MONTH_US);
  start (desk);
  look (desk);
  g_assert_cmpuint (desk->said, ==, 1);
}

static void
test_connecting_anew_puts_nothing_off (Desk *desk, gconstpointer data)
{
  koban_open_books_write (desk->books, connect_in_worker, desk);
  koban_fake_clock_advance (desk->clock, MONTH_US - KOBAN_DAY_US);
  koban_open_books_write (desk->books, disconnect_in_worker, desk);
  koban_open_books_write (desk->books, connect_in_worker, desk);
  start (desk);
  live_until (desk, NOW_US + MONTH_US + KOBAN_HOUR_US);
  g_assert_cmpuint (desk->said, ==, 1);
}

static void
test_who_watches_nothing_says_nothing (Desk *desk, gconstpointer data)
{
  start (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  koban_open_books_write (desk->books, connect_in_worker, desk);
  koban_announcer_refresh (desk->announcer);
  look (desk);
  live_until (desk, NOW_US + MONTH_US + KOBAN_HOUR_US);
  g_assert_cmpuint (desk->open, ==, 1);
  koban_open_books_write (desk->books, disconnect_in_worker, desk);
  koban_announcer_refresh (desk->announcer);
  look (desk);
  look (desk);
  g_assert_cmpuint (desk->open, ==, 0);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
}

static void
test_a_clock_that_was_wrong_puts_nothing_off (Desk *desk, gconstpointer data)
{
  koban_fake_clock_set_wall (desk->clock, NOW_US + 3650 * KOBAN_DAY_US);
  koban_open_books_write (desk->books, connect_in_worker, desk);
  koban_fake_clock_set_wall (desk->clock, NOW_US);
  start (desk);
  look (desk);
  g_assert_cmpuint (desk->said, ==, 1);
  /* And one that is set back after it was said does not keep it silent, nor say it again and again. */
  koban_fake_clock_set_wall (desk->clock, NOW_US - 365 * KOBAN_DAY_US);
  for (int i = 0; i < 3; i++)
    {
      koban_announcer_refresh (desk->announcer);
      look (desk);
    }
  g_assert_cmpuint (desk->said, ==, 2);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Desk *desk, gconstpointer data);
  } tests[] = {
    { "/announcer/once-a-month-and-no-more", test_once_a_month_and_no_more },
    { "/announcer/a-restart-says-nothing-twice", test_a_restart_says_nothing_twice },
    { "/announcer/what-came-due-while-it-was-off", test_what_came_due_while_it_was_off_is_said_at_the_start },
    { "/announcer/connecting-anew-puts-nothing-off", test_connecting_anew_puts_nothing_off },
    { "/announcer/who-watches-nothing-says-nothing", test_who_watches_nothing_says_nothing },
    { "/announcer/a-clock-that-was-wrong", test_a_clock_that_was_wrong_puts_nothing_off },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Desk, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
