"""The optional hub: whether a websocket to it opens through the server in front."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from mozchat.doctor.client import in_words
from mozchat.doctor.finding import Finding, LeftOut, error, right
from mozchat.doctor.front import Front

SECONDS = 10.0


def hub(front: Front) -> Iterator[Finding]:
    """Ask the site where its hub is, and open a websocket there as a page does."""
    front.inside()
    url = str(front.ask("GET", "/hub").json().get("url", ""))
    if not url:
        raise LeftOut("there is no hub, or it serves some threads only (wshub/ws.ini)")
    url = urljoin(front.url.replace("http", "ws", 1) + "/", url)
    yield opened(url, front.origin)


def opened(url: str, origin: str) -> Finding:
    """Open a websocket at `url` from a page of `origin`."""
    if urlsplit(origin).scheme == "https" and urlsplit(url).scheme != "wss":
        return error(
            "Websocket",
            f"{url} is not encrypted: a page on https may not open it.",
            "wss:// in wsServerUri of ws.ini",
        )
    try:
        with connect(url, origin=Origin(origin), open_timeout=SECONDS, close_timeout=1):
            return right("Websocket", f"{url} opens.")
    except InvalidStatus as fault:
        return error(
            "Websocket",
            f"{url} answers {fault.response.status_code} in place of 101: pages go on by long poll.",
            "Apache: ProxyPass … upgrade=websocket; nginx: proxy_http_version 1.1 with Upgrade and Connection.",
        )
    except (OSError, WebSocketException) as fault:
        return error(
            "Websocket",
            f"{url} does not open: {in_words(fault)}. Pages go on by long poll.",
            "Start it (mozchat hub), or switch it off in ws.ini.",
        )
