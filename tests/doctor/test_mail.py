"""Mail servers, right and wrong, as the doctor sees them."""

from urllib.parse import quote

import pytest

from tests.mail_server import PASSWORD, USER, Certificate, MailServer
from tests.running import free_port

pytestmark = pytest.mark.process


@pytest.fixture
def server(tmp_path):
    """A mail server that wants STARTTLS and a password."""
    certificate = Certificate(tmp_path)
    made = MailServer(certificate)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def examine_mail(examine, folder, tmp_path, server):
    """Examine a site whose mail goes to the server, whose certificate is `trusted`."""

    def run(*arguments, user=USER, password=PASSWORD, port=server.port, scheme="starttls", trusted=True):
        url = f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@localhost:{port}"
        environment = {"MOZCHAT_SMTP_URL": url}
        if trusted:
            environment["SSL_CERT_FILE"] = str(tmp_path / "certificate.pem")
        return examine(folder, *arguments, environment=environment)

    return run


def test_a_server_that_lets_us_in_is_right(examine_mail, server):
    report = examine_mail()

    assert report.abouts("error") | report.abouts("warning") == set()
    assert f"starttls://localhost:{server.port} lets us in" in report.text("Mail server")
    assert server.received == []


def test_a_test_mail_is_sent_on_demand(examine_mail, server, folder):
    with (folder / "walk" / ".ini").open("a") as ini:
        ini.write('mailFrom="Mail Robot <robot@example.org>"\n')
    report = examine_mail("--mail", "ann@example.org")

    assert "Test mail" in report.abouts("right")
    (mail,) = server.received
    assert (mail.sender, mail.recipient) == ("robot@example.org", "ann@example.org")
    assert "mozchat doctor" in mail.message["Subject"]


def test_a_test_mail_that_is_refused_is_an_error(examine_mail, server):
    server.refusals["ann@example.org"] = "550 no such user"
    report = examine_mail("--mail", "ann@example.org")

    assert report.abouts("error") == {"Test mail"}
    assert "no such user" in report.text("Test mail")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"password": "wrong"}, "See user and password in MOZCHAT_SMTP_URL"),
        ({"port": free_port()}, "See host and port in MOZCHAT_SMTP_URL"),
        ({"trusted": False}, "its certificate must be valid"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_an_error(examine_mail, how, words):
    report = examine_mail(**how)

    assert report.abouts("error") == {"Mail server"}
    assert words in report.text("Mail server")
    assert "wrong" not in report.text("Mail server")
    assert PASSWORD not in str(report.view)


def test_no_mail_server_is_left_out(examine, folder):
    assert "MOZCHAT_SMTP_URL" in examine(folder).text("Mail server")


def test_what_is_no_address_gets_no_mail(run_doctor, folder):
    done = run_doctor(folder, "--mail", "ann")

    assert done.returncode == 1
    assert "'ann' is no mail address" in done.stderr
