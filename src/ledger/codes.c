/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The short codes that stand in what Koban sends: made of the journal's head, so that whoever keeps a message
 * keeps forty bits of the journal with it, and read as people type them. What was sent under a code is what
 * the journal says was sent, word for word.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

#define CODE_BYTES 5 /* forty bits, eight letters */

/* Read over the telephone: no I, L, O, U. */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* --- making -------------------------------------------------------------------------------------------- */

static char *
code_of_bytes (const guint8 *bytes)
{
  char code[] = "K-....-....";
  guint64 bits = 0;

  for (gsize i = 0; i < CODE_BYTES; i++)
    bits = bits << 8 | bytes[i];
  for (gsize i = 0; i < 8; i++)
    code[i < 4 ? i + 2 : i + 3] = letters[bits >> (35 - 5 * i) & 31];
  return g_strdup (code);
}

char *
koban_code_from_head (KobanLedger *self, guint nth, GError **error)
{
  g_autoptr(GBytes) head = koban_journal_head (self, error);
  gsize length;
  const guint8 *bytes;

  if (head == NULL)
    return NULL;
  bytes = g_bytes_get_data (head, &length);
  if ((nth + 1) * CODE_BYTES <= length)
    return code_of_bytes (bytes + nth * CODE_BYTES);
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_FAILED, "every code of this head is taken");
  return NULL;
}

/* --- reading ------------------------------------------------------------------------------------------- */

/* As it was meant: the letters that codes do not have are the digits that they look like. */
static char
letter_of (char typed)
{
  char upper = g_ascii_toupper (typed);

  if (upper == 'O')
    return '0';
  if (upper == 'I' || upper == 'L')
    return '1';
  return upper != '\0' && strchr (letters, upper) != NULL ? upper : '\0';
}

/* @typed without what separates. */
static char *
strip (const char *typed)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (; *typed != '\0'; typed++)
    if (*typed != '-' && !g_ascii_isspace (*typed))
      g_string_append_c (text, *typed);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
koban_code_read (const char *typed)
{
  g_autofree char *text = strip (typed);
  char code[] = "K-....-....";
  gsize length = strlen (text);
  const char *body = text;

  if (length == 9 && g_ascii_toupper (*text) == 'K')
    body++;
  else if (length != 8)
    return NULL;
  for (gsize i = 0; i < 8; i++)
    {
      char letter = letter_of (body[i]);

      if (letter == '\0')
        return NULL;
      code[i < 4 ? i + 2 : i + 3] = letter;
    }
  return g_strdup (code);
}

/* --- what was sent ------------------------------------------------------------------------------------- */

gboolean
koban_sent_note (KobanLedger *self,
                 const KobanSaid *said,
                 const char *key,
                 const char *codes,
                 gint64 now_us,
                 GError **error)
{
  return koban_journal_note (self, now_us, error, "sent", "channel", "s", said->channel, "code", "s",
                             said->code, "codes", "s", codes, "key", "s", key, "id", "s", said->id, "purpose",
                             "s", said->purpose, "summary", "s", said->summary, "body", "s", said->body,
                             "result", "s", "taken", NULL);
}

/* Its own, or one of those that it spoke of; a code inside of a bank's words is neither. */
static gboolean
is_of_code (GVariant *payload, const char *code)
{
  const char *own = "", *others = "";
  g_auto(GStrv) parts = NULL;

  g_variant_lookup (payload, "code", "&s", &own);
  g_variant_lookup (payload, "codes", "&s", &others);
  parts = g_strsplit (others, ":", -1);
  return g_str_equal (own, code) || g_strv_contains ((const char *const *) parts, code);
}

static GVariant *
sent_row (GVariant *payload, gint64 at_us)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (payload);

  g_variant_dict_insert (&row, "sent", "x", at_us);
  g_variant_dict_remove (&row, "codes");
  g_variant_dict_remove (&row, "key");
  return g_variant_dict_end (&row);
}

static gboolean
read_sent (KobanLedger *self, const char *code, GVariantBuilder *rows, guint *count, GError **error)
{
  static const char sql[] =
    "SELECT at_us, payload FROM journal WHERE kind = 'sent' AND instr (payload, ?) > 0"
    " ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "s", code);
  while (koban_query_next (&query))
    {
      g_autoptr(GVariant) payload = koban_row_get_variant (koban_query_text (&query, 1), "a{sv}");

      if (payload == NULL || !is_of_code (payload, code))
        continue;
      g_variant_builder_add_value (rows, sent_row (payload, koban_query_int (&query, 0)));
      ++*count;
    }
  return koban_query_finish (&query, error);
}

GVariant *
koban_ledger_verify_code (KobanLedger *self, const char *typed, GError **error)
{
  g_autofree char *code = koban_code_read (typed);
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  guint count = 0;

  koban_ledger_assert_thread (self);
  if (code == NULL)
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                           _("A code of Koban has eight letters and digits: K-7F3A-9Q2M."));
      return NULL;
    }
  if (!read_sent (self, code, &rows, &count, error))
    return NULL;
  if (count > 0)
    return g_variant_builder_end (&rows);
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("Koban has never sent this code."));
  return NULL;
}
