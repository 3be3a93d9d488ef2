"""Rights: what the site may read and write, and what others may not."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - names of hosts need it, and after `become_owner` it may be out of reach
import os
import pwd
import secrets
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dotenv import dotenv_values

from mozchat.doctor.finding import Finding, error, left_out, right, warning
from mozchat.domain.errors import MozchatError
from mozchat.services.site import SECRET_FILE, Site
from mozchat.settings import env_file
from mozchat.storage.files import write_atomically

_SECRETS = ("MOZCHAT_SECRET_KEY", "MOZCHAT_SMTP_URL")


def become_owner(folder: Path) -> str:
    """Go on as the user to whom a site's folder belongs, if that can be done: then nothing is made that the site
    could not use, and what it may not do is noticed. Returns the user's name, "" where nothing was changed."""
    try:
        owner = folder.stat()
    except OSError:
        return ""
    if os.geteuid() != 0 or owner.st_uid == 0:
        return ""
    name = user_name(owner.st_uid)
    group = owner.st_gid
    time.strptime("0", "%S")  # loads what the dates of certificates need, as above
    os.setgroups([])
    with suppress(KeyError):
        group = pwd.getpwuid(owner.st_uid).pw_gid
        os.initgroups(name, group)
    os.setgid(group)
    os.setuid(owner.st_uid)
    return name


def folder(site: Site) -> Iterator[Finding]:
    """The folder of the threads: there, ours, writable, not for everybody."""
    path = site.store.folder
    me = user_name(os.geteuid())
    try:
        status = path.stat()
    except OSError as fault:
        yield error(
            "Threads folder",
            f"{path} cannot be looked at as {me}: {fault.strerror}.",
            "Name the folder with MOZCHAT_THREADS or --threads; `mozchat run` makes one.",
        )
        return
    fault_text = _trial(path)
    if fault_text:
        owner = user_name(status.st_uid)
        yield error(
            "Threads folder",
            f"{path} is not writable for {me}: {fault_text}. It belongs to {owner}, mode {_mode(status)}.",
            f"chown -R {me} {path} if the site runs as {me}. Is the disk mounted read-only?",
        )
    elif status.st_mode & stat.S_IWOTH:
        yield error(
            "Threads folder", f"{path} is writable for everybody (mode {_mode(status)}).", f"chmod o-w {path}"
        )
    elif status.st_uid != os.geteuid():
        yield warning(
            "Threads folder",
            f"{path} belongs to {user_name(status.st_uid)}, and you are {me}.",
            "Run mozchat as the user whom the site runs as: what others make may be closed to the site.",
        )
    else:
        yield right("Threads folder", f"{path} is writable for {me}")


def bell(site: Site) -> Iterator[Finding]:
    """Whether processes can wake each other by sockets in the site's run folder."""
    run_folder = site.store.run_folder
    place = run_folder if run_folder.is_dir() else site.store.folder
    address = place / f"doctor-{secrets.token_hex(4)}.trial"  # as long as a bell's, which would be rung
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as trial:
            trial.bind(str(address))
        address.unlink()
    except OSError as fault:
        yield warning(
            "Wake-up sockets",
            f"No socket can be had in {place} ({fault.strerror or fault}): processes look for news every 10 ms.",
            "Give the threads folder a shorter path (a socket's has 107 characters at most), on a local disk.",
        )
    else:
        yield right("Wake-up sockets", "The site's processes wake each other at once.")


def secret_key(site: Site, from_settings: bool) -> Iterator[Finding]:
    """What the site signs with, and who can read it."""
    path = site.store.folder / SECRET_FILE
    if from_settings:
        yield right("Secret key", "MOZCHAT_SECRET_KEY is set.")
    elif not path.exists():
        yield left_out("Secret key", f"{path} is not there yet: the site makes it at first use.")
    else:
        yield _secret_file_finding("Secret key", path)
    if env_file().is_file() and any(dotenv_values(env_file()).get(name) for name in _SECRETS):
        yield _secret_file_finding(".env", env_file())


def readable_secrets(site: Site) -> Iterator[Finding]:
    """Threads whose `.ini` has a secret that other users of the machine can read."""
    names = []
    for name in site.store.names():
        path = site.store.folder / name / ".ini"
        with suppress(MozchatError, OSError):
            settings = site.store.thread(name).settings()
            if (settings.turn_secret or settings.password) and _readable_by_all(path):
                names.append(name)
    if names:
        yield warning(
            "Secrets in .ini",
            f"Every user of this machine can read the secrets of {', '.join(names)}.",
            f"chmod o-rwx {site.store.folder}",
        )


def user_name(number: int) -> str:
    """The user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _trial(path: Path) -> str:
    """What is wrong with writing in a folder, "" where nothing is."""
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=path) as trial:
            write_atomically(Path(trial, "trial"), b"x" * 4096)
    except OSError as fault:
        return fault.strerror or str(fault)
    return ""


def _secret_file_finding(about: str, path: Path) -> Finding:
    try:
        status = path.stat()
        content = path.read_bytes()
    except OSError as fault:
        return error(
            about,
            f"{path} cannot be read as {user_name(os.geteuid())}: {fault.strerror}.",
            f"chown {user_name(path.parent.stat().st_uid)} {path}",
        )
    if not content.strip():
        return error(about, f"{path} is empty.", f"rm {path} ; the site makes a new one")
    if status.st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return error(about, f"Every user can read {path} (mode {_mode(status)}).", f"chmod 600 {path}")
    if status.st_mode & (stat.S_IRGRP | stat.S_IWGRP):
        return warning(about, f"The group can read {path} (mode {_mode(status)}).", f"chmod 600 {path}")
    return right(about, f"{path} is for its owner alone")


def _readable_by_all(path: Path) -> bool:
    reachable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.absolute().parents)
    return reachable and bool(path.stat().st_mode & stat.S_IROTH)


def _mode(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"
