# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as a bank sees it, and a reply as it leaves: bytes, status, headers."""

import json


class Request:
    def __init__(self, method, path, query, headers, pairs):
        self.method = method
        self.path = path
        self.query = query    # name → last value
        self.pairs = pairs    # every (name, value), in order
        self.headers = headers


class Reply:
    def __init__(self, status, body, headers):
        self.status = status
        self.body = body
        self.headers = headers

    @classmethod
    def json(cls, value, status=200):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode("utf-8"), {"Content-Type": "application/json"})

    @classmethod
    def text(cls, text, status=200, kind="text/plain; charset=utf-8"):
        return cls(status, text.encode("utf-8"), {"Content-Type": kind})
