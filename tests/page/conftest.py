"""Fixtures of the page's tests: a running Roundhouse, a browser, and a tab that must have noticed nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from roundhouse.web.page import STATIC
from tests.e2e.stack import Stack
from tests.e2e.work import agents_toml
from tests.page.browser import Look, Tab, chromium, tab


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for all tests of the module."""
    async with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def built_page() -> None:
    """The page that the tests look at, as it was built."""
    assert (STATIC / "index.html").is_file(), "the page is not built; run scripts/build-page.sh"


@pytest.fixture(scope="module")
async def house(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A Roundhouse with the scripted agents ada and grace, for all tests of the module."""
    data = tmp_path_factory.mktemp("house") / "data"
    data.mkdir(mode=0o700)
    (data / "agents.toml").write_text(agents_toml(data))
    async with Stack.running(data, {"DEMO_PACE": "0"}) as running:
        yield running


@pytest.fixture
def look() -> Look:
    """How the tab looks, unless a test says otherwise."""
    return Look()


@pytest.fixture
async def visit(
    browser: Browser, house: Stack, look: Look, request: pytest.FixtureRequest
) -> AsyncIterator[Tab]:
    """A new visitor's tab; at its end no error, no violation of the policy, no request to another host."""
    async with tab(browser, house, look) as made:
        yield made
        if request.config.getoption("--screenshots"):
            await made.shoot(request.node.name)
        assert not made.unexpected(), "\n".join(made.unexpected())


@pytest.fixture
async def session(house: Stack, repo: Path) -> str:
    """A new session on a repository of its own."""
    return str((await house.session(repo, title="Work"))["id"])
