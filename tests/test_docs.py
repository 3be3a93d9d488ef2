"""What is written about mozchat names everything that the code has."""

import json
import re
from importlib.metadata import requires
from pathlib import Path

import pytest

from mozchat.domain.call_log import CALLING, FIELDS, TALKING
from mozchat.domain.message import DELIVERED, KINDS, checked_body
from mozchat.domain.options import OPTIONS
from mozchat.domain.signal import HANGUP_REASONS, REJECT_REASONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PROTOCOL = (ROOT / "PROTOCOL.md").read_text("utf-8")
DESCRIPTION = json.loads((ROOT / "mozchat" / "web" / "openapi.json").read_text("utf-8"))
OPERATIONS = [
    (method.upper(), path)
    for path, item in DESCRIPTION["paths"].items()
    for method in item
    if method in ("get", "post", "put", "patch", "delete")
]
TYPES = [*KINDS, DELIVERED]
OF_HTTP = {"206", "304", "416"}
"""What Range and ETag mean is told by HTTP itself (RFC 9110)."""


def row(option):
    default = f"`{option.default}`" if option.default else ""
    return f"| `{option.key}` | {default} | {option.help} |"


def test_the_readme_has_the_table_of_all_settings_as_the_code_has_it():
    table = README.partition("<!-- options:")[2].partition("<!-- end of options -->")[0]

    rows = [line for line in table.splitlines() if line.startswith("| `")]

    assert rows == [row(option) for option in OPTIONS]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_protocol_has_every_request(method, path):
    whole = path.replace("{thread}", "<thread>").replace("{clip_id}", "<id>").replace("{upload_id}", "<id>")
    short = whole.replace("/api/threads/<thread>", "…")

    assert any(re.search(rf"`{method} {re.escape(form)}[`?]", PROTOCOL) for form in (whole, short))


def test_the_protocol_has_every_status_that_an_answer_can_have():
    answers = [DESCRIPTION["paths"][path][method.lower()]["responses"] for method, path in OPERATIONS]
    statuses = {status for responses in answers for status in responses} - OF_HTTP

    assert {status for status in statuses if not re.search(rf"\b{status}\b", PROTOCOL)} == set()


@pytest.mark.parametrize("kind", TYPES)
def test_the_protocol_has_every_type_of_message(kind):
    assert re.search(rf"^\| `{kind}` \|", PROTOCOL, re.MULTILINE)


def test_the_protocol_has_no_type_of_message_that_there_is_not():
    table = PROTOCOL.partition("## Messages")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(TYPES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_of_a_message_in_the_protocol_is_one(kind):
    sample = json.loads(re.search(rf"^\| `{kind}` \|.*?`(\{{.*\}})`", PROTOCOL, re.MULTILINE)[1])

    assert checked_body(kind, sample) == sample


def test_the_readme_has_every_field_and_state_of_the_call_log():
    section = README.partition("## Calls")[2].partition("\n## ")[0]

    for word in (*FIELDS, CALLING, TALKING, *REJECT_REASONS, *HANGUP_REASONS):
        assert f"`{word}`" in section


@pytest.mark.parametrize("parameter", ["cursor", "wait", "next"])
def test_the_protocol_has_every_parameter_of_the_events(parameter):
    described = [p["name"] for p in DESCRIPTION["paths"]["/api/threads/{thread}/events"]["get"]["parameters"]]
    table = PROTOCOL.partition("## Events")[2].partition("\n## ")[0]

    assert parameter in described
    assert re.search(rf"[?&`]{parameter}\b", table)


def test_the_list_of_packages_for_hosts_is_what_the_project_needs():
    listed = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line[0] != "#"]

    assert sorted(listed) == sorted(need for need in requires("mozchat") if "extra ==" not in need)


def test_the_readme_has_every_setting_of_the_site():
    names = set(re.findall(r"MOZCHAT_[A-Z_]+", (ROOT / "mozchat" / "settings.py").read_text()))

    assert {name for name in names if f"| `{name}` |" not in README} == set()
