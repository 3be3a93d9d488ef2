"""How long an unfinished upload is kept, and the room that it takes."""

from tests.web.uploads.sending import (
    SETTINGS,
    begun,
    bytes_in,
    create,
    discard,
    finish,
    head,
    offset_of,
    parts_of,
    patch,
)


def test_an_upload_expires(ann, make_thread, thread, voice, clock):
    make_thread("walk", SETTINGS + "uploadLifetimeSec=60\n")
    upload = begun(ann, voice[:1000], key="k")
    clock.advance(59)
    patch(ann, upload, 1000, voice[1000:2000])
    clock.advance(1)

    head(ann, upload, 404)
    patch(ann, upload, 2000, voice[2000:], 404)
    finish(ann, upload, 2000, voice[2000:], 404)
    discard(ann, upload, 404)
    assert create(ann, b"", key="k").json["offset"] == 0
    assert len(parts_of(thread)) == 2


def test_what_has_expired_goes_when_another_begins(ann, bob, make_thread, thread, voice, clock):
    make_thread("walk", SETTINGS + "uploadLifetimeSec=60\n")
    begun(ann, voice)
    clock.advance(60)

    upload = begun(bob)

    assert parts_of(thread) == [f"{upload}.json", f"{upload}.part"]


def test_unfinished_uploads_count_as_room_that_is_taken(ann, thread, voice):
    upload = begun(ann, voice)
    taken = 400_000 - ann.clips()["free"]

    assert taken == bytes_in(thread) >= len(voice)
    clip = finish(ann, upload, len(voice))
    assert 400_000 - ann.clips()["free"] == clip["bytes"] == bytes_in(thread)


def test_the_oldest_clips_make_room_for_a_piece(ann, bob, make_thread, thread, voice):
    make_thread("walk", "maxMediaFolderBytes=30000\nmaxBlobBytes=29000\n")
    first, second = ann.upload(voice)["id"], ann.upload(voice)["id"]
    cursor = bob.clips()["cursor"]
    upload = begun(ann, b"x" * 6000)
    assert bob.nothing_new(cursor)

    patch(ann, upload, 6000, b"x" * 12_000)

    assert bob.events(cursor)["clips"] == {"added": [], "removed": [first]}
    assert bytes_in(thread) <= 30_000
    assert ann.clip_ids() == [second]


def test_where_unfinished_uploads_take_all_room_there_is_none(ann, make_thread, thread, voice):
    make_thread("walk", "maxMediaFolderBytes=30000\nmaxBlobBytes=29000\n")
    clip = ann.upload(voice)["id"]
    begun(ann, b"x" * 15_000)
    upload = begun(ann, b"x" * 7_000)
    assert ann.clip_ids() == [clip]

    assert "room" in patch(ann, upload, 7_000, b"x" * 10_000, 507).json["detail"]
    create(ann, voice + bytes(3000), 507, complete=True)
    assert "Unfinished" in ann.upload(voice + bytes(3000), 507)["detail"]

    assert offset_of(ann, upload) == 7_000
    assert bytes_in(thread) <= 30_000


def test_clips_give_way_to_a_clip_beside_unfinished_uploads(ann, make_thread, thread, voice):
    make_thread("walk", "maxMediaFolderBytes=30000\nmaxBlobBytes=29000\n")
    ann.upload(voice)
    begun(ann, b"x" * 10_000)
    second = ann.upload(voice)["id"]

    third = ann.upload(voice)["id"]

    assert ann.clip_ids() == [second, third]
    assert bytes_in(thread) <= 30_000


def test_a_clip_as_large_as_the_folder_finds_room_in_pieces_too(ann, make_thread, thread, voice):
    make_thread("walk", f"maxMediaFolderBytes={len(voice)}\nmaxBlobBytes={len(voice)}\n")

    upload = begun(ann, voice[:3000])
    finish(ann, upload, 3000, voice[3000:])

    assert ann.media(upload).data == voice


def test_beneath_the_floor_of_free_disk_nothing_can_be_uploaded(ann, site, voice):
    upload = begun(ann, voice[:1000])
    site.min_free_bytes = 1 << 60

    create(ann, voice, 507)
    create(ann, voice, 507, complete=True)
    patch(ann, upload, 1000, voice[1000:], 507)
    ann.upload(voice, 507)

    ann.say("*", "hello")
    ann.rename("Anna")
    discard(ann, upload)
    site.min_free_bytes = 0
    create(ann, voice, complete=True)
