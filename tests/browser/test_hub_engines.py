"""The hub on the other engines: a clip and a line are pushed to Firefox, and to WebKit as Safari has it."""

import json

import pytest

from tests.browser.test_engines import CLIPS, NAMED, enter, firefox, webkit  # noqa: F401 - fixtures
from tests.browser.test_hub import hub, site  # noqa: F401 - fixtures
from tests.process.hub_stage import SAMPLE, until
from tests.running import Client

FOLLOW_PUSHES = """(() => {
  const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
  window.mozchatPushed = [];
  Object.defineProperty(MessageEvent.prototype, 'data', { get() {
    const data = get.call(this);
    if (this.target instanceof WebSocket) window.mozchatPushed.push(data);
    return data;
  } });
  return true;
})()"""
"""Whatever a page reads of a websocket from now on is kept."""
CHAT = "document.querySelector('[role=log]').innerText"


@pytest.mark.parametrize("engine", ["firefox", "webkit"])
def test_a_clip_and_a_line_are_pushed(engine, site, hub, make_thread, request):  # noqa: F811
    thread = make_thread("mediaChat")
    bob = Client(site)
    bob.join(thread, "Bob")
    browser = request.getfixturevalue(engine)
    browser.goto(site.url + "/")
    browser.wait_for(f"!({NAMED})('Enter').disabled")
    browser.evaluate(enter("Ann", thread))
    browser.wait_for(f"location.pathname === '/{thread}/' && !!({NAMED})('Record')")
    browser.evaluate(FOLLOW_PUSHES)
    until(lambda: hub.health()["threads"] == 1, 60)
    status, clip, _ = bob.upload(thread, SAMPLE.read_bytes())
    assert status == 201, clip
    line = {"to": "*", "type": "chat", "body": {"text": "Over the hub."}}
    headers = {"Content-Type": "application/json"}
    assert bob.request("POST", f"/api/threads/{thread}/messages", json.dumps(line), headers)[0] == 202
    browser.wait_for(f"{CLIPS} === 1")
    browser.wait_for(f"{CHAT}.includes('Over the hub.')")
    browser.wait_for(f"window.mozchatPushed.join().includes('{clip['id']}')")
    browser.wait_for("window.mozchatPushed.join().includes('Over the hub.')")
