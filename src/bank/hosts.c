/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one gate for secrets. It compares whole hosts, with their port, and knows no wildcard.
 */
#include "config.h"

#include "bank/hosts.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/http.h>

struct _KobanHosts
{
  char **hosts;
  char *typed; /* (nullable): host of --base-url */
};

/* "host" and "host:443" are the same place over https. */
static char *
host_of (const char *url, GError **error)
{
  char *host = NULL;

  if (!koban_http_check_url (url, &host, error))
    return NULL;
  if (g_ascii_strncasecmp (url, "https:", strlen ("https:")) == 0 && g_str_has_suffix (host, ":443"))
    host[strlen (host) - strlen (":443")] = '\0';
  return host;
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = g_network_address_parse (host, 443, &error);

  if (address == NULL)
    return FALSE;
  const char *name = g_network_address_get_hostname (G_NETWORK_ADDRESS (address));
  g_autoptr(GInetAddress) ip = g_inet_address_new_from_string (name);
  return g_str_equal (name, "localhost") || (ip != NULL && g_inet_address_get_is_loopback (ip));
}

KobanHosts *
koban_hosts_new (const char *const *hosts, const char *base_url, GError **error)
{
  g_autofree char *typed = NULL;

  if (base_url != NULL && (typed = host_of (base_url, error)) == NULL)
    {
      g_prefix_error (error, "--base-url: ");
      return NULL;
    }
  KobanHosts *self = g_new0 (KobanHosts, 1);
  self->hosts = g_strdupv ((char **) hosts);
  self->typed = g_steal_pointer (&typed);
  return self;
}

void
koban_hosts_free (KobanHosts *self)
{
  g_strfreev (self->hosts);
  g_free (self->typed);
  g_free (self);
}

gboolean
koban_hosts_allow (KobanHosts *self, const char *url, GError **error)
{
  g_autofree char *host = host_of (url, error);

  if (host == NULL)
    return FALSE;
  if (g_strv_contains ((const char *const *) self->hosts, host) || g_strcmp0 (self->typed, host) == 0 ||
      is_loopback (host))
    return TRUE;
  g_set_error (
    error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
    _("nothing was sent to %s: it is none of the hosts that you were shown. If you trust it, add the bank "
       "again with --base-url"),
    host);
  return FALSE;
}

gboolean
koban_hosts_is_typed (KobanHosts *self, const char *url)
{
  g_autofree char *host = host_of (url, NULL);
  return host != NULL && g_strcmp0 (self->typed, host) == 0;
}
