"""The site under real web servers, set up as `deploy/` says."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.process.conftest import run_site  # noqa: F401 - a fixture

pytest.register_assert_rewrite("tests.deploy.checks", "tests.deploy.scenario")

ROOT = Path(__file__).parent.parent.parent
PYTHON = "/usr/bin/python3"
"""The system's own, for which Apache's module is built."""
COPIED = ("mozchat", "static", "deploy", "requirements.txt")
"""Of the folder that somebody copies to a server, what matters there."""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.process)


@pytest.fixture(scope="session")
def reachable():
    """A folder that a web server's own user reaches, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="mozchat-deploy-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def venv(reachable):
    """What `python3 -m venv` and `pip install -r requirements.txt` make."""
    folder = reachable / "venv"
    subprocess.run([PYTHON, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", ROOT / "requirements.txt"], check=True)
    return folder


@pytest.fixture(scope="session")
def install(reachable, venv):
    """Copy mozchat to a server: `install("root")` gives its folder, with that of the threads empty and belonging
    to the user www-data, as which web servers run."""

    def copy(name):
        home = reachable / name
        home.mkdir()
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, home / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, home / part)
        (home / ".env").write_text("# the settings of this site\nMOZCHAT_MIN_FREE_BYTES=0\n")
        (home / ".env").chmod(0o600)
        shutil.chown(home / ".env", "www-data", "www-data")
        (home / ".venv").symlink_to(venv)
        (home / "threads").mkdir()
        shutil.copy(ROOT / "threads" / ".htaccess", home / "threads")
        shutil.chown(home / "threads", "www-data", "www-data")
        return home

    return copy
