# SPDX-License-Identifier: GPL-3.0-or-later
"""monobank's personal API: one token in a header, numeric currencies, windows of 31 days and an hour, 500 rows at most.

The one third party it knows is webHookUrl: whoever has it hears of every transaction. Here it is the story's newest
consent or app.
"""

import time

from provider import SHARING, Provider, same, secret
from reply import Reply, Wrong
from values import digits, happened, iban, uid

NUMERIC = {"UAH": 980, "USD": 840, "EUR": 978, "GBP": 826, "JPY": 392, "AUD": 36, "NZD": 554, "ZAR": 710, "BRL": 986}
CODES = {"card": 5411, "cash": 6011, "transfer": 4829}
LONGEST_S = 31 * 86400 + 3600


class Monobank(Provider):
    provider = "monobank"
    page_size = 500
    LINES = "*/statement/*"
    LINE_STATE, ACCOUNT_ID, BEHAVES = "hold", "id", ("seconds_between",)
    SAVED = ["secret", "access_revoked"]
    ROUTES = [
        ("GET", "/personal/client-info", "client_info"),
        ("GET", "/personal/statement/([^/]+)/([0-9]+)(?:/([0-9]+))?", "statement"),
        ("POST", "/personal/webhook", "webhook"),
    ]

    def setup(self):
        self.secret = secret("u")
        self.seconds_between = 0    # the vendor's is 60
        self.asked = {}             # method → when

    def needs(self):
        return {"token": self.secret}

    def error(self, status, sentence):
        return {"errorDescription": sentence}

    def evicted(self):
        return Reply.json(self.error(403, "Unknown 'X-Token'"), 403)

    def greet(self, request):
        self.check(same(request.headers.get("X-Token"), self.secret), 403, "Unknown 'X-Token'")
        method = "/".join(request.path.split("/")[:3])
        if time.monotonic() - self.asked.get(method, float("-inf")) < self.seconds_between:
            self.refuse(429, "Too many requests")
        self.asked[method] = time.monotonic()

    def client_info(self, request):
        request.only()
        hook = self.hook()
        return {"clientId": digits("client", 10), "name": "A Person", "webHookUrl": hook_url(hook) if hook else "",
                "permissions": "psfj", "accounts": [account_row(a) for a in self.accounts_of("accounts")], "jars": []}

    def statement(self, request, account_id, since, until):
        since, until = int(since), int(until or self.world.now)
        if until - since > LONGEST_S:
            raise Wrong("Period must be no more than 31 days")
        account = self.account(account_id, account_name)
        rows = [statement_row(account, line) for line in self.lines(account)]
        return sorted([r for r in rows if since <= r["time"] <= until], key=lambda row: row["time"],
                      reverse=True)[:self.page_size]

    def webhook(self, request):
        """An empty URL ends it. Koban may set none."""
        if request.json(("webHookUrl",))["webHookUrl"] != "":
            raise Wrong("this customer sets no webhook")
        for _, link in self.links(SHARING):     # there is one address at a time: an older one does not come back
            self.world.revoke(link["link_id"], self.revoke_how)
        return {"status": "ok"}

    def hook(self):
        found = [link for _, link in self.links(SHARING) if link["status"] == "active"]
        return found[-1] if found else None


def hook_url(link):
    return "https://%s.example/hook" % uid("host", link["name"])[:8]


def account_name(account):
    return uid("account", account.id).replace("-", "")[:22]


def account_row(account):
    return {"id": account_name(account), "sendId": uid("send", account.id)[:10], "currencyCode": NUMERIC[account.currency],
            "cashbackType": "UAH", "balance": account.available, "creditLimit": 0, "type": "black",
            "maskedPan": ["537541******%s" % digits("pan/" + account.id, 4)],
            "iban": iban("UA", "322001" + digits("number/" + account.id, 19))}


def statement_row(account, line):
    return {"id": uid("item", account.id, line["origin"]).replace("-", "")[:16], "time": int(happened(line)),
            "description": line["descriptor"], "mcc": CODES.get(line.get("type"), 4829),
            "originalMcc": CODES.get(line.get("type"), 4829), "hold": line["state"] == "pending", "amount": line["amount"],
            "operationAmount": line["amount"], "currencyCode": NUMERIC[account.currency], "commissionRate": 0,
            "cashbackAmount": 0, "balance": line.get("balance_after", account.booked), "counterName": line.get("counterparty", "")}
