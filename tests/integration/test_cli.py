#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as scripts and people meet it: exit codes, the shapes of --json, usage errors, full disks, closed pipes, no terminal."""

import datetime
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import termios
import unittest

import tap
from desk import BUILD, SOURCE, STORIES, Desk

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
              "expires": (str, NULL), "limit": (MONEY, NULL), "scope": (list, NULL), "revocation": str, "answer": (str, NULL),
              "creditor": (str, NULL), "reference": (str, NULL)},
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

    def test_a_day_is_the_banks_day_in_every_zone(self):
        self.watched()
        everything = self.desk.koban_json("transactions")
        known = {datetime.date.fromisoformat(t["date"]) for t in everything}
        days = [str(day) for day in sorted(known) if day - datetime.timedelta(days=1) in known][:3]
        self.assertTrue(days, "days that follow a day with lines")
        for zone in ("Asia/Tokyo", "UTC", "America/Los_Angeles"):
            for day in days:
                with self.subTest(zone=zone, day=day):
                    late = self.desk.koban_json("transactions", "--since", day, env={"TZ": zone})
                    self.assertEqual([t["id"] for t in late], [t["id"] for t in everything if t["date"] >= day])

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
                        "revoke", "alerts", "answer", "check", "status", "replay", "notify", "unlock", "setup", "doctor",
                        "watch", "config"):
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
        for command in ("status", "links", "check"):
            done = self.desk.koban(command)
            self.assertEqual(done.returncode, 3, "an agent that cannot be started")
            self.assertIn("could not be started", done.stderr, command)
            self.assertIn("fully installed?", done.stderr, command)

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

    def test_what_it_becomes_is_found_where_it_is_installed(self):
        """In a DESTDIR, too; what merely lies beside it is never run."""
        folders = dict(re.findall(r'#define KOBAN_(BIN|LIBEXEC)DIR "(.*)"', (BUILD / "config.h").read_text(encoding="utf-8")))
        binary, libexec = (pathlib.Path(self.desk.scratch + "/staged" + folders[name]) for name in ("BIN", "LIBEXEC"))
        for folder, name in (binary, "koban"), (libexec, "koban-more"):
            folder.mkdir(parents=True)
            shutil.copy(BUILD / "src/cli" / name, folder)
        self.desk.cli_program = binary / "koban"
        lint = ["provider", "lint", str(SOURCE / "data/providers/starling.json")]
        self.assertEqual(self.desk.koban(*lint).returncode, 0)
        shutil.move(str(libexec / "koban-more"), str(binary))
        done = self.desk.koban(*lint)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(str(libexec / "koban-more"), done.stderr)

    def test_what_only_asks_links_nothing_that_the_rest_needs(self):
        linked = subprocess.run(["ldd", str(self.desk.cli_program)], stdout=subprocess.PIPE, text=True).stdout
        for library in ("libcurl", "libsqlite3", "libcrypto", "libsecret", "libqrencode"):
            self.assertNotIn(library, linked)

    def test_a_wrong_token_is_5_and_nothing_is_kept(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        bank.token = "wrong"
        done = self.desk.add(bank, expect=5)
        self.assertNotIn("wrong", done.stdout)
        self.assertEqual(self.desk.koban_json("connections"), [])
        self.assertEqual(self.desk.secret_items(), [], "the secret of a sign-in that failed is not kept")

    def test_what_was_called_not_mine_is_no_all_clear(self):
        self.after_the_theft()
        incident, = {a["incident"] for a in self.desk.koban_json("alerts") if a["kind"] == "withdrawal"}
        self.desk.koban("answer", "i1", "mine")
        self.desk.koban("answer", incident, "not-mine")
        for words in (["alerts"], ["check"], ["status"]):
            self.assertIn("not yours: %s." % incident, self.desk.koban(*words).stdout, words)
        self.desk.koban("answer", incident, "mine")
        self.assertNotIn("not yours", self.desk.koban("alerts").stdout)

    def test_an_incident_names_the_link_and_how_to_end_it(self):
        """Whoever was robbed just now types the id that stands in the alert."""
        self.after_the_theft()
        alert, = [a for a in self.desk.koban_json("alerts") if a["kind"] == "link"]
        done = self.desk.koban("revoke", alert["incident"], "--yes")
        self.assertEqual((done.returncode, "koban show " + alert["incident"] in done.stderr), (4, True), done.stderr)
        self.assertIn("koban revoke " + alert["ref"], self.desk.koban("show", alert["incident"]).stdout)

    def test_a_notice_of_koban_itself_is_nobodys_deed(self):
        self.after_the_theft()
        for alert in self.desk.koban_json("alerts"):
            asks = "Yours?" in self.desk.koban("show", alert["incident"]).stdout
            self.assertEqual(asks, alert["kind"] != "freshness", alert["kind"])

    def test_a_bank_that_shows_nothing_at_all_is_not_connected(self):
        """A wrong address, a Wi-Fi's own page, a token cut in two: an `add` that ends well would be believed."""
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        words = ["add", "starling", "--base-url", bank.base_url, "--ca-file", bank.ca, "--secret-stdin"]
        for fault in ({"what": "status", "status": 404}, {"what": "html"}):
            bank.tell("fault", path="*/accounts", count=0, **fault)
            done = self.desk.koban(*words, stdin=bank.token + "\n")
            bank.tell("clear")
            self.assertEqual((done.returncode, done.stdout), (1, ""), fault)
        self.assertEqual(self.desk.koban(*words, stdin="token=" + bank.token.replace(bank.token[9], " ") + "\n").returncode, 1)
        for nothing in ("token=\n", "\n"):
            self.assertEqual(self.desk.koban(*words, stdin=nothing).returncode, 2)
        self.assertEqual((self.desk.koban_json("connections"), self.desk.secret_items()), ([], []))
        self.assertEqual(list((self.desk.home / ".config/autostart").glob("*")), [])

    def test_how_soon_one_would_hear_is_no_promise_that_the_budget_breaks(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(bank.monitor_from)
        said = int(re.search(r"within about (\d+) minutes", self.desk.add(bank).stdout)[1])
        connection, = self.desk.koban_json("connections")
        looks = [datetime.datetime.fromisoformat(connection[k].replace("Z", "+00:00")) for k in ("last_check", "next_check")]
        self.assertGreaterEqual(said * 60, (looks[1] - looks[0]).total_seconds())

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

    def test_files_that_were_closed_before_it_began_are_not_mistaken_for_the_bus(self):
        self.watched()
        for closed, expected in ((">&-", 1), ("<&- >&- 2>&-", 1), ("<&- 2>&-", 0)):
            done = subprocess.run(["sh", "-c", '"$0" links --json ' + closed, str(self.desk.cli_program)],
                                  env=dict(self.desk.env, **self.desk.time_env), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, expected, closed)
            self.assertEqual(bool(done.stdout), expected == 0, closed)

    def test_words_that_are_not_utf8(self):
        done = subprocess.run([str(self.desk.cli_program).encode(), b"show", b"\xff\xfe"],
                              env=dict(self.desk.env, **self.desk.time_env), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        for words in ([b"transactions", b"--account", b"\xff"], [b"add", b"starling", b"--name", b"\xff", b"--secret-stdin"],
                      [b"replay", b"--poll", b"\xff", b"x"], [b"add", b"starling", b"--base-url", b"https://x.example/\xff"]):
            done = subprocess.run([str(self.desk.cli_program).encode(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=dict(self.desk.env, **self.desk.time_env))
            self.assertEqual((done.returncode, done.stdout), (2, b""), words)
            self.assertNotIn(b"CRITICAL", done.stderr)

    def test_a_secret_is_not_taken_from_the_command_line(self):
        done = self.desk.koban("add", "starling", "--field", "token=abc")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("abc", done.stderr)

    def test_without_a_terminal_a_missing_answer_is_2(self):
        self.assertEqual(self.desk.koban("add", "starling").returncode, 2)
        self.watched()
        done = self.desk.koban("revoke", "l1", "--yes")
        self.assertEqual((done.returncode, "revoke_token" in done.stderr), (2, True), done.stderr)

    def test_an_empty_word_means_nothing_and_not_the_only_thing_there_is(self):
        """As from a script whose variable was never set."""
        self.watched()
        for words in (["remove", "", "--yes"], ["show", ""], ["revoke", "", "--yes"], ["check", ""], ["transactions", "--account", ""]):
            self.assertEqual(self.desk.koban(*words).returncode, 4, words)
        self.assertEqual(len(self.desk.koban_json("connections")), 1)

    def test_an_account_that_nobody_has_is_4_and_not_an_empty_list(self):
        self.watched()
        for account in ("nope", "a99"):
            self.assertEqual(self.desk.koban("transactions", "--account", account).returncode, 4)

    def test_setting_an_account(self):
        self.watched()
        account = self.desk.koban_json("accounts", "set", "a1", "watch=links", "ownership=joint")
        self.assertEqual((account["id"], account["watch"], account["ownership"]), ("a1", "links", "joint"))
        self.assertEqual(self.desk.koban_json("accounts"), [account])
        for words in (["watch=banana"], ["colour=red"], ["watch"], ["watch=all", "ownership=mine"]):
            done = self.desk.koban("accounts", "set", "a1", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)

    def test_options_that_cannot_be_meant_are_2_before_anything_is_stored(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        for words in (["--name", ""], ["--name", "\u200b"], ["--name", "c7"], ["--name", "x" * 257], ["--base-url", "http://bank.example"],
                      ["--base-url", "https://me:secret@bank.example"], ["--base-url", bank.base_url + "/?q=1"],
                      ["--base-url", "bank.example"], ["--field", "colour=red"], ["--secret-file", "token"]):
            done = self.desk.koban("add", "starling", *words, "--secret-stdin", stdin=bank.token + "\n")
            self.assertEqual((done.returncode, done.stdout), (2, ""), "%s: %s" % (words, done.stderr))
            self.assertTrue(done.stderr.strip(), words)
        missing = self.desk.koban("add", "starling", "--ca-file", "/nonexistent", "--secret-stdin", stdin=bank.token + "\n")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("/nonexistent", missing.stderr)
        nowhere = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
        self.assertEqual(self.desk.koban("add", "starling", "--secret-stdin", stdin="x\n", env=nowhere).returncode, 3)
        self.assertEqual(self.desk.secret_items(), [], "a secret that nobody will use must not be left behind")

    def test_a_secret_that_is_given_twice_or_not_needed_is_refused(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        words = ["add", "starling", "--base-url", bank.base_url, "--ca-file", bank.ca, "--secret-stdin"]
        for lines in ("key-a\nkey-b\n", "token=key-a\nkey-b\n", "token=key-a\nrevoke_token=key-b\n", "x" * 20000 + "\n", ""):
            done = self.desk.koban(*words, stdin=lines)
            self.assertEqual((done.returncode, done.stdout), (2, ""), lines[:40])
            self.assertNotRegex(done.stderr, "key-[ab]|xxx")
        self.assertEqual(self.desk.secret_items(), [])
        self.assertEqual(self.desk.koban(*words, stdin="\ntoken=" + bank.token).returncode, 0, "a last line without an end")

    def test_a_prompt_that_is_left_gives_the_terminal_back(self):
        reading, writing = pty.openpty()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        process = subprocess.Popen([str(self.desk.cli_program), "add", "starling"], env=dict(self.desk.env, **self.desk.time_env),
                                   stdin=writing, stdout=subprocess.DEVNULL, stderr=writing, start_new_session=True)
        self.desk.wait(lambda: not termios.tcgetattr(writing)[3] & termios.ECHO, 20, "the terminal to fall silent")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), -signal.SIGINT)
        self.assertTrue(termios.tcgetattr(writing)[3] & termios.ECHO)

    def test_who_else_watches_is_asked_where_it_can_be(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        token = os.path.join(self.desk.scratch, "token")
        with open(token, "w", encoding="ascii") as out:
            out.write(bank.token)
        words = ["--base-url", bank.base_url, "--ca-file", bank.ca, "--secret-file", "token=" + token]
        for answer, halved in (("y", True), ("n", False)):
            status, shown = self.desk.koban_on_terminal("add", "starling", "--name", answer, *words, typed=answer + "\n")
            self.assertEqual(status, 0, shown)
            self.assertIn("Does another device", shown)
            self.assertEqual("half of the requests" in shown, halved, shown)
        done = self.desk.koban("add", "starling", "--name", "alone", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("another device", done.stderr)

    def test_bare_koban_on_a_terminal_is_the_home_page(self):
        status, shown = self.desk.koban_on_terminal(typed="q\n")
        self.assertEqual(status, 0, shown)
        self.assertIn("Four steps", shown)
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
