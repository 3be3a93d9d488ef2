"""The WSGI entry point: `mozchat.wsgi:application`, set up from the environment or `.env`."""

from __future__ import annotations

from mozchat import logs
from mozchat.services.site import Site
from mozchat.settings import SiteSettings
from mozchat.web import mod_wsgi
from mozchat.web.app import create_app
from mozchat.web.proxies import Proxies

settings = SiteSettings.from_environment()
logs.set_up(settings.log_level)
site = Site.of(settings)
mod_wsgi.at_stop(site.stop)
application = create_app(site, Proxies.of(settings))
