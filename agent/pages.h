/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pages of incidents that somebody wanted to see: written for this person only, opened by the
 * desktop's portal, which is handed the open file and not a path, and deleted when the incident is over.
 */
#pragma once

#include "books.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_PAGES (koban_pages_get_type ())
G_DECLARE_FINAL_TYPE (KobanPages, koban_pages, KOBAN, PAGES, GObject)

/* @folder is made (0700) if it is not there; pages that an earlier agent left in it are deleted. */
KobanPages *koban_pages_new   (const char *folder, GDBusConnection *session, KobanBooks *books);

/* Signal "unopened" (incident s, action s), with the same @action, if nothing could open it: then the command has to do.
 * @incident is "i2". */
void        koban_pages_open  (KobanPages *self, const char *incident, const char *action);

/* Answers or alerts have changed: pages of what is closed, or was the person's own doing, are deleted. */
void        koban_pages_tidy  (KobanPages *self);
/* All are deleted. */
void        koban_pages_close (KobanPages *self);

G_END_DECLS
