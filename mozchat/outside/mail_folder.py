"""Mail as files in a folder, to try what would be sent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

from mozchat.outside.mail import Transport, Unreached


class MailFolder(Transport):
    """Each mail becomes a file `….eml`, which mail programs open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """The folder is made where it is missing."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unreached(f"{self._folder}: {error.strerror}") from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise Unreached(f"{self._folder} is not writable")

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """The recipients are those in the message."""
        self.check()
        name = secrets.token_hex(8)
        part = self._folder / f".{name}.part"
        try:
            part.write_bytes(message.as_bytes())
            part.rename(self._folder / f"{name}.eml")
        except OSError as error:
            raise Unreached(f"{self._folder}: {error.strerror}") from error
