/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A port for a browser's way back. Every program of this computer, and every page that the browser shows, can
 * knock at it: so a request is one GET to the very host and path, small and quick or gone, at most a few at a
 * time; what is not the answer leaves the port as it was. What was read may hold a code, and is overwritten.
 */
#include "config.h"

#include "alarm.h"
#include "listener.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <string.h>

#define MOST_BYTES 8192
#define MOST_AT_ONCE 8
#define PATIENCE_S 10

struct _KobanListener
{
  int ref_count; /* ours, and one of each visit */
  KobanClock *clock;
  GSocketListener *socket;
  GCancellable *closing;
  guint16 port;
  char *path;
  KobanListenerTake take; /* (nullable): it was heard, or nobody listens any more */
  gpointer user_data;
  guint visits;
};

/* One connection. */
typedef struct
{
  KobanListener *listener;       /* (owned) */
  GSocketConnection *connection; /* (owned) */
  GCancellable *cancellable;     /* (owned) */
  guint patience;                /* alarm, 0: rung or taken down */
  char buffer[MOST_BYTES + 1];
  gsize length;
  char *answer; /* (owned) (nullable) */
} Visit;

static void accept_next (KobanListener *self);
static void read_more (Visit *visit);

static void
listener_unref (KobanListener *self)
{
  if (--self->ref_count > 0)
    return;
  g_object_unref (self->clock);
  g_object_unref (self->socket);
  g_object_unref (self->closing);
  g_free (self->path);
  g_free (self);
}

static void
visit_free (Visit *visit)
{
  koban_alarm_clear (visit->listener->clock, &visit->patience);
  visit->listener->visits--;
  listener_unref (visit->listener);
  g_object_unref (visit->connection);
  g_object_unref (visit->cancellable);
  g_free (visit->answer);
  explicit_bzero (visit->buffer, sizeof visit->buffer);
  g_free (visit);
}

/* --- the answer ---------------------------------------------------------------------------------------- */

typedef struct
{
  const char *status;
  const char *sentence;
} Page;

static const Page taken_page = { "200 OK",
                                 N_("Koban has heard the bank's answer. You may close this page.") };
static const Page wrong_page = {
  "400 Bad Request", N_("This is no answer to the sign-in that Koban waits for. Nothing was changed.")
};
static const Page nothing_page = { "404 Not Found", N_("There is nothing here.") };

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  visit_free (user_data);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Visit *visit = user_data;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);
  g_io_stream_close_async (G_IO_STREAM (visit->connection), G_PRIORITY_DEFAULT, NULL, on_closed, visit);
}

/* Nothing of the request is in it, and the browser is told to keep and pass on as little as it can. */
static void
answer (Visit *visit, const Page *page)
{
  g_autofree char *body = g_strdup_printf (
    "<!doctype html><meta charset=\"utf-8\"><title>Koban</title><p>%s</p>\n", _(page->sentence));
  visit->answer =
    g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                     "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                     "Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n"
                     "Connection: close\r\n\r\n%s",
                     page->status, strlen (body), body);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (visit->connection)),
                                   visit->answer, strlen (visit->answer), G_PRIORITY_DEFAULT,
                                   visit->cancellable, on_answered, visit);
}

/* --- the request --------------------------------------------------------------------------------------- */

/* A page that makes its own name lead here (DNS rebinding) says that name; no browser lets it say ours. */
static gboolean
is_for_us (KobanListener *self, const char *headers)
{
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", self->port);
  g_autofree char *name = g_strdup_printf ("localhost:%u", self->port);
  g_auto(GStrv) lines = g_strsplit (headers, "\r\n", 101);
  guint n_hosts = 0;
  gboolean is_ours = FALSE;

  for (char **line = lines; *line != NULL; line++)
    if (g_ascii_strncasecmp (*line, "Host:", strlen ("Host:")) == 0)
      {
        n_hosts++;
        const char *host = g_strstrip (*line + strlen ("Host:"));
        is_ours = g_str_equal (host, address) || g_str_equal (host, name);
      }
  for (char **line = lines; *line != NULL; line++)
    explicit_bzero (*line, strlen (*line));
  return is_ours && n_hosts == 1;
}

/* "GET /path?query HTTP/1.1": the query, or NULL. The line is cut at its blanks. */
static const char *
find_query (KobanListener *self, char *line)
{
  char *target = strchr (line, ' ');
  char *version = target != NULL ? strchr (target + 1, ' ') : NULL;

  if (version == NULL || strchr (version + 1, ' ') != NULL || !g_str_has_prefix (version + 1, "HTTP/1."))
    return NULL;
  *target++ = '\0';
  *version = '\0';
  gsize length = strlen (self->path);
  if (!g_str_equal (line, "GET") || !g_str_has_prefix (target, self->path) ||
      (target[length] != '?' && target[length] != '\0'))
    return NULL;
  for (const char *c = target; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return NULL;
  return target + length;
}

static gboolean
hand_over (KobanListener *self, const char *query)
{
  g_autoptr(KobanSecret) secret = koban_secret_new (query, -1);

  if (self->take == NULL || !self->take (secret, self->user_data))
    return FALSE;
  self->take = NULL;
  g_cancellable_cancel (self->closing);
  g_socket_listener_close (self->socket);
  return TRUE;
}

static void
take_request (Visit *visit)
{
  char *end = strstr (visit->buffer, "\r\n");
  KobanListener *self = visit->listener;

  *end = '\0';
  const char *query = is_for_us (self, end + 2) ? find_query (self, visit->buffer) : NULL;
  if (query == NULL)
    answer (visit, &nothing_page);
  else
    answer (visit, hand_over (self, query) ? &taken_page : &wrong_page);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Visit *visit = user_data;
  gssize got = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (got <= 0)
    {
      visit_free (visit);
      return;
    }
  visit->length += (gsize) got;
  visit->buffer[visit->length] = '\0';
  if (strlen (visit->buffer) == visit->length && strstr (visit->buffer, "\r\n\r\n") != NULL)
    take_request (visit);
  else if (visit->length == MOST_BYTES || strlen (visit->buffer) < visit->length)
    answer (visit, &nothing_page);
  else
    read_more (visit);
}

static void
read_more (Visit *visit)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (visit->connection)),
                             visit->buffer + visit->length, MOST_BYTES - visit->length, G_PRIORITY_DEFAULT,
                             visit->cancellable, on_read, visit);
}

/* --- connections --------------------------------------------------------------------------------------- */

static void
on_patience_over (gpointer user_data)
{
  Visit *visit = user_data;

  visit->patience = 0;
  g_cancellable_cancel (visit->cancellable);
}

static void
receive (KobanListener *self, GSocketConnection *connection)
{
  if (self->visits >= MOST_AT_ONCE)
    {
      g_object_unref (connection);
      return;
    }
  Visit *visit = g_new0 (Visit, 1);

  self->visits++;
  self->ref_count++;
  visit->listener = self;
  visit->connection = connection;
  visit->cancellable = g_cancellable_new ();
  visit->patience =
    koban_clock_add_alarm (self->clock, koban_clock_get_boot_us (self->clock) + PATIENCE_S * KOBAN_SECOND_US,
                           on_patience_over, visit);
  read_more (visit);
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanListener *self = user_data;
  GSocketConnection *connection =
    g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, NULL);

  if (connection != NULL)
    receive (self, connection);
  if (!g_cancellable_is_cancelled (self->closing))
    accept_next (self);
  listener_unref (self);
}

static void
accept_next (KobanListener *self)
{
  self->ref_count++;
  g_socket_listener_accept_async (self->socket, self->closing, on_accepted, self);
}

KobanListener *
koban_listener_new (KobanClock *clock,
                    guint16 port,
                    const char *path,
                    KobanListenerTake take,
                    gpointer user_data,
                    GError **error)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new (loopback, port);
  g_autoptr(GSocketAddress) bound = NULL;

  if (!g_socket_listener_add_address (listener, wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                      &bound, error))
    {
      g_prefix_error (error, _("the browser could not come back to this computer: "));
      return NULL;
    }
  KobanListener *self = g_new0 (KobanListener, 1);
  self->ref_count = 1;
  self->clock = g_object_ref (clock);
  self->socket = g_steal_pointer (&listener);
  self->closing = g_cancellable_new ();
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->path = g_strdup (path);
  self->take = take;
  self->user_data = user_data;
  accept_next (self);
  return self;
}

void
koban_listener_free (KobanListener *self)
{
  self->take = NULL;
  g_cancellable_cancel (self->closing);
  g_socket_listener_close (self->socket);
  listener_unref (self);
}

guint16
koban_listener_get_port (KobanListener *self)
{
  return self->port;
}
