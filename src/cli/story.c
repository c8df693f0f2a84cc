/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads a story: JSON lines to typed events. Every line goes through the JSON guard, and every
 * value is checked where it is read, so that what leaves here is well-formed however hostile the
 * file is. It never decides what a bank says at some time, and invents no time for a payment.
 */
#include "config.h"
#include "cli/story.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include <koban/date.h>
#include <koban/error.h>
#include <koban/text.h>
#include "wire/json-reader.h"

#define LAST_SECOND G_GINT64_CONSTANT (253402300799) /* of the year 9999 */
#define MAX_UTC_OFFSET_MINUTES (18 * 60)
#define MAX_WARNING 200

typedef struct
{
  KobanStory *story; /* (unowned) */
  const char *path;
  guint line;
  GHashTable *accounts; /* id → index + 1 */
  GHashTable *links;    /* "account\nid" → KobanLink as last listed */
  GHashTable *warned;   /* unknown names already told */
} Loader;

typedef gboolean (*ReadEvent) (Loader *loader, KobanJsonNode node, KobanStoryEvent *event, GError **error);

/* --- owned values ----------------------------------------------------------------------- */

static void
story_event_free (gpointer data)
{
  KobanStoryEvent *self = data;

  g_free (self->id);
  g_clear_pointer (&self->link, koban_link_unref);
  g_clear_pointer (&self->line, koban_transaction_unref);
  g_free (self);
}

static void
story_account_free (gpointer data)
{
  KobanStoryAccount *self = data;

  g_free (self->id);
  g_free (self->name);
  g_free (self->bank);
  g_free (self);
}

void
koban_story_free (KobanStory *self)
{
  if (self == NULL)
    return;
  g_free (self->label);
  g_ptr_array_unref (self->banks);
  g_ptr_array_unref (self->accounts);
  g_ptr_array_unref (self->events);
  g_free (self);
}

static void
loader_clear (Loader *self)
{
  g_hash_table_unref (self->accounts);
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->warned);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loader, loader_clear)

/* --- reading values --------------------------------------------------------------------- */

G_GNUC_PRINTF (2, 3)
static void
warn_once (Loader *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  if (g_hash_table_contains (self->warned, what))
    return;
  g_autofree char *clean = koban_text_clean (what, MAX_WARNING);
  g_printerr ("%s:%u: %s\n", self->path, self->line, clean);
  g_hash_table_add (self->warned, g_steal_pointer (&what));
}

static gboolean
wrong_value (const char *name, const char *wanted, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” must be %s"), name, wanted);
  return FALSE;
}

static gboolean
is_given (KobanJsonNode node)
{
  return koban_json_exists (node) && koban_json_type (node) != KOBAN_JSON_NULL;
}

/* A string that may be missing; @text is then NULL. */
static gboolean
read_text (KobanJsonNode object, const char *name, const char **text, GError **error)
{
  KobanJsonNode node = koban_json_member (object, name);

  *text = NULL;
  if (!is_given (node))
    return TRUE;
  *text = koban_json_string (node);
  return *text != NULL || wrong_value (name, _("a string"), error);
}

static gboolean
need_text (KobanJsonNode object, const char *name, const char **text, GError **error)
{
  if (!read_text (object, name, text, error))
    return FALSE;
  return (*text != NULL && **text != '\0') || wrong_value (name, _("a string that is not empty"), error);
}

static gboolean
need_int (KobanJsonNode object, const char *name, gint64 least, gint64 most, gint64 *value, GError **error)
{
  KobanJsonNode node = koban_json_member (object, name);
  gint64 read;

  if (!is_given (node) || koban_json_type (node) != KOBAN_JSON_NUMBER || !koban_json_int64 (node, &read) ||
      read < least || read > most)
    return wrong_value (name, _("a whole number within its range"), error);
  *value = read;
  return TRUE;
}

static gboolean
need_instant (KobanJsonNode object, const char *name, gint64 *at_us, GError **error)
{
  gint64 seconds;

  if (!need_int (object, name, 0, LAST_SECOND, &seconds, error))
    return FALSE;
  *at_us = seconds * KOBAN_SECOND_US;
  return TRUE;
}

/* Half the range of gint64, so that no sum of two is out of it. */
static gboolean
need_money (KobanJsonNode object, const char *name, KobanCurrency currency, KobanMoney *money, GError **error)
{
  money->currency = currency;
  return need_int (object, name, G_MININT64 / 2, G_MAXINT64 / 2, &money->minor, error);
}

static gboolean
read_money (KobanJsonNode object,
            const char *name,
            KobanCurrency currency,
            gboolean *has,
            KobanMoney *money,
            GError **error)
{
  *has = is_given (koban_json_member (object, name));
  return !*has || need_money (object, name, currency, money, error);
}

static gboolean
read_date (KobanJsonNode object, KobanDate *date, GError **error)
{
  const char *text;

  *date = KOBAN_NO_DATE;
  if (!read_text (object, "date", &text, error))
    return FALSE;
  return text == NULL || koban_date_parse (text, date) ||
         wrong_value ("date", _("a day as YYYY-MM-DD"), error);
}

static gboolean
read_time (KobanJsonNode object, gint64 *time_us, GError **error)
{
  const char *text;

  *time_us = 0;
  if (!read_text (object, "time", &text, error))
    return FALSE;
  return text == NULL || koban_time_parse (text, time_us) ||
         wrong_value ("time", _("an RFC 3339 time"), error);
}

static const KobanStoryAccount *
event_account (Loader *self, const KobanStoryEvent *event)
{
  return g_ptr_array_index (self->story->accounts, event->account);
}

static gboolean
find_account (Loader *self, KobanJsonNode node, guint *index, GError **error)
{
  const char *id;

  if (!need_text (node, "account", &id, error))
    return FALSE;
  guint found = GPOINTER_TO_UINT (g_hash_table_lookup (self->accounts, id));
  if (found == 0)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("account “%s” is not in the first line"), id);
      return FALSE;
    }
  *index = found - 1;
  return TRUE;
}

/* A line of another currency than its account's would make every sum of it wrong. */
static gboolean
check_currency (Loader *self, KobanJsonNode node, const KobanStoryEvent *event, GError **error)
{
  const char *code;
  KobanCurrency currency;

  if (!read_text (node, "currency", &code, error))
    return FALSE;
  if (code == NULL)
    return TRUE;
  if (!koban_currency_parse (code, &currency, error))
    return FALSE;
  return koban_currency_equal (currency, event_account (self, event)->currency) ||
         wrong_value ("currency", _("the currency of the account"), error);
}

/* --- events ----------------------------------------------------------------------------- */

static char *
link_key (const KobanStoryEvent *event, const char *id)
{
  return g_strdup_printf ("%u\n%s", event->account, id);
}

static void
list_link (Loader *self, KobanStoryEvent *event, const KobanLink *fields)
{
  event->link = koban_link_new (fields);
  g_hash_table_replace (self->links, link_key (event, event->id), koban_link_ref (event->link));
}

static gboolean
read_limit_and_status (Loader *self,
                       KobanJsonNode node,
                       KobanStoryEvent *event,
                       KobanLink *fields,
                       GError **error)
{
  KobanCurrency currency = event_account (self, event)->currency;
  const char *status;

  if (koban_json_exists (koban_json_member (node, "limit")) &&
      !read_money (node, "limit", currency, &fields->has_limit, &fields->limit, error))
    return FALSE;
  if (!read_text (node, "status", &status, error))
    return FALSE;
  if (status != NULL && !koban_link_status_parse (status, &fields->status))
    fields->status = KOBAN_LINK_UNKNOWN;
  return TRUE;
}

static gboolean
read_link_added (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  KobanLink fields = { .status = KOBAN_LINK_ACTIVE,
                       .provenance = KOBAN_PROVENANCE_NATIVE,
                       .revocation = KOBAN_REVOCATION_MANUAL };
  const char *kind;

  if (!need_text (node, "link_id", &fields.remote_id, error) ||
      !need_text (node, "link_type", &kind, error) || !read_text (node, "name", &fields.name, error) ||
      !read_text (node, "mandate_ref", &fields.reference, error) ||
      !read_text (node, "counterparty_id", &fields.collector, error) ||
      !read_limit_and_status (self, node, event, &fields, error) ||
      !check_currency (self, node, event, error))
    return FALSE;
  if (!koban_link_kind_parse (kind, &fields.kind))
    {
      warn_once (self, _("link_type “%s” is not known; taken for an app"), kind);
      fields.kind = KOBAN_LINK_APP;
    }
  if (fields.name == NULL)
    fields.name = "";
  event->kind = KOBAN_STORY_LINK;
  event->id = g_strdup (fields.remote_id);
  list_link (self, event, &fields);
  return TRUE;
}

static gboolean
read_link_changed (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  const char *id, *name, *mandate_ref;

  if (!need_text (node, "link_id", &id, error) || !read_text (node, "name", &name, error) ||
      !read_text (node, "mandate_ref", &mandate_ref, error))
    return FALSE;
  g_autofree char *key = link_key (event, id);
  const KobanLink *known = g_hash_table_lookup (self->links, key);
  if (known == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("link “%s” was never added"), id);
      return FALSE;
    }

  KobanLink fields = *known;
  if (!read_limit_and_status (self, node, event, &fields, error) ||
      !check_currency (self, node, event, error))
    return FALSE;
  fields.name = name != NULL ? name : fields.name;
  fields.reference = mandate_ref != NULL ? mandate_ref : fields.reference;
  event->kind = KOBAN_STORY_LINK;
  event->id = g_strdup (id);
  list_link (self, event, &fields);
  return TRUE;
}

static gboolean
read_link_removed (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  const char *id;

  if (!need_text (node, "link_id", &id, error))
    return FALSE;
  event->kind = KOBAN_STORY_UNLINK;
  event->id = g_strdup (id);
  return TRUE;
}

static gboolean
read_line (Loader *self,
           KobanJsonNode node,
           KobanStoryEvent *event,
           KobanTransactionState state,
           GError **error)
{
  KobanTransaction fields = { .state = state };
  const char *type;
  KobanCurrency currency = event_account (self, event)->currency;

  if (!read_text (node, "id", &fields.bank_id, error) ||
      !need_money (node, "amount", currency, &fields.amount, error) ||
      !check_currency (self, node, event, error) || !read_text (node, "descriptor", &fields.text, error) ||
      !read_text (node, "counterparty", &fields.payee, error) ||
      !read_text (node, "counterparty_id", &fields.counterparty_id, error) ||
      !read_text (node, "mandate_ref", &fields.mandate_ref, error) ||
      !read_text (node, "pending_id", &fields.pending_id, error) || !read_text (node, "type", &type, error) ||
      !read_date (node, &fields.date, error) || !read_time (node, &fields.time_us, error) ||
      !read_money (node, "balance_after", currency, &fields.has_balance_after, &fields.balance_after, error))
    return FALSE;
  if (type == NULL || !koban_transaction_type_parse (type, &fields.type))
    fields.type = KOBAN_TRANSACTION_OTHER;
  if (fields.text == NULL)
    fields.text = "";
  if (fields.bank_id != NULL && *fields.bank_id == '\0')
    fields.bank_id = NULL;
  event->kind = KOBAN_STORY_LINE;
  event->id = g_strdup (fields.bank_id);
  event->line = koban_transaction_new (&fields);
  return TRUE;
}

static gboolean
read_booked (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  return read_line (self, node, event, KOBAN_TRANSACTION_BOOKED, error);
}

static gboolean
read_pending (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  return read_line (self, node, event, KOBAN_TRANSACTION_PENDING, error);
}

static gboolean
read_cancelled (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  const char *id;

  if (!need_text (node, "id", &id, error))
    return FALSE;
  event->kind = KOBAN_STORY_CANCELLED;
  event->id = g_strdup (id);
  return TRUE;
}

static gboolean
read_balance (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  KobanStoryAccount *account = g_ptr_array_index (self->story->accounts, event->account);

  event->kind = KOBAN_STORY_BALANCE;
  account->tells_balance = TRUE;
  return read_money (node, "booked", account->currency, &event->has_booked, &event->booked, error) &&
         read_money (node, "available", account->currency, &event->has_available, &event->available, error) &&
         check_currency (self, node, event, error);
}

static const struct
{
  const char *name;
  guint what;
} OUTAGES[] = {
  { "links", KOBAN_STORY_NO_LINKS },
  { "balance", KOBAN_STORY_NO_BALANCE },
  { "transactions", KOBAN_STORY_NO_TRANSACTIONS },
  { "all", KOBAN_STORY_NO_LINKS | KOBAN_STORY_NO_BALANCE | KOBAN_STORY_NO_TRANSACTIONS },
};

static gboolean
read_outage (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  const char *what;

  event->kind = KOBAN_STORY_OUTAGE;
  if (!need_text (node, "what", &what, error) || !need_instant (node, "until", &event->until_us, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (OUTAGES); i++)
    if (g_str_equal (what, OUTAGES[i].name))
      event->outage = OUTAGES[i].what;
  if (event->outage == 0)
    warn_once (self, _("outage of “%s” is not known; skipped"), what);
  return TRUE;
}

static gboolean
read_answer (Loader *self, KobanJsonNode node, KobanStoryEvent *event, GError **error)
{
  const char *ref, *answer;

  if (!need_text (node, "ref", &ref, error) || !need_text (node, "answer", &answer, error))
    return FALSE;
  if (!koban_answer_parse (answer, &event->answer))
    return wrong_value ("answer", _("mine, not-mine or unsure"), error);
  event->kind = KOBAN_STORY_ANSWER;
  event->id = g_strdup (ref);
  return TRUE;
}

typedef enum
{
  ACCOUNT_NEEDED,
  ACCOUNT_OR_ALL,
  ACCOUNT_IGNORED,
} AccountNeed;

#define EVENT_KEYS "ts kind account "
#define LINE_KEYS                                                                                            \
  EVENT_KEYS "id amount currency descriptor date type time counterparty counterparty_id mandate_ref "        \
             "pending_id balance_after"

static const struct
{
  const char *kind;
  ReadEvent read;
  AccountNeed account;
  const char *keys;
} EVENTS[] = {
  { "transaction", read_booked, ACCOUNT_NEEDED, LINE_KEYS },
  { "booked", read_booked, ACCOUNT_NEEDED, LINE_KEYS },
  { "pending", read_pending, ACCOUNT_NEEDED, LINE_KEYS },
  { "cancelled", read_cancelled, ACCOUNT_NEEDED, EVENT_KEYS "id" },
  { "balance", read_balance, ACCOUNT_NEEDED, EVENT_KEYS "booked available currency" },
  { "link_added", read_link_added, ACCOUNT_NEEDED,
    EVENT_KEYS "link_id link_type name limit currency status mandate_ref counterparty_id" },
  { "link_changed", read_link_changed, ACCOUNT_NEEDED,
    EVENT_KEYS "link_id limit currency status name mandate_ref" },
  { "link_removed", read_link_removed, ACCOUNT_NEEDED, EVENT_KEYS "link_id status" },
  { "outage", read_outage, ACCOUNT_OR_ALL, EVENT_KEYS "what until" },
  { "answer", read_answer, ACCOUNT_IGNORED, EVENT_KEYS "ref answer" },
};

static gboolean
is_one_of (const char *word, const char *words)
{
  gsize length = strlen (word);

  for (const char *at = strstr (words, word); at != NULL && length > 0; at = strstr (at + 1, word))
    if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
      return TRUE;
  return FALSE;
}

static void
warn_unknown_keys (Loader *self, KobanJsonNode object, const char *kind, const char *keys)
{
  for (KobanJsonNode node = koban_json_first (object); koban_json_exists (node);
       node = koban_json_next (node))
    {
      const char *name = koban_json_name (node);
      if (!is_one_of (name, keys))
        warn_once (self, _("key “%s” of “%s” is not known; skipped"), name, kind);
    }
}

static gboolean
read_event_account (Loader *self,
                    KobanJsonNode node,
                    AccountNeed need,
                    KobanStoryEvent *event,
                    GError **error)
{
  event->account = KOBAN_STORY_ANY_ACCOUNT;
  if (need == ACCOUNT_IGNORED || (need == ACCOUNT_OR_ALL && !is_given (koban_json_member (node, "account"))))
    return TRUE;
  return find_account (self, node, &event->account, error);
}

static gboolean
read_event (Loader *self, KobanJsonNode node, GError **error)
{
  const char *kind;
  gsize i = 0;

  if (!need_text (node, "kind", &kind, error))
    return FALSE;
  while (i < G_N_ELEMENTS (EVENTS) && !g_str_equal (EVENTS[i].kind, kind))
    i++;
  if (i == G_N_ELEMENTS (EVENTS))
    {
      warn_once (self, _("kind “%s” is not known; skipped"), kind);
      return TRUE;
    }

  KobanStoryEvent *event = g_new0 (KobanStoryEvent, 1);
  g_ptr_array_add (self->story->events, event);
  warn_unknown_keys (self, node, kind, EVENTS[i].keys);
  return need_instant (node, "ts", &event->at_us, error) &&
         read_event_account (self, node, EVENTS[i].account, event, error) &&
         EVENTS[i].read (self, node, event, error);
}

/* --- the first line ----------------------------------------------------------------------- */

#define HEADER_KEYS "kind format name locale utc_offset_minutes monitor_from accounts"
#define ACCOUNT_KEYS "id name role bank currency opening_booked links_listed pending_listed"

static gboolean
read_flag (KobanJsonNode object, const char *name)
{
  KobanJsonNode node = koban_json_member (object, name);

  return koban_json_exists (node) && koban_json_is_true (node);
}

static gboolean
read_account (Loader *self, KobanJsonNode node, GError **error)
{
  const char *id, *name, *bank, *currency;
  KobanStoryAccount *account = g_new0 (KobanStoryAccount, 1);

  g_ptr_array_add (self->story->accounts, account);
  warn_unknown_keys (self, node, "account", ACCOUNT_KEYS);
  if (!need_text (node, "id", &id, error) || !read_text (node, "name", &name, error) ||
      !read_text (node, "bank", &bank, error) || !need_text (node, "currency", &currency, error) ||
      !koban_currency_parse (currency, &account->currency, error) ||
      !read_money (node, "opening_booked", account->currency, &account->has_opening, &account->opening,
                   error))
    return FALSE;
  if (g_hash_table_contains (self->accounts, id))
    return wrong_value ("id", _("an account's own"), error);

  account->id = g_strdup (id);
  account->name = g_strdup (name != NULL ? name : id);
  account->bank = g_strdup (bank != NULL ? bank : "bank");
  account->lists_links = read_flag (node, "links_listed");
  account->lists_pending = read_flag (node, "pending_listed");
  g_hash_table_insert (self->accounts, g_strdup (id), GUINT_TO_POINTER (self->story->accounts->len));
  if (!g_ptr_array_find_with_equal_func (self->story->banks, account->bank, g_str_equal, NULL))
    g_ptr_array_add (self->story->banks, account->bank);
  return TRUE;
}

static gboolean
read_accounts (Loader *self, KobanJsonNode node, GError **error)
{
  if (!koban_json_exists (node) || koban_json_type (node) != KOBAN_JSON_ARRAY ||
      koban_json_length (node) == 0)
    return wrong_value ("accounts", _("a list with at least one account"), error);
  for (node = koban_json_first (node); koban_json_exists (node); node = koban_json_next (node))
    if (!read_account (self, node, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_header (Loader *self, KobanJsonNode node, GError **error)
{
  const char *kind;
  gint64 format, offset;

  if (!need_text (node, "kind", &kind, error))
    return FALSE;
  if (!g_str_equal (kind, "story"))
    return wrong_value ("kind", _("“story” in the first line"), error);
  if (!need_int (node, "format", 1, 1, &format, error) ||
      !need_int (node, "utc_offset_minutes", -MAX_UTC_OFFSET_MINUTES, MAX_UTC_OFFSET_MINUTES, &offset,
                 error) ||
      !need_instant (node, "monitor_from", &self->story->monitor_from_us, error))
    return FALSE;
  self->story->utc_offset_minutes = (int) offset;
  warn_unknown_keys (self, node, kind, HEADER_KEYS);
  return read_accounts (self, koban_json_member (node, "accounts"), error);
}

/* --- the file --------------------------------------------------------------------------- */

static gboolean
read_json_line (Loader *self, const char *text, gsize length, GError **error)
{
  g_autoptr(KobanJson) document = koban_json_parse (text, length, error);

  if (document == NULL)
    return FALSE;
  KobanJsonNode root = koban_json_root (document);
  if (koban_json_type (root) != KOBAN_JSON_OBJECT)
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("a line must be a JSON object"));
      return FALSE;
    }
  return self->story->accounts->len == 0 ? read_header (self, root, error) : read_event (self, root, error);
}

static gboolean
is_blank (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isspace (text[i]))
      return FALSE;
  return TRUE;
}

static gboolean
read_lines (Loader *self, const char *text, gsize length, GError **error)
{
  const char *end = text + length;

  while (text < end)
    {
      const char *line_end = memchr (text, '\n', end - text);
      gsize line_length = (line_end != NULL ? line_end : end) - text;
      self->line++;
      if (!is_blank (text, line_length) && !read_json_line (self, text, line_length, error))
        return FALSE;
      text += line_length + 1;
    }
  if (self->story->accounts->len > 0)
    return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("this is not a story: it has no first line"));
  return FALSE;
}

static int
by_time (gconstpointer a, gconstpointer b, gpointer unused)
{
  const KobanStoryEvent *left = *(KobanStoryEvent *const *) a, *right = *(KobanStoryEvent *const *) b;

  return (left->at_us > right->at_us) - (left->at_us < right->at_us);
}

/* g_qsort_with_data() is promised to be stable: equal times stay as they were written. */
static void
sort_events (Loader *self)
{
  GPtrArray *events = self->story->events;

  for (guint i = 1; i < events->len; i++)
    if (by_time (&events->pdata[i - 1], &events->pdata[i], NULL) > 0)
      {
        warn_once (self, _("the lines are not sorted by “ts”; they are read as if they were"));
        g_qsort_with_data (events->pdata, (int) events->len, sizeof (gpointer), by_time, NULL);
        break;
      }
  self->story->last_us = self->story->monitor_from_us;
  if (events->len > 0)
    self->story->last_us =
      MAX (self->story->last_us, ((KobanStoryEvent *) g_ptr_array_index (events, events->len - 1))->at_us);
}

static KobanStory *
story_new (const char *path)
{
  KobanStory *self = g_new0 (KobanStory, 1);

  self->label = g_path_get_basename (path);
  self->accounts = g_ptr_array_new_with_free_func (story_account_free);
  self->banks = g_ptr_array_new ();
  self->events = g_ptr_array_new_with_free_func (story_event_free);
  return self;
}

KobanStory *
koban_story_load (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;

  g_autoptr(KobanStory) story = story_new (path);
  g_auto(Loader) loader = {
    .story = story,
    .path = path,
    .accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_link_unref),
    .warned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };
  if (!read_lines (&loader, text, length, error))
    {
      g_prefix_error (error, "%s:%u: ", path, loader.line);
      return NULL;
    }
  sort_events (&loader);
  return g_steal_pointer (&story);
}
