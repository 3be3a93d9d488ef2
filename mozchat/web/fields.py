"""Header fields of requests that say how a body is to be taken, structured ones as RFC 9651 writes them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from mozchat.domain.clip import checked_fields
from mozchat.domain.errors import Invalid, Malformed

MAX_KEY = 128
MAX_CLIP_FIELDS = 8_192
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):(?:;.*)?", re.ASCII)
_SHA_256 = re.compile(r"(?:^|,)\s*sha-256=(:[A-Za-z0-9+/=]*:)", re.ASCII)
_INTEGER = re.compile(r"\d{1,15}", re.ASCII)


def idempotency_key(environ: Mapping[str, Any]) -> str | None:
    """The key by which a repeat is known; raises `Invalid`."""
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not all(" " <= character <= "~" for character in key):
        raise Invalid(f"Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return key


def upload_complete(environ: Mapping[str, Any]) -> bool:
    """Whether the body is the end of the upload; it must be said. Raises `Malformed`."""
    text = environ.get("HTTP_UPLOAD_COMPLETE", "").strip()
    if text not in ("?0", "?1"):
        raise Malformed("Upload-Complete says with ?1 that this is the end of the upload, else with ?0.")
    return bool(text == "?1")


def whole_number(environ: Mapping[str, Any], name: str) -> int | None:
    """A field like `Upload-Offset`, `None` where it is not there; raises `Malformed`."""
    text = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
    if text is None:
        return None
    if not _INTEGER.fullmatch(text.strip()):
        raise Malformed(f"{name} is a number of bytes.")
    return int(text)


def clip_fields(environ: Mapping[str, Any]) -> dict[str, Any]:
    """What `Clip-Fields` says of the clip, a byte sequence of JSON; empty where it is not there. Raises
    `Malformed`, `Invalid`."""
    text = environ.get("HTTP_CLIP_FIELDS")
    if text is None:
        return {}
    if len(text) > MAX_CLIP_FIELDS:
        raise Invalid(f"Clip-Fields has at most {MAX_CLIP_FIELDS} characters.")
    try:
        return checked_fields(json.loads(_byte_sequence(text)))
    except (ValueError, RecursionError) as error:
        raise Malformed("Clip-Fields is a JSON object as a byte sequence, :BASE64:.") from error


def sha_256(environ: Mapping[str, Any]) -> bytes | None:
    """The digest of the whole that `Repr-Digest` (RFC 9530) names; other algorithms are passed over. Raises
    `Malformed`."""
    match = _SHA_256.search(environ.get("HTTP_REPR_DIGEST", ""))
    if match is None:
        return None
    try:
        return _byte_sequence(match[1])
    except ValueError as error:
        raise Malformed("The digest is not one: sha-256=:BASE64: was expected.") from error


def _byte_sequence(text: str) -> bytes:
    match = _BYTES.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    try:
        return base64.b64decode(match[1], validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
