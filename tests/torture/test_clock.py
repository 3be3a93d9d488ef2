"""The machine's clock is set forth and back: order, ids, expiry, presence and cursors survive it."""

import pytest

from mozchat.services.upkeep import check, sweep

DAY = 86_400
JUMPS = [DAY, -DAY, -3600, 3600, -60 * DAY, 90 * DAY, -30 * DAY]


@pytest.fixture
def voice(sample):
    return sample("chromium-audio-live.webm")


@pytest.fixture
def thread(make_thread):
    return make_thread(
        "walk", f"maxClipCount=6\nclipLifetimeSec={365 * DAY}\nmessageLifetimeSec=300\nuserStatusFadeS=5\n"
    )


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


def test_clips_keep_their_order_and_the_oldest_goes_first_whatever_the_clock_says(ann, voice, clock, site):
    told = []
    cursor = ann.events()["cursor"]
    for jump in JUMPS:
        clock.advance(jump)
        clip = ann.upload(voice, key=f"key {jump}")
        assert ann.upload(voice, key=f"key {jump}") == clip
        told.append(clip["id"])
        news = ann.events(cursor)
        cursor = news["cursor"]

        assert "reset" not in news
        assert [each["id"] for each in news["clips"]["added"]] == [clip["id"]]
        assert ann.clip_ids() == told[-6:]
        assert len(ann.media(clip["id"]).data) == clip["bytes"]
    sweep(site, "walk", dry_run=False)
    assert ann.clip_ids() == told[-6:]
    assert [str(finding) for finding in check(site, "walk")] == []


def test_every_message_is_told_once_and_in_order_whatever_the_clock_says(ann, join, clock):
    bob = join("walk", "Bob")
    cursor = bob.events()["cursor"]
    heard = []
    for number, jump in enumerate(JUMPS):
        clock.advance(jump)
        for text in (f"{number} a", f"{number} b"):
            message = ann.say("Bob", text, key=text)
            assert ann.say("Bob", text, key=text) == message
        news = bob.events(cursor)
        cursor = news["cursor"]
        heard += [(int(m["id"]), m["body"]["text"]) for m in news["messages"] if m["type"] == "chat"]

    assert [text for _, text in heard] == [f"{n} {x}" for n in range(len(JUMPS)) for x in "ab"]
    assert [number for number, _ in heard] == sorted({number for number, _ in heard})
    assert bob.nothing_new(cursor)
    assert "messages" not in bob.events(), "what has arrived is not told to a new listener"


def test_whoever_goes_on_asking_is_online_and_whoever_leaves_is_not_whatever_the_clock_says(ann, join, clock):
    bob = join("walk", "Bob")
    cursor = ann.events()["cursor"]
    for jump in JUMPS:
        clock.advance(jump)
        for each in (ann, bob):
            assert each.status("GET", each.url("events") + f"?cursor={cursor}") in (200, 204)
        assert ann.events()["online"] == ["Ann", "Bob"]
        bob.leave()
        assert ann.events()["online"] == ["Ann"]
        bob.rename("Bob")
        assert ann.events()["online"] == ["Ann", "Bob"]


def test_a_recording_in_pieces_goes_on_whatever_the_clock_says(ann, voice, clock):
    headers = {"Upload-Complete": "?0"}
    upload = ann.ask("POST", ann.url("uploads"), 201, data=b"", headers=headers).json["id"]
    step = len(voice) // 6
    for number, jump in enumerate((3600, -3600, -30 * DAY, 40 * DAY - DAY // 2 - 10 * DAY, -600, 3600)):
        clock.advance(jump)
        piece = voice[number * step :] if number == 5 else voice[number * step : (number + 1) * step]
        headers = {
            "Upload-Offset": str(number * step),
            "Upload-Complete": "?0",
            "Content-Type": "application/partial-upload",
        }
        ann.ask("PATCH", ann.url("uploads", upload), 204, data=piece, headers=headers)
    headers |= {"Upload-Offset": str(len(voice)), "Upload-Complete": "?1"}
    clip = ann.ask("PATCH", ann.url("uploads", upload), 201, data=b"", headers=headers).json

    assert ann.clip_ids() == [clip["id"]]


def test_a_recording_that_expired_by_the_clock_begins_anew_under_its_key(ann, voice, clock):
    headers = {"Upload-Complete": "?0", "Idempotency-Key": "k"}
    upload = ann.ask("POST", ann.url("uploads"), 201, data=voice[:3000], headers=headers).json["id"]
    clock.advance(30 * DAY)
    ann.ask("HEAD", ann.url("uploads", upload), 404)
    again = ann.ask("POST", ann.url("uploads"), 201, data=voice[:2000], headers=headers).json

    assert (again["id"], again["offset"]) == (upload, 2000)


def test_a_machine_that_starts_in_1970_is_used_as_any_other_before_and_after_it_learns_the_time(
    ann, voice, clock, thread
):
    today = clock.now
    clock.now = 5000
    first = ann.upload(voice, key="k")
    number = int(ann.say("*", "hello")["id"])
    cursor = ann.events()["cursor"]
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).write_bytes(b"garbage")
    assert ann.clip_ids() == [first["id"]]

    clock.now = today
    second = ann.upload(voice)["id"]

    assert second in ann.clip_ids()
    assert ann.events(cursor)["reset"]
    assert int(ann.say("*", "hello")["id"]) > number
