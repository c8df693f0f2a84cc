/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How things stand, and what must be said of it: a row a situation.
 */
#include "config.h"

#include "cli/health.h"

#include <string.h>

#define NOW "1700000000000000" /* 2023-11-14 */
#define WELL "{'keyring': <'ok'>, 'notifications': <'ok'>, 'unsent': <int64 1>, 'overdue': <int64 0>}"
#define CHECKED(state, last, next)                                                                           \
  "{'id': <'c1'>, 'name': <'Bank'>, 'provider': <'starling'>, 'state': <'" state                             \
  "'>, 'last_check': <int64 " last ">, 'next_check': <int64 " next ">}"
#define MINUTES_AGO_5 "1699999700000000"
#define HOURS_AGO_1 "1699996400000000"
#define HOURS_AGO_3 "1699989200000000"
#define IN_10_MINUTES "1700000600000000"
#define OK_NOW CHECKED ("ok", MINUTES_AGO_5, IN_10_MINUTES)
#define ACCOUNT(as_of, watch)                                                                                \
  "{'id': <'a1'>, 'connection': <'c1'>, 'name': <'Giro'>, 'watch': <'" watch "'>, 'as_of': <int64 " as_of ">}"

static const struct
{
  const char *name, *status, *connections, *accounts, *alerts, *expected;
} rows[] = {
  { "well", WELL, OK_NOW, ACCOUNT (MINUTES_AGO_5, "all"), "", "" },
  { "nothing", WELL, "", "", "", "nothing-connected" },
  { "no-keyring", "{'keyring': <'none'>, 'notifications': <'ok'>}", OK_NOW, "", "", "no-keyring" },
  { "locked", "{'keyring': <'locked'>, 'notifications': <'ok'>}", CHECKED ("locked", "0", "0"), "", "",
    "locked locked" },
  { "unsent", "{'keyring': <'ok'>, 'unsent': <int64 2>, 'overdue': <int64 2>}", OK_NOW, "", "", "unsent" },
  { "ended", WELL, CHECKED ("sign-in", "0", "0"), "", "", "consent-ended" },
  { "quota", WELL, CHECKED ("waiting", "0", "0"), "", "", "quota" },
  { "other", WELL, CHECKED ("shared", "0", "0"), "", "", "other-machine" },
  /* two looks and an hour: fifteen minutes between looks, or six hours, as the budget gives */
  { "missed-one", WELL, CHECKED ("ok", HOURS_AGO_1, "1699997300000000"), "", "", "" },
  { "overdue", WELL, CHECKED ("ok", HOURS_AGO_3, "1699990100000000"), "", "", "overdue" },
  { "small-budget", WELL, CHECKED ("ok", HOURS_AGO_3, "1700010800000000"), "", "", "" },
  { "left-behind", WELL, OK_NOW, ACCOUNT (HOURS_AGO_3, "all"), "", "account-stale" },
  { "not-watched", WELL, OK_NOW, ACCOUNT (HOURS_AGO_3, "off"), "", "" },
  { "damaged", WELL, OK_NOW, "",
    "{'kind': <'freshness'>, 'incident': <'i1'>, 'reasons': <[{'code': <'set_aside'>}]>}", "set-aside" },
  { "said-once", WELL, CHECKED ("sign-in", "0", "0"), "",
    "{'kind': <'freshness'>, 'incident': <'i1'>, 'reasons': <[{'code': <'sign_in'>}]>}", "consent-ended" },
  { "dead-channel", WELL, OK_NOW, "",
    "{'kind': <'freshness'>, 'incident': <'i1'>, 'reasons': <[{'code': <'channel_dead'>, 'channel': "
    "<'mail'>}]>}",
    "channel-dead" },
  { "ends-soon", WELL, OK_NOW, "",
    "{'kind': <'freshness'>, 'incident': <'i1'>, 'reasons': <[{'code': <'consent_ends'>}]>}", "" },
  { "theft", WELL, OK_NOW, "", "{'kind': <'withdrawal'>, 'reasons': <[{'code': <'burst'>}]>}", "" },
};

static GVariant *
list (const char *text)
{
  g_autofree char *array = g_strdup_printf ("[%s]", text);
  g_autoptr(GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE ("aa{sv}"), array, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static char *
codes_of (GVariant *problems)
{
  g_autoptr(GString) codes = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (problems); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (problems, i);
      const char *code = NULL, *next = NULL;

      g_assert_true (g_variant_lookup (row, "code", "&s", &code));
      g_assert_true (g_variant_lookup (row, "next", "&s", &next));
      g_assert_cmpuint (strlen (next), >, 0);
      g_string_append_printf (codes, "%s%s", i > 0 ? " " : "", code);
    }
  return g_string_free (g_steal_pointer (&codes), FALSE);
}

static void
test_situation (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr(KobanSituation) now = g_new0 (KobanSituation, 1);

  now->status = g_variant_parse (G_VARIANT_TYPE_VARDICT, rows[i].status, NULL, NULL, NULL);
  now->connections = list (rows[i].connections);
  now->accounts = list (rows[i].accounts);
  now->alerts = list (rows[i].alerts);
  now->now_us = g_ascii_strtoll (NOW, NULL, 10);
  now->has_bus = TRUE;
  g_autoptr(GVariant) problems = koban_health_check (now, KOBAN_HEALTH_WATCH);
  g_autofree char *codes = codes_of (problems);

  g_assert_nonnull (now->status);
  g_assert_cmpstr (codes, ==, rows[i].expected);
}

/* What `doctor` alone tells, each on a computer where all else is well. */
static const struct
{
  const char *code;
  gboolean hint;
  const char *status, *connections, *accounts; /* NULL: as it is where all is well */
  KobanSituation but;                          /* what differs; its booleans are flipped */
} all[] = {
  { "", FALSE, NULL, NULL, NULL, { .now_us = 0 } },
  { "no-bus", FALSE, NULL, NULL, NULL, { .has_bus = TRUE } },
  { "no-agent", FALSE, "", "", "", { .now_us = 0 } },
  { "two-agents", FALSE, "", "", "", { .data_is_held = TRUE } },
  { "version", FALSE, NULL, NULL, NULL, { .version = (char *) "0.0.9" } },
  { "offline", FALSE, NULL, NULL, NULL, { .offline = TRUE } },
  { "clock", FALSE, NULL, NULL, NULL, { .clock_is_free = TRUE } },
  { "no-autostart", FALSE, NULL, NULL, NULL, { .starts_at_login = TRUE } },
  { "no-keyring", FALSE, "{'keyring': <'none'>}", NULL, NULL, { .now_us = 0 } },
  { "headless", FALSE, "{'notifications': <'none'>}", NULL, NULL, { .now_us = 0 } },
  { "headless",
    TRUE,
    "{'notifications': <'none'>, 'channels': <[{'kind': <'desktop'>, 'state': <'dead'>}, {'kind': <'ntfy'>, "
    "'state': "
    "<'ok'>}]>}",
    NULL,
    NULL,
    { .now_us = 0 } },
  { "keepassxc", TRUE, NULL, NULL, NULL, { .keyring_program = (char *) "keepassxc" } },
  { "kwallet", TRUE, NULL, NULL, NULL, { .keyring_program = (char *) "ksecretd" } },
  { "joint", TRUE, NULL, NULL, "{'id': <'a1'>, 'name': <'Giro'>, 'ownership': <'joint'>}", { .now_us = 0 } },
};

static GVariant *
list_or_none (const char *given, const char *usual)
{
  return given != NULL && *given == '\0' ? NULL : list (given != NULL ? given : usual);
}

static KobanSituation *
situation_of (guint i)
{
  KobanSituation *now = g_memdup2 (&all[i].but, sizeof *now);
  const char *status = all[i].status != NULL ? all[i].status : WELL;

  now->has_bus = !now->has_bus;
  now->starts_at_login = !now->starts_at_login;
  now->now_us = g_ascii_strtoll (NOW, NULL, 10);
  now->version = g_strdup (now->version != NULL ? now->version : KOBAN_VERSION);
  now->keyring_program = g_strdup (now->keyring_program);
  now->status = *status != '\0' ? g_variant_parse (G_VARIANT_TYPE_VARDICT, status, NULL, NULL, NULL) : NULL;
  now->connections = list_or_none (all[i].connections, OK_NOW);
  now->accounts = list_or_none (all[i].accounts, "");
  return now;
}

static void
test_doctor_alone (void)
{
  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autoptr(KobanSituation) now = situation_of (i);
      g_autoptr(GVariant) problems = koban_health_check (now, KOBAN_HEALTH_ALL);
      g_autofree char *codes = codes_of (problems);

      g_assert_cmpstr (codes, ==, all[i].code);
      g_assert_true (koban_health_is_well (problems) == (all[i].hint || *codes == '\0'));
    }
}

/* Only `doctor` has the journal verified. */
static void
test_a_broken_journal (void)
{
  static const struct
  {
    const char *journal, *found;
  } cases[] = { { "{'intact': <true>, 'entries': <int64 9>, 'broken': <int64 0>}", NULL },
                { "{'intact': <false>, 'entries': <int64 9>, 'broken': <int64 4>}", "from entry 4 on" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(KobanSituation) now = g_new0 (KobanSituation, 1);

      now->journal = g_variant_parse (G_VARIANT_TYPE_VARDICT, cases[i].journal, NULL, NULL, NULL);
      g_autoptr(GVariant) problems = koban_health_check (now, KOBAN_HEALTH_ALL);
      g_autofree char *text = g_variant_print (problems, FALSE);
      if (cases[i].found == NULL)
        g_assert_null (strstr (text, "journal-broken"));
      else
        g_assert_nonnull (strstr (text, cases[i].found));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/health/", rows[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_situation);
    }
  g_test_add_func ("/health/doctor-alone", test_doctor_alone);
  g_test_add_func ("/health/journal", test_a_broken_journal);
  return g_test_run ();
}
