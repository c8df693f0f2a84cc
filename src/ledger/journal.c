/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What happened, when: rows that are only ever added, each sealed with the hash of the one before,
 * so that a changed, missing or inserted row shows. A payload holds ids and codes, what the person noted,
 * and no bank's text but what a revoked link is set up again by. A purge forgets payloads, names their
 * numbers in a row of its own, and the chain still holds; what is erased otherwise shows as broken.
 */
#include "config.h"

#include "ledger/inside.h"

#include <string.h>

#define SALT_LENGTH 16
#define HASH_LENGTH 32

static GBytes *
checksum_take (GChecksum *checksum)
{
  gsize length = HASH_LENGTH;
  guint8 *digest = g_malloc (length);

  g_checksum_get_digest (checksum, digest, &length);
  return g_bytes_new_take (digest, length);
}

static void
checksum_add (GChecksum *checksum, GBytes *bytes)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (bytes, &length);

  g_checksum_update (checksum, data, (gssize) length);
}

static GBytes *
hash_payload (GBytes *salt, const char *payload)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  checksum_add (checksum, salt);
  g_checksum_update (checksum, (const guchar *) payload, (gssize) strlen (payload));
  return checksum_take (checksum);
}

/* prev ‖ time (big endian) ‖ kind, with its zero ‖ H (salt ‖ payload) */
static GBytes *
hash_row (GBytes *previous, gint64 at_us, const char *kind, GBytes *payload_hash)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gint64 time = GINT64_TO_BE (at_us);

  checksum_add (checksum, previous);
  g_checksum_update (checksum, (const guchar *) &time, sizeof time);
  g_checksum_update (checksum, (const guchar *) kind, (gssize) strlen (kind) + 1);
  checksum_add (checksum, payload_hash);
  return checksum_take (checksum);
}

static GBytes *
last_hash (KobanLedger *self, GError **error)
{
  static const char sql[] = "SELECT hash FROM journal ORDER BY id DESC LIMIT 1";
  static const guint8 nothing[HASH_LENGTH];
  g_auto(KobanQuery) query = { 0 };
  g_autoptr(GBytes) hash = NULL;

  koban_query_start (&query, self->store, sql, "");
  if (koban_query_next (&query))
    hash = koban_query_bytes (&query, 0);
  if (!koban_query_finish (&query, error))
    return NULL;
  return hash != NULL ? g_steal_pointer (&hash) : g_bytes_new_static (nothing, sizeof nothing);
}

static gboolean
append (KobanLedger *self, gint64 now_us, const char *kind, GVariant *payload, GError **error)
{
  static const char sql[] = "INSERT INTO journal (at_us, kind, payload, salt, payload_hash, prev_hash, hash)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?)";
  g_autoptr(GBytes) previous = last_hash (self, error);
  g_autofree char *text = koban_row_variant (payload);
  guint8 random[SALT_LENGTH];
  g_autoptr(GBytes) salt = NULL;
  g_autoptr(GBytes) payload_hash = NULL;
  g_autoptr(GBytes) hash = NULL;

  if (previous == NULL)
    return FALSE;
  koban_store_random (random, sizeof random);
  salt = g_bytes_new (random, sizeof random);
  payload_hash = hash_payload (salt, text);
  hash = hash_row (previous, now_us, kind, payload_hash);
  return koban_store_run (self->store, error, sql, "issbbbb", now_us, kind, text, salt, payload_hash,
                          previous, hash);
}

/* --- forgetting ---------------------------------------------------------------------------------- */

/* Does a payload speak of anything in @about? A key of an incident ("freshness:c1:stale") has its ids inside.
 */
static gboolean
speaks_of (GVariant *payload, GHashTable *about)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;
  gboolean found = FALSE;

  g_variant_iter_init (&iter, payload);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      const char *text =
        g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_get_string (value, NULL) : "";
      g_auto(GStrv) parts = g_strsplit (g_str_equal (name, "key") ? text : "", ":", -1);

      found |= g_hash_table_contains (about, text);
      for (char **part = parts; *part != NULL; part++)
        found |= g_hash_table_contains (about, *part);
      g_variant_unref (value);
    }
  return found;
}

static GArray *
find_entries (KobanLedger *self, GHashTable *about, GError **error)
{
  static const char sql[] = "SELECT id, payload FROM journal WHERE payload IS NOT NULL ORDER BY id";
  g_autoptr(GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autoptr(GVariant) payload = koban_row_get_variant (koban_query_text (&query, 1), "a{sv}");
      gint64 number = koban_query_int (&query, 0);

      if (payload != NULL && speaks_of (payload, about))
        g_array_append_val (numbers, number);
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&numbers) : NULL;
}

/* "1-4 9" */
static char *
write_numbers (GArray *numbers)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < numbers->len;)
    {
      gint64 first = g_array_index (numbers, gint64, i), last = first;

      while (++i < numbers->len && g_array_index (numbers, gint64, i) == last + 1)
        last++;
      g_string_append_printf (text, "%s%" G_GINT64_FORMAT, text->len > 0 ? " " : "", first);
      if (last > first)
        g_string_append_printf (text, "-%" G_GINT64_FORMAT, last);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
koban_journal_forget (KobanLedger *self, GHashTable *about, gint64 now_us, GError **error)
{
  static const char sql[] = "UPDATE journal SET payload = NULL, salt = NULL WHERE id = ?";
  g_autoptr(GArray) numbers = find_entries (self, about, error);
  g_autofree char *told = numbers != NULL ? write_numbers (numbers) : NULL;

  if (numbers == NULL || numbers->len == 0)
    return numbers != NULL;
  for (guint i = 0; i < numbers->len; i++)
    if (!koban_store_run (self->store, error, sql, "i", g_array_index (numbers, gint64, i)))
      return FALSE;
  return koban_journal_note (self, now_us, error, KOBAN_JOURNAL_ERASED, "entries", "s", told, NULL);
}

/* --- verifying ------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 entries, erased, broken, first_us, last_us;
  const char *why;          /* (nullable): of @broken */
  GBytes *head;             /* (owned): hash of the last entry */
  GHashTable *open;         /* (owned): numbers of erased entries that no later entry accounts for yet */
  GVariantBuilder erasures; /* aa{sv} */
  const char *known, *file; /* (nullable): hashes that are looked for, as hex */
  gint64 known_us, file_us; /* when; 0: never */
} Verifying;

static void
break_at (Verifying *self, gint64 number, const char *why)
{
  if (self->broken == 0 || number < self->broken)
    {
      self->broken = number;
      self->why = why;
    }
}

/* A purge says which entries it erased; @from-@to of them are accounted for. */
static void
account_for (Verifying *self, const char *range)
{
  char *end = NULL;
  gint64 from = g_ascii_strtoll (range, &end, 10),
         to = *end == '-' ? g_ascii_strtoll (end + 1, NULL, 10) : from;

  for (gint64 number = from; number > 0 && number <= to && number <= self->entries; number++)
    g_hash_table_remove (self->open, &number);
}

static void
hear_erasure (Verifying *self, GVariant *payload, gint64 at_us)
{
  const char *entries = "";
  g_auto(GStrv) ranges = NULL;

  g_variant_lookup (payload, "entries", "&s", &entries);
  ranges = g_strsplit (entries, " ", -1);
  for (char **range = ranges; *range != NULL; range++)
    account_for (self, *range);
  g_variant_builder_open (&self->erasures, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&self->erasures, "{sv}", "entries", g_variant_new_string (entries));
  g_variant_builder_add (&self->erasures, "{sv}", "at", g_variant_new_int64 (at_us));
  g_variant_builder_close (&self->erasures);
}

static void
hear_payload (Verifying *self, const char *kind, const char *text, gint64 at_us)
{
  g_autoptr(GVariant) payload = koban_row_get_variant (text, "a{sv}");
  const char *sha256 = NULL;

  if (payload == NULL)
    return;
  if (g_str_equal (kind, KOBAN_JOURNAL_ERASED))
    hear_erasure (self, payload, at_us);
  if (g_str_equal (kind, KOBAN_JOURNAL_EXPORTED) && g_variant_lookup (payload, "sha256", "&s", &sha256) &&
      g_strcmp0 (sha256, self->file) == 0)
    self->file_us = at_us;
}

static char *
to_hex (GBytes *bytes)
{
  g_autoptr(GString) hex = g_string_new (NULL);
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  for (gsize i = 0; i < length; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (g_steal_pointer (&hex), FALSE);
}

#define ENTRY_COLUMNS "id, at_us, kind, payload, salt, payload_hash, prev_hash, hash"

/* What an entry says is what it said when it was sealed; an erased one is believed by its seal alone. */
static void
verify_payload (Verifying *self, KobanQuery *query, gint64 number, GBytes *payload_hash)
{
  g_autoptr(GBytes) salt = koban_query_bytes (query, 4);
  const char *text = koban_query_text (query, 3);

  if (text == NULL || salt == NULL)
    {
      self->erased++;
      g_hash_table_add (self->open, g_memdup2 (&number, sizeof number));
      return;
    }
  g_autoptr(GBytes) hash = hash_payload (salt, text);
  if (!g_bytes_equal (hash, payload_hash))
    break_at (self, number, "payload");
  hear_payload (self, koban_query_text (query, 2), text, koban_query_int (query, 1));
}

static void
verify_entry (Verifying *self, KobanQuery *query)
{
  gint64 number = koban_query_int (query, 0), at_us = koban_query_int (query, 1);
  g_autoptr(GBytes) payload_hash = koban_query_bytes (query, 5);
  g_autoptr(GBytes) previous = koban_query_bytes (query, 6);
  g_autoptr(GBytes) hash = koban_query_bytes (query, 7);
  g_autoptr(GBytes) sealed = hash_row (self->head, at_us, koban_query_text (query, 2), payload_hash);
  g_autofree char *shown = to_hex (hash);

  if (number != ++self->entries)
    break_at (self, self->entries, "missing");
  self->entries = number;
  if (!g_bytes_equal (previous, self->head) || !g_bytes_equal (sealed, hash))
    break_at (self, number, "seal");
  verify_payload (self, query, number, payload_hash);
  if (g_strcmp0 (shown, self->known) == 0)
    self->known_us = at_us;
  self->first_us = self->first_us != 0 ? self->first_us : at_us;
  self->last_us = at_us;
  g_bytes_unref (self->head);
  self->head = g_steal_pointer (&hash);
}

static void
verify_erasures (Verifying *self)
{
  GHashTableIter iter;
  gpointer number;

  g_hash_table_iter_init (&iter, self->open);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    break_at (self, *(gint64 *) number, "erased");
}

static void
insert_time (GVariantDict *result, const char *key, gint64 at_us)
{
  if (at_us != 0)
    g_variant_dict_insert (result, key, "x", at_us);
}

static GVariant *
tell_verified (Verifying *self)
{
  g_auto(GVariantDict) result = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *head = to_hex (self->head);

  g_variant_dict_insert (&result, "intact", "b", self->broken == 0);
  g_variant_dict_insert (&result, "entries", "x", self->entries);
  g_variant_dict_insert (&result, "erased", "x", self->erased);
  g_variant_dict_insert (&result, "head", "s", head);
  insert_time (&result, "first", self->first_us);
  insert_time (&result, "last", self->last_us);
  insert_time (&result, "known", self->known_us);
  insert_time (&result, "exported", self->file_us);
  if (self->broken != 0)
    {
      g_variant_dict_insert (&result, "broken", "x", self->broken);
      g_variant_dict_insert (&result, "why", "s", self->why);
    }
  g_variant_dict_insert_value (&result, "erasures", g_variant_builder_end (&self->erasures));
  return g_variant_dict_end (&result);
}

static gboolean
verify_all (KobanLedger *self, Verifying *verifying, GError **error)
{
  static const char sql[] = "SELECT " ENTRY_COLUMNS " FROM journal ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    verify_entry (verifying, &query);
  verify_erasures (verifying);
  return koban_query_finish (&query, error);
}

GVariant *
koban_ledger_verify_journal (KobanLedger *self, GVariant *options, GError **error)
{
  g_autoptr(GVariant) given = options != NULL ? g_variant_ref_sink (options) : NULL;
  Verifying verifying = { .head = g_bytes_new_take (g_malloc0 (HASH_LENGTH), HASH_LENGTH) };
  GVariant *result = NULL;

  koban_ledger_assert_thread (self);
  if (given != NULL)
    {
      g_variant_lookup (given, "head", "&s", &verifying.known);
      g_variant_lookup (given, "file", "&s", &verifying.file);
    }
  verifying.open = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_variant_builder_init (&verifying.erasures, G_VARIANT_TYPE ("aa{sv}"));
  if (verify_all (self, &verifying, error))
    result = tell_verified (&verifying);
  else
    g_variant_builder_clear (&verifying.erasures);
  g_hash_table_unref (verifying.open);
  g_bytes_unref (verifying.head);
  return result;
}

/* --- reading ----------------------------------------------------------------------------------------- */

/* With the words as they were sealed and their salt, so that a stranger can seal them again. */
static GVariant *
read_entry (KobanQuery *query, GVariant *payload)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GBytes) salt = koban_query_bytes (query, 4);
  g_autofree char *hex = to_hex (salt);

  g_variant_dict_insert (&row, "number", "x", koban_query_int (query, 0));
  g_variant_dict_insert (&row, "at", "x", koban_query_int (query, 1));
  g_variant_dict_insert (&row, "kind", "s", koban_query_text (query, 2));
  g_variant_dict_insert (&row, "sealed", "s", koban_query_text (query, 3));
  g_variant_dict_insert (&row, "salt", "s", hex);
  g_variant_dict_insert_value (&row, "payload", payload);
  return g_variant_dict_end (&row);
}

GVariant *
koban_journal_read (KobanLedger *self, GHashTable *about, GError **error)
{
  static const char sql[] = "SELECT " ENTRY_COLUMNS " FROM journal WHERE payload IS NOT NULL ORDER BY id";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autoptr(GVariant) payload = koban_row_get_variant (koban_query_text (&query, 3), "a{sv}");

      if (payload != NULL && speaks_of (payload, about))
        g_variant_builder_add_value (&rows, read_entry (&query, payload));
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

GVariant *
koban_journal_chain (KobanLedger *self, GError **error)
{
  static const char sql[] = "SELECT " ENTRY_COLUMNS " FROM journal ORDER BY id";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxsss)"));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autoptr(GBytes) payload_hash = koban_query_bytes (&query, 5);
      g_autoptr(GBytes) hash = koban_query_bytes (&query, 7);
      g_autofree char *payload_hex = to_hex (payload_hash), *hex = to_hex (hash);

      g_variant_builder_add (&rows, "(xxsss)", koban_query_int (&query, 0), koban_query_int (&query, 1),
                             koban_query_text (&query, 2), payload_hex, hex);
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

/* --- writing ------------------------------------------------------------------------------------------ */

gboolean
koban_journal_note (KobanLedger *self, gint64 now_us, GError **error, const char *kind, ...)
{
  g_auto(GVariantDict) payload = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GVariant) value = NULL;
  const char *name;
  va_list args;

  va_start (args, kind);
  while ((name = va_arg (args, const char *)) != NULL)
    {
      const char *format = va_arg (args, const char *);

      if (*format == 'x')
        g_variant_dict_insert (&payload, name, "x", va_arg (args, gint64));
      else
        {
          const char *text = va_arg (args, const char *);
          if (text != NULL)
            g_variant_dict_insert (&payload, name, "s", text);
        }
    }
  va_end (args);
  value = g_variant_ref_sink (g_variant_dict_end (&payload));
  return append (self, now_us, kind, value, error);
}

gboolean
koban_ledger_journal (KobanLedger *self, const char *kind, GVariant *payload, gint64 now_us, GError **error)
{
  g_autoptr(GVariant) value = g_variant_ref_sink (payload);

  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, append (self, now_us, kind, value, error), error);
}

GBytes *
koban_journal_head (KobanLedger *self, GError **error)
{
  return last_hash (self, error);
}
