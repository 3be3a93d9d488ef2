"""The scripts' own tests, run by node."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_scripts_pass_their_tests():
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is missing: apt-get install nodejs (or `make test` as root, which does it)")
    folder = Path(__file__).parent / "js"
    tests = sorted(str(path) for path in folder.glob("*.test.mjs"))
    result = subprocess.run([node, "--test", *tests], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert len(tests) > 10
