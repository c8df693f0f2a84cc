/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Importing one statement file, to be read downwards: know which format the account had last, have the
 * file read elsewhere, merge it, say what came of it. A preview ends before the merge.
 */
#include "config.h"

#include "autostart.h"
#include "filing.h"
#include "importing.h"
#include "reader.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_NAME 256
#define SHOWN_LINES 5

struct _KobanImporting
{
  KobanParts *parts; /* (unowned) */
  int file;          /* descriptor */
  char *account;     /* (owned) */
  GVariant *request; /* (owned) */
  gboolean preview;
  char *format;              /* (owned) (nullable): what the account's last file was */
  KobanOperation *operation; /* (owned) (nullable): while it runs */
  gboolean only;             /* the only connection there is */
};

void
koban_importing_free (gpointer data)
{
  KobanImporting *self = data;

  g_assert (self->operation == NULL);
  close (self->file);
  g_free (self->account);
  g_free (self->format);
  g_variant_unref (self->request);
  g_free (self);
}

/* A name is typed again later: something to see, and no id of another bank. */
static gboolean
is_name (const char *name)
{
  g_autofree char *clean = koban_text_clean (name, 0);

  return *clean != '\0' && strlen (name) <= LONGEST_NAME;
}

KobanImporting *
koban_importing_new (KobanParts *parts, int file, GVariant *request, GError **error)
{
  const char *account = "";

  g_variant_lookup (request, "account", "&s", &account);
  if (!is_name (account))
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                           _("An account needs a name, and not a long text."));
      close (file);
      return NULL;
    }
  KobanImporting *self = g_new0 (KobanImporting, 1);
  self->parts = parts;
  self->file = file;
  self->account = g_strdup (account);
  self->request = g_variant_ref (request);
  g_variant_lookup (request, "preview", "b", &self->preview);
  return self;
}

/* --- the steps -------------------------------------------------------------------------------------------
 */

static void on_known (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_file_read (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_merged (GObject *source, GAsyncResult *result, gpointer user_data);

static void
end (KobanImporting *self, GVariant *result, const GError *error)
{
  g_autoptr(KobanOperation) operation = g_steal_pointer (&self->operation);

  koban_operation_end (operation, result, error);
}

/* An account that is new is no error yet. */
static gboolean
know_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanImporting *self = job;
  g_autoptr(KobanConnection) connection = koban_ledger_get_connection (ledger, self->account, NULL);
  g_autoptr(GPtrArray) all = koban_ledger_get_connections (ledger, error);

  if (connection != NULL && koban_filing_is_file (connection))
    self->format = g_strdup (koban_filing_get_format (connection));
  self->only = all != NULL && all->len == 0;
  return all != NULL;
}

void
koban_importing_start (KobanOperation *operation, gpointer data)
{
  KobanImporting *self = data;

  self->operation = g_object_ref (operation);
  koban_books_read_async (self->parts->tools.books, know_in_worker, self, NULL, on_known, self);
}

/* Banks with equal headings are told apart by what this account's last file was. */
static GVariant *
options_of (const KobanImporting *self, gboolean remembered)
{
  static const char *const keys[] = { "format", "dialect", "currency" };
  g_auto(GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  gboolean guess = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *value = NULL;

      if (g_variant_lookup (self->request, keys[i], "&s", &value) && *value != '\0')
        g_variant_dict_insert (&options, keys[i], "s", value);
    }
  if (remembered)
    g_variant_dict_insert (&options, "format", "s", self->format);
  if (g_variant_lookup (self->request, "guess", "b", &guess))
    g_variant_dict_insert (&options, "guess", "b", guess);
  return g_variant_dict_end (&options);
}

static void
read_file (KobanImporting *self, gboolean remembered)
{
  koban_operation_progress (self->operation, "reading", NULL, 0, 0);
  koban_reader_read_async (self->parts->tools.bus, self->file, options_of (self, remembered),
                           koban_parts_now_us (self->parts),
                           koban_operation_get_cancellable (self->operation), on_file_read, self);
}

static void
on_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanImporting *self = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_books_finish (KOBAN_BOOKS (source), result, &error))
    read_file (self, FALSE);
  else
    end (self, NULL, error);
}

/* The first lines of each account, for the person to look at. */
static GVariant *
shortened (GVariant *read)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (read);
  g_autoptr(GVariant) statements = g_variant_lookup_value (read, "statements", G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; statements != NULL && i < g_variant_n_children (statements); i++)
    {
      g_autoptr(GVariant) statement = g_variant_get_child_value (statements, i);
      g_autoptr(GVariant) lines = g_variant_lookup_value (statement, "lines", G_VARIANT_TYPE ("aa{sv}"));
      gsize n = lines != NULL ? g_variant_n_children (lines) : 0;
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (statement);
      GVariantBuilder few;

      g_variant_builder_init (&few, G_VARIANT_TYPE ("aa{sv}"));
      for (gsize line = 0; line < MIN (n, SHOWN_LINES); line++)
        {
          g_autoptr(GVariant) shown = g_variant_get_child_value (lines, line);

          g_variant_builder_add_value (&few, shown);
        }
      g_variant_dict_insert_value (&row, "lines", g_variant_builder_end (&few));
      g_variant_dict_insert (&row, "count", "x", (gint64) n);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  g_variant_dict_insert_value (&dict, "statements", g_variant_builder_end (&rows));
  return g_variant_dict_end (&dict);
}

static void
on_file_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanImporting *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) read = koban_reader_finish (G_DBUS_CONNECTION (source), result, &error);

  if (koban_error_is (error, KOBAN_ERROR_AMBIGUOUS) && self->format != NULL && *self->format != '\0')
    {
      read_file (self, TRUE);
      g_clear_pointer (&self->format, g_free); /* once */
      return;
    }
  if (read == NULL)
    {
      end (self, NULL, error);
      return;
    }
  if (self->preview)
    {
      end (self, shortened (read), NULL);
      return;
    }
  KobanFiling *filing = koban_filing_new (self->account, read, koban_parts_now_us (self->parts));
  const char *folder = NULL;
  if (g_variant_lookup (self->request, "folder", "&s", &folder))
    filing->folder = g_strdup (folder);
  koban_operation_progress (self->operation, "transactions", NULL, 0, 0);
  koban_books_write_async (self->parts->tools.books, koban_filing_merge_in_worker, filing, koban_filing_free,
                           on_merged, self);
}

static GVariant *
result_of (const KobanFiling *filing)
{
  g_auto(GVariantDict) result = G_VARIANT_DICT_INIT (NULL);
  const char *format = "";

  g_variant_lookup (filing->read, "format", "&s", &format);
  g_variant_dict_insert (&result, "connection", "s", filing->connection);
  g_variant_dict_insert (&result, "account", "s", filing->name);
  g_variant_dict_insert (&result, "format", "s", format);
  g_variant_dict_insert (&result, "first", "b", filing->first);
  g_variant_dict_insert (&result, "lines", "x", filing->lines);
  g_variant_dict_insert (&result, "new", "x", (gint64) filing->merged.changes);
  g_variant_dict_insert (&result, "opened", "x", (gint64) filing->merged.opened);
  g_variant_dict_insert (&result, "raised", "x", (gint64) filing->merged.raised);
  g_variant_dict_insert_value (&result, "statements", filing->accounts);
  return g_variant_dict_end (&result);
}

static void
on_merged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const lists[] = { "connections", "accounts", "transactions", "links", "alerts" };
  KobanImporting *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      end (self, NULL, error);
      return;
    }
  if (self->only)
    koban_autostart_set (TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    koban_parts_changed (self->parts, lists[i]);
  end (self, result_of (koban_books_get_job (result)), NULL);
}
