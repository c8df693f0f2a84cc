/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One check, or one revocation, at one bank: a queue of steps, each exactly one request, each answer
 * turned into snapshots by the profile's rules. Every request leaves through send_step(), where the
 * host is checked; nothing here retries, waits, stores or tells.
 */
#include "config.h"

#include <koban/session.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/answer.h"
#include "bank/auth.h"
#include "bank/gathering.h"
#include "bank/hosts.h"
#include "bank/mapping.h"
#include "bank/troubles.h"

/*   open (only if the scheme wants it) → list the first request: accounts
 *        → list identity, per account → the accounts are announced
 *        → list each further request, per account or once, in the profile's order; windows newest first
 *   open → revoke → list links                                                      (a revocation)      */
struct _KobanSession
{
  GObject parent_instance;

  KobanHttp *http;
  KobanProfile *profile;
  KobanHosts *hosts;
  KobanAuth *auth;
  GBytes *ca_pem;         /* (nullable) */
  GHashTable *fields;     /* name → value of needs that are no secret */
  GHashTable *covered_to; /* identity → gint64 * */
  gint64 now_us;

  GQueue steps;           /* of KobanStep, in the order in which they will be made */
  GPtrArray *accounts;    /* of KobanAccount: all that can be told apart */
  guint n_unidentified;   /* identity steps still to come */
  GError *accounts_error; /* (nullable): why the list may lack some: the bank's word, or a join that failed */
  gboolean accounts_whole; /* the bank said nothing that casts doubt on the list */
  GPtrArray *gathered;     /* of KobanGathered: what the windows of the current request gave so far */

  GPtrArray *messages; /* of text, NULL-terminated */
  gint64 retry_after_s;

  KobanLink *revoked;       /* (nullable): a revocation */
  KobanAccount *revoked_on; /* (nullable) */
  KobanRevokeResult revoke_result;
};

G_DEFINE_FINAL_TYPE (KobanSession, koban_session, G_TYPE_OBJECT)

static void
koban_session_finalize (GObject *object)
{
  KobanSession *self = KOBAN_SESSION (object);

  g_clear_object (&self->http);
  g_clear_pointer (&self->auth, koban_auth_free);
  g_clear_pointer (&self->hosts, koban_hosts_free);
  g_clear_pointer (&self->profile, koban_profile_unref);
  g_clear_pointer (&self->ca_pem, g_bytes_unref);
  g_hash_table_unref (self->fields);
  g_hash_table_unref (self->covered_to);
  g_queue_clear_full (&self->steps, koban_step_free);
  g_ptr_array_unref (self->accounts);
  g_ptr_array_unref (self->gathered);
  g_ptr_array_unref (self->messages);
  g_clear_error (&self->accounts_error);
  g_clear_pointer (&self->revoked, koban_link_unref);
  g_clear_pointer (&self->revoked_on, koban_account_unref);
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
  self->accounts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_account_unref);
  self->gathered = koban_gathering_new ();
  self->messages = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->messages, NULL);
  self->accounts_whole = TRUE;
  self->retry_after_s = -1;
}

/* — when — */

static gint64
history_start (KobanSession *self)
{
  gint64 start_us = self->now_us - (gint64) self->profile->history_days * KOBAN_DAY_US;
  return start_us - start_us % KOBAN_DAY_US;
}

static gboolean
is_covered (KobanSession *self, const KobanAccount *account)
{
  return g_hash_table_contains (self->covered_to, account->identity);
}

/* From when lines of @account are wanted; of all accounts that are known if it is NULL. */
static gint64
wanted_since (KobanSession *self, const KobanRequestRule *request, const KobanAccount *account)
{
  const gint64 *covered_us =
    account != NULL ? g_hash_table_lookup (self->covered_to, account->identity) : NULL;
  gint64 since_us = covered_us != NULL ? *covered_us : G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->covered_to);
  while (account == NULL && g_hash_table_iter_next (&iter, NULL, &value))
    since_us = MIN (since_us, *(gint64 *) value);
  if (since_us == G_MAXINT64)
    return history_start (self);
  since_us -= (gint64) request->overlap_days * KOBAN_DAY_US;
  return MAX (MIN (since_us, self->now_us), history_start (self));
}

/* — the queue — */

static void
queue_list (KobanSession *self, KobanRequestRule *request, KobanAccount *account)
{
  KobanStep *step = koban_step_new (KOBAN_STEP_LIST, request, account);
  koban_step_aim (step, wanted_since (self, request, account), self->now_us);
  g_queue_push_tail (&self->steps, step);
}

static void
queue_request (KobanSession *self, KobanRequestRule *request)
{
  if (request->per == KOBAN_PER_CONNECTION ||
      (request->per == KOBAN_PER_SIGN_IN && g_hash_table_size (self->covered_to) == 0))
    queue_list (self, request, NULL);
  else if (request->per == KOBAN_PER_ACCOUNT)
    for (guint i = 0; i < self->accounts->len; i++)
      queue_list (self, request, self->accounts->pdata[i]);
}

static gboolean
is_entry (KobanSession *self, const KobanStep *step)
{
  return step->request == self->profile->requests->pdata[0];
}

/* — the request — */

static KobanOutgoing *
build_step (KobanSession *self, const KobanStep *step, GError **error)
{
  g_autofree char *path = NULL;

  if (step->kind == KOBAN_STEP_OPEN)
    return koban_auth_open (self->auth, error);
  if (step->kind == KOBAN_STEP_REVOKE)
    {
      const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, self->revoked->kind);
      path = koban_step_build_path (step, rule->path, NULL, self->fields, self->revoked->remote_id, error);
      return path != NULL ? koban_auth_request (self->auth, rule->method, path, NULL, rule, error) : NULL;
    }
  path = koban_step_build_path (step, step->request->path, step->request->query, self->fields, NULL, error);
  return path != NULL ? koban_auth_request (self->auth, "GET", path, NULL, NULL, error) : NULL;
}

/* — snapshots — */

static const KobanListing listing_of[] = {
  [KOBAN_GIVES_ACCOUNTS] = KOBAN_LISTING_ACCOUNTS,
  [KOBAN_GIVES_IDENTITY] = KOBAN_LISTING_ACCOUNTS,
  [KOBAN_GIVES_LINKS] = KOBAN_LISTING_LINKS,
  [KOBAN_GIVES_BALANCE] = KOBAN_LISTING_BALANCE,
  [KOBAN_GIVES_TRANSACTIONS] = KOBAN_LISTING_TRANSACTIONS,
};

static KobanSnapshot
blank_snapshot (KobanSession *self, KobanListing listing, KobanAccount *account)
{
  return (KobanSnapshot){ .account = account,
                          .listing = listing,
                          .reach = KOBAN_REACH_WHOLE,
                          .heard_us = self->now_us,
                          .from_us = self->now_us,
                          .to_us = self->now_us };
}

static void
add_snapshot (GPtrArray *out, const KobanSnapshot *fields)
{
  g_ptr_array_add (out, koban_snapshot_new (fields));
}

static void
add_rows (KobanSession *self,
          GPtrArray *out,
          KobanListing listing,
          KobanReach reach,
          KobanAccount *account,
          GPtrArray *rows)
{
  KobanSnapshot fields = blank_snapshot (self, listing, account);
  fields.reach = reach;
  fields.rows = rows;
  add_snapshot (out, &fields);
}

static void
add_failed (KobanSession *self,
            GPtrArray *out,
            KobanListing listing,
            KobanAccount *account,
            const GError *error)
{
  KobanSnapshot fields = blank_snapshot (self, listing, account);
  g_autoptr(GError) where = g_error_copy (error);

  g_prefix_error (&where, "%s: ", self->profile->id);
  fields.reach = KOBAN_REACH_FAILED;
  fields.error = where;
  add_snapshot (out, &fields);
}

/* — accounts — */

/* The same account listed twice is one. */
static gboolean
is_known (KobanSession *self, const KobanAccount *account)
{
  for (guint i = 0; i < self->accounts->len; i++)
    if (g_str_equal (((KobanAccount *) self->accounts->pdata[i])->identity, account->identity))
      return TRUE;
  return FALSE;
}

/* All accounts that can be told apart are known: says so, and queues what comes after. */
static void
announce_accounts (KobanSession *self, GPtrArray *out)
{
  gboolean is_whole = self->accounts_whole && self->accounts_error == NULL;

  if (self->accounts->len > 0 || is_whole)
    add_rows (self, out, KOBAN_LISTING_ACCOUNTS, is_whole ? KOBAN_REACH_WHOLE : KOBAN_REACH_CHANGES, NULL,
              self->accounts);
  if (self->accounts_error != NULL)
    add_failed (self, out, KOBAN_LISTING_ACCOUNTS, NULL, self->accounts_error);
  for (guint i = 1; i < self->profile->requests->len; i++)
    {
      KobanRequestRule *request = koban_profile_get_request (self->profile, i);
      if (koban_request_find_listing (request, KOBAN_GIVES_IDENTITY) == NULL)
        queue_request (self, request);
    }
}

static void
queue_identity (KobanSession *self, KobanRequestRule *request, GPtrArray *accounts)
{
  for (guint i = 0; i < accounts->len; i++)
    queue_list (self, request, accounts->pdata[i]);
  self->n_unidentified = accounts->len;
}

static void
take_accounts (KobanSession *self, GPtrArray *accounts, GPtrArray *out)
{
  KobanRequestRule *identity = koban_profile_find_request (self->profile, KOBAN_GIVES_IDENTITY);

  if (identity != NULL && accounts->len > 0)
    {
      queue_identity (self, identity, accounts);
      return;
    }
  for (guint i = 0; i < accounts->len; i++)
    if (!is_known (self, accounts->pdata[i]))
      g_ptr_array_add (self->accounts, koban_account_ref (accounts->pdata[i]));
  announce_accounts (self, out);
}

/* @account, identified, or NULL with the reason; the last one opens the way. */
static void
take_identity (KobanSession *self, KobanAccount *account, GError *error, GPtrArray *out)
{
  if (account != NULL && !is_known (self, account))
    g_ptr_array_add (self->accounts, koban_account_ref (account));
  if (error != NULL && self->accounts_error == NULL)
    self->accounts_error = g_error_copy (error);
  if (--self->n_unidentified == 0)
    announce_accounts (self, out);
}

/* — lines, over windows — */

static void
add_gathered (KobanSession *self, const KobanListingRule *rule, const KobanGathered *gathered, GPtrArray *out)
{
  gboolean heard_some = gathered->from_us < self->now_us && !is_covered (self, gathered->account);
  KobanSnapshot fields = blank_snapshot (self, KOBAN_LISTING_TRANSACTIONS, gathered->account);

  /* An older window that failed shortens a first listing; later it would leave a hole behind what is covered.
   */
  if (gathered->error != NULL && !heard_some)
    {
      add_failed (self, out, KOBAN_LISTING_TRANSACTIONS, gathered->account, gathered->error);
      return;
    }
  fields.reach = is_covered (self, gathered->account) ? rule->reach : KOBAN_REACH_WHOLE;
  fields.from_us = gathered->from_us;
  fields.rows = gathered->lines;
  if (gathered->doubt == NULL)
    {
      add_snapshot (out, &fields);
      return;
    }
  /* What is heard in doubt is judged, and covers no time: it is all asked for again. The first is still what
   * news is told from. */
  fields.to_us = fields.from_us;
  if (is_covered (self, gathered->account))
    fields.reach = KOBAN_REACH_CHANGES;
  add_snapshot (out, &fields);
  add_failed (self, out, KOBAN_LISTING_TRANSACTIONS, gathered->account, gathered->doubt);
}

/* After the last window of a request: what was gathered becomes snapshots. */
static void
finish_windows (KobanSession *self, const KobanStep *step, GPtrArray *out)
{
  const KobanListingRule *rule = koban_request_find_listing (step->request, KOBAN_GIVES_TRANSACTIONS);
  KobanStep *older = rule != NULL ? koban_step_older (step) : NULL;

  if (older != NULL)
    g_queue_push_head (&self->steps, older);
  if (rule == NULL || older != NULL)
    return;
  for (guint i = 0; i < self->gathered->len; i++)
    add_gathered (self, rule, self->gathered->pdata[i], out);
  g_ptr_array_set_size (self->gathered, 0);
}

/* — an answer — */

static void
read_links (KobanSession *self,
            const KobanListingRule *rule,
            KobanReach reach,
            KobanJsonNode base,
            KobanAccount *account,
            GPtrArray *out)
{
  g_autoptr(GError) error = NULL;
  KobanRevocation revocation = koban_profile_get_revocation (self->profile, rule->link_kind, NULL);

  if (rule->optional && !koban_json_exists (koban_json_at (base, rule->rows)))
    return;
  g_autoptr(GPtrArray) links = koban_map_links (rule, base, account, revocation, &error);
  if (links != NULL)
    add_rows (self, out, KOBAN_LISTING_LINKS, reach, account, links);
  else
    add_failed (self, out, KOBAN_LISTING_LINKS, account, error);
}

static void
read_balance (KobanSession *self,
              const KobanListingRule *rule,
              KobanJsonNode base,
              KobanAccount *account,
              const GError *trouble,
              GPtrArray *out)
{
  g_autoptr(GError) error = NULL;
  KobanSnapshot fields = blank_snapshot (self, KOBAN_LISTING_BALANCE, account);

  if (trouble == NULL && koban_map_balance (rule, base, account, &fields, &error))
    add_snapshot (out, &fields);
  else
    add_failed (self, out, KOBAN_LISTING_BALANCE, account, trouble != NULL ? trouble : error);
}

static void
read_lines (KobanSession *self,
            const KobanStep *step,
            const KobanListingRule *rule,
            KobanJsonNode base,
            KobanAccount *account,
            GError *trouble,
            GError *doubt)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) lines = NULL;

  if (trouble == NULL && rule->optional && !koban_json_exists (koban_json_at (base, rule->rows)))
    lines = g_ptr_array_new ();
  else if (trouble == NULL)
    lines = koban_map_transactions (rule, base, account, &error);
  koban_gathering_take (self->gathered, step, account, lines, trouble != NULL ? trouble : error, doubt);
}

/* Balance and lines of one account, which stand in @base. */
static void
read_account (KobanSession *self,
              const KobanStep *step,
              KobanJsonNode base,
              KobanAccount *account,
              GArray *troubles,
              GPtrArray *out)
{
  g_autoptr(GError) trouble = koban_troubles_find (troubles, account);
  g_autoptr(GError) doubt = koban_troubles_find_doubt (troubles, account);

  for (guint i = 0; i < step->request->listings->len; i++)
    {
      const KobanListingRule *rule = step->request->listings->pdata[i];
      if (rule->gives == KOBAN_GIVES_BALANCE && step->newest)
        read_balance (self, rule, base, account, trouble, out);
      if (rule->gives == KOBAN_GIVES_TRANSACTIONS)
        read_lines (self, step, rule, base, account, trouble, doubt);
    }
}

static void
extend_for_news (KobanSession *self, KobanStep *step)
{
  for (guint i = 0; i < self->accounts->len; i++)
    if (!is_covered (self, self->accounts->pdata[i]) && koban_map_can_count (self->accounts->pdata[i]))
      step->since_us = history_start (self);
}

static gboolean
is_repeated (GPtrArray *accounts, guint index)
{
  const KobanAccount *account = accounts->pdata[index];
  for (guint i = 0; i < index; i++)
    if (g_str_equal (((KobanAccount *) accounts->pdata[i])->identity, account->identity))
      return TRUE;
  return FALSE;
}

/* The answer that lists the accounts, and whatever else stands in it. */
static gboolean
read_entry (KobanSession *self,
            KobanStep *step,
            KobanJsonNode root,
            GArray *troubles,
            GPtrArray *out,
            GError **error)
{
  const KobanListingRule *rule = koban_request_find_listing (step->request, KOBAN_GIVES_ACCOUNTS);
  g_autoptr(GArray) rows = g_array_new (FALSE, FALSE, sizeof (KobanJsonNode));
  g_autoptr(GPtrArray) accounts = koban_map_accounts (rule, root, self->profile->name, rows, error);

  if (accounts == NULL)
    return FALSE;
  if (step->newest)
    {
      self->accounts_whole = troubles->len == 0;
      self->accounts_error = koban_troubles_find_doubt (troubles, NULL);
      take_accounts (self, accounts, out);
      if (step->request->paging.days > 0)
        extend_for_news (self, step);
    }
  KobanListingRule *links = koban_request_find_listing (step->request, KOBAN_GIVES_LINKS);
  /* In doubt no link is missed; but what was first heard in doubt is what news is told from. */
  gboolean in_doubt = self->accounts_error != NULL && g_hash_table_size (self->covered_to) > 0;
  if (links != NULL && step->newest)
    read_links (self, links, in_doubt ? KOBAN_REACH_CHANGES : KOBAN_REACH_WHOLE, root, NULL, out);
  for (guint i = 0; i < accounts->len; i++)
    if (!is_repeated (accounts, i))
      read_account (self, step, g_array_index (rows, KobanJsonNode, i), accounts->pdata[i], troubles, out);
  return TRUE;
}

static gboolean
read_identity (KobanSession *self, const KobanStep *step, KobanJsonNode root, GPtrArray *out)
{
  const KobanListingRule *rule = koban_request_find_listing (step->request, KOBAN_GIVES_IDENTITY);
  g_autoptr(GError) error = NULL;

  if (rule == NULL)
    return FALSE;
  g_autoptr(KobanAccount) account = koban_map_identity (rule, root, step->account, &error);
  take_identity (self, account, error, out);
  return TRUE;
}

/* A secret that can do more than watch is worth more to a thief than it is to us. */
static void
read_scopes (KobanSession *self, const KobanListingRule *rule, KobanJsonNode root)
{
  g_autoptr(GPtrArray) excess = koban_map_excess (rule, root, NULL);

  if (excess == NULL || excess->len == 0)
    return;
  g_ptr_array_add (excess, NULL);
  g_autofree char *names = g_strjoinv (", ", (char **) excess->pdata);
  g_autofree char *clean = koban_text_clean (names, 160);
  g_autofree char *sentence = g_strdup_printf (
    _("this key can do more than watch (%s): make one without that power, and connect again"), clean);
  koban_troubles_note (self->messages, sentence);
}

/* FALSE with @error if the whole request is to be told as failed. */
static gboolean
read_answer (KobanSession *self, KobanStep *step, KobanJsonNode root, GPtrArray *out, GError **error)
{
  g_autoptr(GArray) troubles = koban_troubles_read (step->request, root, self->messages);

  if (is_entry (self, step))
    {
      if (!read_entry (self, step, root, troubles, out, error))
        return FALSE;
    }
  else if (read_identity (self, step, root, out))
    return TRUE;
  else
    {
      KobanListingRule *links = koban_request_find_listing (step->request, KOBAN_GIVES_LINKS);
      KobanListingRule *scopes = koban_request_find_listing (step->request, KOBAN_GIVES_SCOPES);
      if (links != NULL)
        read_links (self, links, KOBAN_REACH_WHOLE, root, step->account, out);
      if (scopes != NULL)
        read_scopes (self, scopes, root);
      if (step->account != NULL)
        read_account (self, step, root, step->account, troubles, out);
    }
  finish_windows (self, step, out);
  return TRUE;
}

/* Each listing of a request that gave nothing, as FAILED: never "nothing there". */
static void
fail_step (KobanSession *self, const KobanStep *step, GError *error, GPtrArray *out)
{
  if (koban_request_find_listing (step->request, KOBAN_GIVES_IDENTITY) != NULL)
    {
      take_identity (self, NULL, error, out);
      return;
    }
  for (guint i = 0; step->newest && i < step->request->listings->len; i++)
    {
      const KobanListingRule *rule = step->request->listings->pdata[i];
      gboolean of_connection = rule->gives == KOBAN_GIVES_ACCOUNTS || rule->gives == KOBAN_GIVES_LINKS;
      if (of_connection || step->account != NULL)
        add_failed (self, out, listing_of[rule->gives], step->account, error);
    }
  koban_gathering_fail (self->gathered, error);
  KobanStep last = *step;
  last.since_us = last.from_us;
  finish_windows (self, &last, out);
}

/* — one step — */

typedef struct
{
  KobanStep *step;
} StepTask;

static void
step_task_free (gpointer data)
{
  StepTask *task_data = data;
  koban_step_free (task_data->step);
  g_free (task_data);
}

/* What ends the check: the secret itself is refused, patience is asked for, nobody is there, or a host is
 * strange. */
static gboolean
ends_check (KobanSession *self, const KobanStep *step, const GError *error)
{
  if (step->kind != KOBAN_STEP_LIST || koban_error_is_cancelled (error) ||
      koban_error_is (error, KOBAN_ERROR_RATE_LIMITED) || koban_error_is (error, KOBAN_ERROR_UNTRUSTED))
    return TRUE;
  return is_entry (self, step) &&
         (koban_error_is (error, KOBAN_ERROR_NEEDS_SIGN_IN) || koban_error_is (error, KOBAN_ERROR_OFFLINE));
}

/* Hands over @error of the current step: as the check's end, or as FAILED snapshots. */
static void
return_trouble (KobanSession *self, GTask *task, GError *error)
{
  const KobanStep *step = ((StepTask *) g_task_get_task_data (task))->step;
  g_autoptr(GError) owned = error;

  if (ends_check (self, step, owned))
    {
      if (!koban_error_is_cancelled (owned) && step->kind != KOBAN_STEP_OPEN)
        g_prefix_error (&owned, "%s: ", self->profile->id);
      g_task_return_error (task, g_steal_pointer (&owned));
      return;
    }
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
  fail_step (self, step, owned, out);
  g_task_return_pointer (task, out, (GDestroyNotify) g_ptr_array_unref);
}

static gboolean
has_status (GArray *statuses, guint status)
{
  for (guint i = 0; i < statuses->len; i++)
    if (g_array_index (statuses, guint, i) == status)
      return TRUE;
  return FALSE;
}

static gboolean
take_revoked (KobanSession *self, const KobanHttpResponse *answer, GError **error)
{
  const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, self->revoked->kind);

  if (has_status (rule->ok, answer->status))
    self->revoke_result = KOBAN_REVOKE_ACCEPTED;
  else if (has_status (rule->gone, answer->status))
    self->revoke_result = KOBAN_REVOKE_GONE;
  else if (koban_answer_check (answer, FALSE, error))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("the bank answered %u, and whether it revoked is not known"), answer->status);
  return self->revoke_result != KOBAN_REVOKE_PENDING;
}

static gboolean
take_listed (KobanSession *self,
             KobanStep *step,
             const KobanHttpResponse *answer,
             GPtrArray *out,
             GError **error)
{
  g_autoptr(KobanJson) json = koban_answer_read (answer, is_entry (self, step), error);
  return json != NULL && read_answer (self, step, koban_json_root (json), out, error);
}

/* A login may be of several requests. */
static gboolean
take_opened (KobanSession *self, const KobanHttpResponse *answer, GError **error)
{
  if (!koban_auth_opened (self->auth, answer, error))
    return FALSE;
  if (koban_auth_wants_opening (self->auth))
    g_queue_push_head (&self->steps, koban_step_new (KOBAN_STEP_OPEN, NULL, NULL));
  return TRUE;
}

static gboolean
take_answer (KobanSession *self,
             KobanStep *step,
             const KobanHttpResponse *answer,
             GPtrArray *out,
             GError **error)
{
  switch (step->kind)
    {
    case KOBAN_STEP_OPEN:
      return take_opened (self, answer, error);
    case KOBAN_STEP_REVOKE:
      return take_revoked (self, answer, error);
    case KOBAN_STEP_LIST:
    default:
      return take_listed (self, step, answer, out, error);
    }
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanSession *self = g_task_get_source_object (task);
  StepTask *data = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanHttpResponse) answer = koban_http_send_finish (KOBAN_HTTP (source), result, &error);
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);

  if (answer == NULL && koban_error_is (error, KOBAN_ERROR_OFFLINE))
    {
      g_prefix_error (&error, "%s: ", self->profile->id);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (answer != NULL)
    self->retry_after_s = answer->retry_after_s;
  if (answer == NULL || !take_answer (self, data->step, answer, out, &error))
    return_trouble (self, task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, g_steal_pointer (&out), (GDestroyNotify) g_ptr_array_unref);
}

/* The same bytes, not a copy of them. */
static GBytes *
bytes_of (KobanSecret *secret)
{
  gsize length;
  const char *bytes = secret != NULL ? koban_secret_peek (secret, &length) : NULL;

  if (bytes == NULL)
    return NULL;
  return g_bytes_new_with_free_func (bytes, length, (GDestroyNotify) koban_secret_unref,
                                     koban_secret_ref (secret));
}

static char **
headers_for (KobanSession *self, const KobanOutgoing *outgoing)
{
  g_autoptr(GStrvBuilder) headers = g_strv_builder_new ();

  if (self->profile->headers != NULL)
    g_strv_builder_addv (headers, (const char **) self->profile->headers);
  if (outgoing->body != NULL)
    g_strv_builder_add (headers, outgoing->form ? "Content-Type: application/x-www-form-urlencoded"
                                                : "Content-Type: application/json");
  return g_strv_builder_end (headers);
}

/* The one door: whatever made the address, it passes hosts.c before anything secret leaves. */
static gboolean
send_step (KobanSession *self, const KobanStep *step, GTask *task, GError **error)
{
  g_autoptr(KobanOutgoing) outgoing = build_step (self, step, error);

  if (outgoing == NULL || !koban_hosts_allow (self->hosts, outgoing->url, error))
    return FALSE;
  g_autoptr(GBytes) body = bytes_of (outgoing->body);
  g_auto(GStrv) headers = headers_for (self, outgoing);
  const KobanHttpRequest request = {
    .method = outgoing->method,
    .url = outgoing->url,
    .headers = (const char *const *) headers,
    .secret_headers = outgoing->secret_headers,
    .basic = outgoing->basic,
    .body = body,
    .certificate = outgoing->certificate,
    .key = outgoing->key,
    .ca_pem = self->ca_pem,
    .host_was_typed = koban_hosts_is_typed (self->hosts, outgoing->url),
  };
  koban_http_send_async (self->http, &request, g_task_get_cancellable (task), on_answered,
                         g_object_ref (task));
  return TRUE;
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

  data->step = g_queue_pop_head (&self->steps);
  g_task_set_source_tag (task, koban_session_step_async);
  g_task_set_task_data (task, data, step_task_free);
  self->retry_after_s = -1;
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
  g_autofree char *root =
    g_strdup (options->base_url != NULL ? options->base_url : options->profile->base_url);
  while (g_str_has_suffix (root, "/"))
    root[strlen (root) - 1] = '\0';
  self->http = g_object_ref (http);
  take_options (self, options);
  self->hosts = g_steal_pointer (&hosts);
  self->auth = koban_auth_new (&(KobanAuthOptions){ .profile = self->profile,
                                                    .base_url = root,
                                                    .secrets = options->secrets,
                                                    .fields = self->fields,
                                                    .hosts = self->hosts,
                                                    .now_us = options->now_us });
  if (koban_auth_wants_opening (self->auth))
    g_queue_push_tail (&self->steps, koban_step_new (KOBAN_STEP_OPEN, NULL, NULL));
  queue_list (self, koban_profile_get_request (self->profile, 0), NULL);
  return self;
}

gint64
koban_session_get_retry_after_s (KobanSession *self)
{
  return self->retry_after_s;
}

KobanSecret *
koban_session_take_secrets (KobanSession *self)
{
  return koban_auth_take_secrets (self->auth);
}

const char *const *
koban_session_get_messages (KobanSession *self)
{
  return (const char *const *) self->messages->pdata;
}

gboolean
koban_session_set_revoke (KobanSession *self, const KobanLink *link, KobanAccount *account, GError **error)
{
  const KobanRevocationRule *rule = koban_profile_find_revocation (self->profile, link->kind);
  KobanRequestRule *proof = koban_profile_find_request (self->profile, KOBAN_GIVES_LINKS);

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
  self->revoked = koban_link_new (link);
  self->revoked_on = account != NULL ? koban_account_ref (account) : NULL;
  g_queue_clear_full (&self->steps, koban_step_free);
  if (koban_auth_wants_opening (self->auth))
    g_queue_push_tail (&self->steps, koban_step_new (KOBAN_STEP_OPEN, NULL, NULL));
  g_queue_push_tail (&self->steps, koban_step_new (KOBAN_STEP_REVOKE, NULL, account));
  queue_list (self, proof, proof->per == KOBAN_PER_ACCOUNT ? account : NULL);
  return TRUE;
}

KobanRevokeResult
koban_session_get_revoke_result (KobanSession *self)
{
  return self->revoke_result;
}
