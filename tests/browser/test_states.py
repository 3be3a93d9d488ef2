"""Every page and state: accessible by axe's rules, under the policy in force, and honest about what goes wrong."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.people import CHROMIUM_FLAGS, tool
from tests.running import RunningSite

AXE = Path(__file__).parent.parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(390, 844), (1280, 800)]


def violations(person):
    """What axe finds on the page as it stands, in a line each."""
    if not AXE.exists():
        pytest.fail("axe-core is missing: run `npm install` in tests/js (or `make test`, which does it)")
    person.page.evaluate(AXE.read_text())
    found = person.page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{rule['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for rule in found
        for node in rule["nodes"]
    ]


def settle(person):
    """Wait until nothing moves any more, since colours in between are nobody's."""
    person.page.wait_for_function(
        "() => document.getAnimations().every(({ playState }) => playState !== 'running')"
    )


def check(person):
    settle(person)
    assert violations(person) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_pages_around_a_thread_are_accessible(site, someone, width, height, scheme):
    ann = someone("Ann", width=width, height=height, color_scheme=scheme)
    for path in ("/", "/mediaChat/", "/help"):
        ann.page.goto(site.url + path)
        check(ann)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_thread_is_accessible_in_every_state(site, make_thread, someone, width, height, scheme):
    thread = make_thread("mediaForum")
    ann = someone("Ann", width=width, height=height, color_scheme=scheme).enter(site, thread)
    bob = someone("Bob").enter(site, thread)
    check(ann)
    ann.button("Record").click()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.page.wait_for_timeout(800)
    check(ann)
    ann.button("Record").click()
    expect(ann.button("Upload")).to_be_visible()
    check(ann)
    ann.button("Upload").click()
    bob.record(1.5)
    bob.button("Upload").click()
    expect(ann.clips).to_have_count(2)
    check(ann)
    ann.clips.nth(1).get_by_role("button", name="Play", exact=True).click()
    ann.wait_until_heard(1)
    check(ann)
    ann.clips.nth(1).get_by_role("button", name="More", exact=True).click()
    check(ann)
    ann.page.keyboard.press("Escape")
    open_controls(ann)
    check(ann)


def open_controls(person):
    person.page.get_by_role("button", name="Controls").click()
    expect(person.page.get_by_role("checkbox", name="Play new clips", exact=True)).to_be_visible()


def test_the_controls_do_what_they_say_and_are_remembered(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann").enter(site, thread)
    open_controls(ann)
    play_new = ann.page.get_by_role("checkbox", name="Play new clips", exact=True)
    expect(play_new).to_be_checked()
    expect(ann.page.get_by_role("checkbox", name="Only from others", exact=True)).to_be_checked()
    play_new.uncheck()
    ann.page.reload()
    open_controls(ann)
    expect(play_new).not_to_be_checked()
    bob = someone("Bob").enter(site, thread)
    bob.record(1)
    expect(ann.clips).to_have_count(1)
    assert ann.plays() == []


@pytest.fixture(scope="session")
def refusing(playwright):
    """A Chromium whose owner says no to every question."""
    flags = [flag for flag in CHROMIUM_FLAGS if flag != "--use-fake-ui-for-media-stream"]
    browser = playwright.chromium.launch(
        executable_path=tool("chromium"), args=[*flags, "--deny-permission-prompts"]
    )
    yield browser
    browser.close()


def test_a_refused_microphone_is_explained_and_listening_goes_on(site, make_thread, someone, refusing):
    thread = make_thread("mediaChat")
    ann = someone("Ann", browser=refusing).enter(site, thread)
    ann.button("Record").click()
    expect(ann.page.get_by_text("The microphone is off for this site.")).to_be_visible()
    check(ann)
    expect(ann.button("Record")).to_be_enabled()
    someone("Bob").enter(site, thread).record(1.2)
    ann.wait_until_heard(1)


def test_a_missing_microphone_is_explained(site, make_thread, someone, playwright):
    flags = [flag for flag in CHROMIUM_FLAGS if "fake-device" not in flag]
    browser = playwright.chromium.launch(executable_path=tool("chromium"), args=flags)
    ann = someone("Ann", browser=browser).enter(site, make_thread("mediaChat"))
    ann.button("Record").click()
    expect(
        ann.page.get_by_text(re.compile("no microphone|microphone.*(found|missing)", re.I)).first
    ).to_be_visible()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "false")


def test_the_microphone_is_not_asked_for_before_record_is_pressed(site, make_thread, someone):
    ann = someone("Ann")
    ann.page.context.add_init_script(
        "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices); window.asked = 0;"
        "navigator.mediaDevices.getUserMedia = (wanted) => { window.asked += 1; return ask(wanted); };"
    )
    ann.enter(site, make_thread("mediaChat"))
    assert ann.page.evaluate("window.asked") == 0
    ann.record(1)
    assert ann.page.evaluate("window.asked") == 1


def test_a_server_out_of_reach_is_said_quietly_and_the_clip_waits(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann").enter(site, thread)
    bob = someone("Bob").enter(site, thread)
    ann.page.context.set_offline(True)
    ann.record(1)
    expect(ann.page.get_by_text(re.compile("offline", re.I)).first).to_be_visible()
    expect(ann.clips).to_have_count(1)
    expect(ann.clips.first).to_contain_text("waits")
    expect(bob.clips).to_have_count(0)
    ann.page.context.set_offline(False)
    expect(bob.clips).to_have_count(1, timeout=20_000)
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    expect(ann.clips).to_have_count(1)
    ann.errors[:] = [error for error in ann.errors if "ERR_INTERNET_DISCONNECTED" not in error]


def test_a_taken_name_is_said_at_the_field(site, make_thread, someone):
    thread = make_thread("mediaChat")
    someone("Ann").enter(site, thread)
    other = someone("ann")
    other.page.goto(f"{site.url}/{thread}/?user=ann")
    other.button("Enter").click()
    expect(other.page.get_by_text("Somebody here is called Ann already. Take another name.")).to_be_visible()
    other.errors[:] = [error for error in other.errors if "409" not in error]


def test_a_password_is_asked_for_and_opens_the_thread(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ini = site.folder / thread / ".ini"
    ini.write_text(ini.read_text().replace("[auth]", "[auth]\npassword=swordfish"))
    ann = someone("Ann")
    ann.page.goto(f"{site.url}/{thread}/?user=Ann")
    field = ann.page.get_by_label("Password", exact=True)
    if not field.is_visible():
        ann.button("Enter").click()
    field.fill("wrong")
    ann.button("Enter").click()
    expect(ann.page.get_by_text("That is not the password. Try again.")).to_be_visible()
    field.fill("swordfish")
    ann.button("Enter").click()
    expect(ann.button("Record")).to_be_enabled()
    ann.errors[:] = [error for error in ann.errors if "401" not in error and "403" not in error]


def test_a_mistake_in_the_ini_is_shown_on_the_threads_page_only(site, make_thread, someone):
    thread = make_thread("mediaChat", maxClipSizeSec="abc")
    ann = someone("Ann")
    ann.page.goto(f"{site.url}/{thread}/")
    expect(ann.page.locator("body")).to_contain_text("maxClipSizeSec")
    check(ann)
    ann.page.goto(f"{site.url}/mediaChat/")
    expect(ann.button("Enter")).to_be_enabled()
    ann.errors[:] = [error for error in ann.errors if "503" not in error]


def test_an_unknown_thread_is_a_page_that_leads_on(site, someone):
    ann = someone("Ann")
    response = ann.page.goto(f"{site.url}/nothing-here/")
    assert response.status == 404
    check(ann)
    ann.page.get_by_role("link").first.click()
    expect(ann.button("Enter")).to_be_enabled()
    ann.errors[:] = [error for error in ann.errors if "404" not in error]


def test_the_policy_is_in_force_and_another_sites_script_does_not_run(site, make_thread, someone):
    ann = someone("Ann")
    policies = []
    ann.page.on("response", lambda response: policies.append(response.headers.get("content-security-policy")))
    ann.enter(site, make_thread("mediaChat"))
    assert "script-src 'self'" in policies[0]
    assert not any("unsafe" in policy for policy in policies if policy)
    blocked = ann.page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => done(violatedDirective));
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.head.append(script);
        })"""
    )
    assert blocked.startswith("script-src")
    assert ann.page.evaluate("window.ran") is None
    ann.errors[:] = [error for error in ann.errors if "Content Security Policy" not in error]


def test_what_somebody_types_is_shown_as_text(site, make_thread, someone):
    thread = make_thread("mediaForum")
    ann = someone("Ann").enter(site, thread)
    bob = someone("Bob").enter(site, thread)
    nasty = "<img src=x onerror=window.ran=1>"
    ann.record(1)
    ann.page.get_by_role("textbox", name="Description").fill(nasty)
    ann.button("Upload").click()
    expect(bob.clips.first).to_contain_text(nasty)
    assert bob.page.evaluate("window.ran") is None


@pytest.fixture
def new_site(tmp_path):
    """A site as it is after the first start."""
    running = RunningSite(tmp_path / "threads")
    running.start()
    yield running
    running.stop()


def test_the_first_page_is_light_and_no_page_asks_another_host(new_site, someone):
    site = new_site
    ann = someone("Ann")
    session = ann.page.context.new_cdp_session(ann.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes, hosts = [], set()
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on("Network.requestWillBeSent", lambda event: hosts.add(event["request"]["url"].split("/")[2]))
    ann.page.goto(site.url + "/", wait_until="load")
    expect(ann.button("Enter")).to_be_enabled()
    assert 5_000 < sum(sizes) < 50_000
    ann.enter(site, "mediaChat")
    assert hosts == {site.url.split("//")[1]}


def test_errors_of_a_browser_are_reported_where_that_is_wanted(site, make_thread, someone):
    ann = someone("Ann").enter(site, make_thread("mediaChat", reportErrors=1))
    with ann.page.expect_response(lambda response: response.url.endswith("/reports")) as answer:
        ann.page.evaluate("() => { setTimeout(() => { throw new Error('a made-up fault'); }); }")
    assert answer.value.status == 204
    assert "a made-up fault" in site.log.read_text()
    ann.errors[:] = [error for error in ann.errors if "a made-up fault" not in error]


def test_russian_is_spoken_where_the_thread_says_so(site, make_thread, someone):
    thread = make_thread("mediaChat", lang="ru")
    ann = someone("Ann", locale="ru-RU")
    ann.page.goto(f"{site.url}/{thread}/?user=Ann")
    expect(ann.page.locator("html")).to_have_attribute("lang", "ru")
    text = ann.page.locator("body").inner_text()
    assert re.search("[а-яё]{4,}", text, re.I)
    ann.page.locator("#go").click()
    expect(ann.page.locator("#record")).to_be_enabled()
    check(ann)


def test_the_keyboard_alone_is_enough(site, make_thread, someone):
    thread = make_thread("mediaForum")
    ann = someone("Ann")
    press, type_text = ann.page.keyboard.press, ann.page.keyboard.type

    def tab_to(role, name, key="Tab", most=40):
        wanted = ann.page.get_by_role(role, name=name, exact=True).locator("visible=true").first
        for _ in range(most):
            if wanted.count() and wanted.evaluate("(element) => element === document.activeElement"):
                assert wanted.evaluate("(element) => element.matches(':focus-visible')")
                return
            press(key)
        raise AssertionError(f"{name} is not reached by {key}")

    ann.page.goto(site.url + "/")
    tab_to("textbox", "Your name")
    type_text("Ann")
    tab_to("textbox", "Thread")
    type_text(thread)
    press("Enter")
    ann.page.wait_for_url(re.compile(rf"/{thread}/"))
    expect(ann.button("Record")).to_be_enabled()
    tab_to("button", "Record")
    press("Enter")
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.page.wait_for_timeout(1000)
    press("Enter")
    expect(ann.button("Upload")).to_be_visible()
    tab_to("textbox", "Description")
    type_text("by hand")
    tab_to("button", "Upload")
    press("Enter")
    expect(ann.clips).to_have_count(1)
    tab_to("button", "Play", "Shift+Tab")
    press("Enter")
    ann.wait_until_heard(1)
    tab_to("button", "Stop")
    press("Enter")
    expect(ann.button("Stop")).to_be_hidden()
    tab_to("textbox", "Message")
    type_text("hello")
    press("Enter")
    expect(ann.page.get_by_role("log", name="Chat")).to_contain_text("hello")
    tab_to("button", "Delete", "Shift+Tab")
    press("Enter")
    expect(ann.clips).to_have_count(0)
