"""Identities: a random secret in the browser, its hash on the server, a short public mark in each thread."""

from __future__ import annotations

import base64
import hashlib
import re

TOKEN_BYTES = 16
MIN_SECRET_KEY = 22
"""Characters that 128 bits of chance take in base64."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


def is_token(text: str) -> bool:
    """Whether a secret has the form of those that we give out (URL-safe base64 of 16 bytes)."""
    return _TOKEN.fullmatch(text) is not None


def token_from(key: str) -> str:
    """A secret made from the `Idempotency-Key` that somebody joined with: whoever has never seen the answer asks
    again and is who they were. Such a key is a secret itself, of at least `MIN_SECRET_KEY` characters."""
    digest = hashlib.sha256(f"token\n{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).rstrip(b"=").decode()


def identity_of(token: str) -> str:
    """The identity that a secret stands for: its SHA-256 in hexadecimal, the only form that is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def author_id(thread_name: str, identity: str) -> str:
    """What others see of an identity: 12 hexadecimal digits, different in every thread."""
    return hashlib.sha256(f"author\n{thread_name}\n{identity}".encode()).hexdigest()[:12]


def idempotency_digest(kind: str, identity: str, key: str) -> str:
    """One identity's `Idempotency-Key` for a kind of thing ("clip", "message") as it is stored: 16 hexadecimal
    digits, which are also the id of the clip that it made."""
    return hashlib.sha256(f"key\n{kind}\n{identity}\n{key}".encode()).hexdigest()[:16]
