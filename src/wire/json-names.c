/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A set of names for finding a duplicate in one JSON object. It promises a constant cost a name
 * whatever the names are: few are compared one by one, many go through a keyed hash (SipHash-1-3)
 * whose key nobody outside this process can know. It never copies a name.
 */
#include "config.h"

#include "wire/json-names.h"

#include <string.h>

#define FEW 16 /* up to here comparing is cheaper than hashing */

typedef struct
{
  guint32 hash;
  guint32 name; /* offset + 1; 0 is a free slot */
} Slot;

struct _KobanJsonNames
{
  Slot *slots; /* (owned) (nullable): NULL while there are few */
  guint mask;  /* number of slots - 1 */
  guint n_names;
  guint n_compared;
  guint32 few[FEW];   /* valid while @slots is NULL */
  guint32 signs[FEW]; /* of each of them: different signs, different names */
};

static guint64
rotate (guint64 x, guint bits)
{
  return (x << bits) | (x >> (64 - bits));
}

static void
sip_round (guint64 v[4])
{
  v[0] += v[1];
  v[2] += v[3];
  v[1] = rotate (v[1], 13) ^ v[0];
  v[3] = rotate (v[3], 16) ^ v[2];
  v[0] = rotate (v[0], 32) + v[3];
  v[2] += v[1];
  v[3] = rotate (v[3], 21) ^ v[0];
  v[1] = rotate (v[1], 17) ^ v[2];
  v[2] = rotate (v[2], 32);
}

static void
sip_absorb (guint64 v[4], guint64 word)
{
  v[3] ^= word;
  sip_round (v);
  v[0] ^= word;
}

static const guint64 *
process_key (void)
{
  static guint64 key[2];
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      for (guint i = 0; i < 2; i++)
        key[i] = ((guint64) g_random_int () << 32) | g_random_int ();
      g_once_init_leave (&once, 1);
    }
  return key;
}

static guint32
name_hash (const char *name)
{
  const guint64 *key = process_key ();
  guint64 v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                   key[1] ^ 0x7465646279746573 };
  gsize length = strlen (name);
  guint64 word = 0;

  for (gsize i = 0; i + 8 <= length; i += 8)
    {
      memcpy (&word, name + i, 8);
      sip_absorb (v, word);
    }

  word = 0;
  memcpy (&word, name + (length & ~(gsize) 7), length & 7);
  sip_absorb (v, word ^ ((guint64) length << 56));

  v[2] ^= 0xff;
  for (guint i = 0; i < 3; i++)
    sip_round (v);

  return (guint32) (v[0] ^ v[1] ^ v[2] ^ v[3]);
}

KobanJsonNames *
koban_json_names_new (void)
{
  return g_new0 (KobanJsonNames, 1);
}

void
koban_json_names_free (KobanJsonNames *self)
{
  if (self == NULL)
    return;

  g_free (self->slots);
  g_free (self);
}

void
koban_json_names_clear (KobanJsonNames *self)
{
  g_clear_pointer (&self->slots, g_free);
  self->n_names = 0;
}

guint
koban_json_names_get_n_compared (const KobanJsonNames *self)
{
  return self->n_compared;
}

static gboolean
same_name (KobanJsonNames *self, const char *text, guint32 a, guint32 b)
{
  self->n_compared++;
  return strcmp (text + a, text + b) == 0;
}

/* The slot that holds the name, or the free one where it belongs. */
static Slot *
find_slot (KobanJsonNames *self, const char *text, guint32 name, guint32 hash)
{
  for (guint i = hash & self->mask;; i = (i + 1) & self->mask)
    {
      Slot *slot = &self->slots[i];

      if (slot->name == 0 || (slot->hash == hash && same_name (self, text, slot->name - 1, name)))
        return slot;
    }
}

static void
slots_grow (KobanJsonNames *self)
{
  g_autofree Slot *old = g_steal_pointer (&self->slots);
  guint n_old = self->mask + 1;

  self->mask = 2 * n_old - 1;
  self->slots = g_new0 (Slot, self->mask + 1);

  for (guint i = 0; i < n_old; i++)
    {
      guint at = old[i].hash & self->mask;

      if (old[i].name == 0)
        continue;
      while (self->slots[at].name != 0)
        at = (at + 1) & self->mask;
      self->slots[at] = old[i];
    }
}

static gboolean
add_hashed (KobanJsonNames *self, const char *text, guint32 name)
{
  guint32 hash = name_hash (text + name);
  Slot *slot = find_slot (self, text, name, hash);

  if (slot->name != 0)
    return FALSE;

  slot->hash = hash;
  slot->name = name + 1;
  self->n_names++;
  if (self->n_names * 2 > self->mask)
    slots_grow (self);

  return TRUE;
}

static void
few_to_slots (KobanJsonNames *self, const char *text)
{
  self->mask = 4 * FEW - 1;
  self->slots = g_new0 (Slot, self->mask + 1);
  self->n_names = 0;
  for (guint i = 0; i < FEW; i++)
    add_hashed (self, text, self->few[i]);
}

/* What can be told of a name without reading it: most names of one object differ in it. */
static guint32
name_sign (const char *name, guint32 size)
{
  return size == 0 ? 0 : size << 16 | (guint32) (guchar) name[0] << 8 | (guchar) name[size - 1];
}

static gboolean
is_among_few (KobanJsonNames *self, const char *text, guint32 name, guint32 sign)
{
  for (guint i = 0; i < self->n_names; i++)
    if (self->signs[i] == sign && same_name (self, text, self->few[i], name))
      return TRUE;
  return FALSE;
}

gboolean
koban_json_names_add (KobanJsonNames *self, const char *text, guint32 name, guint32 size)
{
  guint32 sign = name_sign (text + name, size);

  if (self->slots == NULL && self->n_names == FEW)
    few_to_slots (self, text);

  if (self->slots != NULL)
    return add_hashed (self, text, name);

  if (is_among_few (self, text, name, sign))
    return FALSE;

  self->few[self->n_names] = name;
  self->signs[self->n_names++] = sign;
  return TRUE;
}
