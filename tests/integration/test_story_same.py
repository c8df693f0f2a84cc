#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every story whose facts the wire can carry gives the same alerts through `koban replay` and through the stand-in,
HTTPS, the profile, the ledger, the agent and its bus: the same kinds, severities, reasons, lines and incidents, at the same checks.
"""

import json
import unittest

import tap
from desk import STORIES, Desk, GLib

DAY = 86400
SEVERITIES = ["notice", "warning", "critical"]


class Told:
    """A story's lines as both sides can name them: by what they say, not by whose id it is."""

    def __init__(self, path):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        self.header, self.events = lines[0], lines[1:]
        self.names = {}      # story id → what it is called here
        self.by_content = {}  # content → what it is called here
        final = {e["pending_id"]: e["id"] for e in self.events if e.get("pending_id")}
        for event in self.events:
            if event["kind"] in ("transaction", "pending", "booked"):
                name = final.get(event["id"], event["id"])
                content = (event["amount"], event["descriptor"], event["date"])
                self.names[event["id"]] = self.by_content.setdefault(content, name)
            elif event["kind"] == "link_added":
                self.names[event["link_id"]] = self.by_content.setdefault(
                    ("link", event["name"], event.get("mandate_ref")), event["link_id"])

    def end(self):
        return max([e["ts"] for e in self.events] + [self.header["monitor_from"]]) + 3 * DAY

    def checks(self, poll_s):
        moment = self.header["monitor_from"]
        while moment <= self.end():
            yield moment
            moment += poll_s


class Saying:
    """Numbers incidents in the order in which they are first heard of."""

    def __init__(self):
        self.incidents = {}
        self.said = []

    def say(self, ts, kind, severity, ref, refs, reasons, incident):
        number = self.incidents.setdefault(incident, len(self.incidents) + 1)
        self.said.append({"ts": ts, "kind": kind, "severity": severity, "ref": ref, "refs": sorted(refs),
                          "reasons": sorted(reasons), "incident": number})


def through_replay(desk, path, told, poll_s):
    done = desk.koban("replay", str(path), "--poll", "%ds" % poll_s, timeout=300)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    saying = Saying()
    for line in map(json.loads, done.stdout.splitlines()):
        saying.say(line["ts"], line["kind"], line["severity"], told.names.get(line["ref"]),
                   [told.names[r] for r in line["refs"]], line["reasons"], line["incident"])
    return saying.said


class Watcher:
    """Asks the agent after each check what it has to say that it had not said before."""

    def __init__(self, desk, told):
        self.desk, self.told = desk, told
        self.saying = Saying()
        self.severities = {}
        self.names = {}

    def look(self, moment):
        rows = [a for a in self.desk.alerts() if a["kind"] != "freshness"]
        for alert in sorted(rows, key=lambda a: (a["opened"], int(a["id"][1:]))):
            before = self.severities.get(alert["id"])
            if before is None or SEVERITIES.index(alert["severity"]) > SEVERITIES.index(before):
                self.severities[alert["id"]] = alert["severity"]
                self.say(moment, alert)

    def say(self, moment, alert):
        refs = [self.name_of(r) for r in alert.get("refs", [])]
        self.saying.say(moment, alert["kind"], alert["severity"], self.name_of(alert.get("ref")), refs,
                        [r["code"] for r in alert["reasons"]], alert["incident"])

    def name_of(self, ref):
        if ref is None:
            return None
        if ref not in self.names:
            self.names[ref] = self.find_name(ref)
        return self.names[ref]

    def find_name(self, ref):
        for row in self.desk.list("Transactions", id=ref):
            return self.told.by_content[(row["amount"][0], row["text"], row["date"])]
        for row in self.desk.list("Links", id=ref, all=True):
            if row["provenance"] == "native":
                return next(n for c, n in self.told.by_content.items() if c[:2] == ("link", row["name"]))
            return "derived link: " + row["name"]
        raise AssertionError("the agent speaks of %s and does not know it" % ref)


def through_agent(desk, path, told, provider, poll_s):
    bank = desk.open_bank(path, provider, "--as-is")
    watcher = Watcher(desk, told)
    answers = [e for e in told.events if e["kind"] == "answer"]
    for number, moment in enumerate(told.checks(poll_s)):
        bank.advance(moment)
        desk.set_clock(moment)
        while answers and answers[0]["ts"] <= moment:
            answer(desk, watcher, answers.pop(0))
        if number == 0:
            desk.add(bank)
        else:
            error, result = desk.check()
            if error or result.get("unchecked"):
                raise AssertionError("at %d: %s %s" % (moment, error, result))
        watcher.look(moment)
    return watcher.saying.said


def answer(desk, watcher, event):
    for kind in ("Links", "Transactions"):
        for row in desk.list(kind):
            if watcher.name_of(row["id"]) == watcher.told.names[event["ref"]]:
                desk.call("Answer", GLib.Variant("(ss)", (row["id"], event["answer"])))
                return
    raise AssertionError("nothing to answer for %s" % event["ref"])


class StorySame(unittest.TestCase):
    maxDiff = None

    def same(self, name, provider, poll_s, *arguments):
        path = STORIES / (name + ".jsonl")
        told = Told(path)
        with Desk(moving_time=True) as desk:
            expected = through_replay(desk, path, told, poll_s)
            heard = through_agent(desk, path, told, provider, poll_s)
        self.assertEqual([json.dumps(s, ensure_ascii=False) for s in heard],
                         [json.dumps(s, ensure_ascii=False) for s in expected])
        return heard

    def test_docomo(self):
        heard = self.same("docomo", "starling", 3600)
        withdrawals = [s for s in heard if s["kind"] == "withdrawal"]
        # two of the four are ¥90,000 each and say the same: they have one name here, and are still two
        self.assertEqual(withdrawals[-1]["refs"], ["theft-1", "theft-2", "theft-2", "theft-4"])
        self.assertEqual({s["severity"] for s in heard if s["kind"] == "link"}, {"critical"})

    def test_mandate(self):
        self.same("mandate", "starling", 6 * 3600)

    def test_quiet_year(self):
        self.assertEqual(self.same("quiet-year", "starling", 12 * 3600), [])

    def test_shadow(self):
        heard = self.same("shadow", "simplefin", 2 * 3600)
        self.assertIn("link", [s["kind"] for s in heard])

    def test_pending(self):
        self.same("pending", "simplefin", 6 * 3600)

    def test_quiet_year_in_japan(self):
        self.assertEqual(self.same("quiet-year-jp", "simplefin", 12 * 3600), [])


if __name__ == "__main__":
    tap.main()
