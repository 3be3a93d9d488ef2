"""Live clips over the hub: real processes, real sockets, and who reads slowly or loses the hub."""

import contextlib
import json
import socket
import time
from pathlib import Path

import pytest

from tests.hub.conftest import parsed
from tests.process.hub_stage import PATIENCE, Stage, until
from tests.process.test_live import VOICE, pieces_of, plain
from tests.recordings import long_webm, sample
from tests.running import Client
from tests.speaking import Listening, Speaker

pytestmark = pytest.mark.process

INI = """[common]
maxMediaFolderBytes=40000000
maxBlobBytes=10000000
durability=os
[client]
onRecorded=upload
maxClipSizeSec=36000
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("hub"))
    yield made
    made.stop()


@pytest.fixture
def stage(shared):
    """A site with a hub, which a test that kills it starts again, and a thread where one speaks live."""
    shared.enter_new_thread()
    shared.ini.write_text(INI)
    with shared.ends:
        yield shared


@pytest.fixture
def ann(stage):
    return stage.join("Ann")


@pytest.fixture
def bob(stage):
    return stage.join("Bob")


@pytest.fixture
def speak(stage, ann):
    """`speak()`: Ann begins to speak."""
    with contextlib.ExitStack() as ends:

        def begin():
            speaker = Speaker(ann, thread=stage.thread)
            ends.callback(speaker.close)
            return speaker

        yield begin


class Ear:
    """Hears a clip over a connection to the hub, each byte once, from an offset on."""

    def __init__(self, push, clip_id, at=0):
        self.push = push
        self.clip_id = clip_id
        self.begin = self.position = at
        self.heard = b""
        self.texts = []
        push.say({"listen": 1, "clip": clip_id, "from": at})

    def hear(self, size):
        """Until there are so many bytes of the clip."""
        while self.position < size:
            self._take()

    def end(self):
        """Until the hub says that this was all, or why not."""
        while not any("complete" in text or "problem" in text for text in self.texts):
            self._take()
        return self.texts[-1]

    def _take(self):
        frame = self.push.websocket.recv(PATIENCE)
        if isinstance(frame, str):
            self.texts.append({**json.loads(frame), "at": self.position})
            return
        clip_id, offset, content = parsed(frame)
        assert (clip_id, offset) == (self.clip_id, self.position)
        self.heard += content
        self.position += len(content)


def test_every_piece_is_heard_at_once_and_no_place_of_the_site_is_taken(stage, bob, speak):
    speaker = speak()
    ear = Ear(stage.listen(bob)[0], speaker.id)
    delays = []
    for piece in pieces_of(VOICE):
        began = time.monotonic()
        speaker.say(piece)
        ear.hear(speaker.offset)
        delays.append(time.monotonic() - began)
    assert sorted(delays)[len(delays) // 2] < 0.2, "not at every look a second, but at every ring"
    assert Client(stage.site).request("GET", "/healthz")[1]["listeners"] == 0

    speaker.say(b"", complete=True)

    assert ear.end()["complete"] is True
    assert ear.heard == VOICE


def test_a_hub_that_is_killed_costs_no_byte(stage, bob, speak):
    speaker, pieces = speak(), pieces_of(VOICE)
    third = len(pieces) // 3
    ear = Ear(stage.listen(bob)[0], speaker.id)
    for piece in pieces[:third]:
        speaker.say(piece)
    ear.hear(2 * len(pieces[0]))
    stage.hub.kill()
    assert ear.push.closed() == 1006
    with contextlib.closing(Listening(stage.site, bob, speaker.id, stage.thread)) as stream:
        for piece in pieces[third : 2 * third]:
            speaker.say(piece)
        stream.ask(begin=ear.position)
        streamed = stream.read(speaker.offset - ear.position)
    stage.hub.start()
    again = Ear(stage.listen(bob)[0], speaker.id, ear.position + len(streamed))
    for piece in pieces[2 * third :]:
        speaker.say(piece)
    speaker.say(b"", complete=True)
    assert again.end()["complete"] is True

    assert plain(ear.heard + streamed + again.heard) == plain(VOICE)


def test_who_reads_slowly_loses_no_byte_and_what_happens_comes_before_the_clip(stage, ann, bob, speak):
    speaker = speak()
    long = long_webm(sample("chromium-audio-live.webm"), 1000)
    assert len(long) > 3_000_000
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", stage.hub.port))
        push, _ = stage.listen(bob, sock=slow)
        ear = Ear(push, speaker.id)
        for piece in pieces_of(long, 500_000):
            speaker.say(piece)
        sent = ann.say("Bob", "Bridge.")
        speaker.say(b"", complete=True)
        assert ear.end()["complete"] is True
        assert plain(ear.heard) == plain(long)
        (told,) = [text for text in ear.texts if "messages" in text]
        assert [message["id"] for message in told["messages"]] == [sent["id"]]
        assert told["at"] < 1_500_000, "it did not wait until all of the clip was sent"
    assert "closed 1013" not in stage.hub.log.read_text()


def test_what_is_taken_back_ends_and_the_connection_goes_on(stage, ann, bob, speak):
    speaker = speak()
    speaker.say(VOICE[:700])
    ear = Ear(stage.listen(bob)[0], speaker.id)
    ear.hear(700)
    ann.ask("DELETE", f"uploads/{speaker.id}", 204)

    assert ear.end()["problem"]["status"] == 404
    ear.push.say({"ping": 1})
    assert ear.push.take_until("pong")


def test_the_site_is_restarted_under_it_and_one_goes_on_hearing(stage, bob, speak):
    speaker, pieces = speak(), pieces_of(VOICE)
    ear = Ear(stage.listen(bob)[0], speaker.id)
    half = len(pieces) // 2
    for piece in pieces[:half]:
        speaker.say(piece)
    stage.site.stop()
    stage.site.start()
    assert speaker.resume() == len(b"".join(pieces[:half]))
    for piece in pieces[half:]:
        speaker.say(piece)
    speaker.say(b"", complete=True)

    assert ear.end()["complete"] is True
    assert plain(ear.heard) == plain(VOICE)


def test_who_listens_no_more_leaves_no_open_file(stage, bob, speak):
    speaker = speak()
    speaker.say(VOICE[:700])

    def opened():
        folder = Path(f"/proc/{stage.hub.process.pid}/fd")
        return sum(speaker.id in str(path.readlink()) for path in folder.iterdir() if path.is_symlink())

    ear = Ear(stage.listen(bob)[0], speaker.id)
    other = Ear(stage.listen(bob)[0], speaker.id)
    ear.hear(700), other.hear(700)
    assert opened() == 1
    ear.push.say({"unlisten": 1})
    other.push.websocket.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: opened() == 0)
