/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bank of canned answers on loopback: a thread that serves one request at a time, and writes down what it
 * heard.
 */
#include "config.h"

#include "canned-bank.h"

#include <string.h>

/* — the bank — */

char *
load_answer (const char *file)
{
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", file, NULL);
  g_autoptr(GError) error = NULL;
  char *body = NULL;
  g_file_get_contents (path, &body, NULL, &error);
  g_assert_no_error (error);
  return body;
}

static char *
make_answer (Bank *bank, const char *head)
{
  static const Canned nothing = { "", 404, NULL, "{}" };
  const Canned *canned = bank->canned;

  while (canned->prefix != NULL && (!g_str_has_prefix (head, canned->prefix) ||
                                    (canned->has != NULL && strstr (head, canned->has) == NULL)))
    canned++;
  if (canned->prefix == NULL)
    canned = &nothing;
  g_autofree char *loaded = canned->file != NULL ? load_answer (canned->file) : g_strdup (canned->body);
  g_auto(GStrv) parts = g_strsplit (loaded, "@PORT@", -1);
  g_autofree char *port = g_strdup_printf ("%u", bank->port);
  g_autofree char *ported = g_strjoinv (port, parts);
  g_autofree char *number = g_strdup_printf ("%u", bank->heard->len);
  g_auto(GStrv) numbered = g_strsplit (ported, "@N@", -1);
  g_autofree char *body = g_strjoinv (number, numbered);
  return g_strdup_printf (
    "HTTP/1.1 %u X\r\nContent-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n%s%s\r\n%s", canned->status,
    strlen (body), canned->header != NULL ? canned->header : "", canned->header != NULL ? "\r\n" : "", body);
}

static void
serve (Bank *bank, GIOStream *connection)
{
  g_autoptr(GString) head = g_string_new (NULL);
  GInputStream *in = g_io_stream_get_input_stream (connection);
  char byte;

  while (strstr (head->str, "\r\n\r\n") == NULL && g_input_stream_read (in, &byte, 1, NULL, NULL) == 1)
    g_string_append_c (head, byte);
  const char *length = strstr (head->str, "Content-Length: ");
  for (gint64 left = length != NULL ? g_ascii_strtoll (length + strlen ("Content-Length: "), NULL, 10) : 0;
       left > 0 && g_input_stream_read (in, &byte, 1, NULL, NULL) == 1; left--)
    g_string_append_c (head, byte);
  g_autofree char *answer = make_answer (bank, head->str);
  g_ptr_array_add (bank->heard, g_string_free (g_steal_pointer (&head), FALSE));
  g_output_stream_write_all (g_io_stream_get_output_stream (connection), answer, strlen (answer), NULL, NULL,
                             NULL);
  g_io_stream_close (connection, NULL, NULL);
}

/* Serves one request at a time; the test reads @heard only between requests. */
static gpointer
bank_thread (gpointer data)
{
  Bank *bank = data;

  for (;;)
    {
      g_autoptr(GSocketConnection) connection =
        g_socket_listener_accept (bank->listener, NULL, bank->closing, NULL);
      if (connection == NULL)
        return NULL;
      serve (bank, G_IO_STREAM (connection));
    }
}

Bank *
bank_new (const Canned *canned)
{
  g_autoptr(GError) error = NULL;
  Bank *bank = g_new0 (Bank, 1);
  bank->listener = g_socket_listener_new ();
  bank->closing = g_cancellable_new ();
  bank->canned = canned;
  bank->heard = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) effective = NULL;
  g_socket_listener_add_address (bank->listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                 &effective, &error);
  g_assert_no_error (error);
  bank->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  bank->thread = g_thread_new ("bank", bank_thread, bank);
  return bank;
}

void
bank_free (Bank *bank)
{
  g_cancellable_cancel (bank->closing);
  g_thread_join (bank->thread);
  g_socket_listener_close (bank->listener);
  g_object_unref (bank->listener);
  g_object_unref (bank->closing);
  g_ptr_array_unref (bank->heard);
  g_free (bank);
}

const char *
heard (Bank *bank, guint i)
{
  g_assert_cmpuint (i, <, bank->heard->len);
  return bank->heard->pdata[i];
}

/* — a check — */

void
check_free (Check *check)
{
  g_object_unref (check->session);
  g_object_unref (check->http);
  g_ptr_array_unref (check->snapshots);
  g_clear_error (&check->error);
  g_free (check);
}

KobanProfile *
load_profile (const char *name)
{
  g_autofree char *path = g_strconcat (g_getenv ("KOBAN_PROVIDERS"), "/", name, ".json", NULL);
  g_autoptr(GError) error = NULL;
  KobanProfile *profile = koban_profile_load_file (path, &error);
  g_assert_no_error (error);
  return profile;
}

KobanSecret *
bundle_with (KobanSecret *bundle, const char *name, const char *value)
{
  g_autoptr(KobanSecret) secret = koban_secret_new (value, -1);
  return koban_secret_bundle_with (bundle, name, secret);
}

Check *
check_profile (KobanProfile *profile,
               const char *base_url,
               KobanSecret *secrets,
               const char *const *fields,
               GHashTable *covered_to)
{
  g_autoptr(GError) error = NULL;
  const KobanSessionOptions options = { .profile = profile,
                                        .base_url = base_url,
                                        .secrets = secrets,
                                        .fields = fields,
                                        .now_us = NOW_US,
                                        .covered_to = covered_to };
  Check *check = g_new0 (Check, 1);

  check->http = koban_http_new ("koban-test");
  check->session = koban_session_new (check->http, &options, &error);
  g_assert_no_error (error);
  check->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
  return check;
}

Check *
check_new (const char *provider, const char *base_url, KobanSecret *secrets, GHashTable *covered_to)
{
  g_autoptr(KobanProfile) profile = load_profile (provider);
  return check_profile (profile, base_url, secrets, NULL, covered_to);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

gboolean
step (Check *check)
{
  g_autoptr(GAsyncResult) result = NULL;

  koban_session_step_async (check->session, NULL, on_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  GPtrArray *snapshots = koban_session_step_finish (check->session, result, &check->error);
  if (snapshots != NULL)
    g_ptr_array_extend_and_steal (check->snapshots, snapshots);
  return snapshots != NULL;
}

void
run (Check *check)
{
  while (koban_session_has_next (check->session) && step (check))
    ;
}

KobanSnapshot *
find (Check *check, KobanListing listing, const char *account_name)
{
  for (guint i = 0; i < check->snapshots->len; i++)
    {
      KobanSnapshot *snapshot = check->snapshots->pdata[i];
      const char *name = snapshot->account != NULL ? snapshot->account->name : NULL;
      if (snapshot->listing == listing && g_strcmp0 (name, account_name) == 0)
        return snapshot;
    }
  g_error ("no snapshot %s of %s", koban_listing_name (listing), account_name);
}

char *
loopback_url (Bank *bank, const char *path)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", bank->port, path);
}
