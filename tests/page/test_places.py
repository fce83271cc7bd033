"""Inbox, settings, health, and getting around: what each place does, in the browser."""

import re
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Locator, expect

from tests.e2e.stack import Stack
from tests.page.browser import LOOKS, Look, Tab

pytestmark = pytest.mark.timeout(300)
TELLING_DEADLINE = 20.0
ALLOW = re.compile("^Allow")
BOTH = pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], indirect=True, ids=str)


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """The desk in light, or what the test is parametrised with."""
    return getattr(request, "param", LOOKS[0])


@BOTH
async def test_the_inbox_answers_a_permission(
    visit: Tab, house: Stack, repo: Path, look: Look
) -> None:
    """In place: the agent goes on, and the line is gone."""
    title = f"Inbox {look}"
    session = (await house.session(repo, title=title))["id"]
    task = await house.send(session, "ada", "PERMIT made.txt by inbox")
    await visit.open("/inbox")
    line = entry(visit, title).filter(has=visit.page.get_by_role("button", name=ALLOW))
    await expect(line).to_contain_text("made.txt")
    await line.get_by_role("button", name=ALLOW).first.click()
    ended = await house.ended(session, task["id"])
    assert ended["status"] == "completed"
    await expect(line).to_have_count(0)


async def test_the_inbox_leads_to_what_failed_and_what_finished(
    visit: Tab, house: Stack, repo: Path
) -> None:
    """A failed turn says why and can be sent again; a finished one is read once it was seen."""
    failed = (await house.session(repo, title="Out of order"))["id"]
    await house.turn(failed, "ada", "FAIL -32603 the model is away")
    done = (await house.session(repo, title="All done"))["id"]
    await house.turn(done, "ada", "SAY done")
    await visit.open("/inbox")
    await expect(entry(visit, "Out of order")).to_contain_text("the model is away")
    await entry(visit, "All done").get_by_role("button", name=re.compile("^Mark read")).click()
    await expect(entry(visit, "All done")).to_have_count(0)
    await entry(visit, "Out of order").get_by_role("link").first.click()
    await expect(visit.talk).to_contain_text("the model is away")


def entry(visit: Tab, title: str) -> Locator:
    """The lines of the inbox about that session."""
    listed = visit.page.get_by_role("main").get_by_role("listitem")
    return listed.filter(has_text=title)


async def test_a_rule_is_added_and_keeps_the_agent_from_asking(
    visit: Tab, house: Stack, repo: Path
) -> None:
    """From the settings; deleted again, the agent asks again."""
    await visit.open("/settings")
    await visit.button("Add a rule").click()
    form = visit.page.get_by_role("form", name="New rule")
    await form.get_by_label("Agent").select_option("ada")
    await form.get_by_label("To do what").select_option("edit")
    await form.get_by_role("button", name="Add the rule").click()
    delete = visit.button(re.compile("^Delete the rule that allows ada"))
    await expect(delete).to_be_visible()

    session = (await house.session(repo, title="Ruled"))["id"]
    task = await house.turn(session, "ada", "PERMIT made.txt without a question")
    assert task["status"] == "completed"
    await delete.click()
    await expect(delete).to_have_count(0)
    await visit.session(session)
    await visit.say("PERMIT again.txt with a question")
    await visit.dock.get_by_role("button", name=ALLOW).first.click()
    await visit.turn_over(2)


async def test_an_agent_is_switched_off_and_on(visit: Tab, house: Stack, session: str) -> None:
    """Off, it is not offered any more; on, it is again."""
    await visit.open("/settings")
    switch = visit.page.get_by_role("switch", name="grace may be used")
    await switch.click()
    await expect(switch).not_to_be_checked()
    await visit.session(session)
    await expect(visit.button(re.compile("^Agent"))).to_be_visible()
    await visit.button(re.compile("^Agent")).click()
    await expect(visit.page.get_by_role("menuitemradio", name=re.compile("ada"))).to_be_visible()
    await expect(visit.page.get_by_role("menuitemradio", name=re.compile("grace"))).to_have_count(0)
    await visit.open("/settings")
    await expect(switch).not_to_be_checked()
    await switch.click()
    await expect(switch).to_be_checked()


async def test_health_shows_the_processes_and_recycles_one(
    visit: Tab, house: Stack, session: str
) -> None:
    """The agent's process ends; the next turn resumes the conversation in a new one."""
    await house.turn(session, "ada", "REMEMBER the station")
    before = (await agent_of(house, session))["pid"]
    await visit.open("/health")
    line = visit.page.get_by_role("row").filter(
        has=visit.page.locator(f"[href='/sessions/{session}']")
    )
    await expect(line).to_contain_text(str(before))
    await line.get_by_role("button", name="Recycle ada").click()
    await expect(line).to_have_count(0)
    await house.turn(session, "ada", "RECALL")
    assert (await agent_of(house, session))["pid"] != before


async def agent_of(house: Stack, session: str) -> dict[str, object]:
    """The process of the session's only agent, once the runner has told of it."""
    with anyio.fail_after(TELLING_DEADLINE):
        while True:
            nodes = (await house.call("GET", "/api/health"))["nodes"]
            processes = [process for node in nodes for process in node["processes"]]
            for process in processes:
                if process["session_id"] == session:
                    return dict(process)


async def test_every_plot_is_there_as_a_table(visit: Tab, house: Stack, session: str) -> None:
    """For who cannot see a line, and for copying."""
    await house.turn(session, "ada", "SAY something")
    await visit.open("/health")
    plots = visit.page.get_by_role("figure")
    await expect(plots.first).to_be_visible()
    for number in range(await plots.count()):
        await plots.nth(number).get_by_role("button", name=re.compile("^Show as table")).click()
        await expect(plots.nth(number).get_by_role("table")).to_be_visible()


@BOTH
async def test_the_list_of_sessions_leads_everywhere(
    visit: Tab, house: Stack, repo: Path, look: Look
) -> None:
    """It filters, it opens; on a phone it is a drawer."""
    for title in (f"Tunnels {look}", f"Bridges {look}"):
        await house.session(repo, title=title)
    await visit.open()
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text("New session")
    if look.phone:
        await visit.button("Sessions").click()
    await visit.page.get_by_role("textbox", name="Filter sessions").fill("bridges")
    await expect(visit.page.get_by_role("link", name=re.compile(f"Tunnels {look}"))).to_have_count(
        0
    )
    await visit.page.get_by_role("link", name=re.compile(f"Bridges {look}")).click()
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text(f"Bridges {look}")
    await visit.page.go_back()
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text("New session")


async def test_a_session_that_is_not_there_says_so(visit: Tab) -> None:
    """A kept address of a deleted session, and an address that never was one."""
    visit.expect_problems("status of 404")
    await visit.open("/sessions/00000000-0000-0000-0000-000000000000")
    await expect(visit.page.get_by_text("There is nothing here")).to_be_visible()


async def test_without_the_link_nobody_is_let_in(visit: Tab) -> None:
    """Another browser reads what to do."""
    visit.expect_problems("status of 401")
    await visit.page.goto(f"{visit.stack.url}/inbox")
    await expect(visit.page.get_by_text("roundhouse up")).to_be_visible()


async def test_the_theme_is_chosen_and_kept(visit: Tab) -> None:
    """In the settings; a reload shows it from the first paint."""
    await visit.open("/settings")
    await visit.page.get_by_role("radio", name="Dark").check()
    await expect(visit.page.locator("html")).to_have_attribute("data-theme", "dark")
    await visit.page.reload()
    await expect(visit.page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(visit.page.get_by_role("radio", name="Dark")).to_be_checked()
