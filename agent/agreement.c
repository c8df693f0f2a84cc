/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the person agreed to. A packaged profile may change with an upgrade as long as it asks no
 * other host; a file of the person's own may not change at all. It decides, and does nothing.
 */
#include "config.h"

#include "agreement.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

/* What the person was shown at `add` binds: an upgrade may not quietly send the secret elsewhere (trust A5).
 */
static gboolean
hosts_agreed (KobanProfile *profile, const KobanConnection *connection, GError **error)
{
  const char *const *hosts = koban_profile_get_hosts (profile);

  if (connection->base_url != NULL || hosts == NULL)
    return TRUE;
  for (gsize i = 0; hosts[i] != NULL; i++)
    if (connection->hosts == NULL || !g_strv_contains ((const char *const *) connection->hosts, hosts[i]))
      {
        g_set_error (
          error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
          _("“%s” would now send its secret to %s, which you were not shown. Remove the connection and add "
             "it again to agree."),
          connection->name, hosts[i]);
        return FALSE;
      }
  return TRUE;
}

/* A file that anybody of this user may have written is trusted as it was when the person said yes, and only
 * so. */
static gboolean
file_agreed (KobanProfile *profile, const KobanConnection *connection, GError **error)
{
  if (koban_profile_is_packaged (profile) ||
      g_strcmp0 (koban_profile_get_digest (profile), connection->profile_digest) == 0)
    return TRUE;
  g_set_error (
    error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
    _("%s, which describes the bank of “%s”, is not what you agreed to. Nothing was sent. Put the old "
       "file back, or remove the connection and add it again to agree."),
    koban_profile_get_file (profile), connection->name);
  return FALSE;
}

gboolean
koban_agreement_holds (KobanProfile *profile, const KobanConnection *connection, GError **error)
{
  return file_agreed (profile, connection, error) && hosts_agreed (profile, connection, error);
}
