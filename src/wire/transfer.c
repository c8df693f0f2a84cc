/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libcurl's multi interface as one GSource, and each transfer as one GTask on it. It promises that
 * a transfer ends exactly once, at the latest after its total time, and that nothing is sent to a
 * host that did not prove itself. It never logs, and never calls libcurl from one of libcurl's own
 * callbacks.
 *
 * Trust: the certificates are those that libcurl was built to use, or the transfer's own. libcurl
 * itself never reads CURL_CA_BUNDLE (its command does); OpenSSL's SSL_CERT_FILE and SSL_CERT_DIR, and
 * SSLKEYLOGFILE, matter in some builds only, so koban_http_global_init() forgets them all.
 */
#include "config.h"

#include "wire/http-address.h"
#include "wire/transfer.h"

#include <koban/error.h>
#include <koban/text.h>

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_PER_HOST 4L
#define SLOW_BYTES 16L

struct _KobanTransfers
{
  GSource source;
  CURLM *multi;        /* (owned) */
  GHashTable *sockets; /* (owned): descriptor -> tag in @source */
};

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

void
koban_url_clear (KobanUrl *self)
{
  g_clear_pointer (&self->scheme, g_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->port, g_free);
  g_clear_pointer (&self->path, g_free);
}

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

static void
take_parts (CURLU *from, KobanUrl *parsed)
{
  g_autofree char *any_case = url_part (from, CURLUPART_HOST);

  parsed->scheme = url_part (from, CURLUPART_SCHEME);
  parsed->host = g_ascii_strdown (any_case != NULL ? any_case : "", -1);
  parsed->port = url_part (from, CURLUPART_PORT);
  parsed->path = url_part (from, CURLUPART_PATH);
}

gboolean
koban_url_parse (const char *url, const char *form, KobanUrl *parsed, GError **error)
{
  g_autoptr(CURLU) from = curl_url ();
  g_autofree char *authority = dup_authority (url);
  g_auto(KobanUrl) found = { 0 };

  if (curl_url_set (from, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
    take_parts (from, &found);
  if (authority == NULL || *authority == '\0' || found.scheme == NULL || *found.host == '\0')
    return refuse_url (error, form);
  if (strchr (authority, '@') != NULL)
    return refuse_url (error,
                       _("The address contains a user name or password before the host; leave it out."));
  if (strchr (url, '#') != NULL)
    return refuse_url (error,
                       _("The address contains a part after “#”, which is never sent; leave it out."));
  if (!g_str_is_ascii (found.host))
    return refuse_url (error, _("The host is not written in plain letters; give its “xn--” form."));

  *parsed = found;
  found = (KobanUrl){ 0 };
  return TRUE;
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
may_connect (KobanTransfer *self, const struct sockaddr *native, gsize length)
{
  g_autoptr(GSocketAddress) address =
    g_socket_address_new_from_native ((gpointer) (guintptr) native, length);
  GInetSocketAddress *inet;

  if (self->host_is_agreed)
    return TRUE;
  if (address == NULL || !G_IS_INET_SOCKET_ADDRESS (address))
    return FALSE;

  inet = G_INET_SOCKET_ADDRESS (address);
  if (self->proxy_port != 0 && g_inet_socket_address_get_port (inet) == self->proxy_port)
    return TRUE;

  return koban_http_address_is_public (g_inet_socket_address_get_address (inet));
}

static curl_socket_t
on_open_socket (void *user_data, curlsocktype purpose, struct curl_sockaddr *to)
{
  KobanTransfer *self = user_data;

  if (!may_connect (self, &to->addr, to->addrlen))
    {
      self->refusal = KOBAN_REFUSED_ADDRESS;
      return CURL_SOCKET_BAD;
    }
  return socket (to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *user_data, void *socket_data)
{
  KobanTransfers *self = user_data;
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
  KobanTransfers *self = user_data;

  g_source_set_ready_time (&self->source, timeout_ms < 0 ? -1 : g_get_monotonic_time () + timeout_ms * 1000);
  return 0;
}

/* ---- what went wrong ---- */

static const struct
{
  KobanRefusal refusal;
  KobanError code;
  const char *sentence;
} refusals[] = {
  { KOBAN_REFUSED_ADDRESS, KOBAN_ERROR_UNTRUSTED,
    N_("The name of this host leads into a private network, so nothing was sent. If it is your own server, "
        "add it with its name as --base-url.") },
  { KOBAN_REFUSED_HEADERS, KOBAN_ERROR_INVALID, N_("The head of the answer is too large.") },
  { KOBAN_REFUSED_BODY, KOBAN_ERROR_INVALID, N_("The answer is too large.") },
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
  { CURLE_LOGIN_DENIED, KOBAN_ERROR_NEEDS_SIGN_IN,
    N_("The server does not accept this name and password.") },
  { CURLE_USE_SSL_FAILED, KOBAN_ERROR_UNTRUSTED,
    N_("The server offers no secure connection, so nothing was sent.") },
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

/* A broken handshake is a network fault if the system says so, and a refusal of ours otherwise. */
static CURLcode
without_network_faults (KobanTransfer *self, CURLcode result)
{
  long system_error = 0;

  curl_easy_getinfo (self->easy, CURLINFO_OS_ERRNO, &system_error);
  if (result == CURLE_SSL_CONNECT_ERROR &&
      (system_error == ECONNRESET || strstr (self->message, "SSL_ERROR_SYSCALL")))
    return CURLE_RECV_ERROR;

  return result;
}

/* It is not the bank that does not accept. libcurl says whom it tried, unless no_proxy= took the host out. */
static CURLcode
or_of_the_proxy (KobanTransfer *self, CURLcode result)
{
  g_autofree char *tried = g_strdup_printf (" port %u ", self->proxy_port);

  return result == CURLE_COULDNT_CONNECT && self->proxy_port != 0 && strstr (self->message, tried) != NULL
           ? CURLE_PROXY
           : result;
}

GError *
koban_transfer_error (KobanTransfer *self, CURLcode result)
{
  g_autofree char *detail = koban_text_clean (self->message, 200);
  KobanError code = KOBAN_ERROR_FAILED;
  const char *sentence = N_("The request failed.");

  result = or_of_the_proxy (self, without_network_faults (self, result));
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    if (failures[i].result == result)
      {
        code = failures[i].code;
        sentence = failures[i].sentence;
      }
  if (blames_our_certificate (self->message))
    {
      code = KOBAN_ERROR_NEEDS_SIGN_IN;
      sentence = N_("The host does not accept the certificate that Koban shows, or wants one.");
    }
  else if (code == KOBAN_ERROR_UNTRUSTED && blames_the_date (self->message))
    sentence = N_("The host's certificate is not valid on today's date. Is this computer's clock right? "
                   "Nothing was sent.");

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (refusals[i].refusal == self->refusal)
      return g_error_new (KOBAN_ERROR, (gint) refusals[i].code, "%s: %s", self->host,
                          _(refusals[i].sentence));

  if (*detail == '\0')
    return g_error_new (KOBAN_ERROR, (gint) code, "%s: %s", self->host, _(sentence));
  return g_error_new (KOBAN_ERROR, (gint) code, "%s: %s (%s)", self->host, _(sentence), detail);
}

/* ---- the source ---- */

static void
complete_finished (KobanTransfers *self)
{
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read (self->multi, &left)) != NULL)
    {
      CURLcode result = message->data.result; /* @message dies with its transfer's removal */
      KobanTransfer *transfer = NULL;

      if (message->msg != CURLMSG_DONE)
        continue;

      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
      g_autoptr(GTask) task = g_steal_pointer (&transfer->task);
      transfer->done (task, result);
    }
}

typedef struct
{
  int fd;
  int events;
} Ready;

/* A snapshot: on_socket() edits the table while libcurl works on the descriptors. */
static GArray *
ready_sockets (KobanTransfers *self)
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
transfers_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KobanTransfers *self = (KobanTransfers *) source;
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
transfers_finalize (GSource *source)
{
  KobanTransfers *self = (KobanTransfers *) source;

  /* Cleaning up may call them, and the source can watch nothing any more. */
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, NULL);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, NULL);
  curl_multi_cleanup (self->multi);
  g_hash_table_unref (self->sockets);
}

static GSourceFuncs transfers_funcs = { NULL, NULL, transfers_dispatch, transfers_finalize, NULL, NULL };

KobanTransfers *
koban_transfers_new (void)
{
  KobanTransfers *self = (KobanTransfers *) g_source_new (&transfers_funcs, sizeof (KobanTransfers));

  g_source_set_static_name (&self->source, "koban-http");
  self->multi = curl_multi_init ();
  self->sockets = g_hash_table_new (NULL, NULL);
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_PER_HOST);
  g_source_attach (&self->source, g_main_context_get_thread_default ());
  return self;
}

void
koban_transfers_free (KobanTransfers *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

guint
koban_transfers_get_n_watched (KobanTransfers *self)
{
  return g_hash_table_size (self->sockets);
}

/* ---- the transfer ---- */

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
    { CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES },
    { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
    { CURLOPT_QUICK_EXIT, 1 }, /* cancelling does not wait for the resolver's thread */
  };

  for (guint i = 0; i < G_N_ELEMENTS (constants); i++)
    curl_easy_setopt (easy, constants[i].option, constants[i].value);
}

static void
set_trust (KobanTransfer *self)
{
  struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

  if (self->ca_pem == NULL)
    return;

  blob.data = (gpointer) (guintptr) g_bytes_get_data (self->ca_pem, &blob.len);
  curl_easy_setopt (self->easy, CURLOPT_CAINFO_BLOB, &blob);
  curl_easy_setopt (self->easy, CURLOPT_CAPATH, NULL); /* instead of the system's, not beside them */
}

void
koban_transfer_open (KobanTransfer *self,
                     KobanTransfers *transfers,
                     const char *url,
                     const KobanHttpPatience *patience)
{
  self->transfers = transfers;
  self->proxy_port = proxy_port_for (url);
  self->easy = curl_easy_init ();
  set_constant_options (self->easy);
  set_trust (self);
  curl_easy_setopt (self->easy, CURLOPT_PRIVATE, self);
  curl_easy_setopt (self->easy, CURLOPT_URL, url);
  curl_easy_setopt (self->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt (self->easy, CURLOPT_OPENSOCKETDATA, self);
  curl_easy_setopt (self->easy, CURLOPT_ERRORBUFFER, self->message);
  curl_easy_setopt (self->easy, CURLOPT_CONNECTTIMEOUT_MS, (long) patience->connect_ms);
  curl_easy_setopt (self->easy, CURLOPT_TIMEOUT_MS, (long) patience->total_ms);
  curl_easy_setopt (self->easy, CURLOPT_LOW_SPEED_TIME, (long) patience->slow_s);
}

void
koban_transfer_keep_to_itself (KobanTransfer *self)
{
  curl_easy_setopt (self->easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt (self->easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt (self->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

/* Called from our own context, outside libcurl: removing the transfer is allowed. */
static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  KobanTransfer *self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->task);

  koban_transfer_end (self);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

void
koban_transfer_begin (KobanTransfer *self, GTask *task, KobanTransferDone done)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->task = task;
  self->done = done;
  if (cancellable != NULL)
    {
      self->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancel, G_SOURCE_FUNC (on_cancelled), self, NULL);
      g_source_attach (self->cancel, g_task_get_context (task));
    }
  curl_multi_add_handle (self->transfers->multi, self->easy);
}

/* The one place where a transfer ends, by completion and by cancelling alike: afterwards a cancel that
 * is already pending in this iteration is not dispatched, and libcurl knows the transfer no more. */
void
koban_transfer_end (KobanTransfer *self)
{
  if (self->cancel != NULL)
    g_source_destroy (self->cancel);
  if (self->easy == NULL)
    return;

  curl_multi_remove_handle (self->transfers->multi, self->easy);
  g_clear_pointer (&self->easy, curl_easy_cleanup);
}

void
koban_transfer_clear (KobanTransfer *self)
{
  g_assert (self->easy == NULL && self->task == NULL);

  g_clear_pointer (&self->cancel, g_source_unref);
  g_clear_pointer (&self->ca_pem, g_bytes_unref);
  g_clear_pointer (&self->host, g_free);
}
