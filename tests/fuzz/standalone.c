/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a fuzz target over files and folders as an ordinary test: each file as it is, cut at every
 * place (the first few hundred bytes), and with each of those bytes changed.
 */
#include "config.h"

#include "fuzz.h"

#define MAX_VARIED 512

static void
run_exactly (const char *bytes, gsize length)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, length); /* so that a sanitizer sees one byte too many */

  LLVMFuzzerTestOneInput (copy, length);
}

static void
run_varied (char *bytes, gsize length)
{
  for (gsize i = 0; i < MIN (length, MAX_VARIED); i++)
    {
      char kept = bytes[i];

      run_exactly (bytes, i);
      bytes[i] = (char) (kept ^ 0x80);
      run_exactly (bytes, length);
      bytes[i] = (char) (kept + 1);
      run_exactly (bytes, length);
      bytes[i] = kept;
    }
}

static void
run_path (const char *path)
{
  g_autoptr(GDir) directory = g_dir_open (path, 0, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes = NULL;
  const char *name;
  gsize length;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      run_path (inner);
    }
  if (directory != NULL)
    return;

  if (!g_file_get_contents (path, &bytes, &length, &error))
    g_error ("%s", error->message);
  run_exactly (bytes, length);
  run_varied (bytes, length);
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    run_path (argv[i]);

  return argc > 1 ? 0 : 2;
}
