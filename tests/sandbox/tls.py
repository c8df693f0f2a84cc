# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away certificate authority and one certificate for 127.0.0.1 and localhost, made with openssl.

Valid from 2000 to 2099, so that a client whose clock a test has moved still finds it valid. The keys
are made in the directory given and are worth nothing outside it.
"""

import os
import subprocess

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = %(cn)s
[ca]
default_ca = own
[own]
database = %(dir)s/index.txt
serial = %(dir)s/serial
new_certs_dir = %(dir)s
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = %(names)s
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
"""
VALID = ["-startdate", "20000101000000Z", "-enddate", "20991231235959Z"]


def make(directory, names="IP:127.0.0.1,DNS:localhost"):
    """Returns paths (ca, certificate, key); what is already there is used again."""
    return make_one(directory, "server", "Koban test bank", names)


def make_client(directory):
    """A certificate for a customer's program, by an authority that signs nothing else: paths (ca, certificate, key)."""
    return make_one(os.path.join(directory, "clients"), "client", "Koban test application", "DNS:application.example")


def make_one(directory, name, common_name, names):
    paths = [os.path.join(directory, file) for file in ("ca.pem", name + ".pem", name + ".key")]
    if all(os.path.exists(path) for path in paths):
        return paths
    os.makedirs(directory, mode=0o700, exist_ok=True)
    write(directory, "index.txt", "")
    write(directory, "serial", "1000\n")
    sign(directory, "ca", "authority", ["-selfsign"], "Koban test authority", names)
    sign(directory, name, name, ["-cert", "ca.pem"], common_name, names)
    return paths


def sign(directory, name, section, signer, common_name, names):
    config = "%s.cnf" % name
    key = "ca.key"
    write(directory, config, CONFIG % {"cn": common_name, "dir": directory, "names": names})
    run(directory, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key")
    run(directory, "req", "-new", "-config", config, "-key", name + ".key", "-out", name + ".csr")
    run(directory, "ca", "-batch", "-notext", "-config", config, "-extensions", section, "-in", name + ".csr",
        "-keyfile", key, "-out", name + ".pem", *VALID, *signer)


def write(directory, name, text):
    with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
        out.write(text)


def run(directory, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=directory, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (arguments[0], done.stdout.decode("utf-8", "replace")))
