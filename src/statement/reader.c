/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From bytes to plain values: which format it is, the reader of that format, and what came of it in order.
 */
#include "config.h"

#include "statement/csv.h"
#include "statement/guess.h"
#include "statement/statement.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

typedef struct
{
  const char *name;
  gboolean (*is) (const char *data, gsize length);
  gboolean (*read) (GBytes *bytes,
                    const KobanStatementOptions *options,
                    GPtrArray *statements,
                    GError **error);
} Format;

static const Format formats[] = {
#ifdef HAVE_OFX
  { "ofx", koban_ofx_is, koban_ofx_read },
#endif
#ifdef HAVE_CAMT
  { "camt", koban_camt_is, koban_camt_read },
#endif
  { "mt940", koban_mt940_is, koban_mt940_read },
  { "zengin", koban_zengin_is, koban_zengin_read },
};

static const char *const left_out[] = {
#ifndef HAVE_OFX
  "ofx",
#endif
#ifndef HAVE_CAMT
  "camt",
#endif
  NULL,
};

static const Format *
find_format (const char *name, const char *data, gsize length)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (name != NULL ? g_str_equal (formats[i].name, name) : formats[i].is (data, length))
      return &formats[i];
  return NULL;
}

/* --- dialects ------------------------------------------------------------------------------------------ */

static char *
names_of (GPtrArray *dialects)
{
  g_autoptr(GString) names = g_string_new (NULL);

  for (guint i = 0; i < dialects->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", ((KobanDialect *) dialects->pdata[i])->id);
  return g_string_free (g_steal_pointer (&names), FALSE);
}

static KobanDialect *
find_dialect (GPtrArray *dialects, const char *id, GError **error)
{
  for (guint i = 0; i < dialects->len; i++)
    if (g_str_equal (((KobanDialect *) dialects->pdata[i])->id, id))
      return dialects->pdata[i];
  g_set_error (error, KOBAN_ERROR,
               g_strv_contains (left_out, id) ? KOBAN_ERROR_UNSUPPORTED : KOBAN_ERROR_NOT_FOUND,
               g_strv_contains (left_out, id) ? _("this Koban was built without the format “%s”")
                                              : _("there is no format “%s”"),
               id);
  return NULL;
}

static KobanDialect *
only_candidate (GBytes *bytes, GPtrArray *dialects, GError **error)
{
  g_autoptr(GPtrArray) candidates = koban_csv_candidates (bytes, dialects);

  if (candidates->len == 1)
    return candidates->pdata[0];
  if (candidates->len == 0)
    {
      g_set_error_literal (
        error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
        _("this is no file that Koban knows: try --guess, or say which it is with --format"));
      return NULL;
    }
  g_autofree char *names = names_of (candidates);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_AMBIGUOUS,
               _("several banks write files like this: say --format %s"), names);
  return NULL;
}

static gboolean
read_csv (GBytes *bytes,
          const KobanStatementOptions *options,
          GPtrArray *statements,
          char **format,
          GError **error)
{
  g_autoptr(KobanDialect) given = NULL;
  g_autoptr(GPtrArray) dialects = NULL;
  const KobanDialect *dialect;

  if (options->dialect != NULL)
    {
      given = koban_dialect_load (options->dialect, strlen (options->dialect), error);
      dialect = given;
    }
  else
    {
      dialects = koban_dialects_load ();
      dialect = options->format != NULL ? find_dialect (dialects, options->format, error)
                                        : only_candidate (bytes, dialects, error);
    }
  if (dialect == NULL || !koban_csv_read (bytes, dialect, options, statements, error))
    return FALSE;
  *format = g_strdup (dialect->id);
  return TRUE;
}

/* --- reading ------------------------------------------------------------------------------------------- */

static gboolean
has_lines (GPtrArray *statements, GError **error)
{
  for (guint i = 0; i < statements->len; i++)
    if (((KobanStatement *) statements->pdata[i])->lines->len > 0)
      return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("the file holds no line of a statement"));
  return FALSE;
}

static GVariant *
to_variant (GPtrArray *statements, const char *format, const char *dialect)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < statements->len; i++)
    {
      KobanStatement *statement = statements->pdata[i];

      if (statement->lines->len == 0)
        continue;
      koban_statement_settle (statement);
      g_variant_builder_add_value (&rows, koban_statement_to_variant (statement));
    }
  g_variant_dict_insert (&dict, "format", "s", format);
  g_variant_dict_insert_value (&dict, "statements", g_variant_builder_end (&rows));
  if (dialect != NULL)
    g_variant_dict_insert (&dict, "dialect", "s", dialect);
  return g_variant_dict_end (&dict);
}

static gboolean
is_small (GBytes *bytes, GError **error)
{
  if (g_bytes_get_size (bytes) > 0 && g_bytes_get_size (bytes) <= KOBAN_STATEMENT_MAX_BYTES)
    return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("the file is empty, or larger than any statement"));
  return FALSE;
}

GVariant *
koban_statement_read (GBytes *bytes, const KobanStatementOptions *options, GError **error)
{
  g_autoptr(GPtrArray) statements = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_statement_free);
  g_autofree char *name = NULL;
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  if (!is_small (bytes, error))
    return NULL;
  const Format *format = options->dialect == NULL ? find_format (options->format, data, length) : NULL;
  if (format != NULL)
    name = g_strdup (format->name);
  if (!(format != NULL ? format->read (bytes, options, statements, error)
                       : read_csv (bytes, options, statements, &name, error)) ||
      !has_lines (statements, error))
    return NULL;
  return to_variant (statements, name, NULL);
}

GVariant *
koban_statement_guess (GBytes *bytes, const KobanStatementOptions *options, GError **error)
{
  g_autoptr(GPtrArray) statements = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_statement_free);
  g_autoptr(KobanDialect) dialect = NULL;

  if (!is_small (bytes, error))
    return NULL;
  dialect = koban_guess_dialect (bytes, options, error);
  if (dialect == NULL || !koban_csv_read (bytes, dialect, options, statements, error) ||
      !has_lines (statements, error))
    return NULL;
  g_autofree char *json = koban_dialect_to_json (dialect);
  return to_variant (statements, dialect->id, json);
}
