/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON that leaves the program. It promises valid UTF-8 whatever the bank said, and money and times
 * as text. It never writes a floating-point number.
 */
#include "config.h"

#include "wire/json-writer.h"

#include <koban/json.h>

#include <json-glib/json-glib.h>

struct _KobanJsonWriter
{
  JsonBuilder *builder; /* (owned) */
};

KobanJsonWriter *
koban_json_writer_new (void)
{
  KobanJsonWriter *self = g_new0 (KobanJsonWriter, 1);

  self->builder = json_builder_new ();
  return self;
}

void
koban_json_writer_free (KobanJsonWriter *self)
{
  if (self == NULL)
    return;

  g_object_unref (self->builder);
  g_free (self);
}

void
koban_json_writer_begin_object (KobanJsonWriter *self)
{
  json_builder_begin_object (self->builder);
}

void
koban_json_writer_end_object (KobanJsonWriter *self)
{
  json_builder_end_object (self->builder);
}

void
koban_json_writer_begin_array (KobanJsonWriter *self)
{
  json_builder_begin_array (self->builder);
}

void
koban_json_writer_end_array (KobanJsonWriter *self)
{
  json_builder_end_array (self->builder);
}

void
koban_json_writer_name (KobanJsonWriter *self, const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);

  json_builder_set_member_name (self->builder, valid);
}

void
koban_json_writer_string (KobanJsonWriter *self, const char *value)
{
  g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

  if (valid != NULL)
    json_builder_add_string_value (self->builder, valid);
  else
    json_builder_add_null_value (self->builder);
}

void
koban_json_writer_int (KobanJsonWriter *self, gint64 value)
{
  json_builder_add_int_value (self->builder, value);
}

void
koban_json_writer_bool (KobanJsonWriter *self, gboolean value)
{
  json_builder_add_boolean_value (self->builder, value != FALSE);
}

void
koban_json_writer_null (KobanJsonWriter *self)
{
  json_builder_add_null_value (self->builder);
}

void
koban_json_writer_money (KobanJsonWriter *self, KobanMoney value)
{
  g_autofree char *amount = koban_money_to_decimal (value);

  koban_json_writer_begin_object (self);
  koban_json_writer_name (self, "amount");
  koban_json_writer_string (self, amount);
  koban_json_writer_name (self, "currency");
  koban_json_writer_string (self, value.currency.code);
  koban_json_writer_end_object (self);
}

void
koban_json_writer_time (KobanJsonWriter *self, gint64 at_us)
{
  g_autofree char *text = at_us != 0 ? koban_time_format (at_us) : NULL;

  koban_json_writer_string (self, text);
}

static void
write_string (KobanJsonWriter *self, GVariant *value)
{
  koban_json_writer_string (self, g_variant_get_string (value, NULL));
}

static void
write_int64 (KobanJsonWriter *self, GVariant *value)
{
  koban_json_writer_int (self, g_variant_get_int64 (value));
}

static void
write_int32 (KobanJsonWriter *self, GVariant *value)
{
  koban_json_writer_int (self, g_variant_get_int32 (value));
}

static void
write_uint32 (KobanJsonWriter *self, GVariant *value)
{
  koban_json_writer_int (self, g_variant_get_uint32 (value));
}

static void
write_bool (KobanJsonWriter *self, GVariant *value)
{
  koban_json_writer_bool (self, g_variant_get_boolean (value));
}

static void
write_boxed (KobanJsonWriter *self, GVariant *value)
{
  g_autoptr(GVariant) inner = g_variant_get_variant (value);

  koban_json_writer_variant (self, inner);
}

static void
write_maybe (KobanJsonWriter *self, GVariant *value)
{
  g_autoptr(GVariant) inner = g_variant_get_maybe (value);

  if (inner != NULL)
    koban_json_writer_variant (self, inner);
  else
    koban_json_writer_null (self);
}

static void
write_money (KobanJsonWriter *self, GVariant *value)
{
  KobanMoney money = { 0 };
  const char *code;

  g_variant_get (value, "(x&s)", &money.minor, &code);
  g_strlcpy (money.currency.code, code, sizeof money.currency.code);
  koban_json_writer_money (self, money);
}

static void
write_object (KobanJsonWriter *self, GVariant *value)
{
  GVariantIter iter;
  const char *name;
  GVariant *member;

  koban_json_writer_begin_object (self);
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &member))
    {
      koban_json_writer_name (self, name);
      koban_json_writer_variant (self, member);
    }
  koban_json_writer_end_object (self);
}

static void
write_array (KobanJsonWriter *self, GVariant *value)
{
  GVariantIter iter;
  GVariant *element;

  koban_json_writer_begin_array (self);
  g_variant_iter_init (&iter, value);
  while ((element = g_variant_iter_next_value (&iter)) != NULL)
    {
      koban_json_writer_variant (self, element);
      g_variant_unref (element);
    }
  koban_json_writer_end_array (self);
}

/* The first type that fits wins, so a{sv} and (xs) stand above the general array. */
static const struct
{
  const char *type;
  void (*write) (KobanJsonWriter *self, GVariant *value);
} variant_writers[] = {
  { "s", write_string },     { "x", write_int64 },  { "u", write_uint32 }, { "i", write_int32 },
  { "b", write_bool },       { "v", write_boxed },  { "m*", write_maybe }, { "(xs)", write_money },
  { "a{sv}", write_object }, { "a*", write_array },
};

void
koban_json_writer_variant (KobanJsonWriter *self, GVariant *value)
{
  for (guint i = 0; i < G_N_ELEMENTS (variant_writers); i++)
    if (g_variant_is_of_type (value, G_VARIANT_TYPE (variant_writers[i].type)))
      {
        variant_writers[i].write (self, value);
        return;
      }

  g_critical ("A variant of type %s has no form in JSON", g_variant_get_type_string (value));
  koban_json_writer_null (self);
}

/* Where a terminal shows it, it moves the cursor or turns the line around. The writer's own line ends stay.
 */
static gboolean
is_unseen (gunichar c)
{
  const GUnicodeType type = g_unichar_type (c);

  return (type == G_UNICODE_CONTROL && c != '\n') || type == G_UNICODE_FORMAT ||
         type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

static void
append_escaped (GString *text, gunichar c)
{
  if (c > 0xffff)
    g_string_append_printf (text, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                            0xdc00 + ((c - 0x10000) & 0x3ff));
  else
    g_string_append_printf (text, "\\u%04x", c);
}

/* Bank text is hostile, and JSON is looked at too: what cannot be seen is written as \u, the same text to
 * whoever reads it as JSON. json-glib (1.6) even leaves U+001F, which JSON forbids. Such a character can only
 * stand inside a string. */
static char *
escape_unseen (const char *text)
{
  g_autoptr(GString) escaped = g_string_new (NULL);

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      const gunichar c = g_utf8_get_char (at);

      if (is_unseen (c))
        append_escaped (escaped, c);
      else
        g_string_append_len (escaped, at, g_utf8_next_char (at) - at);
    }
  return g_string_free (g_steal_pointer (&escaped), FALSE);
}

char *
koban_json_writer_finish (KobanJsonWriter *self, gboolean pretty)
{
  g_autoptr(JsonNode) root = json_builder_get_root (self->builder);
  g_autoptr(JsonGenerator) generator = json_generator_new ();

  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, pretty);
  g_autofree char *text = json_generator_to_data (generator, NULL);
  return escape_unseen (text);
}

char *
koban_json_write (GVariant *value)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  g_autoptr(GVariant) owned = g_variant_ref_sink (value);

  koban_json_writer_variant (writer, owned);
  return koban_json_writer_finish (writer, FALSE);
}
