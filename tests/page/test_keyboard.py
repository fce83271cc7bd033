"""A whole session by keyboard alone: no pointer is ever used."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.stack import Stack
from tests.page.browser import Look, Tab, tab

pytestmark = pytest.mark.timeout(300)
MANY_STEPS = 80
ANSWER_DEADLINE = 20.0


@pytest.fixture
async def visit(browser: Browser, house: Stack) -> AsyncIterator[Tab]:
    """A tab whose mouse is broken."""
    async with tab(browser, house, Look()) as made:
        yield made
        assert not made.unexpected(), "\n".join(made.unexpected())


async def walk_to(visit: Tab, target: Locator, key: str = "Tab") -> None:
    """Press Tab until that has the focus, as one does without a mouse."""
    await expect(target).to_be_visible()
    for _ in range(MANY_STEPS):
        if await target.evaluate("(element) => element === document.activeElement"):
            return
        await visit.page.keyboard.press(key)
    raise AssertionError(f"{key} never led to {target}")


async def answer(visit: Tab, key: str) -> None:
    """Answer the dock from the empty message field. What comes too early is written there, and deleted again."""
    with anyio.fail_after(ANSWER_DEADLINE):
        while await visit.dock.count():
            await visit.page.keyboard.press(key)
            await visit.page.evaluate("new Promise(requestAnimationFrame)")
            if await visit.message.input_value():
                await visit.page.keyboard.press("Backspace")


async def begin(visit: Tab, repo: Path) -> None:
    """Name the folder, take the agent that is chosen, write, send."""
    page, keys = visit.page, visit.page.keyboard
    await visit.open()
    await walk_to(visit, page.get_by_label("Folder", exact=True))
    await keys.type(str(repo))
    await walk_to(visit, page.get_by_role("radio", checked=True))
    await walk_to(visit, page.get_by_role("textbox", name="Prompt"))
    await keys.type("PERMIT made.txt by keys")
    await keys.press("Enter")


async def answer_both(visit: Tab) -> None:
    """Allow by a digit, and answer a question by its radios."""
    keys = visit.page.keyboard
    await expect(visit.dock).to_contain_text("made.txt")
    await expect(visit.message).to_be_focused()
    await answer(visit, "1")
    await visit.turn_over(1)
    await keys.type("ASK Which colour?")
    await keys.press("Enter")
    # Backwards, a group of radios is entered at its last.
    await walk_to(visit, visit.dock.get_by_role("radio").last, "Shift+Tab")
    await keys.press("Space")
    await keys.press("Enter")
    await expect(visit.talk).to_contain_text("You answered blue.")
    await visit.turn_over(2)


async def switch_queue_and_stop(visit: Tab) -> None:
    """Take the other agent, queue behind its turn, stop that."""
    page, keys = visit.page, visit.page.keyboard
    await walk_to(visit, visit.message)
    await keys.press("Alt+a")
    grace = page.get_by_role("menuitemradio", name=re.compile("grace"))
    await expect(grace).to_be_visible()
    for _ in range(MANY_STEPS):
        if await grace.evaluate("(element) => element === document.activeElement"):
            break
        await keys.press("ArrowDown")
    await keys.press("Enter")
    await walk_to(visit, page.get_by_role("textbox", name="Message grace"))
    await keys.type("HANG")
    await keys.press("Enter")
    await expect(visit.button("Stop")).to_be_visible()
    await keys.type("SAY one more")
    await keys.press("Enter")
    await expect(visit.queue).to_have_count(1)
    await keys.press("Escape")
    await keys.press("Escape")
    await expect(visit.queue).to_have_count(0)
    await expect(visit.talk).to_contain_text("one more")


async def review_and_apply(visit: Tab) -> None:
    """Accept the part, and have it in the checkout."""
    page, keys = visit.page, visit.page.keyboard
    accept = page.get_by_role("button", name=re.compile("^Accept made.txt line"))
    await walk_to(visit, accept)
    await keys.press("Enter")
    await expect(accept).to_have_count(0)
    await walk_to(visit, visit.button("Apply…"))
    await keys.press("Enter")
    dialog = page.get_by_role("dialog", name="Apply to your checkout")
    await walk_to(visit, dialog.get_by_role("button", name="Apply 1 file"))
    await keys.press("Enter")
    await expect(dialog).to_have_count(0)


async def look_around(visit: Tab) -> None:
    """By the palette, by letters, and the help."""
    page, keys = visit.page, visit.page.keyboard
    await keys.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await keys.type("health")
    await keys.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Health and usage")
    await keys.press("g")
    await keys.press("i")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    await keys.press("Shift+?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await keys.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_whole_session_without_a_mouse(visit: Tab, repo: Path) -> None:
    """Begin, allow, answer, switch the agent, queue, stop, review, apply, and look around."""
    await begin(visit, repo)
    await answer_both(visit)
    await switch_queue_and_stop(visit)
    await review_and_apply(visit)
    assert (repo / "made.txt").read_text() == "by keys\n"
    await look_around(visit)
