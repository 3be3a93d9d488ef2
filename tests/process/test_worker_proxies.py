"""The worker's own ways, told by bytes on the wire, know of proxies and the public address as all others do."""

import json
import socket

import pytest

from tests.process.test_worker import (
    WALK,
    cursor_of,
    form,
    listeners,
    read_answer,
    request,
    upload,
    wait_until,
)
from tests.running import Client

pytestmark = pytest.mark.process

HOST = "forum.example.org"
PUBLIC = {"MOZCHAT_PUBLIC_URL": f"https://{HOST}/forum", "MOZCHAT_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture
def site(run_site):
    return run_site("--workers", "1", threads=WALK, environment=PUBLIC)


class Member(Client):
    """One who asks as a proxy does that passes on the whole path."""

    def request(self, method, path, body=None, headers=None, timeout=30.0):
        return super().request(method, f"/forum{path}", body, {"Host": HOST, **(headers or {})}, timeout)


@pytest.fixture
def ann(site):
    return Member(site).join("walk", "Ann")


@pytest.fixture
def wire(site):
    with socket.create_connection(("127.0.0.1", site.port), 15) as connection:
        yield connection


def asked(connection, data):
    connection.sendall(data)
    return read_answer(connection.makefile("rb"))


def under(data, host=HOST, path="/forum", **headers):
    """A request as the proxy passes it on."""
    data = data.replace(b" /api", f" {path}/api".encode(), 1)
    lines = "".join(f"\r\n{name.replace('_', '-')}: {value}" for name, value in headers.items())
    return data.replace(b"Host: localhost", f"Host: {host}{lines}".encode(), 1)


def both_ways(data):
    """The plain form, which goes the worker's own way, and one with a letter beyond ASCII, read by gunicorn."""
    return data, data.replace(b"\r\n", "\r\nX-Name: Zoë\r\n".encode(), 1)


@pytest.mark.parametrize("path", ["/forum", ""])
def test_news_and_uploads_have_the_public_path_in_their_links(ann, wire, sample, path):
    voice = sample("chromium-audio.webm")
    for send in (upload, form):
        for data in both_ways(under(send(ann, voice), path=path)):
            status, _, body = asked(wire, data)
            assert (status, json.loads(body)["media"][:19]) == (201, "/forum/api/threads/")
    for data in both_ways(under(request("GET", "/api/threads/walk/events", ann.token), path=path)):
        status, _, body = asked(wire, data)
        added = json.loads(body)["clips"]["added"]
        assert (status, len(added)) == (200, 4)
        assert {clip["media"][:19] for clip in added} == {"/forum/api/threads/"}


def test_a_site_is_asked_for_under_no_other_name(ann, wire, sample):
    cursor = cursor_of(ann)
    poll = request("GET", f"/api/threads/walk/events?cursor={cursor}", ann.token)
    assert asked(wire, under(poll))[0] == 204
    for data in (poll, upload(ann, sample("chromium-audio.webm"))):
        for each in both_ways(under(data, host="evil.example")):
            status, _, body = asked(wire, each)
            assert (status, "MOZCHAT_TRUSTED_HOSTS" in json.loads(body)["detail"]) == (400, True)


def test_a_proxy_that_says_what_it_took_off_is_believed(ann, wire):
    events = request("GET", "/api/threads/walk/events", ann.token)
    for data in both_ways(under(events, host="127.0.0.1", path="", X_Forwarded_Host=HOST)):
        assert asked(wire, data)[0] == 200


def test_listeners_under_a_path_hold_no_thread(ann, site):
    """More of them than the process has threads are held."""
    cursor = cursor_of(ann)
    poll = under(request("GET", f"/api/threads/walk/events?cursor={cursor}&wait=15", ann.token))
    connections = [socket.create_connection(("127.0.0.1", site.port), 15) for _ in range(80)]
    try:
        for connection in connections:
            connection.sendall(poll)
        wait_until(lambda: listeners(ann) == 80)
        ann.request("DELETE", "/api/threads/walk/session")
        assert {read_answer(connection.makefile("rb"))[0] for connection in connections} == {200}
    finally:
        for connection in connections:
            connection.close()


def test_those_who_hear_a_live_clip_under_a_path_hold_no_thread(ann, site, wire, sample):
    """More of them than the process has threads are held, and hear the same."""
    ini = site.folder / "walk" / ".ini"
    ini.write_text(ini.read_text().replace("[client]", "[client]\nlive=1"))
    voice = sample("chromium-audio-live.webm")
    fields = {"Upload_Complete": "?0", "Clip_Fields": ":eyJsaXZlIjp0cnVlfQ==:"}
    begin = request(
        "POST", "/api/threads/walk/uploads", ann.token, voice[:1000], Content_Length="1000", **fields
    )
    clip_id = json.loads(asked(wire, under(begin))[2])["id"]
    poll = request("GET", f"/api/threads/walk/clips/{clip_id}/media?from=1000&wait=15", ann.token)
    connections = [socket.create_connection(("127.0.0.1", site.port), 15) for _ in range(80)]
    try:
        for connection in connections:
            connection.sendall(under(poll))
        wait_until(lambda: listeners(ann) == 80)
        more = {"Upload_Complete": "?0", "Upload_Offset": "1000", "Content_Length": "500"}
        more["Content_Type"] = "application/partial-upload"
        url = f"/api/threads/walk/uploads/{clip_id}"
        assert asked(wire, under(request("PATCH", url, ann.token, voice[1000:1500], **more)))[0] == 204
        answers = [read_answer(connection.makefile("rb")) for connection in connections]
        assert {(status, body) for status, _, body in answers} == {(200, voice[1000:1500])}
    finally:
        for connection in connections:
            connection.close()
    status, _, body = asked(wire, under(poll, host="evil.example"))
    assert (status, "MOZCHAT_TRUSTED_HOSTS" in json.loads(body)["detail"]) == (400, True)
