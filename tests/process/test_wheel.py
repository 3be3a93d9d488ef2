"""What `pip install .` gives works in an empty folder: presets, templates, strings and scripts are inside."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.running import Client, RunningSite

pytestmark = pytest.mark.process
ROOT = Path(__file__).parent.parent.parent


class InstalledSite(RunningSite):
    """The site as run from an installed wheel, in its own working folder."""

    def __init__(self, folder, installed):
        super().__init__(folder, environment={"PYTHONPATH": str(installed)})
        self.cwd = folder.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT],
        check=True,
    )
    wheel = next(folder.glob("mozchat-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_it_serves_pages_and_scripts_and_makes_the_presets(installed, tmp_path):
    site = InstalledSite(tmp_path / "threads", installed)
    site.start()
    try:
        client = Client(site)
        used = subprocess.run(
            [sys.executable, "-c", "import mozchat; print(mozchat.__file__)"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
        )
        assert used.stdout.startswith(str(installed))
        status, page, _ = client.request("GET", "/")
        assert status == 200
        version = page.split(b"/static/")[1].split(b"/")[0].decode()
        assert client.request("GET", f"/static/{version}/js/front.js")[0] == 200
        names = [thread["name"] for thread in client.request("GET", "/api/threads")[1]["threads"]]
        assert len(names) == 5
        client.join("mediaChat", "Ann")
        assert client.request("GET", "/mediaChat/")[0] == 200
        assert client.request("GET", "/help")[0] == 200
    finally:
        site.stop()


def test_the_hub_is_in_it(installed, tmp_path):
    (tmp_path / "threads").mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "wshub"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )

    assert (installed / "wshub" / "ws.ini").is_file()
    assert "MOZCHAT_HUB_INI can name another" in ended.stderr
