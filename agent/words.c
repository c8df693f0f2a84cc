/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is said of one delivery at one level of detail, and the few things that Koban says of itself.
 */
#include "config.h"

#include "words.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/phrase.h>

/* --- of alerts --------------------------------------------------------------------------------------------
 */

static gboolean
says_what_was_done (const KobanAlert *alert)
{
  return alert->kind == KOBAN_ALERT_LINK || alert->kind == KOBAN_ALERT_WITHDRAWAL;
}

static void
word_delivery (const KobanDelivery *delivery, KobanDetail detail, char **summary, char **body)
{
  static const KobanMany many[] = {
    [KOBAN_BUNDLE_STORM] = KOBAN_MANY_AT_ONCE,
    [KOBAN_BUNDLE_GAP] = KOBAN_MANY_GAP,
    [KOBAN_BUNDLE_DIGEST] = KOBAN_MANY_QUIET,
  };

  if (delivery->bundle != KOBAN_BUNDLE_NONE)
    {
      *summary = koban_phrase_many_summary (delivery->alerts, delivery->incidents, many[delivery->bundle],
                                            detail, delivery->code);
      *body = koban_phrase_many_body (delivery->alerts, delivery->incidents, many[delivery->bundle], detail,
                                      delivery->ownership);
      return;
    }
  *summary = koban_phrase_summary (delivery->alerts, detail, delivery->code);
  *body = koban_phrase_body_for (delivery->alerts, detail, delivery->account_name, delivery->ownership);
}

/* At the level none it is in the summary already. */
static void
add_code (KobanMessage *message, KobanChannelKind kind, KobanDetail detail)
{
  if (kind == KOBAN_CHANNEL_DESKTOP || detail == KOBAN_DETAIL_NONE)
    return;
  g_autofree char *body = g_steal_pointer (&message->body);
  message->body = g_strjoin ("\n", body, message->code, NULL);
}

KobanMessage *
koban_words_of_delivery (const KobanDelivery *delivery,
                         KobanChannelKind kind,
                         KobanDetail detail,
                         gint64 now_us)
{
  const KobanAlert *worst = delivery->alerts->pdata[0];
  KobanMessage *message = g_new0 (KobanMessage, 1);

  message->id = g_strdup (delivery->message_id);
  message->incident = g_strdup (delivery->incident);
  message->code = g_strdup (delivery->code);
  message->purpose = KOBAN_PURPOSE_ALERT;
  message->opened_us = delivery->opened_us;
  message->at_us = now_us;
  message->many = delivery->bundle != KOBAN_BUNDLE_NONE;
  message->ownership = delivery->ownership;
  word_delivery (delivery, detail, &message->summary, &message->body);
  if (kind == KOBAN_CHANNEL_DESKTOP && detail > KOBAN_DETAIL_MINIMAL)
    word_delivery (delivery, KOBAN_DETAIL_MINIMAL, &message->discreet_summary, &message->discreet_body);
  add_code (message, kind, detail);
  message->kind = worst->kind;
  message->severity = worst->severity;
  message->urgent = worst->severity >= KOBAN_SEVERITY_WARNING && says_what_was_done (worst);
  message->answerable = detail >= KOBAN_DETAIL_MINIMAL && says_what_was_done (worst) && !message->many;
  message->silent = delivery->silent;
  return message;
}

/* --- of Koban itself
 * ---------------------------------------------------------------------------------------- */

static KobanMessage *
message_of_koban (const char *incident, KobanPurpose purpose, const char *code, gint64 now_us)
{
  KobanMessage *message = g_new0 (KobanMessage, 1);

  message->id = g_strdup (code);
  message->incident = g_strdup (incident);
  message->code = g_strdup (code);
  message->purpose = purpose;
  message->at_us = now_us;
  message->kind = KOBAN_ALERT_FRESHNESS;
  message->severity = KOBAN_SEVERITY_NOTICE;
  return message;
}

KobanMessage *
koban_words_of_test (const char *code, gint64 now_us)
{
  KobanMessage *message = message_of_koban (KOBAN_WORDS_TEST, KOBAN_PURPOSE_TEST, code, now_us);

  /* TRANSLATORS: %s is a short code such as K-7F3A-9Q2M */
  message->summary = g_strdup_printf (_("Koban: this is a test (%s)"), code);
  message->body =
    g_strdup (_("This is how Koban tells you that something happened. Nothing has happened now."));
  return message;
}

KobanMessage *
koban_words_of_watch (const char *code, gint64 delay_us, gint64 now_us)
{
  KobanMessage *message = message_of_koban (KOBAN_WORDS_WATCH, KOBAN_PURPOSE_WATCH, code, now_us);
  gulong hours = (gulong) (delay_us / KOBAN_HOUR_US);

  message->delay_us = delay_us;
  message->silent = delay_us == 0;
  if (delay_us == 0)
    {
      message->summary = g_strdup_printf (_("Koban is still watching (%s)"), code);
      message->body = g_strdup (_("It says so once a week. This is not an all-clear."));
      return message;
    }
  message->severity = KOBAN_SEVERITY_WARNING;
  message->summary =
    g_strdup_printf (ngettext ("Koban has not looked at your accounts for %lu hour (%s)",
                               "Koban has not looked at your accounts for %lu hours (%s)", hours),
                     hours, code);
  message->body =
    g_strdup (_("Your computer may be off, or without a network. Until it is on again nobody watches."));
  return message;
}

KobanMessage *
koban_words_of_blindness (const char *incident, const char *why, KobanDetail detail, gint64 now_us)
{
  KobanMessage *message = message_of_koban (incident, KOBAN_PURPOSE_ALERT, NULL, now_us);
  const char *what =
    _("Koban does not ask the banks until it can keep what they say. This is not an all-clear.");

  message->severity = KOBAN_SEVERITY_CRITICAL;
  message->urgent = TRUE;
  message->many = TRUE;
  message->summary = g_strdup (_("Koban cannot watch: it has no room to write"));
  message->body = detail >= KOBAN_DETAIL_FULL ? g_strdup_printf ("%s %s", why, what) : g_strdup (what);
  return message;
}

KobanSaid
koban_words_said (const KobanMessage *message, const char *channel)
{
  static const char *const purposes[] = {
    [KOBAN_PURPOSE_ALERT] = KOBAN_SAID_ALERT,
    [KOBAN_PURPOSE_TEST] = KOBAN_SAID_TEST,
    [KOBAN_PURPOSE_WATCH] = KOBAN_SAID_WATCH,
  };

  return (KobanSaid){ .id = message->id,
                      .channel = channel,
                      .code = message->code,
                      .purpose = purposes[message->purpose],
                      .summary = message->summary,
                      .body = message->body };
}
