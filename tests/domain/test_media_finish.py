"""The new header of a recording, bit by bit. That browsers seek with it is in tests/browser/test_seeking.py."""

import contextlib
import io
import operator
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.domain.media import MediaInfo, UnknownMedia, ebml, read_media
from mozchat.domain.media.finish import MAX_INDEX, MIN_INDEX, finish, gap_for
from mozchat.domain.media.source import Source
from tests.recordings import (
    CLUSTER,
    behind_gap,
    finish_stored,
    finished,
    long_mp4,
    long_webm,
    patched,
    sample,
)

WEBM = [
    "chromium-audio.webm",
    "chromium-audio-live.webm",
    "chromium-video.webm",
    "chromium-video-live.webm",
    "firefox-audio.webm",
    "firefox-video.webm",
]
MP4 = [
    "chromium-audio.mp4",
    "chromium-audio-live.mp4",
    "chromium-video.mp4",
    "chromium-video-vp9.mp4",
    "webkit-audio.mp4",
]
AS_IT_IS = ["firefox-audio.ogg", "theora.ogg", "espeak.wav", "index-last.mp4"]
TINY = 50_000


def read(data):
    return read_media(io.BytesIO(data), len(data))


def elements(data, at, end, enter):
    """Id, start, body and end of each element there; those of ids in `enter` are gone into."""
    while at < end:
        id_, size, length = ebml.head(data, at)
        assert size is not None, "a size that is not known"
        body = at + length
        assert body + size <= end, "an element that goes on beyond what it is in"
        yield id_, at, body, body + size
        at = body if id_ in enter else body + size


def webm_parts(data):
    """The segment's data, its first-level elements by id, and the blocks as (track, time, key) by cluster."""
    _, (id_, _, body, end) = elements(data, 0, len(data), set())
    assert id_ == 0x18538067
    assert end == len(data)
    top = list(elements(data, body, end, set()))
    blocks = {}
    for id_, start, inner, inner_end in top:
        if id_ == 0x1F43B675:
            base = 0
            for kind, _, block, block_end in elements(data, inner, inner_end, {0xA0}):
                if kind == 0xE7:
                    base = int.from_bytes(data[block:block_end], "big")
                elif kind in (0xA3, 0xA1):
                    (relative,) = struct.unpack_from(">h", data, block + 1)
                    blocks.setdefault(start - body, []).append(
                        (data[block] & 0x7F, base + relative, data[block + 3] >= 0x80)
                    )
    return body, top, blocks


def cues_of(data):
    """(time, track, cluster's position) of each cue."""
    _, top, _ = webm_parts(data)
    (body,) = [data[begin:end] for id_, _, begin, end in top if id_ == 0x1C53BB6B]
    cues, at = [], 0
    while at < len(body):
        _, size, length = ebml.head(body, at)
        point = ebml.children(body[at + length : at + length + size])
        place = ebml.children(point[0xB7])
        cues.append(tuple(int.from_bytes(field, "big") for field in (point[0xB3], place[0xF7], place[0xF1])))
        at += length + size
    return cues


@pytest.mark.parametrize("name", WEBM + MP4)
@pytest.mark.parametrize("limit", [TINY, 30_000_000])
def test_what_is_told_of_a_recording_is_told_of_the_finished_file(name, limit):
    stored, gap = behind_gap(sample(name), limit)
    result = finish_stored(stored, gap)
    assert result.info == read(sample(name))
    assert read(patched(stored, result.patches)) == result.info


@pytest.mark.parametrize("name", WEBM)
def test_each_cue_leads_to_a_cluster_that_has_a_block_of_that_time(name):
    _, _, blocks = webm_parts(data := finished(sample(name)))
    cues = cues_of(data)
    track = cues[0][1]
    assert cues[0][0] == min(at for found in blocks.values() for number, at, _ in found if number == track)
    for moment, track, cluster in cues:
        assert any(
            (number, at) == (track, moment) and (key or "audio" in name)
            for number, at, key in blocks[cluster]
        )


@pytest.mark.parametrize("name", WEBM)
def test_the_table_of_contents_leads_to_what_it_names(name):
    data = finished(sample(name))
    body, top, _ = webm_parts(data)
    (seeks,) = [data[begin:end] for id_, _, begin, end in top if id_ == 0x114D9B74]
    there = {id_: start - body for id_, start, _, _ in top}
    named = [ebml.children(seek) for _, seek in ebml.elements(seeks)]
    assert len(named) == 3
    for seek in named:
        assert there[int.from_bytes(seek[0x53AB], "big")] == int.from_bytes(seek[0x53AC], "big")


def test_the_duration_goes_to_the_last_frames_end():
    data = finished(sample("chromium-audio-live.webm"))
    at = data.index(b"\x44\x89\x88") + 3
    assert struct.unpack(">d", data[at : at + 8]) == (1500.0,)


def test_a_long_recording_has_cues_all_along_it():
    times = [moment for moment, _, _ in cues_of(finished(long_webm(sample("chromium-audio-live.webm"), 600)))]
    assert times[0] == 0
    assert times[-1] > 590_000
    assert max(map(operator.sub, times[1:], times)) < 4_000


def test_with_little_room_there_are_fewer_cues():
    data = long_webm(sample("chromium-audio-live.webm"), 600)
    assert 2 <= len(cues_of(finished(data, TINY))) < 12


def test_cues_of_a_video_lead_to_key_frames_only():
    data = finished(long_webm(sample("chromium-video-live.webm"), 60))
    _, _, blocks = webm_parts(data)
    cues = cues_of(data)
    assert len(cues) > 10
    for moment, track, cluster in cues:
        assert (track, moment, True) in blocks[cluster]


def boxes(data, at, end):
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= end - at, "a box that goes on beyond what it is in"
        yield kind, at, at + 8, at + size
        at += size


def indexes(data):
    """Track, timescale and the entries (position, time, duration) of each `sidx`."""
    found = []
    for kind, _, body, end in boxes(data, 0, len(data)):
        if kind == b"sidx":
            track, scale, moment, offset, _, count = struct.unpack_from(">IIQQHH", data, body + 4)
            entries, position = [], end + offset
            for index in range(count):
                size, duration, flags = struct.unpack_from(">III", data, body + 32 + 12 * index)
                assert flags == 0x90000000
                entries.append((position, moment, duration))
                position, moment = position + size, moment + duration
            assert position == len(data)
            found.append((track, scale, entries))
    return found


def fragment_times(data):
    """The `tfdt` of each track in the `moof` at each position."""
    found = {}
    for kind, at, body, end in boxes(data, 0, len(data)):
        if kind == b"moof":
            for traf, _, inner, inner_end in boxes(data, body, end):
                if traf == b"traf":
                    inside = {k: b for k, _, b, _ in boxes(data, inner, inner_end)}
                    (track,) = struct.unpack_from(">I", data, inside[b"tfhd"] + 4)
                    wide = data[inside[b"tfdt"]]
                    (moment,) = struct.unpack_from(">Q" if wide else ">I", data, inside[b"tfdt"] + 4)
                    found.setdefault(at, {}).setdefault(track, moment)
    return found


@pytest.mark.parametrize("name", MP4)
def test_each_track_has_an_index_that_leads_to_its_fragments(name):
    data = finished(long_mp4(sample(name), 18) if "live" in name else sample(name))
    fragments = fragment_times(data)
    assert len(indexes(data)) == (2 if "video" in name else 1)
    for track, _, entries in indexes(data):
        covered, moment, _ = entries[0]
        assert data[covered + 4 : covered + 8] == b"free"
        assert covered + struct.unpack_from(">I", data, covered)[0] == min(fragments)
        assert fragments[min(fragments)][track] == moment
        for position, moment, _ in entries[1:]:
            assert fragments[position][track] == moment


def test_a_long_mp4_has_an_index_all_along_it():
    data = finished(long_mp4(sample("chromium-audio-live.mp4"), 600))
    ((_, scale, entries),) = indexes(data)
    assert sum(duration for _, _, duration in entries) / scale == pytest.approx(600, abs=0.1)
    assert max(duration for _, _, duration in entries) / scale < 3
    assert len(fragment_times(data)) == 4800


@pytest.mark.parametrize("name", MP4)
def test_the_duration_stands_wherever_players_look_for_it(name):
    data = finished(sample(name))
    seconds = read(data).duration
    moov = next(data[at:end] for kind, at, _, end in boxes(data, 0, len(data)) if kind == b"moov")
    for kind, at in ((b"mvhd", 16), (b"mdhd", 16), (b"mehd", 4)):
        body = moov.index(kind) + 4
        scale_at = (moov.index(b"mvhd") if kind == b"mehd" else moov.index(kind)) + 4
        (scale,) = struct.unpack_from(">I", moov, scale_at + (20 if moov[scale_at] else 12))
        wide = moov[body] == 1
        (duration,) = struct.unpack_from(
            ">Q" if wide else ">I", moov, body + at + (8 if wide and kind != b"mehd" else 0)
        )
        assert duration / scale == pytest.approx(seconds, abs=0.001), kind


def test_a_fragment_that_gstreamer_wrote_twice_counts_once():
    assert sample("webkit-audio.mp4").count(b"moof") == 3
    assert len(fragment_times(finished(sample("webkit-audio.mp4")))) == 2


def test_absolute_places_move_with_the_gap():
    """As older recorders write them: `tfhd` with the place of the fragment in the file."""
    data = sample("chromium-audio.mp4")
    at = data.index(b"moof") - 4
    tfhd = data.index(b"tfhd") - 4
    based = struct.pack(">I4sIIQI", 28, b"tfhd", 0x000021, 1, at, 0x02000000)
    data = data[:tfhd] + based + data[tfhd + 20 :]
    for kind, size in ((b"moof", 292), (b"traf", 268)):
        data = data.replace(struct.pack(">I4s", size - 8, kind), struct.pack(">I4s", size, kind))
    stored, gap = behind_gap(data)
    whole = patched(stored, finish_stored(stored, gap).patches)
    assert struct.unpack_from(">Q", whole, whole.rindex(b"tfhd") + 12) == (at + gap,)
    assert patched(whole, finish_stored(whole, gap).patches) == whole
    elsewhere = data.replace(struct.pack(">IQ", 1, at), struct.pack(">IQ", 1, at + 1))
    stored, gap = behind_gap(elsewhere)
    assert finish_stored(stored, gap).patches is None


@pytest.mark.parametrize("name", AS_IT_IS)
def test_what_needs_no_index_gets_no_gap(name):
    data = sample(name)
    assert gap_for(data, TINY) == 0
    assert finish(Source(io.BytesIO(data), len(data)), 0, len(data)).patches is None
    behind = bytes(100) + data
    result = finish(Source(io.BytesIO(behind), len(behind)), 100, len(data))
    assert result.info == read(data)
    assert result.patches is None


@pytest.mark.parametrize("name", WEBM + MP4)
@pytest.mark.parametrize("gap", [0, 1, 40, 200])
def test_without_enough_of_a_gap_a_recording_stays_as_it_is(name, gap):
    data = sample(name)
    stored = bytes(gap) + data
    result = finish(Source(io.BytesIO(stored), len(stored)), gap, len(data))
    assert result.info == read(data)
    assert result.patches is None


@pytest.mark.parametrize("name", WEBM + MP4)
def test_a_gap_is_small_and_grows_with_the_limit(name):
    data = sample(name)
    header = data.index(CLUSTER + b"\x01") if name in WEBM else data.index(b"moof")
    tracks = 2 if "video" in name and name in MP4 else 1
    assert gap_for(data, TINY) <= header + 100 + tracks * MIN_INDEX
    assert gap_for(data, 10**9) <= header + 100 + tracks * MAX_INDEX
    assert gap_for(b"", TINY) == 0
    assert all(gap_for(data[:length], TINY) > 300 for length in (1, 3, 4, 7, 11, 12))


@pytest.mark.parametrize("name", WEBM + MP4)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_what_was_written_in_part_is_written_again_and_comes_to_the_same(name, data):
    stored, gap = behind_gap(sample(name))
    patches = finish_stored(stored, gap).patches
    whole = patched(stored, patches)
    done = data.draw(st.integers(0, len(patches) - 1))
    at, header = patches[-1]
    torn = header[: data.draw(st.integers(0, len(header)))] if done == len(patches) - 1 else b""
    partly = patched(stored, (*patches[:done], (at, torn)))
    result = finish_stored(partly, gap)
    assert result.info == read(sample(name))
    assert patched(partly, result.patches) == whole


@pytest.mark.parametrize("name", WEBM)
@settings(deadline=None, max_examples=40)
@given(part=st.floats(0.1, 1))
def test_a_webm_that_was_cut_off_is_whole_as_far_as_it_goes(name, part):
    data = sample(name)
    data = data[: max(data.index(CLUSTER + b"\x01") + 400, int(len(data) * part))]
    stored, gap = behind_gap(data)
    result = finish_stored(stored, gap)
    if not result.info.frames:
        return
    whole = patched(stored, result.patches)
    assert read(whole).duration == pytest.approx(result.info.duration, abs=0.1)
    assert patched(whole, finish_stored(whole, gap).patches) == whole
    segment = whole.index(b"\x18\x53\x80\x67") + 4
    end = segment + 8 + struct.unpack(">Q", whole[segment : segment + 8])[0] - (1 << 56)
    assert end >= len(whole) - 1  # a single byte is too little to say that it is nothing
    _, _, blocks = webm_parts(whole[:end])
    assert blocks


def test_two_files_in_one_stay_as_they_are():
    data = sample("chromium-audio-live.webm") * 2
    stored, gap = behind_gap(data)
    assert finish_stored(stored, gap).patches is None


def test_a_size_that_lies_is_mended():
    data = bytearray(finished(sample("chromium-audio-live.webm")))
    at = data.index(CLUSTER) + 4
    data[at : at + 8] = struct.pack(">Q", 1 << 56 | 77)
    gap = gap_for(sample("chromium-audio-live.webm"), 30_000_000)
    _, _, blocks = webm_parts(patched(data, finish_stored(data, gap).patches))
    assert sum(map(len, blocks.values())) == 25


def within_bounds(data, gap):
    stored = bytes(gap) + data
    with contextlib.suppress(UnknownMedia):
        result = finish(Source(io.BytesIO(stored), len(stored)), gap, len(data))
        if result.patches is not None:
            read(patched(stored, result.patches))
        assert isinstance(result.info, MediaInfo)
        return result
    return None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(WEBM + MP4), st.data())
def test_a_spoilt_recording_is_finished_or_left(name, data):
    spoilt = bytearray(sample(name))
    for at in data.draw(st.lists(st.integers(0, len(spoilt) - 1) | st.integers(0, 2000), max_size=6)):
        spoilt[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    within_bounds(bytes(spoilt), data.draw(st.sampled_from([0, 300, 2000, 5000])))


@settings(deadline=None)
@given(st.sampled_from([b"\x1a\x45\xdf\xa3", b"\0\0\0\x10ftypisom", b""]), st.binary())
def test_any_bytes_are_finished_or_refused(magic, rest):
    gap_for(magic + rest, TINY)
    within_bounds(magic + rest, 1000)


MEGABYTES = 5 << 20
WEBM_HEAD = sample("chromium-audio-live.webm")[:161]
MP4_HEAD = sample("chromium-audio-live.mp4")[:641]
FRAGMENT = sample("chromium-audio-live.mp4")[641:757]
HOSTILE = {
    "nothing": WEBM_HEAD + b"\xec\x80" * (MEGABYTES // 2),
    "blocks": WEBM_HEAD + b"\xa3\x85\x81\0\0\x80\x08" * (MEGABYTES // 7),
    "clusters": WEBM_HEAD + b"\x1f\x43\xb6\x75\x81\xe7" * (MEGABYTES // 6),
    "tables": WEBM_HEAD + b"\x1c\x53\xbb\x6b\x80" * (MEGABYTES // 5),
    "groups": WEBM_HEAD + b"\xa0\x80" * (MEGABYTES // 2),
    "boxes": MP4_HEAD + b"\0\0\0\x08free" * (MEGABYTES // 8),
    "fragments": MP4_HEAD + (FRAGMENT + b"\0\0\0\x09mdatx") * (MEGABYTES // 125),
    "heads of fragments": MP4_HEAD + FRAGMENT * (MEGABYTES // 116),
    "tracks": MP4_HEAD[:36]
    + struct.pack(">I4s", 8 + MEGABYTES // 8 * 8, b"moov")
    + b"\0\0\0\x08trak" * (MEGABYTES // 8),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_end_of_anything_takes_little_time(name):
    began = time.thread_time()
    result = within_bounds(HOSTILE[name], 4000)
    assert time.thread_time() - began < 2  # 0.05 to 0.4 s on an idle machine
    assert result is None or len(result.patches or ()) <= 50_001
