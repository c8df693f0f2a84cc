# SPDX-License-Identifier: GPL-3.0-or-later
"""No vendor's: Starling's lists behind an OAuth 2 sign-in whose refresh token changes with every use (RFC 6749, RFC 9700).

A token that was replaced is taken once more as long as the new one was not used (what FAPI 2.0 asks of a bank that rotates); then
it is dead. `profile()` is what Koban reads of it.
"""

import json
import os

from provider import secret
from reply import Refusal, Reply
from starling import Starling

LIFE_S = 600


class Rotating(Starling):
    provider = "rotating"
    ROUTES = Starling.ROUTES + [("POST", "/oauth/token", "token")]
    SAVED = Starling.SAVED + ["refreshing", "before"]

    def setup(self):
        super().setup()
        self.refreshing, self.before, self.until = None, None, 0

    def needs(self):
        return {"client_id": "koban"}

    def greet(self, request):
        if request.path == "/oauth/token":
            return
        super().greet(request)
        if self.world.now >= self.until:
            raise Refusal(Reply.json({"error": "invalid_token"}, 401))
        self.before = None  # the new one was used

    def token(self, request):
        given = request.form(("grant_type",), ("code", "redirect_uri", "code_verifier", "client_id", "refresh_token"))
        if given["grant_type"] == "refresh_token":
            if given.get("refresh_token") is None or given["refresh_token"] not in (self.refreshing, self.before):
                raise Refusal(Reply.json({"error": "invalid_grant"}, 400))
            self.before = given["refresh_token"]
        self.refreshing = secret()
        self.tokens["watch"] = secret()
        self.until = self.world.now + LIFE_S
        return {"access_token": self.tokens["watch"], "token_type": "Bearer", "expires_in": LIFE_S, "refresh_token": self.refreshing}


def profile(providers):
    """Of the profile in the folder `providers` of the bank whose lists these are."""
    with open(os.path.join(providers, "starling.json"), encoding="utf-8") as source:
        made = json.load(source)
    made.update(id="rotating", name="Rotating", needs=[
        {"name": "client_id", "label": "Client", "secret": False, "kind": "text", "example": "koban"}])
    made["auth"] = {"scheme": "oauth", "flow": "code", "client": "none", "client_id": "client_id", "authorize": "/oauth/authorize",
                    "token": "/oauth/token"}
    made["revocations"] = []
    return made
