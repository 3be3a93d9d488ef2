"""The site through its public URL, as participants reach it: what stands in front, https, a first visit."""

from __future__ import annotations

import email.utils
import ipaddress
import json
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from mozchat import __version__
from mozchat.doctor.client import SECONDS, Answer, Body, Client, Unreachable, in_words
from mozchat.doctor.finding import Finding, LeftOut, error, right, warning
from mozchat.doctor.rights import user_name
from mozchat.doctor.trial import TrialThread, remove_left_over
from mozchat.domain.errors import MozchatError
from mozchat.domain.options import ThreadSettings
from mozchat.services.site import Site

CLOCK_SECONDS = 5.0
"""How far the time that answers tell may be from this machine's: they are on the way for a while."""
FEW_DAYS = 14
NO_URL = "the public URL of the site is not known"
SET_URL = "Set MOZCHAT_PUBLIC_URL, or name it with --url."
_COOKIE = re.compile(r"^mozchat=([A-Za-z0-9_-]+)(.*)$", re.MULTILINE)
_COOKIE_PATH = re.compile(r";\s*path=([^;]*)", re.IGNORECASE)


class Front:
    """The way in. `settings` are those of all threads that have right ones."""

    def __init__(self, site: Site, settings: list[ThreadSettings]) -> None:
        self.site = site
        self.settings = settings
        self.url = site.public_url
        parts = urlsplit(self.url)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.secure else 80)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.path = parts.path.rstrip("/")
        self.client = Client(self.url)
        self.trial: TrialThread | None = None
        self._health: Answer | None = None
        self._cookie = ""
        self._token = ""
        self._inside = False

    # --- what other checks go by ------------------------------------------------------------------------------

    @property
    def hold(self) -> int | None:
        """How long the longest poll of the site's pages is, in seconds; `None` where they make none."""
        return max((s.long_poll_period_s for s in self.settings if s.poll_factor == "l"), default=None)

    @property
    def clip_bytes(self) -> int:
        """How big the biggest clip of the site may be."""
        return max((min(s.max_blob_bytes, s.max_media_folder_bytes) for s in self.settings), default=0)

    def needs_answer(self) -> None:
        """Raise `LeftOut` where the site was not reached."""
        if not self.url:
            raise LeftOut(NO_URL, SET_URL)
        if self._health is None:
            raise LeftOut("the site was not reached")

    def inside(self) -> TrialThread:
        """The thread for trials, which has been entered; raises `LeftOut`."""
        self.needs_answer()
        if self.trial is None or not self._inside:
            raise LeftOut("no thread could be entered")
        return self.trial

    def ask(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """A request as a browser makes it that is in the trial thread; `path` follows the thread's in the API.
        Raises `Unreachable`."""
        assert self.trial is not None
        sent = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if self._cookie:
            sent["Cookie"] = f"mozchat={self._cookie}"
        return self.client.ask(
            method,
            f"{self.path}/api/threads/{self.trial.name}{path}",
            body,
            {**sent, **(headers or {})},
            seconds,
        )

    def close(self) -> None:
        """Leave nothing behind."""
        if self.trial is not None:
            self.trial.remove()
            self.trial = None

    # --- checks -----------------------------------------------------------------------------------------------

    def https(self) -> Iterator[Finding]:
        """Whether browsers will give the microphone, and for how long."""
        if not self.url:
            raise LeftOut(NO_URL, SET_URL)
        if not self.secure:
            yield plain_http_finding(self.host)
            return
        try:
            yield certificate_finding(self._certificate_end(), time.time())
        except ssl.SSLCertVerificationError as fault:
            self.client = Client(self.url, trusting=True)
            yield error(
                "https",
                f"The certificate of {self.host} is not valid: {fault.verify_message}.",
                "Have a certificate made, by certbot for instance, and its whole chain served.",
            )
        except OSError as fault:
            raise LeftOut(in_words(fault)) from fault

    def reached(self) -> Iterator[Finding]:
        """Whether the site is there, and is this one."""
        if not self.url:
            raise LeftOut(NO_URL, SET_URL)
        try:
            answer = self.client.ask("GET", f"{self.path}/healthz")
        except Unreachable as fault:
            yield error(
                "Reached",
                f"{self.url} does not answer: {fault.text}.",
                "Start the site and what is in front of it.",
            )
            return
        finding = health_finding(self.url, answer)
        if finding.level == "right" or answer.json().get("version"):
            self._health = answer
        yield finding

    def clock(self) -> Iterator[Finding]:
        """The clock that the front tells, against this machine's."""
        self.needs_answer()
        assert self._health is not None
        try:
            told = email.utils.parsedate_to_datetime(self._health.headers.get("date", "")).timestamp()
        except ValueError as fault:
            raise LeftOut("the server tells no time") from fault
        yield date_finding(told, self._health.received)

    def entered(self) -> Iterator[Finding]:
        """A first visit: into a hidden thread that is made for it."""
        self.needs_answer()
        remove_left_over(self.site)
        try:
            self.trial = TrialThread(self.site, self.clip_bytes, self.hold or 15)
        except (MozchatError, OSError) as fault:
            raise LeftOut(f"no thread can be made for a trial ({fault})") from fault
        answer = self.ask("GET", "")
        if answer.status != 200:
            yield unseen_finding(self.url, self.site.store.folder.as_posix(), answer)
            return
        joined = self.ask(
            "POST", "/session", json.dumps({"name": "Doctor"}).encode(), {"Content-Type": "application/json"}
        )
        if joined.status != 201:
            yield refused_finding(joined)
            return
        self._inside = True
        self._token = str(joined.json().get("token", ""))
        cookie = _COOKIE.search(joined.headers.get("set-cookie", ""))
        yield right("Entering", "A thread made just now is there and can be entered.")
        if cookie is None:
            yield error(
                "Cookie",
                "The cookie that knows a participant does not come through.",
                "Have the server in front pass Set-Cookie on.",
            )
            self._cookie = self._token
            return
        self._cookie = cookie[1]
        yield from cookie_findings(cookie[2], self.path, self.secure)

    def left(self) -> Iterator[Finding]:
        """The end of the visit: the thread is removed, and what the site has written in it tells who it is."""
        if self.trial is None:
            return
        path, me = self.trial.path, os.geteuid()
        users = {file.stat().st_uid for file in path.rglob("*")} - {me}
        self.close()
        if users:
            yield user_finding(path.parent, ", ".join(map(user_name, sorted(users))), user_name(me))
        if path.exists():
            yield error(
                "Leaving", f"The thread for trials could not be removed: {path}", f"As root: rm -r {path}"
            )

    def programs(self) -> Iterator[Finding]:
        """Whether `Authorization`, by which programs are known, comes through."""
        self.inside()
        answer = self.ask("GET", "", headers={"Authorization": f"Bearer {self._token}", "Cookie": ""})
        if answer.json().get("me"):
            yield right("Programs", "Authorization comes through to the site.")
        else:
            yield warning(
                "Programs",
                "The header Authorization does not come through: browsers do without, programs cannot.",
                "In Apache with mod_wsgi: WSGIPassAuthorization On.",
            )

    def _certificate_end(self) -> float:
        context = ssl.create_default_context()
        with (
            socket.create_connection((self.host, self.port), SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=self.host) as secured,
        ):
            found = secured.getpeercert() or {}
        return float(ssl.cert_time_to_seconds(str(found.get("notAfter"))))


def user_finding(folder: Path, user: str, me: str) -> Finding:
    """Of a site that runs as another user than its doctor, who is the folder's owner or was called as another."""
    return warning(
        "User",
        f"The site runs as {user}, and this is {me}: what one makes may be closed to the other.",
        f"If mozchat is run as {user} from now on: chown -R {user} {folder}",
    )


def plain_http_finding(host: str) -> Finding:
    """Of a public URL without https."""
    if _is_this_machine(host):
        return right(
            "https", "Not needed for who sits at this machine; everybody else needs it for the microphone."
        )
    return error(
        "https",
        "The public URL is plain http: browsers give no microphone there, so nobody can record or call.",
        "Put a web server with a certificate in front (deploy/README.md), and https:// in MOZCHAT_PUBLIC_URL.",
    )


def certificate_finding(end: float, now: float) -> Finding:
    """Of a certificate that is valid until `end`, seconds since 1970."""
    days = int((end - now) // 86_400)
    if days < FEW_DAYS:
        return warning(
            "https",
            f"The certificate is valid, but for {days} days only.",
            "See that it is renewed by itself.",
        )
    return right("https", f"The certificate is valid for another {days} days.")


def health_finding(url: str, answer: Answer) -> Finding:
    """Of the answer to `GET /healthz`."""
    health = answer.json()
    if answer.status in (301, 302, 303, 307, 308):
        to = answer.headers.get("location", "?").removesuffix("/healthz")
        return error(
            "Reached", f"{url} leads on to {to}.", f"Make that the public URL: MOZCHAT_PUBLIC_URL={to}"
        )
    if answer.status in (502, 503, 504):
        return error(
            "Reached",
            f"A server answers at {url}, but not the site behind it ({answer.status}).",
            "Start the site, and see the log of the server in front.",
        )
    if answer.status != 200 or health.get("status") != "ok" or "version" not in health:
        return error(
            "Reached",
            f"What answers at {url} is not mozchat ({answer.status} for {url}/healthz).",
            "Is the path in the public URL right, and does everything below it go to the site?",
        )
    if health["version"] != __version__:
        return error(
            "Reached",
            f"The site runs mozchat {health['version']}, and this is {__version__}.",
            "Restart the site after an update, and use the mozchat command of its own environment.",
        )
    return right("Reached", f"{url} answers in {answer.seconds * 1000:.0f} ms.")


def date_finding(told: float, now: float) -> Finding:
    """Of the `Date` of an answer that came at `now`; both in seconds since 1970."""
    apart = told - now
    if abs(apart) <= CLOCK_SECONDS:
        return right("Clock", "The site tells the time that this machine has.")
    return error(
        "Clock",
        f"The site's time is {abs(apart):,.0f} s {'ahead of' if apart > 0 else 'behind'} this machine's.",
        "Set both clocks by NTP (timedatectl set-ntp true). Passwords for TURN and times of clips hang on it.",
    )


def unseen_finding(url: str, folder: str, answer: Answer) -> Finding:
    """Of a thread that was made and that the site does not show."""
    if answer.status == 404:
        return error(
            "Entering",
            f"A thread made in {folder} is not there at {url}: the site has another folder, or may not read it.",
            "Run mozchat with the site's own MOZCHAT_THREADS, and as the user whom it runs as.",
        )
    return error(
        "Entering", f"A thread made just now cannot be seen: {_said(answer)}.", "See the log of the site."
    )


def refused_finding(answer: Answer) -> Finding:
    """Of a visit that ended at the door."""
    if answer.status in (400, 403):
        remedy = "Have the server in front pass Host on as participants use it, and let POST through."
    elif answer.status in (503, 507):
        remedy = "The folder of the threads must be writable for the user whom the site runs as."
    else:
        remedy = "See the logs of the site and of the server in front."
    return error("Entering", f"A thread made just now cannot be entered: {_said(answer)}.", remedy)


def cookie_findings(attributes: str, path: str, secure: bool) -> Iterator[Finding]:
    """Of the attributes of the site's cookie, on a site whose public URL has this path."""
    found = _COOKIE_PATH.search(attributes)
    taken = (found[1].strip() if found else "").rstrip("/")
    if taken != path:
        yield error(
            "Path",
            f"Participants reach the site at {path or '/'}, and it takes itself to be at {taken or '/'}.",
            "Mount it there (WSGIScriptAlias, SCRIPT_NAME), or have the proxy say so; deploy/README.md has how.",
        )
    if secure and "secure" not in [part.strip().lower() for part in attributes.split(";")]:
        yield warning(
            "Cookie",
            "The site does not know that it is reached over https: its cookie goes over plain http too.",
            "Have the proxy say so, and name it in MOZCHAT_TRUSTED_PROXIES (deploy/README.md).",
        )


def _said(answer: Answer) -> str:
    detail = answer.json().get("detail") if answer.is_ours else ""
    return (
        f"{answer.status}, {str(detail).rstrip('.')}"
        if detail
        else f"{answer.status} from the server in front"
    )


def _is_this_machine(host: str) -> bool:
    """What browsers hold to be trustworthy without https (W3C Secure Contexts, section 3.1)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
