/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ending a link, to be read downwards: know the link, take the power to revoke (a one-time item,
 * else one the person keeps, else the watching secret where that suffices), ask the bank, list
 * again, write down what came of it. The power is dropped with this operation and stored nowhere.
 */
#include "config.h"

#include "agreement.h"
#include "confirming.h"
#include "revoke.h"
#include "share.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/session.h>

struct _KobanRevoke
{
  KobanParts *parts;         /* (unowned) */
  char *name;                /* (owned): id or unique name of the link, as it was asked for */
  char *answer_id;           /* (owned) (nullable): the one-time item */
  KobanOperation *operation; /* (owned) (nullable): while it runs */
  GError *error;             /* (owned) (nullable): what the caller is told */

  KobanLink *link;             /* (owned) (nullable) until it is known, as the three below */
  KobanAccount *account;       /* (owned) (nullable): of no account */
  KobanConnection *connection; /* (owned) (nullable) */
  KobanProfile *profile;       /* (owned) (nullable) */
  KobanSecret *watching;       /* (owned) (nullable) */
  KobanSession *session;       /* (owned) (nullable) */
  GPtrArray *heard;            /* (owned) (nullable): of the last request */
  KobanMergeResult merged;
  gboolean reserved; /* no check of the connection runs meanwhile */
  gboolean listed;   /* a whole list of links was heard after the asking … */
  gboolean present;  /* … and it holds the link, in force … */
  gboolean ended;    /* … or holds it as ended */
  gboolean shut_out; /* the bank refused the secret after the asking */
  gint64 now_us;
  gint64 confirmed_until_us; /* how long the person is waited for, of the boot clock; 0: they are not */
  int utc_offset_minutes;
  const char *result;  /* (nullable): "gone" … */
  const char *by_hand; /* (unowned) (nullable): the profile's */
};

static void drop_power (KobanRevoke *self);

void
koban_revoke_free (gpointer data)
{
  KobanRevoke *self = data;

  g_assert (self->operation == NULL);
  drop_power (self); /* of a caller that never started it */
  g_free (self->name);
  g_clear_error (&self->error);
  g_clear_pointer (&self->link, koban_link_unref);
  g_clear_pointer (&self->account, koban_account_unref);
  g_clear_pointer (&self->connection, koban_connection_free);
  g_clear_pointer (&self->profile, koban_profile_unref);
  g_clear_pointer (&self->watching, koban_secret_unref);
  g_clear_object (&self->session);
  g_clear_pointer (&self->heard, g_ptr_array_unref);
  g_free (self);
}

KobanRevoke *
koban_revoke_new (KobanParts *parts, const char *link, GVariant *options, GError **error)
{
  const char *secret_id = NULL;

  g_variant_lookup (options, "secret_id", "&s", &secret_id);
  if (*link == '\0' || strlen (link) > 1024 || (secret_id != NULL && strlen (secret_id) > 256))
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("That is not the name of a link."));
      return NULL;
    }

  KobanRevoke *self = g_new0 (KobanRevoke, 1);
  self->parts = parts;
  self->name = g_strdup (link);
  self->answer_id = secret_id != NULL && *secret_id != '\0' ? g_strdup (secret_id) : NULL;
  return self;
}

static void on_known (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_reserved (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_watching (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_power (GObject *source, GAsyncResult *result, gpointer user_data);
static void sign_in (KobanRevoke *self, KobanSecret *power);
static void ask (KobanRevoke *self);
static void on_confirming (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_spent (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_heard (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_kept (GObject *source, GAsyncResult *result, gpointer user_data);
static void go_on (KobanRevoke *self);
static void on_merged (GObject *source, GAsyncResult *result, gpointer user_data);
static void conclude (KobanRevoke *self);
static void on_written (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_checked (GObject *source, GAsyncResult *result, gpointer user_data);

static GCancellable *
cancellable (KobanRevoke *self)
{
  return koban_operation_get_cancellable (self->operation);
}

static void
on_power_dropped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanVault *vault = KOBAN_VAULT (source);
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (vault, result, &error))
    g_message ("A one-time secret could not be deleted: %s", error->message);
}

/* The one-time item is deleted when it was read, and at the latest with the operation. */
static void
drop_power (KobanRevoke *self)
{
  g_autofree char *answer_id = g_steal_pointer (&self->answer_id);

  if (answer_id != NULL)
    koban_vault_remove_async (self->parts->tools.vault, KOBAN_SECRET_ANSWER, answer_id, NULL,
                              on_power_dropped, NULL);
}

static void
release (KobanRevoke *self)
{
  if (self->reserved)
    koban_rounds_release (self->parts->rounds, self->connection->id);
  self->reserved = FALSE;
}

static void
end (KobanRevoke *self)
{
  g_autoptr(KobanOperation) operation = g_steal_pointer (&self->operation);
  g_auto(GVariantDict) result;

  drop_power (self);
  release (self);
  g_variant_dict_init (&result, NULL);
  if (self->error == NULL)
    {
      g_variant_dict_insert (&result, "result", "s", self->result);
      if (self->by_hand != NULL)
        g_variant_dict_insert (&result, "by_hand", "s", self->by_hand);
    }
  koban_operation_end (operation, g_variant_dict_end (&result), self->error);
}

/* --- know the link -------------------------------------------------------------------------------------- */

static gboolean
know_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanRevoke *self = job;
  g_autofree char *connection = NULL;

  self->link = koban_ledger_get_link (ledger, self->name, &connection, &self->account, error);
  if (self->link == NULL)
    return FALSE;
  self->connection = koban_ledger_get_connection (ledger, connection, error);
  return self->connection != NULL;
}

void
koban_revoke_start (KobanOperation *operation, gpointer data)
{
  KobanRevoke *self = data;

  self->operation = g_object_ref (operation);
  koban_books_write_async (self->parts->tools.books, know_in_worker, self, NULL, on_known, self);
}

static gboolean
choose_profile (KobanRevoke *self)
{
  KobanProfile *profile = koban_profiles_lookup (self->parts->tools.profiles, self->connection->provider);

  if (profile == NULL)
    g_set_error (&self->error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
                 _("The provider “%s” of “%s” is not installed any more."), self->connection->provider,
                 self->connection->name);
  else if (koban_agreement_holds (profile, self->connection, &self->error))
    self->profile = koban_profile_ref (profile);
  return self->profile != NULL;
}

static void
on_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  if (!koban_books_finish (self->parts->tools.books, result, &self->error) || !choose_profile (self))
    {
      end (self);
      return;
    }

  KobanRevocation how = koban_profile_get_revocation (self->profile, self->link->kind, &self->by_hand);
  if (self->link->remote_id == NULL || (how != KOBAN_REVOCATION_API && how != KOBAN_REVOCATION_API_SCA))
    {
      self->result = "manual";
      end (self);
      return;
    }
  koban_operation_progress (self->operation, "sign-in", self->connection->id, 0, 0);
  koban_rounds_reserve_async (self->parts->rounds, self->connection->id, on_reserved, self);
}

/* A token that is renewed here may not be renewed there. */
static void
on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  self->reserved = koban_rounds_reserve_finish (KOBAN_ROUNDS (source), result);
  koban_vault_lookup_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->connection->secret_id,
                            cancellable (self), on_watching, self);
}

/* --- take the power ------------------------------------------------------------------------------------- */

static gboolean
needs_power (KobanRevoke *self)
{
  GArray *needs = koban_profile_get_needs (self->profile);

  for (guint i = 0; i < needs->len; i++)
    if (koban_profile_wants_to_revoke (self->profile, self->link->kind, &g_array_index (needs, KobanNeed, i)))
      return TRUE;
  return FALSE;
}

static void
on_watching (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;
  KobanVault *vault = self->parts->tools.vault;

  self->watching = koban_vault_lookup_finish (vault, result, &self->error);
  if (self->watching == NULL)
    end (self);
  else if (!needs_power (self))
    sign_in (self, NULL);
  else if (self->answer_id != NULL)
    koban_vault_lookup_async (vault, KOBAN_SECRET_ANSWER, self->answer_id, cancellable (self), on_power,
                              self);
  else
    koban_vault_lookup_async (vault, KOBAN_SECRET_REVOKE, self->connection->secret_id, cancellable (self),
                              on_power, self);
}

static void
on_power (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  g_autoptr(KobanSecret) power = koban_vault_lookup_finish (KOBAN_VAULT (source), result, &self->error);
  drop_power (self);
  if (koban_error_is (self->error, KOBAN_ERROR_NOT_FOUND))
    {
      g_clear_error (&self->error);
      self->error =
        g_error_new (KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                     _("What Koban keeps for “%s” can only watch. Give it what may revoke, for this once."),
                     self->connection->name);
    }
  if (power != NULL)
    sign_in (self, power);
  else
    end (self);
}

/* What watches, and over it what revokes: only the needs that the profile marks so. */
static KobanSecret *
with_power (KobanRevoke *self, KobanSecret *power)
{
  GArray *needs = koban_profile_get_needs (self->profile);
  KobanSecret *secrets = koban_secret_ref (self->watching);

  for (guint i = 0; power != NULL && i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);
      g_autoptr(KobanSecret) value = need->revoke ? koban_secret_bundle_lookup (power, need->name) : NULL;
      if (value == NULL)
        continue;
      g_autoptr(KobanSecret) before = g_steal_pointer (&secrets);
      secrets = koban_secret_bundle_with (before, need->name, value);
    }
  return secrets;
}

/* --- ask, and list again -----------------------------------------------------------------------------------
 */

static void
sign_in (KobanRevoke *self, KobanSecret *power)
{
  g_autoptr(KobanSecret) secrets = with_power (self, power);
  self->now_us = koban_parts_now_us (self->parts);
  KobanSessionOptions options = {
    .profile = self->profile,
    .base_url = self->connection->base_url,
    .ca_pem = self->connection->ca_pem,
    .fields = (const char *const *) self->connection->fields,
    .secrets = secrets,
    .now_us = self->now_us,
  };

  self->session = koban_session_new (self->parts->tools.http, &options, &self->error);
  if (self->session == NULL ||
      !koban_session_set_revoke (self->session, self->link, self->account, &self->error))
    end (self);
  else
    ask (self);
}

static gboolean
spend_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanRevoke *self = job;

  return koban_ledger_spend_request (ledger, self->connection->id,
                                     koban_share_of (self->profile, self->connection), TRUE, self->now_us,
                                     NULL, error);
}

static void
ask (KobanRevoke *self)
{
  if (!koban_session_has_next (self->session))
    {
      conclude (self);
      return;
    }
  if (koban_session_get_factor (self->session) != NULL)
    {
      koban_confirming_wait_async (self->parts, self->operation, self->session, &self->confirmed_until_us,
                                   on_confirming, self);
      return;
    }
  koban_operation_ask (self->operation, NULL, NULL, NULL);
  gboolean asked = koban_session_get_revoke_result (self->session) != KOBAN_REVOKE_PENDING;
  koban_operation_progress (self->operation, asked ? "proving" : "revoking", self->connection->id, 0, 0);
  self->now_us = koban_parts_now_us (self->parts);
  koban_books_write_async (self->parts->tools.books, spend_in_worker, self, NULL, on_spent, self);
}

/* How the confirmation stands is asked for as long as the person is waited for, and out of no budget: that is
 * as short as a sign-in. */
static void
on_confirming (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  if (!koban_confirming_wait_finish (result, &self->error))
    conclude (self);
  else if (koban_session_get_factor (self->session) != NULL)
    koban_session_step_async (self->session, cancellable (self), on_heard, self);
  else
    ask (self);
}

static void
on_spent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  if (!koban_books_finish (self->parts->tools.books, result, &self->error))
    conclude (self);
  else
    koban_session_step_async (self->session, cancellable (self), on_heard, self);
}

static void
look_for_link (KobanRevoke *self, const KobanSnapshot *snapshot)
{
  if (snapshot->listing != KOBAN_LISTING_LINKS || snapshot->reach != KOBAN_REACH_WHOLE ||
      (snapshot->unheard & (1u << self->link->kind)) != 0)
    return;

  self->listed = TRUE;
  for (guint i = 0; snapshot->rows != NULL && i < snapshot->rows->len; i++)
    {
      const KobanLink *link = snapshot->rows->pdata[i];
      if (g_strcmp0 (link->remote_id, self->link->remote_id) != 0)
        continue;
      if (link->status == KOBAN_LINK_ACTIVE || link->status == KOBAN_LINK_UNKNOWN)
        self->present = TRUE;
      else
        self->ended = TRUE;
    }
}

static gboolean
merge_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanRevoke *self = job;

  for (guint i = 0; i < self->heard->len; i++)
    if (!koban_ledger_merge (ledger, self->connection->id, self->heard->pdata[i], self->utc_offset_minutes,
                             &self->merged, error))
      return FALSE;
  return TRUE;
}

/* What watches, as the bank has changed it: what revokes is dropped, and not kept with it. */
static KobanSecret *
without_power (KobanRevoke *self, KobanSecret *changed)
{
  GArray *needs = koban_profile_get_needs (self->profile);
  KobanSecret *kept = koban_secret_ref (changed);

  for (guint i = 0; i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);
      g_autoptr(KobanSecret) value =
        need->revoke ? koban_secret_bundle_lookup (self->watching, need->name) : NULL;
      g_autoptr(KobanSecret) before = need->revoke ? g_steal_pointer (&kept) : NULL;
      if (need->revoke)
        kept = koban_secret_bundle_with (before, need->name, value);
    }
  return kept;
}

static void
on_heard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  self->heard = koban_session_step_finish (self->session, result, &self->error);
  self->shut_out |= koban_session_is_refused (self->session);
  g_autoptr(KobanSecret) changed = koban_session_take_secrets (self->session);
  if (changed == NULL)
    {
      go_on (self);
      return;
    }
  KobanSecret *kept = without_power (self, changed);
  g_hash_table_insert (self->parts->tools.unsaved, g_strdup (self->connection->secret_id), kept);
  koban_vault_store_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->connection->secret_id,
                           self->connection->provider, self->connection->name, kept, NULL, on_kept, self);
}

/* What the bank has changed is kept in our own memory until the keyring has it. */
static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_vault_store_finish (KOBAN_VAULT (source), result, &error))
    g_hash_table_remove (self->parts->tools.unsaved, self->connection->secret_id);
  else
    g_message ("The new secret of %s could not be stored yet: %s", self->connection->id, error->message);
  go_on (self);
}

static void
go_on (KobanRevoke *self)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();

  if (self->heard == NULL)
    {
      conclude (self);
      return;
    }
  for (guint i = 0; i < self->heard->len; i++)
    look_for_link (self, self->heard->pdata[i]);
  self->utc_offset_minutes = (int) (g_date_time_get_utc_offset (now) / G_TIME_SPAN_MINUTE);
  koban_books_write_async (self->parts->tools.books, merge_in_worker, self, NULL, on_merged, self);
}

static void
on_merged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;

  g_clear_pointer (&self->heard, g_ptr_array_unref);
  if (!koban_books_finish (self->parts->tools.books, result, &self->error))
    conclude (self);
  else
    ask (self);
}

/* --- write down what came of it
 * -------------------------------------------------------------------------------- */

static void
insert_if_said (GVariantDict *payload, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (payload, key, "s", text);
}

/* No list can show the end of the access that lists are read by: the refusal says it. */
static gboolean
enter_own_end (KobanLedger *ledger, KobanRevoke *self, GError **error)
{
  KobanLink fields = *self->link;
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);

  fields.status = KOBAN_LINK_REVOKED;
  g_ptr_array_add (rows, koban_link_new (&fields));
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&(KobanSnapshot){ .account = self->account,
                                                                             .listing = KOBAN_LISTING_LINKS,
                                                                             .reach = KOBAN_REACH_CHANGES,
                                                                             .heard_us = self->now_us,
                                                                             .from_us = self->now_us,
                                                                             .to_us = self->now_us,
                                                                             .rows = rows });
  return koban_ledger_merge (ledger, self->connection->id, snapshot, self->utc_offset_minutes, &self->merged,
                             error);
}

/* With what an honest link is set up again by: the bank forgets it. A purge takes that out again. */
static gboolean
journal_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanRevoke *self = job;
  g_auto(GVariantDict) payload;
  gboolean is_proved_by_refusal = !self->listed && g_str_equal (self->result, "gone");

  g_variant_dict_init (&payload, NULL);
  g_variant_dict_insert (&payload, "link", "s", self->link->id);
  g_variant_dict_insert (&payload, "connection", "s", self->connection->id);
  g_variant_dict_insert (&payload, "result", "s", self->result);
  insert_if_said (&payload, "name", self->link->name);
  insert_if_said (&payload, "creditor", self->link->collector);
  insert_if_said (&payload, "reference", self->link->reference);
  g_autoptr(GVariant) sunk = g_variant_ref_sink (g_variant_dict_end (&payload));
  return koban_ledger_journal (ledger, "revoked", sunk, self->now_us, error) &&
         koban_ledger_tell_protection (ledger, KOBAN_ACT_REVOKED, self->link->id, self->now_us, error) &&
         (!is_proved_by_refusal || enter_own_end (ledger, self, error));
}

/* Koban's own access that is refused from now on is gone: that is what was asked for. */
static const char *
what_is_proved (KobanRevoke *self)
{
  if (!self->listed)
    return self->link->own && self->shut_out ? "gone" : "unproved";
  return self->present ? "still-there" : "gone";
}

/* Once the bank has taken the request, no later mishap makes that undone: it is only not proved. */
static void
conclude (KobanRevoke *self)
{
  if (self->session == NULL || koban_session_get_revoke_result (self->session) == KOBAN_REVOKE_PENDING)
    {
      if (self->error == NULL)
        self->error = g_error_new (KOBAN_ERROR, KOBAN_ERROR_FAILED, _("The bank of “%s” was not asked."),
                                   self->connection->name);
      end (self);
      return;
    }
  if (self->error != NULL)
    g_message ("The revocation of %s is not proved: %s", self->link->id, self->error->message);
  g_clear_error (&self->error);
  self->result = what_is_proved (self);
  koban_books_write_async (self->parts->tools.books, journal_in_worker, self, NULL, on_written, self);
}

/* A link that the bank lists no more counts as gone after two whole lists without it (DESIGN §4.4): a check
 * makes the second. */
static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (self->parts->tools.books, result, &error))
    g_message ("The revocation of %s could not be written down: %s", self->link->id, error->message);
  koban_parts_changed (self->parts, "links");
  koban_parts_changed (self->parts, "alerts"); /* that it was asked for is told */
  if (!self->listed || self->present || self->ended)
    {
      end (self);
      return;
    }
  release (self);
  koban_rounds_check_async (self->parts->rounds, self->connection->id, KOBAN_CYCLE_BY_PERSON,
                            cancellable (self), on_checked, self);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanRevoke *self = user_data;
  g_autoptr(GError) error = NULL;

  g_autoptr(KobanOutcome) outcome = koban_rounds_check_finish (self->parts->rounds, result, &error);
  if (outcome != NULL && outcome->error != NULL)
    g_message ("%s could not be checked after the revocation: %s", outcome->connection,
               outcome->error->message);
  end (self);
}
