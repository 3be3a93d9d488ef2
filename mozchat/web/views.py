"""The shapes of things in JSON, as PROTOCOL.md has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mozchat.domain.clip import Clip
from mozchat.domain.ice import IceConfiguration
from mozchat.domain.identity import author_id
from mozchat.domain.message import Message
from mozchat.domain.options import IceServer, ThreadSettings, page_view
from mozchat.domain.thread_state import Changes
from mozchat.domain.times import rfc3339
from mozchat.services.access import Visit
from mozchat.services.clips import free_bytes
from mozchat.services.subscriptions import Wish
from mozchat.services.threads import ThreadSummary, shown_title

Json = dict[str, Any]


def clip_view(clip: Clip, thread_name: str, base: str) -> Json:
    """A clip. `base` is the path under which the site is mounted."""
    view: Json = {
        "id": clip.id,
        "author": clip.author,
        "authorId": author_id(thread_name, clip.identity) if clip.identity else "",
        "created": rfc3339(clip.created),
        "mime": clip.mime,
        "duration": clip.duration,
        "bytes": clip.bytes,
        "expires": rfc3339(clip.expires),
        "description": clip.description,
        "media": f"{base}/api/threads/{thread_name}/clips/{clip.id}/media",
    }
    if clip.peaks:
        view["peaks"] = list(clip.peaks)
    if clip.live:
        view |= {"live": True, "paused": clip.paused}
    return view


def published_view(clip: Clip, thread_name: str, base: str) -> Json:
    """A clip for whoever has just published it, who is told how many others learn of it by mail."""
    view = clip_view(clip, thread_name, base)
    return {**view, "notified": clip.notified} if clip.notified else view


def clip_views(clips: Iterable[Clip], thread_name: str, base: str) -> list[Json]:
    """Clips."""
    return [clip_view(clip, thread_name, base) for clip in clips]


def message_view(message: Message) -> Json:
    """A message as it is delivered."""
    return {
        "id": str(message.number),
        "from": message.sender,
        "to": message.to,
        "type": message.type,
        "sent": rfc3339(message.sent),
        "body": dict(message.body),
    }


def ice_view(configuration: IceConfiguration) -> Json:
    """An RTCConfiguration, and when its passwords are over."""
    expires = configuration.expires
    return {
        "iceServers": [_ice_server_view(server) for server in configuration.servers],
        "iceTransportPolicy": "relay" if configuration.relay_only else "all",
        "expires": None if expires is None else rfc3339(expires * 1000),
    }


def _ice_server_view(server: IceServer) -> Json:
    password = {"username": server.username, "credential": server.credential} if server.has_password else {}
    return {"urls": list(server.urls), **password}


def changes_view(changes: Changes, inside: Visit, base: str) -> Json:
    """What a listener is told; a key is absent where nothing changed."""
    name = inside.store.name
    view: Json = {"cursor": changes.cursor}
    if changes.reset:
        view["reset"] = True
    if changes.reset or changes.added or changes.removed or changes.grown:
        view["clips"] = {"added": clip_views(changes.added, name, base), "removed": list(changes.removed)}
    if changes.grown:
        view["clips"]["grown"] = [growth.record() for growth in changes.grown]
    if changes.online is not None:
        view["online"] = list(changes.online)
    if changes.messages:
        view["messages"] = [message_view(message) for message in changes.messages]
    if changes.total_bytes is not None:
        view["free"] = free_bytes(inside, changes.total_bytes)
    return view


def subscription_view(wish: Wish | None) -> Json:
    """What a participant has asked for."""
    if wish is None:
        return {"state": "none", "address": None}
    return {"state": "confirmed" if wish.confirmed else "pending", "address": wish.address}


def me_view(inside: Visit) -> Json | None:
    """Who the visitor is here."""
    if inside.person is None:
        return None
    return {"name": inside.person.name, "authorId": author_id(inside.store.name, inside.person.identity)}


def thread_view(inside: Visit) -> Json:
    """What a client needs of a thread."""
    return {**door_view(inside), "me": me_view(inside), "settings": page_view(inside.settings)}


def door_view(door: Visit) -> Json:
    """What may be seen of a thread before one has joined."""
    settings: ThreadSettings = door.settings
    return {
        "name": door.store.name,
        "title": shown_title(settings, door.store.name),
        "description": settings.description,
        "locked": door.locked,
    }


def summary_view(summary: ThreadSummary, base: str) -> Json:
    """A thread on the front page."""
    view: Json = {
        "name": summary.name,
        "title": summary.title,
        "description": summary.description,
        "locked": summary.locked,
        "online": list(summary.online),
        "newest": clip_view(summary.newest, summary.name, base) if summary.newest else None,
    }
    return view
