/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One check against a bank on loopback that answers from the same main loop: what is kept, what is recorded
 * when it fails, and what a kill, a cancel or a second caller changes.
 */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <koban/date.h>
#include <koban/error.h>

#include "fake-clock.h"
#include "fake-vault.h"
#include "open-books.h"
#include "rounds.h"
#include "share.h"

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US) /* 2024-09-02 00:00 UTC */
#define INTERVAL_US (5400 * KOBAN_SECOND_US)                      /* of the profile */

static const char accounts[] =
  "{\"errors\":[],\"accounts\":[{\"org\":{\"domain\":\"bank.example\",\"sfin-url\":\"https://bank.example\"},"
  "\"id\":\"A1\",\"name\":\"Current\",\"currency\":\"USD\",\"balance\":\"100.00\",\"available-balance\":\"90."
  "00\","
  "\"balance-date\":1725235000,\"transactions\":[{\"id\":\"T1\",\"posted\":1725148800,\"amount\":\"-12.34\","
  "\"description\":\"GROCER\"}]}]}";

/* --- the bank ---------------------------------------------------------------------------------------------
 */

typedef struct
{
  KobanFakeClock *clock;
  KobanFakeVault *vault;
  KobanCycleTools tools;
  KobanRounds *rounds;
  KobanServices *services;
  GSocketService *bank;
  guint16 port;
  GString *asked;     /* "POST /claim/demo, GET /simplefin/accounts, " */
  guint status;       /* of the accounts */
  const char *header; /* (nullable) */
  gboolean silent;    /* says nothing at all */
  GPtrArray *open;    /* connections that it keeps waiting */
  char *id;           /* of the connection */
} Desk;

static char *
answer_to (Desk *desk, const char *head)
{
  g_autofree char *claimed = g_strdup_printf ("http://user:pass@127.0.0.1:%u/simplefin", desk->port);
  gboolean claim = g_str_has_prefix (head, "POST /claim/");
  const char *body = claim ? claimed : accounts;

  if (!claim)
    { /* The one-time token is dead by now: what it was changed for must be safe before it is used. */
      KobanSecret *kept = koban_fake_vault_peek (desk->vault, KOBAN_SECRET_CONNECTION, "s1");
      g_assert_true (strstr (koban_secret_peek (kept, NULL), "setup_token") == NULL ||
                     g_hash_table_size (desk->tools.unsaved) == 1);
    }
  return g_strdup_printf (
    "HTTP/1.1 %u X\r\nContent-Type: application/json\r\nConnection: close\r\n%s%sContent-Length: "
    "%" G_GSIZE_FORMAT "\r\n\r\n%s",
    claim ? 200 : desk->status, desk->header != NULL ? desk->header : "", desk->header != NULL ? "\r\n" : "",
    strlen (body), body);
}

typedef struct
{
  Desk *desk;
  GSocketConnection *connection;
  char buffer[4096];
  GString *head;
} Visit;

static void
on_head (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Visit *visit = user_data;
  Desk *desk = visit->desk;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (n > 0)
    g_string_append_len (visit->head, visit->buffer, n);
  if (n > 0 && strstr (visit->head->str, "\r\n\r\n") == NULL)
    {
      g_input_stream_read_async (G_INPUT_STREAM (source), visit->buffer, sizeof visit->buffer, 0, NULL,
                                 on_head, visit);
      return;
    }
  if (n > 0)
    {
      g_autofree char *answer = answer_to (desk, visit->head->str);
      g_auto(GStrv) words = g_strsplit_set (visit->head->str, " ?", 3);
      g_string_append_printf (desk->asked, "%s %s;", words[0], words[1]);
      if (!desk->silent)
        g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (visit->connection)), answer,
                                   strlen (answer), NULL, NULL, NULL);
    }
  if (desk->silent)
    g_ptr_array_add (desk->open, g_object_ref (visit->connection));
  g_object_unref (visit->connection);
  g_string_free (visit->head, TRUE);
  g_free (visit);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  Visit *visit = g_new0 (Visit, 1);

  visit->desk = user_data;
  visit->connection = g_object_ref (connection);
  visit->head = g_string_new (NULL);
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), visit->buffer,
                             sizeof visit->buffer, 0, NULL, on_head, visit);
  return TRUE;
}

static void
open_bank (Desk *desk)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) effective = NULL;
  GError *error = NULL;

  desk->bank = g_socket_service_new ();
  g_socket_listener_add_address (G_SOCKET_LISTENER (desk->bank), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &effective, &error);
  g_assert_no_error (error);
  desk->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (desk->bank, "incoming", G_CALLBACK (on_incoming), desk);
  desk->asked = g_string_new (NULL);
  desk->open = g_ptr_array_new_with_free_func (g_object_unref);
  desk->status = 200;
}

static void
assert_asked (Desk *desk, const char *expected)
{
  g_assert_cmpstr (desk->asked->str, ==, expected);
  g_string_truncate (desk->asked, 0);
}

/* --- the desk
 * ----------------------------------------------------------------------------------------------- */

static void
write_job (Desk *desk, KobanBooksFunc func, gpointer job)
{
  koban_open_books_write (desk->tools.books, func, job);
}

static gboolean
add_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return koban_ledger_add_connection (ledger, job, NOW_US, error);
}

static void
given_connection (Desk *desk)
{
  g_autoptr(KobanConnection) connection = g_new0 (KobanConnection, 1);
  g_autofree char *claim = g_strdup_printf ("http://127.0.0.1:%u/claim/demo", desk->port);
  g_autofree char *token = g_base64_encode ((const guchar *) claim, strlen (claim));
  g_autoptr(KobanSecret) value = koban_secret_new (token, -1);
  g_autoptr(KobanSecret) bundle = koban_secret_bundle_with (NULL, "setup_token", value);

  connection->provider = g_strdup ("simplefin");
  connection->name = g_strdup ("Home");
  connection->secret_id = g_strdup ("s1");
  connection->base_url = g_strdup_printf ("http://127.0.0.1:%u/simplefin", desk->port);
  connection->hosts = g_new0 (char *, 1);
  connection->profile_digest = g_strdup ("digest");
  connection->state = KOBAN_CONNECTION_WAITING;
  koban_fake_vault_put (desk->vault, KOBAN_SECRET_CONNECTION, "s1", koban_secret_peek (bundle, NULL));
  write_job (desk, add_in_worker, connection);
  desk->id = g_strdup (connection->id);
}

static void
set_up (Desk *desk, gconstpointer data)
{
  open_bank (desk);
  desk->clock = koban_fake_clock_new (NOW_US);
  desk->vault = koban_fake_vault_new ();
  desk->tools = (KobanCycleTools){
    .books = koban_open_books_new (),
    .vault = KOBAN_VAULT (desk->vault),
    .http = koban_http_new ("koban/test"),
    .clock = KOBAN_CLOCK (desk->clock),
    .profiles = koban_profiles_load (NULL),
    .random = g_rand_new_with_seed (1),
    .unsaved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_secret_unref),
    .interval_s = 900,
  };
  desk->rounds = koban_rounds_new (&desk->tools);
  given_connection (desk);
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  koban_books_close (desk->tools.books);
  g_socket_service_stop (desk->bank);
  g_socket_listener_close (G_SOCKET_LISTENER (desk->bank));
  g_ptr_array_set_size (desk->open, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (desk->rounds);
  g_object_unref (desk->tools.books);
  g_object_unref (desk->tools.http);
  g_object_unref (desk->vault);
  g_object_unref (desk->clock);
  g_object_unref (desk->bank);
  koban_profiles_free (desk->tools.profiles);
  g_rand_free (desk->tools.random);
  g_hash_table_unref (desk->tools.unsaved);
  g_ptr_array_unref (desk->open);
  g_string_free (desk->asked, TRUE);
  g_free (desk->id);
}

typedef struct
{
  KobanOutcome *outcome;
  GError *error;
  gboolean done;
} Heard;

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Heard *heard = user_data;

  heard->outcome = koban_rounds_check_finish (KOBAN_ROUNDS (source), result, &heard->error);
  heard->done = TRUE;
}

static KobanOutcome *
check (Desk *desk, KobanCycleReason reason)
{
  Heard heard = { 0 };

  koban_rounds_check_async (desk->rounds, desk->id, reason, NULL, on_checked, &heard);
  koban_run_until (&heard.done);
  g_assert_no_error (heard.error);
  return heard.outcome;
}

static gboolean
read_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnection **connection = job;

  g_clear_pointer (connection, koban_connection_free);
  *connection = koban_ledger_get_connection (ledger, "Home", error);
  return *connection != NULL;
}

static gboolean
list_alerts_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  GVariant *rows = koban_ledger_list (ledger, KOBAN_LIST_ALERTS, NULL, error);

  *(GVariant **) job = rows != NULL ? g_variant_ref_sink (rows) : NULL;
  return rows != NULL;
}

/* Reason codes of what is told of a check that failed, joined. */
static char *
open_reasons (Desk *desk)
{
  g_autoptr(GVariant) rows = NULL;
  GString *codes = g_string_new (NULL);

  write_job (desk, list_alerts_in_worker, &rows);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr(GVariant) reasons = g_variant_lookup_value (row, "reasons", NULL);
      g_autoptr(GVariant) first = g_variant_get_child_value (reasons, 0);
      const char *code = "";
      g_assert_true (g_variant_lookup (first, "code", "&s", &code));
      if (g_strv_contains (koban_cycle_reasons (), code))
        g_string_append (codes, code);
    }
  return g_string_free (codes, FALSE);
}

/* --- claims
 * ---------------------------------------------------------------------------------------------------- */

static void
given_good_check (Desk *desk)
{
  g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_PERSON);

  g_assert_no_error (outcome->error);
  g_assert_no_error (outcome->unheard);
  g_string_truncate (desk->asked, 0);
}

static void
test_a_good_check_is_kept (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) connection = NULL;
  g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_PERSON);

  g_assert_no_error (outcome->error);
  g_assert_true (outcome->claimed);
  g_assert_cmpuint (outcome->merged.opened, ==, 0); /* the baseline */
  g_assert_true (g_str_has_prefix (desk->asked->str, "POST /claim/demo;GET /simplefin/accounts;"));
  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->state, ==, KOBAN_CONNECTION_OK);
  g_assert_cmpint (connection->last_check_us, ==, NOW_US);
  g_assert_cmpint (connection->next_check_us, >=, NOW_US + INTERVAL_US);
  g_assert_null (connection->message);
}

static void
test_a_secret_that_cannot_be_stored_is_kept_and_tried_again (Desk *desk, gconstpointer data)
{
  koban_fake_vault_fail_stores (desk->vault, 1);
  given_good_check (desk);
  g_assert_cmpuint (g_hash_table_size (desk->tools.unsaved), ==, 1);
  given_good_check (desk);
  g_assert_cmpuint (g_hash_table_size (desk->tools.unsaved), ==, 0);
  KobanSecret *kept = koban_fake_vault_peek (desk->vault, KOBAN_SECRET_CONNECTION, "s1");
  g_assert_null (strstr (koban_secret_peek (kept, NULL), "setup_token"));
}

/* A check that fails, on a connection that was good an hour ago: what is recorded, and what the person is
 * told. */
static const struct
{
  const char *claim;
  KobanFakeVaultState vault;
  gboolean forgotten; /* the item was deleted */
  guint status;
  const char *header;
  guint times; /* in a row */
  gint64 days; /* since the last good one */
  KobanError error;
  KobanConnectionState state;
  const char *told;
  gint64 from_s, to_s; /* of the next check */
} failures[] = {
  { "locked", KOBAN_FAKE_VAULT_LOCKED, FALSE, 200, NULL, 1, 0, KOBAN_ERROR_LOCKED, KOBAN_CONNECTION_LOCKED,
    "", 900, 6000 },
  { "still-locked", KOBAN_FAKE_VAULT_LOCKED, FALSE, 200, NULL, 2, 0, KOBAN_ERROR_LOCKED,
    KOBAN_CONNECTION_LOCKED, "locked", 900, 6000 },
  { "no-keyring", KOBAN_FAKE_VAULT_ABSENT, FALSE, 200, NULL, 1, 0, KOBAN_ERROR_NO_KEYRING,
    KOBAN_CONNECTION_LOCKED, "", 900, 6000 },
  { "secret-deleted", KOBAN_FAKE_VAULT_OPEN, TRUE, 200, NULL, 1, 0, KOBAN_ERROR_NOT_FOUND,
    KOBAN_CONNECTION_SIGN_IN, "sign_in", 86400, 90000 },
  { "evicted", KOBAN_FAKE_VAULT_OPEN, FALSE, 401, NULL, 1, 0, KOBAN_ERROR_NEEDS_SIGN_IN,
    KOBAN_CONNECTION_SHARED, "evicted", 86400, 90000 },
  { "evicted-told-once", KOBAN_FAKE_VAULT_OPEN, FALSE, 401, NULL, 3, 0, KOBAN_ERROR_NEEDS_SIGN_IN,
    KOBAN_CONNECTION_SHARED, "evicted", 86400, 90000 },
  { "patience", KOBAN_FAKE_VAULT_OPEN, FALSE, 429, "Retry-After: 3600", 1, 0, KOBAN_ERROR_RATE_LIMITED,
    KOBAN_CONNECTION_WAITING, "", 3600, 9001 },
  { "patience-for-a-day", KOBAN_FAKE_VAULT_OPEN, FALSE, 429, "Retry-After: 3600", 1, 2,
    KOBAN_ERROR_RATE_LIMITED, KOBAN_CONNECTION_STALE, "stale", 3600, 9001 },
  { "crowded", KOBAN_FAKE_VAULT_OPEN, FALSE, 429, "Retry-After: 3600", 2, 0, KOBAN_ERROR_RATE_LIMITED,
    KOBAN_CONNECTION_SHARED, "shared", 3600, 9001 },
  { "crowded-told-once", KOBAN_FAKE_VAULT_OPEN, FALSE, 429, "Retry-After: 3600", 4, 0,
    KOBAN_ERROR_RATE_LIMITED, KOBAN_CONNECTION_SHARED, "shared", 3600, 9001 },
};

static void
test_failure (Desk *desk, gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(KobanConnection) connection = NULL;

  given_good_check (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_HOUR_US + failures[i].days * KOBAN_DAY_US);
  koban_fake_vault_set_state (desk->vault, failures[i].vault);
  if (failures[i].forgotten)
    koban_vault_remove_async (KOBAN_VAULT (desk->vault), KOBAN_SECRET_CONNECTION, "s1", NULL, NULL, NULL);
  desk->status = failures[i].status;
  desk->header = failures[i].header;
  for (guint n = 0; n < failures[i].times; n++)
    {
      g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_CLOCK);
      g_assert_error (outcome->error, KOBAN_ERROR, (int) failures[i].error);
    }

  gint64 now_us = koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock));
  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->state, ==, failures[i].state);
  g_assert_cmpint (connection->last_check_us, ==, NOW_US);
  g_assert_cmpuint (connection->failures, ==, failures[i].times);
  g_assert_nonnull (connection->message);
  g_assert_cmpint (connection->next_check_us, >=, now_us + failures[i].from_s * KOBAN_SECOND_US);
  g_assert_cmpint (connection->next_check_us, <=, now_us + failures[i].to_s * KOBAN_SECOND_US);
  g_autofree char *told = open_reasons (desk);
  g_assert_cmpstr (told, ==, failures[i].told);
}

static void
test_what_was_told_is_settled_when_it_is_over (Desk *desk, gconstpointer data)
{
  given_good_check (desk);
  desk->status = 401;
  koban_outcome_unref (check (desk, KOBAN_CYCLE_BY_CLOCK));
  g_autofree char *told = open_reasons (desk);
  g_assert_cmpstr (told, ==, "evicted");
  desk->status = 200;
  given_good_check (desk);
  g_autofree char *after = open_reasons (desk);
  g_assert_cmpstr (after, ==, "");
}

/* What the bank refuses may have been taken over by another device; the person may try again at any time. */
static void
test_another_sign_in_ends_ours (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) connection = NULL;

  given_good_check (desk);
  desk->status = 403; /* SimpleFIN's word for a key that is no good */
  for (guint n = 0; n < 3; n++)
    koban_outcome_unref (check (desk, KOBAN_CYCLE_BY_CLOCK));

  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->state, ==, KOBAN_CONNECTION_SHARED);
  g_autofree char *told = open_reasons (desk);
  g_assert_cmpstr (told, ==, "evicted");
  desk->status = 200;
  given_good_check (desk);
  g_autofree char *after = open_reasons (desk);
  g_assert_cmpstr (after, ==, "");
}

/* How the access that Koban uses may have ended without anybody's doing. */
static const struct
{
  const char *path;
  KobanLinkStatus status;
  gint64 ends_us; /* from when it was given; 0: not said */
} ends[] = {
  { "/cycle/access-runs-out", KOBAN_LINK_ACTIVE, KOBAN_HOUR_US },
  { "/cycle/access-revoked-by-the-person", KOBAN_LINK_REVOKED, 0 },
};

typedef struct
{
  Desk *desk;
  gsize row;
} Grant;

static gboolean
grant_access_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Grant *grant = job;
  Desk *desk = grant->desk;
  const gint64 ends_us = ends[grant->row].ends_us;
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);
  const gint64 now_us = koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock));

  g_ptr_array_add (rows, koban_link_new (&(KobanLink){ .kind = KOBAN_LINK_CONSENT,
                                                       .provenance = KOBAN_PROVENANCE_ACCESS,
                                                       .name = "Koban",
                                                       .remote_id = "consent",
                                                       .own = TRUE,
                                                       .status = ends[grant->row].status,
                                                       .expires_us = ends_us != 0 ? now_us + ends_us : 0 }));
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&(KobanSnapshot){ .listing = KOBAN_LISTING_LINKS,
                                                                             .reach = KOBAN_REACH_WHOLE,
                                                                             .heard_us = now_us,
                                                                             .from_us = now_us,
                                                                             .to_us = now_us,
                                                                             .rows = rows });
  return koban_ledger_merge (ledger, desk->id, snapshot, 0, NULL, error);
}

/* An access that ends as it was to end was taken over by nobody. */
static void
test_known_end (Desk *desk, gconstpointer data)
{
  Grant grant = { desk, GPOINTER_TO_SIZE (data) };
  g_autoptr(KobanConnection) connection = NULL;

  given_good_check (desk);
  write_job (desk, grant_access_in_worker, &grant);
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_HOUR_US);
  desk->status = 401;
  koban_outcome_unref (check (desk, KOBAN_CYCLE_BY_CLOCK));
  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->state, ==, KOBAN_CONNECTION_SIGN_IN);
  g_autofree char *told = open_reasons (desk);
  g_assert_cmpstr (told, ==, "sign_in");
}

static void
test_share (Desk *desk, gconstpointer data)
{
  static const struct
  {
    const char *percent;
    guint requests;
  } rows[] = {
    { NULL, 24 }, { "50", 12 }, { "100", 24 }, { "1", 1 }, { "0", 24 }, { "101", 24 }, { "x", 24 }
  };
  KobanProfile *profile = koban_profiles_lookup (desk->tools.profiles, "simplefin");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char *fields[] = { (char *) "share", (char *) rows[i].percent, NULL };
      const KobanConnection connection = { .fields = fields };
      g_assert_cmpuint (koban_share_of (profile, &connection), ==, rows[i].requests);
    }
}

static void
test_the_person_waits_as_the_bank_asked (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) before = NULL, after = NULL;

  given_good_check (desk);
  desk->status = 429;
  desk->header = "Retry-After: 3600";
  koban_outcome_unref (check (desk, KOBAN_CYCLE_BY_CLOCK));
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_DAY_US);
  koban_outcome_unref (
    check (desk, KOBAN_CYCLE_BY_CLOCK)); /* stale by now, and asked for patience all the same */
  g_string_truncate (desk->asked, 0);
  write_job (desk, read_in_worker, &before);

  g_autoptr(KobanOutcome) refused = check (desk, KOBAN_CYCLE_BY_PERSON);
  g_assert_error (refused->error, KOBAN_ERROR, KOBAN_ERROR_RATE_LIMITED);
  assert_asked (desk, "");
  write_job (desk, read_in_worker, &after);
  g_assert_cmpint (after->next_check_us, ==, before->next_check_us);
  g_assert_cmpuint (after->failures, ==, before->failures);
}

/* A third of the day's requests is the person's, and our own back-off is not meant for them. */
static void
test_the_person_does_not_wait_for_us (Desk *desk, gconstpointer data)
{
  gboolean spent = FALSE;

  given_good_check (desk);
  desk->status = 429;
  koban_outcome_unref (check (desk, KOBAN_CYCLE_BY_CLOCK));
  desk->status = 200;
  given_good_check (desk);
  for (guint n = 0; !spent && n < 50; n++)
    {
      g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_CLOCK);
      spent = koban_error_is (outcome->error, KOBAN_ERROR_BUDGET);
    }
  g_assert_true (spent);
  given_good_check (desk);
}

/* One check alone asks as much. */
static void
given_good_check_asks (Desk *desk, const char *asked)
{
  g_string_truncate (desk->asked, 0);
  g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_PERSON);

  g_assert_no_error (outcome->error);
  assert_asked (desk, asked);
}

static void
test_a_second_caller_joins (Desk *desk, gconstpointer data)
{
  Heard one = { 0 }, two = { 0 };

  given_good_check (desk);
  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_CLOCK, NULL, on_checked, &one);
  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_PERSON, NULL, on_checked, &two);
  koban_run_until (&one.done);
  koban_run_until (&two.done);
  g_assert_true (one.outcome == two.outcome);
  g_autofree char *asked = g_strdup (desk->asked->str);
  given_good_check_asks (desk, asked);
  koban_outcome_unref (one.outcome);
  koban_outcome_unref (two.outcome);
}

static void
on_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  koban_rounds_halt_finish (KOBAN_ROUNDS (source), result);
  *(gboolean *) user_data = TRUE;
}

static void
wait_asked (Desk *desk)
{
  while (desk->asked->len == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_cancelled_is_neither (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) before = NULL, after = NULL;
  g_autofree char *told = NULL;
  gboolean halted = FALSE;
  Heard heard = { 0 };

  given_good_check (desk);
  write_job (desk, read_in_worker, &before);
  desk->silent = TRUE;
  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_CLOCK, NULL, on_checked, &heard);
  wait_asked (desk);
  koban_rounds_halt_async (desk->rounds, desk->id, on_halted, &halted);
  koban_run_until (&halted);
  g_assert_true (heard.done);
  g_assert_error (heard.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&heard.error);

  write_job (desk, read_in_worker, &after);
  g_assert_cmpint (after->state, ==, before->state);
  g_assert_cmpint (after->next_check_us, ==, before->next_check_us);
  g_assert_cmpuint (after->failures, ==, 0);
  told = open_reasons (desk);
  g_assert_cmpstr (told, ==, "");
}

static void
test_a_bank_that_says_nothing_is_given_up (Desk *desk, gconstpointer data)
{
  Heard heard = { 0 };

  given_good_check (desk);
  desk->silent = TRUE;
  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_CLOCK, NULL, on_checked, &heard);
  wait_asked (desk);
  koban_fake_clock_advance (desk->clock, KOBAN_CYCLE_DEADLINE_S * KOBAN_SECOND_US);
  koban_run_until (&heard.done);
  g_assert_no_error (heard.error);
  g_assert_error (heard.outcome->error, KOBAN_ERROR, KOBAN_ERROR_OFFLINE);
  koban_outcome_unref (heard.outcome);
}

static void
test_a_first_check_that_fails_tells_only_who_adds (Desk *desk, gconstpointer data)
{
  desk->status = 403;
  g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_PERSON);
  g_autofree char *told = open_reasons (desk);

  g_assert_nonnull (koban_outcome_get_error (outcome));
  g_assert_cmpstr (told, ==, "");
}

/* Nothing is planned for what is still being added: nobody has agreed to it, and a kill forgets it. */
static void
test_a_first_check_that_spends_nothing_leaves_nothing_planned (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) connection = NULL;

  koban_fake_vault_set_state (desk->vault, KOBAN_FAKE_VAULT_LOCKED);
  g_autoptr(KobanOutcome) outcome = check (desk, KOBAN_CYCLE_BY_PERSON);
  write_job (desk, read_in_worker, &connection);
  g_assert_error (outcome->error, KOBAN_ERROR, KOBAN_ERROR_LOCKED);
  g_assert_false (outcome->claimed);
  g_assert_cmpint (connection->next_check_us, ==, 0);
}

static void
test_a_spent_token_is_kept_and_its_next_check_planned (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) connection = NULL;

  desk->status = 500;
  g_autoptr(KobanOutcome) first = check (desk, KOBAN_CYCLE_BY_PERSON);
  g_assert_true (first->claimed);
  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->last_check_us, ==, 0);
  g_assert_cmpint (connection->next_check_us, >, NOW_US);
  g_autofree char *told_at_once = open_reasons (desk);
  g_assert_cmpstr (told_at_once, ==, "");

  koban_outcome_unref (check (desk, KOBAN_CYCLE_BY_CLOCK));
  g_autofree char *told = open_reasons (desk);
  g_assert_cmpstr (told, ==, "stale");

  desk->status = 200;
  g_autoptr(KobanOutcome) third = check (desk, KOBAN_CYCLE_BY_CLOCK);
  g_autofree char *after = open_reasons (desk);
  g_assert_no_error (third->error);
  g_assert_cmpstr (after, ==, "");
  g_assert_cmpuint (third->merged.opened, <=, 1); /* the baseline offers its review, and nothing else */
}

/* The caller was cancelled while the bank kept it waiting for the list: the token is spent all the same. */
static void
test_a_spent_token_outlives_its_caller (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanConnection) connection = NULL;
  gboolean halted = FALSE;
  Heard heard = { 0 };

  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_PERSON, NULL, on_checked, &heard);
  while (strstr (desk->asked->str, "POST /claim") == NULL)
    g_main_context_iteration (NULL, TRUE);
  desk->silent = TRUE;
  while (strstr (desk->asked->str, "GET ") == NULL)
    g_main_context_iteration (NULL, TRUE);
  koban_rounds_halt_async (desk->rounds, desk->id, on_halted, &halted);
  koban_run_until (&halted);
  g_assert_error (heard.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&heard.error);
  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->next_check_us, !=, 0);
}

/* The same bank, if it wanted a minute between two requests. */
static void
given_gap (Desk *desk)
{
  g_autofree char *directory = g_dir_make_tmp ("koban-XXXXXX", NULL);
  g_autofree char *copy = g_build_filename (directory, "simplefin.json", NULL);
  g_autofree char *packaged = g_build_filename (g_getenv ("KOBAN_PROVIDERS"), "simplefin.json", NULL);
  const char *const directories[] = { directory, NULL };
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (packaged, &text, NULL, NULL));
  g_auto(GStrv) parts = g_strsplit (text, "\"interval_s\": 5400", 2);
  g_autofree char *slow = g_strjoinv ("\"interval_s\": 5400, \"gap_s\": 61", parts);
  g_assert_true (g_file_set_contents (copy, slow, -1, NULL));
  koban_profiles_free (desk->tools.profiles);
  desk->tools.profiles = koban_profiles_load (directories);
  g_assert_nonnull (koban_profiles_lookup (desk->tools.profiles, "simplefin"));
  g_assert_no_errno (g_unlink (copy));
  g_assert_no_errno (g_rmdir (directory));
}

static void
wait_for_gap (Desk *desk, const char *asked)
{
  while (koban_fake_clock_get_n_alarms (desk->clock) < 2) /* the deadline, and the end of the gap */
    g_main_context_iteration (NULL, TRUE);
  assert_asked (desk, asked);
}

static void
test_a_slow_bank_is_given_time (Desk *desk, gconstpointer data)
{
  Heard heard = { 0 };

  given_gap (desk);
  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_PERSON, NULL, on_checked, &heard);
  wait_for_gap (desk, "POST /claim/demo;");
  koban_fake_clock_advance (desk->clock, 60 * KOBAN_SECOND_US);
  assert_asked (desk, "");
  koban_fake_clock_advance (desk->clock, KOBAN_SECOND_US);
  wait_for_gap (desk, "GET /simplefin/accounts;"); /* the older half of the history */
  koban_fake_clock_advance (desk->clock, 61 * KOBAN_SECOND_US);
  koban_run_until (&heard.done);
  g_assert_no_error (heard.outcome->error);
  assert_asked (desk, "GET /simplefin/accounts;");
  koban_outcome_unref (heard.outcome);
}

static void
test_waiting_for_a_slow_bank_can_be_cancelled (Desk *desk, gconstpointer data)
{
  gboolean halted = FALSE;
  Heard heard = { 0 };

  given_gap (desk);
  koban_rounds_check_async (desk->rounds, desk->id, KOBAN_CYCLE_BY_PERSON, NULL, on_checked, &heard);
  wait_for_gap (desk, "POST /claim/demo;");
  koban_rounds_halt_async (desk->rounds, desk->id, on_halted, &halted);
  koban_run_until (&halted);
  g_assert_error (heard.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&heard.error);
  assert_asked (desk, "");
}

/* What the computer spares: how much longer the next wait is, and that it is said. */
static const struct
{
  const char *claim;
  KobanSaving saving;
  int factor;
  gboolean kept; /* what is said until the next check */
} sparing[] = {
  { "nothing", KOBAN_SAVING_NOTHING, 1, FALSE },
  { "data", KOBAN_SAVING_DATA, 2, TRUE },
  { "power", KOBAN_SAVING_POWER, 4, TRUE },
  { "the-battery", KOBAN_SAVING_BATTERY, 4, FALSE }, /* the person asked */
};

static void
test_sparing (Desk *desk, gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(KobanConnection) connection = NULL;

  desk->tools.interval_s = 5 * 60 * 60; /* longer than the budget makes it */
  desk->tools.saving = sparing[i].saving;
  given_good_check (desk);
  write_job (desk, read_in_worker, &connection);
  g_assert_cmpint (connection->state, ==, KOBAN_CONNECTION_OK);
  gint64 least_us = NOW_US + sparing[i].factor * 5 * KOBAN_HOUR_US;
  g_assert_cmpint (connection->next_check_us, >=, least_us);
  g_assert_cmpint (connection->next_check_us, <=, NOW_US + (least_us - NOW_US) * 11 / 10);
  g_assert_true ((connection->message != NULL) == sparing[i].kept);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *claim;
    void (*test) (Desk *, gconstpointer);
  } tests[] = {
    { "/cycle/a-good-check-is-kept", test_a_good_check_is_kept },
    { "/cycle/a-secret-that-cannot-be-stored-is-kept",
      test_a_secret_that_cannot_be_stored_is_kept_and_tried_again },
    { "/cycle/what-was-told-is-settled-when-it-is-over", test_what_was_told_is_settled_when_it_is_over },
    { "/cycle/another-sign-in-ends-ours", test_another_sign_in_ends_ours },
    { "/cycle/share", test_share },
    { "/cycle/a-slow-bank-is-given-time", test_a_slow_bank_is_given_time },
    { "/cycle/waiting-for-a-slow-bank-can-be-cancelled", test_waiting_for_a_slow_bank_can_be_cancelled },
    { "/cycle/the-person-waits-as-the-bank-asked", test_the_person_waits_as_the_bank_asked },
    { "/cycle/the-person-does-not-wait-for-us", test_the_person_does_not_wait_for_us },
    { "/cycle/a-second-caller-joins", test_a_second_caller_joins },
    { "/cycle/cancelled-is-neither", test_cancelled_is_neither },
    { "/cycle/a-bank-that-says-nothing-is-given-up", test_a_bank_that_says_nothing_is_given_up },
    { "/cycle/a-first-check-that-fails-tells-only-who-adds",
      test_a_first_check_that_fails_tells_only_who_adds },
    { "/cycle/a-first-check-that-spends-nothing-leaves-nothing-planned",
      test_a_first_check_that_spends_nothing_leaves_nothing_planned },
    { "/cycle/a-spent-token-is-kept", test_a_spent_token_is_kept_and_its_next_check_planned },
    { "/cycle/a-spent-token-outlives-its-caller", test_a_spent_token_outlives_its_caller },
  };

  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].claim, Desk, NULL, set_up, tests[i].test, tear_down);
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    g_test_add (ends[i].path, Desk, GSIZE_TO_POINTER (i), set_up, test_known_end, tear_down);
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = g_strconcat ("/cycle/failure/", failures[i].claim, NULL);
      g_test_add (path, Desk, GSIZE_TO_POINTER (i), set_up, test_failure, tear_down);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sparing); i++)
    {
      g_autofree char *path = g_strconcat ("/cycle/sparing/", sparing[i].claim, NULL);
      g_test_add (path, Desk, GSIZE_TO_POINTER (i), set_up, test_sparing, tear_down);
    }
  return g_test_run ();
}
