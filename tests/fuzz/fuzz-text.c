/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a bank's words: whatever way they leave, they are one line of plain text that neither turns,
 * nor commands, nor lures; and what was cleaned once has nothing more to clean.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include <koban/text.h>

#define MOST 24
#define QUOTED 32
#define RUN 5

static void
check_plain (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      g_assert_false (g_unichar_iscntrl (c));
      g_assert_true (g_unichar_type (c) != G_UNICODE_FORMAT || (c >= 0x2066 && c <= 0x2069));
    }
}

/* Of what the person is to read, not of the isolates around it. */
static void
check_lures (const char *quoted)
{
  guint digits = 0;

  for (const char *at = quoted; *at != '\0'; at = g_utf8_next_char (at))
    {
      digits = g_unichar_isdigit (g_utf8_get_char (at)) ? digits + 1 : 0;
      g_assert_cmpuint (digits, <, RUN);
    }
  g_assert_null (strstr (quoted, "://"));
}

static void
check_clean (const char *text)
{
  g_autofree char *whole = koban_text_clean (text, 0);
  g_autofree char *cut = koban_text_clean (text, MOST);
  g_autofree char *again = koban_text_clean (whole, 0);
  g_autofree char *markup = koban_text_escape_markup (whole);

  check_plain (whole);
  check_plain (cut);
  check_plain (markup);
  for (const char *at = whole; *at != '\0'; at = g_utf8_next_char (at))
    g_assert_cmpint (g_unichar_type (g_utf8_get_char (at)), !=, G_UNICODE_FORMAT);
  g_assert_cmpint (g_utf8_strlen (cut, -1), <=, MOST);
  g_assert_cmpstr (whole, ==, again);
  g_assert_null (strpbrk (markup, "<>\"'"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  g_autofree char *quoted = koban_text_quote (text);
  g_autofree char *fold = koban_text_fold (text);
  g_autofree char *refold = koban_text_fold (fold);
  g_autofree char *masked = koban_text_mask_number (text);

  check_clean (text);
  check_plain (quoted);
  check_lures (quoted);
  g_assert_cmpint (g_utf8_strlen (quoted, -1), <=, QUOTED + 4); /* two marks, two isolates */
  g_assert_true (g_utf8_validate (fold, -1, NULL));
  g_assert_cmpstr (fold, ==, refold);
  g_assert_true (koban_text_hash (fold) == koban_text_hash (refold));
  check_plain (masked);
  return 0;
}
