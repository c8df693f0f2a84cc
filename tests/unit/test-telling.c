/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who is told when: the plan as it comes out of the outbox, over days, with every way to the person there is.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include <koban/date.h>
#include <koban/error.h>
#include <koban/ledger.h>

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US) /* 2024-09-02T00:00:00Z */
#define DAYS (10 * KOBAN_DAY_US)

static const KobanRoute every[] = {
  { "desktop", KOBAN_CHANNEL_DESKTOP, KOBAN_DETAIL_FULL, NULL },
  { "phone", KOBAN_CHANNEL_NTFY, KOBAN_DETAIL_NONE, "t1" },
  { "old", KOBAN_CHANNEL_GOTIFY, KOBAN_DETAIL_NONE, "t2" },
  { "mail", KOBAN_CHANNEL_MAIL, KOBAN_DETAIL_NONE, "t3" },
  { "home", KOBAN_CHANNEL_WEBHOOK, KOBAN_DETAIL_NONE, "t4" },
};

typedef struct
{
  char *folder, *path;
  KobanLedger *ledger;
  KobanQuiet quiet;
  GString *said; /* "desktop@0 phone@15": minutes since NOW_US; "~": silent */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("koban-telling-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "koban.db", NULL);
  self->ledger = koban_ledger_open (self->path, NULL, NULL);
  self->said = g_string_new (NULL);
  g_assert_nonnull (self->ledger);
  g_assert_true (koban_ledger_set_routes (self->ledger, every, G_N_ELEMENTS (every), NOW_US, NULL));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  g_assert_finalize_object (self->ledger);
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (self->path, suffixes[i], NULL);
      g_unlink (path);
    }
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_string_free (self->said, TRUE);
}

static void
restart (Fixture *self)
{
  g_assert_finalize_object (self->ledger);
  self->ledger = koban_ledger_open (self->path, NULL, NULL);
  g_assert_nonnull (self->ledger);
}

static void
put (Fixture *self,
     const char *key,
     KobanAlertKind kind,
     KobanSeverity severity,
     gint64 total,
     const char *ref,
     gint64 at_us)
{
  const char *refs[] = { ref, NULL };
  KobanAlert fields = { .incident = key,
                        .kind = kind,
                        .severity = severity,
                        .opened_us = at_us,
                        .updated_us = at_us,
                        .ref = ref,
                        .refs = refs,
                        .has_total = total != 0,
                        .total = KOBAN_MONEY (total, "JPY") };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);

  g_assert_true (koban_ledger_raise (self->ledger, alert, at_us, NULL, NULL));
}

static void
put_theft (Fixture *self, KobanSeverity severity)
{
  put (self, "theft", KOBAN_ALERT_WITHDRAWAL, severity, -1000, "t1", NOW_US);
}

static void
answer (Fixture *self, const char *id, KobanAnswer said, gint64 at_us)
{
  g_assert_true (koban_ledger_answer (self->ledger, id, said, at_us, NULL));
}

static void
deliver (Fixture *self, const KobanDelivery *delivery, gint64 at_us)
{
  KobanSaid said = { .id = delivery->message_id,
                     .channel = delivery->channel,
                     .code = delivery->code,
                     .purpose = KOBAN_SAID_ALERT,
                     .summary = "summary",
                     .body = "body" };

  if (delivery->alerts->len == 0)
    return;
  g_assert_true (
    koban_ledger_mark_sent (self->ledger, delivery, delivery->unsaid ? NULL : &said, at_us, NULL));
  if (!delivery->unsaid)
    g_string_append_printf (self->said, "%s%s%s@%" G_GINT64_FORMAT "%s", self->said->len > 0 ? " " : "",
                            delivery->silent ? "~" : "", delivery->channel,
                            (at_us - NOW_US) / KOBAN_MINUTE_US,
                            delivery->bundle == KOBAN_BUNDLE_DIGEST ? "(digest)" : "");
}

/* Everything is taken when it is due, from @from_us until @until_us. */
static void
live (Fixture *self, gint64 from_us, gint64 until_us)
{
  for (gint64 at_us = from_us, next_us = 0; at_us < until_us; at_us = next_us)
    {
      next_us = until_us;
      for (gsize i = 0; i < G_N_ELEMENTS (every); i++)
        {
          g_autoptr(GPtrArray) due = NULL;
          gint64 later_us = 0;

          g_assert_true (koban_ledger_hold (self->ledger, &self->quiet, at_us, NULL));
          due = koban_ledger_take_outbox (self->ledger, every[i].name, FALSE, at_us, NULL, NULL);
          for (guint n = 0; n < due->len; n++)
            deliver (self, due->pdata[n], at_us);
          g_clear_pointer (&due, g_ptr_array_unref);
          due = koban_ledger_take_outbox (self->ledger, every[i].name, FALSE, at_us, &later_us, NULL);
          next_us = later_us != 0 ? MIN (next_us, later_us) : next_us;
        }
    }
}

static void
assert_said (Fixture *self, const char *expected)
{
  g_assert_cmpstr (self->said->str, ==, expected);
  g_string_truncate (self->said, 0);
}

/* --- the plan ---------------------------------------------------------------------------------------------
 */

static void
test_a_critical_one_climbs_and_comes_back (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  live (self, NOW_US, NOW_US + 10 * KOBAN_HOUR_US);
  assert_said (self, "desktop@0 phone@0 home@0 old@15 mail@60");
  restart (self);
  live (self, NOW_US + 10 * KOBAN_HOUR_US, NOW_US + DAYS);
  assert_said (self, "desktop@660 phone@660 old@660 mail@660 desktop@1440 phone@1440 old@1440 mail@1440 "
                     "desktop@2880 phone@2880 old@2880 mail@2880 desktop@4320 phone@4320 old@4320 mail@4320");
}

static void
test_a_warning_is_told_once (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_WARNING);
  live (self, NOW_US, NOW_US + DAYS);
  assert_said (self, "desktop@0 home@0 phone@15 old@60 mail@60");
}

static void
test_a_notice_stays_at_home (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_NOTICE);
  live (self, NOW_US, NOW_US + DAYS);
  assert_said (self, "desktop@0 home@0");
}

static void
test_a_mailbox_stands_in_for_a_phone (Fixture *self, gconstpointer data)
{
  const KobanRoute routes[] = { every[0], every[3] };

  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 2, NOW_US - DAYS, NULL));
  live (self, NOW_US - DAYS, NOW_US); /* that three are gone is told */
  g_string_truncate (self->said, 0);
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  live (self, NOW_US, NOW_US + KOBAN_HOUR_US);
  assert_said (self, "desktop@0 mail@0");
}

static void
test_the_answer_ends_it_everywhere (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  assert_said (self, "desktop@0 phone@0 home@0");
  answer (self, "i1", KOBAN_ANSWER_NOT_MINE, NOW_US + KOBAN_MINUTE_US);
  restart (self);
  live (self, NOW_US + KOBAN_MINUTE_US, NOW_US + DAYS);
  assert_said (self, "");
}

static void
test_an_answer_taken_back_goes_on (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  answer (self, "i1", KOBAN_ANSWER_NOT_MINE, NOW_US + KOBAN_MINUTE_US);
  answer (self, "i1", KOBAN_ANSWER_NONE, NOW_US + 60 * KOBAN_MINUTE_US);
  g_string_truncate (self->said, 0);
  live (self, NOW_US + 60 * KOBAN_MINUTE_US, NOW_US + KOBAN_DAY_US);
  assert_said (self, "desktop@720 phone@720 old@720 mail@720");
}

/* --- told again only when it is worse ---------------------------------------------------------------------
 */

static void
test_only_worse_is_told_on_a_phone (Fixture *self, gconstpointer data)
{
  gint64 at_us = NOW_US + 2 * KOBAN_HOUR_US;

  put_theft (self, KOBAN_SEVERITY_WARNING);
  live (self, NOW_US, at_us);
  g_string_truncate (self->said, 0);
  put (self, "theft", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -10, "t2", at_us);
  live (self, at_us, at_us + KOBAN_HOUR_US);
  assert_said (self, "~desktop@120 ~home@120"); /* more of the same: put right where it can be */
  at_us += KOBAN_HOUR_US;
  put (self, "theft", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -2000, "t3", at_us);
  live (self, at_us, at_us + 2 * KOBAN_HOUR_US);
  assert_said (self, "desktop@180 home@180 phone@195 old@240 mail@240"); /* twice the sum */
  at_us += 2 * KOBAN_HOUR_US;
  put (self, "theft", KOBAN_ALERT_LINK, KOBAN_SEVERITY_WARNING, 0, "l1", at_us);
  live (self, at_us, at_us + 2 * KOBAN_HOUR_US);
  assert_said (self, "desktop@300 home@300 phone@315 old@360 mail@360"); /* a new link */
  at_us += 2 * KOBAN_HOUR_US;
  put (self, "theft", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -1, "t4", at_us);
  live (self, at_us, at_us + 2 * KOBAN_HOUR_US);
  assert_said (self, "desktop@420 phone@420 home@420 old@435 mail@480"); /* critical now */
}

static void
test_what_rises_does_not_wait_for_its_step (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_WARNING);
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  put (self, "theft", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -1, "t2", NOW_US + KOBAN_MINUTE_US);
  live (self, NOW_US + KOBAN_MINUTE_US, NOW_US + KOBAN_HOUR_US);
  assert_said (self, "desktop@0 home@0 desktop@1 phone@1 home@1 old@16");
}

/* An update in between hushes no reminder, and makes none. */
static void
test_an_update_keeps_the_reminder (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  live (self, NOW_US, NOW_US + 5 * KOBAN_HOUR_US);
  g_string_truncate (self->said, 0);
  put (self, "theft", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -10, "t2", NOW_US + 5 * KOBAN_HOUR_US);
  live (self, NOW_US + 5 * KOBAN_HOUR_US, NOW_US + 12 * KOBAN_HOUR_US);
  assert_said (self, "~desktop@300 ~home@300 desktop@660 phone@660 old@660 mail@660");
}

/* --- quiet hours ------------------------------------------------------------------------------------------
 */

/* NOW_US is midnight: it is quiet until seven. */
static void
be_quiet (Fixture *self)
{
  g_assert_true (koban_quiet_parse ("22:00-07:00", &self->quiet));
}

static void
test_quiet_hours_end_in_one_digest (Fixture *self, gconstpointer data)
{
  be_quiet (self);
  put (self, "one", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1", NOW_US);
  live (self, NOW_US, NOW_US + KOBAN_HOUR_US);
  restart (self);
  put (self, "two", KOBAN_ALERT_LINK, KOBAN_SEVERITY_WARNING, 0, "l1", NOW_US + KOBAN_HOUR_US);
  live (self, NOW_US + KOBAN_HOUR_US, NOW_US + 20 * KOBAN_HOUR_US);
  assert_said (self,
               "desktop@420(digest) phone@420(digest) old@420(digest) mail@420(digest) home@420(digest)");
}

static void
test_critical_passes (Fixture *self, gconstpointer data)
{
  be_quiet (self);
  put (self, "one", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1000, "t1", NOW_US);
  live (self, NOW_US, NOW_US + KOBAN_HOUR_US);
  put (self, "one", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -5000, "t2", NOW_US + KOBAN_HOUR_US);
  live (self, NOW_US + KOBAN_HOUR_US, NOW_US + 8 * KOBAN_HOUR_US);
  assert_said (self, "desktop@60 phone@60 home@60 old@75 mail@120");
}

static void
test_one_alone_is_no_digest (Fixture *self, gconstpointer data)
{
  be_quiet (self);
  put_theft (self, KOBAN_SEVERITY_NOTICE);
  live (self, NOW_US, NOW_US + KOBAN_DAY_US);
  assert_said (self, "desktop@420 home@420");
}

static void
test_what_was_answered_in_the_night_is_not_told (Fixture *self, gconstpointer data)
{
  be_quiet (self);
  put_theft (self, KOBAN_SEVERITY_WARNING);
  live (self, NOW_US, NOW_US + KOBAN_HOUR_US);
  answer (self, "i1", KOBAN_ANSWER_MINE, NOW_US + KOBAN_HOUR_US);
  live (self, NOW_US + KOBAN_HOUR_US, NOW_US + KOBAN_DAY_US);
  assert_said (self, "");
}

static void
test_what_lowers_protection_passes (Fixture *self, gconstpointer data)
{
  be_quiet (self);
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  answer (self, "i1", KOBAN_ANSWER_MINE, NOW_US);
  live (self, NOW_US, NOW_US + KOBAN_DAY_US);
  assert_said (self, "phone@0 old@0 mail@0 home@0");
}

/* --- many at once ------------------------------------------------------------------------------------------
 */

static void
test_a_storm_is_one_message_everywhere (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *key = g_strdup_printf ("key%u", i);

      put (self, key, i % 10 == 0 ? KOBAN_ALERT_LINK : KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_CRITICAL, -100,
           "t1", NOW_US + i);
    }
  live (self, NOW_US + KOBAN_SECOND_US, NOW_US + 12 * KOBAN_HOUR_US);
  assert_said (self, "desktop@0 phone@0 home@0 old@15 mail@60 desktop@660 phone@660 old@660 mail@660");
}

/* --- a channel that is dead
 * --------------------------------------------------------------------------------- */

/* Every delivery of @channel fails @times, a minute apart. */
static void
fail (Fixture *self, const char *channel, guint times, gint64 at_us)
{
  for (guint i = 0; i < times; i++, at_us += KOBAN_MINUTE_US)
    {
      g_autoptr(GPtrArray) due = koban_ledger_take_outbox (self->ledger, channel, FALSE, at_us, NULL, NULL);

      g_assert_cmpuint (due->len, ==, 1);
      g_assert_true (koban_ledger_mark_unsent (self->ledger, due->pdata[0], at_us, at_us + KOBAN_MINUTE_US,
                                               "no answer", NULL));
    }
}

static guint
count_open (Fixture *self, const char *code)
{
  g_autoptr(GVariant) rows =
    g_variant_ref_sink (koban_ledger_list (self->ledger, KOBAN_LIST_ALERTS, NULL, NULL));
  g_autofree char *text = g_variant_print (rows, FALSE);
  guint count = 0;

  for (const char *at = strstr (text, code); at != NULL; at = strstr (at + 1, code))
    count++;
  return count;
}

static const char *
state_of (Fixture *self, const char *name)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (koban_ledger_get_channels (self->ledger, NULL));
  const char *found = NULL;

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *this_name, *state;

      g_variant_lookup (row, "name", "&s", &this_name);
      g_variant_lookup (row, "state", "&s", &state);
      if (g_str_equal (this_name, name))
        found = g_intern_string (state);
    }
  return found;
}

static void
test_a_dead_channel_is_told_on_the_others (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) due = NULL;

  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  g_assert_cmpstr (state_of (self, "phone"), ==, "untried");
  fail (self, "phone", 3, NOW_US);
  g_assert_cmpstr (state_of (self, "phone"), ==, "failing"); /* two minutes: a router that restarts */
  g_assert_cmpuint (count_open (self, "channel_dead"), ==, 0);
  fail (self, "phone", 1, NOW_US + 3 * KOBAN_MINUTE_US);
  g_assert_cmpstr (state_of (self, "phone"), ==, "dead");
  g_assert_cmpuint (count_open (self, "channel_dead"), ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (every); i++)
    {
      g_autoptr(GPtrArray) told = koban_ledger_take_outbox (self->ledger, every[i].name, FALSE,
                                                             NOW_US + 3 * KOBAN_MINUTE_US, NULL, NULL);
      guint of_death = 0;

      for (guint n = 0; n < told->len; n++)
        of_death += g_str_equal (((KobanDelivery *) told->pdata[n])->incident, "i2") ? 1 : 0;
      g_assert_cmpuint (of_death, ==, g_str_equal (every[i].name, "phone") ? 0 : 1);
    }
  fail (self, "phone", 5, NOW_US + 4 * KOBAN_MINUTE_US); /* told once */
  g_assert_cmpuint (count_open (self, "channel_dead"), ==, 1);

  due = koban_ledger_take_outbox (self->ledger, "phone", FALSE, NOW_US + KOBAN_HOUR_US, NULL, NULL);
  deliver (self, due->pdata[0], NOW_US + KOBAN_HOUR_US);
  g_assert_cmpstr (state_of (self, "phone"), ==, "ok");
  g_assert_cmpuint (count_open (self, "channel_dead"), ==, 0);
}

/* --- what lowers protection
 * ---------------------------------------------------------------------------------- */

static void
test_mine_on_a_critical_one_is_told_elsewhere (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  answer (self, "i1", KOBAN_ANSWER_MINE, NOW_US + KOBAN_MINUTE_US);
  g_assert_cmpuint (count_open (self, "answered_mine"), ==, 1);
  live (self, NOW_US + KOBAN_MINUTE_US, NOW_US + DAYS);
  assert_said (self, "phone@1 old@1 mail@1 home@1"); /* not where it was done, and not again */
  g_assert_cmpuint (count_open (self, "answered_mine"), ==, 0);
}

static void
test_other_answers_are_not (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  answer (self, "i1", KOBAN_ANSWER_NOT_MINE, NOW_US);
  put (self, "other", KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_WARNING, -1, "t9", NOW_US);
  answer (self, "i2", KOBAN_ANSWER_MINE, NOW_US);
  live (self, NOW_US, NOW_US + DAYS);
  assert_said (self, "");
}

static void
test_a_dead_channel_does_not_keep_it_open (Fixture *self, gconstpointer data)
{
  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  fail (self, "phone", 5, NOW_US);
  answer (self, "i1", KOBAN_ANSWER_MINE, NOW_US + 5 * KOBAN_MINUTE_US);
  for (gsize i = 0; i < G_N_ELEMENTS (every); i++)
    {
      g_autoptr(GPtrArray) due = NULL;

      if (g_str_equal (every[i].name, "phone"))
        continue;
      due = koban_ledger_take_outbox (self->ledger, every[i].name, FALSE, NOW_US + KOBAN_HOUR_US, NULL, NULL);
      for (guint n = 0; n < due->len; n++)
        deliver (self, due->pdata[n], NOW_US + KOBAN_HOUR_US);
    }
  g_assert_cmpuint (count_open (self, "answered_mine"), ==, 0);
}

static void
test_a_change_of_channels_is_told_on_the_others (Fixture *self, gconstpointer data)
{
  KobanRoute routes[G_N_ELEMENTS (every)];

  memcpy (routes, every, sizeof every);
  routes[3].detail = KOBAN_DETAIL_FULL;
  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 5, NOW_US, NULL));
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  assert_said (self, "desktop@0 phone@0 old@0 home@0");

  routes[1].mark = "another topic";
  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 5, NOW_US, NULL));
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  assert_said (self, "desktop@0 old@0 mail@0 home@0");

  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 4, NOW_US, NULL));
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  assert_said (self, "desktop@0 phone@0 old@0 mail@0");

  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 5, NOW_US, NULL));
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  assert_said (self, "desktop@0 phone@0 old@0 mail@0");

  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 5, NOW_US, NULL));
  routes[0].detail = KOBAN_DETAIL_MINIMAL;
  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 5, NOW_US, NULL));
  routes[3].detail = KOBAN_DETAIL_NONE;
  g_assert_true (koban_ledger_set_routes (self->ledger, routes, 5, NOW_US, NULL));
  live (self, NOW_US, NOW_US + DAYS);
  assert_said (self, ""); /* the same, a screen that is locked, and less than before */
}

/* --- codes
 * --------------------------------------------------------------------------------------------------- */

static char *
code_of (Fixture *self, const char *channel)
{
  g_autoptr(GPtrArray) due = koban_ledger_take_outbox (self->ledger, channel, FALSE, NOW_US, NULL, NULL);

  g_assert_cmpuint (due->len, ==, 1);
  return g_strdup (((KobanDelivery *) due->pdata[0])->code);
}

static guint
verify (Fixture *self, const char *typed)
{
  g_autoptr(GError) error = NULL;
  GVariant *rows = koban_ledger_verify_code (self->ledger, typed, &error);
  guint count;

  if (rows == NULL)
    {
      g_assert_true (koban_error_is (error, KOBAN_ERROR_NOT_FOUND));
      return 0;
    }
  g_variant_ref_sink (rows);
  count = (guint) g_variant_n_children (rows);
  g_variant_unref (rows);
  return count;
}

static void
test_a_code_is_known_when_it_was_sent (Fixture *self, gconstpointer data)
{
  g_autofree char *code = NULL;
  g_autofree char *lower = NULL;
  g_autofree char *bare = NULL;

  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  code = code_of (self, "desktop");
  g_assert_cmpuint (verify (self, code), ==, 0);
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  g_assert_cmpuint (verify (self, code), ==, 3); /* desktop, phone, home */
  lower = g_ascii_strdown (code, -1);
  g_assert_cmpuint (verify (self, lower), ==, 3);
  bare = g_strdup_printf (" %.4s%s", code + 2, code + 7);
  g_assert_cmpuint (verify (self, bare), ==, 3);
  code[2] = code[2] == '0' ? '1' : '0';
  g_assert_cmpuint (verify (self, code), ==, 0);
}

static void
test_no_code_is_no_code (Fixture *self, gconstpointer data)
{
  static const char *const rows[] = {
    "", "K-", "K-7F3A", "K-7F3A-9Q2M-1", "K-7F3A-9Q2U", "koban", "é7F3A9Q2"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (koban_ledger_verify_code (self->ledger, rows[i], &error));
      g_assert_true (koban_error_is (error, KOBAN_ERROR_INVALID));
    }
}

/* A code that a bank's words bring along is none of ours. */
static void
test_a_code_in_the_words_is_not_the_code (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) due = NULL;
  KobanSaid said = {
    .channel = "desktop", .purpose = KOBAN_SAID_ALERT, .summary = "“K-AAAA-BBBB”", .body = "K-AAAA-BBBB"
  };
  const KobanDelivery *delivery;

  put_theft (self, KOBAN_SEVERITY_WARNING);
  due = koban_ledger_take_outbox (self->ledger, "desktop", FALSE, NOW_US, NULL, NULL);
  delivery = due->pdata[0];
  said.code = delivery->code;
  g_assert_true (koban_ledger_mark_sent (self->ledger, delivery, &said, NOW_US, NULL));
  g_assert_cmpuint (verify (self, "K-AAAA-BBBB"), ==, 0);
  g_assert_cmpuint (verify (self, delivery->code), ==, 1);
}

static void
test_a_summary_is_known_by_every_code_in_it (Fixture *self, gconstpointer data)
{
  g_autoptr(GVariant) alerts = NULL;

  for (guint i = 0; i < 9; i++)
    {
      g_autofree char *key = g_strdup_printf ("key%u", i);

      put (self, key, KOBAN_ALERT_WITHDRAWAL, KOBAN_SEVERITY_NOTICE, -100, "t1", NOW_US);
    }
  live (self, NOW_US, NOW_US + KOBAN_MINUTE_US);
  alerts = g_variant_ref_sink (koban_ledger_list (self->ledger, KOBAN_LIST_ALERTS, NULL, NULL));
  g_assert_cmpuint (g_variant_n_children (alerts), ==, 9);
  for (gsize i = 0; i < 9; i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (alerts, i);
      const char *code = "";

      g_variant_lookup (row, "code", "&s", &code);
      g_assert_cmpuint (verify (self, code), ==, 2); /* desktop and home */
    }
}

/* --- the proof of a channel
 * ----------------------------------------------------------------------------------- */

static void
test_a_channel_is_proved_by_its_code_once (Fixture *self, gconstpointer data)
{
  g_autofree char *first = koban_ledger_begin_test (self->ledger, "phone", NOW_US, NULL);
  g_autofree char *code = koban_ledger_begin_test (self->ledger, "phone", NOW_US, NULL);
  g_autofree char *typed = g_ascii_strdown (code + 2, -1);
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (first, !=, code);
  g_assert_false (koban_ledger_confirm (self->ledger, "phone", first, NOW_US, &error));
  g_assert_true (koban_error_is (error, KOBAN_ERROR_INVALID));
  g_assert_false (koban_ledger_confirm (self->ledger, "old", code, NOW_US, NULL));
  g_assert_true (koban_ledger_confirm (self->ledger, "phone", typed, NOW_US, NULL));
  g_assert_false (koban_ledger_confirm (self->ledger, "phone", code, NOW_US, NULL));
  g_clear_error (&error);
  g_assert_null (koban_ledger_begin_test (self->ledger, "telegraph", NOW_US, &error));
  g_assert_true (koban_error_is (error, KOBAN_ERROR_NOT_FOUND));
}

static KobanWatching
watch (Fixture *self, gint64 delay_us, gint64 at_us)
{
  KobanWatching watching = { .channel = (char *) "phone", .every_us = KOBAN_HOUR_US, .delay_us = delay_us };

  g_assert_true (koban_ledger_begin_watch (self->ledger, &watching, at_us, NULL));
  return watching;
}

static void
test_a_proof_is_asked_for_again (Fixture *self, gconstpointer data)
{
  g_autofree char *code = koban_ledger_begin_test (self->ledger, "phone", NOW_US, NULL);

  g_assert_true (koban_ledger_confirm (self->ledger, "phone", code, NOW_US + KOBAN_DAY_US, NULL));
  for (guint day = 1; day < 100; day++)
    {
      KobanWatching watching = watch (self, KOBAN_DAY_US, NOW_US + day * KOBAN_DAY_US);

      g_free (watching.code);
      g_assert_cmpuint (count_open (self, "channel_unconfirmed"), ==, day < 91 ? 0 : 1);
    }
  g_free (g_steal_pointer (&code));
  code = koban_ledger_begin_test (self->ledger, "phone", NOW_US + 100 * KOBAN_DAY_US, NULL);
  g_assert_true (koban_ledger_confirm (self->ledger, "phone", code, NOW_US + 100 * KOBAN_DAY_US, NULL));
  g_assert_cmpuint (count_open (self, "channel_unconfirmed"), ==, 0);
}

/* --- that Koban watches
 * ------------------------------------------------------------------------------------------ */

static void
mark_watched (Fixture *self, const KobanWatching *watching, gint64 at_us)
{
  KobanSaid said = { .id = watching->code,
                     .channel = "phone",
                     .code = watching->code,
                     .purpose = KOBAN_SAID_WATCH,
                     .summary = "watching",
                     .body = watching->fresh ? "body" : NULL };

  g_assert_true (koban_ledger_mark_said (self->ledger, &said, at_us, NULL));
}

static void
test_a_watch_is_renewed_under_its_code (Fixture *self, gconstpointer data)
{
  KobanWatching first = watch (self, KOBAN_DAY_US, NOW_US);
  KobanWatching again = watch (self, KOBAN_DAY_US, NOW_US); /* killed before the mark */

  g_assert_true (first.due && first.fresh && again.due && again.fresh);
  g_assert_cmpstr (first.code, ==, again.code);
  mark_watched (self, &first, NOW_US);
  g_free (again.code);

  again = watch (self, KOBAN_DAY_US, NOW_US + KOBAN_HOUR_US - 1);
  g_assert_false (again.due);
  g_free (again.code);
  again = watch (self, KOBAN_DAY_US, NOW_US + KOBAN_HOUR_US);
  g_assert_true (again.due && !again.fresh);
  g_assert_cmpstr (first.code, ==, again.code);
  mark_watched (self, &again, NOW_US + KOBAN_HOUR_US);
  g_assert_cmpuint (verify (self, first.code), ==, 1); /* one message, however often it is put off */
  g_free (again.code);

  again = watch (self, KOBAN_DAY_US, NOW_US + 3 * KOBAN_DAY_US); /* it was seen meanwhile */
  g_assert_true (again.due && again.fresh);
  g_assert_cmpstr (first.code, !=, again.code);
  g_free (again.code);
  g_free (first.code);
}

/* --- identity
 * ------------------------------------------------------------------------------------------------------ */

static void
test_a_repeat_has_the_same_id_and_news_another (Fixture *self, gconstpointer data)
{
  g_autofree char *first = NULL, *repeated = NULL, *grown = NULL;
  g_autoptr(GPtrArray) due = NULL;

  put_theft (self, KOBAN_SEVERITY_CRITICAL);
  due = koban_ledger_take_outbox (self->ledger, "phone", FALSE, NOW_US, NULL, NULL);
  first = g_strdup (((KobanDelivery *) due->pdata[0])->message_id);
  g_clear_pointer (&due, g_ptr_array_unref);
  restart (self);
  due = koban_ledger_take_outbox (self->ledger, "phone", FALSE, NOW_US, NULL, NULL);
  repeated = g_strdup (((KobanDelivery *) due->pdata[0])->message_id);
  g_clear_pointer (&due, g_ptr_array_unref);
  g_assert_cmpstr (first, ==, repeated);
  restart (self);
  put (self, "theft", KOBAN_ALERT_LINK, KOBAN_SEVERITY_CRITICAL, 0, "l1", NOW_US + 5);
  due = koban_ledger_take_outbox (self->ledger, "phone", FALSE, NOW_US + 5, NULL, NULL);
  g_assert_cmpuint (due->len, ==, 1);
  grown = g_strdup (((KobanDelivery *) due->pdata[0])->message_id);
  g_assert_cmpstr (first, !=, grown);
}

#define CLAIM(path, test) g_test_add ("/telling/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  CLAIM ("critical", test_a_critical_one_climbs_and_comes_back);
  CLAIM ("warning", test_a_warning_is_told_once);
  CLAIM ("notice", test_a_notice_stays_at_home);
  CLAIM ("mailbox", test_a_mailbox_stands_in_for_a_phone);
  CLAIM ("answer", test_the_answer_ends_it_everywhere);
  CLAIM ("taken-back", test_an_answer_taken_back_goes_on);
  CLAIM ("worse", test_only_worse_is_told_on_a_phone);
  CLAIM ("rises", test_what_rises_does_not_wait_for_its_step);
  CLAIM ("update", test_an_update_keeps_the_reminder);
  CLAIM ("digest", test_quiet_hours_end_in_one_digest);
  CLAIM ("critical-passes", test_critical_passes);
  CLAIM ("protection-passes", test_what_lowers_protection_passes);
  CLAIM ("no-digest", test_one_alone_is_no_digest);
  CLAIM ("answered-in-the-night", test_what_was_answered_in_the_night_is_not_told);
  CLAIM ("storm", test_a_storm_is_one_message_everywhere);
  CLAIM ("dead", test_a_dead_channel_is_told_on_the_others);
  CLAIM ("mine", test_mine_on_a_critical_one_is_told_elsewhere);
  CLAIM ("other-answers", test_other_answers_are_not);
  CLAIM ("dead-and-mine", test_a_dead_channel_does_not_keep_it_open);
  CLAIM ("channels-change", test_a_change_of_channels_is_told_on_the_others);
  CLAIM ("code", test_a_code_is_known_when_it_was_sent);
  CLAIM ("no-code", test_no_code_is_no_code);
  CLAIM ("code-in-words", test_a_code_in_the_words_is_not_the_code);
  CLAIM ("codes-of-a-summary", test_a_summary_is_known_by_every_code_in_it);
  CLAIM ("proof", test_a_channel_is_proved_by_its_code_once);
  CLAIM ("proof-again", test_a_proof_is_asked_for_again);
  CLAIM ("watch", test_a_watch_is_renewed_under_its_code);
  CLAIM ("same-id", test_a_repeat_has_the_same_id_and_news_another);
  return g_test_run ();
}
