#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invents people, their banks and (for half of them) one attack each; writes stories and their truth.

    generate.py --people 360 --seed 1 --out DIR

Story NNN.jsonl is what `koban replay` reads; NNN.truth.json is for the scorer alone. The same
seed gives the same bytes.
"""

import argparse
import datetime
import json
import pathlib
import random

import attacks
from bank import Bank, write
from life import DAY, Life, Temper
from world import COUNTRIES


def span(rng):
    """Six to fourteen months in all; a quarter are newcomers with 30 days of history."""
    first = datetime.date(2023, 1, 1) + DAY * rng.randrange(0, 365)
    months = rng.randint(6, 14)
    history = 30 if rng.random() < 0.25 else rng.randint(60, max(61, months * 30 // 2))
    return first, first + DAY * (months * 30), first + DAY * history


def person(seed, number, kind):
    """One story. @kind: of the attack, or None. The bank is one where this attack can be played."""
    rng = random.Random(f"{seed}/{number}")
    country = COUNTRIES[list(COUNTRIES)[number % len(COUNTRIES)]]
    while True:
        life = Life(rng, country, Temper.of(random.Random(f"{seed}/temper")), *span(rng))
        bank = Bank(rng, country)
        if kind in attacks.NEEDS_LINKS:
            bank.links = True
        elif kind in attacks.NO_LINKS:
            bank.links = False
        elif kind == "hidden_debit" and not bank.can_hide():
            bank.balances = "each"
        attack = attacks.commit(rng, life, kind) if kind else None
        if kind is None or attack is not None:
            return bank.play(f"{number:04d}-{country.code}", life, attack)


def kinds(seed, people):
    """Every second person is attacked; the kinds take turns, in an order of the seed's."""
    rng, turn = random.Random(f"{seed}/kinds"), []
    for number in range(people):
        if not turn:
            turn = list(attacks.KINDS)
            rng.shuffle(turn)
        yield turn.pop() if (number // len(COUNTRIES)) % 2 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=360)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for number, kind in enumerate(kinds(options.seed, options.people)):
        lines, truth = person(options.seed, number, kind)
        write(options.out / f"{number:04d}.jsonl", lines)
        (options.out / f"{number:04d}.truth.json").write_text(json.dumps(truth, indent=1) + "\n")


if __name__ == "__main__":
    main()
