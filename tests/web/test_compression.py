import gzip

import pytest


@pytest.mark.parametrize("path", ["/", "/api/openapi.json"])
def test_a_page_is_sent_compressed_to_whoever_takes_it(visitor, path):
    plain = visitor.ask("GET", path)
    small = visitor.ask("GET", path, headers={"Accept-Encoding": "gzip"})
    assert plain.headers.get("Content-Encoding") is None
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert int(small.headers["Content-Length"]) == len(small.data)


@pytest.mark.parametrize("encodings", ["br", "gzip;q=0", "identity"])
def test_it_is_not_where_the_client_does_not_take_it(visitor, encodings):
    assert "Content-Encoding" not in visitor.ask("GET", "/", headers={"Accept-Encoding": encodings}).headers


def test_what_is_small_stays_as_it_is(visitor):
    assert (
        "Content-Encoding" not in visitor.ask("GET", "/healthz", headers={"Accept-Encoding": "gzip"}).headers
    )
