"""What an administrator does: create, check, sweep and clear threads, set a password."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from werkzeug.security import generate_password_hash

from mozchat.domain.call_log import faults_of
from mozchat.domain.clip import id_of_file
from mozchat.domain.errors import Missing, MozchatError
from mozchat.domain.ini import decode, set_value
from mozchat.services import live, notify_check
from mozchat.services.access import Visit
from mozchat.services.clips import limits_of
from mozchat.services.site import Site
from mozchat.storage.files import temporary_files, write_atomically
from mozchat.storage.thread_store import ThreadStore
from mozchat.storage.uploads import FOLDER

ORPHAN_SECONDS = 3600
"""A file that no record names is swept when it is older: a younger one may be about to get its record."""
_SCRYPT = "scrypt:16384:8:5"
"""16 MiB and some tens of milliseconds a try, what cheap hosting can bear (OWASP's equivalent of 2^17:8:1)."""


@dataclass(frozen=True)
class Finding:
    """One thing that `check` has to say; `level` is "error" or "warning"."""

    level: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


@dataclass(frozen=True)
class Swept:
    """What a sweep removed, or would remove: ids of clips, names of files, files of uploads that have expired
    or that are only half there, names of files that a killed process was writing; and the ids of live clips that
    were abandoned, of which it made complete ones."""

    expired: list[str]
    lost: list[str]
    orphans: list[str]
    uploads: list[str]
    leftovers: list[str]
    abandoned: list[str]


def check(site: Site, thread_name: str) -> list[Finding]:
    """Everything that is wrong with a thread: its settings, its catalogue against its files, its permissions."""
    store = site.store.thread(thread_name)
    settings, problems = store.settings_file.read()
    findings = [Finding(problem.level, str(problem)) for problem in problems]
    if settings is None:
        return findings
    findings += [Finding("error", text) for text in _barred(store, site.store.run_folder)]
    findings += [Finding("warning", text) for text in _call_log_faults(store)]
    findings += [Finding(level, text) for level, text in notify_check.faults(site, store, settings)]
    try:
        findings += _catalogue_findings(store, site.now())
    except MozchatError as error:
        findings.append(Finding("error", f"{thread_name}: {error.detail}"))
    except OSError as error:
        findings.append(Finding("error", f"{error.filename} cannot be used: {error.strerror}"))
    return findings


def check_hub(site: Site) -> list[Finding]:
    """Everything that is wrong with `ws.ini`; without that file there is nothing."""
    return [Finding(problem.level, str(problem)) for problem in site.hub_file.read()[1]]


def check_mail(site: Site) -> list[Finding]:
    """What is wrong with the mail of the whole site."""
    return [Finding(level, text) for level, text in notify_check.spool_faults(site)]


def sweep(site: Site, thread_name: str, *, dry_run: bool) -> Swept:
    """Complete abandoned live clips, and remove what is over: expired clips and uploads, records without a file,
    files without a record, what killed processes were writing; then bring the catalogue on disk up to date. With
    `dry_run` nothing is changed."""
    store = site.store.thread(thread_name)
    now = site.now()
    expired = store.expired(now)
    lost = [clip for clip in store.missing_files() if clip.id not in expired]
    orphans = _orphans(store, now)
    uploads = store.uploads.over(now, now / 1000 - ORPHAN_SECONDS)
    leftovers = temporary_files(store.path, now / 1000 - ORPHAN_SECONDS)
    abandoned = [upload.id for upload in store.uploads.expired(now, live=True)]
    if not dry_run:
        store.live.upkeep(now)
        abandoned = live.finish_expired(site, Visit(store, store.settings(), None, None))
        store.remove_clips(expired, now)
        lost = store.drop(lost, now)
        store.media().remove(orphans)
        store.uploads.remove_files(uploads)
        for file in leftovers:
            (store.path / file).unlink(missing_ok=True)
        store.checkpoint()
    return Swept(expired, [clip.id for clip in lost], orphans, uploads, leftovers, abandoned)


def clear(site: Site, thread_name: str) -> int:
    """Remove all clips of a thread; returns how many there were."""
    store = site.store.thread(thread_name)
    return len(store.remove_clips([clip.id for clip in store.clips()], site.now()))


def set_password(site: Site, thread_name: str, password: str) -> None:
    """Write a hash of the password into the thread's `.ini`; an empty one opens the thread. Who has joined
    must give the new one."""
    path = site.store.thread(thread_name).path / ".ini"
    value = generate_password_hash(password, _SCRYPT) if password else ""
    text = set_value(decode(path.read_bytes()), "auth", "password", value)
    write_atomically(path, text.encode("utf-8"), mode=path.stat().st_mode & 0o777)


def _catalogue_findings(store: ThreadStore, now: int) -> Iterator[Finding]:
    clips = store.clips()
    lost = store.missing_files()
    limits = limits_of(store.settings())
    for clip in lost:
        yield Finding(
            "error", f"{store.name}: the clip {clip.id} by {clip.author} has lost its file {clip.file}"
        )
    files = store.media().list()
    for clip in clips:
        if clip.file in files and files[clip.file].st_size != clip.bytes:
            yield Finding(
                "error", f"{store.name}: {clip.file} has {files[clip.file].st_size} bytes, not {clip.bytes}"
            )
    for file in _orphans(store, now):
        yield Finding("warning", f"{store.name}: no record names the file {file}; `mozchat sweep` removes it")
    for file in store.uploads.over(now, now / 1000 - ORPHAN_SECONDS):
        yield Finding("warning", f"{store.name}: {FOLDER}/{file} is over; `mozchat sweep` removes it")
    for file in temporary_files(store.path, now / 1000 - ORPHAN_SECONDS):
        yield Finding("warning", f"{store.name}: {file} was never finished; `mozchat sweep` removes it")
    total = sum(clip.bytes for clip in clips) + store.uploads.bytes()
    if total > limits.max_total_bytes:
        text = f"clips and uploads take {total:,} bytes, more than maxMediaFolderBytes={limits.max_total_bytes:,}"
        yield Finding("warning", f"{store.name}: {text}; the next clip makes room")


def _call_log_faults(store: ThreadStore) -> Iterator[str]:
    for number, row in enumerate(store.call_log.load().rows, 1):
        fault = faults_of(row)
        if fault:
            yield f"{store.name}: call {number} in calls.csv {fault}"


def _orphans(store: ThreadStore, now: int) -> list[str]:
    """What no record names, and no upload that a crash came upon when it was about to become a clip."""
    recorded = {clip.file for clip in store.clips()}
    return [
        file
        for file, status in store.media().list().items()
        if file not in recorded
        and now / 1000 - status.st_mtime > ORPHAN_SECONDS
        and store.uploads.get(id_of_file(file)) is None
    ]


def _barred(store: ThreadStore, run_folder: Path) -> list[str]:
    """The places that this process, and so the site if it is the same user, cannot use."""
    places = [store.path, run_folder, *store.path.glob("media*"), store.uploads.path]
    texts = [
        f"{place} is not writable"
        for place in places
        if place.exists() and not os.access(place, os.W_OK | os.X_OK)
    ]
    files = [
        store.path / name
        for name in ("catalog.json", "messages.json", "users.json", "journal.jsonl", "calls.csv")
    ]
    return texts + [
        f"{file} cannot be read" for file in files if file.exists() and not os.access(file, os.R_OK)
    ]


def thread_names(site: Site, only: str | None) -> list[str]:
    """The one named, which must be there, or all."""
    if only is None:
        return site.store.names()
    if only not in site.store.names():
        raise Missing(f"There is no thread called {only} in {site.store.folder}.")
    return [only]
