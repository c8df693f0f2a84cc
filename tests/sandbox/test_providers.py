#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every bank of the stand-in, asked as its vendor's page says, by clients that are not ours.

One small client a provider, written from the same texts as the server and from nothing of Koban's: how it signs in,
reads the lines page by page, lists and ends links. Then one table of claims that hold for every one of them.
"""

import base64
import datetime
import http.client
import json
import os
import ssl
import sys
import tempfile
import unittest
import urllib.parse
import uuid

import keys
from test_bank import HERE, Bank, send

sys.path.insert(0, str(HERE.parent / "support"))
import tap  # noqa: E402

STORY = [
    {"kind": "story", "format": 1, "name": "street", "utc_offset_minutes": 0, "monitor_from": 1725000000, "accounts": [
        {"id": "a1", "name": "Everyday", "bank": "bank0", "currency": "EUR", "opening_booked": 500000}]},
    *({"ts": 1724600000 + 10000 * n, "kind": "transaction", "account": "a1", "id": "h%d" % n, "amount": amount, "currency": "EUR",
       "descriptor": "LINE %d" % n, "type": kind,
       "date": datetime.datetime.fromtimestamp(1724600000 + 10000 * n, datetime.timezone.utc).date().isoformat()}
      for n, (amount, kind) in enumerate([(-1250, "card"), (-78500, "standing_order"), (120000, "credit"),
                                          (-999, "direct_debit"), (-5, "transfer")])),
    *({"ts": 1724700000 + n, "kind": "link_added", "account": "a1", "link_id": "L%d" % n, "link_type": kind, "name": kind.upper(),
       "currency": "EUR", "status": "active"} for n, kind in enumerate(("direct_debit", "standing_order", "consent"))),
    {"ts": 1724800000, "kind": "pending", "account": "a1", "id": "p1", "amount": -4200, "currency": "EUR", "descriptor": "HELD",
     "type": "card", "date": "2024-08-27"},
    {"ts": 1725001000, "kind": "booked", "account": "a1", "id": "b1", "pending_id": "p1", "amount": -4300, "currency": "EUR",
     "descriptor": "SETTLED", "type": "card", "date": "2024-08-30"},
]
AMOUNTS = {-1250, -78500, 120000, -999, -5}


class Client:
    """Asks the bank in one vendor's words. Amounts come back in minor units, money out negative."""

    provider = None
    pending = True        # does the provider show what is not booked?
    pages = True
    arguments = ()

    def __init__(self, bank):
        self.bank = bank
        self.needs, self.files = bank.ready["needs"], bank.ready["files"]
        self.sign_in()

    def sign_in(self):
        pass

    def headers(self):
        return {"Authorization": "Bearer " + self.needs["token"]}

    def ask(self, path, method="GET", body=None, headers=None, trust=None):
        url = path if "://" in path else self.bank.ready["base_url"] + path
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        more = {"Content-Type": "application/json"} if data is not None else {}
        return send(url, method, dict(more, **(self.headers() if headers is None else headers)), data, trust or self.bank.trust)

    def get(self, path, **more):
        status, _, value = self.ask(path, **more)
        if status not in (200, 201):
            raise AssertionError("%s: %s %s" % (path, status, value))
        return value

    def rows(self):
        raise NotImplementedError

    def links(self):
        """The power over the account that this bank lists, by name: what revoke() may end."""
        return []

    def revoke(self):
        """The request that ends the first of links(); its (status, headers, value)."""
        return None


def cents(value):
    return round(float(value) * 100)


class Starling(Client):
    provider = "starling"
    pages = False

    def sign_in(self):
        row = self.get("/api/v2/accounts")["accounts"][0]
        self.place = "account/%s/category/%s" % (row["accountUid"], row["defaultCategory"])
        self.orders = "/api/v2/payments/local/" + self.place + "/standing-orders"

    def rows(self):
        items = self.get("/api/v2/feed/%s?changesSince=2024-01-01T00:00:00Z" % self.place)["feedItems"]
        return [(i["amount"]["minorUnits"] * (-1 if i["direction"] == "OUT" else 1), i["status"] == "PENDING") for i in items]

    def links(self):
        names = {p["payeeUid"]: p["payeeName"] for p in self.get("/api/v2/payees")["payees"]}
        return [names[o["payeeUid"]] for o in self.get(self.orders)["standingOrders"] if o["cancelledAt"] is None]

    def revoke(self, tamper=""):
        """A standing order: the vendor's message signing, over (request-target), Date and Digest."""
        path = "%s/%s" % (self.orders, self.get(self.orders)["standingOrders"][0]["paymentOrderUid"])
        date, ready = "2024-08-30T12:00:00.000Z", self.bank.ready
        signed = keys.sign(ready["signing_key"], ("(request-target): delete %s\nDate: %s\nDigest: X" % (path, date)).encode(), "sha512")
        said = 'Bearer %s;Signature keyid="%s",algorithm="rsa-sha512",headers="(request-target) Date Digest",signature="%s"' % (
            ready["revoke_token"], ready["signing_key_id"], signed)
        return self.ask(path, "DELETE", headers={"Authorization": said, "Date": date + tamper, "Digest": "X"})


class SimpleFin(Client):
    provider = "simplefin"
    pages = False

    def sign_in(self):
        access = urllib.parse.urlsplit(send(base64.b64decode(self.needs["token"]).decode(), "POST", {"Content-Length": "0"}, b"")[2])
        pair = urllib.parse.unquote(access.username) + ":" + urllib.parse.unquote(access.password)
        self.pair = base64.b64encode(pair.encode()).decode()

    def headers(self):
        return {"Authorization": "Basic " + self.pair}

    def rows(self):
        found = self.get("/accounts?version=2&pending=1")["accounts"][0]["transactions"]
        return [(cents(t["amount"]), bool(t.get("pending"))) for t in found]


class Up(Client):
    provider = "up"

    def rows(self):
        account = self.get("/accounts")["data"][0]["id"]
        path, rows = "/accounts/%s/transactions?page%%5Bsize%%5D=2" % account, []
        while path:
            page = self.get(path)
            rows += [(t["attributes"]["amount"]["valueInBaseUnits"], t["attributes"]["status"] == "HELD") for t in page["data"]]
            path = page["links"]["next"]
        return rows

    def hooks(self):
        return self.get("/webhooks")["data"]

    def links(self):
        return [w["attributes"]["description"] for w in self.hooks()]

    def revoke(self):
        return self.ask("/webhooks/" + self.hooks()[0]["id"], "DELETE")


class Akahu(Client):
    provider = "akahu"

    def headers(self):
        return {"Authorization": "Bearer " + self.needs["user_token"], "X-Akahu-Id": self.needs["app_token"]}

    def rows(self):
        rows, cursor = [(cents(t["amount"]), True) for t in self.get("/transactions/pending")["items"]], ""
        while cursor is not None:
            page = self.get("/transactions" + ("?cursor=" + cursor if cursor else ""))
            rows += [(cents(t["amount"]), False) for t in page["items"]]
            cursor = page["cursor"]["next"]
        return rows

    def links(self):
        return sorted({a["_authorisation"] for a in self.get("/accounts")["items"]})

    def revoke(self):
        return self.ask("/authorisations/" + self.links()[0], "DELETE")


class BerlinGroup(Client):
    provider = "berlin-group"
    orders = "/v1/periodic-payments/sepa-credit-transfers/"
    consent = None

    def headers(self):
        said = {"X-Request-ID": str(uuid.uuid4())}
        return dict(said, **({"Consent-ID": self.consent} if self.consent else {}))

    def sign_in(self):
        """The person agrees on the page of the bank, and is sent back with nothing but that."""
        wish = {"access": {"allPsd2": "allAccounts"}, "recurringIndicator": True, "validUntil": "2024-12-01", "frequencyPerDay": 4,
                "combinedServiceIndicator": False}
        back = {"TPP-Redirect-URI": "https://localhost/callback", "PSU-IP-Address": "127.0.0.1"}
        made = self.get("/v1/consents", method="POST", body=wish, headers=dict(self.headers(), **back))
        self.consent = made["consentId"]
        page = made["_links"]["scaRedirect"]["href"].replace(self.bank.ready["base_url"], self.bank.base_url)
        self.agreed = send(page, "GET", {}, None, self.bank.trust)[1]["Location"]
        assert self.get("/v1/consents/%s/status" % self.consent)["consentStatus"] == "valid"
        self.account = self.get("/v1/accounts")["accounts"][0]["resourceId"]

    def listing(self, path):
        return self.get(path)["transactions"]

    def rows(self):
        path, rows = "/v1/accounts/%s/transactions?bookingStatus=both&dateFrom=2024-01-01" % self.account, []
        while path:
            page = self.listing(path)
            rows += [(cents(t["transactionAmount"]["amount"]), False) for t in page["booked"]]
            rows += [(cents(t["transactionAmount"]["amount"]), True) for t in page["pending"]]
            path = page["_links"].get("next", {}).get("href")
        return rows

    def order_rows(self):
        return self.listing("/v1/accounts/%s/transactions?bookingStatus=information" % self.account)["information"]

    def links(self):
        return [row["creditorName"] for row in self.order_rows()]

    def start(self, way):
        """A cancellation, and its second factor begun: (its path, what the bank says to that)."""
        self.bank.tell("behave", sca=way, code="13579")
        path = self.orders + self.order_rows()[0]["transactionId"]
        assert self.ask(path, "DELETE")[0] == 202
        begun = self.get(path + "/cancellation-authorisations", method="POST", body={},
                         headers=dict(self.headers(), **{"TPP-Redirect-URI": "https://localhost/callback"}))
        return "%s/cancellation-authorisations/%s" % (path, begun["authorisationId"]), begun

    def revoke(self):
        return self.ask(self.start("code")[0], "PUT", {"scaAuthenticationData": "13579"})


class Bunq(Client):
    provider = "bunq"
    pending = False

    def sign_in(self):
        self.private, public = keys.make_pair(os.path.join(self.bank.scratch.name, "keys"), "client")
        self.token, self.serial = None, 0
        self.installed = self.parts("/installation", {"client_public_key": keys.read(public)})
        self.token = self.installed["Token"]["token"]
        self.parts("/device-server", {"description": "test", "secret": self.needs["api_key"], "permitted_ips": ["*"]})
        session = self.parts("/session-server", {"secret": self.needs["api_key"]})
        self.token, self.user = session["Token"]["token"], "/user/%d" % session["UserPerson"]["id"]

    def parts(self, path, body):
        return {kind: row for part in self.get(path, method="POST", body=body)["Response"] for kind, row in part.items()}

    def ask(self, path, method="GET", body=None, headers=None, **more):
        data = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        self.serial += 1
        said = {"Cache-Control": "no-cache", "User-Agent": "test", "X-Bunq-Client-Request-Id": str(self.serial)}
        if self.token:
            said["X-Bunq-Client-Authentication"] = self.token
        if data and self.token:
            said["X-Bunq-Client-Signature"] = keys.sign(self.private, data)
        return super().ask(path, method, data if body is not None else None, dict(said, **(headers or {})), **more)

    def rows(self):
        account = self.get(self.user + "/monetary-account")["Response"][0]["MonetaryAccountBank"]["id"]
        path, rows = "%s/monetary-account/%d/payment?count=2" % (self.user, account), []
        while path:
            page = self.get(path)
            rows += [(cents(p["Payment"]["amount"]["value"]), False) for p in page["Response"]]
            path = (page["Pagination"]["older_url"] or "")[len("/v1"):]
        return rows

    def whitelist(self):
        return [r["WhitelistSddRecurring"] for r in self.get(self.user + "/whitelist-sdd-recurring")["Response"]]

    def links(self):
        return [w["counterparty_alias"]["display_name"] for w in self.whitelist()]

    def revoke(self):
        return self.ask("%s/whitelist-sdd-recurring/%d" % (self.user, self.whitelist()[0]["id"]), "DELETE")


class EnableBanking(Client):
    provider = "enable-banking"
    wrong = {}

    def headers(self):
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        begun = int(self.bank.state()["now"])
        message = "%s.%s" % (part({"typ": "JWT", "alg": "RS256", "kid": self.needs["app_id"]}),
                             part(dict({"iss": "enablebanking.com", "aud": "api.enablebanking.com", "iat": begun, "exp": begun + 3600}, **self.wrong)))
        signed = base64.b64decode(keys.sign(self.files["private_key"], message.encode()))
        return {"Authorization": "Bearer %s.%s" % (message, base64.urlsafe_b64encode(signed).decode().rstrip("="))}

    def sign_in(self):
        """The person agrees on the page of the bank, and is sent back with a code."""
        bank = self.get("/aspsps?country=FI&psu_type=personal")["aspsps"][0]
        wish = {"access": {"valid_until": "2024-12-01T00:00:00+00:00"}, "aspsp": {"name": bank["name"], "country": "FI"},
                "state": "s1", "redirect_url": "https://localhost/callback", "psu_type": "personal"}
        page = self.get("/auth", method="POST", body=wish)["url"]
        back = urllib.parse.parse_qs(urllib.parse.urlsplit(self.ask(page, headers={})[1]["Location"]).query)
        assert back["state"] == ["s1"]
        opened = self.get("/sessions", method="POST", body={"code": back["code"][0]})
        self.session, self.account = opened["session_id"], opened["accounts"][0]["uid"]

    def rows(self):
        rows, key = [], ""
        while key is not None:
            page = self.get("/accounts/%s/transactions?date_from=2024-01-01%s" % (self.account, key and "&continuation_key=" + key))
            rows += [(cents(t["transaction_amount"]["amount"]) * (-1 if t["credit_debit_indicator"] == "DBIT" else 1),
                      t["status"] == "PDNG") for t in page["transactions"]]
            key = page.get("continuation_key")
        return rows

    def links(self):
        return [self.session] if self.get("/sessions/" + self.session)["status"] == "AUTHORIZED" else []

    def revoke(self):
        return self.ask("/sessions/" + self.session, "DELETE")


class Pluggy(Client):
    provider = "pluggy"

    def sign_in(self):
        self.key = self.get("/auth", method="POST", headers={}, body={
            "clientId": self.needs["client_id"], "clientSecret": self.needs["client_secret"], "nonExpiring": False})["apiKey"]
        self.account = self.get("/accounts?itemId=" + self.needs["item_ids"])["results"][0]["id"]

    def headers(self):
        return {"X-API-KEY": self.key}

    def rows(self):
        path, rows = "/v2/transactions?accountId=" + self.account, []
        while path:
            page = self.get(path)
            rows += [(cents(t["amount"]), t["status"] == "PENDING") for t in page["results"]]
            path = page["next"]
        return rows

    def links(self):
        return [self.needs["item_ids"]] if self.ask("/items/" + self.needs["item_ids"])[0] == 200 else []

    def revoke(self):
        return self.ask("/items/" + self.needs["item_ids"], "DELETE")


class Wise(Client):
    provider = "wise"

    def sign_in(self):
        self.profile = self.get("/v2/profiles")[0]["id"]

    def rows(self):
        rows, cursor = [], ""
        while cursor is not None:
            page = self.get("/v1/profiles/%d/activities?size=2%s" % (self.profile, cursor and "&nextCursor=" + cursor))
            for row in page["activities"]:
                if row["resource"]["type"] != "DIRECT_DEBIT_INSTRUCTION":
                    text = row["primaryAmount"].replace("<positive>+ ", "").replace("</positive>", "").replace(",", "")
                    sign = 1 if "+" in row["primaryAmount"] else -1
                    rows.append((sign * cents(text.split()[0]), row["status"] == "IN_PROGRESS"))
            cursor = page["cursor"]
        return rows

    def hooks(self):
        return self.get("/v3/profiles/%d/subscriptions" % self.profile)

    def links(self):
        return [s["name"] for s in self.hooks()]

    def revoke(self):
        return self.ask("/v3/profiles/%d/subscriptions/%s" % (self.profile, self.hooks()[0]["id"]), "DELETE")


class Plaid(Client):
    provider = "plaid"

    def headers(self):
        return {"PLAID-CLIENT-ID": self.needs["client_id"], "PLAID-SECRET": self.needs["client_secret"], "Plaid-Version": "2020-09-14"}

    def post(self, path, **more):
        return self.get(path, method="POST", body=dict({"access_token": self.needs["access_token"]}, **more))

    def sync(self, cursor=None, count=2):
        added, removed, more = [], [], True
        while more:
            page = self.post("/transactions/sync", count=count, **({"cursor": cursor} if cursor else {}))
            added, removed = added + page["added"], removed + page["removed"]
            cursor, more = page["next_cursor"], page["has_more"]
        return added, removed, cursor

    def rows(self):
        return [(-cents(t["amount"]), t["pending"]) for t in self.sync()[0]]

    def links(self):
        body = {"access_token": self.needs["access_token"]}
        status, _, value = self.ask("/item/get", "POST", body)
        return [value["item"]["item_id"]] if status == 200 else []

    def revoke(self):
        return self.ask("/item/remove", "POST", {"access_token": self.needs["access_token"]})


class Teller(Client):
    provider = "teller"

    def headers(self):
        pair = base64.b64encode((self.needs["access_token"] + ":").encode()).decode()
        return {"Authorization": "Basic " + pair, "Teller-Version": "2020-10-12"}

    def rows(self):
        account, rows, last = self.get("/accounts")[0]["id"], [], ""
        while True:
            page = self.get("/accounts/%s/transactions?count=2%s" % (account, last and "&from_id=" + last))
            if not page:
                return rows
            rows += [(cents(t["amount"]), t["status"] == "pending") for t in page]
            last = page[-1]["id"]

    def links(self):
        status, _, value = self.ask("/accounts")
        return sorted({a["enrollment_id"] for a in value}) if status == 200 else []

    def revoke(self):
        return self.ask("/accounts", "DELETE")


class GoCardless(Client):
    provider = "gocardless-bad"
    pages = False

    def sign_in(self):
        self.tokens = self.get("/token/new/", method="POST", headers={}, body={
            "secret_id": self.needs["secret_id"], "secret_key": self.needs["secret_key"]})
        self.access = self.tokens["access"]

    def headers(self):
        return {"Authorization": "Bearer " + self.access}

    def requisitions(self):
        return self.get("/requisitions/?limit=100&offset=0")["results"]

    def rows(self):
        account = self.requisitions()[0]["accounts"][0]
        found = self.get("/accounts/%s/transactions/?date_from=2024-01-01" % account)["transactions"]
        return [(cents(t["transactionAmount"]["amount"]), state == "pending") for state in found for t in found[state]]

    def links(self):
        return [r["id"] for r in self.requisitions()]

    def revoke(self):
        return self.ask("/requisitions/%s/" % self.requisitions()[0]["id"], "DELETE")


class Monobank(Client):
    provider = "monobank"
    pages = False

    def headers(self):
        return {"X-Token": self.needs["token"]}

    def rows(self):
        account = self.get("/personal/client-info")["accounts"][0]["id"]
        found = self.get("/personal/statement/%s/%d/%d" % (account, 1724500000, 1725002000))
        return [(t["amount"], t["hold"]) for t in found]

    def links(self):
        hook = self.get("/personal/client-info")["webHookUrl"]
        return [hook] if hook else []

    def revoke(self):
        return self.ask("/personal/webhook", "POST", {"webHookUrl": ""})


class Investec(Client):
    provider = "investec"
    pages = False

    def sign_in(self):
        pair = base64.b64encode(("%s:%s" % (self.needs["client_id"], self.needs["client_secret"])).encode()).decode()
        said = {"Authorization": "Basic " + pair, "x-api-key": self.needs["api_key"], "Content-Type": "application/x-www-form-urlencoded"}
        self.access = self.get("/identity/v2/oauth2/token", method="POST", headers=said,
                               body=b"grant_type=client_credentials")["access_token"]

    def headers(self):
        return {"Authorization": "Bearer " + self.access}

    def rows(self):
        account = self.get("/za/pb/v1/accounts")["data"]["accounts"][0]["accountId"]
        found = self.get("/za/pb/v1/accounts/%s/transactions?fromDate=2024-01-01&includePending=true" % account)["data"]["transactions"]
        return [(cents(t["amount"]) * (-1 if t["type"] == "DEBIT" else 1), t["status"] == "PENDING") for t in found]


CLIENTS = (Akahu, BerlinGroup, Bunq, EnableBanking, GoCardless, Investec, Monobank, Plaid, Pluggy, SimpleFin, Starling, Teller, Up, Wise)


KEYS = tempfile.TemporaryDirectory(prefix="koban-street-")     # made once: keys are slow to make


def each(claim):
    """The claim, of every bank, opened afresh."""
    def test(self):
        for kind in CLIENTS:
            with self.subTest(kind.provider):
                claim(self, self.open(kind))
    return test


class Case(unittest.TestCase):
    def open(self, client, *arguments):
        bank = Bank("--provider", client.provider, "--keys", KEYS.name, *(arguments or ("--http", "--as-is")), story=STORY)
        self.addCleanup(bank.close)
        return client(bank)


class Street(Case):
    """What holds for every bank."""

    @each
    def test_the_lines_are_those_of_the_story_and_pages_lose_none(self, client):
        expected = sorted([(a, False) for a in AMOUNTS] + ([(-4200, True)] if client.pending else []))
        client.bank.tell("behave", page=2 if client.pages else 500)
        self.assertEqual(sorted(client.rows()), expected)

    @each
    def test_a_first_page_may_be_empty(self, client):
        if client.pages and not isinstance(client, (Teller, Bunq, Plaid)):
            client.bank.tell("behave", page=2, hollow=True)
            self.assertGreaterEqual(len(client.rows()), len(AMOUNTS))

    @each
    def test_what_is_held_settles(self, client):
        client.bank.tell("advance", to="end")
        self.assertIn((-4300, False), client.rows())
        self.assertNotIn((-4200, True), client.rows())

    @each
    def test_a_link_that_was_ended_is_gone_from_the_next_listing(self, client):
        if not client.links():
            self.assertIn(client.provider, ("investec", "simplefin"))
            return
        before = client.links()
        status, _, value = client.revoke()
        self.assertIn(status, (200, 202, 204), value)
        self.assertEqual(client.links(), before[1:])

    @each
    def test_a_bank_that_lies_about_it(self, client):
        client.bank.tell("behave", revoke="ignore")
        before = client.links()
        if before:
            self.assertIn(client.revoke()[0], (200, 202, 204))
            self.assertEqual(client.links(), before)

    @each
    def test_nobody_without_the_secret(self, client):
        client.bank.tell("reset")
        client.rows()
        for asked in client.bank.state()["requests"][-3:]:
            path = asked["path"] + "?" + urllib.parse.urlencode([tuple(pair) for pair in asked["query"]])
            status, _, value = Client.ask(client, client.bank.ready["url"] + path, asked["method"], headers={"X": "y"})
            self.assertIn(status, (400, 401, 403), (path, value))

    @each
    def test_an_access_that_was_taken_away(self, client):
        client.bank.tell("revoke")
        with self.assertRaisesRegex(AssertionError, "40[0-4]"):
            client.rows()

    @each
    def test_what_the_vendor_does_not_know(self, client):
        self.assertIn(client.ask("/nothing-of-the-kind")[0], (401, 404))
        self.assertIn(client.ask("/nothing-of-the-kind", "DELETE")[0], (401, 404))

    @each
    def test_every_hostile_way_is_told_on_the_wire(self, client):
        """In the order in which they are listed; none breaks the server, and after it all is as before."""
        good = sorted(client.rows())
        for way in client.bank.ready["hostile"]:
            client.bank.tell("hostile", way=way, **({"count": 40} if way == "loop" else {}))
            try:
                client.rows()
            except (AssertionError, KeyError, ValueError, OSError):
                pass
            faults = [r["fault"] for r in client.bank.state()["requests"] if r["fault"]]
            self.assertTrue(faults, way)
            client.bank.tell("clear")
            client.bank.tell("reset")
            self.assertEqual(sorted(client.rows()), good, way)


class Signed(Case):
    """Who signs, signs truly."""

    def test_a_standing_order_ends_only_by_a_signed_request(self):
        client = self.open(Starling)
        self.assertEqual(client.revoke(tamper="1")[0], 403)
        order = "%s/%s" % (client.orders, client.get(client.orders)["standingOrders"][0]["paymentOrderUid"])
        for token in (client.bank.token, client.bank.ready["revoke_token"]):
            self.assertEqual(client.ask(order, "DELETE", headers={"Authorization": "Bearer " + token})[0], 403)
        self.assertEqual(client.links(), ["STANDING_ORDER"])

    def test_bunq_reads_only_what_the_installed_key_signed_and_signs_its_own(self):
        client = self.open(Bunq)
        body = {"secret": client.needs["api_key"]}
        client.token = client.installed["Token"]["token"]
        wrong = keys.sign(client.private, b"another body")
        self.assertEqual(client.ask("/session-server", "POST", body, {"X-Bunq-Client-Signature": wrong})[0], 466)
        _, headers, value = client.ask("/session-server", "POST", body)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        server_key = client.installed["ServerPublicKey"]["server_public_key"]
        self.assertTrue(keys.is_signed(server_key, text, headers["X-Bunq-Server-Signature"]))
        self.assertFalse(keys.is_signed(server_key, text + b" ", headers["X-Bunq-Server-Signature"]))

    def test_an_installation_token_opens_nothing_else(self):
        client = self.open(Bunq)
        client.token = client.installed["Token"]["token"]
        self.assertEqual(client.ask(client.user + "/monetary-account")[0], 401)

    def test_a_jwt_of_another_time_place_or_key(self):
        client = self.open(EnableBanking)
        now = int(client.bank.state()["now"])
        for wrong in ({"iss": "koban"}, {"aud": "elsewhere"}, {"iat": now - 10 * 86400, "exp": now - 9 * 86400},
                      {"exp": now + 90000}, {"exp": "soon"}):
            client.wrong = wrong
            self.assertEqual(client.ask("/application")[0], 401, wrong)
        client.wrong = {}
        client.files["private_key"], _ = keys.make_pair(client.bank.scratch.name, "stranger")
        self.assertEqual(client.ask("/application")[0], 401)

    def test_teller_lets_in_only_who_shows_its_certificate(self):
        with tempfile.TemporaryDirectory() as directory:
            client = self.open(Teller, "--as-is", "--tls", directory)
            with self.assertRaises((OSError, http.client.HTTPException)):
                client.get("/accounts")
            trust = ssl.create_default_context(cafile=client.bank.ready["ca"])
            trust.load_cert_chain(client.files["certificate"], client.files["private_key"])
            client.bank.trust = trust
            self.assertEqual(len(client.rows()), 6)


class Own(Case):
    """What only one of them does."""

    def test_plaid_removes_the_pending_row_and_names_it(self):
        client = self.open(Plaid)
        added, removed, cursor = client.sync(count=500)
        self.assertEqual(removed, [])
        held, = [t for t in added if t["pending"]]
        client.bank.tell("advance", to="end")
        added, removed, _ = client.sync(cursor)
        self.assertEqual([t["pending_transaction_id"] for t in added], [held["transaction_id"]])
        self.assertEqual([t["transaction_id"] for t in removed], [held["transaction_id"]])

    def test_plaid_begins_again_when_the_world_moves(self):
        client = self.open(Plaid)
        cursor = client.post("/transactions/sync", count=2)["next_cursor"]
        client.bank.tell("advance", to="end")
        status, _, value = client.ask("/transactions/sync", "POST", {"access_token": client.needs["access_token"], "cursor": cursor})
        self.assertEqual((status, value["error_code"]), (400, "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"))

    def test_up_says_next_where_it_is_told_that_it_lives_and_elsewhere_when_hostile(self):
        client = self.open(Up)
        first = "/transactions?page%5Bsize%5D=2"
        self.assertTrue(client.get(first)["links"]["next"].startswith(client.bank.ready["base_url"]))
        client.bank.tell("behave", url="http://127.0.0.1:1/proxy")
        self.assertTrue(client.get(first)["links"]["next"].startswith("http://127.0.0.1:1/proxy/transactions?"))
        client.bank.tell("hostile", way="next-elsewhere", count=1)
        self.assertTrue(client.get(first)["links"]["next"].startswith("https://elsewhere.example/"))

    def test_pages_that_loop(self):
        client = self.open(Up)
        client.bank.tell("hostile", way="loop")
        page = client.get("/transactions?page%5Bsize%5D=2")
        self.assertEqual(client.get(page["links"]["next"]), page)

    def test_ids_that_are_issued_again(self):
        client = self.open(Up)
        ids = lambda: {t["id"] for t in client.get("/transactions")["data"]}
        client.bank.tell("hostile", way="reissued")
        self.assertFalse(ids() & ids())

    def test_gocardless_wants_its_slashes_refreshes_and_names_the_mandate(self):
        client = self.open(GoCardless)
        self.assertEqual(client.ask("/requisitions")[0], 404)
        fresh = client.get("/token/refresh/", method="POST", headers={}, body={"refresh": client.tokens["refresh"]})["access"]
        self.assertNotEqual(fresh, client.access)
        client.access = fresh
        account = client.requisitions()[0]["accounts"][0]
        found = client.get("/accounts/%s/transactions/" % account)["transactions"]["booked"]
        self.assertEqual(len([t for t in found if t.get("mandateId") and t.get("creditorId")]), 1)
        client.bank.tell("behave", expired=True)
        self.assertEqual(client.ask("/accounts/%s/balances/" % account)[2]["type"], "AccessExpiredError")

    def test_four_times_a_day_with_nobody_present(self):
        client = self.open(EnableBanking)
        client.bank.tell("behave", daily=4)
        path = "/accounts/%s/balances" % client.account
        self.assertEqual([client.ask(path)[0] for _ in range(5)], [200] * 4 + [429])
        present = dict(client.headers(), **{"Psu-Ip-Address": "127.0.0.1", "Psu-User-Agent": "koban"})
        self.assertEqual(client.ask(path, headers=present)[0], 200)

    def test_monobank_gives_a_month_at_most_and_not_too_often(self):
        client = self.open(Monobank)
        account = client.get("/personal/client-info")["accounts"][0]["id"]
        self.assertEqual(client.ask("/personal/statement/%s/1720000000/1725000000" % account)[0], 400)
        client.bank.tell("behave", seconds_between=60)
        self.assertEqual(client.ask("/personal/client-info")[0], 429)

    def test_wise_keeps_statements_behind_a_second_factor(self):
        client = self.open(Wise)
        balance = client.get("/v4/profiles/%d/balances?types=STANDARD" % client.profile)[0]["id"]
        status, headers, _ = client.ask("/v1/profiles/%d/balance-statements/%d/statement.json" % (client.profile, balance))
        self.assertEqual((status, bool(headers["x-2fa-approval"])), (403, True))

    def test_the_berlin_group_takes_no_word_but_the_persons(self):
        """Each form of the second factor: nothing ends before it is done, nor when it was refused."""
        client = self.open(BerlinGroup)
        code, _ = client.start("code")
        self.assertEqual(client.ask(code, "PUT", {"scaAuthenticationData": "1"})[0], 401)
        choice, begun = client.start("choice")
        self.assertEqual([m["authenticationMethodId"] for m in begun["scaMethods"]], ["sms", "push"])
        self.assertIn("authoriseTransaction", client.get(choice, method="PUT", body={"authenticationMethodId": "sms"})["_links"])
        refused, _ = client.start("app")
        client.bank.tell("behave", app="no")
        self.assertEqual(client.get(refused)["scaStatus"], "failed")
        client.bank.tell("behave", app=None)
        app, _ = client.start("app")
        self.assertEqual(client.get(app)["scaStatus"], "started")
        page, begun = client.start("page")
        self.assertEqual(client.get(page)["scaStatus"], "received")
        self.assertEqual(client.links(), ["STANDING_ORDER"])
        self.assertEqual(client.ask(begun["_links"]["scaRedirect"]["href"], headers={})[1]["Location"], "https://localhost/callback")
        self.assertEqual((client.get(page)["scaStatus"], client.links()), ("finalised", []))

    def test_bunq_lists_orders_and_shares_and_ends_them(self):
        client = self.open(Bunq)
        account = client.get(client.user + "/monetary-account")["Response"][0]["MonetaryAccountBank"]["id"]
        here = "%s/monetary-account/%d" % (client.user, account)
        order, = client.get(here + "/schedule-payment")["Response"]
        self.assertEqual(client.ask("%s/schedule-payment/%d" % (here, order["ScheduledPayment"]["id"]), "DELETE")[0], 200)
        share, = client.get(here + "/share-invite-monetary-account-inquiry")["Response"]
        number = share["ShareInviteMonetaryAccountInquiry"]["id"]
        path = "%s/share-invite-monetary-account-inquiry/%d" % (here, number)
        self.assertEqual(client.ask(path, "PUT", {"status": "ACTIVE"})[0], 400)
        self.assertEqual(client.ask(path, "PUT", {"status": "REVOKED"})[0], 200)
        self.assertEqual(client.get(here + "/share-invite-monetary-account-inquiry")["Response"][0]
                         ["ShareInviteMonetaryAccountInquiry"]["status"], "REVOKED")


if __name__ == "__main__":
    tap.main()
