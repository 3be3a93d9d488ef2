"""Who is asking, read from cookie or Bearer token, and whether a change comes from our own pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from mozchat.domain.errors import Forbidden

COOKIE = "mozchat"
COOKIE_SECONDS = 400 * 86_400
"""The longest that browsers keep a cookie."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE = re.compile(rf"(?:^|[;,])\s*{COOKIE}=([A-Za-z0-9_-]+)", re.ASCII)
"""Only our own is looked at: others on this host may be anything, not even text."""
_ELSEWHERE = "This request comes from another site, so it was not carried out."


def bearer_token(environ: Mapping[str, Any]) -> str | None:
    """The secret that a program sends (RFC 6750, section 2.1)."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def cookie_token(environ: Mapping[str, Any]) -> str | None:
    """The secret that a browser sends."""
    match = _COOKIE.search(environ.get("HTTP_COOKIE", ""))
    return match[1] if match else None


def token_of(environ: Mapping[str, Any]) -> str | None:
    """The secret of a request, a program's before a browser's."""
    return bearer_token(environ) or cookie_token(environ)


def check_origin(environ: Mapping[str, Any]) -> None:
    """Raise `Forbidden` for a change that another site has a browser make.

    `Sec-Fetch-Site` decides where a browser sends it (W3C Fetch Metadata); else the host of `Origin` must be
    the one asked. With a cookie and neither of both it cannot be known, so no. A Bearer token is proof.
    """
    if environ["REQUEST_METHOD"] in SAFE_METHODS or bearer_token(environ):
        return
    site = environ.get("HTTP_SEC_FETCH_SITE")
    origin = environ.get("HTTP_ORIGIN")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = _host_of(origin) == environ.get("HTTP_HOST", "").lower()
    else:
        ours = cookie_token(environ) is None
    if not ours:
        raise Forbidden(_ELSEWHERE)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def give_cookie(response: Response, token: str, *, path: str, secure: bool) -> None:
    """Have the browser keep its secret."""
    response.set_cookie(
        COOKIE, token, max_age=COOKIE_SECONDS, path=path or "/", secure=secure, httponly=True, samesite="Lax"
    )
