"""The JSON API but for the events and what sends clips, which have their own ways (`mozchat.web.events`,
`mozchat.web.clips`, `mozchat.web.uploads`)."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from mozchat.domain.errors import Invalid, Malformed
from mozchat.domain.times import rfc3339
from mozchat.services import clips, hub, ice, messages, reports, sessions, subscriptions, threads
from mozchat.services.access import Visit, approach, visit
from mozchat.services.site import Site
from mozchat.web import security
from mozchat.web.fields import idempotency_key
from mozchat.web.identity import give_cookie, token_of
from mozchat.web.sendfile import sent_file
from mozchat.web.views import (
    clip_view,
    clip_views,
    door_view,
    ice_view,
    message_view,
    subscription_view,
    summary_view,
    thread_view,
)

MESSAGE_BYTES = 160_000
"""A message's request: the signals of calls can be long."""

api = Blueprint("api", __name__, url_prefix="/api")


def site() -> Site:
    """The site that this application serves."""
    return cast(Site, current_app.extensions["mozchat"])


@api.after_request
def not_stored(response: Response) -> Response:
    """What the API says is true now only."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@api.get("/threads")
def list_threads() -> Response:
    """The public threads."""
    found = threads.public_threads(site(), token_of(request.environ))
    return jsonify(threads=[summary_view(summary, request.script_root) for summary in found])


@api.get("/threads/<thread>")
def show_thread(thread: str) -> Response:
    """A thread as a client needs it; from outside one with a password, only its door."""
    door = approach(site(), thread, token_of(request.environ))
    if door.locked and door.person is None:
        return jsonify({**door_view(door), "me": None, "settings": {}})
    return jsonify(thread_view(door))


@api.post("/threads/<thread>/session")
def join(thread: str) -> tuple[Response, int]:
    """Join a thread."""
    fields = _json_object({"name": str}, {"password": str})
    inside, token = sessions.join(
        site(),
        thread,
        token_of(request.environ),
        name=fields["name"],
        password=fields.get("password"),
        key=idempotency_key(request.environ),
        address=request.remote_addr or "",
    )
    me = thread_view(inside)["me"]
    response = jsonify({**me, "token": token})
    give_cookie(response, token, path=request.script_root, secure=request.is_secure)
    return response, 201


@api.delete("/threads/<thread>/session")
def leave(thread: str) -> tuple[str, int]:
    """Leave a thread."""
    sessions.leave(site(), _visit(thread))
    return "", 204


@api.get("/threads/<thread>/clips")
def list_clips(thread: str) -> Response:
    """All clips of a thread."""
    inside = _visit(thread)
    cursor = inside.store.cursor(site().now())
    found = clips.visible(site(), inside)
    return jsonify(
        clips=clip_views(found, thread, request.script_root),
        free=clips.free_bytes(inside, inside.store.total_bytes()),
        cursor=str(cursor),
    )


@api.get("/threads/<thread>/clips/<clip_id>")
def show_clip(thread: str, clip_id: str) -> Response:
    """One clip's record."""
    return jsonify(clip_view(_visit(thread).store.clip(clip_id), thread, request.script_root))


@api.delete("/threads/<thread>/clips/<clip_id>")
def delete_clip(thread: str, clip_id: str) -> tuple[str, int]:
    """Delete one's own clip."""
    clips.delete(site(), _visit(thread), clip_id)
    return "", 204


@api.get("/threads/<thread>/clips/<clip_id>/media")
def media(thread: str, clip_id: str) -> Response:
    """A clip's bytes, with Range. The id names them for ever, so they may be kept for ever."""
    inside = _visit(thread)
    clip, path = clips.media_file(site(), inside, clip_id)
    response = sent_file(
        path,
        site(),
        mimetype=clip.mime,
        download_name=clip.file,
        etag=clip.id,
        last_modified=clip.created / 1000,
    )
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = security.MEDIA_POLICY
    return response


@api.post("/threads/<thread>/messages")
def post_message(thread: str) -> tuple[Response, int]:
    """Send a message."""
    inside = _participation(thread)
    key = idempotency_key(request.environ)
    request.max_content_length = MESSAGE_BYTES
    fields = _json_object({"to": str, "type": str, "body": dict}, {})
    message, online = messages.post(
        site(),
        inside,
        to=fields["to"],
        kind=fields["type"],
        body=fields["body"],
        key=key,
        address=request.remote_addr or "",
    )
    return jsonify({**message_view(message), "online": online, "expires": rfc3339(message.until)}), 202


@api.get("/threads/<thread>/subscription")
def show_subscription(thread: str) -> Response:
    """Whether one is to get mail about new clips."""
    return jsonify(subscription_view(subscriptions.look(site(), _visit(thread))))


@api.put("/threads/<thread>/subscription")
def subscribe(thread: str) -> tuple[Response, int]:
    """Ask for mail about new clips."""
    inside = _participation(thread)
    fields = _json_object({"address": str}, {})
    wish = subscriptions.subscribe(site(), inside, fields["address"], request.remote_addr or "")
    return jsonify(subscription_view(wish)), 200 if wish.confirmed else 202


@api.delete("/threads/<thread>/subscription")
def unsubscribe(thread: str) -> tuple[str, int]:
    """Want no mail any more."""
    subscriptions.unsubscribe(_participation(thread))
    return "", 204


@api.get("/threads/<thread>/ice")
def ice_servers(thread: str) -> Response:
    """What a participant's browser calls with."""
    return jsonify(ice_view(ice.configuration(site(), _visit(thread), request.host)))


@api.get("/threads/<thread>/hub")
def hub_ticket(thread: str) -> Response:
    """Where a participant's events are pushed, and what lets them in there."""
    given = hub.ticket(
        site(), _visit(thread), host=request.host, base=request.script_root, secure=request.is_secure
    )
    return jsonify(url=given.url, ticket=given.text, expires=rfc3339(given.expires))


@api.post("/threads/<thread>/reports")
def report(thread: str) -> tuple[str, int]:
    """A browser's error, for the log."""
    fields = _json_object({"message": str}, {"source": str, "line": int})
    reports.write(site(), _visit(thread), fields, request.remote_addr or "", request.user_agent.string)
    return "", 204


def _visit(thread: str) -> Visit:
    return visit(site(), thread, token_of(request.environ))


def _participation(thread: str) -> Visit:
    """A visit by somebody who has joined and is about to do something, which is a sign of life."""
    inside = _visit(thread)
    inside.participant()
    sessions.touch(site(), inside, 0)
    return inside


def _json_object(required: dict[str, type], optional: dict[str, type]) -> dict[str, Any]:
    """The request's body, an object with at least the required fields, each of its type."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = request.get_json(cache=False)
    except RecursionError as error:
        raise Malformed("This is nested too deeply.") from error
    if not isinstance(body, dict):
        raise Invalid("A JSON object was expected.")
    for field, kind in {**required, **optional}.items():
        if field not in body and field in required:
            raise Invalid(f"The field {field} is missing.")
        value = body.get(field)
        if (value is not None or field in required) and (type(value) is not kind):
            raise Invalid(f"The field {field} is of another type: {_JSON_NAMES[kind]} was expected.")
    return body


_JSON_NAMES: dict[type, str] = {str: "a string", dict: "an object", int: "a whole number"}
