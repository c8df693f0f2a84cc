/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A fleet at one bank: many virtual agents, each with the real poller and pace (agent/poller.c, agent/pace.c)
 * on a driven clock, over three days in which the bank fails twice and everybody restarts once in the same
 * second. Agents know nothing of each other, so they are played one after another, and only the bank's tally
 * is kept: requests by the second, and for each agent how many requests it made in any 24 hours. The ledger
 * is one connection in memory.
 */
#include "config.h"

#include <koban/date.h>
#include <koban/http.h>
#include <stdlib.h>

#include "fake-clock.h"
#include "pace.h"
#include "poller.h"

#define DAYS 3
#define END_S (DAYS * 24 * 60 * 60)
#define BEGIN_US (G_GINT64_CONSTANT (1767571200) * KOBAN_SECOND_US) /* a Monday */
#define MINUTES (END_S / 60)
#define HOUR_S (60 * 60)

typedef struct
{
  const char *name;
  guint interval_s, per_day, per_check; /* as a profile and its requests say */
} Bank;

static const Bank banks[] = {
  { "15 minutes", 15 * 60, 800, 4 },
  { "90 minutes", 90 * 60, 24, 1 }, /* every request that the budget gives, and no more */
  { "6 hours", 6 * 60 * 60, 60, 4 },
};

typedef struct
{
  gint64 from_s, until_s;
  gboolean says_when; /* Retry-After: the seconds that are left; else a bare 503 */
} Outage;

static const Outage outages[] = {
  { 36 * HOUR_S, 37 * HOUR_S, FALSE },
  { 60 * HOUR_S, 60 * HOUR_S + 5 * 60, TRUE },
};

typedef enum
{
  DAY_ALWAYS_ON,
  DAY_LAPTOP,    /* asleep from 23:00, opened between 6:00 and noon, most about nine */
  DAY_POWER_CUT, /* one hour without power, and back in the same second everywhere */
  N_DAYS,
} Day;

static const char *const day_names[] = { "always-on", "laptops", "power-cut" };

#define RESTART_S (24 * HOUR_S + 7) /* an upgrade, in the same second everywhere */
#define CUT_FROM_S (48 * HOUR_S)
#define CUT_UNTIL_S (49 * HOUR_S)

typedef struct
{
  guint requests[END_S]; /* by the second */
  guint most_in_a_day;   /* requests of any agent, in any 24 hours */
} Tally;

typedef struct
{
  const Bank *bank;
  KobanFakeClock *clock;
  GRand *random;
  Tally *tally;
  KobanConnection connection;
  GQueue asked; /* (element-type second): of the last 24 hours, one a request */
} Agent;

/* --- what the poller finds in place of a ledger ---------------------------------------------------- */

static Agent *at_hand;
static gpointer job_at_hand;

void
koban_books_read_async (KobanBooks *self,
                        KobanBooksFunc func,
                        gpointer job,
                        GDestroyNotify destroy,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  func (NULL, job, NULL);
  job_at_hand = job;
  callback (NULL, NULL, user_data);
  destroy (job);
}

gboolean
koban_books_finish (KobanBooks *self, GAsyncResult *result, GError **error)
{
  return TRUE;
}

gpointer
koban_books_get_job (GAsyncResult *result)
{
  return job_at_hand;
}

GPtrArray *
koban_ledger_get_connections (KobanLedger *self, GError **error)
{
  GPtrArray *connections = g_ptr_array_sized_new (1);

  g_ptr_array_add (connections, &at_hand->connection);
  return connections;
}

gboolean
koban_http_url_is_loopback (const char *url)
{
  return FALSE;
}

/* --- one check ---------------------------------------------------------------------------------------- */

static gint64
second_of (Agent *self)
{
  return (koban_clock_get_wall_us (KOBAN_CLOCK (self->clock)) - BEGIN_US) / KOBAN_SECOND_US;
}

static const Outage *
outage_at (gint64 second)
{
  for (guint i = 0; i < G_N_ELEMENTS (outages); i++)
    if (second >= outages[i].from_s && second < outages[i].until_s)
      return &outages[i];
  return NULL;
}

static guint
budget_left (Agent *self, gint64 second)
{
  guint limit = self->bank->per_day - self->bank->per_day / 3;

  while (!g_queue_is_empty (&self->asked) &&
         GPOINTER_TO_INT (g_queue_peek_head (&self->asked)) <= second - 24 * HOUR_S)
    g_queue_pop_head (&self->asked);
  return limit > self->asked.length ? limit - self->asked.length : 0;
}

static void
send_requests (Agent *self, gint64 second, guint count)
{
  for (guint i = 0; i < count; i++)
    g_queue_push_tail (&self->asked, GINT_TO_POINTER ((int) second));
  self->tally->most_in_a_day = MAX (self->tally->most_in_a_day, self->asked.length);
  self->tally->requests[second] += count;
}

/* As agent/cycle.c does it: a check that the bank refuses ends with its first request. */
static KobanPace
ask_bank (Agent *self, gint64 second)
{
  const Outage *outage = outage_at (second);
  guint left = budget_left (self, second);
  guint wanted = outage != NULL ? 1 : self->bank->per_check;
  KobanPace pace = { .kind = KOBAN_PACE_STEADY,
                     .seed = self->connection.secret_id,
                     .interval_s = koban_pace_within_budget_s (self->bank->interval_s, self->bank->per_check,
                                                               self->bank->per_day) };

  send_requests (self, second, MIN (wanted, left));
  if (left < wanted)
    {
      pace.kind = KOBAN_PACE_GIVEN;
      pace.floor_s = GPOINTER_TO_INT (g_queue_peek_head (&self->asked)) + 24 * HOUR_S - second;
    }
  else if (outage != NULL)
    {
      pace.kind = KOBAN_PACE_BACKOFF;
      pace.floor_s = outage->says_when ? outage->until_s - second : 0;
    }
  return pace;
}

static void
on_ask (KobanPoller *poller, const char *connection, gpointer user_data)
{
  Agent *self = user_data;
  gint64 now_us = koban_clock_get_wall_us (KOBAN_CLOCK (self->clock));
  KobanPace pace = ask_bank (self, MIN (second_of (self), END_S - 1));

  self->connection.failures = pace.kind == KOBAN_PACE_BACKOFF ? self->connection.failures + 1 : 0;
  pace.failures = self->connection.failures;
  if (pace.kind == KOBAN_PACE_STEADY)
    self->connection.last_check_us = now_us;
  self->connection.next_check_us = now_us + koban_pace_next_us (&pace, self->random);
  koban_poller_checked (poller, connection);
}

/* --- three days of one agent ------------------------------------------------------------------------------
 */

static KobanPoller *
start (Agent *self)
{
  KobanPoller *poller = koban_poller_new (KOBAN_CLOCK (self->clock), NULL, self->random, on_ask, self);

  koban_poller_start (poller);
  return poller;
}

static void
stop (KobanPoller *poller)
{
  koban_poller_stop (poller);
  g_object_unref (poller);
}

static void
advance_to (Agent *self, gint64 second)
{
  koban_fake_clock_advance (self->clock, BEGIN_US + second * KOBAN_SECOND_US -
                                           koban_clock_get_wall_us (KOBAN_CLOCK (self->clock)));
}

/* Nobody sees the alarms that come due meanwhile; the next agent's process begins at once, with the due time
 * kept. */
static KobanPoller *
start_again (Agent *self, KobanPoller *poller, gint64 from_s, gint64 until_s)
{
  advance_to (self, from_s);
  stop (poller);
  advance_to (self, until_s);
  return start (self);
}

/* Asleep until the morning: offline, with nothing told, and then woken. */
static void
sleep_until (Agent *self, KobanPoller *poller, gint64 from_s, gint64 until_s)
{
  advance_to (self, from_s);
  koban_poller_set_online (poller, FALSE);
  advance_to (self, MIN (until_s, END_S));
  koban_poller_set_online (poller, TRUE);
  koban_poller_resumed (poller);
}

static void
sleep_at_night (Agent *self, KobanPoller *poller, guint day)
{
  gint64 midnight_s = (day + 1) * 24 * HOUR_S;

  sleep_until (self, poller, midnight_s - HOUR_S,
               midnight_s + 6 * HOUR_S + g_rand_int_range (self->random, 0, 3 * HOUR_S) +
                 g_rand_int_range (self->random, 0, 3 * HOUR_S));
}

static void
live (Agent *self, Day day)
{
  KobanPoller *poller = start (self);

  for (guint i = 0; day == DAY_LAPTOP && i + 1 < DAYS; i++)
    sleep_at_night (self, poller, i);
  if (day == DAY_ALWAYS_ON)
    poller = start_again (self, poller, RESTART_S, RESTART_S);
  if (day == DAY_POWER_CUT)
    poller = start_again (self, poller, CUT_FROM_S, CUT_UNTIL_S);
  advance_to (self, END_S);
  stop (poller);
}

static void
play (const Bank *bank, Day day, guint number, GRand *random, Tally *tally)
{
  g_autofree char *seed = g_strdup_printf ("seed-%u", number);
  gint64 due_us = BEGIN_US + g_rand_int_range (random, 0, (gint32) bank->interval_s) * KOBAN_SECOND_US;
  Agent self = { .bank = bank, .random = random, .tally = tally };

  self.clock = koban_fake_clock_new (BEGIN_US);
  self.connection = (KobanConnection){
    .id = (char *) "c1", .secret_id = seed, .last_check_us = BEGIN_US - KOBAN_HOUR_US, .next_check_us = due_us
  };
  at_hand = &self;
  live (&self, day);
  g_queue_clear (&self.asked);
  g_object_unref (self.clock);
}

/* --- what the bank saw
 * -------------------------------------------------------------------------------------- */

typedef struct
{
  double mean, worst_minute, worst_after_outage; /* requests a second; the mean is that of the waking hours */
  guint worst_second;
} Seen;

static double
minute_at (const Tally *tally, guint minute)
{
  guint sum = 0;

  for (guint i = 0; i < 60; i++)
    sum += tally->requests[minute * 60 + i];
  return sum / 60.0;
}

static gboolean
is_after_outage (guint minute)
{
  for (guint i = 0; i < G_N_ELEMENTS (outages); i++)
    if (minute * 60 >= outages[i].until_s && minute * 60 < outages[i].until_s + 2 * HOUR_S)
      return TRUE;
  return FALSE;
}

static double
mean_awake (const Tally *tally)
{
  guint64 sum = 0, seconds = 0;

  for (guint i = 0; i < END_S; i++)
    if (i % (24 * HOUR_S) >= 9 * HOUR_S && i % (24 * HOUR_S) < 23 * HOUR_S)
      {
        sum += tally->requests[i];
        seconds++;
      }
  return sum / (double) seconds;
}

static Seen
look (const Tally *tally)
{
  Seen seen = { .mean = mean_awake (tally) };

  for (guint i = 0; i < END_S; i++)
    seen.worst_second = MAX (seen.worst_second, tally->requests[i]);
  for (guint i = 0; i < MINUTES; i++)
    {
      seen.worst_minute = MAX (seen.worst_minute, minute_at (tally, i));
      if (is_after_outage (i))
        seen.worst_after_outage = MAX (seen.worst_after_outage, minute_at (tally, i));
    }
  return seen;
}

static void
write_minutes (const Tally *tally)
{
  for (guint i = 0; i < MINUTES; i++)
    g_print ("%u %.3f\n", i, minute_at (tally, i));
}

static void
write_summary (const Tally *tally, const Bank *bank, Day day, int agents)
{
  Seen seen = look (tally);

  g_print ("{\"bank\": \"%s\", \"day\": \"%s\", \"agents\": %d, \"mean\": %.3f, \"worst_minute\": %.3f,"
           " \"worst_second\": %u, \"after_outage\": %.3f, \"most_in_a_day\": %u, \"quota\": %u, "
           "\"per_check\": %u}\n",
           bank->name, day_names[day], agents, seen.mean, seen.worst_minute, seen.worst_second,
           seen.worst_after_outage, tally->most_in_a_day, bank->per_day, bank->per_check);
}

int
main (int argc, char **argv)
{
  int agents = argc > 3 ? atoi (argv[3]) : 0;
  guint bank = argc > 3 ? (guint) atoi (argv[1]) : 0, day = argc > 3 ? (guint) atoi (argv[2]) : 0;
  gboolean minutes = argc > 4 && g_str_equal (argv[4], "minutes");

  if (agents <= 0 || bank >= G_N_ELEMENTS (banks) || day >= N_DAYS)
    {
      g_printerr ("Usage: bench-fleet BANK DAY AGENTS [minutes]\n");
      return 2;
    }
  g_autofree Tally *tally = g_new0 (Tally, 1);
  g_autoptr(GRand) random = g_rand_new_with_seed (20260105);
  for (int i = 0; i < agents; i++)
    play (&banks[bank], (Day) day, (guint) i, random, tally);
  if (minutes)
    write_minutes (tally);
  else
    write_summary (tally, &banks[bank], (Day) day, agents);
  return 0;
}
