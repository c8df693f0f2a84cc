/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The checks. A check looks at one thing and tells at most one problem a subject; it asks the bus
 * only for what already runs, so that looking starts nothing but Koban's own agent.
 */
#include "config.h"

#include "cli/health.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/field.h>
#include <koban/phrase.h>
#include <koban/settings.h>
#include <koban/text.h>
#include <string.h>
#include <sys/statvfs.h>

#define LEAST_ROOM_BYTES (64 * 1024 * 1024)
#define GRACE_US KOBAN_HOUR_US

const KobanColumn koban_problem_columns[] = {
  { "code", KOBAN_COLUMN_TEXT },
  { "about", KOBAN_COLUMN_TEXT },
  { "name", KOBAN_COLUMN_FOREIGN },
  { "what", KOBAN_COLUMN_FOREIGN },
  { "next", KOBAN_COLUMN_TEXT },
  { "hint", KOBAN_COLUMN_BOOL },
  { NULL },
};

typedef struct
{
  const KobanSituation *now; /* (unowned) */
  KobanHealthScope scope;
  GVariantBuilder found;
  gboolean hinting; /* what is told now is good to know, and nothing is wrong */
} Looking;

static void
tell (Looking *self,
      const char *code,
      const char *about,
      const char *name,
      const char *what,
      const char *next)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&row, "code", "s", code);
  if (about != NULL)
    g_variant_dict_insert (&row, "about", "s", about);
  if (name != NULL)
    g_variant_dict_insert (&row, "name", "s", name);
  g_variant_dict_insert (&row, "what", "s", what);
  g_variant_dict_insert (&row, "next", "s", next);
  g_variant_dict_insert (&row, "hint", "b", self->hinting);
  g_variant_builder_add_value (&self->found, g_variant_dict_end (&row));
}

static void
tell_plain (Looking *self, const char *code, const char *what, const char *next)
{
  tell (self, code, NULL, NULL, what, next);
}

typedef void (*RowFunc) (Looking *self, GVariant *row);

static void
for_each (Looking *self, GVariant *rows, RowFunc func)
{
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);

      func (self, row);
    }
}

/* --- the agent
 * ----------------------------------------------------------------------------------------------- */

static void
look_at_bus (Looking *self)
{
  if (!self->now->has_bus)
    tell_plain (
      self, "no-bus", _("There is no session bus, so nothing of Koban can run."),
      _("Log in to a desktop session, or start one: dbus-run-session, or “loginctl enable-linger” and "
         "systemd --user."));
}

static void
look_at_agent (Looking *self)
{
  if (!self->now->has_bus || self->now->status != NULL)
    return;
  if (self->now->data_is_held)
    tell_plain (self, "two-agents", _("Another agent works on Koban's data, in another session of yours."),
                _("End the other session, or use Koban there."));
  else
    tell_plain (self, "no-agent", _("Koban's agent does not run and could not be started."),
                _("See why: journalctl --user -u koban-agent, or run koban-agent in a terminal."));
}

static void
look_at_version (Looking *self)
{
  if (self->now->version != NULL && !g_str_equal (self->now->version, KOBAN_VERSION))
    tell_plain (self, "version", _("The agent that runs is of another version than this command."),
                _("Let the new one start: systemctl --user restart koban-agent, or log out and in."));
}

/* --- the keyring
 * ---------------------------------------------------------------------------------------------- */

static void
look_at_keyring (Looking *self)
{
  static const struct
  {
    const char *keyring, *code, *what, *next;
  } states[] = {
    { "none", "no-keyring", N_("No keyring answers, and Koban keeps secrets nowhere else."),
      N_("Install and start one: gnome-keyring, KeePassXC (switch on its Secret Service) or KWallet.") },
    { "locked", "locked", N_("The keyring is locked, so no bank can be asked."), N_("Run: koban unlock") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_strcmp0 (koban_field_text (self->now->status, "keyring"), states[i].keyring) == 0)
      tell_plain (self, states[i].code, _(states[i].what), _(states[i].next));
}

static void
look_at_keyring_kind (Looking *self)
{
  static const struct
  {
    const char *program, *code, *what, *next;
  } kinds[] = {
    { "keepassxc", "keepassxc",
      N_("The keyring is KeePassXC: Koban can work only while it runs and is unlocked."),
      N_("Let KeePassXC start at login, and in its settings expose the group with Koban's entries; Koban "
          "waits while it "
          "is locked.") },
    { "kwalletd", "kwallet", N_("The keyring is KWallet: closed when unused, it locks Koban out."),
      N_("In its settings switch off “Close when unused for”, and let the login open it (kwallet-pam).") },
    { "ksecretd", "kwallet", N_("The keyring is KWallet: closed when unused, it locks Koban out."),
      N_("In its settings switch off “Close when unused for”, and let the login open it (kwallet-pam).") },
  };
  const char *program = self->now->keyring_program;

  self->hinting = TRUE;
  for (guint i = 0; program != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (program, kinds[i].program))
      tell_plain (self, kinds[i].code, _(kinds[i].what), _(kinds[i].next));
}

/* --- the ways to the person
 * ------------------------------------------------------------------------------------ */

static gboolean
has_screen (void)
{
  return g_getenv ("WAYLAND_DISPLAY") != NULL || g_getenv ("DISPLAY") != NULL;
}

/* Alerts reach the person all the same, on a way that leads away from here. */
static gboolean
has_another_way (Looking *self)
{
  g_autoptr(GVariant) channels =
    self->now->status != NULL
      ? g_variant_lookup_value (self->now->status, "channels", G_VARIANT_TYPE ("aa{sv}"))
      : NULL;
  gboolean found = FALSE;

  for (gsize i = 0; channels != NULL && i < g_variant_n_children (channels); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (channels, i);

      found |= g_strcmp0 (koban_field_text (row, "kind"), "desktop") != 0 &&
               g_strcmp0 (koban_field_text (row, "state"), "ok") == 0;
    }
  return found;
}

static void
look_at_notifications (Looking *self)
{
  if (g_strcmp0 (koban_field_text (self->now->status, "notifications"), "none") != 0)
    return;
  if (has_screen ())
    tell_plain (
      self, "no-notifications", _("No program shows notifications, so alerts cannot reach the screen."),
      _("Install one for your desktop (dunst, mako, xfce4-notifyd), then try: koban notify --test"));
  else
    {
      self->hinting = has_another_way (self);
      tell_plain (self, "headless", _("This session has no screen, so no notification is seen."),
                  _("Let alerts come to your phone or by mail: koban channel add. That it starts without a "
                     "screen, too: "
                     "systemctl --user add-wants default.target koban-agent.service"));
    }
}

static void
look_at_unsent (Looking *self)
{
  if (koban_field_number (self->now->status, "overdue") > 0)
    tell_plain (self, "unsent", _("There are messages that could not be delivered yet."),
                _("Read them here: koban alerts. Then try the way: koban notify --test"));
}

/* --- the banks
 * ------------------------------------------------------------------------------------------------- */

static void
look_at_connections (Looking *self)
{
  if (self->now->connections != NULL && g_variant_n_children (self->now->connections) == 0)
    tell_plain (self, "nothing-connected", _("No bank is connected, so nothing is watched."),
                _("Run: koban setup"));
}

static void
tell_of_row (Looking *self, GVariant *row, const char *code, const char *what, const char *next)
{
  g_autofree char *name = koban_text_clean (koban_field_text_or (row, "name", ""), 40);
  g_autofree char *sentence = g_strdup_printf ("%s: %s", name, what);

  tell (self, code, koban_field_text (row, "id"), name, sentence, next);
}

static const struct
{
  const char *state, *code, *what, *next;
} unwell[] = {
  { "waiting", "quota", N_("the bank allows no more requests for now"),
    N_("Nothing: Koban goes on when the bank allows it. More often means a smaller --field share on other "
        "devices.") },
  { "locked", "locked", N_("it waits for the keyring"), N_("Run: koban unlock") },
  { "sign-in", "consent-ended", N_("the bank no longer accepts Koban's key"),
    N_("Make a new key at the bank and connect it again: koban add") },
  { "offline", "unreachable", N_("it could not be reached"),
    N_("Look at your network, then: koban check") },
  { "stale", "stale", N_("nothing new was heard for too long"),
    N_("Run: koban check (a bank), koban import (a file)") },
  { "shared", "other-machine", N_("another device or program seems to use the same sign-in"),
    N_("Let one device watch this bank, or give each a key of its own.") },
  { "error", "error", N_("it could not be checked"), N_("See why: koban connections. Then: koban check") },
};

static void
look_at_connection (Looking *self, GVariant *row)
{
  const char *state = koban_field_text (row, "state");

  for (guint i = 0; i < G_N_ELEMENTS (unwell); i++)
    if (g_strcmp0 (state, unwell[i].state) == 0)
      tell_of_row (self, row, unwell[i].code, _(unwell[i].what), _(unwell[i].next));
}

/* What lies between two looks is what the bank's budget gives; one look that was missed is no news, two are.
 */
static gint64
patience_us (GVariant *connection)
{
  return 2 *
           MAX (koban_field_number (connection, "next_check") - koban_field_number (connection, "last_check"),
                0) +
         GRACE_US;
}

static void
look_at_due (Looking *self, GVariant *row)
{
  gint64 last_us = koban_field_number (row, "last_check");

  if (g_strcmp0 (koban_field_text (row, "state"), "ok") == 0 && koban_field_number (row, "next_check") != 0 &&
      self->now->now_us > last_us + patience_us (row))
    tell_of_row (self, row, "overdue", _("it should have been checked by now"), _("Run: koban check"));
}

static void
look_at_each_connection (Looking *self)
{
  for_each (self, self->now->connections, look_at_connection);
  for_each (self, self->now->connections, look_at_due);
}

static GVariant *
connection_of (const KobanSituation *now, GVariant *account)
{
  for (gsize i = 0; now->connections != NULL && i < g_variant_n_children (now->connections); i++)
    {
      GVariant *row = g_variant_get_child_value (now->connections, i);

      if (g_strcmp0 (koban_field_text (row, "id"), koban_field_text (account, "connection")) == 0)
        return row;
      g_variant_unref (row);
    }
  return NULL;
}

/* An account may be left behind by a connection that is well; what is not watched by wish is not missed. */
static void
look_at_account (Looking *self, GVariant *account)
{
  g_autoptr(GVariant) connection = connection_of (self->now, account);
  gint64 as_of_us = koban_field_number (account, "as_of");

  if (connection == NULL || g_strcmp0 (koban_field_text (connection, "state"), "ok") != 0 || as_of_us == 0 ||
      g_strcmp0 (koban_field_text (connection, "provider"), "file") == 0 ||
      g_strcmp0 (koban_field_text (account, "watch"), "off") == 0)
    return;
  if (koban_field_number (connection, "last_check") <= as_of_us + patience_us (connection))
    return;
  g_autofree char *when = koban_time_format_local (as_of_us);
  g_autofree char *what = g_strdup_printf (_("what is known is of %s"), when);
  tell_of_row (self, account, "account-stale", what, _("Run: koban check, and see: koban connections"));
}

static void
look_at_accounts (Looking *self)
{
  for_each (self, self->now->accounts, look_at_account);
}

static void
look_at_owners (Looking *self, GVariant *account)
{
  if (g_strcmp0 (koban_field_text (account, "ownership"), "joint") == 0)
    tell_of_row (
      self, account, "joint", _("a joint account: only links and what is critical is told"),
      _("The other owner may watch it, too, with a Koban and a key of their own. See: man koban-agent"));
}

static void
look_at_joint_accounts (Looking *self)
{
  self->hinting = TRUE;
  for_each (self, self->now->accounts, look_at_owners);
}

/* What the agent has told, is not over, and is no connection's state. */
static const struct
{
  const char *reason;
  KobanHealthScope scope;
  const char *next;
} told[] = {
  { "set_aside", KOBAN_HEALTH_WATCH,
    N_("Bring back a copy: koban restore FILE. Else answer it: koban answer INCIDENT mine") },
  { "restored", KOBAN_HEALTH_WATCH,
    N_("Look at what came since: koban review. Then: koban answer INCIDENT mine") },
  { "recovered", KOBAN_HEALTH_WATCH,
    N_("Look at what came since: koban review. Then: koban answer INCIDENT mine") },
  { "config", KOBAN_HEALTH_WATCH, N_("See what is read: koban config get") },
  { "account_gone", KOBAN_HEALTH_WATCH, N_("Ask your bank. If you closed it: koban answer INCIDENT mine") },
  { "unbalanced", KOBAN_HEALTH_WATCH, N_("Export the same time once more, and import it") },
  { "channel_dead", KOBAN_HEALTH_WATCH,
    N_("See why: koban status. Then prove it: koban notify --test CHANNEL") },
  { "channel_unconfirmed", KOBAN_HEALTH_ALL, N_("Prove that it reaches you: koban notify --test CHANNEL") },
  { "consent_ends", KOBAN_HEALTH_ALL, N_("Connect that bank again before it ends: koban add") },
};

static void
tell_alert (Looking *self, GVariant *row, GVariant *reason, const char *next)
{
  g_autofree char *sentence = koban_phrase_reason (reason);
  g_autofree char *code = g_strdelimit (g_strdup (koban_field_text (reason, "code")), "_", '-');

  tell (self, code, koban_field_text (row, "incident"), NULL, sentence, next);
}

static void
look_at_alert (Looking *self, GVariant *row)
{
  g_autoptr(GVariant) reasons = g_variant_lookup_value (row, "reasons", G_VARIANT_TYPE ("aa{sv}"));

  if (g_strcmp0 (koban_field_text (row, "kind"), "freshness") != 0 || reasons == NULL ||
      g_variant_n_children (reasons) == 0)
    return;
  g_autoptr(GVariant) reason = g_variant_get_child_value (reasons, 0);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    if (g_strcmp0 (koban_field_text (reason, "code"), told[i].reason) == 0 && told[i].scope <= self->scope)
      tell_alert (self, row, reason, _(told[i].next));
}

static void
look_at_alerts (Looking *self)
{
  for_each (self, self->now->alerts, look_at_alert);
}

/* --- the computer
 * ---------------------------------------------------------------------------------------------- */

static void
look_at_network (Looking *self)
{
  if (self->now->offline)
    tell_plain (self, "offline", _("This computer has no network, so no bank can be asked."),
                _("Nothing: Koban goes on by itself when the network is back."));
}

static void
look_at_clock (Looking *self)
{
  if (self->now->clock_is_free)
    tell_plain (self, "clock",
                _("This computer's clock is not set by the network; if it is wrong, banks are refused."),
                _("Switch it on: timedatectl set-ntp true"));
}

static void
look_at_disk (Looking *self)
{
  struct statvfs disk;

  if (statvfs (koban_settings_data_directory (), &disk) == 0 &&
      disk.f_bavail * disk.f_frsize < LEAST_ROOM_BYTES)
    tell_plain (self, "disk-full", _("The disk is nearly full: what the banks say can soon not be kept."),
                _("Make room. Koban goes on by itself."));
}

static void
look_at_journal (Looking *self)
{
  gboolean intact = TRUE;

  if (self->now->journal == NULL || !g_variant_lookup (self->now->journal, "intact", "b", &intact) || intact)
    return;
  g_autofree char *entry =
    g_strdup_printf ("%" G_GINT64_FORMAT, koban_field_number (self->now->journal, "broken"));
  g_autofree char *what = g_strdup_printf (
    _("Koban's journal does not hold from entry %s on: it was changed, or part of it was lost."), entry);
  tell_plain (self, "journal-broken", what,
              _("Keep a copy of koban.db as it is, and find out who else can change your files."));
}

static void
look_at_damage (Looking *self)
{
  g_autoptr(GDir) directory = g_dir_open (koban_settings_data_directory (), 0, NULL);
  const char *name;
  gboolean found = FALSE;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    found |= g_str_has_prefix (name, "koban.db.damaged-") && strstr (name, "-wal") == NULL &&
             strstr (name, "-shm") == NULL;
  if (found)
    tell_plain (
      self, "set-aside", _("Koban's data was damaged once and set aside; history begins anew after it."),
      _("Bring back a copy: koban restore FILE. Or delete the koban.db.damaged files in its folder."));
}

static void
look_at_autostart (Looking *self)
{
  if (self->now->connections == NULL || g_variant_n_children (self->now->connections) == 0 ||
      self->now->starts_at_login)
    return;
  tell_plain (self, "no-autostart", _("Koban does not start at login, so it watches only when you call it."),
              _("Run: koban setup, or systemctl --user enable koban-agent"));
}

/* --- the table
 * -------------------------------------------------------------------------------------------------- */

static const struct
{
  void (*look) (Looking *self);
  KobanHealthScope scope;
} checks[] = {
  { look_at_bus, KOBAN_HEALTH_WATCH },
  { look_at_agent, KOBAN_HEALTH_WATCH },
  { look_at_keyring, KOBAN_HEALTH_WATCH },
  { look_at_connections, KOBAN_HEALTH_WATCH },
  { look_at_each_connection, KOBAN_HEALTH_WATCH },
  { look_at_accounts, KOBAN_HEALTH_WATCH },
  { look_at_alerts, KOBAN_HEALTH_WATCH },
  { look_at_notifications, KOBAN_HEALTH_ALL },
  { look_at_unsent, KOBAN_HEALTH_WATCH },
  { look_at_disk, KOBAN_HEALTH_WATCH },
  { look_at_network, KOBAN_HEALTH_ALL },
  { look_at_clock, KOBAN_HEALTH_ALL },
  { look_at_version, KOBAN_HEALTH_ALL },
  { look_at_autostart, KOBAN_HEALTH_ALL },
  { look_at_journal, KOBAN_HEALTH_ALL },
  { look_at_damage, KOBAN_HEALTH_ALL },
  { look_at_keyring_kind, KOBAN_HEALTH_ALL },
  { look_at_joint_accounts, KOBAN_HEALTH_ALL },
};

GVariant *
koban_health_check (const KobanSituation *situation, KobanHealthScope scope)
{
  Looking self = { .now = situation, .scope = scope };

  g_variant_builder_init (&self.found, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    if (checks[i].scope <= scope)
      {
        self.hinting = FALSE;
        checks[i].look (&self);
      }
  return g_variant_ref_sink (g_variant_builder_end (&self.found));
}

gboolean
koban_health_is_well (GVariant *problems)
{
  gboolean well = TRUE;

  for (gsize i = 0; i < g_variant_n_children (problems); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (problems, i);
      gboolean hint = FALSE;

      g_variant_lookup (row, "hint", "b", &hint);
      well &= hint;
    }
  return well;
}

void
koban_health_print (GVariant *problems)
{
  for (gsize i = 0; i < g_variant_n_children (problems); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (problems, i);
      g_autofree char *what = koban_text_clean (koban_field_text (row, "what"), 0);

      g_print ("%s: %s %s\n", koban_field_text (row, "code"), what, koban_field_text (row, "next"));
    }
}
