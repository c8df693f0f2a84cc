/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What came back with the browser. Anybody can make a browser open an address of ours: so the address is
 * compared whole, a parameter that stands twice is none, and nothing is logged or printed.
 */
#include "config.h"

#include "bank/returned.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#define MOST_PARAMETERS 32
#define LONGEST_ADDRESS 8192

static gboolean
refuse (GError **error)
{
  g_set_error_literal (
    error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
    _("this address is not where this sign-in ends. Copy the whole address of the page that the "
       "browser shows at the end"));
  return FALSE;
}

/* "a+b%20c" of a form, decoded; NULL if that is no text. */
static KobanSecret *
decode (const char *text, gsize length)
{
  char *piece = g_strndup (text, length);

  g_strdelimit (piece, "+", ' ');
  char *plain = g_uri_unescape_string (piece, NULL);
  KobanSecret *value =
    plain != NULL && g_utf8_validate (plain, -1, NULL) ? koban_secret_new (plain, -1) : NULL;
  koban_secret_wipe (piece);
  koban_secret_wipe (plain);
  return value;
}

static gboolean
take_pair (GHashTable *parameters, const char *pair, gsize length)
{
  const char *equals = memchr (pair, '=', length);
  gsize name_length = equals != NULL ? (gsize) (equals - pair) : length;
  g_autoptr(KobanSecret) name = decode (pair, name_length);
  g_autoptr(KobanSecret) value =
    equals != NULL ? decode (equals + 1, length - name_length - 1) : koban_secret_new ("", 0);

  if (name == NULL || value == NULL || g_hash_table_size (parameters) >= MOST_PARAMETERS)
    return FALSE;
  return g_hash_table_insert (parameters, g_strdup (koban_secret_peek (name, NULL)),
                              g_steal_pointer (&value));
}

static gboolean
take_pairs (GHashTable *parameters, const char *text, gsize length)
{
  while (length > 0)
    {
      const char *end = memchr (text, '&', length);
      gsize one = end != NULL ? (gsize) (end - text) : length;
      if (one > 0 && !take_pair (parameters, text, one))
        return FALSE;
      gsize done = end != NULL ? one + 1 : one;
      text += done;
      length -= done;
    }
  return TRUE;
}

/* What follows @redirect_url in @url; NULL if it does not begin with it. */
static const char *
behind (const char *url, const char *redirect_url)
{
  if (redirect_url == NULL || strlen (url) > LONGEST_ADDRESS || !g_str_has_prefix (url, redirect_url))
    return NULL;
  const char *rest = url + strlen (redirect_url);
  if (*rest == '/' && strchr ("?#", rest[1]) != NULL)
    rest++;
  return strchr (strchr (redirect_url, '?') != NULL ? "?#&" : "?#", *rest) != NULL ? rest : NULL;
}

GHashTable *
koban_returned_parse (KobanSecret *url, const char *redirect_url, GError **error)
{
  g_autoptr(GHashTable) parameters =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_secret_unref);
  const char *rest = behind (koban_secret_peek (url, NULL), redirect_url);

  if (rest == NULL)
    {
      refuse (error);
      return NULL;
    }
  gsize query = *rest != '#' && *rest != '\0' ? strcspn (rest + 1, "#") : 0;
  const char *fragment = strchr (rest, '#');
  if ((query > 0 && !take_pairs (parameters, rest + 1, query)) ||
      (fragment != NULL && !take_pairs (parameters, fragment + 1, strlen (fragment + 1))))
    {
      refuse (error);
      return NULL;
    }
  return g_steal_pointer (&parameters);
}

const char *
koban_returned_get (GHashTable *parameters, const char *name)
{
  KobanSecret *value = g_hash_table_lookup (parameters, name);

  return value != NULL ? koban_secret_peek (value, NULL) : NULL;
}
