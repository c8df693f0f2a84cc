/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A mail to the person: plain text, one thread an incident.
 */
#include "config.h"

#include "body.h"

static gboolean
pack (const KobanErrand *errand, KobanParcel *parcel, GError **error)
{
  const KobanChannelSettings *settings = errand->settings;
  const KobanMessage *message = errand->message;
  gboolean has_body = message->body != NULL && *message->body != '\0';

  if (settings->user != NULL)
    parcel->password = koban_errand_get_secret (errand, "mail_password", error);
  if (settings->user != NULL && parcel->password == NULL)
    return FALSE;
  parcel->mail = (KobanMail){
    .server = settings->server,
    .user = settings->user,
    .password = parcel->password,
    .from = settings->from,
    .to = settings->to,
    .subject = message->summary,
    .body = has_body ? message->body : message->summary,
    .id = errand->id,
    .thread = errand->thread,
    .at_us = message->at_us != 0 ? message->at_us : errand->now_us,
  };
  return TRUE;
}

const KobanBody koban_mail_body = { KOBAN_CHANNEL_MAIL, pack, NULL, TRUE };
