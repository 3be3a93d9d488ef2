"""Security headers: what a page may load, and what becomes of a file that is opened by itself."""

from __future__ import annotations

from werkzeug.datastructures import Headers

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

MEDIA_POLICY = (
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
"""A clip that is opened by itself is shown by the browser's own player, which styles itself inline."""

PLAIN_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""For data: nothing of it is ever run or shown as a page."""

COMMON: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)

PERMISSIONS = "camera=(self), microphone=(self), display-capture=(self), geolocation=()"


def page_policy(origin: str) -> str:
    """The policy of a page that connects to an origin beside its own."""
    return PAGE_POLICY.replace("connect-src 'self'", f"connect-src 'self' {origin}")


def secure(headers: Headers, media_type: str) -> None:
    """Add what every response has, and the policy for its type where it has none of its own."""
    for name, value in COMMON:
        headers.setdefault(name, value)
    if media_type == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    else:
        headers.setdefault("Content-Security-Policy", PLAIN_POLICY)
