"""The STUN and TURN servers of the threads' calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from mozchat.doctor import stun
from mozchat.doctor.finding import Finding, LeftOut, error, left_out, right, warning
from mozchat.domain.errors import MozchatError
from mozchat.domain.ice import GOOGLE, host_of, ice_configuration
from mozchat.services.site import Site

_WHO = "doctor"


@dataclass(frozen=True)
class Asked:
    """A server as a thread's participants are told of it. `minted`: with a password of turnSecret."""

    url: str
    name: str
    password: str
    minted: bool


def calls(site: Site) -> Iterator[Finding]:
    """Ask each server as a browser would."""
    asked = _servers(site)
    if not asked:
        raise LeftOut("no thread has a STUN or TURN server")
    for server, names in asked.items():
        yield _look(server, ", ".join(names))
    if not any(server.url.startswith("turn") for server in asked):
        yield left_out(
            "TURN",
            "No thread has a TURN server: where networks are strict, calls fail.",
            "README.md, Calls, has how.",
        )


def server_finding(server: Asked, answer: stun.Message, threads: str) -> Finding:
    """Of the answer of a server that these threads use."""
    about = _about(server.url)
    if answer.code == 0:
        what = "gives a relay" if about == "TURN" else "answers"
        return right(about, f"{server.url} {what} ({threads}).")
    if answer.code == stun.UNAUTHORIZED:
        what = "made with turnSecret" if server.minted else "in iceString"
        remedy = (
            "turnSecret must be the server's static-auth-secret, and both clocks right."
            if server.minted
            else "Put the name and password there that the server knows."
        )
        return error(about, f"{server.url} refuses the password {what} ({threads}).", remedy)
    return error(
        about,
        f"{server.url} gives no relay: {answer.code} {answer.reason} ({threads}).",
        "See the log of the TURN server; its quotas, perhaps.",
    )


def silent_finding(url: str, why: str, threads: str) -> Finding:
    """Of a server that did not answer, and why."""
    text = f"{url} does not answer: {why} ({threads})."
    if GOOGLE in url:
        return warning(
            "STUN",
            text,
            "Perhaps only this machine is kept from it. With a server of your own you know: iceAddr.",
        )
    return error(
        _about(url),
        text,
        "Start it, and open its port in the firewall, for UDP too; or take it out of the .ini.",
    )


def _servers(site: Site) -> dict[Asked, list[str]]:
    """The servers, and the names of the threads that use each."""
    host = host_of(urlsplit(site.public_url).netloc) or "localhost"
    found: dict[Asked, list[str]] = {}
    known: dict[tuple[str, str, str], Asked] = {}
    for name in site.store.names():
        try:
            settings = site.store.thread(name).settings()
        except (MozchatError, OSError):
            continue  # said where threads are looked at
        told = ice_configuration(settings, host, _WHO, site.now() // 1000)
        for server in told.servers:
            minted = bool(settings.turn_secret) and server.username.endswith(f":{_WHO}")
            for url in server.urls:
                password = settings.turn_secret if minted else server.credential
                asked = Asked(url, server.username, server.credential, minted)
                same = known.setdefault((url, "" if minted else server.username, password), asked)
                found.setdefault(same, []).append(name)
    return found


def _look(server: Asked, threads: str) -> Finding:
    try:
        address = stun.address_of(server.url)
    except ValueError:
        return error("STUN", f"{server.url} is no address ({threads}).", "stun:HOST:PORT or turn:HOST:PORT")
    try:
        with stun.Server(address) as connection:
            answer = (
                connection.allocate(server.name, server.password) if address.relays else connection.bind()
            )
    except stun.NoAnswer as fault:
        return silent_finding(server.url, str(fault), threads)
    return server_finding(server, answer, threads)


def _about(url: str) -> str:
    return "TURN" if url.startswith("turn") else "STUN"
