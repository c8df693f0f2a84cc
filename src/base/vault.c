/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keyring of the session, through libsecret. It never prompts but in unlock, never takes a locked
 * keyring for an empty one, and keeps no secret beyond the call that asked for it.
 */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>

#include <koban/error.h>
#include <koban/vault.h>

#define BUS_NAME "org.freedesktop.secrets"
#define COLLECTION_INTERFACE "org.freedesktop.Secret.Collection"
#define SERVICE_INTERFACE "org.freedesktop.Secret.Service"
#define MAX_SECRET (256 * 1024) /* an item larger than this was not written by Koban */

const char *
koban_secret_kind_name (KobanSecretKind kind)
{
  static const char *const names[] = {
    [KOBAN_SECRET_CONNECTION] = "connection",
    [KOBAN_SECRET_REVOKE] = "revoke",
    [KOBAN_SECRET_CHANNEL] = "channel",
    [KOBAN_SECRET_ANSWER] = "answer",
  };

  g_return_val_if_fail ((gsize) kind < G_N_ELEMENTS (names), NULL);

  return names[kind];
}

G_DEFINE_INTERFACE (KobanVault, koban_vault, G_TYPE_OBJECT)

static guint unlocked_signal;

static void
koban_vault_default_init (KobanVaultInterface *iface)
{
  unlocked_signal =
    g_signal_new ("unlocked", KOBAN_TYPE_VAULT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

void
koban_vault_store_async (KobanVault *self,
                         KobanSecretKind kind,
                         const char *id,
                         const char *provider,
                         const char *label,
                         KobanSecret *secret,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (KOBAN_IS_VAULT (self) && id != NULL && provider != NULL && label != NULL &&
                    secret != NULL);

  KOBAN_VAULT_GET_IFACE (self)->store_async (self, kind, id, provider, label, secret, cancellable, callback,
                                             user_data);
}

static gboolean
finish_boolean (KobanVault *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self) && g_async_result_is_tagged (result, tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
koban_vault_store_finish (KobanVault *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, koban_vault_store_async, error);
}

void
koban_vault_lookup_async (KobanVault *self,
                          KobanSecretKind kind,
                          const char *id,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (KOBAN_IS_VAULT (self) && id != NULL);

  KOBAN_VAULT_GET_IFACE (self)->lookup_async (self, kind, id, cancellable, callback, user_data);
}

KobanSecret *
koban_vault_lookup_finish (KobanVault *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, koban_vault_lookup_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
koban_vault_remove_async (KobanVault *self,
                          KobanSecretKind kind,
                          const char *id,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (KOBAN_IS_VAULT (self));

  KOBAN_VAULT_GET_IFACE (self)->remove_async (self, kind, id, cancellable, callback, user_data);
}

gboolean
koban_vault_remove_finish (KobanVault *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, koban_vault_remove_async, error);
}

void
koban_vault_list_async (KobanVault *self,
                        KobanSecretKind kind,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_return_if_fail (KOBAN_IS_VAULT (self));

  KOBAN_VAULT_GET_IFACE (self)->list_async (self, kind, cancellable, callback, user_data);
}

GPtrArray *
koban_vault_list_finish (KobanVault *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, koban_vault_list_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
koban_vault_unlock_async (KobanVault *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (KOBAN_IS_VAULT (self));

  KOBAN_VAULT_GET_IFACE (self)->unlock_async (self, cancellable, callback, user_data);
}

gboolean
koban_vault_unlock_finish (KobanVault *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, koban_vault_unlock_async, error);
}

static const SecretSchema schema = {
  .name = "org.koban.Secret",
  .flags = SECRET_SCHEMA_NONE,
  .attributes = {
    { "kind", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { "id", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { "provider", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { NULL, 0 },
  },
};

#define KOBAN_TYPE_VAULT_KEYRING (koban_vault_keyring_get_type ())
G_DECLARE_FINAL_TYPE (KobanVaultKeyring, koban_vault_keyring, KOBAN, VAULT_KEYRING, GObject)

struct _KobanVaultKeyring
{
  GObject parent_instance;

  SecretService *service;      /* (owned) (nullable): of the owner of the bus name; NULL before it is asked */
  GDBusConnection *connection; /* (owned) (nullable): where @subscriptions are */
  guint subscriptions[3];
  guint watch;         /* of the bus name: only looks, never starts it */
  guint n_opening;     /* verbs that are opening the service: they may start it themselves */
  gboolean waited_for; /* somebody was refused since "unlocked" was last said */
};

static void koban_vault_keyring_iface_init (KobanVaultInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KobanVaultKeyring,
                               koban_vault_keyring,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_VAULT, koban_vault_keyring_iface_init))

/* One verb on its way:
 *
 *   begin ─▶ on_service ─▶ on_collection ─▶ act ─▶ on_stored | on_found | on_condemned … | on_unlocked
 *
 * The collection is asked before anything is searched, because a locked one answers like an empty one:
 * finding nothing means “nothing is there” only where refused_by_collection() has nothing to say.
 *
 * A secret may also lie in another collection than the default. gnome-keyring lists its item, as locked, if
 * that collection was open since the daemon started; until then its items are invisible, and whether one of
 * them is ours cannot be told: with an unlocked default that is NOT_FOUND. A locked collection that holds
 * nothing of ours is much more common, and waiting for it would never end. */
typedef struct
{
  KobanSecretKind kind;
  char *id;
  char *provider;
  char *label;
  KobanSecret *secret;
  SecretService *service;
  const char *alias;
  SecretCollection *collection; /* (owned) (nullable): of @alias */
  GList *condemned;             /* (owned): the items that are still to be deleted */
  gboolean again;               /* this is the second attempt */
  void (*act) (GTask *task);
} Verb;

static void
verb_free (gpointer data)
{
  Verb *verb = data;

  g_free (verb->id);
  g_free (verb->provider);
  g_free (verb->label);
  g_clear_pointer (&verb->secret, koban_secret_unref);
  g_clear_list (&verb->condemned, g_object_unref);
  g_clear_object (&verb->collection);
  g_clear_object (&verb->service);
  g_free (verb);
}

static GHashTable *
attributes_of (const Verb *verb)
{
  GHashTable *attributes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  g_hash_table_insert (attributes, (gpointer) "kind", g_strdup (koban_secret_kind_name (verb->kind)));
  if (verb->id != NULL)
    g_hash_table_insert (attributes, (gpointer) "id", g_strdup (verb->id));
  if (verb->provider != NULL)
    g_hash_table_insert (attributes, (gpointer) "provider", g_strdup (verb->provider));
  return attributes;
}

/* Locked or absent: what "unlocked" will be said for. */
static void
return_refusal (GTask *task, KobanError code, const char *message)
{
  KobanVaultKeyring *self = g_task_get_source_object (task);

  self->waited_for = TRUE;
  g_task_return_new_error (task, KOBAN_ERROR, (int) code, "%s", message);
}

static void
return_locked (GTask *task)
{
  return_refusal (task, KOBAN_ERROR_LOCKED,
                  _("The keyring is locked: unlock it with “koban unlock”, or sign in to your session"));
}

static void
return_absent (GTask *task, const char *why)
{
  g_autofree char *message =
    g_strdup_printf (_("No keyring answers in this session; install and start one, such as "
                        "gnome-keyring or KeePassXC (%s)"),
                     why);

  return_refusal (task, KOBAN_ERROR_NO_KEYRING, message);
}

/* Whether it has returned: the collection that would hold the secret is missing or locked. */
static gboolean
refused_by_collection (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);

  if (verb->collection == NULL)
    return_refusal (task, KOBAN_ERROR_NO_KEYRING,
                    _("There is no default keyring: create one in “Passwords and Keys” (or open your "
                       "database in KeePassXC) and set it as default"));
  else if (secret_collection_get_locked (verb->collection))
    return_locked (task);
  else
    return FALSE;
  return TRUE;
}

/* Whether the Secret Service cannot be had at all: nobody has the name, nothing can be started, there is no
 * bus. G_IO_ERROR_DBUS_ERROR is an error that the service itself gave, under a name that nobody here knows.
 */
static gboolean
is_absence (const GError *error)
{
  static const int codes[] = {
    G_DBUS_ERROR_SERVICE_UNKNOWN,         G_DBUS_ERROR_NAME_HAS_NO_OWNER,  G_DBUS_ERROR_SPAWN_FAILED,
    G_DBUS_ERROR_SPAWN_EXEC_FAILED,       G_DBUS_ERROR_SPAWN_CHILD_EXITED, G_DBUS_ERROR_SPAWN_CHILD_SIGNALED,
    G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND, G_DBUS_ERROR_NO_REPLY,           G_DBUS_ERROR_DISCONNECTED
  };

  if (error->domain == G_IO_ERROR)
    return error->code != G_IO_ERROR_CANCELLED && error->code != G_IO_ERROR_DBUS_ERROR &&
           error->code != G_IO_ERROR_TIMED_OUT;
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, G_DBUS_ERROR, codes[i]))
      return TRUE;
  return FALSE;
}

static void begin (KobanVaultKeyring *self, GTask *task);

/* Whether the verb starts over: the keyring has died since it was opened, and that it has is not heard yet,
 * or is heard just now. A second attempt opens its successor; it has the same end as the first would have
 * had. */
static gboolean
begun_again (GTask *task, const GError *error)
{
  KobanVaultKeyring *self = g_task_get_source_object (task);
  Verb *verb = g_task_get_task_data (task);

  if (verb->again || verb->service == NULL || !is_absence (error))
    return FALSE;
  if (self->service == verb->service)
    g_clear_object (&self->service);
  g_clear_list (&verb->condemned, g_object_unref);
  g_clear_object (&verb->collection);
  g_clear_object (&verb->service);
  verb->again = TRUE;
  begin (self, g_object_ref (task));
  return TRUE;
}

static void
return_keyring_error (GTask *task, GError *taken)
{
  g_autoptr(GError) error = taken;

  g_dbus_error_strip_remote_error (error);
  if (koban_error_is_cancelled (error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    return_locked (task);
  else if (begun_again (task, error))
    return;
  else if (is_absence (error))
    return_absent (task, error->message);
  else
    g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_FAILED, _("The keyring failed: %s"),
                             error->message);
}

/* Once for each time that somebody was refused: a keyring says in several ways that it was unlocked, and says
 * that it changed after our own stores too. */
static void
emit_unlocked (KobanVaultKeyring *self)
{
  if (!self->waited_for)
    return;
  self->waited_for = FALSE;
  g_signal_emit (self, unlocked_signal, 0);
}

static void
on_properties_changed (GDBusConnection *connection,
                       const char *sender,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters,
                       gpointer user_data)
{
  g_autoptr(GVariant) changed = NULL;
  gboolean locked = TRUE;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  if (g_variant_lookup (changed, "Locked", "b", &locked) && !locked)
    emit_unlocked (user_data);
}

static void
on_locked_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanVaultKeyring) self = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr(GVariant) locked = NULL;

  if (reply == NULL)
    return;
  g_variant_get (reply, "(v)", &locked);
  if (g_variant_is_of_type (locked, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean (locked))
    emit_unlocked (self);
}

/* CollectionCreated, CollectionChanged: not every service says what changed, so the lock is looked at. */
static void
on_collection_changed (GDBusConnection *connection,
                       const char *sender,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters,
                       gpointer user_data)
{
  KobanVaultKeyring *self = user_data;
  const char *collection;

  if (!self->waited_for || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(o)")))
    return;
  g_variant_get (parameters, "(&o)", &collection);
  g_dbus_connection_call (connection, sender, collection, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", COLLECTION_INTERFACE, "Locked"), G_VARIANT_TYPE ("(v)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_locked_read, g_object_ref (self));
}

static void
subscribe (KobanVaultKeyring *self, GDBusConnection *connection)
{
  static const struct
  {
    const char *interface, *member, *arg0;
    GDBusSignalCallback callback;
  } signals[] = {
    { "org.freedesktop.DBus.Properties", "PropertiesChanged", COLLECTION_INTERFACE, on_properties_changed },
    { SERVICE_INTERFACE, "CollectionCreated", NULL, on_collection_changed },
    { SERVICE_INTERFACE, "CollectionChanged", NULL, on_collection_changed },
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (signals) == G_N_ELEMENTS (self->subscriptions));

  self->connection = g_object_ref (connection);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    self->subscriptions[i] = g_dbus_connection_signal_subscribe (
      connection, BUS_NAME, signals[i].interface, signals[i].member, NULL, signals[i].arg0,
      G_DBUS_SIGNAL_FLAGS_NONE, signals[i].callback, self, NULL);
}

static void
on_name_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  KobanVaultKeyring *self = user_data;

  if (self->connection == NULL)
    subscribe (self, connection);
  /* A keyring that one of our own verbs has just started answers that verb: to tell the others too would make
   * a circle out of a keyring that keeps dying. */
  if (self->n_opening == 0)
    emit_unlocked (self);
}

static void
on_name_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  KobanVaultKeyring *self = user_data;

  g_clear_object (&self->service);
}

/* Keeps SecretCollection from its own list of items, which nobody here reads and for which libsecret 0.20
 * leaks a little at each change. */
static void
on_item_listed (GDBusProxy *collection,
                const char *sender,
                const char *signal,
                GVariant *parameters,
                gpointer user_data)
{
  g_signal_stop_emission_by_name (collection, "g-signal");
}

static void ask_collection (GTask *task);

static void
on_collection (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Verb *verb = g_task_get_task_data (task);
  GError *error = NULL;

  verb->collection = secret_collection_for_alias_finish (result, &error);
  if (error != NULL)
    {
      return_keyring_error (task, error);
      return;
    }
  if (verb->collection == NULL && g_str_equal (verb->alias, SECRET_COLLECTION_SESSION))
    {
      /* Not every keyring has one that is forgotten at the end of the session. */
      verb->alias = SECRET_COLLECTION_DEFAULT;
      ask_collection (g_steal_pointer (&task));
      return;
    }
  if (verb->collection != NULL)
    g_signal_connect (verb->collection, "g-signal", G_CALLBACK (on_item_listed), NULL);
  verb->act (g_steal_pointer (&task));
}

/* Takes @task. */
static void
ask_collection (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);

  secret_collection_for_alias (verb->service, verb->alias, SECRET_COLLECTION_NONE,
                               g_task_get_cancellable (task), on_collection, task);
}

static void
on_service (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanVaultKeyring *self = g_task_get_source_object (task);
  Verb *verb = g_task_get_task_data (task);
  GError *error = NULL;

  self->n_opening--;
  verb->service = secret_service_open_finish (result, &error);
  if (verb->service == NULL)
    {
      return_keyring_error (task, error);
      return;
    }
  g_set_object (&self->service, verb->service);
  ask_collection (g_steal_pointer (&task));
}

/* Takes @task. */
static void
begin (KobanVaultKeyring *self, GTask *task)
{
  Verb *verb = g_task_get_task_data (task);

  verb->alias = verb->kind == KOBAN_SECRET_ANSWER ? SECRET_COLLECTION_SESSION : SECRET_COLLECTION_DEFAULT;
  if (self->service != NULL)
    {
      verb->service = g_object_ref (self->service);
      ask_collection (task);
      return;
    }
  self->n_opening++;
  secret_service_open (SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, g_task_get_cancellable (task),
                       on_service, task);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(SecretItem) item = secret_item_create_finish (result, &error);

  if (item == NULL)
    return_keyring_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
create_item (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);
  g_autoptr(GHashTable) attributes = attributes_of (verb);
  g_autoptr(SecretValue) value = NULL;
  gsize length;
  const char *bytes = koban_secret_peek (verb->secret, &length);

  value = secret_value_new (bytes, (gssize) length, "text/plain");
  secret_item_create (verb->collection, &schema, attributes, verb->label, value, SECRET_ITEM_CREATE_REPLACE,
                      g_task_get_cancellable (task), on_stored, task);
}

static void
act_store (GTask *taken)
{
  g_autoptr(GTask) task = taken;

  if (!refused_by_collection (task))
    create_item (g_steal_pointer (&task));
}

static void
vault_keyring_store_async (KobanVault *vault,
                           KobanSecretKind kind,
                           const char *id,
                           const char *provider,
                           const char *label,
                           KobanSecret *secret,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (vault, cancellable, callback, user_data);
  Verb *verb = g_new0 (Verb, 1);

  verb->kind = kind;
  verb->id = g_strdup (id);
  verb->provider = g_strdup (provider);
  verb->label = g_strdup (label);
  verb->secret = koban_secret_ref (secret);
  verb->act = act_store;
  g_task_set_source_tag (task, koban_vault_store_async);
  g_task_set_task_data (task, verb, verb_free);
  /* What is in the keyring is in the keyring: a store that succeeded is not reported as cancelled. */
  g_task_set_check_cancellable (task, FALSE);
  begin (KOBAN_VAULT_KEYRING (vault), task);
}

static void
return_locked_item (GTask *task)
{
  return_refusal (task, KOBAN_ERROR_LOCKED,
                  _("The keyring keeps this secret locked: unlock it with “koban unlock”, or let it give "
                     "secrets to Koban without asking each time"));
}

static void
return_item (GTask *task, SecretItem *item)
{
  g_autoptr(SecretValue) value = secret_item_get_locked (item) ? NULL : secret_item_get_secret (item);
  gsize length = 0;
  const char *bytes = value != NULL ? secret_value_get (value, &length) : NULL;

  if (bytes == NULL)
    return_locked_item (task);
  else if (length > MAX_SECRET)
    g_task_return_new_error (
      task, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s",
      _("The secret in the keyring is too long to be one of Koban's: add the connection again"));
  else
    g_task_return_pointer (task, koban_secret_new (bytes, (gssize) length),
                           (GDestroyNotify) koban_secret_unref);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Verb *verb = g_task_get_task_data (task);
  GError *error = NULL;
  GList *items = secret_service_search_finish (SECRET_SERVICE (source), result, &error);

  if (error != NULL)
    return_keyring_error (task, error);
  else if (items != NULL)
    return_item (task, items->data);
  else if (!refused_by_collection (task))
    g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND,
                             _("The keyring has no secret for “%s”"), verb->id);
  g_list_free_full (items, g_object_unref);
}

static void
act_lookup (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);
  g_autoptr(GHashTable) attributes = attributes_of (verb);

  /* Without SECRET_SEARCH_UNLOCK, or it would prompt. */
  secret_service_search (verb->service, &schema, attributes, SECRET_SEARCH_LOAD_SECRETS,
                         g_task_get_cancellable (task), on_found, task);
}

static void
begin_by_id (KobanVault *vault, GTask *task, KobanSecretKind kind, const char *id, void (*act) (GTask *task))
{
  Verb *verb = g_new0 (Verb, 1);

  verb->kind = kind;
  verb->id = g_strdup (id);
  verb->act = act;
  g_task_set_task_data (task, verb, verb_free);
  begin (KOBAN_VAULT_KEYRING (vault), task);
}

static void
vault_keyring_lookup_async (KobanVault *vault,
                            KobanSecretKind kind,
                            const char *id,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (vault, cancellable, callback, user_data);

  g_task_set_source_tag (task, koban_vault_lookup_async);
  begin_by_id (vault, task, kind, id, act_lookup);
}

static void delete_next (GTask *task);

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;

  if (secret_item_delete_finish (SECRET_ITEM (source), result, &error) || error == NULL ||
      g_error_matches (error, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT))
    delete_next (g_steal_pointer (&task));
  else
    return_keyring_error (task, g_steal_pointer (&error));
}

/* Takes @task. */
static void
delete_next (GTask *taken)
{
  g_autoptr(GTask) task = taken;
  Verb *verb = g_task_get_task_data (task);
  g_autoptr(SecretItem) item = NULL;

  if (verb->condemned == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  item = verb->condemned->data;
  verb->condemned = g_list_delete_link (verb->condemned, verb->condemned);
  /* A keyring may have the person confirm it (KeePassXC does): a deletion is always the person's own wish. */
  secret_item_delete (item, NULL, on_deleted, g_steal_pointer (&task));
}

static gboolean
has_locked (GList *items)
{
  for (GList *l = items; l != NULL; l = l->next)
    if (secret_item_get_locked (l->data))
      return TRUE;
  return FALSE;
}

static void
on_condemned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Verb *verb = g_task_get_task_data (task);
  GError *error = NULL;

  verb->condemned = secret_service_search_finish (SECRET_SERVICE (source), result, &error);
  if (error != NULL)
    return_keyring_error (task, error);
  else if (has_locked (verb->condemned))
    return_locked_item (task);
  else if (verb->condemned != NULL || !refused_by_collection (task))
    delete_next (g_steal_pointer (&task));
}

/* What the unlocking of its collection would bring back is not removed: a locked item is refused, not passed
 * over. */
static void
act_remove (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);
  g_autoptr(GHashTable) attributes = attributes_of (verb);

  secret_service_search (verb->service, &schema, attributes, SECRET_SEARCH_ALL, g_task_get_cancellable (task),
                         on_condemned, task);
}

static void
vault_keyring_remove_async (KobanVault *vault,
                            KobanSecretKind kind,
                            const char *id,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (vault, cancellable, callback, user_data);

  g_task_set_source_tag (task, koban_vault_remove_async);
  begin_by_id (vault, task, kind, id, act_remove);
}

static GPtrArray *
ids_of (GList *items)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (GList *l = items; l != NULL; l = l->next)
    {
      g_autoptr(GHashTable) attributes = secret_item_get_attributes (l->data);
      const char *id = attributes != NULL ? g_hash_table_lookup (attributes, "id") : NULL;

      if (id != NULL)
        g_ptr_array_add (ids, g_strdup (id));
    }
  return ids;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  GList *items = secret_service_search_finish (SECRET_SERVICE (source), result, &error);

  if (error != NULL)
    return_keyring_error (task, error);
  else if (items != NULL || !refused_by_collection (task))
    g_task_return_pointer (task, ids_of (items), (GDestroyNotify) g_ptr_array_unref);
  g_list_free_full (items, g_object_unref);
}

static void
act_list (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);
  g_autoptr(GHashTable) attributes = attributes_of (verb);

  secret_service_search (verb->service, &schema, attributes, SECRET_SEARCH_ALL, g_task_get_cancellable (task),
                         on_listed, task);
}

static void
vault_keyring_list_async (KobanVault *vault,
                          KobanSecretKind kind,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (vault, cancellable, callback, user_data);

  g_task_set_source_tag (task, koban_vault_list_async);
  begin_by_id (vault, task, kind, NULL, act_list);
}

static void
on_items_unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  GList *items = secret_service_search_finish (SECRET_SERVICE (source), result, &error);

  g_list_free_full (items, g_object_unref);
  if (error != NULL)
    return_keyring_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* Some keyrings lock item by item. */
static void
unlock_items (GTask *task)
{
  Verb *verb = g_task_get_task_data (task);
  g_autoptr(GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);

  secret_service_search (verb->service, &schema, attributes, SECRET_SEARCH_ALL | SECRET_SEARCH_UNLOCK, NULL,
                         on_items_unlocked, task);
}

static void
on_unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  int n_unlocked = secret_service_unlock_finish (SECRET_SERVICE (source), result, NULL, &error);

  if (error != NULL)
    return_keyring_error (task, error);
  else if (n_unlocked == 0)
    g_task_return_new_error (
      task, KOBAN_ERROR, KOBAN_ERROR_LOCKED, "%s",
      _("The keyring was not unlocked: its question was dismissed, or there is no screen to "
         "ask on"));
  else
    unlock_items (g_steal_pointer (&task));
}

/* Without the cancellable: gnome-keyring 42 aborts when a call is cancelled while its question is on the
 * screen. */
static void
act_unlock (GTask *taken)
{
  g_autoptr(GTask) task = taken;
  Verb *verb = g_task_get_task_data (task);
  GList locked = { .data = verb->collection };

  if (verb->collection != NULL && secret_collection_get_locked (verb->collection))
    secret_service_unlock (verb->service, &locked, NULL, on_unlocked, g_steal_pointer (&task));
  else if (!refused_by_collection (task))
    unlock_items (g_steal_pointer (&task));
}

static void
vault_keyring_unlock_async (KobanVault *vault,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (vault, cancellable, callback, user_data);
  Verb *verb = g_new0 (Verb, 1);

  verb->act = act_unlock;
  g_task_set_source_tag (task, koban_vault_unlock_async);
  g_task_set_task_data (task, verb, verb_free);
  begin (KOBAN_VAULT_KEYRING (vault), task);
}

/* Whoever was refused in an earlier life of this program is waiting too. */
static void
koban_vault_keyring_init (KobanVaultKeyring *self)
{
  self->waited_for = TRUE;
  self->watch = g_bus_watch_name (G_BUS_TYPE_SESSION, BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                  on_name_appeared, on_name_vanished, self, NULL);
}

static void
koban_vault_keyring_dispose (GObject *object)
{
  KobanVaultKeyring *self = KOBAN_VAULT_KEYRING (object);

  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  for (gsize i = 0; self->connection != NULL && i < G_N_ELEMENTS (self->subscriptions); i++)
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscriptions[i]);
  g_clear_object (&self->connection);
  g_clear_object (&self->service);
  G_OBJECT_CLASS (koban_vault_keyring_parent_class)->dispose (object);
}

static void
koban_vault_keyring_class_init (KobanVaultKeyringClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_vault_keyring_dispose;
}

static void
koban_vault_keyring_iface_init (KobanVaultInterface *iface)
{
  iface->store_async = vault_keyring_store_async;
  iface->lookup_async = vault_keyring_lookup_async;
  iface->remove_async = vault_keyring_remove_async;
  iface->list_async = vault_keyring_list_async;
  iface->unlock_async = vault_keyring_unlock_async;
}

KobanVault *
koban_vault_keyring_new (void)
{
  return g_object_new (KOBAN_TYPE_VAULT_KEYRING, NULL);
}
