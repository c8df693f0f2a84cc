/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A strict RFC 8259 tokenizer: one pass over the bytes, one token a value, no recursion. It promises
 * that whatever passes is well-formed, bounded, free of duplicate names and valid UTF-8: a broken
 * character costs itself (U+FFFD), never the document. It never turns a number into a number.
 */
#include "config.h"

#include "wire/json-guard.h"
#include "wire/json-names.h"

#include <koban/error.h>
#include <koban/text.h>

#include <glib/gi18n-lib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

typedef struct
{
  guint32 token;         /* the open container */
  guint32 last;          /* its latest child, or 0 */
  KobanJsonNames *names; /* (owned) (nullable): kept for the next object of this depth */
} Frame;

typedef enum
{
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* after '[' */
  EXPECT_NAME,
  EXPECT_NAME_OR_END, /* after '{' */
  EXPECT_COMMA_OR_END,
  EXPECT_NOTHING, /* the document is complete */
} Expect;

typedef struct
{
  GString *text;    /* (owned): grows when something is decoded, so places in it are offsets */
  GArray *tokens;   /* (owned): room for them … */
  guint32 n_tokens; /* … and how many there are */
  gsize length;     /* of the source; text->str[length] is a NUL, which stops every scan */
  gsize at;         /* the next byte */
  gsize line_start; /* of the current line */
  guint32 line;
  guint32 name; /* of the value that comes next */
  guint depth;
  Expect expect;
  Frame stack[KOBAN_JSON_MAX_DEPTH];
} Guard;

static gboolean refuse (const Guard *self, gsize at, GError **error, const char *format, ...)
  G_GNUC_PRINTF (4, 5);

/* Columns count characters, as an editor does. */
static gboolean
refuse (const Guard *self, gsize at, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  guint column = 1;
  va_list arguments;

  for (gsize i = self->line_start; i < at; i++)
    column += ((guchar) self->text->str[i] & 0xc0) != 0x80;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("line %u, column %u: %s"), self->line, column,
               what);
  return FALSE;
}

static gboolean
refuse_unexpected (const Guard *self, const char *expected, GError **error)
{
  guchar c = self->text->str[self->at];

  if (self->at >= self->length)
    return refuse (self, self->at, error, _("%s was expected, but the text ends here"), expected);
  if (g_ascii_isgraph (c))
    return refuse (self, self->at, error, _("%s was expected, but “%c” was found"), expected, c);

  return refuse (self, self->at, error, _("%s was expected, but byte 0x%02X was found"), expected, c);
}

static void
skip_blanks (Guard *self)
{
  const char *s = self->text->str;
  gsize at = self->at;

  for (;; at++)
    {
      if (s[at] == '\n')
        {
          self->line++;
          self->line_start = at + 1;
        }
      else if (s[at] != ' ' && s[at] != '\r' && s[at] != '\t')
        break;
    }
  self->at = at;
}

/* Bytes of the well-formed character at @s (RFC 3629), or 0. The NUL behind the source stops it. */
static guint
utf8_length (const guchar *s)
{
  static const struct
  {
    guchar first, last; /* lead bytes */
    guchar second_min, second_max;
    guint length;
  } forms[] = {
    { 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
    { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
    { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      if (s[0] < forms[i].first || s[0] > forms[i].last)
        continue;
      if (forms[i].length == 1)
        return 1;
      if (s[1] < forms[i].second_min || s[1] > forms[i].second_max)
        return 0;
      for (guint k = 2; k < forms[i].length; k++)
        if ((s[k] & 0xc0) != 0x80)
          return 0;
      return forms[i].length;
    }
  return 0;
}

/* Four hexadecimal digits at @at, or -1. */
static gint32
hex4 (const Guard *self, gsize at)
{
  gint32 value = 0;

  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (self->text->str[at + i]);

      if (digit < 0)
        return -1;
      value = value << 4 | digit;
    }
  return value;
}

/* After "\u" at self->at: a character, a pair of surrogates, or what stands for half a pair or a NUL. */
static gboolean
decode_unicode (Guard *self, GError **error)
{
  const char *s = self->text->str;
  gint32 high = hex4 (self, self->at);
  gint32 low;

  if (high < 0)
    return refuse (self, self->at, error, _("four hexadecimal digits were expected after “\\u”"));
  self->at += 4;

  if (high >= 0xd800 && high < 0xdc00 && s[self->at] == '\\' && s[self->at + 1] == 'u')
    {
      low = hex4 (self, self->at + 2);
      if (low >= 0xdc00 && low < 0xe000)
        {
          self->at += 6;
          high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        }
    }

  if (high == 0 || (high >= 0xd800 && high < 0xe000))
    high = 0xfffd;
  g_string_append_unichar (self->text, (gunichar) high);
  return TRUE;
}

static gboolean
decode_escape (Guard *self, GError **error)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = self->text->str[self->at];
  const char *found = c != '\0' ? strchr (from, c) : NULL;

  if (c != 'u' && found == NULL)
    return refuse_unexpected (self, _("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"), error);

  self->at++;
  if (c == 'u')
    return decode_unicode (self, error);

  g_string_append_c (self->text, to[found - from]);
  return TRUE;
}

/* A string that is not its own source: from self->at, the first byte after the quote, to its end. */
static gboolean
decode_string (Guard *self, GError **error)
{
  for (;;)
    {
      guchar c = self->text->str[self->at];
      guint length = utf8_length ((const guchar *) self->text->str + self->at);

      if (c == '"')
        return TRUE;
      if (c < 0x20)
        return refuse_unexpected (self, _("the end of the string or an escape"), error);

      if (c == '\\')
        {
          self->at++;
          if (!decode_escape (self, error))
            return FALSE;
          continue;
        }

      if (length == 0)
        g_string_append (self->text, REPLACEMENT);
      for (guint i = 0; i < length; i++)
        g_string_append_c (self->text, self->text->str[self->at + i]);
      self->at += MAX (length, 1);
    }
}

/* Of one byte, and neither a quote, a backslash nor a control character. */
static const guint8 is_plain[256] = { [0x20 ... '!'] = 1, ['#' ... '['] = 1, [']' ... 0x7f] = 1 };

/* Stops at the first byte that a plain string does not simply contain. */
static gsize
plain_end (const char *s, gsize at)
{
  for (;;)
    {
      guint length;

      while (is_plain[(guchar) s[at]])
        at++;
      length = (guchar) s[at] >= 0x80 ? utf8_length ((const guchar *) s + at) : 0;
      if (length == 0)
        return at;
      at += length;
    }
}

/* At the opening quote. Most strings stay where they are; the others are decoded behind the source. */
static gboolean
take_string (Guard *self, guint32 *text, guint32 *size, GError **error)
{
  gsize start = self->at + 1;
  gsize end = plain_end (self->text->str, start);
  gsize decoded = self->text->len;

  if (self->text->str[end] == '"')
    {
      self->text->str[end] = '\0';
      self->at = end + 1;
      *text = (guint32) start;
      *size = (guint32) (end - start);
      return TRUE;
    }

  self->at = start;
  if (!decode_string (self, error))
    return FALSE;

  self->at++;
  *text = (guint32) decoded;
  *size = (guint32) (self->text->len - decoded);
  g_string_append_c (self->text, '\0');
  return TRUE;
}

static gsize
digits_end (const char *s, gsize at)
{
  while (g_ascii_isdigit (s[at]))
    at++;
  return at;
}

/* number = [ "-" ] int [ frac ] [ exp ]. Where it ends, or 0 if it is not one. */
static gsize
number_end (const char *s, gsize at)
{
  gsize start = at += s[at] == '-';

  at = digits_end (s, at);
  if (at == start || (s[start] == '0' && at > start + 1))
    return 0;

  if (s[at] == '.')
    {
      if (!g_ascii_isdigit (s[at + 1]))
        return 0;
      at = digits_end (s, at + 1);
    }

  if (s[at] == 'e' || s[at] == 'E')
    {
      at += s[at + 1] == '+' || s[at + 1] == '-' ? 2 : 1;
      if (!g_ascii_isdigit (s[at]))
        return 0;
      at = digits_end (s, at);
    }

  return at;
}

static KobanJsonToken *
token_at (Guard *self, guint32 index)
{
  return &g_array_index (self->tokens, KobanJsonToken, index);
}

/* Puts a value on the tape and hangs it on its container. */
static gboolean
add_token (Guard *self, KobanJsonType type, guint32 text, guint32 size, guint32 line, GError **error)
{
  guint32 index = self->n_tokens;

  if (index >= KOBAN_JSON_MAX_TOKENS)
    return refuse (self, self->at, error, _("there are more than %d values"), KOBAN_JSON_MAX_TOKENS);

  if (index == self->tokens->len)
    g_array_set_size (self->tokens, MAX (2 * index, 64));
  *token_at (self, index) = (KobanJsonToken){ type, line, text, size, 0, self->name };
  self->n_tokens++;
  self->name = KOBAN_JSON_NO_NAME;
  self->expect = self->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
  if (self->depth > 0)
    {
      Frame *frame = &self->stack[self->depth - 1];

      token_at (self, frame->token)->size++;
      if (frame->last != 0)
        token_at (self, frame->last)->next = index;
      frame->last = index;
    }
  return TRUE;
}

static gboolean
open_container (Guard *self, KobanJsonType type, GError **error)
{
  guint32 index = self->n_tokens;

  if (self->depth == KOBAN_JSON_MAX_DEPTH)
    return refuse (self, self->at, error, _("it is nested deeper than %d levels"), KOBAN_JSON_MAX_DEPTH);
  if (!add_token (self, type, 0, 0, self->line, error))
    return FALSE;

  self->at++;
  self->stack[self->depth].token = index;
  self->stack[self->depth].last = 0;
  self->depth++;
  self->expect = type == KOBAN_JSON_OBJECT ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
  return TRUE;
}

static void
close_container (Guard *self)
{
  Frame *frame = &self->stack[--self->depth];

  if (frame->names != NULL)
    koban_json_names_clear (frame->names);
  self->at++;
  self->expect = self->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static gboolean
take_literal (Guard *self, const char *word, KobanJsonType type, GError **error)
{
  gsize length = strlen (word);

  if (strncmp (self->text->str + self->at, word, length) != 0)
    return refuse_unexpected (self, _("a value"), error);

  self->at += length;
  return add_token (self, type, 0, 0, self->line, error);
}

static gboolean
take_number (Guard *self, GError **error)
{
  gsize start = self->at;
  gsize end = number_end (self->text->str, start);

  if (end == 0)
    return refuse (self, start, error, _("this is not a number as JSON writes it"));

  self->at = end;
  return add_token (self, KOBAN_JSON_NUMBER, (guint32) start, (guint32) (end - start), self->line, error);
}

static gboolean
take_value (Guard *self, GError **error)
{
  guint32 text, size;

  switch (self->text->str[self->at])
    {
    case '"':
      return take_string (self, &text, &size, error) &&
             add_token (self, KOBAN_JSON_STRING, text, size, self->line, error);
    case '{':
      return open_container (self, KOBAN_JSON_OBJECT, error);
    case '[':
      return open_container (self, KOBAN_JSON_ARRAY, error);
    case 't':
      return take_literal (self, "true", KOBAN_JSON_TRUE, error);
    case 'f':
      return take_literal (self, "false", KOBAN_JSON_FALSE, error);
    case 'n':
      return take_literal (self, "null", KOBAN_JSON_NULL, error);
    case '-':
    case '0' ... '9':
      return take_number (self, error);
    default:
      return refuse_unexpected (self, _("a value"), error);
    }
}

static gboolean
take_value_or_end (Guard *self, GError **error)
{
  if (self->text->str[self->at] != ']')
    return take_value (self, error);

  close_container (self);
  return TRUE;
}

static gboolean
refuse_duplicate (const Guard *self, gsize at, GError **error)
{
  g_autofree char *name = koban_text_clean (self->text->str + self->name, 64);

  return refuse (self, at, error, _("the name “%s” is used twice in one object"), name);
}

static gboolean
take_name (Guard *self, GError **error)
{
  Frame *frame = &self->stack[self->depth - 1];
  gsize start = self->at;
  guint32 size;

  if (self->text->str[start] != '"')
    return refuse_unexpected (self, _("a name in quotation marks"), error);
  if (!take_string (self, &self->name, &size, error))
    return FALSE;

  if (frame->names == NULL)
    frame->names = koban_json_names_new ();
  if (!koban_json_names_add (frame->names, self->text->str, self->name, size))
    return refuse_duplicate (self, start, error);

  skip_blanks (self);
  if (self->text->str[self->at] != ':')
    return refuse_unexpected (self, _("“:”"), error);

  self->at++;
  self->expect = EXPECT_VALUE;
  return TRUE;
}

static gboolean
take_name_or_end (Guard *self, GError **error)
{
  if (self->text->str[self->at] != '}')
    return take_name (self, error);

  close_container (self);
  return TRUE;
}

static gboolean
take_comma_or_end (Guard *self, GError **error)
{
  gboolean is_object = token_at (self, self->stack[self->depth - 1].token)->type == KOBAN_JSON_OBJECT;
  char c = self->text->str[self->at];

  if (c == ',')
    {
      self->at++;
      self->expect = is_object ? EXPECT_NAME : EXPECT_VALUE;
      return TRUE;
    }
  if (c != (is_object ? '}' : ']'))
    return refuse_unexpected (self, is_object ? _("“,” or “}”") : _("“,” or “]”"), error);

  close_container (self);
  return TRUE;
}

static gboolean
take_document (Guard *self, GError **error)
{
  static gboolean (*const steps[]) (Guard * self, GError * *error) = {
    [EXPECT_VALUE] = take_value,
    [EXPECT_VALUE_OR_END] = take_value_or_end,
    [EXPECT_NAME] = take_name,
    [EXPECT_NAME_OR_END] = take_name_or_end,
    [EXPECT_COMMA_OR_END] = take_comma_or_end,
  };

  do
    {
      skip_blanks (self);
      if (!steps[self->expect](self, error))
        return FALSE;
    }
  while (self->expect != EXPECT_NOTHING);

  skip_blanks (self);
  return self->at == self->length ? TRUE : refuse_unexpected (self, _("nothing more"), error);
}

/* What is not UTF-8 JSON from its first bytes on, each with its own sentence. */
static gboolean
check_opening (const Guard *self, GError **error)
{
  const guchar *s = (const guchar *) self->text->str;

  if (self->length >= 3 && memcmp (s, "\xef\xbb\xbf", 3) == 0)
    return refuse (self, 0, error, _("it begins with a byte order mark, which JSON forbids"));
  if (self->length >= 2 &&
      ((s[0] == 0xfe && s[1] == 0xff) || (s[0] == 0xff && s[1] == 0xfe) || s[0] == 0 || s[1] == 0))
    return refuse (self, 0, error, _("it is written in UTF-16 or UTF-32; JSON is written in UTF-8"));
  if (strspn (self->text->str, " \t\r\n") == self->length)
    return refuse (self, 0, error, _("it is empty"));

  return TRUE;
}

/* The byte behind a number may be the line end that places are counted from, so this comes last. */
static void
terminate_numbers (Guard *self)
{
  for (guint32 i = 0; i < self->n_tokens; i++)
    {
      const KobanJsonToken *token = token_at (self, i);

      if (token->type == KOBAN_JSON_NUMBER)
        self->text->str[token->text + token->size] = '\0';
    }
}

static void
guard_clear (Guard *self)
{
  for (guint i = 0; i < KOBAN_JSON_MAX_DEPTH; i++)
    koban_json_names_free (self->stack[i].names);
  g_clear_pointer (&self->tokens, g_array_unref);
  if (self->text != NULL)
    g_string_free (g_steal_pointer (&self->text), TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Guard, guard_clear)

gboolean
koban_json_guard (const char *data, gsize length, KobanJsonTape *tape, GError **error)
{
  g_auto(Guard) self = { .line = 1, .length = length, .name = KOBAN_JSON_NO_NAME };

  if (length > KOBAN_JSON_MAX_BYTES)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("line 1, column 1: it is longer than %d bytes"), KOBAN_JSON_MAX_BYTES);
      return FALSE;
    }

  self.text = g_string_sized_new (length + 1);
  g_string_append_len (self.text, data, (gssize) length);
  g_string_append_c (self.text, '\0');
  self.tokens = g_array_new (FALSE, FALSE, sizeof (KobanJsonToken));

  if (!check_opening (&self, error) || !take_document (&self, error))
    return FALSE;

  terminate_numbers (&self);
  g_array_set_size (self.tokens, self.n_tokens);
  tape->text = g_steal_pointer (&self.text);
  tape->tokens = g_steal_pointer (&self.tokens);
  return TRUE;
}

void
koban_json_tape_clear (KobanJsonTape *tape)
{
  g_clear_pointer (&tape->tokens, g_array_unref);
  if (tape->text == NULL)
    return;
  explicit_bzero (tape->text->str, tape->text->len); /* it may hold what a sign-in gave */
  g_string_free (g_steal_pointer (&tape->text), TRUE);
}
