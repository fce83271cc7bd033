"""Permission requests on a real database: rules, answers with and without the doorbell, the deadline."""

from collections.abc import AsyncIterator, Sequence

import anyio
import pytest

from roundhouse.model.event import Activity, PermissionAnswered, ToolCall
from roundhouse.model.permission import (
    Permission,
    PermissionAnswer,
    PermissionAsk,
    PermissionOption,
    PermissionRule,
    PermissionStatus,
)
from roundhouse.model.task import Task
from roundhouse.runner.permissions import PermissionDesk, matches
from roundhouse.runner.recorder import Recorder
from roundhouse.store.database import Database
from roundhouse.store.events import Events
from roundhouse.store.permissions import Permissions
from roundhouse.store.tasks import Tasks

ASK = PermissionAsk(
    title="Write notes.txt",
    tool_kind="edit",
    options=[
        PermissionOption("yes", "Allow", "allow_once"),
        PermissionOption("always", "Always", "allow_always"),
        PermissionOption("no", "Reject", "reject_once"),
    ],
)


@pytest.fixture
async def recorder(db: Database) -> AsyncIterator[Recorder]:
    """A recorder that writes."""
    recorder = Recorder(Events(db))
    async with anyio.create_task_group() as group:
        await group.start(recorder.run)
        yield recorder
        group.cancel_scope.cancel()


async def pending(db: Database, session_id: str) -> Permission:
    """The session's pending request, once there is one."""
    with anyio.fail_after(10):
        while True:
            rows, _ = await Permissions(db).list(status="pending", session_id=session_id)
            if rows:
                return rows[0]
            await anyio.lowlevel.checkpoint()


async def test_an_answer_reaches_the_agent_without_a_doorbell(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """Polling finds it; the question stands after the tool call that it is about."""
    desk = PermissionDesk(Permissions(db), recorder, poll_every=0.01)
    answers: list[PermissionAnswer] = []

    async def ask() -> None:
        await recorder.emit(running_task.session_id, running_task.id, "demo", ToolCall(id="t"))
        answers.append(await desk.ask(running_task, ASK))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            row = await pending(db, running_task.session_id)
            await Permissions(db).answer(row.id, PermissionAnswer(option_id="yes"), by="me")
    assert answers == [PermissionAnswer(option_id="yes")]
    types = await kinds(db, running_task)
    assert types[-3:] == ["tool_call", "permission_requested", "permission_answered"]


async def kinds(db: Database, task: Task) -> Sequence[str]:
    """The session's event types in order."""
    events = await Events(db).read(task.session_id)
    return [str(event.body().__struct_config__.tag) for event in events]


async def test_the_doorbell_is_enough_without_polling(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """Rung for another request nothing happens; for this one, or for any, the row is read."""
    desk = PermissionDesk(Permissions(db), recorder, poll_every=1_000_000.0)
    answers: list[PermissionAnswer] = []

    async def ask() -> None:
        answers.append(await desk.ask(running_task, ASK))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            row = await pending(db, running_task.session_id)
            await Permissions(db).answer(row.id, PermissionAnswer(option_id="no"), by="me")
            while not answers:
                desk.ring(row.id)
                await anyio.lowlevel.checkpoint()
    assert answers == [PermissionAnswer(option_id="no")]


async def test_nobody_answers_and_the_agent_gets_its_own_no(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """The deadline takes the reject option, and the row is expired."""
    desk = PermissionDesk(Permissions(db), recorder, deadline=0.05, poll_every=0.01)
    with anyio.fail_after(20):
        assert await desk.ask(running_task, ASK) == PermissionAnswer(option_id="no")
    [row], _ = await Permissions(db).list(session_id=running_task.session_id)
    assert row.status is PermissionStatus.EXPIRED
    last = (await Events(db).read(running_task.session_id))[-1].body()
    assert isinstance(last, PermissionAnswered)


async def test_an_agent_without_a_no_is_told_that_nobody_answered(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """There is no reject option to take."""
    desk = PermissionDesk(Permissions(db), recorder, deadline=0.05, poll_every=0.01)
    only_yes = PermissionAsk(title="Go", options=[PermissionOption("y", "Yes", "allow_once")])
    with anyio.fail_after(20):
        assert (await desk.ask(running_task, only_yes)).cancelled


async def test_a_remembered_rule_answers_before_any_person(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """No row is made; the log says that a rule decided."""
    await Permissions(db).add_rule(
        scope="session",
        session_id=running_task.session_id,
        matcher="edit:Write *",
        decision="allow",
    )
    desk = PermissionDesk(Permissions(db), recorder)
    with anyio.fail_after(20):
        assert await desk.ask(running_task, ASK) == PermissionAnswer(option_id="yes")
    await recorder.drain_all()
    assert (await Permissions(db).list())[0] == []
    last = (await Events(db).read(running_task.session_id))[-1].body()
    assert isinstance(last, Activity)
    assert "remembered rule" in last.text


async def test_a_request_that_was_withdrawn_is_answered_by_nobody(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """The task's end withdraws it."""
    desk = PermissionDesk(Permissions(db), recorder, poll_every=0.01)
    answers: list[PermissionAnswer] = []

    async def ask() -> None:
        answers.append(await desk.ask(running_task, ASK))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await pending(db, running_task.session_id)
            await Permissions(db).withdraw_task(running_task.id)
    assert answers[0].cancelled


async def test_a_task_that_has_ended_asks_nobody(
    db: Database, recorder: Recorder, running_task: Task
) -> None:
    """The agent is told that nobody answered, and no row is made."""
    async with db.connection() as conn:
        await conn.execute("SELECT reap(node_id) FROM tasks WHERE id = %s", (int(running_task.id),))
    desk = PermissionDesk(Permissions(db), recorder)
    with anyio.fail_after(20):
        assert (await desk.ask(running_task, ASK)).cancelled
    assert (await Tasks(db).get(running_task.id)).status == "lost"


@pytest.mark.parametrize(
    ("matcher", "matching"),
    [
        ("*", True),
        ("edit", True),
        ("execute", False),
        ("edit:Write notes.txt", True),
        ("*:Write *", True),
        ("edit:Read *", False),
        ("bash:git *", True),
    ],
)
def test_a_matcher_is_a_kind_and_a_glob(matcher: str, matching: bool) -> None:
    """The kind is the protocol's or the agent's own word; the glob is on the title or the pattern."""
    ask = PermissionAsk(
        title="Write notes.txt",
        tool_kind="edit",
        options=[],
        detail={"tool": "bash", "pattern": "git status"},
    )
    rule = PermissionRule(id="1", scope="global", matcher=matcher, decision="allow")
    assert matches(rule, ask) is matching
