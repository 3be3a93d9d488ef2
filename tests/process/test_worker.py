"""The worker that answers polls by itself and holds listeners without a thread, by the bytes on the wire."""

import contextlib
import json
import re
import socket
import time

import pytest

from mozchat import server, worker
from mozchat.settings import SiteSettings
from tests.bench.harness import fill
from tests.running import Client

pytestmark = pytest.mark.process

WALK = {
    "walk": """[common]
maxMediaFolderBytes=4000000
maxClipCount=0
userStatusFadeS=60
[client]
maxClipSizeSec=30
longPollPeriodS=15
"""
}
PATIENCE = 15.0


@pytest.fixture
def site(run_site):
    """One process, so that every connection comes to the same worker."""
    return run_site("--workers", "1", threads=WALK)


@pytest.fixture
def ann(site):
    return Client(site).join("walk", "Ann")


@pytest.fixture
def connect(site):
    """Open connections that are closed with the test."""
    with contextlib.ExitStack() as open_ones:

        def one():
            return open_ones.enter_context(
                contextlib.closing(socket.create_connection(("127.0.0.1", site.port), PATIENCE))
            )

        yield one


def request(method, path, token="", body=b"", version="1.1", **headers):
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def poll(who, cursor, wait=0.0, **headers):
    return request("GET", f"/api/threads/walk/events?cursor={cursor}&wait={wait}", who.token, **headers)


def cursor_of(who):
    return who.events("walk")[1]["cursor"]


def read_answer(stream):
    """Status, headers and body of the next answer."""
    status = int(stream.readline().split()[1])
    headers = {}
    while line := stream.readline().strip().decode():
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return status, headers, stream.read(int(headers.get("content-length", 0)))


def listeners(who):
    return who.request("GET", "/healthz")[1]["listeners"]


def wait_until(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.01)


def test_one_connection_serves_polls_and_ordinary_requests_in_turn(ann, connect):
    wire = connect()
    stream = wire.makefile("rb")
    cursor = cursor_of(ann)
    for _ in range(3):
        for asked, expected in (
            (poll(ann, cursor), 204),
            (request("GET", "/healthz"), 200),
            (request("GET", "/api/threads/walk/events", ann.token), 200),
            (poll(ann, cursor, wait=0.01), 204),
        ):
            wire.sendall(asked)
            status, headers, _ = read_answer(stream)
            assert (status, headers["connection"]) == (expected, "keep-alive")


def test_it_answers_as_a_server_without_it_does(ann, connect):
    """The plain form goes the worker's own way, the same request with a body goes gunicorn's."""
    wire = connect()
    stream = wire.makefile("rb")
    cursor = cursor_of(ann)
    ann.request("DELETE", "/api/threads/walk/session")
    paths = [
        f"/api/threads/walk/events?cursor={cursor}",
        f"/api/threads/walk/events?cursor={cursor_of(ann)}",
        f"/api/threads/walk/events?cursor={cursor}&wait=soon",
        "/api/threads/walk/events",
        "/api/threads/nowhere/events",
        f"/api/events?at=walk:{cursor}&at=nowhere:",
        "/api/events",
    ]
    for path in paths:
        answers = []
        for body in ({}, {"Content_Length": "1", "body": b"x"}):
            wire.sendall(request("GET", path, **body))
            status, headers, content = read_answer(stream)
            headers.pop("date")
            answers.append((status, headers, content))
        assert answers[0] == answers[1], path


def upload(who, content, **headers):
    headers = {"Upload_Complete": "?1", "Content_Length": str(len(content)), **headers}
    return request("POST", "/api/threads/walk/uploads", who.token, content, **headers)


def form(who, content, **headers):
    boundary = "b0undary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="blob"; filename="x"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content_Type": f"multipart/form-data; boundary={boundary}", **headers}
    headers = {"Content_Length": str(len(body)), **headers}
    return request("POST", "/api/threads/walk/clips", who.token, body, **headers)


@pytest.fixture
def no_fsync(site):
    """The thread keeps its clips as a stream does, and the worker stores its short ones one after another."""
    ini = site.folder / "walk" / ".ini"
    ini.write_text(ini.read_text().replace("[client]", "durability=os\n[client]"))


@pytest.mark.parametrize("send", [upload, form])
def test_where_nothing_waits_for_the_disk_an_upload_waits_for_no_other(no_fsync, ann, connect, sample, send):
    voice = sample("chromium-audio.webm")
    unfinished, silent = send(ann, voice), connect()
    silent.sendall(unfinished[:-100])
    wires = [connect() for _ in range(8)]
    for wire in wires:
        wire.sendall(send(ann, voice))

    assert [read_answer(wire.makefile("rb"))[0] for wire in wires] == [201] * 8
    silent.sendall(unfinished[-100:])
    assert read_answer(silent.makefile("rb"))[0] == 201
    assert len(ann.request("GET", "/api/threads/walk/clips")[1]["clips"]) == 9


def test_a_piece_waits_for_no_other_upload_even_where_clips_wait_for_the_disk(ann, connect):
    """All OS threads that store what has to be on the disk wait for clips that do not come."""
    for _ in range(server.THREADS):
        connect().sendall(upload(ann, bytes(1000))[:-100])
    wire = connect()
    for number in range(3):
        wire.sendall(upload(ann, b"a piece", Upload_Complete="?0", Idempotency_Key=f"piece-{number}"))
        assert read_answer(wire.makefile("rb"))[0] == 201


@pytest.mark.parametrize("send", [upload, form])
def test_uploads_are_answered_as_by_a_server_without_it(ann, connect, sample, send):
    """The plain form goes the worker's own way, the same with a letter beyond ASCII goes gunicorn's."""
    wire = connect()
    stream = wire.makefile("rb")
    voice = sample("chromium-audio.webm")
    for content, more, expected in (
        (voice, {}, 201),
        (voice, {"Idempotency_Key": "x" * 200}, 422),
        (b"no sound", {}, 415),
        (b"", {}, 422),
        (voice * 50, {}, 413),
        (voice, {"Authorization": "Basic none"}, 401),
    ):
        answers = []
        for way in ({}, {"X_Name": "Zoë"}):
            wire.sendall(send(ann, content, **more, **way))
            status, headers, answer = read_answer(stream)
            headers.pop("date")
            headers.pop("content-length", None)
            shape = re.sub(rb"[0-9a-f]{16}|\d{4}-[0-9T:.-]+Z", b"", answer)
            answers.append((status, headers, shape))
        assert answers[0] == answers[1]
        assert answers[0][0] == expected
        assert answers[0][1]["connection"] == "keep-alive"


def test_an_upload_that_comes_in_pieces_is_stored_whole(ann, connect, sample):
    voice = sample("chromium-audio.webm")
    wire = connect()
    whole = form(ann, voice)
    for start in range(0, len(whole), 5000):
        wire.sendall(whole[start : start + 5000])
        time.sleep(0.002)

    status, _, answer = read_answer(wire.makefile("rb"))

    assert (status, json.loads(answer)["duration"]) == (201, pytest.approx(1.5, abs=0.02))


def test_uploads_and_polls_that_come_together_are_answered_in_turn(ann, connect, sample):
    voice = sample("chromium-audio.webm")
    wire = connect()
    stream = wire.makefile("rb")

    wire.sendall(upload(ann, voice) + request("GET", "/healthz") + form(ann, voice) + upload(ann, voice))

    assert [read_answer(stream)[0] for _ in range(4)] == [201, 200, 201, 201]


@pytest.mark.parametrize("send", [upload, form])
def test_an_upload_that_breaks_off_is_no_clip(ann, connect, sample, site, send):
    whole = send(ann, sample("chromium-audio.webm"))
    wire = connect()
    wire.sendall(whole[:-100])
    wire.shutdown(socket.SHUT_WR)

    assert read_answer(wire.makefile("rb"))[0] in (400, 422)
    assert ann.request("GET", "/api/threads/walk/clips")[1]["clips"] == []
    assert list((site.folder / "walk").glob("media/*")) == []


def test_of_an_upload_with_two_lengths_nothing_is_taken(ann, connect, sample):
    wire = connect()
    two = upload(ann, sample("chromium-audio.webm"))
    wire.sendall(two.replace(b"\r\nContent-Length: ", b"\r\nContent-Length: 5\r\nContent-Length: ", 1))

    assert read_answer(wire.makefile("rb"))[0] == 400


def test_a_request_that_comes_in_pieces_is_answered(ann, connect):
    wire = connect()
    whole = poll(ann, cursor_of(ann))
    for start in range(0, len(whole), 40):
        wire.sendall(whole[start : start + 40])
        time.sleep(0.002)
    assert read_answer(wire.makefile("rb"))[0] == 204


def test_requests_that_come_together_are_answered_in_turn(ann, connect):
    wire = connect()
    stream = wire.makefile("rb")
    cursor = cursor_of(ann)
    health = request("GET", "/healthz")
    quick = poll(ann, cursor)

    wire.sendall(quick + quick + health + quick)
    assert [read_answer(stream)[0] for _ in range(4)] == [204, 204, 200, 204]

    wire.sendall(poll(ann, cursor, wait=0.3))
    wait_until(lambda: listeners(ann) == 1)
    wire.sendall(health)
    assert [read_answer(stream)[0] for _ in range(2)] == [204, 200]


@pytest.mark.parametrize("more", [{"version": "1.0"}, {"Connection": "close"}])
def test_who_wants_the_connection_closed_has_it_closed(ann, connect, more):
    wire = connect()
    wire.sendall(poll(ann, cursor_of(ann), wait=0.05, **more))
    stream = wire.makefile("rb")
    assert read_answer(stream)[0] == 204
    assert stream.read() == b""


def test_more_listeners_than_threads_are_held_and_all_are_told(ann, connect):
    cursor = cursor_of(ann)
    wires = [connect() for _ in range(server.THREADS * 3)]
    for wire in wires:
        wire.sendall(poll(ann, cursor, wait=PATIENCE))
    wait_until(lambda: listeners(ann) == len(wires))

    message = json.dumps({"to": "*", "type": "chat", "body": {"text": "hello"}})
    assert (
        ann.request("POST", "/api/threads/walk/messages", message, {"Content-Type": "application/json"})[0]
        == 202
    )

    for wire in wires:
        status, _, body = read_answer(wire.makefile("rb"))
        assert status == 200
        assert json.loads(body)["messages"][0]["body"] == {"text": "hello"}
    assert listeners(ann) == 0


def test_a_listener_that_goes_away_gives_its_place_back(ann, connect):
    cursor = cursor_of(ann)
    wires = [connect() for _ in range(5)]
    for wire in wires:
        wire.sendall(poll(ann, cursor, wait=PATIENCE))
    wait_until(lambda: listeners(ann) == 5)
    for wire in wires[:3]:
        wire.close()
    wait_until(lambda: listeners(ann) == 2)


def test_a_held_listener_is_told_that_the_thread_is_gone(ann, connect, site):
    wire = connect()
    wire.sendall(poll(ann, cursor_of(ann), wait=PATIENCE))
    wait_until(lambda: listeners(ann) == 1)
    (site.folder / "walk").rename(site.folder.parent / "removed")
    assert read_answer(wire.makefile("rb"))[0] == 404


def test_a_mistake_in_a_thread_is_told_and_takes_nothing_else_down(ann, connect, site):
    process = ann.request("GET", "/healthz")[1]["process"]
    held, wire = connect(), connect()
    stream = wire.makefile("rb")
    cursor = cursor_of(ann)
    for _ in range(2):
        wire.sendall(poll(ann, cursor))
        assert read_answer(stream)[0] == 204
    held.sendall(poll(ann, cursor, wait=PATIENCE))
    wait_until(lambda: listeners(ann) == 1)

    ini = site.folder / "walk" / ".ini"
    right = ini.read_text()
    ini.write_text("[common]\nmaxClipCount=many\n")
    assert read_answer(held.makefile("rb"))[0] == 503
    for _ in range(2):
        wire.sendall(poll(ann, cursor))
        assert read_answer(stream)[0] == 503
    ini.write_text(right)
    wire.sendall(poll(ann, cursor))
    assert read_answer(stream)[0] == 204
    assert ann.request("GET", "/healthz")[1]["process"] == process


def test_connections_that_send_nothing_hold_nobody_up(ann, connect):
    for _ in range(server.THREADS * 2):
        connect()
    began = time.monotonic()
    assert ann.request("GET", "/api/threads")[0] == 200
    assert time.monotonic() - began < 3, "gunicorn waits 5 s in a thread for each"


def test_a_client_that_does_not_close_its_end_holds_nobody_up(ann, connect):
    for _ in range(4):
        wire = connect()
        wire.sendall(request("GET", "/healthz", Connection="close"))
        assert read_answer(wire.makefile("rb"))[0] == 200
    began = time.monotonic()
    assert ann.request("GET", "/healthz")[0] == 200
    assert time.monotonic() - began < 1.5, "gunicorn waits 2 s for each in its main loop"


def test_a_client_that_reads_slowly_gets_everything_and_holds_nobody_up(run_site, tmp_path):
    site = run_site("--workers", "1", threads=WALK)
    fill(site, 10_000)
    ann = Client(site).join("walk", "Ann")
    with contextlib.closing(socket.socket()) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.settimeout(PATIENCE)
        wire.connect(("127.0.0.1", site.port))
        wire.sendall(poll(ann, "unknown", wait=1))
        stream = wire.makefile("rb", buffering=1024)
        stream.peek(1)
        assert ann.request("GET", "/healthz")[0] == 200
        status, _, body = read_answer(stream)
        assert (status, len(json.loads(body)["clips"]["added"])) == (200, 10_000)
        wire.sendall(poll(ann, json.loads(body)["cursor"]))
        assert read_answer(stream)[0] == 204


@pytest.mark.parametrize(("fits", "threads"), [(True, server.THREADS), (False, 267)])
def test_with_a_gunicorn_that_is_built_otherwise_listeners_hold_threads(monkeypatch, tmp_path, fits, threads):
    monkeypatch.setattr(worker, "fits", lambda: fits)
    made = server.Server(SiteSettings(tmp_path), bind="127.0.0.1:8000", workers=1, listeners=200)

    assert made.cfg.threads == threads
    assert issubclass(made.cfg.worker_class, worker.Worker) is fits
    assert made.cfg.worker_connections > made.cfg.threads + 200


def test_where_few_files_may_be_open_it_does_not_take_on_more_connections(monkeypatch, tmp_path):
    monkeypatch.setattr(server.resource, "getrlimit", lambda kind: (1024, 1024))
    made = server.Server(SiteSettings(tmp_path), bind="127.0.0.1:8000", workers=1, listeners=10_000)

    assert made.cfg.worker_connections < 1024
    with contextlib.closing(made.load().extensions["mozchat"]) as site:
        assert site.admission.room(None) < made.cfg.worker_connections


def test_the_gunicorn_that_is_installed_fits():
    assert worker.fits()


@pytest.mark.parametrize("name", ["finish_request", "enqueue_req"])
def test_a_gunicorn_without_a_part_that_is_needed_does_not_fit(monkeypatch, name):
    monkeypatch.delattr(worker.gthread.ThreadWorker, name)
    monkeypatch.delattr(worker.Worker, name)
    assert not worker.fits()
