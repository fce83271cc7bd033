"""Nothing is lost and nothing doubled when the server or the line to it goes away in the middle of an answer."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack, counting
from tests.page.browser import LINE_AWAY, Look, Tab, tab
from tests.page.line import Line

pytestmark = pytest.mark.timeout(300)
CUTS = 8
PIECES = 25
"""Pieces of the answer between two cuts."""


async def test_a_restart_of_the_server_in_the_middle_of_a_turn(visit: Tab, session: str) -> None:
    """The agent works on, the page says that it waits, and the text is whole and there once."""
    visit.expect_problems(LINE_AWAY)
    await visit.session(session)
    await visit.say("SLOW 120")
    await expect(visit.talk).to_contain_text(counting(20).strip())
    visit.stack.child("roundhouse server").kill()
    await visit.turn_over(1)
    shown = await visit.talk.inner_text()
    assert shown.count(counting(120).strip()) == 1
    assert shown.count("0 1 2 3") == 1
    await visit.say("SAY and on")
    await visit.turn_over(2)


async def test_nothing_is_lost_over_eight_forced_disconnects(
    browser: Browser, house: Stack, session: str
) -> None:
    """Each cut ends every connection of the page; the text stays whole, on the screen and after a reload."""
    async with Line.to(house.port) as line, tab(browser, house, Look(), line.url) as visit:
        visit.expect_problems(LINE_AWAY)
        await visit.session(session)
        await visit.say(f"SLOW {CUTS * PIECES + PIECES}")
        for cut in range(1, CUTS + 1):
            await expect(visit.talk).to_contain_text(counting(cut * PIECES).strip())
            line.cut()
        await visit.turn_over(1)
        whole = counting(CUTS * PIECES + PIECES).strip()
        assert (await visit.talk.inner_text()).count(whole) == 1
        await visit.page.reload()
        await visit.turn_over(1)
        assert (await visit.talk.inner_text()).count(whole) == 1
        assert visit.unexpected() == []


async def test_without_a_line_the_page_says_so_and_keeps_what_is_written(
    browser: Browser, house: Stack, session: str
) -> None:
    """The bar comes, the draft stays; when the line is back, it can be sent."""
    async with Line.to(house.port) as line, tab(browser, house, Look(), line.url) as visit:
        visit.expect_problems(LINE_AWAY)
        await visit.session(session)
        await visit.say("SAY before")
        await visit.turn_over(1)
        line.off = True
        line.cut()
        await expect(visit.page.get_by_text("Connection lost.").first).to_be_visible()
        await visit.message.fill("SAY after")
        await expect(visit.button("Send")).to_be_disabled()
        line.off = False
        await expect(visit.button("Send")).to_be_enabled()
        await visit.message.press("Enter")
        await visit.turn_over(2)
        assert visit.unexpected() == []
