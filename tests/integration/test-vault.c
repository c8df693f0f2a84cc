/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A KobanVault on a string: does what vault-test writes to its standard input, a line a verb, and says how
 * each ended, a line that begins with "= ". It shows the length and digest of what it finds, never the thing
 * itself.
 */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>
#include <gio/gunixinputstream.h>

#include <koban/error.h>
#include <koban/vault.h>

typedef struct
{
  KobanVault *vault;
  KobanSecret *held; /* (nullable): what the last lookup found */
  GCancellable *cancellable;
  GMainLoop *loop;
  gint64 begun_us;
} Client;

static void
say (Client *client, const GError *error, const char *done)
{
  double ms = (double) (g_get_monotonic_time () - client->begun_us) / 1000.;
  const char *code = "cancelled";

  if (error == NULL)
    g_print ("= ok %.1f %s\n", ms, done);
  else
    {
      if (!koban_error_is_cancelled (error))
        code = error->domain == KOBAN_ERROR ? koban_error_code_name ((KobanError) error->code) : "foreign";
      g_print ("= %s %.1f %s\n", code, ms, error->message);
    }
  fflush (stdout);
}

static void
on_unlocked (KobanVault *vault, gpointer user_data)
{
  g_print ("= signal unlocked\n");
  fflush (stdout);
}

static KobanSecretKind
kind_of (const char *name)
{
  for (int kind = KOBAN_SECRET_CONNECTION; kind <= KOBAN_SECRET_ANSWER; kind++)
    if (g_strcmp0 (name, koban_secret_kind_name ((KobanSecretKind) kind)) == 0)
      return (KobanSecretKind) kind;
  g_error ("There is no kind “%s”", name);
}

static void
on_stored (GObject *vault, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean done = koban_vault_store_finish (KOBAN_VAULT (vault), result, &error);

  g_assert_true (done == (error == NULL));
  say (user_data, error, "stored");
}

/* store KIND ID PROVIDER FILE: the secret is what the file holds, and passes through no memory but the page
 * cache's. */
static void
do_store (Client *client, char **words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GMappedFile) file = g_mapped_file_new (words[4], FALSE, &error);
  g_autoptr(KobanSecret) secret = NULL;

  g_assert_no_error (error);
  if (g_mapped_file_get_length (file) > 0)
    secret = koban_secret_new (g_mapped_file_get_contents (file), (gssize) g_mapped_file_get_length (file));
  else
    secret = koban_secret_new ("", 0);
  koban_vault_store_async (client->vault, kind_of (words[1]), words[2], words[3], "Koban: a test", secret,
                           client->cancellable, on_stored, client);
}

static void
on_found (GObject *vault, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) found = koban_vault_lookup_finish (KOBAN_VAULT (vault), result, &error);
  g_autofree char *digest = NULL;
  g_autofree char *shown = NULL;
  gsize length = 0;

  g_assert_true ((found != NULL) == (error == NULL));
  if (found != NULL)
    {
      const guchar *bytes = (const guchar *) koban_secret_peek (found, &length);

      digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, length);
      shown = g_strdup_printf ("%" G_GSIZE_FORMAT " %s", length, digest);
      g_clear_pointer (&client->held, koban_secret_unref);
      client->held = g_steal_pointer (&found);
    }
  say (client, error, shown);
}

static void
do_lookup (Client *client, char **words)
{
  koban_vault_lookup_async (client->vault, kind_of (words[1]), words[2], client->cancellable, on_found,
                            client);
}

static void
do_drop (Client *client, char **words)
{
  g_clear_pointer (&client->held, koban_secret_unref);
  say (client, NULL, "dropped");
}

static void
on_removed (GObject *vault, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean done = koban_vault_remove_finish (KOBAN_VAULT (vault), result, &error);

  g_assert_true (done == (error == NULL));
  say (user_data, error, "removed");
}

static void
do_remove (Client *client, char **words)
{
  koban_vault_remove_async (client->vault, kind_of (words[1]), words[2], client->cancellable, on_removed,
                            client);
}

static void
on_unlock_ended (GObject *vault, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean done = koban_vault_unlock_finish (KOBAN_VAULT (vault), result, &error);

  g_assert_true (done == (error == NULL));
  say (user_data, error, "unlocked");
}

static void
do_unlock (Client *client, char **words)
{
  koban_vault_unlock_async (client->vault, client->cancellable, on_unlock_ended, client);
}

/* Cancels the verb that the last line began, and those of the lines to come. */
static void
do_cancel (Client *client, char **words)
{
  g_cancellable_cancel (client->cancellable);
}

static void
obey (Client *client, const char *line)
{
  static const struct
  {
    const char *word;
    guint n_words;
    void (*act) (Client *client, char **words);
  } verbs[] = {
    { "store", 5, do_store },   { "lookup", 3, do_lookup }, { "remove", 3, do_remove },
    { "unlock", 1, do_unlock }, { "drop", 1, do_drop },     { "cancel", 1, do_cancel },
  };
  g_auto(GStrv) words = g_strsplit (line, " ", -1);

  client->begun_us = g_get_monotonic_time ();
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_strcmp0 (words[0], verbs[i].word) == 0 && g_strv_length (words) == verbs[i].n_words)
      {
        verbs[i].act (client, words);
        return;
      }
  g_error ("“%s” is no verb of this program", line);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  GDataInputStream *input = G_DATA_INPUT_STREAM (source);
  g_autofree char *line = g_data_input_stream_read_line_finish (input, result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (client->loop);
      return;
    }
  obey (client, line);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line, client);
}

int
main (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(KobanVault) vault = koban_vault_keyring_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GInputStream) unbuffered = g_unix_input_stream_new (0, FALSE);
  g_autoptr(GDataInputStream) input = g_data_input_stream_new (unbuffered);
  Client client = { .vault = vault, .cancellable = cancellable, .loop = loop };

  setlocale (LC_ALL, "");
  g_signal_connect (vault, "unlocked", G_CALLBACK (on_unlocked), NULL);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line, &client);
  g_main_loop_run (loop);
  g_clear_pointer (&client.held, koban_secret_unref);
  g_assert_finalize_object (g_steal_pointer (&vault));
  return 0;
}
