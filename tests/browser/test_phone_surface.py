"""What people see, hear and press of calls: on the page as it is, with a phone that is put into any state."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_states import SIZES, check

STAND_IN = (Path(__file__).parent / "stand_in_phone.js").read_text()
TALKING = {
    "phase": "talking",
    "quality": {"steps": 3, "reason": "good", "rtt": 48, "loss": 0.01, "route": "direct"},
}
RINGS = """() => {
  window.rings = 0;
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...args) { window.rings += 1; start.apply(this, args); };
}"""


@pytest.fixture
def with_phone(site, make_thread, someone):
    """`with_phone("Ann", ["Bob"])`: Ann in a thread with Bob, on a page whose phone is a stand-in."""

    def enter(name="Ann", others=("Bob",), thread=None, **options):
        thread = thread or make_thread("mediaChat")
        for other in others:
            someone(other).enter(site, thread)
        person = someone(name, **options)
        person.page.context.route(
            re.compile(r"/js/phone/phone\.js$"),
            lambda route: route.fulfill(body=STAND_IN, content_type="text/javascript"),
        )
        person.enter(site, thread)
        for other in others:
            expect(person.page.locator(f'.person[data-name="{other}"]')).to_be_attached()
        return person

    return enter


def become(person, **state):
    person.page.evaluate("(state) => window.standIn.become(state)", state)


def ring(person, **more):
    state = {"phase": "ringing", "peer": "Bob", "outgoing": False, "shouldRing": True, "end": None}
    become(person, **{**state, **more})
    expect(card(person)).to_be_visible()


def talk(person, seconds=252):
    become(person, peer="Bob", **TALKING)
    person.page.evaluate(
        "(ms) => { standIn.become({since: Date.now() - ms}); standIn.speak(0.2, 0.8); }", seconds * 1000
    )
    expect(call(person)).to_be_visible()


def end(person, reason, **more):
    person.page.evaluate("([reason, more]) => window.standIn.end(reason, more)", [reason, more])


def phase(person):
    return person.page.evaluate("window.standIn.state.phase")


def card(person):
    return person.page.get_by_role("dialog", name="Bob is calling.")


def call(person):
    return person.page.get_by_role("main", name="Call with Bob")


def bar(person):
    return person.page.get_by_role("group", name="Call with Bob")


def open_people(person):
    """On a narrow page people and phone are behind a button."""
    if person.page.viewport_size["width"] < 1000:
        person.page.locator("#open-phone").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_call_is_accessible_in_every_state(with_phone, width, height, scheme):
    ann = with_phone(width=width, height=height, color_scheme=scheme, reduced_motion="reduce")
    open_people(ann)
    check(ann)
    ann.button("Call").click()
    expect(call(ann)).to_be_visible()
    check(ann)
    talk(ann)
    check(ann)
    ann.button("Quality").click()
    expect(ann.page.get_by_text("The line is good.")).to_be_visible()
    check(ann)
    ann.page.keyboard.press("Escape")
    ann.button("More").click()
    expect(ann.button("Full screen")).to_be_visible()
    check(ann)
    ann.page.keyboard.press("Escape")
    ann.button("Make the call small").click()
    expect(bar(ann)).to_be_visible()
    check(ann)
    ann.button("Make the call large").click()
    ann.page.evaluate("standIn.showPictures()")
    ann.button("Mute").click()
    check(ann)
    become(ann, phase="reconnecting", trouble="camera.lost")
    check(ann)
    end(ann, "failed", secs=252)
    expect(ann.page.get_by_text("The line to Bob broke after 4:12.").first).to_be_visible()
    check(ann)
    ring(ann, video=True)
    check(ann)


def test_whom_to_call_is_who_is_chosen_or_the_only_other_one(site, make_thread, someone, with_phone):
    thread = make_thread("mediaChat")
    ann = with_phone(others=(), thread=thread)
    expect(ann.button("Call")).to_be_disabled()
    expect(ann.page.get_by_text("Nobody else is here to be called.")).to_be_visible()
    someone("Bob").enter(site, thread)
    expect(ann.button("Call")).to_be_enabled()
    expect(ann.button("Call")).to_have_text("Call Bob")
    someone("Cleo").enter(site, thread)
    expect(ann.button("Call")).to_be_disabled()
    expect(ann.page.get_by_text("Choose somebody under “Online” to call.")).to_be_visible()
    ann.button("Call").click(force=True)
    assert phase(ann) == "idle"
    ann.page.get_by_role("list", name="Online").get_by_role("button", name="Cleo").click()
    expect(ann.button("Call")).to_have_text("Call Cleo")
    ann.page.get_by_role("textbox", name="To").fill("bob")
    ann.button("Call with picture").click()
    assert ann.page.evaluate("[standIn.state.peer, standIn.state.video]") == ["Bob", True]


def test_behind_somebody_chosen_by_keyboard_comes_call(with_phone):
    ann = with_phone(others=("Bob", "Cleo"))
    ann.page.get_by_role("list", name="Online").get_by_role("button", name="Bob").focus()
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("textbox", name="To", exact=True)).to_have_value("Bob")
    ann.page.keyboard.press("Tab")
    expect(ann.button("Call")).to_be_focused()
    expect(ann.button("Call")).to_have_text("Call Bob")


def test_somebody_who_is_away_cannot_be_called(with_phone):
    ann = with_phone()
    ann.page.get_by_role("textbox", name="To").fill("Rosa")
    expect(ann.button("Call")).to_be_disabled()
    expect(ann.page.get_by_text("Rosa is not here to be called.")).to_be_visible()


def test_nothing_of_calls_is_loaded_before_the_first_one(with_phone):
    ann = with_phone()
    loaded = "() => performance.getEntriesByType('resource').map(({ name }) => name)"
    assert not [
        name for name in ann.page.evaluate(loaded) if re.search(r"call-(surface|view)|css/call", name)
    ]
    ann.button("Call").click()
    expect(call(ann)).to_be_visible()
    names = ann.page.evaluate(loaded)
    assert any("call-surface" in name for name in names)
    assert any("css/call.css" in name for name in names)


def test_a_key_that_was_meant_for_something_else_decides_nothing_while_it_rings(with_phone):
    ann = with_phone()
    ann.page.get_by_role("textbox", name="Message").focus()
    ring(ann)
    expect(ann.page.get_by_role("heading", name="Bob is calling.")).to_be_focused()
    expect(ann.page.locator("#alert")).to_have_text("Bob is calling.")
    assert ann.page.title() == "Bob is calling."
    for key in ("Escape", "Escape", "Space", "Enter"):
        ann.page.keyboard.press(key)
    expect(card(ann)).to_be_visible()
    assert phase(ann) == "ringing"
    expect(ann.page.locator("#record")).to_have_attribute("aria-pressed", "false")
    end(ann, "cancelled")
    expect(card(ann)).to_be_hidden()
    assert ann.page.title() == "Media chat · mozchat"


@pytest.mark.parametrize(
    ("offered", "answer", "camera"),
    [
        (False, "Answer with sound", False),
        (False, "With picture", True),
        (True, "Sound only", False),
        (True, "Answer with picture", True),
    ],
)
def test_a_call_is_answered_with_sound_or_with_picture(with_phone, offered, answer, camera):
    ann = with_phone()
    ring(ann, video=offered)
    card(ann).get_by_role("button", name=answer, exact=True).click()
    expect(call(ann)).to_be_visible()
    expect(card(ann)).to_be_hidden()
    assert ann.page.evaluate("[standIn.state.phase, standIn.state.camera]") == ["connecting", camera]


def test_a_call_is_declined_without_a_word_to_who_did_it(with_phone):
    ann = with_phone()
    ring(ann)
    card(ann).get_by_role("button", name="Decline", exact=True).click()
    expect(card(ann)).to_be_hidden()
    assert phase(ann) == "idle"
    assert ann.page.locator(".toast").count() == 0


def test_it_rings_aloud_only_where_it_should_and_only_if_it_may(with_phone):
    ann = with_phone()
    ann.page.evaluate(RINGS)
    ring(ann, shouldRing=False)
    assert ann.page.evaluate("window.rings") == 0
    become(ann, shouldRing=True)
    ann.page.wait_for_function("window.rings === 1")
    end(ann, "cancelled")
    ann.page.get_by_role("checkbox", name="Ring", exact=True).uncheck()
    ring(ann)
    assert ann.page.evaluate("window.rings") == 1


OUT_OF_SIGHT = """(permission) => {
  Object.defineProperty(document, "hidden", { get: () => true });
  window.shown = [];
  window.asked = 0;
  window.Notification = class extends EventTarget {
    static permission = permission;
    static async requestPermission() { window.asked += 1; return Notification.permission = "granted"; }
    constructor(title, { body }) { super(); window.shown.push(`${title} ${body}`); }
    close() { window.shown.pop(); }
  };
}"""


def test_a_call_is_shown_by_the_system_while_the_page_is_out_of_sight(with_phone):
    ann = with_phone()
    ann.page.evaluate(OUT_OF_SIGHT, "granted")
    ring(ann)
    assert ann.page.evaluate("window.shown") == ["Bob is calling. Media chat"]
    end(ann, "cancelled")
    expect(card(ann)).to_be_hidden()
    assert ann.page.evaluate("window.shown") == []


def test_whether_the_system_may_show_calls_is_asked_for_by_a_press_only(with_phone):
    ann = with_phone()
    ann.page.evaluate(OUT_OF_SIGHT, "default")
    ring(ann)
    assert ann.page.evaluate("[window.shown.length, window.asked]") == [0, 0]
    end(ann, "cancelled")
    ann.page.get_by_role("button", name="Controls").click()
    ann.button("Show calls on my screen").click()
    expect(ann.page.get_by_text("Calls are shown while this page is out of sight.").first).to_be_visible()
    expect(ann.button("Show calls on my screen")).to_be_hidden()
    assert ann.page.evaluate("window.asked") == 1


def test_a_call_is_answered_by_itself_where_that_was_chosen(with_phone):
    ann = with_phone()
    ann.page.get_by_role("checkbox", name="Auto answer", exact=True).check()
    become(ann, phase="ringing", peer="Bob", outgoing=False, video=True, shouldRing=True)
    said = ann.page.get_by_text("The call from Bob was answered by itself, with sound.")
    expect(said.first).to_be_visible()
    expect(call(ann)).to_be_visible()
    assert ann.page.evaluate("[standIn.state.phase, standIn.state.camera]") == ["connecting", False]


def test_a_tab_that_is_not_the_one_to_ring_does_not_answer_by_itself(with_phone):
    ann = with_phone()
    ann.page.get_by_role("checkbox", name="Auto answer", exact=True).check()
    ring(ann, shouldRing=False)
    ann.page.wait_for_timeout(1500)
    assert phase(ann) == "ringing"


def test_recorder_and_player_rest_during_a_call_and_say_so(site, make_thread, someone, with_phone):
    thread = make_thread("mediaChat")
    ann = with_phone(others=(), thread=thread)
    bob = someone("Bob").enter(site, thread)
    expect(ann.button("Call")).to_be_enabled()
    talk(ann)
    ann.button("Make the call small").click()
    expect(ann.button("Record")).to_be_disabled()
    expect(ann.page.get_by_text("You are in a call. Recording and new clips wait.")).to_be_visible()
    for count in (1, 2):
        bob.record(1)
        expect(ann.clips).to_have_count(count)
    assert ann.plays() == []
    end(ann, "ended", secs=252)
    ann.wait_until_heard(1)
    expect(ann.button("Record")).to_be_enabled()


def test_what_is_being_recorded_is_kept_when_a_call_begins(with_phone):
    ann = with_phone()
    ann.button("Record").click()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.page.wait_for_timeout(1200)
    talk(ann)
    expect(ann.clips).to_have_count(1)


def test_somebody_who_did_not_answer_can_be_sent_a_clip_instead(with_phone):
    ann = with_phone()
    ann.button("Call").click()
    expect(call(ann)).to_be_visible()
    end(ann, "unanswered", byMe=True)
    expect(ann.page.locator(".toast")).to_contain_text("Bob did not answer.")
    expect(call(ann)).to_be_hidden()
    ann.button("Record a clip instead").click()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")


def test_a_missed_call_stays_in_the_log_and_can_be_returned(with_phone):
    ann = with_phone(width=390, height=844)
    ring(ann, video=True)
    ann.page.evaluate(
        "standIn.dispatchEvent(new CustomEvent('missed', {detail: {name: 'Bob', at: Date.now(), video: true}}))"
    )
    end(ann, "unanswered")
    expect(ann.page.locator("#open-phone")).to_have_accessible_name(re.compile("unread"))
    ann.button("Call back").click()
    assert ann.page.evaluate("[standIn.state.phase, standIn.state.peer]") == ["calling", "Bob"]
    ann.button("Hang up").click()
    ann.page.reload()
    open_people(ann)
    expect(ann.page.get_by_role("log", name="Chat")).to_contain_text("Missed call with picture")
    ann.button("Call back").click()
    assert ann.page.evaluate("[standIn.state.phase, standIn.state.peer]") == ["calling", "Bob"]


def test_somebody_who_called_and_left_is_addressed_instead_of_called_back(with_phone):
    ann = with_phone()
    detail = "{name: 'Eve', at: Date.now(), video: false}"
    ann.page.evaluate(f"standIn.dispatchEvent(new CustomEvent('missed', {{detail: {detail}}}))")
    ann.button("Call back").click()
    expect(ann.page.get_by_role("textbox", name="To", exact=True)).to_have_value("Eve")
    expect(ann.page.locator("#call-hint")).to_contain_text("Eve")
    assert phase(ann) == "idle"


def test_a_talk_is_a_line_of_the_log(with_phone):
    ann = with_phone()
    detail = {"key": "ended", "name": "Bob", "outgoing": True, "byMe": True, "secs": 252, "video": False}
    ann.page.evaluate("(detail) => standIn.dispatchEvent(new CustomEvent('note', {detail}))", detail)
    line = ann.page.get_by_role("log", name="Chat").locator(".msg")
    expect(line).to_contain_text("Call, 4:12")
    expect(line).to_contain_text("You")


def test_a_microphone_that_is_refused_is_said_with_what_to_do(with_phone):
    ann = with_phone()
    ann.button("Call").click()
    end(ann, "no-microphone", byMe=True, why="refused")
    notice = ann.page.get_by_role("alert").filter(has_text="The microphone is off for this site.")
    expect(notice).to_contain_text("Allow it in the address bar, then call again.")
    ann.button("Call").click()
    expect(notice).to_be_hidden()


def test_the_chat_goes_on_beside_a_call_and_behind_a_button_where_there_is_no_room(with_phone):
    ann = with_phone()
    talk(ann)
    ann.page.get_by_role("textbox", name="Message").fill("hello")
    ann.button("Send").click()
    expect(ann.page.get_by_role("log", name="Chat")).to_contain_text("hello")
    ann.page.set_viewport_size({"width": 390, "height": 844})
    call(ann).get_by_role("button", name="Chat", exact=True).click()
    expect(ann.page.get_by_role("log", name="Chat")).to_be_visible()
    ann.page.get_by_role("textbox", name="Message").fill("still here")
    ann.button("Send").click()
    expect(ann.page.get_by_role("log", name="Chat")).to_contain_text("still here")
    assert phase(ann) == "talking"


def test_the_buttons_of_a_call_say_what_they_do_now(with_phone):
    ann = with_phone()
    talk(ann)
    ann.button("Mute").click()
    expect(ann.button("Unmute")).to_be_visible()
    ann.button("Camera").click()
    expect(ann.button("Camera")).to_have_attribute("aria-pressed", "true")
    expect(ann.page.locator(".call-own")).to_be_visible()
    ann.button("Screen").click()
    expect(ann.button("Screen")).to_have_attribute("aria-pressed", "true")
    ann.button("Quality").click()
    expect(ann.page.get_by_text("There and back 48 ms, lost 1%")).to_be_visible()
    expect(ann.page.get_by_text("Straight from one device to the other.")).to_be_visible()
    become(ann, canShareScreen=False, quality=None)
    expect(ann.button("Screen")).to_be_hidden()
    expect(ann.button("Quality")).to_be_hidden()


def test_a_microphone_is_chosen_in_the_call(with_phone):
    ann = with_phone()
    talk(ann)
    ann.button("More").click()
    ann.button("Microphone").click()
    devices = ann.page.locator(".call .menu-item")
    expect(devices.first).to_have_text("As the browser chooses")
    expect(devices.first).to_have_attribute("aria-pressed", "true")
    wanted = devices.nth(1).inner_text()
    devices.nth(1).click()
    ann.button("More").click()
    ann.button("Microphone").click()
    expect(ann.button(wanted)).to_have_attribute("aria-pressed", "true")


def test_the_time_and_the_line_are_told_while_one_talks(with_phone):
    ann = with_phone()
    talk(ann)
    expect(call(ann)).to_contain_text(re.compile(r"4:1\d · good line"))
    become(ann, phase="reconnecting")
    expect(call(ann)).to_contain_text("Line lost, trying again…")
    expect(ann.page.locator("#alert")).to_have_text("Line lost, trying again…")


def test_a_call_goes_by_the_keyboard_alone(with_phone):
    ann = with_phone()
    press = ann.page.keyboard.press

    def tab_to(name, key="Tab", most=40):
        for _ in range(most):
            if ann.button(name).evaluate_all("(all) => all.some((one) => one === document.activeElement)"):
                return
            press(key)
        raise AssertionError(f"{name} is not reached by {key}")

    tab_to("Call")
    press("Enter")
    expect(call(ann).get_by_role("heading", name="Bob")).to_be_focused()
    talk(ann)
    tab_to("Mute")
    press("Space")
    expect(ann.button("Unmute")).to_be_focused()
    tab_to("Make the call small", "Shift+Tab")
    press("Enter")
    expect(ann.button("Make the call large")).to_be_focused()
    press("Enter")
    tab_to("Hang up")
    press("Enter")
    expect(call(ann)).to_be_hidden()
    expect(ann.button("Call")).to_be_focused()


def test_the_page_behind_a_call_cannot_be_pressed(with_phone):
    ann = with_phone()
    talk(ann)
    assert ann.page.evaluate("document.getElementById('main').inert")
    ann.button("Make the call small").click()
    assert not ann.page.evaluate("document.getElementById('main').inert")
    ann.button("Make the call large").click()
    end(ann, "ended", secs=252)
    expect(call(ann)).to_be_hidden()
    assert not ann.page.evaluate("document.getElementById('main').inert")


def test_the_connection_is_tested_and_told_in_plain_words(with_phone):
    ann = with_phone()
    ann.page.get_by_role("button", name="Controls").click()
    ann.button("Test my connection").click()
    dialog = ann.page.get_by_role("dialog", name="Recording and listening")
    expect(dialog).to_contain_text("Calls work from here with most people.")
    expect(dialog).to_contain_text("Own address: yes. Seen from outside: yes. Relay: no.")
    expect(dialog).to_contain_text("turn:turn.example: 701 timed out")
    check(ann)


def test_the_string_stands_still_where_motion_is_unwelcome(with_phone):
    ann = with_phone(reduced_motion="reduce")
    ring(ann)
    assert ann.page.evaluate("document.getAnimations().length") == 0


def test_two_people_talk_on_the_page_as_it_is_and_both_logs_tell_of_it(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann, bob = (someone(name).enter(site, thread) for name in ("Ann", "Bob"))
    ann.button("Call with picture").click()
    ringing = bob.page.get_by_role("dialog", name="Ann is calling.")
    ringing.get_by_role("button", name="Answer with picture", exact=True).click()
    for person, other in ((ann, "Bob"), (bob, "Ann")):
        view = person.page.get_by_role("main", name=f"Call with {other}")
        expect(view).to_contain_text(re.compile(r"\d:\d\d · "))
        person.page.wait_for_function("() => document.querySelector('.call-picture').videoWidth > 0")
        assert not person.page.evaluate("document.querySelector('.call-picture').paused")
    bob.button("Hang up").click()
    for person, other in ((ann, "Bob"), (bob, "Ann")):
        expect(person.page.locator(".toast")).to_contain_text(f"The call with {other} is over")
        expect(person.page.get_by_role("log", name="Chat")).to_contain_text(re.compile(r"Call, \d:\d\d"))
