/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's face on a real bus, called by a stranger: any method with any arguments of its types, the
 * operations that come of it begun, answered and cancelled in any order. Each call is answered, with what its
 * description says or with an error of ours; no bank is asked, because the keyring is empty.
 *
 * An input is a tape of bytes: a method, its arguments, the next method. Words that the agent knows stand in
 * a table, so that a byte is enough to say them.
 */
#include "config.h"

#include "fuzz.h"
#include "scratch.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <koban/error.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus.h"
#include "data/koban-dbus.h"
#include "fake-channel.h"
#include "fake-clock.h"
#include "fake-vault.h"
#include "open-books.h"

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)
#define PATIENCE_MS 20000
#define MOST_CALLS 8
#define MOST_ITEMS 4
#define DEEPEST 4

typedef struct
{
  const guint8 *data;
  gsize left;
} Tape;

/* --- the agent ---------------------------------------------------------------------------------------- */

static struct
{
  GTestDBus *daemon;
  GDBusConnection *connection; /* the agent's */
  GDBusConnection *stranger;
  KobanParts parts;
  KobanBus *bus;
  KobanFakeClock *clock;
  FakeChannel *channel;
  GPtrArray *operations; /* (element-type utf8): paths that the stranger was given */
} desk;

static void
ignore_changed (gpointer agent, const char *list)
{
}

static void
ignore_reload (gpointer agent)
{
}

static void
ignore_leave (gpointer agent, gboolean forget)
{
}

static void
ignore_due (KobanPoller *poller, const char *connection, gpointer user_data)
{
}

static gboolean
furnish_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanConnection connection = { .provider = (char *) "starling",
                                 .name = (char *) "Bank",
                                 .secret_id = (char *) "s",
                                 .profile_digest = (char *) "d" };
  const char *const refs[] = { "t1", NULL };
  GVariant *reason = koban_reason_new ("new_link", NULL);
  KobanAlert fields = { .incident = "key",
                        .kind = KOBAN_ALERT_LINK,
                        .severity = KOBAN_SEVERITY_CRITICAL,
                        .refs = refs,
                        .opened_us = NOW_US,
                        .updated_us = NOW_US,
                        .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) };
  g_autoptr(KobanAlert) alert = koban_alert_new (&fields);

  gboolean added = koban_ledger_add_connection (ledger, &connection, NOW_US, error);
  g_free (connection.id);
  return added && koban_ledger_raise (ledger, alert, NOW_US, NULL, error);
}

/* Nothing of whoever runs this may be touched: a method writes into the home. */
static void
move_home (void)
{
  static const char *const variables[] = { "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
                                           "XDG_RUNTIME_DIR" };

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    g_setenv (variables[i], scratch_folder (), TRUE);
}

static GDBusConnection *
join_bus (void)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
    g_test_dbus_get_bus_address (desk.daemon),
    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
    NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void
build_parts (void)
{
  KobanCycleTools *tools = &desk.parts.tools;
  g_autoptr(GPtrArray) channels = g_ptr_array_new ();

  desk.clock = koban_fake_clock_new (NOW_US);
  desk.channel = fake_channel_new ("desktop", KOBAN_CHANNEL_DESKTOP);
  g_ptr_array_add (channels, desk.channel);
  tools->books = koban_open_books_new ();
  tools->vault = KOBAN_VAULT (koban_fake_vault_new ());
  tools->http = koban_http_new ("koban/fuzz");
  tools->bus = desk.connection;
  tools->clock = KOBAN_CLOCK (desk.clock);
  tools->profiles = koban_profiles_load (NULL);
  tools->random = g_rand_new_with_seed (1);
  tools->unsaved =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_secret_unref);
  tools->interval_s = 15 * 60;
  desk.parts.rounds = koban_rounds_new (tools);
  desk.parts.poller = koban_poller_new (tools->clock, tools->books, tools->random, ignore_due, NULL);
  desk.parts.courier = koban_courier_new (tools->clock, tools->books, tools->random);
  koban_courier_set_channels (desk.parts.courier, channels);
  desk.parts.changed = ignore_changed;
  desk.parts.reload = ignore_reload;
  desk.parts.leave = ignore_leave;
}

static void
bring_down (void)
{
  g_clear_object (&desk.stranger);
  g_test_dbus_stop (desk.daemon);
}

G_NORETURN static void
leave_at_once (void)
{
  _exit (0);
}

/* GTestDBus forks a process that outlives ours to end the daemon. Its own end is none of the target, which is
 * what libFuzzer's handler would take it for: this one comes before it. */
static void
mark_child (void)
{
  atexit (leave_at_once);
}

static void
set_up (void)
{
  g_autoptr(GError) error = NULL;

  pthread_atfork (NULL, NULL, mark_child);
  move_home ();
  koban_error_quark ();
  koban_http_global_init ();
  desk.daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (desk.daemon);
  desk.connection = join_bus ();
  desk.stranger = join_bus ();
  desk.operations = g_ptr_array_new_with_free_func (g_free);
  build_parts ();
  koban_open_books_write (desk.parts.tools.books, furnish_in_worker, NULL);
  desk.bus = koban_bus_new (desk.connection, &desk.parts, &error);
  g_assert_no_error (error);
  atexit (bring_down);
}

/* --- the tape ----------------------------------------------------------------------------------------- */

static guint8
take (Tape *tape)
{
  if (tape->left == 0)
    return 0;
  tape->left--;
  return *tape->data++;
}

static const char *const words[] = {
  "id",
  "all",
  "account",
  "connection",
  "since",
  "incident",
  "provider",
  "name",
  "secret_id",
  "fields",
  "base_url",
  "ca_pem",
  "hosts",
  "profile_digest",
  "format",
  "currency",
  "dialect",
  "guess",
  "preview",
  "folder",
  "to",
  "at",
  "who",
  "ref",
  "text",
  "repaid",
  "full_number",
  "head",
  "file",
  "watch",
  "ownership",
  "seen",
  "links",
  "off",
  "own",
  "joint",
  "mine",
  "not-mine",
  "unsure",
  "bank",
  "police",
  "c1",
  "i1",
  "n1",
  "a1",
  "Bank",
  "starling",
  "up",
  "simplefin-v2",
  "desktop",
  "http://127.0.0.1:9/",
  "https://bank.example/",
  "GBP",
  "csv",
  "s",
  "K-7F3A-9Q2M",
  "/tmp",
  "example",
};

/* From 0x40 on a byte is a word of the table; below that, so many bytes of the tape. */
static char *
take_text (Tape *tape)
{
  guint8 first = take (tape);

  if (first >= 0x40)
    return g_strdup (words[(first - 0x40u) % G_N_ELEMENTS (words)]);
  gsize length = MIN (first, tape->left);
  g_autofree char *raw = g_strndup ((const char *) tape->data, length);
  tape->data += length;
  tape->left -= length;
  return g_utf8_make_valid (raw, -1);
}

static gint64
take_number (Tape *tape)
{
  guint8 kind = take (tape);
  gint64 number = 0;

  if (kind < 0x80)
    return kind;
  for (guint i = 0; i < sizeof number; i++)
    number = (gint64) ((guint64) number << 8 | take (tape));
  return number;
}

static GVariant *take_value (Tape *tape, const GVariantType *type, guint depth);

/* What stands in a variant: of the types that our own arguments have, and some that none has. */
static GVariant *
take_variant (Tape *tape, guint depth)
{
  static const char *const types[] = { "s",      "b",    "x", "as", "ay", "a{ss}", "a{sv}",
                                       "aa{sv}", "(xs)", "v", "h",  "u",  "d" };
  g_autoptr(GVariantType) type = g_variant_type_new (types[take (tape) % G_N_ELEMENTS (types)]);

  return take_value (tape, depth < DEEPEST ? type : G_VARIANT_TYPE_BOOLEAN, depth + 1);
}

static GVariant *
take_many (Tape *tape, const GVariantType *type, guint depth)
{
  GVariantBuilder builder;
  guint n = take (tape) % (MOST_ITEMS + 1);

  g_variant_builder_init (&builder, type);
  for (guint i = 0; i < n; i++)
    g_variant_builder_add_value (&builder, take_value (tape, g_variant_type_element (type), depth + 1));
  return g_variant_builder_end (&builder);
}

static GVariant *
take_members (Tape *tape, const GVariantType *type, guint depth)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, type);
  for (const GVariantType *member = g_variant_type_first (type); member != NULL;
       member = g_variant_type_next (member))
    g_variant_builder_add_value (&builder, take_value (tape, member, depth + 1));
  return g_variant_builder_end (&builder);
}

static GVariant *
take_value (Tape *tape, const GVariantType *type, guint depth)
{
  switch (*g_variant_type_peek_string (type))
    {
    case 's':
      return g_variant_new_take_string (take_text (tape));
    case 'b':
      return g_variant_new_boolean ((take (tape) & 1) != 0);
    case 'x':
      return g_variant_new_int64 (take_number (tape));
    case 'u':
      return g_variant_new_uint32 ((guint32) take_number (tape));
    case 'y':
      return g_variant_new_byte (take (tape));
    case 'd':
      return g_variant_new_double (take (tape));
    case 'h':
      return g_variant_new_handle ((gint32) take (tape) % 3); /* the file, or none */
    case 'v':
      return g_variant_new_variant (take_variant (tape, depth));
    case 'a':
      return take_many (tape, type, depth);
    default:
      return take_members (tape, type, depth);
    }
}

/* --- a call ------------------------------------------------------------------------------------------- */

typedef struct
{
  gboolean done;
  GVariant *value; /* (nullable) */
  GError *error;   /* (nullable) */
} Reply;

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reply *reply = user_data;

  reply->value =
    g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &reply->error);
  reply->done = TRUE;
}

/* A file that holds what is left of the tape. */
static GUnixFDList *
take_file (Tape *tape)
{
  GUnixFDList *files = g_unix_fd_list_new ();
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);

  g_assert_cmpint (write (fd, tape->data, tape->left), ==, (gssize) tape->left);
  lseek (fd, 0, SEEK_SET);
  g_assert_cmpint (g_unix_fd_list_append (files, fd, NULL), ==, 0);
  close (fd);
  return files;
}

static void
check_error (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  g_assert_nonnull (name);
  if (!g_str_has_prefix (name, "org.koban.Error.") &&
      !g_str_has_prefix (name, "org.freedesktop.DBus.Error.AccessDenied") &&
      !g_str_has_prefix (name, "org.freedesktop.DBus.Error.Unknown") &&
      !g_str_has_prefix (name, "org.freedesktop.DBus.Error.InvalidArgs"))
    g_error ("An error of another kind crossed the bus: %s (%s)", name, error->message);
}

/* (transfer full) (nullable) */
static GVariant *
call (const char *path, const char *interface, const GDBusMethodInfo *method, GVariant *arguments, Tape *tape)
{
  g_autoptr(GUnixFDList) files = take_file (tape);
  Reply reply = { 0 };

  g_dbus_connection_call_with_unix_fd_list (
    desk.stranger, g_dbus_connection_get_unique_name (desk.connection), path, interface, method->name,
    arguments, NULL, G_DBUS_CALL_FLAGS_NONE, PATIENCE_MS, files, NULL, on_reply, &reply);
  koban_run_until (&reply.done);
  if (reply.error != NULL)
    check_error (reply.error);
  g_clear_error (&reply.error);
  return reply.value;
}

static GVariant *
take_arguments (Tape *tape, const GDBusMethodInfo *method)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    g_variant_builder_add_value (&builder,
                                 take_value (tape, G_VARIANT_TYPE (method->in_args[i]->signature), 0));
  return g_variant_builder_end (&builder);
}

static guint
count_methods (GDBusInterfaceInfo *interface)
{
  guint n = 0;

  while (interface->methods[n] != NULL)
    n++;
  return n;
}

static void
call_method (Tape *tape, guint index)
{
  GDBusInterfaceInfo *interface = koban_dbus_koban1_interface_info ();
  const GDBusMethodInfo *method = interface->methods[index];
  g_autoptr(GVariant) value =
    call (KOBAN_BUS_PATH, interface->name, method, take_arguments (tape, method), tape);

  if (value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE ("(o)")))
    {
      const char *path;

      g_variant_get (value, "(&o)", &path);
      g_ptr_array_add (desk.operations, g_strdup (path));
    }
}

static void
call_operation (Tape *tape)
{
  GDBusInterfaceInfo *interface = koban_dbus_koban1_operation_interface_info ();
  const GDBusMethodInfo *method = interface->methods[take (tape) % count_methods (interface)];

  if (desk.operations->len == 0)
    return;
  const char *path = desk.operations->pdata[take (tape) % desk.operations->len];
  g_autoptr(GVariant) value G_GNUC_UNUSED =
    call (path, interface->name, method, take_arguments (tape, method), tape);
}

/* What was begun is ended, so that the next input finds the agent as this one did. */
static void
cancel_all (void)
{
  GDBusInterfaceInfo *interface = koban_dbus_koban1_operation_interface_info ();
  const GDBusMethodInfo *cancel = g_dbus_interface_info_lookup_method (interface, "Cancel");
  Tape nothing = { NULL, 0 };

  for (guint i = 0; i < desk.operations->len; i++)
    {
      g_autoptr(GVariant) value G_GNUC_UNUSED =
        call (desk.operations->pdata[i], interface->name, cancel, NULL, &nothing);
    }
  g_ptr_array_set_size (desk.operations, 0);
  while (koban_bus_is_busy (desk.bus))
    g_main_context_iteration (NULL, TRUE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  Tape tape = { data, size };

  if (desk.bus == NULL)
    set_up ();
  for (guint i = 0; i < MOST_CALLS && tape.left > 0; i++)
    {
      guint n = count_methods (koban_dbus_koban1_interface_info ());
      guint which = take (&tape) % (n + 4);

      if (which < n)
        call_method (&tape, which);
      else
        call_operation (&tape);
    }
  cancel_all ();
  return 0;
}
