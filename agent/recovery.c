/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * is the ledger new? ─▶ list the keyring ─▶ read each item ─▶ take up all that are marked, in one job.
 * Until that job nothing is changed, so whatever fails on the way is tried again with the next agent.
 */
#include "config.h"

#include "recovery.h"

#include "marker.h"

#include <koban/error.h>

typedef struct
{
  KobanParts *parts; /* (unowned): outlives every job */
  GPtrArray *ids;    /* (owned) (nullable) (element-type utf8): still to be read, from the end */
  GPtrArray *found;  /* (owned) (element-type KobanConnection) */
  gint64 since_us;   /* of the oldest that was found */
  gint64 now_us;
  gboolean is_new;
} Recovery;

static void
recovery_free (gpointer data)
{
  Recovery *self = data;

  g_clear_pointer (&self->ids, g_ptr_array_unref);
  g_ptr_array_unref (self->found);
  g_free (self);
}

/* --- take up -------------------------------------------------------------------------------------------- */

static gboolean
tell (KobanLedger *ledger, const Recovery *self, GError **error)
{
  GVariant *reason = koban_reason_new (KOBAN_LEDGER_RECOVERED, "since", "x", self->since_us, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (KOBAN_LEDGER_INCIDENT, NULL, KOBAN_SEVERITY_WARNING, reason, self->now_us);

  return koban_ledger_raise (ledger, alert, self->now_us, NULL, error);
}

/* One that cannot be taken up, such as a second one of its name, is no reason to lose the others. */
static gboolean
take_up_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Recovery *self = job;

  if (!koban_ledger_is_new (ledger, &self->is_new, error))
    return FALSE;
  for (guint i = 0; self->is_new && i < self->found->len; i++)
    {
      KobanConnection *connection = self->found->pdata[i];
      g_autoptr(GError) refusal = NULL;

      connection->next_check_us = self->now_us;
      if (!koban_ledger_add_connection (ledger, connection, self->now_us, &refusal))
        g_message ("“%s” could not be taken up again: %s", connection->name, refusal->message);
    }
  return !self->is_new || tell (ledger, self, error);
}

static void
on_taken_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanParts *parts = user_data;
  const Recovery *self = koban_books_get_job (result);
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("What the keyring knows could not be taken up: %s", error->message);
  if (error != NULL || !self->is_new)
    return;
  g_message ("The ledger was lost: the banks that the keyring knows are watched again.");
  koban_parts_changed (parts, "connections");
  koban_parts_changed (parts, "alerts");
}

/* --- read ------------------------------------------------------------------------------------------------
 */

static void read_next (Recovery *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Recovery *self = user_data;
  g_autofree char *id = g_ptr_array_steal_index (self->ids, self->ids->len - 1);
  g_autoptr(KobanSecret) secret = koban_vault_lookup_finish (KOBAN_VAULT (source), result, NULL);
  gint64 since_us = 0;
  KobanConnection *connection = secret != NULL ? koban_marker_read (secret, id, &since_us) : NULL;

  if (connection != NULL)
    {
      g_ptr_array_add (self->found, connection);
      self->since_us = self->since_us == 0 ? since_us : MIN (self->since_us, since_us);
    }
  read_next (self);
}

/* Takes @self. */
static void
read_next (Recovery *self)
{
  KobanParts *parts = self->parts;

  if (self->ids->len > 0)
    koban_vault_lookup_async (parts->tools.vault, KOBAN_SECRET_CONNECTION,
                              self->ids->pdata[self->ids->len - 1], NULL, on_read, self);
  else if (self->found->len > 0)
    koban_books_write_async (parts->tools.books, take_up_in_worker, self, recovery_free, on_taken_up, parts);
  else
    recovery_free (self);
}

/* --- look ------------------------------------------------------------------------------------------------
 */

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Recovery *self = user_data;
  g_autoptr(GError) error = NULL;

  self->ids = koban_vault_list_finish (KOBAN_VAULT (source), result, &error);
  if (self->ids != NULL)
    {
      read_next (self);
      return;
    }
  g_debug ("The keyring was not looked through: %s", error->message);
  recovery_free (self);
}

static gboolean
look_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Recovery *self = job;

  return koban_ledger_is_new (ledger, &self->is_new, error);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Recovery *self = user_data;

  if (koban_books_finish (KOBAN_BOOKS (source), result, NULL) && self->is_new)
    koban_vault_list_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, NULL, on_listed, self);
  else
    recovery_free (self);
}

void
koban_recovery_run (KobanParts *parts)
{
  Recovery *self = g_new0 (Recovery, 1);

  self->parts = parts;
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_connection_free);
  self->now_us = koban_parts_now_us (parts);
  koban_books_write_async (parts->tools.books, look_in_worker, self, NULL, on_looked, self);
}
