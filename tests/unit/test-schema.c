/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file itself: private, never half-made, never touched if it is not ours or newer than we are.
 */
#include "config.h"

#include "ledger/store.h"
#include "ledger-file.h"

#include <glib/gstdio.h>
#include <koban/error.h>
#include <koban/ledger.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef KobanLedgerFile Fixture;

static void
assert_opens (Fixture *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanLedger) ledger = koban_ledger_open (self->path, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (koban_ledger_verify (ledger, &error));
}

/* Refused with @code, and not a byte of it changed. */
static void
assert_refused (Fixture *self, KobanError code)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  gsize length, length_after;

  g_assert_true (g_file_get_contents (self->path, &before, &length, NULL));
  g_assert_null (koban_ledger_open (self->path, NULL, &error));
  g_assert_true (koban_error_is (error, code));
  g_assert_true (g_file_get_contents (self->path, &after, &length_after, NULL));
  g_assert_cmpmem (before, length, after, length_after);
}

static void
alter (Fixture *self, const char *sql)
{
  g_autoptr(GError) error = NULL;
  KobanStore *store = koban_store_open (self->path, FALSE, &error);

  g_assert_no_error (error);
  g_assert_true (koban_store_exec (store, sql, &error));
  koban_store_close (store);
}

static void
test_is_private (Fixture *self, gconstpointer data)
{
  struct stat info;

  assert_opens (self);
  g_assert_cmpint (g_chmod (self->path, 0644), ==, 0);
  assert_opens (self);
  g_assert_cmpint (g_stat (self->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

static void
test_newer_is_untouched (Fixture *self, gconstpointer data)
{
  assert_opens (self);
  alter (self, "PRAGMA user_version = 9999");
  assert_refused (self, KOBAN_ERROR_NEWER);
}

/* What each version after the first added: how it is taken away, and what only works where it is. */
static const struct
{
  const char *undo, *use;
} versions[] = {
  { "DROP TABLE late_links", "DELETE FROM late_links" },
  { "DROP TABLE cursor; ALTER TABLE connection DROP COLUMN not_before_us",
    "DELETE FROM cursor; UPDATE connection SET not_before_us = 0" },
  { "DROP TABLE channel; DROP INDEX journal_by_kind; ALTER TABLE outbox DROP COLUMN again; ALTER TABLE "
    "outbox DROP "
    "COLUMN digest; ALTER TABLE outbox DROP COLUMN bundle; ALTER TABLE incident DROP COLUMN worse_us",
    "DELETE FROM channel; UPDATE outbox SET again = 0, digest = 0, bundle = 0; UPDATE incident SET worse_us "
    "= 0" },
  { "DROP TABLE card; ALTER TABLE line DROP COLUMN unseen_us; ALTER TABLE link DROP COLUMN unseen_us",
    "DELETE FROM card; UPDATE line SET unseen_us = 0; UPDATE link SET unseen_us = 0" },
  { "DROP INDEX line_answered; ALTER TABLE line DROP COLUMN answer; ALTER TABLE line DROP COLUMN answered_us",
    "UPDATE line SET answer = 1, answered_us = 1" },
};

/* From every older version, what all later ones added is there in the end. */
static void
test_older_is_led_on (Fixture *self, gconstpointer data)
{
  assert_opens (self);
  for (gsize oldest = G_N_ELEMENTS (versions); oldest > 0; oldest--)
    {
      for (gsize i = G_N_ELEMENTS (versions); i >= oldest; i--)
        alter (self, versions[i - 1].undo);
      g_autofree char *pragma = g_strdup_printf ("PRAGMA user_version = %" G_GSIZE_FORMAT, oldest);
      alter (self, pragma);
      assert_opens (self);
      for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
        alter (self, versions[i].use);
    }
}

static void
test_empty_is_refused (Fixture *self, gconstpointer data)
{
  g_assert_true (g_file_set_contents (self->path, "", 0, NULL));
  assert_refused (self, KOBAN_ERROR_CORRUPT);
}

static void
test_foreign_is_refused (Fixture *self, gconstpointer data)
{
  assert_opens (self);
  alter (self, "PRAGMA application_id = 7");
  assert_refused (self, KOBAN_ERROR_CORRUPT);
}

static void
test_noise_is_refused (Fixture *self, gconstpointer data)
{
  g_autofree char *noise = g_malloc (8192);

  memset (noise, 0x5a, 8192);
  g_assert_true (g_file_set_contents (self->path, noise, 8192, NULL));
  assert_refused (self, KOBAN_ERROR_CORRUPT);
}

static void
test_symlink_is_refused (Fixture *self, gconstpointer data)
{
  g_autofree char *target = g_build_filename (self->directory, "elsewhere.db", NULL);
  g_autoptr(GError) error = NULL;

  assert_opens (self);
  g_assert_cmpint (g_rename (self->path, target), ==, 0);
  g_assert_cmpint (symlink (target, self->path), ==, 0);
  g_assert_null (koban_ledger_open (self->path, NULL, &error));
  g_assert_true (koban_error_is (error, KOBAN_ERROR_STORAGE));
}

static void
test_half_made_is_begun_again (Fixture *self, gconstpointer data)
{
  g_autofree char *aside = g_strconcat (self->path, ".new", NULL);

  g_assert_true (g_file_set_contents (aside, "half", 4, NULL));
  assert_opens (self);
  g_assert_false (g_file_test (aside, G_FILE_TEST_EXISTS));
}

static void
test_damaged_is_found_and_moved_aside (Fixture *self, gconstpointer data)
{
  g_autofree char *contents = NULL, *moved_to = NULL;
  g_autoptr(GError) error = NULL;
  gsize length;

  assert_opens (self);
  g_assert_true (g_file_get_contents (self->path, &contents, &length, NULL));
  memset (contents + 4096, 0xff, 8192);
  g_assert_true (g_file_set_contents (self->path, contents, (gssize) length, NULL));
  {
    g_autoptr(KobanLedger) ledger = koban_ledger_open (self->path, NULL, &error);

    g_assert_true (ledger == NULL || !koban_ledger_verify (ledger, &error));
    g_assert_true (koban_error_is (error, KOBAN_ERROR_CORRUPT));
  }
  g_assert_true (koban_ledger_set_aside (self->path, &moved_to, NULL));
  g_assert_true (g_str_has_prefix (moved_to, self->path));
  g_assert_true (strstr (moved_to, ".damaged-") != NULL);
  assert_opens (self);
}

static void
test_a_reader_reads_while_a_writer_writes (Fixture *self, gconstpointer data)
{
  KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Home" };
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanLedger) writer = koban_ledger_open (self->path, NULL, &error);
  g_autoptr(KobanLedger) reader = koban_ledger_open_readonly (self->path, &error);
  g_autoptr(GVariant) rows = NULL;

  g_assert_no_error (error);
  g_assert_true (koban_ledger_add_connection (writer, &connection, 1, &error));
  g_free (connection.id);
  rows = g_variant_ref_sink (koban_ledger_list (reader, KOBAN_LIST_CONNECTIONS, NULL, &error));
  g_assert_cmpuint (g_variant_n_children (rows), ==, 1);
  connection.id = NULL;
  connection.name = (char *) "Other";
  g_assert_false (koban_ledger_add_connection (reader, &connection, 1, &error));
  g_assert_true (koban_error_is (error, KOBAN_ERROR_STORAGE));
}

static char *
hex_of (GBytes *bytes)
{
  GString *hex = g_string_new (NULL);
  const guint8 *data = g_bytes_get_data (bytes, NULL);

  for (gsize i = 0; i < g_bytes_get_size (bytes); i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (hex, FALSE);
}

/* SHA-256 (previous ‖ time ‖ kind ‖ hash of the payload), from the first row to the last. */
static void
test_the_journal_is_a_chain (Fixture *self, gconstpointer data)
{
  static const guint8 nothing[32];
  static const char sql[] =
    "SELECT at_us, kind, payload, salt, payload_hash, prev_hash, hash FROM journal ORDER BY id";
  g_autoptr(KobanLedger) ledger = koban_ledger_open (self->path, NULL, NULL);
  g_autoptr(GBytes) previous = g_bytes_new_static (nothing, sizeof nothing);
  KobanStore *store = koban_store_open (self->path, TRUE, NULL);
  g_auto(KobanQuery) query = { 0 };
  guint n = 0;

  for (gint64 i = 1; i <= 3; i++)
    g_assert_true (koban_ledger_journal (ledger, "test", g_variant_new_parsed ("{'n': <%x>}", i), i, NULL));
  for (koban_query_start (&query, store, sql, ""); koban_query_next (&query); n++)
    {
      g_autoptr(GBytes) salt = koban_query_bytes (&query, 3), payload_hash = koban_query_bytes (&query, 4);
      g_autoptr(GBytes) linked = koban_query_bytes (&query, 5), hash = koban_query_bytes (&query, 6);
      g_autoptr(GByteArray) inner = g_byte_array_new (), outer = g_byte_array_new ();
      g_autofree char *inner_hex = NULL, *outer_hex = NULL, *stored_inner = NULL, *stored_outer = NULL;
      const char *kind = koban_query_text (&query, 1), *payload = koban_query_text (&query, 2);
      gint64 at_us = GINT64_TO_BE (koban_query_int (&query, 0));

      g_assert_true (g_bytes_equal (linked, previous));
      g_byte_array_append (inner, g_bytes_get_data (salt, NULL), (guint) g_bytes_get_size (salt));
      g_byte_array_append (inner, (const guint8 *) payload, (guint) strlen (payload));
      inner_hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, inner->data, inner->len);
      stored_inner = hex_of (payload_hash);
      g_assert_cmpstr (inner_hex, ==, stored_inner);
      g_byte_array_append (outer, g_bytes_get_data (previous, NULL), 32);
      g_byte_array_append (outer, (const guint8 *) &at_us, 8);
      g_byte_array_append (outer, (const guint8 *) kind, (guint) strlen (kind) + 1);
      g_byte_array_append (outer, g_bytes_get_data (payload_hash, NULL), 32);
      outer_hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, outer->data, outer->len);
      stored_outer = hex_of (hash);
      g_assert_cmpstr (outer_hex, ==, stored_outer);
      g_bytes_unref (previous);
      previous = g_steal_pointer (&hash);
    }
  g_assert_true (koban_query_finish (&query, NULL));
  g_assert_cmpuint (n, ==, 3);
  koban_store_close (store);
}

#define CLAIM(path, test)                                                                                    \
  g_test_add ("/schema/" path, Fixture, NULL, koban_ledger_file_set_up, test, koban_ledger_file_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CLAIM ("private", test_is_private);
  CLAIM ("newer", test_newer_is_untouched);
  CLAIM ("older", test_older_is_led_on);
  CLAIM ("empty", test_empty_is_refused);
  CLAIM ("foreign", test_foreign_is_refused);
  CLAIM ("noise", test_noise_is_refused);
  CLAIM ("symlink", test_symlink_is_refused);
  CLAIM ("half-made", test_half_made_is_begun_again);
  CLAIM ("damaged", test_damaged_is_found_and_moved_aside);
  CLAIM ("journal", test_the_journal_is_a_chain);
  CLAIM ("reader", test_a_reader_reads_while_a_writer_writes);
  return g_test_run ();
}
