"""Every view in both themes and both sizes: axe finds nothing, nothing is wider than the window."""

import re
from pathlib import Path

import pytest
from msgspec import Struct
from playwright.async_api import Browser, Page, expect

from tests.e2e.stack import Stack, git
from tests.e2e.work import Work, line_of, numbered
from tests.page.browser import LOOKS, Look, Tab, tab

pytestmark = pytest.mark.timeout(600)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RICH = (
    "THINK about the line that is to be changed",
    "PLAN Look around;Change a line;Say so",
    "READ list.txt",
    "TERMINAL printf '\\033[31mred\\033[0m plain\\n'; exit 2",
    "SAY # A heading\n",
    "SAY Some **bold** words, `code` and a [link](https://example.org).",
)


def new_repository(folder: Path) -> None:
    """A small repository with one commit."""
    folder.mkdir()
    (folder / "README.md").write_text("# A small project\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "A Person")
    git(folder, "config", "user.email", "person@example.com")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=First")


class Scene(Struct, frozen=True):
    """The sessions that are looked at."""

    rich: str
    waiting: str
    crashed: str
    empty: str
    conflict: str


@pytest.fixture(scope="module")
async def scene(house: Stack, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Sessions in all states: with everything, waiting, crashed, empty, in conflict."""
    repo = tmp_path_factory.mktemp("scene") / "repo"
    new_repository(repo)
    rich = await Work.begun(house, repo, "Everything at once")
    await rich.turn("ada", line_of(3, "by ada"), *RICH)
    await rich.turn("grace", line_of(40, "by grace"), "WRITE src/new.py def new(): return 1")
    waiting = await Work.begun(house, repo, "Waits for you")
    await house.send(waiting.id, "ada", "PERMIT made.txt by permission")
    asking = await Work.begun(house, repo, "Has a question")
    await house.send(asking.id, "ada", "ASK Which colour?")
    crashed = await Work.begun(house, repo, "Has crashed")
    await house.turn(crashed.id, "ada", "CRASH 3")
    empty = await Work.begun(house, repo, "Nothing yet")
    conflict = await Work.begun(house, repo, "In conflict")
    await conflict.turn("ada", line_of(3, "by ada"))
    (repo / "list.txt").write_text(numbered({3: "by me"}))
    return Scene(
        rich=rich.id,
        waiting=waiting.id,
        crashed=crashed.id,
        empty=empty.id,
        conflict=conflict.id,
    )


class Tour:
    """A tab that is led from view to view, and what was found in each."""

    def __init__(self, visit: Tab, pictures: bool) -> None:
        self.visit = visit
        self.page: Page = visit.page
        self.found: list[str] = []
        self._pictures = pictures

    async def look(self, name: str) -> None:
        """Check what is shown now."""
        await self.page.evaluate("document.fonts.ready")
        self.found += [f"{name}: {found}" for found in await self.visit.axe()]
        if (wider := await self.page.evaluate(WIDER)) > 0:
            self.found.append(f"{name}: {wider} pixels wider than the window")
        if self._pictures:
            await self.visit.shoot(name)

    async def place(self, address: str, shown: str | re.Pattern[str]) -> None:
        """Go to a place, and wait until that text is there."""
        await self.visit.open(address)
        await expect(self.page.get_by_role("main").get_by_text(shown).first).to_be_visible()

    async def changes(self) -> None:
        """Have the changes open."""
        if self.visit.look.phone:
            await self.visit.button(re.compile("^Changes")).click()
        panel = self.page.get_by_role("complementary", name="Changes")
        await expect(panel.get_by_role("button", name=re.compile("^Accept ")).first).to_be_visible()

    async def dialog(self, button: str, title: str | re.Pattern[str]) -> None:
        """Open a dialog of the changes, look at it, close it."""
        await self.visit.button(button).click()
        dialog = self.page.get_by_role("dialog", name=title)
        await expect(dialog).to_be_visible()
        await expect(dialog.get_by_role("status")).to_have_count(0)
        await self.look(f"dialog {button.strip('…')}")
        await self.page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_axe_finds_nothing_in_the_sessions(
    browser: Browser, house: Stack, scene: Scene, look: Look, request: pytest.FixtureRequest
) -> None:
    """Empty, rich, waiting, crashed; the changes, their dialogs, a conflict."""
    async with tab(browser, house, look) as visit:
        visit.expect_problems("status of 409")
        tour = Tour(visit, bool(request.config.getoption("--screenshots")))
        await tour.place(f"/sessions/{scene.empty}", "Nothing was asked here yet")
        await tour.look("session empty")
        await tour.place(f"/sessions/{scene.crashed}", re.compile("exit code 3"))
        await tour.look("session crashed")
        await tour.place(f"/sessions/{scene.waiting}", "made.txt")
        await expect(visit.dock).to_be_visible()
        await tour.look("session waiting")
        await tour.place(f"/sessions/{scene.rich}", re.compile("^completed in"))
        await visit.turn_over(2 if not look.phone else 1)
        await tour.look("session")
        await tour.changes()
        await tour.look("changes")
        await tour.dialog("Apply…", "Apply to your checkout")
        await tour.dialog("Commit…", re.compile("^Commit on"))
        await tour.dialog("Discard…", "Discard changes")
        await tour.place(f"/sessions/{scene.conflict}", re.compile("^completed in"))
        await tour.changes()
        await visit.button("Apply…").click()
        conflict = tour.page.get_by_role("region", name="Conflict in list.txt")
        await expect(conflict).to_contain_text("by me")
        await tour.look("conflict")
        assert not tour.found, "\n".join(tour.found)
        assert not visit.unexpected(), "\n".join(visit.unexpected())


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_axe_finds_nothing_in_the_places(
    browser: Browser, house: Stack, scene: Scene, look: Look, request: pytest.FixtureRequest
) -> None:
    """Home, inbox, health with plots and tables, settings with the form of a rule; palette, help, list of sessions."""
    async with tab(browser, house, look) as visit:
        tour = Tour(visit, bool(request.config.getoption("--screenshots")))
        await tour.place("/", re.compile("^What "))
        await tour.look("home")
        if look.phone:
            await visit.button("Sessions").click()
            await tour.look("list of sessions")
        await tour.place("/inbox", re.compile("Has crashed"))
        await tour.look("inbox")
        await tour.place("/health", "Processes")
        await expect(tour.page.get_by_role("figure").first).to_be_visible()
        await tour.look("health")
        tables = visit.button(re.compile("^Show as table"))
        while await tables.count():
            await tables.first.click()
        await tour.look("health as tables")
        await tour.place("/settings", "grace")
        await visit.button("Add a rule").click()
        await expect(tour.page.get_by_role("form", name="New rule")).to_be_visible()
        await tour.look("settings")
        await tour.place("/inbox", re.compile("Has crashed"))
        await tour.page.keyboard.press("Control+k")
        await expect(tour.page.get_by_role("dialog")).to_be_visible()
        await tour.look("palette")
        await tour.page.keyboard.press("Escape")
        await expect(tour.page.get_by_role("dialog")).to_have_count(0)
        await tour.page.keyboard.press("Shift+?")
        await expect(tour.page.get_by_role("dialog", name="Keys")).to_be_visible()
        await tour.look("help")
        assert not tour.found, "\n".join(tour.found)
        assert not visit.unexpected(), "\n".join(visit.unexpected())
