"""What mod_wsgi loads. Touch this file, and the site is loaded anew."""

import os
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
"""The folder of mozchat, with `.env` and `threads/` in it."""

sys.path.insert(0, str(HOME))
os.environ.setdefault("MOZCHAT_HOME", str(HOME))

from mozchat.wsgi import application  # noqa: E402, F401
