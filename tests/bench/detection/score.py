#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays every story of a folder through `koban replay` and says how well it watched.

An episode is found by a warning or critical whose refs hold one of its lines or links (or, where
the bank lists no line, by a balance alert within ten days). A warning or critical that holds none
is false; so is a notice, counted apart. The word about a link that the bank lists for the first time is
neither: it must be told, whoever made the link, and is counted in a line of its own. Account-months are
those of current accounts while they are watched: savings accounts, where little happens, would
flatter the rate.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import baselines
import world

DAY, MONTH = 86400, 30.4375 * 86400
LOUD = ("warning", "critical")


def replay(koban, story, poll):
    started = time.monotonic()
    done = subprocess.run([koban, "replay", str(story)] + (["--poll", poll] if poll else []), capture_output=True,
                          text=True, encoding="utf-8")
    if done.returncode != 0:
        raise SystemExit(f"{story}: koban replay ended with {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()], time.monotonic() - started


class Person:
    """How one story went."""

    def __init__(self, story, truth, alerts, seconds):
        self.name, self.truth, self.seconds = story.stem, truth, seconds
        self.country, self.attack = truth["country"], truth["attack"]
        self.months = (truth["until"] - truth["monitor_from"]) / MONTH
        self.fraud = set(self.attack["links"]) | {line["id"]
                                                  for line in self.attack["lines"]} if self.attack else set()
        self.alerts = alerts
        self.listed = first_listed(story, self.fraud)
        listed = listed_links(story, truth["monitor_from"])
        hits = [a for a in alerts if self.is_hit(a)]
        self.hit = min((a["ts"] for a in hits if a["severity"] in LOUD), default=None)
        self.whispered = bool(hits) and self.hit is None
        honest = [a for a in alerts if not self.is_hit(a) and not self.is_aftermath(a)]
        self.false_alerts = [a for a in honest if a["kind"] != "link" or a["ref"] not in listed]
        worst = {}
        for alert in self.false_alerts:
            key = (alert["incident"], alert["kind"])
            worst[key] = max(worst.get(key, False), alert["severity"] in LOUD)
        for alert in hits:
            worst.pop((alert["incident"], alert["kind"]), None)
        self.false, self.notices = sum(worst.values()), sum(not loud for loud in worst.values())
        self.links_told = len({a["ref"] for a in honest if a["kind"] == "link" and a["ref"] in listed})
        self.new_links = listed

    def is_hit(self, alert):
        if not self.attack:
            return False
        if self.attack["hidden"]:
            return alert["kind"] == "balance" and self.is_within(alert, 10)
        return bool(self.fraud & set([alert["ref"]] + alert["refs"]))

    def is_aftermath(self, alert):
        """What the theft itself does to the balance."""
        return bool(self.attack) and alert["kind"] == "balance" and self.is_within(alert, 14)

    def is_within(self, alert, days):
        return self.attack["first"] <= alert["ts"] <= self.attack["first"] + days * DAY

    def label(self):
        return f"{self.name}:{self.attack['kind']}{'(notice)' if self.whispered else ''}"

    def spending(self):
        return next(name for least, name in ((600, "600-"), (250, "250-600"), (0, "0-250"))
                    if self.truth["activity"] >= least)

    def units(self, amount):
        return -amount / world.COUNTRIES[self.country].minor(1)

    def kept(self, told):
        """What was still there when the person acted, 15 minutes after @told, the first alert."""
        if told is None:
            return 0.0
        return sum(self.units(p["amount"]) for p in self.attack["payments"] if p["ts"] > told + 900)


def first_listed(story, ids):
    """When the bank first showed anything of it: nobody could tell it before."""
    marks = [f'"{one}"' for one in ids]
    with open(story, encoding="utf-8") as lines:
        return next((json.loads(line)["ts"] for line in lines if any(mark in line for mark in marks)), None)


def listed_links(story, since):
    """The links that the bank listed for the first time while we watched."""
    with open(story, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines if '"link_' in line]
    return {e["link_id"] for e in events if e["kind"] in ("link_added", "link_changed") and e["ts"] > since}


def links_told(people):
    """Of those: how many were told, at whatever severity."""
    told = new = 0
    for person in people:
        named = {r for a in person.alerts for r in a["refs"] + [a["ref"]]}
        new += len(person.new_links)
        told += len(person.new_links & named)
    return told, new


def figures(people):
    """(name, value) of everything that is counted over a set of people."""
    attacked = [p for p in people if p.attack]
    months, episodes = sum(p.months for p in people), max(1, len(attacked))
    lost = sum(p.units(p.attack["sum"]) for p in attacked)
    return {
        "episode recall": sum(p.hit is not None for p in attacked) / episodes,
        "recall within 24 h": sum(p.hit is not None and p.hit <= p.attack["first"] + DAY
                                  for p in attacked) / episodes,
        "listed by the bank within 24 h": sum(p.listed is not None and p.listed <= p.attack["first"] + DAY
                                              for p in attacked) / episodes,
        "money kept": sum(p.kept(p.hit) for p in attacked) / max(1.0, lost),
        "money left when the bank listed it": sum(p.kept(p.listed) for p in attacked) / max(1.0, lost),
        "false alerts an account-month": sum(p.false for p in people) / months,
        "notices an account-month": sum(p.notices for p in people) / months,
        "new listed links an account-month": sum(p.links_told for p in people) / months,
        "false, worst tenth of people": worst_tenth(p.false / p.months for p in people),
    }


def worst_tenth(rates):
    tenth = sorted(rates, reverse=True)
    tenth = tenth[:max(1, len(tenth) // 10)]
    return sum(tenth) / len(tenth)


def luck_alone(people, rounds=200):
    """The worst tenth if all people were alike and only chance said whom the false alerts hit."""
    rng, hits = random.Random(13), sum(p.false for p in people)
    months, drawn = [p.months for p in people], 0.0
    for _ in range(rounds):
        count = collections.Counter(rng.choices(range(len(people)), weights=months, k=hits))
        drawn += worst_tenth(count[i] / months[i] for i in range(len(people)))
    return drawn / rounds


def bootstrap(people, rounds=600):
    rng, drawn = random.Random(11), collections.defaultdict(list)
    for _ in range(rounds):
        for name, value in figures(rng.choices(people, k=len(people))).items():
            drawn[name].append(value)
    return {name: (sorted(v)[int(rounds * 0.025)], sorted(v)[int(rounds * 0.975)]) for name, v in drawn.items()}


GOALS = {"episode recall": ("≥", 0.97), "recall within 24 h": ("≥", 0.80), "money kept": ("≥", 0.50),
         "false alerts an account-month": ("≤", 0.08),
         "notices an account-month": ("≤", 0.15), "false, worst tenth of people": ("≤", 0.2)}


def print_figures(people):
    """True if every goal is met."""
    bounds, met = bootstrap(people), True
    print(f"{'':34} {'value':>7}  {'95 %':>15}   goal")
    for name, value in figures(people).items():
        low, high = bounds[name]
        row = f"{name:34} {value:7.3f}  {low:7.3f}–{high:.3f}"
        if name in GOALS:
            sign, goal = GOALS[name]
            good = value >= goal if sign == "≥" else value <= goal
            met = met and good
            row += f"   {sign} {goal:.2f} {'' if good else '  MISSED'}"
        print(row)
    print(f"{'… if luck alone chose them':34} {luck_alone(people):7.3f}")
    return met


def print_groups(title, people, key):
    groups = collections.defaultdict(list)
    for person in people:
        groups[key(person)].append(person)
    print(f"\n{title:26} {'people':>6} {'recall':>7} {'24 h':>6} {'kept':>6} {'false':>7} {'notices':>8}")
    for name in sorted(groups, key=str):
        f = figures(groups[name])
        shown = f"{f['episode recall']:7.2f} {f['recall within 24 h']:6.2f} {f['money kept']:6.2f}" if any(p.attack
            for p in groups[name]) else " " * 21
        rates = f"{f['false alerts an account-month']:7.3f} {f['notices an account-month']:8.3f}"
        print(f"{name:26} {len(groups[name]):6} {shown} {rates}")


def print_reasons(people):
    counts = collections.Counter()
    for person in people:
        for alert in person.false_alerts:
            counts[(alert["severity"], alert["kind"], "+".join(alert["reasons"]))] += 1
    print("\nwhat was told of honest things, by reasons")
    for (severity, kind, reasons), count in counts.most_common(18):
        print(f"{count:6}  {severity:8} {kind:10} {reasons}")


def print_missed(people):
    missed = [p for p in people if p.attack and p.hit is None]
    print(f"\nnot found ({len(missed)}): " + (" ".join(p.label() for p in missed) or "none"))


def print_baselines(results, months):
    """True if the stories are hard enough."""
    hard = True
    print(f"\n{'recall at 0.1 false an account-month, best threshold in hindsight':68} for all    each   must be")
    for name, for_all, each, most in baselines.in_hindsight(results, months):
        print(f"{name:68} {for_all:7.3f} {each:7.3f}   ≤ {most:.2f} {'' if for_all <= most else '  TOO EASY'}")
        hard = hard and for_all <= most
    return hard


GROUPS = (("by kind of attack", lambda p: p.attack["kind"] if p.attack else "(none)"),
          ("by country", lambda p: p.country),
          ("links listed", lambda p: "yes" if p.truth["links_listed"] else "no"),
          ("times given", lambda p: "yes" if p.truth["times"] else "no"),
          ("days of history", lambda p: "30" if p.truth["history_days"] <= 30 else "60 or more"),
          ("balances told", lambda p: p.truth["balances"]),
          ("debits a year", Person.spending))


def report(people, told, new):
    """True if every goal is met."""
    print(f"{len(people)} people, {sum(bool(p.attack) for p in people)} attacks, "
          f"{sum(p.months for p in people):.0f} account-months, {sum(p.seconds for p in people):.0f} s of replay, "
          f"slowest {max(p.seconds for p in people):.2f} s\n")
    met = print_figures(people)
    print(f"{'new or changed listed links told':34} {told} of {new}")
    for title, key in GROUPS:
        print_groups(title, people, key)
    print_reasons(people)
    print_missed(people)
    return met


def play(stories, truths, options):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        played = list(pool.map(lambda s: replay(options.koban, s, options.poll), stories))
    return [Person(s, truths[s], *result) for s, result in zip(stories, played)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("stories", type=pathlib.Path)
    parser.add_argument("--koban", default=os.environ.get("KOBAN", "koban"))
    parser.add_argument("--poll")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--baselines-only", action="store_true")
    parser.add_argument("--check", action="store_true", help="fails if a goal is missed or the stories are too easy")
    parser.add_argument("--json", type=pathlib.Path, help="also writes the figures there")
    options = parser.parse_args()
    stories = sorted(options.stories.glob("*.jsonl"))
    truths = {s: json.loads(s.with_suffix(".truth.json").read_text()) for s in stories}
    good = True
    if not options.baselines_only:
        people = play(stories, truths, options)
        good = report(people, *links_told(people))
        if options.json:
            options.json.write_text(json.dumps(figures(people), indent=1) + "\n")
    if not options.no_baselines:
        months = [(truths[s]["until"] - truths[s]["monitor_from"]) / MONTH for s in stories]
        good = print_baselines([baselines.scored(s, truths[s]) for s in stories], months) and good
    return 1 if options.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
