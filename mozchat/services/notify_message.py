"""A mail as it goes over the wire: the words from templates, the headers from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formataddr
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from mozchat.domain.clip import MAX_PEAK, Clip
from mozchat.domain.mail import Mail
from mozchat.domain.mailbox import mailbox
from mozchat.domain.options import ThreadSettings
from mozchat.resources import mail_templates_folder
from mozchat.services.notify_links import clip_url, confirm_url, mail_domain, thread_url, unsubscribe_url
from mozchat.services.site import Site
from mozchat.services.threads import shown_title

OVERRIDES = ".templates"
"""The folder in that of the threads whose templates go before ours."""
BARS = 30
LOW, HIGH = 3, 30
"""Pixels of silence and of the loudest."""
_WHOLE = frozenset({"list-unsubscribe", "list-unsubscribe-post", "list-id", "references", "in-reply-to"})


class _Policy(EmailPolicy):
    """Lines for SMTP, 7 bits wide. Python's own way to fold headers loses blanks between encoded words, and
    takes a long URL for a text to encode, so those that are not of the plainest kind are written here."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """As the base class has it, but a subject is a text, whatever it looks like."""
        if name.lower() == "subject" and str(value).isprintable():
            return name, str(value)
        return super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        """As the base class has it."""
        lower = name.lower()
        if lower in _WHOLE:
            return f"{name}: {value}{self.linesep}"
        if lower in ("from", "to", "reply-to"):
            written = ", ".join(_mailbox(each) for each in value.addresses)
        elif lower == "subject":
            written = _encoded(str(value), len("Subject: "))
        else:
            plain: str = super().fold(name, value)
            return plain
        return f"{name}: {written}".replace("\n", self.linesep) + self.linesep

    def fold_binary(self, name: str, value: Any) -> bytes:
        """As the base class has it."""
        return self.fold(name, value).encode("ascii")


def _mailbox(address: Address) -> str:
    name = address.display_name
    if name and _is_plain(name):
        return formataddr((name, address.addr_spec))
    return f"{_encoded(name, len('Reply-To: '))} <{address.addr_spec}>" if name else address.addr_spec


def _encoded(text: str, indent: int) -> str:
    """A text as a header has it: as it is, or where that would mean something else in encoded words (RFC 2047)."""
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    return Header(text, charset, header_name="x" * (indent - 2)).encode(splitchars=" ")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text


POLICY = _Policy(linesep="\r\n", cte_type="7bit", utf8=False)


@dataclass(frozen=True)
class ClipLine:
    """A clip as the templates have it: `expires` in the thread's own time, `length` as `1:05`, "" where that
    is not known, `swell` the heights of its waveform in pixels."""

    author: str
    description: str
    video: bool
    length: str
    bytes: int
    expires: datetime
    swell: list[int]
    url: str


def compose(site: Site, settings: ThreadSettings, mail: Mail) -> EmailMessage:
    """The mail as a message with a text and an HTML part. Raises `jinja2.TemplateError` where a template is at
    fault."""
    facts = _facts(site, settings, mail)
    words = _environment(site)
    message = EmailMessage(policy=POLICY)
    message["From"] = _sender(site, settings)
    # Whose address it is nobody knows before it is confirmed: until then no word of a participant's goes there.
    shown = mail.recipient.name if mail.kind == "clips" else ""
    message["To"] = Address(shown, addr_spec=mail.recipient.address)
    if settings.mail_reply_to:
        name, address = mailbox(settings.mail_reply_to)
        message["Reply-To"] = Address(name, addr_spec=address)
    subject = " ".join(words.get_template(f"{mail.kind}.subject").render(facts).split())
    message["Subject"] = subject
    for name, value in _headers(site, mail).items():
        message[name] = value
    message.set_content(words.get_template(f"{mail.kind}.txt").render(facts))
    message.add_alternative(words.get_template(f"{mail.kind}.html").render(facts), subtype="html")
    return message


def _headers(site: Site, mail: Mail) -> dict[str, Any]:
    domain = mail_domain(site)
    headers = {
        "Date": datetime.fromtimestamp(site.now() // 1000, timezone.utc),
        "Message-ID": f"<{mail.id}@{domain}>",
        "Auto-Submitted": "auto-generated",
    }
    if mail.kind == "clips":
        # No mail has this id: it is what holds those of a thread together (RFC 5322, section 3.6.4).
        root = f"<thread.{mail.thread}@{domain}>"
        headers |= {
            "In-Reply-To": root,
            "References": root,
            "List-Id": f"<{mail.thread}.{domain}>",
            "List-Unsubscribe": f"<{unsubscribe_url(site, mail.thread, mail.recipient.key)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return headers


def _sender(site: Site, settings: ThreadSettings) -> Address:
    if settings.mail_from:
        name, address = mailbox(settings.mail_from)
        return Address(name, addr_spec=address)
    return Address("mozchat", "mozchat", mail_domain(site))


def _facts(site: Site, settings: ThreadSettings, mail: Mail) -> dict[str, Any]:
    """Everything that a template may say."""
    zone = timezone(timedelta(hours=settings.time_shift_hrs))
    facts: dict[str, Any] = {
        "lang": settings.lang,
        "name": mail.recipient.name,
        "thread": shown_title(settings, mail.thread),
        "thread_url": thread_url(site, mail.thread),
    }
    if mail.kind == "confirm":
        return {**facts, "confirm_url": confirm_url(site, mail.thread, mail.subscription)}
    return {
        **facts,
        "clips": [_line(site, mail, clip, zone) for clip in mail.clips],
        "earlier": mail.earlier,
        "unsubscribe_url": unsubscribe_url(site, mail.thread, mail.recipient.key),
    }


def _line(site: Site, mail: Mail, clip: Clip, zone: timezone) -> ClipLine:
    return ClipLine(
        author=clip.author,
        description=clip.description,
        video=clip.mime.startswith("video/"),
        length=_length(clip.duration),
        bytes=clip.bytes,
        expires=datetime.fromtimestamp(clip.expires // 1000, zone),
        swell=_swell(clip.peaks),
        url=clip_url(site, mail.thread, clip.id, mail.recipient.name),
    )


def _length(seconds: float) -> str:
    """`65.2` → `1:05`; of a clip with anything in it at least a second."""
    whole = max(1, round(seconds))
    return f"{whole // 60}:{whole % 60:02}" if seconds else ""


def _swell(peaks: Sequence[int]) -> list[int]:
    """A waveform of at most `BARS` bars, each the loudest of its part."""
    step = max(1, -(-len(peaks) // BARS))
    loudest = [max(peaks[at : at + step]) for at in range(0, len(peaks), step)]
    return [LOW + (HIGH - LOW) * peak // MAX_PEAK for peak in loudest]


def _environment(site: Site) -> Environment:
    """The templates as they are now: a site may change its own at any time."""
    folders = [site.store.folder / OVERRIDES, mail_templates_folder()]
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=_is_markup,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _is_markup(template: str | None) -> bool:
    return bool(template and template.endswith(".html"))
