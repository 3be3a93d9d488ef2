"""What a participant's browser calls with: STUN and TURN servers, and passwords for them."""

from __future__ import annotations

from mozchat.domain.errors import Invalid
from mozchat.domain.ice import IceConfiguration, host_of, ice_configuration
from mozchat.domain.identity import author_id
from mozchat.services.access import Visit
from mozchat.services.site import Site


def configuration(site: Site, inside: Visit, authority: str) -> IceConfiguration:
    """The servers for the participant who asks, and passwords in their name. `authority` is the host, with or
    without a port, by which they reach the site. Raises `NotJoined`, and `Invalid` where it is no host."""
    person = inside.participant()
    host = host_of(authority)
    if host is None:
        raise Invalid("This site cannot be called by such a name.")
    who = author_id(inside.store.name, person.identity)
    return ice_configuration(inside.settings, host, who, site.now() // 1000)
