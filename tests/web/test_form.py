"""Forms with a file, taken apart while they come."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from mozchat.domain.errors import Invalid
from mozchat.web import form
from mozchat.web.form import MAX_BESIDE, MAX_PARTS, Form

KIND = "multipart/form-data; boundary=mark"


def part(name, content, more=""):
    return (
        f'--mark\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"
    )


def body_of(*parts):
    return b"".join(parts) + b"--mark--\r\n"


def read_by(body, piece):
    """A body that comes in pieces of at most so many bytes."""
    stream = io.BytesIO(body)
    return lambda most: stream.read(min(most, piece))


def taken_apart(body, kind=KIND, piece=1 << 20):
    return [
        (each.name, b"".join(each.chunks()) if each.is_file else each.text())
        for each in Form(kind, read_by(body, piece)).parts()
    ]


@given(
    content=st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"--mar", b"\r\n--mar", b"mark", b"x" * 70]),
        max_size=9,
    )
    .map(b"".join)
    .filter(lambda content: b"\r\n--mark" not in b"\r\n" + content),
    piece=st.integers(1, 80),
)
def test_a_form_is_the_same_in_whatever_pieces_it_comes(content, piece):
    body = body_of(part("before", b"1"), part("blob", content, '; filename="x"'), part("behind", b"2"))

    assert taken_apart(body, piece=piece) == [("before", "1"), ("blob", content), ("behind", "2")]


def test_a_large_file_comes_in_pieces():
    content = bytes(range(256)) * 10_000
    body = body_of(part("blob", content, '; filename="x"'))

    pieces = list(next(Form(KIND, io.BytesIO(body).read).parts()).chunks())

    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= form.CHUNK


def test_what_browsers_and_others_leave_out_or_add_is_understood():
    assert taken_apart(b"a preamble\r\n" + body_of(part("a", b"1")) + b"an epilogue") == [("a", "1")]
    assert taken_apart(b"--mark \t\r\n\r\nno name\r\n--mark--") == [("", "no name")]
    assert taken_apart(b'--mark\r\nContent-Disposition: form-data; name="a"\r\n\r\n--mark--') == [("a", "")]
    assert taken_apart(body_of(part("a", b"1")), KIND.replace("mark", '"mark"')) == [("a", "1")]
    assert taken_apart(b"--mark--") == []


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text/plain", "Соня".encode(), "Соня"),
        ("text/plain; charset=iso-8859-1", b"Zo\xeb", "Zoë"),
        ("text/plain; charset=rot13", "Zoë".encode(), "Zoë"),
        ("text/plain", b"Zo\xeb", "Zo\ufffd"),
    ],
)
def test_a_text_is_read_in_its_charset(kind, content, text):
    assert taken_apart(body_of(part("a", content, f"\r\nContent-Type: {kind}"))) == [("a", text)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no parts at all",
        body_of(part("a", b"1"))[:-8],
        body_of(part("blob", b"1" * 1000, '; filename="x"'))[:-500],
        b"--mark\r\nContent-Disposition: form-data",
        b"--marked\r\n\r\n1\r\n--mark--",
        b"--mark\n\n1\n--mark--",
    ],
)
def test_what_is_cut_off_or_no_form_is_refused(body):
    with pytest.raises(Invalid):
        taken_apart(body)


def test_a_form_has_not_much_beside_its_file():
    blob = part("blob", b"x" * 2 * MAX_BESIDE, '; filename="x"')
    half, most = part("a", b"x" * (MAX_BESIDE // 2)), b"x" * MAX_BESIDE

    assert len(taken_apart(body_of(half, blob))) == 2
    for body in (
        body_of(half, blob, half),
        body_of(part("a", most)),
        body_of(part("a", b"", most.decode())),
        most + body_of(blob),
        b"--mark\r\nName: " + most * 9,
    ):
        with pytest.raises(RequestEntityTooLarge):
            taken_apart(body, piece=5000)


def test_a_form_has_at_most_so_many_fields():
    assert len(taken_apart(body_of(*[part("a", b"1")] * MAX_PARTS))) == MAX_PARTS
    with pytest.raises(RequestEntityTooLarge):
        taken_apart(body_of(*[part("a", b"1")] * (MAX_PARTS + 1)))


def test_only_a_form_is_one():
    for kind in ("", "text/plain", "application/x-www-form-urlencoded"):
        with pytest.raises(UnsupportedMediaType):
            Form(kind, io.BytesIO().read)
    with pytest.raises(Invalid):
        Form("multipart/form-data", io.BytesIO().read)
