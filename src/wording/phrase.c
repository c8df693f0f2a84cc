/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From reason codes to sentences. A sentence is a row of a table with {name} places that a reason's
 * own numbers fill; a new code is a new row. A foreign name enters a sentence only quoted; nothing
 * here carries a link or a telephone number.
 */
#include "config.h"

#include <koban/phrase.h>

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/text.h>

/* --- filling places --- */

typedef enum
{
  PLACE_TEXT,
  PLACE_FOREIGN,
  PLACE_NUMBER,
  PLACE_SECONDS,
  PLACE_MINUTES,
  PLACE_HOURS,
  PLACE_DAYS,
  PLACE_MONEY,
  PLACE_TIME,
  PLACE_KIND,
} PlaceType;

/* How a parameter is said, by its name: the names are those of src/watch/reasons.h. */
static const struct
{
  const char *name;
  PlaceType type;
} places[] = {
  { "count", PLACE_NUMBER },    { "percent", PLACE_NUMBER },     { "hour", PLACE_NUMBER },
  { "seconds", PLACE_SECONDS }, { "minutes", PLACE_MINUTES },    { "hours", PLACE_HOURS },
  { "days", PLACE_DAYS },       { "gap", PLACE_DAYS },           { "total", PLACE_MONEY },
  { "limit", PLACE_MONEY },     { "amount", PLACE_MONEY },       { "usual", PLACE_MONEY },
  { "balance", PLACE_MONEY },   { "test", PLACE_MONEY },         { "from", PLACE_MONEY },
  { "to", PLACE_MONEY },        { "since", PLACE_TIME },         { "kind", PLACE_KIND },
  { "service", PLACE_TEXT },    { "connection", PLACE_FOREIGN }, { "mandate", PLACE_FOREIGN },
  { "period", PLACE_TEXT },     { "payees", PLACE_NUMBER },      { "account", PLACE_FOREIGN },
  { "date", PLACE_TEXT },       { "window", PLACE_DAYS },        { "channel", PLACE_TEXT },
  { "about", PLACE_TEXT },      { "provider", PLACE_TEXT },      { "incident", PLACE_TEXT },
  { "accounts", PLACE_NUMBER }, { "places", PLACE_NUMBER },
};

static const char *
kind_words (const char *name)
{
  static const struct
  {
    const char *kind, *words;
  } kinds[] = {
    { "emoney", N_("e-money service") },
    { "direct_debit", N_("direct debit") },
    { "standing_order", N_("standing order") },
    { "consent", N_("permission to see your data") },
    { "recurring_consent", N_("permission to take payments again and again") },
    { "app", N_("connected app") },
    { "aggregator", N_("connected data service") },
    { "webhook", N_("automatic message to another address") },
    { "card_on_file", N_("stored card") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (name, kinds[i].kind))
      return _(kinds[i].words);
  return _("link");
}

static char *
duration (gint64 count, PlaceType unit)
{
  if (unit == PLACE_SECONDS && count >= 90)
    return duration ((count + 30) / 60, PLACE_MINUTES);
  if (unit == PLACE_MINUTES && count >= 90)
    return duration ((count + 30) / 60, PLACE_HOURS);
  if (unit == PLACE_HOURS && count >= 48)
    return duration (count / 24, PLACE_DAYS);
  gulong n = (gulong) MAX (count, 0);
  if (unit == PLACE_HOURS && n == 0)
    return g_strdup (_("less than an hour"));
  switch (unit)
    {
    case PLACE_SECONDS:
      return g_strdup_printf (ngettext ("%lu second", "%lu seconds", n), n);
    case PLACE_MINUTES:
      return g_strdup_printf (ngettext ("%lu minute", "%lu minutes", n), n);
    case PLACE_HOURS:
      return g_strdup_printf (ngettext ("%lu hour", "%lu hours", n), n);
    default:
      return g_strdup_printf (ngettext ("%lu day", "%lu days", n), n);
    }
}

/* Sums are said without a sign: the sentence says which way the money went. */
static char *
money_words (GVariant *value)
{
  KobanMoney money = { 0 };
  const char *code;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("(xs)")))
    return NULL;
  g_variant_get (value, "(x&s)", &money.minor, &code);
  g_strlcpy (money.currency.code, code, sizeof money.currency.code);
  if (money.minor != G_MININT64 && money.minor < 0)
    money.minor = -money.minor;
  return koban_money_format (money);
}

static char *
text_words (const char *text, PlaceType type)
{
  if (type == PLACE_KIND)
    return g_strdup (kind_words (text));
  if (type == PLACE_FOREIGN)
    return koban_text_quote (text);
  if (g_str_equal (text, "month"))
    return g_strdup (_("month"));
  if (g_str_equal (text, "charge"))
    return g_strdup (_("charge"));
  return koban_text_clean (text, 40);
}

static char *
place_words (GVariant *value, PlaceType type)
{
  if (type == PLACE_MONEY)
    return money_words (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return text_words (g_variant_get_string (value, NULL), type);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return NULL;
  gint64 number = g_variant_get_int64 (value);
  if (type == PLACE_NUMBER)
    return g_strdup_printf ("%" G_GINT64_FORMAT, number);
  if (type == PLACE_TIME)
    return koban_time_format_local (number);
  /* "In 0 days" says nothing: the next row does without. */
  return type == PLACE_DAYS && number <= 0 ? NULL : duration (number, type);
}

/* The words of one parameter of a reason; NULL if the reason lacks it. */
static char *
parameter_words (GVariant *reason, const char *name)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (reason, name, NULL);

  for (guint i = 0; value != NULL && i < G_N_ELEMENTS (places); i++)
    if (g_str_equal (name, places[i].name))
      return place_words (value, places[i].type);
  return NULL;
}

/* Replaces each {name}. NULL if the reason lacks one of them: the next row of the same code is tried. */
static char *
fill (const char *sentence, GVariant *reason)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (const char *at = sentence; *at != '\0';)
    {
      const char *end = *at == '{' ? strchr (at, '}') : NULL;

      if (end == NULL)
        {
          g_string_append_c (text, *at++);
          continue;
        }
      g_autofree char *name = g_strndup (at + 1, (gsize) (end - at - 1));
      g_autofree char *words = parameter_words (reason, name);
      if (words == NULL)
        return NULL;
      g_string_append (text, words);
      at = end + 1;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* --- reasons --- */

/* The first row of a code whose places the reason can fill is used: the fullest stands first.
 * TRANSLATORS: {words in braces} are replaced by numbers, sums, durations; keep them as they are. */
static const struct
{
  const char *code, *sentence;
} sentences[] = {
  { "new_link", N_("A new {kind}: Koban has not seen it on this account before.") },
  { "link_back", N_("This {kind} had ended {days} ago, and works again.") },
  { "link_back", N_("This {kind} had ended, and works again.") },
  { "link_stronger", N_("Its limit was raised from {from} to {to}.") },
  { "link_stronger", N_("Its limit was set to {to}.") },
  { "link_stronger", N_("Its limit of {from} was removed.") },
  { "link_stronger", N_("It may do more than before.") },
  { "amended_mandate", N_("A known {kind} now names somebody else.") },
  { "first_debit_by_service", N_("First money ever taken by {service} from this account.") },
  { "first_debit_by_creditor", N_("First money ever taken over this direct debit ({mandate}).") },
  { "first_debit_by_creditor", N_("First money ever taken by this direct debit.") },
  { "collected_again",
    N_("{count} debits within {days} by a direct debit that is new; bills come about once a month.") },
  { "even_payments", N_("{count} payments of about {amount}, {gap} apart, to a new name.") },
  { "even_payments", N_("{count} payments of about {amount}, {days} apart, to a new name.") },
  { "burst", N_("{count} debits within {seconds}, {total} in all, to the same name.") },
  { "burst_day", N_("{count} debits within {hours}, {total} in all, to the same name.") },
  { "burst_day", N_("{count} debits on one day, {total} in all, to the same name.") },
  { "equal_amounts", N_("{count} of them for exactly {amount}.") },
  { "above_pace", N_("{count} debits within {days}; before, this name took money about every {gap}.") },
  { "above_pace", N_("{count} debits within {days}, far more often than before.") },
  { "cash_burst", N_("{count} cash withdrawals within {hours}, {total} in all.") },
  { "cap_shape", N_("{total} in round sums: {limit} is the limit of this service for one {period}.") },
  { "first_payee", N_("No debit to this name in {days} of history.") },
  { "first_payee", N_("No earlier debit to this name.") },
  { "above_usual", N_("More than this account usually spends: nearly all debits stay under {usual}.") },
  { "above_payee", N_("More than this name usually takes: {usual}.") },
  { "day_total", N_("{total} left within {hours}; on nearly all days it is under {usual}.") },
  /* xgettext:no-c-format */
  { "drain", N_("It took {percent} % of the {balance} that was there.") },
  { "from_savings", N_("{amount} had come in from your own savings within {hours} before.") },
  { "test_then_drain", N_("First a tiny debit of {test} to this name, {hours} later this.") },
  { "night", N_("At {hour} o'clock, when this account is usually quiet.") },
  { "round_amounts", N_("{count} round sums.") },
  { "sleeping_link_wakes", N_("Nothing was taken this way for {days}.") },
  { "follows_link", N_("The link had appeared {hours} before.") },
  { "slow_skim", N_("{count} small debits, {total} in all, over {days}, to a new name.") },
  { "card_testing", N_("{count} tiny card debits to new names within {minutes}, {total} in all.") },
  { "many_payees", N_("{count} new names within {hours}, {total} in all.") },
  { "duplicate_collection", N_("{amount} was collected already {days} before.") },
  { "duplicate_collection", N_("{amount} was collected twice on one day.") },
  { "amount_changed", N_("A fixed payment changed from {from} to {to}.") },
  { "off_rhythm", N_("It comes {days} early; usually it comes every {gap}.") },
  { "verify_deposit",
    N_(
      "{count} tiny credits of about {amount}: somebody may be testing whether the account can be linked.") },
  { "answered_not_mine", N_("You said before that this name is not yours.") },
  { "negative_balance", N_("The account is overdrawn by {balance}.") },
  { "balance_unexplained", N_("{amount} is gone for {hours}, and the statement shows no line for it.") },
  { "in_coverage_gap", N_("It happened while Koban could not look, for {hours}.") },
  { "locked",
    N_("The keyring is locked, so Koban cannot check {connection}. Unlock it, or run: koban unlock") },
  { "sign_in",
    N_("The bank no longer accepts Koban's key for {connection}. Make a new one and connect again.") },
  { "untrusted", N_("{connection} did not prove who it is, so Koban did not talk to it. Check the "
                     "computer's clock and network.") },
  { "budget", N_("{connection} allows no more requests for now; Koban waits.") },
  { "evicted",
    N_("The bank no longer accepts Koban's sign-in for {connection}, which was good until now: it was ended "
        "or replaced. If another device or program uses it, or signed in meanwhile, let only one of them "
        "watch this bank. Then connect it again with a new key or consent.") },
  { "consent_ends", N_("Koban's access at {connection} ends in {days}. Then it sees nothing there. Sign in "
                        "again before: koban add "
                        "{provider}, with the same name; what is known stays.") },
  { "consent_ends",
    N_("Koban's access at {connection} ends in {days}. Then it sees nothing there. Renew it before.") },
  { "shared",
    N_("Another device or program seems to use the same sign-in at {connection}: each takes the other's "
        "turn. Let one device watch this bank, or give each a key of its own.") },
  { "stale", N_("Koban could not check {connection} since {since}.") },
  { "stale", N_("Koban could not check {connection}.") },
  { "review_strong",
    N_("In the history that your bank keeps, {count} things do not look like yours; {payees} names took "
        "money. Look at them now: koban review. Banks' time limits to claim money back run from the day of "
        "the debit.") },
  { "review",
    N_("Names that took money from you in the history that your bank keeps: {payees}. See who, and what "
        "looks odd: koban review.") },
  { "no_file",
    N_("Nothing was imported for {connection} for {days}. Banks give back what was taken only for some time "
        "({window}): get the bank's file and import it, or look at the bank's own list.") },
  { "no_file", N_("Nothing was imported for {connection} for {days}. Banks give back what was taken only "
                   "for some time: get "
                   "the bank's file and import it, or look at the bank's own list.") },
  { "deadline", N_("A time to claim of incident {incident} ends in {days}, on {date}. What is to be done "
                    "until then, and with "
                    "whom: koban deadlines.") },
  { "deadline", N_("A time to claim of incident {incident} ends today, on {date}. What is to be done, and "
                    "with whom: koban "
                    "deadlines.") },
  { "unbalanced",
    N_("The running balance of what was imported for {connection} does not follow from its lines ({count} "
        "times, first by "
        "{amount} on {date}): lines are missing, or were changed. Export the same time once more.") },
  { "account_gone", N_("The bank no longer shows the account {account}, so Koban cannot watch it.") },
  { "watching", N_("Koban runs on this computer as you. Accounts it watches: {accounts}. Places it sends "
                    "to, beside this screen: "
                    "{places}. See which: koban status. End it: koban remove. If you did not set it up, "
                    "somebody else did.") },
  { "config",
    N_("koban.conf has a mistake, so Koban goes by what stood there before; if that is not known, by its "
        "defaults and without details. What is wrong stands in the agent's log.") },
  { "lapsed",
    N_("The channel “{channel}” was told everything for 90 days; from now on it is told only that there is "
        "something to look at. To say everything for another 90 days: koban channel set {channel} "
        "detail=full.") },
  /* TRANSLATORS: "koban …" in these sentences are commands to be typed as they are. */
  { "channel_dead",
    N_("Koban's messages to {channel} do not arrive. Why: koban status. When it is mended, prove it: koban "
        "notify --test {channel}.") },
  { "channel_unconfirmed",
    N_(
      "It is long since you proved that messages to {channel} reach you. Prove it again: koban notify --test "
      "{channel}.") },
  { "answered_mine",
    N_(
      "Somebody at your computer answered {about} with “it was me”. To take that back: koban answer {about} "
      "undo.") },
  { "revoked", N_("Somebody at your computer asked your bank to end the link {about}.") },
  { "connection_removed", N_("Somebody at your computer made Koban stop watching the bank {about}.") },
  { "muted", N_("Somebody at your computer made Koban watch the account {about} less than before.") },
  { "channel_added", N_("From now on Koban's messages also go to {about}.") },
  { "channel_changed", N_("From now on Koban's messages to {about} go elsewhere.") },
  { "channel_removed", N_("From now on Koban sends nothing to {about}.") },
  { "detail_raised", N_("From now on Koban's messages to {about} say more than before.") },
  { "setting_lowered", N_("The setting {about} was changed, and Koban now protects less than before. If "
                           "that was not you, look at "
                           "koban.conf: koban config get") },
  { "restored", N_("Koban's data was brought back from a copy. What happened since {since} was not told: "
                    "look at it with koban review. "
                    "Koban's keys are not in a copy: connect your banks again.") },
  { "restored", N_("Koban's data was brought back from a copy. Connect your banks again.") },
  { "recovered", N_("Koban's own data was damaged or gone. Koban goes on from what was kept. What happened "
                     "since {since} was "
                     "not told: look at it with koban review.") },
  { "set_aside", N_("Koban's own data was damaged and set aside. What was known begins anew.") },
};

char *
koban_phrase_reason (GVariant *reason)
{
  const char *code = "";

  g_variant_lookup (reason, "code", "&s", &code);
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++)
    {
      g_autofree char *text =
        g_str_equal (code, sentences[i].code) ? fill (_(sentences[i].sentence), reason) : NULL;

      if (text != NULL)
        return g_steal_pointer (&text);
    }
  return g_strdup_printf (_("Something unusual (%s)."), code);
}

/* --- alerts --- */

static char *
total_words (const KobanAlert *alert)
{
  g_autoptr(GVariant) total = NULL;

  if (!alert->has_total)
    return g_strdup ("");
  total = g_variant_ref_sink (g_variant_new ("(xs)", alert->total.minor, alert->total.currency.code));
  return money_words (total);
}

/* The reason with @code, or NULL. (transfer full) */
static GVariant *
find_reason (const KobanAlert *alert, const char *code)
{
  GVariantIter iter;
  GVariant *reason;

  if (alert->reasons == NULL)
    return NULL;
  g_variant_iter_init (&iter, alert->reasons);
  while ((reason = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *name = "";

      g_variant_lookup (reason, "code", "&s", &name);
      if (g_str_equal (name, code))
        return reason;
      g_variant_unref (reason);
    }
  return NULL;
}

static char *
withdrawal_headline (const KobanAlert *alert)
{
  g_autoptr(GVariant) burst = find_reason (alert, "burst");
  g_autofree char *span = burst != NULL ? parameter_words (burst, "seconds") : NULL;
  g_autofree char *total = total_words (alert);
  gulong count = 0;

  for (guint i = 0; alert->refs[i] != NULL; i++)
    count += alert->refs[i][0] == 't';
  count = MAX (count, 1);
  if (span != NULL)
    return g_strdup_printf (
      /* TRANSLATORS: a sum, the number, a duration; the sum stands early, for small bubbles cut off what is
         late. */
      ngettext ("%s taken by %lu withdrawal in %s", "%s taken by %lu withdrawals in %s", count), total, count,
      span);
  if (count > 1)
    return g_strdup_printf (
      ngettext ("%s taken by %lu unexpected withdrawal", "%s taken by %lu unexpected withdrawals", count),
      total, count);
  return g_strdup_printf (_("Unexpected withdrawal of %s"), total);
}

/* What a link that is news may do: some kinds take no money, but carry away what they see. */
static gboolean
only_sees (const KobanAlert *alert, const char *code)
{
  static const char *const seers[] = { "consent", "aggregator", "webhook", NULL };
  g_autoptr(GVariant) reason = find_reason (alert, code);
  const char *kind = "";

  return reason != NULL && g_variant_lookup (reason, "kind", "&s", &kind) && g_strv_contains (seers, kind);
}

/* What somebody did at the machine, and everybody should hear of. */
static gboolean
lowers_protection (const KobanAlert *alert, const char *code)
{
  static const char *const codes[] = { "answered_mine",   "revoked",       "connection_removed",
                                       "muted",           "channel_added", "channel_changed",
                                       "channel_removed", "detail_raised", "setting_lowered" };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (koban_alert_has_reason (alert, codes[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_any (const KobanAlert *alert, const char *code)
{
  return TRUE;
}

/* What happened, by the first row that holds; the last of a kind always does. The short words are for the
 * small screen and the locked one. TRANSLATORS: the short ones at most 40 characters, so that a phone shows
 * them whole. */
static const struct
{
  KobanAlertKind kind;
  gboolean (*holds) (const KobanAlert *alert, const char *code);
  const char *code, *words, *short_words;
} headlines[] = {
  { KOBAN_ALERT_LINK, only_sees, "link_stronger", N_("A service may now see more of your account"),
    N_("A service may now see more") },
  { KOBAN_ALERT_LINK, koban_alert_has_reason, "link_stronger",
    N_("A service may now take more from your account"), N_("A service may now take more money") },
  { KOBAN_ALERT_LINK, only_sees, "link_back", N_("Something that had ended is told of your account again"),
    N_("What had ended sees your account again") },
  { KOBAN_ALERT_LINK, koban_alert_has_reason, "link_back",
    N_("A service that had ended can take money again"), N_("An ended service can take money again") },
  { KOBAN_ALERT_LINK, only_sees, "amended_mandate",
    N_("What is told of your account now goes to somebody else"),
    N_("Somebody else now sees your account") },
  { KOBAN_ALERT_LINK, koban_alert_has_reason, "amended_mandate",
    N_("A direct debit on your account now names somebody else"),
    N_("A direct debit now names somebody else") },
  { KOBAN_ALERT_LINK, only_sees, "new_link", N_("Somebody new is told of your account"), NULL },
  { KOBAN_ALERT_LINK, is_any, NULL, N_("A new service can take money from your account"),
    N_("A new service can take your money") },
  { KOBAN_ALERT_WITHDRAWAL, is_any, NULL, NULL, N_("An unexpected withdrawal") },
  { KOBAN_ALERT_BALANCE, koban_alert_has_reason, "negative_balance", N_("Your account is overdrawn"), NULL },
  { KOBAN_ALERT_BALANCE, is_any, NULL, N_("Money left your account without a trace"), NULL },
  { KOBAN_ALERT_FRESHNESS, lowers_protection, NULL, N_("Koban was told to protect you otherwise"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "channel_dead", N_("Koban's messages do not arrive"),
    NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "channel_unconfirmed",
    N_("Prove that Koban's messages reach you"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "review_strong",
    N_("Koban found something odd in your history"), N_("There is something odd in your history") },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "review", N_("Koban has read your history"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "account_gone",
    N_("An account is no longer shown by your bank"), N_("Your bank no longer shows an account") },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "consent_ends", N_("Koban's access at a bank ends soon"),
    NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "restored", N_("Koban goes on from a copy"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "recovered", N_("Koban goes on from a copy"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "deadline", N_("The time to claim ends soon"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "no_file", N_("It is time to import a statement"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "unbalanced", N_("A statement does not add up"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "sign_in", N_("Koban has to sign in again"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "evicted", N_("Koban's sign-in was ended"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "shared",
    N_("Another device seems to use the same sign-in"), N_("Another device may use the same sign-in") },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "locked", N_("Koban waits for the keyring"), NULL },
  { KOBAN_ALERT_FRESHNESS, koban_alert_has_reason, "watching",
    N_("Koban watches accounts from this computer"), N_("Koban watches from this computer") },
  { KOBAN_ALERT_FRESHNESS, is_any, NULL, N_("Koban could not check your account"), NULL },
};

/* What happened, without a name. */
static char *
headline (const KobanAlert *alert, gboolean in_short)
{
  gsize i = 0;

  while (i + 1 < G_N_ELEMENTS (headlines) &&
         (headlines[i].kind != alert->kind || !headlines[i].holds (alert, headlines[i].code)))
    i++;
  if (headlines[i].words == NULL && !in_short)
    return withdrawal_headline (alert);
  return g_strdup (in_short && headlines[i].short_words != NULL ? _(headlines[i].short_words)
                                                                : _(headlines[i].words));
}

/* The other side: our name for it where the directory knows it, else the bank's words, quoted. NULL if none.
 */
static char *
who (const KobanAlert *alert)
{
  if (alert->subject != NULL && *alert->subject != '\0')
    return koban_text_quote (alert->subject);
  return alert->service != NULL ? koban_text_clean (alert->service, 40) : NULL;
}

char *
koban_phrase_alert (const KobanAlert *alert)
{
  g_autofree char *what = headline (alert, FALSE);
  g_autofree char *name = who (alert);

  return name != NULL ? g_strdup_printf (_("%s: %s"), what, name) : g_steal_pointer (&what);
}

/* --- notifications --- */

char *
koban_phrase_summary (GPtrArray *alerts, KobanDetail detail, const char *code)
{
  const KobanAlert *worst = alerts->len > 0 ? g_ptr_array_index (alerts, 0) : NULL;

  if (detail == KOBAN_DETAIL_NONE || worst == NULL)
    return g_strdup_printf (_("Koban: look at your account (%s)"), code);

  /* Where money has moved, the sum comes first; a link alone speaks for itself. */
  for (guint i = 1; i < alerts->len && worst->kind == KOBAN_ALERT_LINK; i++)
    {
      const KobanAlert *other = g_ptr_array_index (alerts, i);

      if (other->kind == KOBAN_ALERT_WITHDRAWAL && other->severity >= worst->severity)
        worst = other;
    }
  return headline (worst, detail < KOBAN_DETAIL_FULL);
}

static void
append_sentence (GString *body, const char *sentence)
{
  if (body->len > 0)
    g_string_append_c (body, ' ');
  g_string_append (body, sentence);
}

/* What one person said is news to the other. */
static char *
reason_for (GVariant *reason, KobanOwnership ownership)
{
  const char *code = "";

  g_variant_lookup (reason, "code", "&s", &code);
  if (ownership == KOBAN_OWNERSHIP_JOINT && g_str_equal (code, "answered_not_mine"))
    return g_strdup (_("One of you said before that nobody here knows this name."));
  return koban_phrase_reason (reason);
}

static void
append_reasons (GString *body, const KobanAlert *alert, guint most, KobanOwnership ownership)
{
  gsize count = alert->reasons != NULL ? MIN (g_variant_n_children (alert->reasons), most) : 0;

  for (gsize i = 0; i < count; i++)
    {
      g_autoptr(GVariant) reason = g_variant_get_child_value (alert->reasons, i);
      g_autofree char *sentence = reason_for (reason, ownership);

      append_sentence (body, sentence);
    }
}

static const char *
what_to_do (const KobanAlert *worst, KobanOwnership ownership)
{
  if (lowers_protection (worst, NULL))
    return _("If this was not you, somebody else uses your computer.");
  if (koban_alert_has_reason (worst, "watching"))
    return _("This is said once a month and cannot be turned off.");
  if (worst->kind == KOBAN_ALERT_FRESHNESS)
    return _("This is not an all-clear.");
  if (worst->kind == KOBAN_ALERT_BALANCE)
    return _("Look at your statement, and ask your bank.");
  if (ownership == KOBAN_OWNERSHIP_JOINT)
    return _(
      "If it was none of you, one of you should call the bank now on the number printed on the card and ask "
      "them to stop it.");
  return _(
    "If this was not you, call your bank now on the number printed on your card and ask them to stop it.");
}

static char *
minimal_body (const KobanAlert *worst, KobanOwnership ownership)
{
  g_autofree char *service = worst->service != NULL ? koban_text_clean (worst->service, 40) : NULL;

  if (koban_alert_has_reason (worst, "review") || koban_alert_has_reason (worst, "review_strong"))
    return g_strdup (_("Look through it in a terminal: koban review."));
  if (service == NULL)
    return g_strdup (what_to_do (worst, ownership));
  /* TRANSLATORS: the name of a service, then a sentence that says what to do. */
  return g_strdup_printf (_("%s. %s"), service, what_to_do (worst, ownership));
}

char *
koban_phrase_body (GPtrArray *alerts, KobanDetail detail, const char *account_name)
{
  return koban_phrase_body_for (alerts, detail, account_name, KOBAN_OWNERSHIP_OWN);
}

char *
koban_phrase_body_for (GPtrArray *alerts,
                       KobanDetail detail,
                       const char *account_name,
                       KobanOwnership ownership)
{
  g_autoptr(GString) body = g_string_new (NULL);
  const KobanAlert *worst = alerts->len > 0 ? g_ptr_array_index (alerts, 0) : NULL;

  if (detail == KOBAN_DETAIL_NONE || worst == NULL)
    return g_strdup ("");
  if (detail == KOBAN_DETAIL_MINIMAL)
    return minimal_body (worst, ownership);

  g_autofree char *name = who (worst);
  g_autofree char *account = account_name != NULL ? koban_text_quote (account_name) : NULL;
  if (name != NULL && account != NULL)
    g_string_append_printf (body, _("%s, account %s."), name, account);
  else if (name != NULL || account != NULL)
    g_string_append_printf (body, "%s.", name != NULL ? name : account);
  /* Servers cut off the end of a body: what to do about lost money must not be lost with it. */
  gboolean do_first = worst->kind == KOBAN_ALERT_LINK || worst->kind == KOBAN_ALERT_WITHDRAWAL;
  if (do_first)
    append_sentence (body, what_to_do (worst, ownership));
  for (guint i = 0; i < alerts->len && i < 2; i++)
    append_reasons (body, g_ptr_array_index (alerts, i), i == 0 ? 2 : 1, ownership);
  if (!do_first)
    append_sentence (body, what_to_do (worst, ownership));
  return g_string_free (g_steal_pointer (&body), FALSE);
}

/* --- many at once --- */

#define MOST_LISTED 4

char *
koban_phrase_many_summary (GPtrArray *alerts,
                           guint incidents,
                           KobanMany many,
                           KobanDetail detail,
                           const char *code)
{
  if (detail == KOBAN_DETAIL_NONE || alerts->len == 0)
    return koban_phrase_summary (alerts, KOBAN_DETAIL_NONE, code);
  if (many == KOBAN_MANY_QUIET)
    return g_strdup_printf (ngettext ("%u thing to look at from your quiet hours",
                                      "%u things to look at from your quiet hours", incidents),
                            incidents);
  if (many == KOBAN_MANY_GAP && detail < KOBAN_DETAIL_FULL)
    return g_strdup_printf (
      ngettext ("%u unusual thing while Koban was away", "%u unusual things while Koban was away", incidents),
      incidents);
  if (many == KOBAN_MANY_GAP)
    return g_strdup_printf (ngettext ("%u unusual thing happened while Koban could not look",
                                      "%u unusual things happened while Koban could not look", incidents),
                            incidents);
  return g_strdup_printf (ngettext ("%u unusual thing at once", "%u unusual things at once", incidents),
                          incidents);
}

/* Every link by its name, whatever else there is: it is what is still to come. */
static void
append_listed (GString *body, GPtrArray *alerts)
{
  guint listed = 0, others = 0;

  for (guint i = 0; i < alerts->len; i++)
    {
      const KobanAlert *alert = g_ptr_array_index (alerts, i);
      g_autofree char *line = NULL;

      if (alert->kind != KOBAN_ALERT_LINK && others++ >= MOST_LISTED)
        continue;
      line = koban_phrase_alert (alert);
      g_string_append_printf (body, "%s%s", listed++ > 0 ? "\n" : "", line);
    }
  if (alerts->len > listed)
    {
      guint more = alerts->len - listed;

      g_string_append_c (body, '\n');
      g_string_append_printf (body, ngettext ("… and %u more.", "… and %u more.", more), more);
    }
  g_string_append_c (body, '\n');
}

char *
koban_phrase_many_body (GPtrArray *alerts,
                        guint incidents,
                        KobanMany many,
                        KobanDetail detail,
                        KobanOwnership ownership)
{
  g_autoptr(GString) body = g_string_new (NULL);

  if (detail == KOBAN_DETAIL_NONE || alerts->len == 0)
    return g_strdup ("");
  if (detail == KOBAN_DETAIL_FULL)
    append_listed (body, alerts);
  g_string_append (body, _("All of them: koban alerts."));
  if (many == KOBAN_MANY_GAP)
    append_sentence (body, _("Banks' time limits to claim money back run from the day of the debit."));
  append_sentence (body, what_to_do (g_ptr_array_index (alerts, 0), ownership));
  return g_string_free (g_steal_pointer (&body), FALSE);
}

/* --- answers --- */

const char *
koban_phrase_answer_label (KobanAnswer answer, KobanOwnership ownership)
{
  /* TRANSLATORS: answers to "who did this?". First of an account of one person, then of a joint account. */
  static const char *const labels[][2] = {
    [KOBAN_ANSWER_NONE] = { NULL, NULL },
    [KOBAN_ANSWER_MINE] = { N_("It was me"), N_("We know it") },
    [KOBAN_ANSWER_NOT_MINE] = { N_("Not me"), N_("Nobody here") },
    [KOBAN_ANSWER_UNSURE] = { N_("Not sure"), N_("Not sure") },
  };
  const char *label = labels[answer][ownership == KOBAN_OWNERSHIP_JOINT ? 1 : 0];

  return label != NULL ? _(label) : NULL;
}
