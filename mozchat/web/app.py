"""The application: Flask with its blueprints, errors and headers, and the bare endpoints in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from mozchat.domain.errors import MozchatError
from mozchat.resources import static_folder
from mozchat.services.site import Site
from mozchat.web import problems, security
from mozchat.web.api import api
from mozchat.web.assets import Assets, assets_blueprint
from mozchat.web.clips import ClipsApp
from mozchat.web.compression import compress
from mozchat.web.events import EventsApp
from mozchat.web.identity import check_origin
from mozchat.web.live import LiveApp
from mozchat.web.mail_links import mail_links
from mozchat.web.mail_start import MailStart
from mozchat.web.openapi import description
from mozchat.web.pages import error_page, pages
from mozchat.web.proxies import Proxies, ProxiesApp
from mozchat.web.strings import Strings
from mozchat.web.uploads import UploadsApp

BODY_BYTES = 64_000
"""A request's body where no route allows more."""


def create_app(site: Site, proxies: Proxies | None = None) -> Flask:
    """The WSGI application of a site; `proxies` says what stands in front of it."""
    app = Flask("mozchat.web", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES)
    app.url_map.strict_slashes = True
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    assets = Assets(static_folder())
    app.extensions.update({"mozchat": site, "mozchat-assets": assets, "mozchat-strings": Strings()})
    app.register_blueprint(api)
    app.register_blueprint(assets_blueprint(assets))
    app.register_blueprint(pages)
    app.register_blueprint(mail_links)
    app.add_url_rule("/api/openapi.json", view_func=openapi)
    app.before_request(_check_origin)
    app.after_request(_finish)
    app.register_error_handler(MozchatError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)
    live = LiveApp(site, app.wsgi_app)
    events = EventsApp(site, UploadsApp(site, ClipsApp(site, live)))
    app.extensions.update({"mozchat-events": events, "mozchat-live": live})
    mail_start = MailStart(site, events)
    app.extensions.update({"mozchat-proxies": proxies, "mozchat-mail-start": mail_start.start})
    app.wsgi_app = ProxiesApp(proxies, mail_start) if proxies else mail_start  # type: ignore[method-assign]
    return app


def openapi() -> Response:
    """The API's own description."""
    return Response(problems.encode(description(request.script_root)), content_type="application/json")


def _check_origin() -> None:
    # A mail program unsubscribes with a POST of its own (RFC 8058); its link is signed, and no cookie counts
    # there.
    if request.endpoint != f"{mail_links.name}.unsubscribe":
        check_origin(request.environ)


def _finish(response: Response) -> Response:
    security.secure(response.headers, response.mimetype or "")
    compress(request, response)
    return response


def _domain_error(error: MozchatError) -> Response:
    return _problem(*problems.problem_of(error))


def _http_error(error: HTTPException) -> Response:
    if error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    return _problem(*problems.http_problem(error))


def _fault(error: Exception) -> Response:
    return _problem(*problems.fault(error, request.path))


def _problem(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    problems.drain(request.environ)
    if _is_page():
        response = error_page(status, body["title"], body["detail"], body.get("errors"))
    else:
        response = Response(problems.encode(body), status, content_type=problems.MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers)
    return response


def _is_page() -> bool:
    path = request.path
    if path.startswith(("/api/", "/static/")):
        return False
    return request.method in ("GET", "HEAD") or request.blueprint == mail_links.name
