#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the stories of this folder (DESIGN, "Stories"): the same bytes every time it is run.

A story is told in the bank's local time. Every booked line is followed by the balance it leaves,
so that the stand-in and `koban replay` can say the same. Nothing here is random: amounts that
vary do so by a small fixed table. Run it after a change and commit what it writes; with --check
it writes nothing and fails if the files are not what it would write.
"""

import calendar
import datetime
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DAY = datetime.timedelta(days=1)


def at(day, hour, minute=0, second=0):
    return datetime.datetime(day.year, day.month, day.day, hour, minute, second)


def days(first, last):
    """Every day from first up to, not including, last."""
    while first < last:
        yield first
        first += DAY


def workday(day):
    while day.weekday() > 4:
        day += DAY
    return day


def month_day(day, wanted):
    return day.replace(day=min(wanted, calendar.monthrange(day.year, day.month)[1]))


class Story:
    def __init__(self, name, locale, offset, monitor_from, accounts):
        self.offset = offset
        self.events = []
        self.serial = 0
        self.balance = {a["id"]: 0 for a in accounts}
        self.pending_sum = {a["id"]: 0 for a in accounts}
        self.accounts = {a["id"]: a for a in accounts}
        self.header = {"kind": "story", "format": 1, "name": name, "locale": locale,
                       "utc_offset_minutes": offset, "monitor_from": self.stamp(monitor_from),
                       "accounts": accounts}

    def stamp(self, moment):
        return int((moment - datetime.datetime(1970, 1, 1)).total_seconds()) - 60 * self.offset

    def rfc3339(self, moment):
        return (moment - datetime.timedelta(minutes=self.offset)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def emit(self, moment, kind, account, **fields):
        event = {"ts": self.stamp(moment), "kind": kind, "account": account}
        event.update({k: v for k, v in fields.items() if v is not ...})
        self.serial += 1
        self.events.append((event["ts"], self.serial, event))

    def currency(self, account):
        return self.accounts[account]["currency"]

    def link(self, moment, account, link_id, link_type, name, mandate=None, limit=None):
        self.emit(moment, "link_added", account, link_id=link_id, link_type=link_type, name=name, limit=limit,
                  currency=self.currency(account), status="active", mandate_ref=mandate if mandate else ...)

    def line(self, moment, account, amount, text, *, kind="transaction", type=None, timed=True, late=0, line_id=None,
             date=None, **more):
        """One line: `moment` is when it happened, `late` how many minutes until the bank lists it."""
        listed = moment + datetime.timedelta(minutes=late)
        line_id = line_id or f"{account}-{self.serial + 1:05d}"
        day = date or moment.date()
        self.emit(listed, kind, account, id=line_id, amount=amount, currency=self.currency(account), descriptor=text,
                  date=day.isoformat(), type=type or ..., time=self.rfc3339(moment) if timed else ..., **more)
        return line_id, listed

    def book(self, *args, **kwargs):
        line_id, _ = self.line(*args, **kwargs)
        return line_id

    def pending(self, moment, account, amount, text, **kwargs):
        line_id, _ = self.line(moment, account, amount, text, kind="pending", **kwargs)
        return line_id

    def settle(self, moment, account, pending_id, amount, text, **kwargs):
        return self.line(moment, account, amount, text, kind="booked", pending_id=pending_id, **kwargs)[0]

    def cancel(self, moment, account, line_id):
        self.emit(moment, "cancelled", account, id=line_id)

    def balances(self, final):
        """Adds the balance that every moment with a booked line leaves, so that it ends at `final`."""
        total = dict.fromkeys(self.balance, 0)
        for _, _, event in self.events:
            if event["kind"] in ("transaction", "booked"):
                total[event["account"]] += event["amount"]
        running = {account: final[account] - total[account] for account in total}
        for account, opening in running.items():
            self.accounts[account]["opening_booked"] = opening
        told = []
        ordered = sorted(self.events)
        for index, (ts, serial, event) in enumerate(ordered):
            told.append((ts, serial, event))
            if event["kind"] not in ("transaction", "booked"):
                continue
            account = event["account"]
            running[account] += event["amount"]
            if any(e["kind"] in ("transaction", "booked") and e["account"] == account
                   for t, _, e in ordered[index + 1:index + 4] if t == ts):
                continue
            told.append((ts, serial, {"ts": ts, "kind": "balance", "account": account, "booked": running[account],
                                      "available": running[account], "currency": self.currency(account)}))
        self.events = told

    def save(self):
        lines = [self.header] + [event for _, _, event in self.events]
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        path = HERE / (self.header["name"] + ".jsonl")
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{path} is not what make.py writes; run it and commit the result")


def vary(values, n):
    return values[n % len(values)]


# --- Japan: the victim of the 77 Bank, and the same theft where no links are listed ------------------------------

def sendai(story, first, last, listed=True):
    """Half a year of a person in Sendai: monthly debits, a bank card paid once a month, cash."""
    debits = [  # day, name, amounts, mandate
        (10, "ﾐﾂｲｽﾐﾄﾓｶ-ﾄﾞ", [-40421, -38112, -52940, -44873, -36205], "M01"),
        (20, "ﾄｳﾎｸﾃﾞﾝﾘﾖｸ", [-7421, -6880, -5934, -5120, -6312, -8044], "M02"),
        (26, "ｾﾝﾀﾞｲｼｶﾞｽｷﾖｸ", [-5210, -4890, -4011, -3620, -3108], "M03"),
        (27, "ﾔﾁﾝ ｻｸﾗﾊｳｽ", [-62000], "M04"),
        (28, "ﾄﾞｺﾓｹｲﾀｲ", [-6820, -6820, -7150, -6820], "M05"),
    ]
    if listed:
        for n, (_, name, _, mandate) in enumerate(debits):
            story.link(at(first, 9, n), "a1", f"L{n + 1}", "direct_debit", name, mandate)
    for n, day in enumerate(days(first, last)):
        for due, name, amounts, mandate in debits:
            if day == workday(month_day(day.replace(day=due) if due < 29 else day, due)):
                story.book(at(day, 9, 10), "a1", vary(amounts, day.month), name, type="direct_debit", timed=False,
                           mandate_ref=mandate)
        if day.day == 25:
            story.book(at(day, 8, 30), "a1", 218400 + 1100 * (day.month % 3), "ｷﾕｳﾖ ｱｵﾊﾞｼﾖｳｼﾞ", type="credit",
                       timed=False)
        if day.weekday() == 5:
            story.book(at(day, 11 + n % 3, 12 + n % 40), "a1", vary([-20000, -15000, -20000, -30000], n // 7),
                       "ATM ｾﾝﾀﾞｲｴｷﾏｴ", type="cash")


BURST = [(14, 5, 9, -100000), (14, 5, 31, -90000), (14, 5, 54, -90000), (14, 6, 22, -20000)]


def docomo(name, listed):
    bank = {"id": "a1", "name": "普通預金", "role": "current", "bank": "bank0", "currency": "JPY",
            "opening_booked": 0, "links_listed": listed, "pending_listed": False}
    first, theft = datetime.date(2020, 3, 1), datetime.date(2020, 9, 1)
    story = Story(name, "ja_JP", 540, at(datetime.date(2020, 8, 24), 9), [bank])
    sendai(story, first, theft, listed)
    if listed:
        story.link(at(theft - DAY, 21, 12), "a1", "L-rogue", "direct_debit", "ﾄﾞｺﾓｺｳｻﾞ", "D-83310972")
    for n, (hour, minute, second, amount) in enumerate(BURST):
        story.book(at(theft, hour, minute, second), "a1", amount, "ﾄﾞｺﾓｺｳｻﾞ", line_id=f"theft-{n + 1}",
                   timed=listed or n in (0, 2), type="direct_debit" if listed else None,
                   mandate_ref="D-83310972" if listed else ...)
    story.balances({"a1": -170000})
    story.save()


# --- Great Britain: a quiet year, and a mandate that nobody signed ------------------------------------------------

BRITISH = [  # day, name, amounts, mandate
    (1, "LEEDS CITY COUNCIL", [-14200], "CT-4410"),
    (3, "BRITISH GAS", [-9800], "BG-850021"),
    (7, "YORKSHIRE WATER", [-3350], "YW-1188"),
    (12, "O2 UK", [-1899], "O2-77120"),
    (15, "PURE GYM", [-2499], "PG-30917"),
    (18, "TV LICENSING", [-1325], "TVL-600"),
    (22, "PAYPAL PAYMENT", [-999], "PP-5XQ2"),
]
SHOPS = [("TESCO STORES 3297", [-4212, -3890, -5544, -4718, -6120]), ("CO-OP GROUP 070412", [-874, -1235, -640]),
         ("SAINSBURYS SMKT", [-3120, -2875, -4033]), ("TFL TRAVEL CH", [-560, -840]),
         ("BOOTS 1041", [-1149, -760]), ("GREGGS PLC", [-485, -610])]


def leeds(story, first, last, current="a1", savings=None):
    for n, (_, name, _, mandate) in enumerate(BRITISH):
        story.link(at(first, 8, n), current, f"L{n + 1}", "direct_debit", name, mandate)
    story.link(at(first, 8, 30), current, "L20", "standing_order", "HARTLEY LETTINGS", "FLAT 4")
    for n, day in enumerate(days(first, last)):
        for due, name, amounts, mandate in BRITISH:
            if day == workday(day.replace(day=due)):
                rise = -40 if name == "O2 UK" and (day.month >= 4) else 0
                story.book(at(day, 5, 2), current, vary(amounts, day.month) + rise, name, type="direct_debit",
                           counterparty=name, mandate_ref=mandate)
        if day == workday(day.replace(day=2)):
            story.book(at(day, 4, 40), current, -78500, "HARTLEY LETTINGS FLAT 4", type="standing_order",
                       counterparty="HARTLEY LETTINGS")
        if day == workday(day.replace(day=28 if day.month == 2 else 27)):
            story.book(at(day, 2, 15), current, 214806, "AIREDALE NHS TRUST PAY", type="credit",
                       counterparty="AIREDALE NHS TRUST")
        if savings is not None and day == workday(day.replace(day=28)):
            own_transfer(story, at(day, 6, 5), current, savings, 20000)
        if n % 3 == 0:
            name, amounts = vary(SHOPS, n // 3)
            card(story, at(day, 12 + n % 7, (7 * n) % 60), current, vary(amounts, n), name)
        if day.weekday() == 5:
            card(story, at(day, 10, 20 + n % 30), current, vary(SHOPS[0][1], n // 7), SHOPS[0][0])
        if day.weekday() < 5 and n % 2:
            card(story, at(day, 8, 31 + n % 9), current, -340, "KIRKGATE COFFEE")
        if n % 21 == 11:
            story.book(at(day, 18, 4), current, vary([-3000, -2000, -5000], n // 21), "LINK ATM BRIGGATE", type="cash")


def card(story, moment, account, amount, name):
    """A card payment as Starling tells it: pending, then settled under the same id the next morning."""
    line_id = story.pending(moment, account, amount, name, type="card", counterparty=name)
    settled = at(moment.date() + DAY, 3, 12)
    story.line(moment, account, amount, name, kind="booked", pending_id=line_id, line_id=line_id, type="card",
               counterparty=name, late=int((settled - moment).total_seconds() // 60), date=settled.date())


def own_transfer(story, moment, source, target, amount):
    story.book(moment, source, -amount, "TRANSFER TO SAVINGS", type="transfer", counterparty="A TAYLOR",
               counterparty_id=target)
    story.book(moment, target, amount, "TRANSFER FROM CURRENT", type="transfer", counterparty="A TAYLOR",
               counterparty_id=source)


def british_accounts():
    return [{"id": "a1", "name": "Current account", "role": "current", "bank": "bank0", "currency": "GBP",
             "opening_booked": 0, "links_listed": True, "pending_listed": True},
            {"id": "a2", "name": "Savings", "role": "savings", "bank": "bank0", "currency": "GBP",
             "opening_booked": 0, "links_listed": True, "pending_listed": True}]


def yearly(story, year, account):
    """What comes once a year; the year before has had it too."""
    card(story, at(datetime.date(year, 2, 10), 19, 40), account, -23840, "AVIVA HOME INSURANCE")
    card(story, at(datetime.date(year, 5, 4), 20, 15), account, -31860, "JET2.COM")
    card(story, at(datetime.date(year, 9, 21), 19, 5), account, -41233, "ADMIRAL INSURANCE")


def holiday(story, first, account):
    visits = [("MANCHESTER AIRPORT WHS", -1187), ("TMB BARCELONA METRO", -1010), ("CAFE DE LOPERA", -1465),
              ("HOTEL MIRAMAR BARCELONA", -34210), ("MERCADONA GOTIC", -2231), ("BAR CELTA PULPERIA", -3904),
              ("MUSEU PICASSO", -1240), ("TMB BARCELONA METRO", -1010), ("LA BOQUERIA", -1877),
              ("RESTAURANTE LA MAR SALADA", -6312), ("DUFRY BCN T1", -2890)]
    for n, (name, amount) in enumerate(visits):
        card(story, at(first + DAY * (n // 2), 11 + 6 * (n % 2), 13 + n), account, amount, name)
    story.book(at(first + DAY, 12, 40), account, -8641, "CAIXABANK ATM BARCELONA", type="cash")


def christmas(story, year, account):
    shops = [("WATERSTONES LEEDS", -4397), ("JOHN LEWIS", -8900), ("ARGOS 1188", -5999), ("ETSY.COM", -3150),
             ("LEGO STORE TRINITY", -7499), ("MARKS&SPENCER", -6240), ("HOTEL CHOCOLAT", -3295), ("ROYAL MAIL", -1820)]
    for n, (name, amount) in enumerate(shops):
        card(story, at(datetime.date(year, 12, 9) + DAY * (n // 2), 11 + 5 * (n % 2), 5 + n), account, amount, name)


def quiet_year():
    first, last = datetime.date(2021, 11, 1), datetime.date(2024, 1, 1)
    story = Story("quiet-year", "en_GB", 0, at(datetime.date(2023, 1, 1), 8), british_accounts())
    leeds(story, first, last, "a1", "a2")
    for year in (2022, 2023):
        yearly(story, year, "a1")
        holiday(story, datetime.date(year, 6, 10), "a1")
        christmas(story, year, "a1")
    for hour, minute in ((9, 2), (15, 41)):
        card(story, at(datetime.date(2023, 3, 8), hour, minute), "a1", -340, "KIRKGATE COFFEE")
    for minute in (10, 14):
        card(story, at(datetime.date(2023, 10, 3), 8, minute), "a1", -340, "KIRKGATE COFFEE")
    own_transfer(story, at(datetime.date(2023, 7, 29), 10, 12), "a1", "a2", 60000)
    story.balances({"a1": 581412, "a2": 812400})
    story.save()


def quiet_year_jp():
    account = {"id": "a1", "name": "普通預金", "role": "current", "bank": "bank0", "currency": "JPY",
               "opening_booked": 0, "links_listed": False, "pending_listed": False}
    story = Story("quiet-year-jp", "ja_JP", 540, at(datetime.date(2023, 1, 4), 9), [account])
    sendai(story, datetime.date(2021, 11, 1), datetime.date(2024, 1, 1), listed=False)
    for year in (2022, 2023):
        story.book(at(datetime.date(year, 5, 8), 9, 10), "a1", -34500, "ｼﾞﾄﾞｳｼﾔｾﾞｲ ﾐﾔｷﾞｹﾝ", timed=False)
        story.book(at(datetime.date(year, 9, 27), 9, 10), "a1", -48210, "ﾄｳｷﾖｳｶｲｼﾞﾖｳﾆﾁﾄﾞｳ", type="direct_debit",
                   timed=False)
        story.book(at(datetime.date(year, 12, 8), 8, 30), "a1", 322000, "ｼﾖｳﾖ ｱｵﾊﾞｼﾖｳｼﾞ", type="credit", timed=False)
        story.book(at(datetime.date(year, 12, 29), 10, 44), "a1", -50000, "ATM ｾﾝﾀﾞｲｴｷﾏｴ", type="cash")
        for month in range(1, 13):
            story.book(at(datetime.date(year, month, 5), 12, 50), "a1", -5000, "ﾍﾟｲﾍﾟｲ", timed=False)
    story.balances({"a1": 1284300})
    story.save()


def mandate():
    """A direct debit that nobody signed: set up on a Tuesday, collects on Friday and again a week later."""
    first, start = datetime.date(2023, 10, 2), datetime.date(2024, 2, 5)
    last = datetime.date(2024, 3, 1)
    story = Story("mandate", "en_GB", 0, at(start, 8), british_accounts()[:1])
    leeds(story, first, last)
    story.link(at(datetime.date(2024, 2, 13), 2, 20), "a1", "L-rogue", "direct_debit", "QUIKLOAN FINANCE LTD", "QLF-0091173")
    for n, (day, amount) in enumerate(((16, -24999), (23, -34999))):
        story.book(at(datetime.date(2024, 2, day), 5, 4), "a1", amount, "QUIKLOAN FINANCE LTD QLF-0091173",
                   type="direct_debit", counterparty="QUIKLOAN FINANCE LTD", mandate_ref="QLF-0091173",
                   line_id=f"theft-{n + 1}")
    story.balances({"a1": 371240})
    story.save()


# --- United States: pending lines that change their minds -----------------------------------------------------

OHIO = [("KROGER #871", [-5412, -6733, -4820]), ("SHELL OIL 57444", [-4120, -3897]), ("SPEEDWAY COFFEE", [-389]),
        ("LUCIA TRATTORIA", [-4640, -5210]), ("CVS/PHARMACY #06", [-1277, -2140]), ("AMZN MKTP US", [-2399, -1850, -4310])]


def pending():
    account = {"id": "a1", "name": "Checking", "role": "current", "bank": "bank0", "currency": "USD",
               "opening_booked": 0, "links_listed": False, "pending_listed": True}
    first, start, last = datetime.date(2024, 1, 2), datetime.date(2024, 7, 1), datetime.date(2024, 7, 20)
    story = Story("pending", "en_US", -300, at(start, 7), [account])
    for n, day in enumerate(days(first, start)):
        name, amounts = vary(OHIO, n)
        story.book(at(day, 13, n % 60), "a1", vary(amounts, n), name, type="card", late=900)
        if day.day in (1, 15):
            story.book(at(day, 6), "a1", 112030, "ACME MFG PAYROLL", type="credit", timed=False)
        if day.day == 3:
            story.book(at(day, 6), "a1", -112000, "OAK STREET APARTMENTS", timed=False)
    churn(story, start)
    story.book(at(last, 9), "a1", -3897, "SHELL OIL 57444", type="card")
    story.balances({"a1": 391477})
    story.save()


def churn(story, start):
    a = "a1"

    def when(day, hour, minute=0):
        return at(start + DAY * day, hour, minute)

    def then(day):
        return {"date": (start + DAY * day)}

    # the same amount under another id and spelling
    p = story.pending(when(0, 12), a, -5412, "KROGER #871 COLUMBUS OH", type="card")
    story.settle(when(2, 4), a, p, -5412, "KROGER #871", timed=False, **then(2))
    # a tip
    p = story.pending(when(1, 19, 30), a, -4640, "LUCIA TRATTORIA", type="card")
    story.settle(when(3, 4), a, p, -5510, "LUCIA TRATTORIA", timed=False, **then(2))
    # fuel: one dollar asked, the real sum booked; then a hundred asked, less booked
    p = story.pending(when(2, 8), a, -100, "SHELL OIL 57444", type="card")
    story.settle(when(4, 4), a, p, -4120, "SHELL OIL 57444", timed=False, **then(4))
    p = story.pending(when(8, 8), a, -10000, "SHELL OIL 57444", type="card")
    story.settle(when(10, 4), a, p, -3720, "SHELL OIL 57444", timed=False, **then(9))
    # an authorisation that was never used, and one that the bank issues again under a new id
    p = story.pending(when(3, 10), a, -2399, "AMZN MKTP US", type="card")
    story.cancel(when(6, 10), a, p)
    p = story.pending(when(4, 10), a, -1850, "AMZN MKTP US", type="card")
    story.cancel(when(5, 9), a, p)
    p = story.pending(when(5, 9), a, -1850, "AMZN MKTP US*R12", type="card")
    story.settle(when(6, 4), a, p, -1850, "AMZN MKTP US*R12", timed=False, **then(6))
    # twins: two equal coffees in a minute are two, pending and booked
    p = story.pending(when(7, 8, 1), a, -389, "SPEEDWAY COFFEE", type="card")
    q = story.pending(when(7, 8, 2), a, -389, "SPEEDWAY COFFEE", type="card")
    story.settle(when(9, 4), a, p, -389, "SPEEDWAY COFFEE", timed=False, **then(9))
    story.settle(when(9, 4), a, q, -389, "SPEEDWAY COFFEE", timed=False, **then(9))
    # booked without a word about the pending line, which goes at the same moment
    p = story.pending(when(10, 17), a, -1277, "CVS/PHARMACY #06", type="card")
    story.book(when(12, 4), a, -1277, "CVS PHARMACY 06", timed=False, type="card", **then(11))
    story.cancel(when(12, 4), a, p)
    # one order, shipped and booked in two parts
    p = story.pending(when(11, 20), a, -4310, "AMZN MKTP US", type="card")
    story.settle(when(13, 4), a, p, -2811, "AMZN MKTP US", timed=False, **then(13))
    story.book(when(14, 4), a, -1499, "AMZN MKTP US", timed=False, **then(14))
    # a line that is listed four days late, and a refund
    story.book(when(10, 11), a, -6733, "KROGER #871", timed=False, late=4 * 24 * 60, type="card")
    story.book(when(16, 4), a, 1850, "AMZN MKTP US REFUND", timed=False, type="credit")


if __name__ == "__main__":
    docomo("docomo", True)
    docomo("shadow", False)
    mandate()
    pending()
    quiet_year()
    quiet_year_jp()
