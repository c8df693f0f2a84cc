# SPDX-License-Identifier: GPL-3.0-or-later
"""The bank on 127.0.0.1: HTTP/1.1 with or without TLS in front of one provider's answers, and a control port.

One lock orders all requests, so that the world is never seen half moved. It counts what was asked, and
remembers no credential.
"""

import collections
import copy
import gzip
import http.server
import json
import os
import socket
import socketserver
import ssl
import threading
import time
import urllib.parse

from faults import Cut, Faults
from reply import Reply, Request
from story import StoryError


class Bank:
    """A provider, its world, its faults and what was asked of it."""

    def __init__(self, world, provider, state_path=None):
        self.world = world
        self.provider = provider
        self.faults = Faults()
        self.lock = threading.RLock()
        self.counts = collections.Counter()
        self.requests = []
        self.connections = 0
        self.state_path = state_path
        if state_path is not None and os.path.exists(state_path):
            self.load()

    def load(self):
        with open(self.state_path, encoding="utf-8") as source:
            saved = json.load(source)
        self.world.advance(saved["now"])
        for link_id, how in saved["revoked"]:
            self.world.revoke(link_id, how)
        self.provider.load(saved["provider"])

    def save(self):
        if self.state_path is None:
            return
        fresh = self.state_path + ".new"
        with open(fresh, "w", encoding="utf-8") as out:
            json.dump({"now": self.world.now, "revoked": self.world.revoked, "provider": self.provider.save()}, out)
        os.replace(fresh, self.state_path)

    def serve(self, request):
        """The delivery for one request, after its delay."""
        with self.lock:
            self.counts["%s %s" % (request.method, request.path)] += 1
            wish = self.faults.take(request)
            good = None if Faults.is_blind(wish) else self.provider.answer(request)
            self.save()
            request.noted = {"method": request.method, "path": request.path, "query": request.pairs,
                             "agent": request.headers.get("User-Agent"), "fault": wish and wish["what"],
                             "status": good and good.status}
            self.requests.append(request.noted)
        return self.faults.deliver(good, wish)

    # --- control

    def advance(self, wish):
        to = wish.get("to", "end")
        with self.lock:
            self.world.advance(self.moment(to) + wish.get("plus", 0))
            self.save()
            return self.where()

    def moment(self, to):
        story = self.world.story
        if to == "monitor_from":
            return story.monitor_from
        if to == "end":
            return max(story.end, self.world.now)
        if to == "now":
            return self.world.now
        if isinstance(to, str) and to.startswith("event:"):
            number = int(to[len("event:"):])
            if not 1 <= number <= len(story.events):
                raise StoryError("the story has events 1 to %d" % len(story.events))
            return story.events[number - 1]["ts"]
        if isinstance(to, str) and to.startswith("story:"):
            return float(to[len("story:"):]) + story.shift_s
        if isinstance(to, (int, float)) and not isinstance(to, bool):
            return to
        raise StoryError("advance: %r is no moment; say a time, monitor_from, event:N, story:TIME, now or end" % (to,))

    def where(self):
        return {"now": self.world.now, "story": self.world.now - self.world.story.shift_s,
                "position": self.world.position, "events": len(self.world.story.events)}

    def fault(self, wish):
        with self.lock:
            self.faults.add(wish)
            return {"open": len(self.faults.open)}

    def clear(self, wish):
        with self.lock:
            self.faults.clear()
            return {"open": 0}

    def revoke(self, wish):
        """Ends the customer's access (default), one token of it, or one link as if by another hand."""
        with self.lock:
            if "link" in wish:
                done = self.world.revoke(wish["link"], wish.get("how", "cancel"))
            else:
                done = self.provider.revoke_access(**({"token": wish["token"]} if "token" in wish else {})) is None
            self.save()
            return {"revoked": done}

    def behave(self, wish):
        with self.lock:
            self.provider.behave(wish)
            return {}

    def hostile(self, wish):
        """One of the provider's own hostile ways, by name."""
        ways = self.provider.hostile()
        if wish.get("way") not in ways:
            raise ValueError("%s is not hostile by %r; it is by: %s" % (self.provider.provider, wish.get("way"), ", ".join(sorted(ways))))
        return self.fault(dict(ways[wish["way"]], **{k: v for k, v in wish.items() if k != "way"}))

    def reset(self, wish):
        """Forgets the counts, not the world."""
        with self.lock:
            self.counts.clear()
            self.requests.clear()
            return {}

    def keep(self, wish):
        """Remembers how everything is, for `back`."""
        with self.lock:
            self.kept = self.copy_of((self.world, self.provider))
            return self.where()

    def back(self, wish):
        """As it was at `keep`; what was asked since is forgotten."""
        with self.lock:
            self.world, self.provider = self.copy_of(self.kept)
            self.faults.clear()
            self.save()
            return dict(self.where(), **self.reset(wish))

    @staticmethod
    def copy_of(parts):
        story = parts[0].story
        return copy.deepcopy(parts, {id(story): story})

    def state(self):
        with self.lock:
            return dict(self.where(), counts=dict(self.counts), requests=list(self.requests),
                        connections=self.connections, shift=self.world.story.shift_s,
                        monitor_from=self.world.story.monitor_from, end=self.world.story.end,
                        links={k["link_id"]: k["status"] for a in self.world.accounts.values() for k in a.links.values()},
                        faults=[w["what"] for w in self.faults.open])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "bank"
    sys_version = ""
    timeout = 120
    disable_nagle_algorithm = True  # head and body leave in two pieces: the second must not wait for the first to be heard

    def log_message(self, *arguments):
        pass

    def ask(self):
        try:
            self.respond(self.read_request())
        except (Cut, ConnectionError, ssl.SSLError, socket.timeout):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = ask

    def read_request(self):
        url = urllib.parse.urlsplit(self.path)
        pairs = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        return Request(self.command, url.path, dict(pairs), self.headers, pairs, self.body)

    def deliver(self, delivery):
        reply = delivery.reply
        data, headers = reply.body, dict(reply.headers)
        if not delivery.encoded and len(data) > 1000 and "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, 6)
            headers["Content-Encoding"] = "gzip"
        time.sleep(delivery.delay_s)
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")  # or a proxy would keep what is about to end
        if reply.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.write(data[:len(data) // 2] if delivery.truncated else data, delivery)
        if delivery.truncated:
            raise Cut

    def write(self, data, delivery):
        step = delivery.chunk or len(data) or 1
        for start in range(0, len(data), step):
            self.wfile.write(data[start:start + step])
            self.wfile.flush()
            time.sleep(delivery.chunk_delay_s)


class BankHandler(Handler):
    def respond(self, request):
        self.deliver(self.server.bank.serve(request))
        request.noted["last_byte"] = time.monotonic()


class ControlHandler(Handler):
    """POST advance, fault, clear, revoke, behave, hostile, reset, keep, back with a JSON object; GET state. Errors are 400 with a sentence."""

    def respond(self, request):
        from faults import Delivery
        bank = self.server.bank
        verbs = {"advance": bank.advance, "fault": bank.fault, "clear": bank.clear, "revoke": bank.revoke,
                 "behave": bank.behave, "hostile": bank.hostile, "reset": bank.reset, "keep": bank.keep, "back": bank.back}
        name = request.path.strip("/")
        if request.method == "GET" and name == "state":
            reply = Reply.json(bank.state())
        elif request.method == "POST" and name in verbs:
            reply = self.obey(verbs[name])
        else:
            reply = Reply.json({"error": "no such verb: %s %s" % (request.method, name)}, 404)
        self.deliver(Delivery(reply))

    def obey(self, verb):
        try:
            wish = json.loads(self.body or b"{}")
            return Reply.json(verb(wish))
        except (StoryError, ValueError, KeyError, TypeError) as error:
            return Reply.json({"error": str(error)}, 400)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, handler, bank, tls=None):
        super().__init__(("127.0.0.1", port), handler)
        self.bank = bank
        self.tls = tls

    def server_bind(self):
        # not HTTPServer's own, which asks a name server for our name
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def finish_request(self, request, client_address):
        """The TLS handshake belongs to the connection's own thread, so that a client that hangs stops nobody."""
        if self.tls is not None:
            request.settimeout(30)
            request = self.tls.wrap_socket(request, server_side=True)
        if isinstance(self.RequestHandlerClass, type) and issubclass(self.RequestHandlerClass, BankHandler):
            with self.bank.lock:
                self.bank.connections += 1
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # a client that went away, or that did not trust us, is not news


def tls_context(certificate, key, clients=None):
    """`clients`: the authority whose certificates every client must show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context
