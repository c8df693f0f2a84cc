# SPDX-License-Identifier: GPL-3.0-or-later
"""bunq's API v1: installation, device and session, one after the other; bodies that the client's key signed.

What is listed comes as Response[].<Type>, in pages whose older_url is relative. The bank signs its own replies.
"""

import urllib.parse

import keys
from provider import SHARING, Provider, same, secret
from reply import Refusal, Reply, Wrong
from values import decimal, digits, happened, iban, payee, serial, stamp, uid

TYPES = {"card": ("MASTERCARD", "PAYMENT"), "direct_debit": ("EBA_SDD", "SDD"), "standing_order": ("BUNQ", "SCHEDULED"),
         "cash": ("MASTERCARD", "ATM"), "fee": ("BUNQ", "BILLING")}
KEPT = ("direct_debit", "emoney")
USER = serial("user")
ME = "/user/%d" % USER
N = r"(\d+)"
ACCOUNT = ME + "/monetary-account/" + N
OPEN = {"/v1/installation": None, "/v1/device-server": "installation", "/v1/session-server": "installation"}


class Bunq(Provider):
    provider = "bunq"
    root = "/v1"
    page_size = 200
    NEXT, LINES = "older_url", "*/payment"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "id", "type", "monetary_account_id"
    SAVED = ["api_key", "client_key", "tokens", "device", "access_revoked"]
    ROUTES = [
        ("POST", "/installation", "installation"),
        ("POST", "/device-server", "device_server"),
        ("POST", "/session-server", "session_server"),
        ("DELETE", "/session/" + N, "end_session"),
        ("GET", ME + "/monetary-account", "accounts"),
        ("GET", ACCOUNT + "/payment", "payments"),
        ("GET", ACCOUNT + "/schedule-payment", "schedules"),
        ("DELETE", ACCOUNT + "/schedule-payment/" + N, "end_schedule"),
        ("GET", ACCOUNT + "/share-invite-monetary-account-inquiry", "shares"),
        ("PUT", ACCOUNT + "/share-invite-monetary-account-inquiry/" + N, "end_share"),
        ("GET", ACCOUNT + "/mastercard-action", "none"),
        ("GET", ACCOUNT + "/request-response", "none"),
        ("GET", ME + "/whitelist-sdd-recurring", "whitelist"),
        ("DELETE", ME + "/whitelist-sdd-recurring/" + N, "end_whitelist"),
        ("GET", ME + "/whitelist-sdd-one-off", "none"),
        ("GET", ME + "/credential-password-ip", "credentials"),
    ]

    def setup(self):
        self.api_key = secret("sandbox_")
        self.client_key = None                                  # PEM, as installed
        self.tokens = {"installation": None, "session": None}
        self.device = False
        self.serials = set()                                    # of requests; described as one's own choice, never the same twice
        self.private, self.public = keys.make_pair(self.options.keys, "bunq-server")

    def needs(self):
        return {"api_key": self.api_key}

    def error(self, status, sentence):
        return {"Error": [{"error_description": sentence, "error_description_translated": sentence}]}

    def evicted(self):
        return Reply.json(self.error(401, "Insufficient authentication."), 401)

    def revoke_access(self, token=None):
        """`session`: only this session, as when another device signs in; else the key itself."""
        if token == "session":
            self.tokens["session"] = None
        else:
            self.access_revoked = True

    # --- who asks

    def greet(self, request):
        for name in ("Cache-Control", "User-Agent"):
            if not request.headers.get(name):
                raise Wrong("the header %s is missing" % name)
        serial = request.headers.get("X-Bunq-Client-Request-Id")
        if serial is not None and serial in self.serials:
            raise Wrong("X-Bunq-Client-Request-Id was used before")
        self.serials.add(serial)
        needed = OPEN.get(request.path, "session")
        if needed is None:
            return
        held = self.tokens[needed]
        given = request.headers.get("X-Bunq-Client-Authentication")
        self.check(held is not None and same(given, held), 401, "Insufficient authentication.")
        if request.body and not keys.is_signed(self.client_key, request.body, request.headers.get("X-Bunq-Client-Signature")):
            raise Refusal(Reply.json(self.error(466, "The request signature is invalid."), 466))

    def answer(self, request):
        reply = super().answer(request)
        reply.headers["X-Bunq-Client-Request-Id"] = request.headers.get("X-Bunq-Client-Request-Id", "")
        reply.headers["X-Bunq-Server-Signature"] = keys.sign(self.private, reply.body)
        return reply

    def installation(self, request):
        pem = request.json(("client_public_key",))["client_public_key"]
        if not keys.is_public_key(pem):
            raise Wrong("client_public_key must be a public RSA key of 2048 bits, PEM")
        self.client_key, self.device = pem, False
        self.tokens = {"installation": secret(), "session": None}
        return response([("Id", {"id": serial("installation")}), ("Token", self.token_row("installation")),
                         ("ServerPublicKey", {"server_public_key": keys.read(self.public)})])

    def device_server(self, request):
        given = request.json(("description", "secret"), ("permitted_ips",))
        self.check(same(given["secret"], self.api_key), 400, "User credentials are incorrect. Incorrect API key or IP address.")
        if not {"*", "127.0.0.1"} & set(given.get("permitted_ips", ["127.0.0.1"])):
            raise Wrong("permitted_ips does not hold the address that asks")
        self.device = True
        return response([("Id", {"id": serial("device")})])

    def session_server(self, request):
        given = request.json(("secret",))["secret"]
        self.check(self.device and same(given, self.api_key), 400, "User credentials are incorrect. Incorrect API key or IP address.")
        self.tokens["session"] = secret()
        person = {"id": USER, "display_name": "A. Person", "status": "ACTIVE", "session_timeout": 604800}
        return response([("Id", {"id": serial("session")}), ("Token", self.token_row("session")), ("UserPerson", person)])

    def token_row(self, kind):
        return {"id": serial("token", kind), "created": moment(max(self.world.now, 0)), "token": self.tokens[kind]}

    def end_session(self, request, session):
        self.tokens["session"] = None
        return {"Response": []}

    # --- what is listed

    def accounts(self, request):
        return self.listed(request, "MonetaryAccountBank", [account_row(a, self.world) for a in self.accounts_of("accounts")])

    def payments(self, request, account_id):
        account = self.find(account_id)
        rows = [payment_row(account, line, number) for number, line in
                enumerate(sorted(self.lines(account, ("booked",)), key=lambda line: line["changed"]), 1)]
        return self.listed(request, "Payment", rows[::-1])

    def schedules(self, request, account_id):
        account = self.find(account_id)
        return self.listed(request, "ScheduledPayment", [schedule_row(a, k) for a, k in self.links(("standing_order",), account)])

    def shares(self, request, account_id):
        account = self.find(account_id)
        return self.listed(request, "ShareInviteMonetaryAccountInquiry", [share_row(a, k) for a, k in self.links(SHARING, account)])

    def whitelist(self, request):
        return self.listed(request, "WhitelistSddRecurring", [whitelist_row(a, k) for a, k in self.links(KEPT) if k["status"] == "active"])

    def credentials(self, request):
        key = {"id": serial("credential"), "status": "ACTIVE", "expiry_time": None, "permitted_device": {"description": "koban", "ip": "*"}}
        return self.listed(request, "CredentialPasswordIp", [key])

    def none(self, request, *where):
        return self.listed(request, "Nothing", [])

    def end_schedule(self, request, account_id, number):
        self.find(account_id)
        return self.end(("standing_order",), number)

    def end_whitelist(self, request, number):
        return self.end(KEPT, number)

    def end_share(self, request, account_id, number):
        self.find(account_id)
        if request.json(("status",), ("share_detail", "start_date", "end_date"))["status"] != "REVOKED":
            raise Wrong("status can only become REVOKED")
        return dict(self.end(SHARING, number), Response=[{"Id": {"id": int(number)}}])

    def end(self, kinds, number):
        self.end_link(kinds, link_number, number)
        return {"Response": []}

    def listed(self, request, kind, rows):
        """Newest first; a page goes on where the id of its last row ends."""
        count, older, newer = request.only("count", "older_id", "newer_id")
        if not (count or "0").isdigit() or int(count or 10) > 200:
            raise Wrong("count is at most 200")
        size = min(int(count or 10), self.page_size)
        rows = [r for r in rows if older is None or r["id"] < int(older)]
        rows = [r for r in rows if newer is None or r["id"] > int(newer)]
        page = rows[-size:] if newer else rows[:size]
        here = lambda name, row: request.path + "?" + urllib.parse.urlencode({"count": size, name: row["id"]})
        more = len(rows) > size
        following = {"future_url": here("newer_id", page[0]) if page else None,
                     "newer_url": here("newer_id", page[0]) if more and newer else None,
                     "older_url": here("older_id", page[-1]) if more and not newer else None}
        return dict(response([(kind, row) for row in page]), Pagination=following)

    def find(self, account_id):
        return self.account(account_id, lambda a: serial("account", a.id))


def response(rows):
    return {"Response": [{kind: row} for kind, row in rows]}


def moment(seconds):
    """With a space, in UTC, and without saying so."""
    return stamp(seconds, "%Y-%m-%d %H:%M:%S.", "%03d000")


def money(currency, minor_units):
    return {"value": decimal(currency, minor_units), "currency": currency}


def link_number(account, link):
    return serial("link", account.id, link["link_id"])


def label(name):
    return {"iban": iban("NL", "ABNA" + digits("iban/" + name, 10)), "display_name": name, "country": "NL",
            "label_user": {"display_name": name, "country": "NL"}}


def account_row(account, world):
    mine = iban("NL", "BUNQ" + digits("number/" + account.id, 10))
    return {"id": serial("account", account.id), "created": moment(world.story.monitor_from - 2000 * 86400), "updated": moment(world.now),
            "currency": account.currency, "description": account.name, "status": "ACTIVE", "sub_status": "NONE",
            "balance": money(account.currency, account.booked), "user_id": USER, "public_uuid": uid("account", account.id),
            "alias": [{"type": "IBAN", "value": mine, "name": "A. Person"}]}


def payment_row(account, line, number):
    kind, sub = TYPES.get(line.get("type"), ("BUNQ", "PAYMENT"))
    row = {"id": number, "created": moment(happened(line)), "updated": moment(line["changed"]),
           "monetary_account_id": serial("account", account.id), "amount": money(account.currency, line["amount"]),
           "description": line["descriptor"], "type": kind, "sub_type": sub, "alias": label("A. Person"),
           "counterparty_alias": label(payee(line)), "payment_fee": None}
    if "balance_after" in line:
        row["balance_after_mutation"] = money(account.currency, line["balance_after"])
    return row


def schedule_row(account, link):
    amount = money(account.currency, link.get("limit") or 100)
    return {"id": link_number(account, link), "created": moment(link["made"]), "monetary_account_id": serial("account", account.id),
            "status": "ACTIVE" if link["status"] == "active" else "CANCELLED",
            "payment": {"amount": amount, "counterparty_alias": label(link["name"]), "description": link.get("mandate_ref") or ""},
            "schedule": {"time_start": moment(link["made"]), "time_end": None, "recurrence_unit": "MONTHLY", "recurrence_size": 1}}


def share_row(account, link):
    return {"id": link_number(account, link), "created": moment(link["made"]), "monetary_account_id": serial("account", account.id),
            "status": "ACTIVE" if link["status"] == "active" else "REVOKED", "access_type": "READ_TRANSACTION",
            "counter_user_alias": {"display_name": link["name"], "country": "NL"}, "share_type": "STANDARD"}


def whitelist_row(account, link):
    row = {"id": link_number(account, link), "created": moment(link["made"]), "type": "CORE", "status": "ACTIVE",
           "monetary_account_incoming_id": serial("account", account.id), "monetary_account_paying_id": serial("account", account.id),
           "credit_scheme_identifier": "NL98ZZZ" + digits("creditor/" + link["name"], 12),
           "mandate_identifier": link.get("mandate_ref") or uid("mandate", link["link_id"])[:8].upper(),
           "counterparty_alias": label(link["name"]), "maximum_amount_per_payment": None, "maximum_amount_per_month": None}
    if link.get("limit"):
        row["maximum_amount_per_month"] = money(account.currency, link["limit"])
    return row
