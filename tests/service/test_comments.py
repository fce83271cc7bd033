"""Comments: who gets which, and that each is sent once, whatever happens between."""

from collections.abc import Callable, Collection
from typing import Any

import anyio
import pytest

from roundhouse.model.agent import AgentInfo
from roundhouse.model.errors import Conflict, DatabaseDown, InvalidInput, NotFound, TooLarge
from roundhouse.model.session import BackendKind
from roundhouse.model.task import TaskStatus
from roundhouse.service.comments import TEXT_MAX
from roundhouse.service.services import Services
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.comments import Comments
from roundhouse.store.database import Database
from roundhouse.store.requests import Request
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from tests.service.node import FakeNode, make_session, with_worktree

AUTHORS = {"demo.py": "demo", "other.py": "other", "mine.py": None}


@pytest.fixture
async def session(db: Database, node: FakeNode) -> str:
    """A session in which `demo` worked, then `other`, and the person."""
    await AvailableAgents(db).save(
        node.id,
        AgentInfo(
            name="other", kind=BackendKind.ACP_WARM, label="Other", installed=True, enabled=True
        ),
    )

    async def line(request: Request) -> dict[str, Any]:
        path = request.args["path"]
        if path not in AUTHORS:
            return {"agent": None, "task_id": None, "hunk": None}
        return {"agent": AUTHORS[path], "task_id": None, "hunk": f"@@ -1 +1 @@\n+{path}"}

    node.handlers["line"] = line
    made = await make_session(db, node.id)
    await with_worktree(db, made.id, "demo", "other")
    return made.id


async def remark(services: Services, session: str, path: str, text: str = "Why?") -> str:
    """A comment's id."""
    made = await services.comments.add(session, path=path, line=1, side="new", text=text)
    return made.id


async def end(db: Database, node: FakeNode, status: TaskStatus) -> None:
    """Run everything that is queued to such an end."""
    while taken := await Tasks(db).claim(node.id, 9):
        for task in taken:
            await Tasks(db).finish(task.id, node.id, status)
            await Sessions(db).settled(task.session_id, task.id)


async def prompts(db: Database, session: str) -> dict[str, str]:
    """What is queued, by agent; one prompt each."""
    tasks, _ = await Tasks(db).list(session, limit=100)
    assert len({task.agent for task in tasks}) == len(tasks)
    return {task.agent: task.input for task in tasks}


async def test_a_comment_keeps_the_lines_author_and_what_stands_around(
    services: Services, node: FakeNode, session: str
) -> None:
    """As the node told."""
    made = await services.comments.add(session, path="demo.py", line=3, side="old", text="Why?")
    assert (made.agent, made.hunk, made.status) == ("demo", "@@ -1 +1 @@\n+demo.py", "open")
    assert node.asked("line") == [{"path": "demo.py", "line": 3, "side": "old"}]
    assert (await services.comments.list(session)).items == [made]
    with pytest.raises(InvalidInput, match="no such line"):
        await services.comments.add(session, path="no.py", line=3, side="old", text="Why?")
    assert (await services.comments.list(session)).items == [made]


async def test_each_author_gets_its_own_and_the_last_agent_the_persons(
    services: Services, db: Database, session: str
) -> None:
    """One prompt for each agent."""
    for path in AUTHORS:
        await remark(services, session, path, f"about {path}")
    sent = await services.comments.send(session)
    assert [task.agent for task in sent.tasks] == ["demo", "other"]
    assert [comment.status for comment in sent.comments] == ["sent"] * 3
    told = await prompts(db, session)
    assert "about demo.py" in told["demo"]
    assert "about other.py" not in told["demo"]
    assert "about other.py" in told["other"]
    assert "about mine.py" in told["other"]


async def test_one_agent_can_get_them_all(services: Services, db: Database, session: str) -> None:
    """Or those that are named."""
    first = await remark(services, session, "demo.py", "first")
    second = await remark(services, session, "other.py", "second")
    sent = await services.comments.send(session, agent="demo", ids=[first])
    assert [comment.id for comment in sent.comments] == [first]
    sent = await services.comments.send(session, agent="other")
    assert [comment.id for comment in sent.comments] == [second]
    told = await prompts(db, session)
    assert "first" in told["demo"]
    assert "first" not in told["other"]


@pytest.mark.parametrize("named", [False, True], ids=["all", "by id"])
async def test_a_double_click_sends_once(
    services: Services, db: Database, session: str, named: bool
) -> None:
    """Both get an answer; by id it is the same."""
    ids = [await remark(services, session, path) for path in AUTHORS]
    answers = []

    async def click() -> None:
        answers.append(await services.comments.send(session, ids=ids if named else None))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(click)
    assert set(await prompts(db, session)) == {"demo", "other"}
    if named:
        assert answers[0] == answers[1] == answers[2]
    else:
        assert sorted(len(answer.tasks) for answer in answers) == [0, 0, 2]


async def test_a_crash_between_the_task_and_its_mark_doubles_nothing(
    services: Services, db: Database, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try finds the task."""
    await remark(services, session, "demo.py")
    real: Callable[..., Any] = Comments.sent

    async def dead(self: Comments, ids: Collection[str], task_id: str) -> list[str]:
        raise DatabaseDown

    monkeypatch.setattr(Comments, "sent", dead)
    with pytest.raises(DatabaseDown):
        await services.comments.send(session)
    assert [one.status for one in (await services.comments.list(session)).items] == ["open"]
    monkeypatch.setattr(Comments, "sent", real)
    sent = await services.comments.send(session)
    assert [one.status for one in sent.comments] == ["sent"]
    assert len(await prompts(db, session)) == 1


async def test_a_failed_task_opens_its_comments_and_a_completed_one_resolves_them(
    services: Services, db: Database, node: FakeNode, session: str
) -> None:
    """Sent anew they get a new task."""
    comment = await remark(services, session, "demo.py")
    first = (await services.comments.send(session)).tasks
    await end(db, node, TaskStatus.FAILED)
    assert (await services.comments.list(session)).items[0].status == "open"
    second = (await services.comments.send(session, ids=[comment])).tasks
    assert second[0].id != first[0].id
    await end(db, node, TaskStatus.COMPLETED)
    assert (await services.comments.list(session)).items[0].status == "resolved"
    assert (await services.comments.send(session)).tasks == []
    again = (await services.comments.send(session, ids=[comment])).tasks
    assert [task.id for task in again] == [second[0].id]


async def test_nothing_is_queued_when_one_of_them_cannot_be(
    services: Services, db: Database, session: str
) -> None:
    """Every agent is looked at before the first task is made."""
    for path in AUTHORS:
        await remark(services, session, path)
    await services.agents.enable("other", enabled=False)
    for agent in (None, "other", "nobody", "", "a\x00"):
        with pytest.raises(InvalidInput) as caught:
            await services.comments.send(session, agent=agent)
        assert caught.value.field == "agent"
    for ids in (["999"], ["x"], ["\x00"]):
        with pytest.raises(NotFound):
            await services.comments.send(session, ids=ids)
    with pytest.raises(InvalidInput):
        await services.comments.send(session, ids=[])
    await services.sessions.update(session, archived=True)
    with pytest.raises(Conflict):
        await services.comments.send(session, agent="demo")
    assert await prompts(db, session) == {}
    assert {one.status for one in (await services.comments.list(session)).items} == {"open"}


async def test_comments_are_bounded_alone_and_together(
    services: Services, db: Database, session: str
) -> None:
    """64 KiB each; a prompt that would be over the limit is refused before anything is queued."""
    for text in ("", " \n", "a\x00"):
        with pytest.raises(InvalidInput):
            await remark(services, session, "demo.py", text)
    with pytest.raises(TooLarge):
        await remark(services, session, "demo.py", "é" * (TEXT_MAX // 2) + "x")
    for _ in range(65):
        await remark(services, session, "demo.py", "é" * (TEXT_MAX // 2))
    with pytest.raises(TooLarge) as caught:
        await services.comments.send(session)
    assert caught.value.field == "ids"
    assert await prompts(db, session) == {}


async def test_lines_of_a_person_in_a_session_without_agents_need_a_name(
    services: Services, db: Database, node: FakeNode, session: str
) -> None:
    """Nobody is guessed."""
    async with db.connection() as conn:
        await conn.execute("DELETE FROM agent_sessions")
    await remark(services, session, "mine.py")
    with pytest.raises(InvalidInput) as caught:
        await services.comments.send(session)
    assert caught.value.field == "agent"
    sent = await services.comments.send(session, agent="demo")
    assert [task.agent for task in sent.tasks] == ["demo"]
