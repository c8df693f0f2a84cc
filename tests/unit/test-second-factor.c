/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Second factors of a revocation, by the profile of a standard that has all of them: what is asked of the
 * bank and of the person, in which order, and that only the bank's word ends it.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include "bank/second-factor.h"
#include "canned-bank.h"

#define LINKS(inner) ",\"_links\":{" inner "\"scaStatus\":{\"href\":\"/s\"}}}"
#define PLAIN "}"
#define STARTED "{\"scaStatus\":\"received\",\"authorisationId\":\"A1\""
#define TWO_WAYS                                                                                             \
  ",\"scaMethods\":[{\"authenticationMethodId\":\"m1\",\"name\":\"SMS to +49160 xxxxx 28\"},"                \
  "{\"authenticationMethodId\":\"m2\",\"name\":\"Photo\\u202eTAN\"}]"
#define ONE_WAY ",\"scaMethods\":[{\"authenticationMethodId\":\"m1\",\"name\":\"SMS\"}]"
#define CODE "\"authoriseTransaction\":{\"href\":\"/a\"},"
#define PAGE(url) "\"scaRedirect\":{\"href\":\"" url "\"},"
#define STATE(state) "{\"scaStatus\":\"" state "\""
#define WRONG                                                                                                \
  "{\"tppMessages\":[{\"category\":\"ERROR\",\"code\":\"PSU_CREDENTIALS_INVALID\",\"text\":\"wrong\"}]}"

#define LOST 1

/* One exchange: the bank's answer, and what stands then. */
typedef struct
{
  guint status; /* LOST: none comes */
  const char *body;
  int waits;          /* a KobanFactorKind, or … */
  const char *person; /* (nullable): what the person says to it */
} Exchange;

enum
{
  DONE = -1,
  SENDS = -2, /* the person is asked for nothing */
  FAILS = -3
};

static const struct
{
  const char *name;
  Exchange exchanges[9];
  KobanError code; /* of FAILS */
} scenes[] = {
  { "code",
    { { 201, STARTED LINKS (CODE), KOBAN_FACTOR_CODE, "123456" },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "code-mistyped",
    { { 201, STARTED LINKS (CODE), KOBAN_FACTOR_CODE, "111111" },
      { 401, WRONG, KOBAN_FACTOR_CODE, "222222" },
      { 400, WRONG, KOBAN_FACTOR_CODE, "123456" },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "code-mistyped-too-often",
    { { 201, STARTED LINKS (CODE), KOBAN_FACTOR_CODE, "111111" },
      { 401, WRONG, KOBAN_FACTOR_CODE, "222222" },
      { 401, WRONG, KOBAN_FACTOR_CODE, "333333" },
      { 401, WRONG, FAILS } },
    KOBAN_ERROR_FAILED },
  { "code-whose-answer-is-lost",
    { { 201, STARTED LINKS (CODE), KOBAN_FACTOR_CODE, "123456" },
      { LOST, NULL, KOBAN_FACTOR_APPROVAL },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "choice-then-code",
    { { 201, STARTED TWO_WAYS LINKS (""), KOBAN_FACTOR_CHOICE, "2" },
      { 200, STATE ("scaMethodSelected") LINKS (CODE), KOBAN_FACTOR_CODE, "123456" },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "one-way-is-no-choice",
    { { 201, STARTED ONE_WAY LINKS (""), SENDS },
      { 200, STATE ("scaMethodSelected") LINKS (CODE), KOBAN_FACTOR_CODE, "123456" },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "choice-of-the-app",
    { { 201, STARTED TWO_WAYS LINKS (""), KOBAN_FACTOR_CHOICE, "1" },
      { 200, STATE ("scaMethodSelected") LINKS (""), KOBAN_FACTOR_APPROVAL },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "approval",
    { { 201, STARTED LINKS (""), KOBAN_FACTOR_APPROVAL },
      { 200, STATE ("started") PLAIN, KOBAN_FACTOR_APPROVAL },
      { 503, "", KOBAN_FACTOR_APPROVAL },
      { 429, "{\"tppMessages\":[{\"code\":\"ACCESS_EXCEEDED\",\"text\":\"slow\"}]}", KOBAN_FACTOR_APPROVAL },
      { LOST, NULL, KOBAN_FACTOR_APPROVAL },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "approval-declined",
    { { 201, STARTED LINKS (""), KOBAN_FACTOR_APPROVAL }, { 200, STATE ("failed") PLAIN, FAILS } },
    KOBAN_ERROR_FORBIDDEN },
  { "exempted", { { 201, STATE ("exempted") PLAIN, DONE } } },
  { "page",
    { { 201, STARTED LINKS (PAGE ("https://bank.example/sca/A1")), KOBAN_FACTOR_PAGE },
      { 200, STATE ("received") PLAIN, KOBAN_FACTOR_PAGE },
      { 200, STATE ("finalised") PLAIN, DONE } } },
  { "page-without-https",
    { { 201, STARTED LINKS (PAGE ("http://bank.example/sca/A1")), FAILS } },
    KOBAN_ERROR_UNTRUSTED },
  { "page-that-is-a-script",
    { { 201, STARTED LINKS (PAGE ("javascript:alert(1)")), FAILS } },
    KOBAN_ERROR_UNTRUSTED },
  { "password",
    { { 201, STARTED LINKS ("\"updatePsuAuthentication\":{\"href\":\"/p\"},"), FAILS } },
    KOBAN_ERROR_UNSUPPORTED },
  { "start-lost", { { LOST, NULL, FAILS } }, KOBAN_ERROR_OFFLINE },
  { "start-refused",
    { { 403, "{\"tppMessages\":[{\"code\":\"SERVICE_BLOCKED\",\"text\":\"no\"}]}", FAILS } },
    KOBAN_ERROR_FORBIDDEN },
  { "unknown-state-is-no-yes",
    { { 201, STARTED LINKS (""), KOBAN_FACTOR_APPROVAL },
      { 200, STATE ("unconfirmed") PLAIN, KOBAN_FACTOR_APPROVAL },
      { 200, "{}", KOBAN_FACTOR_APPROVAL } } },
};

static gboolean
hear (KobanSecondFactor *factor, const KobanProfile *profile, const Exchange *exchange, GError **error)
{
  if (exchange->status == LOST)
    {
      if (koban_second_factor_lost (factor))
        return TRUE;
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_OFFLINE, "lost");
      return FALSE;
    }
  g_autoptr(GBytes) body = g_bytes_new_static (exchange->body, strlen (exchange->body));
  char *none[] = { NULL };
  const KobanHttpResponse answer = {
    .status = exchange->status, .body = body, .headers = none, .retry_after_s = -1
  };
  return koban_second_factor_take (factor, &answer, &profile->errors, error);
}

static void
assert_asked (KobanSecondFactor *factor, const Exchange *exchange)
{
  const KobanFactor *told = koban_second_factor_get_told (factor);
  g_autoptr(KobanSecret) said = koban_secret_new (exchange->person != NULL ? exchange->person : "", -1);
  g_autoptr(GError) error = NULL;

  if (exchange->waits == SENDS || exchange->waits == DONE)
    {
      g_assert_null (told);
      return;
    }
  g_assert_nonnull (told);
  g_assert_cmpint (told->kind, ==, exchange->waits);
  g_assert_cmpint (told->answered, ==, exchange->person != NULL);
  if (exchange->person == NULL)
    return;
  g_assert_true (koban_second_factor_answer (factor, said, &error));
  g_assert_no_error (error);
  g_assert_nonnull (koban_second_factor_get_answer (factor));
}

static void
test_scene (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(KobanProfile) profile = load_profile ("berlin-group");
  const KobanRevocationRule *rule = koban_profile_find_revocation (profile, KOBAN_LINK_STANDING_ORDER);
  KobanSecondFactor *factor = koban_second_factor_new (rule->factor);
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_second_factor_get_call (factor) == &rule->factor->start);
  for (const Exchange *exchange = scenes[i].exchanges; exchange->status != 0; exchange++)
    {
      const gboolean is_good = hear (factor, profile, exchange, &error);
      g_assert_cmpint (is_good, ==, exchange->waits != FAILS);
      g_assert_cmpint (koban_second_factor_is_done (factor), ==, exchange->waits == DONE);
      g_assert_cmpint (koban_second_factor_get_answer (factor) != NULL, ==, exchange->waits == SENDS);
      if (is_good)
        assert_asked (factor, exchange);
      else
        g_assert_error (error, KOBAN_ERROR, (gint) scenes[i].code);
    }
  koban_second_factor_free (factor);
}

/* What is no answer is asked for again, and what the bank calls its ways is cleaned. */
static void
test_what_is_said (void)
{
  static const char *const none[] = { "0", "3", "m1", "", "-1", "1 " };
  const Exchange start = { 201, STARTED TWO_WAYS LINKS (""), KOBAN_FACTOR_CHOICE, NULL };
  g_autoptr(KobanProfile) profile = load_profile ("berlin-group");
  const KobanRevocationRule *rule = koban_profile_find_revocation (profile, KOBAN_LINK_STANDING_ORDER);
  KobanSecondFactor *factor = koban_second_factor_new (rule->factor);

  g_assert_true (hear (factor, profile, &start, NULL));
  const KobanFactor *told = koban_second_factor_get_told (factor);
  g_assert_cmpstr (told->choices[0], ==, "SMS to +49160 xxxxx 28");
  g_assert_null (strstr (told->choices[1], "\342\200\256"));
  g_assert_null (told->choices[2]);
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      g_autoptr(KobanSecret) said = koban_secret_new (none[i], -1);
      g_autoptr(GError) error = NULL;
      g_assert_false (koban_second_factor_answer (factor, said, &error));
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
    }
  g_autoptr(KobanSecret) second = koban_secret_new ("2", -1);
  g_assert_true (koban_second_factor_answer (factor, second, NULL));
  g_assert_cmpstr (koban_second_factor_get_answer (factor), ==, "m2");
  koban_second_factor_free (factor);
}

/* — the same, as a session with a bank — */

#define ORDER "/v1/periodic-payments/sepa-credit-transfers/P1"
#define ONE ORDER "/cancellation-authorisations/A%2F1 "

static const Canned bank_rows[] = {
  { "DELETE " ORDER " ", 202, NULL, "{\"transactionStatus\":\"ACTC\"}" },
  { "POST " ORDER "/cancellation-authorisations ", 201, NULL,
    "{\"scaStatus\":\"received\",\"authorisationId\":\"A/1\"" TWO_WAYS LINKS ("") },
  { "PUT " ONE, 200, NULL, STATE ("scaMethodSelected") LINKS (CODE), NULL,
    "{\"authenticationMethodId\":\"m2\"}" },
  { "PUT " ONE, 200, NULL, STATE ("finalised") PLAIN, NULL, "{\"scaAuthenticationData\":\"12\\\"34\"}" },
  { "GET /v1/accounts/R1/transactions?bookingStatus=information ", 200, NULL,
    "{\"transactions\":{\"information\":[]}}" },
  { NULL }
};

static Check *
check_order (Bank *bank)
{
  static const char *const fields[] = { "redirect_url", "http://127.0.0.1:1/x", NULL };
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(KobanSecret) secrets = bundle_with (NULL, "consent_id", "C1");
  g_autoptr(KobanProfile) profile = load_profile ("berlin-group");
  GArray *needs = koban_profile_get_needs (profile);

  for (guint i = 0; i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);
      g_autoptr(KobanSecret) before = need->secret ? g_steal_pointer (&secrets) : NULL;
      if (need->secret)
        secrets = bundle_with (before, need->name, need->example);
    }
  return check_profile (profile, url, secrets, fields, NULL);
}

static void
revoke_order (Check *check)
{
  const KobanAccount fields = {
    .identity = "iban:X:EUR", .remote_id = "R1", .name = "Main", .currency = KOBAN_CURRENCY ("EUR")
  };
  const KobanLink link = { .kind = KOBAN_LINK_STANDING_ORDER, .name = "Rent", .remote_id = "P1" };
  g_autoptr(KobanAccount) account = koban_account_new (&fields);
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_session_set_revoke (check->session, &link, account, &error));
  g_assert_no_error (error);
}

static void
say (Check *check, KobanFactorKind kind, const char *said)
{
  const KobanFactor *told = koban_session_get_factor (check->session);
  g_autoptr(KobanSecret) answer = koban_secret_new (said, -1);

  g_assert_nonnull (told);
  g_assert_cmpint (told->kind, ==, kind);
  g_assert_cmpint (koban_session_get_revoke_result (check->session), ==, KOBAN_REVOKE_PENDING);
  g_assert_true (koban_session_answer_factor (check->session, answer, NULL));
  g_assert_null (koban_session_get_factor (check->session));
}

static void
test_session (void)
{
  g_autoptr(Bank) bank = bank_new (bank_rows);
  g_autoptr(Check) check = check_order (bank);

  revoke_order (check);
  g_assert_true (step (check));
  g_assert_null (koban_session_get_factor (check->session));
  g_assert_true (step (check));
  say (check, KOBAN_FACTOR_CHOICE, "2");
  g_assert_true (step (check));
  say (check, KOBAN_FACTOR_CODE, "12\"34");
  g_assert_true (step (check));
  g_assert_no_error (check->error);
  g_assert_cmpint (koban_session_get_revoke_result (check->session), ==, KOBAN_REVOKE_ACCEPTED);
  run (check);
  g_assert_cmpuint (find (check, KOBAN_LISTING_LINKS, "Main")->rows->len, ==, 0);
  g_assert_cmpuint (bank->heard->len, ==, 5);
  g_assert_nonnull (strstr (heard (bank, 1), "TPP-Redirect-URI: http://127.0.0.1:1/x\r\n"));
  g_assert_nonnull (strstr (heard (bank, 1), "X-Request-ID: "));
}

#define ADD_ROWS(prefix, rows, func)                                                                         \
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)                                                            \
    {                                                                                                        \
      g_autofree char *path = g_strconcat (prefix, rows[i].name, NULL);                                      \
      g_test_add_data_func (path, GUINT_TO_POINTER (i), func);                                               \
    }

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
  ADD_ROWS ("/second-factor/", scenes, test_scene);
  g_test_add_func ("/second-factor/what-is-said", test_what_is_said);
  g_test_add_func ("/second-factor/session", test_session);
  return g_test_run ();
}
