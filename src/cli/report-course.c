/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the dossier says of time and proof: the course of events, the history before, the days that run, the
 * journal.
 */
#include "config.h"

#include "cli/report-page.h"

#include <koban/field.h>

/* A channel's name, in words where there are some. */
static const char *
channel_words (KobanPage *page, const char *channel)
{
  if (g_strcmp0 (channel, "desktop") == 0 || g_strcmp0 (channel, "mail") == 0)
    return koban_page_say (page, channel);
  return channel != NULL ? channel : "—";
}

static char *
what_happened (KobanPage *page, GVariant *row)
{
  const char *what = koban_field_text (row, "what"), *to = koban_field_text (row, "to");
  g_autofree char *party = to != NULL ? g_strdup_printf ("to.%s", to) : NULL;

  if (g_str_equal (what, "sent"))
    return koban_report_fill (page->options->language, what, "channel",
                              channel_words (page, koban_field_text (row, "channel")), NULL);
  if (g_str_equal (what, "note") && koban_field_text (row, "repaid") != NULL)
    return g_strdup_printf ("%s: %s", koban_page_say (page, "note.repaid"), koban_field_text (row, "repaid"));
  if (g_str_equal (what, "note"))
    return koban_report_fill (page->options->language, what, "to", koban_page_say (page, party), NULL);
  return g_strdup (koban_page_say (page, g_str_equal (what, "revoked") ? "revoked.tried" : what));
}

/* Which of Koban's alerts it was about. */
static void
put_alert (KobanPage *page, const char *id)
{
  g_autofree char *text =
    id != NULL ? koban_report_fill (page->options->language, "alert", "id", id, NULL) : NULL;

  if (text == NULL)
    return;
  koban_page_put (page, " ");
  koban_page_text (page, text);
}

static void
put_answer (KobanPage *page, GVariant *row)
{
  const char *answer = koban_field_text (row, "answer");

  if (answer == NULL || *answer == '\0')
    return;
  koban_page_put (page, "<br>");
  koban_page_word (page, answer);
  put_alert (page, koban_field_text (row, "id"));
}

/* "unexpected withdrawal (critical)" */
static void
put_severity (KobanPage *page, GVariant *row)
{
  g_autofree char *kind = NULL, *severity = NULL;

  if (koban_field_text (row, "kind") == NULL || koban_field_text (row, "severity") == NULL)
    return;
  kind = g_strdup_printf ("alert.%s", koban_field_text (row, "kind"));
  severity = g_strdup_printf ("severity.%s", koban_field_text (row, "severity"));
  koban_page_put (page, " ");
  koban_page_word (page, kind);
  koban_page_put (page, " (");
  koban_page_word (page, severity);
  koban_page_put (page, ")");
  put_alert (page, koban_field_text (row, "alert"));
}

void
koban_page_moment (KobanPage *page, GVariant *row)
{
  g_autofree char *at = koban_page_time (row, "at"), *before = koban_page_time (row, "not_there"),
                  *bank = koban_page_time (row, "bank_time");
  g_autofree char *what = what_happened (page, row), *amount = koban_page_money (row, "amount");
  g_autofree char *result = koban_field_text (row, "result") != NULL
                              ? g_strdup_printf ("proof.%s", koban_field_text (row, "result"))
                              : NULL;

  koban_page_put (page, "<tr>");
  koban_page_cell (page, "tight", at);
  koban_page_put (page, "<td><span class=\"strong\">");
  koban_page_text (page, what);
  koban_page_put (page, "</span>");
  if (koban_field_text (row, "name") != NULL)
    {
      koban_page_put (page, " ");
      koban_page_text (page, koban_field_text (row, "name"));
      koban_page_put (page, " ");
      koban_page_text (page, amount);
    }
  put_severity (page, row);
  put_answer (page, row);
  koban_page_line (page, "proof", result != NULL ? koban_page_say (page, result) : NULL);
  koban_page_line (page, "not_there", before);
  koban_page_line (page, "bank-time", bank);
  koban_page_line (page, "code", koban_field_text (row, "code"));
  koban_page_line (page, "who", koban_field_text (row, "who"));
  koban_page_line (page, "ref", koban_field_text (row, "ref"));
  if (koban_field_text (row, "words") != NULL)
    {
      koban_page_put (page, "<br>“");
      koban_page_text (page, koban_field_text (row, "words"));
      koban_page_put (page, "”");
    }
  if (koban_field_text (row, "sha256") != NULL)
    {
      koban_page_put (page, "<br><code>");
      koban_page_text (page, koban_field_text (row, "sha256"));
      koban_page_put (page, "</code>");
    }
  koban_page_put (page, "</td></tr>\n");
}

void
koban_page_course (KobanPage *page)
{
  static const char *const columns[] = { "col.at", "col.what", NULL };
  g_autoptr(GVariant) rows = koban_field_rows (page->dossier, "timeline");

  koban_page_begin_part (page, "part6");
  koban_page_begin_table (page, columns);
  koban_page_rows (page, rows, koban_page_moment);
  koban_page_end_part (page);
}

static void
put_payee (KobanPage *page, GVariant *baseline, GVariant *payee)
{
  g_autofree char *days = koban_page_count (koban_field_number (baseline, "days"));
  g_autofree char *covered = koban_page_count (koban_field_number (baseline, "covered"));
  g_autofree char *earlier = koban_page_count (koban_field_number (payee, "earlier"));
  const char *from = koban_field_text (baseline, "from"), *first = koban_field_text (payee, "first_earlier"),
             *name = koban_field_text (payee, "name");
  const char *key = from == NULL                                 ? "baseline.unknown"
                    : koban_field_number (payee, "earlier") == 0 ? "baseline.none"
                                                                 : "baseline.some";
  g_autofree char *sentence = koban_report_fill (
    page->options->language, key, "name", name != NULL ? name : "", "days", days, "covered", covered, "from",
    from != NULL ? from : "", "earlier", earlier, "first", first != NULL ? first : "", NULL);

  koban_page_put (page, "<p class=\"said strong\">");
  koban_page_text (page, sentence);
  koban_page_put (page, "</p>\n");
}

void
koban_page_baseline (KobanPage *page)
{
  g_autoptr(GVariant) baseline = koban_field_row (page->dossier, "baseline");
  g_autoptr(GVariant) payees = koban_field_rows (baseline, "payees");
  g_autofree char *graph = koban_report_graph (page->dossier, page->options->language);

  koban_page_begin_part (page, "part7");
  for (gsize i = 0; i < g_variant_n_children (payees); i++)
    {
      g_autoptr(GVariant) payee = g_variant_get_child_value (payees, i);
      put_payee (page, baseline, payee);
    }
  koban_page_put (page, graph);
  koban_page_end_part (page);
}

static void
put_due (KobanPage *page, GVariant *row)
{
  g_autofree char *at = koban_page_time (row, "done_at");
  g_autofree char *done =
    koban_report_fill (page->options->language, "done", "at", at != NULL ? at : "", NULL);

  koban_page_put (page, "<td class=\"own\">");
  koban_page_text (page, koban_field_text (row, "due") != NULL ? koban_field_text (row, "due")
                                                               : koban_page_say (page, "no-due"));
  if (koban_field_flag (row, "done"))
    {
      koban_page_put (page, "<br>");
      koban_page_text (page, done);
    }
  else if (koban_field_text (row, "due") != NULL && koban_field_number (row, "days") < 0)
    {
      koban_page_put (page, "<br>");
      koban_page_word (page, "over");
    }
  koban_page_put (page, "</td>");
}

static void
put_source (KobanPage *page, GVariant *row)
{
  const char *checked = koban_field_text (row, "checked");
  g_autofree char *old =
    koban_report_fill (page->options->language, "checked-in", "when", checked != NULL ? checked : "", NULL);

  koban_page_put (page, "<td>");
  koban_page_text (page, koban_field_text (row, "source"));
  koban_page_put (page, "<br>");
  koban_page_text (page, koban_field_flag (row, "old") ? old : checked);
  koban_page_put (page, "</td>");
}

static void
put_deadline (KobanPage *page, GVariant *row)
{
  koban_page_put (page, "<tr>");
  put_due (page, row);
  koban_page_cell (page, "own", koban_field_text (row, "name"));
  koban_page_cell (page, "own", koban_field_text (row, "task"));
  koban_page_put (page, "<td>");
  koban_page_text (page, koban_field_text (row, "rule"));
  koban_page_put (page, "<br>(");
  koban_page_text (page, koban_field_text (row, "from"));
  koban_page_put (page, ")</td>");
  put_source (page, row);
  koban_page_put (page, "</tr>\n");
}

void
koban_page_deadlines (KobanPage *page)
{
  static const char *const columns[] = { "col.due", "col.party", "col.task", "col.rule", "col.source", NULL };
  g_autoptr(GVariant) rows = koban_field_rows (page->dossier, "deadlines");

  koban_page_begin_part (page, "part8");
  if (g_variant_n_children (rows) > 0)
    {
      koban_page_begin_table (page, columns);
      koban_page_rows (page, rows, put_deadline);
    }
  koban_page_note (page, g_variant_n_children (rows) > 0 ? "deadlines.note" : "no-deadlines");
  koban_page_end_part (page);
}

static char *
intact_words (KobanPage *page, GVariant *integrity)
{
  g_autofree char *at = koban_page_count (koban_field_number (integrity, "broken"));

  if (koban_field_flag (integrity, "intact"))
    return g_strdup (koban_page_say (page, "yes"));
  return koban_report_fill (
    page->options->language, "no", "at", at, "why",
    koban_field_text (integrity, "why") != NULL ? koban_field_text (integrity, "why") : "", NULL);
}

static void
put_erasure (KobanPage *page, GVariant *row)
{
  g_autofree char *at = koban_page_time (row, "at");
  g_autofree char *text =
    koban_report_fill (page->options->language, "erased-on", "entries",
                       koban_field_text (row, "entries") != NULL ? koban_field_text (row, "entries") : "",
                       "at", at != NULL ? at : "", NULL);

  koban_page_pair (page, "erased", text);
}

void
koban_page_integrity (KobanPage *page)
{
  g_autoptr(GVariant) integrity = koban_field_row (page->dossier, "integrity");
  g_autoptr(GVariant) erasures = koban_field_rows (integrity, "erasures");
  g_autofree char *intact = intact_words (page, integrity),
                  *entries = koban_page_count (koban_field_number (integrity, "entries"));

  koban_page_begin_part (page, "part9");
  koban_page_begin_pairs (page);
  koban_page_pair (page, "intact", intact);
  koban_page_pair (page, "entries", entries);
  for (gsize i = 0; i < g_variant_n_children (erasures); i++)
    {
      g_autoptr(GVariant) erasure = g_variant_get_child_value (erasures, i);
      put_erasure (page, erasure);
    }
  koban_page_put (page, "<tr><th>");
  koban_page_word (page, "head");
  koban_page_put (page, "</th><td><code>");
  koban_page_text (page, koban_field_text (integrity, "head"));
  koban_page_put (page, "</code></td></tr>\n");
  koban_page_end_table (page);
  koban_page_note (page, "verify");
  koban_page_end_part (page);
}
