# SPDX-License-Identifier: GPL-3.0-or-later
"""Plaid's API 2020-09-14: everything is a POST, the Item's token is in the body, money out is positive.

/transactions/sync tells what was added, modified and removed since a cursor; when the world moves between two pages
of one round, the round is to begin again.
"""

import hashlib

from provider import Provider, same, seal, secret, unseal
from reply import Refusal, Reply
from values import day, digits, happened, number, second, uid

CODES = {"direct_debit": "direct debit", "standing_order": "standing order", "cash": "atm", "transfer": "transfer",
         "fee": "bank charge", "card": "purchase"}
KINDS = {400: ("INVALID_REQUEST", "INVALID_BODY"), 401: ("INVALID_INPUT", "INVALID_API_KEYS"),
         404: ("INVALID_REQUEST", "NOT_FOUND"), 405: ("INVALID_REQUEST", "NOT_FOUND"),
         429: ("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT"), 503: ("INSTITUTION_ERROR", "INSTITUTION_DOWN")}
BODY = ("client_id", "secret")


class Plaid(Provider):
    provider = "plaid"
    page_size = 500
    LINES, NEXT = "/transactions/sync", "next_cursor"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "transaction_id", "transaction_code", "account_id"
    SAVED = ["client_id", "secret", "access_token", "access_revoked"]
    ROUTES = [
        ("POST", "/accounts/get", "accounts"),
        ("POST", "/accounts/balance/get", "accounts"),
        ("POST", "/transactions/sync", "sync"),
        ("POST", "/item/get", "item_get"),
        ("POST", "/item/remove", "item_remove"),
        ("POST", "/item/application/list", "not_for_you"),
    ]

    def setup(self):
        self.client_id, self.secret = secret()[:24], secret()[:30]
        self.access_token = "access-sandbox-" + uid("access", self.secret)

    def needs(self):
        return {"client_id": self.client_id, "client_secret": self.secret, "access_token": self.access_token}

    def hostile(self):
        gone = '[{"transaction_id":"%s","account_id":"%s"}]'
        return dict(super().hostile(), removed={
            "what": "set", "path": self.LINES, "key": "removed", "count": 0,
            "value": gone % (uid("never", "told"), uid("account", "never"))})

    def error(self, status, sentence, code=None):
        kind, own = KINDS.get(status, ("API_ERROR", "INTERNAL_SERVER_ERROR"))
        return {"error_type": kind, "error_code": code or own, "error_message": sentence, "display_message": None,
                "request_id": self.request_id()}

    def evicted(self):
        return Reply.json(dict(self.error(400, "the login details of this item have changed", "ITEM_LOGIN_REQUIRED"),
                               error_type="ITEM_ERROR"), 400)

    def request_id(self):
        return hashlib.sha256(secret().encode()).hexdigest()[:15]

    def greet(self, request):
        if request.headers.get("Plaid-Version", "2020-09-14") != "2020-09-14":
            self.refuse(400, "unknown Plaid-Version")

    def open_item(self, request, *optional):
        """The body; whose keys and token are those of this Item."""
        body = request.json(("access_token",), BODY + optional)
        keys = [request.headers.get("PLAID-CLIENT-ID", body.get("client_id")), request.headers.get("PLAID-SECRET", body.get("secret"))]
        if not (same(keys[0], self.client_id) and same(keys[1], self.secret)):
            raise Refusal(Reply.json(self.error(401, "invalid client_id or secret provided"), 400))
        if self.access_revoked or not same(body["access_token"], self.access_token):
            raise Refusal(Reply.json(self.error(401, "could not find matching access token", "INVALID_ACCESS_TOKEN"), 400))
        return body

    def accounts(self, request):
        self.open_item(request, "options")
        return {"accounts": [account_row(a) for a in self.accounts_of("accounts")], "item": self.item(),
                "request_id": self.request_id()}

    def sync(self, request):
        body = self.open_item(request, "cursor", "count", "options")
        now = max(a["changed"] for a in [{"changed": 0}] + [line for account in self.world.accounts.values()
                                                           for line in account.lines.values()])
        place = unseal(body["cursor"]) if body.get("cursor") else {"since": 0, "until": now, "at": 0}
        if place["at"] and place["until"] != now:
            kind = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
            raise Refusal(Reply.json(dict(self.error(400, "transactions changed while they were read", kind),
                                          error_type="TRANSACTIONS_ERROR"), 400))
        changes = self.changes(place["since"])
        size = min(body.get("count", 100), self.page_size)
        page, end = changes[place["at"]:place["at"] + size], place["at"] + size
        more = end < len(changes)
        following = {"since": place["since"], "until": now, "at": end} if more else {"since": now, "until": now, "at": 0}
        return {"added": [row for what, row in page if what == "added"], "modified": [],
                "removed": [row for what, row in page if what == "removed"], "accounts": [account_row(a) for a in self.accounts_of("accounts")],
                "next_cursor": seal(following), "has_more": more, "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
                "request_id": self.request_id()}

    def changes(self, since):
        """(added or removed, row) in order of time. A booked line removes its pending one and names it."""
        out = []
        for account in self.world.accounts.values():
            for line in self.lines(account, ("pending", "booked", "cancelled")):
                known, fresh = line["made"] <= since, line["changed"] > since
                before = line.get("pending_id") if line["state"] == "booked" else None
                if fresh and known and (before or line["state"] == "cancelled"):
                    out.append((line["changed"], "removed", gone_row(account, before or line["id"])))
                if fresh and line["state"] != "cancelled":
                    out.append((line["changed"], "added", transaction_row(account, line, before)))
        return [(what, row) for _, what, row in sorted(out, key=lambda change: change[0])]

    def item(self):
        return {"item_id": uid("item"), "institution_id": "ins_1", "institution_name": self.banks()[0], "webhook": None,
                "error": None, "available_products": ["balance"], "billed_products": ["transactions"],
                "products": ["transactions"], "consented_products": ["transactions"], "consent_expiration_time": None,
                "update_type": "background"}

    def item_get(self, request):
        self.open_item(request)
        made = {"created_at": second(self.world.story.monitor_from - 86400), "consented_use_cases": ["Verify your account"],
                "consented_data_scopes": ["account_balance_info", "transactions"]}
        heard = {"last_successful_update": second(self.world.now), "last_failed_update": None}
        return {"item": dict(self.item(), **made), "status": {"transactions": heard, "investments": None, "last_webhook": None},
                "request_id": self.request_id()}

    def item_remove(self, request):
        self.open_item(request, "reason_code", "reason_note")
        if self.revoke_how != "ignore":
            self.revoke_access()
        return {"request_id": self.request_id()}

    def not_for_you(self, request):
        self.open_item(request)
        raise Refusal(Reply.json(self.error(400, "client is not authorized to access the following products", "INVALID_PRODUCT"), 400))


def account_row(account):
    return {"account_id": uid("account", account.id), "mask": digits("number/" + account.id, 4), "name": account.name,
            "official_name": None, "type": "depository", "subtype": "checking", "holder_category": "personal",
            "persistent_account_id": uid("persistent", account.id),
            "balances": {"available": number(account.currency, account.available), "current": number(account.currency, account.booked),
                         "limit": None, "iso_currency_code": account.currency, "unofficial_currency_code": None}}


def gone_row(account, name):
    return {"transaction_id": uid("item", account.id, name), "account_id": uid("account", account.id)}


def transaction_row(account, line, before):
    card = line.get("type") == "card"
    nowhere = dict.fromkeys(("address", "city", "region", "postal_code", "country", "lat", "lon", "store_number"))
    meta = dict.fromkeys(("reference_number", "ppd_id", "payee", "by_order_of", "payer", "payment_method", "payment_processor", "reason"))
    return dict(gone_row(account, line["id"]), amount=number(account.currency, -line["amount"]), iso_currency_code=account.currency,
                unofficial_currency_code=None, date=line["date"], datetime=None, authorized_date=day(happened(line)),
                authorized_datetime=None, name=line["descriptor"], merchant_name=line.get("counterparty"), pending=line["state"] == "pending",
                pending_transaction_id=before and uid("item", account.id, before), account_owner=None,
                check_number=None, location=nowhere, payment_meta=dict(meta, ppd_id=line.get("counterparty_id")),
                payment_channel="in store" if card else "other", transaction_code=CODES.get(line.get("type")),
                transaction_type="place" if card else "special")
