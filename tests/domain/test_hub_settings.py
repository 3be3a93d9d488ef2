"""`ws.ini`: the keys of the PHP mozchat, and what is wrong with them in words."""

import pytest

from mozchat.domain.hub_settings import HubSettings, parse_hub_settings

PHP = b"""[common]
wsOn=10
wsCommandUri="http://localhost:8081"
;wsServerUri="ws://localhost:8080"
wsServerUri="wss://myphp:8080"
[server]
composerPath="/home/alexander/";
listenForCommands="127.0.0.1"
wssCert="/opt/lampp/etc/ssl.crt/snakeoil_myphp.pem"
wssKey="/opt/lampp/etc/ssl.key/snakeoil_myphp_copy.key"
[realms]
videoStream=
mediaChat=
mc=
"""


def parsed(common="", server="", realms=""):
    text = f"[common]\n{common}\n[server]\n{server}\n[realms]\n{realms}\n"
    return parse_hub_settings(text.encode(), "ws.ini")


def problems(*arguments):
    return [str(problem) for problem in parsed(*arguments)[1]]


def test_a_file_of_the_php_mozchat_counts_as_it_is_but_for_composer():
    settings, wrong = parse_hub_settings(PHP, "ws.ini")

    assert settings == HubSettings(
        on=True,
        command_address=("127.0.0.1", 8081),
        server_uri="wss://myphp:8080",
        listen=("0.0.0.0", 8080),
        commands_at="127.0.0.1",
        cert="/opt/lampp/etc/ssl.crt/snakeoil_myphp.pem",
        key="/opt/lampp/etc/ssl.key/snakeoil_myphp_copy.key",
        realms=frozenset({"videoStream", "mediaChat", "mc"}),
    )
    assert [str(problem) for problem in wrong] == [
        "ws.ini line 7: composerPath: is of no use here: it was for PHP"
    ]


def test_an_empty_file_and_one_without_values_mean_that_there_is_no_hub():
    assert parse_hub_settings(b"", "ws.ini") == (HubSettings(), [])
    assert parsed("wsOn=0\nwsServerUri=\nwsCommandUri=", "wsLocalPort=\nwssCert=\nwssKey=") == (
        HubSettings(),
        [],
    )


@pytest.mark.parametrize(
    ("common", "server", "listen"),
    [
        ("", "", ("127.0.0.1", 8080)),
        ("wsServerUri=wss://example.org/hub", "", ("127.0.0.1", 8080)),
        ("wsServerUri=ws://localhost:9000", "", ("127.0.0.1", 9000)),
        ("wsServerUri=ws://localhost:9000", "wsLocalPort=9001", ("127.0.0.1", 9001)),
        ("", "wsLocalPort=0.0.0.0:9001", ("0.0.0.0", 9001)),
        ("", "wsLocalPort=[::1]:9001", ("::1", 9001)),
        ("", "wssCert=a\nwssKey=b\nwsLocalPort=9001", ("0.0.0.0", 9001)),
        ("", "wssCert=a\nwssKey=b\nwsLocalPort=127.0.0.1:9001", ("127.0.0.1", 9001)),
    ],
)
def test_it_listens_to_this_machine_alone_unless_it_has_a_certificate_or_is_told_so(common, server, listen):
    settings, wrong = parsed(common, server)

    assert (settings.listen, wrong) == (listen, [])


def test_without_realms_it_serves_all_threads_and_with_some_those_only():
    assert parsed("wsOn=1")[0].serves("walk")
    assert parsed("wsOn=1", "", "walk=\ncave=")[0].serves("cave")
    assert not parsed("wsOn=1", "", "walk=")[0].serves("cave")
    assert not parsed("wsOn=0", "", "walk=")[0].serves("walk")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("wsOn=maybe",), 'ws.ini line 2: wsOn = "maybe": 1 (on) or 0 (off) was expected'),
        (
            ("wsServerUri=https://example.org",),
            'ws.ini line 2: wsServerUri = "https://example.org": '
            "an address like wss://example.org/hub was expected",
        ),
        (
            ("wsCommandUri=udp://hub.example.org:8081",),
            'ws.ini line 2: wsCommandUri = "udp://hub.example.org:8081": '
            "an address like udp://10.0.0.7:8081, with an IP address or localhost, was expected",
        ),
        (
            ("", "wsLocalPort=99999"),
            'ws.ini line 4: wsLocalPort = "99999": '
            "a port, or an IP address with a port, like 0.0.0.0:8080, was expected",
        ),
        (
            ("", "listenForCommands=here"),
            'ws.ini line 4: listenForCommands = "here": an IP address was expected',
        ),
        (("", "wssCert=a"), "ws.ini line 1: wssKey: wssCert and wssKey go together"),
        (("", "", "a b="), "ws.ini line 6: a b: the name of a thread was expected, `name=`"),
        (("wsOn[]=1",), 'ws.ini line 2: wsOn = "1": 1 (on) or 0 (off) was expected'),
    ],
)
def test_a_bad_value_is_an_error_that_says_what_was_expected(arguments, expected):
    _, wrong = parsed(*arguments)

    assert [(problem.level, str(problem)) for problem in wrong] == [("error", expected)]


@pytest.mark.parametrize("uri", ["wss://a.example", "ws://[::1]:8080/hub", "wss://a.example:1/b/hub"])
def test_an_address_of_a_websocket_is_taken(uri):
    assert parsed(f"wsServerUri={uri}")[0].server_uri == uri


@pytest.mark.parametrize(
    "uri", ["wss://", "wss://a b", "wss://a'none'", "wss://a:0", "wss://a:99999", "wss://a?b=c"]
)
def test_what_is_none_is_not(uri):
    assert [problem.key for problem in parsed(f'wsServerUri="{uri}"')[1]] == ["wsServerUri"]


def test_what_means_nothing_is_a_warning():
    assert problems("wsLocalPort=1") == [
        "ws.ini line 2: wsLocalPort: does not count here; it belongs in [server]"
    ]
    assert problems("wsServerUrl=x") == ["ws.ini line 2: wsServerUrl: unknown key; is wsServerUri meant?"]
    assert problems("", "listenForCommands=127.0.0.1") == [
        "ws.ini line 1: listenForCommands: does not count, because no wsCommandUri says the port"
    ]
    settings, wrong = parse_hub_settings(b"[common]\nwsOn=1\n[extra]\n", "ws.ini")
    assert settings.on
    assert [problem.level for problem in wrong] == ["warning"]


def test_a_text_that_php_refuses_is_an_error_with_its_line():
    settings, wrong = parse_hub_settings(b"[common]\nwsOn=1\n)\n", "ws.ini")

    assert settings == HubSettings()
    assert [(problem.level, problem.line) for problem in wrong] == [("error", 3)]
