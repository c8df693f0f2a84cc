# SPDX-License-Identifier: GPL-3.0-or-later
"""A SimpleFIN server over a world: setup token → claim, once → access URL → /info and /accounts, v1 and v2.

It promises that a setup token works once, that amounts are decimal strings with exactly the currency's
digits, and that after a revocation every answer is 403. Its password needs percent-encoding on purpose.
"""

import base64
import secrets
import urllib.parse

from provider import Provider, same
from reply import Refusal, Reply
from story import instant_of
from values import decimal

ROOT = "/simplefin"


class SimpleFin(Provider):
    provider = "simplefin"
    root = ROOT
    SAVED = ["claim_id", "user", "password", "claimed", "access_revoked"]
    BEHAVES = ("con_auth", "version", "access_host")
    LINES = "*/accounts"
    LINE_STATE, ACCOUNT_ID = "pending", "conn_id"
    ROUTES = [
        ("POST", "/claim/([^/]+)", "claim"),
        ("GET", "/info", "info"),
        ("GET", "/accounts", "accounts"),
    ]

    def setup(self):
        self.version = self.options.version
        self.claim_id = secrets.token_urlsafe(18)
        self.user = secrets.token_hex(8)
        self.password = "p@ss/%s:%%" % secrets.token_hex(6)
        self.claimed = False
        self.con_auth = False
        self.access_host = None

    def needs(self):
        claim = "%s%s/claim/%s" % (self.origin, ROOT, self.claim_id)
        return {"token": base64.b64encode(claim.encode()).decode()}

    def evicted(self):
        return Reply.text("Forbidden", 403)

    def refuse(self, status, sentence):
        raise Refusal(Reply.text(sentence.capitalize(), status))

    # --- answering

    def greet(self, request):
        if request.path == ROOT + "/accounts" and not self.is_known(request.basic()):
            self.refuse(403, "forbidden")

    def info(self, request):
        return {"versions": ["1.0"]}

    def claim(self, request, claim_id):
        if self.claimed or not secrets.compare_digest(claim_id.encode(), self.claim_id.encode()):
            self.refuse(403, "forbidden")
        self.claimed = True
        return Reply.text(self.access_url())

    def access_url(self):
        scheme, rest = self.origin.split("://")
        quote = lambda text: urllib.parse.quote(text, safe="")
        return "%s://%s:%s@%s%s" % (scheme, quote(self.user), quote(self.password), self.access_host or rest, ROOT)

    def is_known(self, given):
        return (given is not None and self.claimed and not self.access_revoked
                and same(":".join(given), "%s:%s" % (self.user, self.password)))

    def accounts(self, request):
        wanted = [value for name, value in request.pairs if name == "account"]
        chosen = [a for a in self.world.accounts.values() if not wanted or a.id in wanted]
        out = [a for a in chosen if a.is_out("accounts", self.world.now) or a.is_out("transactions", self.world.now)]
        if out:
            self.refuse(503, "service unavailable")
        window = (float(request.query.get("start-date", "-inf")), float(request.query.get("end-date", "inf")))
        rows = [self.account_row(a, request.query, window) for a in chosen]
        return Reply.json(self.envelope(request.query.get("version") == "2" and self.version == 2, chosen, rows))

    def envelope(self, v2, chosen, rows):
        banks = sorted({a.bank for a in chosen})
        if not v2:
            errors = ["You must reauthenticate."] if self.con_auth else []
            return {"errors": errors, "accounts": [
                dict(org={"domain": "%s.example" % a.bank, "sfin-url": "https://%s.example/sfin" % a.bank}, **row)
                for a, row in zip(chosen, rows)]}
        errlist = [{"code": "con.auth", "message": "Authentication required", "conn_id": connection_id(b)}
                   for b in banks if self.con_auth]
        return {"errlist": errlist, "connections": [connection_row(b) for b in banks],
                "accounts": [dict(row, conn_id=connection_id(a.bank)) for a, row in zip(chosen, rows)]}

    def account_row(self, account, query, window):
        row = {"id": account.id, "name": account.name, "currency": account.currency,
               "balance": decimal(account.currency, account.booked),
               "available-balance": decimal(account.currency, account.available),
               "balance-date": int(self.world.now), "transactions": []}
        if "balances-only" not in query:
            row["transactions"] = self.transaction_rows(account, "pending" in query, window)
        return row

    def transaction_rows(self, account, with_pending, window):
        rows = []
        for line in account.lines.values():
            visible = line["state"] == "booked" or (line["state"] == "pending" and with_pending and account.pending_listed)
            if visible and window[0] <= posted(line) < window[1]:
                rows.append(transaction_row(account, line))
        return sorted(rows, key=lambda row: row["posted"])


def posted(line):
    """The booking date, as an instant of that date in UTC."""
    return int(instant_of(dict(line, time=None)))


def transaction_row(account, line):
    row = {"id": line["id"], "posted": posted(line), "description": line["descriptor"],
           "amount": decimal(line.get("currency", account.currency), line["amount"])}
    if line["state"] == "pending":
        row["pending"] = True
    if line.get("time"):
        row["transacted_at"] = int(line["time"])
    if line.get("counterparty"):
        row["payee"] = line["counterparty"]
    return row


def connection_id(bank):
    return "CON-%s" % bank


def connection_row(bank):
    return {"conn_id": connection_id(bank), "name": "%s - Koban" % bank, "org_id": "INST-%s" % bank, "org_name": bank,
            "org_url": "https://%s.example" % bank, "sfin_url": "https://%s.example/sfin" % bank}

