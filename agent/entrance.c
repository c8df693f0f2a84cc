/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way into a bank, to be read downwards. The item of the connection that is known is read and never
 * written: until the new one has worked, it is what Koban would go back to.
 */
#include "config.h"

#include "entrance.h"
#include "signing-in.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

typedef struct
{
  KobanParts *parts;           /* (unowned) */
  KobanOperation *operation;   /* (owned) */
  KobanProfile *profile;       /* (owned) */
  KobanConnection *connection; /* (unowned): the caller's */
  KobanConnection *known;      /* (owned) (nullable): of that name */
  KobanSecret *typed;          /* (owned) (nullable): what was handed over now … */
  KobanSecret *secrets;        /* (owned) (nullable): … and all that there is */
} Entrance;

static void on_known (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_typed (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_before (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_signed_in (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_stored (GObject *source, GAsyncResult *result, gpointer user_data);

static void
entrance_free (gpointer data)
{
  Entrance *self = data;

  g_object_unref (self->operation);
  koban_profile_unref (self->profile);
  g_clear_pointer (&self->known, koban_connection_free);
  g_clear_pointer (&self->typed, koban_secret_unref);
  g_clear_pointer (&self->secrets, koban_secret_unref);
  g_free (self);
}

/* --- who it is -------------------------------------------------------------------------------------------
 */

static gboolean
know_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Entrance *self = job;
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);

  for (guint i = 0; connections != NULL && i < connections->len; i++)
    {
      const KobanConnection *other = connections->pdata[i];
      if (g_strcmp0 (other->secret_id, self->connection->secret_id) == 0)
        {
          g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                               _("That secret belongs to another connection."));
          return FALSE;
        }
      if (g_str_equal (other->name, self->connection->name))
        self->known = koban_connection_copy (other);
    }
  if (self->known == NULL || g_str_equal (self->known->provider, self->connection->provider))
    return connections != NULL;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED,
               _("There is already a connection named “%s”: choose another name"), self->connection->name);
  return FALSE;
}

void
koban_entrance_async (KobanParts *parts,
                      KobanOperation *operation,
                      KobanProfile *profile,
                      KobanConnection *connection,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Entrance *self = g_new0 (Entrance, 1);

  g_task_set_source_tag (task, koban_entrance_async);
  g_task_set_task_data (task, self, entrance_free);
  self->parts = parts;
  self->operation = g_object_ref (operation);
  self->profile = koban_profile_ref (profile);
  self->connection = connection;
  koban_books_write_async (parts->tools.books, know_in_worker, self, NULL, on_known, task);
}

/* What was not said again stays as it was. */
static void
take_over (Entrance *self)
{
  KobanConnection *connection = self->connection;

  if (connection->fields == NULL)
    connection->fields = g_strdupv (self->known->fields);
  if (connection->base_url == NULL)
    connection->base_url = g_strdup (self->known->base_url);
  if (connection->ca_pem == NULL && self->known->ca_pem != NULL)
    connection->ca_pem = g_bytes_ref (self->known->ca_pem);
}

static void
on_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Entrance *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!koban_books_finish (self->parts->tools.books, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->known != NULL)
    take_over (self);
  koban_vault_lookup_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->connection->secret_id,
                            NULL, on_typed, g_steal_pointer (&task));
}

/* --- what it has -----------------------------------------------------------------------------------------
 */

static void
sign_in (GTask *task)
{
  Entrance *self = g_task_get_task_data (task);

  koban_signing_in_run_async (self->parts, self->operation, self->profile, self->connection, self->secrets,
                              on_signed_in, task);
}

static void
on_typed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Entrance *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->typed = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &error);
  if (self->typed == NULL)
    g_task_return_error (task, error);
  else if (self->known != NULL)
    koban_vault_lookup_async (KOBAN_VAULT (source), KOBAN_SECRET_CONNECTION, self->known->secret_id, NULL,
                              on_before, g_steal_pointer (&task));
  else
    {
      self->secrets = koban_secret_ref (self->typed);
      sign_in (g_steal_pointer (&task));
    }
}

/* What was handed over now, over what was kept: needs only, and what a registration gave. */
static void
merge (Entrance *self, KobanSecret *before)
{
  GArray *needs = koban_profile_get_needs (self->profile);

  self->secrets = koban_secret_ref (before);
  for (guint i = 0; i < needs->len; i++)
    {
      const char *name = g_array_index (needs, KobanNeed, i).name;
      g_autoptr(KobanSecret) value = koban_secret_bundle_lookup (self->typed, name);
      g_autoptr(KobanSecret) had = value != NULL ? g_steal_pointer (&self->secrets) : NULL;
      if (value != NULL)
        self->secrets = koban_secret_bundle_with (had, name, value);
    }
}

/* An item that is gone is no reason not to sign in: what it lacks will be missed by name. */
static void
on_before (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Entrance *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(KobanSecret) before = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &error);

  if (before == NULL && !koban_error_is (error, KOBAN_ERROR_NOT_FOUND))
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_error (&error);
  merge (self, before != NULL ? before : self->typed);
  sign_in (g_steal_pointer (&task));
}

/* --- in, and kept ------------------------------------------------------------------------------------------
 */

static void
on_signed_in (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Entrance *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(KobanSecret) bundle = koban_signing_in_run_finish (result, &error);

  if (bundle == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  koban_vault_store_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->connection->secret_id,
                           self->connection->provider, self->connection->name, bundle, NULL, on_stored,
                           g_steal_pointer (&task));
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (koban_vault_store_finish (KOBAN_VAULT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

gboolean
koban_entrance_finish (GAsyncResult *result, KobanConnection **known, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  Entrance *self = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  *known = g_steal_pointer (&self->known);
  return TRUE;
}
