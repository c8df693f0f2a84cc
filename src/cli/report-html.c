/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dossier as one page to print on A4: what the bank told, part by part; the rest is in report-course.c
 * and report-todo.c.
 */
#include "config.h"

#include "cli/report-page.h"

#include <koban/field.h>

static void
put_sources (KobanPage *page, GVariant *header)
{
  g_autofree const char **sources = NULL;

  koban_page_put (page, "<tr><th>");
  koban_page_word (page, "sources");
  koban_page_put (page, "</th><td>");
  if (g_variant_lookup (header, "sources", "^a&s", &sources))
    for (gsize i = 0; sources[i] != NULL; i++)
      {
        koban_page_put (page, i > 0 ? "; " : "");
        koban_page_text (page, g_str_equal (sources[i], "koban-journal")
                                 ? koban_page_say (page, "koban-journal")
                                 : sources[i]);
      }
  koban_page_put (page, "</td></tr>\n");
}

static void
put_header (KobanPage *page)
{
  g_autoptr(GVariant) header = koban_field_row (page->dossier, "header");
  g_autofree char *made = koban_page_time (header, "made");
  g_autofree char *copy = g_strdup_printf ("for.%s", koban_field_text (header, "for"));

  koban_page_begin_part (page, "part1");
  koban_page_begin_pairs (page);
  koban_page_pair (page, "case", koban_field_text (header, "case"));
  koban_page_pair (page, "code", koban_field_text (header, "code"));
  koban_page_pair (page, "for", koban_page_say (page, copy));
  koban_page_pair (page, "made", made);
  koban_page_pair (page, "zone", koban_field_text (header, "zone"));
  koban_page_pair (page, "version", koban_field_text (header, "version"));
  put_sources (page, header);
  koban_page_end_table (page);
  koban_page_note (page, "about");
  koban_page_put (page, "<p class=\"strong\">");
  koban_page_word (page, "statement");
  koban_page_put (page, "</p>\n");
  koban_page_end_part (page);
}

static void
put_account (KobanPage *page)
{
  g_autoptr(GVariant) account = koban_field_row (page->dossier, "account");
  const char *ownership = koban_field_text (account, "ownership");
  g_autofree char *heard = koban_page_time (account, "last_check");

  koban_page_begin_part (page, "part2");
  koban_page_begin_pairs (page);
  koban_page_pair (page, "bank", koban_field_text (account, "bank"));
  koban_page_pair (page, "provider", koban_field_text (account, "provider"));
  koban_page_pair (page, "branch", NULL);
  koban_page_pair (page, "type", NULL);
  koban_page_pair (page, "holder", NULL);
  koban_page_pair (page, "name", koban_field_text (account, "name"));
  koban_page_pair (page, "number", koban_field_text (account, "number"));
  koban_page_known_pair (page, "full_number", koban_field_text (account, "full_number"));
  koban_page_pair (page, "currency", koban_field_text (account, "currency"));
  koban_page_pair (page, "ownership", ownership != NULL ? koban_page_say (page, ownership) : NULL);
  koban_page_known_pair (page, "last_check", heard);
  koban_page_end_table (page);
  koban_page_end_part (page);
}

static void
put_when (KobanPage *page, GVariant *event)
{
  g_autofree char *time = koban_page_time (event, "time");

  koban_page_put (page, "<td>");
  koban_page_text (page, time != NULL                               ? time
                         : koban_field_text (event, "date") != NULL ? koban_field_text (event, "date")
                                                                    : "—");
  koban_page_put (page, "<br><span class=\"note\">");
  koban_page_word (page, koban_field_flag (event, "time_from_bank") ? "bank-time" : "no-time");
  koban_page_put (page, "</span></td>");
}

static void
put_identical (KobanPage *page, GVariant *event)
{
  g_autofree char *n = koban_page_count (koban_field_number (event, "identical"));
  g_autofree char *of = koban_page_count (koban_field_number (event, "identical_of"));
  g_autofree char *text = NULL;

  if (koban_field_number (event, "identical_of") == 0)
    return;
  text = koban_report_fill (page->options->language, "identical", "n", n, "of", of, NULL);
  koban_page_put (page, "<br><span class=\"note\">");
  koban_page_text (page, text);
  koban_page_put (page, "</span>");
}

static void
put_words_of_bank (KobanPage *page, GVariant *event)
{
  koban_page_put (page, "<td><span class=\"strong\">");
  koban_page_text (page, koban_field_text (event, "text"));
  koban_page_put (page, "</span>");
  koban_page_line (page, "normalised", koban_field_text (event, "normalised"));
  koban_page_line (page, "payee", koban_field_text (event, "payee"));
  koban_page_line (page, "service", koban_field_text (event, "service"));
  put_identical (page, event);
  koban_page_put (page, "</td>");
}

static void
put_balance (KobanPage *page, GVariant *event)
{
  g_autofree char *before = koban_page_money (event, "balance_before"),
                  *after = koban_page_money (event, "balance_after");

  koban_page_put (page, "<td class=\"sum\">");
  koban_page_word (page, "before");
  koban_page_put (page, " ");
  koban_page_text (page, before != NULL ? before : "—");
  koban_page_put (page, "<br>");
  koban_page_word (page, "after");
  koban_page_put (page, " ");
  koban_page_text (page, after != NULL ? after : "—");
  if (after != NULL && g_strcmp0 (koban_field_text (event, "balance_from"), "counted") == 0)
    {
      koban_page_put (page, "<br><span class=\"note\">");
      koban_page_word (page, "counted");
      koban_page_put (page, "</span>");
    }
  koban_page_put (page, "</td>");
}

static void
put_event (KobanPage *page, GVariant *event)
{
  g_autofree char *number = koban_page_count (koban_field_number (event, "number"));
  g_autofree char *amount = koban_page_money (event, "amount");
  const char *state = koban_field_text (event, "state");

  koban_page_put (page, "<tr>");
  koban_page_cell (page, "tight", number);
  put_when (page, event);
  koban_page_cell (page, "own", state != NULL ? koban_page_say (page, state) : NULL);
  koban_page_cell (page, "sum", amount);
  put_words_of_bank (page, event);
  put_balance (page, event);
  koban_page_put (page, "</tr>\n");
}

/* The checks between which it came about: without it, and with it. */
static void
put_bounds (KobanPage *page, GVariant *event)
{
  g_autofree char *from = koban_page_time (event, "not_there"), *to = koban_page_time (event, "first_seen");

  koban_page_put (page, "<td class=\"tight\">");
  koban_page_text (page, from != NULL ? from : "—");
  koban_page_put (page, "<br>→ ");
  koban_page_text (page, to != NULL ? to : "—");
  koban_page_put (page, "</td>");
}

static void
put_event_ids (KobanPage *page, GVariant *event)
{
  g_autofree char *number = koban_page_count (koban_field_number (event, "number"));
  g_autofree char *type = g_strdup_printf ("type.%s", koban_field_text (event, "type"));

  koban_page_put (page, "<tr>");
  koban_page_cell (page, "tight", number);
  koban_page_put (page, "<td>");
  koban_page_word (page, type);
  koban_page_line (page, "bank_id", koban_field_text (event, "bank_id"));
  koban_page_line (page, "pending_id", koban_field_text (event, "pending_id"));
  koban_page_line (page, "counterparty", koban_field_text (event, "counterparty"));
  koban_page_line (page, "mandate", koban_field_text (event, "mandate"));
  koban_page_put (page, "</td>");
  put_bounds (page, event);
  koban_page_put (page, "<td><code>");
  koban_page_text (page, koban_field_text (event, "record_sha256"));
  koban_page_put (page, "</code></td></tr>\n");
}

static void
put_counted_note (KobanPage *page, GVariant *events)
{
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      g_autofree char *at = koban_page_time (event, "balance_counted");
      g_autofree char *note =
        at != NULL ? koban_report_fill (page->options->language, "counted.note", "at", at, NULL) : NULL;

      if (note == NULL)
        continue;
      koban_page_put (page, "<p class=\"note\">");
      koban_page_text (page, note);
      koban_page_put (page, "</p>\n");
      return;
    }
}

static void
put_events (KobanPage *page)
{
  static const char *const columns[] = { "col.number", "col.when",    "col.state", "col.amount",
                                         "col.text",   "col.balance", NULL };
  static const char *const ids[] = { "col.number", "col.ids", "col.bounds", "col.record", NULL };
  g_autoptr(GVariant) events = koban_field_rows (page->dossier, "events");

  koban_page_begin_part (page, "part3");
  koban_page_begin_table (page, columns);
  koban_page_rows (page, events, put_event);
  put_counted_note (page, events);
  koban_page_note (page, "text.note");
  koban_page_heading (page, "ids");
  koban_page_begin_table (page, ids);
  koban_page_rows (page, events, put_event_ids);
  koban_page_note (page, "record.note");
  koban_page_end_part (page);
}

static void
put_day (KobanPage *page, GVariant *row)
{
  g_autofree char *count = koban_page_count (koban_field_number (row, "count")),
                  *sum = koban_page_money (row, "sum");

  koban_page_put (page, "<tr>");
  koban_page_cell (page, NULL, koban_field_text (row, "date"));
  koban_page_cell (page, "sum", count);
  koban_page_cell (page, "sum", sum);
  koban_page_put (page, "</tr>\n");
}

static void
put_service (KobanPage *page, GVariant *row)
{
  g_autofree char *count = koban_page_count (koban_field_number (row, "count")),
                  *sum = koban_page_money (row, "sum");
  g_autofree char *charge = koban_page_money (row, "charge_cap"),
                  *month = koban_page_money (row, "month_cap");
  g_autofree char *caps =
    charge != NULL || month != NULL
      ? g_strdup_printf ("%s · %s", charge != NULL ? charge : "—", month != NULL ? month : "—")
      : NULL;

  koban_page_put (page, "<tr>");
  koban_page_cell (page, NULL, koban_field_text (row, "service"));
  koban_page_cell (page, "sum", count);
  koban_page_cell (page, "sum", sum);
  koban_page_cell (page, NULL, caps);
  koban_page_put (page, "</tr>\n");
}

static void
put_credit (KobanPage *page, GVariant *row)
{
  g_autofree char *amount = koban_page_money (row, "amount");
  const char *reverses = koban_field_text (row, "reverses");

  koban_page_put (page, "<tr>");
  koban_page_cell (page, NULL, koban_field_text (row, "date"));
  koban_page_cell (page, "sum", amount);
  koban_page_cell (page, NULL, koban_field_text (row, "text"));
  koban_page_cell (page, NULL,
                   g_strcmp0 (reverses, "total") == 0 ? koban_page_say (page, "total") : reverses);
  koban_page_put (page, "</tr>\n");
}

static void
put_credits (KobanPage *page, GVariant *credits)
{
  static const char *const columns[] = { "col.date", "col.amount", "col.text", "col.reverses", NULL };

  if (g_variant_n_children (credits) == 0)
    return;
  koban_page_heading (page, "credits");
  koban_page_begin_table (page, columns);
  koban_page_rows (page, credits, put_credit);
}

static void
put_totals (KobanPage *page)
{
  static const char *const by_day[] = { "col.date", "col.count", "col.sum", NULL };
  static const char *const by_service[] = { "col.service", "col.count", "col.sum", "col.caps", NULL };
  g_autoptr(GVariant) totals = koban_field_row (page->dossier, "totals");
  g_autoptr(GVariant) days = koban_field_rows (totals, "days"),
                       services = koban_field_rows (totals, "services");
  g_autoptr(GVariant) credits = koban_field_rows (totals, "credits");
  g_autofree char *count = koban_page_count (koban_field_number (totals, "count"));
  g_autofree char *sum = koban_page_money (totals, "sum"), *repaid = koban_page_money (totals, "repaid");

  koban_page_begin_part (page, "part4");
  koban_page_begin_pairs (page);
  koban_page_pair (page, "count", count);
  koban_page_pair (page, "sum", sum != NULL ? sum : "—");
  koban_page_known_pair (page, "repaid", repaid);
  koban_page_end_table (page);
  koban_page_begin_table (page, by_service);
  koban_page_rows (page, services, put_service);
  koban_page_begin_table (page, by_day);
  koban_page_rows (page, days, put_day);
  put_credits (page, credits);
  koban_page_end_part (page);
}

/* How a customer ends it by hand, from the directory of services. */
static const char *
way_out (KobanPage *page, GVariant *totals, const char *service)
{
  g_autoptr(GVariant) services = koban_field_rows (totals, "services");

  for (gsize i = 0; service != NULL && i < g_variant_n_children (services); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (services, i);

      if (g_strcmp0 (koban_field_text (row, "service"), service) == 0)
        return koban_field_text (row, "revoke"); /* of the dossier's own data */
    }
  return NULL;
}

static char *
proof_of (KobanPage *page, GVariant *link)
{
  const char *result = koban_field_text (link, "proof");
  g_autofree char *key = result != NULL ? g_strdup_printf ("proof.%s", result) : NULL;
  g_autofree char *gone = koban_page_time (link, "gone");

  if (key != NULL)
    return g_strdup (koban_page_say (page, key));
  return gone != NULL ? g_strdup_printf ("%s (%s)", koban_page_say (page, "proof.gone"), gone) : NULL;
}

static void
put_link_times (KobanPage *page, GVariant *link)
{
  g_autofree char *not_there = koban_page_time (link, "not_there"),
                  *first_seen = koban_page_time (link, "first_seen");
  g_autofree char *granted = koban_page_time (link, "granted"), *expires = koban_page_time (link, "expires");
  g_autofree char *alerted = koban_page_time (link, "alerted"), *revoked = koban_page_time (link, "revoked");
  g_autofree char *proof = proof_of (page, link);

  koban_page_pair (page, "not_there", not_there != NULL ? not_there : "—");
  koban_page_pair (page, "first_seen", first_seen);
  koban_page_pair (page, "granted", granted != NULL ? granted : koban_page_say (page, "not-told"));
  koban_page_pair (page, "last_access", koban_page_say (page, "not-told"));
  koban_page_known_pair (page, "expires", expires);
  koban_page_pair (page, "alerted", alerted != NULL ? alerted : "—");
  koban_page_pair (page, "link.revoked", revoked != NULL ? revoked : koban_page_say (page, "not-revoked"));
  koban_page_pair (page, "proof", proof != NULL ? proof : "—");
}

/* Money may still leave through it. */
static gboolean
is_open (GVariant *link)
{
  const char *status = koban_field_text (link, "status");

  return status == NULL || g_str_equal (status, "active") || g_str_equal (status, "unknown");
}

static void
put_link (KobanPage *page, GVariant *link)
{
  g_autoptr(GVariant) totals = koban_field_row (page->dossier, "totals");
  const char *kind = koban_field_text (link, "kind"), *status = koban_field_text (link, "status");
  g_autofree const char **scope = NULL;
  g_autofree char *limit = koban_page_money (link, "limit"), *scopes = NULL;

  if (g_variant_lookup (link, "scope", "^a&s", &scope))
    scopes = g_strjoinv (", ", (char **) scope);
  koban_page_put (page, "<h3>");
  koban_page_text (page, koban_field_text (link, "name"));
  koban_page_put (page, "</h3>\n");
  koban_page_begin_pairs (page);
  koban_page_known_pair (page, "col.service", koban_field_text (link, "service"));
  koban_page_pair (page, "link.kind", kind != NULL ? koban_page_say (page, kind) : "—");
  koban_page_pair (page, "scope",
                   scopes != NULL  ? scopes
                   : limit != NULL ? limit
                                   : koban_page_say (page, "not-told"));
  koban_page_known_pair (page, "limit", scopes != NULL ? limit : NULL);
  koban_page_known_pair (page, "mandate", koban_field_text (link, "reference"));
  koban_page_known_pair (page, "bank_id", koban_field_text (link, "bank_id"));
  koban_page_pair (page, "status", status != NULL ? koban_page_say (page, status) : "—");
  put_link_times (page, link);
  if (is_open (link))
    koban_page_known_pair (page, "how", way_out (page, totals, koban_field_text (link, "service")));
  koban_page_end_table (page);
}

static void
put_links (KobanPage *page)
{
  g_autoptr(GVariant) links = koban_field_rows (page->dossier, "links");

  koban_page_begin_part (page, "part5");
  for (gsize i = 0; i < g_variant_n_children (links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (links, i);
      put_link (page, link);
    }
  if (g_variant_n_children (links) == 0)
    koban_page_note (page, "no-links");
  koban_page_end_part (page);
}

char *
koban_report_html (GVariant *dossier, const KobanReportOptions *options)
{
  static void (*const parts[]) (KobanPage *) = {
    put_header,        put_account,         put_events,           put_totals,          put_links,
    koban_page_course, koban_page_baseline, koban_page_deadlines, koban_page_integrity
  };
  g_autoptr(GString) out = g_string_new (NULL);
  KobanPage page = { out, dossier, options };

  koban_page_open (&page, "title");
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    parts[i](&page);
  if (options->script)
    koban_page_checklist (&page);
  else
    koban_page_told (&page);
  koban_page_close (&page);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
