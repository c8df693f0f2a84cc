#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command and the agent against a SimpleFIN server that another hand wrote from the protocol's text alone.

What is expected is computed here from the server's own data, by decimal arithmetic and the protocol's words, never
from what Koban said before.
"""

import datetime
import json
import pathlib
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from decimal import Decimal

import tap
from desk import Desk

SERVER = pathlib.Path(__file__).resolve().parent / "simplefin-server.py"
DAY = 86400
DIGITS = {"USD": 2, "JPY": 0, "KWD": 3}


class Bridge:
    """The server, in a process of its own, with a clock that stands still until it is told."""

    def __init__(self, now, *options):
        self.process = subprocess.Popen([sys.executable, str(SERVER), "--until-eof", "--now", str(now), *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())
        self.url, self.token = self.ready["url"], self.ready["setup_token"]
        self.data = json.loads(subprocess.run([sys.executable, str(SERVER), "--print-data", "--now", str(now)],
                                              check=True, stdout=subprocess.PIPE).stdout)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def tell(self, **command):
        request = urllib.request.Request(self.ready["control"], json.dumps(command).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def requests(self, ending=""):
        with urllib.request.urlopen(self.ready["control"], timeout=20) as answer:
            return [r for r in json.load(answer)["requests"] if r["path"].endswith(ending)]


def money(text, currency):
    """A number of the protocol as the command writes it: exactly the currency's digits, nothing rounded."""
    exact = Decimal(text)
    written = exact.quantize(Decimal(1).scaleb(-DIGITS[currency]))
    assert written == exact, text
    return {"amount": format(written, "f"), "currency": currency}


def day(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date().isoformat() if seconds else None


def expected_lines(account):
    """What `transactions` must say of an account of the server's data: (amount, state, date)."""
    return sorted((money(t["amount"], account["currency"])["amount"], "pending" if t.get("pending") else "booked",
                   day(t["posted"])) for t in account["transactions"]
                  if t["id"] != "T-1")  # older than the days that a bridge is asked for


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.now = 1790000000 // DAY * DAY + DAY // 2
        self.desk.set_clock(self.now)

    def open(self, *options):
        bridge = Bridge(self.now, *options)
        self.addCleanup(bridge.close)
        return bridge

    def add(self, bridge, name="Home", expect=0, token=None):
        """The line of the issue, through a real shell and its printf."""
        done = subprocess.run(
            ["sh", "-c", "printf '%s\\n' \"$SETUP_TOKEN\" | \"$0\" add simplefin --name \"$1\" --base-url \"$2\" --secret-stdin",
             str(self.desk.cli_program), name, bridge.url],
            env=dict(self.desk.env, **self.desk.time_env, SETUP_TOKEN=token or bridge.token), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr + self.desk.log_tail())
        return done

    def check(self, expect, hours=3):
        """The next check; `hours` later, so that it is a check of its own."""
        self.desk.set_clock(self.desk.now() + hours * 3600)
        done = self.desk.koban("check", "--json")
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr + self.desk.log_tail())
        return json.loads(done.stdout)

    def connection(self):
        connection, = self.desk.koban_json("connections")
        return connection

    def account(self, name):
        account, = [a for a in self.desk.koban_json("accounts") if a["name"] == name]
        return account

    def lines(self, name):
        return self.desk.koban_json("transactions", "--account", self.account(name)["id"])

    def alerts(self):
        return self.desk.koban_json("alerts", "--all")

    def assert_truth(self, data):
        for told in data["accounts"]:
            account = self.account(told["name"])
            if told["currency"] not in DIGITS:
                continue
            currency = told["currency"]
            self.assertEqual(account["currency"], currency)
            self.assertEqual(account["balance"], money(told["balance"], currency), told["name"])
            if "available-balance" in told:
                self.assertEqual(account["available"], money(told["available-balance"], currency))
            heard = self.lines(told["name"])
            self.assertEqual(sorted((t["amount"]["amount"], t["state"], t["date"]) for t in heard),
                             expected_lines(told), told["name"])
            self.assertEqual({t["amount"]["currency"] for t in heard}, {currency})


class Shapes(Case):
    def run_shape(self, *options, links=True):
        bridge = self.open(*options)
        self.add(bridge)
        self.assert_truth(bridge.data)
        self.assertEqual(self.connection()["name"], "Home")
        listed = {link["name"] for link in self.desk.koban_json("links") if link["kind"] == "aggregator"}
        self.assertEqual(listed, {c["name"] for c in bridge.data["connections"]} if links else set())
        self.assertEqual([a for a in self.alerts() if a["severity"] == "critical"], [])
        return bridge

    def test_a_server_that_is_asked_for_version_2(self):
        self.run_shape("--versions", "ask")

    def test_an_old_server(self):
        self.run_shape("--versions", "1", links=False)

    def test_a_new_server(self):
        self.run_shape("--versions", "2")

    def test_a_server_that_speaks_both(self):
        self.run_shape("--versions", "both", "--error-key", "both")

    def test_twins_are_two(self):
        self.run_shape()
        self.assertEqual([t["amount"]["amount"] for t in self.lines("Everyday") if t["text"] == "Coffee"],
                         ["-4.50", "-4.50"])

    def test_what_is_not_money_is_listed_and_told_and_its_address_is_not_asked(self):
        bridge = self.run_shape()
        self.assertIsNone(self.account("Miles")["balance"])
        self.assertIn("Miles", self.connection()["message"] or "")
        self.check(11)
        self.assertEqual(self.lines("Miles"), [])
        self.assertEqual([r for r in bridge.requests() if "/currency/" in r["path"]], [])

    def test_only_what_the_protocol_allows_is_asked(self):
        bridge = self.run_shape()
        self.check(11)
        self.assertEqual({r["status"] for r in bridge.requests()}, {200})
        self.assertEqual({r["authorization"] for r in bridge.requests("/accounts")}, {"good"})
        self.assertEqual(len(bridge.requests("/accounts")), 3, "two windows at first, then one")
        claim, = [r for r in bridge.requests() if "/claim/" in r["path"]]
        self.assertEqual((claim["method"], claim["authorization"], claim["content_length"]), ("POST", "none", "0"))
        for query in [dict(r["query"]) for r in bridge.requests("/accounts")]:
            self.assertLessEqual(int(query["end-date"]) - int(query["start-date"]), 90 * DAY)

    def test_nothing_that_a_bank_wrote_reaches_a_terminal_raw(self):
        self.run_shape()
        said = "".join(self.desk.koban(c).stdout for c in ("accounts", "transactions", "links", "connections"))
        for character in "\x07\u202e\u202c\u2066\u2069\u200b\x1b":
            self.assertNotIn(character, said)


class Token(Case):
    def test_a_used_token_is_a_sentence_and_sign_in(self):
        bridge = self.open()
        self.add(bridge)
        done = self.add(bridge, name="Again", expect=5)
        self.assertIn("used before", done.stderr)
        self.assertIn("disable it", done.stderr)
        self.assertNotIn(bridge.token, done.stdout + done.stderr)
        self.assertEqual(self.connection()["name"], "Home")

    def test_signing_in_again_is_the_same_accounts(self):
        bridge = self.open()
        self.add(bridge)
        before = {a["id"] for a in self.desk.koban_json("accounts")}
        self.add(bridge, name="Again", token=bridge.tell(new_token=True)["setup_token"])
        self.assertEqual({a["id"] for a in self.desk.koban_json("accounts")}, before)
        self.assertEqual([a for a in self.alerts() if a["kind"] != "freshness"], [])

    def test_revoked_at_the_bridge(self):
        bridge = self.open()
        self.add(bridge)
        bridge.tell(revoke=True)
        unchecked, = self.check(10)["unchecked"]
        self.assertIn("revoked", unchecked["message"])
        self.assertEqual([a["kind"] for a in self.alerts() if a["severity"] != "notice"], ["freshness"])
        # It was good until now: who ended it, or took its place, the bridge does not say.
        self.assertEqual(self.connection()["state"], "shared")
        self.assert_truth(bridge.data)
        self.assertEqual(self.desk.koban("status", "--check").returncode, 11)
        self.check(11)
        bridge.tell(revoke=False)
        self.check(11)  # the miles cannot be counted
        self.assertNotIn(self.connection()["state"], ("shared", "sign-in"))

    def test_payment_required_is_told(self):
        bridge = self.open()
        self.add(bridge)
        bridge.tell(payment_required=True)
        unchecked, = self.check(11)["unchecked"]
        self.assertIn("payment required", unchecked["message"])


class News(Case):
    """From here on without the miles, so that a check can be quite good."""

    options = ()

    def setUp(self):
        super().setUp()
        data = json.loads(subprocess.run([sys.executable, str(SERVER), "--print-data", "--now", str(self.now)],
                                         check=True, stdout=subprocess.PIPE).stdout)
        data["accounts"] = [a for a in data["accounts"] if a["currency"] in DIGITS]
        path = pathlib.Path(self.desk.scratch) / "data.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        self.bridge = self.open("--data", str(path), *self.options)
        self.bridge.data = data
        self.add(self.bridge)
        self.everyday = next(a for a in data["accounts"] if a["id"] == "ACT-USD")

    def pay(self, ident, amount, description, **more):
        """A line at the bridge, and in what is expected of it."""
        transaction = dict({"id": ident, "posted": self.now - 3600, "amount": amount, "description": description}, **more)
        self.bridge.tell(add_transaction={"account": "ACT-USD", "transaction": transaction})
        self.everyday["transactions"].append(transaction)
        if not transaction.get("pending"):
            for name in ("balance", "available-balance"):
                self.everyday[name] = format(Decimal(self.everyday[name]) + Decimal(amount), "f")

    def test_a_quiet_check_is_quiet(self):
        self.assertEqual(self.connection()["state"], "ok")
        self.assertIsNone(self.connection()["message"])
        self.assertEqual(self.check(0)["unchecked"], [])
        self.assert_truth(self.bridge.data)

    def test_money_that_leaves_is_told_with_its_exact_sum(self):
        self.pay("N-1", "-98765432.19", "UNKNOWN WALLET TOPUP")
        self.check(10)
        self.assert_truth(self.bridge.data)
        line, = [t for t in self.lines("Everyday") if t["text"] == "UNKNOWN WALLET TOPUP"]
        refs = {ref for a in self.alerts() for ref in a["refs"]}
        self.assertIn(line["id"], refs)
        self.assertTrue(self.desk.notifier.wait_shown())

    def test_two_equal_debits_are_two(self):
        self.pay("N-1", "-77.00", "WALLET")
        self.pay("N-2", "-77.00", "WALLET")
        self.desk.koban("check")
        self.assertEqual(len([t for t in self.lines("Everyday") if t["text"] == "WALLET"]), 2)
        self.assert_truth(self.bridge.data)

    def test_a_pending_line_settles_under_another_id_and_another_sum(self):
        before = {t["text"]: t["id"] for t in self.lines("Everyday") if t["state"] == "pending"}
        self.bridge.tell(settle={"account": "ACT-USD", "id": "P-1", "new_id": "T-99", "posted": self.now - 1800,
                                 "amount": "-47.67", "description": "HOTEL (AUTHORISED)"})
        count = len(self.lines("Everyday"))
        self.desk.koban("check")
        after = {t["id"]: t for t in self.lines("Everyday")}
        settled = after[before["Hotel (authorised)"]]
        self.assertEqual((settled["state"], settled["amount"]["amount"]), ("booked", "-47.67"))
        self.assertEqual(len(after), count)

    def test_a_pending_line_that_is_dropped_twice_is_withdrawn(self):
        line, = [t for t in self.lines("Everyday") if t["text"] == "No date at all"]
        self.bridge.tell(drop_transaction={"account": "ACT-USD", "id": "P-2"})
        self.check(0)
        self.check(0)
        self.check(0)
        after, = [t for t in self.lines("Everyday") if t["id"] == line["id"]] or [{"state": "withdrawn"}]
        self.assertEqual(after["state"], "withdrawn")

    def test_a_new_connection_is_a_new_link(self):
        self.bridge.tell(add_connection={
            "conn_id": "CON-9", "name": "Third Bank", "org_id": "ORG-9", "sfin_url": "https://sfin.third.example",
            "accounts": [{"id": "ACT-9", "name": "Third", "currency": "USD", "balance": "12.34",
                          "balance-date": self.now}]})
        self.check(10)
        link, = [x for x in self.desk.koban_json("links") if x["name"] == "Third Bank"]
        alert, = [a for a in self.alerts() if a["kind"] == "link"]
        self.assertIn(link["id"], alert["refs"])
        self.assertEqual(self.account("Third")["balance"], money("12.34", "USD"))

    def trouble(self, expect, **error):
        self.bridge.tell(add_error=error)
        return self.check(expect)

    def assert_told(self, answer, text):
        self.assertIn(text, json.dumps(answer["unchecked"], ensure_ascii=False))
        self.assertIn(text, self.connection()["message"])
        self.assertNotEqual(self.connection()["state"], "ok")
        self.assertEqual(self.desk.koban("status", "--check").returncode, 11)

    def test_a_connection_that_must_sign_in_again(self):
        answer = self.trouble(10, code="con.auth", msg="Sign in at First Bank", conn_id="CON-1")
        self.assert_told(answer, "Sign in at First Bank")
        self.assertEqual(self.connection()["state"], "sign-in")
        self.assertEqual([a["kind"] for a in self.alerts() if a["severity"] != "notice"], ["freshness"])
        self.check(11)  # told once
        self.bridge.tell(clear_errors=True)
        self.check(0)
        self.assertEqual(self.connection()["state"], "ok")
        self.assertIsNone(self.connection()["message"])

    def test_an_account_that_failed_keeps_what_is_known(self):
        self.assert_told(self.trouble(11, code="act.failed", msg="No answer", account_id="ACT-USD"), "No answer")
        self.assert_truth(self.bridge.data)

    def test_an_error_of_nobody_is_told_and_hides_no_news(self):
        self.pay("N-1", "-98765.43", "UNKNOWN WALLET TOPUP")
        self.bridge.tell(add_error={"code": "gen.", "msg": "You must reauthenticate."})
        answer = self.check(10)
        self.assert_told(answer, "You must reauthenticate.")
        self.assert_truth(self.bridge.data)

    def test_what_is_booked_late_behind_an_error_is_found_when_it_is_gone(self):
        """While the bridge doubts itself no day counts as seen, so none is left out later."""
        self.bridge.tell(add_error={"code": "gen.", "msg": "Something is missing."})
        for _ in range(3):
            self.check(11, hours=8 * 24)
        late = self.now + 2 * DAY
        self.pay("LATE", "-87654321.09", "UNKNOWN WALLET TOPUP", posted=late)
        self.bridge.tell(clear_errors=True)
        self.check(10, hours=24)
        self.assertEqual([t["date"] for t in self.lines("Everyday") if t["text"] == "UNKNOWN WALLET TOPUP"], [day(late)])


class OldNews(News):
    """The same at a server that knows version 1 only: texts without codes, no connections."""

    options = ("--versions", "1")
    test_a_new_connection_is_a_new_link = None

    def test_a_connection_that_must_sign_in_again(self):
        self.assert_told(self.trouble(11, code="con.auth", msg="You must reauthenticate.", conn_id="CON-1"),
                         "You must reauthenticate.")
        self.bridge.tell(clear_errors=True)
        self.check(0)
        self.assertEqual(self.connection()["state"], "ok")


class ExampleKeyNews(Case):
    def test_errors_in_the_words_of_the_examples(self):
        for key in ("message", "both"):
            with self.subTest(key):
                bridge = self.open("--error-key", key)
                self.add(bridge, name=key)
                bridge.tell(add_error={"code": "con.new", "msg": "Out of " + key, "conn_id": "CON-2"})
                self.assertIn("Out of " + key, json.dumps(self.check(11)["unchecked"]))


if __name__ == "__main__":
    tap.main()
