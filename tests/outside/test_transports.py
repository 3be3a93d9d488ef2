"""Handing mail in: to a real mail server, to programs in sendmail's place, to a folder."""

import email
import email.policy
import sys
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import quote

import pytest

from mozchat.outside import smtp
from mozchat.outside.mail import Deferred, Refused, Unreached
from mozchat.outside.transport import transport_of
from tests.mail_server import PASSWORD, USER, Certificate, MailServer
from tests.running import free_port

BOB = "bob@example.org"


@pytest.fixture
def server():
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure_server(certificate):
    """A server that wants TLS and a password: `secure_server("starttls")` or `("smtps")`."""
    servers = []

    def start(security):
        servers.append(MailServer(certificate, implicit=security == "smtps"))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def message():
    message = EmailMessage(policy=email.policy.SMTP.clone(cte_type="7bit"))
    message["From"] = Address("Mail Robot", addr_spec="robot@example.org")
    message["To"] = Address("Bob", addr_spec=BOB)
    message["Subject"] = "Привет"
    message.set_content("A line.\n.\n.. and dots, ёж\n")
    return message


def url_of(server, scheme="smtp", user=None, password=PASSWORD, host="localhost"):
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    return f"{scheme}://{login}{host}:{server.port}"


def test_a_mail_arrives_as_it_was_sent_and_one_connection_serves_several(server, message):
    transport = transport_of(url_of(server))
    transport.send(message, [BOB])
    transport.send(message, ["eve@example.org"])
    transport.close()

    first, second = server.received
    assert (first.sender, first.recipient, second.recipient) == ("robot@example.org", BOB, "eve@example.org")
    assert first.message["Subject"] == "Привет"
    assert first.text() == "A line.\n.\n.. and dots, ёж\n"
    assert max(len(line) for line in first.content.splitlines()) <= 998
    assert first.content.isascii()
    assert server.connections == 1


@pytest.mark.parametrize("security", ["starttls", "smtps"])
def test_tls_and_a_password_with_every_special_character(
    secure_server, certificate, message, security, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    server = secure_server(security)
    transport = transport_of(url_of(server, security, USER))

    transport.check()
    transport.send(message, [BOB])
    transport.close()

    assert [each.recipient for each in server.received] == [BOB]


@pytest.mark.parametrize("security", ["starttls", "smtps"])
def test_a_wrong_password_is_said_and_nothing_is_sent(
    secure_server, certificate, message, security, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    server = secure_server(security)
    transport = transport_of(url_of(server, security, USER, "wrong"))

    with pytest.raises(Unreached, match="does not let us in: 535") as raised:
        transport.check()
    with pytest.raises(Unreached):
        transport.send(message, [BOB])

    assert "wrong" not in str(raised.value)
    assert server.received == []


@pytest.mark.parametrize("security", ["starttls", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password(
    secure_server, message, security
):
    server = secure_server(security)

    with pytest.raises(Unreached, match="certificate verify failed"):
        transport_of(url_of(server, security, USER)).send(message, [BOB])

    assert server.received == []


def test_starttls_never_goes_on_without_tls(server, message):
    with pytest.raises(Unreached, match="STARTTLS extension not supported"):
        transport_of(url_of(server, "starttls")).send(message, [BOB])
    assert server.received == []


def test_a_server_that_is_not_there_is_said():
    with pytest.raises(Unreached, match="localhost cannot be reached"):
        transport_of(f"smtp://localhost:{free_port()}").check()


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such user", Refused), ("450 mailbox busy", Deferred), ("421 closing", Unreached)],
)
def test_what_the_server_says_of_a_recipient_decides(server, message, answer, error):
    server.refusals[BOB] = answer
    transport = transport_of(url_of(server))

    with pytest.raises(error, match=answer):
        transport.send(message, [BOB])
    transport.send(message, ["eve@example.org"])
    transport.close()

    assert [each.recipient for each in server.received] == ["eve@example.org"]


@pytest.mark.parametrize(("answer", "error"), [("554 spam", Refused), ("452 full", Deferred)])
def test_what_the_server_says_of_the_content_decides(server, message, answer, error):
    server.on_data = lambda recipient: answer if recipient == BOB else None
    transport = transport_of(url_of(server))

    with pytest.raises(error, match=answer):
        transport.send(message, [BOB])
    transport.send(message, ["eve@example.org"])
    transport.close()

    assert [each.recipient for each in server.received] == ["eve@example.org"]


def test_a_server_that_dies_while_it_takes_a_mail_has_not_taken_it(server, message):
    server.on_data = lambda recipient: server.DIE if recipient == BOB else None
    transport = transport_of(url_of(server))

    with pytest.raises(Deferred, match="broke off while it took the mail"):
        transport.send(message, [BOB])
    transport.send(message, ["eve@example.org"])
    transport.close()

    assert [each.recipient for each in server.received] == ["eve@example.org"]
    assert server.connections == 2


def test_a_server_that_is_slow_to_take_a_mail_is_waited_for(server, message, monkeypatch):
    monkeypatch.setattr(smtp, "SECONDS", 0.5)
    server.seconds = 1.5
    transport = transport_of(url_of(server))

    transport.send(message, [BOB])
    transport.close()

    assert len(server.received) == 1


def test_a_server_that_hangs_up_between_two_mails_is_called_again(server, message):
    transport = transport_of(url_of(server))
    transport.send(message, [BOB])
    server.stop()
    server.start()

    transport.send(message, [BOB])
    transport.close()

    assert len(server.received) == 2


@pytest.fixture
def program(tmp_path):
    """A program in sendmail's place that keeps what it is given, says something, and ends with a code."""

    def make(code=0, said=""):
        path = tmp_path / "sendmail"
        path.write_text(
            f"#!{sys.executable}\nimport sys\n"
            f"open({str(tmp_path / 'mail')!r}, 'wb').write(sys.stdin.buffer.read())\n"
            f"open({str(tmp_path / 'arguments')!r}, 'w').write('\\n'.join(sys.argv[1:]))\n"
            f"sys.stderr.write({said!r})\nsys.exit({code})\n"
        )
        path.chmod(0o755)
        return path

    return make


def test_sendmail_gets_the_mail_and_whom_it_is_for(program, message, tmp_path):
    transport_of(f"sendmail:{program()}").send(message, [BOB])

    assert (tmp_path / "arguments").read_text().split("\n") == ["-i", "-f", "robot@example.org", BOB]
    content = (tmp_path / "mail").read_bytes()
    assert b"\r" not in content
    assert email.message_from_bytes(content, policy=email.policy.default)["Subject"] == "Привет"


@pytest.mark.parametrize(("code", "error"), [(67, Refused), (75, Deferred), (69, Unreached), (1, Unreached)])
def test_how_sendmail_ends_decides(program, message, code, error):
    with pytest.raises(error, match=f"ended with {code}: no such thing"):
        transport_of(f"sendmail:{program(code, 'no such thing')}").send(message, [BOB])


def test_a_sendmail_that_is_not_there_is_said(tmp_path):
    with pytest.raises(Unreached, match="there is no program"):
        transport_of(f"sendmail:{tmp_path}/nothing").check()


def test_a_folder_gets_a_file_a_mail(tmp_path, message):
    transport = transport_of(f"file:{tmp_path}/mails")
    transport.check()
    transport.send(message, [BOB])
    transport.send(message, [BOB])

    first, second = (tmp_path / "mails").glob("*.eml")
    assert first.read_bytes() == second.read_bytes() == message.as_bytes()


def test_a_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unreached, match="file"):
        transport_of(f"file:{tmp_path}/file/mails").check()


def test_anything_else_is_no_way_to_send_mail():
    with pytest.raises(ValueError, match="http"):
        transport_of("http://localhost")
