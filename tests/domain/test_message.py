import pytest

from mozchat.domain.errors import Invalid
from mozchat.domain.message import DELIVERED, Mailbox, Message, checked_body


def message(number, to="Bob", sender="Ann", kind="chat", until=100, position=0):
    return Message(number, sender, to, kind, {"text": "hi"}, 0, until, position)


def test_a_record_gives_the_same_message_again():
    assert Message.from_record(message(5).record()) == message(5)


def test_a_message_of_the_php_program_is_read():
    php = {
        "user": "Ann",
        "target": "Bob",
        "type": "text",
        "text": "hi",
        "received": 10,
        "notAfter": 20,
        "msid": "x",
    }
    read = Message.from_php(php, 3)
    assert (read.sender, read.to, read.type, read.sent, read.until) == ("Ann", "Bob", "chat", 10_000, 20_000)


def test_a_message_concerns_its_two_ends_and_one_to_everyone_all():
    assert message(1).concerns("bob")
    assert message(1).concerns("ANN")
    assert not message(1).concerns("Eve")
    assert message(1, to="*").concerns("Eve")


def test_a_receipt_concerns_only_whom_it_is_for():
    assert not message(1, to="Ann", sender="Bob", kind=DELIVERED).concerns("Bob")


def test_only_what_another_wrote_to_one_person_wants_a_receipt():
    assert message(1).wants_receipt("Bob")
    assert not message(1, to="*").wants_receipt("Bob")
    assert not message(1, to="Ann").wants_receipt("Ann")
    assert not message(1, kind=DELIVERED).wants_receipt("Bob")


def test_what_waits_is_unseen_in_time_and_for_that_person():
    box = Mailbox()
    for m in (message(1), message(2, until=5), message(3, to="Eve"), message(4, to="*")):
        box.add(m)
    assert [m.number for m in box.waiting("Bob", 0, 5)] == [1, 4]
    assert [m.number for m in box.waiting("Bob", 1, 5)] == [4]


def test_numbers_grow_when_the_clock_goes_back():
    box = Mailbox()
    box.add(message(500))
    assert box.next_number(400) == 501
    assert box.next_number(900) == 900


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "  "}, {"text": 5}, {"text": "x" * 1001}, [], None]
)
def test_a_chat_message_has_a_text_of_at_most_1000_characters(body):
    with pytest.raises(Invalid):
        checked_body("chat", body)


@pytest.mark.parametrize("kind", ["", "delivered", "CHAT", "x" * 500])
def test_other_types_cannot_be_sent(kind):
    with pytest.raises(Invalid):
        checked_body(kind, {"text": "hi"})


def test_control_characters_are_taken_out_of_a_chat_line():
    assert checked_body("chat", {"text": " a\u202eb\x00c\nd "}) == {"text": "a b c\nd"}
