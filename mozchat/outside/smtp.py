"""A mail server that speaks SMTP (RFC 5321), with TLS and a password where it wants them."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from mozchat.outside.mail import Deferred, MailError, Refused, Transport, Unreached, sender_of

PORTS = {"smtp": 25, "smtps": 465, "starttls": 587}
SECONDS = 60.0
"""How long the server may take for an answer,"""
TAKING_SECONDS = 600.0
"""and how long until it has taken a mail (RFC 5321, section 4.5.3.2.6): whoever gives up before and comes
again sends it twice."""
_GOES_AWAY = 421


class Smtp(Transport):
    """`security` is "smtp" (none), "smtps" (TLS from the first byte) or "starttls". One connection serves the
    mails until `close`."""

    def __init__(self, host: str, port: int, security: str, user: str, password: str) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._connection: smtplib.SMTP | None = None

    def check(self) -> None:
        """Connect, log in and leave."""
        self.close()
        self._connect()
        self.close()

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Refused or deferred as the server's answer says, for the first recipient that it does not take."""
        content = message.as_bytes()
        connection = self._opened()
        try:
            self._announce(connection, sender_of(message), recipients)
            self._hand_in(connection, content)
        except (Unreached, OSError):
            self._drop()
            raise
        except MailError:
            with suppress(OSError, smtplib.SMTPException):
                connection.rset()
            raise

    def close(self) -> None:
        """Leave the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> smtplib.SMTP:
        """The connection there is, if the server still holds it, or a new one."""
        if self._connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._connection.noop()[0] == 250:
                    return self._connection
            self._drop()
        return self._connect()

    def _connect(self) -> smtplib.SMTP:
        with self._named("cannot be reached"):
            if self._security == "smtps":
                context = ssl.create_default_context()
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._host, self._port, timeout=SECONDS, context=context
                )
            else:
                connection = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
        self._connection = connection
        try:
            if self._security == "starttls":
                with self._named("offers no encryption that we trust"):
                    connection.starttls(context=ssl.create_default_context())
            if self._user:
                with self._named("does not let us in"):
                    connection.login(self._user, self._password)
        except MailError:
            self._drop()
            raise
        return connection

    def _announce(self, connection: smtplib.SMTP, sender: str, recipients: Sequence[str]) -> None:
        with self._named("broke off"):
            connection.ehlo_or_helo_if_needed()
            code, said = connection.mail(sender)
        if code != 250:
            # A sender that is refused is a matter of one thread's settings, which somebody may mend.
            raise self._error(code, said, refused=Deferred)
        for recipient in recipients:
            with self._named("broke off"):
                code, said = connection.rcpt(recipient)
            if code not in (250, 251):
                raise self._error(code, said)

    def _hand_in(self, connection: smtplib.SMTP, content: bytes) -> None:
        """Send the content. What goes wrong in here may be due to this very mail, so it is no reason to hold back
        others."""
        sock = connection.sock
        try:
            if sock is not None:
                sock.settimeout(TAKING_SECONDS)
            code, said = connection.data(content)
        except smtplib.SMTPDataError as error:
            code, said = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Deferred(f"{self._host} broke off while it took the mail: {error}") from error
        if sock is not None and self._connection is not None:
            sock.settimeout(SECONDS)
        if code != 250:
            raise self._error(code, said)

    def _error(self, code: int, said: bytes, refused: type[MailError] = Refused) -> MailError:
        kind = Unreached if code == _GOES_AWAY else refused if code >= 500 else Deferred
        return kind(f"{self._host}: {code} {_text(said)}")

    @contextmanager
    def _named(self, what: str) -> Iterator[None]:
        """Faults of the connection as `Unreached`."""
        try:
            yield
        except smtplib.SMTPResponseException as error:
            said = _text(_bytes(error.smtp_error))
            raise Unreached(f"{self._host} {what}: {error.smtp_code} {said}") from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise Unreached(f"{self._host} {what}: {error or type(error).__name__}") from error


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")


def _text(said: bytes) -> str:
    """What a server says, on one line."""
    text = said.decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text)[:300]
