"""`python -m wshub` is `mozchat hub`; an option before the command, such as `--threads`, may follow."""

import sys

from mozchat.cli import main

main([*sys.argv[1:], "hub"], prog_name="python -m wshub")
