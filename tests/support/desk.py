# SPDX-License-Identifier: GPL-3.0-or-later
"""A desk: one person's private session with real parts, for a test or the demo.

It has a home of its own, a session bus of its own that activates the built agent, a real
gnome-keyring, a notification server, and as many banks as are opened. Nothing of the person who runs
it is read or written: HOME and XDG_* are set before the bus starts, and the bus activates only what
stands in the desk's own service folder. Time can be moved from outside (moved-time.c); the agent knows
nothing of it.
"""

import contextlib
import json
import os
import pathlib
import pty
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("KOBAN_SOURCE_ROOT", pathlib.Path(__file__).resolve().parent.parent.parent))
BUILD = pathlib.Path(os.environ.get("KOBAN_BUILD_ROOT", SOURCE / "build"))
COUNTING = "KOBAN_COUNTING" in os.environ  # which lines run: tests/coverage
SANITIZERS = ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")  # what tests/sanitize asks of them
SANDBOX = SOURCE / "tests/sandbox"
STORIES = SOURCE / "tests/stories"
KEYRING_PASSWORD = "a-throw-away-password"
NAME, PATH, IFACE = "org.koban.Koban", "/org/koban/Koban", "org.koban.Koban1"
NOTIFICATIONS = "org.freedesktop.Notifications"
SECRETS = "org.freedesktop.secrets"

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%(socket)s</listen>
  <auth>EXTERNAL</auth>
  <servicedir>%(services)s</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class DeskError(Exception):
    pass


def have(*programs):
    """The first program that is not installed, or None."""
    return next((p for p in programs if shutil.which(p) is None), None)


def missing(part, test):
    """Skips with a reason; with CI=true a missing part is a failure."""
    if os.environ.get("CI") == "true":
        test.fail("%s is not installed" % part)
    test.skipTest("%s is not installed" % part)


def require(test, *programs):
    part = have(*programs)
    if part is not None:
        missing(part, test)


def preloaded(name):
    """A library of the test suite that is loaded into a program under test."""
    path = BUILD / "tests/integration" / ("lib%s.so" % name)
    if not path.exists():
        raise DeskError("%s is not built" % path)
    return str(path)


def is_sanitized(program, by=("asan", "tsan")):
    """Whether a sanitizer is in the program itself or, as gcc has it, in a library that it needs."""
    image = pathlib.Path(program).read_bytes()
    return any(b"__%s_init" % one.encode() in image for one in by)


def sanitizer_of(program):
    """libasan must come before everything else that is preloaded; the path, or None."""
    listed = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE, text=True).stdout
    for line in listed.splitlines():
        if "libasan" in line:
            return line.split("=>")[1].split()[0]
    return None


def alive(pid):
    """Running, and not only waiting to be buried."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Desk:
    """`keyring`: unlocked, or None; `notifier`: recorder, dunst, or None. Close it in the end."""

    def __init__(self, keyring="unlocked", notifier="recorder", moving_time=False, locale="C.UTF-8"):
        self.scratch = tempfile.mkdtemp(prefix="koban-desk-")
        self.closing = contextlib.ExitStack()
        self.closing.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        self.home = pathlib.Path(self.scratch) / "home"
        self.agent_program = BUILD / "agent/koban-agent"
        self.cli_program = BUILD / "src/cli/koban"
        self.import_program = BUILD / "agent/import/koban-import"
        self.agent_env = {}
        self.agent_wrapper = []
        self.agent_log = pathlib.Path(self.scratch) / "agent.log"
        self.moving_time = moving_time
        self.notifier = None
        self.display = None
        self.banks = []
        self.env = self.make_home(locale)
        try:
            self.start_bus()
            if keyring is not None:
                self.start_keyring(KEYRING_PASSWORD)
            if notifier == "recorder":
                self.start_notifier()
            elif notifier == "dunst":
                self.start_dunst()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        with contextlib.suppress(Exception):
            self.stop_agent()
        self.closing.close()

    # --- home and clock

    def make_home(self, locale):
        folders = {"HOME": "", "XDG_DATA_HOME": ".local/share", "XDG_CONFIG_HOME": ".config",
                   "XDG_CACHE_HOME": ".cache", "XDG_STATE_HOME": ".local/state"}
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": locale, "TZ": "UTC", "NO_AT_BRIDGE": "1",
               "GTK_A11Y": "none", "GSETTINGS_BACKEND": "memory", "GIO_USE_VFS": "local",
               "KOBAN_PROVIDERS": str(SOURCE / "data/providers"), "KOBAN_SERVICES": str(SOURCE / "data/services"),
               "KOBAN_STATEMENTS": str(SOURCE / "data/statements"), "KOBAN_DEADLINES": str(SOURCE / "data/deadlines"),
               "G_SLICE": "always-malloc", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
               "ASAN_OPTIONS": "detect_leaks=0"}
        env.update({name: os.environ[name] for name in SANITIZERS if name in os.environ})
        for name, folder in folders.items():
            env[name] = str(self.home / folder) if folder else str(self.home)
            os.makedirs(env[name], exist_ok=True)
        env["XDG_RUNTIME_DIR"] = os.path.join(self.scratch, "run")
        os.mkdir(env["XDG_RUNTIME_DIR"], 0o700)
        env["XDG_DATA_DIRS"] = os.path.join(self.scratch, "share")
        # nothing of this computer's own is asked; start_system_bus() puts a bus there
        env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=" + os.path.join(env["XDG_RUNTIME_DIR"], "system-bus")
        if COUNTING:
            env["LD_PRELOAD"] = preloaded("unconfined")
        self.time_env = {}
        if self.moving_time:
            self.clock_file = os.path.join(self.scratch, "clock")
            self.set_clock(time.time())
            self.time_env = {"MOVED_TIME": self.clock_file, "LD_PRELOAD": self.preload(preloaded("moved-time"))}
        return env

    def preload(self, *libraries):
        """A sanitizer's library must come first."""
        first = [sanitizer] if (sanitizer := sanitizer_of(self.agent_program)) else []
        return ":".join(first + ([preloaded("unconfined")] if COUNTING else []) + list(libraries))

    def set_clock(self, unix_s):
        """From now on agent and command live at this moment, and go on from it."""
        self.offset_s = unix_s - time.time()
        with open(self.clock_file, "r+b" if os.path.exists(self.clock_file) else "wb") as clock:
            clock.write(struct.pack("=q", round(self.offset_s * 1e6)))

    def now(self):
        return time.time() + (self.offset_s if self.moving_time else 0)

    # --- the bus and what it activates

    def start_bus(self):
        services = pathlib.Path(self.env["XDG_DATA_DIRS"]) / "dbus-1/services"
        services.mkdir(parents=True)
        self.services = services
        self.write_launcher()
        (services / (NAME + ".service")).write_text(
            "[D-BUS Service]\nName=%s\nExec=%s\n" % (NAME, self.launcher), encoding="utf-8")
        (services / (NAME + ".Import.service")).write_text(
            "[D-BUS Service]\nName=%s.Import\nExec=%s\n" % (NAME, self.import_program), encoding="utf-8")
        self.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + os.path.join(self.env["XDG_RUNTIME_DIR"], "bus")
        self.bus_process, self.bus = self.run_bus("DBUS_SESSION_BUS_ADDRESS", services)

    def run_bus(self, variable, services):
        config = os.path.join(self.scratch, variable + ".conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(BUS_CONFIG % {"socket": self.env[variable].partition("=")[2], "services": services})
        process = self.start(["dbus-daemon", "--config-file=" + config, "--nofork", "--nosyslog"])
        bus = self.wait(lambda: self.connect(variable), 10, "a bus")
        self.closing.callback(bus.close_sync, None)
        return process, bus

    def start_system_bus(self):
        """A system bus of the desk's own, with nothing on it."""
        self.system_bus = self.run_bus("DBUS_SYSTEM_BUS_ADDRESS", self.scratch)[1]
        return self.system_bus

    def connect(self, variable="DBUS_SESSION_BUS_ADDRESS"):
        """A connection to a bus of the desk; None while the bus does not answer."""
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        try:
            connection = Gio.DBusConnection.new_for_address_sync(self.env[variable], flags, None, None)
        except GLib.Error:
            return None
        connection.set_exit_on_close(False)
        return connection

    @property
    def launcher(self):
        return os.path.join(self.scratch, "launch-agent")

    def write_launcher(self):
        """What the bus runs: read at each activation, so that a test may change how the next agent runs."""
        env = dict(self.time_env, **self.agent_env)
        if "LD_PRELOAD" in self.time_env and "LD_PRELOAD" in self.agent_env:
            env["LD_PRELOAD"] = self.time_env["LD_PRELOAD"] + ":" + self.agent_env["LD_PRELOAD"]
        words = self.agent_wrapper + ["env"] + ["%s=%s" % pair for pair in env.items()] + [str(self.agent_program)]
        fresh = self.launcher + ".new"
        with open(fresh, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\nexec %s >>%s 2>&1\n" % (" ".join(map(shlex.quote, words)), shlex.quote(str(self.agent_log))))
        os.chmod(fresh, 0o755)
        os.replace(fresh, self.launcher)

    def start(self, words, env=None, **more):
        """A program that lives as long as the desk; only it is ended, by its own id."""
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.DEVNULL)
        more.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(words, env=env or self.env, cwd=self.scratch, start_new_session=True, **more)
        self.closing.callback(self.end, process)
        return process

    @staticmethod
    def end(process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def wait(self, ready, seconds=20, what="that"):
        """Until `ready ()`; the main context runs meanwhile. Returns what it gave."""
        deadline = time.monotonic() + seconds
        context = GLib.MainContext.default()
        while True:
            while context.iteration(False):
                pass
            value = ready()
            if value:
                return value
            if time.monotonic() > deadline:
                raise DeskError("waited %d s in vain for %s\n%s" % (seconds, what, self.log_tail()))
            time.sleep(0.01)

    def log_tail(self):
        try:
            return "agent said:\n" + self.agent_log.read_text(encoding="utf-8", errors="replace")[-12000:]
        except OSError:
            return "the agent said nothing"

    def bus_call(self, method, arguments, kind):
        return self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
                                  arguments, GLib.VariantType(kind), Gio.DBusCallFlags.NONE, 10000, None).unpack()[0]

    def is_owned(self, name):
        return self.bus_call("NameHasOwner", GLib.Variant("(s)", (name,)), "(b)")

    def pid_of(self, name):
        if not self.is_owned(name):
            return None
        try:
            return self.bus_call("GetConnectionUnixProcessID", GLib.Variant("(s)", (name,)), "(u)")
        except GLib.Error:
            return None

    # --- keyring

    def start_keyring(self, password, replace=False):
        """A daemon with the login keyring unlocked by `password`; the password makes the keyring the first time."""
        process = self.start(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
                             + (["--replace"] if replace else []), stdin=subprocess.PIPE)
        process.stdin.write(password.encode())
        process.stdin.close()
        process.stdin = None
        self.keyring_process = process
        self.wait(lambda: self.pid_of(SECRETS) == process.pid, 10, "the keyring")

    def start_locked_keyring(self):
        """As after a login without a password: the file is there, and nobody has unlocked it."""
        self.keyring_process = self.start(["gnome-keyring-daemon", "--foreground", "--start", "--components=secrets"])
        self.wait(lambda: self.is_owned(SECRETS), 10, "the keyring")

    def kill_keyring(self):
        self.end(self.keyring_process, signal.SIGKILL)
        self.wait(lambda: not self.is_owned(SECRETS), 10, "the keyring to be gone")

    def secret_call(self, path, interface, method, arguments, kind):
        return self.bus.call_sync(SECRETS, path, interface, method, arguments, GLib.VariantType(kind),
                                  Gio.DBusCallFlags.NONE, 10000, None).unpack()

    def lock_keyring(self):
        self.secret_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "Lock",
                         GLib.Variant("(ao)", (["/org/freedesktop/secrets/collection/login"],)), "(aoo)")

    def unlock_keyring(self, password=KEYRING_PASSWORD):
        """Through gnome-keyring's own interface for tests: no prompt."""
        _, session = self.secret_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "OpenSession",
                                      GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))), "(vo)")
        secret = GLib.Variant("(o(oayays))", ("/org/freedesktop/secrets/collection/login",
                                              (session, b"", password.encode(), "text/plain")))
        self.secret_call("/org/freedesktop/secrets", "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
                         "UnlockWithMasterPassword", secret, "()")

    def secret_items(self):
        """Paths of Koban's items, locked ones too."""
        unlocked, locked = self.secret_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "SearchItems",
                                            GLib.Variant("(a{ss})", ({"xdg:schema": "org.koban.Secret"},)), "(aoao)")
        return unlocked + locked

    def delete_secret(self, path):
        self.secret_call(path, "org.freedesktop.Secret.Item", "Delete", None, "(o)")

    def pretend_prompter(self):
        """In the place of the program that asks for passwords: the growing list of times that it was asked to."""
        asked = []
        xml = ('<node><interface name="org.gnome.keyring.internal.Prompter"><method name="BeginPrompting">'
               '<arg type="o" direction="in"/></method></interface></node>')

        def call(connection, sender, path, interface, method, arguments, invocation):
            asked.append(sender)
            invocation.return_value(None)

        self.bus.register_object("/org/gnome/keyring/Prompter", Gio.DBusNodeInfo.new_for_xml(xml).interfaces[0], call,
                                 None, None)
        self.bus_call("RequestName", GLib.Variant("(su)", ("org.gnome.keyring.SystemPrompter", 4)), "(u)")
        return asked

    # --- notifications

    def start_notifier(self, capabilities="body,body-markup,actions,persistence", forward=None):
        """`forward` is the address of another bus, whose server shows everything as well."""
        self.notifier = Recorder(self, [capabilities] + ([forward] if forward else []))
        self.wait(lambda: self.is_owned(NOTIFICATIONS), 10, "the notification server")
        return self.notifier

    def start_dunst(self, choose=""):
        """A real server on a real (virtual) screen. `choose` is the label that its context menu picks."""
        self.start_screen()
        menu = os.path.join(self.scratch, "choose-action")
        with open(menu, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\ntee -a %s/menu | grep -F -m1 -- \"$(cat %s/choice)\"\n" % (self.scratch, self.scratch))
        os.chmod(menu, 0o755)
        self.choose(choose)
        config = os.path.join(self.scratch, "dunstrc")
        with open(config, "w", encoding="utf-8") as out:
            out.write("[global]\n markup = full\n dmenu = %s\n browser = /bin/true\n" % menu)
        env = dict(self.env, DISPLAY=self.display)
        self.dunst_process = self.start(["dunst", "-conf", config], env=env)
        self.wait(lambda: self.is_owned(NOTIFICATIONS), 10, "dunst")

    def choose(self, label):
        with open(os.path.join(self.scratch, "choice"), "w", encoding="utf-8") as out:
            out.write(label + "\n")

    def dunstctl(self, *words):
        env = dict(self.env, DISPLAY=self.display)
        return subprocess.run(["dunstctl", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=20).stdout

    def dunst_shown(self):
        """What dunst has on the screen or has had: newest first."""
        history = json.loads(self.dunstctl("history") or "{}")
        return [{k: v["data"] for k, v in row.items()} for row in history.get("data", [[]])[0]]

    def start_screen(self):
        reading, writing = os.pipe()
        self.start(["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x600x24", "-nolisten", "tcp"],
                   pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as number:
            self.display = ":" + number.readline().strip()

    # --- what a session has besides

    def mock(self, bus, name, path, *words):
        """A service of python3-dbusmock; a function that calls its methods."""
        process = self.start(["/usr/bin/python3", "-m", "dbusmock", *words])

        def call(interface, method, arguments=None, kind="()", path=path):
            return bus.call_sync(name, path, interface, method, arguments, GLib.VariantType(kind),
                                 Gio.DBusCallFlags.NO_AUTO_START, 10000, None).unpack()

        def answers():
            with contextlib.suppress(GLib.Error):
                return call("org.freedesktop.DBus.Peer", "Ping") == ()

        self.wait(answers, 10, name)
        call.process = process
        return call

    def start_logind(self):
        """A session of this user, which `lock` locks."""
        login = "org.freedesktop.login1"
        call = self.mock(self.start_system_bus(), login, "/org/freedesktop/login1", "--system", "--template", "logind")
        session = call("org.freedesktop.DBus.Mock", "AddSession",
                       GLib.Variant("(ssusb)", ("c1", "seat0", os.getuid(), "me", True)), "(s)")[0]
        # as the real one gives it; the template's own adds a number to a text
        call("org.freedesktop.DBus.Mock", "AddMethod", GLib.Variant("(sssss)", (
            login + ".Manager", "GetUser", "u", "o", "ret = '/org/freedesktop/login1/user/%d' % args[0]")))
        call("org.freedesktop.DBus.Properties", "Set",
             GLib.Variant("(ssv)", (login + ".User", "Display", GLib.Variant("(so)", ("c1", session)))),
             path="/org/freedesktop/login1/user/%d" % os.getuid())
        self.logind_process = call.process
        return lambda locked: call(login + ".Session", "SetLockedHint", GLib.Variant("(b)", (locked,)), path=session)

    def start_portal(self, version=2, *words):
        portal = Portal(self, [str(version), *words])
        self.wait(lambda: self.is_owned("org.freedesktop.portal.Desktop"), 10, "the portal")
        return portal

    def start_real_portal(self):
        """xdg-desktop-portal with its GTK backend, on a virtual screen, and a browser that keeps a copy of what it opens; its
        path. None where it is not installed."""
        programs = ["/usr/libexec/" + name for name in ("xdg-permission-store", "xdg-desktop-portal-gtk", "xdg-desktop-portal")]
        if not all(os.access(program, os.X_OK) for program in programs):
            return None
        self.start_screen()
        copy = os.path.join(self.scratch, "opened.html")
        applications = pathlib.Path(self.env["XDG_DATA_HOME"]) / "applications"
        applications.mkdir(parents=True, exist_ok=True)
        (applications / "browser.desktop").write_text(
            "[Desktop Entry]\nType=Application\nName=Browser\nMimeType=text/html;\nExec=cp %%f %s\n" % copy, encoding="utf-8")
        (applications / "mimeapps.list").write_text("[Default Applications]\ntext/html=browser.desktop\n", encoding="utf-8")
        (applications / "mimeinfo.cache").write_text("[MIME Cache]\ntext/html=browser.desktop;\n", encoding="utf-8")
        # of the system's data what the backend needs, but no program: with one browser there is nothing to choose
        for folder in ("mime", "glib-2.0", "icons", "themes"):
            link = pathlib.Path(self.env["XDG_DATA_DIRS"]) / folder
            if not link.is_symlink():
                link.symlink_to("/usr/share/" + folder)
        env = dict(self.env, DISPLAY=self.display, GDK_BACKEND="x11", XDG_CURRENT_DESKTOP="gnome")
        names = ["org.freedesktop.impl.portal.PermissionStore", "org.freedesktop.impl.portal.desktop.gtk",
                 "org.freedesktop.portal.Desktop"]
        for program, name in zip(programs, names):
            with open(os.path.join(self.scratch, os.path.basename(program) + ".log"), "wb") as log:
                self.start([program], env=env, stderr=log)
            self.wait(lambda: self.is_owned(name), 20, name)
        return copy

    def start_screen_saver(self):
        """GNOME's, which the function given back turns on and off."""
        name, path = "org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"
        call = self.mock(self.bus, name, path, "--template", "gnome_screensaver")
        self.saver_process = call.process
        return lambda active: call(name, "SetActive", GLib.Variant("(b)", (active,)))

    def pretend_systemd(self):
        """Owns the user manager's name; returns the growing list of (method, units) that it was asked for."""
        asked = []
        methods = "".join('<method name="%s"><arg type="as" direction="in"/>%s%s<arg type="a(sss)" direction="out"/>'
                          "</method>" % (name, '<arg type="b" direction="in"/>' * flags, extra)
                          for name, flags, extra in (("EnableUnitFiles", 2, '<arg type="b" direction="out"/>'),
                                                     ("DisableUnitFiles", 1, "")))
        xml = '<node><interface name="org.freedesktop.systemd1.Manager">%s<method name="Reload"/></interface></node>' % methods

        def call(connection, sender, path, interface, method, arguments, invocation):
            if method == "Reload":
                invocation.return_value(None)
                return
            asked.append((method, arguments.unpack()[0]))
            invocation.return_value(GLib.Variant("(ba(sss))", (True, [])) if method == "EnableUnitFiles"
                                    else GLib.Variant("(a(sss))", ([],)))

        self.bus.register_object("/org/freedesktop/systemd1", Gio.DBusNodeInfo.new_for_xml(xml).interfaces[0], call,
                                 None, None)
        self.bus_call("RequestName", GLib.Variant("(su)", ("org.freedesktop.systemd1", 4)), "(u)")
        return asked

    # --- the agent

    def start_agent(self):
        """Its process id; None if it is gone again."""
        self.bus_call("StartServiceByName", GLib.Variant("(su)", (NAME, 0)), "(u)")
        return self.pid_of(NAME)

    def agent_pid(self):
        return self.pid_of(NAME)

    def set_agent(self, wrapper=(), **env):
        """How the next agent that the bus starts is run."""
        self.agent_wrapper, self.agent_env = list(wrapper), env
        self.write_launcher()

    def stop_agent(self, how=signal.SIGTERM):
        pid = self.agent_pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):  # it may be dead before the bus knows
            os.kill(pid, how)
        self.wait(lambda: not alive(pid) and self.agent_pid() != pid, 15, "the agent to end")

    def call(self, method, arguments=None, kind=None, path=PATH, interface=IFACE, timeout_ms=60000, start=True):
        flags = Gio.DBusCallFlags.NONE if start else Gio.DBusCallFlags.NO_AUTO_START
        value = self.bus.call_sync(NAME, path, interface, method, arguments, kind and GLib.VariantType(kind), flags,
                                   timeout_ms, None)
        return value.unpack()

    def list(self, what, **words):
        """ListConnections … as a list of dictionaries; times are µs, money is (minor, currency)."""
        filters = {k: GLib.Variant("b" if isinstance(v, bool) else "s", v) for k, v in words.items()}
        return self.call("List" + what, GLib.Variant("(a{sv})", (filters,)), "(aa{sv})")[0]

    def operate(self, method, arguments, seconds=120, start=True):
        """Starts an operation and waits for its end: (error name or "", result)."""
        path = self.call(method, arguments, "(o)", start=start)[0]
        ended = []
        watch = self.bus.signal_subscribe(NAME, IFACE + ".Operation", "Finished", path, None, Gio.DBusSignalFlags.NONE,
                                          lambda *signal: ended.append(signal[5].unpack()))
        try:
            self.call("Start", None, "()", path=path, interface=IFACE + ".Operation", start=False)
            self.wait(lambda: ended or not self.is_owned(NAME), seconds, "the end of %s" % method)
        finally:
            self.bus.signal_unsubscribe(watch)
        if not ended:
            raise DeskError("the agent ended in the middle of %s" % method)
        return ended[0]

    def check(self, *connections, start=True):
        return self.operate("Check", GLib.Variant("(as)", (list(connections),)), start=start)

    def alerts(self, **words):
        return self.list("Alerts", **dict({"all": True}, **words))

    # --- the command

    def koban(self, *words, stdin=None, timeout=120, env=None, **more):
        """Runs the command without a terminal; .stdout and .stderr are text."""
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run([str(self.cli_program), *words], env=dict(self.env, **self.time_env, **(env or {})),
                              text=True, encoding="utf-8", errors="replace", timeout=timeout, cwd=self.scratch,
                              **source, **more)

    def koban_begun(self, *words):
        """The command, left running."""
        return self.start([str(self.cli_program), *words], env=dict(self.env, **self.time_env))

    def koban_json(self, *words, **more):
        done = self.koban(*words, "--json", **more)
        if done.returncode not in (0, 10, 11):
            raise DeskError("koban %s ended with %d: %s" % (" ".join(words), done.returncode, done.stderr))
        return json.loads(done.stdout)

    def koban_on_terminal(self, *words, typed="", seconds=60):
        """Runs the command on a terminal of its own, types, and gives (exit code, all that was shown)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(str(self.cli_program), [str(self.cli_program), *words], dict(self.env, **self.time_env, TERM="xterm"))
        shown = b""
        deadline = time.monotonic() + seconds
        pending = typed.encode()
        while time.monotonic() < deadline:
            readable, writable, _ = select.select([terminal], [terminal] if pending else [], [], 0.1)
            if readable:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    break
                if not piece:
                    break
                shown += piece
            # an answer is typed when something was asked, so that it is not lost with what is flushed before it
            if writable and shown.rstrip(b" ").endswith((b":", b"[y/N]")):
                line, _, pending = pending.partition(b"\n")
                os.write(terminal, line + b"\n")
                shown += b" "
                shown += b"\n"
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode("utf-8", "replace")

    # --- banks

    def open_bank(self, story, provider, *arguments, tls=True):
        bank = Bank(self, story, provider, arguments, tls)
        self.banks.append(bank)
        self.closing.callback(bank.close)
        return bank

    def add(self, bank, name="Bank", expect=0):
        """Connects the bank as a person would: the secret goes in through standard input."""
        words = ["add", bank.provider, "--name", name, "--base-url", bank.base_url, "--secret-stdin"]
        words += ["--ca-file", bank.ca] if bank.ca else []
        for need, path in bank.ready["files"].items():
            words += ["--secret-file", "%s=%s" % (need, path)]
        needs = bank.ready["needs"]
        lines = [bank.token] if len(needs) == 1 and not bank.ready["files"] else ["%s=%s" % need for need in needs.items()]
        done = self.koban(*words, stdin="\n".join(lines) + "\n")
        if done.returncode != expect:
            raise DeskError("koban add ended with %d:\n%s%s\n%s" % (done.returncode, done.stdout, done.stderr, self.log_tail()))
        return done


class Recorder:
    """notifier.py in a process of its own: a notification server that tells what it was told. It can be killed."""

    program = "notifier.py"

    def __init__(self, desk, words):
        self.desk = desk
        self.said = []
        self.process = desk.start(["/usr/bin/python3", str(SOURCE / "tests/support" / self.program), *words],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        with contextlib.suppress(ValueError, OSError):
            for line in self.process.stdout:
                self.said.append(json.loads(line))

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def act(self, shown, key):
        """Presses the button `key` of a notification that was shown."""
        self.tell(act=shown["id"], key=key)

    def stop(self):
        self.desk.end(self.process, signal.SIGKILL)
        self.desk.wait(lambda: not self.desk.is_owned(NOTIFICATIONS), 10, "the notification server to be gone")

    def shown(self):
        return [s for s in list(self.said) if s["what"] == "notify"]

    def wait_shown(self, count=1, seconds=20):
        self.desk.wait(lambda: len(self.shown()) >= count, seconds, "%d notifications" % count)
        return self.shown()


class Portal(Recorder):
    """portal.py in a process of its own."""

    program = "portal.py"

    def heard(self, what):
        return [s for s in list(self.said) if s["what"] == what]

    def wait_heard(self, what, count=1, seconds=20):
        self.desk.wait(lambda: len(self.heard(what)) >= count, seconds, "%d × %s at the portal" % (count, what))
        return self.heard(what)


class Bank:
    """The stand-in, in a process of its own."""

    def __init__(self, desk, story, provider, arguments, tls):
        self.provider = provider
        story = story if os.sep in str(story) else STORIES / (str(story) + ".jsonl")
        way = ["--tls", os.path.join(desk.scratch, "tls")] if tls else ["--http"]
        self.process = subprocess.Popen(
            [sys.executable, str(SANDBOX / "bank"), "--story", str(story), "--provider", provider, "--until-eof",
             *way, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise DeskError("the bank did not open")
        self.ready = json.loads(line)
        self.url, self.ca, self.token = self.ready["url"], self.ready["ca"], self.ready["token"]
        self.base_url = self.ready.get("base_url", self.url)
        self.monitor_from, self.story_end = self.ready["monitor_from"], self.ready["end"]

    def close(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.process.stdout.close()

    def tell(self, verb, **wish):
        request = urllib.request.Request(self.ready["control"] + "/" + verb, json.dumps(wish).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise DeskError("%s: %s" % (verb, error.read().decode())) from None

    def advance(self, to, plus=0):
        return self.tell("advance", to=to, plus=plus)["now"]

    def state(self):
        with urllib.request.urlopen(self.ready["control"] + "/state", timeout=20) as reply:
            return json.load(reply)

    def requests(self):
        return self.state()["requests"]
