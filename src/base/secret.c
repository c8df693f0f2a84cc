/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Secrets in pages of their own: locked into memory, left out of core dumps, overwritten and unmapped
 * by the last owner. No copy leaves these pages but through koban_secret_peek().
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <koban/secret.h>

/* Lies at the start of the mapping, the value behind it. */
struct _KobanSecret
{
  gatomicrefcount ref_count;
  gsize mapped; /* bytes of the mapping */
  gsize length;
  char value[]; /* @length bytes, then a NUL */
};

G_DEFINE_BOXED_TYPE (KobanSecret, koban_secret, koban_secret_ref, koban_secret_unref)

static void
warn_of_paging_once (int code)
{
  static gsize warned = 0;

  if (!g_once_init_enter (&warned))
    return;
  g_message (
    "Secrets may be written to the swap space, because memory cannot be locked: %s (raise RLIMIT_MEMLOCK)",
    g_strerror (code));
  g_once_init_leave (&warned, 1);
}

static KobanSecret *
secret_alloc (gsize length)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize needed = sizeof (KobanSecret) + length + 1;
  gsize mapped = (needed + page - 1) / page * page;
  KobanSecret *self = mmap (NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (self == MAP_FAILED)
    g_error ("No memory for a secret of %" G_GSIZE_FORMAT " bytes: %s", length, g_strerror (errno));
  if (mlock (self, mapped) != 0)
    warn_of_paging_once (errno);
  (void) madvise (self, mapped, MADV_DONTDUMP);

  g_atomic_ref_count_init (&self->ref_count);
  self->mapped = mapped;
  self->length = length;
  return self;
}

KobanSecret *
koban_secret_new (const char *value, gssize length)
{
  gsize n_bytes;
  KobanSecret *self;

  g_return_val_if_fail (value != NULL, NULL);

  n_bytes = length < 0 ? strlen (value) : (gsize) length;
  self = secret_alloc (n_bytes);
  memcpy (self->value, value, n_bytes);
  return self;
}

KobanSecret *
koban_secret_ref (KobanSecret *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
koban_secret_unref (KobanSecret *self)
{
  gsize mapped;

  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  mapped = self->mapped;
  explicit_bzero (self, mapped);
  (void) munmap (self, mapped);
}

const char *
koban_secret_peek (KobanSecret *self, gsize *length)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (length != NULL)
    *length = self->length;
  return self->value;
}

/* Reads every byte of @b whatever @a is; @a's own closing NUL stands in for what it lacks. */
gboolean
koban_secret_equal (KobanSecret *a, KobanSecret *b)
{
  volatile gsize differ;

  g_return_val_if_fail (a != NULL && b != NULL, FALSE);

  differ = a->length ^ b->length;
  for (gsize i = 0; i < b->length; i++)
    differ |= (gsize) (guchar) (a->value[MIN (i, a->length)] ^ b->value[i]);
  return differ == 0;
}

/* One "name=value" of a bundle, pointing into it. */
typedef struct
{
  const char *name;
  gsize n_name;
  const char *value;
  gsize n_value;
} Line;

/* The next well-formed line at *@at, or FALSE at the end. What has no '=' is passed over: an item that
 * somebody edited loses that line, not all of them. */
static gboolean
next_line (const char **at, const char *end, Line *line)
{
  while (*at < end)
    {
      const char *start = *at;
      const char *stop = memchr (start, '\n', (gsize) (end - start));
      const char *equals;

      stop = stop != NULL ? stop : end;
      *at = stop < end ? stop + 1 : end;
      equals = memchr (start, '=', (gsize) (stop - start));
      if (equals == NULL)
        continue;
      *line = (Line){ start, (gsize) (equals - start), equals + 1, (gsize) (stop - equals - 1) };
      return TRUE;
    }
  return FALSE;
}

static gboolean
line_is (const Line *line, const char *name)
{
  return strlen (name) == line->n_name && memcmp (line->name, name, line->n_name) == 0;
}

static gboolean
is_name (const char *name)
{
  return name != NULL && *name != '\0' &&
         name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void
append (KobanSecret *self, const char *bytes, gsize n_bytes)
{
  memcpy (self->value + self->length, bytes, n_bytes);
  self->length += n_bytes;
}

static void
append_encoded (KobanSecret *self, KobanSecret *value)
{
  static const char hex[] = "0123456789ABCDEF";

  for (gsize i = 0; i < value->length; i++)
    {
      guchar c = (guchar) value->value[i];
      char encoded[3] = { '%', hex[c >> 4], hex[c & 0xf] };

      if (g_ascii_isalnum ((char) c) || (c != '\0' && strchr ("-._~", c) != NULL))
        append (self, &value->value[i], 1);
      else
        append (self, encoded, sizeof encoded);
      explicit_bzero (encoded, sizeof encoded);
    }
}

static void
append_lines_but (KobanSecret *self, KobanSecret *bundle, const char *name)
{
  const char *at = bundle->value;
  Line line;

  while (next_line (&at, bundle->value + bundle->length, &line))
    if (!line_is (&line, name))
      {
        append (self, line.name, line.n_name + 1 + line.n_value);
        append (self, "\n", 1);
      }
}

KobanSecret *
koban_secret_bundle_with (KobanSecret *bundle, const char *name, KobanSecret *value)
{
  gsize room = bundle != NULL ? bundle->length + 1 : 0;
  KobanSecret *made;

  g_return_val_if_fail (is_name (name), NULL);

  room += value != NULL ? strlen (name) + 2 + 3 * value->length : 0;
  made = secret_alloc (room);
  made->length = 0;

  if (bundle != NULL)
    append_lines_but (made, bundle, name);
  if (value != NULL)
    {
      append (made, name, strlen (name));
      append (made, "=", 1);
      append_encoded (made, value);
      append (made, "\n", 1);
    }
  return made;
}

/* NULL when a percent sign is followed by anything but two hexadecimal digits. */
static KobanSecret *
decode (const Line *line)
{
  KobanSecret *made = secret_alloc (line->n_value);

  made->length = 0;
  for (gsize i = 0; i < line->n_value; i++)
    {
      int high, low;

      if (line->value[i] != '%')
        {
          append (made, &line->value[i], 1);
          continue;
        }
      high = i + 2 < line->n_value ? g_ascii_xdigit_value (line->value[i + 1]) : -1;
      low = high >= 0 ? g_ascii_xdigit_value (line->value[i + 2]) : -1;
      if (low < 0)
        {
          koban_secret_unref (made);
          return NULL;
        }
      made->value[made->length++] = (char) (high << 4 | low);
      i += 2;
    }
  return made;
}

KobanSecret *
koban_secret_bundle_lookup (KobanSecret *bundle, const char *name)
{
  const char *at;
  Line line;

  g_return_val_if_fail (is_name (name), NULL);

  if (bundle == NULL)
    return NULL;
  at = bundle->value;
  while (next_line (&at, bundle->value + bundle->length, &line))
    if (line_is (&line, name))
      return decode (&line);
  return NULL;
}

void
koban_secret_wipe (char *value)
{
  if (value == NULL)
    return;
  explicit_bzero (value, strlen (value));
  g_free (value);
}
