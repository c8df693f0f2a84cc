/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The packaged profiles are good; a spoiled copy of one is refused, with the line and the reason.
 */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <koban/error.h>
#include <koban/profile.h>

static char *
read_profile (const char *name, gsize *length)
{
  g_autofree char *path = g_strconcat (g_getenv ("KOBAN_PROVIDERS"), "/", name, ".json", NULL);
  g_autoptr(GError) error = NULL;
  char *text = NULL;
  g_file_get_contents (path, &text, length, &error);
  g_assert_no_error (error);
  return text;
}

/* In a copy of @profile, @from (which is there once or more) becomes @to; lint then says @reason at its line.
 */
static const struct
{
  const char *name, *profile, *from, *to, *reason;
} spoiled[] = {
  { "unknown-key", "starling", "\"cost\":", "\"price\":", "a profile has no key “price”" },
  { "missing-key", "starling", "\"cost\": \"free\",", "", "a profile lacks “cost”" },
  { "format", "starling", "\"format\": 1", "\"format\": 2", "“format” must be 1" },
  { "type", "starling", "\"history_days\": 365", "\"history_days\": \"365\"", "must be a number" },
  { "fraction", "starling", "\"history_days\": 365", "\"history_days\": 1.5", "whole number" },
  { "power", "starling", "\"power\": \"read\"", "\"power\": \"all\"", "it may be: read, read+revoke, pay" },
  { "id", "starling", "\"id\": \"starling\"", "\"id\": \"../x\"", "“id” is made of" },
  { "host", "starling", "\"hosts\": [\"api.starlingbank.com\"]", "\"hosts\": [\"evil.example\"]",
    "is not in “hosts”" },
  { "plain-http", "starling", "https://api.starlingbank.com\"", "http://api.starlingbank.com\"",
    "“base_url”" },
  { "userinfo", "starling", "https://api.starlingbank.com\"", "https://u:p@api.starlingbank.com\"",
    "“base_url”" },
  { "scheme", "starling", "\"scheme\": \"bearer\"", "\"scheme\": \"magic\"",
    "lacks a “scheme” that Koban knows" },
  { "scheme-param", "starling", "\"secret\": \"token\",", "\"secrets\": \"token\",",
    "the scheme “bearer” lacks “secret”" },
  { "scheme-need", "starling", "\"secret\": \"token\",", "\"secret\": \"api_key\",",
    "not among the “needs”" },
  { "auth-key", "starling", "\"key_id\": \"signing_key_id\"", "\"kid\": \"signing_key_id\"",
    "the scheme “http-signature” has no key “kid”" },
  { "auth-template", "bunq", "{installation_token}", "{nothing}", "nothing fills {nothing} here" },
  { "auth-after", "bunq", "\"after\": \"installation_token\"", "\"after\": \"x\"", "which no rung keeps" },
  { "auth-header", "teller", "\"user\": \"access_token\"", "\"user\": \"token\"", "not among the “needs”" },
  { "rung-keeps", "pluggy", "\"keep\": { \"session\": \"/apiKey\" }", "\"keep\": {}",
    "a rung keeps something" },
  { "rung-name", "pluggy", "\"keep\": { \"session\"", "\"keep\": { \"a b\"",
    "the name of a secret is made of" },
  { "send-quote", "pluggy", "\"{client_id}\"", "\"a\\\"b\"", "holds what may not stand there" },
  { "revoking-need", "starling", "\"needs\": [\"revoke_token\"]", "\"needs\": [\"token\"]",
    "is none of the “needs” that have “revoke”" },
  { "need-name", "starling", "\"name\": \"token\"", "\"name\": \"pin\"",
    "not one of the things that a person is asked for" },
  { "header", "starling", "Accept: application/json", "Accept: a\\r\\nX: y", "a header is one line" },
  { "budget", "starling", "\"interval_s\": 900", "\"interval_s\": 1", "at least 60" },
  { "gives", "starling", "\"gives\": \"links\"", "\"gives\": \"friends\"", "it may be: holders, accounts" },
  { "fact", "starling", "\"collector\":", "\"amount\":", "a row of links has no fact “amount”" },
  { "fact-missing", "starling", "\"amount\": \"/amount/minorUnits\",", "",
    "a row of transactions lacks “amount”" },
  { "pointer", "starling", "\"/originatorUid\"", "\"originatorUid\"", "a pointer is" },
  { "word", "starling", "\"LIVE\": \"active\"", "\"LIVE\": \"alive\"",
    "“alive” is none of the words for “status”" },
  { "words-where-none", "starling", "\"created\": \"/created\"",
    "\"created\": {\"at\":\"/c\",\"else\":\"x\"}", "is taken as it stands" },
  { "direction", "starling", "\"sign\": \"direction\"", "\"sign\": \"signed\"",
    "“direction” is a fact of rows" },
  { "kind", "starling", "\"kind\": \"direct_debit\",\n          \"prov",
    "\"kind\": \"friend\",\n          \"prov", "none of the words" },
  { "template", "starling", "{account.category}", "{account.colour}", "nothing fills {account.colour} here" },
  { "template-brace", "starling", "{since}", "{since", "a “{” without a name" },
  { "template-secret", "starling", "{since}", "{field.token}", "nothing fills {field.token} here" },
  { "link-outside", "starling", "{since}", "{link.id}", "nothing fills {link.id} here" },
  { "identity", "starling", "\"iban\": \"/iban\", \"number\": \"/accountIdentifier\"", "",
    "nothing says which account is which" },
  { "no-call", "starling", "\"method\": \"DELETE\",", "", "a revocation by “api” lacks “method”" },
  { "call-by-hand", "simplefin", "\"how\": \"url\",", "\"how\": \"url\", \"ok\": [200],",
    "a revocation by “url” has no key “ok”" },
  { "unused", "plaid", "\"PLAID-SECRET\": \"{client_secret}\"", "\"PLAID-SECRET\": \"x\"",
    "nothing uses “client_secret”" },
  { "kept", "plaid", "\"reach\": \"changes\"", "\"reach\": \"whole\"", "a cursor is “kept” of the one list" },
  { "unpaged", "starling", "\"paging\": { \"scheme\": \"none\" },", "", "a list says how it is paged" },
  { "country", "starling", "\"GB\"", "\"UKX\"", "is no country" },
  { "by-hand", "simplefin", "https://beta-bridge.simplefin.org/my-account", "https://evil.example/",
    "a page of one of the “hosts”" },
  { "window", "simplefin", ", \"days\": 89", "", "the paging “window” lacks “days”" },
  { "per", "simplefin", "\"per\": \"connection\"", "\"per\": \"account\"",
    "asked for per connection, or per holder" },
  { "variable", "simplefin", "\"connection\": \"/conn_id\", \"id\"", "\"colour\": \"/conn_id\", \"id\"",
    "no variable “colour”" },
  { "expected", "starling", "\"expected\": [", "\"where\": [", "a listing of scopes lacks “expected”" },
  { "per-sign-in", "starling", "\"per\": \"sign-in\"", "\"per\": \"connection\"", "per sign-in" },
  { "message-text", "simplefin", "[\"/msg\", \"/message\"]", "[\"msg\"]", "a pointer is" },
  { "effect", "simplefin", "\"con.\": \"failed\"", "\"con.\": \"broken\"", "none of the words for" },
  { "json", "simplefin", "\"format\": 1,", "\"format\": 1", "line 3" },
};

static guint
line_of (const char *text, const char *at)
{
  guint line = 1;
  for (const char *c = text; c < at; c++)
    line += *c == '\n';
  return line;
}

static void
test_spoiled (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *text = read_profile (spoiled[i].profile, NULL);
  const char *at = strstr (text, spoiled[i].from);
  g_assert_nonnull (at);
  g_autofree char *before = g_strndup (text, (gsize) (at - text));
  g_autofree char *copy = g_strconcat (before, spoiled[i].to, at + strlen (spoiled[i].from), NULL);
  g_auto(GStrv) problems = koban_profile_lint (copy, strlen (copy));
  g_autoptr(GError) error = NULL;
  gboolean found = FALSE;

  for (guint p = 0; problems[p] != NULL; p++)
    {
      guint64 line = g_str_has_prefix (problems[p], "line ")
                       ? g_ascii_strtoull (problems[p] + strlen ("line "), NULL, 10)
                       : 0;
      g_test_message ("%s", problems[p]);
      g_assert_cmpuint (line, >, 0);
      g_assert_cmpuint (line, <=, line_of (copy, copy + strlen (copy)));
      found |= strstr (problems[p], spoiled[i].reason) != NULL;
    }
  g_assert_true (found);
  g_assert_null (koban_profile_load (copy, strlen (copy), "copy.json", &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "copy.json: line "));
}

/* The line is the line of the mistake itself. */
static void
test_line (void)
{
  g_autofree char *text = read_profile ("starling", NULL);
  char *at = strstr (text, "\"collector\"");
  g_autofree char *expected = g_strdup_printf ("line %u: ", line_of (text, at));
  memcpy (at, "\"kollektor\"", strlen ("\"kollektor\""));
  g_auto(GStrv) problems = koban_profile_lint (text, strlen (text));

  g_assert_cmpuint (g_strv_length (problems), ==, 1);
  g_assert_true (g_str_has_prefix (problems[0], expected));
}

/* Whatever a file is cut or changed to, reading it ends and says something, or it is good. */
static void
test_mutations (void)
{
  gsize length;
  g_autofree char *text = read_profile ("simplefin", &length);

  for (gsize i = 0; i < length - 1; i += 7) /* without its last line break it is still good */
    {
      g_auto(GStrv) cut = koban_profile_lint (text, i);
      g_assert_nonnull (cut[0]);
      const char kept = text[i];
      text[i] = "{}[]\",:0x"[i % 9];
      g_auto(GStrv) changed = koban_profile_lint (text, length);
      g_assert_nonnull (changed);
      text[i] = kept;
    }
}

static void
test_packaged (void)
{
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  GPtrArray *list = koban_profiles_list (profiles);

  g_assert_cmpuint (list->len, >=, 2);
  KobanProfile *starling = koban_profiles_lookup (profiles, "starling");
  g_assert_nonnull (starling);
  g_assert_cmpstr (koban_profile_get_auth (starling), ==, "bearer+http-signature");
  g_assert_cmpstr (koban_power_name (koban_profile_get_power (starling)), ==, "read");
  g_assert_cmpstr (koban_profile_get_lists (starling)[0], ==, "direct_debit");
  g_assert_cmpstr (koban_profile_get_revokes (starling)[0], ==, "direct_debit");
  g_assert_cmpuint (strlen (koban_profile_get_digest (starling)), ==, 64);

  KobanProfile *simplefin = koban_profiles_lookup (profiles, "simplefin");
  const char *by_hand = NULL;
  g_assert_null (koban_profile_get_revokes (simplefin)[0]);
  g_assert_cmpint (koban_profile_get_revocation (simplefin, KOBAN_LINK_AGGREGATOR, &by_hand), ==,
                   KOBAN_REVOCATION_URL);
  g_assert_nonnull (by_hand);
  g_assert_cmpint (koban_profile_get_revocation (simplefin, KOBAN_LINK_CONSENT, &by_hand), ==,
                   KOBAN_REVOCATION_NONE);
  g_assert_null (by_hand);
  /* What holds at every bank. */
  g_assert_cmpint (koban_profile_get_revocation (simplefin, KOBAN_LINK_EMONEY, &by_hand), ==,
                   KOBAN_REVOCATION_MANUAL);
  g_assert_nonnull (by_hand);

  static const char *const keys[] = { "id",      "name",  "countries", "auth", "power", "lists",
                                      "revokes", "needs", "hosts",     "cost", "notes" };
  g_autoptr(GVariant) variant = g_variant_ref_sink (koban_profile_to_variant (simplefin));
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    g_assert_true (g_variant_lookup (variant, keys[i], "*", NULL));
}

/* A later directory adds, and never replaces; a file is the profile that its name says. */
static void
test_shadow (void)
{
  g_autofree char *own = g_dir_make_tmp ("koban-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (own, "starling.json", NULL);
  g_autofree char *bad = g_build_filename (own, "bad.json", NULL);
  g_autofree char *misnamed = g_build_filename (own, "misnamed.json", NULL);
  g_autofree char *text = read_profile ("starling", NULL);
  char *at = strstr (text, "Starling Bank");
  memcpy (at, "Sterling Bank", strlen ("Sterling Bank"));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (g_file_set_contents (bad, "{", -1, NULL));
  g_assert_true (g_file_set_contents (misnamed, text, -1, NULL));
  const char *const directories[] = { g_getenv ("KOBAN_PROVIDERS"), own, NULL };

  g_test_expect_message ("koban", G_LOG_LEVEL_WARNING, "Skipped *starling.json: a provider*");
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (directories);
  g_test_assert_expected_messages ();
  g_assert_cmpstr (koban_profile_get_name (koban_profiles_lookup (profiles, "starling")), ==,
                   "Starling Bank");
  g_test_expect_message ("koban", G_LOG_LEVEL_WARNING, "Skipped *bad.json*");
  g_assert_null (koban_profiles_lookup (profiles, "bad"));
  g_test_assert_expected_messages ();
  g_assert_null (koban_profiles_lookup (profiles, "bad")); /* it was said once */
  g_test_expect_message ("koban", G_LOG_LEVEL_WARNING, "Skipped *misnamed.json: *starling.json");
  GPtrArray *list = koban_profiles_list (profiles);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (list->len, >=, 2);
  for (guint i = 1; i < list->len; i++)
    g_assert_cmpstr (koban_profile_get_id (list->pdata[i - 1]), <, koban_profile_get_id (list->pdata[i]));
  g_unlink (path);
  g_unlink (bad);
  g_unlink (misnamed);
  g_rmdir (own);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/profile/packaged", test_packaged);
  g_test_add_func ("/profile/shadow", test_shadow);
  g_test_add_func ("/profile/line", test_line);
  g_test_add_func ("/profile/mutations", test_mutations);
  for (guint i = 0; i < G_N_ELEMENTS (spoiled); i++)
    {
      g_autofree char *path = g_strconcat ("/profile/spoiled/", spoiled[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_spoiled);
    }
  return g_test_run ();
}
