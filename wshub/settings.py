"""What the hub runs with: `ws.ini`, found as the site finds it, and its certificate."""

from __future__ import annotations

import ssl

from mozchat.domain.hub_settings import HubSettings
from mozchat.services.site import Site
from mozchat.settings import SettingsError


def settings_of(site: Site) -> HubSettings:
    """The settings of a hub that is to run. Raises `SettingsError` where it is not to, or cannot."""
    file = site.hub_file
    settings, problems = file.read()
    errors = [str(problem) for problem in problems if problem.level == "error"]
    if errors:
        raise SettingsError("\n".join(errors))
    if not settings.on:
        if file.path.exists():
            raise SettingsError(f"{file.path} has wsOn=0: wsOn=1 was expected where a hub is to run.")
        raise SettingsError(f"There is no {file.path}; MOZCHAT_HUB_INI can name another.")
    return settings


def certificate_of(settings: HubSettings) -> ssl.SSLContext | None:
    """The hub's own certificate, where it has one. Raises `SettingsError`."""
    if not settings.cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.cert, settings.key)
    except OSError as error:
        raise SettingsError(f"wssCert={settings.cert}, wssKey={settings.key}: {error}.") from error
    return context
