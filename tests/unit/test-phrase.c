/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The words: every reason has a sentence, each level of detail says what it may and no more, and a
 * hostile name stays harmless.
 */
#include "config.h"

#include <koban/phrase.h>
#include <koban/text.h>

#include "watch/reasons.h"

static KobanAlert *
docomo_alert (KobanAlertKind kind, const char *subject)
{
  static const char *const refs[] = { "t1", "t2", "t3", "t4", NULL };
  GVariantBuilder reasons;

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&reasons, koban_reason_new (KOBAN_REASON_BURST, "count", "x", (gint64) 4,
                                                           "seconds", "x", (gint64) 116, "total", "m",
                                                           KOBAN_MONEY (-300000, "JPY"), NULL));
  g_variant_builder_add_value (&reasons,
                               koban_reason_new (KOBAN_REASON_FIRST_PAYEE, "days", "x", (gint64) 400, NULL));
  return koban_alert_new (&(KobanAlert){ .incident = "i1",
                                         .account = "a1",
                                         .kind = kind,
                                         .severity = KOBAN_SEVERITY_CRITICAL,
                                         .ref = "t1",
                                         .refs = refs,
                                         .subject = subject,
                                         .service = "ドコモ口座",
                                         .reasons = g_variant_builder_end (&reasons),
                                         .has_total = TRUE,
                                         .total = KOBAN_MONEY (-300000, "JPY") });
}

static GPtrArray *
one (KobanAlert *alert)
{
  GPtrArray *alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);

  g_ptr_array_add (alerts, alert);
  return alerts;
}

/* Reads the header itself, so that a code without a sentence cannot be forgotten. */
static void
test_every_reason_has_a_sentence (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "src/watch/reasons.h", NULL);
  g_autofree char *header = NULL;
  guint codes = 0;

  g_assert_true (g_file_get_contents (path, &header, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit (header, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (!g_str_has_prefix (lines[i], "#define KOBAN_REASON_"))
        continue;
      g_auto(GStrv) parts = g_strsplit (lines[i], "\"", 3);
      KobanMoney money = KOBAN_MONEY (-123456, "GBP");
      /* Every parameter there is, so that the fullest sentence of each code is filled. */
      g_autoptr(GVariant) reason = g_variant_ref_sink (koban_reason_new (
        parts[1], "count", "x", (gint64) 3, "seconds", "x", (gint64) 60, "minutes", "x", (gint64) 9, "hours",
        "x", (gint64) 5, "hour", "x", (gint64) 3, "days", "x", (gint64) 30, "gap", "x", (gint64) 28,
        "percent", "x", (gint64) 80, "total", "m", money, "limit", "m", money, "amount", "m", money, "usual",
        "m", money, "balance", "m", money, "test", "m", money, "from", "m", money, "to", "m", money, "kind",
        "s", "direct_debit", "service", "s", "X", "mandate", "s", "M1", "period", "s", "month", NULL));
      g_autofree char *sentence = koban_phrase_reason (reason);

      g_test_message ("%s: %s", parts[1], sentence);
      g_assert_null (strstr (sentence, "Something unusual"));
      g_assert_null (strchr (sentence, '{'));
      codes++;
    }
  g_assert_cmpuint (codes, >, 20);
}

/* What only looks is not said to take money. */
static void
test_link_headlines (void)
{
  static const struct
  {
    const char *code, *kind, *headline;
  } rows[] = {
    { KOBAN_REASON_NEW_LINK, "direct_debit", "A new service can take money from your account" },
    { KOBAN_REASON_NEW_LINK, "app", "A new service can take money from your account" },
    { KOBAN_REASON_NEW_LINK, "consent", "Somebody new is told of your account" },
    { KOBAN_REASON_LINK_BACK, "emoney", "A service that had ended can take money again" },
    { KOBAN_REASON_LINK_BACK, "webhook", "Something that had ended is told of your account again" },
    { KOBAN_REASON_LINK_STRONGER, "aggregator", "A service may now see more of your account" },
    { KOBAN_REASON_AMENDED_MANDATE, "webhook", "What is told of your account now goes to somebody else" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      static const char *const refs[] = { "l1", NULL };
      GVariant *reason = koban_reason_new (rows[i].code, "kind", "s", rows[i].kind, NULL);
      g_autoptr(KobanAlert) alert = koban_alert_new (
        &(KobanAlert){ .incident = "i1",
                       .kind = KOBAN_ALERT_LINK,
                       .refs = refs,
                       .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) });
      g_autofree char *said = koban_phrase_alert (alert);
      g_assert_cmpstr (said, ==, rows[i].headline);
    }
}

static void
test_missing_numbers_choose_a_plainer_sentence (void)
{
  g_autoptr(GVariant) reason = g_variant_ref_sink (koban_reason_new (KOBAN_REASON_FIRST_PAYEE, NULL));
  g_autofree char *sentence = koban_phrase_reason (reason);

  g_assert_cmpstr (sentence, ==, "No earlier debit to this name.");
}

static void
test_levels_say_no_more_than_they_may (void)
{
  g_autoptr(GPtrArray) alerts = one (docomo_alert (KOBAN_ALERT_WITHDRAWAL, "ﾄﾞｺﾓｺｳｻﾞ"));
  g_autofree char *full = koban_phrase_summary (alerts, KOBAN_DETAIL_FULL, "K-7F3A-9Q2M");
  g_autofree char *minimal = koban_phrase_summary (alerts, KOBAN_DETAIL_MINIMAL, "K-7F3A-9Q2M");
  g_autofree char *minimal_body = koban_phrase_body (alerts, KOBAN_DETAIL_MINIMAL, "普通預金");
  g_autofree char *none = koban_phrase_summary (alerts, KOBAN_DETAIL_NONE, "K-7F3A-9Q2M");
  g_autofree char *none_body = koban_phrase_body (alerts, KOBAN_DETAIL_NONE, "普通預金");

  g_assert_cmpstr (full, ==, "¥300,000 taken by 4 withdrawals in 2 minutes");
  g_assert_null (strstr (minimal, "300"));
  g_assert_null (strstr (minimal_body, "普通預金"));
  g_assert_null (strstr (minimal_body, "ﾄﾞｺﾓ"));
  g_assert_nonnull (strstr (minimal_body, "ドコモ口座"));
  g_assert_cmpstr (none, ==, "Koban: look at your account (K-7F3A-9Q2M)");
  g_assert_cmpstr (none_body, ==, "");
}

/* A phone cuts off what is longer (facts/trust.md, notifications). */
static void
test_the_first_line_fits_a_phone (void)
{
  static const struct
  {
    KobanAlertKind kind;
    const char *code;
  } rows[] = {
    { KOBAN_ALERT_LINK, "new_link" },     { KOBAN_ALERT_LINK, "link_stronger" },
    { KOBAN_ALERT_LINK, "link_back" },    { KOBAN_ALERT_LINK, "amended_mandate" },
    { KOBAN_ALERT_WITHDRAWAL, "burst" },  { KOBAN_ALERT_BALANCE, "negative_balance" },
    { KOBAN_ALERT_BALANCE, "drain" },     { KOBAN_ALERT_FRESHNESS, "review_strong" },
    { KOBAN_ALERT_FRESHNESS, "review" },  { KOBAN_ALERT_FRESHNESS, "account_gone" },
    { KOBAN_ALERT_FRESHNESS, "no_file" }, { KOBAN_ALERT_FRESHNESS, "unbalanced" },
    { KOBAN_ALERT_FRESHNESS, "sign_in" }, { KOBAN_ALERT_FRESHNESS, "evicted" },
    { KOBAN_ALERT_FRESHNESS, "shared" },  { KOBAN_ALERT_FRESHNESS, "locked" },
    { KOBAN_ALERT_FRESHNESS, "stale" },   { KOBAN_ALERT_FRESHNESS, "watching" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GVariant *reason = koban_reason_new (rows[i].code, NULL);
      static const char *const refs[] = { "t1", NULL };
      g_autoptr(GPtrArray) alerts = one (koban_alert_new (
        &(KobanAlert){ .incident = "i1",
                       .kind = rows[i].kind,
                       .refs = refs,
                       .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) }));
      g_autofree char *summary = koban_phrase_summary (alerts, KOBAN_DETAIL_MINIMAL, "K-7F3A-9Q2M");
      g_autofree char *many =
        koban_phrase_many_summary (alerts, 99, i % 2, KOBAN_DETAIL_MINIMAL, "K-7F3A-9Q2M");

      g_test_message ("%s / %s", summary, many);
      g_assert_cmpint (g_utf8_strlen (summary, -1), <=, 40);
      g_assert_cmpint (g_utf8_strlen (many, -1), <=, 40);
    }
}

static void
test_body_says_what_why_and_what_to_do (void)
{
  g_autoptr(GPtrArray) alerts = one (docomo_alert (KOBAN_ALERT_WITHDRAWAL, "ﾄﾞｺﾓｺｳｻﾞ"));
  g_autofree char *body = koban_phrase_body (alerts, KOBAN_DETAIL_FULL, "普通預金");

  g_test_message ("%s", body);
  g_assert_nonnull (strstr (body, "No debit to this name in 400 days of history."));
  g_assert_nonnull (strstr (body, "call your bank now on the number printed on your card"));
}

static void
test_money_leads_where_money_moved (void)
{
  g_autoptr(GPtrArray) alerts = one (docomo_alert (KOBAN_ALERT_LINK, "ﾄﾞｺﾓｺｳｻﾞ"));

  g_ptr_array_add (alerts, docomo_alert (KOBAN_ALERT_WITHDRAWAL, "ﾄﾞｺﾓｺｳｻﾞ"));
  g_autofree char *summary = koban_phrase_summary (alerts, KOBAN_DETAIL_FULL, "K-7F3A-9Q2M");
  g_assert_nonnull (strstr (summary, "4 withdrawals"));
}

/* A ¥1 credit saying "Fraud desk call 0120-…" must not reach a notification (DESIGN §4.10). */
static void
test_hostile_name_is_quoted (void)
{
  static const char *const hostile[] = {
    "Fraud desk call 0120-444-444",
    "http://evil.example/login",
    ("\xe2\x80\xae"
     "knaB ruoY"),
    "<b>SYSTEM</b>\n\033[31mALERT",
  };

  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autoptr(GPtrArray) alerts = one (docomo_alert (KOBAN_ALERT_LINK, hostile[i]));
      g_autofree char *body = koban_phrase_body (alerts, KOBAN_DETAIL_FULL, hostile[i]);

      g_test_message ("%s", body);
      g_assert_null (strstr (body, "444"));
      g_assert_null (strstr (body, "evil.example"));
      g_assert_null (strstr (body, "\xe2\x80\xae"));
      g_assert_null (strchr (body, '\033'));
      g_assert_null (strchr (body, '\n'));
    }
}

static void
test_a_joint_account_speaks_of_one_of_you (void)
{
  g_autoptr(GPtrArray) alerts = one (docomo_alert (KOBAN_ALERT_WITHDRAWAL, "ﾄﾞｺﾓｺｳｻﾞ"));
  g_autofree char *joint =
    koban_phrase_body_for (alerts, KOBAN_DETAIL_FULL, "普通預金", KOBAN_OWNERSHIP_JOINT);
  g_autofree char *own = koban_phrase_body_for (alerts, KOBAN_DETAIL_FULL, "普通預金", KOBAN_OWNERSHIP_OWN);

  g_assert_nonnull (strstr (joint, "one of you should call the bank now"));
  g_assert_null (strstr (own, "of you"));
  g_assert_cmpstr (koban_phrase_answer_label (KOBAN_ANSWER_MINE, KOBAN_OWNERSHIP_OWN), ==, "It was me");
  g_assert_cmpstr (koban_phrase_answer_label (KOBAN_ANSWER_NOT_MINE, KOBAN_OWNERSHIP_OWN), ==, "Not me");
  g_assert_cmpstr (koban_phrase_answer_label (KOBAN_ANSWER_MINE, KOBAN_OWNERSHIP_JOINT), ==, "We know it");
  g_assert_cmpstr (koban_phrase_answer_label (KOBAN_ANSWER_NOT_MINE, KOBAN_OWNERSHIP_JOINT), ==,
                   "Nobody here");
  g_assert_null (koban_phrase_answer_label (KOBAN_ANSWER_NONE, KOBAN_OWNERSHIP_OWN));
}

static void
test_many_are_listed_worst_first_and_counted (void)
{
  g_autoptr(GPtrArray) alerts = one (docomo_alert (KOBAN_ALERT_WITHDRAWAL, "Fraud desk call 0120-444-444"));

  for (guint i = 0; i < 9; i++)
    g_ptr_array_add (alerts, docomo_alert (KOBAN_ALERT_WITHDRAWAL, "ﾄﾞｺﾓｺｳｻﾞ"));
  g_autofree char *storm = koban_phrase_many_summary (alerts, 10, FALSE, KOBAN_DETAIL_FULL, "K-7F3A-9Q2M");
  g_autofree char *gap = koban_phrase_many_summary (alerts, 10, TRUE, KOBAN_DETAIL_FULL, "K-7F3A-9Q2M");
  g_autofree char *none = koban_phrase_many_summary (alerts, 10, TRUE, KOBAN_DETAIL_NONE, "K-7F3A-9Q2M");
  g_autofree char *body = koban_phrase_many_body (alerts, 10, TRUE, KOBAN_DETAIL_FULL, KOBAN_OWNERSHIP_OWN);
  g_autofree char *minimal =
    koban_phrase_many_body (alerts, 10, FALSE, KOBAN_DETAIL_MINIMAL, KOBAN_OWNERSHIP_OWN);

  g_test_message ("%s / %s\n%s", storm, gap, body);
  g_assert_cmpstr (storm, ==, "10 unusual things at once");
  g_assert_cmpstr (gap, ==, "10 unusual things happened while Koban could not look");
  g_assert_cmpstr (none, ==, "Koban: look at your account (K-7F3A-9Q2M)");
  g_assert_nonnull (strstr (body, "… and 6 more."));
  g_assert_nonnull (strstr (body, "run from the day of the debit"));
  g_assert_null (strstr (body, "444"));
  g_assert_null (strstr (minimal, "300"));
  g_assert_null (strstr (minimal, "ﾄﾞｺﾓ"));
}

/* What the agent itself has to say is said in words, too. */
static void
test_the_agents_own_reasons_have_sentences (void)
{
  static const struct
  {
    const char *code, *summary, *said;
  } rows[] = {
    { "review", "Koban has read your history", "koban review" },
    { "review_strong", "Koban found something odd in your history", "run from the day of the debit" },
    { "account_gone", "An account is no longer shown by your bank", "cannot watch it" },
    { "no_file", "It is time to import a statement", "for 8 days" },
    { "consent_ends", "Koban's access at a bank ends soon", "ends in 8 days" },
    { "restored", "Koban goes on from a copy", "connect your banks again" },
    { "recovered", "Koban goes on from a copy", "look at it with koban review" },
    { "setting_lowered", "Koban was told to protect you otherwise", "wariness" },
    { "unbalanced", "A statement does not add up", "on 2024-09-02" },
    { "deadline", "The time to claim ends soon", "of incident i7 ends in 8 days, on 2024-09-02" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      static const char *const refs[] = { NULL };
      GVariant *reason = koban_reason_new (
        rows[i].code, "count", "x", (gint64) 3, "payees", "x", (gint64) 40, "account", "s", "Current",
        "about", "s", "wariness", "since", "x", (gint64) 1725000000000000, "connection", "s", "MyBank",
        "days", "x", (gint64) 8, "window", "x", (gint64) 30, "incident", "s", "i7", "date", "s", "2024-09-02",
        "amount", "m", KOBAN_MONEY (-30000, "JPY"), NULL);
      g_autoptr(GPtrArray) alerts = one (koban_alert_new (
        &(KobanAlert){ .incident = "i1",
                       .kind = KOBAN_ALERT_FRESHNESS,
                       .refs = refs,
                       .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) }));
      g_autofree char *summary = koban_phrase_summary (alerts, KOBAN_DETAIL_FULL, "K-7F3A-9Q2M");
      g_autofree char *body = koban_phrase_body (alerts, KOBAN_DETAIL_FULL, NULL);

      g_assert_cmpstr (summary, ==, rows[i].summary);
      g_assert_nonnull (strstr (body, rows[i].said));
      g_assert_null (strchr (body, '{'));
    }
}

/* "In 0 days of history" and "0 hours before" are what a program says. */
static void
test_nothing_is_counted_as_none (void)
{
  g_autoptr(GVariant) first =
    g_variant_ref_sink (koban_reason_new ("first_payee", "days", "x", (gint64) 0, NULL));
  g_autoptr(GVariant) follows =
    g_variant_ref_sink (koban_reason_new ("follows_link", "hours", "x", (gint64) 0, NULL));
  g_autofree char *first_words = koban_phrase_reason (first);
  g_autofree char *follows_words = koban_phrase_reason (follows);

  g_assert_cmpstr (first_words, ==, "No earlier debit to this name.");
  g_assert_cmpstr (follows_words, ==, "The link had appeared less than an hour before.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/phrase/link-headlines", test_link_headlines);
  g_test_add_func ("/phrase/every-reason-has-a-sentence", test_every_reason_has_a_sentence);
  g_test_add_func ("/phrase/missing-numbers", test_missing_numbers_choose_a_plainer_sentence);
  g_test_add_func ("/phrase/levels", test_levels_say_no_more_than_they_may);
  g_test_add_func ("/phrase/body", test_body_says_what_why_and_what_to_do);
  g_test_add_func ("/phrase/money-leads", test_money_leads_where_money_moved);
  g_test_add_func ("/phrase/hostile-name", test_hostile_name_is_quoted);
  g_test_add_func ("/phrase/joint", test_a_joint_account_speaks_of_one_of_you);
  g_test_add_func ("/phrase/many", test_many_are_listed_worst_first_and_counted);
  g_test_add_func ("/phrase/none", test_nothing_is_counted_as_none);
  g_test_add_func ("/phrase/agent", test_the_agents_own_reasons_have_sentences);
  g_test_add_func ("/phrase/the-first-line-fits-a-phone", test_the_first_line_fits_a_phone);
  return g_test_run ();
}
