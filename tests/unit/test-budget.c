/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests are spent before they are sent, in a rolling day, and a third is kept for the person.
 */
#include "config.h"

#include <koban/date.h>
#include <koban/error.h>
#include <koban/ledger.h>

#define START (1000 * KOBAN_DAY_US)

typedef struct
{
  KobanLedger *ledger;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "One", "Two" };

  self->ledger = koban_ledger_open (NULL, NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      KobanConnection connection = { .provider = (char *) "story", .name = (char *) names[i] };

      g_assert_true (koban_ledger_add_connection (self->ledger, &connection, START, NULL));
      g_free (connection.id);
    }
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->ledger);
}

/* How many requests go through one after another, a second apart. */
static guint
spend_all (Fixture *self,
           const char *connection,
           guint budget,
           gboolean by_person,
           gint64 now_us,
           gint64 *next_us)
{
  guint n = 0;
  g_autoptr(GError) error = NULL;

  while (koban_ledger_spend_request (self->ledger, connection, budget, by_person,
                                     now_us + n * KOBAN_SECOND_US, next_us, &error))
    n++;
  g_assert_true (koban_error_is (error, KOBAN_ERROR_BUDGET));
  return n;
}

static const struct
{
  guint budget, unattended, by_person;
} budgets[] = { { 4, 3, 1 }, { 24, 16, 8 }, { 3, 2, 1 }, { 2, 2, 0 }, { 1, 1, 0 }, { 0, 0, 0 } };

static void
test_a_third_is_kept (Fixture *self, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (budgets); i++)
    {
      gint64 day_us = START + (gint64) i * 2 * KOBAN_DAY_US;

      g_assert_cmpuint (spend_all (self, "c1", budgets[i].budget, FALSE, day_us, NULL), ==,
                        budgets[i].unattended);
      g_assert_cmpuint (spend_all (self, "c1", budgets[i].budget, TRUE, day_us + KOBAN_HOUR_US, NULL), ==,
                        budgets[i].by_person);
    }
}

static void
test_the_day_rolls (Fixture *self, gconstpointer data)
{
  gint64 next_us = 0;

  spend_all (self, "c1", 4, FALSE, START, &next_us);
  g_assert_cmpint (next_us, ==, START + KOBAN_DAY_US);
  g_assert_false (koban_ledger_spend_request (self->ledger, "c1", 4, FALSE, next_us - 1, NULL, NULL));
  g_assert_true (koban_ledger_spend_request (self->ledger, "c1", 4, FALSE, next_us, NULL, NULL));
  g_assert_false (koban_ledger_spend_request (self->ledger, "c1", 4, FALSE, next_us, &next_us, NULL));
  g_assert_cmpint (next_us, ==, START + KOBAN_DAY_US + KOBAN_SECOND_US);
}

static void
test_what_the_person_spends_counts (Fixture *self, gconstpointer data)
{
  gint64 next_us = 0;

  g_assert_cmpuint (spend_all (self, "c1", 4, TRUE, START, NULL), ==, 4);
  g_assert_false (
    koban_ledger_spend_request (self->ledger, "c1", 4, FALSE, START + KOBAN_HOUR_US, &next_us, NULL));
  g_assert_cmpint (next_us, ==,
                   START + KOBAN_DAY_US + KOBAN_SECOND_US); /* two must grow old for one of three */
}

static void
test_connections_do_not_share (Fixture *self, gconstpointer data)
{
  spend_all (self, "c1", 4, TRUE, START, NULL);
  g_assert_cmpuint (spend_all (self, "Two", 4, TRUE, START, NULL), ==, 4);
}

/* A clock that was a year ahead locks the budget for a day and not for a year. */
static void
test_a_clock_set_back_does_not_lock_for_long (Fixture *self, gconstpointer data)
{
  gint64 next_us = 0;

  spend_all (self, "c1", 4, FALSE, START + 365 * KOBAN_DAY_US, NULL);
  g_assert_false (koban_ledger_spend_request (self->ledger, "c1", 4, FALSE, START, &next_us, NULL));
  g_assert_cmpint (next_us, ==, START + KOBAN_DAY_US);
  g_assert_true (koban_ledger_spend_request (self->ledger, "c1", 4, FALSE, next_us, NULL, NULL));
}

#define CLAIM(path, test) g_test_add ("/budget/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CLAIM ("a-third-is-kept", test_a_third_is_kept);
  CLAIM ("the-day-rolls", test_the_day_rolls);
  CLAIM ("by-person", test_what_the_person_spends_counts);
  CLAIM ("not-shared", test_connections_do_not_share);
  CLAIM ("clock-set-back", test_a_clock_set_back_does_not_lock_for_long);
  return g_test_run ();
}
