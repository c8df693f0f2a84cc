/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ntfy, by its JSON form: posted to the server's root, so that the topic stands in no address and
 * no text needs the encoding of a header. No click, no action, no attachment: a message of Koban
 * carries no link. What is scheduled is replaced and taken back by its sequence id (ntfy 2.16).
 */
#include "config.h"

#include "body.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <string.h>

#define TEXT_MAX 4000 /* bytes; beyond 4,096 the server makes a file of it */
#define TITLE_MAX 250
#define DELAY_MIN_US (20 * KOBAN_SECOND_US) /* the server takes ten seconds to three days */
#define DELAY_MAX_US (3 * KOBAN_DAY_US - KOBAN_HOUR_US)

static const int priorities[KOBAN_N_VOLUMES] = { 5, 4, 3, 2, 1 };

static const char *
server_of (const KobanErrand *errand)
{
  return errand->settings->server != NULL ? errand->settings->server : KOBAN_NTFY_SERVER;
}

/* A free topic has no other lock; one on a server of one's own may have. */
static void
add_token (const KobanErrand *errand, KobanParcel *parcel)
{
  g_autoptr(KobanSecret) token = koban_secret_bundle_lookup (errand->secret, "ntfy_token");

  if (token != NULL)
    koban_parcel_add_secret_header (parcel, "Authorization: Bearer ", token);
}

/* The title is the summary, unless that is all there is: then it is the message, since the apps show an
 * empty one as "triggered", and a message without a title under the topic's name. */
static void
insert_texts (const KobanErrand *errand, GVariantDict *object)
{
  const KobanMessage *message = errand->message;
  gboolean has_body = message->body != NULL && *message->body != '\0';
  g_autofree char *text = koban_errand_get_text (errand, TEXT_MAX);
  g_autofree char *title =
    g_utf8_substring (message->summary, 0, MIN (g_utf8_strlen (message->summary, -1), TITLE_MAX));

  g_variant_dict_insert (object, "title", "s", has_body ? title : "Koban");
  g_variant_dict_insert (object, "message", "s", text);
}

static void
insert_delay (const KobanErrand *errand, GVariantDict *object)
{
  gint64 delay_us = CLAMP (errand->message->delay_us, DELAY_MIN_US, DELAY_MAX_US);
  g_autofree char *at = g_strdup_printf ("%" G_GINT64_FORMAT, (errand->now_us + delay_us) / KOBAN_SECOND_US);

  g_variant_dict_insert (object, "delay", "s", at);
}

static gboolean
pack (const KobanErrand *errand, KobanParcel *parcel, GError **error)
{
  gboolean scheduled = errand->message->delay_us > 0;
  g_autoptr(KobanSecret) topic = koban_errand_get_secret (errand, "topic", error);
  g_auto(GVariantDict) object = G_VARIANT_DICT_INIT (NULL);

  if (topic == NULL)
    return FALSE;
  g_variant_dict_insert (&object, "topic", "s", koban_secret_peek (topic, NULL));
  insert_texts (errand, &object);
  g_variant_dict_insert (&object, "priority", "i", priorities[koban_errand_get_volume (errand)]);
  /* A repeat replaces itself; what is new must ring, so it has a sequence of its own. */
  g_variant_dict_insert (&object, "sequence_id", "s", scheduled ? errand->thread : errand->id);
  if (scheduled)
    insert_delay (errand, &object);

  parcel->method = "POST";
  koban_parcel_set_url (parcel, server_of (errand), "");
  koban_parcel_set_json (parcel, g_variant_dict_end (&object));
  add_token (errand, parcel);
  return TRUE;
}

static gboolean
cancel (const KobanErrand *errand, KobanParcel *parcel, GError **error)
{
  g_autoptr(KobanSecret) topic = koban_errand_get_secret (errand, "topic", error);

  if (topic == NULL)
    return FALSE;
  char *path = g_strdup_printf ("%s/%s", koban_secret_peek (topic, NULL), errand->thread);
  parcel->method = "DELETE";
  koban_parcel_set_url (parcel, server_of (errand), path);
  add_token (errand, parcel);
  koban_secret_wipe (path);
  return TRUE;
}

const KobanBody koban_ntfy_body = { KOBAN_CHANNEL_NTFY, pack, cancel, FALSE };
