"""A real agent in the browser: opencode, with the scripted model behind it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.agents import agents_toml, installed, real
from tests.e2e.stack import Stack
from tests.model_server.process import running_model
from tests.page.browser import Tab

pytestmark = pytest.mark.timeout(600)
COLD = 180_000
"""Milliseconds for a cold start on two busy cores."""


@pytest.fixture(scope="module")
async def house(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A Roundhouse with opencode, which asks before it writes."""
    assert installed(), "the real agents are missing; run tests/agents-package/install.sh"
    folder = tmp_path_factory.mktemp("opencode")
    data = folder / "data"
    data.mkdir(mode=0o700)
    async with running_model() as model:
        agent = real("opencode", folder / "home", model.url)
        (data / "agents.toml").write_text(agents_toml({"opencode": agent}))
        async with Stack.running(data) as running:
            yield running


async def test_opencode_answers_asks_and_remembers(visit: Tab, house: Stack, session: str) -> None:
    """Its permission is answered by a click, its line is its own, and the second turn is warm."""
    await visit.session(session)
    await visit.choose("opencode")
    await visit.say("REMEMBER blue", "WRITE made.txt by-opencode", "SAY wrote it")
    await expect(visit.dock).to_contain_text("made.txt", timeout=COLD)
    await visit.dock.get_by_role("button", name=re.compile("^Allow")).first.click()
    await expect(visit.talk).to_contain_text("wrote it", timeout=COLD)
    await visit.turn_over(1)
    state = await house.settled(session)
    assert (Path(state["worktree_path"]) / "made.txt").read_text().strip() == "by-opencode"
    panel = visit.page.get_by_role("complementary", name="Changes")
    part = panel.get_by_role("group", name=re.compile("^Part of made.txt"))
    await expect(part).to_contain_text("opencode")

    await visit.say("RECALL")
    await visit.turn_over(2)
    await expect(visit.talk.get_by_text(re.compile("^warm"))).to_be_visible()
    await expect(visit.talk.get_by_text("RECALLED blue")).to_be_visible()


async def test_opencode_is_stopped_and_goes_on(visit: Tab, session: str) -> None:
    """The button ends the turn, the next one is answered."""
    await visit.session(session)
    await visit.choose("opencode")
    await visit.say("HANG")
    await expect(visit.button("Stop")).to_be_visible()
    await expect(visit.talk.get_by_text(re.compile("^fresh"))).to_be_visible(timeout=COLD)
    await visit.button("Stop").click()
    await visit.turn_over(1, "cancelled")
    await visit.say("SAY still here")
    await expect(visit.talk.get_by_text("still here", exact=True)).to_be_visible(timeout=COLD)
