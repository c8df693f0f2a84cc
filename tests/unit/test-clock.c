/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Alarms fire once, in order, and not before their time; the driven clock keeps the same promises.
 */
#include "config.h"

#include <koban/clock.h>
#include <koban/date.h>

#include "fake-clock.h"

static GString *fired;

static void
on_alarm (gpointer letter)
{
  g_string_append (fired, letter);
}

static void
test_system (void)
{
  g_autoptr(KobanClock) clock = koban_clock_system_new ();
  gint64 now_us = koban_clock_get_boot_us (clock);
  guint removed, far;

  fired = g_string_new (NULL);
  koban_clock_add_alarm (clock, now_us + 4000, on_alarm, (gpointer) "c");
  koban_clock_add_alarm (clock, now_us + 2000, on_alarm, (gpointer) "b");
  koban_clock_add_alarm (clock, 0, on_alarm, (gpointer) "a");
  removed = koban_clock_add_alarm (clock, now_us + 1000, on_alarm, (gpointer) "x");
  far = koban_clock_add_alarm (clock, now_us + KOBAN_DAY_US, on_alarm, (gpointer) "y");
  koban_clock_remove_alarm (clock, removed);

  while (fired->len < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (fired->str, ==, "abc");
  g_assert_cmpint (koban_clock_get_boot_us (clock), >=, now_us + 4000);
  koban_clock_remove_alarm (clock, far);
  g_assert_false (g_main_context_pending (NULL));
  g_string_free (fired, TRUE);
}

typedef struct
{
  KobanClock *clock;
  guint n;
} Again;

static void
on_again (gpointer data)
{
  Again *again = data;

  if (++again->n < 3)
    koban_clock_add_alarm (again->clock, 1, on_again, again);
}

/* An alarm that sets another one in the past leaves the loop its turn. */
static void
test_past (void)
{
  g_autoptr(KobanClock) clock = koban_clock_system_new ();
  Again again = { clock, 0 };

  koban_clock_add_alarm (clock, 1, on_again, &again);
  g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (again.n, ==, 1);
  while (again.n < 3)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_fake (void)
{
  g_autoptr(KobanFakeClock) fake = koban_fake_clock_new (1000);
  KobanClock *clock = KOBAN_CLOCK (fake);
  gint64 boot_us = koban_clock_get_boot_us (clock);

  fired = g_string_new (NULL);
  koban_clock_add_alarm (clock, boot_us + 20, on_alarm, (gpointer) "b");
  koban_clock_add_alarm (clock, boot_us + 10, on_alarm, (gpointer) "a");
  koban_fake_clock_advance (fake, 9);
  g_assert_cmpstr (fired->str, ==, "");
  koban_fake_clock_advance (fake, 11);
  g_assert_cmpstr (fired->str, ==, "ab");
  g_assert_cmpint (koban_clock_get_wall_us (clock), ==, 1020);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (fake), ==, 0);
  g_string_free (fired, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/system", test_system);
  g_test_add_func ("/clock/past", test_past);
  g_test_add_func ("/clock/fake", test_fake);
  return g_test_run ();
}
