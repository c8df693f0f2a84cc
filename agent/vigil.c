/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dead man's handle. What was said last, and when, is in the ledger, so that a restart renews nothing too
 * soon; what a channel did not take is tried at the next good check.
 */
#include "config.h"

#include "vigil.h"
#include "words.h"

#include <koban/date.h>
#include <koban/error.h>

/* A day without a look is news, a night is none. It is renewed well before, and seldom enough for servers
 * that count. */
#define SILENT_FOR_US (24 * KOBAN_HOUR_US)
#define RENEW_US KOBAN_HOUR_US
#define WEEK_US (7 * KOBAN_DAY_US)

struct _KobanVigil
{
  GObject parent;

  KobanClock *clock;         /* (unowned) */
  KobanBooks *books;         /* (unowned) */
  KobanChannel *channel;     /* (owned) */
  GCancellable *cancellable; /* (owned) */
  gint64 next_us;            /* boot time before which there is nothing to do */
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (KobanVigil, koban_vigil, G_TYPE_OBJECT)

/* One telling: begun and marked in the ledger's thread. */
typedef struct
{
  KobanVigil *vigil; /* (owned) */
  KobanWatching watching;
  KobanMessage *message; /* (owned) (nullable) */
  gint64 now_us;
  char *why; /* (owned) (nullable): it was not taken */
} Telling;

static void on_begun (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_shown (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_marked (GObject *source, GAsyncResult *result, gpointer user_data);

static void
telling_free (Telling *telling)
{
  telling->vigil->busy = FALSE;
  g_clear_object (&telling->vigil);
  g_free (telling->watching.channel);
  g_free (telling->watching.code);
  g_clear_pointer (&telling->message, koban_message_free);
  g_free (telling->why);
  g_free (telling);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Telling, telling_free)

static gboolean
begin_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Telling *telling = job;

  return koban_ledger_begin_watch (ledger, &telling->watching, telling->now_us, error);
}

void
koban_vigil_looked (KobanVigil *self)
{
  gint64 boot_us = koban_clock_get_boot_us (self->clock);
  gboolean keeps = koban_channel_can_schedule (self->channel);

  if (self->busy || boot_us < self->next_us ||
      koban_channel_get_kind (self->channel) == KOBAN_CHANNEL_DESKTOP)
    return;
  Telling *telling = g_new0 (Telling, 1);
  self->busy = TRUE;
  self->next_us = boot_us + RENEW_US;
  telling->vigil = g_object_ref (self);
  telling->watching.channel = g_strdup (koban_channel_get_name (self->channel));
  telling->watching.every_us = keeps ? RENEW_US : WEEK_US;
  telling->watching.delay_us = keeps ? SILENT_FOR_US : 0;
  telling->now_us = koban_clock_get_wall_us (self->clock);
  koban_books_write_async (self->books, begin_in_worker, telling, NULL, on_begun, telling);
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Telling) telling = user_data;
  KobanVigil *self = telling->vigil;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("%s was not told that Koban watches: %s", telling->watching.channel, error->message);
  if (error != NULL || !telling->watching.due)
    return;
  telling->message =
    koban_words_of_watch (telling->watching.code, telling->watching.delay_us, telling->now_us);
  koban_channel_show_async (self->channel, telling->message, self->cancellable, on_shown, telling);
  g_steal_pointer (&telling);
}

/* The words of a code are journalled once, however often they are renewed. */
static gboolean
mark_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Telling *telling = job;
  KobanSaid said = koban_words_said (telling->message, telling->watching.channel);

  if (telling->why != NULL)
    return koban_ledger_mark_unsaid (ledger, telling->watching.channel, telling->why, telling->now_us, error);
  if (!telling->watching.fresh)
    said.body = NULL;
  return koban_ledger_mark_said (ledger, &said, telling->now_us, error);
}

static void
on_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Telling) telling = user_data;
  KobanVigil *self = telling->vigil;
  g_autoptr(GError) error = NULL;

  if (!koban_channel_show_finish (self->channel, result, &error))
    telling->why = g_strdup (error->message);
  if (koban_error_is_cancelled (error))
    return;
  if (telling->why != NULL)
    self->next_us = 0;
  telling->now_us = koban_clock_get_wall_us (self->clock);
  koban_books_write_async (self->books, mark_in_worker, telling, NULL, on_marked, telling);
  g_steal_pointer (&telling);
}

static void
on_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Telling) telling = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("That %s was told that Koban watches could not be noted: %s", telling->watching.channel,
               error->message);
}

void
koban_vigil_stop (KobanVigil *self)
{
  g_cancellable_cancel (self->cancellable);
}

static void
koban_vigil_finalize (GObject *object)
{
  KobanVigil *self = KOBAN_VIGIL (object);

  g_assert (!self->busy);
  g_object_unref (self->channel);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (koban_vigil_parent_class)->finalize (object);
}

static void
koban_vigil_class_init (KobanVigilClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_vigil_finalize;
}

static void
koban_vigil_init (KobanVigil *self)
{
  self->cancellable = g_cancellable_new ();
}

KobanVigil *
koban_vigil_new (KobanClock *clock, KobanBooks *books, KobanChannel *channel)
{
  KobanVigil *self = g_object_new (KOBAN_TYPE_VIGIL, NULL);

  self->clock = clock;
  self->books = books;
  self->channel = g_object_ref (channel);
  return self;
}
