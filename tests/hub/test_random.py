"""The hub's logic against whatever may come: garbage in frames, and listeners that come and go at any moment."""

import contextlib
import json
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.domain.errors import Forbidden, Missing
from mozchat.domain.thread_state import Changes
from mozchat.services import hub as tickets
from mozchat.services import messages
from mozchat.services.access import approach
from mozchat.services.hub import Admission
from mozchat.services.sessions import join
from mozchat.services.site import Site
from wshub.deeds import Closing, Delivery
from wshub.hub import INVALID_DATA, POLICY, Hub
from wshub.room import Listener
from wshub.source import SiteSource

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "ticket",
        "cursor",
        "seen",
        "ping",
        "pong",
        "listener",
        "messages",
        "",
        "listen",
        "clip",
        "from",
        "back",
        "unlisten",
    ]
)
FRAMES = st.one_of(
    st.text(max_size=60),
    VALUES.map(json.dumps),
    st.dictionaries(KEYS, VALUES | st.sampled_from(["good", "C", "live", 7]), max_size=4).map(json.dumps),
    st.binary(max_size=40).map(lambda data: data.decode("latin-1")),
)
NAMES = ("Ann", "Bob", "Eve")


class Thread:
    """A thread in which nothing is ever new (`wshub.hub.View` and `Source`)."""

    people = None

    def __init__(self):
        self.followed = 0
        self.marks = []

    def now(self):
        return 0

    def is_host(self, host):
        return False

    def redeem(self, ticket):
        if ticket != "good":
            raise Forbidden("This ticket is not good.")
        return Admission("walk", "a", "localhost", "")

    def serves(self, thread):
        return True

    def follow(self, thread):
        self.followed += 1

    def unfollow(self, thread):
        self.followed -= 1

    def view(self, thread):
        return self

    def name(self, identity):
        return "Ann"

    def left(self, identity):
        return None

    def changes(self, identity, cursor):
        return Changes("C")

    def news(self, cursor):
        return Changes(cursor)

    def text(self, changes, base):
        return json.dumps({"cursor": changes.cursor})

    def reading(self, thread, clip_id):
        raise Missing("This clip is gone.")

    def seen(self, thread, identity, cursor):
        assert isinstance(cursor, str)

    def here(self, thread, signs):
        self.marks.append(signs)

    def moved(self, thread, identity, listener):
        assert re.fullmatch("[A-Za-z0-9_-]{1,32}", listener)


@given(st.lists(st.tuples(st.integers(0, 3), FRAMES), max_size=60))
def test_garbage_closes_its_own_connection_and_harms_no_other(frames):
    source = Thread()
    hub = Hub(source)
    good = Listener()
    assert hub.received(good, '{"ticket": "good"}') == [Delivery([good], '{"cursor": "C"}')]
    listeners, closed = [Listener() for _ in range(4)], set()
    for who, text in frames:
        if who in closed:
            continue
        for deed in hub.received(listeners[who], text):
            if isinstance(deed, Closing):
                assert deed.of == [listeners[who]]
                assert deed.code in (INVALID_DATA, POLICY)
                assert len(deed.reason.encode()) <= 120
                closed.add(who)
            else:
                assert list(deed.to) == [listeners[who]]
                assert isinstance(json.loads(deed.content), dict)
        assert source.followed == 1
    hub.keep_online("walk")
    assert source.marks[-1] == {"a": (0, 0)}
    assert hub.received(good, '{"ping": 1}') == [Delivery([good], '{"pong": 1}')]
    hub.closed(good)
    for listener in listeners:
        hub.closed(listener)
    assert (hub.rooms, source.followed) == ({}, 0)


ACTS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(NAMES), st.sampled_from((*NAMES, "*"))),
    st.tuples(st.sampled_from(["connect", "lose"]), st.integers(0, 4), st.none()),
    st.tuples(st.just("look"), st.none(), st.none()),
)


class Tab:
    """What a browser's tab knows: its cursor, and the messages it was told. `far` is its connection's end."""

    def __init__(self, name):
        self.name = name
        self.cursor = None
        self.far = None
        self.ids = []

    def told(self, text):
        answer = json.loads(text)
        self.cursor = answer["cursor"]
        got = [message["id"] for message in answer.get("messages", ()) if message["type"] == "chat"]
        self.ids += got if not answer.get("reset") else [each for each in got if each not in self.ids]


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTS, max_size=40))
def test_no_message_is_lost_or_told_twice_however_connections_come_and_go(acts):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(dir=memory) as folder, contextlib.ExitStack() as ends:
        site = ends.enter_context(contextlib.closing(Site(Path(folder, "threads"))))
        site.store.create("walk", b"[common]\nmessageLifetimeSec=3600\nuserStatusFadeS=600\ndurability=os\n")
        site.hub_file.path.parent.mkdir()
        site.hub_file.path.write_bytes(b"[common]\nwsOn=1\n")
        source = ends.enter_context(contextlib.closing(SiteSource(site)))
        hub = Hub(source)
        tokens = {
            name: join(site, "walk", None, name=name, password=None, key=None, address="")[1]
            for name in NAMES
        }
        tabs = [Tab(NAMES[number % 3]) for number in range(5)]
        sent = []

        def do(deeds):
            for deed in deeds:
                assert isinstance(deed, Delivery), deed
                for listener in deed.to:
                    next(tab for tab in tabs if tab.far is listener).told(deed.content)

        def connect(tab):
            inside = approach(site, "walk", tokens[tab.name])
            given = tickets.ticket(site, inside, host="localhost", base="", secure=False)
            tab.far = Listener()
            do(hub.received(tab.far, json.dumps({"ticket": given.text, "cursor": tab.cursor})))

        for tab in tabs:
            connect(tab)
        for act, who, to in acts:
            if act == "say":
                inside = approach(site, "walk", tokens[who])
                body = {"text": str(len(sent))}
                message, _ = messages.post(site, inside, to=to, kind="chat", body=body, key=None, address="")
                sent.append(message)
            elif act == "look":
                do(hub.changed("walk"))
            elif act == "lose" and tabs[who].far:
                hub.closed(tabs[who].far)
                tabs[who].far = None
            elif act == "connect" and not tabs[who].far:
                connect(tabs[who])
        for tab in tabs:
            if not tab.far:
                connect(tab)
        do(hub.changed("walk"))

        for tab in tabs:
            assert tab.ids == [str(m.number) for m in sent if m.concerns(tab.name)]
