# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and signatures as a bank handles them, through the openssl command: made in a directory, worth nothing outside."""

import base64
import binascii
import json
import os
import subprocess
import tempfile

from reply import Wrong
from tls import run


def make_pair(directory, name, *how):
    """Paths (private, public) of a fresh key pair, PEM. `how`: an openssl algorithm and its options, RSA of 2048 bits else."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    private, public = (os.path.join(directory, name + end) for end in (".pem", ".public.pem"))
    if not os.path.exists(private):
        run(directory, "genpkey", *(how or ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")), "-out", private)
        run(directory, "pkey", "-in", private, "-pubout", "-out", public)
    return private, public


def read(path):
    with open(path, encoding="ascii") as source:
        return source.read()


def sign(private, message, digest="sha256"):
    """Base64 of the signature by the key in the file `private`."""
    done = subprocess.run(["openssl", "dgst", "-" + digest, "-sign", private], input=message, stdout=subprocess.PIPE)
    return base64.b64encode(done.stdout).decode()


PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


def is_signed(public_pem, message, signature, digest="sha256", how=()):
    """Does base64 `signature` of bytes `message` come from the owner of `public_pem`? RSA (PKCS #1 v1.5, or as `how` says) or
    ECDSA (DER)."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return False
    with tempfile.TemporaryDirectory(prefix="koban-signature-") as directory:
        for name, data in (("key", public_pem.encode()), ("signature", raw)):
            with open(os.path.join(directory, name), "wb") as out:
                out.write(data)
        return subprocess.run(["openssl", "dgst", "-" + digest, *how, "-verify", "key", "-signature", "signature"], cwd=directory,
                              input=message, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def is_public_key(pem):
    """A PEM public key, RSA of 2048 bits."""
    done = subprocess.run(["openssl", "rsa", "-pubin", "-noout", "-text"], input=pem.encode("utf-8", "replace"),
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.returncode == 0 and b"2048 bit" in done.stdout


def open_jwt(token, public_pem, algorithm="RS256"):
    """(header, claims) of a token that `public_pem` signed, with RS256 or PS256; raises Wrong with what is wrong with it."""
    try:
        head, claims, signature = token.split(".")
        header, body = (json.loads(unpadded(part)) for part in (head, claims))
    except ValueError:
        raise Wrong("not a JWT") from None
    if header.get("alg") != algorithm:
        raise Wrong("alg must be " + algorithm)
    if not is_signed(public_pem, ("%s.%s" % (head, claims)).encode(), base64.b64encode(unpadded(signature)).decode(),
                     how=PSS if algorithm == "PS256" else ()):
        raise Wrong("the signature is not that of the key registered")
    return header, body


def unpadded(part):
    """Base64url without padding, as RFC 7515 demands."""
    if "=" in part:
        raise Wrong("base64url is written without padding")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
