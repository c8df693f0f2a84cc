/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ISO 20022 camt.052 and .053, of any version: the elements are known by their local names. The only file
 * that knows libxml2. It loads nothing: no network, no entity, no document type; a file that brings one is
 * refused.
 */
#include "config.h"

#include "statement/cell.h"
#include "statement/statement.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

gboolean
koban_camt_is (const char *data, gsize length)
{
  g_autofree char *start = g_strndup (data, MIN (length, 4096));

  return strstr (start, "<") != NULL &&
         (strstr (start, "BkToCstmrStmt") != NULL || strstr (start, "BkToCstmrAcctRpt") != NULL ||
          strstr (start, "camt.05") != NULL);
}

/* --- a path of names ----------------------------------------------------------------------------- */

static xmlNode *
child (xmlNode *node, const char *name)
{
  for (xmlNode *at = node != NULL ? node->children : NULL; at != NULL; at = at->next)
    if (at->type == XML_ELEMENT_NODE && strcmp ((const char *) at->name, name) == 0)
      return at;
  return NULL;
}

static xmlNode *
next_of (xmlNode *node)
{
  const char *name = (const char *) node->name;

  for (node = node->next; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && strcmp ((const char *) node->name, name) == 0)
      return node;
  return NULL;
}

/* "Acct/Id/IBAN" below @node. */
static xmlNode *
at_path (xmlNode *node, const char *path)
{
  g_auto(GStrv) names = g_strsplit (path, "/", -1);

  for (char **name = names; *name != NULL; name++)
    node = child (node, *name);
  return node;
}

/* (transfer full) (nullable): NULL where there is nothing */
static char *
text_at (xmlNode *node, const char *path)
{
  xmlNode *found = *path != '\0' ? at_path (node, path) : node;
  xmlChar *content = found != NULL ? xmlNodeGetContent (found) : NULL;
  g_autofree char *text = content != NULL ? g_strstrip (g_strdup ((const char *) content)) : NULL;

  xmlFree (content);
  return text != NULL && *text != '\0' ? g_steal_pointer (&text) : NULL;
}

static char *
first_text (xmlNode *node, const char *const *paths)
{
  char *text = NULL;

  for (; text == NULL && *paths != NULL; paths++)
    text = text_at (node, *paths);
  return text;
}

static gboolean
text_is (xmlNode *node, const char *path, const char *wanted)
{
  g_autofree char *text = text_at (node, path);

  return g_strcmp0 (text, wanted) == 0;
}

static gboolean
bad_element (xmlNode *node, const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("line %ld: the %s cannot be read"),
               xmlGetLineNo (node), what);
  return FALSE;
}

/* --- values -------------------------------------------------------------------------------------- */

static gboolean
read_day (xmlNode *node, const char *path, KobanDate *date)
{
  g_autofree char *day_path = g_strconcat (path, "/Dt", NULL), *time_path = g_strconcat (path, "/DtTm", NULL);
  g_autofree char *text = first_text (node, (const char *const[]){ day_path, time_path, path, NULL });

  if (text != NULL && strlen (text) > 10)
    text[10] = '\0';
  return text != NULL && koban_date_parse (text, date);
}

/* Amt and CdtDbtInd of @node: what is debited is negative. */
static gboolean
read_amount (xmlNode *node, KobanMoney *money)
{
  xmlNode *amount = child (node, "Amt");
  xmlChar *code = amount != NULL ? xmlGetProp (amount, BAD_CAST "Ccy") : NULL;
  g_autofree char *number = text_at (node, "Amt");
  gboolean good = number != NULL &&
                  (code == NULL || koban_currency_parse ((const char *) code, &money->currency, NULL)) &&
                  koban_money_parse (number, -1, money->currency, money, NULL);

  xmlFree (code);
  if (good && text_is (node, "CdtDbtInd", "DBIT"))
    money->minor = -money->minor;
  return good && child (node, "CdtDbtInd") != NULL;
}

static const struct
{
  const char *family;
  KobanTransactionType type;
} families[] = {
  { "RDDT", KOBAN_TRANSACTION_DIRECT_DEBIT }, { "IDDT", KOBAN_TRANSACTION_DIRECT_DEBIT },
  { "CCRD", KOBAN_TRANSACTION_CARD },         { "MCRD", KOBAN_TRANSACTION_CARD },
  { "ICDT", KOBAN_TRANSACTION_TRANSFER },     { "RCDT", KOBAN_TRANSACTION_TRANSFER },
  { "IRCT", KOBAN_TRANSACTION_TRANSFER },     { "RRCT", KOBAN_TRANSACTION_TRANSFER },
};

static KobanTransactionType
read_type (xmlNode *entry)
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    if (text_is (entry, "BkTxCd/Domn/Fmly/Cd", families[i].family))
      return families[i].type;
  return KOBAN_TRANSACTION_OTHER;
}

/* All lines of remittance text, joined. */
static char *
remittance (xmlNode *details)
{
  g_autoptr(GString) text = g_string_new (NULL);
  xmlNode *line = at_path (details, "RmtInf/Ustrd");

  for (; line != NULL; line = next_of (line))
    {
      g_autofree char *words = text_at (line, "");

      if (words != NULL && text->len > 0)
        g_string_append_c (text, ' ');
      g_string_append (text, words != NULL ? words : "");
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* --- an entry ------------------------------------------------------------------------------------ */

typedef struct
{
  char *text, *payee, *account, *mandate; /* (owned) (nullable) */
} Details;

static void
details_clear (Details *details)
{
  g_free (details->text);
  g_free (details->payee);
  g_free (details->account);
  g_free (details->mandate);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Details, details_clear)

/* The other side is the creditor of a debit and the debtor of a credit; newer versions wrap it once more. */
static void
read_details (xmlNode *entry, xmlNode *node, gboolean debit, Details *details)
{
  xmlNode *parties = child (node, "RltdPties");
  static const char *const creditor[] = { "Cdtr/Nm", "Cdtr/Pty/Nm", "UltmtCdtr/Nm", "UltmtCdtr/Pty/Nm",
                                          NULL };
  static const char *const debtor[] = { "Dbtr/Nm", "Dbtr/Pty/Nm", "UltmtDbtr/Nm", "UltmtDbtr/Pty/Nm", NULL };
  static const char *const creditor_account[] = { "CdtrAcct/Id/IBAN", "CdtrAcct/Id/Othr/Id", NULL };
  static const char *const debtor_account[] = { "DbtrAcct/Id/IBAN", "DbtrAcct/Id/Othr/Id", NULL };

  details->payee = first_text (parties, debit ? creditor : debtor);
  details->account = first_text (parties, debit ? creditor_account : debtor_account);
  details->mandate = text_at (node, "Refs/MndtId");
  details->text = remittance (node);
  if (details->text == NULL)
    details->text =
      first_text (node, (const char *const[]){ "AddtlTxInf", "RmtInf/Strd/CdtrRefInf/Ref", NULL });
  if (details->text == NULL)
    details->text = text_at (entry, "AddtlNtryInf");
}

static gboolean
add_line (KobanStatement *statement, xmlNode *entry, xmlNode *node, KobanTransaction line, GError **error)
{
  g_auto(Details) details = { NULL };
  g_autofree char *reference = text_at (entry, "AcctSvcrRef");

  read_details (entry, node, line.amount.minor < 0, &details);
  line.text = details.text != NULL ? details.text : details.payee;
  line.payee = details.payee;
  line.counterparty_id = details.account;
  line.mandate_ref = details.mandate;
  line.bank_id = reference;
  return koban_statement_add (statement, &line, error);
}

/* The parts of a batch, if each says its sum and they make up the whole; several parts make one line each. */
static gboolean
is_batch (xmlNode *entry, KobanMoney whole)
{
  xmlNode *node = at_path (entry, "NtryDtls/TxDtls");
  gint64 sum = 0;
  guint parts = 0;

  for (; node != NULL; node = next_of (node), parts++)
    {
      KobanMoney money = { .currency = whole.currency };

      if (!read_amount (node, &money) || !koban_currency_equal (money.currency, whole.currency) ||
          __builtin_add_overflow (sum, money.minor, &sum))
        return FALSE;
    }
  return parts > 1 && sum == whole.minor;
}

static gboolean
add_batch (KobanStatement *statement, xmlNode *entry, KobanTransaction line, GError **error)
{
  for (xmlNode *node = at_path (entry, "NtryDtls/TxDtls"); node != NULL; node = next_of (node))
    {
      KobanMoney money = { .currency = line.amount.currency };

      if (!read_amount (node, &money))
        return FALSE;
      line.amount = money;
      if (!add_line (statement, entry, node, line, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_entry (KobanStatement *statement, xmlNode *entry, GError **error)
{
  KobanTransaction line = { .amount.currency = statement->currency, .type = read_type (entry) };
  gboolean pending = text_is (entry, "Sts", "PDNG") || text_is (entry, "Sts/Cd", "PDNG");

  line.state = pending ? KOBAN_TRANSACTION_PENDING : KOBAN_TRANSACTION_BOOKED;
  if (text_is (entry, "Sts", "INFO") || text_is (entry, "Sts/Cd", "INFO"))
    return TRUE;
  if (!read_amount (entry, &line.amount))
    return bad_element (entry, _("amount"), error);
  if (!koban_currency_equal (line.amount.currency, statement->currency))
    return bad_element (entry, _("currency"), error);
  if (!read_day (entry, "BookgDt", &line.date) && !read_day (entry, "ValDt", &line.date))
    return bad_element (entry, _("day"), error);
  if (is_batch (entry, line.amount))
    return add_batch (statement, entry, line, error);
  return add_line (statement, entry, at_path (entry, "NtryDtls/TxDtls"), line, error);
}

/* --- a statement ----------------------------------------------------------------------------------- */

static const struct
{
  const char *code;
  gboolean closing;
} balances[] = { { "OPBD", FALSE }, { "PRCD", FALSE }, { "CLBD", TRUE } };

static void
take_balance (KobanStatement *statement, gboolean closing, KobanMoney money)
{
  *(closing ? &statement->has_closing : &statement->has_opening) = TRUE;
  *(closing ? &statement->closing : &statement->opening) = money.minor;
}

static gboolean
read_balance (KobanStatement *statement, xmlNode *node, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (balances); i++)
    {
      KobanMoney money = { .currency = statement->currency };

      if (!text_is (node, "Tp/CdOrPrtry/Cd", balances[i].code))
        continue;
      if (!read_amount (node, &money) || !koban_currency_equal (money.currency, statement->currency))
        return bad_element (node, _("balance"), error);
      take_balance (statement, balances[i].closing, money);
    }
  return TRUE;
}

/* The account says it, or else its first sum does. */
static gboolean
read_currency (xmlNode *node, KobanCurrency *currency, GError **error)
{
  g_autofree char *code = text_at (node, "Acct/Ccy");
  xmlNode *amount =
    at_path (node, "Bal/Amt") != NULL ? at_path (node, "Bal/Amt") : at_path (node, "Ntry/Amt");
  xmlChar *of_amount = amount != NULL ? xmlGetProp (amount, BAD_CAST "Ccy") : NULL;
  const char *said = code != NULL ? code : (const char *) of_amount;
  gboolean good = said != NULL && koban_currency_parse (said, currency, NULL);

  xmlFree (of_amount);
  return good || bad_element (node, _("currency"), error);
}

static gboolean
read_all (KobanStatement *statement, xmlNode *node, GError **error)
{
  read_day (node, "FrToDt/FrDtTm", &statement->from);
  read_day (node, "FrToDt/ToDtTm", &statement->to);
  for (xmlNode *at = child (node, "Bal"); at != NULL; at = next_of (at))
    if (!read_balance (statement, at, error))
      return FALSE;
  for (xmlNode *at = child (node, "Ntry"); at != NULL; at = next_of (at))
    if (!read_entry (statement, at, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_statement (xmlNode *node, GPtrArray *statements, GError **error)
{
  g_autofree char *number =
    first_text (node, (const char *const[]){ "Acct/Id/IBAN", "Acct/Id/Othr/Id", NULL });
  KobanCurrency currency;

  if (!read_currency (node, &currency, error))
    return FALSE;
  KobanStatement *statement = koban_statement_new (currency, number);
  g_ptr_array_add (statements, statement);
  return read_all (statement, node, error);
}

/* --- the document ---------------------------------------------------------------------------------- */

static void
on_xml_error (void *data, const char *message, ...)
{
  /* The parser's own words hold the file's; ours name the line. */
}

static xmlDoc *
parse (GBytes *bytes, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  xmlSetGenericErrorFunc (NULL, on_xml_error);
  xmlDoc *document =
    xmlReadMemory (data, (int) length, "statement.xml", NULL,
                   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
  if (document != NULL && document->intSubset == NULL && document->extSubset == NULL)
    return document;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       document != NULL
                         ? _("the file brings a document type of its own, which no statement needs: refused")
                         : _("the file is no well-formed XML"));
  xmlFreeDoc (document);
  return NULL;
}

static gboolean
read_document (xmlNode *root, GPtrArray *statements, GError **error)
{
  static const struct
  {
    const char *message, *part;
  } kinds[] = { { "BkToCstmrStmt", "Stmt" }, { "BkToCstmrAcctRpt", "Rpt" } };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (xmlNode *node = child (child (root, kinds[i].message), kinds[i].part); node != NULL;
         node = next_of (node))
      if (!read_statement (node, statements, error))
        return FALSE;
  if (statements->len > 0)
    return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("the file holds no camt.052 or camt.053 statement"));
  return FALSE;
}

gboolean
koban_camt_read (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error)
{
  xmlDoc *document = parse (bytes, error);

  if (document == NULL)
    return FALSE;
  gboolean good = read_document (xmlDocGetRootElement (document), statements, error);
  xmlFreeDoc (document);
  return good;
}
