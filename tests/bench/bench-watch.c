/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many lines a second go through the detectors alone: a life of cards, bills and transfers, in
 * batches of a check each, in this thread's own time; and how many bytes are kept of it. Prints one line;
 * it judges nothing.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <koban/services.h>
#include "watch/watch.h"

enum
{
  BATCH = 500,
  NAMES = 700
};

static KobanChange
line_of (guint i)
{
  char name[40];
  char id[16];
  guint shop = (i * 2654435761u) >> 8;

  int letters[] = { (int) (shop % 9), (int) (shop / 9 % 9), (int) (shop / 81 % 9) };
  guint number = i % 3 == 0 ? i % 97 : 7; /* every third with one of its own */
  g_snprintf (name, sizeof name, "CARD PAYMENT TO SHOP %c%c%c %u", 'A' + letters[0], 'A' + letters[1],
              'A' + letters[2], number);
  g_snprintf (id, sizeof id, "t%u", i);
  KobanTransaction fields = { .id = id,
                              .state = KOBAN_TRANSACTION_BOOKED,
                              .type = KOBAN_TRANSACTION_CARD,
                              .amount = KOBAN_MONEY (-(gint64) (100 + shop % 5000), "GBP"),
                              .date = 19723 + (KobanDate) (i / 5),
                              .time_us = (19723 * G_GINT64_CONSTANT (86400) + i * 17280) * 1000000,
                              .text = name };
  return (KobanChange){ .kind = KOBAN_CHANGE_LINE_NEW,
                        .heard_us = fields.time_us + KOBAN_MINUTE_US,
                        .line = koban_transaction_new (&fields) };
}

static GPtrArray *
batch_of (guint first)
{
  GPtrArray *changes = koban_changes_new ();

  for (guint i = first; i < first + BATCH; i++)
    {
      KobanChange change = line_of (i);
      koban_changes_add (changes, &change);
      koban_transaction_unref (change.line);
    }
  return changes;
}

/* Other programs on the machine do not count. */
static gint64
own_time_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

int
main (int argc, char *argv[])
{
  guint n_lines = argc > 1 ? (guint) atoi (argv[1]) : 200000;
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanServices) services = koban_services_load (NULL, &error);
  g_autoptr(KobanHabits) habits = koban_habits_new ();
  KobanAccount fields = { .id = "a1",
                          .identity = "number:1",
                          .remote_id = "1",
                          .name = "current",
                          .currency = KOBAN_CURRENCY ("GBP") };
  g_autoptr(KobanAccount) account = koban_account_new (&fields);
  gint64 spent_us = 0;
  guint n_alerts = 0;

  if (services == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  for (guint first = 0; first < n_lines; first += BATCH)
    {
      g_autoptr(GPtrArray) changes = batch_of (first);
      const KobanChange *last = g_ptr_array_index (changes, changes->len - 1);
      KobanDelta delta = {
        .account = account, .connection = "c1", .now_us = last->heard_us, .changes = changes
      };
      gint64 start_us = own_time_us ();
      g_autoptr(GPtrArray) alerts =
        koban_watch_judge (services, KOBAN_WARINESS_NORMAL, habits, &delta, NULL);
      spent_us += own_time_us () - start_us;
      n_alerts += alerts->len;
    }
  g_autoptr(GBytes) state = koban_habits_save (habits, account->id);
  printf ("%u lines, %u alerts, %" G_GINT64_FORMAT " lines a second, %" G_GSIZE_FORMAT " bytes kept\n",
          n_lines, n_alerts, (gint64) n_lines * G_USEC_PER_SEC / MAX (spent_us, 1), g_bytes_get_size (state));
  return 0;
}
