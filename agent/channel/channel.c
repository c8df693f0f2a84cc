/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A way to the person: the interface and what it carries. It knows none of its bodies.
 */
#include "config.h"

#include "channel.h"

G_DEFINE_INTERFACE (KobanChannel, koban_channel, G_TYPE_OBJECT)

enum
{
  SIGNAL_AVAILABLE,
  SIGNAL_ACTION,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
koban_channel_default_init (KobanChannelInterface *iface)
{
  signals[SIGNAL_AVAILABLE] = g_signal_new ("available", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0,
                                            NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ACTION] = g_signal_new ("action", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

const char *
koban_channel_get_name (KobanChannel *self)
{
  return KOBAN_CHANNEL_GET_IFACE (self)->get_name (self);
}

KobanChannelKind
koban_channel_get_kind (KobanChannel *self)
{
  KobanChannelInterface *iface = KOBAN_CHANNEL_GET_IFACE (self);

  return iface->get_kind != NULL ? iface->get_kind (self) : KOBAN_CHANNEL_DESKTOP;
}

KobanDetail
koban_channel_get_detail (KobanChannel *self)
{
  return KOBAN_CHANNEL_GET_IFACE (self)->get_detail (self);
}

gboolean
koban_channel_get_available (KobanChannel *self)
{
  return KOBAN_CHANNEL_GET_IFACE (self)->get_available (self);
}

void
koban_channel_show_async (KobanChannel *self,
                          const KobanMessage *message,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  KOBAN_CHANNEL_GET_IFACE (self)->show_async (self, message, cancellable, callback, user_data);
}

gboolean
koban_channel_show_finish (KobanChannel *self, GAsyncResult *result, GError **error)
{
  return KOBAN_CHANNEL_GET_IFACE (self)->show_finish (self, result, error);
}

void
koban_channel_withdraw (KobanChannel *self, const char *incident)
{
  KOBAN_CHANNEL_GET_IFACE (self)->withdraw (self, incident);
}

gboolean
koban_channel_can_schedule (KobanChannel *self)
{
  KobanChannelInterface *iface = KOBAN_CHANNEL_GET_IFACE (self);

  return iface->can_schedule != NULL && iface->can_schedule (self);
}

gint64
koban_channel_get_retry_s (KobanChannel *self)
{
  KobanChannelInterface *iface = KOBAN_CHANNEL_GET_IFACE (self);

  return iface->get_retry_s != NULL ? iface->get_retry_s (self) : 0;
}

const char *
koban_channel_get_mark (KobanChannel *self)
{
  KobanChannelInterface *iface = KOBAN_CHANNEL_GET_IFACE (self);

  return iface->get_mark != NULL ? iface->get_mark (self) : NULL;
}

void
koban_channel_emit_available (KobanChannel *self)
{
  g_signal_emit (self, signals[SIGNAL_AVAILABLE], 0);
}

void
koban_channel_emit_action (KobanChannel *self, const char *incident, const char *action)
{
  g_signal_emit (self, signals[SIGNAL_ACTION], 0, incident, action);
}

KobanMessage *
koban_message_copy (const KobanMessage *self)
{
  KobanMessage *copy = g_new (KobanMessage, 1);

  *copy = *self;
  copy->id = g_strdup (self->id);
  copy->incident = g_strdup (self->incident);
  copy->code = g_strdup (self->code);
  copy->summary = g_strdup (self->summary);
  copy->body = g_strdup (self->body);
  copy->discreet_summary = g_strdup (self->discreet_summary);
  copy->discreet_body = g_strdup (self->discreet_body);
  return copy;
}

void
koban_message_free (KobanMessage *self)
{
  g_free (self->id);
  g_free (self->incident);
  g_free (self->code);
  g_free (self->summary);
  g_free (self->body);
  g_free (self->discreet_summary);
  g_free (self->discreet_body);
  g_free (self);
}
