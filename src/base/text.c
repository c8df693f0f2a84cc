/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Foreign text. Folding answers whether two spellings are the same and is never shown; clean, quote
 * and mask are what may be shown, and nothing that they let through can move a cursor, turn a line
 * around, hide, or send a person to a telephone number.
 */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include <koban/text.h>

#define ELLIPSIS "…"
#define REPLACEMENT 0xfffd
#define MAX_MARKS 4      /* combining marks on one letter; no living script needs more */
#define MAX_QUOTE 32     /* characters of a foreign name in our own sentence */
#define MIN_NUMBER 5     /* digits that may be a telephone or account number */
#define MAX_NUMBER_GAP 3 /* signs between two digits of one number: ") -" */

typedef struct
{
  gunichar first, last;
} Range;

static gboolean
in_ranges (gunichar c, const Range *ranges, gsize n_ranges)
{
  for (gsize i = 0; i < n_ranges; i++)
    if (c >= ranges[i].first && c <= ranges[i].last)
      return TRUE;
  return FALSE;
}

/* Letters and marks that draw nothing, beside the control and format characters. */
static gboolean
is_invisible (gunichar c)
{
  static const Range ranges[] = {
    { 0x034f, 0x034f },   /* combining grapheme joiner */
    { 0x115f, 0x1160 },   /* Hangul fillers */
    { 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
    { 0x180b, 0x180f },   /* Mongolian selectors */
    { 0x2800, 0x2800 },   /* blank Braille pattern */
    { 0x3164, 0x3164 },   /* Hangul filler */
    { 0xfe00, 0xfe0f },   /* variation selectors */
    { 0xffa0, 0xffa0 },   /* half-width Hangul filler */
    { 0xe0100, 0xe01ef }, /* variation selectors supplement */
  };

  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
      return TRUE;
    default:
      return in_ranges (c, ranges, G_N_ELEMENTS (ranges));
    }
}

/* Blanks of every width, and the control characters that stand for one: tab, line ends, NEL. */
static gboolean
is_blank (gunichar c)
{
  return g_unichar_isspace (c) || c == 0x0b || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static gboolean
is_mark (gunichar c)
{
  return g_unichar_ismark (c);
}

/* Hyphens, minus signs, long-vowel signs and what is typed instead of them. */
static gboolean
is_dash (gunichar c)
{
  return g_unichar_type (c) == G_UNICODE_DASH_PUNCTUATION || c == 0x30fc || c == 0x2212 || c == 0x2500 ||
         c == '~';
}

static gboolean
is_apostrophe (gunichar c)
{
  return c == '\'' || c == '`' || c == 0x2018 || c == 0x2019 || c == 0x02bc || c == 0x00b4;
}

static gboolean
is_kana (gunichar c)
{
  return c >= 0x3041 && c <= 0x30ff;
}

/* Zengin data has no small kana: ｷｬ is sent as ｷﾔ. */
static gunichar
enlarge_kana (gunichar c)
{
  static const struct
  {
    gunichar small, large;
  } pairs[] = {
    { 0x30a1, 0x30a2 }, { 0x30a3, 0x30a4 }, { 0x30a5, 0x30a6 }, { 0x30a7, 0x30a8 }, { 0x30a9, 0x30aa },
    { 0x30c3, 0x30c4 }, { 0x30e3, 0x30e4 }, { 0x30e5, 0x30e6 }, { 0x30e7, 0x30e8 }, { 0x30ee, 0x30ef },
    { 0x30f5, 0x30ab }, { 0x30f6, 0x30b1 }, { 0x3041, 0x3042 }, { 0x3043, 0x3044 }, { 0x3045, 0x3046 },
    { 0x3047, 0x3048 }, { 0x3049, 0x304a }, { 0x3063, 0x3064 }, { 0x3083, 0x3084 }, { 0x3085, 0x3086 },
    { 0x3087, 0x3088 }, { 0x308e, 0x308f }, { 0x3095, 0x304b }, { 0x3096, 0x3051 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (pairs[i].small == c)
      return pairs[i].large;
  return c;
}

/* Compatibility composition, caseless, composed again. Unlike g_utf8_strup() it does not ask the locale: the
 * Turkish i must not split a habit in two. */
static char *
normalize_caseless (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *composed = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *caseless = g_utf8_casefold (composed, -1);

  return g_utf8_normalize (caseless, -1, G_NORMALIZE_ALL_COMPOSE);
}

typedef enum
{
  FOLD_KEEP,  /* letters, digits, marks, pictures */
  FOLD_DROP,  /* joins its neighbours: T-MOBILE is TMOBILE, MCDONALD'S is MCDONALDS */
  FOLD_BLANK, /* parts them: blanks and all other signs ("SQ *CAFE", "AMAZON.COM/BILL") */
} FoldClass;

static FoldClass
fold_class (gunichar c)
{
  if (is_dash (c) || is_apostrophe (c))
    return FOLD_DROP;
  if (is_blank (c))
    return FOLD_BLANK;
  if (is_invisible (c))
    return FOLD_DROP;
  if (g_unichar_isalnum (c) || is_mark (c) || c == REPLACEMENT ||
      g_unichar_type (c) == G_UNICODE_OTHER_SYMBOL || g_unichar_type (c) == G_UNICODE_OTHER_NUMBER)
    return FOLD_KEEP;
  return FOLD_BLANK;
}

static char *
fold_any (const char *text)
{
  g_autofree char *caseless = normalize_caseless (text);
  GString *folded = g_string_sized_new (strlen (caseless));
  gunichar last = 0;
  gboolean parted = FALSE;

  for (const char *at = caseless; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = enlarge_kana (g_unichar_toupper (g_utf8_get_char (at)));
      FoldClass class = fold_class (c);

      parted = parted || class == FOLD_BLANK;
      if (class != FOLD_KEEP)
        continue;
      /* Banks part kana where the field is full, so a blank between two of them says nothing. */
      if (parted && last != 0 && !(is_kana (last) && is_kana (c)))
        g_string_append_c (folded, ' ');
      g_string_append_unichar (folded, c);
      last = c;
      parted = FALSE;
    }
  /* What was dropped may have stood between a letter and its mark. */
  g_autofree char *loose = g_string_free (folded, FALSE);
  return g_utf8_normalize (loose, -1, G_NORMALIZE_ALL_COMPOSE);
}

/* The same classes of the 128 signs that most statements are written in. */
static FoldClass
fold_class_ascii (char c)
{
  if (g_ascii_isalnum (c))
    return FOLD_KEEP;
  if (c == '-' || c == '~' || c == '\'' || c == '`')
    return FOLD_DROP;
  return g_ascii_iscntrl (c) && !g_ascii_isspace (c) && c != '\v' ? FOLD_DROP : FOLD_BLANK;
}

/* NULL if @text holds any other sign. */
static char *
fold_ascii (const char *text)
{
  char *folded = g_malloc (strlen (text) + 1);
  gsize length = 0;
  gboolean parted = FALSE;

  for (const char *at = text; *at != '\0'; at++)
    {
      if ((*at & 0x80) != 0)
        {
          g_free (folded);
          return NULL;
        }
      FoldClass class = fold_class_ascii (*at);
      parted = parted || class == FOLD_BLANK;
      if (class != FOLD_KEEP)
        continue;
      if (parted && length > 0)
        folded[length++] = ' ';
      folded[length++] = g_ascii_toupper (*at);
      parted = FALSE;
    }
  folded[length] = '\0';
  return folded;
}

char *
koban_text_fold (const char *text)
{
  char *quick = fold_ascii (text != NULL ? text : "");

  return quick != NULL ? quick : fold_any (text);
}

/* At most @max characters, the last of them "…" if there were more. */
static void
cut (GString *text, guint max)
{
  if (max == 0 || g_utf8_strlen (text->str, (gssize) text->len) <= (glong) max)
    return;
  g_string_truncate (text, (gsize) (g_utf8_offset_to_pointer (text->str, (glong) max - 1) - text->str));
  while (text->len > 0 && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
  g_string_append (text, ELLIPSIS);
}

static GString *
clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *shown = g_string_sized_new (strlen (valid));
  guint marks = MAX_MARKS; /* on the last letter; a mark without one is dropped */
  gboolean parted = FALSE;

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (is_blank (c))
        {
          parted = TRUE;
          marks = MAX_MARKS;
        }
      if (is_blank (c) || is_invisible (c) || (is_mark (c) && marks++ >= MAX_MARKS))
        continue;
      if (parted && shown->len > 0)
        g_string_append_c (shown, ' ');
      parted = FALSE;
      g_string_append_unichar (shown, c);
      if (!is_mark (c))
        marks = 0;
    }
  return shown;
}

char *
koban_text_clean (const char *text, guint max)
{
  GString *shown = clean (text);

  cut (shown, max);
  return g_string_free (shown, FALSE);
}

/* A digit in any script, circled or superscript too, and the numerals with which Japanese spells numbers out.
 */
static gboolean
is_digit (gunichar c)
{
  static const gunichar kanji[] = { 0x3007, 0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                    0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d };

  if (g_unichar_isdigit (c) || g_unichar_type (c) == G_UNICODE_OTHER_NUMBER)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (kanji); i++)
    if (kanji[i] == c)
      return TRUE;
  return FALSE;
}

/* The end of the number that begins at @at; a number goes on over a few signs and blanks. */
static const char *
number_end (const char *at, guint *n_digits)
{
  const char *end = at;
  guint gap = 0;

  *n_digits = 0;
  for (; *at != '\0' && gap <= MAX_NUMBER_GAP; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (is_digit (c))
        {
          (*n_digits)++;
          gap = 0;
          end = g_utf8_next_char (at);
        }
      else if (g_unichar_isalpha (c))
        break;
      else
        gap++;
    }
  return end;
}

static char *
hide_numbers (const char *text)
{
  GString *shown = g_string_new (NULL);

  while (*text != '\0')
    {
      const char *next = g_utf8_next_char (text);
      guint n_digits = 0;

      if (is_digit (g_utf8_get_char (text)))
        next = number_end (text, &n_digits);
      if (n_digits >= MIN_NUMBER)
        g_string_append (shown, ELLIPSIS);
      else
        g_string_append_len (shown, text, next - text);
      text = next;
    }
  return g_string_free (shown, FALSE);
}

/* A dot inside a name ("evil.com", also full width): letters on its right, a letter or digit on its left. */
static gboolean
has_domain (const char *word)
{
  gunichar before = 0;

  for (const char *at = word; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      const char *label = g_utf8_next_char (at);
      gunichar first = g_utf8_get_char (label);

      if (c == '.' && (before == 0 || g_unichar_isalnum (before)) && first != 0 &&
          g_unichar_isalpha (first) && g_unichar_isalpha (g_utf8_get_char (g_utf8_next_char (label))))
        return TRUE;
      before = c;
    }
  return FALSE;
}

static gboolean
is_lure (const char *word)
{
  g_autofree char *caseless = normalize_caseless (word);

  return strchr (caseless, '@') != NULL || strstr (caseless, "://") != NULL ||
         strstr (caseless, "www.") != NULL || has_domain (caseless);
}

static GString *
hide_lures (const char *text)
{
  g_auto(GStrv) words = g_strsplit (text, " ", -1);
  GString *shown = g_string_new (NULL);

  for (char **word = words; *word != NULL; word++)
    {
      if (word != words)
        g_string_append_c (shown, ' ');
      g_string_append (shown, is_lure (*word) ? ELLIPSIS : *word);
    }
  return shown;
}

/* A name must not end our quotation marks and go on in our voice. */
static void
flatten_quotes (GString *text)
{
  static const char *const marks[] = { "“", "”",  "„",  "‟",  "«",  "»",  "‹",
                                       "›", "「", "」", "『", "』", "\"", "＂" };

  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    g_string_replace (text, marks[i], "'", 0);
}

char *
koban_text_quote (const char *name)
{
  GString *cleaned = clean (name);
  g_autofree char *hidden = hide_numbers (cleaned->str);
  GString *shown = hide_lures (hidden);
  g_autofree char *quoted = NULL;

  flatten_quotes (shown);
  cut (shown, MAX_QUOTE);
  /* TRANSLATORS: a foreign name inside our sentence; use the quotation marks of your language. */
  quoted = g_strdup_printf (_("“\342\201\250%s\342\201\251”"), shown->str);
  g_string_free (shown, TRUE);
  g_string_free (cleaned, TRUE);
  return g_steal_pointer (&quoted);
}

char *
koban_text_mask_number (const char *number)
{
  GString *shown = clean (number);
  glong length = g_utf8_strlen (shown->str, (gssize) shown->len);
  char *masked = length <= 4
                   ? g_strdup (ELLIPSIS)
                   : g_strconcat (ELLIPSIS, g_utf8_offset_to_pointer (shown->str, length - 4), NULL);

  g_string_free (shown, TRUE);
  return masked;
}

char *
koban_text_escape_markup (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  return g_markup_escape_text (valid, -1);
}

guint64
koban_text_hash (const char *folded)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (const guchar *at = (const guchar *) folded; *at != '\0'; at++)
    hash = (hash ^ *at) * G_GUINT64_CONSTANT (1099511628211);
  return hash;
}
