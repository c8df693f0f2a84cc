/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long to leave a channel alone. A screen and a phone's server are tried soon and then at most every
 * quarter of an hour, because what they are for cannot wait; a webhook by the schedule that its receivers
 * know (Standard Webhooks).
 */
#include "config.h"

#include "pace.h"
#include "retry.h"

#include <koban/date.h>
#include <koban/error.h>

#define LONGEST_ASKED_S (24 * 60 * 60)
#define GONE_S (24 * 60 * 60)

/* Standard Webhooks 1.0.0. */
static const guint webhook_s[] = { 5,           5 * 60,       30 * 60,      2 * 60 * 60,
                                   5 * 60 * 60, 10 * 60 * 60, 14 * 60 * 60, 20 * 60 * 60,
                                   24 * 60 * 60 };

static const struct
{
  guint base_s, cap_s;
  const guint *steps;
  guint n_steps;
} kinds[KOBAN_N_CHANNEL_KINDS] = {
  [KOBAN_CHANNEL_DESKTOP] = { 5, 15 * 60, NULL, 0 },
  [KOBAN_CHANNEL_NTFY] = { 5, 15 * 60, NULL, 0 },
  [KOBAN_CHANNEL_GOTIFY] = { 5, 15 * 60, NULL, 0 },
  [KOBAN_CHANNEL_MAIL] = { 60, 60 * 60, NULL, 0 },
  [KOBAN_CHANNEL_WEBHOOK] = { 0, 0, webhook_s, G_N_ELEMENTS (webhook_s) },
};

static gint64
usual_us (KobanChannelKind kind, guint attempts, GRand *random)
{
  if (kinds[kind].steps == NULL)
    return KOBAN_SECOND_US + koban_pace_jitter_us (random, kinds[kind].base_s, kinds[kind].cap_s, attempts);
  guint step_s = kinds[kind].steps[MIN (attempts, kinds[kind].n_steps - 1)];
  return step_s * KOBAN_SECOND_US + koban_pace_between_us (random, 0, step_s / 10);
}

gint64
koban_retry_wait_us (KobanChannelKind kind,
                     guint attempts,
                     const GError *error,
                     gint64 asked_s,
                     GRand *random)
{
  gint64 wait_us = usual_us (kind, attempts, random);

  /* Only a person can mend it, and will be told; it may be mended. */
  if (koban_error_is (error, KOBAN_ERROR_UNSUPPORTED))
    wait_us = GONE_S * KOBAN_SECOND_US;
  if (asked_s <= 0)
    return wait_us;
  asked_s = MIN (asked_s, LONGEST_ASKED_S);
  return MAX (wait_us,
              asked_s * KOBAN_SECOND_US + koban_pace_between_us (random, 0, (guint) (asked_s / 5 + 1)));
}
