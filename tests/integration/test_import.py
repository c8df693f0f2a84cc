#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statement files, through the real command, agent, bus and helper."""

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import tap
from desk import COUNTING, SOURCE, Desk, alive, require

SAMPLES = SOURCE / "tests/statements"
STORY = SOURCE / "tests/stories/docomo.jsonl"
ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"
HELPER = "org.koban.Koban.Import"
OCTOBER = 1727827200  # 2024-10-02


def story_events():
    return [json.loads(line) for line in STORY.read_text(encoding="utf-8").splitlines()]


class Import(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(keyring=None, moving_time=True)
        self.addCleanup(self.desk.close)
        self.desk.set_clock(OCTOBER)

    def sample(self, name, content=None):
        """A copy of a sample that belongs to the person."""
        path = pathlib.Path(self.desk.scratch) / name
        path.write_bytes((SAMPLES / name).read_bytes() if content is None else content)
        return path

    def take(self, name, *words, account="Kaede", expect=0, **more):
        done = self.desk.koban("import", str(self.sample(name)), "--account", account, *words, **more)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr + self.desk.log_tail())
        return done

    def lines(self):
        return [(t["date"], t["amount"]["amount"], t["state"]) for t in self.desk.koban_json("transactions")]

    def story(self, dialect, begin, end):
        """A part of the story as a bank's file."""
        made = subprocess.run([sys.executable, str(SAMPLES / "make.py"), "--story", "docomo", dialect, "--from", str(begin),
                               "--to", str(end)], stdout=subprocess.PIPE, check=True)
        return self.sample("story-%d-%d.csv" % (begin, end), made.stdout)

    # --- to the last yen, once

    def test_a_file_is_read_to_the_last_yen_and_looked_through(self):
        done = self.take("jp-rakuten.csv")
        self.assertIn("4 lines", done.stdout)
        self.assertIn("worst first", done.stdout)
        self.assertIn(ROGUE, self.desk.koban("review").stdout)
        account, = self.desk.koban_json("accounts")
        self.assertEqual((account["name"], account["balance"]), ("Kaede", {"amount": "258090", "currency": "JPY"}))
        self.assertEqual(sorted(self.lines()), sorted([
            ("2024-08-30", "-12000", "booked"), ("2024-09-01", "-30000", "booked"), ("2024-09-01", "-30000", "booked"),
            ("2024-09-25", "230090", "booked")]))

    def test_every_format_comes_through_the_helper(self):
        needs = {"japan.ofx": "libofx", "us.qfx": "libofx", "camt053.xml": "libxml2", "mt940.sta": "", "zengin.txt": "",
                 "de-ing.csv": ""}
        linked = subprocess.run(["ldd", str(self.desk.import_program)], stdout=subprocess.PIPE, text=True).stdout
        names = [name for name, library in needs.items() if library in linked]
        for name in names:
            with self.subTest(name):
                self.take(name, account=name)
        self.assertEqual(len(self.desk.koban_json("connections")), len(names))

    def test_the_same_again_and_what_overlaps_double_nothing(self):
        self.take("jp-rakuten.csv")
        before = self.lines()
        again = self.take("jp-rakuten.csv", "--json")
        self.assertEqual(json.loads(again.stdout)["new"], 0)
        half = (SAMPLES / "jp-rakuten.csv").read_bytes().split(b"\r\n")
        self.sample("half.csv", b"\r\n".join(half[:3] + [b""]))
        done = self.desk.koban("import", os.path.join(self.desk.scratch, "half.csv"), "--account", "Kaede", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["new"]), (0, 0), done.stderr)
        self.assertEqual(self.lines(), before)
        self.assertEqual(len(self.desk.koban_json("accounts")), 1)

    def test_another_format_counts_nothing_twice(self):
        self.take("jp-mufg.csv")
        done = self.take("zengin.txt", expect=1)
        self.assertIn("count none twice", done.stderr)
        self.assertEqual(len(self.lines()), 4)

    def test_a_file_of_another_account_is_refused(self):
        self.take("zengin.txt")
        other = (SAMPLES / "zengin.txt").read_bytes().replace(b"0001234567", b"0007654321")
        self.sample("other.txt", other)
        done = self.desk.koban("import", os.path.join(self.desk.scratch, "other.txt"), "--account", "Kaede")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was imported", done.stderr)
        self.assertNotIn("7654321", done.stderr)
        self.assertEqual(len(self.lines()), 4)

    def test_a_corrected_file_takes_the_wrong_line_back(self):
        self.take("jp-rakuten.csv")
        for day in (1, 2):
            self.desk.set_clock(OCTOBER + day * 86400)
            path = self.sample("corrected.csv")
            self.assertIn(self.desk.koban("import", str(path), "--account", "Kaede").returncode, (0, 10))
        told = sorted((t["text"], t["state"]) for t in self.desk.koban_json("transactions") if t["date"] == "2024-09-01")
        self.assertEqual(told, [("カード ｻｸﾗｽ-ﾊﾟ-", "booked"), ("口座振替 " + ROGUE, "booked"), ("口座振替 " + ROGUE, "withdrawn")])

    # --- what is told

    def test_the_story_raises_what_it_raises_through_the_wire(self):
        events = story_events()
        begin, end = events[0]["monitor_from"], events[-1]["ts"] + 3600
        self.desk.set_clock(begin)
        first = self.story("jp-smbc", 0, begin)
        self.assertEqual(self.desk.koban("import", str(first), "--account", "Kaede").returncode, 0)
        self.assertEqual([a for a in self.desk.koban_json("alerts", "--all") if a["kind"] != "freshness"], [])

        self.desk.set_clock(end)
        second = self.story("jp-smbc", 0, end)
        done = self.desk.koban("import", str(second), "--account", "Kaede")
        self.assertEqual(done.returncode, 10, done.stdout + done.stderr)
        alerts = [a for a in self.desk.koban_json("alerts") if a["kind"] in ("link", "withdrawal")]
        kinds = {a["kind"]: a for a in alerts if a["subject"] == ROGUE}
        self.assertEqual(sorted(kinds), ["link", "withdrawal"])
        self.assertEqual([r["code"] for r in kinds["link"]["reasons"]][0], "first_debit_by_service")
        theft = kinds["withdrawal"]
        self.assertEqual((theft["severity"], len(theft["refs"]), theft["total"]),
                         ("critical", 4, {"amount": "-300000", "currency": "JPY"}))
        self.assertEqual({a["subject"] for a in alerts}, {ROGUE})
        self.assertTrue([s for s in self.desk.notifier.wait_shown(1) if s["hints"]["urgency"] == 2])

    def test_a_victim_who_imports_first_hears_how_long_there_is(self):
        end = story_events()[-1]["ts"] + 86400
        self.desk.set_clock(end)
        done = self.desk.koban("import", str(self.story("jp-smbc", 0, end)), "--account", "Kaede")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        odd = self.desk.koban_json("review")["odd"]
        self.assertEqual({row["subject"] for row in odd}, {ROGUE})
        theft = next(row for row in odd if row["kind"] == "withdrawal")
        self.assertEqual((theft["subject"], theft["severity"], theft["total"]["amount"]), (ROGUE, "critical", "-300000"))
        until = theft["claim_until"][:10]
        opened, thirty = datetime.date.fromisoformat(theft["opened"][:10]), datetime.timedelta(days=30)
        self.assertEqual(until, str(opened + thirty))
        self.assertIn("The first of these times may end on %s." % until, done.stdout)
        self.desk.set_clock(end + 900 * 86400)
        self.assertNotIn("The first of these times", self.desk.koban("review").stdout)

    def test_what_happened_in_a_gap_is_told_when_its_file_comes(self):
        events = story_events()
        begin, end = events[0]["monitor_from"], events[-1]["ts"] + 3600
        self.desk.set_clock(end + 11 * 86400)
        later = "年月日,お引出し,お預入れ,お取り扱い内容,残高,メモ,ラベル\r\nR2.09.10,1200,,ATM ｾﾝﾀﾞｲｴｷﾏｴ,-171200,,\r\n"
        files = [self.story("jp-smbc", 0, begin), self.sample("later.csv", later.encode("cp932")), self.story("jp-smbc", begin, end)]
        said = []
        for file in files:
            done = self.desk.koban("import", str(file), "--account", "Kaede")
            self.assertIn(done.returncode, (0, 10), done.stderr)
            said.append(done.stdout)
        self.assertEqual(["import that time, too" in text for text in said], [False, True, False])
        theft, = [a for a in self.desk.koban_json("alerts") if a["kind"] == "withdrawal" and a["subject"] == ROGUE]
        self.assertEqual((theft["severity"], len(theft["refs"])), ("critical", 4))

    def test_a_balance_that_does_not_add_up_is_told(self):
        done = self.take("unbalanced.csv")
        self.assertIn("-¥30,000", done.stdout)
        alert, = [a for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "unbalanced"]
        self.assertEqual(alert["severity"], "warning")
        self.assertIn("does not add up", alert["summary"])
        self.take("jp-rakuten.csv", expect=10)
        self.assertEqual([a for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "unbalanced"], [])

    def test_it_says_when_the_next_file_is_due(self):
        self.take("jp-rakuten.csv")
        self.desk.set_clock(OCTOBER + 7 * 86400)
        self.desk.check("Kaede")
        self.assertEqual([a for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "no_file"], [])
        self.desk.set_clock(OCTOBER + 9 * 86400)
        self.desk.check("Kaede")
        alert, = [a for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "no_file"]
        self.assertEqual((alert["kind"], alert["severity"]), ("freshness", "notice"))
        connection, = self.desk.koban_json("connections")
        self.assertEqual(connection["state"], "stale")
        self.take("jp-rakuten.csv")
        self.assertEqual([a for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "no_file"], [])

    def test_a_folder_is_looked_into(self):
        folder = pathlib.Path(self.desk.scratch) / "downloads"
        folder.mkdir()
        (folder / "photo.jpg").write_bytes(os.urandom(3000))
        half = (SAMPLES / "jp-rakuten.csv").read_bytes().split(b"\r\n")
        first = self.sample("half.csv", b"\r\n".join(half[:1] + half[2:]))  # all but the newest line
        self.assertEqual(self.desk.koban("import", str(first), "--account", "Kaede", "--folder", str(folder)).returncode, 0)
        self.assertEqual(len(self.lines()), 3)
        self.assertEqual(self.desk.check("Kaede")[0], "")
        self.assertEqual(len(self.lines()), 3)

        (folder / "new.csv").write_bytes((SAMPLES / "jp-rakuten.csv").read_bytes())
        os.symlink("/etc/passwd", folder / "link.csv")
        self.desk.set_clock(OCTOBER + 9 * 86400)
        error, result = self.desk.check("Kaede")
        self.assertEqual((error, result["unchecked"]), ("", []))
        self.assertEqual(len(self.lines()), 4)
        self.assertEqual([a for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "no_file"], [])

        (folder / "broken.csv").write_bytes(half[0] + b"\r\n20240931,-1,1,x\r\n")
        error, result = self.desk.check("Kaede")
        self.assertIn("line 2", result["unchecked"][0]["message"])
        self.assertEqual(self.desk.check("Kaede")[1]["unchecked"], [])
        self.take("jp-rakuten.csv", "--folder", "")
        self.assertEqual(self.desk.check("Kaede")[0], "")

    # --- guessing

    def test_a_guess_is_shown_and_needs_a_yes(self):
        done = self.take("guess-jp.csv", "--guess", expect=1)
        self.assertIn("needs your yes", done.stderr)
        self.assertEqual(self.desk.koban_json("connections"), [])
        own = pathlib.Path(self.desk.scratch) / "own.json"
        done = self.take("guess-jp.csv", "--guess", "--yes", "--write-dialect", str(own))
        self.assertEqual(done.stderr.count("2024-"), 4, done.stderr)
        dialect = json.loads(own.read_text(encoding="utf-8"))
        self.assertEqual((dialect["encodings"], dialect["columns"]["balance"]), (["CP932"], ["のこり"]))
        self.assertEqual(len(self.lines()), 4)

        folder = self.desk.home / ".local/share/koban/statements"
        folder.mkdir(parents=True)
        (folder / "own.json").write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
        again = json.loads(self.take("guess-jp.csv", "--json").stdout)
        self.assertEqual((again["format"], again["new"]), (dialect["id"], 0))

    def test_on_a_terminal_it_asks_and_offers_to_delete(self):
        path = self.sample("guess-jp.csv")
        status, shown = self.desk.koban_on_terminal("import", str(path), "--account", "Kaede", "--guess", typed="y\nn\n")
        self.assertEqual(status, 0, shown)
        self.assertIn("Is that right?", shown)
        self.assertIn("Delete", shown)
        self.assertTrue(path.exists())

    def test_it_deletes_when_told(self):
        self.take("jp-rakuten.csv", "--delete")
        self.assertFalse((pathlib.Path(self.desk.scratch) / "jp-rakuten.csv").exists())

    # --- what is refused

    def test_what_is_no_statement_changes_nothing(self):
        for name, content in (("empty", b""), ("prose", b"Dear customer\n"), ("noise", os.urandom(5000)),
                              ("bomb.xml", b'<!DOCTYPE a [<!ENTITY a "a">]><Document><BkToCstmrStmt/></Document>')):
            with self.subTest(name):
                path = self.sample(name, content)
                done = self.desk.koban("import", str(path), "--account", "Kaede")
                self.assertEqual(done.returncode, 1, done.stderr)
        for words, status in ((["/nowhere", "--account", "x"], 1), ([str(path)], 2), ([self.desk.scratch, "--account", "x"], 1),
                              ([str(self.sample("jp-rakuten.csv")), "--account", "x", "--format", "nonsense"], 4)):
            with self.subTest(words):
                self.assertEqual(self.desk.koban("import", *words).returncode, status)
        self.assertEqual(self.desk.koban_json("connections"), [])

    # --- the helper

    def test_the_parsers_are_mapped_by_nobody_else(self):
        self.take("japan.ofx")
        maps = pathlib.Path("/proc/%d/maps" % self.desk.agent_pid()).read_text(encoding="utf-8")
        for library in ("libofx", "libxml2", "libosp") + (() if "libasan" in maps else ("libstdc++",)):
            self.assertNotIn(library, maps)
        linked = subprocess.run(["ldd", str(self.desk.cli_program)], stdout=subprocess.PIPE, text=True).stdout
        self.assertNotIn("libofx", linked)
        helper = subprocess.run(["ldd", str(self.desk.import_program)], stdout=subprocess.PIPE, text=True).stdout
        for library in ("libsecret", "libcurl", "libsqlite3", "libnotify"):
            self.assertNotIn(library, helper)

    def test_a_parser_gives_up_everything_before_it_reads(self):
        require(self, "strace")
        if COUNTING:
            self.skipTest("who is confined could not write its counts")
        log = os.path.join(self.desk.scratch, "calls")
        with open(SAMPLES / "jp-rakuten.csv", "rb") as sample:
            done = subprocess.run(["strace", "-f", "-o", log, "-e", "trace=landlock_restrict_self,prctl,read",
                                   str(self.desk.import_program), "--parse", "read", "", "", "", ""], stdin=sample,
                                  stdout=subprocess.PIPE, env=dict(self.desk.env, TMPDIR=self.desk.scratch), check=True)
        self.assertIn(ROGUE.encode(), done.stdout)
        calls = pathlib.Path(log).read_text(encoding="utf-8").splitlines()

        def first(*words):
            return next((n for n, call in enumerate(calls) if all(word in call for word in words)), None)

        reading = first("read(0,")
        for what in (("landlock_restrict_self", "= 0"), ("PR_SET_SECCOMP", "= 0"), ("PR_SET_NO_NEW_PRIVS", "= 0")):
            self.assertIsNotNone(first(*what), what)
            self.assertLess(first(*what), reading)

    def test_the_helper_leaves_by_itself_and_cleans_up(self):
        self.take("japan.ofx")
        pid = self.desk.pid_of(HELPER)
        self.desk.wait(lambda: not alive(pid), 20, "the helper to leave")
        self.assertEqual([n for n in os.listdir(self.desk.env["XDG_RUNTIME_DIR"]) if n.startswith("koban-import")], [])

    def test_a_helper_that_dies_is_an_error_and_no_more(self):
        self.take("jp-rakuten.csv")
        os.kill(self.desk.pid_of(HELPER), signal.SIGKILL)
        time.sleep(0.1)
        self.take("jp-rakuten.csv")

    def test_removing_it_needs_no_keyring(self):
        self.take("jp-rakuten.csv")
        self.assertEqual(self.desk.koban("remove", "Kaede", "--purge").returncode, 0)
        self.assertEqual(self.desk.koban_json("accounts"), [])


if __name__ == "__main__":
    tap.main()
