/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The composition root. It builds the parts, joins them, and takes them down: poller → operations
 * → checks → courier → ledger → name, each step begun by the end of the one before. What a part
 * does is in its own file.
 */
#include "config.h"

#include "alarm.h"
#include "agent.h"
#include "announcer.h"
#include "bus.h"
#include "channel/desktop.h"
#include "claims.h"
#include "confine.h"
#include "copies.h"
#include "host.h"
#include "pages.h"
#include "parts.h"
#include "preferences.h"
#include "recovery.h"
#include "tuning.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/settings.h>
#include <unistd.h>

#define LEAVE_AFTER_S 10
#define LOCK_WAIT_S 5

/* 78 is EX_CONFIG: starting again cannot help. */
enum
{
  EXIT_GOOD = 0,
  EXIT_FAILED = 1,
  EXIT_CONFIG = 78,
};

typedef struct
{
  GMainLoop *loop; /* (owned) */
  int status;
  int lock; /* descriptor, -1: none */
  guint term_id, interrupt_id;

  GDBusConnection *connection; /* (owned) (nullable) */
  guint name_id;
  KobanServices *services;       /* (owned) (nullable): none could be read */
  KobanPreferences *preferences; /* (owned) (nullable) */
  KobanSettings followed;        /* as they were when the parts heard of them */
  KobanDeadlines *deadlines;     /* (owned) (nullable): likewise */
  KobanClaims *claims;           /* (owned) (nullable) */
  KobanParts parts;
  KobanHost *host;           /* (owned) (nullable) */
  KobanChannel *channel;     /* (owned) (nullable): the desktop */
  KobanPages *pages;         /* (owned) (nullable) */
  KobanAnnouncer *announcer; /* (owned) (nullable) */
  KobanBus *bus;             /* (owned) (nullable) */
  GRand *random;             /* (owned): of the main thread; the cycles have their own */

  gboolean opened;  /* the ledger is there, and the parts run */
  gboolean leaving; /* the way out has begun */
  gboolean forget;  /* and nothing of ours is left behind */
  gboolean looking; /* whether there is anything to stay for */
  gboolean look_again;
  guint leave_alarm; /* 0: none */
} Agent;

static void agent_leave (Agent *self, int status);
static void consider_leaving (Agent *self);

/* --- what is said among the parts ----------------------------------------------------------------------- */

static void
agent_changed (gpointer agent, const char *list)
{
  Agent *self = agent;

  if (self->leaving)
    return;
  koban_bus_changed (self->bus, list);
  if (g_str_equal (list, "connections"))
    koban_poller_refresh (self->parts.poller);
  if (g_str_equal (list, "alerts") || g_str_equal (list, "connections"))
    koban_courier_wake (self->parts.courier);
  if (g_str_equal (list, "alerts") && self->opened)
    koban_claims_wake (self->claims);
  if (g_str_equal (list, "alerts"))
    koban_pages_tidy (self->pages);
  if (g_str_equal (list, "connections"))
    koban_announcer_refresh (self->announcer);
  consider_leaving (self);
}

static void
on_claims_counted (gboolean changed, gpointer agent)
{
  if (changed)
    agent_changed (agent, "alerts");
  else
    consider_leaving (agent);
}

/* What a check could not write, no list shows: the person hears of it, and whoever lists. */
static void
note_blindness (Agent *self, const KobanOutcome *outcome)
{
  const GError *error = outcome->error;
  const char *why = error != NULL && outcome->unwritten ? error->message : NULL;

  if (self->leaving || (error != NULL && koban_error_is_cancelled (error)))
    return;
  g_free (self->parts.blind);
  self->parts.blind = g_strdup (why);
  koban_courier_set_blind (self->parts.courier, why);
}

static void
on_checked (KobanRounds *rounds, KobanOutcome *outcome, Agent *self)
{
  gboolean told = outcome->merged.opened > 0 || outcome->merged.raised > 0;

  note_blindness (self, outcome);
  if (!self->leaving && outcome->error == NULL && !told) /* a copy waits, an alert does not */
    koban_copies_keep (&self->parts);
  if (outcome->merged.changes > 0)
    {
      agent_changed (self, "accounts");
      agent_changed (self, "transactions");
      agent_changed (self, "links");
    }
  if (told)
    agent_changed (self, "alerts");
  if (outcome->error == NULL && !self->leaving)
    koban_courier_looked (self->parts.courier);
  agent_changed (self, "connections");
}

static void
on_poll_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *connection = user_data;
  Agent *self = g_object_get_data (source, "koban-agent");
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanOutcome) outcome = koban_rounds_check_finish (KOBAN_ROUNDS (source), result, &error);

  if (outcome != NULL && outcome->error != NULL)
    g_message ("%s: %s", connection, outcome->error->message);
  koban_poller_checked (self->parts.poller, connection);
}

typedef struct
{
  Agent *agent; /* (unowned) */
  char *connection;
} Due;

/* With the last of a battery the person does better things; a bank is asked when they want it. */
static void
on_host_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Due *due = user_data;
  g_autofree char *connection = due->connection;
  Agent *self = due->agent;
  KobanSaving saving = koban_host_look_finish (KOBAN_HOST (source), result);

  if (self->leaving)
    return;
  if (saving == KOBAN_SAVING_BATTERY && koban_poller_put_off (self->parts.poller, connection))
    return;
  koban_rounds_check_async (self->parts.rounds, connection, KOBAN_CYCLE_BY_CLOCK, NULL, on_poll_checked,
                            g_strdup (connection));
}

static void
on_due (KobanPoller *poller, const char *connection, gpointer user_data)
{
  Due *due = g_new0 (Due, 1);

  *due = (Due){ user_data, g_strdup (connection) };
  koban_host_look_async (due->agent->host, on_host_looked, due);
}

static void
on_online (KobanHost *host, gboolean online, Agent *self)
{
  koban_poller_set_online (self->parts.poller, online);
}

static void
on_saving (KobanHost *host, Agent *self)
{
  KobanSaving before = self->parts.tools.saving;

  self->parts.tools.saving = koban_host_get_saving (host);
  if (before == KOBAN_SAVING_BATTERY && !self->leaving)
    koban_poller_hurry (self->parts.poller);
}

static void
on_resumed (KobanHost *host, Agent *self)
{
  koban_poller_resumed (self->parts.poller);
}

static void
on_said (KobanAnnouncer *announcer, Agent *self)
{
  agent_changed (self, "alerts");
}

static void
on_unlocked (KobanVault *vault, Agent *self)
{
  koban_poller_unlocked (self->parts.poller);
  koban_recovery_run (&self->parts);
}

/* --- the person pressed a button ------------------------------------------------------------------------ */

typedef struct
{
  Agent *agent; /* (unowned): outlives every job */
  char *incident;
  KobanAnswer answer;
  gint64 now_us;
} Pressed;

static void
pressed_free (gpointer data)
{
  Pressed *pressed = data;

  g_free (pressed->incident);
  g_free (pressed);
}

static gboolean
answer_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Pressed *pressed = job;

  return koban_ledger_answer (ledger, pressed->incident, pressed->answer, pressed->now_us, error);
}

static void
on_channels_changed (KobanCourier *courier, Agent *self)
{
  agent_changed (self, "alerts");
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      g_message ("An answer could not be kept: %s", error->message);
      return;
    }
  agent_changed (self, "alerts");
  agent_changed (self, "links");
}

static void
on_help_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_channel_show_finish (KOBAN_CHANNEL (source), result, &error))
    g_message ("What to do could not be shown: %s", error->message);
}

/* The bubble of what was answered is gone; what is to be done now stands in one of its own. */
static void
show_help (Agent *self, const char *incident)
{
  g_autofree char *id = g_strconcat ("help-", incident, NULL);
  /* TRANSLATORS: "koban show %s" is a command to be typed as it is. */
  g_autofree char *body =
    g_strdup_printf (_("Call your bank now on the number printed on your card and ask them to "
                        "stop it. All that is known, in a terminal: koban show %s"),
                     incident);
  KobanMessage message = { .incident = id,
                           .summary = _("What to do now"),
                           .body = body,
                           .kind = KOBAN_ALERT_WITHDRAWAL,
                           .severity = KOBAN_SEVERITY_WARNING,
                           .urgent = TRUE,
                           .silent = TRUE };

  koban_channel_show_async (self->channel, &message, NULL, on_help_shown, NULL);
}

static void
on_unopened (KobanPages *pages, const char *incident, const char *action, Agent *self)
{
  if (self->leaving)
    return;
  if (g_str_equal (action, "not-mine"))
    show_help (self, incident);
  else
    koban_desktop_explain (KOBAN_DESKTOP (self->channel), incident);
}

static void
on_action (KobanCourier *courier, const char *incident, const char *action, Agent *self)
{
  KobanAnswer answer;

  if (g_str_equal (action, "details") || g_str_equal (action, "not-mine"))
    koban_pages_open (self->pages, incident, action);
  if (!koban_answer_parse (action, &answer))
    return;
  Pressed *pressed = g_new0 (Pressed, 1);
  *pressed = (Pressed){ self, g_strdup (incident), answer, koban_parts_now_us (&self->parts) };
  koban_books_write_async (self->parts.tools.books, answer_in_worker, pressed, pressed_free, on_answered,
                           self);
}

/* --- nothing to stay for -----------------------------------------------------------------------------------
 */

static gboolean
look_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  gboolean *needed = job;
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);
  if (connections == NULL)
    return FALSE;
  g_autoptr(GPtrArray) unsent = koban_ledger_get_outbox (ledger, G_MAXINT64, NULL, error);
  if (unsent == NULL)
    return FALSE;
  g_autoptr(GPtrArray) open = koban_ledger_get_open_deliveries (ledger, "desktop", error);
  if (open == NULL)
    return FALSE;

  *needed = connections->len > 0 || unsent->len > 0 || open->len > 0;
  return TRUE;
}

static void
on_leave_alarm (gpointer user_data)
{
  Agent *self = user_data;

  self->leave_alarm = 0;
  if (koban_bus_is_busy (self->bus) || self->looking || koban_claims_is_waiting (self->claims))
    return;
  g_debug ("There is nothing to watch: leaving until somebody asks.");
  agent_leave (self, EXIT_GOOD);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;
  gboolean *needed = koban_books_get_job (result);

  self->looking = FALSE;
  if (self->leaving)
    return;
  gboolean looked = koban_books_finish (KOBAN_BOOKS (source), result, NULL);
  if (self->look_again)
    consider_leaving (self);
  else if (looked && !*needed && !koban_bus_is_busy (self->bus) && !koban_claims_is_waiting (self->claims))
    {
      KobanClock *clock = self->parts.tools.clock;
      gint64 leave_us = koban_clock_get_boot_us (clock) + LEAVE_AFTER_S * KOBAN_SECOND_US;
      self->leave_alarm = koban_clock_add_alarm (clock, leave_us, on_leave_alarm, self);
    }
}

static void
consider_leaving (Agent *self)
{
  if (!self->opened || self->leaving)
    return;
  koban_alarm_clear (self->parts.tools.clock, &self->leave_alarm);
  self->look_again = self->looking;
  if (self->looking || koban_bus_is_busy (self->bus))
    return;
  self->looking = TRUE;
  koban_books_read_async (self->parts.tools.books, look_in_worker, g_new0 (gboolean, 1), g_free, on_looked,
                          self);
}

static void
on_busy_changed (KobanBus *bus, Agent *self)
{
  consider_leaving (self);
}

/* --- the way in
 * ----------------------------------------------------------------------------------------------- */

typedef struct
{
  char *damaged; /* (owned) (nullable): where the old file went */
  gint64 now_us;
  GPtrArray
    *orphans; /* (owned) (nullable) (element-type utf8): ids of secrets whose connection was forgotten */
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_free (opening->damaged);
  g_clear_pointer (&opening->orphans, g_ptr_array_unref);
  g_free (opening);
}

static Opening *
opening_new (Agent *self, char *damaged)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->damaged = damaged;
  opening->now_us = koban_parts_now_us (&self->parts);
  return opening;
}

static gboolean
tell_damage_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Opening *opening = job;
  GVariant *reason = koban_reason_new ("set_aside", "path", "s", opening->damaged, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (KOBAN_LEDGER_INCIDENT, NULL, KOBAN_SEVERITY_WARNING, reason, opening->now_us);

  return koban_ledger_raise (ledger, alert, opening->now_us, NULL, error);
}

static void
on_damage_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("%s", error->message);
  agent_changed (user_data, "alerts");
  agent_changed (user_data, "connections");
}

static void
tell_damage (Agent *self, char *damaged, gboolean recovered)
{
  g_message ("The ledger was damaged and set aside as %s.", damaged);
  if (recovered)
    {
      g_free (damaged);
      agent_changed (self, "alerts");
      agent_changed (self, "connections");
      return;
    }
  koban_books_write_async (self->parts.tools.books, tell_damage_in_worker, opening_new (self, damaged),
                           opening_free, on_damage_told, self);
}

/* --- koban.conf ----------------------------------------------------------------------------------------- */

#define CONFIG_INCIDENT "freshness:config:config"

static gboolean
tell_config_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Opening *opening = job;
  GVariant *reason = koban_reason_new ("config", NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (CONFIG_INCIDENT, NULL, KOBAN_SEVERITY_NOTICE, reason, opening->now_us);

  return koban_ledger_raise (ledger, alert, opening->now_us, NULL, error);
}

static gboolean
settle_config_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Opening *opening = job;

  return koban_ledger_settle (ledger, CONFIG_INCIDENT, opening->now_us, error);
}

static void
on_config_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("%s", error->message);
  agent_changed (user_data, "alerts");
}

static void
tell_config (Agent *self)
{
  koban_books_write_async (self->parts.tools.books,
                           koban_preferences_get_misread (self->preferences) != NULL
                             ? tell_config_in_worker
                             : settle_config_in_worker,
                           opening_new (self, NULL), opening_free, on_config_told, self);
}

/* Everything was said off the device for ninety days, and is not any more: told once for each channel. */
typedef struct
{
  GPtrArray *lapsed, *others; /* (owned) (element-type utf8) */
  gint64 now_us;
} Lapse;

static void
lapse_free (gpointer data)
{
  Lapse *lapse = data;

  g_ptr_array_unref (lapse->lapsed);
  g_ptr_array_unref (lapse->others);
  g_free (lapse);
}

static gboolean
tell_one_lapsed (KobanLedger *ledger, const char *channel, gint64 now_us, GError **error)
{
  g_autofree char *incident = g_strdup_printf ("freshness:lapsed:%s", channel);
  GVariant *reason = koban_reason_new ("lapsed", "channel", "s", channel, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (incident, NULL, KOBAN_SEVERITY_NOTICE, reason, now_us);

  return koban_ledger_raise (ledger, alert, now_us, NULL, error);
}

static gboolean
tell_lapsed_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Lapse *lapse = job;

  for (guint i = 0; i < lapse->lapsed->len; i++)
    if (!tell_one_lapsed (ledger, lapse->lapsed->pdata[i], lapse->now_us, error))
      return FALSE;
  for (guint i = 0; i < lapse->others->len; i++)
    {
      g_autofree char *incident = g_strdup_printf ("freshness:lapsed:%s", (char *) lapse->others->pdata[i]);
      if (!koban_ledger_settle (ledger, incident, lapse->now_us, error))
        return FALSE;
    }
  return TRUE;
}

static void
tell_lapsed (Agent *self)
{
  GPtrArray *channels = koban_preferences_get_channels (self->preferences);
  Lapse *lapse = g_new0 (Lapse, 1);

  lapse->now_us = koban_parts_now_us (&self->parts);
  lapse->lapsed = koban_preferences_get_lapsed (self->preferences);
  lapse->others = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < channels->len; i++)
    {
      const char *name = koban_channel_get_name (channels->pdata[i]);
      if (!g_ptr_array_find_with_equal_func (lapse->lapsed, name, g_str_equal, NULL))
        g_ptr_array_add (lapse->others, g_strdup (name));
    }
  koban_books_write_async (self->parts.tools.books, tell_lapsed_in_worker, lapse, lapse_free, on_config_told,
                           self);
}

/* Who was being added when we were killed was never agreed on. One whose token was spent has a check planned.
 */
static gboolean
forget_half_added_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Opening *opening = job;
  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);

  opening->orphans = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; connections != NULL && i < connections->len; i++)
    {
      const KobanConnection *connection = connections->pdata[i];
      if (connection->last_check_us != 0 || connection->next_check_us != 0)
        continue;
      if (!koban_ledger_remove_connection (ledger, connection->id, TRUE, opening->now_us, error))
        return FALSE;
      g_ptr_array_add (opening->orphans, g_strdup (connection->secret_id));
    }
  return connections != NULL;
}

static void
on_orphan_dropped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    g_message ("A secret that is not needed could not be deleted: %s", error->message);
}

static void
drop_orphans (Agent *self, const Opening *opening)
{
  for (guint i = 0; opening->orphans != NULL && i < opening->orphans->len; i++)
    koban_vault_remove_async (self->parts.tools.vault, KOBAN_SECRET_CONNECTION, opening->orphans->pdata[i],
                              NULL, on_orphan_dropped, NULL);
}

/* Also what was changed while no agent ran. */
static void
follow_settings (Agent *self)
{
  const KobanSettings *settings = koban_preferences_get_settings (self->preferences);

  koban_tuning_apply (&self->parts, self->services, &self->followed, settings);
  self->followed = *settings;
}

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;
  g_autoptr(GError) error = NULL;

  gboolean ready = koban_books_finish (KOBAN_BOOKS (source), result, &error);
  if (self->leaving)
    return;
  if (!ready)
    g_message ("%s", error->message);
  self->opened = TRUE;
  drop_orphans (self, koban_books_get_job (result));
  koban_recovery_run (&self->parts);
  tell_config (self);
  tell_lapsed (self);
  koban_poller_set_online (self->parts.poller, koban_host_get_online (self->host));
  koban_poller_start (self->parts.poller);
  koban_courier_start (self->parts.courier);
  follow_settings (self);
  koban_claims_wake (self->claims);
  koban_announcer_refresh (self->announcer);
  consider_leaving (self);
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;
  char *damaged = NULL;
  gboolean recovered = FALSE;
  g_autoptr(GError) error = NULL;

  if (!koban_books_verify_finish (KOBAN_BOOKS (source), result, &damaged, &recovered, &error) &&
      !self->leaving)
    {
      g_printerr ("koban-agent: %s\n", error->message);
      agent_leave (self, EXIT_FAILED);
    }
  if (damaged != NULL)
    tell_damage (self, damaged, recovered);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;
  char *damaged = NULL;
  gboolean recovered = FALSE;
  g_autoptr(GError) error = NULL;

  if (!koban_books_open_finish (KOBAN_BOOKS (source), result, &damaged, &recovered, &error))
    {
      g_printerr ("koban-agent: %s\n", error->message);
      agent_leave (self, koban_error_is (error, KOBAN_ERROR_NEWER) ? EXIT_CONFIG : EXIT_FAILED);
    }
  if (damaged != NULL)
    tell_damage (self, damaged, recovered);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Agent *self = user_data;

  koban_books_verify_async (self->parts.tools.books, on_verified, self);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Agent *self = user_data;

  if (self->leaving)
    return;
  g_printerr ("koban-agent: %s\n", _("another agent has the name on this bus"));
  agent_leave (self, EXIT_GOOD);
}

static void
on_bus_closed (GDBusConnection *connection, gboolean by_peer, GError *error, Agent *self)
{
  agent_leave (self, EXIT_FAILED);
}

static gboolean
on_signal (gpointer user_data)
{
  agent_leave (user_data, EXIT_GOOD);
  return G_SOURCE_CONTINUE;
}

/* --- building
 * ---------------------------------------------------------------------------------------------------- */

/* An agent that leaves has given up its name and still holds the lock for a moment: it is waited for. */
static gboolean
take_lock (int descriptor)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  gint64 until_us = g_get_monotonic_time () + LOCK_WAIT_S * G_USEC_PER_SEC;

  while (fcntl (descriptor, F_OFD_SETLK, &lock) != 0)
    {
      if ((errno != EAGAIN && errno != EACCES) || g_get_monotonic_time () > until_us)
        return FALSE;
      g_usleep (50000);
    }
  return TRUE;
}

/* Two sessions of one user can have two buses: the name alone does not make us the only one (trust P2). */
static gboolean
lock_directory (Agent *self, GError **error)
{
  g_autofree char *path = g_build_filename (koban_settings_data_directory (), "lock", NULL);

  self->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock >= 0 && take_lock (self->lock))
    return TRUE;
  if (self->lock >= 0 && (errno == EAGAIN || errno == EACCES))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("another agent works in %s"),
                 koban_settings_data_directory ());
  else
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  return FALSE;
}

/* A directory that cannot be read names no service; new links and odd withdrawals are seen without it. */
static void
load_services (Agent *self)
{
  g_autoptr(GError) error = NULL;

  self->services = koban_services_load (NULL, &error);
  if (self->services == NULL)
    g_message ("The directory of services is not used: %s", error->message);
}

/* Without them nothing is watched less: only nobody counts the days. */
static void
load_deadlines (Agent *self)
{
  g_autoptr(GError) error = NULL;

  self->deadlines = koban_deadlines_load (NULL, &error);
  if (self->deadlines == NULL)
    g_message ("The times to claim are not counted: %s", error->message);
}

static void
set_channels (Agent *self)
{
  g_autoptr(GPtrArray) channels = g_ptr_array_new ();

  g_ptr_array_add (channels, self->channel);
  g_ptr_array_extend (channels, koban_preferences_get_channels (self->preferences), NULL, NULL);
  koban_courier_set_quiet (self->parts.courier, &koban_preferences_get_settings (self->preferences)->quiet);
  koban_courier_set_channels (self->parts.courier, channels);
  koban_announcer_set_places (self->announcer, channels->len - 1);
}

/* koban.conf was changed, for better or for worse. */
static void
on_preferences (KobanPreferences *preferences, Agent *self)
{
  const KobanSettings *settings = koban_preferences_get_settings (preferences);

  if (self->leaving)
    return;
  self->parts.tools.interval_s = settings->check_interval_s;
  koban_desktop_set_detail (KOBAN_DESKTOP (self->channel), settings->desktop_detail);
  follow_settings (self);
  set_channels (self);
  tell_config (self);
  tell_lapsed (self);
}

static void
agent_reload (gpointer agent)
{
  Agent *self = agent;

  koban_preferences_reload (self->preferences);
}

static void
agent_depart (gpointer agent, gboolean forget)
{
  Agent *self = agent;

  self->forget |= forget;
  agent_leave (self, EXIT_GOOD);
}

static void
on_lapsed (KobanPreferences *preferences, Agent *self)
{
  if (!self->leaving)
    tell_lapsed (self);
}

static void
build_parts (Agent *self)
{
  g_autofree char *path = g_build_filename (koban_settings_data_directory (), "koban.db", NULL);
  KobanParts *parts = &self->parts;

  parts->tools.books = koban_books_new (path, self->services);
  if (self->deadlines != NULL)
    koban_books_set_claims (parts->tools.books, koban_deadlines_windows (self->deadlines));
  parts->tools.bus = self->connection;
  parts->tools.vault = koban_vault_keyring_new ();
  parts->tools.http = koban_http_new ("koban/" KOBAN_VERSION);
  parts->tools.clock = koban_clock_system_new ();
  parts->tools.profiles = koban_profiles_load (NULL);
  parts->tools.random = g_rand_new ();
  parts->tools.unsaved =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_secret_unref);
  parts->services = self->services;
  parts->changed = agent_changed;
  parts->reload = agent_reload;
  parts->leave = agent_depart;
  parts->agent = self;
  self->random = g_rand_new ();
  self->host = koban_host_new ();
  parts->tools.saving = koban_host_get_saving (self->host);
  self->preferences = koban_preferences_new (parts->tools.clock, parts->tools.vault, parts->tools.http);
  const KobanSettings *settings = koban_preferences_get_settings (self->preferences);
  self->followed = *koban_preferences_get_former (self->preferences);
  koban_books_set_wariness (parts->tools.books, settings->wariness);
  koban_books_set_begun (parts->tools.books, koban_parts_now_us (parts));
  parts->tools.interval_s = settings->check_interval_s;
  self->channel = KOBAN_CHANNEL (koban_desktop_new (settings->desktop_detail, !settings->detail_is_chosen));
  self->announcer = koban_announcer_new (parts->tools.clock, parts->tools.books);
  self->pages = koban_pages_new (koban_settings_runtime_directory (), self->connection, parts->tools.books);
  parts->rounds = koban_rounds_new (&parts->tools);
  parts->poller = koban_poller_new (parts->tools.clock, parts->tools.books, self->random, on_due, self);
  parts->courier = koban_courier_new (parts->tools.clock, parts->tools.books, self->random);
  set_channels (self);
  self->claims =
    koban_claims_new (parts->tools.clock, parts->tools.books, self->deadlines, on_claims_counted, self);
}

static void
join_parts (Agent *self)
{
  g_object_set_data (G_OBJECT (self->parts.rounds), "koban-agent", self);
  g_signal_connect (self->parts.rounds, "checked", G_CALLBACK (on_checked), self);
  g_signal_connect (self->parts.courier, "action", G_CALLBACK (on_action), self);
  g_signal_connect (self->preferences, "changed", G_CALLBACK (on_preferences), self);
  g_signal_connect (self->preferences, "lapsed", G_CALLBACK (on_lapsed), self);
  g_signal_connect (self->parts.courier, "changed", G_CALLBACK (on_channels_changed), self);
  g_signal_connect (self->parts.tools.vault, "unlocked", G_CALLBACK (on_unlocked), self);
  g_signal_connect (self->announcer, "said", G_CALLBACK (on_said), self);
  g_signal_connect (self->pages, "unopened", G_CALLBACK (on_unopened), self);
  g_signal_connect (self->host, "online", G_CALLBACK (on_online), self);
  g_signal_connect (self->host, "saving", G_CALLBACK (on_saving), self);
  g_signal_connect (self->host, "resumed", G_CALLBACK (on_resumed), self);
  g_signal_connect (self->bus, "busy-changed", G_CALLBACK (on_busy_changed), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_bus_closed), self);
}

static gboolean
connect_bus (Agent *self, GError **error)
{
  self->connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);
  if (self->connection == NULL)
    return FALSE;
  g_dbus_connection_set_exit_on_close (self->connection, FALSE);
  return TRUE;
}

static gboolean
adopt_restored (GError **error)
{
  g_autofree char *path = g_build_filename (koban_settings_data_directory (), "koban.db", NULL);

  return koban_ledger_adopt_restored (path, error);
}

static gboolean
agent_build (Agent *self, GError **error)
{
  if (!koban_settings_make_directories (error))
    return FALSE;
  koban_confine_files (koban_settings_data_directory (), koban_settings_config_directory (),
                       koban_settings_runtime_directory ());
  if (!lock_directory (self, error))
    return FALSE;
  load_services (self);
  load_deadlines (self);
  if (!adopt_restored (error))
    return FALSE;
  if (!connect_bus (self, error))
    return FALSE;

  build_parts (self);
  self->bus = koban_bus_new (self->connection, &self->parts, error);
  if (self->bus == NULL)
    return FALSE;
  join_parts (self);
  return TRUE;
}

/* The ledger is opened and put in order before anybody can call: whatever they ask waits behind that. */
static void
agent_start (Agent *self)
{
  self->term_id = g_unix_signal_add (SIGTERM, on_signal, self);
  self->interrupt_id = g_unix_signal_add (SIGINT, on_signal, self);
  koban_books_open_async (self->parts.tools.books, on_opened, self);
  koban_books_write_async (self->parts.tools.books, forget_half_added_in_worker, opening_new (self, NULL),
                           opening_free, on_ready, self);
  self->name_id =
    g_bus_own_name_on_connection (self->connection, KOBAN_APP_ID, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                  on_name_acquired, on_name_lost, self, NULL);
}

/* --- the way out
 * -------------------------------------------------------------------------------------------------- */

static void on_halted (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_courier_stopped (GObject *source, GAsyncResult *result, gpointer user_data);

/* The name goes first when we leave of our own: who calls from now on starts the next agent. */
static void
agent_leave (Agent *self, int status)
{
  if (self->leaving)
    return;
  self->leaving = TRUE;
  self->status = status;
  koban_alarm_clear (self->parts.tools.clock, &self->leave_alarm);
  g_clear_handle_id (&self->name_id, g_bus_unown_name);
  koban_poller_stop (self->parts.poller);
  koban_claims_stop (self->claims);
  koban_announcer_stop (self->announcer);
  koban_bus_close (self->bus);
  koban_rounds_halt_async (self->parts.rounds, NULL, on_halted, self);
}

static void
on_halted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;

  koban_rounds_halt_finish (KOBAN_ROUNDS (source), result);
  koban_courier_stop_async (self->parts.courier, on_courier_stopped, self);
}

static void
on_courier_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Agent *self = user_data;

  koban_courier_stop_finish (KOBAN_COURIER (source), result);
  koban_pages_close (self->pages);
  koban_books_close (self->parts.tools.books);
  g_dbus_connection_flush_sync (self->connection, NULL, NULL);
  g_main_loop_quit (self->loop);
}

static void
disconnect (gpointer object, Agent *self)
{
  if (object != NULL)
    g_signal_handlers_disconnect_by_data (object, self);
}

static void
agent_clear (Agent *self)
{
  KobanParts *parts = &self->parts;

  /* Whoever still waits for a job hears now that there is none. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_handle_id (&self->term_id, g_source_remove);
  g_clear_handle_id (&self->interrupt_id, g_source_remove);
  disconnect (self->connection, self);
  disconnect (self->host, self);
  disconnect (self->pages, self);
  disconnect (self->announcer, self);
  disconnect (parts->tools.vault, self);
  disconnect (self->preferences, self);
  g_clear_object (&self->bus);
  g_clear_object (&parts->courier);
  g_clear_object (&parts->poller);
  g_clear_object (&parts->rounds);
  g_clear_pointer (&self->claims, koban_claims_free);
  g_clear_object (&self->channel);
  g_clear_object (&self->preferences);
  g_clear_object (&self->pages);
  g_clear_object (&self->announcer);
  g_clear_object (&self->host);
  g_clear_object (&parts->tools.http);
  g_clear_object (&parts->tools.vault);
  g_clear_object (&parts->tools.books);
  g_clear_object (&parts->tools.clock);
  g_clear_pointer (&parts->tools.profiles, koban_profiles_free);
  g_clear_pointer (&parts->tools.random, g_rand_free);
  g_clear_pointer (&parts->tools.unsaved, g_hash_table_unref);
  g_clear_pointer (&self->random, g_rand_free);
  g_clear_pointer (&self->services, koban_services_free);
  g_clear_pointer (&self->deadlines, koban_deadlines_free);
  g_clear_object (&self->connection);
  g_clear_pointer (&parts->blind, g_free);
  if (self->forget)
    koban_copies_forget_all ();
  if (self->lock >= 0)
    close (self->lock);
}

int
koban_agent_run (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Agent self = { .loop = loop, .lock = -1 };
  g_autoptr(GError) error = NULL;

  if (agent_build (&self, &error))
    {
      agent_start (&self);
      g_main_loop_run (loop);
    }
  else
    {
      g_printerr ("koban-agent: %s\n", error->message);
      if (self.claims != NULL)
        koban_claims_stop (self.claims);
      if (self.parts.tools.books != NULL)
        koban_books_close (self.parts.tools.books);
      self.status = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY) ? EXIT_GOOD : EXIT_FAILED;
      if (koban_error_is (error, KOBAN_ERROR_INVALID))
        self.status = EXIT_CONFIG;
    }
  agent_clear (&self);
  return self.status;
}
