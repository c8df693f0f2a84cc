# SPDX-License-Identifier: GPL-3.0-or-later
"""Lives of the agent that end at a step of choice (torture.c), on one desk that is put back between them.

A life is begun, does what a scenario asks of it, and ends by SIGKILL: at the step that was wished, or when all is done. What
it leaves behind is what the next one finds: its files, the keyring, the bank, what was shown.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import struct
import time
import urllib.parse

from desk import IFACE, NAME, SOURCE, Desk, DeskError, Gio, GLib, preloaded

WISH = struct.Struct("=qq")
TOLD = struct.Struct("=qqq16s")
LOGIN, SESSION = "/org/freedesktop/secrets/collection/login", "/org/freedesktop/secrets/collection/session"


class Died(Exception):
    """The agent is gone before it did what was asked."""


class World:
    def __init__(self, **how):
        self.desk = Desk(moving_time=True, **how)
        self.data = pathlib.Path(self.desk.env["XDG_DATA_HOME"]) / "koban"
        self.config = pathlib.Path(self.desk.env["XDG_CONFIG_HOME"]) / "koban"
        self.kept = pathlib.Path(self.desk.scratch) / "kept"
        self.owner, self.finished, self.told, self.dead = "", {}, b"", True
        self.steps, self.last, self.pid = 0, "", None
        self.server = None
        self.bank = None
        self.kept_secrets = None
        bus = self.desk.bus
        bus.signal_subscribe("org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", None, NAME,
                             Gio.DBusSignalFlags.NONE, self.on_owner)
        bus.signal_subscribe(NAME, IFACE + ".Operation", "Finished", None, None, Gio.DBusSignalFlags.NONE, self.on_finished)

    def close(self):
        if self.server is not None:
            os.close(self.wishes)
            self.desk.end(self.server)
        self.desk.close()

    def on_owner(self, *event):
        self.owner = event[5].unpack()[2]

    def on_finished(self, connection, sender, path, interface, member, value):
        self.finished[path] = value.unpack()

    # --- how it was

    def keep(self, secrets=False):
        """This is how every chain of lives begins."""
        self.desk.stop_agent()
        shutil.rmtree(self.kept, ignore_errors=True)
        self.kept.mkdir()
        for name, folder in (("data", self.data), ("config", self.config)):
            if folder.exists():
                shutil.copytree(folder, self.kept / name)
        self.kept_secrets = self.secrets() if secrets else None
        self.kept_offset = self.desk.offset_s
        if self.bank is not None:
            self.bank.tell("keep")
        self.start_server()

    def back(self):
        for name, folder in (("data", self.data), ("config", self.config)):
            shutil.rmtree(folder, ignore_errors=True)
            if (self.kept / name).exists():
                shutil.copytree(self.kept / name, folder)
        if self.kept_secrets is not None:
            self.put_secrets_back()
        if self.bank is not None:
            self.bank.tell("back")
        self.desk.notifier.said.clear()

    # --- secrets, as the command would put them there

    def session(self):
        return self.desk.secret_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "OpenSession",
                                     GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))), "(vo)")[1]

    def secrets(self):
        """(attributes, value) of each of Koban's items; a dead agent's last wish may take one away meanwhile."""
        session, found = self.session(), []
        for path in self.desk.secret_items():
            with contextlib.suppress(GLib.Error):
                found.append(self.read_secret(path, session))
        return found

    def read_secret(self, path, session):
        wanted = GLib.Variant("(ss)", ("org.freedesktop.Secret.Item", "Attributes"))
        attributes = self.desk.secret_call(path, "org.freedesktop.DBus.Properties", "Get", wanted, "(v)")[0]
        value = self.desk.secret_call(path, "org.freedesktop.Secret.Item", "GetSecret", GLib.Variant("(o)", (session,)),
                                      "((oayays))")[0][2]
        return attributes, bytes(value)

    def put_secret(self, attributes, value, collection=LOGIN):
        properties = {"org.freedesktop.Secret.Item.Label": GLib.Variant("s", "Koban"),
                      "org.freedesktop.Secret.Item.Attributes": GLib.Variant("a{ss}", attributes)}
        secret = (self.session(), b"", value, "text/plain")
        self.desk.secret_call(collection, "org.freedesktop.Secret.Collection", "CreateItem",
                              GLib.Variant("(a{sv}(oayays)b)", (properties, secret, True)), "(oo)")

    def put_secrets_back(self):
        for path in self.desk.secret_items():
            with contextlib.suppress(GLib.Error):
                self.desk.delete_secret(path)
        for attributes, value in self.kept_secrets:
            self.put_secret(attributes, value)

    @staticmethod
    def names_in(value):
        """What a bundle holds: name → value."""
        return {name: urllib.parse.unquote(text) for name, _, text in
                (line.partition("=") for line in value.decode().splitlines())}

    # --- one life

    def start_server(self):
        if self.server is not None:
            return
        inner_in, self.wishes = os.pipe()
        self.told_fd, inner_out = os.pipe()
        os.set_inheritable(inner_in, True)
        os.set_inheritable(inner_out, True)
        env = dict(self.desk.env, **self.desk.time_env, **self.desk.agent_env)
        env.update(LD_PRELOAD=self.desk.preload(self.desk.time_env["LD_PRELOAD"], preloaded("torture")),
                   TORTURE_WISHES=str(inner_in), TORTURE_TOLD=str(inner_out))
        log = open(self.desk.agent_log, "ab")
        self.server = self.desk.start([str(self.desk.agent_program)], env=env, stdout=log, stderr=log,
                                      pass_fds=(inner_in, inner_out))
        for fd in (inner_in, inner_out):
            os.close(fd)
        log.close()
        os.set_blocking(self.told_fd, False)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, self.told_fd, GLib.IOCondition.IN | GLib.IOCondition.HUP, self.on_told)

    def on_told(self, fd, condition, *data):
        with contextlib.suppress(BlockingIOError):
            self.told += os.read(fd, 4096)
        while len(self.told) >= TOLD.size:
            pid, status, steps, last = TOLD.unpack(self.told[:TOLD.size])
            self.told = self.told[TOLD.size:]
            if status == -1:
                self.pid, self.dead = pid, False
            else:
                self.dead, self.status, self.steps, self.last = True, status, steps, last.rstrip(b"\0").decode()
        return not condition & GLib.IOCondition.HUP

    def until(self, ready, seconds=30, what="that", tick_ms=4):
        """Until `ready ()`; Died if the agent is gone first."""
        context, deadline = GLib.MainContext.default(), time.monotonic() + seconds
        tick = GLib.timeout_add(tick_ms, lambda: True)
        try:
            while True:
                value = ready()
                if value:
                    return value
                if self.dead:
                    raise Died
                if time.monotonic() > deadline:
                    raise DeskError("waited %d s in vain for %s\n%s" % (seconds, what, self.desk.log_tail()))
                context.iteration(True)
        finally:
            GLib.source_remove(tick)

    def forget(self):
        """What the bus still has to say of the last life must not be taken for this one's."""
        context, deadline = GLib.MainContext.default(), time.monotonic() + 10
        while self.desk.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                                      GLib.Variant("(s)", (NAME,)), GLib.VariantType("(b)"), 0, 5000, None).unpack()[0]:
            if time.monotonic() > deadline:
                raise DeskError("somebody else has the agent's name")
        while context.iteration(False):
            pass

    def live(self, act, kill_at=0, half=False):
        """TRUE if it did all that `act` asks before it was killed."""
        self.forget()
        self.owner, self.dead, self.pid = "", False, None
        self.finished.clear()
        os.write(self.wishes, WISH.pack(kill_at, half))
        try:
            self.until(lambda: self.owner, 30, "the agent to take its name")
            act(self)
            done = True
        except Died:
            done = False
        except GLib.Error as error:
            done = False
            self.mourn(error)
        finally:
            if not self.dead:
                self.kill()
        return done

    def mourn(self, error):
        """A call failed: because nobody is there to answer it, or there is a fault."""
        try:
            self.until(lambda: self.dead, 10, "the agent to be dead")
        except Died:
            pass
        except DeskError:
            raise DeskError("a call was refused: %s" % error) from None

    def kill(self):
        with contextlib.suppress(Died):
            self.until(lambda: self.pid, 5, "a process")
        if not self.dead:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(Died):
                self.until(lambda: self.dead, 10, "the agent to be dead")

    # --- what a life is asked to do

    def call(self, method, arguments=None, kind="()"):
        if self.dead:
            raise Died
        return self.desk.call(method, arguments, kind, start=False)

    def operate(self, method, arguments, files=None):
        """An operation, to its end."""
        value, _ = self.desk.bus.call_with_unix_fd_list_sync(
            NAME, "/org/koban/Koban", IFACE, method, arguments, GLib.VariantType("(o)"), Gio.DBusCallFlags.NO_AUTO_START,
            60000, files, None)
        path = value.unpack()[0]
        self.desk.call("Start", None, "()", path=path, interface=IFACE + ".Operation", start=False)
        return self.until(lambda: self.finished.get(path), 60, "the end of " + method)

    def check(self):
        return self.operate("Check", GLib.Variant("(as)", ([],)))

    def list(self, what, **words):
        filters = {k: GLib.Variant("b" if isinstance(v, bool) else "s", v) for k, v in words.items()}
        return self.call("List" + what, GLib.Variant("(a{sv})", (filters,)), "(aa{sv})")[0]

    def wait_sent(self):
        """Until all that is due was told and marked."""
        self.until(lambda: self.query("SELECT count(*) FROM outbox WHERE sent_us IS NULL AND due_us <= ?",
                                      int(self.desk.now() * 1e6))[0][0] == 0, 30, "the outbox to be empty")

    # --- what it left behind

    def query(self, sql, *arguments):
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % (self.data / "koban.db"), uri=True, timeout=5)) as db:
            return db.execute(sql, arguments).fetchall()

    def has_ledger(self):
        """Once it has a table: before the first commit there is nothing to open."""
        path = self.data / "koban.db"
        return path.exists() and path.stat().st_size > 0

    def spent(self):
        """How many requests were taken from the budget since the life began."""
        with contextlib.suppress(sqlite3.OperationalError):
            return self.query("SELECT count(*) FROM request WHERE spent_us >= ?", self.began_us)[0][0]
        return 0

    def faults_of_the_ledger(self):
        """As words; nothing is wrong if there are none."""
        wrong = [p.name for p in self.data.glob("*") if re.search("damaged|aside|corrupt", p.name)]
        if self.has_ledger() and self.query("PRAGMA quick_check") != [("ok",)]:
            wrong.append("quick_check")
        return wrong

    def repeats(self, said):
        return len(said) - len(set(said))


SAMPLES = SOURCE / "tests/statements"
