/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lanes, one a channel. The ledger hears of the channels before any lane of a new set runs, so that the
 * plan of an alert and who carries it out agree.
 */
#include "config.h"

#include "courier.h"
#include "lane.h"
#include "words.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/ledger.h>

struct _KobanCourier
{
  GObject parent;

  KobanClock *clock; /* (unowned) */
  KobanBooks *books; /* (unowned) */
  GRand *random;     /* (unowned) */
  GPtrArray *lanes;  /* (owned) (element-type KobanLane): the first is the desktop's */
  KobanQuiet quiet;
  gboolean started;
  gboolean stopped;
  guint ending;    /* lanes that are being stopped */
  GTask *stopping; /* (owned) (nullable) */
};

enum
{
  SIGNAL_ACTION,
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanCourier, koban_courier, G_TYPE_OBJECT)

static KobanLane *
lane_at (KobanCourier *self, guint i)
{
  return self->lanes->pdata[i];
}

static KobanChannel *
channel_at (KobanCourier *self, guint i)
{
  return koban_lane_get_channel (lane_at (self, i));
}

static KobanChannel *
find_channel (KobanCourier *self, const char *name)
{
  for (guint i = 0; i < self->lanes->len; i++)
    if (g_str_equal (koban_channel_get_name (channel_at (self, i)), name))
      return channel_at (self, i);
  return NULL;
}

static void
on_fared (KobanLane *lane, KobanCourier *self)
{
  koban_courier_wake (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* --- lanes come and go
 * -------------------------------------------------------------------------------------- */

static void
on_action (KobanChannel *channel, const char *incident, const char *action, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_ACTION], 0, incident, action);
}

static void
on_lane_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCourier) self = user_data;
  g_autoptr(KobanLane) lane = KOBAN_LANE (source);

  koban_lane_stop_finish (lane, result);
  if (--self->ending > 0 || self->stopping == NULL)
    return;
  g_autoptr(GTask) stopping = g_steal_pointer (&self->stopping);
  g_task_return_boolean (stopping, TRUE);
}

/* It lives until its delivery at hand is marked. */
static void
end_lane (KobanCourier *self, KobanLane *lane)
{
  g_signal_handlers_disconnect_by_data (koban_lane_get_channel (lane), self);
  g_signal_handlers_disconnect_by_data (lane, self);
  self->ending++;
  koban_lane_stop_async (g_object_ref (lane), on_lane_stopped, g_object_ref (self));
}

static void
end_lanes (KobanCourier *self)
{
  for (guint i = 0; i < self->lanes->len; i++)
    end_lane (self, lane_at (self, i));
  g_ptr_array_set_size (self->lanes, 0);
}

static void
begin_lane (KobanCourier *self, KobanChannel *channel)
{
  KobanLane *lane = koban_lane_new (self->clock, self->books, channel, self->random);

  koban_lane_set_quiet (lane, &self->quiet);
  g_signal_connect (channel, "action", G_CALLBACK (on_action), self);
  g_signal_connect (lane, "fared", G_CALLBACK (on_fared), self);
  g_ptr_array_add (self->lanes, lane);
}

/* --- the ledger hears of them ------------------------------------------------------------------------------
 */

typedef struct
{
  GArray *routes; /* (owned) (element-type KobanRoute) */
  gint64 now_us;
} Routes;

static void
route_clear (gpointer data)
{
  KobanRoute *route = data;

  g_free ((char *) route->name);
  g_free ((char *) route->mark);
}

static void
routes_free (gpointer data)
{
  Routes *routes = data;

  g_array_unref (routes->routes);
  g_free (routes);
}

static Routes *
list_routes (KobanCourier *self)
{
  Routes *routes = g_new0 (Routes, 1);

  routes->routes = g_array_new (FALSE, FALSE, sizeof (KobanRoute));
  routes->now_us = koban_clock_get_wall_us (self->clock);
  g_array_set_clear_func (routes->routes, route_clear);
  for (guint i = 0; i < self->lanes->len; i++)
    {
      KobanChannel *channel = channel_at (self, i);
      KobanRoute route = { .name = g_strdup (koban_channel_get_name (channel)),
                           .kind = koban_channel_get_kind (channel),
                           .detail = koban_channel_get_detail (channel),
                           .mark = g_strdup (koban_channel_get_mark (channel)) };

      g_array_append_val (routes->routes, route);
    }
  return routes;
}

static gboolean
set_routes_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Routes *routes = job;

  return koban_ledger_set_routes (ledger, (const KobanRoute *) (gconstpointer) routes->routes->data,
                                  routes->routes->len, routes->now_us, error);
}

static void
on_routes_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCourier) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("The ledger does not know the channels: %s", error->message);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0); /* that they changed is told */
}

/* Jobs run in order: whatever a lane asks for comes after. */
static void
start_lanes (KobanCourier *self)
{
  koban_books_write_async (self->books, set_routes_in_worker, list_routes (self), routes_free, on_routes_set,
                           g_object_ref (self));
  for (guint i = 0; i < self->lanes->len; i++)
    koban_lane_start (lane_at (self, i));
}

void
koban_courier_set_channels (KobanCourier *self, GPtrArray *channels)
{
  g_return_if_fail (channels->len > 0 && !self->stopped);

  end_lanes (self);
  for (guint i = 0; i < channels->len; i++)
    begin_lane (self, channels->pdata[i]);
  if (self->started)
    start_lanes (self);
}

void
koban_courier_set_quiet (KobanCourier *self, const KobanQuiet *quiet)
{
  self->quiet = *quiet;
  for (guint i = 0; i < self->lanes->len; i++)
    koban_lane_set_quiet (lane_at (self, i), quiet);
}

void
koban_courier_start (KobanCourier *self)
{
  self->started = TRUE;
  start_lanes (self);
}

void
koban_courier_wake (KobanCourier *self)
{
  for (guint i = 0; i < self->lanes->len; i++)
    koban_lane_wake (lane_at (self, i));
}

void
koban_courier_looked (KobanCourier *self)
{
  for (guint i = 0; i < self->lanes->len; i++)
    koban_lane_looked (lane_at (self, i));
}

void
koban_courier_rest (KobanCourier *self)
{
  for (guint i = 0; i < self->lanes->len; i++)
    koban_channel_withdraw (channel_at (self, i), KOBAN_WORDS_WATCH);
}

void
koban_courier_set_blind (KobanCourier *self, const char *why)
{
  for (guint i = 0; i < self->lanes->len; i++)
    koban_lane_set_blind (lane_at (self, i), why);
}

gboolean
koban_courier_is_heard (KobanCourier *self)
{
  return self->lanes->len > 0 && koban_channel_get_available (channel_at (self, 0));
}

/* --- a test: make its code, show it, keep what was said ----------------------------------------------------
 */

typedef struct
{
  Routes *routes;        /* (owned): a call may come before the start */
  KobanChannel *channel; /* (owned) */
  char *code;            /* (owned) (nullable) */
  KobanMessage *message; /* (owned) (nullable) */
  gint64 now_us;
  GError *error; /* (owned) (nullable): it was not taken */
} Test;

static void on_test_begun (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_test_shown (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_test_marked (GObject *source, GAsyncResult *result, gpointer user_data);

static void
test_free (gpointer data)
{
  Test *test = data;

  routes_free (test->routes);
  g_clear_object (&test->channel);
  g_free (test->code);
  g_clear_pointer (&test->message, koban_message_free);
  g_clear_error (&test->error);
  g_free (test);
}

static gboolean
begin_test_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Test *test = job;

  if (!set_routes_in_worker (ledger, test->routes, error))
    return FALSE;
  test->code = koban_ledger_begin_test (ledger, koban_channel_get_name (test->channel), test->now_us, error);
  return test->code != NULL;
}

void
koban_courier_test_async (KobanCourier *self,
                          const char *channel,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  KobanChannel *found = find_channel (self, channel);

  if (found == NULL)
    {
      g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no channel “%s”."),
                               channel);
      return;
    }
  Test *test = g_new0 (Test, 1);
  test->routes = list_routes (self);
  test->channel = g_object_ref (found);
  test->now_us = koban_clock_get_wall_us (self->clock);
  g_task_set_task_data (task, test, test_free);
  koban_books_write_async (self->books, begin_test_in_worker, test, NULL, on_test_begun,
                           g_steal_pointer (&task));
}

static void
on_test_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Test *test = g_task_get_task_data (task);
  GError *error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  GCancellable *cancellable = g_task_get_cancellable (task);
  test->message = koban_words_of_test (test->code, test->now_us);
  koban_channel_show_async (test->channel, test->message, cancellable, on_test_shown,
                            g_steal_pointer (&task));
}

static gboolean
mark_test_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Test *test = job;
  const char *name = koban_channel_get_name (test->channel);
  KobanSaid said = koban_words_said (test->message, name);

  if (test->error != NULL)
    return koban_ledger_mark_unsaid (ledger, name, test->error->message, test->now_us, error);
  return koban_ledger_mark_said (ledger, &said, test->now_us, error);
}

static void
on_test_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanCourier *self = g_task_get_source_object (task);
  Test *test = g_task_get_task_data (task);

  koban_channel_show_finish (test->channel, result, &test->error);
  if (koban_error_is_cancelled (test->error))
    {
      g_task_return_error (task, g_steal_pointer (&test->error));
      return;
    }
  koban_books_write_async (self->books, mark_test_in_worker, test, NULL, on_test_marked,
                           g_steal_pointer (&task));
}

static void
on_test_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Test *test = g_task_get_task_data (task);
  GError *error = NULL;

  koban_books_finish (KOBAN_BOOKS (source), result, test->error == NULL ? &error : NULL);
  on_fared (NULL, g_task_get_source_object (task));
  if (test->error != NULL || error != NULL)
    g_task_return_error (task, test->error != NULL ? g_steal_pointer (&test->error) : error);
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
koban_courier_test_finish (KobanCourier *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- the end
 * -------------------------------------------------------------------------------------------------- */

void
koban_courier_stop_async (KobanCourier *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  self->stopped = TRUE;
  end_lanes (self);
  if (self->ending == 0)
    g_task_return_boolean (task, TRUE);
  else
    self->stopping = g_steal_pointer (&task);
}

void
koban_courier_stop_finish (KobanCourier *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
koban_courier_finalize (GObject *object)
{
  KobanCourier *self = KOBAN_COURIER (object);

  g_assert (self->ending == 0 && self->stopping == NULL);
  for (guint i = 0; i < self->lanes->len; i++)
    {
      g_signal_handlers_disconnect_by_data (channel_at (self, i), self);
      g_signal_handlers_disconnect_by_data (lane_at (self, i), self);
    }
  g_ptr_array_unref (self->lanes);
  G_OBJECT_CLASS (koban_courier_parent_class)->finalize (object);
}

static void
koban_courier_class_init (KobanCourierClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_courier_finalize;
  signals[SIGNAL_ACTION] = g_signal_new ("action", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_courier_init (KobanCourier *self)
{
  self->lanes = g_ptr_array_new_with_free_func (g_object_unref);
}

KobanCourier *
koban_courier_new (KobanClock *clock, KobanBooks *books, GRand *random)
{
  KobanCourier *self = g_object_new (KOBAN_TYPE_COURIER, NULL);

  self->clock = clock;
  self->books = books;
  self->random = random;
  return self;
}
