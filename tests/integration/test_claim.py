#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the alert comes the claim: docomo through the real agent, answered, noted, written down and verified."""

import csv
import hashlib
import html.parser
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

import tap
from desk import Desk, require

ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"
PHONE = "0120-123-456"


class Page(html.parser.HTMLParser):
    """What a page holds: its tags, everything that points elsewhere, and its text."""

    VOID = {"meta", "br", "line", "path"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.pointing, self.words, self.open = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "action", "style", "data", "poster", "srcset") or name.startswith("on"):
                self.pointing.append((tag, name, value))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


class Claim(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance("monitor_from"))
        self.desk.add(self.bank, name="MyBank")
        self.desk.set_clock(self.bank.advance("end"))
        self.desk.koban("check")
        thefts = [a for a in self.desk.koban_json("alerts") if a["kind"] == "withdrawal" and a["severity"] == "critical"]
        self.incident = thefts[0]["incident"]
        self.theft = thefts[0]

    def report(self, *words):
        done = self.desk.koban("report", self.incident, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def path(self, name):
        return os.path.join(self.desk.scratch, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def tell(self):
        self.assertEqual(self.desk.koban("answer", self.incident, "not-mine").returncode, 0)
        done = self.desk.koban("note", self.incident, "--to", "police", "--who", "千代田署 佐藤", "--ref", "受理 42-7",
                               "窓口で届け出た")
        self.assertEqual(done.returncode, 0, done.stderr)

    # --- notes and times

    def test_deadlines_run_until_somebody_is_told(self):
        rows = self.desk.koban_json("deadlines")
        mine = [r for r in rows if r["incident"] == self.incident]
        self.assertEqual([r["party"] for r in mine][:2], ["bank", "wallet"])
        self.assertEqual(sorted(r["id"] for r in mine),
                         ["jp-bank-notice", "jp-bank-void", "jp-docomo-oldest", "jp-docomo-papers", "jp-police"])
        dated = [r["due"] for r in mine if r["due"]]
        self.assertEqual(dated, sorted(dated))
        self.assertIn("no legal advice", self.desk.koban("deadlines").stdout)

        self.assertEqual(self.desk.koban("note", self.incident).returncode, 2)
        self.assertEqual(self.desk.koban("note", self.incident, "--to", "judge").returncode, 1)
        self.assertEqual(self.desk.koban("note", "i999", "--to", "bank").returncode, 4)
        self.assertEqual(self.desk.koban("note", self.incident, "--to", "bank", "--at", "soon").returncode, 2)
        self.assertEqual(self.desk.koban("note", self.incident, "--to", "bank", "--at", "2099-01-01T10:00").returncode, 1)
        self.assertEqual(self.desk.koban("note", self.incident, "--to", "bank", "--who", "Ms Ogawa", "--ref", "77-1").returncode, 0)
        self.assertNotIn("bank", [r["party"] for r in self.desk.koban_json("deadlines") if r["incident"] == self.incident])

        self.assertEqual(self.desk.koban("answer", self.incident, "mine").returncode, 0)
        self.assertEqual([r for r in self.desk.koban_json("deadlines") if r["incident"] == self.incident], [])

    def test_the_end_of_a_time_is_told_before(self):
        self.desk.koban("answer", self.incident, "not-mine")
        due = next(r for r in self.desk.koban_json("deadlines") if r["id"] == "jp-bank-notice")
        reasons = lambda: [(r["rule"], r["step"]) for a in self.desk.koban_json("alerts") for r in a["reasons"]
                           if r["code"] == "deadline"]
        self.assertEqual(reasons(), [])
        self.desk.set_clock(self.desk.now() + (due["days"] - 6) * 86400)
        self.desk.stop_agent()  # an alarm counts the hours that a computer really lives; a new one counts anew
        self.desk.koban("status")
        self.desk.wait(lambda: ("jp-bank-notice", 7) in reasons(), 20, "the reminder")
        self.desk.koban("note", self.incident, "--to", "bank")
        self.desk.wait(lambda: ("jp-bank-notice", 7) not in reasons(), 20, "the end of the reminder")

    # --- the dossier

    def test_the_page_has_every_field(self):
        self.tell()
        for language in ("en", "ja"):
            name = "dossier-%s.html" % language
            self.report("-o", name, "--lang", language)
            self.check_page(self.read(name), language)
        mode = os.stat(self.path("dossier-ja.html")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def check_page(self, source, language):
        page = Page(source)
        self.assertEqual(page.open, [])
        self.assertEqual(page.pointing, [])
        self.assertEqual(page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "a", "form"}, set())
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source).group(1)
        self.assertTrue(policy.startswith("default-src 'none'; style-src 'sha256-"))
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(page.text, r"https?:|//")
        for part in range(1, 11):
            self.assertIn("%d. " % part, page.text)
        account, = self.desk.koban_json("accounts")
        told = {self.incident, self.theft["code"], "MyBank", "starling", account["number"], "JPY", ROGUE, "ドコモ口座", "ドコモコウザ",
                "千代田署 佐藤", "受理 42-7", "窓口で届け出た", "300,000", "100,000", "#9110", "188", "0570-016811", "nttdocomo-ssw.com"}
        for word in told:
            self.assertIn(word, page.text)
        for line in self.theft["refs"]:
            self.assertTrue(line.startswith(("t", "l")))
        hashes = re.findall(r"<code>([0-9a-f]{64})</code>", source)
        self.assertEqual(len(hashes), 5 + len(re.findall(r"A dossier was written|資料を作成", source)))
        self.assertRegex(source, r"koban-sha256:[0-9a-f]{64}</code>")
        self.assertIn("<svg ", source)
        self.assertIn('<html lang="%s">' % language, source)
        self.assertIn({"en": "No earlier debit to", "ja": "一度もありません"}[language], page.text)
        self.assertIn({"en": "It is not a document of the bank", "ja": "銀行が発行した書類ではありません"}[language], page.text)
        self.assertIn({"en": "“not me”", "ja": "「心当たりがない」"}[language], page.text)
        self.assertIn({"en": "Told through the desktop", "ja": "画面で通知"}[language], page.text)
        self.assertIn({"en": "Branch", "ja": "支店"}[language], page.text)

    def test_what_is_about_no_account_has_no_dossier(self):
        greeting = next(a["incident"] for a in self.desk.koban_json("alerts", "--all") if a["account"] is None)
        done = self.desk.koban("report", greeting, "--output", self.path("empty.html"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("koban show %s" % greeting, done.stderr)
        self.assertFalse(os.path.exists(self.path("empty.html")))

    def test_json_and_csv_say_the_same(self):
        self.tell()
        self.report("--format", "json", "-o", "dossier.json")
        told = json.loads(self.read("dossier.json"))
        self.assertEqual(sorted(told), ["account", "balances", "baseline", "chain", "deadlines", "events", "format", "header",
                                        "integrity", "journal", "kind", "links", "seal", "statement", "timeline", "totals"])
        self.assertEqual((told["totals"]["count"], told["totals"]["sum"]), (4, {"amount": "-300000", "currency": "JPY"}))
        self.assertEqual(told["totals"]["services"][0]["month_cap"], {"amount": "300000", "currency": "JPY"})
        self.assertEqual(told["baseline"]["payees"][0]["earlier"], 0)
        self.assertGreater(told["baseline"]["covered"], 0)
        for event in told["events"]:
            self.assertEqual(sorted(set(event) & {"not_there", "first_seen", "record_sha256", "normalised", "bank_id"}),
                             ["bank_id", "first_seen", "normalised", "not_there", "record_sha256"])
            self.assertLess(event["not_there"], event["first_seen"])
            self.assertEqual(int(event["balance_before"]["amount"]) + int(event["amount"]["amount"]),
                             int(event["balance_after"]["amount"]))
        twins = [e for e in told["events"] if e.get("identical_of") == 2]
        self.assertEqual([e["identical"] for e in twins], [1, 2])
        what = [m["what"] for m in told["timeline"]]
        for wanted in ("event-seen", "alert-opened", "sent", "answer", "note"):
            self.assertIn(wanted, what)
        self.assertTrue(told["links"][0]["alerted"])

        self.report("--format", "csv", "-o", "dossier.csv")
        rows = list(csv.DictReader(self.read("dossier.csv").lstrip("\ufeff").splitlines()))
        self.assertEqual([r["record_sha256"] for r in rows[:4]], [e["record_sha256"] for e in told["events"]])
        self.assertEqual(sum(int(r["amount"]) for r in rows[:4]), -300000)

    def test_it_is_verified(self):
        self.tell()
        for kind in ("html", "json", "csv"):
            name = "dossier." + kind
            self.report("--format", kind, "-o", name)
            good = self.desk.koban_json("report", "--verify", self.path(name))
            self.assertEqual((good["seal"], good["chain"]), ("holds", "holds" if kind == "json" else "none"))
            self.assertIsNotNone(good["written"])
            source = self.read(name)
            changed = self.path("changed." + kind)
            with open(changed, "w", encoding="utf-8", newline="") as file:
                file.write(source.replace("100000", "900000").replace("100,000", "900,000"))
            bad = self.desk.koban("report", "--verify", changed)
            self.assertEqual(bad.returncode, 1)
            self.assertIn("was changed", bad.stdout)
        told = json.loads(self.read("dossier.json"))
        told["chain"][2][1] += 1
        forged = json.dumps(told, ensure_ascii=False)
        zeros = forged.replace(told["seal"], "koban-sha256:" + "0" * 64)
        forged = zeros.replace("koban-sha256:" + "0" * 64, "koban-sha256:" + hashlib.sha256(zeros.encode()).hexdigest())
        with open(self.path("forged.json"), "w", encoding="utf-8") as file:
            file.write(forged)
        self.assertEqual(self.desk.koban("report", "--verify", self.path("forged.json")).returncode, 1)
        journal = self.desk.call("VerifyJournal", tap_options(), "(a{sv})")[0]
        self.assertTrue(journal["intact"])

    def test_it_tells_others_less_and_overwrites_nothing(self):
        self.tell()
        self.report("--for", "bank", "-o", "bank.html", "--lang", "ja")
        self.report("--for", "police", "--format", "json", "-o", "police.json")
        bank = Page(self.read("bank.html")).text
        self.assertIn("受理 42-7", bank)
        self.assertNotIn("窓口で届け出た", bank)
        self.assertNotIn("#9110", bank)
        police = json.loads(self.read("police.json"))
        self.assertIn("窓口で届け出た", self.read("police.json"))
        self.assertEqual((police["balances"], police["journal"]), ([], None))
        self.assertNotIn("balance_after", police["events"][0])

        before = self.read("bank.html")
        self.assertEqual(self.desk.koban("report", self.incident, "-o", "bank.html").returncode, 1)
        self.assertEqual(self.read("bank.html"), before)
        os.symlink(self.path("elsewhere"), self.path("link.html"))
        self.assertEqual(self.desk.koban("report", self.incident, "-o", "link.html").returncode, 1)
        self.assertFalse(os.path.exists(self.path("elsewhere")))
        for words in (["--format", "pdf"], ["--for", "press"], ["--lang", "xx"], ["--full-number"]):
            self.assertEqual(self.desk.koban("report", self.incident, *words).returncode, 2, words)
        self.assertEqual(self.desk.koban("report", "i999").returncode, 4)

    def test_the_whole_number_is_written_after_a_word(self):
        account, = self.desk.koban_json("accounts")
        end = account["number"].lstrip("…")
        for typed, code in (("yes\n", 2), ("number\n", 0)):
            name = self.path("whole-%d.html" % code)
            done, shown = self.desk.koban_on_terminal("report", self.incident, "--full-number", "-o", name, typed=typed)
            self.assertEqual(done, code, shown)
        self.assertFalse(os.path.exists(self.path("whole-2.html")))
        self.assertRegex(Page(self.read("whole-0.html")).text, r"\d{3,}%s" % end)
        self.report("-o", "masked.html")
        self.assertNotRegex(Page(self.read("masked.html")).text, r"\d{3,}%s" % end)

    # --- the card

    def test_the_card_holds_the_number_that_was_copied(self):
        account, = self.desk.koban_json("accounts")
        self.assertEqual(self.desk.koban("card", "--set", account["id"], stdin="<script>\n").returncode, 2)
        self.assertEqual(self.desk.koban("card", "--set", account["id"], stdin=PHONE + "\n").returncode, 0)
        self.assertIn(PHONE, self.desk.koban("card").stdout)
        self.assertEqual(self.desk.koban_json("card")[0]["phone"], PHONE)
        self.assertEqual(self.desk.koban("card", "-o", "card.html", "--lang", "ja").returncode, 0)
        page = Page(self.read("card.html"))
        self.assertIn(PHONE, page.text)
        self.assertIn("#9110", page.text)
        self.assertEqual(page.pointing, [])
        self.report("-o", "own.html")
        self.assertIn(PHONE, Page(self.read("own.html")).text)
        self.report("-o", "theirs.html", "--for", "bank")
        self.assertNotIn(PHONE, self.read("theirs.html"))
        self.assertNotIn(PHONE, json.dumps(self.desk.notifier.shown(), ensure_ascii=False))

    # --- a real browser

    def test_a_real_browser_prints_it(self):
        require(self, "chromium", "pdftotext", "pdftoppm")
        self.tell()
        kept = os.environ.get("KOBAN_PAGES")
        for language in ("ja", "en"):
            name = "print-%s.html" % language
            self.report("-o", name, "--lang", language)
            printed = self.print_page(name)
            text = subprocess.run(["pdftotext", "-layout", printed, "-"], capture_output=True, text=True, check=True).stdout
            self.assertIn("10. ", text)
            self.assertIn("300,000", text)
            info = subprocess.run(["pdfinfo", printed], capture_output=True, text=True, check=True).stdout
            self.assertIn("(A4)", info)
            if kept:
                shutil.copy(printed, os.path.join(kept, name + ".pdf"))
                shutil.copy(self.path(name), kept)

    def print_page(self, name):
        """Prints with the browser; whatever it has to say of the policy, or tries to fetch, is a failure."""
        printed = self.path(name + ".pdf")
        with tempfile.TemporaryDirectory(dir=self.desk.scratch) as profile:
            done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                                   "--user-data-dir=" + profile, "--enable-logging=stderr", "--v=0", "--no-pdf-header-footer",
                                   "--print-to-pdf=" + printed, "file://" + self.path(name)],
                                  capture_output=True, text=True, timeout=120, env=dict(self.desk.env, HOME=profile))
        self.assertTrue(os.path.exists(printed), done.stderr)
        self.assertNotIn("Content Security Policy", done.stderr)
        return printed


def tap_options():
    from gi.repository import GLib
    return GLib.Variant("(a{sv})", ({},))


if __name__ == "__main__":
    tap.main()
