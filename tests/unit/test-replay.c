/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stories through the real ledger and detectors: what must be told is told, a quiet year is quiet,
 * no alert knows the future, and leaving out the checks that can hear nothing changes no byte.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include <koban/date.h>
#include "cli/replay.h"
#include "wire/json-reader.h"

#define QUARTER_HOUR_US (15 * KOBAN_MINUTE_US)

static KobanServices *services;

static char *
story_path (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".jsonl", NULL);
  const char *root = g_getenv ("KOBAN_SOURCE_ROOT");

  g_assert_nonnull (root);
  return g_build_filename (root, "tests", "stories", file, NULL);
}

static KobanStory *
load (const char *name)
{
  g_autofree char *path = story_path (name);
  g_autoptr(GError) error = NULL;
  KobanStory *story = koban_story_load (path, &error);

  g_assert_no_error (error);
  return story;
}

static KobanStory *
load_text (const char *text)
{
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;
  int fd = g_file_open_tmp ("koban-replay-XXXXXX.jsonl", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  KobanStory *story = koban_story_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return story;
}

static void
collect (const char *line, gpointer lines)
{
  g_ptr_array_add (lines, g_strdup (line));
}

static GPtrArray *
play (const KobanStory *story, const KobanReplayOptions *options)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_replay (story, services, options, collect, lines, &error));
  g_assert_no_error (error);
  return lines;
}

static char *
play_text (const KobanStory *story, gint64 poll_us, gboolean every_poll)
{
  g_autoptr(GPtrArray) lines =
    play (story, &(KobanReplayOptions){ .poll_us = poll_us, .every_poll = every_poll });

  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

/* --- what a line says --------------------------------------------------------------------- */

typedef struct
{
  KobanJson *document;
  gint64 ts;
  const char *kind, *ref, *severity, *incident;
  KobanJsonNode refs;
} Alert;

static void
alert_clear (Alert *self)
{
  koban_json_unref (self->document);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Alert, alert_clear)

static Alert
parse (const char *line)
{
  g_autoptr(GError) error = NULL;
  Alert alert = { .document = koban_json_parse (line, strlen (line), &error) };

  g_assert_no_error (error);
  KobanJsonNode root = koban_json_root (alert.document);
  g_assert_true (koban_json_int64 (koban_json_member (root, "ts"), &alert.ts));
  alert.kind = koban_json_string (koban_json_member (root, "kind"));
  alert.ref = koban_json_string (koban_json_member (root, "ref"));
  alert.severity = koban_json_string (koban_json_member (root, "severity"));
  alert.incident = koban_json_string (koban_json_member (root, "incident"));
  alert.refs = koban_json_member (root, "refs");
  return alert;
}

static gboolean
speaks_of (const Alert *alert, const char *id)
{
  for (KobanJsonNode ref = koban_json_first (alert->refs); koban_json_exists (ref);
       ref = koban_json_next (ref))
    if (g_strcmp0 (koban_json_string (ref), id) == 0)
      return TRUE;
  return FALSE;
}

/* The first line of this kind and severity; fails if there is none. */
static const char *
find_line (GPtrArray *lines, const char *kind, const char *severity)
{
  for (guint i = 0; i < lines->len; i++)
    {
      g_auto(Alert) alert = parse (g_ptr_array_index (lines, i));
      if (g_str_equal (alert.kind, kind) && g_str_equal (alert.severity, severity))
        return g_ptr_array_index (lines, i);
    }
  g_error ("no %s %s among %u alerts", severity, kind, lines->len);
}

static const KobanReplayOptions ORDINARY = { .poll_us = QUARTER_HOUR_US };

/* --- what must be told -------------------------------------------------------------------- */

static void
assert_speaks_of_the_theft (const Alert *alert)
{
  const char *debits[] = { "theft-1", "theft-2", "theft-3", "theft-4" };

  for (gsize i = 0; i < G_N_ELEMENTS (debits); i++)
    g_assert_true (speaks_of (alert, debits[i]));
  g_assert_cmpuint (koban_json_length (alert->refs), ==, G_N_ELEMENTS (debits));
}

static void
test_the_77_bank_victim_hears_of_the_link_and_then_of_the_burst (void)
{
  g_autoptr(KobanStory) story = load ("docomo");
  g_autoptr(GPtrArray) lines = play (story, &ORDINARY);
  g_auto(Alert) link = parse (find_line (lines, "link", "critical"));
  g_auto(Alert) withdrawal = parse (find_line (lines, "withdrawal", "critical"));

  g_assert_cmpstr (link.ref, ==, "L-rogue");
  g_assert_cmpint (link.ts, >=, 1598875920);
  g_assert_cmpint (link.ts, <, 1598875920 + 15 * 60);
  assert_speaks_of_the_theft (&withdrawal);
  g_assert_cmpint (withdrawal.ts, >=, 1598936782);
  g_assert_cmpint (withdrawal.ts, <, 1598936782 + 15 * 60);
  g_assert_cmpstr (withdrawal.incident, ==, link.incident);
}

static void
test_where_no_links_are_listed_the_first_debit_betrays_it (void)
{
  g_autoptr(KobanStory) story = load ("shadow");
  g_autoptr(GPtrArray) lines = play (story, &ORDINARY);
  g_auto(Alert) link = parse (find_line (lines, "link", "critical"));
  g_auto(Alert) withdrawal = parse (find_line (lines, "withdrawal", "critical"));

  g_assert_cmpstr (link.ref, ==, "theft-1");
  assert_speaks_of_the_theft (&withdrawal);
  g_assert_cmpstr (withdrawal.incident, ==, link.incident);
}

static void
test_a_new_mandate_is_told_before_it_collects (void)
{
  g_autoptr(KobanStory) story = load ("mandate");
  g_autoptr(GPtrArray) lines = play (story, &ORDINARY);
  g_auto(Alert) link = parse (find_line (lines, "link", "warning"));

  g_assert_cmpstr (link.ref, ==, "L-rogue");
  g_assert_cmpint (link.ts, <, 1708059840);
}

static void
test_honest_lives_are_quiet (gconstpointer name)
{
  g_autoptr(KobanStory) story = load (name);
  g_autofree char *told = play_text (story, QUARTER_HOUR_US, FALSE);
  g_autofree char *told_of_four_a_day = play_text (story, 6 * KOBAN_HOUR_US, FALSE);

  g_assert_cmpstr (told, ==, "");
  g_assert_cmpstr (told_of_four_a_day, ==, "");
}

/* --- how it is told ----------------------------------------------------------------------- */

static void
test_a_line_has_these_keys_in_this_order (void)
{
  static const char *const keys[] = { "ts",   "account",  "kind",    "ref",
                                      "refs", "severity", "reasons", "incident" };
  g_autoptr(KobanStory) story = load ("docomo");
  g_autoptr(GPtrArray) lines = play (story, &ORDINARY);
  g_auto(Alert) alert = parse (g_ptr_array_index (lines, 0));
  KobanJsonNode node = koban_json_first (koban_json_root (alert.document));

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++, node = koban_json_next (node))
    g_assert_cmpstr (koban_json_name (node), ==, keys[i]);
  g_assert_false (koban_json_exists (node));
}

static void
test_with_a_label_a_line_names_its_story (void)
{
  g_autoptr(KobanStory) story = load ("docomo");
  g_autoptr(GPtrArray) lines =
    play (story, &(KobanReplayOptions){ .poll_us = QUARTER_HOUR_US, .label = TRUE });

  g_assert_cmpuint (lines->len, >, 0);
  for (guint i = 0; i < lines->len; i++)
    g_assert_true (g_str_has_prefix (g_ptr_array_index (lines, i), "{\"story\":\"docomo.jsonl\",\"ts\":"));
}

static void
test_the_same_story_gives_the_same_bytes (void)
{
  g_autoptr(KobanStory) story = load ("docomo");
  g_autoptr(KobanStory) again = load ("docomo");
  g_autofree char *first = play_text (story, QUARTER_HOUR_US, FALSE);
  g_autofree char *second = play_text (again, QUARTER_HOUR_US, FALSE);

  g_assert_cmpstr (first, ==, second);
}

/* A listing that fails for a while, a link that goes and comes back, a line nobody lists, twins, and answers.
 */
static const char UNREST[] =
  "{\"kind\":\"story\",\"format\":1,\"name\":\"unrest\",\"utc_offset_minutes\":60,\"monitor_from\":"
  "1700000000,\"accounts\":["
  "{\"id\":\"a1\",\"name\":\"Giro\",\"bank\":\"b0\",\"currency\":\"EUR\",\"opening_booked\":200000,\"links_"
  "listed\":true},"
  "{\"id\":\"a2\",\"name\":\"Other\",\"bank\":\"b1\",\"currency\":\"EUR\",\"opening_booked\":5000}]}\n"
  "{\"ts\":1699000000,\"kind\":\"link_added\",\"account\":\"a1\",\"link_id\":\"L1\",\"link_type\":\"direct_"
  "debit\",\"name\":\"ENERGIE\"}\n"
  "{\"ts\":1699500000,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"t1\",\"amount\":-4500,"
  "\"descriptor\":\"ENERGIE\",\"date\":\"2023-11-09\"}\n"
  "{\"ts\":1699900000,\"kind\":\"balance\",\"account\":\"a1\",\"booked\":195500,\"available\":195500}\n"
  "{\"ts\":1700010000,\"kind\":\"outage\",\"account\":\"a1\",\"what\":\"all\",\"until\":1700030000}\n"
  "{\"ts\":1700015000,\"kind\":\"link_added\",\"account\":\"a1\",\"link_id\":\"L2\",\"link_type\":\"emoney\","
  "\"name\":\"NIRGENDPAY\",\"limit\":30000}\n"
  "{\"ts\":1700020000,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"t2\",\"amount\":-30000,"
  "\"descriptor\":\"NIRGENDPAY\",\"date\":\"2023-11-15\"}\n"
  "{\"ts\":1700020000,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"t3\",\"amount\":-30000,"
  "\"descriptor\":\"NIRGENDPAY\",\"date\":\"2023-11-15\"}\n"
  "{\"ts\":1700050000,\"kind\":\"balance\",\"account\":\"a1\",\"booked\":135500,\"available\":135500}\n"
  "{\"ts\":1700060000,\"kind\":\"answer\",\"ref\":\"t2\",\"answer\":\"not-mine\"}\n"
  "{\"ts\":1700100000,\"kind\":\"link_removed\",\"account\":\"a1\",\"link_id\":\"L2\",\"status\":\"revoked\"}"
  "\n"
  "{\"ts\":1700200000,\"kind\":\"link_added\",\"account\":\"a1\",\"link_id\":\"L2\",\"link_type\":\"emoney\","
  "\"name\":\"NIRGENDPAY\",\"limit\":90000}\n"
  "{\"ts\":1700210000,\"kind\":\"link_changed\",\"account\":\"a1\",\"link_id\":\"L1\",\"limit\":900000}\n"
  "{\"ts\":1700300000,\"kind\":\"balance\",\"account\":\"a1\",\"booked\":90000,\"available\":90000}\n"
  "{\"ts\":1700310000,\"kind\":\"transaction\",\"account\":\"a2\",\"id\":\"u1\",\"amount\":-4900,"
  "\"descriptor\":\"SPARBUCH\",\"date\":\"2023-11-18\"}\n"
  "{\"ts\":1700320000,\"kind\":\"answer\",\"ref\":\"L2\",\"answer\":\"mine\"}\n";

static void
test_checks_that_hear_nothing_may_be_left_out (void)
{
  static const char *const names[] = { "docomo", "shadow", "mandate", "pending", NULL };
  const gint64 polls[] = { QUARTER_HOUR_US, 6 * KOBAN_HOUR_US };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (gsize p = 0; p < G_N_ELEMENTS (polls); p++)
      {
        g_autoptr(KobanStory) story = names[i] != NULL ? load (names[i]) : load_text (UNREST);
        g_autofree char *some = play_text (story, polls[p], FALSE);
        g_autofree char *every = play_text (story, polls[p], TRUE);
        g_assert_cmpstr (some, ==, every);
      }
}

static void
test_unrest_is_told (void)
{
  g_autoptr(KobanStory) story = load_text (UNREST);
  g_autoptr(GPtrArray) lines = play (story, &ORDINARY);
  g_auto(Alert) link = parse (find_line (lines, "link", "critical"));

  g_assert_cmpstr (link.ref, ==, "L2");
  g_assert_cmpint (link.ts, >=, 1700030000); /* it could not be listed before */
}

/* The story as it was known at @until: nothing later. */
static KobanStory *
load_until (const char *name, gint64 until)
{
  g_autofree char *path = story_path (name);
  g_autofree char *text = NULL;
  g_autoptr(GString) cut = g_string_new (NULL);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    if (!g_str_has_prefix (lines[i], "{\"ts\":") ||
        g_ascii_strtoll (lines[i] + strlen ("{\"ts\":"), NULL, 10) <= until)
      g_string_append_printf (cut, "%s\n", lines[i]);
  return load_text (cut->str);
}

static void
test_no_alert_knows_the_future (void)
{
  static const char *const names[] = { "docomo", "shadow", "mandate" };

  for (gsize n = 0; n < G_N_ELEMENTS (names); n++)
    {
      g_autoptr(KobanStory) story = load (names[n]);
      g_autoptr(GPtrArray) lines = play (story, &ORDINARY);
      for (guint i = 0; i < lines->len; i++)
        {
          g_auto(Alert) alert = parse (g_ptr_array_index (lines, i));
          g_autoptr(KobanStory) cut = load_until (names[n], alert.ts);
          g_autoptr(GPtrArray) known = play (cut, &ORDINARY);
          g_assert_cmpuint (known->len, >, i);
          g_assert_cmpstr (g_ptr_array_index (known, i), ==, g_ptr_array_index (lines, i));
        }
    }
}

int
main (int argc, char **argv)
{
  g_autoptr(GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  services = koban_services_load (NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/replay/docomo", test_the_77_bank_victim_hears_of_the_link_and_then_of_the_burst);
  g_test_add_func ("/replay/shadow", test_where_no_links_are_listed_the_first_debit_betrays_it);
  g_test_add_func ("/replay/mandate", test_a_new_mandate_is_told_before_it_collects);
  g_test_add_data_func ("/replay/quiet/year", "quiet-year", test_honest_lives_are_quiet);
  g_test_add_data_func ("/replay/quiet/year-jp", "quiet-year-jp", test_honest_lives_are_quiet);
  g_test_add_data_func ("/replay/quiet/pending", "pending", test_honest_lives_are_quiet);
  g_test_add_func ("/replay/line/keys", test_a_line_has_these_keys_in_this_order);
  g_test_add_func ("/replay/line/label", test_with_a_label_a_line_names_its_story);
  g_test_add_func ("/replay/same-bytes", test_the_same_story_gives_the_same_bytes);
  g_test_add_func ("/replay/fewer-checks", test_checks_that_hear_nothing_may_be_left_out);
  g_test_add_func ("/replay/unrest", test_unrest_is_told);
  g_test_add_func ("/replay/no-future", test_no_alert_knows_the_future);
  int status = g_test_run ();
  koban_services_free (services);
  return status;
}
