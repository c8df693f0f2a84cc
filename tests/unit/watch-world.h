/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A person's account as the watch tests tell of it: days and sums go in, alerts come out. Day 0 is
 * 2024-01-01, a Monday; what is played before `watched` is set is the baseline.
 */
#pragma once

#include <koban/text.h>
#include "watch/habit.h"
#include "watch/watch.h"

#define WORLD_FIRST_DAY 19723

typedef struct
{
  KobanServices *services;
  KobanHabits *habits;
  KobanAccount *account;
  GPtrArray *alerts;  /* all so far */
  GPtrArray *found;   /* what world_find() gave */
  GPtrArray *changes; /* gathered for the next check */
  gboolean watched;
  gint64 now_us;
  gint64 lines_heard_us;
  gint64 due_us;
  guint serial;
} World;

static inline World *
world_new (const char *currency)
{
  World *self = g_new0 (World, 1);
  g_autoptr (GError) error = NULL;
  KobanAccount fields = { .id = "a1", .identity = "number:1", .remote_id = "1", .name = "current" };

  memcpy (fields.currency.code, currency, 4);
  self->services = koban_services_load (NULL, &error);
  g_assert_no_error (error);
  self->habits = koban_habits_new ();
  self->account = koban_account_new (&fields);
  self->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  self->changes = koban_changes_new ();
  return self;
}

static inline void
world_free (World *self)
{
  koban_services_free (self->services);
  koban_habits_free (self->habits);
  koban_account_unref (self->account);
  g_ptr_array_unref (self->alerts);
  g_ptr_array_unref (self->found);
  g_ptr_array_unref (self->changes);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

static inline gint64
world_time (int day,
            int minute)
{
  return (WORLD_FIRST_DAY + day) * KOBAN_DAY_US + minute * KOBAN_MINUTE_US;
}

/* Judges what was gathered, at the time of the last of it. */
static inline void
world_check (World *self)
{
  KobanDelta delta = { .account = self->account, .connection = "c1", 
                       .now_us = self->now_us, .lines_heard_us = self->lines_heard_us, .changes = self->changes };
  g_autoptr (GPtrArray) alerts = koban_watch_judge (self->services, KOBAN_WARINESS_NORMAL, self->habits, &delta, &self->due_us);

  for (guint i = 0; i < alerts->len; i++)
    g_ptr_array_add (self->alerts, koban_alert_ref (g_ptr_array_index (alerts, i)));
  g_ptr_array_set_size (self->changes, 0);
}

/* Time alone has passed. */
static inline void
world_wait (World *self,
            int day,
            int minute)
{
  world_check (self);
  self->now_us = world_time (day, minute);
  world_check (self);
}

static inline void
world_add (World *self,
           KobanChange *change,
           int day,
           int minute)
{
  self->now_us = MAX (self->now_us, world_time (day, MAX (minute, 0)));
  change->heard_us = self->now_us;
  change->baseline = !self->watched;
  koban_changes_add (self->changes, change);
}

/* A line of the statement; @minute of the day, -1: the bank gives only dates. The id is "t1", "t2" … */
static inline KobanTransaction *
world_make_line (World *self,
                 int day,
                 int minute,
                 gint64 amount,
                 const char *name,
                 KobanTransactionType type)
{
  g_autofree char *id = g_strdup_printf ("t%u", ++self->serial);
  KobanTransaction fields = { .id = id,
                              .state = KOBAN_TRANSACTION_BOOKED,
                              .type = type,
                              .amount = { amount, self->account->currency },
                              .date = WORLD_FIRST_DAY + day,
                              .time_us = minute >= 0 ? world_time (day, minute) : 0,
                              .text = name };
  return koban_transaction_new (&fields);
}

static inline void
world_line (World *self,
            int day,
            int minute,
            gint64 amount,
            const char *name,
            KobanTransactionType type)
{
  g_autoptr (KobanTransaction) line = world_make_line (self, day, minute, amount, name, type);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = line };

  world_add (self, &change, day, minute);
}

static inline void
world_balance (World *self,
               int day,
               int minute,
               gint64 booked)
{
  KobanChange change = { .kind = KOBAN_CHANGE_BALANCE,
                         .has_booked = TRUE,
                         .booked = { booked, self->account->currency } };

  world_add (self, &change, day, minute);
}

static inline void
world_link (World *self,
            KobanChangeKind kind,
            int day,
            int minute,
            const KobanLink *fields,
            const KobanLink *before)
{
  g_autoptr (KobanLink) link = koban_link_new (fields);
  g_autoptr (KobanLink) link_before = before != NULL ? koban_link_new (before) : NULL;
  KobanChange change = { .kind = kind, .link = link, .link_before = link_before };

  world_add (self, &change, day, minute);
}

/* A quiet life from day @from to before day @to: salary, rent, coffee twice a day, food, a phone bill, a card bill. */
static inline void
world_live (World *self,
            int from,
            int to)
{
  gint64 euro = koban_euro (self->account->currency);

  for (int day = from; day < to; day++)
    {
      world_line (self, day, 8 * 60 + day % 20, -3 * euro, "KIRKGATE COFFEE", KOBAN_TRANSACTION_CARD);
      world_line (self, day, 13 * 60 + day % 30, -3 * euro, "KIRKGATE COFFEE", KOBAN_TRANSACTION_CARD);
      if (day % 3 == 0)
        world_line (self, day, 18 * 60, -(15 + day * 7 % 40) * euro, "TESCO STORES", KOBAN_TRANSACTION_CARD);
      if (day % 30 == 2)
        world_line (self, day, 5 * 60, -800 * euro, "HARTLEY LETTINGS", KOBAN_TRANSACTION_STANDING_ORDER);
      if (day % 30 == 5)
        world_line (self, day, 5 * 60, -30 * euro, "VIRGIN MEDIA", KOBAN_TRANSACTION_DIRECT_DEBIT);
      if (day % 30 == 25)
        world_line (self, day, 2 * 60, 1900 * euro, "ARUP SALARY", KOBAN_TRANSACTION_CREDIT);
      world_check (self);
    }
}

/* All alerts of @kind grown into one, as the ledger does it; NULL: none was told. */
static inline KobanAlert *
world_find (World *self,
            KobanAlertKind kind)
{
  g_autoptr (KobanAlert) found = NULL;

  for (guint i = 0; i < self->alerts->len; i++)
    {
      KobanAlert *alert = g_ptr_array_index (self->alerts, i);
      if (alert->kind != kind)
        continue;
      g_autoptr (KobanAlert) known = g_steal_pointer (&found);
      found = known != NULL ? koban_alert_grow (known, alert) : koban_alert_ref (alert);
    }
  if (found != NULL)
    g_ptr_array_add (self->found, koban_alert_ref (found));
  return found;
}

/* Everything told, for a failing test to show. */
static inline void
assert_silent (World *self)
{
  for (guint i = 0; i < self->alerts->len; i++)
    {
      KobanAlert *alert = g_ptr_array_index (self->alerts, i);
      g_autofree char *reasons = g_variant_print (alert->reasons, FALSE);
      g_test_message ("%s %s %s: %s", koban_alert_kind_name (alert->kind), koban_severity_name (alert->severity),
                      alert->subject, reasons);
    }
  g_assert_cmpuint (self->alerts->len, ==, 0);
}
