"""Benchmarks of a running site: `python -m tests.bench --help`."""
