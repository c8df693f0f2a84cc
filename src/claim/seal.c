/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hashes over what was written: the file's own, and the journal's chain as a file tells it.
 */
#include "config.h"

#include "claim/seal.h"

#include <string.h>

#include "wire/json-reader.h"

#define HEX_LENGTH 64
#define HASH_LENGTH 32

static char *
find_mark (const char *text)
{
  char *mark = g_strrstr (text, KOBAN_SEAL_MARK);

  return mark != NULL && strlen (mark) >= strlen (KOBAN_SEAL_OPEN) ? mark + strlen (KOBAN_SEAL_MARK) : NULL;
}

gboolean
koban_seal_close (char *text)
{
  char *place = find_mark (text);
  g_autofree char *hash = NULL;

  if (place == NULL || !g_str_has_prefix (place - strlen (KOBAN_SEAL_MARK), KOBAN_SEAL_OPEN))
    return FALSE;
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  memcpy (place, hash, HEX_LENGTH);
  return TRUE;
}

KobanSealState
koban_seal_check (const char *text)
{
  g_autofree char *opened = g_strdup (text);
  char *place = find_mark (opened);
  g_autofree char *said = place != NULL ? g_strndup (place, HEX_LENGTH) : NULL;

  if (place == NULL)
    return KOBAN_SEAL_NONE;
  memset (place, '0', HEX_LENGTH);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, opened, -1);
  return g_str_equal (hash, said) ? KOBAN_SEAL_HOLDS : KOBAN_SEAL_BROKEN;
}

/* --- the chain ---------------------------------------------------------------------------------------------
 */

static gboolean
from_hex (const char *hex, guint8 *bytes, gsize length)
{
  if (hex == NULL || strlen (hex) != 2 * length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isxdigit (hex[2 * i]) || !g_ascii_isxdigit (hex[2 * i + 1]))
        return FALSE;
      bytes[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]));
    }
  return TRUE;
}

static KobanJsonNode
cell (KobanJsonNode row, guint index)
{
  KobanJsonNode at = koban_json_first (row);

  while (index-- > 0 && koban_json_exists (at))
    at = koban_json_next (at);
  return at;
}

/* [number, time, kind, hash of the payload, hash] → its hash follows from @previous. */
static gboolean
entry_holds (KobanJsonNode row, guint8 *previous)
{
  const char *kind = koban_json_string (cell (row, 2)), *said = koban_json_string (cell (row, 4));
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 payload[HASH_LENGTH];
  gint64 at_us = 0;

  if (kind == NULL || said == NULL || !koban_json_int64 (cell (row, 1), &at_us) ||
      !from_hex (koban_json_string (cell (row, 3)), payload, HASH_LENGTH))
    return FALSE;
  at_us = GINT64_TO_BE (at_us);
  g_checksum_update (checksum, previous, HASH_LENGTH);
  g_checksum_update (checksum, (const guchar *) &at_us, sizeof at_us);
  g_checksum_update (checksum, (const guchar *) kind, (gssize) strlen (kind) + 1);
  g_checksum_update (checksum, payload, HASH_LENGTH);
  return g_str_equal (g_checksum_get_string (checksum), said) && from_hex (said, previous, HASH_LENGTH);
}

/* An entry told in words: its salt and words are those that were sealed under its number. */
static gboolean
words_hold (KobanJsonNode entry, KobanJsonNode chain)
{
  const char *salt_hex = koban_json_string (koban_json_member (entry, "salt"));
  const char *sealed = koban_json_string (koban_json_member (entry, "sealed"));
  gsize length = salt_hex != NULL ? strlen (salt_hex) / 2 : 0;
  g_autofree guint8 *salt = g_malloc0 (length + 1);
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gint64 number = 0, at = 0;

  if (sealed == NULL || !koban_json_int64 (koban_json_member (entry, "number"), &number) ||
      !from_hex (salt_hex, salt, length))
    return FALSE;
  g_checksum_update (checksum, salt, (gssize) length);
  g_checksum_update (checksum, (const guchar *) sealed, (gssize) strlen (sealed));
  for (KobanJsonNode row = koban_json_first (chain); koban_json_exists (row); row = koban_json_next (row))
    if (koban_json_int64 (cell (row, 0), &at) && at == number)
      return g_strcmp0 (koban_json_string (cell (row, 3)), g_checksum_get_string (checksum)) == 0;
  return FALSE;
}

KobanSealState
koban_seal_check_chain (const char *text, char **head, gint64 *broken)
{
  g_autoptr(KobanJson) json = koban_json_parse (text, strlen (text), NULL);
  KobanJsonNode root = json != NULL ? koban_json_root (json) : KOBAN_JSON_NONE;
  KobanJsonNode chain = koban_json_member (root, "chain"), journal = koban_json_member (root, "journal");
  guint8 previous[HASH_LENGTH] = { 0 };
  gint64 number = 0;

  if (!koban_json_exists (chain))
    return KOBAN_SEAL_NONE;
  for (KobanJsonNode row = koban_json_first (chain); koban_json_exists (row); row = koban_json_next (row))
    {
      number++;
      if (!entry_holds (row, previous))
        {
          *broken = number;
          return KOBAN_SEAL_BROKEN;
        }
      g_free (*head);
      *head = g_strdup (koban_json_string (cell (row, 4)));
    }
  for (KobanJsonNode entry = koban_json_first (journal); koban_json_exists (entry);
       entry = koban_json_next (entry))
    if (!words_hold (entry, chain))
      {
        (void) !koban_json_int64 (koban_json_member (entry, "number"), broken);
        return KOBAN_SEAL_BROKEN;
      }
  return KOBAN_SEAL_HOLDS;
}
