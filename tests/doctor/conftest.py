"""`mozchat doctor` as a process, on sites and behind servers that are real."""

import json
import os
import subprocess
import sys

import pytest

from tests.doctor.fronts import Nginx
from tests.process.conftest import run_site
from tests.running import RunningSite

__all__ = ["run_site"]

CALLS = 'iceString=[{{"urls":"stun:127.0.0.1:{}"}}]\n'
INI = "[common]\npollFactor=l\nlongPollPeriodS=1\nmaxBlobBytes=3000000\nmaxMediaFolderBytes=9000000\n"
"""With the line of `CALLS` behind it: the thread of a site with which everything is right."""


class Report:
    """What an examination found; each member is by level, what it is about, and in what words."""

    def __init__(self, done):
        assert done.stdout.startswith("{"), done.stderr
        self.view = json.loads(done.stdout)
        self.code = done.returncode
        self.findings = self.view["findings"]

    def abouts(self, level):
        """What the findings of a level are about."""
        return {finding["about"] for finding in self.findings if finding["level"] == level}

    def text(self, about, group=None):
        """The text and remedy of the findings about something."""
        return "\n".join(
            f"{finding['text']}\n{finding['remedy']}"
            for finding in self.findings
            if finding["about"] == about and group in (None, finding["group"])
        )


@pytest.fixture(scope="session")
def run_doctor():
    """Run `mozchat doctor` on a folder: `run_doctor(folder, "--url", url, environment={…}, cwd=…)`."""

    def run(folder, *arguments, environment=None, cwd=None):
        command = [sys.executable, "-m", "mozchat", "--threads", str(folder), "doctor", *arguments]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **(environment or {})},
            cwd=cwd or folder.parent,
        )

    return run


@pytest.fixture(scope="session")
def examine(run_doctor):
    """The report of an examination, asked for as JSON."""

    def run(*arguments, **how):
        return Report(run_doctor(*arguments, "--json", **how))

    return run


@pytest.fixture
def folder(tmp_path, turn):
    """The folder of a site that is not running, with one thread, all of it right."""
    walk = tmp_path / "threads" / "walk"
    walk.mkdir(parents=True)
    (walk / ".ini").write_text(INI + CALLS.format(turn.port))
    return walk.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory, turn):
    """A running site with which everything is right."""
    folder = tmp_path_factory.mktemp("site") / "threads"
    (folder / "walk").mkdir(parents=True)
    (folder / "walk" / ".ini").write_text(INI + CALLS.format(turn.port))
    (folder.parent / ".env").write_text(f"MOZCHAT_SECRET_KEY={'k' * 40}\n")
    (folder.parent / ".env").chmod(0o600)
    running = RunningSite(folder)
    running.cwd = folder.parent
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, site):
    """A real nginx in front of the site, which has a port for each way to be wrong."""
    server = Nginx(tmp_path_factory.mktemp("nginx"), site)
    server.start()
    yield server
    server.stop()
