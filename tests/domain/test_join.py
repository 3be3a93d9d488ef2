"""Where a growing recording can be joined. That decoders take it is in tests/process/test_live.py."""

import functools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.domain.media import ebml
from mozchat.domain.media.join import MAX_BACK, Join, JoinIndex
from tests.recordings import CLUSTER, finished, long_mp4, long_webm, sample

WEBM = ["chromium-audio-live.webm", "chromium-video-live.webm", "firefox-audio.webm", "firefox-video.webm"]
MP4 = ["chromium-audio-live.mp4", "chromium-video.mp4", "webkit-audio.mp4"]
VIDEO = {"chromium-video-live.webm", "firefox-video.webm"}
NOT_JOINED = ["firefox-audio.ogg", "espeak.wav", "index-last.mp4"]
HEAD = CLUSTER + b"\x01" + b"\xff" * 7 + b"\xe7"


@functools.cache
def places_of(name):
    """Where one may begin: by offset, the time in milliseconds and the bytes that go in front. Found by going
    through the whole file, and with other means than the index has."""
    data = sample(name)
    if name in MP4:
        return dict(_fragments(data))
    return {at: (time, HEAD + stamp) for at, time, stamp, key in _blocks(data) if key or name not in VIDEO}


def _blocks(data):
    at, cluster, stamp = data.index(CLUSTER), 0, b""
    while at < len(data):
        id_, size, length = ebml.head(data, at)
        body = at + length
        if id_ == 0xE7:
            cluster = int.from_bytes(data[body : body + size], "big")
            stamp = ebml.element(0xE7, ebml.whole(cluster))[1:]
        elif id_ == 0xA3:
            (time,) = struct.unpack(">h", data[body + 1 : body + 3])
            if data[body] == 0x80 | _lead_track(data):
                yield at, cluster + time, stamp, bool(data[body + 3] & 0x80)
        at = body if id_ in (0x1F43B675, 0xA0) else body + size


def _lead_track(data):
    entry = data.rfind(b"\xae", 0, data.index(b"V_VP" if b"V_VP" in data else b"A_OPUS"))
    return data[data.index(b"\xd7\x81", entry) + 2]


def _fragments(data):
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"moof":
            yield at, (0, b"")
        at += size


def beginning_of(name):
    data = sample(name)
    if name not in MP4:
        return data[: data.index(CLUSTER)]
    moov = data.index(b"moov") - 4
    ftyp = struct.unpack(">I", data[:4])[0]
    return data[:ftyp] + data[moov : moov + struct.unpack(">I", data[moov : moov + 4])[0]]


def index_of(data, *cuts):
    index = JoinIndex()
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        index.feed(data[start:end])
    return index


def check(name, join, there):
    """A join of the first `there` bytes is at a place that is one, with what belongs in front."""
    assert join.offset < there
    time, head = places_of(name)[join.offset]
    assert join.prefix == beginning_of(name) + head
    return time


@given(st.sampled_from(WEBM + MP4), st.data())
@settings(deadline=None)
def test_of_any_part_of_a_recording_that_came_in_any_pieces_the_place_is_right(name, data):
    whole = sample(name)
    end = data.draw(st.integers(0, len(whole)))
    cuts = sorted(data.draw(st.lists(st.integers(0, end), max_size=20)))
    back = data.draw(st.floats(0, 3))

    join = index_of(whole[:end], *cuts).join(back)

    assert join == index_of(whole[:end]).join(back), "it does not matter in which pieces it came"
    if join is not None:
        check(name, join, end)
    else:
        assert places_of(name)
        # A block is known by its first bytes; a fragment by all of its head.
        reach = 24 if name not in MP4 else 4000
        assert not any(at + reach <= end for at in places_of(name))


@pytest.mark.parametrize("name", WEBM)
def test_it_begins_so_long_before_the_newest(name):
    whole = sample(name)
    times = [time for time, _ in places_of(name).values()]
    newest = max(time for _, time, *_ in _blocks(whole))

    for back in (0, 0.2, 0.5):
        time = check(name, index_of(whole).join(back), len(whole))
        assert time == max((each for each in times if each <= newest - back * 1000), default=min(times))


@pytest.mark.parametrize("name", ["chromium-audio-live.webm", "firefox-audio.webm"])
def test_of_a_long_one_only_the_last_seconds_are_joined(name):
    whole = long_webm(sample(name), 60)
    index = index_of(whole)

    near, far, farthest = (index.join(back) for back in (1, MAX_BACK, 1000))

    assert near.offset > 0.97 * len(whole)
    assert far == farthest
    assert 0.78 * len(whole) < far.offset < 0.86 * len(whole)


def test_of_a_long_mp4_too():
    whole = long_mp4(sample("chromium-audio-live.mp4"), 60)
    join = index_of(whole).join(1)

    assert whole[join.offset + 4 : join.offset + 8] == b"moof"
    assert join.offset > 0.94 * len(whole)


@pytest.mark.parametrize("name", WEBM + MP4)
def test_what_it_is_is_known_as_soon_as_its_beginning_is_there(name):
    whole = sample(name)
    end = whole.index(CLUSTER) + 12 if name in WEBM else whole.index(b"moof") + 12
    info = index_of(whole[:end]).info

    assert info.mime == index_of(whole).info.mime
    assert info.mime.startswith("video/" if "video" in name else "audio/")
    assert "codecs=" in info.mime
    assert index_of(whole[: end // 2]).info is None


@pytest.mark.parametrize("name", NOT_JOINED)
def test_what_cannot_be_joined_in_the_middle_is_heard_from_the_beginning(name):
    assert index_of(sample(name)).join(1) == Join(b"", 0)


@pytest.mark.parametrize("name", WEBM)
def test_a_finished_recording_is_joined_at_the_same_places(name):
    """Of a clip that is complete, the bytes behind the gap are read."""
    stored = finished(sample(name))
    behind = stored[len(stored) - len(sample(name)) :]

    for back in (0, 0.3, 1):
        assert index_of(behind).join(back) == index_of(sample(name)).join(back)


@given(st.sampled_from(WEBM + MP4), st.data())
@settings(deadline=None)
def test_nothing_that_is_sent_breaks_it(name, data):
    content = bytearray(sample(name)[: data.draw(st.integers(0, 4000))])
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, max(0, len(content) - 1))) : 0] = data.draw(st.binary(max_size=12))
    join = index_of(bytes(content)).join(data.draw(st.floats(0, 20)))

    assert join is None or 0 <= join.offset <= len(content)
    assert join is None or len(join.prefix) < 100_000


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_taken(content):
    index = index_of(content)

    assert index.taken == len(content)
    assert index.join(1) in (None, Join(b"", 0))


def test_another_file_behind_the_first_is_not_joined_wrongly():
    whole = sample("chromium-audio-live.webm")
    join = index_of(whole + whole).join(0)

    assert join.offset < len(whole)
