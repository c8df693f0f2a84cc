/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Several ways to the person at once: none waits for another, none loses anything to a kill, and each can be
 * proved.
 */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <koban/date.h>
#include <koban/error.h>

#include "courier.h"
#include "fake-channel.h"
#include "fake-clock.h"
#include "open-books.h"

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)
#define N_CHANNELS 3

typedef struct
{
  KobanFakeClock *clock;
  char *folder;
  KobanBooks *books;
  GRand *random;
  FakeChannel *channels[N_CHANNELS]; /* desktop, phone, home */
  KobanCourier *courier;
} Desk;

/* --- the desk
 * ------------------------------------------------------------------------------------------------ */

static char *
path_in (const char *folder, const char *suffix)
{
  return g_strconcat (folder, "/koban.db", suffix, NULL);
}

static void
use (Desk *desk, guint n_channels)
{
  g_autoptr(GPtrArray) channels = g_ptr_array_new ();

  for (guint i = 0; i < n_channels; i++)
    g_ptr_array_add (channels, desk->channels[i]);
  koban_courier_set_channels (desk->courier, channels);
}

static void
open_desk (Desk *desk, gint64 wall_us)
{
  g_autofree char *path = path_in (desk->folder, "");

  desk->clock = koban_fake_clock_new (wall_us);
  desk->books = koban_open_books_new_in (path);
  desk->random = g_rand_new_with_seed (1);
  desk->channels[0] = fake_channel_new ("desktop", KOBAN_CHANNEL_DESKTOP);
  desk->channels[1] = fake_channel_new ("phone", KOBAN_CHANNEL_NTFY);
  desk->channels[2] = fake_channel_new ("home", KOBAN_CHANNEL_WEBHOOK);
  desk->courier = koban_courier_new (KOBAN_CLOCK (desk->clock), desk->books, desk->random);
  use (desk, N_CHANNELS);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  koban_courier_stop_finish (KOBAN_COURIER (source), result);
  *(gboolean *) user_data = TRUE;
}

static void
close_desk (Desk *desk)
{
  gboolean stopped = FALSE;

  koban_courier_stop_async (desk->courier, on_stopped, &stopped);
  koban_run_until (&stopped);
  koban_open_books_close (desk->books);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  g_assert_finalize_object (desk->courier);
  for (guint i = 0; i < N_CHANNELS; i++)
    g_assert_finalize_object (desk->channels[i]);
  g_object_unref (desk->books);
  g_object_unref (desk->clock);
  g_rand_free (desk->random);
}

static void
remove_folder (const char *folder)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = path_in (folder, suffixes[i]);
      g_unlink (path);
    }
  g_rmdir (folder);
}

static void
set_up (Desk *desk, gconstpointer data)
{
  desk->folder = g_dir_make_tmp ("koban-lanes-XXXXXX", NULL);
  open_desk (desk, NOW_US);
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  close_desk (desk);
  remove_folder (desk->folder);
  g_free (desk->folder);
}

static gboolean
nothing_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  return TRUE;
}

static void
settle (Desk *desk)
{
  for (int step = 0; step < 30; step++)
    koban_open_books_write (desk->books, nothing_in_worker, NULL);
}

typedef struct
{
  const char *key;
  KobanAlertKind kind;
  gint64 now_us;
} Raise;

static gboolean
raise_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Raise *raised = job;
  const char *const refs[] = { "l1", NULL };
  GVariant *reason = koban_reason_new ("new_link", "kind", "s", "direct_debit", NULL);
  KobanAlert fields = { .incident = raised->key,
                        .kind = raised->kind,
                        .severity = KOBAN_SEVERITY_CRITICAL,
                        .opened_us = raised->now_us,
                        .updated_us = raised->now_us,
                        .ref = "l1",
                        .refs = refs,
                        .subject = "EVIL PAY",
                        .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);

  return koban_ledger_raise (ledger, alert, raised->now_us, NULL, error);
}

static void
raise_alert (Desk *desk, const char *key, KobanAlertKind kind)
{
  Raise job = { key, kind, koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock)) };

  koban_open_books_write (desk->books, raise_in_worker, &job);
}

static void
assert_said (FakeChannel *channel, const char *expected)
{
  g_ptr_array_add (channel->said, NULL);
  g_autofree char *said = g_strjoinv (", ", (char **) channel->said->pdata);

  g_ptr_array_set_size (channel->said, 0);
  g_assert_cmpstr (said, ==, expected);
}

/* --- side by side ------------------------------------------------------------------------------------------
 */

static void
test_a_dead_one_delays_no_other (Desk *desk, gconstpointer data)
{
  desk->channels[0]->hanging = TRUE;
  desk->channels[2]->broken = TRUE;
  koban_courier_start (desk->courier);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk->channels[0], "show i1"); /* and hangs there */
  assert_said (desk->channels[1], "show i1");
  raise_alert (desk, "two", KOBAN_ALERT_WITHDRAWAL);
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk->channels[0], "");
  assert_said (desk->channels[1], "show i2");
  desk->channels[0]->hanging = FALSE;
  g_autoptr(GTask) held = g_steal_pointer (&desk->channels[0]->held);
  g_task_return_boolean (held, TRUE);
  settle (desk);
  assert_said (desk->channels[0], "show i2");
}

/* The schedule of webhooks: 5 seconds, 5 minutes, half an hour. */
static void
test_each_is_tried_again_in_its_own_time (Desk *desk, gconstpointer data)
{
  desk->channels[2]->broken = TRUE;
  koban_courier_start (desk->courier);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk->channels[2], "show i1");
  koban_fake_clock_advance (desk->clock, 4 * KOBAN_SECOND_US);
  settle (desk);
  assert_said (desk->channels[2], "");
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_SECOND_US);
  settle (desk);
  assert_said (desk->channels[2], "show i1");
  koban_fake_clock_advance (desk->clock, 4 * KOBAN_MINUTE_US);
  settle (desk);
  assert_said (desk->channels[2], "");
  desk->channels[2]->broken = FALSE;
  koban_fake_clock_advance (desk->clock, 2 * KOBAN_MINUTE_US);
  settle (desk);
  assert_said (desk->channels[2], "show i1");
}

static void
test_what_was_asked_for_is_waited_for (Desk *desk, gconstpointer data)
{
  desk->channels[1]->broken = TRUE;
  desk->channels[1]->retry_s = 1000;
  koban_courier_start (desk->courier);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  koban_fake_clock_advance (desk->clock, 999 * KOBAN_SECOND_US);
  settle (desk);
  assert_said (desk->channels[1], "show i1");
  desk->channels[1]->broken = FALSE;
  koban_fake_clock_advance (desk->clock, 300 * KOBAN_SECOND_US);
  settle (desk);
  assert_said (desk->channels[1], "show i1");
}

static void
test_a_dead_one_is_told_through_the_others_and_settled (Desk *desk, gconstpointer data)
{
  desk->channels[1]->broken = TRUE;
  koban_courier_start (desk->courier);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  for (guint i = 0; i < 30; i++)
    {
      koban_fake_clock_advance (desk->clock, KOBAN_MINUTE_US);
      settle (desk);
    }
  assert_said (desk->channels[0], "show i1, show i2");
  assert_said (desk->channels[2], "show i1, show i2");
  desk->channels[1]->broken = FALSE;
  g_ptr_array_set_size (desk->channels[1]->said, 0);
  koban_fake_clock_advance (desk->clock, 15 * KOBAN_MINUTE_US + KOBAN_SECOND_US);
  settle (desk);
  assert_said (desk->channels[1], "show i1");
  assert_said (desk->channels[0], "withdraw i2");
  assert_said (desk->channels[2], "withdraw i2");
}

static void
test_only_a_screen_is_shown_again_at_a_start (Desk *desk, gconstpointer data)
{
  koban_courier_start (desk->courier);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  close_desk (desk);
  open_desk (desk, NOW_US + KOBAN_MINUTE_US);
  koban_courier_start (desk->courier);
  settle (desk);
  assert_said (desk->channels[0], "silent i1");
  assert_said (desk->channels[1], "");
  assert_said (desk->channels[2], "");
}

static void
test_channels_come_and_go (Desk *desk, gconstpointer data)
{
  use (desk, 1);
  koban_courier_start (desk->courier);
  settle (desk);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk->channels[0], "show i1");
  use (desk, 2);
  settle (desk);
  assert_said (desk->channels[0],
               "silent i1, show i2");         /* what is open again, and that there is a phone now */
  assert_said (desk->channels[1], "show i1"); /* which hears of what is critical */
  use (desk, 1);
  settle (desk);
  raise_alert (desk, "two", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  assert_said (desk->channels[1], "");
}

static void
test_nobody_wakes_between_two_times (Desk *desk, gconstpointer data)
{
  koban_courier_start (desk->courier);
  settle (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==, 0);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  koban_courier_wake (desk->courier);
  settle (desk);
  g_assert_cmpuint (koban_fake_clock_get_n_alarms (desk->clock), ==,
                    2); /* the screen and the phone, in 11 hours */
  g_assert_cmpint (koban_fake_clock_get_next_us (desk->clock), ==,
                   koban_clock_get_boot_us (KOBAN_CLOCK (desk->clock)) + 11 * KOBAN_HOUR_US);
}

/* --- words
 * -------------------------------------------------------------------------------------------------- */

static void
test_whatever_leaves_has_its_code (Desk *desk, gconstpointer data)
{
  static const KobanDetail details[] = { KOBAN_DETAIL_NONE, KOBAN_DETAIL_MINIMAL, KOBAN_DETAIL_FULL };

  koban_courier_start (desk->courier);
  settle (desk);
  for (gsize i = 0; i < G_N_ELEMENTS (details); i++)
    {
      g_autofree char *key = g_strdup_printf ("key%u", (guint) i);
      const KobanMessage *message;

      desk->channels[1]->detail = details[i];
      raise_alert (desk, key, KOBAN_ALERT_LINK);
      koban_courier_wake (desk->courier);
      settle (desk);
      message = desk->channels[1]->messages->pdata[i];
      g_assert_true (strstr (message->summary, message->code) != NULL ||
                     strstr (message->body, message->code) != NULL);
      g_assert_cmpint (strstr (message->body, "EVIL PAY") != NULL, ==, details[i] == KOBAN_DETAIL_FULL);
      g_assert_cmpint (message->purpose, ==, KOBAN_PURPOSE_ALERT);
      g_assert_cmpint (message->opened_us, ==, NOW_US);
      g_assert_nonnull (message->id);
    }
}

/* --- that Koban watches -----------------------------------------------------------------------------------
 */

static const KobanMessage *
last_message (FakeChannel *channel)
{
  g_assert_cmpuint (channel->messages->len, >, 0);
  return channel->messages->pdata[channel->messages->len - 1];
}

static void
look (Desk *desk, gint64 later_us)
{
  koban_fake_clock_advance (desk->clock, later_us);
  koban_courier_looked (desk->courier);
  settle (desk);
}

static void
test_a_dead_mans_message_is_put_off_by_each_look (Desk *desk, gconstpointer data)
{
  g_autofree char *id = NULL;

  desk->channels[1]->schedules = TRUE;
  koban_courier_start (desk->courier);
  settle (desk);
  look (desk, 0);
  assert_said (desk->channels[0], "");
  assert_said (desk->channels[1], "show watch");
  assert_said (desk->channels[2], "silent watch"); /* once a week */
  id = g_strdup (last_message (desk->channels[1])->id);
  g_assert_cmpint (last_message (desk->channels[1])->delay_us, ==, KOBAN_DAY_US);
  g_assert_cmpint (last_message (desk->channels[1])->purpose, ==, KOBAN_PURPOSE_WATCH);
  g_assert_cmpint (last_message (desk->channels[2])->delay_us, ==, 0);

  look (desk, 15 * KOBAN_MINUTE_US);
  assert_said (desk->channels[1], "");
  look (desk, 45 * KOBAN_MINUTE_US);
  assert_said (desk->channels[1], "show watch");
  g_assert_cmpstr (last_message (desk->channels[1])->id, ==, id);
  assert_said (desk->channels[2], "");
  look (desk, 8 * KOBAN_DAY_US); /* it was seen: the next is another */
  assert_said (desk->channels[1], "show watch");
  g_assert_cmpstr (last_message (desk->channels[1])->id, !=, id);
  assert_said (desk->channels[2], "silent watch");
}

static void
test_a_watch_that_was_not_taken_is_tried_at_the_next_look (Desk *desk, gconstpointer data)
{
  desk->channels[1]->broken = TRUE;
  koban_courier_start (desk->courier);
  settle (desk);
  look (desk, 0);
  look (desk, KOBAN_MINUTE_US);
  assert_said (desk->channels[1], "silent watch, silent watch");
  assert_said (desk->channels[2], "silent watch");
}

/* --- a test
 * --------------------------------------------------------------------------------------------------- */

static void
on_tested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = koban_courier_test_finish (KOBAN_COURIER (source), result, NULL);
}

static gboolean
verify_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  g_autoptr(GVariant) rows = koban_ledger_verify_code (ledger, job, error);

  return rows != NULL;
}

static void
test_a_test_carries_a_code_that_can_be_verified (Desk *desk, gconstpointer data)
{
  gboolean works = FALSE;
  const KobanMessage *message;

  koban_courier_test_async (desk->courier, "phone", NULL, on_tested, &works);
  settle (desk);
  g_assert_true (works);
  message = last_message (desk->channels[1]);
  g_assert_nonnull (strstr (message->summary, message->code));
  koban_open_books_write (desk->books, verify_in_worker, message->code);
  assert_said (desk->channels[0], "");
}

/* --- killed between any two steps
 * ----------------------------------------------------------------------------- */

#define MOST_STEPS 64

/* The file as a kill would leave it here, and what had been taken by then for certain, and at most. */
typedef struct
{
  char *folder;
  guint before[N_CHANNELS], after[N_CHANNELS];
} Snapshot;

static gboolean
copy_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  static const char *const suffixes[] = { "", "-wal" };
  const char *const *folders = job;

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *from = path_in (folders[0], suffixes[i]), *to = path_in (folders[1], suffixes[i]);
      g_autofree char *bytes = NULL;
      gsize length;

      if (g_file_get_contents (from, &bytes, &length, NULL) &&
          !g_file_set_contents_full (to, bytes, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, error))
        return FALSE;
    }
  return TRUE;
}

static void
count_taken (Desk *desk, guint *counts)
{
  for (guint i = 0; i < N_CHANNELS; i++)
    counts[i] = desk->channels[i]->messages->len;
}

static void
take_snapshot (Desk *desk, Snapshot *snapshot)
{
  snapshot->folder = g_dir_make_tmp ("koban-kill-XXXXXX", NULL);
  const char *folders[] = { desk->folder, snapshot->folder };

  count_taken (desk, snapshot->before);
  koban_open_books_write (desk->books, copy_in_worker, folders);
  count_taken (desk, snapshot->after);
}

static void
add_ids (GHashTable *ids, FakeChannel *channel, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      const KobanMessage *message = channel->messages->pdata[i];

      if (!message->silent)
        g_hash_table_add (ids, g_strdup (message->id));
    }
}

/* Started again from there, every channel has had what it would have had, under the same ids, and no other.
 */
static void
assert_nothing_is_lost (Desk *desk, const Snapshot *snapshot)
{
  Desk again = { .folder = snapshot->folder };

  open_desk (&again, NOW_US + KOBAN_SECOND_US);
  koban_courier_start (again.courier);
  settle (&again);
  for (guint i = 0; i < N_CHANNELS; i++)
    {
      g_autoptr(GHashTable) whole = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_autoptr(GHashTable) had = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      GHashTableIter iter;
      gpointer id;

      add_ids (whole, desk->channels[i], desk->channels[i]->messages->len);
      add_ids (had, desk->channels[i], snapshot->before[i]);
      add_ids (had, again.channels[i], again.channels[i]->messages->len);
      g_assert_cmpuint (g_hash_table_size (had), ==, g_hash_table_size (whole));
      g_hash_table_iter_init (&iter, had);
      while (g_hash_table_iter_next (&iter, &id, NULL))
        g_assert_true (g_hash_table_contains (whole, id));
    }
  close_desk (&again);
}

static void
test_a_kill_loses_nothing_and_repeats_the_id (Desk *desk, gconstpointer data)
{
  Snapshot snapshots[MOST_STEPS];
  guint n = 0, in_between = 0;

  koban_courier_start (desk->courier);
  settle (desk);
  raise_alert (desk, "one", KOBAN_ALERT_LINK);
  raise_alert (desk, "two", KOBAN_ALERT_WITHDRAWAL);
  koban_courier_wake (desk->courier);
  for (n = 0; n < 24; n++)
    take_snapshot (desk, &snapshots[n]);
  for (guint i = 0; i < N_CHANNELS; i++)
    g_assert_cmpuint (desk->channels[i]->messages->len, ==, 2);
  for (guint i = 0; i < n; i++)
    {
      in_between += snapshots[i].before[1] == 1 ? 1 : 0;
      assert_nothing_is_lost (desk, &snapshots[i]);
      remove_folder (snapshots[i].folder);
      g_free (snapshots[i].folder);
    }
  g_assert_cmpuint (snapshots[0].before[1], ==, 0); /* the first was before anything */
  g_assert_cmpuint (in_between, >, 0);              /* and some in the middle */
  for (guint i = 0; i < N_CHANNELS; i++)
    g_ptr_array_set_size (desk->channels[i]->said, 0);
}

#define CLAIM(path, test) g_test_add ("/lanes/" path, Desk, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CLAIM ("side-by-side", test_a_dead_one_delays_no_other);
  CLAIM ("own-time", test_each_is_tried_again_in_its_own_time);
  CLAIM ("asked-for", test_what_was_asked_for_is_waited_for);
  CLAIM ("dead", test_a_dead_one_is_told_through_the_others_and_settled);
  CLAIM ("start", test_only_a_screen_is_shown_again_at_a_start);
  CLAIM ("come-and-go", test_channels_come_and_go);
  CLAIM ("idle", test_nobody_wakes_between_two_times);
  CLAIM ("code", test_whatever_leaves_has_its_code);
  CLAIM ("dead-man", test_a_dead_mans_message_is_put_off_by_each_look);
  CLAIM ("watch-again", test_a_watch_that_was_not_taken_is_tried_at_the_next_look);
  CLAIM ("test", test_a_test_carries_a_code_that_can_be_verified);
  CLAIM ("kill", test_a_kill_loses_nothing_and_repeats_the_id);
  return g_test_run ();
}
