"""What agents ask and people answer."""

import anyio
import pytest

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.event import PermissionAnswered, PermissionRequested
from roundhouse.model.permission import PermissionAnswer, PermissionStatus
from roundhouse.model.task import TaskStatus
from tests.store.conftest import Store

YES = PermissionAnswer(option_id="yes")


async def test_a_request_is_a_row_and_an_event(store: Store) -> None:
    """Both say the same."""
    session = await store.session()
    permission = await store.ask(await store.running(session.id))

    body = (await store.events.read(session.id))[-1].body()
    assert isinstance(body, PermissionRequested)
    assert body.permission_id == permission.id
    assert (body.title, body.options) == (permission.title, permission.options)
    assert body.detail == permission.detail == {"tool": "edit", "pattern": "*.py"}
    assert await store.permissions.get(permission.id) == permission
    assert await store.permissions.list(status="pending") == ([permission], None)


async def test_a_task_that_has_ended_cannot_ask(store: Store) -> None:
    """Nobody would wait for the answer."""
    session = await store.session()
    task = await store.running(session.id)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)

    with pytest.raises(Conflict):
        await store.ask(task)
    assert await store.permissions.list() == ([], None)


async def test_the_first_answer_counts(store: Store) -> None:
    """The others are told that it is over; one event."""
    session = await store.session()
    permission = await store.ask(await store.running(session.id))
    told: list[str] = []

    async def answer(by: str) -> None:
        try:
            await store.permissions.answer(permission.id, YES, by=by)
        except Conflict as error:
            told.append(error.code)

    async with anyio.create_task_group() as tasks:
        for n in range(5):
            tasks.start_soon(answer, str(n))

    ended = await store.permissions.get(permission.id)
    assert told == ["already_answered"] * 4
    assert (ended.status, ended.answer) == (PermissionStatus.ANSWERED, YES)
    assert (await store.types(session.id)).count("permission_answered") == 1
    body = (await store.events.read(session.id))[-1].body()
    assert body == PermissionAnswered(
        permission_id=permission.id,
        status=PermissionStatus.ANSWERED,
        answer=YES,
        answered_by=ended.answered_by,
    )


async def test_an_expired_request_takes_no_answer(store: Store) -> None:
    """And expires once."""
    session = await store.session()
    permission = await store.ask(await store.running(session.id))
    fallback = PermissionAnswer(option_id="no")

    assert await store.permissions.expire(permission.id, fallback)
    assert not await store.permissions.expire(permission.id, fallback)
    assert not await store.permissions.expire("999", fallback)
    with pytest.raises(Conflict) as caught:
        await store.permissions.answer(permission.id, YES)
    assert caught.value.code == "expired"
    assert (await store.permissions.get(permission.id)).answer == fallback


async def test_a_withdrawn_request_takes_no_answer(store: Store) -> None:
    """All that the task asks is withdrawn, with an event each."""
    session = await store.session()
    task = await store.running(session.id)
    permission, _ = await store.ask(task), await store.ask(task)

    await store.permissions.withdraw_task(task.id)
    await store.permissions.withdraw_task(task.id)
    with pytest.raises(Conflict) as caught:
        await store.permissions.answer(permission.id, YES)
    assert caught.value.code == "withdrawn"
    assert (await store.types(session.id)).count("permission_answered") == 2


async def test_what_was_never_asked_is_not_found(store: Store) -> None:
    """Whatever is done to it."""
    for name in ("999", "x"):
        with pytest.raises(NotFound):
            await store.permissions.get(name)
        with pytest.raises(NotFound):
            await store.permissions.answer(name, YES)
        with pytest.raises(NotFound):
            await store.permissions.delete_rule(name)


async def test_a_list_has_pages(store: Store) -> None:
    """Oldest first, of one session if asked so."""
    one, two = await store.session(), await store.session()
    asked = [await store.ask(await store.running(session.id)) for session in (one, two)]

    page, cursor = await store.permissions.list(limit=1)
    assert page == asked[:1]
    assert await store.permissions.list(limit=1, cursor=cursor) == (asked[1:], None)
    assert await store.permissions.list(session_id=two.id) == (asked[1:], None)
    assert await store.permissions.list(status=PermissionStatus.ANSWERED) == ([], None)


async def test_denials_come_first_and_then_the_nearest(store: Store) -> None:
    """Session before project before everywhere; other agents' and sessions' rules do not count."""
    session, other = await store.session(), await store.session()
    add = store.permissions.add_rule
    await add(scope="global", matcher="*", decision="deny")
    await add(
        scope="project", matcher="edit", decision="allow", project_id=store.project_id, agent="demo"
    )
    mine = await add(scope="session", matcher="read", decision="deny", session_id=session.id)
    await add(scope="session", matcher="read", decision="deny", session_id=other.id)

    rules = await store.permissions.rules_for(session.id, "demo")
    assert [rule.scope for rule in rules] == ["session", "global", "project"]
    rules = await store.permissions.rules_for(session.id, "qwen")
    assert [rule.scope for rule in rules] == ["session", "global"]

    again = await add(scope="session", matcher="read", decision="allow", session_id=session.id)
    assert (again.id, again.decision) == (mine.id, "allow")
    assert len(await store.permissions.list_rules()) == 4
    await store.permissions.delete_rule(mine.id)
    assert len(await store.permissions.list_rules()) == 3
    with pytest.raises(NotFound):
        await add(scope="session", matcher="x", decision="deny", session_id="nosuchsess")
