#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as scripts and people meet it: exit codes, the shapes of --json, usage errors, full disks, closed pipes, no terminal."""

import json
import os
import re
import subprocess
import unittest

import tap
from desk import STORIES, Desk

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
NULL = type(None)
MONEY = {"amount": str, "currency": str}

# DESIGN §5: a key is always there. A tuple is "one of these".
SHAPES = {
    "connections": {"id": str, "provider": str, "name": str, "state": str, "last_check": (str, NULL),
                    "next_check": (str, NULL), "message": (str, NULL)},
    "accounts": {"id": str, "connection": str, "name": str, "number": (str, NULL), "currency": str,
                 "balance": (MONEY, NULL), "available": (MONEY, NULL), "as_of": (str, NULL),
                 "sees": {"links": str, "pending": bool, "time": bool, "history_days": (int, NULL)}, "coverage": dict},
    "transactions": {"id": str, "account": str, "date": (str, NULL), "time": (str, NULL), "amount": MONEY, "state": str,
                     "text": str, "payee": (str, NULL), "service": (str, NULL), "balance_after": (MONEY, NULL),
                     "first_seen": str},
    "links": {"id": str, "account": (str, NULL), "connection": str, "kind": str, "name": str, "service": (str, NULL),
              "provenance": str, "own": bool, "status": str, "first_seen": str, "created": (str, NULL),
              "expires": (str, NULL), "limit": (MONEY, NULL), "scope": (list, NULL), "revocation": str, "answer": (str, NULL)},
    "alerts": {"id": str, "incident": str, "account": (str, NULL), "kind": str, "severity": str, "state": str,
               "opened": str, "updated": str, "summary": str, "reasons": list, "refs": list, "total": (MONEY, NULL),
               "answer": (str, NULL)},
    "providers": {"id": str, "name": str, "countries": list, "auth": str, "power": str, "lists": list, "revokes": list,
                  "needs": list, "hosts": list, "cost": (str, NULL), "notes": (str, NULL)},
}
WORDS = {
    ("connections", "state"): "ok waiting locked sign-in offline stale shared error",
    ("transactions", "state"): "pending booked withdrawn",
    ("links", "status"): "active expired revoked gone unknown",
    ("links", "revocation"): "api api+sca url manual none",
    ("alerts", "kind"): "link withdrawal balance freshness",
    ("alerts", "severity"): "critical warning notice",
    ("alerts", "state"): "new notified answered closed",
    ("providers", "power"): "read read+revoke pay",
}
TIMES = {"last_check", "next_check", "as_of", "first_seen", "opened", "updated", "created", "time"}


class Command(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def watched(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(bank.monitor_from)
        self.desk.add(bank)
        return bank

    def after_the_theft(self):
        bank = self.watched()
        self.desk.set_clock(bank.advance("end"))
        self.assertEqual(self.desk.koban("check").returncode, 10)
        return bank

    def fits(self, value, shape, where):
        if isinstance(shape, tuple):
            choices = [s for s in shape if s is not NULL]
            if value is None and NULL in shape:
                return
            shape = choices[0]
        if isinstance(shape, dict):
            self.assertIsInstance(value, dict, where)
            self.assertLessEqual(set(shape), set(value), where)
            for key, inner in shape.items():
                self.fits(value[key], inner, "%s.%s" % (where, key))
            if shape is MONEY:
                self.assertRegex(value["amount"], r"^-?\d+(\.\d+)?$", where)
        else:
            self.assertIs(type(value), shape, where)

    # --- shapes

    def test_every_list_has_its_shape(self):
        self.after_the_theft()
        for command, shape in SHAPES.items():
            rows = self.desk.koban_json(command)
            self.assertTrue(rows, command)
            for row in rows:
                self.fits(row, shape, command)
                for key in TIMES & set(row):
                    if row[key] is not None:
                        self.assertRegex(row[key], "^%s$" % TIME, "%s.%s" % (command, key))
                for (listed, key), words in WORDS.items():
                    if listed == command:
                        self.assertIn(row[key], words.split(), key)

    def test_an_empty_list_is_an_empty_array(self):
        for command in ("connections", "accounts", "transactions", "links", "alerts"):
            self.assertEqual(self.desk.koban_json(command), [], command)

    def test_money_out_is_negative_with_exactly_the_digits_of_its_currency(self):
        self.after_the_theft()
        alert, = [a for a in self.desk.koban_json("alerts") if a["kind"] == "withdrawal"]
        self.assertEqual(alert["total"], {"amount": "-300000", "currency": "JPY"})

    def test_reasons_have_codes(self):
        self.after_the_theft()
        for alert in self.desk.koban_json("alerts"):
            self.assertTrue(alert["reasons"])
            for reason in alert["reasons"]:
                self.assertRegex(reason["code"], "^[a-z_]+$")

    def test_json_is_utf8_in_every_locale(self):
        self.watched()
        for locale in ("C", "POSIX", "C.UTF-8"):
            done = self.desk.koban("links", "--json", env={"LC_ALL": locale})
            self.assertIn("ﾄﾞｺﾓｹｲﾀｲ", [k["name"] for k in json.loads(done.stdout)], locale)

    def test_a_table_says_the_same(self):
        self.watched()
        for command, word in (("accounts", "普通預金"), ("links", "ﾄﾞｺﾓｹｲﾀｲ"), ("connections", "starling"),
                              ("transactions", "ATM")):
            done = self.desk.koban(command)
            self.assertEqual(done.returncode, 0)
            self.assertIn(word, done.stdout, command)
            self.assertNotIn("\u001b", done.stdout, "no colour without a terminal")

    def test_filters(self):
        self.watched()
        everything = self.desk.koban_json("transactions")
        account, = self.desk.koban_json("accounts")
        self.assertEqual(len(self.desk.koban_json("transactions", "--account", account["id"])), len(everything))
        late = self.desk.koban_json("transactions", "--since", "2020-08-01")
        self.assertEqual([t["id"] for t in everything if t["date"] >= "2020-08-01"], [t["id"] for t in late])
        self.assertTrue(0 < len(late) < len(everything))

    def test_show_knows_every_kind_of_thing(self):
        self.after_the_theft()
        for command in ("connections", "accounts", "transactions", "links", "alerts"):
            row = self.desk.koban_json(command)[0]
            done = self.desk.koban("show", row["id"])
            self.assertEqual((done.returncode, bool(done.stdout.strip())), (0, True), command + done.stderr)
            self.assertEqual(self.desk.koban_json("show", row["id"])["id"], row["id"])

    # --- exit codes

    def test_usage_errors_are_2_and_say_what_is_wrong(self):
        for words in ([], ["nonsense"], ["--nonsense"], ["links", "--nonsense"], ["show"], ["answer", "n1"],
                      ["answer", "n1", "perhaps"], ["add"], ["revoke"], ["accounts", "extra", "words"], ["replay"],
                      ["transactions", "--since", "yesterday-ish"], ["notify"]):
            done = self.desk.koban(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertTrue(done.stderr.strip(), words)

    def test_help_is_one_command_a_line_after_two_spaces(self):
        done = self.desk.koban("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        listed = re.findall(r"^  ([a-z]+) ", done.stdout, re.M)
        for command in ("providers", "add", "remove", "connections", "accounts", "transactions", "links", "show",
                        "revoke", "alerts", "answer", "check", "status", "replay", "notify", "unlock"):
            self.assertIn(command, listed)
            own = self.desk.koban(command, "--help")
            self.assertEqual((own.returncode, bool(own.stdout)), (0, True), command)

    def test_unknown_things_are_4(self):
        self.watched()
        for words in (["show", "t999999"], ["revoke", "l999", "--yes"], ["answer", "n999", "mine"], ["remove", "nobody", "--yes"],
                      ["check", "nobody"]):
            done = self.desk.koban(*words)
            self.assertEqual(done.returncode, 4, "%s: %s" % (words, done.stderr))

    def test_no_agent_is_3(self):
        for command in ("status", "links", "check"):
            done = self.desk.koban(command, env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
            self.assertEqual(done.returncode, 3, done.stderr)
        self.desk.agent_program = "/bin/false"
        self.desk.set_agent()
        self.assertEqual(self.desk.koban("status").returncode, 3, "an agent that cannot be started")

    def test_what_needs_no_agent_works_without_a_bus(self):
        nowhere = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
        for words in (["--help"], ["--version"], ["providers"], ["replay", str(STORIES / "docomo.jsonl")]):
            self.assertEqual(self.desk.koban(*words, env=nowhere).returncode, 0, words)
        profile = os.path.join(os.environ.get("KOBAN_SOURCE_ROOT", ""), "data/providers/starling.json")
        self.assertEqual(self.desk.koban("provider", "lint", profile, env=nowhere).returncode, 0)
        wrong = os.path.join(self.desk.scratch, "wrong.json")
        with open(wrong, "w", encoding="utf-8") as out:
            out.write('{\n  "id": 7\n}\n')
        done = self.desk.koban("provider", "lint", wrong, env=nowhere)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("2", done.stdout + done.stderr)

    def test_a_wrong_token_is_5_and_nothing_is_kept(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        bank.token = "wrong"
        done = self.desk.add(bank, expect=5)
        self.assertNotIn("wrong", done.stdout)
        self.assertEqual(self.desk.koban_json("connections"), [])
        self.assertEqual(self.desk.secret_items(), [], "the secret of a sign-in that failed is not kept")

    def test_two_connections_of_one_name_are_refused(self):
        bank = self.watched()
        done = self.desk.add(bank, expect=1)
        self.assertIn("Bank", done.stderr)
        self.assertEqual(len(self.desk.secret_items()), 1)

    def test_check_is_11_when_something_could_not_be_asked_and_10_wins(self):
        bank = self.watched()
        bank.tell("fault", what="cut", count=0)
        done = self.desk.koban("check")
        self.assertEqual(done.returncode, 11, done.stdout + done.stderr)
        bank.tell("clear")
        bank.tell("fault", what="status", status=503, path="*/balance", count=0)
        self.desk.set_clock(bank.advance("end"))
        done = self.desk.koban("check", "--json")
        self.assertEqual(done.returncode, 10, done.stdout + done.stderr)
        self.assertTrue(json.loads(done.stdout)["unchecked"])

    def test_status_check(self):
        self.assertEqual(self.desk.koban("status", "--check").returncode, 11, "nothing is watched")
        self.watched()
        self.assertEqual(self.desk.koban("status", "--check").returncode, 0)
        self.assertEqual(type(self.desk.koban_json("status")), dict)

    # --- hostile surroundings

    def test_a_full_disk_is_an_error(self):
        for words in (["--help"], ["providers"], ["links"], ["replay", str(STORIES / "docomo.jsonl")]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = self.desk.koban(*words, stdout=full)
            self.assertEqual(done.returncode, 1, words)
            self.assertTrue(done.stderr, words)

    def test_a_closed_stdout_is_no_death_and_no_success(self):
        self.watched()
        for words in (["transactions"], ["--help"]):
            reading, writing = os.pipe()
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                done = self.desk.koban(*words, stdout=pipe)
            self.assertEqual(done.returncode, 1, words)

    def test_words_that_are_not_utf8(self):
        done = subprocess.run([str(self.desk.cli_program).encode(), b"show", b"\xff\xfe"],
                              env=dict(self.desk.env, **self.desk.time_env), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(done.returncode, (2, 4))

    def test_a_secret_is_not_taken_from_the_command_line(self):
        done = self.desk.koban("add", "starling", "--field", "token=abc")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("abc", done.stderr)

    def test_without_a_terminal_a_missing_answer_is_2(self):
        self.assertEqual(self.desk.koban("add", "starling").returncode, 2)

    def test_bare_koban_on_a_terminal_is_the_home_page(self):
        status, shown = self.desk.koban_on_terminal()
        self.assertEqual(status, 0, shown)
        self.watched()
        status, shown = self.desk.koban_on_terminal()
        self.assertEqual(status, 0, shown)
        self.assertIn("普通預金", shown)

    def test_replay_is_the_same_every_time(self):
        words = ["replay", str(STORIES / "docomo.jsonl"), str(STORIES / "shadow.jsonl")]
        first, second = self.desk.koban(*words), self.desk.koban(*words)
        self.assertEqual(first.stdout, second.stdout)
        stories = {json.loads(line)["story"] for line in first.stdout.splitlines()}
        self.assertEqual(stories, {"docomo.jsonl", "shadow.jsonl"})

    def test_start_at_login_follows_the_connections(self):
        """In a session whose systemd is ours: it records what it is asked to enable, and enables nothing."""
        asked = self.desk.pretend_systemd()
        self.watched()
        self.desk.wait(lambda: asked, 10, "start-at-login to be turned on")
        self.assertEqual(asked, [("EnableUnitFiles", ["koban-agent.service"])])
        self.desk.koban("remove", "Bank", "--yes")
        self.desk.wait(lambda: len(asked) > 1, 10, "start-at-login to be turned off")
        self.assertEqual(asked[1], ("DisableUnitFiles", ["koban-agent.service"]))


if __name__ == "__main__":
    tap.main()
