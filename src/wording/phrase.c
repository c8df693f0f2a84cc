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
  { "service", PLACE_TEXT },    { "connection", PLACE_FOREIGN }, { "provider", PLACE_TEXT },
  { "mandate", PLACE_FOREIGN }, { "period", PLACE_TEXT },        { "payees", PLACE_NUMBER },
  { "account", PLACE_FOREIGN }, { "date", PLACE_TEXT },          { "window", PLACE_DAYS },
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
  { "unbalanced",
    N_("The running balance of what was imported for {connection} does not follow from its lines ({count} "
        "times, first by "
        "{amount} on {date}): lines are missing, or were changed. Export the same time once more.") },
  { "account_gone", N_("The bank no longer shows the account {account}, so Koban cannot watch it.") },
  { "config",
    N_("koban.conf has a mistake, so Koban goes by its defaults and shows no details. What is wrong "
        "stands in the agent's log.") },
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
      ngettext ("%lu withdrawal within %s, %s in all", "%lu withdrawals within %s, %s in all", count), count,
      span, total);
  if (count > 1)
    return g_strdup_printf (
      ngettext ("%lu unexpected withdrawal, %s in all", "%lu unexpected withdrawals, %s in all", count),
      count, total);
  return g_strdup_printf (_("Unexpected withdrawal of %s"), total);
}

/* What a link that is news may do: some kinds take no money, but carry away what they see. */
static gboolean
only_sees (GVariant *reason)
{
  static const char *const seers[] = { "consent", "aggregator", "webhook", NULL };
  const char *kind = "";

  return g_variant_lookup (reason, "kind", "&s", &kind) && g_strv_contains (seers, kind);
}

/* The first row whose reason the alert has. */
static const struct
{
  const char *code, *takes, *sees;
} link_headlines[] = {
  { "link_stronger", N_("A service may now take more from your account"),
    N_("A service may now see more of your account") },
  { "link_back", N_("A service that had ended can take money again"),
    N_("Something that had ended is told of your account again") },
  { "amended_mandate", N_("A direct debit on your account now names somebody else"),
    N_("What is told of your account now goes to somebody else") },
  { "new_link", N_("A new service can take money from your account"),
    N_("Somebody new is told of your account") },
};

static const char *
link_headline (const KobanAlert *alert)
{
  for (gsize i = 0; i < G_N_ELEMENTS (link_headlines); i++)
    {
      g_autoptr(GVariant) reason = find_reason (alert, link_headlines[i].code);
      if (reason != NULL)
        return only_sees (reason) ? _(link_headlines[i].sees) : _(link_headlines[i].takes);
    }
  return _("A new service can take money from your account");
}

static const char *
freshness_headline (const KobanAlert *alert)
{
  if (koban_alert_has_reason (alert, "review_strong"))
    return _("Koban found something odd in your history");
  if (koban_alert_has_reason (alert, "review"))
    return _("Koban has read your history");
  if (koban_alert_has_reason (alert, "account_gone"))
    return _("An account is no longer shown by your bank");
  if (koban_alert_has_reason (alert, "no_file"))
    return _("It is time to import a statement");
  if (koban_alert_has_reason (alert, "unbalanced"))
    return _("A statement does not add up");
  if (koban_alert_has_reason (alert, "sign_in"))
    return _("Koban has to sign in again");
  if (koban_alert_has_reason (alert, "consent_ends"))
    return _("Koban's access at a bank ends soon");
  if (koban_alert_has_reason (alert, "evicted"))
    return _("Koban's sign-in was ended");
  if (koban_alert_has_reason (alert, "shared"))
    return _("Another device seems to use the same sign-in");
  if (koban_alert_has_reason (alert, "locked"))
    return _("Koban waits for the keyring");
  return _("Koban could not check your account");
}

/* What happened, without a name; with sums only if @with_sums. */
static char *
headline (const KobanAlert *alert, gboolean with_sums)
{
  switch (alert->kind)
    {
    case KOBAN_ALERT_LINK:
      return g_strdup (link_headline (alert));
    case KOBAN_ALERT_WITHDRAWAL:
      return with_sums ? withdrawal_headline (alert)
                       : g_strdup (_("Unexpected withdrawal from your account"));
    case KOBAN_ALERT_BALANCE:
      return g_strdup (koban_alert_has_reason (alert, "negative_balance")
                         ? _("Your account is overdrawn")
                         : _("Money left your account without a trace"));
    case KOBAN_ALERT_FRESHNESS:
    default:
      return g_strdup (freshness_headline (alert));
    }
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
  g_autofree char *what = headline (alert, TRUE);
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
  return headline (worst, detail == KOBAN_DETAIL_FULL);
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
  for (guint i = 0; i < alerts->len && i < 2; i++)
    append_reasons (body, g_ptr_array_index (alerts, i), 2, ownership);
  append_sentence (body, what_to_do (worst, ownership));
  return g_string_free (g_steal_pointer (&body), FALSE);
}

/* --- many at once --- */

#define MOST_LISTED 4

char *
koban_phrase_many_summary (GPtrArray *alerts,
                           guint incidents,
                           gboolean in_gap,
                           KobanDetail detail,
                           const char *code)
{
  if (detail == KOBAN_DETAIL_NONE || alerts->len == 0)
    return koban_phrase_summary (alerts, KOBAN_DETAIL_NONE, code);
  if (in_gap)
    return g_strdup_printf (ngettext ("%u unusual thing happened while Koban could not look",
                                      "%u unusual things happened while Koban could not look", incidents),
                            incidents);
  return g_strdup_printf (
    ngettext ("%u more unusual thing at once", "%u more unusual things at once", incidents), incidents);
}

static void
append_listed (GString *body, GPtrArray *alerts)
{
  for (guint i = 0; i < alerts->len && i < MOST_LISTED; i++)
    {
      g_autofree char *line = koban_phrase_alert (g_ptr_array_index (alerts, i));

      g_string_append_printf (body, "%s%s", i > 0 ? "\n" : "", line);
    }
  if (alerts->len > MOST_LISTED)
    {
      guint more = alerts->len - MOST_LISTED;

      g_string_append_c (body, '\n');
      g_string_append_printf (body, ngettext ("… and %u more.", "… and %u more.", more), more);
    }
  g_string_append_c (body, '\n');
}

char *
koban_phrase_many_body (GPtrArray *alerts,
                        guint incidents,
                        gboolean in_gap,
                        KobanDetail detail,
                        KobanOwnership ownership)
{
  g_autoptr(GString) body = g_string_new (NULL);

  if (detail == KOBAN_DETAIL_NONE || alerts->len == 0)
    return g_strdup ("");
  if (detail == KOBAN_DETAIL_FULL)
    append_listed (body, alerts);
  g_string_append (body, _("All of them: koban alerts."));
  if (in_gap)
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
