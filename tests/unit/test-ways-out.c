/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every way out × every hostile name: whatever a bank says that a payee is called, it leaves as harmless
 * text. A new way out is one row of @ways.
 */
#include "config.h"

#include <string.h>

#include <koban/phrase.h>
#include <koban/text.h>

#include "cli/printer.h"
#include "page.h"
#include "wire/json-reader.h"
#include "wire/json-writer.h"

/* --- hostile names
 * ------------------------------------------------------------------------------------------ */

#define LURES "evil.example", "0120-444-444", "１２３４５６"

static const char *const names[] = {
  "<b>A&B</b> <a href=\"http://evil.example/\">your bank</a>",
  "<script>alert(1)</script><img src=x onerror=alert(1)>",
  "\"><svg/onload=alert(1)> ' onmouseover='alert(1)",
  "&lt;b&gt; &#60;i&#62; &amp; ]]> <!-- --> %3Cscript%3E",
  "\342\200\256knaB ruoY\342\200\254 \342\201\246x\342\201\247y", /* overrides and isolates that stay open */
  "\033[2J\033]0;title\007\033]8;;http://evil.example\033\\click\033]8;;\033\\",
  "a\302\2332Jb\302\235c\177d", /* the same as single characters of Latin-1 */
  "line one\r\nBcc: everybody@evil.example\r\n\r\nline two\tx\v\f\342\200\250y",
  "=HYPERLINK(\"http://evil.example\",\"refund\")",
  "+1+cmd|' /C calc'!A0",
  "@SUM(1+1)*cmd",
  "-2+3+cmd",
  "Fraud desk: call 0120-444-444 or ０１２０４４４４４４ now",
  "see https://evil.example/login or www.evil.example",
  "broken \xff\xfe\xc0\xaf utf-8 \xed\xa0\x80",
  "\327\251\327\234\327\225\327\235 \330\263\331\204\330\247\331\205 12", /* Hebrew, Arabic: right to left,
                                                                             and right */
  "zero\342\200\213width\357\273\277joined\363\240\201\201tag\343\205\244filler",
  "”. Your account is fine. “",
  "%s%n%p {connection} $(reboot) `reboot` ${HOME}",
  "",
};

/* Two names that are only long. (transfer full) */
static char *
long_name (gsize which)
{
  GString *name = g_string_new (which == 0 ? NULL : "a");

  while (name->len < 10240)
    g_string_append (name, which == 0 ? "PAYEE " : "\314\201\315\247");
  return g_string_free (name, FALSE);
}

#define N_LONG 2

/* (transfer full) */
static char *
hostile_name (gsize i)
{
  return i < G_N_ELEMENTS (names) ? g_strdup (names[i]) : long_name (i - G_N_ELEMENTS (names));
}

/* --- ways out: each takes a name where a bank's words can stand, and gives what leaves (transfer full)
 * ---------- */

static GPtrArray *
alerts_of (const char *name)
{
  static const char *const refs[] = { "l1", "t1", NULL };
  GPtrArray *alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  GVariant *reason = koban_reason_new ("first_debit_by_creditor", "mandate", "s", valid, NULL);

  g_ptr_array_add (alerts, koban_alert_new (&(KobanAlert){
                             .incident = "i1",
                             .kind = KOBAN_ALERT_WITHDRAWAL,
                             .severity = KOBAN_SEVERITY_CRITICAL,
                             .ref = "t1",
                             .refs = refs,
                             .subject = name,
                             .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1),
                             .has_total = TRUE,
                             .total = KOBAN_MONEY (-100, "GBP") }));
  return alerts;
}

static char *
desktop_summary (const char *name)
{
  g_autoptr(GPtrArray) alerts = alerts_of (name);

  return koban_phrase_summary (alerts, KOBAN_DETAIL_FULL, "K-7F3A-9Q2M");
}

static char *
desktop_body (const char *name)
{
  g_autoptr(GPtrArray) alerts = alerts_of (name);

  return koban_phrase_body (alerts, KOBAN_DETAIL_FULL, name);
}

static char *
desktop_body_of_many (const char *name)
{
  g_autoptr(GPtrArray) alerts = alerts_of (name);

  return koban_phrase_many_body (alerts, 1, FALSE, KOBAN_DETAIL_FULL, KOBAN_OWNERSHIP_OWN);
}

static char *
desktop_body_with_markup (const char *name)
{
  g_autofree char *body = desktop_body (name);

  return koban_text_escape_markup (body);
}

static char *
discreet_body (const char *name)
{
  g_autoptr(GPtrArray) alerts = alerts_of (name);

  return koban_phrase_body (alerts, KOBAN_DETAIL_MINIMAL, name);
}

static char *
terminal_alert (const char *name)
{
  g_autoptr(GPtrArray) alerts = alerts_of (name);

  return koban_phrase_alert (alerts->pdata[0]);
}

static GVariant *
row_of (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, "text", "s", valid);
  return g_variant_ref_sink (g_variant_dict_end (&row));
}

static const KobanColumn columns[] = { { .key = "text", .type = KOBAN_COLUMN_FOREIGN, .heading = "text" },
                                       { .key = NULL } };

static char *
terminal_cell (const char *name)
{
  g_autoptr(GVariant) row = row_of (name);

  return koban_print_cell (row, &columns[0]);
}

static char *
log_line (const char *name)
{
  g_autofree char *clean = koban_text_clean (name, 200);

  return g_strdup_printf ("The bank says: %s", clean);
}

static char *
json (const char *name)
{
  g_autoptr(GVariant) row = row_of (name);
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();

  koban_print_object (writer, row, columns);
  return koban_json_writer_finish (writer, FALSE);
}

static char *
html_page (const char *name)
{
  g_autoptr(GPtrArray) alerts = alerts_of (name);

  return koban_page_render (&(KobanPageFacts){ .incident = "i1", .alerts = alerts, .account_name = name });
}

/* --- what must be true of what leaves
 * ------------------------------------------------------------------------------ */

typedef enum
{
  SENTENCE = 1 << 0, /* our own voice: no lure, and short */
  MARKUP = 1 << 1,   /* read by a server that knows <b> */
  HTML = 1 << 2,     /* read by a browser */
  JSON = 1 << 3,     /* read by a program: the bank's words as they are, but nothing for a terminal to obey */
  CELL = 1 << 4,     /* one line of a table: short enough by what prints it, not by itself */
  CSV = 1 << 5,      /* read by a spreadsheet */
} Promise;

static const struct
{
  const char *name;
  char *(*send) (const char *name);
  Promise promises;
} ways[] = {
  { "desktop summary", desktop_summary, SENTENCE },
  { "desktop body", desktop_body, SENTENCE },
  { "desktop body of many", desktop_body_of_many, SENTENCE },
  { "desktop body, markup", desktop_body_with_markup, SENTENCE | MARKUP },
  { "locked screen and phone", discreet_body, SENTENCE },
  { "terminal, alert", terminal_alert, SENTENCE | CELL },
  { "terminal, cell", terminal_cell, CELL },
  { "log", log_line, CELL },
  { "JSON", json, JSON },
  { "HTML page", html_page, HTML },
};

/* Moves the cursor, turns the line around, or is not seen. The isolates that quote a name are closed, see
 * below. */
static gboolean
is_treacherous (gunichar c)
{
  return (g_unichar_iscntrl (c) && c != '\n') || (c >= 0x202a && c <= 0x202e) || c == 0x2066 || c == 0x2067 ||
         c == 0x200b || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0xfeff ||
         (c >= 0xe0000 && c <= 0xe007f);
}

static void
check_characters (const char *text)
{
  int isolates = 0, marks = 0;

  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      g_assert_false (is_treacherous (c));
      g_assert_cmpuint (c, !=, 0x3164); /* a letter that draws nothing */
      isolates += c == 0x2068 ? 1 : c == 0x2069 ? -1 : 0;
      g_assert_cmpint (isolates, >=, 0);
      g_assert_cmpint (isolates, <=, 1);
      marks = g_unichar_ismark (c) ? marks + 1 : 0;
      g_assert_cmpint (marks, <=, 4);
    }
  g_assert_cmpint (isolates, ==, 0);
}

static void
check_sentence (const char *text)
{
  static const char *const lures[] = { LURES, "://", "www.", "0120" };

  for (gsize i = 0; i < G_N_ELEMENTS (lures); i++)
    g_assert_null (strstr (text, lures[i]));
  g_assert_cmpint (g_utf8_strlen (text, -1), <=, 600);
}

/* Parsed as the server would, it is text and nothing else. */
static void
on_element (GMarkupParseContext *context,
            const char *element,
            const char **attributes,
            const char **values,
            gpointer user_data,
            GError **error)
{
  g_assert_cmpstr (element, ==, "body");
}

static void
check_markup (const char *text)
{
  const GMarkupParser parser = { .start_element = on_element };
  g_autoptr(GMarkupParseContext) context =
    g_markup_parse_context_new (&parser, G_MARKUP_DEFAULT_FLAGS, NULL, NULL);
  g_autofree char *document = g_strconcat ("<body>", text, "</body>", NULL);
  g_autoptr(GError) error = NULL;

  g_markup_parse_context_parse (context, document, -1, &error);
  g_assert_no_error (error);
  g_assert_true (g_markup_parse_context_end_parse (context, NULL));
}

/* The tags of the page are the same ones in the same order for every name. */
static char *
tags_of (const char *html)
{
  GString *tags = g_string_new (NULL);

  for (const char *at = strchr (html, '<'); at != NULL; at = strchr (at + 1, '<'))
    {
      const char *end = strchr (at, '>');

      g_assert_nonnull (end);
      g_string_append_len (tags, at, end - at + 1);
    }
  return g_string_free (tags, FALSE);
}

static void
check_html (const char *html)
{
  g_autofree char *plain = html_page ("PLAIN");
  g_autofree char *expected = tags_of (plain);
  g_autofree char *tags = tags_of (html);

  g_assert_cmpstr (tags, ==, expected);
  g_assert_null (strstr (html, "evil.example/"));
  g_assert_nonnull (strstr (html, "default-src 'none'"));
}

static void
check_json (const char *text, const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) document = koban_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (koban_json_string (koban_json_at (koban_json_root (document), "/text")), ==, valid);
}

static void
check (Promise promises, const char *text, const char *name)
{
  if ((promises & JSON) != 0)
    check_json (text, name);
  /* A name in JSON is data, whole: of it only what a terminal would obey or not show is looked for. */
  for (const char *at = text; (promises & JSON) != 0 && *at != '\0'; at = g_utf8_next_char (at))
    g_assert_false (is_treacherous (g_utf8_get_char (at)));
  if ((promises & JSON) == 0)
    check_characters (text);
  if ((promises & SENTENCE) != 0)
    check_sentence (text);
  if ((promises & MARKUP) != 0)
    check_markup (text);
  if ((promises & HTML) != 0)
    check_html (text);
  if ((promises & CELL) != 0)
    g_assert_null (strchr (text, '\n'));
  if ((promises & CSV) != 0)
    g_assert_null (strchr ("=+-@\t\r", text[0]));
}

static void
test_way (gconstpointer data)
{
  gsize way = GPOINTER_TO_SIZE (data);

  for (gsize i = 0; i < G_N_ELEMENTS (names) + N_LONG; i++)
    {
      g_autofree char *name = hostile_name (i);
      g_autofree char *text = ways[way].send (name);

      g_test_message ("%" G_GSIZE_FORMAT ": %.200s", i, text != NULL ? text : "");
      if (text != NULL)
        check (ways[way].promises, text, name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *slug = g_strdelimit (g_strdup (ways[i].name), ", ", '-');
      g_autofree char *path = g_strconcat ("/ways-out/", slug, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_way);
    }
  return g_test_run ();
}
