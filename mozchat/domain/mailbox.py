"""Mail addresses: which ones are taken, and which two are the same."""

from __future__ import annotations

import hashlib
import re

MAX_ADDRESS = 254
"""Characters, what SMTP carries (RFC 5321, section 4.5.3.1.3, less the angle brackets)."""

# RFC 5321's dot-string in front (section 4.1.2), a domain behind, as in the HTML Standard ("valid e-mail
# address"). None begins with a hyphen, so that no program takes it for an option. Beyond ASCII few servers
# understand an address; a domain can be written with xn--.
_FIRST = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~]"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_FIRST}(?:{_ATOM})?(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NAMED = re.compile(r"([^<>]*)<([^<>]*)>")


def is_address(text: str) -> bool:
    """Whether mail can be sent there, as far as its form goes."""
    return len(text) <= MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


def mailbox(text: str) -> tuple[str, str]:
    """`Mail Robot <robot@example.org>` as name and address; the name may be missing, with or without the brackets.

    Raises `ValueError` where it is no mailbox.
    """
    match = _NAMED.fullmatch(text)
    name, address = (match[1].strip(), match[2]) if match else ("", text)
    if not is_address(address):
        raise ValueError(f"not a mail address: {address!r}")
    return name.strip('"').strip(), address


def address_key(address: str) -> str:
    """The same for every way to write an address that servers take for one: 16 hexadecimal digits, from which
    nobody who does not know it finds the address."""
    return hashlib.sha256(f"address\n{address.lower()}".encode()).hexdigest()[:16]
