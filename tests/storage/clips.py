"""Clips in a thread's folder, as the tests of the storage make and name them."""

from mozchat.domain.clip import Clip, file_name
from mozchat.domain.retention import Limits
from mozchat.storage.media import Draft

LIMITS = Limits(1000, 3000, 4)


def draft(number, size=100, expires=10_000, author="Ann"):
    clip_id = f"{number:016x}"
    name = file_name(number, clip_id, "webm")
    return Clip(clip_id, name, author, "id", number, expires, "audio/webm", 1.0, size, f"clip {number}")


def add(store, number, size=100, limits=LIMITS, now=1, **kwargs):
    return publish(store, draft(number, size, **kwargs), b"x" * size, limits, now)


def publish(store, clip, data, limits=LIMITS, now=2):
    with Draft(store.media().path, data) as content:
        return store.add_clip(clip, content, limits, now)


def ids(store):
    return [int(clip.id, 16) for clip in store.clips()]
