# SPDX-License-Identifier: GPL-3.0-or-later
"""Wise with a personal token: profiles, balances, activities (amounts are text), webhook subscriptions.

Statements are behind the bank's own second factor and are refused with its challenge. Mandates show as activities of
a DIRECT_DEBIT_INSTRUCTION; the story's third parties that read are subscriptions.
"""

from provider import ENDING, SHARING, Provider, same, secret
from reply import Refusal, Reply, Wrong
from story import parse_time
from values import decimal, happened, number, payee, serial, stamp, uid

KINDS = {"card": ("CARD_PAYMENT", "CARD_TRANSACTION"), "cash": ("CASH_WITHDRAWAL", "CARD_TRANSACTION"),
         "direct_debit": ("DIRECT_DEBIT_TRANSACTION", "DIRECT_DEBIT_TRANSACTION"), "credit": ("BALANCE_DEPOSIT", "TRANSFER"),
         "standing_order": ("SCHEDULED_SEND_ORDER", "SEND_ORDER_EXECUTION"), "fee": ("BALANCE_HOLD_FEE", "ACCRUAL_CHARGE")}
STATES = {"pending": "IN_PROGRESS", "booked": "COMPLETED", "cancelled": "CANCELLED"}
PROFILE = serial("profile")
ID = "([0-9a-f-]{36})"


class Wise(Provider):
    provider = "wise"
    page_size = 100
    LINES, NEXT = "*/activities", "cursor"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "id", "status", "id"
    SAVED = ["secret", "access_revoked"]
    ROUTES = [
        ("GET", "/v2/profiles", "profiles"),
        ("GET", "/v4/profiles/%d/balances" % PROFILE, "balances"),
        ("GET", "/v1/profiles/%d/activities" % PROFILE, "activities"),
        ("GET", r"/v1/profiles/%d/balance-statements/(\d+)/statement.json" % PROFILE, "statement"),
        ("GET", "/v3/profiles/%d/subscriptions" % PROFILE, "subscriptions"),
        ("DELETE", "/v3/profiles/%d/subscriptions/%s" % (PROFILE, ID), "end_subscription"),
    ]

    def setup(self):
        self.secret = uid("token", secret())

    def needs(self):
        return {"token": self.secret}

    def error(self, status, sentence):
        return {"timestamp": stamp(self.world.now), "status": status, "error": sentence, "message": sentence, "path": "/"}

    def evicted(self):
        return Reply.json({"error": "invalid_token", "error_description": "Invalid token"}, 401)

    def greet(self, request):
        self.check(same(request.bearer(), self.secret), 401, "invalid_token")

    def profiles(self, request):
        request.only()
        born = stamp(self.world.story.monitor_from - 2000 * 86400)
        return [{"type": "PERSONAL", "id": PROFILE, "publicId": uid("profile"), "userId": serial("user"),
                 "email": "me@example.com", "createdAt": born, "updatedAt": born, "currentState": "VISIBLE",
                 "firstName": "A", "lastName": "Person", "fullName": "A Person"}]

    def balances(self, request):
        types, = request.only("types")
        if types is None or not set(types.split(",")) <= {"STANDARD", "SAVINGS"}:
            raise Wrong("types must be STANDARD, SAVINGS or both")
        return [balance_row(a, self.world) for a in self.accounts_of("balance") if "STANDARD" in types]

    def activities(self, request):
        kind, status, since, until, cursor, size = request.only("monetaryResourceType", "status", "since", "until", "nextCursor", "size")
        size = size or "10"
        if not size.isdigit() or not 1 <= int(size) <= 100:
            raise Wrong("size must be between 1 and 100")
        low, high = moment(since, float("-inf")), moment(until, float("inf"))
        rows = [activity(a, line) for a in self.world.accounts.values() for line in self.lines(a, STATES)]
        rows += [instruction(a, link) for a, link in self.links(ENDING)]
        rows = [r for r in rows if kind in (None, r["resource"]["type"]) and status in (None, r["status"])
                and low <= parse_time(r["createdOn"]) <= high]
        rows.sort(key=lambda row: row["createdOn"], reverse=True)
        page, following = self.page(rows, cursor, int(size))
        return {"cursor": following, "activities": page}

    def statement(self, request, balance_id):
        """The challenge; nobody here holds the key that would answer it."""
        raise Refusal(Reply.json({}, 403, {"x-2fa-approval": uid("challenge"), "x-2fa-approval-result": "REJECTED"}))

    def subscriptions(self, request):
        request.only()
        return [subscription(a, k) for a, k in self.links(SHARING) if k["status"] == "active"]

    def end_subscription(self, request, subscription_id):
        self.end_link(SHARING, subscription_uid, subscription_id)


def text_of(account, minor_units):
    """`150 JPY`; what comes in is marked up. Thousands are grouped."""
    currency = account.currency
    whole, _, rest = decimal(currency, abs(minor_units)).partition(".")
    text = "%s%s %s" % (format(int(whole), ","), "." + rest if rest else "", currency)
    return "<positive>+ %s</positive>" % text if minor_units > 0 else text


def activity(account, line):
    """The id is opaque, and that of the first form of the line."""
    kind, resource = KINDS.get(line.get("type"), ("TRANSFER", "TRANSFER"))
    return {"id": uid("item", account.id, line["origin"]).replace("-", ""), "type": kind,
            "resource": {"type": resource, "id": str(serial("item", account.id, line["origin"]))},
            "title": "<strong>%s</strong>" % payee(line), "description": "", "primaryAmount": text_of(account, line["amount"]),
            "secondaryAmount": "", "status": STATES[line["state"]], "createdOn": stamp(happened(line)),
            "updatedOn": stamp(line["changed"])}


def instruction(account, link):
    return {"id": uid("instruction", account.id, link["link_id"]).replace("-", ""), "type": "DIRECT_DEBIT_TRANSACTION",
            "resource": {"type": "DIRECT_DEBIT_INSTRUCTION", "id": str(serial("instruction", account.id, link["link_id"]))},
            "title": "<strong>%s</strong>" % link["name"], "description": "Direct Debit set up", "primaryAmount": "",
            "secondaryAmount": "", "status": "UPCOMING" if link["status"] == "active" else "CANCELLED",
            "createdOn": stamp(link["made"]), "updatedOn": stamp(link.get("ended", link["made"]))}


def balance_row(account, world):
    money = lambda units: {"value": number(account.currency, units), "currency": account.currency}
    return {"id": serial("balance", account.id), "currency": account.currency, "type": "STANDARD", "name": None, "icon": None,
            "investmentState": "NOT_INVESTED", "amount": money(account.available),
            "reservedAmount": money(account.booked - account.available), "cashAmount": money(account.available),
            "totalWorth": money(account.available), "creationTime": stamp(world.story.monitor_from - 2000 * 86400),
            "modificationTime": stamp(world.now), "visible": True}


def subscription_uid(account, link):
    return uid("subscription", account.id, link["link_id"])


def subscription(account, link):
    return {"id": subscription_uid(account, link), "name": link["name"], "trigger_on": "balances#update",
            "delivery": {"version": "2.0.0", "url": "https://%s.example/hook" % uid("host", link["name"])[:8]},
            "scope": {"domain": "profile", "id": str(PROFILE)}, "created_by": {"type": "user", "id": str(serial("user"))},
            "created_at": stamp(link["made"])}


def moment(text, otherwise):
    try:
        return otherwise if text is None else parse_time(text)
    except ValueError:
        raise Wrong("not an ISO 8601 date-time: %s" % text) from None
