/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * KobanHttp against a real TLS server that misbehaves when asked to (https-server.py).
 */
#include "config.h"

#include "wire/http-address.h"
#include "wire/http-private.h"

#include <koban/error.h>
#include <koban/http.h>

#include <glib/gstdio.h>
#include <string.h>

static struct
{
  GSubprocess *process;
  char *directory;
  GHashTable *ports; /* name -> "port" */
  GBytes *ca;
  GBytes *stranger;
} server;

typedef struct
{
  KobanHttpResponse *response;
  GError *error;
  guint n_done;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->response, koban_http_response_free);
  g_clear_error (&outcome->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static GBytes *
read_pem (const char *name)
{
  g_autofree char *path = g_build_filename (server.directory, name, NULL);
  g_autoptr(GError) error = NULL;
  char *text;
  gsize length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (text, length);
}

static void
server_start (void)
{
  g_autofree char *script =
    g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "unit", "https-server.py", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDataInputStream) lines = NULL;

  server.process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                     "/usr/bin/python3", script, server.directory, NULL);
  g_assert_no_error (error);

  server.ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (server.process));
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
      g_auto(GStrv) words = NULL;

      g_assert_no_error (error);
      g_assert_nonnull (line);
      if (*line == '\0')
        break;

      words = g_strsplit (line, " ", 2);
      g_hash_table_insert (server.ports, g_strdup (words[0]), g_strdup (words[1]));
    }

  server.ca = read_pem ("ca.pem");
  server.stranger = read_pem ("stranger.pem");
}

static void
server_stop (void)
{
  g_autoptr(GDir) directory = g_dir_open (server.directory, 0, NULL);
  const char *name;

  g_output_stream_close (g_subprocess_get_stdin_pipe (server.process), NULL, NULL);
  g_subprocess_wait (server.process, NULL, NULL);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (server.directory, name, NULL);

      g_unlink (path);
    }
  g_rmdir (server.directory);

  g_clear_object (&server.process);
  g_clear_pointer (&server.directory, g_free);
  g_clear_pointer (&server.ports, g_hash_table_unref);
  g_clear_pointer (&server.ca, g_bytes_unref);
  g_clear_pointer (&server.stranger, g_bytes_unref);
}

static char *
url_of (const char *host, const char *which, const char *path)
{
  const char *scheme = g_str_equal (which, "plain") ? "http" : "https";

  return g_strdup_printf ("%s://%s:%s%s", scheme, host, (char *) g_hash_table_lookup (server.ports, which),
                          path);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_cmpuint (outcome->n_done, ==, 0);
  outcome->n_done++;
  outcome->response = koban_http_send_finish (KOBAN_HTTP (source), result, &outcome->error);
  g_assert_true ((outcome->response == NULL) == (outcome->error != NULL));
}

static void
wait_for (Outcome *outcome)
{
  while (outcome->n_done == 0)
    g_main_context_iteration (NULL, TRUE);
}

static Outcome
send_request (KobanHttp *http, const KobanHttpRequest *request)
{
  Outcome outcome = { 0 };

  koban_http_send_async (http, request, NULL, on_sent, &outcome);
  g_assert_cmpuint (outcome.n_done, ==, 0); /* never before the call returns */
  wait_for (&outcome);
  return outcome;
}

static Outcome
get_from (KobanHttp *http, const char *host, const char *which, const char *path)
{
  g_autofree char *url = url_of (host, which, path);

  return send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.ca });
}

static Outcome
get (KobanHttp *http, const char *path)
{
  return get_from (http, "127.0.0.1", "good", path);
}

static void
assert_answer (const Outcome *outcome, guint status, const char *body)
{
  gsize length;
  const char *data;

  g_assert_no_error (outcome->error);
  g_assert_cmpuint (outcome->response->status, ==, status);
  data = g_bytes_get_data (outcome->response->body, &length);
  g_assert_cmpmem (data, length, body, strlen (body));
}

static void
assert_failed (const Outcome *outcome, KobanError code, const char *what)
{
  g_assert_error (outcome->error, KOBAN_ERROR, (gint) code);
  g_test_message ("%s", outcome->error->message);
  if (strstr (outcome->error->message, what) == NULL)
    g_assert_cmpstr (outcome->error->message, ==, what);
}

static char *
dup_body (const Outcome *outcome)
{
  gsize length;
  const char *data;

  g_assert_no_error (outcome->error);
  data = g_bytes_get_data (outcome->response->body, &length);
  return g_strndup (data, length);
}

static void
assert_echoed (const Outcome *outcome, const char *what)
{
  g_autofree char *body = dup_body (outcome);

  if (strstr (body, what) == NULL)
    g_assert_cmpstr (body, ==, what);
}

static KobanHttp *
http_new (void)
{
  return koban_http_new ("koban/0.1.0 (+https://koban.example)");
}

static void
test_get (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_auto(Outcome) outcome = get (http, "/ok");
  g_autoptr(KobanHttpResponse) copy = NULL;

  assert_answer (&outcome, 200, "hello");
  g_assert_cmpstr (koban_http_response_get_header (outcome.response, "X-Bank"), ==, "Koban");
  g_assert_cmpstr (koban_http_response_get_header (outcome.response, "x-bank-2"), ==, "b");
  g_assert_null (koban_http_response_get_header (outcome.response, "x-none"));
  g_assert_cmpint (outcome.response->retry_after_s, ==, -1);
  g_assert_cmpuint (outcome.response->bytes_in, >, 5);

  copy = koban_http_response_copy (outcome.response);
  g_clear_pointer (&outcome.response, koban_http_response_free);
  g_assert_cmpuint (copy->status, ==, 200);
}

static void
test_status_is_not_an_error (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_auto(Outcome) outcome = get (http, "/nowhere");

  assert_answer (&outcome, 404, "nothing here");
}

static void
test_gzip (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_auto(Outcome) outcome = get (http, "/gzip");

  g_assert_no_error (outcome.error);
  g_assert_cmpuint (g_bytes_get_size (outcome.response->body), ==, 50000);
  g_assert_cmpuint (outcome.response->bytes_in, <, 5000);
}

static const struct
{
  const char *method;
  const char *body; /* NULL: none */
  const char *echo[3];
} methods[] = {
  { "GET",
    NULL,
    { "\"method\": \"GET\"", "\"accept-encoding\": \"gzip\"", "\"user-agent\": \"koban/0.1.0" } },
  { "POST",
    "{\"a\":1}",
    { "\"method\": \"POST\"", "\"body\": \"{\\\"a\\\":1}\"", "\"content-length\": \"7\"" } },
  { "POST", NULL, { "\"method\": \"POST\"", "\"content-length\": \"0\"", "\"body\": \"\"" } },
  { "PUT", "x=1", { "\"method\": \"PUT\"", "\"body\": \"x=1\"", "\"content-length\": \"3\"" } },
  { "PUT", NULL, { "\"method\": \"PUT\"", "\"content-length\": \"0\"", "\"body\": \"\"" } },
  { "DELETE", NULL, { "\"method\": \"DELETE\"", "\"body\": \"\"", "\"host\": \"127.0.0.1:" } },
};

static void
test_methods (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/echo");

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      const char *body = methods[i].body;
      g_autoptr(GBytes) bytes = body != NULL ? g_bytes_new (body, strlen (body)) : NULL;
      g_auto(Outcome) outcome = send_request (
        http,
        &(KobanHttpRequest){ .method = methods[i].method, .url = url, .body = bytes, .ca_pem = server.ca });

      g_autofree char *text = NULL;

      for (guint k = 0; k < G_N_ELEMENTS (methods[i].echo); k++)
        assert_echoed (&outcome, methods[i].echo[k]);
      text = dup_body (&outcome);
      g_assert_null (strstr (text, "content-type"));
    }
}

static void
test_headers_and_secrets_arrive (void)
{
  static const char *const headers[] = { "Content-Type: application/json", "X-Plain: p", NULL };
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/echo");
  g_autoptr(KobanSecret) token = koban_secret_new ("X-Access-Token: s3cret", -1);
  g_autoptr(KobanSecret) basic = koban_secret_new ("user:pass:word", -1);
  g_autoptr(GPtrArray) secrets = g_ptr_array_new ();
  g_autoptr(GBytes) body = g_bytes_new_static ("[]", 2);
  g_auto(Outcome) outcome = { 0 };

  g_ptr_array_add (secrets, token);
  outcome = send_request (http, &(KobanHttpRequest){ .method = "POST",
                                                     .url = url,
                                                     .headers = headers,
                                                     .secret_headers = secrets,
                                                     .basic = basic,
                                                     .body = body,
                                                     .ca_pem = server.ca });
  assert_echoed (&outcome, "\"content-type\": \"application/json\"");
  assert_echoed (&outcome, "\"x-plain\": \"p\"");
  assert_echoed (&outcome, "\"x-access-token\": \"s3cret\"");
  assert_echoed (&outcome, "\"authorization\": \"Basic dXNlcjpwYXNzOndvcmQ=\"");
  assert_echoed (&outcome, "\"body\": \"[]\"");
}

static void
test_bad_header_lines_are_refused (void)
{
  static const char *const bad[] = { "X: a\r\nY: b", "X: a\nY: b", "X: a\r", "no colon", ": no name", "" };
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/echo");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const headers[] = { "X-Good: g", bad[i], NULL };
      g_autoptr(KobanSecret) secret = koban_secret_new (bad[i], -1);
      g_autoptr(GPtrArray) secrets = g_ptr_array_new ();
      g_auto(Outcome) plain =
        send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url, .headers = headers });
      g_auto(Outcome) hidden = { 0 };

      g_ptr_array_add (secrets, secret);
      hidden =
        send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url, .secret_headers = secrets });
      assert_failed (&plain, KOBAN_ERROR_INVALID, "must be one line");
      assert_failed (&hidden, KOBAN_ERROR_INVALID, "must be one line");
    }
}

static void
test_redirects_are_not_followed (void)
{
  static const char *const paths[] = { "/redirect?301", "/redirect?302", "/redirect?303", "/redirect?307",
                                       "/redirect?308" };
  g_autoptr(KobanHttp) http = http_new ();
  g_auto(Outcome) landed = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_auto(Outcome) outcome = get (http, paths[i]);

      g_assert_no_error (outcome.error);
      g_assert_cmpuint (outcome.response->status / 100, ==, 3);
      g_assert_cmpstr (koban_http_response_get_header (outcome.response, "location"), ==, "/landed");
    }

  landed = get (http, "/count?landed");
  assert_answer (&landed, 200, "0");
}

static const struct
{
  const char *said;
  gint64 seconds;
} waits[] = {
  { "0", 0 },
  { "120", 120 },
  { "86400", 86400 },
  { "86401", 86400 },
  { "315360000", 86400 },
  { "99999999999999999999999", 86400 },
  { "-5", -1 },
  { "1.5", -1 },
  { "soon", -1 },
  { "12x", -1 },
  { "Thu,_01_Jan_1970_00:00:10_GMT", 0 },
  { "Fri,_31_Dec_2300_23:59:59_GMT", sizeof (time_t) > 4 ? 86400 : -1 }, /* libcurl has no such day there */
};

static void
test_retry_after (void)
{
  g_autoptr(KobanHttp) http = http_new ();

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autofree char *path = g_strconcat ("/limited?", waits[i].said, NULL);
      g_auto(Outcome) outcome = get (http, path);

      g_test_message ("%s", waits[i].said);
      assert_answer (&outcome, 429, "");
      g_assert_cmpint (outcome.response->retry_after_s, ==, waits[i].seconds);
    }
}

/* What the server is told to do, and how it ends. */
static const struct
{
  const char *host;
  const char *which;
  const char *path;
  KobanError code;
  const char *what;
} faults[] = {
  { "127.0.0.1", "expired", "/ok", KOBAN_ERROR_UNTRUSTED, "clock" },
  { "127.0.0.1", "other", "/ok", KOBAN_ERROR_UNTRUSTED, "could not prove" },
  { "bank.localhost", "good", "/ok", KOBAN_ERROR_UNTRUSTED, "private network" },
  { "127.0.0.1", "good", "/bomb", KOBAN_ERROR_INVALID, "too large" },
  { "127.0.0.1", "good", "/endless", KOBAN_ERROR_INVALID, "too large" },
  { "127.0.0.1", "good", "/declared?8388609", KOBAN_ERROR_INVALID, "too large" },
  { "127.0.0.1", "good", "/declared?99999999999999999999", KOBAN_ERROR_INVALID, "too large" },
  { "127.0.0.1", "good", "/head", KOBAN_ERROR_INVALID, "head of the answer is too large" },
  { "127.0.0.1", "good", "/broken-gzip", KOBAN_ERROR_INVALID, "unpacked" },
  { "127.0.0.1", "good", "/garbage", KOBAN_ERROR_INVALID, "not HTTP" },
  { "127.0.0.1", "good", "/cut", KOBAN_ERROR_OFFLINE, "cut" },
  { "127.0.0.1", "good", "/cut?chunked", KOBAN_ERROR_OFFLINE, "cut" },
  { "127.0.0.1", "good", "/silent", KOBAN_ERROR_OFFLINE, "without an answer" },
  { "127.0.0.1", "plain", "/cut", KOBAN_ERROR_OFFLINE, "cut" },
  { "127.0.0.1", "nobody", "/ok", KOBAN_ERROR_OFFLINE, "does not accept" },
};

static void
test_faults (void)
{
  g_autoptr(KobanHttp) http = http_new ();

  g_hash_table_insert (server.ports, g_strdup ("nobody"), g_strdup ("1"));
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_auto(Outcome) outcome = get_from (http, faults[i].host, faults[i].which, faults[i].path);

      g_test_message ("%s %s", faults[i].which, faults[i].path);
      assert_failed (&outcome, faults[i].code, faults[i].what);
    }
}

static void
test_only_the_given_ca_is_trusted (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/ok");
  g_auto(Outcome) none = send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url });
  g_auto(Outcome) stranger =
    send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.stranger });
  g_auto(Outcome) good = get (http, "/ok");
  /* The good connection is open and its session known; neither lends its trust to others. */
  g_auto(Outcome) again =
    send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.stranger });

  assert_failed (&none, KOBAN_ERROR_UNTRUSTED, "could not prove");
  assert_failed (&stranger, KOBAN_ERROR_UNTRUSTED, "could not prove");
  assert_answer (&good, 200, "hello");
  assert_failed (&again, KOBAN_ERROR_UNTRUSTED, "could not prove");
}

/* main() has set SSL_CERT_FILE and its like to the server's own CA. */
static void
test_environment_lends_no_trust (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/ok");
  g_auto(Outcome) outcome = send_request (http, &(KobanHttpRequest){ .method = "GET", .url = url });

  assert_failed (&outcome, KOBAN_ERROR_UNTRUSTED, "could not prove");
  g_assert_null (g_getenv ("SSL_CERT_FILE"));
  g_assert_null (g_getenv ("SSLKEYLOGFILE"));
}

/* The same name that is a trick when a bank gives it, see faults[]. */
static void
test_name_that_was_typed (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("bank.localhost", "good", "/ok");
  g_auto(Outcome) outcome = send_request (
    http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.ca, .host_was_typed = TRUE });

  assert_answer (&outcome, 200, "hello");
}

static void
test_plain_http_to_this_computer (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_auto(Outcome) by_address = get_from (http, "127.0.0.1", "plain", "/ok");
  g_auto(Outcome) by_name = get_from (http, "localhost", "plain", "/ok");
  g_auto(Outcome) away =
    send_request (http, &(KobanHttpRequest){ .method = "GET", .url = "http://192.0.2.1/" });

  assert_answer (&by_address, 200, "hello");
  assert_answer (&by_name, 200, "hello");
  assert_failed (&away, KOBAN_ERROR_UNTRUSTED, "https://");
}

static void
test_time_outs (void)
{
  static const struct
  {
    KobanHttpPatience patience;
    const char *which, *path;
  } waits_for[] = {
    { { 15000, 150, 60 }, "good", "/slow?5000" },
    { { 15000, 150, 60 }, "good", "/trickle" },
    { { 150, 60000, 60 }, "deaf", "/" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (waits_for); i++)
    {
      g_autoptr(KobanHttp) http = http_new ();
      g_auto(Outcome) outcome = { 0 };

      koban_http_set_patience (http, waits_for[i].patience);
      outcome = get_from (http, "127.0.0.1", waits_for[i].which, waits_for[i].path);
      assert_failed (&outcome, KOBAN_ERROR_OFFLINE, "in time");
    }
}

static gboolean
on_tick (gpointer user_data)
{
  guint *n_ticks = user_data;

  (*n_ticks)++;
  return G_SOURCE_CONTINUE;
}

static void
test_loop_stays_responsive (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  guint n_ticks = 0;
  guint id = g_timeout_add (5, on_tick, &n_ticks);
  g_auto(Outcome) outcome = get (http, "/slow?200");

  g_source_remove (id);
  assert_answer (&outcome, 200, "slow");
  g_assert_cmpuint (n_ticks, >=, 10);
}

static gboolean
on_cancel (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancelled_before (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/ok");
  g_auto(Outcome) outcome = { 0 };

  g_cancellable_cancel (cancellable);
  koban_http_send_async (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.ca },
                         cancellable, on_sent, &outcome);
  wait_for (&outcome);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* At once, in the handshake, while waiting, and in the middle of the body. */
static void
test_cancelled_within (void)
{
  static const struct
  {
    const char *which, *path;
    guint after_ms;
  } moments[] = {
    { "good", "/ok", 0 }, { "deaf", "/", 30 }, { "good", "/slow?20000", 80 }, { "good", "/trickle", 100 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      g_autoptr(KobanHttp) http = http_new ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autofree char *url = url_of ("127.0.0.1", moments[i].which, moments[i].path);
      g_auto(Outcome) outcome = { 0 };

      koban_http_send_async (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.ca },
                             cancellable, on_sent, &outcome);
      if (moments[i].after_ms == 0)
        g_cancellable_cancel (cancellable);
      else
        g_timeout_add (moments[i].after_ms, on_cancel, cancellable);
      wait_for (&outcome);

      g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (koban_http_get_n_watched (http), ==, 0);
    }
}

static guint
connections_so_far (KobanHttp *http)
{
  g_auto(Outcome) outcome = get (http, "/count?connections");
  g_autofree char *text = dup_body (&outcome);

  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static void
test_connections_are_reused (void)
{
  g_autoptr(KobanHttp) http = http_new ();
  guint before = connections_so_far (http);

  for (guint i = 0; i < 10; i++)
    {
      g_auto(Outcome) outcome = get (http, "/ok");

      assert_answer (&outcome, 200, "hello");
    }

  g_assert_cmpuint (connections_so_far (http), ==, before);
}

/* Each of many requests, cancelled at any moment or not, completes exactly once. */
static void
test_storm (void)
{
  static Outcome outcomes[300];
  g_autoptr(KobanHttp) http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/ok");
  guint n_answered = 0, n_cancelled = 0;

  memset (outcomes, 0, sizeof outcomes);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();

      koban_http_send_async (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.ca },
                             cancellable, on_sent, &outcomes[i]);
      if (i % 3 != 0)
        g_timeout_add_full (G_PRIORITY_DEFAULT, (guint) g_test_rand_int_range (0, 250), on_cancel,
                            g_object_ref (cancellable), g_object_unref);
    }

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      wait_for (&outcomes[i]);
      n_answered += outcomes[i].response != NULL;
      n_cancelled += g_error_matches (outcomes[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      outcome_clear (&outcomes[i]);
    }

  g_test_message ("%u answered, %u cancelled", n_answered, n_cancelled);
  g_assert_cmpuint (n_answered + n_cancelled, ==, G_N_ELEMENTS (outcomes));
  g_assert_cmpuint (n_answered, >=, 100);
  g_assert_cmpuint (koban_http_get_n_watched (http), ==, 0);
}

static void
on_sent_last (GObject *source, GAsyncResult *result, gpointer user_data)
{
  on_sent (source, result, user_data);
  g_object_unref (source); /* the last reference but the task's own */
}

static void
test_owner_may_leave_in_the_callback (void)
{
  KobanHttp *http = http_new ();
  g_autofree char *url = url_of ("127.0.0.1", "good", "/ok");
  g_auto(Outcome) outcome = { 0 };

  g_object_add_weak_pointer (G_OBJECT (http), (gpointer *) &http);
  koban_http_send_async (http, &(KobanHttpRequest){ .method = "GET", .url = url, .ca_pem = server.ca }, NULL,
                         on_sent_last, &outcome);
  wait_for (&outcome);
  while (http != NULL)
    g_main_context_iteration (NULL, TRUE);
  assert_answer (&outcome, 200, "hello");
}

static const struct
{
  const char *url;
  const char *host; /* NULL: refused */
} urls[] = {
  { "https://api.starlingbank.com/api/v2", "api.starlingbank.com" },
  { "https://API.Example:8443/x?y=z", "api.example:8443" },
  { "https://192.168.1.2/", "192.168.1.2" },
  { "https://[fd00::2]:8443/", "[fd00::2]:8443" },
  { "http://127.0.0.1:8080/", "127.0.0.1:8080" },
  { "http://127.9.9.9/", "127.9.9.9" },
  { "http://localhost/", "localhost" },
  { "http://[::1]:9/", "[::1]:9" },
  { "HTTPS://x.example", "x.example" },
  { "http://example.com/", NULL },
  { "http://10.0.0.1/", NULL },
  { "http://127.0.0.1.example.com/", NULL },
  { "http://localhost.example.com/", NULL },
  { "http://0.0.0.0/", NULL },
  { "ftp://localhost/", NULL },
  { "file:///etc/passwd", NULL },
  { "javascript:alert(1)", NULL },
  { "https://", NULL },
  { "https:///path", NULL },
  { "example.com", NULL },
  { "//example.com/", NULL },
  { "", NULL },
  { "https://user@example.com/", NULL },
  { "https://user:pass@example.com/", NULL },
  { "https://bank.example@evil.example/", NULL },
  { "https://@example.com/", NULL },
  { "https://example.com/#part", NULL },
  { "https://example.com/a b", NULL },
  { "https://example.com/\r\nX: y", NULL },
  { "https://example.com:99999/", NULL },
  { "https://b\xc3\xa4nk.example/", NULL },
};

static void
test_check_url (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autofree char *host = NULL;
      g_autoptr(GError) error = NULL;
      gboolean good = koban_http_check_url (urls[i].url, &host, &error);

      g_test_message ("%s", urls[i].url);
      g_assert_cmpint (good, ==, urls[i].host != NULL);
      g_assert_cmpstr (host, ==, urls[i].host);
      if (!good)
        g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED);
    }
}

static const struct
{
  const char *address;
  gboolean public;
} addresses[] = {
  { "8.8.8.8", TRUE },
  { "93.184.216.34", TRUE },
  { "172.32.0.1", TRUE },
  { "2606:4700::1111", TRUE },
  { "::ffff:8.8.8.8", TRUE },
  { "127.0.0.1", FALSE },
  { "127.255.0.1", FALSE },
  { "0.0.0.0", FALSE },
  { "10.1.2.3", FALSE },
  { "172.16.0.1", FALSE },
  { "172.31.255.255", FALSE },
  { "192.168.0.1", FALSE },
  { "169.254.169.254", FALSE },
  { "100.64.0.1", FALSE },
  { "224.0.0.1", FALSE },
  { "255.255.255.255", FALSE },
  { "::1", FALSE },
  { "::", FALSE },
  { "fe80::1", FALSE },
  { "fd00::1", FALSE },
  { "ff02::1", FALSE },
  { "fec0::1", FALSE },
  { "::ffff:127.0.0.1", FALSE },
  { "::ffff:10.0.0.1", FALSE },
  { "64:ff9b::a00:1", FALSE },
  { "::7f00:1", FALSE },
  { "2002:7f00:1::", FALSE },
  { "64:ff9b::808:808", TRUE },
};

static void
test_addresses (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr(GInetAddress) address = g_inet_address_new_from_string (addresses[i].address);

      g_test_message ("%s", addresses[i].address);
      g_assert_cmpint (koban_http_address_is_public (address), ==, addresses[i].public);
    }
}

/* Before any thread: no proxy, and an environment that wants to be trusted. */
static void
prepare_environment (void)
{
  static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY" };
  static const char *const lures[] = { "SSL_CERT_FILE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE" };
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  server.directory = g_dir_make_tmp ("koban-http-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (server.directory, "ca.pem", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (proxies); i++)
    g_unsetenv (proxies[i]);
  for (guint i = 0; i < G_N_ELEMENTS (lures); i++)
    g_setenv (lures[i], path, TRUE);
}

static KobanSecret *
read_secret (const char *name)
{
  g_autoptr(GBytes) pem = read_pem (name);
  gsize length;
  const char *bytes = g_bytes_get_data (pem, &length);
  return koban_secret_new (bytes, (gssize) length);
}

/* A bank that lets in only who shows its certificate; and no other connection is taken for one that did. */
static void
test_client_certificate (void)
{
  static const struct
  {
    const char *certificate, *key; /* (nullable) */
    int code;                      /* -1: let in; 0: shut out, by an alert that may be lost on the way */
  } rows[] = {
    { "client.pem", "stranger.key", KOBAN_ERROR_NEEDS_SIGN_IN },
    { "client.pem", "client.csr", KOBAN_ERROR_NEEDS_SIGN_IN },
    { NULL, NULL, 0 },
    { "client.pem", "client.key", -1 },
    { "client.pem", "stranger.key", KOBAN_ERROR_NEEDS_SIGN_IN }, /* the connection before is not its own */
    { NULL, NULL, 0 },
    { "stranger.pem", "stranger.key", 0 },
    { "client.pem", "client.key", -1 },
  };
  g_autoptr(KobanHttp) http = koban_http_new ("koban-test");
  g_autofree char *url = url_of ("127.0.0.1", "mutual", "/ok");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(KobanSecret) certificate = rows[i].key != NULL ? read_secret (rows[i].certificate) : NULL;
      g_autoptr(KobanSecret) key = rows[i].key != NULL ? read_secret (rows[i].key) : NULL;
      const KobanHttpRequest request = {
        .method = "GET", .url = url, .ca_pem = server.ca, .certificate = certificate, .key = key
      };
      g_auto(Outcome) outcome = send_request (http, &request);
      g_test_message ("%s %s: %s", rows[i].certificate, rows[i].key,
                      outcome.error != NULL ? outcome.error->message : "");
      if (rows[i].code < 0)
        g_assert_no_error (outcome.error);
      else if (rows[i].code > 0)
        g_assert_error (outcome.error, KOBAN_ERROR, rows[i].code);
      else
        g_assert_true (koban_error_is (outcome.error, KOBAN_ERROR_NEEDS_SIGN_IN) ||
                       koban_error_is (outcome.error, KOBAN_ERROR_OFFLINE));
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  prepare_environment ();
  koban_http_global_init ();
  server_start ();

  g_test_add_func ("/http/client-certificate", test_client_certificate);
  g_test_add_func ("/http/check-url", test_check_url);
  g_test_add_func ("/http/addresses", test_addresses);
  g_test_add_func ("/http/get", test_get);
  g_test_add_func ("/http/status-is-not-an-error", test_status_is_not_an_error);
  g_test_add_func ("/http/gzip", test_gzip);
  g_test_add_func ("/http/methods", test_methods);
  g_test_add_func ("/http/headers-and-secrets-arrive", test_headers_and_secrets_arrive);
  g_test_add_func ("/http/bad-header-lines-are-refused", test_bad_header_lines_are_refused);
  g_test_add_func ("/http/redirects-are-not-followed", test_redirects_are_not_followed);
  g_test_add_func ("/http/retry-after", test_retry_after);
  g_test_add_func ("/http/faults", test_faults);
  g_test_add_func ("/http/only-the-given-ca-is-trusted", test_only_the_given_ca_is_trusted);
  g_test_add_func ("/http/environment-lends-no-trust", test_environment_lends_no_trust);
  g_test_add_func ("/http/name-that-was-typed", test_name_that_was_typed);
  g_test_add_func ("/http/plain-http-to-this-computer", test_plain_http_to_this_computer);
  g_test_add_func ("/http/time-outs", test_time_outs);
  g_test_add_func ("/http/loop-stays-responsive", test_loop_stays_responsive);
  g_test_add_func ("/http/cancelled-before", test_cancelled_before);
  g_test_add_func ("/http/cancelled-within", test_cancelled_within);
  g_test_add_func ("/http/connections-are-reused", test_connections_are_reused);
  g_test_add_func ("/http/storm", test_storm);
  g_test_add_func ("/http/owner-may-leave-in-the-callback", test_owner_may_leave_in_the_callback);

  result = g_test_run ();
  server_stop ();
  return result;
}
