"""The units in `deploy/systemd`: systemd understands them, and they may do little."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mozchat.cli import main

pytestmark = pytest.mark.process

UNITS = sorted((Path(__file__).parent.parent.parent / "deploy" / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
MOST_EXPOSURE = 3.0
"""Of 10; systemd calls less than 5 medium and less than 3 ok."""


def analyze(*arguments):
    if shutil.which("systemd-analyze") is None:
        pytest.fail("systemd-analyze is missing: apt-get install systemd (or `make test` as root)")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)


def test_there_are_units_for_site_hub_sweep_and_mail():
    assert [path.name for path in UNITS] == [
        "mozchat-hub.service",
        "mozchat-mail.service",
        "mozchat-mail.timer",
        "mozchat-sweep.service",
        "mozchat-sweep.timer",
        "mozchat.service",
        "mozchat.socket",
    ]


def test_systemd_finds_no_mistake(tmp_path):
    """With the program where this test has it, since systemd looks for it."""
    mozchat = Path(sys.executable).parent / "mozchat"
    for path in UNITS:
        (tmp_path / path.name).write_text(
            path.read_text().replace("/srv/mozchat/.venv/bin/mozchat", str(mozchat))
        )

    found = analyze("verify", *(tmp_path / path.name for path in UNITS))

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_a_service_may_do_little(unit):
    found = analyze("security", "--offline=true", unit)

    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", found.stdout)
    assert exposure, found.stdout + found.stderr
    assert float(exposure[1]) < MOST_EXPOSURE


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_a_service_writes_below_threads_alone_and_is_nobody_else(unit):
    lines = unit.read_text().splitlines()

    for line in (
        "User=mozchat",
        "ProtectSystem=strict",
        "ReadWritePaths=/srv/mozchat/threads",
        "PrivateTmp=yes",
    ):
        assert line in lines


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_what_a_service_starts_is_a_command_of_mozchat(unit):
    started = re.search(r"^ExecStart=/srv/mozchat/\.venv/bin/mozchat (.+)$", unit.read_text(), re.MULTILINE)
    assert started

    result = CliRunner().invoke(main, [*started[1].split(), "--help"])

    assert result.exit_code == 0, result.output
