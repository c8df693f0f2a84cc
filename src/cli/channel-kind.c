/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of channel as a table, their secrets, and how each is set up on the other side.
 */
#include "config.h"

#include "cli/channel-kind.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>
#include <sys/random.h>

#define TOPIC_BYTES 16 /* 128 bits: nobody finds it by trying */
#define KEY_BYTES 32
#define KEY_MIN 24
#define KEY_MAX 64
#define KEY_PREFIX "whsec_"

static const KobanChannelKindRow kinds[] = {
  { KOBAN_CHANNEL_NTFY, NULL, NULL, NULL, NULL, "topic", "ntfy_token", TRUE,
    N_("Let it ring at night, too. Android: ntfy → Settings → Channel settings → “Max priority” → Override "
        "Do Not "
        "Disturb; and allow the app to run in the background (battery: unrestricted), or the message comes "
        "late. iPhone: "
        "Settings → Focus → Do Not Disturb → Apps → add ntfy, and Settings → Notifications → ntfy → allow "
        "sounds and "
        "the lock screen.") },
  { KOBAN_CHANNEL_GOTIFY, N_("Address of your Gotify server (https://…)"), NULL, NULL, NULL, "gotify_key",
    NULL, FALSE,
    N_("Let it ring at night, too. Android: Settings → Notifications → Gotify → “High priority messages” → "
        "Override Do "
        "Not Disturb; and battery: unrestricted.") },
  { KOBAN_CHANNEL_MAIL, N_("Server that takes your mail (smtps://host or smtp://host)"),
    N_("To which address"), N_("From which address"), N_("Name to sign in with (often the address)"),
    "mail_password", NULL, FALSE,
    N_("Put the sender into your address book, so that no mail of Koban is taken for junk. Koban's mails "
        "carry no link "
        "and no telephone number; one that does is not from Koban.") },
  { KOBAN_CHANNEL_WEBHOOK, N_("Address that takes the messages (https://…)"), NULL, NULL, NULL,
    "webhook_key", NULL, TRUE,
    N_("Let the other side verify the signature (Standard Webhooks), and take a message with a known "
        "webhook-id only "
        "once.") },
};

const KobanChannelKindRow *
koban_channel_kind_row (KobanChannelKind kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].kind == kind)
      return &kinds[i];
  return NULL;
}

static void
add_need (GArray *needs, const char *name)
{
  const KobanNeed need = { .name = name, .label = name, .secret = TRUE };

  g_array_append_val (needs, need);
}

GArray *
koban_channel_kind_needs (const KobanChannelKindRow *row, gboolean only_asked)
{
  GArray *needs = g_array_new (FALSE, FALSE, sizeof (KobanNeed));

  if (!only_asked || !row->is_made)
    add_need (needs, row->secret);
  if (!only_asked && row->other_secret != NULL)
    add_need (needs, row->other_secret);
  return needs;
}

/* ---- secrets ---- */

static void
fill_random (guint8 *bytes, gsize length)
{
  for (gsize n = 0; n < length;)
    {
      gssize got = getrandom (bytes + n, length - n, 0);

      n += got > 0 ? (gsize) got : 0;
    }
}

static char *
make_topic (const guint8 *bytes)
{
  GString *topic = g_string_new ("koban-");

  for (gsize i = 0; i < TOPIC_BYTES; i++)
    g_string_append_printf (topic, "%02x", bytes[i]);
  return g_string_free (topic, FALSE);
}

static char *
make_key (const guint8 *bytes)
{
  char *encoded = g_base64_encode (bytes, KEY_BYTES);
  char *key = g_strconcat (KEY_PREFIX, encoded, NULL);

  koban_secret_wipe (encoded);
  return key;
}

KobanSecret *
koban_channel_kind_make_secret (const KobanChannelKindRow *row)
{
  guint8 bytes[KEY_BYTES];
  char *text;
  KobanSecret *secret;

  fill_random (bytes, sizeof bytes);
  text = row->kind == KOBAN_CHANNEL_NTFY ? make_topic (bytes) : make_key (bytes);
  secret = koban_secret_new (text, -1);
  koban_secret_wipe (text);
  explicit_bzero (bytes, sizeof bytes);
  return secret;
}

static gboolean
is_topic (const char *text)
{
  return strlen (text) >= 16 && strlen (text) <= 64 &&
         text[strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static gboolean
is_key (const char *text)
{
  gsize length = 0;
  guchar *key =
    g_str_has_prefix (text, KEY_PREFIX) ? g_base64_decode (text + strlen (KEY_PREFIX), &length) : NULL;

  if (key != NULL)
    explicit_bzero (key, length);
  g_free (key);
  return length >= KEY_MIN && length <= KEY_MAX;
}

gboolean
koban_channel_kind_check_secret (const KobanChannelKindRow *row, KobanSecret *secret, GError **error)
{
  const char *text = koban_secret_peek (secret, NULL);
  const char *why = NULL;

  if (strpbrk (text, "\r\n") != NULL)
    why = _("it is more than one line");
  else if (row->kind == KOBAN_CHANNEL_NTFY && !is_topic (text))
    why = _("a topic is 16 to 64 letters, digits, “-” and “_”; whoever can guess it reads along");
  else if (row->kind == KOBAN_CHANNEL_WEBHOOK && !is_key (text))
    why = _("a key is “whsec_” and 24 to 64 bytes in base64");
  if (why != NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s: %s", row->secret, why);
  return why == NULL;
}
