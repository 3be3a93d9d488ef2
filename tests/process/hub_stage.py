"""A site and its hub for tests, and who talks to them."""

import contextlib
import itertools
import json
import time
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.running import Client, RunningHub, RunningSite

INI = "[common]\nuserStatusFadeS=3\nmaxBlobBytes=60000\nmaxMediaFolderBytes=9000000\n[client]\npollFactor=l\n"
SAMPLE = Path(__file__).parent.parent / "samples" / "firefox-audio.webm"
PATIENCE = 15
CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
    "-addext subjectAltName=DNS:localhost"
)
UPGRADE = (
    b"GET /hub HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Push:
    """A participant's connection to the hub."""

    def __init__(self, websocket):
        self.websocket = websocket

    def say(self, frame):
        self.websocket.send(json.dumps(frame))

    def take(self, seconds=PATIENCE):
        """The next answer."""
        return json.loads(self.websocket.recv(seconds))

    def take_until(self, key, holds=lambda value: True):
        """The first answer that has this, with all before it passed over."""
        while True:
            answer = self.take()
            if key in answer and holds(answer[key]):
                return answer

    def closed(self):
        """The code with which the hub closes."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.websocket.recv(PATIENCE)
        return self.websocket.protocol.close_code


class Person(Client):
    """A participant of the test's own thread."""

    def __init__(self, stage, name):
        super().__init__(stage.site)
        self.thread = stage.thread
        self.join(stage.thread, name)

    def ask(self, method, what, expected=200, body=None):
        headers = {"Content-Type": "application/json"} if body else {}
        content = json.dumps(body) if body else None
        status, answer, _ = self.request(method, f"/api/threads/{self.thread}/{what}", content, headers)
        assert status == expected, answer
        return answer

    def say(self, to, text):
        return self.ask("POST", "messages", 202, {"to": to, "type": "chat", "body": {"text": text}})

    def news(self, cursor=None):
        """What a poll says."""
        return self.events(self.thread, cursor)[1]

    def publish(self):
        status, clip, _ = self.upload(self.thread, SAMPLE.read_bytes())
        assert status == 201, clip
        return clip


class Stage:
    """A site with a hub, and a thread for each test."""

    def __init__(self, folder, host="127.0.0.1"):
        self.site = RunningSite(folder / "threads", "--workers", "2")
        self.site.folder.mkdir()
        self.hub = RunningHub(self.site.folder, host=host)
        self.ends = contextlib.ExitStack()
        self.numbers = itertools.count()
        self.site.start()
        self.hub.start()

    def enter_new_thread(self):
        self.thread = f"walk{next(self.numbers)}"
        self.ini = self.site.folder / self.thread / ".ini"
        self.ini.parent.mkdir()
        self.ini.write_text(INI)

    def join(self, name):
        return Person(self, name)

    def ticket(self, who):
        return who.ask("GET", "hub")

    def stop(self):
        if self.hub.process.poll() is None:
            self.hub.stop()
        self.site.stop()
        assert "Traceback" not in self.hub.log.read_text()

    def open(self, ticket, url=None, *, ends=None, **options):
        """A connection that has said hello with this, and ends with `ends`, or the test."""
        options = {"compression": None, "open_timeout": PATIENCE, "max_size": None, **options}
        url = url or f"ws://localhost:{self.hub.port}/hub"
        push = Push((ends or self.ends).enter_context(connect(url, **options)))
        push.say(ticket)
        return push

    def listen(self, who, cursor=None, **options):
        """A participant's connection, and its first answer."""
        given = self.ticket(who)
        push = self.open({"ticket": given["ticket"], "cursor": cursor}, given["url"], **options)
        return push, push.take()


def online(who):
    return who.news()["online"]


def hello(ticket):
    """The first frame, with a mask that changes nothing (RFC 6455, section 5.3)."""
    text = json.dumps({"ticket": ticket}).encode()
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text


def until(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it has not come to that"
        time.sleep(0.02)
