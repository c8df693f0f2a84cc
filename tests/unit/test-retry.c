/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel that took nothing is tried again neither too soon nor too late.
 */
#include "config.h"

#include <koban/date.h>
#include <koban/error.h>

#include "retry.h"

static void
test_within_bounds (void)
{
  static const struct
  {
    KobanChannelKind kind;
    guint attempts;
    KobanError error;
    gint64 asked_s, least_s, most_s;
  } rows[] = {
    { KOBAN_CHANNEL_DESKTOP, 0, KOBAN_ERROR_OFFLINE, 0, 1, 6 },
    { KOBAN_CHANNEL_NTFY, 30, KOBAN_ERROR_OFFLINE, 0, 1, 901 },
    { KOBAN_CHANNEL_MAIL, 30, KOBAN_ERROR_OFFLINE, 0, 1, 3601 },
    /* Standard Webhooks */
    { KOBAN_CHANNEL_WEBHOOK, 0, KOBAN_ERROR_OFFLINE, 0, 5, 6 },
    { KOBAN_CHANNEL_WEBHOOK, 1, KOBAN_ERROR_OFFLINE, 0, 300, 330 },
    { KOBAN_CHANNEL_WEBHOOK, 2, KOBAN_ERROR_OFFLINE, 0, 1800, 1980 },
    { KOBAN_CHANNEL_WEBHOOK, 8, KOBAN_ERROR_OFFLINE, 0, 86400, 95040 },
    { KOBAN_CHANNEL_WEBHOOK, 99, KOBAN_ERROR_OFFLINE, 0, 86400, 95040 },
    /* what was asked for is a floor, up to a day */
    { KOBAN_CHANNEL_NTFY, 0, KOBAN_ERROR_RATE_LIMITED, 3600, 3600, 4321 },
    { KOBAN_CHANNEL_NTFY, 0, KOBAN_ERROR_RATE_LIMITED, G_MAXINT64, 86400, 103682 },
    { KOBAN_CHANNEL_NTFY, 0, KOBAN_ERROR_RATE_LIMITED, -5, 1, 6 },
    { KOBAN_CHANNEL_WEBHOOK, 1, KOBAN_ERROR_RATE_LIMITED, 10, 300, 330 },
    /* gone for good: once a day, in case somebody mends it */
    { KOBAN_CHANNEL_WEBHOOK, 0, KOBAN_ERROR_UNSUPPORTED, 0, 86400, 86400 },
  };
  g_autoptr(GRand) random = g_rand_new_with_seed (7);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint n = 0; n < 200; n++)
      {
        g_autoptr(GError) error = g_error_new_literal (KOBAN_ERROR, (int) rows[i].error, "no");
        gint64 wait_us = koban_retry_wait_us (rows[i].kind, rows[i].attempts, error, rows[i].asked_s, random);

        g_assert_cmpint (wait_us, >=, rows[i].least_s * KOBAN_SECOND_US);
        g_assert_cmpint (wait_us, <=, rows[i].most_s * KOBAN_SECOND_US);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retry/within-bounds", test_within_bounds);
  return g_test_run ();
}
