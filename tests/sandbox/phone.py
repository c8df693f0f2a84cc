#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other ends of Koban's channels, on 127.0.0.1 with a throw-away CA.

ntfy and Gotify are strict stand-ins, written from what their makers publish of their APIs: they refuse what
the real ones refuse, and also what Koban has promised never to send (a link, a token in an address). The
webhook's signature is verified as Standard Webhooks says. The mail server is a real one (aiosmtpd), with TLS
and a name and password; where it is not installed, there is none.

phone.py DIRECTORY makes its keys there, prints "NAME PORT" lines and an empty line, writes what it took as JSON
lines into DIRECTORY/received, and ends when its standard input does. An address whose path begins with /status-N,
/slow, /redirect or /old behaves so.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tls  # noqa: E402

NAME = re.compile(r"[-_A-Za-z0-9]{1,64}\Z")
NTFY_TOKEN = "tk_thisisathrowawaytoken000000000"
GOTIFY_KEY = "AthrowawayKey.1"
WEBHOOK_KEY = "whsec_" + base64.b64encode(b"a throw-away key of 32 bytes ...").decode()
OLD_WEBHOOK_KEY = "whsec_" + base64.b64encode(b"the throw-away key before that..").decode()
MAIL_USER, MAIL_PASSWORD = "person@example.org", "a throw-away password ü"
LOCKED = "koban-locked"  # a topic that wants NTFY_TOKEN
NTFY_FIELDS = {"topic", "title", "message", "priority", "tags", "delay", "sequence_id", "markdown", "icon", "click",
               "actions", "attach", "filename", "email", "call"}


class Refused(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def want(truth, status, why):
    if not truth:
        raise Refused(status, why)


def parse_json(body):
    try:
        value = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise Refused(400, "not JSON: %s" % error)
    want(isinstance(value, dict), 400, "not an object")
    return value


def promised(value):
    """What Koban has promised of every message that leaves the device."""
    text = json.dumps(value, ensure_ascii=False)
    want("://" not in text and "www." not in text, 418, "a link in a message")


# --- ntfy

def check_delay(delay, now):
    """A Unix time, or a span: ten seconds to three days."""
    want(isinstance(delay, str), 400, "40004 delay is no text")
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    span = re.fullmatch(r"(\d+)([smhd])", delay)
    if span:
        seconds = int(span.group(1)) * units[span.group(2)]
    else:
        want(delay.isdigit(), 400, "40004 the delay is not understood")
        seconds = int(delay) - now
    want(seconds >= 10, 400, "40005 the delay is too small")
    want(seconds <= 3 * 86400, 400, "40006 the delay is too large")
    return seconds


def ntfy(phone, request):
    if request.command == "DELETE":
        topic, _, sequence = request.path.strip("/").rpartition("/")
        want(not request.old and NAME.match(topic) and NAME.match(sequence), 404, "page not found")
        ntfy_may(request, topic)
        return {"event": "message_delete", "topic": topic, "sequence_id": sequence}
    want(request.command in ("POST", "PUT") and request.path == "/", 404, "page not found: %s" % request.path)
    message = parse_json(request.body)
    unknown = set(message) - NTFY_FIELDS
    want(not unknown, 400, "unknown fields %s" % unknown)
    topic = message.get("topic")
    want(isinstance(topic, str) and NAME.match(topic), 400, "40009 the topic is invalid")
    ntfy_may(request, topic)
    for name in ("title", "message", "sequence_id"):
        want(isinstance(message.get(name, ""), str), 400, "40024 %s is no text" % name)
    want(len(message.get("message", "").encode()) <= 4096, 400, "40014 too long, and attachments are not allowed")
    priority = message.get("priority", 3)
    want(isinstance(priority, int) and not isinstance(priority, bool) and 1 <= priority <= 5, 400, "40007 priority")
    want(NAME.match(message.get("sequence_id", "x")), 400, "40049 the sequence id is invalid")
    if "delay" in message:
        check_delay(message["delay"], phone.now())
    for name in ("click", "actions", "attach", "email", "call", "icon"):
        want(name not in message, 418, "Koban sends no %s" % name)
    return dict(message, event="message", id="bP8dMjO8ig", time=int(phone.now()))


def ntfy_may(request, topic):
    header = request.headers.get("Authorization")
    if header is not None:
        want(header == "Bearer " + NTFY_TOKEN, 401, "40101 unauthorized")
    want(topic != LOCKED or header is not None, 403, "40301 forbidden")


# --- Gotify

def gotify(phone, request):
    path, _, query = request.path.partition("?")
    want("token" not in query, 418, "a token in the address")
    want(request.command == "POST" and path == "/message", 404, "page not found")
    key = request.headers.get("X-Gotify-Key")
    bearer = request.headers.get("Authorization", "")
    want(key == GOTIFY_KEY or bearer == "Bearer " + GOTIFY_KEY, 401, "you need to provide a valid access token")
    want(request.headers.get("Content-Type", "").split(";")[0] == "application/json", 400, "extras need JSON")
    message = parse_json(request.body)
    want(isinstance(message.get("message"), str) and message["message"], 400, "Field 'message' is required")
    want(isinstance(message.get("title", ""), str), 400, "title is no text")
    priority = message.get("priority", 0)
    want(isinstance(priority, int) and not isinstance(priority, bool), 400, "priority is no number")
    extras = message.get("extras", {})
    want(isinstance(extras, dict) and all("::" in name for name in extras), 400, "extras")
    want(extras.get("client::display") == {"contentType": "text/plain"}, 418, "Koban asks for plain text")
    want("client::notification" not in extras, 418, "Koban sends no click")
    return dict(message, id=1, appid=1, date="2026-01-31T12:00:00Z")


# --- webhook

def signature(key, text):
    digest = hmac.new(base64.b64decode(key[len("whsec_"):]), text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def webhook(phone, request):
    want(request.command == "POST", 405, "POST only")
    found, when = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    want(re.fullmatch(r"[\x21-\x7e]+", found) and "." not in found, 400, "webhook-id")
    want(when.isdigit() and abs(int(when) - phone.now()) <= 300, 400, "webhook-timestamp")
    signed = ("%s.%s." % (found, when)).encode() + request.body
    given = request.headers.get("webhook-signature", "").split(" ")
    good = [key for key in phone.webhook_keys
            if any(hmac.compare_digest(signature(key, signed), one) for one in given)]
    want(good, 401, "the signature is wrong")
    message = parse_json(request.body)
    want(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", message.get("type", "")), 400, "type")
    want("timestamp" in message and isinstance(message.get("data"), dict), 400, "timestamp and data")
    want(len(request.body) < 20000, 413, "too large")
    phone.raw.append({"body": request.body.decode(), "headers": dict(request.headers.items())})
    return dict(message, webhook_id=found, signatures=len(given), keys=good)


SERVICES = {"ntfy": ntfy, "gotify": gotify, "webhook": webhook}


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:  # the client has gone, as one that does not trust us does
            pass

    def any_method(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = re.match(r"/(status-(\d+)|slow|redirect|old)(?=/|$)", self.path)
        self.old = fault is not None and fault.group(1) == "old"
        if fault is not None:
            self.path = self.path[fault.end():] or "/"
        if fault is None or self.old:
            self.serve()
        elif fault.group(2):
            self.server.phone.note("refused", {"status": int(fault.group(2))})
            self.answer(int(fault.group(2)), {"error": "as asked"}, [("Retry-After", "77")])
        elif fault.group(1) == "redirect":
            self.answer(307, {}, [("Location", "https://localhost:%d/" % self.server.server_port)])
        else:
            self.server.phone.note("asked", {"service": self.server.service})
            self.server.phone.ended.wait(20)

    do_GET = do_POST = do_PUT = do_DELETE = any_method

    def serve(self):
        phone, name = self.server.phone, self.server.service
        try:
            taken = SERVICES[name](phone, self)
            promised({key: value for key, value in taken.items() if key not in ("keys",)})
        except Refused as error:
            phone.note("refused", {"service": name, "status": error.status, "why": str(error)})
            self.answer(error.status, {"error": str(error)})
            return
        phone.note(name, taken)
        self.answer(200, taken)

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for header in headers:
            self.send_header(*header)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50

    def handle_error(self, request, client):
        pass


# --- mail

class Mailbox:
    def __init__(self, phone):
        self.phone = phone

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("later@"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.phone.note("mail", {"from": envelope.mail_from, "to": envelope.rcpt_tos, "ehlo": session.host_name,
                                 "text": envelope.content.decode("ascii")})
        return "250 taken"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Phone:
    """All of it. `clock` gives the Unix time that its clients live in."""

    def __init__(self, directory, clock=time.time, mail=True):
        self.directory, self.now = str(directory), clock
        self.webhook_keys = [WEBHOOK_KEY]
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.taken = []
        self.raw = []  # webhooks as they came: what another program may verify
        self.controllers = []
        self.ports = {}
        self.ca, certificate, key = tls.make(self.directory)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        for name in SERVICES:
            self.serve(name)
        if mail:
            self.serve_mail()

    def serve(self, name):
        server = Server(("127.0.0.1", 0), Request)
        server.socket = self.context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.phone, server.service = self, name
        self.ports[name] = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve_mail(self):
        try:
            from aiosmtpd.controller import Controller
            from aiosmtpd.smtp import AuthResult
        except ImportError:
            return

        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login, data.password) == (MAIL_USER.encode(), MAIL_PASSWORD.encode())
            return AuthResult(success=good, handled=False)

        kinds = {"smtps": {"ssl_context": self.context, "auth_require_tls": False},
                 "starttls": {"tls_context": self.context, "require_starttls": True},
                 "notls": {"auth_require_tls": False}}
        for name, options in kinds.items():
            port = free_port()
            controller = Controller(Mailbox(self), hostname="127.0.0.1", port=port, authenticator=authenticate,
                                    auth_required=True, **options)
            controller.start()
            self.controllers.append(controller)
            self.ports[name] = port

    def note(self, service, value):
        with self.lock:
            self.taken.append((service, value))
            with open(os.path.join(self.directory, "received"), "a", encoding="utf-8") as out:
                out.write(json.dumps({"service": service, "value": value}) + "\n")

    def of(self, service):
        with self.lock:
            return [value for name, value in self.taken if name == service]

    def url(self, service, path=""):
        return "https://127.0.0.1:%d%s" % (self.ports[service], path)

    def close(self):
        self.ended.set()
        for controller in self.controllers:
            controller.stop()


def main():
    phone = Phone(sys.argv[1])
    phone.webhook_keys = [WEBHOOK_KEY, OLD_WEBHOOK_KEY]
    tls.make(os.path.join(sys.argv[1], "stranger"))
    for name, port in phone.ports.items():
        print(name, port)
    print(flush=True)
    sys.stdin.read()
    phone.close()


if __name__ == "__main__":
    main()
