"""Recordings of any size, and the requests that upload them."""

from __future__ import annotations

from functools import cache

from tests.bench.harness import SAMPLES
from tests.bench.load import head

BOUNDARY = "----------------------------9f86d081884c7d65"


@cache
def voice(size: int) -> bytes:
    """A real recording that is so many bytes long: its first cluster's last block is repeated."""
    sample = (SAMPLES / "espeak.wav").read_bytes()
    header, sound = bytearray(sample[:44]), sample[44:]
    body = (sound * (size // len(sound) + 1))[: size - 44]
    header[4:8] = (size - 8).to_bytes(4, "little")
    header[40:44] = (size - 44).to_bytes(4, "little")
    return bytes(header) + body


def multipart(token: str, content: bytes, key: str = "") -> bytes:
    """An upload in one go as a form."""
    before = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="duration"\r\n\r\n1.5\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="blob"; filename="clip"\r\n'
        "Content-Type: audio/webm\r\n\r\n"
    ).encode()
    after = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(before) + len(content) + len(after)
    lines = [f"Content-Type: multipart/form-data; boundary={BOUNDARY}", f"Content-Length: {length}"]
    if key:
        lines.append(f"Idempotency-Key: {key}")
    return head("POST", "/api/threads/walk/clips", token, *lines) + before + content + after


def raw(token: str, content: bytes, key: str = "") -> bytes:
    """An upload in one go without a form."""
    lines = ["Upload-Complete: ?1", "Content-Type: audio/webm", f"Content-Length: {len(content)}"]
    if key:
        lines.append(f"Idempotency-Key: {key}")
    return head("POST", "/api/threads/walk/uploads", token, *lines) + content
