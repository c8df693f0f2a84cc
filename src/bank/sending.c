/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one door of requests. It adds the profile's headers and the kind of the body, and no secret.
 */
#include "config.h"

#include "bank/sending.h"

/* The same bytes, not a copy of them. */
static GBytes *
bytes_of (KobanSecret *secret)
{
  gsize length;
  const char *bytes = secret != NULL ? koban_secret_peek (secret, &length) : NULL;

  if (bytes == NULL)
    return NULL;
  return g_bytes_new_with_free_func (bytes, length, (GDestroyNotify) koban_secret_unref,
                                     koban_secret_ref (secret));
}

static char **
headers_for (const KobanSending *self, const KobanOutgoing *outgoing)
{
  g_autoptr(GStrvBuilder) headers = g_strv_builder_new ();

  if (self->headers != NULL)
    g_strv_builder_addv (headers, (const char **) self->headers);
  if (outgoing->body != NULL)
    g_strv_builder_add (headers, outgoing->form ? "Content-Type: application/x-www-form-urlencoded"
                                                : "Content-Type: application/json");
  return g_strv_builder_end (headers);
}

gboolean
koban_sending_start (const KobanSending *self,
                     const KobanOutgoing *outgoing,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     GTask *task,
                     GError **error)
{
  if (!koban_hosts_allow (self->hosts, outgoing->url, error))
    return FALSE;
  g_autoptr(GBytes) body = bytes_of (outgoing->body);
  g_auto(GStrv) headers = headers_for (self, outgoing);
  const KobanHttpRequest request = {
    .method = outgoing->method,
    .url = outgoing->url,
    .headers = (const char *const *) headers,
    .secret_headers = outgoing->secret_headers,
    .basic = outgoing->basic,
    .body = body,
    .certificate = outgoing->certificate,
    .key = outgoing->key,
    .ca_pem = self->ca_pem,
    .host_was_typed = koban_hosts_is_typed (self->hosts, outgoing->url),
  };
  koban_http_send_async (self->http, &request, cancellable, callback, g_object_ref (task));
  return TRUE;
}
