/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The groups [channel NAME] of koban.conf: the ways to the person that are not this desktop. No
 * secret stands there, only the id of the keyring's item. A mistake is an error that names its line.
 */
#pragma once

#include <koban/settings.h>

G_BEGIN_DECLS

#define KOBAN_CHANNEL_FULL_DAYS 90 /* so long may everything be said off this device, before it is asked again */
#define KOBAN_NTFY_SERVER "https://ntfy.sh" /* where no other is named */

typedef struct
{
  char            *name;         /* "phone": letters a-z, digits and "-"; as in the outbox */
  KobanChannelKind kind;         /* not the desktop */
  char            *server;       /* the address that was typed; for ntfy NULL means KOBAN_NTFY_SERVER */
  char            *to;           /* mail only */
  char            *from;         /* mail only */
  char            *user;         /* (nullable): mail only */
  char            *ca_file;      /* (nullable): PEM of the certificates to trust instead of the system's; beside koban.conf
                                    if it is no whole path */
  char            *secret;       /* id of the keyring's item, a bundle */
  char            *old_secret;   /* (nullable): the one before, which a webhook is signed with too until @old_until_us */
  gint64           old_until_us; /* wall */
  KobanDetail      detail;       /* what was asked for */
  gint64           full_since_us; /* wall: when "full" was agreed to; 0: never */
} KobanChannelSettings;

KobanChannelSettings *koban_channel_settings_new  (const char *name, KobanChannelKind kind);
KobanChannelSettings *koban_channel_settings_copy (const KobanChannelSettings *self);
void                  koban_channel_settings_free (KobanChannelSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanChannelSettings, koban_channel_settings_free)

gboolean    koban_channel_settings_equal     (const KobanChannelSettings *a, const KobanChannelSettings *b);
/* What may be said now: "full" lapses to "none". */
KobanDetail koban_channel_settings_detail_at (const KobanChannelSettings *self, gint64 now_us);
/* When that will be, or was; 0: never. */
gint64      koban_channel_settings_lapses_us (const KobanChannelSettings *self);
/* What is wrong with it, as one sentence. */
gboolean    koban_channel_settings_check     (const KobanChannelSettings *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean    koban_channel_name_is_good       (const char *name);

/* In the order of the file; no file is no channel. NULL with an error that names file and line: nothing of the file is
 * then to be used. (element-type KobanChannelSettings) (transfer full) */
GPtrArray  *koban_channel_settings_load   (const char *path, GError **error);
/* Writes the group anew, or adds it; what else is in the file stays, its comments too. The file is replaced at once, 0600. */
gboolean    koban_channel_settings_save   (const char *path, const KobanChannelSettings *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean    koban_channel_settings_remove (const char *path, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Deletes the copy that was made of its certificates, if it uses one; a file that the person placed stays. */
void        koban_channel_settings_drop_copy (const KobanChannelSettings *self);
/* How that copy is called, beside koban.conf. (transfer full) */
char       *koban_channel_settings_copy_name (const char *name);

G_END_DECLS
