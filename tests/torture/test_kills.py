"""Processes are killed with -9 while people use the site: nothing that anybody was told is lost, nothing doubled.

`make torture` kills 1,000 times. A failure says the seed, with which everybody does the same again
(MOZCHAT_TORTURE_SEED); when they do it is up to the machine.
"""

import os
import secrets
import time
import traceback

import pytest

from tests.torture.siege import INI, Siege

pytestmark = [pytest.mark.process, pytest.mark.slow]

KILLS = int(os.environ.get("MOZCHAT_TORTURE_KILLS", "14"))
BETWEEN_CHECKS = max(KILLS // 20, 8)
THREADS = {"walk": INI, "calm": INI}


@pytest.fixture
def seed():
    return os.environ.get("MOZCHAT_TORTURE_SEED") or secrets.token_hex(4)


def withstand(sites, tmp_path, seed, kills):
    siege = Siege(sites, tmp_path, seed)
    began = time.monotonic()
    try:
        siege.run(kills, BETWEEN_CHECKS)
    except AssertionError:
        siege.told.fault("siege", traceback.format_exc())
    finally:
        siege.close()
        print(f"\nseed {seed}: {siege.figures()}, {time.monotonic() - began:.0f} s")
    logs = "".join(site.log.read_text() for site in sites)
    if "Traceback" in logs:
        siege.told.faults.append("the log has a fault: " + logs[logs.index("Traceback") - 300 :][:3000])
    assert not siege.told.faults, f"seed {seed}, log in {tmp_path}:\n" + "\n".join(siege.told.faults[:20])
    assert siege.kills == kills
    assert siege.told.counts["cut off"], "what was killed was doing something"


def test_what_was_acknowledged_survives_kills(run_site, tmp_path, seed):
    site = run_site("--workers", "2", threads=THREADS)

    withstand([site], tmp_path, seed, KILLS)


def test_what_was_acknowledged_survives_kills_of_two_sites_processes_on_one_folder(run_site, tmp_path, seed):
    sites = [run_site("--workers", "1", threads=THREADS) for _ in range(2)]

    withstand(sites, tmp_path, seed, max(KILLS // 4, 6))
