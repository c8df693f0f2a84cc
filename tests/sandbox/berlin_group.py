# SPDX-License-Identifier: GPL-3.0-or-later
"""A bank of the Berlin Group's NextGenPSD2 1.3: a consent that is agreed to at its page, no bearer token, and standing
orders whose cancellation the person has to confirm once more.

How it wants that confirmed is `sca`: a page of the bank's, the bank's app, a code, or a choice of these. What the person
does in the app is `app`: None so far, yes or no. Whoever opens a page has agreed, unless `declines`.
"""

import uuid

import tls
from provider import Provider, same, secret
from reply import Reply, Wrong
from values import day, decimal, digits, iban, payee, uid

CODES = {"card": "PMNT-CCRD-POSD", "direct_debit": "PMNT-RDDT-ESDD", "standing_order": "PMNT-ICDT-STDO",
         "transfer": "PMNT-ICDT-ESCT", "cash": "PMNT-CCRD-CWDL"}
CALLED = {400: "FORMAT_ERROR", 401: "CONSENT_INVALID", 403: "CONSENT_UNKNOWN", 404: "RESOURCE_UNKNOWN", 429: "ACCESS_EXCEEDED"}
ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
ORDER = "/v1/periodic-payments/sepa-credit-transfers/([^/]+)"
FACTOR = ORDER + "/cancellation-authorisations"
WAYS = {"sms": {"authenticationType": "SMS_OTP", "authenticationMethodId": "sms", "name": "SMS to +49160 xxxxx 28"},
        "push": {"authenticationType": "PUSH_OTP", "authenticationMethodId": "push", "name": "The bank's app"}}
TRIES = 5


class BerlinGroup(Provider):
    provider = "berlin-group"
    root = "/psd2"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "transactionId", "bookingDate", "resourceId"
    NEXT = "href"
    SAVED = ["consents", "access_revoked"]
    BEHAVES = ("sca", "app", "declines", "code")
    ROUTES = [
        ("POST", "/v1/consents", "make_consent"),
        ("GET", "/v1/consents/%s" % ID, "consent"),
        ("DELETE", "/v1/consents/%s" % ID, "end_consent"),
        ("GET", "/v1/consents/%s/status" % ID, "consent_status"),
        ("GET", "/page/%s" % ID, "agree"),
        ("GET", "/v1/accounts", "accounts"),
        ("GET", "/v1/accounts/%s/balances" % ID, "balances"),
        ("GET", "/v1/accounts/%s/transactions" % ID, "transactions"),
        ("DELETE", ORDER, "cancel"),
        ("POST", FACTOR, "start_factor"),
        ("GET", FACTOR + "/%s" % ID, "factor_status"),
        ("PUT", FACTOR + "/%s" % ID, "update_factor"),
    ]

    def setup(self):
        self.consents = {}      # id → {status, until, back}
        self.factors = {}       # id → {order, status, way, back, tries}
        self.sca, self.app, self.declines = "code", None, False
        self.code = secret()[:8]

    def files(self):
        _, certificate, key = tls.make_client(self.options.keys)
        return {"certificate": certificate, "private_key": key}

    def needs(self):
        """A consent that was agreed to before: of a client that has no browser."""
        return {"consent_id": self.start_consent("2099-01-01", None, "valid")}

    def error(self, status, sentence):
        return {"tppMessages": [{"category": "ERROR", "code": CALLED.get(status, "SERVICE_BLOCKED"), "text": sentence}]}

    def answer(self, request):
        reply = super().answer(request)
        reply.headers["X-Request-ID"] = request.headers.get("X-Request-ID", "")
        return reply

    def greet(self, request):
        if request.path.startswith(self.root + "/page/"):
            return
        try:
            uuid.UUID(request.headers.get("X-Request-ID", ""))
        except ValueError:
            raise Wrong("X-Request-ID is no UUID") from None
        if request.path.startswith(self.root + "/v1/accounts"):
            kept = self.consents.get(request.headers.get("Consent-ID"))
            self.check(kept is not None and kept["status"] == "valid", 401, "The consent is not valid")

    def href(self, path):
        return {"href": self.url + path}

    # --- consent

    def start_consent(self, until, back, status="received"):
        name = str(uuid.uuid4())
        self.consents[name] = {"status": status, "until": until, "back": back}
        return name

    def make_consent(self, request):
        wish = request.json(("access", "recurringIndicator", "validUntil", "frequencyPerDay", "combinedServiceIndicator"))
        back = request.headers.get("TPP-Redirect-URI")
        if wish["access"] != {"allPsd2": "allAccounts"} or back is None:
            raise Wrong("a consent for all accounts, and where the person comes back to")
        name = self.start_consent(wish["validUntil"], back)
        links = {"scaRedirect": self.href("/page/" + name), "status": self.href("/v1/consents/%s/status" % name)}
        return Reply.json({"consentStatus": "received", "consentId": name, "_links": links}, 201)

    def agree(self, request, name):
        """What the browser opens, of a consent or of a second factor."""
        kept = self.consents.get(name) or self.factors.get(name) or self.refuse(404, "no such page")
        if name in self.consents:
            kept["status"] = "rejected" if self.declines else "valid"
        else:
            self.end_factor(kept, not self.declines)
        return Reply(302, b"", {"Location": kept["back"]})

    def known_consent(self, name):
        return self.consents.get(name) or self.refuse(403, "The consent is unknown")

    def consent(self, request, name):
        kept = self.known_consent(name)
        return {"access": {"allPsd2": "allAccounts"}, "recurringIndicator": True, "validUntil": kept["until"], "frequencyPerDay": 4,
                "lastActionDate": day(max(self.world.now, 0)), "consentStatus": kept["status"]}

    def consent_status(self, request, name):
        return {"consentStatus": self.known_consent(name)["status"]}

    def end_consent(self, request, name):
        kept = self.known_consent(name)
        if self.revoke_how != "ignore":
            kept["status"] = "terminatedByTpp"

    # --- accounts

    def accounts(self, request):
        request.only("withBalance")
        return {"accounts": [{"resourceId": uid("account", a.id), "iban": account_iban(a), "currency": a.currency, "name": a.name,
                              "product": "Giro", "cashAccountType": "CACC"} for a in self.accounts_of("accounts")]}

    def find(self, given, what):
        return self.account(given, lambda account: uid("account", account.id), what)

    def balances(self, request, given):
        account = self.find(given, "balance")
        row = lambda kind, units: {"balanceAmount": money(account, units), "balanceType": kind, "referenceDate": day(self.world.now)}
        return {"account": {"iban": account_iban(account)}, "balances": [row("interimBooked", account.booked), row("interimAvailable", account.available)]}

    def transactions(self, request, given):
        status, since, until, cursor = request.only("bookingStatus", "dateFrom", "dateTo", "page")
        account = self.find(given, "transactions")
        here = "/v1/accounts/%s" % given
        links = {"account": self.href(here)}
        if status == "information":
            rows = {"information": [order_row(owner, link) for owner, link in self.orders(account)]}
        elif status == "both" and since is not None:
            lines = [line for line in self.lines(account) if since <= line["date"] <= (until or "9999")]
            lines, following = self.page(lines, cursor)
            rows = {name: [line_row(account, line) for line in lines if line["state"] == name] for name in ("booked", "pending")}
            if following:
                links["next"] = self.href("%s/transactions?bookingStatus=both&dateFrom=%s&page=%s" % (here, since, following))
        else:
            raise Wrong("bookingStatus is information, or both with a dateFrom")
        return {"account": {"iban": account_iban(account)}, "transactions": dict(rows, _links=links)}

    # --- standing orders, and what the person has to confirm

    def orders(self, account=None):
        return [(owner, link) for owner, link in self.links(("standing_order",), account) if link["status"] == "active"]

    def order(self, name):
        for owner, link in self.orders():
            if order_name(owner, link) == name:
                return link
        return self.refuse(404, "no such payment")

    def cancel(self, request, name):
        """Nothing is ended by this alone."""
        self.order(name)
        here = "/v1/periodic-payments/sepa-credit-transfers/%s" % name
        return Reply.json({"transactionStatus": "ACTC", "_links": {
            "self": self.href(here), "status": self.href(here + "/status"),
            "startAuthorisation": self.href(here + "/cancellation-authorisations")}}, 202)

    def start_factor(self, request, name):
        if request.body:
            request.json()
        back = request.headers.get("TPP-Redirect-URI")
        factor = str(uuid.uuid4())
        self.factors[factor] = {"order": self.order(name)["link_id"], "status": "received", "way": self.sca, "back": back, "tries": 0}
        said = dict(self.tell(factor, name), authorisationId=factor)
        return Reply.json(said, 201)

    def tell(self, factor, name):
        """How it stands, and what comes next."""
        kept = self.factors[factor]
        here = "/v1/periodic-payments/sepa-credit-transfers/%s/cancellation-authorisations/%s" % (name, factor)
        said, links = {"scaStatus": kept["status"]}, {"scaStatus": self.href(here)}
        if kept["way"] == "page":
            links["scaRedirect"] = self.href("/page/" + factor)
        elif kept["way"] == "app":
            said["psuMessage"] = "Please confirm in the app of your bank."
        elif kept["way"] == "choice":
            said["scaMethods"] = list(WAYS.values())
            links["selectAuthenticationMethod"] = self.href(here)
        else:
            said["challengeData"] = {"otpMaxLength": len(self.code), "additionalInformation": "A code was sent to +49160 xxxxx 28."}
            links["authoriseTransaction"] = self.href(here)
        return dict(said, _links=links)

    def known_factor(self, name, factor):
        kept = self.factors.get(factor)
        if kept is None or kept["status"] in ("finalised", "failed"):
            return kept or self.refuse(404, "no such authorisation")
        self.order(name)
        return kept

    def factor_status(self, request, name, factor):
        kept = self.known_factor(name, factor)
        if kept["way"] == "app" and kept["status"] not in ("finalised", "failed"):
            kept["status"] = "started"
            if self.app is not None:
                self.end_factor(kept, self.app == "yes")
        return {"scaStatus": kept["status"]}

    def update_factor(self, request, name, factor):
        kept = self.known_factor(name, factor)
        if kept["way"] == "choice":
            way = request.json(("authenticationMethodId",))["authenticationMethodId"]
            if way not in WAYS:
                raise Wrong("no such method")
            kept.update(way="code" if way == "sms" else "app", status="scaMethodSelected")
            return dict(self.tell(factor, name), chosenScaMethod=WAYS[way])
        typed = request.json(("scaAuthenticationData",))["scaAuthenticationData"]
        if kept["way"] != "code" or kept["status"] == "failed":
            raise Wrong("no code is waited for")
        kept["tries"] += 1
        if same(typed, self.code):
            self.end_factor(kept, True)
            return {"scaStatus": "finalised"}
        if kept["tries"] >= TRIES:
            self.end_factor(kept, False)
        said = {"tppMessages": [{"category": "ERROR", "code": "PSU_CREDENTIALS_INVALID", "text": "The code is wrong."}]}
        return Reply.json(said, 401)

    def end_factor(self, kept, good):
        kept["status"] = "finalised" if good else "failed"
        if good:
            self.world.revoke(kept["order"], self.revoke_how)


def account_iban(account):
    return iban("DE", digits("number/" + account.id, 18))


def money(account, units):
    return {"currency": account.currency, "amount": decimal(account.currency, units)}


def order_name(account, link):
    return uid("order", account.id, link["link_id"])


def order_row(account, link):
    to = {"iban": iban("DE", digits("payee/" + link["name"], 18))}
    return {"transactionId": order_name(account, link), "creditorName": link["name"], "creditorAccount": to,
            "transactionAmount": money(account, -(link.get("limit") or 78500)), "remittanceInformationUnstructured": link["name"] + " REF",
            "bankTransactionCode": "PMNT-ICDT-STDO"}


def line_row(account, line):
    out = line["amount"] < 0
    row = {"transactionId": uid("line", account.id, line["id"]), "transactionAmount": money(account, line["amount"]),
           "valueDate": line["date"], "remittanceInformationUnstructured": line["descriptor"],
           "creditorName" if out else "debtorName": payee(line)}
    if line.get("type") in CODES:
        row["bankTransactionCode"] = CODES[line["type"]]
    if line.get("mandate_ref"):
        row["mandateId"] = line["mandate_ref"]
    return dict(row, bookingDate=line["date"]) if line["state"] == "booked" else row
