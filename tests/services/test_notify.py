"""Mail about new clips, from the upload to a real mail server."""

import email.utils
import errno
import json
import os
import re
from email.header import decode_header, make_header

import pytest

from mozchat.domain.errors import NoRoom
from mozchat.domain.mail import HOUR, LIFETIME, MINUTE, MOST_AN_HOUR
from mozchat.domain.subscription import Subscription
from tests.services.conftest import BOB, CAROL, MAIL_INI


def test_the_people_of_a_thread_learn_of_a_clip(upload, send, server):
    clip = upload(description="Weather, and who brings the soup")
    assert clip["notified"] == 2
    assert server.received == [], "the upload does not wait for the mail server"

    send()

    (to_bob,) = server.to(BOB)
    (to_carol,) = server.to(CAROL)
    for part in (to_bob.text(), to_bob.html()):
        for what in (
            "Ann",
            "Saturday walk",
            "Weather, and who brings the soup",
            "0:02",
            "21 December 2026, 10:00",
        ):
            assert what in part, what
        links = re.findall(r"https://example\.org/forum/walk/[^\s\"<]*", part.replace("&amp;", "&"))
        assert f"https://example.org/forum/walk/?clip={clip['id']}&user=Bob" in links
        assert "https://example.org/forum/walk/" in links
    assert to_bob.sender == "robot@example.org"
    assert to_carol.message["To"] == "Carol <carol@example.org>"
    assert (send().sent, len(server.received)) == (0, 2)


def test_the_headers_are_those_of_a_mail_that_nobody_has_written(upload, send, server, clock):
    upload()
    send()
    clock.advance(1)
    upload()
    send()

    first, second = (each.message for each in server.to(BOB))
    assert first["From"] == "Mail Robot <robot@example.org>"
    assert first["Reply-To"] == "admin@example.org"
    assert first["Subject"] == "Ann: a new clip in Saturday walk"
    assert email.utils.parsedate_to_datetime(first["Date"]).timestamp() * 1000 == clock.now - 1000
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["List-Id"] == "<walk.example.org>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https://example\.org/forum/walk/unsubscribe/[\w.-]+>", first["List-Unsubscribe"])
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first["Message-ID"])
    assert first["Message-ID"] != second["Message-ID"]
    assert first["In-Reply-To"] == first["References"] == second["References"] == "<thread.walk@example.org>"


def test_links_in_headers_are_not_folded(walk, upload, send, server, mailing):
    mailing.public_url = "https://voices.some-long-name-of-an-organisation.example.org/a/long/path/forum"
    upload()
    send()

    raw = server.to(BOB)[0].content.decode("ascii")

    assert re.search(r"^List-Unsubscribe: <https://voices\.[^\s?=]+>\r$", raw, re.MULTILINE)
    assert re.search(r"^References: <thread\.walk@voices\.[^\s?]+>\r$", raw, re.MULTILINE)


def test_the_mail_is_in_the_language_and_time_of_the_thread(walk, upload, send, server, make_thread):
    make_thread("walk", MAIL_INI.replace("Saturday walk", "Прогулка") + "lang=ru\ntimeShiftHrs=5.75\n")
    upload(description="Погода")
    send()

    received = server.to(BOB)[0]

    assert received.message["Subject"] == "Ann: новая запись в беседе «Прогулка»"
    for part in (received.text(), received.html()):
        assert "хранится до 21 декабря 2026 г., 15:45 (UTC+05:45)" in part
        assert "Погода" in part
    assert '<html lang="ru">' in received.html()


def test_the_author_gets_no_mail_and_nobody_who_is_there(upload, join, send, server, clock):
    join("walk", "BOB")
    assert upload()["notified"] == 1
    clock.advance(60)
    carol = join("walk", "Carol")
    assert carol.ask(
        "POST", carol.url("messages"), 202, json={"to": "*", "type": "chat", "body": {"text": "x"}}
    )
    assert upload()["notified"] == 1, "Bob has gone"
    send()

    assert [len(server.to(each)) for each in (BOB, CAROL)] == [1, 1]


def test_the_author_gets_no_mail_about_an_own_clip(walk, join, sample, send, server, clock):
    bob = join("walk", "Bob")
    clock.advance(60)

    assert bob.upload(sample("chromium-audio.webm"))["notified"] == 1
    send()

    assert [each.recipient for each in server.received] == [CAROL]


def test_those_who_are_there_get_mail_where_the_thread_says_so(walk, make_thread, join, upload):
    make_thread("walk", MAIL_INI + "notifyOnline=1\n")
    join("walk", "Bob")
    assert upload()["notified"] == 2


@pytest.mark.parametrize("more", ["allowStream=1\n", "notifyUsers=0\n"])
def test_no_mail_where_the_thread_has_none(walk, make_thread, upload, mailing, more):
    make_thread("walk", MAIL_INI + more)
    assert "notified" not in upload()
    assert not mailing.store.spool.folder.exists()


@pytest.mark.parametrize("setting", ["public_url", "mail_url"])
def test_no_mail_where_the_site_cannot_send_any(mailing, upload, setting):
    setattr(mailing, setting, "")
    assert "notified" not in upload()
    assert not mailing.store.spool.folder.exists()


def test_an_upload_in_pieces_tells_too_and_a_repeat_tells_nobody_again(ann, sample, send, server):
    def publish():
        headers = {"Upload-Complete": "?1", "Idempotency-Key": "k" * 22, "Content-Type": "audio/webm"}
        content = sample("chromium-audio.webm")
        return ann.ask("POST", ann.url("uploads"), 201, data=content, headers=headers).json

    first = publish()
    send()

    assert first["notified"] == 2
    assert publish() == first
    send()
    assert len(server.received) == 2
    assert "notified" not in ann.clips()["clips"][0]


def test_a_bad_line_costs_only_its_own_mail(walk, upload, send, server):
    (walk / "notify.ini").write_text('[people]\nEve="not an address"\nBob="bob@example.org"\n')
    assert upload()["notified"] == 1
    send()
    assert [each.recipient for each in server.received] == [BOB]


def test_a_clip_that_was_refused_is_told_to_nobody(ann, sample, send, server, mailing, monkeypatch, clock):
    def refuse(*_):
        raise OSError("the disk is broken")

    with monkeypatch.context() as patch:
        patch.setattr("mozchat.storage.thread_store.ThreadStore.add_clip", refuse)
        ann.upload(sample("chromium-audio.webm"), check=500)
    assert len(mailing.store.spool.notices()) == 1, "it came before the clip"
    assert send().sent == 0

    clock.advance(601)
    send()

    assert mailing.store.spool.notices() == []
    assert server.received == []


def test_a_spool_that_cannot_be_written_is_told_and_holds_up_nothing_else(upload, send, mailing, monkeypatch):
    upload()
    with monkeypatch.context() as patch:
        patch.setattr("mozchat.storage.spool.write_atomically", _full)
        with pytest.raises(NoRoom):
            send()
    assert send().sent == 2


def _full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_fault_of_the_spool_refuses_no_clip(upload, mailing, caplog):
    mailing.store.spool.folder.write_text("in the way")
    assert "notified" not in upload()
    assert "nobody is told" in caplog.text


# --- when the server does not take it


def test_a_server_that_is_down_is_asked_ever_more_rarely_and_gets_everything_in_the_end(
    upload, send, server, clock
):
    server.stop()
    upload()
    fault = send().fault
    assert "cannot be reached" in fault

    server.start()
    assert send().sent == 0, "it is left in peace for a while"
    server.stop()
    clock.advance(MINUTE / 1000)
    assert send().fault
    clock.advance(MINUTE / 1000)
    assert not send().fault, "two minutes are not over"
    server.start()
    clock.advance(MINUTE / 1000)
    send()

    assert sorted(each.recipient for each in server.received) == [BOB, CAROL]


def test_what_comes_while_the_server_is_down_goes_out_in_one_mail(upload, send, server, clock):
    server.stop()
    ids = []
    for _ in range(3):
        ids.append(upload()["id"])
        send()
        clock.advance(HOUR / 1000)
    server.start()
    send()

    (to_bob,) = server.to(BOB)
    assert to_bob.message["Subject"] == "3 new clips in Saturday walk"
    assert [clip_id for clip_id in ids if clip_id in to_bob.text()] == ids


def test_a_recipient_that_is_refused_is_given_up_and_the_others_get_theirs(upload, send, server, mailing):
    server.refusals[BOB] = "550 no such user"
    upload()

    drained = send()

    assert (drained.sent, drained.dead, drained.waiting) == (1, 1, 0)
    (letter,) = mailing.store.spool.dead()
    assert "550 no such user" in json.loads(letter.read_text())["fault"]
    assert [each.recipient for each in server.received] == [CAROL]


def test_a_recipient_that_is_put_off_gets_it_later(upload, send, server, clock):
    server.refusals[BOB] = "450 greylisted"
    upload()
    send()
    del server.refusals[BOB]
    assert send().sent == 0
    clock.advance(MINUTE / 1000)
    send()

    assert [each.recipient for each in server.received] == [CAROL, BOB]


def test_a_server_that_dies_in_the_middle_gets_each_mail_once(upload, send, server, clock):
    died = []

    def die_once(recipient):
        if recipient == BOB and not died:
            died.append(recipient)
            return server.DIE
        return None

    server.on_data = die_once
    upload()
    send()
    assert [each.recipient for each in server.received] == [CAROL]
    clock.advance(MINUTE / 1000)
    send()

    assert sorted(each.recipient for each in server.received) == [BOB, CAROL]
    assert died


def test_a_mail_at_which_the_server_hangs_up_does_not_hold_back_the_others(upload, send, server, clock):
    server.refusals[BOB] = "421 not you again"
    upload()
    send()
    clock.advance(MINUTE / 1000)
    send()
    assert [each.recipient for each in server.received] == [CAROL]


def test_a_clock_that_is_turned_back_holds_nothing_back(upload, send, server, clock):
    server.stop()
    upload()
    send()
    server.start()
    clock.advance(-30 * 86_400)
    assert send().sent == 2


def test_after_three_days_a_mail_is_a_dead_letter(upload, send, server, mailing, clock):
    server.stop()
    upload()
    assert send().dead == 0
    clock.advance(LIFETIME / 1000)
    assert send().dead == 2
    assert len(mailing.store.spool.dead()) == 2


def test_a_mail_that_is_put_off_for_three_days_is_a_dead_letter(upload, send, server, clock):
    server.refusals[BOB] = "450 greylisted"
    upload()
    send()
    clock.advance(LIFETIME / 1000)
    assert send().dead == 1


# --- not too much of it


def test_nobody_gets_more_than_so_many_in_an_hour_and_then_the_rest_in_one(upload, send, server, clock):
    for _ in range(MOST_AN_HOUR + 3):
        upload()
        send()
        clock.advance(60)
    assert len(server.to(BOB)) == MOST_AN_HOUR

    clock.advance(HOUR / 1000 - (MOST_AN_HOUR + 3) * 60)
    send()

    assert len(server.to(BOB)) == MOST_AN_HOUR + 1
    assert server.to(BOB)[-1].message["Subject"] == "3 new clips in Saturday walk"


def test_a_mail_names_the_last_clips_only(upload, send, server):
    server.stop()
    for _ in range(52):
        upload()
    server.start()
    send()

    assert server.to(BOB)[0].message["Subject"] == "52 new clips in Saturday walk"
    assert server.to(BOB)[0].text().count("?clip=") == 50
    assert "And 2 before these." in server.to(BOB)[0].text()


# --- after a kill


def test_what_a_kill_left_in_the_middle_is_sent_once_more_and_no_more(upload, send, server, mailing, clock):
    spool = mailing.store.spool

    def upload_and_wait():
        upload()
        server.stop()
        send()
        server.start()
        clock.advance(MINUTE / 1000)

    upload_and_wait()
    for mail in spool.waiting():
        spool.begin(mail)  # and here the process is killed
    assert send().sent == 2

    upload_and_wait()
    for _ in range(2):
        spool.recover(0)
        for mail in spool.waiting():
            spool.begin(mail)

    drained = send()

    assert drained.sent == 0
    assert len(spool.dead()) == 2
    assert "killed twice" in json.loads(spool.dead()[0].read_text())["fault"]


def test_a_kill_while_a_notice_becomes_mails_makes_none_twice(upload, send, server, mailing, monkeypatch):
    upload()
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            send()
    assert len(mailing.store.spool.waiting()) == 2
    assert server.received == []
    send()

    assert sorted(each.recipient for each in server.received) == [BOB, CAROL]
    assert all(each.text().count("?clip=") == 1 for each in server.received)


def test_what_a_kill_left_half_written_goes_when_it_is_old(upload, send, mailing):
    upload()
    waiting = mailing.store.spool.folder / "notices"
    old, young = waiting / ".walk.x.json.old.tmp", waiting / ".walk.x.json.young.tmp"
    for path in (old, young):
        path.write_text("{")
    os.utime(old, (1, 1))
    os.utime(young, (mailing.now() / 1000, mailing.now() / 1000))
    assert send().sent == 2
    assert [path.exists() for path in (old, young)] == [False, True]


def test_only_one_sends_at_a_time(upload, send, server, mailing):
    upload()
    with mailing.store.spool.draining() as mine:
        assert mine
        assert send() is None
    assert send().sent == 2


def test_a_file_that_cannot_be_understood_is_put_aside(upload, send, server, mailing):
    upload()
    (notice,) = (path for path, _ in mailing.store.spool.notices())
    (notice.parent / "walk.broken.json").write_text("{")
    assert send().sent == 2
    assert (notice.parent / "walk.broken.broken").exists()


# --- what participants write


NASTY = [
    "a\r\nBcc: eve@example.org",
    "a\nBcc: eve@example.org\n\nbody",
    "=?utf-8?q?a=0D=0ABcc:_eve@example.org?=",
    '<img src=x onerror=alert(1)>"</p>&',
    "\u2028Bcc: eve@example.org",
    ".\r\nMAIL FROM:<eve@example.org>",
]


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_somebody_wrote_becomes_a_header_or_markup(upload, send, server, text):
    upload(description=text)
    send()

    for received in server.received:
        message = received.message
        assert "eve@example.org" not in str([value for _, value in message.items()])
        assert set(message.keys()) == {
            *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "In-Reply-To"),
            *(
                "References",
                "List-Id",
                "List-Unsubscribe",
                "List-Unsubscribe-Post",
                "MIME-Version",
                "Content-Type",
            ),
        }
        assert not message.defects
        assert "<img" not in received.html()
    assert sorted(each.recipient for each in server.received) == [BOB, CAROL]


@pytest.mark.parametrize(
    "name", ["=?utf-8?q?a?=", "Ёж, в тумане", "a\\b", "x@example.org", "a,b", "[a] {b} ~|", "ё" * 30]
)
def test_a_name_is_a_name_in_the_headers_whatever_is_in_it(walk, upload, send, server, mailing, name):
    (walk / "notify.ini").unlink()
    wish = Subscription("a" * 16, "somebody", name, BOB, mailing.now(), confirmed=True)
    mailing.store.thread("walk").mail_list.change(lambda all_: all_.added(wish, mailing.now()))
    upload()
    send()

    (received,) = server.received
    shown, address = email.utils.parseaddr(email.message_from_bytes(received.content)["To"])
    assert (str(make_header(decode_header(shown))), address) == (name, BOB)


# --- the words


def test_a_site_may_have_its_own_words(walk, upload, send, server, mailing):
    own = mailing.store.folder / ".templates"
    own.mkdir()
    (own / "clips.subject").write_text("Hark, {{ clips[0].author }}")
    upload()
    send()

    assert server.to(BOB)[0].message["Subject"] == "Hark, Ann"
    assert "Saturday walk" in server.to(BOB)[0].text(), "all else is as it was"


def test_mail_waits_until_a_template_is_mended(walk, upload, send, server, mailing, clock, caplog):
    own = mailing.store.folder / ".templates"
    own.mkdir()
    (own / "clips.subject").write_text("{{ nothing.of.the.kind")
    upload()
    send()
    assert server.received == []
    assert "cannot be written" in caplog.text

    (own / "clips.subject").unlink()
    clock.advance(MINUTE / 1000)
    send()

    assert len(server.received) == 2


def test_mail_about_a_thread_that_is_gone_goes_with_it(walk, upload, send, server, clock):
    server.stop()
    upload()
    send()
    server.start()
    clock.advance(MINUTE / 1000)
    (walk / ".ini").unlink()

    assert send().waiting == 0
    assert server.received == []
