/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a session proves who it is: the rows of a profile's "auth", in their order. A row may want requests
 * of its own before all others (a claim, a login), and adds its proof to every request. It sends nothing.
 */
#pragma once

#include <koban/http.h>
#include "bank/hosts.h"
#include "bank/rules.h"

G_BEGIN_DECLS

/* A request being made up; the secrets in it are given to KobanHttp and to nobody else. */
typedef struct
{
  const char  *method; /* (unowned) */
  const char  *path;   /* (unowned): "/accounts?…", under the root of @url */
  char        *url;    /* wiped */
  GPtrArray   *secret_headers;
  KobanSecret *basic;       /* (nullable) */
  KobanSecret *body;        /* (nullable) */
  gboolean     form;        /* @body is no JSON */
  KobanSecret *certificate; /* (nullable): PEM, as @key */
  KobanSecret *key;
} KobanOutgoing;

void koban_outgoing_free (KobanOutgoing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanOutgoing, koban_outgoing_free)

typedef struct _KobanAuth KobanAuth;

typedef struct
{
  KobanProfile *profile;
  const char   *base_url; /* what paths hang on, where a secret does not say it */
  KobanSecret  *secrets;  /* (nullable) */
  GHashTable   *fields;   /* needs that are no secret: name → value; login adds to it, and it outlives us */
  KobanHosts   *hosts;    /* outlives us */
  gint64        now_us;
} KobanAuthOptions;

KobanAuth     *koban_auth_new           (const KobanAuthOptions *options);
void           koban_auth_free          (KobanAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanAuth, koban_auth_free)

/* Who makes the next request: the client itself, in @scope, which is the profile's; NULL: the person. */
void           koban_auth_act_as        (KobanAuth *self, const char *scope);
/* Another request must come before it. */
gboolean       koban_auth_wants_opening (KobanAuth *self);
KobanOutgoing *koban_auth_open          (KobanAuth *self, GError **error);
/* Takes the answer to it, or says what is wrong with it. */
gboolean       koban_auth_opened        (KobanAuth *self, const KobanHttpResponse *answer, GError **error);

/* The answer to it never came. TRUE: ask once more. */
gboolean       koban_auth_lost          (KobanAuth *self);
/* A request was refused as not proved (401). TRUE: what proved it is given up, open again and ask once more. */
gboolean       koban_auth_refused       (KobanAuth *self);

/* A request to @path with every proof. @body is JSON (nullable). @revoking: what is revoked, with the needs of
 * that; NULL to watch. */
KobanOutgoing *koban_auth_request       (KobanAuth *self, const char *method, const char *path, const char *body,
                                         const KobanRevocationRule *revoking, GError **error);

/* Headers of one request: templates of secrets, instead of what the proofs have put under the same name. */
gboolean       koban_auth_set_headers   (KobanAuth *self, GArray *pairs, KobanOutgoing *outgoing, GError **error);

/* The whole new bundle, once, if it changed; (transfer full) (nullable). */
KobanSecret   *koban_auth_take_secrets  (KobanAuth *self);

G_END_DECLS
