"""The pages behind the links in mail. To open one changes nothing, since whoever examines mail opens links;
pressing its button does."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, request

from mozchat.domain.errors import BadSettings
from mozchat.services import subscriptions
from mozchat.services.site import Site
from mozchat.services.threads import shown_title
from mozchat.web.pages import render_page
from mozchat.web.strings import Strings, preferred

mail_links = Blueprint("mail_links", __name__)


@mail_links.get("/<thread>/unsubscribe/<token>")
def ask_to_unsubscribe(thread: str, token: str) -> Response:
    """Whether mail about a thread is to stop."""
    subscriptions.check_link(_site(), "unsubscribe", thread, token)
    return _page(thread, "unsubscribe", asks=True)


@mail_links.post("/<thread>/unsubscribe/<token>")
def unsubscribe(thread: str, token: str) -> Response:
    """Stop mail about a thread; asked for by the page or by a mail program (RFC 8058)."""
    subscriptions.unsubscribe_by_link(_site(), thread, token)
    return _page(thread, "unsubscribed")


@mail_links.get("/<thread>/confirm/<token>")
def ask_to_confirm(thread: str, token: str) -> Response:
    """Whether mail about a thread is wanted."""
    subscriptions.check_link(_site(), "confirm", thread, token)
    return _page(thread, "confirm", asks=True)


@mail_links.post("/<thread>/confirm/<token>")
def confirm(thread: str, token: str) -> Response:
    """Mail about a thread is wanted."""
    subscriptions.confirm_by_link(_site(), thread, token)
    return _page(thread, "confirmed")


def _page(thread: str, state: str, *, asks: bool = False) -> Response:
    """A page in the thread's language; also where its `.ini` has an error, since mail must always be stoppable."""
    try:
        settings = _site().store.thread(thread).settings()
        title = shown_title(settings, thread)
        language: str = settings.lang
    except BadSettings:
        title = thread
        language = preferred(request.accept_languages.values())
    t = cast(Strings, current_app.extensions["mozchat-strings"]).translate(language)
    return render_page(
        "mail.html",
        language=language,
        page="mail",
        thread=thread,
        heading=t(f"page.mail.{state}", thread=title),
        text=t(f"page.mail.{state}.text"),
        button=t(f"page.mail.{state}.do") if asks else "",
    )


def _site() -> Site:
    return cast(Site, current_app.extensions["mozchat"])
