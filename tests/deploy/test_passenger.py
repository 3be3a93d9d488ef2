"""Apache with Passenger, as a host with a control panel has it, by `deploy/passenger`. A process serves one
request at a time, so nobody can wait for news and everybody asks every few seconds."""

import shutil
import subprocess

import pytest

from tests.deploy import scenario
from tests.deploy.apache import Apache, changed
from tests.deploy.checks import Serves
from tests.deploy.scenario import Place

SERVER = """
PassengerRoot /usr/lib/ruby/vendor_ruby/phusion_passenger/locations.ini
PassengerInstanceRegistryDir {folder}
PassengerDataBufferDir {folder}
PassengerLogFile {folder}/passenger.log
PassengerDisableSecurityUpdateCheck On
PassengerDisableAnonymousTelemetry On
<VirtualHost *:{{port}}>
    DocumentRoot {html}
    <Directory {html}>
        Require all granted
    </Directory>
    Include {conf}
</VirtualHost>
"""


@pytest.fixture(scope="module", params=["/", "/forum"])
def apache(request, install, reachable):
    name = "passenger" + request.param.replace("/", "-")
    home, folder = install(name), reachable / f"{name}-etc"
    scenario.can_mail(home)
    html, conf = folder / "html", folder / "mozchat.conf"
    html.mkdir(parents=True)
    (html / "other.html").write_text("<p>The site that there was.")
    shutil.copy(home / "deploy/passenger/passenger_wsgi.py", home)
    shutil.chown(home / "passenger_wsgi.py", "www-data", "www-data")
    conf.write_text(
        changed(home / "deploy/passenger/passenger.conf", MOZCHAT=home, MOZCHAT_PATH=request.param)
    )
    server = Apache(folder, SERVER.format(folder=folder, html=html, conf=conf), ("passenger",))
    server.home, server.path = home, request.param
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def place(apache):
    site = Place(f"http://localhost:{apache.port}{apache.path}", apache.home / "threads")
    site.make_thread("walk")
    return site


class TestPassenger(Serves):
    """The recipe does what every site must."""


def test_a_clip_is_told_at_the_next_poll(place):
    scenario.tells_of_a_clip_at_the_next_poll(place)


def test_a_live_clip_is_heard_when_it_is_complete(place):
    scenario.is_heard_when_complete(place)


def test_the_doctor_says_that_nobody_may_wait_and_finds_nothing_else_wrong(place, turn):
    errors, warnings = scenario.found_by_the_doctor(place, turn)
    assert (errors, [text.partition(":")[0] for text in warnings]) == (set(), ["Long polls"])


def test_loading_the_site_anew_refuses_nobody(apache, place):
    restart = apache.home / "tmp" / "restart.txt"
    restart.parent.mkdir()
    assert scenario.restarts_without_loss(place, restart.touch) <= {0, 200, 204}


def test_a_graceful_restart_of_apache_loses_nothing(apache, place):
    assert scenario.restarts_without_loss(place, apache.graceful) <= {0, 200, 204, 503}


def test_what_ann_says_bob_hears_though_nobody_can_wait_for_news(apache, place, someone):
    if apache.path == "/":
        return
    place.make_thread("mediaChat", scenario.preset("mediaChat"))
    bob = someone("Bob").enter(place, "mediaChat")
    ann = someone("Ann").enter(place, "mediaChat")
    ann.record(1.5)
    bob.wait_until_heard()


def test_mail_about_a_clip_is_sent_by_the_command_for_cron(apache, place):
    command = [
        "runuser",
        "-u",
        "www-data",
        "--",
        apache.home / ".venv/bin/python",
        "-m",
        "mozchat",
        "send-mail",
    ]
    scenario.sends_mail(place, lambda: subprocess.run(command, cwd=apache.home, check=True))
