# SPDX-License-Identifier: GPL-3.0-or-later
"""GoCardless Bank Account Data v2: keys for a pair of tokens, trailing slashes, requisitions and agreements.

A requisition is the access to one bank. Debits carry mandateId and creditorId; no list of mandates exists.
"""

import urllib.parse

from provider import Provider, same, secret
from reply import Refusal, Reply, Wrong
from values import decimal, digits, iban, payee, stamp, uid

ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
ACCESS_S, REFRESH_S = 86400, 2592000
CODES = {"card": "PMNT-CCRD-POSD", "direct_debit": "PMNT-RDDT-ESDD", "standing_order": "PMNT-ICDT-STDO",
         "transfer": "PMNT-ICDT-ESCT", "credit": "PMNT-RCDT-ESCT", "cash": "PMNT-CCRD-CWDL", "fee": "ACMT-MDOP-CHRG"}


class GoCardless(Provider):
    provider = "gocardless-bad"
    root = "/api/v2"
    page_size = 100
    LINE_ID, LINE_STATE, ACCOUNT_ID = "transactionId", "bankTransactionCode", "id"
    SAVED = ["secret_id", "secret_key", "access", "refreshing", "access_revoked", "ended"]
    BEHAVES = ("daily", "expired")
    ROUTES = [
        ("POST", "/token/new/", "new_token"),
        ("POST", "/token/refresh/", "refresh_token"),
        ("GET", "/requisitions/", "requisitions"),
        ("GET", "/requisitions/%s/" % ID, "requisition"),
        ("DELETE", "/requisitions/%s/" % ID, "end_requisition"),
        ("GET", "/agreements/enduser/", "agreements"),
        ("GET", "/agreements/enduser/%s/" % ID, "agreement"),
        ("GET", "/accounts/%s/" % ID, "one_account"),
        ("GET", "/accounts/%s/details/" % ID, "details"),
        ("GET", "/accounts/%s/balances/" % ID, "balances"),
        ("GET", "/accounts/%s/transactions/" % ID, "transactions"),
    ]

    def setup(self):
        self.secret_id, self.secret_key = uid("secret", secret()), secret()
        self.access, self.refreshing = {}, {}     # token → until
        self.ended = []                           # requisitions
        self.daily, self.asked = 0, {}            # how often an account's list may be read in a day; banks say 4
        self.expired = False                      # the agreement has run out

    def needs(self):
        return {"secret_id": self.secret_id, "secret_key": self.secret_key}

    def error(self, status, sentence):
        return {"summary": sentence, "detail": sentence, "status_code": status}

    def greet(self, request):
        if not request.path.startswith(self.root + "/token/"):
            self.check(self.access.get(request.bearer(), 0) > self.now(), 401, "Invalid token")

    def route(self, request):
        if not request.path.endswith("/"):
            self.refuse(404, "Not found: this path ends with a slash")
        return super().route(request)

    def new_token(self, request):
        given = request.json(("secret_id", "secret_key"))
        self.check(same(given["secret_id"], self.secret_id) and same(given["secret_key"], self.secret_key), 401,
                   "Authentication failed")
        refresh = self.token_until(self.refreshing, REFRESH_S)
        return {"access": self.token_until(self.access, ACCESS_S), "access_expires": ACCESS_S, "refresh": refresh,
                "refresh_expires": REFRESH_S}

    def refresh_token(self, request):
        self.check(self.refreshing.get(request.json(("refresh",))["refresh"], 0) > self.now(), 401, "Invalid token")
        return {"access": self.token_until(self.access, ACCESS_S), "access_expires": ACCESS_S}

    def token_until(self, kept, seconds):
        token = secret("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.")
        kept[token] = self.now() + seconds
        return token

    def requisitions(self, request):
        return self.counted(request, [self.requisition_row(b) for b in self.banks() if requisition_id(b) not in self.ended])

    def requisition(self, request, wanted):
        return self.requisition_row(self.bank_of(wanted))

    def end_requisition(self, request, wanted):
        self.bank_of(wanted)
        if self.revoke_how != "ignore":
            self.ended.append(wanted)
        return {"summary": "Requisition deleted", "detail": "Requisition '%s' deleted with all its End User Agreements" % wanted}

    def agreements(self, request):
        return self.counted(request, [self.agreement_row(b) for b in self.banks() if requisition_id(b) not in self.ended])

    def agreement(self, request, wanted):
        for bank in self.banks():
            if uid("agreement", bank) == wanted and requisition_id(bank) not in self.ended:
                return self.agreement_row(bank)
        return self.refuse(404, "Not found.")

    def counted(self, request, rows):
        limit, offset = (request.only("limit", "offset") + [None])[:2]
        if not (limit or "0").isdigit() or not (offset or "0").isdigit():
            raise Wrong("limit and offset are numbers")
        limit, offset = min(int(limit or 100), self.page_size), int(offset or 0)
        here = lambda at: "%s%s?%s" % (self.url, request.path[len(self.root):], urllib.parse.urlencode({"limit": limit, "offset": at}))
        return {"count": len(rows), "next": here(offset + limit) if offset + limit < len(rows) else None,
                "previous": here(max(0, offset - limit)) if offset else None, "results": rows[offset:offset + limit]}

    def one_account(self, request, account_id):
        account = self.find(account_id)
        return {"id": account_id, "created": self.begun(), "last_accessed": stamp(self.world.now), "iban": account_iban(account),
                "status": "READY", "institution_id": account.bank.upper(), "owner_name": "A Person"}

    def details(self, request, account_id):
        account = self.find(account_id)
        return {"account": {"resourceId": uid("resource", account.id), "iban": account_iban(account), "currency": account.currency,
                            "ownerName": "A Person", "name": account.name, "cashAccountType": "CACC", "status": "enabled"}}

    def balances(self, request, account_id):
        account = self.find(account_id, "balance")
        self.count(request, account)
        row = lambda kind, units: {"balanceAmount": {"amount": decimal(account.currency, units), "currency": account.currency},
                                   "balanceType": kind, "referenceDate": stamp(self.world.now)[:10]}
        return {"balances": [row("closingBooked", account.booked), row("interimAvailable", account.available)]}

    def transactions(self, request, account_id):
        since, until = request.only("date_from", "date_to")
        account = self.find(account_id)
        self.count(request, account)
        rows = {"booked": [], "pending": []}
        for line in reversed(self.lines(account)):
            if (since or "") <= line["date"] <= (until or "9999"):
                rows[line["state"]].append(transaction_row(account, line))
        return {"transactions": rows}

    def count(self, request, account):
        slot = (request.path, int(self.now() // 86400))
        self.asked[slot] = self.asked.get(slot, 0) + 1
        if self.daily and self.asked[slot] > self.daily:
            limits = {"HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_LIMIT": str(self.daily), "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_REMAINING": "0",
                      "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_RESET": "3600"}
            raise Refusal(Reply.json(self.error(429, "Rate limit exceeded"), 429, limits))

    def find(self, account_id, what="accounts"):
        account = self.account(account_id, lambda a: uid("account", a.id), what)
        if requisition_id(account.bank) in self.ended:
            self.refuse(404, "Not found.")
        if self.expired:
            raise Refusal(Reply.json(dict(self.error(401, "End User Agreement (EUA) has expired"), type="AccessExpiredError"), 401))
        return account

    def bank_of(self, wanted):
        for bank in self.banks():
            if requisition_id(bank) == wanted and wanted not in self.ended:
                return bank
        return self.refuse(404, "Not found.")

    def begun(self):
        return stamp(self.world.story.monitor_from - 86400)

    def requisition_row(self, bank):
        return {"id": requisition_id(bank), "created": self.begun(), "redirect": "https://localhost/", "institution_id": bank.upper(),
                "status": "EX" if self.expired else "LN", "agreement": uid("agreement", bank), "reference": uid("reference", bank),
                "accounts": [uid("account", a.id) for a in self.accounts_of("accounts", bank)], "user_language": "EN",
                "link": "https://ob.example/psd2/start/" + requisition_id(bank), "account_selection": False, "redirect_immediate": False}

    def agreement_row(self, bank):
        return {"id": uid("agreement", bank), "created": self.begun(), "institution_id": bank.upper(), "max_historical_days": 90,
                "access_valid_for_days": 90, "access_scope": ["balances", "details", "transactions"], "accepted": self.begun()}


def requisition_id(bank):
    return uid("requisition", bank)


def account_iban(account):
    return iban("DE", digits("number/" + account.id, 18))


def transaction_row(account, line):
    """A pending row has no id."""
    out = line["amount"] < 0
    row = {"transactionAmount": {"amount": decimal(account.currency, line["amount"]), "currency": account.currency},
           "valueDate": line["date"], "creditorName" if out else "debtorName": payee(line),
           "remittanceInformationUnstructured": line["descriptor"],
           "bankTransactionCode": CODES.get(line.get("type"), "PMNT-OTHR-OTHR")}
    if line["state"] == "booked":
        name = uid("item", account.id, line["id"])
        row.update(transactionId=name[:18], internalTransactionId=name.replace("-", ""), bookingDate=line["date"])
    if line.get("type") == "direct_debit":
        row["creditorId"] = line.get("counterparty_id") or "DE98ZZZ" + digits("creditor/" + payee(line), 11)
        row["mandateId"] = line.get("mandate_ref") or digits("mandate/" + payee(line), 10)
    return row
