/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ledger-file.h"

#include <glib/gstdio.h>

void
koban_ledger_file_set_up (KobanLedgerFile *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("koban-ledger-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "koban.db", NULL);
}

void
koban_ledger_file_tear_down (KobanLedgerFile *self, gconstpointer data)
{
  g_autoptr(GDir) directory = g_dir_open (self->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
  g_free (self->path);
}
