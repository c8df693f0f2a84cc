#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways off the desktop, whole: made by the command, kept in a real keyring, heard at the other ends of tests/sandbox/phone.py."""

import contextlib
import email
import email.policy
import json
import os
import pathlib
import re
import sys
import time
import unittest

import tap
from desk import SANDBOX, Desk, GLib, missing

sys.path.insert(0, str(SANDBOX))
import phone as ends  # noqa: E402

TOPIC = "koban-00112233445566778899aabbccddeeff"
CODE = re.compile(r"K-[0-9A-Z]{4}-[0-9A-Z]{4}")
# What nobody who carries a thin message may read in it.
TOLD_TO_NOBODY = ("ﾄﾞｺﾓ", "ドコモ", "docomo", "Bank", "JPY", "¥", "40,421", "40421", "普通", "http", "www.")
SECRETS = (TOPIC, ends.GOTIFY_KEY, ends.MAIL_PASSWORD, ends.WEBHOOK_KEY[6:])


class Case(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.desk.set_agent(G_MESSAGES_DEBUG="all")
        self.phone = ends.Phone(os.path.join(self.desk.scratch, "phone"), clock=self.desk.now)
        self.addCleanup(self.phone.close)
        self.conf = pathlib.Path(self.desk.env["XDG_CONFIG_HOME"]) / "koban/koban.conf"

    def tearDown(self):
        log = self.desk.agent_log.read_text(encoding="utf-8") if self.desk.agent_log.exists() else ""
        for secret in SECRETS:
            self.assertNotIn(secret, log)
            if self.conf.exists():
                self.assertNotIn(secret, self.conf.read_text(encoding="utf-8"))

    def watched(self):
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.monitor_from)
        self.desk.add(self.bank)

    def rogue_link(self):
        self.desk.set_clock(self.bank.advance("event:127"))
        self.assertEqual(self.desk.koban("check").returncode, 10)

    def channel(self, *words, stdin=None, expect=0):
        done = self.desk.koban("channel", *words, stdin=stdin)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def add(self, kind, *words, secret, server=None):
        return self.channel("add", kind, "--server", server or self.phone.url(kind), "--ca-file", self.phone.ca, *words,
                            "--secret-stdin", stdin=secret)

    def add_ntfy(self, *words):
        return self.add("ntfy", *words, secret="topic=%s\n" % TOPIC)

    def add_mail(self):
        return self.add("mail", "--to", "me@example.org", "--from", "koban@example.org", "--user", ends.MAIL_USER,
                        secret=ends.MAIL_PASSWORD + "\n", server="smtps://127.0.0.1:%d" % self.phone.ports["smtps"])

    def rang(self):
        return any(m.get("priority") == 5 for m in self.phone.of("ntfy"))

    def wait_of(self, service, count=1, seconds=30):
        self.desk.wait(lambda: len(self.phone.of(service)) >= count, seconds, "%s: %s" % (service, self.phone.taken))
        return self.phone.of(service)

    def channel_items(self):
        """Ids of what the keyring keeps for channels."""
        return [a["id"] for a in self.items() if a.get("kind") == "channel"]

    def items(self):
        found = []
        for path in self.desk.secret_items():
            with contextlib.suppress(GLib.Error):  # it has gone meanwhile
                wanted = GLib.Variant("(ss)", ("org.freedesktop.Secret.Item", "Attributes"))
                found.append(self.desk.secret_call(path, "org.freedesktop.DBus.Properties", "Get", wanted, "(v)")[0])
        return found


class Everywhere(Case):
    def test_a_new_link_reaches_each_of_them_thin_and_in_turn(self):
        if "smtps" not in self.phone.ports:
            missing("python3-aiosmtpd", self)
        self.watched()
        self.add_ntfy()
        self.add("gotify", secret=ends.GOTIFY_KEY + "\n")
        self.add("webhook", secret=ends.WEBHOOK_KEY + "\n")
        self.add_mail()
        self.desk.wait(lambda: len(self.desk.koban_json("channel")) == 4, 20, "the channels")
        self.rogue_link()
        self.desk.wait(self.rang, 30, "the phone to ring")
        for minutes, service in ((16, "gotify"), (16, "webhook"), (61, "mail")):
            if not any(CODE.search(json.dumps(m)) for m in self.phone.of(service)):
                self.desk.set_clock(self.desk.now() + minutes * 60)
                self.desk.koban("check")
        self.desk.wait(lambda: all(any(CODE.search(str(m)) for m in self.phone.of(s)) for s in ("gotify", "webhook", "mail")),
                       40, "the others: %s" % self.phone.taken)
        # what was under way while the test moved the clock is old when it arrives, and comes again
        self.assertEqual([r for r in self.phone.of("refused") if r["why"] != "webhook-timestamp"], [])
        for service in ("ntfy", "gotify", "webhook", "mail"):
            for message in self.phone.of(service):
                text = json.dumps(message, ensure_ascii=False)
                if service == "mail":
                    parsed = email.message_from_string(message["text"], policy=email.policy.default)
                    text = str(parsed["subject"]) + parsed.get_content()
                for told in TOLD_TO_NOBODY:
                    self.assertNotIn(told, text, service)

    def test_more_is_said_only_after_a_typed_yes(self):
        self.watched()
        self.add_ntfy()
        self.channel("set", "ntfy", "detail=full", expect=2)
        status, said = self.desk.koban_on_terminal("channel", "set", "ntfy", "detail=full", typed="y\n")
        self.assertEqual(status, 2, said)
        status, said = self.desk.koban_on_terminal("channel", "set", "ntfy", "detail=minimal", typed="yes\n")
        self.assertEqual(status, 0, said)
        self.rogue_link()
        self.desk.wait(lambda: any("ドコモ口座" in str(m) for m in self.phone.of("ntfy")), 30, "the service's name")


class File(Case):
    def test_a_mistake_in_koban_conf_is_told_and_the_old_channels_stay(self):
        self.watched()
        self.add_ntfy()
        with open(self.conf, "a", encoding="utf-8") as conf:
            conf.write("\n[channel pigeon]\nkind = pigeon\n")
        self.desk.wait(lambda: any("koban.conf" in json.dumps(a) or any(r["code"] == "config" for r in a["reasons"])
                                   for a in self.desk.koban_json("alerts", "--all")), 30, "the mistake to be told")
        self.assertIn("koban.conf:", self.desk.log_tail())
        self.rogue_link()
        self.desk.wait(self.rang, 30, "the phone to ring")
        # nor does a restart silence it
        self.desk.stop_agent()
        before = len(self.phone.of("ntfy"))
        done = self.desk.koban("notify", "--test", "ntfy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_of("ntfy", before + 1)

    def test_comments_stay_and_the_file_is_private(self):
        self.conf.parent.mkdir(parents=True, exist_ok=True)
        self.conf.write_text("# mine\n[notify]\n# as I like it\ndetail=minimal\n", encoding="utf-8")
        os.chmod(self.conf, 0o644)
        self.add_ntfy("--name", "phone")
        text = self.conf.read_text(encoding="utf-8")
        for line in ("# mine", "# as I like it", "detail=minimal", "[channel phone]"):
            self.assertIn(line, text)
        self.assertEqual(self.conf.stat().st_mode & 0o777, 0o600)
        self.channel("add", "ntfy", "--name", "phone", "--secret-stdin", stdin="topic=%s\n" % TOPIC, expect=2)
        row, = self.desk.koban_json("channel")
        self.assertEqual((row["name"], row["kind"], row["detail"], row["full_until"]), ("phone", "ntfy", "none", None))
        self.channel("remove", "phone")
        self.assertIn("# as I like it", self.conf.read_text(encoding="utf-8"))
        self.channel("remove", "phone", expect=4)

    def codes(self):
        return CODE.findall(json.dumps([m for m in self.phone.of("ntfy") if not m.get("delay")]))

    def test_what_protects_less_is_told_on_the_phone_too(self):
        self.watched()
        self.add_ntfy()
        self.desk.koban("check")
        before = self.codes()
        self.desk.koban_json("config", "set", "watch.wariness", "wary")
        self.desk.koban_json("config", "set", "watch.wariness", "quiet")
        self.desk.wait(lambda: self.codes()[len(before):], 30, "the phone to hear: %s" % self.phone.taken)
        code, = set(self.codes()[len(before):])
        self.desk.wait(lambda: self.desk.koban("verify", code).returncode == 0, 10, "the agent to note what was taken")
        self.assertEqual({row["channel"] for row in self.desk.koban_json("verify", code)}, {"ntfy"})
        listed = [a["severity"] for a in self.desk.koban_json("alerts") if a["reasons"][0]["code"] == "setting_lowered"]
        self.assertIn("notice", listed)


class Secrets(Case):
    def test_what_is_removed_or_renewed_leaves_no_secret(self):
        self.desk.start_agent()
        self.add_ntfy()
        before, = self.channel_items()
        self.channel("rotate", "ntfy", "--secret-stdin", stdin="topic=%s\n" % TOPIC[::-1])
        self.desk.wait(lambda: self.channel_items() and self.channel_items() != [before] and len(self.channel_items()) == 1, 20,
                       "the old secret to go")
        self.channel("remove", "ntfy")
        self.desk.wait(lambda: self.channel_items() == [], 20, "the secret to go")

    def test_one_that_was_taken_out_while_nobody_ran_goes_too(self):
        self.desk.start_agent()
        self.add_ntfy()
        self.desk.wait(lambda: (pathlib.Path(self.desk.env["XDG_DATA_HOME"]) / "koban/koban.conf.good").exists() and
                       "channel" in (pathlib.Path(self.desk.env["XDG_DATA_HOME"]) / "koban/koban.conf.good").read_text(), 20,
                       "the agent to know it")
        self.desk.stop_agent()
        self.conf.unlink()
        self.desk.start_agent()
        self.desk.wait(lambda: self.channel_items() == [], 20, "the secret to go")

    def test_both_keys_sign_for_a_day(self):
        self.phone.webhook_keys = [ends.WEBHOOK_KEY, ends.OLD_WEBHOOK_KEY]
        self.desk.start_agent()
        self.add("webhook", secret=ends.OLD_WEBHOOK_KEY + "\n")
        self.channel("rotate", "webhook", "--secret-stdin", stdin=ends.WEBHOOK_KEY + "\n")
        self.desk.wait(lambda: self.sent_with() == [ends.WEBHOOK_KEY, ends.OLD_WEBHOOK_KEY], 30, "both keys")
        self.desk.set_clock(self.desk.now() + 25 * 3600)
        self.desk.wait(lambda: self.sent_with() == [ends.WEBHOOK_KEY], 30, "the old key to lapse")
        self.desk.stop_agent()
        self.desk.start_agent()
        self.desk.wait(lambda: len(self.channel_items()) == 1, 20, "the old key to go")

    def sent_with(self):
        done = self.desk.koban("notify", "--test", "webhook")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.wait_of("webhook")[-1]["keys"]

    def test_a_topic_is_shown_once_on_a_terminal_and_cleared(self):
        self.channel("add", "ntfy", expect=2)
        self.assertFalse(self.channel_items())
        out = os.path.join(self.desk.scratch, "out")
        status, shown = self.desk.koban_on_terminal("channel", "add", "ntfy", typed="x\n")
        self.assertEqual(status, 0, shown)
        topic, = set(re.findall(r"koban-[0-9a-f]{32}", shown))
        begin, end = shown.index("\x1b[?1049h"), shown.rindex("\x1b[?1049l")
        self.assertIn(topic, shown[begin:end])
        self.assertNotIn(topic, shown[:begin] + shown[end:])
        self.assertIn("\x1b[2J", shown[shown.rindex(topic):end])
        self.assertIn("▀", shown[begin:end])
        self.assertNotIn(topic, self.conf.read_text(encoding="utf-8"))
        self.assertFalse(os.path.exists(out))
        status, shown = self.desk.koban_on_terminal("channel", "rotate", "ntfy", "--json", typed="x\n")
        self.assertNotIn(topic, shown)


if __name__ == "__main__":
    tap.main()
