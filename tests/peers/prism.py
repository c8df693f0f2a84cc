# SPDX-License-Identifier: GPL-3.0-or-later
"""Prism, a contract checker that others wrote, over the vendors' own descriptions.

`mock` answers as a description says; `proxy` stands before our stand-in and holds both sides to the description. With
--errors it refuses what breaks it, and says what in its log. Prism is installed into the build directory; each
description is cut down to the paths that are asked, so that it starts in a moment, and mended where it is known to be
wrong (MENDS says how, and why).
"""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ.get("KOBAN_SOURCE_ROOT", HERE.parent.parent))
BUILD = pathlib.Path(os.environ.get("KOBAN_BUILD_ROOT", SOURCE / "build"))
SPECS = pathlib.Path(os.environ.get("KOBAN_SPECS", SOURCE.parent / "shared/specs"))
PLACE = BUILD / "peers-npm"

# provider: the description, what of its paths is used (patterns), what the base URL has more than host and port
DESCRIPTIONS = {
    "berlin-group": ("berlin-group/psd2-api_v1.3.12-2022-07-01.json", [
        "/v1/consents", "/v1/consents/{consentId}(/status)?", "/v1/accounts", "/v1/accounts/{account-id}/(balances|transactions)",
        "/v1/{payment-service}/{payment-product}/{paymentId}(/cancellation-authorisations(/{authorisationId})?)?"], ""),
    **{"uk-accounts-" + v[:2]: ("uk-obie/%s/account-info-openapi.yaml" % v, [
        "/account-access-consents(/{ConsentId})?", "/accounts(/{AccountId}/(balances|direct-debits|standing-orders|transactions))?"], "")
       for v in ("v3.1.11", "v4.0")},
    **{"uk-recurring-" + v[:2]: ("uk-obie/%s/vrp-openapi.yaml" % v, ["/domestic-vrp-consents/{ConsentId}"], "") for v in ("v3.1.11", "v4.0")},
    "up": ("up/openapi.json", ["/accounts", "/accounts/{accountId}/transactions", "/webhooks.*", "/util/ping"], ""),
    "enable-banking": ("enable-banking/openapi.yml", ["/auth", "/sessions.*", "/accounts/.*", "/aspsps", "/application"], ""),
    "gocardless-bad": ("gocardless-bad/swagger.json", ["/api/v2/.*"], "/api/v2"),
    "investec": ("investec/swagger.json", ["/za/pb/v1/accounts", "/za/pb/v1/accounts/{accountId}/[a-z-]*(balance|transactions)"], ""),
    "plaid": ("plaid/2020-09-14.yml", ["/accounts/get", "/accounts/balance/get", "/item/get", "/item/remove", "/transactions/sync"], ""),
    "teller": ("teller/openapi-thirdparty.yml", ["/accounts.*"], ""),
    "wise": ("wise/openapi.yml", ["/v2/profiles", "/v4/profiles/{profileId}/balances", "/v1/profiles/{profileId}/activities",
                                  "/v3/profiles/{profileId}/subscriptions.*"], ""),
    "bunq": ("bunq/swagger.json", [
        "/installation", "/device-server", "/session-server", "/user/{userID}/monetary-account", "/user/{userID}/whitelist-sdd-.*",
        "/user/{userID}/monetary-account/{monetary-accountID}/(payment|schedule-payment|share-invite-monetary-account-inquiry)(/{itemId})?"], ""),
}


def missing():
    """Why these tests cannot run here, or None."""
    if not SPECS.is_dir():
        return "the vendors' descriptions are not at %s" % SPECS
    return next(("%s is not installed" % program for program in ("node", "npm") if shutil.which(program) is None), None)


def require(test):
    """Skips with a reason; with CI=true a missing part is a failure."""
    reason = missing()
    if reason is not None:
        test.fail(reason) if os.environ.get("CI") == "true" else test.skipTest(reason)


def install():
    """Once a build directory; others wait meanwhile."""
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    with open(PLACE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = PLACE / "installed.json"
        if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
            return
        (PLACE / "package.json").write_text(wanted, encoding="utf-8")
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error"],
                              cwd=PLACE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError("npm install: " + done.stdout)
        mark.write_text(wanted, encoding="utf-8")


# --- descriptions

def described(provider, spoken):
    """Path of the description as it is used: only the paths asked, mended; with words for a mock that speaks."""
    file, patterns, _ = DESCRIPTIONS[provider]
    cut = PLACE / (provider + ".json")
    text = load(SPECS / file)
    paths = {p: item for p, item in text["paths"].items() if any(re.fullmatch(plain(q), p) for q in patterns)}
    text = reachable(dict(text, paths=paths))
    for mend in MENDS.get(provider, ()):
        mend(text)
    if spoken:
        speak(text)
    cut.write_text(json.dumps(text), encoding="utf-8")
    return cut


def plain(pattern):
    """Braces that stand for themselves."""
    return pattern.replace("{", r"\{").replace("}", r"\}")


def load(path):
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    script = "process.stdout.write(JSON.stringify(require('js-yaml').load(require('fs').readFileSync(process.argv[1], 'utf8'))))"
    return json.loads(subprocess.run(["node", "-e", script, str(path)], cwd=PLACE, stdout=subprocess.PIPE, check=True).stdout)


def reachable(text):
    """Without the components that nothing left refers to."""
    kept, waiting = set(), [text["paths"]]
    while waiting:
        for name in references(waiting.pop()):
            if name not in kept:
                kept.add(name)
                waiting.append(at(text, name))
    parts = text.get("components", {})
    parts = {kind: {name: value for name, value in part.items()
                    if kind == "securitySchemes" or "#/components/%s/%s" % (kind, escaped(name)) in kept} for kind, part in parts.items()}
    return {key: parts if key == "components" else value for key, value in text.items() if key not in ("tags", "webhooks")
            and not key.startswith("x-")}


def references(value):
    if isinstance(value, list):
        for part in value:
            yield from references(part)
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "$ref" and isinstance(part, str):
                yield part
            else:
                yield from references(part)


def escaped(name):
    return name.replace("~", "~0").replace("/", "~1")


def at(text, name):
    for part in name.lstrip("#/").split("/"):
        text = text[part.replace("~1", "/").replace("~0", "~")]
    return text


# --- mends

def teller_is_basic(text):
    """Written by a third party, who typed the scheme as a bearer's; its own words, and the vendor's page, say Basic."""
    text["components"]["securitySchemes"]["BearerMtls"].update(scheme="basic")


def teller_types(text):
    """The vendor's page has type depository or credit and the kind of account in subtype."""
    for part in text["components"]["schemas"].values():
        kind = part.get("properties", {}).get("type", {})
        if "money_market" in kind.get("enum", ()):
            kind["enum"] += ["depository", "credit"]
            kind["example"] = "depository"


def investec_signs_in(text):
    """The sign-in is described in words and as a security scheme, not as a path."""
    form = {"type": "object", "required": ["grant_type"], "properties": {"grant_type": {"type": "string", "enum": ["client_credentials"]},
                                                                          "scope": {"type": "string"}}}
    key = {"name": "x-api-key", "in": "header", "required": True, "schema": {"type": "string"}}
    token = {"type": "object", "required": ["access_token", "token_type", "expires_in", "scope"], "properties": {
        "access_token": {"type": "string", "example": "Ms9OsZkyrhBZd5yQJgfEtiDy4t2c"}, "token_type": {"type": "string", "example": "Bearer"},
        "expires_in": {"type": "integer", "example": 1799}, "scope": {"type": "string", "example": "accounts"}}}
    text["paths"]["/identity/v2/oauth2/token"] = {"post": {
        "parameters": [key], "security": [{"basic": []}],
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {"200": {"description": "A token", "content": {"application/json": {"schema": token}}}}}}
    text["components"]["securitySchemes"]["basic"] = {"type": "http", "scheme": "basic"}


def investec_uuid(text):
    """Told today beside what this copy of the description knows, which allows no other member."""
    rows = text["paths"]["/za/pb/v1/accounts/{accountId}/transactions"]["get"]["responses"]["200"]
    for row in find(rows, "runningBalance") + find(text.get("components", {}), "runningBalance"):
        row["properties"]["uuid"] = {"type": "string"}


def find(value, member):
    """Every schema inside that has a property of this name."""
    out = []
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and member in value["properties"]:
            out.append(value)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            out += find(part, member)
    return out


def bunq_wraps(text):
    """The replies are described without the Response[].<Type> that the same document's introduction says they come in."""
    for item in text["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                for reply in operation.get("responses", {}).values():
                    for content in reply.get("content", {}).values() if isinstance(reply, dict) else ():
                        content["schema"] = {"type": "object"}


def bunq_installs(text):
    """The first step has no token yet: the header that every other step needs is not asked for there."""
    first = text["paths"]["/installation"]["post"]
    first["parameters"] = [p for p in first["parameters"] if not p.get("$ref", p.get("name", "")).endswith("Client-Authentication")]


def gocardless_links(text):
    """The address that is given where none is known is a template, and no URL."""
    for row in find(text, "link"):
        row["properties"]["link"].pop("default", None)


def gocardless_deletes(text):
    """What success of the deletion is, the document forgets to say."""
    text["paths"]["/api/v2/requisitions/{id}/"]["delete"]["responses"]["200"] = {
        "description": "Gone", "content": {"application/json": {"schema": {"type": "object", "required": ["summary", "detail"]}}}}


def gocardless_signs_in(text):
    """The exchange of keys for tokens is described as if it needed the token that it gives."""
    for path in ("/api/v2/token/new/", "/api/v2/token/refresh/"):
        text["paths"][path]["post"]["security"] = []


def investec_days(text):
    """Typed as instants, and days in every example of the document."""
    for row in find(text, "postingDate") + find(text, "transactionDate"):
        for name in ("postingDate", "valueDate", "actionDate", "transactionDate"):
            row["properties"].get(name, {})["format"] = "date"


def investec_agrees(text):
    """Each example is of another account; a bank answers for the one that was asked for."""
    replace(text, {"accountId": lambda old: "3353431574710163189587446" if isinstance(old, str) else old})


def enable_banking_examples(text):
    """The examples lack what the schemas require, or have an object where a list is."""
    hashes = {"psu_type": {"psu_id_hash": "dGhlIHNhbWUgcGVyc29u"}, "identification_hash": {"identification_hashes": ["WwpbCiJhY2NvdW50Igpd"]}}
    for example in examples(text):
        for value in objects(example):
            for name, more in hashes.items():
                if name in value and "access" in value or name == "identification_hash" and name in value:
                    value.update({k: v for k, v in more.items() if k not in value})
    for name in ("debtor_account_additional_identification", "creditor_account_additional_identification"):
        for row in find(text, name):
            part = row["properties"][name]
            part["examples"] = [example if isinstance(example, list) else [example] for example in part.get("examples", ())]


# Where a description has no example, or a word that stands for one, the mock says "string": no currency, day or URL.
WORDS = {"currency": "EUR", "currencyCode": "EUR", "amount": "12.34", "value": "12.34", "available": "12.34", "ledger": "12.34",
         "running_balance": "12.34", "bookingDate": "2024-01-02", "valueDate": "2024-01-02", "referenceDate": "2024-01-02",
         "iban": "FI2112345600000785", "link": "https://ob.example/start", "next": None, "prev": None}
PLACEHOLDERS = ("string", "date")


def speak(text):
    """Gives the mock words for what the description leaves blank."""
    for name, word in WORDS.items():
        for row in find(text, name):
            part = row["properties"][name]
            if part.get("type") == "string" and part.get("example", "string") in PLACEHOLDERS and not (word is None and not part.get("nullable")):
                part["example"] = word
    replace(text, {name: lambda old, word=word: word if old in PLACEHOLDERS else old for name, word in WORDS.items()})
    end_pages(text)


def end_pages(text):
    """A mock has one page, which would say for ever that another follows it."""
    for row in find(text, "continuation_key"):
        del row["properties"]["continuation_key"]
    for row in find(text, "next"):
        row["properties"]["next"].update(example=None)
    for example in examples(text):
        for part in objects(example):
            part.pop("continuation_key", None)
            if "next" in part:
                part["next"] = None


def replace(value, changes):
    """In place, wherever a member of an example is called so."""
    for example in examples(value):
        for part in objects(example):
            for name in changes:
                if isinstance(part.get(name), str):
                    part[name] = changes[name](part[name])


def examples(value):
    """Every example of a reply, a request or a schema."""
    for part in objects(value):
        if "schema" in part or "type" in part or "$ref" in part or "properties" in part:
            if isinstance(part.get("example"), (dict, list)):
                yield part["example"]
            for named in part["examples"].values() if isinstance(part.get("examples"), dict) else ():
                yield named.get("value")


def objects(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from objects(part)


def berlin_group_empty(text):
    """One of an empty schema, which everything fits, and of others: no body but an empty one would do. Its example is {}."""
    for path in text["paths"].values():
        for method in ("post", "put"):
            content = path.get(method, {}).get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            if "oneOf" in schema:
                schema["oneOf"] = [part or {"type": "object", "maxProperties": 0} for part in schema["oneOf"]]


def berlin_group_overlaps(text):
    """One of five answers, of which each fits what another says: any of them is meant."""
    answer = text["components"]["responses"]["OK_200_UpdatePsuData"]["content"]["application/json"]["schema"]
    answer["anyOf"] = answer.pop("oneOf")


MENDS = {"berlin-group": [berlin_group_empty, berlin_group_overlaps], "gocardless-bad": [gocardless_signs_in, gocardless_deletes, gocardless_links], "enable-banking": [enable_banking_examples], "teller": [teller_is_basic, teller_types], "investec": [investec_signs_in, investec_uuid, investec_days, investec_agrees], "bunq": [bunq_wraps, bunq_installs]}


# --- the program

class Prism:
    """Prism over one description, ready when this returns. `upstream` makes it a proxy."""

    def __init__(self, provider, upstream=None, spoken=True):
        install()
        self.provider = provider
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.base_url = self.url + DESCRIPTIONS[provider][2]
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", prefix="koban-prism-")
        way = ["proxy"] if upstream else ["mock"]
        words = [str(described(provider, spoken))] + ([upstream] if upstream else [])
        self.process = subprocess.Popen(
            ["node", str(PLACE / "node_modules/@stoplight/prism-cli/dist/index.js"), *way, "--errors", "-h", "127.0.0.1",
             "-p", str(self.port), *words], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            env=dict(os.environ, NO_COLOR="1", FORCE_COLOR="0"))
        try:
            self.wait()
        except BaseException:
            self.close()
            raise

    def wait(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError("Prism ended: " + self.said())
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("Prism did not open: " + self.said())

    def said(self):
        self.log.seek(0)
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log.read())

    def complaints(self):
        """What broke the description, in Prism's words."""
        return [line for line in self.said().splitlines() if "✖" in line or "iolation" in line]

    def complains(self, seconds=5):
        """Its log is written a moment after its reply."""
        deadline = time.monotonic() + seconds
        while not self.complaints() and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.complaints() != []

    def rejections(self):
        """Of requests only: a mock may find fault with its own description's examples."""
        return [line for line in self.complaints() if "errors#VIOLATIONS" not in line and "iolation: response" not in line]

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.log.close()


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
