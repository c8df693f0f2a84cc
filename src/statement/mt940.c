/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SWIFT MT940 and MT942 as banks let people download it: fields ":61:" and what follows them until the
 * next. The text of :86: is taken apart where the bank gives it the German structure (?20 …), and left as
 * it is elsewhere.
 */
#include "config.h"

#include "statement/cell.h"
#include "statement/statement.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

typedef struct
{
  const KobanStatementOptions *options;
  GPtrArray *statements;   /* (unowned) */
  KobanStatement *current; /* (unowned) (nullable) */
  char *number;            /* (owned) (nullable): of the statement to come */
  char *pending_61;        /* (owned) (nullable): waits for its :86: */
  guint field;             /* 1 … */
} Mt940;

static void
mt940_clear (Mt940 *self)
{
  g_free (self->number);
  g_free (self->pending_61);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mt940, mt940_clear)

gboolean
koban_mt940_is (const char *data, gsize length)
{
  g_autofree char *start = g_strndup (data, MIN (length, 4096));

  return strstr (start, ":25:") != NULL &&
         (strstr (start, ":60F:") != NULL || strstr (start, ":60M:") != NULL ||
          strstr (start, ":34F:") != NULL);
}

static gboolean
bad_field (const Mt940 *self, const char *tag, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("field %u: :%s: cannot be read"), self->field,
               tag);
  return FALSE;
}

/* "240902": the century is ours, as SWIFT has it. */
static gboolean
take_date (const char **text, KobanDate *date)
{
  g_autofree char *day = g_strdup_printf ("20%.2s-%.2s-%.2s", *text, *text + MIN (strlen (*text), 2),
                                          *text + MIN (strlen (*text), 4));

  if (!koban_date_parse (day, date))
    return FALSE;
  *text += 6;
  return TRUE;
}

/* "1234,56" up to what is no digit. */
static gboolean
take_amount (const char **text, KobanCurrency currency, gint64 *minor)
{
  gsize length = strspn (*text, "0123456789,");
  g_autofree char *number = g_strndup (*text, length);

  if (length == 0 || !koban_cell_money (number, ',', currency, minor))
    return FALSE;
  *text += length;
  return TRUE;
}

/* --- balances: "C240902EUR1234,56" --------------------------------------------------------------- */

static gboolean
read_balance (const char *text, KobanCurrency *currency, KobanDate *date, gint64 *minor)
{
  gboolean debit = *text == 'D';

  if ((*text != 'C' && *text != 'D') || strlen (text) < 11)
    return FALSE;
  text++;
  if (!take_date (&text, date))
    return FALSE;
  g_autofree char *code = g_strndup (text, 3);
  text += 3;
  if (!koban_currency_parse (code, currency, NULL) || !take_amount (&text, *currency, minor))
    return FALSE;
  *minor = debit ? -*minor : *minor;
  return TRUE;
}

/* Pages of one account go on in the same statement. */
static KobanStatement *
find_statement (Mt940 *self, KobanCurrency currency)
{
  for (guint i = 0; i < self->statements->len; i++)
    {
      KobanStatement *known = self->statements->pdata[i];

      if (g_strcmp0 (known->number, self->number) == 0 && koban_currency_equal (known->currency, currency))
        return known;
    }
  return NULL;
}

static gboolean
read_opening (Mt940 *self, const char *tag, const char *text, GError **error)
{
  KobanCurrency currency;
  KobanDate date;
  gint64 opening;

  if (!read_balance (text, &currency, &date, &opening))
    return bad_field (self, tag, error);
  self->current = find_statement (self, currency);
  if (self->current != NULL)
    return TRUE;
  self->current = koban_statement_new (currency, self->number);
  self->current->has_opening = TRUE;
  self->current->opening = opening;
  g_ptr_array_add (self->statements, self->current);
  return TRUE;
}

static gboolean
read_closing (Mt940 *self, const char *tag, const char *text, GError **error)
{
  KobanCurrency currency;

  if (self->current == NULL || !read_balance (text, &currency, &self->current->to, &self->current->closing))
    return bad_field (self, tag, error);
  self->current->has_closing = TRUE;
  return TRUE;
}

/* --- :86: ----------------------------------------------------------------------------------------- */

typedef struct
{
  GString *text, *payee; /* (owned) */
  char *account;         /* (owned) (nullable) */
  char *mandate;         /* (owned) (nullable) */
} Details;

static void
details_clear (Details *details)
{
  g_string_free (details->text, TRUE);
  g_string_free (details->payee, TRUE);
  g_free (details->account);
  g_free (details->mandate);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Details, details_clear)

static void
take_part (Details *details, int code, const char *text)
{
  if ((code >= 20 && code <= 29) || (code >= 60 && code <= 63))
    g_string_append (details->text, text);
  else if (code == 32 || code == 33)
    g_string_append (details->payee, text);
  else if (code == 31 && details->account == NULL)
    details->account = g_strdup (text);
}

/* "MREF+M-17" and the like stand within the text, up to the next such mark. */
static void
find_mandate (Details *details)
{
  const char *mark = strstr (details->text->str, "MREF+");

  if (mark != NULL)
    details->mandate = g_strndup (mark + 5, MIN (strcspn (mark + 5, " +"), 35));
}

/* "166?00GUTSCHRIFT?20SVWZ+Miete?32ERIKA MUSTER": the sign after the three digits parts what follows. */
static void
read_details (const char *text, Details *details)
{
  if (strlen (text) < 6 || strspn (text, "0123456789") != 3 || g_ascii_isalnum (text[3]) ||
      !g_ascii_isdigit (text[4]) || !g_ascii_isdigit (text[5]))
    {
      g_string_append (details->text, text);
      return;
    }
  g_auto(GStrv) parts = g_strsplit (text + 4, (char[]){ text[3], '\0' }, 64);
  for (char **part = parts; *part != NULL; part++)
    if (g_ascii_isdigit ((*part)[0]) && g_ascii_isdigit ((*part)[1]))
      take_part (details, 10 * ((*part)[0] - '0') + (*part)[1] - '0', *part + 2);
  find_mandate (details);
}

/* --- :61: ----------------------------------------------------------------------------------------- */

/* "0902" is near the value date; at the turn of the year it may be of the other year. */
static void
take_entry_date (const char **text, KobanDate value, KobanDate *date)
{
  int year, month, day;
  KobanDate nearest = value;
  gint64 distance = G_MAXINT64;

  *date = value;
  if (strspn (*text, "0123456789") < 4)
    return;
  koban_date_to_civil (value, &year, &month, &day);
  for (int other = year - 1; other <= year + 1; other++)
    {
      g_autofree char *written = g_strdup_printf ("%04d-%.2s-%.2s", other, *text, *text + 2);
      KobanDate found;

      if (koban_date_parse (written, &found) && ABS ((gint64) found - value) < distance)
        distance = ABS ((gint64) found - value), nearest = found;
    }
  *date = nearest;
  *text += 4;
}

/* C and D, R before it takes one back: RC is a credit taken back, so money out. */
static gboolean
take_way (const char **text, gboolean *out)
{
  gboolean back = **text == 'R';

  *text += back ? 1 : 0;
  if (**text != 'C' && **text != 'D')
    return FALSE;
  *out = (**text == 'D') != back;
  *text += 1;
  *text += g_ascii_isalpha (**text) ? 1 : 0; /* third letter of the currency */
  return TRUE;
}

static gboolean
read_line (Mt940 *self, const char *text, KobanTransaction *line)
{
  KobanDate value;
  gboolean out;

  line->state = KOBAN_TRANSACTION_BOOKED;
  line->amount.currency = self->current->currency;
  if (!take_date (&text, &value))
    return FALSE;
  take_entry_date (&text, value, &line->date);
  if (!take_way (&text, &out) || !take_amount (&text, line->amount.currency, &line->amount.minor))
    return FALSE;
  line->amount.minor = out ? -line->amount.minor : line->amount.minor;
  line->type = strncmp (text, "NDDT", 4) == 0 ? KOBAN_TRANSACTION_DIRECT_DEBIT : KOBAN_TRANSACTION_OTHER;
  return TRUE;
}

/* The line that waits, with what :86: says of it, if there was one. */
static gboolean
flush_line (Mt940 *self, const char *said, GError **error)
{
  g_autofree char *waiting = g_steal_pointer (&self->pending_61);
  g_auto(Details) details = { g_string_new (NULL), g_string_new (NULL) };
  KobanTransaction line = { 0 };

  if (waiting == NULL)
    return TRUE;
  if (self->current == NULL || !read_line (self, waiting, &line))
    return bad_field (self, "61", error);
  const char *supplement = strchr (waiting, '\n');
  read_details (said != NULL ? said : supplement != NULL ? supplement + 1 : "", &details);
  line.text = details.text->len > 0 ? g_strstrip (details.text->str) : details.payee->str;
  line.payee = details.payee->len > 0 ? details.payee->str : NULL;
  line.counterparty_id = details.account;
  line.mandate_ref = details.mandate;
  return koban_statement_add (self->current, &line, error);
}

/* --- fields ------------------------------------------------------------------------------------------ */

static void
begin_account (Mt940 *self, const char *text)
{
  g_free (self->number);
  self->number = g_strndup (text, MIN (strcspn (text, "\n"), 64));
  self->current = NULL;
}

static gboolean
read_field (Mt940 *self, const char *tag, char *text, GError **error)
{
  self->field++;
  if (g_str_equal (tag, "86"))
    return flush_line (self, g_strdelimit (text, "\n", ' '), error);
  if (!flush_line (self, NULL, error))
    return FALSE;
  if (g_str_equal (tag, "25"))
    begin_account (self, text);
  else if (g_str_equal (tag, "61"))
    self->pending_61 = g_strdup (text);
  else if (g_str_has_prefix (tag, "60") || g_str_equal (tag, "34F"))
    return g_str_has_prefix (tag, "60") ? read_opening (self, tag, text, error) : TRUE;
  else if (g_str_has_prefix (tag, "62"))
    return read_closing (self, tag, text, error);
  return TRUE;
}

/* ":61:" at the start of a line; "" if it begins none. */
static gsize
tag_at (const char *line, char tag[4])
{
  const char *end = *line == ':' ? strchr (line + 1, ':') : NULL;

  if (end == NULL || end - line < 3 || end - line > 4 || !g_ascii_isdigit (line[1]))
    return 0;
  g_strlcpy (tag, line + 1, (gsize) (end - line));
  return (gsize) (end - line) + 1;
}

/* Lines of :86: are cut anywhere, so that they go on without a blank; others keep their line ends. */
static void
go_on (GString *field, const char *tag, const char *line)
{
  if (!g_str_equal (tag, "86"))
    g_string_append_c (field, '\n');
  g_string_append (field, line);
}

static gboolean
read_fields (Mt940 *self, const char *text, GError **error)
{
  g_auto(GStrv) lines = g_strsplit_set (text, "\n", -1);
  g_autoptr(GString) field = g_string_new (NULL);
  char tag[4] = "", next[4] = "";

  for (char **line = lines; *line != NULL; line++)
    {
      gsize begin = tag_at (g_strchomp (*line), next);
      gboolean is_block_end = **line == '-' || **line == '{';

      if (begin == 0 && !is_block_end)
        {
          go_on (field, tag, *line);
          continue;
        }
      if (*tag != '\0' && !read_field (self, tag, field->str, error))
        return FALSE;
      g_strlcpy (tag, is_block_end ? "" : next, sizeof tag);
      g_string_assign (field, *line + begin);
    }
  return (*tag == '\0' || read_field (self, tag, field->str, error)) && flush_line (self, NULL, error);
}

gboolean
koban_mt940_read (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error)
{
  static const char *const encodings[] = { "UTF-8", "CP1252", "ISO-8859-1", NULL };
  g_auto(Mt940) self = { .options = options, .statements = statements };
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autofree char *text = koban_cell_decode (data, length, encodings);

  if (text == NULL)
    return bad_field (&self, "20", error);
  return read_fields (&self, text, error);
}
