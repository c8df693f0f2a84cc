/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <koban/field.h>

const char *
koban_field_text (GVariant *row, const char *key)
{
  const char *text = NULL;

  if (row != NULL)
    g_variant_lookup (row, key, "&s", &text);
  return text;
}

const char *
koban_field_text_or (GVariant *row, const char *key, const char *none)
{
  const char *text = koban_field_text (row, key);

  return text != NULL ? text : none;
}

gint64
koban_field_number (GVariant *row, const char *key)
{
  gint64 value = 0;

  if (row != NULL)
    g_variant_lookup (row, key, "x", &value);
  return value;
}

gboolean
koban_field_flag (GVariant *row, const char *key)
{
  gboolean value = FALSE;

  return row != NULL && g_variant_lookup (row, key, "b", &value) && value;
}

gboolean
koban_field_money (GVariant *row, const char *key, KobanMoney *value)
{
  const char *currency = NULL;

  if (row == NULL || !g_variant_lookup (row, key, "(x&s)", &value->minor, &currency))
    return FALSE;
  g_strlcpy (value->currency.code, currency, sizeof value->currency.code);
  return TRUE;
}

/* (transfer full) (nullable) */
static GVariant *
find (GVariant *row, const char *key, const GVariantType *type)
{
  return row != NULL ? g_variant_lookup_value (row, key, type) : NULL;
}

GVariant *
koban_field_row (GVariant *row, const char *key)
{
  GVariant *value = find (row, key, G_VARIANT_TYPE_VARDICT);

  return value != NULL ? value : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

GVariant *
koban_field_rows (GVariant *row, const char *key)
{
  GVariant *rows = find (row, key, G_VARIANT_TYPE ("aa{sv}"));

  return rows != NULL ? rows : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
}
