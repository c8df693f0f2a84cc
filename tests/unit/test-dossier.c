/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dossier of one theft, through the real ledger and all three ways of writing it down: nothing is left
 * out, a hostile name is text everywhere, and a touched file or chain shows.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <koban/ledger.h>
#include <string.h>

#include "claim/dossier.h"
#include "claim/seal.h"
#include "cli/report.h"
#include "wire/json-reader.h"

#define NOW(hours) ((gint64) 19968 * KOBAN_DAY_US + (hours) *KOBAN_HOUR_US)
#define EVENTS 3

typedef struct
{
  KobanLedger *ledger;
  KobanDeadlines *rules;
  KobanServices *services;
  char *folder, *path; /* of the ledger */
  char *incident;
} Fixture;

/* --- a theft
 * ------------------------------------------------------------------------------------------------ */

static void
hear (Fixture *self, KobanListing listing, int hours, GPtrArray *rows, gint64 booked)
{
  const KobanAccount account = { .identity = "number:1:JPY",
                                 .remote_id = "r1",
                                 .name = "Current",
                                 .number = "12345678",
                                 .currency = KOBAN_CURRENCY ("JPY"),
                                 .sees_links = KOBAN_SEES_NATIVE };
  g_autoptr(KobanAccount) value = koban_account_new (&account);
  const KobanSnapshot fields = { .account = value,
                                 .listing = listing,
                                 .reach = KOBAN_REACH_WHOLE,
                                 .heard_us = NOW (hours),
                                 .from_us = NOW (-24 * 60),
                                 .to_us = NOW (hours),
                                 .rows = rows,
                                 .has_booked = listing == KOBAN_LISTING_BALANCE,
                                 .booked = KOBAN_MONEY (booked, "JPY") };
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);
  KobanMergeResult result = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_ledger_merge (self->ledger, "c1", snapshot, 540, &result, &error));
  g_assert_no_error (error);
}

static void
add_line (GPtrArray *rows, const char *id, gint64 amount, KobanDate date, const char *text)
{
  const KobanTransaction line = { .bank_id = id,
                                  .state = KOBAN_TRANSACTION_BOOKED,
                                  .type =
                                    amount < 0 ? KOBAN_TRANSACTION_DIRECT_DEBIT : KOBAN_TRANSACTION_CREDIT,
                                  .amount = KOBAN_MONEY (amount, "JPY"),
                                  .date = date,
                                  .text = text };

  g_ptr_array_add (rows, koban_transaction_new (&line));
}

static GPtrArray *
history (void)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  add_line (rows, "h1", -4000, 19920, "スーパー");
  add_line (rows, "h2", -4200, 19940, "スーパー");
  return rows;
}

/* An alert of its own, so that the test does not hang on what the detectors think of the name. */
static char *
raise_alert (Fixture *self, const char *const *refs, const char *name)
{
  GVariant *reason = koban_reason_new ("first_payee", "days", "x", (gint64) 48, NULL);
  const KobanAlert fields = { .incident = "test",
                              .account = "a1",
                              .kind = KOBAN_ALERT_WITHDRAWAL,
                              .severity = KOBAN_SEVERITY_CRITICAL,
                              .ref = refs[0],
                              .refs = refs,
                              .subject = name,
                              .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1),
                              .has_total = TRUE,
                              .total = KOBAN_MONEY (-280000, "JPY") };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  const char *incident = NULL;

  g_assert_true (koban_ledger_raise (self->ledger, alert, NOW (10), NULL, NULL));
  g_variant_dict_insert (&filter, "all", "b", TRUE);
  g_autoptr(GVariant) rows = g_variant_ref_sink (
    koban_ledger_list (self->ledger, KOBAN_LIST_ALERTS, g_variant_dict_end (&filter), NULL));
  g_autoptr(GVariant) newest = g_variant_get_child_value (rows, 0);
  g_assert_true (g_variant_lookup (newest, "incident", "&s", &incident));
  return g_strdup (incident);
}

static void
steal (Fixture *self, const char *name)
{
  static const char *const refs[] = { "t3", "t4", "t5", NULL };
  KobanConnection connection = { .provider = (char *) "story", .name = (char *) "Home" };
  g_autoptr(GPtrArray) before = history (), after = history ();

  self->ledger = koban_ledger_open (self->path, self->services, NULL);
  g_assert_true (koban_ledger_add_connection (self->ledger, &connection, NOW (0), NULL));
  g_free (connection.id);
  hear (self, KOBAN_LISTING_TRANSACTIONS, 1, before, 0);
  add_line (after, "x1", -100000, 19968, name);
  add_line (after, "x2", -90000, 19968, name);
  add_line (after, "x3", -90000, 19968, name);
  hear (self, KOBAN_LISTING_TRANSACTIONS, 9, after, 0);
  hear (self, KOBAN_LISTING_BALANCE, 9, NULL, -170000);
  self->incident = raise_alert (self, refs, name);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("koban-dossier-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "ledger.db", NULL);
  self->services = koban_services_load (NULL, NULL);
  self->rules = koban_deadlines_load (NULL, NULL);
  steal (self, data != NULL ? data : "ﾄﾞｺﾓｺｳｻﾞ");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_free (self->incident);
  g_assert_finalize_object (self->ledger);
  koban_deadlines_free (self->rules);
  koban_services_free (self->services);
  g_remove (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->path);
  g_free (self->folder);
}

/* As the agent does: by a reader, which has no habits. */
static GVariant *
get_case (Fixture *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanLedger) reader = koban_ledger_open_readonly (self->path, &error);

  koban_ledger_set_judge (reader, self->services, KOBAN_WARINESS_NORMAL);
  GVariant *facts = koban_ledger_get_case (reader, self->incident, FALSE, &error);
  g_assert_no_error (error);
  return g_variant_ref_sink (facts);
}

static GVariant *
make (Fixture *self, KobanAudience audience)
{
  const KobanDossierOptions options = { .audience = audience,
                                        .language = "en",
                                        .now_us = NOW (24),
                                        .utc_offset_minutes = 540,
                                        .version = "1",
                                        .services = self->services,
                                        .deadlines = self->rules };
  g_autoptr(GVariant) facts = get_case (self);

  return koban_dossier_new (facts, &options);
}

typedef char *(*WriteFunc) (GVariant *dossier, const KobanReportOptions *options);

static char *
write_sealed (Fixture *self, WriteFunc write)
{
  g_autoptr(GVariant) dossier = make (self, KOBAN_AUDIENCE_SELF);
  const KobanReportOptions options = { .language = KOBAN_REPORT_EN, .script = TRUE };
  char *text = write (dossier, &options);
  gboolean sealed = koban_seal_close (text);

  g_assert_true (sealed);
  return text;
}

static void
note (Fixture *self, const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (
    koban_ledger_note (self->ledger, self->incident, g_variant_new_parsed (text), NOW (20), &error));
  g_assert_no_error (error);
}

/* --- what it says ------------------------------------------------------------------------------------------
 */

static gint64
get_minor (GVariant *row, const char *key)
{
  gint64 minor = G_MININT64;
  const char *currency;

  g_variant_lookup (row, key, "(x&s)", &minor, &currency);
  return minor;
}

/* The last balance was −170,000: the three debits led there, whatever the bank left out. */
static void
test_balances_are_counted_back (Fixture *self, gconstpointer data)
{
  static const gint64 before[] = { 110000, 10000, -80000 };
  g_autoptr(GVariant) facts = get_case (self);
  g_autoptr(GVariant) events = g_variant_lookup_value (facts, "events", G_VARIANT_TYPE ("aa{sv}"));

  g_assert_cmpuint (g_variant_n_children (events), ==, EVENTS);
  for (gsize i = 0; i < EVENTS; i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      gint64 unseen_us = 0, counted_us = 0;

      g_assert_cmpint (get_minor (event, "balance_before"), ==, before[i]);
      g_assert_true (g_variant_lookup (event, "balance_counted", "x", &counted_us));
      g_assert_true (g_variant_lookup (event, "unseen", "x", &unseen_us));
      g_assert_cmpint (unseen_us, ==, NOW (1));
    }
}

static void
test_nothing_was_paid_to_them_before (Fixture *self, gconstpointer data)
{
  g_autofree char *html = write_sealed (self, koban_report_html);

  g_assert_nonnull (strstr (html, "No earlier debit to “ﾄﾞｺﾓｺｳｻﾞ” in the 48 days of history"));
  g_assert_nonnull (strstr (html, "this is number 2"));
}

/* The detectors have found incidents of their own in the same lines. */
static GVariant *
find_claim (Fixture *self)
{
  g_autoptr(GVariant) claims = g_variant_ref_sink (koban_ledger_list_claims (self->ledger, NULL));

  for (gsize i = 0; i < g_variant_n_children (claims); i++)
    {
      GVariant *claim = g_variant_get_child_value (claims, i);
      const char *incident = NULL;

      if (g_variant_lookup (claim, "incident", "&s", &incident) && g_str_equal (incident, self->incident))
        return claim;
      g_variant_unref (claim);
    }
  g_error ("There is no claim %s", self->incident);
}

/* A credit of the same sum from the same name, and one of all of them that is called a refund, are offered;
 * an ordinary one is not. */
static void
test_a_repayment_is_offered_and_confirmed (Fixture *self, gconstpointer data)
{
  g_autoptr(GPtrArray) rows = history ();

  add_line (rows, "x1", -100000, 19968, "ﾄﾞｺﾓｺｳｻﾞ");
  add_line (rows, "x2", -90000, 19968, "ﾄﾞｺﾓｺｳｻﾞ");
  add_line (rows, "x3", -90000, 19968, "ﾄﾞｺﾓｺｳｻﾞ");
  add_line (rows, "s1", 100000, 19980, "給与");
  add_line (rows, "r1", 90000, 19981, "ﾄﾞｺﾓｺｳｻﾞ");
  add_line (rows, "r2", 280000, 19982, "ﾎｼﾖｳ ﾍﾝｷﾝ");
  hear (self, KOBAN_LISTING_TRANSACTIONS, 24 * 15, rows, 0);
  g_autoptr(GVariant) facts = get_case (self);
  g_autoptr(GVariant) credits = g_variant_lookup_value (facts, "credits", G_VARIANT_TYPE ("aa{sv}"));
  g_autofree char *told = g_variant_print (credits, FALSE);
  g_assert_cmpuint (g_variant_n_children (credits), ==, 2);
  g_assert_nonnull (strstr (told, "'reverses': <'t4'>"));
  g_assert_nonnull (strstr (told, "'reverses': <'total'>"));

  g_assert_false (koban_ledger_note (self->ledger, self->incident,
                                     g_variant_new_parsed ("{'to': <'other'>, 'repaid': <'t3'>}"),
                                     NOW (24 * 16), NULL));
  g_assert_true (koban_ledger_note (self->ledger, self->incident,
                                    g_variant_new_parsed ("{'to': <'other'>, 'repaid': <'t8'>}"),
                                    NOW (24 * 16), NULL));
  g_autoptr(GVariant) claim = find_claim (self);
  g_assert_cmpint (get_minor (claim, "repaid"), ==, 280000);
  g_autoptr(GPtrArray) deadlines = koban_deadlines_count (self->rules, claim, 540, 19990, "en");
  for (guint i = 0; i < deadlines->len; i++)
    g_assert_true (((KobanDeadline *) deadlines->pdata[i])->done);
}

/* What is meant for one party's eyes is not in the other's copy. */
static void
test_each_gets_what_is_theirs (Fixture *self, gconstpointer data)
{
  static const struct
  {
    KobanAudience audience;
    gboolean bank, police, balances;
  } rows[] = {
    { KOBAN_AUDIENCE_SELF, TRUE, TRUE, TRUE },
    { KOBAN_AUDIENCE_BANK, TRUE, FALSE, TRUE },
    { KOBAN_AUDIENCE_POLICE, FALSE, TRUE, FALSE },
  };

  note (self, "{'to': <'bank'>, 'text': <'said to the bank'>}");
  note (self, "{'to': <'police'>, 'text': <'said to the police'>}");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GVariant) dossier = make (self, rows[i].audience);
      const KobanReportOptions options = { .language = KOBAN_REPORT_JA };
      g_autofree char *html = koban_report_html (dossier, &options);
      g_autofree char *json = koban_report_json (dossier, &options);

      g_assert_true ((strstr (html, "said to the bank") != NULL) == rows[i].bank);
      g_assert_true ((strstr (html, "said to the police") != NULL) == rows[i].police);
      g_assert_true ((strstr (json, "said to the bank") != NULL) == rows[i].bank);
      g_assert_true ((strstr (json, "said to the police") != NULL) == rows[i].police);
      g_assert_true ((strstr (json, "balance_after") != NULL) == rows[i].balances);
    }
}

/* --- hostile names
 * -------------------------------------------------------------------------------------------- */

static const char *const hostile[] = {
  "<script>alert(1)</script>",
  "\"><img src=x onerror=alert(1)>",
  "</style><h1>SYSTEM</h1>",
  "=HYPERLINK(\"http://x.example\",\"y\")",
  "+1+cmd|' /C calc'!A0",
  "@SUM(A1)",
  "-2+3",
  "\tx\r\ny",
  "\342\200\256evil\342\201\246",
  "\033[31mred\033[0m",
  "{name} {days} koban-sha256:0000000000000000000000000000000000000000000000000000000000000000",
  "a,\"b\",c",
};

/* Between its own quotation marks, so that what comes after a comma is no cell of its own. */
static void
check_csv (const char *csv)
{
  g_auto(GStrv) cells = g_strsplit (csv, ",\"", -1);

  for (char **cell = cells + 1; *cell != NULL; cell++)
    g_assert_null (strchr ("=+-@\t", **cell != '\0' ? **cell : 'x'));
  g_assert_null (strchr (csv, '\t'));
  g_assert_null (strchr (csv, '\033'));
}

static void
check_html (const char *html)
{
  static const char *const never[] = { "<script", "<img",         "onerror=alert(1)>", "<h1>SYSTEM",
                                       "\033",    "\342\200\256", "\342\201\246",      "<a " };

  for (gsize i = 0; i < G_N_ELEMENTS (never); i++)
    g_assert_null (strstr (html, never[i]));
  g_assert_nonnull (strstr (html, "default-src 'none'; style-src 'sha256-"));
  g_assert_null (strstr (html, "href="));
  g_assert_null (strstr (html, "src="));
}

static void
test_a_hostile_name_is_text (Fixture *self, gconstpointer data)
{
  g_autofree char *html = write_sealed (self, koban_report_html);
  g_autofree char *json = write_sealed (self, koban_report_json);
  g_autofree char *csv = write_sealed (self, koban_report_csv);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) parsed = koban_json_parse (json, strlen (json), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (koban_json_string (koban_json_at (koban_json_root (parsed), "/events/0/text")), ==, data);
  check_csv (csv);
  /* What was escaped holds the letters of the attack, and not its meaning: src=x in a text is no source. */
  if (strstr (data, "src=") == NULL)
    check_html (html);
  g_assert_null (strstr (html, "<img"));
  g_assert_cmpint (koban_seal_check (html), ==, KOBAN_SEAL_HOLDS);
  g_assert_cmpint (koban_seal_check (json), ==, KOBAN_SEAL_HOLDS);
  g_assert_cmpint (koban_seal_check (csv), ==, KOBAN_SEAL_HOLDS);
}

/* --- the seals
 * --------------------------------------------------------------------------------------------------- */

/* A letter of the file, and where in it. */
static const struct
{
  const char *what, *with;
  gboolean breaks_chain;
} touches[] = {
  { "-100000", "-900000", FALSE },
  { "Ms Ogawa", "Ms Ogata", TRUE },
  { "\"alert-opened\"", "\"alert-closed\"", TRUE },
};

static char *
replace (const char *text, const char *what, const char *with)
{
  g_auto(GStrv) parts = g_strsplit (text, what, -1);

  g_assert_nonnull (parts[1]);
  return g_strjoinv (with, parts);
}

static void
test_a_touched_file_shows (Fixture *self, gconstpointer data)
{
  note (self, "{'to': <'bank'>, 'who': <'Ms Ogawa'>}");
  g_autofree char *json = write_sealed (self, koban_report_json);
  g_autofree char *head = NULL;
  gint64 broken = 0;

  g_assert_cmpint (koban_seal_check (json), ==, KOBAN_SEAL_HOLDS);
  g_assert_cmpint (koban_seal_check_chain (json, &head, &broken), ==, KOBAN_SEAL_HOLDS);
  g_autoptr(GVariant) journal = g_variant_ref_sink (koban_ledger_verify_journal (self->ledger, NULL, NULL));
  const char *known = NULL;
  g_variant_lookup (journal, "head", "&s", &known);
  g_assert_cmpstr (head, ==, known);

  for (gsize i = 0; i < G_N_ELEMENTS (touches); i++)
    {
      g_autofree char *touched = replace (json, touches[i].what, touches[i].with);
      g_autofree char *other = NULL;

      g_assert_cmpint (koban_seal_check (touched), ==, KOBAN_SEAL_BROKEN);
      g_assert_cmpint (koban_seal_check_chain (touched, &other, &broken), ==,
                       touches[i].breaks_chain ? KOBAN_SEAL_BROKEN : KOBAN_SEAL_HOLDS);
    }
  g_assert_cmpint (koban_seal_check ("{}"), ==, KOBAN_SEAL_NONE);
  g_assert_cmpint (koban_seal_check ("koban-sha256:12"), ==, KOBAN_SEAL_NONE);
}

/* --- the words
 * ------------------------------------------------------------------------------------------------------ */

/* What is filled in is not read again. */
static void
test_a_filled_place_is_no_place (void)
{
  g_autofree char *text = koban_report_fill (KOBAN_REPORT_EN, "identical", "n", "{of}", "of", "{n}", NULL);

  g_assert_cmpstr (text, ==, "the bank lists {n} rows with this day, text and amount; this is number {of}");
}

#define CLAIM(path, test) g_test_add ("/dossier/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  CLAIM ("balances", test_balances_are_counted_back);
  CLAIM ("baseline", test_nothing_was_paid_to_them_before);
  CLAIM ("repaid", test_a_repayment_is_offered_and_confirmed);
  CLAIM ("audiences", test_each_gets_what_is_theirs);
  CLAIM ("touched", test_a_touched_file_shows);
  for (gsize i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autofree char *path = g_strdup_printf ("/dossier/hostile/%u", (guint) i);
      g_test_add (path, Fixture, hostile[i], set_up, test_a_hostile_name_is_text, tear_down);
    }
  g_test_add_func ("/dossier/places", test_a_filled_place_is_no_place);
  return g_test_run ();
}
