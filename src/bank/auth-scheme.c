/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What schemes share: secrets by name, templates of them, and the texts made of those. Whatever holds a
 * secret on the way is overwritten before it is freed.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

/* — the request — */

KobanOutgoing *
koban_outgoing_new (const char *method, const char *root, const char *path)
{
  KobanOutgoing *self = g_new0 (KobanOutgoing, 1);
  self->method = method;
  self->path = path;
  self->url = g_strconcat (root, path, NULL);
  self->secret_headers = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_secret_unref);
  return self;
}

void
koban_outgoing_free (KobanOutgoing *self)
{
  koban_secret_wipe (self->url);
  g_ptr_array_unref (self->secret_headers);
  g_clear_pointer (&self->basic, koban_secret_unref);
  g_clear_pointer (&self->body, koban_secret_unref);
  g_clear_pointer (&self->certificate, koban_secret_unref);
  g_clear_pointer (&self->key, koban_secret_unref);
  g_free (self);
}

gboolean
koban_outgoing_add_header (KobanOutgoing *self, const char *name, KobanSecret *value, GError **error)
{
  const char *text = koban_secret_peek (value, NULL);

  for (const char *c = text; *c != '\0'; c++)
    if ((guchar) *c < 0x20 || *c == 0x7f)
      {
        g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                     _("a token is one word without blanks: copy it again"));
        return FALSE;
      }
  char *line = g_strconcat (name, ": ", text, NULL);
  g_ptr_array_add (self->secret_headers, koban_secret_new (line, -1));
  koban_secret_wipe (line);
  return TRUE;
}

gboolean
koban_outgoing_add_bearer (KobanOutgoing *self, KobanSecret *token, GError **error)
{
  char *text = g_strconcat ("Bearer ", koban_secret_peek (token, NULL), NULL);
  g_autoptr(KobanSecret) bearer = koban_secret_new (text, -1);

  koban_secret_wipe (text);
  return koban_outgoing_add_header (self, "Authorization", bearer, error);
}

/* — secrets by name — */

/* Another each time. */
static KobanSecret *
make_request_id (void)
{
  g_autofree char *id = g_uuid_string_random ();
  return koban_secret_new (id, -1);
}

static KobanSecret *
find (KobanAuth *self, const char *name)
{
  if (g_str_equal (name, KOBAN_AUTH_REQUEST_ID))
    return make_request_id ();
  KobanSecret *value = koban_secret_bundle_lookup (self->fleeting, name);
  const char *field = g_hash_table_lookup (self->fields, name);

  if (value == NULL)
    value = koban_secret_bundle_lookup (self->secrets, name);
  if (value == NULL && field != NULL)
    value = koban_secret_new (field, -1);
  return value;
}

KobanSecret *
koban_auth_lookup (KobanAuth *self, const char *name, GError **error)
{
  KobanSecret *value = find (self, name);

  if (value == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                 _("there is no “%s” among the stored secrets"), name);
  return value;
}

gboolean
koban_auth_has (KobanAuth *self, const char *name)
{
  g_autoptr(KobanSecret) value = find (self, name);
  return value != NULL;
}

void
koban_auth_keep (KobanAuth *self, const char *name, KobanSecret *value, gboolean once)
{
  KobanSecret **bundle = once ? &self->secrets : &self->fleeting;
  g_autoptr(KobanSecret) before = *bundle;

  *bundle = koban_secret_bundle_with (before, name, value);
  self->changed |= once;
}

/* — templates — */

/* A text that is made of secrets: never grown by a reallocation that nobody wipes. */
static void
take_text (char **text, const char *more, gsize length)
{
  char *before = *text;
  char *piece = g_strndup (more, length);

  *text = g_strconcat (before, piece, NULL);
  koban_secret_wipe (piece);
  koban_secret_wipe (before);
}

static char *
quote_json (const char *value)
{
  char *out = g_strdup ("");

  for (; *value != '\0'; value++)
    {
      char escaped[8];
      if ((guchar) *value < 0x20)
        g_snprintf (escaped, sizeof escaped, "\\u%04x", (guint) *value);
      else
        g_snprintf (escaped, sizeof escaped, "%s%c", strchr ("\"\\", *value) != NULL ? "\\" : "", *value);
      take_text (&out, escaped, strlen (escaped));
      explicit_bzero (escaped, sizeof escaped);
    }
  return out;
}

static void
take_value (char **text, KobanSecret *value, KobanQuote quote)
{
  const char *plain = koban_secret_peek (value, NULL);
  char *quoted = NULL;

  if (quote == KOBAN_QUOTE_JSON)
    quoted = quote_json (plain);
  else if (quote == KOBAN_QUOTE_FORM)
    quoted = g_uri_escape_string (plain, NULL, FALSE);
  take_text (text, quoted != NULL ? quoted : plain, strlen (quoted != NULL ? quoted : plain));
  koban_secret_wipe (quoted);
}

static gboolean
take_name (KobanAuth *self, char **text, const char *name, gsize length, KobanQuote quote, GError **error)
{
  g_autofree char *copy = g_strndup (name, length);
  g_autoptr(KobanSecret) value = koban_auth_lookup (self, copy, error);

  if (value != NULL)
    take_value (text, value, quote);
  return value != NULL;
}

static KobanSecret *
finish_text (char *out, gboolean is_good)
{
  KobanSecret *made = is_good ? koban_secret_new (out, -1) : NULL;
  koban_secret_wipe (out);
  return made;
}

KobanSecret *
koban_auth_expand (KobanAuth *self, const char *text, KobanQuote quote, GError **error)
{
  char *out = g_strdup ("");
  gboolean is_good = TRUE;

  while (is_good && *text != '\0')
    {
      gsize plain = strcspn (text, "{");
      const char *end = strchr (text + plain, '}');
      take_text (&out, text, plain);
      text += plain;
      if (*text == '\0' || end == NULL)
        break;
      is_good = take_name (self, &out, text + 1, (gsize) (end - text - 1), quote, error);
      text = end + 1;
    }
  return finish_text (out, is_good);
}

gboolean
koban_auth_add_headers (KobanAuth *self, GArray *pairs, KobanOutgoing *outgoing, GError **error)
{
  for (guint i = 0; i < pairs->len; i++)
    {
      const KobanPair *pair = &g_array_index (pairs, KobanPair, i);
      g_autoptr(KobanSecret) value = koban_auth_expand (self, pair->value, KOBAN_QUOTE_NOT, error);
      if (value == NULL || !koban_outgoing_add_header (outgoing, pair->name, value, error))
        return FALSE;
    }
  return TRUE;
}

KobanSecret *
koban_auth_basic (KobanAuth *self, const char *user, const char *password, GError **error)
{
  g_autofree char *text =
    password != NULL ? g_strdup_printf ("{%s}:{%s}", user, password) : g_strdup_printf ("{%s}:", user);
  return koban_auth_expand (self, text, KOBAN_QUOTE_NOT, error);
}

/* — bodies — */

/* One member; a name that ends in "[]" is a list of one. */
static char *
member_template (const KobanPair *pair)
{
  if (g_str_has_suffix (pair->name, "[]"))
    return g_strdup_printf ("\"%.*s\":[\"%s\"]", (int) strlen (pair->name) - 2, pair->name, pair->value);
  return g_strdup_printf ("\"%s\":\"%s\"", pair->name, pair->value);
}

static gboolean
take_template (KobanAuth *self, char **out, const char *template, KobanQuote quote, GError **error)
{
  g_autoptr(KobanSecret) piece = koban_auth_expand (self, template, quote, error);

  if (piece == NULL)
    return FALSE;
  if (**out != '\0' && !g_str_has_suffix (*out, "{"))
    take_text (out, quote == KOBAN_QUOTE_JSON ? "," : "&", 1);
  take_text (out, koban_secret_peek (piece, NULL), strlen (koban_secret_peek (piece, NULL)));
  return TRUE;
}

KobanSecret *
koban_auth_object (KobanAuth *self, GArray *pairs, const char *members, GError **error)
{
  char *out = g_strdup ("{");
  gboolean is_good = TRUE;

  for (guint i = 0; is_good && i < pairs->len; i++)
    {
      g_autofree char *member = member_template (&g_array_index (pairs, KobanPair, i));
      is_good = take_template (self, &out, member, KOBAN_QUOTE_JSON, error);
    }
  if (members != NULL && *members != '\0' && *members != '}')
    {
      take_text (&out, ",", pairs->len > 0 ? 1 : 0);
      take_text (&out, members, strlen (members));
    }
  else
    take_text (&out, "}", 1);
  return finish_text (out, is_good);
}

KobanSecret *
koban_auth_form (KobanAuth *self, GArray *pairs, GError **error)
{
  char *out = g_strdup ("");
  gboolean is_good = TRUE;

  for (guint i = 0; is_good && i < pairs->len; i++)
    {
      const KobanPair *pair = &g_array_index (pairs, KobanPair, i);
      g_autofree char *member = g_strconcat (pair->name, "=", pair->value, NULL);
      is_good = take_template (self, &out, member, KOBAN_QUOTE_FORM, error);
    }
  return finish_text (out, is_good);
}

void
koban_read_need_name (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_read_text (reading, key, node, target);
}
