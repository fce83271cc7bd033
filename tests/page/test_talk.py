"""A session's conversation in the browser: answers, questions, failures, switches of agent, the queue."""

import re

import anyio
import pytest
from playwright.async_api import expect

from tests.e2e.stack import Stack, counting
from tests.page.browser import LOOKS, Look, Tab

pytestmark = pytest.mark.timeout(300)
ALLOW = re.compile("^Allow")
REJECT = re.compile("^Reject")
GUARD_DEADLINE = 10.0
BOTH = pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], indirect=True, ids=str)


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """The desk in light, or what the test is parametrised with."""
    return getattr(request, "param", LOOKS[0])


async def press_until_gone(visit: Tab, key: str) -> None:
    """Answer with a key. One that comes before a person can have read the dock is ignored, so it is pressed again."""
    with anyio.fail_after(GUARD_DEADLINE):
        while await visit.dock.count():
            await visit.talk.press(key)
            await visit.page.evaluate("new Promise(requestAnimationFrame)")


async def test_an_answer_streams_in_once(visit: Tab, session: str) -> None:
    """While it comes, a button stops it; what is there at the end is the whole of it."""
    await visit.session(session)
    await visit.say("SLOW 40")
    await expect(visit.button("Stop")).to_be_visible()
    await expect(visit.talk).to_contain_text(counting(5).strip())
    await visit.turn_over(1)
    await expect(visit.button("Stop")).to_have_count(0)
    assert (await visit.talk.inner_text()).count(counting(40).strip()) == 1


async def test_a_stopped_turn_says_so(visit: Tab, session: str) -> None:
    """By the button, and by pressing Escape twice."""
    await visit.session(session)
    await visit.say("HANG")
    await expect(visit.talk).to_contain_text("hanging")
    await visit.button("Stop").click()
    await visit.turn_over(1, "cancelled")
    await visit.say("HANG")
    await expect(visit.button("Stop")).to_be_visible()
    await visit.message.press("Escape")
    await visit.message.press("Escape")
    await visit.turn_over(2, "cancelled")


@BOTH
async def test_a_permission_is_answered_by_a_click(visit: Tab, session: str) -> None:
    """The dock says what would be done; the agent then does it; the dock is gone."""
    await visit.session(session)
    await visit.say("PERMIT made.txt by permission")
    await expect(visit.dock).to_contain_text("made.txt")
    await expect(visit.dock).to_contain_text("by permission")
    await visit.dock.get_by_role("button", name=ALLOW).first.click()
    await expect(visit.talk).to_contain_text("Wrote made.txt.")
    await expect(visit.dock).to_have_count(0)


async def test_a_permission_is_answered_by_a_key(visit: Tab, session: str) -> None:
    """The digits are the buttons in their order; one that is written into a text is text."""
    await visit.session(session)
    await visit.say("PERMIT made.txt by key")
    await expect(visit.dock.get_by_role("button", name=REJECT)).to_be_visible()
    await visit.message.fill("in step ")
    await visit.message.press("End")
    await visit.message.press("3")
    await expect(visit.message).to_have_value("in step 3")
    await press_until_gone(visit, "3")
    await expect(visit.talk).to_contain_text("I was not allowed.")
    await expect(visit.message).to_have_value("in step 3")


async def test_a_permission_is_denied_with_a_reason(visit: Tab, session: str) -> None:
    """The words go along with the denial."""
    await visit.session(session)
    await visit.say("PERMIT made.txt by permission")
    await visit.dock.get_by_role("button", name=re.compile("say why")).click()
    await visit.page.get_by_role("textbox", name=re.compile("^Why not")).fill("Use a branch")
    await visit.dock.get_by_role("button", name="Deny", exact=True).click()
    await expect(visit.dock).to_have_count(0)
    await visit.turn_over(1)


@BOTH
async def test_a_question_is_answered(visit: Tab, session: str) -> None:
    """One of the choices is sent, and the conversation says which."""
    await visit.session(session)
    await visit.say("ASK Which colour?")
    await expect(visit.dock.get_by_role("group", name="Which colour?")).to_be_visible()
    await visit.dock.get_by_role("radio", name="blue").check()
    await visit.dock.get_by_role("button", name="Answer").click()
    await expect(visit.talk).to_contain_text("You answered blue.")


async def test_a_tool_that_fails_says_how(visit: Tab, session: str) -> None:
    """Its exit code stands in its line, its output is there to open; the turn goes on."""
    await visit.session(session)
    await visit.say("TERMINAL echo broken pipe; exit 3", "SAY went on")
    await visit.turn_over(1)
    step = visit.talk.get_by_role("button", name=re.compile("^Run"))
    await expect(step).to_contain_text("exit 3")
    if await step.get_attribute("aria-expanded") == "false":
        await step.click()
    await expect(visit.talk).to_contain_text("broken pipe")
    await expect(visit.talk).to_contain_text("went on")


async def test_a_refused_edit_stands_there_as_failed(visit: Tab, session: str) -> None:
    """The step says so in words."""
    await visit.session(session)
    await visit.say("PERMIT made.txt never")
    await visit.dock.get_by_role("button", name=REJECT).click()
    step = visit.talk.get_by_role("button", name=re.compile("^Edit"))
    await expect(step).to_contain_text("failed")


async def test_a_turn_that_fails_says_what_to_do(visit: Tab, session: str) -> None:
    """The agent's own words, and a remedy."""
    await visit.session(session)
    await visit.say("FAIL -32603 the model is out of order")
    await expect(visit.talk.get_by_role("alert")).to_contain_text("the model is out of order")
    await visit.turn_over(1, "failed")
    await visit.say("SAY better now")
    await expect(visit.talk).to_contain_text("better now")


@BOTH
async def test_a_crash_is_told_and_the_next_turn_goes_on(visit: Tab, session: str) -> None:
    """The banner has the exit code and what the agent said last; the conversation is taken up again."""
    await visit.session(session)
    await visit.say("REMEMBER the harbour")
    await visit.turn_over(1)
    await visit.say("CRASH 7")
    crash = visit.talk.get_by_role("alert").filter(has_text="exit code 7")
    await expect(crash.first).to_be_visible()
    await expect(visit.talk).to_contain_text("crash was asked for")
    await visit.turn_over(1, "failed")
    await visit.say("RECALL")
    await visit.turn_over(2)
    await expect(visit.talk.get_by_text(re.compile("^resumed"))).to_be_visible()
    await expect(visit.talk.get_by_text("the harbour", exact=True)).to_be_visible()


async def test_a_switch_of_agent_keeps_the_thread(visit: Tab, house: Stack, session: str) -> None:
    """Both answer in one conversation; the second is told what happened; the first remembers at its return."""
    await visit.session(session)
    await visit.say("REMEMBER red", "WRITE made.txt by ada")
    await visit.turn_over(1)
    await visit.choose("grace")
    await visit.say("SAY grace is here")
    await visit.turn_over(2)
    await expect(visit.talk).to_contain_text("grace is here")
    await expect(visit.talk.get_by_text("Told what happened while it was away")).to_be_visible()
    await visit.choose("ada")
    await visit.say("RECALL")
    await visit.turn_over(3)
    tasks = (await house.call("GET", f"/api/sessions/{session}/tasks"))["items"]
    assert [task["agent"] for task in tasks] == ["ada", "grace", "ada"]
    await expect(visit.talk.get_by_text("red", exact=True)).to_be_visible()


@BOTH
async def test_the_queue_is_edited_reordered_and_emptied(visit: Tab, session: str) -> None:
    """Prompts wait in their order, can be moved, changed and removed, and outlive a reload."""
    await visit.session(session)
    await visit.say("HANG")
    await expect(visit.button("Stop")).to_be_visible()
    for number, words in enumerate(("SAY one", "SAY two", "SAY three"), 1):
        await visit.say(words)
        await expect(visit.queue).to_have_count(number)
    await visit.queue.nth(1).get_by_role("button", name="Earlier").click()
    await expect(visit.queue.nth(0)).to_contain_text("SAY two")
    await visit.queue.nth(2).get_by_role("button", name="Remove").click()
    await expect(visit.queue).to_have_count(2)
    await visit.queue.nth(1).get_by_role("button", name="Edit").click()
    await visit.page.get_by_role("textbox", name="The prompt that waits").fill("SAY first")
    await visit.page.get_by_role("textbox", name="The prompt that waits").press("Enter")
    await expect(visit.queue.nth(1)).to_contain_text("SAY first")

    await visit.page.reload()
    await expect(visit.queue).to_have_count(2)
    await visit.button("Stop").click()
    await visit.turn_over(2)
    await expect(visit.queue).to_have_count(0)
    said = await visit.talk.inner_text()
    assert re.search(r"\ntwo\n.*\nfirst\n", said, re.DOTALL)
    assert "three" not in said


async def test_the_queue_is_reordered_by_keys(visit: Tab, session: str) -> None:
    """Alt and an arrow move the line that has the focus."""
    await visit.session(session)
    await visit.say("HANG")
    await expect(visit.button("Stop")).to_be_visible()
    for number, words in enumerate(("SAY one", "SAY two"), 1):
        await visit.say(words)
        await expect(visit.queue).to_have_count(number)
    await visit.queue.nth(1).get_by_role("button", name="Edit").press("Alt+ArrowUp")
    await expect(visit.queue.nth(0)).to_contain_text("SAY two")
    await visit.button("Stop").click()
    await visit.turn_over(2)


async def test_what_an_agent_writes_is_text_and_never_part_of_the_page(
    visit: Tab, session: str
) -> None:
    """Markup, scripts and addresses of other hosts are shown, not obeyed."""
    await visit.session(session)
    await visit.say(
        "SAY <img src=x onerror=alert(1)> <b>bold</b> ![p](http://elsewhere.example/p.png)",
        "SAY [click](javascript:alert(1))",
    )
    await visit.turn_over(1)
    await expect(visit.talk).to_contain_text("<img src=x onerror=alert(1)>")
    assert await visit.talk.locator("img, script, [href^='javascript:']").count() == 0
