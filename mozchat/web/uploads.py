"""The uploads endpoint, a bare WSGI callable in front of Flask: pieces of recordings come several times a
second from everyone who speaks, and Flask's own path costs twice as much.

Names and meanings are those of the IETF's resumable uploads (draft-ietf-httpbis-resumable-upload), without
its interim responses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, UnsupportedMediaType

from mozchat.domain.clip import Clip
from mozchat.domain.errors import Malformed
from mozchat.domain.times import rfc3339
from mozchat.services import clips, sessions, uploads
from mozchat.services.access import Visit, visit
from mozchat.services.site import Site
from mozchat.services.uploads import Progress
from mozchat.web import fields, problems
from mozchat.web.bare import Answer, Environ, StartResponse, WsgiApp, answered, body_of, respond
from mozchat.web.identity import check_origin, token_of
from mozchat.web.views import published_view

PIECE = "application/partial-upload"
_PATH = re.compile(r"/api/threads/([A-Za-z0-9_-]{1,64})/uploads(?:/([0-9a-f]{16}))?", re.ASCII)
_COLLECTION = ("POST", "OPTIONS")
_ONE = ("PATCH", "HEAD", "DELETE", "OPTIONS")


class UploadsApp:
    """Answers `…/uploads` and `…/uploads/<id>`, and hands everything else on."""

    def __init__(self, site: Site, app: WsgiApp) -> None:
        self._site = site
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """WSGI (PEP 3333)."""
        match = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if match is None:
            return self._app(environ, start_response)
        answer = answered(lambda: self._answer(match[1], match[2], environ), "uploads")
        problems.drain(environ)
        return respond(environ, start_response, *answer)

    def _answer(self, name: str, upload_id: str | None, environ: Environ) -> Answer:
        check_origin(environ)
        method = environ["REQUEST_METHOD"]
        allowed = _COLLECTION if upload_id is None else _ONE
        if method not in allowed:
            raise MethodNotAllowed(list(allowed))
        inside = visit(self._site, name, token_of(environ))
        if method == "OPTIONS":
            limit = f"{_size_limit(inside)}, max-age={inside.settings.upload_lifetime_sec}"
            return 204, None, {"Allow": ", ".join(allowed), "Upload-Limit": limit}
        inside.participant()
        sessions.touch(self._site, inside, 0)
        if upload_id is None:
            return self._create(inside, environ)
        if method == "PATCH":
            return self._append(inside, upload_id, environ)
        if method == "DELETE":
            uploads.discard(self._site, inside, upload_id)
            return 204, None, {}
        found = uploads.look(self._site, inside, upload_id)
        return 204, None, self._state(inside, found)

    def _create(self, inside: Visit, environ: Environ) -> Answer:
        complete = fields.upload_complete(environ)
        length = fields.whole_number(environ, "Upload-Length")
        if fields.whole_number(environ, "Upload-Offset"):
            raise Malformed("An upload begins at the offset 0.")
        piece = _piece(environ)
        if complete:
            clip = clips.publish(self._site, inside, replace(piece, declared=length))
            return self._clip(inside, clip, environ)
        found = uploads.begin(self._site, inside, piece, length, environ.get("CONTENT_TYPE", ""))
        if isinstance(found, Clip):
            return self._clip(inside, found, environ)
        headers = self._state(inside, found)
        headers["Location"] = _location(inside, found.id, environ)
        view: dict[str, Any] = {"id": found.id, "offset": found.offset, "expires": rfc3339(found.expires)}
        if found.live:
            view["live"] = True
        return 201, view, headers

    def _append(self, inside: Visit, upload_id: str, environ: Environ) -> Answer:
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != PIECE:
            raise UnsupportedMediaType(f"A piece is sent as {PIECE}.")
        complete = fields.upload_complete(environ)
        length = fields.whole_number(environ, "Upload-Length")
        offset = fields.whole_number(environ, "Upload-Offset")
        if offset is None:
            raise Malformed("Upload-Offset says where the piece begins.")
        piece = _piece(environ)
        if complete:
            clip = uploads.complete(self._site, inside, upload_id, offset, piece, length)
            return self._clip(inside, clip, environ)
        found = uploads.append(self._site, inside, upload_id, offset, piece, length)
        return 204, None, {"Upload-Offset": str(found.offset), "Upload-Complete": "?0"}

    def _clip(self, inside: Visit, clip: Clip, environ: Environ) -> Answer:
        view = published_view(clip, inside.store.name, environ.get("SCRIPT_NAME", ""))
        return 201, view, self._state(inside, clip)

    def _state(self, inside: Visit, found: Progress | Clip) -> dict[str, str]:
        if isinstance(found, Clip):
            return {"Upload-Offset": str(found.received), "Upload-Complete": "?1"}
        age = max(0, found.expires - self._site.now()) // 1000
        headers = {
            "Upload-Offset": str(found.offset),
            "Upload-Complete": "?0",
            "Upload-Limit": f"{_size_limit(inside)}, max-age={age}",
        }
        if found.length is not None:
            headers["Upload-Length"] = str(found.length)
        return headers


def _size_limit(inside: Visit) -> str:
    limits = clips.limits_of(inside.settings)
    return f"max-size={min(limits.max_clip_bytes, limits.max_total_bytes)}"


def _location(inside: Visit, upload_id: str, environ: Environ) -> str:
    return f"{environ.get('SCRIPT_NAME', '')}/api/threads/{inside.store.name}/uploads/{upload_id}"


def _piece(environ: Environ) -> clips.Upload:
    """The body of a request, not yet read."""
    read, length = body_of(environ)
    return clips.Upload(
        read=read,
        length=length,
        fields=fields.clip_fields(environ),
        key=fields.idempotency_key(environ),
        digest=fields.sha_256(environ),
    )
