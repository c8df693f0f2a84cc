/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which network an address belongs to, by the IANA special-purpose registries. It promises that an
 * IPv4 address is judged alike however IPv6 wraps it. It never resolves a name.
 */
#include "config.h"

#include "wire/http-address.h"

#include <koban/http.h>

#include <string.h>

static const char *const not_public[] = {
  "0.0.0.0/8",    "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",  "172.16.0.0/12",
  "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
  "224.0.0.0/4",  "240.0.0.0/4",  "::/96",          "100::/64",      "2001:db8::/32",   "fc00::/7",
  "fe80::/10",    "fec0::/10",    "ff00::/8",
};

/* IPv6 ranges that carry an IPv4 address, and where in the sixteen bytes. */
static const struct
{
  const char *range;
  guint at;
} wrappings[] = {
  { "::ffff:0:0/96", 12 }, /* mapped */
  { "64:ff9b::/96", 12 },  /* NAT64 */
  { "2002::/16", 2 },      /* 6to4 */
};

static gboolean
in_range (GInetAddress *address, const char *range)
{
  g_autoptr(GInetAddressMask) mask = g_inet_address_mask_new_from_string (range, NULL);

  return g_inet_address_mask_matches (mask, address);
}

static GInetAddress *
unwrap (GInetAddress *address)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrappings); i++)
    if (in_range (address, wrappings[i].range))
      return g_inet_address_new_from_bytes (g_inet_address_to_bytes (address) + wrappings[i].at,
                                            G_SOCKET_FAMILY_IPV4);

  return g_object_ref (address);
}

gboolean
koban_http_address_is_public (GInetAddress *address)
{
  g_autoptr(GInetAddress) inner = unwrap (address);

  for (guint i = 0; i < G_N_ELEMENTS (not_public); i++)
    if (in_range (inner, not_public[i]))
      return FALSE;

  return TRUE;
}

/* NULL for a name. */
static GInetAddress *
address_from_host (const char *host)
{
  gsize length = strlen (host);
  gboolean bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
  g_autofree char *bare = bracketed ? g_strndup (host + 1, length - 2) : g_strdup (host);

  return g_inet_address_new_from_string (bare);
}

gboolean
koban_http_host_is_loopback (const char *host)
{
  g_autoptr(GInetAddress) address = address_from_host (host);

  if (address == NULL)
    return g_ascii_strcasecmp (host, "localhost") == 0;

  return g_inet_address_get_is_loopback (address);
}

gboolean
koban_http_url_is_loopback (const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  return uri != NULL && g_uri_get_host (uri) != NULL && koban_http_host_is_loopback (g_uri_get_host (uri));
}

gboolean
koban_http_host_is_literal (const char *host)
{
  g_autoptr(GInetAddress) address = address_from_host (host);

  return address != NULL || g_ascii_strcasecmp (host, "localhost") == 0;
}
