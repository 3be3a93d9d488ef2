import pytest

from mozchat.domain.errors import NameTaken
from mozchat.domain.presence import (
    KEPT_MS,
    MAX_PEOPLE,
    MOST_LISTENERS,
    Announcement,
    Mark,
    Person,
    Roster,
)

HOLD = 1000


def claim(roster, name, identity, now=0, until=100):
    return roster.claim(name, identity, now=now, until=until, hold=HOLD)


def test_a_name_belongs_to_who_used_it_last():
    roster = claim(Roster(), "Ann", "a")
    with pytest.raises(NameTaken):
        claim(roster, "ann", "b", now=HOLD - 1)
    assert claim(roster, "ANN", "b", now=HOLD).get("ann").identity == "b"


def test_a_name_without_identity_is_free():
    roster = Roster([Person("Ann", "", 100, 100)])
    assert claim(roster, "Ann", "a").by_identity("a").name == "Ann"


def test_an_identity_is_the_name_that_it_used_last():
    roster = claim(claim(Roster(), "Ann", "a", now=1), "Anna", "a", now=2)
    assert roster.by_identity("a").name == "Anna"
    with pytest.raises(NameTaken):
        claim(roster, "Ann", "b", now=3)


def test_online_is_who_has_a_mark_that_is_not_over():
    roster = claim(claim(Roster(), "Ann", "a", until=100), "bob", "b", until=50)
    assert roster.online(0) == ("Ann", "bob")
    assert roster.online(50) == ("Ann",)
    assert roster.online(100) == ()
    assert roster.online(49) == ("Ann", "bob"), "the clock may go back"


def test_the_fingerprint_changes_with_who_is_online_and_only_then():
    roster = claim(Roster(), "Ann", "a", until=100)
    later = roster.marked({"Ann": Mark(50, 150)})
    assert roster.fingerprint(10) == later.fingerprint(140)
    assert roster.fingerprint(100) != later.fingerprint(100)


def test_a_mark_takes_nothing_back():
    roster = claim(Roster(), "Ann", "a", until=100).marked({"Ann": Mark(10, 90, seen=7)})
    assert roster.online(99) == ("Ann",)
    assert roster.marked({"Ann": Mark(20, 95, seen=5)}).get("Ann").seen == 7


def test_a_mark_from_before_somebody_left_does_not_bring_them_back():
    roster = claim(Roster(), "Ann", "a", until=100).release("Ann", now=50)
    assert roster.marked({"Ann": Mark(49, 150)}).online(60) == ()
    assert roster.marked({"Ann": Mark(51, 150)}).online(60) == ("Ann",)


def test_a_mark_of_somebody_who_is_not_known_any_more_counts_for_nothing():
    assert Roster().marked({"Ann": Mark(0, 100)}).people() == []


def announced(now, until, listener="page"):
    return {"Ann": Mark(now, now, announced={listener: Announcement(now, until)})}


def test_what_a_listener_announces_takes_the_place_of_what_it_announced_before():
    roster = claim(Roster(), "Ann", "a", until=100).marked(announced(50, 300))
    assert roster.online(299) == ("Ann",)
    assert roster.marked(announced(60, 200)).online(200) == ()
    assert roster.marked(announced(40, 200)).online(299) == ("Ann",), "that was before"
    assert roster.marked(announced(60, 60)).online(99) == ("Ann",), "it was not the only sign of life"


def test_what_another_listener_announces_stays():
    roster = claim(Roster(), "Ann", "a", until=100)
    roster = roster.marked(announced(50, 300)).marked(announced(51, 250, "tab")).marked(announced(60, 60))
    assert (roster.online(249), roster.online(250)) == (("Ann",), ())


def test_what_was_announced_before_somebody_left_does_not_bring_them_back():
    roster = claim(Roster(), "Ann", "a", until=100).marked(announced(40, 300)).release("Ann", now=50)
    assert roster.online(60) == ()
    assert roster.marked(announced(49, 300)).online(60) == ()
    assert roster.marked(announced(51, 300)).online(60) == ("Ann",)


def test_an_announcement_is_kept_a_while_and_so_many_are():
    roster = claim(Roster(), "Ann", "a", until=100).marked(announced(50, 300))
    assert roster.marked({"Ann": Mark(299 + KEPT_MS)}).get("Ann").announced
    assert not roster.marked({"Ann": Mark(300 + KEPT_MS)}).get("Ann").announced
    for number in range(MOST_LISTENERS + 5):
        roster = roster.marked(announced(60 + number, 400, f"tab{number}"))
    assert list(roster.get("Ann").announced) == [f"tab{n}" for n in range(5, MOST_LISTENERS + 5)]


def test_leaving_is_at_once_and_the_name_stays_held():
    roster = claim(Roster(), "Ann", "a").release("Ann", now=10)
    assert roster.online(10) == ()
    with pytest.raises(NameTaken):
        claim(roster, "Ann", "b", now=11)


def test_joining_again_keeps_what_has_been_delivered_and_another_identity_does_not_get_it():
    roster = claim(Roster(), "Ann", "a").marked({"Ann": Mark(0, seen=7)})
    assert claim(roster, "Ann", "a", now=5).get("Ann").seen == 7
    assert claim(roster, "Ann", "b", now=HOLD).get("Ann").seen == 0


def test_names_that_nobody_holds_any_more_are_forgotten():
    roster = claim(claim(Roster(), "Ann", "a", now=0), "Bob", "b", now=900)
    assert [p.name for p in roster.forget(HOLD, HOLD).people()] == ["Bob"]


def test_the_one_that_was_silent_longest_goes_when_there_are_too_many():
    people = [Person(f"p{n}", f"i{n}", 0, n) for n in range(MAX_PEOPLE + 5)]
    assert {p.name for p in people} - {p.name for p in Roster(people).forget(1, 1 << 40).people()} == {
        f"p{n}" for n in range(5)
    }


def test_a_record_gives_the_same_person_again():
    person = Person("Ann", "a", 5, 6, 7, "k")
    assert Person.from_record(person.record()) == person
