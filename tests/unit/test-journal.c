/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journal, verified whole: what is touched shows, and where; what a purge erased is told as erased,
 * and what somebody else erased is not.
 */
#include "config.h"

#include <koban/ledger.h>

#include "ledger/inside.h"

#define NOW(hours) ((gint64) 19968 * KOBAN_DAY_US + (hours) *KOBAN_HOUR_US)

typedef struct
{
  KobanLedger *ledger;
} Fixture;

static void
journal (Fixture *self, const char *kind, const char *payload, int hours)
{
  GVariant *value = g_variant_new_parsed (payload);

  g_assert_true (koban_ledger_journal (self->ledger, kind, value, NOW (hours), NULL));
}

static void
set_up (Fixture *self, gconstpointer data)
{
  KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Home" };

  self->ledger = koban_ledger_open (NULL, NULL, NULL);
  g_assert_true (koban_ledger_add_connection (self->ledger, &connection, NOW (0), NULL));
  g_free (connection.id);
  journal (self, "sent", "{'channel': <'desktop'>, 'code': <'K-7F3A-9Q2M'>}", 1);
  journal (self, "revoked", "{'connection': <'c1'>, 'link': <'l1'>}", 2);
  journal (self, "note", "{'incident': <'i9'>, 'to': <'bank'>, 'who': <'Ms Ogawa'>}", 3);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->ledger);
}

static GVariant *
verify (Fixture *self, const char *options)
{
  g_autoptr(GError) error = NULL;
  GVariant *result = koban_ledger_verify_journal (
    self->ledger, options != NULL ? g_variant_new_parsed (options) : NULL, &error);

  g_assert_no_error (error);
  return g_variant_ref_sink (result);
}

static gint64
get_number (GVariant *result, const char *key)
{
  gint64 value = 0;

  g_variant_lookup (result, key, "x", &value);
  return value;
}

static void
test_an_untouched_chain_holds (Fixture *self, gconstpointer data)
{
  g_autoptr(GVariant) result = verify (self, NULL);
  gboolean intact = FALSE;
  const char *head = NULL;

  g_assert_true (g_variant_lookup (result, "intact", "b", &intact) && intact);
  g_assert_true (g_variant_lookup (result, "head", "&s", &head));
  g_assert_cmpuint (strlen (head), ==, 64);
  g_assert_cmpint (get_number (result, "entries"), ==, 4);
  g_assert_cmpint (get_number (result, "first"), ==, NOW (0));
  g_assert_cmpint (get_number (result, "last"), ==, NOW (3));
}

/* What a hand does to the file, the first entry that does not hold, and why. */
static const struct
{
  const char *name, *sql, *why;
  gint64 broken;
} touches[] = {
  { "time", "UPDATE journal SET at_us = at_us - 1 WHERE id = 3", "seal", 3 },
  { "kind", "UPDATE journal SET kind = 'sent' WHERE id = 3", "seal", 3 },
  { "words", "UPDATE journal SET payload = replace (payload, 'Ogawa', 'Ono') WHERE id = 4", "payload", 4 },
  { "salt", "UPDATE journal SET salt = x'00' WHERE id = 2", "payload", 2 },
  { "left out", "DELETE FROM journal WHERE id = 2", "missing", 2 },
  { "erased", "UPDATE journal SET payload = NULL, salt = NULL WHERE id = 4", "erased", 4 },
  { "put in",
    "INSERT INTO journal SELECT 9, at_us, kind, payload, salt, payload_hash, prev_hash, hash FROM journal"
    " WHERE id = 2",
    "missing", 5 },
};

static void
test_a_touch_shows (Fixture *self, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  const char *why = NULL;
  gboolean intact = TRUE;

  g_assert_true (koban_store_exec (self->ledger->store, touches[row].sql, NULL));
  g_autoptr(GVariant) result = verify (self, NULL);
  g_assert_true (g_variant_lookup (result, "intact", "b", &intact) && !intact);
  g_assert_cmpint (get_number (result, "broken"), ==, touches[row].broken);
  g_assert_true (g_variant_lookup (result, "why", "&s", &why));
  g_assert_cmpstr (why, ==, touches[row].why);
}

/* Entries of the connection lose their words, those of others keep them, and the chain holds. */
static void
test_a_purge_is_told_as_erased (Fixture *self, gconstpointer data)
{
  gboolean intact = FALSE;

  g_assert_true (koban_ledger_remove_connection (self->ledger, "c1", TRUE, NOW (5), NULL));
  g_autoptr(GVariant) result = verify (self, NULL);
  g_autoptr(GVariant) erasures = g_variant_lookup_value (result, "erasures", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GVariant) erasure = g_variant_get_child_value (erasures, 0);
  const char *entries = NULL;

  g_assert_true (g_variant_lookup (result, "intact", "b", &intact) && intact);
  g_assert_cmpint (get_number (result, "erased"), ==, 2);
  g_assert_true (g_variant_lookup (erasure, "entries", "&s", &entries));
  g_assert_cmpstr (entries, ==, "1 3");
  g_assert_cmpint (get_number (erasure, "at"), ==, NOW (5));
}

/* A head and a file that were written down elsewhere are found again. */
static void
test_an_anchor_is_found (Fixture *self, gconstpointer data)
{
  g_autoptr(GVariant) before = verify (self, NULL);
  const char *head = NULL;

  g_variant_lookup (before, "head", "&s", &head);
  journal (self, KOBAN_JOURNAL_EXPORTED, "{'incident': <'i9'>, 'sha256': <'ab12'>}", 6);
  g_autofree char *options = g_strdup_printf ("{'head': <'%s'>, 'file': <'ab12'>}", head);
  g_autoptr(GVariant) known = verify (self, options);
  g_assert_cmpint (get_number (known, "known"), ==, NOW (3));
  g_assert_cmpint (get_number (known, "exported"), ==, NOW (6));

  g_autoptr(GVariant) strange = verify (self, "{'head': <'00'>, 'file': <'00'>}");
  g_assert_cmpint (get_number (strange, "known"), ==, 0);
  g_assert_cmpint (get_number (strange, "exported"), ==, 0);
}

#define CLAIM(path, test) g_test_add ("/journal/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CLAIM ("holds", test_an_untouched_chain_holds);
  for (guint i = 0; i < G_N_ELEMENTS (touches); i++)
    {
      g_autofree char *path = g_strdup_printf ("/journal/touched/%s", touches[i].name);
      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_a_touch_shows, tear_down);
    }
  CLAIM ("purged", test_a_purge_is_told_as_erased);
  CLAIM ("anchor", test_an_anchor_is_found);
  return g_test_run ();
}
