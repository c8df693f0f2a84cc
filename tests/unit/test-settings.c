/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A wrong value is named and changes nothing; Koban's directories are private or refused.
 */
#include "config.h"

#include <unistd.h>

#include <glib/gstdio.h>

#include <koban/error.h>
#include <koban/settings.h>

static void
test_values (void)
{
  static const struct
  {
    const char *text;
    gboolean good;
    KobanDetail detail;
    guint interval_s;
    guint wariness;
    guint quiet_from;
  } rows[] = {
    { "", TRUE, KOBAN_DETAIL_FULL, 900, 1 },
    { "[notify]\ndetail=minimal\n[check]\ninterval=6h\n", TRUE, KOBAN_DETAIL_MINIMAL, 21600, 1 },
    { "[check]\ninterval=15m\nunknown=1\n[other]\nx=y\n", TRUE, KOBAN_DETAIL_FULL, 900, 1 },
    { "[check]\ninterval=24h\n", TRUE, KOBAN_DETAIL_FULL, 86400, 1 },
    { "[watch]\nwariness=quiet\n", TRUE, KOBAN_DETAIL_FULL, 900, 0 },
    { "[watch]\nwariness=wary\n", TRUE, KOBAN_DETAIL_FULL, 900, 2 },
    { "[watch]\nwariness=deaf\n", FALSE },
    { "[check]\ninterval=14m\n", FALSE },
    { "[check]\ninterval=25h\n", FALSE },
    { "[check]\ninterval=900\n", FALSE },
    { "[check]\ninterval=99999999999999999999h\n", FALSE },
    { "[notify]\ndetail=all\n", FALSE },
    { "[notify]\nquiet=22:00-07:00\n", TRUE, KOBAN_DETAIL_FULL, 900, 1, 22 * 60 },
    { "[notify]\nquiet=at night\n", FALSE },
    { "[notify]\ndetail=min\xffimal\n", FALSE }, /* no text, and no default either */
    { "\xff\xfe no key file", FALSE },
    { "no key file", FALSE },
  };
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "koban.conf", NULL);

  g_assert_no_errno (g_mkdir_with_parents (g_get_user_config_dir (), 0700));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      KobanSettings settings = { .check_interval_s = 1 };
      gboolean ok;

      g_assert_true (g_file_set_contents (path, rows[i].text, -1, NULL));
      ok = koban_settings_load (path, &settings, &error);
      g_assert_cmpint (ok, ==, rows[i].good);
      g_assert_cmpuint (settings.check_interval_s, ==, ok ? rows[i].interval_s : 1);
      if (ok)
        {
          g_assert_cmpint (settings.desktop_detail, ==, rows[i].detail);
          g_assert_cmpuint (settings.wariness, ==, rows[i].wariness);
          g_assert_cmpuint (settings.quiet.from_minute, ==, rows[i].quiet_from);
        }
      else
        g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
    }
}

static void
test_missing (void)
{
  KobanSettings settings;

  g_assert_true (koban_settings_load ("/nonexistent/koban.conf", &settings, NULL));
  g_assert_cmpuint (settings.check_interval_s, ==, 900);
}

/* What a person wrote there stays; what is wrong is not written. */
static void
test_one_key (void)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "koban-one.conf", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL, *unset = NULL, *set = NULL;
  GStatBuf status;

  g_assert_no_errno (g_mkdir_with_parents (g_get_user_cache_dir (), 0700));
  unset = koban_settings_get (path, "check.interval", &error);
  g_assert_cmpstr (unset, ==, "15m");
  g_assert_true (g_file_set_contents (path, "# mine\n[watch]\n# why\nwariness = wary\nodd = 1\n", -1, NULL));
  g_assert_true (koban_settings_set (path, "check.interval", "6h", &error));
  g_assert_true (koban_settings_set (path, "watch.wariness", "quiet", &error));
  set = koban_settings_get (path, "check.interval", &error);
  g_assert_cmpstr (set, ==, "6h");
  g_autofree char *awake = koban_settings_get (path, "notify.quiet", &error);
  g_assert_cmpstr (awake, ==, "");
  g_assert_true (koban_settings_set (path, "notify.quiet", "22:05-07:00", &error));
  g_autofree char *quiet = koban_settings_get (path, "notify.quiet", &error);
  g_assert_cmpstr (quiet, ==, "22:05-07:00");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "[watch]\n# why\nwariness=quiet\n"));
  g_assert_true (g_str_has_prefix (text, "# mine\n"));
  g_assert_nonnull (strstr (text, "odd"));
  g_assert_no_errno (g_stat (path, &status));
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  g_assert_false (koban_settings_set (path, "check.interval", "1m", &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (koban_settings_set (path, "watch.wary", "1", &error));
  g_assert_nonnull (strstr (error->message, "watch.wariness"));
  g_clear_error (&error);
  {
    g_autofree char *after = NULL;
    g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
    g_assert_cmpstr (after, ==, text);
  }
  g_assert_true (koban_settings_set (path, "check.interval", NULL, &error));
  {
    g_autofree char *again = koban_settings_get (path, "check.interval", NULL);
    g_assert_cmpstr (again, ==, "15m");
  }
  g_assert_no_errno (g_unlink (path));
}

static void
test_directories (void)
{
  const char *data = koban_settings_data_directory ();
  g_autoptr(GError) error = NULL;
  GStatBuf status;

  g_assert_true (koban_settings_make_directories (NULL));
  g_assert_no_errno (g_chmod (data, 0755));
  g_assert_true (koban_settings_make_directories (NULL));
  g_assert_no_errno (g_stat (data, &status));
  g_assert_cmpint (status.st_mode & 07777, ==, 0700);

  g_assert_no_errno (g_rmdir (data));
  /* Dangling: the clean-up of the test's directories follows links. */
  g_assert_no_errno (symlink ("/nonexistent/koban", data));
  g_assert_false (koban_settings_make_directories (&error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE);
  g_assert_no_errno (g_unlink (data));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/settings/values", test_values);
  g_test_add_func ("/settings/missing", test_missing);
  g_test_add_func ("/settings/one-key", test_one_key);
  g_test_add_func ("/settings/directories", test_directories);
  return g_test_run ();
}
