#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in itself, asked by an HTTP client that is not ours: does it tell the story, and only as far as told?"""

import base64
import datetime
import gzip
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import tap  # noqa: E402

FIXTURES = pathlib.Path(os.environ.get("KOBAN_SPECS", HERE.parent.parent.parent / "shared/specs")) / "starling/fixtures"
STORY = [
    {"kind": "story", "format": 1, "name": "mini", "utc_offset_minutes": 540, "monitor_from": 1725000000, "accounts": [
        {"id": "a1", "name": "普通預金", "bank": "bank0", "currency": "JPY", "opening_booked": 243182},
        {"id": "a2", "name": "Saver", "bank": "bank1", "currency": "GBP", "opening_booked": 5, "links_listed": False}]},
    {"ts": 1724900000, "kind": "transaction", "account": "a1", "id": "h1", "amount": -1200, "currency": "JPY",
     "descriptor": "ｾﾌﾞﾝ", "date": "2024-08-29", "time": "2024-08-29T12:00:00+09:00", "type": "card"},
    {"ts": 1724990000, "kind": "link_added", "account": "a2", "link_id": "L9", "link_type": "direct_debit",
     "name": "never shown", "status": "active"},
    {"ts": 1725116460, "kind": "link_added", "account": "a1", "link_id": "L1", "link_type": "direct_debit",
     "name": "ﾃﾞﾝｷ", "limit": None, "currency": "JPY", "status": "active", "mandate_ref": "M19"},
    {"ts": 1725252566, "kind": "pending", "account": "a1", "id": "p1", "amount": -9211, "currency": "JPY",
     "descriptor": "ｶｴﾃﾞｶﾌｴ", "date": "2024-09-02"},
    {"ts": 1725339000, "kind": "booked", "account": "a1", "id": "b7", "pending_id": "p1", "amount": -9300,
     "currency": "JPY", "descriptor": "ｶｴﾃﾞ ｶﾌｴ", "date": "2024-09-03"},
    {"ts": 1725349000, "kind": "pending", "account": "a1", "id": "p2", "amount": -500, "currency": "JPY",
     "descriptor": "ﾎﾃﾙ", "date": "2024-09-03"},
    {"ts": 1725399999, "kind": "cancelled", "account": "a1", "id": "p2"},
    {"ts": 1725600000, "kind": "outage", "account": "a1", "what": "links", "until": 1725700000},
    {"ts": 1725800000, "kind": "link_removed", "account": "a1", "link_id": "L1"},
    {"ts": 1725800001, "kind": "answer", "ref": "L1", "answer": "mine"},
    {"ts": 1725800002, "kind": "invented", "account": "a1"},
]


class Bank:
    """The program, started; `ask` and `tell` return (status, headers, value or text)."""

    def __init__(self, *arguments, story=STORY):
        self.scratch = tempfile.TemporaryDirectory(prefix="koban-bank-")
        path = os.path.join(self.scratch.name, "story.jsonl")
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(line) + "\n" for line in story)
        self.process = subprocess.Popen([sys.executable, str(HERE / "bank"), "--story", path, "--until-eof", *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.base_url = self.ready["base_url"]  # the bank's own, whatever a test puts before it
        self.token = self.ready["token"]
        self.trust = ssl.create_default_context(cafile=self.ready["ca"]) if self.ready["ca"] else None

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.scratch.cleanup()

    def ask(self, path, method="GET", token=None, headers=None, timeout=20):
        headers = dict(headers or {"Authorization": "Bearer " + (token or self.token)})
        data = b"" if method == "POST" else None
        return send(self.ready["url"] + path, method, headers, data, self.trust, timeout)

    def tell(self, verb, **wish):
        status, _, value = send(self.ready["control"] + "/" + verb, "POST", {}, json.dumps(wish).encode())
        if status != 200:
            raise ValueError(value["error"])
        return value

    def state(self):
        return send(self.ready["control"] + "/state", "GET", {})[2]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def send(url, method, headers, data=None, trust=None, timeout=20):
    request = urllib.request.Request(url, data, headers, method=method)
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(request, timeout=timeout) as reply:
            return reply.status, reply.headers, decoded(reply)
    except urllib.error.HTTPError as reply:
        with reply:
            return reply.code, reply.headers, decoded(reply)


def decoded(reply):
    data = reply.read()
    if reply.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


class WithBank(unittest.TestCase):
    arguments = ()
    story = STORY

    def setUp(self):
        self.bank = Bank(*self.arguments, story=self.story)
        self.addCleanup(self.bank.close)

    def get(self, path, **more):
        status, _, value = self.bank.ask(path, **more)
        self.assertEqual(status, 200, value)
        return value


class StarlingCase(WithBank):
    arguments = ("--provider", "starling", "--http", "--as-is")

    def setUp(self):
        super().setUp()
        self.row = self.get("/api/v2/accounts")["accounts"][0]
        self.account = self.row["accountUid"]
        self.feed_path = "/api/v2/feed/account/%s/category/%s" % (self.account, self.row["defaultCategory"])

    def feed(self, since="2024-01-01T00:00:00Z"):
        return self.get(self.feed_path + "?changesSince=" + urllib.parse.quote(since))["feedItems"]

    def mandates(self):
        return self.get("/api/v2/direct-debit/mandates/account/" + self.account)["mandates"]


class Starling(StarlingCase):
    def test_tells_only_as_far_as_told(self):
        self.assertEqual([i["reference"] for i in self.feed()], ["ｾﾌﾞﾝ"])
        self.assertEqual(self.mandates(), [])
        self.bank.tell("advance", to=1725116459)
        self.assertEqual(self.mandates(), [])
        self.bank.tell("advance", to=1725116460)
        self.assertEqual([(m["originatorName"], m["reference"], m["status"]) for m in self.mandates()],
                         [("ﾃﾞﾝｷ", "M19", "LIVE")])

    def test_a_booked_line_keeps_the_uid_of_its_pending_form(self):
        self.bank.tell("advance", to="event:4")
        pending = self.feed()[0]
        self.assertEqual((pending["status"], pending["amount"], pending["direction"]),
                         ("PENDING", {"currency": "JPY", "minorUnits": 9211}, "OUT"))
        self.assertNotIn("settlementTime", pending)
        self.bank.tell("advance", to="event:5")
        booked = self.feed()[0]
        self.assertEqual((booked["feedItemUid"], booked["status"], booked["amount"]["minorUnits"]),
                         (pending["feedItemUid"], "SETTLED", 9300))
        self.assertEqual(booked["settlementTime"][:10], "2024-09-03")

    def test_balance_follows_pending_and_booked(self):
        def balance():
            b = self.get("/api/v2/accounts/%s/balance" % self.account)
            return b["clearedBalance"]["minorUnits"], b["effectiveBalance"]["minorUnits"]
        self.assertEqual(balance(), (241982, 241982))
        self.bank.tell("advance", to="event:4")
        self.assertEqual(balance(), (241982, 232771))
        self.bank.tell("advance", to="event:5")
        self.assertEqual(balance(), (232682, 232682))
        self.bank.tell("advance", to="event:6")
        self.bank.tell("advance", to="event:7")
        self.assertEqual(balance(), (232682, 232682))
        self.assertEqual(self.feed()[0]["status"], "REVERSED")

    def test_changes_since_gives_only_what_changed(self):
        self.bank.tell("advance", to="event:5")
        self.assertEqual([i["reference"] for i in self.feed("2024-09-03T04:50:00.000Z")], ["ｶｴﾃﾞ ｶﾌｴ"])
        self.assertEqual(self.feed("2024-09-04T00:00:00Z"), [])
        self.assertEqual(self.bank.ask(self.feed_path + "?changesSince=yesterday")[0], 400)
        self.assertEqual(self.bank.ask(self.feed_path)[0], 400)

    def test_between_goes_by_the_time_of_the_transaction(self):
        found = self.get(self.feed_path + "/transactions-between?minTransactionTimestamp=2024-08-29T00:00:00.000Z"
                         "&maxTransactionTimestamp=2024-08-30T00:00:00.000Z")["feedItems"]
        self.assertEqual([i["transactionTime"] for i in found], ["2024-08-29T03:00:00.000Z"])

    def test_cancelling_needs_the_power_and_shows_in_the_next_listing(self):
        self.bank.tell("advance", to="event:3")
        path = "/api/v2/direct-debit/mandates/" + self.mandates()[0]["uid"]
        status, _, value = self.bank.ask(path, "DELETE")
        self.assertEqual((status, value["error"]), (403, "insufficient_scope"))
        self.assertEqual(self.mandates()[0]["status"], "LIVE")
        self.assertEqual(self.bank.ask(path, "DELETE", token=self.bank.ready["revoke_token"])[0], 204)
        self.assertEqual((self.mandates()[0]["status"], "cancelled" in self.mandates()[0]), ("CANCELLED", True))
        self.assertEqual(self.bank.ask(path, "DELETE", token=self.bank.ready["revoke_token"])[0], 404)

    def test_a_bank_that_lies_about_cancelling(self):
        self.bank.tell("advance", to="event:3")
        self.bank.tell("behave", revoke="ignore")
        path = "/api/v2/direct-debit/mandates/" + self.mandates()[0]["uid"]
        self.assertEqual(self.bank.ask(path, "DELETE", token=self.bank.ready["revoke_token"])[0], 204)
        self.assertEqual(self.mandates()[0]["status"], "LIVE")

    def test_scopes_are_told(self):
        self.assertNotIn("mandate:delete", self.get("/api/v2/identity/token")["scopes"])
        self.assertIn("mandate:delete", self.get("/api/v2/identity/token", token=self.bank.ready["revoke_token"])["scopes"])

    def test_a_wrong_token_and_none(self):
        for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}, {"X": "y"}):
            status, _, value = self.bank.ask("/api/v2/accounts", headers=headers)
            self.assertEqual((status, value["error"]), (401, "invalid_token"))
        self.bank.tell("revoke")
        self.assertEqual(self.bank.ask("/api/v2/accounts")[0], 401)

    def test_an_outage_of_links_only(self):
        self.bank.tell("advance", to=1725650000)
        self.assertEqual(self.bank.ask("/api/v2/direct-debit/mandates/account/" + self.account)[0], 503)
        self.assertEqual(len(self.feed()), 3)
        self.bank.tell("advance", to=1725700000)
        self.assertEqual(len(self.mandates()), 1)

    def test_a_link_removed_without_a_status_is_not_listed(self):
        self.bank.tell("advance", to="end")
        self.assertEqual(self.mandates(), [])

    def test_an_account_that_lists_no_links_shows_none(self):
        self.bank.tell("advance", to="end")
        other = self.get("/api/v2/accounts")["accounts"][1]["accountUid"]
        self.assertEqual(self.get("/api/v2/direct-debit/mandates/account/" + other)["mandates"], [])

    def test_the_iban_is_valid(self):
        number = self.get("/api/v2/accounts/%s/identifiers" % self.account)
        turned = number["iban"][4:] + number["iban"][:4]
        self.assertEqual(int("".join(str(int(c, 36)) for c in turned)) % 97, 1)
        self.assertTrue(number["iban"].endswith(number["bankIdentifier"] + number["accountIdentifier"]))

    def test_unknown_things(self):
        for path in ("/api/v2/nothing", "/api/v2/accounts/%s/balance" % ("0" * 8 + self.account[8:]),
                     self.feed_path[:-1] + "z?changesSince=2024-01-01T00:00:00Z"):
            self.assertEqual(self.bank.ask(path)[0], 404, path)


class Shapes(StarlingCase):
    """Against the vendor's own example replies: the same keys with values of the same type."""

    ORDER = {"ts": 1724990001, "kind": "link_added", "account": "a1", "link_id": "L2", "link_type": "standing_order",
             "name": "RENT", "currency": "JPY", "status": "active"}
    story = STORY[:3] + [ORDER] + STORY[3:]

    # documented for the API in use today, not in the published examples of 2017
    ADDED = {"accountType", "name", "accountUid", "categoryUid", "nextDate", "lastDate", "lastPayment"}
    # in an example, but not in every reply: a live mandate was not cancelled; not every item has a sub-type, note …
    SOMETIMES = {"cancelled"}

    def setUp(self):
        if not FIXTURES.is_dir():
            reason = "the vendor's example replies are not at %s" % FIXTURES
            self.fail(reason) if os.environ.get("CI") == "true" else self.skipTest(reason)
        super().setUp()
        self.bank.tell("advance", to="event:6")

    def compare(self, ours, name):
        theirs = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
        self.compare_values(ours, [theirs], name)

    def compare_values(self, ours, examples, where):
        examples = [e for e in examples if e is not None]
        if ours is None or not examples:
            return    # nothing is known of what an example leaves empty
        self.assertEqual({type(e) for e in examples}, {type(ours)}, where)
        if isinstance(ours, list):
            rows = [row for example in examples for row in example]
            for row in ours:
                self.compare_values(row, rows, where + "[]")
        if isinstance(ours, dict):
            self.compare_objects(ours, examples, where)

    def compare_objects(self, ours, examples, where):
        always = set.intersection(*[set(e) for e in examples]) - self.SOMETIMES
        ever = set.union(*[set(e) for e in examples]) | self.ADDED
        self.assertLessEqual(always, set(ours), where)
        self.assertLessEqual(set(ours), ever, where)
        for key, value in ours.items():
            known = [e[key] for e in examples if key in e]
            if known:
                self.compare_values(value, known, where + "." + key)

    def test_shapes(self):
        account = self.account
        for path, name in [("/api/v2/accounts", "v2-get-accounts.json"),
                           ("/api/v2/accounts/%s/identifiers" % account, "v2-get-account-identifiers.json"),
                           ("/api/v2/accounts/%s/balance" % account, "v2-get-account-balance.json"),
                           (self.feed_path + "?changesSince=2024-01-01T00:00:00Z", "v2-get-feed-items.json"),
                           ("/api/v2/direct-debit/mandates", "v2-get-mandates.json"),
                           ("/api/v2/direct-debit/mandates/" + self.mandates()[0]["uid"], "v2-get-mandate.json"),
                           ("/api/v2/payments/local/account/%s/category/%s/standing-orders" % (account, self.row["defaultCategory"]),
                            "v2-list-standing-orders.json"),
                           ("/api/v2/payees", "v2-get-payees.json"),
                           ("/api/v2/identity/token", "v2-get-identity-token.json")]:
            with self.subTest(path):
                self.compare(self.get(path), name)

    def test_the_comparison_can_fail(self):
        for wrong in ({"mandates": [{"uid": 1}]}, {"mandates": {}}, {"mandates": [], "more": 1}):
            with self.assertRaises(AssertionError):
                self.compare(wrong, "v2-get-mandates.json")


class SimpleFin(WithBank):
    arguments = ("--provider", "simplefin", "--http", "--as-is")

    def setUp(self):
        super().setUp()
        self.claim_url = base64.b64decode(self.bank.token).decode()
        self.claim_path = urllib.parse.urlsplit(self.claim_url).path

    def claim(self):
        status, _, access = self.bank.ask(self.claim_path, "POST", headers={"Content-Length": "0"})
        self.assertEqual(status, 200)
        url = urllib.parse.urlsplit(access)
        pair = urllib.parse.unquote(url.username) + ":" + urllib.parse.unquote(url.password)
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}, access

    def accounts(self, query, headers):
        status, _, value = self.bank.ask("/simplefin/accounts?" + query, headers=headers)
        self.assertEqual(status, 200)
        return value

    def test_a_setup_token_works_once(self):
        _, access = self.claim()
        self.assertIn("%40", urllib.parse.urlsplit(access).password)
        self.assertEqual(self.bank.ask(self.claim_path, "POST", headers={"Content-Length": "0"})[0], 403)

    def test_no_access_before_claim_without_secret_or_after_revocation(self):
        self.assertEqual(self.bank.ask("/simplefin/accounts", headers={"X": "y"})[0], 403)
        headers, _ = self.claim()
        self.assertEqual(self.bank.ask("/simplefin/accounts", headers={"Authorization": "Basic eDp5"})[0], 403)
        self.accounts("", headers)
        self.bank.tell("revoke")
        self.assertEqual(self.bank.ask("/simplefin/accounts", headers=headers)[0], 403)

    def test_info(self):
        self.assertEqual(self.get("/simplefin/info", headers={"X": "y"}), {"versions": ["1.0"]})

    def test_v1_and_v2(self):
        headers, _ = self.claim()
        one, two = self.accounts("", headers), self.accounts("version=2", headers)
        self.assertEqual(sorted(one), ["accounts", "errors"])
        self.assertEqual(one["accounts"][0]["org"]["domain"], "bank0.example")
        self.assertEqual(sorted(two), ["accounts", "connections", "errlist"])
        self.assertEqual([c["conn_id"] for c in two["connections"]], [a["conn_id"] for a in two["accounts"]])
        self.bank.tell("behave", con_auth=True)
        self.assertEqual(self.accounts("", headers)["errors"], ["You must reauthenticate."])
        self.assertEqual(self.accounts("version=2", headers)["errlist"][0]["code"], "con.auth")
        self.bank.tell("behave", version=1)
        self.assertIn("errors", self.accounts("version=2", headers))

    def test_money_has_the_digits_of_its_currency(self):
        headers, _ = self.claim()
        yen, pound = self.accounts("", headers)["accounts"]
        self.assertEqual((yen["balance"], yen["transactions"][0]["amount"], pound["balance"]), ("241982", "-1200", "0.05"))

    def test_pending_only_when_asked_and_its_identity_churns(self):
        headers, _ = self.claim()
        self.bank.tell("advance", to="event:4")
        self.assertEqual([t["id"] for t in self.accounts("", headers)["accounts"][0]["transactions"]], ["h1"])
        with_pending = self.accounts("pending=1", headers)["accounts"][0]
        self.assertEqual([(t["id"], t.get("pending")) for t in with_pending["transactions"]], [("h1", None), ("p1", True)])
        self.assertEqual((with_pending["balance"], with_pending["available-balance"]), ("241982", "232771"))
        self.bank.tell("advance", to="event:5")
        self.assertEqual([t["id"] for t in self.accounts("pending=1", headers)["accounts"][0]["transactions"]], ["h1", "b7"])

    def test_window_and_choice(self):
        headers, _ = self.claim()
        self.bank.tell("advance", to="event:5")
        day = lambda text: int(datetime.datetime.fromisoformat(text + "T00:00:00+00:00").timestamp())
        def ids(query):
            return [t["id"] for a in self.accounts(query, headers)["accounts"] for t in a["transactions"]]
        self.assertEqual(ids("start-date=%d" % day("2024-09-01")), ["b7"])
        self.assertEqual(ids("end-date=%d" % day("2024-09-01")), ["h1"])
        self.assertEqual(ids("account=a2"), [])
        self.assertEqual(ids("balances-only=1"), [])
        self.assertEqual([a["id"] for a in self.accounts("account=a2", headers)["accounts"]], ["a2"])

    def test_time_and_date(self):
        headers, _ = self.claim()
        row = self.accounts("", headers)["accounts"][0]["transactions"][0]
        date = datetime.datetime.fromtimestamp(row["posted"], datetime.timezone.utc).date().isoformat()
        self.assertEqual((date, row["transacted_at"]), ("2024-08-29", 1724900400))


class FaultsAndControl(WithBank):
    arguments = ("--provider", "starling", "--http", "--as-is")

    def fault(self, what, **wish):
        self.bank.tell("fault", what=what, **wish)
        return self.bank.ask("/api/v2/accounts", timeout=5)

    def test_status_with_headers_and_only_so_often(self):
        status, headers, _ = self.fault("status", status=429, retry_after=7, count=2)
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        self.assertEqual([self.bank.ask("/api/v2/accounts")[0] for _ in range(2)], [429, 200])

    def test_only_on_its_path(self):
        self.bank.tell("fault", what="status", status=500, path="*/mandates*")
        self.assertEqual(self.bank.ask("/api/v2/accounts")[0], 200)
        self.assertEqual(self.bank.ask("/api/v2/direct-debit/mandates")[0], 500)

    def test_until_cleared(self):
        self.bank.tell("fault", what="html", count=0)
        for _ in range(3):
            self.assertIn("text/html", self.bank.ask("/api/v2/accounts")[1]["Content-Type"])
        self.bank.tell("clear")
        self.get("/api/v2/accounts")

    def test_bodies(self):
        self.assertIsInstance(self.fault("cut-json")[2], str)
        self.assertEqual(self.fault("body", body="null")[2], None)
        self.assertEqual(self.fault("empty-list")[2], {"accounts": []})
        self.assertEqual(len(self.fault("twice")[2]["accounts"]), 4)
        self.assertEqual(self.fault("other-account")[2]["accounts"][0]["accountUid"][-1], "7")
        self.assertEqual(self.fault("set", key="currency", value="1e400")[2]["accounts"][0]["currency"], float("inf"))
        names = []
        self.bank.tell("fault", what="duplicate-keys")
        data = urllib.request.urlopen(urllib.request.Request(
            self.bank.ready["url"] + "/api/v2/accounts", headers={"Authorization": "Bearer " + self.bank.token})).read()
        json.loads(data, object_pairs_hook=lambda pairs: names.append([k for k, _ in pairs]))
        self.assertIn(["accounts", "accounts"], names)

    def test_redirect(self):
        status, headers, _ = self.fault("redirect", to="https://elsewhere.example/")
        self.assertEqual((status, headers["Location"]), (302, "https://elsewhere.example/"))

    def test_nesting_and_bomb(self):
        self.bank.tell("fault", what="nesting", depth=1000)
        with self.assertRaises(RecursionError):
            self.bank.ask("/api/v2/accounts")
        self.bank.tell("fault", what="gzip-bomb", megabytes=3)
        connection = http.client.HTTPConnection("127.0.0.1", self.bank.ready["port"], timeout=20)
        connection.request("GET", "/api/v2/accounts")
        packed = connection.getresponse().read()
        connection.close()
        self.assertGreater(len(gzip.decompress(packed)), 900 * len(packed))

    def test_cut_and_truncated(self):
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.fault("cut")
        with self.assertRaises(http.client.IncompleteRead):
            self.fault("truncated")
        self.get("/api/v2/accounts")

    def test_slow_does_not_stop_others(self):
        self.bank.tell("fault", what="slow", seconds=30, path="*/token")
        with self.assertRaises(OSError):
            self.bank.ask("/api/v2/identity/token", timeout=0.3)
        begun = time.monotonic()
        self.get("/api/v2/accounts")
        self.assertLess(time.monotonic() - begun, 5)

    def test_mistakes_of_the_conductor_are_told(self):
        for verb, wish in [("fault", {"what": "nonsense"}), ("advance", {"to": "event:99"}), ("advance", {"to": "soon"}),
                           ("advance", {"to": 1}), ("advance", {"to": [1]})]:
            with self.assertRaises(ValueError):
                self.bank.tell(verb, **wish)

    def test_counts(self):
        self.bank.tell("reset")
        self.get("/api/v2/accounts")
        self.assertEqual(self.bank.state()["counts"], {"GET /api/v2/accounts": 1})


class Starting(unittest.TestCase):
    def start(self, *arguments):
        bank = Bank(*arguments)
        self.addCleanup(bank.close)
        return bank

    def test_tls_with_an_authority_of_its_own(self):
        with tempfile.TemporaryDirectory() as directory:
            bank = self.start("--provider", "starling", "--tls", directory)
            self.assertEqual(bank.ask("/api/v2/accounts")[0], 200)
            bank.trust = ssl.create_default_context()
            with self.assertRaises(urllib.error.URLError):
                bank.ask("/api/v2/accounts")

    def test_monitor_from_is_today_unless_told_otherwise(self):
        bank = self.start("--provider", "starling", "--http")
        behind = time.time() - bank.ready["monitor_from"]
        self.assertTrue(0 <= behind < 86400 + 60, behind)
        self.assertEqual(bank.ready["shift"] % 86400, 0)
        self.assertEqual(bank.state()["story"], 1725000000)
        self.assertEqual(self.start("--provider", "starling", "--http", "--as-is").ready["monitor_from"], 1725000000)

    def test_goes_on_after_a_restart(self):
        with tempfile.TemporaryDirectory() as directory:
            arguments = ("--provider", "starling", "--http", "--as-is", "--state", os.path.join(directory, "state"))
            bank = Bank(*arguments)
            bank.tell("advance", to="event:3")
            bank.tell("revoke", link="L1")
            token, port = bank.token, bank.ready["port"]
            bank.close()
            again = self.start(*arguments, "--port", str(port))
            self.assertEqual((again.token, again.state()["links"]["L1"]), (token, "revoked"))

    def test_a_broken_story_is_refused_by_line(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as story:
            story.write(json.dumps(STORY[0]) + "\n{broken\n")
            story.flush()
            done = subprocess.run([sys.executable, str(HERE / "bank"), "--story", story.name, "--provider", "starling",
                                   "--http"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
            self.assertEqual(done.returncode, 1)
            self.assertIn(":2:", done.stderr)


if __name__ == "__main__":
    tap.main()
