/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where Koban keeps its things, and koban.conf (a GKeyFile). Unknown keys warn by line; a wrong
 * value is an error that names the key, and the last good configuration stays.
 */
#pragma once

#include <gio/gio.h>
#include <koban/quiet.h>

G_BEGIN_DECLS

/* $XDG_DATA_HOME/koban, made 0700 by koban_settings_make_directories(). (transfer none) */
const char *koban_settings_data_directory (void);
const char *koban_settings_config_directory (void);
/* Gone with the session: pages to be read now. (transfer none) */
const char *koban_settings_runtime_directory (void);
char       *koban_settings_config_file (void);   /* (transfer full) */

/* Makes the directories with mode 0700, or repairs the mode; refuses a symbolic link or another
 * owner (trust S8). */
gboolean koban_settings_make_directories (GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum
{
  KOBAN_DETAIL_NONE,    /* "Koban: look at your account (K-7F3A)" */
  KOBAN_DETAIL_MINIMAL, /* what happened and the service; no bank, number, amount */
  KOBAN_DETAIL_FULL,
} KobanDetail;

/* How many false alerts the person would rather have than one theft too many. */
typedef enum { KOBAN_WARINESS_QUIET, KOBAN_WARINESS_NORMAL, KOBAN_WARINESS_WARY } KobanWariness;

/* What a channel is made of. */
typedef enum
{
  KOBAN_CHANNEL_DESKTOP,
  KOBAN_CHANNEL_NTFY,
  KOBAN_CHANNEL_GOTIFY,
  KOBAN_CHANNEL_MAIL,
  KOBAN_CHANNEL_WEBHOOK,
} KobanChannelKind;
#define KOBAN_N_CHANNEL_KINDS (KOBAN_CHANNEL_WEBHOOK + 1)

const char *koban_channel_kind_name  (KobanChannelKind kind); /* "ntfy": as in koban.conf and in the lists */
gboolean    koban_channel_kind_parse (const char *name, KobanChannelKind *kind);

typedef enum { KOBAN_GUARD_OFF, KOBAN_GUARD_ON } KobanGuard;

typedef struct
{
  KobanDetail desktop_detail;       /* [notify] detail = none|minimal|full; default full */
  KobanQuiet  quiet;                /* [notify] quiet = 22:00-07:00; default none */
  gboolean    detail_is_chosen;     /* it stands in the file: a phone is not made discreet against it */
  KobanWariness wariness;           /* [watch] wariness = quiet|normal|wary; default normal */
  KobanGuard  guard;                /* [watch] guard = off|on; default off: what lowers protection needs one's password */
  guint       check_interval_s;     /* [check] interval = 15m … 24h; default 15 minutes; a profile's own minimum wins */
} KobanSettings;

/* A missing file is the defaults. On error @settings is untouched. */
gboolean koban_settings_load (const char    *path,
                              KobanSettings *settings,
                              GError       **error) G_GNUC_WARN_UNUSED_RESULT;
KobanSettings koban_settings_defaults (void);

/* "notify.detail" …: what koban.conf may hold, NULL-terminated. (transfer full) */
char   **koban_settings_keys (void);
/* Its value, or what holds if it is not there. INVALID names the keys that are known. (transfer full) */
char    *koban_settings_get  (const char *path, const char *key, GError **error);
/* Writes the file anew, whole or not at all, comments kept, mode 0600. NULL takes the key out. INVALID leaves it as it was. */
gboolean koban_settings_set  (const char *path, const char *key, const char *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
