"""The tests of `scenario` that every recipe is held against: a file of tests has a subclass of these, and a
fixture `place` that says where its site is."""

from tests.deploy import scenario


class Serves:
    """Whatever stands in front, a site does this."""

    def test_one_enters(self, place):
        scenario.enters(place)

    def test_a_recording_goes_up_in_pieces(self, place):
        scenario.sends_pieces(place)

    def test_media_are_sent_whole_and_in_ranges(self, place):
        scenario.serves_media(place)

    def test_private_media_are_for_those_who_know_the_password(self, place):
        scenario.keeps_media_private(place)

    def test_bad_uploads_are_refused_in_the_sites_own_words(self, place):
        scenario.refuses_bad_uploads(place)

    def test_a_clip_is_deleted(self, place):
        scenario.deletes(place)

    def test_no_file_of_the_site_is_served(self, place):
        assert scenario.hides_files(place) > 50


class ServesListeners(Serves):
    """Where requests may wait for news, it does this, too."""

    def test_a_clip_is_told_within_100_ms(self, place):
        scenario.tells_of_a_clip(place)

    def test_a_clip_is_heard_while_it_is_recorded(self, place):
        scenario.is_heard_live(place)

    def test_the_doctor_finds_nothing_wrong(self, place, turn):
        assert scenario.found_by_the_doctor(place, turn) == (set(), set())

    def test_100_listeners_are_in_nobodys_way(self, place):
        """The last one: a server may hold their places for as long as they would have waited."""
        scenario.answers_others(place)
