/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The calls about one incident's case: what is known of it, what Koban sent of it, what the person did about
 * it, and the journal that proves them.
 */
#include "config.h"

#include "bus-inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

static gboolean
verify_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_call_keep_rows (call, koban_ledger_verify_code (ledger, call->id, error));
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (koban_call_finish (call, result))
    koban_dbus_koban1_complete_verify (call->bus->skeleton, call->invocation, call->rows);
}

static gboolean
on_verify (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, const char *code, KobanBus *self)
{
  if (!koban_call_is_name (invocation, code))
    return TRUE;

  KobanCall *call = koban_call_new (self, invocation);
  call->id = g_strdup (code);
  koban_books_read_async (self->parts->tools.books, verify_in_worker, call, NULL, on_verified, call);
  return TRUE;
}

#define LONGEST_PHONE 40

static gboolean
note_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_ledger_note (ledger, call->id, call->argument, call->now_us, error);
}

static gboolean
export_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;
  const char *sha256, *format;

  g_variant_get (call->argument, "(&s&s)", &sha256, &format);
  return koban_ledger_note_export (ledger, call->id, sha256, format, call->now_us, error);
}

static gboolean
set_card_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_ledger_set_card (ledger, call->id, g_variant_get_string (call->argument, NULL), call->now_us,
                                error);
}

static gboolean
case_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;
  gboolean full = FALSE;

  g_variant_lookup (call->argument, "full_number", "b", &full);
  return koban_call_keep_rows (call, koban_ledger_get_case (ledger, call->id, full, error));
}

static gboolean
claims_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return koban_call_keep_rows (job, koban_ledger_list_claims (ledger, error));
}

static gboolean
verify_journal_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanCall *call = job;

  return koban_call_keep_rows (call, koban_ledger_verify_journal (ledger, call->argument, error));
}

static gboolean
cards_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return koban_call_keep_rows (job, koban_ledger_list_cards (ledger, error));
}

/* With what was asked for, if anything was. */
static void
on_case_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCall) call = user_data;

  if (!koban_call_finish (call, result))
    return;
  if (call->rows != NULL)
    g_dbus_method_invocation_return_value (call->invocation, g_variant_new_tuple (&call->rows, 1));
  else
    g_dbus_method_invocation_return_value (call->invocation, NULL);
}

static void
on_case_noted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanCall *call = user_data;
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
  KobanCall *call = koban_call_new (self, invocation);

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
  KobanCall *call = koban_call_new (self, invocation);

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
  if (!koban_call_is_name (invocation, incident) || !koban_call_is_small (invocation, note))
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
  if (!koban_call_is_name (invocation, incident) || !koban_call_is_name (invocation, sha256) ||
      !koban_call_is_name (invocation, format))
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
  if (!koban_call_is_name (invocation, account))
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
  if (!koban_call_is_name (invocation, incident) || !koban_call_is_small (invocation, options))
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
  if (!koban_call_is_small (invocation, options))
    return TRUE;
  return read_case (self, invocation, verify_journal_in_worker, NULL, options);
}

static gboolean
on_cards (KobanDBusKoban1 *skeleton, GDBusMethodInvocation *invocation, KobanBus *self)
{
  return read_case (self, invocation, cards_in_worker, NULL, NULL);
}

void
koban_bus_connect_case (KobanBus *self)
{
  static const KobanBusHandler handlers[] = {
    { "handle-note", G_CALLBACK (on_note) },
    { "handle-exported", G_CALLBACK (on_exported) },
    { "handle-dossier", G_CALLBACK (on_dossier) },
    { "handle-claims", G_CALLBACK (on_claims) },
    { "handle-verify-journal", G_CALLBACK (on_verify_journal) },
    { "handle-cards", G_CALLBACK (on_cards) },
    { "handle-set-card", G_CALLBACK (on_set_card) },
    { "handle-verify", G_CALLBACK (on_verify) },
    { NULL, NULL },
  };

  koban_bus_connect (self, handlers);
}
