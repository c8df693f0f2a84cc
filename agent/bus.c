/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's face. Lists come from the reader thread, changes go to the ledger thread, and what
 * asks a bank becomes an operation. Arguments are measured here, before anything else sees them.
 */
#include "config.h"

#include "autostart.h"
#include "bus-inside.h"
#include "connect.h"
#include "filing.h"
#include "handle.h"
#include "importing.h"
#include "operation.h"
#include "proof.h"
#include "revoke.h"
#include "survey.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#define MOST_CONNECTIONS 1024
#define MOST_OPERATIONS 32

enum
{
  SIGNAL_BUSY_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanBus, koban_bus, G_TYPE_OBJECT)

/* --- lists -------------------------------------------------------------------------------------------- */

static gboolean
list_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_call_keep_rows (call, koban_ledger_list (ledger, call->list, call->argument, error));
}

static void
correct_row (GVariantDict *row, const KobanParts *parts)
{
  const char *message = parts->blind != NULL ? parts->blind : koban_cycle_sparing (parts->tools.saving);

  g_variant_dict_insert (row, "message", "s", message);
  if (parts->blind != NULL)
    g_variant_dict_insert (row, "state", "s", koban_connection_state_name (KOBAN_CONNECTION_ERROR));
}

/* While nothing can be written, or no check runs, what is written is not all there is to say. */
static void
correct_connections (KobanCall *call)
{
  const KobanParts *parts = call->bus->parts;
  g_autoptr(GVariant) old = NULL;
  GVariantBuilder rows;
  GVariantIter iter;
  GVariant *row;

  if ((parts->blind == NULL && parts->tools.saving != KOBAN_SAVING_BATTERY) ||
      call->list != KOBAN_LIST_CONNECTIONS)
    return;
  old = g_steal_pointer (&call->rows);
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, old);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (row);

      correct_row (&dict, parts);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&dict));
      g_variant_unref (row);
    }
  call->rows = g_variant_ref_sink (g_variant_builder_end (&rows));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  correct_connections (call);
  g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(@aa{sv})", call->rows));
}

static gboolean
list (KobanBus *self, GDBusMethodInvocation *invocation, KobanList what, GVariant *filter)
{
  if (!koban_call_is_small (invocation, filter))
    return TRUE;

  KobanCall *call = koban_call_new (self, invocation);
  call->list = what;
  call->argument = g_variant_ref (filter);
  koban_books_read_async (self->parts->tools.books, list_in_worker, call, NULL, on_listed, call);
  return TRUE;
}

static gboolean
on_list_connections (KobanDBusKoban1 *skeleton,
                     GDBusMethodInvocation *invocation,
                     GVariant *filter,
                     KobanBus *self)
{
  return list (self, invocation, KOBAN_LIST_CONNECTIONS, filter);
}

static gboolean
on_list_accounts (KobanDBusKoban1 *skeleton,
                  GDBusMethodInvocation *invocation,
                  GVariant *filter,
                  KobanBus *self)
{
  return list (self, invocation, KOBAN_LIST_ACCOUNTS, filter);
}

static gboolean
on_list_transactions (KobanDBusKoban1 *skeleton,
                      GDBusMethodInvocation *invocation,
                      GVariant *filter,
                      KobanBus *self)
{
  return list (self, invocation, KOBAN_LIST_TRANSACTIONS, filter);
}

static gboolean
on_list_links (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, GVariant *filter, KobanBus *self)
{
  return list (self, invocation, KOBAN_LIST_LINKS, filter);
}

static gboolean
on_list_alerts (KobanDBusKoban1 *skeleton,
                GDBusMethodInvocation *invocation,
                GVariant *filter,
                KobanBus *self)
{
  return list (self, invocation, KOBAN_LIST_ALERTS, filter);
}

/* --- review ------------------------------------------------------------------------------------------- */

static gboolean
review_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;
  GVariant *review = koban_ledger_review (ledger, call->argument, error);

  call->rows = review != NULL ? g_variant_ref_sink (review) : NULL;
  return review != NULL;
}

static gboolean
settle_review_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_ledger_settle (ledger, KOBAN_REVIEW_KEY, call->now_us, error);
}

static void
on_review_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_books_finish (call->bus->parts->tools.books, result, &error))
    koban_parts_changed (call->bus->parts, "alerts");
  else
    g_message ("The offer of a review could not be settled: %s", error->message);
}

static void
on_reviewed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;
  gboolean seen = FALSE;

  if (!koban_call_finish (call, result))
    return;
  koban_dbus_koban1_complete_review (call->bus->skeleton, call->invocation, call->rows);
  if (!g_variant_lookup (call->argument, "seen", "b", &seen) || !seen)
    return;
  KobanCall *job = g_steal_pointer (&call);
  koban_books_write_async (job->bus->parts->tools.books, settle_review_in_worker, job, NULL,
                           on_review_settled, job);
}

static gboolean
on_review (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, GVariant *filter, KobanBus *self)
{
  if (!koban_call_is_small (invocation, filter))
    return TRUE;

  KobanCall *call = koban_call_new (self, invocation);
  call->argument = g_variant_ref (filter);
  koban_books_read_async (self->parts->tools.books, review_in_worker, call, NULL, on_reviewed, call);
  return TRUE;
}

/* --- operations ----------------------------------------------------------------------------------------- */

static void
on_operation_ended (KobanOperation *operation, KobanBus *self)
{
  g_ptr_array_remove (self->operations, operation);
  g_signal_emit (self, signals[SIGNAL_BUSY_CHANGED], 0);
}

/* Takes @errand. */
static gboolean
begin (KobanBus *self,
       GDBusMethodInvocation *invocation,
       KobanOperationFunc start,
       gpointer errand,
       GDestroyNotify destroy)
{
  g_autoptr(GError) error = NULL;

  if (self->operations->len >= MOST_OPERATIONS || self->closed)
    {
      destroy (errand);
      g_dbus_method_invocation_return_error_literal (
        invocation, KOBAN_ERROR, KOBAN_ERROR_FAILED,
        _("Too much is under way; try again when some of it is done."));
      return TRUE;
    }
  KobanOperation *operation = koban_operation_new (
    self->connection, g_dbus_method_invocation_get_sender (invocation), start, errand, destroy, &error);
  if (operation == NULL)
    {
      koban_call_refuse (invocation, error);
      return TRUE;
    }
  g_signal_connect_object (operation, "ended", G_CALLBACK (on_operation_ended), self, 0);
  g_ptr_array_add (self->operations, operation);
  g_signal_emit (self, signals[SIGNAL_BUSY_CHANGED], 0);
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("(o)", koban_operation_get_path (operation)));
  return TRUE;
}

static gboolean
on_add (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, GVariant *request, KobanBus *self)
{
  g_autoptr(GError) error = NULL;

  if (!koban_call_is_small (invocation, request))
    return TRUE;
  KobanConnect *connect = koban_connect_new (self->parts, request, &error);
  if (connect != NULL)
    return begin (self, invocation, koban_connect_start, connect, koban_connect_free);
  koban_call_refuse (invocation, error);
  return TRUE;
}

static gboolean
on_check (KobanDBusKoban1 *skeleton,
          GDBusMethodInvocation *invocation,
          const char *const *connections,
          KobanBus *self)
{
  if (!koban_call_is_small (invocation, g_dbus_method_invocation_get_parameters (invocation)))
    return TRUE;
  if (g_strv_length ((char **) connections) > MOST_CONNECTIONS)
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("These are too many connections."));
      return TRUE;
    }
  return begin (self, invocation, koban_survey_start, koban_survey_new (self->parts, connections),
                koban_survey_free);
}

static gboolean
on_revoke (KobanDBusKoban1 *skeleton,
           GDBusMethodInvocation *invocation,
           const char *link,
           GVariant *options,
           KobanBus *self)
{
  g_autoptr(GError) error = NULL;

  if (!koban_call_is_small (invocation, options))
    return TRUE;
  KobanRevoke *revoke = koban_revoke_new (self->parts, link, options, &error);
  if (revoke != NULL)
    return begin (self, invocation, koban_revoke_start, revoke, koban_revoke_free);
  koban_call_refuse (invocation, error);
  return TRUE;
}

static gboolean
on_import (KobanDBusKoban1 *skeleton,
           GDBusMethodInvocation *invocation,
           GUnixFDList *files,
           GVariant *handle,
           GVariant *request,
           KobanBus *self)
{
  g_autoptr(GError) error = NULL;

  if (!koban_call_is_small (invocation, request))
    return TRUE;
  int file = koban_handle_take (files, handle);
  if (file < 0)
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("No file came along."));
      return TRUE;
    }
  KobanImporting *importing = koban_importing_new (self->parts, file, request, &error);
  if (importing != NULL)
    return begin (self, invocation, koban_importing_start, importing, koban_importing_free);
  koban_call_refuse (invocation, error);
  return TRUE;
}

static gboolean
prove (KobanBus *self, GDBusMethodInvocation *invocation, const char *channel, gboolean send)
{
  if (!koban_call_is_name (invocation, channel))
    return TRUE;
  return begin (self, invocation, koban_proof_start, koban_proof_new (self->parts, channel, send),
                koban_proof_free);
}

static gboolean
on_test (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, const char *channel, KobanBus *self)
{
  return prove (self, invocation, channel, TRUE);
}

static gboolean
on_confirm (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, const char *channel, KobanBus *self)
{
  return prove (self, invocation, channel, FALSE);
}

/* --- answers and settings ----------------------------------------------------------------------------------
 */

static gboolean
answer_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_ledger_answer (ledger, call->id, call->answer, call->now_us, error);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  koban_dbus_koban1_complete_answer (call->bus->skeleton, call->invocation);
  koban_parts_changed (call->bus->parts, "alerts");
  koban_parts_changed (call->bus->parts, "links");
}

static gboolean
on_answer (KobanDBusKoban1 *skeleton,
           GDBusMethodInvocation *invocation,
           const char *id,
           const char *answer,
           KobanBus *self)
{
  KobanAnswer parsed = KOBAN_ANSWER_NONE;

  if (!koban_call_is_name (invocation, id))
    return TRUE;
  if (*answer != '\0' && !koban_answer_parse (answer, &parsed))
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("An answer is one of: mine, not-mine, unsure."));
      return TRUE;
    }

  KobanCall *call = koban_call_new (self, invocation);
  call->id = g_strdup (id);
  call->answer = parsed;
  koban_books_write_async (self->parts->tools.books, answer_in_worker, call, NULL, on_answered, call);
  return TRUE;
}

/* Words of one setting, in the order of its enum. */
static const char *const watch_words[] = { "all", "links", "off", NULL };
static const char *const ownership_words[] = { "own", "joint", NULL };

/* FALSE with an error if @key is there with a word that is none of @words; -1: not there. */
static gboolean
read_word (GVariant *changes, const char *key, const char *const *words, int *index, GError **error)
{
  const char *word = NULL;

  *index = -1;
  if (!g_variant_lookup (changes, key, "&s", &word))
    return TRUE;
  for (int i = 0; words[i] != NULL; i++)
    if (g_str_equal (word, words[i]))
      *index = i;
  if (*index >= 0)
    return TRUE;
  g_autofree char *known = g_strjoinv (", ", (char **) words);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is one of: %s."), key, known);
  return FALSE;
}

static gboolean
set_account_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;
  int watch_index, ownership_index;

  if (!read_word (call->argument, "watch", watch_words, &watch_index, error) ||
      !read_word (call->argument, "ownership", ownership_words, &ownership_index, error))
    return FALSE;
  KobanWatchMode watch = (KobanWatchMode) MAX (watch_index, 0);
  KobanOwnership ownership = (KobanOwnership) MAX (ownership_index, 0);
  return koban_ledger_set_account (ledger, call->id, watch_index >= 0 ? &watch : NULL,
                                   ownership_index >= 0 ? &ownership : NULL, call->now_us, error);
}

static void
on_account_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  koban_dbus_koban1_complete_set_account (call->bus->skeleton, call->invocation);
  koban_parts_changed (call->bus->parts, "accounts");
  koban_parts_changed (call->bus->parts, "alerts"); /* that less is watched is told */
}

static gboolean
on_set_account (KobanDBusKoban1 *skeleton,
                GDBusMethodInvocation *invocation,
                const char *account,
                GVariant *changes,
                KobanBus *self)
{
  if (!koban_call_is_name (invocation, account) || !koban_call_is_small (invocation, changes))
    return TRUE;

  KobanCall *call = koban_call_new (self, invocation);
  call->id = g_strdup (account);
  call->argument = g_variant_ref (changes);
  koban_books_write_async (self->parts->tools.books, set_account_in_worker, call, NULL, on_account_set, call);
  return TRUE;
}

/* --- removing: know it, end its check, forget the secret, forget it
 * ------------------------------------------ */

static void on_removal_known (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_removal_halted (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_secret_removed (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_removed (GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean
know_connection_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  call->connection = koban_ledger_get_connection (ledger, call->id, error);
  return call->connection != NULL;
}

static gboolean
on_remove (KobanDBusKoban1 *skeleton,
           GDBusMethodInvocation *invocation,
           const char *connection,
           gboolean purge,
           KobanBus *self)
{
  if (!koban_call_is_name (invocation, connection))
    return TRUE;

  KobanCall *call = koban_call_new (self, invocation);
  call->id = g_strdup (connection);
  call->purge = purge;
  koban_books_write_async (self->parts->tools.books, know_connection_in_worker, call, NULL, on_removal_known,
                           call);
  return TRUE;
}

static void
on_removal_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanCall *call = user_data;

  if (koban_call_finish (call, result))
    koban_rounds_halt_async (call->bus->parts->rounds, call->connection->id, on_removal_halted, call);
  else
    koban_call_free (call);
}

static gboolean remove_in_worker (KobanLedger *ledger, gpointer job, GError **error);

/* What is imported has no secret, and needs no keyring to be forgotten. */
static void
on_removal_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanCall *call = user_data;

  koban_rounds_halt_finish (KOBAN_ROUNDS (source), result);
  if (koban_filing_is_file (call->connection))
    {
      koban_books_write_async (call->bus->parts->tools.books, remove_in_worker, call, NULL, on_removed, call);
      return;
    }
  g_hash_table_remove (call->bus->parts->tools.unsaved, call->connection->secret_id);
  koban_vault_remove_async (call->bus->parts->tools.vault, KOBAN_SECRET_CONNECTION,
                            call->connection->secret_id, NULL, on_secret_removed, call);
}

static gboolean
remove_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  for (const char *const *reason = koban_cycle_reasons (); *reason != NULL; reason++)
    {
      g_autofree char *key = koban_cycle_incident_key (call->connection->id, *reason);
      if (!koban_ledger_settle (ledger, key, call->now_us, error))
        return FALSE;
    }
  if (!koban_ledger_remove_connection (ledger, call->connection->id, call->purge, call->now_us, error) ||
      !koban_ledger_tell_protection (ledger, KOBAN_ACT_CONNECTION_REMOVED, call->connection->id, call->now_us,
                                     error))
    return FALSE;
  g_autoptr(GPtrArray) left = koban_ledger_get_connections (ledger, error);
  call->was_last = left != NULL && left->len == 0;
  return left != NULL;
}

/* A secret that cannot be deleted now (locked keyring) keeps its connection: what is forgotten is really
 * gone. */
static void
on_secret_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    {
      koban_call_refuse (call->invocation, error);
      return;
    }
  KobanCall *job = g_steal_pointer (&call);
  koban_books_write_async (job->bus->parts->tools.books, remove_in_worker, job, NULL, on_removed, job);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  if (call->was_last)
    {
      koban_autostart_set (FALSE);
      koban_courier_rest (call->bus->parts->courier);
    }
  koban_dbus_koban1_complete_remove (call->bus->skeleton, call->invocation);
  koban_parts_changed (call->bus->parts, "connections");
  koban_parts_changed (call->bus->parts, "alerts");
}

/* --- status
 * ------------------------------------------------------------------------------------------------- */

static void on_keyring_seen (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_status (GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean
on_status_asked (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  /* No item is called so: the answer is only about the keyring itself. */
  koban_vault_lookup_async (self->parts->tools.vault, KOBAN_SECRET_CHANNEL, "status", NULL, on_keyring_seen,
                            koban_call_new (self, invocation));
  return TRUE;
}

static gint64
count_incidents (GVariant *alerts)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  GVariant *row;
  const char *incident = NULL;

  g_variant_iter_init (&iter, alerts);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      /* The string is @alerts' own, which outlives the table. */
      if (g_variant_lookup (row, "incident", "&s", &incident))
        g_hash_table_add (seen, (gpointer) incident);
      g_variant_unref (row);
    }
  return g_hash_table_size (seen);
}

static gboolean
read_next_check (KobanLedger *ledger, KobanCall *call, GError **error)
{
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);

  for (guint i = 0; connections != NULL && i < connections->len; i++)
    {
      gint64 next_us = ((KobanConnection *) connections->pdata[i])->next_check_us;
      if (next_us > 0 && (call->next_check_us == 0 || next_us < call->next_check_us))
        call->next_check_us = next_us;
    }
  return connections != NULL;
}

/* What should have arrived, not what is planned for later; and what is late: not what is on its way now. */
static gboolean
count_unsent (KobanLedger *ledger, KobanCall *call, GError **error)
{
  g_autoptr(GPtrArray) waiting = koban_ledger_get_outbox (ledger, G_MAXINT64, NULL, error);

  for (guint i = 0; waiting != NULL && i < waiting->len; i++)
    {
      const KobanDelivery *delivery = waiting->pdata[i];

      call->unsent += delivery->attempts > 0 || delivery->due_us <= call->now_us ? 1 : 0;
      call->overdue += delivery->attempts > 0 || delivery->due_us <= call->now_us - KOBAN_MINUTE_US ? 1 : 0;
    }
  return waiting != NULL;
}

static gboolean
status_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;
  GVariant *alerts = koban_ledger_list (ledger, KOBAN_LIST_ALERTS, NULL, error);

  if (alerts == NULL)
    return FALSE;
  g_autoptr(GVariant) sunk = g_variant_ref_sink (alerts);
  call->open = count_incidents (sunk);

  GVariant *channels = koban_ledger_get_channels (ledger, error);
  if (channels == NULL)
    return FALSE;
  call->channels = g_variant_ref_sink (channels);
  if (!count_unsent (ledger, call, error))
    return FALSE;
  call->list = KOBAN_LIST_CONNECTIONS;
  return read_next_check (ledger, call, error) && list_in_worker (ledger, call, error);
}

static void
on_keyring_seen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanCall *call = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) secret = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &error);

  if (secret != NULL || koban_error_is (error, KOBAN_ERROR_NOT_FOUND))
    call->keyring = "ok";
  else
    call->keyring = koban_error_is (error, KOBAN_ERROR_LOCKED) ? "locked" : "none";
  koban_books_read_async (call->bus->parts->tools.books, status_in_worker, call, NULL, on_status, call);
}

static void
on_status (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;
  g_auto(GVariantDict) status;

  if (!koban_call_finish (call, result))
    return;
  correct_connections (call);
  g_variant_dict_init (&status, NULL);
  g_variant_dict_insert_value (&status, "connections", call->rows);
  g_variant_dict_insert_value (&status, "channels", call->channels);
  g_variant_dict_insert (&status, "open", "x", call->open);
  g_variant_dict_insert (&status, "unsent", "x", call->unsent);
  g_variant_dict_insert (&status, "overdue", "x", call->overdue);
  g_variant_dict_insert (&status, "keyring", "s", call->keyring);
  g_variant_dict_insert (&status, "notifications", "s",
                         koban_courier_is_heard (call->bus->parts->courier) ? "ok" : "none");
  if (call->next_check_us != 0)
    g_variant_dict_insert (&status, "next_check", "x", call->next_check_us);
  koban_dbus_koban1_complete_status (call->bus->skeleton, call->invocation, g_variant_dict_end (&status));
}

/* --- the agent itself ----------------------------------------------------------------------------------- */

static gboolean
on_start_at_login (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, gboolean on, KobanBus *self)
{
  koban_autostart_set (on);
  koban_dbus_koban1_complete_start_at_login (skeleton, invocation);
  return TRUE;
}

static gboolean
on_reload (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  self->parts->reload (self->parts->agent);
  koban_dbus_koban1_complete_reload (skeleton, invocation);
  return TRUE;
}

/* --- the object
 * ---------------------------------------------------------------------------------------------- */

void
koban_bus_changed (KobanBus *self, const char *list_name)
{
  if (!self->closed)
    koban_dbus_koban1_emit_changed (self->skeleton, list_name);
}

gboolean
koban_bus_is_busy (KobanBus *self)
{
  return self->operations->len > 0 || self->pending > 0;
}

void
koban_bus_close (KobanBus *self)
{
  self->closed = TRUE;
  while (self->operations->len > 0)
    koban_operation_cancel (self->operations->pdata[0]);
  if (g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->skeleton)) != NULL)
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

static void
koban_bus_finalize (GObject *object)
{
  KobanBus *self = KOBAN_BUS (object);

  g_assert (self->closed || self->connection == NULL);
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_object_unref (self->skeleton);
  g_clear_object (&self->connection);
  g_ptr_array_unref (self->operations);
  G_OBJECT_CLASS (koban_bus_parent_class)->finalize (object);
}

static void
koban_bus_class_init (KobanBusClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_bus_finalize;
  signals[SIGNAL_BUSY_CHANGED] = g_signal_new ("busy-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                               0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

void
koban_bus_connect (KobanBus *self, const KobanBusHandler *handlers)
{
  for (const KobanBusHandler *row = handlers; row->signal != NULL; row++)
    g_signal_connect (self->skeleton, row->signal, row->handler, self);
}

static void
koban_bus_init (KobanBus *self)
{
  static const KobanBusHandler handlers[] = {
    { "handle-list-connections", G_CALLBACK (on_list_connections) },
    { "handle-list-accounts", G_CALLBACK (on_list_accounts) },
    { "handle-list-transactions", G_CALLBACK (on_list_transactions) },
    { "handle-list-links", G_CALLBACK (on_list_links) },
    { "handle-list-alerts", G_CALLBACK (on_list_alerts) },
    { "handle-review", G_CALLBACK (on_review) },
    { "handle-add", G_CALLBACK (on_add) },
    { "handle-remove", G_CALLBACK (on_remove) },
    { "handle-check", G_CALLBACK (on_check) },
    { "handle-import", G_CALLBACK (on_import) },
    { "handle-revoke", G_CALLBACK (on_revoke) },
    { "handle-answer", G_CALLBACK (on_answer) },
    { "handle-set-account", G_CALLBACK (on_set_account) },
    { "handle-status", G_CALLBACK (on_status_asked) },
    { "handle-start-at-login", G_CALLBACK (on_start_at_login) },
    { "handle-reload", G_CALLBACK (on_reload) },
    { "handle-test", G_CALLBACK (on_test) },
    { "handle-confirm", G_CALLBACK (on_confirm) },
    { NULL, NULL },
  };

  self->operations = g_ptr_array_new_with_free_func (g_object_unref);
  self->skeleton = koban_dbus_koban1_skeleton_new ();
  koban_dbus_koban1_set_version (self->skeleton, KOBAN_VERSION);
  koban_bus_connect (self, handlers);
  koban_bus_connect_case (self);
  koban_bus_connect_copies (self);
}

KobanBus *
koban_bus_new (GDBusConnection *connection, KobanParts *parts, GError **error)
{
  g_autoptr(KobanBus) self = g_object_new (KOBAN_TYPE_BUS, NULL);

  self->parts = parts;
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection,
                                         KOBAN_BUS_PATH, error))
    return NULL;
  self->connection = g_object_ref (connection);
  return g_steal_pointer (&self);
}
