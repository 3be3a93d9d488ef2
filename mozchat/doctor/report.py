"""An examination from beginning to end, as the command `mozchat doctor` makes it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

import click

from mozchat import __version__
from mozchat.doctor.examination import examine
from mozchat.doctor.finding import Finding
from mozchat.doctor.page import Style, shown, summary
from mozchat.doctor.rights import become_owner
from mozchat.settings import SiteSettings


def print_page(settings: SiteSettings, test_mail_to: str) -> int:
    """Print the findings as they come, for people; the exit code."""
    style = _style()
    user = become_owner(settings.threads_folder)
    click.echo(style.printable(f"mozchat doctor {__version__}"))
    if user:
        click.echo(style.printable(f"As {user}, to whom {settings.threads_folder} belongs."))
    findings: list[Finding] = []
    with _ended_in_order(), closing(examine(settings, test_mail_to)) as found:
        for line in shown(_kept(found, findings), style):
            click.echo(line)
    click.echo(f"\n{summary(findings)}")
    return _exit_code(findings)


def print_json(settings: SiteSettings, test_mail_to: str) -> int:
    """Print all findings as JSON; the exit code."""
    become_owner(settings.threads_folder)
    with _ended_in_order(), closing(examine(settings, test_mail_to)) as found:
        kept = list(found)
    findings = [finding for _, finding in kept]
    view = {
        "version": __version__,
        "ok": not _exit_code(findings),
        "errors": sum(finding.level == "error" for finding in findings),
        "warnings": sum(finding.level == "warning" for finding in findings),
        "findings": [finding.view(group) for group, finding in kept],
    }
    click.echo(json.dumps(view, indent=1))
    return _exit_code(findings)


def _kept(found: Iterator[tuple[str, Finding]], findings: list[Finding]) -> Iterator[tuple[str, Finding]]:
    """The same again, noted."""
    for group, finding in found:
        findings.append(finding)
        yield group, finding


def _exit_code(findings: list[Finding]) -> int:
    return int(any(finding.level == "error" for finding in findings))


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """While this context lasts, a signal to end lets go through what tidies up."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, end) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _style() -> Style:
    terminal = sys.stdout.isatty()
    colours = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((100, 24)).columns
    return Style(sys.stdout.encoding or "ascii", columns, colours)
