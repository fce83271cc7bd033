"""The help that lists the keys."""

from pathlib import Path

from playwright.async_api import expect

from tests.e2e.stack import Stack
from tests.page.browser import Tab


async def test_the_help_lists_the_keys_of_where_one_is(
    visit: Tab, house: Stack, repo: Path
) -> None:
    """Those of the changes are only there with the changes."""
    session = await house.session(repo)
    await visit.open("/inbox")
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text("Inbox")
    await visit.page.keyboard.press("Shift+?")
    keys = visit.page.get_by_role("dialog", name="Keys")
    await expect(keys).to_contain_text("Commands and sessions")
    await expect(keys).not_to_contain_text("Next part")
    await visit.page.keyboard.press("Escape")
    await visit.session(session["id"])
    await visit.talk.focus()
    await visit.page.keyboard.press("Shift+?")
    await expect(keys).to_contain_text("Next part")
