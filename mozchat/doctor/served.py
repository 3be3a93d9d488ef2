"""Files that must reach nobody over the web by themselves: settings, secrets, people, messages, clips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from mozchat.doctor.client import Answer, Unreachable
from mozchat.doctor.finding import Finding, error, right
from mozchat.doctor.front import Front
from mozchat.services.site import SECRET_FILE
from mozchat.settings import env_file

DEEP = 4
"""How many of a path's last parts may be part of an address."""
SHOWN = 4
_NOTIFY = b"; nobody\n"


def served(front: Front) -> Iterator[Finding]:
    """Ask for the files of the trial thread, and of the site, wherever a server in front might have them."""
    trial = front.inside()
    (trial.path / "notify.ini").write_bytes(_NOTIFY)
    folder = trial.path.parent
    files = [path for path in trial.path.rglob("*") if path.is_file()]
    bases = addresses(front.path, folder)
    candidates = [(f"{base}/.env", env_file()) for base in addresses(front.path, env_file().parent)]
    candidates += [(f"{base}/{SECRET_FILE}", folder / SECRET_FILE) for base in bases]
    candidates += [
        (f"{base}/{quote(str(file.relative_to(folder)))}", file) for base in bases for file in files
    ]
    found = [address for address, file in candidates if _is_served(front, address, file)]
    found += [f"{base}/{trial.name}/" for base in bases if _is_listed(front, f"{base}/{trial.name}/")]
    asked = sum(file.is_file() for _, file in candidates) + len(bases)
    yield served_finding(front.origin, [address.replace(trial.name, "THREAD") for address in found], asked)


def served_finding(origin: str, found: list[str], asked: int) -> Finding:
    """Of the addresses at which files were `found` that nobody may have."""
    if not found:
        return right("Files", f"Nothing of the site's folders is served ({asked} addresses tried).")
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    shown = ", ".join(origin + address for address in found[:SHOWN])
    return error(
        "Files",
        f"Everybody can read {shown}{more}.",
        "Move the folder out of what the web server serves (MOZCHAT_THREADS), or deny it there; deploy/README.md.",
    )


def addresses(path: str, folder: Path) -> list[str]:
    """The paths at which a web server may have a folder, on a site whose public URL has this path: both without
    anything, and with the last parts of the folder's path."""
    parts = [quote(part) for part in folder.parts[1:]]
    tails = ["", *("/" + "/".join(parts[-count:]) for count in range(1, min(DEEP, len(parts)) + 1))]
    return list(dict.fromkeys(base + tail for base in (path, "") for tail in tails))


def is_file(answer: Answer, content: bytes) -> bool:
    """Whether an answer is the file of this content, or, as that may have changed, no page at least."""
    if answer.status not in (200, 206) or not answer.content:
        return False
    return answer.content == content or not re.match(rb"\s*<(!doctype|html)", answer.content, re.IGNORECASE)


def _is_served(front: Front, address: str, path: Path) -> bool:
    if not path.is_file():
        return False
    content = b""
    with suppress(OSError):
        content = path.read_bytes()
    try:
        return is_file(front.client.ask("GET", address), content)
    except Unreachable:
        return False


def _is_listed(front: Front, address: str) -> bool:
    try:
        answer = front.client.ask("GET", address)
    except Unreachable:
        return False
    return answer.status == 200 and b"notify.ini" in answer.content
