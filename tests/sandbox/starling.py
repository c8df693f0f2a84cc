# SPDX-License-Identifier: GPL-3.0-or-later
"""Starling's personal API v2 over a world: the shapes of the vendor's published example replies.

It promises that the same story id is always the same UUID, that amounts are unsigned minor units with
a direction, and that only a token with mandate:delete may cancel. It knows nothing of HTTP but paths,
queries and statuses.
"""

import datetime
import re
import secrets
import uuid

from reply import Reply
from story import UTC, instant_of, parse_time

NAMESPACE = uuid.UUID("7a0f1b9e-6f0c-5d1c-9c55-6b6f62616e00")
READ_SCOPES = ["account:read", "account-list:read", "account-identifier:read", "balance:read", "transaction:read",
               "mandate:read"]
SOURCES = {"card": "MASTER_CARD", "direct_debit": "DIRECT_DEBIT", "standing_order": "STANDING_ORDER",
           "cash": "CASH_WITHDRAWAL", "fee": "SUBSCRIPTION_CHARGE", "credit": "FASTER_PAYMENTS_IN",
           "transfer": "FASTER_PAYMENTS_OUT"}
STATUSES = {"pending": "PENDING", "booked": "SETTLED", "cancelled": "REVERSED"}
MANDATE_STATUSES = {"active": "LIVE", "revoked": "CANCELLED", "gone": "CANCELLED", "expired": "EXPIRED"}


def uid(*names):
    return str(uuid.uuid5(NAMESPACE, "/".join(names)))


def stamp(seconds):
    """Seconds → ISO 8601 UTC with milliseconds, as the vendor writes it."""
    whole = datetime.datetime.fromtimestamp(seconds, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (whole.microsecond // 1000)


def money(currency, minor_units):
    return {"currency": currency, "minorUnits": minor_units}


def digits(text, count):
    return str(uuid.uuid5(NAMESPACE, text).int % 10 ** count).zfill(count)


def iban(country, bban):
    """With its two check digits (ISO 7064, mod 97)."""
    number = "".join(str(int(c, 36)) for c in bban + country + "00")
    return "%s%02d%s" % (country, 98 - int(number) % 97, bban)


class Starling:
    provider = "starling"

    def __init__(self, world, options):
        self.world = world
        self.tokens = {"watch": secrets.token_urlsafe(24), "revoke": secrets.token_urlsafe(24)}
        self.revoked_tokens = set()
        self.revoke_how = "cancel"

    # --- what the starter and the control port need

    def ready(self, url):
        return {"token": self.tokens["watch"], "revoke_token": self.tokens["revoke"]}

    def save(self):
        return {"tokens": self.tokens, "revoked_tokens": sorted(self.revoked_tokens)}

    def load(self, saved):
        self.tokens = saved["tokens"]
        self.revoked_tokens = set(saved["revoked_tokens"])

    def revoke_access(self, token="watch"):
        self.revoked_tokens.add(token)

    def behave(self, wishes):
        self.revoke_how = wishes.get("revoke", self.revoke_how)

    # --- answering

    def answer(self, request):
        holder, refusal = self.holder_of(request)
        if refusal is not None:
            return refusal
        for method, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found is not None and method == request.method:
                return handler(self, request, holder, *found.groups())
        return refuse(404, "NOT_FOUND")

    def holder_of(self, request):
        given = request.headers.get("Authorization", "")
        if not given:
            return None, deny(401, "No access token provided in request. `Header: Authorization` must be set")
        for name, token in self.tokens.items():
            if secrets.compare_digest(given.encode("utf-8", "replace"), b"Bearer " + token.encode()):
                if name not in self.revoked_tokens:
                    return name, None
        return None, deny(401, "Could not validate provided access token")

    def identity(self, request, holder):
        scopes = READ_SCOPES + (["mandate:delete"] if holder == "revoke" else [])
        return Reply.json({"accountHolderUid": uid("holder"), "expiresAt": stamp(self.world.now + 3600),
                           "expiresInSeconds": 3600, "scopes": scopes, "authenticated": True})

    def accounts(self, request, holder):
        if any(a.is_out("accounts", self.world.now) for a in self.world.accounts.values()):
            return unavailable()
        return Reply.json({"accounts": [account_row(a, self.world) for a in self.world.accounts.values()]})

    def identifiers(self, request, holder, account_uid):
        account = self.find(account_uid)
        if account is None:
            return refuse(404, "ACCOUNT_NOT_FOUND")
        number = digits("number/" + account.id, 8)
        return Reply.json({"accountIdentifier": number, "bankIdentifier": "608371",
                           "iban": iban("GB", "SRLG608371" + number), "bic": "SRLGGB2L"})

    def balance(self, request, holder, account_uid):
        account = self.find(account_uid)
        if account is None:
            return refuse(404, "ACCOUNT_NOT_FOUND")
        if account.is_out("balance", self.world.now):
            return unavailable()
        cash = lambda units: money(account.currency, units)
        return Reply.json({"clearedBalance": cash(account.booked), "effectiveBalance": cash(account.available),
                           "pendingTransactions": cash(account.booked - account.available),
                           "acceptedOverdraft": cash(0), "amount": cash(account.available)})

    def changed_since(self, request, holder, account_uid, category_uid):
        try:
            since = parse_time(request.query["changesSince"])
        except (KeyError, ValueError):
            return refuse(400, "query param changesSince must be an ISO 8601 date-time")
        return self.feed(account_uid, category_uid, lambda item, line: line["changed"] >= since)

    def between(self, request, holder, account_uid, category_uid):
        try:
            low = parse_time(request.query["minTransactionTimestamp"])
            high = parse_time(request.query["maxTransactionTimestamp"])
        except (KeyError, ValueError):
            return refuse(400, "query params minTransactionTimestamp and maxTransactionTimestamp must be given")
        return self.feed(account_uid, category_uid,
                         lambda item, line: low <= parse_time(item["transactionTime"]) <= high)

    def feed(self, account_uid, category_uid, wanted):
        account = self.find(account_uid)
        if account is None or category_uid != uid("category", account.id):
            return refuse(404, "CATEGORY_NOT_FOUND")
        if account.is_out("transactions", self.world.now):
            return unavailable()
        items = []
        for line in account.lines.values():
            item = feed_item(account, line)
            if (line["state"] != "pending" or account.pending_listed) and wanted(item, line):
                items.append(item)
        items.sort(key=lambda item: (item["transactionTime"], item["updatedAt"]), reverse=True)
        return Reply.json({"feedItems": items})

    def mandates(self, request, holder, account_uid=None):
        accounts = [self.find(account_uid)] if account_uid else list(self.world.accounts.values())
        if None in accounts:
            return refuse(404, "ACCOUNT_NOT_FOUND")
        if any(a.is_out("links", self.world.now) for a in accounts):
            return unavailable()
        return Reply.json({"mandates": [mandate_row(a, k) for a in accounts if a.links_listed
                                        for k in a.links.values() if k["listed"]]})

    def mandate(self, request, holder, mandate_uid):
        account, link = self.find_link(mandate_uid)
        return refuse(404, "MANDATE_NOT_FOUND") if link is None else Reply.json(mandate_row(account, link))

    def cancel(self, request, holder, mandate_uid):
        if holder != "revoke":
            return deny(403, "This action requires the scope mandate:delete", error="insufficient_scope")
        account, link = self.find_link(mandate_uid)
        if link is None or not self.world.revoke(link["link_id"], self.revoke_how):
            return refuse(404, "MANDATE_NOT_FOUND")
        return Reply(204, b"", {})

    def find(self, account_uid):
        return next((a for a in self.world.accounts.values() if uid("account", a.id) == account_uid), None)

    def find_link(self, mandate_uid):
        for account in self.world.accounts.values():
            for link in account.links.values():
                if account.links_listed and link["listed"] and uid("mandate", account.id, link["link_id"]) == mandate_uid:
                    return account, link
        return None, None


def account_row(account, world):
    return {"accountUid": uid("account", account.id), "accountType": "PRIMARY",
            "defaultCategory": uid("category", account.id), "currency": account.currency,
            "createdAt": stamp(world.story.monitor_from - 2000 * 86400), "name": account.name}


def feed_item(account, line):
    """The uid is that of the first form of the line: Starling keeps it from PENDING to SETTLED."""
    happened = instant_of(line)
    name = line.get("counterparty") or line["descriptor"]
    cash = money(line.get("currency", account.currency), abs(line["amount"]))
    item = {
        "feedItemUid": uid("item", account.id, line["origin"]), "categoryUid": uid("category", account.id),
        "amount": cash, "sourceAmount": cash, "direction": "OUT" if line["amount"] < 0 else "IN",
        "updatedAt": stamp(line["changed"]), "transactionTime": stamp(happened),
        "source": SOURCES.get(line.get("type"), "UNKNOWN"), "status": STATUSES[line["state"]],
        "counterPartyType": "MERCHANT" if line.get("type") == "card" else "PAYEE",
        "counterPartyUid": uid("counterparty", line.get("counterparty_id") or name),
        "counterPartyName": name, "reference": line["descriptor"], "country": "GB", "spendingCategory": "GENERAL",
    }
    if line["state"] == "booked":
        item["settlementTime"] = stamp(settled_at(line, happened))
    return item


def settled_at(line, happened):
    """An instant of the booking date."""
    return happened if stamp(happened)[:10] == line["date"] else instant_of(dict(line, time=None))


def mandate_row(account, link):
    row = {"uid": uid("mandate", account.id, link["link_id"]),
           "reference": link.get("mandate_ref") or uid("reference", link["link_id"])[:8].upper(),
           "status": MANDATE_STATUSES.get(link["status"], link["status"].upper()), "source": "ELECTRONIC",
           "created": stamp(link["made"]), "originatorName": link["name"],
           "originatorUid": uid("originator", link["name"]), "merchantUid": uid("merchant", link["name"]),
           "accountUid": uid("account", account.id)}
    if "ended" in link and link["status"] != "active":
        row["cancelled"] = stamp(link["ended"])
    return row


def deny(status, description, error="invalid_token"):
    return Reply.json({"error": error, "error_description": description}, status)


def refuse(status, message):
    return Reply.json({"errors": [{"message": message}], "success": False}, status)


def unavailable():
    return refuse(503, "SERVICE_UNAVAILABLE")


ID = "([0-9a-f-]{36})"
ROUTES = [
    ("GET", "/api/v2/identity/token", Starling.identity),
    ("GET", "/api/v2/accounts", Starling.accounts),
    ("GET", "/api/v2/accounts/%s/identifiers" % ID, Starling.identifiers),
    ("GET", "/api/v2/accounts/%s/balance" % ID, Starling.balance),
    ("GET", "/api/v2/feed/account/%s/category/%s" % (ID, ID), Starling.changed_since),
    ("GET", "/api/v2/feed/account/%s/category/%s/transactions-between" % (ID, ID), Starling.between),
    ("GET", "/api/v2/direct-debit/mandates", Starling.mandates),
    ("GET", "/api/v2/direct-debit/mandates/account/%s" % ID, Starling.mandates),
    ("GET", "/api/v2/direct-debit/mandates/%s" % ID, Starling.mandate),
    ("DELETE", "/api/v2/direct-debit/mandates/%s" % ID, Starling.cancel),
]
