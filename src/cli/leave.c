/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `leave`: ends Koban's own access at the banks where they let it, says what must be ended by hand,
 * and forgets everything: secrets, channels, data, settings. It takes a typed word, and stops at the
 * first thing that cannot be forgotten, so that nothing is left behind unseen.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/guard.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/field.h>
#include <koban/profile.h>
#include <koban/channel-settings.h>
#include <koban/settings.h>
#include <koban/text.h>
#include <unistd.h>

#define GONE_WITHIN_US (20 * G_USEC_PER_SEC)

static const KobanColumn columns[] = {
  { "connection", KOBAN_COLUMN_TEXT, N_("id") },
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },
  { "provider", KOBAN_COLUMN_TEXT, N_("provider") },
  { "ended", KOBAN_COLUMN_BOOL },
  { "by_hand", KOBAN_COLUMN_TEXT, N_("what is left to do by hand") },
  { NULL },
};

/* --- at the bank
 * ------------------------------------------------------------------------------------------------ */

/* Proved gone, or not; why not is the person's to see at the bank. */
static gboolean
end_link (KobanDBusKoban1 *agent, const char *id)
{
  g_autofree char *path = NULL;
  g_autoptr(GVariant) result = NULL;

  if (koban_dbus_koban1_call_revoke_sync (agent, id, g_variant_new ("a{sv}", NULL), G_DBUS_CALL_FLAGS_NONE,
                                          -1, &path, NULL, NULL))
    result = koban_client_run (agent, path, NULL);
  return result != NULL && g_str_equal (koban_field_text_or (result, "result", ""), "gone");
}

static gboolean
is_own_access (GVariant *link, const char *connection)
{
  gboolean own = FALSE;

  g_variant_lookup (link, "own", "b", &own);
  return own && g_str_equal (koban_field_text_or (link, "connection", ""), connection) &&
         g_str_equal (koban_field_text_or (link, "revocation", ""), "api") &&
         g_str_equal (koban_field_text_or (link, "status", ""), "active");
}

/* TRUE if there was access that a bank could end, and all of it is gone. */
static gboolean
end_access (KobanDBusKoban1 *agent, const char *connection)
{
  g_autoptr(GVariant) links = koban_client_list (KOBAN_ROWS_LINKS, NULL, NULL);
  guint tried = 0, ended = 0;

  for (gsize i = 0; links != NULL && i < g_variant_n_children (links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (links, i);

      if (!is_own_access (link, connection))
        continue;
      tried++;
      ended += end_link (agent, koban_field_text_or (link, "id", ""));
    }
  return tried > 0 && ended == tried;
}

static const char *
how_by_hand (KobanProfiles *profiles, const char *provider)
{
  KobanProfile *profile = koban_profiles_lookup (profiles, provider);
  const char *by_hand = NULL;

  if (profile != NULL)
    koban_profile_get_revocation (profile, KOBAN_LINK_AGGREGATOR, &by_hand);
  return by_hand != NULL ? by_hand : _("End Koban's key or permission at the bank, where you made it.");
}

/* A file account has no access to end. */
static gboolean
leave_bank (KobanDBusKoban1 *agent,
            KobanProfiles *profiles,
            GVariant *connection,
            GVariantBuilder *left,
            GError **error)
{
  const char *id = koban_field_text_or (connection, "id", ""),
             *provider = koban_field_text_or (connection, "provider", "");
  gboolean is_file = g_str_equal (provider, "file");
  gboolean ended = is_file || end_access (agent, id);
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  if (!koban_dbus_koban1_call_remove_sync (agent, id, TRUE, G_DBUS_CALL_FLAGS_NONE, -1, NULL, error))
    return FALSE;
  g_variant_dict_insert (&row, "connection", "s", id);
  g_variant_dict_insert (&row, "name", "s", koban_field_text_or (connection, "name", ""));
  g_variant_dict_insert (&row, "provider", "s", provider);
  g_variant_dict_insert (&row, "ended", "b", ended);
  if (!ended)
    g_variant_dict_insert (&row, "by_hand", "s", how_by_hand (profiles, provider));
  g_variant_builder_add_value (left, g_variant_dict_end (&row));
  return TRUE;
}

/* (transfer full) */
static GVariant *
leave_banks (KobanDBusKoban1 *agent, GVariant *connections, GError **error)
{
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  g_auto(GVariantBuilder) left = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (connections); i++)
    {
      g_autoptr(GVariant) connection = g_variant_get_child_value (connections, i);

      if (!leave_bank (agent, profiles, connection, &left, error))
        return NULL;
    }
  return g_variant_ref_sink (g_variant_builder_end (&left));
}

/* --- here
 * ------------------------------------------------------------------------------------------------------- */

/* The agent holds the lock until its last file is gone; it gives up its name before. */
static void
wait_for_the_end (int lock)
{
  struct flock wanted = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  gint64 until_us = g_get_monotonic_time () + GONE_WITHIN_US;

  while (lock >= 0 && fcntl (lock, F_OFD_SETLK, &wanted) != 0 && (errno == EAGAIN || errno == EACCES) &&
         g_get_monotonic_time () < until_us)
    g_usleep (20000);
  if (lock >= 0)
    close (lock);
}

static int
open_lock (void)
{
  g_autofree char *path = g_build_filename (koban_settings_data_directory (), "lock", NULL);

  return open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

static void
drop_copies (const char *config)
{
  g_autoptr(GPtrArray) channels = koban_channel_settings_load (config, NULL);

  for (guint i = 0; channels != NULL && i < channels->len; i++)
    koban_channel_settings_drop_copy (channels->pdata[i]);
}

/* What is not ours (profiles that the person wrote) stays, and its folder with it. */
static gboolean
forget_here (KobanDBusKoban1 *agent, GError **error)
{
  g_autofree char *config = koban_settings_config_file ();

  int lock = open_lock ();

  if (!koban_dbus_koban1_call_leave_sync (agent, G_DBUS_CALL_FLAGS_NONE, -1, NULL, error))
    {
      if (lock >= 0)
        close (lock);
      return FALSE;
    }
  wait_for_the_end (lock);
  drop_copies (config);
  (void) g_unlink (config);
  (void) g_rmdir (koban_settings_config_directory ());
  (void) g_rmdir (koban_settings_data_directory ());
  return TRUE;
}

static void
print_plan (GVariant *connections)
{
  g_printerr (
    ngettext (
      "Koban will end its access to %d bank where the bank lets it, and forget all keys, channels, settings "
      "and everything it knows.\n",
      "Koban will end its access to %d banks where they let it, and forget all keys, channels, settings and "
      "everything it knows.\n",
      (gulong) g_variant_n_children (connections)),
    (int) g_variant_n_children (connections));
  g_printerr ("%s\n", _("Nothing of it can be brought back, but from a copy (koban backup)."));
}

static void
print_left (GVariant *left, gboolean json)
{
  if (json)
    {
      koban_print_rows (left, columns, TRUE, "");
      return;
    }
  for (gsize i = 0; i < g_variant_n_children (left); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (left, i);
      g_autofree char *name = koban_text_clean (koban_field_text_or (row, "name", ""), 60);
      gboolean ended = FALSE;

      g_variant_lookup (row, "ended", "b", &ended);
      g_print ("%s: %s\n", name, ended ? _("ended.") : koban_field_text_or (row, "by_hand", ""));
    }
  g_print ("%s\n", _("Koban knows nothing any more. Now the program can be removed."));
}

/* Without a terminal the word comes on standard input. */
static gboolean
is_meant (void)
{
  g_autofree char *word = koban_prompt_line (_("To go on, type the word leave:"));

  return word != NULL && g_str_equal (word, "leave");
}

int
koban_cli_leave (int argc, char **argv)
{
  static const KobanUsage usage = {
    "", N_("Ends all access at banks and forgets everything; asks for a typed word."), 0, 0
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  g_autoptr(GVariant) connections =
    agent != NULL ? koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, &error) : NULL;
  if (connections == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  print_plan (connections);
  if (!is_meant ())
    {
      g_printerr ("%s\n", _("Nothing was changed."));
      return koban_prompt_can_ask () ? KOBAN_EXIT_FAILED : KOBAN_EXIT_USAGE;
    }
  if (!koban_guard_allows (KOBAN_GUARD_REMOVE, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GVariant) left = leave_banks (agent, connections, &error);
  if (left == NULL || !forget_here (agent, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  print_left (left, json);
  return KOBAN_EXIT_DONE;
}
