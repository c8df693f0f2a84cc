/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * [channel NAME] of koban.conf: a mistake is named by its line and spoils all of it; what is written is read
 * again, and nobody's comment is lost; "full" ends by itself.
 */
#include "config.h"

#include <sys/stat.h>

#include <glib/gstdio.h>

#include <koban/channel-settings.h>
#include <koban/date.h>
#include <koban/error.h>
#include <string.h>

#define NTFY "[channel phone]\nkind=ntfy\nsecret=s1\n"

static char *
path_of_file (void)
{
  g_assert_no_errno (g_mkdir_with_parents (g_get_user_config_dir (), 0700));
  return g_build_filename (g_get_user_config_dir (), "koban.conf", NULL);
}

static void
test_mistakes (void)
{
  static const struct
  {
    const char *text, *where;
  } rows[] = {
    { "", NULL },
    { "[notify]\ndetail=minimal\n", NULL },
    { NTFY, NULL },
    { NTFY "server=https://ntfy.example\ndetail=full\nfull_since=2026-01-31T12:00:00Z\n", NULL },
    { NTFY "colour=red\n", NULL },
    { NTFY "detail=all\n", "koban.conf:4: " },
    { "# one\n\n[channel a]\nkind=ntfy\nsecret=s\n[channel b]\n kind = pigeon\nsecret=s\n",
      "koban.conf:7: " },
    { NTFY "full_since=yesterday\n", "koban.conf:4: " },
    { "\n[channel desktop]\nkind=ntfy\nsecret=s\n", "koban.conf:2: " },
    { "[channel Phone 2]\nkind=ntfy\nsecret=s\n", "koban.conf:1: " },
    { "[channel x]\nkind=desktop\nsecret=s\n", "koban.conf:2: " },
    { "[channel x]\nsecret=s\n", "koban.conf:1: " },
    { "[channel x]\nkind=ntfy\n", "koban.conf:1: " },
    { "[channel x]\nkind=gotify\nsecret=s\n", "koban.conf:1: " },
    { "[channel x]\nkind=mail\nsecret=s\nserver=smtps://h\nto=a@b\n", "koban.conf:1: " },
    { "[channel x]\nkind=ntfy\nsecret=s\nto=a@b\n", "koban.conf:1: " },
    { NTFY "no key file", "koban.conf" },
  };
  g_autofree char *path = path_of_file ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      g_assert_true (g_file_set_contents (path, rows[i].text, -1, NULL));
      g_autoptr(GPtrArray) channels = koban_channel_settings_load (path, &error);

      g_assert_true ((channels != NULL) == (rows[i].where == NULL));
      if (rows[i].where == NULL)
        continue;
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, rows[i].where));
    }
}

/* In this order, with whatever between them. */
static void
assert_has_lines (const char *text, const char *wanted)
{
  g_auto(GStrv) lines = g_strsplit (wanted, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      text = strstr (text, *line);
      g_assert_nonnull (text);
    }
}

static KobanChannelSettings *
a_mail_channel (void)
{
  KobanChannelSettings *mail = koban_channel_settings_new ("post", KOBAN_CHANNEL_MAIL);

  mail->server = g_strdup ("smtps://mail.example");
  mail->to = g_strdup ("me@example.org");
  mail->from = g_strdup ("koban@example.org");
  mail->user = g_strdup ("me = \\ # ü");
  mail->secret = g_strdup ("s2");
  mail->detail = KOBAN_DETAIL_FULL;
  mail->full_since_us = 1769860800 * KOBAN_SECOND_US;
  return mail;
}

static void
test_written_and_read (void)
{
  static const char before[] = "# first\n[notify]\n# mine\ndetail=none\n\n# the phone\n" NTFY "# last\n";
  g_autofree char *path = path_of_file ();
  g_autoptr(KobanChannelSettings) mail = a_mail_channel ();
  g_autofree char *text = NULL;
  g_autofree char *after = NULL;
  struct stat status;

  g_assert_true (g_file_set_contents (path, before, -1, NULL));
  g_assert_no_errno (g_chmod (path, 0644));
  g_assert_true (koban_channel_settings_save (path, mail, NULL));
  g_assert_no_errno (g_stat (path, &status));
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_has_lines (text, before);
  g_autoptr(GPtrArray) channels = koban_channel_settings_load (path, NULL);
  g_assert_nonnull (channels);
  g_assert_cmpuint (channels->len, ==, 2);
  g_assert_true (koban_channel_settings_equal (channels->pdata[1], mail));
  g_autoptr(KobanChannelSettings) copy = koban_channel_settings_copy (mail);
  g_assert_true (koban_channel_settings_equal (copy, mail));
  g_free (copy->to);
  copy->to = g_strdup ("other@example.org");
  g_assert_false (koban_channel_settings_equal (copy, mail));

  g_assert_true (koban_channel_settings_remove (path, "post", NULL));
  g_assert_false (koban_channel_settings_remove (path, "post", NULL));
  g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  assert_has_lines (after, before);
  g_assert_null (strstr (after, "post"));
}

static void
test_nothing_bad_is_written (void)
{
  g_autofree char *path = path_of_file ();
  g_autoptr(KobanChannelSettings) mail = a_mail_channel ();
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (path, NTFY, -1, NULL));
  g_clear_pointer (&mail->to, g_free);
  g_assert_false (koban_channel_settings_save (path, mail, NULL));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, NTFY);
}

static void
test_full_ends (void)
{
  g_autoptr(KobanChannelSettings) mail = a_mail_channel ();
  gint64 since_us = mail->full_since_us;
  const struct
  {
    gint64 now_us;
    KobanDetail detail;
  } rows[] = {
    { since_us, KOBAN_DETAIL_FULL },
    { since_us + 90 * KOBAN_DAY_US - 1, KOBAN_DETAIL_FULL },
    { since_us + 90 * KOBAN_DAY_US, KOBAN_DETAIL_NONE },
    { since_us - 2 * KOBAN_DAY_US, KOBAN_DETAIL_NONE }, /* agreed to by nobody yet */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (koban_channel_settings_detail_at (mail, rows[i].now_us), ==, rows[i].detail);
  mail->full_since_us = 0;
  g_assert_cmpint (koban_channel_settings_detail_at (mail, since_us), ==, KOBAN_DETAIL_NONE);
  mail->detail = KOBAN_DETAIL_MINIMAL;
  g_assert_cmpint (koban_channel_settings_detail_at (mail, since_us), ==, KOBAN_DETAIL_MINIMAL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/channel-settings/mistakes", test_mistakes);
  g_test_add_func ("/channel-settings/written-and-read", test_written_and_read);
  g_test_add_func ("/channel-settings/nothing-bad-is-written", test_nothing_bad_is_written);
  g_test_add_func ("/channel-settings/full-ends", test_full_ends);
  return g_test_run ();
}
