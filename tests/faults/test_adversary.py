#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody in between, and somebody at the keyboard: certificates that prove nothing, environments that lend trust,
configurations and words that are not what they should be.
"""

import os
import pathlib
import socket
import ssl
import subprocess
import threading
import unittest
import warnings

import tap
from desk import IFACE, NAME, PATH, Desk, Gio, GLib, require


TOKEN = "CANARYTOKEN"


class Impostor(threading.Thread):
    """Answers in TLS with what it was given, and keeps whatever it is told. Its port is .port."""

    def __init__(self, certificate, key, highest=None):
        super().__init__(daemon=True)
        self.heard = b""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.load_cert_chain(certificate, key)
        if highest is not None:
            warnings.simplefilter("ignore", DeprecationWarning)   # that is what they are for
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = highest
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.tried = 0
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.tried += 1
            client.settimeout(10)
            try:
                with self.context.wrap_socket(client, server_side=True) as talk:
                    self.heard += talk.recv(4096)
            except (OSError, ssl.SSLError):
                client.close()

    def close(self):
        self.socket.close()


class Papers:
    """A throw-away authority that signs whatever it is asked to."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.authority("ca")
        self.authority("stranger")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
                     "-out", name + ".pem", "-subj", "/CN=" + name, "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE",
                     "-addext", "keyUsage=critical,keyCertSign")

    def leaf(self, name, issuer="ca", names="IP:127.0.0.1", start="20000101000000Z", end="20991231235959Z", key=None, digest="sha256",
             usage="serverAuth", extra=""):
        """Paths (certificate, key). The issuer's own certificate stands behind it."""
        self.openssl("req", "-newkey", *(key or ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), "-nodes", "-keyout", name + ".key",
                     "-out", name + ".csr", "-subj", "/CN=" + name)
        (self.folder / (name + ".conf")).write_text(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=%(n)s.index\nserial=%(n)s.serial\nnew_certs_dir=.\ndefault_md=%(md)s\n"
            "policy=any\nunique_subject=no\n[any]\ncommonName=supplied\n[leaf]\nbasicConstraints=critical,CA:FALSE\n"
            "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=%(usage)s\nsubjectAltName=%(names)s\n%(extra)s"
            % {"n": name, "md": digest, "usage": usage, "names": names, "extra": extra}, encoding="ascii")
        (self.folder / (name + ".index")).touch()
        (self.folder / (name + ".serial")).write_text("1000\n", encoding="ascii")
        self.openssl("ca", "-batch", "-config", name + ".conf", "-in", name + ".csr", "-out", name + ".pem", "-cert", issuer + ".pem",
                     "-keyfile", issuer + ".key", "-startdate", start, "-enddate", end, "-extensions", "leaf", "-notext")
        with open(self.folder / (name + ".pem"), "a", encoding="ascii") as chain:
            chain.write((self.folder / (issuer + ".pem")).read_text(encoding="ascii"))
        return str(self.folder / (name + ".pem")), str(self.folder / (name + ".key"))

    def path(self, name):
        return str(self.folder / name)


class Impostors(unittest.TestCase):
    """Each certificate that is wrong in one thing: refused before a byte of the request, nothing kept."""

    ROWS = [
        # what is wrong               how it is made                                                  how it talks
        ("nothing",                   {},                                                             None),
        ("of a stranger's authority", {"issuer": "stranger"},                                         None),
        ("for another name",          {"names": "DNS:other.example"},                                 None),
        ("for another address",       {"names": "IP:127.0.0.2"},                                      None),
        ("expired",                   {"start": "20000101000000Z", "end": "20010101000000Z"},          None),
        ("not yet valid",             {"start": "20980101000000Z"},                                   None),
        ("for clients only",          {"usage": "clientAuth"},                                        None),
        ("signed with SHA-1",         {"digest": "sha1"},                                             None),
        ("a key of 1024 bits",        {"key": ["rsa:1024"]},                                          None),
        ("issued by a leaf",          {"issuer": "nothing"},                                          None),
        ("speaks TLS 1.0",            {},                                                             ssl.TLSVersion.TLSv1),
        ("speaks TLS 1.1",            {},                                                             ssl.TLSVersion.TLSv1_1),
    ]

    @classmethod
    def setUpClass(cls):
        cls.desk = Desk()
        cls.addClassCleanup(cls.desk.close)
        cls.papers = Papers(os.path.join(cls.desk.scratch, "papers"))

    def add(self, port, *more, **env):
        return self.desk.koban("add", "starling", "--name", "Bank", "--base-url", "https://127.0.0.1:%d" % port, *more,
                               "--secret-stdin", stdin=TOKEN + "\n", env=env)

    def impostor(self, certificate, key, highest=None):
        impostor = Impostor(certificate, key, highest)
        self.addCleanup(impostor.close)
        return impostor

    def assert_told_nothing(self, impostor, done):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertGreater(impostor.tried, 0)
        self.assertEqual((impostor.heard, self.desk.secret_items(), self.desk.list("Connections")), (b"", [], []))

    def test_none_of_them_hears_the_token(self):
        require(self, "openssl")
        for what, made, highest in self.ROWS:
            with self.subTest(what):
                impostor = self.impostor(*self.papers.leaf(what.replace(" ", "-").replace("'", ""), **made), highest)
                done = self.add(impostor.port, "--ca-file", self.papers.path("ca.pem"))
                if what == "nothing":   # that the others are refused is worth something only if this one is not
                    self.assertIn(TOKEN.encode(), impostor.heard)
                else:
                    self.assert_told_nothing(impostor, done)

    def test_self_signed_and_without_our_authority(self):
        for words in ([], ["--ca-file", self.papers.path("stranger.pem")]):
            with self.subTest(words=words):
                impostor = self.impostor(self.papers.path("ca.pem"), self.papers.path("ca.key"))
                self.assert_told_nothing(impostor, self.add(impostor.port, *words))

    def test_the_environment_lends_no_trust(self):
        authority = self.papers.path("ca.pem")
        certificate = self.papers.leaf("lent")
        folder = os.path.join(self.desk.scratch, "hashed")
        os.mkdir(folder)
        names = {"SSL_CERT_FILE": authority, "CURL_CA_BUNDLE": authority, "SSL_CERT_DIR": folder, "REQUESTS_CA_BUNDLE": authority,
                 "CURL_SSL_BACKEND": "none", "NODE_EXTRA_CA_CERTS": authority}
        self.desk.stop_agent()
        self.desk.set_agent(**names)
        self.addCleanup(self.desk.set_agent)
        self.addCleanup(self.desk.stop_agent)
        impostor = self.impostor(*certificate)
        self.assert_told_nothing(impostor, self.add(impostor.port, **names))


class Configurations(unittest.TestCase):
    """koban.conf is a person's: whatever is in it, Koban watches on with what was good, and says what is wrong."""

    ROWS = [
        # what stands there                                     whether it is told
        (b"[check]\ninterval = often\n",                        True),
        (b"[check]\ninterval = 99999999999999999999h\n",        True),
        (b"[check\ninterval = 1h\n",                            True),
        (b"[check]\ninterval = \xff\xfe\n",                     True),
        (b"\x00" * 4096,                                        True),
        (b"\xef\xbb\xbf[check]\ninterval = 1h\n",               None),
        (b"[check]\r\ninterval = 1h\r\n",                       None),
        (b"[check]\ninterval = 1h\n[unheard of]\nkey = 1\n",    False),
        (b"[include]\nfile = /etc/passwd\n",                    False),
        (b"# " + b"x" * (100 * 2**20) + b"\n",                  None),
        (b"",                                                   False),
    ]

    def test_each_is_told_or_taken_and_the_bank_is_watched(self):
        with Desk(moving_time=True) as desk:
            bank = desk.open_bank("docomo", "starling", "--as-is")
            desk.set_clock(bank.advance("monitor_from"))
            desk.add(bank)
            conf = pathlib.Path(desk.env["XDG_CONFIG_HOME"]) / "koban/koban.conf"
            conf.parent.mkdir(mode=0o700, exist_ok=True)
            for content, told in self.ROWS:
                with self.subTest(content=content[:60]):
                    desk.stop_agent()
                    conf.write_bytes(content)
                    desk.start_agent()
                    done = desk.koban("check")
                    self.assertEqual(done.returncode, 0, done.stderr + desk.log_tail())
                    desk.wait(lambda: told is None or told == bool([
                        a for a in desk.alerts() if a["state"] != "closed" and "config" in [r["code"] for r in a["reasons"]]]),
                        10, "whether it is told")
                    self.assertEqual(conf.stat().st_size, len(content), "what a person wrote is not written over")


class Boxed(unittest.TestCase):
    """A program in a Flatpak speaks through its proxy, which lets it speak to those names only that its manifest lists."""

    ORDINARY = ["--own=org.example.Box", "--talk=org.freedesktop.Notifications", "--talk=org.freedesktop.portal.*"]

    def call(self, desk, *allowed):
        """What a call from inside gets: an answer, or the error's name."""
        path = os.path.join(desk.scratch, "box")
        ready, told = os.pipe()
        proxy = desk.start(["xdg-dbus-proxy", "--fd=%d" % told, desk.env["DBUS_SESSION_BUS_ADDRESS"], path, "--filter", *allowed],
                           pass_fds=[told])
        os.close(told)
        self.assertTrue(os.read(ready, 1), "the proxy began")
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        bus = Gio.DBusConnection.new_for_address_sync("unix:path=" + path, flags, None, None)
        try:
            return bus.call_sync(NAME, PATH, IFACE, "ListConnections", GLib.Variant("(a{sv})", ({},)), None,
                                 Gio.DBusCallFlags.NONE, 20000, None).unpack()
        except GLib.Error as error:
            return Gio.DBusError.get_remote_error(error)
        finally:
            bus.close_sync(None)
            desk.end(proxy)
            os.close(ready)
            os.unlink(path)

    def test_it_does_not_reach_the_agent(self):
        require(self, "xdg-dbus-proxy")
        with Desk() as desk:
            self.assertEqual(self.call(desk, *self.ORDINARY), "org.freedesktop.DBus.Error.ServiceUnknown")
            self.assertIsNone(desk.agent_pid(), "nor does it start it")
            self.assertEqual(self.call(desk, "--talk=" + NAME), ([],), "the proxy is no wall to who is listed")


class Words(unittest.TestCase):
    """Whatever is typed: an answer, a documented exit code, and no half of a command done."""

    ROWS = [
        # words                                    exit codes
        (["--"],                                   (2,)),
        (["check", "--"],                          (0, 11)),
        (["check", "--", "-1"],                    (4,)),
        (["show", "-1"],                           (2,)),
        (["show", "--", "-1"],                     (4,)),
        (["show", ""],                             (2, 4)),
        (["show", b"\xff\xfe"],                    (2, 4)),
        (["show", "x" * 100000],                   (4,)),
        (["check"] + ["c1"] * 100000,              (1,)),
        (["transactions", "--since", "31.02.2026"], (2,)),
        (["transactions", "--since", "-1"],        (2,)),
        (["answer", "i1", "perhaps"],              (2,)),
        (["account", "set"],                       (2,)),
    ]

    def test_each_has_its_end(self):
        with Desk() as desk:
            pid = desk.start_agent()
            for words, codes in self.ROWS:
                with self.subTest(words=[w[:20] for w in words[:4]]):
                    done = desk.koban(*words)
                    self.assertIn(done.returncode, codes, done.stdout[-300:] + done.stderr[-300:])
                    self.assertTrue(done.returncode == 0 or done.stderr)
            self.assertIn(desk.agent_pid(), (pid, None))

    def test_a_narrow_terminal_and_none(self):
        with Desk() as desk:
            for columns in ("1", "20", "0", "x", "100000"):
                for words in (["providers"], ["status"], ["--help"]):
                    done = desk.koban(*words, env={"COLUMNS": columns})
                    self.assertEqual((done.returncode, bool(done.stdout)), (0, True), (columns, words, done.stderr))


if __name__ == "__main__":
    tap.main()
