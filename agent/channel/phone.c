/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Phones by the names that their shells put into the environment, and by the chassis of hostnamed.
 */
#include "config.h"

#include "phone.h"

#define ASK_MS 1000

/* The shells of phones; a word of a list of words. */
static const struct
{
  const char *variable, *separator, *word;
} shells[] = {
  { "XDG_CURRENT_DESKTOP", ":", "Phosh" },
  { "XDG_CURRENT_DESKTOP", ":", "sxmo" },
  { "PLASMA_PLATFORM", ":", "handset" },
};

static gboolean
has_word (const char *variable, const char *separator, const char *word)
{
  const char *value = g_getenv (variable);
  g_auto(GStrv) words = g_strsplit (value != NULL ? value : "", separator, -1);

  for (char **at = words; *at != NULL; at++)
    if (g_ascii_strcasecmp (*at, word) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_handset (GDBusConnection *system)
{
  g_autoptr(GVariant) reply = g_dbus_connection_call_sync (
    system, "org.freedesktop.hostname1", "/org/freedesktop/hostname1", "org.freedesktop.DBus.Properties",
    "Get", g_variant_new ("(ss)", "org.freedesktop.hostname1", "Chassis"), G_VARIANT_TYPE ("(v)"),
    G_DBUS_CALL_FLAGS_NONE, ASK_MS, NULL, NULL);
  g_autoptr(GVariant) value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) &&
         g_str_equal (g_variant_get_string (value, NULL), "handset");
}

gboolean
koban_is_phone (GDBusConnection *system)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shells); i++)
    if (has_word (shells[i].variable, shells[i].separator, shells[i].word))
      return TRUE;
  return system != NULL && is_handset (system);
}
