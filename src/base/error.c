/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of errors: what each code is called, on the bus and off it, and what a caller may do
 * about it. A new code is a new row.
 */
#include "config.h"

#include <koban/error.h>

#define BUS_PREFIX "org.koban.Error."

typedef struct
{
  KobanError code;
  const char *name;
  const char *bus_name;
  gboolean needs_person; /* trying again is useless until somebody signs in or unlocks */
  gboolean transient;    /* trying later may help by itself */
} ErrorRow;

/* In the order of the codes: koban_error_code_name() takes the code as the index. */
static const ErrorRow rows[] = {
  { KOBAN_ERROR_FAILED, "failed", BUS_PREFIX "Failed", FALSE, FALSE },
  { KOBAN_ERROR_INVALID, "invalid", BUS_PREFIX "Invalid", FALSE, FALSE },
  { KOBAN_ERROR_NEEDS_SIGN_IN, "needs-sign-in", BUS_PREFIX "NeedsSignIn", TRUE, FALSE },
  { KOBAN_ERROR_FORBIDDEN, "forbidden", BUS_PREFIX "Forbidden", FALSE, FALSE },
  { KOBAN_ERROR_RATE_LIMITED, "rate-limited", BUS_PREFIX "RateLimited", FALSE, TRUE },
  { KOBAN_ERROR_BUDGET, "budget", BUS_PREFIX "Budget", FALSE, TRUE },
  { KOBAN_ERROR_LOCKED, "locked", BUS_PREFIX "Locked", TRUE, FALSE },
  { KOBAN_ERROR_NO_KEYRING, "no-keyring", BUS_PREFIX "NoKeyring", FALSE, FALSE },
  { KOBAN_ERROR_NOT_FOUND, "not-found", BUS_PREFIX "NotFound", FALSE, FALSE },
  { KOBAN_ERROR_AMBIGUOUS, "ambiguous", BUS_PREFIX "Ambiguous", FALSE, FALSE },
  { KOBAN_ERROR_OFFLINE, "offline", BUS_PREFIX "Offline", FALSE, TRUE },
  { KOBAN_ERROR_UNTRUSTED, "untrusted", BUS_PREFIX "Untrusted", FALSE, FALSE },
  { KOBAN_ERROR_NEWER, "newer", BUS_PREFIX "Newer", FALSE, FALSE },
  { KOBAN_ERROR_CORRUPT, "corrupt", BUS_PREFIX "Corrupt", FALSE, FALSE },
  { KOBAN_ERROR_STORAGE, "storage", BUS_PREFIX "Storage", FALSE, FALSE },
  { KOBAN_ERROR_UNSUPPORTED, "unsupported", BUS_PREFIX "Unsupported", FALSE, FALSE },
};

G_STATIC_ASSERT (G_N_ELEMENTS (rows) == KOBAN_ERROR_UNSUPPORTED + 1);

GQuark
koban_error_quark (void)
{
  static gsize quark = 0;

  if (g_once_init_enter (&quark))
    {
      GQuark made = g_quark_from_static_string ("koban-error-quark");

      for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
        g_dbus_error_register_error (made, (int) rows[i].code, rows[i].bus_name);
      g_once_init_leave (&quark, made);
    }
  return (GQuark) quark;
}

/* A code that came over the bus from another version may be none of ours: it is then just a failure. */
static const ErrorRow *
row_for (int code)
{
  return code >= 0 && code < (int) G_N_ELEMENTS (rows) ? &rows[code] : &rows[KOBAN_ERROR_FAILED];
}

const char *
koban_error_code_name (KobanError code)
{
  return row_for ((int) code)->name;
}

gboolean
koban_error_is (const GError *error, KobanError code)
{
  return g_error_matches (error, KOBAN_ERROR, (int) code);
}

gboolean
koban_error_needs_person (const GError *error)
{
  return error != NULL && error->domain == KOBAN_ERROR && row_for (error->code)->needs_person;
}

gboolean
koban_error_is_transient (const GError *error)
{
  return error != NULL && error->domain == KOBAN_ERROR && row_for (error->code)->transient;
}

gboolean
koban_error_is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}
