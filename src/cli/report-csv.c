/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The events of a dossier as a table for a spreadsheet, which takes a text that begins with = for a program:
 * whatever begins so and is no number is given a quotation mark in front.
 */
#include "config.h"

#include "cli/report.h"

#include <koban/money.h>
#include <koban/text.h>
#include <string.h>

#include "claim/seal.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* without it some spreadsheets take UTF-8 for the local letters */

typedef enum
{
  CELL_TEXT,
  CELL_NUMBER,
  CELL_BOOL,
  CELL_MONEY, /* its amount */
  CELL_CURRENCY,
} CellType;

static const struct
{
  const char *heading, *key;
  CellType type;
} columns[] = {
  { "number", "number", CELL_NUMBER },
  { "id", "id", CELL_TEXT },
  { "date", "date", CELL_TEXT },
  { "time", "time", CELL_TEXT },
  { "time_from_bank", "time_from_bank", CELL_BOOL },
  { "state", "state", CELL_TEXT },
  { "type", "type", CELL_TEXT },
  { "amount", "amount", CELL_MONEY },
  { "currency", "amount", CELL_CURRENCY },
  { "text", "text", CELL_TEXT },
  { "normalised", "normalised", CELL_TEXT },
  { "payee", "payee", CELL_TEXT },
  { "service", "service", CELL_TEXT },
  { "balance_before", "balance_before", CELL_MONEY },
  { "balance_after", "balance_after", CELL_MONEY },
  { "balance_from", "balance_from", CELL_TEXT },
  { "bank_id", "bank_id", CELL_TEXT },
  { "pending_id", "pending_id", CELL_TEXT },
  { "counterparty", "counterparty", CELL_TEXT },
  { "mandate", "mandate", CELL_TEXT },
  { "not_there", "not_there", CELL_TEXT },
  { "first_seen", "first_seen", CELL_TEXT },
  { "identical", "identical", CELL_NUMBER },
  { "identical_of", "identical_of", CELL_NUMBER },
  { "record_sha256", "record_sha256", CELL_TEXT },
};

static void
put_text (GString *out, const char *text)
{
  g_autofree char *clean = koban_text_clean (text, 0);

  g_string_append_c (out, '"');
  if (*clean != '\0' && strchr ("=+-@\t\r|%", *clean) != NULL)
    g_string_append_c (out, '\'');
  for (const char *at = clean; *at != '\0'; at++)
    {
      if (*at == '"')
        g_string_append_c (out, '"');
      g_string_append_c (out, *at);
    }
  g_string_append_c (out, '"');
}

static void
put_money (GString *out, GVariant *event, const char *key, CellType type)
{
  KobanMoney money = { 0 };
  const char *currency;
  g_autofree char *decimal = NULL;

  if (!g_variant_lookup (event, key, "(x&s)", &money.minor, &currency))
    return;
  g_strlcpy (money.currency.code, currency, sizeof money.currency.code);
  decimal = koban_money_to_decimal (money);
  g_string_append (out, type == CELL_MONEY ? decimal : money.currency.code);
}

static void
put_cell (GString *out, GVariant *event, const char *key, CellType type)
{
  const char *text = NULL;
  gint64 number = 0;
  gboolean truth = FALSE;

  if (type == CELL_TEXT && g_variant_lookup (event, key, "&s", &text))
    put_text (out, text);
  else if (type == CELL_NUMBER && g_variant_lookup (event, key, "x", &number))
    g_string_append_printf (out, "%" G_GINT64_FORMAT, number);
  else if (type == CELL_BOOL && g_variant_lookup (event, key, "b", &truth))
    g_string_append (out, truth ? "true" : "false");
  else if (type == CELL_MONEY || type == CELL_CURRENCY)
    put_money (out, event, key, type);
}

char *
koban_report_csv (GVariant *dossier, const KobanReportOptions *options)
{
  g_autoptr(GVariant) events = g_variant_lookup_value (dossier, "events", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GString) out = g_string_new (BYTE_ORDER_MARK);

  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    g_string_append_printf (out, "%s%s", i > 0 ? "," : "", columns[i].heading);
  g_string_append (out, "\r\n");
  for (gsize row = 0; events != NULL && row < g_variant_n_children (events); row++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, row);

      for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
        {
          g_string_append (out, i > 0 ? "," : "");
          put_cell (out, event, columns[i].key, columns[i].type);
        }
      g_string_append (out, "\r\n");
    }
  g_string_append (out, "\"" KOBAN_SEAL_OPEN "\"\r\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}
