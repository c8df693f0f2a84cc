// SPDX-License-Identifier: GPL-3.0-or-later
// The library that the makers of Standard Webhooks publish: does it take this webhook? {"body", "headers", "secret"} on stdin.
const { Webhook } = require("standardwebhooks");
const { body, headers, secret } = JSON.parse(require("fs").readFileSync(0, "utf8"));
try {
  new Webhook(secret).verify(body, headers);
  console.log("taken");
} catch (error) {
  console.log("refused: " + error.message);
}
