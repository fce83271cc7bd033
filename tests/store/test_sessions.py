"""The list, its lines and their derived status."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.permission import PermissionAnswer
from roundhouse.model.session import BackendKind, Continuity, SessionStatus, Worktree
from roundhouse.model.task import TaskStatus
from tests.store.conftest import Store, new_event

MANY = 10_000
FILL = """
    INSERT INTO sessions (id, project_id, title, updated_at)
    SELECT 's' || lpad(n::text, 11, '0'), %s, 'session ' || n, now() - make_interval(secs => n / 3)
    FROM generate_series(1, %s) n"""


async def status(store: Store, session_id: str) -> SessionStatus:
    """A session's status, having seen that the filter of that status agrees."""
    line = await store.sessions.get(session_id)
    for name in SessionStatus:
        page, _ = await store.sessions.list(status=name)
        assert (session_id in {found.id for found in page}) == (name is line.status), name
    return line.status


async def test_a_new_session_is_idle_and_on_its_projects_node(store: Store) -> None:
    """It has no worktree yet."""
    session = await store.session("Fix it")

    assert session == await store.sessions.get(session.id)
    assert (session.title, session.project_id) == ("Fix it", store.project_id)
    assert session.node_id == str(store.node_id)
    assert (session.last_seq, session.agents, session.worktree_path) == (0, [], None)
    assert await status(store, session.id) is SessionStatus.IDLE
    with pytest.raises(NotFound):
        await store.sessions.create(project_id="nosuchproj", title="x")
    with pytest.raises(NotFound):
        await store.sessions.get("nosuchsess")


async def test_the_status_follows_what_happens(store: Store) -> None:
    """From queued to read, each of them once."""
    session = await store.session()
    await store.task(session.id)
    assert await status(store, session.id) is SessionStatus.QUEUED

    [task] = await store.tasks.claim(store.node_id, 1)
    assert await status(store, session.id) is SessionStatus.RUNNING

    permission = await store.ask(task)
    assert await status(store, session.id) is SessionStatus.WAITING
    assert (await store.sessions.get(session.id)).waiting == 1

    await store.permissions.answer(permission.id, PermissionAnswer(option_id="yes"))
    assert await status(store, session.id) is SessionStatus.RUNNING

    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)
    assert await status(store, session.id) is SessionStatus.UNREAD
    line = await store.sessions.get(session.id)
    assert (line.unread, line.running_task) == (1, task.id)

    await store.sessions.settled(session.id, task.id)
    line = await store.sessions.update(session.id, read_seq=line.last_seq)
    assert (line.unread, line.running_task) == (0, None)
    assert await status(store, session.id) is SessionStatus.IDLE

    task = await store.running(session.id)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.FAILED)
    assert await status(store, session.id) is SessionStatus.FAILED

    await store.sessions.update(session.id, archived=True)
    assert await status(store, session.id) is SessionStatus.ARCHIVED


async def test_a_failure_is_forgotten_with_the_next_turn(store: Store) -> None:
    """The last end counts, not the highest number."""
    session = await store.session()
    first, second = await store.task(session.id), await store.task(session.id)
    await store.tasks.cancel(second.id)
    await store.tasks.claim(store.node_id, 1)
    await store.tasks.finish(first.id, store.node_id, TaskStatus.FAILED)
    assert await status(store, session.id) is SessionStatus.FAILED

    await store.sessions.settled(session.id, first.id)
    third = await store.running(session.id)
    await store.tasks.finish(third.id, store.node_id, TaskStatus.CANCELLED)
    assert await status(store, session.id) is SessionStatus.UNREAD


async def test_a_line_names_the_agents_that_are_and_will_be_in_it(store: Store) -> None:
    """In the order they joined, each once."""
    session = await store.session()
    await store.agent_sessions.ready(
        session.id,
        "first",
        backend=BackendKind.ACP_WARM,
        agent_session_id="a",
        continuity=Continuity.FRESH,
    )
    await store.task(session.id, agent="second")
    await store.task(session.id, agent="first")
    await store.task(session.id, agent="third")

    line = await store.sessions.get(session.id)
    assert (line.agents, line.queued) == (["first", "second", "third"], 3)


async def test_reading_moves_forward_only_and_keeps_the_place_in_the_list(store: Store) -> None:
    """And not past the last event."""
    older, newer = await store.session(), await store.session()
    await store.events.append([new_event(older.id) for _ in range(5)])

    assert (await store.sessions.update(older.id, read_seq=3)).read_seq == 3
    assert (await store.sessions.update(older.id, read_seq=2)).read_seq == 3
    assert (await store.sessions.update(older.id, read_seq=99)).read_seq == 5
    page, _ = await store.sessions.list()
    assert [line.id for line in page] == [newer.id, older.id]

    await store.sessions.update(older.id, title="Renamed", handover=False)
    page, _ = await store.sessions.list()
    assert [(line.id, line.title, line.handover) for line in page] == [
        (older.id, "Renamed", False),
        (newer.id, "A session", True),
    ]
    with pytest.raises(NotFound):
        await store.sessions.update("nosuchsess", title="x")


async def test_the_list_can_be_searched(store: Store) -> None:
    """By project, by words of the title, by the beginning of an id; wildcards are letters."""
    one, two = await store.session("Fix the 100% bug"), await store.session("Änderung")
    other = await store.projects.create(name="o", path="/other", node_id=store.node_id)

    for q, found in [("100%", one), ("0% B", one), ("änd", two), (two.id[:6], two), ("_ix", None)]:
        page, _ = await store.sessions.list(q=q, project_id=store.project_id)
        assert [line.id for line in page] == ([found.id] if found else []), q
    assert await store.sessions.list(project_id=other.id) == ([], None)
    with pytest.raises(InvalidInput) as caught:
        await store.sessions.list(status="asleep")
    assert caught.value.field == "status"


async def test_ten_thousand_sessions_have_pages_without_gaps(store: Store) -> None:
    """Also where many were updated in the same moment, and with a filter."""
    async with store.db.connection() as conn:
        await conn.execute(FILL, (store.project_id, MANY))
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = await store.sessions.list(limit=777, cursor=cursor)
        seen += [line.id for line in page]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == MANY
    page, cursor = await store.sessions.list(q="session 99", status="idle", limit=50)
    assert (len(page), cursor is None) == (50, False)
    assert {line.title[:10] for line in page} == {"session 99"}
    with pytest.raises(InvalidInput):
        await store.sessions.list(cursor="x")


async def test_news_are_found_without_the_doorbell(store: Store) -> None:
    """Whatever changed a line: a task's end, a question, an activity, a mark of reading."""
    session = await store.session()
    task = await store.running(session.id)

    async def changed_by(what: Coroutine[Any, Any, object]) -> bool:
        async with store.db.connection() as conn:
            await conn.execute("SET LOCAL session_replication_role = replica")
            await conn.execute("UPDATE sessions SET changed_at = now() - interval '1 hour'")
        await what
        return await store.sessions.changed_since(datetime.now(UTC)) == [session.id]

    await store.sessions.set_activity(session.id, "starting")
    assert not await changed_by(store.sessions.get(session.id))
    assert await changed_by(store.ask(task))
    assert await changed_by(store.sessions.set_activity(session.id, "silent for 90\0 s"))
    assert (await store.sessions.get(session.id)).activity == "silent for 90� s"
    assert await changed_by(store.sessions.update(session.id, read_seq=1))
    assert await changed_by(store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED))
    assert await changed_by(store.sessions.settled(session.id, task.id))
    assert await changed_by(store.task(session.id))
    hour = datetime.now(UTC) - timedelta(hours=1)
    assert await store.sessions.changed_since(hour) == [session.id]
    assert [line.id for line in await store.sessions.changed([session.id, "nosuch"])] == [
        session.id
    ]


async def test_a_session_is_deleted_with_all_that_is_its_own(
    store: Store, database_url: str
) -> None:
    """And the runner is told; a parent elsewhere does not stand in the way."""
    session, other = await store.session(), await store.session()
    task = await store.running(session.id)
    child = await store.task(other.id, parent_task_id=task.id)
    with pytest.raises(Conflict) as caught:
        await store.sessions.delete(session.id)
    assert caught.value.code == "session_busy"

    await store.ask(task)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("LISTEN sessions_deleted")
        await store.sessions.delete(session.id)
        rung = [note.payload async for note in conn.notifies(timeout=10, stop_after=1)]

    assert rung == [session.id]
    with pytest.raises(NotFound):
        await store.sessions.get(session.id)
    with pytest.raises(NotFound):
        await store.tasks.get(task.id)
    with pytest.raises(NotFound):
        await store.sessions.delete(session.id)
    assert (await store.tasks.get(child.id)).parent_task_id is None


async def test_a_locked_session_is_rung_for_again(store: Store, database_url: str) -> None:
    """claim() passes a locked session by: whoever held it rings when done."""
    session = await store.session()
    await store.task(session.id)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("LISTEN tasks_new")
        async with store.db.connection() as holder:
            await holder.execute("UPDATE sessions SET read_seq = 0")
            assert await store.tasks.claim(store.node_id, 1) == []
        rung = [note.payload async for note in conn.notifies(timeout=10, stop_after=1)]

    assert rung == [session.id]
    assert len(await store.tasks.claim(store.node_id, 1)) == 1


async def test_ids_are_found_by_their_beginning(store: Store) -> None:
    """And only by letters and digits."""
    session = await store.session()

    assert await store.sessions.find(session.id[:5]) == [session.id]
    for prefix in ("%", "", "_", "ä" * 3):
        assert await store.sessions.find(prefix) == []


async def test_a_worktree_is_kept_and_moved(store: Store) -> None:
    """Only what is given moves."""
    session = await store.session()
    worktree = Worktree(
        session_id=session.id, worktree_path="/w", branch="b", base_commit="c", base_snapshot="s"
    )
    assert await store.sessions.worktree(session.id) is None
    await store.sessions.save_worktree(worktree)
    await store.sessions.save_worktree(worktree)
    assert await store.sessions.worktree(session.id) == worktree

    await store.sessions.set_snapshots(session.id, head="h", additions=3, deletions=1)
    await store.sessions.set_snapshots(session.id, reviewed="r")
    found = await store.sessions.worktree(session.id)
    assert found is not None
    assert (found.base_snapshot, found.reviewed_snapshot, found.head_snapshot) == ("s", "r", "h")
    line = await store.sessions.get(session.id)
    assert (line.additions, line.deletions, line.branch) == (3, 1, "b")
    with pytest.raises(NotFound):
        await store.sessions.set_snapshots("nosuchsess", head="h")
