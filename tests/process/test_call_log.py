"""The call log when the processes of a site write it at once."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.running import Client

pytestmark = pytest.mark.process

CALLERS = 8
CALLS = 6


def test_calls_that_begin_and_end_at_once_are_all_in_the_log(run_site):
    site = run_site("--workers", "2", threads={"walk": f"[common]\ncallLogLimit={CALLERS * CALLS}\n"})
    Client(site).join("walk", "Bob")

    def call(caller):
        ann = Client(site).join("walk", f"Ann {caller}")
        for number in range(CALLS):
            bound = {"call": f"call-{caller}-{number}", "tab": "t"}
            for kind, body in (("invite", {"video": False}), ("hangup", {"reason": "cancelled"})):
                message = json.dumps({"to": "Bob", "type": kind, "body": {**bound, **body}})
                status, answer, _ = ann.request(
                    "POST", "/api/threads/walk/messages", message, {"Content-Type": "application/json"}
                )
                assert status == 202, answer

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(call, range(CALLERS)))

    with (site.folder / "walk" / "calls.csv").open(newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    assert sorted(line["sid"] for line in lines) == sorted(
        f"call-{caller}-{number}" for caller in range(CALLERS) for number in range(CALLS)
    )
    assert {line["state"] for line in lines} == {"cancelled"}
