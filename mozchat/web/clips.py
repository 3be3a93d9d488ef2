"""Clips that are sent as a form, by a bare WSGI callable in front of Flask, whose own way costs twice as much and
puts a long file on the disk before we do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from werkzeug.exceptions import MethodNotAllowed

from mozchat.domain.clip import checked_peaks, clean_description
from mozchat.domain.errors import Invalid, TooLarge
from mozchat.services import clips, sessions
from mozchat.services.access import Visit, visit
from mozchat.services.site import Site
from mozchat.web import problems
from mozchat.web.bare import Answer, Environ, StartResponse, WsgiApp, answered, body_of, respond
from mozchat.web.fields import idempotency_key
from mozchat.web.form import MAX_BESIDE, Form
from mozchat.web.identity import check_origin, token_of
from mozchat.web.views import published_view

_PATH = re.compile(r"/api/threads/([^/]+)/clips")
_METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
_ONCE = frozenset({"mime", "duration", "description", "peaks"})
_ONE_FILE = "Exactly one file was expected, in the field blob."


class ClipsApp:
    """Answers whatever would change `…/clips`, and hands everything else on."""

    def __init__(self, site: Site, app: WsgiApp) -> None:
        self._site = site
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """WSGI (PEP 3333)."""
        match = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if match is None or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self._app(environ, start_response)
        answer = answered(lambda: self._answer(match[1], environ), "clips")
        problems.drain(environ)
        return respond(environ, start_response, *answer)

    def _answer(self, name: str, environ: Environ) -> Answer:
        check_origin(environ)
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return 200, None, {"Allow": ", ".join(_METHODS), "Content-Length": "0"}
        if method != "POST":
            raise MethodNotAllowed(_METHODS)
        inside = visit(self._site, name, token_of(environ))
        inside.participant()
        sessions.touch(self._site, inside, 0)
        clip = clips.publish(self._site, inside, _upload(inside, environ))
        return 201, published_view(clip, name, environ.get("SCRIPT_NAME", "")), {}


def _upload(inside: Visit, environ: Environ) -> clips.Upload:
    """A form's clip, of which nothing is read yet; its fields are there when the whole form is read."""
    key = idempotency_key(environ)
    limit = min(inside.settings.max_blob_bytes, inside.settings.max_media_folder_bytes)
    read, length = body_of(environ)
    if length is not None and length > limit + MAX_BESIDE:
        raise TooLarge(f"This clip is too large. A clip in this thread has at most {limit:,} bytes.")
    fields: dict[str, Any] = {}
    blob = _blob(Form(environ.get("CONTENT_TYPE", ""), _bounded(read, length)), fields)
    return clips.Upload(lambda _: next(blob, b""), None, fields, key)


def _bounded(read: Callable[[int], bytes], length: int | None) -> Callable[[int], bytes]:
    """`read`, but not beyond so many bytes."""
    if length is None:
        return read
    left = length

    def read_on(most: int) -> bytes:
        nonlocal left
        data = read(min(most, left)) if left else b""
        left -= len(data)
        return data

    return read_on


def _blob(form: Form, fields: dict[str, Any]) -> Iterator[bytes]:
    """The bytes of a form's one file; what the form says of it is in `fields` at the end. Raises `Invalid`,
    `RequestEntityTooLarge`."""
    texts: dict[str, str] = {}
    files = 0
    for part in form.parts():
        if part.is_file:
            files += 1
            if part.name != "blob" or files > 1:
                raise Invalid(_ONE_FILE)
            yield from part.chunks()
        elif part.name == "blob":
            raise Invalid("The field blob must be a file.")
        elif part.name in texts and part.name in _ONCE:
            raise Invalid(f"The field {part.name} is there more than once.")
        else:
            texts[part.name] = part.text()
    if not files:
        raise Invalid(_ONE_FILE)
    fields.update(_clip_fields(texts))


def _clip_fields(form: dict[str, str]) -> dict[str, Any]:
    """What a form says of a clip. A duration that is none counts as 0."""
    said: dict[str, Any] = {"description": clean_description(form.get("description", ""))}
    said["duration"] = form.get("duration", "")
    if form.get("peaks"):
        try:
            said["peaks"] = checked_peaks(json.loads(form["peaks"]))
        except (ValueError, RecursionError) as error:
            raise Invalid("peaks is a JSON array.") from error
    return said
