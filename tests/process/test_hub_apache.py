"""The hub behind a real Apache, by the recipe in `deploy/`, at the root and below a path."""

import contextlib
import json
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.people import hears_over_the_hub
from tests.process.hub_stage import SAMPLE
from tests.running import Client, RunningHub, RunningSite, free_port

pytestmark = pytest.mark.process
ROOT = Path(__file__).parent.parent.parent
MODULES = Path("/usr/lib/apache2/modules")
CONF = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
User www-data
Group www-data
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
Define MOZCHAT_BASE {base}
Include {recipe}
ProxyPreserveHost On
ProxyPass "{base}" "http://127.0.0.1:{site}/"
"""


@pytest.fixture(params=["/", "/forum/"])
def stage(request, tmp_path):
    """A site and a hub, and Apache in front of both."""
    if not shutil.which("apache2"):
        pytest.fail("This test needs apache2: tests/install-tools installs it.")
    port = free_port()
    url = f"http://127.0.0.1:{port}{request.param}".rstrip("/")
    environment = {"MOZCHAT_PUBLIC_URL": url}
    site = RunningSite(tmp_path / "threads", "--workers", "1", environment=environment)
    (site.folder / "walk").mkdir(parents=True)
    (site.folder / "walk" / ".ini").write_text("[common]\nuserStatusFadeS=5\n[client]\npollFactor=l\n")
    front = Client(site)
    hub = RunningHub(site.folder, uri="")
    hub.environment = environment
    with tempfile.TemporaryDirectory(prefix="mozchat-apache-") as name, contextlib.ExitStack() as ends:
        folder = Path(name)
        folder.chmod(0o755)
        recipe = (ROOT / "deploy" / "apache" / "hub.conf").read_text()
        (folder / "hub.conf").write_text(recipe.replace("127.0.0.1:8080", f"127.0.0.1:{hub.port}"))
        fields = {"port": port, "folder": folder, "modules": MODULES, "base": request.param}
        conf = CONF.format(**fields, recipe=folder / "hub.conf", site=site.port)
        (folder / "conf").write_text(conf)
        site.start()
        ends.callback(site.stop)
        hub.start()
        ends.callback(hub.stop)
        apache = subprocess.Popen(["apache2", "-f", folder / "conf", "-DFOREGROUND"])
        ends.callback(apache.wait, 30)
        ends.callback(apache.send_signal, signal.SIGTERM)
        yield site, hub, front, ends


def push_of(ends, client):
    given = client.request("GET", "/api/threads/walk/hub")[1]
    origin = client.site.environment["MOZCHAT_PUBLIC_URL"].removesuffix("/forum")
    push = ends.enter_context(connect(given["url"], origin=origin))
    push.send(json.dumps({"ticket": given["ticket"]}))
    return push


def wait_for_apache(ends, client):
    for _ in range(200):
        with contextlib.suppress(OSError):
            return push_of(ends, client)
        time.sleep(0.05)
    raise AssertionError("Apache does not answer")


def test_a_line_arrives_through_apache_and_the_hub_says_goodbye_through_it(stage):
    site, hub, ann, ends = stage
    ann.join("walk", "Ann")
    push = wait_for_apache(ends, ann)
    assert json.loads(push.recv(20))["reset"] is True
    bob = Client(site).join("walk", "Bob")
    body = json.dumps({"to": "Ann", "type": "chat", "body": {"text": "Through."}})
    headers = {"Content-Type": "application/json"}
    assert bob.request("POST", "/api/threads/walk/messages", body, headers)[0] == 202
    answer = {}
    while "messages" not in answer:
        answer = json.loads(push.recv(20))
    assert answer["messages"][0]["body"] == {"text": "Through."}
    push.send('{"ping": 1}')
    assert json.loads(push.recv(20)) == {"pong": 1}
    assert "127.0.0.1 come" not in hub.log.read_text()
    hub.process.send_signal(signal.SIGTERM)
    with contextlib.suppress(ConnectionClosed):
        while push.recv(20):
            pass
    assert push.protocol.close_code == 1012


def test_a_clip_is_pushed_to_a_page_through_apache(stage, someone):
    site, hub, bob, ends = stage
    bob.join("walk", "Bob")
    wait_for_apache(ends, bob).close()
    place = SimpleNamespace(url=site.environment["MOZCHAT_PUBLIC_URL"])
    hears_over_the_hub(someone("Ann"), place, "walk", hub, lambda: bob.upload("walk", SAMPLE.read_bytes())[1])
