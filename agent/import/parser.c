/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process that parses one file. It has no bus, no socket and no file but its own input, a scratch
 * folder and what the system's libraries read; it may use half a minute and half a gigabyte.
 */
#include "config.h"

#include "parser.h"

#include "confine.h"
#include "silence.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/statement.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CPU_SECONDS 30
#define MOST_MEMORY (G_GUINT64_CONSTANT (768) * 1024 * 1024)
#define LARGEST_ANSWER (64 * 1024 * 1024)
#define MOST_FILES 64
#define LONGEST_WORD (128 * 1024)

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

/* --- the options, from the bus and back ----------------------------------------------------------------- */

static const char *const keys[] = { "format", "dialect", "currency", "today" };

char **
koban_parser_words (GVariant *options, GError **error)
{
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();
  gboolean guess = FALSE;

  g_variant_lookup (options, "guess", "b", &guess);
  g_strv_builder_add (words, guess ? "guess" : "read");
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *value = "";

      g_variant_lookup (options, keys[i], "&s", &value);
      if (strlen (value) > LONGEST_WORD)
        {
          g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is longer than %d bytes."), keys[i],
                       LONGEST_WORD);
          return NULL;
        }
      g_strv_builder_add (words, value);
    }
  return g_strv_builder_end (words);
}

static const char *
or_null (const char *word)
{
  return *word != '\0' ? word : NULL;
}

static KobanStatementOptions
options_from (char *const *words)
{
  KobanStatementOptions options = { or_null (words[1]), or_null (words[2]), or_null (words[3]), 0 };

  if (!koban_date_parse (words[4], &options.today))
    options.today = koban_date_from_us (g_get_real_time (), 0);
  return options;
}

/* --- what is given up --------------------------------------------------------------------------------------
 */

static void
bound (int resource, rlim_t most)
{
  const struct rlimit limit = { most, most };

  setrlimit (resource, &limit);
}

static void
bound_all (void)
{
  bound (RLIMIT_CPU, CPU_SECONDS);
  bound (RLIMIT_FSIZE, LARGEST_ANSWER);
  bound (RLIMIT_NOFILE, MOST_FILES);
#ifndef SANITIZED
  bound (RLIMIT_AS, MOST_MEMORY);
#endif
}

static void
confine_all (void)
{
  g_auto(GStrv) dialects = koban_statement_directories ();
  g_autoptr(GPtrArray) paths = g_ptr_array_new ();

  g_ptr_array_add (paths, (gpointer) g_getenv ("TMPDIR"));
  for (char **folder = dialects; *folder != NULL; folder++)
    g_ptr_array_add (paths, *folder);
  g_ptr_array_add (paths, NULL);
  koban_confine_parsing ((const char *const *) paths->pdata);
  if (!koban_silence ())
    g_debug ("This system cannot silence a process.");
}

/* --- the work
 * ------------------------------------------------------------------------------------------------ */

static GBytes *
read_input (GError **error)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[65536];
  gssize length;

  while ((length = read (STDIN_FILENO, buffer, sizeof buffer)) > 0 && bytes->len <= KOBAN_STATEMENT_MAX_BYTES)
    g_byte_array_append (bytes, buffer, (guint) length);
  if (length < 0)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED, _("the file cannot be read: %s"),
                   g_strerror (errno));
      return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static gboolean
write_answer (GVariant *answer)
{
  const char *data = g_variant_get_data (answer);
  gsize length = g_variant_get_size (answer);

  for (gssize written; length > 0; data += written, length -= (gsize) written)
    if ((written = write (STDOUT_FILENO, data, length)) <= 0)
      return FALSE;
  return TRUE;
}

static GVariant *
parse (char *const *words, GError **error)
{
  KobanStatementOptions options = options_from (words);
  g_autoptr(GBytes) bytes = read_input (error);

  if (bytes == NULL)
    return NULL;
  return g_str_equal (words[0], "guess") ? koban_statement_guess (bytes, &options, error)
                                         : koban_statement_read (bytes, &options, error);
}

int
koban_parser_run (char *const *words)
{
  g_autoptr(GError) error = NULL;

  if (g_strv_length ((char **) words) != G_N_ELEMENTS (keys) + 1)
    return 2;
  bound_all ();
  confine_all ();
  GVariant *statement = parse (words, &error);
  int code = error == NULL ? -1 : error->domain == KOBAN_ERROR ? error->code : KOBAN_ERROR_FAILED;
  g_autoptr(GVariant) told = g_variant_ref_sink (
    g_variant_new ("(@a{sv}is)", statement != NULL ? statement : g_variant_new ("a{sv}", NULL), code,
                   error != NULL ? error->message : ""));
  return write_answer (told) ? 0 : 1;
}
