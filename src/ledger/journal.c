/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What happened, when: rows that are only ever added, each sealed with the hash of the one before,
 * so that a changed, missing or inserted row shows. A payload holds ids and codes, and no bank's text
 * but what a revoked link is set up again by: that a purge forgets, and the chain still holds.
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

gboolean
koban_journal_forget_revoked (KobanLedger *self, const char *connection, GError **error)
{
  static const char sql[] = "UPDATE journal SET payload = NULL, salt = NULL WHERE kind = 'revoked'"
                            " AND instr (payload, ?) > 0";
  g_autofree char *said = g_strdup_printf ("'connection': <'%s'>", connection);

  return koban_store_run (self->store, error, sql, "s", said);
}

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
