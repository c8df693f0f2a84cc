# SPDX-License-Identifier: GPL-3.0-or-later
"""Starling's personal API v2 over a world: the shapes of the vendor's published example replies.

It promises that the same story id is always the same UUID, that amounts are unsigned minor units with
a direction, that only a token with mandate:delete may cancel, and that a standing order is cancelled only by a
request that the key of the developer portal signed.
"""

import base64
import hashlib
import re

import keys
from provider import ENDING, SHARING, Provider, same, secret
from reply import Refusal, Reply, Wrong
from story import parse_time
from values import booked_at, day, digits, happened, iban, payee, stamp, uid

READ_SCOPES = ["account:read", "account-list:read", "account-identifier:read", "balance:read", "transaction:read",
               "mandate:read", "standing-order:read", "payee:read"]
DELETE_SCOPES = ["mandate:delete", "standing-order:delete"]
SOURCES = {"card": "MASTER_CARD", "direct_debit": "DIRECT_DEBIT", "standing_order": "STANDING_ORDER",
           "cash": "CASH_WITHDRAWAL", "fee": "SUBSCRIPTION_CHARGE", "credit": "FASTER_PAYMENTS_IN",
           "transfer": "FASTER_PAYMENTS_OUT"}
STATUSES = {"pending": "PENDING", "booked": "SETTLED", "cancelled": "REVERSED"}
MANDATE_STATUSES = {"active": "LIVE", "revoked": "CANCELLED", "gone": "CANCELLED", "expired": "EXPIRED"}


def money(currency, minor_units):
    return {"currency": currency, "minorUnits": minor_units}


MANDATES = ENDING + SHARING        # whatever is no standing order is shown as a mandate
ORDERS = ("standing_order",)
ID = "([0-9a-f-]{36})"
FEED = "/api/v2/feed/account/%s/category/%s" % (ID, ID)
MANDATE = "/api/v2/direct-debit/mandates"
ORDER = "/api/v2/payments/local/account/%s/category/%s/standing-orders" % (ID, ID)


class Starling(Provider):
    provider = "starling"
    ROUTES = [
        ("GET", "/api/v2/identity/token", "identity"),
        ("GET", "/api/v2/accounts", "accounts"),
        ("GET", "/api/v2/accounts/%s/identifiers" % ID, "identifiers"),
        ("GET", "/api/v2/accounts/%s/balance" % ID, "balance"),
        ("GET", FEED, "changed_since"),
        ("GET", FEED + "/transactions-between", "between"),
        ("GET", MANDATE, "mandates"),
        ("GET", MANDATE + "/account/%s" % ID, "mandates"),
        ("GET", MANDATE + "/%s" % ID, "mandate"),
        ("DELETE", MANDATE + "/%s" % ID, "cancel_mandate"),
        ("GET", ORDER, "standing_orders"),
        ("DELETE", ORDER + "/%s" % ID, "cancel_order"),
        ("GET", "/api/v2/payees", "payees"),
    ]
    SAVED = ["tokens", "revoked_tokens"]
    LINES = "*/feed/account/*"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "feedItemUid", "status", "categoryUid"

    def setup(self):
        self.tokens = {"watch": secret(), "revoke": secret()}
        self.revoked_tokens = []
        self.key, self.public = keys.make_pair(self.options.keys, "starling")

    # --- what the starter and the control port need

    def ready(self, url):
        return dict(super().ready(url), revoke_token=self.tokens["revoke"], signing_key=self.key, signing_key_id=uid("key"))

    def needs(self):
        return {"token": self.tokens["watch"]}

    def revoke_access(self, token="watch"):
        self.revoked_tokens.append(token)

    def evicted(self):
        return deny(401, "Could not validate provided access token")

    def error(self, status, sentence):
        return {"errors": [{"message": sentence}], "success": False}

    # --- answering

    def greet(self, request):
        given = request.headers.get("Authorization", "")
        if not given:
            raise Refusal(deny(401, "No access token provided in request. `Header: Authorization` must be set"))
        bearer, _, request.signature = given.partition(";Signature ")
        held = [name for name, token in self.tokens.items() if same(bearer, "Bearer " + token)]
        if not held or held[0] in self.revoked_tokens:
            raise Refusal(deny(401, "Could not validate provided access token"))
        request.holder = held[0]

    def need_scope(self, request, scope):
        if request.holder != "revoke":
            raise Refusal(deny(403, "This action requires the scope " + scope, error="insufficient_scope"))

    def must_be_signed(self, request):
        """The vendor's message signing: over the request line, Date and Digest, with the key of the developer portal."""
        said = dict(re.findall(r'(\w+)="([^"]*)"', request.signature))
        date, digest = request.headers.get("Date", ""), request.headers.get("Digest", "")
        message = "(request-target): %s %s\nDate: %s\nDigest: %s" % (request.method.lower(), request.path, date, digest)
        body = base64.b64encode(hashlib.sha512(request.body).digest()).decode() if request.body else "X"
        good = (said.get("keyid") == uid("key") and said.get("headers") == "(request-target) Date Digest"
                and said.get("algorithm") in ("rsa-sha512", "ecdsa-sha512") and digest == body and is_instant(date)
                and keys.is_signed(keys.read(self.public), message.encode(), said.get("signature"), "sha512"))
        if not good:
            raise Refusal(deny(403, "The request signature is missing or does not verify", error="invalid_signature"))

    def identity(self, request):
        scopes = READ_SCOPES + (DELETE_SCOPES if request.holder == "revoke" else [])
        return Reply.json({"accountHolderUid": uid("holder"), "expiresAt": stamp(self.world.now + 3600),
                           "expiresInSeconds": 3600, "scopes": scopes, "authenticated": True})

    def accounts(self, request):
        return {"accounts": [account_row(a, self.world) for a in self.accounts_of("accounts")]}

    def identifiers(self, request, account_uid):
        number = digits("number/" + self.find(account_uid).id, 8)
        return {"accountIdentifier": number, "bankIdentifier": "608371", "iban": iban("GB", "SRLG608371" + number),
                "bic": "SRLGGB2L"}

    def balance(self, request, account_uid):
        account = self.find(account_uid, "balance")
        cash = lambda units: money(account.currency, units)
        return {"clearedBalance": cash(account.booked), "effectiveBalance": cash(account.available),
                "pendingTransactions": cash(account.booked - account.available),
                "acceptedOverdraft": cash(0), "amount": cash(account.available)}

    def changed_since(self, request, account_uid, category_uid):
        try:
            since = parse_time(request.query["changesSince"])
        except (KeyError, ValueError):
            raise Wrong("query param changesSince must be an ISO 8601 date-time") from None
        return self.feed(account_uid, category_uid, lambda item, line: line["changed"] >= since)

    def between(self, request, account_uid, category_uid):
        try:
            low = parse_time(request.query["minTransactionTimestamp"])
            high = parse_time(request.query["maxTransactionTimestamp"])
        except (KeyError, ValueError):
            raise Wrong("query params minTransactionTimestamp and maxTransactionTimestamp must be given") from None
        return self.feed(account_uid, category_uid,
                         lambda item, line: low <= parse_time(item["transactionTime"]) <= high)

    def feed(self, account_uid, category_uid, wanted):
        account = self.categorized(account_uid, category_uid, "transactions")
        items = [(feed_item(account, line), line) for line in self.lines(account, STATUSES)]
        items = [item for item, line in items if wanted(item, line)]
        items.sort(key=lambda item: (item["transactionTime"], item["updatedAt"]), reverse=True)
        return {"feedItems": items}

    def mandates(self, request, account_uid=None):
        account = self.find(account_uid) if account_uid else None
        return {"mandates": [mandate_row(a, k) for a, k in self.links(MANDATES, account)]}

    def mandate(self, request, mandate_uid):
        for account, link in self.links(MANDATES):
            if mandate_id(account, link) == mandate_uid:
                return mandate_row(account, link)
        return self.refuse(404, "MANDATE_NOT_FOUND")

    def cancel_mandate(self, request, mandate_uid):
        self.need_scope(request, "mandate:delete")
        self.end_link(MANDATES, mandate_id, mandate_uid)

    def standing_orders(self, request, account_uid, category_uid):
        account = self.categorized(account_uid, category_uid, "links")
        return {"standingOrders": [order_row(a, k, self.world.now) for a, k in self.links(ORDERS, account)]}

    def cancel_order(self, request, account_uid, category_uid, order_uid):
        self.need_scope(request, "standing-order:delete")
        self.must_be_signed(request)
        self.categorized(account_uid, category_uid, "links")
        self.end_link(ORDERS, order_id, order_uid)

    def payees(self, request):
        return {"payees": [payee_row(a, k) for a, k in self.links(ORDERS)]}

    def find(self, account_uid, what="accounts"):
        return self.account(account_uid, lambda account: uid("account", account.id), what)

    def categorized(self, account_uid, category_uid, what):
        account = self.find(account_uid, what)
        if category_uid != uid("category", account.id):
            self.refuse(404, "CATEGORY_NOT_FOUND")
        return account


def account_row(account, world):
    return {"accountUid": uid("account", account.id), "accountType": "PRIMARY",
            "defaultCategory": uid("category", account.id), "currency": account.currency,
            "createdAt": stamp(world.story.monitor_from - 2000 * 86400), "name": account.name}


def feed_item(account, line):
    """The uid is that of the first form of the line: Starling keeps it from PENDING to SETTLED."""
    cash = money(line.get("currency", account.currency), abs(line["amount"]))
    item = {
        "feedItemUid": uid("item", account.id, line["origin"]), "categoryUid": uid("category", account.id),
        "amount": cash, "sourceAmount": cash, "direction": "OUT" if line["amount"] < 0 else "IN",
        "updatedAt": stamp(line["changed"]), "transactionTime": stamp(happened(line)),
        "source": SOURCES.get(line.get("type"), "UNKNOWN"), "status": STATUSES[line["state"]],
        "counterPartyType": "MERCHANT" if line.get("type") == "card" else "PAYEE",
        "counterPartyUid": uid("counterparty", line.get("counterparty_id") or payee(line)),
        "counterPartyName": payee(line), "reference": line["descriptor"], "country": "GB", "spendingCategory": "GENERAL",
    }
    if line["state"] == "booked":
        item["settlementTime"] = stamp(booked_at(line))
    return item


def mandate_id(account, link):
    return uid("mandate", account.id, link["link_id"])


def mandate_row(account, link):
    row = {"uid": mandate_id(account, link), "reference": reference(link),
           "status": MANDATE_STATUSES.get(link["status"], link["status"].upper()), "source": "ELECTRONIC",
           "created": stamp(link["made"]), "originatorName": link["name"],
           "originatorUid": uid("originator", link["name"]), "merchantUid": uid("merchant", link["name"]),
           "accountUid": uid("account", account.id)}
    if "ended" in link and link["status"] != "active":
        row["cancelled"] = stamp(link["ended"])
    return row


def reference(link):
    return link.get("mandate_ref") or uid("reference", link["link_id"])[:8].upper()


def order_id(account, link):
    return uid("order", account.id, link["link_id"])


def order_row(account, link, now):
    """Monthly from the day it was made. One that has ended stays in the list."""
    ended = link["status"] != "active"
    return {"paymentOrderUid": order_id(account, link), "amount": money(account.currency, link.get("limit") or 100),
            "reference": reference(link), "payeeUid": uid("payee", link["name"]),
            "payeeAccountUid": uid("payee-account", link["name"]),
            "standingOrderRecurrence": {"startDate": day(link["made"]), "frequency": "MONTHLY", "interval": 1,
                                        "count": 12, "untilDate": day(link["made"] + 365 * 86400)},
            "nextDate": None if ended else day(now + 14 * 86400), "cancelledAt": stamp(link["ended"]) if ended else None}


def payee_row(account, link):
    bank = {"payeeAccountUid": uid("payee-account", link["name"]), "description": "Main",
            "defaultAccount": True, "countryCode": "GB", "accountIdentifier": digits("payee/" + link["name"], 8),
            "bankIdentifier": "204514", "bankIdentifierType": "SORT_CODE"}
    return {"payeeUid": uid("payee", link["name"]), "payeeName": link["name"], "phoneNumber": "", "payeeType": "BUSINESS",
            "firstName": "", "middleName": "", "lastName": "", "businessName": link["name"], "dateOfBirth": "1970-01-01",
            "accounts": [bank]}


def is_instant(text):
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def deny(status, description, error="invalid_token"):
    return Reply.json({"error": error, "error_description": description}, status)
