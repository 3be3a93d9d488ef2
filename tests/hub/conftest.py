"""The hub's logic over a real site, without sockets."""

import contextlib
import json
from collections import Counter

import pytest

from wshub.deeds import Closing, Delivery
from wshub.hub import Hub
from wshub.room import Listener
from wshub.source import SiteSource

INI = "userStatusFadeS=5\nmaxBlobBytes=60000\nmaxMediaFolderBytes=1000000"


def parsed(frame):
    """A binary frame of the hub: the clip's id, the offset, and the bytes."""
    end = 1 + frame[0]
    return frame[1:end].decode("ascii"), int.from_bytes(frame[end : end + 8], "big"), frame[end + 8 :]


class Desk:
    """A hub and its site; what is to be done ends up with the listeners that it is for."""

    def __init__(self, site):
        self.site = site
        self.source = SiteSource(site)
        self.hub = Hub(self.source)
        self.closed = {}
        self.got = {}
        self.followed = Counter()
        site.store.bell.follow = self.followed.update
        site.store.bell.unfollow = self.followed.subtract

    def connect(self, who, cursor=None, **listener):
        """Somebody connects with a ticket; gives the listener, and the first answer where there is one."""
        given = who.ask("GET", who.url("hub")).json
        return self.greet({"ticket": given["ticket"], "cursor": cursor}, **listener)

    def greet(self, frame, **listener):
        made = Listener(**listener)
        assert self.hub.opened(made)
        self.say(made, frame)
        return made

    def say(self, listener, frame):
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self._do(self.hub.received(listener, text))

    def look(self, name="walk"):
        """As when the bell has rung, for a thread or a clip."""
        self._do(self.hub.changed(name))
        self.look_at_due()

    def look_at_due(self):
        """As the event loop does when everything else has had its turn."""
        while self.hub.live.due:
            self._do(self.hub.changed(min(self.hub.live.due)))

    def take(self, listener):
        """The texts that a listener has been sent since the last time."""
        got = self.got.get(listener, [])
        texts = [content for content in got if isinstance(content, str)]
        self.got[listener] = [content for content in got if isinstance(content, bytes)]
        return [json.loads(text) for text in texts]

    def take_bytes(self, listener):
        """The same of clips' bytes: for each frame whose they are, their offset, and they themselves."""
        frames = [content for content in self.got.get(listener, []) if isinstance(content, bytes)]
        self.got[listener] = [content for content in self.got.get(listener, []) if isinstance(content, str)]
        return [parsed(frame) for frame in frames]

    def _do(self, deeds):
        for deed in deeds:
            if isinstance(deed, Delivery):
                for listener in deed.to:
                    assert listener not in self.closed
                    self.got.setdefault(listener, []).append(deed.content)
            else:
                assert isinstance(deed, Closing)
                for listener in deed.of:
                    assert listener not in self.closed
                    self.closed[listener] = deed.code


@pytest.fixture
def desk(site, make_thread):
    make_thread("walk", INI)
    make_thread("cave", INI)
    ini = site.store.folder.parent / "wshub" / "ws.ini"
    ini.parent.mkdir(exist_ok=True)
    ini.write_text("[common]\nwsOn=1\n")
    made = Desk(site)
    with contextlib.closing(made.source):
        yield made
