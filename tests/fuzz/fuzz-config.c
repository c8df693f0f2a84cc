/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as koban.conf: a sentence, or settings; and the groups of the channels, written into another
 * file, are read there as they were here.
 */
#include "config.h"

#include "fuzz.h"
#include "scratch.h"

#include <koban/channel-settings.h>

static void
check_settings (const char *path)
{
  g_autoptr(GError) error = NULL;
  KobanSettings settings = koban_settings_defaults ();

  gboolean loaded = koban_settings_load (path, &settings, &error);
  g_assert_true (loaded == (error == NULL));
  g_assert_cmpuint (settings.check_interval_s, >=, 15 * 60);
  g_assert_cmpuint (settings.check_interval_s, <=, 24 * 60 * 60);
  g_assert_true (settings.desktop_detail <= KOBAN_DETAIL_FULL && settings.wariness <= KOBAN_WARINESS_WARY);
  g_assert_true (loaded || g_utf8_validate (error->message, -1, NULL));
}

static void
check_kept (const KobanChannelSettings *channel)
{
  const char *path = scratch_write ("other.conf", (const guint8 *) "# mine\n", 7);
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_channel_name_is_good (channel->name));
  g_assert_true (koban_channel_settings_check (channel, NULL));
  g_assert_true (koban_channel_settings_save (path, channel, &error));
  g_autoptr(GPtrArray) again = koban_channel_settings_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, ==, 1);
  g_assert_true (koban_channel_settings_equal (channel, again->pdata[0]));
  g_assert_true (koban_channel_settings_remove (path, channel->name, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path = scratch_write ("koban.conf", data, size);
  g_autoptr(GError) error = NULL;

  check_settings (path);
  g_autoptr(GPtrArray) channels = koban_channel_settings_load (path, &error);
  g_assert_true ((channels == NULL) == (error != NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
  for (guint i = 0; channels != NULL && i < channels->len; i++)
    check_kept (channels->pdata[i]);
  return 0;
}
