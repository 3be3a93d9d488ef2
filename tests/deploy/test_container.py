"""The container's recipe, as far as can be seen without running a container: what it says is tried on a site."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mozchat.cli import main

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent
RECIPE = (ROOT / "deploy" / "container" / "Containerfile").read_text().replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in RECIPE.splitlines() if line and not line.startswith("#")]
STAGE = LINES[max(number for number, (word, _) in enumerate(LINES) if word == "FROM") :]
"""The last stage, which is the image."""


def said(word):
    return [text for each, text in STAGE if each == word]


def healthy(port):
    """What the health check's own command says, but for the port."""
    command = json.loads(re.search(r"CMD (\[.*\])$", said("HEALTHCHECK")[0])[1])
    command = [sys.executable, *(word.replace(":8000/", f":{port}/") for word in command[1:])]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_it_runs_as_a_user_and_keeps_everything_in_a_volume():
    assert said("USER") == ["10001:10001"]
    assert said("VOLUME") == ["/srv/mozchat/threads"]
    assert "MOZCHAT_HOME=/srv/mozchat" in said("ENV")[0].split()


def test_its_command_is_one_that_there_is():
    program, command, *options = json.loads(said("CMD")[0])

    assert (program, command) == ("mozchat", "run")
    main.commands["run"].make_context("run", list(options))
    assert options[-1] in said("EXPOSE")


def test_its_health_is_that_of_the_site_whatever_its_public_name(run_site):
    site = run_site(environment={"MOZCHAT_PUBLIC_URL": "https://forum.example.org/forum"})

    assert healthy(site.port)
    site.stop()
    assert not healthy(site.port)


def test_a_volume_that_is_empty_gets_the_presets(tmp_path, run_site):
    (tmp_path / "threads").mkdir()
    site = run_site()

    assert (site.folder / "mediaChat" / ".ini").exists()


def test_nothing_that_people_left_in_the_threads_goes_into_it():
    rules = (ROOT / ".dockerignore").read_text().splitlines()

    assert (
        rules.index("*")
        < rules.index("!threads")
        < rules.index("threads/*/*")
        < rules.index("!threads/*/.ini")
    )
    assert "threads/.*" in rules
