# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bank of this street has: it asks who is there, knows its paths, cuts its lists into pages, forgets a
customer on command, and can be hostile in the ways that are the same everywhere.

A provider is a class with a table of ROUTES (method, pattern of the path, method of the class) and a few words of its
vendor's (how it says no, how its keys are called). It sees paths, queries, headers and bodies, and no socket.
"""

import base64
import binascii
import fnmatch
import json
import re
import secrets
import time

from reply import Refusal, Reply, Wrong


class Provider:
    provider = None
    root = ""                     # what stands before every path of ROUTES, and in the base URL
    ROUTES = ()
    SAVED = ["access_revoked"]    # kept over a restart
    BEHAVES = ()                  # what the control port may set, besides those of every provider
    page_size = 100
    wants_certificate = False     # of the client, over TLS

    # hostile ways (see hostile()): the path of the list of transactions, and how its keys are called
    LINES = "*/transactions*"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "id", "status", "account"
    NEXT = "next"

    def __init__(self, world, options):
        self.world = world
        self.options = options
        self.access_revoked = False
        self.revoke_how = "cancel"
        self.hollow = False       # the first page of the lines is empty, and others follow
        self.of_lines = False
        self.origin = None        # of this server
        self.url = None           # by which customers call it: a proxy may stand before it
        self.setup()

    def setup(self):
        pass

    # --- what the starter and the control port need

    def ready(self, url):
        self.origin, self.url = url, url + self.root
        needs = self.needs()
        return {"token": next(iter(needs.values())), "base_url": self.url, "needs": needs, "files": self.files(),
                "hostile": sorted(self.hostile())}

    def needs(self):
        """What a person would be given and asked for, by the names of the profile."""
        return {}

    def files(self):
        """The same, as far as it is a file: name → path."""
        return {}

    def save(self):
        return {key: getattr(self, key) for key in self.SAVED}

    def load(self, saved):
        for key in self.SAVED:
            setattr(self, key, saved[key])

    def revoke_access(self, token=None):
        self.access_revoked = True

    def behave(self, wishes):
        known = {"revoke": "revoke_how", "page": "page_size", "hollow": "hollow", "url": "url"}
        known.update({name: name for name in self.BEHAVES})
        for name, value in wishes.items():
            if name not in known:
                raise ValueError("%s does not know %r; it knows: %s" % (self.provider, name, ", ".join(sorted(known))))
            setattr(self, known[name], value)

    def hostile(self):
        """Name → the fault (faults.py) that does it to this provider."""
        every = {"path": self.LINES, "count": 0}
        return {
            "next-elsewhere": dict(every, what="next-elsewhere", keys=[self.NEXT]),
            "loop": dict(every, what="loop", key=self.NEXT),
            "unknown-enum": dict(every, what="set", key=self.LINE_STATE, value='"NEVER_HEARD_OF"'),
            "reissued": dict(every, what="reissue", keys=[self.LINE_ID]),
            "wrong-account": dict(every, what="other-account", keys=[self.ACCOUNT_ID]),
            "evicted": {"what": "status", "count": 0, **said(self.evicted())},
            "quota": {"what": "status", "count": 0, "retry_after": 3600, **said(self.quota())},
        }

    def evicted(self):
        """What the vendor says to a token that another device's sign-in has ended."""
        return Reply.json(self.error(401, "unauthorized"), 401)

    def quota(self):
        return Reply.json(self.error(429, "too many requests"), 429)

    def error(self, status, sentence):
        """The vendor's way of saying no, as a JSON value."""
        return {"error": sentence}

    def refuse(self, status, sentence):
        raise Refusal(Reply.json(self.error(status, sentence), status))

    # --- answering

    def answer(self, request):
        try:
            reply = self.route(request)
        except Wrong as wrong:
            return Reply.json(self.error(400, str(wrong)), 400)
        except Refusal as refusal:
            return refusal.reply
        if reply is None:
            return Reply.nothing()
        return reply if isinstance(reply, Reply) else Reply.json(reply)

    def route(self, request):
        self.greet(request)
        self.of_lines = fnmatch.fnmatchcase(request.path, self.LINES)
        others = set()
        for method, pattern, handler in self.ROUTES:
            found = re.fullmatch(re.escape(self.root) + pattern, request.path)
            if found is not None and method == request.method:
                return getattr(self, handler)(request, *found.groups())
            if found is not None:
                others.add(method)
        return self.refuse(405 if others else 404, "method not allowed" if others else "not found")

    def greet(self, request):
        """Refuses whoever may not ask this."""

    def check(self, good, status, sentence):
        if not good or self.access_revoked:
            self.refuse(status, sentence)

    # --- the world, as lists

    def now(self):
        """The bank's clock: the story's with --as-is, else the wall's."""
        return self.world.now if self.options.as_is else time.time()

    def accounts_of(self, what, bank=None):
        accounts = [a for a in self.world.accounts.values() if bank is None or a.bank == bank]
        for account in accounts:
            self.must_work(account, what)
        return accounts

    def must_work(self, account, what):
        if account.is_out(what, self.world.now):
            self.refuse(503, "service unavailable")

    def banks(self):
        return sorted({a.bank for a in self.world.accounts.values()})

    def account(self, given, name=lambda account: account.id, what="accounts"):
        """The account that is called so in the provider's words."""
        for account in self.world.accounts.values():
            if str(name(account)) == given:
                self.must_work(account, what)
                return account
        return self.refuse(404, "account not found")

    def lines(self, account, states=("pending", "booked")):
        """(line) in the order in which the bank made them."""
        self.must_work(account, "transactions")
        return [line for line in account.lines.values()
                if line["state"] in states and (line["state"] != "pending" or account.pending_listed)]

    def links(self, kinds, account=None):
        """(account, link) of these kinds that are listed."""
        out = []
        for owner in self.world.accounts.values() if account is None else [account]:
            self.must_work(owner, "links")
            out += [(owner, link) for link in owner.links.values()
                    if owner.links_listed and link["listed"] and link["link_type"] in kinds]
        return out

    def end_link(self, kinds, name, given):
        """Revokes the link that is called `given`; 404 if there is none, or none any more."""
        for account, link in self.links(kinds):
            if str(name(account, link)) == given and self.world.revoke(link["link_id"], self.revoke_how):
                return
        self.refuse(404, "not found")

    def page(self, rows, cursor, size=None):
        """(rows of the page that `cursor` opens, the next cursor or None). Cursors are opaque and of this list only."""
        start, hollow = self.open_cursor(cursor), self.hollow and self.of_lines and cursor is None
        size = min(size or self.page_size, self.page_size)
        if hollow:
            return [], seal({"at": 0})
        end = start + size
        return rows[start:end], seal({"at": end}) if end < len(rows) else None

    def open_cursor(self, cursor):
        if cursor is None:
            return 0
        value = unseal(cursor)
        if not isinstance(value.get("at"), int):
            self.refuse(400, "invalid cursor")
        return value["at"]


ENDING = ("direct_debit", "emoney")                       # links that the account itself keeps
SHARING = ("consent", "recurring_consent", "app")         # links to a third party that reads or asks


def seal(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def unseal(text):
    try:
        value = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        raise Wrong("invalid cursor") from None
    if not isinstance(value, dict):
        raise Wrong("invalid cursor")
    return value


def said(reply):
    return {"status": reply.status, "body": reply.body.decode()}


def same(given, kept):
    """Compares secrets."""
    return given is not None and secrets.compare_digest(given.encode("utf-8", "replace"), kept.encode())


def secret(prefix=""):
    return prefix + secrets.token_urlsafe(24)
