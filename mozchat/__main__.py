"""`python -m mozchat` is `mozchat`."""

from mozchat.cli import main

main()
