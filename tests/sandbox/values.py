# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as banks write them: ids, money, days and instants. The same story gives the same bytes."""

import datetime
import uuid

from story import UTC, instant_of

NAMESPACE = uuid.UUID("7a0f1b9e-6f0c-5d1c-9c55-6b6f62616e00")
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "JOD": 3, "OMR": 3}


def uid(*names):
    return str(uuid.uuid5(NAMESPACE, "/".join(names)))


def serial(*names):
    """A whole number of at most nine digits, for banks that count."""
    return uuid.uuid5(NAMESPACE, "/".join(names)).int % 10 ** 9


def digits(text, count):
    return str(uuid.uuid5(NAMESPACE, text).int % 10 ** count).zfill(count)


def iban(country, bban):
    """With its two check digits (ISO 7064, mod 97)."""
    number = "".join(str(int(c, 36)) for c in bban + country + "00")
    return "%s%02d%s" % (country, 98 - int(number) % 97, bban)


def decimal(currency, minor_units):
    """Text with exactly the currency's digits."""
    exponent = EXPONENTS.get(currency, 2)
    sign = "-" if minor_units < 0 else ""
    text = str(abs(minor_units)).zfill(exponent + 1)
    return sign + (text[:-exponent] + "." + text[-exponent:] if exponent else text)


def number(currency, minor_units):
    """A JSON number in major units; its text is the shortest, as a bank's own serializer writes it."""
    exponent = EXPONENTS.get(currency, 2)
    return minor_units / 10 ** exponent if minor_units % 10 ** exponent else minor_units // 10 ** exponent


def stamp(seconds, form="%Y-%m-%dT%H:%M:%S.", end="%03dZ"):
    """Seconds → ISO 8601 UTC with milliseconds (or as many digits as `end` makes of them)."""
    whole = datetime.datetime.fromtimestamp(seconds, UTC)
    return whole.strftime(form) + (end % (whole.microsecond // 1000) if "%" in end else end)


def second(seconds):
    return stamp(seconds, "%Y-%m-%dT%H:%M:%S", "+00:00")


def day(seconds):
    return stamp(seconds, "%Y-%m-%d", "")


def happened(line):
    """When a line happened, in seconds."""
    return instant_of(line)


def booked_at(line):
    """An instant of the booking date: that of the line if it happened on that day."""
    moment = instant_of(line)
    return moment if day(moment) == line["date"] else instant_of(dict(line, time=None))


def payee(line):
    return line.get("counterparty") or line["descriptor"]
