"""10 participants write to 10 others at once; every message must arrive, once."""

from __future__ import annotations

import json
import time
from multiprocessing.connection import Connection

from tests.bench.harness import Report, cpu_seconds, cursor_of, joined, room, site_with
from tests.bench.load import Helper, Wire, head, poll_request

PEOPLE = 10
EACH = 50


def write(pipe: Connection, port: int, token: str, to: str) -> None:
    """Send the messages one after the other; say how long it took."""
    wire = Wire(port)
    pipe.send("ready")
    pipe.recv()
    began = time.monotonic()
    for number in range(EACH):
        body = json.dumps({"to": to, "type": "chat", "body": {"text": str(number)}}).encode()
        lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
        assert wire.ask(head("POST", "/api/threads/walk/messages", token, *lines) + body)[0] == 202
    pipe.send(time.monotonic() - began)


def read(pipe: Connection, port: int, token: str, cursor: str) -> None:
    """Listen until all messages of one writer are there; say their texts."""
    wire = Wire(port)
    texts: list[str] = []
    pipe.send("ready")
    while len(texts) < EACH:
        status, body = wire.ask(poll_request(token, cursor, 15))
        if status == 200:
            changes = json.loads(body)
            cursor = changes["cursor"]
            texts += [m["body"]["text"] for m in changes.get("messages", ()) if m["type"] == "chat"]
    pipe.send(texts)


def run(report: Report) -> None:
    """Writers and readers, each on a connection of their own."""
    with site_with(room()) as site:
        writers = [joined(site, f"Ann{number}") for number in range(PEOPLE)]
        readers = [joined(site, f"Bob{number}") for number in range(PEOPLE)]
        listening = [Helper(read, site.port, reader.token, cursor_of(reader)) for reader in readers]
        writing = [
            Helper(write, site.port, writer.token, f"Bob{number}") for number, writer in enumerate(writers)
        ]
        for helper in [*listening, *writing]:
            helper.get()
        used = cpu_seconds([site.process.pid])
        for helper in writing:
            helper.pipe.send("go")
        took = max(helper.get() for helper in writing)
        for helper in listening:
            assert helper.get() == [str(number) for number in range(EACH)], "a message was lost or came twice"
        used = cpu_seconds([site.process.pid]) - used
        for helper in [*listening, *writing]:
            helper.end()
    count = PEOPLE * EACH
    report.add("messages", "10 to 10", messages_per_s=count / took, cpu_ms=used / count * 1000)
