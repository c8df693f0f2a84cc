/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the bodies pack with: the volume of a message, its text, its secrets, and the parcel.
 */
#include "config.h"

#include "body.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/json.h>
#include <string.h>

KobanVolume
koban_errand_get_volume (const KobanErrand *errand)
{
  static const KobanVolume volumes[] = {
    [KOBAN_SEVERITY_NOTICE] = KOBAN_VOLUME_NOTICE,
    [KOBAN_SEVERITY_WARNING] = KOBAN_VOLUME_WARNING,
    [KOBAN_SEVERITY_CRITICAL] = KOBAN_VOLUME_ALARM,
  };
  const KobanMessage *message = errand->message;

  /* A test that rings softer than an alarm would prove nothing about the alarm. */
  if (message->purpose == KOBAN_PURPOSE_TEST)
    return KOBAN_VOLUME_ALARM;
  if (message->purpose == KOBAN_PURPOSE_WATCH && message->delay_us == 0)
    return KOBAN_VOLUME_LEAST;
  if (message->silent || (message->many && message->severity == KOBAN_SEVERITY_NOTICE))
    return KOBAN_VOLUME_QUIET;
  return volumes[message->severity];
}

/* Whole characters, so that what is cut is still UTF-8. */
static char *
cut (const char *text, gsize max)
{
  static const char ellipsis[] = "…";
  const char *end = text;

  if (strlen (text) <= max)
    return g_strdup (text);
  while ((gsize) (g_utf8_next_char (end) - text) <= max - strlen (ellipsis))
    end = g_utf8_next_char (end);
  return g_strdup_printf ("%.*s%s", (int) (end - text), text, ellipsis);
}

char *
koban_errand_get_text (const KobanErrand *errand, gsize max)
{
  const KobanMessage *message = errand->message;
  gboolean has_body = message->body != NULL && *message->body != '\0';
  g_autofree char *valid = g_utf8_make_valid (has_body ? message->body : message->summary, -1);

  return cut (valid, max);
}

KobanSecret *
koban_errand_get_secret (const KobanErrand *errand, const char *name, GError **error)
{
  KobanSecret *secret = koban_secret_bundle_lookup (errand->secret, name);

  if (secret == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                 _("its secret in the keyring is not complete; renew it: koban channel rotate %s"),
                 errand->settings->name);
  return secret;
}

/* ---- the parcel ---- */

void
koban_parcel_clear (KobanParcel *self)
{
  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->headers, g_ptr_array_unref);
  g_clear_pointer (&self->secret_headers, g_ptr_array_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->password, koban_secret_unref);
}

void
koban_parcel_set_url (KobanParcel *self, const char *base, const char *path)
{
  gboolean has_slash = g_str_has_suffix (base, "/");

  g_free (self->url);
  self->url = g_strconcat (base, has_slash ? "" : "/", path, NULL);
}

void
koban_parcel_add_header (KobanParcel *self, const char *name, const char *value)
{
  if (self->headers == NULL)
    self->headers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->headers, g_strdup_printf ("%s: %s", name, value));
}

void
koban_parcel_add_secret_header (KobanParcel *self, const char *before, KobanSecret *secret)
{
  char *line = g_strconcat (before, koban_secret_peek (secret, NULL), NULL);

  if (self->secret_headers == NULL)
    self->secret_headers = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_secret_unref);
  g_ptr_array_add (self->secret_headers, koban_secret_new (line, -1));
  koban_secret_wipe (line);
}

static void
wipe (gpointer data)
{
  koban_secret_wipe (data);
}

void
koban_parcel_set_json (KobanParcel *self, GVariant *object)
{
  char *text = koban_json_write (object);

  self->body = g_bytes_new_with_free_func (text, strlen (text), wipe, text);
  koban_parcel_add_header (self, "Content-Type", "application/json");
}
