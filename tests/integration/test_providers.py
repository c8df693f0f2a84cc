#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every bank of the issue, as one person lives it: connected, read, a rogue link and its pulls, a link ended, and
then every hostile way that the stand-in has.

Two tables, a row a bank, and the same claims for all. One desk stays for all banks of a table, as a person has
several. A bank's pause between two requests is taken out of the copies of the profiles that are used here (Monobank's
is a minute); everything else in them is as it is shipped.
"""

import contextlib
import datetime
import json
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

import tap
from desk import SOURCE, Desk

sys.path.insert(0, str(SOURCE / "tests/sandbox"))
import values  # noqa: E402

HISTORY = (("CORNER SHOP", -1250, "card"), ("LANDLORD", -78500, "standing_order"), ("EMPLOYER", 120000, "credit"),
           ("POWER CO", -999, "direct_debit"), ("A FRIEND", -5, "transfer"))
HELD, ROGUE, ROGUE_APP = "HELD", "ROGUE WALLET", "ROGUE APP"
PULLS = (-90000, -90000, -100000, -20000)
ACCOUNT = "Everyday"


def story(currency):
    """It was watched from two hours ago; the rogue link comes ten minutes later, and its pulls after that."""
    begun = int(time.time()) - 7200
    begun -= 1 if begun % 60 == 0 else 0    # a bank's times are to the second
    begun -= 900 if (begun + 1200) // 86400 != (begun + 1500) // 86400 else 0     # the pulls are of one day

    def line(ts, name, payee, amount, kind, **more):
        day = datetime.datetime.fromtimestamp(ts, datetime.timezone.utc).date().isoformat()
        return dict({"ts": ts, "kind": "transaction", "account": "a1", "id": name, "amount": amount, "currency": currency,
                     "descriptor": payee + " REF", "counterparty": payee, "type": kind, "date": day,
                     "time": datetime.datetime.fromtimestamp(ts, datetime.timezone.utc).isoformat()}, **more)

    def link(ts, name, kind, who):
        return {"ts": ts, "kind": "link_added", "account": "a1", "link_id": name, "link_type": kind, "name": who,
                "currency": currency, "status": "active"}

    yield {"kind": "story", "format": 1, "name": "street", "utc_offset_minutes": 0, "monitor_from": begun, "accounts": [
        {"id": "a1", "name": ACCOUNT, "bank": "bank0", "currency": currency, "opening_booked": 500000}]}
    for n, (kind, who) in enumerate((("direct_debit", "POWER CO"), ("standing_order", "LANDLORD"), ("consent", "BUDGET APP"))):
        yield link(begun - 20 * 86400 + n, "L%d" % n, kind, who)
    for n, (payee, amount, kind) in enumerate(HISTORY):
        yield line(begun - (9 - n) * 86400, "h%d" % n, payee, amount, kind)
    yield dict(line(begun - 3600, "p1", HELD, -4200, "card"), kind="pending")
    yield link(begun + 600, "R0", "direct_debit", ROGUE)
    yield link(begun + 601, "R1", "app", ROGUE_APP)
    for n, amount in enumerate(PULLS):
        yield line(begun + 1200 + 60 * n, "r%d" % n, ROGUE, amount, "direct_debit", mandate_ref="MANDATE-R")


def hook(name):
    """How a bank that knows only the address calls a webhook."""
    return "https://%s.example/hook" % values.uid("host", name)[:8]


class Street(unittest.TestCase):
    """A desk, the stories, and the profiles without their pauses."""

    @classmethod
    def setUpClass(cls):
        cls.closing = contextlib.ExitStack()
        cls.addClassCleanup(cls.closing.close)
        cls.scratch = pathlib.Path(cls.closing.enter_context(tempfile.TemporaryDirectory(prefix="koban-street-")))
        for currency in ("EUR", "ZAR"):
            text = "".join(json.dumps(line) + "\n" for line in story(currency))
            (cls.scratch / (currency + ".jsonl")).write_text(text, encoding="utf-8")
        cls.desk = cls.closing.enter_context(Desk())
        cls.desk.env["KOBAN_PROVIDERS"] = str(cls.profiles())
        cls.desk.set_agent(KOBAN_PROVIDERS=cls.desk.env["KOBAN_PROVIDERS"])

    @classmethod
    def profiles(cls):
        folder = cls.scratch / "providers"
        folder.mkdir()
        for file in (SOURCE / "data/providers").glob("*.json"):
            profile = json.loads(file.read_text(encoding="utf-8"))
            profile.get("budget", {}).pop("gap_s", None)
            (folder / file.name).write_text(json.dumps(profile), encoding="utf-8")
        return folder

    def open(self, row):
        """The bank of this row, connected."""
        self.bank = self.desk.open_bank(self.scratch / (row.currency + ".jsonl"), row.provider, "--keys", str(self.scratch / "keys"),
                                        tls=row.provider == "teller")
        self.addCleanup(self.bank.close)
        self.bank.tell("behave", **row.behave)
        self.added = self.desk.add(self.bank, name=row.provider)
        self.connection = self.its("connections", key="provider", value=row.provider)[0]["id"]

    def its(self, what, *words, key="connection", value=None):
        return [r for r in self.desk.koban_json(what, *words) if r[key] == (value or self.connection)]

    def check(self, provider):
        done = self.desk.koban("check", provider)
        return done.returncode, done.stdout + done.stderr

    def lines(self):
        account, = self.its("accounts")
        return self.desk.koban_json("transactions", "--account", account["id"])

    def alerts(self):
        return [a for a in self.its("alerts", "--all") if a["kind"] in ("link", "withdrawal")]

    def links(self, *words):
        return {k["name"]: k for k in self.its("links", *words)}


def money(minor_units):
    return values.decimal("EUR", minor_units)


# --- as it should be


class Row:
    """`links`: what is listed at first, name → (kind, provenance, how it ends, Koban's own?); `fresh`: what comes with the
    rogue, in the same way; `revoke`: the names of those that are ended here, own access last."""

    def __init__(self, provider, links, fresh=None, revoke=(), currency="EUR", holds=True, name=ACCOUNT, text=lambda payee: payee + " REF",
                 payee=lambda payee, kind: payee, power=None, behave=None):
        self.provider, self.links, self.fresh, self.revoke, self.currency = provider, links, fresh or {}, revoke, currency
        self.holds, self.name, self.text, self.payee = holds, name, text, payee
        self.power = power or (lambda ready, kind: None)
        self.behave = behave or {}

    def lines(self):
        """(amount, state, text, payee) of the history as Koban should have it."""
        held = [(HELD, -4200, "card")] if self.holds else []
        return sorted((money(amount), "pending" if payee is HELD else "booked", self.text(payee), self.payee(payee, kind))
                      for payee, amount, kind in [*HISTORY, *held])


def starling_power(ready, kind):
    """What the person types: a token, or three things of which the key is a file on one line."""
    if kind == "direct_debit":
        return ready["revoke_token"] + "\n"
    key = pathlib.Path(ready["signing_key"]).read_text(encoding="ascii").replace("\n", "\\n")
    return "revoke_token=%s\nsigning_key_id=%s\nsigning_key=%s\n" % (ready["revoke_token"], ready["signing_key_id"], key)


def of_shops(payee, kind):
    """Where only a shop has a name; else the text names who took."""
    return payee if kind == "card" and payee is not HELD else None


def native(kind, how="api"):
    return (kind, "native", how, False)


def derived(kind="direct_debit"):
    return (kind, "derived", "manual", False)


def access(kind, how="api", own=True):
    return (kind, "access", how, own)


ROWS = (
    Row("starling", {"POWER CO": native("direct_debit"), "BUDGET APP": native("direct_debit"), "LANDLORD": native("standing_order")},
        {ROGUE: native("direct_debit"), ROGUE_APP: native("direct_debit")}, [ROGUE, "LANDLORD"], power=starling_power),
    Row("simplefin", {"bank0 - Koban": access("aggregator", "url", False)}),
    Row("bunq", {"POWER CO": native("direct_debit"), "BUDGET APP": native("app"), "LANDLORD": native("standing_order")},
        {ROGUE: native("direct_debit"), ROGUE_APP: native("app")}, [ROGUE, ROGUE_APP, "LANDLORD"], holds=False),
    Row("enable-banking", {"bank0": access("consent")}, revoke=["bank0"]),
    Row("akahu", {"bank0": access("aggregator"), "POWER CO REF": derived(), "LANDLORD REF": derived("standing_order")},
        {ROGUE + " REF": derived()}, revoke=["bank0"], payee=of_shops),
    Row("pluggy", {"MeuPluggy": access("aggregator"), "Open Finance": access("consent", "url")}, revoke=["MeuPluggy"],
        payee=lambda payee, kind: None if kind == "credit" else payee),
    Row("up", {"BUDGET APP": native("webhook"), "POWER CO": derived()}, {ROGUE_APP: native("webhook"), ROGUE: derived()}, [ROGUE_APP]),
    Row("wise", {"BUDGET APP": native("webhook", "manual"), "POWER CO": native("direct_debit", "manual")},
        {ROGUE_APP: native("webhook", "manual"), ROGUE: native("direct_debit", "manual")}, name="EUR", text=lambda payee: payee),
    Row("plaid", {"bank0": access("aggregator")}, revoke=["bank0"]),
    Row("teller", {"bank0": access("aggregator")}, revoke=["bank0"]),
    Row("gocardless-bad", {"BANK0": access("consent"), "POWER CO": derived()}, {ROGUE: derived()}, ["BANK0"]),
    Row("monobank", {hook("BUDGET APP"): native("webhook")}, {hook(ROGUE_APP): native("webhook")}, [hook(ROGUE_APP)], name="black"),
    Row("investec", {"POWER CO REF": derived()}, {ROGUE + " REF": derived()}, currency="ZAR", payee=lambda payee, kind: None),
)


class AsItShouldBe(Street):
    def live(self, row):
        self.open(row)
        self.first_look(row)
        self.rogue(row)
        for name in row.revoke:
            self.end(row, name)

    def first_look(self, row):
        self.assertNotIn(self.bank.token, self.added.stdout + self.added.stderr)
        self.assertEqual(self.check(row.provider)[0], 0)
        self.assertEqual(self.alerts(), [], "what was there before is taken as known")
        account, = self.its("accounts")
        self.assertEqual((account["name"], account["currency"]), (row.name, row.currency))
        shown = [m["amount"] for m in (account["balance"], account["available"]) if m is not None]
        self.assertIn(shown, [[money(539246)], [money(535046)], [money(539246), money(535046)]])
        self.assertEqual(sorted((t["amount"]["amount"], t["state"], t["text"], t["payee"]) for t in self.lines()), row.lines())
        self.assert_links(row.links)

    def assert_links(self, expected):
        shown = {name: (k["kind"], k["provenance"], k["revocation"], k["own"]) for name, k in self.links().items()}
        self.assertEqual(shown, expected)

    def rogue(self, row):
        before = len(self.desk.notifier.shown())
        self.bank.advance("end")
        status, told = self.check(row.provider)
        self.assertEqual(status, 10, told)
        self.assert_links({**row.links, **row.fresh})
        pulls, = [a for a in self.alerts() if a["kind"] == "withdrawal"]
        self.assertEqual((len(pulls["refs"]), pulls["total"]), (len(PULLS), {"amount": money(sum(PULLS)), "currency": row.currency}))
        self.assertIn(pulls["severity"], ("critical", "warning"))
        fresh = [a for a in self.alerts() if a["kind"] == "link" and a["severity"] == "critical"]
        self.assertTrue(fresh, "the power over the account is told as well as what it took")
        text = "".join(s["summary"] + s["body"] for s in self.desk.notifier.wait_shown(before + 1)[before:])
        self.assertIn(ROGUE, text)
        self.assertEqual(self.check(row.provider)[0], 0, "nothing is said twice")

    def end(self, row, name):
        link, told_before = self.links()[name], self.desk.koban_json("alerts", "--all")
        done = self.desk.koban("revoke", link["id"], "--yes", stdin=row.power(self.bank.ready, link["kind"]))
        told = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, told)
        self.assertIn("Proved gone", told)
        if link["own"]:
            self.assertLess(told.index("blinds Koban"), told.index("Proved gone"))
        self.assertNotIn(name, self.links())
        self.assertIn(self.links("--all")[name]["status"], ("revoked", "gone", "ended"))
        self.assertEqual([a["summary"] for a in self.desk.koban_json("alerts", "--all") if a not in told_before], [],
                         "ending one link is no news of another")


def live(row):
    return lambda self: self.live(row)


for each in ROWS:
    setattr(AsItShouldBe, "test_" + each.provider.replace("-", "_"), live(each))


# --- as it must not hurt


class Elsewhere:
    """A host that was never shown: it counts who comes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        self.heard = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self.socket.accept()
                with caller:
                    caller.settimeout(5)
                    self.heard.append(caller.recv(4096))

    def close(self):
        self.socket.close()


class AsItMustNotHurt(Street):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = Elsewhere()
        cls.closing.callback(cls.elsewhere.close)

    @classmethod
    def profiles(cls):
        """Some banks allow fewer requests a day than this takes."""
        folder = super().profiles()
        for file in folder.glob("*.json"):
            profile = json.loads(file.read_text(encoding="utf-8"))
            profile.get("budget", {}).update({"per_day": 2000} if "budget" in profile else {})
            file.write_text(json.dumps(profile), encoding="utf-8")
        return folder

    def known(self):
        """What is known of this bank, as a person would see it: no state, for a bank may change its words."""
        lines = sorted((t["date"], t["amount"]["amount"], t["text"]) for t in self.lines()
                       if t["state"] != "withdrawn")
        links = sorted((k["name"], k["kind"]) for k in self.links().values())
        return {"lines": lines, "links": links, "accounts": [(a["id"], a["name"]) for a in self.its("accounts")]}

    def suffer(self, row):
        self.open(row)
        self.addCleanup(self.desk.koban, "remove", row.provider, "--yes")
        self.bank.advance("end")
        if row.provider not in ONE_PAGE:
            self.bank.tell("behave", page=2)
        self.assertEqual(self.check(row.provider)[0], 10)
        self.assertEqual(self.check(row.provider)[0], 0)    # what is missing twice is gone
        for way in sorted(self.bank.ready["hostile"], key=list(WAYS).index):
            if row.provider not in WAYS[way].without:
                with self.subTest(way):
                    self.one_way(row, way, WAYS[way])

    def one_way(self, row, way, expected):
        before = self.known()
        self.bank.tell("reset")
        self.bank.tell("hostile", way=way, **({"to": self.elsewhere.url} if way == "next-elsewhere" else {}))
        status, told = self.check(row.provider)
        self.assertTrue([r for r in self.bank.requests() if r["fault"]], "it was met")
        during, state = self.known(), self.its("connections", key="id")[0]["state"]
        self.bank.tell("clear")
        self.assertEqual(self.elsewhere.heard, [], "nobody was asked who was not shown")
        self.assertIn(status, expected.of(row.provider), told)
        self.assertIn(state, expected.states[status], told)
        self.assertEqual(during, before, "nothing that is known is lost or doubled by it")
        if state != "ok":
            self.assertRegex(told, r"Could not check %s: .*\w{3}" % row.provider)
        if expected.says:
            told_of, = [a["id"] for a in self.its("alerts") if a["reasons"][0]["code"] in ("sign_in", "evicted")]
            self.assertRegex(self.desk.koban("show", told_of).stdout, expected.says)
        status, told = self.check(row.provider)
        self.assertIn(status, (0, 11) if way == "quota" else (0,), told)
        self.assertEqual(self.known(), before, "nor after it")


class Way:
    """`status`: how `check` may end; `but`: at some banks; `without`: banks whose wire cannot say it."""

    BAD = {0: ("ok",), 11: ("error",)}

    def __init__(self, *status, but=None, without=(), states=None, says=None):
        self.status, self.but, self.without, self.states, self.says = status, but or {}, without, states or self.BAD, says

    def of(self, provider):
        return self.but.get(provider, self.status)


ONE_PAGE = ("gocardless-bad", "investec", "monobank", "simplefin", "starling", "teller")
LEFT_OUT = ("sign-in", "shared")

# In this order: after a quota nothing is asked for an hour.
WAYS = {
    "next-elsewhere": Way(11, without=ONE_PAGE + ("akahu", "enable-banking", "plaid", "wise")),   # theirs is no address
    "loop": Way(11, but={"plaid": (0,)}, without=ONE_PAGE),     # Plaid's list of changes has one page while nothing changes
    "unknown-enum": Way(0, but={"wise": (11,)}),     # Wise's list has rows without an amount, known by their status alone
    "reissued": Way(0, but={"up": (11,), "wise": (0, 10)},   # Up's rows carry their account's id, Wise's list its mandates' too
                    without=("simplefin",), states={**Way.BAD, 10: ("ok",)}),
    # Plaid's list is of all accounts, and what is of none that is watched is nobody's
    "wrong-account": Way(11, but={"plaid": (0,)}, without=("enable-banking", "gocardless-bad", "monobank", "simplefin", "wise")),
    "removed": Way(0),
    "evicted": Way(10, 11, states={10: LEFT_OUT, 11: LEFT_OUT}, says="[Cc]onnect (it )?again"),
    "quota": Way(10, 11, states={10: ("shared",), 11: ("waiting", "shared")}),
}


def suffer(row):
    return lambda self: self.suffer(row)


for each in ROWS:
    setattr(AsItMustNotHurt, "test_" + each.provider.replace("-", "_"), suffer(each))


if __name__ == "__main__":
    tap.main()
