"""Participants of a site under attack: they do what people do, try again what was cut off, and forget nothing."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import random
import threading
import time
import traceback
from dataclasses import dataclass

from tests.running import Client, RunningSite
from tests.torture.told import Recording, Told

PATIENCE = 60.0
"""Seconds within which whatever is tried again and again must be answered."""
AGAIN = 0.02
"""Seconds between two tries."""
LATER = 2
"""Recordings that somebody has begun and left for later."""
PIECE = "application/partial-upload"
THREAD = "/api/threads/walk"
LIVE = f":{base64.b64encode(json.dumps({'live': True}).encode()).decode()}:"
"""Clip-Fields that begin a live clip."""
Answer = tuple[int, object, dict[str, str]]


class Gate:
    """Lets everybody go on, or has them wait between two deeds."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.open = threading.Event()
        self.open.set()


class Somebody(threading.Thread):
    """A participant who asks one site. `dice` decides what they do."""

    def __init__(self, name: str, site: RunningSite, told: Told, gate: Gate, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self.site, self.told, self.gate = site, told, gate
        self.dice = random.Random(f"{seed} {name}")
        self.client = Client(site)
        self.key = self.dice.getrandbits(128)
        self.idle = threading.Event()

    def run(self) -> None:
        """Join, then one deed after the other."""
        try:
            self.join_thread()
            while not self.gate.over.is_set():
                if not self.gate.open.is_set():
                    self.idle.set()
                    self.gate.open.wait()
                    self.idle.clear()
                    continue
                self.deed()
        except Exception:
            self.told.fault(self.name, traceback.format_exc())
        finally:
            self.idle.set()

    def deed(self) -> None:
        """What they do next."""
        raise NotImplementedError

    def join_thread(self) -> None:
        """Join, under the same secret when it is not for the first time."""
        body = json.dumps({"name": self.name})
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{self.key:032x}"}
        status, me, _ = self.insist("POST", f"{THREAD}/session", body, headers)
        if self.expect("join", status, 201):
            self.client.token = me["token"]

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None):
        """One request; `None` where its connection broke. An answer in the five hundreds is a fault, but for
        503 that says when to come back."""
        self.told.count("requests")
        try:
            answer = self.client.request(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.told.count("cut off")
            self.told.note(self.name, request=f"{method} {path}", broke=repr(error))
            return None
        self.told.note(self.name, request=f"{method} {path}", status=answer[0])
        if answer[0] >= 500 and not (answer[0] == 503 and "Retry-After" in answer[2]):
            self.told.fault(self.name, f"{method} {path}: {answer}")
        return answer

    def insist(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Try again what was cut off, until it is answered."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.ask(method, path, body, headers)
            if answer is not None and answer[0] != 503:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"{method} {path} has had no answer for {PATIENCE:.0f} s: {answer}")
            self.gate.over.wait(AGAIN)

    def expect(self, what: str, status: int, *wanted: int) -> bool:
        """Whether an answer is one of those that there can be; else it is a fault."""
        if status not in wanted:
            self.told.fault(self.name, f"{what}: {status} instead of {wanted}")
        return status in wanted

    def say(self, to: str) -> None:
        """Send a message that nobody has sent before."""
        text = f"{self.name} {self.dice.getrandbits(64):x}"
        body = json.dumps({"to": to, "type": "chat", "body": {"text": text}})
        headers = {"Content-Type": "application/json", "Idempotency-Key": text.replace(" ", "-")}
        status, message, _ = self.insist("POST", f"{THREAD}/messages", body, headers)
        if self.expect("message", status, 202):
            self.told.messages[message["id"]] = to, text
            self.told.count("messages")


@dataclass
class Begun:
    """A recording that is sent in pieces: `at` bytes have been acknowledged, up to `sent` have been sent;
    `opened` when the site has said so, `completing` when it may be a clip already; `live` when others hear it
    meanwhile."""

    recording: Recording
    live: bool = False
    at: int = 0
    sent: int = 0
    opened: bool = False
    completing: bool = False


class Speaker(Somebody):
    """Publishes clips in every way, deletes some, writes, leaves and comes back."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.own: list[str] = []
        self.begun: list[Begun] = []

    def deed(self) -> None:
        deeds = {self.publish: 6, self.send_in_pieces: 6, self.delete: 2, self.write: 4, self.come_and_go: 1}
        self.dice.choices(list(deeds), list(deeds.values()))[0]()

    def publish(self) -> None:
        """In one go, as a form or raw; now and then it is given up when it is cut off, or sent twice."""
        recording = self.told.recording(self.client.token, self.dice)
        send = self.dice.choice((self._form, self._raw))
        if self.dice.random() < 0.1:
            send(recording, self.ask)
            return
        for _ in range(2 if self.dice.random() < 0.1 else 1):
            self._published(recording, send(recording, self.insist))

    def send_in_pieces(self) -> None:
        """Begin one, or go on with one that was left; now and then it is left, or discarded."""
        if len(self.begun) < LATER:
            live = self.dice.random() < 0.5
            self.begun.append(Begun(self.told.recording(self.client.token, self.dice), live))
        upload = self.begun.pop(0)
        while self.step(upload):
            if self.dice.random() < 0.1:
                self.begun.append(upload)
                return
            if self.dice.random() < 0.03 and upload.opened and not upload.completing:
                self._discard(upload)
                return

    def step(self, upload: Begun) -> bool:
        """Send the next piece; whether more is to come."""
        content = upload.recording.content
        rest = len(content) - upload.at
        size = self.dice.choice((0, min(rest, 1000))) if not upload.opened else self.dice.randint(0, rest)
        end = upload.at + size
        if not upload.opened:
            return self._open(upload, content[:size])
        complete = end == len(content) and self.dice.random() < 0.8
        upload.sent, upload.completing = max(upload.sent, end), upload.completing or complete
        answer = self._patch(upload, content[upload.at : end], complete, self.ask)
        if answer is None or answer[0] == 503:
            return self._look(upload)
        if complete:
            self._published(upload.recording, answer)
            return False
        if not self.expect("piece", answer[0], 204):
            return False
        if int(answer[2]["Upload-Offset"]) != end:
            self.told.fault(self.name, f"{upload.recording.id} is at {answer[2]['Upload-Offset']}, not {end}")
        upload.at = end
        return True

    def end_all(self) -> None:
        """Bring to an end whatever was left for later."""
        while self.begun:
            upload = self.begun.pop()
            while self.step(upload):
                pass

    def delete(self) -> None:
        """Delete a clip of one's own, which may have been evicted meanwhile."""
        if not self.own:
            return
        clip = self.own.pop(self.dice.randrange(len(self.own)))
        self.told.unwanted.add(clip)
        status, _, _ = self.insist("DELETE", f"{THREAD}/clips/{clip}")
        if self.expect("delete", status, 204, 404):
            self.told.deleted.add(clip)

    def write(self) -> None:
        """A message to everybody, or to one of those who listen."""
        self.say(self.dice.choice(("*", "*", "*", "Listener0")))

    def come_and_go(self) -> None:
        """Leave, and join again."""
        self.leave_thread()
        self.join_thread()

    def leave_thread(self) -> None:
        """Be offline."""
        status, _, _ = self.insist("DELETE", f"{THREAD}/session")
        self.expect("leave", status, 204)

    def _form(self, recording: Recording, ask):
        boundary = "9f86d081884c7d65"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="blob"; filename="clip"\r\n\r\n'
        body = head.encode() + recording.content + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Idempotency-Key": recording.key,
        }
        return ask("POST", f"{THREAD}/clips", body, headers)

    def _raw(self, recording: Recording, ask):
        headers = {
            "Upload-Complete": "?1",
            "Idempotency-Key": recording.key,
            "Repr-Digest": _digest(recording),
        }
        return ask("POST", f"{THREAD}/uploads", recording.content, headers)

    def _open(self, upload: Begun, first: bytes) -> bool:
        """Open an upload with its first bytes; of a repeat, what is there counts."""
        upload.sent = max(upload.sent, len(first))
        headers = {"Upload-Complete": "?0", "Idempotency-Key": upload.recording.key}
        if upload.live:
            headers |= {"Clip-Fields": LIVE, "Content-Type": "audio/webm"}
        status, view, _ = self.insist("POST", f"{THREAD}/uploads", first, headers)
        if not self.expect("begin", status, 201):
            return False
        upload.opened = True
        self._offset(upload, view["offset"])
        return True

    def _patch(self, upload: Begun, data: bytes, complete: bool, ask):
        headers = {
            "Upload-Offset": str(upload.at),
            "Upload-Complete": f"?{int(complete)}",
            "Content-Type": PIECE,
            **({"Repr-Digest": _digest(upload.recording)} if complete else {}),
        }
        return ask("PATCH", f"{THREAD}/uploads/{upload.recording.id}", data, headers)

    def _look(self, upload: Begun) -> bool:
        """How far it has come, after something was cut off; whether more is to come."""
        status, _, headers = self.insist("HEAD", f"{THREAD}/uploads/{upload.recording.id}")
        if not self.expect("look", status, 204):
            return False
        self.told.count("resumed")
        if headers["Upload-Complete"] == "?0":
            self._offset(upload, int(headers["Upload-Offset"]))
            return True
        if not upload.completing:
            self.told.fault(self.name, f"{upload.recording.id} is complete, and nobody has said so")
        rest = upload.recording.content[upload.at :]
        self._published(upload.recording, self._patch(upload, rest, True, self.insist))
        return False

    def _offset(self, upload: Begun, offset: int) -> None:
        if not upload.at <= offset <= upload.sent:
            span = f"{upload.at} to {upload.sent}"
            self.told.fault(self.name, f"{upload.recording.id} is at {offset}, not at one of {span}")
        upload.at = offset

    def _discard(self, upload: Begun) -> None:
        where, clip = f"{THREAD}/uploads/{upload.recording.id}", upload.recording.id
        self.told.unwanted.add(clip)
        self.expect("discard", self.insist("DELETE", where)[0], 204, 404)
        self.expect("look for what was discarded", self.insist("HEAD", where)[0], 404)
        deadline = time.monotonic() + PATIENCE
        while (
            self.insist("GET", f"{THREAD}/clips/{clip}")[0] != 404
        ):  # killed before listeners were told of it
            assert time.monotonic() < deadline, f"{clip} was taken back, and is still there"
            self.gate.over.wait(AGAIN)
        self.told.deleted.add(clip)

    def _published(self, recording: Recording, answer: Answer) -> None:
        status, clip, _ = answer
        if not self.expect("publish", status, 201):
            return
        if clip["id"] != recording.id:
            self.told.fault(self.name, f"{recording.id} was published as {clip['id']}")
        if recording.id not in self.told.published:
            self.told.published.add(recording.id)
            self.own.append(recording.id)


class Listener(Somebody):
    """Polls by cursor, and so has a picture of the thread that must be true."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.cursor: str | None = None
        self.clips: list[str] = []
        self.live: set[str] = set()
        """Those of them that are not complete."""
        self.seen: set[str] = set()
        self.messages: list[tuple[str, str]] = []
        """Id and text, in the order in which they came."""
        self.online: list[str] = []
        self.turnovers = 0
        """How often all clips were replaced between two answers."""
        self.caught_up = 0

    def deed(self) -> None:
        wait = self.dice.choice(("0", "0", "2"))
        query = f"?wait={wait}" + (f"&cursor={self.cursor}" if self.cursor else "")
        answer = self.ask("GET", f"{THREAD}/events{query}")
        if answer is None or answer[0] == 503:
            self.gate.over.wait(AGAIN)
        elif answer[0] == 200:
            self.take(answer[1])
        elif self.expect("poll", answer[0], 204):
            self.caught_up += 1

    def take(self, news) -> None:
        """Take in an answer."""
        if "reset" in news and self.cursor is not None:
            self.told.fault(self.name, f"the cursor {self.cursor} is not known any more")
        self.cursor = news["cursor"]
        self.online = news.get("online", self.online)
        self.messages += [(m["id"], m["body"]["text"]) for m in news.get("messages", ())]
        if "clips" in news:
            self._grown([clip["id"] for clip in news["clips"].get("grown", ())])
            live = {clip["id"] for clip in news["clips"]["added"] if clip.get("live")}
            self._follow([clip["id"] for clip in news["clips"]["added"]], live, news["clips"]["removed"])

    def _grown(self, grown: list[str]) -> None:
        if strange := set(grown) - self.live:
            self.told.fault(self.name, f"{strange} have grown, and are not known to be live")

    def _follow(self, added: list[str], live: set[str], removed: list[str]) -> None:
        """Clips go in the order in which they came, but for those that authors delete or take back, and for live
        ones, which take no room yet. They come once more when they are complete, and keep their places."""
        stays = self.told.unwanted | (self.live - set(removed))
        wanted = [clip for clip in self.clips if clip not in stays]
        evicted = set(removed) - self.told.unwanted
        if evicted != set(wanted[: len(evicted)]):
            self.told.fault(self.name, f"gone are {removed}, of which not all are the oldest of {self.clips}")
        for clip in added:
            again = clip in self.seen and not (clip in self.live and clip not in live)
            if again or clip not in self.told.tried:
                self.told.fault(self.name, f"the clip {clip} has come again, or from nowhere")
        self.seen.update(added)
        left = [clip for clip in self.clips if clip not in removed]
        complete = set(self.clips) - self.live
        self.turnovers += bool(complete and not complete & set(left))
        self.live = (self.live - {*added, *removed}) | live
        self.clips = left + [clip for clip in added if clip not in left]


def _digest(recording: Recording) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(recording.content).digest()).decode()}:"
