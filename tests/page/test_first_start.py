"""From nothing to the first streamed answer, as a person does it: open the printed link, name a folder, send."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack
from tests.page.browser import LOOKS, Look, tab

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def fresh(built_page: None, tmp_path: Path) -> AsyncIterator[Stack]:
    """A Roundhouse that nobody has used, with the agents that it finds by itself."""
    async with Stack.running(tmp_path / "data") as running:
        yield running


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
async def test_the_printed_link_a_folder_and_a_prompt_lead_to_a_streamed_answer(
    browser: Browser, fresh: Stack, repo: Path, look: Look
) -> None:
    """No other step, on a desk and on a phone."""
    async with tab(browser, fresh, look) as visit:
        page = visit.page
        await page.goto(f"{fresh.url}/?token={fresh.token}")
        await expect(page.get_by_role("heading", name="New session")).to_be_visible()
        assert "token" not in page.url
        await page.get_by_label("Folder", exact=True).fill(str(repo))
        await page.get_by_role("textbox", name="Prompt").fill("Say hello")
        await page.get_by_role("textbox", name="Prompt").press("Enter")

        await expect(visit.talk).to_contain_text("Hello, this is the demo agent.")
        await visit.dock.get_by_role("button", name=re.compile("^Allow")).click()
        await expect(visit.talk).to_contain_text("I added a line to demo-notes.md.")
        await visit.turn_over(1)
        assert visit.unexpected() == []


async def test_a_folder_that_is_no_repository_is_refused_where_it_was_written(
    browser: Browser, fresh: Stack, tmp_path: Path
) -> None:
    """The sentence stands at the field, and what was written is still there."""
    empty = tmp_path / "empty"
    empty.mkdir()
    async with tab(browser, fresh, Look()) as visit:
        visit.expect_problems("status of 4")
        await visit.open()
        folder = visit.page.get_by_label("Folder", exact=True)
        await folder.fill(str(empty))
        await visit.page.get_by_role("textbox", name="Prompt").fill("Say hello")
        await visit.button("Start").click()
        await expect(folder).to_have_attribute("aria-invalid", "true")
        await expect(folder).to_have_value(str(empty))
        await folder.fill(str(tmp_path / "nowhere"))
        await visit.button("Start").click()
        await expect(folder).to_have_attribute("aria-invalid", "true")
        assert visit.unexpected() == []
