/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One check, or one revocation, at one bank: a queue of steps, each exactly one request, in the order that
 * the profile wants. Every request leaves through send_step(), where the host is checked; what the answers
 * mean is hearing.c's; nothing here retries, waits, stores or tells.
 */
#include "config.h"

#include <koban/session.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/answer.h"
#include "bank/auth.h"
#include "bank/hearing.h"
#include "bank/hosts.h"
#include "bank/mapping.h"
#include "bank/paging.h"
#include "bank/second-factor.h"
#include "bank/sending.h"

/* Each stage begins when no step of the one before is left; a step is followed by its next page, then by the
 * next older window:
 *
 *   open (only if the scheme wants it) → HOLDERS (only if there are any) → ACCOUNTS, once or per holder
 *        → IDENTITY, per account → the accounts are announced → REST: every further request, in the profile's
 * order
 *
 * A revocation: open → revoke → the second factor's own steps, if the bank wants one → REST: the listings
 * that prove it. */
typedef enum
{
  STAGE_START,
  STAGE_HOLDERS,
  STAGE_ACCOUNTS,
  STAGE_IDENTITY,
  STAGE_REST,
} Stage;

struct _KobanSession
{
  GObject parent_instance;

  KobanHttp *http;
  KobanProfile *profile;
  char *base_url; /* where paths begin */
  KobanHosts *hosts;
  KobanAuth *auth;
  GBytes *ca_pem;         /* (nullable) */
  GHashTable *fields;     /* name → value of needs that are no secret */
  GHashTable *covered_to; /* identity → gint64 * */
  GHashTable *cursors;    /* (nullable): name of a list of changes → KobanCursor */
  gint64 now_us;

  GQueue steps; /* of KobanStep, in the order in which they will be made */
  Stage stage;
  KobanHearing *hearing;
  gint64 retry_after_s;
  gboolean refused; /* the last answer refused the access itself */

  KobanLink *revoked;        /* (nullable): a revocation */
  KobanAccount *revoked_on;  /* (nullable) */
  KobanSecondFactor *factor; /* (nullable): the bank wants one before it revokes */
  KobanFactor told;          /* what is waited for of it */
  KobanRevokeResult revoke_result;
};

G_DEFINE_FINAL_TYPE (KobanSession, koban_session, G_TYPE_OBJECT)

static void
koban_session_finalize (GObject *object)
{
  KobanSession *self = KOBAN_SESSION (object);

  g_clear_object (&self->http);
  g_clear_pointer (&self->hearing, koban_hearing_free);
  g_clear_pointer (&self->auth, koban_auth_free);
  g_clear_pointer (&self->hosts, koban_hosts_free);
  g_clear_pointer (&self->profile, koban_profile_unref);
  g_clear_pointer (&self->ca_pem, g_bytes_unref);
  g_free (self->base_url);
  g_hash_table_unref (self->fields);
  g_hash_table_unref (self->covered_to);
  g_clear_pointer (&self->cursors, g_hash_table_unref);
  g_queue_clear_full (&self->steps, koban_step_free);
  g_clear_pointer (&self->revoked, koban_link_unref);
  g_clear_pointer (&self->revoked_on, koban_account_unref);
  g_clear_pointer (&self->factor, koban_second_factor_free);
  G_OBJECT_CLASS (koban_session_parent_class)->finalize (object);
}

static void
koban_session_class_init (KobanSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_session_finalize;
}

static void
koban_session_init (KobanSession *self)
{
  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->covered_to = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->steps);
  self->retry_after_s = -1;
}

/* — the queue — */

/* G_MAXINT64 if nothing is covered. */
static gint64
covered_until (KobanSession *self, const KobanAccount *account)
{
  const gint64 *covered_us = g_hash_table_lookup (self->covered_to, account->identity);
  return covered_us != NULL ? *covered_us : G_MAXINT64;
}

/* Up to when lines of everybody are covered. */
static gint64
all_covered_until (KobanSession *self)
{
  gint64 until_us = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->covered_to);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    until_us = MIN (until_us, *(gint64 *) value);
  for (guint i = 0; i < self->hearing->accounts->len; i++)
    if (!koban_hearing_is_covered (self->hearing, self->hearing->accounts->pdata[i]) &&
        koban_map_can_count (self->hearing->accounts->pdata[i]))
      return G_MAXINT64;
  return until_us;
}

/* From when lines of @account are wanted; of all accounts that are known if it is NULL. */
static gint64
wanted_since (KobanSession *self, const KobanRequestRule *request, const KobanAccount *account)
{
  const gint64 start_us = koban_hearing_get_start (self->hearing);
  gint64 since_us = account != NULL ? covered_until (self, account) : all_covered_until (self);

  if (since_us == G_MAXINT64)
    return start_us;
  since_us -= (gint64) request->overlap_days * KOBAN_DAY_US;
  return MAX (MIN (since_us, self->now_us), start_us);
}

/* All of them, since the cursor was kept: else lines of one that was left out then would never come. */
static gboolean
all_heard_since (KobanSession *self, gint64 heard_us)
{
  for (guint i = 0; i < self->hearing->accounts->len; i++)
    {
      const KobanAccount *account = self->hearing->accounts->pdata[i];
      const gint64 *covered_us = g_hash_table_lookup (self->covered_to, account->identity);
      if (koban_map_can_count (account) && (covered_us == NULL || *covered_us < heard_us))
        return FALSE;
    }
  return TRUE;
}

/* A list of changes goes on where the last check left it. */
static void
continue_list (KobanSession *self, KobanStep *step)
{
  const KobanCursor *kept = step->request->paging.kept && self->cursors != NULL
                              ? g_hash_table_lookup (self->cursors, step->request->path)
                              : NULL;

  if (kept == NULL || !all_heard_since (self, kept->heard_us))
    return;
  step->next = g_strdup (kept->cursor);
  step->continued = TRUE;
}

static void
queue_step (KobanSession *self, KobanRequestRule *request, KobanAccount *account, const char *holder)
{
  KobanStep *step = koban_step_new (KOBAN_STEP_LIST, request, account);

  step->holder = g_strdup (holder);
  koban_step_aim (step, wanted_since (self, request, account), self->now_us);
  continue_list (self, step);
  g_queue_push_tail (&self->steps, step);
}

static void
queue_each_account (KobanSession *self, KobanRequestRule *request, GPtrArray *accounts)
{
  for (guint i = 0; i < accounts->len; i++)
    queue_step (self, request, accounts->pdata[i], NULL);
}

static void
queue_request (KobanSession *self, KobanRequestRule *request)
{
  switch (request->per)
    {
    case KOBAN_PER_HOLDER:
      for (guint i = 0; i < self->hearing->holders->len; i++)
        queue_step (self, request, NULL, self->hearing->holders->pdata[i]);
      break;
    case KOBAN_PER_ACCOUNT:
      queue_each_account (self, request, self->hearing->accounts);
      break;
    case KOBAN_PER_SIGN_IN:
      if (g_hash_table_size (self->covered_to) == 0)
        queue_step (self, request, NULL, NULL);
      break;
    case KOBAN_PER_CONNECTION:
    default:
      queue_step (self, request, NULL, NULL);
    }
}

/* — stages — */

/* Those that the person typed. */
static void
take_holders (KobanSession *self)
{
  const char *typed =
    self->profile->holders != NULL ? g_hash_table_lookup (self->fields, self->profile->holders) : NULL;
  g_auto(GStrv) words = g_strsplit_set (typed != NULL ? typed : "", ", \n\t", -1);

  g_ptr_array_set_size (self->hearing->holders, 0);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_ptr_array_add (self->hearing->holders, g_strdup (*word));
}

static void
begin_holders (KobanSession *self)
{
  KobanRequestRule *listed = koban_profile_find_request (self->profile, KOBAN_GIVES_HOLDERS);

  take_holders (self);
  if (listed != NULL)
    queue_request (self, listed);
}

static void
begin_accounts (KobanSession *self)
{
  queue_request (self, koban_profile_find_request (self->profile, KOBAN_GIVES_ACCOUNTS));
}

static void
begin_identity (KobanSession *self)
{
  KobanRequestRule *identity = koban_profile_find_request (self->profile, KOBAN_GIVES_IDENTITY);

  if (identity != NULL)
    queue_each_account (self, identity, self->hearing->found);
}

static gboolean
gives_names (KobanRequestRule *request)
{
  return koban_request_find_listing (request, KOBAN_GIVES_NAMES) != NULL;
}

/* Links, and the names that they are told by: without those, a link would seem to name somebody else. */
static gboolean
is_of_links (KobanRequestRule *request)
{
  return koban_request_find_listing (request, KOBAN_GIVES_LINKS) != NULL || gives_names (request);
}

static gboolean
is_of_rest (KobanSession *self, KobanRequestRule *request)
{
  static const KobanGives earlier[] = { KOBAN_GIVES_HOLDERS, KOBAN_GIVES_ACCOUNTS, KOBAN_GIVES_IDENTITY };

  for (gsize i = 0; i < G_N_ELEMENTS (earlier); i++)
    if (koban_request_find_listing (request, earlier[i]) != NULL)
      return FALSE;
  return self->revoked == NULL || (request->per != KOBAN_PER_ACCOUNT && is_of_links (request));
}

static void
begin_rest (KobanSession *self)
{
  koban_hearing_announce (self->hearing);
  if (self->hearing->accounts->len == 0 && self->hearing->accounts_error != NULL)
    return;
  for (guint i = 0; i < self->profile->requests->len; i++)
    if (is_of_rest (self, koban_profile_get_request (self->profile, i)))
      queue_request (self, koban_profile_get_request (self->profile, i));
}

static const struct
{
  KobanGives gives; /* what its steps give: it lasts while one is left */
  void (*begin) (KobanSession *self);
} stages[] = {
  [STAGE_HOLDERS] = { KOBAN_GIVES_HOLDERS, begin_holders },
  [STAGE_ACCOUNTS] = { KOBAN_GIVES_ACCOUNTS, begin_accounts },
  [STAGE_IDENTITY] = { KOBAN_GIVES_IDENTITY, begin_identity },
  [STAGE_REST] = { KOBAN_GIVES_TRANSACTIONS, begin_rest },
};

/* Older windows add lines, and nothing that a later stage waits for. */
static gboolean
stage_goes_on (KobanSession *self)
{
  for (GList *link = self->steps.head; link != NULL && self->stage > STAGE_START; link = link->next)
    {
      const KobanStep *step = link->data;
      if (step->kind == KOBAN_STEP_LIST && step->newest &&
          koban_request_find_listing (step->request, stages[self->stage].gives) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
advance (KobanSession *self)
{
  while (self->stage < STAGE_REST && !stage_goes_on (self))
    stages[++self->stage].begin (self);
  if (self->stage == STAGE_REST)
    koban_hearing_settle (self->hearing, &self->steps);
}

/* What was heard, once the accounts are known. */
static GPtrArray *
hand_over (KobanSession *self)
{
  advance (self);
  if (self->stage == STAGE_REST)
    return koban_hearing_hand_over (self->hearing);
  return g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
}

/* The first thing that is asked for, and that every good secret can read. */
static gboolean
is_entry (KobanSession *self, const KobanStep *step)
{
  return step->kind == KOBAN_STEP_LIST && step->request == self->profile->requests->pdata[0] &&
         step->page == 0;
}

/* — the request — */

static const char *const methods[] = {
  [KOBAN_METHOD_GET] = "GET",     [KOBAN_METHOD_POST] = "POST",     [KOBAN_METHOD_PUT] = "PUT",
  [KOBAN_METHOD_PATCH] = "PATCH", [KOBAN_METHOD_DELETE] = "DELETE",
};

/* @outgoing (transfer full) (nullable), with the headers of this one request. */
static KobanOutgoing *
with_headers (KobanSession *self, KobanOutgoing *outgoing, GArray *headers, GError **error)
{
  g_autoptr(KobanOutgoing) owned = outgoing;

  if (owned == NULL || !koban_auth_set_headers (self->auth, headers, owned, error))
    return NULL;
  return g_steal_pointer (&owned);
}

/* Of a revocation, or of a second factor before it. The body may hold a code. */
static KobanOutgoing *
build_call (KobanSession *self,
            const KobanStep *step,
            const KobanCallRule *call,
            const KobanStepValues *values,
            GError **error)
{
  const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, self->revoked->kind);
  g_autoptr(GError) local_error = NULL;
  g_autofree char *path = koban_step_build_path (step, call->path, NULL, values, &local_error);
  char *body = path != NULL ? koban_step_build_body (step, call->body, values, &local_error) : NULL;
  KobanOutgoing *outgoing = NULL;

  if (local_error == NULL)
    outgoing = koban_auth_request (self->auth, methods[call->method], path, body, rule, error);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  koban_secret_wipe (body);
  return with_headers (self, outgoing, call->headers, error);
}

static KobanOutgoing *
build_revocation (KobanSession *self, const KobanStep *step, GError **error)
{
  const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, self->revoked->kind);
  const KobanCallRule call = { rule->method, rule->path, rule->body, rule->headers };
  const KobanStepValues values = { .fields = self->fields, .link_id = self->revoked->remote_id };

  return build_call (self, step, &call, &values, error);
}

static KobanOutgoing *
build_factor (KobanSession *self, const KobanStep *step, GError **error)
{
  const KobanStepValues values = { self->fields, self->revoked->remote_id,
                                   koban_second_factor_get_id (self->factor),
                                   koban_second_factor_get_answer (self->factor) };

  return build_call (self, step, koban_second_factor_get_call (self->factor), &values, error);
}

static KobanOutgoing *
build_listing (KobanSession *self, KobanStep *step, GError **error)
{
  const KobanRequestRule *request = step->request;
  const KobanStepValues values = { .fields = self->fields };
  g_autoptr(GError) local_error = NULL;
  KobanOutgoing *outgoing = NULL;

  step->path = koban_step_build_path (step, request->path, request->query, &values, &local_error);
  g_autofree char *body =
    step->path != NULL ? koban_step_build_body (step, request->body, &values, &local_error) : NULL;
  if (local_error == NULL)
    outgoing = koban_auth_request (self->auth, methods[request->method], step->path, body, NULL, error);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return with_headers (self, outgoing, request->headers, error);
}

static KobanOutgoing *
build_step (KobanSession *self, KobanStep *step, GError **error)
{
  switch (step->kind)
    {
    case KOBAN_STEP_OPEN:
      return koban_auth_open (self->auth, error);
    case KOBAN_STEP_REVOKE:
      return build_revocation (self, step, error);
    case KOBAN_STEP_FACTOR:
      return build_factor (self, step, error);
    case KOBAN_STEP_LIST:
    default:
      return build_listing (self, step, error);
    }
}

/* — an answer — */

/* The listing that the pages are of. */
static KobanListingRule *
paged_listing (KobanRequestRule *request)
{
  KobanListingRule *lines = koban_request_find_listing (request, KOBAN_GIVES_TRANSACTIONS);
  return lines != NULL ? lines : request->listings->pdata[0];
}

/* The next page, or the next older window. A listing whose pages break off is not whole; only a strange host
 * ends the check. */
static gboolean
go_on (KobanSession *self, const KobanStep *step, KobanJsonNode root, GError **error)
{
  KobanPage page = {
    .step = step, .root = root, .base_url = self->base_url, .profile_url = self->profile->base_url
  };
  g_autoptr(GError) broken = NULL;
  g_autofree char *next = NULL;

  koban_map_page (paged_listing (step->request), root, &page.n_rows, &page.last_id, &page.last_day);
  gboolean done = koban_paging_next (&page, &next, &broken);
  KobanStep *after = done && next != NULL ? koban_step_turn (step, next, &broken) : NULL;
  if (next != NULL && after == NULL)
    koban_hearing_doubt_repeats (self->hearing, step);
  if (done && next == NULL && koban_request_find_listing (step->request, KOBAN_GIVES_TRANSACTIONS) != NULL)
    after = koban_step_older (step);
  if (after != NULL)
    g_queue_push_head (&self->steps, after);
  else if (done && next == NULL && step->request->paging.kept)
    koban_hearing_keep_cursor (self->hearing, step, root);
  if (koban_error_is (broken, KOBAN_ERROR_UNTRUSTED))
    {
      g_propagate_error (error, g_steal_pointer (&broken));
      return FALSE;
    }
  if (broken != NULL)
    koban_hearing_fail (self->hearing, step, broken);
  return TRUE;
}

static gboolean
take_listed (KobanSession *self, KobanStep *step, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(GError) refusal = NULL;
  g_autoptr(KobanJson) json =
    koban_answer_read (answer, &self->profile->errors, is_entry (self, step), &refusal);

  if (koban_error_is (refusal, KOBAN_ERROR_NOT_FOUND) && koban_hearing_take_none (self->hearing, step))
    return TRUE;
  if (refusal != NULL)
    g_propagate_error (error, g_steal_pointer (&refusal));
  return json != NULL && koban_hearing_take (self->hearing, step, koban_json_root (json), error) &&
         go_on (self, step, koban_json_root (json), error);
}

static gboolean
has_status (GArray *statuses, guint status)
{
  for (guint i = 0; i < statuses->len; i++)
    if (g_array_index (statuses, guint, i) == status)
      return TRUE;
  return FALSE;
}

/* — a second factor — */

static gboolean
take_factor (KobanSession *self, const KobanHttpResponse *answer, GError **error)
{
  if (!koban_second_factor_take (self->factor, answer, &self->profile->errors, error))
    return FALSE;
  if (koban_second_factor_is_done (self->factor))
    self->revoke_result = KOBAN_REVOKE_ACCEPTED;
  else
    g_queue_push_head (&self->steps, koban_step_new (KOBAN_STEP_FACTOR, NULL, self->revoked_on));
  return TRUE;
}

/* The answer that wants one may have begun it, too. */
static gboolean
begin_factor (KobanSession *self,
              const KobanFactorRule *rule,
              const KobanHttpResponse *answer,
              GError **error)
{
  self->factor = koban_second_factor_new (rule);
  if (rule->start.path == NULL)
    return take_factor (self, answer, error);
  g_queue_push_head (&self->steps, koban_step_new (KOBAN_STEP_FACTOR, NULL, self->revoked_on));
  return TRUE;
}

const KobanFactor *
koban_session_get_factor (KobanSession *self)
{
  const KobanFactor *told = self->factor != NULL ? koban_second_factor_get_told (self->factor) : NULL;

  if (told == NULL)
    return NULL;
  self->told = *told;
  self->told.known = told->url != NULL && koban_hosts_allow (self->hosts, told->url, NULL);
  return &self->told;
}

gboolean
koban_session_answer_factor (KobanSession *self, KobanSecret *answer, GError **error)
{
  return koban_second_factor_answer (self->factor, answer, error);
}

static gboolean
take_revoked (KobanSession *self, const KobanHttpResponse *answer, GError **error)
{
  const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, self->revoked->kind);
  g_autoptr(GError) refusal = NULL;

  if (rule->factor != NULL && has_status (rule->factor->when, answer->status))
    return begin_factor (self, rule->factor, answer, error);
  if (has_status (rule->ok, answer->status))
    self->revoke_result = KOBAN_REVOKE_ACCEPTED;
  else if (has_status (rule->gone, answer->status))
    self->revoke_result = KOBAN_REVOKE_GONE;
  else if (koban_answer_check (answer, &self->profile->errors, FALSE, &refusal))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("the bank answered %u, and whether it revoked is not known"), answer->status);
  else if (koban_error_is (refusal, KOBAN_ERROR_NOT_FOUND))
    self->revoke_result = KOBAN_REVOKE_GONE;
  else
    g_propagate_error (error, g_steal_pointer (&refusal));
  return self->revoke_result != KOBAN_REVOKE_PENDING;
}

/* Before all that waits. */
static void
queue_opening (KobanSession *self, const char *as_client)
{
  KobanStep *opening = koban_step_new (KOBAN_STEP_OPEN, NULL, NULL);

  opening->as_client = as_client;
  g_queue_push_head (&self->steps, opening);
}

/* A login may be of several requests. */
static gboolean
take_opened (KobanSession *self, const KobanStep *step, const KobanHttpResponse *answer, GError **error)
{
  if (!koban_auth_opened (self->auth, answer, error))
    return FALSE;
  if (koban_auth_wants_opening (self->auth))
    queue_opening (self, step->as_client);
  return TRUE;
}

static gboolean
take_answer (KobanSession *self, KobanStep *step, const KobanHttpResponse *answer, GError **error)
{
  switch (step->kind)
    {
    case KOBAN_STEP_OPEN:
      return take_opened (self, step, answer, error);
    case KOBAN_STEP_REVOKE:
      return take_revoked (self, answer, error);
    case KOBAN_STEP_FACTOR:
      return take_factor (self, answer, error);
    case KOBAN_STEP_LIST:
    default:
      return take_listed (self, step, answer, error);
    }
}

/* — one step — */

typedef struct
{
  KobanStep *step; /* (nullable): it went back into the queue */
} StepTask;

static void
step_task_free (gpointer data)
{
  StepTask *task_data = data;
  g_clear_pointer (&task_data->step, koban_step_free);
  g_free (task_data);
}

/* Where a consent stands at an address of its own, “not found” is its end. */
static gboolean
asks_about_access (const KobanStep *step)
{
  const KobanListingRule *links =
    step->request != NULL ? koban_request_find_listing (step->request, KOBAN_GIVES_LINKS) : NULL;

  return step->holder != NULL && links != NULL && links->own;
}

/* In which scope the client itself makes it; NULL: the person does. */
static const char *
client_of (KobanSession *self, const KobanStep *step)
{
  switch (step->kind)
    {
    case KOBAN_STEP_OPEN:
      return step->as_client;
    case KOBAN_STEP_REVOKE:
    case KOBAN_STEP_FACTOR:
      return koban_profile_find_revocation (self->profile, self->revoked->kind)->as_client;
    case KOBAN_STEP_LIST:
    default:
      return step->request->as_client;
    }
}

/* A bank may refuse one list, or this one way of asking, to an access that lives; what it refuses the client
 * says nothing of the person's. */
static gboolean
refuses_access (KobanSession *self, const KobanStep *step, guint status, const GError *error)
{
  if (client_of (self, step) != NULL)
    return FALSE;
  return koban_error_is (error, KOBAN_ERROR_NEEDS_SIGN_IN) || koban_error_is (error, KOBAN_ERROR_FORBIDDEN) ||
         ((status == 404 || status == 410) && asks_about_access (step));
}

/* What ends the check: the secret itself is refused, patience is asked for, nobody is there, or a host is
 * strange. One of several holders that has to sign in again is no reason to leave the others. */
static gboolean
ends_check (KobanSession *self, const KobanStep *step, const GError *error)
{
  if (step->kind != KOBAN_STEP_LIST || koban_error_is_cancelled (error) ||
      koban_error_is (error, KOBAN_ERROR_RATE_LIMITED) || koban_error_is (error, KOBAN_ERROR_UNTRUSTED))
    return TRUE;
  if (koban_error_is (error, KOBAN_ERROR_NEEDS_SIGN_IN))
    return is_entry (self, step) && (step->holder == NULL || self->hearing->holders->len == 1);
  return is_entry (self, step) && koban_error_is (error, KOBAN_ERROR_OFFLINE);
}

/* Without a token for the client only that is not heard which it would have asked for. */
static void
fail_what_waits (StepTask *data, GQueue *steps)
{
  const KobanStep *waiting = g_queue_peek_head (steps);

  if (data->step->kind != KOBAN_STEP_OPEN || data->step->as_client == NULL || waiting == NULL ||
      waiting->kind != KOBAN_STEP_LIST)
    return;
  koban_step_free (data->step);
  data->step = g_queue_pop_head (steps);
}

/* Hands over @error of the current step: as the check's end, or as FAILED snapshots. */
static void
return_trouble (KobanSession *self, GTask *task, GError *error)
{
  StepTask *data = g_task_get_task_data (task);
  g_autoptr(GError) owned = error;

  fail_what_waits (data, &self->steps);
  const KobanStep *step = data->step;
  if (ends_check (self, step, owned))
    {
      g_task_return_error (task, g_steal_pointer (&owned));
      return;
    }
  koban_hearing_fail (self->hearing, step, owned);
  g_task_return_pointer (task, hand_over (self), (GDestroyNotify) g_ptr_array_unref);
}

static void
ask_again (KobanSession *self, StepTask *data, gboolean opening)
{
  g_clear_pointer (&data->step->path, g_free);
  g_queue_push_head (&self->steps, g_steal_pointer (&data->step));
  if (opening)
    queue_opening (self, NULL);
}

/* An opening whose answer was lost, or a proof that a new opening may better: the same step comes again,
 * once. */
static gboolean
asks_again (KobanSession *self, StepTask *data, const KobanHttpResponse *answer, const GError *error)
{
  const gboolean is_opening = data->step->kind == KOBAN_STEP_OPEN;
  const gboolean is_factor = data->step->kind == KOBAN_STEP_FACTOR;

  if (is_opening && koban_error_is (error, KOBAN_ERROR_OFFLINE) && koban_auth_lost (self->auth))
    ask_again (self, data, FALSE);
  else if (is_factor && answer == NULL && koban_error_is (error, KOBAN_ERROR_OFFLINE) &&
           koban_second_factor_lost (self->factor))
    ask_again (self, data, FALSE);
  else if (!is_opening && !is_factor && answer != NULL && answer->status == 401 &&
           koban_auth_refused (self->auth))
    ask_again (self, data, TRUE);
  else
    return FALSE;
  return TRUE;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanSession *self = g_task_get_source_object (task);
  StepTask *data = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanHttpResponse) answer = koban_http_send_finish (KOBAN_HTTP (source), result, &error);

  if (asks_again (self, data, answer, error))
    {
      g_task_return_pointer (task, hand_over (self), (GDestroyNotify) g_ptr_array_unref);
      return;
    }
  if (answer == NULL && koban_error_is (error, KOBAN_ERROR_OFFLINE))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (answer != NULL)
    self->retry_after_s = answer->retry_after_s;
  if (answer != NULL && take_answer (self, data->step, answer, &error))
    {
      g_task_return_pointer (task, hand_over (self), (GDestroyNotify) g_ptr_array_unref);
      return;
    }
  self->refused = answer != NULL && refuses_access (self, data->step, answer->status, error);
  return_trouble (self, task, g_steal_pointer (&error));
}

static gboolean
send_step (KobanSession *self, KobanStep *step, GTask *task, GError **error)
{
  g_autoptr(KobanOutgoing) outgoing = build_step (self, step, error);

  return outgoing != NULL &&
         koban_sending_start (
           &(KobanSending){ self->http, self->hosts, self->ca_pem, self->profile->headers }, outgoing,
           g_task_get_cancellable (task), on_answered, task, error);
}

/* The next one, or what must be opened before it. */
static KobanStep *
take_step (KobanSession *self)
{
  const KobanStep *step = g_queue_peek_head (&self->steps);
  const char *as_client = client_of (self, step);

  koban_auth_act_as (self->auth, as_client);
  if (step->kind != KOBAN_STEP_OPEN && koban_auth_wants_opening (self->auth))
    queue_opening (self, as_client);
  return g_queue_pop_head (&self->steps);
}

gboolean
koban_session_has_next (KobanSession *self)
{
  return !g_queue_is_empty (&self->steps);
}

void
koban_session_step_async (KobanSession *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (koban_session_has_next (self));

  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(GError) error = NULL;
  StepTask *data = g_new0 (StepTask, 1);

  data->step = take_step (self);
  g_task_set_source_tag (task, koban_session_step_async);
  g_task_set_task_data (task, data, step_task_free);
  self->retry_after_s = -1;
  self->refused = FALSE;
  if (!send_step (self, data->step, task, &error))
    return_trouble (self, task, g_steal_pointer (&error));
}

GPtrArray *
koban_session_step_finish (KobanSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* — the rest — */

static void
take_options (KobanSession *self, const KobanSessionOptions *options)
{
  GHashTableIter iter;
  gpointer identity, covered_us;

  self->profile = koban_profile_ref (options->profile);
  self->ca_pem = options->ca_pem != NULL ? g_bytes_ref (options->ca_pem) : NULL;
  self->now_us = options->now_us;
  for (const char *const *field = options->fields; field != NULL && field[0] != NULL && field[1] != NULL;
       field += 2)
    g_hash_table_insert (self->fields, g_strdup (field[0]), g_strdup (field[1]));
  self->cursors = options->cursors != NULL ? g_hash_table_ref (options->cursors) : NULL;
  if (options->covered_to == NULL)
    return;
  g_hash_table_iter_init (&iter, options->covered_to);
  while (g_hash_table_iter_next (&iter, &identity, &covered_us))
    g_hash_table_insert (self->covered_to, g_strdup (identity), g_memdup2 (covered_us, sizeof (gint64)));
}

KobanSession *
koban_session_new (KobanHttp *http, const KobanSessionOptions *options, GError **error)
{
  g_autoptr(KobanHosts) hosts =
    koban_hosts_new (koban_profile_get_hosts (options->profile), options->base_url, error);
  if (hosts == NULL)
    return NULL;

  KobanSession *self = g_object_new (KOBAN_TYPE_SESSION, NULL);
  self->base_url = g_strdup (options->base_url != NULL ? options->base_url : options->profile->base_url);
  while (g_str_has_suffix (self->base_url, "/"))
    self->base_url[strlen (self->base_url) - 1] = '\0';
  self->http = g_object_ref (http);
  take_options (self, options);
  self->hosts = g_steal_pointer (&hosts);
  self->auth = koban_auth_new (&(KobanAuthOptions){ .profile = self->profile,
                                                    .base_url = self->base_url,
                                                    .secrets = options->secrets,
                                                    .fields = self->fields,
                                                    .hosts = self->hosts,
                                                    .now_us = options->now_us });
  if (koban_auth_wants_opening (self->auth))
    g_queue_push_tail (&self->steps, koban_step_new (KOBAN_STEP_OPEN, NULL, NULL));
  self->hearing = koban_hearing_new (self->profile, self->covered_to, self->now_us);
  advance (self);
  return self;
}

gint64
koban_session_get_retry_after_s (KobanSession *self)
{
  return self->retry_after_s;
}

gboolean
koban_session_is_refused (KobanSession *self)
{
  return self->refused;
}

KobanSecret *
koban_session_take_secrets (KobanSession *self)
{
  return koban_auth_take_secrets (self->auth);
}

const char *const *
koban_session_get_messages (KobanSession *self)
{
  return (const char *const *) self->hearing->messages->pdata;
}

/* The request whose listing holds links of this kind; (nullable). */
static KobanRequestRule *
find_proof (KobanSession *self, KobanLinkKind kind)
{
  for (guint r = 0; r < self->profile->requests->len; r++)
    {
      KobanRequestRule *request = koban_profile_get_request (self->profile, r);
      for (guint l = 0; l < request->listings->len; l++)
        {
          const KobanListingRule *listing = request->listings->pdata[l];
          if (listing->gives == KOBAN_GIVES_LINKS && listing->link_kind == kind)
            return request;
        }
    }
  return NULL;
}

static gboolean
check_revoke (KobanSession *self, const KobanLink *link, KobanAccount *account, GError **error)
{
  const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, link->kind);
  KobanRequestRule *proof = find_proof (self, link->kind);

  if (rule == NULL || rule->path == NULL || link->remote_id == NULL || proof == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
                   _("%s cannot revoke this through its service. %s"), self->profile->name,
                   rule != NULL ? rule->by_hand : "");
      return FALSE;
    }
  if (proof->per == KOBAN_PER_ACCOUNT && account == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("which account the link hangs on is not known"));
      return FALSE;
    }
  return TRUE;
}

/* The accounts, or the holders, are listed before the links are. */
static gboolean
is_deep (KobanSession *self, KobanRequestRule *proof)
{
  return koban_request_find_listing (proof, KOBAN_GIVES_ACCOUNTS) != NULL ||
         (proof->per == KOBAN_PER_HOLDER && self->profile->holders == NULL);
}

/* Only what a listing of links of that account, or of the connection, is made of: it is whole only if every
 * request that adds to it is made. */
static void
queue_proof (KobanSession *self, gboolean of_account, KobanAccount *account)
{
  take_holders (self);
  for (guint i = 0; i < self->profile->requests->len; i++)
    {
      KobanRequestRule *request = koban_profile_get_request (self->profile, i);
      if (!is_of_links (request) ||
          (!gives_names (request) && (request->per == KOBAN_PER_ACCOUNT) != of_account))
        continue;
      if (request->per == KOBAN_PER_ACCOUNT)
        queue_step (self, request, account, NULL);
      else
        queue_request (self, request);
    }
  self->stage = STAGE_REST;
}

static gboolean
any_deep (KobanSession *self)
{
  for (guint i = 0; i < self->profile->requests->len; i++)
    {
      KobanRequestRule *request = koban_profile_get_request (self->profile, i);
      if (is_of_links (request) && is_deep (self, request))
        return TRUE;
    }
  return FALSE;
}

gboolean
koban_session_set_revoke (KobanSession *self, const KobanLink *link, KobanAccount *account, GError **error)
{
  if (!check_revoke (self, link, account, error))
    return FALSE;
  self->revoked = koban_link_new (link);
  self->revoked_on = account != NULL ? koban_account_ref (account) : NULL;
  g_queue_clear_full (&self->steps, koban_step_free);
  g_queue_push_tail (&self->steps, koban_step_new (KOBAN_STEP_REVOKE, NULL, account));
  self->stage = STAGE_START;
  const gboolean of_account = find_proof (self, link->kind)->per == KOBAN_PER_ACCOUNT;
  if (of_account || !any_deep (self))
    queue_proof (self, of_account, account);
  return TRUE;
}

KobanRevokeResult
koban_session_get_revoke_result (KobanSession *self)
{
  return self->revoke_result;
}
