"""The transport that `MOZCHAT_SMTP_URL` names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mozchat.outside.mail import Transport
from mozchat.outside.mail_folder import MailFolder
from mozchat.outside.sendmail import Sendmail
from mozchat.outside.smtp import PORTS, Smtp


def transport_of(url: str) -> Transport:
    """`smtp:`, `smtps:` and `starttls://user:password@host:port`, `sendmail:` with or without the program's path,
    `file:` with a folder's. Raises `ValueError` for anything else."""
    scheme, _, rest = url.partition(":")
    if scheme == "sendmail":
        return Sendmail(rest)
    if scheme == "file":
        return MailFolder(Path(rest.removeprefix("//")))
    parts = urlsplit(url)
    if scheme not in PORTS or not parts.hostname:
        raise ValueError(f"no way to send mail: {scheme}:")
    return Smtp(
        host=parts.hostname,
        port=parts.port or PORTS[scheme],
        security=scheme,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
