# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as a bank sees it, and a reply as it leaves: bytes, status, headers."""

import base64
import binascii
import json
import urllib.parse


class Wrong(Exception):
    """The request is not what the vendor's page says; the message is a sentence for whoever wrote it."""


class Refusal(Exception):
    """The answer is no: carries the reply that says so."""

    def __init__(self, reply):
        super().__init__(reply.status)
        self.reply = reply


class Request:
    def __init__(self, method, path, query, headers, pairs, body=b""):
        self.method = method
        self.path = path
        self.query = query    # name → last value
        self.pairs = pairs    # every (name, value), in order
        self.headers = headers
        self.body = body

    def only(self, *names):
        """No other query parameters than these; returns their values, None where not given."""
        for name in self.query:
            if name not in names:
                raise Wrong("unknown query parameter %s" % name)
        return [self.query.get(name) for name in names]

    def json(self, required=(), optional=()):
        """The body, an object with these members and no other."""
        if self.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
            raise Wrong("Content-Type must be application/json")
        try:
            value = json.loads(self.body)
        except ValueError:
            raise Wrong("the body is not JSON") from None
        self.check_members(value, required, optional)
        return value

    def form(self, required=(), optional=()):
        if self.headers.get("Content-Type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
            raise Wrong("Content-Type must be application/x-www-form-urlencoded")
        value = dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        self.check_members(value, required, optional)
        return value

    @staticmethod
    def check_members(value, required, optional):
        if not isinstance(value, dict):
            raise Wrong("the body is not an object")
        for name in required:
            if name not in value:
                raise Wrong("%s is missing" % name)
        for name in value:
            if name not in required and name not in optional:
                raise Wrong("%s is not known" % name)

    def bearer(self):
        """The token of `Authorization: Bearer`, or None."""
        given = self.headers.get("Authorization", "")
        return given[len("Bearer "):] if given.startswith("Bearer ") else None

    def basic(self):
        """(user, password) of `Authorization: Basic`, or None."""
        given = self.headers.get("Authorization", "")
        try:
            user, colon, password = base64.b64decode(given[len("Basic "):], validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return (user, password) if colon and given.startswith("Basic ") else None


class Reply:
    def __init__(self, status, body, headers):
        self.status = status
        self.body = body
        self.headers = headers

    @classmethod
    def json(cls, value, status=200, headers=None):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode("utf-8"), dict({"Content-Type": "application/json"}, **(headers or {})))

    @classmethod
    def text(cls, text, status=200, kind="text/plain; charset=utf-8"):
        return cls(status, text.encode("utf-8"), {"Content-Type": kind})

    @classmethod
    def nothing(cls, status=204):
        return cls(status, b"", {})
