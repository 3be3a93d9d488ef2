"""A real mail server for tests (aiosmtpd), which does as it is told: refuse, wait, go away."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.running import free_port

USER, PASSWORD = "robot@example.org", "secret%/:@"


@dataclass
class Received:
    """One mail as it came."""

    sender: str
    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    def text(self) -> str:
        return self.message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    def html(self) -> str:
        return self.message.get_body(("html",)).get_content().replace("\r\n", "\n")


class MailServer:
    """Listens on a port of this machine from `start` to `stop`, which may be repeated. `refusals` are what it
    answers to `RCPT TO` for an address; `on_data`, called with the mail's recipient, may give an answer other
    than that the mail is taken, or `DIE`. It waits so many `seconds` before it takes a mail, and `linger`
    between that and saying so; `handed_in` counts the mails that have come so far."""

    DIE = "die"

    def __init__(self, certificate: Certificate | None = None, *, implicit: bool = False) -> None:
        self.port = free_port()
        self.received: list[Received] = []
        self.connections = 0
        self.refusals: dict[str, str] = {}
        self.on_data: Callable[[str], str | None] = lambda recipient: None
        self.seconds = 0.0
        self.linger = 0.0
        self.handed_in = 0
        self._certificate = certificate
        self._implicit = implicit
        self._controller: Controller | None = None
        self._guard = threading.Lock()

    def start(self) -> None:
        self._controller = _Controller(self)
        self._controller.start()
        self.connections = 0  # it has tried the port itself

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def to(self, address: str) -> list[Received]:
        return [each for each in self.received if each.recipient == address]

    def make_protocol(self) -> SMTP:
        self.connections += 1
        secured = {}
        if self._certificate:
            secured = {"authenticator": self._authenticate}
            if self._implicit:
                secured["auth_require_tls"] = False  # it does not see the TLS beneath it
            else:
                secured |= {
                    "auth_required": True,
                    "tls_context": self._certificate.context(),
                    "require_starttls": True,
                }
        return SMTP(self, hostname="localhost", **secured)

    def tls_of_the_port(self) -> ssl.SSLContext | None:
        return self._certificate.context() if self._certificate and self._implicit else None

    def _authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        good = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    # --- hooks of aiosmtpd --------------------------------------------------------------------------------

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.handed_in += 1
        await asyncio.sleep(self.seconds)
        answer = self.on_data(envelope.rcpt_tos[0])
        if answer == self.DIE:
            server.transport.abort()
            return "451 gone"
        if answer:
            return answer
        with self._guard:
            self.received += [
                Received(envelope.mail_from, recipient, envelope.content) for recipient in envelope.rcpt_tos
            ]
        await asyncio.sleep(self.linger)
        return "250 taken"


class _Controller(Controller):
    def __init__(self, server: MailServer) -> None:
        super().__init__(server, "127.0.0.1", server.port, ssl_context=server.tls_of_the_port())
        self._server = server

    def factory(self):
        return self._server.make_protocol()


class Certificate:
    """A certificate for localhost that nobody trusts but who is told to."""

    def __init__(self, folder: Path) -> None:
        self.path, self._key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *(
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=localhost",
                    "-addext",
                    "subjectAltName=DNS:localhost",
                ),
                *("-keyout", str(self._key), "-out", str(self.path)),
            ],
            check=True,
            capture_output=True,
        )

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self._key)
        return context


def within(seconds: float, condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.02)
