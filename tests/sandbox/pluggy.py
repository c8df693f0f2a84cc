# SPDX-License-Identifier: GPL-3.0-or-later
"""Pluggy as a person meets it through MeuPluggy: keys are exchanged for one of two hours, items by pasted id.

An item is the access to one bank, with the Open Finance consent that carries it.
"""

import urllib.parse

from provider import Provider, same, secret
from reply import Reply, Wrong
from values import booked_at, digits, number, payee, stamp, uid

METHODS = {"transfer": "PIX", "standing_order": "TED", "direct_debit": "BOLETO", "credit": "PIX"}
ID = "([0-9a-f-]{36})"
KEY_LASTS_S = 7200


class Pluggy(Provider):
    provider = "pluggy"
    LINES = "*/transactions"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "id", "status", "accountId"
    SAVED = ["client_id", "client_secret", "access_revoked", "keys", "ended"]
    ROUTES = [
        ("POST", "/auth", "sign_in"),
        ("GET", "/items/%s" % ID, "item"),
        ("DELETE", "/items/%s" % ID, "end_item"),
        ("GET", "/accounts", "accounts"),
        ("GET", "/accounts/%s" % ID, "one_account"),
        ("GET", "/v2/transactions", "transactions"),
        ("GET", "/transactions", "old_transactions"),
        ("GET", "/consents", "consents"),
    ]

    def setup(self):
        self.client_id, self.client_secret = uid("client"), secret()
        self.keys = {}      # API key → until
        self.ended = []     # items

    def needs(self):
        return {"client_id": self.client_id, "client_secret": self.client_secret, "item_ids": " ".join(item_id(bank) for bank in self.banks())}

    def error(self, status, sentence):
        return {"code": status, "message": sentence}

    def evicted(self):
        return Reply.json(self.error(403, "Missing or invalid authorization token"), 403)

    def greet(self, request):
        if request.path == "/auth":
            return
        key = request.headers.get("X-API-KEY", "")
        self.check(self.keys.get(key, 0) > self.now(), 403, "Missing or invalid authorization token")

    def sign_in(self, request):
        given = request.json(("clientId", "clientSecret"), ("nonExpiring", "clientUserId"))
        self.check(same(given["clientId"], self.client_id) and same(given["clientSecret"], self.client_secret), 401,
                   "Client keys are invalid")
        key = secret("eyJhbGciOiJSUzI1NiJ9.")
        self.keys[key] = self.now() + KEY_LASTS_S
        return {"apiKey": key}

    def item(self, request, wanted):
        bank = self.bank_of(wanted)
        return {"id": wanted, "connector": {"id": 200, "name": "MeuPluggy"}, "status": "UPDATED", "executionStatus": "SUCCESS",
                "createdAt": stamp(self.world.story.monitor_from - 86400), "updatedAt": stamp(self.world.now),
                "lastUpdatedAt": stamp(self.world.now), "clientUserId": bank, "error": None,
                "consentExpiresAt": stamp(self.world.story.monitor_from + 300 * 86400)}

    def end_item(self, request, wanted):
        self.bank_of(wanted)
        if self.revoke_how != "ignore":
            self.ended.append(wanted)
        return {"count": 1}

    def accounts(self, request):
        wanted, _, page, _ = request.only("itemId", "type", "page", "pageSize")
        if wanted is None:
            raise Wrong("itemId is missing")
        return self.numbered([account_row(a) for a in self.accounts_of("accounts", self.bank_of(wanted))], page, None)

    def one_account(self, request, account_id):
        return account_row(self.find(account_id))

    def transactions(self, request):
        """By cursor: `next` is a relative URL whose `after` opens the page that follows."""
        account_id, since, _, until, made, after = request.only("accountId", "dateFrom", "ids", "dateTo", "createdAtFrom", "after")
        rows = self.rows(account_id, since, until, made)
        page, following = self.page(rows, after)
        pairs = [(k, v) for k, v in request.pairs if k != "after"] + [("after", following)]
        here = self.url + request.path
        return {"results": page, "next": here + "?" + urllib.parse.urlencode(pairs) if following else None}

    def old_transactions(self, request):
        account_id, since, until, made, page, size = request.only("accountId", "from", "to", "createdAtFrom", "page", "pageSize")
        return self.numbered(self.rows(account_id, since, until, made), page, size)

    def consents(self, request):
        wanted, = request.only("itemId")
        bank = self.bank_of(wanted)
        row = {"id": uid("consent", bank), "itemId": wanted, "products": ["ACCOUNTS", "TRANSACTIONS"],
               "openFinancePermissionsGranted": ["ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ", "ACCOUNTS_TRANSACTIONS_READ"],
               "createdAt": stamp(self.world.story.monitor_from - 86400),
               "expiresAt": stamp(self.world.story.monitor_from + 300 * 86400), "revokedAt": None}
        return self.numbered([row], None, None)

    def rows(self, account_id, since, until, made):
        if account_id is None:
            raise Wrong("accountId is missing")
        account = self.find(account_id)
        rows = [transaction_row(account, line) for line in self.lines(account)]
        rows = [r for r in rows if (since or "") <= r["date"][:len(since or "")] and (made or "") <= r["createdAt"]
                and (until is None or r["date"][:len(until)] <= until)]
        return sorted(rows, key=lambda row: row["date"], reverse=True)

    def numbered(self, rows, page, size):
        """Pages by number, from 1."""
        try:
            page, size = int(page or 1), min(int(size or self.page_size), self.page_size)
        except ValueError:
            raise Wrong("page and pageSize are numbers") from None
        return {"total": len(rows), "totalPages": max(1, -(-len(rows) // size)), "page": page,
                "results": rows[(page - 1) * size:page * size]}

    def bank_of(self, wanted):
        for bank in self.banks():
            if item_id(bank) == wanted and wanted not in self.ended:
                return bank
        return self.refuse(404, "item not found")

    def find(self, account_id):
        account = self.account(account_id, lambda a: uid("account", a.id))
        self.bank_of(item_id(account.bank))
        return account


def item_id(bank):
    return uid("item", bank)


def account_row(account):
    return {"id": uid("account", account.id), "itemId": item_id(account.bank), "type": "BANK", "subtype": "CHECKING_ACCOUNT",
            "number": "0001/%s-7" % digits("number/" + account.id, 5), "name": account.name, "marketingName": None,
            "balance": number(account.currency, account.booked), "currencyCode": account.currency, "owner": "A Person",
            "taxNumber": None, "creditData": None,
            "bankData": {"transferNumber": "123/0001/" + digits("number/" + account.id, 5),
                         "closingBalance": number(account.currency, account.available)}}


def transaction_row(account, line):
    out = line["amount"] < 0
    other = {"name": payee(line), "documentNumber": {"type": "CNPJ", "value": digits("document/" + payee(line), 14)}}
    return {"id": uid("item", account.id, line["id"]), "accountId": uid("account", account.id), "date": stamp(booked_at(line)),
            "description": line["descriptor"], "descriptionRaw": line["descriptor"], "currencyCode": account.currency,
            "amount": number(account.currency, line["amount"]), "amountInAccountCurrency": None,
            "type": "DEBIT" if out else "CREDIT", "status": "PENDING" if line["state"] == "pending" else "POSTED",
            "balance": None, "category": None, "providerCode": None, "createdAt": stamp(line["made"]),
            "updatedAt": stamp(line["changed"]),
            "paymentData": {"payer": None if out else other, "receiver": other if out else None, "reason": None,
                            "paymentMethod": METHODS.get(line.get("type")), "referenceNumber": line.get("mandate_ref")}}
