"""Where mail is handed in: a mail server, the host's `sendmail`, or a folder to look at what would be sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from email.message import EmailMessage


class MailError(Exception):
    """A mail was not taken; says what went wrong, for an administrator."""


class Refused(MailError):
    """This mail will never be taken: to try again is of no use."""


class Deferred(MailError):
    """This mail was not taken now; others may be."""


class Unreached(MailError):
    """No mail is taken now: the server cannot be reached, or it does not let us in."""


class Transport(ABC):
    """A way for mail to leave."""

    @abstractmethod
    def check(self) -> None:
        """Find out whether mail could be handed in, without sending any. Raises `Unreached`."""

    @abstractmethod
    def send(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Hand a mail in, in the name of its `From`; whoever takes it has it when this returns. Raises `Refused`,
        `Deferred`, `Unreached`."""

    def close(self) -> None:  # noqa: B027 - most have nothing to put away
        """Put away what was open for several mails. It can be used again afterwards."""


def sender_of(message: EmailMessage) -> str:
    """The address that a mail comes from, to which it goes back where it cannot be delivered."""
    address: str = message["From"].addresses[0].addr_spec
    return address
