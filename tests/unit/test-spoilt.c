/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every packaged profile, spoilt in every place that it has: a key left out or misspelt, a wrong type, a
 * wrong word, a pointer that is none. The lint finds each by its line, or a row here says why nobody could.
 */
#include "config.h"

#include <string.h>

#include <koban/profile.h>
#include "wire/json-reader.h"

typedef enum
{
  LEFT_OUT, /* a member */
  MISSPELT, /* the name of a member */
  TYPE,     /* a value of another type */
  WORD,     /* a text with an “x” behind it */
  POINTER,  /* a pointer without its “/” */
  N_KINDS,
} Kind;

static const char *const kind_names[N_KINDS] = { "left-out", "misspelt", "type", "word", "pointer" };

/* What is missed, and why it is no mistake that a file alone could show. "*" of a place is an item of a list.
 */
static struct
{
  Kind kind;
  const char *place;
  const char *why;
  guint used;
} missed[] = {
  { LEFT_OUT, "/headers", "not every bank has it", 0 },
  { LEFT_OUT, "/one_sign_in", "not every bank has it", 0 },
  { LEFT_OUT, "/errors", "not every bank has it", 0 },
  { LEFT_OUT, "/errors/text", "not every bank has it", 0 },
  { LEFT_OUT, "/budget/gap_s", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/query", "not every bank has it", 0 },
  { LEFT_OUT, "/checked", "a person's own need not say it; tests/check-data holds ours to it", 0 },
  { LEFT_OUT, "/requests/*/query/*", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/body", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/body/*", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/messages", "not every bank has it", 0 },
  { LEFT_OUT, "/revocations/*/body", "not every bank has it", 0 },
  { LEFT_OUT, "/revocations/*/body/*", "not every bank has it", 0 },
  { LEFT_OUT, "/revocations/*/gone", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/overlap_days", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/paging/more", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/paging/size", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/paging/newest_first", "not every bank has it", 0 },
  { LEFT_OUT, "/requests/*/paging/kept", "not every bank has it", 0 },
  { LEFT_OUT, "/revocations/*/needs", "without it every revoking need is asked for", 0 },
  { LEFT_OUT, "/requests/*/listings/*/hash",
    "without it the other says who the account is, or the first secret does", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/iban",
    "without it the other says who the account is, or the first secret does", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/number",
    "without it the other says who the account is, or the first secret does", 0 },
  { LEFT_OUT, "/auth*/rungs/*/send", "a login may send as little as this", 0 },
  { LEFT_OUT, "/auth*/rungs/*/send/*", "a login may send as little as this", 0 },
  { LEFT_OUT, "/auth*/rungs/*/headers", "a login may send as little as this", 0 },
  { LEFT_OUT, "/auth*/rungs/*/headers/*", "a login may send as little as this", 0 },
  { LEFT_OUT, "/auth/*/headers/X-Bunq-Client-Request-Id", "a login may send as little as this", 0 },
  { LEFT_OUT, "/auth/*/rungs/*/form", "a login may send as little as this", 0 },
  { LEFT_OUT, "/auth/*/rungs/*/once", "a login may send as little as this", 0 },
  { LEFT_OUT, "*/else", "a word that is not known is refused when it comes, and told", 0 },
  { LEFT_OUT, "*/absent", "a word that is not known is refused when it comes, and told", 0 },
  { LEFT_OUT, "*/values/*", "a word that is not known is refused when it comes, and told", 0 },
  { LEFT_OUT, "/requests/*/listings/*/own", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/markup", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/repeats", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/repeats/*", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/skip_currencies", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/sees_links", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/sees_pending", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/sees_time", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/reach", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/where", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/distinct", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/times", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/unit", "it says less, and nothing wrong", 0 },
  { LEFT_OUT, "/requests/*/listings/*/rows", "the answer is refused when it comes, and told", 0 },
  { LEFT_OUT, "/requests/*/listings/*/single", "the answer is refused when it comes, and told", 0 },
  { LEFT_OUT, "/requests/*/listings/*/optional", "the answer is refused when it comes, and told", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/available", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/balance_after", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/booked", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/collector", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/counterparty_id", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/created", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/currency", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/expires", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/id", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/limit", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/mandate_ref", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/name", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/name/join", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/ownership", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/payee", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/pending_id", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/reference", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/state", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/status", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/time", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/listings/*/row/type", "a fact that not every bank gives", 0 },
  { LEFT_OUT, "/requests/*/messages/*/effect", "what a message costs, and whom", 0 },
  { LEFT_OUT, "/requests/*/messages/*/scope", "what a message costs, and whom", 0 },
  { LEFT_OUT, "/requests/*/messages/*/scope/*", "what a message costs, and whom", 0 },
  { LEFT_OUT, "/auth*/consent/headers", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent/headers/*", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent/body/*", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent/url", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent/status/no", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent_days", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/headers", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/headers/*", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/redirect", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/scope", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/send", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/send/*", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/approval", "not every sign-in has it", 0 },
  { LEFT_OUT, "/needs/*/optional", "it is asked for until it is given", 0 },
  { LEFT_OUT, "/auth*/algorithm", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/claims*", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent/as_client", "not every sign-in has it", 0 },
  { LEFT_OUT, "/auth*/consent/expires", "not every sign-in has it", 0 },
  { LEFT_OUT, "/requests/*/as_client", "not every bank has it", 0 },
  { LEFT_OUT, "/revocations/*/as_client", "not every bank has it", 0 },
  { LEFT_OUT, "/revocations/*/sca/start", "not every second factor has it", 0 },
  { LEFT_OUT, "/revocations/*/sca/start/headers", "not every second factor has it", 0 },
  { LEFT_OUT, "/revocations/*/sca/start/headers/*", "not every second factor has it", 0 },
  { LEFT_OUT, "/revocations/*/sca/text", "not every second factor has it", 0 },
  { MISSPELT, "/auth*/consent/body/*", "the bank's own word", 0 },
  { MISSPELT, "/auth*/consent/headers/*", "the bank's own word", 0 },
  { MISSPELT, "/revocations/*/sca/*headers/*", "the bank's own word", 0 },
  { MISSPELT, "/revocations/*/sca/*body/*", "the bank's own word", 0 },
  { TYPE, "/auth*/consent/body/*", "a body is what the bank wants it to be", 0 },
  { MISSPELT, "/auth*/claims/*", "the bank's own word", 0 },
  { TYPE, "/auth*/claims/*", "claims are what the bank wants them to be", 0 },
  { WORD, "/auth*/claims/*", "the bank's own word", 0 },
  { WORD, "/requests/*/as_client", "the bank's own word", 0 },
  { WORD, "/revocations/*/as_client", "the bank's own word", 0 },
  { WORD, "/auth*/consent/expires", "where it stands in an answer", 0 },
  { WORD, "/auth*/consent/body/*", "the bank's own word", 0 },
  { WORD, "/auth*/consent/headers/*", "the bank's own word", 0 },
  { WORD, "/auth*/consent/status/no/*", "the bank's own word", 0 },
  { WORD, "/auth*/consent/status/yes/*", "the bank's own word", 0 },
  { WORD, "/auth*/scope", "the bank's own word", 0 },
  { WORD, "/revocations/*/sca/*headers/*", "the bank's own word", 0 },
  { WORD, "/revocations/*/sca/*body/*", "the bank's own word", 0 },
  { WORD, "/requests/*/listings/*/where/in/*", "the bank's own word", 0 },
  { WORD, "/auth*/consent/path", "an address, and a host, of the bank", 0 },
  { WORD, "/auth*/consent/status/path", "an address, and a host, of the bank", 0 },
  { WORD, "/auth*/authorize", "an address, and a host, of the bank", 0 },
  { WORD, "/auth*/token", "an address, and a host, of the bank", 0 },
  { WORD, "/auth*/approval", "an address, and a host, of the bank", 0 },
  { WORD, "/revocations/*/sca/*path", "an address, and a host, of the bank", 0 },
  { WORD, "/auth*/consent/status/at", "where it stands in an answer", 0 },
  { WORD, "/auth*/consent/url", "where it stands in an answer", 0 },
  { WORD, "/revocations/*/sca/*at", "where it stands in an answer", 0 },
  { WORD, "/revocations/*/sca/*id", "where it stands in an answer", 0 },
  { WORD, "/revocations/*/sca/*name", "where it stands in an answer", 0 },
  { WORD, "/revocations/*/sca/text*", "where it stands in an answer", 0 },
  { MISSPELT, "*/values/*", "the bank's own word", 0 },
  { MISSPELT, "/requests/*/query/*", "the bank's own word", 0 },
  { MISSPELT, "/requests/*/body/*", "the bank's own word", 0 },
  { MISSPELT, "/revocations/*/body/*", "the bank's own word", 0 },
  { MISSPELT, "/auth*/headers/*", "the bank's own word", 0 },
  { MISSPELT, "/auth*/members/*", "the bank's own word", 0 },
  { MISSPELT, "/auth*/send/*", "the bank's own word", 0 },
  { MISSPELT, "/auth/*/rungs/*/keep/device", "the name of what says only that it was done", 0 },
  { TYPE, "/requests/*/body/*", "a body is what the bank wants it to be", 0 },
  { TYPE, "/revocations/*/body/*", "a body is what the bank wants it to be", 0 },
  { WORD, "/id", "free words", 0 },
  { WORD, "/name", "free words", 0 },
  { WORD, "/cost", "free words", 0 },
  { WORD, "/notes", "free words", 0 },
  { WORD, "/signup/*", "free words", 0 },
  { WORD, "/needs/*/label", "free words", 0 },
  { WORD, "/needs/*/example", "free words", 0 },
  { WORD, "/revocations/*/by_hand", "free words", 0 },
  { WORD, "/headers/*", "the bank's own word", 0 },
  { WORD, "/auth*/headers/*", "the bank's own word", 0 },
  { WORD, "/auth*/members/*", "the bank's own word", 0 },
  { WORD, "/auth*/send/*", "the bank's own word", 0 },
  { WORD, "/auth*/issuer", "the bank's own word", 0 },
  { WORD, "/auth*/audience", "the bank's own word", 0 },
  { WORD, "/auth/*/header", "the bank's own word", 0 },
  { WORD, "/requests/*/query/*", "the bank's own word", 0 },
  { WORD, "/requests/*/paging/param", "the bank's own word", 0 },
  { WORD, "/requests/*/listings/*/expected/*", "the bank's own word", 0 },
  { WORD, "/requests/*/listings/*/where/is", "the bank's own word", 0 },
  { WORD, "/revocations/*/body/*", "the bank's own word", 0 },
  { WORD, "/base_url", "an address, and a host, of the bank", 0 },
  { WORD, "/hosts/*", "an address, and a host, of the bank", 0 },
  { WORD, "/requests/*/path", "an address, and a host, of the bank", 0 },
  { WORD, "/revocations/*/path", "an address, and a host, of the bank", 0 },
  { WORD, "/auth*/rungs/*/path", "an address, and a host, of the bank", 0 },
  { WORD, "/errors/code/at", "where it stands in an answer", 0 },
  { WORD, "/errors/text", "where it stands in an answer", 0 },
  { WORD, "/errors/text/*", "where it stands in an answer", 0 },
  { WORD, "/auth*/keep/*", "where it stands in an answer", 0 },
  { WORD, "/auth*/fields/*", "where it stands in an answer", 0 },
  { WORD, "/requests/*/paging/next", "where it stands in an answer", 0 },
  { WORD, "/requests/*/paging/more", "where it stands in an answer", 0 },
  { WORD, "/requests/*/messages/*/rows", "where it stands in an answer", 0 },
  { WORD, "/requests/*/messages/*/text*", "where it stands in an answer", 0 },
  { WORD, "/requests/*/messages/*/effect/at", "where it stands in an answer", 0 },
  { WORD, "/requests/*/messages/*/scope/*", "where it stands in an answer", 0 },
  { WORD, "/requests/*/listings/*/rows", "where it stands in an answer", 0 },
  { WORD, "/requests/*/listings/*/hash/*", "where it stands in an answer", 0 },
  { WORD, "/requests/*/listings/*/repeats/*", "where it stands in an answer", 0 },
  { WORD, "/requests/*/listings/*/variables/*", "where it stands in an answer", 0 },
  { WORD, "/requests/*/listings/*/where/at", "where it stands in an answer", 0 },
  { WORD, "/requests/*/listings/*/row/*", "where it stands in an answer", 0 },
};

typedef struct
{
  Kind kind;
  guint countdown; /* nodes before the one that is spoilt */
  gboolean done;
  GString *out;
  GString *path; /* of the node at hand */
  char *place;   /* (nullable): of the node that was spoilt */
} Spoiling;

static void
write_text (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *c = text; *c != '\0'; c++)
    if (*c == '"' || *c == '\\')
      g_string_append_printf (out, "\\%c", *c);
    else if ((guchar) *c < 0x20)
      g_string_append_printf (out, "\\u%04x", (guint) *c);
    else
      g_string_append_c (out, *c);
  g_string_append_c (out, '"');
}

static void write_value (Spoiling *self, KobanJsonNode node);

static const char *
wrong_value (KobanJsonType type)
{
  switch (type)
    {
    case KOBAN_JSON_STRING:
    case KOBAN_JSON_ARRAY:
      return "7";
    case KOBAN_JSON_OBJECT:
      return "[7]";
    default:
      return "\"seven\"";
    }
}

static void
write_spoilt_value (Spoiling *self, KobanJsonNode node, gboolean here)
{
  const char *text = koban_json_type (node) == KOBAN_JSON_STRING ? koban_json_string (node) : NULL;
  const gboolean is_pointer = text != NULL && *text == '/';

  if (!here || self->kind == LEFT_OUT || self->kind == MISSPELT)
    {
      write_value (self, node);
      return;
    }
  self->done =
    self->kind == TYPE || (self->kind == WORD && text != NULL) || (self->kind == POINTER && is_pointer);
  if (!self->done)
    {
      write_value (self, node);
      return;
    }
  if (self->kind == TYPE)
    {
      g_string_append (self->out, wrong_value (koban_json_type (node)));
      return;
    }
  g_autofree char *longer = g_strconcat (text, "x", NULL);
  write_text (self->out, self->kind == WORD ? longer : text + 1);
}

static gsize
go_into (Spoiling *self, KobanJsonNode child)
{
  const gsize length = self->path->len;
  const char *name = koban_json_name (child);

  g_string_append_printf (self->path, "/%s", name != NULL ? name : "*");
  return length;
}

static void
write_child (Spoiling *self, KobanJsonNode child)
{
  const char *name = koban_json_name (child);
  const gboolean here = self->countdown-- == 0;
  const gsize length = go_into (self, child);
  g_autofree char *misspelt = name != NULL ? g_strconcat (name, "x", NULL) : NULL;

  if (here)
    self->place = g_strdup (self->path->str);
  if (here && name != NULL && self->kind == LEFT_OUT)
    self->done = TRUE;
  else
    {
      if (!g_str_has_suffix (self->out->str, "{\n") && !g_str_has_suffix (self->out->str, "[\n"))
        g_string_append (self->out, ",\n");
      if (name != NULL)
        write_text (self->out, here && self->kind == MISSPELT ? misspelt : name);
      if (name != NULL)
        g_string_append_c (self->out, ':');
      self->done |= here && name != NULL && self->kind == MISSPELT;
      write_spoilt_value (self, child, here);
    }
  g_string_truncate (self->path, length);
}

static void
write_value (Spoiling *self, KobanJsonNode node)
{
  static const char *const words[] = {
    [KOBAN_JSON_NULL] = "null", [KOBAN_JSON_FALSE] = "false", [KOBAN_JSON_TRUE] = "true"
  };
  const KobanJsonType type = koban_json_type (node);
  const gboolean is_list = type == KOBAN_JSON_ARRAY;

  if (type == KOBAN_JSON_STRING)
    write_text (self->out, koban_json_string (node));
  else if (type == KOBAN_JSON_NUMBER)
    g_string_append (self->out, koban_json_text (node));
  else if (!is_list && type != KOBAN_JSON_OBJECT)
    g_string_append (self->out, words[type]);
  if (!is_list && type != KOBAN_JSON_OBJECT)
    return;
  g_string_append (self->out, is_list ? "[\n" : "{\n");
  for (KobanJsonNode child = koban_json_first (node); koban_json_exists (child);
       child = koban_json_next (child))
    write_child (self, child);
  g_string_append (self->out, is_list ? "\n]" : "\n}");
}

/* Of the node at @index; FALSE if that has nothing to be spoilt in this way. */
static gboolean
spoil (KobanJsonNode root, Kind kind, guint index, char **text, char **place)
{
  g_autoptr(GString) path = g_string_new (NULL);
  Spoiling self = { .kind = kind, .countdown = index, .out = g_string_new (NULL), .path = path };

  write_value (&self, root);
  *text = g_string_free (self.out, FALSE);
  *place = self.place;
  return self.done;
}

/* Each sentence begins with its line, and says something. */
static void
assert_sentences (char **problems)
{
  for (char **problem = problems; *problem != NULL; problem++)
    {
      char *end = NULL;
      g_assert_true (g_str_has_prefix (*problem, "line "));
      g_assert_cmpuint (g_ascii_strtoull (*problem + strlen ("line "), &end, 10), >, 0);
      g_assert_cmpint (*end, ==, strstr (*problem, ", column") != NULL ? ',' : ':');
      g_assert_cmpuint (strlen (end), >, 8);
    }
}

static gboolean
is_argued (Kind kind, const char *place)
{
  /* A word of our own is always known; claims are the bank's, whatever they are called. */
  if (kind == WORD && strstr (place, "/claims/") == NULL &&
      (strstr (place, "/values/") != NULL || g_str_has_suffix (place, "/else") ||
       g_str_has_suffix (place, "/absent")))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (missed); i++)
    if (missed[i].kind == kind && g_pattern_match_simple (missed[i].place, place))
      {
        missed[i].used++;
        return TRUE;
      }
  return FALSE;
}

static guint n_spoilt[N_KINDS], n_missed[N_KINDS];

static gboolean
look_at (const char *id, KobanJsonNode root, Kind kind, guint index)
{
  g_autofree char *text = NULL, *place = NULL;
  const gboolean done = spoil (root, kind, index, &text, &place);

  if (place == NULL)
    return FALSE;
  if (!done)
    return TRUE;
  g_auto(GStrv) problems = koban_profile_lint (text, strlen (text));
  assert_sentences (problems);
  n_spoilt[kind]++;
  if (problems[0] != NULL)
    return TRUE;
  n_missed[kind]++;
  if (!is_argued (kind, place))
    {
      g_print ("# %s: not found: %s of %s\n", id, kind_names[kind], place);
      g_test_fail ();
    }
  return TRUE;
}

static void
test_profile (gconstpointer data)
{
  const char *file = data;
  g_autofree char *path = g_build_filename (g_getenv ("KOBAN_PROVIDERS"), file, NULL);
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_get_contents (path, &text, &length, &error));
  g_autoptr(KobanJson) json = koban_json_parse (text, length, &error);
  g_assert_no_error (error);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    for (guint index = 0; look_at (file, koban_json_root (json), kind, index); index++)
      ;
}

/* A row that nothing needs any more is a mistake of this table. */
static void
test_no_row_is_idle (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (missed); i++)
    if (missed[i].used == 0)
      {
        g_print ("# idle: %s of %s\n", kind_names[missed[i].kind], missed[i].place);
        g_test_fail ();
      }
  for (Kind kind = 0; kind < N_KINDS; kind++)
    g_print ("# %s: %u spoilt, %u of them argued\n", kind_names[kind], n_spoilt[kind], n_missed[kind]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) directory = g_dir_open (g_getenv ("KOBAN_PROVIDERS"), 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_suffix (name, ".json") && !g_str_has_suffix (name, ".schema.json"))
      g_ptr_array_add (names, g_strdup (name));
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *test = g_strconcat ("/spoilt/", names->pdata[i], NULL);
      g_test_add_data_func (test, names->pdata[i], test_profile);
    }
  g_test_add_func ("/spoilt/no-row-is-idle", test_no_row_is_idle);
  return g_test_run ();
}
