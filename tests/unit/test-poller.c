/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a check is asked for: not before it is due, not all at once, not at all while nothing can come of it.
 */
#include "config.h"

#include <koban/date.h>

#include "fake-clock.h"
#include "open-books.h"
#include "poller.h"

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)

typedef struct
{
  KobanFakeClock *clock;
  KobanBooks *books;
  GRand *random;
  KobanPoller *poller;
  GPtrArray *asked;
} Desk;

static void
on_ask (KobanPoller *poller, const char *connection, gpointer user_data)
{
  Desk *desk = user_data;

  g_ptr_array_add (desk->asked, g_strdup (connection));
}

static gboolean
nothing_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return TRUE;
}

/* Jobs run in order, so what the poller asked of the ledger before is done, too. */
static void
settle (Desk *desk)
{
  koban_open_books_write (desk->books, nothing_in_worker, NULL);
}

static gboolean
add_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnection *connection = job;

  return koban_ledger_add_connection (ledger, connection, NOW_US, error) &&
         koban_ledger_update_connection (ledger, connection, error);
}

static gboolean
update_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return koban_ledger_update_connection (ledger, job, error);
}

static KobanConnection *
given (Desk *desk, const char *name, gint64 last_check_us, gint64 next_check_us, KobanConnectionState state)
{
  KobanConnection *connection = g_new0 (KobanConnection, 1);

  connection->provider = g_strdup ("starling");
  connection->name = g_strdup (name);
  connection->secret_id = g_strconcat ("secret-", name, NULL);
  connection->hosts = g_new0 (char *, 1);
  connection->profile_digest = g_strdup ("digest");
  connection->state = state;
  connection->last_check_us = last_check_us;
  connection->next_check_us = next_check_us;
  koban_open_books_write (desk->books, add_in_worker, connection);
  return connection;
}

/* The usual one: looked at an hour ago. */
static KobanConnection *
given_due (Desk *desk, const char *name, gint64 due_us)
{
  return given (desk, name, NOW_US - KOBAN_HOUR_US, due_us, KOBAN_CONNECTION_OK);
}

static void
checked (Desk *desk, KobanConnection *connection, gint64 next_check_us)
{
  connection->next_check_us = next_check_us;
  koban_open_books_write (desk->books, update_in_worker, connection);
  koban_poller_checked (desk->poller, connection->id);
  settle (desk);
}

static void
set_up (Desk *desk, gconstpointer data)
{
  desk->clock = koban_fake_clock_new (NOW_US);
  desk->books = koban_open_books_new ();
  desk->random = g_rand_new_with_seed (1);
  desk->asked = g_ptr_array_new_with_free_func (g_free);
  desk->poller = koban_poller_new (KOBAN_CLOCK (desk->clock), desk->books, desk->random, on_ask, desk);
}

static void
start (Desk *desk)
{
  koban_poller_start (desk->poller);
  settle (desk);
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  koban_poller_stop (desk->poller);
  settle (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  koban_open_books_close (desk->books);
  g_assert_finalize_object (desk->poller);
  g_object_unref (desk->books);
  g_object_unref (desk->clock);
  g_rand_free (desk->random);
  g_ptr_array_unref (desk->asked);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* What was asked for since the last look, joined. */
static char *
take_asked (Desk *desk)
{
  g_ptr_array_sort (desk->asked, compare);
  g_ptr_array_add (desk->asked, NULL);
  char *joined = g_strjoinv (" ", (char **) desk->asked->pdata);
  g_ptr_array_set_size (desk->asked, 0);
  return joined;
}

static void
assert_asked (Desk *desk, const char *expected)
{
  g_autofree char *asked = take_asked (desk);

  g_assert_cmpstr (asked, ==, expected);
}

static void
test_overdue_waits_for_the_start_jitter (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US - KOBAN_MINUTE_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, 15 * KOBAN_SECOND_US - 1);
  assert_asked (desk, "");
  koban_fake_clock_advance (desk->clock, 105 * KOBAN_SECOND_US + 1);
  assert_asked (desk, c->id);
}

static void
test_who_has_not_looked_for_a_day_starts_sooner (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c =
    given (desk, "A", NOW_US - 3 * KOBAN_DAY_US, NOW_US - 2 * KOBAN_DAY_US, KOBAN_CONNECTION_OK);

  start (desk);
  koban_fake_clock_advance (desk->clock, 30 * KOBAN_SECOND_US);
  assert_asked (desk, c->id);
}

static void
test_nothing_wakes_before_it_is_due (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + KOBAN_HOUR_US);

  start (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 1);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US - 1);
  assert_asked (desk, "");
  koban_fake_clock_advance (desk->clock, 1);
  assert_asked (desk, c->id);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
}

static void
test_what_is_due_together_is_asked_together (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) a = given_due (desk, "A", NOW_US + KOBAN_HOUR_US);
  g_autoptr(KobanConnection) b = given_due (desk, "B", NOW_US + KOBAN_HOUR_US + 50 * KOBAN_SECOND_US);
  g_autoptr(KobanConnection) later = given_due (desk, "C", NOW_US + 2 * KOBAN_HOUR_US);
  g_autofree char *both = g_strdup_printf ("%s %s", a->id, b->id);

  start (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  assert_asked (desk, both);
  g_assert_cmpstr (later->name, ==, "C");
}

static void
test_it_is_not_asked_again_before_it_has_ended (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + KOBAN_HOUR_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_DAY_US);
  assert_asked (desk, c->id);
  koban_poller_refresh (desk->poller);
  settle (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_DAY_US);
  assert_asked (desk, "");
  checked (desk, c, koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock)) + KOBAN_HOUR_US);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  assert_asked (desk, c->id);
}

static void
test_a_ledger_that_keeps_nothing_makes_no_storm (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US);
  guint asked = 0;

  start (desk);
  for (int minute = 0; minute < 60; minute++)
    {
      koban_fake_clock_advance (desk->clock, KOBAN_MINUTE_US);
      asked += desk->asked->len;
      if (desk->asked->len > 0)
        checked (desk, c, NOW_US); /* as it was */
      g_ptr_array_set_size (desk->asked, 0);
    }
  g_assert_cmpuint (asked, >=, 3);
  g_assert_cmpuint (asked, <=, 7);
}

static void
test_offline_wakes_only_when_silence_must_be_told (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + KOBAN_MINUTE_US);

  koban_poller_set_online (desk->poller, FALSE);
  start (desk);
  koban_fake_clock_advance (desk->clock, 23 * KOBAN_HOUR_US - 1);
  assert_asked (desk, "");
  koban_fake_clock_advance (desk->clock, 1);
  assert_asked (desk, c->id);
}

static void
test_offline_and_told_never_wakes (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c =
    given (desk, "A", NOW_US - 2 * KOBAN_DAY_US, NOW_US, KOBAN_CONNECTION_STALE);

  koban_poller_set_online (desk->poller, FALSE);
  start (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  koban_poller_set_online (desk->poller, TRUE);
  settle (desk);
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_MINUTE_US);
  assert_asked (desk, c->id);
}

static void
test_resume_asks_once_within_two_minutes (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + 3 * KOBAN_HOUR_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_HOUR_US);
  koban_fake_clock_set_wall (desk->clock, NOW_US + 12 * KOBAN_HOUR_US);
  koban_poller_resumed (desk->poller);
  settle (desk);
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_MINUTE_US);
  assert_asked (desk, c->id);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  assert_asked (desk, "");
}

/* --- with the last of a battery ---------------------------------------------------------------------- */

static void
test_what_is_put_off_is_asked_for_in_an_hour (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + KOBAN_HOUR_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  assert_asked (desk, c->id);
  g_assert_true (koban_poller_put_off (desk->poller, c->id));
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US - 1);
  assert_asked (desk, "");
  koban_fake_clock_advance (desk->clock, 1);
  assert_asked (desk, c->id);
}

static void
test_what_was_put_off_is_asked_for_when_there_is_power (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + KOBAN_HOUR_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  assert_asked (desk, c->id);
  g_assert_true (koban_poller_put_off (desk->poller, c->id));
  koban_poller_hurry (desk->poller);
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_MINUTE_US);
  assert_asked (desk, c->id);
}

static void
test_silence_of_a_day_is_not_put_off (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + 23 * KOBAN_HOUR_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, 23 * KOBAN_HOUR_US);
  assert_asked (desk, c->id);
  g_assert_false (koban_poller_put_off (desk->poller, c->id));
}

static void
test_an_unlocked_keyring_is_used_soon (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) locked =
    given (desk, "A", NOW_US - KOBAN_HOUR_US, NOW_US + 5 * KOBAN_HOUR_US, KOBAN_CONNECTION_LOCKED);
  g_autoptr(KobanConnection) other = given_due (desk, "B", NOW_US + 5 * KOBAN_HOUR_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  koban_poller_unlocked (desk->poller);
  koban_fake_clock_advance (desk->clock, 10 * KOBAN_SECOND_US);
  assert_asked (desk, locked->id);
  g_assert_cmpstr (other->name, ==, "B");
}

static void
test_a_due_time_of_another_clock_is_due_now (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given_due (desk, "A", NOW_US + 3650 * KOBAN_DAY_US);

  start (desk);
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_MINUTE_US);
  assert_asked (desk, c->id);
}

static void
test_what_was_kept_unchecked_is_checked (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given (desk, "A", 0, NOW_US + KOBAN_HOUR_US, KOBAN_CONNECTION_ERROR);

  start (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US);
  assert_asked (desk, c->id);
}

static void
test_what_is_being_added_is_left_alone (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) c = given (desk, "A", 0, 0, KOBAN_CONNECTION_WAITING);

  start (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  g_assert_cmpstr (c->name, ==, "A");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *claim;
    void (*test) (Desk *, gconstpointer);
  } tests[] = {
    { "/poller/overdue-waits-for-the-start-jitter", test_overdue_waits_for_the_start_jitter },
    { "/poller/who-has-not-looked-for-a-day-starts-sooner", test_who_has_not_looked_for_a_day_starts_sooner },
    { "/poller/nothing-wakes-before-it-is-due", test_nothing_wakes_before_it_is_due },
    { "/poller/what-is-due-together-is-asked-together", test_what_is_due_together_is_asked_together },
    { "/poller/not-asked-again-before-it-has-ended", test_it_is_not_asked_again_before_it_has_ended },
    { "/poller/a-ledger-that-keeps-nothing-makes-no-storm", test_a_ledger_that_keeps_nothing_makes_no_storm },
    { "/poller/offline-wakes-only-when-silence-must-be-told",
      test_offline_wakes_only_when_silence_must_be_told },
    { "/poller/offline-and-told-never-wakes", test_offline_and_told_never_wakes },
    { "/poller/resume-asks-once-within-two-minutes", test_resume_asks_once_within_two_minutes },
    { "/poller/what-is-put-off-is-asked-for-in-an-hour", test_what_is_put_off_is_asked_for_in_an_hour },
    { "/poller/what-was-put-off-is-asked-for-when-there-is-power",
      test_what_was_put_off_is_asked_for_when_there_is_power },
    { "/poller/silence-of-a-day-is-not-put-off", test_silence_of_a_day_is_not_put_off },
    { "/poller/an-unlocked-keyring-is-used-soon", test_an_unlocked_keyring_is_used_soon },
    { "/poller/a-due-time-of-another-clock-is-due-now", test_a_due_time_of_another_clock_is_due_now },
    { "/poller/what-was-kept-unchecked-is-checked", test_what_was_kept_unchecked_is_checked },
    { "/poller/what-is-being-added-is-left-alone", test_what_is_being_added_is_left_alone },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].claim, Desk, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
