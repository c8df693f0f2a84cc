/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a session proves who it is: a table of schemes, each a name, its parameters, an optional first
 * request, and what it adds to every other. A scheme knows no bank and sends nothing itself.
 */
#pragma once

#include <koban/http.h>
#include <koban/profile.h>
#include "bank/hosts.h"

G_BEGIN_DECLS

/* A request being made up; the secrets in it are given to KobanHttp and to nobody else. */
typedef struct
{
  const char  *method; /* (unowned) */
  char        *url;    /* wiped */
  GPtrArray   *secret_headers;
  KobanSecret *basic;
} KobanOutgoing;

void koban_outgoing_free (KobanOutgoing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanOutgoing, koban_outgoing_free)

typedef struct _KobanAuth KobanAuth;

/* The parameters of a scheme, each the name of a need; NULL if there is no such scheme. */
const char *const *koban_auth_scheme_get_params (const char *scheme);

/* @base_url: what paths hang on, where a secret does not say it; @hosts (unowned): outlives us. */
KobanAuth   *koban_auth_new  (KobanProfile *profile, const char *base_url, KobanSecret *secrets,
                              KobanHosts *hosts);
void         koban_auth_free (KobanAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanAuth, koban_auth_free)

/* A request that must come before all others: a claim, a login. */
gboolean       koban_auth_wants_opening  (KobanAuth *self);
KobanOutgoing *koban_auth_open           (KobanAuth *self, GError **error);
/* Takes the answer to it; a @status other than 200 becomes the error to tell. */
gboolean       koban_auth_opened         (KobanAuth *self, guint status, GBytes *body, GError **error);

/* A request to @path ("/accounts?…"), with what this scheme adds. @revoking uses the revoking need, if the
 * profile has one. */
KobanOutgoing *koban_auth_request        (KobanAuth *self, const char *method, const char *path,
                                          gboolean revoking, GError **error);

/* The whole new bundle, once, if it changed; (transfer full) (nullable). */
KobanSecret   *koban_auth_take_secrets   (KobanAuth *self);

G_END_DECLS
