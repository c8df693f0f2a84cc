/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dossier as one page to print on A4: no script, nothing from elsewhere, and a policy that forbids both.
 * A bank's words are cleaned and escaped by koban_report_escape() and come in by no other way.
 */
#include "config.h"

#include "cli/report.h"

#include <koban/date.h>
#include <koban/money.h>
#include <koban/text.h>
#include <string.h>

#include "claim/seal.h"

static const char style[] =
  "@page{size:A4;margin:14mm 13mm}"
  "*{box-sizing:border-box}"
  "body{font:9.5pt/1.45 'Noto Sans','Noto Sans CJK JP','Noto Sans "
  "JP','IPAexGothic','IPAPGothic',sans-serif;color:#111;"
  "max-width:184mm;margin:6mm auto;padding:0 3mm}"
  "h1{font-size:16pt;margin:0 0 1mm}h2{font-size:11.5pt;margin:6mm 0 1.5mm;border-bottom:.4mm solid "
  "#111;break-after:avoid}"
  "h3{font-size:9.5pt;margin:3mm 0 1mm;break-after:avoid}p{margin:1mm 0}"
  "table{border-collapse:collapse;width:100%;margin:1mm 0}"
  "th,td{border:.2mm solid #888;padding:.8mm 1.2mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
  "th,td.own{overflow-wrap:break-word}td.own{min-width:19mm}table.pairs{break-inside:avoid}"
  "thead{display:table-header-group}tr{break-inside:avoid}th{background:#eee;font-weight:600}"
  "table.pairs th{width:58mm}.sum{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
  "td.tight{white-space:nowrap}code{font:7.5pt/1.3 monospace;overflow-wrap:anywhere}"
  ".note{font-size:8.5pt;color:#333}.said{border-left:.8mm solid #888;padding:1mm 3mm;margin:1.5mm "
  "0;break-inside:avoid}"
  ".blank{color:#555}.strong{font-weight:600}ul{list-style:none;margin:1mm 0;padding:0}li{margin:1.2mm "
  "0;break-inside:avoid}"
  "svg{width:100%;height:46mm;display:block;break-inside:avoid}"
  ".axis{stroke:#888;stroke-width:1}.line{fill:none;stroke:#1a4a8a;stroke-width:2}.debit{stroke:#b3261e;"
  "stroke-width:4}"
  ".label{font-size:11px;fill:#333}.blue{color:#1a4a8a}.red{color:#b3261e}"
  "footer{margin-top:6mm;border-top:.2mm solid #888;padding-top:1mm}";

typedef struct
{
  GString *out;
  GVariant *dossier;
  const KobanReportOptions *options;
} Page;

/* --- text -------------------------------------------------------------------------------------------------
 */

char *
koban_report_escape (const char *text)
{
  g_autofree char *clean = koban_text_clean (text, 0);

  return g_markup_escape_text (clean, -1);
}

static const char *
say (Page *page, const char *key)
{
  return koban_report_word (page->options->language, key);
}

static void
put (Page *page, const char *html)
{
  g_string_append (page->out, html);
}

static void
put_text (Page *page, const char *text)
{
  g_autofree char *escaped = koban_report_escape (text);

  put (page, escaped);
}

static void
put_word (Page *page, const char *key)
{
  put_text (page, say (page, key));
}

static const char *
text_of (GVariant *row, const char *key)
{
  const char *text = NULL;

  if (row != NULL)
    g_variant_lookup (row, key, "&s", &text);
  return text;
}

static gint64
number_of (GVariant *row, const char *key)
{
  gint64 value = 0;

  if (row != NULL)
    g_variant_lookup (row, key, "x", &value);
  return value;
}

static gboolean
bool_of (GVariant *row, const char *key)
{
  gboolean value = FALSE;

  return row != NULL && g_variant_lookup (row, key, "b", &value) && value;
}

/* (transfer full) (nullable) */
static char *
money_of (GVariant *row, const char *key)
{
  KobanMoney money = { 0 };
  const char *currency;

  if (row == NULL || !g_variant_lookup (row, key, "(x&s)", &money.minor, &currency))
    return NULL;
  g_strlcpy (money.currency.code, currency, sizeof money.currency.code);
  return koban_money_format (money);
}

/* (transfer full) (nullable): local time of an RFC 3339 one, to the second: a burst is over within a minute
 */
static char *
time_of (GVariant *row, const char *key)
{
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc ();
  const char *text = text_of (row, key);
  g_autoptr(GDateTime) moment = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;
  g_autoptr(GDateTime) local = moment != NULL ? g_date_time_to_local (moment) : NULL;

  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : NULL;
}

static char *
count_text (gint64 value)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, value);
}

static GVariant *
object_of (GVariant *row, const char *key)
{
  GVariant *value = row != NULL ? g_variant_lookup_value (row, key, G_VARIANT_TYPE_VARDICT) : NULL;

  return value != NULL ? value : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

static GVariant *
rows_of (GVariant *row, const char *key)
{
  GVariant *value = row != NULL ? g_variant_lookup_value (row, key, G_VARIANT_TYPE ("aa{sv}")) : NULL;

  return value != NULL ? value : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
}

/* --- blocks -----------------------------------------------------------------------------------------------
 */

static void
begin_part (Page *page, const char *key)
{
  put (page, "<section><h2>");
  put_word (page, key);
  put (page, "</h2>\n");
}

static void
end_part (Page *page)
{
  put (page, "</section>\n");
}

static void
put_note (Page *page, const char *key)
{
  put (page, "<p class=\"note\">");
  put_word (page, key);
  put (page, "</p>\n");
}

static void
begin_table (Page *page, const char *const *headings)
{
  put (page, "<table><thead><tr>");
  for (; *headings != NULL; headings++)
    {
      put (page, "<th>");
      put_word (page, *headings);
      put (page, "</th>");
    }
  put (page, "</tr></thead><tbody>\n");
}

static void
put_cell (Page *page, const char *kind, const char *text)
{
  g_string_append_printf (page->out, "<td%s%s%s>", kind != NULL ? " class=\"" : "", kind != NULL ? kind : "",
                          kind != NULL ? "\"" : "");
  put_text (page, text != NULL ? text : "—");
  put (page, "</td>");
}

/* A label and its value; what the bank does not tell is left to be written in. */
static void
put_pair (Page *page, const char *label, const char *value)
{
  put (page, "<tr><th>");
  put_word (page, label);
  if (value != NULL)
    {
      put (page, "</th><td>");
      put_text (page, value);
    }
  else
    {
      put (page, "</th><td class=\"blank\">________________________ (");
      put_word (page, "fill-in");
      put (page, ")");
    }
  put (page, "</td></tr>\n");
}

static void
put_known_pair (Page *page, const char *label, const char *value)
{
  if (value != NULL)
    put_pair (page, label, value);
}

/* "label: value", a line of a cell. */
static void
put_line (Page *page, const char *label, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  put (page, "<br>");
  put_word (page, label);
  put (page, ": ");
  put_text (page, value);
}

/* --- 1, 2
 * --------------------------------------------------------------------------------------------------- */

static void
put_sources (Page *page, GVariant *header)
{
  g_autofree const char **sources = NULL;

  put (page, "<tr><th>");
  put_word (page, "sources");
  put (page, "</th><td>");
  if (g_variant_lookup (header, "sources", "^a&s", &sources))
    for (gsize i = 0; sources[i] != NULL; i++)
      {
        put (page, i > 0 ? "; " : "");
        put_text (page, g_str_equal (sources[i], "koban-journal") ? say (page, "koban-journal") : sources[i]);
      }
  put (page, "</td></tr>\n");
}

static void
put_header (Page *page)
{
  g_autoptr(GVariant) header = object_of (page->dossier, "header");
  g_autofree char *made = time_of (header, "made");
  g_autofree char *copy = g_strdup_printf ("for.%s", text_of (header, "for"));

  begin_part (page, "part1");
  put (page, "<table class=\"pairs\"><tbody>\n");
  put_pair (page, "case", text_of (header, "case"));
  put_pair (page, "code", text_of (header, "code"));
  put_pair (page, "for", say (page, copy));
  put_pair (page, "made", made);
  put_pair (page, "zone", text_of (header, "zone"));
  put_pair (page, "version", text_of (header, "version"));
  put_sources (page, header);
  put (page, "</tbody></table>\n");
  put (page, "<p class=\"strong\">");
  put_word (page, "statement");
  put (page, "</p>\n");
  end_part (page);
}

static void
put_account (Page *page)
{
  g_autoptr(GVariant) account = object_of (page->dossier, "account");
  const char *ownership = text_of (account, "ownership");
  g_autofree char *heard = time_of (account, "last_check");

  begin_part (page, "part2");
  put (page, "<table class=\"pairs\"><tbody>\n");
  put_pair (page, "bank", text_of (account, "bank"));
  put_pair (page, "provider", text_of (account, "provider"));
  put_pair (page, "branch", NULL);
  put_pair (page, "type", NULL);
  put_pair (page, "holder", NULL);
  put_pair (page, "name", text_of (account, "name"));
  put_pair (page, "number", text_of (account, "number"));
  put_known_pair (page, "full_number", text_of (account, "full_number"));
  put_pair (page, "currency", text_of (account, "currency"));
  put_pair (page, "ownership", ownership != NULL ? say (page, ownership) : NULL);
  put_known_pair (page, "last_check", heard);
  put (page, "</tbody></table>\n");
  end_part (page);
}

/* --- 3
 * -------------------------------------------------------------------------------------------------------- */

static void
put_when (Page *page, GVariant *event)
{
  g_autofree char *time = time_of (event, "time");

  put (page, "<td>");
  put_text (page, time != NULL ? time : text_of (event, "date") != NULL ? text_of (event, "date") : "—");
  put (page, "<br><span class=\"note\">");
  put_word (page, bool_of (event, "time_from_bank") ? "bank-time" : "no-time");
  put (page, "</span></td>");
}

static void
put_identical (Page *page, GVariant *event)
{
  g_autofree char *n = count_text (number_of (event, "identical"));
  g_autofree char *of = count_text (number_of (event, "identical_of"));
  g_autofree char *text = NULL;

  if (number_of (event, "identical_of") == 0)
    return;
  text = koban_report_fill (page->options->language, "identical", "n", n, "of", of, NULL);
  put (page, "<br><span class=\"note\">");
  put_text (page, text);
  put (page, "</span>");
}

static void
put_words_of_bank (Page *page, GVariant *event)
{
  put (page, "<td><span class=\"strong\">");
  put_text (page, text_of (event, "text"));
  put (page, "</span>");
  put_line (page, "normalised", text_of (event, "normalised"));
  put_line (page, "payee", text_of (event, "payee"));
  put_line (page, "service", text_of (event, "service"));
  put_identical (page, event);
  put (page, "</td>");
}

static void
put_balance (Page *page, GVariant *event)
{
  g_autofree char *before = money_of (event, "balance_before"), *after = money_of (event, "balance_after");

  put (page, "<td class=\"sum\">");
  put_text (page, before != NULL ? before : "—");
  put (page, "<br>→ ");
  put_text (page, after != NULL ? after : "—");
  if (after != NULL && g_strcmp0 (text_of (event, "balance_from"), "counted") == 0)
    {
      put (page, "<br><span class=\"note\">");
      put_word (page, "counted");
      put (page, "</span>");
    }
  put (page, "</td>");
}

static void
put_event (Page *page, GVariant *event)
{
  g_autofree char *number = count_text (number_of (event, "number"));
  g_autofree char *amount = money_of (event, "amount");
  const char *state = text_of (event, "state");

  put (page, "<tr>");
  put_cell (page, "tight", number);
  put_when (page, event);
  put_cell (page, NULL, state != NULL ? say (page, state) : NULL);
  put_cell (page, "sum", amount);
  put_words_of_bank (page, event);
  put_balance (page, event);
  put (page, "</tr>\n");
}

/* From @from_key to @to_key, the bounds between which it came about. */
static char *
bounds_of (Page *page, GVariant *row, const char *from_key, const char *to_key)
{
  g_autofree char *from = time_of (row, from_key), *to = time_of (row, to_key);

  if (to == NULL)
    return NULL;
  if (from == NULL)
    return koban_report_fill (page->options->language, "until", "to", to, NULL);
  return g_strdup_printf ("%s → %s", from, to);
}

static void
put_event_ids (Page *page, GVariant *event)
{
  g_autofree char *number = count_text (number_of (event, "number"));
  g_autofree char *bounds = bounds_of (page, event, "not_there", "first_seen");

  put (page, "<tr>");
  put_cell (page, "tight", number);
  put (page, "<td>");
  put_text (page, text_of (event, "type"));
  put_line (page, "bank_id", text_of (event, "bank_id"));
  put_line (page, "pending_id", text_of (event, "pending_id"));
  put_line (page, "counterparty", text_of (event, "counterparty"));
  put_line (page, "mandate", text_of (event, "mandate"));
  put (page, "</td>");
  put_cell (page, NULL, bounds);
  put (page, "<td><code>");
  put_text (page, text_of (event, "record_sha256"));
  put (page, "</code></td></tr>\n");
}

static void
put_counted_note (Page *page, GVariant *events)
{
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      g_autofree char *at = time_of (event, "balance_counted");
      g_autofree char *note =
        at != NULL ? koban_report_fill (page->options->language, "counted.note", "at", at, NULL) : NULL;

      if (note == NULL)
        continue;
      put (page, "<p class=\"note\">");
      put_text (page, note);
      put (page, "</p>\n");
      return;
    }
}

static void
put_rows (Page *page, GVariant *rows, void (*put_row) (Page *page, GVariant *row))
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      put_row (page, row);
    }
  put (page, "</tbody></table>\n");
}

static void
put_events (Page *page)
{
  static const char *const columns[] = { "col.number", "col.when",    "col.state", "col.amount",
                                         "col.text",   "col.balance", NULL };
  static const char *const ids[] = { "col.number", "col.ids", "col.bounds", "col.record", NULL };
  g_autoptr(GVariant) events = rows_of (page->dossier, "events");

  begin_part (page, "part3");
  begin_table (page, columns);
  put_rows (page, events, put_event);
  put_counted_note (page, events);
  put_note (page, "text.note");
  put (page, "<h3>");
  put_word (page, "ids");
  put (page, "</h3>\n");
  begin_table (page, ids);
  put_rows (page, events, put_event_ids);
  put_note (page, "record.note");
  end_part (page);
}

/* --- 4
 * ----------------------------------------------------------------------------------------------------------
 */

static void
put_day (Page *page, GVariant *row)
{
  g_autofree char *count = count_text (number_of (row, "count")), *sum = money_of (row, "sum");

  put (page, "<tr>");
  put_cell (page, NULL, text_of (row, "date"));
  put_cell (page, "sum", count);
  put_cell (page, "sum", sum);
  put (page, "</tr>\n");
}

static void
put_service (Page *page, GVariant *row)
{
  g_autofree char *count = count_text (number_of (row, "count")), *sum = money_of (row, "sum");
  g_autofree char *charge = money_of (row, "charge_cap"), *month = money_of (row, "month_cap");
  g_autofree char *caps =
    charge != NULL || month != NULL
      ? g_strdup_printf ("%s · %s", charge != NULL ? charge : "—", month != NULL ? month : "—")
      : NULL;

  put (page, "<tr>");
  put_cell (page, NULL, text_of (row, "service"));
  put_cell (page, "sum", count);
  put_cell (page, "sum", sum);
  put_cell (page, NULL, caps);
  put (page, "</tr>\n");
}

static void
put_credit (Page *page, GVariant *row)
{
  g_autofree char *amount = money_of (row, "amount");
  const char *reverses = text_of (row, "reverses");

  put (page, "<tr>");
  put_cell (page, NULL, text_of (row, "date"));
  put_cell (page, "sum", amount);
  put_cell (page, NULL, text_of (row, "text"));
  put_cell (page, NULL, g_strcmp0 (reverses, "total") == 0 ? say (page, "total") : reverses);
  put (page, "</tr>\n");
}

static void
put_credits (Page *page, GVariant *credits)
{
  static const char *const columns[] = { "col.date", "col.amount", "col.text", "col.reverses", NULL };

  if (g_variant_n_children (credits) == 0)
    return;
  put (page, "<h3>");
  put_word (page, "credits");
  put (page, "</h3>\n");
  begin_table (page, columns);
  put_rows (page, credits, put_credit);
}

static void
put_totals (Page *page)
{
  static const char *const by_day[] = { "col.date", "col.count", "col.sum", NULL };
  static const char *const by_service[] = { "col.service", "col.count", "col.sum", "col.caps", NULL };
  g_autoptr(GVariant) totals = object_of (page->dossier, "totals");
  g_autoptr(GVariant) days = rows_of (totals, "days"), services = rows_of (totals, "services");
  g_autoptr(GVariant) credits = rows_of (totals, "credits");
  g_autofree char *count = count_text (number_of (totals, "count"));
  g_autofree char *sum = money_of (totals, "sum"), *repaid = money_of (totals, "repaid");

  begin_part (page, "part4");
  put (page, "<table class=\"pairs\"><tbody>\n");
  put_pair (page, "count", count);
  put_pair (page, "sum", sum != NULL ? sum : "—");
  put_known_pair (page, "repaid", repaid);
  put (page, "</tbody></table>\n");
  begin_table (page, by_service);
  put_rows (page, services, put_service);
  begin_table (page, by_day);
  put_rows (page, days, put_day);
  put_credits (page, credits);
  end_part (page);
}

/* --- 5
 * -----------------------------------------------------------------------------------------------------------
 */

/* How a customer ends it by hand, from the directory of services. */
static const char *
way_out (Page *page, GVariant *totals, const char *service)
{
  g_autoptr(GVariant) services = rows_of (totals, "services");

  for (gsize i = 0; service != NULL && i < g_variant_n_children (services); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (services, i);

      if (g_strcmp0 (text_of (row, "service"), service) == 0)
        return text_of (row, "revoke"); /* of the dossier's own data */
    }
  return NULL;
}

static char *
proof_of (Page *page, GVariant *link)
{
  const char *result = text_of (link, "proof");
  g_autofree char *key = result != NULL ? g_strdup_printf ("proof.%s", result) : NULL;
  g_autofree char *gone = time_of (link, "gone");

  if (key != NULL)
    return g_strdup (say (page, key));
  return gone != NULL ? g_strdup_printf ("%s (%s)", say (page, "proof.gone"), gone) : NULL;
}

static void
put_link_times (Page *page, GVariant *link)
{
  g_autofree char *not_there = time_of (link, "not_there"), *first_seen = time_of (link, "first_seen");
  g_autofree char *granted = time_of (link, "granted"), *expires = time_of (link, "expires");
  g_autofree char *alerted = time_of (link, "alerted"), *revoked = time_of (link, "revoked");
  g_autofree char *proof = proof_of (page, link);

  put_pair (page, "not_there", not_there != NULL ? not_there : "—");
  put_pair (page, "first_seen", first_seen);
  put_pair (page, "granted", granted != NULL ? granted : say (page, "not-told"));
  put_pair (page, "last_access", say (page, "not-told"));
  put_known_pair (page, "expires", expires);
  put_pair (page, "alerted", alerted != NULL ? alerted : "—");
  put_pair (page, "link.revoked", revoked != NULL ? revoked : say (page, "not-revoked"));
  put_pair (page, "proof", proof != NULL ? proof : "—");
}

static void
put_link (Page *page, GVariant *link)
{
  g_autoptr(GVariant) totals = object_of (page->dossier, "totals");
  const char *kind = text_of (link, "kind"), *status = text_of (link, "status");
  g_autofree const char **scope = NULL;
  g_autofree char *limit = money_of (link, "limit"), *scopes = NULL;

  if (g_variant_lookup (link, "scope", "^a&s", &scope))
    scopes = g_strjoinv (", ", (char **) scope);
  put (page, "<h3>");
  put_text (page, text_of (link, "name"));
  put (page, "</h3>\n<table class=\"pairs\"><tbody>\n");
  put_known_pair (page, "col.service", text_of (link, "service"));
  put_pair (page, "link.kind", kind != NULL ? say (page, kind) : "—");
  put_pair (page, "scope", scopes != NULL ? scopes : limit != NULL ? limit : say (page, "not-told"));
  put_known_pair (page, "limit", scopes != NULL ? limit : NULL);
  put_known_pair (page, "mandate", text_of (link, "reference"));
  put_known_pair (page, "bank_id", text_of (link, "bank_id"));
  put_pair (page, "status", status != NULL ? say (page, status) : "—");
  put_link_times (page, link);
  put_known_pair (page, "how", way_out (page, totals, text_of (link, "service")));
  put (page, "</tbody></table>\n");
}

static void
put_links (Page *page)
{
  g_autoptr(GVariant) links = rows_of (page->dossier, "links");

  begin_part (page, "part5");
  for (gsize i = 0; i < g_variant_n_children (links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (links, i);
      put_link (page, link);
    }
  if (g_variant_n_children (links) == 0)
    put_note (page, "no-links");
  end_part (page);
}

/* --- 6
 * -------------------------------------------------------------------------------------------------------------
 */

/* A channel's name, in words where there are some. */
static const char *
channel_words (Page *page, const char *channel)
{
  if (g_strcmp0 (channel, "desktop") == 0 || g_strcmp0 (channel, "mail") == 0)
    return say (page, channel);
  return channel != NULL ? channel : "—";
}

static char *
what_happened (Page *page, GVariant *row)
{
  const char *what = text_of (row, "what"), *to = text_of (row, "to");
  g_autofree char *party = to != NULL ? g_strdup_printf ("to.%s", to) : NULL;

  if (g_str_equal (what, "sent"))
    return koban_report_fill (page->options->language, what, "channel",
                              channel_words (page, text_of (row, "channel")), NULL);
  if (g_str_equal (what, "note") && text_of (row, "repaid") != NULL)
    return g_strdup_printf ("%s: %s", say (page, "note.repaid"), text_of (row, "repaid"));
  if (g_str_equal (what, "note"))
    return koban_report_fill (page->options->language, what, "to", say (page, party), NULL);
  return g_strdup (say (page, g_str_equal (what, "revoked") ? "link.revoked" : what));
}

static void
put_answer (Page *page, GVariant *row)
{
  const char *answer = text_of (row, "answer");

  if (answer == NULL || *answer == '\0')
    return;
  put (page, "<br>");
  put_word (page, answer);
}

/* "unexpected withdrawal (critical)" */
static void
put_severity (Page *page, GVariant *row)
{
  g_autofree char *kind = NULL, *severity = NULL;

  if (text_of (row, "kind") == NULL || text_of (row, "severity") == NULL)
    return;
  kind = g_strdup_printf ("alert.%s", text_of (row, "kind"));
  severity = g_strdup_printf ("severity.%s", text_of (row, "severity"));
  put (page, " ");
  put_word (page, kind);
  put (page, " (");
  put_word (page, severity);
  put (page, ")");
}

static void
put_moment (Page *page, GVariant *row)
{
  g_autofree char *at = time_of (row, "at"), *before = time_of (row, "not_there"),
                  *bank = time_of (row, "bank_time");
  g_autofree char *what = what_happened (page, row), *amount = money_of (row, "amount");
  g_autofree char *result =
    text_of (row, "result") != NULL ? g_strdup_printf ("proof.%s", text_of (row, "result")) : NULL;

  put (page, "<tr>");
  put_cell (page, "tight", at);
  put (page, "<td><span class=\"strong\">");
  put_text (page, what);
  put (page, "</span>");
  if (text_of (row, "name") != NULL)
    {
      put (page, " ");
      put_text (page, text_of (row, "name"));
      put (page, " ");
      put_text (page, amount);
    }
  put_severity (page, row);
  put_answer (page, row);
  put_line (page, "proof", result != NULL ? say (page, result) : NULL);
  put_line (page, "not_there", before);
  put_line (page, "bank-time", bank);
  put_line (page, "code", text_of (row, "code"));
  put_line (page, "who", text_of (row, "who"));
  put_line (page, "ref", text_of (row, "ref"));
  if (text_of (row, "words") != NULL)
    {
      put (page, "<br>“");
      put_text (page, text_of (row, "words"));
      put (page, "”");
    }
  if (text_of (row, "sha256") != NULL)
    {
      put (page, "<br><code>");
      put_text (page, text_of (row, "sha256"));
      put (page, "</code>");
    }
  put (page, "</td></tr>\n");
}

static void
put_timeline (Page *page)
{
  static const char *const columns[] = { "col.at", "col.what", NULL };
  g_autoptr(GVariant) rows = rows_of (page->dossier, "timeline");

  begin_part (page, "part6");
  begin_table (page, columns);
  put_rows (page, rows, put_moment);
  end_part (page);
}

/* --- 7
 * ---------------------------------------------------------------------------------------------------------------
 */

static void
put_payee (Page *page, GVariant *baseline, GVariant *payee)
{
  g_autofree char *days = count_text (number_of (baseline, "days"));
  g_autofree char *covered = count_text (number_of (baseline, "covered"));
  g_autofree char *earlier = count_text (number_of (payee, "earlier"));
  const char *from = text_of (baseline, "from"), *first = text_of (payee, "first_earlier"),
             *name = text_of (payee, "name");
  const char *key = from == NULL                        ? "baseline.unknown"
                    : number_of (payee, "earlier") == 0 ? "baseline.none"
                                                        : "baseline.some";
  g_autofree char *sentence = koban_report_fill (
    page->options->language, key, "name", name != NULL ? name : "", "days", days, "covered", covered, "from",
    from != NULL ? from : "", "earlier", earlier, "first", first != NULL ? first : "", NULL);

  put (page, "<p class=\"said strong\">");
  put_text (page, sentence);
  put (page, "</p>\n");
}

static void
put_baseline (Page *page)
{
  g_autoptr(GVariant) baseline = object_of (page->dossier, "baseline");
  g_autoptr(GVariant) payees = rows_of (baseline, "payees");
  g_autofree char *graph = koban_report_graph (page->dossier, page->options->language);

  begin_part (page, "part7");
  for (gsize i = 0; i < g_variant_n_children (payees); i++)
    {
      g_autoptr(GVariant) payee = g_variant_get_child_value (payees, i);
      put_payee (page, baseline, payee);
    }
  put (page, graph);
  end_part (page);
}

/* --- 8
 * ------------------------------------------------------------------------------------------------------------------
 */

static void
put_due (Page *page, GVariant *row)
{
  g_autofree char *at = time_of (row, "done_at");
  g_autofree char *done =
    koban_report_fill (page->options->language, "done", "at", at != NULL ? at : "", NULL);

  put (page, "<td class=\"own\">");
  put_text (page, text_of (row, "due") != NULL ? text_of (row, "due") : say (page, "no-due"));
  if (bool_of (row, "done"))
    {
      put (page, "<br>");
      put_text (page, done);
    }
  else if (text_of (row, "due") != NULL && number_of (row, "days") < 0)
    {
      put (page, "<br>");
      put_word (page, "over");
    }
  put (page, "</td>");
}

static void
put_source (Page *page, GVariant *row)
{
  const char *checked = text_of (row, "checked");
  g_autofree char *old =
    koban_report_fill (page->options->language, "checked-in", "when", checked != NULL ? checked : "", NULL);

  put (page, "<td>");
  put_text (page, text_of (row, "source"));
  put (page, "<br>");
  put_text (page, bool_of (row, "old") ? old : checked);
  put (page, "</td>");
}

static void
put_deadline (Page *page, GVariant *row)
{
  put (page, "<tr>");
  put_due (page, row);
  put_cell (page, "own", text_of (row, "name"));
  put_cell (page, "own", text_of (row, "task"));
  put (page, "<td>");
  put_text (page, text_of (row, "rule"));
  put (page, "<br>(");
  put_text (page, text_of (row, "from"));
  put (page, ")</td>");
  put_source (page, row);
  put (page, "</tr>\n");
}

static void
put_deadlines (Page *page)
{
  static const char *const columns[] = { "col.due", "col.party", "col.task", "col.rule", "col.source", NULL };
  g_autoptr(GVariant) rows = rows_of (page->dossier, "deadlines");

  begin_part (page, "part8");
  if (g_variant_n_children (rows) > 0)
    {
      begin_table (page, columns);
      put_rows (page, rows, put_deadline);
    }
  put_note (page, g_variant_n_children (rows) > 0 ? "deadlines.note" : "no-deadlines");
  end_part (page);
}

/* --- 9
 * ---------------------------------------------------------------------------------------------------------------------
 */

static char *
intact_words (Page *page, GVariant *integrity)
{
  g_autofree char *at = count_text (number_of (integrity, "broken"));

  if (bool_of (integrity, "intact"))
    return g_strdup (say (page, "yes"));
  return koban_report_fill (page->options->language, "no", "at", at, "why",
                            text_of (integrity, "why") != NULL ? text_of (integrity, "why") : "", NULL);
}

static void
put_erasure (Page *page, GVariant *row)
{
  g_autofree char *at = time_of (row, "at");
  g_autofree char *text = koban_report_fill (page->options->language, "erased-on", "entries",
                                             text_of (row, "entries") != NULL ? text_of (row, "entries") : "",
                                             "at", at != NULL ? at : "", NULL);

  put_pair (page, "erased", text);
}

static void
put_integrity (Page *page)
{
  g_autoptr(GVariant) integrity = object_of (page->dossier, "integrity");
  g_autoptr(GVariant) erasures = rows_of (integrity, "erasures");
  g_autofree char *intact = intact_words (page, integrity),
                  *entries = count_text (number_of (integrity, "entries"));

  begin_part (page, "part9");
  put (page, "<table class=\"pairs\"><tbody>\n");
  put_pair (page, "intact", intact);
  put_pair (page, "entries", entries);
  for (gsize i = 0; i < g_variant_n_children (erasures); i++)
    {
      g_autoptr(GVariant) erasure = g_variant_get_child_value (erasures, i);
      put_erasure (page, erasure);
    }
  put (page, "<tr><th>");
  put_word (page, "head");
  put (page, "</th><td><code>");
  put_text (page, text_of (integrity, "head"));
  put (page, "</code></td></tr>\n");
  put (page, "</tbody></table>\n");
  put_note (page, "verify");
  end_part (page);
}

/* --- 10
 * -----------------------------------------------------------------------------------------------------------------------
 */

static void
put_check (Page *page, const char *key, gboolean with_blanks)
{
  put (page, with_blanks ? "<li>☐ <span class=\"strong\">" : "<li>☐ <span>");
  put_word (page, key);
  put (page, "</span>");
  if (with_blanks)
    {
      put (page, "<br><span class=\"blank\">");
      put_word (page, "check.blanks");
      put (page, "</span>");
    }
  put (page, "</li>\n");
}

static void
put_help (Page *page)
{
  put_check (page, "check.help", FALSE);
  for (gsize i = 0; page->options->help != NULL && i < g_variant_n_children (page->options->help); i++)
    {
      g_autoptr(GVariant) line = g_variant_get_child_value (page->options->help, i);

      put (page, "<li>— ");
      put_text (page, text_of (line, "name"));
      put (page, ": <span class=\"strong\">");
      put_text (page, text_of (line, "number"));
      put (page, "</span> <span class=\"note\">(");
      put_text (page, text_of (line, "source"));
      put (page, ", ");
      put_text (page, text_of (line, "checked"));
      put (page, ")</span></li>\n");
    }
}

/* The sum without a sign, as it is said. (transfer full) (nullable) */
static char *
loss_of (GVariant *totals)
{
  KobanMoney sum = { 0 };
  const char *currency;

  if (!g_variant_lookup (totals, "sum", "(x&s)", &sum.minor, &currency) || sum.minor == G_MININT64)
    return NULL;
  g_strlcpy (sum.currency.code, currency, sizeof sum.currency.code);
  sum.minor = ABS (sum.minor);
  return koban_money_format (sum);
}

/* What a person reads out, with the sums and days of the case. */
static void
put_script (Page *page, const char *key)
{
  g_autoptr(GVariant) account = object_of (page->dossier, "account"),
                       totals = object_of (page->dossier, "totals");
  g_autoptr(GVariant) baseline = object_of (page->dossier, "baseline"), days = rows_of (totals, "days");
  g_autoptr(GVariant) payees = rows_of (baseline, "payees");
  g_autoptr(GVariant) payee =
    g_variant_n_children (payees) > 0 ? g_variant_get_child_value (payees, 0) : NULL;
  gsize n = g_variant_n_children (days);
  g_autoptr(GVariant) first = n > 0 ? g_variant_get_child_value (days, 0) : NULL;
  g_autoptr(GVariant) last = n > 0 ? g_variant_get_child_value (days, n - 1) : NULL;
  g_autofree char *count = count_text (number_of (totals, "count")), *sum = loss_of (totals);
  const char *number = text_of (account, "number"), *name = text_of (payee, "name");
  g_autofree char *text = koban_report_fill (
    page->options->language, key, "number", number != NULL ? number : "____", "count", count, "sum",
    sum != NULL ? sum : "____", "first", first != NULL ? text_of (first, "date") : "____", "last",
    last != NULL ? text_of (last, "date") : "____", "name", name != NULL ? name : "____", NULL);

  put (page, "<p class=\"said\">");
  put_text (page, text);
  put (page, "</p>\n");
}

static void
put_checklist (Page *page)
{
  begin_part (page, "part10");
  put (page, "<ul>\n");
  put_check (page, "check.bank", TRUE);
  if (page->options->phone != NULL)
    {
      put (page, "<li class=\"strong\">☎ ");
      put_text (page, page->options->phone);
      put (page, "</li>\n");
    }
  put_check (page, "check.wallet", TRUE);
  put_check (page, "check.police", TRUE);
  put_help (page);
  put_check (page, "check.noticed", FALSE);
  put_check (page, "check.family", FALSE);
  put_check (page, "check.stop", FALSE);
  put (page, "</ul>\n<h3>");
  put_word (page, "script");
  put (page, "</h3>\n");
  put_script (page, "script.bank");
  put_script (page, "script.wallet");
  put_script (page, "script.police");
  put (page, "<p class=\"strong\">");
  put_word (page, "script.never");
  put (page, "</p>\n");
  end_part (page);
}

static void
put_told (Page *page)
{
  static const char *const columns[] = { "col.at", "col.what", NULL };
  g_autoptr(GVariant) rows = rows_of (page->dossier, "timeline");
  gboolean any = FALSE;

  begin_part (page, "part10.told");
  begin_table (page, columns);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);

      if (!g_str_equal (text_of (row, "what"), "note"))
        continue;
      put_moment (page, row);
      any = TRUE;
    }
  put (page, "</tbody></table>\n");
  if (!any)
    put_note (page, "none");
  put (page, "<ul>\n");
  put_check (page, "check.noticed", FALSE);
  put_check (page, "check.family", FALSE);
  put_check (page, "check.stop", FALSE);
  put (page, "</ul>\n");
  end_part (page);
}

/* --- the page
 * -------------------------------------------------------------------------------------------------------------------
 */

static char *
policy_hash (void)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) style, (gssize) strlen (style));
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

static void
put_head (Page *page, const char *title)
{
  g_autofree char *hash = policy_hash ();

  g_string_append_printf (
    page->out,
    "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
    "base-uri 'none'; "
    "form-action 'none'\">\n"
    "<meta name=\"format-detection\" content=\"telephone=no,email=no,address=no,date=no\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" "
    "content=\"width=device-width\">\n<title>",
    say (page, "lang"), hash);
  put_word (page, title);
  g_string_append_printf (page->out, "</title>\n<style>%s</style></head>\n<body>\n<h1>", style);
  put_word (page, title);
  put (page, "</h1>\n");
}

static void
put_foot (Page *page)
{
  put (page, "<footer><p class=\"note\">");
  put_word (page, "seal");
  put (page, ": <code>" KOBAN_SEAL_OPEN "</code></p></footer>\n</body></html>\n");
}

char *
koban_report_html (GVariant *dossier, const KobanReportOptions *options)
{
  static void (*const parts[]) (Page *) = { put_header,   put_account,   put_events,
                                            put_totals,   put_links,     put_timeline,
                                            put_baseline, put_deadlines, put_integrity };
  g_autoptr(GString) out = g_string_new (NULL);
  Page page = { out, dossier, options };

  put_head (&page, "title");
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    parts[i](&page);
  if (options->script)
    put_checklist (&page);
  else
    put_told (&page);
  put_foot (&page);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* --- the card
 * --------------------------------------------------------------------------------------------------------------------
 */

static void
put_card_account (Page *page, GVariant *row)
{
  const char *phone = text_of (row, "phone");

  put (page, "<tr>");
  put_cell (page, NULL, text_of (row, "bank"));
  put_cell (page, NULL, text_of (row, "name"));
  put_cell (page, NULL, text_of (row, "number"));
  put (page, "<td class=\"strong\">");
  put_text (page, phone != NULL ? phone : "________________________");
  put (page, "</td></tr>\n");
}

static void
put_card_wallet (Page *page, GVariant *row)
{
  put (page, "<tr>");
  put_cell (page, NULL, text_of (row, "service"));
  put_cell (page, NULL, text_of (row, "site"));
  put_cell (page, NULL, text_of (row, "revoke"));
  put (page, "</tr>\n");
}

static void
put_card_wallets (Page *page, GVariant *wallets)
{
  static const char *const columns[] = { "col.service", "col.site", "how", NULL };

  if (g_variant_n_children (wallets) > 0)
    {
      begin_table (page, columns);
      put_rows (page, wallets, put_card_wallet);
    }
  put_note (page, "card.wallet.unknown");
  end_part (page);
}

char *
koban_report_card (GVariant *card, const KobanReportOptions *options)
{
  static const char *const columns[] = { "bank", "name", "number", "card.phone", NULL };
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GVariant) accounts = rows_of (card, "accounts"), wallets = rows_of (card, "wallets");
  g_autofree char *made = time_of (card, "made");
  Page page = { out, card, options };

  put_head (&page, "card.title");
  begin_part (&page, "card.first");
  begin_table (&page, columns);
  put_rows (&page, accounts, put_card_account);
  end_part (&page);
  begin_part (&page, "card.say");
  put (&page, "<p class=\"said strong\">");
  put_word (&page, "card.words");
  put (&page, "</p>\n<p class=\"strong\">");
  put_word (&page, "script.never");
  put (&page, "</p>\n");
  end_part (&page);
  begin_part (&page, "card.then");
  put_card_wallets (&page, wallets);
  begin_part (&page, "card.police");
  put (&page, "<ul>\n");
  put_check (&page, "check.police", TRUE);
  put_help (&page);
  put (&page, "</ul>\n<footer><p class=\"note\">");
  put_word (&page, "made");
  put (&page, ": ");
  put_text (&page, made);
  put (&page, "</p></footer>\n");
  end_part (&page);
  put (&page, "</body></html>\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}
