"""Clips heard while they are recorded: real processes, real connections, a real decoder."""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from mozchat.domain.media.join import JoinIndex
from tests.bench.harness import memory_kb, workers
from tests.recordings import CLUSTER, finished, long_mp4, long_webm, sample
from tests.running import Client, RunningSite
from tests.speaking import Listening, Speaker

pytestmark = pytest.mark.process

WALK = {
    "walk": """[common]
maxMediaFolderBytes=400000000
maxBlobBytes=100000000
maxClipCount=0
durability=os
[client]
onRecorded=upload
maxClipSizeSec=36000
allowVideo=1
"""
}
PIECE = 700
VOICE = long_webm(sample("chromium-audio-live.webm"), 10)
JOINED = ["chromium-audio-live.webm", "firefox-audio.webm", "chromium-video-live.webm", "firefox-video.webm"]
JOINED += ["chromium-audio-live.mp4", "chromium-video-vp9.mp4", "webkit-audio.mp4"]


@pytest.fixture
def site(run_site):
    """One process, so that every connection comes to the same worker."""
    return run_site("--workers", "1", threads=WALK)


@pytest.fixture
def people():
    """Who is to be put away at the end of the test."""
    with contextlib.ExitStack() as stack:

        def put_away(one):
            stack.callback(one.close)
            return one

        yield put_away


@pytest.fixture
def ann(site):
    return Client(site).join("walk", "Ann")


@pytest.fixture
def bob(site):
    return Client(site).join("walk", "Bob")


def pieces_of(data, size=PIECE):
    return [data[at : at + size] for at in range(0, len(data), size)]


def plain(data):
    """The bytes but for the sizes of clusters, which may be known or not."""
    first, *clusters = data.split(CLUSTER)
    return [first, *(cluster[8:] for cluster in clusters)]


def until(condition):
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "it has not come to that"
        time.sleep(0.01)


def listeners(site):
    return Client(site).request("GET", "/healthz")[1]["listeners"]


def test_every_piece_is_heard_at_once_and_the_end_is_learnt(site, ann, bob, people):
    speaker = people(Speaker(ann))
    streaming, polling = (people(Listening(site, bob, speaker.id)) for _ in range(2))
    first, *pieces = pieces_of(VOICE)
    speaker.say(first)
    assert streaming.ask(begin=0).headers["Content-Type"] == "audio/webm;codecs=opus"
    polled = polling.ask(begin=0, wait=10).read()
    heard = streaming.read(len(first))
    delays = []
    for piece in pieces:
        polling.send(**{"from": len(polled), "wait": 10})
        began = time.monotonic()
        speaker.say(piece)
        heard += streaming.read(len(piece))
        polled += polling.connection.getresponse().read()
        delays.append(time.monotonic() - began)
    assert heard == polled == VOICE
    assert sorted(delays)[len(delays) // 2] < 0.2, "not at every look a second, but at every ring"
    assert listeners(site) == 1

    clip = speaker.say(b"", complete=True)

    assert streaming.answer.read() == b""
    over = polling.ask(begin=len(VOICE), wait=10)
    assert (over.status, over.read(), over.headers["Clip-Complete"]) == (204, b"", "?1")
    assert clip["id"] == speaker.id
    assert listeners(site) == 0


def test_another_process_receives_what_this_one_serves(run_site, people):
    receives = run_site("--workers", "1", threads=WALK)
    serves = RunningSite(receives.folder, "--workers", "1")
    serves.start()
    try:
        ann = Client(receives).join("walk", "Ann")
        bob = Client(serves).join("walk", "Bob")
        speaker = people(Speaker(ann))
        streaming = people(Listening(serves, bob, speaker.id))
        first, *pieces = pieces_of(VOICE)
        speaker.say(first)
        streaming.ask(begin=0)
        heard = streaming.read(len(first))
        began = time.monotonic()
        for piece in pieces[:-1]:
            speaker.say(piece)
            heard += streaming.read(len(piece))
        assert time.monotonic() - began < 0.2 * len(pieces)
        speaker.say(pieces[-1], complete=True)
        heard += streaming.answer.read()
        assert plain(heard) == plain(VOICE)
    finally:
        serves.stop()


def test_a_killed_worker_costs_no_byte(site, ann, bob, people):
    speaker = people(Speaker(ann))
    pieces = pieces_of(VOICE)
    listening = people(Listening(site, bob, speaker.id))
    speaker.say(pieces[0])
    listening.ask(begin=0)
    heard = listening.read(len(pieces[0]))
    for number, piece in enumerate(pieces[1:], 1):
        if number % 20 == 0:
            (worker,) = workers(site)
            os.kill(worker, signal.SIGKILL)
            with contextlib.suppress(OSError, http.client.HTTPException):
                heard += listening.answer.read()
            until(lambda dead=worker: _answers(site) and dead not in workers(site))
            listening = people(Listening(site, bob, speaker.id))
            listening.send(**{"from": len(heard)})
            assert speaker.resume() == number * PIECE
        speaker.say(piece, complete=number == len(pieces) - 1)
        listening.begin()
        heard += listening.read(len(piece))
    assert listening.answer.read() == b""
    assert plain(heard) == plain(VOICE)


def _answers(site):
    try:
        return Client(site).request("GET", "/healthz")[0] == 200
    except OSError:
        return False


def test_a_site_that_is_started_again_serves_the_rest(site, ann, bob, people):
    speaker = people(Speaker(ann))
    half = len(VOICE) // 2
    speaker.say(VOICE[:half])
    listening = people(Listening(site, bob, speaker.id))
    listening.ask(begin=0)
    heard = listening.read(half)

    assert site.stop() < 5, "its graceful_timeout, which a stream that does not end would use up"
    assert listening.answer.read() == b"", "the stream ends as it should"
    site.start()

    speaker.resume()
    listening = people(Listening(site, bob, speaker.id))
    speaker.say(VOICE[half:], complete=True)
    heard += listening.ask(begin=half).read()
    assert plain(heard) == plain(VOICE)


def test_who_reads_slowly_takes_no_memory(site, ann, bob, people):
    speaker = people(Speaker(ann))
    voice = long_webm(sample("chromium-video-live.webm"), 1000)
    speaker.say(voice[:PIECE])
    slow = [people(Listening(site, bob, speaker.id)) for _ in range(10)]
    for one in slow:
        one.ask(begin=0)
    (worker,) = workers(site)
    before = memory_kb(worker, "VmHWM")
    at, step = PIECE, 60_000
    while at < len(voice):
        speaker.say(voice[at : at + step])
        at += step
    assert len(voice) > 5_000_000
    assert memory_kb(worker, "VmHWM") - before < 8_000, "ten times what has come would be 50 MB and more"
    assert listeners(site) == 10

    assert slow[0].read(len(voice)) == voice
    speaker.say(b"", complete=True)
    assert slow[0].answer.read() == b""


def test_who_goes_away_makes_room_and_beyond_it_one_is_told_so(run_site, people):
    site = run_site("--workers", "1", "--listeners", "2", threads=WALK)
    ann = Client(site).join("walk", "Ann")
    speaker = people(Speaker(ann))
    speaker.say(VOICE[:PIECE])
    there = [people(Listening(site, ann, speaker.id)) for _ in range(2)]
    there[0].ask(begin=0)
    there[1].send(**{"from": PIECE, "wait": 10})
    until(lambda: listeners(site) == 2)

    refused = people(Listening(site, ann, speaker.id)).ask(begin=0)
    assert (refused.status, "Retry-After" in refused.headers) == (204, True)
    for one in there:
        one.close()
    until(lambda: listeners(site) == 0)
    assert people(Listening(site, ann, speaker.id)).ask(begin=0).status == 200


def test_a_connection_may_ask_for_something_else_next(site, ann, people):
    speaker = people(Speaker(ann))
    speaker.say(VOICE[:PIECE])
    listening = people(Listening(site, ann, speaker.id))

    assert len(listening.ask(begin=0, wait=1).read()) == PIECE
    listening.connection.request("GET", "/healthz")
    answer = listening.connection.getresponse()
    assert (answer.status, b'"ok"' in answer.read()) == (200, True)
    gone = people(Listening(site, ann, "0" * 16)).ask(begin=0)
    assert (gone.status, gone.headers["Content-Type"]) == (404, "application/problem+json")
    gone.read()


def test_one_that_is_taken_back_ends_for_all(site, ann, bob, people):
    speaker = people(Speaker(ann))
    speaker.say(VOICE[:PIECE])
    streaming, polling = (people(Listening(site, bob, speaker.id)) for _ in range(2))
    streaming.ask(begin=0)
    polling.send(**{"from": PIECE, "wait": 10})
    until(lambda: listeners(site) == 2)

    assert ann.request("DELETE", f"/api/threads/walk/uploads/{speaker.id}")[0] == 204

    assert streaming.answer.read() == VOICE[:PIECE]
    assert polling.connection.getresponse().status == 404


def test_of_a_recorder_that_says_no_more_it_is_told_that_it_pauses(site, ann, bob, people):
    speaker = people(Speaker(ann))
    speaker.say(VOICE[:PIECE])
    part = site.folder / "walk" / ".uploads" / f"{speaker.id}.part"
    cursor = bob.events("walk")[1]["cursor"]
    long_ago = time.time() - 60

    os.utime(part, (long_ago, long_ago))

    status, events, _ = bob.events("walk", cursor, wait=10)
    assert status == 200
    assert [growth["paused"] for growth in events["clips"]["grown"]] == [True]


class AnyServer(RunningSite):
    """The site under gunicorn's own worker, where whoever reads holds a thread."""

    COMMAND = "-m gunicorn -k gthread --threads 6 --log-level warning mozchat.wsgi"

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, *self.COMMAND.split(), "-b", f"127.0.0.1:{self.port}"],
            env={**os.environ, "MOZCHAT_THREADS": str(self.folder), "MOZCHAT_LISTENERS": "3"},
        )
        until(lambda: _answers(self))


def test_under_another_server_it_is_the_same(tmp_path, people):
    folder = tmp_path / "threads" / "walk"
    folder.mkdir(parents=True)
    (folder / ".ini").write_text(WALK["walk"])
    site = AnyServer(folder.parent)
    site.start()
    try:
        ann = Client(site).join("walk", "Ann")
        speaker = people(Speaker(ann))
        pieces = pieces_of(VOICE)
        speaker.say(pieces[0])
        gone, streaming, polling = (people(Listening(site, ann, speaker.id)) for _ in range(3))
        gone.ask(begin=0).read1(10)
        streaming.ask(begin="live", back=0)
        joined_at = int(streaming.answer.headers["Clip-Offset"])
        heard = streaming.read(int(streaming.answer.headers["Clip-Prefix"]) + len(pieces[0]) - joined_at)
        heard = heard[int(streaming.answer.headers["Clip-Prefix"]) :]
        assert listeners(site) == 2
        gone.close()
        for piece in pieces[1:-1]:
            speaker.say(piece)
            heard += streaming.read(len(piece))
        assert heard == VOICE[joined_at : -len(pieces[-1])]
        assert polling.ask(begin=0, wait=5).read() == VOICE[: -len(pieces[-1])]
        until(lambda: listeners(site) == 1)
        speaker.say(pieces[-1], complete=True)
        heard += streaming.answer.read()
        assert plain(heard) == plain(VOICE[joined_at:])
        until(lambda: listeners(site) == 0)
    finally:
        site.stop()


@pytest.mark.parametrize("name", JOINED)
@pytest.mark.parametrize("kind", ["growing", "finished"])
def test_a_decoder_takes_what_a_late_listener_is_sent(name, kind, tmp_path):
    if shutil.which("ffmpeg") is None:
        pytest.fail("ffmpeg is missing; tests/install-tools installs it")
    data = sample(name)
    whole = long_mp4(data, 6) if name.startswith("chromium") and name.endswith("mp4") else data
    if name.endswith("webm"):
        whole = long_webm(data, 6)
    sent = finished(whole)[-len(whole) :] if kind == "finished" else whole
    if name.startswith("webkit") and kind == "growing":
        # GStreamer writes the last fragment's head twice, which ffmpeg does not take; finished it is mended.
        sent = sent[: sent.index(b"moof", sent.rindex(b"mdat", 0, sent.rindex(b"moof"))) - 4]
    index = JoinIndex()
    index.feed(sent)
    for back in (0.3, 1, 2.5):
        join = index.join(back)
        path = tmp_path / "joined"
        path.write_bytes(join.prefix + sent[join.offset :])
        decoded = subprocess.run(
            ["ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"],
            capture_output=True,
            text=True,
        )
        assert (decoded.returncode, decoded.stderr) == (0, "")
        if len(whole) > len(data):
            assert join.offset > 0
