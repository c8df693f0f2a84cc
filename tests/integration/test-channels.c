/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channels that leave the device, against the other ends of tests/sandbox/phone.py: what is taken
 * there, what each refusal means here, and that neither a stranger's certificate nor a redirect, a slow
 * server or a log gets anything.
 */
#include "config.h"

#include "channel/remote.h"
#include "fake-clock.h"
#include "fake-vault.h"
#include "wire/http-private.h"
#include "wire/json-reader.h"

#include <koban/date.h>
#include <koban/error.h>

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define GOTIFY_KEY "AthrowawayKey.1"
#define NTFY_TOKEN "tk_thisisathrowawaytoken000000000"
#define MAIL_PASSWORD "a throw-away password ü"
#define WEBHOOK_KEY "whsec_YSB0aHJvdy1hd2F5IGtleSBvZiAzMiBieXRlcyAuLi4="
#define OLD_WEBHOOK_KEY "whsec_dGhlIHRocm93LWF3YXkga2V5IGJlZm9yZSB0aGF0Li4="
#define TOPIC "koban-0123456789abcdef0123456789abcdef"

static struct
{
  GSubprocess *process;
  char *directory;
  GHashTable *ports; /* name -> "port" */
} phone;

static GString *logged; /* everything that was logged, at whatever level */

typedef struct
{
  KobanFakeClock *clock;
  KobanFakeVault *vault;
  KobanHttp *http;
} Desk;

static void
desk_set_up (Desk *desk, gconstpointer data)
{
  desk->clock = koban_fake_clock_new (g_get_real_time ());
  desk->vault = koban_fake_vault_new ();
  desk->http = koban_http_new ("koban/test");
  koban_http_set_patience (desk->http,
                           (KobanHttpPatience){ .connect_ms = 5000, .total_ms = 5000, .slow_s = 5 });
  g_autofree char *received = g_build_filename (phone.directory, "received", NULL);
  g_assert_true (g_file_set_contents (received, "", 0, NULL));
}

static void
desk_tear_down (Desk *desk, gconstpointer data)
{
  static const char *const secrets[] = { GOTIFY_KEY, NTFY_TOKEN, MAIL_PASSWORD, TOPIC,
                                         &WEBHOOK_KEY[strlen ("whsec_")] };

  while (G_OBJECT (desk->http)->ref_count > 1) /* what was taken back is answered */
    g_main_context_iteration (NULL, TRUE);
  g_assert_finalize_object (desk->http);
  g_assert_finalize_object (desk->vault);
  g_assert_finalize_object (desk->clock);
  for (gsize i = 0; i < G_N_ELEMENTS (secrets); i++)
    g_assert_null (strstr (logged->str, secrets[i]));
}

/* ---- given ---- */

/* Our own CI has it, and fails without. */
static gboolean
has_mail (void)
{
  gboolean has = g_hash_table_contains (phone.ports, "smtps");

  g_assert_true (has || g_strcmp0 (g_getenv ("CI"), "true") != 0);
  if (!has)
    g_test_skip ("python3-aiosmtpd is not installed");
  return has;
}

static char *
url_of (const char *scheme, const char *service, const char *path)
{
  return g_strdup_printf ("%s://127.0.0.1:%s%s", scheme, (char *) g_hash_table_lookup (phone.ports, service),
                          path);
}

static void
put_secret (Desk *desk, const char *id, const char *name, const char *value)
{
  g_autoptr(KobanSecret) secret = koban_secret_new (value, -1);
  g_autoptr(KobanSecret) bundle = koban_secret_bundle_with (NULL, name, secret);

  koban_fake_vault_put (desk->vault, KOBAN_SECRET_CHANNEL, id, koban_secret_peek (bundle, NULL));
}

static const struct
{
  KobanChannelKind kind;
  const char *scheme, *service, *secret, *value;
} kinds[] = {
  { KOBAN_CHANNEL_NTFY, "https", "ntfy", "topic", TOPIC },
  { KOBAN_CHANNEL_GOTIFY, "https", "gotify", "gotify_key", GOTIFY_KEY },
  { KOBAN_CHANNEL_WEBHOOK, "https", "webhook", "webhook_key", WEBHOOK_KEY },
  { KOBAN_CHANNEL_MAIL, "smtps", "smtps", "mail_password", MAIL_PASSWORD },
  { KOBAN_CHANNEL_MAIL, "smtp", "starttls", "mail_password", MAIL_PASSWORD },
};

static gsize
n_kinds (void)
{
  return has_mail () ? G_N_ELEMENTS (kinds) : 3;
}

static KobanChannelSettings *
settings_for (gsize kind, const char *path)
{
  KobanChannelSettings *settings = koban_channel_settings_new ("phone", kinds[kind].kind);

  settings->server = url_of (kinds[kind].scheme, kinds[kind].service, path);
  settings->ca_file = g_build_filename (phone.directory, "ca.pem", NULL);
  settings->secret = g_strdup ("s1");
  settings->detail = KOBAN_DETAIL_NONE;
  if (kinds[kind].kind == KOBAN_CHANNEL_MAIL)
    {
      settings->from = g_strdup ("koban@example.org");
      settings->to = g_strdup ("person@example.org");
      settings->user = g_strdup ("person@example.org");
    }
  return settings;
}

static KobanChannel *
open_channel (Desk *desk, gsize kind, const char *path)
{
  g_autoptr(KobanChannelSettings) settings = settings_for (kind, path);

  put_secret (desk, "s1", kinds[kind].secret, kinds[kind].value);
  return KOBAN_CHANNEL (
    koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));
}

static const KobanMessage thin = {
  .id = (char *) "o17",
  .incident = (char *) "i2",
  .code = (char *) "K-7F3A-9Q2M",
  .summary = (char *) "Koban: look at your account (K-7F3A-9Q2M)",
  .body = (char *) "",
  .kind = KOBAN_ALERT_LINK,
  .severity = KOBAN_SEVERITY_CRITICAL,
  .urgent = TRUE,
};

/* ---- when ---- */

typedef struct
{
  gboolean done, taken;
  GError *error;
} Shown;

static void
on_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shown *shown = user_data;

  shown->taken = koban_channel_show_finish (KOBAN_CHANNEL (source), result, &shown->error);
  shown->done = TRUE;
}

static Shown
show (KobanChannel *channel, const KobanMessage *message)
{
  Shown shown = { 0 };

  koban_channel_show_async (channel, message, NULL, on_shown, &shown);
  while (!shown.done)
    g_main_context_iteration (NULL, TRUE);
  return shown;
}

static void
show_well (KobanChannel *channel, const KobanMessage *message)
{
  Shown shown = show (channel, message);

  g_assert_no_error (shown.error);
  g_assert_true (shown.taken);
}

static void
show_ill (KobanChannel *channel, const KobanMessage *message, KobanError code)
{
  Shown shown = show (channel, message);

  g_assert_error (shown.error, KOBAN_ERROR, (int) code);
  g_assert_true (g_str_has_prefix (shown.error->message, "phone: "));
  g_clear_error (&shown.error);
}

/* ---- then ---- */

/* What the other ends took and refused, one JSON object a line. */
static char *
received (void)
{
  g_autofree char *path = g_build_filename (phone.directory, "received", NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static guint
count_of (const char *text, const char *what)
{
  guint n = 0;

  for (const char *at = strstr (text, what); at != NULL; at = strstr (at + 1, what))
    n++;
  return n;
}

/* The text of one member of the last thing that was received. (transfer full) (nullable) */
static char *
last (const char *pointer)
{
  g_autofree char *text = received ();
  g_auto(GStrv) lines = g_strsplit (g_strstrip (text), "\n", -1);
  guint n = g_strv_length (lines);

  g_assert_cmpuint (n, >, 0);
  g_autoptr(KobanJson) json = koban_json_parse (lines[n - 1], strlen (lines[n - 1]), NULL);
  return g_strdup (koban_json_text (koban_json_at (koban_json_root (json), pointer)));
}

static void
assert_last (const char *pointer, const char *text)
{
  g_autofree char *found = last (pointer);

  g_assert_cmpstr (found, ==, text);
}

/* ---- tests ---- */

static void
test_thin (Desk *desk, gconstpointer data)
{
  for (gsize i = 0; i < n_kinds (); i++)
    {
      g_autoptr(KobanChannel) channel = open_channel (desk, i, "");

      show_well (channel, &thin);
      g_autofree char *all = received ();
      g_assert_nonnull (strstr (all, "K-7F3A-9Q2M"));
      g_assert_null (strstr (all, "\"i2\"")); /* our own ids mean nothing to others */
      g_assert_null (strstr (all, "refused"));
      g_assert_null (strstr (all, "link"));
    }
}

static void
test_ntfy (Desk *desk, gconstpointer data)
{
  static const struct
  {
    KobanSeverity severity;
    KobanPurpose purpose;
    gboolean silent, many;
    const char *priority, *gotify;
  } rows[] = {
    { KOBAN_SEVERITY_CRITICAL, KOBAN_PURPOSE_ALERT, FALSE, FALSE, "5", "8" },
    { KOBAN_SEVERITY_CRITICAL, KOBAN_PURPOSE_ALERT, TRUE, FALSE, "2", "2" },
    { KOBAN_SEVERITY_CRITICAL, KOBAN_PURPOSE_ALERT, FALSE, TRUE, "5", "8" },
    { KOBAN_SEVERITY_WARNING, KOBAN_PURPOSE_ALERT, FALSE, FALSE, "4", "5" },
    { KOBAN_SEVERITY_NOTICE, KOBAN_PURPOSE_ALERT, FALSE, FALSE, "3", "4" },
    { KOBAN_SEVERITY_NOTICE, KOBAN_PURPOSE_ALERT, FALSE, TRUE, "2", "2" },
    { KOBAN_SEVERITY_NOTICE, KOBAN_PURPOSE_TEST, FALSE, FALSE, "5", "8" },
    { KOBAN_SEVERITY_NOTICE, KOBAN_PURPOSE_WATCH, FALSE, FALSE, "1", "1" },
  };
  g_autoptr(KobanChannel) ntfy = open_channel (desk, 0, "");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KobanMessage message = thin;

      message.severity = rows[i].severity;
      message.purpose = rows[i].purpose;
      message.silent = rows[i].silent;
      message.many = rows[i].many;
      show_well (ntfy, &message);
      assert_last ("/value/priority", rows[i].priority);
    }
  assert_last ("/value/title", "Koban");
  assert_last ("/value/message", thin.summary);
  g_autoptr(KobanChannel) gotify = open_channel (desk, 1, "");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KobanMessage message = thin;

      message.severity = rows[i].severity;
      message.purpose = rows[i].purpose;
      message.silent = rows[i].silent;
      message.many = rows[i].many;
      show_well (gotify, &message);
      assert_last ("/value/priority", rows[i].gotify);
    }
  assert_last ("/value/extras/client::display/contentType", "text/plain");
}

static void
test_locked_topic (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannel) channel = open_channel (desk, 0, "");

  put_secret (desk, "s1", "topic", "koban-locked");
  show_ill (channel, &thin, KOBAN_ERROR_NEEDS_SIGN_IN);
  g_autoptr(KobanSecret) token = koban_secret_new (NTFY_TOKEN, -1);
  g_autoptr(KobanSecret) bundle = koban_secret_bundle_with (
    koban_fake_vault_peek (desk->vault, KOBAN_SECRET_CHANNEL, "s1"), "ntfy_token", token);
  koban_fake_vault_put (desk->vault, KOBAN_SECRET_CHANNEL, "s1", koban_secret_peek (bundle, NULL));
  show_well (channel, &thin);
}

/* Whatever the length, a message is a message and no file; and it is cut between characters. */
static void
test_long (Desk *desk, gconstpointer data)
{
  g_autoptr(GString) body = g_string_new (NULL);
  KobanMessage message = thin;

  for (guint i = 0; i < 5000; i++)
    g_string_append (body, "口座");
  message.body = body->str;
  for (gsize i = 0; i < n_kinds (); i++)
    {
      g_autoptr(KobanChannel) channel = open_channel (desk, i, "");

      show_well (channel, &message);
    }
  g_autofree char *all = received ();
  g_assert_null (strstr (all, "refused"));
}

static void
test_repeat (Desk *desk, gconstpointer data)
{
  static const char *const ids[] = { "/value/sequence_id", NULL, "/value/webhook_id" };
  KobanMessage other = thin;

  other.id = (char *) "o18";
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      if (ids[i] == NULL)
        continue;
      g_autoptr(KobanChannel) channel = open_channel (desk, i, "");
      show_well (channel, &thin);
      g_autofree char *first = last (ids[i]);
      koban_fake_clock_advance (desk->clock, KOBAN_MINUTE_US);
      show_well (channel, &thin);
      g_autofree char *again = last (ids[i]);
      show_well (channel, &other);
      g_autofree char *another = last (ids[i]);

      g_assert_cmpstr (first, ==, again);
      g_assert_cmpstr (first, !=, another);
    }
}

static char *
header_of (const char *mail, const char *name)
{
  g_autofree char *pattern = g_strdup_printf ("^%s: (.*)\r$", name);
  g_autoptr(GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr(GMatchInfo) match = NULL;

  g_assert_true (g_regex_match (regex, mail, 0, &match));
  return g_match_info_fetch (match, 1);
}

static void
test_mail_thread (Desk *desk, gconstpointer data)
{
  if (!has_mail ())
    return;
  g_autoptr(KobanChannel) channel = open_channel (desk, 3, "");
  KobanMessage later = thin, other = thin;

  later.id = (char *) "o18";
  other.id = (char *) "o19";
  other.code = (char *) "K-1111-2222";
  const KobanMessage *messages[] = { &thin, &thin, &later, &other };
  char *ids[4], *threads[4];
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      show_well (channel, messages[i]);
      g_autofree char *mail = last ("/value/text");
      g_autofree char *references = header_of (mail, "References");
      ids[i] = header_of (mail, "Message-ID");
      threads[i] = header_of (mail, "In-Reply-To");
      g_assert_cmpstr (references, ==, threads[i]);
      g_autofree char *automatic = header_of (mail, "Auto-Submitted");
      g_assert_cmpstr (automatic, ==, "auto-generated");
    }
  assert_last ("/value/ehlo", "[127.0.0.1]");
  g_assert_cmpstr (ids[0], ==, ids[1]);
  g_assert_cmpstr (ids[0], !=, ids[2]);
  g_assert_cmpstr (threads[0], ==, threads[2]);
  g_assert_cmpstr (threads[0], !=, threads[3]);
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_free (ids[i]);
      g_free (threads[i]);
    }
}

static void
test_mail_refusals (Desk *desk, gconstpointer data)
{
  static const struct
  {
    const char *to, *service, *scheme, *password;
    KobanError code;
  } rows[] = {
    { "nobody@example.org", "smtps", "smtps", MAIL_PASSWORD, KOBAN_ERROR_FAILED },
    { "later@example.org", "smtps", "smtps", MAIL_PASSWORD, KOBAN_ERROR_OFFLINE },
    { "person@example.org", "smtps", "smtps", "wrong", KOBAN_ERROR_NEEDS_SIGN_IN },
    { "person@example.org", "starttls", "smtp", "wrong", KOBAN_ERROR_NEEDS_SIGN_IN },
    /* The server takes anybody's mail in the clear: Koban gives it none. */
    { "person@example.org", "notls", "smtp", MAIL_PASSWORD, KOBAN_ERROR_UNTRUSTED },
    { "person@example.org\r\nRCPT TO:<x@y>", "smtps", "smtps", MAIL_PASSWORD, KOBAN_ERROR_INVALID },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows) && has_mail (); i++)
    {
      g_autoptr(KobanChannelSettings) settings = settings_for (3, "");
      g_autofree char *server = url_of (rows[i].scheme, rows[i].service, "");
      g_free (settings->to);
      settings->to = g_strdup (rows[i].to);
      g_free (settings->server);
      settings->server = g_steal_pointer (&server);
      put_secret (desk, "s1", "mail_password", rows[i].password);
      g_autoptr(KobanChannel) channel = KOBAN_CHANNEL (
        koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));

      show_ill (channel, &thin, rows[i].code);
    }
  g_autofree char *all = received ();
  g_assert_cmpstr (all, ==, "");
}

static void
test_strangers (Desk *desk, gconstpointer data)
{
  for (gsize i = 0; i < n_kinds (); i++)
    {
      g_autoptr(KobanChannelSettings) settings = settings_for (i, "");

      g_free (settings->ca_file);
      settings->ca_file = g_build_filename (phone.directory, "stranger/ca.pem", NULL);
      put_secret (desk, "s1", kinds[i].secret, kinds[i].value);
      g_autoptr(KobanChannel) channel = KOBAN_CHANNEL (
        koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));
      show_ill (channel, &thin, KOBAN_ERROR_UNTRUSTED);
      g_free (settings->ca_file);
      settings->ca_file = g_strdup ("nowhere.pem");
      g_autoptr(KobanChannel) lost = KOBAN_CHANNEL (
        koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));
      show_ill (lost, &thin, KOBAN_ERROR_UNTRUSTED);
      g_assert_false (koban_remote_check (settings, NULL));
    }
  g_autofree char *all = received ();
  g_assert_cmpstr (all, ==, "");
}

static void
test_answers (Desk *desk, gconstpointer data)
{
  static const struct
  {
    const char *path;
    KobanError code;
    gint64 retry_s;
  } rows[] = {
    { "/redirect", KOBAN_ERROR_UNTRUSTED, 0 },        { "/status-401", KOBAN_ERROR_NEEDS_SIGN_IN, 77 },
    { "/status-403", KOBAN_ERROR_NEEDS_SIGN_IN, 77 }, { "/status-404", KOBAN_ERROR_FAILED, 77 },
    { "/status-413", KOBAN_ERROR_INVALID, 77 },       { "/status-429", KOBAN_ERROR_RATE_LIMITED, 77 },
    { "/status-500", KOBAN_ERROR_OFFLINE, 77 },       { "/status-503", KOBAN_ERROR_RATE_LIMITED, 77 },
    { "/status-410", KOBAN_ERROR_UNSUPPORTED, 77 },   { "/status-204", KOBAN_ERROR_FAILED, 0 },
  };

  for (gsize kind = 0; kind < 3; kind++)
    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
      {
        g_autoptr(KobanChannel) channel = open_channel (desk, kind, rows[i].path);

        if (g_str_has_suffix (rows[i].path, "204"))
          show_well (channel, &thin);
        else
          show_ill (channel, &thin, rows[i].code);
        g_assert_cmpint (koban_channel_get_retry_s (channel), ==, rows[i].retry_s);
        g_assert_cmpint (koban_channel_get_available (channel), ==, rows[i].code != KOBAN_ERROR_UNSUPPORTED);
      }
  g_autofree char *all = received ();
  g_assert_null (strstr (all, "\"service\": \"ntfy\", \"value\": {\"topic\"")); /* the redirect led nowhere */
}

static void
test_gone (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannel) channel = open_channel (desk, 2, "/status-410");

  show_ill (channel, &thin, KOBAN_ERROR_UNSUPPORTED);
  show_ill (channel, &thin, KOBAN_ERROR_UNSUPPORTED);
  g_autofree char *all = received ();
  g_assert_cmpuint (count_of (all, "410"), ==, 1);
}

static void
wait_until_asked (void)
{
  for (gboolean asked = FALSE; !asked;)
    {
      g_autofree char *all = received ();
      asked = strstr (all, "asked") != NULL;
      g_main_context_iteration (NULL, FALSE);
    }
}

/* The slow one ends by the clock, and keeps nobody waiting meanwhile. */
static void
test_slow (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannel) slow = open_channel (desk, 0, "/slow");
  Shown waiting = { 0 };

  koban_http_set_patience (desk->http,
                           (KobanHttpPatience){ .connect_ms = 1500, .total_ms = 1500, .slow_s = 1 });
  koban_channel_show_async (slow, &thin, NULL, on_shown, &waiting);
  wait_until_asked ();
  koban_http_set_patience (desk->http,
                           (KobanHttpPatience){ .connect_ms = 5000, .total_ms = 5000, .slow_s = 5 });
  g_autoptr(KobanChannel) quick = open_channel (desk, 1, "");
  show_well (quick, &thin);
  g_assert_false (waiting.done);
  while (!waiting.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (waiting.error, KOBAN_ERROR, KOBAN_ERROR_OFFLINE);
  g_clear_error (&waiting.error);
}

static void
test_rotation (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannelSettings) settings = settings_for (2, "");

  settings->old_secret = g_strdup ("s0");
  settings->old_until_us = koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock)) + KOBAN_MINUTE_US;
  put_secret (desk, "s0", "webhook_key", OLD_WEBHOOK_KEY);
  put_secret (desk, "s1", "webhook_key", WEBHOOK_KEY);
  g_autoptr(KobanChannel) channel = KOBAN_CHANNEL (
    koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));
  show_well (channel, &thin);
  assert_last ("/value/keys/0", WEBHOOK_KEY);
  assert_last ("/value/keys/1", OLD_WEBHOOK_KEY);
  koban_fake_clock_advance (desk->clock, KOBAN_MINUTE_US);
  show_well (channel, &thin);
  assert_last ("/value/signatures", "1");
  put_secret (desk, "s1", "webhook_key", "whsec_c2hvcnQ=");
  show_ill (channel, &thin, KOBAN_ERROR_NEEDS_SIGN_IN);
}

static void
test_keyring (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannel) channel = open_channel (desk, 0, "");
  g_autoptr(KobanChannelSettings) settings = settings_for (0, "");

  koban_fake_vault_set_state (desk->vault, KOBAN_FAKE_VAULT_LOCKED);
  show_ill (channel, &thin, KOBAN_ERROR_LOCKED);
  koban_fake_vault_set_state (desk->vault, KOBAN_FAKE_VAULT_OPEN);
  show_well (channel, &thin);
  g_free (settings->secret);
  settings->secret = g_strdup ("nowhere");
  g_autoptr(KobanChannel) lost = KOBAN_CHANNEL (
    koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));
  show_ill (lost, &thin, KOBAN_ERROR_NEEDS_SIGN_IN);
}

static void
test_schedule (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannel) channel = open_channel (desk, 0, "");
  KobanMessage dead = thin;

  dead.purpose = KOBAN_PURPOSE_WATCH;
  dead.incident = (char *) "watch";
  dead.delay_us = 6 * KOBAN_HOUR_US;
  g_assert_true (koban_channel_can_schedule (channel));
  show_well (channel, &dead);
  g_autofree char *first = last ("/value/sequence_id");
  dead.code = (char *) "K-2222-3333";
  show_well (channel, &dead);
  assert_last ("/value/sequence_id", first); /* it replaces the one before */
  koban_channel_withdraw (channel, "watch");
  koban_channel_withdraw (channel, "i2");
  while (TRUE)
    {
      g_autofree char *all = received ();
      if (count_of (all, "message_delete") == 2) /* one asked whether it can */
        break;
      g_main_context_iteration (NULL, FALSE);
    }
  assert_last ("/value/sequence_id", first);
}

/* One that could not take a false alarm back is not asked to keep one. */
static void
test_too_old (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannel) channel = open_channel (desk, 0, "/old");
  KobanMessage dead = thin;

  dead.purpose = KOBAN_PURPOSE_WATCH;
  dead.delay_us = 6 * KOBAN_HOUR_US;
  show_ill (channel, &dead, KOBAN_ERROR_FAILED);
  g_assert_false (koban_channel_can_schedule (channel));
  show_ill (channel, &dead, KOBAN_ERROR_INVALID);
  show_well (channel, &thin);
  g_autofree char *all = received ();
  g_assert_null (strstr (all, "delay"));
}

static void
test_detail_lapses (Desk *desk, gconstpointer data)
{
  g_autoptr(KobanChannelSettings) settings = settings_for (0, "");

  settings->detail = KOBAN_DETAIL_FULL;
  settings->full_since_us = koban_clock_get_wall_us (KOBAN_CLOCK (desk->clock));
  g_autoptr(KobanChannel) channel = KOBAN_CHANNEL (
    koban_remote_new (settings, KOBAN_CLOCK (desk->clock), KOBAN_VAULT (desk->vault), desk->http));
  koban_fake_clock_advance (desk->clock, 90 * KOBAN_DAY_US - 1);
  g_assert_cmpint (koban_channel_get_detail (channel), ==, KOBAN_DETAIL_FULL);
  koban_fake_clock_advance (desk->clock, 1);
  g_assert_cmpint (koban_channel_get_detail (channel), ==, KOBAN_DETAIL_NONE);
}

/* ---- the frame ---- */

static void
phone_start (void)
{
  g_autofree char *script = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "tests/sandbox/phone.py", NULL);
  g_autoptr(GError) error = NULL;

  phone.directory = g_dir_make_tmp ("koban-phone-XXXXXX", NULL);
  phone.process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                      G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                    &error, "/usr/bin/python3", script, phone.directory, NULL);
  g_assert_no_error (error);
  phone.ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GDataInputStream) lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (phone.process));
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
      g_assert_nonnull (line);
      if (*line == '\0')
        break;
      g_auto(GStrv) words = g_strsplit (line, " ", 2);
      g_hash_table_insert (phone.ports, g_strdup (words[0]), g_strdup (words[1]));
    }
}

static void
phone_stop (void)
{
  const char *const remove[] = { "rm", "-rf", phone.directory, NULL };

  g_output_stream_close (g_subprocess_get_stdin_pipe (phone.process), NULL, NULL);
  g_subprocess_wait (phone.process, NULL, NULL);
  g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_clear_object (&phone.process);
  g_hash_table_unref (phone.ports);
  g_free (phone.directory);
}

static GLogWriterOutput
keep_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (logged, "%s\n", (const char *) fields[i].value);
  return (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0
           ? g_log_writer_default (level, fields, n_fields, user_data)
           : G_LOG_WRITER_HANDLED;
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Desk *desk, gconstpointer data);
  } tests[] = {
    { "/channels/thin", test_thin },
    { "/channels/volumes", test_ntfy },
    { "/channels/locked-topic", test_locked_topic },
    { "/channels/long", test_long },
    { "/channels/repeat", test_repeat },
    { "/channels/mail-thread", test_mail_thread },
    { "/channels/mail-refusals", test_mail_refusals },
    { "/channels/strangers", test_strangers },
    { "/channels/answers", test_answers },
    { "/channels/gone", test_gone },
    { "/channels/slow", test_slow },
    { "/channels/rotation", test_rotation },
    { "/channels/keyring", test_keyring },
    { "/channels/schedule", test_schedule },
    { "/channels/too-old", test_too_old },
    { "/channels/detail-lapses", test_detail_lapses },
  };

  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
  logged = g_string_new (NULL);
  g_log_set_writer_func (keep_log, NULL, NULL);
  phone_start ();
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Desk, NULL, desk_set_up, tests[i].run, desk_tear_down);
  int status = g_test_run ();
  phone_stop ();
  g_string_free (logged, TRUE);
  return status;
}
