/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One check, as a straight line to be read downwards: know the connection, take its secret, ask
 * the bank request by request (budget first), merge what was heard before asking on, record how it
 * went. Everything before a commit stops at once when it is cancelled; a commit is never cut. What
 * the commit put into the outbox is the courier's.
 */
#include "config.h"

#include "agreement.h"
#include "alarm.h"
#include "cycle.h"
#include "filing.h"
#include "marker.h"
#include "pace.h"
#include "share.h"
#include "shelf.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/session.h>
#include <koban/sign-in.h>
#include <koban/text.h>

/* --- what a failed check means --------------------------------------------------------------- */

typedef struct
{
  KobanError code;
  KobanConnectionState state;
  KobanPaceKind pace;
  const char *reason; /* of the freshness alert */
  KobanSeverity severity;
  guint after_failures; /* told when it failed so often in a row … */
  gint64 after_us;      /* … and nothing good was heard for so long */
} Trouble;

/* A keyring is locked for a while at every login, and a captive portal breaks TLS once: both are told when
 * they last. A bank out of reach is told after a day (trust N8). */
static const Trouble troubles[] = {
  { KOBAN_ERROR_LOCKED, KOBAN_CONNECTION_LOCKED, KOBAN_PACE_STEADY, "locked", KOBAN_SEVERITY_NOTICE, 2, 0 },
  { KOBAN_ERROR_NO_KEYRING, KOBAN_CONNECTION_LOCKED, KOBAN_PACE_STEADY, "locked", KOBAN_SEVERITY_NOTICE, 2,
    0 },
  { KOBAN_ERROR_NEEDS_SIGN_IN, KOBAN_CONNECTION_SIGN_IN, KOBAN_PACE_DAILY, "sign_in", KOBAN_SEVERITY_WARNING,
    1, 0 },
  { KOBAN_ERROR_NOT_FOUND, KOBAN_CONNECTION_SIGN_IN, KOBAN_PACE_DAILY, "sign_in", KOBAN_SEVERITY_WARNING, 1,
    0 },
  { KOBAN_ERROR_UNTRUSTED, KOBAN_CONNECTION_ERROR, KOBAN_PACE_BACKOFF, "untrusted", KOBAN_SEVERITY_WARNING, 2,
    0 },
  { KOBAN_ERROR_RATE_LIMITED, KOBAN_CONNECTION_WAITING, KOBAN_PACE_BACKOFF, "stale", KOBAN_SEVERITY_NOTICE, 1,
    KOBAN_DAY_US },
  { KOBAN_ERROR_BUDGET, KOBAN_CONNECTION_WAITING, KOBAN_PACE_GIVEN, "budget", KOBAN_SEVERITY_NOTICE, 1,
    KOBAN_DAY_US },
  { KOBAN_ERROR_OFFLINE, KOBAN_CONNECTION_OFFLINE, KOBAN_PACE_BACKOFF, "stale", KOBAN_SEVERITY_NOTICE, 1,
    KOBAN_DAY_US },
};

static const Trouble other_trouble = {
  KOBAN_ERROR_FAILED, KOBAN_CONNECTION_ERROR, KOBAN_PACE_BACKOFF, "stale", KOBAN_SEVERITY_NOTICE, 1,
  KOBAN_DAY_US,
};

/* What one device alone does not bring about. */
static const Trouble evicted = {
  KOBAN_ERROR_NEEDS_SIGN_IN,
  KOBAN_CONNECTION_SHARED,
  KOBAN_PACE_DAILY,
  "evicted",
  KOBAN_SEVERITY_WARNING,
  1,
  0,
};
static const Trouble crowded = {
  KOBAN_ERROR_RATE_LIMITED,
  KOBAN_CONNECTION_SHARED,
  KOBAN_PACE_BACKOFF,
  "shared",
  KOBAN_SEVERITY_NOTICE,
  2,
  0,
};

static const Trouble *
trouble_of (const GError *error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (troubles); i++)
    if (koban_error_is (error, troubles[i].code))
      return &troubles[i];
  return &other_trouble;
}

/* An access that ends is told two weeks, a week and a day before; each is graver, so each is told. */
#define CONSENT_ENDS "consent_ends"
static const struct
{
  gint64 before_us;
  KobanSeverity severity;
} reminders[] = {
  { KOBAN_DAY_US, KOBAN_SEVERITY_CRITICAL },
  { 7 * KOBAN_DAY_US, KOBAN_SEVERITY_WARNING },
  { 14 * KOBAN_DAY_US, KOBAN_SEVERITY_NOTICE },
};

const char *const *
koban_cycle_reasons (void)
{
  static const char *const reasons[] = { "locked", "sign_in", "untrusted",  "stale", "budget",
                                         "shared", "evicted", CONSENT_ENDS, NULL };

  return reasons;
}

char *
koban_cycle_incident_key (const char *connection, const char *reason)
{
  return g_strdup_printf ("freshness:%s:%s", connection, reason);
}

/* --- the state of one check ------------------------------------------------------------------ */

typedef struct
{
  const KobanCycleTools *tools;
  KobanCycleReason reason;
  KobanCycleProgress progress;
  gpointer progress_data;

  GCancellable *cancellable; /* (owned): this check's own */
  GCancellable *outer;       /* (owned) (nullable): the caller's, chained into it */
  gulong outer_id;
  guint deadline;   /* alarm, 0: rung or taken down */
  guint gap;        /* alarm, 0: not waiting between two requests … */
  GSource *waking;  /* (owned) (nullable): … or woken by cancelling */
  gboolean late;    /* the deadline cancelled it, nobody else */
  gboolean refused; /* by ourselves, before anything was asked: leaves no trace */

  KobanOutcome *outcome;       /* (owned) */
  KobanConnection *connection; /* (owned) (nullable) until it is known */
  GHashTable *covered_to;      /* (owned) (nullable) */
  GHashTable *cursors;         /* (owned) (nullable) */
  KobanProfile *profile;       /* (owned) (nullable) */
  KobanSession *session;       /* (owned) (nullable) */
  KobanSecret *unsaved;        /* (owned) (nullable): changed by the bank, on its way into the keyring */
  GPtrArray *heard;            /* (owned) (nullable): of the last request, not yet merged */
  GError *broke_off;      /* (owned) (nullable): of the last request, after its secrets and rows are safe */
  guint spent;            /* requests */
  gint64 budget_us;       /* when the budget allows again, 0: not asked */
  gint64 consent_ends_us; /* 0: not known; as the keyring item says */
  gboolean reread;        /* the keyring item was read again, and differed */
  KobanSecret *used;      /* (owned) (nullable): what the session signed in with */
  gint64 due_us;          /* when time alone may change the verdict, 0: never */
  gint64 now_us;          /* wall time of the job at hand, read in the main thread */
  int utc_offset_minutes;
  KobanSaving saving; /* as of @now_us */
} Cycle;

static void
cycle_free (gpointer data)
{
  Cycle *cycle = data;

  g_assert (cycle->deadline == 0 && cycle->gap == 0 && cycle->outer_id == 0);
  g_clear_object (&cycle->cancellable);
  g_clear_object (&cycle->outer);
  g_clear_pointer (&cycle->outcome, koban_outcome_unref);
  g_clear_pointer (&cycle->connection, koban_connection_free);
  g_clear_pointer (&cycle->covered_to, g_hash_table_unref);
  g_clear_pointer (&cycle->cursors, g_hash_table_unref);
  g_clear_pointer (&cycle->profile, koban_profile_unref);
  g_clear_object (&cycle->session);
  g_clear_pointer (&cycle->unsaved, koban_secret_unref);
  g_clear_pointer (&cycle->used, koban_secret_unref);
  g_clear_pointer (&cycle->heard, g_ptr_array_unref);
  g_clear_error (&cycle->broke_off);
  g_free (cycle);
}

static void cycle_known (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_has_secret (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_sign_in (GTask *task, KobanSecret *secret);
static void cycle_ask (GTask *task);
static void cycle_spend (GTask *task);
static void cycle_spent (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_heard (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_store (GTask *task, GAsyncReadyCallback callback);
static void cycle_kept_stored (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_kept (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_changed_stored (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_merge (GTask *task);
static void cycle_reread (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_merged (GObject *source, GAsyncResult *result, gpointer user_data);
static void cycle_record (GTask *task, GError *error);
static void cycle_recorded (GObject *source, GAsyncResult *result, gpointer user_data);

static void
cycle_read_clock (Cycle *cycle)
{
  cycle->now_us = koban_clock_get_wall_us (cycle->tools->clock);
  cycle->saving = cycle->tools->saving;
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (cycle->now_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  cycle->utc_offset_minutes =
    local != NULL ? (int) (g_date_time_get_utc_offset (local) / G_TIME_SPAN_MINUTE) : 0;
}

static void
on_deadline (gpointer user_data)
{
  Cycle *cycle = user_data;

  cycle->deadline = 0;
  cycle->late = TRUE;
  g_cancellable_cancel (cycle->cancellable);
}

static void
on_outer_cancelled (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/* From here on nothing cuts the check short. */
static void
cycle_disarm (Cycle *cycle)
{
  koban_alarm_clear (cycle->tools->clock, &cycle->deadline);
  if (cycle->outer_id != 0)
    g_cancellable_disconnect (cycle->outer, cycle->outer_id);
  cycle->outer_id = 0;
}

static void
cycle_step_done (Cycle *cycle, const char *step)
{
  if (cycle->progress != NULL)
    cycle->progress (cycle->outcome->connection, step, cycle->progress_data);
}

/* --- 1: know the connection ------------------------------------------------------------------ */

static gboolean
know_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Cycle *cycle = job;

  cycle->connection = koban_ledger_get_connection (ledger, cycle->outcome->connection, error);
  if (cycle->connection == NULL)
    return FALSE;
  cycle->covered_to = koban_ledger_get_covered_to (ledger, cycle->connection->id, error);
  if (cycle->covered_to != NULL)
    cycle->cursors = koban_ledger_get_cursors (ledger, cycle->connection->id, error);
  return cycle->cursors != NULL;
}

void
koban_cycle_run_async (const KobanCycleTools *tools,
                       const char *connection,
                       KobanCycleReason reason,
                       KobanCycleProgress progress,
                       gpointer progress_data,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Cycle *cycle = g_new0 (Cycle, 1);

  g_task_set_source_tag (task, koban_cycle_run_async);
  g_task_set_task_data (task, cycle, cycle_free);
  cycle->tools = tools;
  cycle->reason = reason;
  cycle->progress = progress;
  cycle->progress_data = progress_data;
  cycle->outcome = koban_outcome_new (connection);
  cycle->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    {
      cycle->outer = g_object_ref (cancellable);
      cycle->outer_id =
        g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled), cycle->cancellable, NULL);
    }
  gint64 deadline_us = koban_clock_get_boot_us (tools->clock) + KOBAN_CYCLE_DEADLINE_S * KOBAN_SECOND_US;
  cycle->deadline = koban_clock_add_alarm (tools->clock, deadline_us, on_deadline, cycle);

  koban_books_write_async (tools->books, know_in_worker, cycle, NULL, cycle_known, task);
}

/* A bank that asked for patience is given it, whoever asks; our own back-off is not meant for the person. */
static gboolean
bank_is_ready (Cycle *cycle, GError **error)
{
  const KobanConnection *connection = cycle->connection;

  if (cycle->reason == KOBAN_CYCLE_BY_CLOCK || connection->not_before_us <= cycle->now_us)
    return TRUE;

  g_autofree char *when = koban_time_format_local (connection->not_before_us);
  cycle->refused = TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_RATE_LIMITED,
               _("The bank of “%s” asks not to be called before %s."), connection->name, when);
  return FALSE;
}

static gboolean
choose_profile (Cycle *cycle, GError **error)
{
  KobanProfile *profile = koban_profiles_lookup (cycle->tools->profiles, cycle->connection->provider);

  if (profile == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
                   _("The provider “%s” of “%s” is not installed any more."), cycle->connection->provider,
                   cycle->connection->name);
      return FALSE;
    }
  if (!koban_agreement_holds (profile, cycle->connection, error))
    return FALSE;
  cycle->profile = koban_profile_ref (profile);
  return TRUE;
}

/* As it is now: a file may just have come. */
static gboolean
remind_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Cycle *cycle = job;
  const char *id = cycle->connection->id;
  g_autoptr(KobanConnection) connection = koban_ledger_get_connection (ledger, id, error);

  return connection != NULL &&
         koban_filing_remind_in_worker (ledger, connection, cycle->now_us, &cycle->outcome->merged, error);
}

/* Of an account whose files the person imports, nobody is asked: there is only to say when one is due. */
static void
cycle_remind (GTask *task)
{
  Cycle *cycle = g_task_get_task_data (task);

  cycle_disarm (cycle);
  koban_books_write_async (cycle->tools->books, remind_in_worker, cycle, NULL, cycle_recorded, task);
}

static void
cycle_has_files (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cycle *cycle = g_task_get_task_data (user_data);
  g_autoptr(GError) error = NULL;

  if (!koban_shelf_check_finish (result, &cycle->outcome->merged, &error) &&
      !koban_error_is_cancelled (error))
    cycle->outcome->unheard = g_steal_pointer (&error);
  cycle_remind (user_data);
}

static void
cycle_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  GError *error = NULL;

  cycle_read_clock (cycle);
  gboolean known = koban_books_finish (cycle->tools->books, result, &error);
  if (known)
    {
      g_free (cycle->outcome->name);
      cycle->outcome->name = g_strdup (cycle->connection->name);
    }
  if (known && koban_filing_is_file (cycle->connection))
    {
      if (koban_filing_get_folder (cycle->connection) != NULL)
        koban_shelf_check_async (cycle->tools, cycle->connection, cycle->now_us, cycle->cancellable,
                                 cycle_has_files, g_steal_pointer (&task));
      else
        cycle_remind (g_steal_pointer (&task));
      return;
    }
  if (!known || !choose_profile (cycle, &error) || !bank_is_ready (cycle, &error))
    {
      cycle_record (g_steal_pointer (&task), error);
      return;
    }

  KobanSecret *unsaved = g_hash_table_lookup (cycle->tools->unsaved, cycle->connection->secret_id);
  if (unsaved != NULL)
    {
      cycle->unsaved = koban_secret_ref (unsaved);
      cycle_store (g_steal_pointer (&task), cycle_kept_stored);
      return;
    }
  koban_vault_lookup_async (cycle->tools->vault, KOBAN_SECRET_CONNECTION, cycle->connection->secret_id,
                            cycle->cancellable, cycle_has_secret, g_steal_pointer (&task));
}

/* --- 2: take its secret ---------------------------------------------------------------------- */

/* Not cancellable: the bank may accept no other secret any more. */
static void
cycle_store (GTask *task, GAsyncReadyCallback callback)
{
  Cycle *cycle = g_task_get_task_data (task);

  koban_vault_store_async (cycle->tools->vault, KOBAN_SECRET_CONNECTION, cycle->connection->secret_id,
                           cycle->connection->provider, cycle->connection->name, cycle->unsaved, NULL,
                           callback, task);
}

/* If the keyring would not take it, it is kept in our own locked memory and tried again with the next check.
 */
static void
finish_store (Cycle *cycle, GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;
  const char *secret_id = cycle->connection->secret_id;

  if (koban_vault_store_finish (cycle->tools->vault, result, &error))
    {
      g_hash_table_remove (cycle->tools->unsaved, secret_id);
      return;
    }
  g_message ("The new secret of %s could not be stored yet: %s", cycle->connection->id, error->message);
  g_hash_table_insert (cycle->tools->unsaved, g_strdup (secret_id), koban_secret_ref (cycle->unsaved));
}

static void
cycle_kept_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);

  finish_store (cycle, result);
  g_autoptr(KobanSecret) secret = g_steal_pointer (&cycle->unsaved);
  cycle_sign_in (g_steal_pointer (&task), secret);
}

static void
cycle_has_secret (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  GError *error = NULL;

  g_autoptr(KobanSecret) secret = koban_vault_lookup_finish (cycle->tools->vault, result, &error);
  if (secret == NULL)
    cycle_record (g_steal_pointer (&task), error);
  else
    cycle_sign_in (g_steal_pointer (&task), secret);
}

static void
cycle_sign_in (GTask *task, KobanSecret *secret)
{
  Cycle *cycle = g_task_get_task_data (task);
  GError *error = NULL;
  KobanSessionOptions options = {
    .profile = cycle->profile,
    .base_url = cycle->connection->base_url,
    .ca_pem = cycle->connection->ca_pem,
    .fields = (const char *const *) cycle->connection->fields,
    .secrets = secret,
    .now_us = cycle->now_us,
    .covered_to = cycle->covered_to,
    .cursors = cycle->cursors,
  };

  g_clear_pointer (&cycle->used, koban_secret_unref);
  cycle->used = koban_secret_ref (secret);
  cycle->consent_ends_us = koban_sign_in_get_consent_end_us (secret);
  g_clear_object (&cycle->session);
  cycle->session = koban_session_new (cycle->tools->http, &options, &error);
  if (cycle->session == NULL)
    {
      cycle_record (task, error);
      return;
    }
  cycle_step_done (cycle, "sign-in");
  cycle_ask (task);
}

/* --- 3: ask, one request at a time, the budget first ------------------------------------------- */

static gboolean
spend_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Cycle *cycle = job;

  return koban_ledger_spend_request (
    ledger, cycle->connection->id, koban_share_of (cycle->profile, cycle->connection),
    cycle->reason == KOBAN_CYCLE_BY_PERSON, cycle->now_us, &cycle->budget_us, error);
}

static void
end_gap (Cycle *cycle)
{
  koban_alarm_clear (cycle->tools->clock, &cycle->gap);
  g_source_destroy (cycle->waking);
  g_clear_pointer (&cycle->waking, g_source_unref);
}

static void
on_gap_over (gpointer user_data)
{
  GTask *task = user_data;
  Cycle *cycle = g_task_get_task_data (task);

  cycle->gap = 0;
  end_gap (cycle);
  cycle_spend (task);
}

static gboolean
on_gap_cancelled (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  end_gap (g_task_get_task_data (task));
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  cycle_record (task, error);
  return G_SOURCE_REMOVE;
}

/* A bank that wants time between two requests is given it, and the check so much longer. */
static void
cycle_wait (GTask *task, guint gap_s)
{
  Cycle *cycle = g_task_get_task_data (task);
  KobanClock *clock = cycle->tools->clock;
  gint64 over_us = koban_clock_get_boot_us (clock) + gap_s * KOBAN_SECOND_US;

  koban_alarm_clear (clock, &cycle->deadline);
  cycle->deadline =
    koban_clock_add_alarm (clock, over_us + KOBAN_CYCLE_DEADLINE_S * KOBAN_SECOND_US, on_deadline, cycle);
  cycle->gap = koban_clock_add_alarm (clock, over_us, on_gap_over, task);
  cycle->waking = g_cancellable_source_new (cycle->cancellable);
  g_source_set_callback (cycle->waking, G_SOURCE_FUNC (on_gap_cancelled), task, NULL);
  g_source_attach (cycle->waking, g_main_context_get_thread_default ());
}

static void
cycle_ask (GTask *task)
{
  Cycle *cycle = g_task_get_task_data (task);
  guint gap_s = koban_profile_get_gap_s (cycle->profile);

  if (!koban_session_has_next (cycle->session))
    cycle_record (task, NULL);
  else if (cycle->spent > 0 && gap_s > 0)
    cycle_wait (task, gap_s);
  else
    cycle_spend (task);
}

static void
cycle_spend (GTask *task)
{
  Cycle *cycle = g_task_get_task_data (task);

  cycle_read_clock (cycle);
  koban_books_write_async (cycle->tools->books, spend_in_worker, cycle, NULL, cycle_spent, task);
}

static void
cycle_spent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  GError *error = NULL;

  if (!koban_books_finish (cycle->tools->books, result, &error))
    {
      cycle_record (g_steal_pointer (&task), error);
      return;
    }
  cycle->spent++;
  koban_session_step_async (cycle->session, cycle->cancellable, cycle_heard, g_steal_pointer (&task));
}

/* Nobody has agreed to keep it yet, and no check is planned. */
static gboolean
is_being_added (const KobanConnection *connection)
{
  return connection->last_check_us == 0 && connection->next_check_us == 0;
}

/* The one-time token is spent: from here on the connection outlives whoever adds it. Written before the new
 * secret is stored, so that a kill between the two leaves a connection to be signed in, and no secret that
 * nobody knows of. */
static gboolean
keep_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Cycle *cycle = job;

  cycle->connection->next_check_us = cycle->now_us + cycle->tools->interval_s * KOBAN_SECOND_US;
  return koban_ledger_update_connection (ledger, cycle->connection, error);
}

static void
cycle_heard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);

  cycle->heard = koban_session_step_finish (cycle->session, result, &cycle->broke_off);

  /* A secret that the bank has changed is worth more than the answer it came with: the old one may be dead.
   */
  g_autoptr(KobanSecret) changed = koban_session_take_secrets (cycle->session);
  if (changed == NULL)
    {
      cycle_merge (g_steal_pointer (&task));
      return;
    }
  cycle->outcome->claimed = TRUE;
  g_clear_pointer (&cycle->unsaved, koban_secret_unref);
  cycle->unsaved = g_steal_pointer (&changed);
  cycle->consent_ends_us = koban_sign_in_get_consent_end_us (cycle->unsaved);
  if (is_being_added (cycle->connection))
    {
      cycle_read_clock (cycle);
      koban_books_write_async (cycle->tools->books, keep_in_worker, cycle, NULL, cycle_kept,
                               g_steal_pointer (&task));
      return;
    }
  cycle_store (g_steal_pointer (&task), cycle_changed_stored);
}

static void
cycle_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cycle *cycle = g_task_get_task_data (user_data);
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (cycle->tools->books, result, &error))
    g_message ("%s may be forgotten if Koban ends now: %s", cycle->connection->id, error->message);
  cycle_store (user_data, cycle_changed_stored);
}

static void
cycle_changed_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;

  finish_store (g_task_get_task_data (task), result);
  cycle_merge (g_steal_pointer (&task));
}

/* --- 4: merge what was heard, then ask on ------------------------------------------------------- */

static gboolean
merge_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Cycle *cycle = job;

  for (guint i = 0; i < cycle->heard->len; i++)
    if (!koban_ledger_merge (ledger, cycle->connection->id, cycle->heard->pdata[i], cycle->utc_offset_minutes,
                             &cycle->outcome->merged, error))
      return FALSE;
  return TRUE;
}

/* An empty list in an outage is not the end of all accounts: it is not heard at all (trust B1). */
static void
drop_empty_accounts (Cycle *cycle)
{
  for (guint i = cycle->heard->len; i > 0 && g_hash_table_size (cycle->covered_to) > 0; i--)
    {
      const KobanSnapshot *snapshot = cycle->heard->pdata[i - 1];
      if (snapshot->listing != KOBAN_LISTING_ACCOUNTS || snapshot->reach != KOBAN_REACH_WHOLE ||
          (snapshot->rows != NULL && snapshot->rows->len > 0))
        continue;
      g_ptr_array_remove_index (cycle->heard, i - 1);
      g_clear_error (&cycle->outcome->unheard);
      cycle->outcome->unheard =
        g_error_new (KOBAN_ERROR, KOBAN_ERROR_INVALID,
                     _("“%s” showed no account at all, though it did before. What is known stays as it is."),
                     cycle->connection->name);
    }
}

typedef enum
{
  GRAVITY_NONE,
  GRAVITY_KNOWN,   /* what cannot be counted stays so, and was said when it was first seen */
  GRAVITY_FAULT,   /* it may pass */
  GRAVITY_SIGN_IN, /* it waits for the person */
} Gravity;

static Gravity
gravity_of (const GError *unheard)
{
  if (unheard == NULL)
    return GRAVITY_NONE;
  if (koban_error_is (unheard, KOBAN_ERROR_UNSUPPORTED))
    return GRAVITY_KNOWN;
  return koban_error_is (unheard, KOBAN_ERROR_NEEDS_SIGN_IN) ? GRAVITY_SIGN_IN : GRAVITY_FAULT;
}

/* The gravest of all that was not heard, and of equal ones the first. */
static void
note_unheard (Cycle *cycle)
{
  drop_empty_accounts (cycle);
  for (guint i = 0; i < cycle->heard->len; i++)
    {
      const KobanSnapshot *snapshot = cycle->heard->pdata[i];
      if (snapshot->reach != KOBAN_REACH_FAILED ||
          gravity_of (snapshot->error) <= gravity_of (cycle->outcome->unheard))
        continue;
      g_clear_error (&cycle->outcome->unheard);
      cycle->outcome->unheard = g_error_copy (snapshot->error);
    }
}

/* A secret that is refused may be an old one by now: somebody signed in again meanwhile, or another life of
 * this program renewed it. */
static gboolean
may_have_changed (const Cycle *cycle)
{
  return !cycle->reread && cycle->outcome->claimed == FALSE &&
         koban_error_is (cycle->broke_off, KOBAN_ERROR_NEEDS_SIGN_IN);
}

static void
cycle_reread (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  g_autoptr(KobanSecret) secret = koban_vault_lookup_finish (cycle->tools->vault, result, NULL);

  cycle->reread = TRUE;
  if (secret == NULL || koban_secret_equal (cycle->used, secret))
    {
      cycle_merge (g_steal_pointer (&task));
      return;
    }
  g_clear_error (&cycle->broke_off);
  cycle_sign_in (g_steal_pointer (&task), secret);
}

static void
cycle_merge (GTask *task)
{
  Cycle *cycle = g_task_get_task_data (task);

  if (may_have_changed (cycle))
    {
      koban_vault_lookup_async (cycle->tools->vault, KOBAN_SECRET_CONNECTION, cycle->connection->secret_id,
                                cycle->cancellable, cycle_reread, task);
      return;
    }
  if (cycle->broke_off != NULL)
    {
      cycle_record (task, g_steal_pointer (&cycle->broke_off));
      return;
    }
  note_unheard (cycle);
  cycle_read_clock (cycle);
  koban_books_write_async (cycle->tools->books, merge_in_worker, cycle, NULL, cycle_merged, task);
}

static void
cycle_merged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  GError *error = NULL;

  gboolean merged = koban_books_finish (cycle->tools->books, result, &error);
  for (guint i = 0; merged && i < cycle->heard->len; i++)
    cycle_step_done (cycle, koban_listing_name (((KobanSnapshot *) cycle->heard->pdata[i])->listing));
  g_clear_pointer (&cycle->heard, g_ptr_array_unref);

  if (!merged || g_cancellable_set_error_if_cancelled (cycle->cancellable, &error))
    cycle_record (g_steal_pointer (&task), error);
  else
    cycle_ask (g_steal_pointer (&task));
}

/* --- 5: record how it went --------------------------------------------------------------------- */

/* A dear network or an empty battery stretches what is planned; neither ever stops it. */
static const struct
{
  guint factor;
  const char *message; /* (nullable) */
} savings[] = {
  [KOBAN_SAVING_NOTHING] = { 1, NULL },
  [KOBAN_SAVING_DATA] = { 2, N_("The network is metered: checked less often than usual.") },
  [KOBAN_SAVING_POWER] = { 4, N_("The computer saves power: checked less often than usual.") },
  [KOBAN_SAVING_BATTERY] = { 4, N_("The battery is low: checked only when you ask.") },
};

const char *
koban_cycle_sparing (KobanSaving saving)
{
  return savings[saving].message != NULL ? _(savings[saving].message) : NULL;
}

/* A check may not take more of the day's requests than the two thirds that are not the person's (DESIGN
 * §4.12). */
static guint
interval_s (const Cycle *cycle)
{
  guint64 wanted = (guint64) MAX (cycle->tools->interval_s, koban_profile_get_interval_s (cycle->profile)) *
                   savings[cycle->saving].factor;

  return koban_pace_within_budget_s (wanted, cycle->spent,
                                     koban_share_of (cycle->profile, cycle->connection));
}

static gint64
next_check_us (const Cycle *cycle, KobanPaceKind kind)
{
  gint64 retry_after_s = cycle->session != NULL ? koban_session_get_retry_after_s (cycle->session) : -1;
  gint64 budget_s =
    cycle->budget_us > cycle->now_us ? (cycle->budget_us - cycle->now_us) / KOBAN_SECOND_US : 0;
  KobanPace pace = {
    .kind = kind,
    .seed = cycle->connection->secret_id,
    .interval_s = cycle->profile != NULL ? interval_s (cycle) : cycle->tools->interval_s,
    .failures = cycle->connection->failures,
    .floor_s = kind == KOBAN_PACE_GIVEN ? budget_s : retry_after_s,
  };
  gint64 next_us = cycle->now_us + koban_pace_next_us (&pace, cycle->tools->random);

  if (cycle->outcome->error == NULL && cycle->due_us != 0 && cycle->profile != NULL)
    {
      gint64 soonest_us = cycle->now_us + koban_profile_get_interval_s (cycle->profile) * KOBAN_SECOND_US;
      next_us = MIN (next_us, MAX (cycle->due_us, soonest_us));
    }
  return next_us;
}

/* 0: it does not end soon. */
static gint64
end_is_near (const Cycle *cycle)
{
  gint64 left_us = cycle->consent_ends_us - cycle->now_us;
  return cycle->consent_ends_us != 0 && left_us > 0 &&
             left_us <= reminders[G_N_ELEMENTS (reminders) - 1].before_us
           ? left_us
           : 0;
}

static gboolean
settle_others (KobanLedger *ledger, const Cycle *cycle, const char *reason, GError **error)
{
  for (const char *const *other = koban_cycle_reasons (); *other != NULL; other++)
    {
      g_autofree char *key = koban_cycle_incident_key (cycle->connection->id, *other);
      if (g_strcmp0 (*other, reason) != 0 &&
          !(g_str_equal (*other, CONSENT_ENDS) && end_is_near (cycle) > 0) &&
          !koban_ledger_settle (ledger, key, cycle->now_us, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
raise_reason (KobanLedger *ledger,
              Cycle *cycle,
              const char *code,
              KobanSeverity severity,
              GVariant *reason,
              GError **error)
{
  const KobanConnection *connection = cycle->connection;
  g_autofree char *key = koban_cycle_incident_key (connection->id, code);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (key, connection->id, severity, reason, cycle->now_us);

  return koban_ledger_raise (ledger, alert, cycle->now_us, &cycle->outcome->merged, error);
}

static gboolean
raise_trouble (KobanLedger *ledger, Cycle *cycle, const Trouble *trouble, GError **error)
{
  const KobanConnection *connection = cycle->connection;
  GVariant *reason = connection->last_check_us != 0
                       ? koban_reason_new (trouble->reason, "connection", "s", connection->name, "since", "x",
                                           connection->last_check_us, NULL)
                       : koban_reason_new (trouble->reason, "connection", "s", connection->name, NULL);

  return raise_reason (ledger, cycle, trouble->reason, trouble->severity, reason, error);
}

static gboolean
raise_end (KobanLedger *ledger, Cycle *cycle, GError **error)
{
  gint64 left_us = end_is_near (cycle);
  guint i = 0;

  if (left_us == 0 || cycle->connection->last_check_us == 0)
    return TRUE;
  while (left_us > reminders[i].before_us)
    i++;
  gint64 days = (left_us + KOBAN_DAY_US - 1) / KOBAN_DAY_US;
  const char *name = cycle->connection->name;
  GVariant *reason = cycle->profile != NULL && koban_profile_signs_in (cycle->profile)
                       ? koban_reason_new (CONSENT_ENDS, "connection", "s", name, "days", "x", days,
                                           "provider", "s", cycle->connection->provider, NULL)
                       : koban_reason_new (CONSENT_ENDS, "connection", "s", name, "days", "x", days, NULL);
  return raise_reason (ledger, cycle, CONSENT_ENDS, reminders[i].severity, reason, error);
}

/* An access that ran out, or that the person ended, was taken by nobody. */
static gboolean
has_ended (KobanLedger *ledger, const Cycle *cycle)
{
  g_autoptr(GError) error = NULL;
  gboolean ended = FALSE;

  if (!koban_ledger_get_access_ended (ledger, cycle->connection->id, cycle->now_us, &ended, &error))
    g_message ("Whether the access of %s has ended could not be read: %s", cycle->connection->id,
               error->message);
  return ended || (cycle->consent_ends_us != 0 && cycle->consent_ends_us <= cycle->now_us);
}

/* The bank accepted it, refuses it now, and had set it no end: another sign-in may have taken its place. */
static gboolean
is_evicted (KobanLedger *ledger, const Cycle *cycle)
{
  return koban_error_is (cycle->outcome->error, KOBAN_ERROR_NEEDS_SIGN_IN) && cycle->session != NULL &&
         koban_session_is_refused (cycle->session) && !has_ended (ledger, cycle);
}

/* Copied keys and rotating tokens end each other; and who keeps within the budget and waits as asked is
 * refused at once again only if others ask as well. */
static const Trouble *
trouble_of_cycle (KobanLedger *ledger, const Cycle *cycle)
{
  const KobanConnection *connection = cycle->connection;
  const GError *error = cycle->outcome->error;
  gboolean was_good = connection->last_check_us != 0 && connection->state != KOBAN_CONNECTION_SIGN_IN;

  if (was_good && is_evicted (ledger, cycle))
    return &evicted;
  if (was_good && connection->failures >= crowded.after_failures && cycle->spent == 1 &&
      koban_error_is (error, KOBAN_ERROR_RATE_LIMITED))
    return &crowded;
  return trouble_of (error);
}

/* Before the first good check nothing is watched yet, so nothing can have stopped: whoever adds hears of it.
 * If it is kept all the same, the next failure is everybody's. */
static gboolean
must_be_told (const Cycle *cycle, const Trouble *trouble)
{
  if (cycle->connection->last_check_us == 0)
    return !is_being_added (cycle->connection) && cycle->connection->failures > trouble->after_failures;
  return cycle->connection->last_check_us != 0 && cycle->connection->failures >= trouble->after_failures &&
         cycle->now_us - cycle->connection->last_check_us >= trouble->after_us;
}

/* Only what the bank asked for itself binds the person: neither our back-off nor the share that is theirs. */
static gint64
asked_patience_us (const Cycle *cycle)
{
  gint64 retry_after_s = cycle->session != NULL ? koban_session_get_retry_after_s (cycle->session) : -1;

  if (!koban_error_is (cycle->outcome->error, KOBAN_ERROR_RATE_LIMITED) || retry_after_s < 0)
    return 0;
  return cycle->now_us + retry_after_s * KOBAN_SECOND_US;
}

static gboolean
record_trouble (KobanLedger *ledger, Cycle *cycle, GError **error)
{
  KobanConnection *connection = cycle->connection;

  connection->failures++;
  const Trouble *trouble = trouble_of_cycle (ledger, cycle);
  gboolean told = must_be_told (cycle, trouble);
  connection->state = told && trouble->after_us != 0 ? KOBAN_CONNECTION_STALE : trouble->state;
  g_free (connection->message);
  connection->message = koban_text_clean (cycle->outcome->error->message, 240);
  if (!is_being_added (connection))
    connection->next_check_us = next_check_us (cycle, trouble->pace);
  connection->not_before_us = asked_patience_us (cycle);
  return koban_ledger_update_connection (ledger, connection, error) &&
         settle_others (ledger, cycle, trouble->reason, error) &&
         (!told || raise_trouble (ledger, cycle, trouble, error));
}

/* What there is to say of a check that was good, or good for the most part. (nullable) */
static char *
good_message (const Cycle *cycle)
{
  const char *const *said = cycle->session != NULL ? koban_session_get_messages (cycle->session) : NULL;

  if (cycle->outcome->unheard != NULL)
    return koban_text_clean (cycle->outcome->unheard->message, 240);
  if (said != NULL && said[0] != NULL)
    return koban_text_clean (said[0], 240);
  /* A battery is filled before the next check: the bus says it while it is so. */
  return cycle->saving != KOBAN_SAVING_BATTERY ? g_strdup (koban_cycle_sparing (cycle->saving)) : NULL;
}

/* A bank behind a bridge that wants its sign-in again is not watched, however well the others are: that is
 * told. Koban's own key is good, so it is not the one to renew. */
static gboolean
settle_good (KobanLedger *ledger, Cycle *cycle, GError **error)
{
  static const Trouble behind = { .reason = "stale", .severity = KOBAN_SEVERITY_WARNING };
  gboolean is_behind = gravity_of (cycle->outcome->unheard) == GRAVITY_SIGN_IN;

  return settle_others (ledger, cycle, is_behind ? behind.reason : NULL, error) &&
         (!is_behind || raise_trouble (ledger, cycle, &behind, error));
}

/* A history that cannot be looked through now is no reason to lose the check. */
static void
offer_review (KobanLedger *ledger, Cycle *cycle)
{
  g_autoptr(GError) error = NULL;

  if (!koban_ledger_offer_review (ledger, cycle->connection->id, cycle->now_us, &error))
    g_message ("The history of %s could not be looked through: %s", cycle->connection->id, error->message);
}

static gboolean
record_success (KobanLedger *ledger, Cycle *cycle, GError **error)
{
  static const KobanConnectionState states[] = {
    [GRAVITY_NONE] = KOBAN_CONNECTION_OK,
    [GRAVITY_KNOWN] = KOBAN_CONNECTION_OK,
    [GRAVITY_FAULT] = KOBAN_CONNECTION_ERROR,
    [GRAVITY_SIGN_IN] = KOBAN_CONNECTION_SIGN_IN,
  };
  KobanConnection *connection = cycle->connection;

  if (!koban_ledger_finish_check (ledger, connection->id, cycle->now_us, cycle->utc_offset_minutes,
                                  &cycle->outcome->merged, &cycle->due_us, error))
    return FALSE;
  if (connection->last_check_us == 0)
    offer_review (ledger, cycle);
  if (!settle_good (ledger, cycle, error))
    return FALSE;
  connection->failures = 0;
  connection->not_before_us = 0;
  connection->state = states[gravity_of (cycle->outcome->unheard)];
  connection->last_check_us = cycle->now_us;
  g_free (connection->message);
  connection->message = good_message (cycle);
  connection->next_check_us = next_check_us (cycle, KOBAN_PACE_STEADY);
  return koban_ledger_update_connection (ledger, connection, error);
}

static gboolean
record_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Cycle *cycle = job;

  if (cycle->consent_ends_us == 0 &&
      !koban_ledger_get_access_end (ledger, cycle->connection->id, cycle->now_us, &cycle->consent_ends_us,
                                    error))
    return FALSE;
  gboolean recorded = cycle->outcome->error != NULL ? record_trouble (ledger, cycle, error)
                                                    : record_success (ledger, cycle, error);

  return recorded && raise_end (ledger, cycle, error);
}

/* @error (transfer full) (nullable) ends the check; it is not recorded if it only was cancelled. */
static void
cycle_record (GTask *task, GError *error)
{
  Cycle *cycle = g_task_get_task_data (task);

  cycle_disarm (cycle);
  if (koban_error_is_cancelled (error) && cycle->late)
    {
      g_clear_error (&error);
      error = g_error_new (KOBAN_ERROR, KOBAN_ERROR_OFFLINE,
                           _("The bank of “%s” did not answer within two minutes."), cycle->outcome->name);
    }
  if (koban_error_is_cancelled (error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  cycle->outcome->error = error;
  cycle_read_clock (cycle);
  if (cycle->connection == NULL || cycle->refused)
    {
      g_task_return_pointer (task, koban_outcome_ref (cycle->outcome), (GDestroyNotify) koban_outcome_unref);
      g_object_unref (task);
      return;
    }
  koban_books_write_async (cycle->tools->books, record_in_worker, cycle, NULL, cycle_recorded, task);
}

/* What the keyring holds by now. */
static KobanSecret *
latest_secret (const Cycle *cycle)
{
  return cycle->unsaved != NULL ? cycle->unsaved : cycle->used;
}

static void
cycle_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;

  if (!koban_vault_store_finish (cycle->tools->vault, result, &error))
    g_debug ("%s is not marked as watched yet: %s", cycle->connection->id, error->message);
  g_task_return_pointer (task, koban_outcome_ref (cycle->outcome), (GDestroyNotify) koban_outcome_unref);
}

/* Once: from now on the keyring knows, too, that this bank is watched, so that a ledger that is lost is not
 * taken for one that never was. What waits to be stored is not overtaken. */
static gboolean
is_to_be_marked (const Cycle *cycle)
{
  KobanSecret *secret = latest_secret (cycle);

  return cycle->outcome->error == NULL && secret != NULL && !koban_marker_is_in (secret) &&
         !is_being_added (cycle->connection) &&
         !g_hash_table_contains (cycle->tools->unsaved, cycle->connection->secret_id);
}

static void
cycle_mark (GTask *task)
{
  Cycle *cycle = g_task_get_task_data (task);
  const KobanConnection *connection = cycle->connection;
  g_autoptr(KobanSecret) marked = koban_marker_put (latest_secret (cycle), connection, cycle->now_us);

  koban_vault_store_async (cycle->tools->vault, KOBAN_SECRET_CONNECTION, connection->secret_id,
                           connection->provider, connection->name, marked, NULL, cycle_marked, task);
}

static void
cycle_recorded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Cycle *cycle = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (cycle->tools->books, result, &error))
    {
      cycle->outcome->unwritten = koban_error_is (error, KOBAN_ERROR_STORAGE);
      g_clear_error (&cycle->outcome->error);
      cycle->outcome->error = g_steal_pointer (&error);
    }
  if (is_to_be_marked (cycle))
    cycle_mark (g_steal_pointer (&task));
  else
    g_task_return_pointer (task, koban_outcome_ref (cycle->outcome), (GDestroyNotify) koban_outcome_unref);
}

KobanOutcome *
koban_cycle_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
