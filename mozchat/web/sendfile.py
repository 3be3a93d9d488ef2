"""A file as an answer, which the web server in front sends in our place where it can: we say which one, after we
have checked who is asking. It sees to conditions and ranges itself then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from flask import Response, request
from werkzeug.utils import send_file

from mozchat.services.site import Site

SETTING = "MOZCHAT_SENDFILE"
"""A server may say so itself, with each request: Apache by `SetEnv`, where its module is there."""
INTERNAL = "/threads.internal/"
"""Where nginx has the folder of the threads, for nobody but us. No thread can be called that."""


def sent_file(path: Path, site: Site, **about: Any) -> Response:
    """The answer to this request that is a file; `about` is what Werkzeug's `send_file` takes."""
    header = _header(path, site, request.environ)
    handed_over = header is not None
    sent = send_file(
        path,
        request.environ,
        use_x_sendfile=handed_over,
        conditional=not handed_over,
        response_class=Response,
        **about,
    )
    if header is not None:
        for own in ("X-Sendfile", "Content-Length"):
            del sent.headers[own]
        sent.headers.update({header[0]: header[1], "Accept-Ranges": "bytes"})
    return cast(Response, sent)


def _header(path: Path, site: Site, environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """By which the server in front is told to send a file; `None` where it cannot."""
    how = environ.get(SETTING) or site.sendfile
    if how == "x-sendfile":
        return "X-Sendfile", quote(str(path))
    if how == "x-accel-redirect":
        below = path.relative_to(site.store.folder).as_posix()
        return "X-Accel-Redirect", f"{environ.get('SCRIPT_NAME', '')}{INTERNAL}{quote(below)}"
    return None
