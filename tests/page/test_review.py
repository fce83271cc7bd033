"""Reviewing in the browser: hunks, comments, applying with and without conflict, going back."""

import re
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Locator, expect

from tests.e2e.stack import Stack
from tests.e2e.work import Work, files_of, line_of, numbered, own_state
from tests.page.browser import LOOKS, Look, Tab

pytestmark = pytest.mark.timeout(300)
BOTH = pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], indirect=True, ids=str)
FILE_DEADLINE = 20.0


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """The desk in light, or what the test is parametrised with."""
    return getattr(request, "param", LOOKS[0])


@pytest.fixture
async def work(house: Stack, repo: Path) -> Work:
    """A session in which ada changed line 3 and grace line 40 of `list.txt`."""
    begun = await Work.begun(house, repo)
    await begun.turn("ada", line_of(3, "by ada"))
    await begun.turn("grace", line_of(40, "by grace"))
    return begun


class Panel:
    """The changes of a session, open in a tab."""

    def __init__(self, visit: Tab) -> None:
        self.visit = visit
        self.at = visit.page.get_by_role("complementary", name="Changes")

    @classmethod
    async def open(cls, visit: Tab, work: Work) -> "Panel":
        """Open the session and, where it is not there yet, the panel."""
        panel = cls(visit)
        await visit.session(work.id)
        if visit.look.phone:
            await visit.button(re.compile("^Changes")).click()
        await expect(panel.at).to_be_visible()
        return panel

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button in the panel."""
        return self.at.get_by_role("button", name=name)

    async def more(self, item: str) -> None:
        """Choose from the menu of the panel."""
        await self.button("More").click()
        await self.visit.page.get_by_role("menuitem", name=item).click()

    def dialog(self, name: str) -> Locator:
        """A dialog of the panel."""
        return self.visit.page.get_by_role("dialog", name=name)


async def becomes(path: Path, text: str) -> None:
    """The file has that text soon."""
    with anyio.fail_after(FILE_DEADLINE):
        while path.read_text() != text:
            await anyio.lowlevel.checkpoint()


@BOTH
async def test_hunks_are_accepted_and_rejected_and_taken_back(visit: Tab, work: Work) -> None:
    """An accepted hunk leaves the list; a rejected one leaves the worktree; undo brings each back."""
    panel = await Panel.open(visit, work)
    place = (await work.worktree()) / "list.txt"
    await expect(panel.at).to_contain_text("ada")
    await panel.button("Accept list.txt line 3").click()
    await expect(panel.button("Accept list.txt line 3")).to_have_count(0)
    assert [line[2] for line in await work.authors("list.txt")] == ["grace", "grace"]

    await panel.button("Reject list.txt line 40").click()
    await expect(panel.button("Reject list.txt line 40")).to_have_count(0)
    await becomes(place, numbered({3: "by ada"}))
    await panel.more("Undo the last accept or reject")
    await expect(panel.button("Reject list.txt line 40")).to_be_visible()
    await becomes(place, numbered({3: "by ada", 40: "by grace"}))
    await panel.more("Undo the last accept or reject")
    await expect(panel.button("Accept list.txt line 3")).to_be_visible()


async def test_the_keys_walk_and_judge(visit: Tab, work: Work) -> None:
    """n is the next part, a accepts it, r rejects, u takes back."""
    panel = await Panel.open(visit, work)
    first = panel.at.get_by_role("group", name="Part of list.txt line 3")
    second = panel.at.get_by_role("group", name="Part of list.txt line 40")
    await expect(second).to_be_visible()
    await visit.talk.focus()
    await visit.page.keyboard.press("n")
    await expect(visit.page.get_by_text("list.txt line 3, ada")).to_be_attached()
    await visit.page.keyboard.press("a")
    await expect(first).to_have_count(0)
    await visit.page.keyboard.press("r")
    await expect(second).to_have_count(0)
    await visit.page.keyboard.press("u")
    await expect(second).to_be_visible()
    await expect(first).to_have_count(0)


async def test_the_changes_of_one_agent_are_shown_alone(visit: Tab, work: Work) -> None:
    """The other's part is gone, and the address keeps the choice."""
    panel = await Panel.open(visit, work)
    await expect(panel.button("Accept list.txt line 3")).to_be_visible()
    await panel.button(re.compile("All agents")).click()
    await visit.page.get_by_role("menuitemradio", name=re.compile("^grace")).click()
    await expect(panel.button("Accept list.txt line 3")).to_have_count(0)
    await expect(panel.button("Accept list.txt line 40")).to_be_visible()
    assert "agent=grace" in visit.page.url
    await visit.page.reload()
    await expect(panel.button("Accept list.txt line 40")).to_be_visible()
    await expect(panel.button("Accept list.txt line 3")).to_have_count(0)


async def test_a_comment_goes_to_its_agent_and_comes_back_answered(visit: Tab, work: Work) -> None:
    """Written at a line, sent to the agent that wrote it, resolved when that agent's turn is over."""
    panel = await Panel.open(visit, work)
    await panel.button("Comment on list.txt line 3").click()
    field = panel.at.get_by_role("textbox", name=re.compile("^Comment on line 3"))
    await field.fill("SAY I have read it")
    await panel.button(re.compile("^Comment$")).click()
    await expect(panel.at).to_contain_text("not sent")
    await panel.button("Send 1 comment to ada").click()
    await visit.turn_over(3)
    await expect(panel.at.get_by_text("answered")).to_be_visible()
    comments = (await work.stack.call("GET", f"/api/sessions/{work.id}/comments"))["items"]
    assert [(c["status"], c["line"]) for c in comments] == [("resolved", 3)]
    tasks = (await work.stack.call("GET", f"/api/sessions/{work.id}/tasks"))["items"]
    assert tasks[-1]["agent"] == "ada"
    assert "I have read it" in tasks[-1]["input"]


@BOTH
async def test_an_apply_with_a_conflict_shows_both_sides_and_writes_nothing(
    visit: Tab, work: Work
) -> None:
    """Once the person's file fits, the same dialog applies, and Undo takes it back."""
    visit.expect_problems("status of 409")
    mine = work.repo / "list.txt"
    mine.write_text(numbered({3: "by me"}))
    before, own = files_of(work.repo), own_state(work.repo)
    panel = await Panel.open(visit, work)
    await panel.button("Apply…").click()
    dialog = panel.dialog("Apply to your checkout")
    conflict = dialog.get_by_role("region", name="Conflict in list.txt")
    await expect(conflict).to_contain_text("by me")
    await expect(conflict).to_contain_text("by ada")
    await expect(dialog.get_by_role("button", name=re.compile("^Apply"))).to_be_disabled()
    assert (files_of(work.repo), own_state(work.repo)) == (before, own)

    mine.write_text(numbered({20: "by me"}))
    await dialog.get_by_role("button", name="Check again").click()
    await dialog.get_by_role("button", name="Apply 1 file").click()
    await expect(dialog).to_have_count(0)
    await becomes(mine, numbered({3: "by ada", 20: "by me", 40: "by grace"}))
    assert own_state(work.repo) == own
    await (
        visit.page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    )
    await becomes(mine, numbered({20: "by me"}))


async def test_a_rewind_and_its_undo(visit: Tab, work: Work) -> None:
    """Files go back to after turn 1 and return; the conversation stays."""
    panel = await Panel.open(visit, work)
    place = (await work.worktree()) / "list.txt"
    await panel.more("Checkpoints…")
    dialog = panel.dialog("Checkpoints")
    await dialog.get_by_role("button", name=re.compile("after turn 1")).click()
    await panel.dialog("Restore files").get_by_role("button", name="Restore files").click()
    await expect(visit.page.get_by_role("dialog")).to_have_count(0)
    await becomes(place, numbered({3: "by ada"}))
    await visit.turn_over(2)
    await (
        visit.page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    )
    await becomes(place, numbered({3: "by ada", 40: "by grace"}))
    await expect(panel.button("Accept list.txt line 40")).to_be_visible()


async def test_a_commit_lands_on_the_sessions_branch(visit: Tab, work: Work) -> None:
    """With the message of the person; their own branch stays where it was."""
    panel = await Panel.open(visit, work)
    own = own_state(work.repo)
    await panel.button("Commit…").click()
    dialog = visit.page.get_by_role("dialog", name=re.compile("^Commit on"))
    await dialog.get_by_role("textbox", name="Message").fill("Two lines")
    await dialog.get_by_role("button", name="Commit", exact=True).click()
    await expect(dialog).to_have_count(0)
    await expect(visit.talk).to_contain_text("Two lines")
    assert own_state(work.repo) == own
