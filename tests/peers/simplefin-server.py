#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# A strict SimpleFIN server for tests, on 127.0.0.1 only, written from the
# public protocol text (simplefin.github.io, v1 and v2) and notes on bridges,
# by a hand that saw nothing of this program's source.
"""SimpleFIN test server: Python 3 standard library only.

    simplefin-server.py [--port N] [--versions ask|1|2|both]
                        [--error-key msg|message|both]
                        [--data FILE] [--now EPOCH] [--until-eof] [--print-data]

When ready it prints one JSON line: url, setup_token, access_url, control.

--versions    ask   v1 shape, v2 shape on ?version=2 (the default; /info says
                    only "1.0", as real bridges do)
              1     v1 shape always (an old server: ignores ?version)
              2     v2 shape always
              both  both shapes in one answer (migration)
--error-key   text member of an errlist entry. The protocol's table says "msg"
              (the default), its examples say "message".
--now         freezes the server's clock (the built-in data is relative to it)
--until-eof   ends when standard input closes

Where the protocol text is silent, this server does the following:
* unknown, repeated or malformed query parameters: 400 (strict on purpose)
* no start-date: the newest 90 days, without a message
* more than 90 days asked: the newest 90 of them and a gen.api message
* a pending transaction with posted 0 is dated by transacted_at, else by now
* balances-only leaves the "transactions" member out
* an unknown account id: an act.failed message, no account

POST /_control takes one JSON object; members are applied in this order:
  clear_log: true
  revoke: true|false          all Access URLs issued so far get 403 (or not)
  new_token: true             answers a new setup_token and its access_url
  payment_required: bool      /accounts answers 402
  fail: {status, times}       the next `times` /accounts calls answer status
  add_connection: {conn_id, name, org_id, sfin_url, ..., accounts: [...]}
  add_transaction: {account, conn_id?, transaction: {...}}
  settle: {account, conn_id?, id, new_id, posted?, amount?, description?}
  drop_transaction: {account, conn_id?, id}
  add_error: {code, msg, conn_id?, account_id?}
  clear_errors: true
GET /_control answers {requests: [...], revoked, payment_required}; requests
to /_control itself are not in the list.
"""

import argparse
import base64
import binascii
import copy
import hmac
import json
import re
import secrets
import socket
import sys
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

DAY = 86400
MAX_DAYS = 90
ROOT = "/simplefin"
AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
CODE = re.compile(r"(gen|con|act)\.[a-z]*\Z")
ONCE = ("start-date", "end-date", "pending", "balances-only", "version")


class Bad(Exception):
    """Data or a control command that the protocol does not allow."""


def example(now):
    """The built-in data; {origin} becomes http://127.0.0.1:PORT."""
    def ago(days, seconds=0):
        return now - days * DAY - seconds

    return {
        "currencies": {
            "miles": {"name": "Example <b>Airline</b> Miles", "abbr": "mi&les"},
        },
        "errlist": [],
        "connections": [
            {
                "conn_id": "CON-1", "name": "First Example Bank - Jo",
                "org_id": "ORG-1", "org_name": "First Example Bank",
                "org_url": "https://first.example",
                "sfin_url": "https://sfin.first.example",
                "x-unknown": {"nested": [1, None, True]},
            },
            {
                "conn_id": "CON-2", "name": "\u7b2c\u4e8c\u9280\u884c <Second> \"Bank\"",
                "org_id": "ORG-2", "org_name": "\u7b2c\u4e8c\u9280\u884c",
                "org_url": "https://second.example",
                "sfin_url": "https://sfin.second.example",
            },
        ],
        "accounts": [
            {
                "id": "ACT-USD", "conn_id": "CON-1", "name": "Everyday",
                "currency": "USD", "balance": "123456712345.67",
                "available-balance": "123456712300.00",
                "balance-date": ago(0, 600),
                "x-unknown": "ignore me", "extra": {"account-open-date": ago(4000)},
                "transactions": [
                    {"id": "T-1", "posted": ago(200), "amount": "10.00",
                     "description": "Older than two windows"},
                    {"id": "T-2", "posted": ago(100), "amount": "20.00",
                     "description": "Older than one window"},
                    {"id": "T-3", "posted": ago(60), "transacted_at": ago(62),
                     "amount": "-33293.43",
                     "description": "Uncle Frank's Bait Shop",
                     "payee": "Uncle Frank", "memo": "", "mcc": "5941",
                     "extra": {"category": "food", "rate": 0.1,
                               "big": 12345678901234567890}},
                    {"id": "T-4", "posted": ago(40), "amount": "123456789012.34",
                     "description": "A very large deposit"},
                    {"id": "T-TWIN-A", "posted": ago(20), "amount": "-4.50",
                     "description": "Coffee"},
                    {"id": "T-TWIN-B", "posted": ago(20), "amount": "-4.50",
                     "description": "Coffee"},
                    {"id": "T-5", "posted": ago(10), "amount": "-1.00",
                     "description": "<script>alert(\"x\")</script> &amp; 'quoted' \\ `back`"},
                    {"id": "T-6", "posted": ago(9), "amount": "-2.00",
                     "description": "ab\u202egpj.exe\u202c \u2066iso\u2069 \u200bzero"},
                    {"id": "T-7", "posted": ago(8), "amount": "-0.01",
                     "description": "=HYPERLINK(\"http://x.example\",\"go\")\nsecond line\t\u0007bell"},
                    {"id": "P-1", "posted": 0, "pending": True,
                     "transacted_at": ago(1), "amount": "-45.67",
                     "description": "Hotel (authorised)"},
                    {"id": "P-2", "posted": 0, "pending": True,
                     "amount": "-9.99", "description": "No date at all"},
                ],
            },
            {
                "id": "ACT-JPY", "conn_id": "CON-2",
                "name": "\u666e\u901a\u9810\u91d1", "currency": "JPY",
                "balance": "-1500", "balance-date": ago(0, 300),
                "transactions": [
                    # The same id as in ACT-USD: ids are unique per account only.
                    {"id": "T-3", "posted": ago(30), "amount": "-150000",
                     "description": "\u5bb6\u8cc3 \U0001f3e0 e\u0301"},
                    {"id": "J-2", "posted": ago(5), "transacted_at": ago(7),
                     "amount": "148500", "description": "\u7d66\u4e0e"},
                    {"id": "J-3", "posted": ago(1), "pending": True,
                     "amount": "-800", "description": "\u30b3\u30f3\u30d3\u30cb"},
                ],
            },
            {
                "id": "ACT-KWD", "conn_id": "CON-2", "name": "Dinar",
                "currency": "KWD", "balance": "1012.340",
                "balance-date": ago(0, 300),
                "transactions": [
                    {"id": "K-1", "posted": ago(15), "amount": "1012.345",
                     "description": "\u0631\u0627\u062a\u0628 / \u05e9\u05db\u05e8"},
                    {"id": "K-2", "posted": ago(3), "amount": "-0.005",
                     "description": ""},
                ],
            },
            {
                "id": "ACT-MILES", "conn_id": "CON-1", "name": "Miles",
                "currency": "{origin}/currency/miles", "balance": "25000",
                "balance-date": ago(0, 900),
                "transactions": [
                    {"id": "M-1", "posted": ago(12), "amount": "25000",
                     "description": "Welcome bonus " + "long " * 400},
                ],
            },
        ],
    }


def need(obj, name, kind, what):
    value = obj.get(name) if isinstance(obj, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Bad("%s: %s must be %s" % (what, name, kind.__name__))
    return value


def check_transaction(txn, taken):
    what = "transaction"
    if need(txn, "id", str, what) in taken:
        raise Bad("transaction id used before in this account: " + txn["id"])
    need(txn, "description", str, what)
    if not AMOUNT.match(need(txn, "amount", str, what)):
        raise Bad("amount is no numeric string: " + txn["amount"])
    pending = txn.get("pending", False)
    if not isinstance(pending, bool):
        raise Bad("pending must be a boolean")
    if need(txn, "posted", int, what) <= 0 and not (pending and txn["posted"] == 0):
        raise Bad("posted may be 0 in a pending transaction only")
    if "transacted_at" in txn:
        need(txn, "transacted_at", int, what)


class Bridge:
    def __init__(self, data, origin, now=None, versions="ask", error_key="msg"):
        self.lock = threading.Lock()
        self.origin, self.url = origin, origin + ROOT
        self.fixed_now, self.versions, self.error_key = now, versions, error_key
        self.log = []
        self.claims = {}            # claim id -> Access URL, until claimed
        self.credentials = {}       # b"user:password" -> still good
        self.issued = 0
        self.payment_required = False
        self.fail = [0, 0]          # status, how many more times
        self.connections, self.accounts, self.errlist = [], [], []
        self.used = {}              # (conn_id, account id) -> ids ever used
        self.currencies = data.get("currencies", {})
        for conn in data["connections"]:
            self.add_connection(conn)
        for account in data["accounts"]:
            self.add_account(account)
        for error in data.get("errlist", []):
            self.add_error(error)

    def now(self):
        return int(time.time()) if self.fixed_now is None else self.fixed_now

    # -- tokens ----------------------------------------------------------

    def new_token(self):
        """A setup token and the Access URL that claiming it will answer."""
        self.issued += 1
        # The later passwords hold a "+", which no one may turn into a space.
        user = "us@er"
        password = "p:ss/word" + ("+%d" % self.issued if self.issued > 1 else "")
        self.credentials[(user + ":" + password).encode()] = True
        userinfo = quote(user, safe="") + ":" + quote(password, safe="+")
        access = self.url.replace("://", "://" + userinfo + "@", 1)
        claim = "%d-%s" % (self.issued, secrets.token_hex(8))
        self.claims[claim] = access
        token = base64.b64encode((self.url + "/claim/" + claim).encode()).decode()
        return token, access

    def authorization(self, header):
        if header is None:
            return "none"
        scheme, _, rest = header.partition(" ")
        try:
            given = base64.b64decode(rest.strip(), validate=True)
        except (binascii.Error, ValueError):
            return "bad"
        if scheme.lower() != "basic":
            return "bad"
        for known, good in self.credentials.items():
            if hmac.compare_digest(known, given):
                return "good" if good else "revoked"
        return "bad"

    # -- data ------------------------------------------------------------

    def add_connection(self, conn):
        conn = copy.deepcopy(conn)
        for name in ("conn_id", "name", "org_id", "sfin_url"):
            need(conn, name, str, "connection")
        if any(c["conn_id"] == conn["conn_id"] for c in self.connections):
            raise Bad("conn_id used before: " + conn["conn_id"])
        accounts = conn.pop("accounts", [])
        self.connections.append(conn)
        for account in accounts:
            self.add_account(dict(account, conn_id=conn["conn_id"]))

    def add_account(self, account):
        account = copy.deepcopy(account)
        for name in ("id", "conn_id", "name", "currency", "balance"):
            need(account, name, str, "account")
        need(account, "balance-date", int, "account")
        for name in ("balance", "available-balance"):
            if not AMOUNT.match(account.get(name, "0")):
                raise Bad(name + " is no numeric string")
        if not any(c["conn_id"] == account["conn_id"] for c in self.connections):
            raise Bad("account of an unknown connection: " + account["conn_id"])
        key = (account["conn_id"], account["id"])
        if key in self.used:
            raise Bad("account id used before in this connection: " + account["id"])
        account["currency"] = account["currency"].replace("{origin}", self.origin)
        taken = set()
        for txn in account.setdefault("transactions", []):
            check_transaction(txn, taken)
            taken.add(txn["id"])
        self.used[key] = taken
        self.accounts.append(account)

    def find_account(self, command):
        wanted = need(command, "account", str, "command")
        conn = command.get("conn_id")
        found = [a for a in self.accounts
                 if a["id"] == wanted and conn in (None, a["conn_id"])]
        if len(found) != 1:
            raise Bad("%d accounts have the id %s" % (len(found), wanted))
        return found[0]

    def add_transaction(self, account, txn):
        txn = copy.deepcopy(txn)
        taken = self.used[(account["conn_id"], account["id"])]
        check_transaction(txn, taken)
        taken.add(txn["id"])
        account["transactions"].append(txn)
        if not txn.get("pending"):
            for name in ("balance", "available-balance"):
                if name in account:
                    total = Decimal(account[name]) + Decimal(txn["amount"])
                    account[name] = format(total, "f")
            account["balance-date"] = self.now()

    def take_transaction(self, account, ident):
        for txn in account["transactions"]:
            if txn["id"] == ident:
                account["transactions"].remove(txn)
                return txn
        raise Bad("no such transaction: %s" % ident)

    def settle(self, command):
        account = self.find_account(command)
        ident = need(command, "id", str, "settle")
        new = next((dict(t) for t in account["transactions"]
                    if t["id"] == ident and t.get("pending")), None)
        if new is None:
            raise Bad("no such pending transaction: " + ident)
        new.pop("pending")
        new["id"] = need(command, "new_id", str, "settle")
        new["posted"] = command.get("posted", self.now())
        for name in ("amount", "description"):
            new[name] = command.get(name, new[name])
        self.add_transaction(account, new)
        self.take_transaction(account, ident)

    def add_error(self, error):
        text = error.get("msg", error.get("message")) if isinstance(error, dict) else None
        if not isinstance(text, str) or not CODE.match(need(error, "code", str, "error")):
            raise Bad("an error needs msg and a code like con.auth")
        kept = {k: v for k, v in error.items() if k not in ("msg", "message")}
        prefix = kept["code"].split(".")[0]
        for name, wanted in (("conn_id", "con"), ("account_id", "act")):
            if prefix == wanted:
                need(kept, name, str, "error")
        self.errlist.append(dict(kept, text=text))

    # -- control ---------------------------------------------------------

    def control(self, command):
        order = ("clear_log", "revoke", "new_token", "payment_required", "fail",
                 "add_connection", "add_transaction", "settle",
                 "drop_transaction", "add_error", "clear_errors")
        if not isinstance(command, dict) or not command or set(command) - set(order):
            raise Bad("unknown command; known: " + ", ".join(order))
        answer = {"ok": True}
        for name in order:
            if name not in command:
                continue
            value = command[name]
            if name == "clear_log":
                self.log.clear()
            elif name == "revoke":
                for known in self.credentials:
                    self.credentials[known] = not need(command, name, bool, "control")
            elif name == "new_token":
                answer["setup_token"], answer["access_url"] = self.new_token()
            elif name == "payment_required":
                self.payment_required = need(command, name, bool, "control")
            elif name == "fail":
                self.fail = [need(value, "status", int, name), value.get("times", 1)]
            elif name == "add_connection":
                self.add_connection(value)
            elif name == "add_transaction":
                self.add_transaction(self.find_account(value), value.get("transaction"))
            elif name == "settle":
                self.settle(value)
            elif name == "drop_transaction":
                self.take_transaction(self.find_account(value), value.get("id"))
            elif name == "add_error":
                self.add_error(value)
            elif name == "clear_errors":
                self.errlist.clear()
        return answer

    # -- GET /accounts ---------------------------------------------------

    def account_set(self, query):
        """The answer to GET /accounts, or Bad for a malformed query."""
        params, wanted = {}, []
        for name, value in query:
            if name == "account":
                wanted.append(value)
            elif name not in ONCE:
                raise Bad("unknown parameter: " + name)
            elif name in params:
                raise Bad("parameter given twice: " + name)
            else:
                params[name] = value
        for name in ("start-date", "end-date"):
            # Ten digits last until 2286: milliseconds are refused.
            if name in params and not re.match(r"[0-9]{1,10}\Z", params[name]):
                raise Bad(name + " must be a UNIX epoch in seconds")
        if params.get("balances-only", "1") != "1":
            raise Bad("balances-only must be 1")
        if params.get("version", "1") not in ("1", "2"):
            raise Bad("version must be 1 or 2")
        shape = self.versions
        if shape == "ask":
            shape = params.get("version", "1")

        errors = [dict(e) for e in self.errlist]
        now = self.now()
        end = int(params["end-date"]) if "end-date" in params else None
        newest = (now if end is None else end) - MAX_DAYS * DAY
        start = int(params["start-date"]) if "start-date" in params else newest
        if end is not None and start >= end:
            errors.append({"code": "gen.api", "text": "start-date is not before end-date"})
        elif start < newest and "balances-only" not in params:
            errors.append({"code": "gen.api", "text":
                           "More than %d days were asked for; only the newest %d days are given"
                           % (MAX_DAYS, MAX_DAYS)})
            start = newest

        def inside(txn):
            if txn.get("pending") and "pending" not in params:
                return False
            when = txn["posted"] or txn.get("transacted_at", now)
            return start <= when and (end is None or when < end)

        accounts, conns = [], []
        by_id = {c["conn_id"]: c for c in self.connections}
        for account in self.accounts:
            if wanted and account["id"] not in wanted:
                continue
            out = {k: copy.deepcopy(v) for k, v in account.items() if k != "transactions"}
            conn = by_id[account["conn_id"]]
            if conn["conn_id"] not in conns:
                conns.append(conn["conn_id"])
            if shape == "1":
                del out["conn_id"]
            if shape in ("1", "both"):
                org = {"sfin-url": conn["sfin_url"], "id": conn["org_id"],
                       "name": conn.get("org_name", conn["name"])}
                if conn.get("org_url"):
                    org["url"] = conn["org_url"]
                    org["domain"] = urlsplit(conn["org_url"]).hostname or conn["org_url"]
                out["org"] = org
            if "balances-only" not in params:
                out["transactions"] = sorted(
                    (copy.deepcopy(t) for t in account["transactions"] if inside(t)),
                    key=lambda t: t["posted"])
            accounts.append(out)
        if wanted:
            present = {a["id"] for a in accounts}
            errors = [e for e in errors
                      if e.get("conn_id", None) in [None] + conns
                      and e.get("account_id", None) in {None} | present]
            errors += [{"code": "act.failed", "account_id": w, "text": "No such account"}
                       for w in dict.fromkeys(wanted) if w not in present]
        else:
            conns = [c["conn_id"] for c in self.connections]

        answer = {"x-unknown-top": {"ignore": ["me"]}}
        if shape in ("1", "both"):
            answer["errors"] = [e["text"] for e in errors]
        if shape in ("2", "both"):
            answer["errlist"] = []
            for error in errors:
                entry = {k: v for k, v in error.items() if k != "text"}
                for key in ("msg", "message"):
                    if self.error_key in (key, "both"):
                        entry[key] = error["text"]
                answer["errlist"].append(entry)
            answer["connections"] = [copy.deepcopy(by_id[c]) for c in conns]
        answer["accounts"] = accounts
        return answer

    def info(self):
        return {"versions": {"2": ["2.0"], "both": ["1.0", "2.0"]}.get(self.versions, ["1.0"])}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "simplefin-test"
    sys_version = ""
    timeout = 30

    def log_message(self, *_args):
        pass

    def reply(self, status, body, kind="text/plain; charset=utf-8", **headers):
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body, ensure_ascii=False)
            kind = "application/json"
        data = body.encode() if isinstance(body, str) else body
        self.status = status
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_any(self):
        bridge = self.server.bridge
        target = urlsplit(self.path)
        path = target.path
        length = self.headers.get("Content-Length")
        chunked = self.headers.get("Transfer-Encoding") is not None
        body = b""
        if chunked or (length is not None and not re.match(r"[0-9]{1,7}\Z", length)):
            self.close_connection = True    # the body is left unread
        elif length:
            body = self.rfile.read(int(length))
        with bridge.lock:
            if path == "/_control":
                return self.control(bridge, body)
            query = parse_qsl(target.query, keep_blank_values=True)
            auth = bridge.authorization(self.headers.get("Authorization"))
            entry = {
                "method": self.command, "path": path, "query": [list(q) for q in query],
                "authorization": auth, "user_agent": self.headers.get("User-Agent"),
                "content_length": length, "body_bytes": len(body), "status": None,
            }
            bridge.log.append(entry)
            try:
                self.route(bridge, path, query, auth, length, chunked)
            finally:
                entry["status"] = getattr(self, "status", None)

    def only(self, method):
        if self.command == method:
            return True
        self.reply(405, "Method not allowed", Allow=method)
        return False

    def route(self, bridge, path, query, auth, length, chunked):
        if path == ROOT + "/info":
            if self.only("GET"):
                self.reply(200, bridge.info())
        elif path == ROOT + "/create":
            if self.only("GET"):
                token = bridge.new_token()[0]
                self.reply(200, "<!doctype html><title>SimpleFIN Token</title><code>%s</code>\n"
                           % token, "text/html; charset=utf-8")
        elif re.match(re.escape(ROOT) + r"/claim/[^/]+\Z", path):
            if self.only("POST"):
                self.claim(bridge, path.rsplit("/", 1)[1], length, chunked)
        elif path == ROOT + "/accounts":
            if self.only("GET"):
                self.get_accounts(bridge, query, auth)
        elif path.startswith("/currency/") and path[10:] in bridge.currencies:
            if self.only("GET"):
                self.reply(200, bridge.currencies[path[10:]])
        else:
            self.reply(404, "Not found")

    def claim(self, bridge, ident, length, chunked):
        # A malformed request does not use the token up.
        if length is None or chunked:
            self.close_connection = True
            self.reply(411, "Content-Length: 0 required")
        elif not re.match(r"0+\Z", length):
            self.reply(400, "The body must be empty")
        elif ident not in bridge.claims:
            self.reply(403, "This token does not exist or has been claimed already")
        else:
            self.reply(200, bridge.claims.pop(ident))

    def get_accounts(self, bridge, query, auth):
        if auth != "good":
            self.reply(403, "Authentication failed")
        elif bridge.payment_required:
            self.reply(402, "Payment required")
        elif bridge.fail[1] > 0:
            bridge.fail[1] -= 1
            self.reply(bridge.fail[0], "Failing on request")
        else:
            try:
                answer = bridge.account_set(query)
            except Bad as problem:
                self.reply(400, str(problem))
            else:
                self.reply(200, answer)

    def control(self, bridge, body):
        if self.command == "GET":
            good = bridge.credentials.values()
            return self.reply(200, {"requests": bridge.log, "revoked": not any(good),
                                    "payment_required": bridge.payment_required})
        if self.command != "POST":
            return self.reply(405, "Method not allowed", Allow="GET, POST")
        try:
            answer = bridge.control(json.loads(body))
        except (Bad, ValueError, AttributeError, TypeError) as problem:
            return self.reply(400, {"ok": False, "error": str(problem)})
        return self.reply(200, answer)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = handle_any
    do_PATCH = do_OPTIONS = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        # As HTTPServer does, without its look-up of the host's name.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]


def main():
    parser = argparse.ArgumentParser(description="SimpleFIN server for tests (127.0.0.1 only)")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--versions", choices=("ask", "1", "2", "both"), default="ask")
    parser.add_argument("--error-key", choices=("msg", "message", "both"), default="msg")
    parser.add_argument("--data", metavar="FILE")
    parser.add_argument("--now", type=int, metavar="EPOCH")
    parser.add_argument("--until-eof", action="store_true")
    parser.add_argument("--print-data", action="store_true", help="print the data and end")
    args = parser.parse_args()

    data = example(int(time.time()) if args.now is None else args.now)
    if args.data:
        with open(args.data, encoding="utf-8") as handle:
            data = json.load(handle)
    if args.print_data:
        print(json.dumps(data, indent=1))
        return 0

    server = Server(("127.0.0.1", args.port), Handler)
    origin = "http://127.0.0.1:%d" % server.server_port
    try:
        server.bridge = Bridge(data, origin, args.now, args.versions, args.error_key)
    except (Bad, KeyError) as problem:
        print("simplefin-server: bad data: %s" % problem, file=sys.stderr)
        return 2
    token, access = server.bridge.new_token()
    print(json.dumps({"url": origin + ROOT, "setup_token": token, "access_url": access,
                      "control": origin + "/_control"}), flush=True)
    if args.until_eof:
        def wait():
            sys.stdin.buffer.read()
            server.shutdown()
        threading.Thread(target=wait, daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
