/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What there is to do, on paper: the checklist with what to say on the telephone, who has been told, and the
 * card.
 */
#include "config.h"

#include "cli/report-page.h"

#include <koban/field.h>

static void
put_check (KobanPage *page, const char *key, gboolean with_blanks)
{
  koban_page_put (page, with_blanks ? "<li>☐ <span class=\"strong\">" : "<li>☐ <span>");
  koban_page_word (page, key);
  koban_page_put (page, "</span>");
  if (with_blanks)
    {
      koban_page_put (page, "<br><span class=\"blank\">");
      koban_page_word (page, "check.blanks");
      koban_page_put (page, "</span>");
    }
  koban_page_put (page, "</li>\n");
}

/* What only the person can say, in writing. */
static void
put_statements (KobanPage *page)
{
  put_check (page, "check.noticed", FALSE);
  put_check (page, "check.family", FALSE);
  put_check (page, "check.stop", FALSE);
}

static void
put_signature (KobanPage *page)
{
  koban_page_put (page, "<p class=\"blank\">");
  koban_page_word (page, "check.sign");
  koban_page_put (page, "</p>\n");
}

static void
put_help (KobanPage *page)
{
  put_check (page, "check.help", FALSE);
  for (gsize i = 0; page->options->help != NULL && i < g_variant_n_children (page->options->help); i++)
    {
      g_autoptr(GVariant) line = g_variant_get_child_value (page->options->help, i);

      koban_page_put (page, "<li>— ");
      koban_page_text (page, koban_field_text (line, "name"));
      koban_page_put (page, ": <span class=\"strong\">");
      koban_page_text (page, koban_field_text (line, "number"));
      koban_page_put (page, "</span> <span class=\"note\">(");
      koban_page_text (page, koban_field_text (line, "source"));
      koban_page_put (page, ", ");
      koban_page_text (page, koban_field_text (line, "checked"));
      koban_page_put (page, ")</span></li>\n");
    }
}

/* The sum without a sign, as it is said. (transfer full) (nullable) */
static char *
loss_of (GVariant *totals)
{
  KobanMoney sum = { 0 };

  if (!koban_field_money (totals, "sum", &sum) || sum.minor == G_MININT64)
    return NULL;
  sum.minor = ABS (sum.minor);
  return koban_money_format (sum);
}

/* What a person reads out, with the sums and days of the case. */
static void
put_script (KobanPage *page, const char *key)
{
  g_autoptr(GVariant) account = koban_field_row (page->dossier, "account"),
                       totals = koban_field_row (page->dossier, "totals");
  g_autoptr(GVariant) baseline = koban_field_row (page->dossier, "baseline"),
                       days = koban_field_rows (totals, "days");
  g_autoptr(GVariant) payees = koban_field_rows (baseline, "payees");
  g_autoptr(GVariant) payee =
    g_variant_n_children (payees) > 0 ? g_variant_get_child_value (payees, 0) : NULL;
  gsize n = g_variant_n_children (days);
  g_autoptr(GVariant) first = n > 0 ? g_variant_get_child_value (days, 0) : NULL;
  g_autoptr(GVariant) last = n > 0 ? g_variant_get_child_value (days, n - 1) : NULL;
  g_autofree char *count = koban_page_count (koban_field_number (totals, "count")), *sum = loss_of (totals);
  const char *number = koban_field_text (account, "number"), *name = koban_field_text (payee, "name");
  g_autofree char *text = koban_report_fill (
    page->options->language, key, "number", number != NULL ? number : "____", "count", count, "sum",
    sum != NULL ? sum : "____", "first", first != NULL ? koban_field_text (first, "date") : "____", "last",
    last != NULL ? koban_field_text (last, "date") : "____", "name", name != NULL ? name : "____", NULL);

  koban_page_put (page, "<p class=\"said\">");
  koban_page_text (page, text);
  koban_page_put (page, "</p>\n");
}

void
koban_page_checklist (KobanPage *page)
{
  koban_page_begin_part (page, "part10");
  koban_page_put (page, "<ul>\n");
  put_check (page, "check.bank", TRUE);
  if (page->options->phone != NULL)
    {
      koban_page_put (page, "<li class=\"strong\">☎ ");
      koban_page_text (page, page->options->phone);
      koban_page_put (page, "</li>\n");
    }
  put_check (page, "check.wallet", TRUE);
  put_check (page, "check.police", TRUE);
  put_help (page);
  put_statements (page);
  koban_page_put (page, "</ul>\n");
  koban_page_heading (page, "script");
  put_script (page, "script.bank");
  put_script (page, "script.wallet");
  put_script (page, "script.police");
  koban_page_put (page, "<p class=\"strong\">");
  koban_page_word (page, "script.never");
  koban_page_put (page, "</p>\n");
  koban_page_end_part (page);
}

void
koban_page_told (KobanPage *page)
{
  static const char *const columns[] = { "col.at", "col.what", NULL };
  g_autoptr(GVariant) rows = koban_field_rows (page->dossier, "timeline");
  gboolean any = FALSE;

  koban_page_begin_part (page, "part10.told");
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);

      if (!g_str_equal (koban_field_text (row, "what"), "note"))
        continue;
      if (!any)
        koban_page_begin_table (page, columns);
      koban_page_moment (page, row);
      any = TRUE;
    }
  if (any)
    koban_page_end_table (page);
  else
    koban_page_note (page, "told.none");
  koban_page_put (page, "<ul>\n");
  put_statements (page);
  koban_page_put (page, "</ul>\n");
  put_signature (page);
  koban_page_end_part (page);
}

static void
put_card_account (KobanPage *page, GVariant *row)
{
  const char *phone = koban_field_text (row, "phone");

  koban_page_put (page, "<tr>");
  koban_page_cell (page, NULL, koban_field_text (row, "bank"));
  koban_page_cell (page, NULL, koban_field_text (row, "name"));
  koban_page_cell (page, NULL, koban_field_text (row, "number"));
  koban_page_put (page, "<td class=\"strong\">");
  koban_page_text (page, phone != NULL ? phone : "________________________");
  koban_page_put (page, "</td></tr>\n");
}

static void
put_card_wallet (KobanPage *page, GVariant *row)
{
  koban_page_put (page, "<tr>");
  koban_page_cell (page, NULL, koban_field_text (row, "service"));
  koban_page_cell (page, NULL, koban_field_text (row, "site"));
  koban_page_cell (page, NULL, koban_field_text (row, "revoke"));
  koban_page_put (page, "</tr>\n");
}

static void
put_card_wallets (KobanPage *page, GVariant *wallets)
{
  static const char *const columns[] = { "col.service", "col.site", "how", NULL };

  if (g_variant_n_children (wallets) > 0)
    {
      koban_page_begin_table (page, columns);
      koban_page_rows (page, wallets, put_card_wallet);
    }
  koban_page_note (page, "card.wallet.unknown");
  koban_page_end_part (page);
}

char *
koban_report_card (GVariant *card, const KobanReportOptions *options)
{
  static const char *const columns[] = { "bank", "name", "number", "card.phone", NULL };
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GVariant) accounts = koban_field_rows (card, "accounts"),
                       wallets = koban_field_rows (card, "wallets");
  g_autofree char *made = koban_page_time (card, "made");
  KobanPage page = { out, card, options };

  koban_page_open (&page, "card.title");
  koban_page_begin_part (&page, "card.first");
  koban_page_begin_table (&page, columns);
  koban_page_rows (&page, accounts, put_card_account);
  koban_page_end_part (&page);
  koban_page_begin_part (&page, "card.say");
  koban_page_put (&page, "<p class=\"said strong\">");
  koban_page_word (&page, "card.words");
  koban_page_put (&page, "</p>\n<p class=\"strong\">");
  koban_page_word (&page, "script.never");
  koban_page_put (&page, "</p>\n");
  koban_page_end_part (&page);
  koban_page_begin_part (&page, "card.then");
  put_card_wallets (&page, wallets);
  koban_page_begin_part (&page, "card.police");
  koban_page_put (&page, "<ul>\n");
  put_check (&page, "check.police", TRUE);
  put_help (&page);
  koban_page_put (&page, "</ul>\n<footer><p class=\"note\">");
  koban_page_word (&page, "made");
  koban_page_put (&page, ": ");
  koban_page_text (&page, made);
  koban_page_put (&page, "</p></footer>\n");
  koban_page_end_part (&page);
  koban_page_put (&page, "</body></html>\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}
