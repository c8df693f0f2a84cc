#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees when something goes wrong is true: state, message, next check, alert, exit code. And the agent stays
on its feet whatever a caller, a disk, a bus or a configuration does.
"""

import contextlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import time
import unittest

import tap
from desk import IFACE, NAME, PATH, SOURCE, Desk, Gio, GLib, alive

OPERATION = IFACE + ".Operation"


class Edges(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def open(self, provider="starling", story="docomo", tls=True):
        bank = self.desk.open_bank(story, provider, "--as-is", tls=tls)
        self.desk.set_clock(bank.monitor_from)
        return bank

    def connection(self):
        row, = self.desk.koban_json("connections")
        return row

    def add_words(self, bank, *more):
        words = ["add", bank.provider, "--name", "Bank", "--base-url", bank.base_url, "--secret-stdin"]
        return words + (["--ca-file", bank.ca] if bank.ca else []) + list(more)

    def alerts_of_kind(self, kind):
        """But for the offer to look through what was there before."""
        return [a for a in self.desk.alerts() if a["kind"] == kind and {r["code"] for r in a["reasons"]} != {"review"}]

    def wait_slow(self, bank):
        self.desk.wait(lambda: any(r["fault"] == "slow" for r in bank.requests()), 20, "the slow request")


class SpentToken(Edges):
    """A one-time token that the bank has taken is never lost."""

    def add_with_failing_list(self, *more):
        bank = self.open("simplefin", "pending")
        bank.tell("fault", what="status", status=500, path="*/accounts*", count=0)
        return bank, self.desk.koban(*self.add_words(bank, *more), stdin=bank.token + "\n")

    def test_it_is_connected_and_the_person_hears_that_it_is_unchecked(self):
        bank, done = self.add_with_failing_list()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not checked yet", done.stderr)
        kept = self.connection()
        self.assertNotEqual(kept["state"], "ok")
        self.assertIsNone(kept["last_check"])
        self.assertTrue(kept["next_check"] and kept["message"], kept)
        self.assertEqual(len(self.desk.secret_items()), 1)
        self.assertEqual(self.desk.koban("status", "--check").returncode, 11)

    def test_the_json_says_it_too(self):
        _, done = self.add_with_failing_list("--json")
        said = json.loads(done.stdout)
        self.assertTrue(said["unchecked"])
        self.assertEqual(said["connection"]["id"], self.connection()["id"])

    def test_the_first_good_check_makes_the_baseline_without_another_claim(self):
        bank, _ = self.add_with_failing_list()
        bank.tell("clear")
        self.desk.stop_agent()
        self.assertIn(self.desk.koban("check").returncode, (0, 10))
        self.assertEqual(self.connection()["state"], "ok")
        self.assertEqual(sum("/claim/" in r["path"] for r in bank.requests()), 1)
        self.assertEqual(self.alerts_of_kind("link") + self.alerts_of_kind("withdrawal"), [])

    def killed_while_listing(self, how):
        bank, adding = self.add_and_wait("simplefin", "pending")
        how(adding)
        self.assertNotEqual(self.desk.wait(lambda: adding.poll(), 20, "the command"), 0)
        self.desk.wait(lambda: len(self.desk.list("Connections")) == 1, 20, "the connection")
        self.assertEqual(len(self.desk.secret_items()), 1)
        self.assertIn(self.desk.koban("check").returncode, (0, 10))
        self.assertEqual(self.connection()["state"], "ok")
        self.assertEqual(sum("/claim/" in r["path"] for r in bank.requests()), 1)

    def add_and_wait(self, provider, story):
        """A command that adds, and waits for a bank that is slow to list."""
        bank = self.open(provider, story)
        bank.tell("fault", what="slow", seconds=30, path="*/accounts*")
        adding = self.desk.start([str(self.desk.cli_program), *self.add_words(bank)],
                                 env=dict(self.desk.env, **self.desk.time_env), stdin=subprocess.PIPE)
        adding.stdin.write(bank.token.encode() + b"\n")
        adding.stdin.close()
        adding.stdin = None
        self.wait_slow(bank)
        return bank, adding

    def test_a_token_that_is_not_spent_is_forgotten_with_the_agent_that_is_killed(self):
        _, adding = self.add_and_wait("starling", "docomo")
        self.desk.stop_agent(signal.SIGKILL)
        self.assertNotEqual(self.desk.wait(lambda: adding.poll(), 20, "the command"), 0)
        self.desk.start_agent()
        self.desk.wait(lambda: not self.desk.secret_items(), 20, "the secret to be gone")
        self.assertEqual(self.desk.list("Connections"), [])

    def test_it_outlives_an_agent_that_is_killed(self):
        self.killed_while_listing(lambda adding: self.desk.stop_agent(signal.SIGKILL))

    def test_it_outlives_a_person_who_gives_up(self):
        self.killed_while_listing(lambda adding: adding.send_signal(signal.SIGINT))

    def test_it_outlives_a_command_that_is_killed(self):
        self.killed_while_listing(lambda adding: adding.kill())


class Told(Edges):
    """One fault a row: what the next check finds, and what is said of it."""

    def test_every_fault_has_its_state(self):
        day = 86400
        rows = [
            # fault                                                     state      exit, wait at least and at most
            ({"what": "status", "status": 401},                         "shared",  10, 0.9 * day, 1.2 * day),
            ({"what": "status", "status": 403},                         "shared",  10, 0.9 * day, 1.2 * day),
            ({"what": "status", "status": 429, "retry_after": 7200},    "waiting", 11, 7100, 2 * 7200),
            ({"what": "status", "status": 503, "retry_after": 7200},    "waiting", 11, 7100, 2 * 7200),
            ({"what": "status", "status": 500},                         None,      11, 0, day),
            ({"what": "html"},                                          "error",   11, 0, day),
            ({"what": "cut"},                                           "offline", 11, 0, day),
            ({"what": "redirect", "to": "https://127.0.0.1:1/"},        None,      11, 0, day),
        ]
        for wish, state, status, least, most in rows:
            with self.subTest(wish=wish), Desk(moving_time=True) as self.desk:
                bank = self.open()
                self.desk.add(bank)
                bank.tell("fault", **dict(wish, path="*/api/v2/accounts", count=0))
                done = self.desk.koban("check", "--json")
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                row = self.connection()
                self.assertEqual(row["state"], state or row["state"])
                self.assertNotEqual(row["state"], "ok")
                self.assertTrue(row["message"])
                wait = self.seconds_until(row["next_check"])
                self.assertTrue(least <= wait <= most, "%s: %d s" % (wish, wait))
                self.assertEqual(len(self.alerts_of_kind("freshness")) > 0, status == 10)
                self.assertEqual(self.alerts_of_kind("withdrawal"), [])
                bank.tell("clear")
                self.desk.set_clock(self.desk.now() + wait + 1)
                self.assertEqual(self.desk.koban("check").returncode, 0)
                again = self.connection()
                self.assertEqual((again["state"], again["message"]), ("ok", None))

    def seconds_until(self, text):
        return GLib.DateTime.new_from_iso8601(text, None).to_unix() - self.desk.now()

    def test_a_bank_that_does_not_prove_who_it_is_is_not_talked_to(self):
        bank = self.open()
        words = [w for w in self.add_words(bank) if w not in ("--ca-file", bank.ca)]
        done = self.desk.koban(*words, stdin=bank.token + "\n")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual((bank.requests(), self.desk.list("Connections"), self.desk.secret_items()), ([], [], []))

    def test_a_name_that_does_not_resolve(self):
        done = self.desk.koban("add", "starling", "--name", "Bank", "--base-url", "https://bank.invalid", "--secret-stdin",
                               stdin="token\n")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("bank.invalid", done.stderr)
        self.assertEqual((self.desk.list("Connections"), self.desk.secret_items()), ([], []))

    def test_a_spent_budget_says_when_it_goes_on(self):
        bank = self.open("simplefin", "pending")
        self.desk.add(bank)
        for _ in range(40):
            if self.desk.koban("check").returncode == 11:
                break
        row = self.connection()
        self.assertEqual(row["state"], "waiting")
        self.assertGreater(self.seconds_until(row["next_check"]), 0)
        self.assertTrue(row["message"])


class Disk(Edges):
    def database(self):
        return self.desk.home / ".local/share/koban/koban.db"

    def test_a_full_disk_stops_the_asking_is_told_once_and_ends(self):
        bank = self.open()
        self.desk.add(bank)
        self.desk.stop_agent()
        full = 40000   # room for the shared memory of the ledger, and for hardly a page
        self.desk.set_agent(wrapper=["prlimit", "--fsize=%d:unlimited" % full])
        pid = self.desk.start_agent()
        for _ in range(12):
            blind = self.desk.koban("check").returncode == 11 and self.connection()["state"] == "error"
            if blind:
                break
        self.assertTrue(blind, self.desk.log_tail())
        asked = len(bank.requests())
        self.assertEqual(self.desk.koban("check").returncode, 11)
        self.assertEqual(len(bank.requests()), asked, "what cannot be kept is not asked for")
        self.assertEqual(len(self.blind_shown()), 1)
        self.assertEqual(self.desk.koban("status", "--check").returncode, 11)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertEqual(self.desk.koban("check").returncode, 0)
        self.assertEqual(self.connection()["state"], "ok")
        self.assertEqual(self.desk.agent_pid(), pid)

    def blind_shown(self):
        def shown():
            return [s for s in self.desk.notifier.shown() if "no room" in s["summary"]]
        self.desk.wait(shown, 10, "the person to be told")
        return shown()

    def test_a_mistake_in_the_configuration_is_told_and_no_reason_not_to_watch(self):
        folder = self.desk.home / ".config/koban"
        folder.mkdir(mode=0o700, parents=True)
        (folder / "koban.conf").write_text("[check]\ninterval = often\n", encoding="utf-8")
        bank = self.open()
        self.desk.add(bank)
        self.assertEqual(self.connection()["state"], "ok")
        self.assertEqual([r["code"] for a in self.alerts_of_kind("freshness") for r in a["reasons"]], ["config"])
        self.assertIn("often", self.desk.agent_log.read_text(encoding="utf-8"))
        (folder / "koban.conf").write_text("[check]\ninterval = 1h\n", encoding="utf-8")
        self.desk.stop_agent()
        self.desk.start_agent()
        self.desk.wait(lambda: self.alerts_of_kind("freshness")[0]["state"] == "closed", 10, "the end of it")


class Profiles(Edges):
    """The person's own profile is trusted as it was when they said yes."""

    def own_profile(self, **changes):
        folder = self.desk.home / ".local/share/koban/providers"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        profile = json.loads((SOURCE / "data/providers/starling.json").read_text(encoding="utf-8"))
        profile.update(id="mine", name="My own bank", **changes)
        (folder / "mine.json").write_text(json.dumps(profile), encoding="utf-8")
        return folder / "mine.json"

    def test_it_is_named_and_binds_its_contents(self):
        bank = self.open()
        file = self.own_profile()
        bank.provider = "mine"
        done = self.desk.add(bank)
        self.assertIn(str(file), done.stderr)
        self.assertEqual(self.desk.koban("check").returncode, 0)
        self.own_profile(notes="Changed by somebody.")
        self.desk.stop_agent()
        asked = len(bank.requests())
        self.assertEqual(self.desk.koban("check").returncode, 11)
        row = self.connection()
        self.assertEqual((row["state"], len(bank.requests())), ("error", asked))
        self.assertIn("agreed", row["message"])
        self.assertNothingIsSentToRevoke(bank)
        self.own_profile()
        self.desk.stop_agent()
        self.assertEqual(self.desk.koban("check").returncode, 0)

    def assertNothingIsSentToRevoke(self, bank):
        asked = len(bank.requests())
        mandate = next(l["id"] for l in self.desk.list("Links") if l["kind"] == "direct_debit")
        error, _ = self.desk.operate("Revoke", GLib.Variant("(sa{sv})", (mandate, {})))
        self.assertEqual((error, len(bank.requests())), ("untrusted", asked))

    def test_it_may_come_while_the_agent_runs(self):
        self.desk.add(self.open())
        pid = self.desk.agent_pid()
        mine = self.open()
        self.own_profile()
        mine.provider = "mine"
        self.desk.add(mine, name="Mine")
        self.assertEqual(self.desk.agent_pid(), pid)
        self.assertEqual(self.desk.koban("check").returncode, 0)

    def test_a_person_at_a_terminal_says_yes_or_no(self):
        file = self.own_profile()
        for answer, status, token_asked in (("n", 1, False), ("", 1, False), ("y", 1, True)):
            ended, shown = self.on_terminal(answer + "\n\n")   # and nobody else watches
            self.assertEqual(ended, status, shown)
            self.assertIn(str(file), shown)
            self.assertEqual("resolve" in shown, token_asked, shown)
            self.assertEqual(self.desk.secret_items(), [])

    def on_terminal(self, typed):
        """Everything is typed ahead; the token comes from a file, and the bank is nowhere."""
        token = pathlib.Path(self.desk.scratch) / "token"
        token.write_text("a-token", encoding="utf-8")
        ours, its = os.openpty()
        adding = subprocess.Popen([str(self.desk.cli_program), "add", "mine", "--name", "Bank", "--base-url",
                                   "https://bank.invalid", "--secret-file", "token=%s" % token],
                                  stdin=its, stdout=its, stderr=its, env=dict(self.desk.env, **self.desk.time_env))
        os.close(its)
        os.write(ours, typed.encode())
        shown = b""
        with contextlib.suppress(OSError):   # the end of a terminal is an error
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        return adding.wait(30), shown.decode("utf-8", "replace")

    def test_without_a_yes_nothing_is_connected(self):
        self.own_profile()
        done = self.desk.koban("add", "mine", "--name", "Bank", "--secret-stdin", stdin="token\n")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(self.desk.secret_items(), [])

    def test_it_takes_the_place_of_no_packaged_one(self):
        bank = self.open()
        file = self.own_profile()
        file.write_text(file.read_text(encoding="utf-8").replace('"mine"', '"starling"'), encoding="utf-8")
        done = self.desk.add(bank)
        self.assertNotIn(str(file) + "\n", done.stderr.replace("Skipped", ""))
        self.assertNotIn("not from a package", done.stderr)


class Callers(Edges):
    """Whoever speaks to the agent, and however, gets an answer, and nobody else's."""

    def stranger(self):
        connection = self.desk.connect()
        self.addCleanup(lambda: connection.is_closed() or connection.close_sync(None))
        return connection

    def ask(self, connection, method, arguments, path=PATH, interface=IFACE):
        return connection.call_sync(NAME, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 30000, None)

    def refused(self, *words, **more):
        with self.assertRaises(GLib.Error) as caught:
            self.ask(*words, **more)
        return Gio.DBusError.get_remote_error(caught.exception)

    def test_wrong_types_and_huge_texts_are_refused(self):
        pid = self.desk.start_agent()
        huge = "x" * (16 * 2**20)
        request = {"provider": GLib.Variant("s", "starling"), "name": GLib.Variant("i", 7)}
        for method, arguments in (
                ("Add", GLib.Variant("(a{sv})", (request,))),
                ("Add", GLib.Variant("(a{sv})", ({"provider": GLib.Variant("s", huge)},))),
                ("Add", GLib.Variant("(s)", ("x",))),
                ("Add", None),
                ("ListAlerts", GLib.Variant("(a{sv})", ({"id": GLib.Variant("s", huge)},))),
                ("Check", GLib.Variant("(as)", ([huge],))),
                ("Check", GLib.Variant("(as)", (["c1"] * 5000,))),
                ("Answer", GLib.Variant("(ss)", (huge, "mine"))),
                ("Answer", GLib.Variant("(ss)", ("i1", huge))),
                ("Remove", GLib.Variant("(sb)", (huge, False))),
                ("SetAccount", GLib.Variant("(sa{sv})", ("a1", {"watch": GLib.Variant("s", huge)}))),
                ("Test", GLib.Variant("(s)", (huge,))),
                ("Nonsense", None)):
            self.assertTrue(self.refused(self.desk.bus, method, arguments), method)
        self.assertEqual(self.desk.agent_pid(), pid)

    def test_a_filter_of_the_wrong_type_gives_nothing_away_and_no_crash(self):
        pid = self.desk.start_agent()
        for value in (GLib.Variant("i", 1), GLib.Variant("as", ["x"]), GLib.Variant("v", GLib.Variant("s", "x"))):
            for method in ("ListConnections", "ListAccounts", "ListTransactions", "ListLinks", "ListAlerts"):
                for key in ("id", "connection", "account", "since", "all", "incident"):
                    try:
                        self.ask(self.desk.bus, method, GLib.Variant("(a{sv})", ({key: value},)))
                    except GLib.Error:
                        pass
        self.assertEqual(self.desk.agent_pid(), pid)

    def test_a_thousand_calls_are_a_thousand_answers(self):
        self.desk.start_agent()
        answered = []
        at_once = 8   # more than that wait in the bus, which refuses them
        for _ in range(1000 // at_once):
            wanted = len(answered) + at_once
            for _ in range(at_once):
                self.desk.bus.call(NAME, PATH, IFACE, "ListAlerts", GLib.Variant("(a{sv})", ({},)), None,
                                   Gio.DBusCallFlags.NONE, 60000, None,
                                   lambda bus, result: answered.append(bus.call_finish(result)))
            self.desk.wait(lambda: len(answered) == wanted, 60, "as many answers as calls")
        self.assertEqual({len(answer.unpack()[0]) for answer in answered}, {0})

    def test_an_operation_is_its_callers(self):
        bank = self.open()
        self.desk.add(bank)
        other = self.stranger()
        path = self.desk.call("Check", GLib.Variant("(as)", ([],)), "(o)")[0]
        for method, arguments in (("Start", None), ("Cancel", None), ("Reply", GLib.Variant("(s)", ("x",)))):
            self.assertEqual(self.refused(other, method, arguments, path=path, interface=OPERATION),
                             "org.freedesktop.DBus.Error.AccessDenied")
        ended = []
        self.desk.bus.signal_subscribe(NAME, OPERATION, "Finished", path, None, Gio.DBusSignalFlags.NONE,
                                       lambda *signal: ended.append(signal[5].unpack()))
        for _ in range(2):
            self.ask(self.desk.bus, "Start", None, path=path, interface=OPERATION)
        self.desk.wait(lambda: ended, 20, "its end")
        self.assertTrue(self.refused(self.desk.bus, "Cancel", None, path=path, interface=OPERATION))
        self.desk.wait(lambda: True, 1)
        self.assertEqual(len(ended), 1)

    def test_a_secret_of_another_connection_is_not_taken_along(self):
        bank = self.open()
        self.desk.add(bank)
        item, = self.desk.secret_items()
        attributes = self.desk.secret_call(item, "org.freedesktop.DBus.Properties", "Get",
                                           GLib.Variant("(ss)", ("org.freedesktop.Secret.Item", "Attributes")), "(v)")[0]
        request = {k: GLib.Variant("s", v) for k, v in (("provider", "starling"), ("name", "Other"),
                                                         ("secret_id", attributes["id"]), ("base_url", bank.base_url))}
        error, _ = self.desk.operate("Add", GLib.Variant("(a{sv})", (request,)))
        self.assertEqual(error, "invalid")
        self.ask_and_leave(request)
        self.assertEqual(self.desk.secret_items(), [item])
        self.assertEqual(self.desk.koban("check").returncode, 0)

    def ask_and_leave(self, request, start=False, until=None):
        caller = self.stranger()
        path = self.ask(caller, "Add", GLib.Variant("(a{sv})", (request,))).unpack()[0]
        if start:
            self.ask(caller, "Start", None, path=path, interface=OPERATION)
        if until is not None:
            until()
        caller.close_sync(None)
        self.desk.wait(lambda: self.is_gone(path), 20, "the operation to be gone")

    def is_gone(self, path):
        xml = self.desk.call("Introspect", None, "(s)", path=PATH + "/operation",
                             interface="org.freedesktop.DBus.Introspectable")[0]
        return '"%s"' % path.rsplit("/", 1)[1] not in xml

    def test_a_caller_that_vanishes_leaves_nothing_behind(self):
        bank = self.open()
        ca = bytes(open(bank.ca, "rb").read())
        for start, slow in ((False, False), (True, False), (True, True)):
            secret = self.make_secret(bank)
            request = {"provider": GLib.Variant("s", "starling"), "name": GLib.Variant("s", "Bank"),
                       "secret_id": GLib.Variant("s", secret), "base_url": GLib.Variant("s", bank.base_url),
                       "ca_pem": GLib.Variant("ay", ca)}
            if slow or start:
                bank.tell("fault", what="slow", seconds=20, path="*/accounts")
            self.ask_and_leave(request, start, (lambda: self.wait_slow(bank)) if slow else None)
            self.desk.wait(lambda: not self.desk.secret_items() and not self.desk.list("Connections"), 30,
                           "nothing to be left (%s, %s)" % (start, slow))
            bank.tell("clear")

    def make_secret(self, bank):
        """An item as the command makes one; its id."""
        word = "s%d" % time.monotonic_ns()
        env = dict(self.desk.env)
        done = subprocess.run(["secret-tool", "store", "--label=Koban", "xdg:schema", "org.koban.Secret", "kind", "connection",
                               "id", word, "provider", "starling"], input=b"token=" + bank.token.encode(), env=env, timeout=20)
        self.assertEqual(done.returncode, 0)
        return word


class Ends(Edges):
    def test_a_term_in_the_middle_of_a_request_takes_less_than_five_seconds(self):
        bank = self.open()
        self.desk.add(bank)
        bank.tell("fault", what="slow", seconds=30, path="*/accounts")
        path = self.desk.call("Check", GLib.Variant("(as)", ([],)), "(o)")[0]
        self.desk.call("Start", None, "()", path=path, interface=OPERATION)
        self.wait_slow(bank)
        before = self.desk.agent_pid()
        begun = time.monotonic()
        self.desk.stop_agent()
        self.assertLess(time.monotonic() - begun, 5)
        self.assertFalse(alive(before))
        self.assertEqual(self.desk.koban("check").returncode, 0)

    def test_an_agent_whose_bus_dies_ends(self):
        desk = Desk()
        try:
            pid = desk.start_agent()
            os.kill(desk.bus_process.pid, signal.SIGKILL)
            desk.wait(lambda: not alive(pid), 10, "the agent to end")
        finally:
            with contextlib.suppress(GLib.Error):
                desk.close()   # its own connection is closed already

    def run_agent(self, **env):
        return subprocess.run([str(self.desk.agent_program)], env=dict(self.desk.env, **self.desk.time_env, **env),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    def test_a_second_agent_leaves_and_says_why(self):
        bank = self.open()
        self.desk.add(bank)
        pid = self.desk.agent_pid()
        done = self.run_agent()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("another agent", done.stdout)
        self.assertEqual(self.desk.agent_pid(), pid)

    def test_a_second_agent_on_another_bus_leaves_too(self):
        self.desk.add(self.open())
        with Desk(keyring=None, notifier=None) as other:
            done = self.run_agent(DBUS_SESSION_BUS_ADDRESS=other.env["DBUS_SESSION_BUS_ADDRESS"])
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("another agent", done.stdout)


if __name__ == "__main__":
    tap.main()
