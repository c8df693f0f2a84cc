#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bank's web server that misbehaves when asked to, on 127.0.0.1 with a throw-away CA.

https-server.py DIRECTORY makes its keys in DIRECTORY, prints "NAME PORT" lines and an empty line, and
ends when its standard input does. The path asked for chooses what happens.
"""
import gzip
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

lock = threading.Lock()
counts = {"connections": 0, "landed": 0}
BOMB = gzip.compress(bytes(64 * 1024 * 1024), 9)


def count(name):
    with lock:
        counts[name] += 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def setup(self):
        super().setup()
        count("connections")

    def handle(self):
        try:
            super().handle()
        except OSError:  # the client has gone, as a cancelled one does
            pass

    def log_message(self, *arguments):
        pass

    def answer(self, body=b"", status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def any_method(self):
        length = int(self.headers.get("Content-Length", 0))
        self.received = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        getattr(self, "on_" + path.strip("/").replace("-", "_"), self.on_missing)(query)

    do_GET = do_POST = do_PUT = do_DELETE = any_method

    def on_ok(self, query):
        self.answer(b"hello", headers=[("X-Bank", "  Koban \t"), ("X-Bank-2", "b")])

    def on_missing(self, query):
        self.answer(b"nothing here", 404)

    def on_echo(self, query):
        said = {"method": self.command, "body": self.received.decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()}}
        self.answer(json.dumps(said).encode())

    def on_count(self, query):
        self.answer(str(counts[query]).encode())

    def on_gzip(self, query):
        self.answer(gzip.compress(b"0123456789" * 5000), headers=[("Content-Encoding", "gzip")])

    def on_broken_gzip(self, query):
        self.answer(b"this is not gzip at all", headers=[("Content-Encoding", "gzip")])

    def on_bomb(self, query):
        self.answer(BOMB, headers=[("Content-Encoding", "gzip")])

    def on_redirect(self, query):
        self.answer(status=int(query), headers=[("Location", "/landed")])

    def on_landed(self, query):
        count("landed")
        self.answer()

    def on_limited(self, query):
        self.answer(status=429, headers=[("Retry-After", query.replace("_", " "))])

    def on_declared(self, query):
        self.send_response(200)
        self.send_header("Content-Length", query)
        self.end_headers()
        self.close_connection = True

    def on_endless(self, query):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(9):
            self.wfile.write(b"100000\r\n" + bytes(0x100000) + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def on_head(self, query):
        self.answer(headers=[("X-%d" % i, "y" * 4000) for i in range(20)])

    def on_cut(self, query):
        self.send_response(200)
        if query == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"10\r\n0123" if query == "chunked" else b"[1,2,3")
        self.close_connection = True

    def on_silent(self, query):
        self.close_connection = True

    def on_garbage(self, query):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True

    def on_trickle(self, query):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b".")
            time.sleep(0.02)

    def on_slow(self, query):
        time.sleep(int(query) / 1000)
        self.answer(b"slow")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_ca(directory, name):
    openssl(directory, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".pem", "-days", "2", "-subj", "/CN=Throw-away " + name)


def make_certificate(directory, name, alternative, days):
    with open(os.path.join(directory, name + ".ext"), "w", encoding="ascii") as file:
        file.write("subjectAltName=" + alternative + "\n")
    openssl(directory, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
    openssl(directory, "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", days, "-extfile", name + ".ext", "-out", name + ".pem")


def serve(name, directory=None, wants_certificate=False):
    server = Server(("127.0.0.1", 0), Handler)
    if directory is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own = "good" if wants_certificate else name
        context.load_cert_chain(os.path.join(directory, own + ".pem"), os.path.join(directory, own + ".key"))
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(os.path.join(directory, "ca.pem"))
        # The handshake is made by the connection's own thread, at its first read.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(name, server.server_address[1], flush=True)


def serve_deaf():
    """Takes connections and never says a word: a handshake that hangs."""
    deaf = socket.create_server(("127.0.0.1", 0))
    print("deaf", deaf.getsockname()[1], flush=True)
    return deaf


def main():
    directory = sys.argv[1]
    make_ca(directory, "ca")
    make_ca(directory, "stranger")
    make_certificate(directory, "good", "DNS:localhost,IP:127.0.0.1,DNS:bank.localhost", "2")
    make_certificate(directory, "expired", "IP:127.0.0.1", "-1")
    make_certificate(directory, "other", "DNS:other.example", "2")
    for name in ("good", "expired", "other"):
        serve(name, directory)
    make_certificate(directory, "client", "DNS:client", "2")
    serve("mutual", directory, wants_certificate=True)
    serve("plain")
    deaf = serve_deaf()
    print(flush=True)
    sys.stdin.read()
    deaf.close()


main()
