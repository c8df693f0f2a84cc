/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dossier as JSON: every part under its own name, the bank's words unchanged, and the journal's chain to
 * seal it anew. The seal is the last thing in it.
 */
#include "config.h"

#include "cli/report.h"

#include "claim/seal.h"
#include "wire/json-writer.h"

static void
write_part (KobanJsonWriter *writer, GVariant *dossier, const char *name)
{
  g_autoptr(GVariant) part = g_variant_lookup_value (dossier, name, NULL);

  koban_json_writer_name (writer, name);
  if (part != NULL)
    koban_json_writer_variant (writer, part);
  else
    koban_json_writer_null (writer);
}

/* [number, time in µs, kind, hash of the payload, hash] */
static void
write_chain (KobanJsonWriter *writer, GVariant *dossier)
{
  g_autoptr(GVariant) chain = g_variant_lookup_value (dossier, "chain", G_VARIANT_TYPE ("a(xxsss)"));
  gint64 number, at_us;
  const char *kind, *payload, *hash;
  GVariantIter iter;

  koban_json_writer_name (writer, "chain");
  koban_json_writer_begin_array (writer);
  if (chain != NULL)
    {
      g_variant_iter_init (&iter, chain);
      while (g_variant_iter_next (&iter, "(xx&s&s&s)", &number, &at_us, &kind, &payload, &hash))
        {
          koban_json_writer_begin_array (writer);
          koban_json_writer_int (writer, number);
          koban_json_writer_int (writer, at_us);
          koban_json_writer_string (writer, kind);
          koban_json_writer_string (writer, payload);
          koban_json_writer_string (writer, hash);
          koban_json_writer_end_array (writer);
        }
    }
  koban_json_writer_end_array (writer);
}

static void
write_balances (KobanJsonWriter *writer, GVariant *dossier)
{
  g_autoptr(GVariant) balances = g_variant_lookup_value (dossier, "balances", G_VARIANT_TYPE ("a(xxxs)"));
  gint64 heard_us, until_us, minor;
  const char *currency;
  GVariantIter iter;

  koban_json_writer_name (writer, "balances");
  koban_json_writer_begin_array (writer);
  if (balances != NULL)
    {
      g_variant_iter_init (&iter, balances);
      while (g_variant_iter_next (&iter, "(xxx&s)", &heard_us, &until_us, &minor, &currency))
        {
          KobanMoney booked = { .minor = minor };

          g_strlcpy (booked.currency.code, currency, sizeof booked.currency.code);
          koban_json_writer_begin_object (writer);
          koban_json_writer_name (writer, "heard");
          koban_json_writer_time (writer, heard_us);
          koban_json_writer_name (writer, "until");
          koban_json_writer_time (writer, until_us);
          koban_json_writer_name (writer, "booked");
          koban_json_writer_money (writer, booked);
          koban_json_writer_end_object (writer);
        }
    }
  koban_json_writer_end_array (writer);
}

char *
koban_report_json (GVariant *dossier, const KobanReportOptions *options)
{
  static const char *const parts[] = { "header",   "account",  "events",    "totals",    "links",
                                       "timeline", "baseline", "deadlines", "integrity", "journal" };
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  g_autofree char *text = NULL;

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "kind");
  koban_json_writer_string (writer, "koban-dossier");
  koban_json_writer_name (writer, "format");
  koban_json_writer_int (writer, 1);
  koban_json_writer_name (writer, "statement");
  koban_json_writer_string (writer, koban_report_word (options->language, "statement"));
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    write_part (writer, dossier, parts[i]);
  write_balances (writer, dossier);
  write_chain (writer, dossier);
  koban_json_writer_name (writer, "seal");
  koban_json_writer_string (writer, KOBAN_SEAL_OPEN);
  koban_json_writer_end_object (writer);
  text = koban_json_writer_finish (writer, TRUE);
  return g_strconcat (text, "\n", NULL);
}
