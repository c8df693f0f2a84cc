/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines and links as values and as rows: read, insert, update. One place knows the order of the
 * columns. It never decides what a row means.
 */
#include "config.h"

#include "ledger/inside.h"
#include "watch/habit.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>

/* --- small values -------------------------------------------------------------------------- */

#define ID_SIZE 24 /* a letter, the digits of any gint64 and its sign */

/* From behind into @buffer; every line that is read or written has one, so that this is no printf. */
static const char *
write_id (char buffer[ID_SIZE], char letter, gint64 id)
{
  guint64 left = id < 0 ? -(guint64) id : (guint64) id;
  char *at = buffer + ID_SIZE - 1;

  *at = '\0';
  do
    *--at = (char) ('0' + left % 10);
  while ((left /= 10) != 0);
  if (id < 0)
    *--at = '-';
  *--at = letter;
  return at;
}

char *
koban_row_id (char letter, gint64 id)
{
  char buffer[ID_SIZE];

  return id != 0 ? g_strdup (write_id (buffer, letter, id)) : NULL;
}

gboolean
koban_row_parse_id (const char *text, char letter, gint64 *id)
{
  guint64 value;

  if (text == NULL || text[0] != letter ||
      !g_ascii_string_to_unsigned (text + 1, 10, 1, G_MAXINT64, &value, NULL))
    return FALSE;
  *id = (gint64) value;
  return TRUE;
}

char *
koban_row_variant (GVariant *value)
{
  return g_variant_print (value, TRUE);
}

GVariant *
koban_row_get_variant (const char *text, const char *type)
{
  return text != NULL ? g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, NULL) : NULL;
}

char *
koban_row_words (const char *const *words)
{
  g_autoptr(GVariant) value = words != NULL ? g_variant_ref_sink (g_variant_new_strv (words, -1)) : NULL;

  return value != NULL ? koban_row_variant (value) : NULL;
}

char **
koban_row_get_words (const char *text)
{
  g_autoptr(GVariant) value = koban_row_get_variant (text, "as");

  return value != NULL ? g_variant_dup_strv (value, NULL) : NULL;
}

/* Payees come again and again, and the judgement has read most of them before. */
static const KobanService *
match_service (KobanLedger *self, const char *name)
{
  g_autofree char *folded = NULL;
  const KobanName *known;

  if (self->services == NULL || name == NULL)
    return NULL;
  known = self->habits != NULL ? koban_habits_find_name (self->habits, self->services, name) : NULL;
  if (known != NULL)
    return known->service;
  folded = koban_text_fold (name);
  return koban_services_match (self->services, folded);
}

/* A merchant that only looks like a service is not one. */
const char *
koban_row_service (KobanLedger *self, const char *name, const char *other)
{
  const KobanService *service = match_service (self, name);

  if (service == NULL)
    service = match_service (self, other);
  return service != NULL && service->category != KOBAN_SERVICE_MERCHANT ? service->name : NULL;
}

/* --- lines ----------------------------------------------------------------------------------- */

void
koban_line_row_read (KobanQuery *query, KobanLineRow *row)
{
  char id[ID_SIZE];
  KobanTransaction fields = {
    .id = write_id (id, 't', koban_query_int (query, 0)),
    .bank_id = koban_query_text (query, 1),
    .pending_id = koban_query_text (query, 2),
    .state = (KobanTransactionState) koban_query_int (query, 3),
    .type = (KobanTransactionType) koban_query_int (query, 4),
    .date = koban_query_is_null (query, 7) ? KOBAN_NO_DATE : (KobanDate) koban_query_int (query, 7),
    .time_us = koban_query_int (query, 8),
    .text = koban_query_text (query, 9),
    .payee = koban_query_text (query, 10),
    .counterparty_id = koban_query_text (query, 11),
    .mandate_ref = koban_query_text (query, 12),
    .first_seen_us = koban_query_int (query, 15),
  };

  row->id = koban_query_int (query, 0);
  koban_query_money (query, 5, &fields.amount);
  fields.has_balance_after = koban_query_money (query, 13, &fields.balance_after);
  row->misses = (guint) koban_query_int (query, 16);
  row->missing_since_us = koban_query_int (query, 17);
  row->line = koban_transaction_new (&fields);
}

void
koban_line_row_clear (gpointer row)
{
  g_clear_pointer (&((KobanLineRow *) row)->line, koban_transaction_unref);
}

KobanTransaction *
koban_line_load (KobanLedger *self, gint64 id, gint64 *account, GError **error)
{
  static const char sql[] = "SELECT " KOBAN_LINE_COLUMNS ", account FROM line WHERE id = ?";
  g_auto(KobanQuery) query = { 0 };
  KobanLineRow row = { 0 };

  koban_query_start (&query, self->store, sql, "i", id);
  if (koban_query_next (&query))
    {
      koban_line_row_read (&query, &row);
      *account = koban_query_int (&query, 18);
    }
  if (!koban_query_finish (&query, error))
    koban_line_row_clear (&row);
  return row.line;
}

KobanTransaction *
koban_line_insert (KobanLedger *self,
                   gint64 account,
                   const KobanTransaction *line,
                   gint64 now_us,
                   gint64 unseen_us,
                   GError **error)
{
  static const char sql[] =
    "INSERT INTO line (account, bank_id, pending_id, state, type, amount, currency, date, time_us, text, "
    "payee,"
    " counterparty_id, mandate_ref, balance_after, balance_currency, first_seen_us, service, unseen_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  KobanTransaction fields = *line;
  g_autofree char *id = NULL;

  if (!koban_store_run (self->store, error, sql, "issiimdzssssmisz", account, line->bank_id, line->pending_id,
                        (gint64) line->state, (gint64) line->type, TRUE, line->amount, (gint64) line->date,
                        line->time_us, line->text, line->payee, line->counterparty_id, line->mandate_ref,
                        line->has_balance_after, line->balance_after, now_us,
                        koban_row_service (self, line->text, line->payee), unseen_us))
    return NULL;
  id = koban_row_id ('t', koban_store_last_id (self->store));
  fields.id = id;
  fields.first_seen_us = now_us;
  return koban_transaction_new (&fields);
}

gboolean
koban_line_update (KobanLedger *self, gint64 id, const KobanTransaction *line, GError **error)
{
  static const char sql[] =
    "UPDATE line SET bank_id = ?, pending_id = ?, state = ?, type = ?, amount = ?, currency = ?,"
    " date = ?, time_us = ?, text = ?, payee = ?, counterparty_id = ?, mandate_ref = ?,"
    " balance_after = ?, balance_currency = ?, service = ? WHERE id = ?";

  return koban_store_run (self->store, error, sql, "ssiimdzssssmsi", line->bank_id, line->pending_id,
                          (gint64) line->state, (gint64) line->type, TRUE, line->amount, (gint64) line->date,
                          line->time_us, line->text, line->payee, line->counterparty_id, line->mandate_ref,
                          line->has_balance_after, line->balance_after,
                          koban_row_service (self, line->text, line->payee), id);
}

gboolean
koban_line_set_misses (KobanLedger *self, gint64 id, guint misses, gint64 since_us, GError **error)
{
  static const char sql[] = "UPDATE line SET misses = ?, missing_since_us = ? WHERE id = ?";

  return koban_store_run (self->store, error, sql, "izi", (gint64) misses, since_us, id);
}

/* --- links ----------------------------------------------------------------------------------- */

void
koban_link_row_read (KobanQuery *query, KobanLinkRow *row)
{
  g_auto(GStrv) scope = koban_row_get_words (koban_query_text (query, 13));
  char id[ID_SIZE];
  KobanLink fields = {
    .id = write_id (id, 'l', koban_query_int (query, 0)),
    .remote_id = koban_query_text (query, 3),
    .kind = (KobanLinkKind) koban_query_int (query, 4),
    .name = koban_query_text (query, 5),
    .collector = koban_query_text (query, 6),
    .reference = koban_query_text (query, 7),
    .provenance = (KobanProvenance) koban_query_int (query, 8),
    .own = koban_query_int (query, 9) != 0,
    .status = (KobanLinkStatus) koban_query_int (query, 10),
    .scope = (const char *const *) scope,
    .created_us = koban_query_int (query, 14),
    .expires_us = koban_query_int (query, 15),
    .revocation = (KobanRevocation) koban_query_int (query, 16),
  };

  row->id = koban_query_int (query, 0);
  fields.has_limit = koban_query_money (query, 11, &fields.limit);
  row->connection = koban_query_int (query, 1);
  row->account = koban_query_int (query, 2);
  row->answer = (KobanAnswer) koban_query_int (query, 17);
  row->misses = (guint) koban_query_int (query, 18);
  row->missing_since_us = koban_query_int (query, 19);
  row->link = koban_link_new (&fields);
}

void
koban_link_row_clear (gpointer row)
{
  g_clear_pointer (&((KobanLinkRow *) row)->link, koban_link_unref);
}

gboolean
koban_link_load (KobanLedger *self, gint64 id, KobanLinkRow *row, GError **error)
{
  static const char sql[] = "SELECT " KOBAN_LINK_COLUMNS " FROM link WHERE id = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", id);
  if (koban_query_next (&query))
    {
      koban_link_row_read (&query, row);
      return TRUE;
    }
  if (koban_query_finish (&query, error))
    {
      g_autofree char *name = g_strdup_printf ("l%" G_GINT64_FORMAT, id);

      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no link “%s”"), name);
    }
  return FALSE;
}

KobanLink *
koban_link_insert (KobanLedger *self,
                   gint64 connection,
                   gint64 account,
                   const KobanLink *link,
                   gint64 now_us,
                   GError **error)
{
  static const char sql[] =
    "INSERT INTO link (connection, account, remote_id, kind, name, collector, reference, provenance, own, "
    "status,"
    " limit_minor, limit_currency, scope, created_us, expires_us, revocation, service, first_seen_us, "
    "unseen_us)"
    " VALUES (?1, ?2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT max (last_good_us) FROM listing"
    " WHERE connection = ?1 AND account = coalesce (?2, 0) AND kind = ?))";
  g_autofree char *scope = koban_row_words (link->scope);
  g_autofree char *id = NULL;
  KobanLink fields = *link;

  if (!koban_store_run (self->store, error, sql, "izsisssiiimszzisii", connection, account, link->remote_id,
                        (gint64) link->kind, link->name, link->collector, link->reference,
                        (gint64) link->provenance, (gint64) link->own, (gint64) link->status, link->has_limit,
                        link->limit, scope, link->created_us, link->expires_us, (gint64) link->revocation,
                        koban_row_service (self, link->name, link->reference), now_us,
                        (gint64) KOBAN_LISTING_LINKS))
    return NULL;
  id = koban_row_id ('l', koban_store_last_id (self->store));
  fields.id = id;
  return koban_link_new (&fields);
}

gboolean
koban_link_update (KobanLedger *self, gint64 id, gint64 connection, const KobanLink *link, GError **error)
{
  static const char sql[] =
    "UPDATE link SET connection = ?, remote_id = ?, name = ?, collector = ?, reference = ?,"
    " provenance = ?, own = ?, status = ?, limit_minor = ?, limit_currency = ?, scope = ?,"
    " created_us = ?, expires_us = ?, revocation = ?, service = ? WHERE id = ?";
  g_autofree char *scope = koban_row_words (link->scope);

  return koban_store_run (self->store, error, sql, "issssiiimszzisi", connection, link->remote_id, link->name,
                          link->collector, link->reference, (gint64) link->provenance, (gint64) link->own,
                          (gint64) link->status, link->has_limit, link->limit, scope, link->created_us,
                          link->expires_us, (gint64) link->revocation,
                          koban_row_service (self, link->name, link->reference), id);
}

gboolean
koban_link_set_misses (KobanLedger *self, gint64 id, guint misses, gint64 since_us, GError **error)
{
  static const char sql[] = "UPDATE link SET misses = ?, missing_since_us = ? WHERE id = ?";

  return koban_store_run (self->store, error, sql, "izi", (gint64) misses, since_us, id);
}
