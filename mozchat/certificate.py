"""A certificate of this machine's own, which nobody vouches for: to try the site on a phone in the same network,
since browsers give the microphone to https pages only."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from mozchat.storage.files import write_atomically

DAYS = 365
RENEWED_AFTER_DAYS = 300
_ELSEWHERE = ("203.0.113.1", 9)
"""An address for documentation (RFC 5737); nothing is ever sent to it."""


class NoCertificate(Exception):
    """A certificate cannot be made; says what to do."""


def own_address() -> str:
    """This machine's address in its network; 127.0.0.1 where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def kept_certificate(folder: Path, address: str) -> Path:
    """The file with key and certificate for this IP address and this machine's own names, readable by its owner
    alone. It is made where there is none or it is old, and kept, so that a phone is asked about it once. Raises
    `NoCertificate`, `OSError`."""
    path = folder / f".https-{address}.pem"
    if not path.exists() or time.time() - path.stat().st_mtime > RENEWED_AFTER_DAYS * 86_400:
        write_atomically(path, _made(address), mode=0o600)
    return path


def _made(address: str) -> bytes:
    program = shutil.which("openssl")
    if program is None:
        raise NoCertificate("openssl makes the certificate, and it is not installed (apt install openssl).")
    names = f"subjectAltName=IP:{address},IP:127.0.0.1,DNS:localhost,DNS:{socket.gethostname()}"
    with tempfile.TemporaryDirectory() as private:
        key, certificate = Path(private, "key.pem"), Path(private, "certificate.pem")
        command = [
            program,
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ]
        command += ["-days", str(DAYS), "-subj", f"/CN=mozchat at {address}"]
        command += ["-addext", names, "-addext", "extendedKeyUsage=serverAuth"]
        made = subprocess.run([*command, "-keyout", key, "-out", certificate], capture_output=True, text=True)
        if made.returncode:
            raise NoCertificate(f"openssl could not make a certificate: {made.stderr.strip()}")
        return key.read_bytes() + certificate.read_bytes()
