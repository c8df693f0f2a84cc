# SPDX-License-Identifier: GPL-3.0-or-later
"""What else one could do: four common detectors, each given its best threshold in hindsight.

They read the same stories, line by line, and use only what came before. Ours has to beat them,
and the stories are hard enough only while they stay poor. The isolation forest is scikit-learn's
where it is installed, else a small one of our own; both are the algorithm of Liu, Ting and Zhou.
"""

import bisect
import datetime
import json
import math
import random
import re

import world

try:
    from sklearn.ensemble import IsolationForest
except ImportError:
    IsolationForest = None

DAY = 86400
EULER = 0.5772156649


def first_sightings(path):
    """The header, and every payment out as it is first seen: (ts, id, units, name, seconds of the day, weekday)."""
    with open(path, encoding="utf-8") as story:
        header = json.loads(next(story))
        country = next(c for c in world.COUNTRIES.values() if c.locale == header["locale"])
        lines, seen = [], set()
        for text in story:
            event = json.loads(text)
            if event["kind"] not in ("transaction", "pending",
                                     "booked") or event["account"] != "a1" or event["amount"] >= 0:
                continue
            if event.get("pending_id") in seen or event["id"] in seen:
                continue
            seen.add(event["id"])
            when = event["ts"]
            if "time" in event:
                when = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
            local = int(when) + 60 * header["utc_offset_minutes"]
            lines.append((event["ts"], event["id"], -event["amount"] / country.minor(1),
                          re.sub(r"[\d\s]+", "", event["descriptor"]).upper(), local % DAY, local // DAY % 7))
    return header, lines


def fixed(lines):
    return [units for _, _, units, _, _, _ in lines]


def first_seen(lines):
    seen, scores = set(), []
    for _, _, units, name, _, _ in lines:
        scores.append(units if name not in seen else 0.0)
        seen.add(name)
    return scores


def robust_z(lines):
    """Log amount against median and MAD of all that went before."""
    past, scores = [], []
    for _, _, units, _, _, _ in lines:
        value = math.log(units + 0.01)
        if len(past) < 10:
            scores.append(0.0)
        else:
            middle = past[len(past) // 2]
            spread = sorted(abs(x - middle) for x in past)[len(past) // 2]
            scores.append((value - middle) / max(0.1, 1.4826 * spread))
        bisect.insort(past, value)
    return scores


# --- isolation forest ---------------------------------------------------------------------------------


def usual_depth(count):
    return 0.0 if count < 2 else 2 * (math.log(count - 1) + EULER) - 2 * (count - 1) / count if count > 2 else 1.0


def grow(rng, rows, depth, limit):
    if depth >= limit or len(rows) < 2:
        return depth + usual_depth(len(rows))
    feature = rng.randrange(len(rows[0]))
    low, high = min(r[feature] for r in rows), max(r[feature] for r in rows)
    if low == high:
        return depth + usual_depth(len(rows))
    split = rng.uniform(low, high)
    return (feature, split, grow(rng, [r for r in rows if r[feature] < split], depth + 1, limit),
            grow(rng, [r for r in rows if r[feature] >= split], depth + 1, limit))


def depth_of(tree, row):
    while isinstance(tree, tuple):
        tree = tree[2] if row[tree[0]] < tree[1] else tree[3]
    return tree


class Forest:
    """Forty small trees; a row that falls out early is odd."""

    def __init__(self, rows, trees=40, sample=128):
        rng = random.Random(7)
        self.size = min(sample, len(rows))
        limit = math.ceil(math.log2(max(2, self.size)))
        self.trees = [grow(rng, rng.sample(rows, self.size), 0, limit) for _ in range(trees)]

    def score(self, row):
        mean = sum(depth_of(tree, row) for tree in self.trees) / len(self.trees)
        return 2 ** (-mean / max(0.1, usual_depth(self.size)))

    def scores(self, rows):
        return [self.score(row) for row in rows]


class SklearnForest:
    def __init__(self, rows):
        self.forest = IsolationForest(n_estimators=100, random_state=7).fit(rows)

    def scores(self, rows):
        return [-float(score) for score in self.forest.score_samples(rows)]


def features(lines):
    seen, rows, recent = {}, [], []
    for ts, _, units, name, second, weekday in lines:
        recent = [r for r in recent if r[0] > ts - DAY]
        recent.append((ts, units))
        rows.append([math.log(units + 0.01), second / 3600, float(weekday), 0.0 if name in seen else 1.0,
                     math.log(1 + (ts - seen.get(name, ts)) / 3600),
                     float(len(recent)), math.log(sum(u for _, u in recent) + 0.01)])
        seen[name] = ts
    return rows


def plantings(lines, start, every):
    """The places of the lines before which a forest is grown, and the end of all."""
    places, due = [], start
    for number, line in enumerate(lines):
        if line[0] >= due and number >= 20:
            places.append(number)
            due = line[0] + every
    return places + [len(lines)]


def forest(lines, start, every=60 * DAY):
    """One forest a person, grown again every two months on all that went before."""
    rows, places = features(lines), plantings(lines, start, every)
    scores = [0.0] * places[0]
    for first, end in zip(places, places[1:]):
        scores += (SklearnForest if IsolationForest else Forest)(rows[:first]).scores(rows[first:end])
    return scores


# --- thresholds in hindsight ----------------------------------------------------------------------------


BASELINES = (("fixed threshold", lambda lines, start: fixed(lines), 0.20),
             ("first seen and over X", lambda lines, start: first_seen(lines), 0.15),
             ("robust z", lambda lines, start: robust_z(lines), 0.25), ("isolation forest", forest, 0.40))


def scored(path, truth):
    """For each baseline: the honest scores, one a day at most, and the best score of the attack."""
    header, lines = first_sightings(path)
    start, found = header["monitor_from"], []
    fraud = {line["id"] for line in truth["attack"]["lines"]} if truth["attack"] else set()
    for _, judge, _ in BASELINES:
        honest, best = {}, 0.0
        for line, score in zip(lines, judge(lines, start)):
            if line[0] < start:
                continue
            if line[1] in fraud:
                best = max(best, score)
            else:
                honest[line[0] // DAY] = max(honest.get(line[0] // DAY, 0.0), score)
        found.append((sorted(honest.values(), reverse=True), best if truth["attack"] else None))
    return found


def one_for_all(number, results, months, budget):
    """Recall of the lowest threshold that keeps all honest alarms together within the budget."""
    honest = sorted((s for found in results for s in found[number][0]), reverse=True)
    allowed = int(budget * sum(months))
    threshold = honest[allowed] if allowed < len(honest) else 0.0
    attacks = [found[number][1] for found in results if found[number][1] is not None]
    return sum(best > threshold for best in attacks) / max(1, len(attacks))


def one_each(number, results, months, budget):
    """The same with a threshold for each person, as if each knew their own future."""
    found = attacked = 0
    for person, watched in zip(results, months):
        honest, best = person[number]
        allowed = round(budget * watched)
        attacked += best is not None
        found += best is not None and best > (honest[allowed] if allowed < len(honest) else 0.0)
    return found / max(1, attacked)


def in_hindsight(results, months, budget=0.1):
    """[(name, recall with one threshold for all, with one each, what the first must stay under)]"""
    return [(name, one_for_all(number, results, months, budget), one_each(number, results, months, budget), most)
            for number, (name, _, most) in enumerate(BASELINES)]
