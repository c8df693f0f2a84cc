/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Habits are a fold: bounded, kept as bytes, and the same whether folded at once or line by line.
 */
#include "config.h"

#include "watch-world.h"

static void
reload (World *world)
{
  g_autoptr(GBytes) blob = koban_habits_save (world->habits, "a1");

  g_clear_pointer (&world->habits, koban_habits_free);
  world->habits = koban_habits_new ();
  g_assert_true (koban_habits_load (world->habits, "a1", blob));
}

static void
test_incremental_is_folded (void)
{
  g_autoptr(World) at_once = world_new ("GBP");
  g_autoptr(World) day_by_day = world_new ("GBP");

  at_once->watched = day_by_day->watched = TRUE;
  world_live (at_once, 0, 200);
  for (int day = 0; day < 200; day++)
    {
      world_live (day_by_day, day, day + 1);
      reload (day_by_day);
    }
  g_autoptr(GBytes) one = koban_habits_save (at_once->habits, "a1");
  g_autoptr(GBytes) other = koban_habits_save (day_by_day->habits, "a1");
  g_assert_cmpmem (g_bytes_get_data (one, NULL), g_bytes_get_size (one), g_bytes_get_data (other, NULL),
                   g_bytes_get_size (other));
  g_assert_cmpuint (at_once->alerts->len, ==, day_by_day->alerts->len);
}

static void
test_ten_years_are_small (void)
{
  g_autoptr(World) world = world_new ("GBP");

  for (int day = 0; day < 3650; day++)
    {
      g_autofree char *name = g_strdup_printf ("SHOP %c%c%c%c", 'A' + day % 26, 'A' + day / 26 % 26,
                                               'A' + day / 676, 'A' + day % 7);
      KobanLink link = { .id = "l1", .kind = KOBAN_LINK_DIRECT_DEBIT, .name = name };
      world_line (world, day, 700, -1234, name, KOBAN_TRANSACTION_CARD);
      world_link (world, KOBAN_CHANGE_LINK_NEW, day, 800, &link, NULL);
      world->watched = day > 30;
      world_check (world);
    }
  g_autoptr(GBytes) blob = koban_habits_save (world->habits, "a1");
  g_test_message ("%" G_GSIZE_FORMAT " bytes", g_bytes_get_size (blob));
  g_assert_cmpuint (g_bytes_get_size (blob), <=, 64 * 1024);
  reload (world);
}

static void
test_damage_is_refused (void)
{
  g_autoptr(World) world = world_new ("GBP");

  world_live (world, 0, 30);
  g_autoptr(GBytes) blob = koban_habits_save (world->habits, "a1");
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (blob, &length);

  for (gsize i = 0; i < length; i += 37)
    {
      g_autofree guint8 *copy = g_memdup2 (data, length);
      copy[i] ^= 0x40;
      g_autoptr(GBytes) damaged = g_bytes_new_static (copy, length);
      g_autoptr(GBytes) cut = g_bytes_new_static (copy, i);
      g_assert_false (koban_habits_load (world->habits, "a1", damaged));
      g_assert_false (koban_habits_load (world->habits, "a1", cut));
    }
  g_assert_true (koban_habits_load (world->habits, "a1", blob));
}

static void
test_changed_accounts (void)
{
  g_autoptr(World) world = world_new ("GBP");

  world_live (world, 0, 1);
  g_auto(GStrv) changed = koban_habits_take_changed (world->habits);
  g_auto(GStrv) nothing = koban_habits_take_changed (world->habits);
  g_assert_cmpuint (g_strv_length (changed), ==, 1);
  g_assert_cmpstr (changed[0], ==, "a1");
  g_assert_cmpuint (g_strv_length (nothing), ==, 0);
}

static void
test_log2 (void)
{
  static const struct
  {
    guint64 value;
    int log;
  } rows[] = {
    { 0, 0 }, { 1, 0 }, { 2, 256 }, { 3, 406 }, { 1000, 2551 }, { 1 << 20, 5120 }, { G_MAXUINT64, 16383 }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (koban_log2 (rows[i].value), ==, rows[i].log);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/habits/incremental-is-folded", test_incremental_is_folded);
  g_test_add_func ("/habits/ten-years-are-small", test_ten_years_are_small);
  g_test_add_func ("/habits/damage-is-refused", test_damage_is_refused);
  g_test_add_func ("/habits/changed-accounts", test_changed_accounts);
  g_test_add_func ("/habits/log2", test_log2);
  return g_test_run ();
}
