"""Mail: whether it can be handed in, and on demand a test mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from urllib.parse import urlsplit

from mozchat.doctor.finding import Finding, LeftOut, error, right, warning
from mozchat.domain.mailbox import mailbox
from mozchat.domain.options import ThreadSettings
from mozchat.outside.mail import MailError
from mozchat.outside.transport import transport_of
from mozchat.services import upkeep
from mozchat.services.site import Site

_REMEDIES = {
    "cannot be reached": "See host and port in MOZCHAT_SMTP_URL; many hosts allow port 587 (starttls) only.",
    "does not let us in": "See user and password in MOZCHAT_SMTP_URL; what is special in them is written as %XX.",
    "encryption": "starttls: or smtps: in MOZCHAT_SMTP_URL, as the server has it; its certificate must be valid.",
}
"""By what is in the words of a fault."""


def mail_server(site: Site) -> Iterator[Finding]:
    """Connect, log in and leave; then whether mail is stuck."""
    _needs_server(site)
    shown = shown_url(site.mail_url)
    with closing(transport_of(site.mail_url)) as transport:
        try:
            transport.check()
        except MailError as fault:
            yield fault_finding("Mail server", shown, str(fault))
            return
    yield right("Mail server", f"{shown} lets us in.")
    for found in upkeep.check_mail(site):
        yield warning(
            "Mail waiting", f"{found.text}.", "mozchat send-mail tries again, and says what is wrong."
        )


def trial_mail(site: Site, settings: list[ThreadSettings], to: str) -> Iterator[Finding]:
    """Hand in a mail to this address, as from the threads."""
    _needs_server(site)
    message = composed(site, next((s.mail_from for s in settings if s.mail_from), ""), to)
    with closing(transport_of(site.mail_url)) as transport:
        try:
            transport.send(message, [to])
        except MailError as fault:
            yield fault_finding("Test mail", shown_url(site.mail_url), str(fault))
            return
    yield right("Test mail", f"Handed in for {to}, from {message['From']}. Look whether it comes, and where.")


def fault_finding(about: str, shown: str, fault: str) -> Finding:
    """Of a server that did not take what was to be handed in."""
    remedy = next(
        (remedy for words, remedy in _REMEDIES.items() if words in fault), "See the log of the mail server."
    )
    return error(about, f"{shown}: {fault}.", remedy)


def composed(site: Site, sender: str, to: str) -> EmailMessage:
    """A test mail; `sender` as in mailFrom, "" where no thread has one."""
    host = urlsplit(site.public_url).hostname or "localhost"
    name, address = mailbox(sender) if sender else ("mozchat", f"mozchat@{host}")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = to
    message["Subject"] = "A test mail of mozchat doctor"
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=host)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("This mail has come, so mail about new clips comes too.\n\n" + site.public_url + "\n")
    return message


def shown_url(url: str) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    if not parts.hostname:
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _needs_server(site: Site) -> None:
    if not site.mail_url:
        raise LeftOut(
            "no mail server is set", "MOZCHAT_SMTP_URL, where threads have notifyUsers=1 (README.md)"
        )
