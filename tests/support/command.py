# SPDX-License-Identifier: GPL-3.0-or-later
"""The command, left running while a test plays the person in front of it: what it says is read as it says it."""

import contextlib
import os
import pty
import re
import socket
import subprocess
import threading
import urllib.parse

from desk import DeskError

ADDRESS = re.compile(r"^\s+(https?://\S+)$", re.M)
CODE = re.compile(r"^\s+([A-Z]{4}-[A-Z]{4})$", re.M)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Command:
    """Without a terminal."""

    def __init__(self, desk, words, stdin=""):
        self.said, self.told = "", ""
        self.process = desk.start([str(desk.cli_program), *words], env=dict(desk.env, **desk.time_env), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.desk = desk
        self.process.stdin.write(stdin.encode())
        self.process.stdin.flush()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in iter(self.process.stderr.readline, b""):
            self.said += line.decode()

    def address(self):
        return self.desk.wait(lambda: ADDRESS.search(self.said), 20, "the page: " + self.said).group(1)

    def redirect(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.address()).query))["redirect_uri"]

    def code(self):
        return self.desk.wait(lambda: CODE.search(self.said), 20, "the code: " + self.said).group(1)

    def paste(self, line):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def end(self, seconds=60):
        """A command that does not end by then is a failure that says where it stands; what it tells is short enough for a pipe."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise DeskError("the command has not ended: %s\n%s" % (self.said, self.desk.log_tail())) from None
        self.told = self.process.stdout.read().decode()
        self.reader.join(5)
        return self.process.returncode


class Typed(Command):
    """The same on a terminal of its own."""

    def __init__(self, desk, words):
        self.said, self.told, self.desk = "", "", desk
        self.terminal, inner = pty.openpty()
        desk.closing.callback(os.close, self.terminal)
        self.process = desk.start([str(desk.cli_program), *words], env=dict(desk.env, **desk.time_env, TERM="xterm"), stdin=inner,
                                  stdout=subprocess.PIPE, stderr=inner)
        os.close(inner)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        with contextlib.suppress(OSError):
            while piece := os.read(self.terminal, 4096):
                self.said += piece.decode("utf-8", "replace").replace("\r", "")

    def answer(self, question, line):
        self.desk.wait(lambda: question in self.said, 20, question + " in " + self.said)
        os.write(self.terminal, line.encode() + b"\n")

    def paste(self, line):
        os.write(self.terminal, line.encode() + b"\n")
