# SPDX-License-Identifier: GPL-3.0-or-later
"""Investec's private bank API: client credentials and a key for a token of half an hour, unsigned numbers with a type.

It lists no third party: what a debit order takes is seen in the transactions.
"""

from provider import Provider, same, secret
from reply import Reply, Wrong
from values import booked_at, day, digits, happened, number, uid

TYPES = {"card": "CardPurchases", "direct_debit": "DebitOrders", "fee": "FeesAndInterest", "cash": "ATMWithdrawals",
         "credit": "Deposits", "transfer": "OnlineBankingPayments", "standing_order": "OnlineBankingPayments"}
LASTS_S = 1799
ACCOUNT = "/za/pb/v1/accounts/([0-9]{25})"


class Investec(Provider):
    provider = "investec"
    LINE_ID, LINE_STATE, ACCOUNT_ID = "uuid", "status", "accountId"
    SAVED = ["client_id", "client_secret", "api_key", "tokens", "access_revoked"]
    BEHAVES = ("uuids",)
    ROUTES = [
        ("POST", "/identity/v2/oauth2/token", "sign_in"),
        ("GET", "/za/pb/v1/accounts", "accounts"),
        ("GET", ACCOUNT + "/balance", "balance"),
        ("GET", ACCOUNT + "/transactions", "transactions"),
        ("GET", ACCOUNT + "/pending-transactions", "pending"),
    ]

    def setup(self):
        self.client_id, self.client_secret, self.api_key = secret(), secret(), secret()
        self.tokens = {}      # → until
        self.uuids = True     # told today, and not in the published description

    def needs(self):
        return {"client_id": self.client_id, "client_secret": self.client_secret, "api_key": self.api_key}

    def evicted(self):
        return Reply.json({"error": "invalid_token"}, 401)

    def greet(self, request):
        if request.path == "/identity/v2/oauth2/token":
            return
        self.check(self.tokens.get(request.bearer(), 0) > self.now(), 401, "invalid_token")

    def sign_in(self, request):
        user, password = request.basic() or (None, None)
        self.check(same(user, self.client_id) and same(password, self.client_secret), 401, "invalid_client")
        self.check(same(request.headers.get("x-api-key"), self.api_key), 401, "invalid api key")
        if request.form(("grant_type",), ("scope",))["grant_type"] != "client_credentials":
            raise Wrong("unsupported_grant_type")
        token = secret()
        self.tokens[token] = self.now() + LASTS_S
        return {"access_token": token, "token_type": "Bearer", "expires_in": LASTS_S, "scope": "accounts"}

    def accounts(self, request):
        request.only()
        return self.envelope(request, {"accounts": [account_row(a) for a in self.accounts_of("accounts")]})

    def balance(self, request, account_id):
        account = self.account(account_id, account_number, "balance")
        booked, available = (number(account.currency, units) for units in (account.booked, account.available))
        return self.envelope(request, {"accountId": account_id, "currentBalance": booked, "availableBalance": available,
                                       "budgetBalance": 0, "straightBalance": 0, "cashBalance": 0, "currency": account.currency})

    def transactions(self, request, account_id):
        since, until, kind, pending = request.only("fromDate", "toDate", "transactionType", "includePending")
        if pending not in (None, "true", "false"):
            raise Wrong("includePending is true or false")
        account = self.account(account_id, account_number)
        since = since or day(self.world.now - 180 * 86400)
        found = self.lines(account, ("pending", "booked") if pending == "true" else ("booked",))
        found = sorted([line for line in found if since <= line["date"] <= (until or "9999")], key=booked_at, reverse=True)
        rows = [transaction_row(account, line, self.uuids) for line in found]
        return self.envelope(request, {"transactions": [r for r in rows if kind in (None, r["transactionType"])]})

    def pending(self, request, account_id):
        request.only()
        account = self.account(account_id, account_number)
        rows = [transaction_row(account, line, False) for line in self.lines(account, ("pending",))]
        return self.envelope(request, {"PendingTransaction": [{k: row[k] for k in PENDING} for row in rows]})

    def envelope(self, request, data):
        return {"data": data, "links": {"self": self.url + request.path}, "meta": {"totalPages": 1}}


PENDING = ("accountId", "type", "status", "description", "transactionDate", "amount")


def account_number(account):
    return digits("account/" + account.id, 25)


def account_row(account):
    return {"accountId": account_number(account), "accountNumber": digits("number/" + account.id, 11),
            "accountName": "Mr A Person", "referenceName": account.name, "productName": "Private Bank Account",
            "kycCompliant": True, "profileId": digits("profile", 14), "profileName": "A Person"}


def transaction_row(account, line, with_uuid):
    row = {"accountId": account_number(account), "type": "DEBIT" if line["amount"] < 0 else "CREDIT",
           "transactionType": TYPES.get(line.get("type"), "Deposits" if line["amount"] > 0 else "OnlineBankingPayments"),
           "status": "PENDING" if line["state"] == "pending" else "POSTED", "description": line["descriptor"],
           "cardNumber": "", "postedOrder": 0, "postingDate": line["date"], "valueDate": line["date"],
           "actionDate": line["date"], "transactionDate": day(happened(line)),
           "amount": number(account.currency, abs(line["amount"])), "runningBalance": number(account.currency, account.booked)}
    if with_uuid and line["state"] == "booked":
        row["uuid"] = uid("item", account.id, line["id"])
    return row
