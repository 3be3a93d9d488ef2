"""nginx in front of `mozchat run`, by the recipes in `deploy/nginx`: as a site of its own with https, and below
the path `/forum/` of another site."""

import json
import ssl
import tempfile
import threading
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.sync.server import serve

from tests.deploy import scenario
from tests.deploy.checks import ServesListeners
from tests.deploy.nginx import Nginx
from tests.deploy.scenario import Place
from tests.people import hears_over_the_hub
from tests.running import RunningHub

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", params=["/", "/forum/"])
def nginx(request):
    with tempfile.TemporaryDirectory(prefix="mozchat-nginx-") as folder:
        server = Nginx(Path(folder), below=request.param != "/")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="module")
def place(nginx):
    site = Place(nginx.url, nginx.threads, None if nginx.below else nginx.folder / "certificate.pem")
    site.make_thread("walk")
    return site


class TestNginx(ServesListeners):
    """The recipe does what every site must."""


def test_new_processes_take_over_without_a_poll_that_breaks(nginx, place):
    assert scenario.restarts_without_loss(place, nginx.reload) <= {200, 204}


def test_media_come_from_nginx_itself(nginx, place):
    """nginx marks a file that it sends by itself with its own kind of ETag, and the site sends none of it."""
    ann = place.person("Ann-of-sending")
    clip = ann.publish()

    tag = ann.request("GET", ann.below(clip["media"]))[2]["ETag"]

    assert clip["id"] not in tag
    direct = nginx.site.connection()
    host = nginx.url.split("/")[2]
    headers = {"Host": host, "Authorization": f"Bearer {ann.token}"}
    direct.request("GET", clip["media"], headers=headers)
    answer = direct.getresponse()
    assert (answer.status, answer.read(), "X-Accel-Redirect" in answer.headers) == (200, b"", True)
    direct.close()


def test_the_site_knows_visitors_by_their_own_address_and_believes_none_of_what_they_say(place):
    """Wrong passwords are counted by address: whoever writes another one into a header is still the same."""
    if not (place.folder / "vault").exists():
        place.make_thread("vault", f"[auth]\npassword={scenario.HASH_OF_SOUP}\n")
    statuses = []
    for number in range(40):
        lie = {"X-Forwarded-For": f"203.0.113.{number}", "Content-Type": "application/json"}
        asked = json.dumps({"name": f"Eve{number}", "password": "wrong"})
        status = place.visitor().request("POST", "/api/threads/vault/session", asked, lie)[0]
        statuses.append(status)
        if status == 429:
            break
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {403}


def test_another_name_and_a_wrong_host_are_refused(place):
    status, problem, _ = place.visitor().request("GET", "/", headers={"Host": "evil.example"})

    assert (status, "MOZCHAT_TRUSTED_HOSTS" in problem["detail"]) == (400, True)


def test_websockets_reach_what_listens_as_the_hub(nginx):
    """nginx hands them on with the address that was asked for, which the hub holds against their origin."""
    scheme, rest = nginx.url.split("://")
    secure = {"ssl": ssl._create_unverified_context()} if scheme == "https" else {}

    def answer(connection):
        connection.send(connection.request.headers["Host"])

    with serve(answer, "127.0.0.1", nginx.hub_port) as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        with connect(f"{scheme.replace('http', 'ws')}://{rest}/hub", proxy=None, **secure) as socket:
            assert socket.recv(10) == rest.partition("/")[0]
        hub.shutdown()
        thread.join()


@pytest.fixture
def hub(nginx):
    """A hub where nginx looks for it, which is there for one test."""
    running = RunningHub(nginx.threads, uri="")
    running.port = nginx.hub_port
    running.environment = {"MOZCHAT_PUBLIC_URL": nginx.url}
    running.write_ini(uri="")
    running.start()
    yield running
    running.stop()
    running.ini.unlink()


def test_a_clip_is_pushed_to_a_page_through_nginx(place, hub, someone):
    place.make_thread("pushed", "[client]\npollFactor=l\n")
    bob = place.person("Bob", "pushed")
    ann = someone("Ann", ignore_https_errors=True)
    hears_over_the_hub(ann, place, "pushed", hub, lambda: bob.publish("pushed"))


def test_scripts_are_asked_of_the_site_once(nginx, place):
    guest = place.visitor()
    page = guest.request("GET", "/")[1].decode()
    url = next(part for part in page.split('"') if part.endswith(".js"))
    whole = guest.request("GET", guest.below(url))[1]
    nginx.site.stop()
    try:
        assert guest.request("GET", guest.below(url))[1] == whole
    finally:
        nginx.site.start()
