# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a bank and its customer, on command: one function a fault, by name.

A fault takes the good reply and the wish that ordered it, and gives back what is sent instead. It is
used `count` times (0: until cleared) for requests whose path matches `path` and method `method`.
"""

import fnmatch
import gzip
import io
import json
import urllib.parse
import uuid

from reply import Reply


class Cut(Exception):
    """Close the connection without an answer."""


class Delivery:
    """A reply and how it is put on the wire."""

    def __init__(self, reply, delay_s=0, chunk=0, chunk_delay_s=0, truncated=False, encoded=False):
        self.reply = reply
        self.delay_s = delay_s              # before the first byte
        self.chunk = chunk                  # bytes a write; 0: all at once
        self.chunk_delay_s = chunk_delay_s
        self.truncated = truncated          # half of the body that Content-Length promises, then the connection ends
        self.encoded = encoded              # body is gzip already


def status(good, wish):
    headers = dict(wish.get("headers", {}))
    if "retry_after" in wish:
        headers["Retry-After"] = str(wish["retry_after"])
    return Delivery(Reply(wish["status"], wish.get("body", '{"errors":[{"message":"FAULT"}],"success":false}').encode(),
                          dict({"Content-Type": "application/json"}, **headers)))


def html(good, wish):
    page = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body>Welcome!</body></html>"
    return Delivery(Reply.text(page, wish.get("status", 200), "text/html; charset=utf-8"))


def body(good, wish):
    return Delivery(Reply(wish.get("status", 200), wish["body"].encode("utf-8", "surrogatepass"),
                          {"Content-Type": wish.get("type", "application/json")}))


def redirect(good, wish):
    return Delivery(Reply(wish.get("status", 302), b"", {"Location": wish["to"]}))


def truncated(good, wish):
    return Delivery(good, truncated=True)


def cut_json(good, wish):
    return Delivery(Reply(good.status, good.body[:len(good.body) // 2], good.headers))


def slow(good, wish):
    return Delivery(good, delay_s=wish.get("seconds", 5))


def trickle(good, wish):
    return Delivery(good, chunk=1, chunk_delay_s=wish.get("seconds", 1))


def cut(good, wish):
    raise Cut


def gzip_bomb(good, wish):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as packed:
        packed.write(b'{"accounts":["')
        for _ in range(wish.get("megabytes", 256)):
            packed.write(b"0" * 2**20)
        packed.write(b'"]}')
    return Delivery(Reply(200, out.getvalue(), {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
                    encoded=True)


def duplicate_keys(good, wish):
    first = good.body.index(b"{") + 1
    key = json.loads(good.body)
    name = json.dumps(next(iter(key)))
    return same_head(good, good.body[:first] + name.encode() + b":[]," + good.body[first:])


def nesting(good, wish):
    depth = wish.get("depth", 100000)
    return same_head(good, b"[" * depth + b"]" * depth)


def empty_list(good, wish):
    return same_json(good, {k: [] if isinstance(v, list) else v for k, v in json.loads(good.body).items()})


def other_account(good, wish):
    """Every account id and category id in the answer belongs to somebody else."""
    strange = {"accountUid": str(uuid.UUID(int=7)), "categoryUid": str(uuid.UUID(int=8)), "id": "somebody-else"}
    if "keys" in wish:
        strange = {key: str(uuid.UUID(int=7)) for key in wish["keys"]}
    return same_json(good, replaced(json.loads(good.body), strange))


def replaced(value, strange):
    if isinstance(value, list):
        return [replaced(v, strange) for v in value]
    if isinstance(value, dict):
        return {k: strange[k] if k in strange else replaced(v, strange) for k, v in value.items()}
    return value


def twice(good, wish):
    return same_json(good, {k: v + v if isinstance(v, list) else v for k, v in json.loads(good.body).items()})


def reverse(good, wish):
    return same_json(good, {k: v[::-1] if isinstance(v, list) else v for k, v in json.loads(good.body).items()})


def set_value(good, wish):
    """Puts `value` (raw JSON text, so that any number can be written) wherever `key` stands."""
    mark = "\u0001mark\u0001"
    text = json.dumps(replaced(json.loads(good.body), {wish["key"]: mark}))
    return same_head(good, text.replace(json.dumps(mark), wish["value"]).encode())


def next_elsewhere(good, wish):
    """The next page is said to be on another host, where the customer's secret would be read."""
    host = wish.get("to", "https://elsewhere.example")

    def moved(value, key=None):
        if isinstance(value, dict):
            return {k: moved(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [moved(v) for v in value]
        if key in wish["keys"] and isinstance(value, str) and "/" in value:
            return host + urllib.parse.urlunsplit(("", "") + urllib.parse.urlsplit(value)[2:])
        return value

    return same_json(good, moved(json.loads(good.body)))


def loop(good, wish):
    """The first page that has a next one, again and again."""
    if "kept" not in wish and not has_value(json.loads(good.body), wish["key"]):
        return Delivery(good)
    return Delivery(wish.setdefault("kept", good))


def has_value(value, key):
    if isinstance(value, list):
        return any(has_value(v, key) for v in value)
    return isinstance(value, dict) and (bool(value.get(key)) or any(has_value(v, key) for v in value.values()))


def reissue(good, wish):
    """The same rows under fresh ids, others each time it is asked."""
    wish["round"] = wish.get("round", 0) + 1
    fresh = lambda old: str(uuid.uuid5(uuid.NAMESPACE_OID, "%s/%d" % (old, wish["round"])))

    def renamed(value, key=None):
        if isinstance(value, dict):
            return {k: renamed(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(v) for v in value]
        return (type(value)(fresh(value)) if isinstance(value, str) else uuid.UUID(fresh(value)).int % 10 ** 9
                ) if key in wish["keys"] and value is not None else value

    return same_json(good, renamed(json.loads(good.body)))


def same_json(good, value):
    return same_head(good, json.dumps(value).encode())


def same_head(good, data):
    return Delivery(Reply(good.status, data, good.headers))


FAULTS = {
    "status": status, "html": html, "body": body, "redirect": redirect, "truncated": truncated, "cut-json": cut_json,
    "slow": slow, "trickle": trickle, "cut": cut, "gzip-bomb": gzip_bomb, "duplicate-keys": duplicate_keys,
    "nesting": nesting, "empty-list": empty_list, "other-account": other_account, "twice": twice, "reverse": reverse,
    "set": set_value, "next-elsewhere": next_elsewhere, "loop": loop, "reissue": reissue,
}


# These refuse before the bank does anything. The others come on the way back: what was asked for has been done.
BLIND = {"status", "html", "body", "redirect", "gzip-bomb"}


class Faults:
    """The wishes that are open. Used from many request threads, under the server's lock."""

    def __init__(self):
        self.open = []

    def add(self, wish):
        if wish.get("what") not in FAULTS:
            raise ValueError("no fault %r; there are: %s" % (wish.get("what"), ", ".join(sorted(FAULTS))))
        self.open.append(dict(wish, left=wish.get("count", 1)))

    def clear(self):
        self.open = []

    def take(self, request):
        """The first wish that fits, spent once; None if there is none."""
        for wish in self.open:
            if fnmatch.fnmatchcase(request.path, wish.get("path", "*")) and wish.get("method", request.method) == request.method:
                wish["left"] -= 1
                if wish["left"] == 0:
                    self.open.remove(wish)
                return wish
        return None

    @staticmethod
    def is_blind(wish):
        return wish is not None and wish["what"] in BLIND

    @staticmethod
    def deliver(good, wish):
        return Delivery(good) if wish is None else FAULTS[wish["what"]](good, wish)
