"""The `sendmail` of the host, which every mail server brings along: for hosting that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from email.message import EmailMessage

from mozchat.outside.mail import Deferred, Refused, Transport, Unreached, sender_of

PLACES = ("/usr/sbin", "/usr/lib", "/usr/bin")
"""Where it is looked for beside the search path, which a web server often has without `sbin`."""
SECONDS = 120
_KINDS = {65: Refused, 67: Refused, 68: Refused, 75: Deferred}
"""By the codes of sysexits.h: EX_DATAERR, EX_NOUSER, EX_NOHOST, EX_TEMPFAIL."""


class Sendmail(Transport):
    """`program` is its path; "": it is looked for."""

    def __init__(self, program: str = "") -> None:
        self._program = program

    def check(self) -> None:
        """Only whether there is such a program: it says no more before it is given a mail."""
        self._found()

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Recipients go as arguments; no address begins like an option (`domain.mailbox`)."""
        content = message.as_bytes(policy=message.policy.clone(linesep="\n"))
        command = [self._found(), "-i", "-f", sender_of(message), *recipients]
        try:
            done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Deferred(f"sendmail has not ended within {SECONDS} seconds") from error
        except OSError as error:
            raise Unreached(f"sendmail: {error.strerror}") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[:300]
            kind = _KINDS.get(done.returncode, Unreached)
            raise kind(f"sendmail ended with {done.returncode}: {said}")

    def _found(self) -> str:
        search = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
        program = shutil.which(self._program or "sendmail", path=search)
        if program is None:
            raise Unreached(f"there is no program {self._program or 'sendmail'}")
        return program
