"""`python -m wshub` is `mozchat hub`."""

from mozchat.cli import main

main(["hub"], prog_name="python -m wshub")
