/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a scheme is, and what it may ask of the sign-in: its secrets by name, and templates of them.
 */
#pragma once

#include "bank/auth.h"
#include "bank/profile-keys.h"

G_BEGIN_DECLS

/* A sign-in as its schemes see it. */
struct _KobanAuth
{
  KobanProfile *profile;
  char         *base_url;
  GHashTable   *fields;   /* (unowned): outlives us */
  KobanHosts   *hosts;    /* (unowned): outlives us */
  KobanSecret  *secrets;  /* (nullable): what the keyring holds */
  KobanSecret  *fleeting; /* (nullable): what was kept for this session, and dies with it */
  gint64        now_us;
  const KobanRevocationRule *revoking; /* (nullable): what the request at hand revokes */
  const char   *as_client; /* (nullable): the scope in which the client itself makes the request at hand */
  gboolean      changed;  /* @secrets, since they were taken */
};

/* A row of the table of schemes: the keys that it has in a profile, and what it does. All but @prove are
 * (nullable). */
struct _KobanScheme
{
  const char     *name;
  const KobanKey *keys;
  gsize           n_keys;
  /* Tells the fields what paths may use of the secrets. */
  void           (*begin)         (KobanAuth *auth, const KobanProofRule *rule);
  gboolean       (*wants_opening) (KobanAuth *auth, const KobanProofRule *rule);
  KobanOutgoing *(*open)          (KobanAuth *auth, const KobanProofRule *rule, GError **error);
  gboolean       (*opened)        (KobanAuth *auth, const KobanProofRule *rule, const KobanHttpResponse *answer,
                                   GError **error);
  /* What was proved is refused (401), or the answer to an opening never came: TRUE if another try may help. */
  gboolean       (*refused)       (KobanAuth *auth, const KobanProofRule *rule);
  gboolean       (*lost)          (KobanAuth *auth, const KobanProofRule *rule);
  /* Makes ready what an opening of a later row may want. */
  gboolean       (*prepare)       (KobanAuth *auth, const KobanProofRule *rule, GError **error);
  gboolean       (*prove)         (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing,
                                   GError **error);
};

/* Rows of a scheme's keys. */
#define KOBAN_SCHEME_KEY { "scheme", koban_read_nothing, 0, TRUE }
#define KOBAN_PROOF_KEY(name, read, member, required) { name, read, G_STRUCT_OFFSET (KobanProofRule, member), required }

/* One scheme's rows of the table, a file each. */
extern const KobanScheme koban_scheme_bearer, koban_scheme_headers, koban_scheme_basic, koban_scheme_body,
  koban_scheme_mutual_tls, koban_scheme_claim, koban_scheme_login, koban_scheme_jwt,
  koban_scheme_body_signature, koban_scheme_http_signature, koban_scheme_oauth;

/* NULL if there is no such scheme. */
const KobanScheme *koban_scheme_find       (const char *name);

KobanOutgoing *koban_outgoing_new          (const char *method, const char *root, const char *path);
/* "Authorization: Bearer …" */
gboolean       koban_outgoing_add_bearer   (KobanOutgoing *self, KobanSecret *token, GError **error);
/* "Name: value", both copied; the value may not break its line. */
gboolean       koban_outgoing_add_header   (KobanOutgoing *self, const char *name, KobanSecret *value, GError **error);

/* In a template: a name for this one request. */
#define KOBAN_AUTH_REQUEST_ID "request_id"

/* What a sign-in by OAuth keeps in the bundle; templates may name it. */
#define KOBAN_OAUTH_ACCESS_TOKEN "access_token"

/* The secret, kept value or field of a name; (transfer full), NULL with NEEDS_SIGN_IN. */
KobanSecret   *koban_auth_lookup           (KobanAuth *self, const char *name, GError **error);
gboolean       koban_auth_has              (KobanAuth *self, const char *name);
/* From now on; @once: for good, so that the keyring must hear of it. */
void           koban_auth_keep             (KobanAuth *self, const char *name, KobanSecret *value, gboolean once);

/* How a value stands in what is made of it. */
typedef enum { KOBAN_QUOTE_NOT, KOBAN_QUOTE_JSON, KOBAN_QUOTE_FORM } KobanQuote;
/* @text with each {name} replaced; (transfer full). */
KobanSecret   *koban_auth_expand           (KobanAuth *self, const char *text, KobanQuote quote, GError **error);
/* Each of @pairs as a header; the value is a template. */
gboolean       koban_auth_add_headers      (KobanAuth *self, GArray *pairs, KobanOutgoing *outgoing, GError **error);

/* "user:password" of two needs, the second (nullable). */
KobanSecret   *koban_auth_basic            (KobanAuth *self, const char *user, const char *password, GError **error);

/* {"name":"value",…}, or name=value&…, of pairs whose values are templates; @members is text that follows, as it
 * stands in an object (nullable). */
KobanSecret   *koban_auth_object           (KobanAuth *self, GArray *pairs, const char *members, GError **error);
KobanSecret   *koban_auth_form             (KobanAuth *self, GArray *pairs, GError **error);

/* The proofs of the rows that stand before @rule. */
gboolean       koban_auth_prove_before      (KobanAuth *self, const KobanProofRule *rule, KobanOutgoing *outgoing,
                                           GError **error);

/* The name of a need, in a profile. */
KOBAN_KEY_READER (need_name); /* char * */

G_END_DECLS
