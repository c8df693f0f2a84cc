# SPDX-License-Identifier: GPL-3.0-or-later
"""Up's API v1 (JSON:API): accounts, transactions newest first, webhooks; pages only by the URL in links.next.

The third parties of a story that read (consents, apps) are webhooks here: a URL that hears of every transaction.
"""

import urllib.parse

from provider import SHARING, Provider, same, secret
from reply import Reply, Wrong
from story import parse_time
from values import booked_at, decimal, happened, payee, second, uid

ID = "([0-9a-f-]{36})"
TYPES = {"card": "Purchase", "direct_debit": "Direct Debit", "standing_order": "Scheduled Transfer", "transfer": "Payment",
         "cash": "ATM Cash Out", "fee": "International Fee", "credit": "Deposit"}


class Up(Provider):
    provider = "up"
    root = "/api/v1"
    page_size = 100
    NEXT, LINE_ID, LINE_STATE, ACCOUNT_ID = "next", "id", "status", "id"
    SAVED = ["secret", "access_revoked"]
    ROUTES = [
        ("GET", "/util/ping", "ping"),
        ("GET", "/accounts", "accounts"),
        ("GET", "/accounts/%s" % ID, "one_account"),
        ("GET", "/accounts/%s/transactions" % ID, "transactions"),
        ("GET", "/transactions", "transactions"),
        ("GET", "/webhooks", "webhooks"),
        ("DELETE", "/webhooks/%s" % ID, "delete_webhook"),
    ]

    def setup(self):
        self.secret = secret("up:yeah:")

    def needs(self):
        return {"token": self.secret}

    def error(self, status, sentence):
        title = {400: "Bad Request", 401: "Not Authorized", 404: "Not Found", 429: "Too Many Requests"}.get(status, "Error")
        return {"errors": [{"status": str(status), "title": title, "detail": sentence}]}

    def greet(self, request):
        self.check(same(request.bearer(), self.secret), 401, "The request was not authenticated.")

    def answer(self, request):
        reply = super().answer(request)
        reply.headers["X-RateLimit-Remaining"] = "990"
        return reply

    def ping(self, request):
        return {"meta": {"id": uid("customer"), "statusEmoji": "⚡️"}}

    def accounts(self, request):
        request.only("page[size]", "page[after]", "filter[accountType]", "filter[ownershipType]")
        return self.listed(request, [self.account_row(a) for a in self.accounts_of("accounts")])

    def one_account(self, request, account_id):
        return {"data": self.account_row(self.account(account_id, account_uid))}

    def transactions(self, request, account_id=None):
        _, _, state, since, until, _, _ = request.only("page[size]", "page[after]", "filter[status]", "filter[since]",
                                                       "filter[until]", "filter[category]", "filter[tag]")
        if state not in (None, "HELD", "SETTLED"):
            raise Wrong("filter[status] must be HELD or SETTLED")
        low, high = instant(since, float("-inf")), instant(until, float("inf"))
        owners = [self.account(account_id, account_uid)] if account_id else list(self.world.accounts.values())
        found = [(line, self.transaction_row(owner, line)) for owner in owners for line in self.lines(owner)
                 if low <= happened(line) < high]
        found.sort(key=lambda pair: happened(pair[0]), reverse=True)
        return self.listed(request, [row for _, row in found if state in (None, row["attributes"]["status"])])

    def webhooks(self, request):
        request.only("page[size]", "page[after]")
        return self.listed(request, [self.webhook_row(a, k) for a, k in self.links(SHARING) if k["status"] == "active"])

    def delete_webhook(self, request, webhook_id):
        self.end_link(SHARING, webhook_uid, webhook_id)
        return Reply.nothing()

    def listed(self, request, rows):
        size = request.query.get("page[size]", "30")
        if not size.isdigit() or not 1 <= int(size) <= 100:
            raise Wrong("page[size] must be between 1 and 100")
        data, after = self.page(rows, request.query.get("page[after]"), int(size))
        pairs = [(k, v) for k, v in request.pairs if k != "page[after]"] + [("page[after]", after)]
        here = self.url + request.path[len(self.root):]
        return {"data": data, "links": {"prev": None, "next": here + "?" + urllib.parse.urlencode(pairs) if after else None}}

    def account_row(self, account):
        here = "%s/accounts/%s" % (self.url, account_uid(account))
        return {"type": "accounts", "id": account_uid(account),
                "attributes": {"displayName": account.name, "accountType": "TRANSACTIONAL", "ownershipType": "INDIVIDUAL",
                               "balance": money(account.currency, account.available),
                               "createdAt": second(self.world.story.monitor_from - 2000 * 86400)},
                "relationships": {"transactions": {"links": {"related": here + "/transactions"}}}, "links": {"self": here}}

    def transaction_row(self, account, line):
        """The id is that of the first form of the line: a hold keeps it when it settles."""
        held, currency = line["state"] == "pending", line.get("currency", account.currency)
        made_with = {"method": "CONTACTLESS", "cardNumberSuffix": "0001"} if line.get("type") == "card" else None
        return {"type": "transactions", "id": uid("item", account.id, line["origin"]),
                "attributes": {
                    "status": "HELD" if held else "SETTLED", "rawText": line["descriptor"], "description": payee(line),
                    "message": None, "isCategorizable": True,
                    "holdInfo": {"amount": money(currency, line["amount"]), "foreignAmount": None} if held else None,
                    "roundUp": None, "cashback": None, "amount": money(currency, line["amount"]), "foreignAmount": None,
                    "cardPurchaseMethod": made_with, "settledAt": None if held else second(booked_at(line)),
                    "createdAt": second(happened(line)), "transactionType": TYPES.get(line.get("type")), "note": None,
                    "performingCustomer": None},
                "relationships": {
                    "account": {"data": {"type": "accounts", "id": account_uid(account)}}, "transferAccount": {"data": None},
                    "category": {"data": None}, "parentCategory": {"data": None}, "tags": {"data": []},
                    "attachment": {"data": None}},
                "links": {"self": "%s/transactions/%s" % (self.url, uid("item", account.id, line["origin"]))}}

    def webhook_row(self, account, link):
        here = "%s/webhooks/%s" % (self.url, webhook_uid(account, link))
        return {"type": "webhooks", "id": webhook_uid(account, link),
                "attributes": {"url": "https://%s.example/hook" % uid("host", link["name"])[:8], "description": link["name"],
                               "createdAt": second(link["made"])},
                "relationships": {"logs": {"links": {"related": here + "/logs"}}}, "links": {"self": here}}


def account_uid(account):
    return uid("account", account.id)


def webhook_uid(account, link):
    return uid("webhook", account.id, link["link_id"])


def money(currency, minor_units):
    return {"currencyCode": currency, "value": decimal(currency, minor_units), "valueInBaseUnits": minor_units}


def instant(text, otherwise):
    if text is None:
        return otherwise
    try:
        return parse_time(text)
    except ValueError:
        raise Wrong("not an RFC 3339 date-time: %s" % text) from None
