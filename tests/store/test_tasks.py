"""The queue and the three ways into an end."""

from typing import Any

import anyio
import pytest

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.event import TaskCreated, TaskEnded
from roundhouse.model.permission import PermissionStatus
from roundhouse.model.task import FailureCode, NewTask, TaskStatus, Usage
from tests.store.conftest import Store


async def pending(store: Store, session_id: str) -> list[str]:
    """The inputs of a session's pending tasks, in the order they will run."""
    tasks, _ = await store.tasks.list(session_id)
    waiting = [task for task in tasks if task.status is TaskStatus.PENDING]
    return [t.input for t in sorted(waiting, key=lambda t: (-t.priority, t.position, int(t.id)))]


async def test_a_new_task_is_an_event_too(store: Store) -> None:
    """Row and event are one transaction, by whatever client."""
    session = await store.session()
    task = await store.task(session.id, "Do it", model="m", priority=3)

    [event] = await store.events.read(session.id)
    assert event.body() == TaskCreated(input="Do it", agent="demo", model="m", priority=3)
    assert (event.seq, event.task_id, event.agent) == (1, task.id, "demo")
    assert await store.tasks.get(task.id) == task


async def test_a_key_makes_one_task_however_often_it_is_sent(store: Store) -> None:
    """At the same time too; the place in the queue and a hold are not touched by the repeats."""
    session = await store.session()
    made = []

    async def create(n: int) -> None:
        new = NewTask(session_id=session.id, agent="demo", input=str(n), client_key="k")
        made.append(await store.tasks.create(new))

    async with anyio.create_task_group() as tasks:
        for n in range(10):
            tasks.start_soon(create, n)

    assert len({task.id for task, _ in made}) == 1
    assert sum(new for _, new in made) == 1
    assert await store.types(session.id) == ["task_created"]
    assert (await store.task(session.id)).position == 2


async def test_a_key_belongs_to_its_session(store: Store) -> None:
    """Two sessions may use the same."""
    one, two = await store.session(), await store.session()

    first, second = [await store.task(s.id, client_key="k") for s in (one, two)]
    assert first.id != second.id


async def test_a_task_needs_an_open_session(store: Store) -> None:
    """And a parent that exists."""
    session = await store.session()
    with pytest.raises(NotFound):
        await store.task("nosuchsess")
    with pytest.raises(NotFound):
        await store.task(session.id, parent_task_id="999")
    with pytest.raises(NotFound):
        await store.task(session.id, parent_task_id="x")
    with pytest.raises(InvalidInput):
        await store.task(session.id, "a\0b")

    await store.sessions.update(session.id, archived=True)
    with pytest.raises(Conflict) as caught:
        await store.task(session.id)
    assert caught.value.code == "archived"
    assert await store.types(session.id) == []


async def test_a_session_runs_one_task_at_a_time(store: Store) -> None:
    """The next one waits until the first has ended and settled."""
    session = await store.session()
    first, second = await store.task(session.id), await store.task(session.id)

    [taken] = await store.tasks.claim(store.node_id, 10)
    assert (taken.id, taken.status) == (first.id, TaskStatus.RUNNING)
    assert await store.tasks.claim(store.node_id, 10) == []

    assert await store.tasks.finish(first.id, store.node_id, TaskStatus.COMPLETED)
    assert await store.tasks.claim(store.node_id, 10) == []

    await store.sessions.settled(session.id, second.id)
    assert await store.tasks.claim(store.node_id, 10) == []

    await store.sessions.settled(session.id, first.id)
    assert [task.id for task in await store.tasks.claim(store.node_id, 10)] == [second.id]


async def test_a_session_stays_on_its_node(store: Store) -> None:
    """Its worktree and its agents are there."""
    other = await store.nodes.register("other", "host", 2, "0")
    session = await store.session()
    await store.task(session.id)

    assert await store.tasks.claim(other, 10) == []
    assert len(await store.tasks.claim(store.node_id, 10)) == 1


async def test_held_and_archived_sessions_are_passed_by(store: Store) -> None:
    """Until the hold is lifted and the session taken back."""
    session = await store.session()
    await store.task(session.id)
    async with store.db.connection() as conn:
        await conn.execute("UPDATE sessions SET hold_reason = 'lost'")
    assert await store.tasks.claim(store.node_id, 10) == []

    await store.sessions.update(session.id, archived=True)
    await store.sessions.resume(session.id)
    assert await store.tasks.claim(store.node_id, 10) == []

    await store.sessions.update(session.id, archived=False)
    assert len(await store.tasks.claim(store.node_id, 10)) == 1


async def test_priority_goes_before_the_order_of_arrival(store: Store) -> None:
    """Within a session and between sessions."""
    one, two = await store.session(), await store.session()
    await store.task(one.id, "one low")
    await store.task(one.id, "one high", priority=5)
    await store.task(two.id, "two higher", priority=9)

    taken = await store.tasks.claim(store.node_id, 10)
    assert [task.input for task in taken] == ["two higher", "one high"]


@pytest.mark.parametrize(
    ("moved", "index", "order"),
    [
        ("c", 0, "cabd"),
        ("a", 3, "bcda"),
        ("a", 99, "bcda"),
        ("b", -5, "bacd"),
        ("b", 1, "abcd"),
        ("d", 2, "abdc"),
    ],
)
async def test_a_pending_task_moves_to_a_place(
    store: Store, moved: str, index: int, order: str
) -> None:
    """The index counts the pending tasks from 0; beyond the ends is at the ends."""
    session = await store.session()
    ids = {name: (await store.task(session.id, name)).id for name in "abcd"}

    await store.tasks.update(ids[moved], position=index)
    assert "".join(await pending(store, session.id)) == order


async def test_a_moved_task_takes_a_priority_that_fits(store: Store) -> None:
    """Else its place would not be the one asked for."""
    session = await store.session()
    await store.task(session.id, "high", priority=5)
    await store.task(session.id, "middle", priority=3)
    low = await store.task(session.id, "low")

    await store.tasks.update(low.id, position=1)
    assert await pending(store, session.id) == ["high", "low", "middle"]
    await store.tasks.update(low.id, position=0)
    assert await pending(store, session.id) == ["low", "high", "middle"]
    await store.tasks.update(low.id, position=2)
    assert await pending(store, session.id) == ["high", "middle", "low"]


async def test_a_pending_task_can_be_rewritten(store: Store) -> None:
    """Another agent starts with its own model and mode."""
    session = await store.session()
    task = await store.task(session.id, model="m", mode="plan")

    edited = await store.tasks.update(task.id, input="Do that", priority=2)
    assert (edited.input, edited.priority, edited.model) == ("Do that", 2, "m")
    edited = await store.tasks.update(task.id, agent="other", model="n")
    assert (edited.agent, edited.model, edited.mode) == ("other", "n", None)


async def test_a_task_that_was_taken_cannot_be_rewritten(store: Store) -> None:
    """Nor one that does not exist."""
    session = await store.session()
    task = await store.running(session.id)

    with pytest.raises(Conflict) as caught:
        await store.tasks.update(task.id, input="Do that", position=0)
    assert caught.value.code == "not_pending"
    with pytest.raises(NotFound):
        await store.tasks.update("999", input="Do that")


async def test_finishing_is_a_row_and_an_event(store: Store) -> None:
    """Both say the same."""
    session = await store.session()
    task = await store.running(session.id)
    usage = Usage(tokens_in=1, cost_usd=0.5)
    done = await store.tasks.finish(
        task.id,
        store.node_id,
        TaskStatus.FAILED,
        failure_code=FailureCode.AGENT_CRASHED,
        error="It\0 crashed",
        summary="so far",
        usage=usage,
    )

    ended = await store.tasks.get(task.id)
    assert done
    assert (ended.status, ended.failure_code) == (TaskStatus.FAILED, FailureCode.AGENT_CRASHED)
    assert (ended.error, ended.output_summary, ended.usage) == ("It� crashed", "so far", usage)
    body = (await store.events.read(session.id))[-1].body()
    assert isinstance(body, TaskEnded)
    assert (body.status, body.error, body.usage) == (ended.status, ended.error, usage)
    assert body.ms is not None


async def test_only_the_node_that_runs_a_task_can_finish_it(store: Store) -> None:
    """A zombie cannot."""
    session = await store.session()
    task = await store.running(session.id)

    assert not await store.tasks.finish(task.id, store.node_id + 1, TaskStatus.COMPLETED)
    assert (await store.tasks.get(task.id)).status is TaskStatus.RUNNING


async def test_a_pending_task_is_cancelled_at_once(store: Store) -> None:
    """Without a runner."""
    session = await store.session()
    task = await store.task(session.id)

    assert (await store.tasks.cancel(task.id)).status is TaskStatus.CANCELLED
    assert await store.types(session.id) == ["task_created", "task_ended"]
    assert await store.tasks.claim(store.node_id, 10) == []


async def test_a_running_task_is_asked_to_stop(store: Store) -> None:
    """As often as one likes; the runner ends it."""
    session = await store.session()
    task, other = await store.running(session.id), await store.task(session.id)

    for _ in range(2):
        asked = await store.tasks.cancel(task.id)
        assert (asked.status, asked.cancel_requested) == (TaskStatus.RUNNING, True)
    assert await store.tasks.cancelled([task.id, other.id]) == {task.id}


async def test_what_has_ended_cannot_be_cancelled(store: Store) -> None:
    """Nor what does not exist."""
    session = await store.session()
    task = await store.running(session.id)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)

    with pytest.raises(Conflict) as caught:
        await store.tasks.cancel(task.id)
    assert caught.value.code == "already_ended"
    with pytest.raises(NotFound):
        await store.tasks.cancel("999")


async def test_a_task_ends_exactly_once(store: Store) -> None:
    """Finish, cancel and reap at the same moment: one of them, and one event."""
    for _ in range(15):
        session = await store.session()
        task = await store.running(session.id)
        await store.ask(task)
        ends: list[bool] = []

        async def finish(status: TaskStatus, task_id: str = task.id, to: Any = ends) -> None:
            to.append(await store.tasks.finish(task_id, store.node_id, status))

        async def cancel(task_id: str = task.id) -> None:
            try:
                await store.tasks.cancel(task_id)
            except Conflict:
                return

        async def reap(to: Any = ends) -> None:
            to.extend(True for _ in await store.nodes.reap(store.node_id))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(finish, TaskStatus.COMPLETED)
            tasks.start_soon(cancel)
            tasks.start_soon(reap)
            tasks.start_soon(finish, TaskStatus.FAILED)
            tasks.start_soon(reap)

        assert sum(ends) == 1
        assert (await store.types(session.id)).count("task_ended") == 1
        assert (await store.types(session.id)).count("permission_answered") == 1


async def test_a_pending_task_is_either_taken_or_cancelled(store: Store) -> None:
    """Claim and cancel at the same moment."""
    for _ in range(15):
        session = await store.session()
        task = await store.task(session.id)
        taken: list[str] = []

        async def claim(to: list[str] = taken) -> None:
            to.extend(t.id for t in await store.tasks.claim(store.node_id, 5))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claim)
            tasks.start_soon(store.tasks.cancel, task.id)

        now = await store.tasks.get(task.id)
        assert now.cancel_requested
        assert (now.status is TaskStatus.RUNNING) == (taken == [task.id])
        await store.tasks.finish(task.id, store.node_id, TaskStatus.CANCELLED)
        await store.sessions.settled(session.id, task.id)


async def test_an_end_withdraws_what_is_still_asked(store: Store) -> None:
    """Before the end's own event."""
    session = await store.session()
    task = await store.running(session.id)
    permission = await store.ask(task)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)

    assert (await store.permissions.get(permission.id)).status is PermissionStatus.WITHDRAWN
    assert (await store.types(session.id))[-2:] == ["permission_answered", "task_ended"]


async def test_the_last_held_task_takes_the_hold_with_it(store: Store) -> None:
    """A hold with nothing behind it would only confuse."""
    session = await store.session()
    await store.running(session.id)
    held = await store.task(session.id)
    await store.nodes.reap(store.node_id)
    assert (await store.sessions.get(session.id)).hold_reason == "lost"

    await store.tasks.cancel(held.id)
    assert (await store.sessions.get(session.id)).hold_reason is None


async def test_a_list_has_pages(store: Store) -> None:
    """Oldest first; a session that does not exist is not an empty one."""
    session = await store.session()
    assert await store.tasks.list(session.id) == ([], None)
    for n in range(5):
        await store.task(session.id, str(n))
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = await store.tasks.list(session.id, limit=2, cursor=cursor)
        seen += [task.input for task in page]
        if cursor is None:
            break

    assert seen == ["0", "1", "2", "3", "4"]
    with pytest.raises(NotFound):
        await store.tasks.list("nosuchsess")
    with pytest.raises(InvalidInput):
        await store.tasks.list(session.id, cursor="x")


async def test_the_turn_before_is_found(store: Store) -> None:
    """What was cancelled before it ran was no turn."""
    session = await store.session()
    first = await store.running(session.id)
    await store.tasks.set_snapshots(first.id, before="a", after="b")
    await store.tasks.set_snapshots(first.id, after="c")
    await store.tasks.finish(first.id, store.node_id, TaskStatus.COMPLETED)
    await store.sessions.settled(session.id, first.id)
    await store.tasks.cancel((await store.task(session.id)).id)
    second = await store.running(session.id)

    before = await store.tasks.previous(session.id, second.id)
    assert before is not None
    assert (before.id, before.snapshot_before, before.snapshot_after) == (first.id, "a", "c")
    assert await store.tasks.previous(session.id, first.id) is None
