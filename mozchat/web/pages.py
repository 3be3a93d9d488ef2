"""The pages: the front page, a thread, the door of a thread, help."""

from __future__ import annotations

import os
from itertools import chain
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask import redirect as redirect_to

from mozchat import __version__
from mozchat.domain.errors import Missing
from mozchat.domain.names import is_thread_name
from mozchat.services import hub, threads
from mozchat.services.access import approach
from mozchat.services.site import Site
from mozchat.web import security
from mozchat.web.assets import Assets
from mozchat.web.identity import token_of
from mozchat.web.strings import Strings, preferred
from mozchat.web.views import door_view, me_view, summary_view, thread_view

pages = Blueprint("pages", __name__)
MAX_HINT = 64
FRONT_SCRIPTS = ("js/front.js",)
THREAD_SCRIPTS = ("js/thread.js", "js/thread-takes.js", "js/thread-clips.js", "js/thread-later.js")
"""In the order in which they are needed: the first one imports the second one later, and so on."""


@pages.get("/")
def front() -> Response:
    """The public threads and the entry form."""
    site = _site()
    found = threads.public_threads(site, token_of(request.environ))
    listed = [summary_view(summary, request.script_root) for summary in found]
    return render_page("front.html", FRONT_SCRIPTS, page="front", thread=None, threads=listed, **_hints())


@pages.get("/<thread>")
def thread_without_slash(thread: str) -> Response:
    """Links that lack the last slash lead to the thread."""
    if not is_thread_name(thread):
        raise Missing("There is no such page.")
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return cast(Response, redirect_to(f"{request.script_root}/{thread}/{query}", 308))


@pages.get("/<thread>/")
def thread_page(thread: str) -> Response:
    """A thread for a participant; for anybody else its door, which leads back here."""
    door = approach(_site(), thread, token_of(request.environ))
    language = door.settings.lang
    if door.person is None:
        return render_page(
            "front.html",
            FRONT_SCRIPTS,
            language,
            page="front",
            thread=door_view(door),
            threads=[],
            **_hints(),
        )
    has_hub = hub.is_served(_site(), thread)
    response = render_page(
        "thread.html",
        THREAD_SCRIPTS,
        language,
        page="thread",
        thread=thread_view(door),
        me=me_view(door),
        clip=_hints()["clip"],
        hub=has_hub,
    )
    if has_hub:
        response.headers["Content-Security-Policy"] = security.page_policy(_origin_of_hub())
    return response


@pages.get("/help")
def help_page() -> Response:
    """How it is used."""
    language = preferred(request.accept_languages.values())
    return render_page(f"help_{language}.html", language=language, page="help")


@pages.get("/healthz")
def healthz() -> dict[str, str | int]:
    """For whoever watches the site; `process` is the one that answered, `listeners` what it holds."""
    return {
        "status": "ok",
        "version": __version__,
        "process": os.getpid(),
        "listeners": _site().admission.held,
    }


@pages.get("/favicon.ico")
def favicon() -> Response:
    """For browsers that ask without having been told of another."""
    return cast(Response, redirect_to(request.script_root + _assets().url("favicon.svg"), 302))


def error_page(status: int, title: str, detail: str, errors: list[str] | None = None) -> Response:
    """An error in the same look as everything else."""
    response = render_page(
        "error.html", page="error", status=status, title=title, detail=detail, errors=errors or []
    )
    response.status_code = status
    return response


def render_page(
    template: str, scripts: tuple[str, ...] = (), language: str | None = None, **config: Any
) -> Response:
    """A page with its scripts in the order in which they are needed.

    `config` goes to the template and, as JSON, to the scripts.
    """
    language = language or preferred(request.accept_languages.values())
    assets = _assets()
    strings = cast(Strings, current_app.extensions["mozchat-strings"])

    modules, *later = assets.stages(*scripts) or [[]]

    def static(name: str) -> str:
        return request.script_root + assets.url(name)

    html = render_template(
        template,
        t=strings.translate(language),
        lang=language,
        static=static,
        base=request.script_root,
        modules=modules,
        page_config={
            "version": assets.version,
            "base": request.script_root,
            "lang": language,
            "later": list(chain(*later)),
            **config,
        },
        page_strings=strings.for_scripts(language, config["page"]),
        **config,
    )
    response = make_response(html)
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(("Cookie", "Accept-Language"))
    return response


def _origin_of_hub() -> str:
    """Where the page finds the hub. Safari before 16 does not take 'self' for websockets of its own host."""
    url = hub.url_of(_site(), host=request.host, base=request.script_root, secure=request.is_secure)
    scheme, host, *_ = urlsplit(url)
    return f"{scheme}://{host}"


def _hints() -> dict[str, str | None]:
    """What a link may fill in: a name, a clip to open at."""
    user, clip = request.args.get("user"), request.args.get("clip")
    return {"user": user[:MAX_HINT] if user else None, "clip": clip[:MAX_HINT] if clip else None}


def _site() -> Site:
    return cast(Site, current_app.extensions["mozchat"])


def _assets() -> Assets:
    return cast(Assets, current_app.extensions["mozchat-assets"])
