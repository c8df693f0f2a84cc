/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel for tests.
 */
#include "config.h"

#include "fake-channel.h"

#include <koban/error.h>

static void fake_channel_iface_init (KobanChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeChannel,
                               fake_channel,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_CHANNEL, fake_channel_iface_init))

static const char *
fake_get_name (KobanChannel *channel)
{
  return FAKE_CHANNEL (channel)->name;
}

static KobanChannelKind
fake_get_kind (KobanChannel *channel)
{
  return FAKE_CHANNEL (channel)->kind;
}

static KobanDetail
fake_get_detail (KobanChannel *channel)
{
  return FAKE_CHANNEL (channel)->detail;
}

static gboolean
fake_get_available (KobanChannel *channel)
{
  return !FAKE_CHANNEL (channel)->broken;
}

static gboolean
fake_can_schedule (KobanChannel *channel)
{
  return FAKE_CHANNEL (channel)->schedules;
}

static gint64
fake_get_retry_s (KobanChannel *channel)
{
  return FAKE_CHANNEL (channel)->retry_s;
}

static const char *
fake_get_mark (KobanChannel *channel)
{
  return FAKE_CHANNEL (channel)->mark;
}

static void
fake_show_async (KobanChannel *channel,
                 const KobanMessage *message,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  FakeChannel *self = FAKE_CHANNEL (channel);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_ptr_array_add (self->said, g_strconcat (message->silent ? "silent " : "show ", message->incident, NULL));
  if (self->broken)
    {
      g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_OFFLINE, "no server");
      return;
    }
  g_ptr_array_add (self->messages, koban_message_copy (message));
  if (self->hanging)
    self->held = g_steal_pointer (&task);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
fake_show_finish (KobanChannel *channel, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
fake_withdraw (KobanChannel *channel, const char *incident)
{
  g_ptr_array_add (FAKE_CHANNEL (channel)->said, g_strconcat ("withdraw ", incident, NULL));
}

static void
fake_channel_finalize (GObject *object)
{
  FakeChannel *self = FAKE_CHANNEL (object);

  g_assert_null (self->held);
  g_ptr_array_unref (self->said);
  g_ptr_array_unref (self->messages);
  G_OBJECT_CLASS (fake_channel_parent_class)->finalize (object);
}

static void
fake_channel_class_init (FakeChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_channel_finalize;
}

static void
fake_channel_iface_init (KobanChannelInterface *iface)
{
  iface->get_name = fake_get_name;
  iface->get_kind = fake_get_kind;
  iface->get_detail = fake_get_detail;
  iface->get_available = fake_get_available;
  iface->show_async = fake_show_async;
  iface->show_finish = fake_show_finish;
  iface->withdraw = fake_withdraw;
  iface->can_schedule = fake_can_schedule;
  iface->get_retry_s = fake_get_retry_s;
  iface->get_mark = fake_get_mark;
}

static void
fake_channel_init (FakeChannel *self)
{
  self->said = g_ptr_array_new_with_free_func (g_free);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_message_free);
  self->detail = KOBAN_DETAIL_FULL;
}

FakeChannel *
fake_channel_new (const char *name, KobanChannelKind kind)
{
  FakeChannel *self = g_object_new (FAKE_TYPE_CHANNEL, NULL);

  self->name = name;
  self->kind = kind;
  return self;
}
