"""Run benchmarks: all, or those named."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench import apache, fanout, hub, live, messages, page, polls, uploads
from tests.bench.harness import Report

SCENARIOS = {
    "polls": polls.run,
    "fanout": fanout.run,
    "uploads": uploads.run,
    "catalogue": uploads.run_catalogue,
    "memory": uploads.run_memory,
    "messages": messages.run,
    "hub": hub.run,
    "apache": apache.run,
    "page": page.run,
    "live": live.run,
}


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Benchmarks of a running site."
    )
    parser.add_argument("scenario", nargs="*", help=f"one of {', '.join(SCENARIOS)}; none: all")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    unknown = set(arguments.scenario) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    report = Report()
    for name in arguments.scenario or SCENARIOS:
        SCENARIOS[name](report)
    if arguments.json:
        report.write(arguments.json)


if __name__ == "__main__":
    main()
