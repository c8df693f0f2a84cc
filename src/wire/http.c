/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libcurl's multi interface as one GSource, and each request as one GTask on it. It promises that a
 * request ends exactly once, at the latest after its total time, and that a secret goes only to the
 * host that was named, over verified TLS. It never follows a redirect, never logs, and never calls
 * libcurl from one of libcurl's own callbacks.
 *
 * Trust: the certificates are those that libcurl was built to use, or the request's own. libcurl
 * itself never reads CURL_CA_BUNDLE (its command does); OpenSSL's SSL_CERT_FILE and SSL_CERT_DIR, and
 * SSLKEYLOGFILE, matter in some builds only, so koban_http_global_init() forgets them all.
 */
#include "config.h"

#include "wire/http-address.h"
#include "wire/http-private.h"

#include <koban/error.h>
#include <koban/text.h>

#include <curl/curl.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_HEADER_BYTES (64 * 1024)
#define MAX_RETRY_AFTER_S (24 * 60 * 60)
#define MAX_PER_HOST 4L
#define SLOW_BYTES 16L

typedef struct
{
  GSource source;
  CURLM *multi;        /* (owned) */
  GHashTable *sockets; /* (owned): descriptor -> tag in @source */
} HttpSource;

struct _KobanHttp
{
  GObject parent;

  HttpSource *source; /* (owned) */
  CURLSH *share;      /* (owned): TLS sessions, which a multi handle does not share by itself */
  char *user_agent;   /* (owned) */
  KobanHttpPatience patience;
};

G_DEFINE_FINAL_TYPE (KobanHttp, koban_http, G_TYPE_OBJECT)

/* Where a request is refused by us inside a callback of libcurl, which then only says "failed". */
typedef enum
{
  REFUSED_NOTHING,
  REFUSED_ADDRESS,
  REFUSED_HEADERS,
  REFUSED_BODY,
} Refusal;

typedef struct
{
  KobanHttp *http; /* (unowned): its task holds it */
  CURL *easy;      /* (owned) (nullable): NULL once it has ended */
  GSource *cancel; /* (owned) (nullable) */

  char *host;              /* (owned) */
  gboolean host_is_agreed; /* an address and not a name, or a name that the person typed */
  guint proxy_port;        /* 0: no proxy */

  /* libcurl reads these while the transfer lasts and copies none of them. */
  struct curl_slist *lines;       /* (owned): the nodes only */
  struct curl_slist **lines_tail; /* where the next node goes */
  char **headers;                 /* (owned) (nullable) */
  GPtrArray *secrets;             /* (owned) (element-type KobanSecret) */
  GBytes *sent;                   /* (owned) (nullable) */
  GBytes *ca_pem;                 /* (owned) (nullable) */

  GByteArray *body;    /* (owned) */
  GPtrArray *answered; /* (owned) (element-type utf8): name, value, … */
  gsize header_bytes;
  Refusal refusal;
  char message[CURL_ERROR_SIZE];
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
  time_t until, now;

  if (wait == NULL || *wait == '\0')
    return -1;
  if (strspn (wait, "0123456789") == strlen (wait))
    return (gint64) MIN (g_ascii_strtoull (wait, NULL, 10), MAX_RETRY_AFTER_S);
  if (!g_ascii_isalpha (*wait))
    return -1;

  until = curl_getdate (wait, NULL);
  now = date != NULL ? curl_getdate (date, NULL) : -1;
  if (now == -1)
    now = (time_t) (g_get_real_time () / G_USEC_PER_SEC);

  return until == -1 ? -1 : CLAMP ((gint64) until - (gint64) now, 0, MAX_RETRY_AFTER_S);
}

/* ---- addresses ---- */

static char *
url_part (CURLU *url, CURLUPart part)
{
  char *value = NULL;
  char *copy;

  if (curl_url_get (url, part, &value, 0) != CURLUE_OK)
    return NULL;

  copy = g_strdup (value);
  curl_free (value);
  return copy;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CURLU, curl_url_cleanup)

static gboolean
refuse_url (GError **error, const char *sentence)
{
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED, sentence);
  return FALSE;
}

/* What stands between "://" and the path; NULL where libcurl would guess. */
static char *
dup_authority (const char *url)
{
  const char *colon = strchr (url, ':');

  if (colon == NULL || strncmp (colon, "://", 3) != 0)
    return NULL;

  return g_strndup (colon + 3, strcspn (colon + 3, "/?#"));
}

/* libcurl's own parser judges, so that what is checked here is what it will connect to. */
static gboolean
check_url (const char *url, char **host_out, char **host_and_port_out, GError **error)
{
  g_autoptr(CURLU) parsed = curl_url ();
  gboolean well_formed = curl_url_set (parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  g_autofree char *authority = dup_authority (url);
  g_autofree char *scheme = well_formed ? url_part (parsed, CURLUPART_SCHEME) : NULL;
  g_autofree char *any_case = well_formed ? url_part (parsed, CURLUPART_HOST) : NULL;
  g_autofree char *port = well_formed ? url_part (parsed, CURLUPART_PORT) : NULL;
  g_autofree char *host = g_ascii_strdown (any_case != NULL ? any_case : "", -1);
  gboolean is_https = g_strcmp0 (scheme, "https") == 0;

  if (authority == NULL || *authority == '\0' || scheme == NULL || *host == '\0')
    return refuse_url (error, _("This is not an address of the form https://host/path."));
  if (strchr (authority, '@') != NULL)
    return refuse_url (error,
                       _("The address contains a user name or password before the host; leave it out."));
  if (strchr (url, '#') != NULL)
    return refuse_url (error,
                       _("The address contains a part after “#”, which is never sent; leave it out."));
  if (!g_str_is_ascii (host))
    return refuse_url (error, _("The host is not written in plain letters; give its “xn--” form."));
  if (!is_https && (g_strcmp0 (scheme, "http") != 0 || !koban_http_host_is_loopback (host)))
    return refuse_url (
      error, _("The address must begin with “https://”; plain “http://” is allowed to this computer only."));

  if (host_and_port_out != NULL)
    *host_and_port_out = port != NULL ? g_strconcat (host, ":", port, NULL) : g_strdup (host);
  if (host_out != NULL)
    *host_out = g_steal_pointer (&host);
  return TRUE;
}

gboolean
koban_http_check_url (const char *url, char **host_out, GError **error)
{
  g_return_val_if_fail (url != NULL, FALSE);

  return check_url (url, NULL, host_out, error);
}

/* The proxy that libcurl will find in the environment. It may well have a private address. */
static guint
proxy_port_for (const char *url)
{
  static const char *const names[][4] = {
    { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" },
    { "http_proxy", NULL, "all_proxy", "ALL_PROXY" }, /* HTTP_PROXY may come from a CGI client: never read */
  };
  const char *const *candidates = names[g_ascii_strncasecmp (url, "https:", 6) == 0 ? 0 : 1];
  const char *proxy = NULL;
  g_autoptr(CURLU) parsed = curl_url ();
  g_autofree char *port = NULL;

  for (guint i = 0; i < 4 && proxy == NULL; i++)
    proxy = candidates[i] != NULL ? g_getenv (candidates[i]) : NULL;
  if (proxy == NULL || *proxy == '\0')
    return 0;

  if (curl_url_set (parsed, CURLUPART_URL, proxy, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
    port = url_part (parsed, CURLUPART_PORT);
  if (port != NULL)
    return (guint) g_ascii_strtoull (port, NULL, 10);

  return g_ascii_strncasecmp (proxy, "https:", 6) == 0 ? 443 : 1080;
}

/* ---- what libcurl calls: record and return, never call it back ---- */

/* A name of the internet that resolves into this computer or its network is a trick (DNS rebinding),
 * unless the person typed it, or the connection goes to the person's own proxy. */
static gboolean
may_connect (Request *request, const struct sockaddr *native, gsize length)
{
  g_autoptr(GSocketAddress) address =
    g_socket_address_new_from_native ((gpointer) (guintptr) native, length);
  GInetSocketAddress *inet;

  if (request->host_is_agreed)
    return TRUE;
  if (address == NULL || !G_IS_INET_SOCKET_ADDRESS (address))
    return FALSE;

  inet = G_INET_SOCKET_ADDRESS (address);
  if (request->proxy_port != 0 && g_inet_socket_address_get_port (inet) == request->proxy_port)
    return TRUE;

  return koban_http_address_is_public (g_inet_socket_address_get_address (inet));
}

static curl_socket_t
on_open_socket (void *user_data, curlsocktype purpose, struct curl_sockaddr *to)
{
  Request *request = user_data;

  if (!may_connect (request, &to->addr, to->addrlen))
    {
      request->refusal = REFUSED_ADDRESS;
      return CURL_SOCKET_BAD;
    }
  return socket (to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t
on_body (char *data, size_t size, size_t n, void *user_data)
{
  Request *request = user_data;

  /* These bytes are decoded ones, so a small answer that unpacks to a huge one ends here. */
  if (size * n > KOBAN_HTTP_MAX_BODY - request->body->len)
    {
      request->refusal = REFUSED_BODY;
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
      request->refusal = REFUSED_HEADERS;
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

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *user_data, void *socket_data)
{
  HttpSource *self = user_data;
  GIOCondition events = G_IO_ERR | G_IO_HUP;
  gpointer tag = socket_data;

  if (what == CURL_POLL_REMOVE)
    {
      if (tag != NULL)
        g_source_remove_unix_fd (&self->source, tag);
      g_hash_table_remove (self->sockets, GINT_TO_POINTER (fd));
      curl_multi_assign (self->multi, fd, NULL);
      return 0;
    }

  if (what & CURL_POLL_IN)
    events |= G_IO_IN;
  if (what & CURL_POLL_OUT)
    events |= G_IO_OUT;

  if (tag != NULL)
    {
      g_source_modify_unix_fd (&self->source, tag, events);
      return 0;
    }

  /* curl_multi_assign() is the one call that libcurl allows here. */
  tag = g_source_add_unix_fd (&self->source, fd, events);
  g_hash_table_insert (self->sockets, GINT_TO_POINTER (fd), tag);
  curl_multi_assign (self->multi, fd, tag);
  return 0;
}

static int
on_timer (CURLM *multi, long timeout_ms, void *user_data)
{
  HttpSource *self = user_data;

  g_source_set_ready_time (&self->source, timeout_ms < 0 ? -1 : g_get_monotonic_time () + timeout_ms * 1000);
  return 0;
}

/* ---- the end of a request ---- */

/* The one place where a request ends, by completion and by cancelling alike: afterwards a cancel that
 * is already pending in this iteration is not dispatched, and libcurl knows the request no more. */
static void
request_end (Request *request)
{
  if (request->cancel != NULL)
    g_source_destroy (request->cancel);
  if (request->easy == NULL)
    return;

  curl_multi_remove_handle (request->http->source->multi, request->easy);
  g_clear_pointer (&request->easy, curl_easy_cleanup);
}

static void
request_free (Request *request)
{
  g_assert (request->easy == NULL);

  while (request->lines != NULL)
    {
      struct curl_slist *node = request->lines;

      request->lines = node->next;
      g_free (node);
    }
  g_clear_pointer (&request->cancel, g_source_unref);
  g_clear_pointer (&request->headers, g_strfreev);
  g_clear_pointer (&request->secrets, g_ptr_array_unref);
  g_clear_pointer (&request->sent, g_bytes_unref);
  g_clear_pointer (&request->ca_pem, g_bytes_unref);
  g_clear_pointer (&request->body, g_byte_array_unref);
  g_clear_pointer (&request->answered, g_ptr_array_unref);
  g_free (request->host);
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

  curl_easy_getinfo (request->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo (request->easy, CURLINFO_SIZE_DOWNLOAD_T, &body_bytes);
  curl_easy_getinfo (request->easy, CURLINFO_HEADER_SIZE, &header_bytes);

  g_ptr_array_add (request->answered, NULL);
  g_ptr_array_set_free_func (request->answered, NULL);
  response->status = (guint) status;
  response->headers = (char **) g_ptr_array_free (g_steal_pointer (&request->answered), FALSE);
  response->body = take_body (request);
  response->bytes_in = (guint64) body_bytes + (guint64) header_bytes;
  response->retry_after_s = retry_after (response);
  return response;
}

static const struct
{
  Refusal refusal;
  KobanError code;
  const char *sentence;
} refusals[] = {
  { REFUSED_ADDRESS, KOBAN_ERROR_UNTRUSTED,
    N_("The name of this host leads into a private network, so nothing was sent. If it is your own server, "
        "add it with its name as --base-url.") },
  { REFUSED_HEADERS, KOBAN_ERROR_INVALID, N_("The head of the answer is too large.") },
  { REFUSED_BODY, KOBAN_ERROR_INVALID, N_("The answer is too large.") },
};

static const struct
{
  CURLcode result;
  KobanError code;
  const char *sentence;
} failures[] = {
  { CURLE_COULDNT_RESOLVE_HOST, KOBAN_ERROR_OFFLINE,
    N_("The host was not found; is this computer online?") },
  { CURLE_COULDNT_RESOLVE_PROXY, KOBAN_ERROR_OFFLINE,
    N_("The proxy named in the environment was not found.") },
  { CURLE_PROXY, KOBAN_ERROR_OFFLINE, N_("The proxy named in the environment refused the connection.") },
  { CURLE_COULDNT_CONNECT, KOBAN_ERROR_OFFLINE, N_("The host does not accept a connection.") },
  { CURLE_OPERATION_TIMEDOUT, KOBAN_ERROR_OFFLINE, N_("The host did not answer in time.") },
  { CURLE_GOT_NOTHING, KOBAN_ERROR_OFFLINE, N_("The host closed the connection without an answer.") },
  { CURLE_PARTIAL_FILE, KOBAN_ERROR_OFFLINE, N_("The connection was cut in the middle of the answer.") },
  { CURLE_SEND_ERROR, KOBAN_ERROR_OFFLINE, N_("The connection was cut while asking.") },
  { CURLE_RECV_ERROR, KOBAN_ERROR_OFFLINE, N_("The connection was cut while the answer came in.") },
  { CURLE_HTTP2, KOBAN_ERROR_OFFLINE, N_("The connection was cut while the answer came in.") },
  { CURLE_HTTP2_STREAM, KOBAN_ERROR_OFFLINE, N_("The connection was cut in the middle of the answer.") },
  { CURLE_SSL_CERTPROBLEM, KOBAN_ERROR_NEEDS_SIGN_IN,
    N_("The certificate and the key are not PEM files that belong together.") },
  { CURLE_SSL_CONNECT_ERROR, KOBAN_ERROR_UNTRUSTED, N_("No secure connection could be made.") },
  { CURLE_PEER_FAILED_VERIFICATION, KOBAN_ERROR_UNTRUSTED,
    N_("The host could not prove that it is who it says it is, so nothing was sent.") },
  { CURLE_SSL_CACERT_BADFILE, KOBAN_ERROR_UNTRUSTED, N_("The trusted certificates could not be read.") },
  { CURLE_URL_MALFORMAT, KOBAN_ERROR_UNTRUSTED, N_("This address cannot be used.") },
  { CURLE_FILESIZE_EXCEEDED, KOBAN_ERROR_INVALID, N_("The answer is too large.") },
  { CURLE_WRITE_ERROR, KOBAN_ERROR_INVALID, N_("The answer could not be unpacked.") },
  { CURLE_BAD_CONTENT_ENCODING, KOBAN_ERROR_INVALID, N_("The answer could not be unpacked.") },
  { CURLE_WEIRD_SERVER_REPLY, KOBAN_ERROR_INVALID, N_("The answer is not HTTP.") },
  { CURLE_UNSUPPORTED_PROTOCOL, KOBAN_ERROR_INVALID, N_("The answer is not HTTP.") },
};

/* Both OpenSSL's and GnuTLS's words for a certificate outside its dates. */
static gboolean
blames_the_date (const char *message)
{
  static const char *const words[] = { "expired", "expiration", "not yet valid", "not yet activated" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (message, words[i]) != NULL)
      return TRUE;

  return FALSE;
}

/* What the host says, by TLS alert, to a client certificate that it does not want, or misses. */
static gboolean
blames_our_certificate (const char *message)
{
  static const char *const words[] = { "alert certificate required", "alert bad certificate",
                                       "alert unknown ca",           "alert certificate unknown",
                                       "alert handshake failure",    "alert certificate expired",
                                       "alert certificate revoked" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (message, words[i]) != NULL)
      return TRUE;

  return FALSE;
}

static GError *
error_for (Request *request, CURLcode result)
{
  g_autofree char *detail = koban_text_clean (request->message, 200);
  KobanError code = KOBAN_ERROR_FAILED;
  const char *sentence = N_("The request failed.");

  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    if (failures[i].result == result)
      {
        code = failures[i].code;
        sentence = failures[i].sentence;
      }
  if (blames_our_certificate (request->message))
    {
      code = KOBAN_ERROR_NEEDS_SIGN_IN;
      sentence = N_("The host does not accept the certificate that Koban shows, or wants one.");
    }
  else if (code == KOBAN_ERROR_UNTRUSTED && blames_the_date (request->message))
    sentence = N_("The host's certificate is not valid on today's date. Is this computer's clock right? "
                   "Nothing was sent.");

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (refusals[i].refusal == request->refusal)
      return g_error_new (KOBAN_ERROR, (gint) refusals[i].code, "%s: %s", request->host,
                          _(refusals[i].sentence));

  if (*detail == '\0')
    return g_error_new (KOBAN_ERROR, (gint) code, "%s: %s", request->host, _(sentence));
  return g_error_new (KOBAN_ERROR, (gint) code, "%s: %s (%s)", request->host, _(sentence), detail);
}

/* A broken handshake is a network fault if the system says so, and a refusal of ours otherwise. */
static CURLcode
without_network_faults (Request *request, CURLcode result)
{
  long system_error = 0;

  curl_easy_getinfo (request->easy, CURLINFO_OS_ERRNO, &system_error);
  if (result == CURLE_SSL_CONNECT_ERROR &&
      (system_error == ECONNRESET || strstr (request->message, "SSL_ERROR_SYSCALL")))
    return CURLE_RECV_ERROR;

  return result;
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
    error = error_for (request, without_network_faults (request, result));

  request_end (request);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&response), (GDestroyNotify) koban_http_response_free);
}

/* Called from our own context, outside libcurl: removing the transfer is allowed. */
static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr(GTask) task = user_data; /* the reference that the transfer held */

  request_end (g_task_get_task_data (task));
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* ---- the source ---- */

static void
complete_finished (HttpSource *self)
{
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read (self->multi, &left)) != NULL)
    {
      CURLcode result = message->data.result; /* @message dies with its transfer's removal */
      g_autoptr(GTask) task = NULL;

      if (message->msg != CURLMSG_DONE)
        continue;

      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **) &task);
      complete (task, result);
    }
}

typedef struct
{
  int fd;
  int events;
} Ready;

/* A snapshot: on_socket() edits the table while libcurl works on the descriptors. */
static GArray *
ready_sockets (HttpSource *self)
{
  GArray *ready = g_array_new (FALSE, FALSE, sizeof (Ready));
  GHashTableIter iter;
  gpointer fd, tag;

  g_hash_table_iter_init (&iter, self->sockets);
  while (g_hash_table_iter_next (&iter, &fd, &tag))
    {
      GIOCondition seen = g_source_query_unix_fd (&self->source, tag);
      Ready row = { GPOINTER_TO_INT (fd), 0 };

      row.events |= (seen & G_IO_IN) ? CURL_CSELECT_IN : 0;
      row.events |= (seen & G_IO_OUT) ? CURL_CSELECT_OUT : 0;
      row.events |= (seen & (G_IO_ERR | G_IO_HUP)) ? CURL_CSELECT_ERR : 0;
      if (row.events != 0)
        g_array_append_val (ready, row);
    }
  return ready;
}

static gboolean
http_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  HttpSource *self = (HttpSource *) source;
  g_autoptr(GArray) ready = ready_sockets (self);
  gint64 due_us = g_source_get_ready_time (source);
  int running;

  if (due_us >= 0 && due_us <= g_source_get_time (source))
    {
      g_source_set_ready_time (source, -1); /* before libcurl may set the next one */
      curl_multi_socket_action (self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }

  /* libcurl ignores a descriptor that it has dropped meanwhile. */
  for (guint i = 0; i < ready->len; i++)
    {
      const Ready *row = &g_array_index (ready, Ready, i);

      curl_multi_socket_action (self->multi, row->fd, row->events, &running);
    }

  complete_finished (self);
  return G_SOURCE_CONTINUE;
}

static void
http_source_finalize (GSource *source)
{
  HttpSource *self = (HttpSource *) source;

  /* Cleaning up may call them, and the source can watch nothing any more. */
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, NULL);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, NULL);
  curl_multi_cleanup (self->multi);
  g_hash_table_unref (self->sockets);
}

static GSourceFuncs http_source_funcs = {
  NULL, NULL, http_source_dispatch, http_source_finalize, NULL, NULL
};

static HttpSource *
http_source_new (void)
{
  HttpSource *self = (HttpSource *) g_source_new (&http_source_funcs, sizeof (HttpSource));

  g_source_set_static_name (&self->source, "koban-http");
  self->multi = curl_multi_init ();
  self->sockets = g_hash_table_new (NULL, NULL);
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_PER_HOST);
  return self;
}

/* ---- the object ---- */

void
koban_http_global_init (void)
{
  static const char *const forgotten[] = { "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
                                           "SSLKEYLOGFILE" };

  for (guint i = 0; i < G_N_ELEMENTS (forgotten); i++)
    g_unsetenv (forgotten[i]);

  curl_global_init (CURL_GLOBAL_DEFAULT);
}

static void
koban_http_init (KobanHttp *self)
{
  self->patience = (KobanHttpPatience){ .connect_ms = 15000, .total_ms = 60000, .slow_s = 60 };
  self->share = curl_share_init ();
  curl_share_setopt (self->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  self->source = http_source_new ();
  g_source_attach (&self->source->source, g_main_context_get_thread_default ());
}

/* No request is left: each one's task holds a reference. */
static void
koban_http_finalize (GObject *object)
{
  KobanHttp *self = KOBAN_HTTP (object);

  g_source_destroy (&self->source->source);
  g_source_unref (&self->source->source);
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

guint
koban_http_get_n_watched (KobanHttp *self)
{
  return g_hash_table_size (self->source->sockets);
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
  self->ca_pem = request->ca_pem != NULL ? g_bytes_ref (request->ca_pem) : NULL;
  self->body = g_byte_array_new ();
  self->answered = g_ptr_array_new_with_free_func (g_free);
  self->proxy_port = proxy_port_for (request->url);
  if (check_url (request->url, &self->host, NULL, NULL))
    self->host_is_agreed = request->host_was_typed || koban_http_host_is_literal (self->host);
  add_lines (self, request);
  return self;
}

static void
set_constant_options (CURL *easy)
{
  static const struct
  {
    CURLoption option;
    long value;
  } constants[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_FOLLOWLOCATION, 0 }, /* own headers would go to the other host too */
    { CURLOPT_NETRC, CURL_NETRC_IGNORED },
    { CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS },
    { CURLOPT_MAXFILESIZE, KOBAN_HTTP_MAX_BODY }, /* the declared length; on_body() counts the real one */
    { CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES },
    { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
    { CURLOPT_QUICK_EXIT, 1 }, /* cancelling does not wait for the resolver's thread */
  };

  for (guint i = 0; i < G_N_ELEMENTS (constants); i++)
    curl_easy_setopt (easy, constants[i].option, constants[i].value);

  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR,
                    "https,http"); /* check_url() has allowed http to loopback only */
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
      curl_easy_setopt (self->easy, CURLOPT_POST, 1L);
      curl_easy_setopt (self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) length);
      curl_easy_setopt (self->easy, CURLOPT_POSTFIELDS, bytes != NULL ? bytes : "");
    }
  if (!is_post && g_strcmp0 (request->method, "GET") != 0)
    curl_easy_setopt (self->easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void
set_trust (Request *self)
{
  struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

  if (self->ca_pem == NULL)
    return;

  blob.data = (gpointer) (guintptr) g_bytes_get_data (self->ca_pem, &blob.len);
  curl_easy_setopt (self->easy, CURLOPT_CAINFO_BLOB, &blob);
  curl_easy_setopt (self->easy, CURLOPT_CAPATH, NULL); /* instead of the system's, not beside them */
}

/* Before it uses a connection or a TLS session again, libcurl compares the certificates and not the keys:
 * whoever has the public half of another's would be taken for its owner. So who shows a certificate comes
 * alone. */
static void
keep_to_itself (CURL *easy)
{
  curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt (easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt (easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
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

  if (request->certificate != NULL || request->key != NULL)
    keep_to_itself (self->easy);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

      if (parts[i].pem == NULL)
        continue;
      g_ptr_array_add (self->secrets, koban_secret_ref (parts[i].pem));
      blob.data = (gpointer) (guintptr) koban_secret_peek (parts[i].pem, &blob.len);
      curl_easy_setopt (self->easy, parts[i].option, &blob);
      curl_easy_setopt (self->easy, parts[i].type, "PEM");
    }
}

static void
set_callbacks (Request *self)
{
  curl_easy_setopt (self->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (self->easy, CURLOPT_WRITEDATA, self);
  curl_easy_setopt (self->easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (self->easy, CURLOPT_HEADERDATA, self);
  curl_easy_setopt (self->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt (self->easy, CURLOPT_OPENSOCKETDATA, self);
  curl_easy_setopt (self->easy, CURLOPT_ERRORBUFFER, self->message);
}

static void
request_open (Request *self, const KobanHttpRequest *request)
{
  KobanHttpPatience patience = self->http->patience;

  self->easy = curl_easy_init ();
  set_constant_options (self->easy);
  set_callbacks (self);
  set_method (self, request);
  set_trust (self);
  set_certificate (self, request);

  curl_easy_setopt (self->easy, CURLOPT_URL, request->url);
  curl_easy_setopt (self->easy, CURLOPT_HTTPHEADER, self->lines);
  curl_easy_setopt (self->easy, CURLOPT_SHARE, self->http->share);
  curl_easy_setopt (self->easy, CURLOPT_USERAGENT, self->http->user_agent);
  curl_easy_setopt (self->easy, CURLOPT_CONNECTTIMEOUT_MS, (long) patience.connect_ms);
  curl_easy_setopt (self->easy, CURLOPT_TIMEOUT_MS, (long) patience.total_ms);
  curl_easy_setopt (self->easy, CURLOPT_LOW_SPEED_TIME, (long) patience.slow_s);
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
  curl_easy_setopt (ours->easy, CURLOPT_PRIVATE, task);

  if (cancellable != NULL)
    {
      ours->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (ours->cancel, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (ours->cancel, g_task_get_context (task));
    }

  /* The transfer holds the task from here; request_end()'s caller takes it back. */
  curl_multi_add_handle (self->source->multi, ours->easy);
  g_steal_pointer (&task);
}

KobanHttpResponse *
koban_http_send_finish (KobanHttp *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
