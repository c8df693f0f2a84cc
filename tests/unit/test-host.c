/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the computer says about itself, from monitors that say what a test wants.
 */
#include "config.h"

#include "host.h"

/* --- a network and a battery that obey --------------------------------------------------------------- */

#define FAKE_TYPE_NETWORK (fake_network_get_type ())
G_DECLARE_FINAL_TYPE (FakeNetwork, fake_network, FAKE, NETWORK, GObject)

struct _FakeNetwork
{
  GObject parent;

  gboolean available, metered;
};

enum
{
  NETWORK_AVAILABLE = 1,
  NETWORK_METERED,
  NETWORK_CONNECTIVITY,
};

static void
fake_network_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  FakeNetwork *self = FAKE_NETWORK (object);

  if (id == NETWORK_CONNECTIVITY)
    g_value_set_enum (value, G_NETWORK_CONNECTIVITY_FULL);
  else
    g_value_set_boolean (value, id == NETWORK_METERED ? self->metered : self->available);
}

static gboolean
fake_network_init_now (GInitable *initable, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static void
fake_network_initable_init (GInitableIface *iface)
{
  iface->init = fake_network_init_now;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeNetwork,
                               fake_network,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, fake_network_initable_init)
                                 G_IMPLEMENT_INTERFACE (G_TYPE_NETWORK_MONITOR, NULL))

static void
fake_network_class_init (FakeNetworkClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->get_property = fake_network_get_property;
  g_object_class_override_property (object, NETWORK_AVAILABLE, "network-available");
  g_object_class_override_property (object, NETWORK_METERED, "network-metered");
  g_object_class_override_property (object, NETWORK_CONNECTIVITY, "connectivity");
}

static void
fake_network_init (FakeNetwork *self)
{
  self->available = TRUE;
}

#define FAKE_TYPE_POWER (fake_power_get_type ())
G_DECLARE_FINAL_TYPE (FakePower, fake_power, FAKE, POWER, GObject)

struct _FakePower
{
  GObject parent;

  gboolean saving;
};

static void
fake_power_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  g_value_set_boolean (value, FAKE_POWER (object)->saving);
}

static void
fake_power_initable_init (GInitableIface *iface)
{
  iface->init = fake_network_init_now;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakePower,
                               fake_power,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, fake_power_initable_init)
                                 G_IMPLEMENT_INTERFACE (G_TYPE_POWER_PROFILE_MONITOR, NULL))

static void
fake_power_class_init (FakePowerClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);

  object->get_property = fake_power_get_property;
  g_object_class_override_property (object, 1, "power-saver-enabled");
}

static void
fake_power_init (FakePower *self)
{
}

/* --- claims -------------------------------------------------------------------------------------------- */

typedef struct
{
  FakeNetwork *network;
  FakePower *power;
  KobanHost *host;
  guint n_saving, n_online;
} Room;

static void
count (guint *n)
{
  (*n)++;
}

static void
set_up (Room *room, gconstpointer data)
{
  room->network = g_object_new (FAKE_TYPE_NETWORK, NULL);
  room->power = g_object_new (FAKE_TYPE_POWER, NULL);
  room->host = koban_host_new_with (G_NETWORK_MONITOR (room->network), G_POWER_PROFILE_MONITOR (room->power));
  g_signal_connect_swapped (room->host, "saving", G_CALLBACK (count), &room->n_saving);
  g_signal_connect_swapped (room->host, "online", G_CALLBACK (count), &room->n_online);
}

static void
tear_down (Room *room, gconstpointer data)
{
  g_assert_finalize_object (room->host);
  g_assert_finalize_object (room->network);
  g_assert_finalize_object (room->power);
}

static void
set_metered (Room *room, gboolean metered)
{
  room->network->metered = metered;
  g_object_notify (G_OBJECT (room->network), "network-metered");
}

static void
set_saver (Room *room, gboolean saving)
{
  room->power->saving = saving;
  g_object_notify (G_OBJECT (room->power), "power-saver-enabled");
}

static void
test_of_both_the_shorter_is_spared (Room *room, gconstpointer data)
{
  g_assert_cmpint (koban_host_get_saving (room->host), ==, KOBAN_SAVING_NOTHING);
  set_metered (room, TRUE);
  g_assert_cmpint (koban_host_get_saving (room->host), ==, KOBAN_SAVING_DATA);
  set_saver (room, TRUE);
  g_assert_cmpint (koban_host_get_saving (room->host), ==, KOBAN_SAVING_POWER);
  set_metered (room, FALSE);
  set_saver (room, FALSE);
  g_assert_cmpint (koban_host_get_saving (room->host), ==, KOBAN_SAVING_NOTHING);
  g_assert_cmpuint (room->n_saving, ==, 3); /* what changed nothing was not told */
}

static void
test_the_network_is_told_once_a_change (Room *room, gconstpointer data)
{
  g_assert_true (koban_host_get_online (room->host));
  for (int i = 0; i < 3; i++)
    g_signal_emit_by_name (room->network, "network-changed", FALSE);
  g_assert_false (koban_host_get_online (room->host));
  g_signal_emit_by_name (room->network, "network-changed", TRUE);
  g_assert_cmpuint (room->n_online, ==, 2);
}

static void
test_a_computer_without_a_battery (Room *room, gconstpointer data)
{
  g_autoptr(KobanHost) host = koban_host_new_with (G_NETWORK_MONITOR (room->network), NULL);

  set_metered (room, TRUE);
  g_assert_cmpint (koban_host_get_saving (host), ==, KOBAN_SAVING_DATA);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/host/of-both-the-shorter-is-spared", Room, NULL, set_up, test_of_both_the_shorter_is_spared,
              tear_down);
  g_test_add ("/host/the-network-is-told-once-a-change", Room, NULL, set_up,
              test_the_network_is_told_once_a_change, tear_down);
  g_test_add ("/host/a-computer-without-a-battery", Room, NULL, set_up, test_a_computer_without_a_battery,
              tear_down);
  return g_test_run ();
}
