/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A mail as it is composed: exactly our headers whatever the texts hold, lines that every server takes, the
 * same id for the same mail.
 */
#include "config.h"

#include <koban/date.h>
#include <koban/error.h>
#include <koban/mail.h>
#include <string.h>

static const KobanMail plain = {
  .server = "smtps://mail.example",
  .from = "koban@example.org",
  .to = "me@example.org",
  .subject = "Koban: look at your account (K-7F3A-9Q2M)",
  .body = "Nothing more is said here.\nOn two lines.",
  .id = "abc",
  .thread = "def",
  .at_us = 1769860800 * KOBAN_SECOND_US,
};

static void
test_plain (void)
{
  g_autofree char *mail = koban_mail_compose (&plain);

  g_assert_cmpstr (mail, ==,
                   "Date: Sat, 31 Jan 2026 12:00:00 +0000\r\n"
                   "From: Koban <koban@example.org>\r\n"
                   "To: <me@example.org>\r\n"
                   "Subject: Koban: look at your account (K-7F3A-9Q2M)\r\n"
                   "Message-ID: <koban.abc@example.org>\r\n"
                   "In-Reply-To: <koban.thread.def@example.org>\r\n"
                   "References: <koban.thread.def@example.org>\r\n"
                   "Auto-Submitted: auto-generated\r\n"
                   "X-Auto-Response-Suppress: All\r\n"
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: text/plain; charset=us-ascii\r\n"
                   "Content-Transfer-Encoding: 7bit\r\n"
                   "\r\n"
                   "Nothing more is said here.\r\n"
                   "On two lines.\r\n");
}

/* Every line ends with CRLF, is short enough, and is ASCII; the head has as many headers as the plain mail
 * has. */
static void
assert_sound (const char *mail)
{
  g_auto(GStrv) lines = g_strsplit (mail, "\r\n", -1);
  gboolean in_head = TRUE;
  guint n_headers = 0;

  for (char **line = lines; *line != NULL; line++)
    {
      in_head = in_head && **line != '\0';
      n_headers += in_head && **line != ' ';
      g_assert_cmpuint (strlen (*line), <, 998);
      g_assert_true (g_str_is_ascii (*line));
      g_assert_null (strpbrk (*line, "\r\n"));
    }
  g_assert_cmpuint (n_headers, ==, 12);
}

static void
test_hostile_texts (void)
{
  static const char *const texts[] = {
    "\r\nBcc: thief@example.org\r\n\r\n<script>",
    "口座を確認してください。ドコモ口座に接続されました。口座を確認してください。",
    "\u202egnp.exe\u2066 \001",
    "=?UTF-8?B?YQ==?=",
    ".\r\n.\r\nQUIT\r\n",
    "\xff\xfe broken",
    "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    "",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      KobanMail hostile = plain;
      hostile.subject = texts[i];
      hostile.body = texts[i];
      g_autofree char *mail = koban_mail_compose (&hostile);

      assert_sound (mail);
      g_assert_null (strstr (mail, "\nBcc:"));
    }
}

static void
test_long_texts (void)
{
  g_autofree char *ascii = g_strnfill (10000, 'x');
  g_autoptr(GString) japanese = g_string_new (NULL);
  KobanMail mail = plain;

  for (guint i = 0; i < 3000; i++)
    g_string_append (japanese, "口");
  const char *texts[] = { ascii, japanese->str };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      mail.subject = mail.body = texts[i];
      g_autofree char *made = koban_mail_compose (&mail);
      assert_sound (made);
    }
}

static void
test_addresses (void)
{
  static const struct
  {
    const char *address;
    gboolean good;
  } rows[] = {
    { "me@example.org", TRUE },
    { "a.b+koban@mail.example.org", TRUE },
    { "", FALSE },
    { "me", FALSE },
    { "@example.org", FALSE },
    { "me@", FALSE },
    { "me@a@b", FALSE },
    { "me <me@example.org>", FALSE },
    { "me@example.org\r\nDATA", FALSE },
    { "a@b,c@d", FALSE },
    { "\"a b\"@example.org", FALSE },
    { "mé@example.org", FALSE },
  };
  static const struct
  {
    const char *server;
    gboolean good;
  } servers[] = {
    { "smtps://mail.example", TRUE },
    { "smtp://mail.example:587", TRUE },
    { "smtps://[::1]:465", TRUE },
    { "https://mail.example", FALSE },
    { "mail.example", FALSE },
    { "smtps://", FALSE },
    { "smtps://me:pw@mail.example", FALSE },
    { "smtps://mail.example/evil", FALSE },
    { "smtps://mail.example?a=b", FALSE },
    { "smtps://mail.example#x", FALSE },
    { "smtps://mail.example\r\nx", FALSE },
    { "file:///etc/passwd", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (koban_mail_check_address (rows[i].address, NULL), ==, rows[i].good);
  for (gsize i = 0; i < G_N_ELEMENTS (servers); i++)
    g_assert_cmpint (koban_mail_check_server (servers[i].server, NULL), ==, servers[i].good);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mail/plain", test_plain);
  g_test_add_func ("/mail/hostile-texts", test_hostile_texts);
  g_test_add_func ("/mail/long-texts", test_long_texts);
  g_test_add_func ("/mail/addresses", test_addresses);
  return g_test_run ();
}
