# SPDX-License-Identifier: GPL-3.0-or-later
"""Teller: the application's certificate at the door (with TLS), the access token as a user name, bare arrays.

One token is one enrollment, the access to one bank: deleting its accounts ends it.
"""

import tls
from provider import Provider, same, secret
from reply import Refusal, Reply, Wrong
from values import booked_at, decimal, digits, payee, uid

TYPES = {"card": "card_payment", "cash": "atm", "fee": "fee", "credit": "deposit", "transfer": "transfer",
         "direct_debit": "digital_payment", "standing_order": "transfer"}
ACCOUNT = "/accounts/(acc_[0-9a-z]+)"


class Teller(Provider):
    provider = "teller"
    wants_certificate = True
    page_size = 500
    LINE_ID, LINE_STATE, ACCOUNT_ID = "id", "status", "account_id"
    SAVED = ["secret", "access_revoked", "ended"]
    ROUTES = [
        ("GET", "/accounts", "accounts"),
        ("DELETE", "/accounts", "end_all"),
        ("GET", ACCOUNT, "one_account"),
        ("DELETE", ACCOUNT, "end_one"),
        ("GET", ACCOUNT + "/balances", "balances"),
        ("GET", ACCOUNT + "/details", "details"),
        ("GET", ACCOUNT + "/transactions", "transactions"),
    ]

    def setup(self):
        self.secret = secret("test_tkn_")
        self.ended = []

    def clients(self):
        """Path of the authority whose certificates are let in."""
        self.authority, self.certificate, self.key = tls.make_client(self.options.keys)
        return self.authority

    def ready(self, url):
        if not self.options.tls:
            self.clients()
        return super().ready(url)

    def needs(self):
        return {"access_token": self.secret}

    def files(self):
        return {"certificate": self.certificate, "private_key": self.key}

    def error(self, status, sentence):
        return {"error": {"code": {401: "unauthorized", 404: "not_found"}.get(status, "bad_request"), "message": sentence}}

    def evicted(self):
        return Reply.json({"error": {"code": "enrollment.disconnected", "message": "The enrollment is disconnected."}}, 404)

    def greet(self, request):
        user, password = request.basic() or (None, None)
        self.check(same(user, self.secret) and password == "", 401, "The access token is missing or wrong.")
        if request.headers.get("Teller-Version") not in (None, "2020-10-12"):
            raise Wrong("unknown Teller-Version")

    def open_accounts(self):
        """Gone when ended; an enrollment without accounts is not connected any more."""
        return [a for a in self.accounts_of("accounts") if a.id not in self.ended]

    def accounts(self, request):
        request.only()
        if not self.open_accounts():
            raise_gone(self)
        return [self.account_row(a) for a in self.open_accounts()]

    def one_account(self, request, account_id):
        return self.account_row(self.find(account_id))

    def end_all(self, request):
        self.end(self.open_accounts())

    def end_one(self, request, account_id):
        self.end([self.find(account_id)])

    def end(self, accounts):
        if self.revoke_how != "ignore":
            self.ended += [a.id for a in accounts]

    def balances(self, request, account_id):
        account = self.find(account_id, "balance")
        here = "%s/accounts/%s" % (self.url, account_id)
        return {"account_id": account_id, "available": decimal(account.currency, account.available),
                "ledger": decimal(account.currency, account.booked), "links": {"self": here + "/balances", "account": here}}

    def details(self, request, account_id):
        account = self.find(account_id)
        return {"account_id": account_id, "account_number": digits("number/" + account.id, 12),
                "routing_numbers": {"ach": digits("routing/" + account.bank, 9)},
                "links": {"self": request.path, "account": "%s/accounts/%s" % (self.url, account_id)}}

    def transactions(self, request, account_id):
        """Newest first; `from_id` is the last row of the page before."""
        count, from_id, since, until = request.only("count", "from_id", "start_date", "end_date")
        account = self.find(account_id)
        rows = [self.transaction_row(account, line) for line in sorted(self.lines(account), key=booked_at, reverse=True)]
        rows = [r for r in rows if (since or "") <= r["date"] <= (until or "9999")]
        if from_id is not None:
            ids = [r["id"] for r in rows]
            if from_id not in ids:
                self.refuse(404, "from_id is not a transaction of this account")
            rows = rows[ids.index(from_id) + 1:]
        if count is not None and not count.isdigit():
            raise Wrong("count is a number")
        return rows[:min(int(count or self.page_size), self.page_size)]

    def find(self, account_id, what="accounts"):
        account = self.account(account_id, account_name, what)
        return account if account.id not in self.ended else raise_gone(self)

    def account_row(self, account):
        here = "%s/accounts/%s" % (self.url, account_name(account))
        return {"id": account_name(account), "enrollment_id": name("enr", account.bank), "name": account.name,
                "last_four": digits("number/" + account.id, 12)[-4:], "type": "depository", "subtype": "checking",
                "currency": account.currency, "status": "open", "institution": {"id": account.bank, "name": account.bank},
                "links": {"self": here, "transactions": here + "/transactions", "balances": here + "/balances",
                          "details": here + "/details"}}

    def transaction_row(self, account, line):
        here = "%s/accounts/%s" % (self.url, account_name(account))
        booked, txn = line["state"] == "booked", name("txn", account.id, line["id"])
        row = {"id": txn, "account_id": account_name(account), "amount": decimal(account.currency, line["amount"]),
               "date": line["date"], "description": line["descriptor"], "status": "posted" if booked else "pending",
               "type": TYPES.get(line.get("type"), "other"),
               "details": {"processing_status": "complete" if booked else "pending", "category": "general",
                           "counterparty": {"name": payee(line), "type": "organization"}},
               "links": {"self": "%s/transactions/%s" % (here, txn), "account": here}}
        return dict(row, running_balance=decimal(account.currency, line["balance_after"])) if "balance_after" in line else row


def raise_gone(teller):
    raise Refusal(teller.evicted())


def name(kind, *names):
    return "%s_%s" % (kind, uid(kind, *names).replace("-", "")[:22])


def account_name(account):
    return name("acc", account.id)
