"""The vectors of chat.v1 in a real browser: the client that the server itself serves does with each what it says.

And the few lines of the README that use it do what they say.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from messaging.conf import Limits
from messaging.protocol.codec import Codec
from messaging.protocol.frames import MessageSend
from tests.docs.markdown import ROOT
from tests.protocol.vector import FILES, BadFrame, Frame, GoodFrame, ServerVector, Step
from tests.server import PASSWORD

pytestmark = pytest.mark.services

README = ROOT / "README.md"

SCRIPT = Path(__file__).with_name("vectors.js").read_text(encoding="utf-8")
# Half a pair of surrogates stays an escape until the browser reads it.
CLEAN = """async (texts) => {
  const { cleanText } = await import('/static/messaging/chat-client.js');
  return texts.map((text) => cleanText(JSON.parse(text).text));
}"""
codec = Codec(frame_bytes=Limits().frame_bytes, text_chars=Limits().text_chars)


@pytest.fixture
async def page(server, browser):
    """Return a page of the server's own that has no script but ours."""
    page = await (await browser.new_context()).new_page()
    await page.goto(f"{server.url}/healthz")
    return page


def expected(step: Step) -> dict[str, Any]:
    """Return what a vector says of a step, as far as it can be seen from outside of the client."""
    told = msgspec.to_builtins(step.expect)
    if step.frame["type"] == "bye":
        return {"actions": told["actions"]}
    return told | {"hello": step.hello, "epoch": told["epoch"]}


def seen(step: Step, outcome: dict[str, Any], epoch: str | None) -> dict[str, Any]:
    """Return what a browser did, as a vector writes it."""
    outcome["actions"] = [_trimmed(action, step.frame) for action in outcome["actions"]]
    if step.frame["type"] != "bye":
        if outcome["hello"] is not None:
            codec.decode(json.dumps(outcome["hello"]))
            del outcome["hello"]["id"]
        if step.expect.epoch is None:
            assert outcome["epoch"] == epoch
            outcome["epoch"] = None
    return outcome


def _trimmed(action: Frame, frame: Frame) -> Frame:
    if action.get("event") == frame:
        del action["event"]
    return {name: value for name, value in action.items() if value is not None}


def text_of(frame: str) -> str:
    """Return the text that the server reads in a message."""
    command = codec.decode(frame)
    assert isinstance(command, MessageSend)
    return command.text


async def test_the_browser_client_does_as_the_vectors_say(page):
    vectors = [vector for file in FILES.values() for vector in file if isinstance(vector, ServerVector)]
    played = await page.evaluate(SCRIPT, [msgspec.to_builtins(vector) for vector in vectors])
    wrong = []
    for vector, outcomes in zip(vectors, played, strict=True):
        epoch = vector.given.epoch if vector.given else None
        for step, outcome in zip(vector.steps, outcomes, strict=True):
            if (did := seen(step, outcome, epoch)) != (told := expected(step)):
                wrong.append(f"{vector.name}, {step.frame['type']}: {did}, not {told}")
    assert not wrong, "\n".join(wrong)


async def test_the_browser_client_cleans_a_text_as_the_server_does(page):
    vectors = [vector for vector in FILES["message.send"] if isinstance(vector, GoodFrame)]
    cleaned = await page.evaluate(CLEAN, [vector.text for vector in vectors])
    assert cleaned == [text_of(vector.text) for vector in vectors]


async def test_the_browser_client_makes_a_bad_text_good_or_empty(page):
    vectors = [vector for vector in FILES["message.send"] if isinstance(vector, BadFrame)]
    texts = [vector.text for vector in vectors if isinstance(json.loads(vector.text).get("text"), str)]
    # Too long stays too long: that is the page's to say.
    cleaned = [text[:4_000] for text in await page.evaluate(CLEAN, texts) if text]
    assert cleaned == [text_of(json.dumps({"type": "message.send", "id": "a", "chat": 1, "text": t})) for t in cleaned]


async def test_the_lines_of_the_readme_chat(page, server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    talk = await bob.join()
    (lines,) = re.findall(r"^```js\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    for given, own in (("'ada', 'onesocket-ada'", f"'ann', '{PASSWORD}'"), ("(1, ", f"({chat}, ")):
        assert given in lines
        lines = lines.replace(given, own)
    await page.evaluate(f"async () => {{ {lines} }}")
    await talk.expect_event(chat, 1, text="Hello from a browser", sender=ann.id)
    await talk.expect_ack(await talk.say(chat, "Hello, browser"), seq=2)
    assert told[:2] == ["connecting", "connected"]
