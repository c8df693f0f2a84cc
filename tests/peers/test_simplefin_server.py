#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Self-check of simplefin-server.py over http.client.

import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import unittest
from urllib.parse import urlencode, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
DAY = 86400
NOW = 1790000000
GOOD = "Basic " + base64.b64encode(b"us@er:p:ss/word").decode()


class Running:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "simplefin-server.py"), "--until-eof",
             "--now", str(NOW), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())
        self.port = urlsplit(self.ready["url"]).port

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(10)

    def raw(self, method, path, headers=(), body=b""):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        conn.putrequest(method, path)
        for name, value in headers:
            conn.putheader(name, value)
        conn.endheaders(body or None)
        answer = conn.getresponse()
        data = answer.read().decode("utf-8")
        conn.close()
        return answer.status, data

    def accounts(self, auth=GOOD, **params):
        query = urlencode({k.replace("_", "-"): v for k, v in params.items()}, doseq=True)
        return self.raw("GET", "/simplefin/accounts" + ("?" + query if query else ""),
                        [("Authorization", auth)] if auth else [])

    def ok(self, **params):
        status, data = self.accounts(**params)
        assert status == 200, (status, data)
        return json.loads(data)

    def control(self, **command):
        body = json.dumps(command).encode()
        status, data = self.raw("POST", "/_control", [("Content-Length", str(len(body)))], body)
        return status, json.loads(data)

    def log(self):
        return json.loads(self.raw("GET", "/_control")[1])["requests"]


def ids(answer, account):
    return [t["id"] for a in answer["accounts"] if a["id"] == account
            for t in a["transactions"]]


class Case(unittest.TestCase):
    options = ()

    def setUp(self):
        self.s = Running(*self.options)
        self.addCleanup(self.s.stop)


class Ask(Case):
    def test_claim(self):
        url = urlsplit(base64.b64decode(self.s.ready["setup_token"]).decode())
        self.assertEqual(self.s.raw("POST", url.path)[0], 411)
        self.assertEqual(self.s.raw("POST", url.path, [("Transfer-Encoding", "chunked")], b"0\r\n\r\n")[0], 411)
        self.assertEqual(self.s.raw("POST", url.path, [("Content-Length", "2")], b"{}")[0], 400)
        self.assertEqual(self.s.raw("GET", url.path)[0], 405)
        empty = [("Content-Length", "0")]
        status, text = self.s.raw("POST", url.path, empty)
        self.assertEqual((status, text), (200, self.s.ready["access_url"]))
        self.assertIn("us%40er:p%3Ass%2Fword@", text)
        self.assertEqual(self.s.raw("POST", url.path, empty)[0], 403)
        self.assertEqual(self.s.raw("POST", "/simplefin/claim/nothing", empty)[0], 403)

    def test_authentication_and_revocation(self):
        raw = "Basic " + base64.b64encode(b"us%40er:p%3Ass%2Fword").decode()
        for auth in (None, raw, "Basic %%%", "Bearer x", GOOD.replace("Basic", "Digest")):
            self.assertEqual(self.s.accounts(auth=auth)[0], 403)
        self.assertEqual(self.s.accounts()[0], 200)
        self.s.control(revoke=True)
        self.assertEqual(self.s.accounts()[0], 403)
        new = self.s.control(new_token=True)[1]
        self.assertIn("p%3Ass%2Fword+2@", new["access_url"])
        auth = "Basic " + base64.b64encode(b"us@er:p:ss/word+2").decode()
        self.assertEqual(self.s.accounts(auth=auth)[0], 200)
        self.assertEqual(self.s.accounts()[0], 403)

    def test_paths_methods_and_log(self):
        self.assertEqual(json.loads(self.s.raw("GET", "/simplefin/info")[1]), {"versions": ["1.0"]})
        for path in ("/", "/simplefin", "/simplefin/accounts/", "/accounts", "/currency/none"):
            self.assertEqual(self.s.raw("GET", path)[0], 404, path)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            self.assertEqual(self.s.raw(method, "/simplefin/accounts", [("Content-Length", "0")])[0], 405)
        self.assertEqual(self.s.raw("HEAD", "/simplefin/info")[0], 405)
        self.s.accounts(account=["ACT-USD", "ACT-JPY"])
        last = self.s.log()[-1]
        self.assertEqual(last["query"], [["account", "ACT-USD"], ["account", "ACT-JPY"]])
        self.assertEqual((last["status"], last["authorization"]), (200, "good"))
        self.assertEqual(len(self.s.log()), 13)

    def test_v1_and_v2_shapes(self):
        one, two = self.s.ok(), self.s.ok(version=2)
        self.assertEqual(one["errors"], [])
        self.assertNotIn("connections", one)
        for account in one["accounts"]:
            self.assertIn("sfin-url", account["org"])
            self.assertNotIn("conn_id", account)
        self.assertNotIn("errors", two)
        self.assertEqual(two["errlist"], [])
        self.assertEqual([c["conn_id"] for c in two["connections"]], ["CON-1", "CON-2"])
        for account in two["accounts"]:
            self.assertNotIn("org", account)
            posted = [t["posted"] for t in account["transactions"]]
            self.assertEqual(posted, sorted(posted))
        self.assertEqual([a["currency"] for a in two["accounts"]][:3], ["USD", "JPY", "KWD"])

    def test_custom_currency(self):
        url = urlsplit(self.s.ok()["accounts"][3]["currency"])
        self.assertEqual(url.port, self.s.port)
        status, text = self.s.raw("GET", url.path)
        self.assertEqual((status, set(json.loads(text))), (200, {"name", "abbr"}))

    def test_dates_pending_and_filters(self):
        at = NOW - 20 * DAY
        self.assertEqual(ids(self.s.ok(start_date=at, end_date=at + 1), "ACT-USD"), ["T-TWIN-A", "T-TWIN-B"])
        self.assertEqual(ids(self.s.ok(start_date=at + 1, end_date=at + 2), "ACT-USD"), [])
        self.assertEqual(ids(self.s.ok(start_date=at - 1, end_date=at), "ACT-USD"), [])
        self.assertNotIn("P-1", ids(self.s.ok(), "ACT-USD"))
        for value in ("1", "0", ""):
            self.assertEqual(ids(self.s.ok(pending=value), "ACT-USD")[:2], ["P-1", "P-2"])
        some = self.s.ok(account=["ACT-KWD"], version=2)
        self.assertEqual([a["id"] for a in some["accounts"]], ["ACT-KWD"])
        self.assertEqual([c["conn_id"] for c in some["connections"]], ["CON-2"])
        none = self.s.ok(account="ACT-X", version=2)
        self.assertEqual((none["accounts"], none["errlist"][0]["account_id"]), ([], "ACT-X"))
        for account in self.s.ok(balances_only=1)["accounts"]:
            self.assertNotIn("transactions", account)

    def test_ninety_days(self):
        exact = self.s.ok(start_date=NOW - 90 * DAY, end_date=NOW)
        self.assertEqual(exact["errors"], [])
        wide = self.s.ok(start_date=NOW - 365 * DAY)
        self.assertEqual(len(wide["errors"]), 1)
        self.assertEqual(ids(wide, "ACT-USD"), ids(exact, "ACT-USD"))
        self.assertNotIn("T-2", ids(wide, "ACT-USD"))
        two = self.s.ok(start_date=NOW - 365 * DAY, version=2)
        self.assertEqual(two["errlist"][0]["code"], "gen.api")
        self.assertIn("msg", two["errlist"][0])
        old = self.s.ok(start_date=NOW - 180 * DAY, end_date=NOW - 90 * DAY)
        self.assertEqual((old["errors"], ids(old, "ACT-USD")), ([], ["T-2"]))

    def test_malformed_queries(self):
        for query in ("start-date=2026-01-01", "start-date=1790000000000", "end-date=-1",
                      "start-date=1&start-date=2", "start_date=1", "version=3",
                      "balances-only=0", "end-date="):
            status, _ = self.s.raw("GET", "/simplefin/accounts?" + query, [("Authorization", GOOD)])
            self.assertEqual(status, 400, query)

    def test_driven_changes(self):
        txn = {"id": "N-1", "posted": NOW - 5, "amount": "-0.10", "description": "new"}
        self.assertEqual(self.s.control(add_transaction={"account": "ACT-USD", "transaction": txn})[0], 200)
        self.assertEqual(self.s.control(add_transaction={"account": "ACT-USD", "transaction": txn})[0], 400)
        usd = self.s.ok(account="ACT-USD")["accounts"][0]
        self.assertEqual((usd["transactions"][-1], usd["balance"]), (txn, "123456712345.57"))
        self.assertEqual(self.s.control(settle={
            "account": "ACT-USD", "id": "P-1", "new_id": "S-1", "amount": "-45.00"})[0], 200)
        found = self.s.ok(pending=1, account="ACT-USD")["accounts"][0]["transactions"]
        by_id = {t["id"]: t for t in found}
        self.assertNotIn("P-1", by_id)
        self.assertEqual((by_id["S-1"]["amount"], by_id["S-1"]["posted"]), ("-45.00", NOW))
        self.assertNotIn("pending", by_id["S-1"])
        self.assertEqual(self.s.control(drop_transaction={"account": "ACT-USD", "id": "P-2"})[0], 200)
        self.assertEqual(self.s.control(add_connection={
            "conn_id": "CON-3", "name": "Third", "org_id": "ORG-1", "sfin_url": "https://third.example",
            "accounts": [{"id": "ACT-USD", "name": "Same id, other connection", "currency": "EUR",
                          "balance": "0.00", "balance-date": NOW}]})[0], 200)
        self.assertEqual(self.s.control(add_error={
            "code": "con.auth", "msg": "Log in <again>", "conn_id": "CON-2"})[0], 200)
        self.assertEqual(self.s.control(add_error={"code": "con.auth", "msg": "x"})[0], 400)
        two = self.s.ok(version=2)
        self.assertEqual((len(two["connections"]), len(two["accounts"])), (3, 5))
        self.assertEqual(two["errlist"], [{"code": "con.auth", "msg": "Log in <again>", "conn_id": "CON-2"}])
        self.assertEqual(self.s.ok()["errors"], ["Log in <again>"])
        self.assertEqual(self.s.ok(account="ACT-MILES", version=2)["errlist"], [])
        self.s.control(clear_errors=True, payment_required=True)
        self.assertEqual(self.s.accounts()[0], 402)
        self.s.control(payment_required=False, fail={"status": 429, "times": 1})
        self.assertEqual([self.s.accounts()[0] for _ in "ab"], [429, 200])
        self.assertEqual(self.s.control(nonsense=1)[0], 400)


class Both(Case):
    options = ("--versions", "both", "--error-key", "both")

    def test_together(self):
        self.s.control(add_error={"code": "gen.", "msg": "Hm"})
        for answer in (self.s.ok(), self.s.ok(version=2), self.s.ok(version=1)):
            self.assertEqual(answer["errors"], ["Hm"])
            self.assertEqual(answer["errlist"], [{"code": "gen.", "msg": "Hm", "message": "Hm"}])
            self.assertEqual(len(answer["connections"]), 2)
            self.assertTrue(all("org" in a and "conn_id" in a for a in answer["accounts"]))


class Fixed(unittest.TestCase):
    def test_one_version_only(self):
        for version, has, lacks in (("1", "errors", "errlist"), ("2", "errlist", "errors")):
            server = Running("--versions", version)
            try:
                for answer in (server.ok(), server.ok(version=2)):
                    self.assertIn(has, answer)
                    self.assertNotIn(lacks, answer)
            finally:
                self.assertEqual(server.stop(), 0)

    def test_data_file(self):
        data = {"connections": [{"conn_id": "C", "name": "N", "org_id": "O", "sfin_url": "https://x.example"}],
                "accounts": [{"id": "A", "conn_id": "C", "name": "A", "currency": "EUR", "balance": "1.00",
                              "balance-date": NOW, "transactions": []}]}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data.json")
            with open(path, "w", encoding="utf-8") as handle:
                json.dump(data, handle)
            server = Running("--data", path)
            try:
                self.assertEqual([a["id"] for a in server.ok()["accounts"]], ["A"])
            finally:
                server.stop()


if __name__ == "__main__":
    unittest.main()
