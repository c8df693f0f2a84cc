/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file that a call over the bus brought along. Its number is the caller's, and may be of no file at all.
 */
#pragma once

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* A descriptor of the caller's own file, to be closed; -1 if there is none. @files is (nullable). */
static inline int
koban_handle_take (GUnixFDList *files, GVariant *handle)
{
  gint32 index = g_variant_get_handle (handle);

  if (files == NULL || index < 0 || index >= g_unix_fd_list_get_length (files))
    return -1;
  return g_unix_fd_list_get (files, index, NULL);
}

G_END_DECLS
