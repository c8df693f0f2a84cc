/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One HTTP request as one GTask on the wire (transfer.c): what is sent, and what was answered. It
 * promises that a secret goes only to the host that was named, over verified TLS. It never follows a
 * redirect and never logs.
 */
#include "config.h"

#include "wire/http-address.h"
#include "wire/transfer.h"
#include "wire/wiped.h"

#include <koban/error.h>

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_HEADER_BYTES (64 * 1024)
#define MAX_RETRY_AFTER_S (24 * 60 * 60)

struct _KobanHttp
{
  GObject parent;

  KobanTransfers *transfers; /* (owned) */
  CURLSH *share;             /* (owned): TLS sessions, which a multi handle does not share by itself */
  char *user_agent;          /* (owned) */
  KobanHttpPatience patience;
};

G_DEFINE_FINAL_TYPE (KobanHttp, koban_http, G_TYPE_OBJECT)

typedef struct
{
  KobanTransfer transfer;
  KobanHttp *http; /* (unowned): its task holds it */

  /* libcurl reads these while the transfer lasts and copies none of them. */
  struct curl_slist *lines;       /* (owned): the nodes only */
  struct curl_slist **lines_tail; /* where the next node goes */
  char **headers;                 /* (owned) (nullable) */
  GPtrArray *secrets;             /* (owned) (element-type KobanSecret) */
  GBytes *sent;                   /* (owned) (nullable) */

  GByteArray *body;    /* (owned) */
  GPtrArray *answered; /* (owned) (element-type utf8): name, value, … */
  gsize header_bytes;
} Request;

/* ---- the response ---- */

KobanHttpResponse *
koban_http_response_copy (KobanHttpResponse *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
response_clear (KobanHttpResponse *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->headers, g_strfreev);
}

void
koban_http_response_free (KobanHttpResponse *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) response_clear);
}

const char *
koban_http_response_get_header (const KobanHttpResponse *self, const char *name)
{
  for (guint i = 0; self->headers[i] != NULL; i += 2)
    if (g_ascii_strcasecmp (self->headers[i], name) == 0)
      return self->headers[i + 1];

  return NULL;
}

/* Seconds, or an HTTP date as seconds from the server's own "now"; -1 if it says neither. */
static gint64
retry_after (const KobanHttpResponse *response)
{
  const char *wait = koban_http_response_get_header (response, "retry-after");
  const char *date = koban_http_response_get_header (response, "date");

  if (wait == NULL || *wait == '\0')
    return -1;
  if (strspn (wait, "0123456789") == strlen (wait))
    return (gint64) MIN (g_ascii_strtoull (wait, NULL, 10), MAX_RETRY_AFTER_S);
  if (!g_ascii_isalpha (*wait))
    return -1;

  gint64 until = curl_getdate (wait, NULL);
  gint64 now = date != NULL ? curl_getdate (date, NULL) : -1;
  if (now == -1)
    now = g_get_real_time () / G_USEC_PER_SEC;

  return until == -1 ? -1 : CLAMP (until - now, 0, MAX_RETRY_AFTER_S);
}

/* ---- addresses ---- */

static gboolean
check_url (const char *url, char **host_out, char **host_and_port_out, GError **error)
{
  g_auto(KobanUrl) parsed = { 0 };

  if (!koban_url_parse (url, _("This is not an address of the form https://host/path."), &parsed, error))
    return FALSE;
  if (!g_str_equal (parsed.scheme, "https") &&
      (!g_str_equal (parsed.scheme, "http") || !koban_http_host_is_loopback (parsed.host)))
    {
      g_set_error_literal (
        error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
        _("The address must begin with “https://”; plain “http://” is allowed to this computer only."));
      return FALSE;
    }

  if (host_and_port_out != NULL)
    *host_and_port_out =
      parsed.port != NULL ? g_strconcat (parsed.host, ":", parsed.port, NULL) : g_strdup (parsed.host);
  if (host_out != NULL)
    *host_out = g_steal_pointer (&parsed.host);
  return TRUE;
}

gboolean
koban_http_check_url (const char *url, char **host_out, GError **error)
{
  g_return_val_if_fail (url != NULL, FALSE);

  return check_url (url, NULL, host_out, error);
}

/* ---- what libcurl calls: record and return, never call it back ---- */

static size_t
on_body (char *data, size_t size, size_t n, void *user_data)
{
  Request *request = user_data;

  /* These bytes are decoded ones, so a small answer that unpacks to a huge one ends here. */
  if (size * n > KOBAN_HTTP_MAX_BODY - request->body->len)
    {
      request->transfer.refusal = KOBAN_REFUSED_BODY;
      return 0;
    }
  g_byte_array_append (request->body, (const guint8 *) data, (guint) (size * n));
  return size * n;
}

static size_t
on_header (char *data, size_t size, size_t n, void *user_data)
{
  Request *request = user_data;
  const char *colon = memchr (data, ':', size * n);

  request->header_bytes += size * n;
  if (request->header_bytes > MAX_HEADER_BYTES)
    {
      request->transfer.refusal = KOBAN_REFUSED_HEADERS;
      return 0;
    }

  /* A new status line: what came before was an interim answer (100, 103). */
  if (size * n > 5 && memcmp (data, "HTTP/", 5) == 0)
    g_ptr_array_set_size (request->answered, 0);
  else if (colon != NULL)
    {
      g_autofree char *name = g_ascii_strdown (data, colon - data);
      g_autofree char *value = g_utf8_make_valid (colon + 1, (gssize) (size * n) - (colon + 1 - data));

      g_ptr_array_add (request->answered, g_utf8_make_valid (g_strstrip (name), -1));
      g_ptr_array_add (request->answered, g_strdup (g_strstrip (value)));
    }
  return size * n;
}

/* ---- the end of a request ---- */

static void
request_free (Request *request)
{
  while (request->lines != NULL)
    {
      struct curl_slist *node = request->lines;

      request->lines = node->next;
      g_free (node);
    }
  g_clear_pointer (&request->headers, g_strfreev);
  g_clear_pointer (&request->secrets, g_ptr_array_unref);
  g_clear_pointer (&request->sent, g_bytes_unref);
  g_clear_pointer (&request->body, g_byte_array_unref);
  g_clear_pointer (&request->answered, g_ptr_array_unref);
  koban_transfer_clear (&request->transfer);
  g_free (request);
}

static void
wipe_body (gpointer data)
{
  GByteArray *body = data;

  explicit_bzero (body->data, body->len);
  g_byte_array_unref (body);
}

/* What answers a sign-in holds the secret that it gave. */
static GBytes *
take_body (Request *request)
{
  GByteArray *body = g_steal_pointer (&request->body);

  if (body->len == 0)
    return g_byte_array_free_to_bytes (body);
  return g_bytes_new_with_free_func (body->data, body->len, wipe_body, body);
}

static KobanHttpResponse *
response_from (Request *request)
{
  KobanHttpResponse *response = g_atomic_rc_box_new0 (KobanHttpResponse);
  curl_off_t body_bytes = 0;
  long header_bytes = 0, status = 0;

  curl_easy_getinfo (request->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo (request->transfer.easy, CURLINFO_SIZE_DOWNLOAD_T, &body_bytes);
  curl_easy_getinfo (request->transfer.easy, CURLINFO_HEADER_SIZE, &header_bytes);

  g_ptr_array_add (request->answered, NULL);
  g_ptr_array_set_free_func (request->answered, NULL);
  response->status = (guint) status;
  response->headers = (char **) g_ptr_array_free (g_steal_pointer (&request->answered), FALSE);
  response->body = take_body (request);
  response->bytes_in = (guint64) body_bytes + (guint64) header_bytes;
  response->retry_after_s = retry_after (response);
  return response;
}

static void
complete (GTask *task, CURLcode result)
{
  Request *request = g_task_get_task_data (task);
  g_autoptr(KobanHttpResponse) response = NULL;
  GError *error = NULL;

  /* A refused address among several does no harm if another one answered. */
  if (result == CURLE_OK)
    response = response_from (request);
  else
    error = koban_transfer_error (&request->transfer, result);

  koban_transfer_end (&request->transfer);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&response), (GDestroyNotify) koban_http_response_free);
}

/* ---- the object ---- */

void
koban_http_global_init (void)
{
  static const char *const forgotten[] = { "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
                                           "SSLKEYLOGFILE" };

  for (guint i = 0; i < G_N_ELEMENTS (forgotten); i++)
    g_unsetenv (forgotten[i]);

  koban_wiped_begin_curl ();
}

static void
koban_http_init (KobanHttp *self)
{
  self->patience = (KobanHttpPatience){ .connect_ms = 15000, .total_ms = 60000, .slow_s = 60 };
  self->share = curl_share_init ();
  curl_share_setopt (self->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  self->transfers = koban_transfers_new ();
}

/* No request is left: each one's task holds a reference. */
static void
koban_http_finalize (GObject *object)
{
  KobanHttp *self = KOBAN_HTTP (object);

  koban_transfers_free (self->transfers);
  curl_share_cleanup (self->share);
  g_free (self->user_agent);

  G_OBJECT_CLASS (koban_http_parent_class)->finalize (object);
}

static void
koban_http_class_init (KobanHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_http_finalize;
}

KobanHttp *
koban_http_new (const char *user_agent)
{
  KobanHttp *self = g_object_new (KOBAN_TYPE_HTTP, NULL);

  self->user_agent = g_strdup (user_agent);
  return self;
}

void
koban_http_set_patience (KobanHttp *self, KobanHttpPatience patience)
{
  self->patience = patience;
}

KobanHttpPatience
koban_http_get_patience (KobanHttp *self)
{
  return self->patience;
}

KobanTransfers *
koban_http_get_transfers (KobanHttp *self)
{
  return self->transfers;
}

guint
koban_http_get_n_watched (KobanHttp *self)
{
  return koban_transfers_get_n_watched (self->transfers);
}

/* ---- the beginning of a request ---- */

static gboolean
check_line (const char *line, GError **error)
{
  const char *colon = strchr (line, ':');

  if (colon != NULL && colon != line && strpbrk (line, "\r\n") == NULL)
    return TRUE;

  /* The line may be a secret: it is not repeated. */
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("A header must be one line of the form “Name: value”."));
  return FALSE;
}

static gboolean
check_request (const KobanHttpRequest *request, GError **error)
{
  if (!check_url (request->url, NULL, NULL, error))
    return FALSE;

  for (guint i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
    if (!check_line (request->headers[i], error))
      return FALSE;

  for (guint i = 0; request->secret_headers != NULL && i < request->secret_headers->len; i++)
    if (!check_line (koban_secret_peek (g_ptr_array_index (request->secret_headers, i), NULL), error))
      return FALSE;

  return TRUE;
}

/* libcurl never writes to a line and never copies the list, so it may point into locked memory. */
static void
add_line (Request *self, const char *line)
{
  struct curl_slist *node = g_new0 (struct curl_slist, 1);

  node->data = (char *) (guintptr) line;
  *self->lines_tail = node;
  self->lines_tail = &node->next;
}

static void
add_secret_line (Request *self, KobanSecret *secret)
{
  g_ptr_array_add (self->secrets, koban_secret_ref (secret));
  add_line (self, koban_secret_peek (secret, NULL));
}

/* Our own line rather than libcurl's credentials: libcurl would keep copies that nobody wipes. */
static void
add_basic_line (Request *self, KobanSecret *basic)
{
  gsize length;
  const char *plain = koban_secret_peek (basic, &length);
  char *encoded = g_base64_encode ((const guchar *) plain, length);
  char *line = g_strconcat ("Authorization: Basic ", encoded, NULL);
  g_autoptr(KobanSecret) secret = koban_secret_new (line, -1);

  koban_secret_wipe (line);
  koban_secret_wipe (encoded);
  add_secret_line (self, secret);
}

static gboolean
names_content_type (char **headers)
{
  for (guint i = 0; headers != NULL && headers[i] != NULL; i++)
    if (g_ascii_strncasecmp (headers[i], "Content-Type:", strlen ("Content-Type:")) == 0)
      return TRUE;

  return FALSE;
}

static void
add_lines (Request *self, const KobanHttpRequest *request)
{
  for (guint i = 0; self->headers != NULL && self->headers[i] != NULL; i++)
    add_line (self, self->headers[i]);
  for (guint i = 0; request->secret_headers != NULL && i < request->secret_headers->len; i++)
    add_secret_line (self, g_ptr_array_index (request->secret_headers, i));
  if (request->basic != NULL)
    add_basic_line (self, request->basic);

  /* An empty value takes away what libcurl would add of its own. */
  add_line (self, "Expect:");
  if (!names_content_type (self->headers))
    add_line (self, "Content-Type:");
}

static Request *
request_new (KobanHttp *http, const KobanHttpRequest *request)
{
  Request *self = g_new0 (Request, 1);

  self->http = http;
  self->lines_tail = &self->lines;
  self->headers = g_strdupv ((char **) (guintptr) request->headers);
  self->secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_secret_unref);
  self->sent = request->body != NULL ? g_bytes_ref (request->body) : NULL;
  self->transfer.ca_pem = request->ca_pem != NULL ? g_bytes_ref (request->ca_pem) : NULL;
  self->body = g_byte_array_new ();
  self->answered = g_ptr_array_new_with_free_func (g_free);
  if (check_url (request->url, &self->transfer.host, NULL, NULL))
    self->transfer.host_is_agreed =
      request->host_was_typed || koban_http_host_is_literal (self->transfer.host);
  add_lines (self, request);
  return self;
}

static void
set_protocol (CURL *easy)
{
  curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
  /* The declared length; on_body() counts the real one. */
  curl_easy_setopt (easy, CURLOPT_MAXFILESIZE, (long) KOBAN_HTTP_MAX_BODY);
  /* check_url() has allowed http to loopback only. */
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "https,http");
  curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void
set_method (Request *self, const KobanHttpRequest *request)
{
  gboolean is_post = g_strcmp0 (request->method, "POST") == 0;
  gsize length = 0;
  const char *bytes = self->sent != NULL ? g_bytes_get_data (self->sent, &length) : NULL;

  if (is_post || g_strcmp0 (request->method, "PUT") == 0 || self->sent != NULL)
    {
      curl_easy_setopt (self->transfer.easy, CURLOPT_POST, 1L);
      curl_easy_setopt (self->transfer.easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) length);
      curl_easy_setopt (self->transfer.easy, CURLOPT_POSTFIELDS, bytes != NULL ? bytes : "");
    }
  if (!is_post && g_strcmp0 (request->method, "GET") != 0)
    curl_easy_setopt (self->transfer.easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* libcurl frees what OpenSSL makes of them; the text itself stays in locked memory. */
static void
set_certificate (Request *self, const KobanHttpRequest *request)
{
  const struct
  {
    CURLoption option, type;
    KobanSecret *pem;
  } parts[] = {
    { CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERTTYPE, request->certificate },
    { CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEYTYPE, request->key },
  };

  /* Before it uses a connection or a TLS session again, libcurl compares the certificates and not the keys:
   * whoever has the public half of another's would be taken for its owner. So who shows a certificate comes
   * alone. */
  if (request->certificate != NULL || request->key != NULL)
    koban_transfer_keep_to_itself (&self->transfer);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

      if (parts[i].pem == NULL)
        continue;
      g_ptr_array_add (self->secrets, koban_secret_ref (parts[i].pem));
      blob.data = (gpointer) (guintptr) koban_secret_peek (parts[i].pem, &blob.len);
      curl_easy_setopt (self->transfer.easy, parts[i].option, &blob);
      curl_easy_setopt (self->transfer.easy, parts[i].type, "PEM");
    }
}

static void
set_callbacks (Request *self)
{
  curl_easy_setopt (self->transfer.easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (self->transfer.easy, CURLOPT_WRITEDATA, self);
  curl_easy_setopt (self->transfer.easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (self->transfer.easy, CURLOPT_HEADERDATA, self);
}

static void
request_open (Request *self, const KobanHttpRequest *request)
{
  koban_transfer_open (&self->transfer, self->http->transfers, request->url, &self->http->patience);
  set_protocol (self->transfer.easy);
  set_callbacks (self);
  set_method (self, request);
  set_certificate (self, request);

  curl_easy_setopt (self->transfer.easy, CURLOPT_HTTPHEADER, self->lines);
  curl_easy_setopt (self->transfer.easy, CURLOPT_SHARE, self->http->share);
  curl_easy_setopt (self->transfer.easy, CURLOPT_USERAGENT, self->http->user_agent);
}

void
koban_http_send_async (KobanHttp *self,
                       const KobanHttpRequest *request,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  Request *ours;

  g_return_if_fail (KOBAN_IS_HTTP (self));
  g_return_if_fail (request->method != NULL && request->url != NULL);

  g_task_set_source_tag (task, koban_http_send_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!check_request (request, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  ours = request_new (self, request);
  g_task_set_task_data (task, ours, (GDestroyNotify) request_free);
  request_open (ours, request);
  koban_transfer_begin (&ours->transfer, g_steal_pointer (&task), complete);
}

KobanHttpResponse *
koban_http_send_finish (KobanHttp *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
