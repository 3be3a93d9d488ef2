"""Live clips over the hub's logic, from a real site's files: who is sent which bytes, and in what order."""

import base64

import pytest

from mozchat.storage import live as stored
from tests.conftest import MIME, Speaker
from tests.recordings import CLUSTER, long_webm
from wshub import hub as hubs
from wshub import live

INI = "onRecorded=upload\nmaxBlobBytes=100000\nmaxMediaFolderBytes=400000\n"
VOICE = "chromium-audio-live.webm"


@pytest.fixture
def ann(desk, make_thread, app):
    make_thread("walk", INI)
    return Speaker(app, "walk", "Ann")


@pytest.fixture
def bob(ann, app):
    return Speaker(app, "walk", "Bob")


@pytest.fixture
def voice(sample):
    return sample(VOICE)


@pytest.fixture
def listener(desk, bob):
    """Bob's connection, of which everything that is told at first has been taken."""
    return connected(desk, bob)


def connected(desk, who):
    listener = desk.connect(who)
    desk.take(listener)
    return listener


def listen(desk, listener, clip_id, number=1, **place):
    """Ask for a clip's bytes, and have the hub look at it."""
    desk.say(listener, {"listen": number, "clip": clip_id, **place})
    desk.look_at_due()


def grow(desk, ann, clip_id, at, content):
    """More of a clip has come, and the bell has rung for it."""
    ann.say_on(clip_id, at, content)
    desk.look(f"walk/{clip_id}")


def joined(pieces):
    """The bytes of frames, each of which must go on where the one before ended."""
    at = pieces[0][1] if pieces else 0
    for _, offset, content in pieces:
        assert offset == at
        at += len(content)
    return b"".join(content for _, _, content in pieces)


def plain(content):
    """The bytes but for the sizes of clusters, which may be known or not."""
    first, *clusters = content.split(CLUSTER)
    return [first, *(cluster[8:] for cluster in clusters)]


def test_from_its_start_each_piece_is_sent_as_it_comes_and_the_end_is_told(desk, ann, listener, voice):
    clip_id = ann.begin()
    listen(desk, listener, clip_id, **{"from": 0})
    assert (desk.take(listener), desk.take_bytes(listener)) == ([], [])

    grow(desk, ann, clip_id, 0, voice[:1000])
    assert desk.take(listener) == [{"listen": 1, "mime": MIME, "offset": 0, "prefix": ""}]
    assert desk.take_bytes(listener) == [(clip_id, 0, voice[:1000])]
    grow(desk, ann, clip_id, 1000, voice[1000:1500])
    assert desk.take_bytes(listener) == [(clip_id, 1000, voice[1000:1500])]

    ann.end(clip_id, 1500, voice[1500:])
    desk.look(f"walk/{clip_id}")
    assert desk.take(listener) == [{"listen": 1, "complete": True}]
    ((_, offset, rest),) = desk.take_bytes(listener)
    assert offset == 1500
    assert plain(voice[:1500] + rest) == plain(voice)
    assert +desk.followed == {"walk": 1}, "the clip is put away"


@pytest.mark.parametrize("back", [0, 1, 2.5])
def test_at_the_edge_it_begins_as_a_poll_does(desk, ann, bob, listener, voice, back):
    clip_id = ann.begin(content=voice)
    polled = bob.bytes_of(clip_id, begin="live", wait=0, back=back)
    listen(desk, listener, clip_id, **{"from": "live", "back": back})

    (begun,) = desk.take(listener)
    assert begun["offset"] == int(polled.headers["Clip-Offset"])
    prefix = base64.b64decode(begun["prefix"])
    assert len(prefix) == int(polled.headers["Clip-Prefix"])
    assert prefix + joined(desk.take_bytes(listener)) == polled.data


def test_in_the_middle_of_a_complete_clip_one_reads_on_to_its_end(desk, ann, bob, listener, voice):
    clip_id = ann.begin(content=voice)
    ann.end(clip_id, len(voice))
    listen(desk, listener, clip_id, **{"from": 3000})

    assert joined(desk.take_bytes(listener)) == bob.bytes_of(clip_id, begin=3000, wait=0).data
    assert [sorted(frame) for frame in desk.take(listener)] == [
        ["listen", "mime", "offset", "prefix"],
        ["complete", "listen"],
    ]
    listen(desk, listener, clip_id, 2, **{"from": len(voice)})
    assert desk.take(listener) == [{"listen": 2, "complete": True}]


def test_a_piece_is_read_and_written_once_for_all_at_the_same_place(desk, ann, bob, voice, monkeypatch):
    clip_id = ann.begin(content=voice[:2000])
    listeners = [connected(desk, bob) for _ in range(12)]
    for each in listeners:
        listen(desk, each, clip_id)
    late = connected(desk, bob)
    listen(desk, late, clip_id, **{"from": 0})
    reads, read = [], stored.Growing.read

    def count(growing, at, most):
        reads.append(at)
        return read(growing, at, most)

    monkeypatch.setattr(stored.Growing, "read", count)
    ann.say_on(clip_id, 2000, voice[2000:2500])
    (delivery,) = desk.hub.changed(f"walk/{clip_id}")

    assert reads == [2000]
    assert set(delivery.to) == {*listeners, late}


def test_those_who_hear_a_clip_take_no_room_for_waiting(desk, ann, bob, site, voice):
    clip_id = ann.begin(content=voice[:2000])
    for _ in range(8):
        listen(desk, connected(desk, bob), clip_id)

    assert site.admission.enter(None)
    site.admission.leave()
    assert bob.ask("GET", "/healthz").json["listeners"] == 0


def test_who_is_behind_gets_events_only_and_later_goes_on_from_there(desk, ann, bob, listener, voice):
    other = connected(desk, bob)
    clip_id = ann.begin(content=voice[:1000])
    for each in (listener, other):
        listen(desk, each, clip_id, **{"from": 0})
    listener.behind = True
    for at in range(1000, 3000, 500):
        grow(desk, ann, clip_id, at, voice[at : at + 500])
    bob.say("*", "Bridge.")
    desk.look()

    assert desk.take(listener)[-1]["messages"][0]["body"] == {"text": "Bridge."}
    assert joined(desk.take_bytes(listener)) == voice[:1000]
    assert joined(desk.take_bytes(other)) == voice[:3000]

    listener.behind = False
    desk.hub.live.drained(listener)
    desk.look_at_due()
    assert desk.take_bytes(listener) == [(clip_id, 1000, voice[1000:3000])]
    assert desk.take_bytes(other) == []
    grow(desk, ann, clip_id, 3000, voice[3000:3500])
    assert desk.take_bytes(listener) == desk.take_bytes(other) == [(clip_id, 3000, voice[3000:3500])]


def test_much_at_once_comes_in_small_frames(desk, ann, listener, voice):
    long = long_webm(voice, 20)[: 3 * live.PIECE_BYTES + 1]
    assert len(long) == 3 * live.PIECE_BYTES + 1
    clip_id = ann.begin(content=long)
    listen(desk, listener, clip_id, **{"from": 0})

    pieces = desk.take_bytes(listener)
    assert [len(content) for _, _, content in pieces] == [live.PIECE_BYTES] * 3 + [1]
    assert joined(pieces) == long


def test_who_wants_no_more_is_sent_no_more(desk, ann, listener, voice):
    clip_id = ann.begin(content=voice[:1000])
    listen(desk, listener, clip_id, **{"from": 0})
    desk.take(listener), desk.take_bytes(listener)
    desk.say(listener, {"unlisten": 7})
    grow(desk, ann, clip_id, 1000, voice[1000:1500])
    assert desk.take_bytes(listener)

    desk.say(listener, {"unlisten": 1})
    grow(desk, ann, clip_id, 1500, voice[1500:2000])
    assert (desk.take(listener), desk.take_bytes(listener)) == ([], [])
    assert +desk.followed == {"walk": 1}


def test_another_wish_for_the_same_clip_takes_the_place_of_the_first(desk, ann, listener, voice):
    clip_id = ann.begin(content=voice[:1000])
    listen(desk, listener, clip_id, **{"from": 0})
    listen(desk, listener, clip_id, 2, **{"from": 500})

    assert [(frame["listen"], frame["offset"]) for frame in desk.take(listener)] == [(1, 0), (2, 500)]
    assert [offset for _, offset, _ in desk.take_bytes(listener)] == [0, 500]
    desk.say(listener, {"unlisten": 1})
    grow(desk, ann, clip_id, 1000, voice[1000:1500])
    assert desk.take_bytes(listener) == [(clip_id, 1000, voice[1000:1500])]


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ({"clip": "none-such"}, 404),
        ({"from": 1001}, 422),
        ({"back": 11}, 422),
        ({"back": float("inf")}, 422),
    ],
)
def test_what_cannot_be_heard_is_told_as_a_problem(desk, ann, listener, voice, place, status):
    clip_id = ann.begin(content=voice[:1000])
    listen(
        desk, listener, **{"clip_id": clip_id, **{{"clip": "clip_id"}.get(k, k): v for k, v in place.items()}}
    )

    (answer,) = desk.take(listener)
    assert (answer["listen"], answer["problem"]["status"]) == (1, status)
    assert +desk.followed == {"walk": 1}
    assert desk.closed == {}


def test_a_preview_is_heard_by_nobody(desk, make_thread, app, voice):
    make_thread("cave", "onRecorded=stop\n")
    ann, bob = Speaker(app, "cave", "Ann"), Speaker(app, "cave", "Bob")
    upload = ann.begin(content=voice[:1000])
    for who in (ann, bob):
        hers = connected(desk, who)
        listen(desk, hers, upload, **{"from": 0})
        assert desk.take(hers)[0]["problem"]["status"] == 404
        assert desk.take_bytes(hers) == []


def test_a_clip_of_another_thread_is_not_there(desk, ann, make_thread, app, voice):
    make_thread("cave", INI)
    clip_id = ann.begin(content=voice[:1000])
    eves = connected(desk, Speaker(app, "cave", "Eve"))
    listen(desk, eves, clip_id)

    assert desk.take(eves)[0]["problem"]["status"] == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"listen": "1", "clip": "a"},
        {"listen": -1, "clip": "a"},
        {"listen": True, "clip": "a"},
        {"listen": 1 << 53, "clip": "a"},
        {"listen": 1},
        {"listen": 1, "clip": "../walk"},
        {"listen": 1, "clip": "a" * 65},
        {"listen": 1, "clip": 7},
        {"listen": 1, "clip": "a", "from": "0"},
        {"listen": 1, "clip": "a", "from": -1},
        {"listen": 1, "clip": "a", "from": 0.5},
        {"listen": 1, "clip": "a", "back": -1},
        {"listen": 1, "clip": "a", "back": float("nan")},
        {"listen": 1, "clip": "a", "back": "1"},
        {"unlisten": "1"},
        {"unlisten": None},
    ],
)
def test_a_wish_that_makes_no_sense_closes_the_connection(desk, listener, wish):
    desk.say(listener, wish)

    assert desk.closed == {listener: hubs.POLICY}


def test_so_many_clips_at_once_and_no_more(desk, ann, bob, listener, voice, monkeypatch):
    ids = [ann.begin(content=voice[:500], key=str(number)) for number in range(live.MOST_OF_LISTENER + 1)]
    for number, clip_id in enumerate(ids):
        listen(desk, listener, clip_id, number, **{"from": 0})
    *begun, refused = desk.take(listener)
    assert [frame["offset"] for frame in begun] == [0] * live.MOST_OF_LISTENER
    assert refused["problem"]["status"] == 429
    desk.say(listener, {"unlisten": 0})
    listen(desk, listener, ids[-1], 9, **{"from": 0})
    assert desk.take(listener)[0]["listen"] == 9

    monkeypatch.setattr(live, "MOST_CLIPS", live.MOST_OF_LISTENER)
    other = connected(desk, bob)
    listen(desk, other, ids[0])
    assert desk.take(other)[0]["problem"]["status"] == 503
    listen(desk, other, ids[-1], **{"from": 0})
    assert desk.take_bytes(other), "one that is heard already costs no file"


def test_what_is_taken_back_is_told_as_gone(desk, ann, bob, listener, voice):
    other = connected(desk, bob)
    clip_id = ann.begin(content=voice[:1000])
    for each in (listener, other):
        listen(desk, each, clip_id)
    desk.take(listener), desk.take(other)
    ann.take_back(clip_id)
    desk.look(f"walk/{clip_id}")

    for each in (listener, other):
        (told,) = desk.take(each)
        assert told["problem"]["status"] == 404
    assert +desk.followed == {"walk": 1}


def test_after_a_fault_with_a_clip_it_is_to_be_heard_in_another_way(desk, ann, listener, voice):
    clip_id = ann.begin(content=voice[:1000])
    listen(desk, listener, clip_id)
    desk.take(listener)
    desk._do(desk.hub.refuse(f"walk/{clip_id}", "A fault of the hub."))

    (told,) = desk.take(listener)
    assert told["problem"]["status"] == 503
    assert desk.closed == {}


def test_who_goes_leaves_nothing_behind(desk, ann, bob, listener, voice, clock):
    clip_id = ann.begin(content=voice[:1000])
    others = [connected(desk, bob) for _ in range(2)]
    for each in (listener, *others):
        listen(desk, each, clip_id)
    desk.hub.closed(listener)
    desk.hub.forget(others[0])
    assert desk.followed[f"walk/{clip_id}"] == 1
    clock.advance(1)
    bob.leave()
    desk.look()

    assert desk.closed == {others[1]: hubs.POLICY}
    assert not +desk.followed
