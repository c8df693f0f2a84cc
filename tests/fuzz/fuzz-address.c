/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as an address that is typed, and as what a browser brings back: what is allowed leads to the host
 * that was named and to no other, and no parameter is taken twice.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "bank/hosts.h"
#include "bank/returned.h"

#define REDIRECT "http://127.0.0.1:4711/cb"

static void
check_hosts (const char *url)
{
  static const char *const named[] = { "bank.example", NULL };
  g_autoptr(KobanHosts) hosts = koban_hosts_new (named, NULL, NULL);
  g_autoptr(GError) error = NULL;

  gboolean allowed = koban_hosts_allow (hosts, url, &error);
  g_assert_true (allowed == (error == NULL));
  if (!allowed)
    return;
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL) /* GLib wants more of an address than libcurl */
    return;
  g_assert_null (g_uri_get_userinfo (uri));
  g_assert_true (g_ascii_strcasecmp (g_uri_get_host (uri), "bank.example") == 0 ||
                 g_uri_get_host (uri)[0] == ':' || g_str_has_prefix (g_uri_get_host (uri), "127.") ||
                 g_ascii_strcasecmp (g_uri_get_host (uri), "localhost") == 0);
}

static void
check_returned (const char *url)
{
  g_autoptr(KobanSecret) secret = koban_secret_new (url, -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) parameters = koban_returned_parse (secret, REDIRECT, &error);

  g_assert_true ((parameters == NULL) == (error != NULL));
  if (parameters == NULL)
    return;
  g_assert_true (g_str_has_prefix (url, REDIRECT));
  koban_returned_get (parameters, "code");
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);

  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  g_autofree char *behind = g_strconcat (REDIRECT, text, NULL);
  g_autoptr(KobanHosts) typed G_GNUC_UNUSED = koban_hosts_new (NULL, text, NULL);

  check_hosts (text);
  check_returned (text);
  check_returned (behind);
  return 0;
}
