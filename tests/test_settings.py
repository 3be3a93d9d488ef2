"""Settings of the whole site."""

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from mozchat.cli import main
from mozchat.outside.transport import transport_of
from mozchat.services.site import Site
from mozchat.settings import SettingsError, SiteSettings


def test_without_any_setting_there_are_defaults_that_work():
    settings = SiteSettings.from_environment({})
    assert settings == SiteSettings(Path("threads"), None, "INFO", 64_000_000)


def test_the_environment_goes_before_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("MOZCHAT_THREADS=/from/file\nMOZCHAT_LISTENERS=7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOZCHAT_THREADS", "/from/environment")
    monkeypatch.delenv("MOZCHAT_LISTENERS", raising=False)
    settings = SiteSettings.from_environment()
    assert (settings.threads_folder, settings.listeners) == (Path("/from/environment"), 7)


def test_the_env_file_and_the_threads_are_in_the_home_of_the_site_whatever_the_working_folder(
    tmp_path, monkeypatch
):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("MOZCHAT_LISTENERS=7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOZCHAT_THREADS", raising=False)
    monkeypatch.setenv("MOZCHAT_HOME", str(home))
    settings = SiteSettings.from_environment()
    assert (settings.threads_folder, settings.listeners) == (home / "threads", 7)
    monkeypatch.setenv("MOZCHAT_THREADS", "/elsewhere")
    assert SiteSettings.from_environment().threads_folder == Path("/elsewhere")


@pytest.mark.parametrize(
    ("given", "how"), [("", ""), (" X-Sendfile", "x-sendfile"), ("X-Accel-Redirect", "x-accel-redirect")]
)
def test_who_sends_files_is_said_in_any_case(given, how):
    assert SiteSettings.from_environment({"MOZCHAT_SENDFILE": given}).sendfile == how


def test_the_floor_of_free_disk_can_be_switched_off():
    assert SiteSettings.from_environment({"MOZCHAT_MIN_FREE_BYTES": "0"}).min_free_bytes == 0


def test_the_settings_of_the_hub_are_beside_the_threads_unless_said_otherwise(tmp_path):
    threads = {"MOZCHAT_THREADS": str(tmp_path / "threads")}
    named = {**threads, "MOZCHAT_HUB_INI": "/etc/mozchat/ws.ini"}

    with closing(Site.of(SiteSettings.from_environment(threads))) as site:
        assert site.hub_file.path == tmp_path / "wshub" / "ws.ini"
    with closing(Site.of(SiteSettings.from_environment(named))) as site:
        assert site.hub_file.path == Path("/etc/mozchat/ws.ini")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://example.org", "https://example.org"),
        (" http://example.org:8080/forum/ ", "http://example.org:8080/forum"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]"),
        ("", ""),
    ],
)
def test_the_public_url_has_no_slash_at_its_end(given, url):
    assert SiteSettings.from_environment({"MOZCHAT_PUBLIC_URL": given}).public_url == url


def test_a_secret_key_is_long_and_told_to_nobody():
    key = "0123456789abcdef0123456789abcdef"
    settings = SiteSettings.from_environment({"MOZCHAT_SECRET_KEY": key})
    assert settings.secret_key == key
    assert key not in repr(settings)
    with pytest.raises(SettingsError, match="at least 32 random characters") as refused:
        SiteSettings.from_environment({"MOZCHAT_SECRET_KEY": "swordfish"})
    assert str(refused.value).startswith("MOZCHAT_SECRET_KEY: ")
    assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smtp://localhost",
        "smtp://localhost:2525/",
        "smtps://ann%40example.org:p%3A%2F@mail.example.org:465",
        "starttls://ann:secret@[::1]:587",
        "sendmail:",
        "sendmail:/usr/sbin/sendmail",
        "file:/tmp/mails",
        "file:///tmp/mails",
    ],
)
def test_mail_is_handed_in_where_the_setting_says(url):
    settings = SiteSettings.from_environment({"MOZCHAT_SMTP_URL": f" {url} "})
    assert settings.mail_url == url
    assert not url or url not in repr(settings)
    assert not url or transport_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp:",
        "smtp://",
        "smtp://ann@mail.example.org",
        "smtp://ann:sword/fish@mail.example.org",
        "smtp://localhost:0",
        "smtp://localhost:x",
        "smtp://localhost/?tls=1",
        "sendmail",
        "sendmail:bin/sendmail",
        "file:",
        "file:mails",
    ],
)
def test_a_bad_mail_server_is_told_without_its_password(url):
    with pytest.raises(SettingsError, match="MOZCHAT_SMTP_URL: an address like") as refused:
        SiteSettings.from_environment({"MOZCHAT_SMTP_URL": url})
    assert "fish" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOZCHAT_LISTENERS", "many"),
        ("MOZCHAT_SENDFILE", "yes"),
        ("MOZCHAT_LOG_LEVEL", "LOUD"),
        ("MOZCHAT_MIN_FREE_BYTES", "64 MB"),
        *[
            ("MOZCHAT_PUBLIC_URL", url)
            for url in (
                "example.org",
                "ftp://example.org",
                "https://",
                "https://example.org:x",
                "https://ann@example.org",
                "https://example.org/#a",
            )
        ],
    ],
)
def test_a_bad_value_is_named(name, value):
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        SiteSettings.from_environment({name: value})


def test_a_folder_that_is_named_on_the_command_line_leaves_the_env_file_what_it_is(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("MOZCHAT_THREADS=elsewhere\nMOZCHAT_PUBLIC_URL=nowhere\n")
    monkeypatch.chdir(tmp_path)
    for name in ("MOZCHAT_THREADS", "MOZCHAT_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)

    refused = CliRunner().invoke(main, ["--threads", "here", "list"])
    (tmp_path / ".env").write_text("MOZCHAT_THREADS=elsewhere\n")
    (tmp_path / "here" / "walk").mkdir(parents=True)
    (tmp_path / "here" / "walk" / ".ini").touch()
    listed = CliRunner().invoke(main, ["--threads", "here", "list"])

    assert refused.exit_code == 1
    assert "MOZCHAT_PUBLIC_URL='nowhere'" in refused.output
    assert listed.output.startswith("walk\t")
