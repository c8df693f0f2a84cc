# SPDX-License-Identifier: GPL-3.0-or-later
"""The authorization server of authorization-server.mjs, the keys of its clients, and a browser that follows it."""

import contextlib
import html.parser
import http.cookiejar
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from prism import HERE, PLACE

KEYS = """
import { generateKeyPairSync } from 'node:crypto'
const out = {}
for (const alg of ['RS256', 'PS256', 'ES256']) {
  const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  out[alg] = { pem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid: 'key-' + alg, use: 'sig', alg } }
}
console.log(JSON.stringify(out))
"""


def make_keys(folder):
    """algorithm → path of the private key; and the public ones for the server."""
    made = json.loads(subprocess.run(["node", "--input-type=module", "-e", KEYS], check=True, stdout=subprocess.PIPE).stdout)
    files = {}
    for algorithm, key in made.items():
        files[algorithm] = folder / (algorithm + ".pem")
        files[algorithm].write_text(key["pem"], encoding="ascii")
    public = folder / "public.json"
    public.write_text(json.dumps({a: k["jwk"] for a, k in made.items()}), encoding="ascii")
    return files, public


class Server:
    """The server in a process of its own; it ends with us."""

    def __init__(self, public, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(["node", str(HERE / "authorization-server.mjs"), str(public)], cwd=PLACE,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.ready = json.loads(self.process.stdout.readline())
        self.url = self.ready["url"]

    def close(self):
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        self.process.stdout.close()
        self.log.close()

    def tell(self, **wish):
        request = urllib.request.Request(self.ready["control"], json.dumps(wish).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def grants(self):
        """What the token endpoint was asked for, in order."""
        return [h["grant"] for h in self.tell()["heard"]]


class Form(html.parser.HTMLParser):
    """The first form of a page: where it goes, and what is in it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = named.get("action")
        if tag in ("input", "button") and named.get("name") not in (None, "abort"):      # a person presses one button
            self.fields[named["name"]] = named.get("value") or ""


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *words):
        return None


class Browser:
    """It has cookies, and goes where it is sent, as far as a page that stands elsewhere than at the server."""

    def __init__(self, server):
        self.server = server
        self.opener = urllib.request.build_opener(Stay, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, url, data=None):
        try:
            with self.opener.open(urllib.request.Request(url, data), timeout=20) as answer:
                return answer.status, answer.read().decode(), None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers.get("Location")

    def sign_in(self, url, data=None):
        """The address at which it leaves the server."""
        for _ in range(12):
            status, text, location = self.get(url, data)
            data = None
            if location is None:
                raise AssertionError("the server shows a page (%d): %s" % (status, text[:600]))
            url = urllib.parse.urljoin(url, location)
            if not url.startswith(self.server.url + "/"):
                return url
        raise AssertionError("no end of redirects")

    def type_code(self, url, code):
        """A person at the device page: types the code, says yes to it."""
        _, page, _ = self.get(url)
        form = Form(page)
        status, page, location = self.get(form.action, urllib.parse.urlencode(dict(form.fields, user_code=code)).encode())
        if location is None:
            form = Form(page)
            status, page, location = self.get(form.action, urllib.parse.urlencode(dict(form.fields, user_code=code, confirm="yes")).encode())
        for _ in range(12):
            if location is None:
                return status, page
            status, page, location = self.get(urllib.parse.urljoin(self.server.url, location))
        raise AssertionError("no end of redirects")
