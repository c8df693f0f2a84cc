# SPDX-License-Identifier: GPL-3.0-or-later
"""A bank of UK Open Banking whose answers are those of tests/answers: what is deleted is gone.

It gives power over an account only as the standard does: a consent that the client makes for itself, a page that is shown with a
signed request for that consent, and a code for whoever knows what the request was made with; all but the page over mutual TLS.
"""

import base64
import hashlib
import http.server
import json
import pathlib
import secrets
import ssl
import threading
import urllib.parse

ANSWERS = pathlib.Path(__file__).resolve().parent.parent / "answers"
CONSENTS = "/aisp/account-access-consents"


class Bank(http.server.ThreadingHTTPServer):
    """Open to all, unless it has `tls`: (its certificate, its key, the authority of its clients). Set `signer` to how the client's
    request is opened, or None if that is not what it signed, and `refuses` to the status that
    every deletion is answered with."""

    def __init__(self, folder, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.server_address[1])
        self.signs_in, self.signer, self.refuses = tls is not None, None, None
        if tls:
            self.wrap(*tls)
        self.rows, self.asked = {}, []    # target → value; (method, target)
        self.wished, self.pages, self.given = None, {}, {}    # consent; code → claims of its page; token → scope
        for row in json.loads((ANSWERS / folder / "requests.json").read_text(encoding="utf-8")):
            method, target = row["asked"].split()
            if method == "GET":
                self.rows[target] = json.loads((ANSWERS / folder / row["answer"]).read_text(encoding="utf-8"))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wrap(self, certificate, key, clients):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_OPTIONAL    # a browser has none
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def close(self):
        self.shutdown()
        self.server_close()

    def one(self, what):
        return next(target for target in self.rows if what in target)

    # --- who may

    def may(self, target, token):
        """A client for itself has to do with consents, a person's token with what is in the accounts."""
        wanted = "payments" if "/pisp/" in target else "accounts" if CONSENTS in target else "person"
        return not self.signs_in or self.given.get(token) == wanted

    def give(self, scope):
        token = secrets.token_urlsafe(16)
        self.given[token] = scope
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def page(self, query):
        """The person agrees at once: where the browser is sent. None: the bank shows nothing to such a request."""
        claims = self.signer(query.get("request", ""))
        if claims is None:
            return None
        intent = claims["claims"]["id_token"]["openbanking_intent_id"]
        agreed = {"response_type": "code", "code_challenge_method": "S256", "aud": self.url, "client_id": query.get("client_id")}
        if intent != {"value": self.wished, "essential": True} or not agreed.items() <= claims.items():
            return None
        code = secrets.token_urlsafe(16)
        self.pages[code] = claims
        back = {"code": code, "state": claims["state"], "iss": self.url}
        return claims["redirect_uri"] + "?" + urllib.parse.urlencode(back)

    def token(self, form):
        if form["grant_type"] == "client_credentials":
            return self.give(form["scope"])
        claims = self.pages.pop(form.get("code"), None)
        if claims is None or challenge(form["code_verifier"]) != claims["code_challenge"]:
            return None
        return dict(self.give("person"), refresh_token=secrets.token_urlsafe(16), id_token="e30.e30.")


def challenge(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, value=None, headers=()):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("x-fapi-interaction-id", self.headers.get("x-fapi-interaction-id", ""))
        self.send_header("x-jws-signature", "e30..c2lnbmVk")    # of payments; Koban goes by TLS
        for name, text in headers:
            self.send_header(name, text)
        if value is not None:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.reply(status, {"Code": str(status), "Id": "1", "Message": "Refused", "Errors": [{"ErrorCode": code, "Message": code}]})

    def is_client(self):
        return not self.server.signs_in or bool(self.connection.getpeercert())

    def may(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.server.asked.append((self.command, self.path))
        if not self.is_client() or not self.server.may(self.path, token):
            self.refuse(401, "U401")
            return False
        return True

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/.well-known/openid-configuration":
            base = self.server.url
            self.reply(200, {"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
                             "authorization_response_iss_parameter_supported": True})
        elif path == "/authorize":
            place = self.server.page(dict(urllib.parse.parse_qsl(query)))
            self.reply(302 if place else 400, headers=[("Location", place)] if place else ())
        elif self.may():
            value = self.server.rows.get(self.path)
            self.reply(200, value) if value is not None else self.refuse(400, "UK.OBIE.Resource.NotFound")

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/token":
            answer = self.server.token(dict(urllib.parse.parse_qsl(text))) if self.is_client() else None
            self.reply(200 if answer else 400, answer or {"error": "invalid_grant"})
        elif self.may():
            self.reply(201, self.make_consent(json.loads(text)))

    def make_consent(self, wish):
        """The one of the recording, with what was wished for."""
        consent = self.server.rows[self.server.one(CONSENTS + "/")]
        self.server.wished = consent["Data"]["ConsentId"]
        return dict(consent, Data=dict(consent["Data"], **wish["Data"]), Risk=wish["Risk"])

    def do_DELETE(self):
        if not self.may():
            return
        if self.server.refuses is not None:
            self.refuse(self.server.refuses, "UK.OBIE.Unexpected")
        elif self.server.rows.pop(self.path, None) is None:
            self.refuse(400, "UK.OBIE.Resource.NotFound")
        else:
            self.reply(204)

    def log_message(self, *words):
        pass
