/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adding a connection. Accounts need a connection to hang on, so it is written first and taken
 * back, with all that was heard, if the first check fails. Once the bank has changed the secret (a
 * one-time token is spent, a person has signed in) it stays whatever happens, and the caller hears that it is
 * unchecked. A name that is known, of a bank with a sign-in of its own, signs in again: its history stays,
 * and the old secret, until the new one has worked.
 */
#include "config.h"

#include "autostart.h"
#include "connect.h"
#include "entrance.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/http.h>
#include <koban/sign-in.h>

#define LONGEST_TEXT 256
#define LONGEST_PEM (256 * 1024)
#define MOST_FIELDS 32
#define MOST_HOSTS 64

struct _KobanConnect
{
  KobanParts *parts;           /* (unowned) */
  KobanConnection *connection; /* (owned) */
  KobanProfile *profile;       /* (owned) */
  KobanConnection *before;     /* (owned) (nullable): the same, before it signed in again */
  KobanOperation *operation;   /* (owned) (nullable): while it runs */
  gulong on_progress_id;
  gulong on_cancelled_id;
  gint64 now_us;
  gint64 steps;
  KobanOutcome *outcome; /* (owned) (nullable) */
  char **accounts;       /* (owned) (nullable) */
  gboolean first;        /* the only connection there is */
  gboolean started;
  gboolean signed_in; /* a person did, and would have to again */
  gboolean borrowed;  /* the secret is another connection's: not ours to drop */
  gboolean kept;      /* not taken back, though the check failed */
  GError *error;      /* (owned) (nullable): what the caller is told */
  char *unchecked;    /* (owned) (nullable): why there is no baseline yet */
};

static void abandon (KobanConnect *self);

void
koban_connect_free (gpointer data)
{
  KobanConnect *self = data;

  g_assert (self->operation == NULL);
  if (!self->started)
    {
      abandon (self);
      return;
    }
  g_clear_pointer (&self->connection, koban_connection_free);
  g_clear_pointer (&self->before, koban_connection_free);
  koban_profile_unref (self->profile);
  g_clear_pointer (&self->outcome, koban_outcome_unref);
  g_strfreev (self->accounts);
  g_clear_error (&self->error);
  g_free (self->unchecked);
  g_free (self);
}

/* --- the request --------------------------------------------------------------------------------------- */

static gboolean
read_text (GVariant *request, const char *key, char **text, GError **error)
{
  const char *value = NULL;

  if (!g_variant_lookup (request, key, "&s", &value) || *value == '\0')
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("The request lacks “%s”."), key);
      return FALSE;
    }
  if (strlen (value) > LONGEST_TEXT)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is longer than %d bytes."), key,
                   LONGEST_TEXT);
      return FALSE;
    }
  *text = g_strdup (value);
  return TRUE;
}

static gboolean
read_base_url (GVariant *request, char **base_url, GError **error)
{
  const char *value = NULL;

  if (!g_variant_lookup (request, "base_url", "&s", &value) || *value == '\0')
    return TRUE;
  if (strlen (value) > 4 * LONGEST_TEXT)
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("The address is too long."));
      return FALSE;
    }
  if (!koban_http_check_url (value, NULL, error))
    return FALSE;
  *base_url = g_strdup (value);
  return TRUE;
}

static gboolean
read_pem (GVariant *request, GBytes **pem, GError **error)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (request, "ca_pem", G_VARIANT_TYPE_BYTESTRING);

  if (value == NULL || g_variant_n_children (value) == 0)
    return TRUE;
  if (g_variant_n_children (value) > LONGEST_PEM)
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("The certificates are too large."));
      return FALSE;
    }
  *pem = g_variant_get_data_as_bytes (value);
  return TRUE;
}

static gboolean
read_fields (GVariant *request, char ***fields, GError **error)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (request, "fields", G_VARIANT_TYPE ("a{ss}"));
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  GVariantIter iter;
  const char *name, *text;

  if (value == NULL || g_variant_n_children (value) == 0)
    return TRUE;
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &text))
    {
      if (strlen (name) > LONGEST_TEXT || strlen (text) > LONGEST_TEXT ||
          g_variant_n_children (value) > MOST_FIELDS)
        {
          g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                               _("The fields are too many or too long."));
          return FALSE;
        }
      g_strv_builder_add_many (builder, name, text, NULL);
    }
  *fields = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
read_hosts (GVariant *request, char ***hosts, GError **error)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (request, "hosts", G_VARIANT_TYPE_STRING_ARRAY);

  if (value != NULL && g_variant_n_children (value) > MOST_HOSTS)
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("The hosts are too many."));
      return FALSE;
    }
  *hosts = value != NULL ? g_variant_dup_strv (value, NULL) : g_new0 (char *, 1);
  return TRUE;
}

/* The caller read the file, and so did we, maybe at another time. */
static gboolean
is_agreed (KobanProfile *profile, GVariant *request, GError **error)
{
  const char *digest = NULL;

  if (koban_profile_is_packaged (profile) || (g_variant_lookup (request, "profile_digest", "&s", &digest) &&
                                              g_str_equal (digest, koban_profile_get_digest (profile))))
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
               _("%s comes from no package, and is not what was agreed to: it was changed just now. Add the "
                  "bank once more."),
               koban_profile_get_file (profile));
  return FALSE;
}

/* A file of the person's own may have come, or changed, since we looked. Whoever works with a profile holds
 * it. */
static KobanProfile *
find_profile (KobanParts *parts, const char *id)
{
  KobanProfile *profile = koban_profiles_lookup (parts->tools.profiles, id);

  if (profile != NULL && koban_profile_is_packaged (profile))
    return profile;
  g_clear_pointer (&parts->tools.profiles, koban_profiles_free);
  parts->tools.profiles = koban_profiles_load (NULL);
  return koban_profiles_lookup (parts->tools.profiles, id);
}

static gboolean
bind_profile (KobanParts *parts,
              KobanConnection *connection,
              GVariant *request,
              KobanProfile **bound,
              GError **error)
{
  KobanProfile *profile = find_profile (parts, connection->provider);

  if (profile == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND,
                   _("There is no provider “%s”; “koban providers” lists them."), connection->provider);
      return FALSE;
    }
  if (!is_agreed (profile, request, error))
    return FALSE;
  connection->profile_digest = g_strdup (koban_profile_get_digest (profile));
  *bound = koban_profile_ref (profile);
  return TRUE;
}

KobanConnect *
koban_connect_new (KobanParts *parts, GVariant *request, GError **error)
{
  g_autoptr(KobanConnection) connection = g_new0 (KobanConnection, 1);
  g_autoptr(KobanProfile) profile = NULL;

  connection->state = KOBAN_CONNECTION_WAITING;
  if (!read_text (request, "provider", &connection->provider, error) ||
      !read_text (request, "name", &connection->name, error) ||
      !read_text (request, "secret_id", &connection->secret_id, error) ||
      !read_base_url (request, &connection->base_url, error) ||
      !read_pem (request, &connection->ca_pem, error) || !read_fields (request, &connection->fields, error) ||
      !read_hosts (request, &connection->hosts, error) ||
      !bind_profile (parts, connection, request, &profile, error))
    return NULL;

  KobanConnect *self = g_new0 (KobanConnect, 1);
  self->parts = parts;
  self->connection = g_steal_pointer (&connection);
  self->profile = g_steal_pointer (&profile);
  return self;
}

/* --- the steps ----------------------------------------------------------------------------------------- */

static void on_entered (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_added (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_checked (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_accounts (GObject *source, GAsyncResult *result, gpointer user_data);
static void take_back (KobanConnect *self);
static void take_back_or_end (KobanConnect *self);
static void on_halted (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_taken_back (GObject *source, GAsyncResult *result, gpointer user_data);
static void keep (KobanConnect *self);
static void settle_renewal (KobanConnect *self);
static void drop_secret (KobanConnect *self);
static void on_secret_dropped (GObject *source, GAsyncResult *result, gpointer user_data);

static void
on_progress (KobanRounds *rounds, const char *connection, const char *step, KobanConnect *self)
{
  if (g_str_equal (connection, self->connection->id))
    koban_operation_progress (self->operation, step, connection, ++self->steps, 0);
}

static void
on_cancelled_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  koban_rounds_halt_finish (KOBAN_ROUNDS (source), result);
}

/* The caller left: the check ends now, and what it leaves is taken back in on_checked(). */
static void
on_cancelled (GCancellable *cancellable, KobanConnect *self)
{
  if (self->on_progress_id != 0)
    koban_rounds_halt_async (self->parts->rounds, self->connection->id, on_cancelled_halted, NULL);
}

static void
end (KobanConnect *self)
{
  g_autoptr(KobanOperation) operation = g_steal_pointer (&self->operation);
  g_auto(GVariantDict) result;

  g_cancellable_disconnect (koban_operation_get_cancellable (operation), self->on_cancelled_id);
  g_variant_dict_init (&result, NULL);
  g_variant_dict_insert (&result, "claimed", "b", self->outcome != NULL && self->outcome->claimed);
  if (self->error == NULL)
    {
      g_variant_dict_insert (&result, "connection", "s", self->connection->id);
      g_variant_dict_insert (&result, "accounts", "^as", self->accounts);
      g_variant_dict_insert (&result, "renewed", "b", self->before != NULL);
    }
  if (self->error == NULL && self->unchecked != NULL)
    g_variant_dict_insert (&result, "unchecked", "s", self->unchecked);
  koban_operation_end (operation, g_variant_dict_end (&result), self->error);
}

static gboolean
is_borrowed (KobanLedger *ledger, KobanConnect *self, GError **error)
{
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);

  self->borrowed = connections == NULL; /* not known: left alone */
  for (guint i = 0; connections != NULL && i < connections->len; i++)
    self->borrowed |=
      g_strcmp0 (((KobanConnection *) connections->pdata[i])->secret_id, self->connection->secret_id) == 0;
  if (self->borrowed && connections != NULL)
    g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                         _("That secret belongs to another connection."));
  return self->borrowed;
}

static gboolean
add_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnect *self = job;

  return !is_borrowed (ledger, self, error) &&
         koban_ledger_add_connection (ledger, self->connection, self->now_us, error);
}

void
koban_connect_start (KobanOperation *operation, gpointer data)
{
  KobanConnect *self = data;

  self->started = TRUE;
  self->operation = g_object_ref (operation);
  self->now_us = koban_parts_now_us (self->parts);
  self->on_cancelled_id = g_cancellable_connect (koban_operation_get_cancellable (operation),
                                                 G_CALLBACK (on_cancelled), self, NULL);
  if (koban_profile_signs_in (self->profile))
    koban_entrance_async (self->parts, operation, self->profile, self->connection, on_entered, self);
  else
    koban_books_write_async (self->parts->tools.books, add_in_worker, self, NULL, on_added, self);
}

static void check (KobanConnect *self);
static void renew (KobanConnect *self);

static void
on_entered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  self->now_us = koban_parts_now_us (self->parts);
  if (!koban_entrance_finish (result, &self->before, &self->error))
    {
      drop_secret (self);
      return;
    }
  self->signed_in = TRUE;
  if (self->before != NULL)
    renew (self);
  else
    koban_books_write_async (self->parts->tools.books, add_in_worker, self, NULL, on_added, self);
}

static void
on_added (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  if (!koban_books_finish (self->parts->tools.books, result, &self->error))
    {
      /* Nothing was looked for that could be ambiguous: the name is simply taken. */
      if (koban_error_is (self->error, KOBAN_ERROR_AMBIGUOUS))
        self->error->code = KOBAN_ERROR_FAILED;
      drop_secret (self);
      return;
    }
  if (g_cancellable_set_error_if_cancelled (koban_operation_get_cancellable (self->operation), &self->error))
    {
      take_back (self);
      return;
    }
  check (self);
}

static void
check (KobanConnect *self)
{
  KobanRounds *rounds = self->parts->rounds;

  self->on_progress_id = g_signal_connect (rounds, "progress", G_CALLBACK (on_progress), self);
  koban_rounds_check_async (rounds, self->connection->id, KOBAN_CYCLE_BY_PERSON, NULL, on_checked, self);
}

static gboolean
list_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnect *self = job;
  g_autoptr(GVariant) everything = NULL;
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);
  g_autoptr(GStrvBuilder) ids = g_strv_builder_new ();
  g_auto(GVariantDict) filter;
  GVariantIter iter;
  GVariant *row;

  if (connections == NULL)
    return FALSE;
  self->first = connections->len == 1;
  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "connection", "s", self->connection->id);
  g_autoptr(GVariant) wanted = g_variant_ref_sink (g_variant_dict_end (&filter));
  GVariant *rows = koban_ledger_list (ledger, KOBAN_LIST_ACCOUNTS, wanted, error);
  if (rows == NULL)
    return FALSE;

  everything = g_variant_ref_sink (rows);
  g_variant_iter_init (&iter, everything);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *id = NULL;
      if (g_variant_lookup (row, "id", "&s", &id))
        g_strv_builder_add (ids, id);
      g_variant_unref (row);
    }
  self->accounts = g_strv_builder_end (ids);
  return TRUE;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  self->outcome = koban_rounds_check_finish (self->parts->rounds, result, &self->error);
  g_clear_signal_handler (&self->on_progress_id, self->parts->rounds);
  if (self->outcome != NULL && self->outcome->error != NULL)
    self->error = g_error_copy (self->outcome->error);
  if (self->error == NULL)
    g_cancellable_set_error_if_cancelled (koban_operation_get_cancellable (self->operation), &self->error);

  if (self->before != NULL)
    settle_renewal (self);
  else if (self->error != NULL)
    take_back (self);
  else
    koban_books_write_async (self->parts->tools.books, list_in_worker, self, NULL, on_accounts, self);
}

/* A check may end well though its first listing failed: at a wrong address, behind a page, with a damaged
 * key. For a bank that was watched before it may pass; one that is just being added is not connected. */
static gboolean
heard_of_no_account (const KobanConnect *self)
{
  return !self->kept && *self->accounts == NULL && self->outcome != NULL && self->outcome->unheard != NULL;
}

static void
on_accounts (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  if (!koban_books_finish (self->parts->tools.books, result, &self->error))
    {
      take_back_or_end (self);
      return;
    }
  if (heard_of_no_account (self))
    {
      g_clear_pointer (&self->accounts, g_strfreev);
      self->error = g_error_copy (self->outcome->unheard);
      take_back (self);
      return;
    }
  if (self->first)
    koban_autostart_set (TRUE);
  koban_parts_changed (self->parts, "connections");
  koban_parts_changed (self->parts, "accounts");
  end (self);
}

/* --- taking it back --------------------------------------------------------------------------------------
 */

/* A cancelled check has no outcome to say so, but the cycle planned another one when the token was spent. */
static gboolean
is_spent (const KobanConnect *self, const KobanConnection *known)
{
  if (self->signed_in)
    return TRUE;
  return self->outcome != NULL ? self->outcome->claimed : known->next_check_us != 0;
}

static gboolean
remove_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnect *self = job;
  g_autoptr(KobanConnection) known = koban_ledger_get_connection (ledger, self->connection->id, error);

  if (known == NULL)
    return FALSE;
  self->kept = is_spent (self, known);
  return self->kept || koban_ledger_remove_connection (ledger, known->id, TRUE, self->now_us, error);
}

/* It is taken back at most once: what is kept then only ends. */
static void
take_back_or_end (KobanConnect *self)
{
  if (self->kept)
    end (self);
  else
    take_back (self);
}

static void
take_back (KobanConnect *self)
{
  koban_rounds_halt_async (self->parts->rounds, self->connection->id, on_halted, self);
}

static void
on_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  koban_rounds_halt_finish (self->parts->rounds, result);
  koban_books_write_async (self->parts->tools.books, remove_in_worker, self, NULL, on_taken_back, self);
}

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;
  g_autoptr(GError) error = NULL;

  gboolean taken_back = koban_books_finish (self->parts->tools.books, result, &error);
  koban_parts_changed (self->parts, "connections");
  if (!taken_back)
    {
      g_message ("%s could not be taken back: %s", self->connection->id, error->message);
      end (self);
    }
  else if (self->kept)
    keep (self);
  else
    drop_secret (self);
}

static void
keep (KobanConnect *self)
{
  self->unchecked = g_strdup (self->error->message);
  g_clear_error (&self->error);
  koban_books_write_async (self->parts->tools.books, list_in_worker, self, NULL, on_accounts, self);
}

/* Nothing refers to it any more, or ever did. */
static void
drop_secret (KobanConnect *self)
{
  if (self->borrowed)
    end (self);
  else
    koban_vault_remove_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->connection->secret_id,
                              NULL, on_secret_dropped, self);
}

static void
on_secret_dropped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    g_message ("A secret that is not needed could not be deleted: %s", error->message);
  end (user_data);
}

/* --- signing in again --------------------------------------------------------------------------------------
 */

static void on_renewed (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_old_halted (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_put_back (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_old_dropped (GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean
renew_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnect *self = job;

  return koban_ledger_renew_connection (ledger, self->connection, self->now_us, error);
}

static void
renew (KobanConnect *self)
{
  g_free (self->connection->id);
  self->connection->id = g_strdup (self->before->id);
  koban_books_write_async (self->parts->tools.books, renew_in_worker, self, NULL, on_renewed, self);
}

/* A check that began with the old secret ends first: the one that counts is made with the new. */
static void
on_renewed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  if (!koban_books_finish (self->parts->tools.books, result, &self->error))
    drop_secret (self);
  else
    koban_rounds_halt_async (self->parts->rounds, self->connection->id, on_old_halted, self);
}

static void
on_old_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  koban_rounds_halt_finish (KOBAN_ROUNDS (source), result);
  check (user_data);
}

static gboolean
put_back_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnect *self = job;

  return koban_ledger_renew_connection (ledger, self->before, self->now_us, error);
}

/* Only what the bank itself refuses is given up for the old one; a bank that is out of reach has just taken
 * the code. */
static void
settle_renewal (KobanConnect *self)
{
  if (koban_error_is (self->error, KOBAN_ERROR_NEEDS_SIGN_IN) ||
      koban_error_is (self->error, KOBAN_ERROR_FORBIDDEN))
    {
      koban_books_write_async (self->parts->tools.books, put_back_in_worker, self, NULL, on_put_back, self);
      return;
    }
  self->kept = TRUE;
  self->unchecked = self->error != NULL ? g_strdup (self->error->message) : NULL;
  g_clear_error (&self->error);
  g_hash_table_remove (self->parts->tools.unsaved, self->before->secret_id);
  koban_vault_remove_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->before->secret_id, NULL,
                            on_old_dropped, self);
}

static void
on_put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;
  g_autoptr(GError) error = NULL;

  koban_parts_changed (self->parts, "connections");
  if (koban_books_finish (self->parts->tools.books, result, &error))
    {
      drop_secret (self);
      return;
    }
  g_message ("%s keeps the new sign-in: %s", self->connection->id, error->message);
  end (self);
}

static void
on_old_dropped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    g_message ("The secret of the sign-in before could not be deleted: %s", error->message);
  koban_books_write_async (self->parts->tools.books, list_in_worker, self, NULL, on_accounts, self);
}

/* --- never started: the caller left a secret behind ----------------------------------------------------- */

static gboolean
look_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return !is_borrowed (ledger, job, error);
}

static void
on_abandoned_dropped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    g_message ("A secret that is not needed could not be deleted: %s", error->message);
  koban_connect_free (user_data);
}

static void
on_abandoned_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanConnect *self = user_data;

  if (koban_books_finish (KOBAN_BOOKS (source), result, NULL))
    koban_vault_remove_async (self->parts->tools.vault, KOBAN_SECRET_CONNECTION, self->connection->secret_id,
                              NULL, on_abandoned_dropped, self);
  else
    koban_connect_free (self);
}

static void
abandon (KobanConnect *self)
{
  self->started = TRUE;
  koban_books_write_async (self->parts->tools.books, look_in_worker, self, NULL, on_abandoned_known, self);
}
