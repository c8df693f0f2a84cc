/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A standing power of a third party over an account (DESIGN §2), as the bank last listed it, or as
 * its debits revealed it. Which link is the same link: ledger/identity.c.
 */
#pragma once

#include <glib-object.h>
#include <koban/money.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_LINK_EMONEY,
  KOBAN_LINK_DIRECT_DEBIT,
  KOBAN_LINK_STANDING_ORDER,
  KOBAN_LINK_CONSENT,
  KOBAN_LINK_RECURRING_CONSENT,
  KOBAN_LINK_APP,
  KOBAN_LINK_AGGREGATOR,
  KOBAN_LINK_WEBHOOK,
  KOBAN_LINK_CARD_ON_FILE,
} KobanLinkKind;

typedef enum { KOBAN_PROVENANCE_NATIVE, KOBAN_PROVENANCE_ACCESS, KOBAN_PROVENANCE_DERIVED } KobanProvenance;

typedef enum
{
  KOBAN_LINK_ACTIVE,
  KOBAN_LINK_EXPIRED,
  KOBAN_LINK_REVOKED,
  KOBAN_LINK_GONE,     /* two whole listings without it */
  KOBAN_LINK_UNKNOWN,  /* the bank's word is none we know, or the list cannot be read */
} KobanLinkStatus;

typedef enum
{
  KOBAN_REVOCATION_NONE,
  KOBAN_REVOCATION_API,
  KOBAN_REVOCATION_API_SCA,
  KOBAN_REVOCATION_URL,
  KOBAN_REVOCATION_MANUAL,
} KobanRevocation;

typedef struct
{
  const char       *id;         /* (nullable): ours ("l3"), once the ledger knows it */
  const char       *remote_id;  /* (nullable): the bank's list id: for revoking, never identity */
  KobanLinkKind     kind;
  const char       *name;       /* who holds the power, in the bank's words; never NULL */
  const char       *collector;  /* (nullable): collector's or creditor's own id */
  const char       *reference;  /* (nullable): mandate reference or end merchant */
  KobanProvenance   provenance;
  gboolean          own;        /* Koban's own access: listed, never alerted */
  KobanLinkStatus   status;
  gboolean          has_limit;
  KobanMoney        limit;
  const char *const *scope;     /* (nullable): NULL-terminated, the bank's words */
  gint64            created_us; /* 0: not said */
  gint64            expires_us; /* 0: not said */
  KobanRevocation   revocation;
} KobanLink;

#define KOBAN_TYPE_LINK (koban_link_get_type ())
GType      koban_link_get_type (void);

KobanLink *koban_link_new   (const KobanLink *fields);
KobanLink *koban_link_ref   (KobanLink *self);
void       koban_link_unref (KobanLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanLink, koban_link_unref)

gboolean   koban_link_equal (const KobanLink *a, const KobanLink *b); /* every field but id */

/* TRUE if @now gives more power than @before: higher or removed limit, wider scope, later expiry is not. */
gboolean   koban_link_is_stronger (const KobanLink *now, const KobanLink *before);

const char *koban_link_kind_name (KobanLinkKind kind);              /* "direct_debit" */
gboolean    koban_link_kind_parse (const char *name, KobanLinkKind *kind);
const char *koban_link_status_name (KobanLinkStatus status);
gboolean    koban_link_status_parse (const char *name, KobanLinkStatus *status);
const char *koban_provenance_name (KobanProvenance provenance);
gboolean    koban_provenance_parse (const char *name, KobanProvenance *provenance);
const char *koban_revocation_name (KobanRevocation revocation);     /* "api+sca" */
gboolean    koban_revocation_parse (const char *name, KobanRevocation *revocation);

G_END_DECLS
