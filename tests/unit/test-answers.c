/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every folder of tests/answers that has a requests.json is a bank: asked by the profile of its name, with
 * the examples of its needs, it is heard as heard.txt says. A new bank is a new folder, and no line here.
 * With KOBAN_HEARD in the environment heard.txt is written instead: read it before you believe it.
 */
#include "config.h"

#include <string.h>

#include <koban/date.h>
#include "canned-bank.h"
#include "wire/json-reader.h"

/* — the folder — */

static KobanJson *
load_requests (const char *name)
{
  g_autofree char *file = g_strconcat (name, "/requests.json", NULL);
  g_autofree char *text = load_answer (file);
  g_autoptr(GError) error = NULL;
  KobanJson *json = koban_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return json;
}

static GArray *
read_canned (const char *name, const KobanJson *json, GPtrArray *files)
{
  GArray *rows = g_array_new (TRUE, TRUE, sizeof (Canned));

  for (KobanJsonNode item = koban_json_first (koban_json_root (json)); koban_json_exists (item);
       item = koban_json_next (item))
    {
      const char *answer = koban_json_string (koban_json_member (item, "answer"));
      gint64 status = 200;
      if (koban_json_exists (koban_json_member (item, "status")))
        g_assert_true (koban_json_int64 (koban_json_member (item, "status"), &status));
      g_ptr_array_add (files, g_strconcat (name, "/", answer, NULL));
      Canned row = { .prefix = koban_json_string (koban_json_member (item, "asked")),
                     .status = (guint) status,
                     .file = answer != NULL ? files->pdata[files->len - 1] : NULL,
                     .body = "",
                     .has = koban_json_string (koban_json_member (item, "with")) };
      g_array_append_val (rows, row);
    }
  return rows;
}

/* — what is heard, as text — */

static void
write_name (GString *out, const char *name)
{
  g_string_append_printf (out, " \"%s\"", name);
}

static void
write_money (GString *out, const char *label, gboolean has, KobanMoney money)
{
  g_autofree char *text = koban_money_to_decimal (money);
  if (has)
    g_string_append_printf (out, "%s %s %s", label, text, money.currency.code);
}

static void
write_account (GString *out, const KobanAccount *account)
{
  static const char *const sees[] = { "none", "derived", "native" };

  write_name (out, account->name);
  g_string_append_printf (out, " %.*s %s, links %s", (int) strcspn (account->identity, ":"),
                          account->identity, account->currency.code, sees[account->sees_links]);
}

static void
write_link (GString *out, const KobanLink *link)
{
  g_string_append_printf (out, " %s", koban_link_kind_name (link->kind));
  write_name (out, link->name);
  g_string_append_printf (out, " %s, %s%s, %s", koban_link_status_name (link->status),
                          koban_provenance_name (link->provenance), link->own ? " own" : "",
                          koban_revocation_name (link->revocation));
}

static void
write_line (GString *out, const KobanTransaction *line)
{
  g_autofree char *date = line->date != KOBAN_NO_DATE ? koban_date_format (line->date) : g_strdup ("-");

  write_money (out, "", TRUE, line->amount);
  g_string_append_printf (out, " %s %s %s", koban_transaction_state_name (line->state),
                          koban_transaction_type_name (line->type), date);
  write_name (out, line->text);
  if (line->payee != NULL)
    write_name (out, line->payee);
  if (line->mandate_ref != NULL)
    g_string_append_printf (out, " mandate %s", line->mandate_ref);
}

static void
write_rows (GString *out, const KobanSnapshot *snapshot)
{
  for (guint i = 0; snapshot->rows != NULL && i < snapshot->rows->len; i++)
    {
      g_string_append (out, " ");
      if (snapshot->listing == KOBAN_LISTING_ACCOUNTS)
        write_account (out, snapshot->rows->pdata[i]);
      else if (snapshot->listing == KOBAN_LISTING_LINKS)
        write_link (out, snapshot->rows->pdata[i]);
      else
        write_line (out, snapshot->rows->pdata[i]);
      g_string_append (out, "\n");
    }
}

static void
write_snapshot (GString *out, const KobanSnapshot *snapshot)
{
  static const char *const reaches[] = { "whole", "changes", "failed" };

  g_string_append (out, koban_listing_name (snapshot->listing));
  if (snapshot->account != NULL)
    write_name (out, snapshot->account->name);
  g_string_append_printf (out, " %s", reaches[snapshot->reach]);
  if (snapshot->error != NULL)
    g_string_append_printf (out, ": %s", snapshot->error->message);
  write_money (out, ": booked", snapshot->has_booked, snapshot->booked);
  write_money (out, ": available", snapshot->has_available, snapshot->available);
  g_string_append (out, "\n");
  write_rows (out, snapshot);
}

static char *
write_heard (Check *check)
{
  GString *out = g_string_new (NULL);
  const char *const *messages = koban_session_get_messages (check->session);

  for (guint i = 0; i < check->snapshots->len; i++)
    write_snapshot (out, check->snapshots->pdata[i]);
  for (; *messages != NULL; messages++)
    g_string_append_printf (out, "message: %s\n", *messages);
  if (check->error != NULL)
    g_string_append_printf (out, "ended: %s\n", check->error->message);
  return g_string_free (out, FALSE);
}

/* — the check — */

/* "bank-v3" is how “bank” speaks in that version. */
static char *
without_version (const char *name)
{
  const char *version = g_strrstr (name, "-v");
  const gboolean has_one = version != NULL && g_ascii_isdigit (version[2]);

  return has_one ? g_strndup (name, (gsize) (version - name)) : g_strdup (name);
}

/* One that is not packaged stands among its answers. */
static KobanProfile *
profile_of (const char *name)
{
  g_autofree char *path =
    g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", name, "profile.json", NULL);
  g_autoptr(GError) error = NULL;

  g_autofree char *packaged = without_version (name);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return load_profile (packaged);
  KobanProfile *profile = koban_profile_load_file (path, &error);
  g_assert_no_error (error);
  return profile;
}

/* "@PORT@" is the bank's own. */
static char *
with_port (const char *text, Bank *bank)
{
  g_autofree char *port = g_strdup_printf ("%u", bank->port);
  g_auto(GStrv) parts = g_strsplit (text, "@PORT@", -1);
  return g_strjoinv (port, parts);
}

/* What a person's sign-in has left in the keyring: signed-in.json. */
static KobanSecret *
signed_in (const char *name, Bank *bank)
{
  g_autofree char *file = g_strconcat (name, "/signed-in.json", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", file, NULL);
  g_autoptr(GError) error = NULL;
  KobanSecret *bundle = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  g_autofree char *text = load_answer (file);
  g_autoptr(KobanJson) json = koban_json_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  for (KobanJsonNode kept = koban_json_first (koban_json_root (json)); koban_json_exists (kept);
       kept = koban_json_next (kept))
    {
      g_autoptr(KobanSecret) before = bundle;
      g_autofree char *text_kept = with_port (koban_json_string (kept), bank);
      bundle = bundle_with (before, koban_json_name (kept), text_kept);
    }
  return bundle;
}

/* What this bank wants for a need that is no secret, instead of the example: fields.json. */
static char *
field_of (const char *name, const KobanNeed *need)
{
  g_autofree char *path =
    g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", name, "fields.json", NULL);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return g_strdup (need->example);
  g_autoptr(KobanJson) json = koban_json_parse (text, length, NULL);
  const char *field = koban_json_string (koban_json_member (koban_json_root (json), need->name));
  return g_strdup (field != NULL ? field : need->example);
}

static Check *
check_examples (const char *name, Bank *bank)
{
  g_autoptr(KobanProfile) profile = profile_of (name);
  g_autoptr(KobanSecret) secrets = signed_in (name, bank);
  g_autoptr(GStrvBuilder) fields = g_strv_builder_new ();
  g_autofree char *url = loopback_url (bank, "");
  GArray *needs = koban_profile_get_needs (profile);

  for (guint i = 0; i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);
      g_autoptr(KobanSecret) before = g_steal_pointer (&secrets);
      secrets = need->secret     ? bundle_with (before, need->name, need->example)
                : before != NULL ? koban_secret_ref (before)
                                 : NULL;
      g_autofree char *field = field_of (name, need);
      if (!need->secret)
        g_strv_builder_add_many (fields, need->name, field, NULL);
    }
  g_auto(GStrv) pairs = g_strv_builder_end (fields);
  return check_profile (profile, url, secrets, (const char *const *) pairs, NULL);
}

static void
say_what_was_asked (Bank *bank)
{
  for (guint i = 0; i < bank->heard->len; i++)
    g_test_message ("%.*s", (int) strcspn (heard (bank, i), "\r"), heard (bank, i));
}

/* A build that cannot sign says so, and hears nothing from a bank that wants it. */
static gboolean
can_sign_in (const char *name)
{
#ifdef KOBAN_SIGNING
  return TRUE;
#else
  g_autoptr(KobanProfile) profile = profile_of (name);
  const char *auth = koban_profile_get_auth (profile);
  return strstr (auth, "jwt") == NULL && strstr (auth, "body-signature") == NULL;
#endif
}

static void
test_answers (gconstpointer data)
{
  const char *name = data;
  if (!can_sign_in (name))
    {
      g_test_skip ("built without the option “signing”");
      return;
    }
  g_autoptr(KobanJson) requests = load_requests (name);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GArray) canned = read_canned (name, requests, files);
  g_autoptr(Bank) bank = bank_new ((const Canned *) (gpointer) canned->data);
  g_autoptr(Check) check = check_examples (name, bank);
  g_autofree char *file = g_strconcat (name, "/heard.txt", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", file, NULL);
  g_autofree char *expected = load_answer (file);

  run (check);
  say_what_was_asked (bank);
  g_autofree char *heard_text = write_heard (check);
  if (g_getenv ("KOBAN_HEARD") != NULL)
    g_assert_true (g_file_set_contents (path, heard_text, -1, NULL));
  else
    g_assert_cmpstr (heard_text, ==, expected);
}

/* Whence they are is said: published, composed or invented, and never recorded. */
static void
assert_said_whence (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "README.md", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (strstr (text, "omposed") != NULL || strstr (text, "From the examples") != NULL);
  g_assert_true (strstr (text, "sent them") != NULL || strstr (text, "sent it") != NULL);
}

/* Each packaged profile has answers: one folder of its name, or of its name and a version. */
static void
test_none_missing (void)
{
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  GPtrArray *list = koban_profiles_list (profiles);

  for (guint i = 0; i < list->len; i++)
    {
      const char *id = koban_profile_get_id (list->pdata[i]);
      g_autofree char *plain =
        g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", id, NULL);
      g_autofree char *versioned = g_strconcat (plain, "-v2", NULL);
      g_test_message ("%s", id);
      const gboolean is_plain = g_file_test (plain, G_FILE_TEST_IS_DIR);
      g_assert_true (is_plain || g_file_test (versioned, G_FILE_TEST_IS_DIR));
      assert_said_whence (is_plain ? plain : versioned);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
  g_autofree char *root = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests", "answers", NULL);
  g_autoptr(GDir) dir = g_dir_open (root, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_test_add_func ("/answers/none-missing", test_none_missing);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *requests = g_build_filename (root, name, "requests.json", NULL);
      g_autofree char *path = g_strconcat ("/answers/", name, NULL);
      if (!g_file_test (requests, G_FILE_TEST_EXISTS))
        continue;
      g_ptr_array_add (names, g_strdup (name));
      g_test_add_data_func (path, names->pdata[names->len - 1], test_answers);
    }
  return g_test_run ();
}
