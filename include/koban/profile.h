/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A provider: a kind of bank API, described by a JSON data file. A profile holds names, paths,
 * {name} templates, pointers, enum tables and one equality test; auth, paging, signing and
 * revocation are named schemes in C with typed parameters. Loading one makes no request.
 */
#pragma once

#include <gio/gio.h>
#include <koban/link.h>

G_BEGIN_DECLS

typedef struct _KobanProfile KobanProfile; /* immutable, ref-counted */

typedef enum { KOBAN_POWER_READ, KOBAN_POWER_READ_REVOKE, KOBAN_POWER_PAY } KobanPower;
typedef enum { KOBAN_NEED_TEXT, KOBAN_NEED_FILE } KobanNeedKind;

/* What a person must hand over, from a fixed vocabulary of names. */
typedef struct
{
  const char   *name;     /* "token" */
  const char   *label;    /* what to ask for, and where it is found */
  gboolean      secret;
  gboolean      revoke;   /* asked for at `revoke`, not at `add` */
  gboolean      optional; /* may be left empty; never of a secret */
  KobanNeedKind kind;
  const char   *example;
} KobanNeed;

KobanProfile *koban_profile_load_file (const char *path, GError **error);
/* @where names the source in messages ("line L: …"). */
KobanProfile *koban_profile_load      (const char *data, gsize length, const char *where, GError **error);
KobanProfile *koban_profile_ref       (KobanProfile *self);
void          koban_profile_unref     (KobanProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanProfile, koban_profile_unref)

/* Every mistake of the file, one sentence a line with its line number; empty if there is none. (transfer full) */
char        **koban_profile_lint      (const char *data, gsize length);

const char        *koban_profile_get_id        (KobanProfile *self);
const char        *koban_profile_get_name      (KobanProfile *self);
const char *const *koban_profile_get_countries (KobanProfile *self);
const char        *koban_profile_get_auth      (KobanProfile *self); /* names of its schemes: "bearer", "mutual-tls+basic" */
KobanPower         koban_profile_get_power     (KobanProfile *self);
const char *const *koban_profile_get_hosts     (KobanProfile *self); /* every host a secret may go to */
const char        *koban_profile_get_cost      (KobanProfile *self);
const char        *koban_profile_get_notes     (KobanProfile *self); /* what it cannot see, honestly */
const char *const *koban_profile_get_signup    (KobanProfile *self); /* steps, in order */
GArray            *koban_profile_get_needs     (KobanProfile *self); /* (transfer none) (element-type KobanNeed) */
const char *const *koban_profile_get_lists     (KobanProfile *self); /* link kinds: "direct_debit" */
const char *const *koban_profile_get_revokes   (KobanProfile *self);
guint              koban_profile_get_budget    (KobanProfile *self); /* requests in a rolling 24 h, for one connection */
guint              koban_profile_get_interval_s (KobanProfile *self); /* shortest time between two checks */
guint              koban_profile_get_gap_s     (KobanProfile *self); /* … and between two requests of one; 0: none */
/* Whether the bank keeps one sign-in a person, so that another device's ends ours. */
gboolean           koban_profile_has_one_sign_in (KobanProfile *self);
const char        *koban_profile_get_digest    (KobanProfile *self); /* SHA-256 of the file: what a yes to a user profile binds */
gboolean           koban_profile_is_packaged   (KobanProfile *self); /* FALSE: the person's own file, trusted only by digest */
const char        *koban_profile_get_file      (KobanProfile *self); /* (nullable): read from no directory */
const char        *koban_power_name            (KobanPower power);   /* "read+revoke" */

/* How a link of @kind is ended here, and the page or words to do it by hand (nullable). */
KobanRevocation    koban_profile_get_revocation (KobanProfile *self, KobanLinkKind kind, const char **by_hand);

/* Whether @need must be handed over to end a link of @kind. */
gboolean           koban_profile_wants_to_revoke (KobanProfile *self, KobanLinkKind kind, const KobanNeed *need);

/* All profiles on the machine, each in ID.json: packaged (data dir), /etc, the person's own. A user profile
 * may not shadow a packaged id. Each is read when it is first asked for; a bad file is skipped with a warning. */
typedef struct _KobanProfiles KobanProfiles;
KobanProfiles *koban_profiles_load   (const char *const *directories); /* NULL: the three of DESIGN §6, or $KOBAN_PROVIDERS for a build tree */
void           koban_profiles_free   (KobanProfiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanProfiles, koban_profiles_free)
KobanProfile  *koban_profiles_lookup (KobanProfiles *self, const char *id);  /* (transfer none) (nullable) */
GPtrArray     *koban_profiles_list   (KobanProfiles *self);                  /* (transfer none): all, read now, sorted by id */

/* [a{sv}] with the keys of DESIGN §5 `providers`. Floating. */
GVariant      *koban_profile_to_variant (KobanProfile *self);

G_END_DECLS
