"""What Passenger loads. It stands in the folder of mozchat, beside `.env` and `threads/`; touch `tmp/restart.txt`,
and the site is loaded anew.

Passenger starts the Python that the panel has set up. Where mozchat has a `.venv` of its own, that one is taken.
"""

import os
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
"""The folder of mozchat."""
VENV = HOME / ".venv"

if (VENV / "bin" / "python").exists() and Path(sys.prefix).resolve() != VENV.resolve():
    os.execv(VENV / "bin" / "python", [str(VENV / "bin" / "python"), *sys.argv])

sys.path.insert(0, str(HOME))
os.environ.setdefault("MOZCHAT_HOME", str(HOME))

from mozchat.wsgi import application  # noqa: E402, F401
