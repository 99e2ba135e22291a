"""Text is text: whatever people call themselves and write, the page shows it and runs none of it."""

from __future__ import annotations

import pytest

from tests.server import PASSWORD

pytestmark = pytest.mark.services

EVIL = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    "\"'><svg onload=alert(3)>",
    "javascript:alert(4)",
    "<a href=javascript:alert(5)>x</a>",
    "{{constructor.constructor('alert(6)')()}}",
)
SEGMENTS = """async ([text, names]) => {
  const { segmentsOf } = await import('/static/messaging/page/rich-text.js');
  return segmentsOf(text, new Map(names));
}"""


async def test_markup_in_names_titles_and_texts_is_shown_as_it_was_written(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    await bob.rest.call("PATCH", "/api/users/me/", json={"display_name": EVIL[0]})
    chat = (await ann.rest.create_chat("group", [bob.id], title=EVIL[1])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    for text in EVIL:
        await bob.rest.send_message(chat, text)
    await screen.expect_message(EVIL[-1])
    assert await screen.said() == list(EVIL)
    assert await screen.page.inner_text("#chat-title") == EVIL[1]
    assert await screen.page.inner_text(".sender:not(.visually-hidden)") == EVIL[0]
    await screen.page.click("#members-button")
    await screen.expect(f'#members-list li:has-text("{EVIL[0]}")')
    assert (
        await screen.page.locator("#app :is(img:not(#bar img), script, iframe), #messages a, dialog img").count() == 0
    )


async def test_the_policy_lets_no_text_become_markup_or_script(server, open_screen):
    open_screen.expect_trouble("Trusted", "Content Security Policy", "TrustedHTML")
    screen = await open_screen(server)
    await screen.page.goto(screen.url)
    tries = """() => {
      const refused = [];
      const attempt = (name, act) => { try { act(); } catch { refused.push(name); } };
      attempt('markup', () => { document.body.innerHTML = '<p>'; });
      attempt('script', () => { document.createElement('script').textContent = 'void 0'; });
      return refused;
    }"""
    assert await screen.page.evaluate(tries) == ["markup", "script"]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x_(y)) and http://b.example?q=1,", ["https://a.example/x_(y)", "http://b.example/?q=1"]),
        ("<https://a.example>", ["https://a.example/"]),
        ("javascript:alert(1) data:text/html,x ftp://a.example", []),
        ("https://bank.example@evil.example/", []),
        ("https://a.example/\u202egpj.exe", ["https://a.example/"]),
        ("xhttps://a.example https:// http://[", []),
        ("https://пример.example/путь", ["https://xn--e1afmkfd.example/%D0%BF%D1%83%D1%82%D1%8C"]),
    ],
)
async def test_links_are_found_and_nothing_else_is_one(run, text, links):
    segments = await run(SEGMENTS, [text, []])
    assert [segment["href"] for segment in segments if "href" in segment] == links
    assert "".join(segment["text"] for segment in segments) == text


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("@ada, and @GRACE!", [1, 2]),
        ("ada@ada.example and x@ada", []),
        ("@ada. @adas", [1]),
        ("https://a.example/@ada", []),
    ],
)
async def test_names_are_marked_where_the_server_finds_them(run, text, users):
    segments = await run(SEGMENTS, [text, [["ada", 1], ["grace", 2]]])
    assert [segment["user"] for segment in segments if "user" in segment] == users


async def test_a_link_opens_elsewhere_and_tells_nothing(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    await bob.rest.send_message(chat, "https://a.example/")
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.expect(".text a")
    assert await screen.page.get_attribute(".text a", "target") == "_blank"
    assert set((await screen.page.get_attribute(".text a", "rel") or "").split()) >= {"noopener", "noreferrer"}


async def test_nothing_secret_is_left_where_a_script_could_read_it(server, sign_up, open_screen):
    await sign_up(server, "ann")
    screen = await open_screen(server)
    await screen.log_in("ann")
    kept = await screen.page.evaluate(
        "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"
    )
    assert "eyJ" not in kept
    assert PASSWORD not in kept
