"""Many hear one who speaks, in one browser: twenty people, and of the twenty tabs of one person one."""

from playwright.sync_api import expect

from tests.browser.mouth_and_ear import BYTES, check_every_byte, wait_until_ready

COUNT = 20
PLAYS = "() => window.mozchatMedia && !window.mozchatMedia.paused && window.mozchatMedia.currentTime > 0.5"
# What the page plays live clips with, without the rest of it: twenty of that are too much for a small machine.
LISTEN = """async ([source, clip]) => {
  const { LiveSource } = await import(source);
  const media = document.createElement('video');
  const live = new LiveSource({ clip, media, from: null });
  live.addEventListener('broken', ({ detail }) => { throw new Error(detail.problem); });
  media.src = live.url;
  media.play();
}"""
ENDED = "() => window.mozchatMedia.ended"


def join(context, site, thread, name):
    """Take a name in a thread without a page."""
    headers = {"Origin": site.url}
    joined = {"name": name}
    answer = context.request.post(f"{site.url}/api/threads/{thread}/session", data=joined, headers=headers)
    assert answer.ok, answer.text()


def open_all(tabs, site, thread):
    """Load a thread in all of them at once."""
    for tab in tabs:
        tab.set_default_timeout(120_000)
        tab.goto(f"{site.url}/{thread}/", wait_until="commit")
    for tab in tabs:
        tab.wait_for_selector("#empty, #clips > *", state="attached")


def playing(tabs):
    """The tabs that play, as soon as one does."""
    for _ in range(600):
        found = [tab for tab in tabs if tab.evaluate(PLAYS)]
        if found:
            return found
        tabs[0].wait_for_timeout(50)
    raise AssertionError("no tab plays")


def test_twenty_people_are_fed_every_byte_to_the_end(site, make_thread, speak, someone):
    thread = make_thread("audioStream")
    ann = speak("Ann", thread)
    wait_until_ready(ann)
    source = ann.page.evaluate(
        "() => performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/live-source.js')).name"
    )
    people = [someone(f"Bob {number}", bypass_csp=True) for number in range(COUNT)]
    for person in people:
        person.page.set_default_timeout(120_000)
        person.page.add_init_script(BYTES)
        join(person.page.context, site, thread, person.name)
        person.page.goto(f"{site.url}/healthz")
    ann.start_recording()
    expect(ann.clips.first).to_contain_text("live")
    clips = ann.page.context.request.get(f"{site.url}/api/threads/{thread}/clips").json()["clips"]
    for person in people:
        person.page.evaluate(LISTEN, [source, {**clips[0], "bytes": 0}])
    for person in people:
        person.page.wait_for_function(PLAYS)
    ann.button("Record").click()
    for person in people:
        person.page.wait_for_function(ENDED)
        check_every_byte(ann, person)


def test_of_twenty_tabs_of_one_person_one_plays_and_when_it_is_closed_another(
    site, make_thread, speak, someone
):
    thread = make_thread("audioStream")
    bob = someone("Bob")
    context = bob.page.context
    context.add_init_script(BYTES)
    join(context, site, thread, "Bob")
    tabs = [bob.page, *(context.new_page() for _ in range(COUNT - 1))]
    open_all(tabs, site, thread)
    ann = speak("Ann", thread)
    ann.start_recording()
    (first,) = playing(tabs)
    first.close()
    tabs.remove(first)
    assert len(playing(tabs)) == 1
    late = context.new_page()
    open_all([late], site, thread)
    expect(late.get_by_role("list", name="Clips").get_by_role("listitem").first).to_contain_text("live")
