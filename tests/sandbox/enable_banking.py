# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable Banking for a restricted application: a JWT that the application's key signed, sessions, unsigned amounts.

An account's uid lives as long as its session; identification_hash stays. A session that was deleted is a consent that
was closed. The consent page of the bank is a redirect: whoever opens it has agreed.
"""

import urllib.parse
import uuid

import keys
from provider import Provider
from reply import Refusal, Reply, Wrong
from story import parse_time
from values import decimal, digits, iban, payee, second, uid

CODES = {"card": ("PMNT", "CCRD"), "direct_debit": ("PMNT", "RDDT"), "standing_order": ("PMNT", "ICDT"),
         "transfer": ("PMNT", "ICDT"), "credit": ("PMNT", "RCDT"), "cash": ("PMNT", "CCRD"), "fee": ("ACMT", "MDOP")}
STATES = {"pending": "PDNG", "booked": "BOOK"}
ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
LEEWAY_S = 120


class EnableBanking(Provider):
    provider = "enable-banking"
    NEXT = "continuation_key"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "entry_reference", "status", "uid"
    SAVED = ["application_id", "sessions", "access_revoked"]
    BEHAVES = ("daily", "days")
    ROUTES = [
        ("GET", "/application", "application"),
        ("GET", "/aspsps", "aspsps"),
        ("POST", "/auth", "authorize"),
        ("GET", "/consent-page/%s" % ID, "consent"),
        ("POST", "/sessions", "open_session"),
        ("GET", "/sessions/%s" % ID, "session"),
        ("DELETE", "/sessions/%s" % ID, "close_session"),
        ("GET", "/accounts/%s/details" % ID, "details"),
        ("GET", "/accounts/%s/balances" % ID, "balances"),
        ("GET", "/accounts/%s/transactions" % ID, "transactions"),
    ]

    def setup(self):
        self.application_id = uid("application")
        self.key, self.public = keys.make_pair(self.options.keys, self.application_id)
        self.known_tokens = {}
        self.waiting = {}       # authorization id → what was asked for
        self.codes = {}         # code → authorization id
        self.sessions = {}      # id → {status, bank, until, created}
        self.daily = 0          # how often an account may be asked in a day with nobody present; the law says 4
        self.days = None        # how far back it may be asked
        self.asked = {}

    def needs(self):
        session = self.start_session(self.banks()[0], "2099-01-01T00:00:00+00:00", str(uuid.uuid4()))
        return {"app_id": self.application_id, "session_ids": session}

    def files(self):
        return {"private_key": self.key}

    def error(self, status, sentence, code=None):
        code = code or {401: "UNAUTHORIZED_ACCESS", 429: "ASPSP_RATE_LIMIT_EXCEEDED", 503: "ASPSP_ERROR"}.get(status, "WRONG_REQUEST_PARAMETERS")
        return {"code": status, "message": sentence, "error": code, "detail": None}

    def evicted(self):
        return Reply.json(self.error(401, "Session is closed", "REVOKED_SESSION"), 401)

    def say_no(self, status, sentence, code):
        raise Refusal(Reply.json(self.error(status, sentence, code), status))

    def greet(self, request):
        if request.path.startswith("/consent-page/"):
            return
        token = request.bearer()
        self.check(token is not None, 401, "Authorization is not provided")
        try:
            if token not in self.known_tokens:
                self.known_tokens[token] = self.claims_of(token)
        except Wrong as wrong:
            self.refuse(401, str(wrong))
        leeway = 86400 if self.options.as_is else LEEWAY_S
        claims = self.known_tokens[token]
        self.check(claims["iat"] <= self.now() + leeway and self.now() - leeway < claims["exp"], 401, "the token is not of this hour")

    def claims_of(self, token):
        header, claims = keys.open_jwt(token, keys.read(self.public))
        if header.get("typ") != "JWT" or header.get("kid") != self.application_id:
            raise Wrong("typ must be JWT and kid the application id")
        if claims.get("iss") != "enablebanking.com" or claims.get("aud") != "api.enablebanking.com":
            raise Wrong("iss must be enablebanking.com and aud api.enablebanking.com")
        if type(claims.get("iat")) is not int or type(claims.get("exp")) is not int or not 0 < claims["exp"] - claims["iat"] <= 86400:
            raise Wrong("iat and exp are seconds, at most a day apart")
        return claims

    def application(self, request):
        return {"name": "Koban", "description": "", "kid": self.application_id, "environment": "PRODUCTION", "active": True,
                "redirect_urls": ["https://localhost/callback"], "countries": ["FI"], "services": ["AIS"]}

    def aspsps(self, request):
        request.only("country", "psu_type", "service", "payment_type")
        way = {"psu_type": "personal", "approach": "REDIRECT", "hidden_method": False}
        return {"aspsps": [{"name": bank, "country": "FI", "logo": "https://logos.example/bank", "psu_types": ["personal"],
                            "auth_methods": [way], "maximum_consent_validity": 180 * 86400, "beta": False} for bank in self.banks()]}

    # --- consent

    def authorize(self, request):
        wish = request.json(("access", "aspsp", "state", "redirect_url"), ("psu_type", "auth_method", "language", "psu_id"))
        if wish["aspsp"].get("name") not in self.banks():
            self.say_no(400, "Wrong ASPSP name or country", "WRONG_ASPSP_PROVIDED")
        until = wish["access"].get("valid_until", "")
        if parse_time(until) > self.now() + 181 * 86400:
            raise Wrong("valid_until is farther away than the bank allows")
        authorization = str(uuid.uuid4())
        self.waiting[authorization] = wish
        return {"url": "%s/consent-page/%s" % (self.origin, authorization), "authorization_id": authorization, "psu_id_hash": uid("psu")}

    def consent(self, request, authorization):
        """What the browser opens: the person agrees, and is sent back with a code."""
        wish = self.waiting.get(authorization)
        if wish is None:
            self.refuse(404, "no such authorization")
        code = str(uuid.uuid4())
        self.codes[code] = authorization
        back = wish["redirect_url"] + "?" + urllib.parse.urlencode({"code": code, "state": wish["state"]})
        return Reply(302, b"", {"Location": back})

    def open_session(self, request):
        authorization = self.codes.pop(request.json(("code",))["code"], None)
        if authorization is None:
            self.say_no(400, "Wrong authorization code provided", "WRONG_AUTHORIZATION_CODE")
        wish = self.waiting.pop(authorization)
        session = self.start_session(wish["aspsp"]["name"], wish["access"]["valid_until"], str(uuid.uuid4()))
        kept = self.sessions[session]
        return {"session_id": session, "accounts": [self.account_row(session, a) for a in self.accounts_of("accounts", kept["bank"])],
                "aspsp": {"name": kept["bank"], "country": "FI"}, "psu_type": "personal", "access": {"valid_until": kept["until"]}}

    def start_session(self, bank, until, session):
        self.sessions[session] = {"bank": bank, "until": until, "status": "AUTHORIZED", "created": max(self.world.now, 0)}
        return session

    def session(self, request, session):
        kept = self.sessions.get(session) or self.say_no(404, "Session not found", "SESSION_DOES_NOT_EXIST")
        data = [{"uid": account_uid(session, a), "identification_hash": identification(a), "identification_hashes": [identification(a)]}
                for a in self.accounts_of("accounts", kept["bank"])]
        row = {"status": kept["status"], "accounts": [d["uid"] for d in data], "accounts_data": data,
               "aspsp": {"name": kept["bank"], "country": "FI"}, "psu_type": "personal", "psu_id_hash": uid("psu"),
               "access": {"valid_until": kept["until"]}, "created": second(kept["created"]), "authorized": second(kept["created"])}
        return dict(row, closed=second(self.world.now)) if kept["status"] == "CLOSED" else row

    def close_session(self, request, session):
        kept = self.sessions.get(session) or self.say_no(404, "Session not found", "SESSION_DOES_NOT_EXIST")
        if kept["status"] != "AUTHORIZED":
            self.say_no(422, "Session is closed", "CLOSED_SESSION")
        if self.revoke_how != "ignore":
            kept["status"] = "CLOSED"
        return {"message": "OK"}

    # --- accounts

    def details(self, request, account_uid):
        return self.account_row(*self.find(account_uid))

    def balances(self, request, account_uid):
        _, account = self.find(account_uid)
        self.must_work(account, "balance")
        self.count(request, account)
        row = lambda name, kind, units: {"name": name, "balance_type": kind, "reference_date": second(self.world.now)[:10],
                                         "balance_amount": {"currency": account.currency, "amount": decimal(account.currency, units)}}
        return {"balances": [row("Booked", "CLBD", account.booked), row("Available", "CLAV", account.available)]}

    def transactions(self, request, account_uid):
        since, until, status, _, key = request.only("date_from", "date_to", "transaction_status", "strategy", "continuation_key")
        _, account = self.find(account_uid)
        if key is None:
            self.count(request, account)
        oldest = second(self.world.now - self.days * 86400)[:10] if self.days else ""
        if (since or oldest) < oldest:
            self.say_no(422, "Wrong transactions period requested", "WRONG_TRANSACTIONS_PERIOD")
        rows = [transaction_row(account, line) for line in self.lines(account)
                if (since or "") <= line["date"] <= (until or "9999")]
        rows = sorted([r for r in rows if status in (None, r["status"])], key=lambda row: row["value_date"], reverse=True)
        page, following = self.page(rows, key)
        return dict({"transactions": page}, **({"continuation_key": following} if following else {}))

    def count(self, request, account):
        if request.headers.get("Psu-Ip-Address") and request.headers.get("Psu-User-Agent"):
            return
        slot = (account.id, request.path.rsplit("/", 1)[1], int(self.now() // 86400))
        self.asked[slot] = self.asked.get(slot, 0) + 1
        if self.daily and self.asked[slot] > self.daily:
            self.say_no(429, "ASPSP rate limit exceeded", "ASPSP_RATE_LIMIT_EXCEEDED")

    def find(self, wanted):
        """(session, account)."""
        for session, kept in self.sessions.items():
            for account in self.accounts_of("accounts", kept["bank"]):
                if account_uid(session, account) == wanted:
                    if kept["status"] != "AUTHORIZED":
                        self.say_no(401, "Session is closed", "CLOSED_SESSION")
                    return session, account
        return self.say_no(404, "Account not found", "ACCOUNT_DOES_NOT_EXIST")

    def account_row(self, session, account):
        number = iban("FI", digits("number/" + account.id, 14))
        return {"uid": account_uid(session, account), "identification_hash": identification(account),
                "identification_hashes": [identification(account)], "account_id": {"iban": number}, "name": account.name,
                "currency": account.currency, "cash_account_type": "CACC", "usage": "PRIV", "psu_status": "Account Holder"}


def account_uid(session, account):
    return uid("session", session, account.id)


def identification(account):
    return uid("identification", account.id)


def transaction_row(account, line):
    """Unsigned; who stands on the other side is the creditor of what goes out and the debtor of what comes in."""
    out = line["amount"] < 0
    code, sub = CODES.get(line.get("type"), ("PMNT", "OTHR"))
    row = {"transaction_amount": {"currency": account.currency, "amount": decimal(account.currency, abs(line["amount"]))},
           "creditor" if out else "debtor": {"name": payee(line)}, "credit_debit_indicator": "DBIT" if out else "CRDT",
           "status": STATES[line["state"]], "value_date": line["date"], "remittance_information": [line["descriptor"]],
           "bank_transaction_code": {"code": code, "sub_code": sub}, "transaction_id": uid("list", account.id, line["id"])}
    if line["state"] == "booked":
        row.update(entry_reference=uid("item", account.id, line["id"])[:16], booking_date=line["date"])
    return row
