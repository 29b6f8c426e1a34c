# SPDX-License-Identifier: MIT
"""A certificate authority of the test's own, and what it issues."""

import os
import subprocess

from . import build
from .node import USER

_CONFIG = """
[ca]
default_ca = this
[this]
database = {directory}/index
new_certs_dir = {directory}
serial = {directory}/serial
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
"""


def _openssl(*words):
    subprocess.run([build.tool("openssl", "openssl"), *words], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Authority:
    """Makes keys and certificates in a directory under /run that the daemon may enter."""

    def __init__(self, name="ca"):
        self.directory = f"/run/{name}"
        os.mkdir(self.directory, 0o755)
        self._config = os.path.join(self.directory, "openssl.cnf")
        with open(self._config, "w", encoding="ascii") as file:
            file.write(_CONFIG.format(directory=self.directory))
        with open(os.path.join(self.directory, "index"), "w", encoding="ascii"):
            pass
        self.certificate = self._path(f"{name}.pem")
        self._key = self._path(f"{name}.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-days", "30", "-config", self._config,
                 "-extensions", "authority", "-keyout", self._key, "-out", self.certificate)
        os.chmod(self.certificate, 0o644)

    def _path(self, name):
        return os.path.join(self.directory, name)

    def issue(self, name, alternatives, start="20260101000000Z", end="20500101000000Z"):
        """A certificate for what @alternatives says (subjectAltName); returns (certificate, key),
        which the daemon's user owns."""
        key, request, certificate = (self._path(f"{name}.{end}") for end in ("key", "csr", "pem"))
        extensions = self._path(f"{name}.ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName = {alternatives}\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-config", self._config, "-keyout", key, "-out", request)
        _openssl("ca", "-batch", "-config", self._config, "-cert", self.certificate,
                 "-keyfile", self._key, "-startdate", start, "-enddate", end,
                 "-extfile", extensions, "-notext", "-in", request, "-out", certificate)
        for path in (key, certificate):
            os.chown(path, USER, USER)
            os.chmod(path, 0o400)
        return certificate, key
