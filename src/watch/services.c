/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The directory of services as one trie over the bytes of folded patterns. It promises to find the
 * longest pattern at the start of a name, or behind the words that banks put before it, in the
 * length of the name; it never changes after loading and never reads a name's amount or date.
 */
#include "config.h"

#include <koban/error.h>
#include <koban/place.h>
#include <koban/services.h>
#include <koban/text.h>
#include "wire/json-reader.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define FORMAT 1
#define MAX_PREFIXES 6 /* "CHECKCARD 0412 VISA …": more words of banks in a row are no prefix */

typedef enum
{
  PATTERN_ANYWHERE = 1 << 0, /* at the start of any word: the handle at the end of "UPI/41/…/shop@ybl" */
  PATTERN_WORD = 1 << 1,     /* the name's word must end where the pattern ends */
} PatternFlags;

typedef struct
{
  guint32 sibling, child; /* node numbers; 0: none, since the root is nobody's child */
  gint32 service;         /* -1: no pattern ends here */
  guint8 byte;
  guint8 flags;
  guint8 prefix; /* TRUE: a bank's word ends here */
  guint8 type;   /* KobanTransactionType that it tells of; OTHER: nothing */
} Node;

struct _KobanServices
{
  GArray *nodes;                     /* (owned) (element-type Node): [0] is the root */
  guint32 first[256];                /* children of the root by their byte, once all is loaded; 0: none */
  GPtrArray *services;               /* (owned) (element-type KobanService) */
  GHashTable *by_id;                 /* (owned): id → KobanService, unowned */
  GStringChunk *texts;               /* (owned): of the services */
  GPtrArray *countries;              /* (owned): arrays of the services */
  GArray *words[KOBAN_N_WORD_KINDS]; /* (owned) (element-type Word) */
};

/* A word that says what a name is that no directory knows. */
typedef struct
{
  const char *folded;    /* (unowned): of @texts */
  gboolean inside, open; /* may begin, may end within a word */
  guint64 letters;       /* what a name must have that it stands in */
} Word;

static const struct
{
  const char *name;   /* of its list in the file */
  gboolean may_begin; /* may be the first of a name */
} word_kinds[KOBAN_N_WORD_KINDS] = {
  [KOBAN_WORD_WALLET] = { "any", FALSE },   [KOBAN_WORD_WALLET_LINK] = { "link", FALSE },
  [KOBAN_WORD_NO_WALLET] = { "not", TRUE }, [KOBAN_WORD_COLLECTION] = { "collection", TRUE },
  [KOBAN_WORD_TRADE] = { "trade", TRUE },   [KOBAN_WORD_TRAP] = { "trap", TRUE },
};

static const char *const category_names[] = { "wallet", "bnpl", "collector", "merchant" };

/* Which bytes a text has, in 64 bits: most words are not in a name for want of a letter. */
static guint64
letters_of (const char *text)
{
  guint64 letters = 0;

  for (; *text != '\0'; text++)
    letters |= G_GUINT64_CONSTANT (1) << (*text & 63);
  return letters;
}

/* --- the trie ----------------------------------------------------------------------------------------- */

static guint32
step (const GArray *nodes, guint32 at, guint8 byte)
{
  guint32 next = g_array_index (nodes, Node, at).child;

  while (next != 0 && g_array_index (nodes, Node, next).byte != byte)
    next = g_array_index (nodes, Node, next).sibling;
  return next;
}

static guint32
grow (GArray *nodes, guint32 at, guint8 byte)
{
  guint32 next = step (nodes, at, byte);

  if (next != 0)
    return next;
  Node node = { .sibling = g_array_index (nodes, Node, at).child, .service = -1, .byte = byte };
  next = nodes->len;
  g_array_append_val (nodes, node);
  g_array_index (nodes, Node, at).child = next;
  return next;
}

static Node *
plant (GArray *nodes, const char *folded)
{
  guint32 at = 0;

  for (const char *p = folded; *p != '\0'; p++)
    at = grow (nodes, at, (guint8) *p);
  return &g_array_index (nodes, Node, at);
}

/* @rest follows @last, the last byte of a pattern. A Latin word is ended by any other script. */
static gboolean
word_ends (char last, const char *rest)
{
  gunichar next = g_utf8_get_char (rest);

  return !g_unichar_isalnum (next) || (g_ascii_isalnum (last) && next >= 0x250);
}

/* Latin names are words, and so is whatever is too short to be unmistakable (プリン is also a pudding). */
static guint8
default_flags (const char *folded)
{
  char last = folded[strlen (folded) - 1];
  gboolean latin = g_ascii_isalnum (last);

  return latin || g_utf8_strlen (folded, -1) <= 3 ? PATTERN_WORD : 0;
}

/* --- loading ------------------------------------------------------------------------------------------ */

static gboolean
refuse (KobanJsonNode node, const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("line %u: %s"),
               koban_json_exists (node) ? koban_json_line (node) : 1, what);
  return FALSE;
}

static const char *
keep (KobanServices *self, const char *text)
{
  return text != NULL ? g_string_chunk_insert_const (self->texts, text) : NULL;
}

static gboolean
read_category (KobanJsonNode node, KobanServiceCategory *category)
{
  const char *name = koban_json_string (node);

  for (guint i = 0; i < G_N_ELEMENTS (category_names); i++)
    {
      if (g_strcmp0 (name, category_names[i]) == 0)
        {
          *category = (KobanServiceCategory) i;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
add_pattern (KobanServices *self, gint32 service, KobanJsonNode row, GError **error)
{
  const char *text = koban_json_string (koban_json_member (row, "text"));
  const char *confidence = koban_json_string (koban_json_member (row, "confidence"));

  if (text == NULL || koban_json_string (koban_json_member (row, "source")) == NULL)
    return refuse (row, _("a pattern needs “text” and “source”"), error);
  if (confidence == NULL || strlen (confidence) != 1 || strchr ("HML", *confidence) == NULL)
    return refuse (row, _("“confidence” is H, M or L"), error);

  g_autofree char *folded = koban_text_fold (text);
  if (*folded == '\0')
    return refuse (row, _("nothing is left of this pattern once it is folded"), error);

  Node *node = plant (self->nodes, folded);
  node->service = service;
  node->flags = g_str_has_suffix (text, "*") ? 0 : default_flags (folded);
  if (koban_json_is_true (koban_json_member (row, "anywhere")))
    node->flags |= PATTERN_ANYWHERE;
  return TRUE;
}

static gboolean
read_patterns (KobanServices *self, gint32 number, KobanJsonNode object, GError **error)
{
  KobanJsonNode patterns = koban_json_member (object, "patterns");

  if (koban_json_length (patterns) == 0)
    return refuse (object, _("a service needs “patterns”"), error);
  for (KobanJsonNode row = koban_json_first (patterns); koban_json_exists (row); row = koban_json_next (row))
    {
      if (!add_pattern (self, number, row, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_limits (KobanServices *self, KobanService *service, KobanJsonNode limits, GError **error)
{
  KobanCurrency currency = { "" };

  if (!koban_json_exists (limits))
    return TRUE;
  if (!koban_currency_parse (koban_json_string (koban_json_member (limits, "currency")), &currency, NULL))
    return refuse (limits, _("limits need a “currency”"), error);

  service->currency = keep (self, currency.code);
  KobanJsonNode charge = koban_json_member (limits, "charge");
  KobanJsonNode month = koban_json_member (limits, "month");
  if ((koban_json_exists (charge) && !koban_json_int64 (charge, &service->charge_limit)) ||
      (koban_json_exists (month) && !koban_json_int64 (month, &service->month_limit)))
    return refuse (limits, _("limits are whole minor units"), error);
  return TRUE;
}

static const char *const *
read_countries (KobanServices *self, KobanJsonNode list)
{
  GPtrArray *countries = g_ptr_array_new ();

  for (KobanJsonNode row = koban_json_first (list); koban_json_exists (row); row = koban_json_next (row))
    {
      if (koban_json_string (row) != NULL)
        g_ptr_array_add (countries, (gpointer) (guintptr) keep (self, koban_json_string (row)));
    }
  g_ptr_array_add (countries, NULL);
  g_ptr_array_add (self->countries, countries);
  return (const char *const *) countries->pdata;
}

/* A later directory's service of the same id takes its place; its patterns are added. */
static gboolean
read_service (KobanServices *self, KobanJsonNode object, GError **error)
{
  const char *id = koban_json_string (koban_json_member (object, "id"));
  const char *name = koban_json_string (koban_json_member (object, "name"));
  KobanServiceCategory category;

  if (id == NULL || name == NULL)
    return refuse (object, _("a service needs “id” and “name”"), error);
  if (!read_category (koban_json_member (object, "category"), &category))
    return refuse (object, _("“category” is wallet, bnpl, collector or merchant"), error);

  KobanService *service = g_new0 (KobanService, 1);
  gint32 number = (gint32) self->services->len;
  g_ptr_array_add (self->services, service);
  service->id = keep (self, id);
  service->name = keep (self, name);
  service->category = category;
  service->revoke = keep (self, koban_json_string (koban_json_member (object, "revoke")));
  service->site = keep (self, koban_json_string (koban_json_member (object, "site")));
  service->countries = read_countries (self, koban_json_member (object, "countries"));
  g_hash_table_insert (self->by_id, (gpointer) (guintptr) service->id, service);

  return read_limits (self, service, koban_json_member (object, "limits"), error) &&
         read_patterns (self, number, object, error);
}

static gboolean
read_prefix (KobanServices *self, KobanJsonNode row, KobanTransactionType type, GError **error)
{
  const char *text = koban_json_string (row);
  g_autofree char *folded = text != NULL ? koban_text_fold (text) : NULL;

  if (folded == NULL || *folded == '\0')
    return refuse (row, _("a prefix is a word of banks"), error);

  Node *node = plant (self->nodes, folded);
  node->prefix = TRUE;
  node->type = (guint8) type;
  if (node->service < 0) /* a pattern of the same text has said how it ends */
    node->flags = g_str_has_suffix (text, "*") ? 0 : default_flags (folded);
  return TRUE;
}

/* Lists by the type of payment that the words tell of: {"card": ["CB", …], "other": […]}. */
static gboolean
read_prefixes (KobanServices *self, KobanJsonNode lists, GError **error)
{
  for (KobanJsonNode list = koban_json_first (lists); koban_json_exists (list); list = koban_json_next (list))
    {
      KobanTransactionType type;
      const char *name = koban_json_name (list);
      if (name == NULL || !koban_transaction_type_parse (name, &type))
        return refuse (list, _("prefixes stand under a type of payment"), error);
      for (KobanJsonNode row = koban_json_first (list); koban_json_exists (row); row = koban_json_next (row))
        {
          if (!read_prefix (self, row, type, error))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_word (KobanServices *self, KobanWordKind kind, KobanJsonNode row, GError **error)
{
  const char *text = koban_json_string (row);
  g_autofree char *folded = text != NULL ? koban_text_fold (text) : NULL;

  if (folded == NULL || *folded == '\0')
    return refuse (row, _("nothing is left of this pattern once it is folded"), error);
  Word word = { .folded = keep (self, folded),
                .letters = letters_of (folded),
                .inside = *text == '*',
                .open = g_str_has_suffix (text, "*") };
  g_array_append_val (self->words[kind], word);
  return TRUE;
}

static gboolean
read_word_kind (const char *name, KobanWordKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (word_kinds); i++)
    {
      if (g_strcmp0 (name, word_kinds[i].name) == 0)
        {
          *kind = (KobanWordKind) i;
          return TRUE;
        }
    }
  return FALSE;
}

/* {"any": ["*PAY"], "link": ["CASH"], "trade": ["*VERSICHERUNG*"], …}: a star where the word may go on. */
static gboolean
read_words (KobanServices *self, KobanJsonNode lists, GError **error)
{
  for (KobanJsonNode list = koban_json_first (lists); koban_json_exists (list); list = koban_json_next (list))
    {
      KobanWordKind kind;
      if (!read_word_kind (koban_json_name (list), &kind))
        return refuse (list, _("“words” are any, link, not, collection, trade or trap"), error);
      for (KobanJsonNode row = koban_json_first (list); koban_json_exists (row); row = koban_json_next (row))
        {
          if (!read_word (self, kind, row, error))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_document (KobanServices *self, KobanJsonNode root, GError **error)
{
  gint64 format = 0;

  if (!koban_json_int64 (koban_json_member (root, "format"), &format) || format != FORMAT)
    return refuse (root, _("this is not a directory of services of format 1"), error);
  if (!read_prefixes (self, koban_json_member (root, "prefixes"), error) ||
      !read_words (self, koban_json_member (root, "words"), error))
    return FALSE;

  KobanJsonNode services = koban_json_member (root, "services");
  for (KobanJsonNode row = koban_json_first (services); koban_json_exists (row); row = koban_json_next (row))
    {
      if (!read_service (self, row, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
load_file (KobanServices *self, const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &data, &length, error))
    return FALSE;

  g_autoptr(KobanJson) document = koban_json_parse (data, length, error);
  if (document == NULL || !read_document (self, koban_json_root (document), error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of the names, so that the same files make the same directory. A directory that does not
 * exist holds nothing. */
static gboolean
load_directory (KobanServices *self, const char *path, GError **error)
{
  g_autoptr(GDir) directory = g_dir_open (path, 0, NULL);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  const char *name = NULL;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      if (g_str_has_suffix (name, ".json"))
        g_ptr_array_add (files, g_build_filename (path, name, NULL));
    }
  g_ptr_array_sort (files, compare_names);

  for (guint i = 0; i < files->len; i++)
    {
      if (!load_file (self, g_ptr_array_index (files, i), error))
        return FALSE;
    }
  return TRUE;
}

static char **
usual_directories (void)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *packaged = koban_place_data ("services", "KOBAN_SERVICES");
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "koban", "services", NULL);

  g_strv_builder_add (builder, packaged);
  if (g_getenv ("KOBAN_SERVICES") == NULL)
    g_strv_builder_add (builder, own);
  return g_strv_builder_end (builder);
}

KobanServices *
koban_services_load (const char *const *directories, GError **error)
{
  g_autoptr(KobanServices) self = g_new0 (KobanServices, 1);
  g_auto(GStrv) usual = directories == NULL ? usual_directories () : NULL;
  const char *const *paths = directories != NULL ? directories : (const char *const *) usual;
  Node root = { .service = -1 };

  self->nodes = g_array_new (FALSE, FALSE, sizeof (Node));
  g_array_append_val (self->nodes, root);
  self->services = g_ptr_array_new_with_free_func (g_free);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->texts = g_string_chunk_new (4096);
  for (guint kind = 0; kind < KOBAN_N_WORD_KINDS; kind++)
    self->words[kind] = g_array_new (FALSE, FALSE, sizeof (Word));
  self->countries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  for (guint i = 0; paths[i] != NULL; i++)
    {
      if (!load_directory (self, paths[i], error))
        return NULL;
    }
  for (guint byte = 0; byte < G_N_ELEMENTS (self->first); byte++)
    self->first[byte] = step (self->nodes, 0, (guint8) byte);
  return g_steal_pointer (&self);
}

void
koban_services_free (KobanServices *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->nodes);
  g_ptr_array_unref (self->services);
  g_hash_table_unref (self->by_id);
  g_string_chunk_free (self->texts);
  g_ptr_array_unref (self->countries);
  for (guint kind = 0; kind < KOBAN_N_WORD_KINDS; kind++)
    g_array_unref (self->words[kind]);
  g_free (self);
}

/* --- matching ----------------------------------------------------------------------------------------- */

typedef struct
{
  gint32 service;            /* -1: none */
  const char *after;         /* (nullable): behind the longest bank's word */
  KobanTransactionType type; /* of that word */
} Found;

static Found
walk (KobanServices *self, const char *name, gboolean anywhere)
{
  Found found = { .service = -1 };
  guint32 at = 0;

  for (const char *p = name; *p != '\0';)
    {
      at = at == 0 ? self->first[(guint8) *p] : step (self->nodes, at, (guint8) *p);
      p++;
      if (at == 0)
        break;
      const Node *node = &g_array_index (self->nodes, Node, at);
      if ((node->service < 0 && !node->prefix) ||
          ((node->flags & PATTERN_WORD) != 0 && !word_ends (p[-1], p)))
        continue;
      if (node->service >= 0 && (!anywhere || (node->flags & PATTERN_ANYWHERE) != 0))
        found.service = node->service;
      if (node->prefix)
        {
          found.after = p;
          found.type = (KobanTransactionType) node->type;
        }
    }
  return found;
}

/* Blanks, and the numbers that banks put between their words and the name ("CHECKCARD 0412 …"). */
static const char *
skip_numbers (const char *p)
{
  const char *word = p;

  while (*word == ' ')
    word++;
  while (g_ascii_isdigit (*word))
    {
      const char *end = word;
      while (g_ascii_isdigit (*end) || g_ascii_ispunct (*end))
        end++;
      if (*end != ' ')
        break;
      while (*end == ' ')
        end++;
      word = end;
    }
  return word;
}

static gint32
match_anchored (KobanServices *self, const char *folded)
{
  const char *at = skip_numbers (folded);

  for (guint i = 0; i < MAX_PREFIXES && at != NULL && *at != '\0'; i++)
    {
      Found found = walk (self, at, FALSE);
      if (found.service >= 0)
        return found.service;
      at = found.after != NULL ? skip_numbers (found.after) : NULL;
    }
  return -1;
}

static gint32
match_anywhere (KobanServices *self, const char *folded)
{
  for (const char *p = folded; p != NULL && *p != '\0'; p = strchr (p, ' '))
    {
      while (*p == ' ')
        p++;
      gint32 service = walk (self, p, TRUE).service;
      if (service >= 0)
        return service;
    }
  return -1;
}

const KobanService *
koban_services_match (KobanServices *self, const char *folded)
{
  gint32 number = match_anchored (self, folded);

  if (number < 0)
    number = match_anywhere (self, folded);
  return number >= 0 ? g_ptr_array_index (self->services, (guint) number) : NULL;
}

const char *
koban_services_skip_prefixes (KobanServices *self, const char *folded, KobanTransactionType *type)
{
  const char *name = skip_numbers (folded);

  for (guint i = 0; i < MAX_PREFIXES; i++)
    {
      Found found = walk (self, name, FALSE);
      if (found.after == NULL)
        break;
      if (found.type != KOBAN_TRANSACTION_OTHER)
        *type = found.type;
      const char *next = skip_numbers (found.after);
      if (*next == '\0')
        break;
      name = next;
    }
  return name;
}

/* A wallet's never the beginning of a name: "PAY" alone is a salary. */
static gboolean
stands_in (const Word *word, const char *folded, gboolean may_begin)
{
  gsize length = strlen (word->folded);

  for (const char *at = strstr (folded, word->folded); at != NULL; at = strstr (at + 1, word->folded))
    {
      gboolean begins = at == folded ? may_begin : word->inside || at[-1] == ' ';
      gboolean ends = word->open || at[length] == '\0' || at[length] == ' ';
      if (begins && ends)
        return TRUE;
    }
  return FALSE;
}

gboolean
koban_services_names (KobanServices *self, KobanWordKind kind, const char *folded)
{
  const guint64 letters = letters_of (folded);

  for (guint i = 0; self != NULL && i < self->words[kind]->len; i++)
    {
      const Word *word = &g_array_index (self->words[kind], Word, i);
      if ((word->letters & ~letters) == 0 && stands_in (word, folded, word_kinds[kind].may_begin))
        return TRUE;
    }
  return FALSE;
}

gboolean
koban_services_sounds_like_wallet (KobanServices *self, const char *folded, gboolean is_link)
{
  return (koban_services_names (self, KOBAN_WORD_WALLET, folded) ||
          (is_link && koban_services_names (self, KOBAN_WORD_WALLET_LINK, folded))) &&
         !koban_services_names (self, KOBAN_WORD_NO_WALLET, folded);
}

const KobanService *
koban_services_lookup (KobanServices *self, const char *id)
{
  return g_hash_table_lookup (self->by_id, id);
}
