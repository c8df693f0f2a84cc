/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HTTP for a person's money: https only (http only to a loopback address), no redirects, verified
 * TLS, bounded time and size, cancelled at once, never verbose. One GSource over libcurl's multi
 * interface, so connections and TLS sessions are reused. A status is not an error here: who asked
 * decides what 401 means.
 */
#pragma once

#include <gio/gio.h>
#include <koban/secret.h>

G_BEGIN_DECLS

#define KOBAN_HTTP_MAX_BODY (8 * 1024 * 1024) /* decoded bytes; trust B4 */

typedef struct
{
  const char         *method;       /* "GET", "POST", "DELETE", "PUT" */
  const char         *url;          /* no userinfo in it */
  const char *const  *headers;      /* (nullable): "Name: value" lines, NULL-terminated; a line with CR or LF is refused */
  GPtrArray          *secret_headers; /* (nullable) (element-type KobanSecret): whole "Name: value" lines */
  KobanSecret        *basic;        /* (nullable): "user:password", percent-decoded, sent as HTTP Basic */
  GBytes             *body;         /* (nullable): with POST and PUT; NULL sends Content-Length: 0 */
  KobanSecret        *certificate;  /* (nullable): the client's, as PEM, with @key */
  KobanSecret        *key;          /* (nullable) */
  GBytes             *ca_pem;       /* (nullable): trust these instead of the system's certificates */
  gboolean            host_was_typed; /* by the person: its name may lead into their own network */
} KobanHttpRequest;

typedef struct
{
  guint       status;
  GBytes     *body;           /* never NULL */
  char      **headers;        /* name, value, name, value, …, NULL; names in lower case */
  gint64      retry_after_s;  /* -1: not said; capped at 24 hours; from seconds or an HTTP date against the Date header */
  guint64     bytes_in;       /* on the wire */
} KobanHttpResponse;

KobanHttpResponse *koban_http_response_copy (KobanHttpResponse *self); /* new reference */
void               koban_http_response_free (KobanHttpResponse *self);
const char        *koban_http_response_get_header (const KobanHttpResponse *self, const char *name); /* (nullable) */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanHttpResponse, koban_http_response_free)

#define KOBAN_TYPE_HTTP (koban_http_get_type ())
G_DECLARE_FINAL_TYPE (KobanHttp, koban_http, KOBAN, HTTP, GObject)

/* Call once in main(), before any thread. */
void               koban_http_global_init (void);

/* Belongs to the thread-default context of its maker. */
KobanHttp         *koban_http_new (const char *user_agent);

/* @request is copied. Errors: OFFLINE (resolve, connect, time-out, cut), UNTRUSTED (TLS, scheme,
 * address), INVALID (too large, malformed), G_IO_ERROR_CANCELLED. */
void               koban_http_send_async (KobanHttp *self, const KobanHttpRequest *request, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
KobanHttpResponse *koban_http_send_finish (KobanHttp *self, GAsyncResult *result, GError **error);

/* Scheme https, or http to 127.0.0.0/8, ::1 or "localhost"; a host; no userinfo, no fragment. @host_out is
 * (optional) (transfer full): lower case, with ":port" if one is given. */
gboolean           koban_http_check_url (const char *url, char **host_out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is sent there does not leave this computer: an address typed as such, or "localhost". */
gboolean           koban_http_url_is_loopback (const char *url);

G_END_DECLS
