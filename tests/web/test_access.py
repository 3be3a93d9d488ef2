"""A thread with a password: nothing of it is to be had without."""

import io

import pytest
from werkzeug.security import generate_password_hash

from mozchat.services.site import Site
from mozchat.web.app import create_app

WORD = "open sésame"
HASHED = generate_password_hash(WORD, "scrypt:1024:8:1")
SESSION = "/api/threads/cave/session"
LONE_SURROGATE = "\ud800"


def ini(password):
    return f'[common]\ntitle=The cave\ndescription=Where we hide\n[auth]\npassword="{password}"\n'


@pytest.fixture(params=[WORD, HASHED], ids=["plain", "hashed"])
def cave(make_thread, request):
    return make_thread("cave", ini(request.param))


@pytest.fixture
def hidden(make_thread):
    return make_thread("cave", ini(WORD))


@pytest.fixture
def ali(hidden, join, sample):
    """Somebody inside, who has published a clip."""
    ali = join("cave", "Ali", password=WORD)
    ali.clip = ali.upload(sample("chromium-audio.webm"), description="forty jars")
    return ali


def try_word(visitor, password, **request):
    return visitor.status("POST", SESSION, json={"name": "Cassim", "password": password}, **request)


@pytest.mark.parametrize("password", [None, ""])
def test_without_the_password_nobody_joins(cave, visitor, password):
    answer = visitor.ask("POST", SESSION, 401, json={"name": "Cassim", "password": password})

    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("password", ["open", WORD.upper(), WORD + " ", HASHED, LONE_SURROGATE])
def test_with_a_wrong_password_nobody_joins(cave, visitor, password):
    assert try_word(visitor, password) == 403


def test_with_the_password_one_joins(cave, join):
    ali = join("cave", "Ali", password=WORD)

    assert ali.clips()["clips"] == []


def test_whoever_is_inside_needs_no_password_for_another_name(ali):
    assert ali.rename("Ali Baba")["name"] == "Ali Baba"


def test_an_outsider_sees_the_door_only(ali, visitor):
    assert visitor.ask("GET", "/api/threads/cave").json == {
        "name": "cave",
        "title": "The cave",
        "description": "Where we hide",
        "locked": True,
        "me": None,
        "settings": {},
    }


def test_whoever_is_inside_sees_the_settings_but_not_the_password(ali):
    answer = ali.ask("GET", "/api/threads/cave")

    assert answer.json["settings"]["maxBlobBytes"] == 50000
    assert WORD not in answer.get_data(as_text=True)


def test_nothing_of_the_thread_is_to_be_had_from_outside(ali, visitor, sample):
    clip = f"/api/threads/cave/clips/{ali.clip['id']}"
    closed = [
        ("GET", "/api/threads/cave/clips", {}),
        ("GET", clip, {}),
        ("GET", f"{clip}/media", {}),
        ("HEAD", f"{clip}/media", {}),
        ("GET", f"{clip}/media", {"headers": {"Range": "bytes=0-9"}}),
        ("GET", f"{clip}/media", {"headers": {"If-None-Match": f'"{ali.clip["id"]}"'}}),
        ("GET", "/api/threads/cave/events", {}),
        ("GET", "/api/threads/cave/events", {"query_string": {"wait": 9, "cursor": ali.clips()["cursor"]}}),
        ("DELETE", clip, {}),
        ("POST", "/api/threads/cave/clips", {"data": {"blob": (io.BytesIO(b"x"), "clip")}}),
        ("POST", "/api/threads/cave/messages", {"json": {"to": "*", "type": "chat", "body": {"text": "hi"}}}),
        ("POST", "/api/threads/cave/reports", {"json": {"message": "hi"}}),
    ]

    answers = [visitor.send(method, path, **request) for method, path, request in closed]

    assert [answer.status_code for answer in answers] == [401] * len(closed)
    assert not any(secret in answer.data for answer in answers for secret in (b"Ali", b"jars"))


def test_a_participant_of_another_thread_is_an_outsider_here(ali, make_thread, join):
    make_thread("market")
    cassim = join("market", "Cassim")

    cassim.ask("GET", "/api/threads/cave/clips", 401)


def test_the_list_of_threads_tells_outsiders_neither_who_is_there_nor_what_is_new(ali, visitor):
    def listed(who):
        return who.ask("GET", "/api/threads").json["threads"][0]

    assert (listed(visitor)["online"], listed(visitor)["newest"]) == ([], None)
    assert (listed(ali)["online"], listed(ali)["newest"]) == (["Ali"], ali.clip)


@pytest.mark.parametrize("page", ["/", "/cave/", "/cave/?clip=all"])
def test_the_pages_tell_outsiders_neither_who_is_there_nor_what_is_new(ali, visitor, page):
    shown = visitor.ask("GET", page).get_data(as_text=True)

    assert "The cave" in shown
    assert not any(secret in shown for secret in ("Ali", "jars", ali.clip["id"]))


def test_guessing_is_slowed_down(cave, visitor, join, clock):
    assert [try_word(visitor, f"guess {n}") for n in range(7)] == [403] * 5 + [429] * 2

    answer = visitor.send("POST", SESSION, json={"name": "Ali", "password": WORD})
    assert answer.status_code == 429, "while one has to wait the right one does not count either"
    wait = int(answer.headers["Retry-After"])
    clock.advance(wait)
    assert join("cave", "Ali", password=WORD).name == "Ali"


def test_every_further_wrong_guess_doubles_the_wait(hidden, visitor, clock):
    waits = []
    for _ in range(5):
        try_word(visitor, "guess")
    for _ in range(4):
        answer = visitor.send("POST", SESSION, json={"name": "Ali", "password": "guess"})
        waits.append(int(answer.headers["Retry-After"]))
        clock.advance(waits[-1])
        assert try_word(visitor, "guess") == 403

    assert waits == [1, 2, 4, 8]


def test_one_who_guesses_does_not_slow_down_others(hidden, visitor):
    for _ in range(6):
        try_word(visitor, "guess")

    assert try_word(visitor, "guess") == 429
    assert try_word(visitor, WORD, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}) == 201


def test_guesses_are_counted_over_all_processes(hidden, visitor, site, clock):
    for _ in range(6):
        try_word(visitor, "guess")

    other = Site(site.store.folder, 1, clock)
    try:
        elsewhere = type(visitor)(create_app(other))
        assert try_word(elsewhere, WORD) == 429
    finally:
        other.close()


def test_another_password_locks_out_whoever_gave_the_old_one(ali, make_thread):
    make_thread("cave", ini("open barley"))

    ali.ask("GET", "/api/threads/cave/clips", 401)
    ali.media(ali.clip["id"], 401)
    ali.poll(check=401)


def test_whoever_gives_the_new_password_has_the_name_and_the_clips_again(ali, make_thread, join):
    make_thread("cave", ini("open barley"))

    again = join("cave", "Ali", token=ali.token, password="open barley")

    assert again.author_id == ali.author_id
    again.delete(ali.clip["id"])


def test_without_the_password_in_the_ini_the_thread_is_open(ali, make_thread, visitor):
    make_thread("cave", "[common]\n")

    assert visitor.ask("GET", "/api/threads/cave/clips").json["clips"] == [ali.clip]


def test_a_listener_is_let_go_when_the_password_is_changed(ali, make_thread, site, meanwhile, until):
    listening = meanwhile(ali.poll, ali.clips()["cursor"], 401, wait=30)
    until(lambda: site.admission.held)

    make_thread("cave", ini("open barley"))
    until(lambda: site.store.bell.ring("cave") or listening.done())

    assert b"password" in listening.result(5).data
