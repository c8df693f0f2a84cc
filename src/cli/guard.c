/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One question to polkit, about this very process; polkit asks the person in its own window, or on the
 * terminal. What it knows of the acts is in org.koban.Koban.policy.
 */
#include "config.h"

#include "cli/guard.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/settings.h>
#include <string.h>
#include <unistd.h>

#define POLKIT "org.freedesktop.PolicyKit1"
#define AUTHORITY "/org/freedesktop/PolicyKit1/Authority"
#define MAY_ASK 1u
#define START_TIME 20 /* its place after the name of the program in /proc/PID/stat, from one */

static const char *const actions[] = {
  [KOBAN_GUARD_REVOKE] = KOBAN_APP_ID ".revoke",     [KOBAN_GUARD_REMOVE] = KOBAN_APP_ID ".remove",
  [KOBAN_GUARD_CHANNEL] = KOBAN_APP_ID ".channel",   [KOBAN_GUARD_DETAIL] = KOBAN_APP_ID ".detail",
  [KOBAN_GUARD_SETTINGS] = KOBAN_APP_ID ".settings",
};

/* A number of a process is used again; with its beginning it is nobody else's. 0: not known, and polkit looks
 * itself. */
static guint64
own_start_time (void)
{
  g_autofree char *stat = NULL;
  g_auto(GStrv) words = NULL;
  const char *after;

  if (!g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL) || (after = strrchr (stat, ')')) == NULL)
    return 0;
  words = g_strsplit (after + 1, " ", START_TIME + 2);
  return g_strv_length (words) > START_TIME ? g_ascii_strtoull (words[START_TIME], NULL, 10) : 0;
}

static GVariant *
question (KobanGuardedAct act)
{
  g_auto(GVariantDict) subject = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&subject, "pid", "u", (guint32) getpid ());
  g_variant_dict_insert (&subject, "start-time", "t", own_start_time ());
  g_variant_dict_insert (&subject, "uid", "i", (gint32) getuid ());
  return g_variant_new ("((s@a{sv})sa{ss}us)", "unix-process", g_variant_dict_end (&subject), actions[act],
                        NULL, MAY_ASK, "");
}

gboolean
koban_guard_ask (KobanGuardedAct act, GError **error)
{
  g_autoptr(GError) refusal = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &refusal);
  g_autoptr(GVariant) answer = NULL;
  gboolean allowed = FALSE;

  if (bus != NULL)
    answer = g_dbus_connection_call_sync (bus, POLKIT, AUTHORITY, POLKIT ".Authority", "CheckAuthorization",
                                          question (act), G_VARIANT_TYPE ("((bba{ss}))"),
                                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &refusal);
  if (answer == NULL)
    {
      g_dbus_error_strip_remote_error (refusal);
      g_set_error (
        error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
        _(
          "The guard asks for your password through polkit, which does not answer: %s. Nothing was changed."),
        refusal->message);
      return FALSE;
    }
  g_variant_get (answer, "((bb@a{ss}))", &allowed, NULL, NULL);
  if (!allowed)
    g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                         _("The guard is on, and you did not prove that it is you. Nothing was changed."));
  return allowed;
}

/* A file that cannot be read guards nothing: whoever could spoil it could also turn the guard off in it. */
gboolean
koban_guard_allows (KobanGuardedAct act, GError **error)
{
  g_autofree char *path = koban_settings_config_file ();
  KobanSettings settings;

  if (!koban_settings_load (path, &settings, NULL) || settings.guard == KOBAN_GUARD_OFF)
    return TRUE;
  return koban_guard_ask (act, error);
}
