/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One kind of thing to say. An alert grows (refs, total, severity, reasons) while what it tells of
 * lasts; alerts with one incident key belong together and are told as one. Reasons are codes with
 * numbers; sentences are made by wording/phrase.c where they are read.
 */
#pragma once

#include <glib-object.h>
#include <koban/money.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_ALERT_LINK,       /* a new or stronger power over the account, listed or inferred from its debits */
  KOBAN_ALERT_WITHDRAWAL, /* money out that this person would not expect */
  KOBAN_ALERT_BALANCE,    /* money gone with no line to show for it */
  KOBAN_ALERT_FRESHNESS,  /* Koban cannot see: stale, locked, expired, quota */
} KobanAlertKind;

typedef enum { KOBAN_SEVERITY_NOTICE, KOBAN_SEVERITY_WARNING, KOBAN_SEVERITY_CRITICAL } KobanSeverity;

typedef enum { KOBAN_ALERT_NEW, KOBAN_ALERT_NOTIFIED, KOBAN_ALERT_ANSWERED, KOBAN_ALERT_CLOSED } KobanAlertState;

typedef enum { KOBAN_ANSWER_NONE, KOBAN_ANSWER_MINE, KOBAN_ANSWER_NOT_MINE, KOBAN_ANSWER_UNSURE } KobanAnswer;

typedef struct
{
  const char        *id;         /* (nullable): ours ("n4"), once the ledger knows it */
  const char        *incident;   /* from watch: the key that belongs-together is decided by; from the ledger: the incident's id ("i2") */
  const char        *account;    /* (nullable): ours ("a1") */
  const char        *connection; /* (nullable): ours ("c1"); for what belongs to no account */
  KobanAlertKind     kind;
  KobanSeverity      severity;
  KobanAlertState    state;
  gint64             opened_us;
  gint64             updated_us;
  const char        *ref;        /* (nullable): id of the link or transaction that opened it */
  const char *const *refs;       /* NULL-terminated: every id it speaks of, @ref first; never NULL */
  const char        *subject;    /* (nullable): the other side, in the bank's words (hostile text) */
  const char        *service;    /* (nullable): its name in the services directory (our text) */
  GVariant          *reasons;    /* aa{sv}: each has "code" s and numbers: x, s, or money (xs) */
  gboolean           has_total;
  KobanMoney         total;      /* of the debits in @refs; negative */
  KobanAnswer        answer;
} KobanAlert;

#define KOBAN_TYPE_ALERT (koban_alert_get_type ())
GType       koban_alert_get_type (void);

KobanAlert *koban_alert_new   (const KobanAlert *fields); /* @reasons may be floating; NULL is no reason */
/* Of Koban itself: it cannot look, or there is something of its own to say. It speaks of no line or link. @connection
 * (nullable); @reason (transfer floating): as koban_reason_new (). */
KobanAlert *koban_alert_new_freshness (const char *incident, const char *connection, KobanSeverity severity, GVariant *reason,
                                       gint64 now_us);
KobanAlert *koban_alert_ref   (KobanAlert *self);
void        koban_alert_unref (KobanAlert *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanAlert, koban_alert_unref)

/* One alert that says all that both say: refs, reasons by code (the later numbers win), total,
 * the higher severity. Keeps @known's id, incident, opened_us, ref. */
KobanAlert *koban_alert_grow (const KobanAlert *known, const KobanAlert *later);

/* a{sv} with the keys of DESIGN §5 but "summary"; and back, for whoever reads it off the bus. */
GVariant   *koban_alert_to_variant (const KobanAlert *self);          /* floating */
KobanAlert *koban_alert_from_variant (GVariant *row, GError **error); /* (transfer full) */

gboolean    koban_alert_has_reason (const KobanAlert *self, const char *code);

/* One reason: koban_reason_new ("burst", "count", "x", (gint64) 4, "seconds", "x", (gint64) 120, NULL).
 * Formats: "x" gint64, "s" const char *, "m" KobanMoney. Floating a{sv}. */
GVariant   *koban_reason_new (const char *code, ...) G_GNUC_NULL_TERMINATED;

const char *koban_alert_kind_name (KobanAlertKind kind);
gboolean    koban_alert_kind_parse (const char *name, KobanAlertKind *kind);
const char *koban_severity_name (KobanSeverity severity);
gboolean    koban_severity_parse (const char *name, KobanSeverity *severity);
const char *koban_alert_state_name (KobanAlertState state);
gboolean    koban_alert_state_parse (const char *name, KobanAlertState *state);
const char *koban_answer_name (KobanAnswer answer);                   /* "not-mine"; NONE is NULL */
gboolean    koban_answer_parse (const char *name, KobanAnswer *answer);

G_END_DECLS
