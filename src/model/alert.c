/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An alert as a value: made, grown into a new one, and carried over the bus as a row. It holds codes
 * and numbers, never a sentence.
 */
#include "config.h"

#include <stdarg.h>

#include <glib/gi18n-lib.h>

#include <koban/alert.h>
#include <koban/error.h>
#include <koban/field.h>

#include "model/values.h"

typedef struct
{
  KobanAlert fields; /* first: a KobanAlert pointer is the pointer to this */
  GStringChunk *strings;
  const char **refs;
} Alert;

G_DEFINE_BOXED_TYPE (KobanAlert, koban_alert, koban_alert_ref, koban_alert_unref)

static const char *const no_refs[] = { NULL };

static GVariant *
reasons_or_none (GVariant *reasons)
{
  return g_variant_ref_sink (reasons != NULL ? reasons
                                             : g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
}

KobanAlert *
koban_alert_new (const KobanAlert *fields)
{
  Alert *self = g_atomic_rc_box_new0 (Alert);

  self->fields = *fields;
  self->strings = g_string_chunk_new (VALUE_CHUNK_SIZE);
  self->refs = value_strings (self->strings, fields->refs != NULL ? fields->refs : no_refs);
  self->fields.id = value_string (self->strings, fields->id);
  self->fields.incident = value_string (self->strings, fields->incident);
  self->fields.account = value_string (self->strings, fields->account);
  self->fields.connection = value_string (self->strings, fields->connection);
  self->fields.ref = value_string (self->strings, fields->ref);
  self->fields.refs = (const char *const *) self->refs;
  self->fields.subject = value_string (self->strings, fields->subject);
  self->fields.service = value_string (self->strings, fields->service);
  self->fields.reasons = reasons_or_none (fields->reasons);
  return &self->fields;
}

KobanAlert *
koban_alert_new_freshness (const char *incident,
                           const char *connection,
                           KobanSeverity severity,
                           GVariant *reason,
                           gint64 now_us)
{
  static const char *const nothing[] = { NULL };
  const KobanAlert fields = {
    .incident = incident,
    .connection = connection,
    .kind = KOBAN_ALERT_FRESHNESS,
    .severity = severity,
    .opened_us = now_us,
    .updated_us = now_us,
    .refs = nothing,
    .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1),
  };

  return koban_alert_new (&fields);
}

KobanAlert *
koban_alert_ref (KobanAlert *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
alert_clear (gpointer data)
{
  Alert *self = data;

  g_variant_unref (self->fields.reasons);
  g_free (self->refs);
  g_string_chunk_free (self->strings);
}

void
koban_alert_unref (KobanAlert *self)
{
  g_atomic_rc_box_release_full (self, alert_clear);
}

static gsize
n_in_common (const char *const *refs, const char *const *others)
{
  gsize n = 0;

  for (; *refs != NULL; refs++)
    n += g_strv_contains (others, *refs);
  return n;
}

static GPtrArray *
union_of_refs (const char *const *known, const char *const *later)
{
  GPtrArray *refs = g_ptr_array_new ();

  for (const char *const *ref = known; *ref != NULL; ref++)
    g_ptr_array_add (refs, (gpointer) *ref);
  for (const char *const *ref = later; *ref != NULL; ref++)
    if (!g_strv_contains (known, *ref))
      g_ptr_array_add (refs, (gpointer) *ref);
  g_ptr_array_add (refs, NULL);
  return refs;
}

static const char *
reason_code (GVariant *reason)
{
  const char *code = NULL;

  return g_variant_lookup (reason, "code", "&s", &code) ? code : "";
}

static GVariant *
find_reason (GVariant *reasons, const char *code)
{
  GVariantIter iter;
  GVariant *reason;

  g_variant_iter_init (&iter, reasons);
  while ((reason = g_variant_iter_next_value (&iter)) != NULL)
    {
      if (g_str_equal (reason_code (reason), code))
        return reason;
      g_variant_unref (reason);
    }
  return NULL;
}

/* In the order of @known, each with its later numbers; then what only @later says. */
static GVariant *
union_of_reasons (GVariant *known, GVariant *later)
{
  GVariantBuilder builder;
  GVariantIter iter;
  GVariant *reason;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, known);
  while ((reason = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autoptr(GVariant) renewed = find_reason (later, reason_code (reason));

      g_variant_builder_add_value (&builder, renewed != NULL ? renewed : reason);
      g_variant_unref (reason);
    }
  g_variant_iter_init (&iter, later);
  while ((reason = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autoptr(GVariant) told = find_reason (known, reason_code (reason));

      if (told == NULL)
        g_variant_builder_add_value (&builder, reason);
      g_variant_unref (reason);
    }
  return g_variant_builder_end (&builder);
}

/* Debits told of by both count once: where @later speaks of all that is known its total is the total, where
 * they share nothing the two add up. In between only the larger is certain. */
static void
grow_total (KobanAlert *grown, const KobanAlert *known, const KobanAlert *later)
{
  gsize n_known = g_strv_length ((char **) known->refs);
  gsize n_common = n_in_common (known->refs, later->refs);

  if (!later->has_total ||
      (known->has_total && !koban_currency_equal (known->total.currency, later->total.currency)))
    return;
  grown->has_total = TRUE;
  if (!known->has_total || n_common == n_known)
    grown->total = later->total;
  else if (n_common == 0 && koban_money_add (known->total, later->total, &grown->total))
    return;
  else if (later->total.minor < known->total.minor)
    grown->total = later->total;
}

KobanAlert *
koban_alert_grow (const KobanAlert *known, const KobanAlert *later)
{
  g_autoptr(GPtrArray) refs = union_of_refs (known->refs, later->refs);
  KobanAlert grown = *known;

  grown.refs = (const char *const *) refs->pdata;
  grown.ref = known->ref != NULL ? known->ref : later->ref;
  grown.account = known->account != NULL ? known->account : later->account;
  grown.connection = known->connection != NULL ? known->connection : later->connection;
  grown.subject = known->subject != NULL ? known->subject : later->subject;
  grown.service = known->service != NULL ? known->service : later->service;
  grown.severity = MAX (known->severity, later->severity);
  grown.updated_us = MAX (known->updated_us, later->updated_us);
  grown.reasons = union_of_reasons (known->reasons, later->reasons);
  grow_total (&grown, known, later);
  return koban_alert_new (&grown);
}

gboolean
koban_alert_has_reason (const KobanAlert *self, const char *code)
{
  g_autoptr(GVariant) reason = find_reason (self->reasons, code);

  return reason != NULL;
}

/* The bus refuses what is not UTF-8, and a bank's words may be anything. */
static GVariant *
variant_from_text (const char *text)
{
  return g_variant_new_take_string (g_utf8_make_valid (text, -1));
}

static GVariant *
variant_from_money (KobanMoney money)
{
  return g_variant_new ("(xs)", money.minor, money.currency.code);
}

GVariant *
koban_reason_new (const char *code, ...)
{
  GVariantDict dict;
  va_list values;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "code", "s", code);
  va_start (values, code);
  for (const char *key = va_arg (values, const char *); key != NULL; key = va_arg (values, const char *))
    {
      const char *format = va_arg (values, const char *);

      if (g_str_equal (format, "x"))
        g_variant_dict_insert_value (&dict, key, g_variant_new_int64 (va_arg (values, gint64)));
      else if (g_str_equal (format, "s"))
        g_variant_dict_insert_value (&dict, key, variant_from_text (va_arg (values, const char *)));
      else if (g_str_equal (format, "m"))
        g_variant_dict_insert_value (&dict, key, variant_from_money (va_arg (values, KobanMoney)));
      else
        g_error ("A reason has no values of format “%s”", format);
    }
  va_end (values);
  return g_variant_dict_end (&dict);
}

/* The optional words of a row: left out where unknown. */
static const struct
{
  const char *key;
  gsize offset;
} words[] = {
  { "id", G_STRUCT_OFFSET (KobanAlert, id) },
  { "incident", G_STRUCT_OFFSET (KobanAlert, incident) },
  { "account", G_STRUCT_OFFSET (KobanAlert, account) },
  { "connection", G_STRUCT_OFFSET (KobanAlert, connection) },
  { "ref", G_STRUCT_OFFSET (KobanAlert, ref) },
  { "subject", G_STRUCT_OFFSET (KobanAlert, subject) },
  { "service", G_STRUCT_OFFSET (KobanAlert, service) },
};

GVariant *
koban_alert_to_variant (const KobanAlert *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      const char *text = G_STRUCT_MEMBER (const char *, self, words[i].offset);

      if (text != NULL)
        g_variant_dict_insert_value (&dict, words[i].key, variant_from_text (text));
    }
  g_variant_dict_insert (&dict, "kind", "s", koban_alert_kind_name (self->kind));
  g_variant_dict_insert (&dict, "severity", "s", koban_severity_name (self->severity));
  g_variant_dict_insert (&dict, "state", "s", koban_alert_state_name (self->state));
  g_variant_dict_insert (&dict, "opened", "x", self->opened_us);
  g_variant_dict_insert (&dict, "updated", "x", self->updated_us);
  g_variant_dict_insert_value (&dict, "refs", g_variant_new_strv (self->refs, -1));
  g_variant_dict_insert_value (&dict, "reasons", self->reasons);
  if (self->has_total)
    g_variant_dict_insert_value (&dict, "total", variant_from_money (self->total));
  if (self->answer != KOBAN_ANSWER_NONE)
    g_variant_dict_insert (&dict, "answer", "s", koban_answer_name (self->answer));
  return g_variant_dict_end (&dict);
}

static gboolean
set_row_error (GError **error, const char *key)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("An alert came without a “%s” that this version knows"), key);
  return FALSE;
}

static gboolean
read_names (GVariant *row, KobanAlert *fields, GError **error)
{
  const char *answer = koban_field_text (row, "answer");

  if (!koban_alert_kind_parse (koban_field_text (row, "kind"), &fields->kind))
    return set_row_error (error, "kind");
  if (!koban_severity_parse (koban_field_text (row, "severity"), &fields->severity))
    return set_row_error (error, "severity");
  if (!koban_alert_state_parse (koban_field_text (row, "state"), &fields->state))
    return set_row_error (error, "state");
  if (answer != NULL && !koban_answer_parse (answer, &fields->answer))
    return set_row_error (error, "answer");
  return TRUE;
}

static gboolean
read_total (GVariant *row, KobanAlert *fields, GError **error)
{
  const char *code;

  if (!g_variant_lookup (row, "total", "(x&s)", &fields->total.minor, &code))
    return TRUE;
  fields->has_total = TRUE;
  return koban_currency_parse (code, &fields->total.currency, error);
}

KobanAlert *
koban_alert_from_variant (GVariant *row, GError **error)
{
  g_autoptr(GVariant) reasons = NULL;
  g_autofree const char **refs = NULL;
  KobanAlert fields = { 0 };

  g_return_val_if_fail (g_variant_is_of_type (row, G_VARIANT_TYPE_VARDICT), NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    G_STRUCT_MEMBER (const char *, &fields, words[i].offset) = koban_field_text (row, words[i].key);
  if (!read_names (row, &fields, error) || !read_total (row, &fields, error))
    return NULL;

  (void) !g_variant_lookup (row, "opened", "x", &fields.opened_us);
  (void) !g_variant_lookup (row, "updated", "x", &fields.updated_us);
  (void) !g_variant_lookup (row, "refs", "^a&s", &refs);
  reasons = g_variant_lookup_value (row, "reasons", G_VARIANT_TYPE ("aa{sv}"));
  fields.refs = (const char *const *) refs;
  fields.reasons = reasons;
  return koban_alert_new (&fields);
}

static const char *const kind_names[] = {
  [KOBAN_ALERT_LINK] = "link",
  [KOBAN_ALERT_WITHDRAWAL] = "withdrawal",
  [KOBAN_ALERT_BALANCE] = "balance",
  [KOBAN_ALERT_FRESHNESS] = "freshness",
};

static const char *const severity_names[] = {
  [KOBAN_SEVERITY_NOTICE] = "notice",
  [KOBAN_SEVERITY_WARNING] = "warning",
  [KOBAN_SEVERITY_CRITICAL] = "critical",
};

static const char *const state_names[] = {
  [KOBAN_ALERT_NEW] = "new",
  [KOBAN_ALERT_NOTIFIED] = "notified",
  [KOBAN_ALERT_ANSWERED] = "answered",
  [KOBAN_ALERT_CLOSED] = "closed",
};

/* No answer has no name. */
static const char *const answer_names[] = {
  [KOBAN_ANSWER_NONE] = NULL,
  [KOBAN_ANSWER_MINE] = "mine",
  [KOBAN_ANSWER_NOT_MINE] = "not-mine",
  [KOBAN_ANSWER_UNSURE] = "unsure",
};

VALUE_ENUM_NAMES (KobanAlertKind, koban_alert_kind, kind_names)
VALUE_ENUM_NAMES (KobanSeverity, koban_severity, severity_names)
VALUE_ENUM_NAMES (KobanAlertState, koban_alert_state, state_names)
VALUE_ENUM_NAMES (KobanAnswer, koban_answer, answer_names)
