/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One job a thread of the ledger: judge otherwise from now on. The writing one also journals each
 * change, and raises a notice for what is less than it was.
 */
#include "config.h"

#include "tuning.h"

typedef struct
{
  KobanParts *parts;       /* (unowned): outlives every job */
  KobanServices *services; /* (unowned) (nullable) */
  KobanSettings before, after;
  gint64 now_us;
} Tuning;

static gboolean
judge_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Tuning *tuning = job;

  koban_ledger_set_judge (ledger, tuning->services, tuning->after.wariness);
  return TRUE;
}

/* --- what changed ------------------------------------------------------------------------------------------
 */

static guint
wariness_of (const KobanSettings *settings)
{
  return settings->wariness;
}

/* More on the screen is less kept to oneself. */
static guint
secrecy_of (const KobanSettings *settings)
{
  return KOBAN_DETAIL_FULL - settings->desktop_detail;
}

static guint
eagerness_of (const KobanSettings *settings)
{
  return G_MAXUINT - settings->check_interval_s;
}

static guint
wakefulness_of (const KobanSettings *settings)
{
  return settings->quiet.from_minute == settings->quiet.until_minute;
}

static guint
guard_of (const KobanSettings *settings)
{
  return settings->guard;
}

static const struct
{
  const char *key, *told; /* told without its dot: what looks like an address never leaves in a message */
  guint (*protection) (const KobanSettings *settings); /* more is better */
} settings[] = {
  { "watch.wariness", "wariness", wariness_of },  { "notify.detail", "detail", secrecy_of },
  { "notify.quiet", "quiet", wakefulness_of },    { "watch.guard", "guard", guard_of },
  { "check.interval", "interval", eagerness_of },
};

/* Listed until it is as it was, and told everywhere else at once. */
static gboolean
tell_lowered (KobanLedger *ledger, const Tuning *tuning, const char *told, GError **error)
{
  g_autofree char *incident = g_strconcat ("setting:", told, NULL);
  GVariant *reason = koban_reason_new (KOBAN_ACT_SETTING_LOWERED, "about", "s", told, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (incident, NULL, KOBAN_SEVERITY_NOTICE, reason, tuning->now_us);

  return koban_ledger_raise (ledger, alert, tuning->now_us, NULL, error) &&
         koban_ledger_tell_protection (ledger, KOBAN_ACT_SETTING_LOWERED, told, tuning->now_us, error);
}

static gboolean
settle_raised (KobanLedger *ledger, const Tuning *tuning, const char *told, GError **error)
{
  g_autofree char *incident = g_strconcat ("setting:", told, NULL);

  return koban_ledger_settle (ledger, incident, tuning->now_us, error);
}

static gboolean
note_change (KobanLedger *ledger, const Tuning *tuning, const char *key, GError **error)
{
  g_auto(GVariantDict) payload = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&payload, "key", "s", key);
  return koban_ledger_journal (ledger, "setting", g_variant_dict_end (&payload), tuning->now_us, error);
}

static gboolean
tell_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  const Tuning *tuning = job;

  koban_ledger_set_judge (ledger, tuning->services, tuning->after.wariness);
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      guint before = settings[i].protection (&tuning->before),
            after = settings[i].protection (&tuning->after);

      if (before == after)
        continue;
      if (!note_change (ledger, tuning, settings[i].key, error) ||
          !(after < before ? tell_lowered : settle_raised) (ledger, tuning, settings[i].told, error))
        return FALSE;
    }
  return TRUE;
}

static void
on_tuned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanParts *parts = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("The settings are not followed yet: %s", error->message);
  koban_parts_changed (parts, "alerts");
}

void
koban_tuning_apply (KobanParts *parts,
                    KobanServices *services,
                    const KobanSettings *before,
                    const KobanSettings *after)
{
  Tuning tuning = { parts, services, *before, *after, koban_parts_now_us (parts) };
  KobanBooks *books = parts->tools.books;

  koban_books_read_async (books, judge_in_worker, g_memdup2 (&tuning, sizeof tuning), g_free, NULL, NULL);
  koban_books_write_async (books, tell_in_worker, g_memdup2 (&tuning, sizeof tuning), g_free, on_tuned,
                           parts);
}
