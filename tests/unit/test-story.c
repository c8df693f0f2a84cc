/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stories: what is read is what was written, what is broken is refused with its line, and the bank
 * of a story says nothing that is not yet visible, nothing twice and nothing it did not see.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include <koban/date.h>
#include <koban/error.h>
#include "cli/story-bank.h"
#include "cli/story.h"

#define FROM 1000000
#define HEADER                                                                                               \
  "{\"kind\":\"story\",\"format\":1,\"name\":\"n\",\"locale\":\"ja_JP\",\"utc_offset_minutes\":540,"         \
  "\"monitor_from\":1000000,\"accounts\":[{\"id\":\"a1\",\"name\":\"N\",\"role\":\"current\",\"bank\":"      \
  "\"b0\","                                                                                                  \
  "\"currency\":\"JPY\",\"opening_booked\":1000,\"links_listed\":true,\"pending_listed\":true}]}\n"
#define TWO_BANKS                                                                                            \
  "{\"kind\":\"story\",\"format\":1,\"utc_offset_minutes\":0,\"monitor_from\":1000000,\"accounts\":["        \
  "{\"id\":\"a1\",\"bank\":\"b0\",\"currency\":\"GBP\"},{\"id\":\"a2\",\"bank\":\"b1\",\"currency\":"        \
  "\"GBP\"}]}\n"

static KobanStory *
load_text (const char *text, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("koban-story-XXXXXX.jsonl", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  KobanStory *story = koban_story_load (path, error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return story;
}

static KobanStory *
load_events (const char *header, const char *const *lines)
{
  g_autoptr(GString) text = g_string_new (header);
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; lines[i] != NULL; i++)
    g_string_append_printf (text, "%s\n", lines[i]);
  KobanStory *story = load_text (text->str, &error);
  g_assert_no_error (error);
  return story;
}

/* --- loading ------------------------------------------------------------------------------ */

static void
test_reads_a_line (void)
{
  const char *lines[] = {
    "{\"ts\":1000600,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"8c7a\",\"amount\":-40421,"
    "\"currency\":\"JPY\","
    "\"descriptor\":\"ﾐﾂｲｽﾐﾄﾓｶ-ﾄﾞ\",\"date\":\"1970-01-12\",\"time\":\"1970-01-12T12:00:00Z\",\"type\":"
    "\"direct_debit\","
    "\"counterparty\":\"P\",\"counterparty_id\":\"C\",\"mandate_ref\":\"M\",\"balance_after\":-7}",
    NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  const KobanStoryEvent *event = g_ptr_array_index (story->events, 0);
  const KobanTransaction *line = event->line;

  g_assert_cmpint (story->monitor_from_us, ==, FROM * KOBAN_SECOND_US);
  g_assert_cmpint (story->utc_offset_minutes, ==, 540);
  g_assert_cmpint (event->at_us, ==, 1000600 * KOBAN_SECOND_US);
  g_assert_cmpstr (line->bank_id, ==, "8c7a");
  g_assert_cmpint (line->amount.minor, ==, -40421);
  g_assert_cmpstr (line->amount.currency.code, ==, "JPY");
  g_assert_cmpstr (line->text, ==, "ﾐﾂｲｽﾐﾄﾓｶ-ﾄﾞ");
  g_assert_cmpint (line->date, ==, 11);
  g_assert_cmpint (line->time_us, ==, (11 * 24 + 12) * KOBAN_HOUR_US);
  g_assert_cmpint (line->type, ==, KOBAN_TRANSACTION_DIRECT_DEBIT);
  g_assert_cmpint (line->state, ==, KOBAN_TRANSACTION_BOOKED);
  g_assert_cmpstr (line->payee, ==, "P");
  g_assert_cmpstr (line->counterparty_id, ==, "C");
  g_assert_cmpstr (line->mandate_ref, ==, "M");
  g_assert_true (line->has_balance_after);
  g_assert_cmpint (line->balance_after.minor, ==, -7);
}

static void
test_ts_is_no_time (void)
{
  const char *lines[] = {
    "{\"ts\":1000600,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1}", NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  const KobanStoryEvent *event = g_ptr_array_index (story->events, 0);

  g_assert_cmpint (event->line->time_us, ==, 0);
  g_assert_cmpint (event->line->date, ==, KOBAN_NO_DATE);
  g_assert_cmpstr (event->line->text, ==, "");
}

static void
test_a_changed_link_keeps_what_is_not_said (void)
{
  const char *lines[] = {
    "{\"ts\":1,\"kind\":\"link_added\",\"account\":\"a1\",\"link_id\":\"L\",\"link_type\":\"emoney\","
    "\"name\":\"W\","
    "\"limit\":100,\"status\":\"active\",\"mandate_ref\":\"M\"}",
    "{\"ts\":2,\"kind\":\"link_changed\",\"account\":\"a1\",\"link_id\":\"L\",\"limit\":null}", NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  const KobanLink *before = ((KobanStoryEvent *) g_ptr_array_index (story->events, 0))->link;
  const KobanLink *after = ((KobanStoryEvent *) g_ptr_array_index (story->events, 1))->link;

  g_assert_true (before->has_limit);
  g_assert_cmpint (before->limit.minor, ==, 100);
  g_assert_false (after->has_limit);
  g_assert_cmpint (after->kind, ==, KOBAN_LINK_EMONEY);
  g_assert_cmpstr (after->name, ==, "W");
  g_assert_cmpstr (after->reference, ==, "M");
}

static void
test_events_are_in_order_of_time (void)
{
  const char *lines[] = { "{\"ts\":9,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"late\"}",
                          "{\"ts\":5,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"first\"}",
                          "{\"ts\":5,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"second\"}", NULL };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  const char *wanted[] = { "first", "second", "late" };

  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_cmpstr (((KobanStoryEvent *) g_ptr_array_index (story->events, i))->id, ==, wanted[i]);
}

static void
test_unknown_things_are_skipped (void)
{
  const char *lines[] = {
    "{\"ts\":5,\"kind\":\"weather\",\"account\":\"nobody\"}",
    "{\"ts\":5,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1,\"mood\":1,"
    "\"type\":\"BACS\"}",
    "", NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);

  g_assert_cmpuint (story->events->len, ==, 1);
  g_assert_cmpint (((KobanStoryEvent *) g_ptr_array_index (story->events, 0))->line->type, ==,
                   KOBAN_TRANSACTION_OTHER);
}

static void
test_broken_stories_are_refused (void)
{
  static const struct
  {
    const char *text;
    const char *where; /* what the sentence must name */
  } ROWS[] = {
    { "", ":0: " },
    { "\n\n", ":2: " },
    { "not json\n", ":1: " },
    { "[]\n", ":1: " },
    { "{\"kind\":\"transaction\"}\n", ":1: " },
    { "{\"kind\":\"story\",\"format\":2,\"utc_offset_minutes\":0,\"monitor_from\":0,\"accounts\":[]}\n",
      "format" },
    { "{\"kind\":\"story\",\"format\":1,\"utc_offset_minutes\":0,\"monitor_from\":0,\"accounts\":[]}\n",
      "accounts" },
    { "{\"kind\":\"story\",\"format\":1,\"utc_offset_minutes\":0,\"monitor_from\":-1,\"accounts\":[]}\n",
      "monitor_from" },
    { "{\"kind\":\"story\",\"format\":1,\"utc_offset_minutes\":99999,\"monitor_from\":0,\"accounts\":[]}\n",
      "utc_offset_minutes" },
    { "{\"kind\":\"story\",\"format\":1,\"utc_offset_minutes\":0,\"monitor_from\":0,\"accounts\":["
      "{\"id\":\"a\",\"currency\":\"GBP\"},{\"id\":\"a\",\"currency\":\"GBP\"}]}\n",
      "id" },
    { "{\"kind\":\"story\",\"format\":1,\"utc_offset_minutes\":0,\"monitor_from\":0,\"accounts\":["
      "{\"id\":\"a\",\"currency\":\"POUNDS\"}]}\n",
      ":1: " },
    { HEADER "{\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1}\n", "ts" },
    { HEADER "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a9\",\"id\":\"1\",\"amount\":-1}\n", "a9" },
    { HEADER "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1.5}\n",
      "amount" },
    { HEADER "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":\"-1\"}\n",
      "amount" },
    { HEADER
      "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-9223372036854775808}\n",
      "amount" },
    { HEADER "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1,\"currency\":"
             "\"GBP\"}\n",
      "currency" },
    { HEADER "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1,\"date\":"
             "\"2024-02-30\"}\n",
      "date" },
    { HEADER
      "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1,\"time\":\"noon\"}\n",
      "time" },
    { HEADER
      "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"amount\":-1,\"descriptor\":7}\n",
      "descriptor" },
    { HEADER
      "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\",\"id\":\"1\",\"id\":\"2\",\"amount\":-1}\n",
      ":2: " },
    { HEADER "{\"ts\":99999999999999,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"1\"}\n", "ts" },
    { HEADER "{\"ts\":1,\"kind\":\"link_changed\",\"account\":\"a1\",\"link_id\":\"L\",\"limit\":1}\n", "L" },
    { HEADER "{\"ts\":1,\"kind\":\"outage\",\"account\":\"a1\",\"what\":\"links\"}\n", "until" },
    { HEADER "{\"ts\":1,\"kind\":\"answer\",\"ref\":\"L\",\"answer\":\"perhaps\"}\n", "answer" },
    { HEADER "{\"ts\":1,\"kind\":\"transaction\",\"account\":\"a1\"", ":2: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ROWS); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(KobanStory) story = load_text (ROWS[i].text, &error);
      g_assert_null (story);
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, ".jsonl:"));
      if (strstr (error->message, ROWS[i].where) == NULL)
        g_error ("row %zu: “%s” does not name “%s”", i, error->message, ROWS[i].where);
    }
}

static void
test_a_missing_file_is_told (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (koban_story_load ("/nonexistent/story.jsonl", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* --- the bank ----------------------------------------------------------------------------- */

/* What one asking said, as one line of text: "L:… B:… T(whole):id,id" */
static char *
ask (KobanStoryBank *bank, gint64 seconds)
{
  g_autoptr(GPtrArray) snapshots = koban_story_bank_ask (bank, seconds * KOBAN_SECOND_US, 0);
  g_autoptr(GString) said = g_string_new (NULL);

  for (guint i = 0; i < snapshots->len; i++)
    {
      const KobanSnapshot *snapshot = g_ptr_array_index (snapshots, i);
      g_assert_cmpint (snapshot->heard_us, ==, seconds * KOBAN_SECOND_US);
      g_string_append_printf (said, "%s%c%s", said->len > 0 ? " " : "",
                              koban_listing_name (snapshot->listing)[0],
                              snapshot->reach == KOBAN_REACH_FAILED    ? "!"
                              : snapshot->reach == KOBAN_REACH_CHANGES ? "+"
                                                                       : "=");
      if (snapshot->has_booked)
        g_string_append_printf (said, "%" G_GINT64_FORMAT, snapshot->booked.minor);
      for (guint row = 0; snapshot->rows != NULL && row < snapshot->rows->len; row++)
        {
          gpointer value = g_ptr_array_index (snapshot->rows, row);
          const KobanTransaction *line = value;
          g_string_append_c (said, row > 0 ? ',' : ':');
          if (snapshot->listing == KOBAN_LISTING_ACCOUNTS)
            g_string_append (said, ((KobanAccount *) value)->remote_id);
          else if (snapshot->listing == KOBAN_LISTING_LINKS)
            g_string_append (said, ((KobanLink *) value)->remote_id);
          else
            g_string_append_printf (said, "%s%s%" G_GINT64_FORMAT, line->bank_id,
                                    line->state == KOBAN_TRANSACTION_PENDING     ? "p"
                                    : line->state == KOBAN_TRANSACTION_WITHDRAWN ? "x"
                                                                                 : "",
                                    line->amount.minor);
        }
    }
  return g_string_free (g_steal_pointer (&said), FALSE);
}

#define assert_says(bank, seconds, wanted)                                                                   \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    g_autofree char *said_ = ask ((bank), (seconds));                                                        \
    g_assert_cmpstr (said_, ==, (wanted));                                                                   \
  }                                                                                                          \
  G_STMT_END

#define LINE(ts, kind, id, amount, more)                                                                     \
  "{\"ts\":" ts ",\"kind\":\"" kind "\",\"account\":\"a1\",\"id\":\"" id "\",\"amount\":" amount more "}"

static void
test_history_first_then_only_news (void)
{
  const char *lines[] = { LINE ("999000", "transaction", "t1", "-10", ",\"date\":\"1970-01-02\""),
                          LINE ("1000900", "transaction", "t2", "-20", ""),
                          LINE ("1000901", "transaction", "t3", "-30", ""), NULL };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) bank = koban_story_bank_new (story, "b0");

  g_autoptr(GPtrArray) first = koban_story_bank_ask (bank, FROM * KOBAN_SECOND_US, 0);
  const KobanSnapshot *history = g_ptr_array_index (first, 3);
  g_assert_cmpint (history->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_cmpint (history->from_us, ==, KOBAN_DAY_US - 9 * KOBAN_HOUR_US);
  g_assert_cmpuint (history->rows->len, ==, 1);

  assert_says (bank, 1000899, "l= t+");
  g_assert_cmpint (koban_story_bank_get_next_us (bank), ==, 1000900 * KOBAN_SECOND_US);
  assert_says (bank, 1000900, "l= b=970 t+:t2-20");
  assert_says (bank, 1001800, "l= b=940 t+:t3-30");
  assert_says (bank, 1002700, "l= t+");
  g_assert_cmpint (koban_story_bank_get_next_us (bank), ==, 0);
}

static void
test_changes_reach_from_the_last_asking (void)
{
  const char *lines[] = { LINE ("1000900", "transaction", "t2", "-20", ""), NULL };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) bank = koban_story_bank_new (story, "b0");

  g_ptr_array_unref (koban_story_bank_ask (bank, 1000000 * KOBAN_SECOND_US, 0));
  g_autoptr(GPtrArray) later = koban_story_bank_ask (bank, 1000900 * KOBAN_SECOND_US, 0);
  const KobanSnapshot *changes = g_ptr_array_index (later, later->len - 1);
  g_assert_cmpint (changes->reach, ==, KOBAN_REACH_CHANGES);
  g_assert_cmpint (changes->from_us, ==, 1000000 * KOBAN_SECOND_US);
  g_assert_cmpint (changes->to_us, ==, 1000900 * KOBAN_SECOND_US);
}

static void
test_pending_lives (void)
{
  const char *lines[] = { LINE ("1000100", "pending", "p1", "-10", ""),
                          LINE ("1000101", "pending", "p2", "-20", ""),
                          LINE ("1000102", "pending", "p3", "-30", ""),
                          LINE ("1000200", "booked", "b1", "-12", ",\"pending_id\":\"p1\""),
                          "{\"ts\":1000201,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"p2\"}",
                          LINE ("1000202", "booked", "p3", "-30", ",\"pending_id\":\"p3\""),
                          NULL };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) seen = koban_story_bank_new (story, "b0");
  g_autoptr(KobanStoryBank) unseen = koban_story_bank_new (story, "b0");

  assert_says (seen, 1000000, "a=:a1 l= b=1000 t=");
  assert_says (seen, 1000150, "l= t+:p1p-10,p2p-20,p3p-30");
  assert_says (seen, 1000300, "l= b=958 t+:b1-12,p2x-20,p3-30");

  assert_says (unseen, 1000000, "a=:a1 l= b=1000 t=");
  assert_says (unseen, 1000300, "l= b=958 t+:b1-12,p3-30");
}

static void
test_a_booked_line_taken_back_gives_its_money_back (void)
{
  const char *lines[] = { LINE ("1000100", "transaction", "t1", "-10", ""),
                          LINE ("1000200", "transaction", "t2", "-20", ""),
                          "{\"ts\":1000201,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"t1\"}",
                          "{\"ts\":1000202,\"kind\":\"cancelled\",\"account\":\"a1\",\"id\":\"t2\"}", NULL };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) bank = koban_story_bank_new (story, "b0");

  assert_says (bank, 1000100, "a=:a1 l= b=990 t=:t1-10");
  assert_says (bank, 1000300, "l= b=1000 t+:t1x-10");
}

static void
test_links_are_listed_whole (void)
{
  const char *lines[] = {
    "{\"ts\":1,\"kind\":\"link_added\",\"account\":\"a1\",\"link_id\":\"L1\",\"link_type\":\"app\",\"name\":"
    "\"A\"}",
    "{\"ts\":1000100,\"kind\":\"link_added\",\"account\":\"a1\",\"link_id\":\"L2\",\"link_type\":\"app\","
    "\"name\":\"A\"}",
    "{\"ts\":1000200,\"kind\":\"link_removed\",\"account\":\"a1\",\"link_id\":\"L1\",\"status\":\"revoked\"}",
    NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) bank = koban_story_bank_new (story, "b0");

  assert_says (bank, 1000000, "a=:a1 l=:L1 b=1000 t=");
  assert_says (bank, 1000100, "l=:L1,L2 t+");
  assert_says (bank, 1000101, "l=:L1,L2 t+");
  assert_says (bank, 1000200, "l=:L2 t+");
}

static void
test_an_outage_is_a_failed_listing_and_loses_nothing (void)
{
  const char *lines[] = {
    "{\"ts\":1000100,\"kind\":\"outage\",\"account\":\"a1\",\"what\":\"links\",\"until\":1000300}",
    "{\"ts\":1000100,\"kind\":\"outage\",\"what\":\"transactions\",\"until\":1000200}",
    LINE ("1000150", "transaction", "t1", "-10", ""), NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) bank = koban_story_bank_new (story, "b0");

  assert_says (bank, 1000099, "a=:a1 l= b=1000 t=");
  assert_says (bank, 1000199, "l! b=990 t!");
  g_assert_cmpint (koban_story_bank_get_next_us (bank), ==, 1000200 * KOBAN_SECOND_US);
  assert_says (bank, 1000200, "l! t+:t1-10");
  assert_says (bank, 1000300, "l= t+");
}

static void
test_told_balances_are_only_what_was_told (void)
{
  const char *lines[] = {
    LINE ("999999", "transaction", "t0", "-10", ""), LINE ("1000100", "transaction", "t1", "-10", ""),
    "{\"ts\":1000200,\"kind\":\"balance\",\"account\":\"a1\",\"booked\":7,\"available\":7}", NULL
  };
  g_autoptr(KobanStory) story = load_events (HEADER, lines);
  g_autoptr(KobanStoryBank) bank = koban_story_bank_new (story, "b0");

  assert_says (bank, 1000000, "a=:a1 l= t=:t0-10");
  assert_says (bank, 1000100, "l= t+:t1-10");
  assert_says (bank, 1000200, "l= b=7 t+");
  assert_says (bank, 1000300, "l= t+");
}

static void
test_a_bank_knows_its_own_accounts (void)
{
  const char *lines[] = { LINE ("1000100", "transaction", "t1", "-10", ""), NULL };
  g_autoptr(KobanStory) story = load_events (TWO_BANKS, lines);
  g_autoptr(KobanStoryBank) other = koban_story_bank_new (story, "b1");

  g_assert_cmpuint (story->banks->len, ==, 2);
  assert_says (other, 1000000, "a=:a2 t=");
  assert_says (other, 1000100, "t+");
  g_assert_cmpint (koban_story_bank_get_next_us (other), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/story/reads-a-line", test_reads_a_line);
  g_test_add_func ("/story/ts-is-no-time", test_ts_is_no_time);
  g_test_add_func ("/story/changed-link", test_a_changed_link_keeps_what_is_not_said);
  g_test_add_func ("/story/order", test_events_are_in_order_of_time);
  g_test_add_func ("/story/unknown", test_unknown_things_are_skipped);
  g_test_add_func ("/story/broken", test_broken_stories_are_refused);
  g_test_add_func ("/story/missing", test_a_missing_file_is_told);
  g_test_add_func ("/story-bank/history-then-news", test_history_first_then_only_news);
  g_test_add_func ("/story-bank/reach", test_changes_reach_from_the_last_asking);
  g_test_add_func ("/story-bank/pending", test_pending_lives);
  g_test_add_func ("/story-bank/taken-back", test_a_booked_line_taken_back_gives_its_money_back);
  g_test_add_func ("/story-bank/links", test_links_are_listed_whole);
  g_test_add_func ("/story-bank/outage", test_an_outage_is_a_failed_listing_and_loses_nothing);
  g_test_add_func ("/story-bank/balance", test_told_balances_are_only_what_was_told);
  g_test_add_func ("/story-bank/own-accounts", test_a_bank_knows_its_own_accounts);
  return g_test_run ();
}
