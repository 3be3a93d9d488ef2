"""What can go wrong, in words that a participant understands.

    MozchatError
    ├── Invalid           what was sent does not fit (422)
    ├── Malformed         it cannot even be read (400)
    ├── NotJoined         join the thread first (401)
    │   └── PasswordNeeded
    ├── Forbidden         not yours to do (403)
    ├── Missing           no such thread, clip, … (404)
    ├── NameTaken         somebody else's name (409)
    ├── WrongOffset       an upload stands somewhere else (409)
    ├── UploadOver        an upload is a clip already (400)
    ├── WrongLength       an upload's length is not what was said (400)
    ├── TooLarge          over a limit of the thread (413)
    ├── UnsupportedMedia  not a kind of file that we store (415)
    ├── TooMany           too often (429), says when to come back
    ├── Unavailable       the store cannot be used just now (503), says when to come back
    │   └── BadSettings   the thread's .ini has errors, listed
    └── NoRoom            no room on the disk (507)

Which status an error has over HTTP is the web layer's matter (`mozchat.web.problems`).
"""

from __future__ import annotations


class MozchatError(Exception):
    """Base of all: `detail` is a sentence for people."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(MozchatError):
    """What was sent does not fit."""


class Malformed(MozchatError):
    """What was sent cannot be read at all."""


class NotJoined(MozchatError):
    """Only participants may do this."""

    def __init__(self, detail: str = "Enter the thread first, with a name.") -> None:
        super().__init__(detail)


class PasswordNeeded(NotJoined):
    """The thread has a password."""

    def __init__(self, detail: str = "This thread has a password.") -> None:
        super().__init__(detail)


class Forbidden(MozchatError):
    """Not yours to do."""


class Missing(MozchatError):
    """There is no such thing (any more)."""


class NameTaken(MozchatError):
    """Another identity holds this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Somebody here is called {name} already. Take another name.")


class WrongOffset(MozchatError):
    """An upload has `expected` bytes, and what came was to follow `provided` ones."""

    def __init__(self, expected: int, provided: int) -> None:
        super().__init__(f"Of this recording {expected:,} bytes are here, so it goes on from there.")
        self.expected = expected
        self.provided = provided


class UploadOver(MozchatError):
    """An upload is complete: its clip is published."""

    def __init__(self) -> None:
        super().__init__("This recording is published already; nothing can be added to it.")


class WrongLength(MozchatError):
    """An upload has another length than it was said to have."""


class TooLarge(MozchatError):
    """Over a limit in bytes."""


class UnsupportedMedia(MozchatError):
    """Not a file that we store."""


class TooMany(MozchatError):
    """Too often; `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(MozchatError):
    """The store cannot be used just now; `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: float = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BadSettings(Unavailable):
    """The thread's `.ini` cannot be used; `errors` has a line each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("The settings of this thread have a mistake. Its administrator can mend it.", 60)
        self.errors = errors


class NoRoom(MozchatError):
    """The disk is full."""

    def __init__(
        self, detail: str = "There is no room left on the site's disk. Nothing was changed."
    ) -> None:
        super().__init__(detail)
