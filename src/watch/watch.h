/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The judgement: (delta, habits) → alerts, by a table of detectors. Pure: no I/O, no clock, no
 * store, no bank. The same delta on the same habits gives the same alerts on every machine.
 */
#pragma once

#include <koban/alert.h>
#include <koban/services.h>
#include <koban/settings.h>
#include "model/delta.h"
#include "watch/habits.h"

G_BEGIN_DECLS

/* Judges @delta and folds it into @habits. Returns alerts (element-type KobanAlert), without id, in the order
 * of their causes; @incident is a key: alerts with the same key are one incident, and one incident has at
 * most one alert of each kind, so a later alert of the same key and kind grows the earlier one. What is
 * baseline teaches and does not alert. (transfer full)
 * @due_us, if not NULL, is set to the time at which time alone may change the verdict (0: never). */
GPtrArray *koban_watch_judge (KobanServices    *services,
                              KobanWariness     wariness,
                              KobanHabits      *habits,
                              const KobanDelta *delta,
                              gint64           *due_us);

G_END_DECLS
