/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What every page to print is made of: its style, its policy (no script, nothing from elsewhere), tables and
 * pairs. A bank's words are cleaned and escaped by koban_report_escape() and come in by no other way.
 */
#include "config.h"

#include "cli/report-page.h"

#include <koban/date.h>
#include <koban/field.h>
#include <koban/text.h>
#include <string.h>

#include "claim/seal.h"

static const char common_style[] =
  "@page{size:A4;margin:14mm 13mm 16mm;@bottom-right{content:counter(page) ' / ' counter(pages);font:8pt "
  "sans-serif;"
  "color:#333}}"
  "*{box-sizing:border-box}"
  "body{font:9.5pt/1.45 'Noto Sans','Noto Sans CJK JP','Noto Sans "
  "JP','IPAexGothic','IPAPGothic',sans-serif;color:#111;"
  "max-width:184mm;margin:6mm auto;padding:0 3mm}"
  "h1{font-size:16pt;margin:0 0 1mm}h2{font-size:11.5pt;margin:6mm 0 1.5mm;border-bottom:.4mm solid "
  "#111;break-after:avoid}"
  "h3{font-size:9.5pt;margin:3mm 0 1mm;break-after:avoid}p{margin:1mm 0}"
  "table{border-collapse:collapse;width:100%;margin:1mm 0}"
  "th,td{border:.2mm solid #888;padding:.8mm 1.2mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
  "th,td.own{overflow-wrap:break-word}td.own{min-width:17mm}table.pairs{break-inside:avoid}"
  "thead{display:table-header-group}tr{break-inside:avoid}th{background:#eee;font-weight:600}"
  "table.pairs th{width:58mm}table.pairs "
  "th::first-letter{text-transform:uppercase}.sum{text-align:right;white-space:nowrap;font-variant-numeric:"
  "tabular-nums}"
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

char *
koban_report_escape (const char *text)
{
  g_autofree char *clean = koban_text_clean (text, 0);

  return g_markup_escape_text (clean, -1);
}

const char *
koban_page_say (KobanPage *page, const char *key)
{
  return koban_report_word (page->options->language, key);
}

void
koban_page_put (KobanPage *page, const char *html)
{
  g_string_append (page->out, html);
}

void
koban_page_text (KobanPage *page, const char *text)
{
  g_autofree char *escaped = koban_report_escape (text);

  koban_page_put (page, escaped);
}

void
koban_page_word (KobanPage *page, const char *key)
{
  koban_page_text (page, koban_page_say (page, key));
}

/* (transfer full) (nullable) */
char *
koban_page_money (GVariant *row, const char *key)
{
  KobanMoney money = { 0 };

  return koban_field_money (row, key, &money) ? koban_money_format (money) : NULL;
}

/* (transfer full) (nullable): local time of an RFC 3339 one, to the second: a burst is over within a minute
 */
char *
koban_page_time (GVariant *row, const char *key)
{
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc ();
  const char *text = koban_field_text (row, key);
  g_autoptr(GDateTime) moment = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;
  g_autoptr(GDateTime) local = moment != NULL ? g_date_time_to_local (moment) : NULL;

  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : NULL;
}

char *
koban_page_count (gint64 value)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, value);
}

void
koban_page_begin_part (KobanPage *page, const char *key)
{
  koban_page_put (page, "<section><h2>");
  koban_page_word (page, key);
  koban_page_put (page, "</h2>\n");
}

void
koban_page_end_part (KobanPage *page)
{
  koban_page_put (page, "</section>\n");
}

void
koban_page_heading (KobanPage *page, const char *key)
{
  koban_page_put (page, "<h3>");
  koban_page_word (page, key);
  koban_page_put (page, "</h3>\n");
}

void
koban_page_begin_pairs (KobanPage *page)
{
  koban_page_put (page, "<table class=\"pairs\"><tbody>\n");
}

void
koban_page_end_table (KobanPage *page)
{
  koban_page_put (page, "</tbody></table>\n");
}

void
koban_page_note (KobanPage *page, const char *key)
{
  koban_page_put (page, "<p class=\"note\">");
  koban_page_word (page, key);
  koban_page_put (page, "</p>\n");
}

void
koban_page_begin_table (KobanPage *page, const char *const *headings)
{
  koban_page_put (page, "<table><thead><tr>");
  for (; *headings != NULL; headings++)
    {
      koban_page_put (page, "<th>");
      koban_page_word (page, *headings);
      koban_page_put (page, "</th>");
    }
  koban_page_put (page, "</tr></thead><tbody>\n");
}

void
koban_page_cell (KobanPage *page, const char *kind, const char *text)
{
  g_string_append_printf (page->out, "<td%s%s%s>", kind != NULL ? " class=\"" : "", kind != NULL ? kind : "",
                          kind != NULL ? "\"" : "");
  koban_page_text (page, text != NULL ? text : "—");
  koban_page_put (page, "</td>");
}

/* A label and its value; what the bank does not tell is left to be written in. */
void
koban_page_pair (KobanPage *page, const char *label, const char *value)
{
  koban_page_put (page, "<tr><th>");
  koban_page_word (page, label);
  if (value != NULL)
    {
      koban_page_put (page, "</th><td>");
      koban_page_text (page, value);
    }
  else
    {
      koban_page_put (page, "</th><td class=\"blank\">________________________ (");
      koban_page_word (page, "fill-in");
      koban_page_put (page, ")");
    }
  koban_page_put (page, "</td></tr>\n");
}

void
koban_page_known_pair (KobanPage *page, const char *label, const char *value)
{
  if (value != NULL)
    koban_page_pair (page, label, value);
}

/* "label: value", a line of a cell. */
void
koban_page_line (KobanPage *page, const char *label, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  koban_page_put (page, "<br>");
  koban_page_word (page, label);
  koban_page_put (page, ": ");
  koban_page_text (page, value);
}

void
koban_page_rows (KobanPage *page, GVariant *rows, void (*put_row) (KobanPage *page, GVariant *row))
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      put_row (page, row);
    }
  koban_page_end_table (page);
}

/* Said at the foot of every sheet, for sheets part. Only a number of ours comes into a style. (transfer full)
 */
static char *
running_foot (KobanPage *page)
{
  g_autoptr(GVariant) header = koban_field_row (page->dossier, "header");
  const char *id = koban_field_text (header, "case");
  g_autofree char *text = NULL;

  if (id == NULL || strspn (id, "i0123456789") != strlen (id))
    return g_strdup ("");
  text = koban_report_fill (page->options->language, "page", "case", id, NULL);
  return g_strdup_printf ("@page{@bottom-left{content:'%s';font:8pt sans-serif;color:#333}}", text);
}

static char *
policy_hash (const char *style)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) style, (gssize) strlen (style));
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

void
koban_page_open (KobanPage *page, const char *title)
{
  g_autofree char *foot = running_foot (page), *style = g_strconcat (common_style, foot, NULL);
  g_autofree char *hash = policy_hash (style);

  g_string_append_printf (
    page->out,
    "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
    "base-uri 'none'; "
    "form-action 'none'\">\n"
    "<meta name=\"format-detection\" content=\"telephone=no,email=no,address=no,date=no\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" "
    "content=\"width=device-width\">\n<title>",
    koban_page_say (page, "lang"), hash);
  koban_page_word (page, title);
  g_string_append_printf (page->out, "</title>\n<style>%s</style></head>\n<body>\n<h1>", style);
  koban_page_word (page, title);
  koban_page_put (page, "</h1>\n");
}

void
koban_page_close (KobanPage *page)
{
  koban_page_put (page, "<footer><p class=\"note\">");
  koban_page_word (page, "seal");
  koban_page_put (page, ": <code>" KOBAN_SEAL_OPEN "</code></p></footer>\n</body></html>\n");
}
