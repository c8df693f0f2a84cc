/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's face. Lists come from the reader thread, changes go to the ledger thread, and what
 * asks a bank becomes an operation. Arguments are measured here, before anything else sees them.
 */
#include "config.h"

#include "autostart.h"
#include "bus.h"
#include "connect.h"
#include "copies.h"
#include "filing.h"
#include "importing.h"
#include "operation.h"
#include "proof.h"
#include "revoke.h"
#include "survey.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>

#include "data/koban-dbus.h"

#define LARGEST_ARGUMENT (512 * 1024)
#define LONGEST_NAME 1024
#define MOST_OPERATIONS 32

struct _KobanBus
{
  GObject parent;

  GDBusConnection *connection; /* (owned) */
  KobanDBusKoban1 *skeleton;   /* (owned) */
  KobanParts *parts;           /* (unowned) */
  GPtrArray *operations;       /* (owned) (element-type KobanOperation) */
  guint pending;               /* calls not yet answered */
  gboolean closed;
};

enum
{
  SIGNAL_BUSY_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanBus, koban_bus, G_TYPE_OBJECT)

/* --- one call that waits for a ledger thread ------------------------------------------------------------ */

typedef struct
{
  KobanBus *bus;                     /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) (nullable): answered when NULL */
  KobanList list;
  GVariant *argument; /* (owned) (nullable): filter or changes */
  char *id;           /* (owned) (nullable) */
  KobanAnswer answer;
  gboolean purge;
  gint64 now_us;
  KobanConnection *connection; /* (owned) (nullable) */
  gboolean was_last;           /* no connection is left */
  GVariant *rows;              /* (owned) (nullable): what came of it */
  GVariant *channels;          /* (owned) (nullable) */
  gint64 open, unsent, next_check_us;
  guint kind; /* of secrets that is to be forgotten next */
  const char *keyring;
} Call;

static Call *
call_new (KobanBus *self, GDBusMethodInvocation *invocation)
{
  Call *call = g_new0 (Call, 1);

  call->bus = g_object_ref (self);
  call->invocation = g_object_ref (invocation);
  call->now_us = koban_parts_now_us (self->parts);
  self->pending++;
  g_signal_emit (self, signals[SIGNAL_BUSY_CHANGED], 0);
  return call;
}

static void
call_free (Call *call)
{
  call->bus->pending--;
  g_signal_emit (call->bus, signals[SIGNAL_BUSY_CHANGED], 0);
  g_clear_object (&call->bus);
  g_clear_object (&call->invocation);
  g_clear_pointer (&call->argument, g_variant_unref);
  g_clear_pointer (&call->connection, koban_connection_free);
  g_clear_pointer (&call->rows, g_variant_unref);
  g_clear_pointer (&call->channels, g_variant_unref);
  g_free (call->id);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* Errors of our own keep their name on the bus; all others are "failed", with their sentence. */
static void
refuse (GDBusMethodInvocation *invocation, const GError *error)
{
  if (error->domain == KOBAN_ERROR)
    g_dbus_method_invocation_return_gerror (invocation, error);
  else
    g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_FAILED,
                                                   error->message);
}

static gboolean
is_small (GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (g_variant_get_size (argument) <= LARGEST_ARGUMENT)
    return TRUE;
  g_dbus_method_invocation_return_error (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                         _("The request is larger than %d bytes."), LARGEST_ARGUMENT);
  return FALSE;
}

static gboolean
is_name (GDBusMethodInvocation *invocation, const char *name)
{
  if (*name != '\0' && strlen (name) <= LONGEST_NAME)
    return TRUE;
  g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 _("An id or a name is needed, and not a long text."));
  return FALSE;
}

static gboolean
finish_call (Call *call, GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;

  if (koban_books_finish (call->bus->parts->tools.books, result, &error))
    return TRUE;
  refuse (call->invocation, error);
  return FALSE;
}

/* --- lists -------------------------------------------------------------------------------------------- */

static gboolean
list_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;
  GVariant *rows = koban_ledger_list (ledger, call->list, call->argument, error);

  call->rows = rows != NULL ? g_variant_ref_sink (rows) : NULL;
  return rows != NULL;
}

/* While nothing can be written, what is written is not true any more. */
static void
correct_connections (Call *call)
{
  const char *blind = call->bus->parts->blind;
  g_autoptr(GVariant) old = NULL;
  GVariantBuilder rows;
  GVariantIter iter;
  GVariant *row;

  if (blind == NULL || call->list != KOBAN_LIST_CONNECTIONS)
    return;
  old = g_steal_pointer (&call->rows);
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, old);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (row);

      g_variant_dict_insert (&dict, "state", "s", koban_connection_state_name (KOBAN_CONNECTION_ERROR));
      g_variant_dict_insert (&dict, "message", "s", blind);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&dict));
      g_variant_unref (row);
    }
  call->rows = g_variant_ref_sink (g_variant_builder_end (&rows));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
    return;
  correct_connections (call);
  g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(@aa{sv})", call->rows));
}

static gboolean
list (KobanBus *self, GDBusMethodInvocation *invocation, KobanList what, GVariant *filter)
{
  if (!is_small (invocation, filter))
    return TRUE;

  Call *call = call_new (self, invocation);
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
  Call *call = job;
  GVariant *review = koban_ledger_review (ledger, call->argument, error);

  call->rows = review != NULL ? g_variant_ref_sink (review) : NULL;
  return review != NULL;
}

static gboolean
settle_review_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;

  return koban_ledger_settle (ledger, KOBAN_REVIEW_KEY, call->now_us, error);
}

static void
on_review_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_books_finish (call->bus->parts->tools.books, result, &error))
    koban_parts_changed (call->bus->parts, "alerts");
  else
    g_message ("The offer of a review could not be settled: %s", error->message);
}

static void
on_reviewed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;
  gboolean seen = FALSE;

  if (!finish_call (call, result))
    return;
  koban_dbus_koban1_complete_review (call->bus->skeleton, call->invocation, call->rows);
  if (!g_variant_lookup (call->argument, "seen", "b", &seen) || !seen)
    return;
  Call *job = g_steal_pointer (&call);
  koban_books_write_async (job->bus->parts->tools.books, settle_review_in_worker, job, NULL,
                           on_review_settled, job);
}

static gboolean
on_review (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, GVariant *filter, KobanBus *self)
{
  if (!is_small (invocation, filter))
    return TRUE;

  Call *call = call_new (self, invocation);
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
      refuse (invocation, error);
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

  if (!is_small (invocation, request))
    return TRUE;
  KobanConnect *connect = koban_connect_new (self->parts, request, &error);
  if (connect != NULL)
    return begin (self, invocation, koban_connect_start, connect, koban_connect_free);
  refuse (invocation, error);
  return TRUE;
}

static gboolean
on_check (KobanDBusKoban1 *skeleton,
          GDBusMethodInvocation *invocation,
          const char *const *connections,
          KobanBus *self)
{
  if (!is_small (invocation, g_dbus_method_invocation_get_parameters (invocation)))
    return TRUE;
  if (g_strv_length ((char **) connections) > LONGEST_NAME)
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

  if (!is_small (invocation, options))
    return TRUE;
  KobanRevoke *revoke = koban_revoke_new (self->parts, link, options, &error);
  if (revoke != NULL)
    return begin (self, invocation, koban_revoke_start, revoke, koban_revoke_free);
  refuse (invocation, error);
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

  if (!is_small (invocation, request))
    return TRUE;
  int file = files != NULL ? g_unix_fd_list_get (files, g_variant_get_handle (handle), &error) : -1;
  if (file < 0)
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("No file came along."));
      return TRUE;
    }
  KobanImporting *importing = koban_importing_new (self->parts, file, request, &error);
  if (importing != NULL)
    return begin (self, invocation, koban_importing_start, importing, koban_importing_free);
  refuse (invocation, error);
  return TRUE;
}

static gboolean
prove (KobanBus *self, GDBusMethodInvocation *invocation, const char *channel, gboolean send)
{
  if (!is_name (invocation, channel))
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

/* --- what Koban sent ------------------------------------------------------------------------------------ */

static gboolean
verify_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;
  GVariant *rows = koban_ledger_verify_code (ledger, call->id, error);

  call->rows = rows != NULL ? g_variant_ref_sink (rows) : NULL;
  return rows != NULL;
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (finish_call (call, result))
    koban_dbus_koban1_complete_verify (call->bus->skeleton, call->invocation, call->rows);
}

static gboolean
on_verify (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, const char *code, KobanBus *self)
{
  if (!is_name (invocation, code))
    return TRUE;

  Call *call = call_new (self, invocation);
  call->id = g_strdup (code);
  koban_books_read_async (self->parts->tools.books, verify_in_worker, call, NULL, on_verified, call);
  return TRUE;
}

/* --- the case: what is known of an incident, and what the person did about it ----------------------------
 */

#define LONGEST_PHONE 40

static gboolean
note_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;

  return koban_ledger_note (ledger, call->id, call->argument, call->now_us, error);
}

static gboolean
export_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;
  const char *sha256, *format;

  g_variant_get (call->argument, "(&s&s)", &sha256, &format);
  return koban_ledger_note_export (ledger, call->id, sha256, format, call->now_us, error);
}

static gboolean
set_card_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;

  return koban_ledger_set_card (ledger, call->id, g_variant_get_string (call->argument, NULL), call->now_us,
                                error);
}

static gboolean
keep_rows (Call *call, GVariant *rows)
{
  call->rows = rows != NULL ? g_variant_ref_sink (rows) : NULL;
  return rows != NULL;
}

static gboolean
case_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;
  gboolean full = FALSE;

  g_variant_lookup (call->argument, "full_number", "b", &full);
  return keep_rows (call, koban_ledger_get_case (ledger, call->id, full, error));
}

static gboolean
claims_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return keep_rows (job, koban_ledger_list_claims (ledger, error));
}

static gboolean
verify_journal_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;

  return keep_rows (call, koban_ledger_verify_journal (ledger, call->argument, error));
}

static gboolean
cards_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return keep_rows (job, koban_ledger_list_cards (ledger, error));
}

/* With what was asked for, if anything was. */
static void
on_case_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
    return;
  if (call->rows != NULL)
    g_dbus_method_invocation_return_value (call->invocation, g_variant_new_tuple (&call->rows, 1));
  else
    g_dbus_method_invocation_return_value (call->invocation, NULL);
}

static void
on_case_noted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  KobanParts *parts = call->bus->parts;

  on_case_answered (source, result, user_data);
  koban_parts_changed (parts, "alerts");
}

/* Takes a reference to @argument (nullable). */
static gboolean
read_case (KobanBus *self,
           GDBusMethodInvocation *invocation,
           KobanBooksFunc func,
           const char *id,
           GVariant *argument)
{
  Call *call = call_new (self, invocation);

  call->id = g_strdup (id);
  call->argument = argument != NULL ? g_variant_ref_sink (argument) : NULL;
  koban_books_read_async (self->parts->tools.books, func, call, NULL, on_case_answered, call);
  return TRUE;
}

static gboolean
write_case (KobanBus *self,
            GDBusMethodInvocation *invocation,
            KobanBooksFunc func,
            const char *id,
            GVariant *argument)
{
  Call *call = call_new (self, invocation);

  call->id = g_strdup (id);
  call->argument = g_variant_ref_sink (argument);
  koban_books_write_async (self->parts->tools.books, func, call, NULL, on_case_noted, call);
  return TRUE;
}

static gboolean
on_note (KobanDBusKoban1 *skeleton,
         GDBusMethodInvocation *invocation,
         const char *incident,
         GVariant *note,
         KobanBus *self)
{
  if (!is_name (invocation, incident) || !is_small (invocation, note))
    return TRUE;
  return write_case (self, invocation, note_in_worker, incident, note);
}

static gboolean
on_exported (KobanDBusKoban1 *skeleton,
             GDBusMethodInvocation *invocation,
             const char *incident,
             const char *sha256,
             const char *format,
             KobanBus *self)
{
  if (!is_name (invocation, incident) || !is_name (invocation, sha256) || !is_name (invocation, format))
    return TRUE;
  return write_case (self, invocation, export_in_worker, incident, g_variant_new ("(ss)", sha256, format));
}

static gboolean
on_set_card (KobanDBusKoban1 *skeleton,
             GDBusMethodInvocation *invocation,
             const char *account,
             const char *phone,
             KobanBus *self)
{
  if (!is_name (invocation, account))
    return TRUE;
  if (strlen (phone) > LONGEST_PHONE)
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("This is too long for a telephone number."));
      return TRUE;
    }
  return write_case (self, invocation, set_card_in_worker, account, g_variant_new_string (phone));
}

static gboolean
on_dossier (KobanDBusKoban1 *skeleton,
            GDBusMethodInvocation *invocation,
            const char *incident,
            GVariant *options,
            KobanBus *self)
{
  if (!is_name (invocation, incident) || !is_small (invocation, options))
    return TRUE;
  return read_case (self, invocation, case_in_worker, incident, options);
}

static gboolean
on_claims (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  return read_case (self, invocation, claims_in_worker, NULL, NULL);
}

static gboolean
on_verify_journal (KobanDBusKoban1 *skeleton,
                   GDBusMethodInvocation *invocation,
                   GVariant *options,
                   KobanBus *self)
{
  if (!is_small (invocation, options))
    return TRUE;
  return read_case (self, invocation, verify_journal_in_worker, NULL, options);
}

static gboolean
on_cards (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  return read_case (self, invocation, cards_in_worker, NULL, NULL);
}

/* --- answers and settings ----------------------------------------------------------------------------------
 */

static gboolean
answer_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;

  return koban_ledger_answer (ledger, call->id, call->answer, call->now_us, error);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
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

  if (!is_name (invocation, id))
    return TRUE;
  if (*answer != '\0' && !koban_answer_parse (answer, &parsed))
    {
      g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                     _("An answer is one of: mine, not-mine, unsure."));
      return TRUE;
    }

  Call *call = call_new (self, invocation);
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
  Call *call = job;
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
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
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
  if (!is_name (invocation, account) || !is_small (invocation, changes))
    return TRUE;

  Call *call = call_new (self, invocation);
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
  Call *call = job;

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
  if (!is_name (invocation, connection))
    return TRUE;

  Call *call = call_new (self, invocation);
  call->id = g_strdup (connection);
  call->purge = purge;
  koban_books_write_async (self->parts->tools.books, know_connection_in_worker, call, NULL, on_removal_known,
                           call);
  return TRUE;
}

static void
on_removal_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

  if (finish_call (call, result))
    koban_rounds_halt_async (call->bus->parts->rounds, call->connection->id, on_removal_halted, call);
  else
    call_free (call);
}

static gboolean remove_in_worker (KobanLedger *ledger, gpointer job, GError **error);

/* What is imported has no secret, and needs no keyring to be forgotten. */
static void
on_removal_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

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
  Call *call = job;

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
  g_autoptr(Call) call = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    {
      refuse (call->invocation, error);
      return;
    }
  Call *job = g_steal_pointer (&call);
  koban_books_write_async (job->bus->parts->tools.books, remove_in_worker, job, NULL, on_removed, job);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
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
                            call_new (self, invocation));
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
read_next_check (KobanLedger *ledger, Call *call, GError **error)
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

/* What should have arrived; not what is planned for later. */
static gboolean
count_unsent (KobanLedger *ledger, Call *call, GError **error)
{
  g_autoptr(GPtrArray) waiting = koban_ledger_get_outbox (ledger, G_MAXINT64, NULL, error);

  for (guint i = 0; waiting != NULL && i < waiting->len; i++)
    {
      const KobanDelivery *delivery = waiting->pdata[i];

      call->unsent += delivery->attempts > 0 || delivery->due_us <= call->now_us ? 1 : 0;
    }
  return waiting != NULL;
}

static gboolean
status_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;
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
  Call *call = user_data;
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
  g_autoptr(Call) call = user_data;
  g_auto(GVariantDict) status;

  if (!finish_call (call, result))
    return;
  correct_connections (call);
  g_variant_dict_init (&status, NULL);
  g_variant_dict_insert_value (&status, "connections", call->rows);
  g_variant_dict_insert_value (&status, "channels", call->channels);
  g_variant_dict_insert (&status, "open", "x", call->open);
  g_variant_dict_insert (&status, "unsent", "x", call->unsent);
  g_variant_dict_insert (&status, "keyring", "s", call->keyring);
  g_variant_dict_insert (&status, "notifications", "s",
                         koban_courier_is_heard (call->bus->parts->courier) ? "ok" : "none");
  if (call->next_check_us != 0)
    g_variant_dict_insert (&status, "next_check", "x", call->next_check_us);
  koban_dbus_koban1_complete_status (call->bus->skeleton, call->invocation, g_variant_dict_end (&status));
}

/* --- copies, and the end of everything
 * -------------------------------------------------------------------------- */

static KobanCopy *
take_copy (KobanBus *self, GDBusMethodInvocation *invocation, GUnixFDList *files, GVariant *handle)
{
  g_autoptr(GError) error = NULL;
  int file = files != NULL ? g_unix_fd_list_get (files, g_variant_get_handle (handle), &error) : -1;
  KobanCopy *copy = NULL;

  if (file >= 0)
    copy = koban_copy_new (file, self->parts->services, koban_parts_now_us (self->parts), &error);
  if (copy != NULL)
    return copy;
  g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 error != NULL ? error->message : _("No file came along."));
  return NULL;
}

static void
on_copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (finish_call (call, result))
    g_dbus_method_invocation_return_value (call->invocation, NULL);
}

static gboolean
on_backup (KobanDBusKoban1 *skeleton,
           GDBusMethodInvocation *invocation,
           GUnixFDList *files,
           GVariant *handle,
           KobanBus *self)
{
  KobanCopy *copy = take_copy (self, invocation, files, handle);

  if (copy != NULL)
    koban_books_write_async (self->parts->tools.books, koban_copy_write_in_worker, copy, koban_copy_free,
                             on_copied, call_new (self, invocation));
  return TRUE;
}

static void
on_restored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
    return;
  g_dbus_method_invocation_return_value (call->invocation, NULL);
  call->bus->parts->leave (call->bus->parts->agent, FALSE);
}

static gboolean
on_restore (KobanDBusKoban1 *skeleton,
            GDBusMethodInvocation *invocation,
            GUnixFDList *files,
            GVariant *handle,
            KobanBus *self)
{
  KobanCopy *copy = take_copy (self, invocation, files, handle);

  if (copy != NULL)
    koban_books_write_async (self->parts->tools.books, koban_copy_read_in_worker, copy, koban_copy_free,
                             on_restored, call_new (self, invocation));
  return TRUE;
}

static void on_kind_forgotten (GObject *source, GAsyncResult *result, gpointer user_data);

static const KobanSecretKind kinds_to_forget[] = { KOBAN_SECRET_CONNECTION, KOBAN_SECRET_REVOKE,
                                                   KOBAN_SECRET_CHANNEL };

/* Takes @call. */
static void
forget_next_kind (Call *call)
{
  if (call->kind < G_N_ELEMENTS (kinds_to_forget))
    {
      koban_vault_remove_async (call->bus->parts->tools.vault, kinds_to_forget[call->kind++], NULL, NULL,
                                on_kind_forgotten, call);
      return;
    }
  koban_autostart_set (FALSE);
  g_dbus_method_invocation_return_value (call->invocation, NULL);
  call->bus->parts->leave (call->bus->parts->agent, TRUE);
  call_free (call);
}

static void
on_kind_forgotten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_vault_remove_finish (KOBAN_VAULT (source), result, &error) ||
      koban_error_is (error, KOBAN_ERROR_NO_KEYRING))
    {
      forget_next_kind (call);
      return;
    }
  refuse (call->invocation, error);
  call_free (call);
}

static gboolean
count_connections_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Call *call = job;
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);

  call->was_last = connections != NULL && connections->len == 0;
  return connections != NULL;
}

static void
on_connections_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Call) call = user_data;

  if (!finish_call (call, result))
    return;
  if (call->was_last)
    {
      forget_next_kind (g_steal_pointer (&call));
      return;
    }
  g_dbus_method_invocation_return_error_literal (call->invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 _("A bank is still connected: remove it first."));
}

static gboolean
on_leave (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  Call *call = call_new (self, invocation);

  koban_books_read_async (self->parts->tools.books, count_connections_in_worker, call, NULL,
                          on_connections_counted, call);
  return TRUE;
}

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

static void
koban_bus_init (KobanBus *self)
{
  static const struct
  {
    const char *signal;
    GCallback handler;
  } handlers[] = {
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
    { "handle-note", G_CALLBACK (on_note) },
    { "handle-exported", G_CALLBACK (on_exported) },
    { "handle-dossier", G_CALLBACK (on_dossier) },
    { "handle-claims", G_CALLBACK (on_claims) },
    { "handle-verify-journal", G_CALLBACK (on_verify_journal) },
    { "handle-cards", G_CALLBACK (on_cards) },
    { "handle-set-card", G_CALLBACK (on_set_card) },
    { "handle-set-account", G_CALLBACK (on_set_account) },
    { "handle-status", G_CALLBACK (on_status_asked) },
    { "handle-backup", G_CALLBACK (on_backup) },
    { "handle-restore", G_CALLBACK (on_restore) },
    { "handle-leave", G_CALLBACK (on_leave) },
    { "handle-start-at-login", G_CALLBACK (on_start_at_login) },
    { "handle-reload", G_CALLBACK (on_reload) },
    { "handle-test", G_CALLBACK (on_test) },
    { "handle-confirm", G_CALLBACK (on_confirm) },
    { "handle-verify", G_CALLBACK (on_verify) },
  };

  self->operations = g_ptr_array_new_with_free_func (g_object_unref);
  self->skeleton = koban_dbus_koban1_skeleton_new ();
  koban_dbus_koban1_set_version (self->skeleton, KOBAN_VERSION);
  for (gsize i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_signal_connect (self->skeleton, handlers[i].signal, handlers[i].handler, self);
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
