# SPDX-License-Identifier: GPL-3.0-or-later
"""Akahu's personal app API v1: two fixed headers, an envelope, pages by cursor.next, pending rows without ids.

An authorisation is the access to one bank; its accounts leave with it.
"""

from provider import Provider, same, secret
from reply import Wrong
from story import parse_time
from values import booked_at, digits, happened, number, payee, stamp, uid

TYPES = {"card": "EFTPOS", "direct_debit": "DIRECT DEBIT", "standing_order": "STANDING ORDER", "transfer": "PAYMENT",
         "cash": "ATM", "fee": "FEE", "credit": "CREDIT"}
NAME = "([a-z]+_[0-9a-z]+)"


class Akahu(Provider):
    provider = "akahu"
    root = "/v1"
    page_size = 100
    LINES = "*/transactions"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "_id", "type", "_account"
    SAVED = ["user_token", "app_token", "access_revoked", "ended"]
    ROUTES = [
        ("GET", "/me", "me"),
        ("GET", "/accounts", "accounts"),
        ("GET", "/accounts/%s" % NAME, "one_account"),
        ("GET", "/accounts/%s/transactions" % NAME, "transactions"),
        ("GET", "/accounts/%s/transactions/pending" % NAME, "pending"),
        ("GET", "/transactions", "transactions"),
        ("GET", "/transactions/pending", "pending"),
        ("POST", "/refresh", "refresh"),
        ("POST", "/refresh/%s" % NAME, "refresh"),
        ("DELETE", "/authorisations/%s" % NAME, "end_authorisation"),
        ("DELETE", "/token", "end_token"),
    ]

    def setup(self):
        self.user_token, self.app_token = secret("user_token_"), secret("app_token_")
        self.ended = []      # authorisations

    def needs(self):
        return {"user_token": self.user_token, "app_token": self.app_token}

    def error(self, status, sentence):
        return {"success": False, "message": sentence}

    def greet(self, request):
        self.check(same(request.headers.get("X-Akahu-Id"), self.app_token), 401, "Invalid app ID token")
        self.check(same(request.bearer(), self.user_token), 401, "Unauthorized")

    def me(self, request):
        return {"success": True, "item": {"_id": name("user", "me"), "email": "me@example.com"}}

    def open_accounts(self):
        return [a for a in self.accounts_of("accounts") if authorisation(a) not in self.ended]

    def accounts(self, request):
        request.only()
        return {"success": True, "items": [account_row(a, self.world.now) for a in self.open_accounts()]}

    def one_account(self, request, account_id):
        return {"success": True, "item": account_row(self.find(account_id), self.world.now)}

    def transactions(self, request, account_id=None):
        start, end, cursor = request.only("start", "end", "cursor")
        low = moment(start, self.world.now - 30 * 86400)
        high = moment(end, float("inf"))
        found = [(a, line) for a in self.chosen(account_id) for line in self.lines(a, ("booked",))
                 if low < booked_at(line) <= high]
        found.sort(key=lambda pair: booked_at(pair[1]), reverse=True)
        rows, following = self.page([transaction_row(a, line) for a, line in found], cursor)
        return {"success": True, "items": rows, "cursor": {"next": following}}

    def pending(self, request, account_id=None):
        request.only()
        rows = [pending_row(a, line) for a in self.chosen(account_id) for line in self.lines(a, ("pending",))]
        return {"success": True, "items": rows}

    def refresh(self, request, what=None):
        return {"success": True}

    def end_authorisation(self, request, authorisation_id):
        if authorisation_id not in [authorisation(a) for a in self.open_accounts()]:
            self.refuse(404, "Authorisation not found")
        if self.revoke_how != "ignore":
            self.ended.append(authorisation_id)
        return {"success": True}

    def end_token(self, request):
        self.revoke_access()
        return {"success": True}

    def chosen(self, account_id):
        return [self.find(account_id)] if account_id else self.open_accounts()

    def find(self, account_id):
        account = self.account(account_id, lambda a: name("acc", a.id))
        return account if authorisation(account) not in self.ended else self.refuse(404, "Account not found")


def name(kind, *names):
    """An id as Akahu writes it."""
    return "%s_%s" % (kind, uid(kind, *names).replace("-", "")[:24])


def authorisation(account):
    return name("auth", account.bank)


def account_row(account, now):
    seen = stamp(now)
    return {"_id": name("acc", account.id), "_authorisation": authorisation(account),
            "connection": {"_id": name("conn", account.bank), "name": account.bank, "logo": "https://logos.example/bank.png",
                           "connection_type": "official"},
            "name": account.name, "status": "ACTIVE", "type": "CHECKING", "attributes": ["TRANSACTIONS", "PAYMENT_FROM"],
            "formatted_account": "01-0102-%s-00" % digits("number/" + account.id, 7),
            "balance": {"currency": account.currency, "current": number(account.currency, account.booked),
                        "available": number(account.currency, account.available), "overdrawn": account.booked < 0},
            "payment_consents": [], "meta": {"holder": "A Person"},
            "refreshed": {"balance": seen, "meta": seen, "transactions": seen, "party": seen}}


def transaction_row(account, line):
    row = {"_id": name("trans", account.id, line["id"]), "_account": name("acc", account.id), "_user": name("user", "me"),
           "_connection": name("conn", account.bank), "created_at": stamp(line["made"]), "updated_at": stamp(line["changed"]),
           "date": stamp(booked_at(line)), "description": line["descriptor"],
           "amount": number(account.currency, line["amount"]), "type": TYPES.get(line.get("type"), default_type(line))}
    if line.get("type") == "card":
        row["merchant"] = {"_id": name("merchant", payee(line)), "name": payee(line)}
    else:
        row["meta"] = {"reference": line.get("mandate_ref") or line["descriptor"][:12], "particulars": payee(line)[:12],
                       "other_account": "12-3456-%s-00" % digits("other/" + payee(line), 7)}
    return row


def pending_row(account, line):
    return {"_account": name("acc", account.id), "_user": name("user", "me"), "_connection": name("conn", account.bank),
            "updated_at": stamp(line["changed"]), "date": stamp(happened(line)), "description": line["descriptor"],
            "amount": number(account.currency, line["amount"]), "type": TYPES.get(line.get("type"), default_type(line))}


def default_type(line):
    return "DEBIT" if line["amount"] < 0 else "CREDIT"


def moment(text, otherwise):
    try:
        return otherwise if text is None else parse_time(text)
    except ValueError:
        raise Wrong("not an ISO 8601 date-time: %s" % text) from None
