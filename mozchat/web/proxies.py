"""Where the site stands: what proxies in front of it say of a request, and its own public address.

`X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` count only where a trusted proxy sends them. A public address
settles scheme, host and the path under which the site is found. All of it is written into the request, so that
whoever answers sees it as if the participant had asked the site directly.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from mozchat.domain.errors import Malformed
from mozchat.settings import UNIX, SiteSettings
from mozchat.web import problems
from mozchat.web.bare import Environ, StartResponse, WsgiApp, respond

_SHOWN = 100
"""Characters of a refused host in the answer."""
_HEALTH = "/healthz"
_PORTS = {"http": ":80", "https": ":443"}
"""Those that a browser does not say."""


class Proxies:
    """`trusted` are the addresses and networks of proxies that are believed, and `UNIX` for whoever comes by a
    unix socket; `hosts` are the names beside the public address's under which the site may be asked for."""

    def __init__(
        self,
        public_url: str = "",
        trusted: Iterable[IPv4Network | IPv6Network | str] = (),
        hosts: Iterable[str] = (),
    ) -> None:
        public = urlsplit(public_url)
        self.prefix = public.path
        self._scheme, self._public_host = public.scheme, public.hostname
        self._public_netloc = public.netloc.lower().removesuffix(_PORTS.get(public.scheme, ""))
        self._networks = tuple(network for network in trusted if not isinstance(network, str))
        self._unix = UNIX in trusted
        self._hosts = frozenset(name.lower() for name in (*hosts, self._public_host) if name)
        self.trusts = lru_cache(4096)(self._trusts)

    @classmethod
    def of(cls, settings: SiteSettings) -> Proxies:
        """As the settings have it."""
        return cls(settings.public_url, settings.trusted_proxies, settings.trusted_hosts)

    def __bool__(self) -> bool:
        """Whether there is anything to be seen to."""
        return bool(self._hosts or self._networks or self._unix)

    def settle(self, environ: MutableMapping[str, Any]) -> None:
        """Write into a WSGI request what its proxies and the public address say. Raises `Malformed` for a host
        under which the site is not to be asked for."""
        peer = environ.get("REMOTE_ADDR", "")
        if self.trusts(peer):
            self._believe(environ, peer)
        if self.prefix:
            self._strip(environ)
        if self._hosts:
            host = _host_name(environ.get("HTTP_HOST", ""))
            if host == self._public_host:
                environ["wsgi.url_scheme"] = self._scheme
                environ["HTTP_HOST"] = self._public_netloc
            elif host not in self._hosts and not _asks_for_health(environ):
                raise Malformed(_refusal(environ.get("HTTP_HOST", "")))

    def _believe(self, environ: MutableMapping[str, Any], peer: str) -> None:
        environ["REMOTE_ADDR"] = self._client(environ.get("HTTP_X_FORWARDED_FOR", ""), peer)
        scheme = _last(environ, "HTTP_X_FORWARDED_PROTO").lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        host = _last(environ, "HTTP_X_FORWARDED_HOST")
        if host:
            environ["HTTP_HOST"] = host
        prefix = _last(environ, "HTTP_X_FORWARDED_PREFIX").rstrip("/")
        if prefix.startswith("/") and not prefix.startswith("//"):
            environ["SCRIPT_NAME"] = prefix

    def _client(self, forwarded: str, peer: str) -> str:
        """The right-most address that is no trusted proxy's: what stands left of it anybody may have written."""
        for text in reversed(forwarded.split(",")):
            address = _address(text)
            if address is None:
                break
            peer = str(address)
            if not self.trusts(peer):
                break
        return peer

    def _strip(self, environ: MutableMapping[str, Any]) -> None:
        """Take the public address's path off. Where a server or a proxy says that it has done so, it has."""
        path = environ.get("PATH_INFO", "")
        if not environ.get("SCRIPT_NAME") and (path == self.prefix or path.startswith(self.prefix + "/")):
            environ["PATH_INFO"] = path[len(self.prefix) :]
        environ["SCRIPT_NAME"] = self.prefix

    def _trusts(self, peer: str) -> bool:
        if not peer:
            return self._unix
        address = _address(peer)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )


class ProxiesApp:
    """Hands every request on as `Proxies` settles it."""

    def __init__(self, proxies: Proxies, app: WsgiApp) -> None:
        self._proxies = proxies
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        try:
            self._proxies.settle(environ)
        except Malformed as error:
            problems.drain(environ)
            return respond(environ, start_response, *problems.problem_of(error))
        return self._app(environ, start_response)


def _last(environ: MutableMapping[str, Any], name: str) -> str:
    """The last value of a header: what the nearest proxy has written."""
    return str(environ.get(name, "")).rpartition(",")[2].strip()


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as a proxy writes it, with a port or without one."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _asks_for_health(environ: MutableMapping[str, Any]) -> bool:
    """Whether somebody on this machine itself watches the site, who need not know its name."""
    peer = environ.get("REMOTE_ADDR", "")
    address = _address(peer)
    is_near = not peer or (address is not None and address.is_loopback)
    return is_near and environ.get("PATH_INFO") == _HEALTH


@lru_cache(256)
def _host_name(host: str) -> str:
    """The name in a `Host` header, without its port; "" for one that cannot be."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _refusal(host: str) -> str:
    return (
        f"This site is not to be found as {host[:_SHOWN] or 'no name at all'}. If it should be, its administrator"
        " names that in MOZCHAT_TRUSTED_HOSTS; a proxy in front has to pass on the Host that it was asked for."
    )
