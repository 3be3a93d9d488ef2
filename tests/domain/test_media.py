"""The sniffer, on what real browsers recorded, and on what a hostile program could send."""

import contextlib
import io
import struct
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mozchat.domain.media import MediaInfo, UnknownMedia, codecs, read_media
from mozchat.domain.media.source import MAX_BYTES, MAX_READS

SAMPLES = Path(__file__).parent.parent / "samples"

# Recorded with Chromium 156, Firefox 153 and WebKitGTK 2.50 (`-live`: in pieces of 100 or 250 ms), the rest
# written by ffmpeg and espeak-ng. The seconds are the end of the last packet as ffprobe lists them.
REAL = [
    ("chromium-audio.webm", "audio/webm;codecs=opus", 1.5),
    ("chromium-audio-live.webm", "audio/webm;codecs=opus", 1.5),
    ("chromium-video.webm", 'video/webm;codecs="vp8,opus"', 1.2),
    ("chromium-video-live.webm", 'video/webm;codecs="vp9,opus"', 1.2),
    ("chromium-audio.mp4", "audio/mp4;codecs=opus", 1.401),
    ("chromium-audio-live.mp4", "audio/mp4;codecs=opus", 1.461),
    ("chromium-video.mp4", 'video/mp4;codecs="avc1.42C015,opus"', 1.461),
    ("chromium-video-vp9.mp4", 'video/mp4;codecs="vp09.00.10.08,opus"', 1.161),
    ("firefox-audio.webm", "audio/webm;codecs=opus", 1.519),
    ("firefox-audio.ogg", "audio/ogg;codecs=opus", 1.504),
    ("firefox-video.webm", 'video/webm;codecs="vp8,opus"', 1.219),
    ("webkit-audio.mp4", "audio/mp4;codecs=mp4a.40.2", 1.393),
    ("index-last.mp4", "audio/mp4;codecs=mp4a.40.2", 1.5),
    ("theora.ogg", 'video/ogg;codecs="theora,vorbis"', 1.2),
    ("espeak.wav", "audio/wav", 1.5),
]
NAMES = [name for name, _, _ in REAL]
TOLERANCE = 0.01
"""Seconds: Opus begins some milliseconds before its first sound, which ffprobe takes off and we do not."""


class CountingFile(io.BytesIO):
    """Counts what is read of it."""

    def __init__(self, data):
        super().__init__(data)
        self.bytes_read = 0
        self.reads = 0

    def read(self, size=-1):
        data = super().read(size)
        self.bytes_read += len(data)
        self.reads += 1
        return data


def sample(name):
    return (SAMPLES / name).read_bytes()


def read(data):
    return read_media(io.BytesIO(data), len(data))


def read_within_bounds(data):
    """What is read, or `None`; any exception but `UnknownMedia` goes on."""
    file, info = CountingFile(data), None
    with contextlib.suppress(UnknownMedia):
        info = read_media(file, len(data))
    assert file.bytes_read <= MAX_BYTES
    assert file.reads <= MAX_READS
    if info and info.duration is not None:
        assert 0 <= info.duration < float("inf")
    return info


@pytest.mark.parametrize(("name", "mime", "seconds"), REAL)
def test_a_real_recording_is_told(name, mime, seconds):
    info = read(sample(name))
    assert info.mime == mime
    assert info.kind == mime.split("/")[0]
    assert info.extension == name.rsplit(".", 1)[1]
    assert info.duration == pytest.approx(seconds, abs=TOLERANCE)
    assert info.frames


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1a\x45\xdf\xa3",
        b"OggS",
        b"<html><script>",
        b"GIF89a" + bytes(40),
        b"RIFF\0\0\0\0AVI ",
        b"RIFF\0\0\0\0WAVE",
        b"\0\0\0\x0cftypheic\0\0\0\x08mdat",
    ],
)
def test_what_is_no_media_that_we_know_is_refused(data):
    with pytest.raises(UnknownMedia):
        read(data)


def test_h264_that_chromium_calls_webm_is_refused():
    with pytest.raises(UnknownMedia):
        read(sample("chromium-h264.mkv"))


@pytest.mark.parametrize(
    ("name", "there", "other"),
    [
        ("firefox-audio.webm", b"A_OPUS", b"A_AC3\0"),
        ("firefox-audio.ogg", b"OpusHead", b"Speex   "),
        ("webkit-audio.mp4", b"mp4a\0\0\0\0", b"samr\0\0\0\0"),
        ("espeak.wav", b"fmt \x10\0\0\0\x01\0", b"fmt \x10\0\0\0\x11\0"),
    ],
)
def test_a_codec_that_no_browser_records_is_refused(name, there, other):
    assert there in sample(name)
    with pytest.raises(UnknownMedia):
        read(sample(name).replace(there, other))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "index-last.mp4"])
@pytest.mark.parametrize("part", [0.97, 0.75])
def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes(name, part):
    whole = sample(name)
    info = read(whole[: int(len(whole) * part)])
    assert info.mime == read(whole).mime
    assert info.frames
    assert info.duration is None or 0 < info.duration <= read(whole).duration + TOLERANCE


def test_the_time_of_a_cut_off_file_is_shorter():
    whole = sample("firefox-audio.webm")
    assert read(whole[: len(whole) // 2]).duration == pytest.approx(0.7, abs=0.15)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("chromium-audio-live.webm", b"\xa3"),
        ("chromium-audio-live.mp4", b"moof"),
        ("firefox-audio.ogg", b"OpusTags"),
        ("espeak.wav", b"data"),
    ],
)
def test_headers_alone_have_no_frames(name, mark):
    data = sample(name)
    assert not read(data[: data.index(mark, data.find(b"\x1f\x43\xb6\x75") + 1) + 4]).frames


def test_the_duration_of_a_whole_webm_is_read_from_its_blocks():
    """Chromium's Duration is the time at which the last frame begins; a cut-off file's is that of the whole."""
    data = sample("chromium-audio.webm")
    at = data.index(b"\x44\x89\x84") + 3
    assert struct.unpack(">f", data[at : at + 4]) == (1440.0,)
    forged = data[:at] + struct.pack(">f", 3_600_000.0) + data[at + 4 :]
    assert read(forged).duration == pytest.approx(1.5, abs=TOLERANCE)


def webm(*blocks, tracks=b"\xae\x8e\xd7\x81\x01\x83\x81\x02\x86\x86A_OPUS", info=b""):
    """A live WebM, with one cluster of unknown size."""
    head = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\x18\x53\x80\x67\x01" + b"\xff" * 7
    parts = [head, info, b"\x16\x54\xae\x6b", bytes([0x80 | len(tracks)]), tracks]
    return b"".join([*parts, b"\x1f\x43\xb6\x75\x01", b"\xff" * 7, b"\xe7\x81\x00", *blocks])


def block(milliseconds, payload=b"\x08x", track=1):
    body = bytes([0x80 | track]) + struct.pack(">hB", milliseconds, 0x80) + payload
    return b"\xa3" + bytes([0x80 | len(body)]) + body


def test_a_long_cluster_is_followed_to_its_end():
    data = webm(*(block(at, b"\x08" + b"x" * 80) for at in range(0, 30_000, 20)))
    assert read(data).duration == pytest.approx(30.0, abs=0.03)


def test_a_block_group_counts_as_a_block():
    inner = b"\xa1\x86\x81" + struct.pack(">hB", 500, 0) + b"\x08x"
    assert read(webm(block(0), b"\xa0" + bytes([0x80 | len(inner)]) + inner)).duration == pytest.approx(0.52)


def test_blocks_of_a_track_that_is_not_there_are_no_frames():
    assert not read(webm(block(0, track=2))).frames


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_duration_that_is_none_is_not_believed(seconds):
    info = b"\x15\x49\xa9\x66\x8b\x44\x89\x88" + struct.pack(">d", seconds)
    assert read(webm(info=info)).duration is None


@pytest.mark.parametrize(("scale", "duration"), [(b"\xff" * 12, 1.0), (b"\xff" * 8, 1e308)])
def test_a_scale_beyond_all_bounds_gives_no_infinity(scale, duration):
    body = (
        b"\x2a\xd7\xb1" + bytes([0x80 | len(scale)]) + scale + b"\x44\x89\x88" + struct.pack(">d", duration)
    )
    read_within_bounds(webm(info=b"\x15\x49\xa9\x66" + bytes([0x80 | len(body)]) + body))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 10**9])
def test_a_wav_of_unknown_size_is_as_long_as_its_file(size):
    data = sample("espeak.wav")
    at = data.index(b"data") + 4
    forged = data[:at] + struct.pack("<I", size) + data[at + 4 :]
    assert read(forged).duration == pytest.approx(1.5, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("packet", "seconds"),
    [(b"", 0), (b"\x08", 0.02), (b"\x18", 0.06), (b"\x19", 0.12), (b"\xfb\x03", 0.06), (b"\x60", 0.01)],
)
def test_an_opus_packet_tells_how_long_it_sounds(packet, seconds):
    assert codecs.opus_packet_seconds(packet) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (
            codecs.hevc("hvc1", bytes.fromhex("010160000000b0000000000 05d".replace(" ", ""))),
            "hvc1.1.6.L93.B0",
        ),
        (codecs.av1(bytes.fromhex("81044c00")), "av01.0.04M.10"),
        (codecs.vp("vp09", bytes.fromhex("01000000021f80")), "vp09.02.31.08"),
        (codecs.mp4a(bytes.fromhex("00000000031900010004116b") + bytes(12)), "mp4a.6B"),
        (codecs.mp4a(b""), "mp4a"),
        (codecs.avc("avc1", b""), "avc1"),
        (codecs.hevc("hev1", b""), "hev1"),
        (codecs.av1(b""), "av01"),
        (codecs.vp("vp08", b""), "vp08"),
    ],
)
def test_codecs_are_named_as_browsers_want_them(found, name):
    assert found == name


def test_a_file_without_codecs_has_a_plain_type():
    assert MediaInfo("mp4", "audio", (), None, False).mime == "audio/mp4"


@settings(deadline=None)
@given(
    st.sampled_from([b"\x1a\x45\xdf\xa3", b"OggS\0\2", b"\0\0\0\x10ftypisom", b"RIFF\0\0\0\0WAVEfmt ", b""]),
    st.binary(),
)
def test_any_bytes_are_told_or_refused(magic, rest):
    read_within_bounds(magic + rest)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NAMES), st.data())
def test_a_spoilt_recording_is_told_or_refused(name, data):
    spoilt = bytearray(sample(name))
    for at in data.draw(st.lists(st.integers(0, min(len(spoilt), 2000) - 1), max_size=6)):
        spoilt[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    read_within_bounds(bytes(spoilt))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(NAMES), st.floats(0, 1))
@example("chromium-audio.webm", 0.3)
def test_a_recording_cut_off_anywhere_is_told_or_refused(name, part):
    whole = sample(name)
    info = read_within_bounds(whole[: int(len(whole) * part)])
    if info and info.duration is not None:
        assert info.duration <= read(whole).duration + 0.1  # the rest of a cut-off list of times is guessed


def box(kind, body):
    return struct.pack(">I4s", len(body) + 8, kind) + body


def mp4_in_fragments():
    """An `ftyp` and a `moov` of one Opus track."""
    stbl = box(b"stbl", box(b"stsd", bytes(8) + box(b"Opus", bytes(28))))
    scale = bytes(12) + struct.pack(">II", 1000, 0) + bytes(4)
    mdia = box(
        b"mdia", box(b"mdhd", scale) + box(b"hdlr", bytes(8) + b"soun" + bytes(13)) + box(b"minf", stbl)
    )
    trak = box(b"trak", box(b"tkhd", bytes(12) + struct.pack(">I", 1) + bytes(20)) + mdia)
    mvex = box(b"mvex", box(b"trex", bytes(4) + struct.pack(">IIII", 1, 1, 60, 0)))
    return box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", box(b"mvhd", scale) + trak + mvex)


def fragment(start, *truns):
    head = box(b"tfhd", bytes(4) + struct.pack(">I", 1)) + box(b"tfdt", bytes(4) + struct.pack(">I", start))
    traf = box(b"traf", head + b"".join(box(b"trun", trun) for trun in truns))
    return box(b"moof", box(b"mfhd", bytes(8)) + traf)


def test_a_fragment_without_times_takes_the_default():
    data = mp4_in_fragments() + fragment(1000, struct.pack(">II", 0, 25)) + box(b"mdat", b"x")
    assert read(data).duration == pytest.approx(2.5)


def test_a_run_longer_than_is_read_is_taken_to_go_on_like_that():
    run = struct.pack(">II", 0x100, 100_000) + struct.pack(">I", 60) * 100_000
    data = mp4_in_fragments() + fragment(0, run) + box(b"mdat", b"x")
    assert read(data).duration == pytest.approx(6000.0)


def test_a_last_fragment_that_is_far_from_the_end_is_found():
    data = mp4_in_fragments() + fragment(0, struct.pack(">II", 0, 10)) + box(b"mdat", bytes(3 << 20))
    assert read(data).duration == pytest.approx(0.6)


MEGABYTES = 5 << 20
HOSTILE = {
    "no end of nothing": webm() + b"\xec\x80" * (MEGABYTES // 2),
    "no end of blocks": webm() + block(0) * (MEGABYTES // 8),
    "no end of clusters": webm() + b"\x1f\x43\xb6\x75\x81\xe7\x81\x00" * (MEGABYTES // 8),
    "no end of cluster marks": webm() + b"\x1f\x43\xb6\x75" * (MEGABYTES // 4),
    "no end of pages": sample("firefox-audio.ogg") + b"OggS" * (MEGABYTES // 4),
    "no end of boxes": box(b"ftyp", b"isom") + box(b"free", b"") * (MEGABYTES // 8),
    "no end of fragments": mp4_in_fragments() + fragment(0) * (MEGABYTES // len(fragment(0))),
    "no end of tracks": box(b"ftyp", b"") + box(b"moov", box(b"trak", b"") * (MEGABYTES // 8)),
    "no end of times": mp4_in_fragments()
    + fragment(0, struct.pack(">II", 0x100, 60_000) + bytes(240_000)) * (MEGABYTES // 240_000),
    "no end of chunks": b"RIFF\0\0\0\0WAVE" + b"xxxx\0\0\0\0" * (MEGABYTES // 8),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_no_time(name):
    began = time.thread_time()
    read_within_bounds(HOSTILE[name])
    assert time.thread_time() - began < 0.25  # 0.03 s on an idle machine
