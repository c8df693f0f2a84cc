/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * malloc() and its kin, with a free() that leaves nothing behind.
 */
#include "config.h"

#include "wire/wiped.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void
wipe_and_free (void *memory)
{
  if (memory != NULL)
    explicit_bzero (memory, malloc_usable_size (memory));
  free (memory);
}

/* Never in place: the part that is cut off, or left for a larger one, would not be wiped. */
static void *
move (void *memory, size_t size)
{
  void *moved = malloc (size);

  if (moved == NULL || memory == NULL)
    return moved;
  memcpy (moved, memory, MIN (size, malloc_usable_size (memory)));
  wipe_and_free (memory);
  return moved;
}

void
koban_wiped_begin_curl (void)
{
  curl_global_init_mem (CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, move, strdup, calloc);
}
