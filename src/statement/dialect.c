/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How one bank writes its CSV files. Every key is a row in a table, for reading, writing and lint alike.
 */
#include "config.h"

#include "statement/dialect.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/place.h>
#include <koban/settings.h>
#include <koban/statement.h>
#include <string.h>

#include "wire/json-reader.h"
#include "wire/json-writer.h"

#define LARGEST_FILE (64 * 1024)
#define HIGHEST_OFFSET (14 * 60)

static const char *const role_names[KOBAN_N_ROLES] = {
  [KOBAN_ROLE_DATE] = "date",       [KOBAN_ROLE_TIME] = "time",
  [KOBAN_ROLE_AMOUNT] = "amount",   [KOBAN_ROLE_OUT] = "out",
  [KOBAN_ROLE_IN] = "in",           [KOBAN_ROLE_BALANCE] = "balance",
  [KOBAN_ROLE_TEXT] = "text",       [KOBAN_ROLE_PAYEE] = "payee",
  [KOBAN_ROLE_ID] = "id",           [KOBAN_ROLE_COUNTERPARTY] = "counterparty",
  [KOBAN_ROLE_MANDATE] = "mandate", [KOBAN_ROLE_CURRENCY] = "currency",
  [KOBAN_ROLE_STATE] = "state",
};

static const char *const order_names[] = {
  [KOBAN_ORDER_YMD] = "YMD",
  [KOBAN_ORDER_DMY] = "DMY",
  [KOBAN_ORDER_MDY] = "MDY",
  [KOBAN_ORDER_MD] = "MD",
};

static const char *const keys[] = {
  "id",     "name",    "country", "currency", "source",          "checked", "encodings",          "separator",
  "header", "columns", "order",   "decimal",  "out_is_positive", "pending", "utc_offset_minutes", "notes",
  NULL,
};

void
koban_dialect_free (KobanDialect *self)
{
  g_free (self->id);
  g_free (self->name);
  g_free (self->country);
  g_free (self->source);
  g_free (self->checked);
  g_strfreev (self->encodings);
  g_strfreev (self->header);
  g_strfreev (self->pending);
  for (guint role = 0; role < KOBAN_N_ROLES; role++)
    g_strfreev (self->columns[role]);
  g_free (self);
}

/* --- reading: every mistake is gathered ------------------------------------------------------------ */

typedef struct
{
  KobanJsonNode root;
  GPtrArray *mistakes; /* (owned) (element-type utf8) */
} Reading;

G_GNUC_PRINTF (2, 3)
static void
mistake (Reading *reading, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (reading->mistakes, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

static char *
read_string (Reading *reading, const char *key, gboolean needed)
{
  const char *text = koban_json_string (koban_json_member (reading->root, key));

  if (text == NULL && needed)
    mistake (reading, _("“%s” is missing, or is no text"), key);
  return g_strdup (text);
}

/* One text, or a list of them. NULL: not there. */
static char **
read_words (Reading *reading, KobanJsonNode node, const char *key)
{
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();

  if (!koban_json_exists (node))
    return NULL;
  if (koban_json_string (node) != NULL)
    return g_strdupv ((char *[]){ (char *) koban_json_string (node), NULL });
  if (koban_json_type (node) != KOBAN_JSON_ARRAY || koban_json_length (node) == 0)
    mistake (reading, _("“%s” is neither a text nor a list of texts"), key);
  for (KobanJsonNode word = koban_json_first (node); koban_json_exists (word); word = koban_json_next (word))
    if (koban_json_string (word) != NULL)
      g_strv_builder_add (words, koban_json_string (word));
    else
      mistake (reading, _("“%s” holds something that is no text"), key);
  return g_strv_builder_end (words);
}

static char
read_sign (Reading *reading, const char *key, const char *allowed)
{
  const char *text = koban_json_string (koban_json_member (reading->root, key));

  if (text == NULL)
    return *allowed;
  if (strlen (text) == 1 && strchr (allowed, *text) != NULL)
    return *text;
  mistake (reading, _("“%s” is one of: %s"), key, allowed);
  return *allowed;
}

static void
check_keys (Reading *reading)
{
  for (KobanJsonNode node = koban_json_first (reading->root); koban_json_exists (node);
       node = koban_json_next (node))
    if (!g_strv_contains (keys, koban_json_name (node)))
      mistake (reading, _("line %u: “%s” is no key of a dialect"), koban_json_line (node),
               koban_json_name (node));
}

static int
role_of (const char *name)
{
  for (int role = 0; role < KOBAN_N_ROLES; role++)
    if (g_str_equal (name, role_names[role]))
      return role;
  return -1;
}

static void
check_in_header (Reading *reading, const KobanDialect *self, char *const *names)
{
  for (; names != NULL && *names != NULL; names++)
    if (self->header != NULL && !g_strv_contains ((const char *const *) self->header, *names))
      mistake (reading, _("the column “%s” is not in the header"), *names);
}

static void
read_columns (Reading *reading, KobanDialect *self)
{
  KobanJsonNode columns = koban_json_member (reading->root, "columns");

  for (KobanJsonNode node = koban_json_first (columns); koban_json_exists (node);
       node = koban_json_next (node))
    {
      int role = koban_json_name (node) != NULL ? role_of (koban_json_name (node)) : -1;

      if (role < 0)
        {
          mistake (reading, _("line %u: that is no role of a column"), koban_json_line (node));
          continue;
        }
      g_strfreev (self->columns[role]);
      self->columns[role] = read_words (reading, node, role_names[role]);
      check_in_header (reading, self, self->columns[role]);
    }
}

static void
check_columns (Reading *reading, const KobanDialect *self)
{
  gboolean one = self->columns[KOBAN_ROLE_AMOUNT] != NULL;
  gboolean two = self->columns[KOBAN_ROLE_OUT] != NULL && self->columns[KOBAN_ROLE_IN] != NULL;

  if (self->columns[KOBAN_ROLE_DATE] == NULL || self->columns[KOBAN_ROLE_TEXT] == NULL)
    mistake (reading, "%s", _("“columns” must say which are “date” and “text”"));
  if (one == two)
    mistake (reading, "%s", _("“columns” must say either “amount”, or “out” and “in”"));
  if (self->header == NULL || g_strv_length (self->header) < 3)
    mistake (reading, "%s", _("“header” lists the names in the header row, three or more"));
}

static void
read_order (Reading *reading, KobanDialect *self)
{
  g_autofree char *order = read_string (reading, "order", TRUE);

  for (guint i = 0; order != NULL && i < G_N_ELEMENTS (order_names); i++)
    if (g_str_equal (order, order_names[i]))
      {
        self->order = (KobanDateOrder) i;
        return;
      }
  mistake (reading, "%s", _("“order” is one of: YMD, DMY, MDY, MD"));
}

static void
read_currency (Reading *reading, KobanDialect *self)
{
  const char *code = koban_json_string (koban_json_member (reading->root, "currency"));

  if (code != NULL && !koban_currency_parse (code, &self->currency, NULL))
    mistake (reading, _("“%s” is no currency"), code);
  if (code == NULL && self->columns[KOBAN_ROLE_CURRENCY] == NULL)
    mistake (reading, "%s", _("neither “currency” nor a column says the currency"));
}

static void
read_offset (Reading *reading, KobanDialect *self)
{
  KobanJsonNode node = koban_json_member (reading->root, "utc_offset_minutes");
  gint64 offset = 0;

  if (koban_json_exists (node) && (!koban_json_int64 (node, &offset) || ABS (offset) > HIGHEST_OFFSET))
    mistake (reading, "%s", _("“utc_offset_minutes” is a number of minutes"));
  else if (self->columns[KOBAN_ROLE_TIME] != NULL && !koban_json_exists (node))
    mistake (reading, "%s", _("a “time” needs “utc_offset_minutes”"));
  else
    self->utc_offset_minutes = (int) offset;
}

static void
read_id (Reading *reading, KobanDialect *self)
{
  self->id = read_string (reading, "id", TRUE);
  if (self->id != NULL && (*self->id == '\0' || strlen (self->id) > 64 ||
                           strspn (self->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen (self->id)))
    mistake (reading, "%s", _("“id” is made of small letters, digits and hyphens"));
}

static KobanDialect *
read_dialect (Reading *reading)
{
  KobanDialect *self = g_new0 (KobanDialect, 1);

  check_keys (reading);
  read_id (reading, self);
  self->name = read_string (reading, "name", TRUE);
  self->country = read_string (reading, "country", FALSE);
  self->source = read_string (reading, "source", TRUE);
  self->checked = read_string (reading, "checked", TRUE);
  self->encodings = read_words (reading, koban_json_member (reading->root, "encodings"), "encodings");
  self->separator = read_sign (reading, "separator", ",;\t|");
  self->decimal = read_sign (reading, "decimal", ".,");
  self->header = read_words (reading, koban_json_member (reading->root, "header"), "header");
  self->pending = read_words (reading, koban_json_member (reading->root, "pending"), "pending");
  self->out_is_positive = koban_json_is_true (koban_json_member (reading->root, "out_is_positive"));
  read_columns (reading, self);
  check_columns (reading, self);
  read_order (reading, self);
  read_currency (reading, self);
  read_offset (reading, self);
  if (self->encodings == NULL)
    self->encodings = g_strsplit ("UTF-8", ",", -1);
  return self;
}

KobanDialect *
koban_dialect_load (const char *data, gsize length, GError **error)
{
  g_autoptr(KobanJson) json = koban_json_parse (data, MIN (length, LARGEST_FILE), error);
  g_autoptr(GPtrArray) mistakes = g_ptr_array_new_with_free_func (g_free);

  if (json == NULL)
    return NULL;
  Reading reading = { koban_json_root (json), mistakes };
  g_autoptr(KobanDialect) self = read_dialect (&reading);
  if (mistakes->len == 0)
    return g_steal_pointer (&self);
  g_ptr_array_add (mistakes, NULL);
  g_autofree char *all = g_strjoinv ("\n", (char **) mistakes->pdata);
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, all);
  return NULL;
}

char **
koban_statement_lint (const char *data, gsize length)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanDialect) self = koban_dialect_load (data, length, &error);

  return self != NULL ? g_new0 (char *, 1) : g_strsplit (error->message, "\n", -1);
}

/* --- writing --------------------------------------------------------------------------------------- */

static void
write_string (KobanJsonWriter *writer, const char *key, const char *text)
{
  if (text == NULL || *text == '\0')
    return;
  koban_json_writer_name (writer, key);
  koban_json_writer_string (writer, text);
}

static void
write_words (KobanJsonWriter *writer, const char *key, char *const *words)
{
  if (words == NULL)
    return;
  koban_json_writer_name (writer, key);
  koban_json_writer_begin_array (writer);
  for (; *words != NULL; words++)
    koban_json_writer_string (writer, *words);
  koban_json_writer_end_array (writer);
}

char *
koban_dialect_to_json (const KobanDialect *self)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();

  koban_json_writer_begin_object (writer);
  write_string (writer, "id", self->id);
  write_string (writer, "name", self->name);
  write_string (writer, "country", self->country);
  write_string (writer, "currency", self->currency.code);
  write_string (writer, "source", self->source);
  write_string (writer, "checked", self->checked);
  write_words (writer, "encodings", self->encodings);
  write_string (writer, "separator", (char[]){ self->separator, '\0' });
  write_string (writer, "decimal", (char[]){ self->decimal, '\0' });
  write_string (writer, "order", order_names[self->order]);
  if (self->out_is_positive)
    {
      koban_json_writer_name (writer, "out_is_positive");
      koban_json_writer_bool (writer, TRUE);
    }
  write_words (writer, "header", self->header);
  koban_json_writer_name (writer, "columns");
  koban_json_writer_begin_object (writer);
  for (guint role = 0; role < KOBAN_N_ROLES; role++)
    write_words (writer, role_names[role], self->columns[role]);
  koban_json_writer_end_object (writer);
  koban_json_writer_end_object (writer);
  return koban_json_writer_finish (writer, TRUE);
}

/* --- all on the machine ------------------------------------------------------------------------------ */

char **
koban_statement_directories (void)
{
  g_autoptr(GStrvBuilder) folders = g_strv_builder_new ();
  g_autofree char *packaged = koban_place_data ("statements", "KOBAN_STATEMENTS");
  g_autofree char *administrator = g_build_filename (KOBAN_SYSCONFDIR, "koban", "statements", NULL);
  g_autofree char *own = g_build_filename (koban_settings_data_directory (), "statements", NULL);

  g_strv_builder_add_many (folders, packaged, administrator, own, NULL);
  return g_strv_builder_end (folders);
}

static gboolean
knows_id (GPtrArray *dialects, const char *id)
{
  for (guint i = 0; i < dialects->len; i++)
    if (g_str_equal (((KobanDialect *) dialects->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

static void
load_file (GPtrArray *dialects, const char *path)
{
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, &error))
    return;
  g_autoptr(KobanDialect) dialect = koban_dialect_load (data, length, &error);
  if (dialect == NULL)
    g_message ("%s: %s", path, error->message);
  else if (!knows_id (dialects, dialect->id))
    g_ptr_array_add (dialects, g_steal_pointer (&dialect));
}

static void
load_folder (GPtrArray *dialects, const char *folder)
{
  g_autoptr(GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_has_suffix (name, ".json"))
        load_file (dialects, path);
    }
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(KobanDialect **) a)->id, (*(KobanDialect **) b)->id);
}

GPtrArray *
koban_dialects_load (void)
{
  GPtrArray *dialects = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_dialect_free);
  g_auto(GStrv) folders = koban_statement_directories ();

  for (char **folder = folders; *folder != NULL; folder++)
    load_folder (dialects, *folder);
  g_ptr_array_sort (dialects, compare_ids);
  return dialects;
}

GVariant *
koban_statement_list_dialects (void)
{
  g_autoptr(GPtrArray) dialects = koban_dialects_load ();
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < dialects->len; i++)
    {
      const KobanDialect *dialect = dialects->pdata[i];
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&row, "id", "s", dialect->id);
      g_variant_dict_insert (&row, "name", "s", dialect->name);
      g_variant_dict_insert (&row, "country", "s", dialect->country != NULL ? dialect->country : "");
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_builder_end (&rows);
}

/* --- in a file --------------------------------------------------------------------------------------- */

static gboolean
same_name (const char *cell, const char *name)
{
  g_autofree char *a = koban_cell_plain (cell), *b = koban_cell_plain (name);

  return g_str_equal (a, b);
}

gboolean
koban_dialect_is_header (const KobanDialect *self, const KobanRow *row)
{
  guint n = g_strv_length (self->header);

  for (guint i = 0; i < n; i++)
    if (i >= row->n || !same_name (row->cells[i], self->header[i]))
      return FALSE;
  return TRUE;
}

guint *
koban_dialect_places (const KobanDialect *self, KobanRole role, const KobanRow *header)
{
  char *const *names = self->columns[role];
  g_autoptr(GArray) places = g_array_new (FALSE, FALSE, sizeof (guint));
  guint end = G_MAXUINT;

  if (names == NULL)
    return NULL;
  for (; *names != NULL; names++)
    for (guint i = 0; i < header->n; i++)
      if (same_name (header->cells[i], *names))
        {
          g_array_append_val (places, i);
          break;
        }
  g_array_append_val (places, end);
  return (guint *) (gpointer) g_array_free (g_steal_pointer (&places), FALSE);
}
