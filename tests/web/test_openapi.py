"""The API's own description, held against the code in both directions."""

import contextlib
import copy
import re
import uuid
from pathlib import Path

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from mozchat import __version__
from mozchat.domain.message import DELIVERED, KINDS
from mozchat.domain.options import OPTIONS
from mozchat.domain.signal import SIGNALS
from mozchat.web.openapi import description as describe

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
KEY = re.compile(r"[ -~]{1,128}")
CLIP = "/api/threads/{thread}/clips/{clip_id}"
UPLOADS = "/api/threads/{thread}/uploads"
SAMPLES = Path(__file__).parent.parent / "samples"
RECORDINGS = {
    "audio/webm": "firefox-audio.webm",
    "video/webm": "chromium-video.webm",
    "audio/ogg": "firefox-audio.ogg",
    "video/ogg": "theora.ogg",
    "audio/mp4": "webkit-audio.mp4",
    "video/mp4": "chromium-video-vp9.mp4",
    "audio/wav": "espeak.wav",
}
ACCEPTED = ["2xx", "401", "403", "404", "409"]
REFUSED = ["400", "401", "403", "404", "415", "422"]
INI = """
title=Saturday walk
maxBlobBytes=60000
maxMediaFolderBytes=1000000000
maxClipCount=0
allowVideo=1
reportErrors=1
notifyUsers=1
allowSubscribe=1
"""
TOKEN = "the-token-of-Ann-in-tests"
CONFIG = {
    "seed": 20261121,
    "auth": {"openapi": {"bearer": {"bearer": TOKEN}}},
    "generation": {
        "max-examples": 60,
        "deterministic": True,
        "database": "none",
        # A made-up cookie beside a real token proves nothing: who has both is whom the token says.
        "with-security-parameters": False,
    },
    "parameters": {"path.thread": "walk"},
    # What is drawn depends on the description and the seed alone, not on answers or on words in the code.
    "analysis": {"constants": {"enabled": False}},
    "phases": {
        "examples": {"extra-data-sources": {"responses": False}},
        "coverage": {"extra-data-sources": {"responses": False}},
        "fuzzing": {"extra-data-sources": {"responses": False}, "error-feedback": {"enabled": False}},
        "stateful": {"inference": {"algorithms": []}, "link-calibration": False},
    },
    "operations": [
        # The patterns of names and texts go by Unicode categories, and which code points have one differs
        # between the Unicode of Python and that of the validator.
        {"include-operation-id": ["join", "postMessage"], "generation": {"codec": "latin-1"}},
        {
            # Recordings are drawn where values are, but what the examples come with is a picture.
            "include-operation-id": "publishClip",
            # A form of many fields is too large before anything else is wrong with it.
            "checks": {"negative_data_rejection": {"expected-statuses": [*REFUSED, "413"]}},
            "phases": {
                phase: {"checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "415"]}}}
                for phase in ("examples", "coverage")
            },
        },
        {
            # No schema can say that lengths and digests belong together, or that enough is open.
            "include-operation-id": ["createUpload", "appendUpload"],
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": [*ACCEPTED, "400", "413", "415", "422", "429"]
                },
                "negative_data_rejection": {"expected-statuses": [*REFUSED, "409", "413", "429"]},
            },
        },
        {
            # A participant may ask for only so many mails.
            "include-operation-id": "subscribe",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "429"]}},
        },
        {
            "include-operation-id": "discardUpload",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "400"]}},
        },
        {
            # Whether a clip has such a part is nothing that a schema can say of Range, or of from.
            "include-operation-id": "getMedia",
            "checks": {
                "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "3xx", "416", "422"]},
                "negative_data_rejection": {"expected-statuses": [*REFUSED, "416"]},
            },
        },
    ],
}


def operations_of(description):
    return {
        (method, path): operation
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def messages_of(description):
    """The fields of a request for each type of message."""
    content = operations_of(description)["post", "/api/threads/{thread}/messages"]["requestBody"]["content"]
    kinds = content["application/json"]["schema"]["oneOf"]
    return {kind["properties"]["type"]["const"]: kind["properties"] for kind in kinds}


def for_this_site(description):
    """The description with what only the running site knows, and with no room for what is not described."""
    narrowed = copy.deepcopy(description)
    for kind, fields in messages_of(narrowed).items():
        fields["to"]["enum"] = ["Bob", "BOB", *(["*"] if kind == "chat" else [])]
    # What a request may have more is passed over, so it is no mistake there.
    asked = str([operation.get("requestBody") for operation in operations_of(narrowed).values()])
    schemas = narrowed["components"]["schemas"]
    _forbid_more({name: part for name, part in schemas.items() if f"schemas/{name}'" not in asked})
    for operation in operations_of(narrowed).values():
        if operation["operationId"] != "describe":
            _forbid_more(operation["responses"])
    return narrowed


def _forbid_more(part):
    if isinstance(part, dict):
        if "properties" in part:
            part["additionalProperties"] = False
        for value in part.values():
            _forbid_more(value)


class Stage:
    """Where the site of the running test stands, for a schema that is there before any site is."""

    app = None

    def __call__(self, environ, start_response):
        # What calls us here says that it takes gzip, and then does not.
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return self.app(environ, start_response)


for media_type, name in RECORDINGS.items():
    schemathesis.openapi.media_type(media_type, st.just((SAMPLES / name).read_bytes()))
schemathesis.openapi.media_type("application/partial-upload", st.binary(max_size=100))
schema = schemathesis.openapi.from_dict(
    for_this_site(describe("")), config=SchemathesisConfig.from_dict(CONFIG)
)
schema.app = stage = Stage()


@pytest.fixture
def description(visitor):
    return visitor.ask("GET", "/api/openapi.json").json


@pytest.fixture
def ann(app, make_thread, join, site, tmp_path):
    """Somebody in a thread with another, where no listener is made to wait, on a site that can send mail."""
    stage.app = app
    site.public_url, site.mail_url = "http://localhost", f"file:{tmp_path}/mails"
    (make_thread("walk", INI) / "notify.ini").write_text("Carol=carol@example.org\n")
    join("walk", "Bob")
    with contextlib.ExitStack() as places:
        for _ in range(site.admission.room(None)):
            places.enter_context(site.admission.place(None))
        yield join("walk", "Ann", token=TOKEN)


# --- the description itself


def test_the_description_is_of_this_release_and_of_this_site(visitor):
    description = visitor.ask("GET", "/api/openapi.json", base_url="http://localhost/forum").json

    assert description["openapi"].startswith("3.1.")
    assert description["info"]["version"] == __version__
    assert description["servers"] == [{"url": "/forum"}]


def test_the_description_is_sound(description):
    schema.validate()
    names = [operation["operationId"] for operation in operations_of(description).values()]

    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in operations_of(description).values())


def parts_of(description):
    """Every object in the description."""
    waiting = [description]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()


def test_every_reference_leads_somewhere_and_everything_is_referred_to(description):
    found = {part["$ref"] for part in parts_of(description) if "$ref" in part}
    found |= {target for part in parts_of(description) for target in part.get("mapping", {}).values()}

    kinds = ("schemas", "responses", "parameters", "headers")
    there = {f"#/components/{kind}/{name}" for kind in kinds for name in description["components"][kind]}
    assert found == there


def test_every_field_that_is_required_is_described(description):
    for part in parts_of(description):
        if isinstance(part.get("required"), list):
            assert set(part["required"]) <= set(part["properties"])


def test_every_example_fits_its_own_schema(description):
    root = {"components": description["components"]}
    examples = [(part["schema"], part["example"]) for part in parts_of(description) if "example" in part]
    examples += [(part, each) for part in parts_of(description) for each in part.get("examples", ())]

    for schema_of_example, example in examples:
        jsonschema_rs.validate({**root, **schema_of_example}, example)
    assert len(examples) > 10


def test_every_route_is_described_and_every_description_has_a_route(app: Flask, description):
    routes = {
        (method.lower(), rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") or rule.rule == "/healthz"
    }
    events = {("get", "/api/threads/{thread}/events"), ("get", "/api/events")}
    uploads = {(method, UPLOADS) for method in ("post", "options")}
    uploads.add(("post", "/api/threads/{thread}/clips"))
    uploads |= {(method, UPLOADS + "/{upload_id}") for method in ("patch", "head", "delete")}

    assert routes | events | uploads == set(operations_of(description))


def test_the_settings_of_a_thread_are_those_that_a_page_may_see(description):
    described = description["components"]["schemas"]["Settings"]

    assert list(described["properties"]) == [option.key for option in OPTIONS if option.page]
    assert described["required"] == list(described["properties"])


def test_the_types_of_messages_are_those_that_the_code_has(description):
    schemas = description["components"]["schemas"]

    assert list(messages_of(description)) == list(KINDS)
    assert schemas["SentMessage"]["properties"]["type"]["enum"] == list(KINDS)
    assert set(schemas["Message"]["discriminator"]["mapping"]) == {*KINDS, DELIVERED}
    assert schemas["SignalMessage"]["properties"]["type"]["enum"] == list(SIGNALS)


# --- the description against the running code


# Schemathesis, unlike a server, does not close the answers that it does not read to their end (HEAD, 304).
LEFT_OPEN = pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")


@pytest.mark.slow
@schema.parametrize()
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@LEFT_OPEN
def test_what_is_asked_as_described_is_answered_as_described(case, ann, sample, clock):
    clock.advance(1)  # so many signals at once would be too many
    if case.operation.path.startswith(CLIP) and case.meta.generation.mode.is_positive:
        case.path_parameters["clip_id"] = ann.upload(sample("chromium-audio.webm"))["id"]
    if KEY.fullmatch(case.headers.get("Idempotency-Key", "")):
        # A repeat is answered as the first time, whatever is in it.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex

    case.call_and_validate()


class Scenario(schema.as_state_machine()):
    """Requests that follow each other by the links of the description."""

    def before_call(self, case):
        # A repeat gives the first answer again, also of a clip that has been deleted since.
        case.headers.pop("Idempotency-Key", None)


@pytest.mark.slow
@LEFT_OPEN
def test_what_was_made_can_be_used_until_it_is_gone(ann):
    Scenario.run(
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
    )
