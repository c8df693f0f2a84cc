/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is in the outbox reaches the person: at least once, not twice without need, and not before its time.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib/gstdio.h>
#include <koban/date.h>
#include <koban/error.h>

#include "courier.h"
#include "fake-clock.h"
#include "open-books.h"

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)

/* --- a channel that remembers ---------------------------------------------------------------------- */

#define FAKE_TYPE_CHANNEL (fake_channel_get_type ())
G_DECLARE_FINAL_TYPE (FakeChannel, fake_channel, FAKE, CHANNEL, GObject)

struct _FakeChannel
{
  GObject parent;

  GPtrArray *said;  /* "show i1", "silent i1", "withdraw i1" */
  gboolean broken;  /* takes nothing */
  gboolean hanging; /* answers nothing until it is cancelled or released */
  GTask *held;
};

static void fake_channel_iface_init (KobanChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeChannel,
                               fake_channel,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_CHANNEL, fake_channel_iface_init))

static const char *
fake_get_name (KobanChannel *channel)
{
  return "desktop";
}

static KobanDetail
fake_get_detail (KobanChannel *channel)
{
  return KOBAN_DETAIL_FULL;
}

static gboolean
fake_get_available (KobanChannel *channel)
{
  return !FAKE_CHANNEL (channel)->broken;
}

static void
fake_show_async (KobanChannel *channel,
                 const KobanMessage *message,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  FakeChannel *self = FAKE_CHANNEL (channel);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_ptr_array_add (self->said, g_strconcat (message->silent ? "silent " : "show ", message->incident, NULL));
  if (self->broken)
    g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_OFFLINE, "no server");
  else if (self->hanging)
    self->held = g_steal_pointer (&task);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
fake_show_finish (KobanChannel *channel, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
fake_withdraw (KobanChannel *channel, const char *incident)
{
  g_ptr_array_add (FAKE_CHANNEL (channel)->said, g_strconcat ("withdraw ", incident, NULL));
}

static void
fake_channel_finalize (GObject *object)
{
  FakeChannel *self = FAKE_CHANNEL (object);

  g_assert_null (self->held);
  g_ptr_array_unref (self->said);
  G_OBJECT_CLASS (fake_channel_parent_class)->finalize (object);
}

static void
fake_channel_class_init (FakeChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_channel_finalize;
}

static void
fake_channel_iface_init (KobanChannelInterface *iface)
{
  iface->get_name = fake_get_name;
  iface->get_detail = fake_get_detail;
  iface->get_available = fake_get_available;
  iface->show_async = fake_show_async;
  iface->show_finish = fake_show_finish;
  iface->withdraw = fake_withdraw;
}

static void
fake_channel_init (FakeChannel *self)
{
  self->said = g_ptr_array_new_with_free_func (g_free);
}

/* --- the desk ----------------------------------------------------------------------------------------- */

typedef struct
{
  KobanFakeClock *clock;
  char *folder;
  KobanBooks *books;
  GRand *random;
  FakeChannel *channel;
  KobanCourier *courier;
  guint unsent;
  gboolean stopped;
} Desk;

static gboolean
count_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Desk *desk = job;
  g_autoptr(GPtrArray) outbox = koban_ledger_get_outbox (ledger, G_MAXINT64, NULL, error);

  desk->unsent = outbox != NULL ? outbox->len : 0;
  return outbox != NULL;
}

/* A round is read, show and mark: each look at the outbox lets one more step end. */
static void
settle (Desk *desk)
{
  for (int step = 0; step < 12; step++)
    koban_open_books_write (desk->books, count_in_worker, desk);
}

static gboolean
raise_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const char *const refs[] = { NULL };
  GVariant *reason = koban_reason_new ("sign_in", "connection", "s", "Home", NULL);
  KobanAlert fields = {
    .incident = job,
    .kind = KOBAN_ALERT_FRESHNESS,
    .severity = KOBAN_SEVERITY_WARNING,
    .opened_us = NOW_US,
    .updated_us = NOW_US,
    .refs = refs,
    .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1),
  };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);

  return koban_ledger_raise (ledger, alert, NOW_US, NULL, error);
}

static gboolean
settle_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return koban_ledger_settle (ledger, job, NOW_US, error);
}

static void
write_job (Desk *desk, KobanBooksFunc func, const char *key)
{
  koban_open_books_write (desk->books, func, (gpointer) key);
}

static void
set_up (Desk *desk, gconstpointer data)
{
  desk->clock = koban_fake_clock_new (NOW_US);
  desk->folder = g_dir_make_tmp ("koban-courier-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (desk->folder, "koban.db", NULL);
  desk->books = koban_open_books_new_in (path);
  desk->random = g_rand_new_with_seed (1);
  desk->channel = g_object_new (FAKE_TYPE_CHANNEL, NULL);
  desk->courier = koban_courier_new (KOBAN_CLOCK (desk->clock), desk->books, desk->random);
  g_autoptr(GPtrArray) channels = g_ptr_array_new ();
  g_ptr_array_add (channels, desk->channel);
  koban_courier_set_channels (desk->courier, channels);
}

static void
assert_said (Desk *desk, const char *expected)
{
  g_ptr_array_add (desk->channel->said, NULL);
  g_autofree char *said = g_strjoinv (", ", (char **) desk->channel->said->pdata);

  g_ptr_array_set_size (desk->channel->said, 0);
  g_assert_cmpstr (said, ==, expected);
}

static void
remove_folder (const char *folder)
{
  static const char *const names[] = { "koban.db", "koban.db-wal", "koban.db-shm" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_unlink (path);
    }
  g_rmdir (folder);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  koban_courier_stop_finish (KOBAN_COURIER (source), result);
  *(gboolean *) user_data = TRUE;
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  if (!desk->stopped)
    {
      koban_courier_stop_async (desk->courier, on_stopped, &desk->stopped);
      koban_run_until (&desk->stopped);
    }
  assert_said (desk, ""); /* nothing that the test did not expect */
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  koban_open_books_close (desk->books);
  g_assert_finalize_object (desk->courier);
  g_assert_finalize_object (desk->channel);
  g_object_unref (desk->books);
  g_object_unref (desk->clock);
  g_rand_free (desk->random);
  remove_folder (desk->folder);
  g_free (desk->folder);
}

/* --- claims -------------------------------------------------------------------------------------------- */

static void
test_an_alert_is_shown_once (Desk *desk, gconstpointer data)
{
  write_job (desk, raise_in_worker, "key");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "show i1");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "");
  g_assert_cmpuint (desk->unsent, ==, 0);
}

static void
test_what_was_not_taken_is_tried_again (Desk *desk, gconstpointer data)
{
  desk->channel->broken = TRUE;
  write_job (desk, raise_in_worker, "key");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "show i1");
  g_assert_cmpuint (desk->unsent, ==, 1);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 1);

  desk->channel->broken = FALSE;
  koban_courier_wake (desk->courier); /* something else was committed: no reason to try before the time */
  settle (desk);
  assert_said (desk, "");
  koban_fake_clock_advance_to_next (desk->clock);
  settle (desk);
  assert_said (desk, "show i1");
  g_assert_cmpuint (desk->unsent, ==, 0);
}

static void
test_a_server_that_comes_back_is_not_kept_waiting (Desk *desk, gconstpointer data)
{
  write_job (desk, raise_in_worker, "one");
  koban_courier_wake (desk->courier);
  settle (desk);
  desk->channel->broken = TRUE;
  write_job (desk, raise_in_worker, "two");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "show i1, show i2");

  desk->channel->broken = FALSE;
  koban_channel_emit_available (KOBAN_CHANNEL (desk->channel));
  settle (desk);
  assert_said (desk, "silent i1, show i2");
  g_assert_cmpuint (desk->unsent, ==, 0);
}

static void
test_a_start_shows_what_is_open_in_silence (Desk *desk, gconstpointer data)
{
  write_job (desk, raise_in_worker, "key");
  koban_courier_start (desk->courier);
  settle (desk);
  assert_said (desk, "show i1");
  koban_courier_start (desk->courier);
  settle (desk);
  assert_said (desk, "silent i1");
}

static void
test_what_is_over_is_withdrawn (Desk *desk, gconstpointer data)
{
  write_job (desk, raise_in_worker, "key");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "show i1");
  write_job (desk, settle_in_worker, "key");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "withdraw i1");
}

static gboolean
raise_many_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  for (guint i = 0; i < GPOINTER_TO_UINT (job); i++)
    {
      g_autofree char *key = g_strdup_printf ("storm%u", i);

      if (!raise_in_worker (ledger, key, error))
        return FALSE;
    }
  return TRUE;
}

/* Trust P5: the server's limits are respected, and a start floods no more than the storm did. */
static void
test_a_storm_is_a_few_bubbles_and_one_summary (Desk *desk, gconstpointer data)
{
  koban_open_books_write (desk->books, raise_many_in_worker, GUINT_TO_POINTER (500));
  koban_courier_wake (desk->courier);
  settle (desk);
  g_autofree char *name = g_strdup_printf ("storm-%" G_GINT64_FORMAT, NOW_US / KOBAN_MINUTE_US + 1);
  g_autofree char *loud = g_strdup_printf ("show i1, show i2, show i3, show i4, show i5, show %s", name);
  assert_said (desk, loud);
  g_assert_cmpuint (desk->unsent, ==, 0);

  koban_courier_start (desk->courier);
  settle (desk);
  g_autofree char *again =
    g_strdup_printf ("silent i1, silent i2, silent i3, silent i4, silent i5, silent %s", name);
  assert_said (desk, again);
}

static void
test_stopping_waits_for_the_mark (Desk *desk, gconstpointer data)
{
  desk->channel->hanging = TRUE;
  write_job (desk, raise_in_worker, "key");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "show i1");

  koban_courier_stop_async (desk->courier, on_stopped, &desk->stopped);
  settle (desk);
  g_assert_false (desk->stopped);
  g_autoptr(GTask) held = g_steal_pointer (&desk->channel->held);
  g_task_return_boolean (held, TRUE);
  settle (desk);
  g_assert_true (desk->stopped);
  g_assert_cmpuint (desk->unsent, ==, 0);
}

static void
test_a_server_that_hangs_does_not_keep_us (Desk *desk, gconstpointer data)
{
  desk->channel->hanging = TRUE;
  write_job (desk, raise_in_worker, "key");
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk, "show i1");

  koban_courier_stop_async (desk->courier, on_stopped, &desk->stopped);
  koban_fake_clock_advance (desk->clock, 3 * KOBAN_SECOND_US);
  g_autoptr(GTask) held = g_steal_pointer (&desk->channel->held);
  g_assert_true (g_task_return_error_if_cancelled (held));
  settle (desk);
  g_assert_true (desk->stopped);
  g_assert_cmpuint (desk->unsent, ==, 1); /* told at the next start */
}

static void
on_action (KobanCourier *courier, const char *incident, const char *action, char **pressed)
{
  *pressed = g_strconcat (incident, " ", action, NULL);
}

static void
test_a_button_is_passed_on (Desk *desk, gconstpointer data)
{
  g_autofree char *pressed = NULL;

  g_signal_connect (desk->courier, "action", G_CALLBACK (on_action), &pressed);
  koban_channel_emit_action (KOBAN_CHANNEL (desk->channel), "i1", "not-mine");
  g_assert_cmpstr (pressed, ==, "i1 not-mine");
}

static void
on_tested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = koban_courier_test_finish (KOBAN_COURIER (source), result, NULL);
}

static void
test_a_test_says_whether_it_works (Desk *desk, gconstpointer data)
{
  gboolean works = FALSE;

  koban_courier_test_async (desk->courier, "desktop", NULL, on_tested, &works);
  settle (desk);
  g_assert_true (works);
  desk->channel->broken = TRUE;
  koban_courier_test_async (desk->courier, "desktop", NULL, on_tested, &works);
  settle (desk);
  g_assert_false (works);
  koban_courier_test_async (desk->courier, "telegraph", NULL, on_tested, &works);
  settle (desk);
  g_assert_false (works);
  assert_said (desk, "show test, show test");
}

/* --- words ------------------------------------------------------------------------------------------------
 */

static void
test_words (void)
{
  static const struct
  {
    KobanAlertKind kind;
    KobanSeverity severity;
    KobanDetail detail;
    gboolean urgent, answerable;
  } rows[] = {
    { KOBAN_ALERT_LINK, KOBAN_SEVERITY_CRITICAL, KOBAN_DETAIL_FULL, TRUE, TRUE },
    { KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, KOBAN_DETAIL_MINIMAL, TRUE, TRUE },
    { KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, KOBAN_DETAIL_NONE, TRUE, FALSE },
    { KOBAN_ALERT_LINK, KOBAN_SEVERITY_WARNING, KOBAN_DETAIL_FULL, TRUE, TRUE },
    { KOBAN_ALERT_LINK, KOBAN_SEVERITY_NOTICE, KOBAN_DETAIL_FULL, FALSE, TRUE },
    { KOBAN_ALERT_BALANCE, KOBAN_SEVERITY_CRITICAL, KOBAN_DETAIL_FULL, FALSE, FALSE },
    { KOBAN_ALERT_FRESHNESS, KOBAN_SEVERITY_WARNING, KOBAN_DETAIL_FULL, FALSE, FALSE },
  };
  const char *const refs[] = { "l1", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GVariant *reason = koban_reason_new ("new_link", "kind", "s", "direct_debit", NULL);
      KobanAlert fields = { .id = "n1",
                            .incident = "i1",
                            .kind = rows[i].kind,
                            .severity = rows[i].severity,
                            .ref = "l1",
                            .refs = refs,
                            .subject = "EVIL PAY 0120-123456",
                            .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) };
      g_autoptr(GPtrArray) alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
      KobanDelivery delivery = { .incident = (char *) "i1",
                                 .code = (char *) "K-7F3A-9Q2M",
                                 .alerts = alerts };

      g_ptr_array_add (alerts, koban_alert_new (&fields));
      g_autoptr(KobanMessage) message = koban_courier_word (&delivery, rows[i].detail);
      g_assert_cmpint (message->urgent, ==, rows[i].urgent);
      g_assert_cmpint (message->answerable, ==, rows[i].answerable);
      g_assert_cmpstr (message->summary, !=, "");
      g_assert_null (strstr (message->body, "123456"));
      g_assert_null (strstr (message->summary, "123456"));
    }
}

/* No file may grow: what a full disk does to a ledger, and to nothing else of ours. */
static void
set_full (gboolean full)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = full ? 1 : limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_what_could_not_be_marked_is_not_shown_again_meanwhile (Desk *desk, gconstpointer data)
{
  write_job (desk, raise_in_worker, "key");
  desk->channel->hanging = TRUE;
  koban_courier_wake (desk->courier);
  while (desk->channel->held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_autoptr(GTask) held = g_steal_pointer (&desk->channel->held);
  desk->channel->hanging = FALSE;
  set_full (TRUE);
  g_task_return_boolean (held, TRUE);
  settle (desk);
  koban_courier_wake (desk->courier);
  settle (desk);
  set_full (FALSE);
  g_assert_cmpuint (desk->unsent, ==, 1);
  assert_said (desk, "show i1");

  koban_courier_wake (desk->courier);
  settle (desk);
  g_assert_cmpuint (desk->unsent, ==, 0);
  assert_said (desk, "");
}

static void
test_blindness_is_told_once_and_taken_back (Desk *desk, gconstpointer data)
{
  koban_courier_set_blind (desk->courier, "The disk is full.");
  koban_courier_set_blind (desk->courier, "The disk is full.");
  settle (desk);
  assert_said (desk, "show blind");
  koban_courier_set_blind (desk->courier, NULL);
  koban_courier_set_blind (desk->courier, NULL);
  assert_said (desk, "withdraw blind");
}

static void
test_blindness_that_could_not_be_told_is_told_again (Desk *desk, gconstpointer data)
{
  desk->channel->broken = TRUE;
  koban_courier_set_blind (desk->courier, "The disk is full.");
  settle (desk);
  desk->channel->broken = FALSE;
  koban_courier_set_blind (desk->courier, "The disk is full.");
  settle (desk);
  assert_said (desk, "show blind, show blind");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *claim;
    void (*test) (Desk *, gconstpointer);
  } tests[] = {
    { "/courier/an-alert-is-shown-once", test_an_alert_is_shown_once },
    { "/courier/what-was-not-taken-is-tried-again", test_what_was_not_taken_is_tried_again },
    { "/courier/a-server-that-comes-back-is-not-kept-waiting",
      test_a_server_that_comes_back_is_not_kept_waiting },
    { "/courier/a-start-shows-what-is-open-in-silence", test_a_start_shows_what_is_open_in_silence },
    { "/courier/a-storm-is-a-few-bubbles-and-one-summary", test_a_storm_is_a_few_bubbles_and_one_summary },
    { "/courier/what-is-over-is-withdrawn", test_what_is_over_is_withdrawn },
    { "/courier/what-could-not-be-marked-is-not-shown-again",
      test_what_could_not_be_marked_is_not_shown_again_meanwhile },
    { "/courier/blindness-is-told-once-and-taken-back", test_blindness_is_told_once_and_taken_back },
    { "/courier/blindness-that-could-not-be-told-is-told-again",
      test_blindness_that_could_not_be_told_is_told_again },
    { "/courier/stopping-waits-for-the-mark", test_stopping_waits_for_the_mark },
    { "/courier/a-server-that-hangs-does-not-keep-us", test_a_server_that_hangs_does_not_keep_us },
    { "/courier/a-button-is-passed-on", test_a_button_is_passed_on },
    { "/courier/a-test-says-whether-it-works", test_a_test_says_whether_it_works },
  };

  g_test_init (&argc, &argv, NULL);
  signal (SIGXFSZ, SIG_IGN);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].claim, Desk, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/courier/words", test_words);
  return g_test_run ();
}
