"""The command `mozchat`: run a site, and look after its threads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import click

from mozchat import __version__, certificate, logs
from mozchat.domain.errors import BadSettings, MozchatError
from mozchat.domain.mailbox import is_address
from mozchat.resources import PRESET_NAMES, preset
from mozchat.services import threads, upkeep
from mozchat.services.access import approach
from mozchat.services.notify_send import drain
from mozchat.services.site import Site
from mozchat.settings import SettingsError, SiteSettings, checked_public_url

EVERYWHERE = "0.0.0.0"
"""All addresses of this machine."""


@click.group()
@click.version_option(__version__)
@click.option("--threads", "folder", type=click.Path(path_type=Path), help="The folder of the threads.")
@click.pass_context
def main(context: click.Context, folder: Path | None = None) -> None:
    """mozchat, the voice and video forum on plain HTTP."""
    try:
        settings = SiteSettings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    context.obj = replace(settings, threads_folder=folder.absolute()) if folder else settings


@main.command()
@click.option(
    "--host", help="Address to listen at; 0.0.0.0: all.  [default: 127.0.0.1; with --https 0.0.0.0]"
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    help="Listen at a unix socket instead, for a server in front.",
)
@click.option(
    "--https",
    is_flag=True,
    help="With a certificate made here: to try it on a phone in the same network, which asks whether to trust it.",
)
@click.option("--threads", "folder", type=click.Path(path_type=Path), help="The folder of the threads.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--listeners", type=click.IntRange(0, 10_000), help="Long polls held at once.  [default: 2000]")
@click.pass_obj
def run(
    settings: SiteSettings,
    host: str | None,
    port: int,
    socket: Path | None,
    https: bool,
    folder: Path | None,
    workers: int,
    listeners: int | None,
) -> None:
    """Serve the site. A folder that is not there yet, or empty, gets the five presets."""
    from mozchat.server import Server  # gunicorn, which no other command needs, takes long to load

    logs.set_up(settings.log_level)
    if folder is not None:
        settings = replace(settings, threads_folder=folder)
    if socket and https:
        raise click.UsageError(
            "--https is for who comes without a server in front, and --socket for that server."
        )
    if not settings.threads_folder.is_dir() or not any(settings.threads_folder.iterdir()):
        _make_presets(settings)
    if listeners is None and settings.listeners is not None:
        listeners = settings.listeners * workers
    host = host or (EVERYWHERE if https else "127.0.0.1")
    bind = f"unix:{socket}" if socket else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    name = "localhost" if host in ("127.0.0.1", EVERYWHERE, "::") else host
    shown, file = str(socket) if socket else f"http://{name}:{port}", None
    if os.environ.get("LISTEN_FDS"):
        shown = "the socket that was handed over"
    if https:
        address = certificate.own_address() if name == "localhost" else host
        shown, file = f"https://{address}:{port}", _certificate(settings, address)
    click.echo(f"mozchat {__version__} on {shown}  (threads in {settings.threads_folder.absolute()})")
    if file:
        click.echo("Open that on a phone in the same network; it asks whether to trust the certificate.")
    Server(settings, bind=bind, workers=workers, listeners=listeners, certificate=file).run()


def _make_presets(settings: SiteSettings) -> None:
    with closing(Site.of(settings)) as site:
        for name in PRESET_NAMES:
            site.store.create(name, preset(name))
    click.echo(f"Made {settings.threads_folder.absolute()} with the threads {', '.join(PRESET_NAMES)}.")


def _certificate(settings: SiteSettings, address: str) -> Path:
    try:
        return certificate.kept_certificate(settings.threads_folder, address)
    except (certificate.NoCertificate, OSError) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.pass_obj
def hub(settings: SiteSettings) -> None:
    """Push events over websockets, beside a running site; ws.ini says how."""
    from wshub.server import serve
    from wshub.settings import certificate_of, settings_of

    logs.set_up(settings.log_level)
    site = Site.of(settings)
    try:
        found = settings_of(site)
        serve(site, found, certificate_of(found))
    except (SettingsError, OSError) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--url", help="Where participants find the site.  [default: MOZCHAT_PUBLIC_URL]")
@click.option("--mail", "test_mail_to", default="", help="Send a test mail to this address.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def doctor(settings: SiteSettings, url: str | None, test_mail_to: str, as_json: bool) -> None:
    """Try out whether the site is set up as it must be, and say what to do where not. Exits with 1 on an error.

    Nothing is changed: what is made to try things out is removed again.
    """
    from mozchat.doctor import report  # takes a while to load

    try:
        settings = settings if url is None else replace(settings, public_url=checked_public_url(url))
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    if test_mail_to and not is_address(test_mail_to):
        raise click.ClickException(f"{test_mail_to!r} is no mail address.")
    sys.exit((report.print_json if as_json else report.print_page)(settings, test_mail_to))


@main.command()
@click.argument("name")
@click.option(
    "--preset", "preset_name", type=click.Choice(PRESET_NAMES), default="mediaChat", show_default=True
)
@click.pass_obj
def new(settings: SiteSettings, name: str, preset_name: str) -> None:
    """Create the thread NAME after a preset."""
    with _site(settings) as site:
        store = site.store.create(name, preset(preset_name))
        click.echo(f"Made {store.path}. Its settings are in {store.path / '.ini'}.")


@main.command(name="list")
@click.pass_obj
def list_threads(settings: SiteSettings) -> None:
    """List the threads: name, number of clips, title."""
    with _site(settings) as site:
        for name in site.store.names():
            try:
                door = approach(site, name, None)
                click.echo(f"{name}\t{len(door.store.clips())}\t{threads.shown_title(door.settings, name)}")
            except BadSettings:
                click.echo(f"{name}\t-\t(its .ini has errors; see `mozchat check {name}`)")


@main.command()
@click.argument("name", required=False)
@click.pass_obj
def check(settings: SiteSettings, name: str | None) -> None:
    """Check the settings, catalogue and permissions of all threads, or of NAME. Exits with 1 on an error."""
    with _site(settings) as site:
        names = upkeep.thread_names(site, name)
        findings = [finding for each in names for finding in upkeep.check(site, each)]
        findings += upkeep.check_hub(site) if name is None else []
        findings += upkeep.check_mail(site) if name is None else []
    for finding in findings:
        click.echo(str(finding))
    if not settings.threads_folder.is_dir():
        raise click.ClickException(f"there is no folder {settings.threads_folder.absolute()}")
    errors = sum(finding.level == "error" for finding in findings)
    click.echo(f"{len(names)} threads, {errors} errors, {len(findings) - errors} warnings")
    sys.exit(1 if errors else 0)


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.pass_obj
def sweep(settings: SiteSettings, dry_run: bool) -> None:
    """Complete abandoned live clips; remove expired clips and uploads, and files that no record names; drop
    records whose file is gone."""
    passed_over = 0
    with _site(settings) as site:
        for name in site.store.names():
            try:
                swept = upkeep.sweep(site, name, dry_run=dry_run)
            except MozchatError as error:
                click.echo(f"{name}: passed over: {error.detail}", err=True)
                passed_over += 1
                continue
            for what, items in (
                ("expired", swept.expired),
                ("lost", swept.lost),
                ("orphan", swept.orphans),
                ("unfinished", swept.uploads),
                ("abandoned", swept.abandoned),
                ("leftover", swept.leftovers),
            ):
                for item in items:
                    click.echo(f"{name}: {what} {item}{' (kept: dry run)' if dry_run else ''}")
    sys.exit(1 if passed_over else 0)


@main.command()
@click.argument("name")
@click.confirmation_option(prompt="Remove all clips of this thread?")
@click.pass_obj
def clear(settings: SiteSettings, name: str) -> None:
    """Remove all clips of the thread NAME."""
    with _site(settings) as site:
        count = upkeep.clear(site, name)
    click.echo(f"{name}: {count} clips removed")


@main.command()
@click.argument("name")
@click.password_option(help="The password; asked for where it is not given. Empty: none any more.")
@click.pass_obj
def passwd(settings: SiteSettings, name: str, password: str) -> None:
    """Set the password of the thread NAME; its hash goes into the thread's .ini."""
    with _site(settings) as site:
        upkeep.set_password(site, name, password)
    click.echo(f"{name}: the password is {'set' if password else 'gone'}")


@main.command(name="send-mail")
@click.pass_obj
def send_mail(settings: SiteSettings) -> None:
    """Send the mail that is due. For cron, where no process of the site stays to do it. Exits with 1 where
    the mail server cannot be reached."""
    with _site(settings) as site:
        if not site.can_mail:
            raise click.ClickException(
                "No mail can be sent: MOZCHAT_SMTP_URL and MOZCHAT_PUBLIC_URL are needed."
            )
        drained = drain(site)
    if drained is None:
        click.echo("another process is sending just now")
        return
    click.echo(f"{drained.sent} sent, {drained.waiting} waiting, {drained.dead} given up")
    if drained.fault:
        raise click.ClickException(drained.fault)


@contextmanager
def _site(settings: SiteSettings) -> Iterator[Site]:
    """The site, put away afterwards; an error of the domain becomes a line on stderr and exit code 1."""
    try:
        with closing(Site.of(settings)) as site:
            yield site
    except BadSettings as error:
        raise click.ClickException("\n".join(error.errors)) from error
    except MozchatError as error:
        raise click.ClickException(error.detail) from error
