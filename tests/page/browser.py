"""The system's Chromium as the tests of the page drive it, and tabs that notice what a person would not.

A tab writes down errors in the console, violations of the content security policy and requests to other hosts.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect
from typing_extensions import override

from tests.e2e.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "page/node_modules/axe-core/axe.min.js"
SCREENSHOTS = ROOT / "screenshots"
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 20_000
"""Milliseconds that a thing may take to appear: the machine may be busy with other tests."""
HTML_SHOWN = 200
TELL_VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) => {
  const at = event.composedPath()[0]
  const where = at instanceof Element ? at.outerHTML.slice(0, 200) : event.sourceFile
  console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI} at ${where}`)
}, { capture: true })
"""
LINE_AWAY = re.compile(r"WebSocket connection to|net::ERR_|status of 50[234]")
"""What a browser itself says about a server that is away."""


class Look(Struct, frozen=True):
    """A size of window and a theme."""

    theme: str = "light"
    width: int = 1440
    height: int = 900

    @property
    def phone(self) -> bool:
        """Whether it stands for a phone, with a finger instead of a mouse."""
        return self.width < 700

    @override
    def __str__(self) -> str:
        """For the names of tests and pictures."""
        return f"{self.theme}-{self.width}"


LOOKS = [
    Look(theme, width, height)
    for theme in ("light", "dark")
    for width, height in ((1440, 900), (375, 812))
]


def chromium_path() -> str:
    """The browser of this machine. Fails with what to do where there is none."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert found, (
        "there is no chromium; install it (Debian: apt-get install chromium) or name it in CHROMIUM"
    )
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running browser without windows."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), chromium_sandbox=False, args=FLAGS
        )
        yield browser
        await browser.close()


@cache
def axe() -> str:
    """The checker of accessibility."""
    assert AXE.exists(), "axe-core is missing; run `just page-packages`"
    return AXE.read_text()


class Tab:
    """One tab on a running Roundhouse."""

    def __init__(self, stack: Stack, page: Page, look: Look, url: str) -> None:
        self.stack = stack
        self.page = page
        self.look = look
        self.url = url
        self.problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._see(request.url))
        page.on("websocket", lambda line: self._see(line.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text}")

    def _see(self, url: str) -> None:
        # Files of the page itself may be blobs; they have no host.
        if urlsplit(url).netloc not in {urlsplit(self.url).netloc, ""}:
            self.problems.append(f"request to another host: {url}")

    def expect_problems(self, pattern: str | re.Pattern[str]) -> None:
        """This test makes the browser complain in these words."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """What was noticed and is no part of the test."""
        return [
            problem
            for problem in dict.fromkeys(self.problems)
            if not any(pattern.search(problem) for pattern in self._expected)
        ]

    async def open(self, place: str = "/") -> None:
        """Go to a place of the page as the printed link does: with the token."""
        await self.page.goto(f"{self.url}{place}?token={self.stack.token}")

    async def session(self, session: str) -> None:
        """Open a session and wait until there is an agent to write to: they come a moment after the box."""
        await self.open(f"/sessions/{session}")
        await expect(self.message).to_be_visible()
        await expect(self.message).not_to_have_attribute("aria-label", "Message an agent")

    # ------------------------------------------------------------ what every session shows

    @property
    def talk(self) -> Locator:
        """The conversation."""
        return self.page.get_by_role("log", name="Conversation")

    @property
    def message(self) -> Locator:
        """Where prompts are written."""
        return self.page.get_by_role("textbox", name=re.compile("^Message"))

    @property
    def dock(self) -> Locator:
        """What an agent waits for."""
        return self.page.get_by_role("region", name="The agent waits for you")

    @property
    def queue(self) -> Locator:
        """The prompts that wait."""
        return self.page.get_by_role("list", name="Queue").get_by_role("listitem")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button of the page by its name, or by what its name is like."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    async def choose(self, agent: str) -> None:
        """The next prompt goes to that agent."""
        await self.button(re.compile("^Agent")).click()
        await self.page.get_by_role("menuitemradio", name=re.compile(agent)).click()
        await expect(self.page.get_by_role("textbox", name=f"Message {agent}")).to_be_visible()

    async def say(self, *lines: str) -> None:
        """Write a prompt and send it as most people do."""
        await self.message.fill("\n".join(lines))
        await self.message.press("Enter")
        await expect(self.message).to_have_value("")

    async def turn_over(self, number: int, status: str = "completed") -> None:
        """The turn of that number is shown as over: `number` turns have ended like that."""
        over = self.talk.get_by_text(re.compile(rf"^{status} in "))
        await expect(over.nth(number - 1)).to_be_visible()

    # ------------------------------------------------------------ what tests look at besides

    async def axe(self) -> list[str]:
        """What axe finds on what is shown now: rule, element, why."""
        await self.page.evaluate(axe())
        found = await self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{rule['id']}: {node['html'][:HTML_SHOWN]}: {' '.join(node['failureSummary'].split())}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    async def shoot(self, name: str) -> None:
        """A picture into the folder that git ignores."""
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}-{self.look}.png")


@asynccontextmanager
async def tab(
    browser: Browser, stack: Stack, look: Look, url: str | None = None
) -> AsyncIterator[Tab]:
    """A tab of its own, as a new visitor has it, perhaps at another address of the server than its own."""
    context = await browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=look.phone,
        is_mobile=look.phone,
        locale="en",
    )
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(TELL_VIOLATIONS)
    try:
        yield Tab(stack, await context.new_page(), look, url or stack.url)
    finally:
        await context.close()
