/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page is built by one writer: a frame of markup that stands in this file, with places that only
 * escaped text fills. The browser is told to load and to run nothing but the style below, which it
 * knows by its digest.
 */
#include "config.h"

#include "page.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/phrase.h>
#include <koban/text.h>
#include <stdarg.h>
#include <string.h>

#define LONGEST_TEXT 2000

static const char style[] =
  "body{font:1.1em/1.5 sans-serif;max-width:40em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
  "h1{font-size:1.4em;line-height:1.3}h2{font-size:1.1em;margin:1.6em 0 .3em}"
  "code{background:#eee;padding:.1em .4em;white-space:nowrap}"
  ".first{border-inline-start:.4em solid #b00020;padding:.2em 1em}li{margin:.3em "
  "0}footer{color:#555;margin-top:2em}";

/* --- the writer -------------------------------------------------------------------------------------------
 */

static void
append_text (GString *html, const char *text)
{
  g_autofree char *clean = koban_text_clean (text, LONGEST_TEXT);
  g_autofree char *escaped = koban_text_escape_markup (clean);

  g_string_append (html, escaped);
}

/* Each "%s" of @frame is a text; nothing else in it is a place. */
static void
put (GString *html, const char *frame, ...)
{
  const char *place;
  va_list texts;

  va_start (texts, frame);
  for (; (place = strstr (frame, "%s")) != NULL; frame = place + strlen ("%s"))
    {
      g_string_append_len (html, frame, place - frame);
      append_text (html, va_arg (texts, const char *));
    }
  va_end (texts);
  g_string_append (html, frame);
}

/* --- parts
 * ---------------------------------------------------------------------------------------------------- */

static const char *
language (void)
{
  const char *const *names = g_get_language_names ();

  return strlen (names[0]) >= 2 && g_ascii_islower (names[0][0]) ? names[0] : "en";
}

static void
append_head (GString *html, const char *title)
{
  g_autoptr(GChecksum) digest = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 bytes[32];
  gsize length = sizeof bytes;
  g_autofree char *lang = g_strndup (language (), 2);

  g_checksum_update (digest, (const guchar *) style, (gssize) strlen (style));
  g_checksum_get_digest (digest, bytes, &length);
  g_autofree char *hash = g_base64_encode (bytes, length);
  put (html, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"auto\">\n<head>\n<meta charset=\"utf-8\">\n", lang);
  put (html,
       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
       "form-action 'none'; style-src 'sha256-%s'\">\n",
       hash);
  put (html,
       "<meta name=\"referrer\" content=\"no-referrer\">\n"
       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n",
       title);
  g_string_append_printf (html, "<style>%s</style>\n</head>\n<body>\n", style);
}

static void
append_alert (GString *html, const KobanAlert *alert)
{
  g_autofree char *what = koban_phrase_alert (alert);
  g_autofree char *when = koban_time_format_local (alert->opened_us);
  gsize count = alert->reasons != NULL ? g_variant_n_children (alert->reasons) : 0;

  put (html, "<h2>%s</h2>\n<p>%s</p>\n", what, when);
  g_string_append (html, count > 0 ? "<ul>\n" : "");
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr(GVariant) reason = g_variant_get_child_value (alert->reasons, i);
      g_autofree char *sentence = koban_phrase_reason (reason);

      put (html, "<li>%s</li>\n", sentence);
    }
  g_string_append (html, count > 0 ? "</ul>\n" : "");
}

static void
append_command (GString *html, const char *what, const char *command, const char *id)
{
  put (html, "<li>%s <code>%s %s</code></li>\n", what, command, id);
}

static void
append_link_commands (GString *html, const KobanAlert *alert)
{
  for (gsize i = 0; alert->refs[i] != NULL; i++)
    if (alert->refs[i][0] == 'l')
      append_command (html, _("To end the link, or to see how that is done:"), "koban revoke",
                      alert->refs[i]);
}

static void
append_commands (GString *html, const KobanPageFacts *facts)
{
  put (html, "<h2>%s</h2>\n<ul>\n", _("In a terminal"));
  append_command (html, _("All that is known:"), "koban show", facts->incident);
  for (guint i = 0; i < facts->alerts->len; i++)
    append_link_commands (html, facts->alerts->pdata[i]);
  put (html, "<li>%s <code>koban answer %s not-mine</code></li>\n", _("If it was not you:"),
       facts->incident);
  put (html, "<li>%s <code>koban answer %s mine</code></li>\n", _("If it was you:"), facts->incident);
  g_string_append (html, "</ul>\n");
}

/* The last words of a full notification are what to do; here they stand first. */
static void
append_what_to_do (GString *html, const KobanPageFacts *facts)
{
  g_autofree char *todo = koban_phrase_body_for (facts->alerts, KOBAN_DETAIL_MINIMAL, NULL, facts->ownership);

  put (html, "<p class=\"first\">%s</p>\n", todo);
}

char *
koban_page_render (const KobanPageFacts *facts)
{
  GString *html = g_string_new (NULL);
  g_autofree char *summary = koban_phrase_summary (facts->alerts, KOBAN_DETAIL_FULL, facts->incident);

  append_head (html, summary);
  put (html, "<h1>%s</h1>\n", summary);
  append_what_to_do (html, facts);
  if (facts->account_name != NULL)
    {
      g_autofree char *account = koban_text_quote (facts->account_name);
      put (html, "<p>%s %s</p>\n", _("Account:"), account);
    }
  for (guint i = 0; i < facts->alerts->len; i++)
    append_alert (html, facts->alerts->pdata[i]);
  append_commands (html, facts);
  put (html, "<footer><p>%s</p></footer>\n</body>\n</html>\n",
       _("This page was made by Koban on this computer, and is deleted when the matter is closed. It holds "
          "no link: "
          "whoever sends you one in Koban's name is not Koban."));
  return g_string_free (html, FALSE);
}
