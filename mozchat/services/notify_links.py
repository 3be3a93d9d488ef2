"""The links in mail: to a thread and a clip, and signed ones by which a mail's reader acts without having
joined."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from itsdangerous import BadSignature, Signer

from mozchat.domain.errors import Missing
from mozchat.services.site import Site

OVER = "This link is not good any more. Look for a newer mail, or ask for one on the thread's page."


def thread_url(site: Site, thread_name: str) -> str:
    """A thread's page."""
    return f"{site.public_url}/{thread_name}/"


def clip_url(site: Site, thread_name: str, clip_id: str, name: str) -> str:
    """A thread's page opened at a clip, with the reader's name filled in."""
    return f"{thread_url(site, thread_name)}?clip={quote(clip_id)}&user={quote(name)}"


def unsubscribe_url(site: Site, thread_name: str, key: str) -> str:
    """Where the address of this key ends its mail about a thread."""
    return f"{thread_url(site, thread_name)}unsubscribe/{_signed(site, 'unsubscribe', thread_name, key)}"


def confirm_url(site: Site, thread_name: str, subscription_id: str) -> str:
    """Where a subscription is confirmed."""
    return f"{thread_url(site, thread_name)}confirm/{_signed(site, 'confirm', thread_name, subscription_id)}"


def read_token(site: Site, purpose: str, thread_name: str, token: str) -> str:
    """What a signed link carries. Raises `Missing` where it was not signed here, for this and for this thread."""
    try:
        return _signer(site, purpose, thread_name).unsign(token).decode("ascii", "replace")
    except BadSignature as error:
        raise Missing(OVER) from error


def mail_domain(site: Site) -> str:
    """The host that participants know: the right side of ids and of a sender that nobody has set."""
    host = urlsplit(site.public_url).hostname or "localhost"
    return "localhost" if ":" in host else host


def _signed(site: Site, purpose: str, thread_name: str, value: str) -> str:
    return _signer(site, purpose, thread_name).sign(value).decode("ascii")


def _signer(site: Site, purpose: str, thread_name: str) -> Signer:
    return Signer(site.secret, salt=f"mail.{purpose}.{thread_name}")
