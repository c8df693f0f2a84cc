#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crash torture: each scenario is lived again and again, and the agent killed at its 1st, 2nd … last write, sync, rename and send.

After every kill: the ledger opens and is whole, and the bank has heard no request that was not spent before. When the scenario
was then lived to its end: no alert is lost, nothing was told more than once more for each kill, no secret is lost.

  KOBAN_KILLS=N      how many in all (1000); beyond one for each step, lives are killed half through a write, and again while
                     they mend what the kill before left (tests/torture runs 20000)
  KOBAN_SEED=N       what is drawn by lot
  test_torture.py --scenario NAME KILLS SEED      one of them, as a program of its own: a JSON line for each kind of thing
"""

import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
import urllib.request

import tap
from desk import IFACE, SANDBOX, SOURCE, DeskError, Gio, GLib
from torture import SAMPLES, SESSION, World

sys.path.insert(0, str(SANDBOX))

KILLS = int(os.environ.get("KOBAN_KILLS", "1000"))
SEED = os.environ.get("KOBAN_SEED", "1")
ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"
TOPIC = "koban-00112233445566778899aabbccddeeff"


class Scenario:
    """`prepare` is lived once and kept, `act` in every life, `judge` looks when it was lived to its end."""

    story, provider = "docomo", "starling"
    keeps_secrets = False

    def __init__(self):
        self.world = World()

    def watched(self, until="event:126"):
        """A bank whose baseline is known, at some moment of the story."""
        self.open_bank()
        self.world.desk.add(self.world.bank)
        if until is not None:
            self.go_to(until)
            self.world.desk.koban("check")

    def open_bank(self):
        bank = self.world.bank = self.world.desk.open_bank(self.story, self.provider, "--as-is", tls=False)
        self.world.desk.set_clock(bank.monitor_from)

    def go_to(self, moment):
        self.world.desk.set_clock(self.world.bank.advance(moment))

    def act(self, world):
        world.check()
        world.wait_sent()

    # --- claims that more than one makes

    def alerts(self):
        return self.world.list("Alerts", all=True)

    def claim(self, truth, words):
        if not truth:
            raise AssertionError(words)

    def same(self, a, b, words):
        self.claim(a == b, "%s: %r, not %r" % (words, a, b))

    def theft_is_known(self):
        alerts = [a for a in self.alerts() if a["kind"] in ("link", "withdrawal")]
        self.same(sorted((a["kind"], a["severity"]) for a in alerts), [("link", "critical"), ("withdrawal", "critical")], "alerts")
        self.same(len({a["incident"] for a in alerts}), 1, "incidents")
        theft, = [a for a in alerts if a["kind"] == "withdrawal"]
        self.same((len(theft["refs"]), theft["total"]), (4, (-300000, "JPY")), "the theft")
        return alerts

    def loud(self):
        return [(s["summary"], s["body"]) for s in self.world.desk.notifier.shown() if not s["hints"].get("suppress-sound")]

    def told_once(self, kills):
        # the recorder may still be saying what the agent has long been answered
        self.world.until(lambda: [s for s in self.world.desk.notifier.shown() if s["hints"].get("urgency") == 2], 10,
                         "something urgent to be shown")
        self.claim(self.world.repeats(self.loud()) <= kills, "told again %d times after %d kills" %
                   (self.world.repeats(self.loud()), kills))

    def secret_is_there(self, *names):
        """What the connection signs in with, whole. What the command stored for an agent that died of it may lie beside it."""
        (wanted,), = self.world.query("SELECT secret_id FROM connection WHERE removed_us IS NULL")
        items = [value for attributes, value in self.world.secrets() if attributes["id"] == wanted]
        self.same(len(items), 1, "items of the connection")
        held = self.world.names_in(items[0])
        self.claim(set(names) <= set(held), "the secret lost %s" % (set(names) - set(held)))
        return held

    def connection_is_well(self):
        connection, = self.world.list("Connections")
        self.same(connection["state"], "ok", "the connection")

    def judge(self, kills):
        pass


class Theft(Scenario):
    """A new link and four debits, found by one check: both alerts, one incident, one bubble."""

    def prepare(self):
        self.watched()
        self.world.desk.stop_agent()
        self.go_to("end")

    def judge(self, kills):
        self.same({a["state"] for a in self.theft_is_known()}, {"notified"}, "alerts are")
        self.told_once(kills)
        self.connection_is_well()
        self.secret_is_there("token")


class Baseline(Scenario):
    """A bank is connected: all that is old is known, and no alarm is made of it."""

    keeps_secrets = True

    def prepare(self):
        self.open_bank()
        self.world.desk.add(self.world.bank)
        (self.attributes, marked), = self.world.secrets()
        # without the agent's mark, by which it would take a bank up again as one of a lost ledger
        self.typed = b"".join(line for line in marked.splitlines(True) if not line.startswith(b"watched="))
        self.world.desk.stop_agent()
        for path in self.world.desk.secret_items():
            self.world.desk.delete_secret(path)
        for path in list(self.world.data.iterdir()):
            path.unlink()

    def act(self, world):
        if world.list("Connections"):
            world.check()
        if not world.list("Connections"):  # nor is one that was half added listed for long
            attributes = dict(self.attributes, id="torture-%d" % time.monotonic_ns())
            world.put_secret(attributes, self.typed)  # as the command does before it calls
            request = {"provider": "starling", "name": "Bank", "secret_id": attributes["id"], "base_url": world.bank.base_url}
            request = {k: GLib.Variant("s", v) for k, v in request.items()}
            request["hosts"] = GLib.Variant("as", [world.bank.base_url.split("/")[2]])
            error, result = world.operate("Add", GLib.Variant("(a{sv})", (request,)))
            self.claim(error == "" or world.dead, "Add: %s %s" % (error, result))
        world.wait_sent()

    def judge(self, kills):
        self.same([a["kind"] for a in self.alerts() if a["kind"] != "freshness"], [], "alerts of what is old")
        self.same(len(self.world.list("Accounts")), 1, "accounts")
        self.same(len(self.world.list("Links")), 5, "links")
        self.connection_is_well()
        self.secret_is_there("token")


class Revoke(Scenario):
    """The rogue link is revoked: at the bank, and known here to be proved gone."""

    keeps_secrets = True

    def prepare(self):
        self.watched(None)
        self.go_to("end")
        self.world.desk.koban("check")

    def rogue(self):
        link, = [k for k in self.world.list("Links", all=True) if k["name"] == ROGUE]
        return link

    def act(self, world):
        link = self.rogue()
        if link["status"] == "active":
            secret_id = "torture-%d" % time.monotonic_ns()
            world.put_secret({"xdg:schema": "org.koban.Secret", "kind": "answer", "id": secret_id, "provider": "starling"},
                             b"revoke_token=%s\n" % world.bank.ready["revoke_token"].encode(), SESSION)
            error, result = world.operate("Revoke", GLib.Variant("(sa{sv})", (link["id"], {"secret_id": GLib.Variant("s", secret_id)})))
            self.claim(error == "" and result["result"] == "gone", "Revoke: %s %s" % (error, result))
        world.wait_sent()

    def judge(self, kills):
        self.same(self.world.bank.state()["links"]["L-rogue"], "revoked", "the link at the bank")
        self.same(self.rogue()["status"], "revoked", "the link here")
        self.theft_is_known()
        self.claim(self.world.repeats(self.loud()) <= kills, "told again")
        self.claim("revoke_token" not in self.secret_is_there("token"), "the power to revoke was kept")


class Answer(Scenario):
    """“Not me” is remembered, and teaches."""

    def prepare(self):
        self.watched(None)
        self.go_to("end")
        self.world.desk.koban("check")

    def act(self, world):
        alert, = [a for a in self.alerts() if a["kind"] == "withdrawal"]
        world.call("Answer", GLib.Variant("(ss)", (alert["incident"], "not-mine")))
        world.wait_sent()

    def judge(self, kills):
        self.same({(a["state"], a["answer"]) for a in self.theft_is_known()}, {("answered", "not-mine")}, "the answer")
        self.claim(self.world.repeats(self.loud()) <= kills, "told again")


class Import(Scenario):
    """A statement file becomes lines, each once."""

    LINES = sorted([("2024-08-30", -12000), ("2024-09-01", -30000), ("2024-09-01", -30000), ("2024-09-25", 230090)])

    def prepare(self):
        self.world.desk.set_clock(1727827200)  # 2024-10-02
        self.world.desk.start_agent()

    def act(self, world):
        files = Gio.UnixFDList.new()
        with open(SAMPLES / "jp-rakuten.csv", "rb") as sample:
            files.append(sample.fileno())
        request = {"account": GLib.Variant("s", "Kaede")}
        error, result = world.operate("Import", GLib.Variant("(ha{sv})", (0, request)), files)
        self.claim(error == "" or world.dead, "Import: %s %s" % (error, result))
        world.wait_sent()

    def judge(self, kills):
        lines = sorted((t["date"], t["amount"][0]) for t in self.world.list("Transactions"))
        self.same(lines, self.LINES, "the lines")
        account, = self.world.list("Accounts")
        self.same(account["balance"], (258090, "JPY"), "the balance")


class Phone(Theft):
    """What Theft finds, told on a phone too (ntfy): it rings, under one id."""

    def prepare(self):
        import phone as ends
        self.phone = ends.Phone(os.path.join(self.world.desk.scratch, "phone"), clock=self.world.desk.now, mail=False)
        self.world.desk.closing.callback(self.phone.close)
        self.watched()
        done = self.world.desk.koban("channel", "add", "ntfy", "--server", self.phone.url("ntfy"), "--ca-file", self.phone.ca,
                                     "--secret-stdin", stdin="topic=%s\n" % TOPIC)
        self.same(done.returncode, 0, "koban channel add")
        self.world.desk.koban("check")
        self.world.desk.stop_agent()
        self.go_to("end")

    def back(self):
        with self.phone.lock:
            self.phone.taken.clear()

    def judge(self, kills):
        super().judge(kills)
        rung = [m for m in self.phone.of("ntfy") if m.get("priority") == 5 and not m.get("delay")]
        self.claim(rung, "the phone did not ring: %s" % self.phone.taken)
        said = [(m.get("sequence_id"), m["title"], m["message"]) for m in rung]
        self.claim(self.world.repeats(said) <= kills, "the phone rang %d times" % len(said))
        # a kill may part in two what would have been told at once
        self.claim(len({m.get("sequence_id") for m in rung}) <= 2 + kills, "more ids than that: %s" % rung)
        self.same([w for s, w in self.phone.taken if s == "refused"], [], "refused")


class Rotation(Scenario):
    """The token has run out and is renewed; the bank gives another to renew it by, and that one is kept before it is used."""

    provider = "rotating"
    keeps_secrets = True

    def __init__(self):
        super().__init__()
        import rotating
        folder = pathlib.Path(self.world.desk.scratch) / "providers"
        folder.mkdir()
        (folder / "rotating.json").write_text(json.dumps(rotating.profile(str(SOURCE / "data/providers"))), encoding="utf-8")
        self.world.desk.env["KOBAN_PROVIDERS"] = str(folder)
        self.world.desk.set_agent(KOBAN_PROVIDERS=str(folder))

    def prepare(self):
        self.open_bank()
        self.sign_in()
        self.go_to("end")
        self.world.desk.check()
        self.world.desk.stop_agent()
        self.world.desk.set_clock(self.world.bank.advance("now", 3600))

    def sign_in(self):
        """As the command and a browser do."""
        desk, bank, ended = self.world.desk, self.world.bank, []
        self.world.put_secret({"xdg:schema": "org.koban.Secret", "kind": "connection", "id": "first", "provider": "rotating"},
                              b"client_id=koban\n")
        request = {"provider": "rotating", "name": "Bank", "secret_id": "first", "base_url": bank.base_url}
        request = {k: GLib.Variant("s", v) for k, v in request.items()}
        request.update(hosts=GLib.Variant("as", [bank.base_url.split("/")[2]]), fields=GLib.Variant("a{ss}", {"client_id": "koban"}))
        path = desk.call("Add", GLib.Variant("(a{sv})", (request,)), "(o)")[0]
        operation = IFACE + ".Operation"
        desk.call("Start", None, "()", path=path, interface=operation)
        question = desk.wait(lambda: desk.call("Get", GLib.Variant("(ss)", (operation, "Question")), "(v)", path=path,
                                               interface="org.freedesktop.DBus.Properties")[0], 20, "the page")
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(question["url"]).query))
        back = asked["redirect_uri"] + "?" + urllib.parse.urlencode({"code": "once", "state": asked["state"]})
        with urllib.request.urlopen(back, timeout=20) as page:
            page.read()
        desk.wait(lambda: self.world.finished.get(path), 20, "the sign-in")
        self.same(self.world.finished[path][0], "", "the sign-in")

    def judge(self, kills):
        self.connection_is_well()
        self.secret_is_there("client_id", "access_token", "refresh_token")


SCENARIOS = {c.__name__.lower(): c for c in (Baseline, Theft, Revoke, Answer, Import, Phone, Rotation)}


# --- one scenario, as a program of its own

class Torture:
    def __init__(self, name, kills, seed):
        self.scenario = SCENARIOS[name]()
        self.world = self.scenario.world
        self.wanted, self.random = kills, random.Random(seed)
        self.at = collections.Counter()  # name of the step → kills at it
        self.kills = self.lives = self.repeats = self.spent = 0

    def back(self):
        self.world.back()
        if hasattr(self.scenario, "back"):
            self.scenario.back()

    def life(self, kill_at, half):
        """TRUE if it was lived to its end."""
        self.lives += 1
        self.world.began_us = int(self.world.desk.now() * 1e6)
        done = self.world.live(self.scenario.act, kill_at, half)
        self.requests_were_spent()
        killed = self.world.last != ""
        if killed:
            self.kills += 1
            self.at[self.world.last] += 1
        self.scenario.claim(done or killed, "the agent ended by itself, with status %#x\n%s" % (self.world.status, self.world.desk.log_tail()))
        self.scenario.same(self.world.faults_of_the_ledger(), [], "the ledger, after %s" % self.where(kill_at, half))
        return done

    @staticmethod
    def where(kill_at, half):
        return "step %d%s" % (kill_at, " (half)" if half else "")

    def requests_were_spent(self):
        """Counted life by life: what is half added is forgotten by the next, and what was spent on it. A request may be heard
        when who sent it is dead, so that the sums are compared."""
        self.spent += self.world.spent()
        heard = self.world.bank.requests() if self.world.bank is not None else []
        self.scenario.claim(len(heard) <= self.spent, "%d requests heard, %d spent" % (len(heard), self.spent))

    def chain(self, steps):
        """Kills, one life each, and a life to the end, in which all is judged."""
        self.back()
        begun, self.spent = self.kills, 0
        for kill_at, half in steps:
            self.life(kill_at, half)
        judged = []

        def act(world):
            self.scenario.act(world)
            self.scenario.judge(self.kills - begun)
            judged.append(True)

        self.lives += 1
        self.world.began_us = int(self.world.desk.now() * 1e6)
        self.world.live(act)
        self.scenario.claim(judged, "the last life did not end well: status %s\n%s" % (self.world.status, self.world.desk.log_tail()))
        self.requests_were_spent()
        self.scenario.same(self.world.faults_of_the_ledger(), [], "the ledger, in the end")
        self.repeats += self.world.repeats(self.scenario.loud())

    def length(self):
        """How many steps a life has, of which nobody kills one."""
        self.back()
        self.scenario.claim(self.world.live(self.scenario.act), "it does not work at all")
        return self.world.steps

    def chains(self, length):
        """Each step once, or one in so many if that is more than is wanted, and then another while the first is mended; beyond
        that half steps, and several in a row, drawn by lot."""
        scarce = self.wanted < length
        for n in range(1, length + 1, -(-2 * length // self.wanted) if scarce else 1):
            yield [(n, 0)] + [self.lot(length)] * scarce
        while True:
            yield [self.lot(length) for _ in range(self.random.randint(1, 3))]

    def lot(self, length):
        return self.random.randint(1, length), self.random.randint(0, 1)

    def run(self):
        begun = time.monotonic()
        wrong = []
        self.scenario.prepare()
        self.world.keep(self.scenario.keeps_secrets)
        length = self.length()
        for steps in self.chains(length):
            try:
                self.chain(steps)
            except (AssertionError, DeskError, ValueError) as error:
                wrong.append("%s: %s" % (", ".join(self.where(*s) for s in steps), error))
                print("# " + wrong[-1], file=sys.stderr, flush=True)
            if self.kills >= self.wanted or len(wrong) > 5:
                break
        return {"steps": length, "kills": self.kills, "lives": self.lives, "repeats": self.repeats, "wrong": wrong,
                "at": dict(self.at.most_common()), "seconds": round(time.monotonic() - begun, 1)}


def run_scenario(name, kills, seed):
    torture = Torture(name, kills, seed)
    try:
        print(json.dumps(torture.run()), flush=True)
    finally:
        torture.world.close()


# --- all of them, two at a time

def run_program(name, share, found):
    env = dict(os.environ)
    if os.access("/dev/shm", os.W_OK):
        env.setdefault("TMPDIR", "/dev/shm")  # SIGKILL takes nothing from a disk: there is nothing to wait for
    done = subprocess.run([sys.executable, __file__, "--scenario", name, str(share), SEED], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    try:
        found[name] = json.loads(done.stdout)
    except ValueError:
        found[name] = {"wrong": ["it did not run: " + done.stderr[-2000:]], "kills": 0}
    print("# %s is done: %s" % (name, found[name]), file=sys.stderr, flush=True)  # the long run takes an hour


def run_all():
    """Name → what came of it."""
    names, found, lock = list(SCENARIOS), {}, threading.Lock()
    share = -(-KILLS // len(names))

    def work():
        while True:
            with lock:
                if not names:
                    return
                name = names.pop(0)
            run_program(name, share, found)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return found


class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = run_all()

    def tell(self, name):
        found = self.found[name]
        print("# %s: %s" % (name, json.dumps({k: v for k, v in found.items() if k != "wrong"})), flush=True)
        self.assertEqual(found["wrong"], [])
        self.assertGreater(found["kills"], 0)

    def test_enough(self):
        self.assertGreaterEqual(sum(found["kills"] for found in self.found.values()), KILLS)
        print("# %d kills" % sum(found["kills"] for found in self.found.values()))


for scenario in SCENARIOS:
    setattr(Kills, "test_" + scenario, lambda self, name=scenario: self.tell(name))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--scenario"]:
        run_scenario(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        tap.main()
